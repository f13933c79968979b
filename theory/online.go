package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/quadrature"
)

// OnlineVariance is the stationary variance of each coordinate of θ under SGD on fresh samples (online-sgd), for inputs x ~ N(0, aI) in d
// dimensions, noise of deviation σ on the labels and batches of B,
//
//	s = ησ² / (B·[2 − ηa(1 + (d + 1)/B)]),   finite where ηa(1 + (d + 1)/B) < 2:
//
// exact at any rate. The SDE of small rates has ησ²/2B. In units of θ².
//
// From a run: online-sgd on a quadratic whose eigenvalues are all alike.
//
// Source: derived here, from E[xxᵀMxxᵀ] = 2AMA + tr(AM)A; Ziyin, Liu, Mori & Ueda 2022 have it for general covariances.
type OnlineVariance struct {
	Rate       float64 `optional:"true" check:">0" doc:"η"`
	Batch      float64 `optional:"true" check:">=1" doc:"B"`
	LabelNoise float64 `optional:"true" check:">0" doc:"σ, the standard deviation of the noise on one label"`
	Curvature  float64 `optional:"true" check:">0" doc:"a, the variance of each input"`
	Dimension  float64 `optional:"true" check:">=1" doc:"d"`
}

// NewOnlineVariance makes the variance.
func NewOnlineVariance(c OnlineVariance, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r != nil && r.Number != nil {
		if err := ordinaryLabels(r, "online-variance"); err != nil {
			return nil, err
		}
	}
	err := complete(r,
		want{"rate", &c.Rate, rate(r)},
		want{"batch", &c.Batch, setting(r, "batch")},
		want{"label-noise", &c.LabelNoise, setting(r, "label-noise.amplitude")},
		want{"curvature", &c.Curvature, alike(r)},
		want{"dimension", &c.Dimension, func() (float64, error) { return float64(r.Model.Dim()), nil }},
	)
	if err == nil {
		err = errors.Join(positive("rate", c.Rate), positive("batch", c.Batch), positive("label-noise", c.LabelNoise), positive("curvature", c.Curvature), positive("dimension", c.Dimension))
	}
	if err == nil && c.room() <= 0 {
		err = fmt.Errorf("ηa(1 + (d + 1)/B) = %g; from 2 on the variance is infinite: take a rate below %g", 2-c.room(), c.Rate*2/(2-c.room()))
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c OnlineVariance) room() float64 { return 2 - c.Rate*c.Curvature*(1+(c.Dimension+1)/c.Batch) }

func (c OnlineVariance) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, c.Rate*c.LabelNoise*c.LabelNoise/(c.Batch*c.room()), 0, "stationary, least squares on fresh Gaussian inputs of one variance", "derived-here")
}

// alike is the eigenvalue of a quadratic that has one only.
func alike(r *sgdlab.Run) func() (float64, error) {
	return func() (float64, error) {
		if r.Model == nil {
			return 0, errors.New("it has no model")
		}
		first, err := bowl(r, 0)()
		if err != nil {
			return 0, err
		}
		for j := 1; j < r.Model.Dim(); j++ {
			if x, err := bowl(r, j)(); err != nil || x != first {
				return 0, errors.New("its model has curvatures of several sizes")
			}
		}
		return first, nil
	}
}

// ScalingBreakdown is where the linear scaling rule ends for SGD on fresh samples: along (η, B) = κ(η₀, B₀) the stationary variance is
//
//	s = σ² / (B₀a(κ_c − κ)),  κ_c = (2 − η₀a(d + 1)/B₀)/(η₀a),
//
// the same for all κ only where κ is far below κ_c, and infinite from there on. A pure number.
//
// Source: derived here.
type ScalingBreakdown struct {
	Rate      float64 `check:">0" doc:"η₀"`
	Batch     float64 `check:">=1" doc:"B₀"`
	Curvature float64 `default:"1" check:">0" doc:"a, the variance of each input"`
	Dimension float64 `default:"1" check:">=1" doc:"d"`
}

// NewScalingBreakdown makes κ_c.
func NewScalingBreakdown(c ScalingBreakdown, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := errors.Join(positive("rate", c.Rate), positive("batch", c.Batch), positive("curvature", c.Curvature), positive("dimension", c.Dimension))
	if err == nil && c.Rate*c.Curvature*(c.Dimension+1)/c.Batch >= 2 {
		err = fmt.Errorf("η₀a(d + 1)/B₀ = %g; from 2 on the variance is infinite for every κ: take a smaller rate or a larger batch", c.Rate*c.Curvature*(c.Dimension+1)/c.Batch)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c ScalingBreakdown) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, (2-c.Rate*c.Curvature*(c.Dimension+1)/c.Batch)/(c.Rate*c.Curvature), 0, "stationary, least squares on fresh Gaussian inputs of one variance", "derived-here")
}

// KestenIndex is the tail index of the stationary law of SGD on fresh samples of one input x ~ N(0, a), P(|θ| > t) ~ t^−κ: the κ > 0 with
//
//	E|1 − ηm|^κ = 1,  m = (1/B) Σ xᵦ²,
//
// by quadrature, to 1e-9. It is 2, where the variance ends, at η = 2/(a(1 + 2/B)). It falls as the rate grows and rises with the batch, and does
// not depend on the noise of the labels. There is a stationary law where E ln|1 − ηm| < 0.
//
// From a run: online-sgd on a quadratic of one coordinate.
//
// Source: the theorem is Kesten's (1973); Gürbüzbalaban, Şimşekli & Zhu 2021, of SGD.
type KestenIndex struct {
	Rate      float64 `optional:"true" check:">0" doc:"η"`
	Batch     float64 `optional:"true" check:">=1" doc:"B"`
	Curvature float64 `optional:"true" check:">0" doc:"a, the variance of the input"`
}

// NewKestenIndex makes the index.
func NewKestenIndex(c KestenIndex, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r != nil && r.Model != nil && r.Model.Dim() != 1 {
		return nil, fmt.Errorf("its model has %d coordinates; kesten-index is of one", r.Model.Dim())
	}
	err := complete(r,
		want{"rate", &c.Rate, rate(r)},
		want{"batch", &c.Batch, setting(r, "batch")},
		want{"curvature", &c.Curvature, alike(r)},
	)
	if err == nil {
		err = errors.Join(positive("rate", c.Rate), positive("batch", c.Batch), positive("curvature", c.Curvature))
	}
	if err != nil {
		return nil, err
	}
	k, err := c.index()
	if err != nil {
		return nil, err
	}
	return predict(given{sgdlab.One(sgdlab.Exact, k, 0, "stationary, least squares on fresh inputs of one dimension", "gurbuzbalaban-2021")})
}

// mean is E f(|1 − ηm|), m = (2a/B)v² with v of the density ∝ v^(B−1)e^(−v²): f may have a pole or a zero where 1 − ηm = 0.
func (c KestenIndex) mean(f func(x float64) float64) (float64, error) {
	power := c.Batch - 1
	peak := power / 2 // of v²
	top := 0.0
	if peak > 0 {
		top = float64(power*elementary.Log(peak))/2 - peak
	}
	density := func(v float64) float64 {
		if v <= 0 {
			return 0
		}
		return elementary.Exp(float64(power*elementary.Log(v)) - float64(v*v) - top)
	}
	step := c.Rate * 2 * c.Curvature / c.Batch
	pole := math.Sqrt(1 / step)
	// |1 − step·v²| = step·u(pole + v) at the distance u from the pole, which is taken as an end: there u is known to all its digits.
	integral := func(f func(float64) float64) (float64, error) {
		sum := 0.0
		for _, side := range []float64{-1, 1} {
			to := pole
			if side > 0 {
				to = math.Inf(1)
			}
			q, err := quadrature.Integrate(func(u float64) float64 {
				v := pole + side*u
				p := density(v)
				if p == 0 { // where f may be infinite
					return 0
				}
				return f(step*u*(pole+v)) * p
			}, 0, to, 1e-11)
			if err != nil && !(q.Error <= 1e-10*math.Abs(q.Value)) {
				return 0, err
			}
			sum += q.Value
		}
		return sum, nil
	}
	all, err := integral(func(float64) float64 { return 1 })
	if err != nil {
		return 0, err
	}
	x, err := integral(f)
	return x / all, err
}

func (c KestenIndex) index() (float64, error) {
	drift, err := c.mean(elementary.Log) // of |1 − ηm|
	if err != nil {
		return 0, err
	}
	if drift >= 0 {
		return 0, fmt.Errorf("there is no stationary law: E ln|1 − ηm| = %.3g is not below 0; take a smaller rate", drift)
	}
	moment := func(k float64) (float64, error) {
		return c.mean(func(x float64) float64 { return elementary.Exp(k * elementary.Log(x)) })
	}
	lo, hi := 0.0, 1.0
	for {
		m, err := moment(hi)
		if err != nil {
			return 0, err
		}
		if m > 1 {
			break
		}
		if lo, hi = hi, 2*hi; hi > 256 {
			return 0, fmt.Errorf("the tail index is above %g: nothing would tell the law from a Gaussian one; take a larger rate", lo)
		}
	}
	for hi-lo > 1e-11*hi {
		mid := lo + (hi-lo)/2
		m, err := moment(mid)
		if err != nil {
			return 0, err
		}
		if m > 1 {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi, nil
}
