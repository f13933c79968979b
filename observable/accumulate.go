package observable

import (
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// LossIntegral is the integral of the training loss along the path,
//
//	∫L dt, as Σₖ L(θₖ)Δtₖ,
//
// by the loss before each step times its duration: the sum ηΣL(θₖ) of discrete dynamics as it stands, and the left-point
// sum of an SDE, off by O(h). It is in units of L times time, θ². It takes one loss per step.
type LossIntegral struct{ Of sgdlab.Model }

// LossIntegralSettings are those of NewLossIntegral: none.
type LossIntegralSettings struct{}

// NewLossIntegral builds the integral; it serves every model and dynamics. On diagonal networks its size sets the bias
// that SGD adds to gradient flow.
//
// Source: Pesme, Pillaud-Vivien & Flammarion 2021, of that bias.
func NewLossIntegral(_ LossIntegralSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	return LossIntegral{Of: m}, nil
}

// Columns is loss-integral.
func (a LossIntegral) Columns() []sgdlab.Column { return named("loss-integral") }

// Add is acc += L(before)·dt on the live lanes.
func (a LossIntegral) Add(acc, before, _ lanes.Pack, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	loss := a.Of.Loss(before, ws)
	for l := range loss {
		if rec.Live.Has(l) {
			acc[0][l] = math.FMA(loss[l], rec.Dt[l], acc[0][l])
		}
	}
}

// HyperbolicProduct is what the steps predict of the observable hyperbolic-invariant, over the m pairs (u, v) of a model,
//
//	Σₖ (1/m) Σⱼ ln|1 − ηₖ²gⱼ²|,
//
// with g the multiplier that the gradient of step k gave the pair: ∂ᵤ = g·v, ∂ᵥ = g·u. It is what hyperbolic-invariant has
// changed by, to rounding, for GD, SGD and label noise on either; a step that adds anything else to θ breaks the law, and
// the difference shows by how much. It is NaN for dynamics whose steps report no gradient: SDEs and flows.
type HyperbolicProduct struct{ U, V []int }

// HyperbolicProductSettings are those of NewHyperbolicProduct: none.
type HyperbolicProductSettings struct{}

// NewHyperbolicProduct needs pairs: a diagonal network of two vectors.
func NewHyperbolicProduct(_ HyperbolicProductSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	p, err := sgdlab.As[sgdlab.Paired](s.Model)
	if err != nil {
		return nil, err
	}
	a := &HyperbolicProduct{}
	a.U, a.V = p.Pairs()
	return a, nil
}

// Columns is hyperbolic-product.
func (a *HyperbolicProduct) Columns() []sgdlab.Column { return named("hyperbolic-product") }

// Add takes one step's factors into acc.
func (a *HyperbolicProduct) Add(acc, before, _ lanes.Pack, rec *sgdlab.StepRecord, _ *lanes.Arena) {
	for l := range lanes.W {
		if !rec.Live.Has(l) {
			continue
		}
		if rec.Gradient == nil {
			acc[0][l] = math.NaN()
			continue
		}
		sum := 0.0
		for i := range a.U {
			g := multiplier(before[a.U[i]][l], before[a.V[i]][l], rec.Gradient[a.U[i]][l], rec.Gradient[a.V[i]][l])
			sum += logLess(rec.Dt[l] * g)
		}
		acc[0][l] += sum / float64(len(a.U))
	}
}

// logLess is ln|1 − x²|, also where x² is small: a rounded 1 − x² is put right by the ratio of what it lost (Kahan).
func logLess(x float64) float64 {
	y := x * x
	u := float64(1 - float64(y))
	switch {
	case u == 1:
		return -y
	case u <= 0.5:
		return elementary.Log(math.Abs((1 - x) * (1 + x)))
	}
	return elementary.Log(u) * (-y / (u - 1))
}
