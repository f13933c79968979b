package linalg

import (
	"fmt"
	"math"

	"sgdlab/lanes"
)

// Eigen fills values with the largest len(values) eigenvalues of the symmetric matrices a, shape (d, d), largest first
// (algebraically), and column j of vectors, shape (d, len(values)), with the unit eigenvector of value j; a zero View
// skips them, at a tenth of the price.
//
// Householder's reduction to tridiagonal form and implicit QL: the error of each value is a few ε‖a‖. Small eigenvalues
// of a Gram matrix are better had as squares of singular values.
func (s *Scratch) Eigen(values lanes.Pack, vectors lanes.View, a lanes.View) {
	d := a.Rows
	want := vectors.P != nil
	if a.Cols != d || want && (vectors.Rows != d || vectors.Cols != len(values)) {
		panic(fmt.Sprintf("linalg.Eigen: matrix (%d, %d), %d values, vectors (%d, %d)", d, a.Cols, len(values), vectors.Rows, vectors.Cols))
	}
	if !want {
		s.values(values, a)
		return
	}
	mark := s.used
	defer s.release(mark)
	m, val, vec := s.take(d*d), s.take(d), s.take(d*d)
	for l := range lanes.W {
		shift, ok := load(m, a, l)
		if !ok || !s.symmetric(m, val, vec) {
			fill(values, l, math.NaN())
			fillView(vectors, l, math.NaN())
			continue
		}
		for j := range values {
			if j >= d {
				values[j][l] = math.NaN()
			} else {
				values[j][l] = math.Ldexp(val[j], shift)
			}
			for i := range d {
				if j >= d {
					vectors.At(i, j)[l] = math.NaN()
				} else {
					vectors.At(i, j)[l] = vec[j*d+i]
				}
			}
		}
	}
}

// symmetric finds all eigenvalues of the symmetric d×d matrix a, which it overwrites, largest first, and unit
// eigenvectors as rows of vec. Entries are at most 1. It reports whether QL converged.
func (s *Scratch) symmetric(a, val, vec []float64) bool {
	mark := s.used
	defer s.release(mark)
	d := len(val)
	off := s.take(d)
	beta := s.take(d)
	s.tridiagonal(a, val, off, beta)
	// Rows of vec are the columns of Q = H₀H₁…, the reflections in the order of the reduction.
	clear(vec)
	for i := range d {
		vec[i*d+i] = 1
	}
	for k := d - 3; k >= 0; k-- {
		v := a[k*d+k+1 : k*d+d]
		for i := k + 1; i < d; i++ {
			row := vec[i*d+k+1 : i*d+d]
			axpy(row, -(beta[k] * dot(v, row)), v)
		}
	}
	if !ql(val, off, vec) {
		return false
	}
	descending(val, vec)
	return true
}

// descending sorts the values, largest first, and the rows of vec along with them where it is not nil.
func descending(val, vec []float64) {
	d := len(val)
	for i := range d {
		top := i
		for j := i + 1; j < d; j++ {
			if val[j] > val[top] {
				top = j
			}
		}
		if top == i {
			continue
		}
		val[i], val[top] = val[top], val[i]
		if vec != nil {
			swap(vec[i*d:i*d+d], vec[top*d:top*d+d])
		}
	}
}

// tridiagonal reduces a by reflections Hₖ = 1 − βvvᵀ, leaving v of step k below the diagonal of column k.
func (s *Scratch) tridiagonal(a, diag, off, beta []float64) {
	d := len(diag)
	w := s.take(d)
	clear(off)
	for k := 0; k < d-2; k++ {
		v := a[k*d+k+1 : k*d+d] // column k below the diagonal
		off[k], beta[k] = reflect(v)
		if beta[k] == 0 {
			continue
		}
		// w = βAv − ½β²(vᵀAv)v on the trailing block, of which only the lower triangle is kept.
		p := w[:len(v)]
		clear(p)
		for j := range v {
			col := a[(k+1+j)*d+k+1+j : (k+1+j)*d+d] // from the diagonal down
			p[j] = math.FMA(col[0], v[j], p[j])
			t := 0.0
			for i := 1; i < len(col); i++ {
				p[j+i] = math.FMA(col[i], v[j], p[j+i])
				t = math.FMA(col[i], v[j+i], t)
			}
			p[j] += t
		}
		for i := range p {
			p[i] *= beta[k]
		}
		axpy(p, -(0.5 * beta[k] * dot(p, v)), v)
		for j := range v {
			col := a[(k+1+j)*d+k+1+j : (k+1+j)*d+d]
			for i := range col {
				col[i] = math.FMA(-v[j+i], p[j], math.FMA(-p[j+i], v[j], col[i]))
			}
		}
	}
	if d > 1 {
		off[d-2] = a[(d-2)*d+d-1]
	}
	for i := range d {
		diag[i] = a[i*d+i]
	}
}

// reflect turns x into the vector v of the reflection 1 − βvvᵀ that sends x to (α, 0, …, 0); β = 0 where x is that already.
// What is left of a null space after each reflection is the rounding of what was left before: it soon has squares that
// underflow, so a tiny x is scaled up first.
func reflect(x []float64) (alpha, beta float64) {
	const tiny, up = 0x1p-400, 600
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	if top < tiny && top > 0 {
		for i := range x {
			x[i] = math.Ldexp(x[i], up)
		}
		alpha, beta = reflect(x)
		return math.Ldexp(alpha, -up), beta
	}
	tail := dot(x[1:], x[1:])
	if tail == 0 {
		return x[0], 0
	}
	alpha = -math.Copysign(math.Sqrt(math.FMA(x[0], x[0], tail)), x[0])
	x[0] -= alpha // no cancellation: the signs differ
	return alpha, 2 / math.FMA(x[0], x[0], tail)
}

// ql diagonalises the symmetric tridiagonal matrix with diagonal d and off-diagonal e, rotating the rows of vec along.
func ql(d, e, vec []float64) bool {
	const sweeps = 60 // two or three are usual
	n := len(d)
	// Off-diagonal entries below the rounding of the norm are 0, as the error of a few ε‖a‖ allows. Measured against their
	// neighbours instead, those of a large null space, which are all rounding, would not converge.
	norm := 0.0
	for i := range d {
		norm = math.Max(norm, math.Abs(d[i])+math.Abs(e[i]))
	}
	for l := range n {
		for iter := 0; ; iter++ {
			m := l
			for ; m < n-1; m++ {
				if math.Abs(e[m]) <= eps*norm {
					break
				}
			}
			if m == l {
				break
			}
			if iter == sweeps {
				return false
			}
			g := (d[l+1] - d[l]) / (2 * e[l])
			r := math.Sqrt(math.FMA(g, g, 1))
			g = d[m] - d[l] + e[l]/(g+math.Copysign(r, g))
			sin, cos, p := 1.0, 1.0, 0.0
			i := m - 1
			for ; i >= l; i-- {
				f, b := sin*e[i], cos*e[i]
				r = math.Sqrt(math.FMA(f, f, float64(g*g)))
				e[i+1] = r
				if r == 0 { // the matrix splits here
					d[i+1] -= p
					e[m] = 0
					break
				}
				sin, cos = f/r, g/r
				g = d[i+1] - p
				r = math.FMA(d[i]-g, sin, 2*float64(cos*b))
				p = float64(sin * r)
				d[i+1] = g + p
				g = math.FMA(cos, r, -b)
				if vec != nil {
					rotate(vec[i*n:i*n+n], vec[(i+1)*n:(i+1)*n+n], cos, sin)
				}
			}
			if i >= l {
				continue
			}
			d[l] -= p
			e[l] = g
			e[m] = 0
		}
	}
	return true
}
