//go:build amd64 && !purego

package rng

import (
	"fmt"
	"math"
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

// Words, normals and uniforms equal their plain twins bit for bit, for every length up to and over one stretch of the cache.
func TestVectorDraws(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var k0, k1, step [lanes.W]uint64
	for n := range 200 {
		for l := range lanes.W {
			k0[l], k1[l], step[l] = r.Uint64(), r.Uint64(), r.Uint64()>>r.IntN(64)
		}
		got, want := make(lanes.Pack, n), make(lanes.Pack, n)
		normals(got, &k0, &k1, &step)
		normalsGo(want, &k0, &k1, &step)
		same(t, "normals", got, want)
		uniforms(got, &k0, &k1, &step)
		uniformsGo(want, &k0, &k1, &step)
		same(t, "uniforms", got, want)
		even, first := n&^1, r.Uint64()|r.Uint64() // counters wrap around too
		words(got[:even], first, &k0, &k1, &step)
		wordsGo(want[:even], first, &k0, &k1, &step)
		same(t, "words", got[:even], want[:even])
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
			normalsAVX2(&normal[0][0], blocks)
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

// The plain and the vector flavour take turns; the shortest time of each counts.
func BenchmarkVectorDraws(b *testing.B) {
	var k0, k1, step [lanes.W]uint64
	for _, n := range []int{1, 2, 10, 76, 1000} {
		z := make(lanes.Pack, n)
		even := max(2, n)
		w := make(lanes.Pack, even)
		for _, k := range []struct {
			name          string
			rows          int
			plain, vector func()
		}{
			{"Words", even, func() { wordsGo(w, 0, &k0, &k1, &step) }, func() { words(w, 0, &k0, &k1, &step) }},
			{"Normals", n, func() { normalsGo(z, &k0, &k1, &step) }, func() { normals(z, &k0, &k1, &step) }},
			{"Uniforms", n, func() { uniformsGo(z, &k0, &k1, &step) }, func() { uniforms(z, &k0, &k1, &step) }},
		} {
			b.Run(fmt.Sprintf("%s-%d", k.name, n), func(b *testing.B) {
				best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
				for b.Loop() {
					for i, f := range []func(){k.plain, k.vector} {
						start := time.Now()
						for range 20 {
							f()
						}
						best[i] = min(best[i], time.Since(start)/20)
						step[0]++
					}
				}
				for i, name := range []string{"plain-ns/number", "avx2-ns/number"} {
					b.ReportMetric(float64(best[i].Nanoseconds())/float64(k.rows*lanes.W), name)
				}
				b.ReportMetric(float64(best[0])/float64(best[1]), "ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
