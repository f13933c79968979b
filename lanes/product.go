package lanes

import "fmt"

// Product is a matrix product of given shapes and strides. It is prepared once and used often: a call costs little more than its
// arithmetic.
type Product struct {
	rows, inner, cols int
	dRow, dCol        int
	aRow, aCol        int
	bRow, bCol        int
	dst, a, b         int  // the least lengths of the operands
	panels            bool // b is copied part by part
	shared            bool // a is one matrix for all lanes
}

// NewProduct prepares dst = a·b for matrices stored as those given, of which only shapes and strides are looked at.
func NewProduct(dst, a, b View) Product {
	if a.Cols != b.Rows || dst.Rows != a.Rows || dst.Cols != b.Cols {
		panic(fmt.Sprintf("lanes.Product: (%d, %d) = (%d, %d) times (%d, %d)", dst.Rows, dst.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	return prepared(&dst, &a, &b)
}

func prepared(dst, a, b *View) Product {
	return Product{
		rows: dst.Rows, inner: a.Cols, cols: dst.Cols,
		dRow: dst.RowStride, dCol: dst.ColStride, aRow: a.RowStride, aCol: a.ColStride, bRow: b.RowStride, bCol: b.ColStride,
		dst: dst.extent(), a: a.extent(), b: b.extent(), panels: wide(dst, b),
	}
}

func preparedShared(dst *View, a *Mat, b *View) Product {
	p := prepared(dst, &View{Rows: a.Rows, Cols: a.Cols, RowStride: a.RowStride, ColStride: a.ColStride}, b)
	p.shared = true
	return p
}

// extent is the length of pack that the entries take; for an empty matrix, and for strides below 0, which leave no such length, −1.
func (v *View) extent() int { return extent(v.Rows, v.Cols, v.RowStride, v.ColStride) }

func extent(rows, cols, rowStride, colStride int) int {
	if rows <= 0 || cols <= 0 || rowStride < 0 || colStride < 0 {
		return -1
	}
	return (rows-1)*rowStride + (cols-1)*colStride + 1
}

// Mul is dst = a·b in each lane; entries are summed in the order of the inner index. dst must not overlap a or b.
func (p *Product) Mul(dst, a, b Pack) { p.run(None, dst, a, b, 0) }

// MulAdd is dst += a·b in each lane.
func (p *Product) MulAdd(dst, a, b Pack) { p.run(None, dst, a, b, 1) }

// plain and plainShared are the product by the twins, whose bounds checks find an entry at fault.
func (p *Product) plain(dst, a, b Pack, add int) {
	matMulGo(&View{dst, p.rows, p.cols, p.dRow, p.dCol}, &View{a, p.rows, p.inner, p.aRow, p.aCol}, &View{b, p.inner, p.cols, p.bRow, p.bCol}, add != 0)
}

func (p *Product) plainShared(dst Pack, a []float64, b Pack, add int) {
	sharedMulGo(&View{dst, p.rows, p.cols, p.dRow, p.dCol}, &Mat{p.rows, p.inner, p.aRow, p.aCol, a}, &View{b, p.inner, p.cols, p.bRow, p.bCol}, add != 0)
}

// A panel is a part of b that stays in the first-level cache while all rows of a pass by: panelCols columns, a tile's worth, and
// panelRows of the inner dimension.
const (
	panelRows = 64
	panelCols = 5
)

// wide reports whether b is larger than the first-level cache and used often enough to be copied: the rows of a wide pack are a power of
// two apart and would fall on few lines of the cache.
func wide(dst, b *View) bool {
	return dst.Rows >= 3*panelCols && b.Rows*b.Cols > 2*panelRows*panelCols
}
