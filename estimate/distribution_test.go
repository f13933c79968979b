package estimate

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"sgdlab/elementary"
)

func TestElementaryFunctions(t *testing.T) {
	r := random(1)
	for range 50000 {
		x := math.Exp(700 * (2*r.Float64() - 1))
		near(t, "ln", elementary.Log(x), math.Log(x), 4e-16)
		y := 700 * (2*r.Float64() - 1)
		near(t, "exp", elementary.Exp(y), math.Exp(y), 4e-16)
		z := 1 + 0.01*(2*r.Float64()-1)
		near(t, "ln near 1", elementary.Log(z), math.Log(z), 4e-16)
	}
	near(t, "ln of the smallest float", elementary.Log(5e-324), -1074*math.Ln2, 2e-16) // math.Log says −709 on amd64
	for _, x := range []float64{0, -1, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, 1} {
		near(t, "ln", elementary.Log(x), math.Log(x), 4e-16)
		near(t, "exp", elementary.Exp(x), math.Exp(x), 4e-16)
	}
	near(t, "exp at the brink", elementary.Exp(-745), math.Exp(-745), 0)
	near(t, "exp at the top", elementary.Exp(709.7), math.Exp(709.7), 4e-16)
}

func TestIncompleteIntegrals(t *testing.T) {
	for _, a := range []float64{0.5, 1, 1.5, 3, 10, 37.5, 200, 4000, 1e6} {
		g, _ := math.Lgamma(a)
		close1(t, "lnGamma", lnGamma(a), g, 1e-14*math.Max(1, math.Abs(g)))
		for _, f := range []float64{0.01, 0.3, 0.9, 0.999, 1, 1.001, 1.1, 3} {
			p, q := gammaPQ(a, f*a)
			if want := mathext.GammaIncReg(a, f*a); want > 1e-290 {
				near(t, "P", p, want, 1e-9)
			}
			if want := mathext.GammaIncRegComp(a, f*a); want > 1e-290 {
				near(t, "Q", q, want, 1e-9)
			}
		}
		for _, b := range []float64{0.5, 2, 70, 3000} {
			for _, x := range []float64{0.001, 0.2, a / (a + b), 0.7, 0.99} {
				if want := mathext.RegIncBeta(a, b, x); want > 1e-290 {
					near(t, "I", betaI(x, 1-x, a, b), want, 1e-8)
				}
			}
		}
	}
	// Closed forms, to 1e-14 (log Γ at small arguments costs the last digits): P(1, x) = 1 − e⁻ˣ, I_x(1, b) = 1 − (1−x)ᵇ, and the Cauchy law.
	for _, x := range []float64{1e-8, 0.1, 0.5, 0.9} {
		p, q := gammaPQ(1, x)
		near(t, "P(1, x)", p, -math.Expm1(-x), 1e-14)
		near(t, "Q(1, x)", q, math.Exp(-x), 1e-14)
		near(t, "I(1, 5)", betaI(x, 1-x, 1, 5), -math.Expm1(5*math.Log1p(-x)), 5e-15)
	}
	near(t, "Cauchy", studentTail(3, 1), math.Atan(1.0/3)/math.Pi, 1e-14)
}

// Values printed in every table, and gonum's.
func TestQuantiles(t *testing.T) {
	near(t, "z", normalQuantile(0.025), 1.959963984540054, 1e-15)
	near(t, "z 99.99 %", normalQuantile(0.00005), 3.890591886413120, 1e-14)
	near(t, "t(1)", studentQuantile(0.025, 1), 12.70620473617471, 1e-14)
	near(t, "t(4)", studentQuantile(0.025, 4), 2.776445105197793, 1e-14)
	near(t, "t(30)", studentQuantile(0.005, 30), 2.749995653567231, 1e-14)
	near(t, "t(1e9)", studentQuantile(0.025, 1e9), 1.9599639869123, 2e-14)
	near(t, "t(2e5), either side of the expansion", studentQuantile(0.025, 1e5+1), studentQuantile(0.025, 1e5), 3e-10)
	near(t, "t(1e5+1)", studentQuantile(0.025, 1e5+1), 1.9599877072973862, 1e-14)
	near(t, "t(1e5)", studentQuantile(0.025, 1e5), 1.9599877075346095, 5e-12)
	near(t, "chi2(10)/2", gammaQuantile(0.95, 5), 18.307038053275146/2, 1e-14)
	near(t, "chi2(2)/2", gammaQuantile(0.975, 1), -math.Log(0.025), 1e-14)
	near(t, "beta(1, n)", betaQuantile(0.975, 1, 10), 1-math.Pow(0.025, 0.1), 1e-14)
	for _, nu := range []float64{1, 2.5, 7, 99, 5000} {
		for _, p := range []float64{0.4, 0.05, 0.001} {
			near(t, "student", studentQuantile(p, nu), distuv.StudentsT{Sigma: 1, Nu: nu}.Quantile(1-p), 1e-9)
			near(t, "gamma", 2*gammaQuantile(1-p, nu/2), distuv.ChiSquared{K: nu}.Quantile(1-p), 1e-9)
			near(t, "gamma low", 2*gammaQuantile(p, nu/2), distuv.ChiSquared{K: nu}.Quantile(p), 1e-8)
			near(t, "beta", betaQuantile(p, nu, 3), distuv.Beta{Alpha: nu, Beta: 3}.Quantile(p), 1e-8)
		}
	}
	b := distuv.Binomial{N: 50, P: 0.3}
	for k := range int64(51) {
		close1(t, "binomial", binomialAtMost(k, 50, 0.3), b.CDF(float64(k)), 1e-12)
	}
	// Smirnov's table, and the two series where they meet.
	close1(t, "K", kolmogorovTail(1.3580986393225507), 0.05, 1e-15)
	close1(t, "K", kolmogorovTail(0.8275735551899077), 0.5, 1e-12)
	close1(t, "K", kolmogorovTail(math.Nextafter(1.2, 0)), kolmogorovTail(1.2), 1e-14)
	if kolmogorovTail(0) != 1 {
		t.Error("K tail at 0")
	}
}
