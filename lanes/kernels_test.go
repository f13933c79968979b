//go:build amd64 && !purego

package lanes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// odd draws numbers of which some are zeros of both signs, infinite, denormal, huge or NaN.
func odd(r *rand.Rand) float64 {
	special := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, -3e-310, 0x1p-1022, math.MaxFloat64, -1e200, 1}
	if k := r.IntN(6 * len(special)); k < len(special) {
		return special[k]
	}
	return math.Ldexp(r.NormFloat64(), r.IntN(40)-20)
}

func oddPack(r *rand.Rand, n int) Pack {
	p := make(Pack, n)
	for j := range p {
		for l := range p[j] {
			p[j][l] = odd(r)
		}
	}
	return p
}

// anyView returns a matrix of odd numbers with random strides: by rows or by columns, with gaps between entries and lines.
func anyView(r *rand.Rand, rows, cols int) View {
	v := View{Rows: rows, Cols: cols, ColStride: 1 + r.IntN(3)}
	v.RowStride = cols*v.ColStride + r.IntN(4)
	if r.IntN(2) == 0 {
		v.RowStride = 1 + r.IntN(3)
		v.ColStride = rows*v.RowStride + r.IntN(4)
	}
	v.P = oddPack(r, (rows-1)*v.RowStride+(cols-1)*v.ColStride+1)
	return v
}

func anyMat(r *rand.Rand, rows, cols int) Mat {
	v := anyView(r, rows, cols)
	m := Mat{Rows: rows, Cols: cols, RowStride: v.RowStride, ColStride: v.ColStride, Data: make([]float64, len(v.P))}
	for i := range m.Data {
		m.Data[i] = odd(r)
	}
	return m
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

// The vector products equal their plain twins bit for bit, gaps of dst included, over random shapes and strides.
func TestVectorProducts(t *testing.T) { flavours(t, vectorProducts) }

func vectorProducts(t *testing.T) {
	r := source()
	for i := range 3000 {
		rows, inner, cols := 1+r.IntN(17), 1+r.IntN(17), 1+r.IntN(17)
		if i%50 == 0 { // in panels
			rows, inner, cols = 13+r.IntN(20), 60+r.IntN(90), 3+r.IntN(12)
		}
		dst, b, add := anyView(r, rows, cols), anyView(r, inner, cols), r.IntN(2) == 1
		want := dst
		want.P = clone(dst.P)
		if r.IntN(2) == 0 {
			a := anyView(r, rows, inner)
			matMul("", &dst, &a, &b, flag(add))
			matMulGo(&want, &a, &b, add)
			equal(t, fmt.Sprintf("(%d, %d) = (%d, %d) times (%d, %d), add %t", rows, cols, rows, inner, inner, cols, add), dst.P, want.P, All)
		} else {
			a := anyMat(r, rows, inner)
			sharedMul("", &dst, &a, &b, flag(add))
			sharedMulGo(&want, &a, &b, add)
			equal(t, fmt.Sprintf("(%d, %d) = shared (%d, %d) times (%d, %d), add %t", rows, cols, rows, inner, inner, cols, add), dst.P, want.P, All)
		}
		if t.Failed() {
			return
		}
	}
}

// The vector kernels on rows equal their plain twins bit for bit, for every mask, on lengths from 0, and where dst is an
// input as well.
func TestVectorRows(t *testing.T) { flavours(t, vectorRows) }

func vectorRows(t *testing.T) {
	r := source()
	for i := range 4096 {
		n, m, bound := r.IntN(10), Mask(i), math.Abs(odd(r))
		a, b, d, s, u := oddPack(r, n), oddPack(r, n), oddPack(r, n), oddPack(r, 1)[0], oddPack(r, 1)[0]
		b2, b3, b4, b5 := clone(b), clone(b), clone(b), clone(b)
		var out2, out3, out4, out5 Mask
		for name, k := range map[string][2]func(dst, a Pack){
			"add":            {func(dst, a Pack) { add(dst, a, b) }, func(dst, a Pack) { addGo(dst, a, b) }},
			"sub":            {func(dst, a Pack) { sub(dst, a, b) }, func(dst, a Pack) { subGo(dst, a, b) }},
			"mul":            {func(dst, a Pack) { mul(dst, a, b) }, func(dst, a Pack) { mulGo(dst, a, b) }},
			"addMul":         {func(dst, a Pack) { addMul(dst, a, b) }, func(dst, a Pack) { addMulGo(dst, a, b) }},
			"scale":          {func(dst, _ Pack) { scale(dst, s[0]) }, func(dst, _ Pack) { scaleGo(dst, s[0]) }},
			"scaleLanes":     {func(dst, _ Pack) { scaleLanes(dst, &s) }, func(dst, _ Pack) { scaleLanesGo(dst, &s) }},
			"squares":        {func(dst, a Pack) { squares(dst, a, b) }, func(dst, a Pack) { squaresGo(dst, a, b) }},
			"addScaled":      {func(dst, a Pack) { addScaled(dst, &s, a, m) }, func(dst, a Pack) { addScaledGo(dst, &s, a, m) }},
			"descendAdd":     {func(dst, a Pack) { descendAdd(dst, &s, a, &u, b, m) }, func(dst, a Pack) { descendAddGo(dst, &s, a, &u, b, m) }},
			"descend":        {func(dst, a Pack) { descend(dst, &s, a, m) }, func(dst, a Pack) { descendGo(dst, &s, a, m) }},
			"descendSquares": {func(dst, a Pack) { out2 = m & descendSquares(dst, b2, &s, &u, a, m, bound) }, func(dst, a Pack) { out3 = descendSquaresGo(dst, b3, &s, &u, a, m, bound) }},
			"descendProduct": {func(dst, a Pack) { out4 = m & descendProduct(dst, b4, &s, &u, a, m, bound) }, func(dst, a Pack) { out5 = descendProductGo(dst, b5, &s, &u, a, m, bound) }},
			"copyLanes":      {func(dst, a Pack) { copyLanes(dst, a, m) }, func(dst, a Pack) { copyLanesGo(dst, a, m) }},
		} {
			got, want := clone(d), clone(d)
			k[0](got, a)
			k[1](want, a)
			equal(t, name, got, want, All)
			got, want = clone(d), clone(d)
			k[0](got, got)
			k[1](want, want)
			equal(t, name+" of itself", got, want, All)
		}
		equal(t, "dot", Pack{dot(a, b)}, Pack{dotGo(a, b)}, All)
		equal(t, "the other pack", b2, b3, All)
		equal(t, "the other factor", b4, b5, All)
		if out2 != out3 || out4 != out5 {
			t.Errorf("out of bounds: %08b and %08b, want %08b and %08b", out2, out4, out3, out5)
		}
		equal(t, "productDot", Pack{productDot(a, b, d)}, Pack{productDotGo(a, b, d)}, All)
		equal(t, "squaresDot", Pack{squaresDot(a, b, d)}, Pack{squaresDotGo(a, b, d)}, All)
		equal(t, "sum", Pack{sum(a)}, Pack{sumGo(a)}, All)
		equal(t, "maxAbs", Pack{maxAbs(a)}, Pack{maxAbsGo(a)}, All)
		if got, want := outside(a, bound), outsideGo(a, bound); got != want {
			t.Errorf("outside %g: %08b, want %08b", bound, got, want)
		}
		if t.Failed() {
			return
		}
	}
}

// The vector gather equals its plain twin bit for bit over random shapes and strides, gaps of dst included.
func TestVectorGather(t *testing.T) { flavours(t, vectorGather) }

func vectorGather(t *testing.T) {
	r := source()
	for i := range 3000 {
		rows, cols, n := 1+r.IntN(9), 1+r.IntN(17), 1+r.IntN(9)
		x, dst := anyMat(r, n, cols), anyView(r, rows, cols)
		index := make([][W]int32, rows)
		for j := range index {
			for l := range index[j] {
				index[j][l] = int32(r.IntN(n))
			}
		}
		want := dst
		want.P = clone(dst.P)
		gather(&dst, &x, index)
		gatherGo(&want, &x, index)
		if i%2 == 0 {
			subGathered(&dst, &x, index)
			subGatheredGo(&want, &x, index)
		}
		equal(t, fmt.Sprintf("(%d, %d) from %d rows with strides %d, %d", rows, cols, n, x.RowStride, x.ColStride), dst.P, want.P, All)
		if t.Failed() {
			return
		}
	}
}

// race times the flavours in turn and reports the shortest time of each.
func race(b *testing.B, work float64, unit string, plain, vector func()) {
	was := hasAVX512
	defer func() { hasAVX512 = was }()
	best := [3]time.Duration{math.MaxInt64, math.MaxInt64, math.MaxInt64}
	for b.Loop() {
		for i, f := range []func(){plain, vector, vector} {
			hasAVX512 = was && i == 2
			start := time.Now()
			for range 100 {
				f()
			}
			best[i] = min(best[i], time.Since(start)/100)
		}
	}
	for i, name := range []string{"plain-", "avx2-", "avx512-"} {
		if unit == "GFLOP/s" {
			b.ReportMetric(work/float64(best[i].Nanoseconds()), name+unit)
		} else {
			b.ReportMetric(float64(best[i].Nanoseconds())/work, name+unit)
		}
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkProducts(b *testing.B) {
	r := source()
	for _, n := range [][3]int{{5, 5, 5}, {5, 5, 1}, {1, 5, 4}, {1, 100, 1}, {4, 4, 4}, {12, 12, 12}, {64, 64, 64}, {100, 100, 1}} {
		x, y, d := ByRows(randomPack(r, n[0]*n[1]), n[0], n[1]), ByRows(randomPack(r, n[1]*n[2]), n[1], n[2]), ByRows(make(Pack, n[0]*n[2]), n[0], n[2])
		m := NewMat(n[0], n[1])
		for i := range m.Data {
			m.Data[i] = r.NormFloat64()
		}
		flops := float64(2 * W * n[0] * n[1] * n[2])
		b.Run(fmt.Sprintf("MatMul-%d-%d-%d", n[0], n[1], n[2]), func(b *testing.B) {
			race(b, flops, "GFLOP/s", func() { matMulGo(&d, &x, &y, false) }, func() { MatMul(d, x, y) })
		})
		b.Run(fmt.Sprintf("SharedMul-%d-%d-%d", n[0], n[1], n[2]), func(b *testing.B) {
			race(b, flops, "GFLOP/s", func() { sharedMulGo(&d, &m, &y, false) }, func() { SharedMul(d, m, y) })
		})
	}
}

func BenchmarkRows(b *testing.B) {
	r := source()
	var s Vec
	for _, n := range []int{1, 5, 75, 1000} {
		x, y, d := randomPack(r, n), randomPack(r, n), make(Pack, n)
		one := Splat(1)
		for _, k := range []struct {
			name          string
			plain, vector func()
		}{
			{"add", func() { addGo(d, x, y) }, func() { add(d, x, y) }},
			{"addMul", func() { addMulGo(d, x, y) }, func() { addMul(d, x, y) }},
			{"scaleLanes", func() { scaleLanesGo(d, &one) }, func() { scaleLanes(d, &one) }},
			{"addScaled", func() { addScaledGo(d, &one, x, All) }, func() { addScaled(d, &one, x, All) }},
			{"descendAdd", func() { descendAddGo(d, &one, x, &one, y, All) }, func() { descendAdd(d, &one, x, &one, y, All) }},
			{"descend", func() { descendGo(d, &one, x, All) }, func() { descend(d, &one, x, All) }},
			{"descendSome", func() { descendGo(d, &one, x, 0x5b) }, func() { descend(d, &one, x, 0x5b) }},
			{"copyLanes", func() { copyLanesGo(d, x, 0x5b) }, func() { copyLanes(d, x, 0x5b) }},
			{"dot", func() { s = dotGo(x, y) }, func() { s = dot(x, y) }},
			{"sum", func() { s = sumGo(x) }, func() { s = sum(x) }},
			{"maxAbs", func() { s = maxAbsGo(x) }, func() { s = maxAbs(x) }},
			{"outside", func() { outsideGo(x, 9) }, func() { outside(x, 9) }},
		} {
			b.Run(fmt.Sprintf("%s-%d", k.name, n), func(b *testing.B) { race(b, float64(n*W), "ns/number", k.plain, k.vector) })
		}
	}
	_ = s
}

func BenchmarkGather(b *testing.B) {
	r := source()
	for _, n := range [][2]int{{1, 100}, {4, 5}, {10, 64}} {
		x, d := NewMat(64, n[1]), ByRows(make(Pack, n[0]*n[1]), n[0], n[1])
		index := make([][W]int32, n[0])
		for i := range index {
			for l := range index[i] {
				index[i][l] = int32(r.IntN(64))
			}
		}
		b.Run(fmt.Sprintf("%d-%d", n[0], n[1]), func(b *testing.B) {
			race(b, float64(W*n[0]*n[1]), "ns/number", func() { gatherGo(&d, &x, index) }, func() { Gather(d, &x, index) })
		})
	}
}

// Products of which few lanes are needed have the bits of whole ones in these lanes, on one core and on several.
func TestProductsOfFewLanes(t *testing.T) { flavours(t, productsOfFewLanes) }

func productsOfFewLanes(t *testing.T) {
	defer Cores.Store(Cores.Load())
	r := source()
	lone := 0
	for i := range 300 {
		rows, inner, cols := 1+r.IntN(60), 1+r.IntN(60), 1+r.IntN(60)
		if i%60 == 0 {
			rows, inner, cols = 70+r.IntN(60), 70+r.IntN(60), 110+r.IntN(60)
		}
		Cores.Store(int32(1 + i%3))
		dst, a, b, add := anyView(r, rows, cols), anyView(r, rows, inner), anyView(r, inner, cols), r.IntN(2) == 1
		want := dst
		want.P = clone(dst.P)
		p := NewProduct(dst, a, b)
		idle := All.Without(r.IntN(W)).Without(r.IntN(W))
		if p.few(idle) {
			lone++
		}
		if add {
			p.MulAddFor(idle, dst.P, a.P, b.P)
		} else {
			p.MulFor(idle, dst.P, a.P, b.P)
		}
		matMulGo(&want, &a, &b, add)
		equal(t, fmt.Sprintf("(%d, %d) = (%d, %d) times (%d, %d), add %t", rows, cols, rows, inner, inner, cols, add), dst.P, want.P, All&^idle)
		if t.Failed() {
			return
		}
	}
	if lone < 50 {
		t.Errorf("%d products lane by lane: hardly a test", lone)
	}
}

// The product of one lane with a panel equals its plain twin bit for bit.
func TestDensePanels(t *testing.T) {
	flavours(t, func(t *testing.T) {
		r := source()
		for range 200 {
			rows, inner, wide := 1+r.IntN(20), 1+r.IntN(20), panelWidth()
			random := func(n int) []float64 {
				x := make([]float64, n)
				for i := range x {
					x[i] = odd(r)
				}
				return x
			}
			a, b, c := random(rows*inner), random(inner*wide), random(rows*wide)
			want := append([]float64{}, c...)
			densePanel(c, a, inner, b, rows, inner)
			denseGo(want, a, inner, b, rows, inner, wide)
			for i := range c {
				if math.Float64bits(c[i]) != math.Float64bits(want[i]) && !(math.IsNaN(c[i]) && math.IsNaN(want[i])) {
					t.Fatalf("(%d, %d) times %d columns: entry %d is %v, want %v", rows, inner, wide, i, c[i], want[i])
				}
			}
		}
	})
}

func BenchmarkFewLanes(b *testing.B) {
	r := source()
	for _, n := range []int{16, 24, 32, 64, 128, 256} {
		x, y, d := ByRows(randomPack(r, n*n), n, n), ByRows(randomPack(r, n*n), n, n), ByRows(make(Pack, n*n), n, n)
		p := NewProduct(d, x, y)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			best := [3]time.Duration{math.MaxInt64, math.MaxInt64, math.MaxInt64}
			for b.Loop() {
				for i, f := range []func(){func() { p.Mul(d.P, x.P, y.P) }, func() { p.lane(d.P, x.P, y.P, 3, false) }, func() { p.lane(d.P, x.P, y.P, 3, false) }} {
					Cores.Store(int32(max(1, i)))
					start := time.Now()
					f()
					best[i] = min(best[i], time.Since(start))
				}
			}
			for i, name := range []string{"pack-µs", "lane-µs", "lane-2-cores-µs"} {
				b.ReportMetric(float64(best[i].Nanoseconds())/1000, name)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
