package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// ModeDiffusion is how noisily SGD moves each mode of a linear network: with the strength sₐ of a mode as mode-overlap has it,
//
//	√(∇sₐᵀ C ∇sₐ),  C the covariance of one sample's gradient,
//
// so that a step of batch B at the rate η moves sₐ by noise of the standard deviation η/√B times this, at first order, and the SDE of SGD has
// √(η/B) times this before its dW. It is the deviation over the rows of ∇sₐ·∇ℓᵢ, without the noise of label noise that steps add. Of a
// balanced mode of depth Λ, of a teacher that the rows follow,
//
//	Λs^(2−2/Λ) |s − s*| √(m₄ − m₂²),
//
// with m₂ and m₄ the moments of its input, 1 and 3 for Gaussian ones: most noisy at s = s*(2Λ − 2)/(3Λ − 2), before it is learnt. A reading
// takes a forward pass over all rows, and as much for each mode.
//
// Source: derived here; after Corlouer, Semler, Strang & Gietelink Oldenziel 2026.
type ModeDiffusion struct {
	*ModeOverlap
	model sgdlab.Sampled
	by    sgdlab.Mapped
	x     *lanes.Mat
}

// NewModeDiffusion needs a network that is linear in its inputs, and what mode-overlap needs.
func NewModeDiffusion(c ModeOverlapSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	overlap, err := NewModeOverlap(c, s)
	if err != nil {
		return nil, err
	}
	o := &ModeDiffusion{ModeOverlap: overlap.(*ModeOverlap)}
	if o.model, err = sgdlab.As[sgdlab.Sampled](s.Model); err != nil {
		return nil, err
	}
	if o.by, err = sgdlab.As[sgdlab.Mapped](s.Model); err != nil {
		return nil, err
	}
	m, ok := o.by.(interface{ Inputs() *lanes.Mat })
	if !ok {
		return nil, fmt.Errorf("needs a network of data that is linear in its inputs; use deep-linear")
	}
	o.x = m.Inputs()
	return o, nil
}

// Columns is mode-diffusion[1], mode-diffusion[2], …
func (o *ModeDiffusion) Columns() []sgdlab.Column {
	return numbered("mode-diffusion", o.left.Rows)
}

// Observe is dst = the deviation in each mode.
func (o *ModeDiffusion) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := o.model.Samples()
	c, moved := ws.Pack(n*o.k), lanes.ByRows(ws.Pack(n*o.k), n, o.k)
	o.model.Slope(c, theta, sgdlab.AllRows(n), ws)
	w := ws.Pack(o.k * o.d)
	tape := o.by.Map(w, theta, ws)
	grad := ws.Pack(len(theta))
	for a := range o.left.Rows {
		for i := range o.k {
			for j := range o.d {
				w[i*o.d+j] = lanes.Splat(o.left.At(a, i) * o.right.At(a, j))
			}
		}
		o.by.PullMap(grad, theta, w, tape, ws) // ∇sₐ
		o.by.PushMap(w, theta, grad, tape, ws) // how W moves along it
		lanes.SharedMul(moved, *o.x, lanes.ByRows(w, o.k, o.d).T())
		lanes.Mul(moved.P, moved.P, c)
		var mean, square lanes.Vec
		for i := range n {
			for l := range mean {
				p := 0.0
				for j := range o.k {
					p += moved.P[i*o.k+j][l]
				}
				d := p - mean[l] // Welford's recurrence
				mean[l] += d / float64(i+1)
				square[l] = math.FMA(d, p-mean[l], square[l])
			}
		}
		for l := range square {
			dst[a][l] = math.Sqrt(square[l] / float64(n))
		}
	}
}
