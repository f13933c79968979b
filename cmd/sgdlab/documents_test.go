package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"sgdlab/catalog"
)

// object decodes one JSON document and wants nothing after it.
func object[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if d.More() {
		t.Fatalf("more than one document:\n%s", text)
	}
	return v
}

type estimate struct {
	Value, SE *float64
	Interval  []*float64
	N         *int64
	Unit      *string
}

type shownRun struct {
	Run, Status, Hash string
	Cells             []struct {
		Dynamics   string
		Parameters map[string]any
		Estimates  map[string]estimate
	}
}

// keys of a JSON object, sorted.
func keys(t *testing.T, v any) []string {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%T is no object", v)
	}
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// run --json and show --json print the same document, alone on standard output: product.md says which.
func TestRunDocument(t *testing.T) {
	spec := write(t, langevin)
	out := t.TempDir()
	printed, log := done(t, "run", spec, "dynamics.*.noise.temperature=0.1,0.5", "--json", "--out", out)
	if !strings.Contains(log, "note: ") {
		t.Errorf("notes belong to standard error:\n%s", log)
	}
	dir := folder(t, out)
	for _, args := range [][]string{{"show", dir, "--json"}, {"resume", dir, "--json"}} {
		if again, _ := done(t, args...); again != printed {
			t.Errorf("%s --json differs from run --json", args[0])
		}
	}
	d := object[shownRun](t, printed)
	if d.Run != filepath.Base(dir) || d.Status != "done" || len(d.Hash) != 64 || len(d.Cells) != 4 {
		t.Errorf("run %q, status %q, hash %q, %d cells", d.Run, d.Status, d.Hash, len(d.Cells))
	}
	raw := object[map[string]any](t, printed)
	if want := []string{"cells", "claims", "hash", "run", "status"}; !reflect.DeepEqual(keys(t, raw), want) {
		t.Errorf("keys %v; want %v", keys(t, raw), want)
	}
	cell := raw["cells"].([]any)[0].(map[string]any)
	one := cell["estimates"].(map[string]any)["rate:exit"]
	if want := []string{"interval", "n", "se", "unit", "value"}; !reflect.DeepEqual(keys(t, one), want) {
		t.Errorf("keys of an estimate %v; want %v", keys(t, one), want)
	}
	for i, c := range d.Cells {
		if got := c.Parameters["dynamics.*.noise.temperature"]; got != []float64{0.1, 0.1, 0.5, 0.5}[i] {
			t.Errorf("cell %d: parameters %v", i, c.Parameters)
		}
		if c.Dynamics != []string{"warm", "hot"}[i%2] {
			t.Errorf("cell %d is of %s", i, c.Dynamics)
		}
		for _, name := range []string{"mean-time:exit", "restricted-mean-time:exit", "rate:exit", "censored:exit", "theory:exit", "solve:exit"} {
			e, ok := c.Estimates[name]
			if !ok || len(e.Interval) != 2 || e.N == nil || e.Unit == nil {
				t.Errorf("cell %d: %s is %+v", i, name, e)
			}
		}
		// With any replica censored there is no mean time; the rate is there, and bounded by its interval.
		censored, mean, rate := c.Estimates["censored:exit"], c.Estimates["mean-time:exit"], c.Estimates["rate:exit"]
		if (*censored.Value > 0) != (mean.Value == nil) {
			t.Errorf("cell %d: %v censored, mean time %v", i, *censored.Value, mean.Value)
		}
		if *mean.Unit != "time" || *rate.Unit != "1/time" || *mean.N != 32 {
			t.Errorf("cell %d: units %q and %q, n %d", i, *mean.Unit, *rate.Unit, *mean.N)
		}
		if lo, hi := *rate.Interval[0], *rate.Interval[1]; !(lo <= *rate.Value && *rate.Value <= hi && lo >= 0) {
			t.Errorf("cell %d: rate %v in [%v, %v]", i, *rate.Value, lo, hi)
		}
	}
	if d.Cells[0].Estimates["mean-time:exit"].Value != nil {
		t.Error("at T = 0.1 and a horizon of 30 some replicas are censored")
	}

	listed := object[[]map[string]string](t, first(done(t, "ls", "--json", "--out", out)))
	if len(listed) != 1 || listed[0]["run"] != d.Run || listed[0]["status"] != "done" || listed[0]["hash"] != d.Hash || listed[0]["title"] != "Small" || listed[0]["dir"] != dir {
		t.Errorf("ls --json: %v", listed)
	}
	if got := first(done(t, "ls", "--json", "--out", t.TempDir())); strings.TrimSpace(got) != "[]" {
		t.Errorf("ls --json of nothing: %s", got)
	}
	if got := object[map[string]string](t, first(done(t, "report", dir, "--json"))); got["report"] != filepath.Join(dir, "report.html") {
		t.Errorf("report --json: %v", got)
	}
}

func first(out, _ string) string { return out }

// theory --json gives values, kind, regime and source; here beside Kramers' formula, computed in the test.
func TestTheoryDocument(t *testing.T) {
	type prediction struct {
		Values               []float64
		Kind, Regime, Source string
	}
	p := object[prediction](t, first(done(t, "theory", "kramers", "temperature=0.05", "well=2", "saddle=-1", "barrier=0.25", "--json")))
	want := 2 * math.Pi / math.Sqrt(2*1) * math.Exp(0.25/0.05)
	if len(p.Values) != 1 || math.Abs(p.Values[0]/want-1) > 1e-12 || p.Kind == "" || p.Regime == "" || !strings.Contains(p.Source, "kramers") {
		t.Errorf("%+v; want the value %v", p, want)
	}
	if out := first(done(t, "theory", "kramers", "temperature=0.05", "well=2", "saddle=-1", "barrier=0.25")); !strings.HasPrefix(out, fmt.Sprintf("%.10g", want)) {
		t.Errorf("in words:\n%s", out)
	}
}

// list --json names all that the catalog has, and explain --json each with its keys.
func TestCatalogDocuments(t *testing.T) {
	type entry struct{ Name, Doc string }
	all := object[map[string][]entry](t, first(done(t, "list", "--json")))
	for _, k := range catalog.Kinds() {
		var names []string
		for _, e := range all[k.Name] {
			names = append(names, e.Name)
			if e.Doc == "" {
				t.Errorf("%s %s says nothing", k.Name, e.Name)
			}
		}
		if !reflect.DeepEqual(names, k.Names()) {
			t.Errorf("%s: %v; want %v", k.Name, names, k.Names())
		}
	}
	if len(all["papers"]) < 2 {
		t.Errorf("papers: %v", all["papers"])
	}
	models := object[map[string][]entry](t, first(done(t, "list", "models", "--json")))
	if len(models) != 1 || !reflect.DeepEqual(models["models"], all["models"]) {
		t.Errorf("list models: %v", models)
	}
	for kind, entries := range all {
		for _, e := range entries {
			out, _ := done(t, "explain", e.Name)
			if !strings.HasPrefix(out, e.Name) {
				t.Errorf("explain %s:\n%s", e.Name, out)
			}
			text, _ := done(t, "explain", e.Name, "--json")
			if kind == "papers" {
				p := object[struct {
					Paper, Title string
					Claims       []struct{ Run, ID, Says string }
				}](t, text)
				if p.Paper != e.Name || len(p.Claims) == 0 || p.Claims[0].ID == "" {
					t.Errorf("explain %s --json: %+v", e.Name, p)
				}
				continue
			}
			found := object[[]struct {
				Kind, Name, Doc string
				Fields          []struct{ Key, Type string }
			}](t, text)
			if !slices.ContainsFunc(found, func(f struct {
				Kind, Name, Doc string
				Fields          []struct{ Key, Type string }
			}) bool {
				return f.Kind == kind && f.Name == e.Name && !slices.ContainsFunc(f.Fields, func(g struct{ Key, Type string }) bool { return g.Key == "" || g.Type == "" })
			}) {
				t.Errorf("explain %s --json: %+v", e.Name, found)
			}
		}
	}
}

// reproduce --json gives one entry per claim and cell; a claim that fails is exit status 3, an undecided one is not.
func TestReproduceDocument(t *testing.T) {
	dir := t.TempDir()
	paper := func(name, expect string) string {
		path := filepath.Join(dir, name+".yaml")
		text := fmt.Sprintf(`paper: %s
title: A paper
runs:
  exits:
    seed: 1
    model: {name: double-well}
    start: {name: point, at: [-1]}
    dynamics: {sde: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.5}, step: 0.01}}
    events: {exit: {of: {name: coordinate, index: 0}, rises-above: 1}}
    ensemble: {replicas: 64, until: {event: exit, at-most: {time: 1000}}}
claims:
  - {id: exits, says: it exits, measure: {mean-time: exit}, expect: %s, run: exits}
`, name, expect)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	type claims struct {
		Claims []map[string]any
	}
	for _, tc := range []struct {
		name, expect, verdict string
		status                int
	}{
		{"holding", "{at-least: 1}", "holds", exitDone},
		{"failing", "{at-most: 1}", "fails", exitClaim},
		{"undecided", "{equals: {solve: exit}, relative: 0.001}", "undecided", exitDone},
	} {
		path := paper(tc.name, tc.expect)
		for _, again := range []string{"the first time", "from its folder"} {
			status, out, log := lab("reproduce", path, "--json", "--out", filepath.Join(dir, "runs"))
			if status != tc.status {
				t.Fatalf("%s: status %d, want %d\n%s%s", tc.name, status, tc.status, out, log)
			}
			d := object[claims](t, out)
			if len(d.Claims) != 1 {
				t.Fatalf("%s: %v", tc.name, d.Claims)
			}
			c := d.Claims[0]
			for _, key := range []string{"paper", "id", "cell", "measured", "interval", "predicted", "expectation", "n", "verdict"} {
				if _, ok := c[key]; !ok {
					t.Errorf("%s: no %s in %v", tc.name, key, c)
				}
			}
			if c["paper"] != tc.name || c["id"] != "exits" || c["verdict"] != tc.verdict || c["n"] != 64.0 || len(c["interval"].([]any)) != 2 {
				t.Errorf("%s, %s: %v", tc.name, again, c)
			}
			if needs, ok := c["needs"]; (tc.verdict == "undecided") != ok || ok && !(needs.(float64) > 64) {
				t.Errorf("%s: needs %v", tc.name, needs)
			}
		}
	}
	// Of a run, too.
	spec := write(t, strings.Replace(langevin, "answer: {exit: [theory, solve, simulate]}", "claims: [{id: no, says: never, measure: {rate: exit}, expect: {at-most: 0}}]", 1))
	if status, out, _ := lab("run", spec); status != exitClaim || !strings.Contains(out, "✗ fails") || !strings.Contains(out, "report file://") {
		t.Errorf("a failing claim: status %d\n%s", status, out)
	}
}

// reproduce says first how long the papers take, each and in all, and which are there already; with --quick it does not measure.
func TestForetold(t *testing.T) {
	dir := t.TempDir()
	paper := func(name string, atMost, runs int) string {
		text := fmt.Sprintf("paper: %s\ntitle: A paper\nclaims: []\nruns:\n", name)
		for i := range runs {
			text += fmt.Sprintf(`  run-%d:
    seed: %d
    model: {name: double-well}
    start: {name: point, at: [-1]}
    dynamics: {sde: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.5}, step: 0.01}}
    events: {exit: {of: {name: coordinate, index: 0}, rises-above: 1}}
    ensemble: {replicas: 64, quick: 8, until: {event: exit, at-most: {time: %d}}}
`, i, i, atMost)
		}
		path := filepath.Join(dir, name+".yaml")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rare, two := paper("rare", 100_000_000, 1), paper("two", 1000, 2)
	runs := filepath.Join(dir, "runs")
	says := func(want string, args ...string) {
		t.Helper()
		_, log := done(t, append([]string{"reproduce", "--workers", "2", "--out", runs}, args...)...)
		if !regexp.MustCompile(want).MatchString(log) {
			t.Errorf("reproduce %v says\n%s\nwant\n%s", args, log, want)
		}
	}
	const head = `^by the speed measured just now, on 2 workers:\n`
	says(`^rare run-0\nnote: quick: `, rare, "--quick")
	says(head+`  rare  under 1 s, at most [\d.]+ (min|h|days)\nrare run-0\n$`, rare)
	says(`^  rare  there already\nrare run-0\n$`, rare)
	// How fast the machine is just now may show in what it could take at most.
	says(head+`  rare    there already\n  two     under 1 s(, at most \d+ s)?\n  in all  under 1 s(, at most \d+ s)?; 1 of 3 runs there already\nrare run-0\n`, rare, two)
	found, err := filepath.Glob(filepath.Join(runs, "two-run-1-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	if err := os.RemoveAll(found[0]); err != nil {
		t.Fatal(err)
	}
	says(head+`  two  under 1 s; 1 of 2 runs there already\n`, two)
}

// check prints a resolved spec that is itself a valid spec of the same question, the points, and a sane cost; it makes
// nothing.
func TestCheck(t *testing.T) {
	spec := write(t, langevin)
	args := []string{"check", spec, "seed=range(0,3)", "--workers", "2"}
	out, _ := done(t, args...)
	if !strings.Contains(out, "# 3 points × 2 dynamics = 6 cells, 192 replicas, ") || !regexp.MustCompile(`# at most 576 k replica-steps: (under )?[\d.]+ s on 2 workers, by the speed measured just now; events end replicas earlier: likely (under )?[\d.]+ s\n`).MatchString(out) {
		t.Errorf("check:\n%s", out)
	}
	d := object[struct {
		Points, Cells, Shards, Replicas int
		Steps                           float64 `json:"replica_steps_at_most"`
		Seconds                         float64 `json:"seconds_at_most"`
		LikelySteps                     float64 `json:"replica_steps_likely"`
		Likely                          float64 `json:"seconds_likely"`
		Spec                            map[string]any
		Warnings                        []string
	}](t, first(done(t, append(args, "--json")...)))
	if d.Points != 3 || d.Cells != 6 || d.Replicas != 192 || d.Shards < 6 || d.Steps != 576000 || !(d.Seconds > 0 && d.Seconds < 60) || !(d.LikelySteps > 0 && d.LikelySteps < d.Steps && d.Likely > 0) {
		t.Errorf("check --json: %+v", d)
	}
	if d.Spec["sweep"] == nil || len(d.Warnings) == 0 {
		t.Errorf("check --json: spec %v, warnings %v", d.Spec, d.Warnings)
	}
	if entries, err := os.ReadDir(filepath.Dir(spec)); err != nil || len(entries) != 1 {
		t.Errorf("check made something: %v %v", entries, err)
	}
	// What it prints is the same question.
	resolved := write(t, out)
	again, _ := done(t, "check", resolved, "--workers", "2")
	if body := strings.Split(out, "\n# ")[0]; !strings.HasPrefix(again, body) {
		t.Errorf("the resolved spec resolves to\n%s\nnot to\n%s", again, body)
	}
	runs := t.TempDir()
	done(t, "run", spec, "seed=range(0,3)", "--out", runs)
	if text, _ := done(t, "run", resolved, "--out", runs); !strings.Contains(text, "nothing to compute") {
		t.Errorf("the resolved spec is another question:\n%s", text)
	}
}

// --quick has fewer replicas and points, says so, and never a shorter horizon.
func TestQuick(t *testing.T) {
	spec := write(t, strings.Replace(langevin, "replicas: 32", "replicas: 3200", 1))
	out := t.TempDir()
	_, log := done(t, "run", spec, "seed=range(0,5)", "--quick", "--out", out)
	if !strings.Contains(log, "note: quick: 100 replicas of each cell, not 3200") || !strings.Contains(log, "note: quick: 3 of 5 values of seed") {
		t.Errorf("notes:\n%s", log)
	}
	dir := folder(t, out)
	text, err := os.ReadFile(filepath.Join(dir, "spec.yaml"))
	if err != nil || !strings.Contains(string(text), "time: 30") {
		t.Errorf("the horizon: %v\n%s", err, text)
	}
	// What was said of it outlives a resume, whose spec is thinned already.
	os.Remove(filepath.Join(dir, "cells.parquet"))
	done(t, "resume", dir)
	manifest, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil || !strings.Contains(string(manifest), `"quick": true`) || !strings.Contains(string(manifest), "quick: 3 of 5 values of seed") {
		t.Errorf("after resume: %v\n%s", err, manifest)
	}
}

// The help of every verb.
func TestHelp(t *testing.T) {
	var b strings.Builder
	root := commands(nil, nil, nil)
	verbs := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if !c.Hidden && c.Name() != "completion" && c.Name() != "help" {
			verbs = append(verbs, c)
		}
	}
	for _, c := range verbs {
		args := []string{"--help"}
		if c != root {
			args = []string{c.Name(), "--help"}
		}
		out, log := done(t, args...)
		if log != "" {
			t.Errorf("%s --help writes to standard error:\n%s", c.Name(), log)
		}
		fmt.Fprintf(&b, "$ sgdlab %s\n%s\n", strings.Join(args, " "), out)
	}
	golden(t, "help.txt", b.String())
	if out, _ := done(t); !strings.HasPrefix(b.String(), "$ sgdlab --help\n"+out) {
		t.Errorf("sgdlab alone prints\n%s", out)
	}
	if out, _ := done(t, "--version"); !strings.HasPrefix(out, "sgdlab version ") {
		t.Errorf("--version prints %q", out)
	}
}
