package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

var (
	rowPointers = map[string]Register{"dst": RDI, "a": RSI, "b": RDX, "x": R8, "u": R9, "v": R10}
	left        = RCX // bytes left of the packs
	at          = RAX // bytes done
)

// overRows emits a loop over n rows of the packs dst, a and b, or those of them that the signature names. body gets a
// half of the lanes and the memory of that half in each pack.
func overRows(packs []string, body func(half int, m map[string]Mem)) {
	for _, p := range packs {
		Load(Param(p), rowPointers[p])
	}
	Load(Param("n"), left)
	SHLQ(Imm(6), left)
	XORQ(at, at)
	Label("row")
	for h := range 2 {
		m := map[string]Mem{}
		for _, p := range packs {
			m[p] = Mem{Base: rowPointers[p], Index: at, Scale: 1, Disp: h * halfBytes}
		}
		body(h, m)
	}
	ADDQ(Imm(rowBytes), at)
	CMPQ(at, left)
	JLT(LabelRef("row"))
}

// entrywise emits dst = op(a, b).
func entrywise(name, doc string, op func(...Op)) {
	kernel(name, "func(dst, a, b *float64, n int)", doc)
	overRows([]string{"dst", "a", "b"}, func(_ int, m map[string]Mem) {
		VMOVUPD(m["a"], Y0)
		op(m["b"], Y0, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()
}

// vector loads the halves of a vector of one number per lane.
func vector(name string, low, high VecPhysical) {
	Load(Param(name), at)
	VMOVUPD(Mem{Base: at}, low)
	VMOVUPD(Mem{Base: at, Disp: halfBytes}, high)
}

// result stores a vector of one number per lane.
func result(low, high VecPhysical) {
	Load(Param("out"), at)
	VMOVUPD(low, Mem{Base: at})
	VMOVUPD(high, Mem{Base: at, Disp: halfBytes})
}

// parameter is the memory of a parameter.
func parameter(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// mask spreads the bits of the parameter m to whole lanes, all ones or all zeros.
func mask(bits Mem, low, high VecPhysical) {
	VPBROADCASTQ(parameter("m"), low)
	VPAND(bits.Offset(halfBytes), low, high)
	VPAND(bits, low, low)
	VPCMPEQQ(bits.Offset(halfBytes), high, high)
	VPCMPEQQ(bits, low, low)
}

func rows() {
	laneBits := GLOBL("laneBits", RODATA|NOPTR)
	for l := range 8 {
		DATA(8*l, U64(1<<l))
	}
	signs := GLOBL("signs", RODATA|NOPTR)
	for h := range 4 {
		DATA(8*h, U64(1<<63))
	}
	magnitudes := GLOBL("magnitudes", RODATA|NOPTR)
	for h := range 4 {
		DATA(8*h, U64(1<<63-1))
	}

	entrywise("addAVX2", "addAVX2 is dst = a + b over n rows.", VADDPD)
	entrywise("subAVX2", "subAVX2 is dst = a − b over n rows.", VSUBPD)
	entrywise("mulAVX2", "mulAVX2 is dst = a ⊙ b over n rows.", VMULPD)

	kernel("addMulAVX2", "func(dst, a, b *float64, n int)", "addMulAVX2 is dst += a ⊙ b over n rows.")
	overRows([]string{"dst", "a", "b"}, func(_ int, m map[string]Mem) {
		VMOVUPD(m["dst"], Y0)
		VMOVUPD(m["a"], Y1)
		VFMADD231PD(m["b"], Y1, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	kernel("scaleAVX2", "func(dst *float64, s float64, n int)", "scaleAVX2 is dst *= s over n rows.")
	VBROADCASTSD(parameter("s"), Y2)
	overRows([]string{"dst"}, func(_ int, m map[string]Mem) {
		VMULPD(m["dst"], Y2, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	kernel("scaleLanesAVX2", "func(dst, s *float64, n int)", "scaleLanesAVX2 is dst *= s over n rows, one factor per lane.")
	vector("s", Y2, Y3)
	overRows([]string{"dst"}, func(h int, m map[string]Mem) {
		VMOVUPD(m["dst"], Y0)
		VMULPD([]VecPhysical{Y2, Y3}[h], Y0, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	kernel("squaresAVX2", "func(dst, a, b *float64, n int)", "squaresAVX2 is dst = a² − b² over n rows, b² rounded.")
	overRows([]string{"dst", "a", "b"}, func(_ int, m map[string]Mem) {
		VMOVUPD(m["a"], Y0)
		VMOVUPD(m["b"], Y1)
		VMULPD(Y1, Y1, Y1)
		VFMSUB213PD(Y1, Y0, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	kernel("addScaledAVX2", "func(dst, s, a *float64, n int, m uint64)", "addScaledAVX2 is dst += s·a over n rows on the lanes of m, one factor per lane.")
	mask(laneBits, Y4, Y5)
	vector("s", Y2, Y3)
	overRows([]string{"dst", "a"}, func(h int, m map[string]Mem) {
		VMOVUPD(m["dst"], Y0)
		VMOVAPD(Y0, Y1)
		VFMADD231PD(m["a"], []VecPhysical{Y2, Y3}[h], Y1)
		VBLENDVPD([]VecPhysical{Y4, Y5}[h], Y1, Y0, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	kernel("descendAddAVX2", "func(dst, s, a, t, b *float64, n int, m uint64)",
		"descendAddAVX2 is dst = −s·a + (t·b + dst) over n rows on the lanes of m, one factor per lane; the others keep their bits.")
	mask(laneBits, Y4, Y5)
	vector("s", Y2, Y3)
	vector("t", Y6, Y7)
	overRows([]string{"dst", "a", "b"}, func(h int, m map[string]Mem) {
		VMOVUPD(m["dst"], Y0)
		VMOVAPD(Y0, Y1)
		VFMADD231PD(m["b"], []VecPhysical{Y6, Y7}[h], Y1)
		VFNMADD231PD(m["a"], []VecPhysical{Y2, Y3}[h], Y1)
		VBLENDVPD([]VecPhysical{Y4, Y5}[h], Y1, Y0, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	kernel("descendAVX2", "func(dst, s, a *float64, n int, m uint64)",
		"descendAVX2 is dst −= s·a over n rows on the lanes of m, one factor per lane; the others keep their bits.")
	mask(laneBits, Y4, Y5)
	vector("s", Y2, Y3)
	VXORPD(signs, Y2, Y2)
	VXORPD(signs, Y3, Y3)
	overRows([]string{"dst", "a"}, func(h int, m map[string]Mem) {
		VMOVUPD(m["dst"], Y0)
		VMOVAPD(Y0, Y1)
		VFMADD231PD(m["a"], []VecPhysical{Y2, Y3}[h], Y1)
		VBLENDVPD([]VecPhysical{Y4, Y5}[h], Y1, Y0, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	kernel("copyLanesAVX2", "func(dst, a *float64, n int, m uint64)", "copyLanesAVX2 copies n rows of a to dst on the lanes of m.")
	mask(laneBits, Y4, Y5)
	overRows([]string{"dst", "a"}, func(h int, m map[string]Mem) {
		VMOVUPD(m["dst"], Y0)
		VBLENDVPD([]VecPhysical{Y4, Y5}[h], m["a"], Y0, Y0)
		VMOVUPD(Y0, m["dst"])
	})
	end()

	sums := func() []VecPhysical {
		VXORPD(Y2, Y2, Y2)
		VXORPD(Y3, Y3, Y3)
		return []VecPhysical{Y2, Y3}
	}

	kernel("dotAVX2", "func(out, a, b *float64, n int)", "dotAVX2 is the sum of a ⊙ b over n rows, in four parts.")
	quartered([]string{"a", "b"}, []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7}, halfBytes, func(m map[string]Mem, s VecPhysical) {
		VMOVUPD(m["a"], Y8)
		VFMADD231PD(m["b"], Y8, s)
	})
	result(Y0, Y1)
	end()

	kernel("squaresDotAVX2", "func(out, x, u, v *float64, n int)", "squaresDotAVX2 is the sum of x ⊙ (u² − v²) over n rows, in four parts.")
	quartered([]string{"x", "u", "v"}, []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7}, halfBytes, func(m map[string]Mem, s VecPhysical) {
		VMOVUPD(m["u"], Y8)
		VMOVUPD(m["v"], Y9)
		VMULPD(Y9, Y9, Y9)
		VFMSUB213PD(Y9, Y8, Y8)
		VFMADD231PD(m["x"], Y8, s)
	})
	result(Y0, Y1)
	end()

	kernel("productDotAVX2", "func(out, x, u, v *float64, n int)", "productDotAVX2 is the sum of x ⊙ (u ⊙ v) over n rows, u ⊙ v rounded, in four parts.")
	quartered([]string{"x", "u", "v"}, []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7}, halfBytes, func(m map[string]Mem, s VecPhysical) {
		VMOVUPD(m["u"], Y8)
		VMULPD(m["v"], Y8, Y8)
		VFMADD231PD(m["x"], Y8, s)
	})
	result(Y0, Y1)
	end()

	kernel("descendSquaresAVX2", "func(u, v, s, t, x *float64, n int, m uint64, bound float64) uint64",
		"descendSquaresAVX2 is u −= s·2tx ⊙ u, v += s·2tx ⊙ v over n rows on the lanes of m, one factor per lane; the others keep their bits.",
		"It returns the lanes with a magnitude that is not at most bound.")
	mask(laneBits, Y4, Y5)
	vector("s", Y2, Y3)
	vector("t", Y6, Y7)
	VXORPD(Y10, Y10, Y10)
	VXORPD(Y11, Y11, Y11)
	VXORPD(Y12, Y12, Y12)
	VMOVUPD(magnitudes, Y13)
	VBROADCASTSD(parameter("bound"), Y14)
	check := func(h int) {
		VANDPD(Y9, Y13, Y15)
		VCMPPD(Imm(6), Y14, Y15, Y15)
		VORPD(Y15, []VecPhysical{Y11, Y12}[h], []VecPhysical{Y11, Y12}[h])
	}
	overRows([]string{"x", "u", "v"}, func(h int, m map[string]Mem) {
		s, t, live := []VecPhysical{Y2, Y3}[h], []VecPhysical{Y6, Y7}[h], []VecPhysical{Y4, Y5}[h]
		VMOVUPD(m["x"], Y0)
		VFMADD213PD(Y10, t, Y0)
		VADDPD(Y0, Y0, Y0)
		VMOVUPD(m["u"], Y8)
		VMULPD(Y0, Y8, Y1)
		VMOVAPD(Y8, Y9)
		VFNMADD231PD(Y1, s, Y9)
		check(h)
		VBLENDVPD(live, Y9, Y8, Y8)
		VMOVUPD(Y8, m["u"])
		VMOVUPD(m["v"], Y8)
		VMULPD(Y0, Y8, Y1)
		VMOVAPD(Y8, Y9)
		VFMADD231PD(Y1, s, Y9)
		check(h)
		VBLENDVPD(live, Y9, Y8, Y8)
		VMOVUPD(Y8, m["v"])
	})
	outside := func() {
		VMOVMSKPD(Y11, EAX)
		VMOVMSKPD(Y12, EBX)
		SHLQ(Imm(4), RBX)
		ORQ(RBX, RAX)
		Store(RAX, ReturnIndex(0))
		end()
	}
	outside()

	kernel("descendProductAVX2", "func(u, v, s, t, x *float64, n int, m uint64, bound float64) uint64",
		"descendProductAVX2 is u −= s·tx ⊙ v, v −= s·tx ⊙ u, u the one before, over n rows on the lanes of m, one factor per lane; the others keep their bits.",
		"It returns the lanes with a magnitude that is not at most bound.")
	mask(laneBits, Y4, Y5)
	vector("s", Y2, Y3)
	vector("t", Y6, Y7)
	VXORPD(Y10, Y10, Y10)
	VXORPD(Y11, Y11, Y11)
	VXORPD(Y12, Y12, Y12)
	VMOVUPD(magnitudes, Y13)
	VBROADCASTSD(parameter("bound"), Y14)
	overRows([]string{"x", "u", "v"}, func(h int, m map[string]Mem) {
		s, t, live := []VecPhysical{Y2, Y3}[h], []VecPhysical{Y6, Y7}[h], []VecPhysical{Y4, Y5}[h]
		VMOVUPD(m["x"], Y0)
		VFMADD213PD(Y10, t, Y0)
		VMOVUPD(m["u"], Y8)
		VMULPD(m["v"], Y0, Y1)
		VMULPD(Y0, Y8, Y0)
		VMOVAPD(Y8, Y9)
		VFNMADD231PD(Y1, s, Y9)
		check(h)
		VBLENDVPD(live, Y9, Y8, Y8)
		VMOVUPD(Y8, m["u"])
		VMOVUPD(m["v"], Y8)
		VMOVAPD(Y8, Y9)
		VFNMADD231PD(Y0, s, Y9)
		check(h)
		VBLENDVPD(live, Y9, Y8, Y8)
		VMOVUPD(Y8, m["v"])
	})
	outside()

	kernel("sumAVX2", "func(out, a *float64, n int)", "sumAVX2 is the sum of n rows, in four parts.")
	quartered([]string{"a"}, []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7}, halfBytes, func(m map[string]Mem, s VecPhysical) { VADDPD(m["a"], s, s) })
	result(Y0, Y1)
	end()

	// Magnitudes are ordered as the integers of their bits, NaN above infinity, so a NaN stays once it is met.
	kernel("maxAbsAVX2", "func(out, a *float64, n int)", "maxAbsAVX2 is the greatest magnitude of n rows, NaN above all.")
	s := sums()
	VMOVUPD(magnitudes, Y4)
	overRows([]string{"a"}, func(h int, m map[string]Mem) {
		VANDPD(m["a"], Y4, Y0)
		VPCMPGTQ(s[h], Y0, Y1)
		VBLENDVPD(Y1, Y0, s[h], s[h])
	})
	result(Y2, Y3)
	end()

	kernel("outsideAVX2", "func(a *float64, n int, bound float64) uint64",
		"outsideAVX2 is the set of lanes with a magnitude in n rows that is not at most bound: above it, or NaN.")
	VBROADCASTSD(parameter("bound"), Y5)
	s = sums()
	VMOVUPD(magnitudes, Y4)
	overRows([]string{"a"}, func(h int, m map[string]Mem) {
		VANDPD(m["a"], Y4, Y0)
		VCMPPD(Imm(6), Y5, Y0, Y0) // not less or equal, true where unordered
		VORPD(Y0, s[h], s[h])
	})
	VMOVMSKPD(Y2, EAX)
	VMOVMSKPD(Y3, EBX)
	SHLQ(Imm(4), RBX)
	ORQ(RBX, RAX)
	Store(RAX, ReturnIndex(0))
	end()
}
