package fused

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/observable"
	"sgdlab/scheme"
)

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// clock is at random steps, of one phase where together is set.
func clock(r *rand.Rand, together bool) *sgdlab.Clock {
	at := &sgdlab.Clock{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l], at.Point[l] = 5, uint64(r.IntN(1000)), int32(l%2)
		at.Step[l] = r.Uint64N(1 << 20)
		if together {
			at.Step[l] &^= block - 1
		}
	}
	return at
}

func same(t *testing.T, what string, got, want lanes.Pack) {
	t.Helper()
	for j := range want {
		for l := range want[j] {
			if math.Float64bits(got[j][l]) != math.Float64bits(want[j][l]) {
				t.Fatalf("%s: coordinate %d of lane %d is %v, want %v", what, j, l, got[j][l], want[j][l])
			}
		}
	}
}

func langevin(barrier, well float64, h, temperature []float64) *scheme.Stepper {
	site := &sgdlab.Site{Model: must(model.NewDoubleWell(model.DoubleWellSettings{Barrier: barrier, Well: well}, nil)), Place: "noise[0]"}
	part := func(s *sgdlab.Site) (sgdlab.Noise, error) {
		src := must(noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Table(temperature)}}, s))
		return noise.Join(src, must(noise.NewGaussian(noise.GaussianSettings{}, s)))
	}
	return must(scheme.NewSDE(scheme.SDESettings{Step: sgdlab.Table(h), Noise: []sgdlab.Part[sgdlab.Noise]{part}}, site)).(*scheme.Stepper)
}

// A leap of the double well is the stepper's steps bit for bit, under any parameters, masks, phases and events; it takes no step in which
// the event is met or a replica leaves the bounds; and it stops before few others.
func TestDoubleWellLeaps(t *testing.T) {
	if !vectors() {
		if k := Find(langevin(1, 1, []float64{.1, .1}, []float64{1, 1}), nil); k.Leap != nil {
			t.Error("a leap without vector instructions")
		}
		return
	}
	r := rand.New(rand.NewPCG(1, 2))
	leaps, plain, hits := 0, 0, 0
	for round := range 400 {
		h := []float64{math.Ldexp(r.Float64(), -r.IntN(9)), math.Ldexp(r.Float64(), -r.IntN(9))}
		temperature := []float64{math.Ldexp(r.Float64(), -r.IntN(6)), math.Ldexp(r.Float64(), -r.IntN(6))}
		stepper := langevin(0.1+r.Float64(), 0.5+r.Float64(), h, temperature)
		var events []sgdlab.Event
		var level lanes.Vec
		if round%4 > 0 {
			e := sgdlab.Event{Name: "exit", Of: observable.Coordinate{}, Direction: sgdlab.Direction(round % 2)}
			if round%4 > 1 {
				e.Locate = must(observable.NewBridge("exit", observable.Coordinate{}, stepper.SDE()))
			}
			events = append(events, e)
			level = lanes.Splat(2 * r.NormFloat64())
		}
		kernel := Find(stepper, events)
		if kernel.Leap == nil {
			t.Fatal("no kernel")
		}
		at := clock(r, round%5 > 0)
		live := lanes.Mask(r.IntN(256))
		if round%3 > 0 {
			live = lanes.All
		}
		x := make(lanes.Pack, 1)
		w := Watch{Bound: 1e10, Armed: live &^ lanes.Mask(r.IntN(256)&r.IntN(256)), Level: level}
		if round%7 == 0 {
			w.Bound = 1.5
		}
		for l := range lanes.W {
			x[0][l] = r.NormFloat64()
			if len(events) > 0 && w.Armed.Has(l) { // on the near side
				d := math.Abs(r.NormFloat64()) + 0.01
				x[0][l] = level[l] - d
				if events[0].Direction == sgdlab.FallsBelow {
					x[0][l] = level[l] + d
				}
			}
		}
		for at.Step[0] < 1<<40 && leaps+plain < 1<<30 {
			n := 1 + r.IntN(70)
			got := append(lanes.Pack{}, x...)
			taken, dt := kernel.Leap(got, at, live, &w, n)
			if taken < 0 || taken > n {
				t.Fatalf("%d steps of %d", taken, n)
			}
			var ws lanes.Arena
			met := lanes.None
			for k := range taken + 1 {
				before := append(lanes.Pack{}, x...)
				after := append(lanes.Pack{}, x...)
				d := stepper.Step(after, at, live, nil)
				if d != dt {
					t.Fatalf("steps of length %v, want %v", dt, d)
				}
				if len(events) > 0 {
					c := sgdlab.Crossing{F0: before[0], F1: after[0], Level: level, Dt: d, Direction: events[0].Direction, Before: before, After: after, Live: live}
					var locate sgdlab.Locator = observable.AtEnd{}
					if events[0].Locate != nil {
						locate = events[0].Locate
					}
					ws.Reset()
					met, _ = locate.Locate(&c, at, &ws)
					met &= w.Armed
				}
				out := live &^ lanes.Within(after, w.Bound)
				if k == taken { // the step that it did not take, if there was one
					if met|out != 0 {
						hits++
					}
					break
				}
				if met|out != 0 {
					t.Fatalf("round %d: took a step in which lanes %08b met the event and %08b left the bounds", round, met, out)
				}
				x = after
				for l := range lanes.W {
					at.Step[l]++
				}
			}
			same(t, fmt.Sprintf("round %d, %d steps", round, taken), got, x)
			leaps += taken
			if met|(live&^lanes.Within(x, w.Bound)) != 0 || r.IntN(40) == 0 {
				break
			}
			if taken < n { // by the stepper
				plain++
				stepper.Step(x, at, live, nil)
				for l := range lanes.W {
					at.Step[l]++
				}
				if live&^lanes.Within(x, w.Bound) != 0 {
					break
				}
			}
		}
	}
	t.Logf("%d steps by leaps, %d by the stepper, %d met an event or left the bounds", leaps, plain, hits)
	if leaps < 20000 || hits < 50 || plain > leaps/4 {
		t.Errorf("%d steps by leaps, %d by the stepper, %d met an event or left the bounds: hardly a test", leaps, plain, hits)
	}
}

// A kernel is only for what it does: other schemes, landscapes, noises and events have none.
func TestDoubleWellFits(t *testing.T) {
	if !vectors() {
		return
	}
	fits := func(s *scheme.Stepper, events ...sgdlab.Event) bool { return Find(s, events).Leap != nil }
	two := []float64{.1, .1}
	falling := sgdlab.Scheduled(false, func(x lanes.Vec, _ *sgdlab.Clock) lanes.Vec { return lanes.Splat(1 / (1 + x[0])) })
	if !fits(langevin(1, 1, two, two)) {
		t.Error("no kernel")
	}
	for what, change := range map[string]func(s *scheme.Stepper){
		"heun": func(s *scheme.Stepper) { s.Scheme = scheme.Heun{} },
		"a quadratic": func(s *scheme.Stepper) {
			s.Of.Drift = sgdlab.Downhill{Model: must(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{1}}, nil))}
		},
		"a scheduled step":  func(s *scheme.Stepper) { s.Length = falling },
		"a scheduled noise": func(s *scheme.Stepper) { s.Of.Noise[0].Scale = falling },
		"two noises":        func(s *scheme.Stepper) { s.Of.Noise = append(s.Of.Noise, s.Of.Noise[0]) },
		"another law": func(s *scheme.Stepper) {
			s.Of.Noise[0].Law = must(noise.NewRademacher(noise.LawSettings{}, &sgdlab.Site{}))
		},
		"double": func(s *scheme.Stepper) {
			s.Of.Noise[0].Law = must(noise.NewGaussian(noise.GaussianSettings{Resolution: "double"}, &sgdlab.Site{}))
		},
		"other factor": func(s *scheme.Stepper) { s.Of.Noise[0].Factor = noise.Dense{Root: lanes.MatOf([][]float64{{1}})} },
	} {
		s := langevin(1, 1, two, two)
		change(s)
		if fits(s) {
			t.Errorf("a kernel for %s", what)
		}
	}
	e := sgdlab.Event{Name: "exit", Of: observable.Coordinate{}}
	if s := langevin(1, 1, two, two); fits(s, e, e) || fits(s, sgdlab.Event{Of: other{}}) || !fits(s, e) {
		t.Error("events")
	}
}

type other struct{ sgdlab.Observable }

// A step of SGD on one row of a diagonal network is that of descent bit for bit, with label noise and without, under any mask.
func TestDiagonalRowSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		n, d := 2+r.IntN(40), 1+r.IntN(30)
		set := &data.Set{X: lanes.NewMat(n, d), Y: lanes.NewMat(n, 1)}
		for i := range set.X.Data {
			set.X.Data[i] = r.NormFloat64() * float64(r.IntN(4))
		}
		for i := range set.Y.Data {
			set.Y.Data[i] = r.NormFloat64()
		}
		loss := []model.Loss{model.MeanHalf(), model.SumHalf(), model.Mean()}[round%3]
		site := &sgdlab.Site{Data: set, Place: "dynamics"}
		of := []string{"difference-of-powers", "product"}[round/3%2]
		site.Model = must(model.NewDiagonal(model.DiagonalSettings{Parametrisation: of, Depth: 2, Loss: loss}, set))
		c := dynamics.SGDSettings{Rate: sgdlab.Table([]float64{0.02, 0.05}), Batch: 1}
		if round%2 == 0 {
			c.LabelNoise = &noise.LabelNoiseSettings{Amplitude: sgdlab.Table([]float64{.5, .1})}
		}
		if round%5 == 0 {
			c.Draw = func(s *sgdlab.Site) (sgdlab.Sampler, error) { return noise.NewReshuffled(noise.SamplerSettings{}, s) }
		}
		stepper := must(dynamics.NewSGD(c, site))
		kernel := Find(stepper, nil)
		if kernel.Step == nil {
			t.Fatal("no kernel")
		}
		live := lanes.All
		if round%4 == 0 {
			live = lanes.Mask(r.IntN(256))
		}
		at := clock(r, false)
		got := make(lanes.Pack, 2*d)
		for j := range got {
			for l := range got[j] {
				got[j][l] = r.NormFloat64()
			}
		}
		want := append(lanes.Pack{}, got...)
		for range 30 {
			bound := math.Abs(r.NormFloat64()) * 3
			a, out := kernel.Step(got, at, live, bound)
			if b := stepper.Step(want, at, live, nil); a != b || out != live&^lanes.Within(want, bound) {
				t.Fatalf("steps of length %v, want %v; beyond %g are %08b", a, b, bound, out)
			}
			same(t, fmt.Sprintf("round %d, step %d", round, at.Step[0]), got, want)
			for l := range lanes.W {
				at.Step[l]++
			}
		}
		c.Batch = 2
		if Find(must(dynamics.NewSGD(c, site)), nil).Step != nil {
			t.Error("a kernel for two rows")
		}
	}
}

// labelled is Euler and Maruyama's scheme on a perceptron with noisy labels.
func labelled(widths []int, activation string, c noise.OutputSettings, law func(*sgdlab.Site) (sgdlab.Law, error)) *scheme.Stepper {
	d, k := widths[0], widths[len(widths)-1]
	set := must(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: d, Outputs: k, Samples: 32, SingularValues: []float64{1}, LabelNoise: .1}, &data.Env{Seed: 1}))
	site := &sgdlab.Site{Data: set, Place: "noise[0]", Rate: sgdlab.Constant(1)}
	site.Model = must(model.NewMLP(model.MLPSettings{Widths: widths, Activation: activation, Biases: len(widths) > 3}, set))
	part := func(s *sgdlab.Site) (sgdlab.Noise, error) {
		return noise.Join(must(noise.NewOutput(c, s)), must(law(s)))
	}
	settings := scheme.SDESettings{Rate: sgdlab.Constant(1), Step: sgdlab.Table([]float64{0.02, 0.05}), Noise: []sgdlab.Part[sgdlab.Noise]{part}}
	return must(scheme.NewSDE(settings, site)).(*scheme.Stepper)
}

func gaussian(s *sgdlab.Site) (sgdlab.Law, error) {
	return noise.NewGaussian(noise.GaussianSettings{}, s)
}

// Gradient and label noise by one forward pass are the scheme's bit for bit, under any mask.
func TestOnePassSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	uniform := func(s *sgdlab.Site) (sgdlab.Law, error) { return noise.NewUniform(noise.LawSettings{}, s) }
	for round := range 40 {
		widths := [][]int{{1, 1, 1}, {3, 4, 2}, {2, 3, 3, 1}}[round%3]
		c := noise.OutputSettings{Amplitude: sgdlab.Table([]float64{.5, .1}), Batch: 1 + round%2*31}
		law := gaussian
		if round%4 == 3 {
			law = uniform
		}
		stepper := labelled(widths, []string{"tanh", "gelu", "relu"}[round/3%3], c, law)
		kernel := Find(stepper, nil)
		if kernel.Step == nil {
			t.Fatal("no kernel")
		}
		live := lanes.All
		if round%5 == 0 {
			live = lanes.Mask(r.IntN(256))
		}
		at := clock(r, false)
		got := make(lanes.Pack, stepper.Of.Drift.Dim())
		for j := range got {
			for l := range got[j] {
				got[j][l] = r.NormFloat64()
			}
		}
		want := append(lanes.Pack{}, got...)
		for range 20 {
			bound := math.Abs(r.NormFloat64()) * 3
			a, out := kernel.Step(got, at, live, bound)
			if b := stepper.Step(want, at, live, nil); a != b || out != live&^lanes.Within(want, bound) {
				t.Fatalf("steps of length %v, want %v; beyond %g are %08b", a, b, bound, out)
			}
			same(t, fmt.Sprintf("round %d, step %d", round, at.Step[0]), got, want)
			for l := range lanes.W {
				at.Step[l]++
			}
		}
	}
}

// BenchmarkNeuron is a step of a pack of w₂ tanh(w₁x) on 32 samples, far from the set where both weights are 0, and on the way to it.
func BenchmarkNeuron(b *testing.B) {
	for name, size := range map[string]float64{"awake": 0.5, "collapsed": 1e-20} {
		b.Run(name, func(b *testing.B) {
			stepper := labelled([]int{1, 1, 1}, "tanh", noise.OutputSettings{Amplitude: sgdlab.Constant(1), Batch: 1}, gaussian)
			kernel := Find(stepper, nil)
			at := &sgdlab.Clock{}
			theta := make(lanes.Pack, 2)
			for b.Loop() {
				theta[0], theta[1] = lanes.Splat(size), lanes.Splat(size/2)
				kernel.Step(theta, at, lanes.All, 1e9)
				for l := range lanes.W {
					at.Step[l]++
				}
			}
		})
	}
}
