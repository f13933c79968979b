package theory

import (
	"errors"
	"fmt"

	"sgdlab"
)

// SVAG is the stationary law of SVAG on a quadratic of curvature λ, where the gradient of one step of SGD has the variance σ² and the
// kurtosis κ: with b = ηλ/l and c_± = (1 ± √(2l − 1))/2
//
//	Var x = ησ²/(λ(2 − ηλ/l)),
//	kurtosis = 3 + (κ − 3)(c₊⁴ + c₋⁴)(η/l)⁴σ⁴/((1 − (1 − b)⁴)(Var x)²).
//
// At l = 1 that is SGD's; for l → ∞ the variance ησ²/2λ and the kurtosis 3 of its SDE. In units of x², and a number.
//
// From a run: the rate and l, and the curvature along a coordinate that is an eigenvector of a constant Hessian.
//
// Source: after Li, Malladi & Arora 2021; derived here.
type SVAG struct {
	Curvature float64 `optional:"true" check:">0" doc:"λ"`
	Rate      float64 `optional:"true" check:">0" doc:"η; below 2l/λ"`
	Parts     float64 `optional:"true" check:">=1" doc:"l; of a run without svag 1"`
	Variance  float64 `check:">0" doc:"σ²"`
	Kurtosis  float64 `default:"3" check:">=1" doc:"κ of the gradient of one step: 1 of two equally likely values, 3 of a Gaussian"`
	Of        string  `default:"variance" oneof:"variance|kurtosis" doc:"which of the two"`
	Index     int     `default:"0" check:">=0" doc:"which coordinate to read from the run"`
}

// NewSVAG makes the stationary law.
func NewSVAG(c SVAG, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r,
		want{"curvature", &c.Curvature, bowl(r, c.Index)},
		want{"rate", &c.Rate, setting(r, "rate")},
		want{"parts", &c.Parts, func() (float64, error) {
			if l, ok := r.Number("svag"); ok {
				return l, nil
			}
			return 1, nil
		}},
	)
	if err == nil {
		err = errors.Join(positive("curvature", c.Curvature), positive("rate", c.Rate), positive("parts", c.Parts), positive("variance", c.Variance))
	}
	if b := c.Rate * c.Curvature / c.Parts; err == nil && b >= 2 {
		err = fmt.Errorf("ηλ/l = %g; from 2 on there is no stationary law: take a rate below %g", b, 2*c.Parts/c.Curvature)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c SVAG) Predict([]float64) sgdlab.Prediction {
	b := c.Rate * c.Curvature / c.Parts
	value := c.Rate * c.Variance / (c.Curvature * (2 - b))
	if c.Of == "kurtosis" {
		// c₊² and c₋² are the roots of z² − lz + ((l − 1)/2)²: c₊⁴ + c₋⁴ = l² − (l − 1)²/2.
		fourth := c.Parts*c.Parts - (c.Parts-1)*(c.Parts-1)/2
		q, h := (1-b)*(1-b), c.Rate/c.Parts
		kick := h * h * c.Variance / value // the variance of one call over that of x
		value = 3 + (c.Kurtosis-3)*fourth*kick*kick/(1-float64(q*q))
	}
	return sgdlab.One(sgdlab.Exact, value, 0, "stationary, quadratic loss, noise that is the same everywhere", "li-malladi-arora-2021")
}
