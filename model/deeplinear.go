package model

import (
	"fmt"
	"maps"
	"math"
	"sync/atomic"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// DeepLinear is the deep linear network
//
//	h(x) = W_L ⋯ W₁ x,  W_l of shape (w_l, w_{l−1}),
//	L(θ) = p Σᵢ ‖h(xᵢ) − yᵢ‖²,
//	∂L/∂W_l = (W_L ⋯ W_{l+1})ᵀ G (W_{l−1} ⋯ W₁)ᵀ,  G = 2pn (W_L ⋯ W₁ Σxx − Σyx),
//
// with θ = (W₁, …, W_L), each by rows, of shape (Σ w_l w_{l−1}); p is the prefactor of the loss, Σxx = XᵀX/n and Σyx =
// YᵀX/n the second moments of inputs X, shape (n, w₀), and targets Y, shape (n, w_L). L is in units of the targets
// squared.
//
// Loss and gradient over all rows are read off the second moments, at a price free of n, where there are more samples than
// inputs or Σxx = cI. Rows of a mini-batch pass through the layers, or the end-to-end map is formed first, whichever takes
// fewer operations.
//
// Its critical points are told apart by the modes that are learnt (start saddle); gradient flow conserves W_{l+1}ᵀW_{l+1}
// − W_lW_lᵀ (observable balancedness). At most 2²⁴ parameters.
//
// Source: Saxe, McClelland & Ganguli 2013; critical points after Baldi & Hornik 1989.
type DeepLinear struct {
	x       lanes.Mat // (n, w₀)
	widths  []int     // w₀ … w_L
	layers  []sgdlab.Shape
	dim     int
	mapFrom int // rows from which the end-to-end map is cheaper
	byMap   mapped
	whole   *chain                         // of the end-to-end map, from its short side
	kept    atomic.Pointer[map[int]*chain] // those of rows, by their number
	last    atomic.Pointer[chain]          // the one of them that was asked for last
}

// DeepLinearSettings are the settings of NewDeepLinear.
type DeepLinearSettings struct {
	Widths []int `doc:"widths w₀ … w_L of the layers of neurons: inputs first, outputs last; one more than there are weight matrices" check:">=1"`
	Loss   Loss  `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewDeepLinear builds the regression of a deep linear network on a set.
func NewDeepLinear(c DeepLinearSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("deep-linear needs data; give data, such as {name: teacher-student, …}")
	}
	if err := checkWidths(c.Widths, set); err != nil {
		return nil, err
	}
	return newLinearModel(newDeepLinear(set.X, c.Widths), set, c.Loss)
}

func newDeepLinear(x lanes.Mat, widths []int) *DeepLinear {
	m := &DeepLinear{x: x, widths: append([]int(nil), widths...)}
	m.byMap = mapped{x: x, of: m}
	for l := 1; l < len(widths); l++ {
		m.layers = append(m.layers, sgdlab.Shape{Offset: m.dim, Rows: widths[l], Cols: widths[l-1]})
		m.dim += widths[l] * widths[l-1]
	}
	depth := len(m.layers)
	d, k := widths[0], widths[depth]
	flip := k < d
	m.whole = m.newChain(flip, 0)
	// A row costs three products with every layer (forward, back, weights) but the first, which is not passed back; a map
	// costs as much for each of its short side, free at its first factor, and two products of the row with it.
	side, first := d, d*widths[1]
	if flip {
		side, first = k, k*widths[depth-1]
	}
	row, product := 3*m.dim-d*widths[1], 3*side*(m.dim-first)
	m.mapFrom = math.MaxInt
	if row > 2*d*k {
		m.mapFrom = product/(row-2*d*k) + 1
	}
	return m
}

// Inputs returns X.
func (m *DeepLinear) Inputs() *lanes.Mat { return &m.x }

func (m *DeepLinear) on(x lanes.Mat) network { return newDeepLinear(x, m.widths) }

// Dim returns the number of weights.
func (m *DeepLinear) Dim() int { return m.dim }

// Outputs returns w_L.
func (m *DeepLinear) Outputs() int { return m.widths[len(m.layers)] }

// Layers returns W₁ … W_L.
func (m *DeepLinear) Layers() []sgdlab.Shape { return append([]sgdlab.Shape(nil), m.layers...) }

// EffectiveShape returns (w_L, w₀).
func (m *DeepLinear) EffectiveShape() (outputs, inputs int) { return m.Outputs(), m.widths[0] }

// Effective is dst = W_L⋯W₁.
func (m *DeepLinear) Effective(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.Map(dst, theta, ws)
}

// chain is the product H_L = H₀ N₁ ⋯ N_L that a pack of weights stands for: N_l = W_lᵀ, or N_l = W_{L+1−l} from the output
// side. H₀ are rows of data, or I. Its matrix products are prepared: small networks would spend more on shapes than on numbers.
type chain struct {
	rows   int  // of every H_l
	onRows bool // H₀ are rows
	first  int  // the first H_l that a tape holds: H₁ is N₁ itself where H₀ is I
	size   int  // of a tape, which holds the H_l up to H_{L−1}
	links  []link
}

// link is what passes N_l, l from 1.
type link struct {
	weights  [2]int        // where N_l is in θ
	value    [2]int        // where H_l is in the tape
	forward  lanes.Product // H_l = H_{l−1}N_l
	gradient lanes.Product // ∂N_l = H_{l−1}ᵀD_l
	back     lanes.Product // D_{l−1} = D_lN_lᵀ
	shared   [2]lanes.View // of the first link on rows that all lanes share: N₁ and H₁
}

// newChain prepares the chain of the end-to-end map, from the input or from the output side, or that of a number of rows.
func (m *DeepLinear) newChain(flip bool, rows int) *chain {
	depth := len(m.layers)
	c := &chain{rows: rows, onRows: rows > 0, first: 2, links: make([]link, depth+1)}
	width := func(l int) int { // of H_l
		if flip {
			return m.widths[depth-l]
		}
		return m.widths[l]
	}
	if c.onRows {
		c.first = 1
	} else {
		c.rows = width(0)
	}
	byRows := func(rows, cols int) lanes.View {
		return lanes.View{Rows: rows, Cols: cols, RowStride: cols, ColStride: 1}
	}
	weights := func(l int) (v lanes.View, at [2]int) { // N_l
		shape := m.layers[l-1]
		if flip {
			shape = m.layers[depth-l]
		}
		if v = byRows(shape.Rows, shape.Cols); !flip {
			v = v.T()
		}
		return v, [2]int{shape.Offset, shape.Offset + shape.Rows*shape.Cols}
	}
	value := func(l int) lanes.View { // H_l, and D_l
		switch {
		case l == depth && !c.onRows && !flip:
			return byRows(width(l), c.rows).T()
		case l > 0 && l < c.first:
			v, _ := weights(l)
			return v
		}
		return byRows(c.rows, width(l))
	}
	for l := 1; l <= depth; l++ {
		k := &c.links[l]
		var n lanes.View
		n, k.weights = weights(l)
		if l >= c.first && l < depth {
			k.value = [2]int{c.size, c.size + c.rows*width(l)}
			c.size = k.value[1]
		}
		if l < c.first {
			continue
		}
		if l == 1 {
			k.shared = [2]lanes.View{n, value(1)}
		}
		k.forward = lanes.NewProduct(value(l), value(l-1), n)
		k.gradient = lanes.NewProduct(n, value(l-1).T(), value(l))
		k.back = lanes.NewProduct(value(l-1), value(l), n.T())
	}
	return c
}

// rowChain is the chain of a number of rows; those that were asked for are kept.
func (m *DeepLinear) rowChain(rows int) *chain {
	if c := m.last.Load(); c != nil && c.rows == rows {
		return c
	}
	known := m.kept.Load()
	if known != nil {
		if c := (*known)[rows]; c != nil {
			m.last.Store(c)
			return c
		}
	}
	c := m.newChain(false, rows)
	more := map[int]*chain{rows: c}
	if known != nil && len(*known) < 64 {
		maps.Copy(more, *known)
	}
	m.kept.Store(&more)
	return c
}

// depth is L.
func (c *chain) depth() int { return len(c.links) - 1 }

// factor is N_l of p.
func (c *chain) factor(p lanes.Pack, l int) lanes.Pack {
	at := &c.links[l].weights
	return p[at[0]:at[1]]
}

// at is H_l of the weights p in their tape, 1 ≤ l < L.
func (c *chain) at(p, tape lanes.Pack, l int) lanes.Pack {
	if l < c.first {
		return c.factor(p, l)
	}
	at := &c.links[l].value
	return tape[at[0]:at[1]]
}

// with is a view of a pack.
func with(v lanes.View, p lanes.Pack) lanes.View {
	v.P = p
	return v
}

// enter is H₁ = H₀N₁ of a chain on rows.
func (c *chain) enter(dst, weights lanes.Pack, front *chosen) {
	if k := &c.links[1]; front.own != nil {
		k.forward.Mul(dst, front.own, weights)
	} else {
		lanes.SharedMul(with(k.shared[1], dst), *front.all, with(k.shared[0], weights))
	}
}

// leave is ∂N₁ = H₀ᵀD₁ of a chain on rows.
func (c *chain) leave(dst, d lanes.Pack, front *chosen) {
	if k := &c.links[1]; front.own != nil {
		k.gradient.Mul(dst, front.own, d)
	} else {
		lanes.SharedMul(with(k.shared[0], dst), front.all.T(), with(k.shared[1], d))
	}
}

// forward fills the tape of θ, and out = H_L unless it is nil.
func (c *chain) forward(tape, out, theta lanes.Pack, front *chosen, idle lanes.Mask) {
	depth := c.depth()
	for l := c.first; l <= depth; l++ {
		dst := out
		if l < depth {
			dst = c.at(theta, tape, l)
		} else if out == nil {
			return
		}
		if l == 1 {
			c.enter(dst, c.factor(theta, l), front)
		} else {
			c.links[l].forward.MulFor(idle, dst, c.at(theta, tape, l-1), c.factor(theta, l))
		}
	}
	if depth < c.first && out != nil {
		lanes.Copy(out, c.factor(theta, 1))
	}
}

// forwardAlong fills the derivative of the tape of θ along v, and that of H_L into out unless it is nil.
func (c *chain) forwardAlong(tangent, out, theta, v, tape lanes.Pack, front *chosen, idle lanes.Mask) {
	depth := c.depth()
	for l := c.first; l <= depth; l++ {
		dst := out
		if l < depth {
			dst = c.at(v, tangent, l)
		} else if out == nil {
			return
		}
		if l == 1 {
			c.enter(dst, c.factor(v, l), front)
		} else {
			k := &c.links[l].forward
			k.MulFor(idle, dst, c.at(theta, tape, l-1), c.factor(v, l))
			k.MulAddFor(idle, dst, c.at(v, tangent, l-1), c.factor(theta, l))
		}
	}
	if depth < c.first && out != nil {
		lanes.Copy(out, c.factor(v, 1))
	}
}

// below is where D_{l−1} goes on the way back, l > 1: ∂N₁ itself where H₀ is I, else scratch.
func (c *chain) below(dst lanes.Pack, l int, ws *lanes.Arena) lanes.Pack {
	if l == c.first {
		return c.factor(dst, l-1)
	}
	at := &c.links[l-1].value
	return ws.Pack(at[1] - at[0])
}

// backward is dst = ∂⟨D, H_L⟩/∂θ, by D_{l−1} = D_l N_lᵀ and ∂N_l = H_{l−1}ᵀD_l.
func (c *chain) backward(dst, theta, tape, d lanes.Pack, front *chosen, ws *lanes.Arena) {
	depth := c.depth()
	for l := depth; l >= c.first; l-- {
		k, to := &c.links[l], c.factor(dst, l)
		if l == 1 {
			c.leave(to, d, front)
			return
		}
		k.gradient.MulFor(ws.Idle, to, c.at(theta, tape, l-1), d)
		below := c.below(dst, l, ws)
		k.back.MulFor(ws.Idle, below, d, c.factor(theta, l))
		d = below
	}
	if depth < c.first {
		lanes.Copy(c.factor(dst, 1), d)
	}
}

// backwardAlong is the derivative of backward along v, where D moves along e: not at all where e is nil.
func (c *chain) backwardAlong(dst, theta, v, tape, tangent, d, e lanes.Pack, front *chosen, ws *lanes.Arena) {
	depth := c.depth()
	for l := depth; l >= c.first && l > 1; l-- {
		k, to := &c.links[l], c.factor(dst, l)
		k.gradient.MulFor(ws.Idle, to, c.at(v, tangent, l-1), d)
		bend := c.below(dst, l, ws)
		k.back.MulFor(ws.Idle, bend, d, c.factor(v, l))
		if e != nil {
			k.gradient.MulAddFor(ws.Idle, to, c.at(theta, tape, l-1), e)
			k.back.MulAddFor(ws.Idle, bend, e, c.factor(theta, l))
		}
		if l > c.first {
			below := c.below(dst, l, ws)
			k.back.MulFor(ws.Idle, below, d, c.factor(theta, l))
			d = below
		}
		e = bend
	}
	switch to := c.factor(dst, 1); {
	case !c.onRows && depth > 1: // there already
	case e == nil: // one layer, which is linear in θ
		lanes.Zero(to)
	case c.onRows:
		c.leave(to, e, front)
	default:
		lanes.Copy(to, e)
	}
}

// filled returns the tape, computed anew where it is nil.
func (c *chain) filled(theta, tape lanes.Pack, front *chosen, ws *lanes.Arena) lanes.Pack {
	if tape == nil {
		tape = ws.Pack(c.size)
		c.forward(tape, nil, theta, front, ws.Idle)
	}
	return tape
}

// Map is w = W_L⋯W₁; see sgdlab.Mapped.
func (m *DeepLinear) Map(w, theta lanes.Pack, ws *lanes.Arena) (tape lanes.Pack) {
	tape = ws.Pack(m.whole.size)
	m.whole.forward(tape, w, theta, nil, ws.Idle)
	return tape
}

// PullMap is dst = Σ Gᵢⱼ∇Wᵢⱼ(θ).
func (m *DeepLinear) PullMap(dst, theta, g, tape lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	m.whole.backward(dst, theta, m.whole.filled(theta, tape, nil, ws), g, nil, ws)
	ws.Release(mark)
}

// PushMap is dst = DW(θ)v.
func (m *DeepLinear) PushMap(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.push(dst, theta, v, tape, ws)
}

func (m *DeepLinear) push(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) (tangent lanes.Pack) {
	tape, tangent = m.whole.filled(theta, tape, nil, ws), ws.Pack(m.whole.size)
	m.whole.forwardAlong(tangent, dst, theta, v, tape, nil, ws.Idle)
	return tangent
}

func (m *DeepLinear) pullAlong(dst, theta, v, g, e, tape, tangent lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	tape = m.whole.filled(theta, tape, nil, ws)
	if tangent == nil {
		tangent = ws.Pack(m.whole.size)
		m.whole.forwardAlong(tangent, nil, theta, v, tape, nil, ws.Idle)
	}
	m.whole.backwardAlong(dst, theta, v, tape, tangent, g, e, nil, ws)
}

// throughMap reports that so many rows go through the end-to-end map, as in every linear network; fewer pass the layers.
func (m *DeepLinear) throughMap(rows sgdlab.Rows) bool { return rows.Len() >= m.mapFrom }

// rowwise is the chain of the rows chosen, with the rows and its tape. That of Predict begins with the gathered rows.
func (m *DeepLinear) rowwise(theta lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) (c *chain, front chosen, inner lanes.Pack) {
	front = choose(&m.x, rows, tape, ws)
	c = m.rowChain(rows.Len())
	if tape != nil {
		return c, front, tape[len(front.own):]
	}
	return c, front, c.filled(theta, nil, &front, ws)
}

// Predict is h = W_L⋯W₁x over the rows.
func (m *DeepLinear) Predict(h, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	if m.throughMap(rows) {
		return m.byMap.Predict(h, theta, rows, ws)
	}
	c, front, own := m.rowChain(rows.Len()), chosen{all: &m.x}, len(rows.Index)*m.widths[0]
	tape := ws.Pack(own + c.size)
	if rows.Index != nil {
		front.own = gathered(tape[:own], &m.x, rows)
	}
	c.forward(tape[own:], h, theta, &front, ws.Idle)
	return tape
}

// Pullback is dst = Σ cᵢ∇hᵢ(θ).
func (m *DeepLinear) Pullback(dst, theta, c lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) {
	if m.throughMap(rows) {
		m.byMap.Pullback(dst, theta, c, rows, tape, ws)
		return
	}
	mark := ws.Mark()
	k, front, inner := m.rowwise(theta, rows, tape, ws)
	k.backward(dst, theta, inner, c, &front, ws)
	ws.Release(mark)
}

// Push is dst = Jv.
func (m *DeepLinear) Push(dst, theta, v lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	if m.throughMap(rows) {
		m.byMap.Push(dst, theta, v, rows, ws)
		return
	}
	defer ws.Release(ws.Mark())
	k, front, tape := m.rowwise(theta, rows, nil, ws)
	k.forwardAlong(ws.Pack(k.size), dst, theta, v, tape, &front, ws.Idle)
}

// PullbackAlong is dst = Σ cᵢ∇²hᵢ(θ)v.
func (m *DeepLinear) PullbackAlong(dst, theta, v, c lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	if m.throughMap(rows) {
		m.byMap.PullbackAlong(dst, theta, v, c, rows, ws)
		return
	}
	defer ws.Release(ws.Mark())
	k, front, tape := m.rowwise(theta, rows, nil, ws)
	tangent := ws.Pack(k.size)
	k.forwardAlong(tangent, nil, theta, v, tape, &front, ws.Idle)
	k.backwardAlong(dst, theta, v, tape, tangent, c, nil, &front, ws)
}

func (m *DeepLinear) modes(d *data.Moments) []float64 { return append([]float64(nil), d.S...) }

// critical follows Baldi & Hornik 1989: W is the empirical map projected on the output side of the modes.
func (m *DeepLinear) critical(d *data.Moments, modes []int) ([]float64, float64, error) {
	if len(m.layers) == 1 && len(modes) < len(d.S) {
		return nil, 0, fmt.Errorf("a network of one layer has no saddles: its only critical point has all %d modes; use at least two layers", len(d.S))
	}
	theta, err := m.placed(d, modes, d.S)
	if err != nil {
		return nil, 0, err
	}
	left := make([]bool, len(d.S))
	for _, j := range modes {
		left[j-1] = true
	}
	excess := 0.0
	for j, s := range d.S {
		if !left[j] {
			excess = math.FMA(float64(d.Spread*s), s, excess)
		}
	}
	return theta, excess, nil
}

func (m *DeepLinear) balanced(d *data.Moments, modes []int, strength float64) ([]float64, error) {
	s := make([]float64, len(d.S))
	for j := range s {
		s[j] = strength
	}
	return m.placed(d, modes, s)
}

// placed returns balanced layers whose product is Σ s_m u_m v_mᵀ over the modes: W_l = R_l diag(q^{1/L}) R_{l−1}ᵀ from the
// singular value decomposition R_L diag(q) R₀ᵀ of the product, the inner R_l along the first axes.
func (m *DeepLinear) placed(d *data.Moments, modes []int, s []float64) ([]float64, error) {
	narrow, depth := m.widths[0], len(m.layers)
	for _, w := range m.widths {
		narrow = min(narrow, w)
	}
	if len(modes) > narrow {
		return nil, fmt.Errorf("%d modes do not fit through the narrowest layer of widths %v; learn at most %d, or widen it", len(modes), m.widths, narrow)
	}
	w := lanes.NewMat(d.U.Rows, d.V.Rows)
	for i := range w.Rows {
		for j := range w.Cols {
			sum := 0.0
			for _, k := range modes {
				sum = math.FMA(float64(d.U.At(i, k-1)*s[k-1]), d.V.At(j, k-1), sum)
			}
			w.Set(i, j, sum)
		}
	}
	theta := make([]float64, m.dim)
	if depth == 1 {
		copy(theta, w.Data)
		return theta, nil
	}
	left, q, right := data.SVD(w)
	rank := min(len(q), len(modes)) // what rounding adds is not a mode
	for l, shape := range m.layers {
		for a := range rank {
			f := root(q[a], depth)
			switch l {
			case 0:
				for j := range shape.Cols {
					theta[shape.Offset+a*shape.Cols+j] = f * right.At(j, a)
				}
			case depth - 1:
				for i := range shape.Rows {
					theta[shape.Offset+i*shape.Cols+a] = f * left.At(i, a)
				}
			default:
				theta[shape.Offset+a*shape.Cols+a] = f
			}
		}
	}
	return theta, nil
}

func (m *DeepLinear) unbalance(theta []float64, modes int, imbalance, idle float64) error {
	depth := len(m.layers)
	for l, f := range steps(imbalance, depth) {
		w := m.layers[l]
		for i := range w.Rows * w.Cols {
			theta[w.Offset+i] *= f
		}
	}
	if idle == 0 {
		return nil
	}
	if depth < 3 {
		return fmt.Errorf("idle is %g, but a network of %d layers has no weights between hidden units; use at least three layers, or leave out idle", idle, depth)
	}
	free := math.MaxInt
	for l := 1; l < depth; l++ {
		free = min(free, m.widths[l]-modes)
	}
	if free < 1 {
		return fmt.Errorf("idle is %g, but a hidden layer of widths %v has no unit that carries none of the %d modes; widen it, or learn fewer", idle, m.widths, modes)
	}
	for l := 1; l < depth-1; l++ {
		w := m.layers[l]
		for a := modes; a < modes+free; a++ {
			theta[w.Offset+a*w.Cols+a] = idle
		}
	}
	return nil
}
