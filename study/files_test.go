package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sgdlab/spec"
)

// Files of data and of starts are found from the spec's folder, have their hashes in the study, move with the spec into a run
// folder, and have a row for every replica or are refused.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("in/data.csv", "x,y\n1,2\n2,3\n3,5\n")
	write("in/theta.csv", "w\n0.5\n0.25\n0.125\n")
	text := `
data: {name: table, path: in/data.csv, inputs: [x], targets: y}
model: {name: deep-linear, widths: [1, 1]}
start: {name: file, path: in/theta.csv}
dynamics: {gd: {name: gd, rate: 0.01}}
ensemble: {replicas: 3, until: {steps: 2}}
`
	load := func(text, folder string) (*Study, error) { return LoadText("t.yaml", []byte(text), folder, Options{}) }
	st, err := load(text, dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Sets["file in/data.csv"]) != 64 || len(st.Sets["file in/theta.csv"]) != 64 || st.Sets["file in/data.csv"] == st.Sets["file in/theta.csv"] {
		t.Errorf("hashes of files: %v", st.Sets)
	}

	run := filepath.Join(dir, "runs", "one")
	portable := st.Portable(run)
	again, err := load(string(spec.Marshal(portable)), run)
	if err != nil {
		t.Fatalf("the spec of a run folder: %v", err)
	}
	if again.Hash() != st.Hash() || again.Groups[0].DataHash() != st.Groups[0].DataHash() {
		t.Error("in a run folder the spec asks another question")
	}
	if p, _ := portable.Lookup("start.path").Text(); p != "../../in/theta.csv" {
		t.Errorf("the path of the start is %s in the run folder", p)
	}

	was := st.Groups[0].DataHash()
	write("in/theta.csv", "w\n0.5\n0.25\n0.25\n")
	changed, err := load(text, dir)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Groups[0].DataHash() == was || changed.Hash() != st.Hash() {
		t.Error("another start file is the same data")
	}

	_, err = load(strings.Replace(text, "replicas: 3", "replicas: 4", 1), dir)
	if want := "t.yaml:4: start: got a file of 3 rows for 4 replicas; want a row for each replica, or ensemble.replicas: 3 at most"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}

	one := strings.Replace(text, "{name: table, path: in/data.csv, inputs: [x], targets: y}", "{name: array, inputs: in/x.npy, targets: in/y.npy}", 1)
	npy := func(v ...byte) string {
		head := "{'descr': '|u1', 'fortran_order': False, 'shape': (" + string('0'+byte(len(v))) + ", 1), }"
		head += strings.Repeat(" ", 64-(10+len(head)+1)%64) + "\n"
		return "\x93NUMPY\x01\x00" + string([]byte{byte(len(head)), 0}) + head + string(v)
	}
	write("in/x.npy", npy(1, 2, 3))
	write("in/y.npy", npy(2, 3, 5))
	arrays, err := load(one, dir)
	if err != nil {
		t.Fatal(err)
	}
	if moved, err := load(string(spec.Marshal(arrays.Portable(run))), run); err != nil || moved.Hash() != arrays.Hash() {
		t.Errorf("arrays moved with the spec: %v", err)
	}
}
