package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// FeatureSparsity is the mean over the training samples of the fraction of a hidden layer's units that are active and
// distinct,
//
//	(1/nm) #{(i, j) : |aⱼ(xᵢ)| > tolerance·max|a|, unit j distinct},
//
// with the activations a of shape (n, m) for n samples and m units; from 0 to 1, a column for each hidden layer. Of units whose activations over the samples have a Pearson correlation of at
// least `correlation` only the first is distinct; with duplicates: authors it is the last, of units whose correlation is above that in absolute
// value, each set beside all that are left when its turn comes, as in the code of the source. A unit that is constant over the samples has no correlation with others.
// Small values are sparse features: few directions of the data are looked at.
//
// Source: Andriushchenko, Varre, Pillaud-Vivien & Flammarion 2023.
type FeatureSparsity struct {
	Of          sgdlab.Featured
	Samples     int
	Tolerance   float64
	Correlation float64
	Authors     bool
	units       []int
	distinct    []bool
}

// FeatureSparsitySettings are those of NewFeatureSparsity.
type FeatureSparsitySettings struct {
	Tolerance   float64 `default:"0" check:">=0" doc:"a unit is active where its size is above this part of the layer's largest; 0 for units that are exactly 0, as those of ReLU networks"`
	Correlation float64 `default:"0.95" check:">0" doc:"units at least so correlated count as one; above 1, each counts"`
	Duplicates  string  `optional:"true" oneof:"first|authors" doc:"which of correlated units counts: the first, or as in the authors' code the last, of those correlated with either sign; first where missing"`
}

// NewFeatureSparsity needs a network with hidden units.
func NewFeatureSparsity(c FeatureSparsitySettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	f, err := sgdlab.As[sgdlab.Featured](s.Model)
	if err != nil {
		return nil, err
	}
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, err
	}
	o := &FeatureSparsity{Of: f, Samples: m.Samples(), Tolerance: c.Tolerance, Correlation: c.Correlation, Authors: c.Duplicates == "authors", units: f.Features()}
	if len(o.units) == 0 {
		return nil, fmt.Errorf("feature-sparsity is that of hidden units, and the network has no hidden layer; use at least two layers")
	}
	return o, nil
}

// Columns is feature-sparsity[1] for the first hidden layer, and so on.
func (o *FeatureSparsity) Columns() []sgdlab.Column {
	return numbered("feature-sparsity", len(o.units))
}

// Observe is dst = the fraction for each hidden layer.
func (o *FeatureSparsity) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	n := o.Samples
	for layer, m := range o.units {
		mark := ws.Mark()
		a := lanes.ByRows(ws.Pack(n*m), n, m)
		o.Of.Activations(a.P, theta, layer, sgdlab.AllRows(n), ws)
		top := lanes.MaxAbs(a.P)
		active := ws.Zeroed(m)
		for i := range n {
			for j := range m {
				for l, x := range a.At(i, j) {
					if math.Abs(x) > o.Tolerance*top[l] {
						active[j][l]++
					}
				}
			}
		}
		// Correlations: centred columns of unit length.
		for j := range m {
			var mean, square lanes.Vec
			for i := range n {
				for l, x := range a.At(i, j) {
					mean[l] += x / float64(n)
				}
			}
			for i := range n {
				x := a.At(i, j)
				for l := range x {
					x[l] -= mean[l]
					square[l] = math.FMA(x[l], x[l], square[l])
				}
			}
			for l := range square {
				// What rounding leaves of a constant unit correlates with nothing.
				if square[l] > float64(n)*0x1p-96*mean[l]*mean[l] {
					square[l] = 1 / math.Sqrt(square[l])
				} else {
					square[l] = 0
				}
			}
			for i := range n {
				x := a.At(i, j)
				for l := range x {
					x[l] *= square[l]
				}
			}
		}
		corr := lanes.ByRows(ws.Pack(m*m), m, m)
		lanes.MatMul(corr, a.T(), a)
		for l := range lanes.W {
			dst[layer][l] = o.fraction(corr, active, l) / (float64(n) * float64(m))
			if !(top[l] < math.Inf(1)) {
				dst[layer][l] = math.NaN()
			}
		}
		ws.Release(mark)
	}
}

// fraction is the sum of the active samples over the distinct units of one lane.
func (o *FeatureSparsity) fraction(corr lanes.View, active lanes.Pack, l int) float64 {
	o.distinct = o.distinct[:0]
	sum := 0.0
	if o.Authors {
		for range active {
			o.distinct = append(o.distinct, true)
		}
		for i := range active {
			for k, left := range o.distinct {
				if left && k != i && math.Abs(corr.At(i, k)[l]) > o.Correlation {
					o.distinct[i] = false
					break
				}
			}
			if o.distinct[i] {
				sum += active[i][l]
			}
		}
		return sum
	}
	for j := range active {
		first := true
		for i := range j {
			if o.distinct[i] && corr.At(i, j)[l] >= o.Correlation {
				first = false
				break
			}
		}
		o.distinct = append(o.distinct, first)
		if first {
			sum += active[j][l]
		}
	}
	return sum
}
