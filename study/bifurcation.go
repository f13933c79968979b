package study

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/ensemble"
	"sgdlab/lanes"
	"sgdlab/spec"
	"sgdlab/store"
)

type bifurcationSettings struct {
	Over      string  `optional:"true" doc:"the swept path along which orbits are set out; may be left out where one path is swept"`
	Orbit     string  `default:"orbit" doc:"the word of the orbit's as"`
	Chaos     float64 `default:"0.005" doc:"Lyapunov exponent per step above which an orbit counts as chaotic"`
	Bisect    bool    `default:"false" doc:"narrow down where periods change and where chaos begins, by running the dynamics between neighbouring points of the sweep"`
	Tolerance float64 `default:"1e-4" check:">=1e-8 <1" doc:"width of a bracket, relative to the larger of its ends, at which bisect stops"`
}

// bifurcation is a bifurcationSettings that has been read.
type bifurcation struct {
	bifurcationSettings
	along          *axis
	period, values string // names of columns
}

func (l *loader) askBifurcation(n *spec.Node, at string) func(st *Study, all []*Outcome) (Analysis, error) {
	b := &bifurcation{}
	if !l.askSettings(n, at, &b.bifurcationSettings) {
		return nil
	}
	swept := l.study.swept()
	switch {
	case b.Over != "":
		if !l.sweptName(n.Get("over"), at+".over", b.Over) {
			return nil
		}
		b.along = l.axis(n.Get("over"), at+".over")
	case len(swept) == 1:
		b.Over = swept[0]
		b.along = l.axis(spec.New(b.Over).At(n), at+".over")
	default:
		l.problems.Add(n.Mistake(at+".over", "nothing", fmt.Sprintf("the path along which orbits are set out, of %d swept: %s", len(swept), strings.Join(swept, ", "))))
	}
	b.period, b.values = b.Orbit+"-period", b.Orbit
	if l.blind {
		return nil // something else is wrong where columns come from
	}
	seen := false
	for _, g := range l.study.Groups {
		if !g.has(b.period) {
			continue
		}
		seen = true
		if g.ends == nil {
			g.ends = map[string]bool{}
		}
		g.ends[b.period] = true
		for i := range g.Cells {
			if g.Cells[i].Replicas != 1 {
				l.problems.Add(n.Mistake(at, fmt.Sprintf("%d replicas of %s, each with an orbit of its own", g.Cells[i].Replicas, g.Arm), "ensemble.replicas: 1; sweep the seed for other starts"))
				return nil
			}
		}
	}
	if !seen {
		l.problems.Add(n.Mistake(at, "no column "+b.period, "an orbit under observe, as in {name: orbit, of: loss, values: 64, \"on\": end}"))
	}
	return func(st *Study, all []*Outcome) (Analysis, error) { return st.bifurcation(b, all) }
}

// has reports whether the group reads a column.
func (g *Group) has(column string) bool {
	for _, cols := range g.Columns {
		for _, c := range cols {
			if c.Name == column {
				return true
			}
		}
	}
	return false
}

// spot is a cell on a line of a bifurcation diagram.
type spot struct {
	o      *Outcome
	x      float64
	period float64 // NaN where the replica diverged
	lambda float64 // NaN where it is not read
}

// bracket is where something happens between neighbouring cells.
type bracket struct {
	from, to     *spot
	lower, upper float64
}

// change is where the period changes.
type change struct {
	bracket
	first, second float64 // the periods at its ends, as far as it was narrowed
}

const (
	mostRows     = 200 // of a table
	mostNarrowed = 24  // changes of period of one line
)

// bifurcation sets out orbits along a path: their values, their periods and where these change, and where chaos begins.
func (st *Study) bifurcation(b *bifurcation, all []*Outcome) (Analysis, error) {
	out := Analysis{Title: "Orbits along " + b.Over}
	windows := Table{Title: "Periods, in the order of " + b.Over, Columns: []string{"line", "period", "from", "to", "cells"}}
	changes := Table{Title: "Where the period changes", Columns: []string{"line", "period before", "period after", "lower", "upper", "ratio", "at least", "at most"}, Digits: 7}
	settled := Plot{Title: "Values along the orbit", X: b.Over, Y: "value",
		Note: "Dots: the values that an orbit settles on, of a cycle each once."}
	exponents := Plot{Title: "Lyapunov exponent", X: b.Over, Y: "λ per step", Note: "Above 0 is chaos; where minima or cycles come in families it is 0 on all that is not chaotic."}
	multipliers := Plot{Title: "Floquet multipliers", X: b.Over, Y: "multiplier", Note: "The period doubles where flip-multiplier passes −1; a cycle attracts where multiplier is below 1."}
	j := &judge{st: st, all: all}
	var cells []*Outcome
	for _, o := range all {
		if st.Groups[o.Cell.Group].has(b.period) {
			cells = append(cells, o)
		}
	}
	lines, err := j.lines(cells, b.along, true)
	if err != nil {
		return out, err
	}
	for _, l := range lines {
		name := l.label
		if name == "" {
			name = l.cells[0].Cell.Arm
		}
		spots, err := b.spots(st, l.cells)
		if err != nil {
			return out, err
		}
		if c := b.dots(spots, name); len(c.X) > 0 {
			settled.Dots = append(settled.Dots, c)
		}
		for _, of := range []struct {
			plot    *Plot
			columns []string
		}{{&exponents, []string{"lyapunov"}}, {&multipliers, []string{"flip-multiplier", "multiplier", "multiplier[1]"}}} {
			for _, column := range of.columns {
				c := Curve{Name: name + ", " + column}
				for _, p := range spots {
					if x, ok := p.o.end(column); ok {
						c.X, c.Y = append(c.X, store.Number(p.x)), append(c.Y, store.Number(x))
					}
				}
				switch {
				case len(c.X) == 0:
				case of.plot == &multipliers: // they jump where the period changes
					of.plot.Dots = append(of.plot.Dots, c)
				default:
					of.plot.Lines = append(of.plot.Lines, c)
				}
			}
		}
		runs := b.stretches(spots)
		var found []change
		for i, r := range runs {
			if i < mostRows {
				windows.add([]string{name}, r.period, r.first.x, r.last.x, float64(r.cells))
			}
			if i > 0 {
				was := runs[i-1]
				found = append(found, change{bracket{was.last, r.first, was.last.x, r.first.x}, was.period, r.period})
			}
		}
		if len(runs) > mostRows {
			out.Text = append(out.Text, fmt.Sprintf("%s: the table of periods has the first %d stretches of %d", name, mostRows, len(runs)))
		}
		if b.Bisect {
			if err := b.bisect(st, found); err != nil {
				return out, err
			}
		}
		ratios := ratiosOf(found)
		var told []string
		for i, c := range found {
			if i < mostRows {
				changes.add([]string{name}, append([]float64{c.first, c.second, c.lower, c.upper}, ratios[i][:]...)...)
			}
			if len(told) < 6 && c.first > 0 && c.second == 2*c.first {
				told = append(told, fmt.Sprintf("%g → %g in %v", c.first, c.second, c.bracket))
			}
		}
		if len(told) > 0 {
			out.Text = append(out.Text, fmt.Sprintf("%s: the period doubles %s", name, strings.Join(told, ", ")))
		} else {
			out.Text = append(out.Text, fmt.Sprintf("%s: no doubling of a period", name))
		}
		onset, err := b.onset(st, spots)
		if err != nil {
			return out, err
		}
		out.Text = append(out.Text, name+": "+onset)
	}
	if len(lines) == 0 {
		out.Text = append(out.Text, "no cell has an orbit")
	}
	out.Tables = []Table{changes, windows}
	for _, p := range []Plot{settled, exponents, multipliers} {
		if len(p.Dots)+len(p.Lines) > 0 {
			out.Plots = append(out.Plots, p)
		}
	}
	return out, nil
}

// end is a column of the one replica where it stopped.
func (o *Outcome) end(column string) (float64, bool) {
	m, ok := o.End[column]
	return m.M, ok && m.N == 1
}

// stretch is neighbouring cells of one period.
type stretch struct {
	period      float64
	first, last *spot
	cells       int
}

// stretches sorts a line's cells by period. Cells that still settle, without a period and, as far as is known, without chaos, are left
// out between two that have one: a change is somewhere about them.
func (b *bifurcation) stretches(spots []spot) []stretch {
	var all, out []stretch
	for i := range spots {
		p := &spots[i]
		if n := len(all); n > 0 && alikePeriods(all[n-1].period, p.period) {
			all[n-1].last = p
			all[n-1].cells++
			continue
		}
		all = append(all, stretch{p.period, p, p, 1})
	}
	settling := func(i int) bool {
		if i == 0 || i == len(all)-1 || all[i].period != 0 || !(all[i-1].period > 0) || !(all[i+1].period > 0) {
			return false
		}
		quiet := true
		for j := range spots {
			if x := spots[j].x; x >= all[i].first.x && x <= all[i].last.x {
				quiet = quiet && spots[j].lambda <= b.Chaos
			}
		}
		return quiet
	}
	for i, r := range all {
		if settling(i) {
			continue
		}
		if n := len(out); n > 0 && alikePeriods(out[n-1].period, r.period) {
			out[n-1].last = r.last
			out[n-1].cells += r.cells
			continue
		}
		out = append(out, r)
	}
	return out
}

// alikePeriods reports whether two periods are the same; NaN is as NaN.
func alikePeriods(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// spots reads the cells of a line, in the order of the path.
func (b *bifurcation) spots(st *Study, cells []*Outcome) ([]spot, error) {
	var out []spot
	for _, o := range cells {
		x, err := b.along.at(st, o.Cell)
		if err != nil {
			return nil, err
		}
		p := spot{o: o, x: x, period: math.NaN(), lambda: math.NaN()}
		if v, ok := o.end(b.period); ok {
			p.period = v
		}
		if v, ok := o.end("lyapunov"); ok {
			p.lambda = v
		}
		out = append(out, p)
	}
	return out, nil
}

// dots are the values of the orbits: of a cycle each once.
func (b *bifurcation) dots(spots []spot, name string) Curve {
	c := Curve{Name: name}
	for _, p := range spots {
		for k := 1; !(p.period > 0 && float64(k) > p.period); k++ {
			v, ok := p.o.end(fmt.Sprintf("%s[%d]", b.values, k))
			if !ok {
				break
			}
			c.X, c.Y = append(c.X, store.Number(p.x)), append(c.Y, store.Number(v))
		}
	}
	return c
}

// onset says where chaos begins: between the last orbit that is none and the first that is, or with bisect the last and the first of
// eight between these, and so on. Each is run from the start, as long as the cells.
func (b *bifurcation) onset(st *Study, spots []spot) (string, error) {
	for i := range spots {
		p := &spots[i]
		switch {
		case !(p.lambda > b.Chaos):
			continue
		case i == 0:
			return fmt.Sprintf("chaotic from the first, at %.9g", p.x), nil
		}
		c := bracket{&spots[i-1], p, spots[i-1].x, p.x}
		for b.Bisect && c.joined() && c.width() > b.Tolerance {
			at, lambda, err := c.inside(st, 0, "lyapunov")
			if err != nil {
				return "", err
			}
			k := 0
			for ; k < lanes.W && !(lambda[k] > b.Chaos); k++ {
				c.lower = at[k]
			}
			if k < lanes.W {
				c.upper = at[k]
			}
		}
		return fmt.Sprintf("chaos (λ > %g) begins in %v", b.Chaos, c), nil
	}
	lost := 0
	for _, p := range spots {
		if !math.IsNaN(p.lambda) {
			return fmt.Sprintf("no chaos: λ is nowhere above %g", b.Chaos), nil
		}
		if p.o.Diverged == p.o.Replicas {
			lost++
		}
	}
	if lost == len(spots) {
		return "no chaos: every replica diverged", nil
	}
	return "where chaos begins is not known: observe {name: lyapunov, \"on\": end} too", nil
}

// ratiosOf are Feigenbaum's: of a doubling that follows two others, (x₂ − x₁)/(x₃ − x₂) with x₃ its own place, of the middles of the
// brackets, and the least and the largest that these allow; NaN elsewhere, and ∞ where the last two may be one.
func ratiosOf(changes []change) [][3]float64 {
	out := make([][3]float64, len(changes))
	doubles := func(i int) bool {
		return i >= 0 && changes[i].first > 0 && changes[i].second == 2*changes[i].first && (i == 0 || changes[i-1].second == changes[i].first)
	}
	ratio := func(x1, x2, x3 float64) float64 {
		if !(x3 > x2) {
			return math.Inf(1)
		}
		return max(0, x2-x1) / (x3 - x2)
	}
	for i := range out {
		out[i] = [3]float64{math.NaN(), math.NaN(), math.NaN()}
		if doubles(i) && doubles(i-1) && doubles(i-2) {
			a, b, c := changes[i-2].bracket, changes[i-1].bracket, changes[i].bracket
			out[i] = [3]float64{ratio(a.middle(), b.middle(), c.middle()), ratio(a.upper, b.lower, c.upper), ratio(a.lower, b.upper, c.lower)}
		}
	}
	return out
}

// bisect narrows the brackets of the first changes from one period to another until they are as narrow as asked. Each round runs
// the dynamics from the start at as many places between as a pack has lanes. At a distance d from a change, relative to the
// parameter, orbits settle in some 1/d steps, so a round takes forty times as many as its places are apart. Of two steps p and
// 2p that part by little there, what still settles is taken for the longer: the upper end is kept a quarter of their distance
// off. Where no period is seen nothing is concluded. Of several changes inside a bracket the first is kept.
func (b *bifurcation) bisect(st *Study, found []change) error {
	for i := range found {
		c := &found[i]
		if i >= mostNarrowed || !(c.first > 0 && c.second > 0) || !c.joined() {
			continue
		}
		for c.width() > b.Tolerance {
			gap, was := (c.upper-c.lower)/(lanes.W+1), c.width()
			settle := 40 * (lanes.W + 1) / was
			if settle > mostSettling {
				break
			}
			at, periods, err := c.inside(st, settle, b.period)
			if err != nil {
				return err
			}
			k := 0
			for ; k < lanes.W && periods[k] == c.first; k++ {
				c.lower = at[k]
			}
			for ; k < lanes.W; k++ {
				if p := periods[k]; p > 0 && p != c.first {
					c.upper, c.second = min(c.upper, at[k]+gap/4), p
					break
				}
			}
			if !(c.width() < 0.9*was) {
				break
			}
		}
	}
	return nil
}

// joined reports whether the cells at the ends are of one group, so that the dynamics can be run between them.
func (c *bracket) joined() bool { return c.from.o.Cell.Group == c.to.o.Cell.Group }

// inside runs the dynamics at places between, as many as a pack has lanes and equally far apart, and reads a column.
func (c *bracket) inside(st *Study, settle float64, column string) (at [lanes.W]float64, read lanes.Vec, err error) {
	var fractions [lanes.W]float64
	gap := (c.upper - c.lower) / (lanes.W + 1)
	for l := range at {
		at[l] = c.lower + float64(gap*float64(l+1))
		fractions[l] = (at[l] - c.from.x) / (c.to.x - c.from.x)
	}
	from := c.from.o.Cell
	read, err = st.Groups[from.Group].between(st, from.Index, c.to.o.Cell.Index, fractions, settle, column)
	return at, read, err
}

func (c bracket) middle() float64 { return (c.lower + c.upper) / 2 }

// String is the bracket to three digits of its width, rounded outwards.
func (c bracket) String() string {
	if !(c.upper > c.lower) {
		return fmt.Sprintf("[%.9g, %.9g]", c.lower, c.upper)
	}
	places := max(0, 2-int(math.Floor(math.Log10(c.upper-c.lower))))
	unit := math.Pow(10, -float64(places))
	return fmt.Sprintf("[%.*f, %.*f]", places, math.Floor(c.lower/unit+1e-9)*unit, places, math.Ceil(c.upper/unit-1e-9)*unit)
}

// width is a bracket's, relative to the larger of its ends.
func (c *bracket) width() float64 {
	return (c.upper - c.lower) / math.Max(math.Abs(c.lower), math.Abs(c.upper))
}

// mostSettling is the most steps that a round of bisection takes.
const mostSettling = 5e7

// between runs the dynamics from its start at points between two cells of a group, where every setting is so large a fraction of the way
// from the one's to the other's, and reads a column: after as many steps as the cells have, or after settle where that is more.
func (g *Group) between(st *Study, from, to int, fractions [lanes.W]float64, settle float64, column string) (found lanes.Vec, err error) {
	twin := *g
	twin.tables = make([][]float64, len(g.tables))
	for i, values := range g.tables {
		for _, f := range fractions {
			twin.tables[i] = append(twin.tables[i], values[from]+float64(f*(values[to]-values[from])))
		}
	}
	twin.Cells = nil
	for range fractions {
		twin.Cells = append(twin.Cells, g.Cells[from])
	}
	l := &loader{study: st, problems: &spec.Problems{}}
	twin.made = l.sections(catalog.Builder(l.problems, twin.tables), g.Root(st, from), g.Arm)
	if len(*l.problems) > 0 {
		return found, *l.problems
	}
	rig, err := twin.Rig()
	if err != nil {
		return found, err
	}
	steps := uint64(0)
	for i := range twin.Cells {
		n, err := ensemble.Horizon(rig, &ensemble.Cell{Point: int32(i), Horizon: g.Cells[from].Horizon, AtMost: g.Cells[from].AtMost})
		if err != nil {
			return found, err
		}
		steps = max(steps, n)
	}
	steps = max(steps, uint64(settle))
	at := &sgdlab.Clock{}
	for l := range lanes.W {
		at.Point[l], at.Seed[l] = int32(l), g.Cells[from].InitSeed
	}
	theta := make(lanes.Pack, rig.Dim)
	rig.Start.Draw(theta, at)
	for l := range lanes.W {
		at.Seed[l] = g.Cells[from].NoiseSeed
	}
	state := make(lanes.Pack, sgdlab.Size(rig.Stepper))
	rig.Stepper.Init(state, theta, at, lanes.All)
	for range steps {
		dt := rig.Stepper.Step(state, at, lanes.All, nil)
		for l := range lanes.W {
			at.Step[l]++
			at.Time[l] += dt[l]
		}
	}
	var ws lanes.Arena
	for _, w := range rig.Watches {
		for k, c := range w.Columns() {
			if c.Name == column && w.Observable != nil {
				read := make(lanes.Pack, len(w.Columns()))
				w.Observable.Observe(read, state[:rig.Dim], at, &ws)
				return read[k], nil
			}
		}
	}
	return found, fmt.Errorf("no column %s", column)
}
