package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// Dense sends ξ to Rξ with one matrix for all lanes and all θ: the square root of a frozen Hessian; shapes (d) → (d).
type Dense struct {
	Root lanes.Mat
	thin lanes.Mat // of the same RRᵀ with as few columns as it has directions; empty where that is not known
}

// Width is d.
func (f Dense) Width() int { return f.Root.Cols }

// Apply is dst = Rξ.
func (f Dense) Apply(dst, _, xi lanes.Pack, _ *lanes.Arena) { lanes.MatVec(dst, f.Root, xi) }

// ApplyT is dst = Rᵀv.
func (f Dense) ApplyT(dst, _, v lanes.Pack, _ *lanes.Arena) { lanes.MatVec(dst, f.Root.T(), v) }

// Kind is additive.
func (f Dense) Kind() sgdlab.NoiseKind { return sgdlab.AdditiveNoise }

// Absolute sends ξ to |H(θ)|^½ξ, H = ∇²L, at each lane's θ; shapes (d) → (d). It costs d Hessian–vector products, where the
// model does not form H for less, and an eigendecomposition per lane, and holds scratch: it serves one worker.
type Absolute struct {
	Model sgdlab.Curved
	Dim   int
	roots *eigen
}

// Width is d.
func (f *Absolute) Width() int { return f.Dim }

// Apply is dst = |H(θ)|^½ξ; NaN in the lanes where H is not finite.
func (f *Absolute) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	d := f.Dim
	if f.roots == nil {
		f.roots = newEigen(d)
	}
	h := ws.Pack(d * d)
	hessian(h, theta, f.Model, ws)
	f.roots.of(h)
	f.roots.rootMul(dst, xi)
	ws.Release(mark)
}

// ApplyT is dst = |H|^½v: the root is symmetric.
func (f *Absolute) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) { f.Apply(dst, theta, v, ws) }

// LossScaled sends ξ to √(2L(θ))·σ(θ)ξ. Where L < 0 it is not defined: the kick is NaN, and the replica diverges.
type LossScaled struct {
	Of    sgdlab.Factor
	Model sgdlab.Model
}

// Width is that of σ.
func (f LossScaled) Width() int { return f.Of.Width() }

// Apply is dst = √(2L)·σξ.
func (f LossScaled) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	f.Of.Apply(dst, theta, xi, ws)
	f.scale(dst, theta, ws)
}

func (f LossScaled) scale(dst, theta lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	v := f.Model.Loss(theta, ws)
	for l := range v {
		v[l] = math.Sqrt(2 * v[l])
	}
	lanes.ScaleLanes(dst, v)
	ws.Release(mark)
}

// lossScaledT is LossScaled of a factor that can be transposed.
type lossScaledT struct {
	LossScaled
	of sgdlab.Transposed
}

// ApplyT is dst = √(2L)·σᵀv.
func (f lossScaledT) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	f.of.ApplyT(dst, theta, v, ws)
	f.scale(dst, theta, ws)
}

// HessianSettings are those of `hessian`.
type HessianSettings struct {
	Of     string `oneof:"gauss-newton|absolute" default:"gauss-newton" doc:"which part of ∇²L the noise has the covariance of: its Gauss–Newton part, or |∇²L|"`
	Frozen bool   `default:"false" doc:"take the Hessian once, at the unkicked start"`
	Batch  int    `optional:"true" check:">=1" doc:"B of the SGD whose noise this models; the dynamics' batch, or n, where missing"`
}

// NewHessian is noise with the covariance of a Hessian,
//
//	of: gauss-newton   σσᵀ = H_GN,  σξ = √ℓ″ Σᵢ ξᵢ∇hᵢ/√n, ξ of shape (n·outputs)
//	of: absolute       σσᵀ = |∇²L|, σξ = |∇²L|^½ξ,         ξ of shape (d)
//	frozen: true       σσᵀ = H,     σξ = H^½ξ,             ξ of shape (d), H of either kind at the start
//
// at scale √(η/B), and (η/B)^(1−1/α) under a law of index α, at every θ unless
// frozen: then at the start without its random part. η is the rate and B the batch; over
// one step h = η the kick of a law with a variance has the covariance (η²/B)·H. It is the noise of the theory of escape of
// Xie, Sato & Sugiyama, and SGD's where the residuals are independent of ∇h and 2L = 1 (under mean-half).
//
// The absolute Hessian serves any model that multiplies by its Hessian, of up to 64 parameters; H_GN needs samples; frozen
// is for up to 1024 parameters, and needs a start with a centre. A kick costs one pullback over all rows (gauss-newton),
// the Hessian and its eigenvalue problem for every replica (absolute), or d² operations (frozen).
//
// Source: Xie, Sato & Sugiyama 2021.
func NewHessian(c HessianSettings, s *sgdlab.Site) (sgdlab.Source, error) {
	rate, b, err := rateAndBatch(c.Batch, s)
	if err != nil {
		return sgdlab.Source{}, err
	}
	f, err := hessianRoot(c.Of, c.Frozen, s)
	if err != nil {
		return sgdlab.Source{}, err
	}
	return sgdlab.Source{Factor: f, Scale: overBatch(rate, b, nil)}, nil
}

// LossHessianSettings are those of `loss-hessian`.
type LossHessianSettings struct {
	Of     string `oneof:"gauss-newton|absolute" default:"gauss-newton" doc:"which part of ∇²L the noise has the directions of: its Gauss–Newton part, or |∇²L|"`
	Frozen bool   `default:"true" doc:"take the Hessian once, at the unkicked start; the loss is always that at θ"`
	Batch  int    `optional:"true" check:">=1" doc:"B of the SGD whose noise this models; the dynamics' batch, or n, where missing"`
}

// NewLossHessian is noise that grows with the loss,
//
//	σ(θ)ξ = √(2L(θ))·H^½ξ at scale √(η/B), and (η/B)^(1−1/α) under a law of index α,
//	σσᵀ = 2L(θ)·H,  D = (η/B)·L·H,
//
// D the diffusion matrix, and H the Gauss–Newton or the absolute Hessian with H^½ξ as in `hessian`: at the start without
// its random part where it is frozen, else at θ; the loss is always that at θ. Over one step h = η the kick of a law with
// a variance has the covariance (η²/B)·2L·H. It is SGD's near a minimum where the residuals are independent of ∇h (under
// mean-half), and gives escape by a power law (theory mori-rate).
//
// It needs what `hessian` does, and costs one loss more. Where L < 0 it is not defined: the replica diverges.
//
// Source: Mori, Ziyin, Liu & Ueda 2022.
func NewLossHessian(c LossHessianSettings, s *sgdlab.Site) (sgdlab.Source, error) {
	rate, b, err := rateAndBatch(c.Batch, s)
	if err != nil {
		return sgdlab.Source{}, err
	}
	f, err := hessianRoot(c.Of, c.Frozen, s)
	if err != nil {
		return sgdlab.Source{}, err
	}
	var scaled sgdlab.Factor = LossScaled{Of: f, Model: s.Model}
	if t, ok := f.(sgdlab.Transposed); ok {
		scaled = lossScaledT{LossScaled: LossScaled{Of: f, Model: s.Model}, of: t}
	}
	return sgdlab.Source{Factor: scaled, Scale: overBatch(rate, b, nil)}, nil
}

const (
	maxFrozen   = 1024 // the eigendecomposition takes some ten seconds, and a kick reads 8 MB
	maxUnfrozen = 64   // an eigendecomposition per lane and step
)

// hessianRoot is the factor with σσᵀ = H_GN or |H|, at each θ or frozen at the unkicked start.
func hessianRoot(of string, frozen bool, s *sgdlab.Site) (sgdlab.Factor, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("a Hessian needs a model, and there is none")
	}
	d := s.Model.Dim()
	switch {
	case of != "gauss-newton" && of != "absolute":
		return nil, fmt.Errorf("got of: %q; want gauss-newton or absolute", of)
	case frozen && d > maxFrozen:
		return nil, fmt.Errorf("frozen: the square root of a Hessian is kept as a dense matrix, for at most %d parameters; the model has %d; use frozen: false with of: gauss-newton", maxFrozen, d)
	case !frozen && of == "gauss-newton":
		f, err := newOutput(s.Model, func(m sgdlab.Squared) float64 { return math.Sqrt(m.PerOutput()) })
		if err != nil {
			return nil, fmt.Errorf("the root of the Gauss–Newton Hessian is that of the outputs under a square loss: %w; on a landscape use of: absolute", err)
		}
		return f, nil
	case !frozen:
		c, err := sgdlab.As[sgdlab.Curved](s.Model)
		if err != nil {
			return nil, fmt.Errorf("%w; use factor: identity", err)
		}
		if d > maxUnfrozen {
			return nil, fmt.Errorf("of: absolute takes an eigendecomposition per replica and step, for at most %d parameters; the model has %d; use frozen: true, or of: gauss-newton", maxUnfrozen, d)
		}
		return &Absolute{Model: c, Dim: d}, nil
	}
	times, err := hessianProduct(of, s.Model)
	if err != nil {
		return nil, err
	}
	at, err := centre(s, "a frozen Hessian")
	if err != nil {
		return nil, err
	}
	h := symmetricOf(times, at)
	for _, x := range h.Data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("the Hessian at the unkicked start is not finite; start elsewhere")
		}
	}
	root, thin := absoluteRoot(h)
	return Dense{Root: root, thin: thin}, nil
}

type product = func(dst, theta, v lanes.Pack, ws *lanes.Arena)

func hessianProduct(of string, m sgdlab.Model) (product, error) {
	if of == "absolute" {
		c, err := sgdlab.As[sgdlab.Curved](m)
		if err != nil {
			return nil, fmt.Errorf("%w; use factor: identity", err)
		}
		return c.HessVec, nil
	}
	g, err := sgdlab.As[sgdlab.GaussNewton](m)
	if err != nil {
		return nil, fmt.Errorf("the root of the Gauss–Newton Hessian is that of the outputs under a square loss: %w; on a landscape use of: absolute", err)
	}
	return g.GaussNewtonVec, nil
}

// symmetricOf forms a symmetric matrix from its products with unit vectors, a direction in each lane.
func symmetricOf(times product, at []float64) lanes.Mat {
	var ws lanes.Arena
	d := len(at)
	a, theta, v, out := lanes.NewMat(d, d), lanes.Of(at), make(lanes.Pack, d), make(lanes.Pack, d)
	for j := 0; j < d; j += lanes.W {
		ws.Reset()
		lanes.Zero(v)
		for l := range min(lanes.W, d-j) {
			v[j+l][l] = 1
		}
		times(out, theta, v, &ws)
		for l := range min(lanes.W, d-j) {
			for i := range d {
				a.Set(i, j+l, out[i][l])
			}
		}
	}
	for i := range d {
		for j := range i {
			x := 0.5*a.At(i, j) + 0.5*a.At(j, i) // the products are exact
			a.Set(i, j, x)
			a.Set(j, i, x)
		}
	}
	return a
}
