package observable

import (
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// InvariantSetDistance is how far θ is from a linear set that no step of descent leaves, the points that a symmetry Q of the loss leaves
// alone,
//
//	D(θ) = min over Qx = x of ‖θ − x‖₂,  ½‖θ − Qθ‖₂ where Q² = 1,
//
// and ln D, −∞ on the set. ∇L(Qθ) = Q∇L(θ), of the loss of each sample too, makes GD, SGD and label noise started on the set stay on it to the
// bit. In units of θ. The sets are
//
//   - sign: the weights into and out of hidden units, with their biases, are all 0, and D is the norm of these weights. Q changes their sign,
//     a symmetry where φ is odd; with relu and gelu the set is kept as well, for φ(0) = 0. Of a diagonal network: the pairs (uⱼ, vⱼ) are 0.
//   - permutation: hidden units have equal weights, in and out. Q exchanges them. Of a product u ⊙ v: uⱼ = vⱼ.
//   - reflection: of any model, the coordinates given are 0, and Q changes their sign. What ∇L has across the set, at 64 scattered points of
//     it, must be 0.
//
// Noise can make a set attract where the loss alone repels, and the other way: it does where the slope of the mean of ln D in time is
// negative, which near a set is the number to look at and not D, whose mean few far replicas decide.
//
// Source: Chen, Kunin, Yamamura & Ganguli 2023, of the sets; formulas derived here.
type InvariantSetDistance struct {
	Groups [][]int // of coordinates that are equal on the set
	Zero   []int   // coordinates that are 0 on it
}

// InvariantSetDistanceSettings are those of NewInvariantSetDistance.
type InvariantSetDistanceSettings struct {
	Set         string `default:"sign" oneof:"sign|permutation|reflection" doc:"sign, of weights that are 0; permutation, of equal hidden units; reflection, of coordinates that are 0"`
	Layer       int    `default:"1" check:">=1" doc:"which hidden layer, from 1"`
	Units       []int  `optional:"true" check:">=0" doc:"which of its hidden units, from 0, or which coordinates of the map of a diagonal network; all where missing"`
	Coordinates []int  `optional:"true" check:">=0" doc:"of set: reflection, which coordinates of θ, from 0; all where missing"`
}

// NewInvariantSetDistance needs hidden units (mlp, deep-linear and the like), a diagonal network of two vectors, or coordinates in which the
// model is symmetric.
func NewInvariantSetDistance(c InvariantSetDistanceSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	if c.Set == "reflection" {
		return newReflection(c, m)
	}
	if c.Coordinates != nil {
		return nil, fmt.Errorf("coordinates are of set: reflection; set: %s has units", c.Set)
	}
	units, product, err := unitsOf(c.Layer, m)
	if err != nil {
		return nil, err
	}
	chosen, err := some(c.Units, len(units), "units")
	if err != nil {
		return nil, err
	}
	o := &InvariantSetDistance{}
	switch {
	case c.Set == "sign":
		for _, j := range chosen {
			o.Zero = append(o.Zero, units[j]...)
		}
	case product == pairSign:
		for _, j := range chosen {
			o.Groups = append(o.Groups, units[j])
		}
	case product == powers:
		return nil, fmt.Errorf("exchanging u and v of a difference of powers changes the sign of the map, and is no symmetry; use set: sign, or parametrisation: product")
	case len(chosen) < 2:
		return nil, fmt.Errorf("set: permutation is of units that are equal; want two or more of the %d units of layer %d", len(units), c.Layer)
	default:
		for k := range units[chosen[0]] {
			var group []int
			for _, j := range chosen {
				group = append(group, units[j][k])
			}
			o.Groups = append(o.Groups, group)
		}
	}
	return o, nil
}

// What the units of a model are.
const (
	hidden = iota
	pairSign
	powers
)

// unitsOf returns the coordinates of θ that belong to each unit of a hidden layer, from 1: in, bias, out; or to each entry of the map of a
// diagonal network.
func unitsOf(layer int, m sgdlab.Model) (units [][]int, what int, err error) {
	if p, err := sgdlab.As[sgdlab.Paired](m); err == nil {
		u, v := p.Pairs()
		for j := range u {
			units = append(units, []int{u[j], v[j]})
		}
		return units, pairSign, nil
	}
	if p, err := sgdlab.As[interface{ Power() int }](m); err == nil {
		d := m.Dim() / 2
		if p.Power() < 2 {
			return nil, powers, fmt.Errorf("a difference of first powers is linear in θ, and keeps no set; use depth: 2 or more")
		}
		for j := range d {
			units = append(units, []int{j, d + j})
		}
		return units, powers, nil
	}
	l, err := sgdlab.As[sgdlab.Layered](m)
	if err != nil {
		return nil, hidden, fmt.Errorf("%w; Paired would do too, and set: reflection is for landscapes", err)
	}
	layers := l.Layers()
	if layer >= len(layers) {
		return nil, hidden, fmt.Errorf("layer: got %d, and the network has %d hidden layers", layer, len(layers)-1)
	}
	in, out := layers[layer-1], layers[layer]
	for j := range in.Rows {
		var unit []int
		for k := range in.Cols {
			unit = append(unit, in.Offset+j*in.Cols+k)
		}
		if in.Biases > 0 {
			unit = append(unit, in.End()-in.Biases+j)
		}
		for k := range out.Rows {
			unit = append(unit, out.Offset+k*out.Cols+j)
		}
		units = append(units, unit)
	}
	return units, hidden, nil
}

// some resolves a list of indices where have exist.
func some(asked []int, have int, what string) ([]int, error) {
	if asked == nil {
		for j := range have {
			asked = append(asked, j)
		}
		return asked, nil
	}
	if len(asked) == 0 {
		return nil, fmt.Errorf("%s: got none; want at least one", what)
	}
	for i, j := range asked {
		if j < 0 || j >= have {
			return nil, fmt.Errorf("%s: got %d; want 0 to %d", what, j, have-1)
		}
		if slices.Contains(asked[:i], j) {
			return nil, fmt.Errorf("%s: got %d twice; want each once", what, j)
		}
	}
	return asked, nil
}

// newReflection is the distance to θᵢ = 0 for some coordinates, where no gradient leads off it.
func newReflection(c InvariantSetDistanceSettings, m sgdlab.Model) (sgdlab.Observable, error) {
	if c.Units != nil || c.Layer != 1 {
		return nil, fmt.Errorf("set: reflection has coordinates; units and layer are of the other sets")
	}
	zero, err := some(c.Coordinates, m.Dim(), "coordinates")
	if err != nil {
		return nil, err
	}
	var ws lanes.Arena
	theta, g := make(lanes.Pack, m.Dim()), make(lanes.Pack, m.Dim())
	for k := range 8 {
		for i := range theta {
			for l := range theta[i] {
				x := math.Mod(0.6180339887498949*float64((i+1)*(k*lanes.W+l+1))+0.3819660112501051*float64(i), 1)
				theta[i][l] = 3*x - 1.5
			}
		}
		for _, i := range zero {
			theta[i] = lanes.Vec{}
		}
		m.Grad(g, theta, &ws)
		size := lanes.MaxAbs(g)
		for _, i := range zero {
			for l, x := range g[i] {
				if math.Abs(x) > 1e-12*(1+size[l]) {
					return nil, fmt.Errorf("the set where the coordinates %v are 0 is left by descent: ∂L/∂θ[%d] is %.3g at a point on it; want coordinates whose sign the loss does not see", zero, i, x)
				}
			}
		}
	}
	return &InvariantSetDistance{Zero: zero}, nil
}

// Columns is invariant-set-distance and log-invariant-set-distance.
func (o *InvariantSetDistance) Columns() []sgdlab.Column {
	return named("invariant-set-distance", "log-invariant-set-distance")
}

// Observe is dst = D and ln D, which does not underflow where squares would. Groups of k equal coordinates add Σ (xᵢ − xⱼ)²/k over their pairs.
func (o *InvariantSetDistance) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	for l := range lanes.W {
		top := 0.0
		o.each(theta, l, func(x, _ float64) { top = max(top, math.Abs(x)) }) // max keeps NaN
		if top == 0 || math.IsNaN(top) || math.IsInf(top, 1) {
			dst[0][l], dst[1][l] = top, elementary.Log(top)
			continue
		}
		_, exponent := math.Frexp(top)
		sum := 0.0
		o.each(theta, l, func(x, share float64) {
			x = math.Ldexp(x, -exponent)
			sum += float64(share * float64(x*x))
		})
		r := math.Sqrt(sum)
		dst[0][l] = math.Ldexp(r, exponent)
		dst[1][l] = math.FMA(float64(exponent), math.Ln2, elementary.Log(r))
	}
}

// each goes through what is 0 on the set, with its share in D².
func (o *InvariantSetDistance) each(theta lanes.Pack, l int, f func(x, share float64)) {
	for _, i := range o.Zero {
		f(theta[i][l], 1)
	}
	for _, group := range o.Groups {
		share := 1 / float64(len(group))
		for i, a := range group {
			for _, b := range group[:i] {
				f(theta[a][l]-theta[b][l], share)
			}
		}
	}
}
