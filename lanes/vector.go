//go:build amd64 && !purego

package lanes

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go -C ../internal/asm run ./lanes -out ../../lanes/kernels_amd64.s -stubs ../../lanes/kernels_amd64.go -pkg lanes

// Which kernels this processor runs; tests switch them off one by one.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL
)

// inside reports whether a matrix lies within n entries. Other matrices are left to the plain twins, whose bounds checks find the entry
// at fault.
func inside(n, extent int) bool { return extent > 0 && extent <= n }

func (v *View) inside() bool { return inside(len(v.P), v.extent()) }

func (m *Mat) inside() bool {
	return inside(len(m.Data), extent(m.Rows, m.Cols, m.RowStride, m.ColStride))
}

// flag is 1 for true.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *Product) run(idle Mask, dst, a, b Pack, add int) {
	switch {
	case !hasAVX2 || !inside(len(dst), p.dst) || !inside(len(a), p.a) || !inside(len(b), p.b):
		p.plain(dst, a, b, add)
	case idle != None && p.few(idle):
		p.byLane(idle, dst, a, b, add)
	case p.panels:
		p.vector(dst, &a[0][0], b, add)
	default:
		p.multiply(&dst[0][0], &a[0][0], &b[0][0], add)
	}
}

// whole is run for all lanes.
func (p *Product) whole(dst, a, b Pack, add int) {
	if !hasAVX2 || !inside(len(dst), p.dst) || !inside(len(a), p.a) || !inside(len(b), p.b) {
		p.plain(dst, a, b, add)
		return
	}
	p.vector(dst, &a[0][0], b, add)
}

func (p *Product) runShared(dst Pack, a []float64, b Pack, add int) {
	if !hasAVX2 || !inside(len(dst), p.dst) || !inside(len(a), p.a) || !inside(len(b), p.b) {
		p.plainShared(dst, a, b, add)
		return
	}
	p.vector(dst, &a[0], b, add)
}

// vector is the product of operands whose lengths are right. With panels, one part of b after the other is copied to be contiguous. An
// entry of dst goes on from one part to the next where it was left, so the order of its sum is the same.
func (p *Product) vector(dst Pack, a *float64, b Pack, add int) {
	if !p.panels {
		p.multiply(&dst[0][0], a, &b[0][0], add)
		return
	}
	size := uintptr(8) // of an entry of a
	if !p.shared {
		size *= W
	}
	var panel [panelRows * panelCols]Vec
	part := *p
	for j := 0; j < p.cols; j += panelCols {
		part.cols = min(panelCols, p.cols-j)
		part.bRow, part.bCol = part.cols, 1
		for from := 0; from < p.inner; from += panelRows {
			part.inner = min(panelRows, p.inner-from)
			for k := range part.inner {
				at := (from+k)*p.bRow + j*p.bCol
				for c := range part.cols {
					panel[k*part.cols+c] = b[at+c*p.bCol]
				}
			}
			part.multiply(&dst[j*p.dCol][0], (*float64)(unsafe.Add(unsafe.Pointer(a), uintptr(from*p.aCol)*size)), &panel[0][0], add|flag(from > 0))
		}
	}
}

// multiply calls the kernel.
func (p *Product) multiply(dst, a, b *float64, add int) {
	switch {
	case hasAVX512 && p.shared:
		sharedMulAVX512(dst, p.dRow, p.dCol, a, p.aRow, p.aCol, b, p.bRow, p.bCol, p.rows, p.inner, p.cols, add)
	case hasAVX512:
		matMulAVX512(dst, p.dRow, p.dCol, a, p.aRow, p.aCol, b, p.bRow, p.bCol, p.rows, p.inner, p.cols, add)
	case p.shared:
		sharedMulAVX2(dst, p.dRow, p.dCol, a, p.aRow, p.aCol, b, p.bRow, p.bCol, p.rows, p.inner, p.cols, add)
	default:
		matMulAVX2(dst, p.dRow, p.dCol, a, p.aRow, p.aCol, b, p.bRow, p.bCol, p.rows, p.inner, p.cols, add)
	}
}

func add(dst, a, b Pack) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		addAVX512(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	case hasAVX2:
		addAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	default:
		addGo(dst, a, b)
	}
}

func sub(dst, a, b Pack) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		subAVX512(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	case hasAVX2:
		subAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	default:
		subGo(dst, a, b)
	}
}

func mul(dst, a, b Pack) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		mulAVX512(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	case hasAVX2:
		mulAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	default:
		mulGo(dst, a, b)
	}
}

func addMul(dst, a, b Pack) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		addMulAVX512(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	case hasAVX2:
		addMulAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	default:
		addMulGo(dst, a, b)
	}
}

func squares(dst, a, b Pack) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		squaresAVX512(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	case hasAVX2:
		squaresAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
	default:
		squaresGo(dst, a, b)
	}
}

func scale(dst Pack, s float64) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		scaleAVX512(&dst[0][0], s, len(dst))
	case hasAVX2:
		scaleAVX2(&dst[0][0], s, len(dst))
	default:
		scaleGo(dst, s)
	}
}

func scaleLanes(dst Pack, s *Vec) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		scaleLanesAVX512(&dst[0][0], &s[0], len(dst))
	case hasAVX2:
		scaleLanesAVX2(&dst[0][0], &s[0], len(dst))
	default:
		scaleLanesGo(dst, s)
	}
}

func addScaled(dst Pack, s *Vec, a Pack, m Mask) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		addScaledAVX512(&dst[0][0], &s[0], &a[0][0], len(dst), uint64(m))
	case hasAVX2:
		addScaledAVX2(&dst[0][0], &s[0], &a[0][0], len(dst), uint64(m))
	default:
		addScaledGo(dst, s, a, m)
	}
}

func descend(dst Pack, s *Vec, a Pack, m Mask) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		descendAVX512(&dst[0][0], &s[0], &a[0][0], len(dst), uint64(m))
	case hasAVX2:
		descendAVX2(&dst[0][0], &s[0], &a[0][0], len(dst), uint64(m))
	default:
		descendGo(dst, s, a, m)
	}
}

func descendAdd(dst Pack, s *Vec, a Pack, t *Vec, b Pack, m Mask) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		descendAddAVX512(&dst[0][0], &s[0], &a[0][0], &t[0], &b[0][0], len(dst), uint64(m))
	case hasAVX2:
		descendAddAVX2(&dst[0][0], &s[0], &a[0][0], &t[0], &b[0][0], len(dst), uint64(m))
	default:
		descendAddGo(dst, s, a, t, b, m)
	}
}

func copyLanes(dst, src Pack, m Mask) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		copyLanesAVX512(&dst[0][0], &src[0][0], len(dst), uint64(m))
	case hasAVX2:
		copyLanesAVX2(&dst[0][0], &src[0][0], len(dst), uint64(m))
	default:
		copyLanesGo(dst, src, m)
	}
}

func dot(a, b Pack) (s Vec) {
	switch {
	case len(a) == 0:
	case hasAVX512:
		dotAVX512(&s[0], &a[0][0], &b[0][0], len(a))
	case hasAVX2:
		dotAVX2(&s[0], &a[0][0], &b[0][0], len(a))
	default:
		s = dotGo(a, b)
	}
	return s
}

func squaresDot(x, u, v Pack) (s Vec) {
	switch {
	case len(x) == 0:
	case hasAVX512:
		squaresDotAVX512(&s[0], &x[0][0], &u[0][0], &v[0][0], len(x))
	case hasAVX2:
		squaresDotAVX2(&s[0], &x[0][0], &u[0][0], &v[0][0], len(x))
	default:
		s = squaresDotGo(x, u, v)
	}
	return s
}

func descendSquares(u, v Pack, eta, c *Vec, x Pack, live Mask, bound float64) Mask {
	switch {
	case len(x) == 0:
		return None
	case hasAVX512:
		return Mask(descendSquaresAVX512(&u[0][0], &v[0][0], &eta[0], &c[0], &x[0][0], len(x), uint64(live), bound))
	case hasAVX2:
		return Mask(descendSquaresAVX2(&u[0][0], &v[0][0], &eta[0], &c[0], &x[0][0], len(x), uint64(live), bound))
	}
	return descendSquaresGo(u, v, eta, c, x, live, bound)
}

func productDot(x, u, v Pack) (s Vec) {
	switch {
	case len(x) == 0:
	case hasAVX512:
		productDotAVX512(&s[0], &x[0][0], &u[0][0], &v[0][0], len(x))
	case hasAVX2:
		productDotAVX2(&s[0], &x[0][0], &u[0][0], &v[0][0], len(x))
	default:
		s = productDotGo(x, u, v)
	}
	return s
}

func descendProduct(u, v Pack, eta, c *Vec, x Pack, live Mask, bound float64) Mask {
	switch {
	case len(x) == 0:
		return None
	case hasAVX512:
		return Mask(descendProductAVX512(&u[0][0], &v[0][0], &eta[0], &c[0], &x[0][0], len(x), uint64(live), bound))
	case hasAVX2:
		return Mask(descendProductAVX2(&u[0][0], &v[0][0], &eta[0], &c[0], &x[0][0], len(x), uint64(live), bound))
	}
	return descendProductGo(u, v, eta, c, x, live, bound)
}

func sum(a Pack) (s Vec) {
	switch {
	case len(a) == 0:
	case hasAVX512:
		sumAVX512(&s[0], &a[0][0], len(a))
	case hasAVX2:
		sumAVX2(&s[0], &a[0][0], len(a))
	default:
		s = sumGo(a)
	}
	return s
}

func maxAbs(a Pack) (s Vec) {
	switch {
	case len(a) == 0:
	case hasAVX512:
		maxAbsAVX512(&s[0], &a[0][0], len(a))
	case hasAVX2:
		maxAbsAVX2(&s[0], &a[0][0], len(a))
	default:
		s = maxAbsGo(a)
	}
	return s
}

func outside(a Pack, bound float64) Mask {
	switch {
	case len(a) == 0:
		return None
	case hasAVX512:
		return Mask(outsideAVX512(&a[0][0], len(a), bound))
	case hasAVX2:
		return Mask(outsideAVX2(&a[0][0], len(a), bound))
	}
	return outsideGo(a, bound)
}

func gather(dst *View, x *Mat, index [][W]int32) {
	switch {
	case !hasAVX2 || !dst.inside() || !x.inside():
	case hasAVX512 && x.ColStride == 1:
		if gatherAVX512(&dst.P[0][0], dst.RowStride, dst.ColStride, &x.Data[0], x.RowStride, &index[0][0], dst.Rows, dst.Cols, x.Rows) {
			return
		}
	case below(index, x.Rows):
		gatherAVX2(&dst.P[0][0], dst.RowStride, dst.ColStride, &x.Data[0], x.RowStride, x.ColStride, &index[0][0], dst.Rows, dst.Cols)
		return
	}
	gatherGo(dst, x, index) // whose bounds checks find the entry at fault
}

func subGathered(dst *View, x *Mat, index [][W]int32) {
	switch {
	case !hasAVX2 || !dst.inside() || !x.inside():
	case hasAVX512 && x.ColStride == 1:
		if below(index, x.Rows) { // before anything is changed
			gatherLessAVX512(&dst.P[0][0], dst.RowStride, dst.ColStride, &x.Data[0], x.RowStride, &index[0][0], dst.Rows, dst.Cols, x.Rows)
			return
		}
	case below(index, x.Rows):
		gatherLessAVX2(&dst.P[0][0], dst.RowStride, dst.ColStride, &x.Data[0], x.RowStride, x.ColStride, &index[0][0], dst.Rows, dst.Cols)
		return
	}
	subGatheredGo(dst, x, index) // whose bounds checks find the entry at fault
}

// below reports whether all indices are in 0…n−1.
func below(index [][W]int32, n int) bool {
	for i := range index {
		for _, r := range &index[i] {
			if uint(r) >= uint(n) {
				return false
			}
		}
	}
	return true
}

// panelWidth is the number of columns of a panel of b, for products of one lane; 0 where there is no kernel.
func panelWidth() int {
	switch {
	case hasAVX512:
		return 24
	case hasAVX2:
		return 12
	}
	return 0
}

// densePanel is c += a·b for a panel of b.
func densePanel(c, a []float64, aRow int, b []float64, rows, inner int) {
	if hasAVX512 {
		denseAVX512(&c[0], &a[0], aRow, &b[0], rows, inner)
	} else {
		denseAVX2(&c[0], &a[0], aRow, &b[0], rows, inner)
	}
}
