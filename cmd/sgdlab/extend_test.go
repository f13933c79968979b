package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sgdlab/store"
)

// brief is work of a few hundred milliseconds.
var brief = strings.Replace(work, "replicas: 160", "replicas: 40", 1)

// A run that is extended, and one that is killed while it is, has the bytes of a fresh run of the longer spec; the run that
// it extends stays as it is. What cannot be extended is refused, with what can be.
func TestExtend(t *testing.T) {
	spec := write(t, brief)
	longer := []string{"ensemble.replicas=90", "ensemble.until.at-most.time=70", "sweep.dynamics.two.noise.temperature=[0.3, 0.35, 0.4]"}
	_, want := reference(t, spec, longer...)
	out := t.TempDir()
	done(t, "run", spec, "--out", out)
	dir := folder(t, out)
	before := tables(t, dir)

	for _, tc := range []struct {
		keys []string
		want string
	}{
		{nil, "want a run, and then key=value"},
		{[]string{"ensemble.replicas=40"}, "asks for nothing more"},
		{[]string{"ensemble.replicas=39"}, "40 replicas"},
		{[]string{"dynamics.one.step=0.02"}, "what can be extended: ensemble.replicas"},
		{[]string{"ensemble.replica=50"}, "did you mean"},
	} {
		if status, _, log := lab(append([]string{"extend", dir}, tc.keys...)...); status != exitRequest || !strings.Contains(log, tc.want) {
			t.Errorf("extend %v: status %d\n%swant %s", tc.keys, status, log, tc.want)
		}
	}
	args := append([]string{"extend", dir}, longer...)
	for i := range 3 {
		interrupt(t, syscall.SIGKILL, time.Duration(i+1)*60*time.Millisecond, args...)
	}
	text, _ := done(t, args...)
	same(t, "the run that was extended", tables(t, dir), before)
	found, err := filepath.Glob(filepath.Join(out, "*", store.ManifestFile))
	if err != nil || len(found) != 2 {
		t.Fatal(err, found)
	}
	long := filepath.Dir(found[0])
	if long == dir {
		long = filepath.Dir(found[1])
	}
	same(t, "extended", tables(t, long), want)
	if !strings.Contains(text, " of them in "+filepath.Base(dir)) {
		t.Errorf("no word of what was there:\n%s", text)
	}
	// And again, from the run folder of the extended one; --json has the verdicts.
	text, _ = done(t, "extend", long, "replicas=95", "--json")
	var d struct {
		Status string
		Claims []store.Verdict
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil || d.Status != "done" || len(d.Claims) != 6 || d.Claims[0].ID != "hotter-is-faster" {
		t.Errorf("%v: %+v", err, d)
	}
}

// Killed while it runs, a run is no longer running, for ls and show.
func TestKilledIsInterrupted(t *testing.T) {
	spec := write(t, strings.Replace(work, "replicas: 160", "replicas: 100000", 1))
	out := t.TempDir()
	cmd, _ := program(nil, "run", spec, "--out", out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); folder(t, out) == ""; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatal("it did not begin")
		}
	}
	if text, _ := done(t, "ls", "--out", out); !strings.Contains(text, "  running  ") {
		t.Errorf("while it runs:\n%s", text)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if text, _ := done(t, "ls", "--out", out); !strings.Contains(text, "  interrupted  ") {
		t.Errorf("killed:\n%s", text)
	}
	if text, _ := done(t, "show", folder(t, out)); !strings.Contains(text, ": interrupted, ") {
		t.Errorf("killed:\n%s", text)
	}
	if status, _, log := lab("verify", folder(t, out)); status != exitRequest || !strings.Contains(log, "is not done: it is interrupted") {
		t.Errorf("verify: status %d\n%s", status, log)
	}
}

// A replay finds a run identical, and names the first number that was changed, and the files that are damaged.
func TestVerify(t *testing.T) {
	spec := write(t, brief)
	out := t.TempDir()
	done(t, "run", spec, "--out", out)
	dir := folder(t, out)
	m, err := store.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := done(t, "verify", dir); !strings.Contains(text, "identical") || !strings.Contains(text, m.Result.String()) {
		t.Errorf("verify:\n%s", text)
	}
	if text, _ := done(t, "verify", dir, "--sample", "0.2", "--seed", "4"); !strings.Contains(text, "identical") || !strings.Contains(text, "--seed 4") {
		t.Errorf("verify --sample:\n%s", text)
	}
	if text, _ := done(t, "verify", dir, "--files"); !strings.Contains(text, "all as the run left them") {
		t.Errorf("verify --files:\n%s", text)
	}
	path := filepath.Join(dir, store.PassagesFile)
	rows, err := store.Read[store.Passage](path)
	if err != nil {
		t.Fatal(err)
	}
	rows[3].Time += 1
	w, err := store.Create[store.Passage](path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows...); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if status, text, log := lab("verify", dir); status != exitFailed || !strings.Contains(text, "different") || !strings.Contains(text, "first: passages: cell 0 (") || !strings.Contains(text, "replica 3: time of up is ") {
		t.Errorf("changed: status %d\n%s%s", status, text, log)
	}
	flip(t, path, 300)
	if status, text, log := lab("verify", dir, "--files"); status != exitFailed || !strings.Contains(text, store.PassagesFile+": ") || !strings.Contains(log, "1 file of the run missing or damaged") {
		t.Errorf("flipped: status %d\n%s%s", status, text, log)
	}
	if status, text, _ := lab("verify", dir, "--json"); status != exitFailed || !strings.Contains(text, `"identical": false`) || !strings.Contains(text, "the run was right") {
		t.Errorf("flipped, replayed: status %d\n%s", status, text)
	}
	for _, args := range [][]string{{"--sample", "0"}, {"--sample", "1.5"}, {"replicas=3"}, {"--workers", "-1"}} {
		if status, _, log := lab(append([]string{"verify", dir}, args...)...); status != exitRequest || log == "" {
			t.Errorf("verify %v: status %d %s", args, status, log)
		}
	}
}

// Points that cannot be built refuse the run; with --keep-going the others run, those are listed, and the status is 1.
func TestKeepGoing(t *testing.T) {
	spec := write(t, `title: Some
seed: 3
data: {name: teacher-student, inputs: 3, outputs: 3, samples: 20, singular-values: [3, 2, 1]}
model: {name: deep-linear, widths: [3, 3, 3]}
start: {name: saddle, modes: [1], deviation: 0.1}
dynamics:
  gd: {name: gd, rate: 0.01}
observe: [{name: loss, every: 10}]
ensemble: {replicas: 4, until: {steps: 20}}
sweep: {start.modes: [[7], [1], [2]]}
claims:
  - {id: small, says: the loss stays small, measure: {value: loss, at: end}, expect: {at-most: 100}}
`)
	out := t.TempDir()
	if status, _, log := lab("run", spec, "--out", out); status != exitRequest || !strings.Contains(log, "(at 1 of 3 points: start.modes=[7])") || folder(t, out) != "" {
		t.Errorf("status %d\n%s", status, log)
	}
	status, text, log := lab("run", spec, "--out", out, "--keep-going")
	dir := folder(t, out)
	if status != exitFailed || !strings.Contains(text, "3 claims: 2 hold, 0 fail, 1 undecided") || !strings.Contains(log, "1 of 3 cells failed; `sgdlab resume "+dir+"` tries again:") || !strings.Contains(log, "left out") {
		t.Errorf("status %d\n%s%s", status, text, log)
	}
	if text, _ := done(t, "ls", "--out", out); !strings.Contains(text, "done, 1 cell failed") {
		t.Errorf("ls:\n%s", text)
	}
	if text, _ := done(t, "show", dir, "--json"); strings.Count(text, `"failed": "`) != 1 {
		t.Errorf("show:\n%s", text)
	}
	if status, _, log := lab("resume", dir); status != exitFailed || !strings.Contains(log, "1 of 3 cells failed") {
		t.Errorf("resume: status %d\n%s", status, log)
	}
}

// check tells the disk and the memory that a run may need, and warns where they are not there.
func TestCheckSizes(t *testing.T) {
	spec := write(t, work)
	text, _ := done(t, "check", spec)
	if !strings.Contains(text, " of disk, ") || !strings.Contains(text, " of memory") || strings.Contains(text, "warning") {
		t.Errorf("check:\n%s", text)
	}
	if tiny, _ := done(t, "check", spec, "ensemble.replicas=1", "observe=[]", "claims=[]", "sweep={}"); !strings.Contains(tiny, "# at most about 100 kB of disk, ") {
		t.Errorf("check:\n%s", tiny)
	}
	var small struct {
		Disk   float64  `json:"folder_bytes_at_most"`
		Memory float64  `json:"memory_bytes_at_most"`
		Tight  []string `json:"does_not_fit"`
	}
	text, _ = done(t, "check", spec, "--json")
	if err := json.Unmarshal([]byte(text), &small); err != nil || small.Tight == nil || len(small.Tight) > 0 {
		t.Errorf("%v: %+v", err, small)
	}
	done(t, "run", spec)
	size := 0.0
	err := filepath.WalkDir(folder(t, filepath.Join(filepath.Dir(spec), "runs")), func(path string, e os.DirEntry, err error) error {
		if info, e := os.Stat(path); e == nil && !info.IsDir() && (strings.HasSuffix(path, ".parquet") || strings.HasSuffix(path, ".bin")) {
			size += float64(info.Size())
		}
		return err
	})
	if err != nil || small.Disk < size/2 || small.Disk > 4*size {
		t.Errorf("%v: the folder was to take at most %g bytes, and takes %g", err, small.Disk, size)
	}
	text, _ = done(t, "check", spec, "observe=[{name: loss, every: 1}, {name: coordinate, index: 0, every: 1}]", "ensemble.until.at-most.time=9000", "replicas=6000000")
	if !strings.Contains(text, "# warning: it may need ") || !strings.Contains(text, "of disk while it runs") {
		t.Errorf("no warning:\n%s", text[max(0, len(text)-600):])
	}
}
