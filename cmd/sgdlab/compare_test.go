package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// only is the folder of the one run in a folder that is not among those given.
func only(t *testing.T, runs string, but ...string) string {
	t.Helper()
	entries, err := os.ReadDir(runs)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if path := filepath.Join(runs, e.Name()); !slices.Contains(but, path) {
			return path
		}
	}
	t.Fatal("no new run")
	return ""
}

// diff names every setting and every quantity that differs, and its status says whether anything does.
func TestDiff(t *testing.T) {
	runs := t.TempDir()
	spec := write(t, langevin)
	done(t, "run", spec, "--out", runs)
	a := only(t, runs)
	if out, _ := done(t, "diff", a, a); !strings.HasPrefix(out, "identical in result: hash ") {
		t.Errorf("a run and itself:\n%s", out)
	}
	// Another title is another question with the same result.
	done(t, "run", spec, "title=Other", "--out", runs)
	b := only(t, runs, a)
	if out, _ := done(t, "diff", a, b); !strings.Contains(out, "title") || !strings.Contains(out, "Small") || !strings.Contains(out, "Other") || !strings.Contains(out, "identical in result") {
		t.Errorf("another title:\n%s", out)
	}
	done(t, "run", spec, "dynamics.hot.noise.temperature=0.6", "--out", runs)
	c := only(t, runs, a, b)
	status, out, log := lab("diff", a, c)
	if status != exitDifferent || log != "" {
		t.Errorf("status %d\n%s", status, log)
	}
	for _, w := range []string{"dynamics.hot.noise.temperature  0.5", "2 cells in both", "passages  exit", "hot: replica ", "are the same bits everywhere"} {
		if !strings.Contains(out, w) {
			t.Errorf("no %q in\n%s", w, out)
		}
	}
	if strings.Contains(out, "warm: ") {
		t.Errorf("warm is the same in both:\n%s", out)
	}
	status, out, _ = lab("diff", a, c, "--json")
	d := object[struct {
		Identical bool
		Settings  []map[string]string
		Cells     struct{ Both int }
		Values    []struct {
			Table, Quantity string
			Compared        int64
			Differ          int64
		}
	}](t, out)
	if status != exitDifferent || d.Identical || d.Cells.Both != 2 || len(d.Settings) != 1 || d.Settings[0]["path"] != "dynamics.hot.noise.temperature" || d.Settings[0]["new"] != "0.6" {
		t.Errorf("status %d, %+v", status, d)
	}
	for _, v := range d.Values {
		if v.Table == "passages" && v.Quantity == "exit" && !(v.Compared == 128 && v.Differ >= 20 && v.Differ <= 64) {
			t.Errorf("%+v: want 64 times and 64 marks compared, most of the 32 of hot different", v)
		}
	}
	for _, args := range [][]string{{"diff", a}, {"diff", a, "none", "--runs", runs}, {"compare", a}, {"compare", a, c, "--within", "0"}, {"compare", a, c, "--false-alarm", "1"}, {"compare", a, c, "--within", "wide"}} {
		if status, out, log := lab(args...); status != exitRequest || out != "" || !strings.Contains(log, "want") {
			t.Errorf("%v: status %d\n%s%s", args, status, out, log)
		}
	}
}

// compare finds what differs, by name and with its probability; equal seeds pair, other seeds do not.
func TestCompare(t *testing.T) {
	runs := t.TempDir()
	spec := write(t, strings.NewReplacer("replicas: 32", "replicas: 256", "  - {name: loss, every: 100}", "  - {name: loss, every: 1000}").Replace(langevin))
	done(t, "run", spec, "--out", runs)
	a := only(t, runs)
	done(t, "run", spec, "seed=2", "dynamics.hot.noise.temperature=1", "--out", runs)
	b := only(t, runs, a)
	status, out, log := lab("compare", a, b)
	if status != exitDifferent || log != "" {
		t.Errorf("status %d\n%s", status, log)
	}
	for _, w := range []string{"seed: 1 → 2", "dynamics.hot.noise.temperature: 0.5 → 1", "? undecided  warm", "≠ differ     hot", "(Welch)", "(log-rank)", "2 cells: 0 agree within 0.1, 1 differ, 1 undecided", "false-alarm probability 0.01 over all of them"} {
		if !strings.Contains(out, w) {
			t.Errorf("no %q in\n%s", w, out)
		}
	}
	status, out, _ = lab("compare", a, b, "--json", "--within", "1000")
	d := object[struct {
		Tests int
		Cells []struct {
			Cell    string
			Shared  bool
			Verdict string
			Tests   []struct {
				Quantity, Method, Verdict string
				P, Adjusted               *float64
			}
		}
	}](t, out)
	if status != exitDifferent || len(d.Cells) != 2 || d.Cells[0].Verdict != "agree" || d.Cells[1].Verdict != "differ" || d.Cells[0].Shared {
		t.Errorf("status %d, %+v", status, d)
	}
	tests := 0
	for _, c := range d.Cells {
		for _, tt := range c.Tests {
			if tt.P != nil {
				tests++
				if *tt.Adjusted < *tt.P || *tt.Adjusted > 1 {
					t.Errorf("%s, %s: p %v, adjusted %v", c.Cell, tt.Quantity, *tt.P, *tt.Adjusted)
				}
			}
		}
	}
	if tests != d.Tests || tests < 10 {
		t.Errorf("%d tests; the document says %d", tests, d.Tests)
	}
	// Half the step, the same seeds: replicas pair.
	done(t, "run", spec, "dynamics.*.step=0.005", "--out", runs)
	c := only(t, runs, a, b)
	_, out, _ = lab("compare", a, c, "--all")
	for _, w := range []string{"they share seeds", "by replica", "McNemar"} {
		if w == "they share seeds" {
			w = "note: the runs share seeds"
		}
		if !strings.Contains(out, w) {
			t.Errorf("no %q in\n%s", w, out)
		}
	}
	// A run of other dynamics has nothing in common.
	other := t.TempDir()
	done(t, "run", write(t, learning), "--out", other)
	if status, out, log := lab("compare", a, only(t, other), "--json"); status != exitRequest || out != "" || !strings.Contains(log, "no cell in common") || !strings.Contains(log, "only in the second: sgd") {
		t.Errorf("nothing in common: status %d\n%s%s", status, out, log)
	}
}
