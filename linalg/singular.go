package linalg

import (
	"fmt"
	"math"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// Singular fills values with the largest len(values) singular values of the matrices a, shape (m, n), largest first, and
// the columns of left, shape (m, len(values)), and right, shape (n, len(values)), with unit singular vectors: a v = σu.
// A zero View skips the vectors. A rank known in advance, such as the bottleneck of a product, is a bound that spares the
// work on what is 0: values beyond it are 0; min(m, n) where nothing is known.
//
// QR with column pivoting, QR of the transposed triangle, and one-sided Jacobi on what remains: small values are as good
// as the matrix determines them. The right vector (the left one where m < n) of a value that is 0 is 0.
//
// Source: Drmač & Veselić 2008.
func (s *Scratch) Singular(values lanes.Pack, left, right lanes.View, a lanes.View, rank int) {
	k := len(values)
	if left.P != nil && (left.Rows != a.Rows || left.Cols != k) || right.P != nil && (right.Rows != a.Cols || right.Cols != k) {
		panic(fmt.Sprintf("linalg.Singular: matrix (%d, %d), %d values, left (%d, %d), right (%d, %d)",
			a.Rows, a.Cols, k, left.Rows, left.Cols, right.Rows, right.Cols))
	}
	if a.Rows < a.Cols {
		a, left, right = a.T(), right, left
	}
	mark := s.used
	defer s.release(mark)
	m, n := a.Rows, a.Cols
	x, val := s.take(m*n), s.take(n)
	var u, v []float64
	if left.P != nil {
		u = s.take(m * n)
	}
	if right.P != nil {
		v = s.take(n * n)
	}
	for l := range lanes.W {
		shift, ok := load(x, a, l)
		if !ok || !s.singular(x, m, n, rank, val, u, v) {
			fill(values, l, math.NaN())
			fillView(left, l, math.NaN())
			fillView(right, l, math.NaN())
			continue
		}
		for j := range values {
			if j >= n {
				values[j][l] = math.NaN()
			} else {
				values[j][l] = math.Ldexp(val[j], shift)
			}
		}
		store(left, l, u, m, n)
		store(right, l, v, n, n)
	}
}

// store copies the columns of x, shape (rows, cols), to lane l of dst, and NaN to columns that x does not have.
func store(dst lanes.View, l int, x []float64, rows, cols int) {
	for j := range dst.Cols {
		for i := range dst.Rows {
			if j < cols {
				dst.At(i, j)[l] = x[j*rows+i]
			} else {
				dst.At(i, j)[l] = math.NaN()
			}
		}
	}
}

// LogDetGram returns log det aᵀa for a of shape (m, n) with m ≥ n: twice the sum of the logarithms of the diagonal of
// R in a QR decomposition, so that the determinant itself may underflow. It is −∞ where a has no full column rank.
func (s *Scratch) LogDetGram(a lanes.View) lanes.Vec {
	if a.Rows < a.Cols {
		panic(fmt.Sprintf("linalg.LogDetGram: aᵀa is singular for any a of shape (%d, %d)", a.Rows, a.Cols))
	}
	mark := s.used
	defer s.release(mark)
	m, n := a.Rows, a.Cols
	x, head, perm := s.take(m*n), s.take(n), s.places(n)
	var out lanes.Vec
	for l := range lanes.W {
		shift, ok := load(x, a, l)
		if !ok {
			out[l] = math.NaN()
			continue
		}
		if qr(x, m, n, n, head, perm) < n {
			out[l] = math.Inf(-1)
			continue
		}
		sum := 0.0
		for j := range n {
			sum += elementary.Log(math.Abs(x[j*m+j]))
		}
		out[l] = 2 * math.FMA(float64(n*shift), math.Ln2, sum)
	}
	return out
}

// qr overwrites the m×n matrix x, by columns, m ≥ n, with R on and above the diagonal and the vectors of the reflections
// below it (their first entries in head), choosing the longest remaining column at each step; perm[j] is the column of
// x that came j-th. It stops after most steps, or where nothing but 0 is left, and returns the number of steps.
func qr(x []float64, m, n, most int, head []float64, perm []int) (rank int) {
	for j := range perm {
		perm[j] = j
	}
	for k := range min(n, most) {
		best, at := 0.0, k
		for j := k; j < n; j++ {
			col := x[j*m+k : j*m+m]
			if q := dot(col, col); q > best {
				best, at = q, j
			}
		}
		if best == 0 {
			return k
		}
		if at != k {
			perm[k], perm[at] = perm[at], perm[k]
			c, d := x[k*m:k*m+m], x[at*m:at*m+m]
			for i := range c {
				c[i], d[i] = d[i], c[i]
			}
		}
		house(x, m, n, k, head)
	}
	return min(n, most)
}

// house applies one Householder step of a QR decomposition to column k and those right of it.
func house(x []float64, m, n, k int, head []float64) {
	v := x[k*m+k : k*m+m]
	alpha, beta := reflect(v)
	head[k] = v[0]
	if beta == 0 {
		head[k] = 0 // no reflection
		return
	}
	for j := k + 1; j < n; j++ {
		col := x[j*m+k : j*m+m]
		axpy(col, -(beta * dot(v, col)), v)
	}
	v[0] = alpha
}

// applyQ overwrites y, of length m, with Qy, for the reflections that qr left in x.
func applyQ(y, x []float64, m, rank int, head []float64) {
	for k := rank - 1; k >= 0; k-- {
		mirror(y, x, m, k, head)
	}
}

// mirror applies reflection k to y.
func mirror(y, x []float64, m, k int, head []float64) {
	if head[k] == 0 {
		return
	}
	tail := x[k*m+k+1 : k*m+m]
	beta := 2 / math.FMA(head[k], head[k], dot(tail, tail))
	t := beta * math.FMA(head[k], y[k], dot(tail, y[k+1:m]))
	y[k] = math.FMA(-t, head[k], y[k])
	axpy(y[k+1:m], -t, tail)
}

// singular finds the singular values val and, where u (m, n) and v (n, n) are not nil, the vectors of the m×n matrix x
// by columns, m ≥ n, which it overwrites. Entries are at most 1.
func (s *Scratch) singular(x []float64, m, n, rank int, val, u, v []float64) bool {
	mark := s.used
	defer s.release(mark)
	head := s.take(n)
	perm := s.places(n)
	r := qr(x, m, n, min(rank, n), head, perm) // x·P = Q₁R, R of shape (r, n)
	clear(val)
	clear(u)
	clear(v)
	y := s.take(n * r) // Rᵀ = Q₂S, S of shape (r, r)
	for i := range r {
		col := y[i*n : i*n+n]
		clear(col)
		for j := i; j < n; j++ {
			col[j] = x[j*m+i]
		}
	}
	head2 := s.take(r)
	for k := range r {
		house(y, n, r, k, head2)
	}
	t := s.take(r * r) // S, which Jacobi turns into S·V = UΣ; then x·P = Q₁SᵀQ₂ᵀ = Q₁V Σ (Q₂U)ᵀ
	clear(t)
	for j := range r {
		copy(t[j*r:j*r+j+1], y[j*n:j*n+j+1])
	}
	var w []float64
	if u != nil {
		w = s.take(r * r)
		clear(w)
		for i := range r {
			w[i*r+i] = 1
		}
	}
	if !jacobi(t, w, r) {
		return false
	}
	for j := range r {
		col := t[j*r : j*r+r]
		val[j] = math.Sqrt(dot(col, col))
	}
	for i := range r { // selection sort, largest first
		top := i
		for j := i + 1; j < r; j++ {
			if val[j] > val[top] {
				top = j
			}
		}
		if top != i {
			val[i], val[top] = val[top], val[i]
			swap(t[i*r:i*r+r], t[top*r:top*r+r])
			if w != nil {
				swap(w[i*r:i*r+r], w[top*r:top*r+r])
			}
		}
	}
	for j := range r {
		if u != nil {
			copy(u[j*m:], w[j*r:j*r+r])
			applyQ(u[j*m:j*m+m], x, m, r, head)
		}
		if v != nil && val[j] > 0 {
			z := s.take(n)
			clear(z)
			for i := range r {
				z[i] = t[j*r+i] / val[j]
			}
			applyQ(z, y, n, r, head2)
			for i := range n {
				v[j*n+perm[i]] = z[i]
			}
		}
	}
	return true
}

func swap(a, b []float64) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// jacobi rotates the columns of the r×r matrix t until they are orthogonal, and those of w along with them.
func jacobi(t, w []float64, r int) bool {
	const sweeps = 60 // four to eight are usual
	tol := eps * math.Sqrt(float64(r))
	for range sweeps {
		still := true
		for p := range r {
			for q := p + 1; q < r; q++ {
				x, y := t[p*r:p*r+r], t[q*r:q*r+r]
				a, b, g := 0.0, 0.0, 0.0
				for i, xi := range x {
					a = math.FMA(xi, xi, a)
					b = math.FMA(y[i], y[i], b)
					g = math.FMA(xi, y[i], g)
				}
				if math.Abs(g) <= tol*math.Sqrt(a)*math.Sqrt(b) {
					continue
				}
				still = false
				zeta := (b - a) / (2 * g)
				tan := math.Copysign(1, zeta) / (math.Abs(zeta) + math.Sqrt(math.FMA(zeta, zeta, 1)))
				cos := 1 / math.Sqrt(math.FMA(tan, tan, 1))
				rotate(x, y, cos, cos*tan)
				if w != nil {
					rotate(w[p*r:p*r+r], w[q*r:q*r+r], cos, cos*tan)
				}
			}
		}
		if still {
			return true
		}
	}
	return false
}
