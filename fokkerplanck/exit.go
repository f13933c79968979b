package fokkerplanck

import (
	"fmt"
	"math"
)

// MeanExitTime returns E τ, the mean time at which X, started at x0, first leaves (Lo, Hi) through an absorbing end, to
// relative error tol (1e-10 is reached in all but extreme cases). The start may be a reflecting end.
//
// Errors: ErrProblem, ErrStart, ErrNoExit, ErrInfiniteMean (nothing brings X back from a natural end, or too slowly),
// ErrUnreachable, ErrDiffusion, ErrDrift, ErrSingular, ErrTail, and ErrTolerance, with which the Result is what was reached.
func (p *Problem) MeanExitTime(x0, tol float64) (Result, error) {
	mean, _, err := p.exit(x0, tol, false)
	return mean, err
}

// ExitTimeMoments returns the mean and the variance of the exit time; Var τ/(E τ)² is 1 for an exponential law, and
// √(Var τ/n) the standard error of a mean over n replicas. The variance is an integral of positive terms,
//
//	A Var τ = −2D(u′)²,  u = E τ,  A the generator,
//
// and no difference of moments: it keeps its digits where the noise is small. Errors as in MeanExitTime, and
// ErrInfiniteVariance, with which the mean is valid.
func (p *Problem) ExitTimeMoments(x0, tol float64) (mean, variance Result, err error) {
	return p.exit(x0, tol, true)
}

// SplittingProbability returns the committor, the probability that X, started at x0, gets to Hi before Lo. An end that
// is Natural counts as got to if X converges to it, as geometric Brownian motion does to 0 when its logarithm drifts
// down. With nothing to get to on one side it is 0 or 1. Errors as in MeanExitTime; ErrNoExit if there is nothing on
// either side.
func (p *Problem) SplittingProbability(x0, tol float64) (Result, error) {
	if err := p.check(x0, tol); err != nil {
		return Result{}, err
	}
	c := newCoefficients(p)
	var sides [2]side
	var open [2]bool
	for i, c := range []coefficients{c, c.mirror()} {
		if c.p.LoEnd == Reflecting {
			continue
		}
		var err error
		if sides[i], open[i], err = c.side(c.sign*x0, p.distance(x0)); err != nil {
			return Result{}, err
		}
	}
	switch {
	case !open[0] && !open[1]:
		return Result{}, fmt.Errorf("fokkerplanck: (%g, %g): %w; want an absorbing end, or one to which X converges", p.Lo, p.Hi, ErrNoExit)
	case !open[0]:
		return Result{Value: 1, Evaluations: *c.n}, nil
	case !open[1]:
		return Result{Value: 0, LogValue: math.Inf(-1), Evaluations: *c.n}, nil
	}
	r, err := refine(tol, c, func() []answer {
		l, r := sides[0].away(), sides[1].away()
		if *c.err != nil {
			return nil
		}
		return []answer{{l.end.over(l.end.plus(r.end)), l.growth + r.growth}}
	}, func() { sides[0].halve(); sides[1].halve() })
	if len(r) == 0 {
		return Result{}, err
	}
	return r[0], err
}

// distance is a length of the problem: from x0 to a finite end, the nearer one.
func (p *Problem) distance(x0 float64) float64 {
	d := math.Inf(1)
	for _, e := range []float64{p.Lo, p.Hi} {
		if e != x0 {
			d = math.Min(d, math.Abs(x0-e))
		}
	}
	if math.IsInf(d, 0) {
		return 1
	}
	return d
}

func (p *Problem) exit(x0, tol float64, second bool) (mean, variance Result, err error) {
	if err := p.check(x0, tol); err != nil {
		return mean, variance, err
	}
	c := newCoefficients(p)
	lo, hi := p.absorbsLo(), p.absorbsHi()
	if !lo && !hi {
		return mean, variance, fmt.Errorf("fokkerplanck: (%g, %g): %w; want LoEnd or HiEnd Absorbing at a finite point", p.Lo, p.Hi, ErrNoExit)
	}
	if lo && hi {
		s, err := c.twoSided(x0)
		if err != nil {
			return mean, variance, err
		}
		return both(refine(tol, c, func() []answer { return s.solve(second) }, s.halve))
	}
	if lo {
		c = c.mirror()
	}
	s, finite, err := c.oneSided(c.sign*x0, second)
	if err != nil {
		return mean, variance, err
	}
	mean, variance, err = both(refine(tol, c, func() []answer { return s.solve(finite) }, s.halve))
	if err == nil && second && !finite {
		variance = Result{Value: math.Inf(1), LogValue: math.Inf(1), Evaluations: mean.Evaluations}
		err = fmt.Errorf("fokkerplanck: start %g: %w: the tail of the stationary law is too heavy; the mean, %.10g, is finite", x0, ErrInfiniteVariance, mean.Value)
	}
	return mean, variance, err
}

// both names the results: a mean and, where it was asked for, a variance.
func both(r []Result, err error) (mean, variance Result, _ error) {
	if len(r) > 0 {
		mean = r[0]
	}
	if len(r) > 1 {
		variance = r[1]
	}
	return mean, variance, err
}

// answer is a number and the ∫│g│ through which it was carried.
type answer struct {
	amount
	growth float64
}

// refine solves on a resolved mesh and on its halves, and compares; up to three times.
func refine(tol float64, c coefficients, solve func() []answer, halve func()) ([]Result, error) {
	coarse := solve()
	if *c.err != nil {
		return nil, *c.err
	}
	var results []Result
	for range 3 {
		halve()
		fine := solve()
		if *c.err != nil {
			return results, *c.err
		}
		results = results[:0]
		worst := 0.0
		for i, f := range fine {
			r := Result{Value: f.value(), LogValue: f.log(), Evaluations: *c.n}
			r.Error = math.Abs(coarse[i].minus(f.amount).over(f.amount).value()) + rounding(f.growth)
			worst = math.Max(worst, r.Error)
			results = append(results, r)
		}
		if worst <= tol {
			return results, nil
		}
		coarse = fine
	}
	last := results[0]
	for _, r := range results {
		if r.Error > last.Error || math.IsNaN(r.Error) {
			last = r
		}
	}
	return results, fmt.Errorf("fokkerplanck: exp(%.12g) with relative error %.2g: %w %g; want a larger tolerance, or smoother coefficients", last.LogValue, last.Error, ErrTolerance, tol)
}

// rounding is what two meshes cannot show: ε∫│g│, as e^∫g carries the rounding of g, and the 2e−13 that a jump of the
// coefficients, or coefficients that are themselves rounded, leave in a panel that counts as resolved.
func rounding(growth float64) float64 {
	const eps = 0x1p-52
	return eps * (1000 + growth)
}

// side is what lies between an absorbing or attracting Lo and a point on its right, the top of its mesh. The parents of
// its spans are 1 or 0: whether they count in a mean (see outward).
type side struct {
	c    coefficients
	mesh []span
	l    []panel // the latest L
	seen []span  // the finest mesh on which anything was solved
}

// side prepares one up to x0. open is false if X never gets to Lo.
func (c coefficients) side(x0, scale float64, more ...density) (s side, open bool, err error) {
	p := c.p
	s.c = c
	lo := p.Lo
	if p.singularLo() {
		v := c.lowTail(x0, scale, append([]density{p.Sense.scale()}, more...)...)
		switch {
		case v.diverges == 0:
			return s, false, nil
		case v.diverges > 0:
			return s, true, fmt.Errorf("fokkerplanck: start %g, end %g: %w: X converges to the end without getting there", c.sign*x0, c.sign*p.Lo, ErrInfiniteMean)
		case v.unsure:
			return s, true, c.unsure(x0)
		}
		lo = v.cut
	}
	s.mesh = p.mesh(lo, x0, scale, 0)
	return s, true, nil
}

func (c coefficients) unsure(x0 float64) error {
	if *c.err != nil {
		return *c.err
	}
	return fmt.Errorf("fokkerplanck: from %g towards %g: %w: neither a decay to e^−%d nor a divergence was seen as far as the coefficients are finite; want an end (Reflecting or Absorbing) on that side, or, if the end is not 0, x shifted so that it is", c.sign*x0, c.sign*c.p.Lo, ErrTail, depth)
}

// equation is that of L = e^(−Ψ)∫s′ from Lo, with the integral ∫D^(c−1)L.
func (s *side) equation() *equation {
	return &equation{at: func(x float64, _ int, _ float64) terms {
		q := s.c.at(x)
		return terms{g: q.pull, r: q.scale, linear: q.speed}
	}}
}

// away sweeps L from Lo to the top.
func (s *side) away() track {
	t := s.equation().sweep(s.mesh, amount{}, s.c)
	s.l = t.panels
	s.seen = spans(t.panels, same)
	return t
}

// outward sweeps y = D^c│u′│ from the top down to Lo, with u the mean exit time and y given at the top. Beside it are
// the integrals of D^(−c)y over what counts, u at the place from which it counts, and of 2LD^(−c)y², the share of this
// side in the variance. Its mesh refines that of away, whose L it interpolates.
func (s *side) outward(y0 amount) track {
	m := s.c.mirror()
	eq := equation{
		signed: y0.m < 0,
		at: func(x float64, parent int, t float64) terms {
			q := m.at(x)
			return terms{-q.pull, q.speed, float64(s.l[parent].parent) * q.scale, 2 * q.scale * s.l[parent].at(1-t)}
		},
		shifts: func(parent int) (re, we int) { return 0, s.l[parent].e },
	}
	t := eq.sweep(reversed(whole(s.l)), y0, m)
	s.seen = reversed(spans(t.panels, s.counts))
	return t
}

func (s *side) counts(parent int) int { return s.l[parent].parent }

func (s *side) halve() { s.mesh = halved(s.seen) }

// spread sweeps the same for the variance, whose source is 2D^(−c)y² in place of D^(c−1), over the panels of y.
// counts says of the parent of a panel whether it counts in the integral.
func (c coefficients) spread(y []panel, y0 amount, counts func(int) int) track {
	eq := equation{
		signed: y0.m < 0,
		at: func(x float64, parent int, t float64) terms {
			q, v := c.at(x), y[parent].at(t)
			return terms{g: -q.pull, r: 2 * q.scale * v * v, linear: float64(counts(y[parent].parent)) * q.scale}
		},
		shifts: func(parent int) (re, we int) { return 2 * y[parent].e, 0 },
	}
	return eq.sweep(whole(y), y0, c)
}

// twoSided is the exit through either end. Its sides meet at a pivot where u is largest, so that nothing is swept
// against a drift that carries X away; the start is in the second side, which is a mirror image if need be.
type twoSided struct{ far, near side }

func (c coefficients) twoSided(x0 float64) (*twoSided, error) {
	sides := []coefficients{c, c.mirror()}
	var s [2]side
	for i, c := range sides {
		var open bool
		var err error
		s[i], open, err = c.side(c.sign*x0, c.p.distance(c.sign*x0), green())
		if err == nil && !open {
			err = fmt.Errorf("fokkerplanck: end %g: %w, since D vanishes there too fast; want it Natural", c.sign*c.p.Lo, ErrUnreachable)
		}
		if err != nil {
			return nil, err
		}
	}
	pivot := meet(&s[0], &s[1])
	if *c.err != nil {
		return nil, *c.err
	}
	if x0 < pivot {
		s[0], s[1] = s[1], s[0]
	}
	near := &s[1]
	near.mesh = count(near.mesh, near.c.sign*x0)
	return &twoSided{s[0], s[1]}, nil
}

// count marks what lies between Lo and x as counting.
func count(mesh []span, x float64) []span {
	var out []span
	for _, s := range mesh {
		below, above := s, s
		below.hi, above.lo = math.Min(s.hi, x), math.Max(s.lo, x)
		below.parent = 1
		if below.lo < below.hi {
			out = append(out, below)
		}
		if above.lo < above.hi {
			out = append(out, above)
		}
	}
	return out
}

// meet sweeps L and R towards each other, always that whose integral is behind, until they meet, and leaves the two
// meshes ending there. It is where ∫D^(c−1)L = ∫D^(c−1)R, that is u′ = 0.
func meet(l, r *side) (pivot float64) {
	todo := append(append([]span{}, l.mesh...), reversed(r.mesh)...)
	mirrored := func(s span) span { return span{-s.hi, -s.lo, 0, 0, 1} }
	var lt, rt track
	le, re := l.equation(), r.equation()
	var ls, rs stage
	behind := func() bool { return lt.linear.minus(rt.linear).m <= 0 }
	for *l.c.err == nil {
		s := todo[0]
		if len(todo) > 1 && !behind() {
			s = todo[len(todo)-1]
		}
		var ok bool
		switch {
		case len(todo) == 1:
			ok = ls.solve(le, s, &lt) && rs.solve(re, mirrored(s), &rt)
		case behind():
			ok = ls.solve(le, s, &lt)
		default:
			ok = rs.solve(re, mirrored(s), &rt)
		}
		if *l.c.err != nil {
			break
		}
		switch {
		case !ok && !l.c.accept(s):
			left, right := s.split()
			if len(todo) == 1 || behind() {
				todo = append([]span{left, right}, todo[1:]...)
			} else {
				todo = append(todo[:len(todo)-1], left, right)
			}
		case len(todo) > 1 && behind():
			lt.append(&ls, s, l.c)
			todo = todo[1:]
		case len(todo) > 1:
			rt.append(&rs, mirrored(s), r.c)
			todo = todo[:len(todo)-1]
		default:
			lo, hi := s.lo, s.hi
			for range 60 {
				x := lo + (hi-lo)/2
				if x <= lo || x >= hi {
					break
				}
				ls.solve(le, span{s.lo, x, 0, 0, 1}, &lt)
				rs.solve(re, span{-s.hi, -x, 0, 0, 1}, &rt)
				if lt.linear.plus(ls.linear).minus(rt.linear.plus(rs.linear)).m <= 0 {
					lo = x
				} else {
					hi = x
				}
			}
			l.mesh, r.mesh = spans(lt.panels, same), append(spans(rt.panels, same), span{-s.hi, -lo, 0, 0, 1})
			if s.lo < lo {
				l.mesh = append(l.mesh, span{s.lo, lo, 0, 0, 1})
			}
			return lo
		}
	}
	return 0
}

func (s *twoSided) solve(second bool) []answer {
	l, r := s.far.away(), s.near.away()
	if *s.far.c.err != nil {
		return nil
	}
	total := l.end.plus(r.end)
	slope := l.linear.minus(r.linear).over(total) // −D^c·u′ at the pivot, towards the near side
	y := s.near.outward(slope)
	growth := l.growth + r.growth + y.growth
	out := []answer{{y.linear, growth}}
	if second && *s.far.c.err == nil {
		z := s.far.outward(amount{-slope.m, slope.e})
		if *s.far.c.err != nil {
			return nil
		}
		m := s.near.c.mirror()
		v := m.spread(y.panels, z.square.minus(y.square).over(total), s.near.counts)
		s.near.seen = reversed(spans(v.panels, func(i int) int { return s.near.counts(y.panels[i].parent) }))
		out = append(out, answer{v.linear, growth + z.growth + v.growth})
	}
	return out
}

func (s *twoSided) halve() { s.far.halve(); s.near.halve() }

// oneSided is the exit through Hi, with nothing to leave by at Lo. The parents of its spans are 0 below the start and 1
// above.
type oneSided struct {
	c    coefficients
	mesh []span
	seen []span
}

// oneSided prepares the exit through Hi. finite reports whether the variance exists, if asked.
func (c coefficients) oneSided(x0 float64, second bool) (s oneSided, finite bool, err error) {
	p := c.p
	s.c = c
	lo, hi := p.Lo, p.Hi
	scale := p.distance(x0)
	finite = second
	if p.LoEnd != Reflecting {
		densities := []density{p.Sense.speed()}
		if second {
			densities = append(densities, p.Sense.second())
		}
		v := c.lowTail(x0, scale, densities...)
		if v.diverges == 1 {
			finite = false
			v = c.lowTail(x0, scale, densities[0])
		}
		switch {
		case v.diverges == 0:
			return s, false, fmt.Errorf("fokkerplanck: start %g, exit through %g: %w: towards %g the stationary density is not integrable, X may never come back; want confinement there, or an end (Reflecting or Absorbing)", c.sign*x0, c.sign*hi, ErrInfiniteMean, c.sign*lo)
		case v.unsure:
			return s, false, c.unsure(x0)
		}
		lo = v.cut
	}
	right := c.mirror()
	if right.p.singularLo() {
		v := right.lowTail(-x0, scale, p.Sense.scale(), green())
		switch {
		case v.diverges >= 0:
			return s, false, fmt.Errorf("fokkerplanck: end %g: %w, or not in finite mean time, since D vanishes there too fast; want it Natural", c.sign*hi, ErrUnreachable)
		case v.unsure:
			return s, false, right.unsure(-x0)
		}
		hi = -v.cut
	}
	s.mesh = append(p.mesh(lo, x0, scale, 0), reversed(right.p.mesh(-hi, -x0, scale, 1))...)
	return s, finite, nil
}

func (s *oneSided) solve(second bool) []answer {
	eq := equation{at: func(x float64, above int, _ float64) terms {
		q := s.c.at(x)
		return terms{g: -q.pull, r: q.speed, linear: float64(above) * q.scale}
	}}
	t := eq.sweep(s.mesh, amount{}, s.c)
	s.seen = spans(t.panels, same)
	out := []answer{{t.linear, t.growth}}
	if second && *s.c.err == nil {
		v := s.c.spread(t.panels, amount{}, same)
		s.seen = spans(v.panels, func(i int) int { return t.panels[i].parent })
		out = append(out, answer{v.linear, t.growth + v.growth})
	}
	return out
}

func (s *oneSided) halve() { s.mesh = halved(s.seen) }
