package dynamics_test

import (
	"fmt"
	"math"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

const eta, zeta = 0.1, 0.7

// stepOf returns θ′ − θ of one step.
func stepOf(s sgdlab.Stepper, theta []float64) lanes.Pack {
	p := lanes.Of(theta)
	s.Step(p, clock(1, 0), lanes.All, nil)
	lanes.Sub(p, p, lanes.Of(theta))
	return p
}

// enumerate calls f with every sequence of b rows of n, those that repeat a row left out where different is set.
func enumerate(n, b int, different bool, f func(rows []int)) {
	rows := make([]int, b)
	var rec func(i int)
	rec = func(i int) {
		if i == b {
			f(rows)
			return
		}
	next:
		for r := range n {
			for _, q := range rows[:i] {
				if different && q == r {
					continue next
				}
			}
			rows[i] = r
			rec(i + 1)
		}
	}
	rec(0)
}

// TestStepOfSGD: over all draws, an SGD step has mean −η∇L and the covariance of the per-sample kick at h = η, times
// (n−B)/(n−1) without replacement. With label noise over all signs as well, the output kick adds to it.
func TestStepOfSGD(t *testing.T) {
	const tol = 1e-12
	for name, site := range networks() {
		m := sampled(site)
		theta := normals("theta", m.Dim())
		n, k := m.Samples(), m.Outputs()
		var ws lanes.Arena
		grad := make(lanes.Pack, m.Dim())
		m.Grad(grad, lanes.Of(theta), &ws)
		for _, tc := range []struct {
			batch             int
			different, labels bool
		}{
			{1, false, false}, {2, false, false}, {1, true, false}, {2, true, false}, {3, true, false}, {1, false, true}, {2, false, true},
		} {
			draw := &listed{n: n, index: make([][lanes.W]int32, tc.batch)}
			signs := &told{xi: make(lanes.Pack, tc.batch*k)}
			c := dynamics.SGDSettings{
				Rate: sgdlab.Constant(eta), Batch: tc.batch,
				Draw: func(*sgdlab.Site) (sgdlab.Sampler, error) { return draw, nil },
			}
			combinations := 1
			if tc.labels {
				c.LabelNoise = labels(zeta, signs)
				combinations = 1 << (tc.batch * k)
			}
			sgd := must(dynamics.NewSGD(c, site))
			var got moments
			enumerate(n, tc.batch, tc.different, func(rows []int) {
				for i, r := range rows {
					for l := range lanes.W {
						draw.index[i][l] = int32(r)
					}
				}
				for bits := range combinations {
					for j := range signs.xi {
						signs.xi[j] = lanes.Splat(float64(2*(bits>>j&1) - 1))
					}
					got.add(stepOf(sgd, theta).Lane(nil, 4))
				}
			})

			at := *site
			at.Rate, at.Batch = c.Rate, tc.batch
			want := kick(must(noise.NewPerSample(noise.PerSampleSettings{}, &at)), theta, eta)
			if tc.different {
				want = plus(want, want, float64(n-tc.batch)/float64(n-1)-1)
			}
			if tc.labels {
				src := must(noise.NewOutput(noise.OutputSettings{Amplitude: sgdlab.Constant(zeta)}, &at))
				want = plus(want, kick(src, theta, eta), 1)
			}
			what := fmt.Sprintf("%s, B = %d, different rows %v, label noise %v", name, tc.batch, tc.different, tc.labels)
			if e := apart(got.covariance(), want); !(e < tol) {
				t.Errorf("%s: the covariance of a step is off by %.2g of itself", what, e)
			}
			for j, x := range got.mean() {
				if math.Abs(x+eta*grad[j][0]) > tol*(1+math.Abs(x)) {
					t.Errorf("%s: mean step %g in coordinate %d, want %g", what, x, j, -eta*grad[j][0])
				}
			}
		}
	}
}

// TestLabelNoiseOnGD: over all signs of the noise, a step of GD has the covariance of the output kick with B = n.
func TestLabelNoiseOnGD(t *testing.T) {
	for name, site := range networks() {
		m := sampled(site)
		theta := normals("theta", m.Dim())
		signs := &told{xi: make(lanes.Pack, m.Samples()*m.Outputs())}
		gd := must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta), LabelNoise: labels(zeta, signs)}, site))
		var got moments
		for bits := range 1 << len(signs.xi) {
			for j := range signs.xi {
				signs.xi[j] = lanes.Splat(float64(2*(bits>>j&1) - 1))
			}
			got.add(stepOf(gd, theta).Lane(nil, 4))
		}
		at := *site
		at.Rate = sgdlab.Constant(eta)
		want := kick(must(noise.NewOutput(noise.OutputSettings{Amplitude: sgdlab.Constant(zeta)}, &at)), theta, eta)
		if e := apart(got.covariance(), want); !(e < 1e-12) {
			t.Errorf("%s: the covariance of a step is off by %.2g of itself", name, e)
		}
	}
}

// TestSharedLabelNoise: with one draw for all labels of a step, a step of GD has the covariance of the output kick per: step, and one of SGD, over
// all batches, that of the per-sample kick and E[ḡḡᵀ], ḡ the mean of s∇h over the rows of the batch.
func TestSharedLabelNoise(t *testing.T) {
	for name, site := range networks() {
		m := sampled(site)
		theta := normals("theta", m.Dim())
		n, k, s := m.Samples(), m.Outputs(), must(sgdlab.As[sgdlab.Squared](m)).PerLabel()
		signs := &told{xi: make(lanes.Pack, k)}
		settings := labels(zeta, signs)
		settings.Per = "step"
		flip := func(of sgdlab.Stepper, into *moments) {
			for bits := range 1 << k {
				for j := range signs.xi {
					signs.xi[j] = lanes.Splat(float64(2*(bits>>j&1) - 1))
				}
				into.add(stepOf(of, theta).Lane(nil, 4))
			}
		}
		var got moments
		flip(must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta), LabelNoise: settings}, site)), &got)
		at := *site
		at.Rate = sgdlab.Constant(eta)
		want := kick(must(noise.NewOutput(noise.OutputSettings{Amplitude: sgdlab.Constant(zeta), Per: "step"}, &at)), theta, eta)
		if e := apart(got.covariance(), want); !(e < 1e-12) {
			t.Errorf("%s: the covariance of a step is off by %.2g of itself", name, e)
		}

		draw := &listed{n: n, index: make([][lanes.W]int32, 2)}
		sgd := must(dynamics.NewSGD(dynamics.SGDSettings{
			Rate: sgdlab.Constant(eta), Batch: 2, LabelNoise: settings,
			Draw: func(*sgdlab.Site) (sgdlab.Sampler, error) { return draw, nil },
		}, site))
		got = moments{}
		var ws lanes.Arena
		enumerate(n, 2, false, func(rows []int) {
			for i, r := range rows {
				for l := range lanes.W {
					draw.index[i][l] = int32(r)
				}
			}
			flip(sgd, &got)
		})
		at.Batch = 2
		want = kick(must(noise.NewPerSample(noise.PerSampleSettings{}, &at)), theta, eta)
		enumerate(n, 2, false, func(rows []int) {
			for i, r := range rows {
				for l := range lanes.W {
					draw.index[i][l] = int32(r)
				}
			}
			for a := range k {
				c, g := make(lanes.Pack, 2*k), make(lanes.Pack, m.Dim())
				for i := range 2 {
					c[i*k+a] = lanes.Splat(eta * zeta * s / 2)
				}
				m.Pullback(g, lanes.Of(theta), c, sgdlab.Rows{N: n, Index: draw.index}, nil, &ws)
				outer := lanes.NewMat(m.Dim(), m.Dim())
				for i := range g {
					for j := range g {
						outer.Set(i, j, g[i][0]*g[j][0])
					}
				}
				want = plus(want, outer, 1/float64(n*n))
			}
		})
		if e := apart(got.covariance(), want); !(e < 1e-12) {
			t.Errorf("%s: the covariance of a step of SGD is off by %.2g of itself", name, e)
		}
	}
	for name, site := range networks() {
		at := *site
		at.Rate = sgdlab.Constant(eta)
		if _, err := noise.NewOutput(noise.OutputSettings{Amplitude: sgdlab.Constant(zeta), Batch: 2, Per: "step"}, &at); err == nil {
			t.Errorf("%s: per: step was accepted beside mini-batches", name)
		}
	}
}

// TestResidualNoise: a step of SGD on one row is −η∇L and the kick (η/n) Σ ξᵢ∇hᵢ with ξᵢ = rᵢ(1 − n·1{i drawn}), under mean-half: E ξ = 0,
// Cov ξ = n·diag(r²) − rrᵀ and E‖ξ‖² = 2n(n − 1)L.
func TestResidualNoise(t *testing.T) {
	const n = 6
	s := set(n, 4, 1)
	m := must(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2}, s))
	site := &sgdlab.Site{Data: s, Model: m}
	of := sampled(site)
	draw := &listed{n: n, index: make([][lanes.W]int32, 1)}
	sgd := must(dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(eta), Batch: 1, Draw: func(*sgdlab.Site) (sgdlab.Sampler, error) { return draw, nil }}, site))
	theta := normals("theta", m.Dim())
	var ws lanes.Arena
	grad, r := make(lanes.Pack, m.Dim()), make(lanes.Pack, n)
	m.Grad(grad, lanes.Of(theta), &ws)
	of.Slope(r, lanes.Of(theta), sgdlab.AllRows(n), &ws)
	loss := m.Loss(lanes.Of(theta), &ws)[0]
	var noise moments
	square := 0.0
	for drawn := range n {
		for l := range lanes.W {
			draw.index[0][l] = int32(drawn)
		}
		got := stepOf(sgd, theta)
		xi, kick := make(lanes.Pack, n), make(lanes.Pack, m.Dim())
		for i := range xi {
			xi[i] = lanes.Splat(r[i][0] / n)
			if i == drawn {
				xi[i] = lanes.Splat(r[i][0] * (1 - n) / n)
			}
			square += xi[i][0] * xi[i][0] * n * n / n
		}
		of.Pullback(kick, lanes.Of(theta), xi, sgdlab.AllRows(n), nil, &ws)
		for j := range got {
			if want := eta * (kick[j][0] - grad[j][0]); math.Abs(got[j][0]-want) > 1e-13*(1+math.Abs(want)) {
				t.Errorf("row %d moves coordinate %d by %g, want %g", drawn, j, got[j][0], want)
			}
		}
		lanes.Scale(xi, n)
		noise.add(xi.Lane(nil, 0))
	}
	want := lanes.NewMat(n, n)
	for i := range n {
		for j := range n {
			x := -r[i][0] * r[j][0]
			if i == j {
				x += n * r[i][0] * r[i][0]
			}
			want.Set(i, j, x)
		}
	}
	if e := apart(noise.covariance(), want); !(e < 1e-12) {
		t.Errorf("the covariance of ξ is off by %.2g of itself", e)
	}
	for i, x := range noise.mean() {
		if math.Abs(x) > 1e-13 {
			t.Errorf("ξ %d has the mean %g", i, x)
		}
	}
	if w := 2 * n * (n - 1) * loss; math.Abs(square/w-1) > 1e-12 {
		t.Errorf("E‖ξ‖² = %g, want %g", square, w)
	}
}

// TestVarianceOfLabelNoise: of a linear model the kick η Σ ξᵢxᵢ has Var ξᵢ = s²ζ²/(nB): ζ²/n² on GD under mean-half, ζ² under
// sum-half, 4ζ²/n² under mean. One sign at a time suffices, as they are independent.
func TestVarianceOfLabelNoise(t *testing.T) {
	const n = 5
	s := set(n, 3, 1)
	for _, tc := range []struct {
		loss     any
		variance float64
	}{
		{"mean-half", zeta * zeta / (n * n)}, {"sum-half", zeta * zeta}, {"mean", 4 * zeta * zeta / (n * n)},
		{map[string]any{"prefactor": "1/(4*n)"}, zeta * zeta / (4 * n * n)},
	} {
		site := &sgdlab.Site{Data: s, Model: deepLinear(s, tc.loss, 3, 1)}
		signs := &told{xi: make(lanes.Pack, n)}
		gd := must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta), LabelNoise: labels(zeta, signs)}, site))
		theta := normals("theta", 3)
		quiet := stepOf(gd, theta)
		for i := range n {
			lanes.Zero(signs.xi)
			signs.xi[i] = lanes.Splat(1)
			kicked := stepOf(gd, theta)
			lanes.Sub(kicked, kicked, quiet)
			for j := range kicked {
				want := eta * math.Sqrt(tc.variance) * math.Abs(s.X.At(i, j))
				if got := math.Abs(kicked[j][0]); math.Abs(got-want) > 1e-14 {
					t.Errorf("%v: label %d moves coordinate %d by %g, want %g", tc.loss, i, j, got, want)
				}
			}
		}
	}
}

// TestStationaryVariance: label noise on a linear model of one weight is the chain w′ = (1−ηλ)w + ηsζΣξᵢxᵢ/n about its
// minimum, whose variance is ηC/(λ(2−ηλ)) with C = s²ζ²Σxᵢ²/n². Within 5.3 standard errors, a false alarm in 10⁷, over 256
// replicas and 1000 steps; successive squares of a chain with coefficient ρ count as (1−ρ²)/(1+ρ²) independent ones.
func TestStationaryVariance(t *testing.T) {
	const n, packs, burn, steps = 3, 32, 100, 1000
	s := set(n, 1, 1)
	site := &sgdlab.Site{Data: s, Model: deepLinear(s, "mean", 1, 1)}
	xx, xy := 0.0, 0.0
	for i := range n {
		xx += s.X.At(i, 0) * s.X.At(i, 0)
		xy += s.X.At(i, 0) * s.Y.At(i, 0)
	}
	lambda, least := 2*xx/n, xy/xx
	eta := 0.8 / lambda // far from the SDE, whose variance is ηC/2λ
	gd := must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Constant(eta), LabelNoise: labels(zeta, nil)}, site))
	want := eta * (4 * zeta * zeta * xx / (n * n)) / (lambda * (2 - eta*lambda))
	sum, square, count := 0.0, 0.0, 0.0
	for p := range packs {
		theta, at := lanes.Pack{lanes.Splat(least)}, clock(3, uint64(p*lanes.W))
		for k := range burn + steps {
			for l := range at.Step {
				at.Step[l] = uint64(k)
			}
			gd.Step(theta, at, lanes.All, nil)
			if k >= burn {
				for _, w := range theta[0] {
					sum += w - least
					square += (w - least) * (w - least)
					count++
				}
			}
		}
	}
	rho := 1 - eta*lambda
	got, se := square/count, want*math.Sqrt(2/count*(1+rho*rho)/(1-rho*rho))
	if math.Abs(got-want) > 5.3*se {
		t.Errorf("variance %.6g, want %.6g within %.2g", got, want, 5.3*se)
	}
	if mean, se := sum/count, math.Sqrt(want/count*(1+rho)/(1-rho)); math.Abs(mean) > 5.3*se {
		t.Errorf("mean %.3g off the minimum, want 0 within %.2g", mean, 5.3*se)
	}
}
