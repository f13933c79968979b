package ensemble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"sort"

	"sgdlab/estimate"
)

// Stat streams one number over replicas. It keeps what is exact of them: up to 32 values as they are, of more than those
// the sums
//
//	Σx, Σx², Σx³, Σx⁴
//
// as integers times a power of two, and a sketch. So equal multisets of values give equal bits and equal bytes, in
// whatever order they were added, however they were split into parts and in whatever order the parts were merged:
// results do not depend on which replicas shared a shard, and a run that is extended has the numbers of one that was
// long from the start. The moments are rounded once, when they are asked for.
//
// A value takes about 0.1 µs. The sums of like numbers take some 300 bytes; those of numbers whose magnitudes differ by
// 2^k take 10·k/8 bytes more.
type Stat struct {
	few  []float64 // ascending, −0 before 0; nil once there are many
	many *sums
	nan  int64
}

// fewest is how many values are kept as they are.
const fewest = 32

// sums are what is kept of many values.
type sums struct {
	n, infinite int64 // of these, ±∞
	min, max    float64
	power       [4]exact // Σxᵏ⁺¹ over the finite values
	sketch      estimate.Sketch
}

// Add takes in one value.
func (s *Stat) Add(x float64) {
	switch {
	case math.IsNaN(x):
		s.nan++
	case s.many != nil:
		s.many.add(x)
	case len(s.few) < fewest:
		i := sort.Search(len(s.few), func(i int) bool { return below(x, s.few[i]) })
		s.few = slices.Insert(s.few, i, x)
	default:
		s.spill()
		s.many.add(x)
	}
}

// below orders values, −0 before 0.
func below(a, b float64) bool { return a < b || a == b && math.Signbit(a) && !math.Signbit(b) }

func (s *Stat) spill() {
	s.many = &sums{}
	for _, x := range s.few {
		s.many.add(x)
	}
	s.few = nil
}

// Merge takes in another part, which is left as it is.
func (s *Stat) Merge(b *Stat) {
	s.nan += b.nan
	if b.many == nil && s.many == nil && len(s.few)+len(b.few) <= fewest {
		s.few = append(s.few, b.few...)
		sort.Slice(s.few, func(i, j int) bool { return below(s.few[i], s.few[j]) })
		return
	}
	if s.many == nil {
		s.spill()
	}
	if b.many == nil {
		for _, x := range b.few {
			s.many.add(x)
		}
		return
	}
	s.many.merge(b.many)
}

// N is the number of finite values.
func (s *Stat) N() int64 {
	if s.many != nil {
		return s.many.n - s.many.infinite
	}
	n := int64(0)
	for _, x := range s.few {
		if !math.IsInf(x, 0) {
			n++
		}
	}
	return n
}

// Moments are the mean and the central sums of the values, each the float64 nearest to the exact number.
func (s *Stat) Moments() estimate.Moments {
	m := s.many
	if m == nil {
		m = &sums{}
		for _, x := range s.few {
			m.moments(x)
		}
	}
	out := estimate.Moments{N: m.n - m.infinite, Bad: s.nan + m.infinite}
	if out.N == 0 {
		return out
	}
	out.Min, out.Max = m.min, m.max
	if m.min == m.max {
		out.M = m.min
		return out
	}
	// Sₖ = Jₖ·2^(k·unit)
	var j [5]*big.Int
	var e [5]int
	unit := math.MaxInt
	for k := 1; k <= 4; k++ {
		j[k], e[k] = m.power[k-1].value()
		unit = min(unit, floorDiv(e[k], k))
	}
	for k := 1; k <= 4; k++ {
		j[k].Lsh(j[k], uint(e[k]-k*unit))
	}
	n := big.NewInt(out.N)
	product := func(c int64, of ...*big.Int) *big.Int {
		x := big.NewInt(c)
		for _, f := range of {
			x.Mul(x, f)
		}
		return x
	}
	total := func(of ...*big.Int) *big.Int {
		x := new(big.Int)
		for _, f := range of {
			x.Add(x, f)
		}
		return x
	}
	s1, s2, s3, s4 := j[1], j[2], j[3], j[4]
	n2 := product(1, n, n)
	out.M = quotient(s1, n, unit)
	out.M2 = quotient(total(product(1, n, s2), product(-1, s1, s1)), n, 2*unit)
	out.M3 = quotient(total(product(1, n2, s3), product(-3, n, s1, s2), product(2, s1, s1, s1)), n2, 3*unit)
	out.M4 = quotient(total(product(1, n2, n, s4), product(-4, n2, s1, s3), product(6, n, s1, s1, s2), product(-3, s1, s1, s1, s1)),
		product(1, n2, n), 4*unit)
	return out
}

// quotient is the float64 nearest to a/b·2^e.
func quotient(a, b *big.Int, e int) float64 {
	x := new(big.Float).SetInt(a) // exact: SetInt takes the precision it needs
	y := new(big.Float).SetInt(b)
	z := new(big.Float).SetPrec(53).Quo(x, y)
	f, _ := z.SetMantExp(z, e).Float64()
	return f
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Sketch is a sketch of the values, NaNs counted apart; it is the Stat's own.
func (s *Stat) Sketch() *estimate.Sketch {
	k := &estimate.Sketch{}
	if s.many != nil {
		*k = s.many.sketch
	}
	for _, x := range s.few {
		k.Add(x)
	}
	for range s.nan {
		k.Add(math.NaN())
	}
	return k
}

func (m *sums) add(x float64) {
	m.moments(x)
	m.sketch.Add(x)
}

// moments takes a value into all but the sketch.
func (m *sums) moments(x float64) {
	m.n++
	if math.IsInf(x, 0) {
		m.infinite++
		return
	}
	if m.n-m.infinite == 1 {
		m.min, m.max = x, x
	} else {
		m.min, m.max = math.Min(m.min, x), math.Max(m.max, x)
	}
	if x == 0 {
		return
	}
	b := math.Float64bits(x)
	mantissa, e := b&(1<<52-1), int(b>>52&0x7ff)
	if e == 0 {
		e = 1
	} else {
		mantissa |= 1 << 52
	}
	e -= 1075
	negative := x < 0
	power := [4]uint64{mantissa}
	for k := range m.power {
		if k > 0 {
			carry := uint64(0)
			for i := range k + 1 {
				hi, lo := bits.Mul64(power[i], mantissa)
				var c uint64
				power[i], c = bits.Add64(lo, carry, 0)
				carry = hi + c
			}
		}
		m.power[k].add(negative && k%2 == 0, power[:k+1], (k+1)*e)
	}
}

func (m *sums) merge(b *sums) {
	if b.n-b.infinite > 0 {
		if m.n-m.infinite == 0 {
			m.min, m.max = b.min, b.max
		} else {
			m.min, m.max = math.Min(m.min, b.min), math.Max(m.max, b.max)
		}
	}
	m.n += b.n
	m.infinite += b.infinite
	for k := range m.power {
		m.power[k].merge(&b.power[k])
	}
	m.sketch.Merge(&b.sketch)
}

// exact is a sum of integers times powers of two: Σ limb[i]·2^(32(low+i)). Limbs hold more than 32 bits each between two
// settlings of what they carry.
type exact struct {
	low  int
	limb []int64
	adds int // since the last settling; each adds less than 2³³ to a limb
}

const manyAdds = 1 << 29

// window makes sure of limbs from lo to hi, inclusive.
func (s *exact) window(lo, hi int) {
	if len(s.limb) == 0 {
		s.low = lo
		s.limb = make([]int64, hi-lo+1)
		return
	}
	if lo < s.low {
		s.limb = slices.Insert(s.limb, 0, make([]int64, s.low-lo)...)
		s.low = lo
	}
	if more := hi - s.low + 1 - len(s.limb); more > 0 {
		s.limb = append(s.limb, make([]int64, more)...)
	}
}

// add adds ±m·2^e, m an integer of 64-bit words, the least first.
func (s *exact) add(negative bool, m []uint64, e int) {
	if s.adds >= manyAdds {
		s.settle()
	}
	s.adds++
	first, shift := floorDiv(e, 32), uint(e-32*floorDiv(e, 32))
	top := 2*len(m) - 1
	if m[top/2]>>32 == 0 {
		top--
	}
	s.window(first, first+top+1)
	at := s.limb[first-s.low:]
	for i := 0; i <= top; i++ {
		v := (m[i/2] >> (32 * uint(i%2)) & 0xffffffff) << shift
		lo, hi := int64(v&0xffffffff), int64(v>>32)
		if negative {
			lo, hi = -lo, -hi
		}
		at[i] += lo
		at[i+1] += hi
	}
}

func (s *exact) merge(b *exact) {
	if len(b.limb) == 0 {
		return
	}
	if s.adds+b.adds+1 > manyAdds {
		s.settle()
		if s.adds+b.adds+1 > manyAdds {
			c := exact{low: b.low, limb: slices.Clone(b.limb), adds: b.adds}
			c.settle()
			b = &c
		}
	}
	s.window(b.low, b.low+len(b.limb)-1)
	for i, x := range b.limb {
		s.limb[b.low-s.low+i] += x
	}
	s.adds += b.adds
}

// settle carries, so that every limb but the last is in [0, 2³²) and the last is small.
func (s *exact) settle() {
	carry := int64(0)
	for i := range s.limb {
		x := s.limb[i] + carry
		s.limb[i], carry = x&0xffffffff, x>>32
	}
	if carry != 0 {
		s.limb = append(s.limb, carry)
	}
	s.adds = 1
}

// value is the sum as x·2^e, x odd or 0.
func (s *exact) value() (x *big.Int, e int) {
	x = new(big.Int)
	var limb big.Int
	for i := len(s.limb) - 1; i >= 0; i-- {
		x.Lsh(x, 32)
		x.Add(x, limb.SetInt64(s.limb[i]))
	}
	if x.Sign() == 0 {
		return x, 0
	}
	zeros := x.TrailingZeroBits()
	return x.Rsh(x, zeros), 32*s.low + int(zeros)
}

// set makes the sum x·2^e.
func (s *exact) set(x *big.Int, e int) {
	*s = exact{}
	if x.Sign() == 0 {
		return
	}
	bytes := x.Bytes() // of |x|, the greatest first
	slices.Reverse(bytes)
	words := make([]uint64, (len(bytes)+7)/8)
	for i, b := range bytes {
		words[i/8] |= uint64(b) << (8 * (i % 8))
	}
	s.add(x.Sign() < 0, words, e)
}

// MarshalBinary is the canonical encoding: the number of NaNs and of values; few values as they are; of many, ±∞ counted
// apart, the extremes, the sums as odd integers with their exponents, and the sketch. It never fails.
func (s *Stat) MarshalBinary() ([]byte, error) {
	b := binary.AppendUvarint(nil, uint64(s.nan))
	m := s.many
	if m == nil {
		b = binary.AppendUvarint(b, uint64(len(s.few)))
		for _, x := range s.few {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		return b, nil
	}
	b = binary.AppendUvarint(b, uint64(m.n))
	b = binary.AppendUvarint(b, uint64(m.infinite))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(m.min))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(m.max))
	for k := range m.power {
		x, e := m.power[k].value()
		digits := x.Bytes()
		size := int64(len(digits))
		if x.Sign() < 0 {
			size = -size
		}
		b = binary.AppendVarint(b, int64(e))
		b = binary.AppendVarint(b, size)
		b = append(b, digits...)
	}
	sketch, err := m.sketch.MarshalBinary()
	return append(b, sketch...), err
}

var errStat = errors.New("encoded statistics are truncated or damaged")

// UnmarshalBinary reads what MarshalBinary wrote.
func (s *Stat) UnmarshalBinary(b []byte) error {
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
	varint := func() int64 {
		v, k := binary.Varint(b)
		if k <= 0 {
			good = false
			return 0
		}
		b = b[k:]
		return v
	}
	number := func() float64 {
		if len(b) < 8 {
			good = false
			return 0
		}
		x := math.Float64frombits(binary.LittleEndian.Uint64(b))
		b = b[8:]
		return x
	}
	out := Stat{nan: uvarint()}
	n := uvarint()
	if n <= fewest {
		for range n {
			out.few = append(out.few, number())
		}
		for i, x := range out.few {
			good = good && !math.IsNaN(x) && (i == 0 || !below(x, out.few[i-1]))
		}
		if !good || len(b) > 0 {
			return errStat
		}
		*s = out
		return nil
	}
	m := &sums{n: n, infinite: uvarint()}
	m.min, m.max = number(), number()
	const widest = 5000 // bytes, and bits of an exponent: twice what float64s to the fourth power need
	for k := range m.power {
		e, size := varint(), varint()
		if !good || e < -widest || e > widest || max(size, -size) > min(widest, int64(len(b))) {
			return errStat
		}
		x := new(big.Int).SetBytes(b[:max(size, -size)])
		b = b[max(size, -size):]
		if size < 0 {
			x.Neg(x)
		}
		m.power[k].set(x, int(e))
	}
	if !good || m.infinite > m.n {
		return errStat
	}
	if err := m.sketch.UnmarshalBinary(b); err != nil {
		return fmt.Errorf("%w: %w", errStat, err)
	}
	out.many = m
	*s = out
	return nil
}

// GobEncode is MarshalBinary.
func (s *Stat) GobEncode() ([]byte, error) { return s.MarshalBinary() }

// GobDecode is UnmarshalBinary.
func (s *Stat) GobDecode(b []byte) error { return s.UnmarshalBinary(b) }
