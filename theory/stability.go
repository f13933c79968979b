package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
)

// StabilityThreshold is the sharpness beyond which a minimum is linearly unstable for gradient descent,
//
//	S = 2/η,
//
// with momentum β S = 2(1 + β)/η, and with Nesterov's S = 2(1 + β)/((1 + 2β)η), each in units of ∇²L, 1/time, as the
// observable sharpness. Noise is not in it: of a run the rate and the momentum alone are read.
//
// Source: the law of the quadratic; Cohen et al. 2021 for its place in training.
type StabilityThreshold struct {
	Rate     float64 `optional:"true" check:">0" doc:"η"`
	Momentum float64 `optional:"true" check:">=0 <1" doc:"β; 0 where there is no run, or one without"`
	Nesterov bool    `default:"false" doc:"true for Nesterov's momentum; set from a run"`
}

// NewStabilityThreshold makes the threshold.
func NewStabilityThreshold(c StabilityThreshold, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r != nil {
		if a, ok := r.Dynamic.(sgdlab.Altered); ok && a.Altered() != "" {
			var beta sgdlab.Setting
			if m, ok := r.Dynamic.(sgdlab.Inertial); ok {
				beta, c.Nesterov = m.Inertia()
			}
			if beta == nil {
				return nil, fmt.Errorf("its dynamics is descent %s, for which 2/η is no threshold", a.Altered())
			}
			c.Momentum = orElse(c.Momentum, beta(r.Clock)[0])
		}
	}
	c.Momentum = orElse(c.Momentum, 0)
	if err := complete(r, want{"rate", &c.Rate, setting(r, "rate")}); err != nil {
		return nil, err
	}
	if err := positive("rate", c.Rate); err != nil {
		return nil, err
	}
	if !(c.Momentum >= 0 && c.Momentum < 1) {
		return nil, fmt.Errorf("momentum is %g; want a number from 0 to below 1", c.Momentum)
	}
	return predict(c)
}

func (c StabilityThreshold) Predict([]float64) sgdlab.Prediction {
	s, regime := 2*(1+c.Momentum)/c.Rate, "gradient descent without momentum, linearised at a minimum"
	switch {
	case c.Nesterov:
		s /= 1 + 2*c.Momentum
		regime = "gradient descent with Nesterov's momentum, linearised at a minimum"
	case c.Momentum > 0:
		regime = "gradient descent with heavy-ball momentum, linearised at a minimum"
	}
	return sgdlab.One(sgdlab.Exact, s, 0, regime, "cohen-2021")
}

// sharpness is cLσ^(2−2/L).
func sharpness(strength float64, depth int, scale float64) float64 {
	l := float64(depth)
	return scale * l * elementary.Pow(strength, 2-2/l)
}

// BalancedSharpness is the sharpness of the balanced minimum, the flattest one, of (c/2)‖W_L⋯W₁ − M‖²,
//
//	S = cLσ^(2−2/L),
//
// with σ the largest singular value of M; in units of ∇²L, as the observable sharpness.
//
// From a run: the strongest mode of a model that knows its modes, on white inputs.
//
// Source: Saxe, McClelland & Ganguli 2013; rederived from the Hessian.
type BalancedSharpness struct {
	Strength float64 `optional:"true" check:">0" doc:"σ, the largest singular value of the target map"`
	Depth    int     `optional:"true" check:">=1" doc:"L, the number of weight matrices; 2 where there is no run"`
	Scale    float64 `optional:"true" check:">0" doc:"c of the loss (c/2)‖W − M‖²: the second moment of white inputs times 1 (mean-half), n (sum-half) or 2 (mean); 1 where there is no run"`
}

// NewBalancedSharpness makes the sharpness of the balanced minimum.
func NewBalancedSharpness(c BalancedSharpness, r *sgdlab.Run) (sgdlab.Theory, error) {
	m := mode{strength: &c.Strength, scale: &c.Scale, depth: &c.Depth, index: 1}
	if err := m.complete(r); err != nil {
		return nil, err
	}
	if err := errors.Join(positive("strength", c.Strength), positive("scale", c.Scale)); err != nil {
		return nil, err
	}
	return predict(c)
}

func (c BalancedSharpness) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, sharpness(c.Strength, c.Depth, c.Scale), 0, "balanced minimum, whitened inputs", "saxe-2013")
}

// ScalarTwoCycle is the 2-cycle on which gradient descent on two balanced layers ends beyond the edge of stability: the
// end-to-end strength of the strongest mode alternates between
//
//	u± = σ · ((1 + κ) ± √((κ + 3)(κ − 1))) / (2κ),   κ = ηcσ = ηS/2.
//
// It is born at κ = 1 and loses stability to a 4-cycle at κ = √5 − 1. In a network whose next mode has the strength σ₂ it
// also loses stability at ηc(σ + σ₂) = 2, which is checked where there is a run. u± are in units of σ.
//
// Source: Chen & Bruna 2023, whose Theorem 2 this solves in closed form.
type ScalarTwoCycle struct {
	Kappa    float64 `optional:"true" check:">1" doc:"κ = ηcσ, half of η times the sharpness; between 1 and √5 − 1"`
	Strength float64 `optional:"true" check:">0" doc:"σ, the largest singular value of the target map"`
	Of       string  `default:"peak-to-peak" oneof:"peak-to-peak|upper|lower" doc:"u₊ − u₋, u₊ or u₋"`
}

// NewScalarTwoCycle makes the 2-cycle of two balanced layers.
func NewScalarTwoCycle(c ScalarTwoCycle, r *sgdlab.Run) (sgdlab.Theory, error) {
	var scale float64
	if r != nil && (math.IsNaN(c.Kappa) || math.IsNaN(c.Strength)) {
		scale = math.NaN()
		depth := 0
		if err := (mode{strength: &c.Strength, scale: &scale, depth: &depth, index: 1}).complete(r); err != nil {
			return nil, err
		}
		if depth != 2 {
			return nil, fmt.Errorf("the model has depth %d; the closed 2-cycle is that of depth 2", depth)
		}
	}
	err := complete(r,
		want{"kappa", &c.Kappa, func() (float64, error) {
			eta, err := rate(r)()
			return eta * scale * c.Strength, err
		}},
		want{"strength", &c.Strength, nil},
	)
	if err != nil {
		return nil, err
	}
	if err := positive("strength", c.Strength); err != nil {
		return nil, err
	}
	last := math.Sqrt(5) - 1
	switch {
	case !(c.Kappa > 1):
		return nil, fmt.Errorf("κ = %g; up to 1 there is no 2-cycle: gradient descent settles at the minimum", c.Kappa)
	case c.Kappa >= last:
		return nil, fmt.Errorf("κ = %g; from √5 − 1 = %.6f on the 2-cycle is unstable: orbits have period 4 and more", c.Kappa, last)
	case c.Of != "peak-to-peak" && c.Of != "upper" && c.Of != "lower":
		return nil, fmt.Errorf("of is %q; want peak-to-peak, upper or lower", c.Of)
	}
	if scale > 0 {
		if s, err := sgdlab.As[sgdlab.Saddled](r.Model); err == nil && len(s.Modes()) > 1 {
			if k := c.Kappa * (1 + s.Modes()[1]/c.Strength); k >= 2 {
				return nil, fmt.Errorf("η(σ₁ + σ₂) = %g; from 2 on the orbit of the first mode alone is unstable against the second", k)
			}
		}
	}
	return predict(c)
}

func (c ScalarTwoCycle) Predict([]float64) sgdlab.Prediction {
	k := c.Kappa
	gap := c.Strength * math.Sqrt((k+3)*(k-1)) / k
	mid := c.Strength * (1 + k) / (2 * k)
	value := map[string]float64{"peak-to-peak": gap, "upper": mid + gap/2, "lower": mid - gap/2}[c.Of]
	return sgdlab.One(sgdlab.Exact, value, 0, fmt.Sprintf("1 < κ < √5 − 1, here κ = %.4g; two balanced layers, after the transient", k), "chen-bruna-2023")
}
