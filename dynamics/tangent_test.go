package dynamics_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
)

func mustStepper(t *testing.T) func(s sgdlab.Stepper, err error) sgdlab.Stepper {
	return func(s sgdlab.Stepper, err error) sgdlab.Stepper {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
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
		s := mustStepper(t)(dynamics.NewGD(c, &sgdlab.Site{Model: m}))
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
	noisy := mustStepper(t)(dynamics.NewNormalised(dynamics.NormalisedSettings{Rate: sgdlab.Constant(0.1)}, &sgdlab.Site{Model: m}))
	if _, err := noisy.(sgdlab.Smooth).Tangent(); err == nil {
		t.Error("normalised descent has a tangent")
	}
}
