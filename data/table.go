package data

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sgdlab/lanes"
	"sgdlab/spec"
)

// TableSettings are the settings of NewTable.
type TableSettings struct {
	Path    string   `doc:"CSV file with a header, .gz allowed, or Parquet file, relative to the folder of the spec; or one of the program's own: sgdlab:digits.csv.gz, sgdlab:diabetes.csv, sgdlab:iris.csv"`
	Inputs  []string `doc:"columns that are inputs: names, or a..b for all from a to b in the order of the header"`
	Targets []string `doc:"columns that are targets, likewise; the inputs themselves make an autoencoder"`
	Preparation
}

// NewTable reads a set from columns of a CSV or Parquet file, a sample in each row, and prepares its inputs x by
//
//	x ← x/divide-by,  x ← x − x̄,  x ← (x − x̄)/s,  x ← Vᵀx,  x ← Σxx^−½ x,
//
// each where it is asked for, and its targets by the first three: inputs of shape (n, d), targets of shape (n, k). Here x̄ and s are the
// mean and the standard deviation √((1/n) Σ(x − x̄)²) of each column, V the principal directions and Σxx = (1/n) Σ xxᵀ. What the file
// is, its first bytes say and not its name. Units are those of the columns, divided as said.
//
// A CSV file has a header and cells separated by commas; it may be gzipped. Of a Parquet file, flat columns of truth values,
// integers and floats are read, in any of its encodings for them and compressed by snappy, gzip, zstd, brotli or LZ4; a
// null counts as a missing value. Integers that no float64 holds are refused.
//
// Rows pass through these steps, in their order: those with missing values stop the reading, or are dropped; those of other
// classes are dropped; rows are drawn; the rest is split into training and test rows; labels become targets; columns are
// scaled; inputs are projected on their principal components; inputs are whitened. What scaling, projecting and whitening
// need to know comes from the training rows alone, and serves the test rows as well.
func NewTable(c TableSettings, e *Env) (*Set, error) {
	if len(c.Inputs) == 0 || len(c.Targets) == 0 {
		return nil, errors.New("inputs and targets need at least one column each")
	}
	f, err := open(e.Folder, c.Path)
	if err != nil {
		return nil, err
	}
	t := &table{drop: c.Missing == "drop"}
	if err := f.table(t, func(t *table) error {
		if t.inputs, err = t.take("inputs", c.Path, c.Inputs); err != nil {
			return err
		}
		t.targets, err = t.take("targets", c.Path, c.Targets)
		return err
	}); err != nil {
		return nil, err
	}
	s := &Set{Name: "table " + filepath.Base(c.Path), Files: []File{f.File}}
	if t.rows == 0 {
		return nil, fmt.Errorf("%s has no rows of data%s", c.Path, t.excuse())
	}
	p := preparing{Preparation: c.Preparation, what: c.Path, inputs: t.names(t.inputs), targets: t.names(t.targets), seen: t.rows + t.dropped, dropped: t.dropped}
	if err := p.fill(s, rows{t.pick(t.inputs), t.pick(t.targets)}, rows{}, e.Seed); err != nil {
		return nil, err
	}
	return s.finish()
}

// table holds the columns of a file that are used.
type table struct {
	drop            bool // rows with missing values
	header          []string
	used            []int // positions in the header
	slot            map[int]int
	inputs, targets []int // positions in used
	cells           []float64
	rows, dropped   int
}

// table reads the columns that choose takes, once the header is known.
func (c *content) table(t *table, choose func(*table) error) error {
	switch c.format {
	case formatCSV:
		return readCSV(c.bytes, c.Path, t, choose)
	case formatParquet:
		return readParquet(c.bytes, c.Path, t, choose)
	}
	return fmt.Errorf("%s is %s, which has no columns with names; read it by data: {name: array, …}", c.Path, c.format)
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
		return fmt.Sprintf(" left: all %d were dropped for missing values", t.dropped)
	}
	return ""
}

// pick copies columns.
func (t *table) pick(columns []int) lanes.Mat {
	m := lanes.NewMat(t.rows, len(columns))
	for i := range m.Rows {
		for j, col := range columns {
			m.Set(i, j, t.cells[i*len(t.used)+col])
		}
	}
	return m
}

// add takes a row of used cells.
func (t *table) add(row []float64) error {
	if len(t.cells)+len(row) > most {
		return fmt.Errorf("more than %d numbers (1 GiB) in %d columns; use fewer rows or columns", most, len(row))
	}
	t.cells = append(t.cells, row...)
	t.rows++
	return nil
}

// take finds the columns of those names, and has them read.
func (t *table) take(key, path string, chosen []string) ([]int, error) {
	if t.slot == nil {
		t.slot = map[int]int{} // position in the header → in used
	}
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
			if _, ok := t.slot[j]; !ok {
				t.slot[j] = len(t.used)
				t.used = append(t.used, j)
			}
			at = append(at, t.slot[j])
		}
	}
	return at, nil
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
