package fokkerplanck

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"sgdlab/quadrature"
)

var inf = math.Inf(1)

func constant(v float64) func(float64) float64 { return func(float64) float64 { return v } }

// doubleWell is −V′ for V = x⁴/4 − x²/2: minima ±1, barrier ¼ at 0.
func doubleWell(x float64) float64 { return x - x*x*x }

// geometric is dX = μX dt + sX dW on (lo, 1).
func geometric(mu, s float64, sense Sense, lo float64, end End) Problem {
	return Problem{
		Drift:     func(x float64) float64 { return mu * x },
		Diffusion: func(x float64) float64 { return s * s * x * x / 2 },
		Sense:     sense, Lo: lo, Hi: 1, LoEnd: end,
	}
}

func mean(t *testing.T, p Problem, x0 float64) float64 {
	t.Helper()
	r, err := p.MeanExitTime(x0, 1e-10)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value
}

// printed demands every digit of a number as printed elsewhere.
func printed(t *testing.T, what string, got float64, want string) {
	t.Helper()
	w, err := strconv.ParseFloat(want, 64)
	if err != nil {
		t.Fatal(err)
	}
	mantissa, exponent, _ := strings.Cut(want, "e")
	unit := 1.0
	if _, frac, ok := strings.Cut(mantissa, "."); ok {
		unit = math.Pow(10, -float64(len(frac)))
	}
	if e, err := strconv.Atoi(exponent); err == nil {
		unit *= math.Pow(10, float64(e))
	}
	if !(math.Abs(got-w) <= 0.5000001*unit) {
		t.Errorf("%s: got %.10g, want %s", what, got, want)
	}
}

// The numbers of the claim sheets, obtained there with other codes.
func TestPublishedTables(t *testing.T) {
	list := func(what string, want string, at []float64, p func(v float64) (Problem, float64)) {
		t.Helper()
		for i, w := range strings.Fields(want) {
			q, x0 := p(at[i])
			printed(t, fmt.Sprintf("%s at %g", what, at[i]), mean(t, q, x0), w)
		}
	}
	temps := []float64{1, 0.5, 0.25, 0.2, 0.1, 0.05, 0.04, 0.03, 0.025}
	list("R1", "3.48831 6.69776 14.2777 19.0939 66.2686 729.671 2483.03 19485.8 102108", temps, func(T float64) (Problem, float64) {
		return Problem{Drift: doubleWell, Diffusion: constant(T), Lo: -inf, Hi: 1}, -1
	})
	list("R1b", "1.29056 2.52170 5.74344 7.93402 30.8213 361.904 1238.40 9739.57 51050.7", temps, func(T float64) (Problem, float64) {
		return Problem{Drift: doubleWell, Diffusion: constant(T), Lo: -inf, Hi: 0}, -1
	})
	// By nested quadrature in 25-digit arithmetic, for the temperatures of the spec double-well-exit.
	list("R1", "120.005742034 325.294793560", []float64{0.08, 0.06}, func(T float64) (Problem, float64) {
		return Problem{Drift: doubleWell, Diffusion: constant(T), Lo: -inf, Hi: 1}, -1
	})
	list("R3", "0.130387 0.595749 1.71127 4.50160 12.6980 42.5746 1008.17", []float64{0.5, 1, 1.5, 2, 2.5, 3, 4}, func(a float64) (Problem, float64) {
		return Problem{Drift: func(x float64) float64 { return -x }, Diffusion: constant(1), Lo: -a, Hi: a}, 0
	})
	for _, b := range []struct {
		d, r float64
		want string
	}{{2, 1, "0.285076"}, {2, 2, "1.84194"}, {2, 3, "12.9262"}, {3, 1, "0.185063"}, {3, 2, "1.08188"}, {3, 3, "6.06958"}, {10, 3, "0.740720"}} {
		p := Problem{Drift: func(r float64) float64 { return -r + (b.d-1)/r }, Diffusion: constant(1), LoEnd: Reflecting, Hi: b.r}
		printed(t, fmt.Sprintf("R5 in %g dimensions to %g", b.d, b.r), mean(t, p, 0), b.want)
	}
	list("R8", "1.72414 2.93269 4.08856 5.24030 7.54294", []float64{1e-1, 1e-2, 1e-3, 1e-4, 1e-6}, func(T float64) (Problem, float64) {
		return Problem{Drift: func(x float64) float64 { return x }, Diffusion: constant(T), Lo: -1, Hi: 1}, 0
	})
	list("R9", "3.06524 11.1135 36.2410 115.687", []float64{1e-1, 1e-2, 1e-3, 1e-4}, func(T float64) (Problem, float64) {
		return Problem{Drift: func(x float64) float64 { return x * x * x }, Diffusion: constant(T), Lo: -1, Hi: 1}, 0
	})
	printed(t, "R10, E τ from 0.01 to 1", mean(t, geometric(1, 0.5, Ito, 0, Natural), 0.01), "5.26305")
	printed(t, "R10, E τ of (0.01, 1)", mean(t, geometric(0.3, 0.8, Ito, 0.01, Absorbing), 0.1), "8.26995")
	list("R11", "117.189484", []float64{0.1}, func(T float64) (Problem, float64) {
		d := func(r float64) float64 { return T * (1 + r*r) / 2 } // T·L with L* = ½, h = 1; to L = 2L*
		return Problem{Drift: func(r float64) float64 { return -r + d(r)/r }, Diffusion: d, LoEnd: Reflecting, Hi: 1}, 0
	})
	list("R12", "97.7043 1217.64 4268.68", []float64{0.5, 0.25, 0.2}, func(tau float64) (Problem, float64) { return logLoss(tau), -1 })
	printed(t, "R12 at 0.1", mean(t, logLoss(0.1), -1), "226034e1")
	for _, r := range []struct {
		T          float64
		p, passage string
	}{{0.1, "0.01169891", "64.98385"}, {0.05, "0.001716317", "727.89366"}} {
		p := Problem{Drift: doubleWell, Diffusion: constant(r.T), Lo: -0.9, Hi: 0.9}
		got, err := p.SplittingProbability(-0.8, 1e-10)
		if err != nil {
			t.Fatal(err)
		}
		printed(t, fmt.Sprintf("R14, probability at T = %g", r.T), got.Value, r.p)
		p.Lo = -inf
		printed(t, fmt.Sprintf("R14, passage at T = %g", r.T), mean(t, p, -0.9), r.passage)
	}
	list("R16", "4.37712 49.4842 170.860 1370.49 7299.85 90197.2", []float64{10, 5, 4, 3, 2.5, 2}, func(T float64) (Problem, float64) {
		return Problem{Drift: func(x float64) float64 { return -2*x*x*x + 16*x - 2.5 }, Diffusion: constant(T), Lo: -2.903534, Hi: inf}, 2.746803
	})
	for _, r := range []struct {
		n, alpha float64
		want     string
	}{{3, 0.1, "10.2672"}, {3, 0.05, "20.6238"}, {3, 0.01, "101.435"}, {4, 0.1, "51.406"}, {2, 0.1, "2.91395"}, {2, 0.01, "5.98936"}} {
		p := Problem{ // dw = w^(N−1)[(1 − w^N)dt + √½ dB]
			Drift:     func(w float64) float64 { return math.Pow(w, r.n-1) * (1 - math.Pow(w, r.n)) },
			Diffusion: func(w float64) float64 { return 0.25 * math.Pow(w, 2*r.n-2) },
			LoEnd:     Natural, Hi: math.Pow(0.5, 1/r.n),
		}
		printed(t, fmt.Sprintf("R17, depth %g from %g", r.n, r.alpha), mean(t, p, r.alpha), r.want)
	}
	printed(t, "inverted OU, against the bound ½", mean(t, Problem{Drift: func(x float64) float64 { return x }, Diffusion: constant(1), Lo: -1, Hi: 1}, 0), "0.426686")
	bessel := Problem{Drift: func(x float64) float64 { return -1 / x }, Diffusion: constant(1), Lo: 1, Hi: 3}
	// The sheet has 0.46762; the closed form ½x²(c + ½ − ln x) + const, with c from both ends, has 0.467614.
	c := (4.5*math.Log(3) - 2) / 4
	printed(t, "valley of x²y², T·E τ", mean(t, bessel, 2), fmt.Sprintf("%.9f", 1.5*c-2*math.Ln2+0.75))
}

// logLoss is the log-loss double well, L = 0.1 + (x²−1)²/4, D = τL.
func logLoss(tau float64) Problem {
	return Problem{
		Drift:     doubleWell,
		Diffusion: func(x float64) float64 { return tau * (0.1 + (x*x-1)*(x*x-1)/4) },
		Lo:        -inf, Hi: 1,
	}
}

// Mean times to the saddle over e^ΔΦ in the three senses, with D switching from 2k to k at −0.6 over a width of 0.05.
func TestSensesOfASwitch(t *testing.T) {
	for _, tc := range []struct {
		sense Sense
		want  [3]string
	}{
		{Ito, [3]string{"3.562", "3.315", "3.219"}},
		{Stratonovich, [3]string{"4.866", "4.658", "4.550"}},
		{Fick, [3]string{"6.699", "6.553", "6.432"}},
	} {
		for i, k := range []float64{0.04, 0.02, 0.01} {
			d := func(x float64) float64 { return k * (1.5 - math.Tanh((x+0.6)/0.05)/2) }
			p := Problem{Drift: doubleWell, Diffusion: d, Sense: tc.sense, Lo: -inf, Hi: 0}
			barrier, err := quadrature.Integrate(func(x float64) float64 { return -doubleWell(x) / d(x) }, -1, 0, 1e-12)
			if err != nil {
				t.Fatal(err)
			}
			printed(t, fmt.Sprintf("%v, k = %g", tc.sense, k), 2*mean(t, p, -1)/math.Exp(barrier.Value), tc.want[i])
		}
	}
}

// quadraticSeries is the natural logarithm of Σ sⁿ a^(2n+2)/((2n+1)!!(2n+2)), E τ for dX = −sX dt + √2 dW to leave (−a, a)
// from 0, in as many bits as the cancellation needs.
func quadraticSeries(a float64, s int64) float64 {
	bits := uint(200 + 3*a*a)
	num := func(v float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(v) }
	a2 := new(big.Float).SetPrec(bits).Mul(num(a), num(a))
	term, sum := new(big.Float).SetPrec(bits).Set(a2), num(0) // a^(2n+2)/(2n+1)!!
	for n := 0; n < 100+int(2*a*a); n++ {
		sum.Add(sum, new(big.Float).SetPrec(bits).Quo(term, num(float64(2*n+2))))
		term.Mul(term, a2)
		term.Quo(term, num(float64(s)*float64(2*n+3)))
	}
	m := new(big.Float)
	e := sum.MantExp(m)
	f, _ := m.Float64()
	return math.Log(f) + float64(e)*math.Ln2
}

// Closed forms, mean and variance: the relative error must be below 1e-12 and below what is claimed.
func TestClosedForms(t *testing.T) {
	quad := func(slope float64, temp float64) Problem {
		return Problem{Drift: func(x float64) float64 { return slope * x }, Diffusion: constant(temp), Lo: -1, Hi: 1}
	}
	fickRate := 1 + 0.25/2 // ν = λ − s²/2 with λ + s² for λ
	none := math.NaN()
	for _, tc := range []struct {
		name           string
		p              Problem
		x0             float64
		mean, variance float64 // logarithms
	}{
		{"Brownian, centre", Problem{Drift: constant(0), Diffusion: constant(0.3), Lo: -2, Hi: 2}, 0, math.Log(4 / 0.6), math.Log(2.0 / 3 * 4 / 0.6 * 4 / 0.6)},
		{"Brownian, off centre", Problem{Drift: constant(0), Diffusion: constant(0.5), Lo: -1, Hi: 1}, 0.3,
			math.Log(1 - 0.09), math.Log((1-0.09)*(5-0.09)/3 - (1-0.09)*(1-0.09))},
		{"Brownian, off centre, left", Problem{Drift: constant(0), Diffusion: constant(0.5), Lo: -1, Hi: 1}, -0.9,
			math.Log(1 - 0.81), math.Log((1-0.81)*(5-0.81)/3 - (1-0.81)*(1-0.81))},
		{"Brownian, reflecting", Problem{Drift: constant(0), Diffusion: constant(0.5), LoEnd: Reflecting, Hi: 1}, 0.3, math.Log(1 - 0.09), math.Log((1-0.09)*(5-0.09)/3 - (1-0.09)*(1-0.09))},
		{"drifting", Problem{Drift: constant(2), Diffusion: constant(0.5), Lo: -inf, Hi: 1}, -3, math.Log(2), math.Log(4 * 1 / 8.0)},
		{"drifting down", Problem{Drift: constant(-2), Diffusion: constant(0.5), Lo: -1, Hi: inf}, 3, math.Log(2), math.Log(4 * 1 / 8.0)},
		{"geometric", geometric(1, 0.5, Ito, 0, Natural), 0.01, math.Log(math.Log(100) / 0.875), math.Log(0.25 * math.Log(100) / (0.875 * 0.875 * 0.875))},
		{"geometric, Stratonovich", geometric(1, 0.5, Stratonovich, 0, Natural), 0.01, math.Log(math.Log(100)), math.Log(0.25 * math.Log(100))},
		{"geometric, Fick", geometric(1, 0.5, Fick, 0, Natural), 0.01, math.Log(math.Log(100) / fickRate), math.Log(0.25 * math.Log(100) / (fickRate * fickRate * fickRate))},
		{"well, e^0.5", quad(-1, 1), 0, quadraticSeries(1, 1), none},
		{"well, e^50", quad(-1, 0.01), 0, quadraticSeries(10, 1), 2 * quadraticSeries(10, 1)}, // exponential, to e^−50
		{"well, e^1800", quad(-1, 1/3600.0), 0, quadraticSeries(60, 1), 2 * quadraticSeries(60, 1)},
		{"saddle, T = 1", quad(1, 1), 0, math.Log(math.Exp(quadraticSeries(1, -1))), none},
		{"saddle, T = 0.0004", quad(1, 0.0004), 0, quadraticSeries(50, -1), none},
		{"washboard, over three barriers of 300", Problem{
			Drift: func(x float64) float64 { return -0.15 * math.Sin(x) }, Diffusion: constant(0.001),
			LoEnd: Reflecting, Hi: 6 * math.Pi,
		}, 0, washboard(150, 3) - math.Log(0.001), none},
		{"Feller diffusion, reaching an end without noise", Problem{Drift: constant(0), Diffusion: func(x float64) float64 { return x }, Hi: 1}, 0.3, math.Log(-0.3 * math.Log(0.3)), none},
		{"n = 2 log-loss", Problem{
			Drift:     func(r float64) float64 { return -r + 0.05*(1+r*r)/r },
			Diffusion: func(r float64) float64 { return 0.05 * (1 + r*r) },
			LoEnd:     Reflecting, Hi: 1,
		}, 0, math.Log(harmonic10()), none},
	} {
		m, v, err := tc.p.ExitTimeMoments(tc.x0, 1e-10)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		for _, c := range []struct {
			what string
			got  Result
			want float64
		}{{"mean", m, tc.mean}, {"variance", v, tc.variance}} {
			if math.IsNaN(c.want) {
				continue
			}
			// ln itself is rounded: ε of its size.
			e := math.Abs(math.Expm1(c.got.LogValue - c.want))
			if slack := 2e-16 * math.Abs(c.want); e > c.got.Error+slack || e > 1e-12+slack {
				t.Errorf("%s: ln %s = %.15g, want %.15g: relative error %.2g, claimed %.2g", tc.name, c.what, c.got.LogValue, c.want, e, c.got.Error)
			}
			if w := math.Exp(c.got.LogValue); c.got.Value != w && !(math.Abs(c.got.Value/w-1) < 1e-12) {
				t.Errorf("%s: Value %g is not exp(LogValue) = %g", tc.name, c.got.Value, w)
			}
		}
	}
}

// washboard is the logarithm of T·E τ for V/T = −z cos x to get from 0, reflecting, to 2πn: the double integral over the
// periods is n²/2 of ∫e^(V/T)∫e^(−V/T), that is 2π²n²I₀(z)².
func washboard(z, n float64) float64 {
	i0, err := quadrature.Integrate(func(x float64) float64 { return math.Exp(z * (math.Cos(x) - 1)) }, 0, math.Pi, 1e-14)
	if err != nil {
		panic(err)
	}
	return math.Log(2*n*n) + 2*(z+math.Log(i0.Value))
}

// harmonic10 is ½ Σ C(10, j)/j.
func harmonic10() float64 {
	s, c := 0.0, 1.0
	for j := 1; j <= 10; j++ {
		c *= float64(11-j) / float64(j)
		s += c / float64(j)
	}
	return s / 2
}

// At noise far below the drift the variance is a small difference of moments, and coefficients are stiff.
func TestSmallNoise(t *testing.T) {
	const gamma = 0.57721566490153286
	for _, temp := range []float64{1e-6, 1e-9, 1e-12} {
		p := Problem{Drift: func(x float64) float64 { return x }, Diffusion: constant(temp), Lo: -1, Hi: 1}
		m, v, err := p.ExitTimeMoments(0, 1e-10)
		if err != nil {
			t.Fatal(err)
		}
		// Neglected: T log T relative to 1.
		if want := (math.Log(2/temp) + gamma) / 2; math.Abs(m.Value-want) > 3*temp+1e-12*want {
			t.Errorf("T = %g from 0: mean %.15g, want %.15g", temp, m.Value, want)
		}
		if want := math.Pi * math.Pi / 8; math.Abs(v.Value-want) > 20*temp*math.Log(1/temp)+1e-11 {
			t.Errorf("T = %g from 0: variance %.15g, want %.15g", temp, v.Value, want)
		}
		// Off the saddle the noise is a perturbation: E τ = ln(1/x₀) + O(T), Var τ = T(1/x₀² − 1) + O(T²).
		m, v, err = p.ExitTimeMoments(-0.1, 1e-10)
		if err != nil {
			t.Fatal(err)
		}
		if want := math.Log(10); math.Abs(m.Value-want) > 60*temp+1e-12 {
			t.Errorf("T = %g from −0.1: mean %.15g, want %.15g", temp, m.Value, want)
		}
		if want := temp * 99; math.Abs(v.Value/want-1) > 1000*temp+1e-10 {
			t.Errorf("T = %g from −0.1: variance %.12g, want %.12g", temp, v.Value, want)
		}
	}
	for T, want := range map[float64]string{0.1: "1.07989", 0.01: "1.22344", 0.001: "1.23270"} { // the sheet has 1.23272 for the last; 25 digits give 1.2326980394
		p := Problem{Drift: func(x float64) float64 { return x }, Diffusion: constant(T), Lo: -1, Hi: 1}
		_, v, err := p.ExitTimeMoments(0, 1e-10)
		if err != nil {
			t.Fatal(err)
		}
		printed(t, fmt.Sprintf("variance at T = %g", T), v.Value, want)
	}
}

// differences solves A u = −1, A u₂ = −2u and A p = 0 by central differences on n cells and two Richardson steps: another
// method, which needs the Itô drift and hence D′. reflecting: zero slope at lo.
func differences(drift, diffusion, dDiffusion func(float64) float64, c, lo, hi, x0 float64, reflecting bool) (mean, variance, up float64) {
	at := func(n int) (u, u2, p float64) {
		h := (hi - lo) / float64(n)
		solve := func(rhs func(i int) float64, top float64) []float64 {
			diag, upper, y := make([]float64, n), make([]float64, n), make([]float64, n+1)
			y[n] = top
			for i := range n { // forward elimination of unknowns 0 … n−1
				x := lo + h*float64(i)
				d, b := diffusion(x)/(h*h), 0.0
				b = (drift(x) + c*dDiffusion(x)) / (2 * h)
				l, m, r, f := d-b, -2*d, d+b, rhs(i)
				switch {
				case i == 0 && reflecting:
					r, l = 2*d, 0
				case i == 0:
					m, r, l, f = 1, 0, 0, 0
				}
				if i == n-1 {
					f -= r * top
				}
				if i > 0 {
					w := l / diag[i-1]
					m -= w * upper[i-1]
					f -= w * y[i-1]
				}
				diag[i], upper[i], y[i] = m, r, f
			}
			for i := n - 1; i >= 0; i-- {
				if i < n-1 {
					y[i] -= upper[i] * y[i+1]
				}
				y[i] /= diag[i]
			}
			return y
		}
		one := solve(func(int) float64 { return -1 }, 0)
		two := solve(func(i int) float64 { return -2 * one[i] }, 0)
		j := int(math.Round((x0 - lo) / h))
		return one[j], two[j], solve(func(int) float64 { return 0 }, 1)[j]
	}
	const n = 4200 // a multiple that has every start on the grid
	var t [3][3]float64
	for k := range t {
		t[k][0], t[k][1], t[k][2] = at(n << k)
	}
	var out [3]float64
	for q := range out {
		a := (4*t[1][q] - t[0][q]) / 3
		b := (4*t[2][q] - t[1][q]) / 3
		out[q] = (16*b - a) / 15
	}
	return out[0], out[1] - out[0]*out[0], out[2]
}

func TestAgainstFiniteDifferences(t *testing.T) {
	d := func(x float64) float64 { return 0.3 + 0.2*math.Sin(3*x) + 0.05*x*x }
	dd := func(x float64) float64 { return 0.6*math.Cos(3*x) + 0.1*x }
	drift := func(x float64) float64 { return x - x*x*x + 0.2 }
	for _, tc := range []struct {
		name       string
		lo, hi, x0 float64
		end        End
	}{
		{"well, reflecting", -2, 1, -1, Reflecting},
		{"two ends", -1.5, 1.5, -0.75, Absorbing},
		{"two ends, start right", -1.5, 1.5, 1.2, Absorbing},
		{"start at the reflecting end", -1.25, 0.75, -1.25, Reflecting},
	} {
		for _, sense := range []Sense{Ito, Stratonovich, Fick} {
			p := Problem{Drift: drift, Diffusion: d, Sense: sense, Lo: tc.lo, Hi: tc.hi, LoEnd: tc.end}
			m, v, err := p.ExitTimeMoments(tc.x0, 1e-10)
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.SplittingProbability(tc.x0, 1e-10)
			if err != nil {
				t.Fatal(err)
			}
			um, uv, up := differences(drift, d, dd, float64(sense)/2, tc.lo, tc.hi, tc.x0, tc.end == Reflecting)
			// Differences lose ε·n² = 6e-8 at worst; what is seen is 1e-9.
			for _, c := range []struct {
				what      string
				got, want float64
			}{{"mean", m.Value, um}, {"variance", v.Value, uv}, {"probability", s.Value, up}} {
				if e := math.Abs(c.got/c.want - 1); !(e < 1e-8) {
					t.Errorf("%s, %v: %s %.12g, by differences %.12g: %.2g apart", tc.name, sense, c.what, c.got, c.want, e)
				}
			}
		}
	}
}

// Ito, Stratonovich and Fick differ most where D jumps: u′, √D·u′ or D·u′ is continuous there.
func TestJumpOfDiffusion(t *testing.T) {
	const l, r = 0.2, 1.7
	for sense, k := range map[Sense]float64{Ito: 1, Stratonovich: math.Sqrt(l / r), Fick: l / r} {
		for _, at := range []float64{0, 1 / math.Pi / 10} { // on and off the mesh
			p := Problem{Drift: constant(0), Diffusion: func(x float64) float64 {
				if x < at {
					return l
				}
				return r
			}, Sense: sense, Lo: -1, Hi: 1}
			// u = u₀ + g y − y²/(2D) on either side, y = x − at, with slope g on the left and kg on the right.
			a, b := 1+at, 1-at
			g := (b*b/(2*r) - a*a/(2*l)) / (k*b + a)
			u0 := g*a + a*a/(2*l)
			x0 := -0.5
			y := x0 - at
			want := u0 + g*y - y*y/(2*l)
			m, err := p.MeanExitTime(x0, 1e-10)
			if err != nil {
				t.Errorf("%v, jump at %g: %v", sense, at, err)
			} else if e := math.Abs(m.Value/want - 1); e > 1e-10 || e > m.Error {
				t.Errorf("%v, jump at %g: %.14g, want %.14g: off by %.2g, claimed %.2g", sense, at, m.Value, want, e, m.Error)
			}
		}
	}
}

// A spike of 1/D between the nodes of the first mesh, wherever it is: halving the mesh is what finds it.
func TestSpikesAreFound(t *testing.T) {
	const width, height = 6e-4, 1000
	for i := range 60 {
		at := 0.1 + 0.8*float64(i)/60
		p := Problem{Drift: constant(0), Diffusion: func(x float64) float64 {
			z := (x - at) / width
			return 1 / (1 + height*math.Exp(-z*z))
		}, Lo: -1, Hi: 1}
		want := 0.5 + (1-at)/2*height*width*math.Sqrt(math.Pi)
		if m, err := p.MeanExitTime(0, 1e-10); err != nil || math.Abs(m.Value/want-1) > m.Error {
			t.Errorf("spike at %g: %.14g, want %.14g; claimed error %.2g, %v", at, m.Value, want, m.Error, err)
		}
	}
}

func TestSplittingProbability(t *testing.T) {
	half := func(a, b, x, power float64) float64 {
		return (math.Pow(x, power) - math.Pow(a, power)) / (math.Pow(b, power) - math.Pow(a, power))
	}
	bessel := func(x float64) float64 { return -1 / x }
	for _, tc := range []struct {
		name string
		p    Problem
		x0   float64
		want float64 // logarithm
	}{
		{"Brownian", Problem{Drift: constant(0), Diffusion: constant(3), Lo: -1, Hi: 3}, 0, math.Log(0.25)},
		{"collapse: ever reach 1", geometric(0.1, 0.8, Ito, 0, Natural), 0.1, (1 - 0.2/0.64) * math.Log(0.1)},
		{"the same, the end being read as absorbing", geometric(0.1, 0.8, Ito, 0, Absorbing), 0.1, (1 - 0.2/0.64) * math.Log(0.1)},
		{"no collapse in the Stratonovich sense", geometric(0.1, 0.8, Stratonovich, 0, Natural), 0.1, 0},
		{"two-sided", geometric(0.3, 0.8, Ito, 0.01, Absorbing), 0.1, math.Log(half(0.01, 1, 0.1, 1-0.6/0.64))},
		{"valley of x²y²", Problem{Drift: bessel, Diffusion: constant(1), Lo: 1, Hi: 3}, 2, math.Log(0.375)},
		{"valley, absorbing at its degenerate point", Problem{Drift: bessel, Diffusion: constant(1), Lo: 0, Hi: 3}, 2, math.Log(4.0 / 9)},
		{"against the drift, e^−1000", Problem{Drift: constant(-1), Diffusion: constant(0.001), Lo: -1, Hi: 1}, 0, -1000},
		{"off to infinity", Problem{Drift: constant(0.5), Diffusion: constant(1), Lo: 0, Hi: inf}, 1, math.Log(-math.Expm1(-0.5))},
		{"recurrent above", Problem{Drift: constant(-0.5), Diffusion: constant(1), Lo: 0, Hi: inf}, 1, -inf},
	} {
		got, err := tc.p.SplittingProbability(tc.x0, 1e-10)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if e := math.Abs(got.LogValue - tc.want); got.LogValue != tc.want && !(e <= got.Error+3e-16*math.Abs(tc.want) && e < 1e-11) {
			t.Errorf("%s: ln P = %.15g, want %.15g, claimed error %.2g", tc.name, got.LogValue, tc.want, got.Error)
		}
		if want := math.Exp(tc.want); math.Abs(got.Value-want) > 1e-12*want {
			t.Errorf("%s: P = %.15g, want %.15g", tc.name, got.Value, want)
		}
	}
}

// Bounds of a mean exit time from (−a, a) in a well: Brownian motion below, the strip above.
func TestSandwich(t *testing.T) {
	for _, row := range []struct {
		a     float64
		upper string
	}{{0.5, "0.133148"}, {1, "0.648721"}, {2, "6.38906"}, {3, "89.0171"}, {4, "2979.96"}} {
		p := Problem{Drift: func(x float64) float64 { return -x }, Diffusion: constant(1), Lo: -row.a, Hi: row.a}
		upper := math.Expm1(row.a * row.a / 2)
		printed(t, "upper bound", upper, row.upper)
		if got := mean(t, p, 0); !(row.a*row.a/2 < got && got < upper) {
			t.Errorf("a = %g: %g is not between %g and %g", row.a, got, row.a*row.a/2, upper)
		}
	}
}

// Units of length and time, a mirror, and a constant in place of the end at infinity must not matter.
func TestInvariances(t *testing.T) {
	base := Problem{Drift: doubleWell, Diffusion: constant(0.1), Lo: -inf, Hi: 1}
	m, v, err := base.ExitTimeMoments(-1, 1e-10)
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range []float64{1e-6, 1e6} { // x = unit·y, and time in units of 1/7
		p := Problem{
			Drift:     func(x float64) float64 { return 7 * unit * doubleWell(x/unit) },
			Diffusion: func(float64) float64 { return 0.7 * unit * unit },
			Lo:        -inf, Hi: unit,
		}
		m2, v2, err := p.ExitTimeMoments(-unit, 1e-10)
		if err != nil || math.Abs(7*m2.Value/m.Value-1) > 1e-12 || math.Abs(49*v2.Value/v.Value-1) > 1e-12 {
			t.Errorf("unit %g: mean %.15g, variance %.15g, %v; want %.15g, %.15g", unit, 7*m2.Value, 49*v2.Value, err, m.Value, v.Value)
		}
	}
	for _, sense := range []Sense{Ito, Stratonovich, Fick} {
		p := logLoss(0.3)
		p.Drift = func(x float64) float64 { return doubleWell(x) + 0.1 }
		p.Sense, p.Lo = sense, -1.7
		q := *p.mirror()
		m, v, err := p.ExitTimeMoments(-1.1, 1e-10)
		m2, v2, err2 := q.ExitTimeMoments(1.1, 1e-10)
		if err != nil || err2 != nil || math.Abs(m2.Value/m.Value-1) > 1e-13 || math.Abs(v2.Value/v.Value-1) > 1e-12 {
			t.Errorf("%v: mean %.15g and %.15g, variance %.15g and %.15g in the mirror; %v, %v", sense, m.Value, m2.Value, v.Value, v2.Value, err, err2)
		}
	}
	base.Lo, base.LoEnd = -6, Reflecting // e^−V/T is e^−3000 there
	if got := mean(t, base, -1); math.Abs(got/m.Value-1) > 1e-13 {
		t.Errorf("reflecting at −6: %.15g; natural at −∞: %.15g", got, m.Value)
	}
}

// A stationary law with a power tail, m = (1 + x²)^(−c/2): the mean needs c > 1, the variance c > 3.
func TestHeavyTails(t *testing.T) {
	tail := func(c float64) Problem {
		return Problem{Drift: func(x float64) float64 { return -c * x / (1 + x*x) }, Diffusion: constant(1), Lo: -inf, Hi: 1}
	}
	for _, c := range []float64{1.5, 2, 2.9} {
		p := tail(c)
		m, v, err := p.ExitTimeMoments(0, 1e-9)
		want, err2 := quadrature.Integrate(func(y float64) float64 {
			inner, err := quadrature.Integrate(func(z float64) float64 { return math.Pow(1+z*z, -c/2) }, 0, y, 1e-13)
			if err != nil {
				t.Fatal(err)
			}
			all := math.Sqrt(math.Pi) / 2 * math.Gamma((c-1)/2) / math.Gamma(c/2)
			return math.Pow(1+y*y, c/2) * (all + inner.Value)
		}, 0, 1, 1e-12)
		if err2 != nil {
			t.Fatal(err2)
		}
		if !errors.Is(err, ErrInfiniteVariance) || !math.IsInf(v.Value, 1) {
			t.Errorf("c = %g: variance %g, error %v; want +Inf and ErrInfiniteVariance", c, v.Value, err)
		}
		if math.Abs(m.Value/want.Value-1) > 1e-11 {
			t.Errorf("c = %g: mean %.14g, want %.14g", c, m.Value, want.Value)
		}
	}
	p := tail(3.5)
	if _, _, err := p.ExitTimeMoments(0, 1e-9); err != nil {
		t.Errorf("c = 3.5 has a variance: %v", err)
	}
	p = tail(0.9)
	if _, err := p.MeanExitTime(0, 1e-9); !errors.Is(err, ErrInfiniteMean) {
		t.Errorf("c = 0.9: error %v; want ErrInfiniteMean", err)
	}
}

func TestRefusals(t *testing.T) {
	bm := func(lo, hi float64, le, he End) Problem {
		return Problem{Drift: constant(0), Diffusion: constant(1), Lo: lo, Hi: hi, LoEnd: le, HiEnd: he}
	}
	with := func(a, d func(float64) float64) Problem { return Problem{Drift: a, Diffusion: d, Lo: -1, Hi: 1} }
	for _, tc := range []struct {
		name string
		p    Problem
		x0   float64
		tol  float64
		want error
		says string
	}{
		{"nil drift", Problem{Diffusion: constant(1), Lo: -1, Hi: 1}, 0, 1e-9, ErrProblem, "nil"},
		{"ends swapped", bm(1, -1, Absorbing, Absorbing), 0, 1e-9, ErrProblem, "Lo < Hi"},
		{"tolerance 0", bm(-1, 1, Absorbing, Absorbing), 0, 0, ErrProblem, "tolerance"},
		{"reflecting infinity", bm(-inf, 1, Reflecting, Absorbing), 0, 1e-9, ErrProblem, "finite point"},
		{"natural where it is not", bm(-1, 1, Natural, Absorbing), 0, 1e-9, ErrProblem, "X crosses"},
		{"start outside", bm(-1, 1, Absorbing, Absorbing), 2, 1e-9, ErrStart, "start 2 in (-1, 1)"},
		{"start at an absorbing end", bm(-1, 1, Absorbing, Absorbing), 1, 1e-9, ErrStart, "strictly"},
		{"start NaN", bm(-1, 1, Absorbing, Absorbing), math.NaN(), 1e-9, ErrStart, "NaN"},
		{"no exit", bm(-1, 1, Reflecting, Reflecting), 0, 1e-9, ErrNoExit, "Absorbing"},
		{"no exit at infinity", bm(-inf, inf, Absorbing, Absorbing), 0, 1e-9, ErrNoExit, "finite point"},
		{"free Brownian motion", bm(-inf, 1, Absorbing, Absorbing), 0, 1e-9, ErrInfiniteMean, "towards -Inf"},
		{"the same to the left", bm(-1, inf, Absorbing, Absorbing), 0, 1e-9, ErrInfiniteMean, "towards +Inf"},
		{"blown away", Problem{Drift: func(x float64) float64 { return x * x * x }, Diffusion: constant(1), Lo: -inf, Hi: 1}, 0, 1e-9, ErrInfiniteMean, "may never come back"},
		{"collapse", geometric(0.1, 0.8, Ito, 0, Natural), 0.1, 1e-9, ErrInfiniteMean, "towards 0"},
		{"marginal collapse", geometric(0.32, 0.8, Ito, 0, Natural), 0.1, 1e-9, ErrInfiniteMean, "towards 0"},
		{"collapse, with the digits of the distance lost", Problem{
			Drift: func(x float64) float64 { return 0.1 * (x - 1) }, Diffusion: func(x float64) float64 { return 0.32 * (x - 1) * (x - 1) },
			Lo: 1, Hi: 2, LoEnd: Natural,
		}, 1.1, 1e-9, ErrInfiniteMean, "towards 1"},
		{"collapse onto an end", geometric(0.1, 0.8, Ito, 0, Absorbing), 0.1, 1e-9, ErrInfiniteMean, "without getting there"},
		{"end out of reach", geometric(1, 0.5, Ito, 0, Absorbing), 0.1, 1e-9, ErrUnreachable, "want it Natural"},
		{"negative diffusion", with(constant(0), func(x float64) float64 { return 0.5 - x*x }), 0, 1e-9, ErrDiffusion, "want D > 0"},
		{"zero diffusion on a stretch", with(constant(0), func(x float64) float64 { return math.Max(0, math.Abs(x)-0.1) }), 0.5, 1e-9, ErrDiffusion, "= 0"},
		{"zero diffusion at an inflection", with(doubleWell, func(x float64) float64 { return math.Abs(3*x*x - 1) }), -0.9, 1e-9, ErrDiffusion, "D vanishes at x ≈ "},
		{"diffusion beyond float64", with(constant(0), func(x float64) float64 { return math.Exp(1000 * x) }), 0, 1e-9, ErrDiffusion, "D(-0.7"},
		{"drift NaN", with(func(x float64) float64 { return math.Sqrt(0.5 + x) }, constant(1)), 0, 1e-9, ErrDrift, "a(-0."},
		{"drift not integrable", with(func(x float64) float64 { return 1 / math.Abs(x-0.3) }, constant(1)), 0, 1e-9, ErrSingular, "x ≈ 0.3"},
		{"tolerance below rounding", bm(-1, 1, Absorbing, Absorbing), 0, 1e-16, ErrTolerance, "with relative error"},
		{"tail that does not settle", Problem{Drift: func(x float64) float64 { return 1.02 / (1 + math.Abs(x)) }, Diffusion: constant(1), Lo: -inf, Hi: 1}, 0, 1e-9, ErrTail, "towards -Inf"},
	} {
		got, err := tc.p.MeanExitTime(tc.x0, tc.tol)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %g, error %q; want %q, saying %q", tc.name, got.Value, err, tc.want, tc.says)
		}
	}
	// A floor, even a low one, is no zero.
	floored := with(doubleWell, func(x float64) float64 { return math.Abs(3*x*x-1) + 1e-5 })
	if got, err := floored.MeanExitTime(-0.9, 1e-9); err != nil {
		t.Errorf("with a floor under D: %g, %v", got.Value, err)
	}
	p := bm(-1, 1, Absorbing, Absorbing)
	if got, err := p.MeanExitTime(0, 1e-16); err == nil || math.Abs(got.Value-0.5) > got.Error {
		t.Errorf("a tolerance not reached must still give what was reached: %+v", got)
	}
}

func BenchmarkMeanExitTime(b *testing.B) {
	for _, temp := range []float64{0.1, 0.001} {
		b.Run(fmt.Sprintf("double well, T=%g", temp), func(b *testing.B) {
			p := Problem{Drift: doubleWell, Diffusion: constant(temp), Lo: -inf, Hi: 1}
			for b.Loop() {
				if _, err := p.MeanExitTime(-1, 1e-10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("saddle, T=1e-06", func(b *testing.B) {
		p := Problem{Drift: func(x float64) float64 { return x }, Diffusion: constant(1e-6), Lo: -1, Hi: 1}
		for b.Loop() {
			if _, err := p.MeanExitTime(0, 1e-10); err != nil {
				b.Fatal(err)
			}
		}
	})
}
