package study

import (
	"math"
	"strings"
	"testing"
	"time"
)

// What is likely is what is taken: exactly where a trial holds all replicas, and where nothing ends them early; where exits are random
// within a factor of 3, as a trial that is cut short on a busy machine has seen eight of them, and within five orders of what is at most.
func TestLikely(t *testing.T) {
	const falling = `model: {name: formula, loss: x^2/2}
start: {name: point, at: [1]}
dynamics: {gd: {name: gd, rate: 0.1}}
events: {low: {of: {name: coordinate}, falls-below: 0.001}}
sweep: {start.at: [[1], [0.1], [0.2], [10]]}
`
	const exits = `model: {name: double-well}
start: {name: point, at: [-1]}
dynamics: {hot: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.2}, step: 0.01}}
events: {exit: {of: {name: coordinate}, rises-above: 0}}
`
	const steps = 66 + 44 + 51 + 88 // 0.9ⁿ·x < 0.001
	for _, tc := range []struct {
		name, text           string
		most, likely, factor float64
	}{
		{"events", falling + "ensemble: {replicas: 1, until: {event: low, at-most: {steps: 1e9}}}\n", 4e9, steps, 1},
		{"no events", falling + "ensemble: {replicas: 1, until: {steps: 1000}}\n", 4000, 4000, 1},
		{"events beyond the horizon", falling + "ensemble: {replicas: 1, until: {event: low, at-most: {steps: 50}}}\n", 200, 50 + 44 + 50 + 50, 1},
		{"exits", exits + "ensemble: {replicas: 3000, until: {event: exit, at-most: {time: 1e6}}}\n", 3000 * 1e8, math.NaN(), 3},
	} {
		st := load(t, tc.text)
		cost, err := st.Cost()
		if err != nil {
			t.Fatal(err)
		}
		if math.IsNaN(tc.likely) {
			tc.likely = 0
			for _, o := range simulated(t, st) {
				tc.likely += 100 * float64(o.Replicas) * o.Survival["exit"].Mean(0.95).Value
			}
		}
		if math.Abs(cost.Steps-tc.most) > 1e-9*tc.most || !(cost.LikelySteps >= tc.likely/tc.factor && cost.LikelySteps <= tc.likely*tc.factor) {
			t.Errorf("%s: %g steps at most and likely %g; want %g and %g", tc.name, cost.Steps, cost.LikelySteps, tc.most, tc.likely)
		}
		if part := cost.LikelySeconds / cost.Seconds; !(part > 0) || part > 1 || cost.Steps > 1e6 && part > 0.01 {
			t.Errorf("%s: likely %g of %g seconds", tc.name, cost.LikelySeconds, cost.Seconds)
		}
		if one, two := cost.Likely(1), cost.Likely(2); one != cost.LikelySeconds || two < one/2 || len(st.Shards) == 1 && two != one {
			t.Errorf("%s: %g s on one worker, %g s on two; %d shards", tc.name, one, two, len(st.Shards))
		}
	}
	// Where nothing ends, trials end too, and the horizon is all that is known.
	st := load(t, strings.Replace(falling, "0.1}", "1e-12}", 1)+"ensemble: {replicas: 1, until: {event: low, at-most: {steps: 1e15}}}\n")
	begun := time.Now()
	cost, err := st.Cost()
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 3*patience || cost.LikelySteps != cost.Steps {
		t.Errorf("foreseeing took %v, and found %g of %g steps likely", took, cost.LikelySteps, cost.Steps)
	}
}
