package linalg

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The conditions of Karush, Kuhn and Tucker, with signs of all three kinds.
func TestSignedLeast(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2))
	var s Scratch
	walls := 0
	for trial := range 300 {
		n := 1 + trial%12
		m := n + 2
		a := make([]float64, m*n)
		for i := range a {
			a[i] = r.NormFloat64()
		}
		g, c, signs, x := make([]float64, n*n), make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			c[i] = r.NormFloat64()
			signs[i] = float64(r.IntN(3) - 1)
			for j := range n {
				for k := range m {
					g[i*n+j] += a[k*n+i] * a[k*n+j]
				}
			}
		}
		if !s.SignedLeast(x, g, c, signs) {
			t.Fatalf("trial %d: no minimum", trial)
		}
		for i := range n {
			slope := dot(g[i*n:(i+1)*n], x) - c[i]
			switch {
			case signs[i] == 0:
				if x[i] != 0 {
					t.Errorf("trial %d: entry %d is %g, want 0", trial, i, x[i])
				}
			case x[i] == 0:
				walls++
				if signs[i]*slope < -1e-12 {
					t.Errorf("trial %d: entry %d is 0 where the slope is %g", trial, i, slope)
				}
			case signs[i]*x[i] < 0 || math.Abs(slope) > 1e-11:
				t.Errorf("trial %d: entry %d is %g with the slope %g", trial, i, x[i], slope)
			}
		}
	}
	if walls == 0 {
		t.Error("no entry at its wall")
	}
	if x := []float64{0}; s.SignedLeast(x, []float64{0}, []float64{1}, []float64{1}) {
		t.Errorf("a singular G gave %v", x)
	}
	b := []float64{5, 4}
	if !Definite([]float64{2, 1, 1, 1}, b) || math.Abs(b[0]-1) > 1e-15 || math.Abs(b[1]-3) > 1e-15 {
		t.Errorf("Definite gave %v", b)
	}
	if Definite([]float64{1, 2, 2, 1}, b) {
		t.Error("an indefinite matrix was solved")
	}
}
