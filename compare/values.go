package compare

import (
	"fmt"
	"iter"
	"math"

	"sgdlab/store"
)

// Difference is how one quantity of one table differs between two runs, over all cells that both have.
type Difference struct {
	Table    string       `json:"table"`
	Quantity string       `json:"quantity"` // an estimate, a column of an observable, an event
	Compared int64        `json:"compared"` // numbers that both have
	Differ   int64        `json:"differ"`   // of these, not the same bits
	OnlyA    int64        `json:"only_first"`
	OnlyB    int64        `json:"only_second"`
	Absolute store.Number `json:"largest_absolute"`
	Relative store.Number `json:"largest_relative"` // |a − b| / max(|a|, |b|)
	Where    string       `json:"where"`            // of the largest absolute difference
	A        store.Number `json:"first"`
	B        store.Number `json:"second"`
}

// Same reports whether nothing differs.
func (d *Difference) Same() bool { return d.Differ == 0 && d.OnlyA == 0 && d.OnlyB == 0 }

// tally collects differences by table and quantity, in order of appearance.
type tally struct {
	list []*Difference
	at   map[[2]string]*Difference
}

func (t *tally) of(table, quantity string) *Difference {
	k := [2]string{table, quantity}
	d := t.at[k]
	if d == nil {
		d = &Difference{Table: table, Quantity: quantity}
		t.at[k] = d
		t.list = append(t.list, d)
	}
	return d
}

// number compares two numbers. Every NaN is the same, as in the hash of a run; −0 is not 0.
func (d *Difference) number(a, b float64, where func() string) {
	d.Compared++
	if math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b) {
		return
	}
	d.Differ++
	x := math.Abs(a - b)
	if math.IsNaN(x) {
		x = math.Inf(1) // a value against none, or an infinity against itself with the other sign
	}
	r := x / math.Max(math.Abs(a), math.Abs(b))
	if a == b {
		r = 0
	} else if math.IsNaN(r) || math.IsInf(x, 1) {
		r = math.Inf(1)
	}
	d.Relative = store.Number(math.Max(float64(d.Relative), r))
	if d.Where == "" || x > float64(d.Absolute) {
		d.Absolute, d.Where, d.A, d.B = store.Number(x), where(), store.Number(a), store.Number(b)
	}
}

// Values compares the numbers of all tables in the paired cells, quantity by quantity. The error is that of the table that
// cannot be read.
func Values(a, b *Side, m Matching) ([]*Difference, error) {
	t := &tally{at: map[[2]string]*Difference{}}
	for _, p := range m.Pairs {
		t.cells(&a.Cells[p.A], &b.Cells[p.B])
	}
	if err := rows(a, b, m, func(pair int, x, y []store.Sample) {
		label := Label(&a.Cells[m.Pairs[pair].A])
		type key struct {
			replica           int64
			statistic, column string
			step              int64
			again             int
		}
		keyed(t, x, y, func(s *store.Sample, n map[key]int) key {
			k := key{s.Replica, s.Statistic, s.Column, s.Step, 0}
			n[k]++
			k.again = n[k]
			return k
		}, func(s *store.Sample) (string, string) { return "samples", s.Column }, func(d *Difference, p, q *store.Sample) {
			at := func() string {
				if p.Replica == store.Statistics {
					return fmt.Sprintf("%s: %s at time %g", label, p.Statistic, p.Time)
				}
				return fmt.Sprintf("%s: replica %d at time %g", label, p.Replica, p.Time)
			}
			d.number(p.Value, q.Value, at)
			d.number(p.Time, q.Time, func() string { return "the time of " + at() })
		})
	}); err != nil {
		return nil, err
	}
	if err := rows(a, b, m, func(pair int, x, y []store.Passage) {
		label := Label(&a.Cells[m.Pairs[pair].A])
		type key struct {
			replica     int64
			event, kind string
		}
		keyed(t, x, y, func(p *store.Passage, _ map[key]int) key { return key{p.Replica, p.Event, p.Kind} },
			func(p *store.Passage) (string, string) { return "passages", p.Event }, func(d *Difference, p, q *store.Passage) {
				at := func() string { return fmt.Sprintf("%s: replica %d", label, p.Replica) }
				d.number(p.Time, q.Time, at)
				d.number(truth(p.Censored), truth(q.Censored), func() string { return at() + ", censored (1) or not (0)" })
			})
	}); err != nil {
		return nil, err
	}
	err := rows(a, b, m, func(pair int, x, y []store.Plateau) {
		label := Label(&a.Cells[m.Pairs[pair].A])
		type key struct {
			replica int64
			index   int32
		}
		keyed(t, x, y, func(p *store.Plateau, _ map[key]int) key { return key{p.Replica, p.Index} },
			func(*store.Plateau) (string, string) { return "plateaus", "plateau" }, func(d *Difference, p, q *store.Plateau) {
				for _, f := range []struct {
					name string
					a, b float64
				}{{"start", p.Start, q.Start}, {"end", p.End, q.End}, {"height", p.Height, q.Height}, {"duration", p.Duration, q.Duration}, {"jumped", float64(p.Jumped), float64(q.Jumped)}} {
					d.number(f.a, f.b, func() string {
						return fmt.Sprintf("%s: %s of plateau %d of replica %d", label, f.name, p.Index, p.Replica)
					})
				}
			})
	})
	return t.list, err
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// cells compares the estimates of a pair of cells.
func (t *tally) cells(a, b *store.Cell) {
	label := Label(a)
	at := func(part string) func() string {
		return func() string { return label + part }
	}
	for _, c := range []struct {
		name string
		a, b int64
	}{{"replicas", a.Replicas, b.Replicas}, {"diverged", a.Diverged, b.Diverged}} {
		t.of("cells", c.name).number(float64(c.a), float64(c.b), at(""))
	}
	if a.Failed != b.Failed {
		d := t.of("cells", "failed")
		d.Compared, d.Differ, d.Where = d.Compared+1, d.Differ+1, label
	}
	for _, e := range a.Estimates {
		d := t.of("cells", e.Name)
		f, ok := b.Estimate(e.Name)
		if !ok {
			d.OnlyA++
			continue
		}
		d.number(e.Value, f.Value, at(""))
		d.number(e.SE, f.SE, at(": standard error"))
		d.number(e.Lo, f.Lo, at(": lower end of the interval"))
		d.number(e.Hi, f.Hi, at(": upper end of the interval"))
		d.number(float64(e.N), float64(f.N), at(": n"))
		if e.Unit != f.Unit {
			d.Differ++
			d.Where = fmt.Sprintf("%s: units %q and %q", label, e.Unit, f.Unit)
		}
	}
	for _, e := range b.Estimates {
		if _, ok := a.Estimate(e.Name); !ok {
			t.of("cells", e.Name).OnlyB++
		}
	}
}

// keyed compares the rows of one cell in two runs, whatever their order.
func keyed[T store.Row, K comparable](t *tally, x, y []T, key func(*T, map[K]int) K, of func(*T) (table, quantity string), compare func(d *Difference, p, q *T)) {
	index := make(map[K]int, len(y))
	seen := map[K]int{}
	for i := range y {
		index[key(&y[i], seen)] = i
	}
	clear(seen)
	used := make([]bool, len(y))
	for i := range x {
		d := t.of(of(&x[i]))
		j, ok := index[key(&x[i], seen)]
		if !ok {
			d.OnlyA++
			continue
		}
		used[j] = true
		compare(d, &x[i], &y[j])
	}
	for j := range y {
		if !used[j] {
			t.of(of(&y[j])).OnlyB++
		}
	}
}

// group is the rows of one cell.
type group[T store.Row] struct {
	cell int32
	rows []T
}

// groups reads a long table cell by cell.
func groups[T store.Row](dir string) iter.Seq2[group[T], error] {
	return func(yield func(group[T], error) bool) {
		var g group[T]
		for row, err := range store.Rows[T](store.TablePath[T](dir)) {
			if err != nil {
				yield(g, err)
				return
			}
			if c := cellOf(&row); c != g.cell && len(g.rows) > 0 {
				if !yield(g, nil) {
					return
				}
				g = group[T]{}
			}
			g.cell = cellOf(&row)
			g.rows = append(g.rows, row)
		}
		if len(g.rows) > 0 {
			yield(g, nil)
		}
	}
}

func cellOf[T store.Row](row *T) int32 {
	switch r := any(row).(type) {
	case *store.Sample:
		return r.Cell
	case *store.Passage:
		return r.Cell
	case *store.Plateau:
		return r.Cell
	}
	panic("a row without a cell")
}

// rows hands the rows of each pair of cells to visit. Where the pairs ascend in both runs, as they do unless the order of a
// sweep was changed, one cell of each is in memory at a time; else the second table is.
func rows[T store.Row](a, b *Side, m Matching, visit func(pair int, x, y []T)) error {
	partner := map[int32]int32{}
	place := map[int32]int{}
	ascend := true
	for i, p := range m.Pairs {
		id := int32(a.Cells[p.A].ID)
		partner[id], place[id] = int32(b.Cells[p.B].ID), i
		ascend = ascend && (i == 0 || p.B > m.Pairs[i-1].B)
	}
	var second func(int32) ([]T, error)
	if ascend {
		next, stop := streamed[T](b.Dir)
		defer stop()
		second = next
	} else {
		all, err := whole[T](b.Dir)
		if err != nil {
			return err
		}
		second = all
	}
	seen := map[int32]bool{}
	for g, err := range groups[T](a.Dir) {
		if err != nil {
			return err
		}
		p, ok := partner[g.cell]
		if !ok {
			continue
		}
		seen[g.cell] = true
		y, err := second(p)
		if err != nil {
			return err
		}
		visit(place[g.cell], g.rows, y)
	}
	// Cells without a row in the first run may have some in the second.
	left := map[int32]int{}
	for i, p := range m.Pairs {
		if !seen[int32(a.Cells[p.A].ID)] {
			left[int32(b.Cells[p.B].ID)] = i
		}
	}
	if len(left) == 0 {
		return nil
	}
	for g, err := range groups[T](b.Dir) {
		if err != nil {
			return err
		}
		if i, ok := left[g.cell]; ok {
			visit(i, nil, g.rows)
		}
	}
	return nil
}

// streamed gives the rows of cells that are asked for in ascending order.
func streamed[T store.Row](dir string) (func(int32) ([]T, error), func()) {
	next, stop := iter.Pull2(groups[T](dir))
	var held group[T]
	live, begun := true, false
	return func(cell int32) ([]T, error) {
		for live && (!begun || held.cell < cell) {
			begun = true
			g, err, ok := next()
			if err != nil {
				return nil, err
			}
			held, live = g, ok
		}
		if live && held.cell == cell {
			return held.rows, nil
		}
		return nil, nil
	}, stop
}

// whole gives the rows of cells in any order.
func whole[T store.Row](dir string) (func(int32) ([]T, error), error) {
	all := map[int32][]T{}
	for g, err := range groups[T](dir) {
		if err != nil {
			return nil, err
		}
		all[g.cell] = g.rows
	}
	return func(cell int32) ([]T, error) { return all[cell], nil }, nil
}
