package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

// Sample is one number seen: of one replica whose whole path was kept, or a statistic over all replicas of a cell.
type Sample struct {
	Cell      int32   `parquet:"cell,dict"`
	Replica   int64   `parquet:"replica,dict"`   // Statistics (−1) where the row is over replicas
	Statistic string  `parquet:"statistic,dict"` // "path" for one replica; "mean", "se", "variance", "q05" … "q95", "min", "max", "n"
	Time      float64 `parquet:"time,dict"`
	Step      int64   `parquet:"step,dict"`
	Column    string  `parquet:"column,dict"` // of the observable: "loss", "singular-values[0]"
	Value     float64 `parquet:"value"`       // NaN: missing
}

// Statistics is the replica of rows that are over all replicas.
const Statistics = -1

// Path is the statistic of a kept replica.
const Path = "path"

// Passage is one event of one replica: the time at which it happened, or the horizon before which it did not.
type Passage struct {
	Cell     int32   `parquet:"cell,dict"`
	Replica  int64   `parquet:"replica,delta"`
	Event    string  `parquet:"event,dict"` // the spec's name for it; "diverged"
	Time     float64 `parquet:"time"`
	Censored bool    `parquet:"censored"`  // did not happen before Time
	Kind     string  `parquet:"kind,dict"` // "event" or "diverged"
}

// Plateau is a stretch of one replica's path on which the watched column hardly moves.
type Plateau struct {
	Cell     int32   `parquet:"cell,dict"`
	Replica  int64   `parquet:"replica,delta"`
	Index    int32   `parquet:"index,dict"` // 0 for the first of its path
	Start    float64 `parquet:"start"`
	End      float64 `parquet:"end"`
	Height   float64 `parquet:"height"`
	Duration float64 `parquet:"duration"`
	Jumped   int32   `parquet:"jumped,dict"` // which singular value jumped at its end; −1: none, or not known
}

// Row is a row of a long table.
type Row interface {
	Sample | Passage | Plateau
	table() string
	about() string
	cell() int32
	sum(*digester)
}

func (Sample) table() string  { return "samples" }
func (Passage) table() string { return "passages" }
func (Plateau) table() string { return "plateaus" }

func (Sample) about() string {
	return "one number per row; statistic is path for one replica, and mean, se, variance, q05 … q95, min, max, n over all of a cell (replica -1); time is steps times rate; cell joins cells.parquet"
}

func (Passage) about() string {
	return "one event of one replica per row; censored: it did not happen before time; cell joins cells.parquet"
}

func (Plateau) about() string {
	return "one plateau of one replica per row; jumped: which singular value jumped at its end, -1 none or not known; cell joins cells.parquet"
}

func (s Sample) cell() int32  { return s.Cell }
func (p Passage) cell() int32 { return p.Cell }
func (p Plateau) cell() int32 { return p.Cell }

func (s Sample) sum(h *digester) {
	h.integer(int64(s.Cell))
	h.integer(s.Replica)
	h.text(s.Statistic)
	h.float(s.Time)
	h.integer(s.Step)
	h.text(s.Column)
	h.float(s.Value)
}

func (p Passage) sum(h *digester) {
	h.integer(int64(p.Cell))
	h.integer(p.Replica)
	h.text(p.Event)
	h.float(p.Time)
	h.truth(p.Censored)
	h.text(p.Kind)
}

func (p Plateau) sum(h *digester) {
	h.integer(int64(p.Cell))
	h.integer(p.Replica)
	h.integer(int64(p.Index))
	h.float(p.Start)
	h.float(p.End)
	h.float(p.Height)
	h.float(p.Duration)
	h.integer(int64(p.Jumped))
}

const (
	// rowGroup bounds the rows that a writer holds: 128 Ki rows of 7 columns are some 5 MB, and large enough that
	// dictionaries pay.
	rowGroup = 1 << 17

	// batch is how many rows pass at a time between us and the library.
	batch = 1 << 10

	// dictionaryLimit: a column that needs a larger dictionary (in bytes, per row group) is written plain.
	dictionaryLimit = 1 << 19

	tableFormat = "1"

	keyTable   = "sgdlab.table"
	keyFormat  = "sgdlab.format"
	keyAbout   = "sgdlab.about"
	keyColumns = "sgdlab.columns"

	// keySeal is the entry of the footer that seals the file: SHA-256 of the whole file, taken with 64 zeros in its own
	// place. Parquet has checksums for its pages at most; this one also covers page headers and the footer, so that the
	// library is never handed a byte that its writer did not write.
	keySeal = "sgdlab.sha256"
)

var (
	noSeal = bytes.Repeat([]byte("0"), 2*sha256.Size)
	// sealMark stands before the digits in the footer's Thrift: the key, the header of the value's field, its length.
	sealMark = []byte(keySeal + "\x18\x40")
)

// tableFile is a Parquet file being written.
type tableFile struct {
	*draft
	buf  *bufio.Writer
	hash hash.Hash
}

func (d disk) createTable(path string) (*tableFile, error) {
	w, err := d.create(path)
	if err != nil {
		return nil, err
	}
	t := &tableFile{draft: w, hash: sha256.New()}
	t.buf = bufio.NewWriterSize(io.MultiWriter(w, t.hash), 1<<16)
	return t, nil
}

// options of a table's Parquet writer.
func options(table, about string, rows int64) *parquet.WriterConfig {
	c := parquet.DefaultWriterConfig()
	c.CreatedBy = "sgdlab"
	c.Compression = &parquet.Zstd
	c.MaxRowsPerRowGroup = rows
	c.DictionaryMaxBytes = dictionaryLimit
	c.KeyValueMetadata = map[string]string{keyTable: table, keyFormat: tableFormat, keyAbout: about, keySeal: string(noSeal)}
	return c
}

// seal puts the file's own hash into its footer, and the file under its final name.
func (t *tableFile) seal() error {
	if err := t.buf.Flush(); err != nil {
		return t.fail("write", err)
	}
	size, err := t.file.Seek(0, io.SeekEnd)
	if err != nil {
		return t.fail("seek", err)
	}
	at, err := findSeal(t.file, size)
	if err != nil {
		return t.fail("seal", err)
	}
	if _, err := t.file.WriteAt(hex.AppendEncode(nil, t.hash.Sum(nil)), at); err != nil {
		return t.fail("write", err)
	}
	if err := t.finish(); err != nil {
		return err
	}
	if err := os.Rename(t.temp, t.path); err != nil {
		os.Remove(t.temp)
		return diskError(t.path, "rename", err)
	}
	return syncDir(t.path)
}

// findSeal finds the seal's 64 digits in the footer of a Parquet file. The error says what is wrong with the file.
func findSeal(r io.ReaderAt, size int64) (at int64, err error) {
	if size == 0 {
		return 0, errors.New("empty")
	}
	var tail [8]byte
	if size < 12 {
		return 0, fmt.Errorf("not a Parquet file: %d bytes", size)
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return 0, err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(tail[4:]) != "PAR1" || n > size-12 {
		return 0, errors.New("cut short or not a Parquet file: it has no footer at its end")
	}
	footer := make([]byte, n)
	if _, err := r.ReadAt(footer, size-8-n); err != nil {
		return 0, err
	}
	i := bytes.LastIndex(footer, sealMark)
	if i < 0 || i+len(sealMark)+len(noSeal) > len(footer) {
		return 0, errors.New("a Parquet file that sgdlab did not write: it has no " + keySeal)
	}
	return size - 8 - n + int64(i+len(sealMark)), nil
}

// checkSeal reads the file whole and compares its hash with its seal.
func checkSeal(r io.ReaderAt, size int64) error {
	at, err := findSeal(r, size)
	if err != nil {
		return err
	}
	seal := make([]byte, len(noSeal))
	if _, err := r.ReadAt(seal, at); err != nil {
		return err
	}
	h := sha256.New()
	for _, part := range []io.Reader{
		io.NewSectionReader(r, 0, at),
		bytes.NewReader(noSeal),
		io.NewSectionReader(r, at+int64(len(noSeal)), size-at-int64(len(noSeal))),
	} {
		if _, err := io.Copy(h, part); err != nil {
			return err
		}
	}
	if hex.EncodeToString(h.Sum(nil)) != string(seal) {
		return errors.New("altered: its SHA-256 does not match its content")
	}
	return nil
}

// openTable opens a sealed Parquet file that holds this table.
func openTable(path, table string) (*os.File, *parquet.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, readError(path, err, tableRemedy(path))
	}
	p, err := parseTable(f, table)
	if err != nil {
		f.Close()
		return nil, nil, tableError(path, err)
	}
	return f, p, nil
}

func parseTable(f *os.File, table string) (*parquet.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkSeal(f, info.Size()); err != nil {
		return nil, err
	}
	p, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	if is, _ := p.Lookup(keyTable); is != table {
		return nil, fmt.Errorf("holds the table %.40q; want %q", is, table)
	}
	if v, _ := p.Lookup(keyFormat); v != tableFormat {
		return nil, fmt.Errorf("table format %.40q; this program reads %s, use the one that wrote it", v, tableFormat)
	}
	return p, nil
}

func tableRemedy(path string) string {
	return fmt.Sprintf("`sgdlab resume %s` makes it anew", runOf(path))
}

// tableError tells a disk that fails from a file that is damaged.
func tableError(path string, err error) error {
	var op *fs.PathError
	if errors.As(err, &op) {
		return diskError(path, "read", err)
	}
	return &DamagedError{Path: path, Finding: err.Error(), Remedy: tableRemedy(path)}
}

// guard turns a panic of the library into an error. Sealed files are ones that the library wrote, so this is its bugs
// only; a bug there must not cost the run.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the Parquet library failed: %v", r)
	}
}

// Writer streams a long table into a file: at most one row group in memory, and nothing under the final name before
// Close. One goroutine uses it at a time.
type Writer[T Row] struct {
	file   *tableFile
	rows   *parquet.GenericWriter[T]
	sum    *summer[T]
	last   int32
	digest Digest
	err    error
	closed bool
}

// Create starts a table that Close puts under path, in place of what stands there. The error is a *DiskError.
func Create[T Row](path string) (*Writer[T], error) { return create[T](disk{}, path, rowGroup) }

func create[T Row](d disk, path string, group int64) (*Writer[T], error) {
	file, err := d.createTable(path)
	if err != nil {
		return nil, err
	}
	var row T
	return &Writer[T]{
		file: file,
		rows: parquet.NewGenericWriter[T](file.buf, options(row.table(), row.about(), group)),
		sum:  newSummer[T](),
	}, nil
}

// Write appends rows. Rows come in the plan's order: cells never go back, and a row that does is an error, because the
// order of rows is part of the hash. After an error the table is lost; Close returns it again.
func (w *Writer[T]) Write(rows ...T) error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return fmt.Errorf("%s: written to after it was closed", w.file.path)
	}
	for i := range rows {
		c := rows[i].cell()
		if c < w.last {
			return w.abandon(fmt.Errorf("%s: cell %d after cell %d; rows must come in the order of cells", w.file.path, c, w.last))
		}
		w.last = c
		w.sum.add(&rows[i])
	}
	if err := w.write(rows); err != nil {
		return w.abandon(w.file.fail("write", err))
	}
	return nil
}

func (w *Writer[T]) write(rows []T) (err error) {
	defer guard(&err)
	for len(rows) > 0 {
		n := min(len(rows), batch)
		if _, err := w.rows.Write(rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// abandon removes the temporary file and remembers why.
func (w *Writer[T]) abandon(err error) error {
	w.Abort()
	w.err = err
	return err
}

// Close writes what is left and puts the table under its name, durably.
func (w *Writer[T]) Close() error {
	if w.err != nil || w.closed {
		return w.err
	}
	w.closed = true
	if err := closeRows(w.rows); err != nil {
		w.err = w.file.fail("write", err)
		return w.err
	}
	w.digest = w.sum.sum()
	w.err = w.file.seal()
	return w.err
}

func closeRows(w io.Closer) (err error) {
	defer guard(&err)
	return w.Close()
}

// Abort drops the table; the file that stood under its name stays. It does nothing after Close, so it can be deferred.
func (w *Writer[T]) Abort() {
	if w.closed || w.err != nil {
		return
	}
	w.closed = true
	w.file.file.Close()
	os.Remove(w.file.temp)
}

// Rows is how many rows were written.
func (w *Writer[T]) Rows() int64 { return w.sum.n }

// Sum is the sum of the table, after Close.
func (w *Writer[T]) Sum() Digest { return w.digest }

// Rows reads a long table row by row, a batch in memory at a time. The file is checked whole before its first row is
// handed out. An error comes as the last pair: *MissingError, *DamagedError or *DiskError.
func Rows[T Row](path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		file, table, err := openTable(path, zero.table())
		if err != nil {
			yield(zero, err)
			return
		}
		defer file.Close()
		r, err := openRows[T](table)
		if err != nil {
			yield(zero, tableError(path, err))
			return
		}
		defer r.Close()
		rows := make([]T, batch)
		for {
			n, err := readRows(r, rows)
			for _, row := range rows[:n] {
				if !yield(row, nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(zero, tableError(path, err))
				return
			}
		}
	}
}

// openRows checks the columns first: the library fills those it misses with zeros.
func openRows[T Row](p *parquet.File) (r *parquet.GenericReader[T], err error) {
	defer guard(&err)
	want := parquet.SchemaOf(new(T))
	if !parquet.EqualNodes(want, p.Schema()) {
		return nil, fmt.Errorf("has the columns %v; want %v", columnNames(p.Schema()), columnNames(want))
	}
	return parquet.NewGenericReader[T](p), nil
}

func columnNames(s *parquet.Schema) []string {
	var names []string
	for _, f := range s.Fields() {
		names = append(names, f.Name())
	}
	return names
}

func readRows[T Row](r *parquet.GenericReader[T], rows []T) (n int, err error) {
	defer guard(&err)
	return r.Read(rows)
}

// Read reads a long table whole.
func Read[T Row](path string) ([]T, error) {
	var rows []T
	for row, err := range Rows[T](path) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// TablePath is where the table of these rows lies in a run folder.
func TablePath[T Row](dir string) string {
	var row T
	return filepath.Join(dir, row.table()+".parquet")
}
