package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// PerSample sends ξ to
//
//	σ(θ)ξ = Σᵢ (ξᵢ − ξ̄)∇ℓᵢ(θ)/√n,  σσᵀ = C(θ) = (1/n) Σᵢ (∇ℓᵢ − ∇L)(∇ℓᵢ − ∇L)ᵀ,
//
// with ℓᵢ the loss of sample i and C the covariance of one sample's gradient, in units of ∇L squared; shapes (n) → (d). It
// costs one pullback over all rows.
type PerSample struct{ Model sgdlab.Sampled }

// Width is n: one ξ per sample, whatever its outputs.
func (f PerSample) Width() int { return f.Model.Samples() }

// Apply is dst = σ(θ)ξ.
func (f PerSample) Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	all, k := sgdlab.AllRows(f.Model.Samples()), f.Model.Outputs()
	c := ws.Pack(all.N * k)
	tape := f.Model.Slope(c, theta, all, ws)
	mean, root := average(xi), math.Sqrt(float64(all.N))
	for i := range xi {
		var w lanes.Vec
		for l := range w {
			w[l] = (xi[i][l] - mean[l]) / root
		}
		lanes.ScaleLanes(c[i*k:(i+1)*k], w)
	}
	f.Model.Pullback(dst, theta, c, all, tape, ws)
	ws.Release(mark)
}

// perSampleT is PerSample of a network that knows its tangents.
type perSampleT struct {
	PerSample
	along sgdlab.Tangents
}

// ApplyT is dst = σᵀv: (⟨∇ℓᵢ, v⟩ − ⟨∇L, v⟩)/√n.
func (f perSampleT) ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	all, k := sgdlab.AllRows(f.Model.Samples()), f.Model.Outputs()
	c := ws.Pack(all.N * k)
	f.Model.Slope(c, theta, all, ws)
	jv := ws.Pack(all.N * k)
	f.along.Push(jv, theta, v, all, ws)
	for i := range dst {
		dst[i] = lanes.Dot(c[i*k:(i+1)*k], jv[i*k:(i+1)*k])
	}
	mean, root := average(dst), math.Sqrt(float64(all.N))
	for i := range dst {
		for l := range dst[i] {
			dst[i][l] = (dst[i][l] - mean[l]) / root
		}
	}
	ws.Release(mark)
}

// average is the mean over rows in each lane. It divides: a product here could be fused into the difference that follows.
func average(p lanes.Pack) lanes.Vec {
	m := lanes.Sum(p)
	for l := range m {
		m[l] /= float64(len(p))
	}
	return m
}

// PerSampleSettings are those of `per-sample`.
type PerSampleSettings struct {
	Batch int `optional:"true" check:">=1" doc:"B of the SGD whose noise this is; the dynamics' batch, or n, where missing"`
}

// NewPerSample is the noise of SGD itself (anisotropic Langevin dynamics), at the scale
//
//	√(η/B),  and (η/B)^(1−1/α) under a law of index α,
//
// η the rate and B the batch. Over one step h = η the kick of a law with a variance has the covariance (η²/B)·C: exactly
// that of mini-batches drawn with replacement; that of batches drawn without is (n−B)/(n−1) times it. Under `law:
// multinomial` the step is SGD's itself. Under the Gaussian law a network that is linear in its inputs draws moments of
// the data instead of samples, where these are fewer. It needs a model with samples.
//
// Source: Li, Tai & E 2019, of the SDE.
func NewPerSample(c PerSampleSettings, s *sgdlab.Site) (sgdlab.Source, error) {
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return sgdlab.Source{}, fmt.Errorf("per-sample noise is that of drawing samples: %w; on a landscape use factor: identity", err)
	}
	rate, b, err := rateAndBatch(c.Batch, s)
	if err != nil {
		return sgdlab.Source{}, err
	}
	var f sgdlab.Factor = PerSample{Model: m}
	if t, err := sgdlab.As[sgdlab.Tangents](s.Model); err == nil {
		f = perSampleT{PerSample: PerSample{Model: m}, along: t}
	}
	return sgdlab.Source{Factor: f, Scale: overBatch(rate, b, nil)}, nil
}
