package estimate

import (
	"fmt"
	"math"
)

// Proportion is k of n with Wilson's score interval, whose mean coverage is close to the level even for small n:
//
//	(p̂ + z²/2n ± z√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n).
//
// The standard error is √(p̂(1−p̂)/n). With n = 0 the value is missing and the interval is [0, 1].
func Proportion(k, n int64, level float64) Estimate {
	e, ok := proportion(k, n)
	if !ok {
		return e
	}
	z := normalQuantile(tail(level))
	m := float64(n)
	z2 := z * z
	scale := 1 + z2/m
	centre := (e.Value + z2/(2*m)) / scale
	half := z * math.Sqrt(e.Value*(1-e.Value)/m+z2/(4*m*m)) / scale
	e.Lo, e.Hi = centre-half, centre+half
	if k == 0 {
		e.Lo = 0
	}
	if k == n {
		e.Hi = 1
	}
	return e
}

// ClopperPearson is k of n with the exact binomial interval, whose coverage is never below the level. Claims of the
// kind "in at least so many of all seeds" use it.
func ClopperPearson(k, n int64, level float64) Estimate {
	alpha := tail(level)
	e, ok := proportion(k, n)
	if !ok {
		return e
	}
	e.Lo, e.Hi = 0, 1
	if k > 0 {
		e.Lo = betaQuantile(alpha, float64(k), float64(n-k+1))
	}
	if k < n {
		e.Hi = betaQuantile(1-alpha, float64(k+1), float64(n-k))
	}
	return e
}

func proportion(k, n int64) (e Estimate, ok bool) {
	if k < 0 || n < k {
		panic(fmt.Sprintf("estimate: proportion of %d in %d; want 0 ≤ k ≤ n", k, n))
	}
	if n == 0 {
		e = Missing(0)
		e.Lo, e.Hi = 0, 1
		return e, false
	}
	p := float64(k) / float64(n)
	return Estimate{Value: p, SE: math.Sqrt(p * (1 - p) / float64(n)), N: n}, true
}
