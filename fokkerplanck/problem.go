package fokkerplanck

import (
	"errors"
	"fmt"
	"math"
)

// Sense is the sense in which ∫√(2D)dW is meant.
type Sense int

const (
	Ito          Sense = iota // D at the start of a step: what Euler–Maruyama and SGD do
	Stratonovich              // D at the middle: Itô with drift a + ½D′
	Fick                      // D at the end (Hänggi–Klimontovich), flux −D∇ρ + aρ: Itô with drift a + D′
)

func (s Sense) String() string {
	switch s {
	case Ito:
		return "Itô"
	case Stratonovich:
		return "Stratonovich"
	case Fick:
		return "Fick"
	}
	return fmt.Sprintf("Sense(%d)", int(s))
}

// End says what happens at an end of the interval.
type End int

const (
	// Absorbing: the process is over when it gets there. At ±Inf nothing gets there, and it is read as Natural.
	Absorbing End = iota
	// Reflecting: zero flux, at a finite point.
	Reflecting
	// Natural: nothing is done there, because the process does not get there (±Inf, or a point where D vanishes), or
	// gets there and leaves again without flux.
	Natural
)

// Problem is a diffusion on an interval,
//
//	dX = a(X)dt + √(2D(X)) dW,  Lo < X < Hi,
//
// in the given sense. D must be positive inside; it may vanish or blow up at an end, and so may a.
type Problem struct {
	Drift, Diffusion func(x float64) float64 // a and D
	Sense            Sense
	Lo, Hi           float64 // ±Inf where there is no end
	LoEnd, HiEnd     End
}

// Result is a positive number with the estimate of its relative error.
type Result struct {
	Value       float64 // +Inf, or 0, where a float64 cannot hold it
	LogValue    float64 // its natural logarithm, always finite unless Value is exactly 0
	Error       float64 // relative, of exp(LogValue): two meshes compared, plus rounding
	Evaluations int     // of (a, D)
}

// Refusals; test with errors.Is. The text around them says where, what was found and what would be right.
var (
	ErrProblem          = errors.New("not a well-posed problem")
	ErrStart            = errors.New("start is outside the interval")
	ErrDiffusion        = errors.New("diffusion is not positive")
	ErrDrift            = errors.New("drift is not finite")
	ErrNoExit           = errors.New("no end to leave by")
	ErrInfiniteMean     = errors.New("mean exit time is infinite")
	ErrInfiniteVariance = errors.New("variance of the exit time is infinite")
	ErrUnreachable      = errors.New("absorbing end is never reached")
	ErrNotNormalisable  = errors.New("no stationary law")
	ErrTail             = errors.New("tail cannot be certified")
	ErrSingular         = errors.New("coefficients are singular inside the interval")
	ErrTolerance        = errors.New("tolerance not reached")
)

// check refuses what no method could answer. The start may lie on a reflecting end.
func (p *Problem) check(x0, tol float64) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("fokkerplanck: "+format, args...)
	}
	switch {
	case p.Drift == nil || p.Diffusion == nil:
		return fail("Drift or Diffusion is nil: %w; want both functions", ErrProblem)
	case p.Sense < Ito || p.Sense > Fick:
		return fail("Sense %d: %w; want Ito, Stratonovich or Fick", int(p.Sense), ErrProblem)
	case p.LoEnd < Absorbing || p.LoEnd > Natural || p.HiEnd < Absorbing || p.HiEnd > Natural:
		return fail("ends %d and %d: %w; want Absorbing, Reflecting or Natural", int(p.LoEnd), int(p.HiEnd), ErrProblem)
	case !(p.Lo < p.Hi) || math.IsInf(p.Lo, 1) || math.IsInf(p.Hi, -1):
		return fail("interval from %g to %g: %w; want Lo < Hi", p.Lo, p.Hi, ErrProblem)
	case math.IsInf(p.Lo, -1) && p.LoEnd == Reflecting || math.IsInf(p.Hi, 1) && p.HiEnd == Reflecting:
		return fail("reflecting end at infinity: %w; want a finite point, or Natural", ErrProblem)
	case !(tol > 0 && tol < 1):
		return fail("tolerance %g: %w; want a relative error between 0 and 1", tol, ErrProblem)
	}
	for _, e := range []struct {
		name string
		x    float64
		end  End
	}{{"LoEnd", p.Lo, p.LoEnd}, {"HiEnd", p.Hi, p.HiEnd}} {
		if e.end != Natural || math.IsInf(e.x, 0) {
			continue
		}
		if a, d := p.Drift(e.x), p.Diffusion(e.x); valid(a, d) {
			return fail("%s Natural at %g, where D = %g > 0 and X crosses: %w; want Absorbing or Reflecting", e.name, e.x, d, ErrProblem)
		}
	}
	atEnd := x0 == p.Lo && p.LoEnd == Reflecting || x0 == p.Hi && p.HiEnd == Reflecting
	if !(x0 > p.Lo && x0 < p.Hi) && !atEnd || math.IsInf(x0, 0) {
		return fail("start %g in (%g, %g): %w; want a point strictly between its ends", x0, p.Lo, p.Hi, ErrStart)
	}
	return nil
}

// mirror is the same problem in −x, so that every sweep may go from left to right.
func (p *Problem) mirror() *Problem {
	a, d := p.Drift, p.Diffusion
	return &Problem{
		Drift:     func(x float64) float64 { return -a(-x) },
		Diffusion: func(x float64) float64 { return d(-x) },
		Sense:     p.Sense,
		Lo:        -p.Hi, Hi: -p.Lo,
		LoEnd: p.HiEnd, HiEnd: p.LoEnd,
	}
}

func (p *Problem) absorbsLo() bool { return p.LoEnd == Absorbing && !math.IsInf(p.Lo, 0) }
func (p *Problem) absorbsHi() bool { return p.HiEnd == Absorbing && !math.IsInf(p.Hi, 0) }

// singularLo: whether the coefficients must not be evaluated at Lo, and what happens close to it has to be looked at.
func (p *Problem) singularLo() bool {
	if math.IsInf(p.Lo, 0) || p.LoEnd == Natural {
		return true
	}
	a, d := p.Drift(p.Lo), p.Diffusion(p.Lo)
	return !valid(a, d)
}

// valid: what a drift and a diffusion must be inside the interval.
func valid(a, d float64) bool { return d > 0 && !math.IsInf(d, 0) && !math.IsNaN(a-a) }

// point is the coefficients at one place: a/D, D^(c−1) and D^(−c).
type point struct{ pull, speed, scale float64 }

// coefficients evaluates (a, D), counts, and keeps the first complaint. It is the only place that knows the senses.
type coefficients struct {
	p    *Problem
	sign float64 // −1 on a mirror, so that complaints name the user's x
	n    *int
	err  *error
}

func newCoefficients(p *Problem) coefficients {
	return coefficients{p, 1, new(int), new(error)}
}

func (c coefficients) mirror() coefficients {
	c.p, c.sign = c.p.mirror(), -c.sign
	return c
}

func (c coefficients) at(x float64) point {
	*c.n++
	a, d := c.p.Drift(x), c.p.Diffusion(x)
	if !(d > 0) || math.IsInf(d, 0) {
		c.complain("fokkerplanck: D(%g) = %g: %w; want D > 0 inside the interval, or an end there (Natural, if nothing crosses it)", c.sign*x, d, ErrDiffusion)
	} else if math.IsNaN(a - a) {
		c.complain("fokkerplanck: a(%g) = %g: %w; want a number inside the interval, or an end there", c.sign*x, c.sign*a, ErrDrift)
	}
	return c.p.Sense.point(a, d)
}

func (s Sense) point(a, d float64) point {
	switch s {
	case Stratonovich:
		r := 1 / math.Sqrt(d)
		return point{a / d, r, r}
	case Fick:
		return point{a / d, 1, 1 / d}
	default:
		return point{a / d, 1 / d, 1}
	}
}

func (c coefficients) complain(format string, args ...any) {
	if *c.err == nil {
		*c.err = fmt.Errorf(format, args...)
	}
}
