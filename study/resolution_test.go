package study

import (
	"math"
	"testing"
)

// Escape laws do not depend on the resolution of the normals: 2,000 exits over a barrier of five temperatures have the same law under
// those of float32 and of float64, by a permutation test of the Kolmogorov–Smirnov distance, and means within 4 standard errors. A false
// alarm once in some 500 runs, were the seed free.
func TestEscapeLawsOfBothResolutions(t *testing.T) {
	st := load(t, `
seed: 11
model: {name: double-well}
start: {name: point, at: [-1]}
dynamics:
  single: {name: sde, calculus: ito, step: 0.05, noise: {factor: identity, temperature: 0.05, law: {name: gaussian, stream: a}}}
  double: {name: sde, calculus: ito, step: 0.05, noise: {factor: identity, temperature: 0.05, law: {name: gaussian, stream: b, resolution: double}}}
events: {exit: {of: {name: coordinate, index: 0}, rises-above: 0}}
ensemble: {replicas: 2000, until: {event: exit, at-most: {time: 100000}}}
ask: [{name: compare-laws, event: exit, reference: single}]
`)
	all := simulated(t, st)
	got, err := st.Analyse(all)
	if err != nil {
		t.Fatal(err)
	}
	n := table(t, &got[0], "Against single", "double", "")
	if !(n[1] > 0.002) {
		t.Errorf("the laws differ: distance %g, p = %g", n[0], n[1])
	}
	var mean, se [2]float64
	for i, o := range all {
		for _, x := range o.Passages["exit"].Values {
			mean[i] += x / 2000
		}
		se[i] = mean[i] / math.Sqrt(2000) // of a nearly exponential law
	}
	if math.Abs(mean[0]-mean[1]) > 4*math.Hypot(se[0], se[1]) || mean[0] < 100 {
		t.Errorf("mean times %g ± %g and %g ± %g", mean[0], se[0], mean[1], se[1])
	}
}
