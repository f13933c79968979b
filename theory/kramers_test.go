package theory

import (
	"math"
	"testing"

	"sgdlab"
)

// exits are exact mean first-passage times −1 → +1 and −1 → 0 of the double well, from escape-time quadrature elsewhere.
var exits = []struct{ temp, far, top float64 }{
	{0.2, 19.0939, 7.93402}, {0.1, 66.2686, 30.8213}, {0.05, 729.671, 361.904}, {0.04, 2483.03, 1238.40}, {0.03, 19485.8, 9739.57}, {0.025, 102108, 51050.7},
}

func TestKramersLimit(t *testing.T) {
	for _, e := range exits {
		far, top := exitTime(doubleWell.v, -4, -1, 1, e.temp, 4000), exitTime(doubleWell.v, -4, -1, 0, e.temp, 4000)
		close(t, "the test's own integral", far, e.far, 1e-5)
		close(t, "the test's own integral", top, e.top, 1e-5)

		leading := Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: e.temp}
		next := KramersNext{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: e.temp, WellThird: -6, WellFourth: 6, SaddleThird: 0, SaddleFourth: 6}
		for _, tc := range []struct {
			name string
			got  sgdlab.Prediction
			want float64
		}{
			{"kramers", predicted(t, NewKramers, leading, nil), far},
			{"kramers-next", predicted(t, NewKramersNext, next, nil), far},
		} {
			p := tc.got
			if miss := math.Abs(p.Values[0]/tc.want - 1); miss > p.Neglects[0] {
				t.Errorf("%s at T=%g: τ = %.6g, exact %.6g: relative error %.2g exceeds %.2g", tc.name, e.temp, p.Values[0], tc.want, miss, p.Neglects[0])
			}
			if p.Kind != sgdlab.Leading {
				t.Errorf("%s is %v", tc.name, p.Kind)
			}
		}
		leading.To, next.To = "top", "top"
		p := predicted(t, NewKramers, leading, nil)
		if miss := math.Abs(p.Values[0]/top - 1); miss > p.Neglects[0] {
			t.Errorf("to the top at T=%g: τ = %.6g, exact %.6g", e.temp, p.Values[0], top)
		}
		close(t, "next order to the top", one(t, NewKramersNext, next, nil), one(t, NewKramersNext, KramersNext{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: e.temp, WellThird: -6, WellFourth: 6, SaddleFourth: 6}, nil)/2, 1e-14)
	}
}

// The error of Kramers' law vanishes like T and that of the next order like T²: halving T from 0.02 halves and quarters it.
// A tilted double well has every derivative, so that no coefficient hides.
func TestKramersOrders(t *testing.T) {
	tilted := polynomial(0, 0.08, -0.5, 0.06, 0.25)
	miss := func(temp float64) (leading, next float64) {
		r := langevin(tilted, []float64{-1.1}, temp, waitFor(itself, 0.9, sgdlab.RisesAbove))
		l := one(t, NewKramers, Kramers{Well: nan, Saddle: nan, Barrier: nan, Temperature: nan}, r)
		n := one(t, NewKramersNext, KramersNext{Well: nan, Saddle: nan, Barrier: nan, Temperature: nan, WellThird: nan, WellFourth: nan, SaddleThird: nan, SaddleFourth: nan}, r)
		exact := exitTime(tilted.v, -4, -1.1, 0.9, temp, 20000)
		return exact/l - 1, exact/n - 1
	}
	l1, n1 := miss(0.008)
	l2, n2 := miss(0.004)
	if order := math.Log2(l1 / l2); math.Abs(order-1) > 0.06 {
		t.Errorf("Kramers is wrong by %.3g and %.3g at T = 0.008 and 0.004: order %.3f, want 1", l1, l2, order)
	}
	if order := math.Log2(n1 / n2); math.Abs(order-2) > 0.15 {
		t.Errorf("the next order is wrong by %.3g and %.3g at T = 0.008 and 0.004: order %.3f, want 2", n1, n2, order)
	}
}

func TestKramersReadsTheRun(t *testing.T) {
	none := Kramers{Well: nan, Saddle: nan, Barrier: nan, Temperature: nan}
	exact := Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.1}
	want := one(t, NewKramers, exact, nil)
	mirrored := polynomial(0, 0, -0.5, 0, 0.25)
	for _, tc := range []struct {
		name         string
		start, level float64
		d            sgdlab.Direction
		want         float64
	}{
		{"from the bottom", -1, 1, sgdlab.RisesAbove, want},
		{"from the other side", 1, -1, sgdlab.FallsBelow, want},
		{"from behind the bottom", -1.3, 0.8, sgdlab.RisesAbove, want},
		{"from ahead of the bottom", -0.7, 1.1, sgdlab.RisesAbove, want},
		{"to the top", -0.9, 0, sgdlab.RisesAbove, want / 2},
		{"to the top, downwards", 1.2, 0, sgdlab.FallsBelow, want / 2},
	} {
		r := langevin(mirrored, []float64{tc.start}, 0.1, waitFor(itself, tc.level, tc.d))
		close(t, tc.name, one(t, NewKramers, none, r), tc.want, 1e-12)
	}
	r := langevin(doubleWell, []float64{-1}, 0.1, waitFor(itself, 1, sgdlab.RisesAbove))
	given := none
	given.Barrier = 0.2
	close(t, "a barrier that was given", one(t, NewKramers, given, r), want*math.Exp(-0.5), 1e-12)
	partial := exact
	partial.Temperature = nan
	close(t, "only T left out, no event", one(t, NewKramers, partial, langevin(doubleWell, []float64{-1}, 0.1, nil)), want, 1e-14)

	// A skew top changes half the time at order √T, which Neglects knows.
	skew := polynomial(0, 0.08, -0.5, 0.06, 0.25)
	l := &line{model: skew, curved: skew}
	top := l.root(0, 0.3)
	const temp = 0.001
	r = langevin(skew, []float64{-1.1}, temp, waitFor(itself, top, sgdlab.RisesAbove))
	p := predicted(t, NewKramers, none, r)
	miss := math.Abs(exitTime(skew.v, -2, -1.1, top, temp, 40000)/p.Values[0] - 1)
	odd := p.Neglects[0] - temp/(l.value(top)-l.value(l.root(-1.5, -0.9)))
	if miss > p.Neglects[0] || math.Abs(miss-odd) > 2*temp {
		t.Errorf("half the time to a skew top is wrong by %.3g, and the theory says by %.3g and O(T)", miss, odd)
	}
	refused(t, NewKramersNext, KramersNext{Well: nan, Saddle: nan, Barrier: nan, Temperature: nan, WellThird: nan, WellFourth: nan, SaddleThird: nan, SaddleFourth: nan}, r, "skew")
}

func TestKramersRefuses(t *testing.T) {
	none := Kramers{Well: nan, Saddle: nan, Barrier: nan, Temperature: nan}
	refused(t, NewKramers, none, nil, "give temperature, well, saddle, barrier")
	refused(t, NewKramers, Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.25}, nil, "not below the barrier")
	refused(t, NewKramers, Kramers{Well: -2, Saddle: -1, Barrier: 0.25, Temperature: 0.1}, nil, "well is -2")
	refused(t, NewKramers, Kramers{Well: 2, Saddle: 1, Barrier: 0.25, Temperature: 0.1}, nil, "saddle is 1")
	refused(t, NewKramers, Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 1e-5}, nil, "beyond the largest")
	refused(t, NewKramers, Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.1, To: "moon"}, nil, "well or top")
	refused(t, NewKramersNext, KramersNext{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.2, WellThird: 40}, nil, "no correction")
	refused(t, NewKramersNext, KramersNext{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.2, WellThird: nan, WellFourth: 6, SaddleThird: nan}, nil, "give well-third, saddle-third")

	up, down := sgdlab.RisesAbove, sgdlab.FallsBelow
	three := polynomial(0, 0, 1, 0, -1.5, 0, 0.5) // x²(1 − 1.5x² + ½x⁴): wells at 0 and near ±1.3
	for _, tc := range []struct {
		name, word string
		run        *sgdlab.Run
	}{
		{"too hot", "not below the barrier", langevin(doubleWell, []float64{-1}, 0.3, waitFor(itself, 1, up))},
		{"no event", "no event", langevin(doubleWell, []float64{-1}, 0.1, nil)},
		{"an event on the loss", "not on the coordinate", langevin(doubleWell, []float64{-1}, 0.1, waitFor(doubleWell.v, 0, up))},
		{"an event that has happened", "has happened", langevin(doubleWell, []float64{-1}, 0.1, waitFor(itself, -2, up))},
		{"an event behind", "has happened", langevin(doubleWell, []float64{-1}, 0.1, waitFor(itself, 1, down))},
		{"a level on the slope", "near side", langevin(doubleWell, []float64{-1}, 0.1, waitFor(itself, -0.3, up))},
		{"a level just short of the top", "near side", langevin(doubleWell, []float64{-1}, 0.1, waitFor(itself, -0.001, up))},
		{"a level just past the top", "fall back", langevin(doubleWell, []float64{-1}, 0.01, waitFor(itself, 0.05, up))},
		{"a level high above the next well", "uphill again", langevin(doubleWell, []float64{-1}, 0.1, waitFor(itself, 1.6, up))},
		{"a start near the top", "straight over", langevin(doubleWell, []float64{-0.02}, 0.01, waitFor(itself, 1, up))},
		{"a start at the top", "not in a well", langevin(doubleWell, []float64{0}, 0.1, waitFor(itself, 1, up))},
		{"a start that falls to the level", "falls all the way", langevin(doubleWell, []float64{0.1}, 0.1, waitFor(itself, 0.9, up))},
		{"two barriers", "2 barriers", langevin(three, []float64{-1.3}, 0.1, waitFor(itself, 1.3, up))},
		{"another well behind", "turns down again", langevin(three, []float64{0}, 0.1, waitFor(itself, 1.3, up))},
		{"two coordinates", "2 coordinates", langevin(ellipsoid{square(1, 0, 0, 1)}, []float64{0, 0}, 0.1, waitFor(itself, 1, up))},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, NewKramers, none, tc.run, tc.word) })
	}

	run := func(change func(*sgdlab.Run, *sgdlab.SDE)) *sgdlab.Run {
		r := langevin(doubleWell, []float64{-1}, 0.1, waitFor(itself, 1, up))
		change(r, r.Dynamic.(diffusive).sde)
		return r
	}
	for _, tc := range []struct {
		name, word string
		run        *sgdlab.Run
	}{
		{"not an SDE", "not an SDE", run(func(r *sgdlab.Run, _ *sgdlab.SDE) { r.Dynamic = stepper{} })},
		{"multiplicative noise", "depends on θ", run(func(_ *sgdlab.Run, s *sgdlab.SDE) { s.Noise[0].Factor = state{} })},
		{"Lévy noise", "infinite variance", run(func(_ *sgdlab.Run, s *sgdlab.SDE) { s.Noise[1].Law = law(1.5) })},
		{"another drift", "not −∇L", run(func(_ *sgdlab.Run, s *sgdlab.SDE) { s.Drift = sgdlab.Downhill{Model: polynomial(0, 0, 1)} })},
		{"a random start", "random altogether", run(func(r *sgdlab.Run, _ *sgdlab.SDE) { r.Start = place{} })},
		{"an event not at the top", "does not end there", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := none
			if tc.run == nil {
				c.To, tc.run = "top", run(func(*sgdlab.Run, *sgdlab.SDE) {})
			}
			refused(t, NewKramers, c, tc.run, tc.word)
		})
	}
}

// In V = (x²−1)²/4 + ½h(x)y² with y integrated out, x moves in U = V(x,0) + (T/2)log h with the same temperature as T → 0,
// so that the one-dimensional double integral is an independent road to the ratio of determinants.
func TestEyringKramers(t *testing.T) {
	c := EyringKramers{Well: []float64{2, 0.5}, Saddle: []float64{-1, 3}, Barrier: 0.25, Temperature: nan, Quartic: nan}
	h := func(x float64) float64 { return 3 * math.Exp(-math.Log(6)*x*x) } // 3 at the saddle, ½ at the wells
	for _, temp := range []float64{0.02, 0.01} {
		c.Temperature = temp
		u := func(x float64) float64 { return doubleWell.v(x) + temp/2*math.Log(h(x)) }
		p := predicted(t, NewEyringKramers, c, nil)
		if exact := exitTime(u, -3, -1, 1, temp, 20000); math.Abs(p.Values[0]/exact-1) > p.Neglects[0] {
			t.Errorf("T=%g: %.6g, exact %.6g", temp, p.Values[0], exact)
		}
	}
	flat := EyringKramers{Well: []float64{7, 2}, Saddle: []float64{7, -1}, Barrier: 0.25, Temperature: 0.05, Quartic: nan}
	close(t, "a spectator direction", one(t, NewEyringKramers, flat, nil), one(t, NewKramers, Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.05}, nil), 1e-13)
	flat.Temperature = nan
	close(t, "T from a run", one(t, NewEyringKramers, flat, langevin(ellipsoid{square(1, 0.5, 0.5, 2)}, []float64{0, 0}, 0.05, nil)),
		one(t, NewKramers, Kramers{Well: 2, Saddle: -1, Barrier: 0.25, Temperature: 0.05}, nil), 1e-13)

	bad := c
	bad.Saddle = []float64{-1, -3}
	refused(t, NewEyringKramers, bad, nil, "2 negative")
	bad.Saddle = []float64{-1}
	refused(t, NewEyringKramers, bad, nil, "one per dimension")
	bad.Saddle, bad.Temperature = []float64{-1, 3}, 0.3
	refused(t, NewEyringKramers, bad, nil, "not below the barrier")
	bad.Temperature = nan
	r := langevin(ellipsoid{square(1, 0, 0, 1)}, []float64{0, 0}, 0.05, nil)
	r.Dynamic.(diffusive).sde.Noise[0].Factor = constant{square(1, 0, 0, 2)}
	refused(t, NewEyringKramers, bad, r, "not isotropic")
}
