package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const sign = 1 << 63

// floats emits dst = the integer in the upper 53 bits of w as a number, less the integer bias < 2⁵³: exact. With n its low
// 32 bits as the tail of 2⁵² and its high bits as the tail of 2⁸⁴, both tails read as numbers, and
// (hi − 2⁸⁴ − 2⁵² − bias) + lo rounds nowhere. dst may be w.
func floats(w, dst, t VecPhysical, bias float64) {
	VPSRLQ(Imm(43), w, t)
	VPOR(number(0x1p84), t, t)
	VSUBPD(number(0x1p84+(0x1p52+bias)), t, t)
	VPSRLQ(Imm(11), w, dst)
	VPBLENDD(Imm(0xaa), number(0x1p52), dst, dst)
	VADDPD(dst, t, dst)
}

// horner emits one step p = q·p + c.
func horner(p, q VecPhysical, c float64) { VFMADD213PD(number(c), q, p) }

// The coefficients of the plain twin, from the highest power down.
var (
	artanh = []float64{2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3}
	sine   = []float64{1.0 / 51090942171709440000, -1.0 / 121645100408832000, 1.0 / 355687428096000, -1.0 / 1307674368000,
		1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6}
	cosine = []float64{-1.0 / 1124000727777607680000, 1.0 / 2432902008176640000, -1.0 / 6402373705728000, 1.0 / 20922789888000,
		-1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5, 1}
)

// fullNormals emits the transform of Box and Muller in float64. Both halves of the lanes go side by side, and in each the logarithm, the
// sine and the cosine, so six chains of multiply-adds overlap.
func fullNormals() {
	kernel("fullNormalsAVX2", "func(dst *float64, blocks int)", "fullNormalsAVX2 turns blocks of bits into normals of float64, in place.")
	dst, left := RDI, RCX
	Load(Param("dst"), dst)
	Load(Param("blocks"), left)
	Label("block")
	type half struct {
		a, b            Mem
		q, s, p, e      VecPhysical // of the logarithm
		x2, x, sin, cos VecPhysical
	}
	var halves []half
	for h := range 2 {
		y := ymm[8*h:]
		a := Mem{Base: dst, Disp: h * halfBytes}
		halves = append(halves, half{a, a.Offset(rowBytes), y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7]})
	}

	for _, h := range halves { // u = 2ᵉm and s = (m − 1)/(m + 1)
		u, y := h.x, h.x2
		VMOVDQU(h.a, u)
		VPSRLQ(Imm(1), u, u) // 52 bits, so that no cell's middle rounds to 1
		floats(u, u, y, 0)
		VADDPD(number(0.5), u, u)
		VMULPD(number(0x1p-52), u, u)
		VPSUBQ(integer(0x3fe6a09e667f3bcd), u, y)
		VPAND(integer(0xfff<<52), y, y) // e·2⁵², as an integer
		VPSUBQ(y, u, u)
		VPXOR(integer(sign), y, y)
		VPSRLQ(Imm(52), y, y) // e + 2048
		VPOR(number(0x1p52), y, y)
		VSUBPD(number(0x1p52+2048), y, h.e)
		VSUBPD(number(1), u, h.s)
		VADDPD(number(1), u, u)
		VDIVPD(u, h.s, h.s)
		VMULPD(h.s, h.s, h.q)
		VMOVUPD(number(artanh[0]), h.p)
	}
	for _, h := range halves { // x = πt
		VMOVDQU(h.b, h.sin)
		VPXOR(integer(sign), h.sin, h.sin)
		floats(h.sin, h.x, h.cos, 0x1p52)
		VADDPD(number(0.5), h.x, h.x)
		VMULPD(number(0x1p-53), h.x, h.x)
		VMULPD(number(math.Pi), h.x, h.x)
		VMULPD(h.x, h.x, h.x2)
		VMOVUPD(number(sine[0]), h.sin)
		VMOVUPD(number(cosine[0]), h.cos)
	}
	for k := 1; k < len(cosine); k++ {
		for _, h := range halves {
			horner(h.cos, h.x2, cosine[k])
			if k < len(sine) {
				horner(h.sin, h.x2, sine[k])
			}
			if k < len(artanh) {
				horner(h.p, h.q, artanh[k])
			}
		}
	}
	for _, h := range halves { // r = √(−2 ln u)
		VMULPD(h.s, h.q, h.q)
		VADDPD(h.s, h.s, h.s)
		VFMADD213PD(h.s, h.q, h.p)
		VFMADD231PD(number(math.Ln2), h.e, h.p)
		VMULPD(number(-2), h.p, h.p)
		VSQRTPD(h.p, h.p)
	}
	for _, h := range halves {
		VMULPD(h.x, h.x2, h.x2)
		VFMADD213PD(h.x, h.x2, h.sin)
		VMOVDQU(h.b, h.x)
		VPSLLQ(Imm(63), h.x, h.x)
		VPOR(h.x, h.cos, h.cos)
		VMULPD(h.cos, h.p, h.cos)
		VMULPD(h.sin, h.p, h.sin)
		VMOVUPD(h.cos, h.a)
		VMOVUPD(h.sin, h.b)
	}
	ADDQ(U8(blockBytes), dst)
	DECQ(left)
	JNE(LabelRef("block"))
	end()
}

// uniforms emits the map from bits to the unit interval.
func uniforms() {
	kernel("uniformsAVX2", "func(dst *float64, n int)", "uniformsAVX2 turns n rows of bits into uniforms, in place.")
	dst, left := RDI, RCX
	Load(Param("dst"), dst)
	Load(Param("n"), left)
	Label("row")
	for h := range 2 {
		m := Mem{Base: dst, Disp: h * halfBytes}
		VMOVDQU(m, Y0)
		VPSRLQ(Imm(1), Y0, Y0)
		floats(Y0, Y0, Y1, 0)
		VADDPD(number(0.5), Y0, Y0)
		VMULPD(number(0x1p-52), Y0, Y0)
		VMOVUPD(Y0, m)
	}
	ADDQ(Imm(rowBytes), dst)
	DECQ(left)
	JNE(LabelRef("row"))
	end()
}
