package model

import (
	"errors"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// QuarticSaddle is the potential in two coordinates
//
//	V(x, y) = 4ΔV (q⁴/4 − q²/2) + ½(g + kq²)y² + Cy⁴,  q = x/a,
//
// two wells, V = −ΔV at (±a, 0), on the two sides of a gate at the origin, V = 0, that is quartic across the way where g = 0
// and quadratic where g ≫ √(CT). At (±a, 0) the Hessian has the eigenvalues 8ΔV/a² and g + k, at the origin −4ΔV/a² and g.
// There are no other critical points. At the defaults V = (x² − 1)²/4 + ½x²y² + y⁴ − ¼.
//
// States have the shape (2). Critical points: the minima left and right, and saddle, which is degenerate where g = 0. The mean
// time from well to well then has the prefactor T^¼ (theory eyring-kramers). V and
// temperatures are in units of θ² over time.
//
// Source: Berglund & Gentz 2010.
type QuarticSaddle struct {
	planar
	QuarticSaddleSettings
}

// QuarticSaddleSettings are the settings of NewQuarticSaddle.
type QuarticSaddleSettings struct {
	Barrier  float64 `doc:"ΔV, the height of the saddle above the wells" default:"0.25" check:">0"`
	Well     float64 `doc:"a, the distance of each well from the saddle" default:"1" check:">0"`
	Gate     float64 `doc:"g, the curvature across the way at the saddle; 0 makes the saddle quartic" default:"0" check:">=0"`
	Coupling float64 `doc:"k, what the wells add to the curvature across the way" default:"1" check:">0"`
	Quartic  float64 `doc:"C, the coefficient of y⁴" default:"1" check:">0"`
}

// NewQuarticSaddle builds the potential; set is nil, as it has no data.
func NewQuarticSaddle(c QuarticSaddleSettings, set *data.Set) (sgdlab.Model, error) {
	err := errors.Join(noData("quartic-saddle", set), finite("barrier", c.Barrier, false), finite("well", c.Well, false),
		finite("gate", c.Gate, true), finite("coupling", c.Coupling, false), finite("quartic", c.Quartic, false))
	if err != nil {
		return nil, err
	}
	m := &QuarticSaddle{QuarticSaddleSettings: c}
	m.planar = planar{m}
	return m, nil
}

// Loss is V(x, y).
func (m *QuarticSaddle) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for l := range v {
		q, y := theta[0][l]/m.Well, theta[1][l]
		s, t := q*q, y*y
		across := math.FMA(0.5, math.FMA(m.Coupling, s, m.Gate), float64(m.Quartic*t))
		v[l] = math.FMA(t, across, float64(4*m.Barrier*(s*math.FMA(s, 0.25, -0.5))))
	}
	return v
}

// Grad is dst = ∇V(x, y).
func (m *QuarticSaddle) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		q, y := theta[0][l]/m.Well, theta[1][l]
		s, t := q*q, y*y
		dst[0][l] = q / m.Well * math.FMA(4*m.Barrier, math.FMA(q, q, -1), float64(m.Coupling*t))
		dst[1][l] = y * math.FMA(m.Coupling, s, math.FMA(4*m.Quartic, t, m.Gate))
	}
}

func (m *QuarticSaddle) second(x, y float64) (xx, xy, yy float64) {
	q := x / m.Well
	s, t := q*q, y*y
	xx = math.FMA(4*m.Barrier, math.FMA(3, s, -1), float64(m.Coupling*t)) / (m.Well * m.Well)
	return xx, 2 * m.Coupling * q * y / m.Well, math.FMA(m.Coupling, s, math.FMA(12*m.Quartic, t, m.Gate))
}

func (m *QuarticSaddle) third(x, y float64) (xxx, xxy, xyy, yyy float64) {
	q := x / m.Well
	return 24 * m.Barrier * q / (m.Well * m.Well * m.Well), 2 * m.Coupling * y / (m.Well * m.Well), 2 * m.Coupling * q / m.Well, 24 * m.Quartic * y
}

// CriticalPoints returns left, right and saddle.
func (m *QuarticSaddle) CriticalPoints() []sgdlab.CriticalPoint {
	bottom := []float64{8 * m.Barrier, m.Gate + m.Coupling}
	return []sgdlab.CriticalPoint{
		point("left", []float64{-m.Well, 0}, -m.Barrier, bottom),
		point("right", []float64{m.Well, 0}, -m.Barrier, bottom),
		point("saddle", []float64{0, 0}, 0, []float64{-m.Barrier, m.Gate}, "left", "right"),
	}
}
