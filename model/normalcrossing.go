package model

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// NormalCrossing is the potential
//
//	V(θ) = a Πⱼ xⱼ^(2kⱼ),  kⱼ ≥ 1,
//
// to which, by Hironaka's theorem, every analytic loss looks alike near its minima in suitable coordinates. Its zeros are the
// coordinate planes, which cross at the origin, the most degenerate point. Near it the learning coefficient (real log
// canonical threshold) is λ = minⱼ 1/(2kⱼ), with as many logarithms as that minimum is attained (theory learning-coefficient).
//
// States have the shape (d), d the number of powers, at most 32. V is 0 on unbounded sets: e^(−V/T) has no normalisation.
// Critical points: origin, and face-0, face-1, … with that coordinate 0 and the others 1, which stand for the planes. V and
// temperatures are in units of θ² over time.
//
// Source: Watanabe 2009.
type NormalCrossing struct{ NormalCrossingSettings }

// NormalCrossingSettings are the settings of NewNormalCrossing.
type NormalCrossingSettings struct {
	Powers []int   `doc:"k, half the power of each coordinate" default:"[1, 1]" check:">=1"`
	Height float64 `doc:"a, the value where all coordinates are 1" default:"1" check:">0"`
}

// most is the number of coordinates of a normal crossing, which are kept on the stack.
const most = 32

// NewNormalCrossing builds the potential; set is nil, as it has no data.
func NewNormalCrossing(c NormalCrossingSettings, set *data.Set) (sgdlab.Model, error) {
	err := errors.Join(noData("normal-crossing", set), finite("height", c.Height, false))
	if d := len(c.Powers); d < 1 || d > most {
		err = errors.Join(err, fmt.Errorf("powers has %d entries; want 1 to %d", d, most))
	}
	for _, k := range c.Powers {
		if k < 1 || k > 32 {
			err = errors.Join(err, fmt.Errorf("powers holds %d; want 1 to 32", k))
		}
	}
	if err != nil {
		return nil, err
	}
	c.Powers = append([]int(nil), c.Powers...)
	return &NormalCrossing{c}, nil
}

// Dim returns d.
func (m *NormalCrossing) Dim() int { return len(m.Powers) }

// NormalCrossings returns, for each named point, the charts that resolve V near it: V is Π zᵢ^(2kᵢ) times a unit in coordinates
// of volume element Π │zᵢ│^hᵢ dz.
func (m *NormalCrossing) NormalCrossings() (names []string, k, h [][]int) {
	names, k = append([]string{"origin"}, m.faces()...), append([][]int{m.Powers}, single(m.Powers)...)
	return names, k[:len(names)], make([][]int, len(names))
}

// faces are the names of the planes, none where the origin is all there is.
func (m *NormalCrossing) faces() (names []string) {
	if m.Dim() == 1 {
		return nil
	}
	for j := range m.Powers {
		names = append(names, fmt.Sprintf("face-%d", j))
	}
	return names
}

// single makes a chart of each power.
func single(powers []int) (charts [][]int) {
	for _, k := range powers {
		charts = append(charts, []int{k})
	}
	return charts
}

// Loss is V(θ).
func (m *NormalCrossing) Loss(theta lanes.Pack, _ *lanes.Arena) lanes.Vec {
	v := lanes.Splat(m.Height)
	for j, k := range m.Powers {
		for l, x := range theta[j] {
			v[l] *= power(x, 2*k)
		}
	}
	return v
}

// Grad is dst = ∇V(θ).
func (m *NormalCrossing) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	// dst holds the products of the factors before j; those behind gather on the way back.
	before := lanes.Splat(m.Height)
	for j, k := range m.Powers {
		dst[j] = before
		for l, x := range theta[j] {
			before[l] *= power(x, 2*k)
		}
	}
	behind := lanes.Splat(1)
	for j := len(m.Powers) - 1; j >= 0; j-- {
		k := m.Powers[j]
		for l, x := range theta[j] {
			odd := power(x, 2*k-1)
			dst[j][l] *= float64(2*k) * odd * behind[l]
			behind[l] *= odd * x
		}
	}
}

// swell is a number that moves along two directions at once: its value, its derivatives along u and v, and the mixed one.
type swell struct{ f, u, v, uv float64 }

func (a swell) times(b swell) swell {
	return swell{
		a.f * b.f,
		math.FMA(a.f, b.u, float64(a.u*b.f)),
		math.FMA(a.f, b.v, float64(a.v*b.f)),
		math.FMA(a.f, b.uv, math.FMA(a.u, b.v, math.FMA(a.v, b.u, float64(a.uv*b.f)))),
	}
}

// monomial is c xⁿ where x moves along u and v.
func monomial(c float64, n int, x, u, v float64) swell {
	s := swell{f: c * power(x, n)}
	if n > 0 {
		d := c * float64(n) * power(x, n-1)
		s.u, s.v = d*u, d*v
	}
	if n > 1 {
		s.uv = c * float64(n*(n-1)) * power(x, n-2) * u * v
	}
	return s
}

// along fills dst with what take reads of ∇V where θ moves along u and v.
func (m *NormalCrossing) along(dst, theta, u, v lanes.Pack, take func(swell) float64) {
	var before [most]swell
	for l := range lanes.W {
		run := swell{f: m.Height}
		for j, k := range m.Powers {
			before[j] = run
			run = run.times(monomial(1, 2*k, theta[j][l], u[j][l], v[j][l]))
		}
		run = swell{f: 1}
		for j := len(m.Powers) - 1; j >= 0; j-- {
			k, x, a, b := m.Powers[j], theta[j][l], u[j][l], v[j][l]
			g := before[j].times(run).times(monomial(float64(2*k), 2*k-1, x, a, b))
			run = run.times(monomial(1, 2*k, x, a, b))
			dst[j][l] = take(g)
		}
	}
}

// HessVec is dst = ∇²V v.
func (m *NormalCrossing) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.along(dst, theta, v, ws.Zeroed(len(v)), func(s swell) float64 { return s.u })
}

// ThirdVec is dst = D³V[u, v].
func (m *NormalCrossing) ThirdVec(dst, theta, u, v lanes.Pack, _ *lanes.Arena) {
	m.along(dst, theta, u, v, func(s swell) float64 { return s.uv })
}

// CriticalPoints returns origin and the faces.
func (m *NormalCrossing) CriticalPoints() []sgdlab.CriticalPoint {
	d := m.Dim()
	list := []sgdlab.CriticalPoint{point("origin", make([]float64, d), 0, make([]float64, d))}
	if d == 1 && m.Powers[0] == 1 {
		list[0].Nullity = 0
	}
	for j, name := range m.faces() {
		at, eigenvalues := make([]float64, d), make([]float64, d)
		for i := range at {
			if i != j {
				at[i] = 1
			}
		}
		if m.Powers[j] == 1 {
			eigenvalues[0] = 2 * m.Height
		}
		list = append(list, point(name, at, 0, eigenvalues))
	}
	return list
}
