package model

import (
	"math"

	"sgdlab/data"
	"sgdlab/lanes"
)

// scatter is how the gradients of samples in the end-to-end map scatter,
//
//	Gᵢ = s(W xᵢ − yᵢ)xᵢᵀ = s(E xᵢxᵢᵀ − ρᵢxᵢᵀ),  E = W − W*,  ρᵢ = yᵢ − W*xᵢ.
//
// Gᵢ is linear in the entries of xᵢxᵢᵀ, on and below its diagonal, and of ρᵢxᵢᵀ. Where these have the covariance FFᵀ, and the
// entries Fξ make up A (d, d), symmetric, and B (k, d), S(W)ξ is s(EA − B). F comes from the centred entries themselves,
// without squaring them, and residuals are those about W*: what is 0 stays at rounding.
type scatter struct {
	k, d   int
	slope  float64    // s
	centre lanes.Pack // W* in every lane
	f      lanes.Mat  // F, (d(d+1)/2 + kd, r)
}

// newScatter returns a scatter of no columns where sums over rows take fewer operations.
func newScatter(set *data.Set, m *data.Moments, slope float64) *scatter {
	n, d, k := set.N(), set.Inputs(), set.Outputs()
	s := &scatter{k: k, d: d, slope: slope, centre: lanes.Of(m.Map.Data)}
	q := d*(d+1)/2 + k*d
	if q >= n || q*q > 2*n*k*d {
		return s
	}
	u := lanes.NewMat(n, q)
	for i := range n {
		at := 0
		for j := range d {
			for l := range j + 1 {
				u.Set(i, at, set.X.At(i, j)*set.X.At(i, l))
				at++
			}
		}
		for o := range k {
			rho := set.Y.At(i, o)
			for j := range d {
				rho = math.FMA(-m.Map.At(o, j), set.X.At(i, j), rho)
			}
			for j := range d {
				u.Set(i, at, rho*set.X.At(i, j))
				at++
			}
		}
	}
	for c := range q {
		mean := 0.0
		for i := range n {
			mean += u.At(i, c)
		}
		mean /= float64(n)
		for i := range n {
			u.Set(i, c, u.At(i, c)-mean)
		}
	}
	s.f = (&data.Set{X: u, Y: lanes.NewMat(n, 1)}).Moments().Factor
	return s
}

// InputRoot is F with FFᵀ = Σxx; see sgdlab.Scattered.
func (r *Linear) InputRoot() lanes.Mat { return r.moments.Factor }

// Scattering returns the rank of these moments, or 0 where sums over rows are cheaper; see sgdlab.Scattered.
func (r *Linear) Scattering() int { return r.scatter().f.Cols }

// Scatter is g = S(W)ξ.
func (r *Linear) Scatter(g, w, xi lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	s := r.scatter()
	e, u, a := ws.Pack(s.k*s.d), ws.Pack(s.f.Rows), ws.Pack(s.d*s.d)
	lanes.Sub(e, w, s.centre)
	lanes.MatVec(u, s.f, xi)
	at := 0
	for i := range s.d {
		for j := range i + 1 {
			a[i*s.d+j], a[j*s.d+i] = u[at], u[at]
			at++
		}
	}
	lanes.MatMul(lanes.ByRows(g, s.k, s.d), lanes.ByRows(e, s.k, s.d), lanes.ByRows(a, s.d, s.d))
	lanes.Sub(g, g, u[at:])
	if s.slope != 1 {
		lanes.Scale(g, s.slope)
	}
}

// ScatterT is dst = S(W)ᵀg = sFᵀu, with u the entries of Eᵀg, those across the diagonal added up, and of −g.
func (r *Linear) ScatterT(dst, w, g lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	s := r.scatter()
	e, u, a := ws.Pack(s.k*s.d), ws.Pack(s.f.Rows), ws.Pack(s.d*s.d)
	lanes.Sub(e, w, s.centre)
	lanes.MatMul(lanes.ByRows(a, s.d, s.d), lanes.ByRows(e, s.k, s.d).T(), lanes.ByRows(g, s.k, s.d))
	at := 0
	for i := range s.d {
		for j := range i {
			x, y := &a[i*s.d+j], &a[j*s.d+i]
			for l := range x {
				u[at][l] = x[l] + y[l]
			}
			at++
		}
		u[at] = a[i*s.d+i]
		at++
	}
	lanes.Copy(u[at:], g)
	lanes.Scale(u[at:], -1)
	lanes.MatVec(dst, s.f.T(), u)
	if s.slope != 1 {
		lanes.Scale(dst, s.slope)
	}
}
