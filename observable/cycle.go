package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Cycle is the cycle of a deterministic dynamics near θ, of a given length p or of the period that the replica has,
//
//	F^p(θ*) = θ*,
//
// found by Newton's method whether it attracts or not, from where on its way the replica comes nearest to itself after p steps, and its Floquet multipliers: the eigenvalues of
//
//	DF^p(θ*) = DF(θ*ₚ₋₁) ⋯ DF(θ*₀),  of gradient descent Π (I − η∇²L(θ*ᵢ)).
//
// A cycle attracts where all of them are inside the unit circle. One that leaves it at −1 doubles the period, a complex pair makes a
// torus, and at +1 cycles meet or a symmetry breaks.
//
//   - cycle-period: the least period of what was found, a divisor of p; 0 where no period was seen, and the rest is NaN;
//   - cycle-residual: max|F^p(θ*) − θ*| over max|θ|, of θ* or of where the search began; above 1e-9 Newton's method has failed, and the multipliers are NaN;
//   - multiplier, or multiplier[1], multiplier[2], …: the largest moduli, without those that are neutral;
//   - multiplier-real, multiplier-imaginary: of the first, the one of a pair with the positive imaginary part;
//   - flip-multiplier: the lowest real one, which passes −1 where the period doubles; NaN where none is real;
//   - neutral-multipliers: how many are within `neutral` of +1. Minima and cycles of a network come in families, on account of its
//     symmetries, and each direction along one has the multiplier 1;
//   - oscillation-dimension: the dimension of the space that the points θ*ᵢ − mean span: 1 at a two-cycle, 0 at a minimum;
//   - oscillation-rank, of models with an end-to-end map W: the rank of the matrices Wᵢ − mean, one above the other: how many
//     singular directions oscillate.
//
// Source: Ghosh, Kwon, Wang, Ravishankar & Qu 2025, for the ranks that oscillate in deep linear networks.
type Cycle struct {
	*follower
	CycleSettings
	push    sgdlab.Tangent
	ends    sgdlab.EndToEnd // nil where there is none
	width   int             // of the end-to-end map
	height  int
	scratch linalg.Scratch
}

// CycleSettings are those of NewCycle.
type CycleSettings struct {
	Period    int `default:"0" check:">=0" doc:"p; 0 is the period that is seen at θ after the steps of settle"`
	MaxPeriod int `default:"64" check:">=1" doc:"the longest period that is looked for"`
	Settle    int `default:"0" check:">=0" doc:"further steps before the cycle is looked for"`
	closeness
	Count   int     `default:"1" check:">=1" doc:"how many multipliers, of the largest moduli"`
	Neutral float64 `default:"1e-6" check:">=0" doc:"distance from +1 within which a multiplier counts as neutral"`
	Rank    float64 `default:"1e-6" check:">0 <1" doc:"singular value, relative to the largest, above which a direction oscillates"`
}

const (
	largestMap = 200  // dimension of the state
	converged  = 1e-9 // residual of a cycle that counts as found
)

// NewCycle builds the cycle; it needs a dynamics that is not random and knows the derivative of its step, as gd does on a
// model that multiplies by its Hessian, and a state of at most 200 numbers, d. Each iteration of Newton's method takes d·p products with
// the Hessian and a factorisation, and there are about five; the multipliers take some ten factorisations.
func NewCycle(c CycleSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	w, err := newFollower(s)
	if err != nil {
		return nil, err
	}
	push, err := w.tangent()
	if err != nil {
		return nil, err
	}
	if w.size > largestMap {
		return nil, fmt.Errorf("forms the derivative of a map of %d numbers; want at most %d: lyapunov asks for no matrix", w.size, largestMap)
	}
	c.MaxPeriod = max(c.MaxPeriod, c.Period, 1)
	if c.MaxPeriod > 4096 {
		return nil, fmt.Errorf("got a period of %d; want at most 4096", c.MaxPeriod)
	}
	if c.Count, err = count(max(c.Count, 1), w.size, "multipliers"); err != nil {
		return nil, err
	}
	o := &Cycle{follower: w, CycleSettings: c, push: push}
	if e, err := sgdlab.As[sgdlab.EndToEnd](s.Model); err == nil {
		o.ends = e
		o.height, o.width = e.EffectiveShape()
	}
	return o, nil
}

// Columns is as the type lists them.
func (o *Cycle) Columns() []sgdlab.Column {
	c := named("cycle-period", "cycle-residual")
	if o.Count == 1 {
		c = append(c, named("multiplier")...)
	} else {
		c = append(c, numbered("multiplier", o.Count)...)
	}
	c = append(c, named("multiplier-real", "multiplier-imaginary", "flip-multiplier", "neutral-multipliers", "oscillation-dimension")...)
	if o.ends != nil {
		c = append(c, named("oscillation-rank")...)
	}
	return c
}

// orbit is a cycle that is being found, in all lanes.
type orbit struct {
	period [lanes.W]int
	most   int        // the longest of them
	points lanes.Pack // θ₀, F(θ₀), … , most + 1 of them, one below the other
	gap    lanes.Pack // F^p(θ₀) − θ₀
	scale  lanes.Vec  // max|θ| where the search began
}

// Observe is dst = the columns.
func (o *Cycle) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := o.size
	start := o.begin(theta, o.Settle, at, ws)
	found := &orbit{}
	for l := range found.period {
		found.period[l] = o.Period
	}
	known := lanes.All
	if o.Period > 0 {
		o.nearest(start, at, ws)
	} else {
		found.period = o.see(start, at, ws)
		for l, p := range found.period {
			if p == 0 {
				known = known.Without(l)
			}
		}
	}
	known &= lanes.Within(start, lost)
	for l := range found.period {
		if !known.Has(l) {
			found.period[l] = 1 // any
		}
		found.most = max(found.most, found.period[l])
	}
	found.scale = lanes.MaxAbs(start)
	trial := *found
	for _, c := range []*orbit{found, &trial} {
		c.points, c.gap = ws.Pack((c.most+1)*n), ws.Pack(n)
	}
	square := lanes.ByRows(ws.Pack(n*n), n, n)
	delta := ws.Pack(n)

	lanes.Copy(found.points[:n], start)
	residual := o.along(found, at, ws)
	const iterations, halvings = 40, 12
	going := known
	for range iterations {
		for l, r := range residual {
			if !(r > 0x1p-53) {
				going = going.Without(l)
			}
		}
		if going == lanes.None {
			break
		}
		o.derivative(square, found, at, ws)
		for j := range n {
			for l := range lanes.W {
				square.At(j, j)[l]--
			}
		}
		// Directions that the map moves less than by the residual are those of the family, as far as can be told.
		var cut lanes.Vec
		for l, r := range residual {
			cut[l] = min(max(1e-9, r), 0.1)
		}
		o.scratch.Solve(delta, square, found.gap, cut)
		// Go along −δ as far as the residual falls.
		left := going
		share := 1.0
		for range halvings {
			lanes.Copy(trial.points[:n], found.points[:n])
			lanes.AddScaled(trial.points[:n], lanes.Splat(-share), delta)
			tried := o.along(&trial, at, ws)
			var better lanes.Mask
			for l, r := range tried {
				if left.Has(l) && r < residual[l] {
					better = better.With(l)
					residual[l] = r
				}
			}
			lanes.CopyLanes(found.points, trial.points, better)
			lanes.CopyLanes(found.gap, trial.gap, better)
			left &^= better
			if left == lanes.None {
				break
			}
			share /= 2
		}
		going &^= left
	}
	o.derivative(square, found, at, ws)
	re, im := ws.Pack(n), ws.Pack(n)
	o.scratch.Spectrum(re, im, square)

	dst[1] = residual
	rest := dst[2:]
	for l := range lanes.W {
		o.multipliers(rest[:o.Count+4], re, im, l)
	}
	ranks := rest[o.Count+4:]
	ranks[0] = o.span(found, o.dim, 1, func(dst, state lanes.Pack) { lanes.Copy(dst, state[:o.dim]) }, ws)
	if o.ends != nil {
		ranks[1] = o.span(found, o.width, o.height, func(dst, state lanes.Pack) { o.ends.Effective(dst, state[:o.dim], ws) }, ws)
	}
	for l, r := range residual {
		dst[0][l] = o.least(found, l)
		if known.Has(l) && r <= converged {
			continue
		}
		for i := range dst {
			dst[i][l] = math.NaN()
		}
		switch {
		case known.Has(l):
			dst[1][l] = r
		case lanes.Within(start, lost).Has(l):
			dst[0][l] = 0
		}
	}
}

// nearest moves a state along its orbit to where it comes nearest to itself after p steps, of as many steps as the longest
// period, and compared with how near it comes after a divisor of p: Newton's method then finds the cycle of that length which the
// orbit visits, also in chaos.
func (o *Cycle) nearest(start lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := o.size
	past := ws.Pack((o.Period + 1) * n) // state k at row k mod p + 1
	lanes.Copy(past[:n], start)
	best := lanes.Splat(math.Inf(1))
	for k := range o.MaxPeriod + o.Period {
		from, to := past[k%(o.Period+1)*n:][:n], past[(k+1)%(o.Period+1)*n:][:n]
		lanes.Copy(to, from)
		o.step(to, at, lanes.All)
		if k+1 < o.Period {
			continue
		}
		back := past[(k+2)%(o.Period+1)*n:][:n] // p steps before
		gap, less := apart(to, back), lanes.Splat(1)
		if o.Period > 1 {
			less = lanes.Splat(math.Inf(1))
		}
		for q := 1; q < o.Period; q++ {
			if o.Period%q == 0 {
				for l, g := range apart(past[(k+2+q)%(o.Period+1)*n:][:n], back) {
					less[l] = min(less[l], g) // a divisor's
				}
			}
		}
		var nearer lanes.Mask
		for l, g := range gap {
			if g /= less[l]; g < best[l] {
				best[l] = g
				nearer = nearer.With(l)
			}
		}
		lanes.CopyLanes(start, back, nearer)
	}
}

// see is the least period of a state, 0 where it has none up to the longest.
func (o *Cycle) see(start lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) [lanes.W]int {
	defer ws.Release(ws.Mark())
	state := ws.Pack(o.size)
	lanes.Copy(state, start)
	back := o.recurrence(state, o.MaxPeriod, ws)
	for k := 1; ; k++ {
		o.step(state, at, lanes.All)
		if back.after(k, state) {
			return back.period
		}
	}
}

// along fills points and gap from the first point, and returns the residual.
func (o *Cycle) along(c *orbit, at *sgdlab.Clock, ws *lanes.Arena) (residual lanes.Vec) {
	n := o.size
	for k := range c.most {
		next := c.points[(k+1)*n : (k+2)*n]
		lanes.Copy(next, c.points[k*n:(k+1)*n])
		o.step(next, at, lanes.All)
	}
	size := c.scale
	for j := range n {
		for l, p := range c.period {
			x := c.points[j][l]
			c.gap[j][l] = c.points[p*n+j][l] - x
			residual[l] = larger(residual[l], math.Abs(c.gap[j][l]))
			size[l] = larger(size[l], math.Abs(x))
		}
	}
	for l := range residual {
		residual[l] /= max(size[l], math.SmallestNonzeroFloat64)
	}
	return residual
}

// derivative is a = DF^p at the cycle, shape (n, n), one column after the other.
func (o *Cycle) derivative(a lanes.View, c *orbit, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := o.size
	v, next := ws.Pack(n), ws.Pack(n)
	for j := range n {
		lanes.Zero(v)
		v[j] = lanes.Splat(1)
		for k := range c.most {
			var under lanes.Mask // way
			for l, p := range c.period {
				if k < p {
					under = under.With(l)
				}
			}
			o.push(next, c.points[k*n:(k+1)*n], v, at, ws)
			lanes.CopyLanes(v, next, under)
		}
		for i := range n {
			*a.At(i, j) = v[i]
		}
	}
}

// multipliers fills one lane: the moduli, the real and the imaginary part of the first, the lowest real one, and how many are
// neutral.
func (o *Cycle) multipliers(dst, re, im lanes.Pack, l int) {
	found, neutral, flip := 0, 0, math.NaN()
	for i := range dst {
		dst[i][l] = math.NaN()
	}
	for j := range re {
		x, y := re[j][l], im[j][l]
		if y == 0 && !(x >= flip) {
			flip = x
		}
		if gap := math.FMA(x-1, x-1, float64(y*y)); gap <= o.Neutral*o.Neutral {
			neutral++
			continue
		}
		if found < o.Count {
			dst[found][l] = math.Sqrt(math.FMA(x, x, float64(y*y)))
			if found == 0 {
				dst[o.Count][l], dst[o.Count+1][l] = x, y
			}
			found++
		}
	}
	dst[o.Count+2][l], dst[o.Count+3][l] = flip, float64(neutral)
}

// span is the dimension of the space that the rows of height matrices span, less their mean over the cycle.
func (o *Cycle) span(c *orbit, width, height int, read func(dst, state lanes.Pack), ws *lanes.Arena) (rank lanes.Vec) {
	defer ws.Release(ws.Mark())
	size := width * height
	rows, mean := ws.Zeroed(c.most*size), ws.Zeroed(size)
	for k := range c.most {
		read(rows[k*size:(k+1)*size], c.points[k*o.size:(k+1)*o.size])
		for j := range size {
			for l, p := range c.period {
				if k < p {
					mean[j][l] += rows[k*size+j][l] / float64(p)
				}
			}
		}
	}
	for i := range rows {
		for l, p := range c.period {
			if i/size < p {
				rows[i][l] -= mean[i%size][l]
			} else {
				rows[i][l] = 0
			}
		}
	}
	values := ws.Pack(min(c.most*height, width))
	o.scratch.Singular(values, lanes.View{}, lanes.View{}, lanes.ByRows(rows, c.most*height, width), len(values))
	largest := lanes.MaxAbs(mean)
	for _, v := range values {
		for l, x := range v {
			if x > o.Rank*values[0][l] && x > converged*largest[l] {
				rank[l]++
			}
		}
	}
	return rank
}

// least is the least divisor of a lane's p after which the cycle is back where it began.
func (o *Cycle) least(c *orbit, l int) float64 {
	n := o.size
	for q := 1; q < c.period[l]; q++ {
		if c.period[l]%q != 0 {
			continue
		}
		gap, size := 0.0, 0.0
		for j := range n {
			gap = max(gap, math.Abs(c.points[q*n+j][l]-c.points[j][l]))
			size = max(size, math.Abs(c.points[j][l]))
		}
		if gap <= converged*size {
			return float64(q)
		}
	}
	return float64(c.period[l])
}
