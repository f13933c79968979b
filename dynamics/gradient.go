package dynamics

import (
	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Exact is the gradient ∇L.
type Exact struct{ Model sgdlab.Model }

// Gradient is dst = ∇L(θ).
func (e Exact) Gradient(dst, theta lanes.Pack, _ *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	e.Model.Grad(dst, theta, ws)
	rec.Used(sgdlab.Rows{}, nil, dst)
}

// Random is false.
func (e Exact) Random() bool { return false }

// Stochastic is Σ cᵢ∇hᵢ(θ) over the rows that Sample draws, c = slope/B; Weigh adds label noise.
type Stochastic struct {
	Model  sgdlab.Sampled
	Sample sgdlab.Sampler
	Weigh  []sgdlab.Weigher
	rows   sgdlab.Rows
}

// Gradient is dst = g, unbiased for ∇L(θ) whatever the loss's prefactor.
func (s *Stochastic) Gradient(dst, theta lanes.Pack, at *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	s.Sample.Draw(&s.rows, at)
	c := ws.Pack(s.rows.Len() * s.Model.Outputs())
	tape := s.Model.Slope(c, theta, s.rows, ws)
	for _, w := range s.Weigh {
		w.Weigh(c, s.rows, at, ws)
	}
	lanes.Scale(c, 1/float64(s.rows.Len()))
	s.Model.Pullback(dst, theta, c, s.rows, tape, ws)
	rec.Used(s.rows, c, dst)
}

// Random is true unless every row is drawn, always, and nothing weighs them.
func (s *Stochastic) Random() bool {
	_, full := s.Sample.(noise.FullBatch)
	return !full || len(s.Weigh) > 0
}
