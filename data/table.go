package data

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sgdlab/lanes"
	"sgdlab/rng"
	"sgdlab/spec"
)

// TableSettings are the settings of NewTable.
type TableSettings struct {
	Path    string   `doc:"CSV file with a header, .gz allowed; relative to the folder of the spec"`
	Inputs  []string `doc:"columns that are inputs: names, or a..b for all from a to b in the order of the header"`
	Targets []string `doc:"columns that are targets, likewise; the inputs themselves make an autoencoder"`
	Scale   Scale    `doc:"what is done to every column" optional:"true"`
	Train   float64  `doc:"training rows: a fraction up to 1, or a number of rows above 1; the rest is the test set" default:"1" check:">0"`
	Shuffle bool     `doc:"draw the training rows by the data seed; false takes the first ones" default:"true"`
	Missing string   `doc:"rows with an empty or NaN cell in a column that is used: error, or drop them and count" default:"error" oneof:"error|drop"`
}

// Scale are the steps of scaling, in their order. What they subtract and divide by comes from the training rows only, and
// serves the test rows as well.
type Scale struct {
	DivideBy    float64 `doc:"divide every value by this; 1 where missing" optional:"true" check:">0"`
	Center      bool    `spec:"center,centre" doc:"subtract the mean of every column" default:"false"`
	Standardise bool    `spec:"standardise,standardize" doc:"subtract the mean of every column and divide by its standard deviation" default:"false"`
	Of          string  `doc:"which columns: both, or inputs only" default:"both" oneof:"both|inputs"`
}

// NewTable reads a set from a CSV file.
func NewTable(c TableSettings, e *Env) (*Set, error) {
	path := c.Path
	if path == "" {
		return nil, errors.New("path is empty; name a CSV file")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.Folder, path)
	}
	if len(c.Inputs) == 0 || len(c.Targets) == 0 {
		return nil, errors.New("inputs and targets need at least one column each")
	}
	if by := c.Scale.DivideBy; by < 0 || math.IsInf(by, 0) {
		return nil, fmt.Errorf("scale: divide-by is %g; want a finite number > 0", by)
	}
	t, err := readTable(path, c)
	if err != nil {
		return nil, err
	}
	s := &Set{Name: "table " + filepath.Base(path)}
	if t.dropped > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s: dropped %d of %d rows with missing cells", c.Path, t.dropped, t.dropped+t.rows))
	}
	if t.rows == 0 {
		return nil, fmt.Errorf("%s has no rows of data%s", path, t.excuse())
	}
	train, err := trainRows(c.Train, t.rows)
	if err != nil {
		return nil, err
	}
	order := make([]int32, t.rows)
	for i := range order {
		order[i] = int32(i)
	}
	if c.Shuffle && train < t.rows {
		at := &rng.Lanes{}
		at.Seed[0] = e.Seed
		rng.New("data/split").Permutation(order, at, 0)
	}
	used := len(t.used)
	pick := func(rows []int32, columns []int) lanes.Mat {
		m := lanes.NewMat(len(rows), len(columns))
		for i, r := range rows {
			for j, col := range columns {
				m.Set(i, j, t.cells[int(r)*used+col])
			}
		}
		return m
	}
	s.X, s.Y = pick(order[:train], t.inputs), pick(order[:train], t.targets)
	s.TestX, s.TestY = pick(order[train:], t.inputs), pick(order[train:], t.targets)
	s.Warnings = append(s.Warnings, c.Scale.apply(s.X, s.TestX, t.names(t.inputs))...)
	if c.Scale.Of != "inputs" {
		c.Scale.apply(s.Y, s.TestY, t.names(t.targets))
	}
	return s.finish()
}

// trainRows returns how many rows train asks for.
func trainRows(train float64, rows int) (int, error) {
	switch {
	case !(train > 0) || math.IsInf(train, 0):
		return 0, fmt.Errorf("train is %g; want a fraction up to 1, or a number of rows", train)
	case train <= 1:
		n := int(math.Round(train * float64(rows)))
		if n == 0 {
			return 0, fmt.Errorf("train is %g of %d rows, which rounds to none; use a larger fraction", train, rows)
		}
		return n, nil
	case train != math.Trunc(train):
		return 0, fmt.Errorf("train is %g; want a fraction up to 1, or a whole number of rows", train)
	case train > float64(rows):
		return 0, fmt.Errorf("train is %g rows, but the table has %d; use at most %d", train, rows, rows)
	}
	return int(train), nil
}

// apply scales the columns of both parts by what the first says.
func (s Scale) apply(train, test lanes.Mat, names []string) (warnings []string) {
	both := []lanes.Mat{train, test}
	if s.DivideBy > 0 {
		for _, m := range both {
			for i := range m.Data {
				m.Data[i] /= s.DivideBy
			}
		}
	}
	if !s.Center && !s.Standardise {
		return nil
	}
	n := float64(train.Rows)
	var flat []string
	for j := range train.Cols {
		mean, low, high := 0.0, math.Inf(1), math.Inf(-1)
		for i := range train.Rows {
			x := train.At(i, j)
			mean += x
			low, high = min(low, x), max(high, x)
		}
		mean /= n
		if low == high { // exactly, so that rounding leaves no variance
			mean = low
		}
		variance := 0.0
		for i := range train.Rows {
			x := train.At(i, j) - mean
			variance = math.FMA(x, x, variance)
		}
		unit := 1.0
		if s.Standardise {
			if low == high {
				flat = append(flat, names[j])
			} else {
				unit = math.Sqrt(variance / n)
			}
		}
		for _, m := range both {
			for i := range m.Rows {
				m.Set(i, j, (m.At(i, j)-mean)/unit)
			}
		}
	}
	if len(flat) > 0 {
		warnings = append(warnings, fmt.Sprintf("standardise: constant on the training rows, and only centred: %s", strings.Join(flat, ", ")))
	}
	return warnings
}

// table holds the columns of a file that are used.
type table struct {
	header          []string
	used            []int // positions in the header
	inputs, targets []int // positions in used
	cells           []float64
	rows, dropped   int
}

func (t *table) names(of []int) []string {
	names := make([]string, len(of))
	for i, j := range of {
		names[i] = t.header[t.used[j]]
	}
	return names
}

func (t *table) excuse() string {
	if t.dropped > 0 {
		return fmt.Sprintf(" left: all %d were dropped for missing cells", t.dropped)
	}
	return ""
}

func readTable(path string, c TableSettings) (*table, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist; path is relative to the folder of the spec", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; name a CSV file", path)
	}
	var in io.Reader = bufio.NewReader(f)
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s is not a gzip file (%w); compress it anew, or drop .gz from its name", path, err)
		}
		defer z.Close()
		in = z
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1 // counted here, to say where and how many
	r.ReuseRecord = true
	r.TrimLeadingSpace = true

	t := &table{}
	header, err := r.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("%s is empty; want a header and rows of numbers", path)
	}
	if err != nil {
		return nil, broken(path, err)
	}
	for j, name := range header {
		name = strings.TrimSpace(name)
		if j == 0 {
			name = strings.TrimPrefix(name, "\ufeff")
		}
		t.header = append(t.header, name)
	}
	if err := t.choose(path, c); err != nil {
		return nil, err
	}
	row := make([]float64, len(t.used))
	for {
		record, err := r.Read()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, broken(path, err)
		}
		line, _ := r.FieldPos(0)
		if len(record) != len(t.header) {
			return nil, fmt.Errorf("%s:%d: %d cells, but the header has %d; give every row as many cells as the header", path, line, len(record), len(t.header))
		}
		whole := true
		for i, j := range t.used {
			cell := strings.TrimSpace(record[j])
			if missing(cell) {
				if c.Missing != "drop" {
					found := "an empty cell"
					if cell != "" {
						found = cell
					}
					return nil, fmt.Errorf("%s:%d: column %s: found %s; fill it in, or drop such rows with missing: drop", path, line, t.header[j], found)
				}
				whole = false
				break
			}
			if row[i], err = strconv.ParseFloat(cell, 64); err != nil || math.IsInf(row[i], 0) {
				return nil, fmt.Errorf("%s:%d: column %s: found %q; want a finite number", path, line, t.header[j], cell)
			}
		}
		if !whole {
			t.dropped++
			continue
		}
		if len(t.cells)+len(row) > most {
			return nil, fmt.Errorf("%s:%d: more than %d numbers (1 GiB) in %d columns; use fewer rows or columns", path, line, most, len(row))
		}
		t.cells = append(t.cells, row...)
		t.rows++
	}
}

// missing reports whether a cell stands for no value.
func missing(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "nan", "na", "n/a", "null":
		return true
	}
	return false
}

func broken(path string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s ends in the middle of its compressed data: it is truncated; copy it anew", path)
	}
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		return fmt.Errorf("%s is damaged (%w); copy it anew", path, err)
	}
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d: column %d of the line: %w; want cells separated by commas, quotes in pairs", path, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// choose finds the columns that the settings name.
func (t *table) choose(path string, c TableSettings) error {
	slot := map[int]int{} // position in the header → in used
	take := func(key string, chosen []string) ([]int, error) {
		var at []int
		seen := map[int]bool{}
		for _, name := range chosen {
			from, to, err := t.columns(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %s %w", key, path, err)
			}
			for j := from; j <= to; j++ {
				if seen[j] {
					return nil, fmt.Errorf("%s: column %s is named twice; name it once", key, t.header[j])
				}
				seen[j] = true
				if _, ok := slot[j]; !ok {
					slot[j] = len(t.used)
					t.used = append(t.used, j)
				}
				at = append(at, slot[j])
			}
		}
		return at, nil
	}
	var err error
	if t.inputs, err = take("inputs", c.Inputs); err != nil {
		return err
	}
	t.targets, err = take("targets", c.Targets)
	return err
}

// columns finds the column of that name, or those from a to b where the name is a..b and no column is called so.
func (t *table) columns(name string) (from, to int, err error) {
	if slices.Contains(t.header, name) {
		from, err = t.column(name)
		return from, from, err
	}
	a, b, ok := strings.Cut(name, "..")
	if !ok {
		_, err = t.column(name)
		return 0, 0, err
	}
	if from, err = t.column(strings.TrimSpace(a)); err != nil {
		return 0, 0, err
	}
	if to, err = t.column(strings.TrimSpace(b)); err != nil {
		return 0, 0, err
	}
	if from > to {
		return 0, 0, fmt.Errorf("has %s after %s; write %s..%s", strings.TrimSpace(a), strings.TrimSpace(b), strings.TrimSpace(b), strings.TrimSpace(a))
	}
	return from, to, nil
}

func (t *table) column(name string) (int, error) {
	j := slices.Index(t.header, name)
	if j < 0 {
		return 0, fmt.Errorf("has no column %q%s; its header is %s", name, spec.DidYouMean(name, t.header), headline(t.header))
	}
	if k := slices.Index(t.header[j+1:], name); k >= 0 {
		return 0, fmt.Errorf("has two columns %q, numbers %d and %d; rename one", name, j+1, j+2+k)
	}
	return j, nil
}

// headline lists a header, shortened in the middle.
func headline(header []string) string {
	if len(header) > 12 {
		return strings.Join(header[:6], ", ") + ", …, " + strings.Join(header[len(header)-3:], ", ")
	}
	return strings.Join(header, ", ")
}
