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
	Temperature sgdlab.Quantity `spec:"temperature,T" words:"matched" check:">=0" doc:"T in √(2T)dW, in units of the loss; or matched: η·tr C(θ*)/(2Bd) at the unkicked start, SGD's noise spread evenly"`
	Batch       int             `optional:"true" check:">=1" doc:"B of the SGD that matched means; the dynamics' batch, or n, where missing"`
}

// NewIdentity is isotropic noise √(2T)dW. A temperature given as a number sets the scale √(2T) for any law; a matched one is
// √(tr C/d)·(η/B)^(1−1/α), which is √(2T) for laws with a variance.
func NewIdentity(c IdentitySettings, s *sgdlab.Site) (sgdlab.Source, error) {
	if s.Model == nil {
		return sgdlab.Source{}, fmt.Errorf("identity noise has the dimension of the model, and there is none")
	}
	f := Identity{Dim: s.Model.Dim()}
	if c.Temperature.Word == "" {
		t := c.Temperature.Setting
		if t == nil {
			return sgdlab.Source{}, fmt.Errorf("identity noise needs a `temperature`: a number, or matched")
		}
		return sgdlab.Source{Factor: f, Scale: func(float64) sgdlab.Setting {
			return func(at *sgdlab.Clock) lanes.Vec {
				v := t(at)
				for l := range v {
					v[l] = math.Sqrt(2 * v[l])
				}
				return v
			}
		}}, nil
	}
	if c.Temperature.Word != "matched" {
		return sgdlab.Source{}, fmt.Errorf("got temperature %q; want a number or matched", c.Temperature.Word)
	}
	rate, b, err := rateAndBatch(c.Batch, s)
	if err != nil {
		return sgdlab.Source{}, fmt.Errorf("temperature: matched: %w", err)
	}
	trace, err := traceAtCentre(s)
	if err != nil {
		return sgdlab.Source{}, err
	}
	spread := sgdlab.Constant(math.Sqrt(trace / float64(f.Dim)))
	return sgdlab.Source{Factor: f, Scale: overBatch(rate, b, spread)}, nil
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
