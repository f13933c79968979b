package study

import (
	"math"
	"strings"
	"testing"

	"sgdlab/spec"
	"sgdlab/store"
)

// A number of several dynamics has a value at each point of a sweep: its slope, its order and its own verdicts are over
// points, one for all dynamics. At the rate η of GD on x²/2 after time 1 the distance of two arms is known in closed form.
func TestNumbersOfPoints(t *testing.T) {
	text := `
model: {name: quadratic, spectrum: [1]}
start: {name: point, at: [1]}
dynamics:
  coarse: {name: gd, rate: 0.5}
  fine:   {name: gd, rate: $dynamics.coarse.rate/2}
observe: [{name: coordinate, on: end}]
ensemble: {replicas: 1, keep: 1, until: {time: 1}}
sweep: {dynamics.coarse.rate: [0.125, 0.25, 0.5]}
claims:
  - {id: slope, measure: {slope: {of: {difference: [{value: "coordinate[0]", dynamics: fine}, {value: "coordinate[0]", dynamics: coarse}]}, over: $dynamics.coarse.rate, log: xy}}, expect: {equals: SLOPE, absolute: 1e-9}}
  - {id: replicas, measure: {slope: {of: {replicas: {value: f - c, with: {f: {end: "coordinate[0]", dynamics: fine}, c: {end: "coordinate[0]", dynamics: coarse}}}}, over: $dynamics.coarse.rate, log: xy}}, expect: {equals: SLOPE, absolute: 1e-9}}
  - {id: rises, measure: {difference: [{value: "coordinate[0]", dynamics: fine}, {value: "coordinate[0]", dynamics: coarse}]}, expect: {ordered: increasing, over: $dynamics.coarse.rate}}
  - {id: falls, measure: {difference: [{value: "coordinate[0]", dynamics: fine}, {value: "coordinate[0]", dynamics: coarse}]}, expect: {ordered: decreasing, over: $dynamics.coarse.rate}}
`
	var x, y [3]float64
	for i, eta := range []float64{0.125, 0.25, 0.5} {
		x[i], y[i] = math.Log(eta), math.Log(math.Pow(1-eta/2, 2/eta)-math.Pow(1-eta, 1/eta))
	}
	slope := (y[2] - y[0]) / (x[2] - x[0]) // the points are evenly spaced in log η
	st := load(t, strings.ReplaceAll(text, "SLOPE", valueText(spec.New(slope))))
	vs := st.Judge("", simulated(t, st))
	if len(vs) != 4 {
		t.Fatal(show(vs))
	}
	for i, want := range []store.Judgement{store.Holds, store.Holds, store.Holds, store.Fails} {
		if vs[i].Verdict != want || vs[i].Cell != "" {
			t.Errorf("%s: want %s: %s", vs[i].ID, want, show(vs[i:i+1]))
		}
	}
	if !near(vs[0].Measured, slope, 1e-12) || !near(vs[1].Measured, slope, 1e-12) {
		t.Errorf("slopes %v and %v, want %g", vs[0].Measured, vs[1].Measured, slope)
	}
	if _, err := LoadText("t.yaml", []byte(strings.ReplaceAll(text, "{value: \"coordinate[0]\", dynamics: fine}, {value: \"coordinate[0]\", dynamics: coarse}]}, over", "{value: \"coordinate[0]\", where: {dynamics.coarse.rate: 0.5}}, {value: \"coordinate[0]\", dynamics: coarse}]}, over")), ".", Options{}); err == nil {
		t.Error("a difference of one cell and of each has a slope over points")
	}
}

// Means at the end are compared by replica where all replicas are kept: arms that replay one draw differ by rounding, whatever
// the scatter of the replicas; without `keep` the worst is supposed.
func TestPairedEnds(t *testing.T) {
	text := `
data: {name: teacher-student, inputs: 3, samples: 20, singular-values: [1], label-noise: 0.5}
model: {name: deep-linear, widths: [3, 1]}
start: {name: gaussian, deviation: 1}
dynamics:
  sgd: {name: sgd, rate: 0.05, batch: 2}
  sde: {name: sde, calculus: ito, rate: 0.05, noise: {factor: per-sample, batch: 2, law: multinomial, stream: rows}}
observe: [{name: loss, on: end}]
ensemble: {replicas: 24, KEEP until: {steps: 20}}
claims:
  - {id: same, measure: {difference: [{value: loss, dynamics: sgd}, {value: loss, dynamics: sde}]}, expect: {equals: 0, absolute: 1e-9}}
  - {id: ratio, measure: {ratio: [{value: loss, dynamics: sgd}, {value: loss, dynamics: sde}]}, expect: {equals: 1, relative: 1e-9}}
`
	for keep, want := range map[string]store.Judgement{"keep: 24,": store.Holds, "keep: 23,": store.Undecided, "": store.Undecided} {
		st := load(t, strings.Replace(text, "KEEP", keep, 1))
		for _, v := range st.Judge("", simulated(t, st)) {
			if v.Verdict != want {
				t.Errorf("%q: want %s: %s", keep, want, show([]store.Verdict{v}))
			}
		}
	}
}

// A replica is at no distance from its start when it starts, whatever the seeds of start and noise and whether arms share them.
func TestDistanceIsFromTheReplicasOwnStart(t *testing.T) {
	for _, independent := range []string{"false", "true"} {
		st := load(t, `
seed: {data: 1, init: 5, noise: 9}
model: {name: quadratic, spectrum: [1, 2]}
start: {name: gaussian, deviation: 1}
dynamics:
  gd:  {name: gd, rate: 0.1}
  sde: {name: sde, calculus: ito, step: 0.1, noise: {factor: identity, temperature: 0.1}}
observe: [{name: distance-to-start, every: 1}]
ensemble: {replicas: 12, independent: `+independent+`, until: {steps: 3}}
sweep: {seed.init: [5, 6]}
`)
		for _, o := range simulated(t, st) {
			m := o.Series["distance-to-start"].Moments
			if m[0].N != 12 || m[0].Max != 0 || !(m[1].Min > 0) {
				t.Errorf("independent: %s, %s: distances up to %g at the start, from %g after a step", independent, st.Label(o.Cell), m[0].Max, m[1].Min)
			}
		}
	}
}

// On a flow the crossing of any column is found inside the step: θ = e⁻ᵗ is at ½ at t = ln 2.
func TestCrossingOfASecondColumn(t *testing.T) {
	st := load(t, `
model: {name: quadratic, spectrum: [1]}
start: {name: point, at: [1]}
dynamics: {flow: {name: flow, step: 0.5, tolerance: 1e-12}}
events: {near: {of: {name: nearest-minimum}, column: nearest-minimum-distance, falls-below: 0.5}}
ensemble: {replicas: 1, until: {event: near, at-most: {time: 5}}}
`)
	for _, o := range simulated(t, st) {
		if s := o.Passages["near"]; len(s.Values) != 1 || s.Censored[0] || math.Abs(s.Values[0]-math.Ln2) > 1e-10 {
			t.Errorf("passages %v; want one at ln 2 = %g", s.Values, math.Ln2)
		}
	}
}

// The scales of plateaus reach the search, and points that differ in them do not share it. The plateaus of this staircase are at 8.5
// up to t = 1.6 and at ½ from 1.7 to 5.6, of 10: of a third of the record in t is the second, in ln t, from 0.02 on, the first.
// Which of them it is shows in the height, far from a factor 2: as long a plateau takes in some of the descent.
func TestScalesOfPlateaus(t *testing.T) {
	st := load(t, `
data: {name: target-matrix, singular-values: [4, 1], rotate: false}
model: {name: deep-linear, widths: [2, 2, 2]}
start: {name: balanced, strength: 1e-5}
dynamics: {gd: {name: gd, rate: 0.02}}
observe: [{name: loss, every: 1}]
plateaus: {of: loss, duration: 0.33, time: linear}
ensemble: {replicas: 1, until: {steps: 500}}
sweep: {plateaus.time: [linear, log]}
`)
	_, got := tabled(t, st)
	var heights [2][]float64
	for _, p := range got.plateaus {
		heights[p.Cell] = append(heights[p.Cell], p.Height)
	}
	for i, want := range []float64{0.5, 8.5} {
		if len(heights[i]) == 0 || math.Abs(math.Log2(heights[i][0]/want)) > 0.5 {
			t.Errorf("%s: plateaus at %g, want the first at %g", st.Label(&st.Cells[i]), heights[i], want)
		}
	}
}
