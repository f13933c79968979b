package fokkerplanck

import (
	"math"
	"testing"
)

// y′ = gy + 1 from 0: growth by e^1000 on one span, and its mirror image, a layer of width 10⁻⁶ before a constant. A sweep
// that may change sign must not fall for −1/g, which is smooth too.
func TestSweepOfALinearEquation(t *testing.T) {
	for _, g := range []float64{1e3, 1, -1, -1e6} {
		for _, signed := range []bool{false, true} {
			eq := equation{signed: signed, at: func(float64, int, float64) terms { return terms{g: g, r: 1, linear: 1, square: 1} }}
			c := newCoefficients(&Problem{Drift: constant(g), Diffusion: constant(1), Lo: 0, Hi: 1})
			got := eq.sweep([]span{{0, 1, 0, 0, 1}}, amount{}, c)
			if *c.err != nil {
				t.Fatal(*c.err)
			}
			// ln of (e^g − 1)/g, of its integral, and of that of its square.
			var y, linear, square float64
			if g > 500 {
				y, linear, square = g-math.Log(g), g-2*math.Log(g), 2*g-math.Log(2*g*g*g)
			} else {
				e, e2 := math.Expm1(g)/g, math.Expm1(2*g)/(2*g)
				y, linear, square = math.Log(e), math.Log((e-1)/g), math.Log((e2-2*e+1)/(g*g))
			}
			for _, c := range []struct {
				what      string
				got, want float64
			}{{"y", got.end.log(), y}, {"∫y", got.linear.log(), linear}, {"∫y²", got.square.log(), square}} {
				if math.Abs(c.got-c.want) > 1e-12*(1+math.Abs(c.want)/10) {
					t.Errorf("g = %g, signed %v: ln %s = %.15g, want %.15g", g, signed, c.what, c.got, c.want)
				}
			}
		}
	}
}

func TestAmount(t *testing.T) {
	big, small := exactly(3, 5000), exactly(5, -5000)
	for _, tc := range []struct {
		what string
		got  float64
		want float64
	}{
		{"ln 3·2^5000", big.log(), math.Log(3) + 5000*math.Ln2},
		{"quotient", big.over(exactly(6, 5001)).value(), 0.25},
		{"sum", big.plus(big).over(big).value(), 2},
		{"sum with nothing", small.plus(amount{}).over(small).value(), 1},
		{"sum with something negligible", big.plus(small).over(big).value(), 1},
		{"difference", big.minus(exactly(1, 5000)).over(exactly(1, 5000)).value(), 2},
		{"too large for a float64", big.value(), math.Inf(1)},
		{"too small", small.value(), 0},
		{"ldexp", ldexp(3, -2), 0.75},
		{"ldexp, overflow", ldexp(3, 2000), math.Inf(1)},
		{"ldexp, underflow", ldexp(3, -2000), 0},
	} {
		if tc.got != tc.want && !(math.Abs(tc.got-tc.want) < 1e-15*math.Abs(tc.want)) {
			t.Errorf("%s: %.17g, want %.17g", tc.what, tc.got, tc.want)
		}
	}
}
