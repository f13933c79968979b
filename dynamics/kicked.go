package dynamics

import (
	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Kicked adds noises to the steps of another dynamics,
//
//	θ ← θ⁺ + Σ scale·σ(θ)·h^(1/α)ξ:
//
// θ⁺ is where its step of length h, the rate, leads from θ, and σ is taken at θ. On GD it is the Euler–Maruyama chain with
// h = η of the SDE with these noises, to the last bit; on SGD the covariances of a step add. The state, the time and what a
// record holds (rows, weights, gradient) are those of the other dynamics: the kick is not part of the gradient. It is no diffusion:
// between two steps there is no path.
type Kicked struct {
	Of    sgdlab.Stepper
	Noise []sgdlab.Noise
	Dim   int // of θ
	kicks []lanes.Pack
	ws    lanes.Arena
}

// kicked adds noises to a stepper, those of a site that knows rate and batch; none leave it as it is. The other things are what
// the stepper itself draws.
func kicked(of sgdlab.Stepper, parts []sgdlab.Part[sgdlab.Noise], s *sgdlab.Site, drawn ...noise.Drawn) (sgdlab.Stepper, error) {
	noises, err := noise.Build(parts, s, drawn...)
	if err != nil {
		return nil, err
	}
	if len(noises) == 0 {
		return of, nil
	}
	return &Kicked{Of: of, Noise: noises, Dim: s.Model.Dim(), kicks: make([]lanes.Pack, len(noises))}, nil
}

// Blocks returns those of the dynamics.
func (k *Kicked) Blocks() []sgdlab.Block { return k.Of.Blocks() }

// Init fills the state as the dynamics does.
func (k *Kicked) Init(state, theta lanes.Pack, at *sgdlab.Clock, fresh lanes.Mask) {
	k.Of.Init(state, theta, at, fresh)
}

// Step draws the kicks, takes the step of the dynamics, and moves θ of the live lanes by the kicks.
func (k *Kicked) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	k.ws.Reset()
	d := k.Dim
	theta := state[:d]
	_, step := k.Of.Pace()
	h := step(at)
	for i, n := range k.Noise {
		k.kicks[i] = k.ws.Pack(d)
		mark := k.ws.Mark()
		xi := k.ws.Pack(n.Factor.Width())
		n.Law.Draw(xi, at)
		noise.Grow(xi, h, n.Law.Index())
		n.Factor.Apply(k.kicks[i], theta, xi, &k.ws)
		k.ws.Release(mark)
	}
	dt := k.Of.Step(state, at, live, rec)
	next := k.ws.Pack(d)
	lanes.Copy(next, theta)
	for i, n := range k.Noise {
		lanes.AddScaled(next, n.Scale(at), k.kicks[i])
	}
	lanes.CopyLanes(theta, next, live)
	return dt
}

// Random is true.
func (k *Kicked) Random() bool { return true }

// Pace is that of the dynamics.
func (k *Kicked) Pace() (unit, step sgdlab.Setting) { return k.Of.Pace() }

// Kicks returns the noises.
func (k *Kicked) Kicks() []sgdlab.Noise { return k.Noise }
