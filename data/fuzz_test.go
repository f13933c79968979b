package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// bounded fails where a reader made more memory of its bytes than so many for each, and some to begin with. The quick count
// of what was made may lag behind by the small spans in hand; where it is near the bound, read is called again and counted
// exactly, which stops the world.
func bounded(t *testing.T, bytes int, perByte, base uint64, read func()) {
	t.Helper()
	made := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	bound := base + perByte*uint64(bytes)
	metrics.Read(made)
	before := made[0].Value.Uint64()
	read()
	metrics.Read(made)
	if made[0].Value.Uint64()-before < bound/2 {
		return
	}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	read()
	runtime.ReadMemStats(&is)
	if made := is.TotalAlloc - was.TotalAlloc; made > bound {
		t.Errorf("%d bytes of memory for a file of %d", made, bytes)
	}
}

func checkArray(t *testing.T, a *array, err error) {
	t.Helper()
	if err != nil {
		return
	}
	n := 1
	for _, s := range a.shape {
		n *= s
	}
	if n != len(a.values) {
		t.Errorf("%d values of shape %v", len(a.values), a.shape)
	}
	if m := a.rows(); m.Rows*m.Cols != len(a.values) && len(a.values) > 0 {
		t.Errorf("%d × %d of %d values", m.Rows, m.Cols, len(a.values))
	}
}

func FuzzNPY(f *testing.F) {
	f.Add(npy(1, "<f8", false, "(2, 3)", make([]byte, 48)))
	f.Add(npy(2, ">i4", true, "(2, 2, 1)", make([]byte, 16)))
	f.Add(npy(3, "|b1", false, "()", []byte{1}))
	f.Add(npy(1, "<f2", true, "(0, 9223372036854775807)", nil))
	f.Add(npy(1, "<f8", false, "(99999999999999999999,)", nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, len(b), 64, 1<<16, func() {
			a, err := readNPY(b)
			checkArray(t, a, err)
		})
	})
}

func FuzzIDX(f *testing.F) {
	f.Add(idx(0x08, []uint32{2, 2}, make([]byte, 4)))
	f.Add(idx(0x0E, []uint32{1, 2, 1}, make([]byte, 16)))
	f.Add(idx(0x0C, []uint32{math.MaxUint32, math.MaxUint32, 0}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, len(b), 64, 1<<16, func() {
			a, err := readIDX(b)
			checkArray(t, a, err)
		})
	})
}

// An archive may unpack to a thousand times its size, and no more.
func FuzzNPZ(f *testing.F) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		var z bytes.Buffer
		w := zip.NewWriter(&z)
		for _, name := range []string{"x.npy", "y.npy"} {
			e, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
			if err == nil {
				_, err = e.Write(npy(1, "<f8", false, "(2, 3)", make([]byte, 48)))
			}
			if err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(z.Bytes(), "x")
		f.Add(z.Bytes(), "")
	}
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		bounded(t, len(b), 1<<17, 1<<20, func() {
			a, err := (&content{bytes: b, format: formatNPZ}).member(name)
			checkArray(t, a, err)
		})
	})
}

// A table that is read has a cell for every used column of every row, all of them finite; one that is not says where.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"a,b\n1,2\n", "\ufeffa,\"b\n\"\n1,nan\n3,4\n", "a,b\r\n1,2\r\n,3\r\n", "a\n\n1\n", "a,a\n1,2\n", "a,b,c\n1,2\n", "a,b\n1e400,0x1p-2\n",
		"a,b\n\"1\",\"2\n", "a,b\n 1 ,\t2\n", "\n\n", "a;b\n1;2\n", "a,b\n1_0,+inf\n", "x1,x2,x3,y\n1,2,3,4\n-1,-2e-3,.5,NA\n",
	} {
		f.Add([]byte(text), uint8(0), uint8(1), true)
		f.Add([]byte(text), uint8(1), uint8(0), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, from, to uint8, drop bool) {
		bounded(t, len(b), 256, 1<<17, func() {
			tb := &table{drop: drop}
			err := readCSV(b, "t.csv", tb, func(tb *table) error {
				if len(tb.header) == 0 {
					return nil
				}
				names := []string{tb.header[int(from)%len(tb.header)]}
				if last := tb.header[int(to)%len(tb.header)]; last != names[0] {
					names[0] += ".." + last
				}
				var err error
				tb.inputs, err = tb.take("inputs", "t.csv", names)
				return err
			})
			if err != nil {
				if !strings.Contains(err.Error(), "t.csv") {
					t.Errorf("no word of the file: %v", err)
				}
				return
			}
			if len(tb.cells) != tb.rows*len(tb.used) || !drop && tb.dropped > 0 {
				t.Errorf("%d cells in %d rows of %d, %d dropped", len(tb.cells), tb.rows, len(tb.used), tb.dropped)
			}
			for _, x := range tb.cells {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Errorf("%g is read as a number", x)
				}
			}
		})
	})
}

// Whatever the bytes are: the format is found, packed ones are unpacked, and the reader of the format is asked.
func FuzzFile(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"), false)
	f.Add([]byte("\ufeffa,\"b\n\"\n1,nan\n"), true)
	f.Add(idx(0x08, []uint32{2, 2}, make([]byte, 4)), false)
	f.Add(npy(1, "<f8", false, "(2, 3)", make([]byte, 48)), true)
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), false)
	f.Fuzz(func(t *testing.T, b []byte, drop bool) {
		c, err := unpack(b, "file")
		if err != nil {
			return
		}
		if c.format == formatParquet {
			return
		}
		if a, err := c.array(""); err == nil {
			checkArray(t, a, err)
		}
		tb := &table{drop: drop}
		if err := c.table(tb, func(tb *table) error {
			var err error
			tb.inputs, err = tb.take("inputs", "file", tb.header)
			return err
		}); err == nil && len(tb.cells) != tb.rows*len(tb.used) {
			t.Errorf("%d cells in %d rows of %d", len(tb.cells), tb.rows, len(tb.used))
		}
	})
}

func FuzzParquet(f *testing.F) {
	for _, version := range []int{1, 2} {
		f.Add(writeParquet(f, manyNumbers(20), parquet.DataPageVersion(version), parquet.Compression(&parquet.Uncompressed)), uint8(0))
		f.Add(writeParquet(f, manyNumbers(20), parquet.DataPageVersion(version), parquet.Compression(&parquet.Snappy)), uint8(12))
		f.Add(writeParquet(f, manyNumbers(20), parquet.DataPageVersion(version), parquet.Compression(&parquet.Zstd)), uint8(9))
	}
	f.Fuzz(func(t *testing.T, b []byte, column uint8) {
		bounded(t, len(b), 1<<14, 256<<20, func() {
			tb := &table{drop: true}
			err := readParquet(b, "t.parquet", tb, func(tb *table) error {
				var err error
				if len(tb.header) > 0 {
					tb.inputs, err = tb.take("inputs", "t.parquet", tb.header[int(column)%len(tb.header):][:1])
				}
				return err
			})
			if err == nil && len(tb.cells) != tb.rows*len(tb.used) {
				t.Errorf("%d cells in %d rows of %d", len(tb.cells), tb.rows, len(tb.used))
			}
		})
	})
}

// The parts of Parquet that bytes reach directly: descriptions, runs of levels, and deltas.
func FuzzParquetParts(f *testing.F) {
	f.Add([]byte{0x15, 0x02, 0x19, 0x1c, 0x15, 0x00, 0x00, 0x00}, uint8(1), uint16(9))
	f.Add([]byte{0x03, 0xff, 0x10, 0x01}, uint8(1), uint16(16))
	f.Add([]byte{0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00}, uint8(64), uint16(5))
	f.Fuzz(func(t *testing.T, b []byte, width uint8, count uint16) {
		bounded(t, len(b), 1<<10, 1<<16, func() {
			if r, n, err := readRecord(b); err == nil && (n < 1 || n > len(b) || r == nil) {
				t.Errorf("a record of %d bytes in %d", n, len(b))
			}
			seen := int64(0)
			err := hybrid(b, int(width%33), int64(count), func(u uint64, n int64) error {
				if seen += n; n < 1 || width%33 < 32 && u>>((width%33+7)/8*8) != 0 {
					t.Fatalf("%d of %d with %d bits", n, u, width%33)
				}
				return nil
			})
			if err == nil && seen != int64(count) {
				t.Errorf("%d numbers, want %d", seen, count)
			}
			seen = 0
			if err := deltas(b, int64(count)+1, func(uint64) error { seen++; return nil }); err == nil && seen != int64(count)+1 {
				t.Errorf("%d deltas, want %d", seen, count)
			}
		})
	})
}

// Huge promises in few bytes are refused before anything is made of them.
func TestLyingHeaders(t *testing.T) {
	b := writeParquet(t, manyNumbers(20))
	for what, b := range map[string][]byte{ // of a footer: a list, and a text
		"npy":     npy(1, "<f8", false, "(100000000,)", make([]byte, 8)),
		"idx":     idx(0x08, []uint32{100000000}, make([]byte, 8)),
		"footer":  append(append([]byte("PAR1"), binary.LittleEndian.AppendUint32([]byte{0x29, 0xfc, 0xff, 0xff, 0xff, 0x07}, 6)...), "PAR1"...),
		"text":    append(append([]byte("PAR1"), binary.LittleEndian.AppendUint32([]byte{0x28, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0}, 8)...), "PAR1"...),
		"parquet": b[:len(b)-8],
	} {
		bounded(t, len(b), 64, 1<<16, func() {
			c, err := unpack(b, what)
			if err == nil && c.format == formatParquet {
				_, err = tableOf(t, b, false, "f64")
			} else if err == nil {
				_, err = c.array("")
			}
			if err == nil {
				t.Errorf("%s is read", what)
			}
		})
	}
}
