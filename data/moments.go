package data

import (
	"math"

	"sgdlab/lanes"
)

// Moments are the second moments of the training rows, and what least squares makes of them. All of them are functions of
// the rows alone, and immutable.
type Moments struct {
	N  int
	XX lanes.Mat // Σxx = XᵀX/n, (d, d)
	YX lanes.Mat // Σyx = YᵀX/n, (k, d)
	YY lanes.Mat // Σyy = YᵀY/n, (k, k)

	// Factor is F with FFᵀ = Σxx, (d, r), r the rank of Σxx: tr(E Σxx Eᵀ) = ‖EF‖², a sum of squares, cannot cancel.
	Factor lanes.Mat
	// Map is the empirical map Σyx Σxx⁺, (k, d): the least squares map of least norm.
	Map lanes.Mat
	// Floor is the least mean square, min over W of (1/n) Σ ‖yᵢ − W xᵢ‖², summed from residuals.
	Floor float64
	// Scalar is c where Σxx = cI to rounding, and 0 where it is not: 1 for whitened inputs.
	Scalar float64

	// The modes of the empirical map, strongest first,
	//
	//	Map = Σ_m S_m u_m v_mᵀ,  u_a·u_b = δ_ab,  v_aᵀ Σxx v_b = c δ_ab,  c = tr Σxx/d,
	//
	// so that (1/n)Σ‖yᵢ − W xᵢ‖² = Floor + c Σ_{m not learnt} S_m² at W = the sum over the learnt modes, which is a critical
	// point of every linear network that can hold it (Baldi & Hornik 1989). Where Σxx = cI, whitened inputs say, this is the
	// singular value decomposition of Map; elsewhere it is that of Map Σxx^½/√c.
	U lanes.Mat // (k, r)
	S []float64 // (r), all positive
	V lanes.Mat // (d, r)
	// Spread is c, the mean variance of an input about zero.
	Spread float64
}

func newMoments(x, y lanes.Mat) *Moments {
	n, d, k := x.Rows, x.Cols, y.Cols
	m := &Moments{N: n, XX: gram(x, x), YX: gram(y, x), YY: gram(y, y)}
	for j := range d {
		m.Spread += m.XX.At(j, j)
	}
	m.Spread /= float64(d)
	m.Scalar = m.scalar()

	o := decompose(x)
	root := math.Sqrt(float64(n))
	m.Factor = lanes.MulMat(o.z, o.t.T())
	for i := range m.Factor.Data {
		m.Factor.Data[i] /= root
	}
	c := lanes.MulMat(o.q.T(), y)
	m.Map = o.pinv(c).T().Clone()
	for i := range n {
		for j := range k {
			r := -y.At(i, j)
			for l := range d {
				r = math.FMA(m.Map.At(j, l), x.At(i, l), r)
			}
			m.Floor = math.FMA(r, r, m.Floor)
		}
	}
	m.Floor /= float64(n)

	// Qᵀy/√n is Map Σxx^½ transposed, in the coordinates of Q.
	u, s, w := SVD(c.T())
	for j := range s {
		for i := range w.Rows {
			w.Set(i, j, w.At(i, j)*math.Sqrt(m.Spread)*root)
		}
		s[j] /= root * math.Sqrt(m.Spread)
	}
	m.U, m.S, m.V = u, s, o.pinv(w)
	return m
}

// gram is aᵀb/n, each entry summed over rows in their order.
func gram(a, b lanes.Mat) lanes.Mat {
	c := lanes.MulMat(a.T(), b)
	for i := range c.Data {
		c.Data[i] /= float64(a.Rows)
	}
	return c
}

// Rounding bounds what rounding leaves in a correlation of n rows that would be 0: the sums wander by about √n ε.
func (m *Moments) Rounding() float64 { return (32 + 4*math.Sqrt(float64(m.N))) * eps }

// scalar returns c where Σxx = cI to rounding, and 0 elsewhere.
func (m *Moments) scalar() float64 {
	c := m.XX.At(0, 0)
	for i := range m.XX.Rows {
		for j := range m.XX.Cols {
			want := 0.0
			if i == j {
				want = c
			}
			if !(math.Abs(m.XX.At(i, j)-want) <= m.Rounding()*c) {
				return 0
			}
		}
	}
	return c
}
