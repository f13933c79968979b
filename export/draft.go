package export

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// draft is a file being written under a temporary name, in the folder of its final one: a reader never sees a part of it.
// What is no regular file, such as a pipe or a device, gets the whole content at the end.
type draft struct {
	path    string
	file    *os.File
	buf     *bufio.Writer
	err     error // the first refusal of the disk, which libraries above may wrap or drop
	special bool  // path is there and is no regular file
	force   bool
	placed  bool
}

func create(path string, force bool) (*draft, error) {
	d := &draft{path: path, force: force}
	dir := filepath.Dir(path)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, &Error{Path: path, Finding: "it is a folder", Remedy: "name a file"}
	case err == nil && !info.Mode().IsRegular():
		d.special, dir = true, os.TempDir()
	case err == nil && !force:
		return nil, exists(path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, failed(path, "cannot be looked at", err)
	}
	var name [8]byte
	rand.Read(name[:]) // never fails
	f, err := os.OpenFile(filepath.Join(dir, "."+filepath.Base(path)+"."+hex.EncodeToString(name[:])+".tmp"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, failed(path, "cannot be made", err)
	}
	d.file = f
	d.buf = bufio.NewWriterSize(d, 1<<16)
	return d, nil
}

func exists(path string) error {
	return &Error{Path: path, Finding: "it is there already", Remedy: "--force replaces it, --out names another place", Err: fs.ErrExist}
}

// failed is a refusal of the disk, with what would help.
func failed(path, what string, err error) error {
	var errno syscall.Errno
	var cause error = err
	if errors.As(err, &errno) {
		cause = errno
	}
	remedy := "choose another place with --out"
	switch {
	case errors.Is(err, syscall.ENOSPC):
		remedy = "free space on that disk, or " + remedy
	case errors.Is(err, syscall.EDQUOT):
		remedy = "free space within your quota, or " + remedy
	case errors.Is(err, syscall.EFBIG):
		remedy = "raise the limit on file sizes (ulimit -f), or " + remedy
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		remedy = "make its folder writable, or " + remedy
	case errors.Is(err, fs.ErrNotExist):
		remedy = "make its folder first, or " + remedy
	}
	return &Error{Path: path, Finding: fmt.Sprintf("%s: %v", what, cause), Remedy: remedy, Err: err}
}

// Write appends to the file.
func (d *draft) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if err != nil && d.err == nil {
		d.err = err
	}
	return n, err
}

// WriteAt writes at a place of the file; what Write was given has to be flushed first.
func (d *draft) WriteAt(p []byte, at int64) (int, error) {
	n, err := d.file.WriteAt(p, at)
	if err != nil && d.err == nil {
		d.err = err
	}
	return n, err
}

// wrap names the file in an error that is the disk's.
func (d *draft) wrap(err error) error {
	if d.err != nil {
		return failed(d.path, "cannot be written", d.err)
	}
	return err
}

// place puts the file under its name.
func (d *draft) place() error {
	if err := d.buf.Flush(); err != nil {
		return d.wrap(err)
	}
	if d.special {
		return d.copy()
	}
	if err := d.file.Sync(); err != nil {
		return failed(d.path, "cannot be written", err)
	}
	if err := d.file.Close(); err != nil { // network file systems report a full disk here
		return failed(d.path, "cannot be written", err)
	}
	if !d.force { // a link refuses a name that was taken meanwhile
		err := os.Link(d.file.Name(), d.path)
		if err == nil {
			d.placed = true
			os.Remove(d.file.Name())
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return exists(d.path)
		}
	}
	if err := os.Rename(d.file.Name(), d.path); err != nil {
		return failed(d.path, "cannot be put under its name", err)
	}
	d.placed = true
	return nil
}

// copy hands the content to a pipe or a device.
func (d *draft) copy() error {
	out, err := os.OpenFile(d.path, os.O_WRONLY, 0)
	if err != nil {
		return failed(d.path, "cannot be opened", err)
	}
	defer out.Close()
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return failed(d.path, "cannot be written", err)
	}
	if _, err := io.Copy(out, d.file); err != nil {
		return failed(d.path, "cannot be written", err)
	}
	return nil
}

// abandon removes what is left of a draft.
func (d *draft) abandon() {
	if !d.placed {
		d.file.Close()
		os.Remove(d.file.Name())
	}
}
