package workload

import (
	"fmt"
	"math"
	"time"

	"sgdlab/lanes"
	"sgdlab/rng"
)

// Figure is one measurement of the machine.
type Figure struct {
	Name  string
	Value float64
	Unit  string
	Peak  float64 // what it can be at most, in the same unit; 0 where that is not known
}

// Machine measures the price of random numbers and products: the shortest time of many of each, on one core.
func Machine() []Figure {
	shortest := func(f func()) float64 { // in nanoseconds
		best := math.Inf(1)
		for began := time.Now(); time.Since(began) < 150*time.Millisecond; {
			start := time.Now()
			for range 50 {
				f()
			}
			best = min(best, float64(time.Since(start).Nanoseconds())/50)
		}
		return best
	}
	const numbers = 76
	s, at, z := rng.New("machine"), &rng.Lanes{}, make(lanes.Pack, numbers)
	index := make([][lanes.W]int32, numbers)
	step := func() {
		for l := range at.Step {
			at.Step[l]++
		}
	}
	per := func(draw func()) float64 { return shortest(func() { draw(); step() }) / (numbers * lanes.W) }
	out := []Figure{
		{"normal numbers, resolution single", per(func() { s.Normals(z, at) }), "ns", 0},
		{"normal numbers, resolution double", per(func() { s.FullNormals(z, at) }), "ns", 0},
		{"indices of rows", per(func() { s.Indices(index, 64, at) }), "ns", 0},
	}
	top := 0.0
	if flops := peak(1); flops > 0 {
		top = 1000 * flops / shortest(func() { peak(1000) })
		out = append(out, Figure{"fused multiply-adds", top, "GFLOP/s", top})
	}
	for _, n := range []int{5, 12, 32, 64} {
		a, b, c := make(lanes.Pack, n*n), make(lanes.Pack, n*n), make(lanes.Pack, n*n)
		v := func(p lanes.Pack) lanes.View { return lanes.ByRows(p, n, n) }
		p := lanes.NewProduct(v(c), v(a), v(b))
		flops := 2 * lanes.W * math.Pow(float64(n), 3)
		out = append(out, Figure{fmt.Sprintf("products of packs of %d × %d", n, n), flops / shortest(func() { p.Mul(c, a, b) }), "GFLOP/s", top})
	}
	return out
}
