package model

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// Quadratic is the quadratic form
//
//	L(θ) = ½ θᵀHθ,  H = Q diag(λ) Qᵀ,
//
// whose eigenvalues may have either sign. Its one critical point is named origin: a minimum, a saddle where some eigenvalues
// are negative, degenerate where some are 0. States have the shape (d), d the number of eigenvalues.
//
// L and temperatures are in units of θ² over time, and curvatures λ in 1/time, as on every landscape: dθ = −∇L dt.
type Quadratic struct {
	Eigenvalues []float64
	Turn        lanes.Mat // Q, (d, d), its columns the eigenvectors; empty for I
	hessian     lanes.Mat // (d, d); empty where Q = I
}

// QuadraticSettings are the settings of NewQuadratic.
type QuadraticSettings struct {
	Spectrum     []float64 `spec:"spectrum,eigenvalues" doc:"eigenvalues of the Hessian, of either sign"`
	Rotate       bool      `doc:"turn the eigenvectors by a Haar distributed rotation; false leaves them on the axes" default:"false"`
	RotationSeed uint64    `doc:"seed of the rotation" default:"0"`
}

// NewQuadratic builds the quadratic form; set is nil, as it has no data.
func NewQuadratic(c QuadraticSettings, set *data.Set) (sgdlab.Model, error) {
	if err := noData("quadratic", set); err != nil {
		return nil, err
	}
	d := len(c.Spectrum)
	if d == 0 {
		return nil, errors.New("spectrum is empty; give at least one eigenvalue")
	}
	for _, x := range c.Spectrum {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("spectrum holds %g; eigenvalues are finite numbers", x)
		}
	}
	m := &Quadratic{Eigenvalues: append([]float64(nil), c.Spectrum...)}
	if !c.Rotate {
		return m, nil
	}
	if d > 4096 {
		return nil, fmt.Errorf("spectrum has %d eigenvalues; rotate forms a matrix of %d × %d: use at most 4096, or rotate: false", d, d, d)
	}
	m.Turn = data.Haar("model/rotation", c.RotationSeed, d, d)
	m.hessian = lanes.NewMat(d, d)
	for i := range d {
		for j := range i + 1 {
			s := 0.0
			for k, x := range m.Eigenvalues {
				s = math.FMA(float64(m.Turn.At(i, k)*x), m.Turn.At(j, k), s)
			}
			m.hessian.Set(i, j, s)
			m.hessian.Set(j, i, s)
		}
	}
	return m, nil
}

// Dim returns d.
func (m *Quadratic) Dim() int { return len(m.Eigenvalues) }

// Loss is ½ Σ λⱼ (Qᵀθ)ⱼ².
func (m *Quadratic) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	defer ws.Release(ws.Mark())
	z := theta
	if !m.Turn.Empty() {
		z = ws.Pack(len(theta))
		lanes.MatVec(z, m.Turn.T(), theta)
	}
	var s lanes.Vec
	for j, x := range m.Eigenvalues {
		for l := range s {
			s[l] = math.FMA(0.5*x*z[j][l], z[j][l], s[l])
		}
	}
	return s
}

// Grad is dst = Hθ.
func (m *Quadratic) Grad(dst, theta lanes.Pack, ws *lanes.Arena) { m.HessVec(dst, theta, theta, ws) }

// HessVec is dst = Hv.
func (m *Quadratic) HessVec(dst, _, v lanes.Pack, _ *lanes.Arena) {
	if !m.hessian.Empty() {
		lanes.MatVec(dst, m.hessian, v)
		return
	}
	for j, x := range m.Eigenvalues {
		for l := range v[j] {
			dst[j][l] = x * v[j][l]
		}
	}
}

// Hessian is dst = H, by rows.
func (m *Quadratic) Hessian(dst, _ lanes.Pack, _ *lanes.Arena) {
	d := len(m.Eigenvalues)
	for i := range d {
		for j := range d {
			switch {
			case !m.hessian.Empty():
				dst[i*d+j] = lanes.Splat(m.hessian.At(i, j))
			case i == j:
				dst[i*d+j] = lanes.Splat(m.Eigenvalues[i])
			default:
				dst[i*d+j] = lanes.Vec{}
			}
		}
	}
}

// ThirdVec is dst = 0.
func (m *Quadratic) ThirdVec(dst, _, _, _ lanes.Pack, _ *lanes.Arena) { lanes.Zero(dst) }

// CriticalPoints returns the origin; where eigenvalues are 0 it stands for a subspace.
func (m *Quadratic) CriticalPoints() []sgdlab.CriticalPoint {
	return []sgdlab.CriticalPoint{point("origin", make([]float64, m.Dim()), 0, m.Eigenvalues)}
}

// noData refuses data for landscapes that have none.
func noData(name string, set *data.Set) error {
	if set != nil {
		return fmt.Errorf("%s is a landscape without data; leave out data (found %s)", name, set.Name)
	}
	return nil
}
