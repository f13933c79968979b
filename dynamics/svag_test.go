package dynamics_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// TestStepOfSVAG: over all draws of both batches, a call of SVAG has mean −(η/l)∇L and the covariance of l steps of SGD over l, times the
// length of a call: (η/l)²·l·C/B. With label noise over all signs its kick adds, amplified in the same way. A step says which rows it used,
// with weights whose pullback is the gradient.
func TestStepOfSVAG(t *testing.T) {
	const n = 4
	for name, site := range networks() {
		theta := normals("theta", site.Model.Dim())
		k := sampled(site).Outputs()
		grad := make(lanes.Pack, len(theta))
		site.Model.Grad(grad, lanes.Of(theta), &lanes.Arena{})
		for _, tc := range []struct {
			l, batch  int
			different bool
			labels    bool
		}{{2, 1, false, false}, {5, 1, false, false}, {3, 2, true, false}, {3, 1, false, true}} {
			if tc.labels && k > 1 {
				continue
			}
			draws := []*listed{{n: n, index: make([][lanes.W]int32, tc.batch)}, {n: n, index: make([][lanes.W]int32, tc.batch)}}
			laws := []*told{{xi: make(lanes.Pack, tc.batch*k)}, {xi: make(lanes.Pack, tc.batch*k)}}
			made, noisy := 0, 0
			c := dynamics.SGDSettings{
				Rate: sgdlab.Constant(eta), Batch: tc.batch, Svag: tc.l,
				Draw: func(*sgdlab.Site) (sgdlab.Sampler, error) { made++; return draws[made-1], nil },
			}
			signs := 1
			if tc.labels {
				c.LabelNoise = &noise.LabelNoiseSettings{Amplitude: sgdlab.Constant(zeta), Law: func(*sgdlab.Site) (sgdlab.Law, error) { noisy++; return laws[noisy-1], nil }}
				signs = 1 << (2 * tc.batch * k)
			}
			stepper := must(dynamics.NewSGD(c, site))
			if unit, step := stepper.Pace(); unit(clock(1, 0))[0] != eta || math.Abs(step(clock(1, 0))[0]-eta/float64(tc.l)) > 1e-17 {
				t.Fatalf("%s: pace %v, %v", name, unit(clock(1, 0)), step(clock(1, 0)))
			}
			var got moments
			enumerate(n, tc.batch, tc.different, func(rows []int) {
				first := append([]int(nil), rows...)
				enumerate(n, tc.batch, tc.different, func(rows []int) {
					for l := range lanes.W {
						for i := range rows {
							draws[0].index[i][l], draws[1].index[i][l] = int32(first[i]), int32(rows[i])
						}
					}
					for bits := range signs {
						for j := range laws[0].xi {
							laws[0].xi[j] = lanes.Splat(float64(2*(bits>>j&1) - 1))
							laws[1].xi[j] = lanes.Splat(float64(2*(bits>>(j+len(laws[0].xi))&1) - 1))
						}
						got.add(stepOf(stepper, theta).Lane(nil, 4))
					}
				})
			})
			h := eta / float64(tc.l)
			for i, x := range got.mean() {
				if math.Abs(x+h*grad[i][0]) > 1e-12 {
					t.Errorf("%s, %+v: coordinate %d moves by %.15g in the mean, want %.15g", name, tc, i, x, -h*grad[i][0])
					break
				}
			}
			at := *site
			at.Rate, at.Batch = c.Rate, tc.batch
			want := kick(must(noise.NewPerSample(noise.PerSampleSettings{}, &at)), theta, h)
			if tc.different {
				want = plus(want, want, float64(n-tc.batch)/float64(n-1)-1)
			}
			if tc.labels {
				want = plus(want, kick(must(noise.NewOutput(noise.OutputSettings{Amplitude: sgdlab.Constant(zeta)}, &at)), theta, h), 1)
			}
			cov := got.covariance()
			for i := range theta {
				for j := range theta {
					if math.Abs(cov.At(i, j)-want.At(i, j)) > 1e-12 {
						t.Fatalf("%s, %+v: covariance (%d, %d) is %.15g, want %.15g", name, tc, i, j, cov.At(i, j), want.At(i, j))
					}
				}
			}
			rec, p, g := &sgdlab.StepRecord{}, lanes.Of(theta), make(lanes.Pack, len(theta))
			stepper.Step(p, clock(1, 0), lanes.All, rec)
			sampled(site).Pullback(g, lanes.Of(theta), rec.Weights, rec.Rows, nil, &lanes.Arena{})
			for i := range g {
				if math.Abs(p[i][2]-theta[i]+h*g[i][2]) > 1e-14 || rec.Dt != lanes.Splat(h) {
					t.Fatalf("%s: the record's gradient is not that of the step", name)
				}
			}
		}
	}
}

// svag: 1 is SGD, to the bit; other l are other paths, whose first batch is SGD's.
func TestSVAGOfOneIsSGD(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	path := func(l int) lanes.Pack {
		s := must(dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(eta), Batch: 2, Svag: l}, site))
		theta, at := lanes.Of(normals("theta", site.Model.Dim())), clock(1, 0)
		for range 20 {
			advance(at, s.Step(theta, at, lanes.All, nil))
		}
		return theta
	}
	plain, one, two := path(0), path(1), path(2)
	for j := range plain {
		if plain[j] != one[j] {
			t.Fatalf("coordinate %d: %v of svag: 1, %v without", j, one[j], plain[j])
		}
	}
	if plain[0] == two[0] {
		t.Error("svag: 2 takes the path of SGD")
	}
	s := must(dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(eta), Batch: 2, Svag: 3, LabelNoise: labels(1, nil)}, site))
	theta, at := lanes.Of(normals("theta", site.Model.Dim())), clock(1, 0)
	step := func() { advance(at, s.Step(theta, at, lanes.All, nil)) }
	for range 3 {
		step()
	}
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("a call allocates %g times", n)
	}
}

func TestSVAGErrors(t *testing.T) {
	site := networks()["deep-linear under mean-half"]
	rate := sgdlab.Constant(eta)
	steps := sgdlab.Scheduled(false, func(lanes.Vec, *sgdlab.Clock) lanes.Vec { return lanes.Splat(eta) })
	for want, c := range map[string]dynamics.SGDSettings{
		"momentum":                {Rate: rate, Batch: 1, Svag: 2, Momentum: rate},
		"in: time":                {Rate: steps, Batch: 1, Svag: 2},
		"reshuffled ones are not": {Rate: rate, Batch: 1, Svag: 2, Draw: func(s *sgdlab.Site) (sgdlab.Sampler, error) { return noise.NewReshuffled(noise.SamplerSettings{}, s) }},
		"two independent batches": {Rate: rate, Batch: 1, Svag: 2, Draw: func(s *sgdlab.Site) (sgdlab.Sampler, error) {
			return noise.NewWithReplacement(noise.SamplerSettings{StreamSettings: noise.StreamSettings{Stream: "w"}}, s)
		}},
	} {
		if _, err := dynamics.NewSGD(c, site); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want it to say %q", err, want)
		}
	}
}

// TestSGLD: SGD with isotropic noise at the temperature T is stochastic gradient Langevin dynamics: over all draws a step has the
// covariance of the batch and 2Tη·I.
func TestSGLD(t *testing.T) {
	const n, temp = 4, 0.3
	site := networks()["diagonal under mean-half"]
	theta := normals("theta", site.Model.Dim())
	draw, xi := &listed{n: n, index: make([][lanes.W]int32, 1)}, &told{xi: make(lanes.Pack, len(theta))}
	sgld := must(dynamics.NewSGD(dynamics.SGDSettings{
		Rate: sgdlab.Constant(eta), Batch: 1, Draw: func(*sgdlab.Site) (sgdlab.Sampler, error) { return draw, nil },
		Noise: []sgdlab.Part[sgdlab.Noise]{func(s *sgdlab.Site) (sgdlab.Noise, error) {
			return noise.Join(must(noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(temp)}}, s)), xi)
		}},
	}, site))
	var got moments
	for r := range n {
		for l := range lanes.W {
			draw.index[0][l] = int32(r)
		}
		for bits := range 1 << len(theta) {
			for j := range xi.xi {
				xi.xi[j] = lanes.Splat(float64(2*(bits>>j&1) - 1))
			}
			got.add(stepOf(sgld, theta).Lane(nil, 0))
		}
	}
	at := *site
	at.Rate, at.Batch = sgdlab.Constant(eta), 1
	want, cov := kick(must(noise.NewPerSample(noise.PerSampleSettings{}, &at)), theta, eta), got.covariance()
	for i := range theta {
		want.Set(i, i, want.At(i, i)+2*temp*eta)
		for j := range theta {
			if math.Abs(cov.At(i, j)-want.At(i, j)) > 1e-12 {
				t.Errorf("covariance (%d, %d) of a step is %.15g, want %.15g", i, j, cov.At(i, j), want.At(i, j))
			}
		}
	}
}
