package study

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/store"
)

// saddles is SGD and its models, the last with the noise of the full batch, at the first saddle of a small network, at 9 points.
const saddles = `
seed: 1
data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3}
model: {name: deep-linear, widths: [3, 2, 2]}
start: {name: saddle, modes: [1], deviation: 0.02}
dynamics:
  sgd:      {name: sgd, rate: 0.05, batch-size: 2}
  langevin: {name: sde, calculus: ito, rate: 0.05, noise: {factor: identity, temperature: matched, batch: 2}}
  sample:   {name: sde, calculus: ito, rate: 0.05, noise: [{factor: per-sample, batch: 4}]}
  full:     {name: sde, calculus: ito, rate: 0.05, noise: {factor: per-sample}}
events: {escape: {of: {name: loss}, falls-below: {from: saddle, fraction: 0.1}}}
ensemble: {replicas: 64, until: {event: escape, at-most: {steps: 100}}}
sweep: {product: {data.label-noise: [0.1, 0.3, 1], dynamics.*.rate: [0.05, 0.1, 0.2]}}
ask: [{name: escape-law, event: escape}]
`

func load(t *testing.T, text string) *Study {
	t.Helper()
	st, err := LoadText("t.yaml", []byte(text), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// The drop below the saddle and the noise there by hand, from the data: ΔL, Δlog L and T = η·tr C/(2Bd).
func TestDepth(t *testing.T) {
	st := load(t, saddles)
	for i := range st.Cells {
		c := &st.Cells[i]
		g := st.Groups[c.Group]
		site, err := g.Site()
		if err != nil {
			t.Fatal(err)
		}
		// h = W₂W₁x, ℓ = ½‖h − y‖², ∂W₂ = e(W₁x)ᵀ, ∂W₁ = W₂ᵀe·xᵀ.
		const in, hid, out, n, d = 3, 2, 2, 20, 3*2 + 2*2
		gradients := func(theta []float64) (loss float64, of [n][d]float64) {
			w1, w2 := theta[:in*hid], theta[in*hid:]
			for s := range n {
				var a [hid]float64
				var e [out]float64
				for h := range hid {
					for k := range in {
						a[h] += w1[h*in+k] * g.data.X.At(s, k)
					}
				}
				for o := range out {
					e[o] = -g.data.Y.At(s, o)
					for h := range hid {
						e[o] += w2[o*hid+h] * a[h]
					}
					loss += e[o] * e[o] / 2 / n
				}
				for h := range hid {
					back := 0.0
					for o := range out {
						of[s][in*hid+o*hid+h] = e[o] * a[h]
						back += w2[o*hid+h] * e[o]
					}
					for k := range in {
						of[s][h*in+k] = back * g.data.X.At(s, k)
					}
				}
			}
			return loss, of
		}
		loss, of := gradients(site.Start.Centre())
		trace := 0.0
		for j := range d {
			mean := 0.0
			for s := range n {
				mean += of[s][j] / n
			}
			if math.Abs(mean) > 1e-12 {
				t.Fatalf("the start is no critical point: ∂%d = %g", j, mean)
			}
			for s := range n {
				trace += (of[s][j] - mean) * (of[s][j] - mean) / n
			}
		}
		lower, err := sgdlab.As[sgdlab.Saddled](site.Model)
		if err != nil {
			t.Fatal(err)
		}
		theta, _, err := lower.Critical([]int{1, 2})
		if err != nil {
			t.Fatal(err)
		}
		next, _ := gradients(theta)
		eta, _ := st.Points[c.Point].Root.Lookup("dynamics." + c.Arm + ".rate").Float()
		batch := map[string]float64{"sgd": 2, "langevin": 2, "sample": 4, "full": n}[c.Arm]
		want := depth{Drop: loss - next, DropOfLog: math.Log(loss / next), Temperature: eta * trace / (2 * batch * d)}
		got, err := st.depth(c)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.Drop/want.Drop-1) > 1e-12 || math.Abs(got.DropOfLog/want.DropOfLog-1) > 1e-12 || math.Abs(got.Temperature/want.Temperature-1) > 1e-12 {
			t.Errorf("%s: %+v, want %+v", st.Label(c), got, want)
		}
		if c.Arm == "langevin" { // its noise has that temperature
			rig, err := g.Rig()
			if err != nil {
				t.Fatal(err)
			}
			scale := rig.Stepper.(sgdlab.Diffusive).SDE().Noise[0].Scale(g.Clock(c.Index))
			if math.Abs(scale[0]*scale[0]/2/want.Temperature-1) > 1e-12 {
				t.Errorf("%s: √(2T) is %g, want %g", st.Label(c), scale[0], math.Sqrt(2*want.Temperature))
			}
		}
	}
}

// exponential are n values of an exponential law with just this mean.
func exponential(n int, mean float64, r *rand.Rand) func(i int) float64 {
	x, sum := make([]float64, n), 0.0
	for i := range x {
		x[i] = -math.Log((float64(i) + 0.5) / float64(n))
		sum += x[i]
	}
	if r != nil {
		r.Shuffle(n, func(i, j int) { x[i], x[j] = x[j], x[i] })
	}
	return func(i int) float64 { return x[i] * mean * float64(n) / sum }
}

// table finds the rows of an analysis' table by their words.
func table(t *testing.T, a *Analysis, title string, words ...string) []store.Number {
	t.Helper()
	for _, tb := range a.Tables {
		if tb.Title != title {
			continue
		}
		for i := range tb.Words {
			if strings.Join(tb.Words[i], "|") == strings.Join(words, "|") {
				return tb.Numbers[i]
			}
		}
	}
	t.Fatalf("no row %q in %q: %+v", words, title, a.Tables)
	return nil
}

// A law that is planted in the mean times is found: alone on its regressor, the best of the three, and beside the others.
func TestEscapeLawFindsThePlantedLaw(t *testing.T) {
	const one, joint = "One regressor at a time", "Joint fit of log mean time"
	st := load(t, saddles)
	for _, tc := range []struct {
		name, label string
		x           func(d depth) float64
		b           float64
	}{
		{"Arrhenius", "ΔL/T", func(d depth) float64 { return d.Drop / d.Temperature }, 1e-3},
		{"power law", "Δ log L", func(d depth) float64 { return d.DropOfLog }, 1.7},
		{"log", "log ΔL", func(d depth) float64 { return math.Log(d.Drop) }, -3},
	} {
		all := made(st, func(o *Outcome, _ float64) {
			d, err := st.depth(o.Cell)
			if err != nil {
				t.Fatal(err)
			}
			o.times("escape", 64, exponential(64, math.Exp(2+tc.b*tc.x(d)), nil))
		})
		got, err := st.Analyse(all)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		for _, arm := range st.Arms {
			n := table(t, &got[0], one, arm, "", tc.label)
			if !near(n[0], tc.b, 1e-9*math.Abs(tc.b)) || !(n[2] < n[0] && n[0] < n[3]) || !near(n[4], 1, 1e-9) || !near(n[6], 0, 1e-9) {
				t.Errorf("%s of %s: slope, se, interval, R², AICc, χ²: %v; want %g", tc.name, arm, n, tc.b)
			}
			for _, r := range regressors {
				want := 0.0
				if r.label == tc.label {
					want = tc.b
				}
				n := table(t, &got[0], joint, arm, "", r.label)
				if !near(n[0], want, 1e-6*math.Max(1, math.Abs(tc.b))*1e-2) || !(n[2] <= n[0] && n[0] <= n[3]) || !(n[4] >= 1) {
					t.Errorf("%s of %s: coefficient of %s %v, want %g", tc.name, arm, r.label, n, want)
				}
			}
			if says := arm + ": of single regressors " + tc.label + " describes the 9 mean times best"; !strings.Contains(strings.Join(got[0].Text, "\n"), says) {
				t.Errorf("%q; want %q", got[0].Text, says)
			}
		}
		for i, p := range got[0].Plots {
			if len(p.Points) != 4 || len(p.Lines) != 4 || p.X != regressors[i].label {
				t.Fatalf("plot %d: %d curves, %d lines of %s", i, len(p.Points), len(p.Lines), p.X)
			}
			// Points are where they should be, and on the line of the law that was planted.
			k := 0
			for _, o := range all {
				if o.Cell.Arm != "langevin" {
					continue
				}
				d, err := st.depth(o.Cell)
				if err != nil {
					t.Fatal(err)
				}
				x := [...]float64{d.Drop / d.Temperature, math.Log(d.Drop), d.DropOfLog}[i]
				c := p.Points[1]
				se := (float64(c.Hi[k]) - float64(c.Y[k])) / 1.96
				if !near(c.X[k], x, 1e-12*math.Abs(x)) || !near(c.Y[k], 2+tc.b*tc.x(d), 1e-9) || !near(c.Lo[k], float64(c.Y[k])-1.96*se, 1e-12) || !(se > 0.1 && se < 0.13) {
					t.Errorf("plot %d: (%v, %v [%v, %v]); want (%g, %g ± 1.96/√64)", i, c.X[k], c.Y[k], c.Lo[k], c.Hi[k], x, 2+tc.b*tc.x(d))
				}
				k++
			}
			if p.X == tc.label {
				for j, x := range p.Lines[1].X {
					if !near(p.Lines[1].Y[j], 2+tc.b*float64(x), 1e-8) {
						t.Errorf("the line of %s is %v at %v", tc.label, p.Lines[1].Y[j], x)
					}
				}
			}
		}
	}
}

// Points without a known mean time do not count, and fewer than eight are refused; those with some censored replicas have the
// mean of an exponential law, exposure over events; parts of the sweep of the start are fitted apart.
func TestEscapeLawCountsItsPoints(t *testing.T) {
	split := strings.Replace(saddles, "data.label-noise: [0.1, 0.3, 1]", "data.label-noise: [0.1, 0.3, 1], start.deviation: [0.02, 0]", 1)
	st := load(t, split)
	law := func(censored map[int]int) Analysis {
		at := map[string]int{}
		all := made(st, func(o *Outcome, _ float64) {
			d, err := st.depth(o.Cell)
			if err != nil {
				t.Fatal(err)
			}
			deviation, _ := st.Points[o.Cell.Point].Root.Lookup("start.deviation").Float()
			b := 1.0
			if deviation == 0 {
				b = 2
			}
			key := fmt.Sprint(o.Cell.Arm, deviation)
			lost := censored[at[key]] // of this point's 64 replicas
			at[key]++
			// So that exposure over events is as planted: (64 − lost) times and lost·1000.
			mean := math.Exp(8 + b*d.DropOfLog)
			x := exponential(64-lost, mean-1000*float64(lost)/float64(64-lost), nil)
			o.times("escape", 64, func(i int) float64 {
				if i >= 64-lost {
					return math.NaN()
				}
				return x(i)
			})
		})
		got, err := st.Analyse(all)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		return got[0]
	}
	got := law(map[int]int{2: 32, 4: 40, 5: 1})
	for _, arm := range st.Arms {
		for deviation, want := range map[string]float64{"0.02": 1, "0": 2} {
			n := table(t, &got, "One regressor at a time", arm, "start.deviation="+deviation, "Δ log L")
			if !near(n[0], want, 1e-9) {
				t.Errorf("%s, deviation %s: slope %v, want %g", arm, deviation, n[0], want)
			}
			if says := arm + ", start.deviation=" + deviation + ": of single regressors Δ log L describes the 8 mean times"; !strings.Contains(strings.Join(got.Text, "\n"), says) {
				t.Errorf("%q; want %q", got.Text, says)
			}
		}
	}
	got = law(map[int]int{2: 33, 4: 64})
	if len(got.Text) != 8 || len(got.Tables[0].Words) != 0 {
		t.Errorf("fits of 7 points: %q %+v", got.Text, got.Tables[0])
	}
	for _, line := range got.Text {
		if !strings.Contains(line, "refused: 7 points with a known mean time and noise of known strength (2 without the one, 0 without the other); a law needs at least 8") {
			t.Errorf("%q", line)
		}
	}
}

// Equal laws are found equal and others different, against the reference, paired by replica where chance is shared.
func TestCompareLaws(t *testing.T) {
	text := strings.Replace(wells, "  heun:", "  late: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.1}, scheme: euler-maruyama, step: 0.01}\n  heun:", 1) +
		"ask: [{name: compare-laws, event: exit, reference: em}]\n"
	const title = "Against em"
	for _, independent := range []bool{false, true} {
		if independent {
			text = strings.Replace(text, "replicas: 100,", "replicas: 100, independent: true,", 1)
		}
		st := load(t, text)
		r := rand.New(rand.NewPCG(1, 2))
		all := made(st, func(o *Outcome, temperature float64) {
			mean := 1 / temperature
			switch x := exponential(100, mean, r); o.Cell.Arm {
			case "em":
				if temperature == 0.1 {
					x = exponential(100, mean, nil)
				}
				o.times("exit", 100, x)
			case "heun": // the same law, shuffled
				o.times("exit", 100, x)
			case "late": // twice as late and, at one temperature, replica by replica
				if temperature == 0.1 {
					x = exponential(100, mean, nil)
				}
				o.times("exit", 100, func(i int) float64 { return 2*x(i) + 0.01*math.Cos(float64(i)) })
			}
		})
		got, err := st.Analyse(all)
		if err != nil || len(got) != 1 || len(got[0].Tables[0].Words) != 4 {
			t.Fatal(got, err)
		}
		for _, temperature := range []string{"0.1", "0.05"} {
			same := table(t, &got[0], title, "heun", "dynamics.*.noise.temperature="+temperature)
			if !near(same[0], 0, 1e-12) || !near(same[1], 1, 1e-12) || !near(same[2], 1, 1e-12) || !(same[3] < 0.9 && same[4] > 1.1) || same[5] != 100 {
				t.Errorf("independent %v: a law against itself: distance, p, ratio and interval %v", independent, same)
			}
			late := table(t, &got[0], title, "late", "dynamics.*.noise.temperature="+temperature)
			// sup│e⁻ᵗ − e⁻²ᵗ│ = ¼ for exponential laws.
			if !near(late[0], 0.25, 0.02) || !(late[1] < 0.01) || !near(late[2], 2, 1e-3) || !(late[3] < late[2] && late[2] < late[4] && late[3] > 1) {
				t.Errorf("independent %v: twice as late: distance, p, ratio and interval %v", independent, late)
			}
			narrow := late[4]-late[3] < 0.01
			if want := temperature == "0.1" && !independent; narrow != want {
				t.Errorf("independent %v: at %s the ratio of means is in %v; paired: %v", independent, temperature, late[3:5], want)
			}
		}
		for _, want := range []string{"heun: in 0 of 2 cells the law differs from that of em (p < 0.01); in 0 of 2 the means agree", "late: in 2 of 2 cells the law differs"} {
			if !strings.Contains(strings.Join(got[0].Text, "\n"), want) {
				t.Errorf("%q; want %q", got[0].Text, want)
			}
		}
	}
	// Where replicas are censored, exposure is compared.
	st := load(t, text)
	all := made(st, func(o *Outcome, _ float64) {
		x := exponential(90, map[string]float64{"em": 100, "heun": 100, "late": 300}[o.Cell.Arm], nil)
		o.times("exit", 100, func(i int) float64 {
			if i >= 90 {
				return math.NaN()
			}
			return x(i)
		})
	})
	got, err := st.Analyse(all)
	if err != nil {
		t.Fatal(err)
	}
	if n := table(t, &got[0], title, "late", "dynamics.*.noise.temperature=0.1"); !near(n[2], (300*90+1e4)/(100*90+1e4), 1e-9) {
		t.Errorf("ratio of exposures per event %v, want %g", n[2], (300*90+1e4)/(100*90+1e4))
	}
}

// Two dynamics that are one and the same have one law, exactly.
func TestCompareLawsOfTwins(t *testing.T) {
	arm := "{name: sde, calculus: ito, noise: {factor: identity, temperature: 0.5}, step: 0.02}"
	st := load(t, `
model: {name: double-well}
start: {name: point, at: [-1]}
dynamics:
  a: `+arm+`
  b: `+arm+`
  hot: `+strings.Replace(arm, "0.5", "1", 1)+`
  none: {name: gd, rate: 0.1}
events: {exit: {of: {name: coordinate, index: 0}, rises-above: 0}}
ensemble: {replicas: 64, until: {event: exit, at-most: {time: 100}}}
ask: [{name: compare-laws, event: exit, reference: a}]
`)
	all := simulated(t, st)
	got, err := st.Analyse(all)
	if err != nil {
		t.Fatal(err)
	}
	n := table(t, &got[0], "Against a", "b", "")
	if n[0] != 0 || n[1] != 1 || n[2] != 1 || n[3] != 1 || n[4] != 1 {
		t.Errorf("twins: %v", n)
	}
	if n := table(t, &got[0], "Against a", "hot", ""); !(n[0] > 0.2 && n[1] < 0.01 && n[4] < 1) {
		t.Errorf("twice as hot: %v", n)
	}
	if len(got[0].Tables[0].Words) != 2 {
		t.Errorf("compared: %v; one certain replica has no law", got[0].Tables[0].Words)
	}
}

// A domain ends at the nearest crossings of an event's level on either side.
func TestDomains(t *testing.T) {
	root := func(level, sign float64) float64 { return math.Sqrt(1 + sign*math.Sqrt(1+4*level)) } // x⁴/4 − x²/2 = level
	for _, tc := range []struct {
		event  string
		at     float64
		lo, hi float64
		err    string
	}{
		{"{of: {name: coordinate, index: 0}, rises-above: 1}", -1, math.Inf(-1), 1, ""},
		{"{of: {name: coordinate, index: 0}, falls-below: -2}", -1, -2, math.Inf(1), ""},
		{"{of: {name: coordinate, index: 0}, rises-above: -2}", -1, 0, 0, "already happened"},
		{"{of: {name: coordinate, index: 0}, falls-below: 0}", -1, 0, 0, "already happened"},
		{"{of: {name: coordinate, index: 0}, rises-above: 2e6}", -1, 0, 0, "cannot fire"},
		{"{of: {name: loss}, rises-above: -0.1}", -1, -root(-0.1, 1), -root(-0.1, -1), ""},
		{"{of: {name: loss}, rises-above: 0.5}", -1, -root(0.5, 1), root(0.5, 1), ""},
		{"{of: {name: loss}, falls-below: -0.2}", 0.1, -root(-0.2, -1), root(-0.2, -1), ""},
		{"{of: {name: loss}, falls-below: -0.2}", 3, root(-0.2, 1), math.Inf(1), ""},
		{"{of: {name: loss}, falls-below: {start: 0.5}}", 2, root(1, 1), math.Inf(1), ""},
		{"{of: {name: gradient-norm}, rises-above: 6}", 1, -2, 2, ""},
	} {
		st := load(t, fmt.Sprintf(`
model: {name: double-well}
start: {name: point, at: [%g]}
dynamics: {em: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.1}, step: 0.01}}
events: {other: {of: {name: loss}, rises-above: 7}, e: %s}
ensemble: {replicas: 8, until: {steps: 10}}
`, tc.at, tc.event))
		r, err := st.run(&st.Cells[0], "e")
		if err != nil {
			t.Fatal(err)
		}
		lo, hi, err := domain(r.Event, r.Clock, tc.at)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s from %g: %v; want %q", tc.event, tc.at, err, tc.err)
			}
			continue
		}
		if err != nil || !(lo == tc.lo || math.Abs(lo-tc.lo) < 1e-12) || !(hi == tc.hi || math.Abs(hi-tc.hi) < 1e-12) {
			t.Errorf("%s from %g: (%.15g, %.15g), %v; want (%.15g, %.15g)", tc.event, tc.at, lo, hi, err, tc.lo, tc.hi)
		}
	}
}

// An event may be of a column that is not the first.
func TestDomainOfAColumn(t *testing.T) {
	e := &sgdlab.Event{Of: pair{}, Column: 1, Level: func(lanes.Vec, *sgdlab.Clock) lanes.Vec { return lanes.Splat(3) }}
	if lo, hi, err := domain(e, &sgdlab.Clock{}, 0); err != nil || math.Abs(hi-1) > 1e-12 || !math.IsInf(lo, -1) {
		t.Errorf("(%g, %g), %v; want (−∞, 1)", lo, hi, err)
	}
}

// pair are the columns x and 3x.
type pair struct{}

func (pair) Columns() []sgdlab.Column { return []sgdlab.Column{{Name: "x"}, {Name: "3x"}} }

func (pair) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	for l, x := range theta[0] {
		dst[0][l], dst[1][l] = x, 3*x
	}
}
