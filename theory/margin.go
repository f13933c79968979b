package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// MaxMargin is the largest margin of data of two classes,
//
//	max_w min_i yᵢ⟨w, xᵢ⟩/‖w‖₂,
//
// the distance from 0 of the convex hull of the yᵢxᵢ. With the logistic or the exponential loss gradient flow on linear networks of any depth
// comes to it from below, as 1/log t.
//
// Source: Soudry, Hoffer, Nacson, Gunasekar & Srebro 2018 (linear regression); Ji & Telgarsky 2019 (deep linear networks).
type MaxMargin struct{ margin float64 }

// MaxMarginSettings are the settings of NewMaxMargin.
type MaxMarginSettings struct {
	Inputs  [][]float64 `optional:"true" doc:"x of each sample; those of the run's data where missing"`
	Targets []float64   `optional:"true" doc:"y of each sample, −1 or 1; those of the run's data where missing"`
}

// NewMaxMargin needs labels of −1 and 1 that a hyperplane through 0 separates.
func NewMaxMargin(c MaxMarginSettings, r *sgdlab.Run) (sgdlab.Theory, error) {
	if (c.Inputs == nil) != (c.Targets == nil) {
		return nil, errors.New("inputs and targets belong together; give both, or neither for those of the data")
	}
	var x, y lanes.Mat
	switch {
	case c.Inputs != nil:
		if len(c.Inputs) != len(c.Targets) || len(c.Inputs) == 0 {
			return nil, fmt.Errorf("%d inputs and %d targets; give a target for each input", len(c.Inputs), len(c.Targets))
		}
		for i, row := range c.Inputs {
			if len(row) != len(c.Inputs[0]) || len(row) == 0 {
				return nil, fmt.Errorf("inputs: row %d has %d numbers, row 1 has %d; give rows of equal length", i+1, len(row), len(c.Inputs[0]))
			}
		}
		x, y = lanes.MatOf(c.Inputs), lanes.NewMat(len(c.Targets), 1)
		copy(y.Data, c.Targets)
	case r == nil || r.Site == nil || r.Data == nil:
		return nil, errors.New("max-margin is that of data, and there is none; give inputs and targets")
	default:
		x, y = r.Data.X, r.Data.Y
	}
	if y.Cols != 1 {
		return nil, fmt.Errorf("max-margin is that of two classes with labels of −1 and 1, and the data has %d targets", y.Cols)
	}
	for i := range y.Rows {
		if v := y.At(i, 0); v != 1 && v != -1 {
			return nil, fmt.Errorf("max-margin is that of labels of −1 and 1, and the target of row %d is %g", i+1, v)
		}
	}
	w, err := separate(x, y)
	if err != nil {
		return nil, err
	}
	norm := 0.0
	for _, v := range w {
		norm = math.FMA(v, v, norm)
	}
	return MaxMargin{1 / math.Sqrt(norm)}, nil
}

// separate returns the shortest w with yᵢ⟨w, xᵢ⟩ ≥ 1 by ascent in one coordinate of the dual at a time,
//
//	w = Σ αᵢyᵢxᵢ,  αᵢ ← max(0, αᵢ + (1 − yᵢ⟨w, xᵢ⟩)/‖xᵢ‖²),
//
// until all conditions on w and α hold to 10⁻¹¹.
func separate(x, y lanes.Mat) ([]float64, error) {
	n, d := x.Rows, x.Cols
	w, alpha, square := make([]float64, d), make([]float64, n), make([]float64, n)
	for i := range n {
		for j := range d {
			square[i] = math.FMA(x.At(i, j), x.At(i, j), square[i])
		}
		if square[i] == 0 {
			return nil, fmt.Errorf("no hyperplane separates the classes: row %d is 0", i+1)
		}
	}
	const rounds, tolerance = 2_000_000, 1e-11
	for range max(1000, rounds/n) {
		worst := 0.0
		for i := range n {
			side := 0.0
			for j := range d {
				side = math.FMA(w[j], x.At(i, j), side)
			}
			gap := 1 - y.At(i, 0)*side
			next := max(0, alpha[i]+gap/square[i])
			if next > 0 || alpha[i] > 0 {
				worst = max(worst, math.Abs(next-alpha[i])*square[i])
			}
			step := (next - alpha[i]) * y.At(i, 0)
			alpha[i] = next
			if step != 0 {
				for j := range d {
					w[j] = math.FMA(step, x.At(i, j), w[j])
				}
			}
		}
		if worst <= tolerance {
			return w, nil
		}
	}
	return nil, errors.New("no hyperplane through 0 was found that separates the classes; the largest margin is that of separable data")
}

// Predict is the margin.
func (m MaxMargin) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Upper, m.margin, 0, "data that a hyperplane through 0 separates; the limit of gradient flow on linear networks with the logistic or the exponential loss", "soudry-2018")
}
