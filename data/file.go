package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sgdlab/lanes"
	"sgdlab/spec"
)

// File is a file that was read.
type File struct {
	Path string // as the spec names it
	Hash string // SHA-256 of its bytes
}

// format is what a file is by its first bytes, whatever it is called.
type format string

const (
	formatNPY     format = "a NumPy array (NPY)"
	formatNPZ     format = "a NumPy archive (NPZ)"
	formatIDX     format = "an IDX array"
	formatParquet format = "a Parquet file"
	formatCSV     format = "a CSV file"
)

// largest is the largest file that is read, and the largest that one unpacks to: the array of most numbers, with room.
const largest = 8*most + 1<<24

// content is a file read whole, unpacked where it was gzipped.
type content struct {
	File
	format format
	bytes  []byte
}

// open reads a file. A path that is not absolute starts at the folder.
func open(folder, path string) (*content, error) {
	if path == "" {
		return nil, errors.New("path is empty; name a file")
	}
	if name, ok := strings.CutPrefix(path, shippedPrefix); ok {
		raw, err := shipped.ReadFile("shipped/" + name)
		if err != nil {
			var have []string
			entries, _ := shipped.ReadDir("shipped")
			for _, e := range entries {
				if e.Name() != "README.md" {
					have = append(have, shippedPrefix+e.Name())
				}
			}
			return nil, fmt.Errorf("%s is no data of the program's own; there are %s", path, strings.Join(have, ", "))
		}
		return read(raw, path, path)
	}
	place := filepath.FromSlash(path)
	if !filepath.IsAbs(place) {
		place = filepath.Join(folder, place)
	}
	info, err := os.Stat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s does not exist; path is relative to the folder of the spec", place)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file", place)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file; copy its bytes into one", place)
	case info.Size() > largest:
		return nil, fmt.Errorf("%s has %d bytes, more than %d; use a smaller file", place, info.Size(), int64(largest))
	}
	raw, err := os.ReadFile(place)
	if err != nil {
		return nil, err
	}
	return read(raw, path, place)
}

// The data sets that are part of the program; see README.md there.
//
//go:embed shipped
var shipped embed.FS

// shippedPrefix is what a path to one of them begins with, as in sgdlab:digits.csv.gz.
const shippedPrefix = "sgdlab:"

// Shipped returns the bytes of a file that is part of the program, as shipped/digits.csv.gz; it panics where there is none.
func Shipped(name string) []byte {
	b, err := shipped.ReadFile("shipped/" + name)
	if err != nil {
		panic(err)
	}
	return b
}

// read unpacks the bytes of a file. place is what errors call it.
func read(raw []byte, path, place string) (*content, error) {
	sum := sha256.Sum256(raw)
	c, err := unpack(raw, place)
	if err != nil {
		return nil, err
	}
	c.File = File{Path: path, Hash: hex.EncodeToString(sum[:])}
	return c, nil
}

// unpack finds out what the bytes of a file are. place is what errors call it.
func unpack(raw []byte, place string) (*content, error) {
	if bytes.HasPrefix(raw, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(io.LimitReader(z, largest+1))
		}
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%s ends in the middle of its compressed data: it is truncated; copy it anew", place)
		case err != nil:
			return nil, fmt.Errorf("%s is damaged (%w); copy it anew", place, err)
		case len(raw) > largest:
			return nil, fmt.Errorf("%s unpacks to more than %d bytes; use a smaller file", place, int64(largest))
		}
	} else if strings.HasSuffix(place, ".gz") {
		return nil, fmt.Errorf("%s is not a gzip file; compress it anew, or drop .gz from its name", place)
	}
	return &content{format: sniff(raw), bytes: raw}, nil
}

func sniff(b []byte) format {
	switch {
	case bytes.HasPrefix(b, []byte("\x93NUMPY")):
		return formatNPY
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("PK\x05\x06")):
		return formatNPZ
	case bytes.HasPrefix(b, []byte("PAR1")), bytes.HasPrefix(b, []byte("PARE")):
		return formatParquet
	case len(b) >= 4 && b[0] == 0 && b[1] == 0 && b[2] >= 8 && b[2] <= 0xE && b[3] > 0:
		return formatIDX
	}
	return formatCSV
}

// array is an array of numbers, by rows: the last index is the fastest.
type array struct {
	shape  []int
	values []float64
}

// volume is the number of entries of a shape, refused where it is more than the bytes can hold at size bytes each.
func volume(shape []int, size, bytes int) (int, error) {
	n := 1
	for _, s := range shape {
		if s < 0 {
			return 0, fmt.Errorf("its header has the shape %v; want sizes ≥ 0: it is damaged, copy it anew", shape)
		}
		if s > 0 && n > most/s {
			return 0, fmt.Errorf("its shape %v has more than %d entries (1 GiB); use fewer rows or columns", shape, most)
		}
		n *= s
	}
	if want := n * size; want != bytes {
		return 0, fmt.Errorf("its header promises the shape %v, %d bytes, but %d follow: it is truncated or damaged; write it anew", shape, want, bytes)
	}
	return n, nil
}

// rows reads an array as one row for each index of its first axis; a number alone is one row.
func (a *array) rows() lanes.Mat {
	rows, cols := 1, len(a.values)
	if len(a.shape) > 0 {
		rows = a.shape[0]
	}
	if rows > 0 {
		cols /= rows
	}
	return lanes.Mat{Rows: rows, Cols: cols, RowStride: cols, ColStride: 1, Data: a.values}
}

// array reads a file that holds an array. name is that of an array in an archive.
func (c *content) array(name string) (*array, error) {
	var a *array
	var err error
	switch c.format {
	case formatNPZ:
		return c.member(name)
	case formatNPY:
		a, err = readNPY(c.bytes)
	case formatIDX:
		a, err = readIDX(c.bytes)
	default:
		what := string(c.format)
		if c.format == formatCSV {
			what = "no NPY, NPZ or IDX file"
		}
		return nil, fmt.Errorf("%s is %s by its first bytes; columns of CSV and Parquet files are read by data: {name: table, …}", c.Path, what)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path, err)
	}
	return a, nil
}

// Matrix is a file of any format as a matrix: an array with one row for each index of its first axis, an array of an
// archive by its name, or columns of a table, all of them where none are named.
func Matrix(folder, path, name string, columns []string) (lanes.Mat, File, error) {
	c, err := open(folder, path)
	if err != nil {
		return lanes.Mat{}, File{}, err
	}
	isTable := c.format == formatCSV || c.format == formatParquet
	switch {
	case isTable && name != "":
		return lanes.Mat{}, File{}, fmt.Errorf("array %s: %s is %s, and holds no named arrays; leave out array, or name columns", name, path, c.format)
	case !isTable && columns != nil:
		return lanes.Mat{}, File{}, fmt.Errorf("columns: %s is %s, which has none; leave out columns", path, c.format)
	case c.format != formatNPZ && name != "":
		return lanes.Mat{}, File{}, fmt.Errorf("array %s: %s is %s, and its array has no name; leave out array", name, path, c.format)
	}
	if !isTable {
		a, err := c.array(name)
		if err != nil {
			return lanes.Mat{}, File{}, err
		}
		return a.rows(), c.File, nil
	}
	t := &table{}
	if err := c.table(t, func(t *table) error {
		if columns == nil {
			columns = t.header
		}
		var err error
		t.inputs, err = t.take("columns", c.Path, columns)
		return err
	}); err != nil {
		return lanes.Mat{}, File{}, err
	}
	return t.pick(t.inputs), c.File, nil
}

// offer lists names, with the one that was perhaps meant.
func offer(name string, names []string) string {
	names = slices.Clone(names)
	return spec.DidYouMean(name, names) + "; it has " + headline(names)
}
