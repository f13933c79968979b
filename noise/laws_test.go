package noise

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// sigmas is the threshold of the statistical tests here: at 5.3 standard errors one comparison raises a false alarm with
// probability 1.2e-7, and all of this file's some 200 together below 3e-5. Seeds are fixed, so a pass stays a pass.
const sigmas = 5.3

// clock is the clock of replicas first, first+1, … of a seed, at step 0.
func clock(seed, first uint64) *sgdlab.Clock {
	at := new(sgdlab.Clock)
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = seed, first+uint64(l)
	}
	return at
}

func step(at *sgdlab.Clock, k uint64) *sgdlab.Clock {
	for l := range at.Step {
		at.Step[l] = k
	}
	return at
}

// draws calls f with n draws of a law.
func draws(law sgdlab.Law, n int, f func(x float64)) {
	at, xi := clock(11, 0), make(lanes.Pack, 25)
	for k := 0; n > 0; k++ {
		law.Draw(xi, step(at, uint64(k)))
		for j := range xi {
			for _, x := range xi[j] {
				f(x)
				n--
			}
		}
	}
}

func place(s string) *sgdlab.Site { return &sgdlab.Site{Place: s} }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestMoments(t *testing.T) {
	const n = 400000
	for _, tc := range []struct {
		name           string
		law            sgdlab.Law
		fourth, eighth float64
	}{
		{"gaussian", must(NewGaussian(GaussianSettings{}, place("noise[0]"))), 3, 105},
		{"rademacher", must(NewRademacher(LawSettings{}, place("noise[0]"))), 1, 1},
		{"uniform", must(NewUniform(LawSettings{}, place("noise[0]"))), 9.0 / 5, 9},
		{"laplace", must(NewLaplace(LawSettings{}, place("noise[0]"))), 6, 2520},
		{"stable of index 2", must(NewStable(StableSettings{Alpha: 2}, place("noise[0]"))), 3, 105},
		{"coarse gaussian", &Coarse{Of: must(NewGaussian(GaussianSettings{}, place("noise[0]"))), M: 4}, 3, 105},
		{"coarse rademacher", &Coarse{Of: must(NewRademacher(LawSettings{}, place("noise[0]"))), M: 2}, 2, 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.law.Index() != 2 {
				t.Errorf("index %g, want 2", tc.law.Index())
			}
			var s [5]float64
			draws(tc.law, n, func(x float64) {
				p := 1.0
				for k := range s {
					s[k] += p
					p *= x
				}
			})
			for _, m := range []struct {
				k            int
				want, square float64 // E ξᵏ, E ξ²ᵏ
			}{{1, 0, 1}, {2, 1, tc.fourth}, {4, tc.fourth, tc.eighth}} {
				got, se := s[m.k]/s[0], math.Sqrt(max(m.square-m.want*m.want, 1e-18)/s[0])
				if math.Abs(got-m.want) > sigmas*se {
					t.Errorf("E ξ^%d = %.6f, want %.6f within %.2g", m.k, got, m.want, sigmas*se)
				}
			}
		})
	}
}

func TestBoundedLaws(t *testing.T) {
	draws(must(NewRademacher(LawSettings{}, place("a"))), 1000, func(x float64) {
		if x != 1 && x != -1 {
			t.Fatalf("rademacher drew %g", x)
		}
	})
	largest := 0.0
	draws(must(NewUniform(LawSettings{}, place("a"))), 10000, func(x float64) { largest = max(largest, math.Abs(x)) })
	if largest > math.Sqrt(3) || largest < 1.7 {
		t.Errorf("the largest of 10000 uniform draws is %g; want it just below √3", largest)
	}
}

// TestStableCharacteristicFunction: E cos tξ = exp(−|t|^α/2), with variance (1 + φ(2t))/2 − φ(t)² per draw.
func TestStableCharacteristicFunction(t *testing.T) {
	const n = 100000
	ts := []float64{0.1, 0.3, 1, 2.5}
	for _, alpha := range []float64{0.4, 0.8, 1, 1.2, 1.5, 1.9, 2} {
		phi := func(t float64) float64 { return math.Exp(-math.Pow(t, alpha) / 2) }
		law := must(NewStable(StableSettings{Alpha: alpha}, place("noise[0]")))
		if law.Index() != alpha {
			t.Errorf("index %g, want %g", law.Index(), alpha)
		}
		for name, law := range map[string]sgdlab.Law{"": law, "coarse ": &Coarse{Of: law, M: 3}} {
			cos, sin := make([]float64, len(ts)), make([]float64, len(ts))
			draws(law, n, func(x float64) {
				for i, u := range ts {
					cos[i] += math.Cos(u * x)
					sin[i] += math.Sin(u * x)
				}
			})
			for i, u := range ts {
				se := math.Sqrt(((1+phi(2*u))/2 - phi(u)*phi(u)) / n)
				if got := cos[i] / n; math.Abs(got-phi(u)) > sigmas*se {
					t.Errorf("%sα = %g: E cos %gξ = %.5f, want %.5f within %.2g", name, alpha, u, got, phi(u), sigmas*se)
				}
				if got, se := sin[i]/n, math.Sqrt((1-phi(2*u))/2/n); math.Abs(got) > sigmas*se {
					t.Errorf("%sα = %g: E sin %gξ = %.5f, want 0 within %.2g", name, alpha, u, got, sigmas*se)
				}
			}
		}
	}
}

// TestStableByFormula compares draws with the textbook formula, which may overflow where ours does not, on the same numbers.
func TestStableByFormula(t *testing.T) {
	for _, alpha := range []float64{0.3, 0.7, 1, 1.4, 2} {
		for _, u := range []float64{-0.49, -0.2, 1e-9, 0.3, 0.49} {
			for _, e := range []float64{1e-3, 0.5, 20} {
				U := math.Pi * u
				want := math.Pow(2, -1/alpha) * math.Sin(alpha*U) / math.Pow(math.Cos(U), 1/alpha) * math.Pow(math.Cos((1-alpha)*U)/e, (1-alpha)/alpha)
				if got := stable(alpha, u, e); relative(got, want) > 1e-12 {
					t.Errorf("α = %g, U = %gπ, E = %g: %g, want %g", alpha, u, e, got, want)
				}
			}
		}
	}
}

// TestStableBits holds the bits of the stable law: they must be the same on every CPU.
func TestStableBits(t *testing.T) {
	xi := make(lanes.Pack, 2)
	must(NewStable(StableSettings{Alpha: 1.5}, place("noise[0]"))).Draw(xi, clock(1, 0))
	got := [...]float64{xi[0][0], xi[1][7]}
	if want := [...]float64{0x1.2cbfe24b73568p-01, 0x1.bbf49550ab615p+00}; got != want {
		t.Errorf("drew %x, want %x", got, want)
	}
}

func TestPlacesAreIndependent(t *testing.T) {
	a, b, again := make(lanes.Pack, 3), make(lanes.Pack, 3), make(lanes.Pack, 3)
	for name, build := range map[string]func(*sgdlab.Site) (sgdlab.Law, error){
		"gaussian":   func(s *sgdlab.Site) (sgdlab.Law, error) { return NewGaussian(GaussianSettings{}, s) },
		"rademacher": func(s *sgdlab.Site) (sgdlab.Law, error) { return NewRademacher(LawSettings{}, s) },
		"uniform":    func(s *sgdlab.Site) (sgdlab.Law, error) { return NewUniform(LawSettings{}, s) },
		"stable":     func(s *sgdlab.Site) (sgdlab.Law, error) { return NewStable(StableSettings{Alpha: 1.5}, s) },
	} {
		must(build(place("noise[0]"))).Draw(a, clock(1, 0))
		must(build(place("noise[1]"))).Draw(b, clock(1, 0))
		must(build(place("noise[0]"))).Draw(again, clock(1, 0))
		if a[0] == b[0] && a[1] == b[1] {
			t.Errorf("%s: two places draw the same", name)
		}
		for j := range a {
			if a[j] != again[j] {
				t.Errorf("%s: one place draws twice differently", name)
			}
		}
	}
}

func TestCoarseSumsFineDraws(t *testing.T) {
	const m = 5
	fine := must(NewStable(StableSettings{Alpha: 1.25}, place("noise[0]")))
	one, sum, got := make(lanes.Pack, 3), make(lanes.Pack, 3), make(lanes.Pack, 3)
	for j := range uint64(m) {
		fine.Draw(one, step(clock(1, 0), 7*m+j))
		lanes.Add(sum, sum, one)
	}
	(&Coarse{Of: fine, M: m}).Draw(got, step(clock(1, 0), 7))
	for j := range got {
		for l := range got[j] {
			if want := sum[j][l] / math.Pow(m, 1/1.25); relative(got[j][l], want) > 1e-13 {
				t.Errorf("coarse draw %g, want %g", got[j][l], want)
			}
		}
	}
}

func TestMultinomialCounts(t *testing.T) {
	const n, b = 7, 3
	site := &sgdlab.Site{Data: &data.Set{X: lanes.NewMat(n, 1)}, Place: "noise[0]"}
	law := must(NewMultinomial(MultinomialSettings{Batch: b}, site)).(*Multinomial)
	xi := make(lanes.Pack, n)
	law.Draw(xi, clock(3, 0))
	index := law.rows.Index
	if len(index) != b {
		t.Fatalf("drew %d rows, want %d", len(index), b)
	}
	for l := range lanes.W {
		counts := [n]float64{}
		for i := range index {
			counts[index[i][l]]++
		}
		for i := range counts {
			if want := math.Sqrt(n*b) * (1.0/n - counts[i]/b); math.Abs(xi[i][l]-want) > 1e-14 {
				t.Errorf("ξ[%d] = %g, want %g", i, xi[i][l], want)
			}
		}
	}
	full := &Multinomial{Draws: FullBatch{n}, N: n}
	full.Draw(xi, clock(3, 0))
	if lanes.MaxAbs(xi) != (lanes.Vec{}) {
		t.Errorf("the full batch has noise %v", xi)
	}
}
