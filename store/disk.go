package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// disk is the operating system's files. Its zero value is the real thing; tests put faults in its fields.
type disk struct {
	link      func(from, to string) error // nil: os.Link
	noReplace func(from, to string) error // nil: renameNoReplace
	writer    func(f *os.File) io.Writer  // nil: f itself
	sync      func(f *os.File) error      // nil: f.Sync
	written   func(temp, path string)     // called, where not nil, between writing a temporary file and placing it
}

// tries bounds how often a file is written anew because a sweep took its temporary file, or its place was taken by a
// damaged file that went meanwhile. Each needs another process to act within microseconds, so a second try is rare.
const tries = 16

// A temporary file is hidden, lies in the folder of the file it is to become, and is locked by its writer while it is
// being written: a sweep that gets the lock knows that the writer is dead.
var temporary = regexp.MustCompile(`^\..+\.[0-9a-f]{16}\.tmp$`)

func temporaryName(path string) string {
	var b [8]byte
	rand.Read(b[:]) // never fails; names need no seed, they are in no result
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+hex.EncodeToString(b[:])+".tmp")
}

// draft is a temporary file being written.
type draft struct {
	path string // the final name
	temp string
	file *os.File
	err  error // the first failure to write, which libraries above may have wrapped or dropped
	out  io.Writer
	disk disk
}

func (d disk) create(path string) (*draft, error) {
	temp := temporaryName(path)
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, diskError(path, "create", err)
	}
	// Where a file system has no locks, sweeps leave its temporary files alone.
	if err := flock(f); err != nil && !noLocks(err) {
		f.Close()
		os.Remove(temp)
		return nil, diskError(path, "lock", err)
	}
	w := &draft{path: path, temp: temp, file: f, out: f, disk: d}
	if d.writer != nil {
		w.out = d.writer(f)
	}
	return w, nil
}

func (w *draft) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}

// fail removes the draft and names the reason.
func (w *draft) fail(op string, err error) error {
	w.file.Close()
	os.Remove(w.temp)
	if w.err != nil {
		err = w.err
	}
	return diskError(w.path, op, err)
}

// finish puts the draft on the disk: synced and closed, not yet under its final name.
func (w *draft) finish() error {
	sync := (*os.File).Sync
	if w.disk.sync != nil {
		sync = w.disk.sync
	}
	if err := sync(w.file); err != nil {
		return w.fail("sync", err)
	}
	if err := w.file.Close(); err != nil { // network file systems report a full disk here
		return w.fail("close", err)
	}
	if w.disk.written != nil {
		w.disk.written(w.temp, w.path)
	}
	return nil
}

// write is create, one Write, finish.
func (d disk) write(path string, data []byte) (temp string, err error) {
	w, err := d.create(path)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(data); err != nil {
		return "", w.fail("write", err)
	}
	return w.temp, w.finish()
}

// place gives a finished temporary file its final name, if that is free; fs.ErrExist if it is not. A link both checks
// and places in one step, also on network file systems; where there are none, a rename that refuses to replace does.
func (d disk) place(temp, path string) error {
	link, noReplace := os.Link, renameNoReplace
	if d.link != nil {
		link = d.link
	}
	if d.noReplace != nil {
		noReplace = d.noReplace
	}
	err := link(temp, path)
	switch {
	case err == nil:
		os.Remove(temp) // a sweep takes it if this fails
		return nil
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EOPNOTSUPP),
		errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.EMLINK), errors.Is(err, syscall.EXDEV):
		return noReplace(temp, path)
	}
	return err
}

// replace writes data under path whatever stands there; after a crash at any instant there is either the old content
// or the new.
func (d disk) replace(path string, data []byte) error {
	for try := 1; ; try++ {
		temp, err := d.write(path, data)
		if err != nil {
			return err
		}
		err = os.Rename(temp, path)
		if errors.Is(err, fs.ErrNotExist) && try < tries {
			continue // swept between close and rename
		}
		if err != nil {
			os.Remove(temp)
			return diskError(path, "rename", err)
		}
		return syncDir(path)
	}
}

// syncDir makes the name of path durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return diskError(path, "sync folder", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) { // some cannot
		return diskError(path, "sync folder", err)
	}
	return nil
}

// Replace writes data under path, atomically: after a crash at any instant the file holds its old content or the new,
// whole. For checkpoints, progress and JSON documents; shards are committed once, with Commit. The error is a
// *DiskError.
func Replace(path string, data []byte) error { return disk{}.replace(path, data) }

// Sweep removes the temporary files that dead writers left in dir and below, and returns their paths. Files of live
// writers stay; call it at start-up, at any time and from any number of processes.
func Sweep(dir string) (removed []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // another sweep was quicker
			}
			return diskError(path, "read", err)
		}
		if !entry.Type().IsRegular() || !temporary.MatchString(entry.Name()) {
			return nil
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return nil // gone, or another user's
		}
		defer f.Close()
		if flock(f) != nil {
			return nil // its writer lives
		}
		if os.Remove(path) == nil {
			removed = append(removed, path)
		}
		return nil
	})
	return removed, err
}

// flock takes the exclusive lock of an open file, or says at once that another holds it (see held). The system gives
// it back when the file is closed, also by kill -9.
func flock(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	if err := conn.Control(func(fd uintptr) { locked = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) }); err != nil {
		return err
	}
	return locked
}

// held: another open file has the lock.
func held(err error) bool { return errors.Is(err, syscall.EWOULDBLOCK) }

// noLocks: the file system has none.
func noLocks(err error) bool {
	return errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) ||
		errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.EINVAL)
}
