package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
)

// LogDetDecay is the constant rate at which label noise makes log det ΘᵀΘ of a two-layer linear network fall, whatever θ,
//
//	d/dt log det ΘᵀΘ = −2ηδk · tr(XᵀX) · s²/n²,
//
// with Θ = [W₁ W₂ᵀ] of shape (h, d + k) for W₁ (h, d) and W₂ (k, h), as the observable log-det-gram has it, δ = ζ² the variance of the noise on one label, and s what a unit of label moves
// the slope of the loss by: s²/n² is 1 for ½ of the sum, 1/n² for ½ of the mean. It is a law of each path of the Itô
// SDE with label noise alone, on the full batch. Descent at a finite rate adds −2η‖∇L‖² and O(η²), which the lab does not
// know beforehand. The rate is in units of 1/time.
//
// From a run: two layers at least as wide as inputs and outputs together (else the determinant is 0 throughout), and
// label noise on gd, or as the only noise of an Itô SDE.
//
// Source: after Varre, Sagitova & Flammarion 2024; rederived from the update.
type LogDetDecay struct {
	Rate     float64 `optional:"true" check:">0" doc:"η"`
	Variance float64 `optional:"true" check:">0" doc:"δ = ζ², the variance of the noise on one label"`
	Outputs  float64 `optional:"true" check:">=1" doc:"k"`
	Trace    float64 `optional:"true" check:">0" doc:"tr XᵀX, the sum of the squares of all inputs"`
	Samples  float64 `optional:"true" check:">=1" doc:"n"`
	PerLabel float64 `optional:"true" check:">0" doc:"s: n for the loss sum-half, 1 for mean-half, 2 for mean"`

	Discrete bool `default:"false" doc:"true for descent rather than the SDE: the law then holds at leading order in η; set from a run"`
}

// NewLogDetDecay makes the law of the determinant.
func NewLogDetDecay(c LogDetDecay, r *sgdlab.Run) (sgdlab.Theory, error) {
	var sampled sgdlab.Squared
	if r != nil {
		var err error
		if sampled, err = twoLayers(r, "log-det-decay"); err != nil {
			return nil, err
		}
		if err := notSingular(r); err != nil {
			return nil, err
		}
		if c.Discrete, err = labelNoiseAlone(r, "log-det-decay"); err != nil {
			return nil, err
		}
	}
	given := func(x func() float64) func() (float64, error) {
		return func() (float64, error) { return x(), nil }
	}
	err := complete(r,
		want{"rate", &c.Rate, rate(r)},
		want{"variance", &c.Variance, func() (float64, error) {
			zeta, err := setting(r, "label-noise.amplitude", "noise.amplitude", "noise[0].amplitude")()
			return zeta * zeta, err
		}},
		want{"outputs", &c.Outputs, given(func() float64 { return float64(r.Data.Outputs()) })},
		want{"trace", &c.Trace, given(func() float64 {
			var sum float64
			for i := range r.Data.X.Rows {
				for j := range r.Data.X.Cols {
					sum += r.Data.X.At(i, j) * r.Data.X.At(i, j)
				}
			}
			return sum
		})},
		want{"samples", &c.Samples, given(func() float64 { return float64(sampled.Samples()) })},
		want{"per-label", &c.PerLabel, given(func() float64 { return sampled.PerLabel() })},
	)
	if err != nil {
		return nil, err
	}
	err = errors.Join(positive("rate", c.Rate), positive("variance", c.Variance), positive("outputs", c.Outputs),
		positive("trace", c.Trace), positive("samples", c.Samples), positive("per-label", c.PerLabel))
	if err != nil {
		return nil, err
	}
	return predict(c)
}

// twoLayers checks that the run is of two layers that learn labels.
func twoLayers(r *sgdlab.Run, law string) (sgdlab.Squared, error) {
	if r.Data == nil {
		return nil, fmt.Errorf("the run has no data; %s is about a network that learns labels", law)
	}
	layered, err := sgdlab.As[sgdlab.Layered](r.Model)
	if err != nil {
		return nil, fmt.Errorf("%s %w", law, err)
	}
	if n := len(layered.Layers()); n != 2 {
		return nil, fmt.Errorf("the model has %d layers; %s is a law of two", n, law)
	}
	return sgdlab.As[sgdlab.Squared](r.Model)
}

// notSingular checks that the determinant of two layers can be other than 0.
func notSingular(r *sgdlab.Run) error {
	layered, err := sgdlab.As[sgdlab.Layered](r.Model)
	if err != nil {
		return err
	}
	shapes := layered.Layers()
	if l, pk := shapes[0].Rows, shapes[0].Cols+shapes[1].Rows; l < pk {
		return fmt.Errorf("the hidden layer has width %d; below inputs + outputs = %d the determinant is 0 throughout", l, pk)
	}
	return nil
}

// ordinaryLabels refuses noise on labels that all labels of a step share, and that without a variance.
func ordinaryLabels(r *sgdlab.Run, law string) error {
	for _, at := range []string{"label-noise.per", "noise.per", "noise[0].per"} {
		if r.Word != nil && r.Word(at) == "step" {
			return fmt.Errorf("all labels of a step share one draw; %s is for noise that is fresh for every label", law)
		}
	}
	if alpha, err := setting(r, "label-noise.alpha", "label-noise.law.alpha")(); err == nil && alpha < 2 {
		return fmt.Errorf("the noise of the labels has infinite variance (α = %g); %s is for noise with a variance", alpha, law)
	}
	return nil
}

// labelNoiseAlone checks that the run has label noise and no other, and reports whether the dynamics is discrete.
func labelNoiseAlone(r *sgdlab.Run, law string) (discrete bool, err error) {
	if b, err := batch(r)(); err == nil && b != float64(r.Data.N()) {
		return false, fmt.Errorf("the batch is %g of %d; %s is for the full batch, where nothing but the labels is noisy", b, r.Data.N(), law)
	}
	if err := ordinaryLabels(r, law); err != nil {
		return false, err
	}
	if k, ok := r.Dynamic.(sgdlab.Kicked); ok {
		return false, fmt.Errorf("the descent has %d noises besides; %s is for label noise alone", len(k.Kicks()), law)
	}
	d, ok := r.Dynamic.(sgdlab.Diffusive)
	if !ok {
		return true, nil
	}
	switch sde := d.SDE(); {
	case sde.Sense != sgdlab.Ito:
		return false, fmt.Errorf("the SDE is read in the Stratonovich sense, in which label noise does not do what %s says; want calculus: ito", law)
	case len(sde.Noise) != 1:
		return false, fmt.Errorf("the SDE has %d noises; %s is for label noise alone", len(sde.Noise), law)
	case sde.Noise[0].Law.Index() != 2:
		return false, fmt.Errorf("the noise has infinite variance (α = %g); %s is for noise with a variance", sde.Noise[0].Law.Index(), law)
	}
	return false, nil
}

func (c LogDetDecay) Predict([]float64) sgdlab.Prediction {
	moved := c.PerLabel / c.Samples
	p := sgdlab.One(sgdlab.Exact, -2*c.Rate*c.Variance*c.Outputs*c.Trace*moved*moved, 0,
		"Itô SDE with label noise alone, full batch, two layers at least as wide as inputs + outputs", "varre-2024")
	if c.Discrete {
		p.Kind, p.Neglects[0] = sgdlab.Leading, math.NaN()
		p.Regime = "descent at a small rate with label noise alone, full batch, two layers at least as wide as inputs + outputs; leaves out −2η‖∇L‖² and O(η²)"
	}
	return p
}
