// Command elementary writes the AVX2 and AVX-512 kernels of package elementary: functions of many numbers at once, by the operations of
// the scalar ones in the same order, so that the bits are the same.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"sgdlab/internal/asm/kit"
)

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

func main() {
	ConstraintExpr("amd64,!purego")
	for _, s := range []*kit.ISA{kit.AVX2, kit.AVX512} {
		overBlocks(s, "exp", "eˣ for −708 < x < 709", exp)
		overBlocks(s, "log", "log x for normal x > 0", log)
		overBlocks(s, "tanh", "tanh x for all x", tanh)
		overBlocks(s, "erf", "erf x for |x| ≥ 2⁻¹⁰⁰⁰, 0 and NaN", erf)
	}
	Generate()
}

// overBlocks emits a loop over blocks of numbers, as many as a register holds. It stops before a block of which a number is out of the
// range that f checks, and returns the number of blocks done.
func overBlocks(s *kit.ISA, name, doc string, f func(s *kit.ISA, x VecPhysical, out string) VecPhysical) {
	name += s.Name
	kit.Kernel(name, "func(dst, x *float64, blocks int) int", name+" is dst = "+doc+", over blocks; it stops before one with a number out of this range, and returns",
		"how many it did.")
	done, left, dst, from := RAX, RCX, RDI, RSI
	Load(Param("dst"), dst)
	Load(Param("x"), from)
	Load(Param("blocks"), left)
	XORQ(done, done)
	Label("block")
	CMPQ(done, left)
	JGE(LabelRef("end"))
	x := s.R[0]
	VMOVUPD(Mem{Base: from}, x)
	y := f(s, x, "end")
	VMOVUPD(y, Mem{Base: dst})
	ADDQ(Imm(uint64(s.Bytes)), from)
	ADDQ(Imm(uint64(s.Bytes)), dst)
	INCQ(done)
	JMP(LabelRef("block"))
	Label("end")
	Store(done, ReturnIndex(0))
	kit.End()
}

// inside leaves to a label unless low < x < high in every lane.
func inside(s *kit.ISA, x VecPhysical, low, high float64, t, u VecPhysical, out string) {
	const greater, less = 14, 1
	if s.Wide() {
		VCMPPD(Imm(greater), kit.Number(low), x, K1)
		VCMPPD(Imm(less), kit.Number(high), x, K1, K1)
		KMOVB(K1, EBX)
		CMPL(EBX, U32(0xff))
	} else {
		VCMPPD(Imm(greater), kit.Number(low), x, t)
		VCMPPD(Imm(less), kit.Number(high), x, u)
		VANDPD(t, u, t)
		VMOVMSKPD(t, EBX)
		CMPL(EBX, U32(0xf))
	}
	JNE(LabelRef(out))
}

func horner(p, x VecPhysical, c ...float64) {
	VMOVUPD(kit.Number(c[0]), p)
	for _, k := range c[1:] {
		VFMADD213PD(kit.Number(k), x, p)
	}
}

func exp(s *kit.ISA, x VecPhysical, out string) VecPhysical {
	inside(s, x, -708, 709, s.R[5], s.R[6], out)
	return expOf(s, x, s.R[1:9])
}

// expOf is eˣ where that is a normal number, by eight registers, of which the last gets it.
func expOf(s *kit.ISA, x VecPhysical, r8 []VecPhysical) VecPhysical {
	k, hi, lo, r, t, p, c, y := r8[0], r8[1], r8[2], r8[3], r8[4], r8[5], r8[6], r8[7]
	VMOVUPD(kit.Number(math.Log2E), k)
	VFMADD213PD(kit.Number(0.5), x, k)
	if s.Wide() {
		VRNDSCALEPD(Imm(9), k, k) // floor
	} else {
		VROUNDPD(Imm(9), k, k)
	}
	VMOVAPD(x, hi)
	VFNMADD231PD(kit.Number(ln2Hi), k, hi)
	VMULPD(kit.Number(ln2Lo), k, lo)
	VSUBPD(lo, hi, r)
	VMULPD(r, r, t)
	horner(p, t, 4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05, -2.77777777770155933842e-03, 1.66666666666666019037e-01)
	VMOVAPD(r, c)
	VFNMADD231PD(p, t, c)
	VMULPD(c, r, r)
	VMOVUPD(kit.Number(2), t)
	VSUBPD(c, t, t)
	VDIVPD(t, r, r)
	VSUBPD(r, lo, lo)
	VSUBPD(hi, lo, lo)
	VMOVUPD(kit.Number(1), y)
	VSUBPD(lo, y, y)
	// 2ᵏ: k + 1.5·2⁵² has k in its low bits.
	VADDPD(kit.Number(0x1.8p52), k, k)
	VPSLLQ(Imm(52), k, k)
	VPADDQ(k, y, y)
	return y
}

func log(s *kit.ISA, x VecPhysical, out string) VecPhysical {
	e, f, k, q, s4, odd, even, half, t := s.R[1], s.R[2], s.R[3], s.R[4], s.R[5], s.R[6], s.R[7], s.R[8], s.R[9]
	inside(s, x, 0x1p-1022*(1-0x1p-53), math.Inf(1), t, e, out)
	// x = 2ᵉm, √½ ≤ m < √2; e + 2048 as the tail of 2⁵².
	VPSUBQ(kit.Integer(0x3fe6a09e667f3bcd), x, e)
	if s.Wide() {
		VPANDQ(kit.Integer(0xfff<<52), e, e)
	} else {
		VPAND(kit.Integer(0xfff<<52), e, e)
	}
	VPSUBQ(e, x, f)
	VPADDQ(kit.Integer(1<<63), e, k)
	VPSRLQ(Imm(52), k, k)
	if s.Wide() {
		VPORQ(kit.Number(0x1p52), k, k)
	} else {
		VPOR(kit.Number(0x1p52), k, k)
	}
	VSUBPD(kit.Number(0x1p52+2048), k, k)
	VSUBPD(kit.Number(1), f, f)
	VADDPD(kit.Number(2), f, t)
	VDIVPD(t, f, t) // s
	VMULPD(t, t, q) // s²
	VMULPD(q, q, s4)
	horner(odd, s4, 1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01)
	horner(even, s4, 1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01)
	VMULPD(even, s4, even)
	VFMADD213PD(even, q, odd) // r
	VMULPD(kit.Number(0.5), f, half)
	VMULPD(f, half, half)
	VADDPD(half, odd, odd)
	VMULPD(kit.Number(ln2Lo), k, even)
	VFMADD213PD(even, t, odd)
	VSUBPD(odd, half, half)
	VSUBPD(f, half, half)
	VMOVAPD(half, e)
	VFMSUB231PD(kit.Number(ln2Hi), k, e) // k ln 2 − that
	return e
}

// choose is to = yes where cond holds of (a, b), by the number of VCMPPD, and stays elsewhere. t is lost.
func choose(s *kit.ISA, cond uint64, a VecPhysical, b Op, yes, to, t VecPhysical) {
	if s.Wide() {
		VCMPPD(Imm(cond), b, a, K1)
		VMOVAPD(yes, K1, to)
		return
	}
	VCMPPD(Imm(cond), b, a, t)
	VBLENDVPD(t, yes, to, to)
}

const (
	equal       = 0
	less        = 17
	notLess     = 21
	unordered   = 3
	greater     = 30
	lessOrEqual = 18
)

func and(s *kit.ISA, a Op, b, to VecPhysical) {
	if s.Wide() {
		VPANDQ(a, b, to)
	} else {
		VPAND(a, b, to)
	}
}

func or(s *kit.ISA, a Op, b, to VecPhysical) {
	if s.Wide() {
		VPORQ(a, b, to)
	} else {
		VPOR(a, b, to)
	}
}

func xor(s *kit.ISA, a Op, b, to VecPhysical) {
	if s.Wide() {
		VPXORQ(a, b, to)
	} else {
		VPXOR(a, b, to)
	}
}

const signBit = 1 << 63

// tanh goes through expm1 of −2|x| or 2|x|, on both sides of 1.
func tanh(s *kit.ISA, x VecPhysical, _ string) VecPhysical {
	R := s.R
	a, y, k, r, c, half, h, e, t, u, two, v := R[1], R[2], R[3], R[4], R[5], R[6], R[7], R[8], R[9], R[10], R[11], R[12]
	mask, w := R[13], R[14]
	and(s, kit.Integer(signBit-1), x, a)
	// a block of tiny numbers, as of a network that has collapsed, is itself
	VMOVAPD(x, v)
	if s.Wide() {
		VCMPPD(Imm(1), kit.Number(0x1p-28), a, K1)
		KMOVB(K1, EBX)
		CMPL(EBX, U32(0xff))
	} else {
		VCMPPD(Imm(1), kit.Number(0x1p-28), a, t)
		VMOVMSKPD(t, EBX)
		CMPL(EBX, U32(0xf))
	}
	JE(LabelRef("tiny"))
	VADDPD(a, a, y)
	xor(s, kit.Integer(signBit), y, t)
	choose(s, less, a, kit.Number(1), t, y, mask)
	// beyond, keep the argument small: the result is replaced
	VMOVUPD(kit.Number(22), t)
	choose(s, notLess, a, kit.Number(22), t, y, mask)
	// y = k log 2 + r + c
	VMOVUPD(kit.Number(math.Log2E), k)
	VFMADD213PD(kit.Number(0.5), y, k)
	if s.Wide() {
		VRNDSCALEPD(Imm(9), k, k)
	} else {
		VROUNDPD(Imm(9), k, k)
	}
	and(s, kit.Integer(signBit-1), y, t)
	xor(s, u, u, u)
	choose(s, lessOrEqual, t, kit.Number(0.5*math.Ln2), u, k, mask)
	VMOVAPD(y, t) // hi
	VFNMADD231PD(kit.Number(ln2Hi), k, t)
	VMULPD(kit.Number(ln2Lo), k, u) // lo
	VSUBPD(u, t, r)
	VSUBPD(r, t, c)
	VSUBPD(u, c, c)
	VMULPD(kit.Number(0.5), r, half)
	VMULPD(half, r, h)
	horner(t, h, -2.01099218183624371326e-07, 4.00821782732936239552e-06, -7.93650757867487942473e-05, 1.58730158725481460165e-03, -3.33333333333331316428e-02)
	VFMADD213PD(kit.Number(1), h, t) // r1
	VMOVUPD(kit.Number(3), u)
	VFNMADD231PD(half, t, u) // t of expm1
	VSUBPD(u, t, t)          // r1 − t
	VMOVUPD(kit.Number(6), e)
	VFNMADD231PD(u, r, e)
	VDIVPD(e, t, e)
	VMULPD(e, h, e)
	// k = 0
	VMOVAPD(e, v)
	VFMSUB213PD(h, r, v)
	VSUBPD(v, r, v)
	// other k: e = fma(r, e − c, −c) − h
	VSUBPD(c, e, e)
	VFMSUB213PD(c, r, e)
	VSUBPD(h, e, e)
	VSUBPD(r, e, t) // e − r
	// 2ᵏ and 2⁻ᵏ
	VADDPD(kit.Number(0x1.8p52), k, two)
	VPSLLQ(Imm(52), two, two)
	VMOVUPD(kit.Number(1), u)
	VPSUBQ(two, u, h) // 2⁻ᵏ
	VPADDQ(two, u, two)
	// k = −1
	VSUBPD(e, r, c)
	VMOVUPD(kit.Number(0.5), half)
	VFMADD213PD(kit.Number(-0.5), half, c)
	choose(s, equal, k, kit.Number(-1), c, v, mask)
	// k ≤ −2 or k > 56
	VSUBPD(t, u, c)
	VMULPD(two, c, c)
	VSUBPD(u, c, c)
	choose(s, lessOrEqual, k, kit.Number(-2), c, v, mask)
	choose(s, greater, k, kit.Number(56), c, v, mask)
	// 1 < k < 20
	VSUBPD(h, u, c)
	VSUBPD(t, c, c)
	VMULPD(two, c, c)
	VMOVAPD(v, w)
	choose(s, less, k, kit.Number(20), c, w, mask)
	choose(s, greater, k, kit.Number(0), w, v, mask)
	// 20 ≤ k ≤ 56
	VADDPD(h, e, c)
	VSUBPD(c, r, c)
	VADDPD(u, c, c)
	VMULPD(two, c, c)
	VMOVAPD(v, w)
	choose(s, lessOrEqual, k, kit.Number(56), c, w, mask)
	choose(s, notLess, k, kit.Number(20), w, v, mask)
	// t/(t + 2), or 1 − 2/(t + 2)
	VADDPD(kit.Number(2), v, t)
	VMOVUPD(kit.Number(2), c)
	choose(s, less, a, kit.Number(1), v, c, mask)
	VDIVPD(t, c, c)
	VSUBPD(c, u, v)
	choose(s, less, a, kit.Number(1), c, v, mask)
	choose(s, notLess, a, kit.Number(22), u, v, mask)
	and(s, kit.Integer(signBit-1), v, v)
	and(s, kit.Integer(signBit), x, t)
	or(s, t, v, v)
	choose(s, less, a, kit.Number(0x1p-28), x, v, mask)
	choose(s, unordered, a, a, x, v, mask)
	Label("tiny")
	return v
}

var (
	erfP = []float64{1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03, -2.37630166566501626084e-05}
	erfQ = []float64{1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03, 1.32494738004321644526e-04, -3.96022827877536812320e-06}
	erfA = []float64{-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03}
	erfB = []float64{1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02, 1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02}
	erfR = []float64{-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01, -1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00}
	erfS = []float64{1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02, 6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00, -6.04244152148580987438e-02}
	erfU = []float64{-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02, -6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02}
	erfV = []float64{1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03, 3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01}
)

// poly is p = Σ cᵢxⁱ.
func poly(p, x VecPhysical, c []float64) {
	down := append([]float64{}, c...)
	for i, j := 0, len(down)-1; i < j; i, j = i+1, j-1 {
		down[i], down[j] = down[j], down[i]
	}
	horner(p, x, down...)
}

// erf takes all of its ranges, and chooses.
func erf(s *kit.ISA, x VecPhysical, out string) VecPhysical {
	R := s.R
	a, v, z, p, q, t, mask := R[1], R[2], R[3], R[4], R[5], R[6], R[15]
	and(s, kit.Integer(signBit-1), x, a)
	if s.Wide() { // those below 2⁻¹⁰⁰⁰, but 0, are left to the scalar function
		VCMPPD(Imm(less), kit.Number(0x1p-1000), a, K1)
		VCMPPD(Imm(4), kit.Number(0), a, K1, K1) // not 0
		KTESTB(K1, K1)
	} else {
		VCMPPD(Imm(less), kit.Number(0x1p-1000), a, t)
		VCMPPD(Imm(4), kit.Number(0), a, p)
		VANDPD(t, p, t)
		VPTEST(t, t)
	}
	JNE(LabelRef(out))
	// |x| < 0.84375
	VMULPD(a, a, z)
	poly(p, z, erfP)
	poly(q, z, erfQ)
	VDIVPD(q, p, p)
	VMOVAPD(x, v)
	VFMADD213PD(x, p, v)
	// below 1.25
	VSUBPD(kit.Number(1), a, z)
	poly(p, z, erfA)
	poly(q, z, erfB)
	VDIVPD(q, p, p)
	VADDPD(kit.Number(8.45062911510467529297e-01), p, p)
	signed := func() {
		and(s, kit.Integer(signBit-1), p, p)
		and(s, kit.Integer(signBit), x, t)
		or(s, t, p, p)
	}
	signed()
	choose(s, notLess, a, kit.Number(0.84375), p, v, mask)
	// below 6: 1 − erfc, at arguments kept where both exponentials are normal
	b, w := R[7], R[8]
	VMOVAPD(a, b)
	VMOVUPD(kit.Number(1.25), t)
	choose(s, less, a, kit.Number(1.25), t, b, mask)
	VMOVUPD(kit.Number(6), t)
	choose(s, notLess, a, kit.Number(6), t, b, mask)
	VMULPD(b, b, z)
	VMOVUPD(kit.Number(1), t)
	VDIVPD(z, t, z) // s = 1/x²
	poly(p, z, erfR)
	poly(q, z, erfS)
	VDIVPD(q, p, p)
	poly(w, z, erfU)
	poly(q, z, erfV)
	VDIVPD(q, w, w)
	choose(s, notLess, b, kit.Number(1/0.35), w, p, mask)
	and(s, kit.Integer(0xffffffff<<32), b, z)
	VSUBPD(b, z, q)
	VADDPD(b, z, t)
	VFMADD213PD(p, t, q) // (z − x)(z + x) + p
	xor(s, kit.Integer(signBit), z, t)
	VMULPD(z, t, t)
	VSUBPD(kit.Number(0.5625), t, t)
	// two exponentials
	free := []VecPhysical{R[3], R[4], R[8], R[9], R[10], R[11], R[12], R[13]}
	first := expOf(s, t, free)
	VMOVAPD(first, t)
	second := expOf(s, q, free)
	VMULPD(second, t, t)
	VDIVPD(b, t, t)
	VMOVUPD(kit.Number(1), p)
	VSUBPD(t, p, p)
	signed()
	choose(s, notLess, a, kit.Number(1.25), p, v, mask)
	VMOVUPD(kit.Number(1), p)
	signed()
	choose(s, notLess, a, kit.Number(6), p, v, mask)
	choose(s, unordered, a, a, x, v, mask)
	return v
}
