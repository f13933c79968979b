package sgdlab

import (
	"fmt"
	"strings"

	"sgdlab/lanes"
)

// Column names one number that an observable reads.
type Column struct {
	Name string
	Unit string // empty for a pure number
}

// Observable reads named numbers off a pack and changes nothing. It may hold scratch, and serves one worker.
type Observable interface {
	Columns() []Column
	// Observe fills dst, one row per column. What is not defined at θ is NaN.
	Observe(dst, theta lanes.Pack, at *Clock, ws *lanes.Arena)
}

// Reading observables read more of a stepper's state than θ.
type Reading interface {
	Observable
	// Reads names the blocks of the state that are handed to Observe behind θ, one after the other.
	Reads() []string
}

// Remembering observables keep something of a replica from one reading to the next, such as the eigenvectors that the next search begins
// with. It is part of the replica's state: a run that is resumed goes on with it.
type Remembering interface {
	Observable
	// Memory returns its number of rows; 0 where it keeps nothing.
	Memory() int
	// Recall is Observe with the memory, which is 0 at a replica's first reading, in the lanes that are due; it leaves that of the others
	// alone, and their columns may be anything.
	Recall(dst, memory, theta lanes.Pack, due lanes.Mask, at *Clock, ws *lanes.Arena)
}

// MemoryOf returns the rows of memory of an observable, 0 where it has none.
func MemoryOf(o Observable) int {
	if r, ok := o.(Remembering); ok {
		return r.Memory()
	}
	return 0
}

// ReadWith is one reading of an observable, with its memory where it has one.
func ReadWith(o Observable, dst, memory, theta lanes.Pack, due lanes.Mask, at *Clock, ws *lanes.Arena) {
	if r, ok := o.(Remembering); ok && len(memory) > 0 {
		r.Recall(dst, memory, theta, due, at, ws)
		return
	}
	o.Observe(dst, theta, at, ws)
}

// Hand is how an observable is handed a stepper's state: θ, and the blocks that it reads.
type Hand struct {
	parts []span
	size  int
}

type span struct{ from, size int }

// NewHand finds the blocks that an observable reads among those of a stepper.
func NewHand(o Observable, of Stepper) (Hand, error) {
	blocks := of.Blocks()
	h := Hand{parts: []span{{0, blocks[0].Size}}, size: blocks[0].Size}
	r, ok := o.(Reading)
	if !ok {
		return h, nil
	}
next:
	for _, name := range r.Reads() {
		from := 0
		var have []string
		for _, b := range blocks {
			if b.Name == name {
				h.parts = append(h.parts, span{from, b.Size})
				h.size += b.Size
				continue next
			}
			from += b.Size
			have = append(have, b.Name)
		}
		return h, fmt.Errorf("reads the block %s of the state, which the dynamics does not have; it has %s", name, strings.Join(have, ", "))
	}
	return h, nil
}

// Of is what an observable reads of a state, in ws where it is more than θ.
func (h Hand) Of(state lanes.Pack, ws *lanes.Arena) lanes.Pack {
	if len(h.parts) == 1 {
		return state[:h.size]
	}
	p := ws.Pack(h.size)
	n := 0
	for _, s := range h.parts {
		lanes.Copy(p[n:n+s.size], state[s.from:s.from+s.size])
		n += s.size
	}
	return p
}

// Differentiable observables know the gradient of their first column: events use it to place a bridge between two steps
// of a diffusion.
type Differentiable interface {
	Observable
	Gradient(dst, theta lanes.Pack, ws *lanes.Arena)
}

// TwiceDifferentiable observables also multiply by the Hessian of their first column, dst = ∇²f(θ)v: a bridge then knows how
// far noise can carry them within a step.
type TwiceDifferentiable interface {
	Differentiable
	HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena)
}

// Accumulator sums along a path; acc has one row per column, starts at 0 and is part of the checkpoint.
type Accumulator interface {
	Columns() []Column
	// Add takes one step from before to after (θ, not the whole state) into acc, in the lanes of rec.Live.
	Add(acc, before, after lanes.Pack, rec *StepRecord, ws *lanes.Arena)
}

// Direction says from which side an event crosses its level.
type Direction int

const (
	RisesAbove Direction = iota
	FallsBelow
)

func (d Direction) String() string { return [...]string{"rises-above", "falls-below"}[d] }

// Level is the value an event waits for, given the column at each replica's start.
type Level func(atStart lanes.Vec, at *Clock) lanes.Vec

// Event is an observable's column crossing a level. It is tested after every step.
type Event struct {
	Name      string
	Of        Observable
	Column    int
	Level     Level
	Direction Direction
	Locate    Locator
}

// Crossing is one step of an event's column: its values f0 before and f1 after, the level, and the time between.
type Crossing struct {
	F0, F1, Level, Dt lanes.Vec
	Direction         Direction
	Before, After     lanes.Pack // θ
	Live              lanes.Mask
}

// Locator finds and dates a crossing inside a step, also one between two ends on the same side: a bridge for diffusions,
// the end of the step for real SGD.
type Locator interface {
	// Locate returns the lanes that crossed, and when, as a fraction of the step.
	Locate(c *Crossing, at *Clock, ws *lanes.Arena) (hit lanes.Mask, fraction lanes.Vec)
}
