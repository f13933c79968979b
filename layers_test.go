package sgdlab_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// layers is the order of the rooms: each imports only rooms on lines above its own.
const layers = `
lanes elementary store docs
rng linalg formula quadrature
spec
data
sgdlab
model noise theory estimate
dynamics scheme observable fokkerplanck start
fused
ensemble
catalog
study
papers report engine export compare workload
reference
cmd/sgdlab
`

// testing lists rooms that only tests import; they may import what they test.
var testing_ = map[string]bool{"model/modeltest": true}

func rooms(t *testing.T) map[string][]*ast.File {
	t.Helper()
	out := map[string][]*ast.File{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "internal" || d.Name() == "runs") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		room := filepath.ToSlash(filepath.Dir(path))
		if room == "." {
			room = "sgdlab"
		}
		out[room] = append(out[room], f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestImportsPointDown(t *testing.T) {
	level := map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(layers), "\n") {
		for _, room := range strings.Fields(line) {
			level[room] = i
		}
	}
	for room, files := range rooms(t) {
		if testing_[room] {
			continue
		}
		at, ok := level[room]
		if !ok {
			t.Errorf("room %s has no layer", room)
			continue
		}
		for _, f := range files {
			for _, imp := range f.Imports {
				path, err := strconv.Unquote(imp.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				other, ok := strings.CutPrefix(path, "sgdlab/")
				if path == "sgdlab" {
					other, ok = "sgdlab", true
				}
				if ok && level[other] >= at {
					t.Errorf("%s imports %s, which is not below it", room, other)
				}
			}
		}
	}
}

// Every room says what belongs there and what does not.
func TestRoomsHaveComments(t *testing.T) {
	var names []string
	all := rooms(t)
	for room := range all {
		names = append(names, room)
	}
	sort.Strings(names)
	for _, room := range names {
		doc := ""
		for _, f := range all[room] {
			if f.Doc != nil {
				doc += f.Doc.Text()
			}
		}
		lower := strings.ToLower(doc)
		if !strings.Contains(lower, "belong") {
			t.Errorf("room %s: the package comment does not say what belongs in it and what does not", room)
		}
	}
}
