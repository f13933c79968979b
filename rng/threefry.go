// Package rng gives every replica its own random numbers, addressed and not stored: a number is a pure function of
// (seed, purpose, replica, branch, step, position). There is no state to save, to share or to forget, so a path is
// blind to lanes, threads, shards and restarts, and any step can be replayed alone.
//
// The generator is Threefry2x64 with 20 rounds (Salmon, Moraes, Dror & Shaw 2011). Key layout, fixed for good by
// known-answer tests:
//
//	key   = Threefry(key (seed, FNV-1a of the purpose), counter (replica, branch))
//	words = Threefry(key, counter (step, block))
//
// so that each of the six may be any 64-bit number. Every draw uses a fixed number of words: a sampler that rejects
// would lose the addressing.
//
// What belongs here: bits, uniforms, normals, signs, indices, on packs. What does not: noise laws and their scales
// (package noise).
package rng

import "math/bits"

const parity = 0x1BD11BDAA9FC1A22 // Threefish's key schedule constant

// Threefry2x64 is the 20-round block function: 128 bits of counter to 128 random bits under a 128-bit key.
func Threefry2x64(k0, k1, x0, x1 uint64) (uint64, uint64) {
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
	x0 += x1
	x1 = bits.RotateLeft64(x1, 32) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 24) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 21) ^ x0
	x0 += k1
	x1 += k2 + 4

	x0 += x1
	x1 = bits.RotateLeft64(x1, 16) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 42) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 12) ^ x0
	x0 += x1
	x1 = bits.RotateLeft64(x1, 31) ^ x0
	x0 += k2
	x1 += k0 + 5
	return x0, x1
}
