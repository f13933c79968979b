package estimate

import (
	"fmt"
	"math"

	"sgdlab/elementary"
)

// Correlated is what a stationary series says of its mean.
type Correlated struct {
	Mean      Estimate // n is the effective sample size, rounded down
	Time      Estimate // τ, in samples
	Variance  float64  // of the stationary law
	Effective float64  // n/τ
	Window    int64    // lags summed
	Enough    bool     // false: the window did not close within n/10 lags: τ is too small, and the intervals say nothing
}

// Autocorrelation estimates the integrated autocorrelation time of a stationary series,
//
//	τ = 1 + 2 Σ_{k≥1} ρₖ,   Var x̄ = σ²τ/n,
//
// with Geyer's initial monotone sequence: the sums ρ₂ₘ + ρ₂ₘ₊₁, which are positive and falling for a reversible chain,
// are taken while positive and replaced by their running minimum. (For a chain that is not reversible, such as SGD with
// momentum, this errs towards a longer τ.) τ below 1, which alternating series have, is reported as 1: anticorrelation is not
// allowed to narrow an error bar. The series is taken to be stationary: cut the transient first.
//
// The standard error of τ is τ√(2(2M+1)/n) for M lags, and its interval is τ·exp(±z·se/τ). The interval of the mean
// is Student's with n/τ − 1 degrees of freedom. A constant series has its mean without error and no τ. Fewer than
// 4 values, or values that are not finite, are errors.
//
// Source: Geyer 1992, Statistical Science 7:473; Sokal 1997; Madras & Sokal 1988.
func Autocorrelation(x []float64, level float64) (Correlated, error) {
	alpha := tail(level)
	if len(x) < 4 {
		return Correlated{}, fmt.Errorf("estimate: autocorrelation of %d values; want at least 4", len(x))
	}
	if err := checkColumns([]string{"series"}, x); err != nil {
		return Correlated{}, err
	}
	var m Moments
	for _, v := range x {
		m.Add(v)
	}
	n := float64(m.N)
	if m.Min == m.Max {
		return Correlated{Mean: Estimate{Value: m.Min, Lo: m.Min, Hi: m.Min, N: m.N}, Time: Missing(m.N), Effective: math.NaN(), Enough: true}, nil
	}
	rho := func(k int) float64 {
		s := 0.0
		for i := k; i < len(x); i++ {
			s = math.FMA(x[i]-m.M, x[i-k]-m.M, s)
		}
		return s / m.M2
	}
	out := Correlated{}
	tau, least := -1.0, math.Inf(1)
	k := 0
	for limit := max(2, len(x)/10); k < limit; k += 2 {
		pair := rho(k) + rho(k+1)
		if pair <= 0 {
			out.Enough = true
			break
		}
		least = math.Min(least, pair)
		tau += 2 * least
	}
	tau = math.Max(tau, 1)
	out.Window = max(int64(k)-1, 0)
	out.Effective = n / tau
	// Σ(x − x̄)² falls short of nσ² by n·Var x̄ = σ²τ.
	out.Variance = m.M2 / (n - math.Min(tau, n/2))
	spread := math.Sqrt(2 * (float64(2*out.Window) + 1) / n)
	z := normalQuantile(alpha)
	out.Time = Estimate{Value: tau, SE: tau * spread, Lo: math.Max(1, tau*elementary.Exp(-z*spread)), Hi: tau * elementary.Exp(z*spread), N: m.N}
	out.Mean = around(m.M, math.Sqrt(out.Variance*tau/n), studentQuantile(alpha, math.Max(out.Effective-1, 1)), int64(out.Effective))
	if !out.Enough {
		out.Time.Hi = math.Inf(1)
		out.Mean.Lo, out.Mean.Hi = math.Inf(-1), math.Inf(1)
	}
	return out, nil
}

// BatchMeans is the mean of a stationary series from the scatter of the means of equal batches, Student's with
// batches − 1 degrees of freedom: right where a batch is many autocorrelation times long, and free of any model of
// the correlation. Values left over at the front are not used. N counts the batches.
func BatchMeans(x []float64, batches int, level float64) (Estimate, error) {
	if batches < 2 || len(x) < batches {
		return Missing(0), fmt.Errorf("estimate: %d batches of %d values; want at least 2 batches, and a value for each", batches, len(x))
	}
	if err := checkColumns([]string{"series"}, x); err != nil {
		return Missing(0), err
	}
	size := len(x) / batches
	x = x[len(x)-size*batches:]
	var m Moments
	for b := range batches {
		var one Moments
		for _, v := range x[b*size : (b+1)*size] {
			one.Add(v)
		}
		m.Add(one.M)
	}
	return m.Mean(level), nil
}
