package lanes

import "math"

// The plain twins of the kernels: what runs where there is no vector flavour, and the reference that every flavour must
// equal bit for bit. Lanes are written out, so that running sums stay in registers. Shapes are checked by the callers.

func matMulGo(dst, a, b View, add bool) {
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

func sharedMulGo(dst View, a Mat, b View, add bool) {
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

func scaleLanesGo(dst Pack, s Vec) {
	for j := range dst {
		d := &dst[j]
		for l := range d {
			d[l] *= s[l]
		}
	}
}

func addScaledGo(dst Pack, s Vec, a Pack) {
	for j := range dst {
		d, x := &dst[j], &a[j]
		for l := range d {
			d[l] = math.FMA(s[l], x[l], d[l])
		}
	}
}

func descendGo(theta Pack, eta Vec, g Pack, live Mask) {
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

func dotGo(a, b Pack) Vec {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for j := range a {
		x, y := &a[j], &b[j]
		s0 = math.FMA(x[0], y[0], s0)
		s1 = math.FMA(x[1], y[1], s1)
		s2 = math.FMA(x[2], y[2], s2)
		s3 = math.FMA(x[3], y[3], s3)
		s4 = math.FMA(x[4], y[4], s4)
		s5 = math.FMA(x[5], y[5], s5)
		s6 = math.FMA(x[6], y[6], s6)
		s7 = math.FMA(x[7], y[7], s7)
	}
	return Vec{s0, s1, s2, s3, s4, s5, s6, s7}
}

func sumGo(a Pack) Vec {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for j := range a {
		x := &a[j]
		s0 += x[0]
		s1 += x[1]
		s2 += x[2]
		s3 += x[3]
		s4 += x[4]
		s5 += x[5]
		s6 += x[6]
		s7 += x[7]
	}
	return Vec{s0, s1, s2, s3, s4, s5, s6, s7}
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

func gatherGo(dst View, x Mat, index [][W]int32) {
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
