package observable

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// OscillationVariance is tr Σ, the variance of the fast oscillation that a central flow goes with, summed over the coordinates,
//
//	tr Σ = E‖θₖ − θ‖²,
//
// E a mean over a while in time of descent; in units of θ². It is that of the last substep, and 0 at the start. On the edge it
// is what gradient descent adds to ‖∇L‖² in the mean, times η²/4.
//
// Source: Cohen, Damian, Talwalkar, Kolter & Lee 2024.
type OscillationVariance struct{ Dim int }

// NewOscillationVariance reads the block oscillation of the state, which central-flow has.
func NewOscillationVariance(_ struct{}, s *sgdlab.Site) (sgdlab.Observable, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("there is no model")
	}
	return OscillationVariance{Dim: s.Model.Dim()}, nil
}

// Reads is oscillation.
func (o OscillationVariance) Reads() []string { return []string{"oscillation"} }

// Columns is oscillation-variance.
func (o OscillationVariance) Columns() []sgdlab.Column { return named("oscillation-variance") }

// Observe is dst = Σ ‖yₖ‖².
func (o OscillationVariance) Observe(dst, state lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	dst[0] = lanes.Dot(state[o.Dim:], state[o.Dim:])
}

// PredictedLoss is the loss that a central flow predicts for the mean over descent's oscillation,
//
//	L(θ) + ½⟨∇²L(θ), Σ⟩,
//
// in units of L: L + tr Σ/η where every direction that oscillates is on the edge. Σ is that of the last substep, and 0 at the start.
//
// Source: Cohen, Damian, Talwalkar, Kolter & Lee 2024.
type PredictedLoss struct {
	Of     sgdlab.Model
	Curved sgdlab.Curved
}

// NewPredictedLoss needs Hessian–vector products, one for each of the up to six directions that oscillate, and reads the block oscillation
// of the state, which central-flow has.
func NewPredictedLoss(_ struct{}, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	c, err := sgdlab.As[sgdlab.Curved](m)
	if err != nil {
		return nil, err
	}
	return PredictedLoss{Of: m, Curved: c}, nil
}

// Reads is oscillation.
func (o PredictedLoss) Reads() []string { return []string{"oscillation"} }

// Columns is predicted-loss.
func (o PredictedLoss) Columns() []sgdlab.Column { return named("predicted-loss") }

// Observe is dst = L + ½ Σ yₖᵀ∇²L yₖ.
func (o PredictedLoss) Observe(dst, state lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d := o.Of.Dim()
	theta := state[:d]
	loss := o.Of.Loss(theta, ws)
	hy := ws.Pack(d)
	for k := d; k < len(state); k += d {
		y := state[k : k+d]
		if lanes.MaxAbs(y) == (lanes.Vec{}) {
			continue
		}
		o.Curved.HessVec(hy, theta, y, ws)
		for l, q := range lanes.Dot(y, hy) {
			loss[l] += 0.5 * q
		}
	}
	dst[0] = loss
}
