package theory

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/formula"
	"sgdlab/quadrature"
)

// GibbsMass is what the Gibbs law of a landscape of one coordinate gives to an interval,
//
//	P(a ≤ θ ≤ b) = ∫ₐᵇ e^(−V/T)dθ / ∫ₗʰ e^(−V/T)dθ,
//
// or its odds against the rest. It is the stationary law of dθ = −V′dt + √(2T)dW between walls at l and h, and with T = 1/n the
// posterior e^(−nV) of n samples under a flat prior there. V and T are in the same units. By quadrature between the critical points and the
// places where V is some way above the deepest of them: exact to 1e-9 where no feature of V is narrower than 1/4096 of the whole.
//
// From a run: its landscape, and the temperature of its noise.
//
// Source: derived here.
type GibbsMass struct {
	Loss        string             `optional:"true" doc:"V(x) written out; that of the run's model where left out"`
	Parameters  formula.Parameters `optional:"true" doc:"names of numbers that loss uses, such as {a: 2}"`
	Temperature float64            `optional:"true" check:">0" doc:"T"`
	From        float64            `optional:"true" doc:"a; l where left out"`
	To          float64            `optional:"true" doc:"b; h where left out"`
	Low         float64            `doc:"l, where the law begins"`
	High        float64            `doc:"h, where it ends"`
	Of          string             `default:"mass" oneof:"mass|odds" doc:"P itself, or P/(1 − P)"`
}

// NewGibbsMass makes the mass.
func NewGibbsMass(c GibbsMass, r *sgdlab.Run) (sgdlab.Theory, error) {
	if err := complete(r, want{"temperature", &c.Temperature, setting(r, "noise.temperature", "temperature")}); err != nil {
		return nil, err
	}
	if err := positive("temperature", c.Temperature); err != nil {
		return nil, err
	}
	a, b := orElse(c.From, c.Low), orElse(c.To, c.High)
	switch {
	case !(c.Low < c.High) || math.IsInf(c.Low, 0) || math.IsInf(c.High, 0):
		return nil, fmt.Errorf("low and high are %g and %g; want two numbers, the larger last", c.Low, c.High)
	case !(c.Low <= a && a < b && b <= c.High):
		return nil, fmt.Errorf("from %g to %g is no interval between %g and %g", a, b, c.Low, c.High)
	case c.Of != "mass" && c.Of != "odds":
		return nil, fmt.Errorf("of is %q; want mass or odds", c.Of)
	case c.Of == "odds" && a == c.Low && b == c.High:
		return nil, errors.New("the interval is the whole, and there are no odds; give from or to")
	}
	v, slope, err := c.landscape(r)
	if err != nil {
		return nil, err
	}
	var logs [3]float64
	ends := [...]float64{c.Low, a, b, c.High}
	for i := range logs {
		if logs[i], err = gibbs(v, slope, c.Temperature, ends[i], ends[i+1]); err != nil {
			return nil, err
		}
	}
	rest := 0.0 // of the mass outside, in units of that inside
	for _, i := range []int{0, 2} {
		rest += elementary.Exp(logs[i] - logs[1])
	}
	t := given{sgdlab.One(sgdlab.Exact, 1/(1+rest), 0, "a landscape of one coordinate, between walls", "derived-here")}
	if c.Of == "odds" {
		t.Values[0] = 1 / rest
	}
	return predict(t)
}

// given is a theory that was worked out when it was made.
type given struct{ sgdlab.Prediction }

func (g given) Predict([]float64) sgdlab.Prediction { return g.Prediction }

func (c GibbsMass) landscape(r *sgdlab.Run) (v, slope func(float64) float64, err error) {
	switch {
	case c.Loss == "" && r == nil:
		return nil, nil, errors.New("give loss")
	case c.Loss == "":
		l, err := lineOf(r)
		if err != nil {
			return nil, nil, fmt.Errorf("loss was left out and cannot be read from the run: %w", err)
		}
		return l.value, l.slope, nil
	}
	g, err := formula.Settings{Variables: []string{"x"}, Parameters: c.Parameters}.Graph(func(string, []string) string { return "" })
	if err != nil {
		return nil, nil, err
	}
	loss, err := g.Parse(c.Loss)
	if err != nil {
		return nil, nil, fmt.Errorf("loss: %w", err)
	}
	if err := g.Done(); err != nil {
		return nil, nil, err
	}
	d := g.Derivative(loss, 0)
	at := func(of formula.Ref) func(float64) float64 {
		return func(x float64) float64 { return g.Eval(of, []float64{x}) }
	}
	return at(loss), at(d), nil
}

// gibbs returns ln ∫e^(−V/T) from low to high.
func gibbs(v, slope func(float64) float64, temp, low, high float64) (float64, error) {
	if low == high {
		return math.Inf(-1), nil
	}
	const places = 4096
	cuts := []float64{low}
	least := math.Inf(1)
	last := low
	for k := 0; k <= places; k++ {
		x := low + (high-low)*(float64(k)/places)
		y := v(x)
		if math.IsNaN(y) || math.IsInf(y, -1) {
			return 0, fmt.Errorf("the landscape is %g at %g", y, x)
		}
		least = min(least, y)
		if falls := slope(last) < 0; k > 0 && falls != (slope(x) < 0) {
			c := bisect(last, x, func(x float64) bool { return (slope(x) < 0) == falls })
			least = min(least, v(c))
			cuts = append(cuts, c)
		}
		last = x
	}
	// Between cuts V is monotone: there it is cut again where e^(−V/T) has fallen by so much, and left out beyond the last.
	levels := []float64{0.1, 1, 4, 16, 64}
	cuts = append(cuts, high)
	for i, n := 1, len(cuts); i < n; i++ {
		for _, fall := range levels {
			level := least + float64(fall*temp)
			below := v(cuts[i-1]) < level
			if below != (v(cuts[i]) < level) {
				cuts = append(cuts, bisect(cuts[i-1], cuts[i], func(x float64) bool { return (v(x) < level) == below }))
			}
		}
	}
	slices.Sort(cuts)
	sum, off := 0.0, 0.0
	for i := 1; i < len(cuts); i++ {
		a, b := cuts[i-1], cuts[i]
		if a == b || v(a+(b-a)/2)-least > levels[len(levels)-1]*temp {
			continue
		}
		q, err := quadrature.Integrate(func(x float64) float64 { return elementary.Exp((least - v(x)) / temp) }, a, b, 1e-12)
		if err != nil && !errors.Is(err, quadrature.ErrTolerance) {
			return 0, fmt.Errorf("between %g and %g: %w", a, b, err)
		}
		sum, off = sum+q.Value, off+q.Error
	}
	if !(off <= 1e-9*sum) {
		return 0, fmt.Errorf("from %g to %g the integral is known to %.1g of itself only", low, high, off/sum)
	}
	return elementary.Log(sum) - least/temp, nil
}
