package linalg

import "math"

// Log and Exp have the same bits on every CPU. Algorithms and constants are those of FreeBSD's msun (Sun Microsystems,
// 1993); errors are below 1 unit in the last place.

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Log is the natural logarithm: −∞ at 0, NaN below.
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

// Exp is eˣ.
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
	hi, lo := math.FMA(-k, ln2Hi, x), float64(k*ln2Lo)
	r := hi - lo
	t := r * r
	p := math.FMA(t, math.FMA(t, math.FMA(t, math.FMA(t, 4.13813679705723846039e-08, -1.65339022054652515390e-06), 6.61375632143793436117e-05), -2.77777777770155933842e-03), 1.66666666666666019037e-01)
	c := math.FMA(-t, p, r)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return math.Ldexp(y, int(k))
}
