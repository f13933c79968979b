package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sgdlab/catalog"
	"sgdlab/docs"
	"sgdlab/papers"
)

// docs/reference.md is what the code says.
func TestReferencePage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reference.md")
	if out, _ := done(t, "explain", "--markdown", path); out != "" {
		t.Errorf("explain --markdown prints %q", out)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/reference.md is not what the code says; run `go generate ./reference`")
	}
	for _, c := range commands(nil, nil, nil).Commands() {
		if hidden := c.Hidden || c.Name() == "help" || c.Name() == "completion"; strings.Contains(string(got), `<a id="verbs-`+c.Name()+`"></a>`) == hidden {
			t.Errorf("the verb %s is on the page: %t", c.Name(), !hidden)
		}
	}
	if strings.Contains(string(got), "--markdown FILE") || !strings.Contains(string(got), "--workers INT") {
		t.Error("the flags of verbs are not those of their help")
	}
}

// list counts each list and shows other names.
func TestList(t *testing.T) {
	out, _ := done(t, "list")
	for _, k := range catalog.Kinds() {
		if head := fmt.Sprintf("%s (%d): %s\n", k.Name, len(k.Entries), k.Doc); strings.Count(out, head) != 1 {
			t.Errorf("no line %q", head)
		}
		one, _ := done(t, "list", k.Name)
		for _, e := range k.Entries {
			if !strings.Contains(one, "\n  "+strings.Join(append([]string{e.Name}, e.Aliases...), ", ")+"  ") {
				t.Errorf("list %s does not show %s:\n%s", k.Name, e.Name, one)
			}
		}
	}
	for _, kind := range []string{"asks", "measures", "expectations", "keys", "papers"} {
		if !regexp.MustCompile(`(?m)^` + kind + ` \(\d+\): `).MatchString(out) {
			t.Errorf("list does not show %s", kind)
		}
	}
	laws := object[map[string][]struct{ Aliases []string }](t, first(done(t, "list", "laws", "--json")))
	if !strings.Contains(fmt.Sprint(laws), "levy") {
		t.Errorf("list laws --json has no other names: %v", laws)
	}
}

// explain knows verbs, keys, asks, measures, expectations, aliases, paths and parameters, and suggests across all of them.
func TestExplain(t *testing.T) {
	for name, want := range map[string][]string{
		"kramers":          {"kramers (theory)\n", "\n      τ = 2π / √(V″(a)·│V″(b)│) · exp(ΔV/T),\n", "\n  well         V″(a), the curvature", "number > 0; optional", "Prediction  leading order", "sgdlab theory kramers well=2", "H. A. Kramers"},
		"per-sample":       {"per-sample (factor of a noise)\n", "σ(θ)ξ = Σᵢ (ξᵢ − ξ̄)∇ℓᵢ(θ)/√n,", "Models", "deep-linear", "noise: {factor: per-sample}"},
		"heun":             {"converges in the sense of  Stratonovich", "additive     1       2\n", "Rümelin 1982."},
		"levy":             {"stable (law of a noise), also levy\n", "Index α, by settings\n"},
		"deep-linear":      {"What it can be asked", "Curved       multiplies by its Hessian\n", "model: {name: deep-linear, widths: [3, 2]}"},
		"sharpness":        {"sharpness-residual\n"},
		"gaussian":         {"gaussian (data set)", "\n\n\ngaussian (start)", "\n\n\ngaussian (law of a noise)"},
		"run":              {"run (verb)\n", "sgdlab run SPEC [key=value …]\n", "--workers INT"},
		"events":           {"events (key of a spec)\n", "{from: saddle, by: ε}"},
		"escape-law":       {"escape-law (ask)\n", "c₁ ΔL/T"},
		"mean-time":        {"mean-time (measure of a claim)\n", "measure: {mean-time: exit}"},
		"equals":           {"equals (expectation of a claim)\n", "number ≥ 0 or expression; optional"},
		"ensemble.until":   {"ensemble.until (parameter of a key of a spec)\n", "\n    steps  in steps of length η\n"},
		"sde.dt":           {"sde.step (parameter of a dynamics), also dt\n"},
		"temperature":      {"  identity.temperature", "  kramers.temperature"},
		"kramers-1940":     {"kramers-1940 (paper)\n", "Claims about the run crossing\n"},
		"mode-overlap.of":  {"Data or teacher; default data."},
		"sde.noise":        {"sgdlab list factors, sgdlab list laws"},
		"export":           {"\n      npz      one file of arrays TABLE/COLUMN", "\n      parquet  one file for each table"},
		"bench":            {"\n  sgdlab bench orders\n", "--paths INT"},
		"ensemble.nothing": nil,
	} {
		if want == nil {
			if status, _, _ := lab("explain", name); status != exitRequest {
				t.Errorf("explain %s: status %d", name, status)
			}
			continue
		}
		out, _ := done(t, "explain", name)
		for _, w := range want {
			if !strings.Contains(strings.ToLower(out), strings.ToLower(w)) {
				t.Errorf("explain %s does not say %q:\n%s", name, w, out)
			}
		}
	}
	for name, want := range map[string]string{"kramer": "kramers", "escape-lw": "escape-law", "meantime": "mean-time", "ensembel": "ensemble", "reprodce": "reproduce", "temprature": "temperature"} {
		if _, _, log := lab("explain", name); !strings.Contains(log, "did you mean "+want+"?") {
			t.Errorf("explain %s: %s", name, log)
		}
	}
}

// Of a paper explain shows the corrections that its runs show and what is not claimed, as the pages have them; of papers without a file
// what is not claimed.
func TestExplainPaper(t *testing.T) {
	if n := len(docs.Corrections("kalra-2023")); n == 0 || len(docs.Deviations("kalra-2023")) == 0 {
		t.Errorf("kalra-2023 has %d corrections and %d deviations", n, len(docs.Deviations("kalra-2023")))
	}
	sources, err := papers.Sources()
	if err != nil {
		t.Fatal(err)
	}
	page := func(name string) string {
		text, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, m := range regexp.MustCompile("`sgdlab reproduce ([^`]*)`").FindAllStringSubmatch(page("corrections.md"), -1) {
		if _, err := papers.Load(m[1]); err != nil {
			t.Errorf("docs/corrections.md: %v", err)
		}
	}
	all := papers.Names()
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+) \|`).FindAllStringSubmatch(page("deviations.md"), -1) {
		if name := m[1]; name != "paper" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, name := range all {
		if _, ok := sources.Get(name); !ok {
			t.Errorf("docs/deviations.md: %s is not in sources.bib", name)
			continue
		}
		out, _ := done(t, "explain", name)
		flat := strings.Join(strings.Fields(out), "")
		says := func(text string) { // in cells that stand beside each other
			for _, word := range strings.Fields(text) {
				if !strings.Contains(flat, word) {
					t.Errorf("explain %s does not say %q:\n%s", name, text, out)
					return
				}
			}
		}
		wrongs, missing := docs.Corrections(name), docs.Deviations(name)
		for _, c := range wrongs {
			says(c.Where + " says: " + c.Says + " right: " + c.Right)
		}
		for _, d := range missing {
			says(d.Claim + " " + d.Missing + ": " + d.Why)
		}
		if strings.Contains(out, "\nCorrections that `sgdlab reproduce "+name+"` shows\n") != (len(wrongs) > 0) || strings.Contains(out, "\nNot claimed, or more loosely\n") != (len(missing) > 0) {
			t.Errorf("explain %s: %d corrections, %d not claimed:\n%s", name, len(wrongs), len(missing), out)
		}
		d := object[struct {
			Title       string
			Corrections []docs.Correction
			NotClaimed  []docs.Deviation `json:"not_claimed"`
		}](t, first(done(t, "explain", name, "--json")))
		if !slices.Equal(d.Corrections, wrongs) || !slices.Equal(d.NotClaimed, missing) || d.Title == "" {
			t.Errorf("explain %s --json: %+v", name, d)
		}
	}
}
