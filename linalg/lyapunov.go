package linalg

import (
	"fmt"
	"math"

	"sgdlab/lanes"
)

// Lyapunov solves
//
//	AΣ + ΣA − hAΣA = Q
//
// for symmetric A and Q: at h = 0 the stationary covariance of dx = −Ax dt + Q^½dW, at h > 0 that of x ← (1 − hA)x + √h·Q^½ξ. In the
// eigenbasis of A
//
//	Σᵢⱼ = Qᵢⱼ/(λᵢ + λⱼ − hλᵢλⱼ).
//
// It is a covariance just where 0 < hλ < 2 for each λ, or 0 < λ at h = 0. The eigenvalues come back, largest first. An error says that A is
// not finite.
func Lyapunov(a, q lanes.Mat, h float64) (sigma lanes.Mat, values []float64, err error) {
	d := a.Rows
	if a.Cols != d || q.Rows != d || q.Cols != d {
		panic(fmt.Sprintf("linalg.Lyapunov: matrices (%d, %d) and (%d, %d)", a.Rows, a.Cols, q.Rows, q.Cols))
	}
	values, v, err := SymmetricEigen(a)
	if err != nil {
		return lanes.Mat{}, nil, err
	}
	s := lanes.MulMat(v.T(), lanes.MulMat(q, v))
	for i, x := range values {
		for j, y := range values {
			s.Set(i, j, s.At(i, j)/(x+y-float64(float64(h*x)*y)))
		}
	}
	sigma = lanes.MulMat(v, lanes.MulMat(s, v.T()))
	for i := range d {
		for j := range i {
			mean := 0.5*sigma.At(i, j) + 0.5*sigma.At(j, i) // the products are exact
			sigma.Set(i, j, mean)
			sigma.Set(j, i, mean)
		}
	}
	return sigma, values, nil
}

// SymmetricEigen is Scratch.Eigen of one matrix: eigenvalues, largest first, and eigenvectors in columns.
func SymmetricEigen(a lanes.Mat) (values []float64, vectors lanes.Mat, err error) {
	d := a.Rows
	p, val, vec := make(lanes.Pack, d*d), make(lanes.Pack, d), make(lanes.Pack, d*d)
	for i := range d {
		for j := range d {
			p[i*d+j] = lanes.Splat(math.NaN()) // lanes that cost nothing
			p[i*d+j][0] = a.At(i, j)
		}
	}
	new(Scratch).Eigen(val, lanes.ByRows(vec, d, d), lanes.ByRows(p, d, d))
	values, vectors = val.Lane(nil, 0), lanes.NewMat(d, d)
	vec.Lane(vectors.Data, 0)
	for _, x := range values {
		if math.IsNaN(x) {
			return nil, lanes.Mat{}, fmt.Errorf("a matrix of %d × %d holds numbers that are not finite", d, d)
		}
	}
	return values, vectors, nil
}
