package theory

import (
	"math"
	"testing"

	"sgdlab"
)

// flow integrates ẇ = c·w^(L−1)(s − w^L) by the classical Runge–Kutta method and returns w^L at time t.
func flow(depth int, s, u0, c, t float64, steps int) float64 {
	l := float64(depth)
	f := func(w float64) float64 { return c * math.Pow(w, l-1) * (s - math.Pow(w, l)) }
	w, h := math.Pow(u0, 1/l), t/float64(steps)
	for range steps {
		k1 := f(w)
		k2 := f(w + h/2*k1)
		k3 := f(w + h/2*k2)
		k4 := f(w + h*k3)
		w += h / 6 * (k1 + 2*k2 + 2*k3 + k4)
	}
	return math.Pow(w, l)
}

// descend is gradient descent on one balanced mode.
func descend(depth int, s, u0, c, eta float64, steps int) float64 {
	l := float64(depth)
	w := math.Pow(u0, 1/l)
	for range steps {
		w += eta * c * math.Pow(w, l-1) * (s - math.Pow(w, l))
	}
	return math.Pow(w, l)
}

func TestSaxeAgainstRungeKutta(t *testing.T) {
	at := []float64{3, 0.1, 0, 1.4, 0.7, 60} // in no order
	for _, tc := range []struct {
		depth    int
		s, u0, c float64
	}{{1, 2, 0.3, 1}, {2, 3, 1e-3, 1}, {2, 3, 1e-3, 0.5}, {3, 2, 0.05, 1}, {3, 2, 0.05, 1.7}, {4, 1, 0.1, 1}, {7, 1.3, 0.2, 1}} {
		p := predictedAt(t, SaxeSigmoid{Strength: tc.s, Start: tc.u0, Depth: tc.depth, Scale: tc.c, Rate: nan, At: at}, at)
		if p.Kind != sgdlab.Exact {
			t.Errorf("the flow is %v", p.Kind)
		}
		for i, time := range at {
			close(t, "u", p.Values[i], flow(tc.depth, tc.s, tc.u0, tc.c, time, 20000), 1e-9)
			if p.Neglects[i] != 0 {
				t.Errorf("the flow neglects %g", p.Neglects[i])
			}
		}
	}
}

func predictedAt(t *testing.T, c SaxeSigmoid, at []float64) sgdlab.Prediction {
	t.Helper()
	th, err := NewSaxeSigmoid(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return th.Predict(at)
}

func TestSaxeClosedForm(t *testing.T) {
	const s, u0 = 5.0, 1e-3
	at := []float64{0.2, 0.5, 0.9, 2}
	for i, u := range predictedAt(t, SaxeSigmoid{Strength: s, Start: u0, Scale: nan, Rate: nan, At: at}, nil).Values {
		e := math.Exp(2 * s * at[i])
		close(t, "u", u, s*e/(e-1+s/u0), 1e-13)
	}
}

// Backwards from a later start the curve must come back.
func TestSaxeBackwards(t *testing.T) {
	for _, depth := range []int{2, 3, 5} {
		later := predictedAt(t, SaxeSigmoid{Strength: 2, Start: 0.1, Depth: depth, Scale: nan, Rate: nan, At: []float64{1.3}}, nil).Values[0]
		back := predictedAt(t, SaxeSigmoid{Strength: 2, Start: later, Depth: depth, Scale: nan, Rate: nan, At: []float64{-1.3}}, nil).Values[0]
		close(t, "u", back, 0.1, 1e-9)
	}
}

// What Neglects holds, less the second order that it adds, is the first order in η of what descent does.
func TestSaxeNeglects(t *testing.T) {
	for _, tc := range []struct {
		depth int
		s, u0 float64
		times []float64
	}{{2, 5, 1e-3, []float64{0.4, 0.8, 1.2}}, {3, 1, 0.01, []float64{1, 2.5, 4.5}}, {4, 1, 0.05, []float64{0.5, 1.2, 2.5}}} {
		const eta = 1e-4
		p := predictedAt(t, SaxeSigmoid{Strength: tc.s, Start: tc.u0, Depth: tc.depth, Scale: nan, Rate: eta, At: tc.times}, nil)
		if p.Kind != sgdlab.Leading {
			t.Errorf("descent is %v", p.Kind)
		}
		for i, time := range tc.times {
			got := descend(tc.depth, tc.s, tc.u0, 1, eta, int(math.Round(time/eta)))
			beyond := eta * sharpness(tc.s, tc.depth, 1)
			first := p.Neglects[i] - beyond*beyond
			if miss := math.Abs(got/p.Values[i] - 1); math.Abs(miss/first-1) > 0.01 {
				t.Errorf("L=%d, t=%g: descent is off by %.4g, and it says it neglects %.4g", tc.depth, time, miss, p.Neglects[i])
			}
		}
	}
}

func TestDepthTransitTime(t *testing.T) {
	transit := func(depth int, s, u0, u1, c float64) float64 {
		return one(t, NewDepthTransitTime, DepthTransitTime{Strength: s, Start: u0, End: u1, Depth: depth, Scale: c, Rate: nan}, nil)
	}
	// Times of a quadrature elsewhere, s = 1, 0.01 → 0.9.
	for depth, want := range map[int]float64{2: 3.3962, 3: 4.5856, 4: 5.3320} {
		if got := transit(depth, 1, 0.01, 0.9, nan); math.Abs(got-want) > 6e-5 {
			t.Errorf("L=%d: %.6f, want %.4f", depth, got, want)
		}
	}
	// Half-times from w = α in each layer, s = 1, from other sheets' quadrature.
	for _, tc := range []struct {
		depth       int
		alpha, want float64
	}{{2, 0.1, 2.29756}, {2, 0.01, 4.60512}, {3, 0.1, 9.14475}, {3, 0.01, 99.1497}, {3, 0.001, 999.150}, {4, 0.1, 49.7286}, {4, 0.01, 4999.73}, {5, 0.1, 333.281}} {
		close(t, "half-time", transit(tc.depth, 1, math.Pow(tc.alpha, float64(tc.depth)), nan, nan), tc.want, 2e-6)
	}
	// The closed form of depth 2, and the limit of infinite depth, which is reached to 0.4 % at L = 1000.
	close(t, "depth 2", transit(2, 3, 0.02, 2, nan), math.Log(2*(3-0.02)/(0.02*(3-2)))/6, 1e-13)
	s, a, b := 2.0, 0.05, 1.9
	infinite := (math.Log(b*(a-s)/(a*(b-s))) + s/a - s/b) / (1000 * s * s)
	close(t, "depth 1000", transit(1000, s, a, b, nan)/infinite, 0.996, 1e-3)
	// Later ends take longer, later starts and larger scales less, time scales as 1/c.
	if !(transit(3, 2, 0.1, 1.5, nan) > transit(3, 2, 0.1, 1.4, nan) && transit(3, 2, 0.1, 1.5, nan) > transit(3, 2, 0.2, 1.5, nan)) {
		t.Error("the transit time does not grow with its ends")
	}
	close(t, "scale", transit(3, 2, 0.1, 1.5, 4), transit(3, 2, 0.1, 1.5, nan)/4, 1e-12)
	// The curve and its transit time are inverse.
	u := predictedAt(t, SaxeSigmoid{Strength: 2, Start: 0.1, Depth: 5, Scale: nan, Rate: nan, At: []float64{transit(5, 2, 0.1, 1.7, nan)}}, nil)
	close(t, "inverse", u.Values[0], 1.7, 1e-9)

	// Descent is late by what the theory says it neglects.
	const eta = 2e-4
	p := predicted(t, NewDepthTransitTime, DepthTransitTime{Strength: 2, Start: 0.01, End: 1.2, Depth: 3, Scale: nan, Rate: eta}, nil)
	w, steps := math.Cbrt(0.01), 0.0
	for {
		next := w + eta*w*w*(2-w*w*w)
		if next*next*next >= 1.2 {
			steps += (math.Cbrt(1.2) - w) / (next - w)
			break
		}
		w, steps = next, steps+1
	}
	if late := steps*eta/p.Values[0] - 1; math.Abs(late/p.Neglects[0]-1) > 0.03 {
		t.Errorf("descent is late by %.4g, and the theory neglects %.4g", late, p.Neglects[0])
	}
}

func TestSaxeReadsTheRun(t *testing.T) {
	none := SaxeSigmoid{Strength: nan, Start: nan, Scale: nan, Rate: nan, Mode: 1}
	at := []float64{0.3, 0.9}
	for _, tc := range []struct {
		depth int
		twist float64
	}{{2, 1}, {2, 2}, {3, 1}, {4, 0.7}} {
		r := learning([]float64{5, 3, 1}, []float64{0.2, 0.1, 0.3}, tc.depth, tc.twist, 1e-3)
		for k, s := range []float64{5, 3, 1} {
			c := none
			c.Mode = k + 1
			th, err := NewSaxeSigmoid(c, r)
			if err != nil {
				t.Fatal(err)
			}
			p := th.Predict(at)
			for i, time := range at {
				close(t, "u", p.Values[i], flow(tc.depth, s, []float64{0.2, 0.1, 0.3}[k], tc.twist, time, 5000), 1e-8)
			}
			if p.Kind != sgdlab.Leading {
				t.Errorf("descent is %v", p.Kind)
			}
			smooth := *r
			smooth.Dynamic = flowing{stepper{step: 0.5}}
			if p := predicted(t, NewSaxeSigmoid, c, &smooth); p.Kind != sgdlab.Exact {
				t.Errorf("a flow is %v", p.Kind)
			}
			d := DepthTransitTime{Strength: nan, Start: nan, End: nan, Scale: nan, Rate: nan, Mode: k + 1}
			close(t, "half-time", flow(tc.depth, s, []float64{0.2, 0.1, 0.3}[k], tc.twist, one(t, NewDepthTransitTime, d, r), 5000), s/2, 1e-8)
		}
	}

	build := func(change func(r *sgdlab.Run, m *chain)) *sgdlab.Run {
		r := learning([]float64{5, 3, 1}, []float64{0.2, 0.1, 0.3}, 3, 1, 1e-3)
		m := r.Model.(chain)
		change(r, &m)
		r.Model = m
		return r
	}
	for _, tc := range []struct {
		name, word string
		mode       int
		run        *sgdlab.Run
	}{
		{"an unbalanced start", "not balanced", 1, build(func(r *sgdlab.Run, _ *chain) { r.Start.(place).theta[0] *= 2 })},
		{"a start without the mode", "does not overlap", 1, build(func(r *sgdlab.Run, _ *chain) { r.Start.(place).theta[0] = 0 })},
		{"a random start", "random", 1, build(func(r *sgdlab.Run, _ *chain) { r.Start = place{r.Start.Centre(), true} })},
		{"coloured inputs", "not white", 1, build(func(r *sgdlab.Run, _ *chain) { r.Data.X.Set(0, 0, 3) })},
		{"correlated inputs", "not white", 1, build(func(r *sgdlab.Run, _ *chain) { r.Data.X.Set(0, 1, 0.1) })},
		{"a loss of another size", "sets out at rate", 1, build(func(_ *sgdlab.Run, m *chain) { m.scale = 1.1 })},
		{"no such mode", "no mode 4", 4, build(func(*sgdlab.Run, *chain) {})},
		{"no data", "no data", 1, build(func(r *sgdlab.Run, _ *chain) { r.Data = nil })},
		{"too large a rate", "does not settle", 1, build(func(r *sgdlab.Run, _ *chain) { r.Dynamic = stepper{step: 0.2} })},
		{"a landscape", "Saddled", 1, func() *sgdlab.Run { r := langevin(doubleWell, []float64{-1}, 0.1, nil); return r }()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := none
			c.Mode, c.Depth = tc.mode, 3
			refused(t, NewSaxeSigmoid, c, tc.run, tc.word)
		})
	}
	none.Depth = 0
	refused(t, NewSaxeSigmoid, none, langevin(doubleWell, []float64{-1}, 0.1, nil), "Layered")
	none.At = at
	refused(t, NewSaxeSigmoid, none, nil, "give strength, start")
	refused(t, NewSaxeSigmoid, SaxeSigmoid{Strength: 1, Start: 0.1, Scale: nan, Rate: nan}, nil, "at=")
	refused(t, NewSaxeSigmoid, SaxeSigmoid{Strength: 1, Start: 1.2, Scale: nan, Rate: nan, At: at}, nil, "above the strength")
	refused(t, NewSaxeSigmoid, SaxeSigmoid{Strength: -1, Start: 0.2, Scale: nan, Rate: nan, At: at}, nil, "strength is -1")
	refused(t, NewSaxeSigmoid, SaxeSigmoid{Strength: 1, Start: 0.2, Scale: nan, Rate: -1, At: at}, nil, "rate is -1")
	refused(t, NewSaxeSigmoid, SaxeSigmoid{Strength: 1, Start: 0.2, Depth: -1, Scale: nan, Rate: nan, At: at}, nil, "depth is -1")
	refused(t, NewDepthTransitTime, DepthTransitTime{Strength: 1, Start: 0.2, End: 0.1, Scale: nan, Rate: nan}, nil, "end is 0.1")
	refused(t, NewDepthTransitTime, DepthTransitTime{Strength: 1, Start: 0.2, End: 1, Scale: nan, Rate: nan}, nil, "end is 1")
}
