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
		`{path: "coordinate[0]", window: [0.11, 0.12]}`: "has 0 readings in the window",
		`{correlation: ["coordinate[0]", loss]}`:        "are read at different times",
	} {
		st := read(t, text, "  - {id: c, measure: {replicas: {value: x, with: {x: "+of+"}}}, expect: {at-least: -9}}\n")
		vs := st.Judge("", simulated(t, st))
		if len(vs) != 1 || vs[0].Verdict != store.Undecided || !strings.Contains(vs[0].Expectation, want) {
			t.Errorf("%s: want %q, got %s", of, want, show(vs))
		}
	}
}
