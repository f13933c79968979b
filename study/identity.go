package study

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/ensemble"
	"sgdlab/spec"
	"sgdlab/store"
)

// Key identifies what the replicas of a cell do and what is kept of them, but not how many they are nor for how long they
// go on: cells with equal keys are one cell, extended. It is SHA-256 over the version of results, the arm's settings and
// the values that tell the cell apart from others of its group, data, seeds, events that stop replicas, and what claims have
// the rig keep.
func (st *Study) Key(c *Cell) store.Digest {
	g := st.Groups[c.Group]
	cell := &g.Cells[c.Index]
	h := sha256.New()
	fmt.Fprintf(h, "results %d\narm %s\nsettings %s\ndata %s\n", sgdlab.Results, g.Arm, g.settings(st), g.DataHash())
	for _, table := range g.tables {
		fmt.Fprintf(h, "value %x\n", table[c.Index])
	}
	fmt.Fprintf(h, "seeds %d %d\nkeep %d\nuntil %v of %q\n", cell.InitSeed, cell.NoiseSeed, cell.Keep, cell.Until, st.Events)
	var ends []string
	for name := range g.ends {
		ends = append(ends, name)
	}
	slices.Sort(ends)
	fmt.Fprintf(h, "ends %q\n", ends)
	for _, s := range g.slopes {
		fmt.Fprintf(h, "slope %d %d %x %x %v %v\n", s.Watch, s.Column, s.From, s.To, s.LogX, s.LogY)
	}
	return store.Digest(h.Sum(nil))
}

// settings is what the key of a cell says of its settings: the same whether a default was left out or, as in the resolved
// spec of a run folder, written out, and wherever files lie: what is in them has a hash of its own.
func (g *Group) settings(st *Study) string {
	if g.identity == "" {
		root := g.made.root.Clone()
		model := *g.made.model
		model.Node = root.Get("model")
		model.Resolve(g.model)
		relocate(root, base)
		l := &loader{study: st, problems: &spec.Problems{}}
		d := catalog.Scanner(l.problems)
		l.sections(d, root, g.Arm)
		g.identity = d.Key()
	}
	return g.identity
}

// Failed is why a cell cannot be computed at all, empty where it can.
func (st *Study) Failed(c *Cell) string { return st.Groups[c.Group].failed }

// Size returns how many replicas a cell has, and their horizon in calls of the stepper.
func (st *Study) Size(c *Cell) (replicas int, horizon uint64, err error) {
	g := st.Groups[c.Group]
	rig, err := g.reading()
	if err != nil {
		return 0, 0, err
	}
	horizon, err = ensemble.Horizon(rig, &g.Cells[c.Index])
	return g.Cells[c.Index].Replicas, horizon, err
}

// reading is a rig for what does not step: one for all cells of the group.
func (g *Group) reading() (*ensemble.Rig, error) {
	if g.reader == nil {
		var err error
		if g.reader, err = g.Rig(); err != nil {
			return nil, err
		}
	}
	return g.reader, nil
}
