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

// Conclude answers the study's questions.
func (st *Study) Conclude(paper string, outcomes []*Outcome) (*Findings, error) {
	st.answer(outcomes)
	f := &Findings{Verdicts: st.Judge(paper, outcomes)}
	for _, o := range outcomes {
		f.Cells = append(f.Cells, st.Row(o))
	}
	var err error
	f.Analyses, err = st.Analyse(outcomes)
	return f, err
}

// Seeds returns the seeds of the first point; a sweep may hold others.
func (st *Study) Seeds() store.Seeds {
	l := &loader{study: st, problems: &spec.Problems{}}
	s := l.seeds(nil, st.Points[0].Root)
	return store.Seeds{Data: s.Data, Init: s.Init, Noise: s.Noise}
}

// Portable is the resolved spec as it goes into a run folder: relative paths of data are made to start there.
func (st *Study) Portable(dir string) *spec.Node {
	root := st.Root.Clone()
	path := root.Lookup("data.path")
	if t, ok := path.Text(); ok && !filepath.IsAbs(t) {
		from, err1 := filepath.Abs(dir)
		to, err2 := filepath.Abs(filepath.Join(st.Folder, t))
		if rel, err := filepath.Rel(from, to); err == nil && err1 == nil && err2 == nil {
			root.Get("data").Put("path", spec.New(filepath.ToSlash(rel)).At(path))
		}
	}
	return root
}

// Hash identifies the question: SHA-256 of the resolved spec, with the name of a data file but not the way to it. What is
// in the file has a hash of its own, in the plan.
func (st *Study) Hash() string {
	root := st.Root
	if path := root.Lookup("data.path"); path != nil {
		root = root.Clone()
		t, _ := path.Text()
		root.Get("data").Put("path", spec.New(filepath.Base(filepath.FromSlash(t))).At(path))
	}
	return spec.Hash(root)
}
