package observable

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

// On both parametrisations of a diagonal network, under GD, SGD and label noise, ln|u² − v²| of each pair moves by the product of its steps; of GD
// the product is all drift; and a step that adds something else shows in the residual alone.
func TestHyperbolicBudget(t *testing.T) {
	set, err := data.NewGaussian(data.GaussianSettings{Samples: 6, Inputs: 4, Outputs: 1, Teacher: "gaussian", LabelNoise: 0.5}, &data.Env{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	labels := &noise.LabelNoiseSettings{Amplitude: sgdlab.Constant(0.3)}
	for _, parametrisation := range []string{"product", "difference-of-powers"} {
		m, err := model.NewDiagonal(model.DiagonalSettings{Parametrisation: parametrisation, Depth: 2}, set)
		if err != nil {
			t.Fatal(err)
		}
		site := &sgdlab.Site{Model: m, Data: set}
		for name, build := range map[string]func() (sgdlab.Stepper, error){
			"gd": func() (sgdlab.Stepper, error) {
				return dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(0.05)}, site)
			},
			"sgd": func() (sgdlab.Stepper, error) {
				return dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(0.05), Batch: 2}, site)
			},
			"label": func() (sgdlab.Stepper, error) {
				return dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(0.05), LabelNoise: labels}, site)
			},
		} {
			s, err := build()
			if err != nil {
				t.Fatal(err)
			}
			a, err := NewHyperbolicProduct(HyperbolicProductSettings{Each: true, Budget: true}, site)
			if err != nil {
				t.Fatal(err)
			}
			o, err := NewHyperbolicInvariant(HyperbolicInvariantSettings{Each: true}, site)
			if err != nil {
				t.Fatal(err)
			}
			var ws lanes.Arena
			theta, at := lanes.Of([]float64{0.5, -0.4, 0.9, 0.2, 0.3, 0.6, -0.1, 0.7}), &sgdlab.Clock{}
			for l := range at.Replica {
				at.Replica[l] = uint64(l)
			}
			acc, first, last := make(lanes.Pack, len(a.Columns())), make(lanes.Pack, 5), make(lanes.Pack, 5)
			o.Observe(first, theta, at, &ws)
			step := func(add float64) {
				rec := sgdlab.StepRecord{At: at}
				before := append(lanes.Pack{}, theta...)
				s.Step(theta, at, lanes.All, &rec)
				for l := range theta[0] {
					theta[0][l] += add
				}
				a.Add(acc, before, theta, &rec, &ws)
				for l := range at.Step {
					at.Step[l]++
					at.Time[l] += rec.Dt[l]
				}
			}
			for range 50 {
				step(0)
			}
			o.Observe(last, theta, at, &ws)
			for l := range lanes.W {
				if d := last[0][l] - first[0][l] - acc[0][l]; math.Abs(d) > 1e-12 {
					t.Errorf("%s, %s: the mean moves by %g, off by %g", parametrisation, name, acc[0][l], d)
				}
				for i := range 4 {
					if d := last[1+i][l] - first[1+i][l] - acc[4+i][l]; math.Abs(d) > 1e-12 {
						t.Errorf("%s, %s: pair %d moves by %g, off by %g", parametrisation, name, i, acc[4+i][l], d)
					}
				}
				if math.Abs(acc[3][l]) > 1e-12 || acc[1][l]+acc[2][l]-acc[0][l] != 0 && math.Abs(acc[1][l]+acc[2][l]-acc[0][l]) > 1e-15 {
					t.Errorf("%s, %s: drift %g, noise %g, residual %g of %g", parametrisation, name, acc[1][l], acc[2][l], acc[3][l], acc[0][l])
				}
				if (name == "gd") != (math.Abs(acc[2][l]) < 1e-13) || !(acc[0][l] < -1e-6) {
					t.Errorf("%s, %s: noise %g of %g", parametrisation, name, acc[2][l], acc[0][l])
				}
			}
			step(0.25)
			if math.Abs(acc[3][0]) < 1e-3 {
				t.Errorf("%s, %s: a push of θ leaves the residual %g", parametrisation, name, acc[3][0])
			}
		}
	}
}
