// Command rng writes the AVX2 and AVX-512 kernels of package rng.
//
// A row of a pack is 64 bytes: one ZMM register, or two YMM registers of four lanes. A block of random bits is two words a lane, the
// first words of all lanes in one row and the second words in the next. Every lane goes through the operations of the plain twin in
// the same order, so the numbers are the same to the last bit.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"sgdlab/internal/asm/kit"
)

const (
	rowBytes   = 64
	blockBytes = 2 * rowBytes
	halfBytes  = 32
)

var ymm = kit.AVX2.R

func main() {
	ConstraintExpr("amd64,!purego")
	for _, s := range []*kit.ISA{kit.AVX2, kit.AVX512} {
		draws(s, "words", "rows of dst are the first words of a block, then its second words", 2, rowBytes, storeWords)
		draws(s, "normals", "four normals of a block fill four rows of dst", 4, rowBytes, storeNormals)
		draws(s, "indices", "four numbers below n of a block fill four rows of 32-bit integers", 4, rowBytes/2, storeIndices)
	}
	fullNormals()
	uniforms()
	Generate()
}

func kernel(name, signature string, doc ...string) { kit.Kernel(name, signature, doc...) }

func end() { kit.End() }

func integer(w uint64) Mem { return kit.Integer(w) }

func number(x float64) Mem { return integer(math.Float64bits(x)) }

// drawer says how a kernel stores what it drew; put stores a row of a block.
type drawer func(s *kit.ISA, blocks []*kit.Block, put func(block, row int, store func(to Mem)))

// draws emits a kernel that walks through blocks. Of the last block, the rows that are left are stored.
func draws(s *kit.ISA, name, doc string, perBlock, bytes int, store drawer) {
	name += s.Name
	signature := "func(dst *float64, rows int, block, k0, k1, step *uint64)"
	if name == "indices"+s.Name {
		signature = "func(dst *int32, rows int, block, k0, k1, step *uint64, n uint64)"
	}
	kernel(name, signature, name+" draws blocks under the keys (k0, k1) and the counters (step, block): lane l has the blocks numbered",
		"block[l], block[l] + 1, …; "+doc+".")
	r := s.R
	dst, left := RDI, RCX
	k0, k1, step, block, n := RSI, RDX, RBX, R8, R9
	Load(Param("k0"), k0)
	Load(Param("k1"), k1)
	Load(Param("step"), step)
	Load(Param("block"), block)
	Load(Param("dst"), dst)
	Load(Param("rows"), left)
	var in [2]kit.Injections
	parts := rowBytes / s.Bytes
	frame := Mem{}
	if parts == 2 {
		frame = AllocLocal(2 * (kit.Slots + 1) * halfBytes)
	}
	slot := func(h, i int) Mem { return frame.Offset(((kit.Slots+1)*h + i) * halfBytes) }
	for h := range parts {
		at := func(p Register) Mem { return Mem{Base: p, Disp: h * halfBytes} }
		kit.Move(s, at(k0), r[0])
		kit.Move(s, at(k1), r[1])
		kit.Move(s, at(step), r[2])
		in[h] = kit.Schedule(s, r[0], r[1], r[2], r[3], func(i int) Op {
			if s.Wide() {
				return r[24+i]
			}
			return slot(h, i)
		})
		if !s.Wide() {
			kit.Move(s, at(block), r[0])
			kit.Move(s, r[0], slot(h, kit.Slots))
		}
	}
	if s.Wide() {
		kit.Move(s, Mem{Base: block}, r[23])
		if name == "normals"+s.Name {
			VMOVDQU32(evens(), r[20])
			VMOVDQU32(odds(), r[21])
		}
		if name == "indices"+s.Name {
			Load(Param("n"), n)
			VPBROADCASTQ(n, r[21])
		}
	} else {
		VMOVDQU(rotate16(), r[14])
		VMOVDQU(rotate24(), r[15])
		if name == "indices"+s.Name {
			Load(Param("n"), n)
			VMOVQ(n, X13)
			VPBROADCASTQ(X13, r[13])
		}
	}
	// walk draws some blocks; after the rows of a partial one it leaves.
	walk := func(label string, partial bool, blocks ...*kit.Block) {
		for h := range parts {
			for _, b := range blocks {
				b.First = &in[h]
				if s.Wide() {
					VMOVDQA64(r[23], b.X1)
					VPADDQ(integer(1), r[23], r[23])
				} else {
					kit.Move(s, slot(h, kit.Slots), b.X1)
					VPADDQ(integer(1), b.X1, b.T)
					kit.Move(s, b.T, slot(h, kit.Slots))
					b.Rotate16, b.Rotate24 = r[14], r[15]
				}
			}
			kit.Words(s, blocks...).Emit()
			done := fmt.Sprintf("%s%d", label, h)
			store(s, blocks, func(block, row int, put func(to Mem)) {
				if partial && row > 0 {
					CMPQ(left, Imm(uint64(row)))
					JLE(LabelRef(done))
				}
				to := Mem{Base: dst, Disp: (block*perBlock + row) * bytes}
				if h > 0 {
					to = to.Offset(bytes / 2)
				}
				put(to)
			})
			Label(done)
		}
		if !partial {
			ADDQ(U32(len(blocks)*perBlock*bytes), dst)
		}
	}
	if s.Wide() { // two blocks side by side, to overlap their chains of operations
		SUBQ(Imm(uint64(2*perBlock)), left)
		JLT(LabelRef("few"))
		Label("two")
		walk("of2", false, registers(r, 0), registers(r, 10))
		SUBQ(Imm(uint64(2*perBlock)), left)
		JGE(LabelRef("two"))
		Label("few")
		ADDQ(Imm(uint64(2*perBlock)), left)
	}
	Label("one")
	CMPQ(left, Imm(uint64(perBlock)))
	JLT(LabelRef("last"))
	walk("of1", false, registers(r, 0))
	SUBQ(Imm(uint64(perBlock)), left)
	JMP(LabelRef("one"))
	Label("last")
	TESTQ(left, left)
	JLE(LabelRef("done"))
	walk("ofLast", true, registers(r, 0))
	Label("done")
	end()
}

// registers are those of a block, ten from the given one on.
func registers(r []VecPhysical, from int) *kit.Block {
	r = r[from:]
	return &kit.Block{X0: r[0], X1: r[1], A: r[2], B: r[3], Sin: r[4], Cos: r[5], T: r[6], E: r[7], P: r[8], Q: r[9]}
}

var rotations = map[int]Mem{}

func rotation(name string, by int) Mem {
	if m, ok := rotations[by]; ok {
		return m
	}
	rotations[by] = kit.Rotation(name, by)
	return rotations[by]
}

func rotate16() Mem { return rotation("rotate16", 16) }
func rotate24() Mem { return rotation("rotate24", 24) }

func storeWords(s *kit.ISA, blocks []*kit.Block, put func(block, row int, store func(to Mem))) {
	for i, b := range blocks {
		put(i, 0, func(to Mem) { kit.Move(s, b.X0, to) })
		put(i, 1, func(to Mem) { kit.Move(s, b.X1, to) })
	}
}

var picked = map[string]Mem{}

// pick is a permutation of the 32-bit words of two registers.
func pick(name string, word func(i int) int) Mem {
	if m, ok := picked[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(word(i)))
	}
	picked[name] = m
	return m
}

// The lower and the upper halves of the 64-bit words of two registers.
func evens() Mem { return pick("evens", func(i int) int { return 2 * i }) }
func odds() Mem  { return pick("odds", func(i int) int { return 2*i + 1 }) }

// storeNormals makes radii of the lower halves of the words and angles of the upper ones: two normals of the first word, then two of the
// second.
func storeNormals(s *kit.ISA, blocks []*kit.Block, put func(block, row int, store func(to Mem))) {
	for _, b := range blocks {
		if s.Wide() {
			VMOVDQA64(s.R[20], b.A)
			VMOVDQA64(s.R[21], b.B)
			VPERMI2D(b.X1, b.X0, b.A)
			VPERMI2D(b.X1, b.X0, b.B)
		} else {
			VSHUFPS(Imm(0x88), b.X1, b.X0, b.A) // lanes 0, 1 of both words, then 2, 3
			VSHUFPS(Imm(0xdd), b.X1, b.X0, b.B)
		}
	}
	kit.Normals(s, blocks...).Emit()
	for i, b := range blocks {
		// The first half of Sin and Cos is of the first word, the second of the second.
		t, sin, cos := b.T, b.E, b.P
		widen := func(half Op) func(to Mem) {
			return func(to Mem) {
				VCVTPS2PD(half, t)
				VMOVUPD(t, to)
			}
		}
		if s.Wide() {
			put(i, 0, widen(b.Sin.(Vec).AsY()))
			put(i, 1, widen(b.Cos.(Vec).AsY()))
			VEXTRACTF32X8(Imm(1), b.Sin, sin.(Vec).AsY())
			VEXTRACTF32X8(Imm(1), b.Cos, cos.(Vec).AsY())
			put(i, 2, widen(sin.(Vec).AsY()))
			put(i, 3, widen(cos.(Vec).AsY()))
			continue
		}
		VPERMQ(Imm(0xd8), b.Sin, b.Sin)
		VPERMQ(Imm(0xd8), b.Cos, b.Cos)
		put(i, 0, widen(b.Sin.(Vec).AsX()))
		put(i, 1, widen(b.Cos.(Vec).AsX()))
		VEXTRACTF128(Imm(1), b.Sin, sin.(Vec).AsX())
		VEXTRACTF128(Imm(1), b.Cos, cos.(Vec).AsX())
		put(i, 2, widen(sin.(Vec).AsX()))
		put(i, 3, widen(cos.(Vec).AsX()))
	}
}

// storeIndices multiplies each half of a word by n and keeps what goes beyond 32 bits.
func storeIndices(s *kit.ISA, blocks []*kit.Block, put func(block, row int, store func(to Mem))) {
	for at, b := range blocks {
		for i, x := range []VecPhysical{b.X0, b.X1} {
			n := s.R[13]
			if s.Wide() {
				n = s.R[21]
			}
			VPSRLQ(Imm(32), x, b.B)
			VPMULUDQ(n, x, b.A)
			VPMULUDQ(n, b.B, b.B)
			for k, v := range []VecPhysical{b.A, b.B} {
				put(at, 2*i+k, func(to Mem) {
					if s.Wide() {
						VPSRLQ(Imm(32), v, v)
						VPMOVQD(v, to)
						return
					}
					VSHUFPS(Imm(0xdd), v, v, v) // the upper halves, twice in each 128-bit part
					VPERMQ(Imm(0xd8), v, v)
					VMOVDQU(v.(Vec).AsX(), to)
				})
			}
		}
	}
}
