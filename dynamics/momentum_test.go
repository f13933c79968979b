package dynamics_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

func quadratic(spectrum ...float64) *sgdlab.Site {
	return &sgdlab.Site{Model: must(model.NewQuadratic(model.QuadraticSettings{Spectrum: spectrum}, nil))}
}

// growth returns the rate, by step, at which replicas with a β each move away from 0 on ½S‖x‖², at ηS a part above or below the threshold.
func growth(t *testing.T, betas []float64, nesterov bool, threshold func(beta float64) float64, part float64) []float64 {
	t.Helper()
	const sharp, steps = 1.7, 60_000
	rates := make([]float64, len(betas))
	for i, b := range betas {
		rates[i] = threshold(b) * (1 + part) / sharp
	}
	s := must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Table(rates), Momentum: sgdlab.Table(betas), Nesterov: nesterov}, quadratic(sharp)))
	at := clock(1, 0)
	for l := range at.Point {
		at.Point[l] = int32(min(l, len(betas)-1))
	}
	state := make(lanes.Pack, sgdlab.Size(s))
	s.Init(state, lanes.Of([]float64{1e-3}), at, lanes.All)
	size := func() lanes.Vec {
		v := state[0]
		for l := range v {
			v[l] = math.Hypot(v[l], state[1][l])
		}
		return v
	}
	var logs lanes.Vec
	for k := range steps {
		s.Step(state, at, lanes.All, nil)
		if k%100 == 99 { // keep in range
			for l, r := range size() {
				if k > steps/2 {
					logs[l] += math.Log(r / 1e-3)
				}
				state[0][l] *= 1e-3 / r
				state[1][l] *= 1e-3 / r
			}
		}
	}
	return logs[:len(betas)]
}

// TestMomentumThresholds: on a quadratic heavy balls part from the minimum just where ηS > 2(1+β), and Nesterov's just where
// ηS > 2(1+β)/(1+2β).
func TestMomentumThresholds(t *testing.T) {
	betas := []float64{0, 0.3, 0.5, 0.9, 0.99}
	for _, nesterov := range []bool{false, true} {
		threshold := func(b float64) float64 {
			if nesterov {
				return 2 * (1 + b) / (1 + 2*b)
			}
			return 2 * (1 + b)
		}
		for _, part := range []float64{-1e-4, 1e-4} {
			for i, g := range growth(t, betas, nesterov, threshold, part) {
				if g > 0 != (part > 0) || g == 0 {
					t.Errorf("β = %g, Nesterov %t: at ηS a part %g beyond the threshold θ grows by e^%g", betas[i], nesterov, part, g)
				}
			}
		}
	}
}

// TestMomentumSteps: against the recursions written out, with kicks, of which each is part of a step; lanes have their own β.
func TestMomentumSteps(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	d := site.Model.Dim()
	betas := []float64{0, 0.8}
	for _, nesterov := range []bool{false, true} {
		for _, kicked := range []bool{false, true} {
			c := dynamics.GDSettings{Rate: sgdlab.Table([]float64{0.02, 0.05}), Momentum: sgdlab.Table(betas), Nesterov: nesterov}
			plain := dynamics.GDSettings{Rate: c.Rate}
			if kicked {
				c.Noise = []sgdlab.Part[sgdlab.Noise]{noisy(isotropic(0.3), gaussian(noise.LawSettings{})), noisy(perSample, rademacher)}
				plain.Noise = c.Noise
			}
			s, descent := must(dynamics.NewGD(c, site)), must(dynamics.NewGD(plain, site))
			if s.Random() != kicked {
				t.Errorf("kicked %t, random %t", kicked, s.Random())
			}
			if k, ok := s.(sgdlab.Kicked); ok != kicked || ok && len(k.Kicks()) != 2 {
				t.Errorf("kicked %t, says %t", kicked, ok)
			}
			at := clock(3, 0)
			for l := range at.Point {
				at.Point[l] = int32(l % 2)
			}
			state := make(lanes.Pack, sgdlab.Size(s))
			for j := range state {
				state[j] = lanes.Splat(math.NaN())
			}
			s.Init(state, lanes.Of(normals("theta", d)), at, lanes.All)
			theta, v := append(lanes.Pack{}, state[:d]...), make(lanes.Pack, d)
			for range 30 {
				step := append(lanes.Pack{}, theta...)
				descent.Step(step, at, lanes.All, nil)
				lanes.Sub(step, step, theta)
				for j := range theta {
					for l := range theta[j] {
						b := betas[l%2]
						v[j][l] = b*v[j][l] + step[j][l]
						if nesterov {
							theta[j][l] += b*v[j][l] + step[j][l]
						} else {
							theta[j][l] += v[j][l]
						}
					}
				}
				advance(at, s.Step(state, at, lanes.All, nil))
			}
			for j, row := range append(append(lanes.Pack{}, theta...), v...) {
				for l, want := range row {
					if !(math.Abs(state[j][l]-want) <= 1e-12*(1+math.Abs(want))) {
						t.Errorf("Nesterov %t, kicked %t: row %d of lane %d is %.17g, want %.17g", nesterov, kicked, j, l, state[j][l], want)
					}
				}
			}
		}
	}
}

// TestMomentumRate: for small η momentum is descent at the rate η/(1−β): on ½λx² the slow mode of the heavy ball is known in closed form.
func TestMomentumRate(t *testing.T) {
	const eta, beta, lambda = 1e-3, 0.9, 1.3
	s := must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta), Momentum: sgdlab.Constant(beta)}, quadratic(lambda)))
	at := clock(1, 0)
	state := make(lanes.Pack, 2)
	s.Init(state, lanes.Of([]float64{1}), at, lanes.All)
	run := func(n int) float64 {
		for range n {
			s.Step(state, at, lanes.All, nil)
		}
		return state[0][0]
	}
	a := run(500)
	got := math.Log(run(100)/a) / 100
	sum := 1 + beta - eta*lambda // x² − (1 + β − ηλ)x + β
	if want := math.Log((sum + math.Sqrt(sum*sum-4*beta)) / 2); math.Abs(got-want) > 1e-12 {
		t.Errorf("x decays by %.15g a step, want %.15g", got, want)
	}
}

// TestMomentumVariance: the chain v′ = βv − η(λx + ξ) has the stationary variance ησ²(1+β)/(λ(1−β)(2(1+β) − ηλ)), to 5.3 standard errors.
func TestMomentumVariance(t *testing.T) {
	const eta, beta, lambda, temperature, steps = 0.2, 0.6, 1.5, 0.3, 40_000
	c := dynamics.GDSettings{Rate: sgdlab.Constant(eta), Momentum: sgdlab.Constant(beta), Noise: []sgdlab.Part[sgdlab.Noise]{
		noisy(func(s *sgdlab.Site) (sgdlab.Source, error) {
			return noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(temperature)}}, s)
		}, gaussian(noise.LawSettings{}))}}
	s := must(dynamics.NewGD(c, quadratic(lambda)))
	at := clock(5, 0)
	state := make(lanes.Pack, 2)
	s.Init(state, lanes.Of([]float64{0}), at, lanes.All)
	sum, n := 0.0, 0.0
	for k := range steps {
		advance(at, s.Step(state, at, lanes.All, nil))
		if k > 200 {
			for _, x := range state[0] {
				sum, n = sum+x*x, n+1
			}
		}
	}
	variance := 2 * temperature / eta // of ξ
	want := eta * variance * (1 + beta) / (lambda * (1 - beta) * (2*(1+beta) - eta*lambda))
	// Autocorrelations decay as √β = 0.77 a step, squares as 0.6: the sum over lags is below (1+0.6)/(1−0.6).
	if se := want * math.Sqrt(2/n*(1+beta)/(1-beta)); math.Abs(sum/n-want) > 5.3*se {
		t.Errorf("variance %.6g, want %.6g within %.2g", sum/n, want, 5.3*se)
	}
}

func TestMomentumErrors(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	rate := sgdlab.Constant(eta)
	for _, err := range []error{
		func() error {
			_, err := dynamics.NewGD(dynamics.GDSettings{Rate: rate, Nesterov: true}, site)
			return err
		}(),
		func() error {
			_, err := dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 1, Nesterov: true}, site)
			return err
		}(),
	} {
		if err == nil || !strings.Contains(err.Error(), "give `momentum`") {
			t.Errorf("error %v", err)
		}
	}
	s := must(dynamics.NewGD(dynamics.GDSettings{Rate: rate, Momentum: sgdlab.Constant(0.5)}, site))
	if a, ok := s.(sgdlab.Altered); !ok || a.Altered() != "with momentum" {
		t.Error("momentum is not said to be altered")
	}
	plain := must(dynamics.NewGD(dynamics.GDSettings{Rate: rate}, site))
	if a, ok := plain.(sgdlab.Altered); !ok || a.Altered() != "" {
		t.Error("plain descent is said to be altered")
	}
}
