package study

import (
	"math"
	"strings"
	"testing"
)

const toy = `
model: {name: formula, variables: [x, s, q], parameters: {k: 5e-4}, loss: "0.5*(1 + s + 0.5*q^2)*x^2 + k/2*(s - 3)^2 + k/2*(q - 2)^2"}
start: {name: point, at: [0.02, 2.45, 1]}
dynamics: {central: {name: central-flow, rate: 0.5}}
observe: [{name: predicted-loss, every: 100}, {name: oscillation-variance, every: 100}, {name: loss, every: 100}]
events: {wakes: {of: {name: oscillation-variance}, rises-above: 5e-4}}
ensemble: {replicas: 1, until: {steps: 6000}}
`

// Observables that read Σ: on the edge the loss that is predicted is L + tr Σ/η, and an event may wait for the variance.
func TestOscillation(t *testing.T) {
	st := load(t, toy)
	o := simulated(t, st)[0]
	at := func(name string, k int) float64 { return o.Series[name].Moments[k].Mean(0.95).Value }
	for _, k := range []int{40, 60} {
		loss, variance, predicted := at("loss", k), at("oscillation-variance", k), at("predicted-loss", k)
		if !(variance > 5e-4 && variance < 1e-3) || math.Abs(predicted-loss-variance/0.5) > 1e-5*predicted {
			t.Errorf("L = %g, tr Σ = %g, predicted %g", loss, variance, predicted)
		}
	}
	if at("oscillation-variance", 0) != 0 || at("predicted-loss", 0) != at("loss", 0) {
		t.Error("something oscillates at the start")
	}
	if s := o.Survival["wakes"]; s == nil || s.Censored() != 0 {
		t.Error("the event does not fire")
	}
	for what, text := range map[string]string{
		"observe[0]: predicted-loss reads the block oscillation of the state, which the dynamics does not have; it has theta, slope, substep, error": strings.Replace(toy, "central-flow", "flow", 1),
		"events.wakes.of: oscillation-variance reads the block oscillation":                                                                          strings.Replace(strings.Replace(toy, "central-flow", "stable-flow", 1), "observe: [{name: predicted-loss, every: 100}, {name: oscillation-variance, every: 100}, ", "observe: [", 1),
	} {
		if _, err := LoadText("t.yaml", []byte(text), ".", Options{}); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v; want it to say %q", err, what)
		}
	}
}
