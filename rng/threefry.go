// Package rng gives every replica its own random numbers, addressed and not stored: a number is a pure function of
// (seed, purpose, replica, branch, step, position). There is no state to save, to share or to forget, so a path is
// blind to lanes, threads, shards and restarts, and any step can be replayed alone.
//
// The generator is Threefry2x64 (Salmon, Moraes, Dror & Shaw 2011), with 20 rounds for keys and with 13 for words, the least number
// that its authors found to pass all tests of BigCrush. Addresses, fixed for good by known-answer tests:
//
//	key   = Threefry-20(key (seed, FNV-1a of the purpose), counter (replica, branch))
//	words = Threefry-13(key, counter (step, block)), blocks 0, 1, … of two words
//
// so that each of the six may be any 64-bit number. A draw of m numbers at a step takes, in each lane,
//
//	normals        four of a block: m ≥ 3   those of blocks 0, 1, …
//	                                m = 1, 2  numbers sm, … of those of counters (0, 0), (1, 0), …
//	indices below n   as normals, for n ≤ 2¹⁶; else two of a block
//	signs          128 of a block: those of blocks 0, 1, …; where m divides 128, numbers sm, … of those of counters (0, 0), (1, 0), …
//	uniforms, normals of float64   two of a block: those of blocks 0, 1, …
//
// Every draw uses a fixed number of words: a sampler that rejects would lose the addressing.
//
// What belongs here: bits, uniforms, normals, signs, indices, on packs. What does not: noise laws and their scales
// (package noise).
package rng

import "math/bits"

const parity = 0x1BD11BDAA9FC1A22 // Threefish's key schedule constant

// Threefry2x64 is the 20-round block function: 128 bits of counter to 128 random bits under a 128-bit key.
func Threefry2x64(k0, k1, x0, x1 uint64) (uint64, uint64) { return threefry(k0, k1, x0, x1, 20) }

var rotations = [8]int{16, 42, 12, 31, 16, 32, 24, 21}

// threefry is the block function by its definition.
func threefry(k0, k1, x0, x1 uint64, rounds int) (uint64, uint64) {
	k := [3]uint64{k0, k1, parity ^ k0 ^ k1}
	x0 += k0
	x1 += k1
	for r := range rounds {
		x0 += x1
		x1 = bits.RotateLeft64(x1, rotations[r%8]) ^ x0
		if r%4 == 3 {
			t := r/4 + 1
			x0 += k[t%3]
			x1 += k[(t+1)%3] + uint64(t)
		}
	}
	return x0, x1
}

// word is threefry with 13 rounds, written out.
func word(k0, k1, x0, x1 uint64) (uint64, uint64) {
	k2 := parity ^ k0 ^ k1
	x0 += k0
	x1 += k1

	x0 += x1
	x1 = bits.RotateLeft64(x1, 16) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 42) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 12) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 31) ^ x0
	x0 += k1
	x1 += k2 + 1

	x0 += x1
	x1 = bits.RotateLeft64(x1, 16) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 32) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 24) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 21) ^ x0
	x0 += k2
	x1 += k0 + 2

	x0 += x1
	x1 = bits.RotateLeft64(x1, 16) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 42) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 12) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 31) ^ x0
	x0 += k0
	x1 += k1 + 3

	x0 += x1
	x1 = bits.RotateLeft64(x1, 16) ^ x0
	return x0, x1
}
