package observable

import (
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// covariance is the covariance of one sample's gradient,
//
//	C(θ) = (1/n) Σᵢ (gᵢ − ḡ)(gᵢ − ḡ)ᵀ,  gᵢ = ∇ℓᵢ(θ),
//
// exact over the n rows, and known by a square root A with C = AᵀA: never formed where that is larger.
type covariance struct {
	of      sgdlab.Sampled
	rows    int // of A: at most n, d, and the size of the end-to-end map
	inner   *throughMap
	one     sgdlab.Rows
	scratch linalg.Scratch

	last  lanes.Pack // the θ at which the square root is known, nil where at none
	known lanes.View
	gram  lanes.View // AAᵀ
	floor lanes.Vec

	traced lanes.Pack // the θ at which the trace is known, nil where at none
	total  lanes.Vec
}

// newCovariance returns the covariance that the observables of a site share.
func newCovariance(s *sgdlab.Site) (*covariance, error) {
	if c, ok := s.Shared["covariance"].(*covariance); ok {
		return c, nil
	}
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, fmt.Errorf("gradient noise is that of samples: %w", err)
	}
	n := m.Samples()
	c := &covariance{of: m, rows: min(n, m.Dim()), inner: newThroughMap(m, s), one: sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 1)}}
	if s.Shared != nil {
		s.Shared["covariance"] = c
	}
	return c, nil
}

// sample is g = gᵢ in every lane.
func (c *covariance) sample(g lanes.Pack, i int, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	for l := range c.one.Index[0] {
		c.one.Index[0][l] = int32(i)
	}
	slope := ws.Pack(c.of.Outputs())
	tape := c.of.Slope(slope, theta, c.one, ws)
	c.of.Pullback(g, theta, slope, c.one, tape, ws)
}

// trace is tr C, by the road that does not depend on what else was asked.
func (c *covariance) trace(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	if c.traced == nil || !slices.Equal(c.traced, theta) {
		c.total = c.sum(theta, ws)
		c.traced = append(c.traced[:0], theta...)
	}
	return c.total
}

func (c *covariance) sum(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	defer ws.Release(ws.Mark())
	switch {
	case c.inner != nil && c.inner.by != nil:
		return c.inner.trace(theta, ws)
	case c.inner != nil:
		a, _, _ := c.root(theta, ws)
		return lanes.Dot(a.P, a.P)
	}
	n, d := c.of.Samples(), len(theta)
	mean, g := ws.Pack(d), ws.Pack(d)
	c.of.Grad(mean, theta, ws)
	var sum lanes.Vec
	for i := range n {
		c.sample(g, i, theta, ws)
		lanes.Sub(g, g, mean)
		q := lanes.Dot(g, g)
		for l := range sum {
			sum[l] += q[l]
		}
	}
	for l := range sum {
		sum[l] /= float64(n)
	}
	return sum
}

// root is A, shape (rows, d), and AAᵀ, both valid until the next call at another θ; and the size below which an eigenvalue of
// C is rounding: (64ε)² of the mean square of a sample's gradient.
func (c *covariance) root(theta lanes.Pack, ws *lanes.Arena) (a, aat lanes.View, floor lanes.Vec) {
	if c.last != nil && slices.Equal(c.last, theta) {
		return c.known, c.gram, c.floor
	}
	defer ws.Release(ws.Mark())
	a, floor = c.work(theta, ws)
	c.last = append(c.last[:0], theta...)
	c.known, c.floor = lanes.ByRows(append(c.known.P[:0], a.P...), a.Rows, a.Cols), floor
	c.gram = lanes.ByRows(slices.Grow(c.gram.P[:0], a.Rows*a.Rows)[:a.Rows*a.Rows], a.Rows, a.Rows)
	gram(c.gram, a)
	return c.known, c.gram, floor
}

func (c *covariance) work(theta lanes.Pack, ws *lanes.Arena) (a lanes.View, floor lanes.Vec) {
	n, d := c.of.Samples(), len(theta)
	mean := ws.Pack(d)
	c.of.Grad(mean, theta, ws)
	switch {
	case c.inner != nil:
		a = c.inner.root(theta, &c.scratch, ws)
		if a.Rows > d {
			r := lanes.ByRows(ws.Pack(d*d), d, d)
			c.scratch.Triangle(r, a)
			a = r
		}
	case n <= d:
		a = lanes.ByRows(ws.Pack(n*d), n, d)
		for i := range n {
			c.sample(a.P[i*d:(i+1)*d], i, theta, ws)
		}
		centre(a)
	default:
		sum, g := lanes.ByRows(ws.Zeroed(d*d), d, d), ws.Pack(d)
		for i := range n {
			c.sample(g, i, theta, ws)
			lanes.Sub(g, g, mean)
			for j := range d {
				lanes.AddScaled(sum.P[j*d:j*d+j+1], g[j], g[:j+1])
			}
		}
		for i := range d {
			for j := range i + 1 {
				x := sum.At(i, j)
				for l := range x {
					x[l] /= float64(n)
				}
				*sum.At(j, i) = *x
			}
		}
		a = lanes.ByRows(ws.Pack(d*d), d, d)
		c.scratch.Root(a, sum)
	}
	spread, shift := lanes.Dot(a.P, a.P), lanes.Dot(mean, mean)
	for l := range floor {
		floor[l] = 0x1p-92 * (spread[l] + shift[l])
	}
	return a, floor
}

// centre takes the mean row off each row and divides by √n.
func centre(a lanes.View) {
	n := float64(a.Rows)
	scale := 1 / math.Sqrt(n)
	for j := range a.Cols {
		var mean lanes.Vec
		for i := range a.Rows {
			x := a.At(i, j)
			for l := range mean {
				mean[l] += x[l]
			}
		}
		for l := range mean {
			mean[l] /= n
		}
		for i := range a.Rows {
			x := a.At(i, j)
			for l := range mean {
				x[l] = (x[l] - mean[l]) * scale
			}
		}
	}
}

// gram is dst = aaᵀ.
func gram(dst, a lanes.View) { lanes.MatMul(dst, a, a.T()) }

// throughMap is the covariance of a network that is linear in its inputs, h = Wx. With q = kd entries of W and
// Gᵢ = (∂ℓᵢ/∂h)xᵢᵀ the gradient of a sample in W
//
//	C = DᵀKD,  K the covariance of vec Gᵢ, (q, q),  D the rows ∇W_ab, (q, dim),
//
// which is cheaper than n gradients where q < n.
type throughMap struct {
	of  sgdlab.Sampled
	net sgdlab.Mapped
	by  sgdlab.Scattered // K by moments of the data; nil where rows are cheaper
	x   lanes.Mat        // (n, d)
}

// newThroughMap returns nil where the model is not of this kind, or has too few samples.
func newThroughMap(m sgdlab.Sampled, s *sgdlab.Site) *throughMap {
	net, err := sgdlab.As[sgdlab.Mapped](s.Model)
	if err != nil || s.Data == nil || s.Data.N() != m.Samples() {
		return nil
	}
	k, d := net.EffectiveShape()
	if k != m.Outputs() || d != s.Data.Inputs() || k*d >= m.Samples() {
		return nil
	}
	t := &throughMap{of: m, net: net, x: s.Data.X}
	if by, err := sgdlab.As[sgdlab.Scattered](s.Model); err == nil && by.Scattering() > 0 {
		t.by = by
	}
	return t
}

// root is A with AᵀA = DᵀKD: K = RᵀR, A = RD.
func (t *throughMap) root(theta lanes.Pack, s *linalg.Scratch, ws *lanes.Arena) lanes.View {
	k, d := t.net.EffectiveShape()
	q, dim := k*d, len(theta)
	p := ws.Pack(q * dim)
	defer ws.Release(ws.Mark())

	w := ws.Pack(q)
	tape := t.net.Map(w, theta, ws)
	rows, unit := lanes.ByRows(ws.Pack(q*dim), q, dim), ws.Zeroed(q)
	for i := range q {
		unit[i] = lanes.Splat(1)
		t.net.PullMap(rows.P[i*dim:(i+1)*dim], theta, unit, tape, ws)
		unit[i] = lanes.Vec{}
	}

	var m lanes.View // K = mᵀm
	if t.by != nil {
		m = t.moments(w, unit, ws)
	} else {
		m = t.samples(theta, ws)
	}
	if m.Rows > q {
		r := lanes.ByRows(ws.Pack(q*q), q, q)
		s.Triangle(r, m)
		m = r
	}
	a := lanes.ByRows(p[:m.Rows*dim], m.Rows, dim)
	lanes.MatMul(a, m, rows)
	return a
}

// trace is tr DᵀSSᵀD, K = SSᵀ by moments of the data: a pullback for each column of S.
func (t *throughMap) trace(theta lanes.Pack, ws *lanes.Arena) (sum lanes.Vec) {
	k, d := t.net.EffectiveShape()
	w, g, pulled, unit := ws.Pack(k*d), ws.Pack(k*d), ws.Pack(len(theta)), ws.Zeroed(t.by.Scattering())
	tape := t.net.Map(w, theta, ws)
	for i := range unit {
		unit[i] = lanes.Splat(1)
		t.by.Scatter(g, w, unit, ws)
		unit[i] = lanes.Vec{}
		t.net.PullMap(pulled, theta, g, tape, ws)
		for l, x := range lanes.Dot(pulled, pulled) {
			sum[l] += x
		}
	}
	return sum
}

// moments is a root of K by moments of the data. unit is 0, and so on return.
func (t *throughMap) moments(w, unit lanes.Pack, ws *lanes.Arena) lanes.View {
	q, r := len(unit), t.by.Scattering()
	m := ws.Pack(q * r)
	for i := range q {
		unit[i] = lanes.Splat(1)
		t.by.ScatterT(m[i*r:(i+1)*r], w, unit, ws)
		unit[i] = lanes.Vec{}
	}
	return lanes.ByRows(m, q, r).T()
}

// samples is a root of K, a sample in each row: (vec Gᵢ − mean)/√n.
func (t *throughMap) samples(theta lanes.Pack, ws *lanes.Arena) lanes.View {
	n, k, d := t.of.Samples(), t.of.Outputs(), t.x.Cols
	slope := ws.Pack(n * k)
	t.of.Slope(slope, theta, sgdlab.AllRows(n), ws)
	m := lanes.View{P: ws.Pack(n * k * d), Rows: n, Cols: k * d, RowStride: 1, ColStride: n} // by columns
	for i := range n {
		for o := range k {
			r := &slope[i*k+o]
			for j := range d {
				x, y := t.x.At(i, j), m.At(i, o*d+j)
				for l := range y {
					y[l] = r[l] * x
				}
			}
		}
	}
	centre(m)
	return m
}

// NoiseTrace is the trace of the covariance C of one sample's gradient,
//
//	tr C(θ) = (1/n) Σᵢ ‖∇ℓᵢ(θ) − ∇L(θ)‖²,
//
// in units of ∇L squared, L²/θ². Mini-batches of B rows drawn with replacement have tr C/B.
type NoiseTrace struct{ *covariance }

// NoiseTraceSettings are those of NewNoiseTrace: none.
type NoiseTraceSettings struct{}

// NewNoiseTrace needs samples. A reading costs n pullbacks, and less where C is known from moments of the data.
func NewNoiseTrace(_ NoiseTraceSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	c, err := newCovariance(s)
	if err != nil {
		return nil, err
	}
	return &NoiseTrace{covariance: c}, nil
}

// Columns is noise-trace.
func (o *NoiseTrace) Columns() []sgdlab.Column { return named("noise-trace") }

// Observe is dst = tr C.
func (o *NoiseTrace) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	dst[0] = o.trace(theta, ws)
}

// NoiseRank is in how many directions one sample's gradient scatters: of the eigenvalues λ₁ ≥ λ₂ ≥ … of its covariance
// C(θ), shape (d, d),
//
//	noise-rank                #{i : λᵢ > tolerance·λ₁}
//	noise-participation-rank  (tr C)²/‖C‖²_F = (Σλᵢ)²/Σλᵢ²
//
// the latter r for r equal eigenvalues. What is below the rounding of the gradients counts as 0: where all samples agree
// the rank is 0 and the participation rank NaN.
type NoiseRank struct {
	*covariance
	Tolerance float64
}

// NoiseRankSettings are those of NewNoiseRank.
type NoiseRankSettings struct {
	Tolerance float64 `doc:"eigenvalues below this part of the largest count as 0" default:"1e-8" check:">0"`
}

// largest is the size of the eigenvalue problem above which noise-rank refuses: 10⁹ operations per replica.
const largest = 1000

// tolerance is the part of the largest variance below which a direction counts as without noise: 10⁻⁸ where left out.
func tolerance(x float64) (float64, error) {
	switch {
	case x == 0:
		return 1e-8, nil
	case !(x >= 1e-13 && x < 1):
		return 0, fmt.Errorf("tolerance is %g; use 1e-13, below which is rounding, to 1", x)
	}
	return x, nil
}

// NewNoiseRank needs samples. A reading takes the eigenvalues of a matrix whose size is the smaller of rows and
// parameters, refused above 1000, or of a network that is linear in its inputs the number of entries of its map, where
// these are fewer.
func NewNoiseRank(c NoiseRankSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	cov, err := newCovariance(s)
	if err != nil {
		return nil, err
	}
	if c.Tolerance, err = tolerance(c.Tolerance); err != nil {
		return nil, err
	}
	if cov.inner == nil && cov.rows > largest {
		return nil, fmt.Errorf("the covariance of %d gradients of %d parameters is an eigenvalue problem of size %d for every replica; observe noise-trace instead, or use fewer than %d samples",
			cov.of.Samples(), s.Model.Dim(), cov.rows, largest)
	}
	return &NoiseRank{covariance: cov, Tolerance: c.Tolerance}, nil
}

// Columns is noise-rank and noise-participation-rank.
func (o *NoiseRank) Columns() []sgdlab.Column { return named("noise-rank", "noise-participation-rank") }

// Observe is dst = the two ranks.
func (o *NoiseRank) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	_, g, floor := o.root(theta, ws)
	dst[0] = o.scratch.CountAbove(g, o.Tolerance, floor)
	square := lanes.Dot(g.P, g.P)
	for l := range lanes.W {
		trace := 0.0
		for i := range g.Rows {
			trace += g.At(i, i)[l]
		}
		dst[1][l] = trace * trace / square[l]
		if trace <= floor[l] {
			dst[1][l] = math.NaN()
		}
	}
}

// NoiseHessianAlignment is the cosine between C(θ), the covariance of one sample's gradient, and the Hessian H = ∇²L(θ),
//
//	tr(CH)/(‖C‖_F‖H‖_F):
//
// C and H of shape (d, d): 1 where the noise has the shape of the curvature, NaN where either is 0. It forms H, by one Hessian–vector product per
// parameter where the model does not know it for less.
type NoiseHessianAlignment struct {
	*covariance
	Of sgdlab.Curved
}

// NoiseHessianAlignmentSettings are those of NewNoiseHessianAlignment: none.
type NoiseHessianAlignmentSettings struct{}

// NewNoiseHessianAlignment needs samples and Hessian–vector products.
func NewNoiseHessianAlignment(_ NoiseHessianAlignmentSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	c, err := newCovariance(s)
	if err != nil {
		return nil, err
	}
	h, err := sgdlab.As[sgdlab.Curved](s.Model)
	if err != nil {
		return nil, err
	}
	if c.inner == nil && c.rows > largest {
		return nil, fmt.Errorf("the covariance of %d gradients of %d parameters is too large to hold for every replica; observe noise-trace instead, or use fewer than %d samples",
			c.of.Samples(), s.Model.Dim(), largest)
	}
	return &NoiseHessianAlignment{covariance: c, Of: h}, nil
}

// Columns is noise-hessian-alignment.
func (o *NoiseHessianAlignment) Columns() []sgdlab.Column { return named("noise-hessian-alignment") }

// Observe is dst = the cosine.
func (o *NoiseHessianAlignment) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d := len(theta)
	a, g, floor := o.root(theta, ws)
	noise := lanes.Dot(g.P, g.P)

	h, ah := ws.Pack(d*d), ws.Pack(len(a.P))
	o.form(h, theta, ws)
	lanes.MatMul(lanes.ByRows(ah, a.Rows, d), a, lanes.ByRows(h, d, d))
	both, curvature := lanes.Dot(a.P, ah), lanes.Dot(h, h)
	var trace lanes.Vec
	for i := range g.Rows {
		for l, t := range g.At(i, i) {
			trace[l] += t
		}
	}
	for l := range lanes.W {
		dst[0][l] = both[l] / (math.Sqrt(noise[l]) * math.Sqrt(curvature[l]))
		if trace[l] <= floor[l] {
			dst[0][l] = math.NaN()
		}
	}
}

// form is h = H, (d, d).
func (o *NoiseHessianAlignment) form(h, theta lanes.Pack, ws *lanes.Arena) {
	if m, ok := o.Of.(sgdlab.Formed); ok {
		m.Hessian(h, theta, ws)
		return
	}
	d := len(theta)
	linalg.Form(lanes.ByRows(h, d, d), func(hv, v lanes.Pack) { o.Of.HessVec(hv, theta, v, ws) }, ws)
}
