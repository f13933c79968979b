package observable

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

func cycleOf(t *testing.T, c CycleSettings, s *sgdlab.Site) sgdlab.Observable {
	t.Helper()
	c.closeness = close9
	if c.MaxPeriod == 0 {
		c.MaxPeriod = 16
	}
	if c.Neutral == 0 {
		c.Neutral = 1e-6
	}
	c.Rank = 1e-6
	return built[sgdlab.Observable](t)(NewCycle(c, s))
}

// TestMultipliersOfCubicMap: of the minimum 1 − 2κ, of the two-cycle 9 − 2(1 + κ)², also where neither attracts any more.
func TestMultipliersOfCubicMap(t *testing.T) {
	kappa := []float64{1.01, 1.1, 1.2, 1.23, math.Sqrt(5) - 1, 1.25, 1.3, 1.4}
	s, at := cubic(t, kappa...)
	for period, want := range map[int]func(k float64) float64{
		1: func(k float64) float64 { return 1 - 2*k },
		2: func(k float64) float64 { return 9 - 2*(1+k)*(1+k) },
	} {
		theta := lanes.Pack{lanes.Vec{}}
		for l, k := range kappa { // near the lower point of the cycle
			theta[0][l] = 0.99
			if period == 2 {
				theta[0][l] = 1.003 * math.Sqrt((1+k-math.Sqrt((k+3)*(k-1)))/(2*k))
			}
		}
		got := observeAt(cycleOf(t, CycleSettings{Period: period}, s), theta, at)
		for l, k := range kappa {
			w := want(k)
			for name, want := range map[string]float64{
				"multiplier": math.Abs(w), "multiplier-real": w, "flip-multiplier": w, "multiplier-imaginary": 0,
				"cycle-period": float64(period), "neutral-multipliers": 0, "oscillation-dimension": float64(period - 1),
			} {
				if e := math.Abs(got[name][l] - want); !(e < 1e-12) {
					t.Errorf("κ = %g, period %d: %s = %.17g, want %.17g", k, period, name, got[name][l], want)
				}
			}
			if r := got["cycle-residual"][l]; !(r < 1e-15) {
				t.Errorf("κ = %g, period %d: residual %g", k, period, r)
			}
		}
	}
}

// TestCycleInChaos: the two-cycle that a chaotic orbit visits is found from anywhere on it, and no other.
func TestCycleInChaos(t *testing.T) {
	kappa := []float64{1.305, 1.33, 1.36, 1.39, 1.42, 1.45, 1.5, 1.55}
	s, at := cubic(t, kappa...)
	for _, start := range []float64{0.3, 0.6, 0.9, 1.1} {
		got := observeAt(cycleOf(t, CycleSettings{Period: 2, Settle: 1000, MaxPeriod: 200}, s), lanes.Pack{lanes.Splat(start)}, at)
		for l, k := range kappa {
			if got["cycle-period"][l] != 2 || math.Abs(got["multiplier-real"][l]-(9-2*(1+k)*(1+k))) > 1e-9 {
				t.Errorf("κ = %g: period %g, multiplier %g", k, got["cycle-period"][l], got["multiplier-real"][l])
			}
		}
	}
}

// TestCycleDetects: the period is that of the orbit where none is given, and where there is none nothing else is said; a
// two-cycle asked for at a minimum is the minimum, with the square of its multiplier.
func TestCycleDetects(t *testing.T) {
	kappa := []float64{0.9, 1.1, 1.25, 1.295, 1.31, 2.3}
	s, at := cubic(t, kappa...)
	got := observeAt(cycleOf(t, CycleSettings{Settle: 20_000}, s), lanes.Pack{lanes.Splat(0.9)}, at)
	for l, want := range []float64{1, 2, 4, 8, 0, math.NaN()} {
		if p := got["cycle-period"][l]; p != want && !(math.IsNaN(p) && math.IsNaN(want)) {
			t.Errorf("period %g at κ = %g, want %g", p, kappa[l], want)
		}
		m := got["multiplier"][l]
		if known := want > 0; known && !(m < 1) || !known && !math.IsNaN(m) {
			t.Errorf("multiplier %g at κ = %g", m, kappa[l])
		}
	}
	got = observeAt(cycleOf(t, CycleSettings{Period: 2}, s), lanes.Pack{lanes.Splat(0.98)}, at)
	near(t, "multiplier", got["multiplier"][0], 0.8*0.8, 1e-12)
	if p := got["cycle-period"][0]; p != 1 {
		t.Errorf("a minimum has the period %g", p)
	}
}

// chain is ½(w_L ⋯ w₁ − 1)², all layers of width 1.
func chain(t *testing.T, depth int) sgdlab.Model {
	set := built[*data.Set](t)(data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{1}}, &data.Env{Seed: 1}))
	widths := make([]int, depth+1)
	for i := range widths {
		widths[i] = 1
	}
	return built[sgdlab.Model](t)(model.NewDeepLinear(model.DeepLinearSettings{Widths: widths}, set))
}

// TestDoublingOfDepths: where the balanced two-cycle of a chain of any depth doubles, in κ = ηL/2.
func TestDoublingOfDepths(t *testing.T) {
	for _, tc := range []struct {
		depth int
		kappa float64
	}{{2, math.Sqrt(5) - 1}, {3, 1.24461}, {4, 1.24717}, {5, 1.24838}, {10, 1.25026}} {
		var rates []float64
		for _, d := range []float64{-6e-6, 6e-6} {
			rates = append(rates, 2*(tc.kappa+d)/float64(tc.depth))
		}
		s, at := descending(&sgdlab.Site{Model: chain(t, tc.depth)}, rates...)
		theta := make(lanes.Pack, tc.depth)
		for j := range theta {
			theta[j] = lanes.Splat(0.9)
		}
		got := observeAt(cycleOf(t, CycleSettings{Period: 2, Settle: 1000, Count: tc.depth}, s), theta, at)
		below, above := got["flip-multiplier"][0], got["flip-multiplier"][1]
		if !(below > -1 && above < -1) || !(below < -0.999) || !(above > -1.001) {
			t.Errorf("depth %d: multiplier %.9g below κ = %g and %.9g above", tc.depth, below, tc.kappa, above)
		}
	}
}

// twoLayers is ½‖W₂W₁ − diag σ‖² with a start on the set where gradient descent moves singular values only.
func twoLayers(t *testing.T, sigma []float64, rates ...float64) (*sgdlab.Site, *sgdlab.Clock, lanes.Pack) {
	d := len(sigma)
	set := built[*data.Set](t)(data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: sigma}, &data.Env{Seed: 1}))
	s, at := descending(deep(t, set, d), rates...)
	theta := make(lanes.Pack, 2*d*d)
	for i := range d {
		theta[i*d+i] = lanes.Splat(0.3)
		theta[d*d+i*d+i] = lanes.Splat(0.3) // balanced: the threshold is exact there
	}
	return s, at, theta
}

// TestTransverse: the rank-1 orbit of a two-layer network loses its stability in the whole space of weights just where
// η = 2/(σ₁ + σ₂), long before the second mode oscillates, at 1/σ₂.
func TestTransverse(t *testing.T) {
	sigma := []float64{5, 4.4, 1}
	threshold := 2 / (sigma[0] + sigma[1])
	rates := []float64{0.201, threshold * (1 - 1e-5), threshold * (1 + 1e-5), 0.2199}
	s, at, theta := twoLayers(t, sigma, rates...)
	got := observeAt(cycleOf(t, CycleSettings{Settle: 20_000, Count: 4}, s), theta, at)
	for l, eta := range rates {
		if p, r := got["cycle-period"][l], got["oscillation-rank"][l]; p != 2 || r != 1 {
			t.Errorf("η = %g: period %g, rank %g", eta, p, r)
		}
		m := got["multiplier[1]"][l]
		if (m < 1) != (eta < threshold) {
			t.Errorf("η = %g: multiplier %.9g, with the threshold at %g", eta, m, threshold)
		}
		// The antisymmetric pair has |z|² = 1 − c(1 + κ − c), once it is complex.
		if l == 0 {
			continue
		}
		c, kappa := 2-eta*(sigma[0]+sigma[1]), eta*sigma[0]
		near(t, "modulus of the transverse pair", m, math.Sqrt(1-c*(1+kappa-c)), 1e-10)
		if y := got["multiplier-imaginary"][l]; !(y > 0.1) {
			t.Errorf("η = %g: imaginary part %g", eta, y)
		}
	}
}

// TestOscillationRank: as many modes oscillate as have 2σ > 2/η.
func TestOscillationRank(t *testing.T) {
	s, at, theta := twoLayers(t, []float64{5, 4.8, 2, 1, 0.5}, 0.19, 0.204, 0.215)
	got := observeAt(cycleOf(t, CycleSettings{Settle: 20_000}, s), theta, at)
	for l, want := range []float64{0, 1, 2} {
		if r := got["oscillation-rank"][l]; r != want {
			t.Errorf("rank %g, want %g", r, want)
		}
		if d := got["oscillation-dimension"][l]; d != min(want, 1) {
			t.Errorf("the points of a two-cycle span %g dimensions", d)
		}
	}
	if m := got["multiplier"]; !(m[0] < 1 && m[2] > 1) {
		t.Errorf("multipliers %v: the minimum attracts, and no rank-2 orbit does", m)
	}
	if n := got["neutral-multipliers"][0]; n != 25 {
		t.Errorf("%g neutral directions at a minimum of 50 weights for 25 numbers, want 25", n)
	}
}
