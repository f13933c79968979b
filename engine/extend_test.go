package engine

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sgdlab/ensemble"
	"sgdlab/store"
	"sgdlab/study"
)

// apace is a study in which some replicas stop at an event and some at their horizon, with all that a replica carries from
// step to step, arms that share a start, deterministic cells, a quantile, and readings on two schedules.
const apace = `title: Apace
seed: 4
model: {name: double-well}
start: {name: gaussian, deviation: 0.5}
dynamics:
  sde: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.1}, scheme: euler-maruyama, step: 0.01}
  gd: {name: gd, rate: 0.05}
observe:
  - {name: loss, every: 100}
  - {name: coordinate, index: 0, log-spaced: 4}
  - {name: loss-integral, every: 50}
events:
  up: {of: {name: coordinate, index: 0}, rises-above: 1.4}
  down: {of: {name: coordinate, index: 0}, falls-below: -1.4}
plateaus: {of: loss}
ensemble: {replicas: 60, until: {event: up, at-most: {time: 12}}, keep: 2}
sweep: {dynamics.sde.noise.temperature: [0.1, 0.3]}
claims:
  - {id: level, says: the loss has no trend, measure: {slope: {of: loss, over: time}}, expect: {between: [-1, 1]}}
  - {id: median, says: half of the wells, measure: {quantile: loss, q: 0.5, at: end}, expect: {at-most: 1}}
`

// steps has a lab count the replica-steps that it takes.
func steps(l *Lab) *atomic.Int64 {
	var n atomic.Int64
	l.Progress = func(p Progress) { n.Store(p.Steps) }
	return &n
}

// equal demands that two runs have found the same.
func equal(t *testing.T, what string, got, want *Run) {
	t.Helper()
	if got.Manifest.Result != want.Manifest.Result || got.Manifest.ReplicaSteps != want.Manifest.ReplicaSteps {
		t.Errorf("%s: hash %s, %d steps; fresh %s, %d", what, got.Manifest.Result.Short(), got.Manifest.ReplicaSteps, want.Manifest.Result.Short(), want.Manifest.ReplicaSteps)
	}
	if g, w := text(t, got), text(t, want); g != w {
		t.Errorf("%s: verdicts or analyses differ:\n%s\n%s", what, g, w)
	}
	if got.Manifest.Plan != want.Manifest.Plan {
		t.Errorf("%s: another plan", what)
	}
}

// An extended run has the bits of one that was long from the start, and takes no step that was taken before: more
// replicas, a longer horizon, more points of the sweep, in the midst of it too, all at once, and one after the other.
func TestExtend(t *testing.T) {
	_, short := load(t, apace)
	out := t.TempDir()
	first := do(t, &Lab{Out: out}, short)
	before, err := store.Hash(first.Dir)
	if err != nil {
		t.Fatal(err)
	}
	from := first.Dir
	for _, tc := range []struct {
		name string
		keys []string
	}{
		{"nothing new", nil},
		{"replicas", []string{"ensemble.replicas=200"}},
		{"horizon", []string{"ensemble.until.at-most.time=31"}},
		{"points", []string{"sweep.dynamics.sde.noise.temperature=[0.05,0.1,0.2,0.3]"}},
		{"all", []string{"ensemble.replicas=75", "ensemble.until.at-most.time=20", "sweep.dynamics.sde.noise.temperature=[0.3,0.1,0.2]"}},
		{"again", []string{"ensemble.replicas=90", "ensemble.until.at-most.time=20.5", "sweep.dynamics.sde.noise.temperature=[0.3,0.1,0.2]"}},
	} {
		_, long := load(t, apace, tc.keys...)
		if err := Extension(long, short); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		want := do(t, &Lab{Out: t.TempDir()}, long)
		l := &Lab{Out: filepath.Join(out, strings.ReplaceAll(tc.name, " ", "-")), From: from, Workers: 2}
		taken := steps(l)
		got := do(t, l, long)
		equal(t, tc.name, got, want)
		m := got.Manifest
		if m.Extends == nil || m.Extends.ReplicaSteps == 0 || taken.Load()+m.Extends.ReplicaSteps != m.ReplicaSteps {
			t.Errorf("%s: %d steps taken, %+v before, %d in all", tc.name, taken.Load(), m.Extends, m.ReplicaSteps)
		}
		if tc.name == "all" {
			from = got.Dir
		}
		// What it keeps is what a fresh run keeps, to the byte, but for the parts that it keeps it in.
		a, b := kept(t, got.Dir, long), kept(t, want.Dir, long)
		for i := range a {
			if len(a[i]) < 100 || string(a[i]) != string(b[i]) {
				t.Errorf("%s, cell %d: it keeps something else than a fresh run: %d and %d bytes", tc.name, i, len(a[i]), len(b[i]))
			}
		}
	}
	if after, err := store.Hash(first.Dir); err != nil || after != before {
		t.Errorf("the run that was extended has changed: %v", err)
	}
}

// kept are the cells that a run has kept, their parts put together, as bytes.
func kept(t *testing.T, dir string, st *study.Study) (out [][]byte) {
	t.Helper()
	b, err := openBase(dir, st, func(err error) { t.Error(err) })
	if err != nil || b == nil {
		t.Fatalf("nothing kept in %s: %v", dir, err)
	}
	for i := range st.Cells {
		r := &ensemble.Result{Cells: make([]ensemble.CellResult, 1), Tails: make([]ensemble.CellResult, 1)}
		for _, part := range b.cell(i) {
			p, err := part.Read()
			if err != nil {
				t.Fatal(err)
			}
			r.Cells[0].Merge(&p.Cells[0])
			r.Tails[0].Merge(&p.Tails[0])
			r.Parked = append(r.Parked, p.Parked...)
		}
		for _, c := range []*ensemble.CellResult{&r.Cells[0], &r.Tails[0]} {
			slices.SortStableFunc(c.Passages, func(a, b ensemble.Passage) int {
				return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Replica, b.Replica))
			})
		}
		slices.SortFunc(r.Parked, func(a, b ensemble.Parked) int { return cmp.Compare(a.Replica, b.Replica) })
		bytes, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, bytes)
	}
	return out
}

// Interruptions of an extension do not show, nor does it show that the run it extends was interrupted.
func TestExtendInterrupted(t *testing.T) {
	_, brief := load(t, apace, "ensemble.replicas=200")
	_, long := load(t, apace, "ensemble.replicas=240", "ensemble.until.at-most.time=25")
	want := do(t, &Lab{Out: t.TempDir()}, long)

	out := t.TempDir()
	halt := func(l *Lab, st *study.Study, at func(Progress) bool) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l.Progress = func(p Progress) {
			if at(p) {
				cancel()
			}
		}
		var stopped *Stopped
		if _, err := l.Do(ctx, st); err != nil && !errors.As(err, &stopped) {
			t.Fatal(err)
		}
	}
	first := &Lab{Out: out, Workers: 1}
	halt(first, brief, func(p Progress) bool { return p.ShardsDone > 2 })
	dir := first.Folder(brief)
	if stand, _ := filepath.Glob(filepath.Join(dir, store.CheckpointDir, "shard-*.bin")); len(stand) < 2 {
		t.Fatalf("%d shards stand", len(stand))
	}
	for n := 1; ; n++ {
		l := &Lab{Out: out, Workers: 1 + n%2, Save: 5 * time.Millisecond, From: dir}
		if n > 4 {
			l.Progress = nil
			got := do(t, l, long)
			equal(t, "interrupted", got, want)
			if got.Manifest.Extends == nil || got.Manifest.Extends.ReplicaSteps == 0 {
				t.Errorf("nothing was gone on from: %+v", got.Manifest.Extends)
			}
			break
		}
		halt(l, long, func(p Progress) bool { return p.Steps > 0 })
	}
}

// Of a file of what is kept, a damaged part is named and computed anew; without the file everything is.
func TestExtendDamaged(t *testing.T) {
	_, brief := load(t, apace)
	_, long := load(t, apace, "ensemble.replicas=120")
	want := do(t, &Lab{Out: t.TempDir()}, long)
	first := do(t, &Lab{Out: t.TempDir()}, brief)
	whole, err := os.ReadFile(KeepPath(first.Dir))
	if err != nil {
		t.Fatal(err)
	}
	for name, harm := range map[string]func() []byte{
		"flipped": func() []byte { b := []byte(string(whole)); b[len(b)/2] ^= 16; return b },
		"cut":     func() []byte { return whole[:len(whole)*2/3] },
		"emptied": func() []byte { return nil },
		"header":  func() []byte { b := []byte(string(whole)); b[0] ^= 1; return b },
	} {
		if err := os.WriteFile(KeepPath(first.Dir), harm(), 0o666); err != nil {
			t.Fatal(err)
		}
		var notes []string
		l := &Lab{Out: t.TempDir(), From: first.Dir, Notice: func(s string) { notes = append(notes, s) }}
		got := do(t, l, long)
		equal(t, name, got, want)
		named := strings.Contains(strings.Join(notes, "\n"), store.KeepFile)
		if named != (name != "emptied") {
			t.Errorf("%s: notes %q", name, notes)
		}
		if known := got.Manifest.Extends.ReplicaSteps; (known > 0) != (name == "flipped" || name == "cut") || known > first.Manifest.ReplicaSteps {
			t.Errorf("%s: %d of %d steps were known", name, known, first.Manifest.ReplicaSteps)
		}
	}
	os.Remove(KeepPath(first.Dir))
	got := do(t, &Lab{Out: t.TempDir(), From: first.Dir}, long)
	equal(t, "removed", got, want)
	if got.Manifest.Extends.ReplicaSteps != 0 {
		t.Errorf("%+v", got.Manifest.Extends)
	}
}

// What is no extension is refused, with the cell that is not there.
func TestNoExtension(t *testing.T) {
	_, brief := load(t, apace)
	for _, tc := range []struct {
		key, want string
	}{
		{"ensemble.replicas=59", "60 replicas"}, {"ensemble.until.at-most.time=11", "1200 steps"}, {"sweep.dynamics.sde.noise.temperature=[0.1,0.2]", "temperature=0.3"},
		{"dynamics.gd.rate=0.06", "gd"}, {"seed=5", "is not in it"}, {"ensemble.keep=3", "is not in it"},
		{"seed={data: 4, init: 4, noise: 5}", "is not in it"}, {"seed={data: 4, init: 5, noise: 4}", "is not in it"},
	} {
		_, other := load(t, apace, tc.key)
		if err := Extension(other, brief); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v; want %q", tc.key, err, tc.want)
		}
	}
	first := do(t, &Lab{Out: t.TempDir()}, brief)
	var refused *Refused
	if _, err := (&Lab{Dir: first.Dir, From: first.Dir}).seed(first.Dir, brief); !errors.As(err, &refused) {
		t.Errorf("extended by nothing: %v", err)
	}
}
