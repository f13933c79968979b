package dynamics

import (
	"errors"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
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

// kicked adds noises to descent, those of a site that knows rate and batch; none leave it as it is. The other things are what
// the descent itself draws.
func kicked(of *Descent, parts []sgdlab.Part[sgdlab.Noise], s *sgdlab.Site, drawn ...noise.Drawn) (sgdlab.Stepper, error) {
	noises, err := noise.Build(parts, s, drawn...)
	if err != nil {
		return nil, err
	}
	if len(noises) == 0 {
		return of, nil
	}
	return &Kicked{Descent: of, Noise: noises}, nil
}

// Step moves the live lanes and returns η.
func (k *Kicked) Step(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	return k.step(theta, at, live, rec, k.Noise, &k.inc)
}

// Random is true.
func (k *Kicked) Random() bool { return true }

// Kicks returns the noises.
func (k *Kicked) Kicks() []sgdlab.Noise { return k.Noise }

// Tangent is unknown: the steps are random.
func (k *Kicked) Tangent() (sgdlab.Tangent, error) {
	return nil, errors.New("a step with noise added has no derivative that would hold for the next; leave out noise")
}
