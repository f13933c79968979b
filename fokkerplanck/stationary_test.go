package fokkerplanck

import (
	"errors"
	"math"
	"testing"

	"sgdlab/quadrature"
)

func TestStationaryClosedForms(t *testing.T) {
	// (1 + x²)^−φ on the line, φ = 1 + 1/T, ½ + 1/T, 1/T in the three senses: drift −x, D = T(1 + x²)/2.
	student := func(phi float64) Stationary {
		return Stationary{
			LogDensity: lgamma(phi) - lgamma(phi-0.5) - math.Log(math.Pi)/2,
			Variance:   1 / (2*phi - 3),
			Central:    []float64{1, 0, 1 / (2*phi - 3), 0, 3 / ((2*phi - 3) * (2*phi - 5))},
		}
	}
	heavy := func(sense Sense) Problem {
		return Problem{Drift: func(x float64) float64 { return -x }, Diffusion: func(x float64) float64 { return 0.125 * (1 + x*x) }, Sense: sense, Lo: -inf, Hi: inf}
	}
	const shape, k = 2.5, 0.4 // ds = 2s(s̃ + k/2 − s)dt + 2√k s dB: Gamma law of shape s̃/k − ½
	target := (shape + 1) * k // s̃ + k/2
	cube := func(x float64) float64 { return -x * x * x }
	g := math.Gamma(0.25)
	for _, tc := range []struct {
		name string
		p    Problem
		ref  float64
		want Stationary
	}{
		{"Gaussian", Problem{Drift: func(x float64) float64 { return -2 * (x - 3) }, Diffusion: constant(0.5), Lo: -inf, Hi: inf}, 2,
			Stationary{LogDensity: -2 - math.Log(math.Pi/2)/2, Mean: 3, Variance: 0.25, Central: []float64{1, 0, 0.25, 0, 3.0 / 16}}},
		{"Gaussian of width 1e-5", Problem{Drift: func(x float64) float64 { return -x }, Diffusion: constant(1e-10), Lo: -inf, Hi: inf}, 0,
			Stationary{LogDensity: math.Log(1e5) - math.Log(2*math.Pi)/2, Variance: 1e-10, Central: []float64{1, 0, 1e-10, 0, 3e-20}}},
		{"quartic", Problem{Drift: cube, Diffusion: constant(1), Lo: -inf, Hi: inf}, 0,
			Stationary{LogDensity: math.Log(math.Sqrt2 / g), Variance: 2 * math.Gamma(0.75) / g, Central: []float64{1, 0, 2 * math.Gamma(0.75) / g, 0, 1}}},
		{"half Gaussian", Problem{Drift: func(x float64) float64 { return -x }, Diffusion: constant(1), LoEnd: Reflecting, Hi: inf}, 0,
			Stationary{LogDensity: math.Log(2/math.Pi) / 2, Mean: math.Sqrt(2 / math.Pi), Variance: 1 - 2/math.Pi,
				Central: []float64{1, 0, 1 - 2/math.Pi, math.Sqrt(2/math.Pi) * (4/math.Pi - 1), 3 - 4/math.Pi - 12/(math.Pi*math.Pi)}}},
		{"uniform", Problem{Drift: constant(0), Diffusion: constant(2), Lo: 1, Hi: 5, LoEnd: Reflecting, HiEnd: Reflecting}, 2,
			Stationary{LogDensity: -math.Log(4), Mean: 3, Variance: 16.0 / 12, Central: []float64{1, 0, 16.0 / 12, 0, 16.0 / 5}}},
		{"radial Gaussian, reflecting at a singular 0", Problem{Drift: func(r float64) float64 { return -r + 2/r }, Diffusion: constant(1), LoEnd: Reflecting, Hi: inf}, 1,
			Stationary{LogDensity: math.Log(2/math.Pi)/2 - 0.5, Mean: 2 * math.Sqrt(2/math.Pi), Variance: 3 - 8/math.Pi}},
		{"Gamma", Problem{Drift: func(s float64) float64 { return 2 * s * (target - s) }, Diffusion: func(s float64) float64 { return 2 * k * s * s }, LoEnd: Natural, Hi: inf}, 1,
			Stationary{LogDensity: -1/k - lgamma(shape) - shape*math.Log(k), Mean: shape * k, Variance: shape * k * k,
				Central: []float64{1, 0, shape * k * k, 2 * shape * k * k * k, (3*shape*shape + 6*shape) * k * k * k * k}}},
		{"power tail, Itô", heavy(Ito), 0, student(5)},
		{"power tail, Stratonovich", heavy(Stratonovich), 0, student(4.5)},
		{"power tail, Fick", heavy(Fick), 0, student(4)},
	} {
		got, err := tc.p.StationaryMoments(tc.ref, max(2, len(tc.want.Central)-1), 1e-10)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		sd := math.Sqrt(tc.want.Variance)
		if math.Abs(got.LogDensity-tc.want.LogDensity) > 1e-12 || math.Abs(got.Mean-tc.want.Mean) > 1e-12*(sd+math.Abs(tc.want.Mean)) || math.Abs(got.Variance/tc.want.Variance-1) > 1e-12 {
			t.Errorf("%s: ln ρ %.15g, mean %.15g, variance %.15g; want %.15g, %.15g, %.15g", tc.name,
				got.LogDensity, got.Mean, got.Variance, tc.want.LogDensity, tc.want.Mean, tc.want.Variance)
		}
		for i, w := range tc.want.Central {
			if math.Abs(got.Central[i]-w) > 2e-12*math.Pow(sd, float64(i)) {
				t.Errorf("%s: central moment %d is %.15g, want %.15g", tc.name, i, got.Central[i], w)
			}
		}
		if !(got.Error > 0 && got.Error < 1e-11) {
			t.Errorf("%s: claimed error %.2g", tc.name, got.Error)
		}
	}
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// Two wells, seen from one of them, against plain quadrature.
func TestStationaryDoubleWell(t *testing.T) {
	tilted := func(x float64) float64 { return doubleWell(x) + 0.05 }
	weight := func(x float64) float64 { return math.Exp((x*x/2 - x*x*x*x/4 + 0.05*x) / 0.03) }
	integral := func(f func(float64) float64) float64 {
		v, err := quadrature.Integrate(func(x float64) float64 { return f(x) * weight(x) }, -3, 3, 1e-13)
		if err != nil {
			t.Fatal(err)
		}
		return v.Value
	}
	z := integral(func(float64) float64 { return 1 })
	m := integral(func(x float64) float64 { return x }) / z
	v := integral(func(x float64) float64 { return (x - m) * (x - m) }) / z
	for _, ref := range []float64{-1, 0.3, 1} {
		p := Problem{Drift: tilted, Diffusion: constant(0.03), Lo: -inf, Hi: inf}
		got, err := p.StationaryMoments(ref, 2, 1e-10)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.LogDensity-math.Log(weight(ref)/z)) > 1e-11 || math.Abs(got.Mean-m) > 1e-12 || math.Abs(got.Variance/v-1) > 1e-11 {
			t.Errorf("from %g: ln ρ %.14g, mean %.14g, variance %.14g; want %.14g, %.14g, %.14g", ref, got.LogDensity, got.Mean, got.Variance, math.Log(weight(ref)/z), m, v)
		}
	}
}

func TestStationaryRefusals(t *testing.T) {
	x := func(x float64) float64 { return -x }
	for _, tc := range []struct {
		name  string
		p     Problem
		order int
		want  error
	}{
		{"an end absorbs", Problem{Drift: x, Diffusion: constant(1), Lo: -1, Hi: inf}, 2, ErrNotNormalisable},
		{"no confinement", Problem{Drift: constant(0), Diffusion: constant(1), Lo: -inf, Hi: inf}, 0, ErrNotNormalisable},
		{"collapse onto 0", Problem{Drift: func(s float64) float64 { return s * (0.1 - s) }, Diffusion: func(s float64) float64 { return s * s }, LoEnd: Natural, Hi: inf}, 2, ErrNotNormalisable},
		{"moment of the tail x^−4", Problem{Drift: x, Diffusion: func(x float64) float64 { return (1 + x*x) / 2 }, Lo: -inf, Hi: inf}, 4, ErrNotNormalisable},
		{"negative order", Problem{Drift: x, Diffusion: constant(1), Lo: -inf, Hi: inf}, -1, ErrProblem},
		{"reference outside", Problem{Drift: x, Diffusion: constant(1), Lo: 1, Hi: inf, LoEnd: Reflecting}, 0, ErrStart},
	} {
		if got, err := tc.p.StationaryMoments(0.5, tc.order, 1e-9); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %+v, error %v; want %v", tc.name, got, err, tc.want)
		}
	}
	p := Problem{Drift: x, Diffusion: func(x float64) float64 { return (1 + x*x) / 2 }, Lo: -inf, Hi: inf}
	if s, err := p.StationaryMoments(0.5, 2, 1e-9); err != nil || math.Abs(s.Variance-1) > 1e-11 {
		t.Errorf("the tail x^−4 has a variance, 1: %+v, %v", s, err)
	}
}
