// Package lanes holds packs: W replicas side by side, each a vector of coordinates, and the kernels that move them.
//
// Coordinate j of the replica in lane l of pack p is p[j][l]. One call moves W replicas through a whole operation, so
// the price of the call vanishes, and the layout (one 64-byte row per coordinate) is what vector instructions want.
// Each kernel is written in plain Go, and once more in vector instructions where that pays (AVX2 on amd64; build with the
// tag purego to do without): the plain twin is the reference that the vector flavour equals bit for bit. Each product
// that feeds a sum is one fused multiply-add in a stated order, so the bits do not depend on the CPU.
//
// What belongs here: arithmetic on packs, on matrices shared by all lanes and on matrices of each lane, masks, scratch
// memory. What does not: anything that knows a model, a noise, a clock or a random number.
package lanes

import (
	"fmt"
	"math/bits"
)

// W is the number of replicas in a pack: eight float64 fill one 64-byte cache line and one AVX-512 register.
const W = 8

// Vec is one number per lane.
type Vec [W]float64

// Pack is a vector per lane; p[j][l] is coordinate j of lane l.
type Pack []Vec

// Mask is a set of lanes, bit l for lane l.
type Mask uint8

// All is the mask of every lane; None of no lane.
const (
	All  Mask = 1<<W - 1
	None Mask = 0
)

// First returns the mask of the first n lanes.
func First(n int) Mask {
	if n >= W {
		return All
	}
	return Mask(1)<<n - 1
}

// Has reports whether lane l is in the set.
func (m Mask) Has(l int) bool { return m>>l&1 != 0 }

// With returns the set with lane l added.
func (m Mask) With(l int) Mask { return m | 1<<l }

// Without returns the set with lane l removed.
func (m Mask) Without(l int) Mask { return m &^ (1 << l) }

// Count returns the number of lanes in the set.
func (m Mask) Count() int { return bits.OnesCount8(uint8(m)) }

// Splat returns x in every lane.
func Splat(x float64) Vec {
	var v Vec
	for l := range v {
		v[l] = x
	}
	return v
}

// Same returns the value that all lanes share; ok is false where they differ.
func (v Vec) Same() (x float64, ok bool) {
	for l := 1; l < W; l++ {
		if v[l] != v[0] {
			return 0, false
		}
	}
	return v[0], true
}

// Select returns a where the lane is in m and b elsewhere. Lanes that stopped may hold NaN, so masks select and never
// multiply.
func Select(m Mask, a, b Vec) Vec {
	for l := range b {
		if m.Has(l) {
			b[l] = a[l]
		}
	}
	return b
}

// Of copies the vector x into every lane of a new pack.
func Of(x []float64) Pack {
	p := make(Pack, len(x))
	Fill(p, x)
	return p
}

// Fill copies the vector x into every lane of dst.
func Fill(dst Pack, x []float64) {
	match("Fill", len(dst), len(x))
	for j, v := range x {
		dst[j] = Splat(v)
	}
}

// Lane copies lane l of p to dst, which it returns; a nil dst is allocated.
func (p Pack) Lane(dst []float64, l int) []float64 {
	if dst == nil {
		dst = make([]float64, len(p))
	}
	match("Lane", len(dst), len(p))
	for j := range p {
		dst[j] = p[j][l]
	}
	return dst
}

// SetLane copies x to lane l of p.
func (p Pack) SetLane(l int, x []float64) {
	match("SetLane", len(p), len(x))
	for j := range p {
		p[j][l] = x[j]
	}
}

// Zero clears p.
func Zero(p Pack) { clear(p) }

// Copy copies src to dst.
func Copy(dst, src Pack) {
	match("Copy", len(dst), len(src))
	copy(dst, src)
}

// CopyLanes copies the lanes of m from src to dst.
func CopyLanes(dst, src Pack, m Mask) {
	match("CopyLanes", len(dst), len(src))
	if m == All {
		copy(dst, src)
		return
	}
	copyLanes(dst, src, m)
}

// Add is dst = a + b.
func Add(dst, a, b Pack) {
	match("Add", len(dst), len(a))
	match("Add", len(dst), len(b))
	add(dst, a, b)
}

// Sub is dst = a − b.
func Sub(dst, a, b Pack) {
	match("Sub", len(dst), len(a))
	match("Sub", len(dst), len(b))
	sub(dst, a, b)
}

// Mul is the entrywise product dst = a ⊙ b.
func Mul(dst, a, b Pack) {
	match("Mul", len(dst), len(a))
	match("Mul", len(dst), len(b))
	mul(dst, a, b)
}

// AddMul is dst += a ⊙ b.
func AddMul(dst, a, b Pack) {
	match("AddMul", len(dst), len(a))
	match("AddMul", len(dst), len(b))
	addMul(dst, a, b)
}

// Scale is dst *= s.
func Scale(dst Pack, s float64) {
	scale(dst, s)
}

// ScaleLanes is dst *= s with one factor per lane.
func ScaleLanes(dst Pack, s Vec) {
	scaleLanes(dst, &s)
}

// Squares is dst = a² − b², entrywise, as fma(a, a, −b²).
func Squares(dst, a, b Pack) {
	match("Squares", len(dst), len(a))
	match("Squares", len(dst), len(b))
	squares(dst, a, b)
}

// AddScaled is dst += s·a with one factor per lane.
func AddScaled(dst Pack, s Vec, a Pack) { AddScaledLanes(dst, s, a, All) }

// AddScaledLanes is dst += s·a on the live lanes, with one factor per lane.
func AddScaledLanes(dst Pack, s Vec, a Pack, live Mask) {
	match("AddScaledLanes", len(dst), len(a))
	addScaled(dst, &s, a, live)
}

// Descend is θ −= η·g on the live lanes.
func Descend(theta Pack, eta Vec, g Pack, live Mask) {
	match("Descend", len(theta), len(g))
	descend(theta, &eta, g, live)
}

// DescendAdd is θ ← θ + s·a − η·g on the live lanes, in one pass: fma(−η, g, fma(s, a, θ)).
func DescendAdd(theta Pack, eta Vec, g Pack, s Vec, a Pack, live Mask) {
	match("DescendAdd", len(theta), len(g))
	match("DescendAdd", len(theta), len(a))
	descendAdd(theta, &eta, g, &s, a, live)
}

// Dot is Σⱼ aⱼbⱼ in each lane, summed in four parts, part i in the order of the j ≡ i (mod 4), and (s₀ + s₁) + (s₂ + s₃).
func Dot(a, b Pack) Vec {
	match("Dot", len(a), len(b))
	return dot(a, b)
}

// SquaresDot is Dot(x, Squares(u, v)) = Σⱼ xⱼ(uⱼ² − vⱼ²), in one pass.
func SquaresDot(x, u, v Pack) Vec {
	match("SquaresDot", len(x), len(u))
	match("SquaresDot", len(x), len(v))
	return squaresDot(x, u, v)
}

// DescendSquares is a step down the slope c of Σⱼ xⱼ(uⱼ² − vⱼ²) on the live lanes,
//
//	u ← u − η·2cx ⊙ u,  v ← v + η·2cx ⊙ v:
//
// with g = fma(x, c, 0), u ← fma(−η, 2g·u, u) and v ← fma(−η, −2g·v, v), products rounded. It returns the live lanes in which some
// |uⱼ| or |vⱼ| is then not at most bound, which Within would take another pass for.
func DescendSquares(u, v Pack, eta, c Vec, x Pack, live Mask, bound float64) Mask {
	match("DescendSquares", len(u), len(x))
	match("DescendSquares", len(v), len(x))
	return live & descendSquares(u, v, &eta, &c, x, live, bound)
}

// ProductDot is Dot(x, u ⊙ v) = Σⱼ xⱼuⱼvⱼ, uⱼvⱼ rounded, in one pass.
func ProductDot(x, u, v Pack) Vec {
	match("ProductDot", len(x), len(u))
	match("ProductDot", len(x), len(v))
	return productDot(x, u, v)
}

// DescendProduct is a step down the slope c of Σⱼ xⱼuⱼvⱼ on the live lanes,
//
//	u ← u − η·cx ⊙ v,  v ← v − η·cx ⊙ u,
//
// both from the u and v before, with g = fma(x, c, 0), u ← fma(−η, g·v, u) and v ← fma(−η, g·u, v), products rounded. It returns the live
// lanes in which some |uⱼ| or |vⱼ| is then not at most bound.
func DescendProduct(u, v Pack, eta, c Vec, x Pack, live Mask, bound float64) Mask {
	match("DescendProduct", len(u), len(x))
	match("DescendProduct", len(v), len(x))
	return live & descendProduct(u, v, &eta, &c, x, live, bound)
}

// Sum is Σⱼ aⱼ in each lane, summed in four parts as Dot is.
func Sum(a Pack) Vec {
	return sum(a)
}

// MaxAbs is maxⱼ |aⱼ| in each lane, NaN where any coordinate is NaN, 0 for an empty pack.
func MaxAbs(a Pack) Vec {
	return maxAbs(a)
}

// Within returns the lanes in which every |aⱼ| ≤ bound; a lane that holds NaN is outside.
func Within(a Pack, bound float64) Mask {
	return All &^ outside(a, bound)
}

func match(op string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("lanes.%s: packs of length %d and %d", op, got, want))
	}
}
