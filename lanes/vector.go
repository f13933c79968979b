//go:build amd64 && !purego

package lanes

import "golang.org/x/sys/cpu"

//go:generate go -C ../internal/asm run ./lanes -out ../../lanes/avx2_amd64.s -stubs ../../lanes/avx2_amd64.go -pkg lanes

var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// inside reports whether a matrix with these strides, none negative, lies within n entries. Other matrices are left to the
// plain twins, whose bounds checks find the entry at fault.
func inside(n, rows, cols, rowStride, colStride int) bool {
	return rows > 0 && cols > 0 && rowStride >= 0 && colStride >= 0 && (rows-1)*rowStride+(cols-1)*colStride < n
}

func (v View) inside() bool { return inside(len(v.P), v.Rows, v.Cols, v.RowStride, v.ColStride) }

func (m Mat) inside() bool { return inside(len(m.Data), m.Rows, m.Cols, m.RowStride, m.ColStride) }

// flag is 1 for true.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func product(dst, a, b View, add bool) {
	if !hasAVX2 || !dst.inside() || !a.inside() || !b.inside() {
		matMulGo(dst, a, b, add)
		return
	}
	matMulAVX2(&dst.P[0][0], dst.RowStride, dst.ColStride, &a.P[0][0], a.RowStride, a.ColStride,
		&b.P[0][0], b.RowStride, b.ColStride, dst.Rows, a.Cols, dst.Cols, flag(add))
}

func sharedProduct(dst View, a Mat, b View, add bool) {
	if !hasAVX2 || !dst.inside() || !a.inside() || !b.inside() {
		sharedMulGo(dst, a, b, add)
		return
	}
	sharedMulAVX2(&dst.P[0][0], dst.RowStride, dst.ColStride, &a.Data[0], a.RowStride, a.ColStride,
		&b.P[0][0], b.RowStride, b.ColStride, dst.Rows, a.Cols, dst.Cols, flag(add))
}

func add(dst, a, b Pack) {
	if !hasAVX2 || len(dst) == 0 {
		addGo(dst, a, b)
		return
	}
	addAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
}

func sub(dst, a, b Pack) {
	if !hasAVX2 || len(dst) == 0 {
		subGo(dst, a, b)
		return
	}
	subAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
}

func mul(dst, a, b Pack) {
	if !hasAVX2 || len(dst) == 0 {
		mulGo(dst, a, b)
		return
	}
	mulAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
}

func addMul(dst, a, b Pack) {
	if !hasAVX2 || len(dst) == 0 {
		addMulGo(dst, a, b)
		return
	}
	addMulAVX2(&dst[0][0], &a[0][0], &b[0][0], len(dst))
}

func scaleLanes(dst Pack, s Vec) {
	if !hasAVX2 || len(dst) == 0 {
		scaleLanesGo(dst, s)
		return
	}
	scaleLanesAVX2(&dst[0][0], &s[0], len(dst))
}

func addScaled(dst Pack, s Vec, a Pack) {
	if !hasAVX2 || len(dst) == 0 {
		addScaledGo(dst, s, a)
		return
	}
	addScaledAVX2(&dst[0][0], &s[0], &a[0][0], len(dst))
}

func descend(dst Pack, s Vec, a Pack, m Mask) {
	if !hasAVX2 || len(dst) == 0 {
		descendGo(dst, s, a, m)
		return
	}
	descendAVX2(&dst[0][0], &s[0], &a[0][0], len(dst), uint64(m))
}

func copyLanes(dst, src Pack, m Mask) {
	if !hasAVX2 || len(dst) == 0 {
		copyLanesGo(dst, src, m)
		return
	}
	copyLanesAVX2(&dst[0][0], &src[0][0], len(dst), uint64(m))
}

func dot(a, b Pack) Vec {
	if !hasAVX2 || len(a) == 0 {
		return dotGo(a, b)
	}
	var s Vec
	dotAVX2(&s[0], &a[0][0], &b[0][0], len(a))
	return s
}

func sum(a Pack) Vec {
	if !hasAVX2 || len(a) == 0 {
		return sumGo(a)
	}
	var s Vec
	sumAVX2(&s[0], &a[0][0], len(a))
	return s
}

func maxAbs(a Pack) Vec {
	if !hasAVX2 || len(a) == 0 {
		return maxAbsGo(a)
	}
	var s Vec
	maxAbsAVX2(&s[0], &a[0][0], len(a))
	return s
}

func outside(a Pack, bound float64) Mask {
	if !hasAVX2 || len(a) == 0 {
		return outsideGo(a, bound)
	}
	return Mask(outsideAVX2(&a[0][0], len(a), bound))
}

func gather(dst View, x Mat, index [][W]int32) {
	if !hasAVX2 || !dst.inside() || !x.inside() || !below(index, x.Rows) {
		gatherGo(dst, x, index)
		return
	}
	gatherAVX2(&dst.P[0][0], dst.RowStride, dst.ColStride, &x.Data[0], x.RowStride, x.ColStride, &index[0][0], dst.Rows, dst.Cols)
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
