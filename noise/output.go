package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// Output sends ξ to
//
//	σ(θ)ξ = a Σᵢ ξᵢ∇hᵢ(θ)/√n,  σσᵀ = (a²/ℓ″)H_GN(θ),
//
// over all n rows and k outputs, with a number a; shapes (n·k) → (d). With a = s = ℓ″ it is the noise of labels, and with
// a = √ℓ″ (factor hessian) σσᵀ is the Gauss–Newton Hessian itself. It costs one pullback over all rows.
type Output struct {
	Model sgdlab.Sampled
	Each  float64
}

// Width is n·k.
func (f Output) Width() int { return f.Model.Samples() * f.Model.Outputs() }

func (f Output) factor() float64 { return f.Each / math.Sqrt(float64(f.Model.Samples())) }

// Apply is dst = σ(θ)ξ.
func (f Output) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	c := ws.Pack(len(xi))
	f.Weights(c, xi)
	f.Model.Pullback(dst, theta, c, sgdlab.AllRows(f.Model.Samples()), nil, ws)
	ws.Release(mark)
}

// OfOutputs is Output where a factor is one, with or without its transpose.
func OfOutputs(f sgdlab.Factor) (Output, bool) {
	switch f := f.(type) {
	case Output:
		return f, true
	case outputT:
		return f.Output, true
	}
	return Output{}, false
}

// Weights is c = aξ/√n, what the rows are weighted with.
func (f Output) Weights(c, xi lanes.Pack) {
	lanes.Copy(c, xi)
	lanes.Scale(c, f.factor())
}

// outputT is Output of a network that knows its tangents.
type outputT struct {
	Output
	along sgdlab.Tangents
}

// ApplyT is dst = σᵀv = a·Jv/√n.
func (f outputT) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	f.along.Push(dst, theta, v, sgdlab.AllRows(f.Model.Samples()), ws)
	lanes.Scale(dst, f.factor())
	ws.Release(mark)
}

func newOutput(model sgdlab.Model, each func(sgdlab.Squared) float64) (sgdlab.Factor, error) {
	m, err := sgdlab.As[sgdlab.Squared](model)
	if err != nil {
		return nil, err
	}
	f := Output{Model: m, Each: each(m)}
	if t, err := sgdlab.As[sgdlab.Tangents](model); err == nil {
		return outputT{Output: f, along: t}, nil
	}
	return f, nil
}

// shared is noise on the outputs that all rows have in common,
//
//	σ(θ)ξ = a Σᵢ Σₐ ξₐ∇hₐ(xᵢ)/n,
//
// shapes (k) → (d).
type shared struct {
	model sgdlab.Sampled
	each  float64 // a
}

// Width is k.
func (f shared) Width() int { return f.model.Outputs() }

// Apply is dst = σ(θ)ξ.
func (f shared) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	n := f.model.Samples()
	c := ws.Pack(n * len(xi))
	for i := range n {
		lanes.Copy(c[i*len(xi):(i+1)*len(xi)], xi)
	}
	lanes.Scale(c, f.each/float64(n))
	f.model.Pullback(dst, theta, c, sgdlab.AllRows(n), nil, ws)
	ws.Release(mark)
}

// sharedT is shared of a network that knows its tangents.
type sharedT struct {
	shared
	along sgdlab.Tangents
}

// ApplyT is dst = σᵀv, the mean over the rows of a·Jv.
func (f sharedT) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	n := f.model.Samples()
	out := ws.Pack(n * len(dst))
	f.along.Push(out, theta, v, sgdlab.AllRows(n), ws)
	lanes.Zero(dst)
	for i := range n {
		lanes.AddScaled(dst, lanes.Splat(f.each/float64(n)), out[i*len(dst):(i+1)*len(dst)])
	}
	ws.Release(mark)
}

func newShared(model sgdlab.Model) (sgdlab.Factor, error) {
	m, err := sgdlab.As[sgdlab.Squared](model)
	if err != nil {
		return nil, err
	}
	f := shared{model: m, each: m.PerLabel()}
	if t, err := sgdlab.As[sgdlab.Tangents](model); err == nil {
		return sharedT{shared: f, along: t}, nil
	}
	return f, nil
}

// OutputSettings are those of `output`.
type OutputSettings struct {
	Amplitude sgdlab.Setting `spec:"amplitude,zeta" check:">=0" doc:"ζ, the standard deviation of the noise on one label, in units of the targets"`
	Batch     int            `optional:"true" check:">=1" doc:"B of the SGD whose label noise this is; the dynamics' batch, or n, where missing"`
	Per       string         `optional:"true" oneof:"datum|step" doc:"a draw for every label of every step (datum), or one for each output that all labels of the step share (step), which is that of GD, whatever the batch; datum where missing"`
}

// NewOutput is the noise of labels, a fresh ξ for every row drawn and every output,
//
//	σσᵀ = s·H_GN(θ),  at scale ζ√(η/B), and ζ(η/B)^(1−1/α) under a law of index α,
//
// with h the outputs, H_GN the Gauss–Newton Hessian of the loss, s what a unit of label moves ∂ℓ/∂h by (1 for mean-half, n
// for sum-half, 2 for mean), η the rate, B the batch, and ζ in units of the targets. Over one step h = η the kick of a law
// with a variance has the covariance (η²ζ²/B)·s·H_GN: exactly that of label noise on GD, B = n, and, beside per-sample
// noise, on SGD. With per: step all labels of an output move alike, and σσᵀ = s²·ḡḡᵀ summed over the outputs, ḡ the mean of ∇h over the
// samples, at scale ζ√η: the noise of label noise on GD that one draw makes. Written as η Σ ξᵢ∇hᵢ it has Var ξᵢ = s²ζ²/(nB): ζ²/n² on GD under mean-half, ζ² under sum-half. It needs
// a model with samples.
//
// Source: Blanc, Gupta, Valiant & Valiant 2020, of SGD with noise on labels.
func NewOutput(c OutputSettings, s *sgdlab.Site) (sgdlab.Source, error) {
	if c.Amplitude == nil {
		return sgdlab.Source{}, fmt.Errorf("output noise needs an `amplitude`, the standard deviation of the noise on one label")
	}
	f, err := newOutput(s.Model, sgdlab.Squared.PerLabel)
	if err != nil {
		return sgdlab.Source{}, fmt.Errorf("output noise is that of labels: %w; on a landscape use factor: identity", err)
	}
	rate, b, err := rateAndBatch(c.Batch, s)
	if err != nil {
		return sgdlab.Source{}, err
	}
	switch c.Per {
	case "", "datum":
	case "step":
		if c.Batch != 0 {
			return sgdlab.Source{}, fmt.Errorf("per: step is the noise of descent on all samples, and batch is %d: with mini-batches the rows that share a draw are drawn too; leave batch out", b)
		}
		if f, err = newShared(s.Model); err != nil {
			return sgdlab.Source{}, err
		}
		b = 1
	default:
		return sgdlab.Source{}, fmt.Errorf("per is %q; want datum or step", c.Per)
	}
	return sgdlab.Source{Factor: f, Scale: overBatch(rate, b, c.Amplitude)}, nil
}
