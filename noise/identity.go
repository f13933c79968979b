package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// Identity sends ξ to itself: isotropic noise of Langevin dynamics; shapes (d) → (d).
type Identity struct{ Dim int }

// Width is d.
func (f Identity) Width() int { return f.Dim }

// Apply is dst = ξ.
func (f Identity) Apply(dst, _, xi lanes.Pack, _ *lanes.Arena) { lanes.Copy(dst, xi) }

// ApplyT is dst = v.
func (f Identity) ApplyT(dst, _, v lanes.Pack, _ *lanes.Arena) { lanes.Copy(dst, v) }

// Kind is additive.
func (f Identity) Kind() sgdlab.NoiseKind { return sgdlab.AdditiveNoise }

// IdentitySettings are those of `identity`.
type IdentitySettings struct {
	Temperature sgdlab.Quantity `spec:"temperature,T" words:"matched" optional:"true" check:">=0" doc:"T in √(2T)dW, in units of the loss; or matched: η·tr C(θ*)/(2Bd) at the unkicked start, SGD's noise spread evenly; or give a variance instead"`
	Variance    sgdlab.Setting  `optional:"true" check:">=0" doc:"δ, the variance that every coordinate of one sample's gradient gains: with it the noise turns the covariance C of one sample's gradient into C + δI; instead of a temperature, which is ηδ/(2B)"`
	Batch       int             `optional:"true" check:">=1" doc:"B of the SGD that matched and variance mean; the dynamics' batch, or n, where missing"`
}

// NewIdentity is isotropic noise (Langevin), of the same strength in every direction and at every θ,
//
//	√(2T) dW,  σσᵀ = I.
//
// Its strength is one of
//
//	temperature: T        scale √(2T) for any law; with −∇L alone the density tends to exp(−L/T)
//	temperature: matched  T = η·tr C(θ*)/(2Bd): scale √(tr C/d)·(η/B)^(1−1/α)
//	variance: δ           T = ηδ/(2B):          scale √δ·(η/B)^(1−1/α)
//
// with C the covariance of one sample's gradient, θ* the start without its random part, η the rate, B the batch, d the dimension
// of θ; the last two are noise of SGD, √(2T) for laws with a variance. Over one step h = η the noise of a variance δ has the
// covariance
//
//	η·2T·I = (η²/B)·δI:
//
// added to SGD's own (η²/B)·C, in an SDE beside per-sample noise or in `sgd` as its `noise`, it makes (η²/B)(C + δI), as if
// each sample's gradient had isotropic noise of variance δ in every coordinate. T is in units of the loss, δ in those of C. It needs a model, matched also samples and a
// start with a centre.
func NewIdentity(c IdentitySettings, s *sgdlab.Site) (sgdlab.Source, error) {
	if s.Model == nil {
		return sgdlab.Source{}, fmt.Errorf("identity noise has the dimension of the model, and there is none")
	}
	f := Identity{Dim: s.Model.Dim()}
	t := c.Temperature
	switch given := t.Word != "" || t.Setting != nil; {
	case given && c.Variance != nil:
		return sgdlab.Source{}, fmt.Errorf("identity noise has both a `temperature` and a `variance`, which is the temperature ηδ/(2B); give one of them")
	case !given && c.Variance == nil:
		return sgdlab.Source{}, fmt.Errorf("identity noise needs a `temperature`, a number or matched, or a `variance`, as of one sample's gradient")
	case t.Setting != nil:
		return sgdlab.Source{Factor: f, Scale: func(float64) sgdlab.Setting { return root(t.Setting, 2) }}, nil
	case t.Word != "" && t.Word != "matched":
		return sgdlab.Source{}, fmt.Errorf("got temperature %q; want a number or matched", t.Word)
	}
	what, spread := "variance", root(c.Variance, 1)
	if c.Variance == nil {
		what = "temperature: matched"
	}
	rate, b, err := rateAndBatch(c.Batch, s)
	if err != nil {
		return sgdlab.Source{}, fmt.Errorf("%s: %w", what, err)
	}
	if c.Variance == nil {
		trace, err := traceAtCentre(s)
		if err != nil {
			return sgdlab.Source{}, err
		}
		spread = sgdlab.Constant(math.Sqrt(trace / float64(f.Dim)))
	}
	return sgdlab.Source{Factor: f, Scale: overBatch(rate, b, spread)}, nil
}

// root is √(times·x).
func root(x sgdlab.Setting, times float64) sgdlab.Setting {
	return func(at *sgdlab.Clock) lanes.Vec {
		v := x(at)
		if same, ok := v.Same(); ok {
			return lanes.Splat(math.Sqrt(times * same))
		}
		for l := range v {
			v[l] = math.Sqrt(times * v[l])
		}
		return v
	}
}

// MatchedTemperature returns T as a function of the rate η, such that isotropic noise has the trace of SGD's at the unkicked
// start θ*:
//
//	T = η·tr C(θ*)/(2Bd).
//
// A batch of 0 is the site's, or n. It fails where the model has no samples, the start no centre, or the batch does not fit.
func MatchedTemperature(s *sgdlab.Site, batch int) (func(rate float64) float64, error) {
	at := *s
	at.Rate = sgdlab.Constant(1) // the caller's rate comes later
	_, b, err := rateAndBatch(batch, &at)
	if err != nil {
		return nil, fmt.Errorf("temperature: matched: %w", err)
	}
	trace, err := traceAtCentre(s)
	if err != nil {
		return nil, err
	}
	per := trace / (2 * float64(b) * float64(s.Model.Dim()))
	return func(rate float64) float64 { return rate * per }, nil
}

func traceAtCentre(s *sgdlab.Site) (float64, error) {
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return 0, fmt.Errorf("temperature: matched: %w; give a number instead", err)
	}
	c, err := centre(s, "temperature: matched")
	if err != nil {
		return 0, err
	}
	return CovarianceTrace(m, c), nil
}

// CovarianceTrace is the trace of the covariance of one sample's gradient,
//
//	tr C(θ) = (1/n) Σᵢ ‖∇ℓᵢ(θ) − ∇L(θ)‖²,
//
// by n/W pullbacks, a row in each lane.
func CovarianceTrace(m sgdlab.Sampled, theta []float64) float64 {
	var ws lanes.Arena
	n, k, d := m.Samples(), m.Outputs(), m.Dim()
	at := lanes.Of(theta)
	mean := make(lanes.Pack, d)
	m.Grad(mean, at, &ws)
	g, c := make(lanes.Pack, d), make(lanes.Pack, k)
	rows := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 1)}
	sum := 0.0
	for i := 0; i < n; i += lanes.W {
		ws.Reset()
		for l := range lanes.W {
			rows.Index[0][l] = int32(min(i+l, n-1))
		}
		tape := m.Slope(c, at, rows, &ws)
		m.Pullback(g, at, c, rows, tape, &ws)
		lanes.Sub(g, g, mean)
		square := lanes.Dot(g, g)
		for l := range min(lanes.W, n-i) {
			sum += square[l]
		}
	}
	return sum / float64(n)
}
