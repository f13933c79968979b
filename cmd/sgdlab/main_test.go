package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain is the program itself where the environment says so: tests start, signal and kill it as a process.
func TestMain(m *testing.M) {
	if os.Getenv("SGDLAB_TEST_RUN") == "" {
		os.Exit(m.Run())
	}
	if n, err := strconv.ParseUint(os.Getenv("SGDLAB_TEST_FSIZE"), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			panic(err)
		}
	}
	main()
}

// lab runs the program within the test.
func lab(args ...string) (status int, out, log string) {
	var o, l bytes.Buffer
	status = run(context.Background(), args, &o, &l)
	return status, o.String(), l.String()
}

// done runs the program and wants it to succeed.
func done(t *testing.T, args ...string) (out, log string) {
	t.Helper()
	status, out, log := lab(args...)
	if status != exitDone {
		t.Fatalf("sgdlab %s: status %d\n%s%s", strings.Join(args, " "), status, out, log)
	}
	return out, log
}

// write puts a spec into a fresh folder.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: run the test with -update if this is meant\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// langevin is a small study with exits, readings and a claim; it takes a fifth of a second.
const langevin = `title: Small
seed: 1
model: {name: double-well}
start: {name: point, at: [-1]}
dynamics:
  warm: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.2}, scheme: euler-maruyama, step: 0.01}
  hot: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.5}, scheme: euler-maruyama, step: 0.01}
observe:
  - {name: loss, every: 100}
events:
  exit: {of: {name: coordinate, index: 0}, rises-above: 1}
ensemble: {replicas: 32, until: {event: exit, at-most: {time: 30}}, keep: 2}
answer: {exit: [theory, solve, simulate]}
`

// learning is a small study of SGD on data, from a saddle.
const learning = `title: Learning
seed: 1
data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3}
model: {name: deep-linear, widths: [3, 2, 2], loss: mean-half}
start: {name: saddle, modes: [1], deviation: 0.02}
dynamics:
  gd: {name: gd, rate: 0.05}
  sgd: {name: sgd, rate: 0.05, batch: 4, draw: with-replacement}
observe:
  - {name: loss, every: 10}
events:
  escape: {of: {name: loss}, falls-below: {from: saddle, fraction: 0.1}}
ensemble: {replicas: 16, until: {event: escape, at-most: {steps: 2000}}}
`

// reading is a small study of a table of one's own.
const reading = `title: Reading
seed: 1
data: {name: table, path: table.csv, inputs: [a, b], targets: [y]}
model: {name: deep-linear, widths: [2, 2, 1], loss: mean-half}
start: {name: gaussian, deviation: 0.1}
dynamics:
  sgd: {name: sgd, rate: 0.05, batch: 2, draw: with-replacement}
observe:
  - {name: loss, every: 10}
ensemble: {replicas: 16, until: {steps: 100}}
`

const table = "a,b,y\n1,2,3\n2,3,4\n3,1,2\n0,1,2\n"
