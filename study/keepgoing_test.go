package study

import (
	"strings"
	"testing"

	"sgdlab/spec"
	"sgdlab/store"
)

const someImpossible = `
seed: 3
data: {name: teacher-student, inputs: 3, outputs: 3, samples: 20, singular-values: [3, 2, 1]}
model: {name: deep-linear, widths: [3, 3, 3]}
start: {name: saddle, modes: [1], deviation: 0.1}
dynamics:
  gd: {name: gd, rate: 0.01}
observe: [{name: loss, every: 10}]
ensemble: {replicas: 4, until: {steps: 20}}
sweep: {start.modes: [[7], [1], [2], [8]]}
claims:
  - {id: small, says: the loss stays small, measure: {value: loss, at: end}, expect: {at-most: 100}}
`

// Points that cannot be built refuse the run, and are listed; told to keep going, the study is the others, and they fail.
func TestKeepGoing(t *testing.T) {
	root, problems := spec.Parse("some.yaml", []byte(someImpossible))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	_, err := Load(root.Clone(), ".", Options{})
	if err == nil || !strings.Contains(err.Error(), "(at 1 of 4 points: start.modes=[7])") || !strings.Contains(err.Error(), "(at 1 of 4 points: start.modes=[8])") ||
		!strings.Contains(err.Error(), "2 problems; nothing was run") || !strings.Contains(err.Error(), "some.yaml:5: start") {
		t.Errorf("impossible points: %v", err)
	}
	st, err := Load(root.Clone(), ".", Options{KeepGoing: true})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(st.Warnings, "\n"), "left out"); n != 2 {
		t.Errorf("warnings %q", st.Warnings)
	}
	if cost, err := st.Cost(); err != nil || cost.Replicas != 8 {
		t.Errorf("%v: %+v; want two cells of 4", err, cost)
	}
	all := simulated(t, st)
	for i, o := range all {
		bad := i == 0 || i == 3
		if (o.Failed != "") != bad || bad && !strings.Contains(o.Failed, "start.modes") && !strings.Contains(o.Failed, "mode") || (o.Replicas == 4) == bad {
			t.Errorf("cell %d: %q, %d replicas", i, o.Failed, o.Replicas)
		}
	}
	found, err := st.Conclude("", all)
	if err != nil || len(found.Cells) != 4 || found.Cells[0].Failed != all[0].Failed || len(found.Verdicts) != 4 {
		t.Fatalf("%v: %+v", err, found)
	}
	for i, v := range found.Verdicts {
		if bad := i == 0 || i == 3; (v.Verdict == store.Undecided) != bad || bad && !strings.Contains(v.Expectation, "failed: ") {
			t.Errorf("%+v", v)
		}
	}
	// Where nothing is left the run is refused all the same.
	if _, err := Load(spec0(t, strings.Replace(someImpossible, "[[7], [1], [2], [8]]", "[[7], [8]]", 1)), ".", Options{KeepGoing: true}); err == nil ||
		!strings.Contains(err.Error(), "nothing was run") {
		t.Errorf("no point is possible: %v", err)
	}
}

func spec0(t *testing.T, text string) *spec.Node {
	t.Helper()
	root, problems := spec.Parse("some.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return root
}

// What several groups share, and cannot be built, fails all of them, whichever met it first.
func TestKeepGoingWithoutData(t *testing.T) {
	text := strings.NewReplacer("singular-values: [3, 2, 1]", "singular-values: [3, 2, 1], whiten: true, samples: 2", ", samples: 20", "", "sweep: {start.modes: [[7], [1], [2], [8]]}",
		"sweep: {model.widths: [[3, 3, 3], [3, 4, 3], [3, 3, 3, 3]]}").Replace(someImpossible)
	st, err := LoadText("f.yaml", []byte(text), ".", Options{KeepGoing: true})
	if err == nil || strings.Count(err.Error(), "f.yaml:3: data") != 1 || strings.Contains(err.Error(), "points:") {
		t.Errorf("%+v, %v", st, err)
	}
	// A set that some points have, and others can build.
	text = strings.Replace(text, "sweep: {", "sweep: {product: {data.samples: [2, 20], ", 1)
	text = strings.Replace(text, "]]}\n", "]]}}\n", 1)
	st, err = LoadText("f.yaml", []byte(text), ".", Options{KeepGoing: true})
	if err != nil {
		t.Fatal(err)
	}
	if failed := strings.Count(strings.Join(st.Warnings, "\n"), "left out"); failed != 1 || !strings.Contains(strings.Join(st.Warnings, "\n"), "at 3 of 6 points") {
		t.Errorf("warnings %q", st.Warnings)
	}
	for i := range st.Cells {
		if failed := st.Groups[st.Cells[i].Group].failed != ""; failed != (st.Cells[i].Point < 3) {
			t.Errorf("cell %d of point %d: failed %t", i, st.Cells[i].Point, failed)
		}
	}
}
