package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"sgdlab/lanes"
)

// Eigenvalues without vectors, from the reduction of all lanes at once, are those with vectors, found lane by lane.
func TestValuesWithoutVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, d := range []int{1, 2, 3, 7, 25, 40} {
		a := symmetrise(random(r, d, d))
		for i := range a.P {
			a.P[i][3] *= 0x1p-600 // squares underflow
			a.P[i][4] *= 0x1p600
			a.P[i][5] = math.Ldexp(a.P[i][5], -1060) // subnormal
		}
		with, without := make(lanes.Pack, d), make(lanes.Pack, d)
		var s Scratch
		s.Eigen(with, matrix(d, d), a)
		s.Eigen(without, lanes.View{}, a)
		size := lanes.MaxAbs(with)
		for j := range with {
			for l, x := range with[j] {
				if e := math.Abs(without[j][l] - x); !(e <= 1e-14*size[l]*float64(d)+0x1p-1074) {
					t.Errorf("d=%d lane %d: value %d is %.17g, not %.17g", d, l, j, without[j][l], x)
				}
			}
		}
	}
}

// CountAbove counts the eigenvalues that a matrix was made with: gaps of any size, null spaces, negative ones, zero.
func TestCountAbove(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, tc := range []struct {
		values []float64
		part   float64
		want   float64
	}{
		{[]float64{5}, 1e-8, 1},
		{[]float64{3, 2, 1}, 0.5, 2},
		{[]float64{3, 2, 1}, 1e-8, 3},
		{[]float64{1, 1e-3, 1e-7, 1e-9, 1e-12, 0, 0}, 1e-8, 3},
		{[]float64{1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1e-8, 4},
		{[]float64{7, -9, 2, 1e-3, -1, 0}, 1e-2, 2},
	} {
		op := newSpectrum(r, tc.values)
		op.factor = lanes.Vec{1, 2, 0.5, 1e-160, 1e160, 3, 0, math.NaN()}
		d := len(tc.values)
		a := matrix(d, d)
		var ws lanes.Arena
		Form(a, op.mul, &ws)
		floor := lanes.Splat(0)
		floor[5] = 1e9 // above all
		var s Scratch
		count := s.CountAbove(a, tc.part, floor)
		for l := range lanes.W {
			n := tc.want
			switch l {
			case 5, 6:
				n = 0
			case 7:
				n = math.NaN()
			}
			if count[l] != n && !(math.IsNaN(count[l]) && math.IsNaN(n)) {
				t.Errorf("%v, part %g, lane %d: %g above, want %g", tc.values, tc.part, l, count[l], n)
			}
		}
	}
}

// CountAbove agrees with Eigen at bounds between random eigenvalues.
func TestCountAboveAgainstEigen(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	a := symmetrise(random(r, 25, 25))
	values := make(lanes.Pack, 25)
	var s Scratch
	s.Eigen(values, matrix(25, 25), a)
	for _, part := range []float64{-2, -0.5, -1e-3, 1e-3, 0.1, 0.5, 0.9, 0.999} {
		count := s.CountAbove(a, part, lanes.Splat(math.Inf(-1)))
		for l := range lanes.W {
			want := 0.0
			for j := range values {
				if values[j][l] > part*values[0][l] {
					want++
				}
			}
			if count[l] != want {
				t.Errorf("part %g, lane %d: %g above, want %g", part, l, count[l], want)
			}
		}
	}
}

// Triangle is upper triangular with the aᵀa of a, for tall, square and wide matrices, with and without full rank.
func TestTriangle(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	for _, tc := range []struct{ m, n, rank int }{{1, 1, 1}, {5, 3, 3}, {40, 25, 25}, {40, 25, 7}, {6, 6, 6}, {3, 8, 3}, {30, 4, 0}} {
		a := matrix(tc.m, tc.n)
		lanes.MatMul(a, random(r, tc.m, tc.rank), random(r, tc.rank, tc.n))
		tri, want, got := matrix(tc.n, tc.n), matrix(tc.n, tc.n), matrix(tc.n, tc.n)
		var s Scratch
		s.Triangle(tri, a)
		lanes.MatMul(want, a.T(), a)
		lanes.MatMul(got, tri.T(), tri)
		size := lanes.MaxAbs(want.P)
		for i := range tc.n {
			for j := range tc.n {
				for l := range lanes.W {
					if e := math.Abs(got.At(i, j)[l] - want.At(i, j)[l]); !(e <= 1e-14*float64(tc.n)*size[l]) {
						t.Errorf("%v lane %d: entry (%d, %d) of RᵀR is off by %.2g of %.2g", tc, l, i, j, e, size[l])
					}
					if x := tri.At(i, j)[l]; (j < i || i >= tc.m) && x != 0 {
						t.Errorf("%v lane %d: entry (%d, %d) below the triangle is %g", tc, l, i, j, x)
					}
				}
			}
		}
	}
}

// Columns of sizes 1 and 10⁻¹² that lie close to each other keep an R that a root of aᵀa would lose, and sizes whose
// squares over- or underflow are nothing special.
func TestTriangleIsNotSquared(t *testing.T) {
	a := matrix(3, 2)
	for l := range lanes.W {
		f := []float64{1, 1e-200, 1e200, 3, 1, 1, 1, math.NaN()}[l]
		for i, row := range [][2]float64{{1, 1}, {0, 1e-12}, {0, 0}} {
			a.At(i, 0)[l], a.At(i, 1)[l] = f*row[0], f*row[1]
		}
	}
	tri := matrix(2, 2)
	var s Scratch
	s.Triangle(tri, a)
	for l := range lanes.W - 1 {
		if got := math.Abs(tri.At(1, 1)[l] / tri.At(0, 0)[l]); math.Abs(got/1e-12-1) > 1e-3 {
			t.Errorf("lane %d: the last entry is %g of the first, want 1e-12", l, got)
		}
	}
	for i := range tri.P {
		if x := tri.P[i][lanes.W-1]; !math.IsNaN(x) {
			t.Errorf("entry %d of the triangle of NaN is %g", i, x)
		}
	}
}

// Entries whose squares are subnormal, as null spaces leave them, make no reflection of infinite length.
func TestTinyRemainders(t *testing.T) {
	a, b := matrix(5, 5), matrix(5, 5)
	for i := range 5 {
		*a.At(i, i) = lanes.Splat(float64(i + 1))
		*b.At(i, i) = lanes.Splat(0x1p-540)
		for j := range i {
			x := lanes.Splat(math.Ldexp(1, -533-i))
			*a.At(i, j), *a.At(j, i), *b.At(i, j) = x, x, x
		}
	}
	*b.At(0, 0) = lanes.Splat(1)
	values, tri, product := make(lanes.Pack, 5), matrix(5, 5), matrix(5, 5)
	var s Scratch
	s.Eigen(values, lanes.View{}, a)
	s.Triangle(tri, b)
	lanes.MatMul(product, tri.T(), tri)
	for l := range lanes.W {
		for j := range values {
			if e := math.Abs(values[j][l] - float64(5-j)); !(e < 1e-14) {
				t.Errorf("lane %d: value %d is %g, want %d", l, j, values[j][l], 5-j)
			}
		}
		if x := product.At(0, 0)[l]; !(math.Abs(x-1) < 1e-14) {
			t.Errorf("lane %d: entry (0, 0) of RᵀR is %g, want 1", l, x)
		}
		for k := 1; k < 5; k++ { // columns of length 2^−540·√(1 + …), scaled back to where squares do not underflow
			got, want := 0.0, 0.0
			for i := range 5 {
				got += math.Pow(0x1p540*tri.At(i, k)[l], 2)
				want += math.Pow(0x1p540*b.At(i, k)[l], 2)
			}
			if !(math.Abs(got-want) <= 1e-13*want) {
				t.Errorf("lane %d: column %d of R has the square %g, want %g", l, k, got, want)
			}
		}
	}
}
