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
	d.ws.Reset()
	g := d.ws.Pack(d.Dim)
	d.Of.Gradient(g, theta, at, rec, &d.ws)
	eta := d.Rate(at)
	lanes.Descend(theta, eta, g, live)
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
	Rate       sgdlab.Setting            `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	LabelNoise *noise.LabelNoiseSettings `optional:"true" doc:"noise on the label of every sample, fresh at every step"`
}

// NewGD is gradient descent on all samples, or on a landscape.
func NewGD(c GDSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("gradient descent needs a model, and there is none")
	}
	if c.LabelNoise == nil {
		return descent(Exact{Model: s.Model}, c.Rate, s)
	}
	at := *s
	at.Rate = c.Rate
	label, err := noise.NewLabelNoise(*c.LabelNoise, at.At("label-noise"))
	if err != nil {
		return nil, fmt.Errorf("label-noise: %w", err)
	}
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, err
	}
	return descent(&Stochastic{Model: m, Sample: noise.FullBatch{N: m.Samples()}, Weigh: []sgdlab.Weigher{label}}, c.Rate, s)
}

// SGDSettings are those of `sgd`.
type SGDSettings struct {
	Rate       sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η, the learning rate"`
	Batch      int                         `spec:"batch,batch-size" check:">=1" doc:"B, the number of rows of a mini-batch"`
	Draw       sgdlab.Part[sgdlab.Sampler] `default:"with-replacement" doc:"how the rows are drawn"`
	LabelNoise *noise.LabelNoiseSettings   `optional:"true" doc:"noise on the labels, fresh for every row drawn"`
}

// NewSGD is stochastic gradient descent on mini-batches. Its streams are `rows` and `label-noise`, whatever the dynamics is
// called: arms are paired by replica.
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
	if c.LabelNoise != nil {
		label, err := noise.NewLabelNoise(*c.LabelNoise, at.At("label-noise"))
		if err != nil {
			return nil, fmt.Errorf("label-noise: %w", err)
		}
		g.Weigh = append(g.Weigh, label)
	}
	return descent(g, c.Rate, s)
}

func descent(g sgdlab.Gradient, rate sgdlab.Setting, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if rate == nil {
		return nil, fmt.Errorf("descent needs a `rate`, the learning rate η > 0")
	}
	return &Descent{Of: g, Rate: rate, Dim: s.Model.Dim()}, nil
}
