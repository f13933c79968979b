package data

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"sgdlab/lanes"
)

// npy writes an NPY file of a format.
func npy(version byte, descr string, byColumns bool, shape string, raw []byte) []byte {
	order := "False"
	if byColumns {
		order = "True"
	}
	h := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape)
	for (len(h)+13)%64 != 0 {
		h += " "
	}
	h += "\n"
	b := append([]byte("\x93NUMPY"), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(h)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(h)))
	}
	return append(append(b, h...), raw...)
}

// raw writes numbers in a byte order.
func raw(t testing.TB, order binary.ByteOrder, numbers any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := binary.Write(&b, order, numbers); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every type of number, in both byte orders and of every format.
func TestNPY(t *testing.T) {
	for _, tc := range []struct {
		descr   string
		numbers any
		want    []float64
	}{
		{"b1", []bool{true, false, true, true, false, true}, []float64{1, 0, 1, 1, 0, 1}},
		{"u1", []uint8{0, 1, 2, 200, 254, 255}, []float64{0, 1, 2, 200, 254, 255}},
		{"i1", []int8{0, 1, -1, 127, -128, 5}, []float64{0, 1, -1, 127, -128, 5}},
		{"u2", []uint16{0, 1, 256, 65535, 3, 4}, []float64{0, 1, 256, 65535, 3, 4}},
		{"i2", []int16{0, 1, 256, -32768, 32767, -1}, []float64{0, 1, 256, -32768, 32767, -1}},
		{"u4", []uint32{0, 1, 65536, math.MaxUint32, 3, 4}, []float64{0, 1, 65536, math.MaxUint32, 3, 4}},
		{"i4", []int32{0, 1, 65536, math.MinInt32, math.MaxInt32, -1}, []float64{0, 1, 65536, math.MinInt32, math.MaxInt32, -1}},
		{"u8", []uint64{0, 1, 1 << 40, 1 << 53, 1 << 63, 5}, []float64{0, 1, 1 << 40, 1 << 53, 1 << 63, 5}},
		{"i8", []int64{0, 1, 1 << 40, -1 << 53, math.MinInt64, -1}, []float64{0, 1, 1 << 40, -1 << 53, math.MinInt64, -1}},
		{"f2", []uint16{0x3C00, 0xC000, 0x7BFF, 0x0001, 0x0400, 0x3555}, []float64{1, -2, 65504, 0x1p-24, 0x1p-14, 0.333251953125}},
		{"f4", []float32{0, 1.5, -1e-30, 3e38, 0.1, -0.1}, []float64{0, 1.5, float64(float32(-1e-30)), float64(float32(3e38)), float64(float32(0.1)), float64(float32(-0.1))}},
		{"f8", []float64{0, 1.5, -1e-300, 1e150, 0.1, -0.1}, []float64{0, 1.5, -1e-300, 1e150, 0.1, -0.1}},
	} {
		for _, v := range []byte{1, 2, 3} {
			for sign, order := range map[string]binary.ByteOrder{"<": binary.LittleEndian, ">": binary.BigEndian} {
				a, err := readNPY(npy(v, sign+tc.descr, false, "(2, 3)", raw(t, order, tc.numbers)))
				if err != nil {
					t.Fatalf("%s%s: %v", sign, tc.descr, err)
				}
				if !slices.Equal(a.values, tc.want) || !slices.Equal(a.shape, []int{2, 3}) {
					t.Errorf("format %d, %s%s: shape %v, %v; want %v", v, sign, tc.descr, a.shape, a.values, tc.want)
				}
			}
		}
	}
	if x := half(0x7C00); !math.IsInf(x, 1) {
		t.Errorf("the infinity of 16 bits is %g", x)
	}
	if x := half(0x7E00); !math.IsNaN(x) {
		t.Errorf("the NaN of 16 bits is %g", x)
	}
}

// By columns, the first index is the fastest: entry (i, j, k) of a (2, 3, 4) array is at i + 2j + 6k.
func TestNPYByColumns(t *testing.T) {
	values := make([]float64, 24)
	for i := range 2 {
		for j := range 3 {
			for k := range 4 {
				values[i+2*j+6*k] = float64(100*i + 10*j + k)
			}
		}
	}
	a := must[*array](t)(readNPY(npy(1, "<f8", true, "(2, 3, 4)", raw(t, binary.LittleEndian, values))))
	m := a.rows()
	if m.Rows != 2 || m.Cols != 12 {
		t.Fatalf("%d rows of %d", m.Rows, m.Cols)
	}
	for i := range 2 {
		for j := range 3 {
			for k := range 4 {
				if got := m.At(i, 4*j+k); got != float64(100*i+10*j+k) {
					t.Errorf("entry (%d, %d, %d) is %g", i, j, k, got)
				}
			}
		}
	}
	for _, shape := range []string{"()", "(1,)"} {
		if a := must[*array](t)(readNPY(npy(1, "<f8", true, shape, raw(t, binary.LittleEndian, []float64{7})))); a.rows().At(0, 0) != 7 {
			t.Errorf("shape %s: %v", shape, a.values)
		}
	}
}

func TestNPYErrors(t *testing.T) {
	eight := make([]byte, 8)
	for _, tc := range []struct {
		what string
		b    []byte
		want []string
	}{
		{"objects", npy(1, "|O", false, "(1,)", eight), []string{"|O", "bool, integers"}},
		{"objects", npy(1, "|O8", false, "(1,)", eight), []string{"Python objects"}},
		{"complex", npy(1, "<c16", false, "(1,)", eight), []string{"complex"}},
		{"text", npy(1, "<U5", false, "(1,)", eight), []string{"text"}},
		{"dates", npy(1, "<M8[ns]", false, "(1,)", eight), []string{"dates"}},
		{"long double", npy(1, "<f16", false, "(1,)", eight), []string{"unusual size"}},
		{"records", bytes.Replace(npy(1, "X", false, "(1,)", eight), []byte("'X'"), []byte("[('a', '<f8')]"), 1), []string{"records"}},
		{"truncated", npy(1, "<f8", false, "(2,)", eight), []string{"[2]", "16 bytes", "8 follow"}},
		{"too long", npy(1, "<f8", false, "(1,)", make([]byte, 9)), []string{"9 follow"}},
		{"huge", npy(1, "<f8", false, "(4294967296, 4294967296)", eight), []string{"1 GiB"}},
		{"huge after none", npy(1, "<f8", false, "(0, 9223372036854775807)", eight), []string{"8 follow"}},
		{"2⁵³ + 1", npy(1, "<i8", false, "(1,)", raw(t, binary.LittleEndian, []int64{1<<53 + 1})), []string{"entry 0", "no float64"}},
		{"2⁶⁴ − 1", npy(1, "<u8", false, "(1,)", raw(t, binary.LittleEndian, []uint64{math.MaxUint64})), []string{"no float64"}},
		{"2⁶³ − 1", npy(1, "<i8", false, "(1,)", raw(t, binary.LittleEndian, []int64{math.MaxInt64})), []string{"no float64"}},
		{"format 9", npy(9, "<f8", false, "(1,)", eight), []string{"format 9.0"}},
		{"no dict", append([]byte("\x93NUMPY\x01\x00\x04\x00"), "abcd"...), []string{"abcd", "want {"}},
		{"half a dict", append([]byte("\x93NUMPY\x01\x00\x02\x00"), "{}"...), []string{"lacks descr"}},
		{"header too long", []byte("\x93NUMPY\x01\x00\xff\xff{}"), []string{"65535", "truncated"}},
		{"header of 4 GB", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"), []string{"1 MiB"}},
	} {
		_, err := readNPY(tc.b)
		wants(t, tc.what, err, tc.want...)
	}
}

func wants(t *testing.T, what string, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error; want one with %q", what, want)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %q lacks %q", what, err, w)
		}
	}
}

func idx(kind byte, sizes []uint32, raw []byte) []byte {
	b := []byte{0, 0, kind, byte(len(sizes))}
	for _, s := range sizes {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return append(b, raw...)
}

func TestIDX(t *testing.T) {
	for _, tc := range []struct {
		kind    byte
		numbers any
		want    []float64
	}{
		{0x08, []uint8{0, 255, 3, 4}, []float64{0, 255, 3, 4}},
		{0x09, []int8{0, -1, 127, -128}, []float64{0, -1, 127, -128}},
		{0x0B, []int16{0, -1, 256, -32768}, []float64{0, -1, 256, -32768}},
		{0x0C, []int32{0, -1, 65536, math.MinInt32}, []float64{0, -1, 65536, math.MinInt32}},
		{0x0D, []float32{0, -1.5, 0.1, 3e38}, []float64{0, -1.5, float64(float32(0.1)), float64(float32(3e38))}},
		{0x0E, []float64{0, -1.5, 0.1, 1e100}, []float64{0, -1.5, 0.1, 1e100}},
	} {
		a := must[*array](t)(readIDX(idx(tc.kind, []uint32{2, 1, 2}, raw(t, binary.BigEndian, tc.numbers))))
		if !slices.Equal(a.values, tc.want) || !slices.Equal(a.shape, []int{2, 1, 2}) {
			t.Errorf("type %02X: shape %v, %v; want %v", tc.kind, a.shape, a.values, tc.want)
		}
	}
	for _, tc := range []struct {
		what string
		b    []byte
		want []string
	}{
		{"type", idx(0x0A, []uint32{1}, []byte{1}), []string{"0x0A", "08 (ubyte)"}},
		{"truncated", idx(0x08, []uint32{3}, []byte{1}), []string{"[3]", "1 follow"}},
		{"huge", idx(0x08, []uint32{1 << 31, 1 << 31, 1 << 31, 1 << 31}, []byte{1}), []string{"1 GiB"}},
		{"no sizes", []byte{0, 0, 8, 200, 0}, []string{"200 axes", "truncated"}},
		{"other", []byte("abcd"), []string{"two zero bytes"}},
	} {
		_, err := readIDX(tc.b)
		wants(t, tc.what, err, tc.want...)
	}
}

// numbers is a row of every kind of column that is read.
type numbers struct {
	B    bool     `parquet:"b"`
	RLE  bool     `parquet:"rle"`
	I32  int32    `parquet:"i32,delta"`
	I64  int64    `parquet:"i64,delta"`
	U32  uint32   `parquet:"u32"`
	U64  uint64   `parquet:"u64"`
	I8   int8     `parquet:"i8"`
	F32  float32  `parquet:"f32"`
	F64  float64  `parquet:"f64"`
	Dict float64  `parquet:"dict,dict"`
	IntD int32    `parquet:"int-dict,dict"`
	Byte float64  `parquet:"split,split"`
	Opt  *float64 `parquet:"opt,optional"`
	OptI *int64   `parquet:"opt-int,optional,dict"`
	Text string   `parquet:"text"`
	Deep struct {
		X float64 `parquet:"x"`
	} `parquet:"deep"`
	List []float64 `parquet:"list"`
}

func manyNumbers(n int) []numbers {
	z := normals("test", 1, n)
	all := make([]numbers, n)
	for i := range all {
		all[i] = numbers{B: i%3 == 0, RLE: i%7 < 3, I32: int32(i*i*2654435761) >> 3, I64: int64(i) << 33 * int64(1-2*(i%2)), U32: uint32(i) * 4000000007, U64: uint64(i) << 54,
			I8: int8(i), F32: float32(z[i]), F64: z[i], Dict: float64(i%5) / 3, IntD: int32(i % 300), Byte: -z[i], Text: "x"}
		if i%4 != 1 {
			x := z[i] * 2
			all[i].Opt = &x
		}
		if i%1000 > 10 {
			k := int64(i / 100)
			all[i].OptI = &k
		}
	}
	return all
}

func writeParquet(t testing.TB, rows []numbers, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[numbers](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var numberColumns = []string{"b", "rle", "i32", "i64", "u32", "u64", "i8", "f32", "f64", "dict", "int-dict", "split", "opt", "opt-int"}

func (r *numbers) row() []float64 {
	of := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	row := []float64{of(r.B), of(r.RLE), float64(r.I32), float64(r.I64), float64(r.U32), float64(r.U64), float64(r.I8), float64(r.F32), r.F64, r.Dict, float64(r.IntD), r.Byte, math.NaN(), math.NaN()}
	if r.Opt != nil {
		row[12] = *r.Opt
	}
	if r.OptI != nil {
		row[13] = float64(*r.OptI)
	}
	return row
}

func tableOf(t testing.TB, b []byte, drop bool, columns ...string) (*table, error) {
	t.Helper()
	tb := &table{drop: drop}
	err := readParquet(b, "t.parquet", tb, func(tb *table) error {
		var err error
		tb.inputs, err = tb.take("inputs", "t.parquet", columns)
		return err
	})
	return tb, err
}

// What the library writes is read alike: every type and encoding, compression, version of pages, several row groups and
// pages, nulls.
func TestParquet(t *testing.T) {
	all := manyNumbers(1600)
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Brotli, &parquet.Lz4Raw} {
		for _, version := range []int{1, 2} {
			b := writeParquet(t, all, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(1000), parquet.MaxRowsPerRowGroup(700))
			if sniff(b) != formatParquet {
				t.Fatalf("sniffed as %s", sniff(b))
			}
			tb, err := tableOf(t, b, true, numberColumns...)
			if err != nil {
				t.Fatalf("%s, pages of version %d: %v", codec, version, err)
			}
			k := 0
			for i := range all {
				want := all[i].row()
				if slices.ContainsFunc(want, math.IsNaN) {
					continue
				}
				if k < tb.rows {
					if got := tb.cells[k*len(want) : (k+1)*len(want)]; !slices.Equal(got, want) {
						t.Fatalf("%s, pages of version %d: row %d is %v, want %v", codec, version, i, got, want)
					}
				}
				k++
			}
			if k != tb.rows || tb.rows+tb.dropped != len(all) || k < 1000 {
				t.Errorf("%s, pages of version %d: %d rows and %d dropped of %d, want %d", codec, version, tb.rows, tb.dropped, len(all), k)
			}
		}
	}
}

func TestParquetErrors(t *testing.T) {
	all := manyNumbers(100)
	b := writeParquet(t, all)
	big := writeParquet(t, []numbers{{I64: 1<<53 + 1, F32: float32(math.Inf(1))}})
	plain := writeParquet(t, all, parquet.Compression(&parquet.Uncompressed))
	flipped := slices.Clone(plain) // one bit of one number
	flipped[bytes.Index(plain, raw(t, binary.LittleEndian, []float64{all[50].F64, all[51].F64}))] ^= 1
	for _, tc := range []struct {
		what    string
		b       []byte
		columns []string
		want    []string
	}{
		{"a null", b, []string{"opt"}, []string{"row 2", "column opt", "a null", "missing: drop"}},
		{"text", b, []string{"text"}, []string{"column text", "is text", "flat columns"}},
		{"nested", b, []string{"deep.x"}, []string{"deep.x", "nested"}},
		{"repeated", b, []string{"list"}, []string{"column list", "repeated"}},
		{"unknown", b, []string{"f46"}, []string{`"f46"`, "did you mean f64?"}},
		{"truncated", b[:len(b)-1], []string{"f64"}, []string{"truncated"}},
		{"cut in front", append([]byte("PAR1"), b[len(b)/2:]...), []string{"f64"}, []string{"damaged"}},
		{"too large an integer", big, []string{"i64"}, []string{"no float64"}},
		{"an infinity", big, []string{"f32"}, []string{"row 1", "+Inf"}},
		{"a footer of 4 GB", append(slices.Clone(b[:len(b)-8]), "\xff\xff\xff\xffPAR1"...), []string{"f64"}, []string{"4294967295"}},
		{"encrypted", append([]byte("PARE"), b[4:]...), []string{"f64"}, []string{"encrypted"}},
		{"flipped", flipped, []string{"f64"}, []string{"checksum", "damaged"}},
	} {
		_, err := tableOf(t, tc.b, false, tc.columns...)
		wants(t, tc.what, err, tc.want...)
	}
}

// A set of every format; the files read and their hashes are told.
func TestArray(t *testing.T) {
	e := write(t, "x.npy", npy(1, "<f8", false, "(4, 1, 2)", raw(t, binary.LittleEndian, []float64{1, 2, 3, 4, 5, 6, 7, 8})))
	labels := idx(0x08, []uint32{4}, []byte{7, 3, 7, 5})
	put(t, e, "y.idx.gz", packed(t, string(labels)))
	s := must[*Set](t)(NewArray(ArraySettings{Inputs: "x.npy", Targets: "y.idx.gz", Preparation: Preparation{Train: 1}}, e))
	near(t, "X", s.X, lanes.MatOf([][]float64{{1, 2}, {3, 4}, {5, 6}, {7, 8}}), 0)
	near(t, "Y", s.Y, lanes.MatOf([][]float64{{7}, {3}, {7}, {5}}), 0)
	if len(s.Files) != 2 || s.Files[1].Path != "y.idx.gz" {
		t.Fatalf("files %v", s.Files)
	}
	if sum := sha256.Sum256(packed(t, string(labels))); s.Files[1].Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("hash %s of y.idx.gz, want %x", s.Files[1].Hash, sum)
	}
	get := func(p Preparation) *Set {
		t.Helper()
		if p.Train == 0 {
			p.Train = 1
		}
		return must[*Set](t)(NewArray(ArraySettings{Inputs: "x.npy", Targets: "y.idx.gz", Preparation: p}, e))
	}
	near(t, "one-hot", get(Preparation{Labels: "one-hot"}).Y, lanes.MatOf([][]float64{{0, 0, 1}, {1, 0, 0}, {0, 0, 1}, {0, 1, 0}}), 0)
	s = get(Preparation{Labels: "one-hot", Classes: []float64{7, 3}, Scale: Scale{Center: true}})
	near(t, "one-hot of classes", s.Y, lanes.MatOf([][]float64{{1, 0}, {0, 1}, {1, 0}}), 0)
	near(t, "inputs of classes, centred", s.X, lanes.MatOf([][]float64{{-2, -2}, {0, 0}, {2, 2}}), 0)
	near(t, "signs", get(Preparation{Labels: "signs", Classes: []float64{7, 5}}).Y, lanes.MatOf([][]float64{{-1}, {-1}, {1}}), 0)
	s = get(Preparation{Samples: 3, Train: 2})
	near(t, "the first rows", s.X, lanes.MatOf([][]float64{{1, 2}, {3, 4}}), 0)
	near(t, "test rows", s.TestX, lanes.MatOf([][]float64{{5, 6}}), 0)
	for _, train := range []float64{1, 0.5} { // rows are drawn by the data seed, also where none is held out
		first := map[float64]bool{}
		for seed := range 20 {
			e.Seed = uint64(seed)
			first[get(Preparation{Samples: 2, Train: train, Shuffle: true}).X.At(0, 0)] = true
		}
		if len(first) != 4 {
			t.Errorf("train %g: the first row is one of %v", train, first)
		}
	}

	var z bytes.Buffer
	w := zip.NewWriter(&z)
	arrays := map[string][]byte{
		"a.npy": npy(2, ">i2", true, "(2, 2)", raw(t, binary.BigEndian, []int16{1, 2, 3, 4})), "b.npy": npy(1, "|b1", false, "(2,)", []byte{1, 0}),
		"c.npy": npy(1, "<f4", false, "(1, 2)", raw(t, binary.LittleEndian, []float32{9, 8})), "d.npy": npy(1, "|u1", false, "(1,)", []byte{5}),
	}
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		b := arrays[name]
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: uint16(len(b) % 2 * 8)}) // stored, or deflated
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, e, "all.npz", z.Bytes())
	s = must[*Set](t)(NewArray(ArraySettings{Path: "all.npz", Inputs: "a", Targets: "b", TestInputs: "c", TestTargets: "d", Preparation: Preparation{Train: 1, Scale: Scale{DivideBy: 2, Of: "inputs"}}}, e))
	near(t, "X of an archive", s.X, lanes.MatOf([][]float64{{0.5, 1.5}, {1, 2}}), 0)
	near(t, "Y of an archive", s.Y, lanes.MatOf([][]float64{{1}, {0}}), 0)
	near(t, "test X of an archive", s.TestX, lanes.MatOf([][]float64{{4.5, 4}}), 0)
	near(t, "test Y of an archive", s.TestY, lanes.MatOf([][]float64{{5}}), 0)
	if len(s.Files) != 1 {
		t.Errorf("files %v of one archive", s.Files)
	}

	// The map behind the targets, a vector or a row; with what changes the inputs it is another's.
	s = must[*Set](t)(NewArray(ArraySettings{Path: "sgdlab:sparse-features-40.npz", Inputs: "x", Targets: "y", Teacher: "teacher", Preparation: Preparation{Train: 1}}, e))
	if s.Teacher.Rows != 1 || s.Teacher.Cols != 100 || s.N() != 40 {
		t.Errorf("a teacher of shape (%d, %d) of %d rows", s.Teacher.Rows, s.Teacher.Cols, s.N())
	}
	for i := range s.N() {
		sum := 0.0
		for j := range s.Teacher.Cols {
			sum += s.X.At(i, j) * s.Teacher.At(0, j)
		}
		if math.Abs(sum-s.Y.At(i, 0)) > 1e-14 {
			t.Errorf("row %d: the teacher says %g, the target is %g", i, sum, s.Y.At(i, 0))
		}
	}
	for _, tc := range []struct {
		c    ArraySettings
		want string
	}{
		{ArraySettings{Path: "all.npz", Inputs: "a", Targets: "b", Teacher: "c", Preparation: Preparation{Train: 1, Whiten: true}}, "leave out"},
		{ArraySettings{Path: "all.npz", Inputs: "a", Targets: "b", Teacher: "c", Preparation: Preparation{Train: 1, Scale: Scale{DivideBy: 2}}}, "leave out"},
		{ArraySettings{Path: "all.npz", Inputs: "a", Targets: "b", Teacher: "a", Preparation: Preparation{Train: 1}}, "shape"},
	} {
		if _, err := NewArray(tc.c, e); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %q", tc.c, err, tc.want)
		}
	}

	put(t, e, "t.csv", []byte("a,b\n1,2\n"))
	put(t, e, "t.parquet", writeParquet(t, manyNumbers(3)))
	put(t, e, "nan.npy", npy(1, "<f8", false, "(4,)", raw(t, binary.LittleEndian, []float64{1, math.NaN(), 3, 4})))
	put(t, e, "inf.npy", npy(1, "<f8", false, "(4,)", raw(t, binary.LittleEndian, []float64{1, 2, math.Inf(-1), 4})))
	put(t, e, "none.npy", npy(1, "<f8", false, "(0, 3)", nil))
	put(t, e, "half.npy", npy(1, "<f8", false, "(4,)", raw(t, binary.LittleEndian, []float64{0, 0.5, 1, 2})))
	put(t, e, "bad.npz", []byte("PK\x03\x04 and no more"))
	put(t, e, "damaged.npz", bytes.Replace(z.Bytes(), []byte("(2, 2)"), []byte("(4, 1)"), 1))
	if s := must[*Set](t)(NewArray(ArraySettings{Inputs: "x.npy", Targets: "nan.npy", Preparation: Preparation{Train: 1, Missing: "drop"}}, e)); s.N() != 3 || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "dropped 1 of 4") {
		t.Errorf("%d rows, warnings %v", s.N(), s.Warnings)
	}
	for _, tc := range []struct {
		change func(c *ArraySettings)
		want   []string
	}{
		{func(c *ArraySettings) { c.Inputs = "t.csv" }, []string{"inputs", "t.csv", "NPY, NPZ or IDX", "name: table"}},
		{func(c *ArraySettings) { c.Inputs = "t.parquet" }, []string{"Parquet", "name: table"}},
		{func(c *ArraySettings) { c.Inputs = "all.npz" }, []string{"4 arrays", "name one"}},
		{func(c *ArraySettings) { c.Path = "x.npy" }, []string{"path: x.npy", "wants an NPZ", "leave out path"}},
		{func(c *ArraySettings) { c.Path, c.Inputs = "all.npz", "A" }, []string{`no array "A"`, "a, b"}},
		{func(c *ArraySettings) { c.Path = "bad.npz" }, []string{"bad.npz", "no whole NPZ"}},
		{func(c *ArraySettings) { c.Path, c.Inputs, c.Targets = "damaged.npz", "a", "a" }, []string{"damaged", "checksum"}},
		{func(c *ArraySettings) { c.Inputs = "z.npy" }, []string{"z.npy does not exist"}},
		{func(c *ArraySettings) { c.Inputs = "" }, []string{"inputs is empty"}},
		{func(c *ArraySettings) { c.TestInputs = "x.npy" }, []string{"belong together"}},
		{func(c *ArraySettings) { c.TestInputs, c.TestTargets, c.Train = "x.npy", "y.idx.gz", 2 }, []string{"train is 2", "leave out train"}},
		{func(c *ArraySettings) { c.TestInputs, c.TestTargets = "nan.npy", "y.idx.gz" }, []string{"1 inputs and 1 targets", "2 and 1"}},
		{func(c *ArraySettings) { c.Targets = "none.npy" }, []string{"4 rows", "has 0"}},
		{func(c *ArraySettings) { c.Targets = "nan.npy" }, []string{"row 2 holds NaN", "missing: drop"}},
		{func(c *ArraySettings) { c.Targets = "inf.npy" }, []string{"targets", "row 3 holds -Inf"}},
		{func(c *ArraySettings) { c.Labels = "signs" }, []string{"two classes", "there are 3", "classes: [3, 7]"}},
		{func(c *ArraySettings) { c.Labels, c.Targets = "one-hot", "half.npy" }, []string{"row 2", "0.5", "no whole number"}},
		{func(c *ArraySettings) { c.Labels, c.Targets = "one-hot", "x.npy" }, []string{"2 targets"}},
		{func(c *ArraySettings) { c.Classes = []float64{7, 9} }, []string{"label 9"}},
		{func(c *ArraySettings) { c.Classes = []float64{7, 7} }, []string{"named twice"}},
		{func(c *ArraySettings) { c.Samples = 5 }, []string{"samples is 5", "4 rows"}},
		{func(c *ArraySettings) { c.Components = 3 }, []string{"components is 3", "2 inputs"}},
		{func(c *ArraySettings) { c.Train, c.Whiten = 1e-9+0.25, true }, []string{"whiten", "only 1 of 2", "components: 1"}},
	} {
		c := ArraySettings{Inputs: "x.npy", Targets: "y.idx.gz", Preparation: Preparation{Train: 1}}
		tc.change(&c)
		_, err := NewArray(c, e)
		wants(t, fmt.Sprintf("%+v", c), err, tc.want...)
	}
	_, err := NewTable(TableSettings{Path: "x.npy", Inputs: []string{"a"}, Targets: []string{"b"}, Preparation: Preparation{Train: 1}}, e)
	wants(t, "a table of an array", err, "x.npy", "NumPy array", "name: array")
}

// Principal components and whitening: exact on the training rows, and the same linear map on the test rows.
func TestProject(t *testing.T) {
	const n, m, d = 40, 15, 5
	x := assemble(Haar("u", 1, n+m, d), []float64{9, 5, 3, 1, 0.01}, Haar("v", 1, d, d))
	put1 := func(rows int, x lanes.Mat) []byte {
		return npy(1, "<f8", false, fmt.Sprintf("(%d, %d)", rows, x.Cols), raw(t, binary.LittleEndian, x.Data))
	}
	e := write(t, "x.npy", put1(n+m, x))
	get := func(p Preparation) *Set {
		t.Helper()
		p.Train = n
		return must[*Set](t)(NewArray(ArraySettings{Inputs: "x.npy", Targets: "x.npy", Preparation: p}, e))
	}
	plain, white := get(Preparation{}), get(Preparation{Whiten: true})
	near(t, "XᵀX/n of white inputs", gram(white.X, white.X), identity(d), 1e-14*8)
	half := gram(white.X, plain.X) // Σxx^−½Σxx = Σxx^½
	near(t, "Σ^½ is symmetric", half, half.T(), 1e-13)
	near(t, "Σ^½Σ^½", lanes.MulMat(half, half), gram(plain.X, plain.X), 1e-13)
	near(t, "test rows", lanes.MulMat(white.TestX, half), plain.TestX, 1e-12)
	near(t, "targets", white.Y, plain.X, 0)

	pc := get(Preparation{Components: 2})
	c := gram(pc.X, pc.X)
	_, sv, v := SVD(plain.X)
	near(t, "variances of components", c, diag([]float64{sv[0] * sv[0] / n, sv[1] * sv[1] / n}), 1e-14)
	v.Cols = 2
	for _, part := range []struct{ got, of lanes.Mat }{{pc.X, plain.X}, {pc.TestX, plain.TestX}} {
		near(t, "projection", lanes.MulMat(part.got, part.got.T()), lanes.MulMat(lanes.MulMat(part.of, v), lanes.MulMat(part.of, v).T()), 1e-13)
	}
	both := get(Preparation{Components: 3, Whiten: true})
	near(t, "white components", gram(both.X, both.X), identity(3), 1e-14*8)
	if both.TestX.Rows != m || both.TestX.Cols != 3 {
		t.Errorf("%d test rows of %d", both.TestX.Rows, both.TestX.Cols)
	}
}
