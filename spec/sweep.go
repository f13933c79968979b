package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Param is one setting of a point of a sweep: the path as the sweep writes it, `*` and all, and its value there, with
// references resolved.
type Param struct {
	Path  string
	Value *Node
}

// Point is one point of a sweep: a spec of its own, with its values set, its references resolved and `sweep` removed.
type Point struct {
	Index  int
	Root   *Node // shared with nothing
	Params []Param
}

// Sweep is the grid that a spec's `sweep` describes, its points made when asked for.
//
// `sweep` is a map of `path: values`, or holds such maps under `product` and `zip`. The entries of `product`, and those
// that stand directly in `sweep`, are axes of a grid; those of `zip` move together, as one axis. Points are in
// row-major order of the axes as written, the last varying fastest. Values are a list or a range (List); in a path `*`
// is every entry that has the key, and all of them are set to one value. Without a `*`, the last key may be absent from
// its map: a default can be swept. `seed.noise` and its like also apply where `seed` is one number.
type Sweep struct {
	base *Node // the spec without its sweep, to be cloned
	axes []axis
	len  int
}

// axis is one dimension of the grid: settings that move together.
type axis struct {
	dials []dial
	len   int
}

// dial is one path and its values.
type dial struct {
	path    string
	targets []Place // in base
	steps   [][]step
	values  []*Node
}

// NewSweep reads and checks the sweep of a spec, which it leaves as it is. A spec without one has one point.
func NewSweep(root *Node) (*Sweep, Problems) {
	s := &Sweep{base: root.Clone(), len: 1}
	if root == nil || root.Kind != Map {
		return nil, Problems{root.Problem("", "`key: value` lines at the top")}
	}
	i := s.base.find("sweep")
	if i < 0 {
		return s, nil
	}
	sweep := s.base.Pairs[i].Value
	s.base.Delete("sweep")
	b := &sweepBuilder{sweep: s}
	b.entries(sweep, "sweep", true)
	b.checkOverlaps()
	b.checkSize(sweep)
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return s, nil
}

type sweepBuilder struct {
	sweep    *Sweep
	problems Problems
	places   []Pair // where each dial was written, in order; Value is its values
	dials    []dial
}

// entries reads a map of `path: values`.
func (b *sweepBuilder) entries(n *Node, at string, top bool) {
	if n.IsNull() {
		return
	}
	if n.Kind != Map {
		b.problems.Add(n.Problem(at, "a map of `path: values`, as in `dynamics.*.rate: [0.01, 0.02]`"))
		return
	}
	for _, p := range n.Pairs {
		switch {
		case top && p.Key == "product":
			b.entries(p.Value, "sweep.product", false)
		case top && p.Key == "zip":
			b.zip(p)
		default:
			if d, ok := b.dial(p, at); ok {
				b.axis(axis{[]dial{d}, len(d.values)}, join(at, p.Key))
			}
		}
	}
}

// zip reads a map of `path: values` whose entries move together.
func (b *sweepBuilder) zip(zip Pair) {
	if zip.Value.IsNull() {
		return
	}
	if zip.Value.Kind != Map {
		b.problems.Add(zip.Value.Problem("sweep.zip", "a map of `path: values`, all of one length"))
		return
	}
	var a axis
	equal := true
	lengths := make([]string, 0, len(zip.Value.Pairs))
	for _, p := range zip.Value.Pairs {
		d, ok := b.dial(p, "sweep.zip")
		if !ok {
			continue
		}
		if len(a.dials) == 0 {
			a.len = len(d.values)
		}
		equal = equal && a.len == len(d.values)
		lengths = append(lengths, fmt.Sprintf("%d of %s", len(d.values), p.Key))
		a.dials = append(a.dials, d)
	}
	if !equal {
		b.problems.Add(zip.Value.Mistake("sweep.zip", strings.Join(lengths, ", "), "equally many values of each, as they move together").AtKey(zip))
		return
	}
	if len(a.dials) > 0 {
		b.axis(a, "sweep.zip")
	}
}

// axis takes an axis, unless it has a value twice: its points would be the same runs, counted as two.
func (b *sweepBuilder) axis(a axis, at string) {
	seen := make(map[string]bool, a.len)
	for i := range a.len {
		var key []byte
		var words []string
		for _, d := range a.dials {
			key = append(append(key, Canonical(d.values[i])...), 0)
			words = append(words, shorten(Inline(d.values[i])))
		}
		if seen[string(key)] {
			b.problems.Add(a.dials[0].values[i].Mistake(at, strings.Join(words, " with ")+" twice", "each value once: the same point twice is no new evidence; for more of it raise ensemble.replicas or sweep the seed"))
			return
		}
		seen[string(key)] = true
	}
	b.sweep.axes = append(b.sweep.axes, a)
}

// dial reads one `path: values`.
func (b *sweepBuilder) dial(p Pair, at string) (d dial, ok bool) {
	where := join(at, p.Key)
	steps, err := parsePath(p.Key)
	if err != nil {
		b.problems.Add(p.Value.Mistake(where, err.Error(), "").AtKey(p))
		return dial{}, false
	}
	if steps[0].key == "sweep" || steps[0].key != "seed" && keepsRefs(steps[0].key) {
		b.problems.Add(p.Value.Mistake(where, "a sweep over "+steps[0].key, "a path to a setting, which changes results").AtKey(p))
		return dial{}, false
	}
	prepare(b.sweep.base, steps)
	places, m := b.sweep.base.findSteps(steps, true)
	if len(places) == 1 && places[0].Node == nil && len(steps) == 1 && !slices.Contains(TopKeys(), p.Key) {
		places = nil
		m = miss{depth: 0, steps: steps, keys: b.sweep.base.Keys()}
	}
	if len(places) == 0 {
		b.problems.Add(p.Value.Mistake(where, "a path that matches nothing", m.want()).AtKey(p))
		return dial{}, false
	}
	values, err := p.Value.List()
	switch {
	case err != nil && p.Value.Kind == Scalar && !p.Value.IsRange():
		b.problems.Add(p.Value.Problem(where, "a list, as in [1, 2], or a range, as in linspace(0, 1, 5)"))
	case err != nil:
		b.problems.Add(p.Value.Mistake(where, err.Error(), ""))
	case len(values) == 0:
		b.problems.Add(p.Value.Mistake(where, "an empty list", "at least one value; without any there is nothing to run"))
	}
	if err != nil || len(values) == 0 {
		return dial{}, false
	}
	d = dial{path: p.Key, targets: places, values: values}
	for _, place := range places {
		concrete, err := parsePath(place.Path)
		if err != nil { // a key of the spec with a dot in it, found through a *
			b.problems.Add(p.Value.Mistake(where, "the key "+shorten(place.Path), "names without dots, brackets and quotes").AtKey(p))
			return dial{}, false
		}
		d.steps = append(d.steps, concrete)
	}
	b.places = append(b.places, Pair{Key: where, Value: p.Value, Line: p.Line, Col: p.Col})
	b.dials = append(b.dials, d)
	return d, true
}

// checkOverlaps refuses two dials that turn the same setting, or one inside another's value.
func (b *sweepBuilder) checkOverlaps() {
	owner := map[string]int{}
	for i, d := range b.dials {
		for _, t := range d.targets {
			if j, taken := owner[t.Path]; taken && j != i {
				b.overlap(i, j, t.Path)
				return
			}
			owner[t.Path] = i
		}
	}
	for i, d := range b.dials {
		for _, t := range d.targets {
			for end := strings.LastIndexAny(t.Path, ".["); end > 0; end = strings.LastIndexAny(t.Path[:end], ".[") {
				if j, taken := owner[t.Path[:end]]; taken && j != i {
					b.overlap(i, j, t.Path)
					return
				}
			}
		}
	}
}

func (b *sweepBuilder) overlap(i, j int, path string) {
	p := b.places[i]
	b.problems.Add(p.Value.Mistake(p.Key, path+", which "+b.places[j].Key+" sets too", "one entry of the sweep for each setting").AtKey(p))
}

func (b *sweepBuilder) checkSize(sweep *Node) {
	for _, a := range b.sweep.axes {
		b.sweep.len *= a.len
		if b.sweep.len > MaxPoints {
			counts := make([]string, len(b.sweep.axes))
			for i, a := range b.sweep.axes {
				counts[i] = fmt.Sprint(a.len)
			}
			b.problems.Add(sweep.Mistake("sweep", strings.Join(counts, " × ")+" points", fmt.Sprintf("at most %d", MaxPoints)))
			return
		}
	}
}

// prepare makes room for a setting: one seed becomes the three that it stands for, and a top-level key that the spec
// leaves to its default becomes an empty map.
func prepare(root *Node, steps []step) {
	if len(steps) < 2 {
		return
	}
	i := root.find(steps[0].key)
	switch {
	case i < 0 && slices.Contains(TopKeys(), steps[0].key) && !steps[1].star && !steps[1].bracket:
		root.Put(steps[0].key, &Node{Kind: Map})
	case i >= 0 && steps[0].key == "seed":
		seed := root.Pairs[i].Value
		if _, isNumber := seed.Uint(); isNumber {
			m := &Node{Kind: Map, File: seed.File, Line: seed.Line, Col: seed.Col}
			for _, key := range []string{"data", "init", "noise"} {
				m.Put(key, seed.Clone())
			}
			root.Pairs[i].Value = m
		}
	}
}

// Len is the number of points, at least 1.
func (s *Sweep) Len() int { return s.len }

// Paths are the paths that vary, in the order of Point.Params.
func (s *Sweep) Paths() []string {
	var paths []string
	for _, a := range s.axes {
		for _, d := range a.dials {
			paths = append(paths, d.path)
		}
	}
	return paths
}

// Point makes point i. Its problems are those of its references.
func (s *Sweep) Point(i int) (Point, Problems) {
	if i < 0 || i >= s.len {
		panic(fmt.Sprintf("spec: point %d of a sweep of %d", i, s.len))
	}
	p := Point{Index: i, Root: s.base.Clone()}
	at := make([]int, len(s.axes)) // which value of each axis
	for k := len(s.axes) - 1; k >= 0; k-- {
		at[k] = i % s.axes[k].len
		i /= s.axes[k].len
	}
	for k, a := range s.axes {
		for _, d := range a.dials {
			value := d.values[at[k]]
			for _, steps := range d.steps {
				places, _ := p.Root.findSteps(steps, true)
				for _, place := range places {
					place.set(value.Clone())
				}
			}
		}
	}
	problems := Resolve(p.Root)
	for _, a := range s.axes {
		for _, d := range a.dials {
			places, _ := p.Root.findSteps(d.steps[0], false)
			p.Params = append(p.Params, Param{Path: d.path, Value: places[0].Node.Clone()})
		}
	}
	return p, problems
}

// Expand makes all points of a spec's sweep, in order. The points of a large sweep fill memory: walk those of NewSweep.
func Expand(root *Node) ([]Point, Problems) {
	s, problems := NewSweep(root)
	if len(problems) > 0 {
		return nil, problems
	}
	points := make([]Point, 0, s.Len())
	for i := range s.Len() {
		p, more := s.Point(i)
		points = append(points, p)
		if problems = append(problems, more...).Sorted(); len(problems) > 50 {
			break // every point repeats them
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return points, nil
}
