package elementary

import "math"

// Pow is xʸ, with the limits and signs of the standard library's: x⁰ = 1 and 1ʸ = 1 whatever the other, NaN for x < 0 and
// fractional y. Whole powers up to ±1024 and square roots are rounded correctly (but for ties within 2⁻⁹⁰ of the middle),
// so that exact powers are exact; the error of others is below 1 ulp.
func Pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case y == 1:
		return x
	case y == 0.5 && x > 0:
		return math.Sqrt(x)
	case math.IsNaN(x) || math.IsNaN(y):
		return math.NaN()
	}
	whole := math.Floor(y) == y // all large y are whole, and even
	odd := whole && math.Abs(y) < 0x1p53 && math.Floor(y/2) != y/2
	negative := odd && math.Signbit(x)
	a := math.Abs(x)
	var p float64
	switch {
	case x < 0 && !whole && !math.IsInf(x, 0):
		return math.NaN()
	case a == 1: // (−1)^±∞ too
		p = 1
	case math.IsInf(y, 0):
		if (a > 1) == (y > 0) {
			p = math.Inf(1)
		}
	case a == 0 || math.IsInf(a, 1):
		if (a == 0) == (y < 0) {
			p = math.Inf(1)
		}
	case whole && math.Abs(y) <= 1024:
		p = wholePower(a, int(y))
	default:
		p = power(a, y)
	}
	if negative {
		p = -p
	}
	return p
}

// pair is an unevaluated sum hi + lo of two numbers, |lo| at most half a unit in the last place of hi.
type pair struct{ hi, lo float64 }

func twoSum(a, b float64) pair {
	s := a + b
	t := s - a
	return pair{s, (a - (s - t)) + (b - t)}
}

// quickSum is twoSum for |a| ≥ |b|.
func quickSum(a, b float64) pair {
	s := a + b
	return pair{s, b - (s - a)}
}

func (a pair) mul(b pair) pair {
	p := a.hi * b.hi
	e := math.FMA(a.hi, b.hi, -p)
	e = math.FMA(a.hi, b.lo, math.FMA(a.lo, b.hi, e))
	return quickSum(p, e)
}

// add is a + b for |a| ≥ |b|.
func (a pair) add(b pair) pair {
	s := twoSum(a.hi, b.hi)
	return quickSum(s.hi, s.lo+(a.lo+b.lo))
}

// wholePower is aⁿ for 0 < a < ∞, by squaring pairs of fractions, whose exponents are kept apart.
func wholePower(a float64, n int) float64 {
	f, e := math.Frexp(a)
	m := n
	if m < 0 {
		m = -m
	}
	result, base := pair{1, 0}, pair{f, 0}
	exp, baseExp := 0, e
	for {
		if m&1 != 0 {
			result, exp = result.mul(base), exp+baseExp
			result, exp = result.normal(exp)
		}
		if m >>= 1; m == 0 {
			break
		}
		base, baseExp = base.mul(base), 2*baseExp
		base, baseExp = base.normal(baseExp)
	}
	if n < 0 {
		q := 1 / result.hi
		r := math.FMA(-q, result.hi, 1)
		r = math.FMA(-q, result.lo, r)
		result, exp = quickSum(q, r/result.hi), -exp
	}
	return result.scaled(exp)
}

// normal moves the exponent of a pair to exp.
func (a pair) normal(exp int) (pair, int) {
	_, e := math.Frexp(a.hi)
	return pair{math.Ldexp(a.hi, -e), math.Ldexp(a.lo, -e)}, exp + e
}

// scaled is (hi + lo)·2ᵉ, rounded once also below the normal numbers.
func (a pair) scaled(e int) float64 {
	_, own := math.Frexp(a.hi)
	if shift := own + e; shift < -1021 && shift > -1080 { // the last place of the result is 2⁻¹⁰⁷⁴
		unit := math.Ldexp(1, -1074-e)
		n := math.Floor(a.hi / unit) // exact: unit is a power of two
		rest := float64(a.hi-float64(n*unit)) + a.lo
		switch {
		case rest > unit/2, rest == unit/2 && math.Floor(n/2) != n/2:
			n++
		case rest < 0 && -rest > unit/2:
			n--
		}
		return math.Ldexp(n, -1074)
	}
	return math.Ldexp(a.hi+a.lo, e)
}

// power is aʸ for 0 < a < ∞ by the logarithm of a as a pair.
func power(a, y float64) float64 {
	l := logPair(a)
	p := l.hi * y
	if p > 710 {
		return math.Inf(1)
	}
	if p < -746 {
		return 0
	}
	e := math.FMA(l.lo, y, math.FMA(l.hi, y, -p))
	k := math.Floor(math.FMA(p, math.Log2E, 0.5))
	return expOf(math.FMA(-k, ln2Hi, p), math.FMA(k, ln2Lo, -e), int(k))
}

// logPair is log a to some 65 bits, by log m = 2 artanh s, s = (m − 1)/(m + 1), for m = a/2ᵏ from √½ to √2: the series in
// s² ≤ 0.0295 to s²⁸, its first terms as pairs.
func logPair(a float64) pair {
	m, k := math.Frexp(a)
	if m < math.Sqrt2/2 {
		m *= 2
		k--
	}
	den := twoSum(m, 1)
	s := pair{hi: (m - 1) / den.hi}
	r := math.FMA(-s.hi, den.hi, m-1)
	s.lo = math.FMA(-s.hi, den.lo, r) / den.hi
	t := s.mul(s)
	tail := poly(t.hi, artanh[:])
	u := third5.add(quickSum(t.hi*tail, 0)) // 1/5 + t(1/7 + …)
	u = third3.add(t.mul(u))
	u = pair{1, 0}.add(t.mul(u))
	l := s.mul(u)
	l = pair{2 * l.hi, 2 * l.lo}
	if k == 0 {
		return l
	}
	n := float64(k)
	q := twoSum(float64(n*ln2Hi), l.hi)
	low := math.FMA(n, ln2Lo, l.lo)
	return quickSum(q.hi, q.lo+low)
}

var (
	third3 = pair{1.0 / 3, 1.850371707708594e-17} // ⅓
	third5 = pair{0.2, -1.1102230246251566e-17}   // ⅕
	artanh = [...]float64{1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23, 1.0 / 25, 1.0 / 27, 1.0 / 29}
)
