package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

func layer(theta lanes.Pack, s sgdlab.Shape) lanes.View {
	return lanes.ByRows(theta[s.Offset:s.Offset+s.Rows*s.Cols], s.Rows, s.Cols)
}

// Alignment is how far neighbouring layers agree on what they pass on,
//
//	|⟨v₁(W_{l+1}), u₁(W_l)⟩|,  l = 1 … L − 1:
//
// the top right singular vector of a layer with the top left one of the layer below it. 1 where the layers are aligned, of
// order 1/√width where they are random, NaN where a layer is 0. Where the two largest singular values agree the vector is
// one of many.
//
// Source: Ji & Telgarsky 2018.
type Alignment struct {
	Layers  []sgdlab.Shape
	scratch linalg.Scratch
}

// AlignmentSettings are those of NewAlignment: none.
type AlignmentSettings struct{}

// NewAlignment needs weight matrices, at least two. It takes a singular value decomposition of each.
func NewAlignment(_ AlignmentSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err != nil {
		return nil, err
	}
	o := &Alignment{Layers: m.Layers()}
	if len(o.Layers) < 2 {
		return nil, fmt.Errorf("alignment is between neighbouring layers, and the model has %d; use at least 2", len(o.Layers))
	}
	return o, nil
}

// Columns is alignment[1] for the first two layers, alignment[2] for the next, …
func (o *Alignment) Columns() []sgdlab.Column { return numbered("alignment", len(o.Layers)-1) }

// Observe is dst = |cos| of each pair.
func (o *Alignment) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	sigma := ws.Pack(1)
	var below lanes.Pack
	var zero lanes.Mask // where the layer below is 0
	for i, shape := range o.Layers {
		u, v := ws.Pack(shape.Rows), ws.Pack(shape.Cols)
		o.scratch.Singular(sigma, lanes.ByRows(u, shape.Rows, 1), lanes.ByRows(v, shape.Cols, 1), layer(theta, shape), min(shape.Rows, shape.Cols))
		this := lanes.None
		for l, s := range sigma[0] {
			if s == 0 {
				this = this.With(l)
			}
		}
		if i > 0 {
			c := lanes.Dot(v, below)
			for l := range c {
				c[l] = math.Abs(c[l])
			}
			dst[i-1] = lanes.Select(zero|this, lanes.Splat(math.NaN()), c)
		}
		below, zero = u, this
	}
}

// Balancedness is how far neighbouring layers are from balance, which gradient flow conserves and small starts have,
//
//	max over l of ‖W_{l+1}ᵀW_{l+1} − W_lW_lᵀ‖_F;
//
// for models of pairs (u, v) it is ‖u² − v²‖₂ over the pairs. It is in units of θ²; 0 is balanced.
//
// Source: Arora, Cohen, Golowich & Hu 2018.
type Balancedness struct {
	Layers []sgdlab.Shape
	U, V   []int
}

// BalancednessSettings are those of NewBalancedness: none.
type BalancednessSettings struct{}

// NewBalancedness needs two or more weight matrices, or pairs.
func NewBalancedness(_ BalancednessSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err == nil {
		if len(m.Layers()) < 2 {
			return nil, fmt.Errorf("balance is between neighbouring layers, and the model has %d; use at least 2", len(m.Layers()))
		}
		return &Balancedness{Layers: m.Layers()}, nil
	}
	p, notPaired := sgdlab.As[sgdlab.Paired](s.Model)
	if notPaired != nil {
		return nil, fmt.Errorf("%w; Paired would do too", err)
	}
	o := &Balancedness{}
	o.U, o.V = p.Pairs()
	return o, nil
}

// Columns is balancedness.
func (o *Balancedness) Columns() []sgdlab.Column { return named("balancedness") }

// Observe is dst = the imbalance.
func (o *Balancedness) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	if o.Layers == nil {
		var s lanes.Vec
		for i := range o.U {
			gap := imbalance(theta[o.U[i]], theta[o.V[i]])
			for l, x := range gap {
				s[l] = math.FMA(x, x, s[l])
			}
		}
		dst[0] = root(s)
		return
	}
	worst := ws.Pack(len(o.Layers) - 1)
	for i := range worst {
		below, above := layer(theta, o.Layers[i]), layer(theta, o.Layers[i+1])
		w := below.Rows
		a, b := ws.Pack(w*w), ws.Pack(w*w)
		lanes.MatMul(lanes.ByRows(a, w, w), above.T(), above)
		lanes.MatMul(lanes.ByRows(b, w, w), below, below.T())
		lanes.Sub(a, a, b)
		worst[i] = root(lanes.Dot(a, a))
	}
	dst[0] = lanes.MaxAbs(worst)
}

// imbalance is u² − v², as a product that does not cancel.
func imbalance(u, v lanes.Vec) lanes.Vec {
	for l := range u {
		u[l] = (u[l] - v[l]) * (u[l] + v[l])
	}
	return u
}

// HyperbolicInvariant is the mean over the m pairs (u, v) of a model,
//
//	(1/m) Σⱼ ln|uⱼ² − vⱼ²|.
//
// Gradient flow keeps each term; a step at the rate η with the multiplier g, whatever made it, changes ln|u² − v²| by
// exactly ln|1 − η²g²|, which the accumulator hyperbolic-product sums. It is −∞ where a pair has u² = v². Of β = u² − v² the pairs are
// (u + v, u − v), and the terms ln|4uⱼvⱼ|.
type HyperbolicInvariant struct {
	pairs
	each bool
}

// HyperbolicInvariantSettings are those of NewHyperbolicInvariant.
type HyperbolicInvariantSettings struct {
	Each bool `optional:"true" doc:"true for a column for each pair beside the mean, hyperbolic-invariant[1] and so on"`
}

// NewHyperbolicInvariant needs pairs: a diagonal network of two vectors, u ⊙ v or u² − v².
func NewHyperbolicInvariant(c HyperbolicInvariantSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	p, err := pairsOf(s.Model, "hyperbolic-invariant")
	if err != nil {
		return nil, err
	}
	return &HyperbolicInvariant{p, c.Each}, nil
}

// Columns is hyperbolic-invariant, and those of the pairs where they are asked for.
func (o *HyperbolicInvariant) Columns() []sgdlab.Column {
	c := named("hyperbolic-invariant")
	if o.each {
		c = append(c, numbered("hyperbolic-invariant", len(o.U))...)
	}
	return c
}

// Observe is dst = the mean of ln|u² − v²|, and each.
func (o *HyperbolicInvariant) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	var s lanes.Vec
	for i := range o.U {
		for l := range s {
			x := elementary.Log(math.Abs(o.of(theta, i, l)))
			if s[l] += x; o.each {
				dst[1+i][l] = x
			}
		}
	}
	for l := range s {
		s[l] /= float64(len(o.U))
	}
	dst[0] = s
}

// LogDetGram is the log determinant of a two-layer linear network,
//
//	ln det ΘᵀΘ,  Θ = [W₁ W₂ᵀ],
//
// with W₁ (h, d) and W₂ (k, h), so that Θ is (h, d+k). Gradient flow conserves it; label noise makes it fall at a rate
// that does not depend on θ. −∞ where Θ has lost rank.
//
// Source: Varre, Sagitova & Flammarion 2024 (whose W₁, W₂ are the transposes of these).
type LogDetGram struct {
	Layers  [2]sgdlab.Shape
	scratch linalg.Scratch
}

// LogDetGramSettings are those of NewLogDetGram: none.
type LogDetGramSettings struct{}

// NewLogDetGram needs two layers with h ≥ d + k: below that the determinant is 0 for every θ.
func NewLogDetGram(_ LogDetGramSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	return newLogDetGram(s, "log-det-gram")
}

// newLogDetGram is for what reads the determinant, by its name.
func newLogDetGram(s *sgdlab.Site, name string) (*LogDetGram, error) {
	l, err := layerPair(s, name)
	if err != nil {
		return nil, err
	}
	if h, d, k := l[0].Rows, l[0].Cols, l[1].Rows; h < d+k {
		return nil, fmt.Errorf("the hidden width %d is below %d inputs + %d outputs, so that det ΘᵀΘ = 0 at every θ; use a width of at least %d", h, d, k, d+k)
	}
	return &LogDetGram{Layers: l}, nil
}

// layerPair returns W₁ and W₂ of a two-layer linear network.
func layerPair(s *sgdlab.Site, name string) (two [2]sgdlab.Shape, err error) {
	m, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err != nil {
		return two, err
	}
	if _, err := sgdlab.As[sgdlab.EndToEnd](s.Model); err != nil {
		return two, err
	}
	l := m.Layers()
	if len(l) != 2 {
		return two, fmt.Errorf("%s is of two layers [W₁ W₂ᵀ], and the model has %d; use widths [d, h, k]", name, len(l))
	}
	return [2]sgdlab.Shape{l[0], l[1]}, nil
}

// Columns is log-det-gram.
func (o *LogDetGram) Columns() []sgdlab.Column { return named("log-det-gram") }

// Observe is dst = ln det ΘᵀΘ.
func (o *LogDetGram) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	dst[0] = o.read(theta, ws)
}

func (o *LogDetGram) read(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	defer ws.Release(ws.Mark())
	return o.scratch.LogDetGram(joined(theta, o.Layers, ws))
}

// joined is Θ = [W₁ W₂ᵀ], shape (h, d+k).
func joined(theta lanes.Pack, layers [2]sgdlab.Shape, ws *lanes.Arena) lanes.View {
	w1, w2 := layer(theta, layers[0]), layer(theta, layers[1])
	h, d, k := w1.Rows, w1.Cols, w2.Rows
	t := lanes.ByRows(ws.Pack(h*(d+k)), h, d+k)
	for i := range h {
		for j := range d {
			*t.At(i, j) = *w1.At(i, j)
		}
		for j := range k {
			*t.At(i, d+j) = *w2.At(j, i)
		}
	}
	return t
}
