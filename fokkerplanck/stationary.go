package fokkerplanck

import (
	"fmt"
	"math"

	"sgdlab/elementary"
)

// Stationary is the law ρ ∝ e^(−Ψ)D^(c−1) to which X relaxes between reflecting and natural ends: e^(∫a/D) over D, √D
// and 1 in the senses of Itô, Stratonovich and Fick.
type Stationary struct {
	LogDensity     float64   // ln ρ at the reference point, ρ normalised to 1
	Mean, Variance float64   // Variance is 0 below order 2
	Central        []float64 // ⟨(x − Mean)ᵏ⟩, k = 0 … order
	Error          float64   // largest relative error: of ρ, of Mean in standard deviations, of Central[k] as a share of ⟨│x − Mean│ᵏ⟩
	Evaluations    int       // of (a, D)
}

// StationaryMoments returns the stationary law's density at the reference point ref, which should be in the bulk, and its
// moments up to the given order ≥ 0.
//
// Errors: ErrNotNormalisable (there is an absorbing end, or no stationary law, or the moment of that order is infinite),
// and those of MeanExitTime.
func (p *Problem) StationaryMoments(ref float64, order int, tol float64) (Stationary, error) {
	if err := p.check(ref, tol); err != nil {
		return Stationary{}, err
	}
	if order < 0 {
		return Stationary{}, fmt.Errorf("fokkerplanck: moment of order %d: %w; want 0 or more", order, ErrProblem)
	}
	if p.absorbsLo() || p.absorbsHi() {
		return Stationary{}, fmt.Errorf("fokkerplanck: (%g, %g): %w: an end absorbs; want both Reflecting or Natural", p.Lo, p.Hi, ErrNotNormalisable)
	}
	c := newCoefficients(p)
	var wings [2]wing
	for i, c := range []coefficients{c, c.mirror()} {
		var err error
		if wings[i], err = c.wing(c.sign*ref, order); err != nil {
			return Stationary{}, err
		}
	}
	law := func() (Stationary, []float64, float64) {
		growth := 0.0
		for i := range wings {
			growth += wings[i].sweep()
		}
		if *c.err != nil {
			return Stationary{}, nil, 0
		}
		s, abs := moments(ref, order, p.Sense.point(p.Drift(ref), p.Diffusion(ref)).speed, wings)
		return s, abs, growth
	}
	coarse, _, _ := law()
	var fine Stationary
	for range 3 {
		for i := range wings {
			wings[i].mesh = halved(spans(wings[i].y, same))
		}
		var abs []float64
		var growth float64
		fine, abs, growth = law()
		if *c.err != nil {
			return Stationary{}, *c.err
		}
		fine.Evaluations = *c.n
		worst := math.Abs(fine.LogDensity - coarse.LogDensity)
		if order >= 2 {
			worst = math.Max(worst, math.Abs(fine.Mean-coarse.Mean)/math.Sqrt(fine.Variance))
		}
		for k, a := range abs {
			if a > 0 {
				worst = math.Max(worst, math.Abs(fine.Central[k]-coarse.Central[k])/a)
			}
		}
		fine.Error = worst + rounding(growth)
		if fine.Error <= tol {
			return fine, nil
		}
		coarse = fine
	}
	return fine, fmt.Errorf("fokkerplanck: stationary law with relative error %.2g: %w %g; want a larger tolerance, or smoother coefficients", fine.Error, ErrTolerance, tol)
}

// wing is what lies below the reference point, swept outwards; in −x.
type wing struct {
	c    coefficients
	mesh []span
	y    []panel // e^(−Ψ), 1 at the reference point
}

func (c coefficients) wing(ref float64, order int) (w wing, err error) {
	p := c.p
	lo, scale := p.Lo, p.distance(ref)
	if p.singularLo() && ref > p.Lo {
		v := c.lowTail(ref, scale, p.Sense.moment(0), p.Sense.moment(order))
		switch {
		case v.diverges == 0:
			return w, fmt.Errorf("fokkerplanck: towards %g: %w: the density is not integrable there; want confinement, or a reflecting end", c.sign*p.Lo, ErrNotNormalisable)
		case v.diverges == 1:
			return w, fmt.Errorf("fokkerplanck: towards %g: %w of finite moment %d: the tail is too heavy; want a lower order", c.sign*p.Lo, ErrNotNormalisable, order)
		case v.unsure:
			return w, c.unsure(ref)
		}
		lo = v.cut
	}
	return wing{c: c.mirror(), mesh: reversed(p.mesh(lo, ref, scale, 0))}, nil
}

// sweep solves y′ = −Ψ′y and returns the growth.
func (w *wing) sweep() float64 {
	eq := equation{at: func(x float64, _ int, _ float64) terms {
		q := w.c.at(x)
		return terms{g: q.pull, linear: q.speed}
	}}
	t := eq.sweep(w.mesh, exactly(1, 0), w.c)
	w.y = t.panels
	return t.growth
}

// moments sums over the nodes of both wings; abs are the absolute central moments. speed is D^(c−1) at ref.
func moments(ref float64, order int, speed float64, wings [2]wing) (s Stationary, abs []float64) {
	top := math.MinInt
	for _, w := range wings {
		for _, y := range w.y {
			top = max(top, y.e)
		}
	}
	// each visits every node of both wings with its distance from ref and its mass, in units of 2^top.
	each := func(f func(d, mass float64)) {
		for _, w := range wings {
			for i := range w.y {
				y := &w.y[i]
				h := y.hi - y.lo
				for j, c := range rule.Nodes {
					x := y.lo + float64(h*c)
					f(w.c.sign*x-ref, ldexp(h*rule.Weights[j]*y.y[j+1]*w.c.at(x).speed, y.e-top))
				}
			}
		}
	}
	var z, first float64
	each(func(d, mass float64) { z += mass; first += float64(d * mass) })
	first /= z
	s.LogDensity = elementary.Log(speed) - (elementary.Log(z) + float64(float64(top)*math.Ln2))
	s.Mean = ref + first
	s.Central = make([]float64, order+1)
	abs = make([]float64, order+1)
	each(func(d, mass float64) {
		power := mass / z
		for k := range s.Central {
			s.Central[k] += power
			abs[k] += math.Abs(power)
			power *= d - first
		}
	})
	if order >= 2 {
		s.Variance = s.Central[2]
	}
	return s, abs
}
