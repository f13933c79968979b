package observable

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// follower repeats the step that a dynamics would take next, F, from where replicas are: the map at the rate and the time of the
// reading. What a dynamics remembers besides θ starts afresh.
type follower struct {
	stepper   sgdlab.Stepper
	dim, size int
}

func newFollower(s *sgdlab.Site) (*follower, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	if s.Stepper == nil {
		return nil, fmt.Errorf("repeats the step of a dynamics, and there is none here; observe it of an arm")
	}
	stepper, err := s.Stepper()
	if err != nil {
		return nil, err
	}
	if stepper.Random() {
		return nil, fmt.Errorf("repeats a deterministic step, and that of %s is random; use gd without noise", strings.TrimPrefix(fmt.Sprintf("%T", stepper), "*"))
	}
	return &follower{stepper: stepper, dim: m.Dim(), size: sgdlab.Size(stepper)}, nil
}

// tangent is the derivative of F.
func (w *follower) tangent() (sgdlab.Tangent, error) {
	s, ok := w.stepper.(sgdlab.Smooth)
	if !ok {
		return nil, fmt.Errorf("needs the derivative of a step, which %s does not know; use gd without noise", strings.TrimPrefix(fmt.Sprintf("%T", w.stepper), "*"))
	}
	return s.Tangent()
}

// begin returns a state at θ, in ws, after so many steps.
func (w *follower) begin(theta lanes.Pack, settle int, at *sgdlab.Clock, ws *lanes.Arena) lanes.Pack {
	state := ws.Zeroed(w.size)
	w.stepper.Init(state, theta, at, lanes.All)
	for range settle {
		w.step(state, at, lanes.All)
	}
	return state
}

func (w *follower) step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask) {
	w.stepper.Step(state, at, live, nil)
}

// lost is the max|θ| beyond which a replica counts as diverged.
const lost = 1e10

// closeness says when two states are one.
type closeness struct {
	Tolerance float64 `default:"1e-9" check:">0" doc:"largest distance from a cycle, relative to the largest coordinate, at which an orbit counts as settled on it"`
	Absolute  float64 `default:"1e-12" check:">=0" doc:"the same in units of θ, for cycles at 0"`
}

// recurrence finds the least period of a state from those that follow it: the first p after which the state is back, and if
// it is not back to rounding, as far as can be told where it will end. With d₁ and d₂ how far it moves in p steps and in p more, that is
//
//	d₁²/(d₁ − d₂)
//
// away. So a state that still settles on a cycle of p steps, by leaps to and fro that shrink slowly, is not taken for one of 2p. Where
// leaps are of a few roundings and go up and down rounding keeps them up: the state is as settled as it will ever be.
type recurrence struct {
	closeness
	most          int        // the longest period that is looked for
	first, second lanes.Pack // the state, and the one where it was first back
	gap, reach    lanes.Vec  // d₁, and the largest distance that counts as none
	size          lanes.Vec  // max|x| of the state
	seen, period  [lanes.W]int
	open          lanes.Mask // seen, and not yet decided
}

func (c closeness) recurrence(state lanes.Pack, most int, ws *lanes.Arena) *recurrence {
	r := &recurrence{closeness: c, most: most, first: ws.Pack(len(state)), second: ws.Pack(len(state))}
	lanes.Copy(r.first, state)
	for l, x := range lanes.MaxAbs(state) {
		r.reach[l], r.size[l] = max(c.Absolute, c.Tolerance*x), x
	}
	return r
}

// after looks at the state so many steps later, 1, 2, 3, …, and reports whether all is decided.
func (r *recurrence) after(k int, state lanes.Pack) bool {
	if k <= r.most {
		gap := apart(state, r.first)
		for l, g := range gap {
			if r.seen[l] > 0 || !(g <= r.reach[l]) {
				continue
			}
			r.seen[l], r.gap[l] = k, g
			if g <= 0x1p-46*r.size[l] {
				r.period[l] = k
				continue
			}
			lanes.CopyLanes(r.second, state, lanes.None.With(l))
			r.open = r.open.With(l)
		}
	}
	for l, p := range r.seen {
		if !r.open.Has(l) || k != 2*p {
			continue
		}
		r.open = r.open.Without(l)
		again := 0.0
		for j := range state {
			again = larger(again, math.Abs(state[j][l]-r.second[j][l]))
		}
		d := r.gap[l]
		shrinks := d - again
		size := r.size[l]
		nears := shrinks > 0 && float64(d*d) <= float64(r.reach[l]*shrinks)
		kept := d <= 0x1p-36*size && math.Abs(shrinks) <= 0x1p-50*size || d <= 0x1p-42*size && math.Abs(shrinks) <= d/2
		if nears || kept {
			r.period[l] = p
		}
	}
	return k >= r.most && r.open == lanes.None
}

// apart is max|x − y|.
func apart(x, y lanes.Pack) (gap lanes.Vec) {
	for j := range x {
		for l := range gap {
			gap[l] = larger(gap[l], math.Abs(x[j][l]-y[j][l]))
		}
	}
	return gap
}

// larger is the larger of two numbers, NaN where one is.
func larger(a, b float64) float64 {
	if a >= b || math.IsNaN(a) {
		return a
	}
	return b
}

// Orbit is where a deterministic dynamics goes on to from θ: with F its step at the rate and the time of the reading, and
// θ₀ what `settle` further steps lead to,
//
//	period = the least p ≤ max-period with F^p(θ₀) = θ₀,  0 where there is none or θ₀ is not within the tolerance of it yet,
//
// and what an observable f reads along the way, orbit[k] = f(F^(k−1)(θ₀)): its lowest and its highest value, their
// difference (range) and its mean over time. The last four are over n = max(values, max-period) steps, the mean over as many of them as are
// whole periods. NaN where the replica has diverged, beyond max|θ| = 1e10, or does on the way. What remembers more than θ, such
// as a velocity, starts at rest.
//
// Period 0 is a state that is still settling, one of a longer period, or chaos; `lyapunov` tells the last from the others. Near
// where a period is about to double settling takes a number of steps like one over the distance.
type Orbit struct {
	*follower
	OrbitSettings
	of     sgdlab.Observable
	column int
}

// OrbitSettings are those of NewOrbit.
type OrbitSettings struct {
	Of        sgdlab.Part[sgdlab.Observable] `default:"loss" doc:"the observable that is read along the orbit"`
	Column    string                         `optional:"true" doc:"which of its columns; the first where missing"`
	Settle    int                            `default:"0" check:">=0" doc:"further steps before the orbit is looked at"`
	Values    int                            `default:"0" check:">=0" doc:"how many values along the orbit are columns"`
	MaxPeriod int                            `default:"64" check:">=1" doc:"the longest period that is looked for"`
	closeness
	As string `default:"orbit" doc:"the word that the names of its columns begin with: two orbits of one run need two"`
}

// most is the most steps that an orbit is kept for.
const most = 100_000

// NewOrbit builds the orbit; it needs a dynamics that is not random. A reading costs settle + n steps and n readings of
// the observable.
//
// Source: for what it shows of gradient descent, Chen & Bruna 2023; Kalra, He & Barkeshli 2025.
func NewOrbit(c OrbitSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	w, err := newFollower(s)
	if err != nil {
		return nil, err
	}
	if c.As == "" || strings.ContainsAny(c.As, "[] \t,") {
		return nil, fmt.Errorf("as: got %q; want a name of columns, without blanks, commas and brackets", c.As)
	}
	o := &Orbit{follower: w, OrbitSettings: c}
	if o.of, err = ofTheta(o.Of, s); err != nil {
		return nil, err
	}
	if o.column, err = ColumnOf(o.of, c.Column); err != nil {
		return nil, fmt.Errorf("column: %w", err)
	}
	if c.MaxPeriod < 1 || c.MaxPeriod > most || c.Values > most {
		return nil, fmt.Errorf("got max-period: %d and values: %d; want 1 to %d, and at most %d", c.MaxPeriod, c.Values, most, most)
	}
	return o, nil
}

// Columns is orbit-period, orbit-low, orbit-high, orbit-range, orbit-mean and orbit[1], orbit[2], …, with the word under as.
func (o *Orbit) Columns() []sgdlab.Column {
	return append(named(o.As+"-period", o.As+"-low", o.As+"-high", o.As+"-range", o.As+"-mean"), numbered(o.As, o.Values)...)
}

// Observe is dst = the period, the lowest and the highest value, their difference, the mean, and the values.
func (o *Orbit) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	state := o.begin(theta, o.Settle, at, ws)
	n := max(o.Values, o.MaxPeriod)
	values, read := ws.Pack(n), ws.Pack(len(o.of.Columns()))
	back := o.recurrence(state, o.MaxPeriod, ws)
	here := lanes.Within(state[:o.dim], lost)
	for k, decided := 0, false; k < n || !decided; k++ {
		if k < n {
			o.of.Observe(read, state[:o.dim], at, ws)
			values[k] = read[o.column]
		}
		o.step(state, at, lanes.All)
		if k < n {
			here &= lanes.Within(state[:o.dim], lost)
		}
		decided = decided || back.after(k+1, state)
	}
	copy(dst[5:], values[:o.Values])
	for l, p := range back.period {
		if !here.Has(l) {
			for i := range dst {
				dst[i][l] = math.NaN()
			}
			continue
		}
		whole := n
		if p > 0 {
			whole = n / p * p
		}
		low, high, sum := values[0][l], values[0][l], 0.0
		for k := range values {
			x := values[k][l]
			low, high = -larger(-low, -x), larger(high, x)
			if k < whole {
				sum += x
			}
		}
		dst[0][l], dst[1][l], dst[2][l], dst[3][l], dst[4][l] = float64(p), low, high, high-low, sum/float64(whole)
	}
}

// Lyapunov is the largest Lyapunov exponent of a deterministic dynamics, per step,
//
//	λ = (1/n) Σ ln(‖vₖ₊₁‖/‖vₖ‖),  vₖ₊₁ = DF(θₖ)vₖ,  θₖ₊₁ = F(θₖ),
//
// of gradient descent DF = I − η∇²L. Two paths that start close together part like e^(λk): above 0 is chaos, below 0 a cycle
// that attracts, and ln|multiplier|/p at a cycle of period p. Where minima or cycles come in families it is 0 on all that are not
// chaotic, up to a rounding of the order of 1/n: ask for an exponent above a level such as 0.01. −∞ where the tangent is
// sent to 0; NaN where the replica diverges.
//
// v starts at pseudo-random numbers, the same for all, and turns while the orbit settles. lyapunov-se is the standard error from
// the means of as many stretches of the path as `blocks` says, which counts where they are long beside the memory of the orbit.
//
// Source: Benettin, Galgani, Giorgilli & Strelcyn 1980.
type Lyapunov struct {
	*follower
	LyapunovSettings
	push sgdlab.Tangent
}

// LyapunovSettings are those of NewLyapunov.
type LyapunovSettings struct {
	Steps  int `default:"1000" check:">=1" doc:"n, over how many steps it is taken"`
	Settle int `default:"100" check:">=0" doc:"further steps before, in which the tangent turns to where it grows"`
	Blocks int `default:"0" check:">=0" doc:"of how many stretches the standard error is taken; 0 is none"`

	Along []float64 `optional:"true" doc:"the first tangent, a number for each coordinate; pseudo-random where missing. In a subspace that tangents do not leave, the exponent is that of the subspace"`
}

// NewLyapunov builds the exponent; it needs a dynamics that is not random and knows the derivative of its step, as gd does
// on a model that multiplies by its Hessian. A reading costs as many steps and products with it as steps + settle says.
func NewLyapunov(c LyapunovSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	w, err := newFollower(s)
	if err != nil {
		return nil, err
	}
	push, err := w.tangent()
	if err != nil {
		return nil, err
	}
	if c.Blocks == 1 || 2*c.Blocks > c.Steps {
		return nil, fmt.Errorf("got blocks: %d of %d steps; want none, or at least 2 and two steps in each", c.Blocks, c.Steps)
	}
	if c.Along != nil && len(c.Along) != w.dim {
		return nil, fmt.Errorf("along: got %d numbers; want one for each of %d coordinates", len(c.Along), w.dim)
	}
	return &Lyapunov{follower: w, LyapunovSettings: c, push: push}, nil
}

// Columns is lyapunov, and lyapunov-se where blocks are asked for.
func (o *Lyapunov) Columns() []sgdlab.Column {
	if o.Blocks == 0 {
		return named("lyapunov")
	}
	return named("lyapunov", "lyapunov-se")
}

// Observe is dst = λ and its standard error.
func (o *Lyapunov) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	state := o.begin(theta, 0, at, ws)
	v, next := ws.Pack(o.size), ws.Pack(o.size)
	if o.Along == nil {
		pseudo(v)
	} else {
		lanes.Zero(v)
		lanes.Fill(v[:o.dim], o.Along)
	}
	normalise(v)
	here := lanes.Within(state[:o.dim], lost)
	means := ws.Zeroed(max(o.Blocks, 1))
	block := func(i int) int { return i * o.Steps / len(means) } // where it begins
	for k, i := -o.Settle, 0; k < o.Steps; k++ {
		o.push(next, state, v, at, ws)
		o.step(state, at, lanes.All)
		here &= lanes.Within(state[:o.dim], lost)
		norm := normalise(next)
		kept := lanes.All
		for l, x := range norm {
			if x == 0 { // go on with the old direction
				kept = kept.Without(l)
			}
		}
		lanes.CopyLanes(v, next, kept)
		if k < 0 {
			continue
		}
		if k == block(i+1) {
			i++
		}
		for l, x := range norm {
			means[i][l] += elementary.Log(x) / float64(block(i+1)-block(i))
		}
	}
	n := float64(len(means))
	for l := range lanes.W {
		sum, squares := 0.0, 0.0
		for i := range means {
			sum = math.FMA(means[i][l], float64(block(i+1)-block(i)), sum)
		}
		dst[0][l] = sum / float64(o.Steps)
		if o.Blocks > 0 {
			for i := range means {
				gap := means[i][l] - dst[0][l]
				squares = math.FMA(gap, gap, squares)
			}
			dst[1][l] = math.Sqrt(squares / (n * (n - 1)))
		}
		if !here.Has(l) {
			for i := range dst {
				dst[i][l] = math.NaN()
			}
		}
	}
}

// pseudo fills v with fixed pseudo-random numbers in (−1, 1), the same in every lane: no symmetry of a model makes them special.
func pseudo(v lanes.Pack) {
	x := uint64(0x9e3779b97f4a7c15)
	for j := range v {
		x = x*6364136223846793005 + 1442695040888963407
		v[j] = lanes.Splat(float64(int64(x)>>11) * 0x1p-52)
	}
}

// normalise makes v a unit vector in each lane, unless it is 0, and returns what its norm was.
func normalise(v lanes.Pack) lanes.Vec {
	norm := root(lanes.Dot(v, v))
	var inverse lanes.Vec
	for l, x := range norm {
		inverse[l] = 1 / x
		if x == 0 {
			inverse[l] = 0
		}
	}
	lanes.ScaleLanes(v, inverse)
	return norm
}
