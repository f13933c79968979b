// Package kit emits what several kernels are made of: random words, and normal numbers from them. What it emits goes through the IEEE
// operations of the plain twins in the same order, in AVX2 or in AVX-512 registers.
package kit

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// ISA is a set of vector instructions.
type ISA struct {
	Name  string
	Bytes int           // of a register
	R     []VecPhysical // registers
	Low   []VecPhysical // their lower halves
}

// Wide reports whether registers hold whole rows of a pack.
func (s *ISA) Wide() bool { return s.Bytes == 64 }

// The two sets that there are kernels for.
var (
	AVX2 = &ISA{"AVX2", 32,
		[]VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15},
		[]VecPhysical{X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15}}
	AVX512 = &ISA{"AVX512", 64,
		[]VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31},
		[]VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15, Y16, Y17, Y18, Y19, Y20, Y21, Y22, Y23, Y24, Y25, Y26, Y27, Y28, Y29, Y30, Y31}}
)

// Kernel begins a function that keeps its arguments where they are.
func Kernel(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc...)
}

// End ends it. The Go compiler emits legacy SSE, which is slow on dirty upper halves.
func End() {
	VZEROUPPER()
	RET()
}

var table = map[uint64]Mem{}

// Integer is the memory of eight copies of w.
func Integer(w uint64) Mem {
	m, ok := table[w]
	if !ok {
		m = GLOBL(fmt.Sprintf("x%016x", w), RODATA|NOPTR)
		for l := range 8 {
			DATA(8*l, U64(w))
		}
		table[w] = m
	}
	return m
}

// Number is the memory of eight copies of x.
func Number(x float64) Mem { return Integer(math.Float64bits(x)) }

// Word is the memory of sixteen copies of w.
func Word(w uint32) Mem { return Integer(uint64(w)<<32 | uint64(w)) }

// Single is the memory of sixteen copies of x.
func Single(x float32) Mem { return Word(math.Float32bits(x)) }

// Parity is Threefish's key schedule constant.
const Parity = 0x1BD11BDAA9FC1A22

// Rounds of Threefry2x64.
const Rounds = 13

// Injections are the keys that Threefry adds before its rounds and after each fourth of them, for both words: as operands, and as
// memory to be filled.
type Injections struct {
	First, Second [4]Op // added to the first and to the second word, at each of the times; the second word's first is without the block
}

// Schedule works out the injections of keys in k0 and k1 and of steps, into registers or memory that place names. The registers k0,
// k1, step and t are lost.
func Schedule(s *ISA, k0, k1, step, t VecPhysical, place func(slot int) Op) Injections {
	store := func(slot int, v VecPhysical) Op {
		to := place(slot)
		if r, ok := to.(VecPhysical); ok {
			move(s, v, r)
		} else {
			Move(s, v, to)
		}
		return to
	}
	var in Injections
	xor(s, k1, k0, t)
	xor(s, Integer(Parity), t, t) // k2
	VPADDQ(k0, step, step)
	in.First[0] = store(0, step)
	in.Second[0] = store(1, k1)
	in.First[1] = in.Second[0]
	in.First[2] = store(2, t)
	in.First[3] = store(3, k0)
	VPADDQ(Integer(1), t, t) // k2 + 1
	in.Second[1] = store(4, t)
	VPADDQ(Integer(2), k0, k0)
	in.Second[2] = store(5, k0)
	VPADDQ(Integer(3), k1, k1)
	in.Second[3] = store(6, k1)
	return in
}

// Slots is the number of places that Schedule fills.
const Slots = 7

func move(s *ISA, from, to VecPhysical) {
	if s.Wide() {
		VMOVDQA64(from, to)
	} else {
		VMOVDQA(from, to)
	}
}

// Move moves a whole register to or from memory.
func Move(s *ISA, from, to Op) {
	if s.Wide() {
		VMOVDQU64(from, to)
	} else {
		VMOVDQU(from, to)
	}
}

func xor(s *ISA, a, b, to Op) {
	if s.Wide() {
		VPXORQ(a, b, to)
	} else {
		VPXOR(a, b, to)
	}
}

// Block are the registers of one block on its way.
type Block struct {
	X0, X1             VecPhysical // block numbers in X1, then the two words
	A, B, Sin, Cos     VecPhysical // radii and angles, and the normals of them
	T, E, P, Q         VecPhysical
	First              *Injections
	Rotate16, Rotate24 Op // the shuffles of Rotation, which AVX2 needs
}

// Ops are instructions to be emitted, in their order; those of others may come between.
type Ops []func()

// Emit emits them.
func (o Ops) Emit() {
	for _, op := range o {
		op()
	}
}

// each adds an operation for every block.
func (o *Ops) each(blocks []*Block, do func(b *Block)) {
	for _, b := range blocks {
		*o = append(*o, func() { do(b) })
	}
}

// Words are the rounds of some blocks side by side: on entry X1 holds block numbers, on return X0 and X1 hold the two words. AVX2 loses T.
func Words(s *ISA, blocks ...*Block) (ops Ops) {
	each := func(do func(b *Block)) { ops.each(blocks, do) }
	each(func(b *Block) { VPADDQ(b.First.Second[0], b.X1, b.X1) })
	each(func(b *Block) { VPADDQ(b.First.First[0], b.X1, b.X0) }) // with the first round's sum
	for round := range Rounds {
		if round > 0 {
			each(func(b *Block) { VPADDQ(b.X1, b.X0, b.X0) })
		}
		by := [8]uint64{16, 42, 12, 31, 16, 32, 24, 21}[round%8]
		each(func(b *Block) {
			switch {
			case s.Wide():
				VPROLQ(U8(by), b.X1, b.X1)
			case by == 16:
				VPSHUFB(b.Rotate16, b.X1, b.X1)
			case by == 24:
				VPSHUFB(b.Rotate24, b.X1, b.X1)
			case by == 32:
				VPSHUFD(Imm(0xb1), b.X1, b.X1)
			default:
				VPSLLQ(Imm(by), b.X1, b.T)
				VPSRLQ(Imm(64-by), b.X1, b.X1)
				VPOR(b.T, b.X1, b.X1)
			}
		})
		each(func(b *Block) { xor(s, b.X0, b.X1, b.X1) })
		if round%4 == 3 {
			each(func(b *Block) { VPADDQ(b.First.First[round/4+1], b.X0, b.X0) })
			each(func(b *Block) { VPADDQ(b.First.Second[round/4+1], b.X1, b.X1) })
		}
	}
	return ops
}

// WordsOnce emits the rounds for block 0 of a step under keys k0, k1 and k2 = k0 ⊕ k1 ⊕ Parity, without a schedule. step is lost.
func WordsOnce(s *ISA, w0, w1, k0, k1, k2, step VecPhysical) {
	VPADDQ(k0, step, w0)
	move(s, k1, w1)
	k := []VecPhysical{k0, k1, k2}
	for round := range Rounds {
		VPADDQ(w1, w0, w0)
		VPROLQ(U8([8]uint64{16, 42, 12, 31, 16, 32, 24, 21}[round%8]), w1, w1)
		xor(s, w0, w1, w1)
		if round%4 == 3 {
			t := round/4 + 1
			VPADDQ(k[t%3], w0, w0)
			VPADDQ(k[(t+1)%3], w1, w1)
			VPADDQ(Integer(uint64(t)), w1, w1)
		}
	}
}

// Rotation is the memory of the byte shuffle that rotates 64-bit words left by a multiple of eight bits.
func Rotation(name string, bits int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(i%16/8*8+(i-bits/8)&7))
	}
	return m
}

// The coefficients of the plain twin, from the highest power down.
var (
	logarithm = []float32{0.08734836429357529, -0.1430751383304596, 0.14917972683906555, -0.1657050997018814, 0.19962072372436523, -0.25001755356788635, 0.33333951234817505, -0.49999991059303284}
	sine      = []float32{39.71091842651367, -76.57498931884766, 81.60223388671875, -41.341678619384766, 6.2831854820251465}
	cosine    = []float32{-24.98223876953125, 60.14401626586914, -85.45357513427734, 64.93934631347656, -19.739208221435547, 1}
)

// Normals are the transform of Box and Muller on the 32-bit words of some blocks side by side: A holds radii, B angles; on return Sin and
// Cos hold the normals r sin φ and r cos φ.
func Normals(s *ISA, blocks ...*Block) (ops Ops) {
	each := func(do func(b *Block)) { ops.each(blocks, do) }
	// The radius: u = (⌊a/2⌋ + ½)·2⁻³¹ = 2ᵉ(1 + t); the angle: x in quarters of a turn to both sides.
	each(func(b *Block) { VPSRLD(Imm(1), b.A, b.T) })
	each(func(b *Block) { VCVTDQ2PS(b.T, b.T) })
	each(func(b *Block) { VCVTDQ2PS(b.B, b.B) })
	each(func(b *Block) { VMOVUPS(Single(0x1p-31), b.P) })
	each(func(b *Block) { VFMADD213PS(Single(0x1p-32), b.P, b.T) })
	each(func(b *Block) { VMULPS(Single(0x1p-33), b.B, b.B) })
	each(func(b *Block) { VPSUBD(Word(0x3f3504f3), b.T, b.E) })
	each(func(b *Block) { VPSRAD(Imm(23), b.E, b.E) })
	each(func(b *Block) { VPSLLD(Imm(23), b.E, b.P) })
	each(func(b *Block) { VPSUBD(b.P, b.T, b.T) })
	each(func(b *Block) { VCVTDQ2PS(b.E, b.E) })
	each(func(b *Block) { VSUBPS(Single(1), b.T, b.T) })
	each(func(b *Block) { VMULPS(b.B, b.B, b.Q) })
	each(func(b *Block) { VMOVUPS(Single(logarithm[0]), b.P) })
	each(func(b *Block) { VMOVUPS(Single(sine[0]), b.Sin) })
	each(func(b *Block) { VMOVUPS(Single(cosine[0]), b.Cos) })
	for k := 1; k < len(logarithm); k++ {
		each(func(b *Block) { VFMADD213PS(Single(logarithm[k]), b.T, b.P) })
		if k < len(sine) {
			each(func(b *Block) { VFMADD213PS(Single(sine[k]), b.Q, b.Sin) })
		}
		if k < len(cosine) {
			each(func(b *Block) { VFMADD213PS(Single(cosine[k]), b.Q, b.Cos) })
		}
	}
	each(func(b *Block) { VMULPS(b.T, b.T, b.Q) })
	each(func(b *Block) { VFMADD213PS(b.T, b.Q, b.P) })
	each(func(b *Block) { VFMADD231PS(Single(math.Ln2), b.E, b.P) })
	each(func(b *Block) { VMULPS(Single(-2), b.P, b.P) })
	each(func(b *Block) { VSQRTPS(b.P, b.P) }) // r
	each(func(b *Block) { VPSLLD(Imm(31), b.A, b.A) })
	each(func(b *Block) { xor(s, b.A, b.Cos, b.Cos) })
	each(func(b *Block) { VMULPS(b.P, b.B, b.B) })
	each(func(b *Block) { VMULPS(b.P, b.Cos, b.Cos) })
	each(func(b *Block) { VMULPS(b.B, b.Sin, b.Sin) })
	return ops
}
