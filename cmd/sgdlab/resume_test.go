package main

import (
	"bytes"
	"errors"
	"fmt"
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

// work is a study of a second or so: a sweep, two dynamics, events, readings on two schedules, an accumulator, kept paths,
// a claim, some forty shards.
const work = `title: Work
seed: {data: 1, init: 2, noise: 3}
model: {name: double-well}
start: {name: gaussian, deviation: 0.5}
dynamics:
  one: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.2}, scheme: euler-maruyama, step: 0.01}
  two: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.4}, scheme: euler-maruyama, step: 0.01}
observe:
  - {name: loss, every: 50}
  - {name: coordinate, index: 0, log-spaced: 5}
  - {name: loss-integral, every: 100}
events:
  up: {of: {name: coordinate, index: 0}, rises-above: 1.6}
  down: {of: {name: coordinate, index: 0}, falls-below: -1.6}
ensemble: {replicas: 160, until: {event: up, at-most: {time: 40}}, keep: 2}
sweep: {dynamics.two.noise.temperature: [0.3, 0.4]}
claims:
  - {id: hotter-is-faster, says: the hotter the sooner, measure: {rate: up}, expect: {at-least: 0.001}}
`

// program is the program as a process of its own.
func program(env []string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), "SGDLAB_TEST_RUN=1"), env...)
	var log bytes.Buffer
	cmd.Stderr = &log
	return cmd, &log
}

// interrupt starts the program and sends it a signal after a while; it reports whether the signal came in time.
func interrupt(t *testing.T, sig syscall.Signal, after time.Duration, args ...string) (hit bool, log string) {
	t.Helper()
	cmd, buf := program(nil, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Signal(sig) })
	err := cmd.Wait()
	timer.Stop()
	if err == nil {
		return false, buf.String()
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit.Success() || sig == syscall.SIGKILL && !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("sgdlab %s: %v\n%s", strings.Join(args, " "), err, buf)
	}
	return true, buf.String()
}

// folder is the one run folder in out, "" where there is none yet that can be resumed.
func folder(t *testing.T, out string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(out, "*", store.ManifestFile))
	if err != nil || len(found) > 1 {
		t.Fatal(err, found)
	}
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[0])
}

// tables are the files of a finished run that must not depend on how it came about.
func tables(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{store.CellsFile, store.SamplesFile, store.PassagesFile, store.PlateausFile, store.VerdictsFile, "analyses.json", store.SpecJSON, "plan.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	m, err := store.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Status != store.Done || m.Shards.Done != m.Shards.Total {
		t.Errorf("%s: %s, %d of %d shards", dir, m.Status, m.Shards.Done, m.Shards.Total)
	}
	out["hash"] = m.Result.String()
	out["steps"] = fmt.Sprint(m.ReplicaSteps)
	return out
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

// reference is the run as nobody interrupted it.
func reference(t *testing.T, spec string, args ...string) (string, map[string]string) {
	t.Helper()
	out := t.TempDir()
	done(t, append([]string{"run", spec, "--out", out}, args...)...)
	return folder(t, out), tables(t, folder(t, out))
}

// A run that is killed at random instants, and resumed, ends with the same bytes in its tables; so does one that is told to
// stop, and one with another number of workers.
func TestInterruptedRunsEndTheSame(t *testing.T) {
	spec := write(t, work)
	begun := time.Now()
	_, want := reference(t, spec, "--workers", "1")
	whole := time.Since(begun)
	_, got := reference(t, spec, "--workers", "2")
	same(t, "two workers", got, want)

	rnd := rand.New(rand.NewPCG(5, 8))
	for _, tc := range []struct {
		sig   syscall.Signal
		least int
	}{{syscall.SIGKILL, 14}, {syscall.SIGINT, 6}} {
		hits, states := 0, map[string]int{}
		for chain := 0; hits < tc.least; chain++ {
			if chain == 20 {
				t.Fatalf("%v: only %d of %d interruptions came in time", tc.sig, hits, tc.least)
			}
			out := t.TempDir()
			for stops := 0; ; {
				args := []string{"run", spec, "--out", out}
				if dir := folder(t, out); dir != "" {
					args = []string{"resume", dir}
				}
				args = append(args, "--workers", fmt.Sprint(1+rnd.IntN(2)))
				after := time.Hour
				if stops < 5 {
					after = time.Duration(rnd.Float64() * 0.7 * float64(whole))
				}
				hit, log := interrupt(t, tc.sig, after, args...)
				if !hit {
					break
				}
				hits++
				stops++
				states[state(t, folder(t, out))]++
				if tc.sig == syscall.SIGINT && folder(t, out) != "" && strings.Contains(log, "stopping") && !strings.Contains(log, "interrupted; `sgdlab resume "+folder(t, out)+"` continues") {
					t.Errorf("no word of how to go on:\n%s", log)
				}
			}
			same(t, fmt.Sprintf("%v, chain %d", tc.sig, chain), tables(t, folder(t, out)), want)
		}
		t.Logf("%v: %d interruptions found the run %v", tc.sig, hits, states)
	}
}

// state is how far an interrupted run is.
func state(t *testing.T, dir string) string {
	if dir == "" {
		return "not begun"
	}
	m, err := store.ReadManifest(dir)
	if err != nil {
		t.Fatalf("an interruption left a manifest that cannot be read: %v", err)
	}
	return string(m.Status)
}

// halfway leaves a run that was told to stop, with shards that stand and shards in progress.
func halfway(t *testing.T, spec string) (dir string, shards, parts []string) {
	t.Helper()
	for range 8 {
		out := t.TempDir()
		cmd, log := program(nil, "run", spec, "--out", out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		var err error
		for running, told := true, false; running; {
			select {
			case err = <-ended:
				running = false
			case <-time.After(2 * time.Millisecond):
				if stand, _ := filepath.Glob(filepath.Join(out, "*", store.CheckpointDir, "shard-*.bin")); len(stand) >= 3 && !told {
					told = true // a second signal would end it at once
					_ = cmd.Process.Signal(syscall.SIGINT)
				}
			}
		}
		if err == nil {
			continue // it ended before the signal came
		}
		dir = folder(t, out)
		shards, _ = filepath.Glob(filepath.Join(dir, store.CheckpointDir, "shard-*.bin"))
		parts, _ = filepath.Glob(filepath.Join(dir, store.CheckpointDir, "shard-*.part"))
		if len(shards) >= 3 && len(parts) > 0 && strings.Contains(log.String(), "interrupted; ") {
			return dir, shards, parts
		}
	}
	t.Fatal("no run was caught halfway")
	return "", nil, nil
}

// flip turns one bit of a file; cut takes off its second half.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[(at+len(text))%len(text)] ^= 4
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

func cut(t *testing.T, path string) {
	t.Helper()
	s, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, s.Size()/2); err != nil {
		t.Fatal(err)
	}
}

// Damaged results and checkpoints are named, and computed anew to the same bytes.
func TestDamagedShardsAreComputedAnew(t *testing.T) {
	spec := write(t, work)
	_, want := reference(t, spec)
	dir, shards, parts := halfway(t, spec)
	flip(t, shards[0], 200)
	cut(t, shards[1])
	if err := os.WriteFile(shards[2], nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cut(t, parts[0])
	damaged := append(slices.Clone(shards[:3]), parts[0])
	if len(parts) > 1 {
		flip(t, parts[1], -50)
		damaged = append(damaged, parts[1])
	}
	if err := os.WriteFile(filepath.Join(dir, "plan.json"), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, log := done(t, "resume", dir)
	for _, path := range append(damaged, filepath.Join(dir, "plan.json")) {
		if !strings.Contains(log, "note: "+path+": ") {
			t.Errorf("%s is not named in\n%s", path, log)
		}
	}
	same(t, "after damage", tables(t, dir), want)
}

// A damaged table of a finished run is found and named by show, report and resume, and resume makes it anew.
func TestDamagedTablesAreMadeAnew(t *testing.T) {
	dir, want := reference(t, write(t, work))
	for _, name := range []string{store.CellsFile, store.SamplesFile, store.PassagesFile, store.PlateausFile} {
		path := filepath.Join(dir, name)
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for how, damage := range map[string]func(){"flipped": func() { flip(t, path, len(sound)/3) }, "cut": func() { cut(t, path) }, "gone": func() { os.Remove(path) }} {
			damage()
			for _, args := range [][]string{{"show", dir}, {"show", dir, "--json"}, {"report", dir}} {
				status, out, log := lab(args...)
				if status != exitFailed || !strings.Contains(log, name) || !strings.Contains(log, "sgdlab resume") || out != "" {
					t.Errorf("%s %s, %s: status %d\n%s%s", name, how, args[0], status, out, log)
				}
			}
			if err := os.WriteFile(path, sound, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Sound tables of another run are not this run's.
	other, _ := reference(t, write(t, work), "seed.noise=4")
	text, err := os.ReadFile(filepath.Join(other, store.PassagesFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, store.PassagesFile), text, 0o666); err != nil {
		t.Fatal(err)
	}
	if status, _, log := lab("show", dir); status != exitFailed || !strings.Contains(log, "the manifest says") {
		t.Errorf("another run's table: status %d\n%s", status, log)
	}
	cut(t, filepath.Join(dir, store.SamplesFile))
	_, log := done(t, "resume", dir)
	if !strings.Contains(log, store.SamplesFile) {
		t.Errorf("the damaged table is not named in\n%s", log)
	}
	same(t, "after damage", tables(t, dir), want)
}

// The same question twice is the same folder, and the second time nothing is computed.
func TestNothingIsComputedTwice(t *testing.T) {
	spec := write(t, langevin)
	out := t.TempDir()
	done(t, "run", spec, "--out", out)
	dir := folder(t, out)
	before, err := os.ReadFile(filepath.Join(dir, store.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"run", spec, "--out", out}, {"resume", dir}, {"run", filepath.Join(dir, store.SpecYAML), "--out", out}, {"run", filepath.Join(dir, store.SpecJSON), "--out", out}} {
		text, _ := done(t, args...)
		if !strings.Contains(text, "nothing to compute") {
			t.Errorf("sgdlab %s:\n%s", strings.Join(args, " "), text)
		}
		after, err := os.ReadFile(filepath.Join(folder(t, out), store.ManifestFile))
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("sgdlab %s changed the manifest: %v", strings.Join(args, " "), err)
		}
	}
	// Without --out, run folders lie beside the spec.
	text, _ := done(t, "run", spec)
	if beside := filepath.Join(filepath.Dir(spec), "runs"); folder(t, beside) == "" || !strings.Contains(text, beside) {
		t.Errorf("no run in %s:\n%s", beside, text)
	}
}

// A folder that was moved or renamed still shows, reports and resumes.
func TestMovedFolders(t *testing.T) {
	spec := write(t, work)
	dir, want := reference(t, spec)
	moved := filepath.Join(t.TempDir(), "another name")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"show", "report", "resume"} {
		done(t, verb, moved)
	}
	if out, _ := done(t, "show", moved, "--json"); !strings.Contains(out, `"run": "another name"`) {
		t.Errorf("show --json gives the old name:\n%.200s", out)
	}

	dir, _, _ = halfway(t, spec)
	moved = filepath.Join(t.TempDir(), "it's halfway")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if out, _ := done(t, "show", moved); !strings.Contains(out, "interrupted, ") || !strings.Contains(out, `resume '`) {
		t.Errorf("show of an interrupted run:\n%s", out)
	}
	if status, _, log := lab("report", moved); status != exitFailed || !strings.Contains(log, "interrupted, ") {
		t.Errorf("report of an interrupted run: status %d\n%s", status, log)
	}
	done(t, "resume", moved)
	same(t, "moved", tables(t, moved), want)
}

// A folder that was moved away from its data says so, and goes on when told where the data are.
func TestMovedAwayFromData(t *testing.T) {
	spec := write(t, reading)
	data := filepath.Join(filepath.Dir(spec), "table.csv")
	if err := os.WriteFile(data, []byte(table), 0o666); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	done(t, "run", spec, "--out", out)
	moved := filepath.Join(t.TempDir(), "deep", "er", "folder")
	if err := os.MkdirAll(filepath.Dir(moved), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(folder(t, out), moved); err != nil {
		t.Fatal(err)
	}
	want := tables(t, moved)
	os.Remove(filepath.Join(moved, store.CellsFile))
	if status, _, log := lab("resume", moved); status != exitRequest || !strings.Contains(log, "does not exist") || !strings.Contains(log, "data.path=FILE") {
		t.Errorf("status %d\n%s", status, log)
	}
	done(t, "resume", moved, "data.path="+data)
	delete(want, store.SpecJSON) // it says where the data are
	same(t, "moved", tables(t, moved), want)

	// Other data under the same name are another plan.
	if err := os.WriteFile(data, []byte(strings.Replace(table, "1,2,3", "1,2,4", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if status, _, log := lab("resume", moved, "data.path="+data); status != exitRequest || !strings.Contains(log, "holds another plan") {
		t.Errorf("other data: status %d\n%s", status, log)
	}
}

// A folder that holds another plan, and one that another process writes to, are refused by name.
func TestRefusals(t *testing.T) {
	spec := write(t, langevin)
	out := t.TempDir()
	done(t, "run", spec, "--out", out)
	dir := folder(t, out)
	plan := filepath.Join(dir, "plan.json")
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plan, bytes.Replace(text, []byte(`"results": `), []byte(`"results": 7`), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := store.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Plan = store.Digest{7}
	if err := store.WriteManifest(dir, m); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, store.CellsFile))
	if status, _, log := lab("run", spec, "--out", out); status != exitRequest || !strings.Contains(log, dir+" holds another plan") {
		t.Errorf("another plan: status %d\n%s", status, log)
	}

	spec = write(t, strings.Replace(work, "replicas: 160", "replicas: 100000", 1))
	out = t.TempDir()
	first, _ := program(nil, "run", spec, "--out", out)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = first.Process.Kill()
		_ = first.Wait()
	}()
	for begun := time.Now(); folder(t, out) == ""; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatal("the first writer did not begin")
		}
	}
	status, _, log := lab("resume", folder(t, out))
	if want := fmt.Sprintf("%s: process %d on ", folder(t, out), first.Process.Pid); status != exitRequest || !strings.Contains(log, want) || !strings.Contains(log, "is writing to this run; wait for it, or stop it") {
		t.Errorf("second writer: status %d\n%swant %q", status, log, want)
	}
}

// A disk that refuses is a clear error with exit status 1, and after it is usable again the run is completed to the same
// bytes: files above a limit, and, where mounting is allowed, a full disk.
func TestFullDisk(t *testing.T) {
	spec := write(t, work)
	_, want := reference(t, spec)

	out := t.TempDir()
	cmd, log := program([]string{"SGDLAB_TEST_FSIZE=12000"}, "run", spec, "--out", out)
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(log.String(), "file too large; raise the limit on file sizes (ulimit -f), then `sgdlab resume "+folder(t, out)) {
		t.Errorf("files above a limit: %v\n%s", err, log)
	}
	done(t, "resume", folder(t, out))
	same(t, "after a limit on file sizes", tables(t, folder(t, out)), want)

	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=128k"); err != nil {
		t.Logf("mounting a small disk is not allowed here: %v", err)
		return
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	cmd, log = program(nil, "run", spec, "--out", disk)
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(log.String(), "no space left on device; free space on that disk, then `sgdlab resume "+folder(t, disk)) {
		t.Errorf("full disk: %v\n%s", err, log)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	done(t, "resume", folder(t, disk))
	same(t, "after a full disk", tables(t, folder(t, disk)), want)
}

// A quick run leaves out points of the sweep that its claims speak of; it is resumed, and verified, all the same.
func TestQuickRunsGoOn(t *testing.T) {
	spec := write(t, strings.Replace(langevin, "answer: {exit: [theory, solve, simulate]}", `answer: {exit: [solve]}
sweep: {dynamics.hot.noise.temperature: [0.3, 0.4, 0.5, 0.6, 0.7]}
claims:
  - {id: times, says: as computed before, measure: {estimate: "solve:exit", dynamics: hot}, expect: {equals: {over: dynamics.hot.noise.temperature, values: {0.3: 4.7, 0.4: 3, 0.6: 2}}, relative: 2}}
`, 1))
	dir, want := reference(t, spec, "--quick")
	warned, err := store.ReadManifest(dir)
	if err != nil || !warned.Quick || len(warned.Warnings) == 0 {
		t.Fatalf("%+v, %v", warned, err)
	}
	os.Remove(filepath.Join(dir, store.CellsFile))
	done(t, "resume", dir)
	same(t, "a quick run", tables(t, dir), want)
	if m, err := store.ReadManifest(dir); err != nil || !m.Quick || !slices.Equal(m.Warnings, warned.Warnings) {
		t.Errorf("%+v, %v; want the warnings %q", m, err, warned.Warnings)
	}
	done(t, "verify", dir)
}
