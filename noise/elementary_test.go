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

func TestElementaryFunctions(t *testing.T) {
	// 8 units in the last place: enough for both roundings, far below a wrong coefficient.
	const tol = 8 * 0x1p-53
	for i := -2000; i <= 2000; i++ {
		x := float64(i) / 2000
		if got, want := sinPi(x), math.Sin(math.Pi*x); math.Abs(got-want) > 2*tol {
			t.Fatalf("sinPi(%g) = %g, want %g", x, got, want)
		}
		if got, want := cosPi(x/2), math.Cos(math.Pi*x/2); math.Abs(got-want) > tol {
			t.Fatalf("cosPi(%g) = %g, want %g", x/2, got, want)
		}
	}
	// Close to its zeros the cosine keeps its relative accuracy: cos(π(½ − ε)) = sin πε.
	for _, eps := range []float64{0x1p-53, 0x1p-30, 0x1p-10} {
		if got, want := cosPi(0.5-eps), math.Sin(math.Pi*eps); relative(got, want) > tol {
			t.Errorf("cosPi(½−%g) = %g, want %g", eps, got, want)
		}
	}
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
