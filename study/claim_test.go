package study

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/estimate"
	"sgdlab/spec"
	"sgdlab/store"
)

// Holds where the whole interval is inside, fails where it is outside, undecided where it straddles, with the n that would
// decide if the value stayed: (half-width / distance to the edge)² of the n there are.
func TestVerdicts(t *testing.T) {
	unit := func() float64 { // half the interval of a mean of 100 values of ±1
		q := (estimate.Moments{N: 100, M2: 100}).Mean(estimate.Level)
		return (q.Hi - q.Lo) / 2
	}()
	straddles := func(distance float64) int64 { return int64(math.Ceil(100 * unit * unit / distance / distance)) }
	for _, tc := range []struct {
		expect string
		want   store.Judgement
		needs  int64
	}{
		{"{equals: 10.1, absolute: 0.5}", store.Holds, 0},
		{"{equals: 10.1, absolute: 0.2}", store.Undecided, straddles(0.1)},
		{"{equals: 10.1, absolute: 0.05}", store.Undecided, straddles(0.05)},
		{"{equals: 9, absolute: 0.5}", store.Fails, 0},
		{"{equals: 10.1, relative: 0.05}", store.Holds, 0},
		{"{equals: 8, relative: 0.2}", store.Fails, 0},
		{"{equals: -10, relative: 0.2}", store.Fails, 0},
		{"{equals: 10, relative: \"0.3*$dynamics.em.noise.temperature\"}", store.Holds, 0},
		{"{equals: \"100*$dynamics.em.noise.temperature\", relative: 0.03}", store.Holds, 0},
		{"{equals: {over: dynamics.*.noise.temperature, values: {0.1: 10}}, absolute: 0.3}", store.Holds, 0},
		{"{equals: {over: dynamics.*.noise.temperature, values: {0.1: 11}}, absolute: 0.3}", store.Fails, 0},
		{"{equals: 10, digits: 1}", store.Holds, 0},
		{"{equals: 14, digits: 2}", store.Fails, 0},
		{"{equals: 10, digits: 4}", store.Undecided, straddles(0.005)},
		{"{at-least: 9.5}", store.Holds, 0},
		{"{at-least: 9.9}", store.Undecided, straddles(0.1)},
		{"{at-least: 10.5}", store.Fails, 0},
		{"{at-most: 10.5}", store.Holds, 0},
		{"{at-most: 10.1}", store.Undecided, straddles(0.1)},
		{"{at-most: 9.5}", store.Fails, 0},
		{"{between: [9.5, 10.5]}", store.Holds, 0},
		{"{between: [9.5, 10.1]}", store.Undecided, straddles(0.1)},
		{"{between: [11, 12]}", store.Fails, 0},
		{"{equals: {measure: {value: loss, at: start}}, absolute: 1}", store.Holds, 0},
		// The right-hand side has an error of its own: 2·unit, the worst correlation, is more than 0.3.
		{"{equals: {measure: {value: loss, at: start}}, absolute: 0.3}", store.Undecided, int64(math.Ceil(100 * 4 * unit * unit / 0.3 / 0.3))},
		{"{equals: {measure: {value: \"coordinate[0]\"}}, relative: 0.1}", store.Fails, 0},
		{"{equals: \"0*$dynamics.em.noise.temperature\", relative: 0.1}", store.Undecided, 0},
	} {
		st := read(t, wells, "  - {id: c, measure: {value: loss, dynamics: em, where: {dynamics.*.noise.temperature: 0.1}}, expect: "+tc.expect+"}\n")
		vs := st.Judge("p", made(st, func(o *Outcome, _ float64) {
			o.column("loss", 100, plusMinus(100, math.Sqrt(99./100*100/99)), 10, 10)
			o.column("coordinate[0]", 100, plusMinus(100, 1), 20)
		}))
		if len(vs) != 1 || vs[0].Verdict != tc.want || tc.needs == 0 && vs[0].Needs != 0 || math.Abs(float64(vs[0].Needs-tc.needs)) > 1+0.02*float64(tc.needs) {
			t.Errorf("%s: want %s, needs %d, got %s", tc.expect, tc.want, tc.needs, show(vs))
		}
		if vs[0].Paper != "p" || vs[0].ID != "c" {
			t.Errorf("a verdict of %q in %q", vs[0].ID, vs[0].Paper)
		}
	}
}

// A number on the edge of what prints as k digits is inside, one beyond it is outside.
func TestDigits(t *testing.T) {
	for _, tc := range []struct {
		printed, got float64
		digits       int
		want         store.Judgement
	}{
		{102108, 102108.49, 6, store.Holds},
		{102108, 102108.51, 6, store.Fails},
		{3.48831, 3.488305001, 6, store.Holds},
		{3.48831, 3.488304999, 6, store.Fails},
		{0.004, 0.00404, 2, store.Holds},
		{0.004, 0.00406, 2, store.Fails},
		{-0.0899237, -0.08992374, 6, store.Holds},
		{-0.0899237, -0.08992376, 6, store.Fails},
	} {
		st := read(t, bowl, fmt.Sprintf("  - {id: c, measure: {expression: {value: %.17g, with: {x: {value: loss}}}, where: {dynamics.gd.rate: 0.1}}, expect: {equals: %.17g, digits: %d}}\n", tc.got, tc.printed, tc.digits))
		if vs := st.Judge("", simulated(t, st)); len(vs) != 1 || vs[0].Verdict != tc.want {
			t.Errorf("%.10g as %.6g to %d digits: want %s, got %s", tc.got, tc.printed, tc.digits, tc.want, show(vs))
		}
	}
}

// A band is around a prediction of either sign.
func TestNegative(t *testing.T) {
	for expect, want := range map[string]store.Judgement{
		"{equals: -2, relative: 0.1}": store.Holds, "{equals: -2, digits: 1}": store.Holds, "{equals: 2, relative: 0.1}": store.Fails,
		"{equals: {measure: {expression: {value: -2.1*x, with: {x: {value: \"coordinate[0]\", at: start}}}}}, relative: 0.1}": store.Holds,
	} {
		st := read(t, bowl, "  - {id: c, measure: {expression: {value: -2*x, with: {x: {value: \"coordinate[0]\", at: start}}}}, expect: "+expect+"}\n")
		if vs := st.Judge("", simulated(t, st)); len(vs) != 3 || vs[0].Verdict != want {
			t.Errorf("%s: want %s, got %s", expect, want, show(vs))
		}
	}
}

// The interval of a number beside a negative one that has an error too.
func TestNegativeSource(t *testing.T) {
	st := read(t, wells, "  - {id: c, measure: {expression: {value: -x, with: {x: {value: loss}}}}, expect: {equals: {measure: {expression: {value: -x, with: {x: {value: \"coordinate[0]\"}}}}}, relative: 0.2}}\n")
	vs := st.Judge("", made(st, func(o *Outcome, _ float64) {
		o.column("loss", 100, plusMinus(100, 1), 10)
		o.column("coordinate[0]", 100, plusMinus(100, 1), 10.5)
	}))
	for _, v := range vs {
		if v.Verdict != store.Holds || !(v.Interval[0] < -10.3 && v.Interval[1] > -9.7 && v.Interval[1] < -9.5) {
			t.Error(show(vs))
		}
	}
}

// An order holds if each step has its sign beyond doubt; it is shown by its least step.
func TestOrdered(t *testing.T) {
	spec := strings.Replace(wells, "[0.1, 0.05]", "[0.1, 0.3, 0.2]", 1)
	for _, tc := range []struct {
		claim  string
		values map[float64]float64
		want   store.Judgement
		least  float64
	}{
		{"ordered: increasing, over: dynamics.*.noise.temperature", map[float64]float64{0.1: 1, 0.2: 3, 0.3: 6}, store.Holds, 2},
		{"ordered: increasing, over: dynamics.*.noise.temperature", map[float64]float64{0.1: 1, 0.2: 1.1, 0.3: 6}, store.Undecided, 0.1},
		{"ordered: increasing, over: dynamics.*.noise.temperature", map[float64]float64{0.1: 1, 0.2: 6, 0.3: 3}, store.Fails, -3},
		{"ordered: decreasing, over: 1/$dynamics.em.noise.temperature", map[float64]float64{0.1: 1, 0.2: 3, 0.3: 6}, store.Holds, 2},
		{"ordered: decreasing, over: dynamics.*.noise.temperature", map[float64]float64{0.1: 1, 0.2: 3, 0.3: 6}, store.Fails, -3},
		{"ordered: increasing", map[float64]float64{0.1: 1, 0.3: 3, 0.2: 6}, store.Holds, 2}, // in the order of the sweep
	} {
		st := read(t, spec, "  - {id: c, measure: {value: loss}, expect: {"+tc.claim+"}}\n")
		vs := st.Judge("", made(st, func(o *Outcome, temperature float64) {
			o.column("loss", 100, plusMinus(100, 1), tc.values[temperature])
		}))
		if len(vs) != 2 || vs[0].Cell != "em" || vs[1].Cell != "heun" {
			t.Errorf("want one verdict for each dynamics, got %s", show(vs))
			continue
		}
		for _, v := range vs {
			if v.Verdict != tc.want || !near(v.Measured, tc.least, 1e-12) {
				t.Errorf("%s of %v: want %s by %g, got %s", tc.claim, tc.values, tc.want, tc.least, show(vs))
			}
		}
	}
	// Equal exact numbers are not in strict order; paired times that go together are, by less than their spread.
	st := read(t, bowl, "  - {id: c, measure: {value: loss, at: start}, expect: {ordered: increasing}}\n")
	if vs := st.Judge("", simulated(t, st)); vs[0].Verdict != store.Fails {
		t.Errorf("equal numbers increase: %s", show(vs))
	}
	st = read(t, wells, "  - {id: c, measure: {mean-time: exit, dynamics: em}, expect: {ordered: decreasing, over: dynamics.*.noise.temperature}}\n")
	if vs := st.Judge("", made(st, func(o *Outcome, temperature float64) {
		o.times("exit", 100, func(i int) float64 {
			return 50 + 49*math.Cos(float64(i)) - temperature + 0.001*temperature*math.Sin(float64(i))
		})
	})); vs[0].Verdict != store.Holds {
		t.Errorf("paired order: %s", show(vs))
	}
}

// In so many of the seeds: the exact binomial interval decides, over replicas or over cells that differ in a seed.
func TestFractionOfSeeds(t *testing.T) {
	good := 0
	fill := func(o *Outcome, _ float64) {
		o.times("exit", 100, func(i int) float64 {
			if i < good {
				return 5
			}
			return 15
		})
	}
	for _, tc := range []struct {
		measure string
		good    int
		least   string
		want    store.Judgement
	}{
		{"{replicas: {value: 2*t, with: {t: {passage: exit}}}", 100, "0.95", store.Holds},     // 100 of 100: at least 0.964
		{"{replicas: {value: 2*t, with: {t: {passage: exit}}}", 100, "0.97", store.Undecided}, // which Wilson's 0.963 would not tell apart from 0.95
		{"{replicas: {value: 2*t, with: {t: {passage: exit}}}", 80, "0.7", store.Holds},
		{"{replicas: {value: 2*t, with: {t: {passage: exit}}}", 80, "0.75", store.Undecided},
		{"{replicas: {value: 2*t, with: {t: {passage: exit}}}", 80, "0.9", store.Fails},
		{"{replicas: {value: 2*t, with: {t: {passage: exit}}}", 100, "1", store.Holds},
		{"{replicas: {value: 2*t, with: {t: {passage: exit}}}", 99, "1", store.Fails},
	} {
		good = tc.good
		st := read(t, wells, "  - {id: c, measure: "+tc.measure+", dynamics: em, where: {dynamics.*.noise.temperature: 0.1}}, expect: {fraction-of-seeds: {at-least: "+tc.least+", of: {at-most: 20}}}}\n")
		vs := st.Judge("", made(st, fill))
		want := estimate.ClopperPearson(int64(tc.good), 100, estimate.Level)
		if len(vs) != 1 || vs[0].Verdict != tc.want || !near(vs[0].Interval[0], want.Lo, 1e-12) || !near(vs[0].Interval[1], want.Hi, 1e-12) || vs[0].N != 100 {
			t.Errorf("%d of 100, at least %s: want %s in [%g, %g], got %s", tc.good, tc.least, tc.want, want.Lo, want.Hi, show(vs))
		}
		if (vs[0].Verdict == store.Undecided) != (vs[0].Needs > 100) {
			t.Errorf("needs %d: %s", vs[0].Needs, show(vs))
		}
	}
	// mean-time stands for each replica's time; equals has its band.
	good = 60
	for expect, want := range map[string]store.Judgement{
		"{at-least: 0.45, of: {equals: 5.2, relative: 0.05}}":           store.Holds,
		"{at-least: 0.45, of: {equals: 5.4, relative: 0.05}}":           store.Fails,
		"{at-least: 0.45, of: {between: [0, 10]}}":                      store.Holds,
		"{at-least: 0.45, of: {equals: {solve: exit}, relative: 0.05}}": store.Fails,
	} {
		st := read(t, wells, "  - {id: c, measure: {mean-time: exit, dynamics: em, where: {dynamics.*.noise.temperature: 0.1}}, expect: {fraction-of-seeds: "+expect+"}}\n")
		if vs := st.Judge("", made(st, fill)); len(vs) != 1 || vs[0].Verdict != want {
			t.Errorf("%s: want %s, got %s", expect, want, show(vs))
		}
	}
	// A sweep over a seed, of starts here: one certain replica each.
	st := read(t, `
data:     {name: target-matrix, singular-values: [2]}
model:    {name: deep-linear, widths: [1, 1, 1]}
start:    {name: gaussian, deviation: 0.5}
dynamics: {gd: {name: gd, rate: 0.05}}
observe:  [{name: loss, every: 1}]
ensemble: {replicas: 1, until: {steps: 200}}
sweep:    {seed.init: "range(0, 40)", dynamics.gd.rate: [0.05, 0.1]}
`, `  - {id: start, measure: {value: loss, at: start}, expect: {fraction-of-seeds: {at-least: 0.2, of: {at-least: 2}}}}
`)
	all := simulated(t, st)
	for i := range all { // one replica from a random start is random: its interval is unbounded, and nothing is decided
		all[i].Replicas = 1
	}
	vs := st.Judge("", all)
	if len(vs) != 2 || vs[0].Cell != "dynamics.gd.rate=0.05" || vs[0].N != 40 || vs[0].Verdict != store.Undecided || !near(vs[0].Interval[1], 1, 1e-12) {
		t.Errorf("seeds of random starts: %s", show(vs))
	}
	st = read(t, strings.Replace(bowl, "sweep:    {", "sweep:    {seed.noise: \"range(0, 40)\", ", 1),
		"  - {id: c, measure: {value: loss}, expect: {fraction-of-seeds: {at-least: 0.9, of: {at-most: 0.1}}}}\n")
	vs = st.Judge("", simulated(t, st))
	want := estimate.ClopperPearson(40, 40, estimate.Level)
	if len(vs) != 3 || vs[0].Verdict != store.Holds || !near(vs[0].Interval[0], want.Lo, 1e-12) || vs[0].N != 40 {
		t.Errorf("swept seeds: %s", show(vs))
	}
}

// Two laws are compared at the same point; the reference is not compared with itself.
func TestSameLaw(t *testing.T) {
	st := read(t, strings.Replace(wells, "replicas: 100", "replicas: 2000", 1), `
  - {id: near, measure: {mean-time: exit}, expect: {same-law: em}}
  - {id: far, measure: {mean-time: exit}, expect: {same-law: em, distance: 0.02}}
`)
	vs := st.Judge("", made(st, func(o *Outcome, temperature float64) {
		o.times("exit", 2000, func(i int) float64 {
			x := float64(i+1) / 2000
			if o.Cell.Arm == "heun" && temperature == 0.05 {
				x *= x // far from the law of em
			}
			return x
		})
	}))
	if len(vs) != 4 || vs[0].Verdict != store.Holds || vs[1].Verdict != store.Fails || vs[2].Verdict != store.Undecided || vs[3].Verdict != store.Fails {
		t.Fatal(show(vs))
	}
	if !near(vs[1].Measured, 0.25, 1e-3) || vs[1].Cell != "heun dynamics.*.noise.temperature=0.05" {
		t.Errorf("the distance of x² from x is ¼: %s", show(vs[1:2]))
	}
}

// Diverges: more than half of the replicas. It needs no measure.
func TestDiverges(t *testing.T) {
	st := read(t, wells, "  - {id: yes, expect: {diverges: true}}\n  - {id: no, measure: {fraction: diverged}, expect: {diverges: false}}\n")
	for diverged, want := range map[int64][2]store.Judgement{90: {store.Holds, store.Fails}, 52: {store.Undecided, store.Undecided}, 2: {store.Fails, store.Holds}} {
		vs := st.Judge("", made(st, func(o *Outcome, _ float64) { o.Diverged = diverged }))
		if len(vs) != 8 || vs[0].Verdict != want[0] || vs[4].Verdict != want[1] {
			t.Errorf("%d of 100: %s", diverged, show(vs))
		}
	}
	const steep = `
model:    {name: quadratic, spectrum: [1]}
start:    {name: point, at: [1]}
dynamics: {gd: {name: gd, rate: 0.5}}
ensemble: {replicas: 1, until: {steps: 200}}
sweep:    {dynamics.gd.rate: [1.9, 2.5]}
`
	st = read(t, steep, "  - {id: yes, expect: {diverges: true}}\n")
	if vs := st.Judge("", simulated(t, st)); len(vs) != 2 || vs[0].Verdict != store.Fails || vs[1].Verdict != store.Holds {
		t.Errorf("GD diverges beyond 2/λ: %s", show(vs))
	}
}

// The right-hand sides theory and solve, the event that a theory is about, and what a perturbed theory does to them.
func TestPredictions(t *testing.T) {
	st := read(t, wells, `
  - {id: exit, measure: {mean-time: exit, dynamics: em, where: {dynamics.*.noise.temperature: 0.05}}, expect: {equals: {theory: kramers}, relative: 0.01}}
  - {id: top, measure: {mean-time: top, dynamics: em, where: {dynamics.*.noise.temperature: 0.05}}, expect: {equals: {theory: kramers}, relative: 0.01}}
  - {id: next, measure: {ratio: [{mean-time: exit}, {theory: kramers-next}], dynamics: em, where: {dynamics.*.noise.temperature: 0.05}}, expect: {equals: 1, relative: 0.01}}
  - {id: exact, measure: {mean-time: exit, dynamics: em, where: {dynamics.*.noise.temperature: 0.05}}, expect: {equals: {solve: exit}, relative: 0.01}}
`)
	kramers := 2 * math.Pi / math.Sqrt2 * math.Exp(0.25/0.05)
	all := made(st, func(o *Outcome, _ float64) {
		o.times("exit", 100, func(i int) float64 { return kramers * (1 + plusMinus(100, 1e-3)(i)) })
		o.times("top", 100, func(i int) float64 { return kramers / 2 * (1 + plusMinus(100, 1e-3)(i)) })
	})
	judge := func() []store.Verdict {
		vs := st.Judge("", all)
		if len(vs) != 4 {
			t.Fatal(show(vs))
		}
		return vs
	}
	vs := judge()
	if !near(vs[0].Predicted, kramers, 1e-6*kramers) || !near(vs[1].Predicted, kramers/2, 1e-6*kramers) || !near(vs[2].Measured, 1/1.075, 1e-4) || !near(vs[3].Predicted, 729.671, 1e-3) {
		t.Errorf("predictions: %s", show(vs))
	}
	if vs[0].Verdict != store.Holds || vs[1].Verdict != store.Holds || vs[2].Verdict != store.Fails || vs[3].Verdict != store.Fails {
		t.Errorf("verdicts: %s", show(vs))
	}
	st.Perturb = func(name string, p sgdlab.Prediction) sgdlab.Prediction {
		p.Values = append([]float64(nil), p.Values...)
		switch name {
		case "kramers":
			p.Values[0] *= 1.05
		case "kramers-next":
			p.Values[0] /= 1.075
		case "solve":
			p.Values[0] = kramers
		}
		return p
	}
	vs = judge()
	if vs[0].Verdict != store.Fails || vs[1].Verdict != store.Fails || vs[2].Verdict != store.Holds || vs[3].Verdict != store.Holds {
		t.Errorf("perturbed: %s", show(vs))
	}
}

// A table speaks of the cells that it lists; a measure with `where` of those that match; in a quick study they may be gone.
func TestWhichCells(t *testing.T) {
	claims := `
  - {id: table, measure: {value: loss}, expect: {equals: {over: dynamics.gd.rate, values: {0.1: 1, 0.05: 1}}, absolute: 10}}
  - {id: where, measure: {value: loss, where: {dynamics.gd.rate: 0.2}}, expect: {equals: 1, absolute: 10}}
  - {id: gone, measure: {value: loss, where: {dynamics.gd.rate: 0.15}}, expect: {equals: 1, absolute: 10}}
  - {id: off, measure: {value: loss}, expect: {equals: {over: dynamics.gd.rate, values: {0.15: 1}}, absolute: 10}}
`
	text := strings.Replace(bowl, "[0.1, 0.2, 0.05]", "[0.1, 0.15, 0.2, 0.25, 0.05]", 1)
	st, err := LoadText("t.yaml", []byte(text+"claims:\n"+claims), ".", Options{Quick: true}) // keeps 0.1, 0.2, 0.05
	if err != nil {
		t.Fatal(err)
	}
	vs := st.Judge("", simulated(t, st))
	if len(vs) != 5 || vs[0].Cell != "dynamics.gd.rate=0.1" || vs[1].Cell != "dynamics.gd.rate=0.05" || vs[2].Cell != "dynamics.gd.rate=0.2" {
		t.Fatal(show(vs))
	}
	for i, want := range []store.Judgement{store.Holds, store.Holds, store.Holds, store.Undecided, store.Undecided} {
		if vs[i].Verdict != want {
			t.Errorf("verdict %d: want %s: %s", i, want, show(vs[i:i+1]))
		}
	}
	if !strings.Contains(vs[3].Expectation, "no cell matches") || !strings.Contains(vs[4].Expectation, "no cell has") {
		t.Errorf("reasons: %s", show(vs[3:]))
	}
}

// Mistakes of claims are found before anything runs, with their place and what would be right.
func TestMistakesOfClaims(t *testing.T) {
	two := strings.Replace(wells, "sweep:    {", "sweep:    {start.at: [[-1], [-0.9]], ", 1)
	for _, tc := range []struct{ spec, claim, want string }{
		{wells, "{id: c, measure: {mean-tim: exit}, expect: {at-least: 0}}", "did you mean mean-time?"},
		{wells, "{id: c, measure: {mean-time: exitt}, expect: {at-least: 0}}", "the name of an event: exit, top; did you mean exit?"},
		{wells, "{id: c, measure: {value: los}, expect: {at-least: 0}}", "did you mean loss?"},
		{wells, "{id: c, measure: {mean-time: exit, value: loss}, expect: {at-least: 0}}", "both mean-time and value"},
		{wells, "{id: c, measure: {mean-time: exit, at: 3}, expect: {at-least: 0}}", "at with mean-time; want nothing"},
		{wells, "{id: c, measure: {value: loss, window: [0, 1]}, expect: {at-least: 0}}", "window with value; want nothing"},
		{wells, "{id: c, measure: {value: loss, q: 0.2}, expect: {at-least: 0}}", "q with value; want nothing"},
		{wells, "{id: c, measure: {quantile: loss, q: 2}, expect: {at-least: 0}}", "a number between 0 and 1"},
		{wells, "{id: c, measure: {value: loss, at: later}, expect: {at-least: 0}}", "end, start or a time"},
		{wells, "{id: c, measure: {value: loss, dynamics: sgd}, expect: {at-least: 0}}", "one of the dynamics em, heun"},
		{wells, "{id: c, measure: {value: loss, where: {temperature: 0.1}}, expect: {at-least: 0}}", "a path of the sweep: dynamics.*.noise.temperature"},
		{wells, "{id: c, measure: {value: loss, where: {dynamics.*.noise.temperature: 0.3}}, expect: {at-least: 0}}", "a value of the sweep: 0.1, 0.05"},
		{wells, "{id: c, measure: {ratio: [{value: loss}]}, expect: {at-least: 0}}", "two measures"},
		{wells, "{id: c, measure: {slope: {of: loss}}, expect: {at-least: 0}}", "time, a path of the sweep"},
		{wells, "{id: c, measure: {slope: {of: {value: loss}, over: 3}}, expect: {at-least: 0}}", "at least one $path"},
		{wells, "{id: c, measure: {slope: {of: {value: loss}, over: $dynamics.sgd.rate}}, expect: {at-least: 0}}", "matches nothing"},
		{wells, "{id: c, measure: {slope: {of: loss, over: time, log: z}}, expect: {at-least: 0}}", "x, y or xy"},
		{wells, "{id: c, measure: {expression: {value: a + b, with: {a: {value: loss}}}}, expect: {at-least: 0}}", "the name b; want a name under with: a"},
		{wells, "{id: c, measure: {expression: {value: a + $x, with: {a: {value: loss}}}}, expect: {at-least: 0}}", "matches nothing"},
		{wells, "{id: c, measure: {replicas: {value: a, with: {a: {value: loss}}}}, expect: {at-least: 0}}", "{correlation: [COLUMN, COLUMN]}"},
		{wells, "{id: c, measure: {replicas: {value: a, with: {a: {passage: exit}}, statistic: mode}}, expect: {at-least: 0}}", "one of mean, max, min, median, variance, kurtosis, tail-index"},
		{wells, "{id: c, measure: {theory: kramer}, expect: {at-least: 0}}", "kramers"},
		{wells, "{id: c, measure: {theory: {name: kramers, barier: 1}}, expect: {at-least: 0}}", "barrier"},
		{wells, "{id: c, measure: {deviation: {of: loss, from: saxe}}, expect: {at-least: 0}}", "{theory: NAME}"},
		{wells, "{id: c, measure: {mean-time: exit}}", "expect: got nothing; want one of equals"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equal: 1}}", "did you mean equals?"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: 1}}", "equals with 0 tolerances"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: 1, relative: 0.1, absolute: 1}}", "equals with 2 tolerances"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: 1, relative: -0.1}}", "a tolerance ≥ 0"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: 1, digits: 0}}", "a whole number of digits"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {at-least: 1, relative: 0.1}}", "relative with at-least"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {at-least: 1, at-most: 2}}", "both at-least and at-most"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {between: [2, 1]}}", "two numbers [a, b] with a < b"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: soon, relative: 0.1}}", "{theory: …}"},
		{wells, "{id: c, measure: {value: loss}, expect: {equals: 0, relative: 0.1}}", "equals: got 0 with a relative tolerance; want absolute: a"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: {theory: cramers}, relative: 0.1}}", "kramers"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: {solve: way-out}, relative: 0.1}}", "the name of an event"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {equals: {over: dynamics.*.noise.temperature, values: {0.2: 1}}, relative: 0.1}}", "a value of the sweep"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {ordered: up}}", "increasing or decreasing"},
		{two, "{id: c, measure: {mean-time: exit}, expect: {ordered: increasing}}", "ordered, but not along what"},
		{wells, "{id: c, measure: {slope: {of: {value: loss}, over: dynamics.*.noise.temperature}}, expect: {ordered: increasing}}", "an order of one number"},
		{wells, "{id: c, measure: {max: loss}, expect: {fraction-of-seeds: {at-least: 0.5, of: {at-least: 1}}}}", "a sweep over a seed"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {fraction-of-seeds: {at-least: 2, of: {at-least: 1}}}}", "a fraction between 0 and 1"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {fraction-of-seeds: {at-least: 0.5, of: {diverges: true}}}}", "equals, at-least, at-most or between"},
		{wells, "{id: c, measure: {value: loss}, expect: {same-law: em}}", "a measure of an event"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {same-law: sgd}}", "one of the dynamics em, heun"},
		{wells, "{id: c, measure: {mean-time: exit}, expect: {diverges: maybe}}", "true or false"},
		{wells, "{measure: {mean-time: exit}, expect: {at-least: 0}}", "a name that no other claim has"},
		{wells, "{id: c, says: x, mesure: {mean-time: exit}, expect: {at-least: 0}}", "did you mean measure?"},
	} {
		_, err := LoadText("t.yaml", []byte(tc.spec+"claims:\n  - "+tc.claim+"\n"), ".", Options{})
		problems, ok := err.(spec.Problems)
		if !ok || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: want %q, got %v", tc.claim, tc.want, err)
			continue
		}
		for _, p := range problems {
			if p.File != "t.yaml" || p.Line == 0 && p.Found != "nothing" {
				t.Errorf("%s: no place in %q", tc.claim, p)
			}
		}
	}
}

// An event may watch any column of its observable.
func TestEventColumn(t *testing.T) {
	const modes = `
data:     {name: target-matrix, singular-values: [2, 1]}
model:    {name: deep-linear, widths: [2, 2, 2]}
start:    {name: balanced, strength: 0.01}
dynamics: {gd: {name: gd, rate: 0.01}}
events:
  first:  {of: {name: mode-overlap}, rises-above: 0.5}
  same:   {of: {name: mode-overlap}, column: "mode[1]", rises-above: 0.5}
  second: {of: {name: mode-overlap}, column: "mode[2]", rises-above: 0.5}
ensemble: {replicas: 1, until: {steps: 1000}}
`
	st := read(t, modes, `
  - {id: first, measure: {mean-time: first}, expect: {equals: {theory: {name: depth-transit-time, end: 0.5}}, relative: 0.03}}
  - {id: same, measure: {mean-time: same}, expect: {equals: {measure: {mean-time: first}}, absolute: 0}}
  - {id: second, measure: {mean-time: second}, expect: {equals: {theory: {name: depth-transit-time, mode: 2}}, relative: 0.03}}
  - {id: later, measure: {difference: [{mean-time: second}, {mean-time: first}]}, expect: {at-least: 0.5}}
`)
	for _, v := range st.Judge("", simulated(t, st)) {
		if v.Verdict != store.Holds {
			t.Error(show([]store.Verdict{v}))
		}
	}
	_, err := LoadText("t.yaml", []byte(strings.Replace(modes, `"mode[2]"`, `"mode[3]"`, 1)), ".", Options{})
	if err == nil || !strings.Contains(err.Error(), "t.yaml:9: events.second.column: got mode[3], which mode-overlap does not have; want one of mode[1], mode[2]") {
		t.Errorf("a column that is not there: %v", err)
	}
}
