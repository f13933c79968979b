package dynamics

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/lanes"
)

// Process is one of those that go in lock step.
type Process struct {
	Name string
	Of   sgdlab.Stepper
}

// Joint is processes in lock step, from one start,
//
//	(θ_a, θ_b, …) ← (step_a(θ_a), step_b(θ_b), …):
//
// a call takes each of them one step as a spec counts them, be that one call of its stepper or several. θ is that of the first, and so are time and the record of a step.
//
// The state holds the blocks of each, under names such as flow.theta. Each has the clock of its own: its calls, and the time of the
// joint clock in its own units.
type Joint struct {
	Processes []Process
	sizes     []int
	unit      []sgdlab.Setting
	step      []sgdlab.Setting
}

// JointSettings are those of `joint`.
type JointSettings struct {
	Of sgdlab.Named[sgdlab.Stepper] `doc:"names of your own and dynamics, two at least, as in {discrete: {name: gd, rate: 0.1}, flow: {name: flow, rate: 0.1}}; θ is that of the first"`
}

// NewJoint is several dynamics in lock step, each from the same start: at step k all have taken k steps. What is said of one dynamics,
// its θ, time, events, accumulators and divergence, is said of the first; `process` reads any observable of another, and `process-distance` tells how
// far two are from each other, replica by replica.
//
// Time is that of the first. A dynamics with a `step` shorter than its `rate` takes several calls to a step, which must be a whole number. Costs add up. Events are
// seen at the ends of steps.
//
// Processes draw the same random numbers where they draw the same things, as arms do: name another `stream` where they should not.
func NewJoint(c JointSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	if len(c.Of) < 2 {
		return nil, fmt.Errorf("of: got %d dynamics; want two at least, as in {discrete: {name: gd, rate: 0.1}, flow: {name: flow, rate: 0.1}}", len(c.Of))
	}
	j := &Joint{}
	for _, p := range c.Of {
		if strings.IndexFunc(p.Name, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
		}) >= 0 || p.Name == "" {
			return nil, fmt.Errorf("of: got the name %q; want letters, digits, - and _: blocks are called NAME.theta", p.Name)
		}
		made, err := p.Part(s)
		if err != nil {
			return nil, err
		}
		if d := made.Blocks()[0].Size; d != s.Model.Dim() {
			return nil, fmt.Errorf("of.%s: got a dynamics of %d coordinates on a model of %d", p.Name, d, s.Model.Dim())
		}
		unit, step := made.Pace()
		if calls := unit(&sgdlab.Clock{})[0] / step(&sgdlab.Clock{})[0]; !(math.Abs(calls-math.Round(calls)) <= 1e-9*calls) {
			return nil, fmt.Errorf("of.%s: got a step that is 1/%.6g of its rate; want a whole number of steps to one of its rate", p.Name, calls)
		}
		j.Processes = append(j.Processes, Process{p.Name, made})
		j.sizes, j.unit, j.step = append(j.sizes, sgdlab.Size(made)), append(j.unit, unit), append(j.step, step)
	}
	return j, nil
}

// Blocks returns those of each process, under its name.
func (j *Joint) Blocks() []sgdlab.Block {
	var all []sgdlab.Block
	for _, p := range j.Processes {
		for _, b := range p.Of.Blocks() {
			all = append(all, sgdlab.Block{Name: p.Name + "." + b.Name, Size: b.Size})
		}
	}
	return all
}

// Init starts each process at θ.
func (j *Joint) Init(state, theta lanes.Pack, at *sgdlab.Clock, fresh lanes.Mask) {
	for i, p := range j.Processes {
		p.Of.Init(state[:j.sizes[i]], theta, at, fresh)
		state = state[j.sizes[i]:]
	}
}

// Step takes each process one step.
func (j *Joint) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	dt := j.unit[0](at)
	for i, p := range j.Processes {
		own := *at
		unit, step, first := j.unit[i](at), j.step[i](at), j.unit[0](at)
		var calls [lanes.W]uint64
		most := uint64(0)
		for l := range calls {
			calls[l] = 1
			if n := math.Round(unit[l] / step[l]); n > 1 && n < 1<<32 {
				calls[l] = uint64(n)
			}
			own.Step[l] = at.Step[l] * calls[l]
			if unit[l] != first[l] {
				own.Time[l] = at.Time[l] * (unit[l] / first[l])
			}
			if live.Has(l) {
				most = max(most, calls[l])
			}
		}
		note := rec
		if i > 0 {
			note = nil
		}
		for k := range most {
			going := live
			for l := range calls {
				if k >= calls[l] {
					going = going.Without(l)
				}
			}
			own.Idle = lanes.All&^going | at.Idle
			passed := p.Of.Step(state[:j.sizes[i]], &own, going, note)
			for l := range calls {
				if going.Has(l) {
					own.Step[l]++
					own.Time[l] += passed[l]
				}
			}
		}
		state = state[j.sizes[i]:]
	}
	if rec != nil {
		rec.Dt, rec.Live = dt, live
	}
	return dt
}

// Random reports whether any process is.
func (j *Joint) Random() bool {
	for _, p := range j.Processes {
		if p.Of.Random() {
			return true
		}
	}
	return false
}

// Pace is the time of one step of the first process, twice.
func (j *Joint) Pace() (unit, step sgdlab.Setting) { return j.unit[0], j.unit[0] }

// Altered is so: laws of one dynamics are not read from several.
func (j *Joint) Altered() string { return "beside other processes" }
