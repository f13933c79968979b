package estimate

import (
	"math"

	"sgdlab/elementary"
)

// Distribution functions from two incomplete integrals,
//
//	P(a, x) = ∫₀ˣ tᵃ⁻¹e⁻ᵗ dt / Γ(a),   I_x(a, b) = ∫₀ˣ tᵃ⁻¹(1−t)ᵇ⁻¹ dt / B(a, b),
//
// by series and Lentz's continued fractions, in front of which stands a Poisson or binomial probability in Loader's saddle-point
// form, which keeps its relative accuracy at large a and b. Quantiles are found by bisection down to neighbouring floats.
//
// Sources: DLMF 8.9, 8.17; Loader 2000, "Fast and accurate computation of binomial probabilities".

// The value at which continued fractions and series have converged.
const converged = 1e-16

// lnGamma is log Γ(x) for x > 0: Stirling's series, after moving x above 15.
func lnGamma(x float64) float64 {
	shift := 1.0
	for x < 15 {
		shift *= x
		x++
	}
	return math.FMA(x-0.5, elementary.Log(x), -x) + 0.91893853320467274178 + stirlingTail(x) - elementary.Log(shift)
}

// stirlingTail is Stirling's series 1/(12x) − 1/(360x³) + … of log Γ, for x ≥ 15, where it is good to 1e-17.
func stirlingTail(x float64) float64 {
	u := 1 / (x * x)
	s := math.FMA(u, math.FMA(u, math.FMA(u, math.FMA(u, math.FMA(u, -691.0/360360, 1.0/1188), -1.0/1680), 1.0/1260), -1.0/360), 1.0/12)
	return s / x
}

// stirlingError is log Γ(x+1) − (x+½)log x + x − ½log 2π.
func stirlingError(x float64) float64 {
	if x >= 15 {
		return stirlingTail(x)
	}
	return lnGamma(x+1) - math.FMA(x+0.5, elementary.Log(x), -x) - 0.91893853320467274178
}

// deviance is x·log(x/m) + m − x, without cancellation near x = m.
func deviance(x, m float64) float64 {
	if math.Abs(x-m) < 0.1*(x+m) {
		v := (x - m) / (x + m)
		s := (x - m) * v
		e := 2 * x * v
		v *= v
		for j := 1; j < 1000; j++ {
			e *= v
			next := s + e/float64(2*j+1)
			if next == s {
				break
			}
			s = next
		}
		return s
	}
	return math.FMA(x, elementary.Log(x/m), m-x)
}

// poisson is e⁻ˣxᵃ/Γ(a+1).
func poisson(a, x float64) float64 {
	return elementary.Exp(-stirlingError(a)-deviance(a, x)) / math.Sqrt(2*math.Pi*a)
}

// gammaPQ is P(a, x) and 1 − P(a, x), for a > 0.
func gammaPQ(a, x float64) (p, q float64) {
	switch {
	case x <= 0:
		return 0, 1
	case math.IsInf(x, 1):
		return 1, 0
	}
	front := poisson(a, x)
	if x < a+1 {
		sum, term := 1.0, 1.0
		for n := a + 1; term > converged*sum; n++ {
			term = float64(term * (x / n))
			sum += term
		}
		p = math.Min(front*sum, 1)
		return p, 1 - p
	}
	// Lentz: Q = front·a / (x+1−a − 1(1−a)/(x+3−a − 2(2−a)/(x+5−a − …))).
	b := x + 1 - a
	c, d := 1e300, 1/b
	h := d
	for i := 1.0; i < 1e7; i++ {
		an := -i * (i - a)
		b += 2
		d = 1 / math.FMA(an, d, b)
		c = b + an/c
		step := float64(c * d)
		h *= step
		if math.Abs(step-1) < converged {
			break
		}
	}
	q = math.Min(front*a*h, 1)
	return 1 - q, q
}

// betaI is I_x(a, b), with y = 1 − x handed separately so that neither end loses digits.
func betaI(x, y, a, b float64) float64 {
	if x <= 0 {
		return 0
	}
	if y <= 0 {
		return 1
	}
	n := a + b
	logFront := stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n*x) - deviance(b, n*y)
	front := elementary.Exp(logFront) * math.Sqrt(a*b/(2*math.Pi*n)) // xᵃyᵇ/B(a, b)
	if x < (a+1)/(a+b+2) {
		return math.Min(front*betaFraction(x, a, b)/a, 1)
	}
	return math.Max(0, 1-front*betaFraction(y, b, a)/b)
}

// betaFraction is the continued fraction of DLMF 8.17.22, by Lentz.
func betaFraction(x, a, b float64) float64 {
	const tiny = 1e-300
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c := 1.0
	d := 1 / away(1-float64((a+b)*x)/(a+1))
	h := d
	for m := 1.0; m < 1e7; m++ {
		even := m * (b - m) * x / ((a + float64(2*m) - 1) * (a + float64(2*m)))
		d = 1 / away(math.FMA(even, d, 1))
		c = away(1 + even/c)
		h *= float64(d * c)
		odd := -(a + m) * (a + b + m) * x / ((a + float64(2*m)) * (a + float64(2*m) + 1))
		d = 1 / away(math.FMA(odd, d, 1))
		c = away(1 + odd/c)
		step := float64(d * c)
		h *= step
		if math.Abs(step-1) < converged {
			break
		}
	}
	return h
}

// bisect finds where a rising function below(x) turns from true to false, for 0 ≤ x, to neighbouring floats.
func bisect(start float64, below func(x float64) bool) float64 {
	lo, hi := 0.0, start
	for below(hi) && !math.IsInf(hi, 1) {
		lo, hi = hi, 2*hi
	}
	for {
		mid := lo + float64(0.5*(hi-lo))
		if mid <= lo || mid >= hi {
			return mid
		}
		if below(mid) {
			lo = mid
		} else {
			hi = mid
		}
		if hi-lo <= 2e-16*hi {
			return hi
		}
	}
}

// normalTail is P(Z > z) for a standard normal Z.
func normalTail(z float64) float64 {
	p, q := gammaPQ(0.5, 0.5*z*z)
	if z < 0 {
		return 0.5 * (1 + p)
	}
	return 0.5 * q
}

// normalQuantile is the z ≥ 0 with P(Z > z) = p, for 0 < p ≤ ½.
func normalQuantile(p float64) float64 {
	return bisect(4, func(z float64) bool { return normalTail(z) > p })
}

// studentTail is P(T > t) for t ≥ 0 and nu degrees of freedom.
func studentTail(t, nu float64) float64 {
	s := nu + float64(t*t)
	return 0.5 * betaI(nu/s, t*t/s, nu/2, 0.5)
}

// studentQuantile is the t ≥ 0 with P(T > t) = p, for 0 < p ≤ ½; the normal's for infinite nu, +∞ for nu ≤ 0.
//
// Source of the expansion for large nu: Abramowitz & Stegun 26.7.5.
func studentQuantile(p, nu float64) float64 {
	switch {
	case math.IsInf(nu, 1):
		return normalQuantile(p)
	case !(nu > 0):
		return math.Inf(1)
	case nu > 1e5: // where the expansion in 1/nu is better than the fraction
		z := normalQuantile(p)
		z2 := float64(z * z)
		first := float64(z * (z2 + 1) / 4)
		second := z * math.FMA(z2, math.FMA(5, z2, 16), 3) / 96
		return z + float64((first+second/nu)/nu)
	}
	return bisect(4, func(t float64) bool { return studentTail(t, nu) > p })
}

// gammaQuantile is the x with P(a, x) = p; with a = k/2, twice it is the χ² quantile of k degrees of freedom.
func gammaQuantile(p, a float64) float64 {
	if a <= 0 {
		return 0
	}
	return bisect(a+1, func(x float64) bool {
		lower, upper := gammaPQ(a, x)
		if p > 0.5 {
			return upper > 1-p
		}
		return lower < p
	})
}

// betaQuantile is the x with I_x(a, b) = p.
func betaQuantile(p, a, b float64) float64 {
	return bisect(1, func(x float64) bool { return x < 1 && betaI(x, 1-x, a, b) < p })
}

// binomialAtMost is P(Bin(n, q) ≤ k).
func binomialAtMost(k, n int64, q float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return betaI(1-q, q, float64(n-k), float64(k+1))
}

// kolmogorovTail is P(K > x) for Kolmogorov's law, 2Σ(−1)ᵏ⁻¹e^(−2k²x²), or its dual series where that is the fast one.
func kolmogorovTail(x float64) float64 {
	switch {
	case !(x > 0.04): // below, P(K ≤ x) < e⁻⁷⁰⁰
		return 1
	case x < 1.2:
		sum := 0.0
		for k := 1.0; k < 20; k += 2 {
			sum += elementary.Exp(-k * k * math.Pi * math.Pi / (8 * x * x))
		}
		return 1 - float64(math.Sqrt(2*math.Pi)/x*sum)
	}
	sum, sign := 0.0, 2.0
	for k := 1.0; k < 20; k++ {
		sum += float64(sign * elementary.Exp(-2*k*k*x*x))
		sign = -sign
	}
	return sum
}
