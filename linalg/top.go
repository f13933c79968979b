package linalg

import (
	"fmt"
	"math"

	"sgdlab/lanes"
)

// Operator is dst = Hv for a symmetric H of each lane; shapes (d) → (d).
type Operator func(dst, v lanes.Pack)

// Search says how far Top looks.
type Search struct {
	Tolerance float64 // of the residual ‖Hv − λv‖/|λ|
	Products  int     // at most this many products with H for each eigenpair; 0: 500
}

const (
	dense      = 32 // up to this dimension H is formed by one product per coordinate: no search, all pairs at once
	basisSize  = 64 // of the Krylov space; it restarts from its best vectors when full
	basisKept  = 16
	exactFloor = 64 * eps // residuals below this part of ‖H‖ are rounding
)

// Top fills values with the largest len(values) eigenvalues of H, largest first (algebraically: a −5 is below a −1),
// residuals with ‖Hv − λv‖/|λ| (0 where Hv = λv to the last bit), and the columns of vectors, shape (dim, len(values)),
// with unit eigenvectors; a zero View skips these. It returns the lanes in which every residual is within the
// tolerance, or within rounding of ‖H‖. A residual of r means that some eigenvalue lies within r|λ|.
//
// Beyond 32 dimensions: Lanczos with full reorthogonalisation and thick restarts, one pair after the other, those found
// being projected out, so that every copy of a multiple eigenvalue is found. The start vectors are fixed pseudo-random
// numbers: a point whose Hessian has a symmetry has no reason to be orthogonal to them. A lane whose pair has converged
// keeps it while the others go on.
//
// Source: Wu & Simon 2000 (thick restart).
func (s *Scratch) Top(values, residuals lanes.Pack, vectors lanes.View, h Operator, dim int, search Search, ws *lanes.Arena) lanes.Mask {
	k := len(values)
	if len(residuals) != k || vectors.P != nil && (vectors.Rows != dim || vectors.Cols != k) {
		panic(fmt.Sprintf("linalg.Top: %d values, %d residuals, vectors (%d, %d) in %d dimensions", k, len(residuals), vectors.Rows, vectors.Cols, dim))
	}
	mark := ws.Mark()
	defer ws.Release(mark)
	n := min(k, dim)
	found := ws.Pack(n * dim) // eigenvectors as rows
	norm := s.search(found, h, n, dim, search, ws)

	// The values are Rayleigh quotients and the residuals are measured on the vectors found, not inferred.
	hv := ws.Pack(dim)
	for j := range n {
		v := found[j*dim : (j+1)*dim]
		multiply(h, hv, v, ws)
		values[j] = lanes.Dot(v, hv)
		lanes.AddScaled(hv, negated(values[j]), v)
		residuals[j] = root(lanes.Dot(hv, hv))
	}
	reached := lanes.All
	for l := range lanes.W {
		for i := range n { // selection sort: pairs come in this order but for rounding and for what did not converge
			top := i
			for j := i + 1; j < n; j++ {
				if values[j][l] > values[top][l] {
					top = j
				}
			}
			if top == i {
				continue
			}
			values[i][l], values[top][l] = values[top][l], values[i][l]
			residuals[i][l], residuals[top][l] = residuals[top][l], residuals[i][l]
			for c := range dim {
				a, b := &found[i*dim+c], &found[top*dim+c]
				a[l], b[l] = b[l], a[l]
			}
		}
		for j := range n {
			r, lambda := residuals[j][l], math.Abs(values[j][l])
			if r > 0 {
				residuals[j][l] = r / lambda
			}
			if !(residuals[j][l] <= search.Tolerance || r <= exactFloor*norm[l]) {
				reached = reached.Without(l)
			}
		}
	}
	for j := n; j < k; j++ {
		values[j], residuals[j] = lanes.Splat(math.NaN()), lanes.Splat(math.NaN())
	}
	if vectors.P != nil {
		for i := range dim {
			for j := range k {
				if j < n {
					*vectors.At(i, j) = found[j*dim+i]
				} else {
					*vectors.At(i, j) = lanes.Splat(math.NaN())
				}
			}
		}
	}
	return reached
}

// Form fills a, shape (d, d), with H by one product per coordinate, and makes it symmetric to the last bit.
func Form(a lanes.View, h Operator, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d := a.Rows
	e, he := ws.Zeroed(d), ws.Pack(d)
	for j := range d {
		e[j] = lanes.Splat(1)
		multiply(h, he, e, ws)
		e[j] = lanes.Vec{}
		for i := range d {
			*a.At(j, i) = he[i]
		}
	}
	for i := range d {
		for j := range i {
			x, y := a.At(i, j), a.At(j, i)
			for l := range x {
				x[l] = 0.5*x[l] + 0.5*y[l] // the products are exact
			}
			*y = *x
		}
	}
}

func multiply(h Operator, dst, v lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	h(dst, v)
	ws.Release(mark)
}

// search fills the rows of found, shape (n, dim), with unit eigenvectors of the n largest eigenvalues, or the best that
// the products allowed, and returns a lower bound of ‖H‖.
func (s *Scratch) search(found lanes.Pack, h Operator, n, dim int, search Search, ws *lanes.Arena) (norm lanes.Vec) {
	if dim <= dense {
		a := lanes.ByRows(ws.Pack(dim*dim), dim, dim)
		Form(a, h, ws)
		s.Eigen(ws.Pack(n), lanes.ByRows(found, n, dim).T(), a)
		return lanes.MaxAbs(a.P)
	}
	size := min(basisSize, dim)
	l := lanczos{
		Scratch: s, h: h, dim: dim, tol: search.Tolerance, limit: search.Products,
		basis: ws.Pack(size * dim), t: ws.Pack(size * size), w: ws.Pack(dim), row: ws.Pack(size),
	}
	if l.limit == 0 {
		l.limit = 500
	}
	for p := range n {
		l.pair(found[:p*dim], found[p*dim:(p+1)*dim], &norm, ws)
	}
	return norm
}

// lanczos is the search for one eigenpair after the other.
type lanczos struct {
	*Scratch
	h          Operator
	dim, limit int
	tol        float64
	basis      lanes.Pack // rows v₀, v₁, … of dim coordinates
	t          lanes.Pack // VᵀHV, with rows as long as the basis may be
	w, row     lanes.Pack
}

// pair puts into y the eigenvector of the largest eigenvalue on the complement of the vectors in locked.
func (z *lanczos) pair(locked, y lanes.Pack, norm *lanes.Vec, ws *lanes.Arena) {
	dim, stride, complement := z.dim, len(z.row), z.dim-len(locked)/z.dim
	m := min(stride, complement)
	z.start(locked, uint64(len(locked)))
	lanes.Zero(z.t)
	done := lanes.None
	for j, products := 0, 0; ; {
		multiply(z.h, z.w, z.basis[j*dim:(j+1)*dim], ws)
		products++
		for range 2 { // twice is enough (Kahan & Parlett)
			project(z.w, locked, nil, dim)
			project(z.w, z.basis[:(j+1)*dim], z.row, dim)
			for i := range j + 1 {
				a, b := &z.t[i*stride+j], &z.t[j*stride+i]
				for l := range a {
					a[l] += z.row[i][l]
				}
				*b = *a
			}
		}
		beta := root(lanes.Dot(z.w, z.w))
		j++
		full := j == m
		last := products >= z.limit || j == complement
		if full || last || j <= 8 || j%4 == 0 {
			for l := range lanes.W {
				if !done.Has(l) && z.check(j, l, beta[l], y, norm, last, full) {
					done = done.With(l)
				}
			}
			if done == lanes.All {
				return
			}
		}
		if full {
			j = min(basisKept, m-1)
		}
		v := z.basis[j*dim : (j+1)*dim]
		for l, b := range beta {
			if b > 0 {
				beta[l] = 1 / b
			}
		}
		lanes.Copy(v, z.w)
		lanes.ScaleLanes(v, beta)
	}
}

// start sets v₀ to a unit vector of fixed pseudo-random numbers (SplitMix64) orthogonal to those in locked.
func (z *lanczos) start(locked lanes.Pack, seed uint64) {
	v := z.basis[:z.dim]
	for i := range v {
		v[i] = lanes.Splat(noise(seed + uint64(i)))
	}
	for range 2 {
		project(v, locked, nil, z.dim)
		r := root(lanes.Dot(v, v))
		for l := range r {
			r[l] = 1 / r[l]
		}
		lanes.ScaleLanes(v, r)
	}
}

// noise is a pseudo-random number from −1 to 1 (SplitMix64).
func noise(n uint64) float64 {
	x := (n + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64(int64(x^x>>31)) * 0x1p-63
}

// check looks at the projected matrix of lane l after j products. Where its top pair has converged, or this is the last
// chance, it forms the vector y and reports that the lane is done; a full basis of another lane restarts.
func (z *lanczos) check(j, l int, beta float64, y lanes.Pack, norm *lanes.Vec, last, full bool) bool {
	mark := z.used
	defer z.release(mark)
	t, val, vec := z.take(j*j), z.take(j), z.take(j*j)
	stride := len(z.row)
	shift, ok := load(t, lanes.View{P: z.t, Rows: j, Cols: j, RowStride: stride, ColStride: 1}, l)
	if !ok || !z.symmetric(t, val, vec) {
		fill(y, l, math.NaN())
		norm[l] = math.NaN()
		return true
	}
	for i := range val {
		val[i] = math.Ldexp(val[i], shift)
	}
	norm[l] = max(norm[l], math.Abs(val[0]), math.Abs(val[j-1]))
	residual := beta * math.Abs(vec[j-1])
	if last || residual <= 0.5*z.tol*math.Abs(val[0]) || residual <= exactFloor/4*norm[l] {
		z.combine(y, vec[:j], l)
		return true
	}
	if full {
		z.restart(j, l, val, vec)
	}
	return false
}

// combine sets lane l of y to the unit vector along Σ cᵢvᵢ.
func (z *lanczos) combine(y lanes.Pack, c []float64, l int) {
	sum := 0.0
	for k := range y {
		x := 0.0
		for i, ci := range c {
			x = math.FMA(ci, z.basis[i*z.dim+k][l], x)
		}
		y[k][l] = x
		sum = math.FMA(x, x, sum)
	}
	r := math.Sqrt(sum)
	for k := range y {
		y[k][l] /= r
	}
}

// restart shrinks the basis of lane l to its best vectors. Their coupling to the next one comes out of the next product.
func (z *lanczos) restart(m, l int, val, vec []float64) {
	kept, stride := min(basisKept, m-1), len(z.row)
	best := z.take(kept)
	for k := range z.dim {
		for i := range best {
			x := 0.0
			for q := range m {
				x = math.FMA(vec[i*m+q], z.basis[q*z.dim+k][l], x)
			}
			best[i] = x
		}
		for i, x := range best {
			z.basis[i*z.dim+k][l] = x
		}
	}
	for i := range m {
		for q := range m {
			z.t[i*stride+q][l] = 0
		}
	}
	for i := range kept {
		z.t[i*stride+i][l] = val[i]
	}
}

// project takes the components along the orthonormal rows of v, of length dim, off w; row receives them where not nil.
func project(w, v, row lanes.Pack, dim int) {
	for i := range len(v) / dim {
		u := v[i*dim : (i+1)*dim]
		c := lanes.Dot(u, w)
		lanes.AddScaled(w, negated(c), u)
		if row != nil {
			row[i] = c
		}
	}
}

func negated(v lanes.Vec) lanes.Vec {
	for l := range v {
		v[l] = -v[l]
	}
	return v
}

func root(v lanes.Vec) lanes.Vec {
	for l := range v {
		v[l] = math.Sqrt(v[l])
	}
	return v
}
