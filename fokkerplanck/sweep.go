package fokkerplanck

import (
	"math"

	"sgdlab/elementary"
	"sgdlab/quadrature"
)

// order is the number of Radau nodes on a panel: solutions are polynomials of this degree there, and values at its end
// are exact to degree 2·order − 1. At 16 the 16×16 system and the 16 evaluations of user functions cost about the same.
const order = 16

const (
	// smooth is the size of the last two Legendre coefficients, relative to the panel's maximum, at which a panel counts
	// as resolved. Values at the ends and integrals are then better by far: their order is twice that of the solution.
	smooth = 1e-12
	// maxGrowth is an ∫max(g, 0) with which a panel is split untried: no polynomial of degree order follows e^12 to smooth.
	maxGrowth = 12
	// slight is the share of an integral so far below which a panel need not be resolved: at a jump of the coefficients.
	slight = 1e-13
	// maxPanels bounds the work: about a second.
	maxPanels = 200_000
)

// The collocation tables: nodes c, weights b and the matrix A of Radau IIA; the same nodes with 0 in front, on which a
// solution is a polynomial of degree order; functionals that give the last two Legendre coefficients on either.
var (
	rule     = quadrature.Radau(order)
	matrix   = quadrature.Cumulative(rule.Nodes)
	points   = append([]float64{0}, rule.Nodes...)
	bary     = quadrature.Barycentric(points)
	lastOfY  = [2][]float64{quadrature.Coefficient(points, order), quadrature.Coefficient(points, order-1)}
	lastOfIt = [2][]float64{quadrature.Coefficient(rule.Nodes, order-1), quadrature.Coefficient(rule.Nodes, order-2)}
)

// amount is m·2^e: a float64 without overflow. Sums of positive amounts are as good as sums of float64.
type amount struct {
	m float64
	e int
}

func exactly(m float64, e int) amount {
	if m == 0 || math.IsNaN(m-m) {
		return amount{m, 0}
	}
	f, k := math.Frexp(m)
	return amount{f, e + k}
}

// ldexp is math.Ldexp without its slow path through denormals: what is below 2^−1000 of the scale is nothing.
func ldexp(m float64, e int) float64 {
	switch {
	case m == 0 || e < -1000:
		return 0
	case e > 1000:
		return math.Ldexp(m, e)
	}
	return m * math.Float64frombits(uint64(1023+e)<<52)
}

func (a amount) plus(b amount) amount {
	if a.m == 0 {
		return b
	}
	if b.m == 0 {
		return a
	}
	if a.e < b.e {
		a, b = b, a
	}
	return exactly(a.m+ldexp(b.m, b.e-a.e), a.e)
}

func (a amount) minus(b amount) amount { return a.plus(amount{-b.m, b.e}) }
func (a amount) over(b amount) amount  { return exactly(a.m/b.m, a.e-b.e) }
func (a amount) value() float64        { return math.Ldexp(a.m, a.e) }
func (a amount) log() float64          { return elementary.Log(a.m) + float64(float64(a.e)*math.Ln2) }

// span is a stretch of a mesh. parent is an index into whatever the mesh refines, and from … to the place there as
// fractions of the parent: these are exact where lo and hi, next to each other and far from 0, are rounded.
type span struct {
	lo, hi   float64
	parent   int
	from, to float64
}

func (s span) split() (left, right span) {
	left, right = s, s
	left.hi = s.lo + (s.hi-s.lo)/2
	left.to = s.from + (s.to-s.from)/2
	right.lo, right.from = left.hi, left.to
	return left, right
}

// panel is a stretch on which a solution is known: y·2^e at the points.
type panel struct {
	span
	e int
	y [order + 1]float64
}

// at interpolates y, without its 2^e, at a fraction t of the panel.
func (p *panel) at(t float64) float64 {
	var l [order + 1]float64
	quadrature.Cardinals(l[:], points, bary, t)
	var s float64
	for j, v := range p.y {
		s += float64(v * l[j])
	}
	return s
}

// terms are the coefficients of an equation at one place.
type terms struct{ g, r, linear, square float64 }

// equation is y′ = gy + r·2^re, with the integrals of linear·y and of square·2^we·y² beside it. at also gets the parent of
// the span and the fraction of it at which x lies; re and we are functions of the parent.
type equation struct {
	at     func(x float64, parent int, t float64) terms
	shifts func(parent int) (re, we int) // nil: zeros
	signed bool                          // y may change sign
}

// track is a swept solution.
type track struct {
	panels         []panel
	end            amount  // y at the end
	linear, square amount  // the integrals
	growth         float64 // ∫│g│ where y follows it, for the rounding of e^∫g
}

// sweep solves from left to right over the mesh, splitting spans until each is resolved. Complaints, those about
// coefficients included, land in c.
func (eq *equation) sweep(mesh []span, y0 amount, c coefficients) track {
	t := track{end: y0}
	var st stage
	todo := make([]span, 0, 64)
	for _, whole := range mesh {
		todo = append(todo[:0], whole)
		for len(todo) > 0 {
			s := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			ok := st.solve(eq, s, &t)
			if *c.err != nil {
				return t
			}
			if !ok && !c.accept(s) {
				if *c.err != nil {
					return t
				}
				left, right := s.split()
				todo = append(todo, right, left)
				continue
			}
			t.append(&st, s, c)
		}
	}
	return t
}

// append takes the panel that st has just resolved.
func (t *track) append(st *stage, s span, c coefficients) {
	t.end = exactly(st.y[order], st.e)
	t.linear = t.linear.plus(st.linear)
	t.square = t.square.plus(st.square)
	t.growth += st.growth
	t.panels = append(t.panels, panel{s, st.e, st.y})
	if len(t.panels)%2048 == 0 {
		c.vanishes(s)
	}
	if len(t.panels) > maxPanels {
		c.complain("fokkerplanck: more than %d panels, now at x = %g: %w; are the coefficients smooth, and the barrier below 10⁶ temperatures?", maxPanels, c.sign*s.hi, ErrTolerance)
	}
}

// accept says whether an unresolved span is too short to split. At x = 0 floats are dense, and what happens below
// 1e−290 is nothing; elsewhere it is a singularity, and a complaint.
func (c coefficients) accept(s span) bool {
	h, size := s.hi-s.lo, math.Max(math.Abs(s.lo), math.Abs(s.hi))
	if h < 1e-290 {
		return true
	}
	if h > 4e-14*size {
		return false
	}
	if !c.vanishes(s) {
		c.complain("fokkerplanck: no resolution at x ≈ %.6g: %w; if it is an end, shift x so that it lies at 0", c.sign*(s.lo+h/2), ErrSingular)
	}
	return false
}

// vanishes looks for a zero of D near s, and complains of one. Close to it resolution fails, or panels become many,
// before it is reached: a 1 − x²/x² has lost its digits there.
func (c coefficients) vanishes(s span) bool {
	size := math.Max(math.Abs(s.lo), math.Abs(s.hi))
	lo, hi := math.Max(s.lo-size/100, c.p.Lo), math.Min(s.hi+size/100, c.p.Hi)
	edge := math.Min(c.p.Diffusion(lo), c.p.Diffusion(hi))
	for range 100 {
		l, r := lo+(hi-lo)/3, hi-(hi-lo)/3
		if c.p.Diffusion(l) < c.p.Diffusion(r) {
			hi = r
		} else {
			lo = l
		}
	}
	*c.n += 203
	x := lo + (hi-lo)/2
	if !(c.p.Diffusion(x) < 1e-9*edge) {
		return false
	}
	c.complain("fokkerplanck: D vanishes at x ≈ %.6g: %w; want D > 0 inside the interval, a floor under it, or an end there (Natural, if nothing crosses it)", c.sign*x, ErrDiffusion)
	return true
}

// stage is one panel's collocation, and scratch.
type stage struct {
	e              int
	y              [order + 1]float64
	linear, square amount
	growth         float64
	m              [order][order]float64
	at             [order]terms // times the length of the panel
}

// solve sets (I − hA·diag g)Y = y₀ + hAr, to go on from so, and reports whether the panel is resolved.
func (st *stage) solve(eq *equation, s span, so *track) bool {
	y0 := so.end
	h := s.hi - s.lo
	var rmax, up, all float64
	for j, c := range rule.Nodes {
		x := s.lo + float64(h*c)
		if j == order-1 {
			x = s.hi
		}
		q := eq.at(x, s.parent, s.from+float64((s.to-s.from)*c))
		st.at[j] = terms{h * q.g, h * q.r, h * q.linear, h * q.square}
		rmax = math.Max(rmax, math.Abs(h*q.r))
		up += float64(rule.Weights[j] * math.Max(h*q.g, 0))
		all += float64(rule.Weights[j] * math.Abs(h*q.g))
	}
	if up > maxGrowth {
		return false
	}
	st.growth = math.Min(all, 3) // a decaying solution forgets; three units of ∫│g│ per panel is what it remembers
	if up > 1 {
		st.growth = up
	}
	var re, we int
	if eq.shifts != nil {
		re, we = eq.shifts(s.parent)
	}
	// The panel's exponent: that of y₀ or of the source, whichever is larger.
	st.e = y0.e
	if top := exactly(rmax, re); rmax > 0 && (y0.m == 0 || top.e > y0.e) {
		st.e = top.e
	}
	st.y[0] = ldexp(y0.m, y0.e-st.e)
	for j := range st.at {
		st.at[j].r = ldexp(st.at[j].r, re-st.e)
	}
	for i := range order {
		y := st.y[0]
		for j, a := range matrix[i] {
			y += float64(a * st.at[j].r)
			st.m[i][j] = -float64(a * st.at[j].g)
		}
		st.m[i][i]++
		st.y[i+1] = y
	}
	solve(&st.m, st.y[1:])

	var top, bottom float64
	for _, y := range st.y {
		top = math.Max(top, math.Abs(y))
		bottom = math.Min(bottom, y)
	}
	switch {
	case math.IsNaN(top) || bottom < 0 && !eq.signed: // a panel far too long for a layer, or a rise, inside it
		return false
	case last(&lastOfY, st.y[:]) > smooth*top:
		return false
	}
	var linear, square [order]float64
	var sum, sum2, size, size2 float64
	for j, y := range st.y[1:] {
		linear[j] = st.at[j].linear * y
		square[j] = st.at[j].square * y * y
		size, size2 = math.Max(size, math.Abs(linear[j])), math.Max(size2, math.Abs(square[j]))
		sum += float64(rule.Weights[j] * linear[j])
		sum2 += float64(rule.Weights[j] * square[j])
	}
	st.linear, st.square = exactly(sum, st.e), exactly(sum2, 2*st.e+we)
	sofar := slight * ldexp(so.linear.m, so.linear.e-st.e)
	sofar2 := slight * ldexp(so.square.m, so.square.e-2*st.e-we)
	return last(&lastOfIt, linear[:]) <= float64(smooth*size)+sofar && last(&lastOfIt, square[:]) <= float64(smooth*size2)+sofar2
}

func last(functional *[2][]float64, v []float64) float64 {
	var a, b float64
	for j, x := range v {
		a += float64(functional[0][j] * x)
		b += float64(functional[1][j] * x)
	}
	return math.Abs(a) + math.Abs(b)
}

// solve overwrites y by the solution of my = y, by Gaussian elimination with partial pivoting.
func solve(m *[order][order]float64, y []float64) {
	y = y[:order]
	for k := range order {
		pivot := k
		for i := k + 1; i < order; i++ {
			if math.Abs(m[i][k]) > math.Abs(m[pivot][k]) {
				pivot = i
			}
		}
		m[k], m[pivot] = m[pivot], m[k]
		y[k], y[pivot] = y[pivot], y[k]
		row := &m[k]
		inv := 1 / row[k]
		for i := k + 1; i < order; i++ {
			f := m[i][k] * inv
			if f == 0 {
				continue
			}
			to := &m[i]
			for j := k + 1; j < order; j++ {
				to[j] -= float64(f * row[j])
			}
			y[i] -= float64(f * y[k])
		}
	}
	for k := order - 1; k >= 0; k-- {
		s := y[k]
		for j := k + 1; j < order; j++ {
			s -= float64(m[k][j] * y[j])
		}
		y[k] = s / m[k][k]
	}
}

// halved is the mesh with every span cut in two.
func halved(mesh []span) []span {
	h := make([]span, 0, 2*len(mesh))
	for _, s := range mesh {
		left, right := s.split()
		h = append(h, left, right)
	}
	return h
}

// spans are the places of the panels, with parent(p) for the parent of p.
func spans(panels []panel, parent func(int) int) []span {
	mesh := make([]span, len(panels))
	for i, p := range panels {
		mesh[i] = span{p.lo, p.hi, parent(p.parent), 0, 1}
	}
	return mesh
}

func same(i int) int { return i }

// whole is a mesh of the panels for an equation that reads the solution on them, which are the parents.
func whole(panels []panel) []span {
	mesh := make([]span, len(panels))
	for i, p := range panels {
		mesh[i] = span{p.lo, p.hi, i, 0, 1}
	}
	return mesh
}

// reversed is a whole mesh, or the spans of a track, in −x.
func reversed(mesh []span) []span {
	r := make([]span, len(mesh))
	for i, s := range mesh {
		r[len(mesh)-1-i] = span{-s.hi, -s.lo, s.parent, 0, 1}
	}
	return r
}
