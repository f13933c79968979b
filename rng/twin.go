package rng

import (
	"math"

	"sgdlab/lanes"
)

// The plain twins of the vector kernels: what runs where there is no vector flavour, and the reference that it must equal
// bit for bit. Lane l has the blocks numbered block[l], block[l] + 1, … of its counter.

// source is where the random words of eight lanes come from.
type source struct {
	k0, k1, step, block *[lanes.W]uint64
	first               [lanes.W]uint64
}

func (s *source) word(l, i int) (uint64, uint64) {
	return word(s.k0[l], s.k1[l], s.step[l], s.block[l]+uint64(i))
}

// wordsGo fills dst, of even length, with bits: the first words of a block in one row, the second words in the next.
func wordsGo(dst lanes.Pack, s *source) {
	for j := 0; j < len(dst); j += 2 {
		for l := range lanes.W {
			a, b := s.word(l, j/2)
			dst[j][l], dst[j+1][l] = math.Float64frombits(a), math.Float64frombits(b)
		}
	}
}

// normalsGo fills dst with four normals of each block; of the last block dst may take fewer.
func normalsGo(dst lanes.Pack, s *source) {
	for j := 0; j < len(dst); j += 4 {
		for l := range lanes.W {
			a, b := s.word(l, j/4)
			var z [4]float64
			z[0], z[1] = normals32(a)
			z[2], z[3] = normals32(b)
			for i := range min(4, len(dst)-j) {
				dst[j+i][l] = z[i]
			}
		}
	}
}

// indicesGo fills dst with four numbers below n ≤ 2³¹ of each block; of the last block dst may take fewer.
func indicesGo(dst [][lanes.W]int32, s *source, n uint64) {
	for j := range dst {
		for l := range lanes.W {
			a, b := s.word(l, j/4)
			half := [2]uint64{a, b}[j%4/2] >> (j % 2 * 32) & (1<<32 - 1)
			dst[j][l] = int32(half * n >> 32)
		}
	}
}

// fullNormalsGo turns rows of words into normals of float64.
func fullNormalsGo(dst lanes.Pack) {
	for j := 0; j < len(dst); j += 2 {
		for l := range lanes.W {
			dst[j][l], dst[j+1][l] = boxMuller(math.Float64bits(dst[j][l]), math.Float64bits(dst[j+1][l]))
		}
	}
}

// uniformsGo turns rows of words into uniforms.
func uniformsGo(dst lanes.Pack) {
	for j := range dst {
		for l := range lanes.W {
			dst[j][l] = uniform(math.Float64bits(dst[j][l]))
		}
	}
}
