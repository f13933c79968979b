package dynamics

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// Momentum is descent with a velocity,
//
//	v ← βv − ηg(θ),  θ ← θ + v (Polyak)  or  θ ← θ + βv − ηg(θ) (Nesterov, at the point looked ahead to),
//
// v = 0 at the start. The velocity is the second block of the state. On ½λθ² it is stable where ηλ < 2(1 + β), and
// ηλ < 2(1 + β)/(1 + 2β) with Nesterov.
type Momentum struct {
	*Descent
	Beta     sgdlab.Setting
	Nesterov bool
}

// Blocks returns θ and the velocity.
func (m *Momentum) Blocks() []sgdlab.Block {
	return []sgdlab.Block{{Name: "theta", Size: m.Dim}, {Name: "velocity", Size: m.Dim}}
}

// Init copies θ into the fresh lanes, at rest.
func (m *Momentum) Init(state, theta lanes.Pack, at *sgdlab.Clock, fresh lanes.Mask) {
	m.Descent.Init(state[:m.Dim], theta, at, fresh)
	m.ws.Reset()
	lanes.CopyLanes(state[m.Dim:], m.ws.Zeroed(m.Dim), fresh)
}

// Step moves the live lanes and returns η.
func (m *Momentum) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	theta, v := state[:m.Dim], state[m.Dim:]
	m.ws.Reset()
	m.ws.Idle = at.Idle
	g, next := m.ws.Pack(m.Dim), m.ws.Pack(m.Dim)
	m.Of.Gradient(g, theta, at, rec, &m.ws)
	eta, beta := m.Rate(at), m.Beta(at)
	m.accelerate(next, v, g, eta, beta)
	lanes.CopyLanes(v, next, live)
	if m.Nesterov {
		lanes.AddScaledLanes(theta, beta, next, live)
		lanes.Descend(theta, eta, g, live)
	} else {
		lanes.AddScaledLanes(theta, lanes.Splat(1), next, live)
	}
	if rec != nil {
		rec.Dt, rec.Live = eta, live
	}
	return eta
}

// accelerate is dst = βv − ηg.
func (m *Momentum) accelerate(dst, v, g lanes.Pack, eta, beta lanes.Vec) {
	for j := range dst {
		for l := range dst[j] {
			dst[j][l] = math.FMA(-eta[l], g[j][l], float64(beta[l]*v[j][l]))
		}
	}
}

// Tangent is linear in (θ, v) but for the Hessian.
func (m *Momentum) Tangent() (sgdlab.Tangent, error) {
	h, err := m.curvature()
	if err != nil {
		return nil, err
	}
	return func(dst, state, v lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
		defer ws.Release(ws.Mark())
		d := m.Dim
		g := ws.Pack(d)
		h.HessVec(g, state[:d], v[:d], ws)
		eta, beta := m.Rate(at), m.Beta(at)
		m.accelerate(dst[d:], v[d:], g, eta, beta)
		lanes.Copy(dst[:d], v[:d])
		if m.Nesterov {
			lanes.AddScaled(dst[:d], beta, dst[d:])
			lanes.Descend(dst[:d], eta, g, lanes.All)
		} else {
			lanes.Add(dst[:d], dst[:d], dst[d:])
		}
	}, nil
}
