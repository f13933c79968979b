package rng

import (
	"math"
	"math/big"
	"math/bits"
	"testing"

	"sgdlab/lanes"
)

// The published known-answer vectors of Threefry2x64-20.
func TestThreefryKnownAnswers(t *testing.T) {
	const ones = math.MaxUint64
	for _, tc := range []struct{ k0, k1, x0, x1, w0, w1 uint64 }{
		{0, 0, 0, 0, 0xc2b6e3a8c2c69865, 0x6f81ed42f350084d},
		{ones, ones, ones, ones, 0xe02cb7c4d95d277a, 0xd06633d0893b8b68},
		{0xa4093822299f31d0, 0x082efa98ec4e6c89, 0x243f6a8885a308d3, 0x13198a2e03707344, 0x263c7d30bb0f0af1, 0x56be8361d3311526},
	} {
		if w0, w1 := Threefry2x64(tc.k0, tc.k1, tc.x0, tc.x1); w0 != tc.w0 || w1 != tc.w1 {
			t.Errorf("key %x %x counter %x %x: %016x %016x, want %016x %016x", tc.k0, tc.k1, tc.x0, tc.x1, w0, w1, tc.w0, tc.w1)
		}
	}
}

// The address of every number of every run: a change here changes all results.
func TestKeyLayout(t *testing.T) {
	at := &Lanes{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l], at.Branch[l], at.Step[l] = 7, uint64(100+l), uint64(l%2), uint64(1000*l)
	}
	s := New("noise[1]")
	purpose := uint64(0x7ff1a0bc20aa4720)
	if s.purpose != purpose {
		t.Errorf("FNV-1a of noise[1] is %#x", s.purpose)
	}
	for l := range lanes.W {
		k0, k1 := Threefry2x64(7, purpose, at.Replica[l], at.Branch[l])
		w0, w1 := Threefry2x64(k0, k1, at.Step[l], 3)
		if g0, g1 := s.Words(at, l, 3); g0 != w0 || g1 != w1 {
			t.Errorf("lane %d: words %x %x, want %x %x", l, g0, g1, w0, w1)
		}
	}
	z := make(lanes.Pack, 3)
	s.Normals(z, at)
	for j, want := range [3]float64{0.17259792537820096, -0.8351259598084633, -0.17903424198525839} {
		if z[j][5] != want {
			t.Errorf("normal %d of lane 5: %v, want %v", j, z[j][5], want)
		}
	}
	u := make(lanes.Pack, 2)
	s.Uniforms(u, at)
	w0, w1 := s.Words(at, 5, 0)
	if u[0][5] != (float64(w0>>12)+0.5)/(1<<52) || u[1][5] != (float64(w1>>12)+0.5)/(1<<52) {
		t.Errorf("uniforms of lane 5: %v %v are not the upper 52 bits of %x %x", u[0][5], u[1][5], w0, w1)
	}
}

// A stream's cache of keys must notice every change of who is in a lane.
func TestKeysFollowTheLanes(t *testing.T) {
	s := New("p")
	at := &Lanes{}
	one := make(lanes.Pack, 1)
	seen := map[float64]string{}
	draw := func(what string) {
		s.Uniforms(one, at)
		if was, ok := seen[one[0][3]]; ok {
			t.Errorf("%s draws what %s drew", what, was)
		}
		seen[one[0][3]] = what
	}
	draw("the start")
	at.Seed[3] = 1
	draw("another seed")
	at.Replica[3] = 1
	draw("another replica")
	at.Branch[3] = 1
	draw("another branch")
	at.Step[3] = 1
	draw("another step")
}

func TestLogUnit(t *testing.T) {
	// Against big.Float: no trust in the library's logarithm. ln u = −2 artanh((1−u)/(1+u)) by its series.
	for _, u := range []float64{0x1p-54, 1e-10, 0.1, 0.5, 0.70710678118654746, 0.70710678118654757, 0.9, 0.999999, 1 - 0x1p-53} {
		want := bigLog(u)
		if got := logUnit(u); math.Abs(got-want) > 2e-16*math.Abs(want) {
			t.Errorf("ln %g = %.17g, want %.17g", u, got, want)
		}
	}
}

func bigLog(u float64) float64 {
	frac, e := math.Frexp(u)
	ln := func(x *big.Float) *big.Float { // by the series, for x in [½, 1] or 2
		one := new(big.Float).SetPrec(200).SetInt64(1)
		s := new(big.Float).Quo(new(big.Float).Sub(x, one), new(big.Float).Add(x, one))
		q, term, sum := new(big.Float).Mul(s, s), new(big.Float).Set(s), new(big.Float).SetPrec(200)
		for k := int64(1); k < 260; k += 2 {
			sum.Add(sum, new(big.Float).Quo(term, new(big.Float).SetPrec(200).SetInt64(k)))
			term.Mul(term, q)
		}
		return sum.Mul(sum, new(big.Float).SetInt64(2))
	}
	total := ln(new(big.Float).SetPrec(200).SetFloat64(frac))
	two := ln(new(big.Float).SetPrec(200).SetInt64(2))
	total.Add(total, two.Mul(two, new(big.Float).SetInt64(int64(e))))
	f, _ := total.Float64()
	return f
}

func TestSinCosHalfTurns(t *testing.T) {
	for i := range 1001 {
		x := float64(i-500) / 1000
		sin, cos := sinCosHalfTurns(x)
		if math.Abs(sin-math.Sin(math.Pi*x)) > 2.3e-16 || math.Abs(cos-math.Cos(math.Pi*x)) > 3.4e-16 || cos < 0 && x > -0.5 && x < 0.5 {
			t.Errorf("t = %g: sin %.17g cos %.17g", x, sin, cos)
		}
		if e := math.Abs(sin*sin + cos*cos - 1); e > 7e-16 {
			t.Errorf("t = %g: sin² + cos² − 1 = %g", x, e)
		}
	}
}

// The open interval is open at both ends.
func TestUniformIsOpen(t *testing.T) {
	for w, want := range map[uint64]float64{0: 0x1p-53, math.MaxUint64: 1 - 0x1p-53, 1 << 63: 0.5 + 0x1p-53} {
		if u := uniform(w); u != want {
			t.Errorf("uniform(%#x) = %v, want %v", w, u, want)
		}
	}
}

// Moments, tails and cross moments of 1.6·10⁶ normals, each within 4.5 standard errors: a false alarm once in 10⁴ runs
// over all the fourteen figures, were the seed not fixed.
func TestNormalMoments(t *testing.T) {
	const rounds, d = 4000, 50
	s := New("test")
	at := &Lanes{}
	for l := range lanes.W {
		at.Replica[l] = uint64(l)
	}
	z := make(lanes.Pack, d)
	var sum [5]float64
	var tail, pair, next, across float64
	var last lanes.Pack
	for range rounds {
		s.Normals(z, at)
		for j := range z {
			for l := range lanes.W {
				x := z[j][l]
				for k, p := 1, x; k < 5; k, p = k+1, p*x {
					sum[k] += p
				}
				if math.Abs(x) > 3 {
					tail++
				}
				pair += x * z[j^1][l] / 2
				across += x * z[j][(l+1)%lanes.W]
				if last != nil {
					next += x * last[j][l]
				}
			}
		}
		last = append(last[:0], z...)
		for l := range lanes.W {
			at.Step[l]++
		}
	}
	n := float64(rounds * d * lanes.W)
	check := func(name string, got, mean, variance float64) {
		if e := (got/n - mean) / math.Sqrt(variance/n); math.Abs(e) > 4.5 {
			t.Errorf("%s: %.6g, want %.6g: %.1f standard errors", name, got/n, mean, e)
		}
	}
	check("mean", sum[1], 0, 1)
	check("variance", sum[2], 1, 2)
	check("third moment", sum[3], 0, 15)
	check("fourth moment", sum[4], 3, 96)
	p := math.Erfc(3 / math.Sqrt2)
	check("P(|z| > 3)", tail, p, p*(1-p))
	check("pairs of a block", pair, 0, 0.5)
	check("neighbouring lanes", across, 0, 1)
	check("successive steps", next, 0, 1)
}

func TestSignsAndIndices(t *testing.T) {
	s := New("rows")
	at := &Lanes{}
	const n, rounds = 7, 3000
	idx := make([][lanes.W]int32, 9)
	signs := make(lanes.Pack, 300)
	var count [n]float64
	sum, lag := 0.0, 0.0
	for range rounds {
		s.Indices(idx, n, at)
		for i := range idx {
			for _, k := range idx[i] {
				count[k]++
			}
		}
		s.Signs(signs, at)
		for j := range signs {
			if x := signs[j][2]; x != 1 && x != -1 {
				t.Fatalf("sign %g", x)
			}
			sum += signs[j][2]
			lag += signs[j][2] * signs[(j+1)%300][2]
		}
		for l := range lanes.W {
			at.Step[l]++
			at.Replica[l] = uint64(l)
		}
	}
	total := float64(rounds * len(idx) * lanes.W)
	chi2 := 0.0
	for _, c := range count {
		chi2 += (c - total/n) * (c - total/n) / (total / n)
	}
	if chi2 > 27.9 { // 6 degrees of freedom: once in 10⁴
		t.Errorf("index counts %v: χ² = %.1f", count, chi2)
	}
	for name, x := range map[string]float64{"mean": sum, "neighbours": lag} {
		if z := x / math.Sqrt(300*rounds); math.Abs(z) > 4 {
			t.Errorf("signs, %s: %.1f standard errors", name, z)
		}
	}
}

// The address of every sign and index: bit j mod 128 of block j/128, and the high product of word i mod 2 of block i/2.
func TestSignsAndIndicesAddressTheirWords(t *testing.T) {
	s := New("rows")
	at := &Lanes{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l], at.Step[l] = 3, uint64(l), uint64(10*l)
	}
	for n := range 30 {
		signs, index := make(lanes.Pack, 11*n), make([][lanes.W]int32, n)
		s.Signs(signs, at)
		s.Indices(index, 1000003, at)
		for l := range lanes.W {
			for j := range signs {
				var w [2]uint64
				w[0], w[1] = s.Words(at, l, uint64(j/128))
				if want := 1 - 2*float64(w[j%128/64]>>(j%64)&1); signs[j][l] != want {
					t.Fatalf("sign %d of lane %d: %g, want %g", j, l, signs[j][l], want)
				}
			}
			for i := range index {
				var w [2]uint64
				w[0], w[1] = s.Words(at, l, uint64(i/2))
				if hi, _ := bits.Mul64(w[i%2], 1000003); index[i][l] != int32(hi) {
					t.Fatalf("index %d of lane %d: %d, want %d", i, l, index[i][l], hi)
				}
			}
		}
	}
}

// Every subset of size 2 of 4 and every permutation of 3 must be equally likely.
func TestChooseIsUniform(t *testing.T) {
	s := New("rows")
	at := &Lanes{}
	index := make([]int32, 4)
	count := map[[2]int32]float64{}
	perm := map[[3]int32]float64{}
	const rounds = 24000
	for range rounds {
		s.Choose(index, 2, at, 1)
		count[[2]int32{index[0], index[1]}]++
		s.Permutation(index[:3], at, 1)
		perm[[3]int32{index[0], index[1], index[2]}]++
		at.Step[1]++
	}
	chi2 := 0.0
	for _, c := range count {
		chi2 += (c - rounds/12) * (c - rounds/12) / (rounds / 12)
	}
	if len(count) != 12 || chi2 > 37.4 { // 11 degrees of freedom: once in 10⁴
		t.Errorf("ordered pairs: %d of 12, χ² = %.1f", len(count), chi2)
	}
	chi2 = 0
	for _, c := range perm {
		chi2 += (c - rounds/6) * (c - rounds/6) / (rounds / 6)
	}
	if len(perm) != 6 || chi2 > 25.7 { // 5 degrees of freedom: once in 10⁴
		t.Errorf("permutations: %d of 6, χ² = %.1f", len(perm), chi2)
	}
}

func BenchmarkNormals(b *testing.B) {
	s, at, z := New("p"), &Lanes{}, make(lanes.Pack, 76)
	for b.Loop() {
		s.Normals(z, at)
		at.Step[0]++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*76*lanes.W), "ns/normal")
}
