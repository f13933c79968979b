package ensemble

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
)

// Result is what a shard yields. What its cells have measured is Cells and Tails together; where they are to go on to a
// longer horizon, Tails are dropped and the parked replicas continue.
type Result struct {
	Cells  []CellResult // all that a longer horizon leaves as it is
	Tails  []CellResult // for each of Cells, what its replicas that reached the horizon did there: last readings, censored times
	Parked []Parked     // those replicas
	Failed []Failure    // cells that have no result; they are not among Cells
	Steps  int64        // replica-steps taken by this shard
}

// Failure is a cell that could not be computed.
type Failure struct {
	Cell int // index into the group's cells
	Why  string
}

// Pace dates the steps of a replica. Steps of one length dt since step From, which began at the time Base, end at
// Base + (step − From)·dt: times do not gather a rounding at each step.
type Pace struct {
	From     uint64
	Base, Dt float64
}

// after moves a replica's clock by a step of length dt.
func (p *Pace) after(step *uint64, time *float64, n uint64, dt float64) {
	if dt != p.Dt {
		*p = Pace{From: *step, Base: *time, Dt: dt}
	}
	*step += n
	*time = math.FMA(float64(*step-p.From), dt, p.Base)
}

// Parked is a replica that reached its horizon, as it stood there: all that it takes to go on.
type Parked struct {
	Cell      int // index into the group's cells
	Replica   uint64
	Step      uint64
	Time      float64
	Pace      Pace
	State     []float64
	F0, Level []float64   // per event
	Acc       [][]float64 // per watch, what it has summed up, or the memory of its observable
	Next      []int       // next reading, per watch
	Fired     uint64
	Series    []series
}

// CellResult is a shard's part of one cell.
type CellResult struct {
	Cell     int // index into the group's cells
	Replicas int64
	Diverged int64
	Steps    int64    // replica-steps of these replicas, from their start
	Series   []Series // one per watch
	End      []Stat   // columns of all watches at the end of each replica that did not diverge
	Slopes   []Stat   // of each slope asked of single paths
	Paths    []Path
	Passages []Passage
	Plateaus []Plateau
}

// Series is the statistics of one watch at its readings: Stats[k·columns + c] is column c at reading k.
type Series struct{ Stats []Stat }

// Path is one reading of one kept replica.
type Path struct {
	Replica int64
	Watch   int
	Reading int // index of the reading; −1 for the end
	Call    uint64
	Time    float64
	Values  []float64
}

// Passage is the first time at which a replica met an event. Event −1 is divergence.
type Passage struct {
	Replica  int64
	Event    int
	Time     float64
	Censored bool // not met by Time, when the replica stopped
}

// Diverged is the event of a replica that left every bound: max|θ| > 10¹⁰ or NaN.
const Diverged = -1

// Plateau is a stretch of a replica's path where its loss hardly moves.
type Plateau struct {
	Replica                      int64
	Index                        int
	Start, End, Height, Duration float64
	Jumped                       int // which column of the jumping watch rose most after the plateau; −1 for none
}

// Merge takes in another part of the same cell, which is left as it is. The order of parts shows in nothing but the order
// of paths, passages and plateaus, whose replicas tell them apart.
func (r *CellResult) Merge(b *CellResult) {
	r.Replicas += b.Replicas
	r.Diverged += b.Diverged
	r.Steps += b.Steps
	for len(r.Series) < len(b.Series) {
		r.Series = append(r.Series, Series{})
	}
	for w := range b.Series {
		r.Series[w].Stats = mergeStats(r.Series[w].Stats, b.Series[w].Stats)
	}
	r.End = mergeStats(r.End, b.End)
	r.Slopes = mergeStats(r.Slopes, b.Slopes)
	r.Paths = append(r.Paths, b.Paths...)
	r.Passages = append(r.Passages, b.Passages...)
	r.Plateaus = append(r.Plateaus, b.Plateaus...)
}

// Part returns what the result has of one cell: one of Cells, one of Tails, both empty where the cell is not in it, and the
// replicas parked. It shares memory with the result.
func (r *Result) Part(cell int) *Result {
	out := &Result{Cells: []CellResult{{Cell: cell}}, Tails: []CellResult{{Cell: cell}}}
	for i := range r.Cells {
		if r.Cells[i].Cell == cell {
			out.Cells[0], out.Tails[0] = r.Cells[i], r.Tails[i]
		}
	}
	for _, p := range r.Parked {
		if p.Cell == cell {
			out.Parked = append(out.Parked, p)
		}
	}
	return out
}

func mergeStats(a, b []Stat) []Stat {
	for len(a) < len(b) {
		a = append(a, Stat{})
	}
	for i := range b {
		a[i].Merge(&b[i])
	}
	return a
}

// GobEncode packs the numbers of a parked replica: eight bytes for each of its state and of what is kept of its events, sums
// and path, and a few more.
func (p *Parked) GobEncode() ([]byte, error) {
	var b []byte
	whole := func(x uint64) { b = binary.AppendUvarint(b, x) }
	list := func(x []float64) {
		whole(uint64(len(x)))
		for _, v := range x {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	for _, x := range []uint64{uint64(p.Cell), p.Replica, p.Step, p.Fired, p.Pace.From} {
		whole(x)
	}
	list([]float64{p.Time, p.Pace.Base, p.Pace.Dt})
	list(p.State)
	list(p.F0)
	list(p.Level)
	whole(uint64(len(p.Acc)))
	for _, a := range p.Acc {
		list(a)
	}
	whole(uint64(len(p.Next)))
	for _, k := range p.Next {
		whole(uint64(k))
	}
	whole(uint64(len(p.Series)))
	for _, s := range p.Series {
		list(s.Time)
		list(s.Values)
	}
	return b, nil
}

var errParked = errors.New("a parked replica is truncated or damaged")

// GobDecode reads what GobEncode wrote.
func (p *Parked) GobDecode(b []byte) error {
	good := true
	whole := func() uint64 {
		x, k := binary.Uvarint(b)
		if k <= 0 {
			good = false
			return 0
		}
		b = b[k:]
		return x
	}
	count := func() int { // of things that take a byte each, at least
		n := whole()
		if n > uint64(len(b)) {
			good = false
			return 0
		}
		return int(n)
	}
	list := func() []float64 {
		n := count()
		if 8*n > len(b) {
			good = false
			return nil
		}
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Float64frombits(binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
		return x
	}
	out := Parked{Cell: int(whole()), Replica: whole(), Step: whole(), Fired: whole(), Pace: Pace{From: whole()}}
	if t := list(); len(t) == 3 {
		out.Time, out.Pace.Base, out.Pace.Dt = t[0], t[1], t[2]
	} else {
		return errParked
	}
	out.State, out.F0, out.Level = list(), list(), list()
	for range count() {
		out.Acc = append(out.Acc, list())
	}
	for range count() {
		out.Next = append(out.Next, int(whole()))
	}
	for range count() {
		out.Series = append(out.Series, series{Time: list(), Values: list()})
	}
	if !good || len(b) > 0 {
		return errParked
	}
	*p = out
	return nil
}

// MarshalBinary encodes the result.
func (r *Result) MarshalBinary() ([]byte, error) {
	type plain Result
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode((*plain)(r)); err != nil {
		return nil, fmt.Errorf("encode a shard's result: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalBinary decodes a result.
func (r *Result) UnmarshalBinary(data []byte) error {
	type plain Result
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode((*plain)(r)); err != nil {
		return fmt.Errorf("decode a shard's result: %w", err)
	}
	return nil
}
