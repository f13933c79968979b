//go:build amd64 && !purego

package rng

import (
	"golang.org/x/sys/cpu"

	"sgdlab/lanes"
)

//go:generate go -C ../internal/asm run ./rng -out ../../rng/avx2_amd64.s -stubs ../../rng/avx2_amd64.go -pkg rng

var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func words(dst lanes.Pack, first uint64, k0, k1, step *[lanes.W]uint64) {
	if !hasAVX2 || len(dst) < 2 {
		wordsGo(dst, first, k0, k1, step)
		return
	}
	wordsAVX2(&dst[0][0], len(dst)/2, first, &k0[0], &k1[0], &step[0])
}

func normals(dst lanes.Pack, k0, k1, step *[lanes.W]uint64) {
	if !hasAVX2 {
		normalsGo(dst, k0, k1, step)
		return
	}
	inPlace(dst, k0, k1, step, true)
}

func uniforms(dst lanes.Pack, k0, k1, step *[lanes.W]uint64) {
	if !hasAVX2 {
		uniformsGo(dst, k0, k1, step)
		return
	}
	inPlace(dst, k0, k1, step, false)
}

// turn makes normals or uniforms of an even number of rows of bits.
func turn(p lanes.Pack, normal bool) {
	if normal {
		normalsAVX2(&p[0][0], len(p)/2)
	} else {
		uniformsAVX2(&p[0][0], len(p))
	}
}

// inPlace fills dst with bits and turns them into numbers.
func inPlace(dst lanes.Pack, k0, k1, step *[lanes.W]uint64, normal bool) {
	const most = 64 // rows that stay in the first-level cache between bits and numbers
	block := uint64(0)
	for len(dst) > 1 {
		n := min(len(dst)&^1, most)
		wordsAVX2(&dst[0][0], n/2, block, &k0[0], &k1[0], &step[0])
		turn(dst[:n], normal)
		dst, block = dst[n:], block+uint64(n/2)
	}
	if len(dst) == 1 { // a block fills two rows
		var last [2]lanes.Vec
		wordsAVX2(&last[0][0], 1, block, &k0[0], &k1[0], &step[0])
		turn(last[:], normal)
		dst[0] = last[0]
	}
}
