package theory

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

// The rate of the chain is its expansion to second order in the step, and the closed form where drift cancels all but the noise.
func TestChainRate(t *testing.T) {
	for _, c := range []struct{ g, b float64 }{{1.5, 2}, {1.5, 2.5}, {-0.3, 1}, {0.9, 0.05}} {
		residual := func(h float64) float64 {
			g, b := c.g, c.b
			return chainRate(g, b, h) - (g - b*b/2 + h*(g*b*b-0.75*b*b*b*b-g*g/2))
		}
		if r := residual(1e-3) / residual(5e-4); math.Abs(r-4) > 0.25 {
			t.Errorf("g = %g, b = %g: the remainder is %.3g and %.3g at half the step; want a quarter", c.g, c.b, residual(1e-3), residual(5e-4))
		}
	}
	// E ln|z| = −(γ + ln 2)/2; 1 + gh = 0.
	if got, want := chainRate(-1, 1, 1), -(0.5772156649015329+math.Ln2)/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("E ln|z| = %.15g, want %.15g", got, want)
	}
	// The two ways to integrate agree where both can.
	c, s := 1.0, 1/11.9
	direct := gaussMean(func(z float64) float64 { return math.Log(math.Abs(c + s*z)) }, -11.5, 12)
	if got := chainRate(0, s, 1); math.Abs(got-direct) > 1e-12 {
		t.Errorf("near the change of method: %.15g and %.15g", got, direct)
	}
}

func TestCollapseThreshold(t *testing.T) {
	got := func(c CollapseThreshold) float64 {
		th, err := NewCollapseThreshold(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return th.Predict(nil).Values[0]
	}
	if x := got(CollapseThreshold{Growth: 1.5, Spread: nan, Noise: 4, Step: nan, Of: "rate"}); x != -0.5 {
		t.Errorf("rate %g, want -0.5", x)
	}
	if x := got(CollapseThreshold{Growth: 1.5, Spread: nan, Noise: 4, Step: nan, Of: "rate", Sense: "stratonovich"}); x != 1.5 {
		t.Errorf("Stratonovich: rate %g, want 1.5", x)
	}
	if x := got(CollapseThreshold{Growth: 1.5, Spread: 0.5, Noise: nan, Step: nan, Of: "threshold"}); x != 6 {
		t.Errorf("threshold %g, want 6", x)
	}
	for _, c := range []CollapseThreshold{
		{Growth: -1, Spread: nan, Noise: nan, Step: nan, Of: "threshold"},
		{Growth: 1, Spread: nan, Noise: 1, Step: nan, Of: "threshold", Sense: "stratonovich"},
		{Growth: 1, Spread: nan, Noise: 1, Step: 0.1, Of: "rate", Sense: "stratonovich"},
		{Growth: nan, Spread: nan, Noise: 1, Step: nan, Of: "rate"},
	} {
		if _, err := NewCollapseThreshold(c, nil); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestGammaTail(t *testing.T) {
	for _, a := range []float64{1e-6, 0.01, 0.5, 1, 3.7, 40, 900} {
		for _, x := range []float64{1e-9, 1e-3, 0.3, 1, 5, 60} {
			got, want := gammaTail(a, x), mathext.GammaIncRegComp(a, x)
			if math.Abs(got-want) > 2e-12 {
				t.Errorf("Q(%g, %g) = %.15g, want %.15g", a, x, got, want)
			}
		}
	}
	for _, x := range []float64{0.1, 2, 9} {
		if got, want := gammaTail(1, x), math.Exp(-x); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("Q(1, %g) = %.15g, want %.15g", x, got, want)
		}
		if got, want := gammaTail(0.5, x), math.Erfc(math.Sqrt(x)); math.Abs(got/want-1) > 1e-11 {
			t.Errorf("Q(½, %g) = %.15g, want %.15g", x, got, want)
		}
	}
}

// Mean and variance are those of the Gamma law, which solves the stationary equation; survivors are its tails.
func TestSoftThreshold(t *testing.T) {
	const b, temp = 1.2, 0.4
	law := SoftThreshold{Target: b, Curvature: 1, Temperature: temp}
	shape := b/temp - 0.5
	of := func(what string) float64 {
		law.Of = what
		return law.Predict(nil).Values[0]
	}
	if x := of("mean"); math.Abs(x-shape*temp) > 1e-15 {
		t.Errorf("mean %g, want %g", x, shape*temp)
	}
	if x := of("variance"); math.Abs(x-shape*temp*temp) > 1e-15 {
		t.Errorf("variance %g, want %g", x, shape*temp*temp)
	}
	law.Targets, law.Level = []float64{1.2, 0.1, 0.2, 0.2001}, 0.05
	want := mathext.GammaIncRegComp(shape, 0.05/temp) + mathext.GammaIncRegComp(0.2001/temp-0.5, 0.05/temp)
	if x := of("survivors"); math.Abs(x-want) > 1e-12 {
		t.Errorf("survivors %g, want %g", x, want)
	}
	// No current: the density s^(b/T − 3/2) e^(−s/T) has drift 2s(b + T/2 − s) ρ = d(2T s² ρ)/ds.
	rho := func(s float64) float64 { return math.Pow(s, b/temp-1.5) * math.Exp(-s/temp) }
	flux := func(s float64) float64 { return 2 * temp * s * s * rho(s) }
	for _, s := range []float64{0.1, 0.7, 2} {
		slope := (flux(s*(1+1e-5)) - flux(s*(1-1e-5))) / (2e-5 * s)
		if drift := 2 * s * (b + temp/2 - s) * rho(s); math.Abs(slope-drift) > 1e-8*(math.Abs(drift)+rho(s)) {
			t.Errorf("at s = %g the current is %g", s, drift-slope)
		}
	}
}
