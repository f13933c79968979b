package study

import (
	"math"
	"strings"
	"testing"

	"sgdlab/store"
)

// What a path is summed up by, on a quadratic whose path is known: θ ← 0.9θ from 1 along the first coordinate.
func TestAlongPaths(t *testing.T) {
	const text = `model: {name: quadratic, spectrum: [1, 3, 2]}
start: {name: point, at: [1, -2, 0]}
dynamics: {gd: {name: gd, rate: 0.1}}
observe:
  - {name: coordinate, index: 0, every: 1}
  - {name: coordinate, index: 1, every: 1}
  - {name: coordinate, index: 2, every: 1}
  - {name: loss, every: 2}
  - {name: expression, as: never, value: log(x - 2), terms: [{as: x, of: {name: coordinate}}], every: 1}
events: {low: {of: {name: coordinate}, falls-below: 0.7}}
ensemble: {replicas: 1, keep: 1, until: {steps: 10}}
`
	first := func(k int) float64 { return math.Pow(0.9, float64(k)) }
	for _, tc := range []struct {
		of   string
		want float64
	}{
		{`{path: "coordinate[0]", statistic: first}`, 1},
		{`{path: "coordinate[0]", statistic: last}`, first(10)},
		{`{path: "coordinate[0]", statistic: max, window: [0.15, 0.35]}`, first(2)},
		{`{path: "coordinate[0]", statistic: min, window: [0.15, 0.35]}`, first(3)},
		{`{path: "coordinate[0]", statistic: range}`, 1 - first(10)},
		{`{path: "coordinate[0]", statistic: median}`, first(5)},
		{`{path: "coordinate[0]", statistic: median, window: [0.05, 0.45]}`, (first(2) + first(3)) / 2},
		{`{path: "coordinate[0]", window: [0.05, 0.25]}`, (first(1) + first(2)) / 2},
		{`{path: "coordinate[0]", statistic: rises}`, 0},
		{`{path: "coordinate[1]", statistic: rises}`, 1},
		{`{path: "coordinate[0]", statistic: first, window: [0.1, 0.35]}`, first(1)}, // ends belong to a window
		{`{path: "coordinate[0]", statistic: last, window: [0.15, 0.4]}`, first(4)},
		{`{path: "coordinate[2]", statistic: rises}`, 0}, // what stays does not rise
		{`{path: "coordinate[0]", statistic: when-max}`, 0},
		{`{path: "coordinate[1]", statistic: when-max, window: [0, 0.55]}`, 0.5},
		{`{path: "coordinate[0]", statistic: when-min}`, 1},
		{`{path: "coordinate[0]", statistic: when-last-above, level: 0.7}`, 0.3}, // 0.9³ = 0.729
		{`{path: "coordinate[1]", statistic: when-first-above, level: -1}`, 0.2}, // −2·0.7² = −0.98
		{`{path: "coordinate[2]", statistic: when-min}`, 0},                      // the first of several
		{`{agreement: ["coordinate[0]", "coordinate[1]"]}`, 1},                   // it falls where the other is negative
		{`{agreement: ["coordinate[1]", "coordinate[0]"]}`, 1},                   // it rises where the other is positive
		{`{agreement: ["coordinate[0]", "coordinate[0]"]}`, 0},
		{`{agreement: ["coordinate[2]", "coordinate[2]"]}`, 1},              // it stays where the other is 0
		{`{path: "coordinate[0]", statistic: first, since: low}`, first(4)}, // 0.9⁴ = 0.6561
		{`{path: "coordinate[0]", statistic: when-max, since: low, window: [0.45, 0.75]}`, 0.5},
		{`{correlation: ["coordinate[0]", "coordinate[0]"]}`, 1},
		{`{correlation: ["coordinate[0]", "coordinate[1]"], window: [0.05, 0.25]}`, -1},
	} {
		st := read(t, text, "  - {id: c, measure: {replicas: {value: x, with: {x: "+tc.of+"}}}, expect: {at-least: -9}}\n")
		vs := st.Judge("", simulated(t, st))
		if len(vs) != 1 || vs[0].Verdict != store.Holds || !near(vs[0].Measured, tc.want, 1e-12) {
			t.Errorf("%s: want %g, got %s", tc.of, tc.want, show(vs))
		}
	}
	for of, want := range map[string]string{
		`{path: "coordinate[0]", window: [0.11, 0.12]}`:                 "has 0 readings in the window",
		`{correlation: ["coordinate[0]", loss]}`:                        "are read at different times",
		`{path: never, statistic: when-max}`:                            "readings that are no number",
		`{agreement: ["coordinate[0]", loss]}`:                          "are read at different times",
		`{path: "coordinate[0]", statistic: when-last-above, level: 2}`: "is never above 2",
	} {
		st := read(t, text, "  - {id: c, measure: {replicas: {value: x, with: {x: "+of+"}}}, expect: {at-least: -9}}\n")
		vs := st.Judge("", simulated(t, st))
		if len(vs) != 1 || vs[0].Verdict != store.Undecided || !strings.Contains(vs[0].Expectation, want) {
			t.Errorf("%s: want %q, got %s", of, want, show(vs))
		}
	}
}

// Theories read the batch of an arm from its settings: the determinant of a two-layer network falls as log-det-decay says under label noise on the full batch,
// on descent and on its SDE, and not under mini-batches, of which it is not asked.
func TestLogDetDecayInAStudy(t *testing.T) {
	const text = `data: {name: teacher-student, inputs: 2, outputs: 1, samples: 8, singular-values: [2], label-noise: 0.1, whiten: true}
model: {name: deep-linear, widths: [2, 4, 1]}
start: {name: gaussian, deviation: 0.6}
dynamics:
  descent: {name: gd, rate: 0.002, label-noise: {amplitude: 1}}
  batches: {name: sgd, rate: 0.002, batch: 4, label-noise: {amplitude: 1}}
observe: [{name: log-det-gram, on: [start, end]}]
ensemble: {replicas: 64, quick: 64, until: {steps: 10}}
`
	for arm, want := range map[string]string{"descent": "", "batches": "the batch is 4 of 8"} {
		st := read(t, text, "  - {id: c, measure: {theory: {name: log-det-decay}, dynamics: "+arm+"}, expect: {at-most: 0}}\n")
		vs := st.Judge("", simulated(t, st))
		if len(vs) != 1 || (want == "") != (vs[0].Verdict == store.Holds) || want != "" && !strings.Contains(vs[0].Expectation, want) {
			t.Errorf("%s: want %q, got %s", arm, want, show(vs))
		}
	}
}
