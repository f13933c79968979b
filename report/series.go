package report

import (
	"fmt"
	"slices"
	"strings"

	"sgdlab/store"
)

// seriesFigures has a figure for each observable. One of several columns, such as singular values, is shown by dynamics
// (all its columns) or by column (all dynamics).
func (r *run) seriesFigures() []*figure {
	type family struct {
		name    string
		columns []string
		series  []series
		paths   []series
	}
	var families []*family
	of := func(column string) *family {
		name, _, _ := strings.Cut(column, "[")
		for _, f := range families {
			if f.name == name {
				return f
			}
		}
		families = append(families, &family{name: name})
		return families[len(families)-1]
	}
	for _, s := range r.series {
		f := of(s.column)
		if !slices.Contains(f.columns, s.column) {
			f.columns = append(f.columns, s.column)
		}
		f.series = append(f.series, s)
	}
	for _, s := range r.paths {
		f := of(s.column)
		if !slices.Contains(f.columns, s.column) {
			f.columns = append(f.columns, s.column)
		}
		f.paths = append(f.paths, s)
	}
	var out []*figure
	for _, fam := range families {
		f := &figure{
			ID: "series-" + store.Slug(fam.name), Title: fam.name + " over time",
			X: axis{Label: "time"}, Y: axis{Label: fam.name}, Lo: "q05", Hi: "q95",
			Keys: append(r.pointKeys(), "column", "statistic"),
		}
		f.Caption = "Mean over replicas"
		at := map[[2]int]int{} // cell, column → curve
		paths := map[[2]int][]int{}
		bands, leaving := false, false
		for i := range fam.series {
			s := &fam.series[i]
			c := curve{Keys: append(r.cellKeys(s.cell), s.column, "mean"), Kind: line, X: s.time, Y: s.mean, N: s.n}
			if known(s.lo) && known(s.hi) {
				c.Lo, c.Hi, bands = s.lo, s.hi, true
			}
			if len(s.n) > 0 && slices.Min(s.n) < slices.Max(s.n) {
				leaving = true
			}
			at[[2]int{s.cell, slices.Index(fam.columns, s.column)}] = f.add(c)
		}
		for i := range fam.paths {
			s := &fam.paths[i]
			k := [2]int{s.cell, slices.Index(fam.columns, s.column)}
			paths[k] = append(paths[k], f.add(curve{
				Keys: append(r.cellKeys(s.cell), s.column, fmt.Sprintf("replica %d", s.replica)), Kind: faintLine, X: s.time, Y: s.mean,
			}))
		}
		if bands {
			f.Caption += "; the band holds the middle 90 % of them"
		}
		if leaving {
			f.Caption += "; of those still running, whose number falls"
		}
		f.Caption += "."
		if len(fam.paths) > 0 {
			f.Caption += " Thin lines: single replicas."
		}
		if !slices.ContainsFunc(f.Curves, func(c curve) bool { return len(c.X) > 1 }) {
			continue // read once, as at the end: a number of the tables, and no course
		}
		f.Y.Log = spans(f.Curves, yOf)
		r.seriesPanels(f, fam.columns, at, paths)
		out = append(out, f)
	}
	return out
}

// seriesPanels lays the curves of a family out: points × (dynamics, columns).
func (r *run) seriesPanels(f *figure, columns []string, at map[[2]int]int, paths map[[2]int][]int) {
	dims, place := r.dims(-1)
	show := dimension{Name: view}
	byArm := len(columns) > 1 // one panel per dynamics, with all its columns
	byColumn := len(columns) == 1 || len(r.arms) > 1
	if byColumn {
		show.Options = append(show.Options, columns...)
	}
	if byArm {
		show.Options = append(show.Options, r.arms...)
	}
	f.Dims = append(dims, show)
	for i := range r.points {
		p := &r.points[i]
		put := func(k, cell, column, colour int, name string) {
			key := [2]int{cell, column}
			c, ok := at[key]
			if !ok && paths[key] == nil {
				return
			}
			panel := f.panelAt(append(slices.Clone(place(p)), k))
			for _, q := range paths[key] {
				panel.Items = append(panel.Items, item{Curve: q, Name: name + ", " + f.Curves[q].Keys[len(f.Keys)-1], Colour: colour})
			}
			if ok {
				panel.Items = append(panel.Items, item{Curve: c, Name: name, Colour: colour})
			}
		}
		for a, arm := range r.arms {
			cell := r.cellAt(p.id, arm)
			if cell < 0 {
				continue
			}
			for c, column := range columns {
				k := 0
				if byColumn {
					put(c, cell, c, a, arm)
					k = len(columns)
				}
				if byArm {
					put(k+a, cell, c, c, column)
				}
			}
		}
	}
}

// known reports whether any of the values is there.
func known(x []float64) bool {
	return slices.ContainsFunc(x, func(v float64) bool { return v == v })
}
