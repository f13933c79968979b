package linalg

import (
	"fmt"
	"math"

	"sgdlab/lanes"
)

// Root is a square root of a covariance: the rows of dst, shape (d, d), satisfy dstᵀ·dst = a for the positive
// semidefinite matrices a, shape (d, d), and those beyond the rank are 0. Cholesky with diagonal pivoting, which leaves
// out what is below d·ε of the largest diagonal entry.
func (s *Scratch) Root(dst, a lanes.View) {
	d := a.Rows
	if a.Cols != d || dst.Rows != d || dst.Cols != d {
		panic(fmt.Sprintf("linalg.Root: (%d, %d) from (%d, %d)", dst.Rows, dst.Cols, d, a.Cols))
	}
	mark := s.used
	defer s.release(mark)
	m, row := s.take(d*d), s.take(d)
	for l := range lanes.W {
		shift, ok := load(m, a, l)
		if !ok {
			fillView(dst, l, math.NaN())
			continue
		}
		if shift%2 != 0 { // the root is scaled by half the shift
			shift++
			for i := range m {
				m[i] /= 2
			}
		}
		floor := 0.0
		for i := range d {
			floor = max(floor, float64(d)*eps*m[i*d+i])
		}
		for k := range d {
			p := 0
			for i := range d {
				if m[i*d+i] > m[p*d+p] {
					p = i
				}
			}
			pivot := m[p*d+p]
			if !(pivot > floor) {
				for ; k < d; k++ {
					for j := range d {
						dst.At(k, j)[l] = 0
					}
				}
				break
			}
			r := math.Sqrt(pivot)
			for j := range d {
				row[j] = m[p*d+j] / r
				dst.At(k, j)[l] = math.Ldexp(row[j], shift/2)
			}
			for i := range d {
				axpy(m[i*d:i*d+d], -row[i], row)
			}
			for j := range d { // exactly 0 from now on
				m[p*d+j], m[j*d+p] = 0, 0
			}
		}
	}
}
