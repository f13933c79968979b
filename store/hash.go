package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The hash of a run is SHA-256 over the values of its tables, whatever files hold them: row groups, compression and
// encodings do not enter. It is defined as follows, all numbers little-endian.
//
//   - An integer is 8 bytes; a truth value is 1 byte; a text is its length as an integer, and its bytes.
//   - A float64 is its 8 bytes, with every NaN as 0x7ff8000000000001: processors differ in the sign and payload of the
//     NaNs they make, and no such bit is a result. −0 is not 0: it is another bit pattern that every processor makes
//     alike, and the promise is the same bits.
//   - The sum of a table is SHA-256 of its name as a text, its rows in the order of the table (which the plan fixes:
//     cells ascend), each with its fields in the order of its type, and the number of rows.
//   - A cell's parameters and estimates are sorted by name, each list after its length: a new order in the spec is no new
//     result. A parameter that is a number is 1 and the number, any other is 0 and its text, so that 1e-4 and 0.0001 are the
//     same; an integer that no float64 holds counts by its text.
//   - The hash of the run is SHA-256 of "sgdlab tables 1" as a text and the sums of cells, samples, passages and plateaus.
//     A table without a file counts as an empty one.

// Sums holds the sum of each table of a run.
type Sums struct{ Cells, Samples, Passages, Plateaus Digest }

// Hash is the hash of the run.
func (s Sums) Hash() Digest {
	h := newDigester("sgdlab tables 1")
	for _, d := range []Digest{s.Cells, s.Samples, s.Passages, s.Plateaus} {
		h.w.Write(d[:])
	}
	return h.digest()
}

// Hash is the hash of the run in folder dir, from its tables read anew and whole. The error is that of the reader of
// the table that cannot be read.
func Hash(dir string) (Digest, error) {
	var s Sums
	cells, err := ReadCells(filepath.Join(dir, CellsFile))
	if err != nil {
		return Digest{}, err
	}
	if s.Cells, err = SumCells(cells); err != nil {
		return Digest{}, err
	}
	if s.Samples, err = SumFile[Sample](dir); err != nil {
		return Digest{}, err
	}
	if s.Passages, err = SumFile[Passage](dir); err != nil {
		return Digest{}, err
	}
	if s.Plateaus, err = SumFile[Plateau](dir); err != nil {
		return Digest{}, err
	}
	return s.Hash(), nil
}

// SumFile is the sum of a long table of the run in folder dir, read anew and whole.
func SumFile[T Row](dir string) (Digest, error) {
	h := newSummer[T]()
	for row, err := range Rows[T](TablePath[T](dir)) {
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return Digest{}, err
		}
		h.add(&row)
	}
	return h.sum(), nil
}

// Sum is the sum of a table of these rows.
func Sum[T Row](rows []T) Digest {
	h := newSummer[T]()
	for i := range rows {
		h.add(&rows[i])
	}
	return h.sum()
}

// SumCells is the sum of a table of these cells; the error is that of WriteCells.
func SumCells(cells []Cell) (Digest, error) {
	if err := checkCells(cells); err != nil {
		return Digest{}, err
	}
	h := newDigester("cells")
	for i := range cells {
		c := &cells[i]
		h.integer(int64(c.ID))
		h.integer(int64(c.Point))
		h.text(c.Dynamics)
		h.integer(c.Replicas)
		h.integer(c.Diverged)
		h.text(c.Failed)
		params := slices.SortedFunc(slices.Values(c.Params), func(a, b Param) int { return strings.Compare(a.Path, b.Path) })
		h.integer(int64(len(params)))
		for _, p := range params {
			h.text(p.Path)
			if p.exact() {
				h.truth(true)
				h.float(p.Number)
			} else {
				h.truth(false)
				h.text(p.Text)
			}
		}
		named := slices.SortedFunc(slices.Values(c.Estimates), func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
		h.integer(int64(len(named)))
		for _, e := range named {
			h.text(e.Name)
			for _, x := range []float64{e.Value, e.SE, e.Lo, e.Hi} {
				h.float(x)
			}
			h.integer(e.N)
			h.text(e.Unit)
		}
	}
	h.integer(int64(len(cells)))
	return h.digest(), nil
}

// exact: the parameter is its Number. A text such as 9007199254740993 is an integer that no float64 holds.
func (p Param) exact() bool {
	if math.IsNaN(p.Number) {
		return false
	}
	i, err := strconv.ParseInt(p.Text, 10, 64)
	if err == nil {
		return p.Number < 1<<63 && int64(p.Number) == i
	}
	u, err := strconv.ParseUint(p.Text, 10, 64)
	return err != nil || p.Number < 1<<64 && uint64(p.Number) == u
}

// summer sums the rows of a table as they pass.
type summer[T Row] struct {
	h *digester
	n int64
}

func newSummer[T Row]() *summer[T] {
	var row T
	return &summer[T]{h: newDigester(row.table())}
}

func (s *summer[T]) add(row *T) {
	(*row).sum(s.h)
	s.n++
}

func (s *summer[T]) sum() Digest {
	s.h.integer(s.n)
	return s.h.digest()
}

// digester writes values in their canonical form.
type digester struct {
	h   hash.Hash
	w   *bufio.Writer
	buf [8]byte
}

func newDigester(name string) *digester {
	h := sha256.New()
	d := &digester{h: h, w: bufio.NewWriterSize(h, 1<<14)}
	d.text(name)
	return d
}

func (d *digester) integer(i int64) {
	binary.LittleEndian.PutUint64(d.buf[:], uint64(i))
	d.w.Write(d.buf[:])
}

func (d *digester) float(x float64) {
	bits := math.Float64bits(x)
	if math.IsNaN(x) {
		bits = 0x7ff8000000000001
	}
	d.integer(int64(bits))
}

func (d *digester) truth(b bool) {
	if b {
		d.w.WriteByte(1)
	} else {
		d.w.WriteByte(0)
	}
}

func (d *digester) text(s string) {
	d.integer(int64(len(s)))
	d.w.WriteString(s)
}

func (d *digester) digest() Digest {
	d.w.Flush() // a hash never fails to write
	return Digest(d.h.Sum(nil))
}
