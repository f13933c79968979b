package scheme

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// signs draws the ξ it is told, the same for every coordinate.
type signs struct{ xi lanes.Vec }

func (s *signs) Draw(xi lanes.Pack, _ *sgdlab.Clock) {
	for j := range xi {
		xi[j] = s.xi
	}
}
func (s *signs) Index() float64 { return 2 }

// underdamped is the dynamics on ½λθ² with one noise whose draws are told.
func underdamped(t *testing.T, lambda, gamma, h float64, factor sgdlab.Factor, scale float64) (*Underdamped, *signs) {
	t.Helper()
	law := &signs{}
	part := func(*sgdlab.Site) (sgdlab.Noise, error) {
		return sgdlab.Noise{Factor: factor, Law: law, Scale: sgdlab.Constant(scale)}, nil
	}
	s, err := NewUnderdamped(UnderdampedSettings{Step: sgdlab.Constant(h), Friction: sgdlab.Constant(gamma), Noise: []sgdlab.Part[sgdlab.Noise]{part}},
		&sgdlab.Site{Model: quadratic(t, false, lambda)})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Underdamped), law
}

// second is the map of a step on the second moments (θ², θv, v²) from a point mass at (θ, v): their mean over ξ = ±1.
func second(u *Underdamped, law *signs, theta, v float64) (m [3]float64) {
	law.xi = lanes.Vec{1, -1, 1, -1, 1, -1, 1, -1}
	state := make(lanes.Pack, 3)
	u.Init(state, lanes.Of([]float64{theta}), clock(1, 0), lanes.All)
	state[1] = lanes.Splat(v)
	u.Step(state, clock(1, 0), lanes.All, nil)
	for l := range 2 {
		x, y := state[0][l], state[1][l]
		for i, p := range []float64{x * x, x * y, y * y} {
			m[i] += p / 2
		}
	}
	return m
}

// momentMap is the affine map of a step on second moments, found from five points.
func momentMap(u *Underdamped, law *signs) func(m [3]float64) [3]float64 {
	zero := second(u, law, 0, 0)
	var a [3][3]float64
	one, other, both := second(u, law, 1, 0), second(u, law, 0, 1), second(u, law, 1, 1)
	for i := range 3 {
		a[i][0], a[i][2] = one[i]-zero[i], other[i]-zero[i]
		a[i][1] = both[i] - zero[i] - a[i][0] - a[i][2]
	}
	return func(m [3]float64) (out [3]float64) {
		for i := range out {
			out[i] = zero[i] + a[i][0]*m[0] + a[i][1]*m[1] + a[i][2]*m[2]
		}
		return out
	}
}

// Under isotropic noise √(2γT) BAOAB has on ½λθ² the stationary moments T/λ, 0 and T(1 − h²λ/4), at any h below 2/√λ.
func TestUnderdampedStationary(t *testing.T) {
	const lambda, gamma, temp = 2.0, 0.7, 0.3
	for _, h := range []float64{0.05, 0.5, 1.2} {
		u, law := underdamped(t, lambda, gamma, h, noise.Identity{Dim: 1}, math.Sqrt(2*gamma*temp))
		step := momentMap(u, law)
		want := [3]float64{temp / lambda, 0, temp * (1 - h*h*lambda/4)}
		got := step(want)
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-14 {
				t.Errorf("h = %g: a step takes the moments %v to %v", h, want, got)
				break
			}
		}
	}
}

// Second moments of the equation with noise that depends on θ, σ = (b + βθ), solve a linear system; those of the splitting are of order 2.
func TestUnderdampedOrder(t *testing.T) {
	const lambda, gamma, beta, T = 1.5, 0.8, 0.6, 2.0
	rates := func(m [3]float64) [3]float64 {
		return [3]float64{2 * m[1], m[2] - lambda*m[0] - gamma*m[1], -2*lambda*m[1] - 2*gamma*m[2] + beta*beta*m[0]}
	}
	exact := [3]float64{1, 0, 0}
	for range 4000 { // RK4 at 5e-4: its error is rounding
		const d = T / 4000
		k := [4][3]float64{}
		for s := range k {
			x := exact
			for i := range x {
				if s > 0 {
					x[i] += []float64{0, d / 2, d / 2, d}[s] * k[s-1][i]
				}
			}
			k[s] = rates(x)
		}
		for i := range exact {
			exact[i] += d / 6 * (k[0][i] + 2*k[1][i] + 2*k[2][i] + k[3][i])
		}
	}
	var hs, errs, still []float64
	for _, h := range []float64{0.2, 0.1, 0.05, 0.025} {
		u, law := underdamped(t, lambda, gamma, h, noise.Proportional{Dim: 1}, beta)
		step, m := momentMap(u, law), [3]float64{1, 0, 0}
		for range int(math.Round(T / h)) {
			m = step(m)
		}
		hs, errs = append(hs, h), append(errs, math.Hypot(m[0]-exact[0], math.Hypot(m[1]-exact[1], m[2]-exact[2])))
		// Without noise the oscillator θ̈ = −λθ − γθ̇ from θ = 1 at rest.
		u, _ = underdamped(t, lambda, gamma, h, noise.Identity{Dim: 1}, 0)
		state := make(lanes.Pack, 3)
		u.Init(state, lanes.Of([]float64{1}), clock(1, 0), lanes.All)
		for range int(math.Round(T / h)) {
			u.Step(state, clock(1, 0), lanes.All, nil)
		}
		w := math.Sqrt(lambda - gamma*gamma/4)
		still = append(still, math.Abs(state[0][3]-math.Exp(-gamma*T/2)*(math.Cos(w*T)+gamma/(2*w)*math.Sin(w*T))))
	}
	for what, e := range map[string][]float64{"second moments": errs, "without noise": still} {
		if got := slopeOf(hs, e); math.Abs(got-2) > 0.1 {
			t.Errorf("%s: order %.3f, want 2: %.3g", what, got, e)
		}
	}
}

// The temperature is that of the velocity's noise, whatever the friction, which may be 0: then a step conserves energy to O(h²).
func TestUnderdampedTemperature(t *testing.T) {
	m := quadratic(t, false, 1)
	for _, gamma := range []float64{0, 0.5, 40} {
		s, err := NewUnderdamped(UnderdampedSettings{Step: sgdlab.Constant(0.1), Friction: sgdlab.Constant(gamma), Temperature: sgdlab.Constant(0.2)}, &sgdlab.Site{Model: m})
		if err != nil {
			t.Fatal(err)
		}
		u := s.(*Underdamped)
		if got, want := u.Noise[0].Scale(clock(1, 0))[0], math.Sqrt(2*gamma*0.2); math.Abs(got-want) > 1e-15 {
			t.Errorf("scale %g, want %g", got, want)
		}
		state, sum, n := make(lanes.Pack, 3), 0.0, 0.0
		at := clock(5, 0)
		u.Init(state, lanes.Of([]float64{1}), at, lanes.All)
		for k := range 40000 {
			for l := range at.Step {
				at.Step[l] = uint64(k)
			}
			u.Step(state, at, lanes.All, nil)
			if k > 2000 {
				for _, v := range state[1] {
					sum += v * v
					n++
				}
			}
		}
		want := 0.2 * (1 - 0.01/4)
		if gamma == 0 {
			want = 0.5
		}
		// 8 × 3800 units of time, correlated over at most 2/γ: about 4 % at worst.
		if math.Abs(sum/n/want-1) > 0.04 {
			t.Errorf("γ = %g: mean square of the velocity %.4g, want %.4g", gamma, sum/n, want)
		}
	}
}

func TestUnderdampedErrors(t *testing.T) {
	m := quadratic(t, false, 1)
	one := sgdlab.Constant(1)
	stable := func(s *sgdlab.Site) (sgdlab.Noise, error) {
		law, err := noise.NewStable(noise.StableSettings{Alpha: 1.5}, s)
		return sgdlab.Noise{Factor: noise.Identity{Dim: 1}, Law: law, Scale: one}, err
	}
	for want, c := range map[string]UnderdampedSettings{
		"friction": {Step: one}, "`rate`": {Friction: one}, "jumps": {Step: one, Friction: one, Noise: []sgdlab.Part[sgdlab.Noise]{stable}},
	} {
		if _, err := NewUnderdamped(c, &sgdlab.Site{Model: m}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want … %s …", err, want)
		}
	}
}
