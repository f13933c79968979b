package linalg

import (
	"cmp"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sgdlab/lanes"
)

// TestSpectrumAgainstGonum: full matrices, rotations (all moduli 1), and a triangle, whose eigenvalues are its diagonal.
func TestSpectrumAgainstGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	for _, d := range []int{1, 2, 3, 4, 9, 25, 60} {
		general := random(r, d, d)
		cyclic := matrix(d, d)
		triangle := random(r, d, d)
		for i := range d {
			*cyclic.At((i+1)%d, i) = lanes.Splat(1)
			for j := range i {
				*triangle.At(i, j) = lanes.Vec{}
			}
		}
		for what, a := range map[string]lanes.View{"general": general, "cyclic": cyclic, "triangle": triangle} {
			var s Scratch
			re, im := make(lanes.Pack, d), make(lanes.Pack, d)
			s.Spectrum(re, im, a)
			for l := range lanes.W {
				m := dense64(a, l)
				var e mat.Eigen
				if !e.Factorize(m, mat.EigenNone) {
					t.Fatal("the baseline failed")
				}
				left := e.Values(nil)
				norm := mat.Norm(m, 2)
				tol := 1e-11 * norm
				if what == "triangle" && d > 9 {
					continue // too far from normal to say
				}
				for j := range d {
					z := complex(re[j][l], im[j][l])
					if j > 0 && cmplx.Abs(z) > cmplx.Abs(complex(re[j-1][l], im[j-1][l]))*(1+1e-15) {
						t.Errorf("%s, d = %d: modulus %g after %g", what, d, cmplx.Abs(z), cmplx.Abs(complex(re[j-1][l], im[j-1][l])))
					}
					if im[j][l] < 0 && (re[j-1][l] != re[j][l] || im[j-1][l] != -im[j][l]) {
						t.Errorf("%s, d = %d: %g follows no conjugate", what, d, z)
					}
					k := slices.IndexFunc(left, func(w complex128) bool { return cmplx.Abs(z-w) <= tol })
					if k < 0 {
						near := slices.MinFunc(left, func(a, b complex128) int { return cmp.Compare(cmplx.Abs(z-a), cmplx.Abs(z-b)) })
						t.Errorf("%s, d = %d lane %d: eigenvalue %g, nearest %g", what, d, l, z, near)
						continue
					}
					left = slices.Delete(left, k, k+1)
				}
			}
		}
	}
}

// TestSpectrumIll: NaN stays in its lane, and a zero matrix has the eigenvalue 0.
func TestSpectrumIll(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 6))
	const d = 5
	a := random(r, d, d)
	re, im, again := make(lanes.Pack, d), make(lanes.Pack, d), make(lanes.Pack, d)
	var s Scratch
	s.Spectrum(re, im, a)
	a.At(2, 1)[3] = math.NaN()
	for i := range a.P {
		a.P[i][4] = 0
	}
	s.Spectrum(again, im, a)
	for j := range d {
		for l := range lanes.W {
			switch {
			case l == 3 && !math.IsNaN(again[j][l]), l == 4 && again[j][l] != 0, l != 3 && l != 4 && again[j][l] != re[j][l]:
				t.Errorf("lane %d: eigenvalue %g beside NaN and 0, %g before", l, again[j][l], re[j][l])
			}
		}
	}
}

// TestSolve: the solution is that of least norm, orthogonal to the kernel, and fits what can be fitted.
func TestSolve(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, tc := range []struct{ m, n, rank int }{{1, 1, 1}, {4, 4, 4}, {6, 6, 2}, {9, 5, 3}, {20, 20, 17}, {5, 5, 0}} {
		left, right := random(r, tc.m, max(tc.rank, 1)), random(r, max(tc.rank, 1), tc.n)
		if tc.rank == 0 {
			lanes.Zero(left.P)
		}
		a := matrix(tc.m, tc.n)
		lanes.MatMul(a, left, right)
		b, x := random(r, tc.m, 1).P, make(lanes.Pack, tc.n)
		var s Scratch
		s.Solve(x, a, b, lanes.Splat(1e-10))
		for l := range lanes.W {
			m := dense64(a, l)
			var svd mat.SVD
			if !svd.Factorize(m, mat.SVDThin) {
				t.Fatal("the baseline failed")
			}
			rhs := mat.NewDense(tc.m, 1, b.Lane(nil, l))
			want := mat.NewDense(tc.n, 1, nil)
			if tc.rank > 0 {
				svd.SolveTo(want, rhs, tc.rank)
			}
			size := mat.Norm(want, 2)
			for j := range tc.n {
				if e := math.Abs(x[j][l] - want.At(j, 0)); !(e <= 1e-10*size) {
					t.Errorf("(%d, %d), rank %d, lane %d: x[%d] = %g, want %g", tc.m, tc.n, tc.rank, l, j, x[j][l], want.At(j, 0))
				}
			}
		}
	}
}
