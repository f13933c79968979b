package linalg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// problem is a random one: B = GGᵀ of the given rank, scaled over decades where wild; A leaves some directions negative.
func problem(r *rand.Rand, n, rank int, wild float64) (a, b []float64) {
	m := Packed(n)
	a, b = make([]float64, m), make([]float64, m*m)
	full := make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			full[i*n+j] = r.NormFloat64()
			full[j*n+i] = full[i*n+j]
		}
		full[i*n+i] += 2*r.Float64() - 1
	}
	Pack(a, full, n)
	g := make([]float64, m*rank)
	for i := range m {
		s := math.Exp(wild * r.NormFloat64())
		for k := range rank {
			g[i*rank+k] = s * r.NormFloat64()
		}
	}
	for i := range m {
		for j := range m {
			b[i*m+j] = dot(g[i*rank:(i+1)*rank], g[j*rank:(j+1)*rank])
		}
	}
	return a, b
}

// kkt is how far x is from an answer by the definition, eigenvalues by the general routine.
func kkt(x, a, b []float64) float64 {
	m := len(x)
	n := int(math.Sqrt(float64(2 * m)))
	f := make([]float64, m)
	for i := range f {
		f[i] = a[i] + dot(b[i*m:(i+1)*m], x)
	}
	var s Scratch
	low := func(p []float64) float64 {
		full, val, vec := make([]float64, n*n), make([]float64, n), make([]float64, n*n)
		Spread(full, p, n)
		shift := rescale(full, largest(full))
		s.symmetric(full, val, vec)
		return math.Ldexp(val[n-1], shift)
	}
	top, size := largest(a), largest(x)
	if size == 0 {
		return -low(f) / top
	}
	return max(-low(f)/top, -low(x)/size, math.Abs(dot(x, f))/size/top)
}

// TestComplement: answers of random problems to 10⁻¹⁰ by the three conditions, of full rank and barely enough, over decades of units; the same
// bits again; 0 to the bit where A ⪰ 0.
func TestComplement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s Scratch
	for round := range 2000 {
		n := 1 + r.IntN(6)
		m := Packed(n)
		rank := m
		if round%3 == 1 {
			rank = m + r.IntN(20)
		}
		a, b := problem(r, n, rank, []float64{0, 0.5, 1}[round%3])
		ua, ub := math.Exp(8*r.NormFloat64()), math.Exp(8*r.NormFloat64())
		for i := range a {
			a[i] *= ua
		}
		for i := range b {
			b[i] *= ub
		}
		x, again := make([]float64, m), make([]float64, m)
		e := s.Complement(x, a, b)
		if got := kkt(x, a, b); !(e <= 1e-10) || !(got <= 1e-10) {
			t.Errorf("n = %d, rank %d, round %d: says %.2g, is off by %.2g", n, rank, round, e, got)
		}
		new(Scratch).Complement(again, a, b)
		if fmt.Sprint(x) != fmt.Sprint(again) {
			t.Errorf("round %d: other bits", round)
		}
	}
	x := []float64{7, 7, 7}
	if e := s.Complement(x, []float64{1, math.Sqrt2, 1}, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}); e != 0 || x[0] != 0 || x[1] != 0 || x[2] != 0 {
		t.Errorf("A ⪰ 0: x = %v", x)
	}
}

// TestComplementByHand: 1×1; B = 1, where the answer is the negative part of A; a diagonal B, whose answers decouple; and against the best of
// many X = YYᵀ by descent of the quadratic form.
func TestComplementByHand(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var s Scratch
	x := []float64{0}
	if e := s.Complement(x, []float64{-3}, []float64{2}); e != 0 || x[0] != 1.5 {
		t.Errorf("x = %v, off by %g", x, e)
	}
	if s.Complement(x, []float64{3}, []float64{2}); x[0] != 0 {
		t.Errorf("x = %v", x)
	}
	for _, n := range []int{2, 3, 6} {
		m := Packed(n)
		a, _ := problem(r, n, m, 0)
		b, x := make([]float64, m*m), make([]float64, m)
		for i := range m {
			b[i*m+i] = 0.7
		}
		s.Complement(x, a, b)
		full, val, vec, want := make([]float64, n*n), make([]float64, n), make([]float64, n*n), make([]float64, m)
		Spread(full, a, n)
		shift := rescale(full, largest(full))
		s.symmetric(full, val, vec)
		clear(full)
		for k := range n {
			for i := range n {
				for j := range n {
					full[i*n+j] += math.Max(0, -math.Ldexp(val[k], shift)) / 0.7 * vec[k*n+i] * vec[k*n+j]
				}
			}
		}
		Pack(want, full, n)
		for i := range x {
			if math.Abs(x[i]-want[i]) > 1e-9 {
				t.Errorf("n = %d: x = %v, want %v", n, x, want)
				break
			}
		}
		// Diagonal: entries on the diagonal alone, each max(0, −a/b).
		clear(a)
		for i := range n {
			a[at(i, i, n)] = float64(i) - 1.5
			b[at(i, i, n)*m+at(i, i, n)] = float64(1 + i)
		}
		s.Complement(x, a, b)
		for i := range n {
			if w := math.Max(0, (1.5-float64(i))/float64(1+i)); math.Abs(x[at(i, i, n)]-w) > 1e-10 {
				t.Errorf("n = %d, diagonal: x = %v", n, x)
			}
		}
	}
	for round := range 20 {
		n := 2 + round%3
		m := Packed(n)
		a, b := problem(r, n, m, 0)
		x, p := make([]float64, m), make([]float64, m)
		s.Complement(x, a, b)
		value := func(x []float64) float64 {
			v := dot(a, x)
			for i := range m {
				v += x[i] * dot(b[i*m:(i+1)*m], x) / 2
			}
			return v
		}
		best, full := value(x), make([]float64, n*n)
		for range 20_000 {
			y := make([]float64, n*n)
			scale := math.Exp(2*r.NormFloat64() - 2)
			for i := range y {
				y[i] = scale * r.NormFloat64()
			}
			for i := range n {
				for j := range n {
					full[i*n+j] = dot(y[i*n:(i+1)*n], y[j*n:(j+1)*n])
				}
			}
			Pack(p, full, n)
			if v := value(p); v < best-1e-12 {
				t.Fatalf("round %d: the form is %g at the answer, %g elsewhere", round, best, v)
			}
			for i := range p { // and near the answer, on the way to there
				p[i] = x[i] + 1e-3*(p[i]-x[i])
			}
			if v := value(p); v < best-1e-13*(1+math.Abs(best)) {
				t.Fatalf("round %d: the form is %.15g at the answer, %.15g nearby", round, best, v)
			}
		}
	}
}

// TestComplementNone: without an answer it says so, and NaN stays where it is.
func TestComplementNone(t *testing.T) {
	var s Scratch
	x := make([]float64, 3)
	for _, b := range [][]float64{{0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 1}} {
		if e := s.Complement(x, []float64{-1, 0, 1}, b); !math.IsInf(e, 1) {
			t.Errorf("B = %v cannot lift: off by %g, x = %v", b, e, x)
		}
	}
	if e := s.Complement(x[:1], []float64{-1}, []float64{0}); !math.IsInf(e, 1) {
		t.Errorf("off by %g", e)
	}
	if e := s.Complement(x, []float64{math.NaN(), 0, 1}, make([]float64, 9)); !math.IsNaN(e) || !math.IsNaN(x[0]) {
		t.Errorf("NaN: %g, %v", e, x)
	}
}
