package model

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// DegenerateSaddle is the potential
//
//	V(x, y) = −(a/p)│x│^p + (a/(p+2)) │x│^(p+2)/R² + ½ Σ sⱼyⱼ²
//
// with a saddle at the origin whose Hessian has no negative eigenvalue: V falls away like a power p ≥ 3 along x, and rises
// quadratically along the stable directions y. The second term makes wells at x = ±R, V = −2aR^p/(p(p+2)) with curvature
// 2aR^(p−2); without R it is absent, V is not bounded below, and drift carries x to infinity in finite time.
//
// States are (x, y₁, y₂, …), one coordinate and one for each stable direction. Critical points: saddle, and with R the
// minima left and right. Theory degenerate-saddle gives the mean time to leave the saddle under additive noise, of the order
// T^−(1−2/p). V and temperatures are in units of θ² over time.
type DegenerateSaddle struct {
	separate
	DegenerateSaddleSettings
	confined float64 // 1/R², or 0
}

// DegenerateSaddleSettings are the settings of NewDegenerateSaddle.
type DegenerateSaddleSettings struct {
	Power       int       `doc:"p, a whole number" default:"4" check:">=3"`
	Coefficient float64   `doc:"a" default:"1" check:">0"`
	Well        float64   `doc:"R, the distance of the wells from the saddle; no wells where missing" optional:"true" check:">0"`
	Stable      []float64 `doc:"s, the curvature of each stable direction; none where missing" optional:"true" check:">0"`
}

// NewDegenerateSaddle builds the potential; set is nil, as it has no data.
func NewDegenerateSaddle(c DegenerateSaddleSettings, set *data.Set) (sgdlab.Model, error) {
	err := errors.Join(noData("degenerate-saddle", set), finite("coefficient", c.Coefficient, false))
	if c.Power < 3 || c.Power > 64 {
		err = errors.Join(err, fmt.Errorf("power is %d; want 3 to 64: at 2 the saddle is strict (model double-well or quadratic)", c.Power))
	}
	for _, s := range c.Stable {
		err = errors.Join(err, finite("a curvature in stable", s, false))
	}
	m := &DegenerateSaddle{DegenerateSaddleSettings: c}
	if !math.IsNaN(c.Well) {
		err = errors.Join(err, finite("well", c.Well, false))
		m.confined = 1 / (c.Well * c.Well)
	}
	if err != nil {
		return nil, err
	}
	m.separate = separate{1 + len(c.Stable), m}
	return m, nil
}

// Degeneracy returns p and a.
func (m *DegenerateSaddle) Degeneracy() (power, coefficient float64) {
	return float64(m.Power), m.Coefficient
}

// Loss is V.
func (m *DegenerateSaddle) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	p := float64(m.Power)
	for l, x := range theta[0] {
		v[l] = m.Coefficient * power(math.Abs(x), m.Power) * math.FMA(m.confined/(p+2)*x, x, -1/p)
	}
	for j, s := range m.Stable {
		for l, y := range theta[j+1] {
			v[l] = math.FMA(0.5*s*y, y, v[l])
		}
	}
	return v
}

// Grad is dst = ∇V.
func (m *DegenerateSaddle) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l, x := range theta[0] {
		dst[0][l] = m.Coefficient * x * power(math.Abs(x), m.Power-2) * math.FMA(m.confined*x, x, -1)
	}
	for j, s := range m.Stable {
		for l, y := range theta[j+1] {
			dst[j+1][l] = s * y
		}
	}
}

func (m *DegenerateSaddle) second(j int, x float64) float64 {
	if j > 0 {
		return m.Stable[j-1]
	}
	p := float64(m.Power)
	return m.Coefficient * power(math.Abs(x), m.Power-2) * math.FMA((p+1)*m.confined*x, x, 1-p)
}

func (m *DegenerateSaddle) third(j int, x float64) float64 {
	if j > 0 {
		return 0
	}
	p := float64(m.Power)
	return m.Coefficient * math.Copysign(power(math.Abs(x), m.Power-3), x) * math.FMA(p*(p+1)*m.confined*x, x, float64((1-p)*(p-2)))
}

// CriticalPoints returns saddle, and left and right where there are wells.
func (m *DegenerateSaddle) CriticalPoints() []sgdlab.CriticalPoint {
	origin := make([]float64, m.Dim())
	if m.confined == 0 {
		return []sgdlab.CriticalPoint{point("saddle", origin, 0, append([]float64{0}, m.Stable...))}
	}
	left, right := make([]float64, m.Dim()), make([]float64, m.Dim())
	left[0], right[0] = -m.Well, m.Well
	p := float64(m.Power)
	bottom := -2 * m.Coefficient * power(m.Well, m.Power) / (p * (p + 2))
	up := append([]float64{1}, m.Stable...)
	return []sgdlab.CriticalPoint{
		point("left", left, bottom, up), point("right", right, bottom, up),
		point("saddle", origin, 0, append([]float64{0}, m.Stable...), "left", "right"),
	}
}
