package elementary

import "math"

// SinPi is sin πx, exactly 0 at whole x. Its error is below 3 ulp.
func SinPi(x float64) float64 {
	a := math.Abs(x)
	if a > 1 {
		if !(a < 0x1p53) { // an even number, ±∞ or NaN
			return x - x
		}
		a -= float64(2 * math.Floor(float64(a/2)))
		if a > 1 {
			a, x = 2-a, -x
		}
	}
	switch {
	case a > 0.75:
		return math.Copysign(sinTaylor(math.Pi*(1-a)), x)
	case a > 0.25:
		return math.Copysign(cosTaylor(math.Pi*(0.5-a)), x)
	}
	return math.Copysign(sinTaylor(math.Pi*a), x)
}

// CosPi is cos πx, also close to its zeros, which are exact. Its error is below 3 ulp.
func CosPi(x float64) float64 {
	a := math.Abs(x)
	if a > 1 {
		if !(a < 0x1p53) {
			return 1 + (x - x)
		}
		a -= float64(2 * math.Floor(float64(a/2)))
		a = min(a, 2-a)
	}
	switch {
	case a > 0.75:
		return -cosTaylor(math.Pi * (1 - a))
	case a > 0.25:
		return sinTaylor(math.Pi * (0.5 - a))
	}
	return cosTaylor(math.Pi * a)
}

// sinTaylor is sin y for |y| ≤ π/4, with its series to y¹⁷: the remainder is below 10⁻¹⁹.
func sinTaylor(y float64) float64 {
	q, s := y*y, 1.0
	for k := 17; k >= 3; k -= 2 {
		s = math.FMA(-q/float64((k-1)*k), s, 1)
	}
	return y * s
}

// cosTaylor is cos y for |y| ≤ π/4, with its series to y¹⁸: the remainder is below 10⁻²⁰.
func cosTaylor(y float64) float64 {
	q, s := y*y, 1.0
	for k := 18; k >= 2; k -= 2 {
		s = math.FMA(-q/float64((k-1)*k), s, 1)
	}
	return s
}
