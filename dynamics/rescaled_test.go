package dynamics_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

// channel is L = (1 + y²)x², whose minima are the axis x = 0, with λ₁ = 2(1 + y²).
func channel() *sgdlab.Site {
	return &sgdlab.Site{Model: must(model.NewFormula(model.FormulaSettings{Loss: "(1 + y^2)*x^2", Settings: formula.Settings{Variables: []string{"x", "y"}}}, nil))}
}

var slowRates = []float64{0.02, 0.01, 0.005}

// slow follows the channel from (part·η, 1.5) to τ, lanes at slowRates by turns, and calls see after each step.
func slow(t *testing.T, build func(rate sgdlab.Setting) (sgdlab.Stepper, error), part, tau float64, see func(k int, theta lanes.Pack)) lanes.Pack {
	t.Helper()
	rates := sgdlab.Table(slowRates)
	s := must(build(rates))
	at := clock(1, 0)
	theta := lanes.Of([]float64{0, 1.5})
	steps := 0
	for l := range lanes.W {
		at.Point[l] = int32(l % len(slowRates))
		eta := slowRates[l%len(slowRates)]
		theta[0][l] = part * eta
		steps = max(steps, int(math.Round(tau/(eta*eta))))
	}
	for k := range steps {
		live := lanes.None
		for l := range lanes.W {
			if eta := slowRates[l%len(slowRates)]; k < int(math.Round(tau/(eta*eta))) {
				live = live.With(l)
			}
		}
		s.Step(theta, at, live, nil)
		if see != nil {
			see(k, theta)
		}
	}
	return theta
}

// TestNormalisedSlides: along a valley of minima normalised GD follows dY/dτ = −¼∂log λ₁, τ = η²k: ln y + y²/2 = c − τ/2, whatever x₀/η, at
// order η²; the numbers are those of the flow to all digits printed.
func TestNormalisedSlides(t *testing.T) {
	build := func(rate sgdlab.Setting) (sgdlab.Stepper, error) {
		return dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: rate}, channel())
	}
	for _, tc := range []struct{ part, tau float64 }{{0.3, 2}, {0.1, 2}, {0.5, 1}, {0.2, 4}} {
		y := slow(t, build, tc.part, tc.tau, nil)[1]
		want := 1.0
		for range 60 { // Newton
			f := math.Log(want) + want*want/2 - (math.Log(1.5) + 1.5*1.5/2 - tc.tau/2)
			want -= f / (1/want + want)
		}
		for i, eta := range slowRates {
			if !(math.Abs(y[i]-want) <= eta*eta) {
				t.Errorf("y(%g) = %.6f at η = %g, the flow has %.6f", tc.tau, y[i], eta, want)
			}
		}
		if tc.tau == 2 && math.Abs(y[1]-1.01524) > 1e-5 {
			t.Errorf("y(2) = %.6f at η = 0.01, want 1.01524", y[1])
		}
	}
}

// TestRootLossSlides: GD on √L follows dY/dτ = −⅛∂λ₁, here y = y₀exp(−τ/2), and √L of two steps sum to ½ηλ₁(1 + O(η²)).
func TestRootLossSlides(t *testing.T) {
	site := channel()
	build := func(rate sgdlab.Setting) (sgdlab.Stepper, error) {
		return dynamics.NewRootLoss(dynamics.RootLossSettings{Rate: rate}, site)
	}
	root := func(theta lanes.Pack) lanes.Vec {
		var ws lanes.Arena
		v := site.Model.Loss(theta, &ws)
		for l := range v {
			v[l] = math.Sqrt(v[l])
		}
		return v
	}
	var last, sum lanes.Vec
	y := slow(t, build, 0.3, 2, func(k int, theta lanes.Pack) {
		now := root(theta)
		for l := range now {
			if now[l] != last[l] { // the lane is still going
				sum[l] = last[l] + now[l]
				last[l] = now[l]
			}
		}
	})
	var off []float64
	for i, eta := range slowRates {
		if want := 1.5 * math.Exp(-1); !(math.Abs(y[1][i]-want) <= eta*eta) {
			t.Errorf("y(2) = %.6f at η = %g, want %.6f", y[1][i], eta, want)
		}
		off = append(off, math.Abs(sum[i]/(eta*(1+y[1][i]*y[1][i]))-1))
		if !(off[i] < eta*eta) {
			t.Errorf("the sum rule is off by %g at η = %g", off[i], eta)
		}
	}
	if got := math.Log2(off[0]/off[2]) / 2; math.Abs(got-2) > 0.1 {
		t.Errorf("the sum rule holds to order %.3f, want 2", got)
	}
	if math.Abs(y[1][1]-0.55180) > 1e-5 {
		t.Errorf("y(2) = %.6f at η = 0.01, want 0.55180", y[1][1])
	}
}

// TestNormalisedCycle: on a quadratic Ax/η ends on a 2-cycle along the top eigenvector, of norms that sum to λ₁.
func TestNormalisedCycle(t *testing.T) {
	const eta = 0.1
	s := must(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(eta)}, quadratic(3, 1, 0.4)))
	theta, at := lanes.Of([]float64{0.013, 0.3, -0.5}), clock(1, 0)
	for range 10_000 {
		s.Step(theta, at, lanes.All, nil)
	}
	one := 3 * math.Abs(theta[0][0]) / eta
	s.Step(theta, at, lanes.All, nil)
	if sum := one + 3*math.Abs(theta[0][0])/eta; math.Abs(sum-3) > 1e-12 || math.Abs(theta[1][0]) > 1e-12 || math.Abs(theta[2][0]) > 1e-12 {
		t.Errorf("norms sum to %.15g, want 3; θ = %v", sum, theta.Lane(nil, 0))
	}
}

// TestNormalisedSteps: every step has the length η, of whatever gradient and however small, along it; where the gradient is 0 it has none.
func TestNormalisedSteps(t *testing.T) {
	const eta = 0.37
	site := networks()["deep-linear under mean-half"]
	d := site.Model.Dim()
	for _, c := range []dynamics.NormalisedSettings{
		{}, {LabelNoise: labels(zeta, nil)}, {Batch: 2}, {Batch: 2, LabelNoise: labels(zeta, nil), Draw: samplerOf(noise.NewWithoutReplacement).part()},
	} {
		c.Rate = sgdlab.Constant(eta)
		s := must(dynamics.NewNormalised(c, site))
		var plain sgdlab.Stepper
		if c.Batch > 0 {
			draw := c.Draw
			if draw == nil {
				draw = samplerOf(noise.NewWithReplacement).part()
			}
			plain = must(dynamics.NewSGD(dynamics.SGDSettings{Rate: c.Rate, Batch: c.Batch, Draw: draw, LabelNoise: c.LabelNoise}, site))
		} else {
			plain = must(dynamics.NewGD(dynamics.GDSettings{Rate: c.Rate, LabelNoise: c.LabelNoise}, site))
		}
		if s.Random() != plain.Random() {
			t.Errorf("random %t, want %t", s.Random(), plain.Random())
		}
		theta := normals("theta", d)
		got, want := stepOf(s, theta), stepOf(plain, theta)
		norm := lanes.Dot(want, want)
		for j := range got {
			for l := range got[j] {
				if w := eta * want[j][l] / math.Sqrt(norm[l]); math.Abs(got[j][l]-w) > 1e-14 {
					t.Errorf("a step of %g, want %g", got[j][l], w)
				}
			}
		}
	}
	flat := must(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(eta)}, quadratic(3, 4)))
	at := clock(1, 0)
	theta := lanes.Pack{{0, 1e-200, 1e-320, 1e200, math.NaN(), 0, 1}, {0, 0, 0, 1e200, 0, 1e-310, 0}}
	before := append(lanes.Pack{}, theta...)
	flat.Step(theta, at, lanes.All, nil)
	lanes.Sub(theta, theta, before)
	for l, want := range [][2]float64{{0, 0}, {-eta, 0}, {-eta, 0}, {0, 0}, {math.NaN(), math.NaN()}, {0, -eta}, {-eta, 0}} { // at 1e200 the step is lost in rounding
		for j := range 2 {
			if g := theta[j][l]; !(math.Abs(g-want[j]) <= 1e-15) && !(math.IsNaN(g) && math.IsNaN(want[j])) {
				t.Errorf("lane %d moves by %g in coordinate %d, want %g", l, g, j, want[j])
			}
		}
	}
}

// TestRootLossEnds: at the least value a replica stays, below it by rounding too, and below it by more it is NaN; the gradient is that of √L.
func TestRootLossEnds(t *testing.T) {
	const h = 1e-6
	site := quadratic(3, 4)
	at := clock(1, 0)
	at.Point[3] = 1
	s := must(dynamics.NewRootLoss(dynamics.RootLossSettings{Rate: sgdlab.Constant(1), Minimum: sgdlab.Table([]float64{-1, 0.5 * 3 * (1 + 1e-13)})}, site))
	theta := lanes.Pack{{0, 1, 0.3, 1}, {0, 1, -0.7, 0}}
	before := append(lanes.Pack{}, theta...)
	s.Step(theta, at, lanes.All, nil)
	lanes.Sub(theta, theta, before)
	root := func(x, y float64) float64 { return math.Sqrt(1.5*x*x + 2*y*y + 1) }
	for l := range 3 {
		x, y := before[0][l], before[1][l]
		for j, want := range []float64{(root(x-h, y) - root(x+h, y)) / (2 * h), (root(x, y-h) - root(x, y+h)) / (2 * h)} {
			if math.Abs(theta[j][l]-want) > 1e-9 {
				t.Errorf("lane %d moves by %g in coordinate %d, want %g", l, theta[j][l], j, want)
			}
		}
	}
	if theta[0][3] != 0 || theta[1][3] != 0 {
		t.Errorf("at the least value a replica moves by %g, %g", theta[0][3], theta[1][3])
	}
	low := must(dynamics.NewRootLoss(dynamics.RootLossSettings{Rate: sgdlab.Constant(1), Minimum: sgdlab.Constant(2)}, site))
	if p := stepOf(low, []float64{1, 0}); !math.IsNaN(p[0][0]) {
		t.Errorf("a replica below the least value moves by %g", p[0][0])
	}
	if p := stepOf(must(dynamics.NewRootLoss(dynamics.RootLossSettings{Rate: sgdlab.Constant(1)}, site)), []float64{0, 0}); p[0][0] != 0 {
		t.Errorf("a replica at the minimum moves by %g", p[0][0])
	}
}

func TestRescaledReports(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	rate := sgdlab.Constant(eta)
	_, err := dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: rate, Draw: samplerOf(noise.NewWithReplacement).part()}, site)
	if err == nil || !strings.Contains(err.Error(), "give the batch B") {
		t.Errorf("error %v", err)
	}
	for want, s := range map[string]sgdlab.Stepper{
		"along the normalised gradient":               must(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: rate}, site)),
		"along the normalised gradient with momentum": must(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: rate, Momentum: rate}, site)),
		"on the logarithm of the loss":                must(dynamics.NewLogLoss(dynamics.LogLossSettings{Rate: rate}, site)),
		"on the root of the loss":                     must(dynamics.NewRootLoss(dynamics.RootLossSettings{Rate: rate}, site)),
	} {
		if got := s.(sgdlab.Altered).Altered(); got != want {
			t.Errorf("altered %q, want %q", got, want)
		}
		if m, ok := s.(sgdlab.Inertial); ok {
			if beta, _ := m.Inertia(); beta != nil {
				t.Error("momentum is not all that is altered")
			}
		}
	}
}

// TestLogLossStep: a step is that of descent at the rate η/(L − L_min), by its formula on ½λx², where it multiplies x by
// 1 − 2η/x² whatever λ; at the bound and below it is NaN.
func TestLogLossStep(t *testing.T) {
	m := must(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{3}}, nil))
	site := &sgdlab.Site{Model: m, Place: "gd"}
	s := must(dynamics.NewLogLoss(dynamics.LogLossSettings{Rate: sgdlab.Constant(0.1)}, site))
	if p := stepOf(s, []float64{2}); math.Abs(p[0][0]+0.1) > 1e-15 {
		t.Errorf("a step by %g", p[0][0])
	}
	low := must(dynamics.NewLogLoss(dynamics.LogLossSettings{Rate: sgdlab.Constant(0.1), Minimum: sgdlab.Constant(1)}, site))
	if p, want := stepOf(low, []float64{2}), -0.1*6/5; math.Abs(p[0][0]-want) > 1e-15 {
		t.Errorf("a step by %g, want %g", p[0][0], want)
	}
	if p := stepOf(low, []float64{0.5}); !math.IsNaN(p[0][0]) {
		t.Errorf("below the bound a step by %g", p[0][0])
	}
	if p := stepOf(s, []float64{0}); !math.IsNaN(p[0][0]) {
		t.Errorf("at the bound a step by %g", p[0][0])
	}
}
