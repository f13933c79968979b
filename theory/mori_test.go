package theory

import (
	"math"
	"testing"

	"sgdlab"
)

// itoExit is the exact mean time of dx = −L′dt + √(2D)dW from a to b, D = kL, reflecting at from: the double integral with
// Φ = log L/k, by Simpson's rule.
func itoExit(loss func(float64) float64, k, from, a, b float64, n int) float64 {
	h := (b - from) / float64(n)
	inner, sum := 0.0, 0.0
	weight := func(z float64) float64 { return math.Exp(-math.Log(loss(z))*(1/k+1)) / k } // e^(−Φ)/D
	for i := range n {
		l, m, r := from+float64(i)*h, from+(float64(i)+0.5)*h, from+float64(i+1)*h
		half := (weight(l) + 4*weight((l+m)/2) + weight(m)) * h / 12
		full := (weight(l) + 4*weight(m) + weight(r)) * h / 6
		if m > a {
			g := func(y, in float64) float64 { return math.Exp(math.Log(loss(y))/k) * in }
			sum += (g(l, inner) + 4*g(m, inner+half) + g(r, inner+full)) * h / 6
		}
		inner += full
	}
	return sum
}

// L = L₀ + (x² − 1)²/4 has h* = 2, h_s = −1. Exact times over 1/κ, from quadrature elsewhere.
func TestMoriRate(t *testing.T) {
	for _, tc := range []struct{ floor, tau, ratio float64 }{
		{0.1, 0.5, 0.9596}, {0.1, 0.25, 0.9762}, {0.1, 0.2, 0.9778}, {0.1, 0.1, 0.9858}, {0.1, 0.05, 0.9924},
		{0.05, 0.5, 0.9135}, {0.05, 0.1, 0.9774}, {0.05, 0.05, 0.9884},
	} {
		loss := func(x float64) float64 { return tc.floor + (x*x-1)*(x*x-1)/4 }
		// D = (η/B)L·h* = τL.
		exact := itoExit(loss, tc.tau, -12, -1, 1, 130000)
		c := MoriRate{Curvature: 2, Saddle: -1, MinimumLoss: tc.floor, SaddleLoss: tc.floor + 0.25, Rate: tc.tau * 3 / 2, Batch: 3, Dimension: 1, Determinants: nan, Of: "rate"}
		p := predicted(t, NewMoriRate, c, nil)
		close(t, "ratio", exact*p.Values[0], tc.ratio, 1e-4)
		if miss := math.Abs(exact*p.Values[0] - 1); miss > p.Neglects[0] {
			t.Errorf("κτ = %g misses 1 by more than %g", exact*p.Values[0], p.Neglects[0])
		}
		c.Of = "mean-time"
		close(t, "mean time", one(t, NewMoriRate, c, nil), 1/p.Values[0], 1e-12)
	}
	// In n dimensions, against the limit of the exact radial time: the exponent of the ratio of losses.
	base := MoriRate{Curvature: 2, Saddle: -1, MinimumLoss: 0.1, SaddleLoss: 1, Rate: 0.1, Batch: 1, Dimension: 4, Determinants: 3, Of: "rate"}
	twice := base
	twice.SaddleLoss = 2
	slope := math.Log2(one(t, NewMoriRate, base, nil) / one(t, NewMoriRate, twice, nil))
	close(t, "exponent", slope, 1/(0.1*2)+1-2, 1e-12)
	wider := base
	wider.Determinants = 12
	close(t, "determinants", one(t, NewMoriRate, wider, nil), 2*one(t, NewMoriRate, base, nil), 1e-12)
	steeper := base
	steeper.Saddle = -2
	close(t, "saddle", one(t, NewMoriRate, steeper, nil), 2*one(t, NewMoriRate, base, nil), 1e-12)

	r := langevin(doubleWell, []float64{-1}, 0.1, nil)
	r.Number = numbers(map[string]float64{"rate": 0.1, "batch": 4})
	read, given := base, base
	read.Rate, read.Batch, given.Batch = nan, nan, 4
	close(t, "from a run", one(t, NewMoriRate, read, r), one(t, NewMoriRate, given, nil), 0)
	refused(t, NewMoriRate, read, nil, "give rate, batch")
	r.Number = numbers(map[string]float64{"rate": 0.1})
	refused(t, NewMoriRate, read, r, "no number batch")
	base.Dimension = 12
	refused(t, NewMoriRate, base, nil, "n_c = 12")
	base.Dimension, base.SaddleLoss = 1, 0.05
	refused(t, NewMoriRate, base, nil, "not above")
	base.SaddleLoss = 0.11
	refused(t, NewMoriRate, base, nil, "log(L_s/L*)")
	base.SaddleLoss, base.Saddle = 1, 1
	refused(t, NewMoriRate, base, nil, "saddle is 1")
	base.Saddle, base.Of = -1, "x"
	refused(t, NewMoriRate, base, nil, "mean-time")
}

func TestLogLossExit(t *testing.T) {
	exit := func(h, eta, b float64, n int, c float64) float64 {
		return one(t, NewLogLossExit, LogLossExit{Curvature: h, Rate: eta, Batch: b, Dimension: n, Ratio: c}, nil)
	}
	// At n = 2 and 1/T = m an integer, Σ C(m, j)(c − 1)^j/j / 2h.
	sum, binomial := 0.0, 1.0
	for j := 1.0; j <= 10; j++ {
		binomial *= (11 - j) / j
		sum += binomial / j
	}
	close(t, "R11 is the sum", sum/2, 117.189484, 1e-8)
	close(t, "R11", exit(1, 0.1, 1, 2, 2), sum/2, 1e-10)
	// Other dimensions at B = 1, η = 0.1, h = 1, from quadrature elsewhere.
	for _, tc := range []struct {
		n       int
		c, want float64
	}{{1, 1.2, 4.07614}, {1, 1.5, 35.6350}, {1, 2, 574.102}, {2, 1.2, 1.66130}, {2, 1.5, 10.5932}, {5, 1.2, 0.504995}, {5, 1.5, 1.92307}, {5, 2, 9.04056}} {
		close(t, "exit time", exit(1, 0.1, 1, tc.n, tc.c), tc.want, 6e-6)
	}
	// One dimension by the test's own road: L = 1 + hx²/2, reflecting at 0.
	h, eta, b, c := 1.6, 0.3, 2.0, 1.9
	close(t, "n = 1", exit(h, eta, b, 1, c), itoExit(func(x float64) float64 { return 1 + h*x*x/2 }, eta*h/b, 0, 0, math.Sqrt(2*(c-1)/h), 4000), 1e-9)
	// The asymptote c^k·Beta(n/2, k)/(2hTk), k = 1/T + 1 − n/2, is 1.0020 low at c = 1000, n = 2, T = ½.
	close(t, "asymptote", exit(1, 0.5, 1, 2, 1000)/(beta(1, 2)/(2*0.5*2)*1e6), 1.0020, 5e-5)

	r := langevin(doubleWell, []float64{-1}, 0.1, nil)
	r.Number = numbers(map[string]float64{"rate": 0.1, "batch": 4})
	close(t, "from a run", one(t, NewLogLossExit, LogLossExit{Curvature: 1, Rate: nan, Batch: nan, Dimension: 2, Ratio: 1.5}, r), exit(1, 0.1, 4, 2, 1.5), 0)
	refused(t, NewLogLossExit, LogLossExit{Curvature: 1, Rate: 0.1, Batch: 1, Dimension: 1, Ratio: 1}, nil, "c > 1")
	refused(t, NewLogLossExit, LogLossExit{Curvature: 1, Rate: nan, Batch: nan, Dimension: 1, Ratio: 2}, nil, "give rate, batch")
	refused(t, NewLogLossExit, LogLossExit{Curvature: 1, Rate: 1e-5, Batch: 1, Dimension: 1, Ratio: 2}, nil, "beyond the largest")
	if p := predicted(t, NewLogLossExit, LogLossExit{Curvature: 1, Rate: 0.1, Batch: 1, Dimension: 1, Ratio: 2}, nil); p.Kind != sgdlab.Exact {
		t.Errorf("the exit time is %v", p.Kind)
	}
}

func beta(a, b float64) float64 { return math.Gamma(a) * math.Gamma(b) / math.Gamma(a+b) }
