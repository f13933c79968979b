package study

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// net is a study of descent on ½‖W − M‖², M diagonal.
func net(values, widths, start, dynamics, observe string, steps int) string {
	return fmt.Sprintf(`
data: {name: target-matrix, singular-values: %s, rotate: false}
model: {name: deep-linear, widths: %s}
start: %s
dynamics: {a: %s}
observe: %s
ensemble: {replicas: 1, until: {steps: %d}}
`, values, widths, start, dynamics, observe, steps)
}

// TestLimits: what degenerates has the limit that it should have.
func TestLimits(t *testing.T) {
	const gd = "{name: gd, rate: 0.1}"
	nan := math.NaN()
	linear := func(s float64) float64 { return s + (0.1-s)*math.Pow(0.9, 50) }
	for _, tc := range []struct {
		what, text string
		want       map[string]float64 // NaN: there is no such number
	}{
		{"one layer is linear regression", net("[3, 2, 1]", "[3, 3]", "{name: balanced, strength: 0.1}", gd, "[{name: mode-overlap}, {name: sharpness, count: 9}]", 50),
			map[string]float64{"mode[1]": linear(3), "mode[2]": linear(2), "mode[3]": linear(1), "sharpness[1]": 1, "sharpness[9]": 1}},
		// The layers shrink by 1 − ηw² and stay equal: w² = 1/(2ηt) in the end.
		{"nothing to learn", net("[0, 0, 0]", "[3, 3, 3]", "{name: point, at: [0.5, 0, 0, 0, 0.5, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0.5, 0, 0, 0, 0.5]}", gd, "[{name: loss}, {name: rank, absolute: 0.01}, {name: effective-rank}]", 100000),
			map[string]float64{"loss": 1.5 * math.Pow(1/(2*0.1*100000+4), 2), "rank": 0, "effective-rank": 3}},
		{"nothing learnt of nothing", net("[0, 0, 0]", "[3, 3, 3]", "{name: saddle, modes: []}", gd, "[{name: loss}, {name: rank}, {name: effective-rank}, {name: sharpness}]", 10),
			map[string]float64{"loss": 0, "rank": 0, "effective-rank": nan, "sharpness": 0}},
		// σᵢ + σⱼ for every pair: 4 four times, 3 four times, 2 once; then zeros.
		{"singular values that repeat", net("[2, 2, 1]", "[3, 3, 3]", "{name: balanced, strength: 0.1}", gd, "[{name: sharpness, count: 10}, {name: mode-overlap}]", 1000),
			map[string]float64{"sharpness[1]": 4, "sharpness[4]": 4, "sharpness[5]": 3, "sharpness[8]": 3, "sharpness[9]": 2, "sharpness[10]": 0, "mode[1]": 2, "mode[2]": 2, "mode[3]": 1}},
		// The same by a search, which looks along one direction at a time: 4 sixteen times, then 3.
		{"singular values that repeat, of 72 weights", net("[2, 2, 2, 2, 1, 1]", "[6, 6, 6]", "{name: balanced, strength: 0.1}", gd, "[{name: sharpness, count: 18}]", 1000),
			map[string]float64{"sharpness[1]": 4, "sharpness[8]": 4, "sharpness[16]": 4, "sharpness[17]": 3, "sharpness[18]": 3}},
		{"a saddle with the Hessian 0", net("[3, 2, 1]", "[3, 3, 3, 3]", "{name: identity, scale: 0}", gd, "[{name: loss}, {name: sharpness, count: 3}, {name: lyapunov}, {name: orbit}, {name: cycle}]", 10),
			map[string]float64{"loss": 7, "sharpness[1]": 0, "sharpness[3]": 0, "sharpness-residual": 0, "lyapunov": 0, "orbit-period": 1, "orbit-range": 0, "flip-multiplier": 1, "neutral-multipliers": 27}},
		{"the same, of 108 weights", net("[3, 2, 1, 1, 1, 1]", "[6, 6, 6, 6]", "{name: identity, scale: 0}", gd, "[{name: loss}, {name: sharpness, count: 3}]", 10),
			map[string]float64{"loss": 8.5, "sharpness[1]": 0, "sharpness[3]": 0, "sharpness-residual": 0}},
		{"a central flow there", net("[3, 2, 1]", "[3, 3, 3, 3]", "{name: identity, scale: 0}", "{name: central-flow, rate: 0.3}", "[{name: loss}, {name: oscillation-variance}]", 10),
			map[string]float64{"loss": 7, "oscillation-variance": 0}},
		{"a rate beyond divergence", net("[3, 2, 1]", "[3, 3, 3]", "{name: identity, scale: 0.5}", "{name: gd, rate: 3}", "[{name: loss}, {name: orbit}, {name: lyapunov}]", 100),
			map[string]float64{"diverged": 1, "loss": nan, "orbit-period": nan, "lyapunov": nan}},
		{"beyond the edge, and back on it", net("[3, 2, 1]", "[3, 3, 3]", "{name: balanced, strength: 2.9}", "{name: central-flow, rate: 0.4}", "[{name: sharpness}]", 100),
			map[string]float64{"diverged": 0, "sharpness": 5}},
		{"too far beyond", net("[3, 2, 1]", "[3, 3, 3]", "{name: balanced, strength: 2.9}", "{name: central-flow, rate: 3}", "[{name: sharpness}]", 100),
			map[string]float64{"diverged": 1, "sharpness": nan}},
	} {
		o := simulated(t, load(t, tc.text))[0]
		for name, want := range tc.want {
			got, ok := o.end(name)
			if name == "diverged" {
				got, ok = float64(o.Diverged), true
			}
			if !ok {
				got = nan
			}
			if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-3*math.Abs(want)+1e-12 {
				t.Errorf("%s: %s is %v, want %v", tc.what, name, got, want)
			}
		}
	}
}

// TestStartsBeyondTheEdge: flows along the edge of stability that start well beyond it are told of, in lock step too; others are not.
func TestStartsBeyondTheEdge(t *testing.T) {
	for _, tc := range []struct {
		dynamics, sweep, want string
	}{
		{"{name: central-flow, rate: 0.3}", "", "dynamics.a: replicas of a start at ηλ = 2.31, well beyond the edge at 2: "},
		{"{name: stable-flow, rate: 0.3}", "", "ηλ = 2.31"},
		{"{name: central-flow, rate: 0.26}", "", ""}, // 2.002
		{"{name: gd, rate: 0.3}", "", ""},
		{"{name: joint, of: {discrete: {name: gd, rate: 0.3}, central: {name: central-flow, rate: 0.3}}}", "", "ηλ = 2.31"},
		{"{name: central-flow, rate: 0.3}", "sweep: {dynamics.a.rate: [0.1, 0.3, 0.4, 0.5]}", "replicas of dynamics.a.rate=0.3 and 2 more cells start at ηλ = 2.31, "},
	} {
		st := load(t, net("[3, 2, 1]", "[3, 3, 3]", "{name: balanced, strength: 2.9}", tc.dynamics, "[{name: loss}]", 10)+tc.sweep)
		if warned := strings.Join(st.Warnings, "\n"); tc.want == "" && warned != "" || !strings.Contains(warned, tc.want) {
			t.Errorf("%s %s: warnings %q, want %q", tc.dynamics, tc.sweep, warned, tc.want)
		}
	}
}
