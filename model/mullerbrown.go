package model

import (
	"errors"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// MullerBrown is the surface of Müller and Brown in two coordinates,
//
//	V(x, y) = s Σₖ Aₖ exp(aₖ(x − xₖ)² + bₖ(x − xₖ)(y − yₖ) + cₖ(y − yₖ)²),
//	A = (−200, −100, −170, 15),  a = (−1, −1, −6.5, 0.7),  b = (0, 0, 11, 0.6),  c = (−10, −10, −6.5, 0.7),
//	x = (1, 0, −0.5, −1),  y = (0, 0.5, 1.5, 1),
//
// a curved way between two deep wells with a shallow one on it. At s = 1 the heights are
//
//	reactant     (−0.558,  1.442)   −146.70      upper-saddle  (−0.822, 0.624)  −40.66
//	intermediate (−0.050,  0.467)    −80.77      lower-saddle  ( 0.212, 0.293)  −72.25
//	product      ( 0.623,  0.028)   −108.17
//
// so that temperatures of 5 to 20 leave barriers to cross; curvatures reach 3000 s, so SDE steps must stay well below 1/1500s.
//
// States have the shape (2). The critical points are those named above, found to rounding by Newton's method when the model
// is made: three minima, and the saddles between neighbours on the way. V and temperatures
// are in units of θ² over time.
//
// Source: Müller & Brown 1979.
type MullerBrown struct {
	planar
	scale float64
	chart []sgdlab.CriticalPoint
}

// MullerBrownSettings are the settings of NewMullerBrown.
type MullerBrownSettings struct {
	Scale float64 `doc:"s, which multiplies all heights" default:"1" check:">0"`
}

// bumps are Aₖ, aₖ, bₖ, cₖ, xₖ, yₖ.
var bumps = [4]struct{ height, a, b, c, x, y float64 }{
	{-200, -1, 0, -10, 1, 0}, {-100, -1, 0, -10, 0, 0.5}, {-170, -6.5, 11, -6.5, -0.5, 1.5}, {15, 0.7, 0.6, 0.7, -1, 1},
}

// NewMullerBrown builds the surface; set is nil, as it has no data.
func NewMullerBrown(c MullerBrownSettings, set *data.Set) (sgdlab.Model, error) {
	if err := errors.Join(noData("muller-brown", set), finite("scale", c.Scale, false)); err != nil {
		return nil, err
	}
	m := &MullerBrown{scale: c.Scale}
	m.planar = planar{m}
	for _, p := range []struct {
		name  string
		x, y  float64
		signs []float64
		joins []string
	}{
		{"reactant", -0.558, 1.442, []float64{1, 1}, nil},
		{"intermediate", -0.050, 0.467, []float64{1, 1}, nil},
		{"product", 0.623, 0.028, []float64{1, 1}, nil},
		{"upper-saddle", -0.822, 0.624, []float64{-1, 1}, []string{"reactant", "intermediate"}},
		{"lower-saddle", 0.212, 0.293, []float64{-1, 1}, []string{"intermediate", "product"}},
	} {
		x, y := m.newton(p.x, p.y)
		v, _, _ := m.first(x, y)
		m.chart = append(m.chart, point(p.name, []float64{x, y}, v, p.signs, p.joins...))
	}
	return m, nil
}

// newton finds the critical point beside a place, down to where ∇V no longer shrinks.
func (m *MullerBrown) newton(x, y float64) (float64, float64) {
	_, gx, gy := m.first(x, y)
	for {
		xx, xy, yy := m.second(x, y)
		det := math.FMA(xx, yy, -float64(xy*xy))
		nx := x - math.FMA(yy, gx, -float64(xy*gy))/det
		ny := y - math.FMA(xx, gy, -float64(xy*gx))/det
		_, hx, hy := m.first(nx, ny)
		if !(math.FMA(hx, hx, float64(hy*hy)) < math.FMA(gx, gx, float64(gy*gy))) {
			return x, y
		}
		x, y, gx, gy = nx, ny, hx, hy
	}
}

// bump is the k-th term at a place, and the first derivatives of its exponent.
func (m *MullerBrown) bump(k int, x, y float64) (e, p, q float64) {
	b := &bumps[k]
	dx, dy := x-b.x, y-b.y
	p = math.FMA(2*b.a, dx, float64(b.b*dy))
	q = math.FMA(2*b.c, dy, float64(b.b*dx))
	// The exponent is homogeneous of degree two: half of Euler's sum.
	return float64(m.scale * b.height * elementary.Exp(0.5*math.FMA(p, dx, float64(q*dy)))), p, q
}

// first returns V and ∇V.
func (m *MullerBrown) first(x, y float64) (v, vx, vy float64) {
	for k := range bumps {
		e, p, q := m.bump(k, x, y)
		v += e
		vx = math.FMA(e, p, vx)
		vy = math.FMA(e, q, vy)
	}
	return v, vx, vy
}

// Loss is V(x, y).
func (m *MullerBrown) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for l := range v {
		v[l], _, _ = m.first(theta[0][l], theta[1][l])
	}
	return v
}

// Grad is dst = ∇V(x, y).
func (m *MullerBrown) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		_, dst[0][l], dst[1][l] = m.first(theta[0][l], theta[1][l])
	}
}

func (m *MullerBrown) second(x, y float64) (xx, xy, yy float64) {
	for k := range bumps {
		e, p, q := m.bump(k, x, y)
		b := &bumps[k]
		xx = math.FMA(e, math.FMA(p, p, 2*b.a), xx)
		xy = math.FMA(e, math.FMA(p, q, b.b), xy)
		yy = math.FMA(e, math.FMA(q, q, 2*b.c), yy)
	}
	return xx, xy, yy
}

func (m *MullerBrown) third(x, y float64) (xxx, xxy, xyy, yyy float64) {
	for k := range bumps {
		e, p, q := m.bump(k, x, y)
		b := &bumps[k]
		xxx = math.FMA(e*p, math.FMA(p, p, 6*b.a), xxx)
		xxy = math.FMA(e, math.FMA(q, math.FMA(p, p, 2*b.a), float64(2*b.b*p)), xxy)
		xyy = math.FMA(e, math.FMA(p, math.FMA(q, q, 2*b.c), float64(2*b.b*q)), xyy)
		yyy = math.FMA(e*q, math.FMA(q, q, 6*b.c), yyy)
	}
	return xxx, xxy, xyy, yyy
}

// CriticalPoints returns three minima and two saddles.
func (m *MullerBrown) CriticalPoints() []sgdlab.CriticalPoint { return copied(m.chart) }
