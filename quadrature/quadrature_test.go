package quadrature

import (
	"errors"
	"math"
	"testing"
)

func TestRulesAreExact(t *testing.T) {
	for _, tc := range []struct {
		name   string
		rule   func(int) Rule
		degree func(n int) int
	}{
		{"Legendre", Legendre, func(n int) int { return 2*n - 1 }},
		{"Radau", Radau, func(n int) int { return 2*n - 2 }},
	} {
		for _, n := range []int{1, 2, 3, 5, 8, 16, 31} {
			r := tc.rule(n)
			moment := func(k int) float64 {
				var s float64
				for j, x := range r.Nodes {
					s += r.Weights[j] * math.Pow(x, float64(k))
				}
				return s
			}
			for k := 0; k <= tc.degree(n); k++ {
				if got, want := moment(k), 1/float64(k+1); math.Abs(got-want) > 2e-15 {
					t.Errorf("%s(%d): ∫x^%d = %.17g, want %.17g", tc.name, n, k, got, want)
				}
			}
			// One degree more must fail, or the rule is not the one named. By n = 8 the failure is below rounding.
			if k := tc.degree(n) + 1; n < 8 && math.Abs(moment(k)-1/float64(k+1)) < 1e-10 {
				t.Errorf("%s(%d) integrates x^%d, one degree more than it can", tc.name, n, k)
			}
		}
	}
	if r := Radau(16); r.Nodes[15] != 1 {
		t.Errorf("last Radau node %.17g, want 1", r.Nodes[15])
	}
}

func TestCumulativeAndCoefficient(t *testing.T) {
	r := Radau(16)
	a := Cumulative(r.Nodes)
	for i, x := range r.Nodes {
		var got float64
		for j, y := range r.Nodes {
			got += a[i][j] * math.Exp(2*y)
		}
		if want := math.Expm1(2*x) / 2; math.Abs(got-want) > 3e-15*math.E*math.E {
			t.Errorf("∫₀^%.4f e^2x = %.17g, want %.17g", x, got, want)
		}
	}
	for k := range 16 {
		c := Coefficient(r.Nodes, k)
		var got float64
		for j, x := range r.Nodes {
			p3, _ := legendrePair(3, 2*x-1)
			p15, _ := legendrePair(15, 2*x-1)
			got += c[j] * (2*p3 - 7*p15)
		}
		if want := map[int]float64{3: 2, 15: -7}[k]; math.Abs(got-want) > 1e-13 {
			t.Errorf("coefficient %d is %.17g, want %g", k, got, want)
		}
	}
}

func TestIntegrateClosedForms(t *testing.T) {
	inf := math.Inf(1)
	for _, tc := range []struct {
		name string
		f    func(float64) float64
		a, b float64
		want float64
	}{
		{"polynomial", func(x float64) float64 { return x*x*x - 2*x }, -1, 3, 12},
		{"reversed ends", func(x float64) float64 { return x * x }, 1, 0, -1.0 / 3},
		{"no interval", func(x float64) float64 { return x }, 2, 2, 0},
		{"odd", math.Sin, -2, 2, 0},
		{"oscillation", func(x float64) float64 { return math.Cos(100 * x) }, 0, 1, math.Sin(100) / 100},
		{"peak", func(x float64) float64 { return 1e-4 / (1e-8 + (x-0.3)*(x-0.3)) }, 0, 1, math.Atan(0.7e4) + math.Atan(0.3e4)},
		{"kink", func(x float64) float64 { return math.Abs(x - 1/math.Pi) }, 0, 1, (1/(math.Pi*math.Pi) + (1-1/math.Pi)*(1-1/math.Pi)) / 2},
		{"root", math.Sqrt, 0, 1, 2.0 / 3},
		{"root singularity", func(x float64) float64 { return 1 / math.Sqrt(x) }, 0, 4, 4},
		{"power −0.9", func(x float64) float64 { return math.Pow(x, -0.9) }, 0, 1, 10},
		{"logarithm", math.Log, 0, 1, -1},
		{"Gaussian", func(x float64) float64 { return math.Exp(-x * x) }, -inf, inf, math.Sqrt(math.Pi)},
		{"Gaussian far away", func(x float64) float64 { return math.Exp(-(x - 30) * (x - 30)) }, -inf, inf, math.Sqrt(math.Pi)},
		{"Gamma(1/4)", func(x float64) float64 { return math.Pow(x, -0.75) * math.Exp(-x) }, 0, inf, math.Gamma(0.25)},
		{"slow tail", func(x float64) float64 { return math.Pow(1+x, -1.5) }, 0, inf, 2},
		{"left half line", math.Exp, -inf, 1, math.E},
		// A transit time of a depth-L net, ∫ du / (L u^(2−2/L)(s−u)) with L = 3, s = 1, between 0 and ½.
		{"transit, L=3", func(u float64) float64 { return 1 / (3 * math.Pow(u, 4.0/3) * (1 - u)) }, 0.001, 0.5, transit3(0.5) - transit3(0.001)},
	} {
		got, err := Integrate(tc.f, tc.a, tc.b, 1e-12)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		scale := math.Max(math.Abs(tc.want), 1e-2)
		if e := math.Abs(got.Value - tc.want); e > 1e-12*math.Max(scale, 3) || e > 2*got.Error+2e-14*scale { // 2e-14: the rounding of x = 30 in a Gaussian
			t.Errorf("%s: %.16g, want %.16g: off by %.2g, error claimed %.2g, %d evaluations", tc.name, got.Value, tc.want, e, got.Error, got.Evaluations)
		}
	}
}

// transit3 is the antiderivative of 1/(3 u^(4/3)(1−u)): with u = w³ it is ∫ dw/(w²(1−w³)).
func transit3(u float64) float64 {
	w := math.Cbrt(u)
	return -1/w - math.Log1p(-w)/3 + math.Log(w*w+w+1)/6 - math.Atan((2*w+1)/math.Sqrt(3))/math.Sqrt(3)
}

func TestIntegrateRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		f    func(float64) float64
		a, b float64
		tol  float64
		want error
	}{
		{"1/x", func(x float64) float64 { return 1 / x }, 0, 1, 1e-8, ErrTolerance},
		{"1/x to infinity", func(x float64) float64 { return 1 / x }, 1, math.Inf(1), 1e-8, ErrTolerance},
		{"constant on a half line", func(float64) float64 { return 1 }, 0, math.Inf(1), 1e-8, ErrTolerance},
		{"pole on a node", func(x float64) float64 { return 1 / ((x - 0.3) * (x - 0.3)) }, 0, 1, 1e-8, ErrInfinite},
		{"pole where bisection ends", func(x float64) float64 { return 1 / math.Abs(x-1/math.Pi) }, 0, 1, 1e-8, ErrInfinite},
		{"pole between nodes", func(x float64) float64 { return 1 / math.Abs(x-1/math.Sqrt(7)) }, 0, 1, 1e-8, ErrTolerance},
		{"root singularity away from 0", func(x float64) float64 { return 1 / math.Sqrt(1-x) }, 0, 1, 1e-10, ErrTolerance},
		{"not a number", func(float64) float64 { return math.NaN() }, 0, 1, 1e-8, ErrInfinite},
		{"NaN end", math.Sin, math.NaN(), 1, 1e-8, ErrInterval},
		{"tolerance 0", math.Sin, 0, 1, 0, ErrTolerance},
		{"tolerance below rounding", math.Exp, 0, 1, 1e-18, ErrTolerance},
	} {
		if got, err := Integrate(tc.f, tc.a, tc.b, tc.tol); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %+v, %v; want the error %q", tc.name, got, err, tc.want)
		}
	}
}

func BenchmarkIntegrate(b *testing.B) {
	for b.Loop() {
		if _, err := Integrate(func(u float64) float64 { return 1 / (3 * math.Pow(u, 4.0/3) * (1 - u)) }, 0.001, 0.5, 1e-10); err != nil {
			b.Fatal(err)
		}
	}
}
