package theory_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/model"
	"sgdlab/theory"
)

// placed is a start at θ.
type placed []float64

func (p placed) Centre() []float64                      { return p }
func (p placed) Draw(theta lanes.Pack, _ *sgdlab.Clock) { lanes.Fill(theta, p) }
func (placed) Deterministic(int32) bool                 { return true }

// chainRun is a chain on some data at a place; 6 samples of 4 inputs leave a residual, 3 are fitted.
func chainRun(t *testing.T, samples, depth int, prefactor model.Loss, theta []float64) *sgdlab.Run {
	t.Helper()
	set := &data.Set{X: lanes.NewMat(samples, 4), Y: lanes.NewMat(samples, 1)}
	for i := range set.X.Data {
		set.X.Data[i] = math.Sin(float64(3*i*i + i))
	}
	for i := range set.Y.Data {
		set.Y.Data[i] = 1 + math.Cos(float64(2*i))
	}
	m, err := model.NewChain(model.ChainSettings{Depth: depth, Loss: prefactor}, set)
	if err != nil {
		t.Fatal(err)
	}
	return &sgdlab.Run{Site: &sgdlab.Site{Model: m, Data: set, Start: placed(theta)}, Clock: &sgdlab.Clock{},
		Number: func(path string) (float64, bool) { return 0.1, path == "rate" }, Word: func(string) string { return "" }}
}

func value(t *testing.T, th sgdlab.Theory, err error) float64 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return th.Predict(nil).Values[0]
}

func chainValue(t *testing.T, c theory.ChainSharpness, r *sgdlab.Run) float64 {
	t.Helper()
	c.Scale = math.NaN()
	th, err := theory.NewChainSharpness(c, r)
	return value(t, th, err)
}

// The place where the flow ends is a minimum with the start's imbalances, and the sharpness of its Hessian is S, within the bounds.
func TestChainSharpness(t *testing.T) {
	for _, samples := range []int{3, 6} {
		for depth := 1; depth <= 4; depth++ {
			theta := []float64{0.5, -0.2, 0.8, 0.1, 0.3, -0.9, 1.7}[:4+depth-1]
			r := chainRun(t, samples, depth, model.Loss{}, theta)
			ends := append([]float64(nil), r.Data.Moments().Map.Data...)
			product := 1.0
			if depth > 1 {
				squares := []float64{chainValue(t, theory.ChainSharpness{Of: "strength"}, r)}
				for j := 1; j < depth-1; j++ {
					squares = append(squares, squares[0]+float64(theta[4+j]*theta[4+j])-float64(theta[4]*theta[4]))
				}
				for _, x := range squares {
					v := math.Sqrt(x)
					ends, product = append(ends, v), product*v
				}
			}
			for j := range 4 {
				ends[j] /= product
			}
			if depth > 1 { // ‖Πu‖² − v₁² is that of the start
				w := lanes.NewMat(4, 1)
				copy(w.Data, theta[:4])
				_, _, v := data.SVD(r.Data.X)
				in := lanes.MulMat(v.T(), w)
				a := inner(in.Data, in.Data) - theta[4]*theta[4]
				if b := inner(ends[:4], ends[:4]) - ends[4]*ends[4]; math.Abs(a-b) > 1e-12 {
					t.Errorf("depth %d: imbalance %.15g at the end, %.15g at the start", depth, b, a)
				}
			}
			ws, at := &lanes.Arena{}, lanes.Of(ends)
			g := make(lanes.Pack, len(ends))
			r.Model.Grad(g, at, ws)
			if x := lanes.MaxAbs(g)[0]; x > 1e-12 {
				t.Errorf("depth %d: gradient %g at the end", depth, x)
			}
			d := len(ends)
			h, values := make(lanes.Pack, d*d), make(lanes.Pack, d)
			for j := range d {
				e, col := make(lanes.Pack, d), make(lanes.Pack, d)
				e[j] = lanes.Splat(1)
				r.Model.(sgdlab.Curved).HessVec(col, at, e, ws)
				for i := range d {
					h[i*d+j] = col[i]
				}
			}
			new(linalg.Scratch).Eigen(values, lanes.View{}, lanes.ByRows(h, d, d))
			s := chainValue(t, theory.ChainSharpness{}, r)
			if math.Abs(s/values[0][0]-1) > 1e-12 {
				t.Errorf("%d samples, depth %d: S = %.15g, of the Hessian %.15g", samples, depth, s, values[0][0])
			}
			lead, low, high := chainValue(t, theory.ChainSharpness{Of: "leading"}, r), chainValue(t, theory.ChainSharpness{Of: "lower"}, r), chainValue(t, theory.ChainSharpness{Of: "upper"}, r)
			if !(lead <= low && low <= s*(1+1e-14) && s <= high*(1+1e-14)) || depth > 1 && !(lead < low && low < s && s < high) {
				t.Errorf("depth %d: %g ≤ %g ≤ %g ≤ %g does not hold", depth, lead, low, s, high)
			}
		}
	}
	// One direction of inputs, two layers: v² in closed form.
	for _, c := range []float64{-300, -1, 0, 2, 1e6} {
		v := chainValue(t, theory.ChainSharpness{Variances: []float64{2}, Overlaps: []float64{3}, Imbalance: []float64{c}, Of: "strength"}, nil)
		want := 18 / (math.Hypot(c, 6) + c)
		if c < 0 { // the other root of v⁴ + Cv² = Q, where this one cancels
			want = (math.Hypot(c, 6) - c) / 2
		}
		if math.Abs(v/want-1) > 1e-13 {
			t.Errorf("C = %g: v² = %.15g, want %.15g", c, v, want)
		}
		if s := chainValue(t, theory.ChainSharpness{Variances: []float64{2}, Overlaps: []float64{3}, Imbalance: []float64{c}}, nil); math.Abs(s/(2*(v+9/v))-1) > 1e-13 {
			t.Errorf("C = %g: S = %.15g, want %.15g", c, s, 2*(v+9/v))
		}
	}
	for _, bad := range []theory.ChainSharpness{{}, {Variances: []float64{1}}, {Variances: []float64{1, 2}, Overlaps: []float64{1, 1}},
		{Variances: []float64{1}, Overlaps: []float64{0}}, {Variances: []float64{1}, Overlaps: []float64{1}, Imbalance: []float64{1, 2}}} {
		if _, err := theory.NewChainSharpness(bad, nil); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func inner(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// The mean over all mini-batches of one and of two rows, with and without replacement, and the full batch, by steps of the model.
func TestImbalanceStep(t *testing.T) {
	theta := []float64{0.5, -0.2, 0.8, 0.1, 0.3, -0.9}
	r := chainRun(t, 3, 3, model.Loss{}, theta)
	nan := math.NaN()
	predict := func(batch float64, draw, of string) float64 {
		th, err := theory.NewImbalanceStep(theory.ImbalanceStep{Rate: nan, Gain: nan, Full: nan, Scatter: nan, Samples: nan, Batch: batch, Draw: draw, Of: of}, r)
		return value(t, th, err)
	}
	s := r.Model.(sgdlab.Sampled)
	grads := make([]lanes.Pack, 3)
	ws, at := &lanes.Arena{}, lanes.Of(theta)
	slope := make(lanes.Pack, 3)
	s.Slope(slope, at, sgdlab.AllRows(3), ws)
	for i := range grads {
		c := make(lanes.Pack, 3)
		c[i], grads[i] = slope[i], make(lanes.Pack, len(theta))
		s.Pullback(grads[i], at, c, sgdlab.AllRows(3), nil, ws)
	}
	change := func(rows ...int) float64 {
		next := append([]float64(nil), theta...)
		for _, i := range rows {
			for j := range next {
				next[j] -= 0.1 / float64(len(rows)) * grads[i][j][0]
			}
		}
		in := func(x []float64) float64 { return inner(x[:4], x[:4]) - x[4]*x[4] }
		return in(next) - in(theta)
	}
	one, pairs, apart := 0.0, 0.0, 0.0
	for i := range 3 {
		one += change(i) / 3
		for j := range 3 {
			pairs += change(i, j) / 9
			if i != j {
				apart += change(i, j) / 6
			}
		}
	}
	full := change(0, 1, 2)
	for _, tc := range []struct {
		batch    float64
		draw, of string
		want     float64
	}{{1, "with-replacement", "step", one}, {1, "without-replacement", "step", one}, {2, "with-replacement", "step", pairs}, {2, "without-replacement", "step", apart},
		{2, "without-replacement", "batch", apart - full}, {3, "without-replacement", "step", full}, {nan, "", "step", full}} {
		if got := predict(tc.batch, tc.draw, tc.of); math.Abs(got-tc.want) > 1e-14 {
			t.Errorf("B = %g, %s, %s: %.15g, want %.15g", tc.batch, tc.draw, tc.of, got, tc.want)
		}
	}
	if _, err := theory.NewImbalanceStep(theory.ImbalanceStep{Rate: 1, Gain: 1, Full: 1, Scatter: 1, Samples: 3, Batch: 4, Draw: "without-replacement"}, nil); err == nil {
		t.Error("four of three rows were accepted")
	}
}
