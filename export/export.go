// Package export writes the tables of a finished run as files that other programs read: CSV, NPZ, Parquet, netCDF.
//
//	run folder → tables: typed columns and rows, walked in the order of the plan
//	tables     → CSV (RFC 4180), NPZ (a zip of .npy arrays), Parquet
//	tables     → netCDF classic: statistics as arrays over cell × time × statistic
//
// A number keeps its bits in every format. What is missing is told apart where the format can: NaN is an estimate without
// a value, and nothing (an empty field of CSV, null of Parquet, NaN elsewhere, −1 for a count) is a thing that the cell was
// not asked for.
//
// What belongs here: the shapes and the bytes of exported files. What does not: the tables of a run folder (package store),
// what they mean, and pictures (package report).
package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sgdlab/store"
)

// Formats are the names of the formats.
var Formats = []string{"csv", "npz", "parquet", "netcdf"}

// Tables are the names of the tables, in the order in which they are written.
var Tables = []string{"cells", "samples", "passages", "plateaus"}

// Run is what is exported: a finished run, whose tables have been read whole and found sound.
type Run struct {
	Dir      string
	Manifest *store.Manifest
	Cells    []store.Cell
	Spec     string // the resolved spec, YAML
}

// Options say what is written, and how.
type Options struct {
	Tables   []string // a part of Tables; nil: all
	Wide     bool     // samples with one column for each column of an observable; of csv and parquet
	Force    bool     // replace files that are there
	Progress func(done, total int64)
}

// File is one file that was written.
type File struct {
	Path string `json:"path"`
	Rows int64  `json:"rows"` // of its table; of all tables where it holds several
}

// Result is what an export wrote, and what it had to leave out.
type Result struct {
	Files []File
	Notes []string
}

// Error is an export that could not be written. What stood under the name before is untouched.
type Error struct {
	Path, Finding, Remedy string
	Err                   error
}

func (e *Error) Error() string { return e.Path + ": " + e.Finding + "; " + e.Remedy }

// Unwrap gives the system's error.
func (e *Error) Unwrap() error { return e.Err }

// Extension is how the name of a file of a format ends.
func Extension(format string) string {
	if format == "netcdf" {
		return ".nc"
	}
	return "." + format
}

// DefaultPath is where an export goes that is not told: NAME.npz and NAME.nc are files, NAME-csv and NAME-parquet folders.
func DefaultPath(run, format string) string {
	if format == "npz" || format == "netcdf" {
		return run + Extension(format)
	}
	return run + "-" + format
}

// Write exports a run to path. NPZ and netCDF are one file; CSV and Parquet are one file for each table, in the folder path,
// or the file path itself where one table is chosen and path has the format's extension or is no folder's, such as a pipe.
// Every file appears whole or not at all; without Force none is replaced.
//
// The error is an *Error, an error of the tables as package store gives it, or that of the context.
func Write(ctx context.Context, run *Run, format, path string, o Options) (*Result, error) {
	if !slices.Contains(Formats, format) {
		return nil, fmt.Errorf("format %q; want one of %s", format, strings.Join(Formats, ", "))
	}
	names := o.Tables
	if names == nil {
		names = Tables
	}
	for _, n := range names {
		if !slices.Contains(Tables, n) {
			return nil, fmt.Errorf("table %q; want some of %s", n, strings.Join(Tables, ", "))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no table; want some of %s", strings.Join(Tables, ", "))
	}
	if o.Wide && (format == "npz" || format == "netcdf") {
		return nil, fmt.Errorf("wide samples in %s, whose samples are arrays already; want csv or parquet", format)
	}
	if o.Wide && !slices.Contains(names, "samples") {
		return nil, errors.New("wide samples, but the table samples is not chosen; want it among the tables")
	}
	w := &writer{ctx: ctx, run: run, o: o, result: &Result{}}
	for _, n := range Tables { // in our order, each once
		if slices.Contains(names, n) {
			w.names = append(w.names, n)
		}
	}
	for _, n := range w.names {
		if path := filepath.Join(run.Dir, n+".parquet"); n != "cells" {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return nil, &store.MissingError{Path: path, Remedy: fmt.Sprintf("`sgdlab resume %s` makes it anew", run.Dir)}
			}
		}
	}
	var err error
	switch format {
	case "csv":
		err = w.each(path, ".csv", w.csv)
	case "parquet":
		err = w.each(path, ".parquet", w.parquet)
	case "npz":
		err = w.one(path, w.npz)
	case "netcdf":
		err = w.one(path, w.netcdf)
	}
	if err != nil {
		return nil, err
	}
	return w.result, nil
}

// writer is one call of Write.
type writer struct {
	ctx    context.Context
	run    *Run
	o      Options
	names  []string
	result *Result
	done   int64 // rows walked
	total  int64
}

// begin says how many rows will be walked.
func (w *writer) begin(rows int64) { w.total, w.done = rows, 0 }

// tick counts a row. It fails where the export is told to stop.
func (w *writer) tick() error {
	w.done++
	if w.done&0x3fff != 0 {
		return nil
	}
	if w.o.Progress != nil {
		w.o.Progress(min(w.done, w.total), w.total)
	}
	return w.ctx.Err()
}

// rows is the number of rows of a table.
func (w *writer) rows(table string) int64 {
	if table == "cells" {
		return int64(len(w.run.Cells))
	}
	return w.run.Manifest.Rows[table]
}

// one writes a single file.
func (w *writer) one(path string, fill func(d *draft) error) error {
	d, err := create(path, w.o.Force)
	if err != nil {
		return err
	}
	defer d.abandon()
	if err := fill(d); err != nil {
		return d.wrap(err)
	}
	if err := d.place(); err != nil {
		return err
	}
	rows := int64(0)
	for _, n := range w.names {
		rows += w.rows(n)
	}
	w.result.Files = append(w.result.Files, File{path, rows})
	return nil
}

// each writes a file for each table. None gets its name before all are whole.
func (w *writer) each(path, extension string, fill func(d *draft, table string) (rows int64, err error)) error {
	info, err := os.Stat(path)
	single := len(w.names) == 1 && (strings.HasSuffix(path, extension) || err == nil && !info.IsDir())
	var paths []string
	if single {
		paths = []string{path}
	} else {
		if err == nil && !info.IsDir() {
			return &Error{Path: path, Finding: "it is a file, but several tables are files in a folder", Remedy: "name a folder, or choose one table"}
		}
		for _, n := range w.names {
			paths = append(paths, filepath.Join(path, n+extension))
		}
	}
	made := false
	if !single {
		if errors.Is(err, fs.ErrNotExist) {
			made = true
		}
		if err := os.MkdirAll(path, 0o777); err != nil {
			return failed(path, "cannot be made", err)
		}
	}
	var drafts []*draft
	defer func() {
		for _, d := range drafts {
			d.abandon()
		}
		if made && len(w.result.Files) == 0 {
			os.Remove(path) // only where it is empty
		}
	}()
	total := int64(0)
	for _, n := range w.names {
		total += w.rows(n)
	}
	w.begin(total)
	for _, p := range paths {
		d, err := create(p, w.o.Force)
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
	}
	rows := make([]int64, len(drafts))
	for i, n := range w.names {
		var err error
		if rows[i], err = fill(drafts[i], n); err != nil {
			return drafts[i].wrap(err)
		}
	}
	for i, d := range drafts {
		if err := d.place(); err != nil {
			return err
		}
		w.result.Files = append(w.result.Files, File{paths[i], rows[i]})
	}
	return nil
}
