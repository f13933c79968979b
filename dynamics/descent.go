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
	Unit sgdlab.Setting // the time that a spec counts as one step; η where nil
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

// Altered is "", unless the gradient is no gradient of L.
func (d *Descent) Altered() string {
	if a, ok := d.Of.(interface{ Altered() string }); ok {
		return a.Altered()
	}
	return ""
}

// Random reports whether the gradient is.
func (d *Descent) Random() bool { return d.Of.Random() }

// Pace is η, twice: a step of descent is one step, unless it is a part of one.
func (d *Descent) Pace() (unit, step sgdlab.Setting) {
	if d.Unit != nil {
		return d.Unit, d.Rate
	}
	return d.Rate, d.Rate
}

// GDSettings are those of `gd`.
type GDSettings struct {
	Rate       sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	Momentum   sgdlab.Setting              `spec:"momentum,beta" optional:"true" check:">=0 <1" doc:"β, what a step keeps of the velocity; without, there is none"`
	Nesterov   bool                        `optional:"true" doc:"true for Nesterov's momentum, which takes the next step of the velocity ahead of time, as PyTorch does"`
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
// With `momentum` β a step s = −ηg + kicks enters a velocity v, which starts at 0 and is a second block of the state,
//
//	v ← βv + s,  θ ← θ + v          (heavy ball, Polyak)
//	v ← βv + s,  θ ← θ + βv + s     (`nesterov: true`, as in PyTorch)
//
// every g and σ at the θ before. For small η it is descent at the rate η/(1 − β), after about 1/(1 − β) steps; time is ηk all the same.
//
// θ has the shape (d), and η the unit of time, θ² over L: as a step of dθ = −∇L dt. A step costs one gradient over all rows. On a
// quadratic it is stable where η times the largest curvature is below 2; with momentum below 2(1 + β), with Nesterov's below
// 2(1 + β)/(1 + 2β).
//
// Source: Polyak 1964; Nesterov 1983, in the form of Sutskever et al. 2013.
//
// Its streams are label-noise, noise[0], noise[1] and so on, whatever the dynamics is called: arms are paired by replica.
func NewGD(c GDSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	g, at, drawn, err := onAll(c.Rate, c.LabelNoise, s)
	if err != nil {
		return nil, err
	}
	return descent(g, rule{c.Rate, c.Momentum, c.Nesterov}, c.Noise, at, drawn...)
}

// onAll is the gradient over all rows, with noisy labels where there is label noise, the site inside a dynamics on it, and what it draws.
func onAll(rate sgdlab.Setting, labels *noise.LabelNoiseSettings, s *sgdlab.Site) (sgdlab.Gradient, *sgdlab.Site, []noise.Drawn, error) {
	if s.Model == nil {
		return nil, nil, nil, fmt.Errorf("gradient descent needs a model, and there is none")
	}
	at := *s
	at.Rate, at.Batch, at.Draws = rate, 0, nil
	if at.Data != nil {
		at.Batch = at.Data.N()
	}
	if labels == nil {
		return Exact{Model: s.Model}, &at, nil, nil
	}
	label, err := noise.NewLabelNoise(*labels, at.At("label-noise"))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("label-noise: %w", err)
	}
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, nil, nil, err
	}
	g := &Stochastic{Model: m, Sample: noise.FullBatch{N: m.Samples()}, Weigh: []sgdlab.Weigher{label}}
	return g, &at, []noise.Drawn{{Key: "label-noise", By: label}}, nil
}

// SGDSettings are those of `sgd`.
type SGDSettings struct {
	Rate       sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	Batch      int                         `spec:"batch,batch-size" check:">=1" doc:"B, the number of rows of a mini-batch"`
	Draw       sgdlab.Part[sgdlab.Sampler] `default:"with-replacement" doc:"how the rows are drawn"`
	Momentum   sgdlab.Setting              `spec:"momentum,beta" optional:"true" check:">=0 <1" doc:"β, what a step keeps of the velocity; without, there is none"`
	Nesterov   bool                        `optional:"true" doc:"true for Nesterov's momentum, which takes the next step of the velocity ahead of time, as PyTorch does"`
	Svag       int                         `optional:"true" check:">=1" doc:"l of SVAG: a step is l parts of length η/l on gradients whose noise is amplified, so that l → ∞ is SGD's SDE; 1 is SGD"`
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
// `momentum` and `nesterov` have all of this enter a velocity, as in gd: for small η it is then SGD at the rate η/(1 − β).
//
// θ has the shape (d), and η the unit of time, θ² over L. A step costs the gradients of B rows. It needs a model with samples.
//
// With `noise: {factor: identity, temperature: T}` a step adds √(2Tη)ξ: stochastic gradient Langevin dynamics (SGLD) on L at the
// temperature T, whose law for η → 0 is that of dθ = −∇L dt + √(2T)dW, with density ∝ e^{−L/T}; the noise of the batches is of higher order, ηC/B.
//
// With `svag: l` a step of time η is l calls of
//
//	θ ← θ − (η/l)(c₊g₁ + c₋g₂),  c_± = (1 ± √(2l − 1))/2,
//
// g₁ and g₂ of two independent batches: the mean is ∇L and the covariance l·C/B, so that over a time η the noise is SGD's, and l → ∞ is the Itô SDE
// of SGD at this η (the sde with per-sample noise). svag: 1 is SGD, to the bit. A call costs the gradients of 2B rows. Label noise is amplified with the gradients; `noise` is added
// at h = η/l.
//
// Source: Welling & Teh 2011 (SGLD); Li, Malladi & Arora 2021 (SVAG).
//
// Its streams are rows, label-noise, noise[0], noise[1] and so on, whatever the dynamics is called: arms are paired by replica. A
// `stream` beside `draw` names another for the rows. The second batch of svag has svag-rows and svag-label-noise.
func NewSGD(c SGDSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if c.Svag > 1 {
		return newSVAG(c, s)
	}
	g, at, drawn, err := onBatch(c.Rate, c.Batch, c.Draw, c.LabelNoise, s)
	if err != nil {
		return nil, err
	}
	return descent(g, rule{c.Rate, c.Momentum, c.Nesterov}, c.Noise, at, drawn...)
}

// onBatch is the gradient over a mini-batch, as onAll.
func onBatch(rate sgdlab.Setting, batch int, draw sgdlab.Part[sgdlab.Sampler], labels *noise.LabelNoiseSettings, s *sgdlab.Site) (*Stochastic, *sgdlab.Site, []noise.Drawn, error) {
	return onBatchFrom("", rate, batch, draw, labels, s)
}

// onBatchFrom is onBatch with a prefix to its streams, which sets them apart from those of another.
func onBatchFrom(prefix string, rate sgdlab.Setting, batch int, draw sgdlab.Part[sgdlab.Sampler], labels *noise.LabelNoiseSettings, s *sgdlab.Site) (*Stochastic, *sgdlab.Site, []noise.Drawn, error) {
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("mini-batches are drawn from samples: sgd %w; use gd, or an sde", err)
	}
	at := *s
	at.Rate, at.Batch = rate, batch
	draws, err := noise.BuildSampler(draw, at.At(prefix+"rows"))
	if err != nil {
		return nil, nil, nil, err
	}
	at.Draws = draws
	g := &Stochastic{Model: m, Sample: draws}
	drawn := []noise.Drawn{{Key: "draw", By: draws}}
	if labels != nil {
		label, err := noise.NewLabelNoise(*labels, at.At(prefix+"label-noise"))
		if err != nil {
			return nil, nil, nil, fmt.Errorf("label-noise: %w", err)
		}
		g.Weigh = append(g.Weigh, label)
		drawn = append(drawn, noise.Drawn{Key: "label-noise", By: label})
	}
	return g, &at, drawn, nil
}

// rule is how a gradient is followed.
type rule struct {
	rate, momentum sgdlab.Setting
	nesterov       bool
}

func descent(g sgdlab.Gradient, by rule, noises []sgdlab.Part[sgdlab.Noise], s *sgdlab.Site, drawn ...noise.Drawn) (sgdlab.Stepper, error) {
	if by.rate == nil {
		return nil, fmt.Errorf("descent needs a `rate`, the learning rate η > 0")
	}
	if by.nesterov && by.momentum == nil {
		return nil, fmt.Errorf("got nesterov: true without momentum; give `momentum`, β of the velocity, such as 0.9")
	}
	plain := &Descent{Of: g, Rate: by.rate, Dim: s.Model.Dim()}
	kicks, err := noise.Build(noises, s, drawn...)
	switch {
	case err != nil:
		return nil, err
	case by.momentum != nil && len(kicks) > 0:
		return &KickedMomentum{&Momentum{Descent: plain, Beta: by.momentum, Nesterov: by.nesterov, noise: kicks}}, nil
	case by.momentum != nil:
		return &Momentum{Descent: plain, Beta: by.momentum, Nesterov: by.nesterov}, nil
	case len(kicks) > 0:
		return &Kicked{Descent: plain, Noise: kicks}, nil
	}
	return plain, nil
}
