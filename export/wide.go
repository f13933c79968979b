package export

import (
	"cmp"
	"math"
	"path/filepath"
	"slices"

	"sgdlab/store"
)

// wide is the table of samples with one column for each column of an observable: a row for each cell, replica, time and
// statistic. Rows ascend in cell, replica and time; what was not read then is nothing. One cell is in memory at a time.
func (w *writer) wide() (*table, error) {
	path := filepath.Join(w.run.Dir, store.SamplesFile)
	var names []string
	place := map[string]int{}
	w.total += w.rows("samples")
	for s, err := range store.Rows[store.Sample](path) {
		if err == nil {
			err = w.tick()
		}
		if err != nil {
			return nil, err
		}
		if _, ok := place[s.Column]; !ok {
			place[s.Column] = len(names)
			names = append(names, s.Column)
		}
	}
	t := &table{name: "samples", columns: slices.Clone(sampleColumns[:5])}
	fixed := len(t.columns)
	for _, n := range names {
		t.columns = append(t.columns, column{n, real, "", "column " + n + " of an observable"})
	}
	type key struct {
		replica   int64
		time      float64
		step      int64
		statistic int
	}
	t.rows = func(yield func([]value, error) bool) {
		var statistics []string
		at := map[string]int{}
		var cell int32
		var keys []key
		rows := map[key][]value{}
		v := make([]value, len(t.columns))
		flush := func() bool {
			slices.SortFunc(keys, func(a, b key) int {
				return cmp.Or(cmp.Compare(a.replica, b.replica), cmp.Compare(a.time, b.time), cmp.Compare(a.step, b.step), cmp.Compare(a.statistic, b.statistic))
			})
			for _, k := range keys {
				v[0].i, v[1].i, v[2].s, v[3].f, v[4].i = int64(cell), k.replica, statistics[k.statistic], k.time, k.step
				copy(v[fixed:], rows[k])
				if !yield(v, nil) {
					return false
				}
			}
			keys = keys[:0]
			clear(rows)
			return true
		}
		for s, err := range store.Rows[store.Sample](path) {
			if err == nil {
				err = w.tick()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if s.Cell != cell {
				if !flush() {
					return
				}
				cell = s.Cell
			}
			n, ok := at[s.Statistic]
			if !ok {
				n = len(statistics)
				at[s.Statistic] = n
				statistics = append(statistics, s.Statistic)
			}
			k := key{s.Replica, s.Time, s.Step, n}
			row := rows[k]
			if row == nil {
				row = make([]value, len(names))
				for i := range row {
					row[i] = value{f: math.NaN(), none: true}
				}
				rows[k] = row
				keys = append(keys, k)
			}
			row[place[s.Column]] = value{f: s.Value}
		}
		flush()
	}
	return t, nil
}
