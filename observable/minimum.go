package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// NearestMinimum says in which well a replica is, by the nearest minimum θ*ₖ of those that the model names, numbered from 1 in
// the model's order,
//
//	k = argminₖ ‖θ − θ*ₖ‖,  and ‖θ − θ*ₖ‖.
//
// It is the well itself where wells are alike; between wells of different widths the border of nearness is not that of
// descent. Of two equally near it is the first; NaN where θ is.
type NearestMinimum struct{ At [][]float64 }

// NearestMinimumSettings are those of NewNearestMinimum: none.
type NearestMinimumSettings struct{}

// NewNearestMinimum needs a model with named critical points, minima among them.
func NewNearestMinimum(_ NearestMinimumSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := sgdlab.As[sgdlab.Charted](s.Model)
	if err != nil {
		return nil, err
	}
	o := &NearestMinimum{}
	for _, p := range m.CriticalPoints() {
		if p.Index == 0 {
			o.At = append(o.At, p.At)
		}
	}
	if len(o.At) == 0 {
		return nil, fmt.Errorf("the model names %d critical points, and none of them is a minimum; use a landscape with wells", len(m.CriticalPoints()))
	}
	return o, nil
}

// Columns is nearest-minimum and nearest-minimum-distance.
func (o *NearestMinimum) Columns() []sgdlab.Column {
	return named("nearest-minimum", "nearest-minimum-distance")
}

// Observe is dst = (k, ‖θ − θ*ₖ‖).
func (o *NearestMinimum) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	for l := range lanes.W {
		best, square := math.NaN(), math.Inf(1)
		for k, at := range o.At {
			sum := 0.0
			for j, x := range at {
				d := theta[j][l] - x
				sum = math.FMA(d, d, sum)
			}
			if sum < square {
				best, square = float64(k+1), sum
			}
		}
		dst[0][l], dst[1][l] = best, math.Sqrt(square)
		if math.IsNaN(best) {
			dst[1][l] = best
		}
	}
}
