package model

import (
	"fmt"
	"math"

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
	flip    bool // the end-to-end map is cheaper to form from the output side
	mapFrom int  // rows from which the end-to-end map is cheaper
	byMap   mapped
}

// DeepLinearSettings are the settings of NewDeepLinear.
type DeepLinearSettings struct {
	Widths []int `doc:"widths w₀ … w_L of the layers of neurons: inputs first, outputs last; one more than there are weight matrices" check:">=1"`
	Loss   Loss  `doc:"prefactor of the square loss: mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewDeepLinear builds the regression of a deep linear network on a set.
func NewDeepLinear(c DeepLinearSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("deep-linear needs data; give data, such as {name: teacher-student, …}")
	}
	d, k := set.Inputs(), set.Outputs()
	if len(c.Widths) < 2 {
		return nil, fmt.Errorf("widths %v have no weight matrix between them; give at least [%d, %d]", c.Widths, d, k)
	}
	entries := 0.0
	for i, w := range c.Widths {
		if w < 1 {
			return nil, fmt.Errorf("widths %v hold %d; every width is at least 1", c.Widths, w)
		}
		if i > 0 {
			entries += float64(c.Widths[i-1]) * float64(w)
		}
	}
	if first := c.Widths[0]; first != d {
		return nil, fmt.Errorf("widths %v begin with %d, but the data has %d inputs; begin with %d", c.Widths, first, d, d)
	}
	if last := c.Widths[len(c.Widths)-1]; last != k {
		return nil, fmt.Errorf("widths %v end with %d, but the data has %d outputs; end with %d", c.Widths, last, k, k)
	}
	if entries > 1<<24 {
		return nil, fmt.Errorf("widths %v make %.3g parameters, more than %d; use smaller widths", c.Widths, entries, 1<<24)
	}
	return newLinear(newDeepLinear(set.X, c.Widths), set, c.Loss)
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
	m.flip = k < d
	// A row costs three products with every layer (forward, back, weights) but the first, which is not passed back; a map
	// costs as much for each of its short side, free at its first factor, and two products of the row with it.
	side, first := d, d*widths[1]
	if m.flip {
		side, first = k, k*widths[depth-1]
	}
	row, product := 3*m.dim-d*widths[1], 3*side*(m.dim-first)
	m.mapFrom = math.MaxInt
	if row > 2*d*k {
		m.mapFrom = product/(row-2*d*k) + 1
	}
	return m
}

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
// side. H₀ are rows of data, or I.
type chain struct {
	*DeepLinear
	flip   bool
	onRows bool
	front  chosen // H₀, where the chain is on rows
	rows   int    // of every H_l
}

// factor is N_l of p, l from 1.
func (c *chain) factor(p lanes.Pack, l int) lanes.View {
	if c.flip {
		s := &c.layers[len(c.layers)-l]
		return lanes.View{P: p[s.Offset : s.Offset+s.Rows*s.Cols], Rows: s.Rows, Cols: s.Cols, RowStride: s.Cols, ColStride: 1}
	}
	s := &c.layers[l-1]
	return lanes.View{P: p[s.Offset : s.Offset+s.Rows*s.Cols], Rows: s.Cols, Cols: s.Rows, RowStride: 1, ColStride: s.Cols}
}

// width is the number of columns of H_l.
func (c *chain) width(l int) int {
	if c.flip {
		return c.widths[len(c.layers)-l]
	}
	return c.widths[l]
}

// first is the first H_l that a tape holds: H₁ is N₁ itself where H₀ is I.
func (c *chain) first() int {
	if c.onRows {
		return 1
	}
	return 2
}

// size is the length of a tape, which holds the H_l up to H_{L−1}.
func (c *chain) size() int {
	sum := 0
	for l := c.first(); l < len(c.layers); l++ {
		sum += c.width(l)
	}
	return c.rows * sum
}

// at is H_l of the weights p in their tape, 1 ≤ l < L.
func (c *chain) at(p, tape lanes.Pack, l int) lanes.View {
	if l < c.first() {
		return c.factor(p, l)
	}
	from := 0
	for i := c.first(); i < l; i++ {
		from += c.width(i)
	}
	from *= c.rows
	w := c.width(l)
	return lanes.View{P: tape[from : from+c.rows*w], Rows: c.rows, Cols: w, RowStride: w, ColStride: 1}
}

// forward fills the tape of θ, and out = H_L unless it is empty.
func (c *chain) forward(tape lanes.Pack, out lanes.View, theta lanes.Pack) {
	depth := len(c.layers)
	for l := c.first(); l <= depth; l++ {
		dst := out
		if l < depth {
			dst = c.at(theta, tape, l)
		} else if out.P == nil {
			return
		}
		if l == 1 {
			c.front.mul(dst, c.factor(theta, l))
		} else {
			lanes.MatMul(dst, c.at(theta, tape, l-1), c.factor(theta, l))
		}
	}
	if depth < c.first() && out.P != nil {
		copyView(out, c.factor(theta, 1))
	}
}

// forwardAlong fills the derivative of the tape of θ along v, and that of H_L into out unless it is empty.
func (c *chain) forwardAlong(tangent lanes.Pack, out lanes.View, theta, v, tape lanes.Pack) {
	depth := len(c.layers)
	for l := c.first(); l <= depth; l++ {
		dst := out
		if l < depth {
			dst = c.at(v, tangent, l)
		} else if out.P == nil {
			return
		}
		if l == 1 {
			c.front.mul(dst, c.factor(v, l))
		} else {
			lanes.MatMul(dst, c.at(theta, tape, l-1), c.factor(v, l))
			lanes.MatMulAdd(dst, c.at(v, tangent, l-1), c.factor(theta, l))
		}
	}
	if depth < c.first() && out.P != nil {
		copyView(out, c.factor(v, 1))
	}
}

// below is where D_{l−1} goes on the way back, l > 1: ∂N₁ itself where H₀ is I, else scratch.
func (c *chain) below(dst lanes.Pack, l int, ws *lanes.Arena) lanes.View {
	if l == c.first() {
		return c.factor(dst, l-1)
	}
	w := c.width(l - 1)
	return lanes.View{P: ws.Pack(c.rows * w), Rows: c.rows, Cols: w, RowStride: w, ColStride: 1}
}

// backward is dst = ∂⟨D, H_L⟩/∂θ, by D_{l−1} = D_l N_lᵀ and ∂N_l = H_{l−1}ᵀD_l.
func (c *chain) backward(dst, theta, tape lanes.Pack, d lanes.View, ws *lanes.Arena) {
	depth := len(c.layers)
	for l := depth; l >= c.first(); l-- {
		to := c.factor(dst, l)
		if l == 1 {
			c.front.mulT(to, d)
			return
		}
		lanes.MatMul(to, c.at(theta, tape, l-1).T(), d)
		below := c.below(dst, l, ws)
		lanes.MatMul(below, d, c.factor(theta, l).T())
		d = below
	}
	if depth < c.first() {
		copyView(c.factor(dst, 1), d)
	}
}

// backwardAlong is the derivative of backward along v, where D moves along e: not at all where e is empty.
func (c *chain) backwardAlong(dst, theta, v, tape, tangent lanes.Pack, d, e lanes.View, ws *lanes.Arena) {
	depth := len(c.layers)
	for l := depth; l >= c.first() && l > 1; l-- {
		to := c.factor(dst, l)
		lanes.MatMul(to, c.at(v, tangent, l-1).T(), d)
		bend := c.below(dst, l, ws)
		lanes.MatMul(bend, d, c.factor(v, l).T())
		if e.P != nil {
			lanes.MatMulAdd(to, c.at(theta, tape, l-1).T(), e)
			lanes.MatMulAdd(bend, e, c.factor(theta, l).T())
		}
		if l > c.first() {
			below := c.below(dst, l, ws)
			lanes.MatMul(below, d, c.factor(theta, l).T())
			d = below
		}
		e = bend
	}
	switch to := c.factor(dst, 1); {
	case !c.onRows && depth > 1: // there already
	case e.P == nil: // one layer, which is linear in θ
		lanes.Zero(to.P)
	case c.onRows:
		c.front.mulT(to, e)
	default:
		copyView(to, e)
	}
}

func copyView(dst, src lanes.View) {
	for i := range dst.Rows {
		for j := range dst.Cols {
			*dst.At(i, j) = *src.At(i, j)
		}
	}
}

// product is the chain of the end-to-end map, from its short side.
func (m *DeepLinear) product() chain {
	rows := m.widths[0]
	if m.flip {
		rows = m.Outputs()
	}
	return chain{DeepLinear: m, flip: m.flip, rows: rows}
}

// end reads a pack of shape (k, d), by rows, as H_L of the product.
func (m *DeepLinear) end(w lanes.Pack) lanes.View {
	v := lanes.ByRows(w, m.Outputs(), m.widths[0])
	if m.flip {
		return v
	}
	return v.T()
}

// tape returns the tape, computed anew where it is nil.
func (c *chain) tape(theta, tape lanes.Pack, ws *lanes.Arena) lanes.Pack {
	if tape == nil {
		tape = ws.Pack(c.size())
		c.forward(tape, lanes.View{}, theta)
	}
	return tape
}

// Map is w = W_L⋯W₁; see sgdlab.Mapped.
func (m *DeepLinear) Map(w, theta lanes.Pack, ws *lanes.Arena) (tape lanes.Pack) {
	c := m.product()
	tape = ws.Pack(c.size())
	c.forward(tape, m.end(w), theta)
	return tape
}

// PullMap is dst = Σ Gᵢⱼ∇Wᵢⱼ(θ).
func (m *DeepLinear) PullMap(dst, theta, g, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	c := m.product()
	c.backward(dst, theta, c.tape(theta, tape, ws), m.end(g), ws)
}

// PushMap is dst = DW(θ)v.
func (m *DeepLinear) PushMap(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.push(dst, theta, v, tape, ws)
}

func (m *DeepLinear) push(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) (tangent lanes.Pack) {
	c := m.product()
	tape, tangent = c.tape(theta, tape, ws), ws.Pack(c.size())
	c.forwardAlong(tangent, m.end(dst), theta, v, tape)
	return tangent
}

func (m *DeepLinear) pullAlong(dst, theta, v, g, e, tape, tangent lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	c := m.product()
	tape = c.tape(theta, tape, ws)
	if tangent == nil {
		tangent = ws.Pack(c.size())
		c.forwardAlong(tangent, lanes.View{}, theta, v, tape)
	}
	var move lanes.View
	if e != nil {
		move = m.end(e)
	}
	c.backwardAlong(dst, theta, v, tape, tangent, m.end(g), move, ws)
}

// throughMap reports that so many rows go through the end-to-end map, as in every linear network; fewer pass the layers.
func (m *DeepLinear) throughMap(rows sgdlab.Rows) bool { return rows.Len() >= m.mapFrom }

// rowwise is the chain of the rows chosen, with its tape. That of Predict begins with the gathered rows.
func (m *DeepLinear) rowwise(theta lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) (c chain, inner lanes.Pack) {
	front, own := choose(m.x, rows, tape, ws)
	c = chain{DeepLinear: m, onRows: true, front: front, rows: rows.Len()}
	if tape != nil {
		return c, tape[len(own):]
	}
	return c, c.tape(theta, nil, ws)
}

// Predict is h = W_L⋯W₁x over the rows.
func (m *DeepLinear) Predict(h, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	if m.throughMap(rows) {
		return m.byMap.Predict(h, theta, rows, ws)
	}
	c := chain{DeepLinear: m, onRows: true, front: chosen{all: m.x}, rows: rows.Len()}
	own := 0
	if rows.Index != nil {
		own = c.rows * m.widths[0]
	}
	tape := ws.Pack(own + c.size())
	if rows.Index != nil {
		c.front.own = lanes.ByRows(tape[:own], c.rows, m.widths[0])
		lanes.Gather(c.front.own, m.x, rows.Index)
	}
	c.forward(tape[own:], lanes.ByRows(h, c.rows, m.Outputs()), theta)
	return tape
}

// Pullback is dst = Σ cᵢ∇hᵢ(θ).
func (m *DeepLinear) Pullback(dst, theta, c lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) {
	if m.throughMap(rows) {
		m.byMap.Pullback(dst, theta, c, rows, tape, ws)
		return
	}
	defer ws.Release(ws.Mark())
	k, inner := m.rowwise(theta, rows, tape, ws)
	k.backward(dst, theta, inner, lanes.ByRows(c, k.rows, m.Outputs()), ws)
}

// Push is dst = Jv.
func (m *DeepLinear) Push(dst, theta, v lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	if m.throughMap(rows) {
		m.byMap.Push(dst, theta, v, rows, ws)
		return
	}
	defer ws.Release(ws.Mark())
	k, tape := m.rowwise(theta, rows, nil, ws)
	k.forwardAlong(ws.Pack(k.size()), lanes.ByRows(dst, k.rows, m.Outputs()), theta, v, tape)
}

// PullbackAlong is dst = Σ cᵢ∇²hᵢ(θ)v.
func (m *DeepLinear) PullbackAlong(dst, theta, v, c lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	if m.throughMap(rows) {
		m.byMap.PullbackAlong(dst, theta, v, c, rows, ws)
		return
	}
	defer ws.Release(ws.Mark())
	k, tape := m.rowwise(theta, rows, nil, ws)
	tangent := ws.Pack(k.size())
	k.forwardAlong(tangent, lanes.View{}, theta, v, tape)
	k.backwardAlong(dst, theta, v, tape, tangent, lanes.ByRows(c, k.rows, m.Outputs()), lanes.View{}, ws)
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
