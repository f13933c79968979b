package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
)

// Kramers is the mean time for dθ = −V′(θ)dt + √(2T)dW to cross from one well to the next,
//
//	τ = 2π / √(V″(a)·│V″(b)│) · exp(ΔV/T),
//
// at leading order in T/ΔV, with its minimum at a and the barrier top at b; the time to the top is half of it.
//
// From a run: a landscape of one coordinate, additive noise, a start in a well, and an event on the coordinate at a level
// in the next well or at the top, with one barrier between and no other well within reach behind.
//
// Source: after Kramers 1940, reviewed in Hänggi, Talkner & Borkovec 1990; compared here with the exact double integral.
type Kramers struct {
	Well        float64 `optional:"true" check:">0" doc:"V″(a), the curvature at the bottom of the well"`
	Saddle      float64 `optional:"true" check:"<0" doc:"V″(b), the curvature at the top of the barrier, negative"`
	Barrier     float64 `optional:"true" check:">0" doc:"ΔV = V(b) − V(a)"`
	Temperature float64 `optional:"true" check:">0" doc:"T of the noise √(2T)dW; below ΔV"`
	To          string  `optional:"true" oneof:"well|top" doc:"where the crossing ends: in the next well (where left out), or at the top, after half the time"`
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
	look := math.IsNaN(c.Well) || math.IsNaN(c.Saddle) || math.IsNaN(c.Barrier)
	var seen error
	read := func(f func() float64) func() (float64, error) {
		return func() (float64, error) {
			if l == nil && seen == nil {
				l, cross, seen = passage(r, c.Temperature)
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

func (c Kramers) Predict([]float64) sgdlab.Prediction {
	tau := 2 * math.Pi / math.Sqrt(-c.Well*c.Saddle) * math.Exp(c.Barrier/c.Temperature)
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
		p.Neglects[0] += 2 * math.Abs(c.third) * math.Sqrt(c.Temperature) / (3 * math.Sqrt(2*math.Pi) * math.Pow(-c.Saddle, 1.5))
	}
	return p
}

// KramersNext is Kramers' law with its next order,
//
//	τ = τ_Kramers · (1 + T(A(a) + A(b))),  A = (5/24) V‴²/│V″│³ − (1/8) V⁗/(V″│V″│),
//
// with A of the well a and of the top b, where −V stands for V.
//
// It reads the same runs as Kramers; the time to the top only where the top is symmetric to third order.
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
				if l, cross, err = passage(r, c.Temperature); err != nil {
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
	if c.To == "top" && math.Abs(c.SaddleThird) > 1e-6*math.Pow(-c.Saddle, 1.5)/math.Sqrt(c.Temperature) {
		return nil, fmt.Errorf("the top is skew, V‴ = %g: half the time to it is right to order √T only; put the level in the next well", c.SaddleThird)
	}
	if x := c.correction(); !(math.Abs(x) < 1) {
		return nil, fmt.Errorf("the next order, %g of the leading one, is no correction at T = %g; use solve", x, c.Temperature)
	}
	return predict(c)
}

func (c KramersNext) leading() Kramers {
	return Kramers{Well: c.Well, Saddle: c.Saddle, Barrier: c.Barrier, Temperature: c.Temperature, To: c.To}
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
// with λ₁ the one negative eigenvalue at z, for dθ = −∇V dt + √(2T)dW.
//
// Source: after Bovier, Eckhoff, Gayrard & Klein 2004; reviewed in Berglund 2013.
type EyringKramers struct {
	Well        []float64 `check:">0" doc:"the eigenvalues of ∇²V at the minimum"`
	Saddle      []float64 `doc:"the eigenvalues of ∇²V at the saddle, one of them negative"`
	Barrier     float64   `check:">0" doc:"ΔV = V(z) − V(x)"`
	Temperature float64   `optional:"true" check:">0" doc:"T of the noise √(2T)dW; below ΔV"`
}

// NewEyringKramers makes the Eyring–Kramers law; a run gives the temperature only.
func NewEyringKramers(c EyringKramers, r *sgdlab.Run) (sgdlab.Theory, error) {
	if err := complete(r, want{"temperature", &c.Temperature, temperature(r)}); err != nil {
		return nil, err
	}
	if len(c.Well) == 0 || len(c.Well) != len(c.Saddle) {
		return nil, fmt.Errorf("well has %d eigenvalues and saddle %d; want one per dimension in each", len(c.Well), len(c.Saddle))
	}
	err := errors.Join(positive("barrier", c.Barrier), positive("temperature", c.Temperature))
	for _, x := range c.Well {
		err = errors.Join(err, positive("an eigenvalue in well", x))
	}
	down := 0
	for _, x := range c.Saddle {
		if x < 0 {
			down++
		} else {
			err = errors.Join(err, positive("an eigenvalue in saddle", x))
		}
	}
	switch {
	case err != nil:
		return nil, err
	case down != 1:
		return nil, fmt.Errorf("saddle has %d negative eigenvalues; want one, as the way over the pass is one direction", down)
	case c.Temperature >= c.Barrier:
		return nil, fmt.Errorf("temperature is %.6g, not below the barrier ΔV = %.6g, and the law is for T ≪ ΔV", c.Temperature, c.Barrier)
	}
	return predict(c)
}

func (c EyringKramers) Predict([]float64) sgdlab.Prediction {
	var half, down float64 // half the logarithm of the ratio of determinants; λ₁
	for i := range c.Well {
		half += (math.Log(math.Abs(c.Saddle[i])) - math.Log(c.Well[i])) / 2
		down = min(down, c.Saddle[i])
	}
	small := c.Temperature / c.Barrier
	tau := 2 * math.Pi / -down * math.Exp(half+c.Barrier/c.Temperature)
	return sgdlab.One(sgdlab.Leading, tau, small, fmt.Sprintf("T ≪ ΔV, here T/ΔV = %.3g; quadratic minimum and saddle", small), "bovier-2004")
}
