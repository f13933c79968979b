package export

import (
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"sgdlab/store"
)

type kind int

const (
	whole kind = iota // i
	real              // f
	words             // s
	truth             // i, 0 or 1
)

// column is one column of a table.
type column struct {
	name  string
	kind  kind
	unit  string
	about string // what it holds, in words
}

// value is one entry of a row.
type value struct {
	i    int64
	f    float64
	s    string
	none bool // there is nothing: not asked for
}

// table is a table whose rows can be walked as often as wanted. The slice of a row is used again for the next.
type table struct {
	name    string
	columns []column
	rows    iter.Seq2[[]value, error]
}

// table makes a table by its name.
func (w *writer) table(name string) *table {
	switch name {
	case "cells":
		return cellTable(w.run.Cells)
	case "samples":
		return long(w, name, sampleColumns, func(s *store.Sample, v []value) {
			v[0].i, v[1].i, v[2].s, v[3].f, v[4].i, v[5].s, v[6].f = int64(s.Cell), s.Replica, s.Statistic, s.Time, s.Step, s.Column, s.Value
		})
	case "passages":
		return long(w, name, passageColumns, func(p *store.Passage, v []value) {
			v[0].i, v[1].i, v[2].s, v[3].f, v[4].i, v[5].s = int64(p.Cell), p.Replica, p.Event, p.Time, 0, p.Kind
			if p.Censored {
				v[4].i = 1
			}
		})
	}
	return long(w, name, plateauColumns, func(p *store.Plateau, v []value) {
		v[0].i, v[1].i, v[2].i, v[3].f, v[4].f, v[5].f, v[6].f, v[7].i = int64(p.Cell), p.Replica, int64(p.Index), p.Start, p.End, p.Height, p.Duration, int64(p.Jumped)
	})
}

var (
	cellColumn    = column{"cell", whole, "", "the cell: a point of the sweep under one dynamics"}
	replicaColumn = column{"replica", whole, "", "the replica"}
	sampleColumns = []column{
		cellColumn, {"replica", whole, "", "the replica; -1: over all replicas"}, {"statistic", words, "", "path for one replica, else a statistic over replicas"},
		{"time", real, "time", "time of the reading"}, {"step", whole, "", "the same in steps; -1: between steps"},
		{"column", words, "", "column of the observable"}, {"value", real, "", "the reading"},
	}
	passageColumns = []column{
		cellColumn, replicaColumn, {"event", words, "", "the spec's name for the event"}, {"time", real, "time", "when it happened, or until when it had not"},
		{"censored", truth, "", "it did not happen before time"}, {"kind", words, "", "event or diverged"},
	}
	plateauColumns = []column{
		cellColumn, replicaColumn, {"index", whole, "", "0 for the first plateau of its path"}, {"start", real, "time", "when it starts"},
		{"end", real, "time", "when it ends"}, {"height", real, "", "median of the watched column on it"}, {"duration", real, "time", "how long it lasts"},
		{"jumped", whole, "", "which singular value jumped at its end; -1: none, or not known"},
	}
)

// long is a table that is read from its file, a batch in memory at a time.
func long[T store.Row](w *writer, name string, columns []column, put func(*T, []value)) *table {
	return &table{name, columns, func(yield func([]value, error) bool) {
		v := make([]value, len(columns))
		for row, err := range store.Rows[T](filepath.Join(w.run.Dir, name+".parquet")) {
			if err == nil {
				err = w.tick()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			put(&row, v)
			if !yield(v, nil) {
				return
			}
		}
	}}
}

// cellTable is the wide table of cells: param:PATH is a setting, NAME, NAME.se, NAME.lo, NAME.hi, NAME.n an estimate, its
// standard error, its interval and its number of observations.
func cellTable(cells []store.Cell) *table {
	t := &table{name: "cells", columns: []column{
		cellColumn, {"point", whole, "", "the point of the sweep"}, {"dynamics", words, "", "the spec's name for the dynamics"},
		{"replicas", whole, "", "replicas that ran"}, {"diverged", whole, "", "replicas that diverged"},
		{"failed", words, "", "why the cell has no result; empty where it has one"},
	}}
	fixed := len(t.columns)
	var paths, names []string
	text := map[string]bool{}
	units := map[string]string{}
	for _, c := range cells {
		for _, p := range c.Params {
			if !slices.Contains(paths, p.Path) {
				paths = append(paths, p.Path)
			}
			text[p.Path] = text[p.Path] || !isNumber(p)
		}
		for _, e := range c.Estimates {
			if u, ok := units[e.Name]; !ok {
				names = append(names, e.Name)
				units[e.Name] = e.Unit
			} else if u != e.Unit {
				units[e.Name] = ""
			}
		}
	}
	for _, p := range paths {
		k := real
		if text[p] {
			k = words
		}
		t.columns = append(t.columns, column{"param:" + p, k, "", "setting " + p})
	}
	for _, n := range names {
		u := units[n]
		t.columns = append(t.columns, column{n, real, u, "estimate " + n}, column{n + ".se", real, u, "standard error of " + n},
			column{n + ".lo", real, u, "lower end of the 95 % interval of " + n}, column{n + ".hi", real, u, "upper end of the 95 % interval of " + n},
			column{n + ".n", whole, "", "observations behind " + n + "; -1: not asked for"})
	}
	t.rows = func(yield func([]value, error) bool) {
		v := make([]value, len(t.columns))
		for i := range cells {
			c := &cells[i]
			v[0].i, v[1].i, v[2].s, v[3].i, v[4].i, v[5].s = int64(c.ID), int64(c.Point), c.Dynamics, c.Replicas, c.Diverged, c.Failed
			at := fixed
			for _, path := range paths {
				p, ok := c.Param(path)
				v[at] = value{f: p.Number, s: p.Text, none: !ok}
				if ok && !math.IsNaN(p.Number) && isNumber(p) {
					v[at].s = number(p.Number)
				}
				if !ok {
					v[at].f = math.NaN()
				}
				at++
			}
			for _, n := range names {
				e, ok := c.Estimate(n)
				if !ok {
					e = store.Estimate{Value: math.NaN(), SE: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), N: -1}
				}
				v[at], v[at+1], v[at+2], v[at+3] = value{f: e.Value, none: !ok}, value{f: e.SE, none: !ok}, value{f: e.Lo, none: !ok}, value{f: e.Hi, none: !ok}
				v[at+4] = value{i: e.N, none: !ok}
				at += 5
			}
			if !yield(v, nil) {
				return
			}
		}
	}
	return t
}

// isNumber: the setting is its Number. An integer of more digits than a float64 holds is its text.
func isNumber(p store.Param) bool {
	if math.IsNaN(p.Number) {
		return false
	}
	if i, err := strconv.ParseInt(p.Text, 10, 64); err == nil {
		return p.Number < 1<<63 && int64(p.Number) == i
	}
	u, err := strconv.ParseUint(p.Text, 10, 64)
	return err != nil || p.Number < 1<<64 && uint64(p.Number) == u
}

// number prints the shortest digits, at most 17, that read back as the same float64; NaN, inf, -inf.
func number(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
