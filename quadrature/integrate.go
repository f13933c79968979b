package quadrature

import (
	"container/heap"
	"errors"
	"fmt"
	"math"

	"sgdlab/elementary"
)

// Integral is a value, an estimate of its absolute error, and what it cost.
type Integral struct {
	Value, Error float64
	Evaluations  int
}

// The ways in which an integral is refused; test with errors.Is.
var (
	ErrTolerance = errors.New("tolerance not reached")
	ErrInfinite  = errors.New("integrand is not finite inside the interval")
	ErrInterval  = errors.New("not an interval")
)

// Integrate returns ∫ₐᵇ f(x)dx to relative tolerance tol, by adaptive Gauss–Kronrod quadrature (10 and 21 points) in
// the double-exponential variable of Takahasi and Mori,
//
//	x = a + (b − a)/(1 + e^(−π sinh s))
//
// for a finite interval, x = a + e^(½π sinh s) for a half line and x = sinh(½π sinh s) for the line. Under it an
// integrable algebraic or logarithmic singularity at an end is smooth, and f is never called at an end. An end at
// b < a turns the sign. The tolerance is relative to ∫│f│, as cancellation allows no more.
//
// A point near an end is the end plus a distance, rounded: a singularity should lie at 0, where the distance survives.
// At an end e ≠ 0, what lies within a rounding of e is lost; the loss is counted in Error, so that a singularity there is
// refused unless it is weak, as is an integral that diverges.
//
// Errors: ErrTolerance (the Integral returned is the best that was reached), ErrInfinite, ErrInterval.
//
// Source: Takahasi & Mori 1974; nodes of QUADPACK's QK21, Piessens et al. 1983.
func Integrate(f func(float64) float64, a, b, tol float64) (Integral, error) {
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return Integral{Value: math.NaN()}, fmt.Errorf("quadrature: ends %g and %g: %w; want numbers or ±Inf", a, b, ErrInterval)
	case !(tol > 0):
		return Integral{Value: math.NaN()}, fmt.Errorf("quadrature: tolerance %g: %w; want a number > 0", tol, ErrTolerance)
	case a == b:
		return Integral{}, nil
	case a > b:
		r, err := Integrate(f, b, a, tol)
		r.Value = -r.Value
		return r, err
	case math.IsInf(a, 1) || math.IsInf(b, -1):
		return Integral{Value: math.NaN()}, fmt.Errorf("quadrature: ends %g and %g: %w", a, b, ErrInterval)
	}
	s := subject{f: f, a: a, b: b}
	// e^(½π sinh 6.7) is near the largest float64; on a finite interval the distances run down to the smallest.
	reach := 6.7
	if !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		reach = 6.1
	}
	const first = 8
	var q pieces
	for i := range first {
		lo := reach * (2*float64(i)/first - 1)
		q = append(q, s.piece(lo, lo+2*reach/first))
	}
	heap.Init(&q)
	lost := s.lost(a, 1, -reach) + s.lost(b, -1, reach)
	var best Integral
	for {
		sum, mod, err := 0.0, 0.0, lost
		for _, p := range q {
			sum += p.value
			mod += p.modulus
			err += p.err
		}
		best = Integral{sum, err, s.n}
		if s.bad {
			return best, fmt.Errorf("quadrature: f(%g) = %g: %w", s.badX, s.badF, ErrInfinite)
		}
		if err <= tol*mod {
			return best, nil
		}
		if s.n > 400_000 || q[0].err <= 1e-17*mod || lost > tol*mod {
			return best, fmt.Errorf("quadrature: error %.2g of %.6g after %d evaluations: %w %g; is the integral finite, or an end singular away from 0?", err, sum, s.n, ErrTolerance, tol)
		}
		worst := q[0]
		mid := worst.lo + (worst.hi-worst.lo)/2
		q[0] = s.piece(worst.lo, mid)
		heap.Fix(&q, 0)
		heap.Push(&q, s.piece(mid, worst.hi))
	}
}

type subject struct {
	f          func(float64) float64
	a, b       float64
	n          int
	bad        bool
	badX, badF float64
}

// at is the integrand in the double-exponential variable.
func (q *subject) at(s float64) float64 {
	u := math.Pi / 2 * elementary.Sinh(s)
	du := math.Pi / 2 * elementary.Cosh(s)
	var x, dx float64
	switch left, right := math.IsInf(q.a, 0), math.IsInf(q.b, 0); {
	case left && right:
		x, dx = elementary.Sinh(u), elementary.Cosh(u)*du
	case right:
		e := elementary.Exp(u)
		x, dx = q.a+e, e*du
	case left:
		e := elementary.Exp(-u)
		x, dx = q.b-e, e*du
	default:
		w := q.b - q.a
		e := elementary.Exp(-2 * math.Abs(u))
		small := e / (1 + e) // the share of the nearer end
		if s < 0 {
			x = q.a + float64(w*small)
		} else {
			x = q.b - float64(w*small)
		}
		dx = 2 * w * small / (1 + e) * du
	}
	if dx == 0 || math.IsInf(dx, 0) || x == q.a || x == q.b {
		return 0
	}
	q.n++
	y := q.f(x)
	v := y * dx
	if math.IsNaN(v) || math.IsInf(v, 0) {
		// Past │s│ = 4 (distances of 10⁻³⁷, or 10¹⁸ and beyond) it is f that overflows; if it mattered there, lost says so.
		if math.Abs(s) < 4 && !q.bad {
			q.bad, q.badX, q.badF = true, x, y
		}
		return 0
	}
	return v
}

// lost estimates the integral between the end e and the outermost point of the rule: about a distance times f, be it
// distance from e or, at the s where the rule stops, distance in s. inward is the direction away from a finite end.
func (q *subject) lost(e, inward, s float64) float64 {
	if math.IsInf(e, 0) || e == 0 {
		return math.Abs(q.at(s))
	}
	x := math.Nextafter(e, e+inward)
	q.n++
	if v := math.Abs(q.f(x) * (x - e)); !math.IsInf(v, 0) && !math.IsNaN(v) {
		return v
	}
	return 0
}

type piece struct{ lo, hi, value, modulus, err float64 }

func (q *subject) piece(lo, hi float64) piece {
	c, h := (lo+hi)/2, (hi-lo)/2
	var k, g, m float64
	for i, t := range kronrodNodes {
		f := q.at(c - float64(h*t))
		m += float64(kronrodWeights[i] * math.Abs(f))
		if t != 0 {
			f2 := q.at(c + float64(h*t))
			m += float64(kronrodWeights[i] * math.Abs(f2))
			f += f2
		}
		k += float64(kronrodWeights[i] * f)
		if i%2 == 1 {
			g += float64(gaussWeights[i/2] * f)
		}
	}
	// The 21 points are far better than the 10 they are compared with: the exponent is QUADPACK's.
	d, r := math.Abs(k-g)*h, m*h
	if d > 0 && r > 0 {
		d = r * math.Min(1, elementary.Pow(200*d/r, 1.5))
	}
	return piece{lo, hi, k * h, r, math.Max(d, 1e-16*r)}
}

type pieces []piece

func (p pieces) Len() int           { return len(p) }
func (p pieces) Less(i, j int) bool { return p[i].err > p[j].err }
func (p pieces) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *pieces) Push(x any)        { *p = append(*p, x.(piece)) }
func (p *pieces) Pop() any {
	old := *p
	x := old[len(old)-1]
	*p = old[:len(old)-1]
	return x
}

// The 21-point Kronrod rule on (−1, 1); every second node is of the 10-point Gauss rule.
var (
	kronrodNodes = [11]float64{
		0.995657163025808080735527280689003, 0.973906528517171720077964012084452, 0.930157491355708226001207180059508,
		0.865063366688984510732096688423493, 0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
		0.562757134668604683339000099272694, 0.433395394129247190799265943165784, 0.294392862701460198131126603103866,
		0.148874338981631210884826001129720, 0,
	}
	kronrodWeights = [11]float64{
		0.011694638867371874278064396062192, 0.032558162307964727478818972459390, 0.054755896574351996031381300244580,
		0.075039674810919952767043140916190, 0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
		0.123491976262065851077958109585166, 0.134709217311473325928054001771707, 0.142775938577060080797094273138717,
		0.147739104901338491374841515972068, 0.149445554002916905664936468389821,
	}
	gaussWeights = [5]float64{
		0.066671344308688137593568809893332, 0.149451349150580593145863396957658, 0.219086362515982043995534934228163,
		0.269266719309996355091226921569469, 0.295524224714752870173815619188769,
	}
)
