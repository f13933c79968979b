package study

import (
	"math"
	"strings"
	"testing"

	"sgdlab/estimate"
	"sgdlab/store"
)

// Every measure on one certain replica of GD on ½(x² + 4y²), by its formula, at the rate 0.1 and to rounding.
func TestMeasuresOfGD(t *testing.T) {
	x := func(eta, t float64) float64 { return math.Pow(1-eta, math.Round(t/eta)) }
	y := func(eta, t float64) float64 { return math.Pow(1-4*eta, math.Round(t/eta)) }
	loss := func(eta, t float64) float64 { return (x(eta, t)*x(eta, t) + 4*y(eta, t)*y(eta, t)) / 2 }
	met := func(eta float64) float64 {
		for k := 0.0; ; k++ {
			if loss(eta, k*eta) < 0.001 {
				return k * eta
			}
		}
	}
	mean := func(f func(float64) float64, a, b float64) float64 {
		s, n := 0.0, 0.0
		for k := math.Round(a / 0.1); k <= math.Round(b/0.1); k++ {
			s, n = s+f(k*0.1), n+1
		}
		return s / n
	}
	at := " where: {dynamics.gd.rate: 0.1}"
	for _, tc := range []struct {
		measure string
		want    float64
	}{
		{`{value: "coordinate[0]",` + at + `}`, x(0.1, 4)},
		{`{value: "coordinate[0]", at: end,` + at + `}`, x(0.1, 4)},
		{`{value: "coordinate[0]", at: start,` + at + `}`, 1},
		{`{value: loss, at: 1.3,` + at + `}`, loss(0.1, 1.3)},
		{`{quantile: loss, at: 1.3, q: 0.9,` + at + `}`, loss(0.1, 1.3)},
		{`{quantile: loss,` + at + `}`, loss(0.1, 4)},
		{`{variance: loss, at: 1.3,` + at + `}`, 0},
		{`{max: loss,` + at + `}`, 2.5},
		{`{max: loss, window: [0.95, 2],` + at + `}`, loss(0.1, 1)},
		{`{min: loss, window: [0.95, 2.05],` + at + `}`, loss(0.1, 2)},
		{`{mean: loss, window: [0.95, 2.05],` + at + `}`, mean(func(t float64) float64 { return loss(0.1, t) }, 1, 2)},
		{`{mean-time: near,` + at + `}`, met(0.1)},
		{`{median-time: near,` + at + `}`, met(0.1)},
		{`{quantile: near, q: 0.2,` + at + `}`, met(0.1)},
		{`{restricted-mean-time: near,` + at + `}`, met(0.1)},
		{`{restricted-mean-time: far,` + at + `}`, 4},
		{`{rate: near,` + at + `}`, 1 / met(0.1)},
		{`{fraction: near,` + at + `}`, 1},
		{`{fraction: far,` + at + `}`, 0},
		{`{fraction: diverged,` + at + `}`, 0},
		{`{slope: {of: "coordinate[0]", over: time, log: y},` + at + `}`, math.Log(0.9) / 0.1},
		{`{ratio: [{value: loss}, {value: "coordinate[0]"}],` + at + `}`, loss(0.1, 4) / x(0.1, 4)},
		{`{difference: [{value: loss, at: 1}, {value: loss, at: 2}],` + at + `}`, loss(0.1, 1) - loss(0.1, 2)},
		{`{distance: [{value: loss, at: 2}, {value: loss, at: 1}],` + at + `}`, loss(0.1, 1) - loss(0.1, 2)},
		{`{difference: [{value: loss, where: {dynamics.gd.rate: 0.2}}, {value: loss, where: {dynamics.gd.rate: 0.1}}]}`, loss(0.2, 4) - loss(0.1, 4)},
		{`{expression: {value: a/b + $dynamics.gd.rate, with: {a: {value: loss}, b: {value: loss, at: start}}},` + ` where: {dynamics.gd.rate: 0.2}}`, loss(0.2, 4)/2.5 + 0.2},
		{`{replicas: {value: "t/$dynamics.gd.rate", with: {t: {passage: near}}}, where: {dynamics.gd.rate: 0.2}}`, met(0.2) / 0.2},
		{`{replicas: {value: a - b, with: {a: {passage: near, where: {dynamics.gd.rate: 0.1}}, b: {passage: near, where: {dynamics.gd.rate: 0.2}}}}}`, met(0.1) - met(0.2)},
		{`{theory: {name: stability-threshold, rate: $dynamics.gd.rate},` + at + `}`, 20},
		{`{estimate: "end:loss",` + at + `}`, loss(0.1, 4)},
	} {
		st := read(t, bowl, "  - {id: c, measure: "+tc.measure+", expect: {between: [-1000, 1000]}}\n")
		vs := st.Judge("", simulated(t, st))
		if len(vs) != 1 || !near(vs[0].Measured, tc.want, 1e-12*math.Max(1, math.Abs(tc.want))) {
			t.Errorf("%s: want %.12g, one certain number; got %s", tc.measure, tc.want, show(vs))
			continue
		}
		if v := vs[0]; v.Interval[0] != v.Measured || v.Interval[1] != v.Measured {
			if !strings.HasPrefix(tc.measure, "{estimate") { // of the table, which knows no better
				t.Errorf("%s is exact, but has an interval: %s", tc.measure, show(vs))
			}
		}
	}
}

// Statistics over replicas are those of package estimate, of the right sample.
func TestMeasuresOfReplicas(t *testing.T) {
	values := func(i int) float64 { return float64(1+i) / 10 }
	var m, shifted estimate.Moments
	var sk estimate.Sketch
	sample := estimate.Sample{}
	cut := estimate.Sample{Censored: []bool{}}
	for i := range 100 {
		m.Add(values(i))
		shifted.Add(values(i) + 5)
		sk.Add(values(i))
		sample.Values = append(sample.Values, values(i))
		c := values(i) > 8
		x := values(i)
		if c {
			x = 1000
		}
		cut.Values, cut.Censored = append(cut.Values, x), append(cut.Censored, c)
	}
	whole, _ := estimate.NewSurvival(sample)
	part, _ := estimate.NewSurvival(cut)
	const level = estimate.Level
	for _, tc := range []struct {
		measure string
		want    estimate.Estimate
	}{
		{"{mean-time: exit", m.Mean(level)},
		{"{median-time: top", part.Median(level)},
		{"{quantile: exit, q: 0.9", whole.Quantile(0.9, level)},
		{"{restricted-mean-time: top", part.RestrictedMean(1000, level)},
		{"{rate: top", part.Rate(level)},
		{"{fraction: top", estimate.Proportion(80, 100, level)},
		{"{fraction: diverged", estimate.Proportion(3, 100, level)},
		{"{value: loss, at: 0", m.Mean(level)},
		{"{value: loss", shifted.Mean(level)},
		{"{variance: loss", shifted.Variance(level)},
		{"{quantile: loss, at: 0, q: 0.9", sk.Quantile(0.9, level)},
		{"{max: loss", shifted.Mean(level)},
		{"{min: loss", m.Mean(level)},
		{"{mean: loss", shiftedBy(m.Mean(level), 2.5)},
		{"{replicas: {value: x, with: {x: {passage: exit}}}", m.Mean(level)},
		{"{replicas: {value: x, with: {x: {passage: exit}}, statistic: median}", sk.Quantile(0.5, level)},
		{"{replicas: {value: x, with: {x: {passage: exit}}, statistic: max}", estimate.Exact(10)},
		{"{replicas: {value: x, with: {x: {passage: exit}}, statistic: min}", estimate.Exact(0.1)},
		{"{replicas: {value: 2*x, with: {x: {end: loss}}}", m.Mean(level).Scaled(2)},
	} {
		st := read(t, wells, "  - {id: c, measure: "+tc.measure+", dynamics: em, where: {dynamics.*.noise.temperature: 0.1}}, expect: {at-least: -1e9}}\n")
		vs := st.Judge("", made(st, func(o *Outcome, _ float64) {
			o.Diverged = 3
			if strings.Contains(tc.measure, "end: loss") {
				o.Diverged = 0
			}
			o.times("exit", 100, values)
			o.times("top", 100, func(i int) float64 {
				if values(i) > 8 {
					return math.NaN()
				}
				return values(i)
			})
			o.column("loss", 100, values, 0, 5)
			late := o.Series["loss"] // after the last replica has stopped
			late.Time, late.Moments = append(late.Time, 2), append(late.Moments, estimate.Moments{})
			o.Last["loss"] = map[int64]float64{}
			for i := range 100 {
				o.Last["loss"][int64(i)] = values(i)
			}
		}))
		if len(vs) != 1 || !near(vs[0].Measured, tc.want.Value, 1e-12) || !near(vs[0].Interval[0], tc.want.Lo, 1e-12) || !near(vs[0].Interval[1], tc.want.Hi, 1e-12) {
			t.Errorf("%s: want %+v, got %s", tc.measure, tc.want, show(vs))
		}
	}
}

func shiftedBy(e estimate.Estimate, by float64) estimate.Estimate {
	return estimate.Estimate{Value: e.Value + by, Lo: e.Lo + by, Hi: e.Hi + by}
}

// What cannot be measured is undecided, and the verdict says why.
func TestNotMeasured(t *testing.T) {
	for _, tc := range []struct{ measure, want string }{
		{"{mean-time: top}", "20 of 100 replicas stopped before top; want restricted-mean-time"},
		{"{replicas: {value: x, with: {x: {passage: top}}}}", "replica 80 stopped before top"},
		{"{replicas: {value: x, with: {x: {end: loss}}}}", "kept for 7 of 100 replicas; want ensemble.keep of at least 100"},
		{"{value: loss, at: 7}", "no reading at time 7; the nearest is at 1"},
		{"{max: loss, window: [3, 4]}", "no reading in the window"},
		{"{estimate: plateaus}", "no estimate plateaus"},
		{"{slope: {of: loss, over: time}}", "no two readings"},
		{"{ratio: [{median-time: exit}, {theory: {name: kramers, temperature: 9}}]}", "not below the barrier"},
		{`{value: "coordinate[0]"}`, "nothing to measure it from"},
	} {
		st := read(t, wells, "  - {id: c, measure: "+tc.measure+", expect: {at-least: 0}}\n")
		vs := st.Judge("", made(st, func(o *Outcome, _ float64) {
			o.times("top", 100, func(i int) float64 {
				if i >= 80 {
					return math.NaN()
				}
				return float64(i + 1)
			})
			o.times("exit", 100, func(i int) float64 { return float64(i + 1) })
			o.column("loss", 100, plusMinus(100, 1), 0, 1)
			o.Series["coordinate[0]"] = &Series{}
			o.Last["loss"] = map[int64]float64{0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}
		}))
		for _, v := range vs {
			if v.Verdict != "undecided" || !strings.Contains(v.Expectation, tc.want) {
				t.Errorf("%s: want undecided with %q, got %s", tc.measure, tc.want, show(vs))
			}
		}
		if len(vs) != 4 {
			t.Errorf("%s: %d verdicts, want one for each of 4 cells", tc.measure, len(vs))
		}
	}
}

// One replica that chance moves is no exact number.
func TestOneRandomReplica(t *testing.T) {
	st := read(t, strings.Replace(wells, "replicas: 100", "replicas: 1", 1), "  - {id: c, measure: {mean-time: exit}, expect: {at-least: 0}}\n  - {id: d, measure: {value: loss}, expect: {at-least: 0}}\n")
	for _, v := range st.Judge("", made(st, func(o *Outcome, _ float64) {
		o.times("exit", 1, func(int) float64 { return 5 })
		o.column("loss", 1, func(int) float64 { return 5 }, 0)
	})) {
		if v.Verdict != "undecided" {
			t.Errorf("one random replica decides: %s", show([]store.Verdict{v}))
		}
	}
}

// A difference of mean times is paired by replica; of other numbers that share chance it is no narrower than their parts
// added; where chance is apart, by Welch and Fieller.
func TestPairing(t *testing.T) {
	fill := func(o *Outcome, _ float64) {
		// top is exit less 1, but for a little of its own: hardly any spread of the difference.
		o.times("exit", 100, func(i int) float64 { return 20 + 9*math.Cos(float64(i)) })
		o.times("top", 100, func(i int) float64 { return 19 + 9*math.Cos(float64(i)) + 0.01*math.Cos(float64(7*i)) })
		o.column("loss", 100, plusMinus(100, 1), 3)
		o.column("coordinate[0]", 100, plusMinus(100, 2), 5)
	}
	cell := "dynamics: em, where: {dynamics.*.noise.temperature: 0.1}"
	one := func(spec, measure string) (mid, half float64) {
		st := read(t, spec, "  - {id: c, measure: "+measure+", expect: {at-least: -1000}}\n")
		vs := st.Judge("", made(st, fill))
		if len(vs) != 1 || math.IsNaN(float64(vs[0].Interval[1]-vs[0].Interval[0])) {
			t.Fatalf("%s: %s", measure, show(vs))
		}
		v := vs[0]
		return float64(v.Measured), float64(v.Interval[1]-v.Interval[0]) / 2
	}
	q := (estimate.Moments{N: 100, M2: 99}).Mean(estimate.Level)
	unit := (q.Hi - q.Lo) / 2 // half the interval of a mean of 100 with standard deviation 1
	sd := math.Sqrt(100.0 / 99)
	if mid, half := one(wells, "{difference: [{mean-time: exit}, {mean-time: top}], "+cell+"}"); math.Abs(mid-1) > 0.01 || half > 0.01 {
		t.Errorf("paired difference %g ± %g, want 1 ± 0.0014", mid, half)
	}
	if mid, half := one(wells, "{distance: [{mean-time: top}, {mean-time: exit}], "+cell+"}"); math.Abs(mid-1) > 0.01 || half > 0.01 {
		t.Errorf("paired distance %g ± %g, want 1 ± 0.0014", mid, half)
	}
	if mid, half := one(wells, "{ratio: [{mean-time: exit}, {mean-time: top}], "+cell+"}"); math.Abs(mid-20./19) > 0.01 || half > 0.05 || half < 1e-4 {
		t.Errorf("paired ratio %g ± %g", mid, half)
	}
	if _, half := one(wells, "{difference: [{value: loss}, {value: \"coordinate[0]\"}], "+cell+"}"); math.Abs(half-3*unit*sd) > 1e-9 {
		t.Errorf("difference of columns ± %g, want the sum of both, %g", half, 3*unit*sd)
	}
	arms := "[{value: loss, dynamics: em, where: {dynamics.*.noise.temperature: 0.1}}, {value: loss, dynamics: heun, where: {dynamics.*.noise.temperature: 0.1}}]}"
	if _, half := one(wells, "{difference: "+arms); math.Abs(half-2*unit*sd) > 1e-9 {
		t.Errorf("difference between arms that share their noise ± %g, want %g", half, 2*unit*sd)
	}
	apart := strings.Replace(wells, "replicas: 100,", "replicas: 100, independent: true,", 1)
	if _, half := one(apart, "{difference: "+arms); half < 1.3*unit*sd || half > math.Sqrt2*unit*sd {
		t.Errorf("difference between arms with noise of their own ± %g, want about √2·%g", half, unit*sd)
	}
	if mid, half := one(apart, "{ratio: "+arms); mid != 1 || half < 0.4*unit*sd || half > 0.5*unit*sd {
		t.Errorf("ratio between arms with noise of their own %g ± %g, want about √2/3·%g", mid, half, unit*sd)
	}
	if mid, half := one(wells, "{distance: [{value: loss}, {value: \"coordinate[0]\"}], "+cell+"}"); math.Abs(mid-2) > 1e-12 || math.Abs(half-3*unit*sd) > 1e-9 {
		t.Errorf("distance %g ± %g, want 2 ± %g", mid, half, 3*unit*sd)
	}
	// │d│ where the interval of d holds 0.
	if mid, half := one(wells, "{distance: [{value: loss}, {expression: {value: 3.05, with: {a: {value: loss}}}}], "+cell+"}"); math.Abs(mid-0.05) > 1e-12 || math.Abs(2*half-(0.05+unit*sd)) > 1e-9 {
		t.Errorf("distance across 0: %g, interval [0, %g], want [0, %g]", mid, 2*half, 0.05+unit*sd)
	}
}

// Slopes across cells: one for each value of what else is swept, the same over a path and over its expression.
func TestSlopeAcrossCells(t *testing.T) {
	st := read(t, strings.Replace(bowl, "sweep:    {", "sweep:    {start.at: [[1, 1], [2, 2]], ", 1), `
  - {id: path, measure: {slope: {of: {value: "coordinate[0]"}, over: dynamics.gd.rate}}, expect: {at-most: 0}}
  - {id: expression, measure: {slope: {of: {value: "coordinate[0]"}, over: "2*$dynamics.gd.rate"}}, expect: {at-most: 0}}
  - {id: log, measure: {slope: {of: {value: "coordinate[0]"}, over: "log($dynamics.gd.rate)", log: y}}, expect: {at-most: 0}}
  - {id: logs, measure: {slope: {of: {value: "coordinate[0]"}, over: dynamics.gd.rate, log: xy}}, expect: {at-most: 0}}
`)
	vs := st.Judge("", simulated(t, st))
	if len(vs) != 8 || vs[0].Cell != "start.at=[1, 1]" || vs[1].Cell != "start.at=[2, 2]" {
		t.Fatalf("want two lines for each claim: %s", show(vs))
	}
	x := []float64{0.1, 0.2, 0.05}
	y := make([]float64, 3)
	for i, eta := range x {
		y[i] = math.Pow(1-eta, math.Round(4/eta))
	}
	line, err := estimate.FitLine(x, y, nil, estimate.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !near(vs[0].Measured, line.Slope.Value, 1e-12) || !near(vs[1].Measured, 2*line.Slope.Value, 1e-12) || vs[0].Interval[1] != vs[0].Measured {
		t.Errorf("want an exact slope of %g over 2η, and twice it: %s", line.Slope.Value, show(vs))
	}
	if !near(vs[2].Measured, line.Slope.Value/2, 1e-12) || !near(vs[4].Measured, float64(vs[6].Measured), 1e-12) || !near(vs[6].Measured, float64(vs[7].Measured), 1e-12) {
		t.Errorf("a slope over 2η is half, and logarithms may be taken on either side: %s", show(vs))
	}
}

// The error of a slope of mean times is that of their weighted sum, replica by replica.
func TestSlopePairs(t *testing.T) {
	st := read(t, strings.Replace(wells, "[0.1, 0.05]", "[0.3, 0.2, 0.1]", 1), `
  - {id: times, measure: {slope: {of: {mean-time: exit}, over: dynamics.*.noise.temperature}, dynamics: em}, expect: {at-most: 0}}
  - {id: values, measure: {slope: {of: {value: loss}, over: dynamics.*.noise.temperature}, dynamics: em}, expect: {at-most: 0}}
  - {id: logs, measure: {slope: {of: {value: loss}, over: dynamics.*.noise.temperature, log: y}, dynamics: em}, expect: {at-most: 0}}
  - {id: log-times, measure: {slope: {of: {mean-time: exit}, over: dynamics.*.noise.temperature, log: y}, dynamics: em}, expect: {at-most: 0}}
`)
	vs := st.Judge("", made(st, func(o *Outcome, temperature float64) {
		o.times("exit", 100, func(i int) float64 { return 10 - 10*temperature + plusMinus(100, 3)(i) })
		o.column("loss", 100, plusMinus(100, 3), 10-10*temperature)
	}))
	if len(vs) != 4 {
		t.Fatal(show(vs))
	}
	// The cells differ by a shift alone: their slope is certain, up to rounding. As columns they are not paired: c = (5, 0, −5).
	if v := vs[0]; !near(v.Measured, -10, 1e-9) || !near(v.Interval[1], -10, 1e-9) {
		t.Errorf("paired: %s", show(vs[:1]))
	}
	se := 3 * math.Sqrt(100./99) / 10
	if v := vs[1]; !near(v.Measured, -10, 1e-9) || !near(v.Interval[1], -10+1.959964*10*se, 1e-4) || v.N != 100 {
		t.Errorf("not paired: want ± %g: %s", 1.959964*10*se, show(vs[1:]))
	}
	// Logarithms: weights y², and errors se/y, added up or, in pairs, with their signs.
	x, y := []float64{0.3, 0.2, 0.1}, []float64{7, 8, 9}
	var w, mean, square, worst, paired float64
	for i := range x {
		w += y[i] * y[i]
		mean += y[i] * y[i] * x[i]
	}
	mean /= w
	for i := range x {
		square += y[i] * y[i] * (x[i] - mean) * (x[i] - mean)
	}
	for i := range x {
		c := y[i] * y[i] * (x[i] - mean) / square
		worst += math.Abs(c) * se / y[i]
		paired += c * se / y[i]
	}
	if v := vs[2]; !near(v.Interval[1]-v.Measured, 1.959964*worst, 1e-5) {
		t.Errorf("not paired: want ± %g: %s", 1.959964*worst, show(vs[2:3]))
	}
	if v := vs[3]; !near(v.Interval[1]-v.Measured, 1.959964*math.Abs(paired), 1e-5) {
		t.Errorf("paired: want ± %g: %s", 1.959964*math.Abs(paired), show(vs[3:]))
	}
}

// A deviation is the largest over the window, scaled, with the interval of its reading.
func TestDeviation(t *testing.T) {
	const saxe = `
data:     {name: target-matrix, singular-values: [2, 1]}
model:    {name: deep-linear, widths: [2, 2, 2]}
start:    {name: balanced, strength: 0.01}
dynamics: {gd: {name: gd, rate: 0.01}}
observe:  [{name: mode-overlap, every: 10}]
ensemble: {replicas: 1, until: {steps: 400}}
sweep:    {dynamics.gd.rate: [0.01, 0.005]}
`
	theory := "{theory: {name: saxe-sigmoid, mode: 1}}"
	st := read(t, saxe, `
  - {id: whole, measure: {deviation: {of: "mode[1]", from: `+theory+`}}, expect: {at-most: 1}}
  - {id: scaled, measure: {deviation: {of: "mode[1]", from: `+theory+`, scale: 2}}, expect: {at-most: 1}}
  - {id: early, measure: {deviation: {of: "mode[1]", from: `+theory+`, window: [0, 0.5]}}, expect: {at-most: 1}}
  - {id: point, measure: {value: "mode[1]", at: 1}, expect: {equals: `+theory+`, relative: 0.05}}
`)
	all := simulated(t, st)
	vs := st.Judge("", all)
	if len(vs) != 8 {
		t.Fatal(show(vs))
	}
	for c := range 2 { // by hand: u(t) = s/(1 + (s/u₀ − 1)e^(−2st))
		worst, early := 0.0, 0.0
		u := func(t float64) float64 { return 2 / (1 + 199*math.Exp(-4*t)) }
		s := all[c].Series["mode[1]"]
		for k, t := range s.Time {
			d := math.Abs(s.Moments[k].M - u(t))
			worst = math.Max(worst, d)
			if t <= 0.5 {
				early = math.Max(early, d)
			}
		}
		if worst == 0 || !near(vs[c].Measured, worst, 1e-12) || !near(vs[2+c].Measured, worst/2, 1e-12) || !near(vs[4+c].Measured, early, 1e-12) || !near(vs[6+c].Predicted, u(1), 1e-12) {
			t.Errorf("want %g, half of it, %g, and a prediction of %g: %s", worst, early, u(1), show(vs))
		}
	}
}
