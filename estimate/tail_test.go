package estimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Of Pareto's law the estimator is unbiased in 1/α, and its interval covers: of 200 samples 95 % do, from 176 to 199 in all but one of 10⁴ cases.
func TestHill(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, alpha := range []float64{0.8, 1.5, 3} {
		covered := 0
		var inverse Moments
		for range 200 {
			x := make([]float64, 5000)
			for i := range x {
				x[i] = math.Pow(r.Float64(), -1/alpha)
				if r.Uint64()&1 == 1 {
					x[i] = -x[i]
				}
			}
			e := Hill(x, 300, Level)
			inverse.Add(1 / e.Value)
			if e.Lo <= alpha && alpha <= e.Hi {
				covered++
			}
		}
		if m := inverse.Mean(Level); math.Abs(m.Value-1/alpha) > 5*m.SE {
			t.Errorf("α = %g: 1/α = %g ± %g", alpha, m.Value, m.SE)
		}
		if covered < 176 || covered > 199 {
			t.Errorf("α = %g: %d of 200 intervals cover it", alpha, covered)
		}
	}
	for _, x := range [][]float64{nil, {1, 2, 3}, make([]float64, 100)} {
		if e := Hill(x, 10, Level); !math.IsNaN(e.Value) {
			t.Errorf("of %d numbers: %+v", len(x), e)
		}
	}
}

// What the block estimator says: right on Gaussian and Cauchy draws; of Gaussian noise whose coordinates have different scales far below 2 where
// blocks mix coordinates, and 2 where they do not; of Student's law with three degrees of freedom, which has a variance, less than 2. So
// an index below 2 from pooled coordinates is no sign of heavy tails.
func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n, k = 200000, 100
	draw := func(f func(i int) float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = f(i)
		}
		return x
	}
	student := func() float64 {
		s := 0.0
		for range 3 {
			z := r.NormFloat64()
			s += z * z
		}
		return r.NormFloat64() / math.Sqrt(s/3)
	}
	scale := func(j int) float64 { return math.Pow(10, -4*float64(j)/99) } // of 100 coordinates, over four decades
	// Of Gaussian numbers whose scales s all are in every block, 1/α = ½ + (½ ln⟨s²⟩ − ⟨ln s⟩)/ln K.
	var square, log Moments
	for j := range 100 {
		square.Add(scale(j) * scale(j))
		log.Add(math.Log(scale(j)))
	}
	pooled := 1 / (0.5 + (math.Log(square.M)/2-log.M)/math.Log(k))
	if pooled < 0.7 || pooled > 0.9 {
		t.Errorf("pooled scales should read %.4g, want 0.7 to 0.9", pooled)
	}
	for _, tc := range []struct {
		name   string
		x      []float64
		lo, hi float64
	}{
		{"Gaussian", draw(func(int) float64 { return r.NormFloat64() }), 1.95, 2.05},
		{"Cauchy", draw(func(int) float64 { return r.NormFloat64() / r.NormFloat64() }), 0.97, 1.03},
		{"Gaussian, blocks across coordinates", draw(func(i int) float64 { return r.NormFloat64() * scale(i%100) }), pooled - 0.02, pooled + 0.02},
		{"Gaussian, blocks within a coordinate", draw(func(i int) float64 { return r.NormFloat64() * scale(i/2000) }), 1.95, 2.05},
		{"Student, three degrees of freedom", draw(func(int) float64 { return student() }), 1.65, 1.8},
	} {
		if got := Blocks(tc.x, k); got < tc.lo || got > tc.hi {
			t.Errorf("%s: %.4g, want %g to %g", tc.name, got, tc.lo, tc.hi)
		}
	}
	if !math.IsNaN(Blocks(make([]float64, 50), 100)) || !math.IsNaN(Blocks(nil, 1)) {
		t.Error("an index from less than two blocks")
	}
}

// Of Gaussian samples the kurtosis is 3 within its interval as often as it says, and of signs 1.
func TestKurtosis(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	covered := 0
	for range 200 {
		x := make([]float64, 4000)
		for i := range x {
			x[i] = 2 + 3*r.NormFloat64()
		}
		if e := Kurtosis(x, Level); e.Lo <= 3 && 3 <= e.Hi {
			covered++
		}
	}
	if covered < 172 || covered > 199 {
		t.Errorf("%d of 200 intervals cover 3", covered)
	}
	if e := Kurtosis([]float64{1, -1, 1, -1, 1, -1}, Level); math.Abs(e.Value-1) > 1e-15 {
		t.Errorf("of signs %g", e.Value)
	}
	if e := Kurtosis([]float64{2, 2, 2, 2, 2}, Level); !math.IsNaN(e.Value) {
		t.Errorf("of a constant %g", e.Value)
	}
}
