package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Lock says that a live process drives a run folder. Nothing rests on it: commits are right without it. It spares two
// people from driving one run by mistake. Workers of an engine do not take it.
//
// It is the system's lock of a file, which the system gives back when the process ends, however it ends. Over NFS it holds
// between machines where the server has a lock manager (version 4 always has); where a file system has no locks every
// caller gets one, and two writers do the same work twice, to the same bytes.
type Lock struct{ file *os.File }

// LockedError is a folder that another process drives.
type LockedError struct {
	Dir string
	By  string // "process 1234 on host, since 2 Jan 15:04:05,"
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: %s is writing to this run; wait for it, or stop it (Ctrl-C there, or kill: what it has done is kept), then `sgdlab resume %s`", e.Dir, e.By, e.Dir)
}

// patience is how long a lock that is held is asked for again: who only looks whether it is held has it for a moment.
const patience = 100 * time.Millisecond

// LockRun takes the lock of a run folder, or says who has it (*LockedError).
func LockRun(dir string) (*Lock, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, diskError(path, "create", err)
	}
	err = flock(f)
	for begun := time.Now(); held(err) && time.Since(begun) < patience; err = flock(f) {
		time.Sleep(patience / 20)
	}
	switch {
	case err == nil:
		// For the message of those who come later; a disk too full for it is not worth a refusal.
		if f.Truncate(0) == nil {
			host, err := os.Hostname()
			if err != nil {
				host = "this machine"
			}
			fmt.Fprintf(f, "process %d on %s, since %s,\n", os.Getpid(), host, time.Now().Format("2 Jan 15:04:05"))
		}
	case held(err):
		by, _ := io.ReadAll(io.LimitReader(f, 400))
		f.Close()
		if by = bytes.TrimSpace(by); len(by) == 0 {
			by = []byte("another process")
		}
		return nil, &LockedError{Dir: dir, By: string(by)}
	case !noLocks(err):
		f.Close()
		return nil, diskError(path, "lock", err)
	}
	return &Lock{file: f}, nil
}

// Release gives the lock back. The file stays, empty: removing it could remove the lock of the next holder.
func (l *Lock) Release() error {
	_ = l.file.Truncate(0)
	return l.file.Close()
}

// Driven reports whether a live process drives a run folder, as far as the file system can tell.
func Driven(dir string) bool {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		f, err = os.Open(path)
	}
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	return flock(f) != nil
}
