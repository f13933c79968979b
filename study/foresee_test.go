package study

import (
	"math"
	"strings"
	"testing"

	"sgdlab/store"
)

// Claims that no run could decide are found before anything runs, with their line; their mended forms load.
func TestForesee(t *testing.T) {
	const spec = `model: {name: double-well}
start: {name: point, at: [-1]}
dynamics:
  a: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.1}, step: 0.01, rate: 0.1}
  b: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.2}, step: 0.01, rate: 0.1}
observe:
  - {name: loss, every: 5}
  - {name: coordinate, index: 0}
events: {exit: {of: {name: coordinate, index: 0}, rises-above: 1}}
ensemble: {replicas: 20, until: {event: exit, at-most: {time: 10}}}
sweep: {dynamics.b.noise.temperature: [0.2, 0.3]}
claims:
  - `
	for _, tc := range []struct{ claim, want string }{
		{"{id: c, measure: {difference: [{mean-time: exit, dynamics: a}, {mean-time: exit, dynamics: b}]}, expect: {at-least: 0}}", ""}, // at each point
		{"{id: c, measure: {difference: [{mean-time: exit, dynamics: a}, {mean-time: exit, dynamics: b, where: {dynamics.b.noise.temperature: 0.3}}]}, expect: {at-least: 0}}",
			"claims[0].measure.difference[0]: got a number of one cell, asked of 2: a dynamics.b.noise.temperature=0.2, a dynamics.b.noise.temperature=0.3 and so on; want one: name its dynamics, and where: {dynamics.b.noise.temperature: …}"},
		{"{id: c, measure: {difference: [{mean-time: exit}, {mean-time: exit, dynamics: b}]}, expect: {at-least: 0}}", "difference[0]: got a number of one cell, asked of 2: a dynamics.b.noise.temperature=0.2, b dyn"},
		{"{id: c, measure: {difference: [{mean-time: exit, dynamics: a}, {mean-time: exit, dynamics: b}], where: {dynamics.b.noise.temperature: 0.3}}, expect: {at-least: 0}}", ""},
		{"{id: c, measure: {difference: [{mean-time: exit, dynamics: a, where: {dynamics.b.noise.temperature: 0.3}}, {mean-time: exit, where: {dynamics.b.noise.temperature: 0.3}, dynamics: b}]}, expect: {at-least: 0}}", ""},
		{"{id: c, measure: {ratio: [{mean-time: exit, where: {dynamics.b.noise.temperature: 0.3}}, {mean-time: exit, dynamics: b, where: {dynamics.b.noise.temperature: 0.3}}]}, expect: {at-least: 0}}", "measure.ratio[0]: got a number of one cell, asked of 2"},
		{"{id: c, measure: {mean-time: exit}, expect: {equals: {measure: {mean-time: exit, dynamics: b}}, relative: 0.1}}", ""}, // at the same point
		{"{id: c, measure: {slope: {of: {mean-time: exit}, over: dynamics.b.noise.temperature}}, expect: {equals: {measure: {mean-time: exit, dynamics: b}}, relative: 0.1}}", "expect.equals.measure: got a number of one cell, asked of 2"},
		{"{id: c, measure: {mean-time: exit}, expect: {equals: {measure: {mean-time: exit, dynamics: b, where: {dynamics.b.noise.temperature: 0.2}}}, relative: 0.1}}", ""},
		{"{id: c, measure: {difference: [{mean-time: exit, dynamics: a}, {mean-time: exit, dynamics: b, where: {dynamics.b.noise.temperature: 0.3}}], where: {dynamics.b.noise.temperature: 0.2}}, expect: {at-least: 0}}", "got a number of a cell that there is not"},
		{"{id: c, measure: {mean-time: exit, dynamics: b}, expect: {equals: sqrt($dynamics.b.noise.temperature - 0.25), relative: 0.1}}", "claims[0].expect.equals: got \"sqrt($dynamics.b.noise.temperature - 0.25)\": column 1: sqrt(-0.0"},
		{"{id: c, measure: {mean-time: exit, dynamics: b, where: {dynamics.b.noise.temperature: 0.3}}, expect: {equals: sqrt($dynamics.b.noise.temperature - 0.25), relative: 0.1}}", ""}, // where it has one
		{"{id: c, measure: {mean-time: exit, dynamics: b}, expect: {equals: 1, relative: sqrt($dynamics.b.noise.temperature - 0.25)}}", "claims[0].expect.relative: got"},
		{"{id: c, measure: {mean-time: exit, dynamics: b}, expect: {equals: sqrt($dynamics.b.noise.temperatur - 0.25), relative: 0.1}}", "temperatur"},
		{"{id: c, measure: {value: loss, at: 3.3}, expect: {at-least: -1}}", "claims[0].measure.at: got time 3.3, at which loss is never read; want a time of its schedule; the nearest is 3.5"},
		{"{id: c, measure: {value: loss, at: 3.5}, expect: {at-least: -1}}", ""},
		{"{id: c, measure: {variance: loss, at: 10.5}, expect: {at-least: -1}}", "the nearest is 10"},
		{"{id: c, measure: {ratio: [{value: loss, at: 1}, {quantile: loss, q: 0.3, at: 1.1}]}, expect: {at-least: -1}}", "measure.ratio[1].at: got time 1.1"},
		{"{id: c, measure: {value: \"coordinate[0]\", at: 1}, expect: {at-least: -1}}", "time 1, at which coordinate[0] is never read; want a time of its schedule\n"},
		{"{id: c, measure: {value: \"coordinate[0]\", at: end}, expect: {at-least: -1}}", ""},
		{"{id: c, measure: {max: loss, window: [1.1, 1.4]}, expect: {at-least: -1}}", "measure.window: got the window [1.1, 1.4], in which loss is never read"},
		{"{id: c, measure: {max: loss, window: [1.1, 1.6]}, expect: {at-least: -1}}", ""},
		{"{id: c, measure: {mean: \"coordinate[0]\"}, expect: {at-least: -1}}", "coordinate[0], which is never read on the way; want every: STEPS"},
	} {
		_, err := LoadText("f.yaml", []byte(spec+tc.claim+"\n"), ".", Options{})
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.claim, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "f.yaml:13: ")):
			t.Errorf("%s:\n got %v\nwant %s", tc.claim, err, tc.want)
		}
	}
}

// A difference of dynamics is judged at each point of the sweep, and a measure of another dynamics is that of the same point.
func TestArmsPerPoint(t *testing.T) {
	st, err := LoadText("p.yaml", []byte(`model: {name: quadratic, spectrum: [1]}
start: {name: point, at: [1]}
dynamics:
  slow: {name: gd, rate: 0.1}
  fast: {name: gd, rate: 0.2}
observe: [{name: coordinate, index: 0, every: 1}]
ensemble: {replicas: 1, until: {steps: 1}}
sweep: {dynamics.fast.rate: [0.2, 0.4, 0.6]}
claims:
  - {id: lead, measure: {difference: [{value: "coordinate[0]", at: end, dynamics: slow}, {value: "coordinate[0]", at: end, dynamics: fast}]}, expect: {at-least: 0.29}}
  - {id: twice, measure: {value: "coordinate[0]", at: end, dynamics: fast}, expect: {equals: {measure: {value: "coordinate[0]", at: end, dynamics: slow}}, absolute: 0.31}}
`), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	vs := st.Judge("", simulated(t, st))
	if len(vs) != 6 {
		t.Fatalf("%d verdicts: %+v", len(vs), vs)
	}
	for i, want := range []struct {
		cell     string
		measured float64
		verdict  store.Judgement
	}{
		{"dynamics.fast.rate=0.2", 0.1, store.Fails}, {"dynamics.fast.rate=0.4", 0.3, store.Holds}, {"dynamics.fast.rate=0.6", 0.5, store.Holds},
		{"fast dynamics.fast.rate=0.2", 0.8, store.Holds}, {"fast dynamics.fast.rate=0.4", 0.6, store.Holds}, {"fast dynamics.fast.rate=0.6", 0.4, store.Fails},
	} {
		if v := vs[i]; v.Cell != want.cell || math.Abs(float64(v.Measured)-want.measured) > 1e-12 || v.Verdict != want.verdict {
			t.Errorf("%s [%s]: %g %s; want [%s] %g %s", v.ID, v.Cell, float64(v.Measured), v.Verdict, want.cell, want.measured, want.verdict)
		}
	}
}
