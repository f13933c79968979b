package elementary

import "math"

// Algorithms and constants of Exp, Log and their kin are those of FreeBSD's msun (Sun Microsystems, 1993).

const (
	ln2Hi = 6.93147180369123816490e-01 // 32 bits, so that its products with exponents are exact
	ln2Lo = 1.90821492927058770002e-10
)

// Log is the natural logarithm: −∞ at 0, NaN below. Its error is below 1 ulp.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f, k := m-1, float64(e)
	s := f / (2 + f)
	s2 := s * s
	s4 := s2 * s2
	odd := math.FMA(s4, math.FMA(s4, math.FMA(s4, 1.479819860511658591e-01, 1.818357216161805012e-01), 2.857142874366239149e-01), 6.666666666666735130e-01)
	even := math.FMA(s4, math.FMA(s4, 1.531383769920937332e-01, 2.222219843214978396e-01), 3.999999999940941908e-01)
	r := math.FMA(s2, odd, float64(s4*even))
	half := float64(0.5 * f * f)
	return math.FMA(k, ln2Hi, -((half - math.FMA(s, half+r, float64(k*ln2Lo))) - f))
}

// Log1p is log(1 + x), accurate also for small x: −∞ at −1, NaN below. Its error is below 1.5 ulp.
func Log1p(x float64) float64 {
	u := 1 + x
	if !(x > -1) || math.IsInf(x, 1) {
		return Log(u)
	}
	if u == 1 {
		return x
	}
	// What rounding 1 + x lost, where the larger of the two is u's.
	lost := x - (u - 1)
	if x > 1 {
		lost = 1 - (u - x)
	}
	return Log(u) + lost/u
}

// Exp is eˣ. Its error is below 1 ulp.
func Exp(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x < -745.2:
		return 0
	case x > 709.782712893384:
		return math.Inf(1)
	}
	k := math.Floor(math.FMA(x, math.Log2E, 0.5))
	return expOf(math.FMA(-k, ln2Hi, x), float64(k*ln2Lo), int(k))
}

// expOf is 2ᵏ·exp(hi − lo) for |hi − lo| ≤ ½ log 2.
func expOf(hi, lo float64, k int) float64 {
	r := hi - lo
	t := r * r
	p := math.FMA(t, math.FMA(t, math.FMA(t, math.FMA(t, 4.13813679705723846039e-08, -1.65339022054652515390e-06), 6.61375632143793436117e-05), -2.77777777770155933842e-03), 1.66666666666666019037e-01)
	c := math.FMA(-t, p, r)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return math.Ldexp(y, k)
}

// Expm1 is eˣ − 1, accurate also for small x. Its error is below 1 ulp.
func Expm1(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1) || math.Abs(x) < 0x1p-54:
		return x
	case x < -38.9:
		return -1
	case x > 709.782712893384:
		return math.Inf(1)
	}
	// x = k log 2 + r + c, with |r| ≤ ½ log 2 and c what rounding r lost.
	k, r, c := 0.0, x, 0.0
	if math.Abs(x) > 0.5*math.Ln2 {
		k = math.Floor(math.FMA(x, math.Log2E, 0.5))
		hi, lo := math.FMA(-k, ln2Hi, x), float64(k*ln2Lo)
		r = hi - lo
		c = (hi - r) - lo
	}
	half := 0.5 * r
	h := r * half
	r1 := math.FMA(h, poly(h, expm1Q[:]), 1)
	t := math.FMA(-r1, half, 3)
	e := float64(h * ((r1 - t) / math.FMA(-r, t, 6)))
	if k == 0 {
		return r - math.FMA(r, e, -h)
	}
	e = math.FMA(r, e-c, -c) - h // eʳ⁺ᶜ − 1 = r − e
	switch {
	case k == -1:
		return math.FMA(0.5, r-e, -0.5)
	case k == 1 && r < -0.25:
		return -2 * (e - (r + 0.5))
	case k == 1:
		return math.FMA(2, r-e, 1)
	case k <= -2 || k > 56:
		return math.Ldexp(1-(e-r), int(k)) - 1
	case k < 20:
		return math.Ldexp((1-math.Ldexp(1, -int(k)))-(e-r), int(k))
	}
	return math.Ldexp((r-(e+math.Ldexp(1, -int(k))))+1, int(k))
}

var expm1Q = [...]float64{-3.33333333333331316428e-02, 1.58730158725481460165e-03, -7.93650757867487942473e-05, 4.00821782732936239552e-06, -2.01099218183624371326e-07}

// Sinh is the hyperbolic sine. Its error is below 2 ulp.
func Sinh(x float64) float64 {
	a, half := math.Abs(x), math.Copysign(0.5, x)
	switch {
	case a < 0x1p-28 || math.IsNaN(x) || math.IsInf(x, 0):
		return x
	case a < 1:
		t := Expm1(a)
		return half * (2*t - float64(t*t)/(t+1))
	case a < 22:
		t := Expm1(a)
		return half * (t + t/(t+1))
	}
	return grown(a) * math.Copysign(1, x)
}

// Cosh is the hyperbolic cosine. Its error is below 2 ulp.
func Cosh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return a
	case a < 0.5*math.Ln2:
		t := Expm1(a)
		return 1 + float64(t*t)/(2*(1+t))
	case a < 22:
		t := Exp(a)
		return math.FMA(0.5, t, 0.5/t)
	}
	return grown(a)
}

// grown is ½eᵃ, also where eᵃ is too large.
func grown(a float64) float64 {
	if a > 711 {
		return math.Inf(1)
	}
	k := math.Floor(math.FMA(a, math.Log2E, 0.5))
	return expOf(math.FMA(-k, ln2Hi, a), float64(k*ln2Lo), int(k)-1)
}

// Tanh is the hyperbolic tangent. Its error is below 2 ulp.
func Tanh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case a < 0x1p-28 || math.IsNaN(x):
		return x
	case a < 1:
		t := Expm1(-2 * a)
		return math.Copysign(t/(t+2), x)
	case a < 22:
		t := Expm1(2 * a)
		return math.Copysign(1-2/(t+2), x)
	}
	return math.Copysign(1, x)
}

// poly is Σ cᵢxⁱ.
func poly(x float64, c []float64) float64 {
	y := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		y = math.FMA(x, y, c[i])
	}
	return y
}
