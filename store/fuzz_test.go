package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// altered damages a file as disks, transfers and people do: of each four bytes of ops one says how and the others where.
func altered(data, ops []byte) []byte {
	data = slices.Clone(data)
	for ; len(ops) >= 4 && len(data) > 0 && len(data) < 1<<16; ops = ops[4:] {
		at := int(ops[1])<<16 | int(ops[2])<<8 | int(ops[3])
		i := at % len(data)
		switch ops[0] % 8 {
		case 0, 1:
			data[i] ^= 1 << (ops[0] >> 3 & 7)
		case 2:
			data[i] = ops[0]
		case 3:
			data = data[:i]
		case 4:
			data = append(data, data[i:]...)
		case 5:
			clear(data[i:min(len(data), i+512)])
		case 6:
			data = slices.Delete(data, i, min(len(data), i+1+at>>8%64))
		case 7:
			data = slices.Insert(data, i, data[:min(len(data), 1+at>>8%64)]...)
		}
	}
	return data
}

func seedDamage(f *testing.F, kinds int) {
	for k := range kinds {
		f.Add(uint8(k), []byte{})
		for _, op := range []byte{0, 2, 3, 4, 5, 6, 7} {
			f.Add(uint8(k), []byte{op, 0, 0, 9})
			f.Add(uint8(k), []byte{op | 0x30, 1, 2, 3, op ^ 7, 9, 8, 7})
		}
	}
}

// bytesOf is what a writer of a file of a run folder wrote.
func bytesOf(f *testing.F, path string, err error) []byte {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// wrote is the bytes of a long table.
func wrote[T Row](f *testing.F, dir string, rows []T) []byte {
	f.Helper()
	path := TablePath[T](dir)
	w, err := Create[T](path)
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Write(rows...); err != nil {
		f.Fatal(err)
	}
	return bytesOf(f, path, w.Close())
}

// readerOf reads a table of a run folder by its number.
func readerOf(path string, table int) (rows any, err error) {
	switch table {
	case 0:
		return ReadCells(path)
	case 1:
		return Read[Sample](path)
	case 2:
		return Read[Passage](path)
	}
	return Read[Plateau](path)
}

// FuzzTable: a table of a run folder, however damaged, is refused and named by every reader, or has not been changed and
// is read by its own as before, and by no other. None panics or stalls.
func FuzzTable(f *testing.F) {
	dir := f.TempDir()
	cellsPath := filepath.Join(dir, CellsFile)
	_, err := WriteCells(cellsPath, cells())
	sound := [][]byte{bytesOf(f, cellsPath, err), wrote(f, dir, samples(60)), wrote(f, dir, passages(20)), wrote(f, dir, plateaus(20))}
	var want []any
	for k, name := range []string{CellsFile, SamplesFile, PassagesFile, PlateausFile} {
		rows, err := readerOf(filepath.Join(dir, name), k)
		if err != nil {
			f.Fatal(err)
		}
		want = append(want, rows)
	}
	seedDamage(f, len(sound))
	path := filepath.Join(dir, "table.parquet")
	f.Fuzz(func(t *testing.T, table uint8, ops []byte) {
		k := int(table) % len(sound)
		data := altered(sound[k], ops)
		put(t, path, data)
		same := bytes.Equal(data, sound[k])
		for reader := range sound {
			rows, err := readerOf(path, reader)
			if same && reader == k {
				if err != nil || !sameBits(rows, want[k]) {
					t.Fatalf("a sound table: %v", err)
				}
				continue
			}
			var damaged *DamagedError
			if !errors.As(err, &damaged) || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), "sgdlab resume") {
				t.Fatalf("table %d read as %d: %v", k, reader, err)
			}
		}
	})
}

// FuzzBlobs: of a file of blobs, however damaged, what is handed out has the bytes of a blob that was written, in its
// place; if all are, the file is sound, else it is named. With mend the hash of the first blob is made to fit, as nobody
// does but a fuzzer that wants to reach further. Decode is the inverse of Encode on whatever it takes.
func FuzzBlobs(f *testing.F) {
	var sound [][]byte
	for _, payloads := range [][]string{{"one"}, {"", "two", strings.Repeat("three", 30)}, {}} {
		var file []byte
		for i, p := range payloads {
			file = append(file, Blob{Kind: Kind(1 + i), Plan: Digest{7}, Payload: []byte(p)}.Encode()...)
		}
		sound = append(sound, file)
	}
	for k := range sound {
		f.Add(uint8(k), []byte{}, false)
		for _, op := range []byte{0, 2, 3, 4, 5, 6, 7} {
			f.Add(uint8(k), []byte{op, 0, 0, 9}, false)
			f.Add(uint8(k), []byte{op | 0x30, 0, 0, 50, op ^ 7, 0, 0, 8}, true)
		}
	}
	path := filepath.Join(f.TempDir(), "blobs")
	f.Fuzz(func(t *testing.T, which uint8, ops []byte, mend bool) {
		file := sound[int(which)%len(sound)]
		data := altered(file, ops)
		if n := min(len(data), blobHeader+blobTrailer+int(which>>2)); mend && n >= blobTrailer {
			sum := sha256.Sum256(data[:n-blobTrailer])
			copy(data[n-blobTrailer:], sum[:])
			if b, err := Decode(data[:n]); err == nil && !bytes.Equal(b.Encode(), data[:n]) {
				t.Fatalf("decoded %x, encoded %x", data[:n], b.Encode())
			}
		}
		put(t, path, data)
		for kind := Shard; kind <= Kept; kind++ {
			payload, err := ReadBlob(path, kind, Digest{7})
			var damaged *DamagedError
			var plan *PlanError
			switch {
			case err == nil:
				if !bytes.Equal(Blob{Kind: kind, Plan: Digest{7}, Payload: payload}.Encode(), data) {
					t.Fatalf("read %x of %x", payload, data)
				}
			case !errors.As(err, &damaged) && !errors.As(err, &plan) || !strings.HasPrefix(err.Error(), path):
				t.Fatal(err)
			}
		}
		next, whole := int64(0), int64(0)
		err := ReadFrames(path, func(frame Frame) error {
			if frame.Offset < next || !bytes.Equal(frame.Blob.Encode(), data[frame.Offset:frame.Offset+frame.Size]) {
				t.Fatalf("a blob at %d, after %d", frame.Offset, next)
			}
			if !mend && len(data) <= len(file) && !bytes.Contains(file, data[frame.Offset:frame.Offset+frame.Size]) {
				t.Fatalf("a blob at %d that nobody wrote", frame.Offset)
			}
			next = frame.Offset + frame.Size
			whole += frame.Size
			return nil
		})
		if err != nil && bytes.Equal(data, file) {
			t.Fatalf("a sound file: %v", err)
		}
		var damaged *DamagedError
		if (err == nil) != (whole == int64(len(data))) || err != nil && (!errors.As(err, &damaged) || !strings.HasPrefix(err.Error(), path)) {
			t.Fatalf("%d of %d bytes: %v", whole, len(data), err)
		}
	})
}

// FuzzDocuments: a manifest or a file of verdicts is refused and named, or is one that could be written, and reads back
// the same.
func FuzzDocuments(f *testing.F) {
	dir := f.TempDir()
	f.Add(bytesOf(f, filepath.Join(dir, ManifestFile), WriteManifest(dir, manifest())))
	f.Add(bytesOf(f, filepath.Join(dir, ManifestFile), WriteManifest(dir, &Manifest{Run: "r", Status: Running, Failed: []FailedCell{{1, "a", "b"}}, Extends: &Origin{Run: "q"}})))
	f.Add(bytesOf(f, filepath.Join(dir, VerdictsFile), WriteVerdicts(dir, Verdicts{Claims: []Verdict{
		{ID: "a", Cell: "x = 1", Measured: 0.25, Interval: [2]Number{-1, 1e300}, Verdict: Undecided, Needs: 4}, {ID: "b", Verdict: Holds},
	}})))
	for _, text := range []string{"", "{}", "null", "[]", `{"format":1,"run":"r","status":"done"}`, `{"claims":[{"id":"a","verdict":"fails","measured":1e999}]}`, `{"claims":null}{}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		put(t, filepath.Join(dir, ManifestFile), data)
		put(t, filepath.Join(dir, VerdictsFile), data)
		refused := func(name string, err error) {
			t.Helper()
			var damaged *DamagedError
			if !errors.As(err, &damaged) || !strings.HasPrefix(err.Error(), filepath.Join(dir, name)) {
				t.Fatal(err)
			}
		}
		again := func(name string, document func() any, read func() error) {
			t.Helper()
			var texts [2]bytes.Buffer
			for i := range texts {
				if err := Encode(&texts[i], document()); err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(dir, name), texts[i].Bytes())
				if err := read(); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(texts[0].Bytes(), texts[1].Bytes()) {
				t.Fatalf("written %s\nand then %s", &texts[0], &texts[1])
			}
		}
		if m, err := ReadManifest(dir); err != nil {
			refused(ManifestFile, err)
		} else if m.Started.Year() >= 0 && m.Started.Year() < 10000 {
			again(ManifestFile, func() any { return m }, func() error { m, err = ReadManifest(dir); return err })
		}
		if v, err := ReadVerdicts(dir); err != nil {
			refused(VerdictsFile, err)
		} else {
			again(VerdictsFile, func() any { return v }, func() error { v, err = ReadVerdicts(dir); return err })
		}
	})
}

// A length in a header that overflows is no length.
func TestFrameOfHugeLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blobs")
	for _, n := range []uint64{1<<64 - 1, 1 << 63, 1<<63 - 90, 1<<64 - 88, 1000} {
		data := Blob{Kind: Kept, Payload: []byte("abc")}.Encode()
		binary.LittleEndian.PutUint64(data[48:], n)
		put(t, path, data)
		var damaged *DamagedError
		if err := ReadFrames(path, func(Frame) error { t.Errorf("%d: handed out", n); return nil }); !errors.As(err, &damaged) {
			t.Errorf("%d: %v", n, err)
		}
	}
}
