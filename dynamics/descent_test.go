package dynamics_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/scheme"
)

type samplerOf func(noise.SamplerSettings, *sgdlab.Site) (sgdlab.Sampler, error)

func (f samplerOf) part() sgdlab.Part[sgdlab.Sampler] {
	return func(s *sgdlab.Site) (sgdlab.Sampler, error) { return f(noise.SamplerSettings{}, s) }
}

// everything is each dynamics of this package on a site with data.
func everything(site *sgdlab.Site, rate sgdlab.Setting) map[string]func() sgdlab.Stepper {
	sgd := func(draw samplerOf, l *noise.LabelNoiseSettings) func() sgdlab.Stepper {
		return func() sgdlab.Stepper {
			return must(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 2, Draw: draw.part(), LabelNoise: l}, site))
		}
	}
	return map[string]func() sgdlab.Stepper{
		"gd": func() sgdlab.Stepper { return must(dynamics.NewGD(dynamics.GDSettings{Rate: rate}, site)) },
		"gd, label noise": func() sgdlab.Stepper {
			return must(dynamics.NewGD(dynamics.GDSettings{Rate: rate, LabelNoise: labels(zeta, nil)}, site))
		},
		"sgd, with replacement":           sgd(noise.NewWithReplacement, nil),
		"sgd, without replacement":        sgd(noise.NewWithoutReplacement, nil),
		"sgd, reshuffled":                 sgd(noise.NewReshuffled, nil),
		"sgd, reshuffled and label noise": sgd(noise.NewReshuffled, labels(zeta, nil)),
	}
}

func advance(at *sgdlab.Clock, dt lanes.Vec) {
	for l := range at.Step {
		at.Step[l]++
		at.Time[l] += dt[l]
	}
}

// TestHyperbolicStep: whatever g is, u² − v² is multiplied by 1 − η²g², and u ± v by 1 ∓ ηg.
func TestHyperbolicStep(t *testing.T) {
	s := set(6, 5, 1)
	site := &sgdlab.Site{Data: s, Model: diagonal(s, "mean-half")}
	pairs := must(sgdlab.As[sgdlab.Paired](site.Model))
	u, v := pairs.Pairs()
	for name, build := range everything(site, sgdlab.Constant(eta)) {
		stepper, at := build(), clock(1, 0)
		theta := lanes.Of(normals("theta", site.Model.Dim()))
		var rec sgdlab.StepRecord
		for range 200 {
			before := append(lanes.Pack{}, theta...)
			dt := stepper.Step(theta, at, lanes.All, &rec)
			for j := range u {
				for l := range lanes.W {
					a, b := before[u[j]][l], before[v[j]][l]
					a2, b2 := theta[u[j]][l], theta[v[j]][l]
					g := rec.Gradient[u[j]][l] / b
					if math.Abs(a) > math.Abs(b) {
						g = rec.Gradient[v[j]][l] / a
					}
					want := (a*a - b*b) * (1 - eta*eta*g*g)
					if got := a2*a2 - b2*b2; !(math.Abs(got-want) <= 1e-12*(a*a+b*b)) {
						t.Fatalf("%s: u² − v² = %.17g, want %.17g", name, got, want)
					}
				}
			}
			advance(at, dt)
		}
	}
}

// TestDeterminantOfTwoLayers is the matrix form: with Θ = (W₁, W₂ᵀ) a step is Θ′ = Θ(I + A), A symmetric with the block ηG
// off the diagonal, G = ∂L/∂(W₂W₁), so that det Θ′ᵀΘ′ = det ΘᵀΘ Π (1 − sᵢ²)², sᵢ the singular values of ηG.
func TestDeterminantOfTwoLayers(t *testing.T) {
	const d, hidden, k, eta = 3, 8, 2, 0.02 // no divergence, after which Θ is ill conditioned
	s := set(6, d, k)
	site := &sgdlab.Site{Data: s, Model: deepLinear(s, "mean-half", d, hidden, k)}
	gram := func(theta lanes.Pack) lanes.Vec {
		var work linalg.Scratch
		p := lanes.ByRows(make(lanes.Pack, hidden*(d+k)), hidden, d+k)
		for i := range hidden {
			for j := range d {
				*p.At(i, j) = theta[i*d+j]
			}
			for j := range k {
				*p.At(i, d+j) = theta[hidden*d+j*hidden+i]
			}
		}
		return work.LogDetGram(p)
	}
	for name, build := range everything(site, sgdlab.Constant(eta)) {
		stepper, at := build(), clock(1, 0)
		if name == "gd" { // the weights of its pullback are not recorded: write it as all rows
			stepper = &dynamics.Descent{Of: &dynamics.Stochastic{Model: sampled(site), Sample: noise.FullBatch{N: 6}}, Rate: sgdlab.Constant(eta), Dim: site.Model.Dim()}
		}
		theta := lanes.Of(normals("theta", site.Model.Dim()))
		var rec sgdlab.StepRecord
		for range 50 {
			before := gram(theta)
			dt := stepper.Step(theta, at, lanes.All, &rec)
			after := gram(theta)
			g := lanes.ByRows(make(lanes.Pack, k*d), k, d)
			for i := range rec.Rows.Len() {
				for l := range lanes.W {
					r := i
					if rec.Rows.Index != nil {
						r = int(rec.Rows.Index[i][l])
					}
					for o := range k {
						for j := range d {
							g.At(o, j)[l] += eta * rec.Weights[i*k+o][l] * s.X.At(r, j)
						}
					}
				}
			}
			values := make(lanes.Pack, k)
			var work linalg.Scratch
			work.Singular(values, lanes.View{}, lanes.View{}, g, k)
			for l := range lanes.W {
				want := before[l]
				for _, x := range values {
					want += 2 * math.Log(math.Abs(1-x[l]*x[l]))
				}
				if math.Abs(after[l]-want) > 1e-12*max(1, math.Abs(want)) {
					t.Fatalf("%s: log det ΘᵀΘ = %.17g, want %.17g (%.2g)", name, after[l], want, after[l]-want)
				}
			}
			advance(at, dt)
		}
	}
}

// TestOnePath: a replica walks one path, to the last bit, alone, in a full pack, after a refill, beside dead lanes that hold
// NaN, and under a stepper that served others before.
func TestOnePath(t *testing.T) {
	const steps = 25
	s := set(7, 3, 2)
	site := &sgdlab.Site{Data: s, Model: deepLinear(s, "mean-half", 3, 2, 2)}
	// The replica in question is 40, at point 1 of the sweep.
	rate := sgdlab.Table([]float64{0.02, 0.03})
	start := normals("theta", site.Model.Dim())
	all := everything(site, rate)
	for name, build := range sdes(site, rate) {
		all[name] = build
	}
	for name, build := range kickedOnes(site, rate) {
		all[name] = build
	}
	for name, build := range all {
		walk := func(stepper sgdlab.Stepper, lane int, late bool) []float64 {
			at, live := clock(9, 3), lanes.All
			theta := lanes.Of(start)
			state := make(lanes.Pack, sgdlab.Size(stepper))
			stepper.Init(state, theta, at, lanes.All)
			nan := (lane + 3) % lanes.W
			for j := range state {
				state[j][nan] = math.NaN()
			}
			live = live.Without(nan)
			if late { // others walk first; then the lane is filled anew
				for range 4 {
					advance(at, stepper.Step(state, at, live, nil))
				}
			}
			at.Seed[lane], at.Replica[lane], at.Branch[lane], at.Step[lane], at.Time[lane], at.Point[lane] = 2, 40, 1, 0, 0, 1
			stepper.Init(state, lanes.Of(start), at, lanes.None.With(lane))
			dead := (lane + 1) % lanes.W
			frozen := state.Lane(nil, dead)
			live = live.Without(dead)
			for range steps {
				advance(at, stepper.Step(state, at, live, nil))
			}
			for j, x := range state.Lane(nil, dead) {
				if x != frozen[j] {
					t.Fatalf("%s: a lane that is not live moved", name)
				}
			}
			for j := range state {
				if !math.IsNaN(state[j][nan]) {
					t.Fatalf("%s: a dead lane that holds NaN was written", name)
				}
			}
			return state.Lane(nil, lane)
		}
		stepper := build()
		alone := func() []float64 {
			at := new(sgdlab.Clock)
			at.Seed[0], at.Replica[0], at.Branch[0], at.Point[0] = 2, 40, 1, 1
			state := make(lanes.Pack, sgdlab.Size(stepper))
			stepper.Init(state, lanes.Of(start), at, lanes.First(1))
			for range steps {
				advance(at, stepper.Step(state, at, lanes.First(1), nil))
			}
			return state.Lane(nil, 0)
		}()
		for _, tc := range []struct {
			what string
			got  []float64
		}{
			{"in a pack", walk(build(), 5, false)}, {"refilled", walk(build(), 2, true)}, {"under a used stepper", walk(stepper, 7, true)},
		} {
			for j := range alone {
				if tc.got[j] != alone[j] || math.IsNaN(alone[j]) {
					t.Errorf("%s: %s coordinate %d ends at %v, alone at %v", name, tc.what, j, tc.got[j], alone[j])
					break
				}
			}
		}
	}
}

// TestStepsDoNotAllocate: once warm, a step takes no memory.
func TestStepsDoNotAllocate(t *testing.T) {
	s := set(7, 3, 2)
	site := &sgdlab.Site{Data: s, Model: deepLinear(s, "mean-half", 3, 2, 2)}
	all := everything(site, sgdlab.Constant(0.02))
	for name, build := range sdes(site, sgdlab.Constant(0.02)) {
		all[name] = build
	}
	for name, build := range kickedOnes(site, sgdlab.Constant(0.02)) {
		all[name] = build
	}
	for name, build := range all {
		stepper, at := build(), clock(1, 0)
		theta := lanes.Of(normals("theta", site.Model.Dim()))
		var rec sgdlab.StepRecord
		warm := func() { advance(at, stepper.Step(theta, at, lanes.All, &rec)) }
		for range 5 {
			warm()
		}
		if got := testing.AllocsPerRun(20, warm); got != 0 {
			t.Errorf("%s: a step allocates %g times", name, got)
		}
	}
}

// sdes are SDEs of SGD on a site with data.
func sdes(site *sgdlab.Site, rate sgdlab.Setting) map[string]func() sgdlab.Stepper {
	build := func(c scheme.SDESettings) func() sgdlab.Stepper {
		return func() sgdlab.Stepper {
			c.Rate = rate
			return must(scheme.NewSDE(c, site))
		}
	}
	perSample := func(s *sgdlab.Site) (sgdlab.Noise, error) {
		return noise.Join(must(noise.NewPerSample(noise.PerSampleSettings{Batch: 2}, s)), must(noise.NewGaussian(noise.GaussianSettings{}, s)))
	}
	stable := func(s *sgdlab.Site) (sgdlab.Noise, error) {
		return noise.Join(must(noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(0.01)}}, s)), must(noise.NewStable(noise.StableSettings{Alpha: 1.7}, s)))
	}
	absolute := func(s *sgdlab.Site) (sgdlab.Noise, error) {
		return noise.Join(must(noise.NewLossHessian(noise.LossHessianSettings{Of: "absolute", Batch: 1}, s)), must(noise.NewRademacher(noise.LawSettings{}, s)))
	}
	heun := func(*sgdlab.Site) (sgdlab.Scheme, error) { return scheme.Heun{}, nil }
	return map[string]func() sgdlab.Stepper{
		"sde, two noises": build(scheme.SDESettings{Noise: []sgdlab.Part[sgdlab.Noise]{perSample, stable}}),
		"sde, |H|":        build(scheme.SDESettings{Noise: []sgdlab.Part[sgdlab.Noise]{absolute}}),
		"sde, heun":       build(scheme.SDESettings{Calculus: sgdlab.Stratonovich, Scheme: heun, Noise: []sgdlab.Part[sgdlab.Noise]{perSample}}),
	}
}

// TestMultinomialIsSGD: an Euler–Maruyama step h = η of per-sample noise under the multinomial law is an SGD step.
func TestMultinomialIsSGD(t *testing.T) {
	rate := sgdlab.Table([]float64{0.02, 0.05})
	for name, site := range networks() {
		for what, draw := range map[string]samplerOf{"with": noise.NewWithReplacement, "without": noise.NewWithoutReplacement, "reshuffled": noise.NewReshuffled} {
			sgd := must(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 2, Draw: draw.part()}, site))
			sde := must(scheme.NewSDE(scheme.SDESettings{Rate: rate, Noise: []sgdlab.Part[sgdlab.Noise]{func(s *sgdlab.Site) (sgdlab.Noise, error) {
				law, err := noise.NewMultinomial(noise.MultinomialSettings{Draw: draw.part(), Batch: 2}, s.At("rows"))
				if err != nil {
					return sgdlab.Noise{}, err
				}
				return noise.Join(must(noise.NewPerSample(noise.PerSampleSettings{Batch: 2}, s)), law)
			}}}, site))
			a, at := lanes.Of(normals("theta", site.Model.Dim())), clock(1, 0)
			for l := range at.Point {
				at.Point[l] = int32(l % 2)
			}
			for k := range 20 {
				b := append(lanes.Pack{}, a...)
				sde.Step(b, at, lanes.All, nil)
				dt := sgd.Step(a, at, lanes.All, nil)
				for j := range a {
					for l := range a[j] {
						if d := math.Abs(a[j][l] - b[j][l]); !(d <= 1e-13*(1+math.Abs(a[j][l]))) {
							t.Fatalf("%s, %s, step %d: SGD goes to %.17g, the SDE to %.17g", name, what, k, a[j][l], b[j][l])
						}
					}
				}
				advance(at, dt)
			}
		}
	}
}

// TestGDIsTheNoiselessSDE: without noise an Euler–Maruyama step is a GD step, to the last bit; and full-batch weights give
// the exact gradient.
func TestGDIsTheNoiselessSDE(t *testing.T) {
	for name, site := range networks() {
		rate := sgdlab.Constant(0.05)
		gd := must(dynamics.NewGD(dynamics.GDSettings{Rate: rate}, site))
		sde := must(scheme.NewSDE(scheme.SDESettings{Step: rate}, site))
		rows := &dynamics.Descent{Of: &dynamics.Stochastic{Model: sampled(site), Sample: noise.FullBatch{N: 4}}, Rate: rate, Dim: site.Model.Dim()}
		for what, s := range map[string]sgdlab.Stepper{"gd": gd, "sde without noise": sde, "all rows": rows} {
			if s.Random() {
				t.Errorf("%s: %s is random", name, what)
			}
		}
		a := lanes.Of(normals("theta", site.Model.Dim()))
		b, c := append(lanes.Pack{}, a...), append(lanes.Pack{}, a...)
		for range 10 {
			at := clock(1, 0)
			gd.Step(a, at, lanes.All, nil)
			sde.Step(b, at, lanes.All, nil)
			rows.Step(c, at, lanes.All, nil)
		}
		for j := range a {
			if a[j] != b[j] {
				t.Errorf("%s: GD ends at %v, the SDE without noise at %v", name, a[j][0], b[j][0])
			}
			if math.Abs(a[j][0]-c[j][0]) > 1e-13*(1+math.Abs(a[j][0])) {
				t.Errorf("%s: GD ends at %v, on all rows at %v", name, a[j][0], c[j][0])
			}
		}
	}
}

func TestWhatStepsReport(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	d := site.Model.Dim()
	for name, build := range everything(site, sgdlab.Table([]float64{0.02, 0.05})) {
		s := build()
		if b := s.Blocks(); len(b) != 1 || b[0] != (sgdlab.Block{Name: "theta", Size: d}) {
			t.Errorf("%s: blocks %v, want θ of size %d", name, b, d)
		}
		if got, want := s.Random(), name != "gd"; got != want {
			t.Errorf("%s: random is %v, want %v", name, got, want)
		}
		at := clock(1, 0)
		at.Point[3] = 1
		unit, step := s.Pace()
		theta := lanes.Of(normals("theta", d))
		var rec sgdlab.StepRecord
		before := append(lanes.Pack{}, theta...)
		dt := s.Step(theta, at, lanes.First(6), &rec)
		if unit(at) != dt || step(at) != dt || rec.Dt != dt || dt[3] != 0.05 || dt[2] != 0.02 || rec.Live != lanes.First(6) {
			t.Errorf("%s: dt %v, record %v, pace %v and %v", name, dt, rec.Dt, unit(at), step(at))
		}
		for j := range theta {
			if want := before[j][3] - 0.05*rec.Gradient[j][3]; math.Abs(theta[j][3]-want) > 1e-15 {
				t.Errorf("%s: θ = %g, want %g", name, theta[j][3], want)
			}
		}
		rows := 2
		if strings.HasPrefix(name, "gd, ") {
			rows = site.Data.N()
		}
		if name == "gd" {
			if rec.Weights != nil || rec.Rows.Len() != 0 {
				t.Errorf("gd records rows %v", rec.Rows)
			}
		} else if rec.Rows.Len() != rows || len(rec.Weights) != rows*2 {
			t.Errorf("%s: records %d rows and %d weights, want %d and %d", name, rec.Rows.Len(), len(rec.Weights), rows, 2*rows)
		}
	}
}

func TestErrors(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	well := &sgdlab.Site{Model: must(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 1, Well: 1}, nil))}
	rate := sgdlab.Constant(eta)
	multinomial := func(s *sgdlab.Site) (sgdlab.Law, error) { return noise.NewMultinomial(noise.MultinomialSettings{}, s) }
	of := func(_ any, err error) error { return err }
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{of(dynamics.NewGD(dynamics.GDSettings{Rate: rate, LabelNoise: labels(1, nil)}, well)), []string{"label-noise", "Squared", "DoubleWell"}},
		{of(dynamics.NewGD(dynamics.GDSettings{}, site)), []string{"rate"}},
		{of(dynamics.NewGD(dynamics.GDSettings{Rate: rate}, &sgdlab.Site{})), []string{"model"}},
		{of(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 1}, well)), []string{"Sampled", "use gd"}},
		{of(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 5}, site)), []string{"batch 5 is larger than the 4 samples; use at most 4"}},
		{of(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate}, site)), []string{"got batch 0"}},
		{of(dynamics.NewSGD(dynamics.SGDSettings{Batch: 1}, site)), []string{"rate"}},
		{of(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 1, LabelNoise: &noise.LabelNoiseSettings{Amplitude: rate, Law: multinomial}}, site)), []string{"label-noise", "per-sample noise only"}},
	} {
		for _, want := range tc.want {
			if tc.err == nil || !strings.Contains(tc.err.Error(), want) {
				t.Errorf("error %v; want it to say %q", tc.err, want)
			}
		}
	}
	if s := must(dynamics.NewGD(dynamics.GDSettings{Rate: rate}, well)); s.Random() {
		t.Error("gd on a landscape is random")
	}
	// SGD and label noise on ½‖W − M‖².
	target := must(data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{2, 1}, Rows: 2, Cols: 3}, &data.Env{Seed: 1}))
	matrix := &sgdlab.Site{Data: target, Model: must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{3, 2, 2}}, target))}
	for _, s := range everything(matrix, rate) {
		theta := lanes.Of(normals("theta", matrix.Model.Dim()))
		s().Step(theta, clock(1, 0), lanes.All, nil)
		if m := lanes.MaxAbs(theta); math.IsNaN(m[0]) {
			t.Error("NaN on a target matrix")
		}
	}
}
