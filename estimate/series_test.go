package estimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// autoregressive is a stationary series x ← φx + noise of unit variance and mean 5: τ = (1+φ)/(1−φ).
func autoregressive(r *rand.Rand, n int, phi float64) []float64 {
	x := make([]float64, n)
	v := r.NormFloat64()
	for i := range x {
		x[i] = 5 + v
		v = phi*v + math.Sqrt(1-phi*phi)*r.NormFloat64()
	}
	return x
}

func correlated(t *testing.T, x []float64) Correlated {
	t.Helper()
	c, err := Autocorrelation(x, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAutocorrelationTime(t *testing.T) {
	for _, phi := range []float64{0, 0.5, 0.9, 0.98} {
		c := correlated(t, autoregressive(random(3), 100000, phi))
		want := (1 + phi) / (1 - phi)
		t.Logf("φ = %v: τ = %.3f ± %.3f, want %.3f; variance %.3f", phi, c.Time.Value, c.Time.SE, want, c.Variance)
		// 4 standard errors of the estimator (false alarm about 1e-4 each), and Geyer's upward bias of a few per cent.
		if d := c.Time.Value - want; d > 4*c.Time.SE+0.03*want || d < -4*c.Time.SE {
			t.Errorf("φ = %v: τ = %v ± %v, want %v", phi, c.Time.Value, c.Time.SE, want)
		}
		if !c.Enough || c.Mean.N != int64(c.Effective) || math.Abs(c.Effective-100000/c.Time.Value) > 1e-6 {
			t.Errorf("φ = %v: %+v", phi, c)
		}
		if math.Abs(c.Variance-1) > 4*math.Sqrt(2*want/100000) {
			t.Errorf("φ = %v: variance %v, want 1", phi, c.Variance)
		}
	}
	// An alternating series is not believed to know its mean better than independent values would.
	if c := correlated(t, autoregressive(random(4), 10000, -0.9)); c.Time.Value != 1 || !c.Enough {
		t.Errorf("alternating: %+v", c)
	}
	// A trend is not stationary, and the window does not close.
	trend := make([]float64, 1000)
	for i := range trend {
		trend[i] = float64(i)
	}
	if c := correlated(t, trend); c.Enough || !math.IsInf(c.Mean.Hi, 1) || !math.IsInf(c.Mean.Lo, -1) || !math.IsInf(c.Time.Hi, 1) {
		t.Errorf("trend: %+v", c)
	}
	c := correlated(t, []float64{2, 2, 2, 2, 2})
	if c.Mean.Value != 2 || c.Mean.Lo != 2 || c.Mean.Hi != 2 || c.Time.Known() {
		t.Errorf("constant: %+v", c)
	}
	for _, bad := range [][]float64{nil, {1, 2, 3}, {1, 2, math.NaN(), 4, 5}} {
		if _, err := Autocorrelation(bad, 0.95); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

// ρ, the window and the running minimum, written out again.
func TestAutocorrelationByHand(t *testing.T) {
	x := []float64{3, 5, 6, 4, 1, 1, 2, 4, 5, 7, 3, 1, 2, 2, 6, 5, 4, 3, 2, 6}
	acf := func(x []float64, k int) float64 {
		m := 0.0
		for _, v := range x {
			m += v / float64(len(x))
		}
		up, down := 0.0, 0.0
		for i, v := range x {
			down += (v - m) * (v - m)
			if i >= k {
				up += (v - m) * (x[i-k] - m)
			}
		}
		return up / down
	}
	// n/10 = 2 lags: one pair at most.
	if got := correlated(t, x); got.Enough || math.Abs(got.Time.Value-(1+2*acf(x, 1))) > 1e-13 || got.Window != 1 {
		t.Errorf("%+v, want τ = %v", got, 1+2*acf(x, 1))
	}
	x = autoregressive(random(2), 3000, 0.9)
	pairs, least, plain := 0.0, math.Inf(1), 0.0
	lag := 0
	for ; acf(x, lag)+acf(x, lag+1) > 0; lag += 2 {
		p := acf(x, lag) + acf(x, lag+1)
		least = math.Min(least, p)
		pairs += least
		plain += p
	}
	if plain-pairs < 0.01 {
		t.Fatalf("sums of pairs %v and of minima %v: this series does not try the minimum", plain, pairs)
	}
	got := correlated(t, x)
	near(t, "τ", got.Time.Value, 2*pairs-1, 1e-11)
	if got.Window != int64(lag-1) || !got.Enough {
		t.Errorf("%+v, want a window of %d lags", got, lag-1)
	}
}

func TestBatchMeans(t *testing.T) {
	// One value left over in front; batch means 2, 5, 8.
	e, err := BatchMeans([]float64{100, 1, 3, 4, 6, 7, 9}, 3, 0.95)
	if err != nil || e.N != 3 {
		t.Fatal(e, err)
	}
	near(t, "mean", e.Value, 5, 1e-15)
	near(t, "se", e.SE, 3/math.Sqrt(3), 1e-14)
	for _, bad := range []int{1, 0, 9} {
		if _, err := BatchMeans([]float64{1, 2, 3}, bad, 0.95); err == nil {
			t.Errorf("%d batches were accepted", bad)
		}
	}
	if _, err := BatchMeans([]float64{1, math.Inf(1), 3}, 2, 0.95); err == nil {
		t.Error("an infinite value was accepted")
	}
}

func TestSeriesCover(t *testing.T) {
	// τ = 9, n = 2000: 220 effective samples.
	covers(t, "mean of a correlated series", 2000, 0.93, 0.97, func(r *rand.Rand) (Estimate, float64) {
		return correlated(t, autoregressive(r, 2000, 0.8)).Mean, 5
	})
	covers(t, "autocorrelation time", 2000, 0.95, 0.99, func(r *rand.Rand) (Estimate, float64) {
		return correlated(t, autoregressive(r, 2000, 0.8)).Time, 9
	})
	covers(t, "batch means", 2000, 0.94, 0.95, func(r *rand.Rand) (Estimate, float64) {
		e, err := BatchMeans(autoregressive(r, 2000, 0.8), 10, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		return e, 5
	})
}
