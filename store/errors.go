package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// DiskError is an operation that the disk refused: it is full, read-only, over its quota or failing. What was written of
// the file has been removed, and the file that stood under its name before, if any, is untouched. Trying again is right
// once the cause is gone (exit 75 of a worker).
type DiskError struct {
	Path string // the file that was to be written or read
	Op   string // create, write, sync, close, link, rename, read, …
	Err  error
	Run  string // the run folder that Path is in; "RUN" where it is not known
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("%s: %s: %s; %s, then `sgdlab resume %s`", e.Path, e.Op, cause(e.Err), e.remedy(), e.Run)
}

// Unwrap gives the system's error, so that errors.Is(err, syscall.ENOSPC) answers.
func (e *DiskError) Unwrap() error { return e.Err }

func (e *DiskError) remedy() string {
	switch {
	case errors.Is(e.Err, syscall.ENOSPC):
		return "free space on that disk"
	case errors.Is(e.Err, syscall.EDQUOT):
		return "free space within your quota"
	case errors.Is(e.Err, syscall.EFBIG):
		return "raise the limit on file sizes (ulimit -f)"
	case errors.Is(e.Err, syscall.EROFS), errors.Is(e.Err, fs.ErrPermission):
		return "make the folder writable"
	case errors.Is(e.Err, fs.ErrNotExist):
		return "put the folder back"
	case errors.Is(e.Err, syscall.EIO):
		return "copy the run folder to a disk that works"
	}
	return "make the disk usable"
}

// cause is the bare reason, without the operation and path that os puts around it: those may be a temporary file's.
func cause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

func diskError(path, op string, err error) *DiskError {
	return &DiskError{Path: path, Op: op, Err: err, Run: runOf(path)}
}

// runOf is the folder with a manifest or a spec that path lies in, at most three levels up.
func runOf(path string) string {
	dir := path
	for range 3 {
		dir = filepath.Dir(dir)
		for _, name := range []string{ManifestFile, SpecJSON, SpecYAML} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return dir
			}
		}
	}
	return "RUN"
}

// DamagedError is a file whose content is not what was written: cut short, altered, or not ours.
type DamagedError struct {
	Path    string
	Finding string // "cut short: 812 of 2048 bytes"
	Remedy  string // "`sgdlab resume RUN` computes this shard anew"
}

func (e *DamagedError) Error() string { return e.Path + ": " + e.Finding + "; " + e.Remedy }

// PlanError is a sound file of another plan: another spec, other seeds or another version of the program. Trying again
// does not help (exit 65 of a worker).
type PlanError struct {
	Path        string
	Found, Want Digest
}

func (e *PlanError) Error() string {
	return fmt.Sprintf("%s: written for plan %s, but this run's plan is %s: the spec or the program has changed since; use the program that wrote it, or start afresh with another --out",
		e.Path, e.Found.Short(), e.Want.Short())
}

// ConflictError is one shard with two different results, both sound: a different binary or machine, or a broken
// promise of sameness. Neither may be averaged away or overwritten; both are kept (exit 65 of a worker).
type ConflictError struct {
	Path string // the result committed first
	Kept string // the one that came second
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s: already committed with a different result; the new one is kept as %s: check that both came from the same program, with `sgdlab verify %s`, and report it if they did",
		e.Path, filepath.Base(e.Kept), runOf(e.Path))
}

// readError turns the failure to read a file that should be there into an error with a remedy.
func readError(path string, err error, remedy string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &MissingError{Path: path, Remedy: remedy}
	}
	return diskError(path, "read", err)
}

// MissingError is a file that should be there and is not; errors.Is(err, fs.ErrNotExist) holds.
type MissingError struct{ Path, Remedy string }

func (e *MissingError) Error() string { return e.Path + ": no such file; " + e.Remedy }

// Is reports that a missing file does not exist.
func (e *MissingError) Is(target error) bool { return target == fs.ErrNotExist }
