package study

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/estimate"
	"sgdlab/fokkerplanck"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// Answer is one question, an event's mean time, and the roads on which it is to be answered.
type Answer struct {
	Event string
	Roads []string // theory, solve, simulate
}

var roads = []string{"theory", "solve", "simulate"}

// passageTheories answer "how long until this event?", each where its regime holds.
var passageTheories = []string{"kramers", "eyring-kramers"}

func (l *loader) answers(n *spec.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != spec.Map {
		l.problems.Add(n.Problem("answer", "a map from an event to roads, as in {exit: [theory, solve, simulate]}"))
		return
	}
	for _, p := range n.Pairs {
		at := "answer." + p.Key
		if indexOf(l.study.Events, p.Key) < 0 {
			l.problems.Add(p.Value.Mistake(at, "the question "+p.Key, l.anEvent(p.Key)).AtKey(p))
			continue
		}
		a := Answer{Event: p.Key}
		words, err := p.Value.Strings()
		if t, ok := p.Value.Text(); ok {
			words, err = []string{t}, nil
		}
		if err != nil || len(words) == 0 {
			l.problems.Add(p.Value.Problem(at, "a list of "+strings.Join(roads, ", ")))
			continue
		}
		for _, w := range words {
			if indexOf(roads, w) < 0 {
				l.problems.Add(p.Value.Mistake(at, shown(w), "one of "+strings.Join(roads, ", ")+spec.DidYouMean(w, roads)))
				continue
			}
			a.Roads = append(a.Roads, w)
		}
		l.study.Answers = append(l.study.Answers, a)
		if len(*l.problems) > 0 {
			continue
		}
		for i := range l.study.Cells {
			c := &l.study.Cells[i]
			for _, w := range a.Roads {
				var err error
				switch w {
				case "theory":
					_, err = l.study.passageTheory(a.Event, c)
				case "solve":
					_, err = l.study.solve(a.Event, c)
				}
				if err != nil {
					l.study.Warnings = append(l.study.Warnings, fmt.Sprintf("answer.%s: no %s for %s: %v", a.Event, w, l.study.Label(c), err))
				}
			}
		}
	}
}

// run is what a theory of one cell may read from.
func (st *Study) run(c *Cell, event string) (*sgdlab.Run, error) {
	g := st.Groups[c.Group]
	site, err := g.Site()
	if err != nil {
		return nil, err
	}
	rig, err := g.Rig()
	if err != nil {
		return nil, err
	}
	r := &sgdlab.Run{Site: site, Clock: g.Clock(c.Index), Dynamic: rig.Stepper}
	for i := range rig.Events {
		if rig.Events[i].Name == event {
			r.Event = &rig.Events[i]
		}
	}
	root := g.Root(st, c.Index)
	arm := root.Get("dynamics").Get(g.Arm)
	r.Word = func(path string) string {
		text, _ := arm.Lookup(path).Text()
		return text
	}
	r.Number = func(path string) (float64, bool) {
		if x, ok := catalog.Number[*sgdlab.Site, sgdlab.Stepper](arm, path); ok {
			return x, true
		}
		return root.Lookup(path).Float()
	}
	return r, nil
}

// predict evaluates a theory in a cell, at the given abscissae.
func (st *Study) predict(n *spec.Node, path string, c *Cell, event string, at []float64) (sgdlab.Prediction, error) {
	var problems spec.Problems
	d := catalog.Scanner(&problems)
	n = st.inCell(n, c)
	made, ok := catalog.Decode[*sgdlab.Run, sgdlab.Theory](d, n, path)
	if !ok {
		return sgdlab.Prediction{}, problems.Err()
	}
	r, err := st.run(c, event)
	if err != nil {
		return sgdlab.Prediction{}, err
	}
	t, err := made.Build(r)
	if err != nil {
		return sgdlab.Prediction{}, err
	}
	p := t.Predict(at)
	if st.Perturb != nil {
		p = st.Perturb(made.Name, p)
	}
	return p, nil
}

// inCell replaces $paths and expressions in the values of a map by their numbers in a cell.
func (st *Study) inCell(n *spec.Node, c *Cell) *spec.Node {
	n = n.Clone()
	root := st.Points[c.Point].Root
	for i, p := range n.Pairs {
		if t, ok := p.Value.Text(); ok && strings.Contains(t, "$") {
			if x, err := spec.EvalExpr(t, spec.Numbers(root, nil)); err == nil {
				n.Pairs[i].Value = spec.New(x).At(p.Value)
			}
		}
	}
	return n
}

// passageTheory predicts the mean time of an event by the first theory whose regime holds.
func (st *Study) passageTheory(event string, c *Cell) (estimate.Estimate, error) {
	var why []string
	for _, name := range passageTheories {
		p, err := st.predict(spec.New(name), "answer."+event, c, event, nil)
		if err != nil {
			why = append(why, name+": "+reason(err))
			continue
		}
		e := estimate.Exact(p.Values[0]).In("time")
		if len(p.Neglects) > 0 && !math.IsNaN(p.Neglects[0]) && p.Kind == sgdlab.Leading {
			e.Lo, e.Hi = e.Value*(1-p.Neglects[0]), e.Value*(1+p.Neglects[0])
		}
		return e, nil
	}
	return estimate.Missing(0), errors.New(strings.Join(why, "; "))
}

func reason(err error) string {
	var placed *catalog.PlacedError
	if errors.As(err, &placed) {
		return placed.Found
	}
	return err.Error()
}

// solveTolerance is the relative error asked of quadrature.
const solveTolerance = 1e-9

// solve gives the exact mean time of an event by quadrature, where the state is one-dimensional.
func (st *Study) solve(event string, c *Cell) (estimate.Estimate, error) {
	missing := estimate.Missing(0)
	r, err := st.run(c, event)
	if err != nil {
		return missing, err
	}
	if r.Event == nil {
		return missing, fmt.Errorf("no event %s", event)
	}
	diffusion, ok := r.Dynamic.(sgdlab.Diffusive)
	if !ok {
		return missing, fmt.Errorf("solve answers questions about SDEs; %s is a discrete dynamics", c.Arm)
	}
	if !r.Start.Deterministic(int32(c.Index)) || r.Start.Centre() == nil || len(r.Start.Centre()) != 1 {
		return missing, fmt.Errorf("solve needs a one-dimensional state and a fixed start")
	}
	x0 := r.Start.Centre()[0]
	lo, hi, err := domain(r.Event, r.Clock, x0)
	if err != nil {
		return missing, err
	}
	p, err := fokkerplanck.OfSDE(diffusion.SDE(), r.Clock, lo, hi)
	if err != nil {
		return missing, err
	}
	res, err := p.MeanExitTime(x0, solveTolerance)
	if err != nil {
		return missing, err
	}
	if st.Perturb != nil {
		res.Value = st.Perturb("solve", sgdlab.One(sgdlab.Exact, res.Value, res.Error, "", "")).Values[0]
	}
	e := estimate.Exact(res.Value).In("time")
	e.Lo, e.Hi = res.Value*(1-res.Error), res.Value*(1+res.Error)
	return e, nil
}

// domain is the interval around x0 in which a one-dimensional event has not happened: the nearest crossings of its
// level on either side, ±∞ where there is none within 10⁶ of the start.
func domain(e *sgdlab.Event, at *sgdlab.Clock, x0 float64) (lo, hi float64, err error) {
	var ws lanes.Arena
	cols := make(lanes.Pack, len(e.Of.Columns()))
	f := func(x float64) float64 {
		ws.Reset()
		theta := ws.Pack(1)
		theta[0] = lanes.Splat(x)
		e.Of.Observe(cols, theta, at, &ws)
		return cols[e.Column][0]
	}
	level := e.Level(lanes.Splat(f(x0)), at)[0]
	out := func(x float64) bool { // the event has happened at x
		if e.Direction == sgdlab.RisesAbove {
			return f(x) > level
		}
		return f(x) < level
	}
	if out(x0) {
		return 0, 0, fmt.Errorf("the event has already happened at the start %g", x0)
	}
	side := func(sign float64) float64 {
		inside := 0.0
		for step := 1e-3; step < 1e6; step *= 1.01 {
			if !out(x0 + sign*step) {
				inside = step
				continue
			}
			a, b := inside, step
			for b-a > 1e-15*math.Max(1, math.Abs(x0)+b) {
				mid := a + (b-a)/2
				if mid == a || mid == b {
					break
				}
				if out(x0 + sign*mid) {
					b = mid
				} else {
					a = mid
				}
			}
			return x0 + sign*b
		}
		return math.Inf(int(sign))
	}
	lo, hi = side(-1), side(1)
	if math.IsInf(lo, -1) && math.IsInf(hi, 1) {
		return 0, 0, fmt.Errorf("the event has no level within 10⁶ of the start: it cannot fire")
	}
	return lo, hi, nil
}

// answer adds the answers to the cells' estimates.
func (st *Study) answer(all []*Outcome) {
	for _, a := range st.Answers {
		for _, o := range all {
			for _, road := range a.Roads {
				var e estimate.Estimate
				var err error
				switch road {
				case "theory":
					e, err = st.passageTheory(a.Event, o.Cell)
				case "solve":
					e, err = st.solve(a.Event, o.Cell)
				default:
					continue // mean-time:E is there already
				}
				if err != nil {
					e = estimate.Missing(0).In("time")
				}
				o.note(road+":"+a.Event, e)
			}
		}
	}
}
