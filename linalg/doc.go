// Package linalg is small dense linear algebra on packs: eigenvalues of symmetric and of general matrices, singular values, log
// determinants, least squares, square roots of covariances, and the top eigenpairs of an operator that is only known by
// its products.
//
// The interfaces are packs and views (one matrix in each lane). Inside, an algorithm that pivots or iterates until it has
// converged runs lane by lane on contiguous copies: a lane that holds NaN costs nothing, and none waits for the slowest.
// Reductions by reflections, whose steps are the same whatever the numbers, and the products of an operator, which are the
// caller's, move all lanes at once; there a lane that has converged is stored and no longer read. What one lane holds never
// touches the bits of another.
//
// Every matrix is scaled by a power of two first, so that neither squares nor determinants over- or underflow; entries
// below 10⁻¹⁵⁰ of the largest count as 0. A lane that holds NaN or ±∞ gets NaN, and no loop here is without a bound.
// Matrices are read, not written. Where a matrix has fewer values than were asked for, those that do not exist are NaN.
//
// All steps are IEEE operations with explicit fused multiply-adds, in a fixed order: the same bits on every CPU. That is
// why the logarithm and the exponential are here too: those of the standard library differ between CPUs.
//
// What belongs here: linear algebra that knows matrices and operators. What does not: models, data and their modes (package
// data factors the matrices that sets are made of), random numbers, and
// products of matrices (package lanes).
package linalg

import (
	"math"

	"sgdlab/lanes"
)

const eps = 0x1p-52

// Scratch is the memory of the algorithms. The zero Scratch is ready; it serves one worker.
type Scratch struct {
	slab  []float64
	used  int
	order []int
	packs lanes.Arena
}

// places returns n integers, valid until the next call.
func (s *Scratch) places(n int) []int {
	if n > len(s.order) {
		s.order = make([]int, n)
	}
	return s.order[:n]
}

// take returns n numbers, not cleared, valid until release.
func (s *Scratch) take(n int) []float64 {
	if s.used+n > len(s.slab) {
		s.slab = make([]float64, max(2*len(s.slab), s.used+n, 256)) // older slices keep the old slab alive
	}
	x := s.slab[s.used : s.used+n : s.used+n]
	s.used += n
	return x
}

func (s *Scratch) release(mark int) { s.used = mark }

// load copies lane l of a to dst by columns, scaled by 2^−shift so that the largest entry is in [½, 1); ok is false where
// an entry is not finite. A zero matrix has shift 0.
func load(dst []float64, a lanes.View, l int) (shift int, ok bool) {
	top := 0.0
	for j := range a.Cols {
		for i := range a.Rows {
			x := a.At(i, j)[l]
			if !(math.Abs(x) <= math.MaxFloat64) {
				return 0, false
			}
			top = max(top, math.Abs(x))
			dst[j*a.Rows+i] = x
		}
	}
	return rescale(dst[:a.Rows*a.Cols], top), true
}

func rescale(x []float64, top float64) (shift int) {
	if top == 0 {
		return 0
	}
	_, shift = math.Frexp(top)
	if shift == 0 {
		return 0
	}
	for i := range x {
		x[i] = math.Ldexp(x[i], -shift)
	}
	return shift
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, x := range a {
		s = math.FMA(x, b[i], s)
	}
	return s
}

// axpy is y += s·x.
func axpy(y []float64, s float64, x []float64) {
	for i := range y {
		y[i] = math.FMA(s, x[i], y[i])
	}
}

// rotate is (x, y) ← (cx − sy, sx + cy).
func rotate(x, y []float64, c, s float64) {
	for i, a := range x {
		b := y[i]
		x[i] = math.FMA(c, a, float64(-s*b))
		y[i] = math.FMA(s, a, float64(c*b))
	}
}

func fill(p lanes.Pack, l int, x float64) {
	for i := range p {
		p[i][l] = x
	}
}

func fillView(v lanes.View, l int, x float64) {
	for i := range v.Rows {
		for j := range v.Cols {
			v.At(i, j)[l] = x
		}
	}
}
