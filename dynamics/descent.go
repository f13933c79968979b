// Package dynamics holds discrete dynamics: gradients, exact and stochastic, and the steppers that follow them.
//
// What belongs here: how a gradient is made of rows and weights, and update rules built on any gradient. What does not:
// which rows are drawn and what is added to their labels (package noise), and discretised diffusions (package scheme).
package dynamics

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Descent is
//
//	θ ← θ − ηg(θ):
//
// GD on an exact gradient, SGD on a stochastic one. Its time is ηk.
type Descent struct {
	Of   sgdlab.Gradient
	Rate sgdlab.Setting // η
	Dim  int
	ws   lanes.Arena
}

// Blocks returns θ.
func (d *Descent) Blocks() []sgdlab.Block { return []sgdlab.Block{{Name: "theta", Size: d.Dim}} }

// Init copies θ into the fresh lanes.
func (d *Descent) Init(state, theta lanes.Pack, _ *sgdlab.Clock, fresh lanes.Mask) {
	lanes.CopyLanes(state, theta, fresh)
}

// Step moves the live lanes by −ηg and returns η.
func (d *Descent) Step(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	return d.step(theta, at, live, rec, nil, nil)
}

func (d *Descent) step(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord, noises []sgdlab.Noise, inc *sgdlab.Increments) lanes.Vec {
	d.ws.Reset()
	d.ws.Idle = at.Idle
	g := d.ws.Pack(d.Dim)
	d.Of.Gradient(g, theta, at, rec, &d.ws)
	eta := d.Rate(at)
	if len(noises) > 0 {
		noise.Draw(inc, noises, eta, at, &d.ws)
	}
	noise.Move(theta, eta, g, noises, inc, live, &d.ws)
	if rec != nil {
		rec.Dt, rec.Live = eta, live
	}
	return eta
}

// Random reports whether the gradient is.
func (d *Descent) Random() bool { return d.Of.Random() }

// Pace is η, twice: a step of descent is one step.
func (d *Descent) Pace() (unit, step sgdlab.Setting) { return d.Rate, d.Rate }

// GDSettings are those of `gd`.
type GDSettings struct {
	Rate       sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	Momentum   sgdlab.Setting              `spec:"momentum,beta" optional:"true" check:">=0" doc:"β of the velocity; none where missing"`
	Nesterov   bool                        `default:"false" doc:"look ahead along the velocity, with momentum (Nesterov); otherwise heavy ball (Polyak)"`
	LabelNoise *noise.LabelNoiseSettings   `optional:"true" doc:"noise on the label of every sample, fresh at every step"`
	Noise      []sgdlab.Part[sgdlab.Noise] `optional:"true" doc:"one noise or a list, as an sde has them, added to every step: isotropic noise, say"`
}

// NewGD is gradient descent on all samples, or on a landscape,
//
//	θ ← θ − η∇L(θ)
//
// and with `label-noise` −η∇L of labels y − ζξ, a fresh ξ for every label at every step: a kick of covariance (η²ζ²/n)·s·H_GN, s = 1
// for the loss mean-half. With `noise` each step also adds Σ scale·σ(θ)·η^(1/α)ξ, σ at the θ before the step:
// without label noise this is the Euler–Maruyama chain of the SDE with h = η. Time is ηk after k steps. Events are seen
// at the ends of steps.
//
// θ has the shape (d), and η the unit of time, θ² over L: as a step of dθ = −∇L dt. A step costs one gradient over all rows. On a
// quadratic it is stable where η times the largest curvature is below 2.
//
// With `momentum` β there is a velocity v, 0 at the start,
//
//	v ← βv − ηg(θ),  θ ← θ + v,  or with `nesterov: true`  θ ← θ + βv − ηg(θ):
//
// on a quadratic they are stable where η times the largest curvature is below 2(1 + β), and below 2(1 + β)/(1 + 2β).
//
// Its streams are label-noise, noise[0], noise[1] and so on, whatever the dynamics is called: arms are paired by replica.
func NewGD(c GDSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("gradient descent needs a model, and there is none")
	}
	at := *s
	at.Rate, at.Batch, at.Draws = c.Rate, 0, nil
	if at.Data != nil {
		at.Batch = at.Data.N()
	}
	if c.LabelNoise == nil {
		return descent(Exact{Model: s.Model}, c.Rate, c.Momentum, c.Nesterov, c.Noise, &at)
	}
	label, err := noise.NewLabelNoise(*c.LabelNoise, at.At("label-noise"))
	if err != nil {
		return nil, fmt.Errorf("label-noise: %w", err)
	}
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, err
	}
	g := &Stochastic{Model: m, Sample: noise.FullBatch{N: m.Samples()}, Weigh: []sgdlab.Weigher{label}}
	return descent(g, c.Rate, c.Momentum, c.Nesterov, c.Noise, &at, noise.Drawn{Key: "label-noise", By: label})
}

// SGDSettings are those of `sgd`.
type SGDSettings struct {
	Rate       sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	Momentum   sgdlab.Setting              `spec:"momentum,beta" optional:"true" check:">=0" doc:"β of the velocity; none where missing"`
	Nesterov   bool                        `default:"false" doc:"look ahead along the velocity, with momentum (Nesterov); otherwise heavy ball (Polyak)"`
	Batch      int                         `spec:"batch,batch-size" check:">=1" doc:"B, the number of rows of a mini-batch"`
	Draw       sgdlab.Part[sgdlab.Sampler] `default:"with-replacement" doc:"how the rows are drawn"`
	LabelNoise *noise.LabelNoiseSettings   `optional:"true" doc:"noise on the labels, fresh for every row drawn"`
	Noise      []sgdlab.Part[sgdlab.Noise] `optional:"true" doc:"one noise or a list, as an sde has them, added to every step: isotropic noise, say"`
}

// NewSGD is stochastic gradient descent on mini-batches,
//
//	θ ← θ − (η/B) Σ ∇ℓᵢ(θ)
//
// over the B rows i that `draw` draws, unbiased for ∇L whatever the prefactor of the loss. With C the covariance of one sample's gradient,
// a step has mean −η∇L and covariance (η²/B)·C with replacement, (n − B)/(n − 1) times that without. `label-noise` adds
// (η²ζ²/B)·s·H_GN for the B labels drawn (s = 1 for the loss mean-half); `noise` adds Σ scale·σ(θ)·η^(1/α)ξ, σ at the θ before the step, such as
// {factor: identity, variance: δ}, for (η²/B)(C + δI) in all. Time is ηk after k steps. Events are seen at the ends of steps.
//
// θ has the shape (d), and η the unit of time, θ² over L. A step costs the gradients of B rows. It needs a model with samples.
// `momentum` and `nesterov` are those of gd.
//
// Its streams are rows, label-noise, noise[0], noise[1] and so on, whatever the dynamics is called: arms are paired by replica. A
// `stream` beside `draw` names another for the rows.
func NewSGD(c SGDSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, fmt.Errorf("mini-batches are drawn from samples: sgd %w; use gd, or an sde", err)
	}
	at := *s
	at.Rate, at.Batch = c.Rate, c.Batch
	draws, err := noise.BuildSampler(c.Draw, at.At("rows"))
	if err != nil {
		return nil, err
	}
	at.Draws = draws
	g := &Stochastic{Model: m, Sample: draws}
	drawn := []noise.Drawn{{Key: "draw", By: draws}}
	if c.LabelNoise != nil {
		label, err := noise.NewLabelNoise(*c.LabelNoise, at.At("label-noise"))
		if err != nil {
			return nil, fmt.Errorf("label-noise: %w", err)
		}
		g.Weigh = append(g.Weigh, label)
		drawn = append(drawn, noise.Drawn{Key: "label-noise", By: label})
	}
	return descent(g, c.Rate, c.Momentum, c.Nesterov, c.Noise, &at, drawn...)
}

func descent(g sgdlab.Gradient, rate, momentum sgdlab.Setting, nesterov bool, noises []sgdlab.Part[sgdlab.Noise], s *sgdlab.Site, drawn ...noise.Drawn) (sgdlab.Stepper, error) {
	if rate == nil {
		return nil, fmt.Errorf("descent needs a `rate`, the learning rate η > 0")
	}
	of := &Descent{Of: g, Rate: rate, Dim: s.Model.Dim()}
	switch {
	case momentum == nil && nesterov:
		return nil, fmt.Errorf("nesterov without momentum; give momentum, such as 0.9")
	case momentum == nil:
		return kicked(of, noises, s, drawn...)
	case len(noises) > 0:
		return nil, fmt.Errorf("noise beside momentum, which leaves open whether θ or its velocity is kicked; use one of them")
	}
	if err := noise.Distinct(drawn...); err != nil {
		return nil, err
	}
	return &Momentum{Descent: of, Beta: momentum, Nesterov: nesterov}, nil
}

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
		return nil, fmt.Errorf("the derivative of a step is known for descent on ∇L alone; use gd without label noise")
	}
	return sgdlab.As[sgdlab.Curved](exact.Model)
}
