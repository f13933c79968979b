package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
)

// ModeDiffusionPeak is where SGD without label noise moves a balanced mode of a deep linear network most noisily,
//
//	s/s* = (2Λ − 2)/(3Λ − 2),
//
// Λ the number of layers and s* the strength at which the mode ends: the place of the largest s^(2−2/Λ)|s − s*| below s*, as the SDE of the
// mode is
//
//	ds = cΛ s^(2−2/Λ) (s* − s) dt + O(η) dt + √(η/B) Λ s^(2−2/Λ) |s − s*| √(m₄ − m₂²) dW
//
// in Itô's sense, with c = m₂ and m₄ the moments of its input and the loss mean-half. It does not depend on the moments, and so not on whether the inputs are
// fresh or rows of a set that follows its teacher. That is 1/2, 4/7 and 3/5 of the way for Λ = 2, 3 and 4.
//
// From a run: the mode of a model that knows its modes.
//
// Source: after Corlouer, Semler, Strang & Gietelink Oldenziel 2026; derived here.
type ModeDiffusionPeak struct {
	Strength float64 `optional:"true" check:">0" doc:"s*, the strength at which the mode ends"`
	Depth    int     `optional:"true" check:">=2" doc:"Λ, the number of weight matrices; 2 where there is no run"`
	Mode     int     `default:"1" check:">=1" doc:"which mode to read from the run, 1 the strongest"`
}

// NewModeDiffusionPeak makes that place.
func NewModeDiffusionPeak(c ModeDiffusionPeak, r *sgdlab.Run) (sgdlab.Theory, error) {
	scale := 1.0
	if err := (mode{strength: &c.Strength, scale: &scale, depth: &c.Depth, index: c.Mode}).complete(r); err != nil {
		return nil, err
	}
	if err := positive("strength", c.Strength); err != nil {
		return nil, err
	}
	if c.Depth < 2 {
		return nil, fmt.Errorf("depth is %d; the noise of one layer falls all the way: use at least 2", c.Depth)
	}
	return predict(c)
}

func (c ModeDiffusionPeak) Predict([]float64) sgdlab.Prediction {
	l := float64(c.Depth)
	return sgdlab.One(sgdlab.Exact, c.Strength*(2*l-2)/(3*l-2), 0, "balanced mode, rows that follow a linear teacher, no label noise", "corlouer-2026")
}

// ModeDeviation is the stationary standard deviation of the strength s = uv of a balanced mode of two layers about s*, under SGD with label noise,
//
//	sd s = ζ √(ηs*/B) / √(1 − ηs*(m₂ + κ/B)),  κ = m₄/m₂ − m₂,
//
// m₂ and m₄ the moments of its one input: over its rows, or 1 and 3 for fresh Gaussian ones, of which B = 1 gives ζ√(ηs*/(1 − 3ηs*)). The
// chain is s′ − s* = (1 − 2ηs*X̄)(s − s*) + 2ηs*ζN at small noise, X̄ = (1/B) Σ xᵢ² and N = (1/B) Σ ξᵢxᵢ over the batch. It leaves out O(ηζ²/s*).
//
// From a run: two layers of one input and one output, whose targets follow a line, on sgd that draws with replacement.
//
// Source: after Corlouer, Semler, Strang & Gietelink Oldenziel 2026; derived here.
type ModeDeviation struct {
	Rate      float64 `optional:"true" check:">0" doc:"η, times what a unit of label moves the slope of the loss by, 1 for mean-half"`
	Strength  float64 `optional:"true" check:">0" doc:"s*"`
	Amplitude float64 `optional:"true" check:">0" doc:"ζ, the standard deviation of the noise on one label"`
	Batch     float64 `optional:"true" check:">=1" doc:"B"`
	Second    float64 `optional:"true" check:">0" doc:"m₂, the mean of x²; 1 where there is no run"`
	Fourth    float64 `optional:"true" check:">0" doc:"m₄, the mean of x⁴; 3 where there is no run"`
}

// NewModeDeviation makes that deviation.
func NewModeDeviation(c ModeDeviation, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r == nil {
		c.Second, c.Fourth = orElse(c.Second, 1), orElse(c.Fourth, 3)
	} else if err := errors.Join(scalarMode(r), ordinaryLabels(r, "mode-deviation")); err != nil {
		return nil, err
	}
	moment := func(power int) func() (float64, error) {
		return func() (float64, error) {
			sum := 0.0
			for i := range r.Data.X.Rows {
				p := 1.0
				for range power {
					p *= r.Data.X.At(i, 0)
				}
				sum += p
			}
			return sum / float64(r.Data.X.Rows), nil
		}
	}
	err := complete(r,
		want{"rate", &c.Rate, func() (float64, error) {
			m, err := sgdlab.As[sgdlab.Squared](r.Model)
			if err != nil {
				return 0, err
			}
			eta, err := rate(r)()
			return eta * m.PerLabel(), err
		}},
		want{"strength", &c.Strength, func() (float64, error) { return mode{index: 1}.learnt(r) }},
		want{"amplitude", &c.Amplitude, setting(r, "label-noise.amplitude")},
		want{"batch", &c.Batch, setting(r, "batch")},
		want{"second", &c.Second, moment(2)},
		want{"fourth", &c.Fourth, moment(4)},
	)
	if err == nil {
		err = errors.Join(positive("rate", c.Rate), positive("strength", c.Strength), positive("amplitude", c.Amplitude),
			positive("batch", c.Batch), positive("second", c.Second), positive("fourth", c.Fourth))
	}
	if err != nil {
		return nil, err
	}
	if x := c.spread(); !(x < 1) {
		return nil, fmt.Errorf("ηs*(m₂ + κ/B) = %g; from 1 on the variance is infinite: take a rate below %g", x, c.Rate/x)
	}
	return predict(c)
}

// scalarMode checks that the run is of two layers of one input and one output.
func scalarMode(r *sgdlab.Run) error {
	if _, err := twoLayers(r, "mode-deviation"); err != nil {
		return err
	}
	if d, k := r.Data.Inputs(), r.Data.Outputs(); d != 1 || k != 1 {
		return fmt.Errorf("the data has %d inputs and %d outputs; mode-deviation is of one mode alone: use inputs: 1 and outputs: 1", d, k)
	}
	if m := r.Data.Moments(); m.Floor > 1e-20*m.YY.At(0, 0) {
		return errors.New("the targets are off any line, and their residuals are noise of another kind; use data without label-noise of its own")
	}
	return nil
}

// spread is ηs*(m₂ + κ/B).
func (c ModeDeviation) spread() float64 {
	return c.Rate * c.Strength * (c.Second + (c.Fourth/c.Second-c.Second)/c.Batch)
}

func (c ModeDeviation) Predict([]float64) sgdlab.Prediction {
	small := c.Rate * c.Amplitude * c.Amplitude / c.Strength
	return sgdlab.One(sgdlab.Leading, c.Amplitude*math.Sqrt(c.Rate*c.Strength/(c.Batch*(1-c.spread()))), small,
		"stationary, one balanced mode of two layers, SGD with replacement and label noise, ηζ² ≪ s*", "corlouer-2026")
}
