package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func framesOf(t *testing.T, path string) (got []string, err error) {
	t.Helper()
	err = ReadFrames(path, func(f Frame) error {
		b, err := ReadFrame(path, f.Offset, f.Size)
		if err != nil || !bytes.Equal(b.Payload, f.Blob.Payload) {
			t.Errorf("read again: %v", err)
		}
		got = append(got, string(f.Blob.Payload))
		return nil
	})
	return got, err
}

// A damaged blob is left out, and the others are read where it can be told where they begin.
func TestFrames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "frames")
	f, err := CreateFrames(path)
	if err != nil {
		t.Fatal(err)
	}
	payloads := []string{"one", "", strings.Repeat("three", 100), "four"}
	var at []int64
	for _, p := range payloads {
		at = append(at, f.Size())
		if err := f.Append(Blob{Kind: Kept, Payload: []byte(p)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file stands before Close")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Abort() // does nothing now
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		harm func(b []byte) []byte
		left []string
	}{
		{"sound", func(b []byte) []byte { return b }, payloads},
		{"payload", func(b []byte) []byte { b[at[2]+100] ^= 1; return b }, []string{"one", "", "four"}},
		{"two", func(b []byte) []byte { b[at[0]+57] ^= 1; b[at[3]+56] ^= 1; return b }, payloads[1:3]},
		{"magic", func(b []byte) []byte { b[at[1]] ^= 1; return b }, payloads[:1]},
		{"length", func(b []byte) []byte { b[at[1]+53] ^= 1; return b }, payloads[:1]},
		{"cut in a payload", func(b []byte) []byte { return b[:at[2]+200] }, payloads[:2]},
		{"cut in a header", func(b []byte) []byte { return b[:at[3]+20] }, payloads[:3]},
		{"cut between", func(b []byte) []byte { return b[:at[3]] }, payloads[:3]}, // not to be seen
		{"empty", func(b []byte) []byte { return nil }, nil},
	} {
		if err := os.WriteFile(path, tc.harm(bytes.Clone(whole)), 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := framesOf(t, path)
		if strings.Join(got, "|") != strings.Join(tc.left, "|") || len(got) != len(tc.left) {
			t.Errorf("%s: got %q; want %q", tc.name, got, tc.left)
		}
		var damaged *DamagedError
		if sound := tc.name == "sound" || tc.name == "cut between" || tc.name == "empty"; sound != (err == nil) || !sound && (!errors.As(err, &damaged) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if tc.name == "two" && !strings.Contains(err.Error(), "and 1 more") {
			t.Errorf("two: %v", err)
		}
	}
	if _, err := ReadFrame(path, 3, 100); err == nil {
		t.Error("a frame that is not there is read")
	}
	if err := ReadFrames(path+".gone", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}

	// A copy outlives a new file under the old name.
	if err := os.WriteFile(path, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Copy(path, path+".copy"); err != nil {
		t.Fatal(err)
	}
	if f, err = CreateFrames(path); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if got, err := framesOf(t, path+".copy"); err != nil || len(got) != 4 {
		t.Errorf("the copy: %v, %d frames", err, len(got))
	}
	if err := Copy(path, path+".copy"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("copied over a file: %v", err)
	}
	g, err := CreateFrames(path + ".not")
	if err != nil {
		t.Fatal(err)
	}
	g.Abort()
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
