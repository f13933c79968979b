package observable

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// classes are labels of samples beside the outputs of a network: the signs of one output, or one-hot targets of several.
type classes struct {
	net     sgdlab.Network
	outputs int
	label   []int // the class of each row; of one output −1 or 1
}

// newClasses reads labels; of is what wants them.
func newClasses(of string, m sgdlab.Model, y lanes.Mat) (*classes, error) {
	net, err := sgdlab.As[sgdlab.Network](m)
	if err != nil {
		return nil, err
	}
	if s, err := sgdlab.As[sgdlab.Sampled](m); err != nil {
		return nil, err
	} else if s.Samples() != y.Rows {
		return nil, fmt.Errorf("%s: the model is of %d samples, and there are %d rows of labels", of, s.Samples(), y.Rows)
	}
	c := &classes{net: net, outputs: net.Outputs(), label: make([]int, y.Rows)}
	for i := range y.Rows {
		ones := 0
		for j := range y.Cols {
			switch v := y.At(i, j); {
			case y.Cols == 1 && (v == 1 || v == -1):
				c.label[i], ones = int(v), 1
			case y.Cols > 1 && v == 1:
				c.label[i] = j
				ones++
			case y.Cols == 1 || v != 0:
				ones = -y.Cols
			}
		}
		if ones != 1 {
			return nil, fmt.Errorf("%s is that of labels, one target of −1 or 1 or several that are one-hot, and row %d is neither; use data of classes, such as two-classes", of, i+1)
		}
	}
	return c, nil
}

// margins fills dst with the margin of each row: yh of one output, else that of the class over the best of the others.
func (c *classes) margins(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n, k := len(c.label), c.outputs
	h := ws.Pack(n * k)
	c.net.Predict(h, theta, sgdlab.AllRows(n), ws)
	for i, label := range c.label {
		for l := range lanes.W {
			if k == 1 {
				dst[i][l] = float64(label) * h[i][l]
				continue
			}
			best := math.Inf(-1)
			for j := range k {
				if j != label {
					best = max(best, h[i*k+j][l])
				}
			}
			dst[i][l] = h[i*k+label][l] - best
		}
	}
}

// Margin is the least margin of the training samples,
//
//	min_i yᵢh(xᵢ) of one output,  min_i (h_c(xᵢ) − max_{j≠c} h_j(xᵢ)) of several, c the class of the sample,
//
// or this over ‖W‖_F, W the end-to-end map of a linear network, or over ‖θ‖^L, for which a network of L layers without biases, linear or
// ReLU, is homogeneous. It is above 0 where all samples are classified rightly. With the logistic or the exponential loss gradient flow
// on a linear network raises min yᵢ⟨w, xᵢ⟩/‖w‖ to the largest there is: theory max-margin.
type Margin struct {
	*classes
	norm  string
	of    *endToEnd
	depth int
}

// MarginSettings are those of NewMargin.
type MarginSettings struct {
	Over string `default:"nothing" oneof:"nothing|map|parameters" doc:"what it is divided by: nothing, ‖W‖_F of the end-to-end map (map), or ‖θ‖^L (parameters)"`
}

// NewMargin needs a network and targets that are labels.
func NewMargin(c MarginSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	if s.Data == nil {
		return nil, errors.New("margin is that of labels, and the model has no data")
	}
	o := &Margin{norm: c.Over}
	if o.classes, err = newClasses("margin", m, s.Data.Y); err != nil {
		return nil, err
	}
	switch c.Over {
	case "map":
		if o.of, err = newEndToEnd(s); err != nil {
			return nil, fmt.Errorf("over: map %w; use over: parameters", err)
		}
	case "parameters":
		l, err := sgdlab.As[sgdlab.Layered](m)
		if err != nil {
			return nil, fmt.Errorf("over: parameters %w", err)
		}
		for _, shape := range l.Layers() {
			if shape.Biases > 0 {
				return nil, errors.New("over: parameters is for networks that are homogeneous, and biases are in the way; use biases: false, or over: nothing")
			}
			o.depth++
		}
	}
	return o, nil
}

// Columns is margin.
func (o *Margin) Columns() []sgdlab.Column { return named("margin") }

// Observe is dst = the least margin.
func (o *Margin) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m := ws.Pack(len(o.label))
	o.margins(m, theta, ws)
	least := m[0]
	for _, row := range m[1:] {
		for l, x := range row {
			least[l] = min(least[l], x)
		}
	}
	var norm lanes.Vec
	switch o.norm {
	case "map":
		w := o.of.effective(theta, ws).P
		norm = root(lanes.Dot(w, w))
	case "parameters":
		norm = root(lanes.Dot(theta, theta))
		one := norm
		for range o.depth - 1 {
			for l := range norm {
				norm[l] *= one[l]
			}
		}
	default:
		norm = lanes.Splat(1)
	}
	for l := range least {
		least[l] /= norm[l]
	}
	dst[0] = least
}

// Accuracy is the fraction of samples that are classified rightly,
//
//	#{i : the margin of i is above 0}/n,
//
// with the margins of the observable margin: of one output its sign is the label's, of several that of the class is the largest. A tie is wrong.
type Accuracy struct {
	*classes
	name string
}

// AccuracySettings are those of NewAccuracy.
type AccuracySettings struct {
	Rows string `default:"training" oneof:"training|test" doc:"which rows: the training rows, or those held out, for the column test-accuracy"`
}

// NewAccuracy needs a network and targets that are labels.
func NewAccuracy(c AccuracySettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	if s.Data == nil {
		return nil, errors.New("accuracy is that of labels, and the model has no data")
	}
	o := &Accuracy{name: "accuracy"}
	y := s.Data.Y
	if c.Rows == "test" {
		if s.Test == nil || s.Data.TestY.Empty() {
			return nil, errors.New("the data holds no test rows; hold some out, as with train: 0.8, or use rows: training")
		}
		m, y, o.name = s.Test, s.Data.TestY, "test-accuracy"
	}
	if o.classes, err = newClasses("accuracy", m, y); err != nil {
		return nil, err
	}
	return o, nil
}

// Columns is accuracy, or test-accuracy.
func (o *Accuracy) Columns() []sgdlab.Column { return named(o.name) }

// Observe is dst = the fraction.
func (o *Accuracy) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m := ws.Pack(len(o.label))
	o.margins(m, theta, ws)
	var right lanes.Vec
	for _, row := range m {
		for l, x := range row {
			switch {
			case x > 0:
				right[l]++
			case math.IsNaN(x):
				right[l] = x
			}
		}
	}
	for l := range right {
		right[l] /= float64(len(m))
	}
	dst[0] = right
}
