package dynamics

import (
	"errors"

	"sgdlab"
	"sgdlab/lanes"
)

// Tangent is v ↦ v − η∇²L v, of gradient descent on a model that multiplies by its Hessian.
func (d *Descent) Tangent() (sgdlab.Tangent, error) {
	m, err := d.curvature()
	if err != nil {
		return nil, err
	}
	return func(dst, theta, v lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
		defer ws.Release(ws.Mark())
		hv := ws.Pack(len(v))
		m.HessVec(hv, theta, v, ws)
		lanes.Copy(dst, v)
		lanes.Descend(dst, d.Rate(at), hv, lanes.All)
	}, nil
}

func (d *Descent) curvature() (sgdlab.Curved, error) {
	exact, ok := d.Of.(Exact)
	if !ok {
		return nil, errors.New("the derivative of a step is known of descent on ∇L alone; use gd without label noise")
	}
	return sgdlab.As[sgdlab.Curved](exact.Model)
}

// Tangent says that there is none.
func (k *Kicked) Tangent() (sgdlab.Tangent, error) {
	return nil, errors.New("a step with noise added has no derivative here; use gd without noise")
}

// Tangent is linear in θ and the velocity but for the Hessian.
func (m *Momentum) Tangent() (sgdlab.Tangent, error) {
	if len(m.noise) > 0 {
		return nil, errors.New("a step with noise added has no derivative here; use gd without noise")
	}
	h, err := m.curvature()
	if err != nil {
		return nil, err
	}
	return func(dst, state, v lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
		defer ws.Release(ws.Mark())
		d := m.Dim
		step := ws.Pack(d)
		h.HessVec(step, state[:d], v[:d], ws)
		eta, beta := m.Rate(at), m.Beta(at)
		for l := range eta {
			eta[l] = -eta[l]
		}
		lanes.ScaleLanes(step, eta)
		lanes.Copy(dst[d:], step)
		lanes.AddScaled(dst[d:], beta, v[d:])
		lanes.Copy(dst[:d], v[:d])
		if m.Nesterov {
			lanes.AddScaled(dst[:d], beta, dst[d:])
			lanes.Add(dst[:d], dst[:d], step)
		} else {
			lanes.Add(dst[:d], dst[:d], dst[d:])
		}
	}, nil
}
