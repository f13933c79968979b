package dynamics_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/lanes"
)

// TestMomentumIsUnderdamped: SGD with momentum β = 1 − γ√η is a step √η of dθ = v dt, dv = −(∇L + γv)dt + √(√η/B)C^½dW. On a regression of
// two samples, ½(θ ∓ 1)², C = 1 and the moments of both are linear: those of SGD, over all draws, differ by O(√η) at a time √ηk.
func TestMomentumIsUnderdamped(t *testing.T) {
	const gamma, T = 0.8, 2.0
	s := &data.Set{X: lanes.NewMat(2, 1), Y: lanes.NewMat(2, 1), Name: "two"}
	copy(s.X.Data, []float64{1, 1})
	copy(s.Y.Data, []float64{1, -1})
	site := &sgdlab.Site{Data: s, Model: deepLinear(s, "mean-half", 1, 1)}
	var hs, first, second []float64
	for _, h := range []float64{0.1, 0.05, 0.025, 0.0125} {
		draw := &listed{n: 2, index: make([][lanes.W]int32, 1)}
		for l := range lanes.W {
			draw.index[0][l] = int32(l % 2)
		}
		sgd := must(dynamics.NewSGD(dynamics.SGDSettings{Rate: sgdlab.Constant(h * h), Batch: 1, Momentum: sgdlab.Constant(1 - gamma*h),
			Draw: func(*sgdlab.Site) (sgdlab.Sampler, error) { return draw, nil }}, site))
		// One step from (θ, v), its two outcomes equally likely; v = v̂/h.
		step := func(theta, v float64) (mean [2]float64, square [3]float64) {
			state := lanes.Of([]float64{theta, h * v})
			sgd.Step(state, clock(1, 0), lanes.All, nil)
			for l := range 2 {
				x, y := state[0][l], state[1][l]/h
				mean[0], mean[1] = mean[0]+x/2, mean[1]+y/2
				for i, p := range []float64{x * x, x * y, y * y} {
					square[i] += p / 2
				}
			}
			return mean, square
		}
		_, zero := step(0, 0)
		one, oneSquare := step(1, 0)
		other, otherSquare := step(0, 1)
		_, both := step(1, 1)
		m, q := [2]float64{1, 0}, [3]float64{1, 0, 0}
		for range int(math.Round(T / h)) {
			m = [2]float64{one[0]*m[0] + other[0]*m[1], one[1]*m[0] + other[1]*m[1]}
			var next [3]float64
			for i := range next {
				a, c := oneSquare[i]-zero[i], otherSquare[i]-zero[i]
				next[i] = zero[i] + a*q[0] + (both[i]-zero[i]-a-c)*q[1] + c*q[2]
			}
			q = next
		}
		// The equation: θ̈ = −θ − γθ̇ in the mean, and second moments by RK4.
		w := math.Sqrt(1 - gamma*gamma/4)
		mean := math.Exp(-gamma*T/2) * (math.Cos(w*T) + gamma/(2*w)*math.Sin(w*T))
		x := [3]float64{1, 0, 0}
		rates := func(m [3]float64) [3]float64 {
			return [3]float64{2 * m[1], m[2] - m[0] - gamma*m[1], -2*m[1] - 2*gamma*m[2] + h}
		}
		for range 2000 {
			const d = T / 2000
			var k [4][3]float64
			for j := range k {
				y := x
				for i := range y {
					if j > 0 {
						y[i] += []float64{0, d / 2, d / 2, d}[j] * k[j-1][i]
					}
				}
				k[j] = rates(y)
			}
			for i := range x {
				x[i] += d / 6 * (k[0][i] + 2*k[1][i] + 2*k[2][i] + k[3][i])
			}
		}
		hs, first = append(hs, h), append(first, math.Abs(m[0]-mean))
		second = append(second, math.Hypot(q[0]-x[0], math.Hypot(q[1]-x[1], q[2]-x[2])))
	}
	for what, e := range map[string][]float64{"mean": first, "second moments": second} {
		if got := math.Log(e[0]/e[3]) / math.Log(hs[0]/hs[3]); math.Abs(got-1) > 0.1 {
			t.Errorf("%s: order %.3f in √η, want 1: %.3g", what, got, e)
		}
	}
}
