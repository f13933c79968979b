package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/quadrature"
)

// MoriRate is the rate at which SGD whose noise is proportional to the loss, D = (η/B)L·H*, leaves a minimum of loss L* over
// a saddle of loss L_s: a power of the losses in place of Arrhenius' exponential of their difference,
//
//	κ = (│h_s│/2π) √(det H*/│det H_s│) · (L_s/L*)^(−(B/ηh* + 1 − n/2)),
//
// in n directions, with h* the curvature at the minimum and h_s the negative curvature at the saddle. At n = 1 this is
// (1/2π)√(h*│h_s│)(L_s/L*)^(−(B/ηh* + ½)). The mean time from well to well is 1/κ. It is Kramers' law for log L at the
// temperature ηh*/B, on a clock that runs at L*, and needs n < n_c = 2(B/ηh* + 1). κ is in units
// of h: 1/time, ηk of descent.
//
// Source: Mori, Ziyin, Liu & Ueda 2022; the exponent checked here against an exact solution.
type MoriRate struct {
	Curvature    float64 `check:">0" doc:"h*, the curvature at the minimum, typical of the n directions"`
	Saddle       float64 `check:"<0" doc:"h_s, the curvature at the saddle along the way out, negative"`
	MinimumLoss  float64 `check:">0" doc:"L*, the loss at the minimum"`
	SaddleLoss   float64 `check:">0" doc:"L_s, the loss at the saddle"`
	Rate         float64 `optional:"true" check:">0" doc:"η"`
	Batch        float64 `optional:"true" check:">=1" doc:"B"`
	Dimension    int     `default:"1" check:">=1" doc:"n, the number of directions that count"`
	Determinants float64 `optional:"true" check:">0" doc:"det H*/│det H_s│ over the n directions; h*/│h_s│ where left out"`
	Of           string  `default:"rate" oneof:"rate|mean-time" doc:"κ, or 1/κ"`
}

// NewMoriRate makes the power law; a run gives rate and batch.
func NewMoriRate(c MoriRate, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r,
		want{"curvature", &c.Curvature, nil}, want{"saddle", &c.Saddle, nil},
		want{"minimum-loss", &c.MinimumLoss, nil}, want{"saddle-loss", &c.SaddleLoss, nil},
		want{"rate", &c.Rate, rate(r)}, want{"batch", &c.Batch, batch(r)},
	)
	if err == nil {
		c.Determinants = orElse(c.Determinants, c.Curvature/-c.Saddle)
		err = errors.Join(positive("curvature", c.Curvature), negative("saddle", c.Saddle), positive("minimum-loss", c.MinimumLoss),
			positive("saddle-loss", c.SaddleLoss), positive("rate", c.Rate), positive("batch", c.Batch),
			positive("dimension", float64(c.Dimension)), positive("determinants", c.Determinants))
	}
	if err != nil {
		return nil, err
	}
	barrier, limit := elementary.Log(c.SaddleLoss/c.MinimumLoss), 2*(1/c.temperature()+1)
	switch {
	case barrier <= 0:
		return nil, fmt.Errorf("the loss at the saddle, %g, is not above that at the minimum, %g", c.SaddleLoss, c.MinimumLoss)
	case float64(c.Dimension) >= limit:
		return nil, fmt.Errorf("dimension is %d, from n_c = %g on the minimum holds no quasi-stationary law and paths leave it without a barrier", c.Dimension, limit)
	case c.temperature() >= barrier:
		return nil, fmt.Errorf("ηh*/B = %g is not below log(L_s/L*) = %g, the barrier; the law is for ηh*/B ≪ log(L_s/L*)", c.temperature(), barrier)
	case c.Of != "rate" && c.Of != "mean-time":
		return nil, fmt.Errorf("of is %q; want rate or mean-time", c.Of)
	}
	return predict(c)
}

// temperature is ηh*/B, that of log L.
func (c MoriRate) temperature() float64 { return c.Rate * c.Curvature / c.Batch }

func (c MoriRate) Predict([]float64) sgdlab.Prediction {
	barrier := elementary.Log(c.SaddleLoss / c.MinimumLoss)
	small := c.temperature() / barrier
	logKappa := elementary.Log(-c.Saddle/(2*math.Pi)) + elementary.Log(c.Determinants)/2 - (1/c.temperature()+1-float64(c.Dimension)/2)*barrier
	if c.Of == "mean-time" {
		logKappa = -logKappa
	}
	return sgdlab.One(sgdlab.Leading, elementary.Exp(logKappa), small,
		fmt.Sprintf("ηh*/B ≪ log(L_s/L*), here their ratio is %.3g; noise proportional to the loss", small), "mori-2022")
}

// LogLossExit is the exact mean time for the SDE whose noise is proportional to the loss to climb from the minimum of
// L = L* + ½h│θ│² in n dimensions to L = cL*, with D = TL·I and T = ηh/B: whatever L*,
//
//	τ = 1/(2hT) ∫₀^(c−1) dx x^(−n/2)(1+x)^(1/T) ∫₀^x dw w^(n/2−1)(1+w)^(−1/T−1),
//
// at n = 2 ∫₀^(c−1) ((1+x)^(1/T) − 1)/x dx / 2h. For large c it grows like c^(1/T+1−n/2), the exponent of MoriRate.
// τ is in units of 1/h: time.
//
// Source: derived here, for the SDE of Mori, Ziyin, Liu & Ueda 2022.
type LogLossExit struct {
	Curvature float64 `check:">0" doc:"h"`
	Rate      float64 `optional:"true" check:">0" doc:"η"`
	Batch     float64 `optional:"true" check:">=1" doc:"B"`
	Dimension int     `default:"1" check:">=1" doc:"n"`
	Ratio     float64 `check:">1" doc:"c, the loss waited for over the loss at the minimum"`
}

// NewLogLossExit makes the exact exit time; a run gives rate and batch.
func NewLogLossExit(c LogLossExit, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r, want{"curvature", &c.Curvature, nil}, want{"ratio", &c.Ratio, nil},
		want{"rate", &c.Rate, rate(r)}, want{"batch", &c.Batch, batch(r)})
	if err == nil {
		err = errors.Join(positive("curvature", c.Curvature), positive("rate", c.Rate), positive("batch", c.Batch),
			positive("dimension", float64(c.Dimension)), positive("ratio", c.Ratio))
	}
	if err == nil && c.Ratio <= 1 {
		err = fmt.Errorf("ratio is %g; want c > 1", c.Ratio)
	}
	if err != nil {
		return nil, err
	}
	if exponent := c.Batch / (c.Rate * c.Curvature) * elementary.Log(c.Ratio); exponent > 700 {
		return nil, fmt.Errorf("(L/L*)^(B/ηh) = e^%.0f is beyond the largest number that can be held", exponent)
	}
	tau, err := c.time()
	if err != nil {
		return nil, fmt.Errorf("the exit time could not be integrated: %w", err)
	}
	return predict(logLossExit{tau})
}

// logLossExit is the time, integrated once.
type logLossExit struct{ tau float64 }

func (c logLossExit) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, c.tau, 0, "noise proportional to the loss, isotropic about a quadratic minimum", "derived-here")
}

func (c LogLossExit) time() (float64, error) {
	m, n := c.Batch/(c.Rate*c.Curvature), float64(c.Dimension)
	var failed error
	// With w = xq² the inner integral has no singularity, and the two powers combine without overflow.
	outer, err := quadrature.Integrate(func(x float64) float64 {
		inner, err := quadrature.Integrate(func(q float64) float64 {
			w := x * q * q
			return 2 * elementary.Pow(q, n-1) * elementary.Exp(m*(elementary.Log1p(x)-elementary.Log1p(w))) / (1 + w)
		}, 0, 1, 1e-12)
		if err != nil && failed == nil {
			failed = err
		}
		return inner.Value
	}, 0, c.Ratio-1, 1e-10)
	return outer.Value * m / (2 * c.Curvature), errors.Join(failed, err)
}
