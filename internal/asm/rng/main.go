// Command rng writes the AVX2 kernels of package rng.
//
// A row of a pack is 64 bytes, two YMM registers of four lanes. A block of random bits fills two rows: the first words of
// all lanes, then the second words. Bits become numbers in place, through the IEEE operations of the plain twin in the
// same order, so the numbers are the same to the last bit. Only VEX encodings are used, and every kernel ends with
// VZEROUPPER: the Go compiler emits legacy SSE, which is slow on dirty upper halves.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	rowBytes   = 64
	blockBytes = 2 * rowBytes
	halfBytes  = 32
)

var ymm = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

func main() {
	ConstraintExpr("amd64,!purego")
	words()
	normals()
	uniforms()
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

var table = map[uint64]Mem{}

// integer is the memory of four copies of w.
func integer(w uint64) Mem {
	m, ok := table[w]
	if !ok {
		m = GLOBL(fmt.Sprintf("x%016x", w), RODATA|NOPTR)
		for l := range 4 {
			DATA(8*l, U64(w))
		}
		table[w] = m
	}
	return m
}

// number is the memory of four copies of x.
func number(x float64) Mem { return integer(math.Float64bits(x)) }
