package model

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

func charted1(t *testing.T) func(m sgdlab.Model, err error) map[string]sgdlab.CriticalPoint {
	return func(m sgdlab.Model, err error) map[string]sgdlab.CriticalPoint {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		points := map[string]sgdlab.CriticalPoint{}
		for _, p := range m.(sgdlab.Charted).CriticalPoints() {
			points[p.Name] = p
		}
		return points
	}
}

func closeTo(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s is %.10g, want %.10g", what, got, want)
	}
}

// Published places and heights, to the digits printed.
func TestKnownLandscapes(t *testing.T) {
	m := charted1(t)(NewMullerBrown(MullerBrownSettings{Scale: 1}, nil))
	for name, want := range map[string][3]float64{
		"reactant": {-0.558, 1.442, -146.700}, "product": {0.623, 0.028, -108.167}, "intermediate": {-0.050, 0.467, -80.768},
		"upper-saddle": {-0.822, 0.624, -40.665}, "lower-saddle": {0.212, 0.293, -72.249},
	} {
		p := m[name]
		for j := range 2 {
			closeTo(t, name, p.At[j], want[j], 6e-4)
		}
		closeTo(t, name+"'s height", p.Value, want[2], 6e-4)
	}
	s := charted1(t)(NewStyblinskiTang(StyblinskiTangSettings{Dimension: 1}, nil))
	closeTo(t, "left", s["left"].At[0], -2.903534, 5e-7)
	closeTo(t, "top", s["top"].At[0], 0.156731, 5e-7)
	closeTo(t, "right", s["right"].At[0], 2.746803, 5e-7)
	closeTo(t, "the barrier from the right", s["top"].Value-s["right"].Value, 25.2251, 5e-5)
	closeTo(t, "the global minimum", s["left"].Value, -39.16617, 5e-6)
	ten := charted1(t)(NewStyblinskiTang(StyblinskiTangSettings{Dimension: 10}, nil))
	closeTo(t, "a saddle in ten dimensions", ten["all-right-but-top-7"].Value-ten["all-right"].Value, 25.2251, 5e-5)
	closeTo(t, "its place", ten["all-right-but-top-7"].At[7], 0.156731, 5e-7)
	five := charted1(t)(NewStyblinskiTang(StyblinskiTangSettings{Dimension: 5}, nil))
	index := [6]int{}
	for _, p := range five {
		index[p.Index]++
	}
	if index != [6]int{32, 80, 80, 40, 10, 1} {
		t.Errorf("critical points of index 0 to 5: %v", index)
	}
	d := charted1(t)(NewDegenerateSaddle(DegenerateSaddleSettings{Power: 4, Coefficient: 3, Well: 2, Stable: []float64{1}}, nil))
	closeTo(t, "the wells of the degenerate saddle", d["left"].Value, -2*3*16/24.0, 1e-14)
}

// The set-up of Corlouer and Macé: minima at ∓w₀, regular and degenerate, with the barrier at −0.6; curvature 2(2w₀)⁴ at the
// regular one under the loss without ½; and the loss falls like t^(−d/(d−1)) towards a zero of order d.
func TestPolynomialLandscape(t *testing.T) {
	set := must[*data.Set](t)(data.NewTargetMatrix(data.TargetMatrixSettings{Matrix: [][]float64{{0}}}, &data.Env{}))
	build := func(powers ...int) sgdlab.Model {
		return must[sgdlab.Model](t)(NewPolynomial(PolynomialSettings{Form: "line", Powers: powers, Zero: 1.8, Loss: SumHalf()}, set))
	}
	m := build(1, 2)
	points := charted1(t)(m, nil)
	if len(points) != 3 {
		t.Errorf("points %v", points)
	}
	closeTo(t, "minus", points["minus"].At[0], -1.8, 1e-15)
	closeTo(t, "plus", points["plus"].At[0], 1.8, 0)
	closeTo(t, "top", points["top"].At[0], -0.6, 1e-15)
	if n := points["plus"].Nullity; n != 1 || points["minus"].Nullity != 0 {
		t.Errorf("nullities %d and %d", n, points["minus"].Nullity)
	}
	h := make(lanes.Pack, 1)
	m.(sgdlab.Formed).Hessian(h, lanes.Pack{lanes.Splat(-1.8)}, &lanes.Arena{})
	closeTo(t, "the curvature at −w₀ under the mean of squares", 2*h[0][0], 2*math.Pow(3.6, 4), 1e-10)

	for _, order := range []int{2, 3, 4} {
		m := build(1, order)
		theta, g := lanes.Pack{lanes.Splat(1.9)}, make(lanes.Pack, 1)
		var ws lanes.Arena
		var loss [2]float64
		// Steps grow with time: the flow is slow, and stiff nowhere.
		clock, i := 0.0, 0
		for _, until := range []float64{1e6, 1e8} {
			for clock < until {
				m.Grad(g, theta, &ws)
				dt := 1e-3 * math.Max(1e-3, clock)
				mid := lanes.Pack{lanes.Splat(theta[0][0] - 0.5*dt*g[0][0])}
				m.Grad(g, mid, &ws)
				theta[0] = lanes.Splat(theta[0][0] - dt*g[0][0])
				clock += dt
			}
			loss[i] = m.Loss(theta, &ws)[0] * math.Pow(clock, float64(order)/float64(order-1))
			i++
		}
		closeTo(t, "L t^(d/(d−1))", loss[1]/loss[0], 1, 0.02)
	}
}

func TestLandscapeErrors(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	one := &data.Set{X: lanes.NewMat(3, 1), Y: lanes.NewMat(3, 1)}
	lone := &data.Set{X: lanes.MatOf([][]float64{{1}, {2}}), Y: lanes.NewMat(2, 1)}
	two := &data.Set{X: lanes.NewMat(3, 2), Y: lanes.NewMat(3, 1)}
	err := func(_ sgdlab.Model, err error) error { return err }
	poly := func(c PolynomialSettings, set *data.Set) error { return err(NewPolynomial(c, set)) }
	for _, tc := range []struct {
		err  error
		want string
	}{
		{err(NewQuarticSaddle(QuarticSaddleSettings{1, 1, 0, 0, 1}, nil)), "coupling is 0"},
		{err(NewQuarticSaddle(QuarticSaddleSettings{1, 1, -1, 1, 1}, nil)), "gate is -1; want a finite number ≥ 0"},
		{err(NewQuarticSaddle(QuarticSaddleSettings{1, inf, 0, 1, 1}, lone)), "leave out data"},
		{err(NewDegenerateSaddle(DegenerateSaddleSettings{Power: 2, Coefficient: 1, Well: nan}, nil)), "saddle is strict"},
		{err(NewDegenerateSaddle(DegenerateSaddleSettings{Power: 4, Coefficient: 1, Well: -1, Stable: []float64{0}}, nil)), "well is -1"},
		{err(NewMullerBrown(MullerBrownSettings{nan}, nil)), "scale is NaN"},
		{err(NewStyblinskiTang(StyblinskiTangSettings{0}, nil)), "dimension is 0"},
		{err(NewStyblinskiTang(StyblinskiTangSettings{2}, lone)), "leave out data"},
		{err(NewValley(ValleySettings{[]int{2, 3}, 1, 0}, nil)), "even"},
		{err(NewValley(ValleySettings{[]int{2}, 1, 0}, nil)), "two, p and q"},
		{err(NewNormalCrossing(NormalCrossingSettings{[]int{0}, 1}, nil)), "powers holds 0"},
		{err(NewNormalCrossing(NormalCrossingSettings{nil, 1}, nil)), "0 entries"},
		{err(NewLinear(LinearSettings{}, nil)), "needs data"},
		{poly(PolynomialSettings{Form: "line", Powers: []int{1, 2}, Zero: 1}, nil), "needs data"},
		{poly(PolynomialSettings{Form: "line", Powers: []int{1, 2}, Zero: 1}, two), "has 2 and 1"},
		{poly(PolynomialSettings{Form: "line", Powers: []int{1, 2}, Zero: 1}, one), "all inputs are 0"},
		{poly(PolynomialSettings{Form: "line", Powers: []int{1}, Zero: 1}, lone), "want two"},
		{poly(PolynomialSettings{Form: "line", Powers: []int{0, 2}, Zero: 1}, lone), "both are from 1"},
		{poly(PolynomialSettings{Form: "line", Powers: []int{1, 2}, Zero: 0}, lone), "zero is 0"},
		{poly(PolynomialSettings{Form: "plane", Powers: []int{0, 0}}, lone), "not both 0"},
		{poly(PolynomialSettings{Form: "cube", Powers: []int{1, 1}}, lone), "line or plane"},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%v does not speak of %q", tc.err, tc.want)
		}
	}
}
