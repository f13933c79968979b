package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// Cell is one point of the sweep under one dynamics: what was set, and what was found.
type Cell struct {
	ID, Point int
	Dynamics  string // the spec's name for it
	Replicas  int64  // that ran
	Diverged  int64  // of these
	Failed    string // why the cell has no result; empty where it has
	Params    []Param
	Estimates []Named
}

// Param is one setting: of the sweep, or another that tells cells apart.
type Param struct {
	Path   string  // in the spec: "dynamics.langevin.rate"
	Text   string  // the value; JSON where it is a list or a map
	Number float64 // the same as a number; NaN where it is none
}

// Named is an estimate with its name, as in "mean-time:exit".
type Named struct {
	Name string
	Estimate
}

// Estimate is a number with what is known about its error. NaN is missing: a mean time with censored replicas has no
// value, one replica has no standard error.
type Estimate struct {
	Value  float64
	SE     float64 // standard error
	Lo, Hi float64 // confidence interval
	N      int64   // how many observations it rests on
	Unit   string  // "time", "1/time", "1"; "" where there is none
}

// Param gives the parameter at a path.
func (c *Cell) Param(path string) (Param, bool) {
	for _, p := range c.Params {
		if p.Path == path {
			return p, true
		}
	}
	return Param{}, false
}

// Estimate gives the estimate of a name.
func (c *Cell) Estimate(name string) (Estimate, bool) {
	for _, e := range c.Estimates {
		if e.Name == name {
			return e.Estimate, true
		}
	}
	return Estimate{}, false
}

// checkCells finds what a table of cells cannot hold.
func checkCells(cells []Cell) error {
	for i := range cells {
		c := &cells[i]
		if c.ID < 0 || c.ID > math.MaxInt32 || c.Point < 0 || c.Point > math.MaxInt32 {
			return fmt.Errorf("cell %d of point %d: want numbers from 0 to %d", c.ID, c.Point, math.MaxInt32)
		}
		if i > 0 && c.ID <= cells[i-1].ID {
			return fmt.Errorf("cell %d after cell %d: cells must ascend", c.ID, cells[i-1].ID)
		}
		seen := make(map[string]bool, len(c.Params)+len(c.Estimates))
		for _, p := range c.Params {
			if seen["p"+p.Path] {
				return fmt.Errorf("cell %d: parameter %s given twice", c.ID, p.Path)
			}
			seen["p"+p.Path] = true
		}
		for _, e := range c.Estimates {
			if seen["e"+e.Name] {
				return fmt.Errorf("cell %d: estimate %s given twice", c.ID, e.Name)
			}
			seen["e"+e.Name] = true
		}
	}
	return nil
}

// A table of cells is wide: one column per fixed field, per parameter and per part of an estimate, so that a data frame
// needs no pivot. A column's meaning is not read from its name but from the footer, where keyColumns lists them all.
//
//	param:PATH          float64 if all its values are numbers, else text
//	param:PATH.text     the spelling, where a number is not spelled as it would be printed
//	param:PATH.number   float64, where only some of its values are numbers
//	NAME, NAME.se, NAME.lo, NAME.hi, NAME.n
//	NAME.unit           only where cells differ in it; else it is in the footer
//
// A parameter or estimate that a cell does not have is null; one that is missing its value is NaN.
type column struct {
	Name string `json:"column"`
	Of   string `json:"of"` // fixed, parameter or estimate
	Key  string `json:"key,omitempty"`
	Part string `json:"part,omitempty"`
	Unit string `json:"unit,omitempty"`
}

const (
	ofFixed     = "fixed"
	ofParameter = "parameter"
	ofEstimate  = "estimate"
)

var fixedColumns = []string{"cell", "point", "dynamics", "replicas", "diverged", "failed"}

// node is the Parquet type of a column.
func (c column) node() parquet.Node {
	text := func() parquet.Node { return parquet.Encoded(parquet.String(), &parquet.RLEDictionary) }
	number := func() parquet.Node { return parquet.Leaf(parquet.DoubleType) }
	switch c.Of {
	case ofFixed:
		switch c.Name {
		case "cell", "point":
			return parquet.Int(32)
		case "replicas", "diverged":
			return parquet.Int(64)
		}
		return text()
	case ofEstimate:
		switch c.Part {
		case "n":
			return parquet.Optional(parquet.Int(64))
		case "unit":
			return parquet.Optional(text())
		}
		return parquet.Optional(number())
	}
	if c.Part == "text" {
		return parquet.Optional(text())
	}
	return parquet.Optional(number())
}

// value is the cell's entry in a column; ok is false where it has none.
func (c column) value(cell *Cell) (v parquet.Value, ok bool) {
	switch c.Of {
	case ofFixed:
		switch c.Name {
		case "cell":
			return parquet.Int32Value(int32(cell.ID)), true
		case "point":
			return parquet.Int32Value(int32(cell.Point)), true
		case "dynamics":
			return parquet.ByteArrayValue([]byte(cell.Dynamics)), true
		case "replicas":
			return parquet.Int64Value(cell.Replicas), true
		case "diverged":
			return parquet.Int64Value(cell.Diverged), true
		}
		return parquet.ByteArrayValue([]byte(cell.Failed)), true
	case ofParameter:
		p, ok := cell.Param(c.Key)
		if c.Part == "text" {
			return parquet.ByteArrayValue([]byte(p.Text)), ok
		}
		return parquet.DoubleValue(p.Number), ok
	}
	e, ok := cell.Estimate(c.Key)
	switch c.Part {
	case "se":
		return parquet.DoubleValue(e.SE), ok
	case "lo":
		return parquet.DoubleValue(e.Lo), ok
	case "hi":
		return parquet.DoubleValue(e.Hi), ok
	case "n":
		return parquet.Int64Value(e.N), ok
	case "unit":
		return parquet.ByteArrayValue([]byte(e.Unit)), ok
	}
	return parquet.DoubleValue(e.Value), ok
}

// columns lists the columns that these cells need, parameters and estimates in the order in which they first appear.
func columns(cells []Cell) []column {
	var cols []column
	taken := map[string]bool{}
	add := func(c column) {
		for taken[c.Name] { // a path that ends in .text, say
			c.Name += "'"
		}
		taken[c.Name] = true
		cols = append(cols, c)
	}
	for _, name := range fixedColumns {
		add(column{Name: name, Of: ofFixed})
	}
	type kinds struct{ numbers, texts, spelled bool }
	var paths, names []string
	params := map[string]*kinds{}
	units := map[string][]string{}
	for i := range cells {
		for _, p := range cells[i].Params {
			k := params[p.Path]
			if k == nil {
				k = &kinds{}
				params[p.Path] = k
				paths = append(paths, p.Path)
			}
			if math.IsNaN(p.Number) {
				k.texts = true
			} else {
				k.numbers = true
				k.spelled = k.spelled || p.Text != spell(p.Number)
			}
		}
		for _, e := range cells[i].Estimates {
			if units[e.Name] == nil {
				names = append(names, e.Name)
			}
			if !slices.Contains(units[e.Name], e.Unit) {
				units[e.Name] = append(units[e.Name], e.Unit)
			}
		}
	}
	for _, path := range paths {
		name := "param:" + path
		switch k := params[path]; {
		case !k.texts && !k.spelled:
			add(column{name, ofParameter, path, "number", ""})
		case !k.texts:
			add(column{name, ofParameter, path, "number", ""})
			add(column{name + ".text", ofParameter, path, "text", ""})
		case !k.numbers:
			add(column{name, ofParameter, path, "text", ""})
		default:
			add(column{name, ofParameter, path, "text", ""})
			add(column{name + ".number", ofParameter, path, "number", ""})
		}
	}
	for _, name := range names {
		unit := units[name][0]
		if len(units[name]) > 1 {
			unit = ""
		}
		add(column{name, ofEstimate, name, "value", unit})
		for _, part := range []string{"se", "lo", "hi"} {
			add(column{name + "." + part, ofEstimate, name, part, unit})
		}
		add(column{name + ".n", ofEstimate, name, "n", ""})
		if len(units[name]) > 1 {
			add(column{name + ".unit", ofEstimate, name, "unit", ""})
		}
	}
	return cols
}

// spell prints a number as JSON does.
func spell(x float64) string {
	format := byte('f')
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.FormatFloat(x, format, -1, 64)
}

// wide is a Parquet group whose columns come in our order; the library's own sorts them by name.
type wide struct {
	parquet.Group
	fields []parquet.Field
}

func (w wide) Fields() []parquet.Field { return w.fields }

type field struct {
	parquet.Node
	name string
}

func (f field) Name() string { return f.name }

// Value is asked for only when Go structs are written; rows of values are.
func (f field) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(f.name))
}

func schema(cols []column) *parquet.Schema {
	w := wide{Group: parquet.Group{}}
	for _, c := range cols {
		node := c.node()
		w.Group[c.Name] = node
		w.fields = append(w.fields, field{node, c.Name})
	}
	return parquet.NewSchema("cells", w)
}

// WriteCells writes the table of cells under path, atomically, and returns its sum. Cells ascend by ID; parameters and
// estimates are unique within a cell. A refusal of the disk is a *DiskError.
func WriteCells(path string, cells []Cell) (Digest, error) {
	return disk{}.writeCells(path, cells, rowGroup)
}

func (d disk) writeCells(path string, cells []Cell, group int64) (Digest, error) {
	sum, err := SumCells(cells)
	if err != nil {
		return Digest{}, fmt.Errorf("%s: %w", path, err)
	}
	file, err := d.createTable(path)
	if err != nil {
		return Digest{}, err
	}
	if err := putCells(file.buf, cells, group); err != nil {
		return Digest{}, file.fail("write", err)
	}
	return sum, file.seal()
}

func putCells(out io.Writer, cells []Cell, group int64) (err error) {
	defer guard(&err)
	cols := columns(cells)
	list, err := json.Marshal(cols)
	if err != nil {
		return err
	}
	config := options("cells", "one row per point of the sweep and dynamics; NAME, NAME.se, NAME.lo, NAME.hi, NAME.n are an estimate, its standard error, its confidence interval and its number of observations; param:PATH is a setting; null: not asked for; NaN: no value", group)
	config.KeyValueMetadata[keyColumns] = string(list)
	config.Schema = schema(cols)
	w := parquet.NewGenericWriter[any](out, config)
	row := make(parquet.Row, len(cols))
	for i := range cells {
		for j, c := range cols {
			v, ok := c.value(&cells[i])
			switch {
			case c.Of == ofFixed:
				row[j] = v.Level(0, 0, j)
			case ok:
				row[j] = v.Level(0, 1, j)
			default:
				row[j] = parquet.NullValue().Level(0, 0, j)
			}
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
	}
	return w.Close()
}

// ReadCells reads the table of cells. Parameters and estimates come in the order of the columns. The error is a
// *MissingError, *DamagedError or *DiskError.
func ReadCells(path string) ([]Cell, error) {
	file, table, err := openTable(path, "cells")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cells, err := getCells(table)
	if err != nil {
		return nil, tableError(path, err)
	}
	return cells, nil
}

func getCells(table *parquet.File) (cells []Cell, err error) {
	defer guard(&err)
	list, _ := table.Lookup(keyColumns)
	var cols []column
	if err := json.Unmarshal([]byte(list), &cols); err != nil {
		return nil, fmt.Errorf("the list of its columns: %w", err)
	}
	if !parquet.EqualNodes(schema(cols), table.Schema()) {
		return nil, errors.New("its columns are not those that its footer lists")
	}
	buf := make([]parquet.Row, 64)
	for _, group := range table.RowGroups() {
		rows := group.Rows()
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				cells = append(cells, getCell(cols, row))
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				rows.Close()
				return nil, err
			}
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

func getCell(cols []column, row parquet.Row) Cell {
	var cell Cell
	for _, v := range row {
		c := cols[v.Column()]
		if v.IsNull() {
			continue
		}
		switch c.Of {
		case ofFixed:
			switch c.Name {
			case "cell":
				cell.ID = int(v.Int32())
			case "point":
				cell.Point = int(v.Int32())
			case "dynamics":
				cell.Dynamics = string(v.ByteArray())
			case "replicas":
				cell.Replicas = v.Int64()
			case "diverged":
				cell.Diverged = v.Int64()
			case "failed":
				cell.Failed = string(v.ByteArray())
			}
		case ofParameter:
			// The parts of one parameter or estimate are neighbours.
			if n := len(cell.Params); n == 0 || cell.Params[n-1].Path != c.Key {
				cell.Params = append(cell.Params, Param{Path: c.Key, Number: math.NaN()})
			}
			p := &cell.Params[len(cell.Params)-1]
			if c.Part == "text" {
				p.Text = string(v.ByteArray())
			} else {
				p.Number = v.Double()
				if p.Text == "" && !math.IsNaN(p.Number) {
					p.Text = spell(p.Number)
				}
			}
		case ofEstimate:
			if n := len(cell.Estimates); n == 0 || cell.Estimates[n-1].Name != c.Key {
				cell.Estimates = append(cell.Estimates, Named{Name: c.Key, Estimate: Estimate{Unit: c.Unit}})
			}
			e := &cell.Estimates[len(cell.Estimates)-1].Estimate
			switch c.Part {
			case "value":
				e.Value = v.Double()
			case "se":
				e.SE = v.Double()
			case "lo":
				e.Lo = v.Double()
			case "hi":
				e.Hi = v.Double()
			case "n":
				e.N = v.Int64()
			case "unit":
				e.Unit = string(v.ByteArray())
			}
		}
	}
	return cell
}
