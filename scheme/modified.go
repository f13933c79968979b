package scheme

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Modified is the drift of the modified equation of second order,
//
//	a(θ) = −∇(L + (η/4)‖∇L‖²) = −∇L − (η/2)∇²L·∇L,
//
// of shape (d), in units of θ over time. It costs a gradient and a Hessian–vector product.
type Modified struct {
	sgdlab.Model
	curved sgdlab.Curved
	pace
}

// pace is η of a drift, as it was last read.
type pace struct {
	rate sgdlab.Setting
	eta  lanes.Vec
}

// ReadClock looks η up.
func (p *pace) ReadClock(at *sgdlab.Clock) { p.eta = p.rate(at) }

// paceOf is the rate of the dynamics that a drift is built for.
func paceOf(what string, s *sgdlab.Site) (pace, error) {
	if s.Model == nil {
		return pace{}, fmt.Errorf("the drift %s is made of ∇L, and there is no model", what)
	}
	if s.Rate == nil {
		return pace{}, fmt.Errorf("the drift %s depends on η; give the dynamics a `rate`", what)
	}
	p := pace{rate: s.Rate}
	p.ReadClock(&sgdlab.Clock{})
	return p, nil
}

// NewModified is the drift of the stochastic modified equation of second order,
//
//	a(θ) = −∇(L + (η/4)‖∇L‖²) = −∇L − (η/2)∇²L·∇L,
//
// η the rate of the dynamics, its step where it has none. With per-sample noise in the sense of Itô,
//
//	dθ = −∇(L + (η/4)‖∇L‖²)dt + √(η/B)·C^½dW,
//
// expectations of smooth functions at times up to any T are those of SGD to O(η²), where those of the SDE with the drift −∇L are to O(η);
// without noise the flow is GD's to O(η²). The scheme's step has to be so much shorter than the rate that its own error is smaller. It is
// an order on [0, T], and says nothing of stationary laws: on a quadratic the variance is further from SGD's than that of the SDE of first
// order. Shape (d), in units of θ over time; it costs a gradient and a Hessian–vector product over all rows, and needs a model that
// multiplies by its Hessian.
//
// Source: Li, Tai & E 2019, for the equation; rederived from the moments of one step.
func NewModified(_ struct{}, s *sgdlab.Site) (sgdlab.Drift, error) {
	p, err := paceOf("modified", s)
	if err != nil {
		return nil, err
	}
	c, err := sgdlab.As[sgdlab.Curved](s.Model)
	if err != nil {
		return nil, fmt.Errorf("the drift modified %w", err)
	}
	return &Modified{Model: s.Model, curved: c, pace: p}, nil
}

// Drift is dst = −∇L − (η/2)∇²L·∇L.
func (m *Modified) Drift(dst, theta lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	h := ws.Pack(len(theta))
	m.Grad(dst, theta, ws)
	m.curved.HessVec(h, theta, dst, ws)
	lanes.AddScaled(dst, times(m.eta, 0.5), h)
	lanes.Scale(dst, -1)
	ws.Release(mark)
}

// HessianAware is the drift whose flow over a time η is a step of GD on a quadratic, with H = ∇²L(θ),
//
//	a(θ) = −φ(ηH)∇L,  φ(x) = −log(1 − x)/x = 1 + x/2 + x²/3 + …
//
// shape (d), in units of θ over time; NaN where ηλ ≥ 1.
type HessianAware struct {
	sgdlab.Model
	basis *noise.Basis
	pace
}

// NewHessianAware is the drift of the Hessian-aware modified equation: with H = ∇²L(θ) at each θ,
//
//	a(θ) = −φ(ηH)∇L(θ),  φ(x) = −log(1 − x)/x = 1 + x/2 + x²/3 + …, φ(0) = 1,
//
// η the rate of the dynamics, its step where it has none. On a quadratic with ηλ < 1 its flow at the times ηk is gradient descent, and with
// the factor `hessian-aware` the mean and covariance of the SDE there are those of SGD whose noise does not depend on θ; elsewhere it
// agrees with the drift `modified` to O(η²). Where ηλ ≥ 1 in some direction descent jumps across the minimum, no flow of one coordinate
// does, and the drift is not defined: the replica diverges. Directions of negative curvature are no exception.
//
// Shape (d), in units of θ over time. It costs a gradient, the Hessian, and its eigenvalue problem in each replica, for models of up to 64
// parameters.
//
// Source: derived here from the quadratic, where the drift is −(1/η)·(−log(1 − ηH))θ.
func NewHessianAware(_ struct{}, s *sgdlab.Site) (sgdlab.Drift, error) {
	p, err := paceOf("hessian-aware", s)
	if err != nil {
		return nil, err
	}
	b, err := noise.NewBasis("the drift hessian-aware", s.Model)
	if err != nil {
		return nil, err
	}
	return &HessianAware{Model: s.Model, basis: b, pace: p}, nil
}

// Drift is dst = −φ(ηH)∇L.
func (m *HessianAware) Drift(dst, theta lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	d := len(theta)
	m.basis.At(theta, ws)
	part := ws.Pack(d)
	m.Grad(dst, theta, ws)
	lanes.MatMul(lanes.ByRows(part, d, 1), m.basis.Vectors.T(), lanes.ByRows(dst, d, 1))
	for j := range part {
		for l, x := range part[j] {
			part[j][l] = -x * slowed(m.eta[l]*m.basis.Values[j][l])
		}
	}
	lanes.MatMul(lanes.ByRows(dst, d, 1), m.basis.Vectors, lanes.ByRows(part, d, 1))
	ws.Release(mark)
}

// slowed is φ(x) = −log(1 − x)/x, NaN from x = 1 on.
func slowed(x float64) float64 {
	switch {
	case x == 0:
		return 1
	case !(x < 1):
		return math.NaN()
	}
	return -elementary.Log1p(-x) / x
}
