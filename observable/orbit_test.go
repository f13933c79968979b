package observable

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/model"
)

// descending gives a site gradient descent, with the rate of each lane its own.
func descending(s *sgdlab.Site, rates ...float64) (*sgdlab.Site, *sgdlab.Clock) {
	at := &sgdlab.Clock{}
	for l := range at.Point {
		at.Point[l] = int32(min(l, len(rates)-1))
	}
	s.Stepper = func() (sgdlab.Stepper, error) {
		return dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Table(rates)}, s)
	}
	return s, at
}

// cubic is the site of (x² − 1)²/4: with z = x√η a step is z ← z(1 + η − z²), and η is κ.
func cubic(t *testing.T, rates ...float64) (*sgdlab.Site, *sgdlab.Clock) {
	m := built[sgdlab.Model](t)(model.NewFormula(model.FormulaSettings{Loss: "(x^2-1)^2/4", Settings: formula.Settings{Variables: []string{"x"}}}, nil))
	return descending(&sgdlab.Site{Model: m}, rates...)
}

func observeAt(o sgdlab.Observable, theta lanes.Pack, at *sgdlab.Clock) map[string]lanes.Vec {
	var ws lanes.Arena
	dst := make(lanes.Pack, len(o.Columns()))
	o.Observe(dst, theta, at, &ws)
	out := map[string]lanes.Vec{}
	for i, c := range o.Columns() {
		out[c.Name] = dst[i]
	}
	return out
}

var close9 = closeness{Tolerance: 1e-9, Absolute: 1e-12}

// lossOrbit are the settings of an orbit of the loss, as a spec has them.
func lossOrbit(settle, period int) OrbitSettings {
	loss := func(s *sgdlab.Site) (sgdlab.Observable, error) { return NewLoss(LossSettings{}, s) }
	return OrbitSettings{Of: loss, As: "orbit", Settle: settle, MaxPeriod: period, closeness: close9}
}

// TestOrbitOfCubicMap: the periods of the cascade, whose doublings are at 1, √5 − 1, 1.288032 and 1.299228, and the two-cycle in
// closed form, ρ±² = ((1 + κ) ± √((κ + 3)(κ − 1)))/2κ.
func TestOrbitOfCubicMap(t *testing.T) {
	rates := []float64{0.9, 1.05, 1.2, 1.23, 1.25, 1.295, 1.3005, 2.3}
	s, at := cubic(t, rates...)
	x := built[sgdlab.Observable](t)(NewCoordinate(CoordinateSettings{}, s))
	c := lossOrbit(100_000, 33)
	c.Of, c.Values = func(*sgdlab.Site) (sgdlab.Observable, error) { return x, nil }, 6
	o := built[sgdlab.Observable](t)(NewOrbit(c, s))
	theta := lanes.Pack{lanes.Splat(0.9)}
	got := observeAt(o, theta, at)
	for l, want := range []float64{1, 2, 2, 2, 4, 8, 16} {
		if p := got["orbit-period"][l]; p != want {
			t.Errorf("period %g at κ = %g, want %g", p, rates[l], want)
		}
	}
	for name, v := range got {
		if !math.IsNaN(v[7]) {
			t.Errorf("%s is %g where the replica diverges", name, v[7])
		}
	}
	for l, kappa := range rates[:4] {
		high, low := 1.0, 1.0
		if kappa > 1 {
			root := math.Sqrt((kappa + 3) * (kappa - 1))
			high, low = math.Sqrt((1+kappa+root)/(2*kappa)), math.Sqrt((1+kappa-root)/(2*kappa))
		}
		near(t, "highest", got["orbit-high"][l], high, 1e-9)
		near(t, "lowest", got["orbit-low"][l], low, 1e-9)
		near(t, "mean", got["orbit-mean"][l], (high+low)/2, 1e-9) // 33 steps are not whole periods
		near(t, "peak to peak", 1+got["orbit-range"][l], 1+high-low, 1e-9)
		near(t, "two values", got["orbit[1]"][l]+got["orbit[2]"][l], high+low, 1e-9)
		near(t, "a value two steps on", got["orbit[5]"][l], got["orbit[3]"][l], 1e-9)
	}
	if theta[0] != lanes.Splat(0.9) {
		t.Error("the replica moved")
	}
}

// TestOrbitNearZero: of a quadratic that goes to 0 the period is 1 once the state is small against the absolute tolerance.
func TestOrbitNearZero(t *testing.T) {
	m := built[sgdlab.Model](t)(model.NewFormula(model.FormulaSettings{Loss: "x^2/2", Settings: formula.Settings{Variables: []string{"x"}}}, nil))
	s, at := descending(&sgdlab.Site{Model: m}, 0.5)
	for settle, want := range map[int]float64{0: 0, 100: 1} {
		o := built[sgdlab.Observable](t)(NewOrbit(lossOrbit(settle, 3), s))
		if p := observeAt(o, lanes.Pack{lanes.Splat(1)}, at)["orbit-period"][2]; p != want {
			t.Errorf("period %g after %d steps, want %g", p, settle, want)
		}
	}
}

// TestSettlingIsNoCycle: at κ = 0.9988 the minimum is approached to and fro, by |1 − 2κ| = 0.9976 a step. While that is still far off
// the orbit has no period: in particular it is none of two steps, however little two steps move it.
func TestSettlingIsNoCycle(t *testing.T) {
	s, at := cubic(t, 0.9988)
	for settle, want := range map[int]float64{1000: 0, 5000: 0, 6500: 0, 12_000: 1} {
		o := built[sgdlab.Observable](t)(NewOrbit(lossOrbit(settle, 16), s))
		if p := observeAt(o, lanes.Pack{lanes.Splat(0.9)}, at)["orbit-period"][0]; p != want {
			t.Errorf("period %g after %d steps, want %g", p, settle, want)
		}
	}
}

// TestKeptByRounding: at κ = 1.236, 7·10⁻⁵ below the doubling, rounding keeps up leaps of 10⁻¹² between the two points of the cycle
// for ever: that is period 2, and not one that still settles, nor 4.
func TestKeptByRounding(t *testing.T) {
	s, at := cubic(t, 1.236)
	o := built[sgdlab.Observable](t)(NewOrbit(lossOrbit(400_000, 64), s))
	if p := observeAt(o, lanes.Pack{lanes.Splat(0.9)}, at)["orbit-period"][0]; p != 2 {
		t.Errorf("period %g, want 2", p)
	}
}

// TestLyapunov: ln|multiplier|/p on cycles, ln 3 where the cubic map is Chebyshev's, and the sign on either side of the onset
// of chaos, κ = 1.3023.
func TestLyapunov(t *testing.T) {
	rates := []float64{0.9, 1.1, 1.2, 1.302, 1.305, 2 - 1e-9, 2.3, 1}
	s, at := cubic(t, rates...)
	o := built[sgdlab.Observable](t)(NewLyapunov(LyapunovSettings{Steps: 20_000, Settle: 5000, Blocks: 20}, s))
	theta := lanes.Pack{lanes.Splat(0.9)}
	got := observeAt(o, theta, at)
	v, se := got["lyapunov"], got["lyapunov-se"]
	near(t, "λ at a minimum", v[0], math.Log(2*0.9-1), 1e-9)
	near(t, "λ of a two-cycle", v[1], math.Log(9-2*2.1*2.1)/2, 1e-9)
	near(t, "λ of a two-cycle", v[2], math.Log(2*2.2*2.2-9)/2, 1e-9)
	if !(v[3] < -0.01) || !(v[4] > 0.05) {
		t.Errorf("λ = %g below the onset of chaos and %g above", v[3], v[4])
	}
	if e := math.Abs(v[5] - math.Log(3)); !(e < 0.01) || !(e < 4*se[5]) || !(se[5] < 0.01) {
		t.Errorf("λ = %g ± %g at κ = 2, want ln 3", v[5], se[5])
	}
	if !(se[0] < 1e-12) || !math.IsNaN(v[6]) || !math.IsNaN(se[6]) {
		t.Errorf("standard error %g at a minimum, λ = %g where it diverges", se[0], v[6])
	}
}

// TestSuperstable: where the tangent is sent to 0 the exponent is −∞, and no NaN.
func TestSuperstable(t *testing.T) {
	m := built[sgdlab.Model](t)(model.NewFormula(model.FormulaSettings{Loss: "x^2/2", Settings: formula.Settings{Variables: []string{"x"}}}, nil))
	s, at := descending(&sgdlab.Site{Model: m}, 1)
	o := built[sgdlab.Observable](t)(NewLyapunov(LyapunovSettings{Steps: 10}, s))
	if x := observeAt(o, lanes.Pack{lanes.Splat(1)}, at)["lyapunov"][0]; !math.IsInf(x, -1) {
		t.Errorf("λ = %g", x)
	}
}

// TestMapsRefuse: what is random has no orbit, and what does not know its derivative no exponent; the message says so.
func TestMapsRefuse(t *testing.T) {
	s, _ := cubic(t, 1)
	s.Stepper = func() (sgdlab.Stepper, error) { return &dynamics.Kicked{Descent: &dynamics.Descent{}}, nil }
	for what, build := range map[string]func() (sgdlab.Observable, error){
		"orbit":    func() (sgdlab.Observable, error) { return NewOrbit(lossOrbit(0, 1), s) },
		"lyapunov": func() (sgdlab.Observable, error) { return NewLyapunov(LyapunovSettings{Steps: 10}, s) },
	} {
		if _, err := build(); err == nil || !strings.Contains(err.Error(), "random") {
			t.Errorf("%s of noisy descent: %v", what, err)
		}
	}
	s.Stepper = nil
	if _, err := NewOrbit(lossOrbit(0, 1), s); err == nil {
		t.Error("an orbit without a dynamics")
	}
	s, _ = cubic(t, 1)
	c := lossOrbit(0, 1)
	c.Column = "los"
	if _, err := NewOrbit(c, s); err == nil || !strings.Contains(err.Error(), "loss") {
		t.Errorf("an unknown column: %v", err)
	}
}
