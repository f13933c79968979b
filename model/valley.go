package model

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// Valley is the potential in two coordinates
//
//	V(x, y) = a x^p y^q + (c/4)(x⁴ + y⁴),  p and q even,
//
// at c = 0 two valleys of minima along the axes, which narrow away from the point where they cross. Isotropic noise of
// temperature T drives along a valley towards the crossing, where it is widest: at p = q = 2 the coordinate along the valley
// moves, at leading order in T, like a Bessel process of dimension 0, whose square is a martingale.
//
// States have the shape (2). At c = 0 e^(−V/T) cannot be normalised, and nothing confines the state; c > 0 does, and leaves the
// origin as degenerate as it is while p + q ≥ 4. Critical points: origin, and at c = 0 x-axis (1, 0) and y-axis (0, 1), which
// stand for the valleys. V and temperatures are in units of θ² over time.
type Valley struct {
	planar
	ValleySettings
}

// ValleySettings are the settings of NewValley.
type ValleySettings struct {
	Powers      []int   `doc:"p and q, both even" default:"[2, 2]" check:">=2"`
	Height      float64 `doc:"a, the value of x^p y^q's term at (1, 1)" default:"1" check:">0"`
	Confinement float64 `doc:"c, of the quartic term that closes the valleys; 0 leaves them open" default:"0" check:">=0"`
}

// NewValley builds the potential; set is nil, as it has no data.
func NewValley(c ValleySettings, set *data.Set) (sgdlab.Model, error) {
	err := errors.Join(noData("valley", set), finite("height", c.Height, false), finite("confinement", c.Confinement, true))
	if len(c.Powers) != 2 {
		err = errors.Join(err, fmt.Errorf("powers has %d entries; want two, p and q", len(c.Powers)))
	}
	for _, k := range c.Powers {
		if k < 2 || k > 64 || k%2 != 0 {
			err = errors.Join(err, fmt.Errorf("powers holds %d; want even numbers from 2 to 64", k))
		}
	}
	if err != nil {
		return nil, err
	}
	m := &Valley{ValleySettings: c}
	m.planar = planar{m}
	return m, nil
}

// Loss is V(x, y).
func (m *Valley) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for l := range v {
		x, y := theta[0][l], theta[1][l]
		v[l] = m.Height * (power(x, m.Powers[0]) * power(y, m.Powers[1]))
		if m.Confinement > 0 {
			s, t := x*x, y*y
			v[l] = math.FMA(m.Confinement/4, math.FMA(s, s, float64(t*t)), v[l])
		}
	}
	return v
}

// Grad is dst = ∇V(x, y).
func (m *Valley) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	p, q := m.Powers[0], m.Powers[1]
	for l := range lanes.W {
		x, y := theta[0][l], theta[1][l]
		f, g := power(x, p-1), power(y, q-1)
		dst[0][l] = m.Height * float64(p) * f * (g * y)
		dst[1][l] = m.Height * float64(q) * g * (f * x)
		if m.Confinement > 0 {
			dst[0][l] = math.FMA(m.Confinement*x, float64(x*x), dst[0][l])
			dst[1][l] = math.FMA(m.Confinement*y, float64(y*y), dst[1][l])
		}
	}
}

// derivative is the n-th derivative of xᵏ.
func derivative(x float64, k, n int) float64 {
	c := 1.0
	for i := range n {
		c *= float64(k - i)
	}
	if c == 0 {
		return 0
	}
	return c * power(x, k-n)
}

func (m *Valley) second(x, y float64) (xx, xy, yy float64) {
	p, q := m.Powers[0], m.Powers[1]
	xx = m.Height * derivative(x, p, 2) * power(y, q)
	xy = m.Height * derivative(x, p, 1) * derivative(y, q, 1)
	yy = m.Height * power(x, p) * derivative(y, q, 2)
	c := 3 * m.Confinement
	return math.FMA(c*x, x, xx), xy, math.FMA(c*y, y, yy)
}

func (m *Valley) third(x, y float64) (xxx, xxy, xyy, yyy float64) {
	p, q := m.Powers[0], m.Powers[1]
	xxx = m.Height * derivative(x, p, 3) * power(y, q)
	xxy = m.Height * derivative(x, p, 2) * derivative(y, q, 1)
	xyy = m.Height * derivative(x, p, 1) * derivative(y, q, 2)
	yyy = m.Height * power(x, p) * derivative(y, q, 3)
	c := 6 * m.Confinement
	return math.FMA(c, x, xxx), xxy, xyy, math.FMA(c, y, yyy)
}

// CriticalPoints returns origin, and x-axis and y-axis where the valleys are open.
func (m *Valley) CriticalPoints() []sgdlab.CriticalPoint {
	list := []sgdlab.CriticalPoint{point("origin", []float64{0, 0}, 0, []float64{0, 0})}
	if m.Confinement > 0 {
		return list
	}
	for i, name := range []string{"x-axis", "y-axis"} {
		at, across := []float64{0, 0}, m.Powers[1-i]
		at[i] = 1
		list = append(list, point(name, at, 0, []float64{0, derivative(0, across, 2)}))
	}
	return list
}

// NormalCrossings returns what resolves V near its named points, see NormalCrossing; none where it is confined.
func (m *Valley) NormalCrossings() (names []string, k, h [][]int) {
	if m.Confinement > 0 {
		return nil, nil, nil
	}
	p, q := m.Powers[0]/2, m.Powers[1]/2
	return []string{"origin", "x-axis", "y-axis"}, [][]int{{p, q}, {q}, {p}}, make([][]int, 3)
}
