package study

import (
	"math"
	"testing"
)

// The strength of a dynamics' noise is that of the SDE with the same covariance, and a temperature is itself.
func TestStrength(t *testing.T) {
	st, err := LoadText("t.yaml", []byte(`
data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3}
model: {name: deep-linear, widths: [3, 4, 2], loss: mean}
start: {name: saddle, modes: [1]}
dynamics:
  warm:     {name: sde, calculus: ito, rate: 0.02, noise: {factor: identity, temperature: 0.123}}
  sgd:      {name: sgd, rate: 0.02, batch: 5}
  ald:      {name: sde, calculus: ito, rate: 0.02, noise: {factor: per-sample, batch: 5}}
  apart:    {name: sgd, rate: 0.02, batch: 5, draw: without-replacement}
  noisy-gd: {name: gd, rate: 0.02, label-noise: {amplitude: 0.7}}
  output:   {name: sde, calculus: ito, rate: 0.02, noise: {factor: output, amplitude: 0.7}}
  noisy:    {name: sgd, rate: 0.02, batch: 5, label-noise: {amplitude: 0.7}}
  both:     {name: sde, calculus: ito, rate: 0.02, noise: [{factor: per-sample, batch: 5}, {factor: output, amplitude: 0.7, batch: 5}]}
  signs:    {name: sde, calculus: ito, rate: 0.02, noise: {factor: per-sample, batch: 5, law: rademacher}}
  levy:     {name: sde, calculus: ito, rate: 0.02, noise: {factor: per-sample, batch: 5, law: stable, alpha: 1.5}}
  gd:       {name: gd, rate: 0.02}
  warm-gd:  {name: gd, rate: 0.02, noise: {factor: identity, temperature: 0.123}}
  warm-sgd: {name: sgd, rate: 0.02, batch: 5, noise: [{factor: identity, temperature: 0.1}, {factor: output, amplitude: 0.7}]}
  jumping:  {name: gd, rate: 0.02, noise: {factor: identity, temperature: 0.1, law: stable, alpha: 1.5}}
  heavy:    {name: sgd, rate: 0.02, batch: 5, momentum: 0.75, noise: [{factor: identity, temperature: 0.1}, {factor: output, amplitude: 0.7}]}
ensemble: {replicas: 2, until: {steps: 1}}
`), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for i := range st.Cells {
		d, err := st.depth(&st.Cells[i])
		if err != nil {
			t.Fatal(err)
		}
		got[st.Cells[i].Arm] = d.Temperature
	}
	for _, tc := range []struct {
		arm  string
		want float64
	}{
		{"warm", 0.123}, {"sgd", got["ald"]}, {"signs", got["ald"]}, {"apart", got["ald"] * 15 / 19}, {"noisy-gd", got["output"]}, {"noisy", got["both"]}, {"gd", 0},
		{"warm-gd", 0.123}, {"warm-sgd", got["both"] + 0.1}, {"heavy", 4 * (got["both"] + 0.1)},
	} {
		if math.Abs(got[tc.arm]-tc.want) > 1e-12*tc.want || tc.arm != "gd" && !(got[tc.arm] > 0) {
			t.Errorf("%s: T = %.17g, want %.17g", tc.arm, got[tc.arm], tc.want)
		}
	}
	for _, arm := range []string{"levy", "jumping"} {
		if !math.IsNaN(got[arm]) {
			t.Errorf("%s: T = %g; a law without a variance has none", arm, got[arm])
		}
	}
}
