package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// overRows512 emits a loop over n rows of packs; body gets the memory of a row in each.
func overRows512(packs []string, body func(m map[string]Mem)) {
	pointers(packs)
	pairs("row", packs, body)
}

// pointers loads the packs and the number of bytes in each, less one row.
func pointers(packs []string) {
	for _, p := range packs {
		Load(Param(p), rowPointers[p])
	}
	Load(Param("n"), left)
	DECQ(left)
	SHLQ(Imm(6), left)
}

// pairs emits a loop over rows, two at a time.
func pairs(name string, packs []string, body func(m map[string]Mem)) {
	row := func(i int) {
		m := map[string]Mem{}
		for _, p := range packs {
			m[p] = Mem{Base: rowPointers[p], Index: at, Scale: 1, Disp: i * rowBytes}
		}
		body(m)
	}
	XORQ(at, at)
	JMP(LabelRef(name + "First"))
	Label(name)
	row(0)
	row(1)
	ADDQ(U32(2*rowBytes), at)
	Label(name + "First")
	CMPQ(at, left)
	JLT(LabelRef(name))
	JNE(LabelRef(name + "Done"))
	row(0)
	Label(name + "Done")
}

// onLanes emits two loops over n rows of packs, one for all lanes and one for those of the mask m, in K1: stores under a mask are
// slow to be read back. body computes the new rows of the packs that are changed, dst where none is named, in Z0 and Z1.
func onLanes(packs []string, body func(m map[string]Mem), changed ...string) {
	if changed == nil {
		changed = []string{"dst"}
	}
	KMOVQ(parameter("m"), K1)
	pointers(packs)
	KMOVQ(K1, at)
	CMPQ(at, U32(0xff))
	JNE(LabelRef("some"))
	finish := end
	if len(changed) > 1 { // which lanes are out of bounds
		finish = func() {
			KMOVB(K3, EAX)
			Store(RAX, ReturnIndex(0))
			end()
		}
	}
	pairs("all", packs, func(m map[string]Mem) {
		body(m)
		for i, p := range changed {
			VMOVUPD(zmm[i], m[p])
		}
	})
	finish()
	Label("some")
	pairs("row", packs, func(m map[string]Mem) {
		body(m)
		for i, p := range changed {
			VMOVUPD(zmm[i], K1, m[p])
		}
	})
	finish()
}

// quartered emits a sum over n rows in four parts, part i over the rows j ≡ i (mod 4), and s = (s₀ + s₁) + (s₂ + s₃) in the first
// accumulators: four of whole rows, or eight of halves that are so many bytes apart.
func quartered(packs []string, acc []VecPhysical, apart int, sum func(m map[string]Mem, s VecPhysical)) {
	for _, p := range packs {
		Load(Param(p), rowPointers[p])
	}
	Load(Param("n"), left)
	XORQ(at, at)
	for _, x := range acc {
		VXORPD(x, x, x)
	}
	parts := len(acc) / 4
	row := func(i int) {
		for h := range parts {
			m := map[string]Mem{}
			for _, p := range packs {
				m[p] = Mem{Base: rowPointers[p], Index: at, Scale: 1, Disp: i*rowBytes + h*apart}
			}
			sum(m, acc[i*parts+h])
		}
	}
	SUBQ(Imm(4), left)
	JLT(LabelRef("rest"))
	Label("four")
	for i := range 4 {
		row(i)
	}
	ADDQ(U32(4*rowBytes), at)
	SUBQ(Imm(4), left)
	JGE(LabelRef("four"))
	Label("rest")
	for i := range 3 {
		CMPQ(left, I8(int8(i-4)))
		JEQ(LabelRef("done"))
		row(i)
	}
	Label("done")
	for h := range parts {
		VADDPD(acc[parts+h], acc[h], acc[h])
		VADDPD(acc[3*parts+h], acc[2*parts+h], acc[2*parts+h])
		VADDPD(acc[2*parts+h], acc[h], acc[h])
	}
}

// splatted loads a vector of one number per lane, in four parts: Go copies it in such, and a whole load would wait for the stores.
func splatted(name string, z VecPhysical) {
	Load(Param(name), at)
	parts := []VecPhysical{X16, X17, X18, X19}
	for i, x := range parts {
		VMOVUPD(Mem{Base: at, Disp: 16 * i}, x)
	}
	VINSERTF64X2(Imm(1), X17, Y16, Y16)
	VINSERTF64X2(Imm(1), X19, Y18, Y18)
	VINSERTF64X4(Imm(1), Y18, Z16, z)
}

func rows512() {
	magnitude := GLOBL("magnitude", RODATA|NOPTR)
	DATA(0, U64(1<<63-1))
	entry := func(name, doc string, op func(...Op)) {
		kernel(name, "func(dst, a, b *float64, n int)", doc)
		overRows512([]string{"dst", "a", "b"}, func(m map[string]Mem) {
			VMOVUPD(m["a"], Z0)
			op(m["b"], Z0, Z0)
			VMOVUPD(Z0, m["dst"])
		})
		end()
	}
	entry("addAVX512", "addAVX512 is dst = a + b over n rows.", VADDPD)
	entry("subAVX512", "subAVX512 is dst = a − b over n rows.", VSUBPD)
	entry("mulAVX512", "mulAVX512 is dst = a ⊙ b over n rows.", VMULPD)

	kernel("addMulAVX512", "func(dst, a, b *float64, n int)", "addMulAVX512 is dst += a ⊙ b over n rows.")
	overRows512([]string{"dst", "a", "b"}, func(m map[string]Mem) {
		VMOVUPD(m["dst"], Z0)
		VMOVUPD(m["a"], Z1)
		VFMADD231PD(m["b"], Z1, Z0)
		VMOVUPD(Z0, m["dst"])
	})
	end()

	kernel("squaresAVX512", "func(dst, a, b *float64, n int)", "squaresAVX512 is dst = a² − b² over n rows, b² rounded.")
	overRows512([]string{"dst", "a", "b"}, func(m map[string]Mem) {
		VMOVUPD(m["a"], Z0)
		VMOVUPD(m["b"], Z1)
		VMULPD(Z1, Z1, Z1)
		VFMSUB213PD(Z1, Z0, Z0)
		VMOVUPD(Z0, m["dst"])
	})
	end()

	kernel("scaleLanesAVX512", "func(dst, s *float64, n int)", "scaleLanesAVX512 is dst *= s over n rows, one factor per lane.")
	splatted("s", Z2)
	overRows512([]string{"dst"}, func(m map[string]Mem) {
		VMULPD(m["dst"], Z2, Z0)
		VMOVUPD(Z0, m["dst"])
	})
	end()

	kernel("scaleAVX512", "func(dst *float64, s float64, n int)", "scaleAVX512 is dst *= s over n rows.")
	VBROADCASTSD(parameter("s"), Z2)
	overRows512([]string{"dst"}, func(m map[string]Mem) {
		VMULPD(m["dst"], Z2, Z0)
		VMOVUPD(Z0, m["dst"])
	})
	end()

	kernel("addScaledAVX512", "func(dst, s, a *float64, n int, m uint64)", "addScaledAVX512 is dst += s·a over n rows on the lanes of m, one factor per lane.")
	splatted("s", Z2)
	onLanes([]string{"dst", "a"}, func(m map[string]Mem) {
		VMOVUPD(m["dst"], Z0)
		VFMADD231PD(m["a"], Z2, Z0)
	})

	kernel("descendAVX512", "func(dst, s, a *float64, n int, m uint64)",
		"descendAVX512 is dst −= s·a over n rows on the lanes of m, one factor per lane; the others keep their bits.")
	splatted("s", Z2)
	onLanes([]string{"dst", "a"}, func(m map[string]Mem) {
		VMOVUPD(m["dst"], Z0)
		VFNMADD231PD(m["a"], Z2, Z0)
	})

	kernel("descendAddAVX512", "func(dst, s, a, t, b *float64, n int, m uint64)",
		"descendAddAVX512 is dst = −s·a + (t·b + dst) over n rows on the lanes of m, one factor per lane; the others keep their bits.")
	splatted("s", Z2)
	splatted("t", Z3)
	onLanes([]string{"dst", "a", "b"}, func(m map[string]Mem) {
		VMOVUPD(m["dst"], Z0)
		VFMADD231PD(m["b"], Z3, Z0)
		VFNMADD231PD(m["a"], Z2, Z0)
	})

	kernel("copyLanesAVX512", "func(dst, a *float64, n int, m uint64)", "copyLanesAVX512 copies n rows of a to dst on the lanes of m.")
	onLanes([]string{"dst", "a"}, func(m map[string]Mem) {
		VMOVUPD(m["a"], Z0)
	})

	out := func(z VecPhysical) {
		Load(Param("out"), at)
		VMOVUPD(z, Mem{Base: at})
		end()
	}
	kernel("dotAVX512", "func(out, a, b *float64, n int)", "dotAVX512 is the sum of a ⊙ b over n rows, in four parts.")
	quartered([]string{"a", "b"}, zmm[:4], 0, func(m map[string]Mem, s VecPhysical) {
		VMOVUPD(m["a"], Z4)
		VFMADD231PD(m["b"], Z4, s)
	})
	out(Z0)

	kernel("squaresDotAVX512", "func(out, x, u, v *float64, n int)", "squaresDotAVX512 is the sum of x ⊙ (u² − v²) over n rows, in four parts.")
	quartered([]string{"x", "u", "v"}, zmm[:4], 0, func(m map[string]Mem, s VecPhysical) {
		VMOVUPD(m["u"], Z4)
		VMOVUPD(m["v"], Z5)
		VMULPD(Z5, Z5, Z5)
		VFMSUB213PD(Z5, Z4, Z4)
		VFMADD231PD(m["x"], Z4, s)
	})
	out(Z0)

	kernel("productDotAVX512", "func(out, x, u, v *float64, n int)", "productDotAVX512 is the sum of x ⊙ (u ⊙ v) over n rows, u ⊙ v rounded, in four parts.")
	quartered([]string{"x", "u", "v"}, zmm[:4], 0, func(m map[string]Mem, s VecPhysical) {
		VMOVUPD(m["u"], Z4)
		VMULPD(m["v"], Z4, Z4)
		VFMADD231PD(m["x"], Z4, s)
	})
	out(Z0)

	kernel("descendSquaresAVX512", "func(u, v, s, t, x *float64, n int, m uint64, bound float64) uint64",
		"descendSquaresAVX512 is u −= s·2tx ⊙ u, v += s·2tx ⊙ v over n rows on the lanes of m, one factor per lane; the others keep their bits.",
		"It returns the lanes with a magnitude that is not at most bound.")
	VBROADCASTSD(parameter("bound"), Z7)
	VPBROADCASTQ(magnitude, Z8)
	KXORW(K3, K3, K3)
	splatted("s", Z2)
	splatted("t", Z3)
	VPXORQ(Z6, Z6, Z6)
	onLanes([]string{"x", "u", "v"}, func(m map[string]Mem) {
		VMOVUPD(m["x"], Z4)
		VFMADD213PD(Z6, Z3, Z4)
		VADDPD(Z4, Z4, Z4)
		VMOVUPD(m["u"], Z0)
		VMULPD(Z4, Z0, Z5)
		VFNMADD231PD(Z5, Z2, Z0)
		VPANDQ(Z0, Z8, Z5)
		VCMPPD(Imm(6), Z7, Z5, K2)
		KORW(K2, K3, K3)
		VMOVUPD(m["v"], Z1)
		VMULPD(Z4, Z1, Z5)
		VFMADD231PD(Z5, Z2, Z1)
		VPANDQ(Z1, Z8, Z5)
		VCMPPD(Imm(6), Z7, Z5, K2)
		KORW(K2, K3, K3)
	}, "u", "v")

	kernel("descendProductAVX512", "func(u, v, s, t, x *float64, n int, m uint64, bound float64) uint64",
		"descendProductAVX512 is u −= s·tx ⊙ v, v −= s·tx ⊙ u, u the one before, over n rows on the lanes of m, one factor per lane; the others keep their bits.",
		"It returns the lanes with a magnitude that is not at most bound.")
	VBROADCASTSD(parameter("bound"), Z7)
	VPBROADCASTQ(magnitude, Z8)
	KXORW(K3, K3, K3)
	splatted("s", Z2)
	splatted("t", Z3)
	VPXORQ(Z6, Z6, Z6)
	onLanes([]string{"x", "u", "v"}, func(m map[string]Mem) {
		VMOVUPD(m["x"], Z4)
		VFMADD213PD(Z6, Z3, Z4)
		VMOVUPD(m["u"], Z0)
		VMOVUPD(m["v"], Z1)
		VMULPD(Z4, Z1, Z5)
		VMULPD(Z4, Z0, Z4)
		VFNMADD231PD(Z5, Z2, Z0)
		VPANDQ(Z0, Z8, Z5)
		VCMPPD(Imm(6), Z7, Z5, K2)
		KORW(K2, K3, K3)
		VFNMADD231PD(Z4, Z2, Z1)
		VPANDQ(Z1, Z8, Z5)
		VCMPPD(Imm(6), Z7, Z5, K2)
		KORW(K2, K3, K3)
	}, "u", "v")

	kernel("sumAVX512", "func(out, a *float64, n int)", "sumAVX512 is the sum of n rows, in four parts.")
	quartered([]string{"a"}, zmm[:4], 0, func(m map[string]Mem, s VecPhysical) { VADDPD(m["a"], s, s) })
	out(Z0)

	// Magnitudes are ordered as the integers of their bits, NaN above infinity, so a NaN stays once it is met.
	kernel("maxAbsAVX512", "func(out, a *float64, n int)", "maxAbsAVX512 is the greatest magnitude of n rows, NaN above all.")
	VPXORQ(Z2, Z2, Z2)
	VPBROADCASTQ(magnitude, Z4)
	overRows512([]string{"a"}, func(m map[string]Mem) {
		VPANDQ(m["a"], Z4, Z0)
		VPMAXUQ(Z0, Z2, Z2)
	})
	out(Z2)

	kernel("outsideAVX512", "func(a *float64, n int, bound float64) uint64",
		"outsideAVX512 is the set of lanes with a magnitude in n rows that is not at most bound: above it, or NaN.")
	VBROADCASTSD(parameter("bound"), Z5)
	VPBROADCASTQ(magnitude, Z4)
	KXORW(K1, K1, K1)
	overRows512([]string{"a"}, func(m map[string]Mem) {
		VPANDQ(m["a"], Z4, Z0)
		VCMPPD(Imm(6), Z5, Z0, K2) // not less or equal, true where unordered
		KORW(K2, K1, K1)
	})
	KMOVB(K1, EAX)
	Store(RAX, ReturnIndex(0))
	end()
}

// gather512 emits row gathers of dense rows: eight columns of eight lanes are transposed in registers, the last columns under a
// mask.
func gather512(name string, less bool) {
	verb := "copies to"
	if less {
		verb = "subtracts from"
	}
	kernel(name, "func(dst *float64, dstRow, dstCol int, x *float64, xRow int, index *int32, rows, cols, below int) bool",
		name+" "+verb+" each lane of row i of dst the row of x that index names for it, and returns false, at once,",
		"where an index is not in 0 … below−1.",
		"Strides count rows of a pack, or numbers of x, whose columns are side by side; rows and cols are at least 1.")
	lane := []GPPhysical{R8, R9, R10, R11, R12, R13, R14, R15}
	dst, dAt, dCol := RDI, RBX, RDX
	index, xAt, cols := RSI, RAX, RCX
	Load(Param("dst"), dst)
	Load(Param("dstCol"), dCol)
	SHLQ(Imm(6), dCol)
	Load(Param("index"), index)
	rows := AllocLocal(8)
	Load(Param("rows"), xAt)
	MOVQ(xAt, rows)
	VPBROADCASTD(parameter("below"), Y31)
	Label("row")
	VPCMPUD(Imm(2), Mem{Base: index}, Y31, K2) // below ≤ index, as unsigned numbers
	KTESTB(K2, K2)
	JNE(LabelRef("wrong"))
	Load(Param("xRow"), cols)
	SHLQ(Imm(3), cols)
	Load(Param("x"), xAt)
	for l, r := range lane {
		MOVLQSX(Mem{Base: index, Disp: 4 * l}, r)
		IMULQ(cols, r)
		ADDQ(xAt, r)
	}
	MOVQ(dst, dAt)
	XORQ(xAt, xAt)
	Load(Param("cols"), cols)

	// transpose turns Z0…Z7, one lane each, into the first columns in Z0…Z7.
	transpose := func(columns int) {
		for i := 0; i < 8; i += 2 { // pairs of lanes: even columns in Z8+i, odd ones in Z9+i
			VUNPCKLPD(zmm[i+1], zmm[i], zmm[8+i])
			VUNPCKHPD(zmm[i+1], zmm[i], zmm[9+i])
		}
		for odd := range 2 { // 128-bit parts: column pairs 0 … 3 of lanes 01, 23, 45, 67
			a, b, c, d := zmm[8+odd], zmm[10+odd], zmm[12+odd], zmm[14+odd]
			VSHUFF64X2(Imm(0x88), b, a, zmm[16]) // a0 a2 b0 b2
			VSHUFF64X2(Imm(0x88), d, c, zmm[18])
			VSHUFF64X2(Imm(0xdd), b, a, zmm[17]) // a1 a3 b1 b3
			VSHUFF64X2(Imm(0xdd), d, c, zmm[19])
			for k, column := range []int{0, 4, 2, 6} {
				if column+odd < columns {
					VSHUFF64X2(Imm([]uint64{0x88, 0xdd}[k%2]), zmm[18+k/2], zmm[16+k/2], zmm[column+odd])
				}
			}
		}
	}
	store := func(c int) {
		if less {
			VMOVUPD(Mem{Base: dAt}, Z30)
			VSUBPD(zmm[c], Z30, zmm[c])
		}
		VMOVUPD(zmm[c], Mem{Base: dAt})
	}
	Label("block")
	CMPQ(cols, Imm(8))
	JLT(LabelRef("rest"))
	for l, r := range lane {
		VMOVUPD(Mem{Base: r, Index: xAt, Scale: 1}, zmm[l])
	}
	transpose(8)
	for c := range 8 {
		store(c)
		ADDQ(dCol, dAt)
	}
	ADDQ(Imm(64), xAt)
	SUBQ(Imm(8), cols)
	JMP(LabelRef("block"))
	Label("rest")
	TESTQ(cols, cols)
	JEQ(LabelRef("done"))
	masks := GLOBL("firstLanesOf_"+name, RODATA|NOPTR)
	for n := range 8 {
		DATA(n, U8(1<<n-1))
	}
	{
		base := lane[0] // free for a moment: its address is on the stack
		save := AllocLocal(8)
		MOVQ(base, save)
		LEAQ(masks, base)
		KMOVB(Mem{Base: base, Index: cols, Scale: 1}, K1)
		MOVQ(save, base)
	}
	for l, r := range lane {
		VMOVUPD_Z(Mem{Base: r, Index: xAt, Scale: 1}, K1, zmm[l])
	}
	few := func(name string, columns int) {
		Label(name)
		transpose(columns)
		for c := range columns {
			store(c)
			DECQ(cols)
			JEQ(LabelRef("done"))
			if c+1 < columns {
				ADDQ(dCol, dAt)
			}
		}
	}
	CMPQ(cols, Imm(2))
	JLE(LabelRef("upTo2"))
	CMPQ(cols, Imm(5))
	JLE(LabelRef("upTo5"))
	few("upTo7", 7)
	few("upTo5", 5)
	few("upTo2", 2)
	Label("done")
	Load(Param("dstRow"), cols)
	SHLQ(Imm(6), cols)
	ADDQ(cols, dst)
	ADDQ(Imm(32), index)
	DECQ(rows)
	JNE(LabelRef("row"))
	MOVB(Imm(1), AL)
	Store(AL, ReturnIndex(0))
	end()
	Label("wrong")
	MOVB(Imm(0), AL)
	Store(AL, ReturnIndex(0))
	end()
}
