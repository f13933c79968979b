package study

import (
	"path/filepath"

	"sgdlab/spec"
	"sgdlab/store"
)

// Findings is what a study concludes from its outcomes.
type Findings struct {
	Cells    []store.Cell
	Verdicts []store.Verdict
	Analyses []Analysis
}

// Conclude answers the study's questions, from the cells that did not fail; claims about one that did are undecided.
func (st *Study) Conclude(paper string, outcomes []*Outcome) (*Findings, error) {
	var good []*Outcome
	for _, o := range outcomes {
		if o.Failed == "" {
			good = append(good, o)
		}
	}
	st.answer(good)
	f := &Findings{Verdicts: st.Judge(paper, outcomes)}
	for _, o := range outcomes {
		f.Cells = append(f.Cells, st.Row(o))
	}
	var err error
	f.Analyses, err = st.Analyse(good)
	return f, err
}

// Seeds returns the seeds of the first point; a sweep may hold others.
func (st *Study) Seeds() store.Seeds {
	l := &loader{study: st, problems: &spec.Problems{}}
	s := l.seeds(nil, st.Points[0].Root)
	return store.Seeds{Data: s.Data, Init: s.Init, Noise: s.Noise}
}

// relocate replaces the paths of files in a spec's data and start.
func relocate(root *spec.Node, with func(path string) string) {
	put := func(section *spec.Node, keys ...string) {
		for _, key := range keys {
			n := section.Get(key)
			if t, ok := n.Text(); ok {
				section.Put(key, spec.New(with(t)).At(n))
			}
		}
	}
	put(root.Get("data"), "path")
	put(root.Get("start"), "path")
	if name, _ := root.Lookup("data.name").Text(); name == "array" && root.Lookup("data.path").IsNull() {
		put(root.Get("data"), "inputs", "targets", "test-inputs", "test-targets") // each a file of its own
	}
}

// base is the name of a file, without the way to it.
func base(path string) string { return filepath.Base(filepath.FromSlash(path)) }

// Portable is the resolved spec as it goes into a run folder: relative paths of files are made to start there.
func (st *Study) Portable(dir string) *spec.Node {
	root := st.Root.Clone()
	relocate(root, func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		from, err1 := filepath.Abs(dir)
		to, err2 := filepath.Abs(filepath.Join(st.Folder, path))
		if rel, err := filepath.Rel(from, to); err == nil && err1 == nil && err2 == nil {
			return filepath.ToSlash(rel)
		}
		return path
	})
	return root
}

// Hash identifies the question: SHA-256 of the resolved spec, with the name of a data file but not the way to it. What is
// in the file has a hash of its own, in the plan.
func (st *Study) Hash() string { return HashOf(st.Root) }

// HashOf is the hash of a resolved spec, see Study.Hash.
func HashOf(root *spec.Node) string {
	root = root.Clone()
	relocate(root, base)
	return spec.Hash(root)
}
