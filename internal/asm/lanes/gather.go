package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gather emits row gathers, four lanes at a time: dense rows of x by blocks of 4 × 4 numbers that are transposed in
// registers, the rest number by number. Rows two apart meet as halves of a register when they are loaded: moving halves
// between registers takes longer. The gather instruction is slower than either on most processors.
// With less, dst keeps what it held less the row.
func gather(name string, less bool) {
	doc := name + " copies to each lane of row i of dst the row of x that index names for it."
	if less {
		doc = name + " subtracts from each lane of row i of dst the row of x that index names for it."
	}
	kernel(name, "func(dst *float64, dstRow, dstCol int, x *float64, xRow, xCol int, index *int32, rows, cols int)", doc,
		"Strides count rows of a pack, or numbers of x; rows and cols are at least 1.")
	var (
		lane       = []GPPhysical{R8, R9, R10, R11} // the rows of x of four lanes
		dCol, xCol = R12, R13
		dRow, rows = R14, R15
		dst, dAt   = RDI, RBX
		index      = RSI
		xAt, cols  = RAX, RCX
		x          = RDX
		y          = []VecPhysical{Y0, Y1, Y2, Y3}
		from       = func(l int) Mem { return Mem{Base: lane[l], Index: xAt, Scale: 1} }
	)
	Load(Param("dst"), dst)
	Load(Param("dstRow"), dRow)
	SHLQ(Imm(6), dRow)
	Load(Param("dstCol"), dCol)
	SHLQ(Imm(6), dCol)
	Load(Param("x"), x)
	Load(Param("xCol"), xCol)
	SHLQ(Imm(3), xCol)
	Load(Param("index"), index)
	Load(Param("rows"), rows)
	Label("row")
	for h := range 2 {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, h) }
		Load(Param("xRow"), cols)
		SHLQ(Imm(3), cols)
		for l := range lane {
			MOVLQSX(Mem{Base: index, Disp: 4 * (4*h + l)}, lane[l])
			IMULQ(cols, lane[l])
			ADDQ(x, lane[l])
		}
		LEAQ(Mem{Base: dst, Disp: h * halfBytes}, dAt)
		XORQ(xAt, xAt)
		Load(Param("cols"), cols)
		CMPQ(xCol, Imm(8))
		JNE(LabelRef(label("single")))

		Label(label("block"))
		CMPQ(cols, Imm(4))
		JLT(LabelRef(label("rest")))
		for pair := range 2 { // of columns
			for l := range 2 {
				VMOVUPD(from(l).Offset(16*pair), y[l].AsX())
				VINSERTF128(Imm(1), from(l+2).Offset(16*pair), y[l], y[l])
			}
			VUNPCKLPD(y[1], y[0], y[2])
			VUNPCKHPD(y[1], y[0], y[3])
			for _, column := range y[2:] {
				if less {
					VMOVUPD(Mem{Base: dAt}, Y0)
					VSUBPD(column, Y0, column)
				}
				VMOVUPD(column, Mem{Base: dAt})
				ADDQ(dCol, dAt)
			}
		}
		ADDQ(Imm(32), xAt)
		SUBQ(Imm(4), cols)
		JMP(LabelRef(label("block")))

		Label(label("rest"))
		TESTQ(cols, cols)
		JEQ(LabelRef(label("done")))
		Label(label("single"))
		VMOVSD(from(0), X0)
		VMOVHPD(from(1), X0, X0)
		VMOVSD(from(2), X1)
		VMOVHPD(from(3), X1, X1)
		VINSERTF128(Imm(1), X1, Y0, Y0)
		if less {
			VMOVUPD(Mem{Base: dAt}, Y1)
			VSUBPD(Y0, Y1, Y0)
		}
		VMOVUPD(Y0, Mem{Base: dAt})
		ADDQ(dCol, dAt)
		ADDQ(xCol, xAt)
		DECQ(cols)
		JNE(LabelRef(label("single")))
		Label(label("done"))
	}
	ADDQ(dRow, dst)
	ADDQ(Imm(32), index)
	DECQ(rows)
	JNE(LabelRef("row"))
	end()
}
