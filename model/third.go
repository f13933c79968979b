package model

import (
	"sgdlab"
	"sgdlab/lanes"
)

// bent networks know the second derivatives of their map and of its pullback. Both are mixed derivatives ∂²/∂s∂t at 0 along
// θ + su + tv.
type bent interface {
	// bend is dst = D²W(θ)[u, v] = ∂²/∂s∂t W.
	bend(dst, theta, u, v lanes.Pack, ws *lanes.Arena)
	// pullBent is dst = ∂²/∂s∂t of PullMap at G + sGᵤ + tGᵥ + stGᵤᵥ; g holds these four.
	pullBent(dst, theta, u, v lanes.Pack, g jet, ws *lanes.Arena)
}

// jet is what a function of s and t is to first order in each: its value, ∂ₛ, ∂ₜ and ∂ₛ∂ₜ.
type jet [4]lanes.Pack

func newJet(n int, ws *lanes.Arena) jet {
	return jet{ws.Pack(n), ws.Pack(n), ws.Pack(n), ws.Pack(n)}
}

// times multiplies a jet, entry by entry, by x + su + tv.
func (j jet) times(x, u, v lanes.Pack) {
	lanes.Mul(j[3], j[3], x)
	lanes.AddMul(j[3], j[1], v)
	lanes.AddMul(j[3], j[2], u)
	lanes.Mul(j[1], j[1], x)
	lanes.AddMul(j[1], j[0], u)
	lanes.Mul(j[2], j[2], x)
	lanes.AddMul(j[2], j[0], v)
	lanes.Mul(j[0], j[0], x)
}

// ofMap is a loss of a map, L(W).
type ofMap interface {
	// slopes is the jet of ∂L/∂W where w is that of W. It may overwrite w, and return it, or scratch.
	slopes(w jet, ws *lanes.Arena) jet
}

// thirdVec is D³L(θ)[u, v]: the mixed derivative of ∇L = DWᵀ∂L/∂W along θ + su + tv.
func thirdVec(dst, theta, u, v lanes.Pack, net linear, of ofMap, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	k, d := net.EffectiveShape()
	w := newJet(k*d, ws)
	tape := net.Map(w[0], theta, ws)
	net.PushMap(w[1], theta, u, tape, ws)
	net.PushMap(w[2], theta, v, tape, ws)
	net.bend(w[3], theta, u, v, ws)
	net.pullBent(dst, theta, u, v, of.slopes(w, ws), ws)
}

// ThirdVec is dst = D³L(θ)[u, v].
func (r *Linear) ThirdVec(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	if r.rows {
		thirdVec(dst, theta, u, v, r.lin, byRows{r.Risk}, ws)
	} else {
		thirdVec(dst, theta, u, v, r.lin, r, ws)
	}
}

func (r *Linear) slopes(w jet, ws *lanes.Arena) jet {
	lanes.Sub(w[0], w[0], r.centre)
	for i := range w {
		w[i] = r.metric(w[i], ws)
	}
	return w
}

// byRows is the loss of the map of a linear network by sums over the rows.
type byRows struct{ *Risk }

// slopes turns w into the jet of p Σ ∂ρ/∂h(Wxᵢ, yᵢ) xᵢᵀ.
func (r byRows) slopes(w jet, ws *lanes.Arena) jet {
	defer ws.Release(ws.Mark())
	x := r.net.(linear).Inputs()
	n, k, d := x.Rows, r.outputs, x.Cols
	h := newJet(n*k, ws)
	for i := range w {
		lanes.SharedMul(lanes.ByRows(h[i], n, k), *x, lanes.ByRows(w[i], k, d).T())
	}
	r.rho.slope(h, 4, r.p, sgdlab.AllRows(n))
	for i := range w {
		lanes.SharedMul(lanes.ByRows(w[i], k, d).T(), x.T(), lanes.ByRows(h[i], n, k))
	}
	return w
}

// forwardBent fills the mixed derivative of the tape, and that of H_L into out; t holds the tape and its tangents along u and v.
func (c *chain) forwardBent(t jet, out, theta, u, v lanes.Pack, idle lanes.Mask) {
	depth := c.depth()
	for l := c.first; l <= depth; l++ {
		dst := out
		if l < depth {
			dst = c.at(nil, t[3], l)
		} else if out == nil {
			return
		}
		k := &c.links[l].forward
		k.MulFor(idle, dst, c.at(u, t[1], l-1), c.factor(v, l))
		k.MulAddFor(idle, dst, c.at(v, t[2], l-1), c.factor(u, l))
		if l > c.first {
			k.MulAddFor(idle, dst, c.at(nil, t[3], l-1), c.factor(theta, l))
		}
	}
	if depth < c.first && out != nil {
		lanes.Zero(out)
	}
}

// backwardBent is the mixed derivative of backward, of a chain that is the end-to-end map.
func (c *chain) backwardBent(dst, theta, u, v lanes.Pack, t, d jet, ws *lanes.Arena) {
	depth, idle := c.depth(), ws.Idle
	for l := depth; l >= c.first; l-- {
		k, to := &c.links[l], c.factor(dst, l)
		k.gradient.MulFor(idle, to, c.at(theta, t[0], l-1), d[3])
		k.gradient.MulAddFor(idle, to, c.at(u, t[1], l-1), d[2])
		k.gradient.MulAddFor(idle, to, c.at(v, t[2], l-1), d[1])
		if l > c.first {
			k.gradient.MulAddFor(idle, to, c.at(nil, t[3], l-1), d[0])
		}
		n, nu, nv := c.factor(theta, l), c.factor(u, l), c.factor(v, l)
		var below jet
		below[3] = c.below(dst, l, ws)
		k.back.MulFor(idle, below[3], d[3], n)
		k.back.MulAddFor(idle, below[3], d[1], nv)
		k.back.MulAddFor(idle, below[3], d[2], nu)
		if l == c.first {
			return
		}
		for i, along := range []lanes.Pack{nil, nu, nv} {
			below[i] = c.below(dst, l, ws)
			k.back.MulFor(idle, below[i], d[i], n)
			if along != nil {
				k.back.MulAddFor(idle, below[i], d[0], along)
			}
		}
		d = below
	}
	if depth < c.first {
		lanes.Copy(c.factor(dst, 1), d[3])
	}
}

// tapes are the tape of the end-to-end map at θ, and its tangents along u and v; the fourth is not filled.
func (m *DeepLinear) tapes(theta, u, v lanes.Pack, ws *lanes.Arena) jet {
	t := newJet(m.whole.size, ws)
	m.whole.forward(t[0], nil, theta, nil, ws.Idle)
	m.whole.forwardAlong(t[1], nil, theta, u, t[0], nil, ws.Idle)
	m.whole.forwardAlong(t[2], nil, theta, v, t[0], nil, ws.Idle)
	return t
}

func (m *DeepLinear) bend(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.whole.forwardBent(m.tapes(theta, u, v, ws), dst, theta, u, v, ws.Idle)
}

func (m *DeepLinear) pullBent(dst, theta, u, v lanes.Pack, g jet, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	t := m.tapes(theta, u, v, ws)
	m.whole.forwardBent(t, nil, theta, u, v, ws.Idle)
	m.whole.backwardBent(dst, theta, u, v, t, g, ws)
}

// jetOf is the jet of vector l along θ + su + tv, in its own memory.
func (m *Diagonal) jetOf(l int, theta, u, v lanes.Pack, ws *lanes.Arena) jet {
	j := jet{ws.Pack(m.x.Cols), ws.Pack(m.x.Cols), ws.Pack(m.x.Cols), ws.Zeroed(m.x.Cols)}
	lanes.Copy(j[0], m.vector(theta, l))
	lanes.Copy(j[1], m.vector(u, l))
	lanes.Copy(j[2], m.vector(v, l))
	return j
}

func (m *Diagonal) bend(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	j := m.jetOf(0, theta, u, v, ws)
	for l := 1; l < m.depth; l++ {
		j.times(m.vector(theta, l), m.vector(u, l), m.vector(v, l))
	}
	lanes.Copy(dst, j[3])
}

// pullBent multiplies, for each vector, the jets of the product of those before it and of G times those behind it.
func (m *Diagonal) pullBent(dst, theta, u, v lanes.Pack, g jet, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := len(theta)
	var before jet // by vectors, as θ
	for i := range before {
		before[i] = ws.Zeroed(n)
	}
	part := func(l int) (p jet) {
		for i := range p {
			p[i] = m.vector(before[i], l)
		}
		return p
	}
	fillOnes(part(0)[0])
	for l := 1; l < m.depth; l++ {
		last, this := part(l-1), part(l)
		for i := range this {
			lanes.Copy(this[i], last[i])
		}
		this.times(m.vector(theta, l-1), m.vector(u, l-1), m.vector(v, l-1))
	}
	after := newJet(m.x.Cols, ws)
	for i := range after {
		lanes.Copy(after[i], g[i])
	}
	for l := m.depth - 1; l >= 0; l-- {
		b, to := part(l), m.vector(dst, l)
		lanes.Mul(to, b[0], after[3])
		lanes.AddMul(to, b[1], after[2])
		lanes.AddMul(to, b[2], after[1])
		lanes.AddMul(to, b[3], after[0])
		after.times(m.vector(theta, l), m.vector(u, l), m.vector(v, l))
	}
}

func (m *DiagonalPowers) bend(dst, theta, u, v lanes.Pack, _ *lanes.Arena) {
	d, f := m.x.Cols, float64(m.power*(m.power-1))
	for j := range dst {
		for l := range dst[j] {
			up := float64(power(theta[j][l], m.power-2) * u[j][l] * v[j][l])
			down := float64(power(theta[d+j][l], m.power-2) * u[d+j][l] * v[d+j][l])
			dst[j][l] = f * (up - down)
		}
	}
}

// pullBent is that of ±LGu^(L−1).
func (m *DiagonalPowers) pullBent(dst, theta, u, v lanes.Pack, g jet, _ *lanes.Arena) {
	d, k := m.x.Cols, m.power
	first, second, third := float64(k), float64(k*(k-1)), float64(k*(k-1)*(k-2))
	for j := range dst {
		at := j % d
		for l, x := range theta[j] {
			a, b := u[j][l], v[j][l]
			s := float64(third * power(x, max(k-3, 0)) * a * b * g[0][at][l])
			s += float64(second * power(x, k-2) * (float64(a*g[2][at][l]) + float64(b*g[1][at][l])))
			s += float64(first * power(x, k-1) * g[3][at][l])
			if j >= d {
				s = -s
			}
			dst[j][l] = s
		}
	}
}

func (m *Polynomial) bend(dst, theta, u, v lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		hx, hy := m.bendAlong(theta, v, l)
		ux, uy := coordinatesOf(u, l)
		dst[0][l] = float64(ux*hx) + float64(uy*hy)
	}
}

// bendAlong is ∇²q v.
func (m *Polynomial) bendAlong(theta, v lanes.Pack, l int) (hx, hy float64) {
	xx, xy, yy := m.q.bend(coordinatesOf(theta, l))
	vx, vy := coordinatesOf(v, l)
	return float64(xx*vx) + float64(xy*vy), float64(xy*vx) + float64(yy*vy)
}

// pullBent is G D³q[u, v] + Gᵤ∇²q v + Gᵥ∇²q u + Gᵤᵥ∇q.
func (m *Polynomial) pullBent(dst, theta, u, v lanes.Pack, g jet, _ *lanes.Arena) {
	for l := range lanes.W {
		xxx, xxy, xyy, yyy := m.q.warp(coordinatesOf(theta, l))
		qx, qy := m.q.slope(coordinatesOf(theta, l))
		ux, uy := coordinatesOf(u, l)
		vx, vy := coordinatesOf(v, l)
		hux, huy := m.bendAlong(theta, u, l)
		hvx, hvy := m.bendAlong(theta, v, l)
		aa, ab, bb := float64(ux*vx), float64(ux*vy)+float64(uy*vx), float64(uy*vy)
		sum := func(a, b, c, hv, hu, q float64) float64 {
			w := float64(a*aa) + float64(b*ab) + float64(c*bb)
			return float64(g[0][0][l]*w) + float64(g[1][0][l]*hv) + float64(g[2][0][l]*hu) + float64(g[3][0][l]*q)
		}
		dst[0][l] = sum(xxx, xxy, xyy, hvx, hux, qx)
		if len(dst) == 2 {
			dst[1][l] = sum(xxy, xyy, yyy, hvy, huy, qy)
		}
	}
}
