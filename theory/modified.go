package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
)

// ModifiedEquation is the law of SGD on a quadratic of curvature λ with noise of constant variance σ², from x₀, or of the equations that
// stand for it: at time t = ηk
//
//	by: sgd      E x = (1 − ηλ)^k x₀,         Var x = (ησ²/(λ(2 − ηλ)))(1 − (1 − ηλ)^{2k})
//	by: first    E x = e^{−λt}x₀,             Var x = (ησ²/2λ)(1 − e^{−2λt})
//	by: second   E x = e^{−λ(1+ηλ/2)t}x₀,     Var x = (ησ²/2λ(1 + ηλ/2))(1 − e^{−2λ(1+ηλ/2)t})
//
// of the SDE with the drift −∇L, and with that of the second order, −∇(L + (η/4)‖∇L‖²). In the mean they are off by about tλ(ηλ/2)e^{−λt}x₀
// and tλ((ηλ)²/3)e^{−λt}x₀. The stationary variance of the second is further off than that of the first, on the other side. In units of x,
// and of x².
//
// From a run: the rate and the times.
//
// Source: Li, Tai & E 2019, for the equations; closed forms derived here.
type ModifiedEquation struct {
	Curvature float64   `check:">0" doc:"λ"`
	Rate      float64   `optional:"true" check:">0" doc:"η; below 2/λ"`
	Variance  float64   `default:"0" check:">=0" doc:"σ², the variance of the gradient of one step"`
	Start     float64   `default:"1" doc:"x₀"`
	By        string    `oneof:"sgd|first|second" doc:"whose law it is"`
	Of        string    `default:"mean" oneof:"mean|variance|second-moment|stationary" doc:"E x, Var x or E x², or the variance for t → ∞"`
	At        []float64 `optional:"true" doc:"the times at which to predict where nobody asks for others"`
}

// NewModifiedEquation makes the law.
func NewModifiedEquation(c ModifiedEquation, r *sgdlab.Run) (sgdlab.Theory, error) {
	if err := complete(r, want{"rate", &c.Rate, setting(r, "rate")}); err != nil {
		return nil, err
	}
	err := errors.Join(positive("curvature", c.Curvature), positive("rate", c.Rate))
	if err == nil && c.By == "sgd" && c.Rate*c.Curvature >= 2 {
		err = fmt.Errorf("ηλ = %g; from 2 on the chain has no stationary law: take a rate below %g", c.Rate*c.Curvature, 2/c.Curvature)
	}
	if err == nil && r == nil && len(c.At) == 0 && c.Of != "stationary" {
		err = errors.New("give the times, at=[…]")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c ModifiedEquation) Predict(at []float64) sgdlab.Prediction {
	switch {
	case c.Of == "stationary":
		at = []float64{math.Inf(1)}
	case len(at) == 0:
		at = c.At
	}
	p := sgdlab.Prediction{Kind: sgdlab.Exact, Values: make([]float64, len(at)), Neglects: make([]float64, len(at)),
		Regime: "quadratic loss, noise that is the same everywhere", Source: "li-tai-e-2019"}
	for i, t := range at {
		decay, stationary := c.moments(t)
		mean, variance := decay*c.Start, stationary*(1-float64(decay*decay))
		switch c.Of {
		case "variance", "stationary":
			p.Values[i] = variance
		case "second-moment":
			p.Values[i] = math.FMA(mean, mean, variance)
		default:
			p.Values[i] = mean
		}
	}
	return p
}

// moments are what is left of the start at a time, and the stationary variance.
func (c ModifiedEquation) moments(t float64) (decay, stationary float64) {
	x, rate := c.Rate*c.Curvature, c.Curvature
	switch c.By {
	case "sgd":
		stationary = c.Rate * c.Variance / (c.Curvature * (2 - x))
	case "second":
		rate *= 1 + x/2
		fallthrough
	default:
		stationary = c.Rate * c.Variance / (2 * rate)
	}
	switch {
	case math.IsInf(t, 1):
		return 0, stationary
	case c.By != "sgd":
		return elementary.Exp(-rate * t), stationary
	}
	k := math.Round(t / c.Rate)
	decay = elementary.Pow(math.Abs(1-x), k)
	if x > 1 && math.Mod(k, 2) == 1 {
		decay = -decay
	}
	return decay, stationary
}
