package data

import (
	"cmp"
	"math"
	"slices"

	"sgdlab/lanes"
)

// The factorisations that building a set needs. They are written here, and not taken from a library, because what they
// return is part of every result: each product that feeds a sum is a fused multiply-add in a stated order, so that a set
// and its modes have the same bits on every CPU.

const eps = 0x1p-52

// column returns column j of a matrix stored by columns.
func column(a lanes.Mat, j int) []float64 { return a.Data[j*a.ColStride : j*a.ColStride+a.Rows] }

// byColumns copies a matrix into storage by columns.
func byColumns(m lanes.Mat) lanes.Mat {
	c := lanes.NewMat(m.Cols, m.Rows).T()
	for i := range m.Rows {
		for j := range m.Cols {
			c.Set(i, j, m.At(i, j))
		}
	}
	return c
}

func dot(x, y []float64) float64 {
	s := 0.0
	for i := range x {
		s = math.FMA(x[i], y[i], s)
	}
	return s
}

func axpy(y []float64, a float64, x []float64) {
	for i := range y {
		y[i] = math.FMA(a, x[i], y[i])
	}
}

// orthonormalise turns the columns of a, of which there are at most as many as rows, into an orthonormal set with the
// same flag of spans, by Gram–Schmidt done twice, so that QᵀQ = I to rounding. The diagonal of R is positive; the Q of a
// Gaussian matrix is therefore Haar distributed.
func orthonormalise(a lanes.Mat) {
	for j := range a.Cols {
		x := column(a, j)
		for range 2 {
			for i := range j {
				q := column(a, i)
				axpy(x, -dot(q, x), q)
			}
		}
		norm := math.Sqrt(dot(x, x))
		for i := range x {
			x[i] /= norm
		}
	}
}

// orthogonal is the complete orthogonal decomposition X = Q T Zᵀ: Q (n, r) and Z (d, r) have orthonormal columns, T (r, r)
// is upper triangular and r is the numerical rank of X.
type orthogonal struct {
	q, t, z lanes.Mat
	rank    int
}

// decompose factors x. Columns are pivoted; the rank counts the pivots above max(n, d)·ε times the first.
func decompose(x lanes.Mat) orthogonal {
	n, d := x.Rows, x.Cols
	a := byColumns(x)
	perm := make([]int, d)
	for j := range perm {
		perm[j] = j
	}
	k := min(n, d)
	q := lanes.NewMat(k, n).T()
	r := lanes.NewMat(k, d)
	tol, rank := 0.0, 0
	for s := range k {
		// The column with the largest remainder is next; remainders are summed anew, so that they do not drift.
		best, norm := s, -1.0
		for j := s; j < d; j++ {
			if c := column(a, j); dot(c, c) > norm {
				best, norm = j, dot(c, c)
			}
		}
		if norm = math.Sqrt(norm); s == 0 {
			tol = float64(max(n, d)) * eps * norm
		}
		if norm <= tol {
			break
		}
		if best != s {
			x, y := column(a, s), column(a, best)
			for i := range x {
				x[i], y[i] = y[i], x[i]
			}
			for i := range s {
				u, v := r.At(i, s), r.At(i, best)
				r.Set(i, s, v)
				r.Set(i, best, u)
			}
			perm[s], perm[best] = perm[best], perm[s]
		}
		v := column(q, s)
		copy(v, column(a, s))
		for range 2 { // what rounding left along the earlier directions
			for i := range s {
				u := column(q, i)
				c := dot(u, v)
				axpy(v, -c, u)
				r.Set(i, s, r.At(i, s)+c)
			}
		}
		norm = math.Sqrt(dot(v, v))
		for i := range v {
			v[i] /= norm
		}
		r.Set(s, s, norm)
		for j := s + 1; j < d; j++ {
			c := column(a, j)
			p := dot(v, c)
			axpy(c, -p, v)
			r.Set(s, j, p)
		}
		rank++
	}
	q.Cols = rank
	// X = Q R Πᵀ with R (r, d); Rᵀ = Z Tᵀ by Gram–Schmidt turns it to X = Q T (ΠZ)ᵀ.
	rt := byColumns(lanes.Mat{Rows: d, Cols: rank, RowStride: 1, ColStride: d, Data: r.Data})
	z := lanes.NewMat(rank, d).T()
	t := lanes.NewMat(rank, rank)
	if rank == d { // no null space: Z is Π and T is R
		for i := range rank {
			for j := range d {
				t.Set(i, j, r.At(i, j))
			}
			z.Set(perm[i], i, 1)
		}
		return orthogonal{q: q, t: t, z: z, rank: rank}
	}
	for j := rank - 1; j >= 0; j-- { // from the shortest row up, so that T is upper triangular
		x := column(rt, j)
		for range 2 {
			for i := rank - 1; i > j; i-- {
				u := column(rt, i)
				c := dot(u, x)
				axpy(x, -c, u)
				t.Set(j, i, t.At(j, i)+c)
			}
		}
		norm := math.Sqrt(dot(x, x))
		t.Set(j, j, norm)
		for i := range x {
			x[i] /= norm
		}
	}
	for j := range rank {
		for i := range d {
			z.Set(perm[i], j, rt.At(i, j))
		}
	}
	return orthogonal{q: q, t: t, z: z, rank: rank}
}

// pinv returns X⁺b = Z T⁻¹ Qᵀb for b given as c = Qᵀb, shape (r, k).
func (o *orthogonal) pinv(c lanes.Mat) lanes.Mat {
	y := c.Clone()
	for j := range y.Cols {
		for i := o.rank - 1; i >= 0; i-- {
			s := y.At(i, j)
			for l := i + 1; l < o.rank; l++ {
				s = math.FMA(-o.t.At(i, l), y.At(l, j), s)
			}
			y.Set(i, j, s/o.t.At(i, i))
		}
	}
	return lanes.MulMat(o.z, y)
}

// SVD returns the singular value decomposition a = U diag(s) Vᵀ, s largest first, by one-sided Jacobi rotations: U is
// (rows, r), V is (cols, r) and r the numerical rank. The largest entry of each column of U is positive. Every singular
// value is accurate to rounding times the largest. A matrix with NaN has rank 0.
func SVD(a lanes.Mat) (u lanes.Mat, s []float64, v lanes.Mat) {
	if a.Rows < a.Cols {
		v, s, u = svd(a.T())
	} else {
		u, s, v = svd(a)
	}
	for j := range s {
		top := 0.0
		for i := range u.Rows {
			if x := u.At(i, j); math.Abs(x) > math.Abs(top) {
				top = x
			}
		}
		if top < 0 {
			for i := range u.Rows {
				u.Set(i, j, -u.At(i, j))
			}
			for i := range v.Rows {
				v.Set(i, j, -v.At(i, j))
			}
		}
	}
	return u, s, v
}

// svd is SVD for a matrix with at least as many rows as columns.
func svd(m lanes.Mat) (lanes.Mat, []float64, lanes.Mat) {
	n := m.Cols
	a := byColumns(m)
	w := lanes.NewMat(n, n).T()
	for j := range n {
		w.Set(j, j, 1)
	}
	for range 60 { // a sweep more than squares what is left; ten are many
		turned := false
		for p := range n {
			for q := p + 1; q < n; q++ {
				x, y := column(a, p), column(a, q)
				alpha, beta, gamma := dot(x, x), dot(y, y), dot(x, y)
				if !(math.Abs(gamma) > eps*math.Sqrt(alpha)*math.Sqrt(beta)) { // also where there is NaN
					continue
				}
				turned = true
				zeta := (beta - alpha) / (2 * gamma)
				t := 1 / (math.Abs(zeta) + math.Sqrt(math.FMA(zeta, zeta, 1))) // tan of the angle that makes x and y orthogonal
				if zeta < 0 {
					t = -t
				}
				cos := 1 / math.Sqrt(math.FMA(t, t, 1))
				rotate(x, y, cos, cos*t)
				rotate(column(w, p), column(w, q), cos, cos*t)
			}
		}
		if !turned {
			break
		}
	}
	norms := make([]float64, n)
	order := make([]int, n)
	for j := range n {
		norms[j], order[j] = math.Sqrt(dot(column(a, j), column(a, j))), j
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(norms[j], norms[i]) })
	rank := 0
	if slices.ContainsFunc(norms, math.IsNaN) {
		order = nil
	}
	for rank < len(order) && norms[order[rank]] > float64(m.Rows)*eps*norms[order[0]] {
		rank++
	}
	u, s, v := lanes.NewMat(m.Rows, rank), make([]float64, rank), lanes.NewMat(n, rank)
	for k, j := range order[:rank] {
		s[k] = norms[j]
		for i := range m.Rows {
			u.Set(i, k, a.At(i, j)/s[k])
		}
		for i := range n {
			v.Set(i, k, w.At(i, j))
		}
	}
	return u, s, v
}

// rotate is (x, y) ← (cos x − sin y, sin x + cos y).
func rotate(x, y []float64, cos, sin float64) {
	for i := range x {
		p, q := x[i], y[i]
		x[i] = math.FMA(cos, p, -float64(sin*q))
		y[i] = math.FMA(sin, p, float64(cos*q))
	}
}
