package noise

import (
	"fmt"
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/rng"
)

// manySites are networks with so many samples that moments are cheaper than rows.
func manySites() map[string]*sgdlab.Site {
	out := map[string]*sgdlab.Site{}
	for _, l := range losses {
		for name, build := range map[string]func() (*data.Set, sgdlab.Model){
			"deep-linear": func() (*data.Set, sgdlab.Model) {
				s := set(60, 3, 2)
				return s, must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{3, 4, 4, 2}, Loss: loss(l)}, s))
			},
			"narrow to wide": func() (*data.Set, sgdlab.Model) {
				s := set(60, 2, 4)
				return s, must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{2, 3, 4}, Loss: loss(l)}, s))
			},
			"product": func() (*data.Set, sgdlab.Model) {
				s := set(40, 4, 1)
				return s, must(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2, Loss: loss(l)}, s))
			},
			"powers": func() (*data.Set, sgdlab.Model) {
				s := set(40, 4, 1)
				return s, must(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "difference-of-powers", Depth: 3, Loss: loss(l)}, s))
			},
		} {
			d, m := build()
			out[fmt.Sprintf("%s under %v", name, l)] = &sgdlab.Site{
				Data: d, Model: m, Start: at(point(m.Dim())), Rate: sgdlab.Constant(eta), Batch: batch, Place: "noise[0]",
			}
		}
	}
	return out
}

// Under the Gaussian law Join condenses: the σσᵀ of the source to 1e-12 at any θ, by a shorter ξ, with its transpose and at
// the same scale. Under other laws it leaves the source alone, and so it does where there is nothing to gain.
func TestJoinCondenses(t *testing.T) {
	gaussian := must(NewGaussian(GaussianSettings{}, place("x")))
	others := map[string]sgdlab.Law{
		"rademacher": must(NewRademacher(LawSettings{}, place("x"))), "uniform": must(NewUniform(LawSettings{}, place("x"))),
		"stable": must(NewStable(StableSettings{Alpha: 2}, place("x"))),
	}
	for name, s := range manySites() {
		n, k := s.Data.N(), s.Data.Outputs()
		q := s.Data.Inputs() * k
		moments := s.Data.Inputs()*(s.Data.Inputs()+1)/2 + q
		theta := point(s.Model.Dim())
		for j := range theta {
			theta[j] = 0.3*theta[j] - 0.2 + 0.1*float64(j%3)
		}
		for what, src := range sources(t, s) {
			joined := must(Join(src, gaussian))
			was, is := src.Factor.Width(), joined.Factor.Width()
			want := was
			switch what {
			case "per-sample":
				want = moments
				if was != n {
					t.Errorf("%s: per-sample noise has %d numbers for %d samples", name, was, n)
				}
			case "output", "hessian, gauss-newton", "loss-hessian, gauss-newton":
				want = q
			}
			if is > want || want < was && is != want {
				t.Errorf("%s: %s: ξ of %d numbers is condensed to %d, want %d", name, what, was, is, want)
			}
			if e := apart(square(dense(joined.Factor, theta)), square(dense(src.Factor, theta))); !(e < 1e-12) {
				t.Errorf("%s: %s: condensed, σσᵀ is off by %.2g of itself", name, what, e)
			}
			clk := clock(1, 0)
			if a, b := joined.Scale(clk), src.Scale(2)(clk); a != b {
				t.Errorf("%s: %s: the scale is %v, not %v", name, what, a, b)
			}
			f, ok := joined.Factor.(sgdlab.Transposed)
			if !ok {
				t.Fatalf("%s: %s: condensed, it has no transpose", name, what)
			}
			transposes(t, name+": "+what, f, s.Model.Dim())

			if a, b := sgdlab.KindOf(src.Factor), sgdlab.KindOf(joined.Factor); a != b {
				t.Errorf("%s: %s: condensing %s noise makes it %s", name, what, a, b)
			}
			for of, law := range others {
				if got := must(Join(src, law)).Factor; fmt.Sprintf("%T", got) != fmt.Sprintf("%T", src.Factor) || got.Width() != was {
					t.Errorf("%s: %s: the %s law drives %T with %d numbers, not the source", name, what, of, got, got.Width())
				}
			}
		}
		law := must(multinomial(s))
		if got := must(Join(must(NewPerSample(PerSampleSettings{}, s)), law)).Factor.Width(); got != n {
			t.Errorf("%s: the multinomial law drives %d numbers, want one per sample", name, got)
		}
	}
	for name, s := range sites() { // few samples
		src := must(NewPerSample(PerSampleSettings{}, s))
		if got := must(Join(src, gaussian)).Factor.Width(); got != src.Factor.Width() {
			t.Errorf("%s: per-sample noise is condensed to %d numbers from %d", name, got, src.Factor.Width())
		}
	}
}

// A frozen Hessian condenses to the directions that it has: three of its 12 eigenvalues are not 0.
func TestFrozenCondensesToItsRank(t *testing.T) {
	d := 12
	s := set(3, d, 1)
	m := must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{d, 1}}, s))
	site := &sgdlab.Site{Data: s, Model: m, Start: at(point(d)), Rate: sgdlab.Constant(eta), Batch: batch, Place: "noise[0]"}
	for _, of := range []string{"gauss-newton", "absolute"} {
		src := must(NewHessian(HessianSettings{Of: of, Frozen: true}, site))
		joined := must(Join(src, must(NewGaussian(GaussianSettings{}, site))))
		if got := joined.Factor.Width(); got != 3 {
			t.Errorf("%s: ξ has %d numbers, want 3", of, got)
		}
		if e := apart(square(dense(joined.Factor, point(d))), square(dense(src.Factor, point(d)))); !(e < 1e-12) {
			t.Errorf("%s: σσᵀ is off by %.2g of itself", of, e)
		}
	}
}

// Steps of condensed noise have the mean and covariance of the source: 4·10⁵ draws, and five standard errors on each
// of the 24 moments, which fails by chance once in 7·10⁴ runs of new seeds.
func TestCondensedDraws(t *testing.T) {
	s := manySites()["product under mean-half"]
	d := s.Model.Dim()
	theta := lanes.Of(point(d))
	n := must(Join(must(NewPerSample(PerSampleSettings{}, s)), must(NewGaussian(GaussianSettings{}, s))))
	c := covariance(must(sgdlab.As[sgdlab.Sampled](s.Model)), point(d))
	var ws lanes.Arena
	xi, kick := make(lanes.Pack, n.Factor.Width()), make(lanes.Pack, d)
	const rounds = 50000
	mean, square, cross := make([]float64, d), make([]float64, d), make([]float64, d)
	for k := range rounds {
		n.Law.Draw(xi, step(clock(3, 0), uint64(k)))
		n.Factor.Apply(kick, theta, xi, &ws)
		for j := range d {
			for l, x := range kick[j] {
				mean[j] += x
				square[j] += x * x
				cross[j] += x * kick[(j+1)%d][l]
			}
		}
	}
	const draws = rounds * lanes.W
	for j := range d {
		next := (j + 1) % d
		v, w, x := c.At(j, j), c.At(next, next), c.At(j, next)
		for _, m := range []struct {
			what           string
			got, want, err float64
		}{
			{"mean", mean[j] / draws, 0, math.Sqrt(v / draws)},
			{"variance", square[j] / draws, v, v * math.Sqrt(2.0/draws)},
			{"covariance", cross[j] / draws, x, math.Sqrt((v*w + x*x) / draws)},
		} {
			if !(math.Abs(m.got-m.want) <= 5*m.err) {
				t.Errorf("%s of coordinate %d is %.5g, want %.5g ± %.2g", m.what, j, m.got, m.want, m.err)
			}
		}
	}
}

// transposes checks ⟨σξ, v⟩ = ⟨ξ, σᵀv⟩, in each lane at its own θ.
func transposes(t *testing.T, name string, f sgdlab.Transposed, d int) {
	t.Helper()
	var ws lanes.Arena
	w := f.Width()
	theta, v, xi := make(lanes.Pack, d), make(lanes.Pack, d), make(lanes.Pack, w)
	rng.New("t").Normals(theta, &clock(1, 0).Lanes)
	rng.New("v").Normals(v, &clock(1, 0).Lanes)
	rng.New("xi").Normals(xi, &clock(1, 0).Lanes)
	a, b := make(lanes.Pack, d), make(lanes.Pack, w)
	f.Apply(a, theta, xi, &ws)
	f.ApplyT(b, theta, v, &ws)
	left, right, size := lanes.Dot(a, v), lanes.Dot(xi, b), lanes.Dot(a, a)
	for l := range left {
		if !(math.Abs(left[l]-right[l]) < 1e-12*(1+math.Sqrt(size[l])*float64(d))) {
			t.Errorf("%s, lane %d: ⟨σξ, v⟩ = %.15g, ⟨ξ, σᵀv⟩ = %.15g", name, l, left[l], right[l])
		}
	}
}
