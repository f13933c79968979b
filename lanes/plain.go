//go:build !amd64 || purego

package lanes

func (p *Product) run(_ Mask, dst, a, b Pack, add int) { p.plain(dst, a, b, add) }

func (p *Product) whole(dst, a, b Pack, add int) { p.plain(dst, a, b, add) }

func (p *Product) runShared(dst Pack, a []float64, b Pack, add int) { p.plainShared(dst, a, b, add) }

func add(dst, a, b Pack) { addGo(dst, a, b) }

func sub(dst, a, b Pack) { subGo(dst, a, b) }

func mul(dst, a, b Pack) { mulGo(dst, a, b) }

func addMul(dst, a, b Pack) { addMulGo(dst, a, b) }

func scale(dst Pack, s float64) { scaleGo(dst, s) }

func scaleLanes(dst Pack, s *Vec) { scaleLanesGo(dst, s) }

func squares(dst, a, b Pack) { squaresGo(dst, a, b) }

func addScaled(dst Pack, s *Vec, a Pack, m Mask) { addScaledGo(dst, s, a, m) }

func descendAdd(theta Pack, eta *Vec, g Pack, s *Vec, a Pack, m Mask) {
	descendAddGo(theta, eta, g, s, a, m)
}

func descend(dst Pack, s *Vec, a Pack, m Mask) { descendGo(dst, s, a, m) }

func copyLanes(dst, src Pack, m Mask) { copyLanesGo(dst, src, m) }

func dot(a, b Pack) Vec { return dotGo(a, b) }

func squaresDot(x, u, v Pack) Vec { return squaresDotGo(x, u, v) }

func descendSquares(u, v Pack, eta, c *Vec, x Pack, live Mask, bound float64) Mask {
	return descendSquaresGo(u, v, eta, c, x, live, bound)
}

func productDot(x, u, v Pack) Vec { return productDotGo(x, u, v) }

func descendProduct(u, v Pack, eta, c *Vec, x Pack, live Mask, bound float64) Mask {
	return descendProductGo(u, v, eta, c, x, live, bound)
}

func sum(a Pack) Vec { return sumGo(a) }

func maxAbs(a Pack) Vec { return maxAbsGo(a) }

func outside(a Pack, bound float64) Mask { return outsideGo(a, bound) }

func gather(dst *View, x *Mat, index [][W]int32) { gatherGo(dst, x, index) }

func subGathered(dst *View, x *Mat, index [][W]int32) { subGatheredGo(dst, x, index) }

// panelWidth is 0: one lane is done with the others.
func panelWidth() int { return 0 }

func densePanel(c, a []float64, aRow int, b []float64, rows, inner int) {
	denseGo(c, a, aRow, b, rows, inner, len(b)/inner)
}
