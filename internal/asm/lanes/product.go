package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The integer registers of a product; strides are in bytes.
var (
	aRow, aCol        = R8, R9
	bRow, bCol, bCol3 = R10, R11, R12 // bCol3 = 3·bCol
	dRow, dCol        = R13, R14
	aTile             = RSI // first entries that the tile reads and writes
	bTile             = RDI
	dTile             = R15
	aAt, bAt          = RAX, RBX // running over the inner index
	inner             = RCX      // steps left of it
	cols              = RDX      // columns left
)

const maxRows, maxCols = 3, 4 // of a tile

// product emits a whole matrix product, cut into tiles of up to 3 × 4 entries of dst. A tile keeps its entries in
// registers over the whole inner dimension, which each goes through in the order of the plain twin: ascending, one fused
// multiply-add per step. The strides are arguments, so a transpose costs nothing.
func product(name string, shared bool, doc string) {
	kernel(name, "func(dst *float64, dstRow, dstCol int, a *float64, aRow, aCol int, b *float64, bRow, bCol int, rows, inner, cols int, add int)",
		doc, "Strides count rows of a pack, or numbers of a shared matrix; rows, inner and cols are at least 1.")
	rows, dNext := AllocLocal(8), AllocLocal(8) // rows left, and where the next of them starts in dst

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
	Load(Param("a"), aTile)
	Load(Param("dst"), aAt)
	MOVQ(aAt, dNext)
	Load(Param("rows"), aAt)
	MOVQ(aAt, rows)

	// Rows go by threes, but four are two and two.
	Label("rows")
	MOVQ(rows, aAt)
	CMPQ(aAt, Imm(4))
	JEQ(LabelRef("rows2"))
	CMPQ(aAt, Imm(2))
	JGT(LabelRef("rows3"))
	JEQ(LabelRef("rows2"))
	CMPQ(aAt, Imm(1))
	JEQ(LabelRef("rows1"))
	end()

	for r := maxRows; r >= 1; r-- {
		Label(fmt.Sprintf("rows%d", r))
		SUBQ(Imm(uint64(r)), rows)
		MOVQ(dNext, dTile)
		Load(Param("b"), bTile)
		Load(Param("cols"), cols)

		// Columns go by fours, but five are three and two.
		again := fmt.Sprintf("columns%d", r)
		tileLabel := func(c int) string { return fmt.Sprintf("tile%dx%d", r, c) }
		Label(again)
		CMPQ(cols, Imm(5))
		JEQ(LabelRef(tileLabel(3)))
		CMPQ(cols, Imm(3))
		JGT(LabelRef(tileLabel(4)))
		JEQ(LabelRef(tileLabel(3)))
		CMPQ(cols, Imm(1))
		JGT(LabelRef(tileLabel(2)))
		JEQ(LabelRef(tileLabel(1)))
		for range r {
			ADDQ(aRow, aTile)
			ADDQ(dRow, dNext)
		}
		JMP(LabelRef("rows"))

		for c := maxCols; c >= 1; c-- {
			Label(tileLabel(c))
			if 2*r*c <= 12 {
				tile(r, c, shared, tileLabel(c)+"lanes", 0, 1)
			} else {
				tile(r, c, shared, tileLabel(c)+"low", 0)
				tile(r, c, shared, tileLabel(c)+"high", 1)
			}
			for range c {
				ADDQ(dCol, dTile)
				ADDQ(bCol, bTile)
			}
			SUBQ(Imm(uint64(c)), cols)
			JMP(LabelRef(again))
		}
	}
}

// tile emits r × c entries of the product in the given halves of the lanes: at most 12 accumulators Y0…Y11, with Y12…Y14
// for a column of a and Y15 for an entry of b.
func tile(r, c int, shared bool, label string, halves ...int) {
	y := []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}
	acc := func(h, i, j int) VecPhysical { return y[(h*c+j)*r+i] }
	a, b := y[12:15], y[15]
	// each visits the entries of the tile in dst.
	each := func(visit func(m Mem, acc VecPhysical)) {
		MOVQ(dTile, aAt)
		for j := range c {
			for i := range r {
				for at, h := range halves {
					m := Mem{Base: aAt, Disp: h * halfBytes}
					if i > 0 {
						m.Index, m.Scale = dRow, uint8(i)
					}
					visit(m, acc(at, i, j))
				}
			}
			if j+1 < c {
				ADDQ(dCol, aAt)
			}
		}
	}

	for _, x := range y[:len(halves)*r*c] {
		VXORPD(x, x, x)
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
	for at, h := range halves {
		for i := range r {
			m := Mem{Base: aAt, Disp: h * halfBytes}
			if i > 0 {
				m.Index, m.Scale = aRow, uint8(i)
			}
			switch {
			case !shared:
				VMOVUPD(m, a[i])
			case at == 0:
				m.Disp = 0
				VBROADCASTSD(m, a[i])
			}
		}
		for j := range c {
			m := Mem{Base: bAt, Disp: h * halfBytes}
			switch j {
			case 1, 2:
				m.Index, m.Scale = bCol, uint8(j)
			case 3:
				m.Index, m.Scale = bCol3, 1
			}
			VMOVUPD(m, b)
			for i := range r {
				VFMADD231PD(b, a[i], acc(at, i, j))
			}
		}
	}
	ADDQ(aCol, aAt)
	ADDQ(bRow, bAt)
	DECQ(inner)
	JNE(LabelRef(label + "step"))
	each(func(m Mem, acc VecPhysical) { VMOVUPD(acc, m) })
}
