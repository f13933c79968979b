package rng

import (
	"math"
	"math/bits"

	"sgdlab/lanes"
)

// Lanes says whose random numbers each lane draws, and for which step.
type Lanes struct {
	Seed    [lanes.W]uint64
	Replica [lanes.W]uint64
	Branch  [lanes.W]uint64 // which clone, after splitting or resampling; 0 for the first
	Step    [lanes.W]uint64
}

// Stream draws the numbers of one purpose, such as "noise[1]". It holds scratch only, and serves one worker.
type Stream struct {
	purpose uint64
	valid   bool
	of      struct{ seed, replica, branch [lanes.W]uint64 }
	k0, k1  [lanes.W]uint64
}

// New returns the stream of a purpose. Two purposes of one replica are independent; a purpose is part of a result's
// address, so renaming one changes results.
func New(purpose string) *Stream { return &Stream{purpose: fnv1a(purpose)} }

func fnv1a(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

func (s *Stream) keys(at *Lanes) {
	if s.valid && s.of.seed == at.Seed && s.of.replica == at.Replica && s.of.branch == at.Branch {
		return
	}
	s.of.seed, s.of.replica, s.of.branch, s.valid = at.Seed, at.Replica, at.Branch, true
	for l := range lanes.W {
		s.k0[l], s.k1[l] = Threefry2x64(at.Seed[l], s.purpose, at.Replica[l], at.Branch[l])
	}
}

// Words returns block number block of lane l: two random 64-bit words.
func (s *Stream) Words(at *Lanes, l int, block uint64) (uint64, uint64) {
	s.keys(at)
	return Threefry2x64(s.k0[l], s.k1[l], at.Step[l], block)
}

// Normals fills dst with independent standard normals.
func (s *Stream) Normals(dst lanes.Pack, at *Lanes) {
	s.keys(at)
	normals(dst, &s.k0, &s.k1, &at.Step)
}

// Uniforms fills dst with independent uniforms on the open interval (0, 1).
func (s *Stream) Uniforms(dst lanes.Pack, at *Lanes) {
	s.keys(at)
	uniforms(dst, &s.k0, &s.k1, &at.Step)
}

const one = 0x3ff << 52 // the bits of 1.0

// Signs fills dst with independent fair ±1: 128 to a block.
func (s *Stream) Signs(dst lanes.Pack, at *Lanes) {
	s.keys(at)
	var word [2]lanes.Vec
	for j := range dst {
		if j%128 == 0 {
			words(word[:], uint64(j/128), &s.k0, &s.k1, &at.Step)
		}
		for l := range lanes.W {
			bit := math.Float64bits(word[j/64%2][l]) >> (j % 64)
			dst[j][l] = math.Float64frombits(one | bit<<63) // the bit is the sign of 1
		}
	}
}

// Indices fills dst with independent uniform numbers below n, by multiply and shift: the bias is below n/2⁶⁴.
func (s *Stream) Indices(dst [][lanes.W]int32, n int, at *Lanes) {
	s.keys(at)
	var buffer [8]lanes.Vec
	for i := 0; i < len(dst); i += len(buffer) {
		word := lanes.Pack(buffer[:min(len(buffer), len(dst)-i+1)&^1])
		words(word, uint64(i/2), &s.k0, &s.k1, &at.Step)
		for j := range min(len(word), len(dst)-i) {
			for l := range lanes.W {
				dst[i+j][l] = below(math.Float64bits(word[j][l]), n)
			}
		}
	}
}

// Permutation fills index with a uniform permutation of 0…n−1, by Fisher–Yates on this lane's words at its step.
func (s *Stream) Permutation(index []int32, at *Lanes, l int) {
	s.keys(at)
	for i := range index {
		index[i] = int32(i)
	}
	s.shuffle(index, len(index), at, l)
}

// Choose fills the first k entries of index, which holds 0…n−1 on return in some order, with k of them drawn without
// replacement, in random order.
func (s *Stream) Choose(index []int32, k int, at *Lanes, l int) {
	s.keys(at)
	for i := range index {
		index[i] = int32(i)
	}
	s.shuffle(index, k, at, l)
}

func (s *Stream) shuffle(index []int32, k int, at *Lanes, l int) {
	var word [2]uint64
	for i := range min(k, len(index)-1) {
		if i%2 == 0 {
			word[0], word[1] = Threefry2x64(s.k0[l], s.k1[l], at.Step[l], uint64(i/2))
		}
		j := i + int(below(word[i%2], len(index)-i))
		index[i], index[j] = index[j], index[i]
	}
}

func below(w uint64, n int) int32 {
	hi, _ := bits.Mul64(w, uint64(n))
	return int32(hi)
}
