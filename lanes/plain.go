//go:build !amd64 || purego

package lanes

func product(dst, a, b View, add bool) { matMulGo(dst, a, b, add) }

func sharedProduct(dst View, a Mat, b View, add bool) { sharedMulGo(dst, a, b, add) }

func add(dst, a, b Pack) { addGo(dst, a, b) }

func sub(dst, a, b Pack) { subGo(dst, a, b) }

func mul(dst, a, b Pack) { mulGo(dst, a, b) }

func addMul(dst, a, b Pack) { addMulGo(dst, a, b) }

func scaleLanes(dst Pack, s Vec) { scaleLanesGo(dst, s) }

func addScaled(dst Pack, s Vec, a Pack) { addScaledGo(dst, s, a) }

func descend(dst Pack, s Vec, a Pack, m Mask) { descendGo(dst, s, a, m) }

func copyLanes(dst, src Pack, m Mask) { copyLanesGo(dst, src, m) }

func dot(a, b Pack) Vec { return dotGo(a, b) }

func sum(a Pack) Vec { return sumGo(a) }

func maxAbs(a Pack) Vec { return maxAbsGo(a) }

func outside(a Pack, bound float64) Mask { return outsideGo(a, bound) }

func gather(dst View, x Mat, index [][W]int32) { gatherGo(dst, x, index) }
