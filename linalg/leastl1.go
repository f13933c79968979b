package linalg

import (
	"math"

	"sgdlab/lanes"
)

// LeastL1 fills x with a solution of least ‖x‖₁ of ax = b, and y with its certificate: for every y with │aᵀy│ ≤ 1, bᵀy is a lower
// bound on ‖x‖₁, and this one attains it. It returns (‖x‖₁ − bᵀy)/‖x‖₁, with y scaled to be such a bound: 0 but for rounding where x is
// right. It is NaN where there is no solution. Shapes (m, n), (n), (m), (m).
//
// The primal simplex method. As entries may have either sign, any basis is feasible: it starts from that of complete pivoting, without a
// first phase. Columns enter by the largest slope, after a step that does not lower the norm by Bland's rule, which cannot cycle. At its
// end x and y are computed anew from the columns of a; where rounding has spoilt the tableau, it is built anew too.
func (s *Scratch) LeastL1(x, y []float64, a lanes.Mat, b []float64) (gap float64) {
	m, n := a.Rows, a.Cols
	defer s.release(s.used)
	t := &tableau{m: m, n: n, rows: s.take(m * (n + 1)), slope: s.take(n), basis: make([]int, m)}
	for j := range x {
		x[j] = math.NaN()
	}
	t.load(a, b)
	if !t.begin() {
		return math.NaN()
	}
	for range 4 {
		t.descend()
		if gap = s.certify(x, y, a, b, t); gap <= 1e-11 {
			return gap
		}
		t.load(a, b)
		if !t.rebuild() {
			break
		}
	}
	return gap
}

// tableau is B⁻¹(a│b) by rows, B the columns of a that are in the basis, each with the sign of its entry of x: the last entries are the
// sizes of these, ≥ 0, and the column of a basic entry has its sign in its own row, and 0 elsewhere.
type tableau struct {
	m, n, rank int
	rows       []float64
	slope      []float64
	basis      []int // of each of the first rank rows
	top, size  float64
}

func (t *tableau) row(i int) []float64 { return t.rows[i*(t.n+1) : (i+1)*(t.n+1)] }

func (t *tableau) load(a lanes.Mat, b []float64) {
	t.top, t.size = 0, 0
	for i := range t.m {
		r := t.row(i)
		for j := range t.n {
			r[j] = a.At(i, j)
			t.top = max(t.top, math.Abs(r[j]))
		}
		r[t.n] = b[i]
		t.size = max(t.size, math.Abs(b[i]))
	}
}

// pivot puts column j with a sign into the basis, as that of row i.
func (t *tableau) pivot(i, j int, sign float64) {
	r := t.row(i)
	p := sign * r[j]
	for k := range r {
		r[k] /= p
	}
	r[j] = sign
	for k := range t.m {
		if k != i {
			other := t.row(k)
			axpy(other, -sign*other[j], r)
			other[j] = 0
		}
	}
	t.basis[i] = j
}

// settle gives the rows the signs that make sizes ≥ 0.
func (t *tableau) settle() {
	for i := range t.rank {
		if r := t.row(i); r[t.n] < 0 {
			for k := range r {
				r[k] = -r[k]
			}
		}
	}
}

// begin finds a basis; false where b is out of reach.
func (t *tableau) begin() bool {
	if !(t.top <= math.MaxFloat64 && t.size <= math.MaxFloat64) {
		return false
	}
	for t.rank = 0; t.rank < t.m; t.rank++ {
		top, row, col := 0.0, 0, 0
		for i := t.rank; i < t.m; i++ {
			for j, v := range t.row(i)[:t.n] {
				if math.Abs(v) > top {
					top, row, col = math.Abs(v), i, j
				}
			}
		}
		if !(top > 1e-12*t.top) {
			break
		}
		swap(t.row(t.rank), t.row(row))
		t.pivot(t.rank, col, 1)
	}
	for i := t.rank; i < t.m; i++ {
		if !(math.Abs(t.row(i)[t.n]) <= 1e-10*t.size) {
			return false
		}
	}
	t.settle()
	return true
}

// rebuild brings the basis that stands into a fresh tableau.
func (t *tableau) rebuild() bool {
	for k, j := range append([]int(nil), t.basis[:t.rank]...) {
		row := k
		for i := k; i < t.m; i++ {
			if math.Abs(t.row(i)[j]) > math.Abs(t.row(row)[j]) {
				row = i
			}
		}
		if !(math.Abs(t.row(row)[j]) > 0) {
			return false
		}
		swap(t.row(k), t.row(row))
		t.pivot(k, j, 1)
	}
	t.settle()
	return true
}

// descend goes from basis to basis until no column lowers the norm.
func (t *tableau) descend() {
	stalled := false
	for range 200 * (t.m + t.n) {
		// Column j with a sign lowers the norm by sign·slope − 1 per unit.
		clear(t.slope)
		for i := range t.rank {
			axpy(t.slope, 1, t.row(i)[:t.n])
		}
		enter, most := -1, 1+1e-11
		for j, c := range t.slope {
			if math.Abs(c) > most {
				enter, most = j, math.Abs(c)
				if stalled {
					break
				}
			}
		}
		if enter < 0 {
			return
		}
		sign := math.Copysign(1, t.slope[enter])
		leave, least := -1, math.Inf(1)
		for i := range t.rank {
			v := sign * t.row(i)[enter]
			if !(v > 1e-11) {
				continue
			}
			if q := t.row(i)[t.n] / v; q < least || q == least && t.basis[i] < t.basis[leave] {
				leave, least = i, q
			}
		}
		if leave < 0 {
			return
		}
		t.pivot(leave, enter, sign)
		for i := range t.rank {
			if r := t.row(i); r[t.n] < 1e-14*t.size/t.top { // rounding, of either sign
				r[t.n] = 0
			}
		}
		stalled = least == 0
	}
}

// certify computes x and y from the columns of a in the basis, B = QR, and returns the gap.
func (s *Scratch) certify(x, y []float64, a lanes.Mat, b []float64, t *tableau) float64 {
	defer s.release(s.used)
	m, k := t.m, t.rank
	q, head, c, z := s.take(m*k), s.take(k), s.take(m), s.take(m)
	perm := make([]int, k)
	for j, from := range t.basis[:k] {
		for i := range m {
			q[j*m+i] = a.At(i, from)
		}
	}
	if qr(q, m, k, k, head, perm) < k {
		return math.NaN()
	}
	copy(c, b)
	applyQT(c, q, m, k, head)
	for i := k - 1; i >= 0; i-- {
		for j := i + 1; j < k; j++ {
			c[i] = math.FMA(-q[j*m+i], c[j], c[i])
		}
		c[i] /= q[i*m+i]
	}
	clear(x)
	clear(z)
	norm := 0.0
	for i, p := range perm {
		x[t.basis[p]] = c[i]
		norm += math.Abs(c[i])
		z[i] = (t.row(p)[t.basis[p]] - dot(q[i*m:i*m+i], z[:i])) / q[i*m+i]
	}
	copy(y, z)
	applyQ(y, q, m, k, head)
	steepest := 1.0
	for j := range a.Cols {
		slope := 0.0
		for i := range m {
			slope = math.FMA(a.At(i, j), y[i], slope)
		}
		steepest = max(steepest, math.Abs(slope))
	}
	for i := range y {
		y[i] /= steepest
	}
	if norm == 0 {
		return 0
	}
	return (norm - dot(b, y)) / norm
}
