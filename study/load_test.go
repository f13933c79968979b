package study

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"sgdlab/spec"
)

// ran loads a spec and runs all its shards.
func ran(t *testing.T, text string) (*Study, []*Outcome) {
	t.Helper()
	st, err := LoadText("test.yaml", []byte(text), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return st, simulated(t, st)
}

// found is an estimate of a cell by its name.
func found(t *testing.T, st *Study, o *Outcome, name string) (value, se float64) {
	t.Helper()
	row := st.Row(o)
	e, ok := row.Estimate(name)
	if !ok {
		t.Fatalf("cell %d has no %s", row.ID, name)
	}
	return e.Value, e.SE
}

// Simulated and solved mean exit times are independent of each other, and agree within three standard errors. With four
// independent cells the false-alarm probability is 1.1 %; the seed is fixed. The bias of the step, below 0.5 %, is a sixth
// of a standard error.
func TestSimulateAgreesWithSolve(t *testing.T) {
	st, out := ran(t, `
seed: 11
model: {name: double-well}
start: {name: point, at: [-1]}
dynamics:
  ito: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.3}, scheme: euler-maruyama, step: 0.005}
  heun: {name: sde, calculus: stratonovich, noise: {factor: identity, temperature: 0.3}, scheme: heun, step: 0.01}
events: {exit: {of: {name: coordinate, index: 0}, rises-above: 1}}
ensemble: {replicas: 800, until: {event: exit, at-most: {time: 10000}}, independent: true}
sweep: {zip: {dynamics.*.noise.temperature: [0.3, 0.5], seed: [11, 12]}}
answer: {exit: [solve, simulate]}
`)
	if len(out) != 4 {
		t.Fatalf("%d cells", len(out))
	}
	for _, o := range out {
		mean, se := found(t, st, o, "mean-time:exit")
		exact, _ := found(t, st, o, "solve:exit")
		if z := (mean - exact) / se; !(math.Abs(z) < 3) {
			t.Errorf("%s: simulated %.4g ± %.2g, exact %.4g: z = %.2f", st.Label(o.Cell), mean, se, exact, z)
		}
		if !(se < 0.05*mean) {
			t.Errorf("%s: a standard error of %.2g says nothing about %.4g", st.Label(o.Cell), se, mean)
		}
	}
}

// Arms share stream keys: two that are the same have the same times, replica by replica. With independent: true they have
// nothing in common, and an arm's times do not depend on which other arms there are.
func TestArmsArePaired(t *testing.T) {
	arm := "{name: sde, calculus: ito, noise: {factor: identity, temperature: 0.5}, scheme: euler-maruyama, step: 0.02}"
	text := func(arms, independent string) string {
		s := "seed: 3\nmodel: {name: double-well}\nstart: {name: point, at: [-1]}\ndynamics:\n"
		for _, a := range strings.Fields(arms) {
			s += "  " + a + ": " + arm + "\n"
		}
		return s + "events: {exit: {of: {name: coordinate, index: 0}, rises-above: 1}}\nensemble: {replicas: 256, until: {event: exit, at-most: {time: 1000}}, independent: " + independent + "}\n"
	}
	times := func(arms, independent string) map[string][]float64 {
		_, out := ran(t, text(arms, independent))
		m := map[string][]float64{}
		for _, o := range out {
			m[o.Cell.Arm] = o.Passages["exit"].Values
		}
		return m
	}
	paired, apart, fewer := times("a b c", "false"), times("a b c", "true"), times("c a", "true")
	if !reflect.DeepEqual(paired["a"], paired["b"]) || len(paired["a"]) != 256 {
		t.Error("arms that share streams differ")
	}
	equal := 0
	for i, x := range apart["a"] {
		if x == apart["b"][i] {
			equal++
		}
	}
	if equal > 0 {
		t.Errorf("independent arms have %d of 256 times in common", equal)
	}
	// Of 256 independent pairs the correlation is below 0.25 but for one seed in 16 000.
	if r := correlation(apart["a"], apart["b"]); math.Abs(r) > 0.25 {
		t.Errorf("independent arms correlate: %.2f", r)
	}
	if !reflect.DeepEqual(apart["a"], fewer["a"]) || !reflect.DeepEqual(apart["c"], fewer["c"]) {
		t.Error("an independent arm's noise depends on the other arms")
	}
}

func correlation(x, y []float64) float64 {
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(y))
	}
	for i := range x {
		xx, yy, xy = xx+(x[i]-mx)*(x[i]-mx), yy+(y[i]-my)*(y[i]-my), xy+(x[i]-mx)*(y[i]-my)
	}
	return xy / math.Sqrt(xx*yy)
}

// An event that cannot fire is refused for each model by the least loss that it has, at every point of the sweep; one that
// can is not.
func TestEventsThatCannotFire(t *testing.T) {
	const (
		well    = "model: {name: double-well, barrier: 2}\nstart: {name: point, at: [0.1]}"
		bowl    = "model: {name: quadratic, spectrum: [1, 2]}\nstart: {name: point, at: 1}"
		ridge   = "model: {name: quadratic, spectrum: [1, -2]}\nstart: {name: point, at: 1}"
		noisy   = "data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3}\nmodel: {name: deep-linear, widths: [3, 2, 2]}\nstart: {name: saddle, modes: [1]}"
		narrow  = "data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3}\nmodel: {name: deep-linear, widths: [3, 1, 2]}\nstart: {name: gaussian, deviation: 0.1}"
		perfect = "data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1]}\nmodel: {name: deep-linear, widths: [3, 2, 2]}\nstart: {name: saddle, modes: [1]}"
	)
	for _, tc := range []struct {
		land, level, sweep string
		can                bool
	}{
		{well, "-1.99", "", true},
		{well, "-2", "", false},
		{well, "-2.01", "", false},
		{bowl, "1e-9", "", true},
		{bowl, "0", "", false},
		{bowl, "{start: 0}", "", false},
		{bowl, "{start: 0.001}", "", true},
		{bowl, "1", "[1, 0.5, -1]", false},
		{bowl, "1", "[1, 0.5, 0.1]", true},
		{ridge, "-1000", "", true},
		{noisy, "0.2", "", true},
		{noisy, "1e-6", "", false},
		{noisy, "{from: saddle, fraction: 0.999}", "", true},
		{noisy, "{from: saddle, fraction: 1}", "", false},
		{noisy, "{from: saddle, by: 10}", "", false},
		{narrow, "1e-6", "", true}, // its floor is not known, only that it is not negative
		{narrow, "0", "", false},
		{perfect, "1e-6", "", true},
		{perfect, "{from: saddle, fraction: 1}", "", false},
	} {
		text := tc.land + "\ndynamics: {gd: {name: gd, rate: 0.01}}\nevents: {e: {of: {name: loss}, falls-below: " + tc.level + "}}\nensemble: {replicas: 8, until: {steps: 10}}\n"
		if tc.sweep != "" {
			text += "sweep: {events.e.falls-below: " + tc.sweep + "}\n"
		}
		_, err := LoadText("test.yaml", []byte(text), t.TempDir(), Options{})
		switch {
		case tc.can && err != nil:
			t.Errorf("%s %s: %v", tc.land, tc.level, err)
		case !tc.can && (err == nil || !strings.Contains(err.Error(), "so the event cannot fire")):
			t.Errorf("%s %s%s: %v; want a refusal", tc.land, tc.level, tc.sweep, err)
		}
	}
}

// Mistakes that only building shows are found beside others, each once, in whichever arm and point they are.
func TestRoughBuild(t *testing.T) {
	const text = `
seed: 1
data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3}
model: {name: deep-linear, widths: [3, 2, 2]}
start: {name: saddle, modes: [1]}
dynamics:
  gd: {name: gd, rate: -1}
  sgd: {name: sgd, rate: 0.01, batch: 4}
observe:
  - {name: singular-values, count: 9, every: 10}
  - {name: loss, every: 10}
events:
  deep: {of: {name: loss}, falls-below: 1e-9}
  far: {of: {name: coordinate, index: 1000}, rises-above: 1}
ensemble: {replicas: 4, until: {steps: 10}}
sweep: {dynamics.sgd.batch: [4, 40]}
claims:
  - {id: one, says: it, measure: {value: 'singular-value[1]'}, expect: {at-least: 1}}
  - {id: two, says: it, measure: {value: loss}, expect: {at-least: 1}}
`
	_, err := LoadText("test.yaml", []byte(text), t.TempDir(), Options{})
	var problems spec.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems.Sorted() {
		got = append(got, fmt.Sprintf("%d %s", p.Line, p.Path))
	}
	want := []string{"7 dynamics.gd.rate", "8 dynamics.sgd", "10 observe[0]", "13 events.deep.falls-below", "14 events.far.of"}
	for _, w := range want {
		n := 0
		for _, g := range got {
			if strings.HasPrefix(g, w) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is reported %d times", w, n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v\nwant %v\n%v", got, want, err)
	}
	// With columns that are known, a claim about another one is found, too.
	better := strings.Replace(text, "count: 9", "count: 2", 1)
	if _, err := LoadText("test.yaml", []byte(strings.Replace(better, "{value: loss}", "{value: los}", 1)), t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "did you mean loss?") {
		t.Errorf("a column that nobody observes: %v", err)
	}
}

// A mistake in the sweep is one mistake: what is said about its paths and values elsewhere is not held against it.
func TestOneMistakeInTheSweep(t *testing.T) {
	const text = `
model: {name: double-well}
start: {name: point, at: [-1]}
dynamics: {a: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.3}, step: 0.01}}
events: {exit: {of: {name: coordinate, index: 0}, rises-above: 1}}
ensemble: {replicas: 8, until: {event: exit, at-most: {time: 20}}}
sweep: {product: {dynamics.a.noise.temperature: [0.3, 0.4], dynamics.b.step: [0.1]}}
claims:
  - {id: one, says: it, measure: {rate: exit, where: {dynamics.a.noise.temperature: 0.4}}, expect: {at-least: 0}}
  - {id: two, says: it, measure: {rate: exit}, expect: {ordered: increasing, over: dynamics.a.noise.temperature}}
  - {id: three, says: it, measure: {slope: {of: {rate: exit}, over: dynamics.a.noise.temperature}}, expect: {at-least: 0}}
`
	_, err := LoadText("test.yaml", []byte(text), t.TempDir(), Options{})
	var problems spec.Problems
	if !errors.As(err, &problems) || len(problems.Sorted()) != 1 || problems[0].Path != "sweep.product.dynamics.b.step" {
		t.Errorf("got %v; want the one mistake", err)
	}
}

// A start beyond an event's level is noted, with the number of cells.
func TestEventsThatFireAtOnce(t *testing.T) {
	const text = `
model: {name: double-well}
start: {name: gaussian, deviation: 0.1}
dynamics:
  a: {name: gd, rate: 0.01}
  b: {name: gd, rate: 0.02}
events:
  out: {of: {name: coordinate, index: 0}, rises-above: -1}
  up: {of: {name: coordinate, index: 0}, rises-above: 1}
ensemble: {replicas: 8, until: {steps: 10}}
sweep: {events.out.rises-above: [-1, -2, 3]}
`
	st, out := ran(t, text)
	want := "events.out: replicas of a events.out.rises-above=-1 and 3 more cells start beyond its level: for them it happens at time 0"
	if len(st.Warnings) != 1 || st.Warnings[0] != want {
		t.Errorf("notes %q; want %q", st.Warnings, want)
	}
	for i, o := range out {
		if mean, _ := found(t, st, o, "mean-time:out"); i < 4 && mean != 0 || i >= 4 && !math.IsNaN(mean) {
			t.Errorf("cell %d: mean time %v", i, mean)
		}
	}
}

// Whatever stands in the place of a value, or of a whole section, a spec is understood or refused: Load does not panic,
// does not hang, and every problem has a place.
func TestAnyValueAnywhere(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "t.csv"), []byte("a,b,y\n1,2,3\n2,3,4\n3,1,2\n0,1,2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	specs := []string{`
title: T
seed: {data: 1, init: 2, noise: 3}
model: {name: double-well, barrier: 0.25}
start: {name: point, at: [-1]}
dynamics:
  a: {name: sde, calculus: ito, noise: [{factor: identity, temperature: 0.3, law: gaussian}], scheme: euler-maruyama, step: 0.01}
observe:
  - {name: loss, every: 100}
  - {name: coordinate, index: 0, log-spaced: 3, on: [start, end]}
plateaus: {of: loss}
events:
  exit: {of: {name: coordinate, index: 0}, rises-above: {start: -1}}
ensemble: {replicas: 8, until: {event: [exit], at-most: {time: 20}}, keep: 2, independent: true}
sweep: {zip: {dynamics.a.step: [0.1, 0.2], seed.noise: "range(0, 2)"}}
answer: {exit: [theory, solve, simulate]}
claims:
  - {id: a, says: b, measure: {mean-time: exit}, expect: {equals: {solve: exit}, relative: 0.3}}
  - {id: b, says: b, measure: {slope: {of: {rate: exit}, over: 1/$dynamics.a.step, log: y}}, expect: {between: [0, 1]}}
`, `
data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3, whiten: true}
model: {name: deep-linear, widths: [3, 2, 2], loss: {prefactor: 1/n}}
start: {name: saddle, modes: [1], deviation: 0.02}
dynamics:
  gd: {name: gd, rate: 0.05, label-noise: {amplitude: 0.1, law: gaussian}}
  sgd: {name: sgd, rate: $dynamics.gd.rate, batch: 4, draw: with-replacement}
  ald: {name: sde, calculus: ito, rate: 0.05, noise: {factor: per-sample, batch: 4}}
observe:
  - {name: singular-values, count: 2, every: 10}
events:
  escape: {of: {name: loss}, falls-below: {from: saddle, fraction: 0.1}}
ensemble: {replicas: 8, until: {event: escape, at-most: {steps: 20}}}
sweep: {product: {data.label-noise: [0.1, 0.3], dynamics.*.rate: [0.01, 0.02]}}
ask:
  - {name: escape-law, event: escape, regressors: [log-of-drop], by: [data.label-noise]}
  - {name: compare-laws, event: escape, reference: sgd}
`, `
data: {name: table, path: t.csv, inputs: [a..b], targets: [y], scale: {center: true, divide-by: 2}, train: 0.5}
model: {name: diagonal, depth: 2}
start: {name: gaussian, deviation: 0.1}
dynamics: {sgd: {name: sgd, rate: 0.05, batch: 2}}
observe: [{name: loss, every: 10}, {name: test-loss, every: 10}, {name: sharpness, every: 50}]
ensemble: {replicas: 4, until: {steps: 100}}
`}
	values := []*spec.Node{
		spec.New(nil), spec.New(-1), spec.New(0), spec.New(2.5), spec.New(1e300), spec.New("x"), spec.New(""), spec.New("$seed"), spec.New("$nowhere.at-all"),
		spec.New([]int{}), spec.New([]int{1, 2, 3}), spec.New([]string{"a", "b"}), spec.New([]spec.Pair{}), spec.New([]spec.Pair{{Key: "name", Value: spec.New("gd")}}), spec.New(true),
	}
	loads, refused := 0, 0
	for _, text := range specs {
		whole, problems := spec.Parse("t.yaml", []byte(text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := Load(whole.Clone(), folder, Options{}); err != nil {
			t.Fatalf("the spec itself: %v", err)
		}
		var paths []string
		var walk func(n *spec.Node, path string)
		walk = func(n *spec.Node, path string) {
			for _, p := range n.Pairs {
				at := strings.TrimPrefix(path+"."+p.Key, ".")
				if !strings.Contains(p.Key, ".") { // a path of the sweep is a key that no path names
					paths = append(paths, at)
					walk(p.Value, at)
				}
			}
			for i, it := range n.Items {
				at := fmt.Sprintf("%s[%d]", path, i)
				paths = append(paths, at)
				walk(it, at)
			}
		}
		walk(whole, "")
		for _, path := range paths {
			for _, v := range values {
				root := whole.Clone()
				if err := root.Set(path, v.Clone().At(root)); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				func() {
					defer func() {
						if r := recover(); r != nil {
							t.Errorf("%s: %s: panic: %v\n%s", path, spec.Inline(v), r, debug.Stack())
						}
					}()
					begun := time.Now()
					_, err := Load(root, folder, Options{})
					if took := time.Since(begun); took > 5*time.Second {
						t.Errorf("%s: %s takes %v", path, spec.Inline(v), took)
					}
					loads++
					var problems spec.Problems
					if errors.As(err, &problems) {
						refused++
						for _, p := range problems {
							if p.Found == "" || p.Line == 0 {
								t.Errorf("%s: %s: a problem without a place or a finding: %+v", path, spec.Inline(v), p)
							}
						}
					} else if err != nil {
						t.Errorf("%s: %s: %v is no list of problems", path, spec.Inline(v), err)
					}
				}()
			}
		}
	}
	t.Logf("%d specs, %d refused", loads, refused)
	if refused < loads/2 {
		t.Errorf("%d of %d refused; most of these values are wrong", refused, loads)
	}
}
