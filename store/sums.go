package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SumsFile lists the SHA-256 of every other file of a finished run folder, in the form of sha256sum, so that `sha256sum -c
// SHA256SUMS` checks the folder as well. Tables and blobs have their own; the list is for what has none: the documents, the
// report and its figures, of which a flipped digit would be believed.
const SumsFile = "SHA256SUMS"

// WriteSums lists what the folder holds now, all but the list, the lock and temporary files, by name. The error is a
// *DiskError.
func WriteSums(dir string) error {
	var list bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return diskError(path, "read", err)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || !e.Type().IsRegular() || name == SumsFile || name == lockFile || temporary.MatchString(e.Name()) {
			return err
		}
		sum, err := sumOf(path)
		if err != nil {
			return diskError(path, "read", err)
		}
		fmt.Fprintf(&list, "%s  %s\n", sum, filepath.ToSlash(name))
		return nil
	})
	if err != nil {
		return err
	}
	return Replace(filepath.Join(dir, SumsFile), list.Bytes())
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Altered is a file that is not the one that was listed, or not there.
type Altered struct{ File, Finding string }

// CheckSums compares the listed files whose names are wanted with their sums; the list itself is one of them, wanted or not.
// A folder without a list, of a run that is not finished or of an earlier version, has none that are altered. The error is a
// *DiskError.
func CheckSums(dir string, want func(name string) bool) (bad []Altered, err error) {
	text, err := os.ReadFile(filepath.Join(dir, SumsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, diskError(filepath.Join(dir, SumsFile), "read", err)
	}
	listed, broken := 0, ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if _, err := hex.DecodeString(sum); err != nil || !ok || len(sum) != 2*sha256.Size || !filepath.IsLocal(name) {
			if broken == "" {
				broken = fmt.Sprintf("line %d: got %.80q; want a SHA-256, two spaces and a name", listed+1, lines.Text())
			}
			continue
		}
		listed++
		if !want(name) {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		switch is, err := sumOf(path); {
		case errors.Is(err, fs.ErrNotExist):
			bad = append(bad, Altered{name, "no such file, but " + SumsFile + " lists it"})
		case err != nil:
			return bad, diskError(path, "read", err)
		case is != sum:
			bad = append(bad, Altered{name, fmt.Sprintf("altered: its SHA-256 is %.8s…, and %s says %.8s…", is, SumsFile, sum)})
		}
	}
	if broken == "" && (listed == 0 || !bytes.HasSuffix(text, []byte("\n"))) {
		broken = fmt.Sprintf("cut short after %d lines", listed)
	}
	if broken != "" {
		bad = append(bad, Altered{SumsFile, broken})
	}
	return bad, nil
}
