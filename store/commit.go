package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
)

// Outcome is how a commit ended without error.
type Outcome int

const (
	Committed Outcome = iota // the file is now there, and this call put it there
	Duplicate                // an equal one was there already: normal, counted, harmless
)

func (o Outcome) String() string {
	if o == Duplicate {
		return "duplicate"
	}
	return "committed"
}

// Commit writes a blob once and for all: temporary file in the same folder → write → fsync → close → link to the final
// name → remove the temporary → fsync the folder. The final name never holds a part of a file, whatever dies when, and
// needs no lock, lease or clock: of several that commit at once, one wins.
//
//	the name is                          then
//	free                                 Committed
//	taken by an equal file               Duplicate
//	taken by a sound, different file     *ConflictError; both are kept
//	taken by a damaged file              it is replaced, Committed
//
// A disk that refuses gives a *DiskError; nothing is left behind.
func Commit(path string, b Blob) (Outcome, error) { return disk{}.commit(path, b) }

func (d disk) commit(path string, b Blob) (Outcome, error) {
	data := b.Encode()
	temp := ""
	defer func() {
		if temp != "" {
			os.Remove(temp)
		}
	}()
	for try := 1; ; try++ {
		state, err := compare(path, data)
		if err != nil {
			return 0, err
		}
		switch state {
		case equal:
			return Duplicate, syncDir(path) // its writer may have died before doing so
		case different:
			return 0, d.conflict(path, data)
		case damaged:
			if err := d.setAside(path); err != nil {
				return 0, err
			}
		}
		if temp == "" {
			if temp, err = d.write(path, data); err != nil {
				temp = ""
				return 0, err
			}
		}
		err = d.place(temp, path)
		switch {
		case err == nil:
			temp = ""
			return Committed, syncDir(path)
		case try == tries:
			return 0, diskError(path, "link", err)
		case errors.Is(err, fs.ErrExist): // another was quicker: look at it
		case errors.Is(err, fs.ErrNotExist): // a sweep took the temporary file between close and link
			temp = ""
		default:
			return 0, diskError(path, "link", err)
		}
	}
}

type occupant int

const (
	nobody occupant = iota
	equal
	different
	damaged
)

// compare says what stands under a name beside what should.
func compare(path string, data []byte) (occupant, error) {
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nobody, nil
	case err != nil:
		return nobody, diskError(path, "read", err)
	case bytes.Equal(have, data):
		return equal, nil
	}
	if _, err := Decode(have); errors.Is(err, errDamaged) {
		return damaged, nil
	}
	return different, nil
}

// setAside takes a damaged file out of the way. Another process may have put a sound one in its place since it was
// seen to be damaged: that one is put back.
func (d disk) setAside(path string) error {
	aside := temporaryName(path)
	if err := os.Rename(path, aside); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return diskError(path, "rename", err)
	}
	data, err := os.ReadFile(aside)
	if err == nil {
		if _, bad := Decode(data); !errors.Is(bad, errDamaged) {
			if err := d.place(aside, path); err != nil && !errors.Is(err, fs.ErrExist) {
				return diskError(path, "link", err)
			}
		}
	}
	os.Remove(aside)
	return nil
}

// conflict keeps the second result beside the first, under a name made of its own hash.
func (d disk) conflict(path string, data []byte) error {
	kept := path + ".conflict-" + hex.EncodeToString(data[len(data)-blobTrailer:])[:8]
	temp, err := d.write(kept, data)
	if err != nil {
		return errors.Join(&ConflictError{Path: path, Kept: kept}, err)
	}
	if err := d.place(temp, kept); err != nil {
		os.Remove(temp)
		if !errors.Is(err, fs.ErrExist) { // kept before
			return errors.Join(&ConflictError{Path: path, Kept: kept}, diskError(kept, "link", err))
		}
	}
	if err := syncDir(kept); err != nil {
		return errors.Join(&ConflictError{Path: path, Kept: kept}, err)
	}
	return &ConflictError{Path: path, Kept: kept}
}
