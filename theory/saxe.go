package theory

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/quadrature"
)

// SaxeSigmoid is the strength u(t) of one mode of a deep linear network of L weight matrices under gradient flow, from a
// balanced start aligned with the modes, for whitened inputs:
//
//	u̇ = cL u^(2−2/L)(s − u),   for L = 2:  u(t) = s / (1 + (s/u₀ − 1)e^(−2cst)),
//
// where s is the strength that the mode has in the empirical map and the loss is (c/2)‖W − M‖² up to a constant.
// Other depths are inverted from the transit time, to ten digits.
//
// Gradient descent at rate η follows it with a relative error, at first order in η, of
//
//	(η/2)│u̇/u · log(f(t)/f(0))│,  f = cu^(1−1/L)(s − u),
//
// which is what it is said to neglect, with the square of η times the curvature at the end for what is beyond. u, u₀ and s are in units
// of the map, targets over inputs, t in time, ηk of descent; c takes the units that are left.
//
// From a run: the mode of a model that knows its modes, on white inputs; a start that is balanced and aligned, which is
// checked by the rate at which the mode sets out.
//
// Source: Saxe, McClelland & Ganguli 2013.
type SaxeSigmoid struct {
	Strength float64   `optional:"true" check:">0" doc:"s, the strength at which the mode ends"`
	Start    float64   `optional:"true" check:">0" doc:"u₀, its strength at t = 0; below s"`
	Depth    int       `optional:"true" check:">=1" doc:"L, the number of weight matrices; 2 where there is no run"`
	Scale    float64   `optional:"true" check:">0" doc:"c of the loss (c/2)‖W − M‖²: the second moment of white inputs times 1 (mean-half), n (sum-half) or 2 (mean); 1 where there is no run"`
	Rate     float64   `optional:"true" check:">=0" doc:"η of gradient descent, or the step of a scheme; where missing that of the run, 0 for a flow"`
	Mode     int       `default:"1" check:">=1" doc:"which mode to read from the run, 1 the strongest"`
	At       []float64 `optional:"true" doc:"the times at which to predict where nobody asks for others"`
}

// NewSaxeSigmoid makes Saxe's curve of a mode.
func NewSaxeSigmoid(c SaxeSigmoid, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r == nil {
		c.Rate = orElse(c.Rate, 0)
		if len(c.At) == 0 {
			return nil, errors.New("give the times, at=[…]")
		}
	} else if math.IsNaN(c.Rate) {
		c.Rate = 0
		if _, flow := r.Dynamic.(sgdlab.Dense); !flow && r.Dynamic != nil {
			if a, ok := r.Dynamic.(sgdlab.Altered); ok && a.Altered() != "" {
				return nil, fmt.Errorf("its dynamics is descent %s; the curve is that of plain descent", a.Altered())
			}
			_, step := r.Dynamic.Pace()
			if !step.Fixed() {
				return nil, errors.New("its rate is scheduled; the curve is that of descent at one rate")
			}
			c.Rate = step(r.Clock)[0]
		}
	}
	m := mode{strength: &c.Strength, start: &c.Start, scale: &c.Scale, depth: &c.Depth, index: c.Mode}
	if err := m.complete(r); err != nil {
		return nil, err
	}
	err := errors.Join(positive("strength", c.Strength), positive("start", c.Start), positive("scale", c.Scale))
	switch {
	case err != nil:
		return nil, err
	case c.Start >= c.Strength:
		return nil, fmt.Errorf("start is %g, at or above the strength %g; the curve is for a mode that grows", c.Start, c.Strength)
	case c.Rate < 0:
		return nil, fmt.Errorf("rate is %g; want a number ≥ 0", c.Rate)
	case c.Rate*c.ends() >= 2:
		return nil, fmt.Errorf("rate %g times the curvature %g at the end is %g, at or beyond 2, where gradient descent does not settle", c.Rate, c.ends(), c.Rate*c.ends())
	}
	if p := c.Predict([]float64{c.half()}); math.IsNaN(p.Values[0]) {
		return nil, errors.New("the transit time could not be integrated; start is too small for this depth")
	}
	return c, nil
}

// ends is the curvature of the loss along the mode where it has been learnt, cLs^(2−2/L).
func (c SaxeSigmoid) ends() float64 { return sharpness(c.Strength, c.Depth, c.Scale) }

func (c SaxeSigmoid) half() float64 {
	return transit(c.Depth, c.Strength, logit(c.Start, c.Strength), 0) / c.Scale
}

func (c SaxeSigmoid) Predict(at []float64) sgdlab.Prediction {
	if len(at) == 0 {
		at = c.At
	}
	p := sgdlab.Prediction{
		Kind:     sgdlab.Exact,
		Values:   make([]float64, len(at)),
		Neglects: make([]float64, len(at)),
		Regime:   "gradient flow, whitened inputs, balanced start aligned with the modes",
		Source:   "saxe-2013",
	}
	if c.Rate > 0 {
		p.Kind = sgdlab.Leading
		p.Regime += fmt.Sprintf("; gradient descent at first order in η, here η·curvature = %.3g", c.Rate*c.ends())
	}
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case at[i] < at[j]:
			return -1
		case at[i] > at[j]:
			return 1
		}
		return 0
	})
	x0 := logit(c.Start, c.Strength)
	x, t := x0, 0.0
	for _, i := range order {
		x = advance(c.Depth, c.Strength, x, c.Scale*(at[i]-t))
		t = at[i]
		p.Values[i] = strengthAt(x, c.Strength)
		p.Neglects[i] = c.neglects(x0, x)
	}
	return p
}

func (c SaxeSigmoid) neglects(x0, x float64) float64 {
	l, s := float64(c.Depth), c.Strength
	// log f, up to a constant, with s − u = s/(1 + eˣ).
	logf := func(x float64) float64 {
		return (1-1/l)*elementary.Log(strengthAt(x, s)) - softplus(x)
	}
	u := strengthAt(x, s)
	growth := c.Scale * l * elementary.Pow(u, 1-2/l) * s * elementary.Exp(-softplus(x)) // u̇/u
	curved := c.Rate * c.ends()
	if c.Rate == 0 {
		return 0
	}
	return c.Rate/2*math.Abs(growth*(logf(x)-logf(x0))) + curved*curved
}

// The mode is followed in x = log(u/(s − u)), in which dx/dt = cLs·u^(1−2/L): a straight line at L = 2, and smooth up to
// the end, which is x = ∞.

func logit(u, s float64) float64 { return elementary.Log(u / (s - u)) }

func strengthAt(x, s float64) float64 { return s / (1 + elementary.Exp(-x)) }

// softplus is log(1 + eˣ).
func softplus(x float64) float64 {
	if x > 0 {
		return x + elementary.Log1p(elementary.Exp(-x))
	}
	return elementary.Log1p(elementary.Exp(x))
}

// transit is the time from x to y at c = 1, NaN where it cannot be integrated.
func transit(depth int, s, x, y float64) float64 {
	l := float64(depth)
	if depth == 2 {
		return (y - x) / (2 * s)
	}
	q, err := quadrature.Integrate(func(z float64) float64 {
		return elementary.Pow(strengthAt(z, s), 2/l-1) / (l * s)
	}, x, y, 1e-12)
	if err != nil {
		return math.NaN()
	}
	return q.Value
}

// advance is where the mode is a time t after it was at x, at c = 1.
func advance(depth int, s, x, t float64) float64 {
	l := float64(depth)
	speed := func(z float64) float64 { return l * s * elementary.Pow(strengthAt(z, s), 1-2/l) }
	if depth == 2 || t == 0 {
		return x + t*speed(x)
	}
	// x(t) is convex or concave, so that Newton's steps in t(y) = t, from a point where t(y) is known, settle. Each step is
	// held inside the bracket that the speed, which is monotone between here and the end, allows.
	least, most := min(speed(x), speed(math.Inf(1))), max(speed(x), speed(math.Inf(1)))
	lo, hi := x+t*least, x+t*most
	if t < 0 {
		// Backwards the speed may leave this range; walk until the time is bracketed.
		hi = x
		for lo = x - 1; transit(depth, s, lo, x) < -t; lo -= 2 * (x - lo) {
			if x-lo > 1e4 {
				return math.NaN()
			}
		}
	}
	y := lo + (hi-lo)/2
	for range 100 {
		miss := transit(depth, s, x, y) - t
		if math.IsNaN(miss) {
			return math.NaN()
		}
		if miss > 0 {
			hi = y
		} else {
			lo = y
		}
		next := y - miss*speed(y)
		if !(next >= lo && next <= hi) {
			next = lo + (hi-lo)/2
		}
		if math.Abs(next-y) <= 1e-11*max(1, math.Abs(y)) {
			return next
		}
		y = next
	}
	return y
}

// DepthTransitTime is the time that gradient flow takes to bring a mode of a deep linear network from the strength u₀
// to u₁, from a balanced start aligned with the modes,
//
//	t = ∫ du / (cL u^(2−2/L)(s − u)),   for L = 2:  t = log[u₁(s − u₀)/(u₀(s − u₁))] / (2cs).
//
// With the end left out it is the time to s/2. It reads the same runs as SaxeSigmoid. Gradient descent at rate η is late,
// at first order in η, by (η/2)·log(f(u₁)/f(u₀)) with f = u^(1−1/L)(s − u): that is what it neglects. t is in units of time, ηk of
// descent.
//
// Source: Saxe, McClelland & Ganguli 2013.
type DepthTransitTime struct {
	Strength float64 `optional:"true" check:">0" doc:"s, the strength at which the mode ends"`
	Start    float64 `optional:"true" check:">0" doc:"u₀, its strength at t = 0; below s"`
	End      float64 `optional:"true" check:">0" doc:"u₁, the strength waited for; s/2 where left out"`
	Depth    int     `optional:"true" check:">=1" doc:"L, the number of weight matrices; 2 where there is no run"`
	Scale    float64 `optional:"true" check:">0" doc:"c of the loss (c/2)‖W − M‖²: the second moment of white inputs times 1 (mean-half), n (sum-half) or 2 (mean); 1 where there is no run"`
	Rate     float64 `optional:"true" check:">=0" doc:"η of gradient descent; 0, the flow, where there is no run"`
	Mode     int     `default:"1" check:">=1" doc:"which mode to read from the run, 1 the strongest"`
}

// NewDepthTransitTime makes the transit time of a mode.
func NewDepthTransitTime(c DepthTransitTime, r *sgdlab.Run) (sgdlab.Theory, error) {
	curve := SaxeSigmoid{Strength: c.Strength, Start: c.Start, Depth: c.Depth, Scale: c.Scale, Rate: c.Rate, Mode: c.Mode, At: []float64{0}}
	t, err := NewSaxeSigmoid(curve, r)
	if err != nil {
		return nil, err
	}
	curve = t.(SaxeSigmoid)
	c.Strength, c.Start, c.Depth, c.Scale, c.Rate = curve.Strength, curve.Start, curve.Depth, curve.Scale, curve.Rate
	c.End = orElse(c.End, c.Strength/2)
	if !(c.Start < c.End && c.End < c.Strength) {
		return nil, fmt.Errorf("end is %g; want a strength between the start %g and the final one %g", c.End, c.Start, c.Strength)
	}
	return predict(c)
}

func (c DepthTransitTime) Predict([]float64) sgdlab.Prediction {
	t := transit(c.Depth, c.Strength, logit(c.Start, c.Strength), logit(c.End, c.Strength)) / c.Scale
	if c.Rate == 0 {
		return sgdlab.One(sgdlab.Exact, t, 0, "gradient flow, whitened inputs, balanced start aligned with the modes", "saxe-2013")
	}
	l := float64(c.Depth)
	f := func(u float64) float64 { return elementary.Pow(u, 1-1/l) * (c.Strength - u) }
	curved := c.Rate * sharpness(c.Strength, c.Depth, c.Scale)
	late := c.Rate / 2 * math.Abs(elementary.Log(f(c.End)/f(c.Start)))
	return sgdlab.One(sgdlab.Leading, t, late/t+curved*curved,
		fmt.Sprintf("gradient descent at first order in η, here η·curvature = %.3g; whitened inputs, balanced start aligned with the modes", curved), "saxe-2013")
}

// mode is one mode of a linear network, read from a run where its fields were left out; start is nil where nobody asks.
type mode struct {
	strength, start, scale *float64
	depth                  *int
	index                  int
}

func (m mode) complete(r *sgdlab.Run) error {
	if r == nil {
		*m.scale = orElse(*m.scale, 1)
		if *m.depth == 0 {
			*m.depth = 2
		}
	} else if *m.depth == 0 {
		layered, err := sgdlab.As[sgdlab.Layered](r.Model)
		if err != nil {
			return fmt.Errorf("depth was left out and cannot be read from the run: %w", err)
		}
		*m.depth = len(layered.Layers())
	}
	if *m.depth < 1 {
		return fmt.Errorf("depth is %d; want at least 1", *m.depth)
	}
	wants := []want{
		{"strength", m.strength, func() (float64, error) { return m.learnt(r) }},
		{"scale", m.scale, func() (float64, error) { return white(r) }},
	}
	if m.start != nil {
		wants = append(wants, want{"start", m.start, func() (float64, error) { return m.setsOut(r) }})
	}
	return complete(r, wants...)
}

// learnt is the singular value of the empirical map.
func (m mode) learnt(r *sgdlab.Run) (float64, error) {
	s, err := sgdlab.As[sgdlab.Saddled](r.Model)
	if err != nil {
		return 0, err
	}
	modes := s.Modes()
	if m.index < 1 || m.index > len(modes) {
		return 0, fmt.Errorf("its model has %d modes; there is no mode %d", len(modes), m.index)
	}
	return modes[m.index-1], nil
}

// white is c of a run whose inputs are white: XᵀX·s/n = c·I.
func white(r *sgdlab.Run) (float64, error) {
	if r.Data == nil {
		return 0, errors.New("it has no data")
	}
	s, err := sgdlab.As[sgdlab.Squared](r.Model)
	if err != nil {
		return 0, err
	}
	x := r.Data.X
	var c float64
	for i := range x.Cols {
		for j := range i + 1 {
			var sum float64
			for k := range x.Rows {
				sum += x.At(k, i) * x.At(k, j)
			}
			sum *= s.PerLabel() / float64(x.Rows)
			if i == 0 {
				c = sum
			}
			want := 0.0
			if i == j {
				want = c
			}
			if math.Abs(sum-want) > 1e-8*c {
				return 0, fmt.Errorf("its inputs are not white: their second moment is %g at (%d,%d) beside %g at (0,0); ask for `whiten: true`", sum, i, j, c)
			}
		}
	}
	return c, nil
}

// setsOut is u₀ = ⟨E, W(0)⟩, with E the mode's own matrix, from a start that is balanced and aligned with the modes.
func (m mode) setsOut(r *sgdlab.Run) (float64, error) {
	saddled, err := sgdlab.As[sgdlab.Saddled](r.Model)
	if err != nil {
		return 0, err
	}
	end, err := sgdlab.As[sgdlab.EndToEnd](r.Model)
	if err != nil {
		return 0, err
	}
	if r.Start == nil || r.Start.Centre() == nil || !r.Start.Deterministic(r.Clock.Point[0]) {
		return 0, errors.New("its start is random")
	}
	learnt, _, err := saddled.Critical([]int{m.index})
	if err != nil {
		return 0, err
	}
	strength, err := m.learnt(r)
	if err != nil {
		return 0, err
	}
	var ws lanes.Arena
	outputs, inputs := end.EffectiveShape()
	n, size := r.Model.Dim(), outputs*inputs
	own, now := ws.Pack(size), ws.Pack(size)
	end.Effective(own, lanes.Of(learnt), &ws)
	theta, g := lanes.Of(r.Start.Centre()), ws.Pack(n)
	r.Model.Grad(g, theta, &ws)
	// Lane 0 stays, lanes 1 and 2 move a little down and up the gradient.
	const h = 1e-5
	for j := range theta {
		theta[j][1] -= h * g[j][0]
		theta[j][2] += h * g[j][0]
	}
	end.Effective(now, theta, &ws)
	along := lanes.Dot(own, now)
	u := along[0] / strength
	if !(u > 0) {
		return 0, fmt.Errorf("its start does not overlap with mode %d", m.index)
	}
	rate := (along[1] - along[2]) / (2 * h * strength)
	l := float64(*m.depth)
	if want := *m.scale * l * elementary.Pow(u, 2-2/l) * (*m.strength - u); math.Abs(rate-want) > 1e-4*want {
		return 0, fmt.Errorf("its start is not balanced and aligned with the modes: mode %d sets out at rate %g, not %g; start from `balanced`", m.index, rate, want)
	}
	return u, nil
}
