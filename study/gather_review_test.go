package study

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"sgdlab/ensemble"
	"sgdlab/estimate"
	"sgdlab/store"
)

// With every path kept, all that the tables say of replicas together is worked out anew from what they say of each.
func TestTablesAgreeWithPaths(t *testing.T) {
	st := load(t, `
seed: 4
model: {name: double-well}
start: {name: gaussian, deviation: 0.1}
dynamics:
  em: {name: sde, calculus: ito, rate: 0.5, noise: {factor: identity, temperature: 0.5}, step: 0.05}
  wild: {name: sde, calculus: ito, step: 1.5, noise: {factor: identity, temperature: 2}}
observe:
  - {name: loss, every: 3}
  - {name: coordinate, index: 0, log-spaced: 4}
  - {name: gradient-norm, on: end}
events:
  well:  {of: {name: loss}, falls-below: -0.24}
  left:  {of: {name: coordinate, index: 0}, falls-below: -1}
ensemble: {replicas: 40, keep: 40, until: {event: well, at-most: {time: 12}}}
sweep: {dynamics.em.noise.temperature: [0.5, 0.2]}
`)
	if len(st.Shards) < 12 {
		t.Fatalf("%d shards", len(st.Shards))
	}
	out, got := tabled(t, st)
	for id := range st.Shards {
		if got.loaded[id] != 1 {
			t.Errorf("shard %d is loaded %d times", id, got.loaded[id])
		}
	}
	diverged := int64(0)
	for i, o := range out {
		id := int32(i)
		unit := map[string]float64{"em": 0.5, "wild": 1.5}[o.Cell.Arm]
		if o.Cell != &st.Cells[i] || o.Replicas != 40 {
			t.Fatalf("outcome %d is of cell %d, with %d replicas", i, o.Cell.ID, o.Replicas)
		}
		diverged += o.Diverged
		stop := map[int64]float64{} // when each replica stopped
		times := map[string]*estimate.Sample{"well": {}, "left": {}, "diverged": {}}
		var last store.Passage
		for _, p := range got.passages {
			if p.Cell != id {
				continue
			}
			s := times[p.Event]
			if s == nil || (p.Kind == "diverged") != (p.Event == "diverged") {
				t.Fatalf("passage %+v", p)
			}
			s.Values, s.Censored, s.Replica = append(s.Values, p.Time), append(s.Censored, p.Censored), append(s.Replica, p.Replica)
			if p.Event == "well" {
				stop[p.Replica] = p.Time
			}
			if p.Event == last.Event && p.Replica <= last.Replica {
				t.Errorf("replica %d of %s after replica %d", p.Replica, p.Event, last.Replica)
			}
			last = p
		}
		if len(times["well"].Values) != 40 || len(times["left"].Values) != 40 || int64(len(times["diverged"].Values)) != o.Diverged {
			t.Errorf("cell %d: %d, %d and %d passages", i, len(times["well"].Values), len(times["left"].Values), len(times["diverged"].Values))
		}
		for _, e := range st.Events {
			surv, err := estimate.NewSurvival(*times[e])
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]estimate.Estimate{
				"mean-time:": surv.Mean(estimate.Level), "restricted-mean-time:": surv.RestrictedMean(slices.Max(times[e].Values), estimate.Level),
				"median-time:": surv.Median(estimate.Level), "rate:": surv.Rate(estimate.Level), "censored:": estimate.Proportion(surv.Censored(), 40, estimate.Level),
			} {
				if value, se := found(t, st, o, name+e); fmt.Sprint(value, se) != fmt.Sprint(want.Value, want.SE) {
					t.Errorf("cell %d: %s%s is %v ± %v, want %v ± %v", i, name, e, value, se, want.Value, want.SE)
				}
			}
			if test, err := surv.Exponentiality(0, 0); err == nil {
				if p, _ := found(t, st, o, "exponential-p:"+e); p != test.P {
					t.Errorf("cell %d: p %v, want %v", i, p, test.P)
				}
			}
			if fmt.Sprint(*o.Passages[e]) != fmt.Sprint(*times[e]) {
				t.Errorf("cell %d: the outcome and the table differ in the passages of %s", i, e)
			}
		}
		// Readings on a schedule, and where replicas stopped.
		type when struct {
			column string
			time   float64
		}
		readings, ends := map[when][]float64{}, []float64{}
		paths, _ := got.of(id)
		before := store.Sample{Replica: -1}
		for _, s := range paths {
			if s.Replica < before.Replica || s.Replica == before.Replica && s.Time < before.Time || s.Statistic != store.Path {
				t.Errorf("cell %d: row %+v after %+v", i, s, before)
			}
			before = s
			if s.Column == "gradient-norm" {
				ends = append(ends, s.Value)
				if s.Time < stop[s.Replica] || s.Time > stop[s.Replica]+unit || s.Step != -1 || o.Last[s.Column][s.Replica] != s.Value {
					t.Errorf("cell %d: the end of replica %d, which stopped at %g: %+v", i, s.Replica, stop[s.Replica], s)
				}
				continue
			}
			if s.Step != int64(math.Round(s.Time/unit)) || s.Time > stop[s.Replica]+1e-9 {
				t.Errorf("cell %d: replica %d stopped at %g and is read in %+v", i, s.Replica, stop[s.Replica], s)
			}
			key := when{s.Column, s.Time}
			readings[key] = append(readings[key], s.Value)
		}
		if value, se := found(t, st, o, "end:gradient-norm"); int64(len(ends)) != 40-o.Diverged || !alike(value, mean(ends)) || !alike(se, sd(ends)/math.Sqrt(float64(len(ends)))) {
			t.Errorf("cell %d: %g ± %g at the end of %d replicas; want %g ± %g of %d", i, value, se, o.End["gradient-norm"].N, mean(ends), sd(ends)/math.Sqrt(float64(len(ends))), len(ends))
		}
		rows := map[when]map[string]float64{}
		order := map[string]float64{}
		for _, s := range got.samples {
			if s.Cell != id || s.Replica != store.Statistics {
				continue
			}
			if at, ok := order[s.Column]; ok && s.Time < at {
				t.Errorf("cell %d: %+v after time %g", i, s, at)
			}
			order[s.Column] = s.Time
			key := when{s.Column, s.Time}
			if rows[key] == nil {
				rows[key] = map[string]float64{}
			}
			rows[key][s.Statistic] = s.Value
			if s.Step != int64(math.Round(s.Time/unit)) {
				t.Errorf("cell %d: step %d at time %g", i, s.Step, s.Time)
			}
		}
		if len(rows) != len(readings) || len(rows) < 4 {
			t.Errorf("cell %d: statistics of %d readings, paths at %d", i, len(rows), len(readings))
		}
		for key, x := range readings {
			n := float64(len(x))
			want := map[string]float64{"mean": mean(x), "n": n}
			if n > 1 {
				var sketch estimate.Sketch
				for _, v := range x {
					sketch.Add(v)
				}
				want["se"], want["variance"], want["min"], want["max"] = sd(x)/math.Sqrt(n), sd(x)*sd(x), slices.Min(x), slices.Max(x)
				for name, q := range map[string]float64{"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95} {
					want[name] = sketch.Quantile(q, estimate.Level).Value
				}
			}
			if len(rows[key]) != len(want) {
				t.Errorf("cell %d, %v: %v, want %v", i, key, rows[key], want)
			}
			for name, w := range want {
				if !alike(rows[key][name], w) {
					t.Errorf("cell %d, %v: %s is %g, want %g of %d values", i, key, name, rows[key][name], w, len(x))
				}
			}
		}
		for _, column := range []string{"loss", "coordinate[0]"} {
			s := o.Series[column]
			for k, at := range s.Time {
				if x := readings[when{column, at}]; s.Moments[k].N != int64(len(x)) || !alike(s.Moments[k].M, mean(x)) || math.Round(at/unit) != s.Step[k] {
					t.Errorf("cell %d: the outcome has %d replicas and a mean of %g of %s at %g", i, s.Moments[k].N, s.Moments[k].M, column, at)
				}
			}
		}
	}
	if diverged == 0 {
		t.Error("no replica diverged: hardly a test")
	}
}

// alike is equal up to rounding, for numbers of all sizes.
func alike(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

func mean(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

func sd(x []float64) float64 {
	m, s := mean(x), 0.0
	for _, v := range x {
		s += (v - m) * (v - m) / float64(len(x)-1)
	}
	return math.Sqrt(s)
}

// Plateaus are counted by replica, those without any too, and described by their order.
func TestPlateausOfACell(t *testing.T) {
	o := &Outcome{Cell: &Cell{}, Replicas: 4}
	o.plateaus([]ensemble.Plateau{
		{Replica: 0, Index: 0, Height: 4, Duration: 10}, {Replica: 0, Index: 1, Height: 1, Duration: 30}, {Replica: 0, Index: 2, Height: 0.5, Duration: 1},
		{Replica: 2, Index: 0, Height: 6, Duration: 20}, {Replica: 2, Index: 1, Height: 2, Duration: 20},
	})
	for name, want := range map[string]float64{
		"plateaus": 5. / 4, "plateau-height[1]": 5, "plateau-height[2]": 1.5, "plateau-height[3]": 0.5, "plateau-duration[1]": 15, "plateau-duration[2]": 25, "plateau-duration[3]": 1,
	} {
		e, ok := (&store.Cell{Estimates: o.Found}).Estimate(name)
		if !ok || !alike(e.Value, want) {
			t.Errorf("%s is %v, want %g", name, e, want)
		}
	}
	if e, _ := (&store.Cell{Estimates: o.Found}).Estimate("plateaus"); e.N != 4 {
		t.Errorf("plateaus of %d replicas, want 4", e.N)
	}
	none := &Outcome{Cell: &Cell{}, Replicas: 4}
	none.plateaus(nil)
	if len(none.Found) != 0 {
		t.Errorf("of nothing: %v", none.Found)
	}
}

// The plateaus of a staircase of two modes reach the table with the mode that rose after each.
func TestPlateausOfSaddleToSaddle(t *testing.T) {
	st := load(t, `
data: {name: target-matrix, singular-values: [4, 1], rotate: false}
model: {name: deep-linear, widths: [2, 2, 2]}
start: {name: balanced, strength: 1e-5}
dynamics: {gd: {name: gd, rate: 0.02}}
observe: [{name: loss, every: 1}, {name: mode-overlap, every: 1}]
plateaus: {of: loss}
ensemble: {replicas: 1, until: {steps: 500}}
`)
	out, got := tabled(t, st)
	last := map[string]float64{} // each column has its own statistics
	for _, s := range got.samples {
		if s.Statistic == "mean" {
			last[s.Column] = s.Value
		}
	}
	for column, want := range map[string]float64{"loss": 0, "mode[1]": 4, "mode[2]": 1} {
		s := out[0].Series[column]
		if end, _ := found(t, st, out[0], "end:"+column); math.Abs(last[column]-want) > 0.01 || s.Moments[len(s.Moments)-1].M != last[column] || end != last[column] {
			t.Errorf("%s ends at %g, want %g", column, last[column], want)
		}
	}
	jumped := []int32{}
	for _, p := range got.plateaus {
		jumped = append(jumped, p.Jumped)
	}
	if !slices.Equal(jumped, []int32{0, 1, -1}) && !slices.Equal(jumped, []int32{0, 1}) {
		t.Fatalf("plateaus %+v; want the first mode to rise after the first, and the second after the second", got.plateaus)
	}
	for i, want := range []float64{8.5, 0.5} { // ½Σs² of the modes not learnt
		p := got.plateaus[i]
		if math.Abs(p.Height/want-1) > 0.02 || int(p.Index) != i || p.Duration != p.End-p.Start || p.Cell != 0 || p.Replica != 0 {
			t.Errorf("plateau %+v, want one at %g", p, want)
		}
		if h, _ := found(t, st, out[0], fmt.Sprintf("plateau-height[%d]", i+1)); h != p.Height {
			t.Errorf("height %g, in the table %g", h, p.Height)
		}
	}
}
