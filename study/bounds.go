package study

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/ensemble"
	"sgdlab/lanes"
	"sgdlab/model"
)

// What a run may grow to, over all cells: beyond these it would fill memory long before it ended. Each replica leaves a
// passage for every event, and each value a row for every statistic.
const (
	mostReplicas = 1e8
	mostValues   = 1e8 // columns times readings; those of kept replicas count by themselves
	mostReadings = 1e6 // of one observable in one cell
)

// bytes of memory that a passage and a value take on their way to the tables.
const (
	passageBytes = 60
	valueBytes   = 400
)

// sizes refuses a run that is too large to hold, before anything of its size is made.
func (l *loader) sizes() {
	replicas, values, kept := 0.0, 0.0, 0.0
	for _, g := range l.study.Groups {
		if g.failed != "" {
			continue
		}
		for i := range g.Cells {
			c := &g.Cells[i]
			replicas += float64(c.Replicas)
			values += g.values[i]
			kept += g.values[i] * float64(min(c.Keep, c.Replicas))
		}
	}
	root, cells := l.study.Points[0].Root, len(l.study.Cells)
	n := root.Lookup("ensemble.replicas")
	if replicas > mostReplicas {
		passages := replicas * float64(max(1, len(l.study.Events))) * passageBytes
		l.problems.Add(n.Mistake("ensemble.replicas", fmt.Sprintf("%.3g replicas in %d cells, whose passages would fill about %s", replicas, cells, size(passages)),
			"at most 1e8 over all cells"))
	}
	if values > mostValues {
		l.problems.Add(root.Get("observe").Mistake("observe", fmt.Sprintf("%.3g values over all readings and cells, which would fill about %s", values, size(values*valueBytes)),
			"at most 1e8: read less often, or sweep fewer points"))
	}
	if kept > mostValues {
		l.problems.Add(root.Lookup("ensemble.keep").Mistake("ensemble.keep", fmt.Sprintf("paths of %.3g values in all", kept),
			"at most 1e8: keep fewer replicas, or read less often"))
	}
}

func size(bytes float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e15, "PB"}, {1e12, "TB"}, {1e9, "GB"}} {
		if bytes >= u.of {
			return fmt.Sprintf("%.3g %s", bytes/u.of, u.name)
		}
	}
	return fmt.Sprintf("%.3g MB", bytes/1e6)
}

// horizons refuses horizons that no run reaches and schedules that no table holds, and counts the values to be read.
func (l *loader) horizons(g *Group, rig *ensemble.Rig) {
	until := l.study.Points[g.Points[0]].Root.Lookup("ensemble.until")
	told := map[int]bool{}
	for i := range g.Cells {
		c := &g.Cells[i]
		at := g.Clock(i)
		unit, step := rig.Unit(at)[0], rig.Step(at)[0]
		steps := c.Horizon
		if c.AtMost > 0 {
			steps = c.AtMost / unit
		}
		if c.AtMost > 0 && !rig.Step.Fixed() {
			calls, err := ensemble.Horizon(rig, c)
			if err != nil {
				l.problems.Add(until.Mistake("ensemble.until", fmt.Sprintf("a time of %g, which the schedule of the rate does not reach in 1e9 steps", c.AtMost), "a time that it reaches, or steps"))
				return
			}
			steps = float64(calls) * (step / unit)
		}
		if calls := steps * (unit / step); !(calls <= 1<<53) {
			l.problems.Add(until.Mistake("ensemble.until", fmt.Sprintf("a horizon of %.3g steps", calls), "one below 2⁵³, about 9e15"))
			return
		}
		values := 0.0
		for w := range rig.Watches {
			s := rig.Watches[w].Schedule
			n := 1.0
			if s.Every > 0 {
				n += math.Floor(steps / s.Every)
			}
			if n > mostReadings && !told[w] {
				told[w] = true
				made := &g.made.watches[w]
				l.problems.Add(made.node.Get("every").Mistake(made.path+".every", fmt.Sprintf("%g, which is %.3g readings up to the horizon", s.Every, n),
					"at most 1e6 readings: a larger number of steps, or log-spaced: READINGS PER DECADE"))
			}
			if s.PerDecade > 0 {
				n += math.Ceil(float64(s.PerDecade) * math.Log10(math.Max(steps, 1)))
			}
			values += n * float64(len(rig.Watches[w].Columns()))
		}
		g.values = append(g.values, values)
	}
}

// beyond counts cells whose replicas start beyond a level: of an event, or of the edge of stability.
type beyond struct {
	cells int
	first string
	at    float64 // where those of the first do, in ηλ
}

func (b beyond) String() string {
	switch {
	case b.cells == 2:
		return b.first + " and 1 more cell"
	case b.cells > 2:
		return fmt.Sprintf("%s and %d more cells", b.first, b.cells-1)
	}
	return b.first
}

// watched is how many cells of a group are looked at for events that fire at once.
const watched = 1024

// levels refuses events that cannot fire, and counts those that fire before the first step.
func (l *loader) levels(g *Group, rig *ensemble.Rig) {
	told := map[int]bool{}
	for i := range min(len(g.Cells), watched) {
		c := &g.Cells[i]
		at, init := g.Clock(i), g.Clock(i)
		for k := range init.Replica {
			init.Seed[k], init.Replica[k] = c.InitSeed, uint64(k)
		}
		for e := range rig.Events {
			already, err := reach(&rig.Events[e], rig.Stepper, g.model, rig.Start, at, init, min(lanes.W, c.Replicas))
			if lv := &g.made.events[e].level; err != nil && !told[e] {
				told[e] = true
				l.problems.Add(lv.node.Mistake(lv.path, err.Error(), ""))
			}
			if !already {
				continue
			}
			if l.beyond == nil {
				l.beyond = make([]beyond, len(rig.Events))
			}
			if b := &l.beyond[e]; b.cells == 0 {
				b.first = l.study.Label(&l.study.Cells[c.ID])
			}
			l.beyond[e].cells++
		}
	}
}

// edges counts the cells whose replicas start well beyond the edge of stability, where flows along it have to come back at once.
func (l *loader) edges(g *Group, rig *ensemble.Rig) {
	steppers := []sgdlab.Stepper{rig.Stepper}
	if j, ok := rig.Stepper.(*dynamics.Joint); ok {
		steppers = steppers[:0]
		for _, p := range j.Processes {
			steppers = append(steppers, p.Of)
		}
	}
	for _, s := range steppers {
		f, ok := s.(interface {
			Edge(theta lanes.Pack, at *sgdlab.Clock) lanes.Vec
		})
		if !ok {
			continue
		}
		for i := range min(len(g.Cells), watched) {
			c := &g.Cells[i]
			init := g.Clock(i)
			for k := range init.Replica {
				init.Seed[k], init.Replica[k] = c.InitSeed, uint64(k)
			}
			theta := make(lanes.Pack, g.model.Dim())
			rig.Start.Draw(theta, init)
			past, most := 0, 0.0
			reach := f.Edge(theta, g.Clock(i))
			for _, x := range reach[:min(lanes.W, c.Replicas)] {
				if x > wellBeyond {
					past++
				}
				most = math.Max(most, x)
			}
			if 2*past > min(lanes.W, c.Replicas) {
				if l.past == nil {
					l.past = map[string]beyond{}
				}
				b := l.past[g.Arm]
				if b.cells == 0 {
					b.first, b.at = l.study.Label(&l.study.Cells[c.ID]), most
				}
				b.cells++
				l.past[g.Arm] = b
			}
		}
	}
}

// wellBeyond is the ηλ of a start that is told of; descent at the edge wanders a little above 2 itself.
const wellBeyond = 2.1

// startsBeyond warns of events that have happened where replicas start, and of flows that start well beyond the edge.
func (l *loader) startsBeyond() {
	for e, b := range l.beyond {
		if b.cells > 0 {
			l.study.Warnings = append(l.study.Warnings, fmt.Sprintf("events.%s: replicas of %v start beyond its level: for them it happens at time 0", l.study.Events[e], b))
		}
	}
	for _, arm := range l.study.Arms {
		if b := l.past[arm]; b.cells > 0 {
			l.study.Warnings = append(l.study.Warnings, fmt.Sprintf("dynamics.%s: replicas of %v start at ηλ = %.3g, well beyond the edge at 2: a substep has to bring them back, and those that none does count as diverged; start below 2/η, or lower the rate", arm, b, b.at))
		}
	}
}

// reach looks at an event from where the first n replicas start. Its error says why the event cannot fire; already is
// whether it has fired for most of them.
func reach(ev *sgdlab.Event, stepper sgdlab.Stepper, m sgdlab.Model, start sgdlab.Start, at, init *sgdlab.Clock, n int) (already bool, err error) {
	var ws lanes.Arena
	theta, cols := ws.Pack(m.Dim()), ws.Pack(len(ev.Of.Columns()))
	start.Draw(theta, init)
	if _, more := ev.Of.(sgdlab.Reading); more {
		hand, err := sgdlab.NewHand(ev.Of, stepper)
		if err != nil {
			return false, err
		}
		state := ws.Pack(sgdlab.Size(stepper))
		stepper.Init(state, theta, at, lanes.All)
		theta = hand.Of(state, &ws)
	}
	ev.Of.Observe(cols, theta, at, &ws)
	f := cols[ev.Column]
	level := ev.Level(f, at)
	lowest := math.Inf(-1)
	if ev.Of.Columns()[ev.Column].Name == "loss" {
		lowest = least(m)
	}
	past, never := 0, 0
	for k := range n {
		if ev.Direction == sgdlab.RisesAbove {
			if f[k] > level[k] {
				past++
			}
			continue
		}
		if f[k] < level[k] {
			past++
		}
		slack := 0.0
		if math.Abs(lowest) > 0x1p-49*math.Abs(f[k]) { // else it is 0 to rounding, and the loss a sum of squares
			slack = 0x1p-49 * math.Max(math.Abs(lowest), math.Abs(f[k]))
		}
		if level[k] <= lowest+slack {
			never++
		}
	}
	if never == n {
		return false, fmt.Errorf("got a level of %.6g; want one above %.6g, the least loss there is: it never falls below, so the event cannot fire", level[0], lowest)
	}
	return 2*past > n, nil
}

// least is a bound below all values of a model's loss, −∞ where none is known.
func least(m sgdlab.Model) float64 {
	if w, err := sgdlab.As[*model.DoubleWell](m); err == nil {
		return -w.Barrier
	}
	if q, err := sgdlab.As[*model.Quadratic](m); err == nil {
		for _, x := range q.Eigenvalues {
			if x < 0 {
				return math.Inf(-1)
			}
		}
		return 0
	}
	s, err := sgdlab.As[sgdlab.Saddled](m)
	if err != nil {
		return math.Inf(-1)
	}
	var all []int
	for i, strength := range s.Modes() {
		if strength > 0 {
			all = append(all, i+1)
		}
	}
	if _, loss, err := s.Critical(all); err == nil {
		return loss
	}
	return 0 // too narrow to learn all modes
}
