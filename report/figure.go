package report

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"

	"sgdlab/store"
)

// figure is a set of curves and the panels in which they are shown, one panel at a time on the page and side by side in
// the SVG. Everything drawn of it, and its CSV, comes from here.
type figure struct {
	ID, Title, Caption string // ID is a file's name without its ending
	X, Y               axis
	Lo, Hi             string   // what the ends of intervals are: "q05", "lower"
	Keys               []string // what tells curves apart, as columns of the CSV
	Curves             []curve
	Dims               []dimension
	Panels             []panel
	Strips             []strip // in place of curves
}

// axis is a quantity. Log is how it is first shown.
type axis struct {
	Label string
	Log   bool
}

// kind is how a curve is drawn.
type kind string

const (
	line      kind = "line"
	dashed    kind = "dash"  // a law or a theory beside what was measured
	steps     kind = "step"  // constant from each point to the next
	points    kind = "point" // with intervals
	dots      kind = "dot"   // many, several at one abscissa
	faintLine kind = "faint" // one replica's path
)

// curve is a list of points in ascending order of X; Lo, Hi and N are empty where there are none.
type curve struct {
	Keys      []string
	Kind      kind
	X, Y      []float64
	Lo, Hi, N []float64
}

// dimension is something that a reader chooses: a swept setting, or what to show.
type dimension struct {
	Name    string
	Options []string
}

// panel is what is shown for one choice of each dimension.
type panel struct {
	At    []int
	Items []item
}

// item is a curve in a panel. Colour counts through the palette; Variant tells curves of one colour apart.
type item struct {
	Curve           int
	Name            string
	Colour, Variant int
}

// title of a panel in the SVG, where all stand side by side: the values of what axes says. A lone one comes with its
// name.
func (f *figure) title(p *panel) string {
	var parts []string
	for i, d := range f.Dims {
		if len(d.Options) > 1 && d.Name != view {
			parts = append(parts, d.Options[p.At[i]])
		}
	}
	if axes := f.choices(); len(axes) == 1 && axes[0] != sweepPoint {
		return axes[0] + " " + parts[0]
	}
	return strings.Join(parts, " · ")
}

// choices are the settings that tell panels of the SVG apart.
func (f *figure) choices() []string {
	var names []string
	for _, d := range f.Dims {
		if len(d.Options) > 1 && d.Name != view {
			names = append(names, d.Name)
		}
	}
	return names
}

// names of dimensions that are no settings.
const (
	view       = "show"
	sweepPoint = "sweep point"
)

// add puts a curve into the figure, and says where.
func (f *figure) add(c curve) int {
	f.Curves = append(f.Curves, c)
	return len(f.Curves) - 1
}

// csv is the figure's data: one row per point drawn, in full precision.
func (f *figure) csv() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180
	if f.Strips != nil {
		f.stripRows(w)
	} else {
		head := append(slices.Clone(f.Keys), f.X.Label, f.Y.Label)
		intervals, counts := false, false
		for i := range f.Curves {
			intervals = intervals || f.Curves[i].Lo != nil
			counts = counts || f.Curves[i].N != nil
		}
		if intervals {
			head = append(head, f.Lo, f.Hi)
		}
		if counts {
			head = append(head, "n")
		}
		w.Write(head)
		for i := range f.Curves {
			c := &f.Curves[i]
			for j := range c.X {
				row := append(slices.Clone(c.Keys), number(c.X, j), number(c.Y, j))
				if intervals {
					row = append(row, number(c.Lo, j), number(c.Hi, j))
				}
				if counts {
					row = append(row, number(c.N, j))
				}
				w.Write(row)
			}
		}
	}
	w.Flush() // into memory: cannot fail
	return b.Bytes()
}

// number is a value in as few digits as read back the same; nothing where it is missing.
func number(x []float64, i int) string {
	if i >= len(x) || math.IsNaN(x[i]) {
		return ""
	}
	return strconv.FormatFloat(x[i], 'g', -1, 64)
}

// pointKeys are the columns that tell cells apart, and cellKeys their values.
func (r *run) pointKeys() []string {
	keys := []string{"cell", "dynamics"}
	for _, s := range r.swept {
		keys = append(keys, s.path)
	}
	return keys
}

func (r *run) cellKeys(cell int) []string {
	c := &r.cells[cell]
	keys := []string{strconv.Itoa(c.ID), c.Dynamics}
	for _, s := range r.swept {
		p, _ := c.Param(s.path)
		keys = append(keys, setting(p.Text))
	}
	return keys
}

// dims are the choices that lead to a point of the sweep, without one of the swept parameters if not −1. The function
// gives a point's place among them.
func (r *run) dims(without int) ([]dimension, func(p *point) []int) {
	if !r.grid {
		if len(r.points) < 2 || without >= 0 && len(r.swept) == 1 {
			return nil, func(*point) []int { return nil }
		}
		d := dimension{Name: sweepPoint}
		place := map[int]int{}
		seen := map[string]int{}
		for _, p := range r.points {
			name := r.pointName(p.params, without)
			k, ok := seen[name]
			if !ok {
				k = len(d.Options)
				seen[name] = k
				d.Options = append(d.Options, name)
			}
			place[p.id] = k
		}
		return []dimension{d}, func(p *point) []int { return []int{place[p.id]} }
	}
	var dims []dimension
	for k, s := range r.swept {
		if k == without {
			continue
		}
		d := dimension{Name: s.label}
		for _, v := range s.values {
			d.Options = append(d.Options, setting(v.Text))
		}
		dims = append(dims, d)
	}
	return dims, func(p *point) []int {
		var at []int
		for k := range r.swept {
			if k != without {
				at = append(at, p.at[k])
			}
		}
		return at
	}
}

// pointName is "temperature 0.1, rate 0.02", without one of the swept parameters if not −1.
func (r *run) pointName(params []store.Param, without int) string {
	var parts []string
	for k, s := range r.swept {
		if k == without {
			continue
		}
		if i := slices.IndexFunc(params, func(p store.Param) bool { return p.Path == s.path }); i >= 0 {
			parts = append(parts, s.label+" "+setting(params[i].Text))
		}
	}
	return strings.Join(parts, ", ")
}

// figures are those that the tables call for. Their IDs are unique, and unchanged from one report of a run to the next.
func (r *run) figures() []*figure {
	var all []*figure
	all = append(all, r.sweepFigures()...)
	all = append(all, r.lawFigures()...)
	all = append(all, r.analysisFigures()...)
	all = append(all, r.seriesFigures()...)
	all = append(all, r.plateauFigures()...)
	taken := map[string]bool{}
	for _, f := range all {
		slices.SortStableFunc(f.Panels, func(a, b panel) int { return slices.Compare(a.At, b.At) })
		id := f.ID
		for n := 2; taken[f.ID]; n++ {
			f.ID = id + "-" + strconv.Itoa(n)
		}
		taken[f.ID] = true
	}
	return all
}

// panelAt is the panel of a place, made where it is new.
func (f *figure) panelAt(at []int) *panel {
	for i := range f.Panels {
		if slices.Equal(f.Panels[i].At, at) {
			return &f.Panels[i]
		}
	}
	f.Panels = append(f.Panels, panel{At: at})
	return &f.Panels[len(f.Panels)-1]
}

// spans reports whether a logarithmic axis serves these curves: all positive, over more than two decades.
func spans(curves []curve, of func(*curve) []float64) bool {
	least, most := math.Inf(1), 0.0
	for i := range curves {
		c := &curves[i]
		lo, hi := positive(of(c))
		if lo == 0 && len(of(c)) > 0 {
			return false
		}
		least, most = math.Min(least, lo), math.Max(most, hi)
	}
	return most > 100*least && least > 0
}

func xOf(c *curve) []float64 { return c.X }
func yOf(c *curve) []float64 { return c.Y }
