package sgdlab

import "sgdlab/lanes"

// Block is a named part of a stepper's state. The first is θ.
type Block struct {
	Name string
	Size int
}

// Stepper advances a pack. It serves one worker; its fields are scratch, and all that outlives a step is in the state:
// θ first, then velocities, averages and the like.
type Stepper interface {
	Blocks() []Block
	// Init fills the state of the fresh lanes from θ and leaves the others, which are in mid-flight.
	Init(state, theta lanes.Pack, at *Clock, fresh lanes.Mask)
	// Step moves the live lanes and returns the time that passed in each.
	Step(state lanes.Pack, at *Clock, live lanes.Mask, rec *StepRecord) (dt lanes.Vec)
	// Random reports whether two replicas in one state may part.
	Random() bool
	// Pace returns the time of one step as a spec counts them (the rate η), and the nominal time of one call of Step.
	Pace() (unit, step Setting)
}

// Diffusive steppers discretise a diffusion, whose path between two steps can be interpolated by a bridge.
type Diffusive interface {
	Stepper
	SDE() *SDE
}

// Altered steppers follow a gradient, but may do so by another rule than plain descent, whose laws do not hold for them then.
type Altered interface {
	Stepper
	// Altered says in what a step differs from θ ← θ − ηg, E g = ∇L, as in "with momentum"; "" where it does not.
	Altered() string
}

// Inertial steppers may have momentum.
type Inertial interface {
	Stepper
	// Inertia returns β, and whether it is Nesterov's; a nil β where momentum is not all that is altered.
	Inertia() (beta Setting, nesterov bool)
}

// Dense steppers know the path inside their last step. Ask with Keep before the step.
type Dense interface {
	Stepper
	// Keep has the insides of steps to come remembered; until then only their ends are.
	Keep()
	// Nodes returns the ends of the smooth pieces of the last step, as fractions of it, in rising order; the last are 1,
	// or where a replica was lost. A lane that has fewer repeats its last one. It is valid until the next step.
	Nodes() []lanes.Vec
	// Inside is dst = θ at a fraction of the last step, from 0, its beginning, to 1, its end; shapes (d).
	Inside(dst lanes.Pack, fraction lanes.Vec)
}

// Smooth steppers may know the derivative of their step.
type Smooth interface {
	Stepper
	// Tangent returns that derivative, or says why there is none.
	Tangent() (Tangent, error)
}

// Tangent is dst = DF(state)v, F the step at a clock as a map of the state; shapes (Size) → (Size).
type Tangent func(dst, state, v lanes.Pack, at *Clock, ws *lanes.Arena)

// Size returns the length of a stepper's state.
func Size(s Stepper) int {
	n := 0
	for _, b := range s.Blocks() {
		n += b.Size
	}
	return n
}
