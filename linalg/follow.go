package linalg

import (
	"math"

	"sgdlab/lanes"
)

const (
	// Followed is the most eigenpairs that Follow finds.
	Followed = 5
	// Blocks is how many blocks of W vectors its basis has at most.
	Blocks = 4
)

// history is how many times the eigenvectors of k pairs are kept, of the W columns that there are but for one vector beyond them and one residual.
func history(k int) int { return min(4, (lanes.W-2)/k) }

// Follow is Top for one operator after the other, each near the one before: values and residuals as of Top, of at most Followed pairs. Of h,
// which belongs to one replica, lanes are directions: it multiplies W vectors at once. kept, shape (dim) with columns in its lanes, holds what the last
// call left, or 0. It reports whether every residual is within the tolerance, or within rounding of ‖H‖.
//
// By the Rayleigh–Ritz method on the vectors of the last times, whose span holds what would be extrapolated from them, also along an orbit of period
// two; and then on blocks of residuals (block Davidson, thick restarts) until the residuals are small. Where the operator changes smoothly one or two
// blocks are enough. dim is at least W·Blocks.
//
// Vectors beyond those asked for and a residual are kept too. Nothing else ties it to a larger eigenvalue: one that comes up from
// far below is seen when the residuals reach into its direction, and not before.
//
// Source: after Davidson 1975, without a preconditioner.
func (s *Scratch) Follow(values, residuals []float64, kept lanes.Pack, h Operator, search Search, ws *lanes.Arena) bool {
	mark := ws.Mark()
	defer ws.Release(mark)
	defer s.release(s.used)
	dim, k := len(kept), len(values)
	f := follow{Scratch: s, ws: ws, dim: dim}
	for b := range f.v {
		f.v[b], f.w[b] = ws.Pack(dim), ws.Pack(dim)
	}
	x, hx, r, old := ws.Pack(dim), ws.Pack(dim), ws.Pack(dim), ws.Pack(dim)
	lanes.Copy(old, kept)
	lanes.Copy(f.v[0], kept)
	f.ladder(f.v[0], k)
	limit := search.Products
	if limit == 0 {
		limit = 500
	}
	add := f.v[0]
	norm := 0.0
	for products := 0; ; {
		f.orthonormalise(add, f.blocks)
		multiply(h, f.w[f.blocks], f.v[f.blocks], ws)
		f.blocks++
		products += lanes.W
		m := f.blocks * lanes.W
		val, vec := s.take(m), s.take(m*m)
		if !f.ritz(val, vec) {
			for i := range values {
				values[i], residuals[i] = math.NaN(), math.NaN()
			}
			lanes.Zero(kept)
			return false
		}
		norm = max(norm, math.Abs(val[0]), math.Abs(val[m-1]))
		f.combine(x, f.v[:], vec, m, 0)
		f.combine(hx, f.w[:], vec, m, 0)
		var minus lanes.Vec
		for i := range minus {
			minus[i] = -val[i]
		}
		lanes.Copy(r, hx)
		lanes.AddScaled(r, minus, x)
		size := root(lanes.Dot(r, r))
		good := true
		for i := range values {
			values[i], residuals[i] = val[i], size[i]
			if size[i] > 0 {
				residuals[i] = size[i] / math.Abs(val[i])
			}
			good = good && (residuals[i] <= search.Tolerance || size[i] <= exactFloor*norm)
		}
		if good || products >= limit {
			f.keep(kept, x, old, r, size, k)
			return good
		}
		if f.blocks == Blocks { // keep the best two blocks
			y, hy := ws.Pack(dim), ws.Pack(dim)
			f.combine(y, f.v[:], vec, m, lanes.W)
			f.combine(hy, f.w[:], vec, m, lanes.W)
			lanes.Copy(f.v[0], x)
			lanes.Copy(f.w[0], hx)
			lanes.Copy(f.v[1], y)
			lanes.Copy(f.w[1], hy)
			f.blocks = 2
		}
		add = f.v[f.blocks]
		lanes.Copy(add, r)
	}
}

// follow is the basis of a search, in blocks of W columns.
type follow struct {
	*Scratch
	ws     *lanes.Arena
	dim    int
	blocks int
	v, w   [Blocks]lanes.Pack // V and HV
	seed   uint64
}

// orthonormalise makes the columns of v orthonormal, and orthogonal to the first so many blocks. What is no direction of its own becomes a
// random one.
func (f *follow) orthonormalise(v lanes.Pack, blocks int) {
	defer f.ws.Release(f.ws.Mark())
	defer f.release(f.used)
	c, g, out := f.ws.Pack(lanes.W), f.ws.Pack(lanes.W), f.ws.Pack(f.dim)
	a, val, vec := f.take(lanes.W*lanes.W), f.take(lanes.W), f.take(lanes.W*lanes.W)
	for clean := 0; clean < 2; { // twice is enough, of columns that are directions of their own
		f.unit(v)
		for b := range blocks {
			lanes.SharedMul(lanes.ByRows(c, lanes.W, 1), lanes.Columns(f.v[b]).T(), lanes.ByRows(v, f.dim, 1))
			for j := range c {
				for l := range c[j] {
					c[j][l] = -c[j][l]
				}
			}
			lanes.SharedMulAdd(lanes.ByRows(v, f.dim, 1), lanes.Columns(f.v[b]), lanes.ByRows(c, lanes.W, 1))
		}
		lanes.SharedMul(lanes.ByRows(g, lanes.W, 1), lanes.Columns(v).T(), lanes.ByRows(v, f.dim, 1))
		for i := range lanes.W {
			for j := range lanes.W {
				a[i*lanes.W+j] = 0.5*g[i][j] + 0.5*g[j][i]
			}
		}
		shift := rescale(a, largest(a))
		if !f.symmetric(a, val, vec) {
			return // NaN, which the products will show
		}
		// V ← VU/√Λ; columns of tiny Λ are random.
		coefficients := f.ws.Pack(lanes.W)
		for i := range lanes.W {
			for j := range lanes.W {
				if val[j] > 1e-12*val[0] {
					coefficients[i][j] = vec[j*lanes.W+i] / math.Sqrt(math.Ldexp(val[j], shift))
				} else {
					coefficients[i][j] = 0
				}
			}
		}
		lanes.SharedMul(lanes.ByRows(out, f.dim, 1), lanes.Columns(v), lanes.ByRows(coefficients, lanes.W, 1))
		lanes.Copy(v, out)
		clean++
		for j := range lanes.W {
			if !(val[j] > 1e-12*val[0]) {
				f.random(v, j)
				clean = 0
			}
		}
	}
}

// unit makes columns unit vectors, and random ones of columns of 0.
func (f *follow) unit(v lanes.Pack) {
	top := lanes.MaxAbs(v)
	for j := range lanes.W {
		if !(top[j] > 0) {
			if !math.IsNaN(top[j]) {
				f.random(v, j)
			}
			top[j] = 1
		}
		top[j] = 1 / top[j]
	}
	lanes.ScaleLanes(v, top) // squares must not underflow
	r := root(lanes.Dot(v, v))
	for j := range r {
		r[j] = 1 / r[j]
	}
	lanes.ScaleLanes(v, r)
}

// random fills a column with fixed pseudo-random numbers, others at each call.
func (f *follow) random(v lanes.Pack, j int) {
	f.seed++
	for i := range v {
		v[i][j] = noise(f.seed*0x632be59bd9b4e019 + uint64(i))
	}
}

// ritz finds the eigenvalues of VᵀHV, largest first, and its eigenvectors as rows of vec.
func (f *follow) ritz(val, vec []float64) bool {
	defer f.ws.Release(f.ws.Mark())
	defer f.release(f.used)
	m := len(val)
	t, block := f.take(m*m), f.ws.Pack(lanes.W)
	for a := range f.blocks {
		for b := range f.blocks {
			lanes.SharedMul(lanes.ByRows(block, lanes.W, 1), lanes.Columns(f.v[a]).T(), lanes.ByRows(f.w[b], f.dim, 1))
			for i := range lanes.W {
				for j := range lanes.W {
					t[(a*lanes.W+i)*m+b*lanes.W+j] = block[i][j]
				}
			}
		}
	}
	for i := range m {
		for j := range i {
			x := 0.5*t[i*m+j] + 0.5*t[j*m+i]
			t[i*m+j], t[j*m+i] = x, x
		}
	}
	top := largest(t)
	if !(top < math.Inf(1)) {
		return false
	}
	shift := 0
	if top > 0 {
		shift = rescale(t, top)
	}
	if !f.symmetric(t, val, vec) {
		return false
	}
	for i := range val {
		val[i] = math.Ldexp(val[i], shift)
	}
	return true
}

// combine is dst = ΣᵦVᵦYᵦ, whose column j is the Ritz vector first + j.
func (f *follow) combine(dst lanes.Pack, v []lanes.Pack, vec []float64, m, first int) {
	defer f.ws.Release(f.ws.Mark())
	y := f.ws.Pack(lanes.W)
	for b := range f.blocks {
		for i := range lanes.W {
			for j := range lanes.W {
				y[i][j] = vec[(first+j)*m+b*lanes.W+i]
			}
		}
		if b == 0 {
			lanes.SharedMul(lanes.ByRows(dst, f.dim, 1), lanes.Columns(v[b]), lanes.ByRows(y, lanes.W, 1))
		} else {
			lanes.SharedMulAdd(lanes.ByRows(dst, f.dim, 1), lanes.Columns(v[b]), lanes.ByRows(y, lanes.W, 1))
		}
	}
}

// keep fills kept with the k vectors of this time and those of times before, with vectors beyond, and with the residual of the first of these.
func (f *follow) keep(kept, x, old, r lanes.Pack, size lanes.Vec, k int) {
	scale := 0.0
	if size[k] > 0 {
		scale = 1 / size[k]
	}
	past := history(k) * k
	for i := range kept {
		copy(kept[i][:k], x[i][:k])
		copy(kept[i][k:past], old[i][:past-k])
		copy(kept[i][past:lanes.W-1], x[i][k:])
		kept[i][lanes.W-1] = scale * r[i][k]
	}
}

// ladder replaces the vectors of earlier times, which are nearly those of later ones, by unit vectors along what they have beside these: what their
// differences would lose to rounding if all were made orthogonal at once.
func (f *follow) ladder(v lanes.Pack, k int) {
	past := history(k) * k
	for c := k; c < past; c++ {
		for range 2 {
			for b := c % k; b < c; b += k {
				dot, square := 0.0, 0.0
				for i := range v {
					dot = math.FMA(v[i][b], v[i][c], dot)
					square = math.FMA(v[i][b], v[i][b], square)
				}
				if square == 0 {
					continue
				}
				for i := range v {
					v[i][c] = math.FMA(-dot/square, v[i][b], v[i][c])
				}
			}
		}
		square := 0.0
		for i := range v {
			square = math.FMA(v[i][c], v[i][c], square)
		}
		scale := 0.0 // what is left of rounding is no direction
		if square > 0x1p-90 {
			scale = 1 / math.Sqrt(square)
		}
		for i := range v {
			v[i][c] *= scale
		}
	}
}

// Orthonormalise makes the columns of v, its lanes, orthonormal with the same span; what is no direction of its own becomes a pseudo-random one.
func (s *Scratch) Orthonormalise(v lanes.Pack, ws *lanes.Arena) {
	f := follow{Scratch: s, ws: ws, dim: len(v)}
	f.orthonormalise(v, 0)
}
