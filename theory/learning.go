package theory

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sgdlab"
)

// LearningCoefficient is the learning coefficient λ of a singular loss, its real log canonical threshold, and its multiplicity
// m: with K = L − min L, as ε → 0 and n → ∞,
//
//	Vol{θ: K < ε} ~ c ε^λ (log 1/ε)^(m−1),   ∫e^(−nK)dθ ~ C n^(−λ) (log n)^(m−1).
//
// Where K is a normal crossing Πxⱼ^(2kⱼ), up to a unit, in coordinates of volume element Π│xⱼ│^hⱼ dx,
//
//	λ = minⱼ (hⱼ + 1)/(2kⱼ),   m = the number of j that attain it;
//
// where several charts are needed to resolve K, λ is the least of theirs and m the largest of those that attain it. A regular
// minimum in d dimensions has λ = d/2, which e^(−nK) charges most, and one of order 2r in one dimension 1/(2r): the posterior
// prefers the small λ by the power of n by which they differ.
//
// From a run: the powers of the models normal-crossing, valley and polynomial, the latter for the loss q² of targets without a
// signal, all over a bounded region with a prior that vanishes nowhere; near is one of their points. Gradient descent and SGD
// need not choose as the posterior does. λ and m are pure numbers.
//
// Source: derived here; the theory is Watanabe's (2009).
type LearningCoefficient struct {
	Powers   []int  `optional:"true" check:">=1" doc:"k, half the power of each coordinate in K"`
	Jacobian []int  `optional:"true" check:">=0" doc:"h, the powers in the volume element; 0 each where left out"`
	Near     string `optional:"true" doc:"the name of a point of the run's model, for λ and m near it; of the whole zero set where left out"`
	Of       string `optional:"true" oneof:"coefficient|multiplicity" doc:"λ, where left out, or m"`
}

// NewLearningCoefficient makes the pair (λ, m).
func NewLearningCoefficient(c LearningCoefficient, r *sgdlab.Run) (sgdlab.Theory, error) {
	if c.Of != "" && c.Of != "coefficient" && c.Of != "multiplicity" {
		return nil, fmt.Errorf("of is %q; want coefficient or multiplicity", c.Of)
	}
	k, h := [][]int{c.Powers}, [][]int{c.Jacobian}
	where := "given"
	switch {
	case c.Powers == nil && c.Jacobian != nil:
		return nil, errors.New("jacobian is given without powers; give both")
	case c.Powers != nil && c.Near != "":
		return nil, errors.New("both powers and near are given; leave out one")
	case c.Powers == nil && r == nil:
		return nil, errors.New("give powers")
	case c.Powers == nil:
		if r.Model == nil {
			return nil, errors.New("powers was left out and cannot be read from the run: it has no model")
		}
		m, err := sgdlab.As[interface {
			NormalCrossings() (names []string, k, h [][]int)
		}](r.Model)
		if err != nil {
			return nil, errors.New("powers was left out and cannot be read from the run: its model is none of normal-crossing, valley and polynomial; give powers")
		}
		names, charts, volumes := m.NormalCrossings()
		if len(names) == 0 {
			return nil, errors.New("powers was left out and cannot be read from the run: its model is confined, and no normal crossing; give powers")
		}
		k, h = charts, volumes
		where = "all points"
		if c.Near != "" {
			i := slices.Index(names, c.Near)
			if i < 0 {
				return nil, fmt.Errorf("near is %q; want one of %s", c.Near, strings.Join(names, ", "))
			}
			k, h, where = charts[i:i+1], volumes[i:i+1], c.Near
		}
	}
	t := coefficient{of: c.Of, where: where}
	for i := range k {
		if err := t.chart(k[i], h[i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// coefficient is λ = up/(2·down), and m.
type coefficient struct {
	of, where    string
	up, down     int
	multiplicity int
}

// chart takes the powers of one more chart into account.
func (t *coefficient) chart(k, h []int) error {
	if h != nil && len(h) != len(k) {
		return fmt.Errorf("jacobian has %d entries and powers %d; want as many", len(h), len(k))
	}
	up, down, m := 0, 0, 0
	for j, p := range k {
		v := 1
		if h != nil {
			v = h[j] + 1
		}
		if p < 1 || v < 1 {
			return fmt.Errorf("coordinate %d has the powers %d of K and %d of the volume; want at least 1 and 0", j, p, v-1)
		}
		switch d := v*down - up*p; { // v/p − up/down
		case m == 0 || d < 0:
			up, down, m = v, p, 1
		case d == 0:
			m++
		}
	}
	switch d := up*t.down - t.up*down; {
	case m == 0:
		return errors.New("powers is empty; give at least one")
	case t.multiplicity == 0 || d < 0:
		t.up, t.down, t.multiplicity = up, down, m
	case d == 0:
		t.multiplicity = max(t.multiplicity, m)
	}
	return nil
}

func (t coefficient) Predict([]float64) sgdlab.Prediction {
	lambda := float64(t.up) / float64(2*t.down)
	value := lambda
	if t.of == "multiplicity" {
		value = float64(t.multiplicity)
	}
	return sgdlab.One(sgdlab.Exact, value, 0, fmt.Sprintf("ε → 0 and n → ∞; λ = %.4g, m = %d; %s", lambda, t.multiplicity, t.where), "derived-here")
}
