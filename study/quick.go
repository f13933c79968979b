package study

import (
	"fmt"

	"sgdlab/spec"
)

// The sizes of a quick run.
const (
	quickPart     = 32 // a thirty-second of the replicas,
	quickReplicas = 16 // but at least so many, where there are as many
	quickValues   = 3  // values of a sweep along one axis; 2, its ends, along each of several
	quickPoints   = 8  // points in all: axes written later keep their last value only
)

// quicken thins a spec for a first look: fewer replicas and fewer points of the sweep, its ends among them, or the number of
// replicas that the spec names for it, at every point. It never shortens a horizon. It returns what it did.
func quicken(root *spec.Node) (did []string) {
	if q, ok := root.Lookup("ensemble.quick").Int(); ok && q >= 1 {
		if n := root.Lookup("ensemble.replicas"); n != nil {
			if r, ok := n.Int(); ok && q < r {
				root.Get("ensemble").Put("replicas", spec.New(q).At(n))
				did = append(did, fmt.Sprintf("quick: %d replicas of each cell, not %d", q, r))
			}
		}
		return did
	}
	if n := root.Lookup("ensemble.replicas"); n != nil {
		if r, ok := n.Int(); ok && r > quickReplicas {
			q := max(quickReplicas, r/quickPart)
			root.Get("ensemble").Put("replicas", spec.New(q).At(n))
			did = append(did, fmt.Sprintf("quick: %d replicas of each cell, not %d", q, r))
		}
	}
	axes := quickAxes(root.Get("sweep"))
	points := 1
	for _, a := range axes {
		n := a.values
		switch most := quickValues; {
		case len(axes) > 1:
			a.keep = ends(n, 2)
		default:
			a.keep = ends(n, most)
		}
		points *= len(a.keep)
	}
	for i := len(axes) - 1; i >= 0 && points > quickPoints; i-- {
		points /= len(axes[i].keep)
		axes[i].keep = axes[i].keep[len(axes[i].keep)-1:]
	}
	for _, a := range axes {
		if len(a.keep) == a.values {
			continue
		}
		for _, d := range a.dials {
			items, err := d.node.List()
			if err != nil {
				continue // Expand says what is wrong
			}
			seq := &spec.Node{Kind: spec.Seq}
			for _, k := range a.keep {
				seq.Items = append(seq.Items, items[k])
			}
			d.of.Put(d.path, seq.At(d.node))
			did = append(did, fmt.Sprintf("quick: %d of %d values of %s", len(a.keep), a.values, d.path))
		}
	}
	return did
}

// ends picks at most most of n indices: the ends, and the middle where three are allowed.
func ends(n, most int) []int {
	switch {
	case n <= most:
		out := make([]int, n)
		for i := range out {
			out[i] = i
		}
		return out
	case most == 2:
		return []int{0, n - 1}
	}
	return []int{0, n / 2, n - 1}
}

// quickAxis is one axis of a sweep: the settings that move together along it.
type quickAxis struct {
	values int
	keep   []int
	dials  []quickDial
}

type quickDial struct {
	of   *spec.Node // the map that holds it
	path string
	node *spec.Node
}

// quickAxes lists the axes of a sweep, as far as it is well formed.
func quickAxes(sweep *spec.Node) []*quickAxis {
	var axes []*quickAxis
	if sweep == nil || sweep.Kind != spec.Map {
		return nil
	}
	one := func(of *spec.Node, p spec.Pair) {
		if items, err := p.Value.List(); err == nil && len(items) > 0 {
			axes = append(axes, &quickAxis{values: len(items), dials: []quickDial{{of, p.Key, p.Value}}})
		}
	}
	for _, p := range sweep.Pairs {
		switch {
		case p.Key == "product" && p.Value.Kind == spec.Map:
			for _, q := range p.Value.Pairs {
				one(p.Value, q)
			}
		case p.Key == "zip" && p.Value.Kind == spec.Map:
			zip := &quickAxis{}
			for _, q := range p.Value.Pairs {
				items, err := q.Value.List()
				if err != nil || zip.values != 0 && len(items) != zip.values {
					zip = nil // Expand says what is wrong
					break
				}
				zip.values = len(items)
				zip.dials = append(zip.dials, quickDial{p.Value, q.Key, q.Value})
			}
			if zip != nil && zip.values > 0 {
				axes = append(axes, zip)
			}
		default:
			one(sweep, p)
		}
	}
	return axes
}
