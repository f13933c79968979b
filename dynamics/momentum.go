package dynamics

import (
	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Momentum is descent with a velocity v, which is 0 at the start,
//
//	v ← βv − ηg(θ),  θ ← θ + v,
//
// or, of Nesterov, θ ← θ + βv − ηg(θ) with the v after and the θ before. Kicks are parts of a step as −ηg is: they enter the
// velocity. The state is θ, velocity; a record's gradient is g. Its time is ηk.
type Momentum struct {
	*Descent
	Beta     sgdlab.Setting // β
	Nesterov bool
	noise    []sgdlab.Noise
	inc      sgdlab.Increments
}

// KickedMomentum is momentum with noises added to its steps.
type KickedMomentum struct{ *Momentum }

// Kicks returns the noises.
func (k *KickedMomentum) Kicks() []sgdlab.Noise { return k.noise }

// Blocks returns θ and the velocity.
func (m *Momentum) Blocks() []sgdlab.Block {
	return []sgdlab.Block{{Name: "theta", Size: m.Dim}, {Name: "velocity", Size: m.Dim}}
}

// Init copies θ into the fresh lanes, which are at rest.
func (m *Momentum) Init(state, theta lanes.Pack, _ *sgdlab.Clock, fresh lanes.Mask) {
	lanes.CopyLanes(state[:m.Dim], theta, fresh)
	for j := m.Dim; j < 2*m.Dim; j++ {
		state[j] = lanes.Select(fresh, lanes.Vec{}, state[j])
	}
}

// Step moves the live lanes and returns η.
func (m *Momentum) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	ws := &m.ws
	ws.Reset()
	ws.Idle = at.Idle
	theta, velocity := state[:m.Dim], state[m.Dim:2*m.Dim]
	g := ws.Pack(m.Dim)
	m.Of.Gradient(g, theta, at, rec, ws)
	eta, beta := m.Rate(at), m.Beta(at)
	if len(m.noise) > 0 {
		noise.Draw(&m.inc, m.noise, eta, at, ws)
	}
	step := ws.Zeroed(m.Dim)
	noise.Push(step, theta, eta, g, m.noise, &m.inc, lanes.All, ws)
	next := ws.Pack(m.Dim)
	lanes.Copy(next, step)
	lanes.AddScaled(next, beta, velocity)
	lanes.CopyLanes(velocity, next, live)
	if m.Nesterov {
		lanes.AddScaledLanes(theta, beta, next, live)
		next = step
	}
	lanes.AddScaledLanes(theta, lanes.Splat(1), next, live)
	if rec != nil {
		rec.Dt, rec.Live = eta, live
	}
	return eta
}

// Random reports whether the gradient is, or there are kicks.
func (m *Momentum) Random() bool { return m.Descent.Random() || len(m.noise) > 0 }

// Inertia returns β, nil where the gradient is no gradient of L, and whether it is Nesterov's.
func (m *Momentum) Inertia() (beta sgdlab.Setting, nesterov bool) {
	if m.Descent.Altered() != "" {
		return nil, m.Nesterov
	}
	return m.Beta, m.Nesterov
}

// Altered is "with momentum", and what else is altered.
func (m *Momentum) Altered() string {
	if s := m.Descent.Altered(); s != "" {
		return s + " with momentum"
	}
	return "with momentum"
}
