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
	"sgdlab/scheme"
)

// noisy is a part for a noise of a source and a law.
func noisy(src func(*sgdlab.Site) (sgdlab.Source, error), law func(*sgdlab.Site) (sgdlab.Law, error)) sgdlab.Part[sgdlab.Noise] {
	return func(s *sgdlab.Site) (sgdlab.Noise, error) {
		f, err := src(s)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		l, err := law(s)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		return noise.Join(f, l)
	}
}

func isotropic(delta float64) func(*sgdlab.Site) (sgdlab.Source, error) {
	return func(s *sgdlab.Site) (sgdlab.Source, error) {
		return noise.NewIdentity(noise.IdentitySettings{Variance: sgdlab.Constant(delta)}, s)
	}
}

func perSample(s *sgdlab.Site) (sgdlab.Source, error) {
	return noise.NewPerSample(noise.PerSampleSettings{}, s)
}

func ofLabels(s *sgdlab.Site) (sgdlab.Source, error) {
	return noise.NewOutput(noise.OutputSettings{Amplitude: sgdlab.Constant(zeta)}, s)
}

func gaussian(c noise.LawSettings) func(*sgdlab.Site) (sgdlab.Law, error) {
	return func(s *sgdlab.Site) (sgdlab.Law, error) {
		return noise.NewGaussian(noise.GaussianSettings{LawSettings: c}, s)
	}
}

func stable(s *sgdlab.Site) (sgdlab.Law, error) {
	return noise.NewStable(noise.StableSettings{Alpha: 1.5}, s)
}

func rademacher(s *sgdlab.Site) (sgdlab.Law, error) {
	return noise.NewRademacher(noise.LawSettings{}, s)
}

// kickedOnes are dynamics with noises of each kind.
func kickedOnes(site *sgdlab.Site, rate sgdlab.Setting) map[string]func() sgdlab.Stepper {
	many := []sgdlab.Part[sgdlab.Noise]{noisy(isotropic(0.3), gaussian(noise.LawSettings{})), noisy(perSample, rademacher), noisy(ofLabels, stable)}
	return map[string]func() sgdlab.Stepper{
		"kicked gd": func() sgdlab.Stepper { return must(dynamics.NewGD(dynamics.GDSettings{Rate: rate, Noise: many}, site)) },
		"kicked sgd with label noise": func() sgdlab.Stepper {
			return must(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 2, LabelNoise: labels(zeta, nil), Noise: many}, site))
		},
	}
}

// TestKickedGDIsEulerMaruyama: GD with a list of noises is the Euler–Maruyama chain of the SDE with these noises at h = η, to the last
// bit, at two rates side by side.
func TestKickedGDIsEulerMaruyama(t *testing.T) {
	rate := sgdlab.Table([]float64{0.02, 0.05})
	for name, site := range networks() {
		list := []sgdlab.Part[sgdlab.Noise]{noisy(isotropic(0.3), gaussian(noise.LawSettings{Substeps: 2})), noisy(perSample, rademacher), noisy(ofLabels, stable)}
		gd := must(dynamics.NewGD(dynamics.GDSettings{Rate: rate, Noise: list}, site))
		sde := must(scheme.NewSDE(scheme.SDESettings{Rate: rate, Noise: list}, site))
		a, at := lanes.Of(normals("theta", site.Model.Dim())), clock(1, 0)
		for l := range at.Point {
			at.Point[l] = int32(l % 2)
		}
		b := append(lanes.Pack{}, a...)
		for range 20 {
			dt := gd.Step(a, at, lanes.All, nil)
			sde.Step(b, at, lanes.All, nil)
			advance(at, dt)
		}
		for j := range a {
			same := true
			for l := range a[j] { // a jump of the stable noise may have blown a lane up
				same = same && math.Float64bits(a[j][l]) == math.Float64bits(b[j][l])
			}
			if !same {
				t.Fatalf("%s: GD with noises is at %v, Euler–Maruyama at %v", name, a[j], b[j])
			}
		}
	}
}

// TestIsotropicNoiseOnSGD: over all draws of two rows and all signs of labels, with kicks along ±√d of one coordinate at a time (so that
// their covariance is I), a step of SGD with isotropic noise of variance δ has mean −η∇L and covariance (η²/B)(C + ζ²s·H_GN + δI); and
// so has one of the SDE of per-sample, output and identity noise, by its columns.
func TestIsotropicNoiseOnSGD(t *testing.T) {
	const delta, b = 0.3, 2
	for name, site := range networks() {
		m := sampled(site)
		theta, d := normals("theta", m.Dim()), m.Dim()
		n, k := m.Samples(), m.Outputs()
		draw, signs := &listed{n: n, index: make([][lanes.W]int32, b)}, &told{xi: make(lanes.Pack, b*k)}
		kicks := &told{xi: make(lanes.Pack, d)}
		sgd := must(dynamics.NewSGD(dynamics.SGDSettings{
			Rate: sgdlab.Constant(eta), Batch: b, LabelNoise: labels(zeta, signs),
			Draw:  func(*sgdlab.Site) (sgdlab.Sampler, error) { return draw, nil },
			Noise: []sgdlab.Part[sgdlab.Noise]{noisy(isotropic(delta), func(*sgdlab.Site) (sgdlab.Law, error) { return kicks, nil })},
		}, site))
		if _, ok := sgd.(sgdlab.Diffusive); ok {
			t.Error("a kicked step is no diffusion")
		}
		if got := sgd.(sgdlab.Kicked).Kicks(); len(got) != 1 {
			t.Errorf("%d kicks, want 1", len(got))
		}
		var got moments
		enumerate(n, b, false, func(rows []int) {
			for i, r := range rows {
				for l := range lanes.W {
					draw.index[i][l] = int32(r)
				}
			}
			for bits := range 1 << (b * k) {
				for j := range signs.xi {
					signs.xi[j] = lanes.Splat(float64(2*(bits>>j&1) - 1))
				}
				for j := 0; j < 2*d; j += lanes.W { // a coordinate and a sign in each lane
					lanes.Zero(kicks.xi)
					for l := range min(lanes.W, 2*d-j) {
						kicks.xi[(j+l)/2][l] = math.Sqrt(float64(d)) * float64(1-2*((j+l)%2))
					}
					p := stepOf(sgd, theta)
					for l := range min(lanes.W, 2*d-j) {
						got.add(p.Lane(nil, l))
					}
				}
			}
		})
		at := *site
		at.Rate, at.Batch = sgdlab.Constant(eta), b
		eye := lanes.NewMat(d, d)
		for i := range d {
			eye.Set(i, i, 1)
		}
		parts := []sgdlab.Source{must(perSample(&at)), must(ofLabels(&at)), must(isotropic(delta)(&at))}
		want := plus(plus(kick(parts[0], theta, eta), kick(parts[1], theta, eta), 1), eye, eta*eta/b*delta)
		if e := apart(got.covariance(), want); !(e < 1e-12) {
			t.Errorf("%s: the covariance of a step is off by %.2g of itself", name, e)
		}
		if e := apart(kick(parts[2], theta, eta), plus(eye, eye, eta*eta/b*delta-1)); !(e < 1e-12) {
			t.Errorf("%s: the covariance of the isotropic kick of an SDE is off by %.2g of itself", name, e)
		}
		var ws lanes.Arena
		grad := make(lanes.Pack, d)
		m.Grad(grad, lanes.Of(theta), &ws)
		for j, x := range got.mean() {
			if math.Abs(x+eta*grad[j][0]) > 1e-12*(1+math.Abs(x)) {
				t.Errorf("%s: mean step %g in coordinate %d, want %g", name, x, j, -eta*grad[j][0])
			}
		}
	}
}

// TestSumsOfKicks: ξ = 1 in one entry of one noise of a list moves a step by that column of its σ times scale·√h and nothing else, on the
// Euler–Maruyama step of an SDE and on a kicked step: as the laws have covariance I and are independent, covariances add.
func TestSumsOfKicks(t *testing.T) {
	for name, site := range networks() {
		theta, d := normals("theta", site.Model.Dim()), site.Model.Dim()
		laws := []*told{{}, {}, {}}
		sources := []func(*sgdlab.Site) (sgdlab.Source, error){perSample, isotropic(0.3), ofLabels}
		var list []sgdlab.Part[sgdlab.Noise]
		var built []sgdlab.Source
		at := *site
		at.Rate, at.Batch = sgdlab.Constant(eta), site.Data.N()
		want := lanes.NewMat(d, d)
		for i, src := range sources {
			list = append(list, noisy(src, func(*sgdlab.Site) (sgdlab.Law, error) { return laws[i], nil }))
			built = append(built, must(src(&at)))
			laws[i].xi = make(lanes.Pack, built[i].Factor.Width())
			want = plus(want, kick(built[i], theta, eta), 1)
		}
		for what, s := range map[string]sgdlab.Stepper{
			"sde": must(scheme.NewSDE(scheme.SDESettings{Rate: sgdlab.Constant(eta), Noise: list}, site)),
			"gd":  must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta), Noise: list}, site)),
		} {
			quiet := stepOf(s, theta)
			got := lanes.NewMat(d, d)
			for _, law := range laws {
				for j := range law.xi {
					law.xi[j] = lanes.Splat(1)
					p := stepOf(s, theta)
					lanes.Sub(p, p, quiet)
					for a := range d {
						for b := range d {
							got.Set(a, b, got.At(a, b)+p[a][0]*p[b][0])
						}
					}
					law.xi[j] = lanes.Vec{}
				}
			}
			if e := apart(got, want); !(e < 1e-12) {
				t.Errorf("%s, %s: the covariance of a sum of noises is off by %.2g of itself", name, what, e)
			}
		}
	}
}

// TestReplayOfRows: on the stream of SGD's rows, whatever the place of the noise, the SDE under the multinomial law walks SGD's path.
func TestReplayOfRows(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	rate := sgdlab.Constant(0.05)
	for what, draw := range map[string]samplerOf{"with": noise.NewWithReplacement, "without": noise.NewWithoutReplacement, "reshuffled": noise.NewReshuffled} {
		sgd := must(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 2, Draw: draw.part()}, site))
		law := func(stream string) func(s *sgdlab.Site) (sgdlab.Law, error) {
			return func(s *sgdlab.Site) (sgdlab.Law, error) {
				c := noise.SamplerSettings{StreamSettings: noise.StreamSettings{Stream: stream}}
				return noise.NewMultinomial(noise.MultinomialSettings{Batch: 2, Draw: func(s *sgdlab.Site) (sgdlab.Sampler, error) { return draw(c, s) }}, s)
			}
		}
		two := func(s *sgdlab.Site) (sgdlab.Source, error) {
			return noise.NewPerSample(noise.PerSampleSettings{Batch: 2}, s)
		}
		cold := func(s *sgdlab.Site) (sgdlab.Source, error) {
			return noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(0)}}, s)
		}
		sde := func(stream string) sgdlab.Stepper {
			list := []sgdlab.Part[sgdlab.Noise]{noisy(cold, gaussian(noise.LawSettings{})), noisy(two, law(stream))}
			return must(scheme.NewSDE(scheme.SDESettings{Rate: rate, Noise: list}, site))
		}
		replay, other := sde("rows"), sde("")
		a, at := lanes.Of(normals("theta", site.Model.Dim())), clock(1, 0)
		b, c := append(lanes.Pack{}, a...), append(lanes.Pack{}, a...)
		for range 20 {
			dt := sgd.Step(a, at, lanes.All, nil)
			replay.Step(b, at, lanes.All, nil)
			other.Step(c, at, lanes.All, nil)
			advance(at, dt)
		}
		worst, apart := 0.0, 0.0
		for j := range a {
			for l := range a[j] {
				worst = max(worst, math.Abs(a[j][l]-b[j][l])/(1+math.Abs(a[j][l])))
				apart = max(apart, math.Abs(a[j][l]-c[j][l]))
			}
		}
		if !(worst <= 1e-12) || !(apart > 1e-3) {
			t.Errorf("%s: after 20 steps the SDE is off SGD by %.2g on its rows, and by %.2g on others", what, worst, apart)
		}
	}
}

// TestEpochs: of the orders of an epoch, all n! of them, at one θ: the gradient of a step has covariance (n−B)/(n−1)·C/B, those of two steps
// −C/(n−1), and the sum over m steps m(n−mB)/(n−1)·C/B; so the sum over a whole epoch is n/B·∇L whatever the order.
func TestEpochs(t *testing.T) {
	const tol = 1e-12
	for name, site := range networks() {
		m := sampled(site)
		theta, d, n := normals("theta", m.Dim()), m.Dim(), m.Samples()
		unit := *site
		unit.Rate, unit.Batch = sgdlab.Constant(1), 1
		c := kick(must(perSample(&unit)), theta, 1)
		for _, b := range []int{1, 2, 3, n} {
			steps := n / b
			draw := &listed{n: n, index: make([][lanes.W]int32, b)}
			sgd := must(dynamics.NewSGD(dynamics.SGDSettings{
				Rate: sgdlab.Constant(1), Batch: b, Draw: func(*sgdlab.Site) (sgdlab.Sampler, error) { return draw, nil },
			}, site))
			var each moments // of the gradients of all steps of an epoch, one behind the other
			enumerate(n, n, true, func(rows []int) {
				var all []float64
				for k := range steps {
					for i := range b {
						for l := range lanes.W {
							draw.index[i][l] = int32(rows[k*b+i])
						}
					}
					all = append(all, stepOf(sgd, theta).Lane(nil, 0)...)
				}
				each.add(all)
			})
			joint := each.covariance()
			block := func(k, l int) lanes.Mat {
				out := lanes.NewMat(d, d)
				for i := range d {
					for j := range d {
						out.Set(i, j, joint.At(k*d+i, l*d+j))
					}
				}
				return out
			}
			same := func(what string, got lanes.Mat, factor float64) {
				t.Helper()
				for i := range c.Data {
					if e := math.Abs(got.Data[i] - factor*c.Data[i]); !(e <= tol*math.Abs(c.At(0, 0))+tol*size(c)) {
						t.Errorf("%s, B = %d: %s is %g in entry %d, want %g", name, b, what, got.Data[i], i, factor*c.Data[i])
						return
					}
				}
			}
			N, B := float64(n), float64(b)
			sum := lanes.NewMat(d, d)
			for k := range steps {
				same("the covariance of a step", block(k, k), (N-B)/(N-1)/B)
				for l := range k {
					same("that of two steps", block(k, l), -1/(N-1))
					sum = plus(sum, plus(block(k, l), block(l, k), 1), 1)
				}
				sum = plus(sum, block(k, k), 1)
				M := float64(k + 1)
				same("that of a sum", sum, M*(N-M*B)/(N-1)/B)
			}
		}
	}
}

func size(a lanes.Mat) float64 {
	m := 0.0
	for _, x := range a.Data {
		m = max(m, math.Abs(x))
	}
	return m
}

// TestWhatKickedStepsReport: the record and the pace of a kicked step are those of the step inside it; the kick is what is left.
func TestWhatKickedStepsReport(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	d := site.Model.Dim()
	rate := sgdlab.Table([]float64{0.02, 0.05})
	for name, build := range kickedOnes(site, rate) {
		s := build().(*dynamics.Kicked)
		at := clock(1, 0)
		at.Point[3] = 1
		if b := s.Blocks(); len(b) != 1 || b[0] != (sgdlab.Block{Name: "theta", Size: d}) || !s.Random() {
			t.Errorf("%s: blocks %v, random %v", name, b, s.Random())
		}
		unit, step := s.Pace()
		theta := lanes.Of(normals("theta", d))
		before, inner := append(lanes.Pack{}, theta...), append(lanes.Pack{}, theta...)
		var rec, own sgdlab.StepRecord
		dt := s.Step(theta, at, lanes.First(6), &rec)
		gradient := append(lanes.Pack{}, rec.Gradient...)
		s.Descent.Step(inner, at, lanes.First(6), &own)
		if unit(at) != dt || step(at) != dt || rec.Dt != dt || dt[3] != 0.05 || dt[2] != 0.02 || rec.Live != lanes.First(6) || len(rec.Weights) != len(own.Weights) || rec.Rows.Len() != own.Rows.Len() {
			t.Errorf("%s: dt %v, record %+v", name, dt, rec)
		}
		for i, n := range s.Noise {
			xi, kick := make(lanes.Pack, n.Factor.Width()), make(lanes.Pack, d)
			n.Law.Draw(xi, at)
			var ws lanes.Arena
			n.Factor.Apply(kick, before, xi, &ws) // σ at θ before the step
			scale, h := n.Scale(at), step(at)
			for l := range scale {
				scale[l] *= math.Pow(h[l], 1/n.Law.Index())
			}
			if i == 0 && lanes.MaxAbs(kick) == (lanes.Vec{}) {
				t.Errorf("%s: no kick", name)
			}
			lanes.AddScaled(inner, scale, kick)
		}
		for j := range theta {
			for l := range theta[j] {
				want := inner[j][l]
				if l >= 6 {
					want = before[j][l]
				}
				if math.Abs(theta[j][l]-want) > 1e-13*(1+math.Abs(want)) {
					t.Errorf("%s: θ = %.17g, want %.17g", name, theta[j][l], want)
				}
				if gradient[j][l] != own.Gradient[j][l] {
					t.Errorf("%s: the record's gradient is %g, of the dynamics %g", name, gradient[j][l], own.Gradient[j][l])
				}
			}
		}
	}
	if _, ok := must(dynamics.NewGD(dynamics.GDSettings{Rate: rate}, site)).(*dynamics.Descent); !ok {
		t.Error("gd without noise is not plain descent")
	}
}

// TestLabelLaws: SGD takes label noise of any law but that of drawing samples.
func TestLabelLaws(t *testing.T) {
	site := networks()["diagonal under mean-half"]
	laws := map[string]func(*sgdlab.Site) (sgdlab.Law, error){
		"gaussian": gaussian(noise.LawSettings{}), "rademacher": rademacher, "stable": stable,
		"uniform": func(s *sgdlab.Site) (sgdlab.Law, error) { return noise.NewUniform(noise.LawSettings{}, s) },
	}
	ends := map[float64]string{}
	for name, law := range laws {
		c := &noise.LabelNoiseSettings{Amplitude: sgdlab.Constant(zeta), Law: law}
		for what, s := range map[string]sgdlab.Stepper{
			"gd":  must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(0.05), LabelNoise: c}, site)),
			"sgd": must(dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(0.05), Batch: 2, LabelNoise: c}, site)),
		} {
			x := stepOf(s, normals("theta", site.Model.Dim()))[0][3]
			if other, taken := ends[x]; taken || math.IsNaN(x) {
				t.Errorf("%s under %s ends at %g, as %s", what, name, x, other)
			}
			ends[x] = what + " under " + name
		}
	}
}

func TestKickedErrors(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	well := &sgdlab.Site{Model: must(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 1, Well: 1}, nil))}
	rate := sgdlab.Constant(eta)
	on := func(stream string) func(*sgdlab.Site) (sgdlab.Law, error) {
		return gaussian(noise.LawSettings{StreamSettings: noise.StreamSettings{Stream: stream}})
	}
	one := func(src func(*sgdlab.Site) (sgdlab.Source, error), law func(*sgdlab.Site) (sgdlab.Law, error)) []sgdlab.Part[sgdlab.Noise] {
		return []sgdlab.Part[sgdlab.Noise]{noisy(src, law)}
	}
	of := func(_ any, err error) error { return err }
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{of(dynamics.NewGD(dynamics.GDSettings{Rate: rate, Noise: one(perSample, on(""))}, well)), []string{"noise[0]", "per-sample noise is that of drawing samples", "use factor: identity"}},
		{of(dynamics.NewGD(dynamics.GDSettings{Rate: rate, Noise: one(isotropic(1), on(""))}, well)), []string{"noise[0]", "variance", "give the noise a `batch`"}},
		{of(dynamics.NewGD(dynamics.GDSettings{Rate: rate, LabelNoise: labels(1, nil), Noise: one(isotropic(1), on("label-noise"))}, site)), []string{"label-noise and noise[0] draw from one stream"}},
		{of(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 2, Noise: one(isotropic(1), on("rows"))}, site)), []string{"draw and noise[0] draw from one stream, rows"}},
		{of(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: 2, LabelNoise: &noise.LabelNoiseSettings{Amplitude: rate, Law: on("rows")}}, site)), []string{"draw and label-noise draw from one stream, rows"}},
		{of(scheme.NewSDE(scheme.SDESettings{Rate: rate, Noise: append(one(isotropic(1), on("w")), one(perSample, on("w"))...)}, site)), []string{"noise[0] and noise[1] draw from one stream, w"}},
		{of(dynamics.NewGD(dynamics.GDSettings{Noise: one(isotropic(1), on(""))}, site)), []string{"rate"}},
	} {
		for _, want := range tc.want {
			if tc.err == nil || !strings.Contains(tc.err.Error(), want) {
				t.Errorf("error %v; want it to say %q", tc.err, want)
			}
		}
	}
}
