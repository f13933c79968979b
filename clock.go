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

	asked *asked // of a clock that is there to find out what a Setting reads
}

// asked is what was read of a clock.
type asked struct{ step, time bool }

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

// Scheduled is the Setting whose value is that of f at the clock's time, or else at its step: f(x, at).
func Scheduled(byTime bool, f func(x lanes.Vec, at *Clock) lanes.Vec) Setting {
	return func(at *Clock) lanes.Vec {
		if at.asked != nil {
			at.asked.step, at.asked.time = at.asked.step || !byTime, at.asked.time || byTime
		}
		if byTime {
			return f(at.Time, at)
		}
		var x lanes.Vec
		for l, k := range at.Step {
			x[l] = float64(k)
		}
		return f(x, at)
	}
}

// Varies reports whether a setting is scheduled, by the steps or by the time of the clock: whether it may be other at another. What
// is computed from settings alone varies as they do.
func (s Setting) Varies() (bySteps, byTime bool) {
	if s == nil {
		return false, false
	}
	at := Clock{asked: &asked{}}
	s(&at)
	return at.asked.step, at.asked.time
}

// Fixed reports whether a setting is the same at all steps and times.
func (s Setting) Fixed() bool {
	bySteps, byTime := s.Varies()
	return !bySteps && !byTime
}
