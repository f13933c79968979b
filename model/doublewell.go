package model

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// DoubleWell is the potential in one dimension
//
//	V(x) = 4ΔV (q⁴/4 − q²/2),  q = x/a,
//
// with minima V = −ΔV at ±a and the barrier top V = 0 between them; V″(±a) = 8ΔV/a², V″(0) = −4ΔV/a². At ΔV = ¼ and
// a = 1 it is x⁴/4 − x²/2.
//
// States have the shape (1). Critical points: the minima left and right, and top between them. V and temperatures are in units
// of θ² over time, curvatures in 1/time.
type DoubleWell struct {
	Barrier float64 // ΔV
	Well    float64 // a
}

// DoubleWellSettings are the settings of NewDoubleWell.
type DoubleWellSettings struct {
	Barrier float64 `doc:"ΔV, the height of the barrier above the wells" default:"0.25" check:">0"`
	Well    float64 `doc:"a, the distance of each well from the barrier's top" default:"1" check:">0"`
}

// NewDoubleWell builds the potential; set is nil, as it has no data.
func NewDoubleWell(c DoubleWellSettings, set *data.Set) (sgdlab.Model, error) {
	if err := noData("double-well", set); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		x    float64
	}{{"barrier", c.Barrier}, {"well", c.Well}} {
		if !(f.x > 0) || math.IsInf(f.x, 0) {
			return nil, fmt.Errorf("%s is %g; want a finite number > 0", f.name, f.x)
		}
	}
	return &DoubleWell{Barrier: c.Barrier, Well: c.Well}, nil
}

// Dim returns 1.
func (m *DoubleWell) Dim() int { return 1 }

// Loss is V(x).
func (m *DoubleWell) Loss(theta lanes.Pack, _ *lanes.Arena) lanes.Vec {
	var v lanes.Vec
	for l, x := range theta[0] {
		q := x / m.Well
		s := q * q
		v[l] = 4 * m.Barrier * (s * math.FMA(s, 0.25, -0.5))
	}
	return v
}

// Force returns a and b of V′(x) = x(ax² + b): a = 4ΔV/well⁴, b = −4ΔV/well².
func (m *DoubleWell) Force() (a, b float64) {
	b = -4 * m.Barrier / m.Well / m.Well
	return -b / m.Well / m.Well, b
}

// Grad is dst = V′(x).
func (m *DoubleWell) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	a, b := m.Force()
	for l, x := range theta[0] {
		dst[0][l] = x * math.FMA(float64(x*x), a, b)
	}
}

// HessVec is dst = V″(x)v, V″ = (4ΔV/a²)(3q² − 1).
func (m *DoubleWell) HessVec(dst, theta, v lanes.Pack, _ *lanes.Arena) {
	f := 4 * m.Barrier / m.Well / m.Well
	for l, x := range theta[0] {
		q := x / m.Well
		dst[0][l] = f * math.FMA(3*q, q, -1) * v[0][l]
	}
}

// Hessian is dst = V″(x).
func (m *DoubleWell) Hessian(dst, theta lanes.Pack, ws *lanes.Arena) {
	m.HessVec(dst, theta, lanes.Pack{lanes.Splat(1)}, ws)
}

// ThirdVec is dst = V‴(x)uv, V‴ = (24ΔV/a³)q.
func (m *DoubleWell) ThirdVec(dst, theta, u, v lanes.Pack, _ *lanes.Arena) {
	f := 24 * m.Barrier / m.Well / m.Well / m.Well
	for l, x := range theta[0] {
		dst[0][l] = f * (x / m.Well) * (u[0][l] * v[0][l])
	}
}

// CriticalPoints returns left, right and top.
func (m *DoubleWell) CriticalPoints() []sgdlab.CriticalPoint {
	bottom, top := []float64{8 * m.Barrier}, []float64{-4 * m.Barrier}
	return []sgdlab.CriticalPoint{
		point("left", []float64{-m.Well}, -m.Barrier, bottom),
		point("right", []float64{m.Well}, -m.Barrier, bottom),
		point("top", []float64{0}, 0, top, "left", "right"),
	}
}
