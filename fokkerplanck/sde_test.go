package fokkerplanck

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// pull is a drift on the line.
type pull func(x float64) float64

func (pull) Dim() int { return 1 }

func (f pull) Drift(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l, x := range theta[0] {
		dst[0][l] = f(x)
	}
}

// push is noise on the line: σ(x)ξ, the same in each of width places.
type push struct {
	sigma func(x float64) float64
	width int
}

func (p push) Width() int { return p.width }

func (p push) Apply(dst, theta, xi lanes.Pack, _ *lanes.Arena) {
	lanes.Copy(dst, lanes.Pack{lanes.Sum(xi)})
	for l, x := range theta[0] {
		dst[0][l] *= p.sigma(x)
	}
}

func (p push) ApplyT(dst, theta, v lanes.Pack, _ *lanes.Arena) {
	for j := range dst {
		for l, x := range theta[0] {
			dst[j][l] = p.sigma(x) * v[0][l]
		}
	}
}

// deaf is a factor that has no transpose.
type deaf struct{ sgdlab.Factor }

func gaussian() sgdlab.Law { return must(noise.NewGaussian(noise.GaussianSettings{}, &sgdlab.Site{})) }

// clockAt is a clock at a point of a sweep.
func clockAt(p int32) *sgdlab.Clock {
	at := &sgdlab.Clock{}
	for l := range at.Point {
		at.Point[l] = p
	}
	return at
}

// The double well with identity noise is R1 at every temperature of its table, whatever the sense.
func TestSDEOfADoubleWell(t *testing.T) {
	temps := []float64{1, 0.25, 0.05, 0.025}
	well := must(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil))
	source := must(noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Table(temps)}}, &sgdlab.Site{Model: well}))
	for _, sense := range []sgdlab.Sense{sgdlab.Ito, sgdlab.Stratonovich} {
		sde := &sgdlab.SDE{Drift: sgdlab.Downhill{Model: well}, Noise: []sgdlab.Noise{must(noise.Join(source, gaussian()))}, Sense: sense}
		for i, want := range strings.Fields("3.48831 14.2777 729.671 102108") {
			p := must(OfSDE(sde, clockAt(int32(i)), math.Inf(-1), 1))
			printed(t, "R1", mean(t, *p, -1), want)
		}
	}
}

// Multiplicative noise: geometric Brownian motion dX = μX dt + sX dW from 0.01 takes, in the mean, log 100/(μ − s²/2) to 1
// in the sense of Itô and log 100/μ in that of Stratonovich. σ is 3 noises in one factor and one more of its own.
func TestSDEOfGeometricMotion(t *testing.T) {
	const mu, s = 1, 0.5
	scales := sgdlab.Table([]float64{99, 0.25})
	sde := &sgdlab.SDE{
		Drift: pull(func(x float64) float64 { return mu * x }),
		Noise: []sgdlab.Noise{
			{Factor: push{func(x float64) float64 { return x }, 3}, Law: gaussian(), Scale: scales},
			{Factor: push{func(x float64) float64 { return -s * x }, 1}, Law: gaussian(), Scale: sgdlab.Constant(0.5)},
		}, // (3 + 1)·¼² = ½²
	}
	for sense, want := range map[sgdlab.Sense]float64{sgdlab.Ito: math.Log(100) / (mu - s*s/2), sgdlab.Stratonovich: math.Log(100) / mu} {
		sde.Sense = sense
		p := must(OfSDE(sde, clockAt(1), 0, 1))
		p.LoEnd = Natural
		if got := mean(t, *p, 0.01); math.Abs(got/want-1) > 1e-8 {
			t.Errorf("%v: %.9g, want %.9g", sense, got, want)
		}
		if d := p.Diffusion(0.3); math.Abs(d-s*s*0.09/2) > 1e-16 || math.Abs(p.Drift(0.3)-0.3) > 1e-16 {
			t.Errorf("D(0.3) = %g, want %g", d, s*s*0.09/2)
		}
	}
	// The printed value of R10.
	sde.Sense = sgdlab.Ito
	p := must(OfSDE(sde, clockAt(1), 0, 1))
	p.LoEnd = Natural
	printed(t, "R10", mean(t, *p, 0.01), "5.26305")
}

func TestSDERefusals(t *testing.T) {
	flat := pull(func(float64) float64 { return 0 })
	unit := push{func(float64) float64 { return 1 }, 1}
	stable := must(noise.NewStable(noise.StableSettings{Alpha: 1.5}, &sgdlab.Site{}))
	plane := must(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{1, 2}}, nil))
	for _, tc := range []struct {
		sde  sgdlab.SDE
		want string
	}{
		{sgdlab.SDE{Drift: sgdlab.Downhill{Model: plane}}, "2 dimensions"},
		{sgdlab.SDE{Drift: flat, Noise: []sgdlab.Noise{{Factor: unit, Law: gaussian(), Scale: sgdlab.Constant(1)}, {Factor: unit, Law: stable, Scale: sgdlab.Constant(1)}}}, "noise[1] is driven by a law of index 1.5"},
		{sgdlab.SDE{Drift: flat, Noise: []sgdlab.Noise{{Factor: deaf{unit}, Law: gaussian(), Scale: sgdlab.Constant(1)}}}, "cannot apply σᵀ"},
	} {
		if _, err := OfSDE(&tc.sde, clockAt(0), -1, 1); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v; want it to say %q", err, tc.want)
		}
	}
}
