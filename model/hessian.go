package model

import (
	"slices"

	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Hessian is dst = ∇²L(θ), shape (dim, dim) by rows: in closed form for a deep linear network, at a price free of n, else by
// one product per coordinate.
func (r *Linear) Hessian(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	net, ok := r.lin.(*DeepLinear)
	if !ok || r.rows {
		linalg.Form(lanes.ByRows(dst, len(theta), len(theta)), func(hv, v lanes.Pack) { r.HessVec(hv, theta, v, ws) }, ws)
		return
	}
	e, _ := r.gap(theta, ws)
	net.hessian(dst, theta, r.metric(e, ws), r.moments.XX, r.PerLabel(), ws)
}

// hessian is the Hessian of a function of the map with the gradient G in W, of shape (k, d), and the Hessian dW ↦ s·dW Q.
//
// With U_l = W_L⋯W_{l+1} and V_l = W_{l−1}⋯W₁ the map moves by dW = Σ U_l dW_l V_l. Between entry (i, j) of W_a and entry
// (p, q) of W_b
//
//	∂²/∂W_a∂W_b = s (U_aᵀU_b)_ip (V_aQV_bᵀ)_jq  +  (U_bᵀGV_aᵀ)_pj (W_{b−1}⋯W_{a+1})_qi,  the last where a < b.
func (m *DeepLinear) hessian(dst, theta, g lanes.Pack, q lanes.Mat, s float64, ws *lanes.Arena) {
	depth, k, d := len(m.layers), m.Outputs(), m.widths[0]
	scratch := func(rows, cols int) lanes.View { return lanes.ByRows(ws.Pack(rows*cols), rows, cols) }
	times := func(a, b lanes.View) lanes.View {
		c := scratch(a.Rows, b.Cols)
		lanes.MatMul(c, a, b)
		return c
	}
	weight := func(l int) lanes.View {
		w := m.layers[l]
		return lanes.ByRows(theta[w.Offset:w.Offset+w.Rows*w.Cols], w.Rows, w.Cols)
	}
	var few [2][8]lanes.View // usual depths need no memory
	u, v := slices.Grow(few[0][:0], depth)[:depth], slices.Grow(few[1][:0], depth)[:depth]
	u[depth-1], v[0] = identity(k, ws), identity(d, ws)
	for l := 1; l < depth; l++ {
		u[depth-1-l] = times(u[depth-l], weight(depth-l))
		v[l] = times(weight(l-1), v[l-1])
	}
	// block is the part of dst between W_a and W_b, as a matrix (p, q) for each entry (i, j) of W_a.
	block := func(a, i, j, b int) lanes.View {
		from, to := m.layers[a], m.layers[b]
		at := (from.Offset+i*from.Cols+j)*m.dim + to.Offset
		return lanes.ByRows(dst[at:at+to.Rows*to.Cols], to.Rows, to.Cols)
	}
	for a := range depth {
		va := scratch(v[a].Rows, d)
		lanes.SharedMul(va.T(), q, v[a].T()) // Q is symmetric
		lanes.Scale(va.P, s)
		for b := range depth {
			uu, vv := times(u[a].T(), u[b]), times(va, v[b].T())
			for i := range uu.Rows {
				for j := range vv.Rows {
					lanes.MatMul(block(a, i, j, b), row(uu, i).T(), row(vv, j))
				}
			}
		}
	}
	for a := range depth {
		between := identity(m.layers[a].Rows, ws)
		for b := a + 1; b < depth; b++ {
			bend := times(times(u[b].T(), lanes.ByRows(g, k, d)), v[a].T())
			for i := range m.layers[a].Rows {
				for j := range m.layers[a].Cols {
					lanes.MatMulAdd(block(a, i, j, b), row(bend.T(), j).T(), row(between.T(), i))
				}
			}
			for p := range m.layers[b].Rows {
				for q := range m.layers[b].Cols {
					lanes.MatMulAdd(block(b, p, q, a), row(between, q).T(), row(bend, p))
				}
			}
			between = times(weight(b), between)
		}
	}
}

// row is row i of a matrix, of shape (1, cols).
func row(a lanes.View, i int) lanes.View {
	return lanes.View{P: a.P[i*a.RowStride:], Rows: 1, Cols: a.Cols, RowStride: a.RowStride, ColStride: a.ColStride}
}

func identity(n int, ws *lanes.Arena) lanes.View {
	c := lanes.ByRows(ws.Zeroed(n*n), n, n)
	for i := range n {
		*c.At(i, i) = lanes.Splat(1)
	}
	return c
}
