// Package data holds inputs and targets: tables and arrays read from files, and sets drawn from a teacher.
//
// Files are somebody else's: their readers believe no size that a header claims before the bytes are there, and say what
// they found, where, and what would be right.
//
// What belongs here: sets, where they come from, how they are scaled, whitened and split, and their second moments. What
// does not: losses and networks (package model), and the tables of runs (package store).
package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"sync"

	"sgdlab/lanes"
)

// Env is what a data set is built from: the folder that relative paths start at, and the data seed.
type Env struct {
	Folder string
	Seed   uint64
}

// Set is a regression problem: n samples of d inputs and k targets, and rows held out for testing.
type Set struct {
	Name         string
	X, Y         lanes.Mat // (n, d), (n, k)
	TestX, TestY lanes.Mat // empty where nothing is held out
	Teacher      lanes.Mat // (k, d): the map behind the targets, empty where unknown
	SumHalf      bool      // the set stands for the matrix loss ½‖W − M‖², which is its sum-half loss
	Hash         string    // SHA-256 of the values
	Files        []File    // what was read, with the SHA-256 of every file
	Warnings     []string  // what was dropped or filled in reading

	once    sync.Once
	moments *Moments
}

// N returns the number of training samples.
func (s *Set) N() int { return s.X.Rows }

// Inputs returns d.
func (s *Set) Inputs() int { return s.X.Cols }

// Outputs returns k.
func (s *Set) Outputs() int { return s.Y.Cols }

// Moments returns the second moments of the training rows, computed at the first call and shared.
func (s *Set) Moments() *Moments {
	s.once.Do(func() { s.moments = newMoments(s.X, s.Y) })
	return s.moments
}

// finish checks the values of a set that was just built and hashes them.
func (s *Set) finish() (*Set, error) {
	h := sha256.New()
	for _, part := range []struct {
		what string
		m    lanes.Mat
	}{{"inputs", s.X}, {"targets", s.Y}, {"test inputs", s.TestX}, {"test targets", s.TestY}} {
		word := make([]byte, 0, 8*max(2, part.m.Cols))
		word = binary.LittleEndian.AppendUint64(word, uint64(part.m.Rows))
		word = binary.LittleEndian.AppendUint64(word, uint64(part.m.Cols))
		h.Write(word)
		for i := range part.m.Rows {
			word = word[:0]
			for j := range part.m.Cols {
				x := part.m.At(i, j)
				if !(math.Abs(x) <= 1e150) { // sums of squares must stay finite
					return nil, fmt.Errorf("%s of %s: row %d, column %d is %g; use smaller scales, so that no value exceeds 1e150", part.what, s.Name, i+1, j+1, x)
				}
				word = binary.LittleEndian.AppendUint64(word, math.Float64bits(x))
			}
			h.Write(word)
		}
	}
	s.Hash = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// most is the largest number of entries of a matrix: 1 GiB of float64.
const most = 1 << 27

// fits refuses sizes below 1 and matrices too large to hold, before they are allocated.
func fits(what string, rows, cols int) error {
	if rows < 1 || cols < 1 {
		return fmt.Errorf("%s of size %d × %d; both must be at least 1", what, rows, cols)
	}
	if float64(rows)*float64(cols) > most {
		return fmt.Errorf("%s of size %d × %d have more than %d entries (1 GiB); use fewer rows or columns", what, rows, cols, most)
	}
	return nil
}
