package elementary

import (
	"math"
	"math/bits"
)

// Sin is the sine of an angle in radians, however large. Its error is below 1 ulp.
func Sin(x float64) float64 {
	if math.Abs(x) < 0x1p-27 {
		return x
	}
	r, q := quarter(x)
	var y float64
	if q&1 == 0 {
		y = sinOf(r)
	} else {
		y = cosOf(r)
	}
	if q&2 != 0 {
		y = -y
	}
	return y
}

// Cos is the cosine of an angle in radians, however large. Its error is below 1 ulp.
func Cos(x float64) float64 {
	r, q := quarter(x)
	var y float64
	if q&1 == 0 {
		y = cosOf(r)
	} else {
		y = sinOf(r)
	}
	if q == 1 || q == 2 {
		y = -y
	}
	return y
}

// Tan is the tangent of an angle in radians, however large. Its error is below 2 ulp.
func Tan(x float64) float64 {
	if math.Abs(x) < 0x1p-27 {
		return x
	}
	r, q := quarter(x)
	if q&1 == 0 {
		return sinOf(r) / cosOf(r)
	}
	return -cosOf(r) / sinOf(r)
}

// halfPi is π/2 in three parts of 53 bits.
var halfPi = [3]float64{1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33}

// quarter is x = qπ/2 + r, |r| ≤ π/4 (and a rounding error), q modulo 4. NaN where x is not finite.
//
// Below 2³⁰, Cody and Waite: with fused multiply-adds qπ/2 is subtracted exactly, but for its third part. Above, Payne and
// Hanek: of 2/π only the 192 bits are multiplied that give x·2/π modulo 4.
func quarter(x float64) (r pair, q int) {
	a := math.Abs(x)
	switch {
	case a <= math.Pi/4:
		return pair{x, 0}, 0
	case !(a <= math.MaxFloat64):
		return pair{math.NaN(), math.NaN()}, 0
	case a < 0x1p30:
		k := math.Floor(math.FMA(x, 2/math.Pi, 0.5))
		hi := math.FMA(-k, halfPi[0], x) // exact: a multiple of 2⁻⁵³ below 1
		p := float64(k * halfPi[1])
		e := math.FMA(k, halfPi[1], -p)
		r = twoSum(hi, -p)
		r = twoSum(r.hi, r.lo-math.FMA(k, halfPi[2], e))
		return r, int(int64(k) & 3)
	}
	b := math.Float64bits(a)
	m, e := b&(1<<52-1)|1<<52, int(b>>52)-1075 // a = m·2ᵉ
	// Bits of 2/π before number e − 1, of weight 2^(1−e), give multiples of 4. The table begins with 64 zero bits.
	at := e - 2 + 64
	var w [4]uint64
	for i := range w {
		w[i] = word(at/64 + i)
	}
	if s := uint(at % 64); s != 0 {
		for i := range 3 {
			w[i] = w[i]<<s | w[i+1]>>(64-s)
		}
	}
	// p = m·w modulo 2¹⁹²: the fraction, two bits before its point.
	h2, p2 := bits.Mul64(w[2], m)
	h1, l1 := bits.Mul64(w[1], m)
	p1, c := bits.Add64(l1, h2, 0)
	p0 := w[0]*m + h1 + c
	q = int(p0 >> 62)
	p0, p1, p2 = p0<<2|p1>>62, p1<<2|p2>>62, p2<<2
	negative := p0>>63 != 0 // a fraction above ½ belongs to the next quarter
	if negative {
		q++
		var borrow uint64
		p2, borrow = bits.Sub64(0, p2, 0)
		p1, borrow = bits.Sub64(0, p1, borrow)
		p0, _ = bits.Sub64(0, p0, borrow)
	}
	// The leading 53 bits and the 53 after them.
	zeros := bits.LeadingZeros64(p0)
	if p0 == 0 {
		zeros = 64 + bits.LeadingZeros64(p1)
	}
	for range zeros / 64 {
		p0, p1, p2 = p1, p2, 0
	}
	if s := uint(zeros % 64); s != 0 {
		p0, p1 = p0<<s|p1>>(64-s), p1<<s|p2>>(64-s)
	}
	hi := math.Ldexp(float64(p0>>11), -53-zeros)
	lo := math.Ldexp(float64(p0<<53>>11|p1>>22), -106-zeros)
	r = quickSum(hi, lo).mul(pair{halfPi[0], halfPi[1]})
	if negative != (x < 0) {
		r = pair{-r.hi, -r.lo}
	}
	if x < 0 {
		q = -q
	}
	return r, q & 3
}

func word(i int) uint64 {
	if i >= 1 && i <= len(twoOverPi) {
		return twoOverPi[i-1]
	}
	return 0
}

// sinOf is the sine of a pair, |r| ≤ π/4. Polynomials of FreeBSD's msun (Sun Microsystems, 1993), here and below.
func sinOf(r pair) float64 {
	x, z := r.hi, float64(r.hi*r.hi)
	v := float64(z * x)
	p := poly(z, sinC[1:])
	return x - (math.FMA(z, math.FMA(-v, p, float64(0.5*r.lo)), -r.lo) - float64(v*sinC[0]))
}

// cosOf is the cosine of a pair, |r| ≤ π/4.
func cosOf(r pair) float64 {
	x, z := r.hi, float64(r.hi*r.hi)
	half := float64(0.5 * z)
	w := 1 - half
	p := float64(z * poly(z, cosC[:]))
	return w + (((1 - w) - half) + math.FMA(z, p, -float64(x*r.lo)))
}

var (
	sinC = [...]float64{-1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10}
	cosC = [...]float64{4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05, -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11}
)

// Atan is the inverse tangent. Its error is below 1 ulp.
func Atan(x float64) float64 {
	a := math.Abs(x)
	switch {
	case a < 0x1p-27 || math.IsNaN(x):
		return x
	case a >= 0x1p66:
		return math.Copysign(math.Pi/2, x)
	}
	i := -1
	switch {
	case a < 7.0/16:
	case a < 11.0/16:
		i, a = 0, (2*a-1)/(2+a)
	case a < 19.0/16:
		i, a = 1, (a-1)/(a+1)
	case a < 39.0/16:
		i, a = 2, (a-1.5)/math.FMA(1.5, a, 1)
	default:
		i, a = 3, -1/a
	}
	z := a * a
	s := float64(z * poly(z, atanC[:]))
	if i < 0 {
		return math.Copysign(a-float64(a*s), x)
	}
	return math.Copysign(atanHi[i]-((float64(a*s)-atanLo[i])-a), x)
}

var (
	atanHi = [...]float64{4.63647609000806093515e-01, 7.85398163397448278999e-01, 9.82793723247329054082e-01, 1.57079632679489655800e+00} // atan ½, 1, 3/2, ∞
	atanLo = [...]float64{2.26987774529616870924e-17, 3.06161699786838301793e-17, 1.39033110312309984516e-17, 6.12323399573676603587e-17}
	atanC  = [...]float64{3.33333333333329318027e-01, -1.99999999998764832476e-01, 1.42857142725034663711e-01, -1.11111104054623557880e-01, 9.09088713343650656196e-02, -7.69187620504482999495e-02, 6.66107313738753120669e-02, -5.83357013379057348645e-02, 4.97687799461593236017e-02, -3.65315727442169155270e-02, 1.62858201153657823623e-02}
)

// twoOverPi holds the first 1216 bits of 2/π after the point.
var twoOverPi = [...]uint64{
	0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c,
	0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
	0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08,
	0x56033046fc7b6bab,
}
