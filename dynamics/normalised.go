package dynamics

import (
	"errors"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// Normalised is the direction of a gradient, g/‖g‖; 0 where g is 0.
type Normalised struct{ Of sgdlab.Gradient }

// Gradient is dst = g/‖g‖.
func (n Normalised) Gradient(dst, theta lanes.Pack, at *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	n.Of.Gradient(dst, theta, at, rec, ws)
	size := lanes.Dot(dst, dst)
	for l, s := range size {
		if size[l] = 1 / math.Sqrt(s); s == 0 {
			size[l] = 1
		}
	}
	lanes.ScaleLanes(dst, size)
}

// Random is that of the gradient.
func (n Normalised) Random() bool { return n.Of.Random() }

// RootLoss is the gradient of √(L − L₀), ∇L/(2√(L − L₀)); 0 where L is L₀ or below.
type RootLoss struct {
	Model   sgdlab.Model
	Minimum float64 // L₀
}

// Gradient is dst = ∇√(L − L₀).
func (r RootLoss) Gradient(dst, theta lanes.Pack, _ *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	r.Model.Grad(dst, theta, ws)
	factor := r.Model.Loss(theta, ws)
	for l, x := range factor {
		if factor[l] = 0.5 / math.Sqrt(x-r.Minimum); x <= r.Minimum {
			factor[l] = 0
		}
	}
	lanes.ScaleLanes(dst, factor)
	rec.Used(sgdlab.Rows{}, nil, dst)
}

// Random is false.
func (r RootLoss) Random() bool { return false }

// NormalisedSettings are those of `normalised-gd`.
type NormalisedSettings struct {
	Rate sgdlab.Setting `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the length of a step"`
}

// NewNormalised is normalised gradient descent,
//
//	θ ← θ − η∇L(θ)/‖∇L(θ)‖,
//
// a step of length η downhill; where ∇L = 0 it stays. Near a manifold of minima it jumps to and fro across it, at a distance of order
// η, while it creeps along it, in the time τ = η²k of k steps, down dX/dτ = −¼P∇ log λ₁(∇²L(X)), with P the projection on the
// tangent space: towards flatter minima. Time is ηk, and η is in units of θ. A step costs one gradient.
//
// Source: Arora, Li & Panigrahi 2022.
func NewNormalised(c NormalisedSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, errors.New("normalised descent needs a model, and there is none")
	}
	return descent(Normalised{Exact{Model: s.Model}}, c.Rate, nil, false, nil, s)
}

// RootLossSettings are those of `gd-on-root-loss`.
type RootLossSettings struct {
	Rate    sgdlab.Setting `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	Minimum float64        `default:"0" doc:"L₀, the least loss there is"`
}

// NewRootLoss is gradient descent on √(L − L₀), L₀ = min L,
//
//	θ ← θ − η∇L(θ)/(2√(L(θ) − L₀));
//
// where L = L₀ it stays. Near a manifold of minima it jumps to and fro across it while it creeps along it, in the time τ = η²k of
// k steps, down dX/dτ = −⅛P∇λ₁(∇²L(X)): towards flatter minima. Time is ηk. A step costs a gradient and a loss.
//
// Source: Arora, Li & Panigrahi 2022.
func NewRootLoss(c RootLossSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, errors.New("descent on √L needs a model, and there is none")
	}
	return descent(RootLoss{Model: s.Model, Minimum: c.Minimum}, c.Rate, nil, false, nil, s)
}
