package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A path names values of a tree: keys joined by dots, items of lists by `[i]` or `.i`, and `*` for every entry of a map
// or list that has what follows: `dynamics.sgd.rate`, `observe[1].every`, `observe.1.every`, `dynamics.*.rate`.

// step is one part of a path.
type step struct {
	key     string // as written; the digits of an index
	index   int    // −1 where key is no index
	bracket bool   // written [i]: lists only
	star    bool
}

// parsePath splits a path into its steps.
func parsePath(path string) ([]step, error) {
	bad := func(why string) ([]step, error) {
		return nil, fmt.Errorf("got the path %s; want keys joined by dots, as in dynamics.sgd.rate or observe[1].every: %s", shorten(strconv.Quote(path)), why)
	}
	var steps []step
	rest := path
	for first := true; rest != ""; first = false {
		if inner, found := strings.CutPrefix(rest, "["); found && !first {
			digits, after, closed := strings.Cut(inner, "]")
			i, err := strconv.Atoi(digits)
			if !closed || err != nil || i < 0 || !isDigit(digits[0]) {
				return bad("brackets hold the place of an item, from 0")
			}
			if after != "" && after[0] != '.' && after[0] != '[' {
				return bad("a dot is missing after ]")
			}
			steps = append(steps, step{key: digits, index: i, bracket: true})
			rest = after
			continue
		}
		if !first {
			rest = rest[1:] // the dot: the key before ended at a dot or a bracket
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		key := rest[:end]
		switch {
		case key == "":
			return bad("a key is missing")
		case strings.ContainsAny(key, "] \"'{}(),$") || strings.ContainsFunc(key, func(c rune) bool { return !unicode.IsPrint(c) }):
			return bad("the key " + strconv.Quote(key) + " holds a character that none has")
		}
		s := step{key: key, index: -1, star: key == "*"}
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && isDigit(key[0]) {
			s.index = i
		}
		steps = append(steps, s)
		rest = rest[end:]
		if len(steps) > MaxDepth {
			return bad("it is too deep")
		}
	}
	if len(steps) == 0 || strings.HasSuffix(path, ".") {
		return bad("a key is missing")
	}
	return steps, nil
}

// join appends a key, or a path, to a path.
func join(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

func joinSteps(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		switch {
		case s.bracket:
			b.WriteString("[" + s.key + "]")
		case i > 0:
			b.WriteString("." + s.key)
		default:
			b.WriteString(s.key)
		}
	}
	return b.String()
}

// Place is where a value stands in a tree.
type Place struct {
	Path string // canonical and without `*`: `observe[1].every`
	Node *Node  // nil where a setting would be new

	parent *Node
	key    string // in a Map
	index  int    // in a Seq
}

// set puts a value there.
func (p Place) set(value *Node) {
	if p.parent.Kind == Seq {
		p.parent.Items[p.index] = value
		return
	}
	p.parent.Put(p.key, value)
}

// miss is the deepest reason for which a path names nothing.
type miss struct {
	depth int
	steps []step
	at    string // the path as far as it goes
	found string // what stands there
	keys  []string
}

// want says what a path should have been.
func (m miss) want() string {
	suggestion := ""
	if m.depth >= 0 && m.depth < len(m.steps) { // a `*` over nothing has no depth
		if s := Suggest(m.steps[m.depth].key, m.keys); s != "" {
			better := append([]step(nil), m.steps...)
			better[m.depth] = step{key: s, index: -1}
			suggestion = "; did you mean " + joinSteps(better) + "?"
		}
	}
	where := "the spec"
	if m.at != "" {
		where = m.at
	}
	switch {
	case m.found != "":
		return fmt.Sprintf("a path into the spec: %s is %s%s", where, m.found, suggestion)
	case len(m.keys) > 0:
		return fmt.Sprintf("a path into the spec: %s has %s%s", where, listed(m.keys), suggestion)
	}
	return "a path into the spec" + suggestion
}

// finder walks a path.
type finder struct {
	steps  []step
	create bool // a last key that is not there may be set, unless a `*` came before it
	places []Place
	miss   miss
}

// findSteps returns every place that the steps name, in the tree's order.
func (n *Node) findSteps(steps []step, create bool) ([]Place, miss) {
	f := finder{steps: steps, create: create, miss: miss{depth: -1, steps: steps}}
	f.walk(n, 0, "", false)
	return f.places, f.miss
}

func (f *finder) walk(n *Node, i int, path string, starred bool) {
	s := f.steps[i]
	last := i == len(f.steps)-1
	enter := func(p Place) {
		if last {
			f.places = append(f.places, p)
		} else {
			f.walk(p.Node, i+1, p.Path, starred || s.star)
		}
	}
	switch {
	case s.star && n.Kind == Map:
		for _, p := range n.Pairs {
			enter(Place{Path: join(path, p.Key), Node: p.Value, parent: n, key: p.Key})
		}
	case s.star && n.Kind == Seq:
		for j, it := range n.Items {
			enter(Place{Path: fmt.Sprintf("%s[%d]", path, j), Node: it, parent: n, index: j})
		}
	case n.Kind == Map && !s.bracket && !s.star:
		child := n.Get(s.key)
		if child == nil && !(last && f.create && !starred) {
			f.missed(i, path, "", n.Keys())
			return
		}
		enter(Place{Path: join(path, s.key), Node: child, parent: n, key: s.key})
	case n.Kind == Seq && s.index >= 0 && s.index < len(n.Items):
		enter(Place{Path: fmt.Sprintf("%s[%d]", path, s.index), Node: n.Items[s.index], parent: n, index: s.index})
	default:
		f.missed(i, path, n.Describe(), nil)
	}
}

// missed keeps the deepest miss, and all keys seen at its depth.
func (f *finder) missed(depth int, path, found string, keys []string) {
	switch m := &f.miss; {
	case depth > m.depth:
		m.depth, m.at, m.found, m.keys = depth, path, found, keys
	case depth == m.depth:
		if len(keys) > 0 && m.found != "" {
			m.at, m.found = path, ""
		}
		for _, k := range keys {
			if !slices.Contains(m.keys, k) {
				m.keys = append(m.keys, k)
			}
		}
		if m.at != path {
			m.at = joinSteps(f.steps[:depth])
		}
	}
}

// Find returns every place of the tree that a path names, in the tree's order: none where there is none, and an error
// where the path is malformed.
func (n *Node) Find(path string) ([]Place, error) {
	steps, err := parsePath(path)
	if err != nil || n == nil {
		return nil, err
	}
	places, _ := n.findSteps(steps, false)
	return places, nil
}

// Lookup returns the first value that a path names, nil where there is none.
func (n *Node) Lookup(path string) *Node {
	places, _ := n.Find(path)
	if len(places) == 0 {
		return nil
	}
	return places[0].Node
}

// Set puts a clone of value at every place that a path names. The last key may be new to its map, unless a `*` came
// before it: then only the entries that have it are set. It says what is wrong where nothing can be set.
func (n *Node) Set(path string, value *Node) error {
	steps, err := parsePath(path)
	if err != nil {
		return err
	}
	places, m := n.findSteps(steps, true)
	if len(places) == 0 {
		return fmt.Errorf("got %s, which matches nothing; want %s", path, m.want())
	}
	for _, p := range places {
		p.set(value.Clone())
	}
	return nil
}
