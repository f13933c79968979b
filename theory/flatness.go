package theory

import (
	"errors"
	"fmt"

	"sgdlab"
)

// FlatnessRate is how fast label noise carries descent on L = ½(uv − y)² along its minima uv = y to where they are flat: with ζ the deviation
// of the noise on the label and h = u² + v² the sharpness there, Q = u² − v² falls in the mean as
//
//	−d ln|Q|/dt = ηζ²/(1 − ηh/2)
//
// per unit of time ηk. A step multiplies Q by exactly 1 − η²g², and the stationary residual has E g² = 2ζ²/(2 − ηh). It is the gradient flow of
// (ηζ²/4)·tr ∇²L on the minima, with the factor that a finite rate adds. ζ is in units of y, and small beside it.
//
// From a run: the rate, and the amplitude of its label noise.
//
// Source: derived here; that label noise goes where tr ∇²L falls is of Blanc, Gupta, Valiant & Valiant 2020.
type FlatnessRate struct {
	Rate      float64 `optional:"true" check:">0" doc:"η"`
	Amplitude float64 `optional:"true" check:">0" doc:"ζ, the standard deviation of the noise on the label"`
	Sharpness float64 `check:">0" doc:"h; below 2/η"`
}

// NewFlatnessRate makes the rate.
func NewFlatnessRate(c FlatnessRate, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r != nil {
		net, err := sgdlab.As[sgdlab.Squared](r.Model)
		if err == nil && (net.Samples() != 1 || net.Dim() != 2 || net.PerLabel() != 1) {
			err = fmt.Errorf("its model has %d parameters on %d samples and moves by %g per label; flatness-rate is of ½(uv − y)², two on one", net.Dim(), net.Samples(), net.PerLabel())
		}
		if err = errors.Join(err, ordinaryLabels(r, "flatness-rate")); err != nil {
			return nil, err
		}
	}
	err := complete(r,
		want{"rate", &c.Rate, rate(r)},
		want{"amplitude", &c.Amplitude, setting(r, "label-noise.amplitude", "noise.amplitude")},
		want{"sharpness", &c.Sharpness, nil},
	)
	if err == nil {
		err = errors.Join(positive("rate", c.Rate), positive("amplitude", c.Amplitude), positive("sharpness", c.Sharpness))
	}
	if err == nil && c.Rate*c.Sharpness >= 2 {
		err = fmt.Errorf("ηh = %g; from 2 on the minimum is unstable: take a rate below %g", c.Rate*c.Sharpness, 2/c.Sharpness)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c FlatnessRate) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Leading, c.Rate*float64(c.Amplitude*c.Amplitude)/(1-c.Rate*c.Sharpness/2), c.Amplitude*c.Amplitude,
		"label noise on ½(uv − y)² near its minima, small beside y", "derived-here")
}
