package observable

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/theory"
)

// InterpolatorDistance is how far the map β of a linear network is from a given one of the interpolators, Xβ = y,
//
//	‖β − β°‖₂,  ‖β‖₁/‖β°‖₁,
//
// β° that of least ‖β‖₁ (the sparse one, by linear programming), that of least ‖β‖₂, or the teacher. The first is in units of the map. The
// solution of least ℓ¹ norm is judged when it is found: a duality gap above 10⁻¹⁰ is an error.
type InterpolatorDistance struct {
	of   sgdlab.EndToEnd
	name string
	to   []float64
	norm float64
}

// InterpolatorDistanceSettings are those of NewInterpolatorDistance.
type InterpolatorDistanceSettings struct {
	To string `default:"min-l1" oneof:"min-l1|min-l2|teacher" doc:"β°: the interpolator of least ℓ¹ norm, that of least ℓ² norm, or the teacher"`
}

// NewInterpolatorDistance needs a linear network with one output, and data that it can fit.
func NewInterpolatorDistance(c InterpolatorDistanceSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := sgdlab.As[sgdlab.EndToEnd](s.Model)
	if err != nil {
		return nil, err
	}
	o := &InterpolatorDistance{of: e, name: c.To}
	switch k, d := e.EffectiveShape(); {
	case k != 1:
		return nil, fmt.Errorf("interpolator-distance is of one output, and the network has %d; use data with outputs: 1", k)
	case s.Data == nil:
		return nil, errors.New("interpolator-distance is to an interpolator of the data, and there is none; give data")
	case c.To == "teacher":
		if _, o.to, err = taught(s); err != nil {
			return nil, err
		}
	default:
		x, y := s.Data.X, make([]float64, s.Data.N())
		for i := range y {
			y[i] = s.Data.Y.At(i, 0)
		}
		o.to = make([]float64, d)
		if c.To == "min-l2" {
			for j := range o.to {
				o.to[j] = s.Data.Moments().Map.At(0, j)
			}
		} else {
			var scratch linalg.Scratch
			if gap := scratch.LeastL1(o.to, make([]float64, len(y)), x, y); !(gap <= 1e-10) && !math.IsNaN(o.to[0]) {
				return nil, fmt.Errorf("the interpolator of least ℓ¹ norm was found to a duality gap of %.2g only; the inputs are too nearly dependent", gap)
			}
		}
		size, off := 0.0, 0.0
		for i, v := range y {
			r := -v
			for j, b := range o.to {
				r = math.FMA(x.At(i, j), b, r)
			}
			size, off = max(size, math.Abs(v)), max(off, math.Abs(r))
			if math.IsNaN(r) {
				off = math.Inf(1)
			}
		}
		if off > 1e-9*size {
			return nil, fmt.Errorf("no β fits all %d samples of %d inputs; use more inputs than samples, or no label noise", len(y), d)
		}
	}
	for _, b := range o.to {
		o.norm += math.Abs(b)
	}
	return o, nil
}

// Columns is distance-to-min-l1 and l1-over-min-l1, or with min-l2 or teacher for min-l1.
func (o *InterpolatorDistance) Columns() []sgdlab.Column {
	return named("distance-to-"+o.name, "l1-over-"+o.name)
}

// Observe is dst = (‖β − β°‖, ‖β‖₁/‖β°‖₁).
func (o *InterpolatorDistance) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	w := ws.Pack(len(o.to))
	o.of.Effective(w, theta, ws)
	var square, norm lanes.Vec
	for j, b := range o.to {
		for l, x := range w[j] {
			norm[l] += math.Abs(x)
			square[l] = math.FMA(x-b, x-b, square[l])
		}
	}
	dst[0] = root(square)
	for l, x := range norm {
		dst[1][l] = x / o.norm
	}
}

// SaddlesPassed is how many of the jumps that the theory saddle-jumps predicts of a diagonal network the loss has taken,
//
//	#{k : L(θ) < (Lₖ₋₁ + Lₖ)/2},
//
// Lₖ the loss at the k-th saddle, the first at 0; and L(θ)/Lₖ at the saddle where it is now, k that number. The last has L = 0 where the
// network fits the data, and the ratio means nothing there. An event on it dates a jump, as in rises-above: 0.5 for the first.
//
// Source: after Pesme & Flammarion 2023.
type SaddlesPassed struct {
	of     sgdlab.Model
	losses []float64
}

// SaddlesPassedSettings are those of NewSaddlesPassed: none.
type SaddlesPassedSettings struct{}

// NewSaddlesPassed needs a diagonal network of two vectors, u ⊙ v or u² − v², with squares as its loss.
func NewSaddlesPassed(_ SaddlesPassedSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	path, err := theory.NewSaddlePath(s)
	if err != nil {
		return nil, err
	}
	return &SaddlesPassed{of: m, losses: path.Losses}, nil
}

// Columns is saddles-passed and loss-over-saddle.
func (o *SaddlesPassed) Columns() []sgdlab.Column { return named("saddles-passed", "loss-over-saddle") }

// Observe is dst = the number of jumps, and the loss over that at the saddle.
func (o *SaddlesPassed) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	loss := o.of.Loss(theta, ws)
	for l, x := range loss {
		k := 0
		for k+1 < len(o.losses) && x < (o.losses[k]+o.losses[k+1])/2 {
			k++
		}
		dst[0][l] = float64(k)
		if math.IsNaN(x) {
			dst[0][l] = x
		}
		dst[1][l] = x / o.losses[k]
	}
}
