package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sgdlab/store"
)

var long = flag.Bool("long", false, "kill runs at a hundred instants, not at a few, and damage every file in many ways")

// fragile is work, with plateaus and a few more cells: a run with every kind of row that a folder holds.
var fragile = strings.NewReplacer("title: Work", "title: Fragile", "claims:", "plateaus: {of: loss}\nclaims:").Replace(work)

// killed starts the program, kills it where kill, called every fifth of a millisecond or so, says so, and reports whether
// that was before it had ended.
func killed(t *testing.T, kill func(since time.Duration) bool, args ...string) bool {
	t.Helper()
	cmd, log := program(nil, args...)
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			switch {
			case err == nil:
				return false
			case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
				return true
			}
			t.Fatalf("sgdlab %s: %v\n%s", strings.Join(args, " "), err, log)
		case <-tick.C:
			if kill(time.Since(begun)) {
				_ = cmd.Process.Kill()
			}
		}
	}
}

// listing is every file below a run folder but the lock.
func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != ".lock" {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// recovered checks that a run folder holds what it would hold if nobody had disturbed its program: the same bytes in every
// table and, where it was kept, in what an extension goes on from; a whole report; and no other file.
func recovered(t *testing.T, what, dir, reference string, want map[string]string, kept bool) {
	t.Helper()
	same(t, what, tables(t, dir), want)
	names, keep := listing(t, reference), filepath.Join(store.CheckpointDir, store.KeepFile)
	if kept {
		one, err1 := os.ReadFile(filepath.Join(dir, keep))
		two, err2 := os.ReadFile(filepath.Join(reference, keep))
		if err1 != nil || err2 != nil || string(one) != string(two) {
			t.Errorf("%s: %s differs: %v, %v", what, keep, err1, err2)
		}
	} else {
		names = slices.DeleteFunc(names, func(name string) bool { return name == keep })
	}
	if got := listing(t, dir); !slices.Equal(got, names) {
		t.Errorf("%s: the folder holds %q; want %q", what, got, names)
	}
	if text, err := os.ReadFile(filepath.Join(dir, store.ReportFile)); err != nil || !strings.HasSuffix(strings.TrimSpace(string(text)), "</html>") {
		t.Errorf("%s: the report is not whole: %v", what, err)
	}
	if status, out, _ := lab("verify", dir, "--files"); status != exitDone {
		t.Errorf("%s: %s", what, out)
	}
}

// Whenever a run is killed with SIGKILL, and its resume, and the resume of that, the last one ends with the very files of a
// run that nobody disturbed. Most instants are random; some are in the writing of tables and of the report, which a random
// instant seldom meets.
func TestKilledRunsEndTheSame(t *testing.T) {
	least := 4
	if *long {
		least = 100
	}
	spec := write(t, fragile)
	begun := time.Now()
	whole, want := reference(t, spec)
	took := time.Since(begun)
	// What a program killed in its report leaves half written is cleared away, though nothing is to be computed.
	left := filepath.Join(whole, store.FigureDir, ".series-loss.svg.0123456789abcdef.tmp")
	if err := os.WriteFile(left, []byte("<svg"), 0o666); err != nil {
		t.Fatal(err)
	}
	done(t, "resume", whole)
	if _, err := os.Stat(left); err == nil {
		t.Errorf("%s is left behind", left)
	}
	rnd := rand.New(rand.NewPCG(20, 26))
	hits, missed, resumes, found := 0, 0, 0, map[string]int{}
	for trial := 0; resumes < least; trial++ {
		if missed > least+20 {
			t.Fatalf("only %d kills came in time, %d too late", hits, missed)
		}
		out, before := t.TempDir(), hits
		exists := func(name string) bool {
			match, _ := filepath.Glob(filepath.Join(out, "*", name))
			return len(match) > 0
		}
		// How often this run is killed in a row: once, mostly.
		row := 1 + trial%5/3
		for k := range row {
			args := []string{"run", spec, "--out", out}
			if dir := folder(t, out); dir != "" {
				args = []string{"resume", dir}
			}
			args = append(args, "--workers", fmt.Sprint(1+rnd.IntN(2)))
			after := time.Duration(rnd.Float64() * 0.9 * float64(took))
			kill := func(since time.Duration) bool { return since > after }
			switch {
			case trial%5 == 1 && k == 0: // a while into the tables
				after /= 200
				var first time.Time
				kill = func(time.Duration) bool {
					if first.IsZero() && exists("."+store.SamplesFile+".*") {
						first = time.Now()
					}
					return !first.IsZero() && time.Since(first) > after
				}
			case trial%5 == 2 && k == 0: // as the report is begun
				kill = func(time.Duration) bool {
					return exists(store.ManifestFile) && !exists(filepath.Join(store.CheckpointDir, "shard-*")) && exists(store.CellsFile)
				}
			}
			if !killed(t, kill, args...) {
				missed++
				break
			}
			hits++
			where := state(t, folder(t, out))
			if where == string(store.Running) && exists(store.CellsFile) || where == string(store.Done) {
				where += ", with tables"
			}
			if where == "done, with tables" && !exists(store.ReportFile) {
				where = "without a report"
			}
			found[where]++
		}
		if dir := folder(t, out); dir != "" {
			done(t, "resume", dir)
		} else {
			done(t, "run", spec, "--out", out)
		}
		if hits > before {
			resumes++
		}
		recovered(t, fmt.Sprintf("trial %d", trial), folder(t, out), whole, want, true)
		if t.Failed() {
			t.Fatalf("seen so far: %v", found)
		}
		os.RemoveAll(out)
	}
	t.Logf("%d kills, %d runs resumed, all with the hash %.8s; found %v; %d came too late", hits, resumes, want["hash"], found, missed)
}

// An extension that is killed, and asked for again, ends as a run that was so long from the start; the run that it
// extends stays as it was.
func TestKilledExtensions(t *testing.T) {
	kills := 1
	if *long {
		kills = 20
	}
	spec := write(t, fragile)
	short, before := reference(t, spec)
	longer := []string{"ensemble.replicas=240", "ensemble.until.at-most.time=50"}
	begun := time.Now()
	whole, want := reference(t, spec, longer...)
	took := time.Since(begun)
	rnd := rand.New(rand.NewPCG(3, 9))
	hits, found := 0, map[string]int{}
	for trial := 0; hits < kills; trial++ {
		if trial > 3*kills+10 {
			t.Fatalf("only %d of %d kills came in time", hits, kills)
		}
		out := t.TempDir()
		dir := filepath.Join(out, filepath.Base(short))
		if err := os.CopyFS(dir, os.DirFS(short)); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"extend", dir}, longer...)
		after := time.Duration(rnd.Float64() * 0.7 * float64(took))
		hit := killed(t, func(since time.Duration) bool { return since > after }, args...)
		extended := filepath.Join(out, filepath.Base(whole))
		if hit {
			hits++
			where := "not begun"
			if _, err := os.Stat(filepath.Join(extended, store.ManifestFile)); err == nil {
				where = state(t, extended)
			}
			found[where]++
			if where != "not begun" && trial%2 == 0 {
				args = []string{"resume", extended}
			}
			done(t, args...)
		}
		got := tables(t, extended)
		same(t, fmt.Sprintf("extension %d", trial), got, want)
		same(t, "what was extended", tables(t, dir), before)
		if t.Failed() {
			t.Fatalf("seen so far: %v", found)
		}
		os.RemoveAll(out)
	}
	t.Logf("%d kills of extensions; found %v", hits, found)
}
