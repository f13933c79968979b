package estimate

import (
	"math"
	"slices"

	"sgdlab/elementary"
)

// Hill estimates the index α of a tail P(|X| > t) ~ t^−α from the k + 1 largest of |x|,
//
//	1/α = (1/k) Σᵢ ln(|x|₍ᵢ₎/|x|₍ₖ₊₁₎),  i = 1 … k from the largest,
//
// with the standard error α/√k and a normal interval of 1/α. It is right where the largest k are in the tail: with a law whose tail is a power
// only far out it is off, low where α is large, by more than its interval says. Missing where there are not k + 1 numbers other than 0.
//
// Source: Hill 1975.
func Hill(values []float64, k int, level float64) Estimate {
	x := make([]float64, 0, len(values))
	for _, v := range values {
		if v = math.Abs(v); v > 0 { // not NaN
			x = append(x, v)
		}
	}
	slices.Sort(x)
	n := len(x)
	if k < 2 || n < k+1 || math.IsInf(x[n-1], 1) {
		return Missing(int64(n))
	}
	sum := 0.0
	base := elementary.Log(x[n-1-k])
	for _, v := range x[n-k:] {
		sum += elementary.Log(v) - base
	}
	if sum == 0 {
		return Missing(int64(n))
	}
	m := sum / float64(k)
	q := normalQuantile(tail(level)) / math.Sqrt(float64(k))
	e := Estimate{Value: 1 / m, SE: 1 / (m * math.Sqrt(float64(k))), Lo: max(0, 1-q) / m, Hi: (1 + q) / m, N: int64(n)}
	return e
}

// Blocks estimates the index α of the stable law of which the sums of the numbers are, from sums Y of blocks of k,
//
//	1/α = (mean ln|Y| − mean ln|X|)/ln k,
//
// the numbers in their order. It takes the numbers as independent draws of one law with mean 0. Draws of several scales, one after the other in a
// block, look like a heavy tail: sums are as wide as the widest, and most single numbers are not. 2 for laws with a variance, if k is large enough
// for sums to be Gaussian; of Student's law with three degrees of freedom, whose sums are so at last, some 1.7. Numbers that are 0 are left out. NaN
// for fewer than two blocks, where a number is, and where sums are on the average just as large as numbers.
//
// Source: Mohammadi, Mohammadpour & Ogata 2015; its use on gradient noise is of Şimşekli, Sagun & Gürbüzbalaban 2019.
func Blocks(values []float64, k int) float64 {
	n := 0
	if k > 1 {
		n = len(values) / k
	}
	if n < 2 {
		return math.NaN()
	}
	var single, sums Moments
	for b := range n {
		sum := 0.0
		for _, v := range values[b*k : (b+1)*k] {
			sum += v
			if v != 0 {
				single.Add(elementary.Log(math.Abs(v)))
			}
		}
		if sum != 0 {
			sums.Add(elementary.Log(math.Abs(sum)))
		}
	}
	if single.N == 0 || sums.N == 0 || single.Bad+sums.Bad > 0 {
		return math.NaN()
	}
	if sums.M == single.M {
		return math.NaN()
	}
	return elementary.Log(float64(k)) / (sums.M - single.M)
}

// Kurtosis is m₄/m₂², the central moments those of the sample: 3 for a Gaussian law. Its standard error is by the delta method, from the
// sample's own moments up to the eighth, and wrong where the law has none.
func Kurtosis(values []float64, level float64) Estimate {
	n := float64(len(values))
	var m Moments
	for _, x := range values {
		m.Add(x)
	}
	if m.N < 4 || m.Bad > 0 || !(m.M2 > 0) {
		return Missing(m.N)
	}
	var mu [9]float64
	for _, x := range values {
		d, p := x-m.M, 1.0
		for k := 1; k < len(mu); k++ {
			p *= d
			mu[k] += p / n
		}
	}
	v := mu[4] / (mu[2] * mu[2])
	// m₄/m₂² as a function of the mean, the second and the fourth moment: its influence on each draw.
	var influence Moments
	for _, x := range values {
		d := x - m.M
		s := float64(d * d)
		influence.Add((float64(s*s)-mu[4]-float64(4*mu[3]*d))/(mu[2]*mu[2]) - 2*v*(s-mu[2])/mu[2])
	}
	se := math.Sqrt(influence.M2 / n / n)
	return around(v, se, normalQuantile(tail(level)), m.N)
}
