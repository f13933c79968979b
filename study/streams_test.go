package study

import (
	"slices"
	"testing"
)

// A stream that one law alone names, and no place has, is noted: it may be misspelt.
func TestLoneStreams(t *testing.T) {
	st := load(t, `
data: {name: teacher-student, inputs: 3, outputs: 1, samples: 40, singular-values: [2]}
model: linear
start: {name: gaussian, deviation: 0.1}
dynamics:
  sgd:    {name: sgd, rate: 0.1, batch: 4}
  ald:    {name: sde, calculus: ito, rate: 0.1, noise: {factor: per-sample, batch: 4, law: multinomial, stream: row}}
  same:   {name: sde, calculus: ito, rate: 0.1, noise: {factor: per-sample, batch: 4, law: multinomial, stream: rows}}
  fine:   {name: sde, calculus: ito, rate: 0.1, step: 0.05, noise: [{factor: identity, temperature: 1, stream: w}, {factor: identity, temperature: 1, stream: other}]}
  coarse: {name: sde, calculus: ito, rate: 0.1, noise: [{factor: identity, temperature: 1, law: {name: gaussian, stream: w, substeps: 2}}, {factor: identity, temperature: 1, stream: "noise[0]"}]}
observe: [{name: loss, every: 10}]
ensemble: {replicas: 2, until: {steps: 10}}
`)
	want := []string{
		"dynamics.ald.noise.stream: nothing else draws from the stream row, which so replays nothing; did you mean rows?",
		"dynamics.fine.noise[1].stream: nothing else draws from the stream other, which so replays nothing",
	}
	if !slices.Equal(st.Warnings, want) {
		t.Errorf("notes %q; want %q", st.Warnings, want)
	}
}
