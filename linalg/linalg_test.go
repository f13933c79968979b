package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sgdlab/lanes"
)

// random returns a pack of matrices with a different one in each lane: scaled by lane, so that signs and sizes differ.
func random(r *rand.Rand, rows, cols int) lanes.View {
	p := make(lanes.Pack, rows*cols)
	for i := range p {
		for l := range p[i] {
			p[i][l] = math.Ldexp(r.NormFloat64(), 3*l-9)
		}
	}
	return lanes.ByRows(p, rows, cols)
}

func symmetrise(v lanes.View) lanes.View {
	for i := range v.Rows {
		for j := range i {
			*v.At(i, j) = *v.At(j, i)
		}
	}
	return v
}

func dense64(v lanes.View, l int) *mat.Dense {
	m := mat.NewDense(v.Rows, v.Cols, nil)
	for i := range v.Rows {
		for j := range v.Cols {
			m.Set(i, j, v.At(i, j)[l])
		}
	}
	return m
}

// matrix returns a zero pack of matrices.
func matrix(rows, cols int) lanes.View { return lanes.ByRows(make(lanes.Pack, rows*cols), rows, cols) }

// orthonormal returns the largest entry of |vᵀv − 1| in lane l.
func orthonormal(v lanes.View, l int) float64 {
	worst := 0.0
	for a := range v.Cols {
		for b := range v.Cols {
			s := 0.0
			for i := range v.Rows {
				s += v.At(i, a)[l] * v.At(i, b)[l]
			}
			if a == b {
				s--
			}
			worst = max(worst, math.Abs(s))
		}
	}
	return worst
}

func TestEigenAgainstGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, d := range []int{1, 2, 3, 5, 16, 40} {
		a := symmetrise(random(r, d, d))
		values, vectors := make(lanes.Pack, d), matrix(d, d)
		only := make(lanes.Pack, d)
		var s Scratch
		s.Eigen(values, vectors, a)
		s.Eigen(only, lanes.View{}, a)
		for l := range lanes.W {
			m := dense64(a, l)
			sym := mat.NewSymDense(d, nil)
			for i := range d {
				for j := i; j < d; j++ {
					sym.SetSym(i, j, m.At(i, j))
				}
			}
			var e mat.EigenSym
			if !e.Factorize(sym, false) {
				t.Fatal("the baseline failed")
			}
			want := e.Values(nil)
			norm := mat.Norm(m, 2)
			for j := range d {
				if diff := math.Abs(values[j][l]-want[d-1-j]) / norm; diff > 1e-14 {
					t.Errorf("d=%d lane %d: value %d is %g, want %g: off by %.1g of the norm", d, l, j, values[j][l], want[d-1-j], diff)
				}
				if diff := math.Abs(only[j][l]-want[d-1-j]) / norm; diff > 1e-14 {
					t.Errorf("d=%d lane %d: value %d without vectors is off by %.1g of the norm", d, l, j, diff)
				}
				for i := range d {
					av := 0.0
					for k := range d {
						av += m.At(i, k) * vectors.At(k, j)[l]
					}
					if diff := math.Abs(av-values[j][l]*vectors.At(i, j)[l]) / norm; diff > 1e-14 {
						t.Errorf("d=%d lane %d: Av − λv is %.1g of the norm in pair %d", d, l, diff, j)
					}
				}
			}
			if e := orthonormal(vectors, l); e > 1e-13 {
				t.Errorf("d=%d lane %d: vectors are orthonormal to %.1g only", d, l, e)
			}
		}
	}
}

// A null space that is all rounding: each reflection leaves the rounding of what the one before left, 1e-17, 1e-33, …, whose
// squares underflow before the matrix ends. Eigen gave NaN there.
func TestEigenOfLargeNullSpaces(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	var s Scratch
	for _, tc := range []struct{ d, rank int }{{30, 1}, {75, 1}, {75, 3}, {75, 25}, {120, 2}} {
		b := random(r, tc.rank, tc.d)
		a := matrix(tc.d, tc.d)
		lanes.MatMul(a, b.T(), b)
		gram := matrix(tc.rank, tc.rank)
		lanes.MatMul(gram, b, b.T())
		values, vectors, small := make(lanes.Pack, tc.d), matrix(tc.d, tc.d), make(lanes.Pack, tc.rank)
		s.Eigen(values, vectors, a)
		s.Eigen(small, lanes.View{}, gram)
		product := matrix(tc.d, tc.d)
		lanes.MatMul(product, a, vectors)
		for l := range lanes.W {
			top := small[0][l]
			for j := range tc.d {
				want := 0.0
				if j < tc.rank {
					want = small[j][l]
				}
				if e := math.Abs(values[j][l] - want); !(e <= 1e-13*top) {
					t.Fatalf("d = %d, rank %d, lane %d: value %d is %g, want %g", tc.d, tc.rank, l, j, values[j][l], want)
				}
				for i := range tc.d {
					if e := math.Abs(product.At(i, j)[l] - values[j][l]*vectors.At(i, j)[l]); !(e <= 1e-13*top) {
						t.Fatalf("d = %d, rank %d, lane %d: residual of vector %d is %g", tc.d, tc.rank, l, j, e)
					}
				}
			}
			if e := orthonormal(vectors, l); !(e <= 1e-12) {
				t.Fatalf("d = %d, rank %d, lane %d: vectors are orthonormal to %g", tc.d, tc.rank, l, e)
			}
		}
	}
}

func TestSingularAgainstGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, shape := range [][2]int{{1, 1}, {1, 4}, {5, 5}, {7, 3}, {3, 7}, {20, 12}, {33, 40}} {
		m, n := shape[0], shape[1]
		k := min(m, n)
		a := random(r, m, n)
		values, left, right := make(lanes.Pack, k), matrix(m, k), matrix(n, k)
		only := make(lanes.Pack, k)
		var s Scratch
		s.Singular(values, left, right, a, k)
		s.Singular(only, lanes.View{}, lanes.View{}, a, k)
		for l := range lanes.W {
			var svd mat.SVD
			if !svd.Factorize(dense64(a, l), mat.SVDNone) {
				t.Fatal("the baseline failed")
			}
			want := svd.Values(nil)
			for j := range k {
				if diff := math.Abs(values[j][l]-want[j]) / want[0]; diff > 1e-14 {
					t.Errorf("%v lane %d: σ%d is %g, want %g", shape, l, j, values[j][l], want[j])
				}
				if only[j][l] != values[j][l] {
					t.Errorf("%v lane %d: σ%d is %g with vectors and %g without", shape, l, j, values[j][l], only[j][l])
				}
			}
			for i := range m {
				for j := range n {
					sum := 0.0
					for q := range k {
						sum += left.At(i, q)[l] * values[q][l] * right.At(j, q)[l]
					}
					if diff := math.Abs(sum-a.At(i, j)[l]) / want[0]; diff > 1e-14 {
						t.Errorf("%v lane %d: UΣVᵀ misses entry (%d, %d) by %.1g of the norm", shape, l, i, j, diff)
					}
				}
			}
			if e := max(orthonormal(left, l), orthonormal(right, l)); e > 1e-13 {
				t.Errorf("%v lane %d: vectors are orthonormal to %.1g only", shape, l, e)
			}
		}
	}
}

// TestGradedSingular holds one-sided Jacobi to what QR iterations cannot do: all digits of values 40 orders apart.
func TestGradedSingular(t *testing.T) {
	// a = Q·D with orthogonal columns of lengths 1, 10⁻²⁰, 10⁻⁴⁰, mixed within pairs of rows.
	a := matrix(4, 3)
	for i, x := range [][]float64{{.5, .5, .5}, {.5, -.5, .5}, {.5, .5, -.5}, {.5, -.5, -.5}} {
		for j := range x {
			*a.At(i, j) = lanes.Splat(x[j] * math.Pow(10, -20*float64(j)))
		}
	}
	values := make(lanes.Pack, 3)
	var s Scratch
	s.Singular(values, lanes.View{}, lanes.View{}, a, 3)
	for j := range values {
		want := math.Pow(10, -20*float64(j))
		if e := math.Abs(values[j][5]/want - 1); e > 1e-14 {
			t.Errorf("σ%d = %g, want %g: relative error %.1g", j, values[j][5], want, e)
		}
	}
	if got, want := s.LogDetGram(a)[0], -120*math.Ln10; math.Abs(got/want-1) > 1e-15 {
		t.Errorf("log det = %.17g, want %.17g", got, want)
	}
}

func TestRankBound(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	b, c := random(r, 12, 3), random(r, 3, 10)
	a := matrix(12, 10)
	lanes.MatMul(a, b, c)
	full, bound := make(lanes.Pack, 10), make(lanes.Pack, 10)
	var s Scratch
	s.Singular(full, lanes.View{}, lanes.View{}, a, 10)
	s.Singular(bound, lanes.View{}, lanes.View{}, a, 3)
	for l := range lanes.W {
		for j := range 10 {
			if diff := math.Abs(full[j][l] - bound[j][l]); diff > 1e-14*full[0][l] {
				t.Errorf("lane %d: σ%d = %g without the bound and %g with it", l, j, full[j][l], bound[j][l])
			}
		}
		if bound[3][l] != 0 {
			t.Errorf("lane %d: σ₄ = %g beyond the bound 3; want 0", l, bound[3][l])
		}
	}
}

func TestLogDetGram(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	a := random(r, 10, 7)
	var s Scratch
	got := s.LogDetGram(a)
	for l := range lanes.W {
		m := dense64(a, l)
		var g mat.Dense
		g.Mul(m.T(), m)
		want, _ := mat.LogDet(&g)
		if math.Abs(got[l]-want) > 1e-12*math.Abs(want)+1e-12 {
			t.Errorf("lane %d: log det = %.15g, want %.15g", l, got[l], want)
		}
	}
	// A Vandermonde-like pair of nearly equal columns, where forming aᵀa loses everything: det = δ² exactly.
	b := matrix(2, 2)
	delta := 0x1p-40
	*b.At(0, 0), *b.At(0, 1), *b.At(1, 1) = lanes.Splat(1), lanes.Splat(1), lanes.Splat(delta)
	if got, want := s.LogDetGram(b)[3], -80*math.Ln2; math.Abs(got-want) > 1e-12 {
		t.Errorf("nearly equal columns: log det = %.15g, want %.15g", got, want)
	}
	// det = 10⁻⁶⁰⁰⁰ underflows; its logarithm is exact.
	lanes.Scale(a.P, 0)
	for i := range 7 {
		*a.At(i, i) = lanes.Splat(1e-150)
	}
	lanes.Scale(a.P, 1e-150)
	if got, want := s.LogDetGram(a)[0], 2*7*-300*math.Ln10; math.Abs(got/want-1) > 1e-13 {
		t.Errorf("tiny columns: log det = %.15g, want %.15g", got, want)
	}
	for i := range 10 {
		*a.At(i, 3) = *a.At(i, 2)
	}
	if got := s.LogDetGram(a)[0]; !math.IsInf(got, -1) {
		t.Errorf("equal columns: log det = %g, want −∞", got)
	}
}

func TestRoot(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, rank := range []int{0, 1, 4, 9} {
		b := random(r, rank, 9)
		a, root, back := matrix(9, 9), matrix(9, 9), matrix(9, 9)
		lanes.MatMul(a, b.T(), b)
		var s Scratch
		s.Root(root, a)
		lanes.MatMul(back, root.T(), root)
		for l := range lanes.W {
			scale := math.Ldexp(1, 6*l-18) * 9
			for i := range a.P {
				if diff := math.Abs(back.P[i][l] - a.P[i][l]); diff > 1e-14*scale {
					t.Errorf("rank %d lane %d: entry %d of RᵀR is off by %.1g", rank, l, i, diff)
				}
			}
			for k := rank; k < 9; k++ {
				for j := range 9 {
					if root.At(k, j)[l] != 0 {
						t.Fatalf("rank %d lane %d: row %d of the root is not 0", rank, l, k)
					}
				}
			}
		}
	}
}

// spectrum is an operator with chosen eigenvalues, the same in all lanes but for a factor: H = f·QΛQᵀ, Q a product of
// reflections.
type spectrum struct {
	values  []float64
	reflect [][]float64
	factor  lanes.Vec
}

func newSpectrum(r *rand.Rand, values []float64) spectrum {
	s := spectrum{values: values, factor: lanes.Vec{1, 2, 0.5, 1e-6, 1e6, 3, -1, 0}}
	for range 3 {
		v := make([]float64, len(values))
		norm := 0.0
		for i := range v {
			v[i] = r.NormFloat64()
			norm += v[i] * v[i]
		}
		for i := range v {
			v[i] /= math.Sqrt(norm)
		}
		s.reflect = append(s.reflect, v)
	}
	return s
}

func (s spectrum) mul(dst, v lanes.Pack) {
	for l := range lanes.W {
		x := v.Lane(nil, l)
		for _, u := range s.reflect {
			axpy(x, -2*dot(u, x), u)
		}
		for i := range x {
			x[i] *= s.factor[l] * s.values[i]
		}
		for i := len(s.reflect) - 1; i >= 0; i-- {
			axpy(x, -2*dot(s.reflect[i], x), s.reflect[i])
		}
		dst.SetLane(l, x)
	}
}

func TestTop(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, tc := range []struct {
		name  string
		d     int
		value func(i int) float64
	}{
		{"dense, spread", 20, func(i int) float64 { return float64(i) }},
		{"dense, one", 1, func(int) float64 { return 4 }},
		{"spread", 100, func(i int) float64 { return float64(i) }},
		{"multiple", 90, func(i int) float64 { return []float64{3, 3, 3, 1, -7, 0}[i%6] }},
		{"low rank", 80, func(i int) float64 { return max(0, 5-float64(i)) }},
		{"negative outlier", 120, func(i int) float64 { return []float64{-1000, 2, 1}[min(i, 2)] }},
		{"crowded top", 80, func(i int) float64 { return 1 - float64(i*i)/2e3 }},
		{"all negative", 60, func(i int) float64 { return -1 - float64(i) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			values := make([]float64, tc.d)
			for i := range values {
				values[i] = tc.value(i)
			}
			op := newSpectrum(r, values)
			k := min(4, tc.d)
			got, residual, vectors := make(lanes.Pack, k), make(lanes.Pack, k), matrix(tc.d, k)
			var s Scratch
			var ws lanes.Arena
			products := 0
			reached := s.Top(got, residual, vectors, func(dst, v lanes.Pack) { products++; op.mul(dst, v) }, tc.d, Search{Tolerance: 1e-6}, &ws)
			t.Logf("%d products for %d pairs", products, k)
			if reached != lanes.All {
				t.Errorf("reached the tolerance in lanes %08b only; residuals %g", reached, residual)
			}
			for l := range lanes.W {
				sorted := make([]float64, tc.d)
				norm := 0.0
				for i, x := range values {
					sorted[i] = x * op.factor[l]
					norm = max(norm, math.Abs(sorted[i]))
				}
				for i := range sorted {
					for j := i + 1; j < len(sorted); j++ {
						if sorted[j] > sorted[i] {
							sorted[i], sorted[j] = sorted[j], sorted[i]
						}
					}
				}
				for j := range k {
					// The error is at most residual²/gap, and at most the residual.
					if diff := math.Abs(got[j][l] - sorted[j]); diff > 1e-9*math.Abs(sorted[j])+1e-14*norm {
						t.Errorf("lane %d: λ%d = %.15g, want %.15g", l, j+1, got[j][l], sorted[j])
					}
					if sorted[j] != 0 && residual[j][l] > 1e-6 {
						t.Errorf("lane %d: residual %d is %g", l, j+1, residual[j][l])
					}
				}
				if e := orthonormal(vectors, l); e > 1e-10 {
					t.Errorf("lane %d: vectors are orthonormal to %.1g only", l, e)
				}
			}
		})
	}
}

func TestTopGivesUp(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	values := make([]float64, 400)
	for i := range values {
		values[i] = 1 - float64(i)/1e6 // far too crowded for 30 products
	}
	op := newSpectrum(r, values)
	op.factor[7] = 1
	got, residual := make(lanes.Pack, 1), make(lanes.Pack, 1)
	var s Scratch
	var ws lanes.Arena
	products := 0
	reached := s.Top(got, residual, lanes.View{}, func(dst, v lanes.Pack) { products++; op.mul(dst, v) }, 400, Search{Tolerance: 1e-9, Products: 30}, &ws)
	if products != 31 {
		t.Errorf("%d products, want 30 and one for the residual", products)
	}
	if reached != lanes.None {
		t.Errorf("lanes %08b claim a residual within 1e-9; residuals %g", reached, residual[0])
	}
	if !(residual[0][0] > 1e-9 && residual[0][0] < 1e-5) {
		t.Errorf("residual %g", residual[0][0])
	}
}

func TestNaNStaysInItsLane(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for _, d := range []int{8, 50} {
		clean := symmetrise(random(r, d, d))
		dirty := lanes.ByRows(append(lanes.Pack(nil), clean.P...), d, d)
		for i := range dirty.P {
			dirty.P[i][1] = math.NaN()
			dirty.P[i][2] = 0
			dirty.P[i][3] = math.Inf(1)
			dirty.P[i][6] = r.NormFloat64()
		}
		all := func(a lanes.View) map[string]lanes.Pack {
			var s Scratch
			var ws lanes.Arena
			out := map[string]lanes.Pack{
				"values": make(lanes.Pack, d), "vectors": make(lanes.Pack, d*d), "sigma": make(lanes.Pack, d), "left": make(lanes.Pack, d*d),
				"right": make(lanes.Pack, d*d), "root": make(lanes.Pack, d*d), "top": make(lanes.Pack, 3), "residual": make(lanes.Pack, 3),
				"topvectors": make(lanes.Pack, 3*d),
			}
			s.Eigen(out["values"], lanes.ByRows(out["vectors"], d, d), a)
			s.Singular(out["sigma"], lanes.ByRows(out["left"], d, d), lanes.ByRows(out["right"], d, d), a, d)
			psd := matrix(d, d)
			lanes.MatMul(psd, a.T(), a)
			s.Root(lanes.ByRows(out["root"], d, d), psd)
			s.Top(out["top"], out["residual"], lanes.ByRows(out["topvectors"], d, 3), func(dst, v lanes.Pack) {
				lanes.MatMul(lanes.ByRows(dst, d, 1), a, lanes.ByRows(v, d, 1))
			}, d, Search{Tolerance: 1e-6}, &ws)
			out["logdet"] = lanes.Pack{s.LogDetGram(a)}
			out["only values"], out["triangle"] = make(lanes.Pack, d), make(lanes.Pack, d*d)
			s.Eigen(out["only values"], lanes.View{}, a)
			s.Triangle(lanes.ByRows(out["triangle"], d, d), a)
			out["count"] = lanes.Pack{s.CountAbove(a, 0.1, lanes.Vec{})}
			return out
		}
		a, b := all(clean), all(dirty)
		for name := range a {
			for i := range a[name] {
				for _, l := range []int{0, 4, 5, 7} {
					if math.Float64bits(a[name][i][l]) != math.Float64bits(b[name][i][l]) {
						t.Fatalf("d=%d: %s[%d] of lane %d is %g beside some lanes and %g beside others", d, name, i, l, a[name][i][l], b[name][i][l])
					}
				}
				for _, l := range []int{1, 3} {
					if !math.IsNaN(b[name][i][l]) {
						t.Fatalf("d=%d: %s[%d] of a matrix that is not finite is %g", d, name, i, b[name][i][l])
					}
				}
				if name == "values" || name == "sigma" || name == "top" || name == "residual" {
					if b[name][i][2] != 0 {
						t.Errorf("d=%d: %s[%d] of the zero matrix is %g", d, name, i, b[name][i][2])
					}
				}
			}
		}
	}
}

func TestBeyondTheDimension(t *testing.T) {
	a := matrix(2, 2)
	*a.At(0, 0), *a.At(1, 1) = lanes.Splat(1), lanes.Splat(5)
	values, residual, sigma, top := make(lanes.Pack, 3), make(lanes.Pack, 3), make(lanes.Pack, 3), make(lanes.Pack, 3)
	var s Scratch
	var ws lanes.Arena
	s.Eigen(values, matrix(2, 3), a)
	s.Singular(sigma, matrix(2, 3), matrix(2, 3), a, 2)
	s.Top(top, residual, matrix(2, 3), func(dst, v lanes.Pack) { lanes.MatMul(lanes.ByRows(dst, 2, 1), a, lanes.ByRows(v, 2, 1)) }, 2, Search{Tolerance: 1e-6}, &ws)
	for _, p := range []lanes.Pack{values, sigma, top} {
		if p[0][0] != 5 || p[1][0] != 1 || !math.IsNaN(p[2][0]) {
			t.Errorf("got %g, %g, %g; want 5, 1, NaN", p[0][0], p[1][0], p[2][0])
		}
	}
}

func BenchmarkEigen75(b *testing.B) {
	a := symmetrise(random(rand.New(rand.NewPCG(1, 1)), 75, 75))
	values := make(lanes.Pack, 75)
	var s Scratch
	for b.Loop() {
		s.Eigen(values, lanes.View{}, a)
	}
}

func BenchmarkSingular64(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y, a := random(r, 64, 16), random(r, 16, 64), matrix(64, 64)
	lanes.MatMul(a, x, y)
	values := make(lanes.Pack, 16)
	var s Scratch
	b.Run("bound", func(b *testing.B) {
		for b.Loop() {
			s.Singular(values, lanes.View{}, lanes.View{}, a, 16)
		}
	})
	b.Run("full", func(b *testing.B) {
		for b.Loop() {
			s.Singular(values, lanes.View{}, lanes.View{}, random(r, 64, 64), 64)
		}
	})
}
