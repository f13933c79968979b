package linalg

import "math"

// Complement solves a semidefinite complementarity problem: symmetric n×n matrices X and F with
//
//	X ⪰ 0,  F = A + B[X] ⪰ 0,  ⟨X, F⟩ = 0,
//
// which is where ½⟨X, B[X]⟩ + ⟨A, X⟩ is least over X ⪰ 0. Matrices are packed by rows of the upper triangle, entries off the
// diagonal times √2 (Pack): ⟨X, Y⟩ is the product of two packed ones. b is B in these coordinates, m×m with m = n(n+1)/2, symmetric and
// positive semidefinite. Where A ⪰ 0, X is 0 to the bit.
//
// It returns how far the answer is from one: the largest of −λ(F), −λ(X) and |⟨X, F⟩|, in units of max|A| for F and of max|X| for X.
// +∞ says that there is none, as where B cannot lift what is negative in A, or none was found.
//
// Interior points along the central path with Nesterov and Todd's scaling, then Newton's method on X = P₊(X − F).
//
// Sources: Nesterov & Todd 1997; Qi & Sun 2006 (the derivative of P₊).
func (s *Scratch) Complement(x, a, b []float64) (residual float64) {
	m := len(a)
	clear(x)
	top, bottom := largest(a), largest(b)
	if !(top <= math.MaxFloat64) || !(bottom <= math.MaxFloat64) {
		for i := range x {
			x[i] = math.NaN()
		}
		return math.NaN()
	}
	if top == 0 {
		return 0
	}
	if m == 1 {
		switch {
		case a[0] >= 0:
		case b[0] > 0:
			x[0] = -a[0] / b[0]
		default:
			return math.Inf(1)
		}
		return 0
	}
	mark := s.used
	defer s.release(mark)
	n := int(math.Sqrt(float64(2 * m)))
	p := &complement{Scratch: s, n: n, a: s.take(m), b: s.take(m * m)}
	for i := range p.a {
		p.a[i] = a[i] / top
	}
	if p.least(p.a) >= -16*eps { // but for rounding
		return 0
	}
	if bottom == 0 {
		return math.Inf(1)
	}
	for i := range p.b {
		p.b[i] = b[i] / bottom
	}
	best := math.Inf(1)
	try := s.take(m)
	for _, size := range []float64{1, 1e3, 1e6, 1e9} { // where X is large, the path has to start from far out
		p.interior(try, size)
		p.polish(try)
		if r := p.off(try); r < best {
			best = r
			copy(x, try)
		}
		if best <= 1e-10 {
			break
		}
	}
	if !(best <= 1e-6) {
		clear(x)
		return math.Inf(1)
	}
	for i := range x {
		x[i] *= top / bottom
	}
	return best
}

// Packed returns the length of a packed symmetric n×n matrix.
func Packed(n int) int { return n * (n + 1) / 2 }

// Spread writes the n×n matrix of a packed one to full, by rows.
func Spread(full, packed []float64, n int) {
	k := 0
	for i := range n {
		for j := i; j < n; j++ {
			v := packed[k]
			if i != j {
				v *= math.Sqrt2 / 2
			}
			full[i*n+j], full[j*n+i] = v, v
			k++
		}
	}
}

// Pack is the inverse of Spread.
func Pack(packed, full []float64, n int) {
	k := 0
	for i := range n {
		for j := i; j < n; j++ {
			packed[k] = full[i*n+j]
			if i != j {
				packed[k] = (full[i*n+j] + full[j*n+i]) * (math.Sqrt2 / 2)
			}
			k++
		}
	}
}

// complement is a problem whose a and b are at most 1.
type complement struct {
	*Scratch
	n    int
	a, b []float64
}

func largest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = math.Max(top, math.Abs(v)) // NaN stays
	}
	return top
}

// eigen returns the eigenvalues of a packed matrix, largest first, and its eigenvectors as rows, in scratch.
func (p *complement) eigen(packed []float64) (val, vec []float64, ok bool) {
	n := p.n
	full, val, vec := p.take(n*n), p.take(n), p.take(n*n)
	Spread(full, packed, n)
	top := largest(full)
	if !(top <= math.MaxFloat64) {
		return val, vec, false
	}
	shift := rescale(full, top)
	ok = p.symmetric(full, val, vec)
	for i := range val {
		val[i] = math.Ldexp(val[i], shift)
	}
	return val, vec, ok
}

// least is the smallest eigenvalue of a packed matrix.
func (p *complement) least(packed []float64) float64 {
	defer p.release(p.used)
	val, _, ok := p.eigen(packed)
	if !ok {
		return math.Inf(-1)
	}
	return val[p.n-1]
}

// force is dst = A + B[x].
func (p *complement) force(dst, x []float64) {
	for i := range dst {
		dst[i] = p.a[i] + dot(p.b[i*len(x):(i+1)*len(x)], x)
	}
}

// off is how far x is from an answer.
func (p *complement) off(x []float64) float64 {
	defer p.release(p.used)
	f := p.take(len(x))
	p.force(f, x)
	size := largest(x)
	if size == 0 {
		size = 1
	}
	r := max(-p.least(f), -p.least(x)/size, math.Abs(dot(x, f))/size)
	if math.IsNaN(r) {
		return math.Inf(1)
	}
	return max(r, 0)
}

// sandwich is the m×m matrix that sends packed A to packed VAV, for a symmetric V.
func sandwich(dst, v []float64, n int) {
	weight := func(i, j int) float64 {
		if i == j {
			return 1
		}
		return math.Sqrt2
	}
	m, row := Packed(n), 0
	for i := range n {
		for j := i; j < n; j++ {
			col := 0
			for k := range n {
				for l := k; l < n; l++ {
					t := math.FMA(v[i*n+k], v[j*n+l], float64(v[i*n+l]*v[j*n+k]))
					dst[row*m+col] = float64(weight(i, j)*weight(k, l)/2) * t
					col++
				}
			}
			row++
		}
	}
}

// cholesky overwrites the lower triangle of an n×n matrix with L of LLᵀ, and reports whether it is positive definite.
func cholesky(a []float64, n int) bool {
	for j := range n {
		for i := j; i < n; i++ {
			t := a[i*n+j]
			for k := range j {
				t = math.FMA(-a[i*n+k], a[j*n+k], t)
			}
			if i == j {
				if !(t > 0) {
					return false
				}
				a[j*n+j] = math.Sqrt(t)
			} else {
				a[i*n+j] = t / a[j*n+j]
			}
		}
	}
	return true
}

// forward is x = L⁻¹x, backward x = L⁻ᵀx.
func forward(l, x []float64) {
	n := len(x)
	for i := range x {
		for k := range i {
			x[i] = math.FMA(-l[i*n+k], x[k], x[i])
		}
		x[i] /= l[i*n+i]
	}
}

func backward(l, x []float64) {
	n := len(x)
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] = math.FMA(-l[k*n+i], x[k], x[i])
		}
		x[i] /= l[i*n+i]
	}
}

// within returns the part of a step d that leaves L LᵀT + d positive definite: the matrix is given by its factor L.
func (p *complement) within(l, d []float64) float64 {
	defer p.release(p.used)
	n := p.n
	full, col := p.take(n*n), p.take(n)
	Spread(full, d, n)
	for range 2 { // L⁻¹DL⁻ᵀ, by columns and then by rows
		for j := range n {
			for i := range n {
				col[i] = full[i*n+j]
			}
			forward(l, col)
			for i := range n {
				full[i*n+j] = col[i]
			}
		}
		for i := range n {
			for j := range i {
				full[i*n+j], full[j*n+i] = full[j*n+i], full[i*n+j]
			}
		}
	}
	packed := p.take(Packed(n))
	Pack(packed, full, n)
	if low := p.least(packed); low < 0 {
		return min(1, -1/low)
	}
	return 1
}

// interior follows the central path from multiples of 1 until rounding ends it, and leaves the last X in x.
func (p *complement) interior(x []float64, start float64) {
	defer p.release(p.used)
	n, m := p.n, len(x)
	take := func(k int) []float64 { return p.take(k) }
	f, z, r, dx, dz, rhs, inverse := take(m), take(m), take(m), take(m), take(m), take(m), take(m)
	lx, lz, v, k := take(n*n), take(n*n), take(n*n), take(m*m)
	clear(x)
	for i := range n {
		x[at(i, i, n)] = start
	}
	p.force(f, x)
	copy(z, f)
	if low := p.least(f); low < start {
		for i := range n {
			z[at(i, i, n)] += start - low
		}
	}
	for range 80 {
		Spread(lx, x, n)
		Spread(lz, z, n)
		if !cholesky(lx, n) || !cholesky(lz, n) {
			return
		}
		mu := dot(x, z) / float64(n)
		p.force(f, x)
		for i := range r {
			r[i] = f[i] - z[i]
		}
		if size := largest(x); mu <= 1e-15*max(1, size) && largest(r) <= 1e-15*max(1, size) || size > 1e14 {
			return
		}
		if !p.scaling(v, inverse, lx, z) {
			return
		}
		sandwich(k, v, n)
		for i := range k {
			k[i] += p.b[i]
		}
		if !cholesky(k, m) {
			return
		}
		solve := func(target float64) (step float64) { // towards XZ = target
			for i := range rhs {
				rhs[i] = math.FMA(target, inverse[i], -z[i]) - r[i]
			}
			copy(dx, rhs)
			forward(k, dx)
			backward(k, dx)
			for i := range dz {
				dz[i] = dot(p.b[i*m:(i+1)*m], dx) + r[i]
			}
			return min(p.within(lx, dx), p.within(lz, dz))
		}
		step := solve(0)
		ahead := 0.0
		for i := range x {
			ahead = math.FMA(math.FMA(step, dx[i], x[i]), math.FMA(step, dz[i], z[i]), ahead)
		}
		part := min(1, max(0, ahead/float64(n)/mu, 1-step)) // towards the path where the way is short
		step = solve(part * part * part * mu)
		if step < 1 {
			step *= 0.98
		}
		for i := range x {
			x[i] = math.FMA(step, dx[i], x[i])
			z[i] = math.FMA(step, dz[i], z[i])
		}
	}
}

// at is where entry (i, j) with i ≤ j is packed.
func at(i, j, n int) int { return i*n - i*(i-1)/2 + j - i }

// scaling is V = W⁻¹ of Nesterov and Todd, WZW = X, and the packed X⁻¹, from X = LLᵀ: with M = LᵀZL, V = L⁻ᵀM^½L⁻¹.
func (p *complement) scaling(v, inverse, l, z []float64) bool {
	defer p.release(p.used)
	n := p.n
	m, t, root := p.take(n*n), p.take(n*n), p.take(n*n)
	Spread(t, z, n)
	for i := range n {
		for j := range n {
			sum := 0.0
			for a := i; a < n; a++ {
				for b := j; b < n; b++ {
					sum = math.FMA(float64(l[a*n+i]*l[b*n+j]), t[a*n+b], sum)
				}
			}
			m[i*n+j] = sum
		}
	}
	packed := p.take(Packed(n))
	Pack(packed, m, n)
	val, vec, ok := p.eigen(packed)
	if !ok {
		return false
	}
	// V = RRᵀ with the columns of R = L⁻ᵀ(M^¼ directions): L⁻ᵀqₖ·λₖ^¼.
	col := p.take(n)
	clear(v)
	clear(root)
	for k := range n {
		if !(val[k] > 0) {
			return false
		}
		copy(col, vec[k*n:(k+1)*n])
		backward(l, col)
		w := math.Sqrt(val[k])
		for i := range n {
			for j := range n {
				v[i*n+j] = math.FMA(float64(w*col[i]), col[j], v[i*n+j])
				root[i*n+j] = math.FMA(col[i], col[j], root[i*n+j]) // Σ L⁻ᵀqqᵀL⁻¹ = X⁻¹
			}
		}
	}
	Pack(inverse, root, n)
	return true
}

// polish takes steps of Newton's method while they lead to where X = P₊(X − F).
func (p *complement) polish(x []float64) {
	defer p.release(p.used)
	next, beyond := p.take(len(x)), p.take(len(x))
	off, ok := p.newton(next, x)
	for range 6 {
		if !ok || off == 0 {
			return
		}
		var nearer float64
		if nearer, ok = p.newton(beyond, next); !(nearer < off) {
			return
		}
		off = nearer
		copy(x, next)
		next, beyond = beyond, next
	}
}

// newton is one step of Newton's method on X = P₊(X − F) from x, and how far x is from there.
func (p *complement) newton(next, x []float64) (off float64, ok bool) {
	defer p.release(p.used)
	n, m := p.n, len(x)
	f, y := p.take(m), p.take(m)
	p.force(f, x)
	size := largest(x)
	if !(size > 0 && size <= math.MaxFloat64) {
		return math.Inf(1), false
	}
	gain := size // F in units of X, that both are of one size
	for i := range y {
		y[i] = math.FMA(-gain, f[i], x[i])
	}
	val, vec, ok := p.eigen(y)
	if !ok {
		return math.Inf(1), false
	}
	// In the eigenbasis of Y: rows are Q packed, U[c] = packed(qᵢqⱼᵀ + qⱼqᵢᵀ) an orthonormal basis.
	basis, weight := p.take(m*m), p.take(m)
	full := p.take(n * n)
	positive := func(v float64) float64 { return math.Max(v, 0) }
	for i := range n {
		for j := i; j < n; j++ {
			c := at(i, j, n)
			for a := range n {
				for b := range n {
					if i == j {
						full[a*n+b] = vec[i*n+a] * vec[i*n+b]
					} else {
						full[a*n+b] = math.FMA(vec[i*n+a], vec[j*n+b], float64(vec[j*n+a]*vec[i*n+b])) * (math.Sqrt2 / 2)
					}
				}
			}
			Pack(basis[c*m:(c+1)*m], full, n)
			switch {
			case val[i] != val[j]:
				weight[c] = (positive(val[i]) - positive(val[j])) / (val[i] - val[j])
			case val[i] > 0:
				weight[c] = 1
			default:
				weight[c] = 0
			}
		}
	}
	// In that basis G_c = ⟨U_c, X⟩ − [c diagonal] λ⁺, and the rows of the system are (1 − w)⟨U_c, ·⟩ + w·gain ⟨U_c, B·⟩.
	k, g := p.take(m*m), p.take(m)
	for i := range n {
		for j := i; j < n; j++ {
			c := at(i, j, n)
			u := basis[c*m : (c+1)*m]
			g[c] = -dot(u, x)
			if i == j {
				g[c] += positive(val[i])
			}
			for col := range m {
				t := 0.0
				for row := range m {
					t = math.FMA(u[row], p.b[row*m+col], t)
				}
				k[c*m+col] = math.FMA(1-weight[c], u[col], float64(weight[c]*gain)*t)
			}
		}
	}
	off = largest(g) / size
	if !eliminate(k, g) {
		return off, false
	}
	for i := range next {
		next[i] = x[i] + g[i]
	}
	return off, true
}

// eliminate solves ax = b by elimination with row pivots, x in place of b.
func eliminate(a, b []float64) bool {
	n := len(b)
	for c := range n {
		top := c
		for i := c + 1; i < n; i++ {
			if math.Abs(a[i*n+c]) > math.Abs(a[top*n+c]) {
				top = i
			}
		}
		if !(math.Abs(a[top*n+c]) > 0) {
			return false
		}
		if top != c {
			swap(a[c*n:(c+1)*n], a[top*n:(top+1)*n])
			b[c], b[top] = b[top], b[c]
		}
		for i := c + 1; i < n; i++ {
			t := a[i*n+c] / a[c*n+c]
			axpy(a[i*n+c:(i+1)*n], -t, a[c*n+c:(c+1)*n])
			b[i] = math.FMA(-t, b[c], b[i])
		}
	}
	for i := n - 1; i >= 0; i-- {
		b[i] = (b[i] - dot(a[i*n+i+1:(i+1)*n], b[i+1:])) / a[i*n+i]
	}
	return true
}
