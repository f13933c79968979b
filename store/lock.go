package store

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Lock says that a live process drives a run folder. Nothing rests on it: commits are right without it. It spares two
// people from driving one run by mistake. Workers of an engine do not take it.
type Lock struct{ file *os.File }

// LockedError is a folder that another process drives.
type LockedError struct {
	Dir string
	By  string // "process 1234"
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: %s is writing to this run; wait for it, or stop it", e.Dir, e.By)
}

// LockRun takes the lock of a run folder, or says who has it (*LockedError). The system gives the lock back when the
// process ends, however it ends. Where the file system has no locks every caller gets one.
func LockRun(dir string) (*Lock, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, diskError(path, "create", err)
	}
	switch err := flock(f); {
	case err == nil:
		// For the message of those who come later; a disk too full for it is not worth a refusal.
		if f.Truncate(0) == nil {
			fmt.Fprintf(f, "process %d\n", os.Getpid())
		}
	case held(err):
		by, _ := io.ReadAll(io.LimitReader(f, 80))
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

// Release gives the lock back. The file stays: removing it could remove the lock of the next holder.
func (l *Lock) Release() error { return l.file.Close() }
