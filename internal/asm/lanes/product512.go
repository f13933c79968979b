package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const most = 5 // rows and columns of a tile

var zmm = []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31}

// product512 emits a whole matrix product, cut into tiles of up to 5 × 5 entries of dst: 25 accumulators, a row of b and an
// entry of a fill the registers. Each entry goes through the inner dimension in the order of the plain twin.
func product512(name string, shared bool, doc string) {
	kernel(name, "func(dst *float64, dstRow, dstCol int, a *float64, aRow, aCol int, b *float64, bRow, bCol int, rows, inner, cols int, add int)",
		doc, "Strides count rows of a pack, or numbers of a shared matrix; rows, inner and cols are at least 1.")
	rows, cols, dNext := AllocLocal(8), AllocLocal(8), AllocLocal(8) // rows and columns left, and where the next rows start in dst
	times3 := RDX                                                    // 3·aRow

	stride := func(name string, r Register, shift uint64) {
		Load(Param(name), r)
		SHLQ(U8(shift), r)
	}
	aShift := uint64(6)
	if shared {
		aShift = 3
	}
	stride("dstRow", dRow, 6)
	stride("dstCol", dCol, 6)
	stride("aRow", aRow, aShift)
	stride("aCol", aCol, aShift)
	stride("bRow", bRow, 6)
	stride("bCol", bCol, 6)
	LEAQ(Mem{Base: bCol, Index: bCol, Scale: 2}, bCol3)
	LEAQ(Mem{Base: aRow, Index: aRow, Scale: 2}, times3)
	Load(Param("a"), aTile)
	Load(Param("dst"), aAt)
	MOVQ(aAt, dNext)
	Load(Param("rows"), aAt)
	MOVQ(aAt, rows)

	// choose jumps to the tile for what is left: at most five, but six are three and three, and seven four and three.
	choose := func(left Register, label func(n int) string, none func()) {
		CMPQ(left, Imm(6))
		JEQ(LabelRef(label(3)))
		CMPQ(left, Imm(7))
		JEQ(LabelRef(label(4)))
		CMPQ(left, Imm(4))
		JGT(LabelRef(label(5)))
		JEQ(LabelRef(label(4)))
		CMPQ(left, Imm(2))
		JGT(LabelRef(label(3)))
		JEQ(LabelRef(label(2)))
		TESTQ(left, left)
		JNE(LabelRef(label(1)))
		none()
	}
	Label("rows")
	MOVQ(rows, aAt)
	choose(aAt, func(n int) string { return fmt.Sprintf("rows%d", n) }, end)
	for r := most; r >= 1; r-- {
		Label(fmt.Sprintf("rows%d", r))
		SUBQ(Imm(uint64(r)), rows)
		MOVQ(dNext, dTile)
		Load(Param("b"), bTile)
		Load(Param("cols"), aAt)
		again := fmt.Sprintf("columns%d", r)
		tileLabel := func(c int) string { return fmt.Sprintf("tile%dx%d", r, c) }
		Label(again)
		choose(aAt, tileLabel, func() {
			for range r {
				ADDQ(aRow, aTile)
				ADDQ(dRow, dNext)
			}
			JMP(LabelRef("rows"))
		})
		for c := most; c >= 1; c-- {
			Label(tileLabel(c))
			SUBQ(Imm(uint64(c)), aAt)
			MOVQ(aAt, cols)
			tile512(r, c, shared, tileLabel(c), times3)
			for range c {
				ADDQ(dCol, dTile)
				ADDQ(bCol, bTile)
			}
			MOVQ(cols, aAt)
			JMP(LabelRef(again))
		}
	}
}

// tile512 emits r × c entries: accumulators from Z0 on, b in Z25…Z29, an entry of a in Z30 and Z31.
func tile512(r, c int, shared bool, label string, aRow3 Register) {
	acc := func(i, j int) VecPhysical { return zmm[j*r+i] }
	b := zmm[25:30]
	each := func(visit func(m Mem, acc VecPhysical)) {
		MOVQ(dTile, aAt)
		for i := range r {
			MOVQ(aAt, bAt)
			for j := range c {
				m := Mem{Base: bAt}
				if j%2 == 1 {
					m.Index, m.Scale = dCol, 1
				}
				visit(m, acc(i, j))
				if j%2 == 1 && j+1 < c {
					LEAQ(Mem{Base: bAt, Index: dCol, Scale: 2}, bAt)
				}
			}
			if i+1 < r {
				ADDQ(dRow, aAt)
			}
		}
	}
	for _, x := range zmm[:r*c] {
		VPXORQ(x, x, x)
	}
	Load(Param("add"), aAt)
	TESTQ(aAt, aAt)
	JEQ(LabelRef(label + "start"))
	each(func(m Mem, acc VecPhysical) { VMOVUPD(m, acc) })

	Label(label + "start")
	MOVQ(aTile, aAt)
	MOVQ(bTile, bAt)
	Load(Param("inner"), inner)
	Label(label + "step")
	for j := range c {
		m := Mem{Base: bAt}
		switch j {
		case 1, 2, 4:
			m.Index, m.Scale = bCol, uint8(j)
		case 3:
			m.Index, m.Scale = bCol3, 1
		}
		VMOVUPD(m, b[j])
	}
	for i := range r {
		m := Mem{Base: aAt}
		switch i {
		case 1, 2, 4:
			m.Index, m.Scale = aRow, uint8(i)
		case 3:
			m.Index, m.Scale = aRow3, 1
		}
		a := zmm[30+i%2]
		if shared {
			VBROADCASTSD(m, a)
		} else {
			VMOVUPD(m, a)
		}
		for j := range c {
			VFMADD231PD(b[j], a, acc(i, j))
		}
	}
	ADDQ(aCol, aAt)
	ADDQ(bRow, bAt)
	DECQ(inner)
	JNE(LabelRef(label + "step"))
	each(func(m Mem, acc VecPhysical) { VMOVUPD(acc, m) })
}
