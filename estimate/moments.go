package estimate

import (
	"math"

	"sgdlab/elementary"
)

// Moments streams the mean and the central sums of a sample,
//
//	Mk = Σ(xᵢ − x̄)ᵏ, k = 2, 3, 4,
//
// with Pébay's one-pass and pairwise updates, which do not cancel. The zero value is the empty sample. Every field has
// a fixed size, so encoding/binary and gob write it as it stands.
//
// Values that are not finite are counted in Bad and enter nothing else. Merging is associative up to rounding only:
// merge in the order that the plan fixes.
//
// Source: Chan, Golub & LeVeque 1979; Pébay 2008.
type Moments struct {
	N, Bad     int64
	M          float64 // x̄
	M2, M3, M4 float64
	Min, Max   float64 // of the finite values; meaningless where N is 0
}

// Add takes in one value.
func (m *Moments) Add(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		m.Bad++
		return
	}
	if m.N == 0 {
		*m = Moments{N: 1, Bad: m.Bad, M: x, Min: x, Max: x}
		return
	}
	before := float64(m.N)
	m.N++
	n := float64(m.N)
	delta := x - m.M
	dn := delta / n
	dn2 := dn * dn
	term := float64(delta * dn * before)
	m.M4 += math.FMA(float64(term*dn2), math.FMA(n, n-3, 3), math.FMA(float64(6*dn2), m.M2, -float64(float64(4*dn)*m.M3)))
	m.M3 += math.FMA(float64(term*dn), n-2, -float64(float64(3*dn)*m.M2))
	m.M2 += term
	m.M += dn
	m.Min, m.Max = math.Min(m.Min, x), math.Max(m.Max, x)
}

// Merge takes in another sample.
func (m *Moments) Merge(b Moments) {
	switch {
	case b.N == 0:
		m.Bad += b.Bad
		return
	case m.N == 0:
		b.Bad += m.Bad
		*m = b
		return
	}
	na, nb := float64(m.N), float64(b.N)
	n := na + nb
	d := b.M - m.M
	fa, fb := na/n, nb/n
	d2 := d * d
	ab := float64(d2 * fa * nb) // δ²·na·nb/n
	m4 := math.FMA(float64(ab*d2), math.FMA(fa, fa-fb, float64(fb*fb)),
		math.FMA(float64(6*d2), math.FMA(float64(fa*fa), b.M2, float64(float64(fb*fb)*m.M2)),
			float64(float64(4*d)*math.FMA(fa, b.M3, -float64(fb*m.M3)))))
	m3 := math.FMA(float64(ab*d), fa-fb, float64(float64(3*d)*math.FMA(fa, b.M2, -float64(fb*m.M2))))
	m.M4 += b.M4 + m4
	m.M3 += b.M3 + m3
	m.M2 += b.M2 + ab
	m.M = math.FMA(d, fb, m.M)
	m.N += b.N
	m.Bad += b.Bad
	m.Min, m.Max = math.Min(m.Min, b.Min), math.Max(m.Max, b.Max)
}

// Mean is x̄ with Student's interval, x̄ ± t(n−1)·s/√n: exact for normal data, and asymptotic otherwise (for
// exponential data at n = 50 the 95 % interval covers about 93 %).
func (m Moments) Mean(level float64) Estimate {
	alpha := tail(level)
	switch m.N {
	case 0:
		return Missing(0)
	case 1:
		return around(m.M, math.NaN(), 0, 1)
	}
	n := float64(m.N)
	return around(m.M, math.Sqrt(m.M2/(n-1)/n), studentQuantile(alpha, n-1), m.N)
}

// Variance is s² = M2/(n−1). Its interval does not assume normal data: it is Bonett's, on the logarithm,
//
//	log σ² ∈ log(c·s²) ± z·c·√((γ − (n−3)/n)/(n−1)),   γ = n·M4/M2²,   c = n/(n − z),
//
// with deviations from the mean where he takes a trimmed mean, which does not stream. The χ² interval would be exact for normal
// data and wrong for all others, whatever n. The standard error is s² times the root above. Values that are all equal have variance
// 0 exactly.
//
// Source: Bonett 2006, Computational Statistics & Data Analysis 50:775.
func (m Moments) Variance(level float64) Estimate {
	alpha := tail(level)
	if m.N < 2 {
		e := Missing(m.N)
		if m.N == 1 {
			e.Lo, e.Hi = 0, math.Inf(1)
		}
		return e
	}
	n := float64(m.N)
	s2 := m.M2 / (n - 1)
	if m.M2 == 0 {
		return Estimate{N: m.N}
	}
	kurtosis := n * m.M4 / m.M2 / m.M2
	root := math.Sqrt((kurtosis - (n-3)/n) / (n - 1))
	z := normalQuantile(alpha)
	e := Estimate{Value: s2, SE: s2 * root, Lo: 0, Hi: math.Inf(1), N: m.N}
	if c := n / (n - z); c > 0 && !math.IsNaN(root) && !math.IsInf(root, 1) {
		e.Lo, e.Hi = s2*c*elementary.Exp(-z*c*root), s2*c*elementary.Exp(z*c*root)
	}
	return e
}
