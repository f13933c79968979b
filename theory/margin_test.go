package theory

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// Margins in closed form: of one point its length; of two points on the two sides the distance of 0 from the line through them as
// yᵢxᵢ; a point well away changes nothing.
func TestMaxMargin(t *testing.T) {
	for _, tc := range []struct {
		x    [][]float64
		y    []float64
		want float64
	}{
		{[][]float64{{3, 4}}, []float64{-1}, 5},
		{[][]float64{{1, 0}, {0, -2}}, []float64{1, -1}, 2 / math.Sqrt(5)},
		{[][]float64{{1, 0}, {0, -2}, {30, 40}}, []float64{1, -1, 1}, 2 / math.Sqrt(5)},
		{[][]float64{{1, 5}, {1, -5}, {1, 0}}, []float64{1, 1, 1}, 1},
	} {
		got := one(t, NewMaxMargin, MaxMarginSettings{Inputs: tc.x, Targets: tc.y}, nil)
		if math.Abs(got-tc.want) > 1e-10 {
			t.Errorf("%v %v: %.12g, want %.12g", tc.x, tc.y, got, tc.want)
		}
	}
}

// The margin of random separable data is that of conditions that prove it: w separates with margin 1 and is a combination of the
// samples on the margin with weights of their labels' sign.
func TestMaxMarginIsOptimal(t *testing.T) {
	for seed := range uint64(5) {
		set, err := data.NewTwoClasses(data.TwoClassesSettings{Samples: 30, Inputs: 4, Labels: "linear", Targets: "signs", Margin: 0.2, Deviation: 1}, &data.Env{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		w, err := separate(set.X, set.Y)
		if err != nil {
			t.Fatal(err)
		}
		square, least := 0.0, math.Inf(1)
		for _, v := range w {
			square += v * v
		}
		for i := range 30 {
			side := 0.0
			for j, v := range w {
				side += v * set.X.At(i, j) * set.Y.At(i, 0)
			}
			least = min(least, side)
		}
		if !(math.Abs(least-1) <= 1e-9) {
			t.Errorf("seed %d: least margin %.12g, want 1", seed, least)
		}
		if !(1/math.Sqrt(square) >= 0.2) {
			t.Errorf("seed %d: margin %g is below that of the teacher, 0.2", seed, 1/math.Sqrt(square))
		}
		// No direction near w does better.
		for k := range w {
			for _, h := range []float64{1e-3, -1e-3} {
				v := append([]float64(nil), w...)
				v[k] += h
				norm, worst := 0.0, math.Inf(1)
				for _, x := range v {
					norm += x * x
				}
				for i := range 30 {
					side := 0.0
					for j, x := range v {
						side += x * set.X.At(i, j) * set.Y.At(i, 0)
					}
					worst = min(worst, side)
				}
				if worst/math.Sqrt(norm) > 1/math.Sqrt(square)+1e-9 {
					t.Errorf("seed %d: a margin of %.12g beside %.12g", seed, worst/math.Sqrt(norm), 1/math.Sqrt(square))
				}
			}
		}
	}
}

func TestMaxMarginErrors(t *testing.T) {
	y := lanes.NewMat(2, 1)
	copy(y.Data, []float64{1, 2})
	for want, c := range map[string]func() error{
		"there is none":   func() error { _, err := NewMaxMargin(MaxMarginSettings{}, nil); return err },
		"belong together": func() error { _, err := NewMaxMargin(MaxMarginSettings{Targets: []float64{1}}, nil); return err },
		"2 inputs and 1 target": func() error {
			_, err := NewMaxMargin(MaxMarginSettings{Inputs: [][]float64{{1}, {2}}, Targets: []float64{1}}, nil)
			return err
		},
		"row 2 has 2 numbers": func() error {
			_, err := NewMaxMargin(MaxMarginSettings{Inputs: [][]float64{{1}, {2, 3}}, Targets: []float64{1, 1}}, nil)
			return err
		},
		"no hyperplane": func() error {
			_, err := NewMaxMargin(MaxMarginSettings{Inputs: [][]float64{{1}, {2}}, Targets: []float64{1, -1}}, nil)
			return err
		},
		"row 1 is 0": func() error {
			_, err := NewMaxMargin(MaxMarginSettings{Inputs: [][]float64{{0}, {2}}, Targets: []float64{1, -1}}, nil)
			return err
		},
		"target of row 2 is 2": func() error {
			_, err := NewMaxMargin(MaxMarginSettings{}, &sgdlab.Run{Site: &sgdlab.Site{Data: &data.Set{X: lanes.NewMat(2, 1), Y: y}}})
			return err
		},
	} {
		if err := c(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want it to say %q", err, want)
		}
	}
}
