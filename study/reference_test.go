package study

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"sgdlab/catalog"
	"sgdlab/spec"
)

func wordNames(list []Word) []string {
	var out []string
	for _, w := range list {
		out = append(out, w.Name)
	}
	return out
}

func fieldKeys(list []catalog.Field) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.Key)
	}
	return out
}

// The tables of words are those that the loader reads.
func TestWordsAreThoseOfTheLoader(t *testing.T) {
	keys := slices.DeleteFunc(spec.TopKeys(), func(k string) bool { return k == "split" })
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"keys", wordNames(Keys()), keys},
		{"measures", wordNames(Measures()), measureVerbs()},
		{"expectations", wordNames(Expectations()), expectKinds},
		{"modifiers", fieldKeys(of[modifierKeys]()), modifiers},
		{"schedules", fieldKeys(of[observeKeys]()), scheduleKeys},
		{"claims", fieldKeys(of[claimsKeys]()), claimKeys},
		{"tolerances", fieldKeys(of[equalsKeys]()), tolerances},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v; want %v", c.what, c.got, c.want)
		}
	}
	for verb := range measureTexts {
		if indexOf(measureVerbs(), verb) < 0 {
			t.Errorf("there is no measure %s", verb)
		}
	}
	for _, w := range slices.Concat(Keys(), Asks(), Measures(), Expectations()) {
		if w.Doc == "" || strings.HasSuffix(w.Doc, ".") || w.Example == "" || strings.TrimSuffix(w.Example, " ") != w.Example {
			t.Errorf("%s: doc %q, example %q", w.Name, w.Doc, w.Example)
		}
		for _, f := range w.Fields {
			if f.Doc == "" || f.Type == "" || strings.ContainsAny(f.Type, "*[") {
				t.Errorf("%s.%s: doc %q, type %q", w.Name, f.Key, f.Doc, f.Type)
			}
		}
	}
}

const askedStudy = `
model: {name: double-well}
start: {name: point, at: -1}
dynamics:
  sgd: {name: sde, calculus: ito, step: 0.01, noise: {factor: identity, temperature: 0.2}}
  sde: {name: sde, calculus: ito, step: 0.01, noise: {factor: identity, temperature: 0.2}}
observe: [{name: loss, every: 10}, {name: coordinate, every: 10}]
events:
  exit: {of: {name: coordinate}, rises-above: 1}
  first: {of: {name: coordinate}, rises-above: 0.1}
  second: {of: {name: coordinate}, rises-above: 0.2}
ensemble: {replicas: 4, until: {event: exit, at-most: {time: 200}}, keep: 4}
sweep: {seed: [1, 2]}
`

// problems of a study with more lines.
func problemsOf(t *testing.T, more string) string {
	t.Helper()
	_, err := LoadText("asked.yaml", []byte(askedStudy+more), ".", Options{})
	if err == nil {
		return ""
	}
	return err.Error()
}

// The switch over asks has the cases of the table, and no others: its error lists the table's names.
func TestAsksAreThoseOfTheLoader(t *testing.T) {
	got := problemsOf(t, "ask: [{name: nobody-asks}]\n")
	if want := "one of " + strings.Join(wordNames(Asks()), ", "); !strings.Contains(got, want) {
		t.Errorf("got %s; want %q in it", got, want)
	}
	for _, w := range Asks() {
		if got := problemsOf(t, "ask: [{name: "+w.Name+"}]\n"); strings.Contains(got, "one of ") || !strings.Contains(got, "nothing") {
			t.Errorf("%s is not known to the loader: %s", w.Name, got)
		}
		for _, f := range w.Fields {
			if got := problemsOf(t, "ask: [{name: "+w.Name+", "+f.Key+": x}]\n"); strings.Contains(got, "the unknown key "+f.Key) {
				t.Errorf("%s.%s: %s", w.Name, f.Key, got)
			}
		}
	}
}

// The keys of events and plateaus are known to the loader; one that is not in the table is not.
func TestKeysAreThoseOfTheLoader(t *testing.T) {
	for _, f := range of[eventKeys]() {
		text := strings.Replace(askedStudy, "first: {of: {name: coordinate}, rises-above: 0.1}", "first: {"+f.Key+": 0}", 1)
		if _, err := LoadText("asked.yaml", []byte(text), ".", Options{}); err == nil || strings.Contains(err.Error(), "unknown key") {
			t.Errorf("events.first.%s: %v", f.Key, err)
		}
	}
	for _, key := range []string{"rises-over", "of-what"} {
		text := strings.Replace(askedStudy, "first: {of: {name: coordinate}, rises-above: 0.1}", "first: {"+key+": 0}", 1)
		if _, err := LoadText("asked.yaml", []byte(text), ".", Options{}); err == nil || !strings.Contains(err.Error(), "unknown key") {
			t.Errorf("events.first.%s: %v", key, err)
		}
	}
	for _, word := range roads {
		if got := problemsOf(t, "answer: {exit: ["+word+"]}\n"); got != "" {
			t.Errorf("answer: %s", got)
		}
	}
	if got, want := Keys()[slices.Index(wordNames(Keys()), "answer")].Fields[0].Type, "list, each "+strings.Join(roads, " or "); got != want {
		t.Errorf("the roads of answer are %q; want %q", got, want)
	}
}

// Examples of measures and expectations load, or are refused for what this study has not, never for their grammar.
func TestExamplesOfClaimsLoad(t *testing.T) {
	claim := func(measure, expect string) string {
		return problemsOf(t, "claims:\n  - {id: a, "+measure+", "+expect+"}\n")
	}
	lacking := []string{"mode[1]", "$dynamics.gd", "$dynamics.sde.noise", "dynamics.sgd.rate", "dynamics.gd.rate"}
	for _, w := range Measures() {
		got := claim(w.Example, "expect: {at-least: 0}")
		if got != "" && !slices.ContainsFunc(lacking, func(s string) bool { return strings.Contains(got, s) }) {
			t.Errorf("%s\n%s", w.Example, got)
		}
	}
	for _, w := range Expectations() {
		got := claim("measure: {mean-time: exit}", w.Example)
		if got != "" && !slices.ContainsFunc(lacking, func(s string) bool { return strings.Contains(got, s) }) {
			t.Errorf("%s\n%s", w.Example, got)
		}
	}
}
