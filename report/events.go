package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"sgdlab/store"
	"sgdlab/study"
)

// lawFigures has, for each event, the survival curves of its time, beside exponentials of the measured rates.
func (r *run) lawFigures() []*figure {
	var out []*figure
	dims, place := r.dims(-1)
	for _, event := range r.events() {
		f := &figure{
			ID: "survival-" + store.Slug(event), Title: "Survival: replicas still without " + event,
			X: axis{Label: "time"}, Y: axis{Label: "fraction without " + event, Log: true}, Lo: "lower", Hi: "upper",
			Keys: append(r.pointKeys(), "curve"), Dims: dims,
			Caption: "Kaplan–Meier estimate with its 95 % interval; dashed, the exponential law of the measured rate: on a logarithmic axis, a straight line.",
		}
		for i := range r.laws {
			l := &r.laws[i]
			if l.event != event || len(l.time) == 0 {
				continue
			}
			c := &r.cells[l.cell]
			p := &r.points[slices.IndexFunc(r.points, func(p point) bool { return p.id == c.Point })]
			arm := slices.Index(r.arms, c.Dynamics)
			km := curve{Keys: append(r.cellKeys(l.cell), "Kaplan-Meier"), Kind: steps, X: l.time, Y: l.s}
			if l.n > 1 { // the interval of one replica says nothing
				km.Lo, km.Hi = l.lo, l.hi
			}
			panel := f.panelAt(place(p))
			panel.Items = append(panel.Items, item{
				Curve: f.add(km),
				Name:  c.Dynamics, Colour: arm,
			})
			if rate, ok := c.Estimate("rate:" + event); ok && rate.Value > 0 {
				last := l.time[len(l.time)-1]
				e := curve{Keys: append(r.cellKeys(l.cell), "exponential"), Kind: dashed}
				for k := range 25 {
					t := last * float64(k) / 24
					e.X, e.Y = append(e.X, t), append(e.Y, math.Exp(-rate.Value*t))
				}
				panel.Items = append(panel.Items, item{Curve: f.add(e), Name: c.Dynamics + ", exponential", Colour: arm})
			}
		}
		if len(f.Curves) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// events are those of which cells have estimates or passages, in the order of the cells.
func (r *run) events() []string {
	var out []string
	add := func(e string) {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	for i := range r.cells {
		for _, e := range r.cells[i].Estimates {
			if name, ok := strings.CutPrefix(e.Name, "rate:"); ok {
				add(name)
			}
		}
	}
	for _, l := range r.laws {
		add(l.event)
	}
	return out
}

// meanTime is a cell's mean time to an event by simulation: the sample's mean; where replicas are censored, exposure
// over events, which is the mean of an exponential law, and how says so.
func meanTime(c *store.Cell, event string) (e store.Estimate, how string) {
	e, ok := c.Estimate("mean-time:" + event)
	if ok && !math.IsNaN(e.Value) {
		return e, "mean"
	}
	rate, ok := c.Estimate("rate:" + event)
	if !ok || !(rate.Value > 0) {
		return store.Estimate{Value: math.NaN(), SE: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), N: e.N, Unit: e.Unit}, ""
	}
	v := 1 / rate.Value
	out := store.Estimate{Value: v, SE: rate.SE * v * v, Lo: 1 / rate.Hi, Hi: 1 / rate.Lo, N: rate.N, Unit: "time"}
	if !(rate.Lo > 0) {
		out.Hi = math.NaN()
	}
	return out, "exposure/events"
}

// sweepFigures set mean times, and where there are no events the final means of columns, against each swept number.
func (r *run) sweepFigures() []*figure {
	var out []*figure
	for k, s := range r.swept {
		if !numeric(s.values) {
			continue
		}
		for _, e := range r.events() {
			inverse := s.path == "temperature" || strings.HasSuffix(s.path, ".temperature")
			out = append(out, r.timeFigure(e, k, false))
			if inverse {
				out = append(out, r.timeFigure(e, k, true))
			}
		}
		if len(r.events()) == 0 {
			out = append(out, r.endFigure(k))
		}
	}
	return slices.DeleteFunc(out, func(f *figure) bool { return f == nil })
}

// numeric reports whether there are two values at least, all of them numbers.
func numeric(values []store.Param) bool {
	return len(values) > 1 && !slices.ContainsFunc(values, func(p store.Param) bool {
		return math.IsNaN(p.Number) || math.IsInf(p.Number, 0)
	})
}

// timeFigure sets the mean time to an event against a swept number, or against its inverse.
func (r *run) timeFigure(event string, k int, inverse bool) *figure {
	s := r.swept[k]
	f := &figure{
		ID: "mean-time-" + store.Slug(event) + "-" + store.Slug(s.label), Title: "Mean time to " + event + " against " + s.label,
		X: axis{Label: s.label}, Y: axis{Label: "mean time to " + event, Log: true}, Lo: "lower", Hi: "upper",
		Keys: append(r.pointKeys(), "road"),
	}
	value := func(x float64) float64 { return x }
	if inverse {
		f.ID, f.Title, f.X.Label = f.ID+"-inverse", f.Title+", Arrhenius", "1/"+s.label
		value = func(x float64) float64 { return 1 / x }
	}
	dims, place := r.dims(k)
	f.Dims = dims
	how := map[string]bool{}
	type read struct{ x, y, lo, hi, n float64 }
	for _, road := range []string{"mean", "exposure/events", "theory", "solve"} {
		for a, arm := range r.arms {
			groups, order := map[string][]read{}, []string{}
			at, cell := map[string][]int{}, map[string]int{}
			for i := range r.points {
				p := &r.points[i]
				c := r.cellAt(p.id, arm)
				if c < 0 {
					continue
				}
				var e store.Estimate
				switch road {
				case "theory", "solve":
					e, _ = r.cells[c].Estimate(road + ":" + event)
				default:
					var is string
					if e, is = meanTime(&r.cells[c], event); is != road {
						continue
					}
				}
				v, _ := r.cells[c].Param(s.path)
				x := value(v.Number)
				if !(e.Value > 0) || math.IsNaN(x) || math.IsInf(x, 0) {
					continue
				}
				key := fmt.Sprint(place(p))
				if groups[key] == nil {
					order = append(order, key)
					at[key], cell[key] = place(p), c
				}
				groups[key] = append(groups[key], read{x, e.Value, e.Lo, e.Hi, float64(e.N)})
			}
			for _, key := range order {
				rows := groups[key]
				slices.SortStableFunc(rows, func(a, b read) int { return compare(a.x, b.x) })
				keys := r.cellKeys(cell[key])
				keys[0], keys[2+k] = "", "" // these change along the curve
				c := curve{Keys: append(keys, road), Kind: points}
				for _, w := range rows {
					c.X, c.Y = append(c.X, w.x), append(c.Y, w.y)
					c.Lo, c.Hi = append(c.Lo, w.lo), append(c.Hi, w.hi)
					c.N = append(c.N, w.n)
				}
				it := item{Name: arm, Colour: a}
				switch road {
				case "exposure/events":
					it.Name, it.Variant = arm+", exposure/events", 1
				case "theory", "solve":
					c.Kind, c.N = dashed, nil
					if road == "solve" {
						c.Kind = line
					}
					it.Name, it.Colour = arm+", "+road, len(r.arms)+a
					if len(r.arms) == 1 {
						it.Name, it.Colour = road, map[string]int{"theory": 1, "solve": 2}[road]
					} else if road == "theory" {
						it.Colour = a
					}
				}
				how[road] = true
				it.Curve = f.add(c)
				p := f.panelAt(at[key])
				p.Items = append(p.Items, it)
			}
		}
	}
	if len(f.Curves) == 0 {
		return nil
	}
	f.Caption = "Points: simulation, with 95 % intervals; at one abscissa, side by side."
	if len(r.arms) == 1 && !how["exposure/events"] {
		f.Caption = "Points: simulation, with 95 % intervals."
	}
	if how["exposure/events"] {
		f.Caption += " Hollow: some replicas met no event before the horizon; time followed over number of events, the mean if the law is exponential."
	}
	if how["solve"] {
		f.Caption += " Solid line: solved by quadrature."
	}
	if how["theory"] {
		f.Caption += " Dashed: theory, with the error that it states for itself."
	}
	if len(s.values) > 2 {
		f.X.Log = !inverse && spans(f.Curves, xOf)
	}
	return f
}

// mostNumbered is how many of columns name[1], name[2], … are shown: the values along an orbit, say, are more than one looks through.
const mostNumbered = 16

// numberOf is the k of a column name[k], 0 of others.
func numberOf(column string) int {
	_, k, ok := strings.Cut(strings.TrimSuffix(column, "]"), "[")
	n, err := strconv.Atoi(k)
	if !ok || err != nil {
		return 0
	}
	return n
}

// endFigure sets the final means of columns against a swept number.
func (r *run) endFigure(k int) *figure {
	s := r.swept[k]
	dims, place := r.dims(k)
	show := dimension{Name: view}
	f := &figure{
		ID: "end-" + store.Slug(s.label), Title: "Where replicas end, against " + s.label,
		X: axis{Label: s.label}, Y: axis{Label: "mean at the end"}, Lo: "lower", Hi: "upper",
		Keys: append(r.pointKeys(), "column"), Caption: "Mean over replicas at the end of their paths, with 95 % intervals.",
	}
	fewer := false
	type spot struct{ panel, arm string }
	curves := map[spot]int{}
	for i := range r.points {
		p := &r.points[i]
		for a, arm := range r.arms {
			c := r.cellAt(p.id, arm)
			if c < 0 {
				continue
			}
			v, _ := r.cells[c].Param(s.path)
			for _, e := range r.cells[c].Estimates {
				column, ok := strings.CutPrefix(e.Name, "end:")
				if !ok || math.IsNaN(e.Value) || math.IsNaN(v.Number) {
					continue
				}
				if numberOf(column) > mostNumbered {
					fewer = true
					continue
				}
				o := slices.Index(show.Options, column)
				if o < 0 {
					o = len(show.Options)
					show.Options = append(show.Options, column)
				}
				at := append(slices.Clone(place(p)), o)
				key := spot{fmt.Sprint(at), arm}
				j, ok := curves[key]
				if !ok {
					keys := r.cellKeys(c)
					keys[0], keys[2+k] = "", ""
					j = f.add(curve{Keys: append(keys, column), Kind: points})
					curves[key] = j
					q := f.panelAt(at)
					q.Items = append(q.Items, item{Curve: j, Name: arm, Colour: a})
				}
				w := &f.Curves[j]
				w.X, w.Y, w.Lo, w.Hi = append(w.X, v.Number), append(w.Y, e.Value), append(w.Lo, e.Lo), append(w.Hi, e.Hi)
				w.N = append(w.N, float64(e.N))
			}
		}
	}
	if len(f.Curves) == 0 {
		return nil
	}
	if fewer {
		f.Caption += fmt.Sprintf(" Of numbered columns the first %d.", mostNumbered)
	}
	for i := range f.Curves {
		f.Curves[i].sort()
	}
	f.Dims = append(dims, show)
	f.X.Log = spans(f.Curves, xOf)
	return f
}

// sort puts a curve's points in ascending order of X.
func (c *curve) sort() {
	order := every(len(c.X))
	slices.SortStableFunc(order, func(i, j int) int { return compare(c.X[i], c.X[j]) })
	c.X, c.Y, c.Lo, c.Hi, c.N = pick(c.X, order), pick(c.Y, order), pick(c.Lo, order), pick(c.Hi, order), pick(c.N, order)
}

// compare orders numbers, NaN first.
func compare(a, b float64) int {
	switch {
	case a < b || math.IsNaN(a) && !math.IsNaN(b):
		return -1
	case a > b || math.IsNaN(b) && !math.IsNaN(a):
		return 1
	}
	return 0
}

// analysisFigures are the plots of the run's analyses.
func (r *run) analysisFigures() []*figure {
	var out []*figure
	for _, a := range r.analyses {
		for i, p := range a.Plots {
			f := &figure{
				ID: store.Slug(a.Name) + "-" + strconv.Itoa(i+1), Title: p.Title,
				X: axis{Label: p.X, Log: p.LogX}, Y: axis{Label: p.Y, Log: p.LogY}, Lo: "lower", Hi: "upper",
				Keys: []string{"curve", "of"}, Caption: "From the analysis " + a.Name + ".",
			}
			if len(p.Points) > 0 {
				f.Caption += " Points: measured, with 95 % intervals; at one abscissa, side by side."
			}
			if len(p.Lines) > 0 {
				f.Caption += " Lines: predicted or fitted, with their intervals."
			}
			if p.Note != "" {
				f.Caption = "From the analysis " + a.Name + ". " + p.Note
			}
			items := []item{}
			for _, of := range []struct {
				what   string
				kind   kind
				curves []study.Curve
			}{{"line", line, p.Lines}, {"points", points, p.Points}, {"dots", dots, p.Dots}} {
				used := map[int]int{}
				for j, c := range of.curves {
					c.Name = setting(c.Name)
					colour, arm := r.colour(c.Name, j)
					it := item{
						Curve: f.add(curve{Keys: []string{c.Name, of.what}, Kind: of.kind, X: floats(c.X), Y: floats(c.Y), Lo: floats(c.Lo), Hi: floats(c.Hi)}),
						Name:  c.Name, Colour: colour, Variant: used[colour],
					}
					if !arm {
						it.Variant = 0
					}
					if of.kind == line && len(p.Points) > 0 {
						it.Name += ", line"
					}
					f.Curves[it.Curve].sort()
					used[colour]++
					items = append(items, it)
				}
			}
			if len(items) == 0 {
				continue
			}
			f.Panels = []panel{{Items: items}}
			out = append(out, f)
		}
	}
	return out
}

// colour gives the curve of a dynamics that dynamics' colour everywhere: its name starts with it. Others count on.
func (r *run) colour(name string, place int) (colour int, ofArm bool) {
	best := -1
	for i, a := range r.arms {
		if (name == a || strings.HasPrefix(name, a+",") || strings.HasPrefix(name, a+" ")) && (best < 0 || len(a) > len(r.arms[best])) {
			best = i
		}
	}
	if best >= 0 {
		return best, true
	}
	return place, false
}

func floats(x []store.Number) []float64 {
	if len(x) == 0 {
		return nil
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
