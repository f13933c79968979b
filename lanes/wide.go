package lanes

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// A product of large matrices of which few lanes are needed is done lane by lane: matrices of one lane are copied out by rows, with b in
// panels, multiplied, and written back. Sums run in the order of the inner index all the same, so the bits are those of the pack.

// Cores says how many cores such a product may use: more than one where there are fewer shards of replicas than cores.
var Cores atomic.Int32

// The numbers of multiply-adds of one lane from which the copies pay where one lane is needed, and where two are: 24³ and 40³, by
// BenchmarkFewLanes.
const (
	oneFrom = 24 * 24 * 24
	twoFrom = 40 * 40 * 40
)

// buffers are the memory of a product of one lane.
type buffers struct{ a, b, c []float64 }

var spare = sync.Pool{New: func() any { return new(buffers) }}

func sized(p *[]float64, n int) []float64 {
	if cap(*p) < n {
		*p = make([]float64, n)
	}
	return (*p)[:n]
}

// few reports whether a product is better done lane by lane.
func (p *Product) few(idle Mask) bool {
	if panelWidth() == 0 {
		return false
	}
	size := p.rows * p.inner * p.cols
	if size < oneFrom || p.rows < 8 || p.cols < 8 {
		return false
	}
	live := (All &^ idle).Count()
	return live <= 1 || live == 2 && size >= twoFrom
}

// MulFor is Mul where nobody reads the lanes that are idle: they may hold anything then.
func (p *Product) MulFor(idle Mask, dst, a, b Pack) { p.run(idle, dst, a, b, 0) }

// MulAddFor is MulAdd where nobody reads the lanes that are idle.
func (p *Product) MulAddFor(idle Mask, dst, a, b Pack) { p.run(idle, dst, a, b, 1) }

// byLane is the product of the lanes that are not idle, one by one.
func (p *Product) byLane(idle Mask, dst, a, b Pack, add int) {
	for live := All &^ idle; live != None; live &= live - 1 {
		p.lane(dst, a, b, bits.TrailingZeros8(uint8(live)), add != 0)
	}
}

// lane is the product of lane l.
func (p *Product) lane(dst, a, b Pack, l int, add bool) {
	mine := spare.Get().(*buffers)
	defer spare.Put(mine)
	rows := sized(&mine.a, p.rows*p.inner)
	for i := range p.rows {
		at := i * p.aRow
		row := rows[i*p.inner : (i+1)*p.inner]
		for k := range row {
			row[k] = a[at][l]
			at += p.aCol
		}
	}
	wide := panelWidth()
	panels := (p.cols + wide - 1) / wide
	// one is the product with one panel of b.
	one := func(buf *buffers, panel int) {
		from := panel * wide
		n := min(wide, p.cols-from)
		pb, pc := sized(&buf.b, p.inner*wide), sized(&buf.c, p.rows*wide)
		clear(pc)
		for k := range p.inner {
			at := k*p.bRow + from*p.bCol
			row := pb[k*wide : (k+1)*wide]
			clear(row[n:])
			for j := range n {
				row[j] = b[at][l]
				at += p.bCol
			}
		}
		if add {
			for i := range p.rows {
				at := i*p.dRow + from*p.dCol
				for j := range n {
					pc[i*wide+j] = dst[at][l]
					at += p.dCol
				}
			}
		}
		densePanel(pc, rows, p.inner, pb, p.rows, p.inner)
		for i := range p.rows {
			at := i*p.dRow + from*p.dCol
			for j := range n {
				dst[at][l] = pc[i*wide+j]
				at += p.dCol
			}
		}
	}
	cores := min(int(Cores.Load()), panels, runtime.GOMAXPROCS(0))
	if cores < 2 || p.rows*p.inner*p.cols < 1<<19 {
		for panel := range panels {
			one(mine, panel)
		}
		return
	}
	var next atomic.Int32
	var group sync.WaitGroup
	work := func(buf *buffers) {
		for i := int(next.Add(1)) - 1; i < panels; i = int(next.Add(1)) - 1 {
			one(buf, i)
		}
	}
	for range cores - 1 {
		group.Go(func() {
			buf := spare.Get().(*buffers)
			defer spare.Put(buf)
			work(buf)
		})
	}
	work(mine)
	group.Wait()
}
