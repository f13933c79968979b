package sgdlab

import "sgdlab/lanes"

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
