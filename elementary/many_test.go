package elementary

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The functions of many numbers have the bits of those of one: over random bits, over each function's range, and on the edges of it, at
// all lengths and in place.
func TestManyAreOneByOne(t *testing.T) { eachKernel(t, manyAreOneByOne) }

func manyAreOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 7))
	edges := []float64{0, math.Copysign(0, -1), 1, -1, 22, -22, 0x1p-28, 0x1p-1000, 0.84375, 1.25, 6, -6, 1 / 0.35, 28, math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, 0x1p-1022, 0x1.fffffffffffffp-1023, math.MaxFloat64,
		-708, 709, -745.2, -745.3, 709.782712893384, 709.8, math.Sqrt2 / 2, math.Sqrt2, math.Ln2 / 2, -math.Ln2 / 2, 1 + 0x1p-52, 1 - 0x1p-53}
	pick := func() float64 {
		switch r.IntN(16) {
		case 0:
			return math.Float64frombits(r.Uint64())
		case 1:
			return edges[r.IntN(len(edges))]
		case 2:
			return math.Nextafter(edges[r.IntN(len(edges))], r.NormFloat64())
		case 3, 4, 5, 6, 7:
			return math.Abs(math.Ldexp(r.NormFloat64(), r.IntN(200)-100))
		}
		return r.NormFloat64() * math.Ldexp(1, r.IntN(10))
	}
	for round := range 30000 {
		x := make([]float64, r.IntN(90))
		for i := range x {
			x[i] = pick()
			if round%3 > 0 { // mostly within the ranges of the kernels
				x[i] = r.Float64() * 700
				if round%3 > 1 {
					x[i] = r.NormFloat64() * 4
				}
				if round%9 == 8 { // whole blocks of tiny numbers, with others between
					x[i] = r.NormFloat64() * 1e-9
				}
			}
		}
		for name, f := range map[string]struct {
			many func(dst, x []float64)
			one  func(float64) float64
		}{"exp": {Exps, Exp}, "tanh": {Tanhs, Tanh}, "erf": {Erfs, Erf}, "log": {Logs, Log}, "sqrt": {Sqrts, math.Sqrt}} {
			y := append([]float64{}, x...)
			f.many(y, y)
			for i := range x {
				want := f.one(x[i])
				if math.Float64bits(y[i]) != math.Float64bits(want) && !(math.IsNaN(y[i]) && math.IsNaN(want)) {
					t.Fatalf("%s(%v), number %d of %d, is %v, want %v", name, x[i], i, len(x), y[i], want)
				}
			}
		}
	}
}

func BenchmarkMany(b *testing.B) {
	x, y := make([]float64, 1024), make([]float64, 1024)
	for i := range x {
		x[i] = float64(i%97)/16 + 0.01
	}
	for name, f := range map[string]struct {
		many func(dst, x []float64)
		one  func(float64) float64
	}{"exp": {Exps, Exp}, "log": {Logs, Log}, "tanh": {Tanhs, Tanh}, "erf": {Erfs, Erf}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f.many(y, x)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/number")
		})
		b.Run(name+"-alone", func(b *testing.B) {
			for b.Loop() {
				for i, v := range x {
					y[i] = f.one(v)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/number")
		})
	}
}
