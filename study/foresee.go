package study

import (
	"fmt"
	"math"

	"sgdlab/spec"
)

// foresee finds, before anything runs, the claims that no run could decide: a number of one cell that is asked of several,
// and a time or a window in which nothing is read.
func (l *loader) foresee() {
	all := make([]*Cell, len(l.study.Cells))
	for i := range all {
		all[i] = &l.study.Cells[i]
	}
	for i := range l.study.Claims {
		c := &l.study.Claims[i]
		if c.measure.across() && (c.expect.kind != "fraction-of-seeds" || c.measure.kind == "replicas") {
			l.points(c.measure, l.choose(c.measure, all))
		}
		l.read(c.measure, all)
		for e := c.expect; e != nil; e = e.seeds {
			l.evaluates(c.measure, e, all)
			m := e.source
			if m == nil {
				continue
			}
			cells := l.choose(m, all)
			if over := c.measure.across() && !c.measure.pointwise(); !over && len(m.where) == 0 && m.pointwise() {
				cells = atPoint(cells, 0) // each cell's own point: one stands for all
			}
			switch {
			case m.across():
				l.points(m, cells)
			case m.selects():
				l.one(m, cells)
			}
			l.read(m, all)
		}
	}
}

// evaluates notes expressions in $paths that have no value in a cell that the measure speaks of.
func (l *loader) evaluates(m *measure, e *expect, cells []*Cell) {
	if m != nil && !m.across() {
		cells = l.choose(m, cells)
	}
	for _, x := range []struct {
		expr *spec.Expr
		key  string
	}{{e.over, "equals"}, {e.within.expr, e.within.kind}} {
		for i := 0; x.expr != nil && i < len(cells); i++ {
			if _, err := x.expr.Eval(spec.Numbers(l.study.Points[cells[i].Point].Root, nil)); err != nil {
				n := e.node.Get(x.key)
				text, _ := n.Text()
				l.inexpressible(n, e.path+"."+x.key, text, err)
				break
			}
		}
	}
}

// choose selects the cells that a measure speaks of, of those given.
func (l *loader) choose(m *measure, from []*Cell) []*Cell {
	var out []*Cell
	for _, c := range from {
		if (m.dynamics == "" || c.Arm == m.dynamics) && l.study.matches(c, m.where) {
			out = append(out, c)
		}
	}
	return out
}

// points checks a measure over cells, at one point for all where it has a number at each.
func (l *loader) points(m *measure, cells []*Cell) {
	if m.pointwise() && len(cells) > 0 {
		cells = atPoint(cells, cells[0].Point)
	}
	l.single(m, cells)
}

func atPoint(cells []*Cell, point int) []*Cell {
	var out []*Cell
	for _, c := range cells {
		if c.Point == point {
			out = append(out, c)
		}
	}
	return out
}

// single checks that each term of a measure over cells is of one cell, or over cells itself.
func (l *loader) single(m *measure, cells []*Cell) {
	switch m.kind {
	case "ratio", "difference", "distance", "expression", "replicas":
	default: // a slope and a crossing have a number in each cell, or at each point
		if m.over != nil && m.ofPoint() {
			l.points(m.terms[0], cells)
		}
		return
	}
	for _, t := range m.terms {
		if own := l.choose(t, cells); t.across() {
			l.single(t, own)
		} else {
			l.one(t, own)
		}
	}
}

// one notes a number of one cell that is asked of several, or of none. A thinned sweep may lack the cell.
func (l *loader) one(m *measure, cells []*Cell) {
	switch {
	case len(cells) > 1:
		want := "one: name its dynamics"
		if swept := l.study.swept(); len(swept) > 0 {
			want += fmt.Sprintf(", and where: {%s: …}; one claim for each point of the sweep", swept[0])
		}
		l.problems.Add(m.node.Mistake(m.path, fmt.Sprintf("a number of one cell, asked of %d: %s, %s and so on", len(cells), l.study.Label(cells[0]), l.study.Label(cells[1])), want))
	case len(cells) == 0 && !l.study.Quick:
		l.problems.Add(m.node.Mistake(m.path, "a number of a cell that there is not", "the dynamics and the values of one point of the sweep"))
	}
}

// fewLooks is how many cells of a measure are looked at for its readings.
const fewLooks = 64

// read notes a time or a window of a measure, or of what it is made of, at which no cell that it speaks of reads its column.
func (l *loader) read(m *measure, cells []*Cell) {
	if m == nil {
		return
	}
	cells = l.choose(m, cells)
	for _, t := range m.terms {
		l.read(t, cells)
	}
	timed := indexOf([]string{"value", "variance", "quantile"}, m.kind) >= 0 && !math.IsInf(m.at, 1)
	windowed := indexOf([]string{"max", "min", "mean", "deviation"}, m.kind) >= 0
	if m.column == "" || !timed && !windowed {
		return
	}
	looked, nearest := 0, math.NaN()
	for _, c := range cells {
		g := l.study.Groups[c.Group]
		w := g.watchOf(m.column)
		if w < 0 || g.failed != "" || looked == fewLooks {
			continue
		}
		readings, err := g.readings(c.Index)
		if err != nil {
			return // another check's affair
		}
		looked++
		for _, r := range readings[w] {
			switch {
			case timed && math.Abs(r.Time-m.at) <= 1e-6*math.Max(1, math.Abs(m.at)), windowed && r.Time >= m.window[0] && r.Time <= m.window[1]:
				return
			case timed && !(math.Abs(r.Time-m.at) >= math.Abs(nearest-m.at)):
				nearest = r.Time
			}
		}
	}
	if looked == 0 {
		return
	}
	place, found, want := m.node, fmt.Sprintf("the window [%g, %g], in which %s is never read", m.window[0], m.window[1], m.column), "a window with a reading"
	path := m.path + ".window"
	if timed {
		path, found, want = m.path+".at", fmt.Sprintf("time %g, at which %s is never read", m.at, m.column), "a time of its schedule"
		if !math.IsNaN(nearest) {
			want += fmt.Sprintf("; the nearest is %g", nearest)
		}
	}
	if math.IsInf(m.window[0], -1) && windowed {
		path, found = m.path, m.column+", which is never read on the way"
		want = "every: STEPS or log-spaced: READINGS PER DECADE with its observable"
	}
	for _, key := range []string{"at", "window"} {
		if n := m.node.Get(key); !n.IsNull() {
			place = n
		}
	}
	l.problems.Add(spec.Problem{File: place.File, Line: place.Line, Col: place.Col, Path: path, Found: found, Want: want})
}

// watchOf is the watch that has a column, −1 where none has.
func (g *Group) watchOf(column string) int {
	for w, cols := range g.Columns {
		for _, c := range cols {
			if c.Name == column {
				return w
			}
		}
	}
	return -1
}
