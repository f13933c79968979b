//go:build amd64 && !purego

package rng

import (
	"golang.org/x/sys/cpu"

	"sgdlab/lanes"
)

//go:generate go -C ../internal/asm run ./rng -out ../../rng/kernels_amd64.s -stubs ../../rng/kernels_amd64.go -pkg rng

// Which kernels this processor runs; tests switch them off one by one.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL
)

func words(dst lanes.Pack, s *source) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		wordsAVX512(&dst[0][0], len(dst), &s.block[0], &s.k0[0], &s.k1[0], &s.step[0])
	case hasAVX2:
		wordsAVX2(&dst[0][0], len(dst), &s.block[0], &s.k0[0], &s.k1[0], &s.step[0])
	default:
		wordsGo(dst, s)
	}
}

func normals(dst lanes.Pack, s *source) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		normalsAVX512(&dst[0][0], len(dst), &s.block[0], &s.k0[0], &s.k1[0], &s.step[0])
	case hasAVX2:
		normalsAVX2(&dst[0][0], len(dst), &s.block[0], &s.k0[0], &s.k1[0], &s.step[0])
	default:
		normalsGo(dst, s)
	}
}

func indices(dst [][lanes.W]int32, s *source, n uint64) {
	switch {
	case len(dst) == 0:
	case hasAVX512:
		indicesAVX512(&dst[0][0], len(dst), &s.block[0], &s.k0[0], &s.k1[0], &s.step[0], n)
	case hasAVX2:
		indicesAVX2(&dst[0][0], len(dst), &s.block[0], &s.k0[0], &s.k1[0], &s.step[0], n)
	default:
		indicesGo(dst, s, n)
	}
}

// fullNormals and uniforms turn an even number of rows of bits.
func fullNormals(dst lanes.Pack) {
	switch {
	case len(dst) == 0:
	case hasAVX2:
		fullNormalsAVX2(&dst[0][0], len(dst)/2)
	default:
		fullNormalsGo(dst)
	}
}

func uniforms(dst lanes.Pack) {
	switch {
	case len(dst) == 0:
	case hasAVX2:
		uniformsAVX2(&dst[0][0], len(dst))
	default:
		uniformsGo(dst)
	}
}
