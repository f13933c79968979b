package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary started again with this variable set is the other process of a test.
const roleVar = "SGDLAB_STORE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "":
		os.Exit(m.Run())
	case "commit":
		committer(os.Getenv("DIR"))
	case "lock":
		locker(os.Getenv("DIR"))
	case "small-files":
		smallFiles(os.Getenv("DIR"))
	}
}

func again(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVar+"="+role, "DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

func blob(kind Kind, plan byte, payload string) Blob {
	return Blob{Kind: kind, Plan: Digest{plan}, Payload: []byte(payload)}
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// holds: the folder's files are these, no more.
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %q; want %q", dir, got, want)
	}
}

func TestBlobRoundTrip(t *testing.T) {
	for _, payload := range []string{"", "x", strings.Repeat("\x00\xff", 1<<16)} {
		path := filepath.Join(t.TempDir(), "b")
		if out, err := Commit(path, blob(Shard, 1, payload)); err != nil || out != Committed {
			t.Fatalf("%v, %v", out, err)
		}
		got, err := ReadBlob(path, Shard, Digest{1})
		if err != nil || string(got) != payload {
			t.Errorf("%d bytes came back as %d: %v", len(payload), len(got), err)
		}
	}
}

// The layout is a promise: old results must stay readable.
func TestBlobLayout(t *testing.T) {
	data := blob(Checkpoint, 0xab, "payload").Encode()
	want := "sgdlab\r\n" + "\x01\x00\x00\x00" + "\x02\x00\x00\x00" + "\xab" + strings.Repeat("\x00", 31) + "\x07\x00\x00\x00\x00\x00\x00\x00" + "payload"
	if got := string(data[:len(data)-32]); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestBlobDamage(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, SpecYAML), nil)
	path := filepath.Join(dir, "shard-000003")
	whole := blob(Shard, 1, "the means of shard 3").Encode()
	refused := func(what string, data []byte, words ...string) {
		t.Helper()
		put(t, path, data)
		got, err := ReadBlob(path, Shard, Digest{1})
		var damaged *DamagedError
		if !errors.As(err, &damaged) || got != nil {
			t.Fatalf("%s: got %q and error %v; want a *DamagedError", what, got, err)
		}
		for _, w := range append(words, path+": ", "`sgdlab resume "+dir+"`") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q lacks %q", what, err, w)
			}
		}
	}
	for n := 1; n < len(whole); n++ {
		refused(fmt.Sprintf("cut to %d bytes", n), whole[:n], "cut short")
	}
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			refused(fmt.Sprintf("bit %d of byte %d", bit, i), b)
		}
	}
	refused("nothing", nil, "empty")
	refused("one byte more", append(bytes.Clone(whole), 7), "1 bytes too many")
	refused("zeros", make([]byte, len(whole)), "not a file of sgdlab")
	refused("a checkpoint", blob(Checkpoint, 1, "x").Encode(), "holds a checkpoint; want a shard")
	put(t, path, whole)
	if _, err := ReadBlob(path, Shard, Digest{1}); err != nil {
		t.Errorf("the whole file is refused: %v", err)
	}
}

// A sound file of a newer program is told from a damaged one, and never replaced.
func TestBlobOfOtherVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b")
	data := blob(Shard, 1, "x").Encode()
	binary.LittleEndian.PutUint32(data[8:], 2)
	head := data[:len(data)-blobTrailer]
	sum := sum256(head)
	newer := append(bytes.Clone(head), sum[:]...)
	put(t, path, newer)
	if _, err := ReadBlob(path, Shard, Digest{1}); err == nil || !strings.Contains(err.Error(), "format version 2; this program reads version 1") {
		t.Errorf("got %v", err)
	}
	var conflict *ConflictError
	if _, err := Commit(path, blob(Shard, 1, "x")); !errors.As(err, &conflict) {
		t.Errorf("got %v; want a conflict", err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, newer) {
		t.Error("the newer file was replaced")
	}
}

func TestBlobOfOtherPlan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b")
	put(t, path, blob(Shard, 1, "x").Encode())
	var other *PlanError
	if _, err := ReadBlob(path, Shard, Digest{2}); !errors.As(err, &other) || !strings.Contains(err.Error(), "plan 01000000, but this run's plan is 02000000") {
		t.Errorf("got %v", err)
	}
}

func TestBlobMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b")
	if _, err := ReadBlob(path, Checkpoint, Digest{1}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if _, err := ReadBlob(t.TempDir(), Shard, Digest{1}); err == nil {
		t.Error("a folder was read as a blob")
	}
}

func TestCommitOutcomes(t *testing.T) {
	first := blob(Shard, 1, "first")
	noLinks := disk{link: func(from, to string) error {
		return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM} // as vfat does
	}}
	for name, d := range map[string]disk{"links": {}, "no links": noLinks} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "s")
			if out, err := d.commit(path, first); out != Committed || err != nil {
				t.Fatalf("free: %v, %v", out, err)
			}
			if out, err := d.commit(path, first); out != Duplicate || err != nil {
				t.Errorf("taken by an equal one: %v, %v", out, err)
			}
			holds(t, dir, "s")

			second := blob(Shard, 1, "second")
			for range 2 { // a conflict met again is kept once
				_, err := d.commit(path, second)
				var conflict *ConflictError
				if !errors.As(err, &conflict) || conflict.Path != path {
					t.Fatalf("taken by a different one: %v", err)
				}
				if got, err := ReadBlob(conflict.Kept, Shard, Digest{1}); err != nil || string(got) != "second" {
					t.Errorf("the second is not kept: %q, %v", got, err)
				}
				holds(t, dir, "s", filepath.Base(conflict.Kept))
			}
			if got, err := ReadBlob(path, Shard, Digest{1}); err != nil || string(got) != "first" {
				t.Errorf("the first is lost: %q, %v", got, err)
			}
			if _, err := d.commit(path, blob(Shard, 2, "first")); err == nil {
				t.Error("a result of another plan passed for a duplicate")
			}

			dir = t.TempDir()
			path = filepath.Join(dir, "s")
			whole := first.Encode()
			for n := 0; n < len(whole); n += 13 {
				put(t, path, whole[:n])
				if out, err := d.commit(path, first); out != Committed || err != nil {
					t.Fatalf("taken by its first %d bytes: %v, %v", n, out, err)
				}
				if got, err := ReadBlob(path, Shard, Digest{1}); err != nil || string(got) != "first" {
					t.Fatalf("taken by its first %d bytes: then %q, %v", n, got, err)
				}
			}
			holds(t, dir, "s")
		})
	}
}

// Where neither links nor renames that refuse to replace exist, a commit fails rather than risk an overwrite.
func TestCommitWithoutLinks(t *testing.T) {
	refuse := func(string, string) error { return syscall.ENOTSUP }
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	_, err := disk{link: refuse, noReplace: refuse}.commit(path, blob(Shard, 1, "x"))
	var failed *DiskError
	if !errors.As(err, &failed) || failed.Op != "link" {
		t.Errorf("got %v", err)
	}
	holds(t, dir)
}

func TestRenameNoReplace(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	put(t, a, []byte("a"))
	put(t, b, []byte("b"))
	err := renameNoReplace(a, b)
	if errors.Is(err, syscall.ENOTSUP) {
		holds(t, dir, "a", "b")
		return // not a system that has it
	}
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("name taken: got %v", err)
	}
	if got, _ := os.ReadFile(b); string(got) != "b" {
		t.Errorf("the file was replaced by %q", got)
	}
	if err := renameNoReplace(a, filepath.Join(dir, "c")); err != nil {
		t.Errorf("name free: %v", err)
	}
	holds(t, dir, "b", "c")
}

// Of many that commit at once, one wins and all say what is true.
func TestCommitAtOnce(t *testing.T) {
	const n = 8
	race := func(t *testing.T, path string, payload func(i int) string) (committed, duplicates, conflicts int) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		start := make(chan struct{})
		for i := range n {
			wg.Go(func() {
				<-start
				out, err := Commit(path, blob(Shard, 1, payload(i)))
				mu.Lock()
				defer mu.Unlock()
				var conflict *ConflictError
				switch {
				case errors.As(err, &conflict):
					conflicts++
				case err != nil:
					t.Error(err)
				case out == Committed:
					committed++
				default:
					duplicates++
				}
			})
		}
		close(start)
		wg.Wait()
		return
	}
	for range 10 {
		dir := t.TempDir()
		path := filepath.Join(dir, "s")
		if c, d, x := race(t, path, func(int) string { return "same" }); c != 1 || d != n-1 || x != 0 {
			t.Errorf("equal: %d committed, %d duplicates, %d conflicts; want 1, %d, 0", c, d, x, n-1)
		}
		holds(t, dir, "s")

		dir = t.TempDir()
		path = filepath.Join(dir, "s")
		if c, d, x := race(t, path, func(i int) string { return fmt.Sprint(i) }); c != 1 || d != 0 || x != n-1 {
			t.Errorf("different: %d committed, %d duplicates, %d conflicts; want 1, 0, %d", c, d, x, n-1)
		}
		if names, _ := os.ReadDir(dir); len(names) != n {
			t.Errorf("different: %d files kept; want all %d", len(names), n)
		}

		dir = t.TempDir()
		path = filepath.Join(dir, "s")
		put(t, path, blob(Shard, 1, "same").Encode()[:50])
		if c, d, x := race(t, path, func(int) string { return "same" }); c < 1 || c+d != n || x != 0 {
			t.Errorf("damaged before: %d committed, %d duplicates, %d conflicts", c, d, x)
		}
		if got, err := ReadBlob(path, Shard, Digest{1}); err != nil || string(got) != "same" {
			t.Errorf("damaged before: then %q, %v", got, err)
		}
		holds(t, dir, "s")
	}
}

// A file seen to be damaged may have been replaced by a sound one before it is taken away: that one must come back.
func TestSetAsideSound(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	put(t, path, blob(Shard, 1, "sound").Encode())
	if err := (disk{}).setAside(path); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadBlob(path, Shard, Digest{1}); err != nil || string(got) != "sound" {
		t.Errorf("%q, %v", got, err)
	}
	holds(t, dir, "s")
}

// A sweep between close and link takes the temporary file; the commit writes it again.
func TestSweepDuringCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	swept := 0
	d := disk{written: func(temp, _ string) {
		if swept == 0 {
			removed, err := Sweep(dir)
			if err != nil || len(removed) != 1 || removed[0] != temp {
				t.Errorf("swept %v, %v; want %s", removed, err, temp)
			}
			swept++
		}
	}}
	if out, err := d.commit(path, blob(Shard, 1, "x")); out != Committed || err != nil || swept != 1 {
		t.Errorf("%v, %v after %d sweeps", out, err, swept)
	}
	swept = 0
	if err := d.replace(path, []byte("y")); err != nil || swept != 1 {
		t.Errorf("replace: %v after %d sweeps", err, swept)
	}
	holds(t, dir, "s")
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, CheckpointDir)
	if err := os.Mkdir(sub, 0o777); err != nil {
		t.Fatal(err)
	}
	live, err := disk{}.create(filepath.Join(dir, "live"))
	if err != nil {
		t.Fatal(err)
	}
	dead, deep := temporaryName(filepath.Join(dir, "dead")), temporaryName(filepath.Join(sub, "deep"))
	put(t, dead, []byte("half"))
	put(t, deep, nil)
	for _, name := range []string{"a.tmp", ".hidden", ".x.0123.tmp", "s"} {
		put(t, filepath.Join(dir, name), nil)
	}
	removed, err := Sweep(dir)
	slices.Sort(removed)
	want := []string{dead, deep}
	slices.Sort(want)
	if err != nil || !slices.Equal(removed, want) {
		t.Errorf("removed %v, %v; want %v", removed, err, want)
	}
	holds(t, dir, filepath.Base(live.temp), "a.tmp", ".hidden", ".x.0123.tmp", "s", CheckpointDir)
	if _, err := Sweep(filepath.Join(dir, "gone")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c")
	for _, data := range []string{"one", "two", ""} {
		if err := Replace(path, []byte(data)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != data {
			t.Errorf("got %q, %v; want %q", got, err, data)
		}
	}
	holds(t, dir, "c")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o400 == 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// failing is a disk that takes n bytes and then fails with an error.
func failing(n int, err error) disk {
	return disk{writer: func(f *os.File) io.Writer { return &failingWriter{f, n, err} }}
}

type failingWriter struct {
	f    *os.File
	left int
	err  error
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) <= w.left {
		w.left -= len(p)
		return w.f.Write(p)
	}
	n, _ := w.f.Write(p[:w.left])
	w.left = 0
	return n, w.err
}

// full wants every way of writing to report a full disk, leave the old file and no temporary one.
func full(t *testing.T, d disk, dir string, errno syscall.Errno) {
	t.Helper()
	check := func(what string, err error) {
		t.Helper()
		var failed *DiskError
		if !errors.As(err, &failed) || !errors.Is(err, errno) {
			t.Errorf("%s: got %v; want a *DiskError of %v", what, err, errno)
			return
		}
		for _, w := range []string{failed.Path + ": ", errno.Error(), "then `sgdlab resume " + dir + "`"} {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q lacks %q", what, err, w)
			}
		}
		if strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: error %q names the temporary file", what, err)
		}
	}
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("0123456789abcdef", 1<<14)
	_, err = d.commit(filepath.Join(dir, "shard"), blob(Shard, 1, big))
	check("commit", err)
	check("replace", d.replace(filepath.Join(dir, "old"), []byte(big)))
	w, err := create[Sample](d, filepath.Join(dir, SamplesFile), 1000)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		rows := samples(1000)
		for i := range rows {
			rows[i].Cell, rows[i].Value = 0, r.Float64()
		}
		if err = w.Write(rows...); err != nil {
			break
		}
	}
	if err == nil {
		err = w.Close()
	}
	check("table", err)
	if again := w.Close(); again == nil {
		t.Error("table: Close after a failure reports nothing")
	}
	many := make([]Cell, 20000)
	for i := range many {
		many[i] = Cell{ID: i, Params: []Param{{"x", "", r.Float64()}}}
	}
	_, err = d.writeCells(filepath.Join(dir, CellsFile), many, 1000)
	check("cells", err)
	if got, err := os.ReadFile(filepath.Join(dir, "old")); err != nil || string(got) != "old" {
		t.Errorf("the old file is now %d bytes: %v", len(got), err)
	}
	var names []string
	for _, e := range before {
		names = append(names, e.Name())
	}
	holds(t, dir, names...)
}

// run makes a folder that passes for a run.
func run(t *testing.T, dir string) string {
	t.Helper()
	put(t, filepath.Join(dir, SpecYAML), nil)
	put(t, filepath.Join(dir, "old"), []byte("old"))
	return dir
}

func TestFullDisk(t *testing.T) {
	for _, n := range []int{0, 1, 5000, 100000} {
		full(t, failing(n, &fs.PathError{Op: "write", Path: "/x/.s.tmp", Err: syscall.ENOSPC}), run(t, t.TempDir()), syscall.ENOSPC)
	}
	full(t, failing(10, syscall.EIO), run(t, t.TempDir()), syscall.EIO)
	full(t, disk{sync: func(*os.File) error { return syscall.EDQUOT }}, run(t, t.TempDir()), syscall.EDQUOT)
}

// A disk that is really full: a small tmpfs where this process may mount one, else the device that is always full.
func TestFullDiskForReal(t *testing.T) {
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).Run(); err == nil {
		defer func() {
			if err := exec.Command("umount", dir).Run(); err != nil {
				t.Error(err)
			}
		}()
		full(t, disk{}, run(t, dir), syscall.ENOSPC)
		// Whatever its size, a result is either whole or not there.
		for n := 1000; n < 100000; n += 3000 {
			path := filepath.Join(dir, "s")
			_, err := Commit(path, blob(Shard, 1, strings.Repeat("x", n)))
			if _, there := os.Stat(path); (err == nil) != (there == nil) {
				t.Errorf("%d bytes: commit says %v, the name says %v", n, err, there)
			}
			os.Remove(path)
		}
		return
	}
	device, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil { // not Linux: the fault of TestFullDisk, once more
		full(t, failing(4096, syscall.ENOSPC), run(t, dir), syscall.ENOSPC)
		return
	}
	defer device.Close()
	full(t, disk{writer: func(*os.File) io.Writer { return device }}, run(t, dir), syscall.ENOSPC)
}

// A limit on the size of files is the full disk that every user can have, and the error is the system's own.
func TestFileSizeLimit(t *testing.T) {
	dir := run(t, t.TempDir())
	out, err := again(t, "small-files", dir).Output()
	if err != nil || string(out) != dir+"/s: write: file too large; raise the limit on file sizes (ulimit -f), then `sgdlab resume "+dir+"`\n" {
		t.Errorf("got %q, %v", out, err)
	}
	holds(t, dir, SpecYAML, "old")
}

func smallFiles(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
		fmt.Println(err)
	}
	_, err := Commit(filepath.Join(dir, "s"), blob(Shard, 1, strings.Repeat("x", 1<<16)))
	fmt.Println(err)
}

func TestDiskErrorRemedies(t *testing.T) {
	for err, want := range map[error]string{
		syscall.ENOSPC: "free space on that disk", syscall.EDQUOT: "quota", syscall.EROFS: "make the folder writable",
		syscall.EACCES: "make the folder writable", syscall.ENOENT: "put the folder back", syscall.EIO: "a disk that works",
		errors.New("odd"): "make the disk usable",
	} {
		e := diskError("s", "write", fmt.Errorf("deep: %w", &fs.PathError{Op: "write", Path: "t", Err: err}))
		if msg := e.Error(); !strings.Contains(msg, want) || !strings.Contains(msg, "then `sgdlab resume RUN`") {
			t.Errorf("%v: %s; want %q", err, msg, want)
		}
		if !errors.Is(e, err) {
			t.Errorf("%v is not found in its DiskError", err)
		}
	}
	var failed *DiskError
	if _, err := Commit(filepath.Join(t.TempDir(), "gone", "s"), blob(Shard, 1, "")); !errors.As(err, &failed) || failed.Op != "create" {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// committer commits, replaces and writes tables without end, and prints a line once the first round is there.
func committer(dir string) {
	payload := strings.Repeat("shard", 1<<15)
	for i := 0; ; i++ {
		if _, err := Commit(filepath.Join(dir, fmt.Sprintf("shard-%d-%d", os.Getpid(), i)), blob(Shard, 1, payload)); err != nil {
			fmt.Println(err)
		}
		if err := Replace(filepath.Join(dir, "progress"), blob(Checkpoint, 1, payload).Encode()); err != nil {
			fmt.Println(err)
		}
		w, err := Create[Sample](filepath.Join(dir, SamplesFile))
		if err == nil {
			err = errors.Join(w.Write(samples(200)...), w.Close())
		}
		if err != nil {
			fmt.Println(err)
		}
		if i == 0 {
			fmt.Println("ready")
		}
	}
}

// kill -9 at any instant leaves every final name whole, and temporary files that a sweep takes.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(3, 4))
	shards, left := 0, 0
	for range 20 {
		cmd := again(t, "commit", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Errorf("the other process says %q, %v", line, err)
		}
		time.Sleep(time.Duration(r.IntN(20_000)) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the other process ended by itself")
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			var err error
			switch {
			case strings.HasPrefix(e.Name(), "shard-"):
				shards++
				_, err = ReadBlob(path, Shard, Digest{1})
			case e.Name() == "progress":
				_, err = ReadBlob(path, Checkpoint, Digest{1})
			case e.Name() == SamplesFile:
				_, err = Read[Sample](path)
			case temporary.MatchString(e.Name()):
				left++
			default:
				t.Errorf("left behind: %s", e.Name())
			}
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := Sweep(dir); err != nil {
			t.Error(err)
		}
		if entries, _ := os.ReadDir(dir); slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return temporary.MatchString(e.Name()) }) {
			t.Error("a dead writer's temporary file survived the sweep")
		}
	}
	if shards == 0 || left == 0 {
		t.Errorf("%d shards and %d temporary files seen: the kills proved nothing", shards, left)
	}
}

func locker(dir string) {
	if _, err := LockRun(dir); err != nil {
		fmt.Println(err)
	}
	fmt.Println("locked")
	time.Sleep(time.Minute)
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	cmd := again(t, "lock", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Errorf("the other process says %q, %v", line, err)
	}
	_, err = LockRun(dir)
	var locked *LockedError
	host, _ := os.Hostname()
	if want := fmt.Sprintf("%s: process %d on %s, since ", dir, cmd.Process.Pid, host); !errors.As(err, &locked) || !strings.HasPrefix(err.Error(), want) ||
		!strings.Contains(err.Error(), ", is writing to this run; wait for it, or stop it") || !strings.HasSuffix(err.Error(), "then `sgdlab resume "+dir+"`") {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if !Driven(dir) {
		t.Error("a folder whose lock is held is not driven")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // its error is the kill
	if Driven(dir) || Driven(t.TempDir()) {
		t.Error("a folder that nobody has, or had, is driven")
	}
	l, err := LockRun(dir)
	if err != nil {
		t.Fatalf("after kill -9 of the holder: %v", err)
	}
	if _, err := LockRun(dir); !errors.As(err, &locked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second lock in one process: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	if l, err = LockRun(dir); err != nil {
		t.Errorf("after release: %v", err)
	} else {
		l.Release()
	}
	if _, err := LockRun(filepath.Join(dir, "gone")); err == nil {
		t.Error("locked a folder that is not there")
	}
}
