package theory

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The chain itself: 2·10⁵ steps at each of three rates, the mean of ln|1 − η²g²| within 2 %, five standard errors.
func TestFlatnessRate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, eta := range []float64{0.1, 0.4, 0.6} {
		const zeta, steps = 0.02, 200000
		u, v, sum := 1.0, 1.0, 0.0
		for range steps {
			g := u*v - 1 - zeta*r.NormFloat64()
			sum += math.Log1p(-eta * eta * g * g)
			u, v = u-eta*g*v, v-eta*g*u
		}
		th, err := NewFlatnessRate(FlatnessRate{Rate: eta, Amplitude: zeta, Sharpness: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := -sum/steps/eta, th.Predict(nil).Values[0]; math.Abs(got/want-1) > 0.02 {
			t.Errorf("η = %g: %g, want %g", eta, got, want)
		}
	}
	refused(t, NewFlatnessRate, FlatnessRate{Rate: 1, Amplitude: 0.1, Sharpness: 2}, nil, "unstable")
	refused(t, NewFlatnessRate, FlatnessRate{Rate: nan, Amplitude: nan, Sharpness: 2}, nil, "give rate, amplitude")
	refused(t, NewFlatnessRate, FlatnessRate{Rate: 0.1, Amplitude: -1, Sharpness: 2}, nil, "amplitude is -1")
}
