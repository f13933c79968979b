package lanes

import "math"

// The plain twins of the kernels: what runs where there is no vector flavour, and the reference that every flavour must
// equal bit for bit. Lanes are written out, so that running sums stay in registers. Shapes are checked by the callers.

func matMulGo(dst, a, b *View, add bool) {
	for i := range dst.Rows {
		for j := range dst.Cols {
			d := dst.At(i, j)
			var s0, s1, s2, s3, s4, s5, s6, s7 float64
			if add {
				s0, s1, s2, s3, s4, s5, s6, s7 = d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]
			}
			ia, ib := i*a.RowStride, j*b.ColStride
			for range a.Cols {
				x, y := &a.P[ia], &b.P[ib]
				s0 = math.FMA(x[0], y[0], s0)
				s1 = math.FMA(x[1], y[1], s1)
				s2 = math.FMA(x[2], y[2], s2)
				s3 = math.FMA(x[3], y[3], s3)
				s4 = math.FMA(x[4], y[4], s4)
				s5 = math.FMA(x[5], y[5], s5)
				s6 = math.FMA(x[6], y[6], s6)
				s7 = math.FMA(x[7], y[7], s7)
				ia += a.ColStride
				ib += b.RowStride
			}
			d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7] = s0, s1, s2, s3, s4, s5, s6, s7
		}
	}
}

func sharedMulGo(dst *View, a *Mat, b *View, add bool) {
	for i := range dst.Rows {
		for j := range dst.Cols {
			d := dst.At(i, j)
			var s0, s1, s2, s3, s4, s5, s6, s7 float64
			if add {
				s0, s1, s2, s3, s4, s5, s6, s7 = d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]
			}
			ia, ib := i*a.RowStride, j*b.ColStride
			for range a.Cols {
				x, y := a.Data[ia], &b.P[ib]
				s0 = math.FMA(x, y[0], s0)
				s1 = math.FMA(x, y[1], s1)
				s2 = math.FMA(x, y[2], s2)
				s3 = math.FMA(x, y[3], s3)
				s4 = math.FMA(x, y[4], s4)
				s5 = math.FMA(x, y[5], s5)
				s6 = math.FMA(x, y[6], s6)
				s7 = math.FMA(x, y[7], s7)
				ia += a.ColStride
				ib += b.RowStride
			}
			d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7] = s0, s1, s2, s3, s4, s5, s6, s7
		}
	}
}

func addGo(dst, a, b Pack) {
	for j := range dst {
		d, x, y := &dst[j], &a[j], &b[j]
		for l := range d {
			d[l] = x[l] + y[l]
		}
	}
}

func subGo(dst, a, b Pack) {
	for j := range dst {
		d, x, y := &dst[j], &a[j], &b[j]
		for l := range d {
			d[l] = x[l] - y[l]
		}
	}
}

func mulGo(dst, a, b Pack) {
	for j := range dst {
		d, x, y := &dst[j], &a[j], &b[j]
		for l := range d {
			d[l] = x[l] * y[l]
		}
	}
}

func addMulGo(dst, a, b Pack) {
	for j := range dst {
		d, x, y := &dst[j], &a[j], &b[j]
		for l := range d {
			d[l] = math.FMA(x[l], y[l], d[l])
		}
	}
}

func scaleGo(dst Pack, s float64) {
	for j := range dst {
		d := &dst[j]
		for l := range d {
			d[l] *= s
		}
	}
}

func scaleLanesGo(dst Pack, s *Vec) {
	for j := range dst {
		d := &dst[j]
		for l := range d {
			d[l] *= s[l]
		}
	}
}

func squaresGo(dst, a, b Pack) {
	for j := range dst {
		d, x, y := &dst[j], &a[j], &b[j]
		for l := range d {
			d[l] = math.FMA(x[l], x[l], -float64(y[l]*y[l]))
		}
	}
}

func addScaledGo(dst Pack, s *Vec, a Pack, m Mask) {
	for j := range dst {
		d, x := &dst[j], &a[j]
		for l := range d {
			if m.Has(l) {
				d[l] = math.FMA(s[l], x[l], d[l])
			}
		}
	}
}

func descendAddGo(theta Pack, eta *Vec, g Pack, s *Vec, a Pack, live Mask) {
	for j := range theta {
		t, x, y := &theta[j], &g[j], &a[j]
		for l := range t {
			if live.Has(l) {
				t[l] = math.FMA(-eta[l], x[l], math.FMA(s[l], y[l], t[l]))
			}
		}
	}
}

func descendGo(theta Pack, eta *Vec, g Pack, live Mask) {
	for j := range theta {
		t, x := &theta[j], &g[j]
		if live == All {
			for l := range t {
				t[l] = math.FMA(-eta[l], x[l], t[l])
			}
			continue
		}
		for l := range t {
			if live.Has(l) {
				t[l] = math.FMA(-eta[l], x[l], t[l])
			}
		}
	}
}

func copyLanesGo(dst, src Pack, m Mask) {
	for j := range dst {
		d, s := &dst[j], &src[j]
		for l := range d {
			if m.Has(l) {
				d[l] = s[l]
			}
		}
	}
}

// quarters are the parts of a sum over rows, part i over the rows j ≡ i (mod 4): four chains of additions instead of one.
type quarters [4]Vec

func (s *quarters) total() (t Vec) {
	for l := range t {
		t[l] = (s[0][l] + s[1][l]) + (s[2][l] + s[3][l])
	}
	return t
}

func dotGo(a, b Pack) Vec {
	var s quarters
	for j := range a {
		x, y, part := &a[j], &b[j], &s[j%4]
		for l := range part {
			part[l] = math.FMA(x[l], y[l], part[l])
		}
	}
	return s.total()
}

func squaresDotGo(x, u, v Pack) Vec {
	var s quarters
	for j := range x {
		p, q, w, part := &u[j], &v[j], &x[j], &s[j%4]
		for l := range part {
			part[l] = math.FMA(w[l], math.FMA(p[l], p[l], -float64(q[l]*q[l])), part[l])
		}
	}
	return s.total()
}

func descendSquaresGo(u, v Pack, eta, c *Vec, x Pack, live Mask, bound float64) (out Mask) {
	for j := range x {
		p, q, w := &u[j], &v[j], &x[j]
		for l := range w {
			if live.Has(l) {
				g := 2 * math.FMA(w[l], c[l], 0)
				p[l] = math.FMA(-eta[l], float64(g*p[l]), p[l])
				q[l] = math.FMA(-eta[l], float64(-g*q[l]), q[l])
				if !(math.Abs(p[l]) <= bound) || !(math.Abs(q[l]) <= bound) {
					out |= 1 << l
				}
			}
		}
	}
	return out
}

func productDotGo(x, u, v Pack) Vec {
	var s quarters
	for j := range x {
		p, q, w, part := &u[j], &v[j], &x[j], &s[j%4]
		for l := range part {
			part[l] = math.FMA(w[l], float64(p[l]*q[l]), part[l])
		}
	}
	return s.total()
}

func descendProductGo(u, v Pack, eta, c *Vec, x Pack, live Mask, bound float64) (out Mask) {
	for j := range x {
		p, q, w := &u[j], &v[j], &x[j]
		for l := range w {
			if live.Has(l) {
				g := math.FMA(w[l], c[l], 0)
				du, dv := float64(g*q[l]), float64(g*p[l])
				p[l] = math.FMA(-eta[l], du, p[l])
				q[l] = math.FMA(-eta[l], dv, q[l])
				if !(math.Abs(p[l]) <= bound) || !(math.Abs(q[l]) <= bound) {
					out |= 1 << l
				}
			}
		}
	}
	return out
}

func sumGo(a Pack) Vec {
	var s quarters
	for j := range a {
		x, part := &a[j], &s[j%4]
		for l := range part {
			part[l] += x[l]
		}
	}
	return s.total()
}

func maxAbsGo(a Pack) Vec {
	var s Vec
	for j := range a {
		x := &a[j]
		for l := range s {
			if v := math.Abs(x[l]); !(v <= s[l]) { // also true where v is NaN
				if s[l] == s[l] {
					s[l] = v
				}
			}
		}
	}
	return s
}

// outside is the set of lanes in which some |aⱼ| is not at most bound.
func outsideGo(a Pack, bound float64) Mask {
	out := None
	for j := range a {
		x := &a[j]
		for l := range x {
			if !(math.Abs(x[l]) <= bound) {
				out |= 1 << l
			}
		}
	}
	return out
}

func gatherGo(dst *View, x *Mat, index [][W]int32) {
	for i := range index {
		for l, r := range index[i] {
			from := int(r) * x.RowStride
			to := i * dst.RowStride
			for range x.Cols {
				dst.P[to][l] = x.Data[from]
				from += x.ColStride
				to += dst.ColStride
			}
		}
	}
}

func subGatheredGo(dst *View, x *Mat, index [][W]int32) {
	for i := range index {
		for l, r := range index[i] {
			from := int(r) * x.RowStride
			to := i * dst.RowStride
			for range x.Cols {
				dst.P[to][l] -= x.Data[from]
				from += x.ColStride
				to += dst.ColStride
			}
		}
	}
}

// denseGo is c += a·b by rows, for so many columns side by side in b and in c.
func denseGo(c, a []float64, aRow int, b []float64, rows, inner, cols int) {
	for i := range rows {
		for k := range inner {
			x := a[i*aRow+k]
			for j := range cols {
				c[i*cols+j] = math.FMA(x, b[k*cols+j], c[i*cols+j])
			}
		}
	}
}
