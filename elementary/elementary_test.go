package elementary

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// Reference values are series of math/big, of enough bits that cancellation leaves 200.

type real = *big.Float

func num(x float64, prec uint) real { return new(big.Float).SetPrec(prec).SetFloat64(x) }
func mul(a, b real) real            { return new(big.Float).SetPrec(a.Prec()).Mul(a, b) }
func add(a, b real) real            { return new(big.Float).SetPrec(a.Prec()).Add(a, b) }
func sub(a, b real) real            { return new(big.Float).SetPrec(a.Prec()).Sub(a, b) }
func quo(a, b real) real            { return new(big.Float).SetPrec(a.Prec()).Quo(a, b) }
func shift(a real, n int) real      { return new(big.Float).SetPrec(a.Prec()).SetMantExp(a, n) }

// series is Σ tₖ with tₖ₊₁ = tₖ·x·num(k)/den(k), from t₀ on.
func series(t0, x real, ratio func(k int64) (num, den int64)) real {
	s, t := add(t0, num(0, t0.Prec())), t0
	for k := int64(0); k < 20000; k++ {
		n, d := ratio(k)
		t = quo(mul(mul(t, x), new(big.Float).SetPrec(t0.Prec()).SetInt64(n)), new(big.Float).SetPrec(t0.Prec()).SetInt64(d))
		if t.Sign() == 0 || t.MantExp(nil) < s.MantExp(nil)-int(t0.Prec()) {
			return s
		}
		s = add(s, t)
	}
	panic("a series that does not converge")
}

func bigExp(x real) real {
	n := max(0, x.MantExp(nil)+8)
	y := series(num(1, x.Prec()), shift(x, -n), func(k int64) (int64, int64) { return 1, k + 1 })
	for range n {
		y = mul(y, y)
	}
	return y
}

func bigLog(x real) real {
	f, _ := x.Float64()
	y := num(math.Log(f), x.Prec())
	for range 3 { // each trebles the digits
		e := bigExp(y)
		y = add(y, shift(quo(sub(x, e), add(x, e)), 1))
	}
	return y
}

var pis = map[uint]real{}

// bigPi by Machin's formula.
func bigPi(prec uint) real {
	if p, ok := pis[prec]; ok {
		return p
	}
	inverse := func(n float64) real {
		x := quo(num(1, prec), num(n, prec))
		return bigAtanSeries(x)
	}
	pis[prec] = sub(shift(inverse(5), 4), shift(inverse(239), 2))
	return pis[prec]
}

func bigAtanSeries(x real) real {
	q := mul(x, x)
	s, t := add(x, num(0, x.Prec())), x
	for k := float64(3); k < 20000; k += 2 {
		t = mul(t, q)
		t.Neg(t)
		u := quo(t, num(k, x.Prec()))
		if u.Sign() == 0 || u.MantExp(nil) < s.MantExp(nil)-int(x.Prec()) {
			return s
		}
		s = add(s, u)
	}
	panic("atan")
}

func bigAtan(x real) real {
	one := num(1, x.Prec())
	n := 0
	for ; x.Sign() != 0 && x.MantExp(nil) > -4; n++ { // atan x = 2 atan(x/(1 + √(1 + x²)))
		x = quo(x, add(one, new(big.Float).SetPrec(x.Prec()).Sqrt(add(one, mul(x, x)))))
	}
	return shift(bigAtanSeries(x), n)
}

// sinCos reduces with a π of as many digits as the argument needs.
func sinCos(x real) (sin, cos real) {
	prec := x.Prec()
	p := prec + uint(max(0, x.MantExp(nil))) + 64
	half := shift(bigPi(p), -1)
	k := new(big.Float).SetPrec(p).Quo(x, half)
	n, _ := k.Add(k, num(0.5, p)).Int(nil)
	if k.Sign() < 0 {
		n.Sub(n, big.NewInt(1))
	}
	r := new(big.Float).SetPrec(p).Sub(new(big.Float).SetPrec(p).Set(x), new(big.Float).SetPrec(p).Mul(half, new(big.Float).SetPrec(p).SetInt(n)))
	r.SetPrec(prec)
	minus := mul(r, r)
	minus.Neg(minus)
	sin = series(r, minus, func(k int64) (int64, int64) { return 1, (2*k + 2) * (2*k + 3) })
	cos = series(num(1, prec), minus, func(k int64) (int64, int64) { return 1, (2*k + 1) * (2*k + 2) })
	switch new(big.Int).And(n, big.NewInt(3)).Int64() {
	case 1:
		sin, cos = cos, sin.Neg(sin)
	case 2:
		sin, cos = sin.Neg(sin), cos.Neg(cos)
	case 3:
		sin, cos = cos.Neg(cos), sin
	}
	return sin, cos
}

// bigErf is (2/√π) e^{−x²} Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!, all of whose terms have one sign.
func bigErf(x real) real {
	q := mul(x, x)
	minus := add(q, num(0, q.Prec()))
	minus.Neg(minus)
	s := series(x, q, func(k int64) (int64, int64) { return 2, 2*k + 3 })
	return quo(shift(mul(s, bigExp(minus)), 1), new(big.Float).SetPrec(x.Prec()).Sqrt(bigPi(x.Prec())))
}

// ulps is |got − want| in units of the last place of want.
func ulps(got float64, want real) float64 {
	w, _ := want.Float64()
	if got == w {
		if math.IsInf(got, 0) || got == 0 {
			return 0
		}
	}
	if math.IsInf(got, 0) || math.IsNaN(got) {
		return math.Inf(1)
	}
	e := max(want.MantExp(nil)-53, -1074)
	d, _ := shift(sub(num(got, want.Prec()), want), -e).Float64()
	return math.Abs(d)
}

const prec = 260

func one(f func(x real) real) func(float64) real {
	return func(x float64) real { return f(num(x, prec)) }
}

// TestErrors measures the error of each function against what its comment states.
func TestErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	between := func(lo, hi float64) func() float64 { return func() float64 { return lo + (hi-lo)*r.Float64() } }
	// signed numbers whose logarithms are spread evenly
	scales := func(lo, hi float64) func() float64 {
		return func() float64 {
			x := math.Exp(math.Log(lo) + (math.Log(hi)-math.Log(lo))*r.Float64())
			if r.IntN(2) == 0 {
				return -x
			}
			return x
		}
	}
	positive := func(f func() float64) func() float64 { return func() float64 { return math.Abs(f()) } }
	beside := func(at, by float64) func() float64 { return func() float64 { return at + by*(2*r.Float64()-1) } }
	quarters := func(most float64) func() float64 { // beside whole multiples of π/2
		return func() float64 { return math.Pi / 2 * math.Floor(math.Exp(math.Log(most)*r.Float64())) }
	}
	sin := func(x real) real { s, _ := sinCos(x); return s }
	cos := func(x real) real { _, c := sinCos(x); return c }
	tan := func(x real) real { s, c := sinCos(x); return quo(s, c) }
	hyperbolic := func(sign float64) func(x real) real {
		return func(x real) real {
			e := bigExp(x)
			return shift(add(e, mul(num(sign, prec), quo(num(1, prec), e))), -1)
		}
	}
	piTimes := func(f func(real) real) func(float64) real {
		return func(x float64) real { return f(mul(num(x, prec), bigPi(prec))) }
	}
	for _, c := range []struct {
		name  string
		f     func(float64) float64
		want  func(float64) real
		bound float64 // ulp
		draws []func() float64
	}{
		{"exp", Exp, one(bigExp), 1, []func() float64{between(-708, 709.7), between(-1, 1), scales(1e-20, 1), between(-745, -708)}},
		{"expm1", Expm1, one(func(x real) real { return sub(bigExp(x), num(1, prec)) }), 1, []func() float64{between(-45, 60), between(-1, 1), scales(1e-20, 1), between(60, 709.7)}},
		{"log", Log, one(bigLog), 1, []func() float64{positive(scales(1e-300, 1e300)), between(0.4, 2.5), beside(1, 1e-6), positive(scales(5e-324, 1e-308))}},
		{"log1p", Log1p, one(func(x real) real { return bigLog(add(num(1, prec), x)) }), 1.5, []func() float64{positive(scales(1e-20, 1e300)), between(-0.9999, 3), scales(1e-10, 0.5)}},
		{"sin", Sin, one(sin), 1, []func() float64{quarters(0x1p29), quarters(0x1p100), between(-10, 10), scales(1e-20, 1), scales(1, 1e12), scales(1e9, 1e300), beside(math.Pi, 1e-9)}},
		{"cos", Cos, one(cos), 1, []func() float64{quarters(0x1p29), quarters(0x1p100), between(-10, 10), scales(1e-20, 1), scales(1, 1e12), scales(1e9, 1e300), beside(math.Pi/2, 1e-9)}},
		{"tan", Tan, one(tan), 2, []func() float64{quarters(0x1p29), quarters(0x1p100), between(-10, 10), scales(1e-20, 1), scales(1, 1e12), scales(1e9, 1e300), beside(math.Pi/2, 1e-9)}},
		{"sinPi", SinPi, piTimes(sin), 3, []func() float64{between(-1, 1), between(-50, 50), scales(1e-20, 1), beside(7, 1e-9)}},
		{"cosPi", CosPi, piTimes(cos), 3, []func() float64{between(-1, 1), between(-50, 50), scales(1e-20, 1), beside(7.5, 1e-9)}},
		{"sinh", Sinh, one(func(x real) real { return hyperbolic(-1)(x) }), 2, []func() float64{between(-25, 25), between(-1.1, 1.1), scales(1e-12, 1), between(700, 710.4)}},
		{"cosh", Cosh, one(hyperbolic(1)), 2, []func() float64{between(-25, 25), between(-1, 1), between(700, 710.4)}},
		{"tanh", Tanh, one(func(x real) real { return quo(hyperbolic(-1)(x), hyperbolic(1)(x)) }), 2, []func() float64{between(-25, 25), between(-1.1, 1.1), scales(1e-12, 1)}},
		{"atan", Atan, one(bigAtan), 1, []func() float64{between(-3, 3), scales(1e-20, 1), scales(1, 1e20)}},
		{"erf", Erf, one(bigErf), 1, []func() float64{between(-6.5, 6.5), between(-1.3, 1.3), scales(1e-320, 1)}},
		{"erfc", Erfc, func(x float64) real {
			e := sub(num(1, 2600), bigErf(num(x, 2600)))
			return e
		}, 5, []func() float64{between(-2, 2), between(-7, 27)}},
	} {
		worst, at := 0.0, 0.0
		n := 200
		if c.name == "erfc" {
			n = 60
		}
		for _, draw := range c.draws {
			for range n {
				x := draw()
				if e := ulps(c.f(x), c.want(x)); !(e <= worst) {
					worst, at = e, x
				}
			}
		}
		if !(worst < c.bound) {
			t.Errorf("%s: an error of %.3g ulp at %.17g (%.17g); stated below %g", c.name, worst, at, c.f(at), c.bound)
		}
		t.Logf("%s: %.3f ulp at %.17g", c.name, worst, at)
	}
}

// TestPow: whole powers are rounded correctly, others to an ulp, and limits and signs are the standard library's.
func TestPow(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	whole := func(x float64, n int) real {
		y := num(1, 20000)
		for range max(n, -n) {
			y = mul(y, num(x, 20000))
		}
		if n < 0 {
			y = quo(num(1, 20000), y)
		}
		return y
	}
	for range 3000 {
		x := math.Exp(6*r.Float64()-3) * float64(1-2*r.IntN(2))
		n := r.IntN(81) - 40
		if r.IntN(10) == 0 {
			n = r.IntN(2049) - 1024
		}
		want, _ := whole(x, n).Float64()
		if got := Pow(x, float64(n)); got != want {
			t.Fatalf("%g^%d = %.17g, want %.17g", x, n, got, want)
		}
	}
	for _, c := range [][3]float64{{10, 2, 100}, {10, -4, 1e-4}, {10, 22, 1e22}, {10, 308, 1e308}, {3, 5, 243}, {-2, 3, -8}, {-2, 2, 4}, {2, 0.5, math.Sqrt2}, {10, -320, 1e-320}, {2, -1074, 5e-324}, {7, -384, 0}} {
		want := c[2]
		if want == 0 {
			want, _ = whole(c[0], int(c[1])).Float64()
		}
		if got := Pow(c[0], c[1]); got != want {
			t.Errorf("%g^%g = %.17g, want %.17g", c[0], c[1], got, want)
		}
	}
	worst := 0.0
	for i := range 1500 {
		x, y := math.Exp(20*r.Float64()-10), 40*r.Float64()-20
		switch i % 4 {
		case 1:
			x, y = 1+1e-3*r.Float64(), 3e5*r.Float64()
		case 2:
			x = math.Exp(700 * (2*r.Float64() - 1))
			y = 700 / math.Abs(math.Log(x)) * (2*r.Float64() - 1)
		case 3:
			x, y = x*x, 0.5+float64(r.IntN(40))
		}
		want := bigExp(mul(num(y, prec), bigLog(num(x, prec))))
		e := ulps(Pow(x, y), want)
		worst = max(worst, e)
		if !(e < 1) {
			t.Fatalf("%g^%g: %g ulp", x, y, e)
		}
	}
	t.Logf("%.3f ulp", worst)
	special := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e300, -1e300, 0x1p53 + 2, 1e-300, math.Inf(1), math.Inf(-1), math.NaN(), 1025, -1025, 709, 5e-324}
	for _, x := range special {
		for _, y := range special {
			got, want := Pow(x, y), math.Pow(x, y)
			if math.IsNaN(got) != math.IsNaN(want) || !math.IsNaN(want) && (math.Signbit(got) != math.Signbit(want) || math.Abs(got-want) > 1e-13*math.Abs(want)) {
				t.Errorf("%g^%g = %g, want %g", x, y, got, want)
			}
		}
	}
}

// TestLimits: zeros, infinities and NaN, signs included, are the standard library's.
func TestLimits(t *testing.T) {
	for name, f := range map[string][2]func(float64) float64{
		"exp": {Exp, math.Exp}, "expm1": {Expm1, math.Expm1}, "log1p": {Log1p, math.Log1p}, "sin": {Sin, math.Sin}, "cos": {Cos, math.Cos},
		"log": {Log, math.Log}, "tan": {Tan, math.Tan}, "sinh": {Sinh, math.Sinh}, "cosh": {Cosh, math.Cosh}, "tanh": {Tanh, math.Tanh}, "atan": {Atan, math.Atan},
		"erf": {Erf, math.Erf}, "erfc": {Erfc, math.Erfc},
	} {
		for _, x := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1, -1, -2, 1e4, -1e4, 28, -28, 5e-324, -5e-324, 710.5, -710.5} {
			got, want := f[0](x), f[1](x)
			if name == "log" && x == 5e-324 {
				want = -1074 * math.Ln2 // the standard library's is −709 on amd64
			}
			if math.IsNaN(got) != math.IsNaN(want) || !math.IsNaN(want) && (math.Signbit(got) != math.Signbit(want) || math.IsInf(want, 0) != math.IsInf(got, 0) || math.Abs(got-want) > 1e-13*math.Abs(want)) {
				t.Errorf("%s(%g) = %g, want %g", name, x, got, want)
			}
		}
	}
	for _, f := range []func(float64) float64{SinPi, CosPi} {
		for _, x := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
			if got := f(x); !math.IsNaN(got) {
				t.Errorf("of %g: %g", x, got)
			}
		}
	}
	for n := -5.0; n <= 5; n++ {
		if SinPi(n) != 0 || CosPi(n+0.5) != 0 || CosPi(n) != 1-2*math.Abs(math.Mod(n, 2)) {
			t.Errorf("whole multiples of π: sin %g = %g, cos %g = %g, cos %g = %g", n, SinPi(n), n+0.5, CosPi(n+0.5), n, CosPi(n))
		}
	}
	if SinPi(0x1p60) != 0 || CosPi(0x1p60) != 1 {
		t.Error("large even numbers")
	}
}

// TestTwoOverPi: the table is 2/π, and reduction holds where x is closest to a multiple of π/2.
func TestTwoOverPi(t *testing.T) {
	got := new(big.Int)
	for _, w := range twoOverPi {
		got.Or(got.Lsh(got, 64), new(big.Int).SetUint64(w))
	}
	want, _ := shift(quo(num(2, 1500), bigPi(1500)), 64*len(twoOverPi)).Int(nil)
	if got.Cmp(want) != 0 {
		t.Errorf("2/π = 0.%x, want 0.%x", got, want)
	}
	for _, x := range []float64{6381956970095103 * 0x1p797, 5.319372648326541e255, 0x1.921fb54442d18p0, 0x1.fffffffffffffp1023, 0x1p30, 0x1p30 - 1e-7} {
		s, c := sinCos(num(x, 600))
		if e := ulps(Sin(x), s); e > 1 {
			t.Errorf("sin %g: %g ulp", x, e)
		}
		if e := ulps(Cos(x), c); e > 1 {
			t.Errorf("cos %g: %g ulp", x, e)
		}
	}
}

// TestBits: results have the bits that they had when the digests were written, on this CPU and any other.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(float64) float64
		want uint64
	}{
		{"exp", Exp, 0x5b5c09f385bef695}, {"expm1", Expm1, 0xb7a5b67b66418e2f}, {"log", Log, 0xbbd0b203da962eb0}, {"log1p", Log1p, 0xeea9a0774653c3cc}, {"sin", Sin, 0x48cfb3cc797679f}, {"cos", Cos, 0x340f54902601065f}, {"tan", Tan, 0x6f31a01a44336f33},
		{"sinPi", SinPi, 0xf775ea046df5314}, {"cosPi", CosPi, 0x1b9e2d9e4213b1b0}, {"sinh", Sinh, 0x72d20f8e74515fd4}, {"cosh", Cosh, 0xe8652e4bc0327f04}, {"tanh", Tanh, 0xcf85bf691b9c1ba1}, {"atan", Atan, 0x2733f18d8b824172}, {"erf", Erf, 0x810fdbc4a056ab5f}, {"erfc", Erfc, 0x82867ca7f8c7b923},
		{"pow", func(x float64) float64 { return Pow(math.Abs(x), 1.7-x/9) }, 0xfc7f3cc99654438a},
	} {
		h := fnv.New64a()
		r := rand.New(rand.NewPCG(5, 6))
		for i := range 4000 {
			x := 2*r.Float64() - 1
			switch i % 4 {
			case 1:
				x *= 30
			case 2:
				x *= 1e-4
			case 3:
				x *= 600
			}
			y := c.f(x)
			if math.IsNaN(y) {
				y = 0
			}
			binary.Write(h, binary.LittleEndian, y)
		}
		if got := h.Sum64(); got != c.want {
			t.Errorf("%s has the digest %#x, not %#x", c.name, got, c.want)
		}
	}
}
