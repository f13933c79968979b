package catalog_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// rateOf decodes gd under each of some rates as one group, and returns its rate, a point of the group in each lane by turns.
func rateOf(t *testing.T, rates ...string) (sgdlab.Setting, *sgdlab.Clock) {
	t.Helper()
	var points []*spec.Node
	for _, r := range rates {
		points = append(points, parse(t, "{name: gd, rate: "+r+"}"))
	}
	s := must[sgdlab.Stepper](t)(swept[*sgdlab.Site, sgdlab.Stepper](t, points...).Build(site(t, 0)))
	rate, _ := s.Pace()
	at := &sgdlab.Clock{}
	for l := range at.Point {
		at.Point[l] = int32(l % len(rates))
	}
	return rate, at
}

// Schedules have the values of their formulas, and number by number their own in each lane.
func TestSchedules(t *testing.T) {
	const a, b, over = 0.3, 0.01, 200.0
	for _, tc := range []struct {
		text string
		want func(k float64) float64
	}{
		{"{schedule: cosine, from: 0.3, to: 0.01, over: 200}", func(k float64) float64 {
			return b + (a-b)/2*(1+math.Cos(math.Pi*math.Min(1, k/over)))
		}},
		{"{schedule: warm-up, from: 0.01, to: 0.3, over: 200}", func(k float64) float64 { return b + (a-b)*math.Min(1, k/over) }},
		{"{schedule: step, from: 0.3, factor: 0.5, every: 30}", func(k float64) float64 { return a * math.Pow(0.5, math.Floor(k/30)) }},
		{"{schedule: power, from: 0.3, exponent: 0.6, scale: 20}", func(k float64) float64 { return a * math.Pow(1+k/20, -0.6) }},
		{"{schedule: piecewise, at: [0, 100, 250], values: [0.3, 0.1, 0.01]}", func(k float64) float64 {
			return map[bool]float64{true: 0.3, false: map[bool]float64{true: 0.1, false: 0.01}[k < 250]}[k < 100]
		}},
		{"{schedule: piecewise, at: [0, 100, 250], values: [0.3, 0.1, 0.01], between: linear}", func(k float64) float64 {
			switch {
			case k < 100:
				return 0.3 - 0.2*k/100
			case k < 250:
				return 0.1 - 0.09*(k-100)/150
			}
			return 0.01
		}},
		{"{schedule: warm-up, from: 0.01, over: 50, then: {schedule: cosine, from: 0.3, to: 0.01, over: 100}}", func(k float64) float64 {
			if k < 50 {
				return 0.01 + 0.29*k/50
			}
			return b + (a-b)/2*(1+math.Cos(math.Pi*math.Min(1, (k-50)/100)))
		}},
	} {
		rate, at := rateOf(t, tc.text)
		timed, _ := rateOf(t, strings.ReplaceAll(strings.TrimSuffix(tc.text, "}")+", in: time}", "over: 100}, in", "over: 100, in: time}, in"))
		for k := range 400 {
			for l := range lanes.W {
				at.Step[l], at.Time[l] = uint64(k+l), float64(k+2*l)
			}
			v, w := rate(at), timed(at)
			for l := range v {
				if want := tc.want(float64(k + l)); math.Abs(v[l]-want) > 1e-14 {
					t.Fatalf("%s: %.17g at step %d, want %.17g", tc.text, v[l], k+l, want)
				}
				if want := tc.want(float64(k + 2*l)); math.Abs(w[l]-want) > 1e-14 {
					t.Fatalf("%s: %.17g at time %d, want %.17g", tc.text, w[l], k+2*l, want)
				}
			}
		}
		if bySteps, byTime := rate.Varies(); !bySteps || byTime {
			t.Errorf("%s varies by steps: %t, by time: %t", tc.text, bySteps, byTime)
		}
		if bySteps, byTime := timed.Varies(); bySteps || !byTime {
			t.Errorf("%s in time varies by steps: %t, by time: %t", tc.text, bySteps, byTime)
		}
	}
	rate, at := rateOf(t, "{schedule: cosine, from: 0.3, to: 0.01, over: 200}", "{schedule: cosine, from: 0.2, to: 0.1, over: 200}")
	at.Step = [lanes.W]uint64{0, 0, 100, 100, 300, 300, 0, 0}
	if v := rate(at); v[0] != 0.3 || v[1] != 0.2 || v[2] != 0.155 || math.Abs(v[3]-0.15) > 1e-16 || v[4] != 0.01 || v[5] != 0.1 {
		t.Errorf("in one pack: %v", v)
	}
	if rate, _ = rateOf(t, "0.1"); !rate.Fixed() {
		t.Error("a number varies")
	}
}

// The scale of noise follows a schedule of what it is computed from.
func TestScheduledNoise(t *testing.T) {
	for text, want := range map[string]func(k float64) float64{
		"{name: sde, calculus: ito, rate: {schedule: power, from: 0.1, exponent: 1, scale: 10}, noise: {factor: per-sample, batch: 2}}":           func(k float64) float64 { return math.Sqrt(0.1 / (1 + k/10) / 2) },
		"{name: sde, calculus: ito, rate: 0.1, noise: {factor: identity, temperature: {schedule: power, from: 0.3, exponent: 1, scale: 10}}}":     func(k float64) float64 { return math.Sqrt(2 * 0.3 / (1 + k/10)) },
		"{name: gd, rate: {schedule: step, from: 0.1, factor: 0.5, every: 10}, noise: {factor: output, amplitude: 0.7, batch: 1}}":                func(k float64) float64 { return 0.7 * math.Sqrt(0.1*math.Pow(0.5, math.Floor(k/10))) },
		"{name: sde, calculus: ito, rate: 0.1, noise: {factor: identity, temperature: {schedule: cosine, from: 0.3, to: 0, over: 10, in: time}}}": func(k float64) float64 { return math.Sqrt(0.3 * (1 + math.Cos(math.Pi*k/10))) },
	} {
		s := must[sgdlab.Stepper](t)(decoded[*sgdlab.Site, sgdlab.Stepper](t, parse(t, text)).Build(site(t, 2)))
		noises := func() []sgdlab.Noise {
			if k, ok := s.(sgdlab.Kicked); ok {
				return k.Kicks()
			}
			return s.(sgdlab.Diffusive).SDE().Noise
		}()
		if noises[0].Scale.Fixed() {
			t.Errorf("%s: the noise does not vary", text)
		}
		at := &sgdlab.Clock{}
		for k := range 10 {
			at.Step[0], at.Time[0] = uint64(k), float64(k)
			if got := noises[0].Scale(at)[0]; math.Abs(got-want(float64(k))) > 1e-14 {
				t.Errorf("%s: scale %.17g at %d, want %.17g", text, got, k, want(float64(k)))
			}
		}
	}
}

func TestScheduleMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"{name: gd, rate: {schedule: cosin, from: 1, to: 1, over: 2}}":                                                                           "item.rate.schedule: got cosin; want one of cosine, piecewise, power, step, warm-up; did you mean cosine?",
		"{name: gd, rate: {from: 1}}":                                                                                                            "item.rate.schedule: got nothing; want a shape: cosine, piecewise, power, step, warm-up; or a number > 0 in place of the map",
		"{name: gd, rate: {schedule: cosine, from: -1, to: 1, over: 2}}":                                                                         "item.rate.from: got -1; want a number > 0",
		"{name: gd, rate: {schedule: cosine, from: 1, over: 2}}":                                                                                 "item.rate.to: got nothing; want number, may be swept within packs: the value at the end, which it then keeps",
		"{name: gd, rate: {schedule: cosine, from: 1, to: 1, ovr: 2}}":                                                                           "item.rate.ovr: got the unknown key ovr; want a known key; did you mean over?",
		"{name: gd, rate: {schedule: cosine, from: {schedule: step}, to: 1, over: 2}}":                                                           "item.rate.from: got a map; want a number > 0",
		"{name: gd, rate: {schedule: warm-up, from: 1, over: 2}}":                                                                                "want just one of to and then",
		"{name: gd, rate: {schedule: warm-up, from: 1, over: 2, then: {schedule: step, from: 1, factor: 0.1, every: 3, in: time}}}":              "lengths in steps, or in time, here and in then alike",
		"{name: gd, rate: {schedule: piecewise, at: [0, 3, 3], values: [1, 2, 3]}}":                                                              "want at: a list that rises from 0",
		"{name: gd, rate: {schedule: piecewise, at: [0, 3], values: [1, 2, 3]}}":                                                                 "want as many values as places under at",
		"{name: gd, rate: {schedule: piecewise, at: [0, 3], values: [1, 0]}}":                                                                    "item.rate.values[1]: got 0; want a number > 0",
		"{name: gd, rate: 1, momentum: {schedule: warm-up, from: 0.5, to: 1, over: 10}}":                                                         "item.momentum.to: got 1; want a number ≥ 0 and < 1",
		"{name: gd, rate: 1, noise: {factor: identity, temperature: {schedule: step, from: -1, factor: 1, every: 1}}}":                           "temperature.from: got -1; want a number ≥ 0",
		"{name: sde, calculus: ito, rate: {schedule: step, from: 1, factor: 0.5, every: 10}, step: 0.1}":                                         "in: time",
		"{name: flow, rate: {schedule: step, from: 1, factor: 0.5, every: 10}, step: 0.1}":                                                       "in: time",
		"{name: sde, calculus: ito, rate: 1, step: 0.1, noise: {factor: identity, temperature: {schedule: step, from: 1, factor: 1, every: 1}}}": "in: time",
	} {
		var problems spec.Problems
		made, ok := catalog.Decode[*sgdlab.Site, sgdlab.Stepper](catalog.Scanner(&problems), parse(t, text), "item")
		got := ""
		if ok {
			if _, err := made.Build(site(t, 0)); err != nil {
				got = err.Error()
			}
		} else {
			got = problems.Err().Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %q; want it to say %q", text, got, want)
		}
	}
	var problems spec.Problems
	if _, ok := catalog.Decode[*sgdlab.Site, sgdlab.Start](catalog.Scanner(&problems), parse(t, "{name: gaussian, deviation: {schedule: cosine, from: 1, to: 2, over: 3}}"), "start"); ok || !strings.Contains(problems.Err().Error(), "start.deviation: got") {
		t.Errorf("a start is scheduled: %v", problems.Err())
	}
}
