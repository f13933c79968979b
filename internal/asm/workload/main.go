// Command workload writes the loops of package workload that measure the peak of fused multiply-adds.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"sgdlab/internal/asm/kit"
)

func main() {
	ConstraintExpr("amd64,!purego")
	for _, s := range []*kit.ISA{kit.AVX2, kit.AVX512} {
		chains := len(s.R) - 4
		kit.Kernel("peak"+s.Name, "func(n int)", fmt.Sprintf("peak%s makes n rounds of %d fused multiply-adds of whole registers, none of which waits for another.", s.Name, chains))
		for _, r := range s.R {
			VXORPS(r, r, r)
		}
		Load(Param("n"), RCX)
		Label("round")
		for _, r := range s.R[:chains] {
			VFMADD231PD(s.R[chains], s.R[chains+1], r)
		}
		DECQ(RCX)
		JNE(LabelRef("round"))
		kit.End()
	}
	Generate()
}
