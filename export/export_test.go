package export

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sgdlab/store"
)

var nan = math.NaN()

// awkward are numbers that a careless printer or parser loses.
var awkward = []float64{0, math.Copysign(0, -1), 0.1, 1.0 / 3, 1e-4, 5e-324, math.MaxFloat64, -math.Pi, 123456789.123456789, math.Inf(1), math.Inf(-1), nan}

const specText = "title: \"Two, “quoted”\"\nmodel: {name: double-well}\n"

// sound makes a run folder with two cells that were read at different times, kept paths, a diverged replica, and every
// kind of setting.
func sound(t *testing.T) *Run {
	t.Helper()
	dir := t.TempDir()
	cells := []store.Cell{
		{ID: 0, Point: 0, Dynamics: "sgd", Replicas: 3, Params: []store.Param{{Path: "rate", Text: "1e-1", Number: 0.1}, {Path: "widths", Text: "[3, 2, 1]", Number: nan}, {Path: "seed", Text: "9007199254740993", Number: 9007199254740992}},
			Estimates: []store.Named{{Name: "mean-time:exit", Estimate: store.Estimate{Value: 1.0 / 3, SE: 0.01, Lo: -0.5, Hi: math.Inf(1), N: 1 << 40, Unit: "time"}}, {Name: "end:loss", Estimate: store.Estimate{Value: 0.5, SE: nan, Lo: nan, Hi: nan, N: 3}}}},
		{ID: 2, Point: 1, Dynamics: "läng \"x\"", Replicas: 3, Diverged: 1, Failed: "two\nlines", Params: []store.Param{{Path: "rate", Text: "2", Number: 2}, {Path: "widths", Text: "[5]", Number: nan}, {Path: "seed", Text: "1", Number: 1}},
			Estimates: []store.Named{{Name: "mean-time:exit", Estimate: store.Estimate{Value: nan, SE: nan, Lo: nan, Hi: nan, N: 3, Unit: "time"}}}},
	}
	if _, err := store.WriteCells(filepath.Join(dir, store.CellsFile), cells); err != nil {
		t.Fatal(err)
	}
	var samples []store.Sample
	for i, id := range []int32{0, 2} {
		rate := []float64{0.1, 2}[i]
		for c, column := range []string{"loss", "singular-value[1]"} {
			for k := range 3 + c*2 {
				for s, statistic := range []string{"mean", "n", "q05"} {
					if i == 1 && statistic == "q05" && k == 2 {
						continue // one replica is left: no quantiles
					}
					step := (10 - 3*c) * k
					samples = append(samples, store.Sample{Cell: id, Replica: store.Statistics, Statistic: statistic, Time: rate * float64(step), Step: int64(step), Column: column, Value: awkward[(7*i+5*c+3*k+s)%len(awkward)]})
				}
			}
		}
		for r := range int64(2) {
			for k := range 3 + i {
				samples = append(samples, store.Sample{Cell: id, Replica: r, Statistic: store.Path, Time: rate * float64(10*k), Step: int64(10 * k), Column: "singular-value[1]", Value: float64(100*i+10*int(r)+k) + 0.1})
				if k < 3 {
					samples = append(samples, store.Sample{Cell: id, Replica: r, Statistic: store.Path, Time: rate * float64(10*k), Step: int64(10 * k), Column: "loss", Value: float64(100*i+10*int(r)+k) + 0.7})
				}
			}
		}
	}
	put(t, dir, samples)
	put(t, dir, []store.Passage{{Cell: 0, Replica: 0, Event: "exit", Time: 0.1, Kind: "event"}, {Cell: 0, Replica: 1, Event: "exit", Time: 1.0 / 3, Kind: "event"}, {Cell: 0, Replica: 2, Event: "exit", Time: 30, Censored: true, Kind: "event"},
		{Cell: 2, Replica: 0, Event: "exit", Time: 5e-324, Kind: "event"}, {Cell: 2, Replica: 1, Event: "exit", Time: 2, Censored: true, Kind: "event"}, {Cell: 2, Replica: 1, Event: "diverged", Time: 2, Kind: "diverged"}})
	put(t, dir, []store.Plateau{{Cell: 2, Replica: 1, Index: 0, Start: 0.1, End: 7, Height: 1.0 / 7, Duration: 6.9, Jumped: 2}, {Cell: 2, Replica: 1, Index: 1, Start: 8, End: 9, Height: nan, Duration: 1, Jumped: -1}})
	m := &store.Manifest{Run: "two-12345678", Title: "Two, “quoted”", Program: "sgdlab 1", Rows: map[string]int64{"cells": 2, "samples": int64(len(samples)), "passages": 6, "plateaus": 2}}
	m.Result[0] = 0xab
	return &Run{Dir: dir, Manifest: m, Cells: cells, Spec: specText}
}

func put[T store.Row](t *testing.T, dir string, rows []T) {
	t.Helper()
	w, err := store.Create[T](store.TablePath[T](dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// export writes a run and returns the path.
func export(t *testing.T, run *Run, format string, o Options) (string, *Result) {
	t.Helper()
	path := filepath.Join(t.TempDir(), DefaultPath("out", format))
	r, err := Write(context.Background(), run, format, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return path, r
}

func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// readCSV reads with the standard library's reader, into columns.
func readCSV(t *testing.T, path string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\r\n")); n == 0 || !bytes.HasSuffix(text, []byte("\r\n")) {
		t.Errorf("%s: lines do not end in CRLF", path)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for j, name := range records[0] {
		out[name] = []string{}
		for _, r := range records[1:] {
			out[name] = append(out[name], r[j])
		}
	}
	return out
}

func parse(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Errorf("%q is no number", s)
	}
	if len(strings.TrimLeft(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.Split(s, "e")[0]), "0")) > 17 {
		t.Errorf("%s has more than 17 digits", s)
	}
	return x
}

// Every number of every table is in the CSV, bit for bit.
func TestCSV(t *testing.T) {
	run := sound(t)
	path, r := export(t, run, "csv", Options{})
	if len(r.Files) != 4 || r.Files[1].Rows != run.Manifest.Rows["samples"] {
		t.Errorf("files %+v", r.Files)
	}
	cells := readCSV(t, filepath.Join(path, "cells.csv"))
	for name, want := range map[string][]string{
		"cell": {"0", "2"}, "dynamics": {"sgd", "läng \"x\""}, "failed": {"", "two\nlines"}, "param:rate": {"0.1", "2"}, "param:widths": {"[3, 2, 1]", "[5]"},
		"param:seed": {"9007199254740993", "1"}, "mean-time:exit": {"0.3333333333333333", "NaN"}, "mean-time:exit.hi": {"inf", "NaN"},
		"mean-time:exit.n": {"1099511627776", "3"}, "end:loss": {"0.5", ""}, "end:loss.se": {"NaN", ""}, "end:loss.n": {"3", ""},
	} {
		if !slices.Equal(cells[name], want) {
			t.Errorf("cells, %s: %q; want %q", name, cells[name], want)
		}
	}
	samples, err := store.Read[store.Sample](filepath.Join(run.Dir, store.SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	got := readCSV(t, filepath.Join(path, "samples.csv"))
	for i, s := range samples {
		if got["cell"][i] != fmt.Sprint(s.Cell) || got["replica"][i] != fmt.Sprint(s.Replica) || got["statistic"][i] != s.Statistic || got["step"][i] != fmt.Sprint(s.Step) || got["column"][i] != s.Column ||
			!same(parse(t, got["time"][i]), s.Time) || !same(parse(t, got["value"][i]), s.Value) {
			t.Errorf("row %d: %+v", i, s)
		}
	}
	if len(got["cell"]) != len(samples) {
		t.Errorf("%d rows; want %d", len(got["cell"]), len(samples))
	}
	passages := readCSV(t, filepath.Join(path, "passages.csv"))
	if !slices.Equal(passages["censored"], []string{"false", "false", "true", "false", "true", "false"}) || passages["time"][3] != "5e-324" || passages["kind"][5] != "diverged" {
		t.Errorf("passages %v", passages)
	}
	plateaus := readCSV(t, filepath.Join(path, "plateaus.csv"))
	if !slices.Equal(plateaus["jumped"], []string{"2", "-1"}) || !slices.Equal(plateaus["height"], []string{"0.14285714285714285", "NaN"}) || !slices.Equal(plateaus["duration"], []string{"6.9", "1"}) {
		t.Errorf("plateaus %v", plateaus)
	}
}

// Wide samples hold the same numbers, a column for each observable's, in CSV and in Parquet alike.
func TestWide(t *testing.T) {
	run := sound(t)
	samples, err := store.Read[store.Sample](filepath.Join(run.Dir, store.SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		cell, replica, statistic, time, step string
	}
	want := map[key]map[string]float64{}
	for _, s := range samples {
		k := key{fmt.Sprint(s.Cell), fmt.Sprint(s.Replica), s.Statistic, number(s.Time), fmt.Sprint(s.Step)}
		if want[k] == nil {
			want[k] = map[string]float64{}
		}
		want[k][s.Column] = s.Value
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "wide.csv")
	r, err := Write(context.Background(), run, "csv", file, Options{Tables: []string{"samples"}, Wide: true})
	if err != nil || len(r.Files) != 1 || r.Files[0] != (File{file, int64(len(want))}) {
		t.Fatalf("%v, %+v; want %d rows", err, r, len(want))
	}
	got := readCSV(t, file)
	for i := range got["cell"] {
		if i > 0 {
			order := 0
			for _, c := range []string{"cell", "replica", "time"} {
				if order = cmp.Compare(parse(t, got[c][i-1]), parse(t, got[c][i])); order != 0 {
					break
				}
			}
			if order > 0 {
				t.Errorf("row %d does not ascend in cell, replica and time", i)
			}
		}
		k := key{got["cell"][i], got["replica"][i], got["statistic"][i], got["time"][i], got["step"][i]}
		for _, c := range []string{"loss", "singular-value[1]"} {
			x, ok := want[k][c]
			if text := got[c][i]; ok != (text != "") || ok && !same(parse(t, text), x) {
				t.Errorf("%v, %s: %q; want %v, %v", k, c, text, x, ok)
			}
		}
		delete(want, k)
	}
	if len(want) != 0 {
		t.Errorf("%d rows are missing", len(want))
	}
	pq := filepath.Join(dir, "wide.parquet")
	if _, err := Write(context.Background(), run, "parquet", pq, Options{Tables: []string{"samples"}, Wide: true}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(pq)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range p.Schema().Fields() {
		names = append(names, c.Name())
	}
	if !slices.Equal(names, []string{"cell", "replica", "statistic", "time", "step", "loss", "singular-value[1]"}) {
		t.Errorf("columns %v", names)
	}
	n := 0
	for _, g := range p.RowGroups() {
		rows := g.Rows()
		buf := make([]parquet.Row, 16)
		for {
			m, err := rows.ReadRows(buf)
			for _, row := range buf[:m] {
				for j, name := range names {
					v, text := row[j], got[name][n]
					ok := false
					switch name {
					case "time":
						ok = number(v.Double()) == text
					case "loss", "singular-value[1]":
						ok = v.IsNull() && text == "" || !v.IsNull() && number(v.Double()) == text
					case "statistic":
						ok = string(v.ByteArray()) == text
					default:
						ok = fmt.Sprint(v.Int64()) == text
					}
					if !ok {
						t.Errorf("row %d, %s: %v; the CSV has %q", n, name, v, text)
					}
				}
				n++
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		rows.Close()
	}
	if n != len(got["cell"]) {
		t.Errorf("%d rows; the CSV has %d", n, len(got["cell"]))
	}
}

// Parquet is the table's own file.
func TestParquetIsACopy(t *testing.T) {
	run := sound(t)
	path, _ := export(t, run, "parquet", Options{Tables: []string{"passages", "cells"}})
	for _, n := range []string{"cells", "passages"} {
		a, err := os.ReadFile(filepath.Join(run.Dir, n+".parquet"))
		b, err2 := os.ReadFile(filepath.Join(path, n+".parquet"))
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %v, %v", n, err, err2)
		}
	}
	if entries, _ := os.ReadDir(path); len(entries) != 2 {
		t.Errorf("%d files; want 2", len(entries))
	}
}

// npyArray is an array as the NPY format has it.
type npyArray struct {
	descr string
	shape []int
	data  []byte
}

// readNPY reads version 1.0 of the format from its specification.
func readNPY(t *testing.T, name string, b []byte) npyArray {
	t.Helper()
	if !bytes.HasPrefix(b, []byte("\x93NUMPY\x01\x00")) {
		t.Fatalf("%s: no magic", name)
	}
	n := int(binary.LittleEndian.Uint16(b[8:]))
	header := string(b[10 : 10+n])
	if (10+n)%64 != 0 || !strings.HasSuffix(header, "\n") {
		t.Errorf("%s: the header has %d bytes and ends in %q", name, 10+n, header[len(header)-1:])
	}
	m := regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': False, 'shape': \(([^)]*)\), \} *\n$`).FindStringSubmatch(header)
	if m == nil {
		t.Fatalf("%s: header %q", name, header)
	}
	a := npyArray{descr: m[1], data: b[10+n:]}
	size := 1
	for _, s := range strings.Split(m[2], ",") {
		if s = strings.TrimSpace(s); s != "" {
			k, err := strconv.Atoi(s)
			if err != nil {
				t.Fatalf("%s: shape %q", name, m[2])
			}
			a.shape = append(a.shape, k)
			size *= k
		}
	}
	if len(a.shape) == 1 && !strings.HasSuffix(strings.TrimSpace(m[2]), ",") {
		t.Errorf("%s: shape (%s) is no tuple", name, m[2])
	}
	width := map[string]int{"<i8": 8, "<f8": 8, "|b1": 1}[a.descr]
	if w, ok := strings.CutPrefix(a.descr, "<U"); ok {
		k, err := strconv.Atoi(w)
		if err != nil || k < 1 {
			t.Fatalf("%s: %s", name, a.descr)
		}
		width = 4 * k
	}
	if width == 0 || len(a.data) != width*size {
		t.Errorf("%s: %d bytes of %s in %v", name, len(a.data), a.descr, a.shape)
	}
	return a
}

func (a npyArray) floats() (xs []float64) {
	for i := 0; i < len(a.data); i += 8 {
		xs = append(xs, math.Float64frombits(binary.LittleEndian.Uint64(a.data[i:])))
	}
	return xs
}

func (a npyArray) ints() (xs []int64) {
	for i := 0; i < len(a.data); i += 8 {
		xs = append(xs, int64(binary.LittleEndian.Uint64(a.data[i:])))
	}
	return xs
}

func (a npyArray) texts() (xs []string) {
	w, _ := strconv.Atoi(a.descr[2:])
	for i := 0; i < len(a.data); i += 4 * w {
		var s []rune
		for k := range w {
			if r := binary.LittleEndian.Uint32(a.data[i+4*k:]); r != 0 {
				s = append(s, rune(r))
			}
		}
		xs = append(xs, string(s))
	}
	return xs
}

func readNPZ(t *testing.T, path string) map[string]npyArray {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]npyArray{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r) // checks the CRC
		if err != nil {
			t.Fatal(err)
		}
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if _, twice := out[name]; !ok || twice {
			t.Errorf("entry %s", f.Name)
		}
		out[name] = readNPY(t, name, b)
	}
	return out
}

// NPZ holds every column, and kept paths as arrays.
func TestNPZ(t *testing.T) {
	run := sound(t)
	path, r := export(t, run, "npz", Options{})
	z := readNPZ(t, path)
	samples, err := store.Read[store.Sample](filepath.Join(run.Dir, store.SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	values, times, columns, replicas := z["samples/value"].floats(), z["samples/time"].floats(), z["samples/column"].texts(), z["samples/replica"].ints()
	if len(values) != len(samples) {
		t.Fatalf("%d values; want %d", len(values), len(samples))
	}
	for i, s := range samples {
		if !same(values[i], s.Value) || !same(times[i], s.Time) || columns[i] != s.Column || replicas[i] != s.Replica {
			t.Errorf("row %d: %v", i, s)
		}
	}
	for name, want := range map[string]any{
		"cells/dynamics": []string{"sgd", "läng \"x\""}, "cells/cell": []int64{0, 2}, "cells/end:loss.n": []int64{3, -1}, "cells/param:widths": []string{"[3, 2, 1]", "[5]"},
		"cells/param:rate": []float64{0.1, 2}, "title": []string{"Two, “quoted”"}, "spec": []string{specText}, "hash": []string{run.Manifest.Result.String()},
		"plateaus/jumped": []int64{2, -1}, "paths/loss.cell": []int64{0, 2}, "paths/loss.replica": []int64{0, 1}, "paths/singular-value[1].cell": []int64{0},
	} {
		a := z[name]
		var got any
		switch want.(type) {
		case []string:
			got = a.texts()
		case []int64:
			got = a.ints()
		default:
			got = a.floats()
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v; want %v", name, got, want)
		}
	}
	if e := z["cells/end:loss"].floats(); e[0] != 0.5 || !math.IsNaN(e[1]) {
		t.Errorf("an estimate that a cell has not: %v", e)
	}
	if c := z["passages/censored"]; c.descr != "|b1" || !bytes.Equal(c.data, []byte{0, 0, 1, 0, 1, 0}) {
		t.Errorf("censored: %v", c)
	}
	if len(z["title"].shape) != 0 {
		t.Errorf("title has the shape %v", z["title"].shape)
	}
	// Of the loss all replicas of both cells were read three times; of the singular value, of which cells differ in the
	// number of readings, the first cell makes the array, and the other is named.
	loss := z["paths/loss"]
	var want []float64
	for i := range 2 {
		for rep := range 2 {
			for k := range 3 {
				want = append(want, float64(100*i+10*rep+k)+0.7)
			}
		}
	}
	if !slices.Equal(loss.shape, []int{2, 2, 3}) || !slices.Equal(loss.floats(), want) {
		t.Errorf("paths of loss: %v, %v", loss.shape, loss.floats())
	}
	if a := z["paths/loss.time"]; !slices.Equal(a.shape, []int{2, 3}) || !slices.Equal(a.floats(), []float64{0, 1, 2, 0, 20, 40}) {
		t.Errorf("times of paths: %v, %v", a.shape, a.floats())
	}
	if a := z["paths/singular-value[1]"]; !slices.Equal(a.shape, []int{1, 2, 3}) || a.floats()[5] != 12.1 {
		t.Errorf("paths of the singular value: %v, %v", a.shape, a.floats())
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "singular-value[1]") || !strings.Contains(r.Notes[0], "cell 2") {
		t.Errorf("notes %q", r.Notes)
	}
}

// ncRead is a netCDF classic file as its specification has it.
type ncRead struct {
	version int
	dims    []ncDim
	attrs   map[string]any
	vars    map[string]ncReadVar
}

type ncReadVar struct {
	kind   int
	shape  []int64
	names  []string // of the dimensions
	attrs  map[string]any
	floats []float64 // of all kinds but char
	text   string
}

// readNetCDF reads versions 1, 2 and 5 from the specification. It wants nothing between or after the variables.
func readNetCDF(t *testing.T, path string) ncRead {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	take := func(n int) []byte {
		if at+n > len(b) {
			t.Fatalf("%s: ends within its header", path)
		}
		at += n
		return b[at-n : at]
	}
	if string(take(3)) != "CDF" {
		t.Fatal("no magic")
	}
	f := ncRead{version: int(take(1)[0]), attrs: map[string]any{}, vars: map[string]ncReadVar{}}
	u32 := func() int64 { return int64(binary.BigEndian.Uint32(take(4))) }
	u64 := func() int64 { return int64(binary.BigEndian.Uint64(take(8))) }
	count, offset := u32, u64
	switch f.version {
	case 1:
		offset = u32
	case 5:
		count = u64
	}
	name := func() string {
		n := int(count())
		s := string(take(n))
		for _, z := range take((4 - n%4) % 4) {
			if z != 0 {
				t.Errorf("padding of %q", s)
			}
		}
		if s == "" || strings.ContainsAny(s, "/\x00\n") || strings.HasSuffix(s, " ") {
			t.Errorf("the name %q is none of the format", s)
		}
		return s
	}
	list := func(tag int64) int64 {
		got, n := u32(), count()
		if got == 0 && n == 0 {
			return 0
		}
		if got != tag {
			t.Fatalf("tag %#x; want %#x", got, tag)
		}
		return n
	}
	size := map[int]int{1: 1, 2: 1, 4: 4, 6: 8}
	attributes := func() map[string]any {
		out := map[string]any{}
		for range list(0x0c) {
			n, kind := name(), int(u32())
			k := int(count())
			data := take(k * size[kind])
			take((4 - k*size[kind]%4) % 4)
			switch kind {
			case 2:
				out[n] = string(data)
			case 6:
				out[n] = math.Float64frombits(binary.BigEndian.Uint64(data))
			default:
				t.Errorf("attribute %s of type %d", n, kind)
			}
		}
		return out
	}
	if count() != 0 {
		t.Error("there are records")
	}
	for range list(0x0a) {
		f.dims = append(f.dims, ncDim{name(), count()})
	}
	f.attrs = attributes()
	type place struct{ begin, size int64 }
	var places []place
	for range list(0x0b) {
		n := name()
		v := ncReadVar{}
		total := int64(1)
		for range count() {
			d := f.dims[count()]
			v.shape, v.names = append(v.shape, d.size), append(v.names, d.name)
			total *= d.size
		}
		v.attrs = attributes()
		v.kind = int(u32())
		bytes := total * int64(size[v.kind])
		if vsize := count(); vsize != (bytes+3)/4*4 {
			t.Errorf("%s: vsize %d of %d bytes", n, vsize, bytes)
		}
		begin := offset()
		places = append(places, place{begin, (bytes + 3) / 4 * 4})
		for i := range total {
			p := b[begin+i*int64(size[v.kind]):]
			switch v.kind {
			case 1:
				v.floats = append(v.floats, float64(int8(p[0])))
			case 2:
				v.text += string(p[:1])
			case 4:
				v.floats = append(v.floats, float64(int32(binary.BigEndian.Uint32(p))))
			case 6:
				v.floats = append(v.floats, math.Float64frombits(binary.BigEndian.Uint64(p)))
			}
		}
		f.vars[n] = v
	}
	end := int64(at)
	for _, p := range places {
		if p.begin != end {
			t.Errorf("a variable begins at %d; the one before ends at %d", p.begin, end)
		}
		end = p.begin + p.size
	}
	if end != int64(len(b)) {
		t.Errorf("the file has %d bytes; its variables end at %d", len(b), end)
	}
	return f
}

// strings of a char variable.
func (v ncReadVar) strings() (out []string) {
	w := int(v.shape[len(v.shape)-1])
	for i := 0; i < len(v.text); i += w {
		out = append(out, strings.TrimRight(v.text[i:i+w], "\x00"))
	}
	return out
}

// netCDF holds readings as arrays over cell, time and statistic, and all else; version 5 holds the same.
func TestNetCDF(t *testing.T) {
	run := sound(t)
	path, r := export(t, run, "netcdf", Options{})
	f := readNetCDF(t, path)
	if f.version != 2 {
		t.Errorf("version %d; want 2, which every reader has", f.version)
	}
	if f.attrs["title"] != "Two, “quoted”" || f.attrs["spec"] != specText || f.attrs["hash"] != run.Manifest.Result.String() {
		t.Errorf("attributes %v", f.attrs)
	}
	statistics := f.vars["statistic"].strings()
	if !slices.Equal(statistics, []string{"mean", "n", "q05"}) {
		t.Fatalf("statistics %v", statistics)
	}
	samples, err := store.Read[store.Sample](filepath.Join(run.Dir, store.SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	row := map[int32]int64{0: 0, 2: 1}
	seen := map[string]int{}
	for _, s := range samples {
		name, axis := s.Column, 1
		if s.Replica >= 0 {
			name, axis = s.Column+".path", 2
		}
		v := f.vars[name]
		if s.Replica >= 0 && s.Column == "singular-value[1]" && s.Cell == 2 {
			continue // left out of the array
		}
		// The axis of times: over cell and reading, since the cells differ in their times.
		label := strings.Replace(v.names[axis], "reading", "time", 1)
		times := f.vars[label]
		n := v.shape[axis]
		own := times.floats // of one cell alone
		if label != "path-time2" {
			if !slices.Equal(times.shape, []int64{2, n}) {
				t.Fatalf("%s has the shape %v", label, times.shape)
			}
			own = own[row[s.Cell]*n : (row[s.Cell]+1)*n]
		}
		k := int64(slices.Index(own, s.Time))
		if k < 0 {
			t.Fatalf("%s has no time %v: %v", label, s.Time, times.floats)
		}
		var got float64
		if s.Replica >= 0 {
			got = v.floats[(row[s.Cell]*v.shape[1]+s.Replica)*n+k]
		} else {
			got = v.floats[(row[s.Cell]*n+k)*3+int64(slices.Index(statistics, s.Statistic))]
		}
		if !same(got, s.Value) {
			t.Errorf("%+v: %v", s, got)
		}
		seen[name]++
	}
	if v := f.vars["loss"]; seen["loss"] != 17 || !math.IsNaN(v.floats[17]) || !slices.Equal(v.shape, []int64{2, 3, 3}) { // the quantile that was not there
		t.Errorf("loss: %d numbers, shape %v, %v", seen["loss"], v.shape, v.floats)
	}
	if v := f.vars["singular-value[1].path"]; !math.IsNaN(v.floats[len(v.floats)-1]) || !slices.Equal(v.shape, []int64{2, 2, 3}) {
		t.Errorf("paths of the singular value: %v %v", v.shape, v.floats)
	}
	for name, want := range map[string][]float64{
		"cell": {0, 2}, "replicas": {3, 3}, "diverged": {0, 1}, "param:rate": {0.1, 2}, "mean-time:exit.n": {1 << 40, 3}, "end:loss.n": {3, -1}, "end:loss": {0.5, nan},
		"passage-time:exit": {0.1, 1.0 / 3, 30, 5e-324, 2, nan}, "passage-censored:exit": {0, 0, 1, 0, 1, -1}, "passage-time:diverged": {nan, nan, nan, nan, 2, nan}, "passage-censored:diverged": {-1, -1, -1, -1, 0, -1},
		"plateau-height": {1.0 / 7, nan}, "plateau-cell": {2, 2}, "plateau-jumped": {2, -1}, "replica": {0, 1, 2}, "kept": {0, 1}, "step": {0, 10, 20},
	} {
		if !slices.EqualFunc(f.vars[name].floats, want, same) {
			t.Errorf("%s: %v; want %v", name, f.vars[name].floats, want)
		}
	}
	if s := f.vars["dynamics"].strings(); !slices.Equal(s, []string{"sgd", "läng \"x\""}) {
		t.Errorf("dynamics %q", s)
	}
	if v := f.vars["mean-time:exit"]; v.attrs["units"] != "time" || v.attrs["long_name"] != "estimate mean-time:exit" || !math.IsNaN(v.attrs["_FillValue"].(float64)) {
		t.Errorf("attributes of an estimate: %v", v.attrs)
	}
	if len(r.Notes) != 1 {
		t.Errorf("notes %q", r.Notes)
	}
	wide := filepath.Join(t.TempDir(), "wide.nc")
	d, err := create(wide, false)
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{ctx: context.Background(), run: run, names: Tables, result: &Result{}}
	five := &ncFile{w: w, out: d}
	five.c.version = 5
	if err := five.write(); err != nil {
		t.Fatal(err)
	}
	if err := d.place(); err != nil {
		t.Fatal(err)
	}
	g := readNetCDF(t, wide)
	if g.version != 5 || len(g.vars) != len(f.vars) {
		t.Errorf("version %d with %d variables; want 5 with %d", g.version, len(g.vars), len(f.vars))
	}
	for name, v := range f.vars {
		if u := g.vars[name]; u.text != v.text || !slices.EqualFunc(u.floats, v.floats, same) {
			t.Errorf("%s differs in version 5", name)
		}
	}
}

// Where all cells are read at the same times, time is an axis of its own. A variable beyond 4 GiB takes version 5; names
// that the format does not have are changed, and stay apart.
func TestNetCDFAxesAndLimits(t *testing.T) {
	run := sound(t)
	var samples []store.Sample
	for _, id := range []int32{0, 2} {
		for k := range 2 {
			samples = append(samples, store.Sample{Cell: id, Replica: -1, Statistic: "mean", Time: float64(k), Step: int64(k), Column: "a/b", Value: float64(id) + float64(k)/8})
		}
	}
	put(t, run.Dir, samples)
	run.Manifest.Rows["samples"] = 4
	path, _ := export(t, run, "netcdf", Options{Tables: []string{"samples"}})
	f := readNetCDF(t, path)
	if v := f.vars["time"]; !slices.Equal(v.names, []string{"time"}) || !slices.Equal(v.floats, []float64{0, 1}) {
		t.Errorf("time: %+v", v)
	}
	if v := f.vars["a_b"]; !slices.Equal(v.names, []string{"cell", "time", "statistic"}) || !slices.Equal(v.floats, []float64{0, 0.125, 2, 2.125}) || v.attrs["name"] != "a/b" {
		t.Errorf("a/b: %+v", v)
	}
	var c classic
	c.variable("x/y", ncDouble, []int{c.dim("n", 1<<29-1)})
	if _, size := c.lay(); c.version != 2 || size < 1<<32-8 {
		t.Errorf("version %d, size %d", c.version, size)
	}
	v := c.variable("x_y", ncDouble, []int{c.dim("n", 1<<29)})
	if header, size := c.lay(); c.version != 5 || header[3] != 5 || v.name == "x_y" || size != int64(len(header))+8*(1<<30-1) {
		t.Errorf("version %d, name %s, size %d", c.version, v.name, size)
	}
	if got := c.free("var ", "\x01 a "); got != "_ a" {
		t.Errorf("a name with a control character becomes %q", got)
	}
}

// What is there is kept; what fails leaves nothing.
func TestFailures(t *testing.T) {
	run := sound(t)
	ctx := context.Background()
	dir := t.TempDir()
	left := func(what string, want ...string) {
		t.Helper()
		var names []string
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if path != dir {
				names = append(names, strings.TrimPrefix(path, dir+"/"))
			}
			return err
		})
		if !slices.Equal(names, want) {
			t.Errorf("%s: the folder holds %q; want %q", what, names, want)
		}
	}
	file := filepath.Join(dir, "a.npz")
	if err := os.WriteFile(file, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, err error, words ...string) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", what)
			return
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; want %q", what, err, w)
			}
		}
	}
	_, err := Write(ctx, run, "npz", file, Options{})
	refuse("a file that is there", err, file, "it is there already", "--force")
	if b, _ := os.ReadFile(file); string(b) != "mine" {
		t.Error("it was overwritten")
	}
	if _, err := Write(ctx, run, "npz", file, Options{Force: true}); err != nil {
		t.Error(err)
	}
	if len(readNPZ(t, file)) < 30 {
		t.Error("--force did not replace it")
	}
	os.Remove(file)

	_, err = Write(ctx, run, "csv", dir+"/new", Options{Tables: []string{"cells", "passages"}})
	if err != nil {
		t.Error(err)
	}
	os.Remove(dir + "/new/cells.csv")
	_, err = Write(ctx, run, "csv", dir+"/new", Options{Tables: []string{"cells", "passages"}})
	refuse("one of two that is there", err, "passages.csv", "it is there already")
	left("one of two that is there", "new", "new/passages.csv")
	os.RemoveAll(dir + "/new")

	for _, format := range Formats {
		path := dir + "/x" + Extension(format)
		stopped, stop := context.WithCancel(ctx)
		stop()
		o := Options{Tables: []string{"samples"}}
		big := *run
		if format != "parquet" { // which looks at the context whatever the number of rows
			big.Dir = many(t)
			big.Manifest = &store.Manifest{Rows: map[string]int64{"samples": 20000}}
		}
		_, err = Write(stopped, &big, format, path, o)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s, stopped: %v", format, err)
		}
		left(format + ", stopped")
		_, err = Write(ctx, run, format, dir+"/none/x"+Extension(format), Options{Tables: []string{"cells"}})
		refuse(format+", no folder", err, "none/x", "no such file or directory", "make its folder first")
		broken := *run
		broken.Dir = t.TempDir()
		_, err = Write(ctx, &broken, format, path, Options{})
		refuse(format+", no tables", err, "samples.parquet", "no such file", "sgdlab resume")
		left(format + ", no tables")
		if runtime.GOOS == "linux" {
			_, err = Write(ctx, run, format, "/dev/full", Options{Tables: []string{"samples"}})
			refuse(format+", a full disk", err, "/dev/full", "no space left on device", "free space")
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s: the system's error is lost", format)
			}
		}
	}
	_, err = Write(ctx, run, "csv", "/dev/null/x", Options{})
	refuse("below a file", err, "/dev/null/x", "not a directory", "--out")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = Write(ctx, run, "csv", file, Options{Force: true})
	refuse("a file for a folder", err, file, "it is a file", "name a folder")
	_, err = Write(ctx, run, "netcdf", dir, Options{Force: true})
	refuse("a folder for a file", err, dir, "it is a folder", "name a file")
	_, err = Write(ctx, run, "xlsx", file, Options{})
	refuse("format", err, `"xlsx"`, "csv, npz, parquet, netcdf")
	_, err = Write(ctx, run, "csv", file, Options{Tables: []string{"cell"}})
	refuse("table", err, `"cell"`, "cells, samples, passages, plateaus")
	_, err = Write(ctx, run, "npz", file, Options{Wide: true})
	refuse("wide", err, "npz", "csv or parquet")
	_, err = Write(ctx, run, "csv", file, Options{Wide: true, Tables: []string{"cells"}})
	refuse("wide without samples", err, "samples", "among the tables")
	// A damaged table is found before a byte of it is exported under a final name.
	samples := filepath.Join(run.Dir, store.SamplesFile)
	b, _ := os.ReadFile(samples)
	b[len(b)/2] ^= 1
	os.WriteFile(samples, b, 0o666)
	os.Remove(file)
	for _, format := range []string{"csv", "npz", "netcdf"} {
		_, err = Write(ctx, run, format, dir+"/y"+Extension(format), Options{Tables: []string{"samples"}})
		refuse(format+", damaged", err, "samples.parquet", "altered", "resume")
		left(format + ", damaged")
	}
}

// A name that is taken while the file is being written is refused as one that was taken before.
func TestNameTakenMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	d, err := create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	d.buf.WriteString("other")
	if err := d.place(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v", err)
	}
	d.abandon()
	entries, _ := os.ReadDir(filepath.Dir(path))
	if b, _ := os.ReadFile(path); string(b) != "mine" || len(entries) != 1 {
		t.Errorf("the file holds %q; %d files", b, len(entries))
	}
}

// A statistic that comes again at one time is of another reading: that of the end may fall on one of the schedule.
func TestReadingsAtOneTime(t *testing.T) {
	r := &readings{seen: map[int]bool{}}
	s := &store.Sample{Time: 3, Step: 1}
	for i, want := range []int{0, 0, 1, 1, 2} {
		if got := r.next(s, []int{0, 1, 0, 2, 0}[i]); got != want {
			t.Errorf("row %d is of reading %d; want %d", i, got, want)
		}
	}
	if !slices.Equal(r.time, []float64{3, 3, 3}) {
		t.Errorf("times %v", r.time)
	}
}

// many makes a folder with 20,000 samples.
func many(t *testing.T) string {
	dir := t.TempDir()
	rows := make([]store.Sample, 20000)
	for i := range rows {
		rows[i] = store.Sample{Replica: -1, Statistic: "mean", Time: float64(i), Step: int64(i), Column: "loss"}
	}
	put(t, dir, rows)
	return dir
}

// Progress rises to its total, and never beyond.
func TestProgress(t *testing.T) {
	run := sound(t)
	run.Dir = many(t)
	run.Manifest.Rows = map[string]int64{"samples": 20000}
	for _, format := range []string{"csv", "npz", "netcdf"} {
		last, calls := int64(0), 0
		_, err := Write(context.Background(), run, format, filepath.Join(t.TempDir(), "x"+Extension(format)), Options{Tables: []string{"samples"}, Progress: func(done, total int64) {
			if done < last || done > total || total < 20000 {
				t.Errorf("%s: %d of %d after %d", format, done, total, last)
			}
			last = done
			calls++
		}})
		if err != nil || calls == 0 {
			t.Errorf("%s: %v, %d calls", format, err, calls)
		}
	}
}
