package scheme

import (
	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// EulerMaruyama is
//
//	θ ← θ + a(θ)h + Σ scale·σ(θ)ΔW.
//
// It converges in the sense of Itô, with strong order ½ (1 where the noise is additive) and weak order 1. It is also the
// scheme for stable laws, whose increments are h^(1/α)ξ.
//
// Source: Kloeden & Platen 1992, §10.2.
type EulerMaruyama struct{}

// NewEulerMaruyama is the Euler–Maruyama scheme.
func NewEulerMaruyama(struct{}, *sgdlab.Site) (sgdlab.Scheme, error) { return EulerMaruyama{}, nil }

// Sense is Itô.
func (EulerMaruyama) Sense() sgdlab.Sense { return sgdlab.Ito }

// Order is (1, 1) for additive noise, else (½, 1).
func (EulerMaruyama) Order(kind sgdlab.NoiseKind) (strong, weak float64) {
	if kind == sgdlab.AdditiveNoise {
		return 1, 1
	}
	return 0.5, 1
}

// Step moves the live lanes.
func (EulerMaruyama) Step(sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	mark := ws.Mark()
	g := ws.Pack(len(theta))
	if down, ok := sde.Drift.(sgdlab.Downhill); ok {
		down.Grad(g, theta, ws)
	} else {
		sde.Drift.Drift(g, theta, ws)
		h = times(h, -1)
	}
	noise.Move(theta, h, g, sde.Noise, &inc, live, ws)
	ws.Release(mark)
}

// Heun is the stochastic Heun scheme,
//
//	θ̂ = θ + a(θ)h + Σ scale·σ(θ)ΔW,
//	θ ← θ + ½(a(θ) + a(θ̂))h + ½ Σ scale·(σ(θ) + σ(θ̂))ΔW.
//
// It converges in the sense of Stratonovich, with strong order 1 where the noise is additive or diagonal (or otherwise
// commutes), else ½, and weak order 2 where it is additive, else 1; without noise it is Heun's method, of order 2.
//
// Source: Rümelin 1982.
type Heun struct{}

// NewHeun is the stochastic Heun scheme.
func NewHeun(struct{}, *sgdlab.Site) (sgdlab.Scheme, error) { return Heun{}, nil }

// Sense is Stratonovich.
func (Heun) Sense() sgdlab.Sense { return sgdlab.Stratonovich }

// Order is (1, 2) for additive noise, (1, 1) for noise that commutes, else (½, 1).
func (Heun) Order(kind sgdlab.NoiseKind) (strong, weak float64) {
	switch kind {
	case sgdlab.AdditiveNoise:
		return 1, 2
	case sgdlab.DiagonalNoise, sgdlab.CommutativeNoise:
		return 1, 1
	}
	return 0.5, 1
}

// Step moves the live lanes.
func (Heun) Step(sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	mark := ws.Mark()
	d := len(theta)
	next, guess, part := ws.Pack(d), ws.Pack(d), ws.Pack(d)
	lanes.Copy(guess, theta)
	lanes.Copy(next, theta)
	advance(guess, sde, theta, h, inc, 1, part, ws)
	// The half step from θ is half of θ̂ − θ.
	lanes.Sub(part, guess, theta)
	lanes.AddScaled(next, lanes.Splat(0.5), part)
	advance(next, sde, guess, h, inc, 0.5, part, ws)
	lanes.CopyLanes(theta, next, live)
	ws.Release(mark)
}

// advance is dst += weight·(a(θ)h + Σ scale·σ(θ)ΔW).
func advance(dst lanes.Pack, sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, weight float64, part lanes.Pack, ws *lanes.Arena) {
	sde.Drift.Drift(part, theta, ws)
	lanes.AddScaled(dst, times(h, weight), part)
	for i, n := range sde.Noise {
		n.Factor.Apply(part, theta, inc.Draw[i], ws)
		lanes.AddScaled(dst, times(inc.Kick(i), weight), part)
	}
}

func times(v lanes.Vec, x float64) lanes.Vec {
	for l := range v {
		v[l] *= x
	}
	return v
}
