package dynamics

import (
	"sgdlab"
	"sgdlab/lanes"
)

// Kicked is descent with noises added to its steps,
//
//	θ ← θ + Σ scale·σ(θ)·η^(1/α)ξ − ηg(θ),
//
// every σ and g at the θ before the step. On GD it is the Euler–Maruyama chain with h = η of the SDE with these noises, to the
// last bit; on SGD the covariances of a step add. The state, the time and what a record holds (rows, weights, gradient) are
// those of the descent: the kick is not part of the gradient. It is no diffusion: between two steps there is no path.
type Kicked struct {
	*Descent
	Noise []sgdlab.Noise
	inc   sgdlab.Increments
}

// Step moves the live lanes and returns η.
func (k *Kicked) Step(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	return k.step(theta, at, live, rec, k.Noise, &k.inc)
}

// Random is true.
func (k *Kicked) Random() bool { return true }

// Kicks returns the noises.
func (k *Kicked) Kicks() []sgdlab.Noise { return k.Noise }
