package theory

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/elementary"
)

// Kramers is the mean time for dθ = −V′(θ)dt + √(2T)dW to cross from one well to the next,
//
//	τ = 2π / √(V″(a)·│V″(b)│) · exp(ΔV/T),
//
// at leading order in T/ΔV, with its minimum at a and the barrier top at b; the time to the top is half of it. T is in units of V,
// τ in those of 1/V″: the time of the SDE, ηk of descent.
//
// From a run: a landscape of one coordinate, additive noise, a start in a well, and an event on the coordinate at a level
// in the next well or at the top, with one barrier between and no other well within reach behind. The landscape is looked at
// between the start and the level. Where there is no event, or from or over is given, well and top are instead critical points
// that the model names: from, or the minimum downhill from the start; over, or the lowest saddle that joins it to another.
//
// Source: after Kramers 1940, reviewed in Hänggi, Talkner & Borkovec 1990; compared here with the exact double integral.
type Kramers struct {
	Well        float64 `optional:"true" check:">0" doc:"V″(a), the curvature at the bottom of the well"`
	Saddle      float64 `optional:"true" check:"<0" doc:"V″(b), the curvature at the top of the barrier, negative"`
	Barrier     float64 `optional:"true" check:">0" doc:"ΔV = V(b) − V(a)"`
	Temperature float64 `optional:"true" check:">0" doc:"T of the noise √(2T)dW; below ΔV"`
	To          string  `optional:"true" oneof:"well|top" doc:"where the crossing ends: in the next well (where left out), or at the top, after half the time"`
	From        string  `optional:"true" doc:"the name of the well, among the model's critical points; that downhill from the start where left out"`
	Over        string  `optional:"true" doc:"the name of the top, among the model's critical points; the lowest that joins the well to another where left out"`
}

// NewKramers makes Kramers' law.
func NewKramers(c Kramers, r *sgdlab.Run) (sgdlab.Theory, error) {
	l, cross, err := c.complete(r)
	if err != nil {
		return nil, err
	}
	if err := finite(c.Predict(nil)); err != nil {
		return nil, err
	}
	if l == nil {
		return c, nil
	}
	third, _ := l.higher(cross.top, 0.01*math.Abs(cross.top-cross.well))
	return kramersAt{c, third}, nil
}

// complete fills what was left out and checks the regime. The landscape is looked at, and returned, where any number of
// its barrier was left out.
func (c *Kramers) complete(r *sgdlab.Run) (*line, crossing, error) {
	var l *line
	var cross crossing
	if c.From+c.Over != "" && r == nil {
		return nil, cross, errors.New("from and over name critical points of a run's model, and here is no run; leave them out")
	}
	look := math.IsNaN(c.Well) || math.IsNaN(c.Saddle) || math.IsNaN(c.Barrier)
	var seen error
	read := func(f func() float64) func() (float64, error) {
		return func() (float64, error) {
			if l == nil && seen == nil {
				l, cross, seen = c.look(r)
			}
			if seen != nil {
				return 0, seen
			}
			return f(), nil
		}
	}
	err := complete(r,
		want{"temperature", &c.Temperature, temperature(r)}, // first: how near the top a level may be depends on it
		want{"well", &c.Well, read(func() float64 { return l.curvature(cross.well) })},
		want{"saddle", &c.Saddle, read(func() float64 { return l.curvature(cross.top) })},
		want{"barrier", &c.Barrier, read(func() float64 { return l.value(cross.top) - l.value(cross.well) })},
	)
	if err != nil {
		return nil, cross, err
	}
	switch {
	case c.To == "" && look && cross.onTop:
		c.To = "top"
	case c.To == "":
		c.To = "well"
	case c.To != "well" && c.To != "top":
		return nil, cross, fmt.Errorf("to is %q; want well or top", c.To)
	case look && cross.onTop != (c.To == "top"):
		return nil, cross, fmt.Errorf("to is %s, but the run's event does not end there; leave it out", c.To)
	}
	err = errors.Join(positive("well", c.Well), negative("saddle", c.Saddle), positive("barrier", c.Barrier), positive("temperature", c.Temperature))
	if err == nil && c.Temperature >= c.Barrier {
		err = fmt.Errorf("temperature is %.6g, not below the barrier ΔV = %.6g, and Kramers' law is for T ≪ ΔV; use solve", c.Temperature, c.Barrier)
	}
	return l, cross, err
}

// look finds the crossing: by the event's level, or by the model's chart.
func (c *Kramers) look(r *sgdlab.Run) (*line, crossing, error) {
	if c.From+c.Over == "" && (r.Event != nil || !sgdlab.Is[sgdlab.Charted](r.Model)) {
		return passageOf(r, c.Temperature)
	}
	l, err := lineOf(r)
	if err != nil {
		return nil, crossing{}, err
	}
	m, err := chartOf(r)
	if err != nil {
		return nil, crossing{}, err
	}
	var well, top int
	if c.From != "" {
		well, err = m.named(c.From)
	} else {
		well, err = m.home(r)
	}
	if err == nil {
		err = m.minimum(well)
	}
	switch {
	case err != nil:
	case c.Over != "":
		top, err = m.named(c.Over)
	default:
		top, err = m.lowest(well)
	}
	if err != nil {
		return nil, crossing{}, err
	}
	return l, crossing{well: m.points[well].At[0], top: m.points[top].At[0], onTop: c.To == "top"}, nil
}

func (c Kramers) Predict([]float64) sgdlab.Prediction {
	tau := 2 * math.Pi / math.Sqrt(-c.Well*c.Saddle) * elementary.Exp(c.Barrier/c.Temperature)
	if c.To == "top" {
		tau /= 2
	}
	small := c.Temperature / c.Barrier
	return sgdlab.One(sgdlab.Leading, tau, small, fmt.Sprintf("T ≪ ΔV, here T/ΔV = %.3g; one barrier, one well", small), "kramers-1940")
}

// kramersAt knows V‴ at the top.
type kramersAt struct {
	Kramers
	third float64
}

// Predict adds to what half the time to the top neglects: a skew top changes it at order √T already, by the relative size
//
//	2│V‴(b)│√T / (3√(2π)│V″(b)│^(3/2)).
func (c kramersAt) Predict(at []float64) sgdlab.Prediction {
	p := c.Kramers.Predict(at)
	if c.To == "top" {
		p.Neglects[0] += 2 * math.Abs(c.third) * math.Sqrt(c.Temperature) / (3 * math.Sqrt(2*math.Pi) * elementary.Pow(-c.Saddle, 1.5))
	}
	return p
}

// KramersNext is Kramers' law with its next order,
//
//	τ = τ_Kramers · (1 + T(A(a) + A(b))),  A = (5/24) V‴²/│V″│³ − (1/8) V⁗/(V″│V″│),
//
// with the derivatives at the well a and at the top b. It neglects T²/ΔV² and what is beyond.
//
// It reads the same runs as theory kramers, in the same units; the time to the top only where the top is symmetric to third order.
//
// Source: after Kramers 1940; the two corrections are Laplace's, compared here with the exact double integral.
type KramersNext struct {
	Well         float64 `optional:"true" check:">0" doc:"V″(a), the curvature at the bottom of the well"`
	Saddle       float64 `optional:"true" check:"<0" doc:"V″(b), the curvature at the top of the barrier, negative"`
	Barrier      float64 `optional:"true" check:">0" doc:"ΔV = V(b) − V(a)"`
	Temperature  float64 `optional:"true" check:">0" doc:"T of the noise √(2T)dW; below ΔV"`
	To           string  `optional:"true" oneof:"well|top" doc:"where the crossing ends: in the next well (where left out), or at the top, after half the time"`
	WellThird    float64 `optional:"true" doc:"V‴(a)"`
	WellFourth   float64 `optional:"true" doc:"V⁗(a)"`
	SaddleThird  float64 `optional:"true" doc:"V‴(b)"`
	SaddleFourth float64 `optional:"true" doc:"V⁗(b)"`
	From         string  `optional:"true" doc:"the name of the well, among the model's critical points; that downhill from the start where left out"`
	Over         string  `optional:"true" doc:"the name of the top, among the model's critical points; the lowest that joins the well to another where left out"`
}

// NewKramersNext makes Kramers' law with its next order.
func NewKramersNext(c KramersNext, r *sgdlab.Run) (sgdlab.Theory, error) {
	k := c.leading()
	l, cross, err := k.complete(r)
	if err != nil {
		return nil, err
	}
	c.Well, c.Saddle, c.Barrier, c.Temperature, c.To = k.Well, k.Saddle, k.Barrier, k.Temperature, k.To
	higher := func(fourth bool, top bool) func() (float64, error) {
		return func() (float64, error) {
			if l == nil {
				var err error
				if l, cross, err = k.look(r); err != nil {
					return 0, err
				}
			}
			x := cross.well
			if top {
				x = cross.top
			}
			three, four := l.higher(x, 0.01*math.Abs(cross.top-cross.well))
			if fourth {
				return four, nil
			}
			return three, nil
		}
	}
	err = complete(r,
		want{"well-third", &c.WellThird, higher(false, false)},
		want{"well-fourth", &c.WellFourth, higher(true, false)},
		want{"saddle-third", &c.SaddleThird, higher(false, true)},
		want{"saddle-fourth", &c.SaddleFourth, higher(true, true)},
	)
	if err != nil {
		return nil, err
	}
	if c.To == "top" && math.Abs(c.SaddleThird) > 1e-6*elementary.Pow(-c.Saddle, 1.5)/math.Sqrt(c.Temperature) {
		return nil, fmt.Errorf("the top is skew, V‴ = %g: half the time to it is right to order √T only; put the level in the next well", c.SaddleThird)
	}
	if x := c.correction(); !(math.Abs(x) < 1) {
		return nil, fmt.Errorf("the next order, %g of the leading one, is no correction at T = %g; use solve", x, c.Temperature)
	}
	return predict(c)
}

func (c KramersNext) leading() Kramers {
	return Kramers{Well: c.Well, Saddle: c.Saddle, Barrier: c.Barrier, Temperature: c.Temperature, To: c.To, From: c.From, Over: c.Over}
}

// correction is T(A(a) + A(b)).
func (c KramersNext) correction() float64 {
	a := func(second, third, fourth float64) float64 {
		m := math.Abs(second)
		return 5.0/24*third*third/(m*m*m) - fourth/(8*second*m)
	}
	return c.Temperature * (a(c.Well, c.WellThird, c.WellFourth) + a(c.Saddle, c.SaddleThird, c.SaddleFourth))
}

func (c KramersNext) Predict(at []float64) sgdlab.Prediction {
	p := c.leading().Predict(at)
	p.Values[0] *= 1 + c.correction()
	p.Neglects[0] *= p.Neglects[0]
	return p
}

// EyringKramers is Kramers' law in several dimensions, over a saddle z from a minimum x,
//
//	τ = (2π/│λ₁│) √( │det ∇²V(z)│ / det ∇²V(x) ) · exp(ΔV/T),
//
// with λ₁ the one negative eigenvalue at z, for dθ = −∇V dt + √(2T)dW. A saddle that is flat along one direction y, where V
// rises like Cy⁴, has √(2πT)/∫e^(−Cy⁴/T)dy, which is of the order T^¼, in place of the root of that eigenvalue.
// T is in units of V, τ in those of 1/λ₁: time.
//
// From a run on a model whose critical points are known: all numbers that are left out. The minimum is that downhill from the
// centre of the start, or from; the saddle is over, or where it is left out the lowest that joins that minimum to another. Where
// no numbers and no saddle are given, the wells and all saddles between them are a Markov chain with the law's rates, and the time is
// its mean time until the event has happened in the well it has reached: so wells may lie in series, and passes side by side.
// The event's level is to lie between the last pass and the bottom of the well behind it. Without an event the time is that
// to leave the well over any saddle.
//
// Source: after Bovier, Eckhoff, Gayrard & Klein 2004, the quartic saddle after Berglund & Gentz 2010; reviewed in Berglund 2013.
type EyringKramers struct {
	Well        []float64 `optional:"true" check:">0" doc:"the eigenvalues of ∇²V at the minimum"`
	Saddle      []float64 `optional:"true" doc:"the eigenvalues of ∇²V at the saddle: one negative, and one 0 where quartic is given"`
	Barrier     float64   `optional:"true" check:">0" doc:"ΔV = V(z) − V(x)"`
	Temperature float64   `optional:"true" check:">0" doc:"T of the noise √(2T)dW; below ΔV"`
	Quartic     float64   `optional:"true" check:">0" doc:"C, of the term Cy⁴ along the direction whose eigenvalue in saddle is 0"`
	From        string    `optional:"true" doc:"the name of the minimum, among the model's critical points; that downhill from the start where left out"`
	Over        string    `optional:"true" doc:"the name of the saddle, among the model's critical points; the lowest that joins the minimum to another where left out"`
}

// NewEyringKramers makes the Eyring–Kramers law.
func NewEyringKramers(c EyringKramers, r *sgdlab.Run) (sgdlab.Theory, error) {
	var missing []string
	for _, f := range []struct {
		name string
		none bool
	}{{"well", c.Well == nil}, {"saddle", c.Saddle == nil}, {"barrier", math.IsNaN(c.Barrier)}} {
		if f.none {
			missing = append(missing, f.name)
		}
	}
	if r == nil && len(missing) > 0 {
		if math.IsNaN(c.Temperature) {
			missing = append(missing, "temperature")
		}
		return nil, fmt.Errorf("give %s", strings.Join(missing, ", "))
	}
	if r == nil && c.From+c.Over != "" {
		return nil, errors.New("from and over name critical points of a run's model, and here is no run; leave them out")
	}
	if err := complete(r, want{"temperature", &c.Temperature, temperature(r)}); err != nil {
		return nil, err
	}
	if err := positive("temperature", c.Temperature); err != nil {
		return nil, err
	}
	way, loose := "quadratic minimum and saddle", 0.0
	if len(missing) > 0 {
		chart, err := chartOf(r)
		if err != nil {
			return nil, fmt.Errorf("%s was left out and cannot be read from the run: %w", strings.Join(missing, ", "), err)
		}
		var from int
		if c.From != "" {
			from, err = chart.named(c.From)
		} else {
			from, err = chart.home(r)
		}
		if err == nil {
			err = chart.minimum(from)
		}
		if err != nil {
			return nil, err
		}
		if len(missing) == 3 && c.Over == "" {
			return newPassage(&network{chart: chart, temp: c.Temperature, gates: map[int]gate{}}, r, from)
		}
		if way, loose, err = c.over(chart, from); err != nil {
			return nil, err
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return predict(eyringKramers{c, way, loose})
}

// over fills what was left out from a minimum and a saddle of a chart; loose is what a quadratic saddle neglects beyond T/ΔV.
func (c *EyringKramers) over(chart *chart, from int) (way string, loose float64, err error) {
	var s int
	if c.Over != "" {
		s, err = chart.named(c.Over)
	} else {
		s, err = chart.lowest(from)
	}
	if err != nil {
		return "", 0, err
	}
	well, err := chart.modes(from)
	if err != nil {
		return "", 0, err
	}
	saddle, err := chart.modes(s)
	if err != nil {
		return "", 0, err
	}
	if c.Well == nil {
		c.Well = well.values
	}
	if c.Saddle == nil {
		c.Saddle = append([]float64(nil), saddle.values...)
		if chart.points[s].Nullity == 1 {
			c.Saddle[saddle.soft] = 0
			if math.IsNaN(c.Quartic) {
				if c.Quartic, err = chart.quartic(s); err != nil {
					return "", 0, err
				}
			}
		} else if quartic, no := chart.quartic(s); no == nil && saddle.soft > 0 {
			if loose, err = chart.flatness(s, quartic, c.Temperature); err != nil {
				return "", 0, err
			}
		}
	}
	if math.IsNaN(c.Barrier) {
		c.Barrier = chart.points[s].Value - chart.points[from].Value
	}
	return fmt.Sprintf("from %s over %s", chart.points[from].Name, chart.points[s].Name), loose, nil
}

// check refuses what is outside the regime.
func (c *EyringKramers) check() error {
	if len(c.Well) == 0 || len(c.Well) != len(c.Saddle) {
		return fmt.Errorf("well has %d eigenvalues and saddle %d; want one per dimension in each", len(c.Well), len(c.Saddle))
	}
	err := positive("barrier", c.Barrier)
	for _, x := range c.Well {
		err = errors.Join(err, positive("an eigenvalue in well", x))
	}
	down, flat := 0, 0
	for _, x := range c.Saddle {
		switch {
		case x < 0:
			down++
		case x == 0 && !math.IsNaN(c.Quartic):
			flat++
		default:
			err = errors.Join(err, positive("an eigenvalue in saddle", x))
		}
	}
	switch {
	case err != nil:
		return err
	case down != 1:
		return fmt.Errorf("saddle has %d negative eigenvalues; want one, as the way over the pass is one direction", down)
	case !math.IsNaN(c.Quartic) && flat != 1:
		return fmt.Errorf("saddle has %d zero eigenvalues; want one where quartic is given, the direction of Cy⁴", flat)
	case !math.IsNaN(c.Quartic) && !(c.Quartic > 0):
		return positive("quartic", c.Quartic)
	case c.Temperature >= c.Barrier:
		return fmt.Errorf("temperature is %.6g, not below the barrier ΔV = %.6g, and the law is for T ≪ ΔV", c.Temperature, c.Barrier)
	}
	return nil
}

// eyringKramers is the law with words about the way.
type eyringKramers struct {
	EyringKramers
	way   string
	loose float64
}

func (c eyringKramers) Predict([]float64) sgdlab.Prediction {
	var half, down float64 // half the logarithm of the ratio of determinants; λ₁
	for i := range c.Well {
		half -= elementary.Log(c.Well[i]) / 2
		if x := c.Saddle[i]; x != 0 {
			half += elementary.Log(math.Abs(x)) / 2
		}
		down = min(down, c.Saddle[i])
	}
	small := c.Temperature / c.Barrier
	tau := 2 * math.Pi / -down * elementary.Exp(half+c.Barrier/c.Temperature)
	source := "bovier-2004"
	if !math.IsNaN(c.Quartic) {
		tau /= quarticWidth(c.Quartic, c.Temperature)
		// Corrections to the gate are of the order √T.
		small, source = math.Sqrt(small), "berglund-gentz-2010"
	}
	return sgdlab.One(sgdlab.Leading, tau, small+c.loose, fmt.Sprintf("T ≪ ΔV, here T/ΔV = %.3g; %s", c.Temperature/c.Barrier, c.way), source)
}

// passage is the mean time of a network.
type passage struct{ sgdlab.Prediction }

func (p passage) Predict([]float64) sgdlab.Prediction { return p.Prediction }

func newPassage(n *network, r *sgdlab.Run, from int) (sgdlab.Theory, error) {
	tau, barrier, way, err := n.passage(r, from)
	if err != nil {
		return nil, err
	}
	if n.temp >= barrier {
		return nil, fmt.Errorf("temperature is %.6g, not below the barrier ΔV = %.6g %s, and the law is for T ≪ ΔV", n.temp, barrier, way)
	}
	small := n.temp / barrier
	loose, source := small+n.loose, "bovier-2004"
	for _, g := range n.gates {
		if g.quartic {
			loose, source = math.Sqrt(small)+n.loose, "berglund-gentz-2010"
		}
	}
	return predict(passage{sgdlab.One(sgdlab.Leading, tau, loose, fmt.Sprintf("T ≪ ΔV, here ΔV = %.6g and T/ΔV = %.3g; %s", barrier, small, way), source)})
}
