package ensemble

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"sgdlab/estimate"
)

// values of many kinds: like ones, ones of very different sizes, zeros of both signs, subnormals, equal ones.
func manyValues(rnd *rand.Rand, kind, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		switch x := rnd.NormFloat64(); kind {
		case 0:
			out[i] = 3 + 1e-6*x
		case 1:
			out[i] = x * math.Pow(10, float64(rnd.IntN(60)-30))
		case 2:
			out[i] = []float64{0, math.Copysign(0, -1), 5e-324, -5e-324, 1, 1e10}[rnd.IntN(6)]
		case 3:
			out[i] = 0.1
		case 4:
			out[i] = -1e6 * rnd.ExpFloat64()
		}
	}
	return out
}

// central are n, x̄ and the Σ(x − x̄)ᵏ by rational arithmetic.
func central(x []float64) (mean float64, m [5]float64) {
	n := new(big.Rat).SetInt64(int64(len(x)))
	sum := new(big.Rat)
	for _, v := range x {
		sum.Add(sum, new(big.Rat).SetFloat64(v))
	}
	sum.Quo(sum, n)
	mean, _ = sum.Float64()
	for k := 2; k <= 4; k++ {
		total := new(big.Rat)
		for _, v := range x {
			d := new(big.Rat).Sub(new(big.Rat).SetFloat64(v), sum)
			p := new(big.Rat).SetInt64(1)
			for range k {
				p.Mul(p, d)
			}
			total.Add(total, p)
		}
		m[k], _ = total.Float64()
	}
	return mean, m
}

// The moments are the float64s nearest to the exact ones.
func TestMomentsAreExact(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	for kind := range 5 {
		for _, n := range []int{1, 2, 7, 32, 33, 90} {
			x := manyValues(rnd, kind, n)
			var s Stat
			for _, v := range x {
				s.Add(v)
			}
			mean, want := central(x)
			got := s.Moments()
			if got.N != int64(n) || s.N() != got.N || got.M != mean || got.M2 != want[2] || got.M3 != want[3] || got.M4 != want[4] {
				t.Errorf("kind %d, n = %d: %+v; want mean %g and %g", kind, n, got, mean, want[2:])
			}
		}
	}
}

// The order of values, and how they were cut and merged, show neither in the bytes nor in what is read from them.
func TestStatIsBlindToOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 1))
	for kind := range 5 {
		for _, n := range []int{5, 31, 32, 33, 64, 200} {
			x := manyValues(rnd, kind, n)
			x[0], x[1] = math.NaN(), math.Inf(-1)
			var whole Stat
			var sk estimate.Sketch
			for _, v := range x {
				whole.Add(v)
				sk.Add(v)
			}
			want := must(whole.MarshalBinary())
			if a, b := must(whole.Sketch().MarshalBinary()), must(sk.MarshalBinary()); !bytes.Equal(a, b) {
				t.Errorf("kind %d, n = %d: the sketch differs", kind, n)
			}
			if m := whole.Moments(); m.N != int64(n-2) || m.Bad != 2 {
				t.Errorf("kind %d: n = %d, bad %d; want %d and 2", kind, m.N, m.Bad, n-2)
			}
			for range 5 {
				rnd.Shuffle(n, func(i, j int) { x[i], x[j] = x[j], x[i] })
				var parts []*Stat
				for i, v := range x {
					if i == 0 || rnd.IntN(15) == 0 {
						parts = append(parts, &Stat{})
					}
					parts[len(parts)-1].Add(v)
				}
				for len(parts) > 1 {
					i := rnd.IntN(len(parts) - 1)
					var again Stat // through bytes, as results of shards go
					if err := again.UnmarshalBinary(must(parts[i+1].MarshalBinary())); err != nil {
						t.Fatal(err)
					}
					before := must(again.MarshalBinary())
					parts[i].Merge(&again)
					if !bytes.Equal(must(again.MarshalBinary()), before) {
						t.Fatal("merging changed the part that was merged in")
					}
					parts = append(parts[:i+1], parts[i+2:]...)
				}
				if !bytes.Equal(must(parts[0].MarshalBinary()), want) {
					t.Fatalf("kind %d, n = %d: the order shows", kind, n)
				}
			}
		}
	}
}

// Carries are settled before limbs overflow.
func TestManyAdds(t *testing.T) {
	var a, b exact
	for _, s := range []*exact{&a, &b} {
		for range 5 {
			s.add(false, []uint64{1<<53 - 1}, 13)
			s.add(true, []uint64{1<<50 + 1}, -40)
		}
	}
	for range 60 { // each doubles what a holds
		c := exact{low: a.low, limb: append([]int64(nil), a.limb...), adds: a.adds}
		a.merge(&c)
	}
	x, e := a.value()
	y, f := b.value()
	if x.Cmp(y) != 0 || e != f+60 {
		t.Errorf("%v·2^%d after 60 doublings; want %v·2^%d", x, e, y, f+60)
	}
	for range 3 {
		a.adds = manyAdds
		a.add(true, []uint64{3}, f)
	}
	if got, _ := a.value(); a.adds > 2 || got.Sign() <= 0 {
		t.Errorf("%d adds after settling", a.adds)
	}
}

// Truncated and altered bytes are refused, or give a Stat whose bytes they are.
func TestStatRefuses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{0, 3, 60} {
		var s Stat
		for _, x := range manyValues(rnd, 1, n) {
			s.Add(x)
		}
		b := must(s.MarshalBinary())
		for i := range b {
			var out Stat
			if out.UnmarshalBinary(b[:i]) == nil {
				t.Errorf("n = %d: %d of %d bytes are accepted", n, i, len(b))
			}
			for bit := range 8 {
				c := bytes.Clone(b)
				c[i] ^= 1 << bit
				_ = out.UnmarshalBinary(c) // must not panic, nor fill memory
			}
		}
	}
}

func BenchmarkStatAdd(b *testing.B) {
	rnd := rand.New(rand.NewPCG(2, 2))
	x := manyValues(rnd, 0, 4096)
	var s Stat
	for i := 0; b.Loop(); i++ {
		s.Add(x[i%4096])
	}
}
