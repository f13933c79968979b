// Package fused holds fused kernels: what a stepper does with many passes over packs, in one or two. A kernel's steps are, bit for bit,
// those of the stepper that it stands for.
//
// Kernels are entries of one list; the first that fits is used, and where none fits the stepper takes the steps. A leap of many steps
// stops before the first in which the event that it watches could be met, in which a replica leaves the bounds, or that it cannot
// take: what is rare is left to what is plain.
//
// What belongs here: kernels, and how to tell that one fits. What does not: what a step is (packages dynamics, scheme, model and
// noise), and what happens between steps (package ensemble).
package fused

import (
	"sgdlab"
	"sgdlab/lanes"
)

// Kernel takes the steps of a stepper, in one of two ways; the other is nil. It serves one worker.
type Kernel struct {
	// Step is one step of the live lanes, as Stepper.Step takes it where nobody asks for a record; out are the live lanes in which a
	// coordinate is then not within the bound.
	Step func(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, bound float64) (dt lanes.Vec, out lanes.Mask)
	// Leap takes up to n steps of the live lanes and returns how many it took, and their length: those that the stepper would
	// have taken at the clock's step and after it. The clock is the caller's to move on. Lanes that are not live keep their bits.
	// No step that was taken leaves a live lane beyond the bound in some coordinate, or meets the event in a lane that is armed.
	Leap func(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, w *Watch, n int) (taken int, dt lanes.Vec)
}

// Watch is what a leap keeps an eye on.
type Watch struct {
	Bound float64    // of |θ|
	Armed lanes.Mask // lanes in which the event is still to be met
	Level lanes.Vec  // the event's level in each lane
}

// entries are tried in their order.
var entries = []func(stepper sgdlab.Stepper, events []sgdlab.Event) (Kernel, bool){
	doubleWell,
	diagonalRow,
	onePass,
}

// Find returns the kernel for a stepper under some events, an empty one where there is none.
func Find(stepper sgdlab.Stepper, events []sgdlab.Event) Kernel {
	for _, entry := range entries {
		if k, ok := entry(stepper, events); ok {
			return k
		}
	}
	return Kernel{}
}
