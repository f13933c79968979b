package dynamics_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/model"
)

func quadratic(t *testing.T, spectrum ...float64) sgdlab.Model {
	t.Helper()
	m, err := model.NewQuadratic(model.QuadraticSettings{Spectrum: spectrum}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func built(t *testing.T) func(s sgdlab.Stepper, err error) sgdlab.Stepper {
	return func(s sgdlab.Stepper, err error) sgdlab.Stepper {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func started(s sgdlab.Stepper, theta ...float64) lanes.Pack {
	state := make(lanes.Pack, sgdlab.Size(s))
	s.Init(state, lanes.Of(theta), &sgdlab.Clock{}, lanes.All)
	return state
}

// Momentum is stable on a quadratic up to ηλ = 2(1 + β), Nesterov's up to 2(1 + β)/(1 + 2β): a hair below it shrinks, above it grows.
func TestMomentumThresholds(t *testing.T) {
	for _, beta := range []float64{0, 0.5, 0.9} {
		for _, nesterov := range []bool{false, true} {
			edge := 2 * (1 + beta)
			if nesterov {
				edge /= 1 + 2*beta
			}
			for _, off := range []float64{-1e-4, 1e-4} {
				s := built(t)(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(edge * (1 + off)), Momentum: sgdlab.Constant(beta), Nesterov: nesterov}, &sgdlab.Site{Model: quadratic(t, 1)}))
				state := started(s, 1)
				late, at := 0.0, &sgdlab.Clock{}
				for k := range 200_000 {
					s.Step(state, at, lanes.All, nil)
					if k == 100_000 {
						late = math.Abs(state[0][0])
					}
				}
				grew := !(math.Abs(state[0][0]) < late) || math.Abs(state[0][0]) > 1
				if grew != (off > 0) {
					t.Errorf("β = %g, Nesterov %t, %+g off the edge: |θ| from %g to %g", beta, nesterov, off, late, math.Abs(state[0][0]))
				}
			}
		}
	}
}

// Two steps by hand.
func TestMomentumByHand(t *testing.T) {
	for _, nesterov := range []bool{false, true} {
		s := built(t)(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(0.25), Momentum: sgdlab.Constant(0.5), Nesterov: nesterov}, &sgdlab.Site{Model: quadratic(t, 1)}))
		state, at := started(s, 1), &sgdlab.Clock{}
		want := [][2]float64{{0.75, -0.25}, {0.4375, -0.3125}} // v = −¼, θ = ¾; v = −⅛ − 3/16
		if nesterov {
			want = [][2]float64{{0.625, -0.25}, {0.328125, -0.28125}} // θ = 1 − ⅛ − ¼; v = −⅛ − 5/32, θ = ⅝ + v/2 − 5/32
		}
		for _, w := range want {
			s.Step(state, at, lanes.All.Without(1), nil)
			if state[0][0] != w[0] || state[1][0] != w[1] || state[0][1] != 1 || state[1][1] != 0 {
				t.Errorf("Nesterov %t: got θ %g, v %g, want %v; beside it %g, %g", nesterov, state[0][0], state[1][0], w, state[0][1], state[1][1])
			}
		}
	}
}

// The tangent of a step is its derivative, by central differences.
func TestTangents(t *testing.T) {
	m, err := model.NewRosenbrock(model.RosenbrockSettings{Steepness: 5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]dynamics.GDSettings{
		"gd": {Rate: sgdlab.Constant(0.01)}, "Polyak": {Rate: sgdlab.Constant(0.01), Momentum: sgdlab.Constant(0.7)},
		"Nesterov": {Rate: sgdlab.Constant(0.01), Momentum: sgdlab.Constant(0.7), Nesterov: true},
	} {
		s := built(t)(dynamics.NewGD(c, &sgdlab.Site{Model: m}))
		push, err := s.(sgdlab.Smooth).Tangent()
		if err != nil {
			t.Fatal(err)
		}
		size, at := sgdlab.Size(s), &sgdlab.Clock{}
		state, v, dst := make(lanes.Pack, size), make(lanes.Pack, size), make(lanes.Pack, size)
		for j := range state {
			state[j], v[j] = lanes.Splat(0.3+0.4*float64(j)), lanes.Splat(1-0.6*float64(j))
		}
		push(dst, state, v, at, &lanes.Arena{})
		const h = 1e-5
		step := func(sign float64) lanes.Pack {
			p := append(lanes.Pack(nil), state...)
			lanes.AddScaled(p, lanes.Splat(sign*h), v)
			s.Step(p, at, lanes.All, nil)
			return p
		}
		up, down := step(1), step(-1)
		for j := range dst {
			if got, want := dst[j][0], (up[j][0]-down[j][0])/(2*h); math.Abs(got-want) > 1e-8 {
				t.Errorf("%s, coordinate %d: %.10g, by differences %.10g", name, j, got, want)
			}
		}
	}
	noisy := built(t)(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(0.1)}, &sgdlab.Site{Model: m}))
	if _, err := noisy.(sgdlab.Smooth).Tangent(); err == nil {
		t.Error("normalised descent has a tangent")
	}
}

// On L = (1 + y²)x² both creep along the minima x = 0 as their slow flows say: ln y + y²/2 falls by τ/2 with normalised steps,
// y = y₀e^(−τ/2) on √L.
func TestSlowFlows(t *testing.T) {
	m, err := model.NewFormula(model.FormulaSettings{Loss: "(1 + y^2)*x^2", Settings: variables("x", "y")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const eta, y0 = 0.01, 1.5
	site := &sgdlab.Site{Model: m}
	for name, tc := range map[string]struct {
		s    sgdlab.Stepper
		want float64
		by   float64
	}{
		"normalised": {built(t)(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(eta)}, site)), 1.01523, 1e-4},
		"√L":         {built(t)(dynamics.NewRootLoss(dynamics.RootLossSettings{Rate: sgdlab.Constant(eta)}, site)), y0 * math.Exp(-1), 2e-4},
	} {
		state, at := started(tc.s, 0.3*eta, y0), &sgdlab.Clock{}
		for range int(math.Round(2 / (eta * eta))) {
			tc.s.Step(state, at, lanes.All, nil)
		}
		if y := state[1][0]; math.Abs(y-tc.want) > tc.by {
			t.Errorf("%s: y(2) = %.6f, want %.6f", name, y, tc.want)
		}
	}
	// A point without a gradient stays.
	s := built(t)(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(eta)}, site))
	state := started(s, 0, 1)
	s.Step(state, &sgdlab.Clock{}, lanes.All, nil)
	if state[0][0] != 0 || state[1][0] != 1 {
		t.Errorf("a zero gradient moved it to %g, %g", state[0][0], state[1][0])
	}
}

func variables(names ...string) formula.Settings { return formula.Settings{Variables: names} }
