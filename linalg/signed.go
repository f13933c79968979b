package linalg

import "math"

// SignedLeast fills x with the minimum of ½xᵀGx − cᵀx over the x whose entries have the given signs or are 0; an entry of sign 0 is 0. G is
// symmetric, n×n by rows, and definite on the entries that may move: least squares have G = AᵀA, c = Aᵀb. It reports whether it got there.
//
// The active-set method of Lawson & Hanson: entries enter one by one, by the slope; where the minimum on those that are in would leave the
// cone, the path to it is followed to the wall and the entry that meets it leaves.
func (s *Scratch) SignedLeast(x, g, c, signs []float64) bool {
	n := len(c)
	defer s.release(s.used)
	a, z := s.take(n*n), s.take(n)
	in := make([]bool, n)
	barred := make([]bool, n) // entered and left at once, by rounding
	clear(x)
	floor := 1e-13 * largest(c)
	for range 10*n + 100 {
		enter, most := -1, floor
		for j, sign := range signs {
			if sign == 0 || in[j] || barred[j] {
				continue
			}
			if w := sign * (c[j] - dot(g[j*n:(j+1)*n], x)); w > most {
				enter, most = j, w
			}
		}
		if enter < 0 {
			return true
		}
		in[enter] = true
		for {
			if !restricted(z, a, g, c, in) {
				return false
			}
			part, wall := 1.0, -1
			for j := range z {
				if in[j] && !(signs[j]*z[j] > 0) {
					p := 0.0
					if x[j] != 0 {
						p = x[j] / (x[j] - z[j])
					}
					if p < part || wall < 0 {
						part, wall = p, j
					}
				}
			}
			if wall < 0 {
				copy(x, z)
				clear(barred)
				break
			}
			for j := range x {
				if in[j] {
					x[j] = math.FMA(part, z[j]-x[j], x[j])
				}
			}
			x[wall], in[wall] = 0, false
			if wall == enter {
				barred[enter] = true
			}
		}
	}
	return false
}

// restricted is the minimum z with only the entries that are in, by Cholesky in a.
func restricted(z, a, g, c []float64, in []bool) bool {
	n, k := len(c), 0
	for i := range n {
		if !in[i] {
			continue
		}
		z[k] = c[i]
		k++
	}
	row := 0
	for i := range n {
		if !in[i] {
			continue
		}
		col := 0
		for j := range n {
			if in[j] {
				a[row*k+col] = g[i*n+j]
				col++
			}
		}
		row++
	}
	if !cholesky(a[:k*k], k) {
		return false
	}
	forward(a[:k*k], z[:k])
	backward(a[:k*k], z[:k])
	for i := n - 1; i >= 0; i-- {
		if in[i] {
			k--
			z[i] = z[k]
		} else {
			z[i] = 0
		}
	}
	return true
}

// Definite solves ax = b in place of b for a symmetric positive definite a, n×n by rows, whose lower triangle it overwrites; false where a
// is not.
func Definite(a, b []float64) bool {
	if !cholesky(a, len(b)) {
		return false
	}
	forward(a, b)
	backward(a, b)
	return true
}
