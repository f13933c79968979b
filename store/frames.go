package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Frames is a file of blobs, one after the other, being written: nothing stands under its name before Close.
type Frames struct {
	draft *draft
	size  int64
	done  bool
}

// CreateFrames starts a file of blobs that Close puts under path, in place of what stands there.
func CreateFrames(path string) (*Frames, error) {
	d, err := disk{}.create(path)
	if err != nil {
		return nil, err
	}
	return &Frames{draft: d}, nil
}

// Append adds a blob. After an error the file is lost.
func (f *Frames) Append(b Blob) error {
	n, err := f.draft.Write(b.Encode())
	f.size += int64(n)
	if err != nil {
		f.done = true
		return f.draft.fail("write", err)
	}
	return nil
}

// Size is the number of bytes so far.
func (f *Frames) Size() int64 { return f.size }

// Close puts the file under its name, durably.
func (f *Frames) Close() error {
	if f.done {
		return nil
	}
	f.done = true
	if err := f.draft.finish(); err != nil {
		return err
	}
	if err := os.Rename(f.draft.temp, f.draft.path); err != nil {
		os.Remove(f.draft.temp)
		return diskError(f.draft.path, "rename", err)
	}
	return syncDir(f.draft.path)
}

// Abort drops the file; what stood under its name stays. It does nothing after Close, so it can be deferred.
func (f *Frames) Abort() {
	if f.done {
		return
	}
	f.done = true
	f.draft.file.Close()
	os.Remove(f.draft.temp)
}

// Frame is one blob of a file of blobs, and where it stands.
type Frame struct {
	Offset, Size int64
	Blob         Blob
}

// ReadFrames hands the blobs of a file to f, in order, one in memory at a time. A damaged one is skipped; all of them are
// named in the *DamagedError that comes after the others were handed out. The error is *MissingError where there is no file.
func ReadFrames(path string, f func(Frame) error) error {
	const remedy = "what it held is computed anew where it is needed"
	file, err := os.Open(path)
	if err != nil {
		return readError(path, err, remedy)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return diskError(path, "read", err)
	}
	bad, first := 0, ""
	damage := func(at int64, what string) {
		if bad++; bad == 1 {
			first = fmt.Sprintf("at byte %d: %s", at, what)
		}
	}
	for at := int64(0); at < info.Size(); {
		size, err := frameSize(file, at, info.Size())
		if err != nil {
			damage(at, err.Error()) // where the next one begins is not known
			break
		}
		frame, err := readFrame(file, at, size)
		switch {
		case isDisk(err):
			return diskError(path, "read", err)
		case err != nil:
			damage(at, err.Error())
		default:
			if err := f(frame); err != nil {
				return err
			}
		}
		at += size
	}
	if bad > 0 {
		more := ""
		if bad > 1 {
			more = fmt.Sprintf(", and %d more", bad-1)
		}
		return &DamagedError{Path: path, Finding: first + more, Remedy: remedy}
	}
	return nil
}

// frameSize is the size of the blob at an offset, by its header.
func frameSize(file *os.File, at, end int64) (int64, error) {
	head := make([]byte, blobHeader)
	if _, err := file.ReadAt(head, at); err != nil || string(head[:8]) != blobMagic {
		return 0, errors.New("no header: cut short or altered")
	}
	n := binary.LittleEndian.Uint64(head[48:])
	if n > uint64(end-at) || at+int64(n)+blobHeader+blobTrailer > end {
		return 0, errors.New("cut short, or its length was altered")
	}
	return int64(n) + blobHeader + blobTrailer, nil
}

func readFrame(file *os.File, at, size int64) (Frame, error) {
	data := make([]byte, size)
	if _, err := file.ReadAt(data, at); err != nil && err != io.EOF {
		return Frame{}, err
	}
	b, err := Decode(data)
	return Frame{Offset: at, Size: size, Blob: b}, err
}

// ReadFrame reads one blob again. The error is a *MissingError, *DamagedError or *DiskError.
func ReadFrame(path string, at, size int64) (Blob, error) {
	const remedy = "begin again: what it held is computed anew"
	file, err := os.Open(path)
	if err != nil {
		return Blob{}, readError(path, err, remedy)
	}
	defer file.Close()
	frame, err := readFrame(file, at, size)
	switch {
	case isDisk(err):
		return Blob{}, diskError(path, "read", err)
	case err != nil:
		return Blob{}, &DamagedError{Path: path, Finding: fmt.Sprintf("at byte %d: %v", at, err), Remedy: remedy}
	}
	return frame.Blob, nil
}

// isDisk tells what the disk refused from what Decode found in the bytes: damage, or another version of the layout.
func isDisk(err error) bool {
	var op *fs.PathError
	return errors.As(err, &op)
}

// Copy puts a copy of a file that is never written in place under a new name: another name for the same file where the
// file system allows that.
func Copy(from, to string) error {
	if err := os.Link(from, to); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return readError(from, err, "put it back")
	}
	defer in.Close()
	d, err := disk{}.create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(d, in); err != nil {
		return d.fail("write", err)
	}
	if err := d.finish(); err != nil {
		return err
	}
	if err := os.Rename(d.temp, to); err != nil {
		os.Remove(d.temp)
		return diskError(to, "rename", err)
	}
	return syncDir(to)
}
