package lanes

import (
	"fmt"
	"math"
	"unsafe"
)

// Mat is a matrix that all lanes share, such as the inputs of a data set: entry (i, j) is Data[i·RowStride + j·ColStride].
type Mat struct {
	Rows, Cols           int
	RowStride, ColStride int
	Data                 []float64
}

// NewMat returns a zero matrix stored by rows.
func NewMat(rows, cols int) Mat {
	return Mat{Rows: rows, Cols: cols, RowStride: cols, ColStride: 1, Data: make([]float64, rows*cols)}
}

// MatOf copies rows of equal length into a matrix.
func MatOf(rows [][]float64) Mat {
	cols := 0
	if len(rows) > 0 {
		cols = len(rows[0])
	}
	m := NewMat(len(rows), cols)
	for i, r := range rows {
		match("MatOf", len(r), cols)
		copy(m.Data[i*cols:], r)
	}
	return m
}

// At returns entry (i, j).
func (m Mat) At(i, j int) float64 { return m.Data[i*m.RowStride+j*m.ColStride] }

// Set sets entry (i, j).
func (m Mat) Set(i, j int, x float64) { m.Data[i*m.RowStride+j*m.ColStride] = x }

// T returns the transpose, sharing memory.
func (m Mat) T() Mat {
	return Mat{Rows: m.Cols, Cols: m.Rows, RowStride: m.ColStride, ColStride: m.RowStride, Data: m.Data}
}

// Empty reports whether the matrix has no entries.
func (m Mat) Empty() bool { return m.Rows == 0 || m.Cols == 0 }

// Clone returns a copy stored by rows.
func (m Mat) Clone() Mat {
	c := NewMat(m.Rows, m.Cols)
	for i := range m.Rows {
		for j := range m.Cols {
			c.Set(i, j, m.At(i, j))
		}
	}
	return c
}

// MulMat returns a·b, each entry summed in the order of the inner index.
func MulMat(a, b Mat) Mat {
	if a.Cols != b.Rows {
		panic(fmt.Sprintf("lanes.MulMat: (%d, %d) times (%d, %d)", a.Rows, a.Cols, b.Rows, b.Cols))
	}
	c := NewMat(a.Rows, b.Cols)
	for i := range a.Rows {
		for j := range b.Cols {
			s := 0.0
			for k := range a.Cols {
				s = math.FMA(a.At(i, k), b.At(k, j), s)
			}
			c.Set(i, j, s)
		}
	}
	return c
}

// View is a matrix of its own in each lane: entry (i, j) of lane l is P[i·RowStride + j·ColStride][l].
type View struct {
	P                    Pack
	Rows, Cols           int
	RowStride, ColStride int
}

// Columns views a pack as one matrix of W columns, its lanes, sharing memory.
func Columns(p Pack) Mat {
	m := Mat{Rows: len(p), Cols: W, RowStride: W, ColStride: 1}
	if len(p) > 0 {
		m.Data = unsafe.Slice(&p[0][0], len(p)*W)
	}
	return m
}

// ByRows views a pack of rows·cols coordinates as matrices stored by rows.
func ByRows(p Pack, rows, cols int) View {
	match("ByRows", len(p), rows*cols)
	return View{P: p, Rows: rows, Cols: cols, RowStride: cols, ColStride: 1}
}

// T returns the transpose, sharing memory.
func (v View) T() View {
	return View{P: v.P, Rows: v.Cols, Cols: v.Rows, RowStride: v.ColStride, ColStride: v.RowStride}
}

// At returns the address of entry (i, j) of all lanes.
func (v View) At(i, j int) *Vec { return &v.P[i*v.RowStride+j*v.ColStride] }

// MatMul is dst = a·b in each lane; entries are summed in the order of the inner index. dst must not overlap a or b.
func MatMul(dst, a, b View) { matMul("MatMul", &dst, &a, &b, 0) }

// MatMulAdd is dst += a·b in each lane.
func MatMulAdd(dst, a, b View) { matMul("MatMulAdd", &dst, &a, &b, 1) }

func matMul(op string, dst, a, b *View, add int) {
	if a.Cols != b.Rows || dst.Rows != a.Rows || dst.Cols != b.Cols {
		panic(fmt.Sprintf("lanes.%s: (%d, %d) = (%d, %d) times (%d, %d)", op, dst.Rows, dst.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	p := prepared(dst, a, b)
	p.whole(dst.P, a.P, b.P, add)
}

// SharedMul is dst = a·b in each lane with a shared; entries are summed in the order of the inner index.
func SharedMul(dst View, a Mat, b View) { sharedMul("SharedMul", &dst, &a, &b, 0) }

// SharedMulAdd is dst += a·b in each lane with a shared.
func SharedMulAdd(dst View, a Mat, b View) { sharedMul("SharedMulAdd", &dst, &a, &b, 1) }

func sharedMul(op string, dst *View, a *Mat, b *View, add int) {
	if a.Cols != b.Rows || dst.Rows != a.Rows || dst.Cols != b.Cols {
		panic(fmt.Sprintf("lanes.%s: (%d, %d) = (%d, %d) times (%d, %d)", op, dst.Rows, dst.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	p := preparedShared(dst, a, b)
	p.runShared(dst.P, a.Data, b.P, add)
}

// MatVec is dst = a·x in each lane with a shared.
func MatVec(dst Pack, a Mat, x Pack) {
	SharedMul(ByRows(dst, a.Rows, 1), a, ByRows(x, a.Cols, 1))
}

// Gather copies rows of the shared matrix x, its own choice in each lane, into dst of shape (len(index), x.Cols).
func Gather(dst View, x *Mat, index [][W]int32) {
	if dst.Rows != len(index) || dst.Cols != x.Cols {
		panic(fmt.Sprintf("lanes.Gather: (%d, %d) from %d rows of %d", dst.Rows, dst.Cols, len(index), x.Cols))
	}
	gather(&dst, x, index)
}

// SubGathered is dst −= rows of the shared matrix x, each lane's own choice, of shape (len(index), x.Cols).
func SubGathered(dst View, x *Mat, index [][W]int32) {
	if dst.Rows != len(index) || dst.Cols != x.Cols {
		panic(fmt.Sprintf("lanes.SubGathered: (%d, %d) less %d rows of %d", dst.Rows, dst.Cols, len(index), x.Cols))
	}
	subGathered(&dst, x, index)
}
