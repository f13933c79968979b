package observable

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/rng"
)

// curvature is a symmetric matrix at θ that is known by its products: the Hessian, its Gauss–Newton or its residual part, whole or the diagonal block
// of a layer.
type curvature struct {
	hess  sgdlab.Curved      // nil for the Gauss–Newton part
	gn    sgdlab.GaussNewton // nil for the Hessian
	from  int                // where its coordinates are in θ
	dim   int
	whole int // of θ
	name  string
}

// CurvatureSettings say of which matrix.
type CurvatureSettings struct {
	Of    string `doc:"of which matrix: ∇²L (hessian), its Gauss–Newton part (gauss-newton), or what is left without that (residual); hessian where missing" optional:"true" oneof:"hessian|gauss-newton|residual"`
	Layer int    `doc:"of the diagonal block of this layer, 1 the first; of the whole matrix where left out" optional:"true" check:">=1"`
}

func newCurvature(c CurvatureSettings, s *sgdlab.Site) (*curvature, error) {
	if _, err := standing(s); err != nil {
		return nil, err
	}
	m := &curvature{dim: s.Model.Dim(), whole: s.Model.Dim()}
	var err error
	if c.Of != "gauss-newton" {
		if m.hess, err = sgdlab.As[sgdlab.Curved](s.Model); err != nil {
			return nil, err
		}
	}
	if c.Of == "gauss-newton" || c.Of == "residual" {
		if m.gn, err = sgdlab.As[sgdlab.GaussNewton](s.Model); err != nil {
			return nil, fmt.Errorf("of: %s %w; use of: hessian", c.Of, err)
		}
		m.name = c.Of + "-"
	}
	if c.Layer > 0 {
		l, err := sgdlab.As[sgdlab.Layered](s.Model)
		if err != nil {
			return nil, fmt.Errorf("layer: %w; leave layer out", err)
		}
		shapes := l.Layers()
		if c.Layer > len(shapes) {
			return nil, fmt.Errorf("layer is %d, and the model has %d; use 1 to %d", c.Layer, len(shapes), len(shapes))
		}
		w := shapes[c.Layer-1]
		m.from, m.dim = w.Offset, w.End()-w.Offset
		m.name = fmt.Sprintf("layer-%d-%s", c.Layer, m.name)
	}
	return m, nil
}

// at is the operator at θ.
func (m *curvature) at(theta lanes.Pack, ws *lanes.Arena) linalg.Operator {
	return func(dst, v lanes.Pack) {
		defer ws.Release(ws.Mark())
		in, out := v, dst
		if m.dim < m.whole {
			in, out = ws.Zeroed(m.whole), ws.Pack(m.whole)
			lanes.Copy(in[m.from:m.from+m.dim], v)
		}
		switch {
		case m.gn == nil:
			m.hess.HessVec(out, theta, in, ws)
		case m.hess == nil:
			m.gn.GaussNewtonVec(out, theta, in, ws)
		default:
			part := ws.Pack(m.whole)
			m.hess.HessVec(out, theta, in, ws)
			m.gn.GaussNewtonVec(part, theta, in, ws)
			lanes.Sub(out, out, part)
		}
		if m.dim < m.whole {
			lanes.Copy(dst, out[m.from:m.from+m.dim])
		}
	}
}

// form is the matrix itself, in ws.
func (m *curvature) form(theta lanes.Pack, ws *lanes.Arena) lanes.View {
	h := lanes.ByRows(ws.Pack(m.dim*m.dim), m.dim, m.dim)
	if f, ok := m.hess.(sgdlab.Formed); ok && m.gn == nil && m.dim == m.whole {
		f.Hessian(h.P, theta, ws)
		return h
	}
	linalg.Form(h, m.at(theta, ws), ws)
	return h
}

// mostDense is the largest dimension of which all eigenvalues are found: 10⁹ operations per replica.
const mostDense = 1024

// MorseIndex counts directions of curvature at θ: with the eigenvalues λᵢ of ∇²L(θ)
//
//	morse-index  #{i : λᵢ < −τ},  nullity  #{i : |λᵢ| ≤ τ},  τ = tolerance · max|λᵢ|.
//
// At a critical point an index above 0 is a strict saddle, and an index of 0 with a nullity above 0 a degenerate point, which may be a
// minimum or a saddle that second derivatives do not tell.
type MorseIndex struct {
	*curvature
	Tolerance float64
	scratch   linalg.Scratch
}

// MorseIndexSettings are those of NewMorseIndex.
type MorseIndexSettings struct {
	Tolerance float64 `doc:"eigenvalues within this part of the largest in size count as 0" default:"1e-8" check:">0 <1"`
	CurvatureSettings
}

// NewMorseIndex needs Hessian–vector products, and at most 1024 parameters: it finds all eigenvalues.
func NewMorseIndex(c MorseIndexSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := newCurvature(c.CurvatureSettings, s)
	if err != nil {
		return nil, err
	}
	if m.dim > mostDense {
		return nil, fmt.Errorf("all eigenvalues of %d parameters are too many to count in every replica; at most %d; observe spectral-density, or sharpness with end: smallest", m.dim, mostDense)
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-8
	}
	return &MorseIndex{curvature: m, Tolerance: c.Tolerance}, nil
}

// Columns is morse-index and nullity.
func (o *MorseIndex) Columns() []sgdlab.Column {
	return named(o.name+"morse-index", o.name+"nullity")
}

// Observe is dst = the two counts.
func (o *MorseIndex) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	values := ws.Pack(o.dim)
	o.scratch.Eigen(values, lanes.View{}, o.form(theta, ws))
	for l := range lanes.W {
		floor := o.Tolerance * max(math.Abs(values[0][l]), math.Abs(values[o.dim-1][l]))
		index, nullity := 0.0, 0.0
		for i := range values {
			switch x := values[i][l]; {
			case math.IsNaN(x):
				index, nullity = x, x
			case x < -floor:
				index++
			case x <= floor:
				nullity++
			}
		}
		dst[0][l], dst[1][l] = index, nullity
	}
}

// probes are random directions of one replica at a reading, W at a time, the same whatever lane it is in.
type probes struct {
	stream *rng.Stream
	who    rng.Lanes
}

func newProbes(s *sgdlab.Site, what string) *probes {
	return &probes{stream: rng.New(s.Place + "/" + what)}
}

// draw fills v with vectors of signs, columns of a batch of the replica in lane l.
func (p *probes) draw(v lanes.Pack, at *sgdlab.Clock, l, batch int) {
	for c := range lanes.W {
		p.who.Seed[c], p.who.Replica[c], p.who.Step[c] = at.Seed[l], at.Replica[l], at.Step[l]
		p.who.Branch[c] = uint64(batch*lanes.W + c)
	}
	p.stream.Signs(v, &p.who)
}

// SpectralDensity is how the eigenvalues of ∇²L(θ) are distributed: between the bounds b₁ < b₂ < … < b_m
//
//	density[1]  #{i : λᵢ ≤ b₁}/d,  density[j]  #{i : b_{j−1} < λᵢ ≤ b_j}/d,  density[m+1]  #{i : λᵢ > b_m}/d,
//
// with d the number of parameters. Up to 256 it finds all eigenvalues. Beyond, it estimates by stochastic Lanczos quadrature: the mean over
// probes z of random signs of the quadrature of Lanczos for the spectral measure of z/√d, with standard errors over the probes in
// density-error[j], 0 where it is exact. A quadrature of s steps resolves eigenvalues that stand apart, and a bulk to about its width over s.
//
// Source: Ubaru, Chen & Saad 2017; Ghorbani, Krishnan & Xiao 2019.
type SpectralDensity struct {
	*curvature
	Bounds  []float64
	batches int
	steps   int
	probes  *probes
	scratch linalg.Scratch
}

// SpectralDensitySettings are those of NewSpectralDensity.
type SpectralDensitySettings struct {
	Bounds []float64 `doc:"b₁ < b₂ < …, in units of eigenvalues"`
	Probes int       `doc:"number of probes, rounded up to a multiple of 8" default:"16" check:">=8"`
	Steps  int       `doc:"steps of Lanczos for each" default:"48" check:">=2"`
	CurvatureSettings
}

// NewSpectralDensity needs Hessian–vector products.
func NewSpectralDensity(c SpectralDensitySettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := newCurvature(c.CurvatureSettings, s)
	if err != nil {
		return nil, err
	}
	if len(c.Bounds) == 0 {
		return nil, errors.New("bounds is empty; give at least one, such as [-0.1, 0, 0.1]")
	}
	for i, b := range c.Bounds {
		if math.IsNaN(b) || math.IsInf(b, 0) || i > 0 && !(b > c.Bounds[i-1]) {
			return nil, fmt.Errorf("bounds are %v; want finite numbers that rise", c.Bounds)
		}
	}
	return &SpectralDensity{curvature: m, Bounds: slices.Clone(c.Bounds), batches: (max(c.Probes, 8) + lanes.W - 1) / lanes.W, steps: min(max(c.Steps, 2), m.dim), probes: newProbes(s, "probes")}, nil
}

// Columns is density[1] … and density-error[1] ….
func (o *SpectralDensity) Columns() []sgdlab.Column {
	return append(numbered(o.name+"density", len(o.Bounds)+1), numbered(o.name+"density-error", len(o.Bounds)+1)...)
}

// dense is the dimension up to which spectra and traces are exact.
const dense = 256

// bin returns between which bounds x is.
func (o *SpectralDensity) bin(x float64) int {
	i, _ := slices.BinarySearch(o.Bounds, x) // the first that is not below x
	return i
}

// Observe is dst = the densities and their errors.
func (o *SpectralDensity) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	bins := len(o.Bounds) + 1
	lanes.Zero(dst)
	if o.dim <= dense {
		values := ws.Pack(o.dim)
		o.scratch.Eigen(values, lanes.View{}, o.form(theta, ws))
		for _, row := range values {
			for l, x := range row {
				if math.IsNaN(x) {
					for j := range dst {
						dst[j][l] = x
					}
					continue
				}
				dst[o.bin(x)][l] += 1 / float64(o.dim)
			}
		}
		return
	}
	eachReplica(theta, ws, func(l int, alone lanes.Pack) {
		h := o.at(alone, ws)
		z, nodes, weights := ws.Pack(o.dim), ws.Pack(o.steps), ws.Pack(o.steps)
		n := float64(o.batches * lanes.W)
		for b := range o.batches {
			o.probes.draw(z, at, l, b)
			o.scratch.Quadrature(nodes, weights, z, h, ws)
			for c := range lanes.W {
				part := ws.Zeroed(bins)
				for i := range nodes {
					part[o.bin(nodes[i][c])][0] += weights[i][c]
				}
				for j := range bins {
					dst[j][l] += part[j][0] / n
					dst[bins+j][l] += part[j][0] * part[j][0] / n
				}
			}
		}
		for j := range bins {
			spread := max(dst[bins+j][l]-float64(dst[j][l]*dst[j][l]), 0)
			dst[bins+j][l] = math.Sqrt(spread / (n - 1))
		}
	})
}

// eachReplica hands on θ of one lane after the other in all lanes, so that the lanes of an operator are directions at one θ.
func eachReplica(theta lanes.Pack, ws *lanes.Arena, f func(l int, alone lanes.Pack)) {
	idle := ws.Idle
	defer func() { ws.Idle = idle }()
	ws.Idle = lanes.None
	alone := ws.Pack(len(theta))
	for l := range lanes.W {
		if idle.Has(l) {
			continue
		}
		for i := range alone {
			alone[i] = lanes.Splat(theta[i][l])
		}
		mark := ws.Mark()
		f(l, alone)
		ws.Release(mark)
	}
}

// HessianTrace is the trace of ∇²L(θ),
//
//	tr ∇²L = Σᵢ λᵢ,
//
// in units of eigenvalues. Up to 256 parameters it is exact, by a product for each. Beyond, it is estimated by Hutch++: with the orthonormal Q of eight
// random products ∇²L z exactly on their span, and off it by probes g of random signs,
//
//	tr QᵀHQ + (1/m) Σ gᵀ(1 − QQᵀ)H(1 − QQᵀ)g,
//
// with the standard error over the m probes in hessian-trace-error, 0 where it is exact.
//
// Source: Meyer, Musco, Musco & Woodruff 2021.
type HessianTrace struct {
	*curvature
	batches        int
	sketch, probes *probes
	scratch        linalg.Scratch
}

// HessianTraceSettings are those of NewHessianTrace.
type HessianTraceSettings struct {
	Probes int `doc:"m, rounded up to a multiple of 8" default:"16" check:">=8"`
	CurvatureSettings
}

// NewHessianTrace needs Hessian–vector products.
func NewHessianTrace(c HessianTraceSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := newCurvature(c.CurvatureSettings, s)
	if err != nil {
		return nil, err
	}
	return &HessianTrace{curvature: m, batches: (max(c.Probes, 8) + lanes.W - 1) / lanes.W, sketch: newProbes(s, "sketch"), probes: newProbes(s, "probes")}, nil
}

// Columns is hessian-trace and hessian-trace-error.
func (o *HessianTrace) Columns() []sgdlab.Column {
	return named(o.name+"hessian-trace", o.name+"hessian-trace-error")
}

// Observe is dst = the trace and its standard error.
func (o *HessianTrace) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	lanes.Zero(dst[:2])
	if o.dim <= dense {
		e, he := ws.Zeroed(o.dim), ws.Pack(o.dim)
		h := o.at(theta, ws)
		for i := range e {
			e[i] = lanes.Splat(1)
			h(he, e)
			e[i] = lanes.Vec{}
			for l, x := range he[i] {
				dst[0][l] += x
			}
		}
		return
	}
	eachReplica(theta, ws, func(l int, alone lanes.Pack) {
		h := o.at(alone, ws)
		q, g, hg, part := ws.Pack(o.dim), ws.Pack(o.dim), ws.Pack(o.dim), ws.Pack(lanes.W)
		o.sketch.draw(g, at, l, 0)
		h(q, g)
		o.scratch.Orthonormalise(q, ws)
		h(hg, q)
		sum := 0.0
		for _, x := range lanes.Dot(q, hg) {
			sum += x
		}
		n := float64(o.batches * lanes.W)
		mean, square := 0.0, 0.0
		for b := range o.batches {
			o.probes.draw(g, at, l, b)
			lanes.SharedMul(lanes.ByRows(part, lanes.W, 1), lanes.Columns(q).T(), lanes.ByRows(g, o.dim, 1))
			lanes.Scale(part, -1)
			lanes.SharedMulAdd(lanes.ByRows(g, o.dim, 1), lanes.Columns(q), lanes.ByRows(part, lanes.W, 1))
			h(hg, g)
			for _, x := range lanes.Dot(g, hg) {
				mean += x / n
				square += x * x / n
			}
		}
		dst[0][l] = sum + mean
		dst[1][l] = math.Sqrt(max(square-float64(mean*mean), 0) / (n - 1))
	})
}

// EdgeSpectrum is which eigenvalues of ∇²L(θ) are at the edge of stability of descent at the rate η, or near it,
//
//	edge-count  #{i : ηλᵢ > above},  edge[i]  ηλᵢ/2,
//
// for the eigenvalues λ₁ ≥ λ₂ ≥ … that are counted, and NaN beyond them: 1 is the edge. It asks for more of them until one is below, up to `most`, at which it stops to
// count.
type EdgeSpectrum struct {
	*curvature
	Rate      sgdlab.Setting
	Above     float64
	Most      int
	Tolerance float64
	scratch   linalg.Scratch
}

// EdgeSpectrumSettings are those of NewEdgeSpectrum.
type EdgeSpectrumSettings struct {
	Above     float64 `doc:"eigenvalues above this in units of 1/η count; 2 is the edge" default:"1.5" check:">0"`
	Most      int     `doc:"how many at most" default:"8" check:">=1"`
	Tolerance float64 `doc:"of the residual ‖Hv − λv‖/|λ|, at which a search stops" default:"1e-6" check:">0"`
}

// NewEdgeSpectrum needs Hessian–vector products, and a dynamics with a rate.
func NewEdgeSpectrum(c EdgeSpectrumSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := newCurvature(CurvatureSettings{}, s)
	if err != nil {
		return nil, err
	}
	if s.Rate == nil {
		return nil, errors.New("edge-spectrum is of the edge of a dynamics with a rate, and there is none here")
	}
	if !(c.Tolerance >= 1e-13) {
		return nil, fmt.Errorf("tolerance is %g, below what rounding leaves; use at least 1e-13", c.Tolerance)
	}
	n, err := count(c.Most, m.dim, "eigenvalues of the Hessian")
	if err != nil {
		return nil, err
	}
	return &EdgeSpectrum{curvature: m, Rate: s.Rate, Above: c.Above, Most: n, Tolerance: c.Tolerance}, nil
}

// Columns is edge-count, edge[1], edge[2], ….
func (o *EdgeSpectrum) Columns() []sgdlab.Column {
	return append(named("edge-count"), numbered("edge", o.Most)...)
}

// Observe is dst = the count and the eigenvalues in units of 2/η.
func (o *EdgeSpectrum) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	rate := o.Rate(at)
	h := o.at(theta, ws)
	open := lanes.All &^ ws.Idle // lanes all of whose eigenvalues counted: what others ask for must not touch the rest
	for n := min(2, o.Most); ; n = min(2*n, o.Most) {
		mark := ws.Mark()
		values, residuals := ws.Pack(n), ws.Pack(n)
		o.scratch.Top(values, residuals, lanes.View{}, h, o.dim, linalg.Search{Tolerance: o.Tolerance}, ws)
		for l := range lanes.W {
			if !open.Has(l) {
				continue
			}
			counted := 0.0
			for i := range o.Most {
				dst[1+i][l] = math.NaN()
				if i < n && rate[l]*values[i][l] > o.Above {
					counted++
					dst[1+i][l] = 0.5 * rate[l] * values[i][l]
				}
			}
			if math.IsNaN(values[0][l]) {
				counted = math.NaN()
			}
			if dst[0][l] = counted; counted != float64(n) {
				open = open.Without(l)
			}
		}
		ws.Release(mark)
		if open == lanes.None || n == o.Most {
			return
		}
	}
}

// NoiseHessianOverlap is whether the noise of SGD is along the directions of curvature: with the k largest eigenvalues of the covariance C of one sample's
// gradient, their unit eigenvectors U_C, and those of ∇²L, U_H,
//
//	noise-eigenvalue[i]    of C, largest first
//	noise-hessian-overlap  ‖U_CᵀU_H‖²_F/k,
//
// 1 where the two spaces are the same, and k/d for random ones. NaN where C has fewer than k eigenvalues above rounding.
type NoiseHessianOverlap struct {
	*covariance
	hess    *curvature
	Count   int
	work    linalg.Scratch
	topWork linalg.Scratch
}

// NoiseHessianOverlapSettings are those of NewNoiseHessianOverlap.
type NoiseHessianOverlapSettings struct {
	Count int `doc:"k, how many eigenvectors of each" default:"1" check:">=1"`
}

// NewNoiseHessianOverlap needs samples and Hessian–vector products; it refuses where the smaller of rows and parameters is above 1000.
func NewNoiseHessianOverlap(c NoiseHessianOverlapSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	cov, err := newCovariance(s)
	if err != nil {
		return nil, err
	}
	h, err := newCurvature(CurvatureSettings{}, s)
	if err != nil {
		return nil, err
	}
	if cov.inner == nil && cov.rows > largest {
		return nil, fmt.Errorf("the covariance of %d gradients of %d parameters is an eigenvalue problem of size %d for every replica; use fewer than %d samples",
			cov.of.Samples(), s.Model.Dim(), cov.rows, largest)
	}
	k, err := count(c.Count, min(cov.of.Samples(), h.dim), "eigenvectors of the noise")
	if err != nil {
		return nil, err
	}
	return &NoiseHessianOverlap{covariance: cov, hess: h, Count: k}, nil
}

// Columns is noise-eigenvalue[1] … and noise-hessian-overlap.
func (o *NoiseHessianOverlap) Columns() []sgdlab.Column {
	return append(numbered("noise-eigenvalue", o.Count), named("noise-hessian-overlap")...)
}

// Observe is dst = the eigenvalues of C and the overlap.
func (o *NoiseHessianOverlap) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d, k := len(theta), o.Count
	a, g, floor := o.root(theta, ws)
	n := min(k, a.Rows)
	values, left := ws.Pack(n), lanes.ByRows(ws.Pack(a.Rows*n), a.Rows, n)
	o.work.Eigen(values, left, g)
	u := lanes.ByRows(ws.Pack(n*d), n, d) // rows √λᵢuᵢ
	lanes.MatMul(u, left.T(), a)
	top, residuals, v := ws.Pack(k), ws.Pack(k), lanes.ByRows(ws.Pack(d*k), d, k)
	o.topWork.Top(top, residuals, v, o.hess.at(theta, ws), d, linalg.Search{Tolerance: 1e-8}, ws)
	both := lanes.ByRows(ws.Pack(n*k), n, k)
	lanes.MatMul(both, u, v)
	for l := range lanes.W {
		overlap := 0.0
		for i := range k {
			dst[i][l] = 0
			if i < n {
				dst[i][l] = values[i][l]
			}
			if !(dst[i][l] > floor[l]) {
				overlap = math.NaN()
				continue
			}
			for j := range k {
				x := both.At(i, j)[l]
				overlap += x * x / values[i][l] / float64(k)
			}
		}
		dst[k][l] = overlap
	}
}
