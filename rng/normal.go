package rng

import "math"

// uniform maps the upper 52 bits of w to the middle of one of 2⁵² cells of (0, 1), which is exact: never 0, never 1. With one
// bit more the middle of the last cell would round to 1.
func uniform(w uint64) float64 { return (float64(w>>12) + 0.5) * 0x1p-52 }

// boxMuller maps 128 bits to two independent standard normals, |z| ≤ 8.5:
//
//	z₀ = r cos φ,  z₁ = r sin φ,  r = √(−2 ln u).
//
// φ is uniform on a half turn, and one bit that φ does not use is the sign of the cosine, so no quadrants are swapped.
// All steps are IEEE operations with explicit fused multiply-adds: the same bits on every CPU. The error of each normal
// is below 4 units in the last place of r.
func boxMuller(a, b uint64) (z0, z1 float64) {
	r := math.Sqrt(-2 * logUnit(uniform(a)))
	t := (float64(int64(b)>>11) + 0.5) * 0x1p-53 // half turns in (−½, ½)
	sin, cos := sinCosHalfTurns(t)
	cos = math.Float64frombits(math.Float64bits(cos) | b<<63)
	return r * cos, r * sin
}

// logUnit is the natural logarithm of u ∈ (0, 1), by
//
//	ln u = e ln 2 + 2 artanh s,  s = (m − 1)/(m + 1),  u = 2ᵉm,  m ∈ [√½, √2),
//
// with the series of artanh to s²¹, whose remainder is below 10⁻¹⁸.
func logUnit(u float64) float64 {
	x := math.Float64bits(u)
	e := int64(x-0x3fe6a09e667f3bcd) >> 52 // floor of log₂(u/√½)
	m := math.Float64frombits(x - uint64(e)<<52)
	s := (m - 1) / (m + 1)
	q := s * s
	p := math.FMA(q, 2.0/21, 2.0/19)
	p = math.FMA(q, p, 2.0/17)
	p = math.FMA(q, p, 2.0/15)
	p = math.FMA(q, p, 2.0/13)
	p = math.FMA(q, p, 2.0/11)
	p = math.FMA(q, p, 2.0/9)
	p = math.FMA(q, p, 2.0/7)
	p = math.FMA(q, p, 2.0/5)
	p = math.FMA(q, p, 2.0/3)
	p = math.FMA(q*s, p, 2*s)
	return math.FMA(float64(e), math.Ln2, p)
}

// sinCosHalfTurns returns sin πt and cos πt for |t| ≤ ½ by their Taylor series to (πt)²¹ and (πt)²², whose remainders
// are below 2·10⁻¹⁸ there.
func sinCosHalfTurns(t float64) (sin, cos float64) {
	x := math.Pi * t
	q := x * x
	p := math.FMA(q, 1.0/51090942171709440000, -1.0/121645100408832000) // 1/21!, 1/19!
	p = math.FMA(q, p, 1.0/355687428096000)
	p = math.FMA(q, p, -1.0/1307674368000)
	p = math.FMA(q, p, 1.0/6227020800)
	p = math.FMA(q, p, -1.0/39916800)
	p = math.FMA(q, p, 1.0/362880)
	p = math.FMA(q, p, -1.0/5040)
	p = math.FMA(q, p, 1.0/120)
	p = math.FMA(q, p, -1.0/6)
	sin = math.FMA(q*x, p, x)

	c := math.FMA(q, -1.0/1124000727777607680000, 1.0/2432902008176640000) // 1/22!, 1/20!
	c = math.FMA(q, c, -1.0/6402373705728000)
	c = math.FMA(q, c, 1.0/20922789888000)
	c = math.FMA(q, c, -1.0/87178291200)
	c = math.FMA(q, c, 1.0/479001600)
	c = math.FMA(q, c, -1.0/3628800)
	c = math.FMA(q, c, 1.0/40320)
	c = math.FMA(q, c, -1.0/720)
	c = math.FMA(q, c, 1.0/24)
	c = math.FMA(q, c, -0.5)
	cos = math.FMA(q, c, 1)
	return sin, cos
}
