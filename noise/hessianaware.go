package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// HessianAware sends ξ to S(θ)^½ξ; shapes (d) → (d). With H = ∇²L(θ), C = σσᵀ of another factor at θ and everything in the eigenbasis of H,
//
//	Sᵢⱼ = Cᵢⱼ u/(1 − e^{−u}),  u = −log(1 − ηλᵢ) − log(1 − ηλⱼ).
//
// It holds scratch, and serves one worker.
type HessianAware struct {
	Of    sgdlab.Factor
	rate  sgdlab.Setting
	eta   lanes.Vec
	basis *Basis
	root  *positiveRoot
}

// HessianAwareSettings are those of `hessian-aware`.
type HessianAwareSettings struct {
	Of sgdlab.Part[sgdlab.Source] `doc:"the factor whose kick one step of SGD has, such as per-sample, or {name: identity, variance: 0.1}"`
}

// NewHessianAware is the noise of the Hessian-aware modified equation, whose drift is `hessian-aware`. With σσᵀ = C of the factor `of` at
// θ, at its scale, and in the eigenbasis of H = ∇²L(θ),
//
//	σσᵀ = S,  Sᵢⱼ = Cᵢⱼ u/(1 − e^{−u}),  u = xᵢ + xⱼ,  xᵢ = −log(1 − ηλᵢ),
//
// η the rate of the dynamics; σ = S^½ is symmetric, and ξ of shape (d). It solves
//
//	∫₀^η e^{−As}(scale²·S)e^{−As}ds = scale²·η·C,  A = −log(1 − ηH)/η:
//
// on a quadratic, with C the same everywhere, the SDE has at the times ηk the mean and covariance of SGD whose step has the kick
// √η·scale·σ_of ξ. To first order in η S = C + (η/2)(HC + CH).
//
// The kernel u/(1 − e^{−u}) is log-concave, so that S need not be positive where C is: it is where C commutes with H, or is near enough to
// it, and is not where C has one direction across several λ. Then there is no such diffusion; negative eigenvalues of S, which are of
// relative size (ηλ)², count as 0, and the covariance is SGD's to that order. Where ηλ ≥ 1 for some λ it is not defined: the replica
// diverges.
//
// It costs d products with σᵀ of the other factor, the Hessian and two eigenvalue problems in each replica and step, for models of up to 64
// parameters. A law should have a variance.
//
// Source: derived here.
func NewHessianAware(c HessianAwareSettings, s *sgdlab.Site) (sgdlab.Source, error) {
	none := sgdlab.Source{}
	if c.Of == nil {
		return none, fmt.Errorf("hessian-aware noise is made of another's: give `of`, such as per-sample")
	}
	if s.Rate == nil {
		return none, fmt.Errorf("hessian-aware noise depends on η; give the dynamics a `rate`")
	}
	if s.Model == nil {
		return none, fmt.Errorf("hessian-aware noise is made of ∇²L, and there is no model")
	}
	b, err := NewBasis("hessian-aware noise", s.Model)
	if err != nil {
		return none, err
	}
	of, err := c.Of(s)
	if err != nil {
		return none, fmt.Errorf("of: %w", err)
	}
	f := &HessianAware{Of: condense(of.Factor), rate: s.Rate, basis: b, root: newPositiveRoot(s.Model.Dim())}
	f.ReadClock(&sgdlab.Clock{})
	return sgdlab.Source{Factor: f, Scale: of.Scale}, nil
}

// ReadClock looks η up.
func (f *HessianAware) ReadClock(at *sgdlab.Clock) {
	f.eta = f.rate(at)
	sgdlab.ReadClock(f.Of, at)
}

// Width is d.
func (f *HessianAware) Width() int { return len(f.basis.Values) }

// Apply is dst = S^½ξ.
func (f *HessianAware) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	d := len(theta)
	f.basis.At(theta, ws)
	s := ws.Pack(d * d)
	covarianceIn(s, f.basis.Vectors, theta, f.Of, ws)
	x := ws.Pack(d)
	for j := range x {
		for l := range x[j] {
			x[j][l] = -elementary.Log1p(-(f.eta[l] * f.basis.Values[j][l]))
		}
	}
	for i := range d {
		for j := range d {
			for l := range lanes.W {
				s[i*d+j][l] *= stretch(x[i][l] + x[j][l])
			}
		}
	}
	f.root.of(s)
	in, out := ws.Pack(d), ws.Pack(d)
	lanes.MatMul(lanes.ByRows(in, d, 1), f.basis.Vectors.T(), lanes.ByRows(xi, d, 1))
	f.root.rootMul(out, in)
	lanes.MatMul(lanes.ByRows(dst, d, 1), f.basis.Vectors, lanes.ByRows(out, d, 1))
	ws.Release(mark)
}

// ApplyT is dst = S^½v: the root is symmetric.
func (f *HessianAware) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) { f.Apply(dst, theta, v, ws) }

// stretch is u/(1 − e^{−u}), NaN where u is not finite.
func stretch(u float64) float64 {
	if u == 0 {
		return 1
	}
	return -u / elementary.Expm1(-u)
}

// covarianceIn is c = VᵀσσᵀV of a factor at θ, shape (d, d) by rows.
func covarianceIn(c lanes.Pack, v lanes.View, theta lanes.Pack, f sgdlab.Factor, ws *lanes.Arena) {
	mark := ws.Mark()
	d, w := len(theta), f.Width()
	rows := ws.Pack(d * w) // Vᵀσ
	if t, ok := f.(sgdlab.Transposed); ok {
		e := ws.Pack(d)
		for j := range d {
			for i := range d {
				e[i] = *v.At(i, j)
			}
			t.ApplyT(rows[j*w:(j+1)*w], theta, e, ws)
		}
	} else {
		unit, kick, turned := ws.Zeroed(w), ws.Pack(d), ws.Pack(d)
		for k := range w {
			unit[k] = lanes.Splat(1)
			f.Apply(kick, theta, unit, ws)
			unit[k] = lanes.Vec{}
			lanes.MatMul(lanes.ByRows(turned, d, 1), v.T(), lanes.ByRows(kick, d, 1))
			for j := range d {
				rows[j*w+k] = turned[j]
			}
		}
	}
	r := lanes.ByRows(rows, d, w)
	lanes.MatMul(lanes.ByRows(c, d, d), r, r.T())
	ws.Release(mark)
}

// positiveRoot is the square root of the positive part of a symmetric matrix in each lane.
type positiveRoot struct{ eigen }

func newPositiveRoot(d int) *positiveRoot { return &positiveRoot{*newEigen(d)} }

// of decomposes a; eigenvalues that are negative, or within rounding of 0, count as 0.
func (p *positiveRoot) of(a lanes.Pack) {
	p.work.Eigen(p.values, p.v, lanes.ByRows(a, p.dim, p.dim))
	floor := lanes.MaxAbs(p.values)
	for j := range p.values {
		for l, x := range p.values[j] {
			if x <= float64(p.dim)*0x1p-52*floor[l] {
				x = 0
			}
			p.values[j][l] = math.Sqrt(x)
		}
	}
}
