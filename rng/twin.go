package rng

import (
	"math"

	"sgdlab/lanes"
)

// The plain twins of the vector kernels: what runs where there is no vector flavour, and the reference that it must equal
// bit for bit. Blocks are counted from the start of a step, and dst takes two rows of one.

// wordsGo fills dst, of even length, with the bits of blocks first, first + 1, …: the first words of all lanes in one row,
// the second words in the next.
func wordsGo(dst lanes.Pack, first uint64, k0, k1, step *[lanes.W]uint64) {
	for j := 0; j < len(dst); j += 2 {
		for l := range lanes.W {
			a, b := Threefry2x64(k0[l], k1[l], step[l], first+uint64(j/2))
			dst[j][l], dst[j+1][l] = math.Float64frombits(a), math.Float64frombits(b)
		}
	}
}

func normalsGo(dst lanes.Pack, k0, k1, step *[lanes.W]uint64) {
	for j := 0; j < len(dst); j += 2 {
		for l := range lanes.W {
			z0, z1 := boxMuller(Threefry2x64(k0[l], k1[l], step[l], uint64(j/2)))
			dst[j][l] = z0
			if j+1 < len(dst) {
				dst[j+1][l] = z1
			}
		}
	}
}

func uniformsGo(dst lanes.Pack, k0, k1, step *[lanes.W]uint64) {
	for j := 0; j < len(dst); j += 2 {
		for l := range lanes.W {
			a, b := Threefry2x64(k0[l], k1[l], step[l], uint64(j/2))
			dst[j][l] = uniform(a)
			if j+1 < len(dst) {
				dst[j+1][l] = uniform(b)
			}
		}
	}
}
