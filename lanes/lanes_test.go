package lanes

import (
	"math"
	"math/rand/v2"
	"testing"
)

func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func randomPack(r *rand.Rand, n int) Pack {
	p := make(Pack, n)
	for j := range p {
		for l := range p[j] {
			p[j][l] = r.NormFloat64()
		}
	}
	return p
}

func randomVec(r *rand.Rand) Vec { return randomPack(r, 1)[0] }

func clone(p Pack) Pack { return append(Pack(nil), p...) }

// turn permutes lanes: lane l of the answer is lane 3l + 1 mod W.
func turn(p Pack) Pack {
	q := make(Pack, len(p))
	for j := range p {
		for l := range p[j] {
			q[j][l] = p[j][(3*l+1)%W]
		}
	}
	return q
}

// equal demands the same bits in the lanes of m; one NaN is as good as another.
func equal(t *testing.T, what string, got, want Pack, m Mask) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
		return
	}
	for j := range got {
		for l := range got[j] {
			if x, y := got[j][l], want[j][l]; m.Has(l) && math.Float64bits(x) != math.Float64bits(y) && !(math.IsNaN(x) && math.IsNaN(y)) {
				t.Errorf("%s: row %d of lane %d is %.17g, want %.17g", what, j, l, x, y)
				return
			}
		}
	}
}

// A law runs a kernel on the inputs, whose last is what dst held before, and the same on one lane's numbers by plain loops.
type law struct {
	name   string
	kernel func(dst Pack, in []Pack)
	plain  func(dst []float64, in [][]float64)
	sizes  []int // of the inputs
	out    int   // of dst
}

// check tests a law on random numbers, on lanes permuted, and beside a lane of NaN.
func (k law) check(t *testing.T) {
	t.Helper()
	r := source()
	var in []Pack
	for _, n := range k.sizes {
		in = append(in, randomPack(r, n))
	}
	before := randomPack(r, k.out)
	run := func(in []Pack, before Pack) Pack {
		kept := make([]Pack, len(in))
		for i := range in {
			kept[i] = clone(in[i])
		}
		dst := clone(before)
		k.kernel(dst, in)
		for i := range in {
			equal(t, k.name+" keeps its inputs", in[i], kept[i], All)
		}
		return dst
	}
	got := run(in, before)
	want := make(Pack, k.out)
	for l := range W {
		var one [][]float64
		for i := range in {
			one = append(one, in[i].Lane(nil, l))
		}
		dst := before.Lane(nil, l)
		k.plain(dst, one)
		want.SetLane(l, dst)
	}
	equal(t, k.name, got, want, All)

	var turned, ill []Pack
	for i := range in {
		turned = append(turned, turn(in[i]))
		p := clone(in[i])
		for j := range p {
			p[j][2] = math.NaN()
		}
		ill = append(ill, p)
	}
	equal(t, k.name+" of permuted lanes", run(turned, turn(before)), turn(want), All)
	sick := clone(before)
	for j := range sick {
		sick[j][2] = math.Inf(1)
	}
	equal(t, k.name+" beside a lane of NaN", run(ill, sick), want, All.Without(2))
}

func TestEntrywise(t *testing.T) {
	for _, k := range []law{
		{"Copy", func(dst Pack, in []Pack) { Copy(dst, in[0]) },
			func(dst []float64, in [][]float64) { copy(dst, in[0]) }, []int{5}, 5},
		{"Zero", func(dst Pack, _ []Pack) { Zero(dst) },
			func(dst []float64, _ [][]float64) { clear(dst) }, nil, 5},
		{"Add", func(dst Pack, in []Pack) { Add(dst, in[0], in[1]) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = in[0][j] + in[1][j]
				}
			}, []int{5, 5}, 5},
		{"Sub", func(dst Pack, in []Pack) { Sub(dst, in[0], in[1]) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = in[0][j] - in[1][j]
				}
			}, []int{5, 5}, 5},
		{"Mul", func(dst Pack, in []Pack) { Mul(dst, in[0], in[1]) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = in[0][j] * in[1][j]
				}
			}, []int{5, 5}, 5},
		{"AddMul", func(dst Pack, in []Pack) { AddMul(dst, in[0], in[1]) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = math.FMA(in[0][j], in[1][j], dst[j])
				}
			}, []int{5, 5}, 5},
		{"Scale", func(dst Pack, _ []Pack) { Scale(dst, 0.3) },
			func(dst []float64, _ [][]float64) {
				for j := range dst {
					dst[j] *= 0.3
				}
			}, nil, 5},
		{"ScaleLanes", func(dst Pack, in []Pack) { ScaleLanes(dst, in[0][0]) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] *= in[0][0]
				}
			}, []int{1}, 5},
		{"AddScaled", func(dst Pack, in []Pack) { AddScaled(dst, in[0][0], in[1]) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = math.FMA(in[0][0], in[1][j], dst[j])
				}
			}, []int{1, 5}, 5},
		{"Descend", func(dst Pack, in []Pack) { Descend(dst, in[0][0], in[1], All) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = math.FMA(-in[0][0], in[1][j], dst[j])
				}
			}, []int{1, 5}, 5},
		{"Dot", func(dst Pack, in []Pack) { dst[0] = Dot(in[0], in[1]) },
			func(dst []float64, in [][]float64) {
				var s [4]float64
				for j := range in[0] {
					s[j%4] = math.FMA(in[0][j], in[1][j], s[j%4])
				}
				dst[0] = (s[0] + s[1]) + (s[2] + s[3])
			}, []int{7, 7}, 1},
		{"DescendAdd", func(dst Pack, in []Pack) { DescendAdd(dst, in[0][0], in[1], in[2][0], in[3], All) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = math.FMA(-in[0][0], in[1][j], math.FMA(in[2][0], in[3][j], dst[j]))
				}
			}, []int{1, 5, 1, 5}, 5},
		{"Squares", func(dst Pack, in []Pack) { Squares(dst, in[0], in[1]) },
			func(dst []float64, in [][]float64) {
				for j := range dst {
					dst[j] = math.FMA(in[0][j], in[0][j], -float64(in[1][j]*in[1][j]))
				}
			}, []int{5, 5}, 5},
		{"Sum", func(dst Pack, in []Pack) { dst[0] = Sum(in[0]) },
			func(dst []float64, in [][]float64) {
				var s [4]float64
				for j, x := range in[0] {
					s[j%4] += x
				}
				dst[0] = (s[0] + s[1]) + (s[2] + s[3])
			}, []int{7}, 1},
		{"MaxAbs", func(dst Pack, in []Pack) { dst[0] = MaxAbs(in[0]) },
			func(dst []float64, in [][]float64) {
				s := 0.0
				for _, x := range in[0] {
					s = max(s, math.Abs(x))
				}
				dst[0] = s
			}, []int{7}, 1},
	} {
		k.check(t)
	}
}

// Descend and CopyLanes move the lanes of their mask and keep the bits of the others, NaN included, for every mask.
func TestMaskedKernels(t *testing.T) {
	r := source()
	theta, g, eta := randomPack(r, 3), randomPack(r, 3), randomVec(r)
	theta[1][4], g[2][6], g[0][1], eta[3] = math.NaN(), math.NaN(), math.Inf(1), math.NaN()
	full, copied := clone(theta), clone(theta)
	Descend(full, eta, g, All)
	CopyLanes(copied, g, All)
	equal(t, "CopyLanes of all", copied, g, All)
	for m := range 256 {
		live := Mask(m)
		p, q := clone(theta), clone(theta)
		Descend(p, eta, g, live)
		equal(t, "Descend, live lanes", p, full, live)
		equal(t, "Descend, other lanes", p, theta, All&^live)
		CopyLanes(q, g, live)
		equal(t, "CopyLanes, live lanes", q, g, live)
		equal(t, "CopyLanes, other lanes", q, theta, All&^live)
		s := Pack{Select(live, g[2], theta[1])}
		equal(t, "Select, its lanes", s, Pack{g[2]}, live)
		equal(t, "Select, other lanes", s, Pack{theta[1]}, All&^live)
	}
}

func TestMasks(t *testing.T) {
	for m := range 256 {
		n := 0
		for l := range W {
			has := m>>l&1 == 1
			if has {
				n++
			}
			if Mask(m).Has(l) != has || !Mask(m).With(l).Has(l) || Mask(m).Without(l).Has(l) {
				t.Errorf("mask %08b, lane %d", m, l)
			}
			if o := Mask(m).With(l).Without(l); o != Mask(m).Without(l) {
				t.Errorf("mask %08b with and without lane %d: %08b", m, l, o)
			}
		}
		if Mask(m).Count() != n {
			t.Errorf("mask %08b has %d lanes, not %d", m, n, Mask(m).Count())
		}
	}
	for n, want := range []Mask{0, 1, 3, 7, 15, 31, 63, 127, 255, 255} {
		if First(n) != want {
			t.Errorf("first %d: %08b", n, First(n))
		}
	}
}

// What is not a number stays one: in MaxAbs wherever it stands, and outside every bound.
func TestNaN(t *testing.T) {
	p := make(Pack, 3)
	for j := range p {
		p[j] = Vec{1, -5, 2, 0, math.Inf(-1), 3, 4, 1e-300}
		p[j][j] = math.NaN()
	}
	equal(t, "MaxAbs", Pack{MaxAbs(p)}, Pack{{math.NaN(), math.NaN(), math.NaN(), 0, math.Inf(1), 3, 4, 1e-300}}, All)
	equal(t, "MaxAbs of nothing", Pack{MaxAbs(nil)}, Pack{{}}, All)
	for _, tc := range []struct {
		bound float64
		want  Mask
	}{{3, 1<<3 | 1<<5 | 1<<7}, {2.999, 1<<3 | 1<<7}, {math.Inf(1), 0xf8}, {0, 1 << 3}, {math.NaN(), 0}} {
		if got := Within(p, tc.bound); got != tc.want {
			t.Errorf("within %g: %08b, want %08b", tc.bound, got, tc.want)
		}
	}
}

func TestLanesOfAPack(t *testing.T) {
	if x, ok := Splat(2.5).Same(); !ok || x != 2.5 {
		t.Errorf("%g, %t", x, ok)
	}
	for l := range W {
		v := Splat(2)
		v[l] = 3
		if _, ok := v.Same(); ok {
			t.Errorf("lane %d differs, unseen", l)
		}
	}
	p := Of([]float64{1, 2, 3})
	p.SetLane(5, []float64{7, 8, 9})
	for l := range W {
		x := p.Lane(make([]float64, 3), l)
		want := [3]float64{1, 2, 3}
		if l == 5 {
			want = [3]float64{7, 8, 9}
		}
		if [3]float64(x) != want {
			t.Errorf("lane %d: %v", l, x)
		}
	}
}

// A matrix somewhere in memory: by rows or transposed, dense or with gaps.
type layout struct {
	name           string
	transposed     bool
	gap, rowOffset int
}

var layouts = []layout{{"by rows", false, 0, 0}, {"transposed", true, 0, 0}, {"with gaps", false, 2, 3}, {"transposed with gaps", true, 3, 1}}

// view lays out a rows × cols matrix in a new pack of NaN.
func (y layout) view(rows, cols int) View {
	if y.transposed {
		o := y
		o.transposed = false
		return o.view(cols, rows).T()
	}
	p := make(Pack, y.rowOffset+rows*(cols+y.gap)+y.gap)
	for j := range p {
		p[j] = Splat(math.NaN())
	}
	return View{P: p[y.rowOffset:], Rows: rows, Cols: cols, RowStride: cols + y.gap, ColStride: 1}
}

// fill copies a dense pack, by rows, into a view, and read copies it back.
func fill(v View, p Pack) View {
	for i := range v.Rows {
		for j := range v.Cols {
			*v.At(i, j) = p[i*v.Cols+j]
		}
	}
	return v
}

func read(v View) Pack {
	var p Pack
	for i := range v.Rows {
		for j := range v.Cols {
			p = append(p, *v.At(i, j))
		}
	}
	return p
}

// mat is view for a shared matrix.
func (y layout) mat(rows, cols int, data []float64) Mat {
	if y.transposed {
		o := y
		o.transposed = false
		flip := make([]float64, len(data))
		for i := range rows {
			for j := range cols {
				flip[j*rows+i] = data[i*cols+j]
			}
		}
		return o.mat(cols, rows, flip).T()
	}
	m := Mat{Rows: rows, Cols: cols, RowStride: cols + y.gap, ColStride: 1, Data: make([]float64, y.rowOffset+rows*(cols+y.gap)+y.gap)}
	for i := range m.Data {
		m.Data[i] = math.NaN()
	}
	m.Data = m.Data[y.rowOffset:]
	for i := range rows {
		for j := range cols {
			m.Set(i, j, data[i*cols+j])
		}
	}
	return m
}

// times is the plain product of dense matrices by rows, added to dst.
func times(dst, a, b []float64, rows, inner, cols int) {
	for i := range rows {
		for j := range cols {
			for k := range inner {
				dst[i*cols+j] = math.FMA(a[i*inner+k], b[k*cols+j], dst[i*cols+j])
			}
		}
	}
}

// Products equal plain loops bit for bit, for every layout of every matrix and for shapes down to 0, and touch nothing
// but their entries of dst.
func TestProducts(t *testing.T) {
	shared := func(rows, cols int) []float64 {
		x := make([]float64, rows*cols)
		r := source()
		for i := range x {
			x[i] = r.NormFloat64()
		}
		return x
	}
	for _, n := range [][3]int{{3, 4, 5}, {1, 1, 1}, {5, 1, 2}, {1, 6, 1}, {2, 0, 3}, {7, 3, 1}} {
		rows, inner, cols := n[0], n[1], n[2]
		s := shared(rows, inner)
		for i := range 64 {
			to, from, with := layouts[i%4], layouts[i/4%4], layouts[i/16]
			product := func(add, share bool) func(dst Pack, in []Pack) {
				return func(dst Pack, in []Pack) {
					d, b := fill(to.view(rows, cols), dst), fill(with.view(inner, cols), in[1])
					switch a := fill(from.view(rows, inner), in[0]); {
					case share && add:
						SharedMulAdd(d, from.mat(rows, inner, s), b)
					case share:
						SharedMul(d, from.mat(rows, inner, s), b)
					case add:
						MatMulAdd(d, a, b)
					default:
						MatMul(d, a, b)
					}
					copy(dst, read(d))
					stray := 0
					for j := range d.P {
						if math.IsNaN(d.P[j][0]) {
							stray++
						}
					}
					if want := len(d.P) - rows*cols; stray != want {
						t.Errorf("a product leaves %d of %d rows between its entries", stray, want)
					}
				}
			}
			plain := func(add, share bool) func(dst []float64, in [][]float64) {
				return func(dst []float64, in [][]float64) {
					if !add {
						clear(dst)
					}
					a := in[0]
					if share {
						a = s
					}
					times(dst, a, in[1], rows, inner, cols)
				}
			}
			where := " to " + to.name + ", " + from.name + " times " + with.name
			for _, k := range []law{
				{"MatMul" + where, product(false, false), plain(false, false), nil, 0},
				{"MatMulAdd" + where, product(true, false), plain(true, false), nil, 0},
				{"SharedMul" + where, product(false, true), plain(false, true), nil, 0},
				{"SharedMulAdd" + where, product(true, true), plain(true, true), nil, 0},
			} {
				k.sizes, k.out = []int{rows * inner, inner * cols}, rows*cols
				k.check(t)
			}
		}
		for _, from := range layouts {
			law{"MatVec, " + from.name, func(dst Pack, in []Pack) { MatVec(dst, from.mat(rows, inner, s), in[0]) },
				func(dst []float64, in [][]float64) { clear(dst); times(dst, s, in[0], rows, inner, 1) }, []int{inner}, rows}.check(t)
			for _, with := range layouts {
				b := shared(inner, cols)
				want := make([]float64, rows*cols)
				times(want, s, b, rows, inner, cols)
				got := MulMat(from.mat(rows, inner, s), with.mat(inner, cols, b))
				for i, x := range want {
					if got.Data[i] != x {
						t.Errorf("MulMat, %s times %s: entry %d is %g, want %g", from.name, with.name, i, got.Data[i], x)
					}
				}
			}
		}
	}
}

func TestGather(t *testing.T) {
	data := make([]float64, 5*3)
	for i := range data {
		data[i] = float64(i)
	}
	index := [][W]int32{{0, 1, 2, 3, 4, 4, 0, 2}, {4, 4, 4, 4, 3, 2, 1, 0}}
	for _, from := range layouts {
		for _, to := range layouts {
			v := to.view(2, 3)
			x := from.mat(5, 3, data)
			Gather(v, &x, index)
			for i := range 2 {
				for j := range 3 {
					for l, row := range index[i] {
						if got, want := v.At(i, j)[l], float64(3*int(row)+j); got != want {
							t.Fatalf("from %s to %s: entry (%d, %d) of lane %d is %g, want %g", from.name, to.name, i, j, l, got, want)
						}
					}
				}
			}
		}
	}
}

func TestMat(t *testing.T) {
	m := MatOf([][]float64{{1, 2, 3}, {4, 5, 6}})
	c := m.T().Clone()
	if c.Rows != 3 || c.Cols != 2 || c.At(2, 1) != 6 || c.At(0, 1) != 4 || c.RowStride != 2 {
		t.Errorf("clone of a transpose: %+v", c)
	}
	c.Set(0, 0, 9)
	m.T().Set(2, 0, 7)
	if m.At(0, 0) != 1 || m.At(0, 2) != 7 {
		t.Errorf("a transpose shares memory, a clone does not: %+v", m)
	}
	if m.Empty() || !MatOf(nil).Empty() || !NewMat(3, 0).Empty() {
		t.Error("Empty")
	}
}

// Packs of an arena do not overlap, and keep their numbers while it grows; a released one is handed out again.
func TestArena(t *testing.T) {
	var a Arena
	var packs []Pack
	total := 0
	for i := range 40 {
		p := a.Pack(i * 7 % 50)
		for j := range p {
			p[j] = Splat(float64(1000*i + j))
		}
		packs = append(packs, p)
		total += len(p)
		if a.Mark() != total {
			t.Fatalf("%d rows in use, want %d", a.Mark(), total)
		}
		if cap(p) != len(p) {
			t.Fatalf("appending to a pack would run into the next: %d of %d", len(p), cap(p))
		}
	}
	for i, p := range packs {
		for j := range p {
			if p[j] != Splat(float64(1000*i+j)) {
				t.Fatalf("pack %d, row %d is %v", i, j, p[j])
			}
		}
	}
	mark := a.Mark()
	p := a.Pack(3)
	p[0] = Splat(5)
	a.Release(mark)
	if q := a.Zeroed(3); &q[0] != &p[0] || q[0] != (Vec{}) {
		t.Errorf("after a release: %v", q[0])
	}
	a.Reset()
	if a.Mark() != 0 {
		t.Errorf("%d rows in use after Reset", a.Mark())
	}
	if n := testing.AllocsPerRun(10, func() { a.Reset(); a.Pack(500); a.Zeroed(500) }); n != 0 {
		t.Errorf("%g allocations of a warm arena", n)
	}
}

// Shapes that do not fit are errors of the programmer, and panic.
func TestMismatch(t *testing.T) {
	p2, p3 := make(Pack, 2), make(Pack, 3)
	for name, f := range map[string]func(){
		"Copy":       func() { Copy(p2, p3) },
		"CopyLanes":  func() { CopyLanes(p2, p3, All) },
		"Fill":       func() { Fill(p2, make([]float64, 3)) },
		"Lane":       func() { p2.Lane(make([]float64, 3), 0) },
		"SetLane":    func() { p2.SetLane(0, make([]float64, 3)) },
		"Add":        func() { Add(p2, p2, p3) },
		"Sub":        func() { Sub(p2, p3, p2) },
		"Mul":        func() { Mul(p3, p2, p2) },
		"AddMul":     func() { AddMul(p2, p2, p3) },
		"AddScaled":  func() { AddScaled(p2, Vec{}, p3) },
		"Descend":    func() { Descend(p2, Vec{}, p3, All) },
		"Dot":        func() { Dot(p2, p3) },
		"ByRows":     func() { ByRows(p3, 2, 2) },
		"MatOf":      func() { MatOf([][]float64{{1}, {1, 2}}) },
		"MulMat":     func() { MulMat(NewMat(2, 3), NewMat(2, 3)) },
		"MatMul":     func() { MatMul(ByRows(p2, 2, 1), ByRows(p3, 1, 3), ByRows(p3, 3, 1)) },
		"SharedMul":  func() { SharedMul(ByRows(p2, 2, 1), NewMat(2, 2), ByRows(p3, 3, 1)) },
		"MatVec":     func() { MatVec(p2, NewMat(3, 2), p2) },
		"Gather":     func() { x := NewMat(4, 2); Gather(ByRows(p3, 1, 3), &x, make([][W]int32, 1)) },
		"Gather row": func() { x := NewMat(4, 2); Gather(ByRows(p2, 1, 2), &x, [][W]int32{{4}}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s takes shapes that do not fit", name)
				}
			}()
			f()
		}()
	}
}
