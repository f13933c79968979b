package theory

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/quadrature"
)

// volume is the part of the cube [0, 1]^d in which Πxⱼ^(2kⱼ) < ε, exactly: each coordinate is an exponential time of rate
// 1/2kⱼ in −log, one after the other by quadrature.
func volume(t *testing.T, k []int, logEps float64) float64 {
	t.Helper()
	// −2k log x is exponential with rate 1/2k: the chance that the sum passes E = −log ε.
	rate := 1 / float64(2*k[0])
	if len(k) == 1 {
		return math.Exp(rate * min(logEps, 0))
	}
	e := -logEps
	if e <= 0 {
		return 1
	}
	r, err := quadrature.Integrate(func(s float64) float64 { return rate * math.Exp(-rate*s) * volume(t, k[1:], s-e) }, 0, e, 1e-10)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value + math.Exp(-rate*e)
}

// log V(ε) has the slope λ in log ε, and V ε^−λ grows like (log 1/ε)^(m−1).
func TestLearningCoefficient(t *testing.T) {
	for _, e := range []struct {
		k []int
		m float64
	}{{[]int{1}, 1}, {[]int{3}, 1}, {[]int{1, 2}, 1}, {[]int{1, 1}, 2}, {[]int{2, 2}, 2}, {[]int{1, 3, 2}, 1}, {[]int{2, 1, 2}, 2}} {
		c := LearningCoefficient{Powers: e.k}
		lambda := one(t, NewLearningCoefficient, c, nil)
		c.Of = "multiplicity"
		if m := one(t, NewLearningCoefficient, c, nil); m != e.m {
			t.Errorf("k = %v: multiplicity %g, want %g", e.k, m, e.m)
		}
		scaled := func(l float64) float64 { return math.Log(volume(t, e.k, -l)) + lambda*l }
		// Where m = 1 it tends to a constant; where m = 2, to an affine function of l.
		const l = 150
		a, b := scaled(l), scaled(2*l)
		if e.m == 1 && math.Abs(b-a) > 1e-4 {
			t.Errorf("k = %v: V ε^−λ changes from e^%.6g to e^%.6g", e.k, a, b)
		}
		if e.m == 2 {
			x, y, z := math.Exp(a), math.Exp(scaled(1.5*l)), math.Exp(b)
			if math.Abs((z-y)/(y-x)-1) > 1e-4 || !(y > x) {
				t.Errorf("k = %v: V ε^−λ is %g, %g, %g: not affine in log ε", e.k, x, y, z)
			}
		}
	}
	close(t, "a regular minimum in three dimensions, blown up", one(t, NewLearningCoefficient, LearningCoefficient{Powers: []int{1}, Jacobian: []int{2}}, nil), 1.5, 0)

	refused(t, NewLearningCoefficient, LearningCoefficient{}, nil, "give powers")
	refused(t, NewLearningCoefficient, LearningCoefficient{Powers: []int{}}, nil, "empty")
	refused(t, NewLearningCoefficient, LearningCoefficient{Powers: []int{1, 0}}, nil, "coordinate 1")
	refused(t, NewLearningCoefficient, LearningCoefficient{Powers: []int{1}, Jacobian: []int{1, 1}}, nil, "as many")
	refused(t, NewLearningCoefficient, LearningCoefficient{Jacobian: []int{1}}, nil, "give both")
	refused(t, NewLearningCoefficient, LearningCoefficient{Powers: []int{1}, Of: "x"}, nil, "coefficient or multiplicity")
}

// Of a polynomial ∫e^(−nq²) falls like n^(−λ) near each zero, by quadrature: on the line of the form (w + w₀)(w − w₀)² the degenerate
// zero outweighs the regular one like n^¼, and on the plane the origin its line.
func TestLearningCoefficientOfModels(t *testing.T) {
	set := &data.Set{X: lanes.NewMat(4, 1), Y: lanes.NewMat(4, 1)}
	copy(set.X.Data, []float64{1, -1, 1, -1})
	run := func(form string, powers ...int) *sgdlab.Run {
		m := landscape(t)(model.NewPolynomial(model.PolynomialSettings{Form: form, Powers: powers, Zero: 1.8}, set))
		return &sgdlab.Run{Site: &sgdlab.Site{Model: m}}
	}
	slope := func(f func(logN float64) float64) float64 { return (f(40) - f(60)) / 20 }
	line := func(lo, hi, zero float64) func(float64) float64 {
		return func(logN float64) float64 {
			n := math.Exp(logN)
			sum := 0.0
			for _, side := range [2]float64{lo, hi} { // with the zero at an end at 0, where distances survive
				r, err := quadrature.Integrate(func(s float64) float64 {
					w := zero + s*(side-zero)
					u, v := w+1.8, w-1.8
					if zero < 0 {
						u = s * (side - zero)
					} else {
						v = s * (side - zero)
					}
					q := u * v * v
					return math.Exp(-n * q * q)
				}, 0, 1, 1e-9)
				if err != nil {
					t.Fatal(err)
				}
				sum += r.Value * math.Abs(side-zero)
			}
			return math.Log(sum)
		}
	}
	r := run("line", 1, 2)
	minus, plus := slope(line(-4, -0.6, -1.8)), slope(line(-0.6, 4, 1.8))
	close(t, "minus", one(t, NewLearningCoefficient, LearningCoefficient{Near: "minus"}, r), minus, 1e-4)
	close(t, "plus", one(t, NewLearningCoefficient, LearningCoefficient{Near: "plus"}, r), plus, 1e-4)
	close(t, "both", one(t, NewLearningCoefficient, LearningCoefficient{}, r), plus, 1e-4)
	close(t, "the power by which they differ", minus-plus, 0.25, 1e-4)

	// In polar coordinates ∫∫ e^(−n r^(2(2c+d)) cos^(2d) φ) r dr dφ, its inner integral over r ≤ 1 a function of n cos^(2d) φ.
	for _, e := range []struct{ c, d int }{{2, 2}, {1, 2}, {2, 1}, {1, 0}, {0, 2}} {
		r := run("plane", e.c, e.d)
		lambda := one(t, NewLearningCoefficient, LearningCoefficient{}, r)
		m := one(t, NewLearningCoefficient, LearningCoefficient{Of: "multiplicity"}, r)
		inner := func(n float64) float64 {
			p := float64(2 * (2*e.c + e.d))
			r, err := quadrature.Integrate(func(r float64) float64 { return r * math.Exp(-n*math.Pow(r, p)) }, 0, 1, 1e-10)
			if err != nil {
				t.Fatal(err)
			}
			return r.Value
		}
		z := func(logN float64) float64 {
			r, err := quadrature.Integrate(func(x float64) float64 { // x = the angle from the line
				return inner(math.Exp(logN) * math.Pow(math.Sin(x), float64(2*e.d)))
			}, 0, math.Pi/2, 1e-8)
			if err != nil {
				t.Fatal(err)
			}
			return math.Log(r.Value)
		}
		scaled := func(l float64) float64 { return z(l) + lambda*l }
		a, b, c := scaled(60), scaled(90), scaled(120)
		if m == 1 && math.Abs(c-b) > 0.02 {
			t.Errorf("c = %d, d = %d: log Z n^λ is %g, then %g", e.c, e.d, b, c)
		}
		if m == 2 && math.Abs((math.Exp(c)-math.Exp(b))/(math.Exp(b)-math.Exp(a))-1) > 0.01 {
			t.Errorf("c = %d, d = %d: Z n^λ is %g, %g, %g", e.c, e.d, math.Exp(a), math.Exp(b), math.Exp(c))
		}
	}
	valley := func(c float64) *sgdlab.Run {
		m := landscape(t)(model.NewValley(model.ValleySettings{Powers: []int{2, 4}, Height: 1, Confinement: c}, nil))
		return &sgdlab.Run{Site: &sgdlab.Site{Model: m}}
	}
	close(t, "x²y⁴", one(t, NewLearningCoefficient, LearningCoefficient{}, valley(0)), 0.25, 0)
	close(t, "x²y⁴ near the y-axis", one(t, NewLearningCoefficient, LearningCoefficient{Near: "y-axis"}, valley(0)), 0.5, 0)
	refused(t, NewLearningCoefficient, LearningCoefficient{}, valley(1), "confined")
	refused(t, NewLearningCoefficient, LearningCoefficient{Near: "left"}, valley(0), "origin, x-axis, y-axis")
	refused(t, NewLearningCoefficient, LearningCoefficient{}, langevin(doubleWell, []float64{0}, 1, nil), "none of")
	crossing := landscape(t)(model.NewNormalCrossing(model.NormalCrossingSettings{Powers: []int{1, 3, 3}, Height: 2}, nil))
	close(t, "a crossing", one(t, NewLearningCoefficient, LearningCoefficient{Of: "multiplicity"}, &sgdlab.Run{Site: &sgdlab.Site{Model: crossing}}), 2, 0)
	close(t, "a face", one(t, NewLearningCoefficient, LearningCoefficient{Near: "face-0"}, &sgdlab.Run{Site: &sgdlab.Site{Model: crossing}}), 0.5, 0)
}
