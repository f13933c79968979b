package theory

import (
	"math"
	"testing"

	"sgdlab"
)

// The value 2 at η = 2/(a(1 + 2/B)), where the variance ends, and the claim sheet's four digits for B = 1.
func TestKestenIndex(t *testing.T) {
	kappa := func(eta, batch, a float64) float64 {
		t.Helper()
		th, err := NewKestenIndex(KestenIndex{Rate: eta, Batch: batch, Curvature: a}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return th.Predict(nil).Values[0]
	}
	for _, batch := range []float64{1, 2, 3, 8, 50} {
		for _, a := range []float64{1, 0.3} {
			if got := kappa(2/(a*(1+2/batch)), batch, a); math.Abs(got-2) > 1e-9 {
				t.Errorf("B = %g, a = %g: κ = %.12g where the variance ends, want 2", batch, a, got)
			}
		}
	}
	for eta, want := range map[float64]float64{0.4: 3.806, 0.6: 2.302, 0.8: 1.546, 1: 1.0908} {
		if got := kappa(eta, 1, 1); math.Abs(got/want-1) > 4e-4 {
			t.Errorf("η = %g: κ = %.6g, want %g", eta, got, want)
		}
	}
	// The fourth moment: E(1 − ηm)⁴ = 1 − 4η + 18η² − 60η³ + 105η⁴ for B = 1 and variance 1.
	lo, hi := 0.1, 0.6
	for range 60 {
		if mid := (lo + hi) / 2; -4+18*mid-60*mid*mid+105*mid*mid*mid > 0 {
			hi = mid
		} else {
			lo = mid
		}
	}
	if got := kappa(hi, 1, 1); math.Abs(got-4) > 1e-8 {
		t.Errorf("where the fourth moment ends: κ = %.12g, want 4", got)
	}
	// At small rates the index is large, and moments of its order meet a density that is 0 far out.
	last := math.Inf(1)
	for _, eta := range []float64{0.05, 0.1, 0.2, 0.4} {
		got := kappa(eta, 1, 1)
		if got >= last {
			t.Errorf("η = %g: κ = %g, want below %g of a smaller rate", eta, got, last)
		}
		last = got
	}
	refused(t, NewKestenIndex, KestenIndex{Rate: 10, Batch: 1, Curvature: 1}, nil, "no stationary law")
	refused(t, NewKestenIndex, KestenIndex{Rate: 1e-4, Batch: 100, Curvature: 1}, nil, "above")
	refused(t, NewKestenIndex, KestenIndex{Rate: nan, Batch: nan, Curvature: nan}, nil, "give rate, batch, curvature")
}

// The fixed point of the exact recursion for E θθᵀ: s = s(1 − 2ηa + η²a²(1 + (d + 1)/B)) + η²σ²a/B.
func TestOnlineVariance(t *testing.T) {
	for _, c := range []OnlineVariance{{0.3, 1, 0.5, 1, 1}, {0.1, 1, 0.5, 1, 5}, {0.3, 4, 0.5, 1, 5}, {0.1, 2, 0.5, 2, 10}} {
		th, err := NewOnlineVariance(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := th.Predict(nil).Values[0]
		again := s*(1-2*c.Rate*c.Curvature+c.Rate*c.Rate*c.Curvature*c.Curvature*(1+(c.Dimension+1)/c.Batch)) + c.Rate*c.Rate*c.LabelNoise*c.LabelNoise*c.Curvature/c.Batch
		close(t, "fixed point", again, s, 1e-14)
	}
	th, err := NewScalingBreakdown(ScalingBreakdown{Rate: 0.05, Batch: 2, Curvature: 1, Dimension: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kc := th.Predict(nil).Values[0]
	close(t, "κ_c", kc, 37.5, 1e-14)
	at, err := NewOnlineVariance(OnlineVariance{0.05 * 10, 2 * 10, 0.7, 1, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	close(t, "at κ = 10", at.Predict(nil).Values[0], 0.49/(2*(kc-10)), 1e-13)
	refused(t, NewOnlineVariance, OnlineVariance{1, 1, 1, 1, 1}, nil, "variance is infinite")
	levy := &sgdlab.Run{Site: &sgdlab.Site{}, Number: func(path string) (float64, bool) { return 1.5, path == "label-noise.alpha" }}
	refused(t, NewOnlineVariance, OnlineVariance{0.1, 1, 1, 1, 1}, levy, "infinite variance")
	refused(t, NewScalingBreakdown, ScalingBreakdown{Rate: 2, Batch: 1, Curvature: 1, Dimension: 1}, nil, "infinite for every")
}
