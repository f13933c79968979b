package linalg

import (
	"math"

	"sgdlab/lanes"
)

// Quadrature fills nodes and weights, m rows each, with the Gauss quadrature of the spectral measure of v, in each lane: for a unit vector v
//
//	vᵀf(H)v ≈ Σ wᵢ f(λᵢ),
//
// exact for polynomials f of degree 2m − 1, by m steps of Lanczos from v with full reorthogonalisation. Where the Krylov space ends before, it is exact for all f,
// and weights that are left over are 0. A lane that is not finite gets NaN.
//
// Source: Golub & Meurant 1994.
func (s *Scratch) Quadrature(nodes, weights, v lanes.Pack, h Operator, ws *lanes.Arena) {
	mark := ws.Mark()
	defer ws.Release(mark)
	defer s.release(s.used)
	dim, m := len(v), len(nodes)
	basis, w := ws.Pack(m*dim), ws.Pack(dim)
	diag, off := ws.Zeroed(m), ws.Zeroed(m)
	lanes.Copy(basis[:dim], v)
	scale := root(lanes.Dot(v, v))
	for l := range scale {
		scale[l] = 1 / scale[l]
	}
	lanes.ScaleLanes(basis[:dim], scale)
	ended := lanes.None
	length := [lanes.W]int{}
	norm := lanes.Vec{}
	for j := range m {
		multiply(h, w, basis[j*dim:(j+1)*dim], ws)
		diag[j] = lanes.Dot(basis[j*dim:(j+1)*dim], w)
		for range 2 {
			project(w, basis[:(j+1)*dim], nil, dim)
		}
		beta := root(lanes.Dot(w, w))
		for l := range beta {
			norm[l] = max(norm[l], math.Abs(diag[j][l]), beta[l])
			if ended.Has(l) {
				continue
			}
			length[l] = j + 1
			if !(beta[l] > exactFloor*norm[l]) {
				ended = ended.With(l)
			}
		}
		if j+1 == m || ended == lanes.All {
			break
		}
		off[j] = beta
		next := basis[(j+1)*dim : (j+2)*dim]
		lanes.Copy(next, w)
		for l := range beta {
			if ended.Has(l) {
				beta[l] = 0
			} else {
				beta[l] = 1 / beta[l]
			}
		}
		lanes.ScaleLanes(next, beta)
	}
	a, val, vec := s.take(m*m), s.take(m), s.take(m*m)
	for l := range lanes.W {
		n := length[l]
		clear(a[:n*n])
		for j := range n {
			a[j*n+j] = diag[j][l]
			if j+1 < n {
				a[j*n+j+1], a[(j+1)*n+j] = off[j][l], off[j][l]
			}
		}
		top := largest(a[:n*n])
		ok := top < math.Inf(1)
		shift := 0
		if ok {
			shift = rescale(a[:n*n], top)
			ok = s.symmetric(a[:n*n], val[:n], vec[:n*n])
		}
		for j := range m {
			switch {
			case !ok:
				nodes[j][l], weights[j][l] = math.NaN(), math.NaN()
			case j < n:
				first := vec[j*n]
				nodes[j][l], weights[j][l] = math.Ldexp(val[j], shift), first*first
			default:
				nodes[j][l], weights[j][l] = 0, 0
			}
		}
	}
}
