package spec

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rows prints the parameters of each point on a line.
func rows(points []Point) []string {
	var out []string
	for _, p := range points {
		var words []string
		for _, q := range p.Params {
			words = append(words, Inline(q.Value))
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func expand(t *testing.T, root *Node) []Point {
	t.Helper()
	points, problems := Expand(root)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for i, p := range points {
		if p.Index != i || p.Root.Get("sweep") != nil {
			t.Fatalf("point %d: index %d, sweep %v", i, p.Index, p.Root.Get("sweep"))
		}
	}
	return points
}

func TestSweepsOfTheSpecs(t *testing.T) {
	for name, want := range map[string]int{"saddle-escape.yaml": 36, "double-well-exit.yaml": 3, "digits-saddle-to-saddle.yaml": 1} {
		if points := expand(t, load(t, name)); len(points) != want {
			t.Errorf("%s: %d points; want %d", name, len(points), want)
		}
	}
	root := load(t, "saddle-escape.yaml")
	before := root.Clone()
	points := expand(t, root)
	if !Equal(root, before) {
		t.Error("Expand changed the spec")
	}
	got := rows(points)
	for i, want := range map[int]string{0: "[3, 2, 1] 0.1 0.01 0", 1: "[3, 2, 1] 0.1 0.01 0.02", 2: "[3, 2, 1] 0.1 0.02 0", 4: "[3, 2, 1] 0.3 0.01 0", 12: "[3, 1.5, 1] 0.1 0.01 0", 35: "[3, 1.2, 1] 1 0.02 0.02"} {
		if got[i] != want {
			t.Errorf("point %d: %s; want %s", i, got[i], want)
		}
	}
	last := points[35].Root
	for path, want := range map[string]string{"dynamics.gd.rate": "0.02", "dynamics.power-law.rate": "0.02", "data.label-noise": "1", "data.singular-values[1]": "1.2", "start.deviation": "0.02", "ensemble.replicas": "512"} {
		if n := last.Lookup(path); n == nil || n.Value != want {
			t.Errorf("%s at the last point: %s; want %s", path, n.Describe(), want)
		}
	}
	if n := last.Lookup("dynamics.gd.rate"); n.Line != 44 {
		t.Errorf("a swept value comes from line %d; want 44, where the sweep has it", n.Line)
	}
	last.Lookup("dynamics.gd.rate").Value = "7"
	if points[34].Root.Lookup("dynamics.gd.rate").Value != "0.02" || last.Lookup("dynamics.sgd.rate").Value != "0.02" || points[35].Params[2].Value.Value != "0.02" {
		t.Error("points share nodes")
	}
	if params := points[0].Params; params[2].Path != "dynamics.*.rate" {
		t.Errorf("parameter 2 is %s", params[2].Path)
	}
}

const base = "seed: 1\nmodel: {name: m, widths: [5, 5]}\ndynamics: {gd: {name: gd, rate: 1}, sgd: {name: sgd, rate: 1, batch: 4}}\nobserve: [{name: loss, every: 5}, {name: sharpness, every: 9}]\n"

func TestSweepForms(t *testing.T) {
	for _, tc := range []struct {
		sweep string
		want  string // rows joined by |
	}{
		{"", ""},
		{"sweep:\n", ""},
		{"sweep: {}\n", ""},
		{"sweep: {seed: range(0, 3)}\n", "0|1|2"},
		{"sweep: {seed: [7, range(0, 2)], dynamics.*.rate: [1, 2]}\n", "7 1|7 2|0 1|0 2|1 1|1 2"},
		{"sweep: {product: {seed: [1, 2]}, dynamics.gd.rate: [3, 4]}\n", "1 3|1 4|2 3|2 4"},
		{"sweep: {zip: {seed: [1, 2], dynamics.gd.rate: [3, 4]}}\n", "1 3|2 4"},
		{"sweep: {zip: {seed: [1, 2], dynamics.gd.rate: [3, 4]}, product: {dynamics.sgd.batch: [5, 6]}}\n", "1 3 5|1 3 6|2 4 5|2 4 6"},
		{"sweep: {product: {dynamics.sgd.batch: [5, 6]}, zip: {seed: [1, 1], dynamics.gd.rate: [3, 4]}}\n", "5 1 3|5 1 4|6 1 3|6 1 4"},
		{"sweep: {model.widths: [[5, 5], [5, 9, 5]]}\n", "[5, 5]|[5, 9, 5]"},
		{"sweep: {model: [{name: a}, {name: b}]}\n", "{name: a}|{name: b}"},
		{"sweep: {dynamics.sgd.momentum: [0, 0.9]}\n", "0|0.9"},
		{"sweep: {observe.*.every: [1, 2]}\n", "1|2"},
		{"sweep: {'observe[1].every': [1, 2], observe.0.every: [3]}\n", "1 3|2 3"},
		{"sweep: {seed.noise: [1, 2], seed.init: [3]}\n", "1 3|2 3"},
		{"sweep: {split.walkers: [10, 20]}\n", "10|20"},
		{"sweep: {dynamics.gd.rate: [$dynamics.sgd.rate, 2]}\n", "1|2"},
	} {
		if got := strings.Join(rows(expand(t, yaml(t, base+tc.sweep))), "|"); got != tc.want {
			t.Errorf("%s: %s; want %s", tc.sweep, got, tc.want)
		}
	}
	p := expand(t, yaml(t, base+"sweep: {seed.noise: [5], dynamics.sgd.momentum: [0.9], 'observe[1].every': [2]}\n"))[0].Root
	for path, want := range map[string]string{"seed.data": "1", "seed.init": "1", "seed.noise": "5", "dynamics.sgd.momentum": "0.9", "observe[0].every": "5", "observe[1].every": "2"} {
		if n := p.Lookup(path); n == nil || n.Value != want {
			t.Errorf("%s: %s; want %s", path, n.Describe(), want)
		}
	}
	if p.Lookup("dynamics.gd.momentum") != nil {
		t.Error("momentum was set where it was not asked for")
	}
	// A * sets only the entries that have the key.
	p = expand(t, yaml(t, base+"sweep: {dynamics.*.batch: [8]}\n"))[0].Root
	if p.Lookup("dynamics.gd.batch") != nil || p.Lookup("dynamics.sgd.batch").Value != "8" {
		t.Error("dynamics.*.batch set an entry without batch, or missed one with it")
	}
}

func TestSweepRefusals(t *testing.T) {
	for sweep, want := range map[string]string{
		"[1]":                  "sweep: got a list of 1; want a map of `path: values`",
		"{zip: 3}":             "sweep.zip: got 3; want a map of",
		"{product: [1]}":       "sweep.product: got a list of 1; want a map of",
		"{seed: 3}":            "sweep.seed: got 3; want a list, as in [1, 2], or a range",
		"{seed: []}":           "sweep.seed: got an empty list; want at least one value",
		"{seed: 'range(0,0)'}": "sweep.seed: got range(0,0); want a range that holds something",
		"{seed: [1, 2, 1.0]}":  "sweep.seed: got 1.0 twice; want each value once",
		"{zip: {seed: [1, 1], dynamics.gd.rate: [2, 2]}}":         "sweep.zip: got 1 with 2 twice; want each value once",
		"{zip: {seed: [1], dynamics.gd.rate: [2, 3]}}":            "sweep.zip: got 1 of seed, 2 of dynamics.gd.rate; want equally many",
		"{dynamics.*.rat: [1]}":                                   "sweep.dynamics.*.rat: got a path that matches nothing; want a path into the spec: dynamics.* has name, rate, batch; did you mean dynamics.*.rate?",
		"{dynamic.gd.rate: [1]}":                                  "did you mean dynamics.gd.rate?",
		"{dynamics.sdg.rate: [1]}":                                "dynamics has gd, sgd; did you mean dynamics.sgd.rate?",
		"{observe[2].every: [1]}":                                 "observe is a list of 2",
		"{model.name.x: [1]}":                                     "model.name is m",
		"{dynamics.*.momentum: [1]}":                              "matches nothing",
		"{foo: [1]}":                                              "sweep.foo: got a path that matches nothing",
		"{a..b: [1]}":                                             `sweep.a..b: got the path "a..b"; want keys joined by dots`,
		"{'model.': [1]}":                                         "a key is missing",
		"{model[x]: [1]}":                                         "brackets hold the place of an item",
		"{title: [a, b]}":                                         "sweep.title: got a sweep over title; want a path to a setting",
		"{claims[0].id: [a]}":                                     "a sweep over claims",
		"{sweep.seed: [1]}":                                       "a sweep over sweep",
		"{dynamics.*.rate: [1], dynamics.gd.rate: [2]}":           "sweep.dynamics.gd.rate: got dynamics.gd.rate, which sweep.dynamics.*.rate sets too",
		"{seed.noise: [1], seed: [2]}":                            "sweep.seed.noise: got seed.noise, which sweep.seed sets too",
		"{model: [{name: a}], model.widths: [[1]]}":               "sweep.model.widths: got model.widths, which sweep.model sets too",
		"{seed: range(0, 2000), dynamics.*.rate: range(0, 1000)}": "sweep: got 2000 × 1000 points; want at most 1000000",
		"{seed: range(0, 2000000)}":                               "at most 1000000 values",
	} {
		_, problems := Expand(yaml(t, base+"sweep: "+quotePaths(sweep)+"\n"))
		if len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%s:\n%v\nwant\n%s", sweep, problems, want)
			continue
		}
		if p := problems[0]; p.File != "k.yaml" || p.Line != 5 {
			t.Errorf("%s: at %s:%d; want k.yaml:5", sweep, p.File, p.Line)
		}
	}
	if _, problems := Expand(yaml(t, base+"sweep: {seed: 3, foo: [1], title: [x, y]}\n")); len(problems) != 3 {
		t.Errorf("three mistakes give %d problems:\n%v", len(problems), problems)
	}
}

// quotePaths puts quotes around keys with brackets, which a map in braces needs.
func quotePaths(sweep string) string {
	for _, key := range []string{"observe[2].every", "model[x]", "claims[0].id"} {
		sweep = strings.ReplaceAll(sweep, "{"+key, "{'"+key+"'")
	}
	return sweep
}

// TestLargeSweep walks a sweep of a million points without holding them.
func TestLargeSweep(t *testing.T) {
	s, problems := NewSweep(yaml(t, base+"sweep: {seed: range(0, 1000), dynamics.gd.rate: range(0, 1000)}\n"))
	if len(problems) > 0 || s.Len() != 1_000_000 {
		t.Fatal(s.Len(), problems)
	}
	if !slices.Equal(s.Paths(), []string{"seed", "dynamics.gd.rate"}) {
		t.Error(s.Paths())
	}
	p, _ := s.Point(123_456)
	if got := rows([]Point{p})[0]; got != "123 456" {
		t.Errorf("point 123456 is %s", got)
	}
}

func TestReferences(t *testing.T) {
	root := yaml(t, `seed: 1
title: $seed
dynamics:
  sgd: {rate: $model.rates.1, batch: 4, noise: {temperature: $dynamics.sgd.rate}}
  sde: {rate: $dynamics.sgd.rate, half: 1/$dynamics.sgd.rate, less: $dynamics.sgd.batch-1, all: $dynamics.sgd.noise, t: $dynamics.sde.all.temperature}
model: {rates: $data.rates}
data: {rates: [1, 0.25]}
claims: [{over: $seed}]
ask: [{over: $seed}]
`)
	if problems := Resolve(root); len(problems) > 0 {
		t.Fatal(problems)
	}
	for path, want := range map[string]string{
		"title": "$seed", "dynamics.sgd.rate": "0.25", "dynamics.sgd.noise.temperature": "0.25", "dynamics.sde.rate": "0.25",
		"dynamics.sde.half": "1/$dynamics.sgd.rate", "dynamics.sde.less": "$dynamics.sgd.batch-1",
		"dynamics.sde.all.temperature": "0.25", "dynamics.sde.t": "0.25", "model.rates[1]": "0.25", "claims[0].over": "$seed", "ask[0].over": "$seed",
	} {
		if n := root.Lookup(path); n == nil || n.Value != want {
			t.Errorf("%s: %s; want %s", path, n.Describe(), want)
		}
	}
	if n := root.Lookup("dynamics.sde.rate"); n.Line != 5 {
		t.Errorf("a resolved value is on line %d; want 5, where the reference is", n.Line)
	}
	root.Lookup("data.rates").Items[1].Value = "9"
	if root.Lookup("model.rates[1]").Value != "0.25" {
		t.Error("a resolved value shares nodes with its source")
	}
}

func TestReferenceRefusals(t *testing.T) {
	billion := "a0: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
	for i := 1; i < 10; i++ {
		ref := fmt.Sprintf("$a%d", i-1)
		billion += fmt.Sprintf("a%d: [%s]\n", i, strings.TrimSuffix(strings.Repeat(ref+", ", 10), ", "))
	}
	for text, want := range map[string]string{
		"a: $b\nb: $a\n":                       "which leads back to itself: $b → $a → $b",
		"a: $a\n":                              "k.yaml:1: a: got $a, which leads back to itself",
		"x: {y: $x}\n":                         "k.yaml:1: x.y: got $x, which leads back to itself",
		"a: [1, $a.1]\n":                       "leads back to itself",
		"a: $b.c\nb: $d\nd: {c: $a}\n":         "leads back to itself",
		"a: $b.rat\nb: {rate: 1}\n":            "k.yaml:1: a: got $b.rat; want a path into the spec: b has rate; did you mean b.rate?",
		"a: $c\nb: 1\n":                        "a: got $c; want a path into the spec: the spec has a, b",
		"a: $b[3]\nb: [1]\n":                   "b is a list of 1",
		"a: $b.*\nb: {c: 1}\n":                 "want a path to one value, without *",
		"x: [{a: 1}, {a: $seed.x}]\nseed: 3\n": "k.yaml:1: x[1].a: got $seed.x; want a path into the spec: seed is 3",
		billion:                                "references that grow the spec beyond 100000 values",
	} {
		problems := Resolve(yaml(t, text))
		if len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%.60s:\n%v\nwant\n%s", text, problems, want)
		}
	}
	_, problems := Expand(yaml(t, base+"start: {deviation: $modle.name}\nsweep: {seed: [1, 2, 3]}\n"))
	if len(problems) != 1 || !strings.Contains(problems.Error(), "did you mean model.name?") {
		t.Errorf("one mistake at three points:\n%v", problems)
	}
}
