package estimate

import (
	"math"
	"slices"

	"sgdlab/elementary"
)

// Difference is a − b for independent a and b, with Welch's interval: Student's, with
//
//	ν = (sₐ² + s_b²)² / (sₐ⁴/(nₐ−1) + s_b⁴/(n_b−1)),   s the standard errors.
//
// For arms that share their random numbers it is too wide or too narrow: use [Pairs].
func Difference(a, b Estimate, level float64) Estimate {
	q := studentQuantile(tail(level), welch(a, b))
	return around(a.Value-b.Value, math.Sqrt(math.FMA(a.SE, a.SE, float64(b.SE*b.SE))), q, fewer(a, b))
}

// welch is the number of degrees of freedom of a sum or difference.
func welch(a, b Estimate) float64 {
	va, vb := float64(a.SE*a.SE), float64(b.SE*b.SE)
	down := 0.0
	if va > 0 {
		down += va * va / float64(a.N-1)
	}
	if vb > 0 {
		down += vb * vb / float64(b.N-1)
	}
	return (va + vb) * (va + vb) / down // NaN where neither has an error, or one of them is unknown: then q is not used
}

// fewer is the n of the arm with fewer observations; an exact arm does not limit the other.
func fewer(a, b Estimate) int64 {
	switch {
	case a.SE == 0:
		return b.N
	case b.SE == 0:
		return a.N
	}
	return min(a.N, b.N)
}

// Ratio is a/b for independent a and b, with Fieller's interval: all ρ for which a − ρb is within q standard errors of
// 0, q Student's with Welch's degrees of freedom. It is the exact interval for normal means; log-normal-looking ratios
// come out skewed as they should. Where b is not significantly different from 0 the interval is (−∞, ∞). The standard error
// is by the delta method.
func Ratio(a, b Estimate, level float64) Estimate {
	return fieller(a.Value, b.Value, a.SE*a.SE, b.SE*b.SE, 0, studentQuantile(tail(level), welch(a, b)), fewer(a, b))
}

func fieller(a, b, vaa, vbb, vab, q float64, n int64) Estimate {
	if !(b != 0) || math.IsNaN(a) {
		return Missing(n)
	}
	r := a / b
	spread := math.FMA(r, math.FMA(r, vbb, -float64(2*vab)), vaa)
	e := Estimate{Value: r, SE: math.Sqrt(math.Max(spread, 0)) / math.Abs(b), Lo: math.Inf(-1), Hi: math.Inf(1), N: n}
	if math.IsNaN(spread) {
		e.SE = math.NaN()
		return e
	}
	if vaa == 0 && vbb == 0 {
		e.Lo, e.Hi = r, r
		return e
	}
	// (b² − q²v_bb)ρ² − 2(ab − q²v_ab)ρ + (a² − q²vₐₐ) ≤ 0.
	q2 := q * q
	lead := math.FMA(b, b, -float64(q2*vbb))
	if !(lead > 0) {
		return e
	}
	half := math.FMA(a, b, -float64(q2*vab))
	last := math.FMA(a, a, -float64(q2*vaa))
	root := math.Sqrt(math.Max(math.FMA(half, half, -float64(lead*last)), 0))
	e.Lo, e.Hi = (half-root)/lead, (half+root)/lead
	return e
}

// Pairs streams the joint moments of two arms that share a replica index, so that what they have in common cancels.
// The zero value is empty. Pairs with a value that is not finite are counted in Bad and enter nothing else.
type Pairs struct {
	N, Bad     int64
	A, B       float64 // means
	AA, BB, AB float64 // Σ(a−ā)², Σ(b−b̄)², Σ(a−ā)(b−b̄)
	D, DD, DB  float64 // of d = a − b: its mean, Σ(d−d̄)² and Σ(d−d̄)(b−b̄); sums of the others cancel where a and b nearly agree
}

// Add takes in one pair.
func (p *Pairs) Add(a, b float64) {
	if bad := a - a + (b - b); bad != 0 { // NaN for NaN and ±∞
		p.Bad++
		return
	}
	p.N++
	n := float64(p.N)
	da, db := a-p.A, b-p.B
	f := (n - 1) / n
	p.AA = math.FMA(float64(da*f), da, p.AA)
	p.BB = math.FMA(float64(db*f), db, p.BB)
	p.AB = math.FMA(float64(da*f), db, p.AB)
	p.A += da / n
	p.B += db / n
	dd := a - b - p.D
	p.DD = math.FMA(float64(dd*f), dd, p.DD)
	p.DB = math.FMA(float64(dd*f), db, p.DB)
	p.D += dd / n
}

// Merge takes in other pairs, in the order that the plan fixes.
func (p *Pairs) Merge(o Pairs) {
	switch {
	case o.N == 0:
		p.Bad += o.Bad
		return
	case p.N == 0:
		o.Bad += p.Bad
		*p = o
		return
	}
	na, nb := float64(p.N), float64(o.N)
	n := na + nb
	da, db, dd := o.A-p.A, o.B-p.B, o.D-p.D
	w := na * (nb / n)
	p.AA += math.FMA(float64(da*w), da, o.AA)
	p.BB += math.FMA(float64(db*w), db, o.BB)
	p.AB += math.FMA(float64(da*w), db, o.AB)
	p.DD += math.FMA(float64(dd*w), dd, o.DD)
	p.DB += math.FMA(float64(dd*w), db, o.DB)
	p.A = math.FMA(da, nb/n, p.A)
	p.B = math.FMA(db, nb/n, p.B)
	p.D = math.FMA(dd, nb/n, p.D)
	p.N += o.N
	p.Bad += o.Bad
}

// Difference is the mean of a − b over pairs, with Student's interval.
func (p Pairs) Difference(level float64) Estimate {
	alpha := tail(level)
	if p.N == 0 {
		return Missing(0)
	}
	n := float64(p.N)
	se := math.Sqrt(p.DD / (n - 1) / n) // NaN at n = 1
	return around(p.D, se, studentQuantile(alpha, n-1), p.N)
}

// Ratio is ā/b̄ over pairs, with Fieller's interval for correlated means and n − 1 degrees of freedom.
func (p Pairs) Ratio(level float64) Estimate {
	alpha := tail(level)
	if p.N == 0 {
		return Missing(0)
	}
	n := float64(p.N)
	f := 1 / (n - 1) / n
	if p.N == 1 {
		f = math.NaN()
	}
	e := fieller(p.D, p.B, p.DD*f, p.BB*f, p.DB*f, studentQuantile(alpha, n-1), p.N) // of ā/b̄ − 1
	e.Value, e.Lo, e.Hi = p.A/p.B, e.Lo+1, e.Hi+1
	return e
}

// Correlation is Pearson's, with Fisher's interval tanh(atanh r ± z/√(n−3)), which assumes joint normality.
func (p Pairs) Correlation(level float64) Estimate {
	z := normalQuantile(tail(level))
	if p.N < 2 || p.AA == 0 || p.BB == 0 {
		return Missing(p.N)
	}
	r := math.Max(-1, math.Min(1, p.AB/math.Sqrt(p.AA)/math.Sqrt(p.BB)))
	if p.N < 4 {
		return Estimate{Value: r, SE: math.NaN(), Lo: -1, Hi: 1, N: p.N}
	}
	root := 1 / math.Sqrt(float64(p.N-3))
	e := Estimate{Value: r, SE: (1 - float64(r*r)) * root, Lo: r, Hi: r, N: p.N}
	if math.Abs(r) < 1 {
		tanh := func(y float64) float64 { return 1 - 2/(elementary.Exp(2*y)+1) }
		y := 0.5 * elementary.Log((1+r)/(1-r))
		e.Lo, e.Hi = tanh(math.FMA(-z, root, y)), tanh(math.FMA(z, root, y))
	}
	return e
}

// WelchTest is the test of equal means of two independent samples, with Welch's degrees of freedom; its statistic is t. Two samples
// without spread have P = 1 where they agree, and 0 where not.
func WelchTest(x, y []float64) Test {
	var a, b Moments
	for _, v := range x {
		a.Add(v)
	}
	for _, v := range y {
		b.Add(v)
	}
	n := a.N + b.N
	p, q := a.Mean(Level), b.Mean(Level)
	gap, se := p.Value-q.Value, math.Sqrt(math.FMA(p.SE, p.SE, float64(q.SE*q.SE)))
	switch {
	case a.N < 2 || b.N < 2 || math.IsNaN(gap) || math.IsNaN(se):
		return Test{Statistic: math.NaN(), P: math.NaN(), N: n}
	case gap == 0:
		return Test{Statistic: 0, P: 1, N: n}
	case se == 0:
		return Test{Statistic: math.Copysign(math.Inf(1), gap), P: 0, N: n}
	}
	t := gap / se
	return Test{Statistic: t, P: 2 * studentTail(math.Abs(t), welch(p, q)), N: n}
}

// FromMedian is |xᵢ − m|, m the median: WelchTest of these compares spreads.
//
// Source: Brown & Forsythe 1974.
func FromMedian(x []float64) []float64 {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	out := make([]float64, len(x))
	if len(x) == 0 {
		return out
	}
	m := sorted[len(x)/2]
	if len(x)%2 == 0 {
		m = m/2 + sorted[len(x)/2-1]/2
	}
	for i, v := range x {
		out[i] = math.Abs(v - m)
	}
	return out
}
