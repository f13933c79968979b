package noise

import (
	"math"

	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Functions with the same bits on every CPU: IEEE operations and explicit fused multiply-adds only. Errors are a few units
// in the last place.

// sinPi is sin πx for |x| ≤ 1.
func sinPi(x float64) float64 {
	a := math.Abs(x)
	switch {
	case a > 0.75:
		return math.Copysign(sinTaylor(math.Pi*(1-a)), x)
	case a > 0.25:
		return math.Copysign(cosTaylor(math.Pi*(0.5-a)), x)
	}
	return sinTaylor(math.Pi * x)
}

// cosPi is cos πx for |x| ≤ ½, also close to its zeros, where 0.5 − |x| is exact.
func cosPi(x float64) float64 {
	a := math.Abs(x)
	if a > 0.25 {
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

// powers is vᵖ in each lane; square roots, which laws with a variance need, are exact.
func powers(v lanes.Vec, p float64) lanes.Vec {
	for l, x := range v {
		switch p {
		case 0.5:
			v[l] = math.Sqrt(x)
		case 0:
			v[l] = 1
		case 1:
		default:
			v[l] = linalg.Exp(p * linalg.Log(x))
		}
	}
	return v
}
