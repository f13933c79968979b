package observable

import (
	"fmt"
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

// pairs are the pairs (u, v) of a model that steps rotate hyperbolically: its own, or the sums and differences of those of β = u² − v².
type pairs struct{ *sgdlab.DiagonalPairs }

func pairsOf(m sgdlab.Model, who string) (pairs, error) {
	p, err := sgdlab.PairsOf(m)
	if err != nil {
		return pairs{}, fmt.Errorf("%s %w", who, err)
	}
	return pairs{p}, nil
}

// of is u² − v² of pair i in a lane; that of u + v and u − v is 4uv.
func (p pairs) of(theta lanes.Pack, i, l int) float64 {
	u, v := theta[p.U[i]][l], theta[p.V[i]][l]
	if p.Squares {
		return 4 * u * v
	}
	return float64((u - v) * (u + v))
}

// multiplier is g of pair i: a step takes u to u − ηgv and v to v − ηgu.
func (p pairs) multiplier(theta, gradient lanes.Pack, i, l int) float64 {
	u, v, du, dv := theta[p.U[i]][l], theta[p.V[i]][l], gradient[p.U[i]][l], gradient[p.V[i]][l]
	if p.Squares { // ∂ᵤ = gu and ∂ᵥ = −gv: u ± v is rotated by the same g
		return multiplier(u, -v, dv, du)
	}
	return multiplier(u, v, du, dv)
}

// HyperbolicProduct is what the steps predict of the observable hyperbolic-invariant, over the m pairs (u, v) of a model,
//
//	Σₖ (1/m) Σⱼ ln|1 − ηₖ²gⱼ²|,
//
// with g the multiplier that the gradient of step k gave the pair: ∂ᵤ = g·v, ∂ᵥ = g·u. It is what hyperbolic-invariant has
// changed by, to rounding, for GD, SGD and label noise on either; a step that adds anything else to θ breaks the law, and
// the difference shows by how much. It is NaN for dynamics whose steps report no gradient: SDEs and flows.
//
// Its budget is what ∇L alone would have done at the same θ, Σₖ (1/m) Σⱼ ln|1 − ηₖ²Gⱼ²| with G the multiplier of ∇L (drift); the rest
// of the product (noise); and what hyperbolic-invariant has changed by beyond the product (residual): rounding under plain descent, and what
// other steps and SDEs add. Pairs with u² = v² are left out of the residual.
type HyperbolicProduct struct {
	pairs
	each   bool
	budget sgdlab.Model // nil where there is none
}

// HyperbolicProductSettings are those of NewHyperbolicProduct.
type HyperbolicProductSettings struct {
	Each   bool `optional:"true" doc:"true for a column for each pair beside the mean, hyperbolic-product[1] and so on"`
	Budget bool `optional:"true" doc:"true for the columns hyperbolic-drift, hyperbolic-noise and hyperbolic-residual, at the price of a gradient over all rows a step"`
}

// NewHyperbolicProduct needs pairs: a diagonal network of two vectors, u ⊙ v or u² − v².
func NewHyperbolicProduct(c HyperbolicProductSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	p, err := pairsOf(s.Model, "hyperbolic-product")
	if err != nil {
		return nil, err
	}
	a := &HyperbolicProduct{pairs: p, each: c.Each}
	if c.Budget {
		a.budget = s.Model
	}
	return a, nil
}

// Columns is hyperbolic-product, and what was asked for beside it.
func (a *HyperbolicProduct) Columns() []sgdlab.Column {
	c := named("hyperbolic-product")
	if a.budget != nil {
		c = append(c, named("hyperbolic-drift", "hyperbolic-noise", "hyperbolic-residual")...)
	}
	if a.each {
		c = append(c, numbered("hyperbolic-product", len(a.U))...)
	}
	return c
}

// Add takes one step's factors into acc.
func (a *HyperbolicProduct) Add(acc, before, after lanes.Pack, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	own := acc[1:]
	var whole lanes.Pack
	if a.budget != nil {
		own = acc[4:]
		whole = ws.Pack(len(before))
		a.budget.Grad(whole, before, ws)
	}
	m := float64(len(a.U))
	for l := range lanes.W {
		if !rec.Live.Has(l) {
			continue
		}
		sum, drift, moved := 0.0, 0.0, 0.0
		for i := range a.U {
			x := math.NaN()
			if rec.Gradient != nil {
				x = logLess(rec.Dt[l] * a.multiplier(before, rec.Gradient, i, l))
			}
			if sum += x; a.each {
				own[i][l] += x
			}
			if whole == nil {
				continue
			}
			drift += logLess(rec.Dt[l] * a.multiplier(before, whole, i, l))
			if was, is := a.of(before, i, l), a.of(after, i, l); was != 0 && is != 0 {
				if moved += elementary.Log(math.Abs(is / was)); rec.Gradient != nil {
					moved -= x
				}
			}
		}
		acc[0][l] += sum / m
		if whole == nil {
			continue
		}
		acc[1][l] += drift / m
		acc[2][l] += (sum - drift) / m
		if acc[3][l] += moved / m; rec.Gradient == nil {
			acc[3][l] -= drift / m
		}
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
