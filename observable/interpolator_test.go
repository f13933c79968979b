package observable_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
)

func site(t *testing.T, x [][]float64, y, teacher []float64, parametrisation string) *sgdlab.Site {
	t.Helper()
	set := &data.Set{X: lanes.MatOf(x), Y: lanes.NewMat(len(y), 1)}
	copy(set.Y.Data, y)
	if teacher != nil {
		set.Teacher = lanes.MatOf([][]float64{teacher})
	}
	m, err := model.NewDiagonal(model.DiagonalSettings{Parametrisation: parametrisation, Depth: 2}, set)
	if err != nil {
		t.Fatal(err)
	}
	return &sgdlab.Site{Model: m, Data: set}
}

// One sample y = 2 of x = (1, 2): β = (0, 1) has the least ℓ¹ norm, (2/5, 4/5) the least ℓ² norm.
func TestInterpolatorDistance(t *testing.T) {
	s := site(t, [][]float64{{1, 2}}, []float64{2}, []float64{2, 0}, "product")
	beta := [2]float64{1, -2}
	for to, want := range map[string][2]float64{"min-l1": {0, 1}, "min-l2": {0.4, 0.8}, "teacher": {2, 0}} {
		o, err := observable.NewInterpolatorDistance(observable.InterpolatorDistanceSettings{To: to}, s)
		if err != nil {
			t.Fatal(err)
		}
		dst := make(lanes.Pack, 2)
		o.Observe(dst, lanes.Of([]float64{1, 2, 1, -1}), nil, &lanes.Arena{})
		distance := math.Hypot(beta[0]-want[0], beta[1]-want[1])
		ratio := 3 / (math.Abs(want[0]) + math.Abs(want[1]))
		if math.Abs(dst[0][0]-distance) > 1e-14 || math.Abs(dst[1][0]-ratio) > 1e-14 {
			t.Errorf("%s: %g and %g, want %g and %g", to, dst[0][0], dst[1][0], distance, ratio)
		}
	}
	tall := site(t, [][]float64{{1}, {2}}, []float64{1, 1}, nil, "product")
	for to, word := range map[string]string{"min-l1": "no β fits", "min-l2": "no β fits", "teacher": "needs data with a teacher"} {
		if _, err := observable.NewInterpolatorDistance(observable.InterpolatorDistanceSettings{To: to}, tall); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v; want an error about %q", to, err, word)
		}
	}
}

// Orthogonal inputs with L = ¼Σ(β − (1, 3))²: the saddles have the losses 2.5, 0.25 and 0.
func TestSaddlesPassed(t *testing.T) {
	for _, parametrisation := range []string{"product", "difference-of-powers"} {
		s := site(t, [][]float64{{1, 0}, {0, 1}}, []float64{1, 3}, nil, parametrisation)
		o, err := observable.NewSaddlesPassed(observable.SaddlesPassedSettings{}, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ beta, count, ratio float64 }{{0, 0, 1}, {0.5, 0, 7.25 / 10}, {2, 1, 2}, {3, 1, 1}} {
			theta := []float64{0, c.beta, 1, 1}
			if parametrisation == "difference-of-powers" {
				theta = []float64{0, math.Sqrt(c.beta), 0, 0}
			}
			dst := make(lanes.Pack, 2)
			o.Observe(dst, lanes.Of(theta), nil, &lanes.Arena{})
			if dst[0][0] != c.count || math.Abs(dst[1][0]-c.ratio) > 1e-13 {
				t.Errorf("%s, β₂ = %g: %g and %g, want %g and %g", parametrisation, c.beta, dst[0][0], dst[1][0], c.count, c.ratio)
			}
		}
		theta := []float64{1, 3, 1, 1}
		if parametrisation == "difference-of-powers" {
			theta = []float64{1, math.Sqrt(3), 0, 0}
		}
		dst := make(lanes.Pack, 2)
		if o.Observe(dst, lanes.Of(theta), nil, &lanes.Arena{}); dst[0][0] != 2 {
			t.Errorf("%s: %g at the end, want 2", parametrisation, dst[0][0])
		}
	}
}
