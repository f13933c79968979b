package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"sgdlab/internal/asm/kit"
)

// dense emits a product of matrices of one replica: some rows of a, by rows, times a panel of b, three registers wide, into a panel of
// c. Entries are summed in the order of the inner index, one fused multiply-add each.
func dense(s *kit.ISA, tall int) {
	kernel("dense"+s.Name, "func(c, a *float64, aRow int, b *float64, rows, inner int)",
		fmt.Sprintf("dense%s is c += a·b for a panel of %d columns, which are side by side in b and in c; aRow counts numbers.", s.Name, 3*s.Bytes/8))
	const wide = 3
	c, a, b, rows, left, aAt, bAt, aRow, aRow3, aRow5, aRow7 := RDI, RSI, RDX, R8, RCX, RAX, RBX, R9, R10, R11, R12
	Load(Param("c"), c)
	Load(Param("a"), a)
	Load(Param("b"), b)
	Load(Param("rows"), rows)
	Load(Param("aRow"), aRow)
	SHLQ(Imm(3), aRow)
	LEAQ(Mem{Base: aRow, Index: aRow, Scale: 2}, aRow3)
	LEAQ(Mem{Base: aRow, Index: aRow, Scale: 4}, aRow5)
	LEAQ(Mem{Base: aRow3, Index: aRow, Scale: 4}, aRow7)
	rowOf := func(i int) Mem { // of a, at the inner index
		switch m := (Mem{Base: aAt}); i {
		case 0:
			return m
		case 1, 2, 4:
			m.Index, m.Scale = aRow, uint8(i)
			return m
		case 3:
			m.Index, m.Scale = aRow3, 1
			return m
		case 5:
			m.Index, m.Scale = aRow5, 1
			return m
		case 6:
			m.Index, m.Scale = aRow3, 2
			return m
		default:
			m.Index, m.Scale = aRow7, 1
			return m
		}
	}
	Label("rows")
	CMPQ(rows, Imm(uint64(tall)))
	JGE(LabelRef(fmt.Sprintf("tile%d", tall)))
	for r := tall - 1; r >= 1; r-- {
		CMPQ(rows, Imm(uint64(r)))
		JEQ(LabelRef(fmt.Sprintf("tile%d", r)))
	}
	end()
	for r := tall; r >= 1; r-- {
		acc := func(i, j int) VecPhysical { return s.R[wide*i+j] }
		at := func(i, j int) Mem { return Mem{Base: c, Disp: (wide*i + j) * s.Bytes} }
		label := fmt.Sprintf("tile%d", r)
		Label(label)
		for i := range r {
			for j := range wide {
				VMOVUPD(at(i, j), acc(i, j))
			}
		}
		MOVQ(a, aAt)
		MOVQ(b, bAt)
		Load(Param("inner"), left)
		Label(label + "step")
		row := s.R[wide*tall : wide*tall+wide]
		for j := range wide {
			VMOVUPD(Mem{Base: bAt, Disp: j * s.Bytes}, row[j])
		}
		x := s.R[wide*tall+wide]
		if !s.Wide() {
			x = s.R[15]
		}
		for i := range r {
			VBROADCASTSD(rowOf(i), x)
			for j := range wide {
				VFMADD231PD(row[j], x, acc(i, j))
			}
		}
		ADDQ(Imm(8), aAt)
		ADDQ(U32(wide*s.Bytes), bAt)
		DECQ(left)
		JNE(LabelRef(label + "step"))
		for i := range r {
			for j := range wide {
				VMOVUPD(acc(i, j), at(i, j))
			}
		}
		ADDQ(U32(r*wide*s.Bytes), c)
		if r < tall {
			end()
			continue
		}
		LEAQ(Mem{Base: a, Index: aRow, Scale: 8}, a)
		if tall == 4 {
			SUBQ(aRow, a)
			SUBQ(aRow3, a)
		}
		SUBQ(Imm(uint64(r)), rows)
		JMP(LabelRef("rows"))
	}
}
