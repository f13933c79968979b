package observable

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/noise"
	"sgdlab/rng"
)

// AtEnd is the locator of dynamics whose steps have no inside, such as real SGD: a crossing is an end of a step beyond the
// level, and happens at that end.
type AtEnd struct{}

// Locate returns the live lanes whose value after the step is beyond the level, at fraction 1.
func (AtEnd) Locate(c *sgdlab.Crossing, _ *sgdlab.Clock, _ *lanes.Arena) (hit lanes.Mask, fraction lanes.Vec) {
	for l := range lanes.W {
		if c.Live.Has(l) && gap(c, c.F1, l) < 0 {
			hit = hit.With(l)
		}
	}
	return hit, lanes.Splat(1)
}

// gap is how far f is from the level on the near side, negative beyond it, in lane l.
func gap(c *sgdlab.Crossing, f lanes.Vec, l int) float64 {
	if c.Direction == sgdlab.FallsBelow {
		return f[l] - c.Level[l]
	}
	return c.Level[l] - f[l]
}

// ErrNoBridge says that an SDE's path between two steps is not known well enough for a bridge; AtEnd is what is left.
var ErrNoBridge = errors.New("no Brownian bridge spans a step")

// Bridge is the locator of diffusions. Given its values f₀ and f₁ at the ends of a step h, an observable is taken for a
// Brownian bridge with variance rate
//
//	q = Σ scale²‖σ(θ)ᵀ∇f(θ)‖²
//
// over the noises, at the θ before the step. With a = │b − f₀│ and c = │b − f₁│ the distances from the level b, a path
// with both ends on the near side has crossed with probability exp(−2ac/(qh)). The first passage τ of one that has crossed,
// whichever side it ended on, obeys
//
//	τ/(h − τ) ~ inverse Gaussian, of mean a/c and shape a²/(qh),
//
// since (1 + s)·X at the time hs/(1 + s) is Brownian motion with drift, and a path that came back is the mirror image of
// one that did not. It is drawn as Michael, Schucany & Haas do, from one normal and one uniform. A path that begins beyond
// the level has crossed at once.
//
// Where f bends (a TwiceDifferentiable), a and c are measured along its linear part y, with f = f₀ + y + ½κy² along the most
// likely way that noise takes: u = Σ scale²σσᵀ∇f, κ = uᵀ∇²f u/q². A level below the bottom of that parabola is not reached.
// Taken for linear, a loss that strong noise shakes about its minimum would be seen to fall below it.
//
// It is exact where f is Brownian motion with a constant drift: no step is too long. Elsewhere q, κ and the drift are frozen
// over a step, and what is left of the O(√h) bias of looking at ends only is O(h).
//
// Random numbers: the streams "bridge:NAME" and "bridge:NAME:date" of the event's name, at the step's clock.
//
// Sources: Baldi 1995; Michael, Schucany & Haas 1976.
type Bridge struct {
	of      sgdlab.Differentiable
	bends   sgdlab.TwiceDifferentiable // nil where f is taken for linear within a step
	factors []sgdlab.Transposed
	scales  []sgdlab.Setting
	width   int
	plain   bool    // f is a coordinate and every σ = I: q = Σ scale²
	far     float64 // ends further from the level than far·|f₁ − f₀| are not looked between
	meet    *rng.Stream
	date    *rng.Stream
}

// farAway is the distance, in lengths of the step, beyond which ends are not looked between where q is dear: where a noise
// depends on θ. The criterion has no memory, so that a resumed run agrees with an uninterrupted one. It misses a crossing
// only where the step came out, by chance, 32 times shorter than its distance from the level. Crossings inside a step are
// at distances of order √(qh), so that this is the chance of a normal number below 1/32 or so: a test counts 1.6 % of
// them. They are found some steps later, and an equal part of the bias that the bridge removes stays.
const farAway = 32

// NewBridge is the bridge of an event on an SDE. The error wraps ErrNoBridge where a law is not Gaussian, or a factor has no
// transpose: the caller may then use AtEnd, and should say so. Stable laws of index α < 2 jump. Bounded ones, such as ±1, have
// no path between two steps that is known.
func NewBridge(event string, of sgdlab.Differentiable, sde *sgdlab.SDE) (sgdlab.Locator, error) {
	bends, _ := of.(sgdlab.TwiceDifferentiable)
	b := &Bridge{of: of, bends: bends, far: math.Inf(1), meet: rng.New("bridge:" + event), date: rng.New("bridge:" + event + ":date")}
	for i, n := range sde.Noise {
		if a := n.Law.Index(); a != 2 {
			return nil, fmt.Errorf("%w: the law of noise[%d] has index α = %g, and its paths jump", ErrNoBridge, i, a)
		}
		if !sgdlab.IsGaussian(n.Law) {
			return nil, fmt.Errorf("%w: the law of noise[%d] (%T) is not Gaussian, and its path between two steps is not Brownian", ErrNoBridge, i, n.Law)
		}
		f, ok := n.Factor.(sgdlab.Transposed)
		if !ok {
			return nil, fmt.Errorf("%w: the factor of noise[%d] (%T) has no transpose, so that the variance of %s is not known", ErrNoBridge, i, n.Factor, of.Columns()[0].Name)
		}
		b.factors = append(b.factors, f)
		b.scales = append(b.scales, n.Scale)
		b.width = max(b.width, f.Width())
	}
	if !sde.Additive() {
		b.far = farAway
	}
	_, b.plain = of.(Coordinate)
	for _, f := range b.factors {
		_, same := f.(noise.Identity)
		b.plain = b.plain && same
	}
	return b, nil
}

// Meets returns the stream whose first uniform number at a step decides whether a path has crossed; nil where the observable
// bends, so that the ends of the step are not all that it takes.
func (b *Bridge) Meets() *rng.Stream {
	if b.bends != nil {
		return nil
	}
	return b.meet
}

// Pathless reports that θ before the step is not looked at.
func (b *Bridge) Pathless() bool { return b.plain && b.bends == nil }

// unlikely is the exponent beyond which a crossing, of probability below 5·10⁻¹⁸, is not drawn.
const unlikely = 40

// Locate returns the live lanes that crossed, and when.
func (b *Bridge) Locate(c *sgdlab.Crossing, at *sgdlab.Clock, ws *lanes.Arena) (hit lanes.Mask, fraction lanes.Vec) {
	var between lanes.Mask // both ends on the near side, and the level within reach
	var spread lanes.Vec
	if b.plain {
		spread = b.spread(c, at, ws)
	}
	for l := range lanes.W {
		before, after := gap(c, c.F0, l), gap(c, c.F1, l)
		switch {
		case b.plain && before > 0 && before*after > unlikely/2*1.01*spread[l]: // below, it would be found unlikely all the same
		case !c.Live.Has(l) || math.IsNaN(before) || math.IsNaN(after):
		case before < 0 || after < 0:
			hit = hit.With(l)
		case min(before, after) <= b.far*math.Abs(c.F1[l]-c.F0[l]) || min(before, after) == 0:
			between = between.With(l)
		}
	}
	if hit|between == 0 {
		return hit, fraction
	}
	defer ws.Release(ws.Mark())
	if !b.plain {
		spread = b.spread(c, at, ws)
	}
	var near, past, odds lanes.Vec // distances of the ends from the level
	for l := range odds {
		near[l], past[l] = gap(c, c.F0, l), math.Abs(gap(c, c.F1, l))
	}
	cross := func(most float64) {
		for l := range odds {
			if !between.Has(l) {
				continue
			}
			x := 2 * near[l] * past[l] / spread[l]
			if spread[l] > 0 && x <= most {
				odds[l] = elementary.Exp(-x)
			} else {
				between = between.Without(l)
			}
		}
	}
	if b.bends == nil {
		cross(unlikely)
	} else if cross(4 * unlikely); between != 0 { // bent, each distance may be half as long, or a little less
		kappa := b.bend(c.Before, at, ws)
		for l := range kappa {
			if between.Has(l) {
				near[l], past[l] = straighten(c, l, kappa[l])
			}
		}
		cross(unlikely)
	}
	if hit|between == 0 {
		return hit, fraction
	}
	u, z := ws.Pack(2), ws.Pack(1)
	b.meet.Uniforms(u, &at.Lanes)
	for l := range odds {
		if between.Has(l) && u[0][l] < odds[l] {
			hit = hit.With(l)
		}
	}
	if hit == 0 {
		return hit, fraction
	}
	b.date.Normals(z, &at.Lanes)
	for l := range fraction {
		if hit.Has(l) {
			fraction[l] = passage(near[l], past[l], spread[l], z[0][l], u[1][l])
		}
	}
	return hit, fraction
}

// bend is κ = uᵀ∇²f u/q², u = Σ scale²·σσᵀ∇f, q = ⟨∇f, u⟩: where noise has carried the linear part of f by y, it has most likely
// carried θ by uy/q, and f by y + ½κy². 0 where q is.
func (b *Bridge) bend(theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) (kappa lanes.Vec) {
	defer ws.Release(ws.Mark())
	grad, t, part, u := ws.Pack(len(theta)), ws.Pack(b.width), ws.Pack(len(theta)), ws.Zeroed(len(theta))
	b.of.Gradient(grad, theta, ws)
	for i, f := range b.factors {
		xi := t[:f.Width()]
		f.ApplyT(xi, theta, grad, ws)
		f.Apply(part, theta, xi, ws)
		s := b.scales[i](at)
		for l := range s {
			s[l] *= s[l]
		}
		lanes.AddScaled(u, s, part)
	}
	q := lanes.Dot(grad, u)
	b.bends.HessVec(part, theta, u, ws)
	for l, x := range lanes.Dot(u, part) {
		if q[l] > 0 {
			kappa[l] = x / q[l] / q[l]
		}
	}
	return kappa
}

// straighten returns the distances of the two ends from the level along the linear part y, where f = f₀ + y + ½κy² on the
// branch through f₀. A level that this parabola does not reach is infinitely far: a loss cannot be carried below its
// least value, however strong the noise.
func straighten(c *sgdlab.Crossing, l int, kappa float64) (near, past float64) {
	y := func(f float64) (float64, bool) {
		rise := f - c.F0[l]
		d := math.FMA(2*kappa, rise, 1)
		if d < 0 {
			return -1 / kappa, false
		}
		return 2 * rise / (1 + math.Sqrt(d)), true
	}
	level, reached := y(c.Level[l])
	if !reached {
		return math.Inf(1), math.Inf(1)
	}
	end, _ := y(c.F1[l])
	return math.Abs(level), math.Abs(level - end)
}

// spread is qh.
func (b *Bridge) spread(c *sgdlab.Crossing, at *sgdlab.Clock, ws *lanes.Arena) lanes.Vec {
	q := b.rate(c.Before, at, ws)
	for l := range q {
		q[l] *= c.Dt[l]
	}
	return q
}

// rate is q = Σ scale²‖σᵀ∇f‖².
func (b *Bridge) rate(theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) (q lanes.Vec) {
	if b.plain {
		for _, scale := range b.scales {
			for l, s := range scale(at) {
				q[l] = float64(s*s) + q[l]
			}
		}
		return q
	}
	grad, t := ws.Pack(len(theta)), ws.Pack(b.width)
	b.of.Gradient(grad, theta, ws)
	for i, f := range b.factors {
		xi := t[:f.Width()]
		mark := ws.Mark()
		f.ApplyT(xi, theta, grad, ws)
		ws.Release(mark)
		s, n := b.scales[i](at), lanes.Dot(xi, xi)
		for l := range q {
			q[l] = math.FMA(float64(s[l]*s[l]), n[l], q[l])
		}
	}
	return q
}

// passage is the fraction of a step at which a bridge that crosses does so first: it starts a before the level, ends c from
// it, and gains the variance q. The numbers are a standard normal and a uniform one.
//
// With e = qz²/(2a) the two roots of Michael, Schucany & Haas are a/(c + e + √(e(2c + e))) and (a/c)² over that.
func passage(a, c, q, z, u float64) float64 {
	switch {
	case !(a > 0):
		return 0 // it starts there
	case !(q <= math.MaxFloat64):
		return 1 // a gradient that overflowed dates nothing; the end of the step is known
	}
	e := q * z * z / (2 * a)
	s := a / (c + e + math.Sqrt(e*math.FMA(2, c, e)))
	if float64(u*math.FMA(c, s, a)) > a {
		r := a / c
		s = r * r / s
	}
	return 1 / (1 + 1/s)
}
