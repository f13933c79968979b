package model_test

import (
	"math"
	"slices"
	"testing"

	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/model"
	"sgdlab/model/modeltest"
)

func completion(t *testing.T, observed float64, seed uint64, widths ...int) *model.Completion {
	t.Helper()
	set, err := data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{3, 1}, Rows: widths[len(widths)-1], Cols: widths[0], Rotate: true}, &data.Env{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewCompletion(model.CompletionSettings{Widths: widths, Observed: observed, MaskSeed: seed}, set)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*model.Completion)
}

// The battery; where all is seen it is the matrix loss; what is not seen does not enter; masks are of the size asked for, and differ.
func TestCompletion(t *testing.T) {
	for _, widths := range [][]int{{4, 3}, {4, 5, 3}, {4, 2, 3, 3}} {
		if views := modeltest.Run(t, completion(t, 0.5, 3, widths...), 0.7); !slices.Equal(views, []string{"Cubic", "Curved", "EndToEnd", "Layered", "Model"}) {
			t.Errorf("widths %v have the views %v", widths, views)
		}
	}
	set, err := data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{3, 1}, Rows: 3, Cols: 4, Rotate: true}, &data.Env{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{4, 5, 3}}, set)
	if err != nil {
		t.Fatal(err)
	}
	all, half := completion(t, 1, 3, 4, 5, 3), completion(t, 0.5, 3, 4, 5, 3)
	theta, ws := make(lanes.Pack, all.Dim()), &lanes.Arena{}
	for j := range theta {
		for l := range theta[j] {
			theta[j][l] = math.Sin(float64(7*j + 3*l))
		}
	}
	w := make(lanes.Pack, 12)
	all.Effective(w, theta, ws)
	for l := range lanes.W {
		if a, b := all.Loss(theta, ws)[l], whole.Loss(theta, ws)[l]; math.Abs(a/b-1) > 1e-14 {
			t.Errorf("lane %d: loss %.17g where all is seen, of the matrix %.17g", l, a, b)
		}
		sum := 0.0
		for _, i := range half.Seen() {
			d := w[i][l] - set.Y.At(i%4, i/4)
			sum += d * d / 2
		}
		if a := half.Loss(theta, ws)[l]; math.Abs(a/sum-1) > 1e-14 {
			t.Errorf("lane %d: loss %.17g of half, want %.17g", l, a, sum)
		}
	}
	if n := len(half.Seen()); n != 6 {
		t.Errorf("%d of 12 entries are half", n)
	}
	if slices.Equal(half.Seen(), completion(t, 0.5, 4, 4, 5, 3).Seen()) {
		t.Error("two seeds see the same entries")
	}
	for _, bad := range []float64{0, 1.5, 0.01, math.NaN()} {
		if _, err := model.NewCompletion(model.CompletionSettings{Widths: []int{4, 3}, Observed: bad}, set); err == nil {
			t.Errorf("observed %g was accepted", bad)
		}
	}
	if _, err := model.NewCompletion(model.CompletionSettings{Widths: []int{4, 3}, Observed: 1}, &data.Set{X: set.X, Y: set.Y}); err == nil {
		t.Error("samples were accepted")
	}
}

// From a random balanced point a short step moves each singular value by −Lσ^(2−2/L)⟨G, uvᵀ⟩ times the step (Arora, Cohen, Hu & Luo 2019).
func TestSingularValueEquation(t *testing.T) {
	const n, h = 5, 1e-6
	for depth := 2; depth <= 4; depth++ {
		widths := []int{n}
		for range depth {
			widths = append(widths, n)
		}
		m := completion(t, 0.6, 2, widths...)
		// W_l = Q_l diag(s) Q_{l−1}ᵀ: W_{l+1}ᵀW_{l+1} = Q_l diag(s²) Q_lᵀ = W_lW_lᵀ.
		theta := make(lanes.Pack, m.Dim())
		for l := range depth {
			out, in := data.Haar("test", uint64(10+l+1), n, n), data.Haar("test", uint64(10+l), n, n)
			for i := range n {
				for j := range n {
					sum := 0.0
					for r := range n {
						sum += out.At(i, r) * math.Pow(2-0.3*float64(r), 1/float64(depth)) * in.At(j, r)
					}
					theta[l*n*n+i*n+j] = lanes.Splat(sum)
				}
			}
		}
		singular := func(theta lanes.Pack) (w, s, u, v lanes.Pack) {
			w, s, u, v = make(lanes.Pack, n*n), make(lanes.Pack, n), make(lanes.Pack, n*n), make(lanes.Pack, n*n)
			m.Effective(w, theta, &lanes.Arena{})
			new(linalg.Scratch).Singular(s, lanes.ByRows(u, n, n), lanes.ByRows(v, n, n), lanes.ByRows(w, n, n), n)
			return w, s, u, v
		}
		w, s, u, v := singular(theta)
		g := make(lanes.Pack, m.Dim())
		m.Grad(g, theta, &lanes.Arena{})
		next := append(lanes.Pack(nil), theta...)
		lanes.Descend(next, lanes.Splat(h), g, lanes.All)
		_, after, _, _ := singular(next)
		set, err := data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{3, 1}, Rows: n, Cols: n, Rotate: true}, &data.Env{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for r := range n {
			along := 0.0
			for _, i := range m.Seen() {
				along += (w[i][0] - set.Y.At(i%n, i/n)) * u[i/n*n+r][0] * v[i%n*n+r][0]
			}
			want := -float64(depth) * math.Pow(s[r][0], 2-2/float64(depth)) * along
			if got := (after[r][0] - s[r][0]) / h; math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
				t.Errorf("depth %d, σ%d = %.4g: moves at %.8g, want %.8g", depth, r+1, s[r][0], got, want)
			}
		}
	}
}
