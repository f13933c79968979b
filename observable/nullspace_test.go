package observable_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/observable"
	"sgdlab/start"
)

// few is a network on fewer samples than inputs, with a random start.
func few(outputs int, build func(*data.Set) (sgdlab.Model, error)) *sgdlab.Site {
	set := made(data.NewGaussian(data.GaussianSettings{Samples: 4, Inputs: 7, Outputs: outputs, Teacher: "none", LabelNoise: 1}, &data.Env{Seed: 5}))
	s := &sgdlab.Site{Data: set, Model: made(build(set)), Place: "start"}
	s.Start = made(start.NewGaussian(start.GaussianSettings{Deviation: sgdlab.Constant(0.7)}, s))
	return s
}

// fewNetworks are of one, two and three layers, and of rank one.
func fewNetworks() map[string]*sgdlab.Site {
	deep := func(widths ...int) func(*data.Set) (sgdlab.Model, error) {
		return func(set *data.Set) (sgdlab.Model, error) {
			return model.NewDeepLinear(model.DeepLinearSettings{Widths: widths}, set)
		}
	}
	return map[string]*sgdlab.Site{
		"one layer": few(2, deep(7, 2)), "two layers": few(2, deep(7, 5, 2)), "three layers": few(2, deep(7, 4, 5, 2)),
		"rank one": few(1, func(set *data.Set) (sgdlab.Model, error) {
			return model.NewRankOne(model.RankOneSettings{Width: 5, Depth: 2}, set)
		}),
	}
}

// TestNullSpace: the part of W₁ that the inputs do not see stays, whatever the gradients, and where the network fits its targets that is where it ends.
func TestNullSpace(t *testing.T) {
	for network, site := range fewNetworks() {
		o := made(observable.NewNullSpace(observable.NullSpaceSettings{}, site))
		for name, build := range descents(0.01) {
			theta := make(lanes.Pack, site.Model.Dim())
			at := &sgdlab.Clock{}
			for l := range at.Replica {
				at.Seed[l], at.Replica[l] = 3, uint64(l)
			}
			site.Origin()(theta, at)
			begun := read(o, theta, at)
			end, _ := walked(build(site), theta, 12000, nil)
			loss := site.Model.Loss(end, &lanes.Arena{})
			got := read(o, end, at)
			fits := !strings.Contains(name, "noise")
			for l := range lanes.W {
				if begun[1][l] != 0 || begun[2][l] < 0.1 || begun[0][l] < 0.1 {
					t.Errorf("%s: at the start %v", network, begun)
				}
				if !(got[1][l] < 1e-11) {
					t.Errorf("%s, %s: the null space drifts by %g", network, name, got[1][l])
				}
				if fits && loss[l] < 1e-20 && !(got[2][l] < 1e-8) || !fits && got[2][l] < 1e-3 {
					t.Errorf("%s, %s: solution gap %g at a loss of %g", network, name, got[2][l], loss[l])
				}
			}
			if fits && loss[0] > 1e-20 && loss[1] > 1e-20 && loss[2] > 1e-20 {
				t.Errorf("%s, %s: loss %v: no test", network, name, loss)
			}
		}
		kick := func(s *sgdlab.Site) (sgdlab.Noise, error) {
			return noise.Join(made(noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(0.01)}}, s)),
				made(noise.NewGaussian(noise.GaussianSettings{}, s)))
		}
		theta, at := startOf(site.Model.Dim(), 0.5), &sgdlab.Clock{}
		end, _ := walked(made(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(0.02), Noise: []sgdlab.Part[sgdlab.Noise]{kick}}, site)), theta, 50, nil)
		if a, b := read(o, theta, at), read(o, end, at); !(math.Abs(a[1][0]-b[1][0]) > 1e-2) {
			t.Errorf("%s: added noise moves the null space from %g to %g", network, a[1][0], b[1][0])
		}
	}
	_, err := observable.NewNullSpace(observable.NullSpaceSettings{}, deepLinear("mean-half", 3, 4, 2))
	if err == nil || !strings.Contains(err.Error(), "no start") && !strings.Contains(err.Error(), "there is none") {
		t.Errorf("without a start: %v", err)
	}
}

func read(o sgdlab.Observable, theta lanes.Pack, at *sgdlab.Clock) lanes.Pack {
	dst := make(lanes.Pack, len(o.Columns()))
	o.Observe(dst, theta, at, &lanes.Arena{})
	return dst
}

// TestRankOneStep: whatever the weights c of a step, the vectors behind the first are a pair under one multiplier s = Σ cᵢ u·xᵢ, so that
// ‖v‖² − ‖w‖² is multiplied by 1 − η²s², and w·v is what it was, times 1 + η²s², less ηs(‖v‖² + ‖w‖²).
func TestRankOneStep(t *testing.T) {
	const d, h = 7, 5
	site := fewNetworks()["rank one"]
	for name, build := range descents(0.02) {
		stepper, at := build(site), &sgdlab.Clock{}
		theta := startOf(site.Model.Dim(), 0.7)
		for range 100 {
			before := append(lanes.Pack(nil), theta...)
			rec := sgdlab.StepRecord{At: at}
			dt := stepper.Step(theta, at, lanes.All, &rec)
			for l := range lanes.W {
				s := 0.0 // from the gradient in v, which is s·w
				at := func(p lanes.Pack, vector, i int) float64 { return p[d+h*vector+i][l] }
				square := func(p lanes.Pack, a, b int) (sum float64) {
					for i := range h {
						sum += at(p, a, i) * at(p, b, i)
					}
					return sum
				}
				for i := range h {
					s += at(rec.Gradient, 0, i) * at(before, 1, i) / square(before, 1, 1)
				}
				x := dt[l] * s
				v, w, rho := square(before, 0, 0), square(before, 1, 1), square(before, 0, 1)
				if got, want := square(theta, 0, 0)-square(theta, 1, 1), (v-w)*(1-x*x); math.Abs(got-want) > 1e-13*(v+w) {
					t.Fatalf("%s: ‖v‖² − ‖w‖² = %.17g, want %.17g", name, got, want)
				}
				if got, want := square(theta, 0, 1), rho*(1+x*x)-x*(v+w); math.Abs(got-want) > 1e-13*(v+w) {
					t.Fatalf("%s: w·v = %.17g, want %.17g", name, got, want)
				}
			}
			for l := range at.Step {
				at.Step[l]++
			}
		}
	}
}
