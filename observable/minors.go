package observable

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Minors are the logarithms of principal minors of ΘᵀΘ of a two-layer linear network, Θ = [W₁ W₂ᵀ] of shape (h, d+k),
//
//	ln det (ΘᵀΘ)_SS = ln det Θ_SᵀΘ_S,  S a set of columns of Θ:
//
// the Gram determinants of some of its columns, of which 1 … d are those of W₁ and d+1 … d+k the rows of W₂. S = {1, …, d} is det W₁ᵀW₁, the
// set of all columns is log-det-gram. A step Θ(I + A) mixes the columns of S with the others, so that the law of a minor is not in
// terms of itself: under label noise only that of the whole is the same at every θ and free of the noise at leading order. −∞ where the
// columns have lost rank. They are added up from a QR decomposition each, so that determinants may underflow.
//
// Source: after Varre, Sagitova & Flammarion 2024.
type Minors struct {
	Layers  [2]sgdlab.Shape
	Sets    [][]int // from 0
	scratch linalg.Scratch
}

// MinorsSettings are those of NewMinors.
type MinorsSettings struct {
	Sets [][]int `optional:"true" check:">=1" doc:"sets of columns of Θ, such as [[1, 2], [1, 2, 3]]; 1 is the first input, d + 1 the first output"`
	Size int     `optional:"true" check:">=1" doc:"all minors of this size"`
}

const mostMinors = 1023

// NewMinors builds all minors that h does not make 0, those of one size, or those of the sets; at most 1023. It needs two layers.
func NewMinors(c MinorsSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	l, err := layerPair(s, "minors")
	if err != nil {
		return nil, err
	}
	o := &Minors{Layers: l}
	h, all := l[0].Rows, l[0].Cols+l[1].Rows
	switch {
	case len(c.Sets) > 0 && c.Size != 0:
		return nil, fmt.Errorf("got sets and size; give one of them")
	case c.Size > min(h, all):
		return nil, fmt.Errorf("size is %d, and Θ of shape (%d, %d) has minors that are not 0 up to %d", c.Size, h, all, min(h, all))
	case len(c.Sets) > 0:
		if o.Sets, err = setsOf(c.Sets, h, all); err != nil {
			return nil, err
		}
	default:
		if o.Sets, err = subsets(all, c.Size, h); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// setsOf checks sets of columns, and counts them from 0.
func setsOf(sets [][]int, h, all int) (out [][]int, err error) {
	for _, set := range sets {
		from0 := slices.Clone(set)
		slices.Sort(from0)
		for i := range from0 {
			from0[i]--
		}
		switch distinct := slices.Compact(slices.Clone(from0)); {
		case len(set) == 0 || from0[0] < 0 || from0[len(set)-1] >= all:
			return nil, fmt.Errorf("the set %v has a column that is not there; Θ has the columns 1 to %d", set, all)
		case len(distinct) < len(set):
			return nil, fmt.Errorf("the set %v has a column twice; its minor is 0 at every θ", set)
		case len(set) > h:
			return nil, fmt.Errorf("the set %v has more columns than the %d rows of Θ, so that its minor is 0 at every θ", set, h)
		case slices.ContainsFunc(out, func(s []int) bool { return slices.Equal(s, from0) }):
			return nil, fmt.Errorf("the set %v is there twice; give each once", set)
		}
		out = append(out, from0)
	}
	return out, nil
}

// subsets are those of n columns of one size, or of any up to h where size is 0: small ones first, then in order.
func subsets(n, size, h int) (out [][]int, err error) {
	if n > 30 {
		return nil, fmt.Errorf("there are %d columns of Θ; give the sets of those that are meant", n)
	}
	for m := uint(1); m < 1<<n; m++ {
		if k := bits.OnesCount(m); size == 0 && k <= h || k == size {
			if len(out) == mostMinors {
				return nil, fmt.Errorf("there are %d columns of Θ, and these are more than %d minors; give sets, or another size", n, mostMinors)
			}
			var set []int
			for j := range n {
				if m>>j&1 != 0 {
					set = append(set, j)
				}
			}
			out = append(out, set)
		}
	}
	slices.SortFunc(out, func(a, b []int) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return slices.Compare(a, b)
	})
	return out, nil
}

// Columns is minor[1], …, minor[1,2], …
func (o *Minors) Columns() []sgdlab.Column {
	c := make([]sgdlab.Column, len(o.Sets))
	for i, set := range o.Sets {
		words := make([]string, len(set))
		for j, x := range set {
			words[j] = strconv.Itoa(x + 1)
		}
		c[i].Name = "minor[" + strings.Join(words, ",") + "]"
	}
	return c
}

// Observe is dst = the logarithms.
func (o *Minors) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	t := joined(theta, o.Layers, ws)
	part := ws.Pack(t.Rows * min(t.Rows, t.Cols))
	for s, set := range o.Sets {
		p := lanes.ByRows(part[:t.Rows*len(set)], t.Rows, len(set))
		for i := range t.Rows {
			for j, from := range set {
				*p.At(i, j) = *t.At(i, from)
			}
		}
		dst[s] = o.scratch.LogDetGram(p)
	}
}

// ParameterRank is the spectrum of the parameters of a two-layer linear network, Θ = [W₁ W₂ᵀ] of shape (h, d+k), and its rank at a tolerance,
//
//	#{σᵢ : σᵢ > max(relative·σ₁, absolute)},
//
// σᵢ the singular values of Θ, in units of θ. Gradient flow keeps the rank; label noise makes small σᵢ collapse, until what is left is the
// rank of the end-to-end map (observable rank) or little more. It takes one singular value decomposition.
//
// Source: Varre, Sagitova & Flammarion 2024.
type ParameterRank struct {
	RankSettings
	Layers  [2]sgdlab.Shape
	scratch linalg.Scratch
}

// NewParameterRank needs two layers.
func NewParameterRank(c RankSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	l, err := layerPair(s, "parameter-rank")
	if err != nil {
		return nil, err
	}
	return &ParameterRank{RankSettings: c, Layers: l}, nil
}

func (o *ParameterRank) count() int {
	return min(o.Layers[0].Rows, o.Layers[0].Cols+o.Layers[1].Rows)
}

// Columns is parameter-rank, and parameter-singular-value[1], …
func (o *ParameterRank) Columns() []sgdlab.Column {
	return append(named("parameter-rank"), numbered("parameter-singular-value", o.count())...)
}

// Observe is dst = the rank and the singular values, largest first.
func (o *ParameterRank) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	o.scratch.Singular(dst[1:], lanes.View{}, lanes.View{}, joined(theta, o.Layers, ws), o.count())
	dst[0] = o.above(dst[1:])
}
