package scheme

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Underdamped is kinetic Langevin dynamics under the splitting BAOAB,
//
//	dθ = v dt,  dv = −(∇L(θ) + γv)dt + Σ scale·σ(θ)dW.
//
// Its state is θ; velocity, v, which is 0 at the start; and force, ∇L(θ), which the last step found. Its time is the equation's.
//
// Source: Leimkuhler & Matthews 2013.
type Underdamped struct {
	Model    sgdlab.Model
	Friction sgdlab.Setting // γ
	Noise    []sgdlab.Noise
	Unit     sgdlab.Setting // the time that a spec counts as one step
	Length   sgdlab.Setting // h
	inc      sgdlab.Increments
	ws       lanes.Arena
}

// UnderdampedSettings are those of `underdamped`.
type UnderdampedSettings struct {
	Rate        sgdlab.Setting              `optional:"true" check:">0" doc:"the time that counts as one step: √η of the descent with momentum that is modelled; h where missing"`
	Step        sgdlab.Setting              `spec:"step,dt" optional:"true" check:">0" doc:"h, the time of one step of the scheme; the rate where missing"`
	Friction    sgdlab.Setting              `spec:"friction,gamma" check:">=0" doc:"γ, in units of 1/time; (1 − β)/√η of descent with momentum β"`
	Temperature sgdlab.Setting              `optional:"true" check:">=0" doc:"T of the noise √(2γT)dW on the velocity, whose law is e^{−(L + v²/2)/T}; without, there is none"`
	Noise       []sgdlab.Part[sgdlab.Noise] `optional:"true" doc:"one noise or a list, as an sde has them, on the velocity: per-sample noise, say"`
}

// NewUnderdamped is kinetic (underdamped) Langevin dynamics,
//
//	dθ = v dt,  dv = −(∇L(θ) + γv)dt + √(2γT)dW + Σ scale·σ(θ)dW,
//
// from rest. σ depends on θ alone, whose path is smooth: the noise has no sense. A step h is
//
//	v ← v − (h/2)∇L(θ)
//	θ ← θ + (h/2)v
//	v ← e^{−γh}v + √((1 − e^{−2γh})/2γ)·(√(2γT)ξ + Σ scale·σ(θ)ξ)
//	θ ← θ + (h/2)v
//	v ← v − (h/2)∇L(θ)
//
// (BAOAB), each line exact. It is of weak order 2, for noise that depends on θ too; on a quadratic the stationary variance of θ under
// isotropic noise is exact at any h at which a step is stable, h√λ < 2, and that of v is T(1 − h²λ/4). Without noise it is an integrator of
// order 2.
//
// Descent with momentum, v̂ ← βv̂ − ηg, θ ← θ + v̂, is a step √η of this equation: with v = v̂/√η it reads v ← v − √η(γv + g), θ ← θ + √ηv,
// where
//
//	β = 1 − γ√η,  rate = √η.
//
// At that rate per-sample noise has the scale √(√η/B), which is that of mini-batches; moments of SGD with momentum agree with those of the
// equation to O(√η) at fixed γ and time √ηk, in steps k of either. For γ → ∞ θ follows dθ = −∇L dt/γ + √(2T/γ)dW. Its time is not ηk but
// √ηk: compare arms by steps.
//
// θ, velocity and force have the shape (d), and L is in units of θ²/time². Noises need a law with a variance. A step costs one gradient
// over all rows. Events are seen at the ends of steps.
//
// Its streams are temperature, noise[0], noise[1] and so on.
//
// Source: Leimkuhler & Matthews 2013, of the splitting; derived here, of momentum.
func NewUnderdamped(c UnderdampedSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, errors.New("underdamped dynamics needs a model, and there is none")
	}
	if c.Friction == nil {
		return nil, errors.New("underdamped dynamics needs a `friction`, γ ≥ 0")
	}
	unit, h, _, err := paced(c.Rate, c.Step, nil, s)
	if err != nil {
		return nil, err
	}
	if unit != nil && c.Rate != nil && c.Step != nil && bySteps(c.Friction, c.Temperature) {
		return nil, errCounted
	}
	at := inside(s, unit)
	var beside []noise.Drawn
	var thermal []sgdlab.Noise
	if c.Temperature != nil {
		law, err := noise.NewGaussian(noise.GaussianSettings{}, at.At("temperature"))
		if err != nil {
			return nil, err
		}
		thermal = []sgdlab.Noise{{Factor: noise.Identity{Dim: s.Model.Dim()}, Law: law, Scale: thermalScale(c.Friction, c.Temperature)}}
		beside = []noise.Drawn{{Key: "temperature", By: law}}
	}
	noises, err := noise.Build(c.Noise, &at, beside...)
	if err != nil {
		return nil, err
	}
	if err := counted(noises, c.Rate, c.Step); err != nil {
		return nil, err
	}
	for i, n := range noises {
		if n.Law.Index() < 2 {
			return nil, fmt.Errorf("noise[%d] is driven by a law of index %g, which jumps; underdamped dynamics needs a law with a variance", i, n.Law.Index())
		}
	}
	return &Underdamped{Model: s.Model, Friction: c.Friction, Noise: append(thermal, noises...), Unit: unit, Length: h}, nil
}

// thermalScale is √(2γT).
func thermalScale(friction, temperature sgdlab.Setting) sgdlab.Setting {
	return func(at *sgdlab.Clock) lanes.Vec {
		v, t := friction(at), temperature(at)
		for l := range v {
			v[l] = math.Sqrt(2 * v[l] * t[l])
		}
		return v
	}
}

// Blocks returns θ, the velocity and ∇L(θ).
func (u *Underdamped) Blocks() []sgdlab.Block {
	d := u.Model.Dim()
	return []sgdlab.Block{{Name: "theta", Size: d}, {Name: "velocity", Size: d}, {Name: "force", Size: d}}
}

// Init copies θ into the fresh lanes, which are at rest.
func (u *Underdamped) Init(state, theta lanes.Pack, _ *sgdlab.Clock, fresh lanes.Mask) {
	u.ws.Reset()
	d := len(theta)
	g := u.ws.Pack(d)
	u.Model.Grad(g, theta, &u.ws)
	lanes.CopyLanes(state[:d], theta, fresh)
	lanes.CopyLanes(state[d:2*d], u.ws.Zeroed(d), fresh)
	lanes.CopyLanes(state[2*d:3*d], g, fresh)
}

// Step moves the live lanes and returns h.
func (u *Underdamped) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	ws := &u.ws
	ws.Reset()
	ws.Idle = at.Idle
	d := u.Model.Dim()
	theta, velocity, force := ws.Pack(d), ws.Pack(d), state[2*d:3*d]
	lanes.Copy(theta, state[:d])
	lanes.Copy(velocity, state[d:2*d])
	h, gamma := u.Length(at), u.Friction(at)
	half, decay, spread := times(h, 0.5), h, h // e^{−γh}, ∫₀ʰe^{−2γs}ds
	for l, c := range gamma {
		decay[l] = elementary.Exp(-(c * h[l]))
		if c > 0 {
			spread[l] = -elementary.Expm1(-2*c*h[l]) / (2 * c)
		}
	}
	noise.Draw(&u.inc, u.Noise, spread, at, ws)

	lanes.Descend(velocity, half, force, lanes.All)
	lanes.AddScaled(theta, half, velocity)
	lanes.ScaleLanes(velocity, decay)
	kick := ws.Pack(d)
	for i, n := range u.Noise {
		n.Factor.Apply(kick, theta, u.inc.Draw[i], ws)
		lanes.AddScaled(velocity, u.inc.Kick(i), kick)
	}
	lanes.AddScaled(theta, half, velocity)
	g := ws.Pack(d)
	u.Model.Grad(g, theta, ws)
	lanes.Descend(velocity, half, g, lanes.All)

	lanes.CopyLanes(state[:d], theta, live)
	lanes.CopyLanes(state[d:2*d], velocity, live)
	lanes.CopyLanes(force, g, live)
	if rec != nil {
		rec.Used(sgdlab.Rows{}, nil, nil) // a step of an SDE has no one gradient
		rec.Dt, rec.Live = h, live
	}
	return h
}

// Random reports whether there is any noise.
func (u *Underdamped) Random() bool { return len(u.Noise) > 0 }

// Altered says that it is no plain descent.
func (u *Underdamped) Altered() string { return "with inertia, in the time √η" }

// Pace is √η, the time that a spec counts as one step (h where there is no rate), and h.
func (u *Underdamped) Pace() (unit, step sgdlab.Setting) { return u.Unit, u.Length }
