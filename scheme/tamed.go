package scheme

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// TamedEuler is
//
//	θ ← θ + a(θ)h/(1 + h‖a(θ)‖) + Σ scale·σ(θ)ΔW.
//
// No drift moves θ by more than 1 in a step, so that drifts which grow faster than linearly, under which Euler–Maruyama's
// moments may explode at any h, do no harm. It converges in the sense of Itô, with Euler–Maruyama's orders, (½, 1), or
// (1, 1) where the noise is additive. It takes stable laws, whose increments are h^(1/α)ξ, without a declared order.
//
// Source: Hutzenthaler, Jentzen & Kloeden 2012.
type TamedEuler struct{}

// NewTamedEuler is the tamed Euler scheme.
func NewTamedEuler(struct{}, *sgdlab.Site) (sgdlab.Scheme, error) { return TamedEuler{}, nil }

// Sense is Itô.
func (TamedEuler) Sense() sgdlab.Sense { return sgdlab.Ito }

// Order is that of Euler–Maruyama.
func (TamedEuler) Order(kind sgdlab.NoiseKind) (strong, weak float64) {
	return EulerMaruyama{}.Order(kind)
}

// Step moves the live lanes.
func (TamedEuler) Step(sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	mark := ws.Mark()
	d := len(theta)
	next, part := ws.Pack(d), ws.Pack(d)
	lanes.Copy(next, theta)
	sde.Drift.Drift(part, theta, ws)
	tame := norm(part)
	for l := range tame {
		tame[l] = h[l] / (1 + float64(h[l]*tame[l]))
	}
	lanes.AddScaled(next, tame, part)
	for i, n := range sde.Noise {
		n.Factor.Apply(part, theta, inc.Draw[i], ws)
		lanes.AddScaled(next, inc.Kick(i), part)
	}
	lanes.CopyLanes(theta, next, live)
	ws.Release(mark)
}

// norm is ‖v‖ in each lane, without overflow.
func norm(v lanes.Pack) (n lanes.Vec) {
	top := lanes.MaxAbs(v)
	for l := range n {
		if !(top[l] > 0) || math.IsInf(top[l], 1) {
			n[l] = top[l]
			continue
		}
		sum := 0.0
		for j := range v {
			x := v[j][l] / top[l]
			sum = math.FMA(x, x, sum)
		}
		n[l] = top[l] * math.Sqrt(sum)
	}
	return n
}
