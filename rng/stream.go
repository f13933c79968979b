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
	Idle    lanes.Mask // lanes whose numbers nobody reads: they may come out as zeros
}

// Stream draws the numbers of one purpose, such as "noise[1]". It holds scratch only, and serves one worker.
type Stream struct {
	purpose uint64
	valid   bool
	of      struct{ seed, replica, branch [lanes.W]uint64 }
	k0, k1  [lanes.W]uint64
	kept    kept
	source  source
}

// kept is the last block of each lane, where several steps draw from one.
type kept struct {
	kind    kind
	m, n    uint64
	counter [lanes.W]uint64
	rows    [4]lanes.Vec
	index   [4][lanes.W]int32
}

type kind int

const (
	none kind = iota
	ofNormals
	ofSigns
	ofIndices
)

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
	s.of.seed, s.of.replica, s.of.branch, s.valid, s.kept.kind = at.Seed, at.Replica, at.Branch, true, none
	for l := range lanes.W {
		s.k0[l], s.k1[l] = Threefry2x64(at.Seed[l], s.purpose, at.Replica[l], at.Branch[l])
	}
}

// Keys returns the keys of the lanes, valid until the next call of any method.
func (s *Stream) Keys(at *Lanes) (k0, k1 *[lanes.W]uint64) {
	s.keys(at)
	return &s.k0, &s.k1
}

// Words returns block number block of lane l: two random 64-bit words.
func (s *Stream) Words(at *Lanes, l int, block uint64) (uint64, uint64) {
	s.keys(at)
	return word(s.k0[l], s.k1[l], at.Step[l], block)
}

var zeros [lanes.W]uint64

// from is the source of the blocks 0, 1, … of each lane, valid until the next.
func (s *Stream) from(step *[lanes.W]uint64) *source {
	f := &s.source
	f.k0, f.k1, f.step, f.block = &s.k0, &s.k1, step, &zeros
	return f
}

// at has the source go on with the blocks first, first + 1, … of each lane.
func (s *source) at(first int) *source {
	for l := range s.first {
		s.first[l] = uint64(first)
	}
	s.block = &s.first
	return s
}

// lone returns the only lane that is not idle, where there is just one and enough is drawn for it to have all lanes of a kernel.
func lone(at *Lanes, n int) (l int, ok bool) {
	busy := lanes.All &^ at.Idle
	return bits.TrailingZeros8(uint8(busy)), n >= 8 && busy&(busy-1) == 0 && busy != 0
}

// alone fills lane l of dst, four numbers to a block, eight blocks side by side in the lanes of a kernel.
func (s *Stream) alone(dst lanes.Pack, l int, step uint64) {
	var k0, k1, steps, block [lanes.W]uint64
	for i := range lanes.W {
		k0[i], k1[i], steps[i] = s.k0[l], s.k1[l], step
	}
	from := source{k0: &k0, k1: &k1, step: &steps, block: &block}
	var rows [4]lanes.Vec
	lanes.Zero(dst)
	for j := 0; j < len(dst); j += 4 * lanes.W {
		for i := range block {
			block[i] = uint64(j/4 + i)
		}
		normals(rows[:], &from)
		for i := range min(4*lanes.W, len(dst)-j) {
			dst[j+i][l] = rows[i%4][i/4]
		}
	}
}

// Normals fills dst with independent standard normals of float32's resolution, |z| ≤ 6.7: see normals32.
func (s *Stream) Normals(dst lanes.Pack, at *Lanes) {
	s.keys(at)
	if m := len(dst); m == 1 || m == 2 {
		first := s.keep(ofNormals, uint64(m), 4, 0, at)
		for k := range dst {
			if first.together {
				dst[k] = s.kept.rows[first.of(0)+k]
				continue
			}
			for l := range lanes.W {
				dst[k][l] = s.kept.rows[first.of(l)+k][l]
			}
		}
		return
	}
	if l, ok := lone(at, len(dst)); ok {
		s.alone(dst, l, at.Step[l])
		return
	}
	from := s.from(&at.Step)
	normals(dst, from)
}

// places are where the first numbers of a step are in their blocks.
type places struct {
	step     *[lanes.W]uint64
	m, steps uint64 // numbers to a step; steps to a block, a power of two, less one
	together bool   // it is one place in all lanes
}

func (p *places) of(l int) int { return int(p.step[l] & p.steps * p.m) }

// keep makes sure that the blocks are kept in which the numbers sm, … of each lane are, m to a step s and perBlock to a block, and
// returns their places. Indices are below n.
func (s *Stream) keep(k kind, m, perBlock, n uint64, at *Lanes) places {
	p := places{step: &at.Step, m: m, steps: perBlock/m - 1}
	shift := bits.Len64(p.steps)
	var moved, apart uint64
	for l, step := range &at.Step {
		moved |= step>>shift ^ s.kept.counter[l]
		apart |= step ^ at.Step[0]
	}
	p.together = apart&p.steps == 0
	if moved == 0 && s.kept.kind == k && s.kept.m == m && s.kept.n == n {
		return p
	}
	s.kept.kind, s.kept.m, s.kept.n = k, m, n
	for l, step := range &at.Step {
		s.kept.counter[l] = step >> shift
	}
	from := s.from(&s.kept.counter)
	switch k {
	case ofNormals:
		normals(s.kept.rows[:], from)
	case ofSigns:
		words(s.kept.rows[:2], from)
	case ofIndices:
		indices(s.kept.index[:], from, n)
	}
	return p
}

// FullNormals fills dst with independent standard normals of float64's resolution, |z| ≤ 8.5: see boxMuller. They take twice the words
// of Normals, and some four times the time.
func (s *Stream) FullNormals(dst lanes.Pack, at *Lanes) { s.pairs(dst, at, fullNormals) }

// Uniforms fills dst with independent uniforms on the open interval (0, 1).
func (s *Stream) Uniforms(dst lanes.Pack, at *Lanes) { s.pairs(dst, at, uniforms) }

// pairs fills dst with words and turns an even number of rows at a time.
func (s *Stream) pairs(dst lanes.Pack, at *Lanes, turn func(rows lanes.Pack)) {
	s.keys(at)
	const most = 64 // rows that stay in the first-level cache between bits and numbers
	from := s.from(&at.Step)
	for j := 0; j < len(dst); j += most {
		part := dst[j:min(j+most, len(dst))]
		whole := len(part) &^ 1
		words(part[:whole], from.at(j/2))
		turn(part[:whole])
		if whole < len(part) { // a block fills two rows
			var last [2]lanes.Vec
			words(last[:], from.at((j+whole)/2))
			turn(last[:])
			part[whole] = last[0]
		}
	}
}

const one = 0x3ff << 52 // the bits of 1.0

// Signs fills dst with independent fair ±1.
func (s *Stream) Signs(dst lanes.Pack, at *Lanes) {
	s.keys(at)
	if m := uint64(len(dst)); m > 0 && 128%m == 0 {
		first := s.keep(ofSigns, m, 128, 0, at)
		for k := range dst {
			for l := range lanes.W {
				i := first.of(l) + k
				dst[k][l] = sign(s.kept.rows[i/64%2][l], i)
			}
		}
		return
	}
	var word [2]lanes.Vec
	from := s.from(&at.Step)
	for j := range dst {
		if j%128 == 0 {
			words(word[:], from.at(j/128))
		}
		for l := range lanes.W {
			dst[j][l] = sign(word[j/64%2][l], j)
		}
	}
}

// sign is ±1 by bit i mod 64 of a word.
func sign(word float64, i int) float64 {
	return math.Float64frombits(one | math.Float64bits(word)>>(i%64)<<63)
}

// Indices fills dst with independent uniform numbers below n, by multiply and shift: the bias is below n/2³² for n ≤ 2¹⁶, else below
// n/2⁶⁴.
func (s *Stream) Indices(dst [][lanes.W]int32, n int, at *Lanes) {
	s.keys(at)
	if n > 1<<16 {
		s.manyIndices(dst, n, at)
		return
	}
	from := s.from(&at.Step)
	if m := uint64(len(dst)); m == 1 || m == 2 {
		first := s.keep(ofIndices, m, 4, uint64(n), at)
		for k := range dst {
			if first.together {
				dst[k] = s.kept.index[first.of(0)+k]
				continue
			}
			for l := range lanes.W {
				dst[k][l] = s.kept.index[first.of(l)+k][l]
			}
		}
		return
	}
	indices(dst, from, uint64(n))
}

// manyIndices takes a word for each index.
func (s *Stream) manyIndices(dst [][lanes.W]int32, n int, at *Lanes) {
	var word [2]lanes.Vec
	from := s.from(&at.Step)
	for i := range dst {
		if i%2 == 0 {
			words(word[:], from.at(i/2))
		}
		for l := range lanes.W {
			dst[i][l] = below(math.Float64bits(word[i%2][l]), n)
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
			word[0], word[1] = s.Words(at, l, uint64(i/2))
		}
		j := i + int(below(word[i%2], len(index)-i))
		index[i], index[j] = index[j], index[i]
	}
}

func below(w uint64, n int) int32 {
	hi, _ := bits.Mul64(w, uint64(n))
	return int32(hi)
}
