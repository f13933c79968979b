package model

import (
	"fmt"
	"slices"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// LinearRegression is the case in which W is θ itself,
//
//	h(x) = Wx,  ∇L = 2pn (W − W*)Σxx,  ∇²L = 2pn I ⊗ Σxx:
//
// the one convex landscape with data, quadratic to all orders. States are W by rows, of shape (k·d) for inputs X, shape
// (n, d), and targets Y, shape (n, k). L is in units of the targets squared.
//
// Its one critical point is named minimum and is W*. Where Σxx has not full rank, as with fewer samples than inputs, it
// stands for the subspace of all W with the same predictions.
type LinearRegression struct{ *Linear }

// LinearSettings are the settings of NewLinear.
type LinearSettings struct {
	Loss Loss `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewLinear builds linear regression on a set, whose inputs and outputs give W its shape. See [LinearRegression].
func NewLinear(c LinearSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("linear needs data; give data, such as {name: gaussian, …}")
	}
	if float64(set.Inputs())*float64(set.Outputs()) > 1<<24 {
		return nil, fmt.Errorf("%d outputs of %d inputs make more than %d parameters; use fewer", set.Outputs(), set.Inputs(), 1<<24)
	}
	net := newDeepLinear(set.X, []int{set.Inputs(), set.Outputs()})
	if !c.Loss.Squared() {
		return newRisk(net, set, c.Loss)
	}
	r, err := newLinear(net, set, c.Loss)
	if err != nil {
		return nil, err
	}
	return &LinearRegression{r}, nil
}

// ThirdVec is dst = 0.
func (m *LinearRegression) ThirdVec(dst, _, _, _ lanes.Pack, _ *lanes.Arena) { lanes.Zero(dst) }

// CriticalPoints returns the minimum.
func (m *LinearRegression) CriticalPoints() []sgdlab.CriticalPoint {
	s, k := m.moments, m.Outputs()
	return []sgdlab.CriticalPoint{{
		Name: "minimum", At: slices.Clone(s.Map.Data), Value: 0.5 * m.PerLabel() * s.Floor,
		Nullity: k * (s.XX.Rows - s.Factor.Cols),
	}}
}
