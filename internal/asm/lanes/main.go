// Command lanes writes the AVX2 and AVX-512 kernels of package lanes.
//
// A row of a pack is 64 bytes: one ZMM register, or two YMM registers, of which half 0 holds lanes 0–3 and half 1 lanes 4–7.
// Every lane goes through the operations of the plain twin in the same order, so its bits are the same. Only VEX and EVEX
// encodings are used, and every kernel ends with VZEROUPPER: the Go compiler emits legacy SSE, which is slow on dirty upper
// halves.
package main

import (
	. "github.com/mmcloughlin/avo/build"

	"sgdlab/internal/asm/kit"
)

const (
	rowBytes  = 64
	halfBytes = 32
)

func main() {
	ConstraintExpr("amd64,!purego")
	product("matMulAVX2", false, "matMulAVX2 is dst = a·b, or dst += a·b where add is not 0, on matrices of each lane.")
	product("sharedMulAVX2", true, "sharedMulAVX2 is matMulAVX2 with a shared by all lanes.")
	rows()
	gather("gatherAVX2", false)
	gather("gatherLessAVX2", true)
	product512("matMulAVX512", false, "matMulAVX512 is dst = a·b, or dst += a·b where add is not 0, on matrices of each lane.")
	product512("sharedMulAVX512", true, "sharedMulAVX512 is matMulAVX512 with a shared by all lanes.")
	rows512()
	gather512("gatherAVX512", false)
	gather512("gatherLessAVX512", true)
	dense(kit.AVX2, 4)
	dense(kit.AVX512, 8)
	Generate()
}

func kernel(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc...)
}

func end() {
	VZEROUPPER()
	RET()
}
