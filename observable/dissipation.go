package observable

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// FluctuationDissipation is two relations that hold for SGD in a stationary state, as averages over time,
//
//	⟨θ·∇L⟩ = (η/2)⟨‖g‖²⟩,  ⟨‖∇L‖²⟩ = (η/2)⟨gᵀHg⟩,
//
// g the gradient that a step took, noise and all, g = −Δθ/η, and ∇L and H = ∇²L those at the θ before. The first says that ‖θ‖² has a mean
// that stays, and is exact at any rate; the second that L has one, and is exact on quadratics, else up to O(η²). The columns are both sides of each, and
// their ratios, left over right: near 1 in a stationary state, and far from it on the way there. Along a flat direction there is no stationary state.
// The first is taken about θ = 0. About any other centre c it differs by ⟨c·∇L⟩, which has mean 0 in a stationary state but not over a finite time: where the
// minimum is far from 0 the first ratio fluctuates more.
// With dynamics that have g another mean than ∇L, such as momentum, they do not hold. The left and right sides are in units of L, and of L per time.
//
// Source: Yaida 2018.
type FluctuationDissipation struct {
	model  sgdlab.Model
	curved sgdlab.Curved
	settle float64
}

// FluctuationDissipationSettings are those of NewFluctuationDissipation.
type FluctuationDissipationSettings struct {
	Settle float64 `default:"0" check:">=0" doc:"the time after which averages begin; until then the columns are 0"`
}

// NewFluctuationDissipation needs Hessian–vector products. A step costs one gradient and one product more.
func NewFluctuationDissipation(c FluctuationDissipationSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	h, err := sgdlab.As[sgdlab.Curved](m)
	if err != nil {
		return nil, err
	}
	return &FluctuationDissipation{model: m, curved: h, settle: c.Settle}, nil
}

// Columns is fdr1, fdr1-left, fdr1-right and the same of fdr2.
func (a *FluctuationDissipation) Columns() []sgdlab.Column {
	return named("fdr1", "fdr1-left", "fdr1-right", "fdr2", "fdr2-left", "fdr2-right")
}

// Add takes one step into the averages.
func (a *FluctuationDissipation) Add(acc, before, after lanes.Pack, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	grad, g, hg := ws.Pack(len(before)), ws.Pack(len(before)), ws.Pack(len(before))
	a.model.Grad(grad, before, ws)
	lanes.Sub(g, before, after)
	var inverse lanes.Vec
	for l, dt := range rec.Dt {
		inverse[l] = 1 / dt
	}
	lanes.ScaleLanes(g, inverse)
	a.curved.HessVec(hg, before, g, ws)
	sides := [...]lanes.Vec{lanes.Dot(before, grad), lanes.Dot(g, g), lanes.Dot(grad, grad), lanes.Dot(g, hg)}
	for l, dt := range rec.Dt {
		since := rec.At.Time[l] - a.settle
		if !rec.Live.Has(l) || since < -1e-9*dt {
			continue
		}
		part := dt / (max(since, 0) + dt)
		for k := range 2 {
			left, right := &acc[3*k+1][l], &acc[3*k+2][l]
			*left = math.FMA(part, sides[2*k][l]-*left, *left)
			*right = math.FMA(part, dt/2*sides[2*k+1][l]-*right, *right)
			acc[3*k][l] = *left / *right
		}
	}
}
