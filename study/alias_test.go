package study

import (
	"strings"
	"testing"

	"sgdlab/spec"
)

// Other spellings of a key are the key, wherever it is written: a sweep over dynamics.*.rate used to pass by an arm that
// said lr, which then ran at its old rate without a word.
func TestOtherSpellings(t *testing.T) {
	const text = `
model: {name: quadratic, spectrum: [1]}
start: {name: point, at: [1]}
dynamics:
  a: {name: gd, rate: 0.1}
  b: {name: gd, lr: 0.1}
  c: {name: sde, calculus: ito, eta: 0.1, dt: $dynamics.b.lr/2, noise: {factor: identity, T: 0.1}}
observe: [loss]
ensemble: {replicas: 1, until: {steps: 3}}
sweep: {dynamics.*.lr: [0.1, 0.2]}
claims:
  - {id: x, measure: {value: loss, dynamics: a}, expect: {ordered: decreasing, over: dynamics.*.eta}}
`
	st, err := LoadText("t.yaml", []byte(text), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.1, 0.2} {
		for _, path := range []string{"dynamics.a.rate", "dynamics.b.rate", "dynamics.c.rate"} {
			if x, ok := st.Points[i].Root.Lookup(path).Float(); !ok || x != want {
				t.Errorf("point %d: %s = %g, want %g", i, path, x, want)
			}
		}
		if x, _ := st.Points[i].Root.Lookup("dynamics.c.step").Float(); x != want/2 {
			t.Errorf("point %d: step %g, want %g", i, x, want/2)
		}
	}
	if text := string(spec.Marshal(st.Root)); strings.Contains(text, "lr") || strings.Contains(text, "eta") || strings.Contains(text, "dt:") {
		t.Errorf("the resolved spec keeps other spellings:\n%s", text)
	}
	st, err = LoadText("t.yaml", []byte(text), ".", Options{Overrides: []string{"learning-rate=0.3,0.4,0.5", "T=1"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Points) != 3 {
		t.Errorf("%d points; the override of learning-rate is one of rate", len(st.Points))
	}
	if _, err := LoadText("t.yaml", []byte(strings.Replace(text, "rate: 0.1}", "rate: 0.1, lr: 0.2}", 1)), ".", Options{}); err == nil || !strings.Contains(err.Error(), "both") {
		t.Errorf("rate and lr together: %v", err)
	}
}
