package linalg

import (
	"fmt"
	"math"

	"sgdlab/lanes"
)

// Householder's reductions have the same steps whatever the numbers, so all lanes take them at once, in the kernels of
// package lanes.

// prepared copies a by rows into scratch packs, scaled in each lane by 2^−shift so that the largest entry is in [½, 1), and
// returns the lanes that are finite.
func (s *Scratch) prepared(a lanes.View) (x lanes.Pack, shift [lanes.W]int, good lanes.Mask) {
	x = s.packs.Pack(a.Rows * a.Cols)
	at := 0
	for i := range a.Rows {
		for p, j := i*a.RowStride, 0; j < a.Cols; p, j = p+a.ColStride, j+1 {
			x[at] = a.P[p]
			at++
		}
	}
	good = lanes.Within(x, math.MaxFloat64)
	for l, top := range lanes.MaxAbs(x) {
		if good.Has(l) && top > 0 {
			_, shift[l] = math.Frexp(top)
		}
	}
	shifted(x, shift, -1)
	return x, shift, good
}

// shifted scales each lane by 2^(sign·shift), in two steps, since 2^1074 is no number.
func shifted(x lanes.Pack, shift [lanes.W]int, sign int) {
	if shift == [lanes.W]int{} {
		return
	}
	var half, rest lanes.Vec
	for l, e := range shift {
		half[l], rest[l] = math.Ldexp(1, sign*(e/2)), math.Ldexp(1, sign*(e-e/2))
	}
	lanes.ScaleLanes(x, half)
	lanes.ScaleLanes(x, rest)
}

// reflectLanes is reflect in each lane.
func reflectLanes(x lanes.Pack) (alpha, beta lanes.Vec) {
	const tiny, up = 0x1p-400, 600
	var shift [lanes.W]int
	for l, top := range lanes.MaxAbs(x) {
		if top < tiny && top > 0 {
			shift[l] = up
		}
	}
	shifted(x, shift, 1)
	tail := lanes.Dot(x[1:], x[1:])
	for l, t := range tail {
		head := x[0][l]
		if t == 0 {
			alpha[l] = head
		} else {
			alpha[l] = -math.Copysign(math.Sqrt(math.FMA(head, head, t)), head)
			x[0][l] = head - alpha[l] // no cancellation: the signs differ
			beta[l] = 2 / math.FMA(x[0][l], x[0][l], t)
		}
		alpha[l] = math.Ldexp(alpha[l], -shift[l])
	}
	return alpha, beta
}

// tridiagonalLanes reduces the symmetric matrices a, (d, d) by rows, which it overwrites, to tridiagonal ones by reflections
// 1 − βvvᵀ.
func (s *Scratch) tridiagonalLanes(a, diag, off lanes.Pack) {
	defer s.packs.Release(s.packs.Mark())
	d := len(diag)
	lanes.Zero(off)
	both := s.packs.Pack(4 * d)
	for k := 0; k < d-2; k++ {
		n := d - k - 1
		v := a[k*d+k+1 : k*d+d] // row k right of the diagonal
		alpha, beta := reflectLanes(v)
		off[k] = alpha
		block := lanes.View{P: a[(k+1)*d+k+1:], Rows: n, Cols: n, RowStride: d, ColStride: 1}
		// p = βAv − ½β²(vᵀAv)v, A ← A − vpᵀ − pvᵀ as one product of (−v, −p) with (p, v).
		left, right := both[:2*n], both[2*n:4*n]
		p := right[:n]
		lanes.MatMul(lanes.ByRows(p, n, 1), block, lanes.ByRows(v, n, 1))
		lanes.ScaleLanes(p, beta)
		half := lanes.Dot(p, v)
		for l := range half {
			half[l] *= -0.5 * beta[l]
		}
		lanes.AddScaled(p, half, v)
		copy(right[n:], v)
		copy(left[:n], v)
		copy(left[n:], p)
		lanes.Scale(left, -1)
		lanes.MatMulAdd(block, lanes.ByRows(left, 2, n).T(), lanes.ByRows(right, 2, n))
	}
	if d > 1 {
		off[d-2] = a[(d-2)*d+d-1]
	}
	for i := range d {
		diag[i] = a[i*d+i]
	}
}

// values is Eigen without vectors.
func (s *Scratch) values(values lanes.Pack, a lanes.View) {
	defer s.packs.Release(s.packs.Mark())
	defer s.release(s.used)
	d := a.Rows
	x, shift, good := s.prepared(a)
	diag, off := s.packs.Pack(d), s.packs.Pack(d)
	s.tridiagonalLanes(x, diag, off)
	val, e := s.take(d), s.take(d)
	for l := range lanes.W {
		diag.Lane(val, l)
		off.Lane(e, l)
		if !good.Has(l) || !ql(val, e, nil) {
			fill(values, l, math.NaN())
			continue
		}
		descending(val, nil)
		for j := range values {
			if j >= d {
				values[j][l] = math.NaN()
			} else {
				values[j][l] = math.Ldexp(val[j], shift[l])
			}
		}
	}
}

// CountAbove counts the eigenvalues of the symmetric matrices a, shape (d, d), that are above max(part·λ, floor), with λ the
// largest of them, known here to a millionth: eigenvalues that close to the bound, or within a few ε‖a‖, may be on either
// side. It takes a third of the time of Eigen's values. A lane that is not finite gets NaN.
//
// By the signs of the pivots of LDLᵀ − x (Sylvester's law of inertia) and bisection for λ, all lanes at once.
//
// Source: Golub & Van Loan 2013, §8.4.
func (s *Scratch) CountAbove(a lanes.View, part float64, floor lanes.Vec) lanes.Vec {
	defer s.packs.Release(s.packs.Mark())
	d := a.Rows
	x, shift, good := s.prepared(a)
	diag, square := s.packs.Pack(d), s.packs.Pack(d)
	s.tridiagonalLanes(x, diag, square)
	low := lanes.Splat(math.Inf(-1)) // λ is no smaller than a diagonal entry, nor beyond every Gershgorin circle
	high := low
	for i := range d {
		for l := range lanes.W {
			r := math.Abs(square[i][l])
			if i > 0 {
				r += math.Abs(square[i-1][l])
			}
			low[l], high[l] = max(low[l], diag[i][l]), max(high[l], diag[i][l]+r)
		}
	}
	lanes.Mul(square, square, square)
	for range 60 { // twenty are usual: ‖a‖ is below 1 by a few powers of two
		var middle lanes.Vec
		near := true
		for l := range middle {
			width := high[l] - low[l]
			middle[l] = low[l] + 0.5*width // the product is exact
			near = near && !(width > 0x1p-20*math.Abs(high[l]))
		}
		if near {
			break
		}
		for l, n := range above(diag, square, middle) {
			if n > 0 {
				low[l] = middle[l]
			} else {
				high[l] = middle[l]
			}
		}
	}
	var bound lanes.Vec
	for l := range bound {
		bound[l] = math.Ldexp(max(part*math.Ldexp(high[l], shift[l]), floor[l]), -shift[l])
	}
	count := above(diag, square, bound)
	for l := range count {
		if !good.Has(l) || math.IsNaN(bound[l]) {
			count[l] = math.NaN()
		}
	}
	return count
}

// above counts the eigenvalues above x of tridiagonal matrices with these diagonals and squares of off-diagonal entries, of
// size about 1.
func above(diag, square lanes.Pack, x lanes.Vec) (count lanes.Vec) {
	const least = 0x1p-1000 // of a pivot: below it the sign is that of rounding
	q := lanes.Splat(1)
	var e lanes.Vec
	for i := range diag {
		d := &diag[i]
		for l := range q {
			p := d[l] - x[l] - e[l]/q[l]
			if math.Abs(p) < least {
				p = -least
			}
			if p > 0 {
				count[l]++
			}
			q[l] = p
		}
		e = square[i]
	}
	return count
}

// Triangle is R of a QR decomposition: RᵀR = aᵀa in each lane, for a of shape (m, n) and R of shape (n, n), upper triangular,
// with rows of 0 beyond m. Unlike a root of the product aᵀa it has the small singular values of a to rounding.
func (s *Scratch) Triangle(dst, a lanes.View) {
	m, n := a.Rows, a.Cols
	if dst.Rows != n || dst.Cols != n {
		panic(fmt.Sprintf("linalg.Triangle: (%d, %d) from (%d, %d)", dst.Rows, dst.Cols, m, n))
	}
	defer s.packs.Release(s.packs.Mark())
	x, shift, good := s.prepared(a.T()) // columns are contiguous
	c := s.packs.Pack(n)
	for k := range min(m, n) {
		rows, cols := m-k, n-k-1
		v := x[k*m+k : k*m+m]
		alpha, beta := reflectLanes(v)
		if cols > 0 {
			block := lanes.View{P: x[(k+1)*m+k:], Rows: rows, Cols: cols, RowStride: 1, ColStride: m}
			along := c[:cols]
			lanes.MatMul(lanes.ByRows(along, 1, cols), lanes.ByRows(v, 1, rows), block)
			for l := range beta {
				beta[l] = -beta[l]
			}
			lanes.ScaleLanes(along, beta)
			lanes.MatMulAdd(block, lanes.ByRows(v, rows, 1), lanes.ByRows(along, 1, cols))
		}
		v[0] = alpha
	}
	shifted(x, shift, 1)
	for i := range n {
		for j := range n {
			if to := dst.At(i, j); i < m && j >= i {
				*to = x[j*m+i]
			} else {
				*to = lanes.Vec{}
			}
		}
	}
	for l := range lanes.W {
		if !good.Has(l) {
			fillView(dst, l, math.NaN())
		}
	}
}
