package scheme

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// Flow is the flow of a drift,
//
//	dθ = a(θ)dt,  a = −∇L where nothing else is said,
//
// by the embedded Runge–Kutta pair of Dormand and Prince, of orders 5 and 4, with substeps that a PI controller chooses in
// each replica by itself, so that the estimated error of each coordinate in each substep is below
//
//	absolute + tolerance·max|θⱼ|.
//
// It is looked at every h, whatever the number of substeps. Inside, the path is known to fourth order: an event is found
// and dated there.
//
// Its state is θ; slope, a(θ), which the last substep found; substep, the length that is proposed next; and error, that of
// the last substep, which the controller remembers.
//
// A replica that takes more than the given number of substeps in a time h, whose substeps fall below 2⁻⁵⁰h, or whose drift
// is not finite there, gets θ = NaN, and counts as diverged: a stiff flow ends, and does not hang.
//
// Sources: Dormand & Prince 1980; Hairer, Nørsett & Wanner 1993, §II.4–II.6.
type Flow struct {
	Of       sgdlab.Drift
	Unit     sgdlab.Setting // the time that a spec counts as one step
	Length   sgdlab.Setting // h
	Relative float64
	Absolute float64
	Most     int // substeps in one call

	ws     lanes.Arena
	keep   bool
	pieces []piece // those of the last step are the first n
	nodes  []lanes.Vec
}

// piece is one substep, in the lanes where it was taken: θ at a part s of it is c₀ + s(c₁ + (1−s)(c₂ + s(c₃ + (1−s)c₄))).
type piece struct {
	from, to lanes.Vec // fractions of the step; equal where the lane did not take it
	c        [5]lanes.Pack
}

// FlowSettings are those of `flow`.
type FlowSettings struct {
	Rate      sgdlab.Setting            `spec:"rate,lr,eta,learning-rate" optional:"true" check:">0" doc:"η of the descent whose flow this is: the time that counts as one step; h where missing"`
	Step      sgdlab.Setting            `spec:"step,dt" optional:"true" check:">0" doc:"h, the time between two looks at the flow, in units of time ηk; the rate where missing"`
	Drift     sgdlab.Part[sgdlab.Drift] `default:"downhill" doc:"a(θ) of a(θ)dt"`
	Tolerance float64                   `default:"1e-8" check:">0" doc:"the error of each coordinate that a substep may make, relative to the coordinate"`
	Absolute  float64                   `default:"1e-12" check:">0" doc:"the error that it may make beyond that, in units of θ"`
	Substeps  int                       `default:"10000" check:">=1" doc:"the most substeps in a time h; a replica that needs more counts as diverged"`
}

const leastTolerance = 1e-14 // below, rounding is the error

// NewFlow is deterministic. A substep costs six drifts, each a gradient over all rows where the drift is −∇L. θ and its
// slope have the shape (d); h and time are in units of ηk.
func NewFlow(c FlowSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("a flow needs a model, and there is none")
	}
	if c.Tolerance < leastTolerance {
		return nil, fmt.Errorf("got tolerance %g; want at least %g: below it rounding is the error", c.Tolerance, leastTolerance)
	}
	unit, h, drift, err := paced(c.Rate, c.Step, c.Drift, s)
	if err != nil {
		return nil, err
	}
	if _, ok := drift.(sgdlab.Clocked); ok && !unit.Fixed() {
		return nil, errors.New("its drift depends on the rate, which is scheduled, and a flow remembers its slope from step to step; take a fixed rate, or an sde without noise")
	}
	return &Flow{Of: drift, Unit: unit, Length: h, Relative: c.Tolerance, Absolute: c.Absolute, Most: c.Substeps}, nil
}

// Blocks returns θ, the slope a(θ), the proposed substep and the error of the last one.
func (f *Flow) Blocks() []sgdlab.Block {
	d := f.Of.Dim()
	return []sgdlab.Block{{Name: "theta", Size: d}, {Name: "slope", Size: d}, {Name: "substep", Size: 1}, {Name: "error", Size: 1}}
}

const leastError = 1e-4 // what the controller remembers of a smaller one

// Init finds the slope, and a first substep from it and from how it changes over a trial substep.
func (f *Flow) Init(state, theta lanes.Pack, at *sgdlab.Clock, fresh lanes.Mask) {
	f.ws.Reset()
	sgdlab.ReadClock(f.Of, at)
	d := f.Of.Dim()
	k, there, slope := f.ws.Pack(d), f.ws.Pack(d), f.ws.Pack(d)
	f.Of.Drift(k, theta, &f.ws)
	var size, speed, bend, trial lanes.Vec
	for j := range theta {
		for l := range lanes.W {
			sc := f.allowed(theta[j][l], theta[j][l])
			size[l] = math.Max(size[l], math.Abs(theta[j][l])/sc)
			speed[l] = math.Max(speed[l], math.Abs(k[j][l])/sc)
		}
	}
	h := f.Length(at)
	for l := range trial {
		trial[l] = 1e-6 * h[l]
		if size[l] >= 1e-5 && speed[l] >= 1e-5 {
			trial[l] = 0.01 * size[l] / speed[l]
		}
		trial[l] = min(trial[l], h[l])
	}
	lanes.Copy(there, theta)
	lanes.AddScaled(there, trial, k)
	f.Of.Drift(slope, there, &f.ws)
	for j := range theta {
		for l := range lanes.W {
			sc := f.allowed(theta[j][l], theta[j][l])
			bend[l] = math.Max(bend[l], math.Abs(slope[j][l]-k[j][l])/sc/trial[l])
		}
	}
	first := trial
	for l := range first {
		most := math.Max(speed[l], bend[l])
		if most > 1e-15 {
			first[l] = min(100*trial[l], elementary.Pow(0.01/most, 0.2))
		} else {
			first[l] = h[l]
		}
		if !(first[l] > 0 && first[l] < h[l]) {
			first[l] = h[l]
		}
	}
	lanes.CopyLanes(state[:d], theta, fresh)
	lanes.CopyLanes(state[d:2*d], k, fresh)
	state[2*d] = lanes.Select(fresh, first, state[2*d])
	state[2*d+1] = lanes.Select(fresh, lanes.Splat(leastError), state[2*d+1])
}

// allowed is the error that a coordinate may have which moves from x to y.
func (f *Flow) allowed(x, y float64) float64 {
	return math.FMA(f.Relative, math.Max(math.Abs(x), math.Abs(y)), f.Absolute)
}

// The pair of Dormand and Prince: rows of coefficients of the slopes, those of the seventh stage being the weights of order 5.
var stages = [6][]float64{
	{1.0 / 5},
	{3.0 / 40, 9.0 / 40},
	{44.0 / 45, -56.0 / 15, 32.0 / 9},
	{19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
	{9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
	{35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
}

// weights of order 5 less those of order 4, and those of the last term of the continuous extension.
var (
	difference = [7]float64{71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40}
	extension  = [7]float64{-12715105075.0 / 11282082432, 0, 87487479700.0 / 32700410799, -10690763975.0 / 1880347072,
		701980252875.0 / 199316789632, -1453857185.0 / 822651844, 69997945.0 / 29380423}
)

// combine is dst += h Σ wᵢkᵢ.
func combine(dst lanes.Pack, h lanes.Vec, w []float64, k *[7]lanes.Pack) {
	for i, x := range w {
		if x != 0 {
			lanes.AddScaled(dst, times(h, x), k[i])
		}
	}
}

// substep takes the stages of a substep s from θ, with k[0] = a(θ) given: next is θ at its end, and k[6] the slope there.
func (f *Flow) substep(next, theta lanes.Pack, k *[7]lanes.Pack, s lanes.Vec) {
	for i, w := range stages {
		lanes.Copy(next, theta)
		combine(next, s, w, k)
		f.Of.Drift(k[i+1], next, &f.ws)
	}
}

// remember fills a piece with the continuous extension of a substep.
func (p *piece) remember(theta, next lanes.Pack, k *[7]lanes.Pack, s lanes.Vec) {
	for i := range p.c {
		if len(p.c[i]) != len(theta) {
			p.c[i] = make(lanes.Pack, len(theta))
		}
	}
	lanes.Copy(p.c[0], theta)
	lanes.Sub(p.c[1], next, theta)
	lanes.Zero(p.c[2])
	lanes.AddScaled(p.c[2], s, k[0])
	lanes.Sub(p.c[2], p.c[2], p.c[1])
	lanes.Sub(p.c[3], p.c[1], p.c[2])
	lanes.AddScaled(p.c[3], times(s, -1), k[6])
	lanes.Zero(p.c[4])
	combine(p.c[4], s, extension[:], k)
}

// Step advances the live lanes by h, each by its own substeps.
func (f *Flow) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	f.ws.Reset()
	sgdlab.ReadClock(f.Of, at)
	d := f.Of.Dim()
	theta, slope, proposed, last := state[:d], state[d:2*d], &state[2*d], &state[2*d+1]
	next, off := f.ws.Pack(d), f.ws.Pack(d)
	var k [7]lanes.Pack
	for i := range k {
		k[i] = f.ws.Pack(d)
	}
	h := f.Length(at)
	var done, s lanes.Vec
	f.pieces, f.nodes = f.pieces[:0], f.nodes[:0]
	active, retried, failed := live, lanes.None, lanes.None
	for range f.Most {
		if active == lanes.None {
			break
		}
		finish := lanes.None // lanes that this substep brings to the end
		for l := range s {
			left := h[l] - done[l]
			switch s[l] = proposed[l]; {
			case !active.Has(l):
				s[l] = 0
			case !(s[l] < left*(1-0x1p-40)):
				s[l] = left
				finish = finish.With(l)
			case !(2*s[l] < left): // not a whole one and a sliver
				s[l] = left / 2
			}
		}
		lanes.Copy(k[0], slope)
		f.substep(next, theta, &k, s)
		lanes.Zero(off)
		combine(off, s, difference[:], &k)
		var worst lanes.Vec
		for j := range off {
			for l := range worst {
				worst[l] = math.Max(worst[l], math.Abs(off[j][l])/f.allowed(theta[j][l], next[j][l]))
			}
		}
		finite := lanes.Within(k[6], math.MaxFloat64)
		taken := lanes.None
		for l := range worst {
			if !active.Has(l) {
				continue
			}
			e := worst[l]
			if !finite.Has(l) || !(e <= 1) {
				shrink := 0.2
				if finite.Has(l) && e <= math.MaxFloat64 {
					shrink = math.Max(shrink, 0.9/elementary.Pow(e, 0.17))
				}
				proposed[l] = s[l] * shrink
				retried = retried.With(l)
				if !(proposed[l] >= 0x1p-50*h[l]) {
					failed = failed.With(l)
				}
				continue
			}
			taken = taken.With(l)
			grow := 0.9 * elementary.Pow(last[l], 0.04) / math.Max(elementary.Pow(e, 0.17), 1e-30)
			grow = math.Min(10, math.Max(0.2, grow))
			if retried.Has(l) {
				grow = math.Min(1, grow)
			}
			longer := s[l] * grow
			if s[l] < proposed[l] { // cut short by the end of the step, not by its error
				longer = math.Max(longer, proposed[l])
			}
			proposed[l] = math.Min(longer, 10*h[l])
			last[l] = math.Max(e, leastError)
		}
		retried &^= taken
		if f.keep && taken != lanes.None {
			f.record(theta, next, &k, s, done, h, taken, finish)
		}
		for l := range done {
			switch {
			case taken.Has(l) && finish.Has(l):
				done[l] = h[l]
			case taken.Has(l):
				done[l] += s[l]
			}
		}
		lanes.CopyLanes(theta, next, taken)
		lanes.CopyLanes(slope, k[6], taken)
		active &^= taken&finish | failed
	}
	failed |= active
	for l := range lanes.W {
		if failed.Has(l) {
			for j := range theta {
				theta[j][l] = math.NaN()
			}
		}
	}
	if rec != nil {
		rec.Used(sgdlab.Rows{}, nil, nil)
		rec.Dt, rec.Live = h, live
	}
	return h
}

// record remembers a substep in the lanes that took it.
func (f *Flow) record(theta, next lanes.Pack, k *[7]lanes.Pack, s, done, h lanes.Vec, taken, finish lanes.Mask) {
	n := len(f.pieces)
	if n < cap(f.pieces) {
		f.pieces = f.pieces[:n+1] // with the memory of an earlier step
	} else {
		f.pieces = append(f.pieces, piece{})
	}
	p := &f.pieces[n]
	p.remember(theta, next, k, s)
	for l := range s {
		p.from[l] = done[l] / h[l]
		switch {
		case !taken.Has(l):
			p.to[l] = p.from[l]
		case finish.Has(l):
			p.to[l] = 1
		default:
			p.to[l] = (done[l] + s[l]) / h[l]
		}
	}
	f.nodes = append(f.nodes, p.to)
}

// Keep has the substeps of calls to come remembered.
func (f *Flow) Keep() { f.keep = true }

// Nodes returns the ends of the substeps of the last call.
func (f *Flow) Nodes() []lanes.Vec { return f.nodes }

// Inside is dst = θ at a fraction of the last call, by the continuous extension of order 4. Lanes that did not move, and
// fractions outside [0, 1], get what is at the nearest end of what is known.
func (f *Flow) Inside(dst lanes.Pack, fraction lanes.Vec) {
	for l := range fraction {
		var in *piece
		for i := range f.pieces {
			if p := &f.pieces[i]; p.from[l] < p.to[l] {
				if in = p; fraction[l] <= p.to[l] {
					break
				}
			}
		}
		if in == nil {
			for j := range dst {
				dst[j][l] = math.NaN()
			}
			continue
		}
		s := (fraction[l] - in.from[l]) / (in.to[l] - in.from[l])
		s = math.Min(1, math.Max(0, s))
		r := 1 - s
		for j := range dst {
			x := math.FMA(r, in.c[4][j][l], in.c[3][j][l])
			x = math.FMA(s, x, in.c[2][j][l])
			x = math.FMA(r, x, in.c[1][j][l])
			dst[j][l] = math.FMA(s, x, in.c[0][j][l])
		}
	}
}

// Random is false.
func (f *Flow) Random() bool { return false }

// Pace is η, the time that a spec counts as one step (h where there is no rate), and h.
func (f *Flow) Pace() (unit, step sgdlab.Setting) { return f.Unit, f.Length }
