package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const parity = 0x1BD11BDAA9FC1A22 // Threefish's key schedule constant

// words emits Threefry2x64-20. Its rounds are one chain of short operations, so two blocks of eight lanes are walked
// through side by side, four chains at a time.
func words() {
	kernel("wordsAVX2", "func(dst *float64, blocks int, first uint64, k0, k1, step *uint64)",
		"wordsAVX2 fills two rows of dst per block with the bits of blocks number first, first + 1, … of eight lanes under",
		"the keys (k0, k1) and the counters (step, block).")
	rotate16, rotate24 := rotation("rotate16", 16), rotation("rotate24", 24)

	// The key schedule of both halves: what is added to each word before the rounds and after every fourth one.
	// The first word is given the same three keys over again.
	frame := AllocLocal(2 * 10 * halfBytes)
	inject := func(half, time, word int) Mem {
		slot := 4 + time
		if word == 0 && time > 0 {
			slot = 1 + (time-1)%3
		} else if word == 0 {
			slot = 0
		}
		return frame.Offset(halfBytes * (10*half + slot))
	}
	at := RAX
	Load(Param("k0"), RSI)
	Load(Param("k1"), RDX)
	Load(Param("step"), RBX)
	for h := range 2 {
		k := []VecPhysical{Y0, Y1, Y2}
		VMOVDQU(Mem{Base: RSI, Disp: h * halfBytes}, k[0])
		VMOVDQU(Mem{Base: RDX, Disp: h * halfBytes}, k[1])
		VPXOR(integer(parity), k[0], k[2])
		VPXOR(k[1], k[2], k[2])
		VPADDQ(Mem{Base: RBX, Disp: h * halfBytes}, k[0], Y3)
		VMOVDQU(Y3, inject(h, 0, 0))
		VMOVDQU(k[1], inject(h, 0, 1))
		for time := 1; time <= 5; time++ {
			if time <= 3 {
				VMOVDQU(k[time%3], inject(h, time, 0))
			}
			VPADDQ(integer(uint64(time)), k[(time+1)%3], Y3)
			VMOVDQU(Y3, inject(h, time, 1))
		}
	}

	dst, left := RDI, RCX
	Load(Param("dst"), dst)
	Load(Param("blocks"), left)
	Load(Param("first"), at)
	VMOVDQU(rotate16, Y12)
	VMOVDQU(rotate24, Y13)
	VMOVQ(at, X14)
	VPBROADCASTQ(X14, Y14)

	walk := func(blocks int) {
		ways := 2 * blocks
		x0, x1, t := ymm[0:ways], ymm[4:4+ways], ymm[8:8+ways]
		add := func(time int) {
			for w := range ways {
				if time == 0 {
					VPADDQ(inject(w%2, 0, 1), Y14, x1[w])
					VMOVDQU(inject(w%2, 0, 0), x0[w])
					if w%2 == 1 {
						VPADDQ(integer(1), Y14, Y14) // the next block
					}
					continue
				}
				VPADDQ(inject(w%2, time, 0), x0[w], x0[w])
				VPADDQ(inject(w%2, time, 1), x1[w], x1[w])
			}
		}
		add(0)
		for round := range 20 {
			for w := range ways {
				VPADDQ(x1[w], x0[w], x0[w])
			}
			switch r := [8]uint64{16, 42, 12, 31, 16, 32, 24, 21}[round%8]; r {
			case 16, 24:
				for w := range ways {
					VPSHUFB(map[uint64]VecPhysical{16: Y12, 24: Y13}[r], x1[w], x1[w])
				}
			case 32:
				for w := range ways {
					VPSHUFD(Imm(0xb1), x1[w], x1[w])
				}
			default:
				for w := range ways {
					VPSLLQ(Imm(r), x1[w], t[w])
				}
				for w := range ways {
					VPSRLQ(Imm(64-r), x1[w], x1[w])
				}
				for w := range ways {
					VPOR(t[w], x1[w], x1[w])
				}
			}
			for w := range ways {
				VPXOR(x0[w], x1[w], x1[w])
			}
			if round%4 == 3 {
				add(round/4 + 1)
			}
		}
		for w := range ways {
			m := Mem{Base: dst, Disp: w/2*blockBytes + w%2*halfBytes}
			VMOVDQU(x0[w], m)
			VMOVDQU(x1[w], m.Offset(rowBytes))
		}
		ADDQ(U32(blocks*blockBytes), dst)
	}

	SUBQ(Imm(2), left)
	JLT(LabelRef("last"))
	Label("two")
	walk(2)
	SUBQ(Imm(2), left)
	JGE(LabelRef("two"))
	Label("last")
	CMPQ(left, I8(-1))
	JNE(LabelRef("done"))
	walk(1)
	Label("done")
	end()
}

// rotation is the memory of the byte shuffle that rotates 64-bit words left by a multiple of eight bits.
func rotation(name string, bits int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(i%16/8*8+(i-bits/8)&7))
	}
	return m
}
