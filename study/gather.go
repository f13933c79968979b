package study

import (
	"fmt"
	"math"
	"sort"

	"sgdlab/ensemble"
	"sgdlab/estimate"
	"sgdlab/spec"
	"sgdlab/store"
)

// Outcome is all that was measured in one cell.
type Outcome struct {
	Cell     *Cell
	Replicas int64
	Diverged int64
	Failed   string                        // why there is nothing measured; empty where there is
	Series   map[string]*Series            // by column; its readings where a claim asks for them
	End      map[string]estimate.Moments   // by column, where replicas stopped
	Passages map[string]*estimate.Sample   // by event
	Survival map[string]*estimate.Survival // by event
	Last     map[string]map[int64]float64  // by column, of kept replicas, where they stopped
	Paths    map[string]map[int64]Path     // by column, of kept replicas, where a claim asks for them
	Slopes   []estimate.Moments            // of the group's slopes
	Found    []store.Named                 // estimates, in the order of the table
}

// Path is a column of one replica at its readings.
type Path struct{ Time, Value []float64 }

// Series is a column's statistics at its readings.
type Series struct {
	Time    []float64
	Step    []float64
	Moments []estimate.Moments

	Sketches  []*estimate.Sketch // at the readings, where a claim asks for quantiles
	EndSketch *estimate.Sketch   // where replicas stopped
}

// Sink takes the rows of the long tables, in the order of cells.
type Sink interface {
	Samples(rows ...store.Sample) error
	Passages(rows ...store.Passage) error
	Plateaus(rows ...store.Plateau) error
}

// Keeper is a sink that also takes the cells as they are, to extend them later.
type Keeper interface {
	// Keep takes the replicas [from, to) of a cell: one of Cells, one of Tails, and those that are parked. It may be called for
	// several parts of a cell, in their order.
	Keep(cell, from, to int, part *ensemble.Result) error
}

// Known is a part of a cell that was measured before: the replicas [From, To).
type Known struct {
	From, To int
	Final    bool // they went as far as they go now; of others, those that reached their horizon come again with a shard
	// Read returns one of Cells, one of Tails, and those that are parked.
	Read func() (*ensemble.Result, error)
}

// Gather merges the results of shards, cell by cell, writes their rows to the sink and returns what each cell measured. load
// returns a shard's result; it is called once for each shard.
func (st *Study) Gather(load func(shard int) (*ensemble.Result, error), sink Sink) ([]*Outcome, error) {
	return st.GatherOnto(func(int) []Known { return nil }, load, sink)
}

// GatherOnto is Gather where parts of cells are known already: base returns those of a cell, disjoint and ascending. No more than a
// shard's replicas of a cell are held as they stood, where each known part is within a shard.
func (st *Study) GatherOnto(base func(cell int) []Known, load func(shard int) (*ensemble.Result, error), sink Sink) ([]*Outcome, error) {
	parts := make(map[[2]int][]int) // (group, index of the cell there) → shards, ascending
	uses := make([]int, len(st.Shards))
	for _, sh := range st.Shards {
		for _, b := range sh.Blocks {
			key := [2]int{sh.Group, b.Cell}
			if p := parts[key]; len(p) == 0 || p[len(p)-1] != sh.ID {
				parts[key] = append(p, sh.ID)
				uses[sh.ID]++
			}
		}
	}
	asked := st.columnsAsked()
	held := map[int]*ensemble.Result{}
	var outcomes []*Outcome
	for i := range st.Cells {
		c := &st.Cells[i]
		g := gathering{cell: i, index: c.Index, whole: &ensemble.CellResult{Cell: c.Index}, failed: st.Groups[c.Group].failed}
		g.keeper, _ = sink.(Keeper)
		known := base(i)
		for _, id := range parts[[2]int{c.Group, c.Index}] {
			r := held[id]
			if r == nil {
				var err error
				if r, err = load(id); err != nil {
					return nil, err
				}
				held[id] = r
			}
			from, to := st.replicas(id, c.Index)
			if g.part == nil {
				g.from = from
			}
			for len(known) > 0 && known[0].From < to {
				if known[0].To > to {
					g.to = known[0].To // goes on in the next shard
				}
				if err := g.add(&known[0]); err != nil {
					return nil, err
				}
				known = known[1:]
			}
			for _, f := range r.Failed {
				if f.Cell == c.Index && g.failed == "" {
					g.failed = f.Why
				}
			}
			if err := g.end(to, r.Part(c.Index)); err != nil {
				return nil, err
			}
			if uses[id]--; uses[id] == 0 {
				delete(held, id)
			}
		}
		if g.failed != "" {
			outcomes = append(outcomes, &Outcome{Cell: c, Failed: g.failed})
			continue
		}
		sorted(g.whole)
		o, err := st.outcome(c, g.whole, asked, sink)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// gathering puts a cell together.
type gathering struct {
	cell, index int
	whole       *ensemble.CellResult
	keeper      Keeper
	failed      string
	part        *ensemble.Result // what is to be kept next, of the replicas [from, …); nil where nothing waits
	from, to    int              // the least end that it may have
}

// add takes in a known part.
func (g *gathering) add(k *Known) error {
	r, err := k.Read()
	if err != nil {
		return err
	}
	if !k.Final {
		r.Tails, r.Parked = []ensemble.CellResult{{Cell: g.index}}, nil
	}
	g.merge(r)
	return nil
}

func (g *gathering) merge(r *ensemble.Result) {
	g.whole.Merge(&r.Cells[0])
	g.whole.Merge(&r.Tails[0])
	if g.keeper == nil {
		return
	}
	if g.part == nil {
		g.part = r
		return
	}
	g.part.Cells[0].Merge(&r.Cells[0])
	g.part.Tails[0].Merge(&r.Tails[0])
	g.part.Parked = append(g.part.Parked, r.Parked...)
}

// end takes in a shard's part of the replicas up to to, and has what is complete kept.
func (g *gathering) end(to int, r *ensemble.Result) error {
	if g.part == nil || r.Cells[0].Replicas+r.Tails[0].Replicas > 0 {
		g.merge(r)
	}
	if g.keeper == nil || g.failed != "" || to < g.to {
		return nil
	}
	p := g.part
	g.part = nil
	sorted(&p.Cells[0])
	sorted(&p.Tails[0])
	sort.SliceStable(p.Parked, func(i, j int) bool { return p.Parked[i].Replica < p.Parked[j].Replica })
	return g.keeper.Keep(g.cell, g.from, to, p)
}

// replicas are those of a cell that a shard has: one block of it, or none.
func (st *Study) replicas(shard, index int) (from, to int) {
	for i := range st.Shards {
		if st.Shards[i].ID != shard {
			continue
		}
		for _, b := range st.Shards[i].Blocks {
			if b.Cell == index {
				return b.From, b.To
			}
		}
	}
	return 0, 0
}

// sorted brings the rows of a cell into the order of the tables: by replica, event, index and time.
func sorted(r *ensemble.CellResult) {
	sort.SliceStable(r.Paths, func(i, j int) bool {
		a, b := &r.Paths[i], &r.Paths[j]
		switch {
		case a.Replica != b.Replica:
			return a.Replica < b.Replica
		case a.Time != b.Time:
			return a.Time < b.Time
		case (a.Reading < 0) != (b.Reading < 0):
			return b.Reading < 0 // where it stopped comes last
		}
		return a.Watch < b.Watch
	})
	sort.SliceStable(r.Passages, func(i, j int) bool {
		a, b := &r.Passages[i], &r.Passages[j]
		if a.Event != b.Event {
			return a.Event < b.Event
		}
		return a.Replica < b.Replica
	})
	sort.SliceStable(r.Plateaus, func(i, j int) bool { return r.Plateaus[i].Replica < r.Plateaus[j].Replica })
}

// columnsAsked are the columns whose readings claims ask for. Those of the others go to the tables and are let go: of a
// sweep with many readings they would fill the memory.
func (st *Study) columnsAsked() map[string]bool {
	asked := map[string]bool{}
	st.measures(func(m *measure) { asked[m.column] = true })
	return asked
}

// pathsAsked are the columns of which claims ask for each replica's own path.
func (st *Study) pathsAsked() map[string]bool {
	asked := map[string]bool{}
	st.measures(func(m *measure) {
		if m.kind == "path" || m.paired() {
			asked[m.column], asked[m.beside] = true, true
		}
	})
	return asked
}

// quantiles of the samples table.
var quantiles = []struct {
	name string
	q    float64
}{{"q05", 0.05}, {"q25", 0.25}, {"q50", 0.5}, {"q75", 0.75}, {"q95", 0.95}}

// outcome turns a cell's merged result into rows and estimates.
func (st *Study) outcome(c *Cell, r *ensemble.CellResult, asked map[string]bool, sink Sink) (*Outcome, error) {
	g := st.Groups[c.Group]
	o := &Outcome{
		Cell: c, Replicas: r.Replicas, Diverged: r.Diverged, Series: map[string]*Series{}, End: map[string]estimate.Moments{},
		Passages: map[string]*estimate.Sample{}, Survival: map[string]*estimate.Survival{},
		Last: map[string]map[int64]float64{}, Paths: map[string]map[int64]Path{},
	}
	for i := range r.Slopes {
		o.Slopes = append(o.Slopes, r.Slopes[i].Moments())
	}
	readings, err := g.readings(c.Index)
	if err != nil {
		return nil, err
	}
	id := int32(c.ID)
	first := 0
	for w, cols := range g.Columns {
		for k, col := range cols {
			s := &Series{}
			o.Series[col.Name] = s
			quantiles := st.quantileOf(col.Name)
			var stats []ensemble.Stat
			if w < len(r.Series) {
				stats = r.Series[w].Stats
			}
			for j := 0; (j+1)*len(cols) <= len(stats); j++ {
				stat := &stats[j*len(cols)+k]
				at, moments, sketch := readings[w][j], stat.Moments(), stat.Sketch()
				if asked[col.Name] {
					s.Time, s.Step, s.Moments = append(s.Time, at.Time), append(s.Step, at.Step), append(s.Moments, moments)
				}
				if quantiles {
					s.Sketches = append(s.Sketches, sketch)
				}
				if err := sink.Samples(rowsOf(id, at, col.Name, moments, sketch)...); err != nil {
					return nil, err
				}
			}
			if first+k < len(r.End) {
				o.End[col.Name] = r.End[first+k].Moments()
				if quantiles {
					s.EndSketch = r.End[first+k].Sketch()
				}
				if e := o.End[col.Name].Mean(estimate.Level); e.N > 0 {
					o.note("end:"+col.Name, e.In(col.Unit))
				}
			}
		}
		first += len(cols)
	}
	wanted := st.pathsAsked()
	for i := range r.Paths {
		p := &r.Paths[i]
		for c, x := range p.Values {
			name := g.Columns[p.Watch][c].Name
			switch {
			case p.Reading < 0:
				if o.Last[name] == nil {
					o.Last[name] = map[int64]float64{}
				}
				o.Last[name][p.Replica] = x
			case wanted[name]:
				if o.Paths[name] == nil {
					o.Paths[name] = map[int64]Path{}
				}
				path := o.Paths[name][p.Replica]
				path.Time, path.Value = append(path.Time, p.Time), append(path.Value, x)
				o.Paths[name][p.Replica] = path
			}
		}
	}
	if err := st.paths(c, g, readings, r, sink); err != nil {
		return nil, err
	}
	if err := st.passages(o, g, r, sink); err != nil {
		return nil, err
	}
	for _, p := range r.Plateaus {
		row := store.Plateau{Cell: id, Replica: p.Replica, Index: int32(p.Index), Start: p.Start, End: p.End, Height: p.Height, Duration: p.Duration, Jumped: int32(p.Jumped)}
		if err := sink.Plateaus(row); err != nil {
			return nil, err
		}
	}
	o.plateaus(r.Plateaus)
	return o, nil
}

// note adds an estimate of the cell.
func (o *Outcome) note(name string, e estimate.Estimate) {
	o.Found = append(o.Found, store.Named{Name: name, Estimate: stored(e)})
}

func stored(e estimate.Estimate) store.Estimate {
	return store.Estimate{Value: e.Value, SE: e.SE, Lo: e.Lo, Hi: e.Hi, N: e.N, Unit: e.Unit}
}

// reading is when a watch is read.
type reading = ensemble.Reading

// readings tabulates when each watch of the group is read in one of its cells.
func (g *Group) readings(index int) ([][]reading, error) {
	rig, err := g.reading()
	if err != nil {
		return nil, err
	}
	return ensemble.Readings(rig, &g.Cells[index])
}

func rowsOf(id int32, at reading, column string, m estimate.Moments, sketch *estimate.Sketch) []store.Sample {
	row := func(name string, x float64) store.Sample {
		return store.Sample{Cell: id, Replica: store.Statistics, Statistic: name, Time: at.Time, Step: int64(math.Round(at.Step)), Column: column, Value: x}
	}
	mean := m.Mean(estimate.Level)
	rows := []store.Sample{row("mean", mean.Value), row("n", float64(m.N))}
	if m.N < 2 {
		return rows
	}
	rows = append(rows, row("se", mean.SE), row("variance", m.Variance(estimate.Level).Value), row("min", m.Min), row("max", m.Max))
	for _, q := range quantiles {
		rows = append(rows, row(q.name, sketch.Quantile(q.q, estimate.Level).Value))
	}
	return rows
}

// paths writes the paths of kept replicas, by replica and time.
func (st *Study) paths(c *Cell, g *Group, readings [][]reading, r *ensemble.CellResult, sink Sink) error {
	rig, err := g.reading()
	if err != nil {
		return err
	}
	clock := g.Clock(c.Index)
	perCall := rig.Step(clock)[0] / rig.Unit(clock)[0]
	for i := range r.Paths {
		p := &r.Paths[i]
		at := reading{Step: math.NaN(), Time: p.Time}
		if p.Reading >= 0 {
			at = readings[p.Watch][p.Reading]
		} else if rd := readings[p.Watch]; len(rd) > 0 && rd[0].Step == 0 && len(rd) > 1 {
			at.Step = float64(p.Call) * perCall
		}
		for k, x := range p.Values {
			step := int64(-1)
			if !math.IsNaN(at.Step) {
				step = int64(math.Round(at.Step))
			}
			if err := sink.Samples(store.Sample{Cell: int32(c.ID), Replica: p.Replica, Statistic: store.Path, Time: at.Time, Step: step, Column: g.Columns[p.Watch][k].Name, Value: x}); err != nil {
				return err
			}
		}
	}
	return nil
}

// passages writes and estimates the events.
func (st *Study) passages(o *Outcome, g *Group, r *ensemble.CellResult, sink Sink) error {
	name := func(e int) string {
		if e == ensemble.Diverged {
			return "diverged"
		}
		return st.Events[e]
	}
	for _, p := range r.Passages {
		kind := "event"
		if p.Event == ensemble.Diverged {
			kind = "diverged"
		}
		row := store.Passage{Cell: int32(o.Cell.ID), Replica: p.Replica, Event: name(p.Event), Time: p.Time, Censored: p.Censored, Kind: kind}
		if err := sink.Passages(row); err != nil {
			return err
		}
		if p.Event == ensemble.Diverged {
			continue
		}
		s := o.Passages[row.Event]
		if s == nil {
			s = &estimate.Sample{Replica: []int64{}, Censored: []bool{}}
			o.Passages[row.Event] = s
		}
		s.Values, s.Censored, s.Replica = append(s.Values, p.Time), append(s.Censored, p.Censored), append(s.Replica, p.Replica)
	}
	exact := (&judge{st: st}).certain(o)
	for _, e := range st.Events {
		s := o.Passages[e]
		if s == nil {
			s = &estimate.Sample{}
			o.Passages[e] = s
		}
		surv, err := estimate.NewSurvival(*s)
		if err != nil {
			return fmt.Errorf("cell %d, event %s: %w", o.Cell.ID, e, err)
		}
		o.Survival[e] = surv
		if exact && surv.N == 1 {
			o.certainly(e, surv)
			continue
		}
		o.note("mean-time:"+e, surv.Mean(estimate.Level).In("time"))
		o.note("restricted-mean-time:"+e, surv.RestrictedMean(surv.Last, estimate.Level).In("time"))
		o.note("median-time:"+e, surv.Median(estimate.Level).In("time"))
		o.note("rate:"+e, surv.Rate(estimate.Level).In("1/time"))
		o.note("censored:"+e, estimate.Proportion(surv.Censored(), surv.N, estimate.Level))
		if test, err := surv.Exponentiality(0, 0); err == nil {
			p := estimate.Exact(test.P)
			p.N = test.N
			o.note("exponential-p:"+e, p)
		}
	}
	return nil
}

// certainly notes the times of an event where nothing is left to chance: the one replica's numbers are exact.
func (o *Outcome) certainly(event string, s *estimate.Survival) {
	mean, rate := estimate.Exact(s.Exposure), estimate.Exact(1/s.Exposure)
	if s.Events == 0 {
		mean, rate = estimate.Missing(1), estimate.Exact(0)
	}
	o.note("mean-time:"+event, mean.In("time"))
	o.note("restricted-mean-time:"+event, estimate.Exact(s.Exposure).In("time"))
	o.note("median-time:"+event, mean.In("time"))
	o.note("rate:"+event, rate.In("1/time"))
	o.note("censored:"+event, estimate.Exact(float64(s.Censored())))
}

// plateaus estimates how many plateaus a replica has, and their heights and durations by order.
func (o *Outcome) plateaus(rows []ensemble.Plateau) {
	if len(rows) == 0 {
		return
	}
	count := map[int64]float64{}
	var height, duration []estimate.Moments
	for _, p := range rows {
		count[p.Replica]++
		for len(height) <= p.Index {
			height, duration = append(height, estimate.Moments{}), append(duration, estimate.Moments{})
		}
		height[p.Index].Add(p.Height)
		duration[p.Index].Add(p.Duration)
	}
	var n estimate.Moments
	ids := make([]int64, 0, len(count))
	for id := range count {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	for _, id := range ids {
		n.Add(count[id])
	}
	for i := n.N; i < o.Replicas; i++ {
		n.Add(0)
	}
	o.note("plateaus", n.Mean(estimate.Level))
	for i := range height {
		o.note(fmt.Sprintf("plateau-height[%d]", i+1), height[i].Mean(estimate.Level))
		o.note(fmt.Sprintf("plateau-duration[%d]", i+1), duration[i].Mean(estimate.Level).In("time"))
	}
}

// Row is the cell's row in the table of cells.
func (st *Study) Row(o *Outcome) store.Cell {
	row := store.Cell{ID: o.Cell.ID, Point: o.Cell.Point, Dynamics: o.Cell.Arm, Replicas: o.Replicas, Diverged: o.Diverged, Failed: o.Failed, Estimates: o.Found}
	for _, p := range st.Points[o.Cell.Point].Params {
		row.Params = append(row.Params, param(p.Path, p.Value))
	}
	return row
}

func param(path string, n *spec.Node) store.Param {
	out := store.Param{Path: path, Number: math.NaN()}
	if x, ok := n.Float(); ok {
		out.Number = x
	}
	if t, ok := n.Text(); ok {
		out.Text = t
	} else {
		out.Text = string(spec.Inline(n))
	}
	return out
}
