package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
)

// RankOneBalance is the strength ρ = w·v at which label noise leaves a rank-one linear network f(x) = ρ u·x that fits its targets,
//
//	|ρ*| = (m/t)^(1/3),  t = tr XᵀX/n,  m = (1/n) Σ ŷᵢ²,
//
// ŷ what the least squares map makes of the inputs: the targets, where they can be fitted. Label noise descends tr ∇²L slowly along the minima,
//
//	tr ∇²L/s = ρ²t + (‖v‖² + ‖w‖²) m/ρ² ≥ ρ²t + 2m/|ρ|,
//
// with equality at ‖v‖ = ‖w‖, v ∥ w; s is 1 for the loss mean-half. The right side is least at ρ*, whatever the start. Of depth L, with J = L − 1
// such products that share alike, |ρ*| = (m/t)^(J/(2J + 1)). It leaves out O(ηλ), λ the curvature.
//
// From a run: rank-one on data. That it has label noise, and for how long, is not asked.
//
// Source: after Lyu & Zhu 2023, who have the network; derived here.
type RankOneBalance struct {
	Fitted float64 `optional:"true" check:">0" doc:"m, the mean square of what is fitted"`
	Inputs float64 `optional:"true" check:">0" doc:"t, the mean square norm of an input"`
	Depth  float64 `optional:"true" check:">=2" doc:"L, the number of layers"`
}

// NewRankOneBalance makes that strength; two layers where the depth is left out and there is no run.
func NewRankOneBalance(c RankOneBalance, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r != nil {
		layers, err := rankOne(r)
		if err != nil {
			return nil, err
		}
		c.Depth = orElse(c.Depth, float64(layers))
	}
	c.Depth = orElse(c.Depth, 2)
	err := complete(r,
		want{"fitted", &c.Fitted, func() (float64, error) {
			m, sum := r.Data.Moments(), 0.0
			for i := range m.Map.Cols {
				for j := range m.Map.Cols {
					sum += m.Map.At(0, i) * m.XX.At(i, j) * m.Map.At(0, j)
				}
			}
			return sum, nil
		}},
		want{"inputs", &c.Inputs, func() (float64, error) {
			return r.Data.Moments().Spread * float64(r.Data.Inputs()), nil
		}},
	)
	if err == nil {
		err = errors.Join(positive("fitted", c.Fitted), positive("inputs", c.Inputs))
	}
	if err == nil && c.Depth != math.Trunc(c.Depth) {
		err = fmt.Errorf("depth is %g; want a whole number ≥ 2", c.Depth)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

// rankOne returns the depth of a rank-one network: layers that go through one unit by turns.
func rankOne(r *sgdlab.Run) (depth int, err error) {
	if r.Data == nil {
		return 0, errors.New("the run has no data; rank-one-balance is about a network that learns labels")
	}
	m, err := sgdlab.As[sgdlab.Layered](r.Model)
	if err != nil {
		return 0, fmt.Errorf("rank-one-balance %w", err)
	}
	if _, err := sgdlab.As[sgdlab.Squared](r.Model); err != nil {
		return 0, err
	}
	l := m.Layers()
	alike := len(l)%2 == 1 && len(l) > 1 && r.Data.Outputs() == 1
	for i, w := range l {
		alike = alike && (i%2 == 0 && w.Rows == 1 || i%2 == 1 && w.Cols == 1)
	}
	if !alike {
		return 0, errors.New("the model is no rank-one network; use rank-one")
	}
	return (len(l) + 1) / 2, nil
}

func (c RankOneBalance) Predict([]float64) sgdlab.Prediction {
	j := c.Depth - 1
	return sgdlab.One(sgdlab.Leading, elementary.Pow(c.Fitted/c.Inputs, j/(2*j+1)), math.NaN(),
		"label noise, at interpolation, after times of order 1/(η ζ²); leaves out O(ηλ), λ the curvature", "lyu-zhu-2023")
}
