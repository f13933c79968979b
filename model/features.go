package model

import (
	"sgdlab"
	"sgdlab/lanes"
)

// Features returns w₁ … w_{L−1}.
func (m *DeepLinear) Features() []int {
	return append([]int(nil), m.widths[1:len(m.layers)]...)
}

// Activations is dst = W_l⋯W₁x, l = layer + 1.
func (m *DeepLinear) Activations(dst, theta lanes.Pack, layer int, rows sgdlab.Rows, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	below := &DeepLinear{x: m.x, widths: m.widths[:layer+2], layers: m.layers[:layer+1]}
	front := choose(&m.x, rows, nil, ws)
	c := below.newChain(false, rows.Len())
	c.forward(ws.Pack(c.size), dst, theta, &front, ws.Idle)
}

// Features returns L − 1 layers of d units.
func (m *Diagonal) Features() []int {
	units := make([]int, m.depth-1)
	for l := range units {
		units[l] = m.x.Cols
	}
	return units
}

// Activations is dst = u^l ⊙ ⋯ ⊙ u¹ ⊙ x, l = layer + 1.
func (m *Diagonal) Activations(dst, theta lanes.Pack, layer int, rows sgdlab.Rows, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n, d := rows.Len(), m.x.Cols
	w := ws.Pack(d)
	lanes.Copy(w, m.vector(theta, 0))
	for l := 1; l <= layer; l++ {
		lanes.Mul(w, w, m.vector(theta, l))
	}
	if rows.Index != nil {
		lanes.Gather(lanes.ByRows(dst, n, d), &m.x, rows.Index)
	} else {
		for i := range n {
			for j := range d {
				dst[i*d+j] = lanes.Splat(m.x.At(i, j))
			}
		}
	}
	for i := range n {
		lanes.Mul(dst[i*d:(i+1)*d], dst[i*d:(i+1)*d], w)
	}
}
