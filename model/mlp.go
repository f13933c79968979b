package model

import (
	"fmt"
	"sync"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// MLP is the multilayer perceptron
//
//	h(x) = W_L φ(⋯ φ(W₁x + b₁) ⋯) + b_L,  W_l of shape (w_l, w_{l−1}), b_l of shape (w_l),
//
// with θ = (W₁, b₁, …, W_L, b_L), matrices by rows, of shape (Σ w_l(w_{l−1} + 1)), or (W₁, …, W_L) without biases. It follows the
// samples through the layers; with z_l = W_l a_{l−1} + b_l, a_l = φ(z_l), a₀ = x and D_L the slopes of the loss,
//
//	∂L/∂W_l = D_lᵀa_{l−1},  ∂L/∂b_l = Σ D_l over the rows,  D_{l−1} = (D_lW_l) ⊙ φ′(z_{l−1}).
//
// Products with the Hessian and third derivatives are the same two passes with jets in the place of numbers, and cost about two
// and four times as much as a gradient. ReLU has φ′(0) = 0, and its Hessian is that off the kinks. At most 2²⁴ parameters.
type MLP struct {
	x      lanes.Mat // (n, w₀)
	widths []int     // w₀ … w_L
	layers []sgdlab.Shape
	phi    activation
	passes *sync.Map // by the number of rows: *pass
}

// MLPSettings are the settings of NewMLP.
type MLPSettings struct {
	Widths     []int  `doc:"widths w₀ … w_L of the layers of neurons: inputs first, outputs last; one more than there are weight matrices" check:">=1"`
	Activation string `doc:"φ of the hidden units: tanh, relu (max(z, 0)), gelu (zΦ(z), Φ the distribution of a normal number), erf, or identity" default:"tanh" oneof:"tanh|relu|gelu|erf|identity"`
	Biases     bool   `doc:"whether each layer adds a bias b_l, which is learnt too" default:"true"`
	Loss       Loss   `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewMLP builds the risk of a multilayer perceptron on a set.
func NewMLP(c MLPSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("mlp needs data; give data, such as {name: chebyshev, degree: 4}")
	}
	if err := checkWidths(c.Widths, set); err != nil {
		return nil, err
	}
	phi, ok := activations[c.Activation]
	if !ok {
		return nil, fmt.Errorf("activation is %q; want tanh, relu, gelu, erf or identity", c.Activation)
	}
	return newModel(newMLP(set.X, c.Widths, phi, c.Biases), set, c.Loss)
}

// checkWidths refuses widths that do not fit each other or a set.
func checkWidths(widths []int, set *data.Set) error {
	d, k := set.Inputs(), set.Outputs()
	if len(widths) < 2 {
		return fmt.Errorf("widths %v have no weight matrix between them; give at least [%d, %d]", widths, d, k)
	}
	entries := 0.0
	for i, w := range widths {
		if w < 1 {
			return fmt.Errorf("widths %v hold %d; every width is at least 1", widths, w)
		}
		if i > 0 {
			entries += float64(widths[i-1]) * float64(w)
		}
	}
	if first := widths[0]; first != d {
		return fmt.Errorf("widths %v begin with %d, but the data has %d inputs; begin with %d", widths, first, d, d)
	}
	if last := widths[len(widths)-1]; last != k {
		return fmt.Errorf("widths %v end with %d, but the data has %d outputs; end with %d", widths, last, k, k)
	}
	if entries > 1<<24 {
		return fmt.Errorf("widths %v make %.3g parameters, more than %d; use smaller widths", widths, entries, 1<<24)
	}
	return nil
}

func newMLP(x lanes.Mat, widths []int, phi activation, biases bool) *MLP {
	m := &MLP{x: x, widths: append([]int(nil), widths...), phi: phi, passes: &sync.Map{}}
	at := 0
	for l := 1; l < len(widths); l++ {
		s := sgdlab.Shape{Offset: at, Rows: widths[l], Cols: widths[l-1]}
		if biases {
			s.Biases = s.Rows
		}
		at = s.End()
		m.layers = append(m.layers, s)
	}
	return m
}

func (m *MLP) on(x lanes.Mat) network {
	return &MLP{x: x, widths: m.widths, layers: m.layers, phi: m.phi, passes: m.passes}
}

// Dim returns the number of weights and biases.
func (m *MLP) Dim() int { return m.layers[len(m.layers)-1].End() }

// Outputs returns w_L.
func (m *MLP) Outputs() int { return m.widths[len(m.layers)] }

// Layers returns W₁ … W_L with their biases.
func (m *MLP) Layers() []sgdlab.Shape { return append([]sgdlab.Shape(nil), m.layers...) }

// pass is how a number of rows passes the layers: its products are prepared.
type pass struct {
	rows  int
	size  int // of one part of a tape: z_l and a_l of the hidden layers
	steps []step
}

// step is the pass of a layer, over z = aWᵀ.
type step struct {
	z, a     [2]int        // of a hidden layer, in a part of the tape
	forward  lanes.Product // z = aWᵀ
	gradient lanes.Product // ∂W = Dᵀa
	back     lanes.Product // DW
}

func (m *MLP) pass(rows int) *pass {
	if p, ok := m.passes.Load(rows); ok {
		return p.(*pass)
	}
	p := &pass{rows: rows}
	for l, shape := range m.layers {
		of := func(rows, cols int) lanes.View {
			return lanes.View{Rows: rows, Cols: cols, RowStride: cols, ColStride: 1}
		}
		a, z, w := of(rows, shape.Cols), of(rows, shape.Rows), of(shape.Rows, shape.Cols)
		s := step{forward: lanes.NewProduct(z, a, w.T()), gradient: lanes.NewProduct(w, z.T(), a), back: lanes.NewProduct(a, z, w)}
		if l < len(m.layers)-1 {
			n := rows * shape.Rows
			s.z, s.a = [2]int{p.size, p.size + n}, [2]int{p.size + n, p.size + 2*n}
			p.size += 2 * n
		}
		p.steps = append(p.steps, s)
	}
	kept, _ := m.passes.LoadOrStore(rows, p)
	return kept.(*pass)
}

// parts are where the jets of a hidden layer are in a tape.
func (p *pass) parts(of func(*step) [2]int, l, parts int, tape lanes.Pack) (j jet) {
	at := of(&p.steps[l])
	for i := range parts {
		j[i] = tape[i*p.size+at[0] : i*p.size+at[1]]
	}
	return j
}

func zOf(s *step) [2]int { return s.z }
func aOf(s *step) [2]int { return s.a }

// weights and biases are those of a layer in a pack like θ.
func weights(p lanes.Pack, s sgdlab.Shape) lanes.Pack { return p[s.Offset : s.Offset+s.Rows*s.Cols] }
func biases(p lanes.Pack, s sgdlab.Shape) lanes.Pack  { return p[s.End()-s.Biases : s.End()] }

// front is the rows chosen, and the rest of a tape behind them.
func (m *MLP) front(rows sgdlab.Rows, tape lanes.Pack) (front chosen, inner lanes.Pack) {
	front.all = &m.x
	if own := len(rows.Index) * m.widths[0]; own > 0 {
		front.own, tape = tape[:own], tape[own:]
	}
	return front, tape
}

// lift fills h with the jet of the outputs. Parts of a jet are numbered by subsets, 1 for the derivative along u, 2 for that along v:
// those of a product are Σ x_A y_B over the pairs that make the subset up.
func (m *MLP) lift(h, p jet, parts int, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	run := m.pass(rows.Len())
	tape := ws.Pack(len(rows.Index)*m.widths[0] + parts*run.size)
	front, inner := m.front(rows, tape)
	if front.own != nil {
		gathered(front.own, &m.x, rows)
	}
	var a jet
	for l, shape := range m.layers {
		s, z := &run.steps[l], h
		if l < len(m.layers)-1 {
			z = run.parts(zOf, l, parts, inner)
		}
		for part := range parts {
			switch {
			case l > 0:
				for sub := part; sub >= 0; sub = below(sub, part) {
					if w := p[part&^sub]; w == nil {
						continue
					} else if sub == part {
						s.forward.MulFor(ws.Idle, z[part], a[sub], weights(w, shape))
					} else {
						s.forward.MulAddFor(ws.Idle, z[part], a[sub], weights(w, shape))
					}
				}
			case p[part] == nil:
				lanes.Zero(z[part])
			case front.own != nil:
				s.forward.Mul(z[part], front.own, weights(p[part], shape))
			default:
				w := lanes.ByRows(weights(p[part], shape), shape.Rows, shape.Cols)
				lanes.SharedMul(lanes.ByRows(z[part], run.rows, shape.Rows), m.x, w.T())
			}
			if p[part] != nil && shape.Biases > 0 {
				b := biases(p[part], shape)
				for i := range run.rows {
					row := z[part][i*shape.Rows : (i+1)*shape.Rows]
					lanes.Add(row, row, b)
				}
			}
		}
		if l == len(m.layers)-1 {
			break
		}
		a = run.parts(aOf, l, parts, inner)
		m.phi.value(a[0], z[0])
		if parts == 1 {
			continue
		}
		mark := ws.Mark()
		first := ws.Pack(len(z[0]))
		var second lanes.Pack
		if parts == 4 {
			second = ws.Pack(len(z[0]))
		}
		m.phi.slopes(first, second, nil, z[0], a[0])
		for part := 1; part < parts; part++ {
			lanes.Mul(a[part], first, z[part])
		}
		if parts == 4 {
			lanes.Mul(second, second, z[1])
			lanes.AddMul(a[3], second, z[2])
		}
		ws.Release(mark)
	}
	return tape
}

// below is the next smaller subset of a set, −1 after the empty one.
func below(sub, set int) int {
	if sub == 0 {
		return -1
	}
	return (sub - 1) & set
}

// drop is the last part of the jet of Σ cᵢ∇hᵢ, as many parts on the way down.
func (m *MLP) drop(dst lanes.Pack, p, c jet, parts int, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	run := m.pass(rows.Len())
	front, inner := m.front(rows, tape)
	d, top := c, parts-1
	for l := len(m.layers) - 1; ; l-- {
		s, shape := &run.steps[l], m.layers[l]
		if shape.Biases > 0 {
			to := biases(dst, shape)
			lanes.Zero(to)
			for i := range run.rows {
				lanes.Add(to, to, d[top][i*shape.Rows:(i+1)*shape.Rows])
			}
		}
		to := weights(dst, shape)
		if l == 0 {
			if front.own != nil {
				s.gradient.Mul(to, d[top], front.own)
			} else {
				lanes.SharedMul(lanes.ByRows(to, shape.Rows, shape.Cols).T(), m.x.T(), lanes.ByRows(d[top], run.rows, shape.Rows))
			}
			return
		}
		z, a := run.parts(zOf, l-1, parts, inner), run.parts(aOf, l-1, parts, inner)
		for sub := top; sub >= 0; sub = below(sub, top) {
			if sub == top {
				s.gradient.MulFor(ws.Idle, to, d[sub], a[top&^sub])
			} else {
				s.gradient.MulAddFor(ws.Idle, to, d[sub], a[top&^sub])
			}
		}
		var e, f jet // of DW, and of φ′(z)
		for part := range parts {
			e[part] = ws.Pack(len(z[0]))
			for sub := part; sub >= 0; sub = below(sub, part) {
				if w := p[part&^sub]; w == nil {
					continue
				} else if sub == part {
					s.back.MulFor(ws.Idle, e[part], d[sub], weights(w, shape))
				} else {
					s.back.MulAddFor(ws.Idle, e[part], d[sub], weights(w, shape))
				}
			}
		}
		for i := range parts {
			f[i] = ws.Pack(len(z[0]))
		}
		switch parts {
		case 1:
			m.phi.slopes(f[0], nil, nil, z[0], a[0])
		case 2:
			m.phi.slopes(f[0], f[1], nil, z[0], a[0])
			lanes.Mul(f[1], f[1], z[1])
		case 4: // φ′, φ″z₁, φ″z₂, φ″z₃ + φ‴z₁z₂
			second := ws.Pack(len(z[0]))
			m.phi.slopes(f[0], second, f[3], z[0], a[0])
			lanes.Mul(f[1], second, z[1])
			lanes.Mul(f[2], second, z[2])
			lanes.Mul(f[3], f[3], z[1])
			lanes.Mul(f[3], f[3], z[2])
			lanes.AddMul(f[3], second, z[3])
		}
		e.timesJet(f, parts)
		d = e
	}
}

// timesJet multiplies a jet, entry by entry, by another.
func (j jet) timesJet(f jet, parts int) {
	for part := parts - 1; part >= 0; part-- {
		own := j[part]
		lanes.Mul(own, own, f[0])
		for sub := below(part, part); sub >= 0; sub = below(sub, part) {
			lanes.AddMul(own, j[sub], f[part&^sub])
		}
	}
}

// Predict is h over the rows.
func (m *MLP) Predict(h, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	return m.lift(jet{h}, jet{theta}, 1, rows, ws)
}

// Pullback is dst = Σ cᵢ∇hᵢ(θ).
func (m *MLP) Pullback(dst, theta, c lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	if tape == nil {
		tape = m.Predict(ws.Pack(rows.Len()*m.Outputs()), theta, rows, ws)
	}
	m.drop(dst, jet{theta}, jet{c}, 1, rows, tape, ws)
}

// Push is dst = Jv.
func (m *MLP) Push(dst, theta, v lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.lift(jet{ws.Pack(len(dst)), dst}, jet{theta, v}, 2, rows, ws)
}

// PullbackAlong is dst = Σ cᵢ∇²hᵢ(θ)v.
func (m *MLP) PullbackAlong(dst, theta, v, c lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	h, p := jet{ws.Pack(len(c)), ws.Pack(len(c))}, jet{theta, v}
	tape := m.lift(h, p, 2, rows, ws)
	lanes.Zero(h[1])
	m.drop(dst, p, jet{c, h[1]}, 2, rows, tape, ws)
}

// Features returns w₁ … w_{L−1}.
func (m *MLP) Features() []int { return append([]int(nil), m.widths[1:len(m.layers)]...) }

// Activations is dst = a_l, l = layer + 1.
func (m *MLP) Activations(dst, theta lanes.Pack, layer int, rows sgdlab.Rows, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	tape := m.Predict(ws.Pack(rows.Len()*m.Outputs()), theta, rows, ws)
	run := m.pass(rows.Len())
	_, inner := m.front(rows, tape)
	lanes.Copy(dst, run.parts(aOf, layer, 1, inner)[0])
}
