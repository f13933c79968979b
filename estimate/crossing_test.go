package estimate

import (
	"math"
	"strings"
	"testing"
)

func exactly(x []float64, f func(float64) float64) []Estimate {
	y := make([]Estimate, len(x))
	for i := range x {
		y[i] = Exact(f(x[i]))
	}
	return y
}

func grid(lo, hi float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = lo + (hi-lo)*float64(i)/float64(n-1)
	}
	return x
}

// TestCrossingOfMultiplier: 9 − 2(1 + κ)² passes −1 at √5 − 1. The error falls like h⁴, and the interval holds the truth.
func TestCrossingOfMultiplier(t *testing.T) {
	truth := math.Sqrt(5) - 1
	f := func(k float64) float64 { return 9 - 2*(1+k)*(1+k) }
	var errs []float64
	for _, n := range []int{8, 15, 29, 57} {
		x := grid(1.05, 1.45, n)
		e, err := Crossing(x, exactly(x, f), CrossingOptions{Level: -1})
		if err != nil {
			t.Fatal(err)
		}
		if !(e.Lo <= truth && truth <= e.Hi) || e.SE != 0 || !(e.Hi-e.Lo < 1e-3) {
			t.Errorf("%d points: %+v does not hold %.12g", n, e, truth)
		}
		errs = append(errs, math.Abs(e.Value-truth))
	}
	if !(errs[3] < 1e-8) || !(errs[3] < errs[0]/500) {
		t.Errorf("errors %.2g", errs)
	}
}

func TestCrossingFirstAndLast(t *testing.T) {
	x := grid(0, 10, 101)
	y := exactly(x, math.Sin)
	for _, tc := range []struct {
		level float64
		last  bool
		want  float64
	}{{0.5, false, math.Pi / 6}, {0.5, true, 2*math.Pi + 5*math.Pi/6}, {-0.5, false, 7 * math.Pi / 6}, {0, false, 0}} {
		e, err := Crossing(x, y, CrossingOptions{Level: tc.level, Last: tc.last})
		if err != nil || !(math.Abs(e.Value-tc.want) < 1e-4) || !(e.Lo <= tc.want && tc.want <= e.Hi) {
			t.Errorf("sin x passes %g at %+v (%v), want %g", tc.level, e, err, tc.want)
		}
	}
}

// TestCrossingOfRough: with Linear, and of values that do not rise together, the interval is the gap.
func TestCrossingOfRough(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5}
	for what, tc := range map[string]struct {
		y      []float64
		linear bool
		want   float64
	}{
		"linear": {[]float64{-4, -3, -1, 3, 9}, true, 3.25}, "rough": {[]float64{-4, 0, -1, 3, 2}, false, math.NaN()},
		"two points": {[]float64{math.NaN(), math.NaN(), -1, 1, math.NaN()}, false, 3.5},
	} {
		y := make([]Estimate, len(x))
		for i := range y {
			y[i] = Exact(tc.y[i])
		}
		e, err := Crossing(x, y, CrossingOptions{Level: 0, Linear: tc.linear, Last: true})
		if err != nil || e.Lo != 3 || e.Hi != 4 || !math.IsNaN(tc.want) && e.Value != tc.want {
			t.Errorf("%s: %+v, %v", what, e, err)
		}
	}
}

// TestCrossingMissing: nothing crosses, or only across a gap of what is not known; the reason is told.
func TestCrossingMissing(t *testing.T) {
	nan := math.NaN()
	for word, v := range map[string][]float64{"between 1 and 3": {1, 2, 3}, "different sides": {-1, nan, 1}, "none of 2": {nan, nan}} {
		x, y := grid(0, 1, len(v)), make([]Estimate, len(v))
		for i := range v {
			y[i] = Exact(v[i])
		}
		e, err := Crossing(x, y, CrossingOptions{})
		if err == nil || e.Known() || !strings.Contains(err.Error(), word) {
			t.Errorf("%v: %+v, %v", v, e, err)
		}
	}
	if _, err := Crossing([]float64{1, 1}, []Estimate{Exact(-1), Exact(1)}, CrossingOptions{}); err == nil {
		t.Error("two values at one place")
	}
}

// TestCrossingErrors: of a line of slope 2 an error s of both neighbours of a crossing in the middle is worth s/2 of x, as
// they may go together.
func TestCrossingErrors(t *testing.T) {
	x, y := []float64{0, 1, 2, 3}, make([]Estimate, 4)
	for i := range y {
		v := 2*x[i] - 3
		y[i] = Estimate{Value: v, SE: 0.1, Lo: v - 0.2, Hi: v + 0.2, N: 10}
	}
	e, err := Crossing(x, y, CrossingOptions{Linear: true})
	if err != nil || math.Abs(e.Value-1.5) > 1e-12 || math.Abs(e.SE-0.05) > 1e-3 || !(e.Lo < 0.91 && e.Hi > 2.09) || e.N != 10 {
		t.Errorf("%+v, %v", e, err)
	}
	e, err = Crossing(x, y, CrossingOptions{})
	if err != nil || math.Abs(e.Value-1.5) > 1e-12 || !(e.Lo < 1.401 && e.Hi > 1.599 && e.Lo > 1.2 && e.Hi < 1.8) {
		t.Errorf("%+v, %v", e, err)
	}
}

// An error that reaches further up than down carries the crossing further down than up where values rise.
func TestCrossingOfLopsidedErrors(t *testing.T) {
	x := []float64{-1.5, -0.5, 0.5, 1.5}
	y := []Estimate{Exact(-1.5), Exact(-0.5), {Value: 0.5, SE: 0.1, Lo: 0.4, Hi: 0.9, N: 10}, Exact(1.5)}
	e, err := Crossing(x, y, CrossingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(e.Value) < 1e-12 && e.Lo < -0.1 && e.Hi > 0.01 && -e.Lo > 2*e.Hi) {
		t.Errorf("crossing %g in [%g, %g]", e.Value, e.Lo, e.Hi)
	}
}
