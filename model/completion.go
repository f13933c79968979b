package model

import (
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/rng"
)

// Completion is matrix completion by a deep linear network,
//
//	L(θ) = ½ Σ_{(i,j) seen} (W − M)ᵢⱼ²,  W = W_L ⋯ W₁,
//	∂L/∂W_l = (W_L ⋯ W_{l+1})ᵀ G (W_{l−1} ⋯ W₁)ᵀ,  G = W − M where it is seen, 0 elsewhere,
//
// with θ = (W₁, …, W_L), each by rows, W_l of shape (w_l, w_{l−1}), and M of shape (w_L, w₀). L is in units of M squared. What has been
// learnt of the rest is in the observable teacher-distance: its square is 2L and the square of the distance on the entries not seen.
//
// From balanced layers gradient flow moves the singular values of W by σ̇ᵣ = −Lσᵣ^(2−2/L)⟨G, uᵣvᵣᵀ⟩, so that with depth the large ones
// run ahead of the small. With one layer the entries not seen stay where they start.
//
// Source: Arora, Cohen, Hu & Luo 2019.
type Completion struct {
	net    *DeepLinear
	target []float64
	seen   []int // which entries, in order
}

// CompletionSettings are the settings of NewCompletion.
type CompletionSettings struct {
	Widths   []int   `doc:"widths w₀ … w_L of the layers of neurons: columns of the matrix first, its rows last; one more than there are weight matrices" check:">=1"`
	Observed float64 `doc:"the fraction of the entries that are seen, rounded to whole entries" check:">0 <=1"`
	MaskSeed uint64  `doc:"seed of which they are: each set of so many is as likely" default:"0"`
}

// NewCompletion builds the completion of a target-matrix.
func NewCompletion(c CompletionSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil || !set.SumHalf {
		return nil, fmt.Errorf("completion is of a matrix; give data: {name: target-matrix, …}")
	}
	if !(c.Observed > 0 && c.Observed <= 1) {
		return nil, fmt.Errorf("observed is %g; want a fraction above 0, and at most 1", c.Observed)
	}
	whole, err := NewDeepLinear(DeepLinearSettings{Widths: c.Widths}, set)
	if err != nil {
		return nil, err
	}
	net := newDeepLinear(whole.(*Linear).lin.(*DeepLinear).x, c.Widths)
	k, d := net.EffectiveShape()
	m := &Completion{net: net}
	for i := range k {
		for j := range d {
			m.target = append(m.target, set.Y.At(j, i))
		}
	}
	count := int(math.Round(c.Observed * float64(k*d)))
	if count == 0 {
		return nil, fmt.Errorf("observed is %g, which is none of %d entries; give at least %.3g", c.Observed, k*d, 1/float64(k*d))
	}
	z, at, order := make(lanes.Pack, k*d), &rng.Lanes{}, make([]int, k*d)
	for l := range at.Seed {
		at.Seed[l] = c.MaskSeed
	}
	rng.New("model/completion").Normals(z, at)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case z[a][0] < z[b][0]:
			return -1
		case z[a][0] > z[b][0]:
			return 1
		}
		return 0
	})
	m.seen = order[:count]
	slices.Sort(m.seen)
	return m, nil
}

// Dim returns the number of weights.
func (m *Completion) Dim() int { return m.net.Dim() }

// Layers returns W₁ … W_L.
func (m *Completion) Layers() []sgdlab.Shape { return m.net.Layers() }

// EffectiveShape returns the shape of M.
func (m *Completion) EffectiveShape() (outputs, inputs int) { return m.net.EffectiveShape() }

// Effective is dst = W_L⋯W₁.
func (m *Completion) Effective(dst, theta lanes.Pack, ws *lanes.Arena) {
	m.net.Effective(dst, theta, ws)
}

// Seen returns which entries of the matrix are seen, by rows.
func (m *Completion) Seen() []int { return append([]int(nil), m.seen...) }

// slope is G = ∂L/∂W, over W.
func (m *Completion) slope(w lanes.Pack, ws *lanes.Arena) lanes.Pack {
	for _, i := range m.seen {
		for l := range w[i] {
			w[i][l] -= m.target[i]
		}
	}
	return m.metric(w, ws)
}

// slopes is the jet of G over that of W.
func (m *Completion) slopes(w jet, ws *lanes.Arena) jet {
	w[0] = m.slope(w[0], ws)
	for _, part := range w[1:] {
		m.metric(part, ws)
	}
	return w
}

// metric is E where it is seen, and 0 elsewhere.
func (m *Completion) metric(e lanes.Pack, _ *lanes.Arena) lanes.Pack {
	next := 0
	for i := range e {
		if next < len(m.seen) && m.seen[next] == i {
			next++
		} else {
			e[i] = lanes.Vec{}
		}
	}
	return e
}

// gap is G at θ, and the tape of W.
func (m *Completion) gap(theta lanes.Pack, ws *lanes.Arena) (g, tape lanes.Pack) {
	g = ws.Pack(len(m.target))
	tape = m.net.Map(g, theta, ws)
	return m.slope(g, ws), tape
}

// Loss returns L(θ) in each lane.
func (m *Completion) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	defer ws.Release(ws.Mark())
	g, _ := m.gap(theta, ws)
	s := lanes.Dot(g, g)
	for l := range s {
		s[l] /= 2
	}
	return s
}

// Grad is dst = ∇L(θ).
func (m *Completion) Grad(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	g, tape := m.gap(theta, ws)
	m.net.PullMap(dst, theta, g, tape, ws)
}

// HessVec is dst = ∇²L(θ)v.
func (m *Completion) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	g, tape := m.gap(theta, ws)
	e := ws.Pack(len(m.target))
	tangent := m.net.push(e, theta, v, tape, ws)
	m.net.pullAlong(dst, theta, v, g, m.metric(e, ws), tape, tangent, ws)
}

// ThirdVec is dst = D³L(θ)[u, v].
func (m *Completion) ThirdVec(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	thirdVec(dst, theta, u, v, m.net, m, ws)
}
