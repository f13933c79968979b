package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completions are what a shell is offered for a command line, without descriptions, and the directive.
func completions(t *testing.T, args ...string) (list []string, directive string) {
	t.Helper()
	out, _ := done(t, append([]string{"__complete"}, args...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, l := range lines[:len(lines)-1] {
		name, _, _ := strings.Cut(l, "\t")
		list = append(list, name)
	}
	return list, lines[len(lines)-1]
}

// The directives of cobra's scripts: 2 no blank after it, 4 no files, 8 files with these endings, 16 folders.
func TestCompletion(t *testing.T) {
	runs := t.TempDir()
	spec := write(t, langevin)
	done(t, "run", spec, "--out", runs)
	run := filepath.Base(folder(t, runs))
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("title: x\ndynamics:\n  sgd: {name: sgd, rate: 0.1}\ntitle: y\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args      string
		want      []string // all of it, or what must be there where it begins with "…"
		directive string
	}{
		{"co", []string{"compare", "completion"}, ":4"},
		{"run|", []string{"yaml", "yml"}, ":8"},
		{"run|SPEC|dynamics.warm.", []string{"dynamics.warm.name=", "dynamics.warm.calculus=", "dynamics.warm.noise.factor=", "dynamics.warm.noise.temperature=", "…"}, ":6"},
		{"run|SPEC|dynamics.hot.noise.te", []string{"dynamics.hot.noise.temperature="}, ":6"},
		{"run|SPEC|dynamics.hot.noise.temperature=", []string{"dynamics.hot.noise.temperature=0.5"}, ":6"},
		{"run|SPEC|dynamics.hot.noise.temperature=1|dynamics.hot.noise.te", nil, ":6"},
		{"check|SPEC|observe", []string{"observe[0].name=", "observe[0].every=", "…"}, ":6"},
		{"check|SPEC|events.exit.of.in", []string{"events.exit.of.index="}, ":6"},
		{"run|SPEC|dynamics.warm.dr", []string{"dynamics.warm.drift="}, ":6"}, // a default that is not written
		{"run|BROKEN|tit", []string{"title="}, ":6"},
		{"run|NONE|tit", nil, ":4"},
		{"show|--out|RUNS|", []string{run}, ":4"},
		{"diff|--runs|RUNS|" + run[:3], []string{run}, ":4"},
		{"diff|--runs|RUNS|" + run + "|", nil, ":16"},
		{"export|--runs|RUNS|./", nil, ":16"},
		{"export|x|y", nil, ":4"},
		{"export|--format|", []string{"csv", "npz", "parquet", "netcdf"}, ":4"},
		{"export|--tables|cells,", []string{"cells,samples", "cells,passages", "cells,plateaus"}, ":6"},
		{"explain|kramers-1", []string{"kramers-1940"}, ":4"},
		{"explain|euler-m", []string{"euler-maruyama"}, ":4"},
		{"theory|kramers", []string{"kramers", "kramers-next"}, ":4"},
		{"theory|euler", nil, ":4"},
		{"theory|kramers|", []string{"…", "well=", "temperature=", "at="}, ":6"},
		{"theory|kramers|well=2|we", nil, ":6"},
		{"list|sch", []string{"schemes"}, ":4"},
		{"list|pa", []string{"papers"}, ":4"},
		{"reproduce|kramers-1940|", []string{"…", "saxe-2013"}, ":0"},
		{"new|cl", []string{"claim"}, ":4"},
		{"new|x|--from|", starterNames, ":4"},
		{"run|SPEC|--engine|", []string{"local"}, ":4"},
		{"resume|x|", []string{"data.path="}, ":6"},
	} {
		args := strings.Split(c.args, "|")
		for i, a := range args {
			args[i] = strings.NewReplacer("SPEC", spec, "RUNS", runs, "BROKEN", broken, "NONE", filepath.Join(runs, "none.yaml")).Replace(a)
		}
		got, directive := completions(t, args...)
		want := slices.Clone(c.want)
		if open := slices.Index(want, "…"); open >= 0 {
			want = slices.Delete(want, open, open+1)
			for _, w := range want {
				if !slices.Contains(got, w) {
					t.Errorf("%s: no %s in %q", c.args, w, got)
				}
			}
		} else if !slices.Equal(got, want) {
			t.Errorf("%s: %q; want %q", c.args, got, want)
		}
		if directive != c.directive {
			t.Errorf("%s: directive %s; want %s", c.args, directive, c.directive)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, _ := done(t, "completion", shell); !strings.Contains(out, "sgdlab") || len(out) < 1000 {
			t.Errorf("completion %s: %d bytes", shell, len(out))
		}
	}
	if out, _ := done(t); !strings.Contains(out, "  completion ") {
		t.Errorf("the help does not name completion:\n%s", out)
	}
}
