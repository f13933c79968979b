package ensemble

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"reflect"

	"sgdlab"
	"sgdlab/estimate"
	"sgdlab/fused"
	"sgdlab/lanes"
)

// bound is the max|θ| beyond which a replica counts as diverged: far above any landscape here, far below overflow.
const bound = 1e10

// stretch is the largest number of steps between two looks at what else there is to do: free lanes, saving, stopping; where a kernel
// takes many in one call, it is longer.
const (
	stretch     = 64
	longStretch = 1024
)

// Runner works through one shard.
type Runner struct {
	rig   *Rig
	cells []Cell
	shard Shard

	plan     []cellPlan   // per cell of the group; only those of the shard are filled
	columns  []int        // of each watch
	first    []int        // column of each watch in End
	events   []lanes.Pack // columns of each event's observable, of which several may be one
	reads    []bool       // whether an event has its columns filled, and not one before it
	watched  []sgdlab.Hand
	awaited  []sgdlab.Hand // of each event
	crossing sgdlab.Crossing
	needPath bool // someone needs θ before the step
	rec      *sgdlab.StepRecord
	kernel   fused.Kernel
	watch    fused.Watch

	s      saved
	before lanes.Pack
	cols   lanes.Pack
	ws     lanes.Arena
}

// cellPlan is a cell's schedule in calls of the stepper.
type cellPlan struct {
	horizon uint64
	reading []times // per watch
	period  uint64  // calls after which the readings of all watches repeat together; 0: never
}

// saved is all that outlives a step.
type saved struct {
	State     lanes.Pack
	Clock     sgdlab.Clock
	Live      lanes.Mask // stepping
	Ended     lanes.Mask // stopped, not yet read
	Blown     lanes.Mask // of those, diverged
	Lane      [lanes.W]lane
	Pace      [lanes.W]Pace
	F0, Level []lanes.Vec  // per event
	Acc       []lanes.Pack // per watch, what it has summed up, or the memory of its observable
	Block     int          // next replica to enter
	Replica   int
	Continue  []Parked   // replicas that enter where they stood, before those that start
	Until     lanes.Mask // of Ended, those that an event stopped
	Out       Result
}

type lane struct {
	Cell   int
	Next   []int    // next reading, per watch
	Fired  uint64   // events met
	Series []series // per watch, of those kept until the replica stops
}

type series struct {
	Time   []float64
	Values []float64
}

// NewRunner readies a shard.
func NewRunner(rig *Rig, cells []Cell, shard Shard) (*Runner, error) {
	if len(rig.Events) > 64 {
		return nil, fmt.Errorf("got %d events; want at most 64", len(rig.Events))
	}
	r := &Runner{rig: rig, cells: cells, shard: shard, plan: make([]cellPlan, len(cells))}
	n := 0
	for i := range rig.Watches {
		w := &rig.Watches[i]
		hand, err := sgdlab.NewHand(w.Observable, rig.Stepper)
		if err != nil {
			return nil, fmt.Errorf("%s %w", w.Name, err)
		}
		r.watched = append(r.watched, hand)
		r.columns = append(r.columns, len(w.Columns()))
		r.first = append(r.first, n)
		n += len(w.Columns())
		size := 0
		if w.Accumulate != nil {
			size = len(w.Columns())
			r.rec = &sgdlab.StepRecord{}
		} else {
			size = sgdlab.MemoryOf(w.Observable)
		}
		r.s.Acc = append(r.s.Acc, make(lanes.Pack, size))
		r.needPath = r.needPath || w.Accumulate != nil
	}
	for i := range rig.Events {
		p, ok := rig.Events[i].Locate.(interface{ Pathless() bool })
		r.needPath = r.needPath || rig.Events[i].Locate != nil && !(ok && p.Pathless())
		hand, err := sgdlab.NewHand(rig.Events[i].Of, rig.Stepper)
		if err != nil {
			return nil, fmt.Errorf("event %s %w", rig.Events[i].Name, err)
		}
		r.awaited = append(r.awaited, hand)
		cols, own := make(lanes.Pack, len(rig.Events[i].Of.Columns())), true
		for j := range i {
			if r.reads[j] && one(rig.Events[i].Of, rig.Events[j].Of) {
				cols, own = r.events[j], false
			}
		}
		r.events, r.reads = append(r.events, cols), append(r.reads, own)
	}
	if r.rec == nil {
		r.kernel = fused.Find(rig.Stepper, rig.Events)
	}
	r.cols = make(lanes.Pack, n)
	r.before = make(lanes.Pack, rig.Dim)
	r.s.State = make(lanes.Pack, sgdlab.Size(rig.Stepper))
	r.s.F0 = make([]lanes.Vec, len(rig.Events))
	r.s.Level = make([]lanes.Vec, len(rig.Events))
	for _, b := range shard.Blocks {
		if err := r.planCell(b.Cell); err != nil {
			return nil, fmt.Errorf("cell %d: %w", cells[b.Cell].ID, err)
		}
		empty := func() CellResult {
			return CellResult{Cell: b.Cell, Series: make([]Series, len(rig.Watches)), End: make([]Stat, r.width()), Slopes: make([]Stat, len(rig.Slopes))}
		}
		if r.slot(b.Cell) >= 0 {
			continue
		}
		r.s.Out.Cells, r.s.Out.Tails = append(r.s.Out.Cells, empty()), append(r.s.Out.Tails, empty())
	}
	r.s.Replica = -1
	return r, nil
}

// Continue has replicas go on from where they were parked, besides those of the shard's blocks. Their cells have blocks in
// the shard, be they empty. Call it before Run or Restore.
func (r *Runner) Continue(parked []Parked) error {
	for i := range parked {
		p := &parked[i]
		if r.slot(p.Cell) < 0 {
			return fmt.Errorf("a parked replica is of cell %d, which the shard does not have", p.Cell)
		}
		fits := len(p.State) == len(r.s.State) && len(p.F0) == len(r.rig.Events) && len(p.Level) == len(p.F0) &&
			len(p.Acc) == len(r.s.Acc) && len(p.Next) == len(r.rig.Watches) && len(p.Series) == len(r.rig.Watches)
		for w := range r.s.Acc {
			fits = fits && len(p.Acc[w]) == len(r.s.Acc[w])
		}
		if !fits {
			return fmt.Errorf("a parked replica is of another run: a state of %d numbers, want %d", len(p.State), len(r.s.State))
		}
	}
	r.s.Continue = parked
	return nil
}

// slot is the place of a cell in the result, −1 where it has none; a shard has few.
func (r *Runner) slot(cell int) int {
	for i := range r.s.Out.Cells {
		if r.s.Out.Cells[i].Cell == cell {
			return i
		}
	}
	return -1
}

func (r *Runner) width() int {
	n := 0
	for _, c := range r.columns {
		n += c
	}
	return n
}

func (r *Runner) planCell(c int) error {
	cell, p := &r.cells[c], &r.plan[c]
	at := &sgdlab.Clock{}
	for l := range lanes.W {
		at.Point[l] = cell.Point
	}
	unit, step := r.rig.Unit(at)[0], r.rig.Step(at)[0]
	if !(unit > 0) || !(step > 0) {
		return fmt.Errorf("got a step of %g and a rate of %g; want both > 0", step, unit)
	}
	perStep := unit / step
	calls := math.Inf(1)
	if cell.Horizon > 0 {
		calls = covering(cell.Horizon * perStep)
	}
	way := walk{step: r.rig.Step, at: at}
	varies := !r.rig.Step.Fixed()
	switch {
	case cell.AtMost > 0 && varies:
		calls = way.until(cell.AtMost, calls)
		way = walk{step: r.rig.Step, at: &sgdlab.Clock{Point: at.Point}}
	case cell.AtMost > 0:
		calls = math.Min(calls, covering(cell.AtMost/step))
	}
	if !(calls <= 1<<53) {
		return fmt.Errorf("the horizon is %g calls of the stepper; want one below 2⁵³ (until: {steps: …}, {time: …} or at-most)", calls)
	}
	p.horizon = uint64(calls)
	p.reading = p.reading[:0]
	for i := range r.rig.Watches {
		t := r.rig.Watches[i].Schedule.tabulate(perStep, p.horizon)
		if !varies {
			for _, x := range t.steps {
				t.time = append(t.time, x*unit)
			}
		}
		p.reading = append(p.reading, t)
	}
	if varies {
		way.date(p.reading)
	}
	p.period = r.period(perStep)
	return nil
}

// walk tells the time of calls whose lengths are scheduled, as the clock of a replica does.
type walk struct {
	step sgdlab.Setting
	at   *sgdlab.Clock // before the call
	pace Pace
}

// mostWalked is the number of calls after which a walk to a time gives up.
const mostWalked = 1e9

func (w *walk) on() {
	dt := w.step(w.at)
	w.pace.after(&w.at.Step[0], &w.at.Time[0], 1, dt[0])
	w.at.Step, w.at.Time = [lanes.W]uint64{w.at.Step[0]}, lanes.Vec{w.at.Time[0]}
}

// until returns the number of calls after which a time is reached, at most so many.
func (w *walk) until(time, most float64) float64 {
	for n := 0.0; n < most; n++ {
		if w.at.Time[0] >= time*(1-0x1p-40) {
			return n
		}
		if n > mostWalked {
			return math.Inf(1)
		}
		w.on()
	}
	return most
}

// date fills in the times of readings.
func (w *walk) date(reading []times) {
	for {
		next, found := uint64(0), false
		for i := range reading {
			if k := len(reading[i].time); k < len(reading[i].calls) && (!found || reading[i].calls[k] < next) {
				next, found = reading[i].calls[k], true
			}
		}
		if !found {
			return
		}
		for w.at.Step[0] < next {
			w.on()
		}
		for i := range reading {
			if k := len(reading[i].time); k < len(reading[i].calls) && reading[i].calls[k] == next {
				reading[i].time = append(reading[i].time, w.at.Time[0])
			}
		}
	}
}

// covering is the least whole number of calls that covers x of them, but for what rounding adds to x.
func covering(x float64) float64 { return math.Ceil(min(x-1e-9, x*(1-0x1p-50))) }

// patience is the longest period, in calls, for which a free lane waits so that its replica's readings fall together
// with those of its neighbours: a reading costs a pack the same for one lane as for all.
const patience = 1024

// period is the number of calls after which the regular readings of all watches repeat together, 0 where there are none
// or they take longer than patience.
func (r *Runner) period(perStep float64) uint64 {
	lcm := uint64(0)
	for i := range r.rig.Watches {
		every := r.rig.Watches[i].Schedule.Every * perStep
		if every == 0 {
			continue
		}
		n := uint64(math.Round(every))
		if n == 0 || math.Abs(every-float64(n)) > 1e-9*every {
			return 0
		}
		if lcm == 0 {
			lcm = n
		}
		a, b := lcm, n
		for b != 0 {
			a, b = b, a%b
		}
		if lcm = lcm / a * n; lcm > patience {
			return 0
		}
	}
	return lcm
}

// phase is the number of steps that may share a block of random bits: lanes whose steps agree modulo it draw together.
const phase = 4

// inStep reports whether a replica that entered now would have its readings and its random numbers together with those of the
// live lanes.
func (r *Runner) inStep() bool {
	for l := range lanes.W {
		if r.s.Live.Has(l) {
			p, now := &r.plan[r.s.Lane[l].Cell], r.s.Clock.Step[l]
			return (p.period == 0 || now%p.period == 0) && now%phase == 0
		}
	}
	return true
}

// Run steps until the shard is done, or until pause says so, which is asked between stretches of at most 64 steps.
func (r *Runner) Run(pause func() bool) (done bool) {
	for {
		r.read()
		r.expire()
		r.end()
		if r.fill() {
			continue
		}
		if r.s.Live == lanes.None {
			return true
		}
		if pause != nil && pause() {
			return false
		}
		n, refill := r.stretch()
		for n > 0 {
			n -= r.leap(n)
			if n == 0 {
				break
			}
			r.step()
			n--
			if r.s.Ended != lanes.None && (refill || r.s.Ended == r.s.Live) {
				break
			}
		}
	}
}

// Result returns what the shard yielded.
func (r *Runner) Result() *Result { return &r.s.Out }

// Steps returns the number of replica-steps taken so far, and Finished the number of replicas that have stopped.
func (r *Runner) Steps() int64 { return r.s.Out.Steps }

// Finished returns the number of replicas that have stopped.
func (r *Runner) Finished() int64 {
	n := int64(0)
	for i := range r.s.Out.Cells {
		n += r.s.Out.Cells[i].Replicas + r.s.Out.Tails[i].Replicas
	}
	return n
}

// Progress returns how many replicas' worth of work is done: those that have stopped, and of the others, where no event may
// stop them first, the part of the way to their horizon.
func (r *Runner) Progress() float64 {
	done := float64(r.Finished())
	for l := range lanes.W {
		if c := r.s.Lane[l].Cell; r.s.Live.Has(l) && len(r.cells[c].Until) == 0 {
			done += float64(r.s.Clock.Step[l]) / float64(r.plan[c].horizon)
		}
	}
	return done
}

// theta is the part of the state that is θ.
func (r *Runner) theta() lanes.Pack { return r.s.State[:r.rig.Dim] }

// expire stops the lanes that reached their horizon.
func (r *Runner) expire() {
	for l := range lanes.W {
		if r.s.Live.Has(l) && r.s.Clock.Step[l] >= r.plan[r.s.Lane[l].Cell].horizon {
			r.s.Ended = r.s.Ended.With(l)
		}
	}
}

// read takes the readings that are due. A replica that met its event in the step before has left.
func (r *Runner) read() {
	for w := range r.rig.Watches {
		due := lanes.None
		for l := range lanes.W {
			if !(r.s.Live &^ r.s.Ended).Has(l) {
				continue
			}
			t := &r.plan[r.s.Lane[l].Cell].reading[w]
			if k := r.s.Lane[l].Next[w]; k < len(t.calls) && t.calls[k] == r.s.Clock.Step[l] {
				due = due.With(l)
			}
		}
		if due == lanes.None {
			continue
		}
		cols := r.observe(w, due)
		for l := range lanes.W {
			if !due.Has(l) {
				continue
			}
			ln := &r.s.Lane[l]
			k := ln.Next[w]
			ln.Next[w]++
			out := r.out(ln.Cell)
			s := &out.Series[w]
			for len(s.Stats) < (k+1)*len(cols) {
				s.Stats = append(s.Stats, Stat{})
			}
			for c := range cols {
				s.Stats[k*len(cols)+c].Add(cols[c][l])
			}
			r.keep(l, w, k, cols, out)
			if r.rig.Watches[w].kept() {
				sr := &ln.Series[w]
				sr.Time = append(sr.Time, r.plan[ln.Cell].reading[w].time[k])
				for c := range cols {
					sr.Values = append(sr.Values, cols[c][l])
				}
			}
		}
	}
}

func (r *Runner) keep(l, w, k int, cols lanes.Pack, out *CellResult) {
	ln := &r.s.Lane[l]
	if r.s.Clock.Replica[l] >= uint64(r.cells[ln.Cell].Keep) {
		return
	}
	p := Path{Replica: int64(r.s.Clock.Replica[l]), Watch: w, Reading: k, Call: r.s.Clock.Step[l], Time: r.s.Clock.Time[l]}
	for c := range cols {
		p.Values = append(p.Values, cols[c][l])
	}
	out.Paths = append(out.Paths, p)
}

// observe returns the columns of watch w now, valid until the next call, of the lanes that are due.
func (r *Runner) observe(w int, due lanes.Mask) lanes.Pack {
	watch := &r.rig.Watches[w]
	if watch.Accumulate != nil {
		return r.s.Acc[w]
	}
	cols := r.cols[:r.columns[w]]
	r.ws.Reset()
	sgdlab.ReadWith(watch.Observable, cols, r.s.Acc[w], r.watched[w].Of(r.s.State, &r.ws), due, &r.s.Clock, &r.ws)
	return cols
}

// out returns the result of a cell.
func (r *Runner) out(cell int) *CellResult { return &r.s.Out.Cells[r.slot(cell)] }

// last returns where a lane's last words go: with the rest where it stopped for good, apart where it reached its horizon.
func (r *Runner) last(l int) *CellResult {
	i := r.slot(r.s.Lane[l].Cell)
	if r.s.Blown.Has(l) || r.s.Until.Has(l) {
		return &r.s.Out.Cells[i]
	}
	return &r.s.Out.Tails[i]
}

// end takes the last readings of the lanes that stopped, parks those that reached their horizon, and frees them.
func (r *Runner) end() {
	if r.s.Ended == lanes.None {
		return
	}
	good := r.s.Ended &^ r.s.Blown
	for w := range r.rig.Watches {
		if good == lanes.None || !r.rig.Watches[w].End {
			continue
		}
		cols := r.observe(w, good)
		for l := range lanes.W {
			if good.Has(l) {
				out := r.last(l)
				for c := range cols {
					out.End[r.first[w]+c].Add(cols[c][l])
				}
				r.keep(l, w, -1, cols, out)
			}
		}
	}
	for l := range lanes.W {
		if !r.s.Ended.Has(l) {
			continue
		}
		ln := &r.s.Lane[l]
		out := r.last(l)
		out.Replicas++
		out.Steps += int64(r.s.Clock.Step[l])
		id := int64(r.s.Clock.Replica[l])
		if r.s.Blown.Has(l) {
			out.Diverged++
			out.Passages = append(out.Passages, Passage{Replica: id, Event: Diverged, Time: r.s.Clock.Time[l]})
		}
		for e := range r.rig.Events {
			if ln.Fired>>e&1 == 0 {
				out.Passages = append(out.Passages, Passage{Replica: id, Event: e, Time: r.s.Clock.Time[l], Censored: true})
			}
		}
		r.plateaus(ln, id, out)
		if !r.s.Blown.Has(l) {
			r.slopes(ln, out)
		}
		if !r.s.Blown.Has(l) && !r.s.Until.Has(l) {
			r.park(l)
		}
	}
	r.s.Live &^= r.s.Ended
	r.s.Ended, r.s.Blown, r.s.Until = lanes.None, lanes.None, lanes.None
}

// park takes a replica out of its lane.
func (r *Runner) park(l int) {
	ln := &r.s.Lane[l]
	p := Parked{
		Cell: ln.Cell, Replica: r.s.Clock.Replica[l], Step: r.s.Clock.Step[l], Time: r.s.Clock.Time[l], Pace: r.s.Pace[l], State: lane1(r.s.State, l),
		Next: ln.Next, Fired: ln.Fired, Series: ln.Series,
	}
	for e := range r.rig.Events {
		p.F0, p.Level = append(p.F0, r.s.F0[e][l]), append(p.Level, r.s.Level[e][l])
	}
	for _, acc := range r.s.Acc {
		p.Acc = append(p.Acc, lane1(acc, l))
	}
	r.s.Out.Parked = append(r.s.Out.Parked, p)
}

// unpark puts a replica into a free lane.
func (r *Runner) unpark(l int, p *Parked) {
	cell, c := &r.cells[p.Cell], &r.s.Clock
	c.Point[l], c.Seed[l], c.Replica[l], c.Branch[l], c.Step[l], c.Time[l] = cell.Point, cell.NoiseSeed, p.Replica, 0, p.Step, p.Time
	r.s.Lane[l] = lane{Cell: p.Cell, Next: p.Next, Fired: p.Fired, Series: p.Series}
	r.s.Pace[l] = p.Pace
	for j, x := range p.State {
		r.s.State[j][l] = x
	}
	for e := range p.F0 {
		r.s.F0[e][l], r.s.Level[e][l] = p.F0[e], p.Level[e]
	}
	for w := range p.Acc {
		for j, x := range p.Acc[w] {
			r.s.Acc[w][j][l] = x
		}
	}
}

// lane1 copies one lane of a pack.
func lane1(p lanes.Pack, l int) []float64 {
	out := make([]float64, len(p))
	for j := range p {
		out[j] = p[j][l]
	}
	return out
}

func (r *Runner) plateaus(ln *lane, id int64, out *CellResult) {
	for w := range r.rig.Watches {
		opts := r.rig.Watches[w].Plateaus
		if opts == nil {
			continue
		}
		n := r.columns[w]
		s := &ln.Series[w]
		loss := make([]float64, len(s.Time))
		for i := range loss {
			loss[i] = s.Values[i*n]
		}
		found, err := estimate.Plateaus(s.Time, loss, *opts)
		if err != nil {
			continue // a replica that diverged on the way
		}
		for i, p := range found {
			row := Plateau{Replica: id, Index: i, Start: p.Start, End: p.End, Height: p.Height, Duration: p.Duration, Jumped: -1}
			if i+1 < len(found) {
				row.Jumped = r.jumped(ln, (p.Start+p.End)/2, (found[i+1].Start+found[i+1].End)/2)
			}
			out.Plateaus = append(out.Plateaus, row)
		}
	}
}

// slopes fits a line to each path that a slope was asked of.
func (r *Runner) slopes(ln *lane, out *CellResult) {
	for i, s := range r.rig.Slopes {
		if s.Watch < 0 {
			continue // asked of a column that other groups have
		}
		n := r.columns[s.Watch]
		path := &ln.Series[s.Watch]
		var x, y []float64
		for k, t := range path.Time {
			if t >= s.From && t <= s.To && (t > 0 || !s.LogX) {
				x = append(x, s.abscissa(t))
				y = append(y, s.ordinate(path.Values[k*n+s.Column]))
			}
		}
		slope := math.NaN()
		if c, err := estimate.SlopeWeights(x); err == nil {
			slope = 0
			for k := range y {
				slope = math.FMA(c[k], y[k]-y[0], slope)
			}
		}
		out.Slopes[i].Add(slope)
	}
}

// jumped returns which column of the jumping watch rose most between the middles of two plateaus, of those that at least
// doubled: what saturated long ago only wavers. −1 where none did, as when the mode that jumps is not among those observed.
func (r *Runner) jumped(ln *lane, from, to float64) int {
	for w := range r.rig.Watches {
		s, n := &ln.Series[w], r.columns[w]
		if !r.rig.Watches[w].Jumps || len(s.Time) < 2 {
			continue // one that is read at the end alone shows no jump
		}
		a, b := 0, len(s.Time)-1
		for a+1 < len(s.Time) && s.Time[a+1] <= from {
			a++
		}
		for b > 0 && s.Time[b-1] >= to {
			b--
		}
		best, rise := -1, 0.0
		for c := range n {
			now := s.Values[b*n+c]
			if up := now - s.Values[a*n+c]; b > a && up > rise && up >= now/2 {
				best, rise = c, up
			}
		}
		return best
	}
	return -1
}

// fill lets the next replicas of the shard into free lanes; it reports whether any entered.
func (r *Runner) fill() bool {
	if r.s.Live == lanes.All || !r.inStep() {
		return false
	}
	fresh, back := lanes.None, lanes.None
	init := r.s.Clock
	for l := range lanes.W {
		if r.s.Live.Has(l) {
			continue
		}
		if len(r.s.Continue) > 0 {
			r.unpark(l, &r.s.Continue[0])
			r.s.Continue = r.s.Continue[1:]
			back = back.With(l)
			continue
		}
		for r.s.Block < len(r.shard.Blocks) && r.s.Replica < 0 {
			if b := r.shard.Blocks[r.s.Block]; b.From < b.To {
				r.s.Replica = b.From
			} else {
				r.s.Block++
			}
		}
		if r.s.Block == len(r.shard.Blocks) {
			break
		}
		b := r.shard.Blocks[r.s.Block]
		cell := &r.cells[b.Cell]
		r.s.Lane[l] = lane{Cell: b.Cell, Next: make([]int, len(r.rig.Watches)), Series: make([]series, len(r.rig.Watches))}
		r.s.Pace[l] = Pace{}
		c := &r.s.Clock
		c.Point[l], c.Seed[l], c.Replica[l], c.Branch[l], c.Step[l], c.Time[l] = cell.Point, cell.NoiseSeed, uint64(r.s.Replica), 0, 0, 0
		init.Point[l], init.Seed[l], init.Replica[l], init.Branch[l], init.Step[l], init.Time[l] = cell.Point, cell.InitSeed, uint64(r.s.Replica), 0, 0, 0
		fresh = fresh.With(l)
		if r.s.Replica++; r.s.Replica == b.To {
			r.s.Block++
			r.s.Replica = -1
		}
	}
	r.s.Live |= back
	if fresh == lanes.None {
		return back != lanes.None
	}
	r.ws.Reset()
	theta := r.ws.Pack(r.rig.Dim)
	r.rig.Start.Draw(theta, &init)
	r.rig.Stepper.Init(r.s.State, theta, &r.s.Clock, fresh)
	r.s.Live |= fresh
	for _, acc := range r.s.Acc {
		for j := range acc {
			acc[j] = lanes.Select(fresh, lanes.Vec{}, acc[j])
		}
	}
	for e := range r.rig.Events {
		ev := &r.rig.Events[e]
		f := r.column(e)
		level := ev.Level(f, &r.s.Clock)
		r.s.F0[e] = lanes.Select(fresh, f, r.s.F0[e])
		r.s.Level[e] = lanes.Select(fresh, level, r.s.Level[e])
		beyond := lanes.None
		for l := range lanes.W {
			if fresh.Has(l) && past(ev.Direction, f[l], level[l]) {
				beyond = beyond.With(l)
			}
		}
		r.met(e, beyond, lanes.Vec{}, lanes.Vec{})
	}
	r.blow(r.s.Live &^ lanes.Within(r.theta(), bound))
	return true
}

func past(d sgdlab.Direction, f, level float64) bool {
	if d == sgdlab.RisesAbove {
		return f > level
	}
	return f < level
}

// one reports whether two observables are one and the same.
func one(a, b sgdlab.Observable) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.Kind() == reflect.Pointer && x.Type() == y.Type() && x.Pointer() == y.Pointer()
}

// column reads an event's column at the present state, which those of the events before it were read at.
func (r *Runner) column(e int) lanes.Vec {
	ev, cols := &r.rig.Events[e], r.events[e]
	if r.reads[e] {
		r.ws.Reset()
		ev.Of.Observe(cols, r.awaited[e].Of(r.s.State, &r.ws), &r.s.Clock, &r.ws)
	}
	return cols[ev.Column]
}

// met records that lanes met event e inside the step that began at the clock.
func (r *Runner) met(e int, hit lanes.Mask, fraction, dt lanes.Vec) {
	for l := range lanes.W {
		ln := &r.s.Lane[l]
		if !hit.Has(l) || ln.Fired>>e&1 != 0 {
			continue
		}
		ln.Fired |= 1 << e
		out := r.out(ln.Cell)
		out.Passages = append(out.Passages, Passage{
			Replica: int64(r.s.Clock.Replica[l]), Event: e, Time: r.s.Clock.Time[l] + float64(fraction[l]*dt[l]),
		})
		for _, u := range r.cells[ln.Cell].Until {
			if u == e {
				r.s.Ended, r.s.Until = r.s.Ended.With(l), r.s.Until.With(l)
			}
		}
	}
}

// blow stops lanes that diverged, be it in the step in which they met their event.
func (r *Runner) blow(out lanes.Mask) {
	r.s.Ended |= out
	r.s.Blown |= out
}

// stretch returns the number of steps until something else is due, and whether a lane that stops before then is better
// refilled at once: where no lane has a reading ahead there is no common time to wait for.
func (r *Runner) stretch() (n int, refill bool) {
	steps := uint64(stretch)
	if r.kernel.Leap != nil {
		steps = longStretch
	}
	refill = r.s.Block < len(r.shard.Blocks) || len(r.s.Continue) > 0
	for l := range lanes.W {
		if !r.s.Live.Has(l) {
			continue
		}
		p, ln, now := &r.plan[r.s.Lane[l].Cell], &r.s.Lane[l], r.s.Clock.Step[l]
		steps = min(steps, p.horizon-now)
		for w := range p.reading {
			if k := ln.Next[w]; k < len(p.reading[w].calls) {
				steps = min(steps, p.reading[w].calls[k]-now)
				refill = false
			}
		}
		if refill && r.s.Live != lanes.All {
			steps = min(steps, phase-now%phase)
		}
	}
	return int(steps), refill
}

// leap takes up to n steps of the live lanes by a kernel, in which no event is met and no replica diverges, and returns how many.
func (r *Runner) leap(n int) int {
	live := r.s.Live &^ r.s.Ended
	if r.kernel.Leap == nil || live == lanes.None {
		return 0
	}
	clock := &r.s.Clock
	r.watch = fused.Watch{Bound: bound}
	for e := range r.rig.Events { // one at most
		r.watch.Level = r.s.Level[e]
		for l := range lanes.W {
			if r.s.Lane[l].Fired>>e&1 == 0 {
				r.watch.Armed = r.watch.Armed.With(l)
			}
		}
	}
	taken, dt := r.kernel.Leap(r.theta(), clock, live, &r.watch, n)
	if taken == 0 {
		return 0
	}
	for l := range lanes.W {
		if live.Has(l) {
			r.s.Pace[l].after(&clock.Step[l], &clock.Time[l], uint64(taken), dt[l])
		}
	}
	for e := range r.rig.Events {
		r.s.F0[e] = lanes.Select(live, r.column(e), r.s.F0[e])
	}
	r.s.Out.Steps += int64(taken) * int64(live.Count())
	return taken
}

// step moves the live lanes once and tests their events.
func (r *Runner) step() {
	live := r.s.Live &^ r.s.Ended
	if live == lanes.None {
		return
	}
	if r.needPath {
		lanes.Copy(r.before, r.theta())
	}
	if r.rec != nil {
		*r.rec = sgdlab.StepRecord{}
	}
	clock := &r.s.Clock
	clock.Idle = lanes.All &^ live
	var dt lanes.Vec
	var out lanes.Mask // of the bounds
	if r.kernel.Step != nil {
		dt, out = r.kernel.Step(r.s.State, clock, live, bound)
	} else {
		dt = r.rig.Stepper.Step(r.s.State, clock, live, r.rec)
	}
	for e := range r.rig.Events {
		ev := &r.rig.Events[e]
		x := &r.crossing
		*x = sgdlab.Crossing{
			F0: r.s.F0[e], F1: r.column(e), Level: r.s.Level[e], Dt: dt,
			Direction: ev.Direction, Before: r.before, After: r.theta(), Live: live,
		}
		hit, fraction := lanes.None, lanes.Splat(1)
		if ev.Locate == nil {
			for l := range lanes.W {
				if live.Has(l) && past(ev.Direction, x.F1[l], x.Level[l]) {
					hit = hit.With(l)
				}
			}
		} else {
			r.ws.Reset()
			hit, fraction = ev.Locate.Locate(x, clock, &r.ws)
		}
		r.s.F0[e] = lanes.Select(live, x.F1, r.s.F0[e])
		if hit &= live; hit != lanes.None {
			r.met(e, hit, fraction, dt)
		}
	}
	if r.rec != nil {
		r.rec.At, r.rec.Dt, r.rec.Live = clock, dt, live
		for w := range r.rig.Watches {
			if a := r.rig.Watches[w].Accumulate; a != nil {
				r.ws.Reset()
				a.Add(r.s.Acc[w], r.before, r.theta(), r.rec, &r.ws)
			}
		}
	}
	for l := range lanes.W {
		if live.Has(l) {
			r.s.Pace[l].after(&clock.Step[l], &clock.Time[l], 1, dt[l])
		}
	}
	r.s.Out.Steps += int64(live.Count())
	if r.kernel.Step == nil {
		out = live &^ lanes.Within(r.theta(), bound)
	}
	r.blow(out)
}

// Save encodes everything that is needed to continue the shard to the same bits.
func (r *Runner) Save() ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&r.s); err != nil {
		return nil, fmt.Errorf("encode a checkpoint: %w", err)
	}
	return b.Bytes(), nil
}

// Restore continues from what Save wrote, for the same rig, cells and shard.
func (r *Runner) Restore(data []byte) error {
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&s); err != nil {
		return fmt.Errorf("decode a checkpoint: %w", err)
	}
	if len(s.State) != len(r.s.State) || len(s.F0) != len(r.s.F0) || len(s.Acc) != len(r.s.Acc) || len(s.Out.Cells) != len(r.s.Out.Cells) {
		return fmt.Errorf("the checkpoint is of another run: state of %d numbers, want %d", len(s.State), len(r.s.State))
	}
	r.s = s
	return nil
}

// Horizon returns the number of calls of the stepper after which the replicas of a cell stop.
func Horizon(rig *Rig, cell *Cell) (uint64, error) {
	r := &Runner{rig: rig, cells: []Cell{*cell}, plan: make([]cellPlan, 1)}
	err := r.planCell(0)
	return r.plan[0].horizon, err
}

// Reading is when a watch is read: at a step of the spec, and at a time.
type Reading struct{ Step, Time float64 }

// Readings returns when each watch is read in a cell.
func Readings(rig *Rig, cell *Cell) ([][]Reading, error) {
	r := &Runner{rig: rig, cells: []Cell{*cell}, plan: make([]cellPlan, 1)}
	if err := r.planCell(0); err != nil {
		return nil, err
	}
	out := make([][]Reading, len(r.plan[0].reading))
	for w, t := range r.plan[0].reading {
		for k := range t.steps {
			out[w] = append(out[w], Reading{Step: t.steps[k], Time: t.time[k]})
		}
	}
	return out, nil
}
