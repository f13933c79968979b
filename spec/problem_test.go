package spec

import (
	"errors"
	"testing"
)

// TestFiveMistakes prints what a decoder found in a spec, in the order of the file, each once.
func TestFiveMistakes(t *testing.T) {
	root := yaml(t, `model:
  name: double-well
dynamics:
  langevin:
    noise: {temperature: warm}
    rate: -0.1
observe:
  - {name: loss}
  - {name: sharpnes}
ensemble: {replicas: , untill: {steps: 1}}
events:
  exit: {of: {name: participation-ratio}}
`)
	var ps Problems
	if ps.Err() != nil {
		t.Error("no problems are an error")
	}
	ps.Add(root.Lookup("ensemble.replicas").Problem("ensemble.replicas", "a whole number > 0"))
	ps.Add(root.Lookup("observe[1].name").Problem("observe[1]", "an observable"+DidYouMean("sharpnes", []string{"loss", "sharpness"})))
	rate := root.Lookup("dynamics.langevin.rate")
	ps.Add(rate.Problem("dynamics.langevin.rate", "a step size > 0"), rate.Problem("dynamics.langevin.rate", "a step size > 0"))
	until := root.Get("ensemble").Pairs[1]
	ps.Add(until.Value.Mistake("ensemble", "untill", "a key of it: replicas, until, keep"+DidYouMean("untill", []string{"replicas", "until", "keep"})).AtKey(until))
	ps.Add(root.Lookup("events.exit.of").Mistake("events.exit.of", "participation-ratio needs an EndToEnd; double-well offers Model, Curved", ""))
	ps.Add(Problem{File: CommandLine, Line: 1, Path: "seed", Found: "x", Want: "a whole number"})
	const want = `k.yaml:6: dynamics.langevin.rate: got -0.1; want a step size > 0
k.yaml:9: observe[1]: got sharpnes; want an observable; did you mean sharpness?
k.yaml:10: ensemble.replicas: got nothing; want a whole number > 0
k.yaml:10: ensemble: got untill; want a key of it: replicas, until, keep; did you mean until?
k.yaml:12: events.exit.of: participation-ratio needs an EndToEnd; double-well offers Model, Curved
command line:1: seed: got x; want a whole number
6 problems; nothing was run`
	if got := ps.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := ps[:1].Error(); got != "k.yaml:10: ensemble.replicas: got nothing; want a whole number > 0\n1 problem; nothing was run" {
		t.Errorf("one problem prints as\n%s", got)
	}
	var as Problems
	if !errors.As(ps.Err(), &as) || len(as) != len(ps) {
		t.Error("Err does not hold the problems")
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"sharpness", "singular-values", "loss", "sgd", "gd", "test-loss", "noise-trace", "until", "x"}
	for word, want := range map[string]string{
		"sharpnes": "sharpness", "sharpenss": "sharpness", "Singular_Values": "singular-values", "sgdd": "sgd", "untill": "until",
		"los": "loss", "lsos": "loss", "sdg": "sgd", "frobnicate": "", "": "", "noise": "", "nosie-trcae": "noise-trace", "q": "", "X": "x", "xq": "x",
	} {
		if got := Suggest(word, names); got != want {
			t.Errorf("%q: %q; want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abcd", "acbd", 1}, {"ca", "abc", 3}, {"αβ", "βα", 1}} {
		if got := distance([]rune(tc.a), []rune(tc.b), 9); got != tc.want {
			t.Errorf("%q, %q: %d; want %d", tc.a, tc.b, got, tc.want)
		}
		if got := distance([]rune(tc.b), []rune(tc.a), 9); got != tc.want {
			t.Errorf("%q, %q: %d; want %d", tc.b, tc.a, got, tc.want)
		}
	}
}
