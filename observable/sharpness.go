package observable

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Sharpness is the largest eigenvalue of the Hessian, in the algebraic sense,
//
//	λ(θ) = max over ‖v‖ = 1 of vᵀ∇²L(θ)v:
//
// at a maximum of L it is negative. It is in units of L over θ², which are 1/time: gradient descent is stable below 2/η
// (theory stability-threshold). Its last column is the residual ‖∇²L v − λv‖/|λ|, the largest one where several
// eigenvalues are asked for: some eigenvalue lies within residual·|λ| of λ. A residual above the tolerance says that the
// search gave up.
type Sharpness struct {
	Of        sgdlab.Curved
	Dim       int
	Count     int
	Tolerance float64
	scratch   linalg.Scratch
}

// SharpnessSettings are those of NewSharpness.
type SharpnessSettings struct {
	Count     int     `doc:"how many eigenvalues, largest first" default:"1" check:">=1"`
	Tolerance float64 `doc:"of the residual ‖Hv − λv‖/|λ|, at which the search stops" default:"1e-6" check:">0"`
}

// NewSharpness needs Hessian–vector products. Up to 32 parameters it forms ∇²L; beyond, it takes as many products as the
// search (Lanczos) needs: few where the eigenvalue stands apart.
func NewSharpness(c SharpnessSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := sgdlab.As[sgdlab.Curved](s.Model)
	if err != nil {
		return nil, err
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-6
	}
	if !(c.Tolerance >= 1e-13) {
		return nil, fmt.Errorf("tolerance is %g, below what rounding leaves; use at least 1e-13", c.Tolerance)
	}
	n, err := count(max(c.Count, 1), s.Model.Dim(), "eigenvalues of the Hessian")
	if err != nil {
		return nil, err
	}
	return &Sharpness{Of: m, Dim: s.Model.Dim(), Count: n, Tolerance: c.Tolerance}, nil
}

// Columns is sharpness, or sharpness[1], sharpness[2], … where several are asked for, and sharpness-residual.
func (o *Sharpness) Columns() []sgdlab.Column {
	c := named("sharpness")
	if o.Count > 1 {
		c = numbered("sharpness", o.Count)
	}
	return append(c, named("sharpness-residual")...)
}

// Observe is dst = λ₁ ≥ λ₂ ≥ … and the largest residual.
func (o *Sharpness) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	residual := ws.Pack(o.Count)
	h := func(dst, v lanes.Pack) { o.Of.HessVec(dst, theta, v, ws) }
	o.scratch.Top(dst[:o.Count], residual, lanes.View{}, h, o.Dim, linalg.Search{Tolerance: o.Tolerance}, ws)
	dst[o.Count] = lanes.MaxAbs(residual)
}
