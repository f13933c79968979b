package noise

import (
	"math"
	"testing"

	"sgdlab/lanes"
)

func relative(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got-want) / max(math.Abs(want), 1e-300)
}

func TestPowers(t *testing.T) {
	for _, p := range []float64{0, 0.25, 0.5, 1 / 1.3, 1, -1} {
		got := powers(lanes.Vec{0.01, 0.5, 1, 2, 3, 10, 1e-8, 1e8}, p)
		for l, x := range []float64{0.01, 0.5, 1, 2, 3, 10, 1e-8, 1e8} {
			if relative(got[l], math.Pow(x, p)) > 1e-14 {
				t.Errorf("%g^%g = %g, want %g", x, p, got[l], math.Pow(x, p))
			}
		}
	}
}
