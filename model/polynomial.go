package model

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// Polynomial is the function of one input
//
//	h(x) = q(w)x,
//	line:   q = (w + w₀)^a (w − w₀)^b,
//	plane:  q = (w₁² + w₂²)^c w₁^d,
//
// with which minima of any degeneracy are made.
type Polynomial struct {
	mapped
	q form
}

// PolynomialRegression is the square loss of this function,
//
//	L(w) = L_min + pn σ² (q(w) − β)²,  β = Σ xᵢyᵢ/Σ xᵢ²,  σ² = (1/n) Σ xᵢ²,
//
// p the prefactor of the loss: the degenerate landscapes of singular learning theory. Where targets are noise β is near 0, and
// where they are 0 it is 0: then the minima are the zeros of q, and one of multiplicity r is a minimum of order 2r. On the line
// these are −w₀ and w₀ with a barrier at w₀(a − b)/(a + b); on the plane the line w₁ = 0, most degenerate at the origin.
//
// States have the shape (1) or (2); the data has one input and one output. L is in units of the targets squared. Near q = 0 the covariance of a sample's gradient and
// the Hessian stand in the ratio C/∇²L = s·var y, s = 2np, and the gradient flow obeys L ~ t^(−r/(r−1)).
//
// Critical points on the line: minus at −w₀ and plus at w₀ where their multiplicity is at least 2, top between them, and the
// roots of q = β: called minus or plus beside a simple zero, elsewhere minus-left, minus-right, plus-left and plus-right. On the
// plane: origin, axis at (0, 1), and fit, a root of q = β, where β ≠ 0; each where it is critical.
//
// Source: Corlouer & Macé 2024.
type PolynomialRegression struct {
	*Regression
	lin   *Linear
	q     form
	chart []sgdlab.CriticalPoint
}

// PolynomialSettings are the settings of NewPolynomial.
type PolynomialSettings struct {
	Form   string  `doc:"line, of one parameter: (w + w₀)^a (w − w₀)^b; or plane, of two: (w₁² + w₂²)^c w₁^d" default:"line" oneof:"line|plane"`
	Powers []int   `doc:"a and b of the line, at least 1 each, or c and d of the plane, not both 0" default:"[1, 2]" check:">=0"`
	Zero   float64 `doc:"w₀ of the line: its zeros are −w₀ and w₀" default:"1.8" check:">0"`
	Loss   Loss    `doc:"prefactor of the square loss: mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewPolynomial builds the regression on a set; powers are at most 32 each. See [PolynomialRegression].
func NewPolynomial(c PolynomialSettings, set *data.Set) (sgdlab.Model, error) {
	switch {
	case set == nil:
		return nil, errors.New("polynomial needs data; give data, such as {name: gaussian, inputs: 1, samples: 1000}")
	case set.Inputs() != 1 || set.Outputs() != 1:
		return nil, fmt.Errorf("polynomial has one input and one output, but the data has %d and %d; use data with inputs: 1 and outputs: 1", set.Inputs(), set.Outputs())
	case set.Moments().Spread == 0:
		return nil, errors.New("all inputs are 0, and the loss does not depend on the parameters; use other inputs")
	case !c.Loss.Squared():
		return nil, fmt.Errorf("loss is %s, and polynomial is a regression; use mean-half, sum-half, mean or {prefactor: EXPRESSION in n}", c.Loss)
	case len(c.Powers) != 2:
		return nil, fmt.Errorf("powers has %d entries; want two: a and b of the line, or c and d of the plane", len(c.Powers))
	}
	q, err := newForm(c)
	if err != nil {
		return nil, err
	}
	return newPolynomial(q, set, c.Loss)
}

func newForm(c PolynomialSettings) (form, error) {
	a, b := c.Powers[0], c.Powers[1]
	const big = 32
	switch c.Form {
	case "line":
		if a < 1 || b < 1 || a > big || b > big {
			return nil, fmt.Errorf("powers are %d and %d; on the line both are from 1 to %d", a, b, big)
		}
		if err := finite("zero", c.Zero, false); err != nil {
			return nil, err
		}
		return onLine{a, b, c.Zero}, nil
	case "plane":
		if a < 0 || b < 0 || a+b == 0 || a > big || b > big {
			return nil, fmt.Errorf("powers are %d and %d; on the plane both are from 0 to %d and not both 0", a, b, big)
		}
		return onPlane{a, b}, nil
	}
	return nil, fmt.Errorf("form is %q; want line or plane", c.Form)
}

func newPolynomial(q form, set *data.Set, loss Loss) (*PolynomialRegression, error) {
	lin, err := newLinear(newPolynomialNetwork(set.X, q), set, loss)
	if err != nil {
		return nil, err
	}
	r := &PolynomialRegression{Regression: lin.Regression, lin: lin, q: q}
	r.chart = q.chart(lin.moments.Map.At(0, 0), lin.value)
	return r, nil
}

// value is the loss where q − β is e.
func (r *Linear) value(e float64) float64 {
	return 0.5 * r.PerLabel() * math.FMA(r.moments.XX.At(0, 0)*e, e, r.moments.Floor)
}

func (r *PolynomialRegression) onTest(set *data.Set) (sgdlab.Model, error) {
	return newPolynomial(r.q, set, r.loss)
}

// Loss is L(w).
func (r *PolynomialRegression) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	return r.lin.Loss(theta, ws)
}

// Grad is dst = ∇L(w).
func (r *PolynomialRegression) Grad(dst, theta lanes.Pack, ws *lanes.Arena) {
	r.lin.Grad(dst, theta, ws)
}

// HessVec is dst = ∇²L(w)v.
func (r *PolynomialRegression) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	r.lin.HessVec(dst, theta, v, ws)
}

// GaussNewtonVec is dst = 2p JᵀJv.
func (r *PolynomialRegression) GaussNewtonVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	r.lin.GaussNewtonVec(dst, theta, v, ws)
}

// InputRoot is σ; see sgdlab.Scattered.
func (r *PolynomialRegression) InputRoot() lanes.Mat { return r.lin.InputRoot() }

// Scattering returns the number of columns of S; see sgdlab.Scattered.
func (r *PolynomialRegression) Scattering() int { return r.lin.Scattering() }

// Scatter is g = S(W)ξ.
func (r *PolynomialRegression) Scatter(g, w, xi lanes.Pack, ws *lanes.Arena) {
	r.lin.Scatter(g, w, xi, ws)
}

// ScatterT is dst = S(W)ᵀg.
func (r *PolynomialRegression) ScatterT(dst, w, g lanes.Pack, ws *lanes.Arena) {
	r.lin.ScatterT(dst, w, g, ws)
}

// parts are 2pnσ² and q − β.
func (r *PolynomialRegression) parts(x, y float64) (s, e float64) {
	m := r.lin.moments
	return r.PerLabel() * m.XX.At(0, 0), r.q.value(x, y) - m.Map.At(0, 0)
}

// Hessian is dst = 2pnσ² (∇q∇qᵀ + (q − β)∇²q), by rows.
func (r *PolynomialRegression) Hessian(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		x, y := coordinatesOf(theta, l)
		s, e := r.parts(x, y)
		qx, qy := r.q.slope(x, y)
		xx, xy, yy := r.q.bend(x, y)
		dst[0][l] = s * math.FMA(qx, qx, float64(e*xx))
		if len(theta) == 2 {
			dst[1][l] = s * math.FMA(qx, qy, float64(e*xy))
			dst[2][l] = dst[1][l]
			dst[3][l] = s * math.FMA(qy, qy, float64(e*yy))
		}
	}
}

// ThirdVec is dst = D³L(w)[u, v].
func (r *PolynomialRegression) ThirdVec(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	r.lin.ThirdVec(dst, theta, u, v, ws)
}

// CriticalPoints returns the critical points that are named.
func (r *PolynomialRegression) CriticalPoints() []sgdlab.CriticalPoint { return copied(r.chart) }

// NormalCrossings returns what resolves q² near its zeros, the loss where β = 0; see NormalCrossing.
func (r *PolynomialRegression) NormalCrossings() (names []string, k, h [][]int) { return r.q.resolve() }

func coordinatesOf(p lanes.Pack, l int) (x, y float64) {
	if len(p) == 2 {
		return p[0][l], p[1][l]
	}
	return p[0][l], 0
}

func newPolynomialNetwork(x lanes.Mat, q form) *Polynomial {
	m := &Polynomial{q: q}
	m.mapped = mapped{x: x, of: m}
	return m
}

func (m *Polynomial) on(x lanes.Mat) network { return newPolynomialNetwork(x, m.q) }

// Dim returns 1 or 2.
func (m *Polynomial) Dim() int { return m.q.dim() }

// Outputs returns 1.
func (m *Polynomial) Outputs() int { return 1 }

// EffectiveShape returns (1, 1).
func (m *Polynomial) EffectiveShape() (outputs, inputs int) { return 1, 1 }

// Effective is dst = q(w).
func (m *Polynomial) Effective(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		dst[0][l] = m.q.value(coordinatesOf(theta, l))
	}
}

// Map is w = q(w); see sgdlab.Mapped.
func (m *Polynomial) Map(w, theta lanes.Pack, ws *lanes.Arena) lanes.Pack {
	m.Effective(w, theta, ws)
	return nil
}

// PullMap is dst = G∇q.
func (m *Polynomial) PullMap(dst, theta, g, _ lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		qx, qy := m.q.slope(coordinatesOf(theta, l))
		dst[0][l] = g[0][l] * qx
		if len(dst) == 2 {
			dst[1][l] = g[0][l] * qy
		}
	}
}

// PushMap is dst = ⟨∇q, v⟩.
func (m *Polynomial) PushMap(dst, theta, v, _ lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		qx, qy := m.q.slope(coordinatesOf(theta, l))
		vx, vy := coordinatesOf(v, l)
		dst[0][l] = math.FMA(qx, vx, float64(qy*vy))
	}
}

func (m *Polynomial) push(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) lanes.Pack {
	m.PushMap(dst, theta, v, tape, ws)
	return nil
}

// pullAlong is G∇²q v + E∇q.
func (m *Polynomial) pullAlong(dst, theta, v, g, e, _, _ lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		x, y := coordinatesOf(theta, l)
		xx, xy, yy := m.q.bend(x, y)
		vx, vy := coordinatesOf(v, l)
		var qx, qy, f float64
		if e != nil {
			qx, qy = m.q.slope(x, y)
			f = e[0][l]
		}
		dst[0][l] = math.FMA(g[0][l], math.FMA(xx, vx, float64(xy*vy)), float64(f*qx))
		if len(dst) == 2 {
			dst[1][l] = math.FMA(g[0][l], math.FMA(xy, vx, float64(yy*vy)), float64(f*qy))
		}
	}
}

// A polynomial has critical points of its own, and no modes: these answer for the interface linear, and nobody asks.
func (m *Polynomial) modes(*data.Moments) []float64 { return nil }

func (m *Polynomial) critical(*data.Moments, []int) ([]float64, float64, error) {
	return nil, 0, errors.New("a polynomial has no modes")
}

func (m *Polynomial) balanced(*data.Moments, []int, float64) ([]float64, error) {
	return nil, errors.New("a polynomial has no layers")
}

// form is q(w), its derivatives to third order, and where they vanish; y is 0 on the line.
type form interface {
	dim() int
	value(x, y float64) float64
	slope(x, y float64) (qx, qy float64)
	bend(x, y float64) (xx, xy, yy float64)
	warp(x, y float64) (xxx, xxy, xyy, yyy float64)
	// chart names the critical points of (q − β)²; loss is the value at q − β.
	chart(beta float64, loss func(e float64) float64) []sgdlab.CriticalPoint
	resolve() (names []string, k, h [][]int)
}

// onLine is (w + w₀)^a (w − w₀)^b.
type onLine struct {
	a, b int
	zero float64
}

func (onLine) dim() int { return 1 }

func (q onLine) value(w, _ float64) float64 {
	return float64(power(w+q.zero, q.a) * power(w-q.zero, q.b))
}

// slope factors: (w + w₀)^(a−1) (w − w₀)^(b−1) ((a + b)w − (a − b)w₀), exactly 0 at the zeros.
func (q onLine) slope(w, _ float64) (float64, float64) {
	return power(w+q.zero, q.a-1) * power(w-q.zero, q.b-1) * math.FMA(float64(q.a+q.b), w, -float64(float64(q.a-q.b)*q.zero)), 0
}

func (q onLine) bend(w, _ float64) (xx, xy, yy float64) {
	u, v := w+q.zero, w-q.zero
	s := float64(derivative(u, q.a, 2) * power(v, q.b))
	s = math.FMA(2*derivative(u, q.a, 1), derivative(v, q.b, 1), s)
	return math.FMA(power(u, q.a), derivative(v, q.b, 2), s), 0, 0
}

func (q onLine) warp(w, _ float64) (xxx, xxy, xyy, yyy float64) {
	u, v := w+q.zero, w-q.zero
	s := float64(derivative(u, q.a, 3) * power(v, q.b))
	s = math.FMA(3*derivative(u, q.a, 2), derivative(v, q.b, 1), s)
	s = math.FMA(3*derivative(u, q.a, 1), derivative(v, q.b, 2), s)
	return math.FMA(power(u, q.a), derivative(v, q.b, 3), s), 0, 0, 0
}

// chart cuts the line where q′ = 0: q = β has at most one root in each part.
func (q onLine) chart(beta float64, loss func(float64) float64) []sgdlab.CriticalPoint {
	top := float64(q.a-q.b) / float64(q.a+q.b) * q.zero
	var list []sgdlab.CriticalPoint
	stationary := func(name string, w float64) {
		e := q.value(w, 0) - beta
		bend, _, _ := q.bend(w, 0)
		list = append(list, point(name, []float64{w}, loss(e), []float64{e * bend}))
	}
	root := func(name string, lo, hi float64) {
		if w, ok := q.root(beta, lo, hi); ok {
			list = append(list, point(name, []float64{w}, loss(0), []float64{1}))
		}
	}
	inf := math.Inf(1)
	if q.a == 1 {
		root("minus", -inf, top)
	} else {
		root("minus-left", -inf, -q.zero)
		stationary("minus", -q.zero)
		root("minus-right", -q.zero, top)
	}
	stationary("top", top)
	if q.b == 1 {
		root("plus", top, inf)
	} else {
		root("plus-left", top, q.zero)
		stationary("plus", q.zero)
		root("plus-right", q.zero, inf)
	}
	minimum := func(p sgdlab.CriticalPoint) bool { return p.Index == 0 && (p.Nullity == 0 || p.Value == loss(0)) }
	for i := 1; i+1 < len(list); i++ { // they lie in order
		if l, r := list[i-1], list[i+1]; list[i].Index == 1 && minimum(l) && minimum(r) {
			list[i].Joins = []string{l.Name, r.Name}
		}
	}
	return list
}

// far doubles its distance from both zeros until q − β has another sign than at the place from, or is out of reach.
func (q onLine) far(from, side float64, gap func(float64) float64) float64 {
	w := side * 2 * q.zero
	for (gap(w) > 0) == (gap(from) > 0) && math.Abs(w) < 1e150 {
		w *= 2
	}
	return w
}

// root finds where q = β inside (lo, hi), where q is monotone, by bisection down to neighbouring numbers.
func (q onLine) root(beta, lo, hi float64) (float64, bool) {
	gap := func(w float64) float64 { return q.value(w, 0) - beta }
	// An end at infinity moves in to where q − β has the sign that it has there.
	if math.IsInf(lo, -1) {
		lo = q.far(hi, -1, gap)
	}
	if math.IsInf(hi, 1) {
		hi = q.far(lo, 1, gap)
	}
	low, high := gap(lo), gap(hi)
	if low == 0 || high == 0 || (low > 0) == (high > 0) {
		return 0, false // at an end, which is a point of its own, or none
	}
	for {
		mid := lo + (hi-lo)/2
		g := gap(mid)
		switch {
		case g == 0:
			return mid, true
		case mid == lo || mid == hi:
			if math.Abs(gap(hi)) < math.Abs(gap(lo)) {
				return hi, true
			}
			return lo, true
		case (g > 0) == (low > 0):
			lo = mid
		default:
			hi = mid
		}
	}
}

func (q onLine) resolve() (names []string, k, h [][]int) {
	return []string{"minus", "plus"}, [][]int{{q.a}, {q.b}}, make([][]int, 2)
}

// onPlane is (x² + y²)^c x^d = A·B.
type onPlane struct{ c, d int }

func (onPlane) dim() int { return 2 }

// radial is the n-th derivative of s^c.
func (q onPlane) radial(s float64, n int) float64 { return derivative(s, q.c, n) }

func (q onPlane) value(x, y float64) float64 {
	return float64(power(math.FMA(x, x, float64(y*y)), q.c) * power(x, q.d))
}

func (q onPlane) slope(x, y float64) (qx, qy float64) {
	s := math.FMA(x, x, float64(y*y))
	a, a1, b := power(s, q.c), 2*q.radial(s, 1), power(x, q.d)
	return math.FMA(a1*x, b, float64(a*derivative(x, q.d, 1))), a1 * y * b
}

func (q onPlane) bend(x, y float64) (xx, xy, yy float64) {
	s := math.FMA(x, x, float64(y*y))
	a, a1, a2 := power(s, q.c), 2*q.radial(s, 1), 4*q.radial(s, 2)
	b, b1, b2 := power(x, q.d), derivative(x, q.d, 1), derivative(x, q.d, 2)
	xx = math.FMA(math.FMA(a2*x, x, a1), b, math.FMA(2*a1*x, b1, float64(a*b2)))
	xy = y * math.FMA(a2*x, b, float64(a1*b1))
	return xx, xy, math.FMA(a2*y, y, a1) * b
}

func (q onPlane) warp(x, y float64) (xxx, xxy, xyy, yyy float64) {
	s := math.FMA(x, x, float64(y*y))
	a, a1, a2, a3 := power(s, q.c), 2*q.radial(s, 1), 4*q.radial(s, 2), 8*q.radial(s, 3)
	b, b1, b2, b3 := power(x, q.d), derivative(x, q.d, 1), derivative(x, q.d, 2), derivative(x, q.d, 3)
	ax, axx, ayy := a1*x, math.FMA(a2*x, x, a1), math.FMA(a2*y, y, a1)
	axxx := x * math.FMA(a3*x, x, 3*a2)
	axxy := y * math.FMA(a3*x, x, a2)
	axyy := x * math.FMA(a3*y, y, a2)
	ayyy := y * math.FMA(a3*y, y, 3*a2)
	xxx = math.FMA(axxx, b, math.FMA(3*axx, b1, math.FMA(3*ax, b2, float64(a*b3))))
	xxy = math.FMA(axxy, b, math.FMA(2*a2*x*y, b1, float64(a1*y*b2)))
	xyy = math.FMA(axyy, b, float64(ayy*b1))
	return xxx, xxy, xyy, ayyy * b
}

func (q onPlane) chart(beta float64, loss func(float64) float64) []sgdlab.CriticalPoint {
	var list []sgdlab.CriticalPoint
	add := func(name string, x, y float64) {
		e := q.value(x, y) - beta
		qx, qy := q.slope(x, y)
		if e != 0 && (qx != 0 || qy != 0) {
			return
		}
		// ∇q∇qᵀ + (q − β)∇²q: one part is 0, and at these places ∇²q is diagonal.
		xx, _, yy := q.bend(x, y)
		eigenvalues := []float64{e * xx, e * yy}
		if e == 0 {
			eigenvalues = []float64{math.FMA(qx, qx, float64(qy*qy)), 0}
		}
		list = append(list, point(name, []float64{x, y}, loss(e), eigenvalues))
	}
	add("origin", 0, 0)
	if q.d > 0 {
		add("axis", 0, 1)
	}
	degree := 2*q.c + q.d
	if beta == 0 || beta < 0 && degree%2 == 0 {
		return list
	}
	x := math.Copysign(root(math.Abs(beta), degree), beta)
	qx, _ := q.slope(x, 0)
	return append(list, point("fit", []float64{x, 0}, loss(0), []float64{qx * qx, 0}))
}

// resolve blows the origin up, w = r(cos φ, sin φ): q² = r^(2(2c+d)) cos^(2d) φ with the volume element r dr dφ.
func (q onPlane) resolve() (names []string, k, h [][]int) {
	names, k, h = []string{"origin"}, [][]int{{2*q.c + q.d}}, [][]int{{1}}
	if q.d == 0 {
		return names, k, h
	}
	k[0], h[0] = append(k[0], q.d), append(h[0], 0)
	if q.c == 0 { // the origin is no different from its line
		return []string{"origin", "axis"}, [][]int{{q.d}, {q.d}}, make([][]int, 2)
	}
	return append(names, "axis"), append(k, []int{q.d}), append(h, nil)
}
