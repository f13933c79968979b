package linalg

import (
	"math"
	"testing"

	"sgdlab/lanes"
)

// The solution solves the equation, at h = 0 and beyond the edge of stability too.
func TestLyapunov(t *testing.T) {
	a := lanes.MatOf([][]float64{{2, 0.3, -0.1}, {0.3, 0.5, 0.2}, {-0.1, 0.2, 1}})
	q := lanes.MatOf([][]float64{{1, 0.4, 0}, {0.4, 0.8, -0.3}, {0, -0.3, 0.6}})
	for _, h := range []float64{0, 0.02, 0.9, 1.5} {
		s, values, err := Lyapunov(a, q, h)
		if err != nil {
			t.Fatal(err)
		}
		as := lanes.MulMat(a, s)
		sa, asa := lanes.MulMat(s, a), lanes.MulMat(as, a)
		for i := range 3 {
			for j := range 3 {
				if got := as.At(i, j) + sa.At(i, j) - h*asa.At(i, j); math.Abs(got-q.At(i, j)) > 1e-13 {
					t.Errorf("h = %g: AΣ + ΣA − hAΣA has %.15g at (%d, %d), want %g", h, got, i, j, q.At(i, j))
				}
			}
		}
		if math.Abs(values[0]+values[1]+values[2]-3.5) > 1e-13 {
			t.Errorf("eigenvalues %g", values)
		}
	}
	if _, _, err := Lyapunov(lanes.MatOf([][]float64{{math.NaN()}}), lanes.NewMat(1, 1), 0); err == nil {
		t.Error("no error for NaN")
	}
}
