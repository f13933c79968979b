package model

import (
	"errors"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// Rosenbrock is the potential in two coordinates
//
//	V(x, y) = (1 − x)² + b(y − x²)²,
//
// a valley along the parabola y = x², curved, and flat along its floor where b is large: the Hessian at the one critical point, the
// minimum V = 0 at (1, 1), has the trace 2 + 10b and the determinant 4b. Steps of descent follow the floor to it at a rate that no
// step stable across the valley can raise.
//
// States have the shape (2). Critical point: minimum. V and temperatures are in units of θ² over time.
//
// Source: Rosenbrock 1960.
type Rosenbrock struct {
	planar
	RosenbrockSettings
}

// RosenbrockSettings are the settings of NewRosenbrock.
type RosenbrockSettings struct {
	Steepness float64 `doc:"b, how steep the walls of the valley are" default:"100" check:">0"`
}

// NewRosenbrock builds the potential; set is nil, as it has no data.
func NewRosenbrock(c RosenbrockSettings, set *data.Set) (sgdlab.Model, error) {
	if err := errors.Join(noData("rosenbrock", set), finite("steepness", c.Steepness, false)); err != nil {
		return nil, err
	}
	m := &Rosenbrock{RosenbrockSettings: c}
	m.planar = planar{m}
	return m, nil
}

// Loss is V(x, y).
func (m *Rosenbrock) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for l, x := range theta[0] {
		off, up := 1-x, math.FMA(-x, x, theta[1][l])
		v[l] = math.FMA(off, off, float64(m.Steepness*(up*up)))
	}
	return v
}

// Grad is dst = ∇V(x, y).
func (m *Rosenbrock) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l, x := range theta[0] {
		up := 2 * m.Steepness * math.FMA(-x, x, theta[1][l])
		dst[0][l] = -2 * math.FMA(up, x, 1-x)
		dst[1][l] = up
	}
}

func (m *Rosenbrock) second(x, y float64) (xx, xy, yy float64) {
	b := 4 * m.Steepness
	return math.FMA(b, math.FMA(3*x, x, -y), 2), -b * x, 2 * m.Steepness
}

func (m *Rosenbrock) third(x, _ float64) (xxx, xxy, xyy, yyy float64) {
	return 24 * m.Steepness * x, -4 * m.Steepness, 0, 0
}

// CriticalPoints returns the minimum.
func (m *Rosenbrock) CriticalPoints() []sgdlab.CriticalPoint {
	return []sgdlab.CriticalPoint{point("minimum", []float64{1, 1}, 0, []float64{1, 1})}
}
