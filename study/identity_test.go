package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sgdlab/spec"
)

// A cell is known again from the resolved spec in a run folder, where every default is written out and files lie elsewhere:
// else an extension would find nothing to go on from.
func TestKeyOfResolved(t *testing.T) {
	const deep = `
start:    {name: gaussian, deviation: 0.1}
dynamics: {sgd: {name: sgd, lr: 0.1, batch: 4}, ln: {name: sde, calculus: ito, rate: 0.1, noise: {factor: output, zeta: 1}}, flow: {name: flow, rate: 0.1}}
observe:  [loss, {name: sharpness, every: 10}]
events:   {low: {of: loss, falls-below: {start: 0.5}}}
plateaus: {of: sharpness}
ensemble: {replicas: 2, until: {steps: 20}}
sweep:    {dynamics.sgd.rate: [0.1, 0.2], start.deviation: [0.1, 0.2]}
`
	const table = "data: {name: table, path: examples/iris.csv, inputs: [sepal_length..petal_length], targets: petal_width}\n"
	for _, text := range []string{
		"data: {name: teacher-student, inputs: 3, outputs: 1, samples: 10, singular-values: [2], label-noise: 0.5}\nmodel: linear" + deep,
		table + "model: {name: deep-linear, widths: [3, 2, 1]}" + deep,
		table + "model: {name: deep-linear, widths: [3, 2, 1], loss: sum-half}" + strings.Replace(deep, "sweep:    {", "sweep:    {model.widths: [[3, 1], [3, 2, 1]], ", 1),
	} {
		folder := t.TempDir()
		at := filepath.Join(folder, "examples")
		if err := os.MkdirAll(at, 0o777); err != nil {
			t.Fatal(err)
		}
		csv, err := os.ReadFile("../examples/data/iris.csv")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "iris.csv"), csv, 0o666); err != nil {
			t.Fatal(err)
		}
		st, err := LoadText("t.yaml", []byte(text), folder, Options{})
		if err != nil {
			t.Fatal(err)
		}
		run := filepath.Join(folder, "runs", "a")
		again, err := LoadText("t.yaml", spec.Marshal(st.Portable(run)), run, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Cells) != len(st.Cells) {
			t.Fatal(len(again.Cells), len(st.Cells))
		}
		seen := map[[32]byte]bool{}
		for i := range st.Cells {
			k := st.Key(&st.Cells[i])
			if again.Key(&again.Cells[i]) != k {
				t.Errorf("%s is another cell in the run folder:\n%s\n%s", st.Label(&st.Cells[i]), st.Groups[st.Cells[i].Group].settings(st), again.Groups[again.Cells[i].Group].settings(again))
			}
			seen[k] = true
		}
		if len(seen) < len(st.Cells)/3 {
			t.Errorf("only %d keys of %d cells", len(seen), len(st.Cells))
		}
	}
}
