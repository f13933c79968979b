package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sgdlab/store"
)

// namespaced marks the test started again as the root of a user namespace of its own.
const namespaced = "SGDLAB_TEST_NAMESPACE"

// Disks too small for a run, by more and more: each is full at another stage, and the run then fails with a word on what to
// do; no file under a final name is cut short; and with room on the disk resume ends with the very files of a run that had
// room from the start. Where this process may not mount a disk, one in a user namespace of its own may; where the system
// has none of these either, the limit on file sizes stands in for the disk, which stops writers at as many places.
func TestSmallDisks(t *testing.T) {
	disk := t.TempDir()
	switch err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); {
	case err == nil:
		defer func() {
			if err := syscall.Unmount(disk, 0); err != nil {
				t.Error(err)
			}
		}()
		smallDisks(t, disk)
		return
	case os.Getenv(namespaced) != "":
		t.Fatalf("no mount in a namespace: %v", err) // told to the process outside
	default:
		t.Logf("mounting a disk is not allowed: %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), namespaced+"=1")
	root := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS, UidMappings: root(os.Getuid()), GidMappings: root(os.Getgid())}
	text, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		t.Logf("in a user namespace:\n%s", text)
	case cmd.ProcessState != nil && !strings.Contains(string(text), "no mount in a namespace"):
		t.Errorf("in a user namespace: %v\n%s", err, text)
	default:
		t.Logf("nor in a user namespace: %v\n%s", err, text)
		smallFiles(t)
	}
}

// sound checks that what a failed run left has no file that is not whole: of its kinds there may be too few, not too small.
func sound(t *testing.T, what, dir string) {
	t.Helper()
	_, out, _ := lab("verify", dir, "--files")
	for line := range strings.Lines(out) {
		if !strings.Contains(line, "no such file") && !strings.Contains(line, "all as the run left them") {
			t.Errorf("%s left %s", what, line)
		}
	}
	for _, name := range listing(t, dir) {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 || strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s left %s, %v", what, name, err)
		}
	}
}

// kept reports whether a run with that log kept what an extension goes on from. Where there is no room for it, a run says
// so and succeeds: an extension computes it anew.
func kept(log fmt.Stringer) bool { return !strings.Contains(log.String(), "is not kept: ") }

func smallDisks(t *testing.T, disk string) {
	spec := write(t, fragile)
	whole, want := reference(t, spec)
	// A run takes most room as its tables are made: its shards still stand.
	sizes := []int{4, 64, 320, 560}
	if *long {
		sizes = sizes[:0]
		for kib := 4; kib < 1024; kib += 4 + kib/12 {
			sizes = append(sizes, kib)
		}
	}
	stages := map[string]int{}
	for _, kib := range sizes {
		resize := func(kib int) {
			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dk", kib)); err != nil {
				t.Fatal(err)
			}
		}
		resize(kib)
		out := filepath.Join(disk, "runs")
		cmd, log := program(nil, "run", spec, "--out", out)
		if err := cmd.Run(); err == nil {
			stages["room enough"]++
		} else {
			if text := log.String(); cmd.ProcessState.ExitCode() != exitFailed && cmd.ProcessState.ExitCode() != exitRequest || !strings.Contains(text, "no space left on device") {
				t.Errorf("%d KiB: %v\n%s", kib, err, text)
			}
			dir := folder(t, out)
			stage := "before the manifest"
			if dir != "" {
				if text := log.String(); !strings.Contains(text, "free space on that disk, then `sgdlab resume "+dir) {
					t.Errorf("%d KiB: no remedy in\n%s", kib, text)
				}
				sound(t, fmt.Sprintf("a disk of %d KiB", kib), dir)
				m, err := store.ReadManifest(dir)
				if err != nil {
					t.Fatal(err)
				}
				stage = string(m.Status)
				shards, _ := filepath.Glob(filepath.Join(dir, store.CheckpointDir, "shard-*.bin"))
				stage += fmt.Sprintf(", %d of %d shards", len(shards), m.Shards.Total)
			}
			stages[stage]++
		}
		resize(64 << 10)
		if dir := folder(t, out); dir != "" {
			done(t, "resume", dir)
		} else {
			done(t, "run", spec, "--out", out)
		}
		recovered(t, fmt.Sprintf("after a disk of %d KiB", kib), folder(t, out), whole, want, kept(log))
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d disks, full at %v", len(sizes), stages)
}

func smallFiles(t *testing.T) {
	for bytes := int64(500); bytes < 200_000; bytes = bytes * 3 / 2 {
		smallFile(t, bytes)
	}
}

// smallFile is a run that may write no file larger than so many bytes; 0: than one less than its report.
func smallFile(t *testing.T, bytes int64) {
	t.Helper()
	spec := write(t, fragile)
	whole, want := reference(t, spec)
	last := bytes == 0
	if last {
		info, err := os.Stat(filepath.Join(whole, store.ReportFile))
		if err != nil {
			t.Fatal(err)
		}
		bytes = info.Size() - 1
	}
	out, what := t.TempDir(), fmt.Sprintf("files of at most %d bytes", bytes)
	cmd, log := program([]string{fmt.Sprintf("SGDLAB_TEST_FSIZE=%d", bytes)}, "run", spec, "--out", out)
	if err := cmd.Run(); err != nil && !strings.Contains(log.String(), "file too large; raise the limit on file sizes (ulimit -f), then `sgdlab resume ") {
		t.Errorf("%s: %v\n%s", what, err, log)
	}
	dir := folder(t, out)
	if dir == "" {
		done(t, "run", spec, "--out", out)
	} else {
		if _, err := os.Stat(filepath.Join(dir, store.ReportFile)); last && (err == nil || state(t, dir) != string(store.Done)) {
			t.Errorf("%s: the run was not stopped at its report: it is %s, %v", what, state(t, dir), err)
		}
		sound(t, what, dir)
		done(t, "resume", dir)
	}
	recovered(t, "after "+what, folder(t, out), whole, want, kept(log))
}

// A run that cannot write its report, which comes when all else is there, fails, and resume makes the report.
func TestNoRoomForTheReport(t *testing.T) { smallFile(t, 0) }
