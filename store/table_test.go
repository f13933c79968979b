package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// odd are the numbers that formats lose.
var odd = []float64{
	0, math.Copysign(0, -1), 1, -1.5, math.Pi, math.NaN(), math.Inf(1), math.Inf(-1),
	math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64, 1e-300, 0.1,
}

// samples are n rows of a few cells, with every odd number in both float columns.
func samples(n int) []Sample {
	r := rand.New(rand.NewPCG(1, 2))
	stats := []string{"mean", "se", "q05", Path}
	rows := make([]Sample, n)
	for i := range rows {
		rows[i] = Sample{
			Cell: int32(i * 5 / max(n, 1)), Replica: int64(i%4) - 1, Statistic: stats[i%len(stats)], Time: float64(i) * 0.1, Step: int64(i),
			Column: fmt.Sprintf("singular-values[%d]", i%3), Value: r.NormFloat64(),
		}
		if i < 2*len(odd) {
			rows[i].Time, rows[i].Value = odd[i%len(odd)], odd[(i*7)%len(odd)]
		}
	}
	return rows
}

func passages(n int) []Passage {
	rows := make([]Passage, n)
	for i := range rows {
		rows[i] = Passage{Cell: int32(i / 3), Replica: int64(i) << 33, Event: []string{"exit", "diverged"}[i%2], Time: odd[i%len(odd)], Censored: i%3 == 0, Kind: "event"}
	}
	return rows
}

func plateaus(n int) []Plateau {
	rows := make([]Plateau, n)
	for i := range rows {
		rows[i] = Plateau{
			Cell: int32(i / 2), Replica: int64(i % 2), Index: int32(i), Start: odd[i%len(odd)], End: odd[(i+1)%len(odd)],
			Height: odd[(i+2)%len(odd)], Duration: odd[(i+3)%len(odd)], Jumped: int32(i%3) - 1,
		}
	}
	return rows
}

// sameBits compares rows with floats by their bits; reflect.DeepEqual holds NaN unequal and −0 equal to 0.
func sameBits(a, b any) bool { return same(reflect.ValueOf(a), reflect.ValueOf(b)) }

func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Float64:
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

func write[T Row](t *testing.T, path string, rows []T) Digest {
	t.Helper()
	w, err := Create[T](path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for len(rows) > 0 { // in pieces that fit no batch
		n := min(len(rows), 777)
		if err := w.Write(rows[:n]...); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Sum()
}

func roundTrip[T Row](t *testing.T, rows []T) {
	t.Helper()
	path := TablePath[T](t.TempDir())
	sum := write(t, path, rows)
	got, err := Read[T](path)
	if err != nil {
		t.Fatal(err)
	}
	if !sameBits(got, rows) {
		t.Errorf("%T: %d rows came back otherwise than they went in", rows, len(rows))
	}
	if sum != Sum(rows) {
		t.Errorf("%T: the writer's sum %s is not that of its rows, %s", rows, sum.Short(), Sum(rows).Short())
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
		t.Errorf("%T: the folder holds %v, want the table alone (%v)", rows, names, err)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100, 5000} {
		roundTrip(t, samples(n))
		roundTrip(t, passages(n))
		roundTrip(t, plateaus(n))
	}
}

// A column of more distinct values than a dictionary may hold is written plain in the middle of a row group.
func TestRoundTripBeyondDictionary(t *testing.T) {
	rows := make([]Sample, dictionaryLimit/8+5000)
	for i := range rows {
		rows[i] = Sample{Time: float64(i), Step: int64(i), Statistic: "mean", Column: "loss", Value: -float64(i)}
	}
	roundTrip(t, rows)
}

func cells() []Cell {
	nan := math.NaN()
	return []Cell{
		{
			ID: 0, Point: 0, Dynamics: "langevin", Replicas: 20000, Diverged: 3,
			Params: []Param{
				{"dynamics.langevin.rate", "1e-4", 1e-4}, {"seed", "9007199254740993", 9007199254740992}, {"model.widths", "[3, 8, 2]", nan},
				{"noise", "0.5", 0.5}, {"start", "saddle", nan},
			},
			Estimates: []Named{
				{"mean-time:exit", Estimate{48.3, 0.4, 47.5, 49.1, 20000, "time"}},
				{"rate:exit", Estimate{0.02, math.Copysign(0, -1), math.Inf(-1), math.Inf(1), 19997, "1/time"}},
			},
		},
		{
			ID: 1, Point: 0, Dynamics: "sgd η=½", Replicas: 1 << 40,
			Params: []Param{
				{"dynamics.langevin.rate", "1_000", 1000}, {"seed", "2", 2}, {"model.widths", "[2]", nan}, {"noise", "matched", nan},
			},
			Estimates: []Named{
				{"mean-time:exit", Estimate{nan, nan, nan, nan, 7, "time"}},
				{"censored:exit", Estimate{0, 0, 0, 0.01, 0, "1"}},
			},
		},
		{ID: 7, Point: 3, Dynamics: "", Failed: "the start is not finite"},
		{
			ID: 9, Point: 4, Dynamics: "gd", Replicas: 1,
			Estimates: []Named{
				{"rate:exit", Estimate{1, 2, 3, 4, 5, "1/step"}},    // another unit than cell 0
				{"mean-time:exit.se", Estimate{6, 7, 8, 9, 10, ""}}, // a name that is a column of another
				{"cell", Estimate{11, 12, 13, 14, 15, ""}},          // and one that is a fixed column
			},
		},
	}
}

// sortCells puts parameters and estimates in the order of names: a table keeps that of its columns.
func sortCells(cells []Cell) []Cell {
	for i := range cells {
		slices.SortFunc(cells[i].Params, func(a, b Param) int { return strings.Compare(a.Path, b.Path) })
		slices.SortFunc(cells[i].Estimates, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	}
	return cells
}

func TestCellsRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name  string
		cells []Cell
		group int64
	}{
		{"none", nil, rowGroup},
		{"bare", []Cell{{ID: 5}}, rowGroup},
		{"all", cells(), rowGroup},
		{"all, a row group per row", cells(), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), CellsFile)
			sum, err := disk{}.writeCells(path, tc.cells, tc.group)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ReadCells(path)
			if err != nil {
				t.Fatal(err)
			}
			if !sameBits(sortCells(got), sortCells(slices.Clone(tc.cells))) {
				t.Errorf("got  %v\nwant %v", got, tc.cells)
			}
			if again, err := SumCells(got); err != nil || again != sum {
				t.Errorf("sum %s, of what was read %s (%v)", sum.Short(), again.Short(), err)
			}
		})
	}
}

// The columns that a data frame shows, in the order in which it shows them.
func TestCellsColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), CellsFile)
	if _, err := WriteCells(path, cells()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range p.Schema().Fields() {
		need := "null"
		if f.Required() {
			need = "!"
		}
		got = append(got, fmt.Sprintf("%s %v %s", f.Name(), f.Type().Kind(), need))
	}
	want := []string{
		"cell INT32 !", "point INT32 !", "dynamics BYTE_ARRAY !", "replicas INT64 !", "diverged INT64 !", "failed BYTE_ARRAY !",
		"param:dynamics.langevin.rate DOUBLE null", "param:dynamics.langevin.rate.text BYTE_ARRAY null",
		"param:seed DOUBLE null", "param:seed.text BYTE_ARRAY null",
		"param:model.widths BYTE_ARRAY null",
		"param:noise BYTE_ARRAY null", "param:noise.number DOUBLE null",
		"param:start BYTE_ARRAY null",
		"mean-time:exit DOUBLE null", "mean-time:exit.se DOUBLE null", "mean-time:exit.lo DOUBLE null", "mean-time:exit.hi DOUBLE null", "mean-time:exit.n INT64 null",
		"rate:exit DOUBLE null", "rate:exit.se DOUBLE null", "rate:exit.lo DOUBLE null", "rate:exit.hi DOUBLE null", "rate:exit.n INT64 null", "rate:exit.unit BYTE_ARRAY null",
		"censored:exit DOUBLE null", "censored:exit.se DOUBLE null", "censored:exit.lo DOUBLE null", "censored:exit.hi DOUBLE null", "censored:exit.n INT64 null",
		"mean-time:exit.se' DOUBLE null", "mean-time:exit.se.se DOUBLE null", "mean-time:exit.se.lo DOUBLE null", "mean-time:exit.se.hi DOUBLE null", "mean-time:exit.se.n INT64 null",
		"cell' DOUBLE null", "cell.se DOUBLE null", "cell.lo DOUBLE null", "cell.hi DOUBLE null", "cell.n INT64 null",
	}
	if !slices.Equal(got, want) {
		t.Errorf("columns\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if list, _ := p.Lookup(keyColumns); !strings.Contains(list, `{"column":"mean-time:exit.se","of":"estimate","key":"mean-time:exit","part":"se","unit":"time"}`) {
		t.Errorf("the footer lists %s", list)
	}
}

func TestCellsRefused(t *testing.T) {
	for _, tc := range []struct {
		cells []Cell
		want  string
	}{
		{[]Cell{{ID: 1}, {ID: 1}}, "cell 1 after cell 1"},
		{[]Cell{{ID: -1}}, "want numbers from 0"},
		{[]Cell{{ID: 1, Point: math.MaxInt32 + 1}}, "want numbers from 0"},
		{[]Cell{{Params: []Param{{Path: "a"}, {Path: "a"}}}}, "parameter a given twice"},
		{[]Cell{{Estimates: []Named{{Name: "a"}, {Name: "a"}}}}, "estimate a given twice"},
	} {
		path := filepath.Join(t.TempDir(), CellsFile)
		_, err := WriteCells(path, tc.cells)
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: got error %v; want %q and the path", tc.cells, err, tc.want)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v: a refused table was written", tc.cells)
		}
	}
}

func TestRowsOutOfOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), SamplesFile)
	write(t, path, samples(3))
	w, err := Create[Sample](path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Sample{Cell: 2}, Sample{Cell: 1}); err == nil || !strings.Contains(err.Error(), "cell 1 after cell 2") {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err == nil {
		t.Error("a table that refused a row was closed without error")
	}
	if got, err := Read[Sample](path); err != nil || !sameBits(got, samples(3)) {
		t.Errorf("the old table is lost: %v", err)
	}
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestAbort(t *testing.T) {
	path := filepath.Join(t.TempDir(), PassagesFile)
	w, err := Create[Passage](path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(passages(10)...); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
	if err := w.Write(Passage{}); err == nil {
		t.Error("wrote to an aborted table")
	}
}

// Whatever happens to a file, its reader says so, names it and says what to do; no row of it is handed out.
func TestTableDamage(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ManifestFile), nil, 0o666); err != nil { // so that dir is a run
		t.Fatal(err)
	}
	path := filepath.Join(dir, SamplesFile)
	write(t, path, samples(60))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, data []byte, words ...string) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		rows, err := Read[Sample](path)
		var damaged *DamagedError
		if !errors.As(err, &damaged) || rows != nil {
			t.Fatalf("%s: got %d rows and error %v; want a *DamagedError", what, len(rows), err)
		}
		for _, w := range append(words, path, "`sgdlab resume "+dir+"`") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q lacks %q", what, err, w)
			}
		}
	}
	for n := 0; n < len(whole); n += 1 + n%3 {
		refused(fmt.Sprintf("cut to %d bytes", n), whole[:n])
	}
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		refused(fmt.Sprintf("bit %d of byte %d", i%8, i), b)
	}
	refused("nothing", nil, "empty")
	refused("a text", []byte("cell,replica,statistic\n1,2,mean\n"), "not a Parquet file")
	refused("more", append(bytes.Clone(whole), 0))

	var foreign bytes.Buffer
	if err := parquet.Write(&foreign, samples(3)); err != nil {
		t.Fatal(err)
	}
	refused("another program's", foreign.Bytes(), "sgdlab did not write")

	write(t, TablePath[Passage](dir), passages(3))
	other, err := os.ReadFile(TablePath[Passage](dir))
	if err != nil {
		t.Fatal(err)
	}
	refused("another table", other, `holds the table "passages"; want "samples"`)
	if _, err := ReadCells(TablePath[Passage](dir)); err == nil || !strings.Contains(err.Error(), `want "cells"`) {
		t.Errorf("passages read as cells: %v", err)
	}

	if err := os.WriteFile(path, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := Read[Sample](path); err != nil || !sameBits(got, samples(60)) {
		t.Errorf("the whole file is refused: %v", err)
	}
}

func TestCellsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), CellsFile)
	if _, err := WriteCells(path, cells()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(whole); i += 37 {
		b := bytes.Clone(whole)
		b[i] ^= 0x10
		for what, data := range map[string][]byte{"cut": whole[:i], "altered": b} {
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
			var damaged *DamagedError
			if _, err := ReadCells(path); !errors.As(err, &damaged) || damaged.Path != path {
				t.Fatalf("%s at byte %d: got %v", what, i, err)
			}
		}
	}
}

// A sealed table of our own name with other columns, as a program of another version might write it.
func TestTableOfOtherColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), SamplesFile)
	file, err := disk{}.createTable(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := parquet.NewGenericWriter[Passage](file.buf, options("samples", "", rowGroup))
	if _, err := rows.Write(passages(3)); err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.seal(); err != nil {
		t.Fatal(err)
	}
	if _, err := Read[Sample](path); err == nil || !strings.Contains(err.Error(), "has the columns [cell replica event time censored kind]; want [cell replica statistic") {
		t.Errorf("got %v", err)
	}
}

func TestMissingTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), SamplesFile)
	_, err := Read[Sample](path)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "resume") {
		t.Errorf("got %v", err)
	}
	if _, err := ReadCells(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// guard is for panics of the library, of which none is known: it is shown one of our own.
func TestGuard(t *testing.T) {
	err := func() (err error) {
		defer guard(&err)
		var rows []Sample
		_ = rows[len(os.Args)]
		return nil
	}()
	if err == nil || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("got %v", err)
	}
}

// A reader that stops early leaves nothing open, and a long table passes in bounded memory: rows come in batches.
func TestRowsStop(t *testing.T) {
	path := filepath.Join(t.TempDir(), SamplesFile)
	write(t, path, samples(5000))
	n := 0
	for row, err := range Rows[Sample](path) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; row.Cell == 1 {
			break
		}
	}
	if n != 1001 {
		t.Errorf("cell 1 came after %d rows; want 1001", n)
	}
}

func TestRowGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), SamplesFile)
	w, err := create[Sample](disk{}, path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(samples(2500)...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, p, err := openTable(path, "samples")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := len(p.RowGroups()); got != 3 {
		t.Errorf("%d row groups; want 3", got)
	}
	got, err := Read[Sample](path)
	if err != nil || !sameBits(got, samples(2500)) {
		t.Errorf("3 row groups come back otherwise: %v", err)
	}
	if w.Sum() != Sum(samples(2500)) || w.Rows() != 2500 {
		t.Errorf("the sum or the number of rows depends on row groups")
	}
}
