package linalg

import (
	"fmt"
	"math"

	"sgdlab/lanes"
)

// Spectrum fills re and im with the d eigenvalues of the matrices a, shape (d, d), which need have no symmetry: largest
// modulus first, and of a conjugate pair the one with the positive imaginary part.
//
// Householder's reduction to Hessenberg form and Francis' double shifts: each value is that of a matrix within a few ε‖a‖.
// An eigenvalue with a Jordan block of size k is good to (ε‖a‖)^(1/k) only. A lane in which it does not converge gets NaN.
func (s *Scratch) Spectrum(re, im lanes.Pack, a lanes.View) {
	d := a.Rows
	if a.Cols != d || len(re) != d || len(im) != d {
		panic(fmt.Sprintf("linalg.Spectrum: matrix (%d, %d), %d real parts, %d imaginary parts", d, a.Cols, len(re), len(im)))
	}
	mark := s.used
	defer s.release(mark)
	h, x, y := s.take(d*d), s.take(d), s.take(d)
	for l := range lanes.W {
		shift, ok := load(h, a, l)
		if ok {
			s.hessenberg(h, d)
			ok = francis(h, x, y)
		}
		if !ok {
			fill(re, l, math.NaN())
			fill(im, l, math.NaN())
			continue
		}
		byModulus(x, y)
		for j := range d {
			re[j][l], im[j][l] = math.Ldexp(x[j], shift), math.Ldexp(y[j], shift)
		}
	}
}

// byModulus sorts eigenvalues by insertion: pairs stay together, and equal moduli in their order.
func byModulus(re, im []float64) {
	square := func(i int) float64 { return math.FMA(re[i], re[i], float64(im[i]*im[i])) }
	for i := 1; i < len(re); i++ {
		for j := i; j > 0 && square(j) > square(j-1); j-- {
			re[j], re[j-1] = re[j-1], re[j]
			im[j], im[j-1] = im[j-1], im[j]
		}
	}
}

// hessenberg overwrites the d×d matrix h, by columns, with an upper Hessenberg matrix of the same eigenvalues.
func (s *Scratch) hessenberg(h []float64, d int) {
	mark := s.used
	defer s.release(mark)
	w := s.take(d)
	for k := 0; k < d-2; k++ {
		v := h[k*d+k+1 : k*d+d]
		alpha, beta := reflect(v)
		if beta != 0 {
			for j := k + 1; j < d; j++ {
				col := h[j*d+k+1 : j*d+d]
				axpy(col, -(beta * dot(v, col)), v)
			}
			clear(w)
			for j, x := range v {
				axpy(w, x, h[(k+1+j)*d:(k+2+j)*d])
			}
			for j, x := range v {
				axpy(h[(k+1+j)*d:(k+2+j)*d], -(beta * x), w)
			}
		}
		clear(v)
		v[0] = alpha
	}
}

// francis finds the eigenvalues of the upper Hessenberg matrix h, by columns, which it overwrites, and reports whether it
// converged. Entries of h are at most of the order of d.
func francis(h, re, im []float64) bool {
	d := len(re)
	at := func(i, j int) *float64 { return &h[j*d+i] }
	norm := 0.0
	for _, x := range h {
		norm += math.Abs(x)
	}
	shift := 0.0
	iter := 0
	for n := d - 1; n >= 0; {
		l := n
		for ; l > 0; l-- {
			sum := math.Abs(*at(l-1, l-1)) + math.Abs(*at(l, l))
			if sum == 0 {
				sum = norm
			}
			if math.Abs(*at(l, l-1)) <= eps*sum {
				*at(l, l-1) = 0
				break
			}
		}
		if l == n {
			re[n], im[n] = *at(n, n)+shift, 0
			n--
			iter = 0
			continue
		}
		x, y, w := *at(n, n), *at(n-1, n-1), float64(*at(n, n-1)**at(n-1, n))
		if l == n-1 {
			p := (y - x) / 2
			q := math.FMA(p, p, w)
			z := math.Sqrt(math.Abs(q))
			x += shift
			if q >= 0 {
				z = p + math.Copysign(z, p)
				re[n-1], re[n] = x+z, x+z
				if z != 0 {
					re[n] = x - w/z
				}
				im[n-1], im[n] = 0, 0
			} else {
				re[n-1], re[n] = x+p, x+p
				im[n-1], im[n] = z, -z
			}
			n -= 2
			iter = 0
			continue
		}
		if iter == 100 {
			return false
		}
		if iter%10 == 9 { // an exceptional shift
			shift += x
			for i := 0; i <= n; i++ {
				*at(i, i) -= x
			}
			sum := math.Abs(*at(n, n-1)) + math.Abs(*at(n-1, n-2))
			x = float64(0.75 * sum)
			y = x
			w = -0.4375 * sum * sum
		}
		iter++
		var p, q, r float64
		m := n - 2
		for ; ; m-- { // two small subdiagonals in a row: start there
			z := *at(m, m)
			r = x - z
			sum := y - z
			p = (math.FMA(r, sum, -w))/(*at(m+1, m)) + *at(m, m+1)
			q = *at(m+1, m+1) - z - r - sum
			r = *at(m+2, m+1)
			sum = math.Abs(p) + math.Abs(q) + math.Abs(r)
			p, q, r = p/sum, q/sum, r/sum
			if m == l {
				break
			}
			if math.Abs(*at(m, m-1))*(math.Abs(q)+math.Abs(r)) <= eps*math.Abs(p)*(math.Abs(*at(m-1, m-1))+math.Abs(z)+math.Abs(*at(m+1, m+1))) {
				break
			}
		}
		for i := m + 2; i <= n; i++ {
			*at(i, i-2) = 0
			if i > m+2 {
				*at(i, i-3) = 0
			}
		}
		for k := m; k < n; k++ { // chase the bulge
			last := k == n-1
			scale := 1.0
			if k > m {
				p, q, r = *at(k, k-1), *at(k+1, k-1), 0
				if !last {
					r = *at(k+2, k-1)
				}
				scale = math.Abs(p) + math.Abs(q) + math.Abs(r)
				if scale == 0 {
					continue
				}
				p, q, r = p/scale, q/scale, r/scale
			}
			s := math.Copysign(math.Sqrt(math.FMA(p, p, math.FMA(q, q, float64(r*r)))), p)
			if s == 0 {
				continue
			}
			if k > m {
				*at(k, k-1) = -s * scale
			} else if l < m {
				*at(k, k-1) = -*at(k, k-1)
			}
			p += s
			x, y, z := p/s, q/s, r/s
			q, r = q/p, r/p
			for j := k; j <= n; j++ {
				sum := math.FMA(q, *at(k+1, j), *at(k, j))
				if !last {
					sum = math.FMA(r, *at(k+2, j), sum)
					*at(k+2, j) = math.FMA(-sum, z, *at(k+2, j))
				}
				*at(k, j) = math.FMA(-sum, x, *at(k, j))
				*at(k+1, j) = math.FMA(-sum, y, *at(k+1, j))
			}
			for i := l; i <= min(n, k+3); i++ {
				sum := math.FMA(x, *at(i, k), float64(y**at(i, k+1)))
				if !last {
					sum = math.FMA(z, *at(i, k+2), sum)
					*at(i, k+2) = math.FMA(-sum, r, *at(i, k+2))
				}
				*at(i, k) -= sum
				*at(i, k+1) = math.FMA(-sum, q, *at(i, k+1))
			}
		}
	}
	return true
}

// Solve is the x of least norm among those that come nearest to ax = b, for matrices of shape (m, n) with m ≥ n; shapes
// (m) → (n). Directions in which a, compared with its largest, is below cut are left out: x has no part in them.
//
// QR with column pivoting, and QR of the transposed triangle.
func (s *Scratch) Solve(x lanes.Pack, a lanes.View, b lanes.Pack, cut lanes.Vec) {
	m, n := a.Rows, a.Cols
	if m < n || len(x) != n || len(b) != m {
		panic(fmt.Sprintf("linalg.Solve: matrix (%d, %d), %d unknowns, %d right-hand sides", m, n, len(x), len(b)))
	}
	mark := s.used
	defer s.release(mark)
	q, head, c, z := s.take(m*n), s.take(n), s.take(m), s.take(n)
	t, head2 := s.take(n*n), s.take(n)
	perm := s.places(n)
	for l := range lanes.W {
		shift, ok := load(q, a, l)
		for i := range c {
			c[i] = b[i][l]
			ok = ok && math.Abs(c[i]) <= math.MaxFloat64
		}
		if !ok {
			fill(x, l, math.NaN())
			continue
		}
		rank := qr(q, m, n, n, head, perm) // a·P = Q₁R
		for k := range rank {
			if !(math.Abs(q[k*m+k]) > cut[l]*math.Abs(q[0])) {
				rank = k
				break
			}
		}
		applyQT(c, q, m, rank, head)
		for i := range rank { // Rᵀ = Q₂S
			col := t[i*n : i*n+n]
			clear(col)
			for j := i; j < n; j++ {
				col[j] = q[j*m+i]
			}
		}
		for k := range rank {
			house(t, n, rank, k, head2)
		}
		clear(z)
		for i := range rank { // Sᵀy = Q₁ᵀb, from the top
			z[i] = (c[i] - dot(t[i*n:i*n+i], z[:i])) / t[i*n+i]
		}
		applyQ(z, t, n, rank, head2)
		for j, p := range perm {
			x[p][l] = math.Ldexp(z[j], -shift)
		}
	}
}

// applyQT overwrites y, of length m, with Qᵀy, for the reflections that qr left in x.
func applyQT(y, x []float64, m, rank int, head []float64) {
	for k := range rank {
		mirror(y, x, m, k, head)
	}
}
