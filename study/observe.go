package study

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/ensemble"
	"sgdlab/estimate"
	"sgdlab/lanes"
	"sgdlab/observable"
	"sgdlab/spec"
)

// watch is an entry of observe.
type watch struct {
	node       *spec.Node
	path       string
	observable *catalog.Made[*sgdlab.Site, sgdlab.Observable]
	accumulate *catalog.Made[*sgdlab.Site, sgdlab.Accumulator]
	schedule   ensemble.Schedule
}

var scheduleKeys = []string{"every", "log-spaced", "on"}

// watches reads observe: a list of items, each with a schedule.
func (l *loader) watches(d *catalog.Decoder, n *spec.Node) []watch {
	if n.IsNull() {
		return nil
	}
	if n.Kind != spec.Seq {
		l.problems.Add(n.Problem("observe", "a list, as in [{name: loss, every: 10}]"))
		return nil
	}
	var out []watch
	for i, it := range n.Items {
		w := watch{node: it, path: fmt.Sprintf("observe[%d]", i)}
		name, _ := it.Text()
		if t, ok := it.Get("name").Text(); ok {
			name = t
		}
		if isAccumulator(name) {
			w.accumulate, _ = catalog.DecodeExcept[*sgdlab.Site, sgdlab.Accumulator](d, it, w.path, scheduleKeys...)
		} else {
			w.observable, _ = catalog.DecodeExcept[*sgdlab.Site, sgdlab.Observable](d, it, w.path, scheduleKeys...)
		}
		l.schedule(d, it, w.path, &w.schedule)
		out = append(out, w)
	}
	return out
}

// shown is a word as an error shows it: nothing is shown as two quotes.
func shown(word string) string {
	if word == "" {
		return `""`
	}
	return word
}

func isAccumulator(name string) bool {
	for _, a := range catalog.Accumulators {
		if a.Name == name {
			return true
		}
	}
	return false
}

func (l *loader) schedule(d *catalog.Decoder, n *spec.Node, path string, s *ensemble.Schedule) {
	if e := n.Get("every"); !e.IsNull() {
		x, ok := e.Float()
		if !ok || !(x > 0) || math.IsInf(x, 0) {
			l.problems.Add(e.Problem(path+".every", "a number of steps > 0"))
			x = 0
		}
		s.Every = x
	}
	if e := n.Get("log-spaced"); !e.IsNull() {
		x, ok := e.Int()
		if !ok || x < 1 || x > 1000 {
			l.problems.Add(e.Problem(path+".log-spaced", "a whole number of readings per decade of steps, from 1 to 1000"))
			x = 0
		}
		s.PerDecade = int(x)
	}
	if e := n.Get("on"); !e.IsNull() {
		words := []string{}
		if t, ok := e.Text(); ok {
			words = append(words, t)
		} else if list, err := e.Strings(); err == nil {
			words = list
		}
		if len(words) == 0 {
			l.problems.Add(e.Problem(path+".on", "start, end or [start, end]"))
		}
		for _, w := range words {
			switch w {
			case "start":
				s.Start = true
			case "end":
				s.End = true
			default:
				l.problems.Add(e.Mistake(path+".on", shown(w), "start or end"))
			}
		}
	}
	if err := s.Check(); err != nil {
		d.Report(n, path, err)
	}
	d.Note("at %v;", *s)
}

// build makes the watch; a nil stepper is one that could not be made.
func (w *watch) build(site *sgdlab.Site, stepper sgdlab.Stepper) (ensemble.Watch, error) {
	out := ensemble.Watch{Schedule: w.schedule}
	var err error
	if w.accumulate != nil {
		out.Name = w.accumulate.Name
		out.Accumulate, err = w.accumulate.Build(site.At(w.path))
	} else {
		out.Name = w.observable.Name
		out.Observable, err = w.observable.Build(site.At(w.path))
		if err == nil && stepper != nil {
			if _, err = sgdlab.NewHand(out.Observable, stepper); err != nil {
				err = catalog.Place(w.node, w.path, fmt.Errorf("%s %w", w.observable.Name, err))
			}
		}
	}
	return out, err
}

// plateaus is what is looked for: plateaus of an observable, nothing where of is empty.
type plateaus struct {
	of      string
	options estimate.PlateauOptions
}

// plateauSettings are the keys of plateaus.
type plateauSettings struct {
	Of       string  `doc:"the observable whose plateaus are looked for; it must be under observe with a schedule"`
	Slope    float64 `default:"0.3333333333333333" check:">0 <1" doc:"largest slope of ln L on a plateau, relative to the mean slope of the record"`
	Duration float64 `default:"0.03" check:">0 <1" doc:"least duration of a plateau, relative to that of the record"`
	Floor    float64 `default:"0.001" check:">0 <1" doc:"the value, relative to the largest, below which it counts as gone"`
	Time     string  `default:"linear" oneof:"linear|log" doc:"whether slopes and durations are in t or in ln t: log for plateaus of very different lengths"`
}

// plateaus reads {of: OBSERVABLE, …}.
func (l *loader) plateaus(d *catalog.Decoder, n *spec.Node, watches []watch) (p plateaus) {
	if n.IsNull() {
		return p
	}
	var s plateauSettings
	own := catalog.Scanner(l.problems)
	if n.Kind != spec.Map {
		l.problems.Add(n.Problem("plateaus", "a map, as in {of: loss}"))
		return p
	}
	if !own.Struct(n, "plateaus", &s) {
		return p
	}
	d.Note("plateaus %v", s)
	p.options = estimate.PlateauOptions{Slope: s.Slope, Duration: s.Duration, Floor: s.Floor, LogTime: s.Time == "log"}
	for _, w := range watches {
		if w.observable != nil && w.observable.Name == s.Of && (w.schedule.Every > 0 || w.schedule.PerDecade > 0) {
			p.of = s.Of
			return p
		}
	}
	l.problems.Add(n.Get("of").Mistake("plateaus.of", shown(s.Of), "an observable by its name, such as loss, that observe reads on a schedule, as in {name: loss, every: 10}"))
	return p
}

// event is an entry of events.
type event struct {
	node      *spec.Node
	name      string
	path      string
	of        *catalog.Made[*sgdlab.Site, sgdlab.Observable]
	column    *spec.Node // name of one of its columns; null for the first
	direction sgdlab.Direction
	level     level
}

// level is a number, a multiple of the value at the start, or a depth below a saddle.
type level struct {
	node         *spec.Node
	path         string
	number       sgdlab.Setting
	factor       sgdlab.Setting // {start: factor}
	by, fraction sgdlab.Setting // {from: saddle, by: ε} or {from: saddle, fraction: f}
}

// events reads events: a map from your name to {of, column, rises-above | falls-below}.
func (l *loader) events(d *catalog.Decoder, n *spec.Node) []event {
	if n.IsNull() || n.Kind != spec.Map {
		return nil
	}
	var out []event
	for _, p := range n.Pairs {
		e := event{node: p.Value, name: p.Key, path: "events." + p.Key}
		if p.Value.Kind != spec.Map {
			l.problems.Add(p.Value.Problem(e.path, "a map, as in {of: {name: loss}, falls-below: 0.1}"))
			continue
		}
		d.Note("event %s:", e.name)
		for _, q := range p.Value.Pairs {
			switch q.Key {
			case "of", "column", "rises-above", "falls-below":
			default:
				known := []string{"of", "column", "rises-above", "falls-below"}
				want := "of, rises-above or falls-below, and column where of has several"
				if s := spec.Suggest(q.Key, known); s != "" {
					want = "a known key; did you mean " + s + "?"
				}
				l.problems.Add(q.Value.Mistake(e.path+"."+q.Key, "the unknown key "+q.Key, want).AtKey(q))
			}
		}
		if of := p.Value.Get("of"); of.IsNull() {
			l.problems.Add(p.Value.Mistake(e.path+".of", "nothing", "an observable, as in {name: loss}"))
		} else {
			e.of, _ = catalog.Decode[*sgdlab.Site, sgdlab.Observable](d, of, e.path+".of")
		}
		if e.column = p.Value.Get("column"); !e.column.IsNull() {
			name, ok := e.column.Text()
			if !ok {
				l.problems.Add(e.column.Problem(e.path+".column", "the name of a column, such as mode[2]"))
			}
			d.Note("column %s;", name)
		}
		up, down := p.Value.Get("rises-above"), p.Value.Get("falls-below")
		switch {
		case up.IsNull() == down.IsNull():
			l.problems.Add(p.Value.Mistake(e.path, "not one level", "rises-above: LEVEL or falls-below: LEVEL"))
			continue
		case up.IsNull():
			e.direction = sgdlab.FallsBelow
			e.level = l.level(d, down, e.path+".falls-below")
		default:
			e.level = l.level(d, up, e.path+".rises-above")
		}
		d.Note("%v;", e.direction)
		out = append(out, e)
	}
	return out
}

// ok reports whether the level could be read.
func (lv *level) ok() bool {
	return lv.number != nil || lv.factor != nil || lv.by != nil || lv.fraction != nil
}

func (l *loader) level(d *catalog.Decoder, n *spec.Node, path string) level {
	lv := level{node: n, path: path}
	const want = "a number, {start: FACTOR}, {from: saddle, by: ε} or {from: saddle, fraction: f}"
	if n.Kind == spec.Scalar {
		lv.number, _ = d.Setting(n, path, "the level", "")
		return lv
	}
	if n.Kind != spec.Map {
		l.problems.Add(n.Problem(path, want))
		return lv
	}
	d.Note("level %s", strings.Join(n.Keys(), ","))
	from, _ := n.Get("from").Text()
	keys := strings.Join(n.Keys(), ",")
	switch {
	case keys == "start":
		lv.factor, _ = d.Setting(n.Get("start"), path+".start", "a multiple of the value at the start", "")
	case from == "saddle" && len(n.Pairs) == 2 && n.Get("by") != nil:
		lv.by, _ = d.Setting(n.Get("by"), path+".by", "how far below the saddle's loss", ">0")
	case from == "saddle" && len(n.Pairs) == 2 && n.Get("fraction") != nil:
		lv.fraction, _ = d.Setting(n.Get("fraction"), path+".fraction", "part of the drop to the next saddle", ">0 <=1")
	default:
		l.problems.Add(n.Mistake(path, "a map of "+strings.Join(n.Keys(), ", "), want))
	}
	return lv
}

func (e *event) build(site *sgdlab.Site, stepper sgdlab.Stepper) (sgdlab.Event, error) {
	of, err := e.of.Build(site.At(e.path))
	if err != nil {
		return sgdlab.Event{}, err
	}
	if _, err := sgdlab.NewHand(of, stepper); err != nil {
		return sgdlab.Event{}, catalog.Place(e.of.Node, e.path+".of", fmt.Errorf("%s %w", e.of.Name, err))
	}
	column, err := e.columnOf(of)
	if err != nil {
		return sgdlab.Event{}, err
	}
	lv, err := e.level.build(site, of.Columns()[column].Name, e.direction)
	if err != nil {
		return sgdlab.Event{}, catalog.Place(e.level.node, e.level.path, err)
	}
	out := sgdlab.Event{Name: e.name, Of: of, Column: column, Level: lv, Direction: e.direction}
	out.Locate, err = locator(e.name, of, column, stepper)
	return out, catalog.Place(e.node, e.path, err)
}

// columnOf finds the column that the event watches.
func (e *event) columnOf(of sgdlab.Observable) (int, error) {
	if e.column.IsNull() {
		return 0, nil
	}
	name, _ := e.column.Text()
	var known []string
	for i, c := range of.Columns() {
		if c.Name == name {
			return i, nil
		}
		known = append(known, c.Name)
	}
	return 0, catalog.Place(e.column, e.path+".column", fmt.Errorf("got %s, which %s does not have; want one of %s%s", name, e.of.Name, strings.Join(known, ", "), spec.DidYouMean(name, known)))
}

// locator places a crossing inside a step of a flow or of a diffusion; the steps of real GD and SGD have no inside.
func locator(name string, of sgdlab.Observable, column int, stepper sgdlab.Stepper) (sgdlab.Locator, error) {
	if _, more := of.(sgdlab.Reading); more {
		return nil, nil // the path inside a step is that of θ alone
	}
	if flow, ok := stepper.(sgdlab.Dense); ok {
		return observable.NewRoot(of, column, flow), nil
	}
	diffusion, ok := stepper.(sgdlab.Diffusive)
	if !ok || !stepper.Random() {
		return nil, nil
	}
	f, ok := of.(sgdlab.Differentiable)
	if !ok || column != 0 { // a gradient is that of the first column
		return nil, nil
	}
	locate, err := observable.NewBridge(name, f, diffusion.SDE())
	if errors.Is(err, observable.ErrNoBridge) {
		return nil, nil // jumps have no bridge: crossings are seen at the ends of steps
	}
	return locate, err
}

func (lv *level) build(site *sgdlab.Site, column string, dir sgdlab.Direction) (sgdlab.Level, error) {
	switch {
	case lv.number != nil:
		return func(_ lanes.Vec, at *sgdlab.Clock) lanes.Vec { return lv.number(at) }, nil
	case lv.factor != nil:
		return func(start lanes.Vec, at *sgdlab.Clock) lanes.Vec {
			f := lv.factor(at)
			for l := range f {
				f[l] *= start[l]
			}
			return f
		}, nil
	}
	if column != "loss" || dir != sgdlab.FallsBelow {
		return nil, fmt.Errorf("got a level below a saddle for %s of %s; want falls-below of loss", dir, column)
	}
	drop, err := SaddleDrop(site)
	if err != nil {
		return nil, fmt.Errorf("got {from: saddle}, but %w", err)
	}
	return func(_ lanes.Vec, at *sgdlab.Clock) lanes.Vec {
		var v lanes.Vec
		if lv.by != nil {
			v = lv.by(at)
		} else {
			v = lv.fraction(at)
			for l := range v {
				v[l] *= drop.Loss - drop.Next
			}
		}
		for l := range v {
			v[l] = drop.Loss - v[l]
		}
		return v
	}, nil
}

// Drop is the loss at a saddle and at the saddle with one more mode learnt, the next in strength.
type Drop struct{ Loss, Next float64 }

// SaddleDrop returns the drop below the saddle at which the site's replicas start.
func SaddleDrop(site *sgdlab.Site) (Drop, error) {
	start, ok := site.Start.(sgdlab.AtSaddle)
	if !ok {
		return Drop{}, fmt.Errorf("replicas do not start at a saddle; want start: {name: saddle, modes: […]}")
	}
	model, err := sgdlab.As[sgdlab.Saddled](site.Model)
	if err != nil {
		return Drop{}, err
	}
	modes := start.Modes()
	_, loss, err := model.Critical(modes)
	if err != nil {
		return Drop{}, err
	}
	next := 0
	for m := 1; m <= len(model.Modes()) && next == 0; m++ {
		if !containsInt(modes, m) && model.Modes()[m-1] > 0 {
			next = m
		}
	}
	if next == 0 {
		return Drop{}, fmt.Errorf("every mode is learnt at the saddle where replicas start: nothing is below it")
	}
	_, below, err := model.Critical(append(append([]int{}, modes...), next))
	if err != nil {
		return Drop{}, err
	}
	return Drop{Loss: loss, Next: below}, nil
}

func containsInt(list []int, x int) bool {
	for _, y := range list {
		if y == x {
			return true
		}
	}
	return false
}
