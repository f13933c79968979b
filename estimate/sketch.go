package estimate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sketch is a mergeable summary of a sample from which any quantile can be read to a relative accuracy of 1 %.
//
// A value falls in a bucket given by its sign, exponent and the first six bits of its mantissa. A bucket [a, b) has
// b ≤ (1 + 1/64)a, and stands for 2ab/(a+b), which is within (b−a)/(b+a) ≤ 0.78 % of all that it holds. Zeros and ±∞
// have buckets of their own; NaNs are counted apart (Bad). Magnitudes below 2.2e-308 (subnormal) lose relative accuracy.
//
// Equal multisets of values give equal sketches and equal bytes, however they were split and in whatever order
// they were added and merged. The zero value is empty. 64 buckets cover a factor of two; only those hit are kept.
//
// Source of the idea: Masson, Rim & Lee 2019 (DDSketch), with the buckets of an HDR histogram.
type Sketch struct {
	keys   []int32 // ascending
	counts []int64 // > 0
	n, bad int64
	min    float64
	max    float64
}

// mantissaBits of the 52 are kept.
const mantissaBits = 6

// bucket is 0 for zeros, and else ±(1 + leading bits of |x|), which rises with x.
func bucket(x float64) int32 {
	if x == 0 {
		return 0
	}
	k := int32(math.Float64bits(math.Abs(x))>>(52-mantissaBits)) + 1
	if x < 0 {
		return -k
	}
	return k
}

// edges of a bucket, and the value that stands for it.
func edges(key int32) (lo, hi, value float64) {
	if key == 0 {
		return 0, 0, 0
	}
	k := uint64(key) - 1
	if key < 0 {
		k = uint64(-key) - 1
	}
	lo = math.Float64frombits(k << (52 - mantissaBits))
	hi = math.Float64frombits((k + 1) << (52 - mantissaBits))
	lo = math.Max(lo, math.SmallestNonzeroFloat64)
	switch {
	case math.IsInf(lo, 1):
		hi, value = lo, lo
	case math.IsInf(hi, 1):
		hi = math.MaxFloat64
		fallthrough
	default:
		value = lo / (0.5 + float64(0.5*(lo/hi))) // 2·lo·hi/(lo+hi) without overflow
	}
	if key < 0 {
		return -hi, -lo, -value
	}
	return lo, hi, value
}

// N is the number of values, ±∞ included and NaN not.
func (s *Sketch) N() int64 { return s.n }

// Bad is the number of NaNs.
func (s *Sketch) Bad() int64 { return s.bad }

// Add takes in one value.
func (s *Sketch) Add(x float64) {
	if math.IsNaN(x) {
		s.bad++
		return
	}
	s.add(bucket(x), 1)
	s.extremes(x+0, x+0) // −0 becomes 0
	s.n++
}

func (s *Sketch) add(key int32, count int64) {
	i, found := slices.BinarySearch(s.keys, key)
	if !found {
		s.keys = slices.Insert(s.keys, i, key)
		s.counts = slices.Insert(s.counts, i, 0)
	}
	s.counts[i] += count
}

func (s *Sketch) extremes(lo, hi float64) {
	if s.n == 0 {
		s.min, s.max = lo, hi
		return
	}
	s.min, s.max = math.Min(s.min, lo), math.Max(s.max, hi)
}

// Merge takes in another sketch, which is left as it is.
func (s *Sketch) Merge(b *Sketch) {
	s.bad += b.bad
	if b.n == 0 {
		return
	}
	n := b.n
	keys, counts := b.keys, b.counts
	if s == b {
		keys, counts = slices.Clone(keys), slices.Clone(counts)
	}
	for i, k := range keys {
		s.add(k, counts[i])
	}
	s.extremes(b.min, b.max)
	s.n += n
}

// Bin is a bucket of a sketch: Count values in [Lo, Hi), or equal to both.
type Bin struct {
	Lo, Hi float64
	Count  int64
}

// Bins are the buckets that hold something, ascending: a histogram.
func (s *Sketch) Bins() []Bin {
	bins := make([]Bin, len(s.keys))
	for i, k := range s.keys {
		lo, hi, _ := edges(k)
		bins[i] = Bin{Lo: lo, Hi: hi, Count: s.counts[i]}
	}
	return bins
}

// order is the bucket of the value with rank r of n, from 1, its edges and stand-in cut to the extremes.
func (s *Sketch) order(r int64) (lo, hi, value float64) {
	for i, k := range s.keys {
		if r -= s.counts[i]; r <= 0 {
			lo, hi, value = edges(k)
			break
		}
	}
	cut := func(x float64) float64 { return math.Min(math.Max(x, s.min), s.max) }
	return cut(lo), cut(hi), cut(value)
}

// Quantile is the value with rank ⌈qn⌉, for 0 ≤ q ≤ 1, to 1 %; the extremes are exact. Its interval holds for any law:
// it runs between the order statistics of ranks l and u with
//
//	P(Bin(n, q) ≤ l−1) ≤ (1−level)/2,   P(Bin(n, q) ≤ u−1) ≥ 1 − (1−level)/2,
//
// and out to the edges of their buckets, so that the sketch's own error is inside it. Where the sample is too small to
// have such ranks, the interval is infinite on that side. At q = 0 and 1 the extreme is all that is known: the interval
// is one-sided by nature and infinite outwards.
func (s *Sketch) Quantile(q, level float64) Estimate {
	alpha := tail(level)
	if s.n == 0 || !(q >= 0 && q <= 1) {
		return Missing(s.n)
	}
	rank := int64(math.Ceil(q * float64(s.n)))
	rank = min(max(rank, 1), s.n)
	e := Estimate{SE: math.NaN(), Lo: math.Inf(-1), Hi: math.Inf(1), N: s.n}
	switch {
	case rank == 1:
		e.Value = s.min
	case rank == s.n:
		e.Value = s.max
	default:
		_, _, e.Value = s.order(rank)
	}
	// l−1 is the largest k with P(Bin ≤ k) ≤ α, u−1 the smallest with P(Bin ≤ k) ≥ 1 − α.
	l := firstTrue(s.n, func(k int64) bool { return binomialAtMost(k, s.n, q) > alpha })
	u := firstTrue(s.n, func(k int64) bool { return 1-binomialAtMost(k, s.n, q) <= alpha }) + 1
	if l >= 1 {
		e.Lo, _, _ = s.order(l)
	}
	if u <= s.n {
		_, e.Hi, _ = s.order(u)
	}
	if !math.IsInf(e.Lo, 0) && !math.IsInf(e.Hi, 0) {
		e.SE = (e.Hi - e.Lo) / 2 / normalQuantile(alpha)
	}
	return e
}

// firstTrue is the smallest k in [0, n) at which a condition that turns true and stays true is true; n if none.
func firstTrue(n int64, condition func(int64) bool) int64 {
	lo, hi := int64(0), n
	for lo < hi {
		if mid := lo + (hi-lo)/2; condition(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// sketchFormat is the first byte of an encoded sketch.
const sketchFormat = 1

// MarshalBinary is the canonical encoding: format, Bad, extremes (where n > 0), number of buckets, and for each bucket
// the distance from the key before it and the count, as varints; about three bytes a bucket. It never fails.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	b := []byte{sketchFormat}
	b = binary.AppendUvarint(b, uint64(s.bad))
	b = binary.AppendUvarint(b, uint64(len(s.keys)))
	if s.n > 0 {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.min))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.max))
	}
	last := int32(0)
	for i, k := range s.keys {
		b = binary.AppendVarint(b, int64(k-last))
		b = binary.AppendUvarint(b, uint64(s.counts[i]))
		last = k
	}
	return b, nil
}

var errSketch = errors.New("estimate: encoded sketch is truncated or damaged; it must be written anew")

// UnmarshalBinary reads what MarshalBinary wrote, and refuses everything else.
func (s *Sketch) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		return errSketch
	}
	if b[0] != sketchFormat {
		return fmt.Errorf("estimate: encoded sketch has format %d; want %d", b[0], sketchFormat)
	}
	b = b[1:]
	good := true
	uvarint := func() int64 {
		v, k := binary.Uvarint(b)
		if k <= 0 || v > math.MaxInt64 {
			good = false
			return 0
		}
		b = b[k:]
		return int64(v)
	}
	var out Sketch
	out.bad = uvarint()
	size := uvarint()
	if !good || size > int64(len(b)) {
		return errSketch
	}
	if size > 0 {
		if len(b) < 16 {
			return errSketch
		}
		out.min = math.Float64frombits(binary.LittleEndian.Uint64(b))
		out.max = math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
		b = b[16:]
	}
	key := int64(0)
	for i := range size {
		d, k := binary.Varint(b)
		if k <= 0 || (i > 0 && d <= 0) || d > 1<<20 || d < -1<<20 {
			return errSketch
		}
		b = b[k:]
		key += d
		count := uvarint()
		if !good || count == 0 || key > int64(bucket(math.Inf(1))) || key < int64(bucket(math.Inf(-1))) || out.n > math.MaxInt64-count {
			return errSketch
		}
		out.keys = append(out.keys, int32(key))
		out.counts = append(out.counts, count)
		out.n += count
	}
	if len(b) != 0 {
		return errSketch
	}
	if size > 0 && (math.IsNaN(out.min) || math.IsNaN(out.max) || bucket(out.min) != out.keys[0] || bucket(out.max) != out.keys[size-1]) {
		return errSketch
	}
	*s = out
	return nil
}
