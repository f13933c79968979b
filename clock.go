package sgdlab

import (
	"sgdlab/lanes"
	"sgdlab/rng"
)

// Clock says who is in each lane of a pack and when it is, before a step. Streams of random numbers are keyed by purpose
// and by the embedded Seed, Replica, Branch and Step.
type Clock struct {
	rng.Lanes                // Seed, Replica, Branch, Step; Step counts calls of Stepper.Step
	Point     [lanes.W]int32 // which point of the sweep; in no key, so that arms and points pair by replica
	Time      lanes.Vec      // ηk for discrete dynamics, the SDE's time for SDEs
}

// Setting is a number that may differ between points of a sweep: η, T, h, constant or scheduled.
type Setting func(at *Clock) lanes.Vec

// Constant is the Setting x everywhere.
func Constant(x float64) Setting {
	v := lanes.Splat(x)
	return func(*Clock) lanes.Vec { return v }
}

// Table is the Setting whose value at point p of the sweep is byPoint[p].
func Table(byPoint []float64) Setting {
	return func(at *Clock) lanes.Vec {
		var v lanes.Vec
		for l, p := range at.Point {
			v[l] = byPoint[p]
		}
		return v
	}
}
