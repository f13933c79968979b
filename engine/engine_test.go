package engine

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sgdlab/store"
	"sgdlab/study"
)

// TestMain is a laboratory that saves often, where the environment says so: tests kill it as a process.
func TestMain(m *testing.M) {
	plantFragile()
	spec := os.Getenv("ENGINE_TEST_SPEC")
	if spec == "" {
		os.Exit(m.Run())
	}
	st, err := study.LoadFile(spec, study.Options{})
	if err == nil {
		_, err = (&Lab{Out: os.Getenv("ENGINE_TEST_OUT"), Workers: 2, Save: 10 * time.Millisecond}).Do(context.Background(), st)
	}
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

// long is a study of few shards, each longer than the time that a killed process is given, with everything that a shard
// carries from step to step: readings on two schedules, an accumulator, plateaus, events, kept paths, a slope of each path.
const long = `title: Long
seed: 1
model: {name: double-well}
start: {name: gaussian, deviation: 0.5}
dynamics:
  sde: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.1}, scheme: euler-maruyama, step: 0.01}
observe:
  - {name: loss, every: 1000}
  - {name: coordinate, index: 0, log-spaced: 4}
  - {name: loss-integral, every: 5000}
events:
  up: {of: {name: coordinate, index: 0}, rises-above: 1.5}
plateaus: {of: loss}
ensemble: {replicas: 32, until: {steps: 180000}, keep: 1}
claims:
  - {id: level, says: the loss has no trend, measure: {slope: {of: loss, over: time}}, expect: {between: [-1, 1]}}
`

func load(t *testing.T, text string, overrides ...string) (path string, st *study.Study) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	st, err := study.LoadFile(path, study.Options{Overrides: overrides})
	if err != nil {
		t.Fatal(err)
	}
	return path, st
}

func do(t *testing.T, l *Lab, st *study.Study) *Run {
	t.Helper()
	run, err := l.Do(context.Background(), st)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// text is what a run concluded, for comparison: NaN equals itself there.
func text(t *testing.T, run *Run) string {
	t.Helper()
	out, err := json.Marshal([]any{run.Verdicts, run.Analyses})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// savedSince reports whether a shard in progress was saved after a time.
func savedSince(dir string, begun time.Time) bool {
	parts, _ := filepath.Glob(filepath.Join(dir, store.CheckpointDir, "*.part"))
	for _, p := range parts {
		if info, err := os.Stat(p); err == nil && info.ModTime().After(begun) {
			return true
		}
	}
	return false
}

// A process that is killed again and again, each time long before a shard can be finished, still gets on by its
// checkpoints, and ends with the same tables.
func TestKilledBetweenCheckpoints(t *testing.T) {
	spec, st := load(t, long)
	want := do(t, &Lab{Out: t.TempDir(), Workers: 2}, st)
	rnd := rand.New(rand.NewPCG(3, 1))
	out := t.TempDir()
	dir := (&Lab{Out: out}).Folder(st)
	const most = 14
	for kills := 0; ; kills++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "ENGINE_TEST_SPEC="+spec, "ENGINE_TEST_OUT="+out)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		begun, done := time.Now(), make(chan struct{})
		if kills < most { // soon after it saved what it has
			go func(wait time.Duration) {
				for !savedSince(dir, begun) {
					select {
					case <-done:
						return
					case <-time.After(time.Millisecond):
					}
				}
				time.Sleep(wait)
				_ = cmd.Process.Kill()
			}(time.Duration(rnd.IntN(15)) * time.Millisecond)
		}
		err := cmd.Wait()
		close(done)
		if err == nil {
			if kills < 5 { // on a busy machine some come late
				t.Errorf("done after %d kills, want at least 5", kills)
			}
			break
		}
	}
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.Manifest.Result != want.Manifest.Result || got.Manifest.ReplicaSteps != want.Manifest.ReplicaSteps {
		t.Errorf("hash %s, %d steps; uninterrupted %s, %d", got.Manifest.Result.Short(), got.Manifest.ReplicaSteps, want.Manifest.Result.Short(), want.Manifest.ReplicaSteps)
	}
	if g, w := text(t, got), text(t, want); g != w {
		t.Errorf("verdicts or analyses differ:\n%s\n%s", g, w)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, store.CheckpointDir, "*")); len(left) != 1 || left[0] != KeepPath(dir) {
		t.Errorf("left behind: %v; want what an extension goes on from, alone", left)
	}
}

// short is a study of a tenth of a second.
var short = strings.Replace(strings.Replace(long, "steps: 60000", "steps: 5000", 1), "replicas: 32", "replicas: 300", 1)

// Told to stop, a run says how to go on, keeps what it has, and its progress never goes back.
func TestStop(t *testing.T) {
	_, st := load(t, short, "sweep.dynamics.sde.noise.temperature=[0.1,0.2,0.3]")
	want := do(t, &Lab{Out: t.TempDir()}, st)
	out := t.TempDir()
	var last Progress
	steps := int64(0) // of all sessions: none is taken twice, none is lost
	for stops := 1; ; stops++ {
		ctx, cancel := context.WithCancel(context.Background())
		first := true
		l := &Lab{Out: out, Workers: 1 + stops%2, Progress: func(p Progress) {
			if first && (p.ShardsDone < last.ShardsDone || p.PointsDone < last.PointsDone) {
				t.Errorf("progress went back from %+v to %+v", last, p)
			}
			first = false
			if p.ShardsDone > p.Shards || p.PointsDone > p.Points || p.ReplicasDone > p.Replicas || p.Points != 3 || p.Replicas != 900 {
				t.Errorf("progress %+v", p)
			}
			last = p
			if stops < 4 {
				cancel()
			}
		}}
		run, err := l.Do(ctx, st)
		cancel()
		steps += last.Steps
		if err == nil {
			if steps != want.Manifest.ReplicaSteps {
				t.Errorf("%d steps in %d sessions; %d in one", steps, stops, want.Manifest.ReplicaSteps)
			}
			if last.ShardsDone != last.Shards || last.PointsDone != 3 || last.ReplicasDone != 900 {
				t.Errorf("at the end: %+v", last)
			}
			if run.Manifest.Result != want.Manifest.Result || stops < 2 {
				t.Errorf("after %d stops: hash %s, want %s", stops-1, run.Manifest.Result.Short(), want.Manifest.Result.Short())
			}
			if run.Manifest.WallSeconds <= 0 || run.Manifest.Started.After(run.Manifest.Ended) {
				t.Errorf("manifest %+v", run.Manifest)
			}
			return
		}
		var stopped *Stopped
		if !errors.As(err, &stopped) || err.Error() != "interrupted; `sgdlab resume "+l.Folder(st)+"` continues" {
			t.Fatal(err)
		}
		if run, err := Open(l.Folder(st)); err != nil || run.Manifest.Status != store.Interrupted || len(run.Cells) != 0 || run.Manifest.Shards.Done != last.ShardsDone {
			t.Errorf("%v: %+v", err, run)
		}
	}
}

// What is damaged after the end is found by Open and made anew by Do, also what is no table.
func TestDamageAfterTheEnd(t *testing.T) {
	_, st := load(t, short)
	var mu sync.Mutex
	var notes []string
	l := &Lab{Out: t.TempDir(), Notice: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		notes = append(notes, text)
	}}
	want := do(t, l, st)
	if !want.Fresh {
		t.Error("not computed")
	}
	for _, name := range []string{AnalysesFile, store.VerdictsFile, store.ManifestFile, store.CellsFile} {
		path := filepath.Join(want.Dir, name)
		if err := os.Truncate(path, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(want.Dir); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "`sgdlab ") {
			t.Errorf("%s: %v", name, err)
		}
		notes = nil
		got := do(t, l, st)
		if !got.Fresh || got.Manifest.Result != want.Manifest.Result || got.Manifest.ReplicaSteps != want.Manifest.ReplicaSteps {
			t.Errorf("%s: %+v", name, got.Manifest)
		}
		if len(notes) != 1 || !strings.Contains(notes[0], path) {
			t.Errorf("%s: notes %q", name, notes)
		}
		if again := do(t, l, st); again.Fresh || !again.Manifest.Ended.Equal(got.Manifest.Ended) || text(t, again) != text(t, got) {
			t.Errorf("%s: computed twice", name)
		}
	}
	// A run that was killed after its last word, before its checkpoints were cleared away, is done.
	if err := os.WriteFile(ShardPath(want.Dir, 3), []byte("of then"), 0o666); err != nil {
		t.Fatal(err)
	}
	if do(t, l, st).Fresh {
		t.Error("computed again")
	}
	if _, err := os.Stat(ShardPath(want.Dir, 3)); err == nil {
		t.Error("checkpoints are left behind")
	}
}

// A shard of another plan is refused by name, not averaged in.
func TestForeignShards(t *testing.T) {
	_, st := load(t, short)
	stop := func(l *Lab) string {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l.Progress = func(p Progress) {
			if p.ShardsDone > 0 {
				cancel()
			}
		}
		var stopped *Stopped
		if _, err := l.Do(ctx, st); !errors.As(err, &stopped) {
			t.Fatal(err)
		}
		return l.Folder(st)
	}
	l := &Lab{Out: t.TempDir(), Workers: 1}
	dir := stop(l)
	_, _, plan, err := PlanOf(st)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := store.ReadBlob(ShardPath(dir, 0), store.Shard, plan)
	if err != nil {
		t.Fatal(err)
	}
	other := plan
	other[0]++
	if err := store.Replace(ShardPath(dir, 0), store.Blob{Kind: store.Shard, Plan: other, Payload: payload}.Encode()); err != nil {
		t.Fatal(err)
	}
	l.Progress = nil
	var foreign *store.PlanError
	if _, err := l.Do(context.Background(), st); !errors.As(err, &foreign) || !strings.Contains(err.Error(), ShardPath(dir, 0)) {
		t.Errorf("a shard of another plan: %v", err)
	}
	if m, err := store.ReadManifest(dir); err != nil || m.Status != store.Failed || m.Error == "" {
		t.Errorf("%v: %+v", err, m)
	}
}

func TestWord(t *testing.T) {
	for path, want := range map[string]string{"runs/a-1f": "runs/a-1f", "my runs/a": "'my runs/a'", "it's": `'it'\''s'`, "": "''", "λ/x": "λ/x"} {
		if got := Word(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}
