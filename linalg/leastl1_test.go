package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"sgdlab/lanes"
)

// The least norm over all bases, by hand on small systems; the certificate; and systems whose solution is sparse, where most steps of the
// simplex method stall.
func TestLeastL1(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var s Scratch
	for trial := range 60 {
		m, n := 2, 5
		a, b := lanes.NewMat(m, n), make([]float64, m)
		for i := range a.Data {
			a.Data[i] = r.NormFloat64()
		}
		for i := range b {
			b[i] = r.NormFloat64()
		}
		least := math.Inf(1)
		for p := range n {
			for q := range p {
				det := a.At(0, p)*a.At(1, q) - a.At(0, q)*a.At(1, p)
				least = min(least, math.Abs((b[0]*a.At(1, q)-b[1]*a.At(0, q))/det)+math.Abs((a.At(0, p)*b[1]-a.At(1, p)*b[0])/det))
			}
		}
		x, y := make([]float64, n), make([]float64, m)
		gap := s.LeastL1(x, y, a, b)
		if got := sum1(x); math.Abs(got-least) > 1e-12*least || !(gap < 1e-12) {
			t.Errorf("trial %d: ‖x‖₁ = %g, want %g; gap %g", trial, got, least, gap)
		}
	}
	for _, c := range []struct{ m, n, nonzeros, copies int }{{6, 15, 15, 0}, {40, 100, 5, 0}, {40, 100, 5, 3}, {80, 200, 20, 0}, {5, 5, 5, 0}, {12, 7, 3, 0}} {
		a := lanes.NewMat(c.m+c.copies, c.n)
		b := make([]float64, a.Rows)
		for i := range a.Rows {
			for j := range c.n {
				if i < c.m {
					a.Set(i, j, r.NormFloat64())
				} else {
					a.Set(i, j, 2*a.At(i-c.m, j))
				}
				if j < c.nonzeros {
					b[i] += a.At(i, j)
				}
			}
		}
		x, y := make([]float64, c.n), make([]float64, a.Rows)
		gap := s.LeastL1(x, y, a, b)
		off, steep := 0.0, 0.0
		for i := range a.Rows {
			e := -b[i]
			for j := range x {
				e += a.At(i, j) * x[j]
			}
			off = max(off, math.Abs(e))
		}
		for j := range x {
			e := 0.0
			for i := range y {
				e += a.At(i, j) * y[i]
			}
			steep = max(steep, math.Abs(e))
		}
		if !(gap < 1e-11) || off > 1e-11 || steep > 1+1e-12 {
			t.Errorf("%+v: gap %g, ax − b %g, │aᵀy│ %g", c, gap, off, steep)
		}
		t.Logf("%+v: ‖x‖₁ %.6g gap %g", c, sum1(x), gap)
	}
	// No solution, and 0.
	a := lanes.NewMat(2, 1)
	a.Set(0, 0, 1)
	a.Set(1, 0, 1)
	x, y := make([]float64, 1), make([]float64, 2)
	if gap := s.LeastL1(x, y, a, []float64{1, 2}); !math.IsNaN(gap) || !math.IsNaN(x[0]) {
		t.Errorf("x = 1 and x = 2: %g, gap %g", x[0], gap)
	}
	if gap := s.LeastL1(x, y, a, []float64{0, 0}); gap != 0 || x[0] != 0 {
		t.Errorf("x = 0: %g, gap %g", x[0], gap)
	}
}

func sum1(x []float64) (s float64) {
	for _, v := range x {
		s += math.Abs(v)
	}
	return s
}
