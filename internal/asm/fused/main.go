// Command fused writes the AVX2 and AVX-512 kernels of package fused.
//
// A kernel holds the state of eight replicas in registers over many steps. Every lane goes through the operations of the steppers in
// the same order, so its bits are the same.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"sgdlab/internal/asm/kit"
)

const (
	rowBytes  = 64
	halfBytes = 32
)

// The rows of package fused's table, in its order.
const (
	rowX = iota
	rowK0
	rowK1
	rowCounter
	rowStep
	rowBK0
	rowBK1
	rowNegH
	rowS
	rowLevel
	rowGuard
	rowOdds
	rowA
	rowB
	rowFlip
	rowBound
	rowMagnitude
	rowSchedule                           // seven rows of the kernel's own
	rowNormals  = rowSchedule + kit.Slots // two times eight
)

func main() {
	ConstraintExpr("amd64,!purego")
	wellAVX512()
	Generate()
}

// wellAVX512 emits the double well: steps from the given place of a block on, until n are taken or one is not to be. While eight steps are
// taken, which is one long chain of operations, the normals of the next eight are made: their instructions alternate.
func wellAVX512() {
	s := kit.AVX512
	kit.Kernel("wellAVX512", "func(t *uint64, place, n int, live uint64, bridge uint64) int",
		"wellAVX512 takes up to n steps of the live lanes of table t, from the given place of a block, and returns how many it took.")
	r := s.R
	t, place, left, done, tmp := RSI, RAX, RCX, RDX, RBX
	now, later, few := R8, R9, R10 // normals of these steps and of those after them; how many of them are left to take one by one
	row := func(i int) Mem { return Mem{Base: t, Disp: i * rowBytes} }
	Load(Param("t"), t)
	Load(Param("place"), place)
	Load(Param("n"), left)
	LEAQ(row(rowNormals), now)
	LEAQ(row(rowNormals+8), later)
	XORQ(done, done)
	Load(Param("live"), tmp)
	KMOVQ(tmp, K1)

	// Registers: 0–9 and 10–19 two blocks, 20–25 a step, 26 x, 27 its distance from the level, 28–30 constants.
	kit.Move(s, row(rowK0), r[0])
	kit.Move(s, row(rowK1), r[1])
	kit.Move(s, row(rowCounter), r[2])
	in := kit.Schedule(s, r[0], r[1], r[2], r[3], func(i int) Op { return row(rowSchedule + i) })
	x, near, a, scale, level := r[26], r[27], r[28], r[29], r[30]
	VMOVUPD(row(rowX), x)
	VMOVUPD(row(rowA), a)
	VMOVUPD(row(rowS), scale)
	VMOVUPD(row(rowLevel), level)
	distance := func(x, to VecPhysical) {
		VSUBPD(x, level, to)
		VPXORQ(row(rowFlip), to, to)
	}
	distance(x, near)

	block := func(r []VecPhysical) *kit.Block {
		return &kit.Block{X0: r[0], X1: r[1], A: r[2], B: r[3], Sin: r[4], Cos: r[5], T: r[6], E: r[7], P: r[8], Q: r[9]}
	}
	// draws make the normals of the next blocks, into memory.
	draws := func(to Register, blocks ...*kit.Block) (ops kit.Ops) {
		add := func(op func()) { ops = append(ops, op) }
		for i, b := range blocks {
			own := in
			own.First[0] = b.T // the counter of this block
			b.First = &own
			add(func() { VPXORQ(b.X1, b.X1, b.X1) }) // block 0 of each counter
			add(func() { kit.Move(s, in.First[0], b.T) })
			if i > 0 {
				add(func() { VPADDQ(kit.Integer(uint64(i)), b.T, b.T) })
			}
			if i == len(blocks)-1 {
				add(func() { VPADDQ(kit.Integer(1), b.T, b.E) })
				add(func() { kit.Move(s, b.E, in.First[0]) })
			}
		}
		ops = append(ops, kit.Words(s, blocks...)...)
		for _, b := range blocks {
			add(func() { VMOVDQU32(evens(), b.A) })
			add(func() { VMOVDQU32(odds(), b.B) })
			add(func() { VPERMI2D(b.X1, b.X0, b.A) })
			add(func() { VPERMI2D(b.X1, b.X0, b.B) })
		}
		ops = append(ops, kit.Normals(s, blocks...)...)
		for k, b := range blocks {
			for i, v := range []VecPhysical{b.Sin, b.Cos} {
				z := func(i int) Mem { return Mem{Base: to, Disp: (4*k + i) * rowBytes} }
				add(func() { VCVTPS2PD(v.(Vec).AsY(), b.T) })
				add(func() { VMOVUPD(b.T, z(i)) })
				add(func() { VEXTRACTF32X8(Imm(1), v, b.E.(Vec).AsY()) })
				add(func() { VCVTPS2PD(b.E.(Vec).AsY(), b.P) })
				add(func() { VMOVUPD(b.P, z(2+i)) })
			}
		}
		return ops
	}
	// step is one step, by a normal number in memory; where the event might be met it looks closer.
	next, to, g, p := r[20], r[21], r[22], r[23]
	step := func(name string, z Mem) kit.Ops {
		return kit.Ops{
			func() { VMULPD(x, x, g) },
			func() { VMOVAPD(x, next) },
			func() { VFMADD231PD(z, scale, next) },
			func() { VFMADD213PD(row(rowB), a, g) },
			func() { VMULPD(g, x, g) },
			func() { VFMADD231PD(row(rowNegH), g, next) },
			func() { distance(next, to) },
			func() { VMULPD(near, to, p) },
			func() { VPANDQ(row(rowMagnitude), next, g) },
			func() { VCMPPD(Imm(6), row(rowBound), g, K1, K2) }, // not at most the bound
			func() { VCMPPD(Imm(9), row(rowGuard), p, K1, K3) }, // not at least the guard
			func() {
				KORTESTB(K2, K3)
				JNE(LabelRef("look" + name))
				Label("go" + name)
			},
			func() { VMOVAPD(next, x) },
			func() { VMOVAPD(to, near) },
			func() { INCQ(done) },
		}
	}
	first, second := block(r[:10]), block(r[10:20])

	TESTQ(place, place)
	JEQ(LabelRef("aligned"))
	draws(now, first).Emit()
	MOVQ(U32(4), few)
	SUBQ(place, few)
	SHLQ(Imm(6), place)
	ADDQ(place, now)
	JMP(LabelRef("oneByOne"))

	Label("aligned")
	LEAQ(row(rowNormals), now)
	CMPQ(done, left)
	JGE(LabelRef("end"))
	draws(now, first, second).Emit()
	Label("eight")
	LEAQ(Mem{Base: done, Disp: 8}, tmp)
	CMPQ(tmp, left)
	JGT(LabelRef("tail"))
	var steps kit.Ops
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprint(i))
		steps = append(steps, step(names[i], Mem{Base: now, Disp: i * rowBytes})...)
	}
	noise := draws(later, first, second)
	for i, op := range steps {
		op()
		noise[i*len(noise)/len(steps) : (i+1)*len(noise)/len(steps)].Emit()
	}
	XCHGQ(now, later)
	JMP(LabelRef("eight"))

	Label("tail")
	MOVQ(U32(8), few)
	Label("oneByOne")
	CMPQ(done, left)
	JGE(LabelRef("end"))
	names = append(names, "One")
	step("One", Mem{Base: now}).Emit()
	ADDQ(Imm(rowBytes), now)
	DECQ(few)
	JNE(LabelRef("oneByOne"))
	JMP(LabelRef("aligned"))

	Label("end")
	VMOVUPD(x, row(rowX))
	Store(done, ReturnIndex(0))
	kit.End()

	// Near the level: certain not to have crossed where the uniform number is too large, U ≥ 2^−e > exp(−2d₀d₁/q). The eight steps have
	// a block in flight in the registers, so what is needed here is kept in memory.
	for _, name := range names {
		Label("look" + name)
		KTESTB(K2, K2)
		JNE(LabelRef("end"))
		Load(Param("bridge"), tmp)
		TESTQ(tmp, tmp)
		JEQ(LabelRef("end"))
		// The words of the bridge's block 0 at this step, under a schedule made on the spot, in registers that are saved.
		saved := r[:5]
		for i, v := range saved {
			kit.Move(s, v, row(rowNormals+16+i))
		}
		k0, k1, k2, w0, w1, at := r[0], r[1], r[2], r[3], r[4], r[24]
		kit.Move(s, row(rowBK0), k0)
		kit.Move(s, row(rowBK1), k1)
		VPBROADCASTQ(done, at)
		VPADDQ(row(rowStep), at, at)
		VPXORQ(k1, k0, k2)
		VPXORQ(kit.Integer(kit.Parity), k2, k2)
		kit.WordsOnce(s, w0, w1, k0, k1, k2, at)
		// U is (n + ½)2⁻⁵², n the upper 52 bits: at least a power of two whose exponent is that of n + ½ as a number.
		VPSRLQ(Imm(12), w0, w0)
		VCVTUQQ2PD(w0, w0)
		VADDPD(kit.Number(0.5), w0, w0)
		VPSRLQ(Imm(52), w0, w0) // 1023 + e
		VCVTUQQ2PD(w0, w0)
		VFMADD231PD(row(rowOdds), p, w0)
		VCMPPD(Imm(2), kit.Number(1023+52), w0, K3, K3) // not certain
		for i, v := range saved {
			kit.Move(s, row(rowNormals+16+i), v)
		}
		KTESTB(K3, K3)
		JNE(LabelRef("end"))
		JMP(LabelRef("go" + name))
	}
}

func pick(name string, word func(i int) int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(word(i)))
	}
	return m
}

var evensAt, oddsAt *Mem

// The lower and the upper halves of the 64-bit words of two registers.
func evens() Mem {
	if evensAt == nil {
		m := pick("evens", func(i int) int { return 2 * i })
		evensAt = &m
	}
	return *evensAt
}

func odds() Mem {
	if oddsAt == nil {
		m := pick("odds", func(i int) int { return 2*i + 1 })
		oddsAt = &m
	}
	return *oddsAt
}
