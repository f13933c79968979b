package observable_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
)

// pairsSite is a diagonal network on three samples of two inputs, whose teacher has the second.
func pairsSite(t *testing.T, parametrisation string) *sgdlab.Site {
	t.Helper()
	set := &data.Set{X: lanes.MatOf([][]float64{{1, 0.3}, {-0.4, 2}, {0.7, 0.9}}), Y: lanes.MatOf([][]float64{{0.5}, {-1}, {2}}), Teacher: lanes.MatOf([][]float64{{0, 1.5}})}
	m, err := model.NewDiagonal(model.DiagonalSettings{Parametrisation: parametrisation, Depth: 2}, set)
	if err != nil {
		t.Fatal(err)
	}
	return &sgdlab.Site{Model: m, Data: set}
}

// Over steps of descent the gap is Σ(ηg − artanh ηg) of the coordinates, by the steps' own g; a dead lane keeps its sums.
func TestMirrorGap(t *testing.T) {
	s := pairsSite(t, "product")
	a, err := observable.NewMirrorGap(observable.MirrorGapSettings{}, s)
	if err != nil {
		t.Fatal(err)
	}
	const eta = 0.05
	theta := lanes.Of([]float64{0.9, -0.2, 0.4, 0.7})
	for j := range theta {
		theta[j][1] = -0.3 + 0.5*float64(j) // in lane 1, u < 0
	}
	acc, g, ws := make(lanes.Pack, 3), make(lanes.Pack, 4), &lanes.Arena{}
	if n := len(a.Columns()); n != len(acc) {
		t.Fatalf("%d columns, want %d", n, len(acc))
	}
	var want [2][2]float64
	for range 40 {
		s.Model.Grad(g, theta, ws)
		before := append(lanes.Pack(nil), theta...)
		lanes.Descend(theta, lanes.Splat(eta), g, lanes.All)
		a.Add(acc, before, theta, &sgdlab.StepRecord{Dt: lanes.Splat(eta), Gradient: g, Live: lanes.All.Without(3)}, ws)
		for j := range 2 {
			for l := range 2 {
				x := eta * g[j][l] / before[2+j][l]
				want[l][j] += x - math.Atanh(x)
			}
		}
	}
	for l := range 2 {
		most := 0.0
		for j := range 2 {
			if x := acc[1+j][l]; math.Abs(x-want[l][j]) > 1e-14 || x == 0 {
				t.Errorf("lane %d, coordinate %d: %.17g, want %.17g", l, j, x, want[l][j])
			}
			most = max(most, math.Abs(want[l][j]))
		}
		if math.Abs(acc[0][l]-most) > 1e-14 {
			t.Errorf("lane %d: the largest is %g, want %g", l, acc[0][l], most)
		}
	}
	if acc[0][3] != 0 || acc[1][3] != 0 {
		t.Errorf("a lane that is not live has %g", acc[0][3])
	}
	a.Add(acc, theta, theta, &sgdlab.StepRecord{Dt: lanes.Splat(eta), Live: lanes.All}, ws)
	if x := acc[0][0]; !math.IsNaN(x) {
		t.Errorf("without a gradient the gap is %g, want NaN", x)
	}
	if _, err := observable.NewMirrorGap(observable.MirrorGapSettings{}, pairsSite(t, "difference-of-powers")); err == nil {
		t.Error("a difference of powers was accepted")
	}
}

// A step multiplies α² by │1 − η²g²│ of u ⊙ v and by │1 − 4η²g²│ of u² − v², g the gradient in β, in each coordinate.
func TestEffectiveScale(t *testing.T) {
	for _, tc := range []struct {
		parametrisation string
		factor          float64
	}{{"product", 1}, {"difference-of-powers", 4}} {
		s := pairsSite(t, tc.parametrisation)
		o, err := observable.NewEffectiveScale(observable.EffectiveScaleSettings{}, s)
		if err != nil {
			t.Fatal(err)
		}
		const eta = 0.3
		u, v := [2]float64{0.9, -0.2}, [2]float64{0.4, 0.7}
		theta := lanes.Of([]float64{u[0], u[1], v[0], v[1]})
		before, after, g, ws := make(lanes.Pack, 2), make(lanes.Pack, 2), make(lanes.Pack, 4), &lanes.Arena{}
		o.Observe(before, theta, nil, ws)
		s.Model.Grad(g, theta, ws)
		lanes.Descend(theta, lanes.Splat(eta), g, lanes.All)
		o.Observe(after, theta, nil, ws)
		for j, row := range []int{1, 0} { // the teacher has coordinate 1: its row is the first
			slope, scale := g[j][0]/v[j], math.Abs(u[j]*u[j]-v[j]*v[j])/2
			if tc.factor == 4 {
				slope, scale = g[j][0]/(2*u[j]), 2*math.Abs(u[j]*v[j])
			}
			if x := before[row][0]; math.Abs(x-scale) > 1e-15 {
				t.Errorf("%s, coordinate %d: α² = %.17g, want %.17g", tc.parametrisation, j, x, scale)
			}
			want := scale * math.Abs(1-tc.factor*eta*eta*slope*slope)
			if x := after[row][0]; math.Abs(x-want) > 1e-15 || x == before[row][0] {
				t.Errorf("%s, coordinate %d: α² = %.17g after a step, want %.17g", tc.parametrisation, j, x, want)
			}
		}
		s.Data = &data.Set{X: s.Data.X, Y: s.Data.Y}
		if _, err := observable.NewEffectiveScale(observable.EffectiveScaleSettings{}, s); err == nil {
			t.Error("data without a teacher were accepted")
		}
	}
}
