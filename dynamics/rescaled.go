package dynamics

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Normalised is the direction g/‖g‖ of a gradient, and 0 where the gradient is 0. The record's gradient is the direction.
type Normalised struct{ Of sgdlab.Gradient }

// Gradient is dst = g/‖g‖.
func (n Normalised) Gradient(dst, theta lanes.Pack, at *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	n.Of.Gradient(dst, theta, at, rec, ws)
	// By a power of two to about 1 first: squares of what is tiny would be lost.
	scale := lanes.MaxAbs(dst)
	for l, top := range scale {
		_, e := math.Frexp(top)
		scale[l] = math.Ldexp(1, min(1022, -e))
	}
	lanes.ScaleLanes(dst, scale)
	norm := lanes.Dot(dst, dst)
	for l, square := range norm {
		if norm[l] = 0; square != 0 {
			norm[l] = 1 / math.Sqrt(square)
		}
	}
	lanes.ScaleLanes(dst, norm)
}

// Random reports whether the gradient is.
func (n Normalised) Random() bool { return n.Of.Random() }

// Altered says so.
func (n Normalised) Altered() string { return "along the normalised gradient" }

// NormalisedSettings are those of `normalised-gd`.
type NormalisedSettings struct {
	Rate       sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the length of a step, in units of θ"`
	Momentum   sgdlab.Setting              `spec:"momentum,beta" optional:"true" check:">=0 <1" doc:"β, what a step keeps of the velocity; without, there is none"`
	Nesterov   bool                        `optional:"true" doc:"true for Nesterov's momentum"`
	Batch      int                         `spec:"batch,batch-size" optional:"true" check:">=1" doc:"B, the number of rows of a mini-batch; without, all rows"`
	Draw       sgdlab.Part[sgdlab.Sampler] `optional:"true" doc:"how the rows of a mini-batch are drawn; with-replacement where missing"`
	LabelNoise *noise.LabelNoiseSettings   `optional:"true" doc:"noise on the labels, fresh at every step"`
	Noise      []sgdlab.Part[sgdlab.Noise] `optional:"true" doc:"one noise or a list, as an sde has them, added to every step: isotropic noise, say"`
}

// NewNormalised is normalised gradient descent,
//
//	θ ← θ − ηg/‖g‖,
//
// with g = ∇L, or with `batch` that of a mini-batch, with `label-noise` that of noisy labels; where g = 0 a replica stays.
// θ has the shape (d), and η is a length, in its units: every step is as long. `momentum` and `noise` are as on gd, of these steps.
// Time is ηk after k steps, here the length of the path in units of θ; a step costs one gradient.
//
// Near a manifold of minima it slides, at order η², to where the largest eigenvalue λ₁ of ∇²L is least: with τ = η²k and P the
// projection on the manifold dX/dτ = −¼P∇log λ₁. On a quadratic ∇L/η ends on a 2-cycle along the top eigenvector, of norms that sum to λ₁.
//
// Its streams are those of gd and sgd. Source: Arora, Li & Panigrahi 2022.
func NewNormalised(c NormalisedSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if c.Batch == 0 && c.Draw != nil {
		return nil, fmt.Errorf("got `draw` without `batch`; give the batch B, or leave draw out")
	}
	var g sgdlab.Gradient
	var at *sgdlab.Site
	var drawn []noise.Drawn
	var err error
	if c.Batch == 0 {
		g, at, drawn, err = onAll(c.Rate, c.LabelNoise, s)
	} else {
		if c.Draw == nil {
			c.Draw = func(s *sgdlab.Site) (sgdlab.Sampler, error) {
				return noise.NewWithReplacement(noise.SamplerSettings{}, s)
			}
		}
		g, at, drawn, err = onBatch(c.Rate, c.Batch, c.Draw, c.LabelNoise, s)
	}
	if err != nil {
		return nil, err
	}
	return descent(Normalised{Of: g}, rule{c.Rate, c.Momentum, c.Nesterov}, c.Noise, at, drawn...)
}

// RootLoss is the gradient of the root of the loss,
//
//	∇√(L − L_min) = ∇L/(2√(L − L_min)),
//
// 0 where L = L_min, also where L is below it by what rounding may do, and NaN where L is below it by more.
type RootLoss struct {
	Model   sgdlab.Model
	Minimum sgdlab.Setting // L_min
}

// rounding is the part of L by which it may be off where it is computed as a difference of numbers of its size.
const rounding = 1e-12

// Gradient is dst = ∇L/(2√(L − L_min)).
func (r RootLoss) Gradient(dst, theta lanes.Pack, at *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	r.Model.Grad(dst, theta, ws)
	over, least := r.Model.Loss(theta, ws), r.Minimum(at)
	for l, loss := range over {
		switch above := loss - least[l]; {
		case above > 0:
			over[l] = 0.5 / math.Sqrt(above)
		case above >= -rounding*max(math.Abs(loss), math.Abs(least[l])):
			over[l] = 0
		default:
			over[l] = math.NaN()
		}
	}
	scaled(dst, over, rec)
}

// scaled is dst = c∇L of each lane, as the gradient of a function of L.
func scaled(dst lanes.Pack, c lanes.Vec, rec *sgdlab.StepRecord) {
	lanes.ScaleLanes(dst, c)
	rec.Used(sgdlab.Rows{}, nil, dst)
}

// Random is false.
func (r RootLoss) Random() bool { return false }

// Altered says so.
func (r RootLoss) Altered() string { return "on the root of the loss" }

// RootLossSettings are those of `gd-on-root-loss`.
type RootLossSettings struct {
	Rate     sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate, in units of θ²/√L"`
	Minimum  sgdlab.Setting              `default:"0" doc:"L_min, the least value of L; a replica that gets below it counts as diverged"`
	Momentum sgdlab.Setting              `spec:"momentum,beta" optional:"true" check:">=0 <1" doc:"β, what a step keeps of the velocity; without, there is none"`
	Nesterov bool                        `optional:"true" doc:"true for Nesterov's momentum"`
	Noise    []sgdlab.Part[sgdlab.Noise] `optional:"true" doc:"one noise or a list, as an sde has them, added to every step: isotropic noise, say"`
}

// NewRootLoss is gradient descent on the root of the loss,
//
//	θ ← θ − η∇√(L − L_min),  ∇√(L − L_min) = ∇L/(2√(L − L_min)),
//
// L over all rows; where L = L_min a replica stays. Batches and noisy labels have no place: the mean of roots is not the root of a
// mean. θ has the shape (d), and time, ηk after k steps, the unit of η. `momentum` and `noise` are as on gd, of these steps. A step
// costs a gradient and a loss over all rows.
//
// Near a manifold of minima it slides, at order η², to where the largest eigenvalue λ₁ of ∇²L is least: with τ = η²k and P the
// projection on the manifold dX/dτ = −⅛P∇λ₁, while √L of two steps, one after the other, sum to ½ηλ₁ + O(η²).
//
// Its streams are those of gd. Source: Arora, Li & Panigrahi 2022.
func NewRootLoss(c RootLossSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	_, at, _, err := onAll(c.Rate, nil, s)
	if err != nil {
		return nil, err
	}
	if c.Minimum == nil {
		c.Minimum = sgdlab.Constant(0)
	}
	return descent(RootLoss{Model: s.Model, Minimum: c.Minimum}, rule{c.Rate, c.Momentum, c.Nesterov}, c.Noise, at)
}

// LogLoss is the gradient of the logarithm of the loss,
//
//	∇log(L − L_min) = ∇L/(L − L_min),
//
// and NaN where L is not above L_min.
type LogLoss struct {
	Model   sgdlab.Model
	Minimum sgdlab.Setting // L_min
}

// Gradient is dst = ∇L/(L − L_min).
func (r LogLoss) Gradient(dst, theta lanes.Pack, at *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	r.Model.Grad(dst, theta, ws)
	over, least := r.Model.Loss(theta, ws), r.Minimum(at)
	for l, loss := range over {
		if over[l] = 1 / (loss - least[l]); !(loss > least[l]) {
			over[l] = math.NaN()
		}
	}
	scaled(dst, over, rec)
}

// Random is false.
func (r LogLoss) Random() bool { return false }

// Altered says so.
func (r LogLoss) Altered() string { return "on the logarithm of the loss" }

// LogLossSettings are those of `gd-on-log-loss`.
type LogLossSettings struct {
	Rate     sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate, in units of θ²"`
	Minimum  sgdlab.Setting              `default:"0" doc:"L_min, a bound below L; a replica that gets down to it counts as diverged"`
	Momentum sgdlab.Setting              `spec:"momentum,beta" optional:"true" check:">=0 <1" doc:"β, what a step keeps of the velocity; without, there is none"`
	Nesterov bool                        `optional:"true" doc:"true for Nesterov's momentum"`
	Noise    []sgdlab.Part[sgdlab.Noise] `optional:"true" doc:"one noise or a list, as an sde has them, added to every step: isotropic noise, say"`
}

// NewLogLoss is gradient descent on the logarithm of the loss,
//
//	θ ← θ − η∇log(L − L_min),  ∇log(L − L_min) = ∇L/(L − L_min),
//
// L over all rows: descent with steps of η/(L − L_min). As η → 0 its path is that of gradient flow, at another pace. With the logistic and the
// exponential loss, whose gradient dies with L, it comes in thousands of steps where descent on L takes exponentially many. θ has the
// shape (d), and time, ηk after k steps, the unit of η. `momentum` and `noise` are as on gd, of these steps. A step costs a
// gradient and a loss over all rows.
//
// Its streams are those of gd.
func NewLogLoss(c LogLossSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	_, at, _, err := onAll(c.Rate, nil, s)
	if err != nil {
		return nil, err
	}
	if c.Minimum == nil {
		c.Minimum = sgdlab.Constant(0)
	}
	return descent(LogLoss{Model: s.Model, Minimum: c.Minimum}, rule{c.Rate, c.Momentum, c.Nesterov}, c.Noise, at)
}
