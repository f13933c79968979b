package noise

import (
	"math"

	"sgdlab/lanes"
	"sgdlab/linalg"
)

// eigen are the eigenvalues and eigenvectors of a symmetric matrix in each lane, for |A|^½ = V|Λ|^½Vᵀ.
type eigen struct {
	dim    int
	values lanes.Pack // √|λ|
	v      lanes.View // eigenvectors in columns
	part   lanes.Pack
	work   linalg.Scratch
}

func newEigen(d int) *eigen {
	return &eigen{dim: d, values: make(lanes.Pack, d), v: lanes.ByRows(make(lanes.Pack, d*d), d, d), part: make(lanes.Pack, d)}
}

// of decomposes a, shape (d, d) by rows. Eigenvalues within the rounding of the largest, dε|λ|max, count as 0: their roots
// would be noise of relative size 10⁻⁸ in directions that have none. A lane that is not finite gets NaN.
func (e *eigen) of(a lanes.Pack) {
	e.work.Eigen(e.values, e.v, lanes.ByRows(a, e.dim, e.dim))
	floor := lanes.MaxAbs(e.values)
	for j := range e.values {
		for l, x := range e.values[j] {
			x = math.Abs(x)
			if x <= float64(e.dim)*0x1p-52*floor[l] {
				x = 0
			}
			e.values[j][l] = math.Sqrt(x)
		}
	}
}

// rootMul is dst = |A|^½x.
func (e *eigen) rootMul(dst, x lanes.Pack) {
	part, column := lanes.ByRows(e.part, e.dim, 1), lanes.ByRows(x, e.dim, 1)
	lanes.MatMul(part, e.v.T(), column)
	lanes.Mul(e.part, e.part, e.values)
	lanes.MatMul(lanes.ByRows(dst, e.dim, 1), e.v, part)
}

// absoluteRoot returns |A|^½ of one symmetric matrix, and V|Λ|^½ over its eigenvalues other than 0: both are roots of |A|.
func absoluteRoot(a lanes.Mat) (symmetric, thin lanes.Mat) {
	d := a.Rows
	p := make(lanes.Pack, d*d)
	for i := range d {
		for j := range d {
			p[i*d+j] = lanes.Splat(math.NaN()) // lanes that cost nothing
			p[i*d+j][0] = a.At(i, j)
		}
	}
	e := newEigen(d)
	e.of(p)
	half, v := lanes.NewMat(d, d), lanes.NewMat(d, d)
	for i := range d {
		for j := range d {
			x := e.v.At(i, j)[0]
			v.Set(i, j, x)
			half.Set(i, j, x*e.values[j][0])
		}
	}
	return lanes.MulMat(half, v.T()), thinned(half)
}

// thinned returns the columns of a matrix that are not 0.
func thinned(a lanes.Mat) lanes.Mat {
	var keep []int
	for j := range a.Cols {
		top := 0.0
		for i := range a.Rows {
			top = max(top, math.Abs(a.At(i, j)))
		}
		if top > 0 {
			keep = append(keep, j)
		}
	}
	b := lanes.NewMat(a.Rows, len(keep))
	for c, j := range keep {
		for i := range a.Rows {
			b.Set(i, c, a.At(i, j))
		}
	}
	return b
}
