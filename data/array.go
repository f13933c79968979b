package data

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"sgdlab/lanes"
)

// ArraySettings are the settings of NewArray.
type ArraySettings struct {
	Path        string `doc:"NPZ file whose arrays the other keys name; where it is missing, they name files of their own: NPY or IDX, .gz allowed, relative to the folder of the spec" optional:"true"`
	Inputs      string `doc:"the array of inputs, one sample for each index of its first axis; further axes are laid out in a row"`
	Targets     string `doc:"the array of targets, likewise; that of the inputs itself makes an autoencoder"`
	TestInputs  string `doc:"inputs of test rows that have an array of their own" optional:"true"`
	TestTargets string `doc:"targets of these rows" optional:"true"`
	Teacher     string `doc:"the array of the map behind the targets, shape (targets, inputs), where it is known: for observables that ask how much of it is found; not with scale, components, whiten or labels" optional:"true"`
	Preparation
}

// NewArray reads a set from arrays: NumPy's NPY and NPZ files, and the IDX files of MNIST and its kin. What a file is, its
// first bytes say and not its name; any but NPZ may be gzipped. Of an array A of shape (n, a, b, …) sample i has the inputs, or
// targets,
//
//	xᵢ = (A[i, 0, 0, …, 0], A[i, 0, 0, …, 1], …),  shape (a·b·…),
//
// the last axis the fastest; inputs and targets have one n. NPY and NPZ may hold truth values,
// integers of 8 to 64 bits and floats of 16 to 64, in either byte order, by rows or by columns; objects, complex numbers,
// records and text are refused. IDX may hold any of its types. Integers that no float64 holds are refused.
//
// Rows pass through the steps of data: table, in the same order. Test rows with arrays of their own are not drawn or split.
func NewArray(c ArraySettings, e *Env) (*Set, error) {
	if (c.TestInputs == "") != (c.TestTargets == "") {
		return nil, errors.New("test-inputs and test-targets belong together; give both or neither")
	}
	s := &Set{}
	opened := map[string]*content{}
	file := func(path string) (*content, error) {
		if f, ok := opened[path]; ok {
			return f, nil
		}
		f, err := open(e.Folder, path)
		if err != nil {
			return nil, err
		}
		opened[path] = f
		s.Files = append(s.Files, f.File)
		return f, nil
	}
	load := func(key, name string) (lanes.Mat, error) {
		if name == "" {
			return lanes.Mat{}, fmt.Errorf("%s is empty; name an array", key)
		}
		path := name
		if c.Path != "" {
			path = c.Path
		}
		f, err := file(path)
		if err != nil {
			return lanes.Mat{}, fmt.Errorf("%s: %w", key, err)
		}
		switch {
		case c.Path != "" && f.format != formatNPZ:
			return lanes.Mat{}, fmt.Errorf("path: %s is %s, and path wants an NPZ file whose arrays the other keys name; leave out path, and name files", c.Path, f.format)
		case c.Path == "":
			name = ""
		}
		a, err := f.array(name)
		if err != nil {
			return lanes.Mat{}, fmt.Errorf("%s: %w", key, err)
		}
		m := a.rows()
		for i, x := range m.Data {
			if x-x != 0 && x == x {
				return lanes.Mat{}, fmt.Errorf("%s: %s: row %d holds %g; want finite numbers", key, f.Path, i/m.Cols+1, x)
			}
		}
		return m, nil
	}
	both := func(inputs, targets, prefix string) (r rows, err error) {
		if r.x, err = load(prefix+"inputs", inputs); err != nil {
			return r, err
		}
		if targets == inputs {
			r.y = r.x.Clone()
		} else if r.y, err = load(prefix+"targets", targets); err != nil {
			return r, err
		}
		if r.x.Rows != r.y.Rows {
			return r, fmt.Errorf("%sinputs %s has %d rows, but %stargets %s has %d; give every input a target", prefix, inputs, r.x.Rows, prefix, targets, r.y.Rows)
		}
		if r.x.Empty() || r.y.Empty() {
			return r, fmt.Errorf("%sinputs %s has %d rows of %d numbers, and targets %d in each; want at least one of all", prefix, inputs, r.x.Rows, r.x.Cols, r.y.Cols)
		}
		return r, nil
	}
	all, err := both(c.Inputs, c.Targets, "")
	if err != nil {
		return nil, err
	}
	var held rows
	if c.TestInputs != "" {
		if held, err = both(c.TestInputs, c.TestTargets, "test-"); err != nil {
			return nil, err
		}
		if held.x.Cols != all.x.Cols || held.y.Cols != all.y.Cols {
			return nil, fmt.Errorf("test rows have %d inputs and %d targets, training rows %d and %d; give arrays of like rows", held.x.Cols, held.y.Cols, all.x.Cols, all.y.Cols)
		}
	}
	what := c.Inputs
	if c.Path != "" {
		what = c.Path
	}
	s.Name = "array " + filepath.Base(what)
	p := preparing{Preparation: c.Preparation, what: what, seen: all.x.Rows + held.x.Rows}
	if err := p.fill(s, all, held, e.Seed); err != nil {
		return nil, err
	}
	if c.Teacher != "" {
		if c.Scale != (Scale{}) && c.Scale != (Scale{Of: "both"}) || c.Components > 0 || c.Whiten || c.Labels != "raw" && c.Labels != "" {
			return nil, errors.New("teacher is the map from the inputs to the targets as they are; leave out scale, components, whiten and labels")
		}
		t, err := load("teacher", c.Teacher)
		if err != nil {
			return nil, err
		}
		if t.Rows*t.Cols == s.Y.Cols*s.X.Cols { // one row may be a vector
			t = lanes.Mat{Data: t.Data, Rows: s.Y.Cols, Cols: s.X.Cols, RowStride: s.X.Cols, ColStride: 1}
		}
		if t.Rows != s.Y.Cols || t.Cols != s.X.Cols {
			return nil, fmt.Errorf("teacher has the shape (%d, %d); want (%d, %d), targets by inputs", t.Rows, t.Cols, s.Y.Cols, s.X.Cols)
		}
		s.Teacher = t
	}
	s.Files = slices.Clip(s.Files)
	return s.finish()
}
