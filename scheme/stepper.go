// Package scheme steps SDEs: schemes, and the stepper that draws their increments.
//
// A scheme converges in one sense, Itô's or Stratonovich's; asking it for the other is an error, unless the noise is
// additive and has no sense. At h = η one Euler–Maruyama step of SGD's SDE has the mean and covariance of an SGD step. The
// orders that schemes declare are measured, on problems that have exact answers (Problems, Measure).
//
// What belongs here: how dθ = a(θ)dt + Σ scale·σ(θ)dW is discretised, and the flow dθ = a(θ)dt. What does not: what σ is and
// what is drawn (package noise), and densities and exit times (package fokkerplanck).
package scheme

import (
	"errors"
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Stepper advances an SDE by steps h under a scheme. Its time is the SDE's.
type Stepper struct {
	Of     *sgdlab.SDE
	Scheme sgdlab.Scheme
	Length sgdlab.Setting // h
	Unit   sgdlab.Setting // the time that a spec counts as one step: η where there is a rate, else h
	inc    sgdlab.Increments
	ws     lanes.Arena
}

// Drawing schemes need random numbers beyond the increments: areas, signs. Draw comes before each Step, with the same
// increments, and holds them; such a scheme serves one worker.
type Drawing interface {
	sgdlab.Scheme
	Draw(sde *sgdlab.SDE, h lanes.Vec, inc sgdlab.Increments, at *sgdlab.Clock)
}

// Fitting schemes are for some SDEs only.
type Fitting interface {
	sgdlab.Scheme
	// Fits returns nil for an SDE that the scheme can step, else says why not, and which scheme can.
	Fits(sde *sgdlab.SDE) error
}

// New returns the stepper of an SDE. It fails where the scheme converges in another sense than the SDE's and the noise
// depends on θ, where a law cannot drive its factor, and where a scheme does not fit the noise: jumps, noise that does not
// commute.
func New(sde *sgdlab.SDE, scheme sgdlab.Scheme, h sgdlab.Setting) (*Stepper, error) {
	if !sde.Additive() {
		if scheme.Sense() != sde.Sense {
			return nil, otherSense(sde.Sense)
		}
		for _, n := range sde.Noise {
			if n.Law.Index() < 2 && scheme.Sense() == sgdlab.Stratonovich {
				return nil, fmt.Errorf("a stable law of index %g jumps, and noise that depends on θ has a Stratonovich sense for continuous noise only; use calculus: ito with scheme: euler-maruyama", n.Law.Index())
			}
		}
	}
	for i, n := range sde.Noise {
		if err := noise.Drives(n.Law, n.Factor); err != nil {
			return nil, fmt.Errorf("noise[%d]: %w", i, err)
		}
	}
	if f, ok := scheme.(Fitting); ok {
		if err := f.Fits(sde); err != nil {
			return nil, err
		}
	}
	return &Stepper{Of: sde, Scheme: scheme, Length: h, Unit: h}, nil
}

func otherSense(want sgdlab.Sense) error {
	if want == sgdlab.Stratonovich {
		return fmt.Errorf("calculus: stratonovich with noise that depends on θ, but the scheme converges in the sense of Itô; use scheme: heun, or calculus: ito")
	}
	return fmt.Errorf("calculus: ito with noise that depends on θ, but the scheme converges in the sense of Stratonovich; use scheme: euler-maruyama, milstein, runge-kutta-weak-2 or tamed-euler, or calculus: stratonovich")
}

// Blocks returns θ.
func (s *Stepper) Blocks() []sgdlab.Block {
	return []sgdlab.Block{{Name: "theta", Size: s.Of.Drift.Dim()}}
}

// Init copies θ into the fresh lanes.
func (s *Stepper) Init(state, theta lanes.Pack, _ *sgdlab.Clock, fresh lanes.Mask) {
	lanes.CopyLanes(state, theta, fresh)
}

// Step draws the increments of a step, moves the live lanes and returns h.
func (s *Stepper) Step(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	s.ws.Reset()
	s.ws.Idle = at.Idle
	h := s.Length(at)
	sgdlab.ReadClock(s.Of.Drift, at)
	noise.Draw(&s.inc, s.Of.Noise, h, at, &s.ws)
	if d, ok := s.Scheme.(Drawing); ok {
		d.Draw(s.Of, h, s.inc, at)
	}
	s.Scheme.Step(s.Of, theta, h, s.inc, live, &s.ws)
	if rec != nil {
		rec.Used(sgdlab.Rows{}, nil, nil) // a step of an SDE has no one gradient
		rec.Dt, rec.Live = h, live
	}
	return h
}

// Random reports whether there is any noise.
func (s *Stepper) Random() bool { return len(s.Of.Noise) > 0 }

// SDE is what is discretised.
func (s *Stepper) SDE() *sgdlab.SDE { return s.Of }

// Pace is η, the time that a spec counts as one step (h where there is no rate), and h.
func (s *Stepper) Pace() (unit, step sgdlab.Setting) { return s.Unit, s.Length }

// SDESettings are those of `sde`.
type SDESettings struct {
	Calculus sgdlab.Sense                `doc:"how ∫σ(θ)dW is meant: ito or stratonovich; SGD's SDE is Itô's"`
	Rate     sgdlab.Setting              `spec:"rate,lr,eta,learning-rate" optional:"true" check:">0" doc:"η of the SGD that the noise models; the step where missing"`
	Step     sgdlab.Setting              `spec:"step,dt" optional:"true" check:">0" doc:"h, in units of time ηk; the rate where missing"`
	Drift    sgdlab.Part[sgdlab.Drift]   `default:"downhill" doc:"a(θ) of a(θ)dt"`
	Noise    []sgdlab.Part[sgdlab.Noise] `optional:"true" doc:"one noise or a list: each a factor and a law"`
	Scheme   sgdlab.Part[sgdlab.Scheme]  `default:"euler-maruyama" doc:"how a step is taken"`
}

// NewSDE is a stochastic differential equation under a scheme,
//
//	dθ = a(θ)dt + Σ scale·σ(θ)dW,
//
// with the drift a, −∇L where nothing else is said, and any number of noises, each a factor σ(θ) of shape (d, m) and a
// law; θ has the shape (d). Over a step h a noise moves θ by scale·σ(θ)·h^(1/α)ξ, α = 2 for laws with a variance. Time is
// that of SGD, ηk: at h = η a step of Euler–Maruyama under per-sample noise has the mean and covariance of a step of SGD.
// h, η and time share one unit, in which L is θ² over time.
//
// In the two senses one equation has two drifts, a_Itô = a_Stratonovich + ½ Σⱼ (∂σⱼ)σⱼ with the columns σⱼ, scales included; `sgdlab check SPEC` writes the
// difference out for a spec's own noise. The scheme must converge in the sense of `calculus`, unless no noise depends on θ: then there is one sense. A step costs
// one gradient over all rows for each drift that the scheme takes, and its products with σ. Events on smooth observables
// are seen inside the steps, by a Brownian bridge, where the noise is Gaussian.
//
// Its streams are noise[0], noise[1] and so on, whatever the dynamics is called: arms are paired by replica.
func NewSDE(c SDESettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("an sde needs a model, and there is none")
	}
	unit, h, drift, err := paced(c.Rate, c.Step, c.Drift, s)
	if err != nil {
		return nil, err
	}
	at := inside(s, unit)
	noises, err := noise.Build(c.Noise, &at)
	if err != nil {
		return nil, err
	}
	sde := &sgdlab.SDE{Drift: drift, Noise: noises, Sense: c.Calculus}
	var scheme sgdlab.Scheme = EulerMaruyama{}
	if err := counted(noises, c.Rate, c.Step); err != nil {
		return nil, err
	}
	if c.Scheme != nil {
		var err error
		if scheme, err = c.Scheme(at.At("scheme")); err != nil {
			return nil, err
		}
	}
	stepper, err := New(sde, scheme, h)
	if err != nil {
		return nil, err
	}
	stepper.Unit = unit
	return stepper, nil
}

var errCounted = errors.New("a schedule in steps counts calls of the scheme, of which a `step` apart from the `rate` makes several, or a part, of a step; leave `step` out, or count the lengths of the schedule in time (in: time)")

func bySteps(settings ...sgdlab.Setting) bool {
	for _, s := range settings {
		if by, _ := s.Varies(); by {
			return true
		}
	}
	return false
}

// counted refuses noise that is scheduled by steps where calls are not steps.
func counted(noises []sgdlab.Noise, rate, step sgdlab.Setting) error {
	for i, n := range noises {
		if rate != nil && step != nil && bySteps(n.Scale) {
			return fmt.Errorf("noise[%d]: %w", i, errCounted)
		}
	}
	return nil
}

// inside is the site of what a dynamics is built of: its rate is the time that counts as one step, its batch all rows.
func inside(s *sgdlab.Site, unit sgdlab.Setting) sgdlab.Site {
	at := *s
	at.Rate, at.Batch, at.Draws = unit, 0, nil
	if at.Data != nil {
		at.Batch = at.Data.N()
	}
	return at
}

// paced returns the time that counts as one step, the time of one call, and the drift.
func paced(rate, step sgdlab.Setting, part sgdlab.Part[sgdlab.Drift], s *sgdlab.Site) (unit, h sgdlab.Setting, drift sgdlab.Drift, err error) {
	unit, h = rate, step
	switch {
	case unit == nil && h == nil:
		return nil, nil, nil, fmt.Errorf("give a `rate` (η of the descent that is modelled), a `step` (h, the time of one step), or both")
	case unit == nil:
		unit = h
	case h != nil && bySteps(unit, h):
		return nil, nil, nil, errCounted
	case h == nil:
		h = unit
	}
	if part == nil {
		part = func(s *sgdlab.Site) (sgdlab.Drift, error) { return NewDownhill(struct{}{}, s) }
	}
	at := inside(s, unit)
	if drift, err = part(&at); err != nil {
		return nil, nil, nil, err
	}
	if drift.Dim() != s.Model.Dim() {
		return nil, nil, nil, fmt.Errorf("got a drift of %d coordinates for a model of %d; want as many", drift.Dim(), s.Model.Dim())
	}
	return unit, h, drift, nil
}
