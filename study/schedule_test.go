package study

import (
	"math"
	"testing"
)

// A scheduled rate: on x²/2 descent is the product of 1 − ηₖ, readings are dated by the sum of the rates, a horizon in time ends with the
// step that reaches it, and points that differ in a number of the schedule share a group.
func TestScheduledRate(t *testing.T) {
	st := load(t, `
model: {name: quadratic, spectrum: [1]}
start: {name: point, at: [1]}
dynamics:
  gd:   {name: gd, rate: {schedule: power, from: 0.5, exponent: 0.5, scale: 4}}
  flow: {name: flow, rate: {schedule: power, from: $dynamics.gd.rate.from, exponent: 0.5, scale: 4}}
observe: [{name: coordinate, every: 3}]
ensemble: {replicas: 1, keep: 1, until: {time: 5}}
sweep: {dynamics.gd.rate.from: [0.5, 0.25]}
`)
	if len(st.Groups) != 2 {
		t.Fatalf("%d groups, want one for each dynamics", len(st.Groups))
	}
	for _, o := range simulated(t, st) {
		from := []float64{0.5, 0.25}[o.Cell.Point]
		s := o.Series["coordinate[0]"]
		x, now, k := 1.0, 0.0, 0
		for i := range s.Time {
			for ; k < 3*i; k++ {
				eta := from / math.Sqrt(1+float64(k)/4)
				x *= 1 - eta
				now += eta
			}
			want := x
			if o.Cell.Arm == "flow" {
				want = math.Exp(-now)
			}
			if got := s.Moments[i].Mean(0.95).Value; math.Abs(s.Time[i]-now) > 1e-12 || s.Step[i] != float64(k) || math.Abs(got-want) > 1e-7 {
				t.Errorf("%s from %g: x = %.12g at time %.12g, step %g; want %.12g at %.12g, %d", o.Cell.Arm, from, got, s.Time[i], s.Step[i], want, now, k)
			}
		}
		for ; now < 5; k++ {
			now += from / math.Sqrt(1+float64(k)/4)
		}
		if n := len(s.Time); n != (k-1)/3+1 && n != k/3+1 || o.Replicas != 1 {
			t.Errorf("%d readings, want those up to step %d", n, k)
		}
		end := o.End["coordinate[0]"]
		if o.Cell.Arm == "flow" && math.Abs(end.Mean(0.95).Value-math.Exp(-now)) > 1e-7 {
			t.Errorf("x = %g at the end, want %g", end.Mean(0.95).Value, math.Exp(-now))
		}
	}
}

// Noise that is scheduled in time has the variance of its formula: dx = √(2T(t))dW of T = T₀/(1 + t)² has 2T₀(1 − 1/(1 + t)).
func TestScheduledTemperature(t *testing.T) {
	st := load(t, `
model: {name: double-well, barrier: 1e-12, well: 1e6}
start: {name: point, at: [0]}
dynamics: {sde: {name: sde, calculus: ito, rate: 0.01, noise: {factor: identity, temperature: {schedule: power, from: 0.3, exponent: 2, scale: 1, in: time}}}}
observe: [{name: coordinate, on: end}]
ensemble: {replicas: 4000, until: {time: 3}}
`)
	v := simulated(t, st)[0].End["coordinate[0]"]
	sum := 0.0 // of the chain
	for k := range 300 {
		sum += 2 * 0.3 / math.Pow(1+0.01*float64(k), 2) * 0.01
	}
	if got := v.Variance(0.95).Value; math.Abs(got-sum) > 5*sum*math.Sqrt(2.0/4000) { // 6 in 10⁷
		t.Errorf("variance %g, want %g", got, sum)
	}
}
