package data

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sgdlab/lanes"
)

// write puts a file into the test's folder and returns the environment to read it from.
func write(t *testing.T, name string, content []byte) *Env {
	t.Helper()
	e := &Env{Folder: t.TempDir(), Seed: 1}
	if err := os.WriteFile(filepath.Join(e.Folder, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
	return e
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const small = "\ufeffa, b,c,name,d\n1,10,100,x,7\n2,20,200,y,7\n3,30,300,\"z,\nz\",7\n4,40,400,w,7\n"

func TestTable(t *testing.T) {
	for _, name := range []string{"small.csv", "small.csv.gz"} {
		content := []byte(small)
		if strings.HasSuffix(name, ".gz") {
			content = packed(t, small)
		}
		e := write(t, name, content)
		s := must[*Set](t)(NewTable(TableSettings{Path: name, Inputs: []string{"c", "a..b"}, Targets: []string{"d"}, Preparation: Preparation{Train: 1, Shuffle: true}}, e))
		near(t, name+": X", s.X, lanes.MatOf([][]float64{{100, 1, 10}, {200, 2, 20}, {300, 3, 30}, {400, 4, 40}}), 0)
		near(t, name+": Y", s.Y, lanes.MatOf([][]float64{{7}, {7}, {7}, {7}}), 0)
		if !s.TestX.Empty() || len(s.Warnings) != 0 {
			t.Errorf("%s: %d test rows, warnings %v", name, s.TestX.Rows, s.Warnings)
		}
	}
}

// Every row is in one part; what scaling subtracts and divides by comes from the training rows.
func TestTableSplitAndScale(t *testing.T) {
	var b strings.Builder
	b.WriteString("x,y,k\n")
	for i := range 40 {
		fmt.Fprintf(&b, "%d,%d,3\n", i, i*i)
	}
	e := write(t, "t.csv", []byte(b.String()))
	read := func(train float64, shuffle bool, scale Scale) *Set {
		t.Helper()
		return must[*Set](t)(NewTable(TableSettings{Path: "t.csv", Inputs: []string{"x", "k"}, Targets: []string{"y"}, Preparation: Preparation{Train: train, Shuffle: shuffle, Scale: scale}}, e))
	}
	column := func(m lanes.Mat, j int) []float64 {
		var x []float64
		for i := range m.Rows {
			x = append(x, m.At(i, j))
		}
		return x
	}
	s := read(0.7, true, Scale{})
	if s.N() != 28 || s.TestX.Rows != 12 {
		t.Fatalf("0.7 of 40 rows: %d and %d", s.N(), s.TestX.Rows)
	}
	rows := append(column(s.X, 0), column(s.TestX, 0)...)
	if slices.IsSorted(rows) {
		t.Error("not shuffled")
	}
	slices.Sort(rows)
	for i, x := range rows {
		if x != float64(i) {
			t.Fatalf("rows %v", rows)
		}
	}
	for i, x := range column(s.TestX, 0) {
		if s.TestY.At(i, 0) != x*x {
			t.Errorf("test row %d has target %g for input %g", i, s.TestY.At(i, 0), x)
		}
	}
	e.Seed = 2
	if o := read(0.7, true, Scale{}); distance(o.X, s.X) == 0 || o.Hash == s.Hash {
		t.Error("another seed splits alike")
	}
	e.Seed = 1
	if o := read(28, true, Scale{}); o.Hash != s.Hash {
		t.Error("28 rows are not 0.7 of 40")
	}
	if o := read(10, false, Scale{}); !slices.Equal(column(o.X, 0), []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("without shuffle: %v", column(o.X, 0))
	}

	mean := func(x []float64) (m, sd float64) {
		for _, v := range x {
			m += v / float64(len(x))
		}
		for _, v := range x {
			sd += (v - m) * (v - m) / float64(len(x))
		}
		return m, math.Sqrt(sd)
	}
	mx, sx := mean(column(s.X, 0))
	my, sy := mean(column(s.Y, 0))
	for _, tc := range []struct {
		scale          Scale
		mx, sx, my, sy float64
		k              float64 // what the constant column becomes
	}{
		{Scale{DivideBy: 4}, 0, 4, 0, 4, 0.75},
		{Scale{Center: true, DivideBy: 4}, mx, 4, my, 4, 0},
		{Scale{Center: true}, mx, 1, my, 1, 0},
		{Scale{Standardise: true}, mx, sx, my, sy, 0},
		{Scale{Standardise: true, DivideBy: 4, Of: "inputs"}, mx, sx, 0, 1, 0},
	} {
		o := read(0.7, true, tc.scale)
		for _, part := range []struct{ x, y, fromX, fromY lanes.Mat }{{o.X, o.Y, s.X, s.Y}, {o.TestX, o.TestY, s.TestX, s.TestY}} {
			for i := range part.x.Rows {
				wx, wy := (part.fromX.At(i, 0)-tc.mx)/tc.sx, (part.fromY.At(i, 0)-tc.my)/tc.sy
				if math.Abs(part.x.At(i, 0)-wx) > 1e-13 || math.Abs(part.y.At(i, 0)-wy) > 1e-12*(1+math.Abs(wy)) || part.x.At(i, 1) != tc.k {
					t.Fatalf("%+v: row %d is %g, %g, %g; want %g, %g, %g", tc.scale, i, part.x.At(i, 0), part.x.At(i, 1), part.y.At(i, 0), wx, tc.k, wy)
				}
			}
		}
		if warned := len(o.Warnings) == 1 && strings.Contains(o.Warnings[0], "k"); warned != tc.scale.Standardise {
			t.Errorf("%+v: warnings %v", tc.scale, o.Warnings)
		}
	}
}

func TestTableDropsMissing(t *testing.T) {
	e := write(t, "t.csv", []byte("a,b,c\n1,2,\n,3,4\n5,NaN,6\n7,8,9\n"))
	s := must[*Set](t)(NewTable(TableSettings{Path: "t.csv", Inputs: []string{"a"}, Targets: []string{"b"}, Preparation: Preparation{Train: 1, Missing: "drop"}}, e))
	near(t, "X", s.X, lanes.MatOf([][]float64{{1}, {7}}), 0) // the empty c is not used
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "dropped 2 of 4 rows") {
		t.Errorf("warnings %v", s.Warnings)
	}
}

func TestTableErrors(t *testing.T) {
	cut := packed(t, small+strings.Repeat("5,6,7,v,8\n", 20000))
	flipped := slices.Clone(packed(t, small))
	flipped[len(flipped)-5] ^= 1
	for _, tc := range []struct {
		what    string
		name    string
		content []byte
		change  func(c *TableSettings)
		want    []string
	}{
		{"ragged", "t.csv", []byte("a,b\n1,2\n3\n"), nil, []string{"t.csv:3", "1 cells", "header has 2"}},
		{"too long", "t.csv", []byte("a,b\n1,2\n3,4,5\n"), nil, []string{"t.csv:3", "3 cells", "header has 2"}},
		{"empty cell", "t.csv", []byte("a,b\n1,2\n3,\n"), nil, []string{"t.csv:3", "column b", "empty", "missing: drop"}},
		{"NaN", "t.csv", []byte("a,b\nnan,2\n"), nil, []string{"t.csv:2", "column a", "nan", "missing: drop"}},
		{"a word", "t.csv", []byte("a,b\n1,2\n\n\n1,two\n"), nil, []string{"t.csv:5", "column b", `"two"`, "finite number"}},
		{"infinity", "t.csv", []byte("a,b\n1,1e999\n"), nil, []string{"t.csv:2", "column b", "1e999"}},
		{"open quote", "t.csv", []byte("a,b\n1,\"2\n"), nil, []string{"t.csv:", "quote"}},
		{"no rows", "t.csv", []byte("a,b\n"), nil, []string{"no rows"}},
		{"all dropped", "t.csv", []byte("a,b\n,1\n"), func(c *TableSettings) { c.Missing = "drop" }, []string{"no rows", "all 1 were dropped"}},
		{"empty file", "t.csv", nil, nil, []string{"empty", "header"}},
		{"not gzip", "t.csv.gz", []byte("a,b\n1,2\n"), nil, []string{"not a gzip file"}},
		{"truncated", "t.csv.gz", cut[:len(cut)/2], nil, []string{"truncated"}},
		{"truncated in its trailer", "t.csv.gz", cut[:len(cut)-3], nil, []string{"truncated"}},
		{"damaged", "t.csv.gz", flipped, nil, []string{"damaged"}},
		{"unknown column", "t.csv", []byte("alpha,beta\n1,2\n"), func(c *TableSettings) { c.Inputs = []string{"alpa"} }, []string{"inputs", `"alpa"`, "did you mean alpha?", "alpha, beta"}},
		{"unknown end", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Targets = []string{"a..z"} }, []string{"targets", `"z"`}},
		{"backwards", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Inputs = []string{"b..a"} }, []string{"b after a", "a..b"}},
		{"named twice", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Inputs = []string{"a..b", "a"} }, []string{"column a is named twice"}},
		{"two of one name", "t.csv", []byte("a,b,a\n1,2,3\n"), nil, []string{`two columns "a"`, "1 and 3"}},
		{"no such file", "u.csv", nil, func(c *TableSettings) { c.Path = "v.csv" }, []string{"v.csv does not exist"}},
		{"a folder", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Path = "." }, []string{"folder"}},
		{"no inputs", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Inputs = nil }, []string{"at least one column"}},
		{"train too long", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Train = 3 }, []string{"3 rows", "at most 1"}},
		{"train of none", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Train = 0.1 }, []string{"rounds to none"}},
		{"train of a half row", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Train = 1.5 }, []string{"1.5", "whole number"}},
		{"train of NaN", "t.csv", []byte("a,b\n1,2\n"), func(c *TableSettings) { c.Train = math.NaN() }, []string{"NaN"}},
	} {
		e := write(t, tc.name, tc.content)
		c := TableSettings{Path: tc.name, Inputs: []string{"a"}, Targets: []string{"b"}, Preparation: Preparation{Train: 1, Shuffle: true, Missing: "error"}}
		if tc.change != nil {
			tc.change(&c)
		}
		s, err := NewTable(c, e)
		if err == nil {
			t.Errorf("%s: read %d rows; want an error with %q", tc.what, s.N(), tc.want)
			continue
		}
		for _, w := range tc.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q lacks %q", tc.what, err, w)
			}
		}
	}
}

// put adds a file to the folder of an environment.
func put(t *testing.T, e *Env, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(e.Folder, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}
