package workload

import (
	"math"
	"testing"
)

// What the workloads yield is what the baseline in C yields, which shares no line with them: within 5 standard errors of both, and W5,
// which has no noise, to the six digits that are kept.
func TestWorkloadsAgreeWithC(t *testing.T) {
	for _, tc := range []struct {
		name      string
		steps     int
		value, se float64
	}{
		{"W1", 400, 10.5868, 0.00087}, {"W2", 400, 6.62511, 0.00098}, {"W3", 400, 5.05361, 0.0039}, {"W4", 2560, 0.06063, 0.00075}, {"W5", 20, 1.12514, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, w := range Cases {
				if w.Name != tc.name {
					continue
				}
				r, err := w.Run(2, tc.steps)
				if err != nil {
					t.Fatal(err)
				}
				if r.Steps != tc.steps || math.Abs(r.Value-tc.value) > 5*math.Hypot(r.SE, tc.se)+5e-6*b2f(tc.se == 0) {
					t.Errorf("%s of %g ± %g after %d steps, in C %g ± %g", w.Check, r.Value, r.SE, r.Steps, tc.value, tc.se)
				}
				one, err := w.Run(1, min(tc.steps, 20))
				two, err2 := w.Run(2, min(tc.steps, 20))
				if err != nil || err2 != nil || one != two {
					t.Errorf("one thread yields %+v, two %+v", one, two)
				}
			}
		})
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A piece is the same piece each time.
func TestPieces(t *testing.T) {
	for _, name := range Pieces() {
		piece, err := Piece(name)
		if err != nil {
			t.Fatal(err)
		}
		piece()
		if n := testing.AllocsPerRun(3, piece); n > 0 {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
	if _, err := Piece("W9"); err == nil {
		t.Error("a piece of W9")
	}
}
