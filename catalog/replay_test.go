package catalog_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// arm builds a dynamics as a spec would write it.
func arm(t *testing.T, s *sgdlab.Site, text string) sgdlab.Stepper {
	t.Helper()
	return must[sgdlab.Stepper](t)(decoded[*sgdlab.Site, sgdlab.Stepper](t, parse(t, text)).Build(s))
}

// walk takes steps from θ in every lane of a pack of replicas, and returns where they are.
func walk(s sgdlab.Stepper, theta lanes.Pack, pack uint64, steps int) lanes.Pack {
	at := &sgdlab.Clock{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = 5, pack*lanes.W+uint64(l)
	}
	theta = clone(theta)
	for range steps {
		dt := s.Step(theta, at, lanes.All, nil)
		for l := range dt {
			at.Step[l]++
			at.Time[l] += dt[l]
		}
	}
	return theta
}

// Arms of step h on `substeps` walk on the Brownian path of finer arms on the same stream, so that they differ by their strong errors alone: for
// dx = −x dt + |x| dW, a geometric Brownian motion, of order ½ under Euler–Maruyama, from each arm to the one of half its step. (√(2L)·H^½ is |x| on ½x².)
func TestArmsOnOnePathHaveStrongErrors(t *testing.T) {
	const levels, packs = 6, 60
	s := landscape(t, "{name: quadratic, spectrum: [1]}")
	ends := make([][]float64, levels)
	for i := range levels {
		steps := 1024 >> i
		stepper := arm(t, s, fmt.Sprintf("{name: sde, calculus: ito, rate: 1, step: %g, noise: {factor: loss-hessian, of: absolute, batch: 1, stream: w, substeps: %d}}", 1/float64(steps), 1<<i))
		for p := range uint64(packs) {
			x := walk(stepper, lanes.Pack{lanes.Splat(1)}, p, steps)[0]
			ends[i] = append(ends[i], x[:]...)
		}
	}
	var x, y []float64
	for i := range levels - 1 {
		sum := 0.0
		for k := range ends[i] {
			d := ends[i+1][k] - ends[i][k]
			sum += d * d
		}
		x, y = append(x, math.Log(float64(int(1)<<i))), append(y, math.Log(sum)/2)
	}
	got := slope(x, y)
	t.Logf("order %.3f", got)
	if math.Abs(got-0.5) > 0.1 {
		t.Errorf("the strong error has order %.3f, want ½; log errors %.3v", got, y)
	}
}

func slope(x, y []float64) float64 {
	n, sx, sy, sxx, sxy := float64(len(x)), 0.0, 0.0, 0.0, 0.0
	for i := range x {
		sx, sy, sxx, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// siteOf builds the stage of a name.
func siteOf(t *testing.T, name string) *sgdlab.Site {
	t.Helper()
	for i, st := range stages {
		if st.name == name {
			return site(t, i)
		}
	}
	t.Fatalf("no stage %s", name)
	return nil
}

// landscape is a site of a landscape.
func landscape(t *testing.T, text string) *sgdlab.Site {
	t.Helper()
	s := &sgdlab.Site{Place: "battery"}
	s.Model = must[sgdlab.Model](t)(decoded[*data.Set, sgdlab.Model](t, parse(t, text)).Build(nil))
	start := decoded[*sgdlab.Site, sgdlab.Start](t, parse(t, "{name: point, at: 1}"))
	s.Start = must[sgdlab.Start](t)(start.Build(s.At("start")))
	return s
}

// What arms share: (a) a noise has the same numbers wherever in a list it stands, (b) the SDE of per-sample noise under the multinomial law on
// stream rows is SGD, for each way of drawing, and (c) GD with a noise is the SDE's chain at h = η.
func TestArmsReplayNoise(t *testing.T) {
	s := siteOf(t, "two layers")
	for _, c := range []struct {
		what, a, b string
		tolerance  float64
	}{
		{"a noise at two places of a list",
			"{name: sde, calculus: ito, rate: 0.05, noise: [{factor: identity, variance: 0.3, stream: w}, {factor: output, amplitude: 0}]}",
			"{name: sde, calculus: ito, rate: 0.05, noise: [{factor: output, amplitude: 0}, {factor: identity, variance: 0.3, stream: w}]}", 0},
		{"a noise of the place of another",
			"{name: sde, calculus: ito, rate: 0.05, noise: [{factor: identity, variance: 0.3}]}",
			"{name: sde, calculus: ito, rate: 0.05, noise: [{factor: output, amplitude: 0, stream: other}, {factor: identity, variance: 0.3, stream: 'noise[0]'}]}", 0},
		{"the law as a map",
			"{name: sde, calculus: ito, rate: 0.05, noise: {factor: per-sample, law: {name: stable, alpha: 1.5, stream: w}}}",
			"{name: gd, rate: 0.05, noise: [{factor: per-sample, law: levy, alpha: 1.5, stream: w}]}", 0},
		{"SGD and its SDE",
			"{name: sgd, rate: 0.05, batch: 2}",
			"{name: sde, calculus: ito, rate: 0.05, noise: {factor: per-sample, law: multinomial, batch: 2, stream: rows}}", 1e-12},
		{"SGD without replacement and its SDE",
			"{name: sgd, rate: 0.05, batch: 3, draw: without-replacement, stream: mine}",
			"{name: gd, rate: 0.05, noise: [{factor: output, amplitude: 0}, {factor: per-sample, law: multinomial, batch: 3, draw: without-replacement, stream: mine}]}", 1e-12},
		{"reshuffled SGD and its SDE",
			"{name: sgd, rate: 0.05, batch: 3, draw: reshuffled}",
			"{name: sde, calculus: ito, rate: 0.05, noise: {factor: per-sample, batch: 3, law: {name: multinomial, batch: 3, draw: {name: reshuffled, stream: rows}}}}", 1e-12},
		{"labels on GD on two streams of one name",
			"{name: gd, rate: 0.05, label-noise: {amplitude: 0.3, law: sign}}",
			"{name: gd, rate: 0.05, label-noise: {amplitude: 0.3, law: {name: rademacher, stream: label-noise}}}", 0},
	} {
		theta := normals("theta", s.Model.Dim())
		lanes.Scale(theta, 0.5)
		a, b := walk(arm(t, s, c.a), theta, 0, 20), walk(arm(t, s, c.b), theta, 0, 20)
		near(t, c.what, b, a, c.tolerance, lanes.All)
	}
	apart := walk(arm(t, s, "{name: sgd, rate: 0.05, batch: 2}"), normals("theta", s.Model.Dim()), 0, 20)
	other := walk(arm(t, s, "{name: sgd, rate: 0.05, batch: 2, stream: mine}"), normals("theta", s.Model.Dim()), 0, 20)
	if same(apart, other, 0, 0) {
		t.Error("sgd on another stream draws the same rows")
	}
}

// Streams and substeps are refused where they mean nothing, with a remedy.
func TestStreamErrors(t *testing.T) {
	s := siteOf(t, "two layers")
	for text, want := range map[string]string{
		"{name: sde, calculus: ito, rate: 0.1, noise: {factor: per-sample, law: sign, substeps: 4}}":                                     "item.noise.law: substeps: the sum of 4 draws of the rademacher law is not a draw of it; use law: gaussian or stable, or leave substeps out",
		"{name: sde, calculus: ito, rate: 0.1, noise: {factor: per-sample, law: uniform, substeps: 2}}":                                  "the uniform law is not a draw of it",
		"{name: sde, calculus: ito, rate: 0.1, noise: {factor: per-sample, law: multinomial, substeps: 2}}":                              "the multinomial law is not a draw of it",
		"{name: gd, rate: 0.1, label-noise: {amplitude: 1, law: sign, substeps: 2}}":                                                     "the rademacher law is not a draw of it",
		"{name: sde, calculus: ito, rate: 0.1, noise: [{factor: identity, T: 1, stream: w}, {factor: output, amplitude: 1, stream: w}]}": "noise[0] and noise[1] draw from one stream, w, and would not be independent; name another `stream` for one of them",
		"{name: sgd, rate: 0.1, batch: 2, noise: {factor: identity, T: 1, stream: rows}}":                                                "draw and noise[0] draw from one stream, rows",
		"{name: sgd, rate: 0.1, batch: 2, stream: start}":                                                                                "stream: start is where replicas start",
		"{name: gd, rate: 0.1, noise: {factor: identity, T: 1, stream: 'bridge:x'}}":                                                     "got stream \"bridge:x\"; want a word",
		"{name: gd, rate: 0.1, noise: {factor: identity}}":                                                                               "needs a `temperature`, a number or matched, or a `variance`",
		"{name: gd, rate: 0.1, noise: {factor: identity, T: 1, variance: 1}}":                                                            "both a `temperature` and a `variance`",
		"{name: gd, rate: 0.1, noise: {factor: output, amplitude: 1, law: multinomial}}":                                                 "drives per-sample noise only",
	} {
		made := decoded[*sgdlab.Site, sgdlab.Stepper](t, parse(t, text))
		if _, err := made.Build(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
	var problems spec.Problems
	for _, text := range []string{
		"{name: gd, rate: 0.1, noise: {factor: identity, T: 1, substeps: 0}}", "{name: gd, rate: 0.1, noise: {factor: identity, variance: -1}}",
		"{name: sgd, rate: 0.1, batch: 2, substeps: 2}",
	} {
		if _, ok := catalog.Decode[*sgdlab.Site, sgdlab.Stepper](catalog.Scanner(&problems), parse(t, text), "item"); ok {
			t.Errorf("%s is accepted", text)
		}
	}
}
