package study

import (
	"math"
	"strings"
	"testing"

	"sgdlab/ensemble"
	"sgdlab/store"
)

const lockstep = `
model: {name: formula, variables: [x, s, q], parameters: {k: 5e-4}, loss: "0.5*(1 + s + 0.5*q^2)*x^2 + k/2*(s - 3)^2 + k/2*(q - 2)^2"}
start: {name: point, at: [0.02, 2.45, 1]}
dynamics:
  three: {name: joint, of: {discrete: {name: gd, rate: 0.5}, flow: {name: flow, rate: 0.5}, central: {name: central-flow, rate: 0.5}}}
observe:
  - {name: process-distance, between: [discrete, flow], every: 500}
  - {name: process-distance, between: [discrete, central], every: 500}
  - {name: process-distance, between: [discrete, central], of: {name: coordinate, index: 1}, every: 500}
  - {name: process, process: central, of: predicted-loss, every: 500}
  - {name: process, process: flow, of: loss, every: 500}
  - {name: loss, every: 500}
events: {parts: {of: {name: process-distance, between: [discrete, flow]}, rises-above: 0.5}}
ensemble: {replicas: 1, keep: 1, until: {steps: 8000}}
claims:
  - {id: near, measure: {max: "discrete-central.coordinate[1]"}, expect: {at-most: 0.1}}
  - {id: far, measure: {value: discrete-flow.distance}, expect: {at-least: 0.5}}
`

// Descent stays with its central flow, and parts from gradient flow.
func TestLockstep(t *testing.T) {
	st := load(t, lockstep)
	all := simulated(t, st)
	o := all[0]
	at := func(name string, k int) float64 { return o.Series[name].Moments[k].Mean(0.95).Value }
	if at("discrete-flow.distance", 0) != 0 || at("discrete-central.distance", 0) != 0 || at("central.predicted-loss", 0) != at("loss", 0) || at("flow.loss", 0) != at("loss", 0) {
		t.Error("they part at the start")
	}
	if near, far := at("discrete-central.coordinate[1]", 16), at("discrete-flow.distance", 16); !(near < 0.05*far) {
		t.Errorf("descent is %g from its central flow, %g from gradient flow", near, far)
	}
	if flow, central := at("flow.loss", 16), at("central.predicted-loss", 16); !(flow < 0.5*central) {
		t.Errorf("the loss of the flow is %g, that of descent %g in the mean", flow, central)
	}
	if s := o.Survival["parts"]; s.Censored() != 0 {
		t.Error("the event does not fire")
	}
	for _, v := range st.Judge("", all) {
		if v.Verdict != "holds" {
			t.Errorf("%s: %s", v.ID, show([]store.Verdict{v}))
		}
	}
	for what, text := range map[string]string{
		"observe[0]: process-distance reads the block fluss.theta of the state, which the dynamics does not have; it has discrete.theta, flow.theta": strings.Replace(lockstep, "between: [discrete, flow], every", "between: [discrete, fluss], every", 1),
		"dynamics.three.of.flow.rate: got -1; want a number > 0":                                                                                     strings.Replace(lockstep, "flow, rate: 0.5", "flow, rate: -1", 1),
		"dynamics.three.of: got": strings.Replace(lockstep, "of: {discrete: {name: gd, rate: 0.5}, flow: {name: flow, rate: 0.5}, central: {name: central-flow, rate: 0.5}}", "of: gd", 1),
	} {
		if _, err := LoadText("t.yaml", []byte(text), ".", Options{}); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v; want it to say %q", err, what)
		}
	}
}

// Runs of every new dynamics that are saved and continued by new tools are those that were not, to the bit.
func TestNewDynamicsResume(t *testing.T) {
	st := load(t, `
model: {name: formula, variables: [x, s, q], parameters: {k: 5e-4}, loss: "0.5*(1 + s + 0.5*q^2)*x^2 + k/2*(s - 3)^2 + k/2*(q - 2)^2"}
start: {name: gaussian, deviation: 0.3}
dynamics:
  heavy: {name: gd, rate: {schedule: cosine, from: 0.5, to: 0.1, over: 200}, momentum: 0.7, noise: {factor: identity, temperature: 0.01}}
  unit: {name: normalised-gd, rate: 0.01, momentum: 0.3, nesterov: true}
  root: {name: gd-on-root-loss, rate: 0.01}
  joint: {name: joint, of: {central: {name: central-flow, rate: 1.1}, stable: {name: stable-flow, rate: 0.9}, gd: {name: gd, rate: 0.5}}}
observe: [{name: loss, every: 10}]
ensemble: {replicas: 11, keep: 11, until: {steps: 300}}
`)
	resumes(t, st)
}

// A search that is followed from reading to reading goes on where it was, whatever lane a replica is in.
func TestFollowedSearchesAreResumed(t *testing.T) {
	resumes(t, load(t, `data: {name: teacher-student, inputs: 8, outputs: 6, samples: 40, singular-values: [3, 2, 1], whiten: true}
model: {name: deep-linear, widths: [8, 7, 6]}
start: {name: gaussian, deviation: 0.4}
dynamics: {sgd: {name: sgd, rate: 0.05, batch: 4}}
observe:
  - {name: sharpness, count: 2, follow: true, every: 5}
  - {name: expression, as: edge, value: rate*S/2, terms: [{as: S, of: {name: sharpness, follow: true}}], every: 7}
ensemble: {replicas: 11, keep: 11, until: {steps: 200}}
`))
}

// resumes demands of a study of eleven replicas the same readings whether it is saved and restored at every third look, or not.
func resumes(t *testing.T, st *Study) {
	t.Helper()
	for _, g := range st.Groups {
		run := func(every int) []ensemble.Path {
			rig, err := g.Rig()
			if err != nil {
				t.Fatal(err)
			}
			shard := ensemble.Shard{Blocks: []ensemble.Block{{Cell: 0, From: 0, To: 11}}}
			r, err := ensemble.NewRunner(rig, g.Cells, shard)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for !r.Run(func() bool { n++; return every > 0 && n%every == 0 }) {
				data, err := r.Save()
				if err != nil {
					t.Fatal(err)
				}
				if rig, err = g.Rig(); err != nil {
					t.Fatal(err)
				}
				if r, err = ensemble.NewRunner(rig, g.Cells, shard); err != nil {
					t.Fatal(err)
				}
				if err := r.Restore(data); err != nil {
					t.Fatal(err)
				}
			}
			var all []ensemble.Path
			for i := range r.Result().Cells {
				all = append(append(all, r.Result().Cells[i].Paths...), r.Result().Tails[i].Paths...)
			}
			return all
		}
		want, got := run(0), run(3)
		if len(want) != len(got) || len(want) < 100 {
			t.Fatalf("%s: %d readings, resumed %d", g.Arm, len(want), len(got))
		}
		for i := range want {
			if a, b := want[i].Values[0], got[i].Values[0]; math.Float64bits(a) != math.Float64bits(b) || want[i].Time != got[i].Time {
				t.Fatalf("%s: reading %d is %.17g at %g, resumed %.17g at %g", g.Arm, i, a, want[i].Time, b, got[i].Time)
			}
		}
	}
}
