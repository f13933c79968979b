//go:build amd64 && !purego

package rng

import (
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sgdlab/lanes"
)

// same demands the same bits.
func same(t *testing.T, what string, got, want lanes.Pack) {
	t.Helper()
	for j := range want {
		for l := range lanes.W {
			if x, y := math.Float64bits(got[j][l]), math.Float64bits(want[j][l]); x != y {
				t.Fatalf("%s: row %d of %d, lane %d is %#x (%v), want %#x (%v)", what, j, len(want), l, x, got[j][l], y, want[j][l])
			}
		}
	}
}

// flavours runs a test under each kind of kernel that this processor has.
func flavours(t *testing.T, test func(t *testing.T)) {
	was := hasAVX512
	defer func() { hasAVX512 = was }()
	if was {
		t.Run("AVX-512", test)
	}
	hasAVX512 = false
	t.Run("AVX2", test)
}

func anySource(r *rand.Rand) *source {
	s := &source{k0: new([lanes.W]uint64), k1: new([lanes.W]uint64), step: new([lanes.W]uint64), block: new([lanes.W]uint64)}
	for l := range lanes.W {
		s.k0[l], s.k1[l], s.step[l], s.block[l] = r.Uint64(), r.Uint64(), r.Uint64()>>r.IntN(64), r.Uint64()|r.Uint64() // counters wrap around too
	}
	return s
}

// Words, normals and indices equal their plain twins bit for bit, for every number of blocks.
func TestVectorDraws(t *testing.T) { flavours(t, vectorDraws) }

func vectorDraws(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 200 {
		s := anySource(r)
		got, want := make(lanes.Pack, n+2), make(lanes.Pack, n+2) // two rows that must stay
		words(got[:n&^1], s)
		wordsGo(want[:n&^1], s)
		same(t, "words", got, want)
		normals(got[:n], s)
		normalsGo(want[:n], s)
		same(t, "normals", got, want)
		below := 1 + r.Uint64()>>r.IntN(48)%(1<<16)
		index, wantIndex := make([][lanes.W]int32, n+1), make([][lanes.W]int32, n+1)
		indices(index[:n], s, below)
		indicesGo(wantIndex[:n], s, below)
		if !slices.Equal(index, wantIndex) {
			t.Fatalf("indices below %d: %v, want %v", below, index, wantIndex)
		}
	}
}

// The fast single fused multiply-add rounds once: against exact sums, half-way cases among them.
func TestFma32(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	any := func() float32 {
		return float32(math.Ldexp(float64(r.Int32N(1<<25)-1<<24), r.IntN(20)-40))
	}
	halfway := 0
	for i := range 400000 {
		x, y, z := any(), any(), any()
		if i%2 == 0 { // a product of 25 bits, the last of them set, and a z beyond the 53 of its sum in float64
			p := 0.0
			for !(p > 1<<24 && p < 1<<25) {
				x, y = float32(r.Int32N(1<<14)|1), float32(r.Int32N(1<<14)|1)
				p = float64(x) * float64(y)
			}
			z = float32(math.Ldexp(1+r.Float64(), -29-r.IntN(20)))
			if r.IntN(2) == 0 {
				z = -z
			}
			if r.IntN(2) == 0 {
				x = -x
			}
		}
		var sum, product big.Float
		product.SetPrec(300).Mul(big.NewFloat(float64(x)), big.NewFloat(float64(y)))
		sum.SetPrec(300).Add(&product, big.NewFloat(float64(z)))
		want, _ := sum.Float32()
		if want != float32(float64(x)*float64(y)+float64(z)) {
			halfway++
		}
		if got := fma32(x, y, z); got != want {
			t.Fatalf("%g·%g + %g = %g, want %g", x, y, z, got, want)
		}
	}
	if halfway < 100 {
		t.Errorf("only %d sums round twice: hardly a test", halfway)
	}
}

// edges are words at which a conversion, a rounding, an exponent or a sign may go wrong, with their neighbours.
func edges() []uint64 {
	var w []uint64
	for b := range 64 {
		for d := range uint64(5) {
			x := uint64(1)<<b + (d-2)<<11
			w = append(w, uint64(1)<<b+d-2, x, ^x, bits.RotateLeft64(^uint64(0), b), ^uint64(0)>>b, ^uint64(0)<<b)
		}
	}
	// u where the logarithm changes its exponent: u = √½·2⁻ᵏ.
	for k := range 52 {
		n := uint64(math.Ldexp(math.Sqrt2/2, 52-k))
		for d := range uint64(9) {
			w = append(w, (n+d-4)<<12)
		}
	}
	return w
}

// The transforms equal their plain twins bit for bit on 2·10⁶ random words of all magnitudes and on the edge words, in
// every lane.
func TestVectorTransforms(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	edge := edges()
	pick := func() uint64 {
		switch r.IntN(4) {
		case 0:
			return edge[r.IntN(len(edge))]
		case 1:
			return r.Uint64() >> r.IntN(64)
		default:
			return r.Uint64()
		}
	}
	const blocks = 100
	bitsOf, normal, uniforms, wantNormal, wantUniform := make(lanes.Pack, 2*blocks), make(lanes.Pack, 2*blocks), make(lanes.Pack, 2*blocks), make(lanes.Pack, 2*blocks), make(lanes.Pack, 2*blocks)
	next := 0
	for range 1300 {
		for j := 0; j < len(bitsOf); j += 2 {
			for l := range lanes.W {
				a, b := pick(), pick()
				if next < 8*len(edge) { // every edge word in every lane, as either word
					a, b, next = edge[next/8], edge[(next/8+next%8*97)%len(edge)], next+1
				}
				bitsOf[j][l], bitsOf[j+1][l] = math.Float64frombits(a), math.Float64frombits(b)
				wantNormal[j][l], wantNormal[j+1][l] = boxMuller(a, b)
				wantUniform[j][l], wantUniform[j+1][l] = uniform(a), uniform(b)
			}
		}
		if hasAVX2 {
			copy(normal, bitsOf)
			fullNormalsAVX2(&normal[0][0], blocks)
			same(t, "normals", normal, wantNormal)
			copy(uniforms, bitsOf)
			uniformsAVX2(&uniforms[0][0], 2*blocks)
			same(t, "uniforms", uniforms, wantUniform)
		}
	}
	if next < 8*len(edge) {
		t.Errorf("%d of %d edge words tried", next/8, len(edge))
	}
	if !slices.Contains(edge, 0) || !slices.Contains(edge, math.MaxUint64) {
		t.Error("edge words lack 0 or all ones")
	}
}

// The flavours take turns; the shortest time of each counts.
func BenchmarkVectorDraws(b *testing.B) {
	was := hasAVX512
	defer func() { hasAVX512 = was }()
	s := anySource(rand.New(rand.NewPCG(1, 2)))
	z, index := make(lanes.Pack, 76), make([][lanes.W]int32, 76)
	for _, k := range []struct {
		name          string
		plain, vector func()
	}{
		{"Words", func() { wordsGo(z, s) }, func() { words(z, s) }},
		{"Normals", func() { normalsGo(z, s) }, func() { normals(z, s) }},
		{"Indices", func() { indicesGo(index, s, 40) }, func() { indices(index, s, 40) }},
		{"FullNormals", func() { wordsGo(z, s); fullNormalsGo(z) }, func() { words(z, s); fullNormals(z) }},
		{"Uniforms", func() { wordsGo(z, s); uniformsGo(z) }, func() { words(z, s); uniforms(z) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			best := [3]time.Duration{math.MaxInt64, math.MaxInt64, math.MaxInt64}
			for b.Loop() {
				for i, f := range []func(){k.plain, k.vector, k.vector} {
					hasAVX512 = was && i == 2
					start := time.Now()
					for range 20 {
						f()
					}
					best[i] = min(best[i], time.Since(start)/20)
					s.step[0]++
				}
			}
			for i, name := range []string{"plain", "avx2", "avx512"} {
				b.ReportMetric(float64(best[i].Nanoseconds())/float64(len(z)*lanes.W), name+"-ns/number")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
