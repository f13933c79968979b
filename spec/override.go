package spec

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Override applies command-line arguments `path=value` to a spec, in order.
//
//   - The path is a full one (`dynamics.sgd.rate`, `observe[1].every`, `dynamics.*.rate`), or the end of one that no
//     other ends in: `rate` is `dynamics.*.rate` where every `rate` stands in an entry of dynamics. What is ambiguous or
//     unknown is a problem that lists the candidates. Of a full path the last key may be new to its map.
//   - The value is YAML. Several, separated by commas, or a range are a sweep over the path: `rate=0.01,0.02`,
//     `seed=range(0, 100)`; `widths=[5, 5]` is one value, `[5, 5],[5, 9]` two. `title` and `question` take their text as
//     it is.
//   - An entry of the spec's sweep over the same settings is replaced, by the value or by the new values. One that would
//     silently undo the override, because it sets only some of the same settings or a whole that contains them, is a
//     problem.
//   - `sweep.path=…`, `sweep.product.path=…` and `sweep.zip.path=…` write into the sweep, whatever the number of values.
//
// Nodes made here have File CommandLine and the argument's place, from 1, as Line. With problems, the spec may be half
// changed.
func Override(root *Node, args []string) Problems {
	if len(args) == 0 {
		return nil
	}
	if root == nil || root.Kind != Map {
		return Problems{root.Problem("", "`key: value` lines at the top")}
	}
	o := &overrider{root: root, given: map[string]int{}}
	for i, arg := range args {
		o.arg = i + 1
		o.apply(arg)
	}
	return o.problems
}

type overrider struct {
	root     *Node
	arg      int
	given    map[string]int // path → argument
	problems Problems
}

func (o *overrider) problem(path, found, want string) {
	o.problems.Add(Problem{File: CommandLine, Line: o.arg, Path: path, Found: found, Want: want})
}

// made gives a node the argument's place.
func (o *overrider) made(n *Node) *Node {
	return n.At(&Node{File: CommandLine, Line: o.arg, Col: n.Col})
}

func (o *overrider) apply(arg string) {
	if !utf8.ValidString(arg) {
		o.problem("", "bytes that are not UTF-8", "path=value in UTF-8")
		return
	}
	path, text, found := strings.Cut(arg, "=")
	path, text = strings.TrimSpace(path), strings.TrimSpace(text)
	if !found || path == "" {
		o.problem("", shorten(arg), "path=value, as in rate=0.01")
		return
	}
	if text == "" {
		o.problem(shorten(path), "no value", "path=value; null for none")
		return
	}
	group, inner := "", path
	if rest, ok := strings.CutPrefix(path, "sweep."); ok && path != "sweep.product" && path != "sweep.zip" {
		group, inner = "sweep", rest
		for _, g := range []string{"product", "zip"} {
			if after, ok := strings.CutPrefix(rest, g+"."); ok {
				group, inner = g, after
			}
		}
	}
	steps, ok := o.resolve(path, inner)
	if !ok {
		return
	}
	full := joinSteps(steps)
	if before, twice := o.given[full]; twice {
		o.problem(shorten(path), full+", which argument "+fmt.Sprint(before)+" sets too", "each path once; several values are separated by commas")
		return
	}
	o.given[full] = o.arg
	if group == "" && (full == "title" || full == "question") {
		o.root.Put(full, o.made(New(text)))
		return
	}
	values, isSweep, ok := o.values(path, text)
	if !ok {
		return
	}
	switch {
	case group == "" && !isSweep:
		o.set(path, steps, values[0])
	case full == "sweep" || strings.HasPrefix(full, "sweep."):
		o.problem(path, shorten(text), "a map of `path: values`, or null")
	default:
		o.sweep(path, group, steps, values)
	}
}

// resolve turns a path as given into a full one.
func (o *overrider) resolve(path, inner string) ([]step, bool) {
	steps, err := parsePath(inner)
	if err != nil {
		o.problem("", err.Error(), "")
		return nil, false
	}
	first := steps[0].key
	if o.root.find(first) >= 0 || slices.Contains(TopKeys(), first) || steps[0].star {
		return steps, true
	}
	var ends [][]step
	var seen []string // every last key, for suggestions
	walkPaths(o.root, nil, func(at []step) {
		if last := at[len(at)-1].key; !slices.Contains(seen, last) {
			seen = append(seen, last)
		}
		if len(at) < len(steps) {
			return
		}
		for i, s := range at[len(at)-len(steps):] {
			if want := steps[i]; !want.star && (want.key != s.key || want.bracket && !s.bracket) {
				return
			}
		}
		ends = append(ends, slices.Clone(at))
	})
	if full, ok := common(ends); ok {
		return full, true
	}
	if len(ends) == 0 {
		known := append(TopKeys(), seen...)
		word := steps[len(steps)-1].key
		if len(steps) > 1 {
			word = first
		}
		slices.Sort(seen)
		o.problem("", shorten(path), "a path into the spec, as dynamics.sgd.rate, or a key of it: "+listed(slices.Compact(slices.DeleteFunc(seen, func(k string) bool { return isDigit(k[0]) })))+DidYouMean(word, known))
		return nil, false
	}
	candidates := make([]string, len(ends))
	for i, e := range ends {
		candidates[i] = joinSteps(e)
	}
	o.problem("", shorten(path)+", which may be any of "+fmt.Sprint(len(ends)), "one of "+listed(candidates))
	return nil, false
}

// walkPaths visits every path of a spec that an override may shorten.
func walkPaths(n *Node, at []step, visit func([]step)) {
	for _, p := range n.Pairs {
		if len(at) == 0 && keepsRefs(p.Key) || p.Key == "" {
			continue
		}
		next := append(slices.Clip(at), step{key: p.Key, index: -1})
		visit(next)
		walkPaths(p.Value, next, visit)
	}
	for i, it := range n.Items {
		next := append(slices.Clip(at), step{key: fmt.Sprint(i), index: i, bracket: true})
		visit(next)
		walkPaths(it, next, visit)
	}
}

// common is the one path that stands for all: itself, or, where they differ in one place only, with a `*` there.
func common(paths [][]step) ([]step, bool) {
	if len(paths) == 0 {
		return nil, false
	}
	star := -1
	for _, p := range paths[1:] {
		if len(p) != len(paths[0]) {
			return nil, false
		}
		for i := range p {
			if p[i] != paths[0][i] {
				if star >= 0 && star != i {
					return nil, false
				}
				star = i
			}
		}
	}
	full := slices.Clone(paths[0])
	if star >= 0 {
		full[star] = step{key: "*", index: -1, star: true}
	}
	return full, true
}

// values parses an argument's value; isSweep says whether it spells several.
func (o *overrider) values(path, text string) (values []*Node, isSweep, ok bool) {
	parts, ok := splitTop(text)
	if !ok {
		o.problem(path, shorten(text), "brackets and quotes that pair up")
		return nil, false, false
	}
	for _, part := range parts {
		if part == "" {
			o.problem(path, shorten(text), "a value before and after each comma; quotes around text with commas")
			return nil, false, false
		}
		if hasComment(part) {
			o.problem(path, shorten(text), "quotes around text with a # in it")
			return nil, false, false
		}
		n, problems := parse(CommandLine, []byte(part))
		for _, p := range problems {
			o.problem(join(path, p.Path), p.Found, p.Want)
		}
		if len(problems) > 0 {
			return nil, false, false
		}
		values = append(values, o.made(n))
	}
	return values, len(values) > 1 || values[0].IsRange(), true
}

func hasComment(text string) (is bool) {
	defer func() {
		if recover() != nil { // the lexer's mistake: parse will meet it again and report it
			is = false
		}
	}()
	return slices.ContainsFunc(lexer.Tokenize(text), func(tk *token.Token) bool { return tk.Type == token.CommentType })
}

// places finds what a path sets; on a copy when dry.
func (o *overrider) places(path string, root *Node, steps []step) ([]Place, bool) {
	prepare(root, steps)
	places, m := root.findSteps(steps, true)
	if len(places) == 0 {
		o.problem(path, "a path that matches nothing", m.want())
		return nil, false
	}
	return places, true
}

func (o *overrider) set(path string, steps []step, value *Node) {
	places, ok := o.places(path, o.root, steps)
	if !ok {
		return
	}
	if steps[0].key != "sweep" {
		covered, ok := o.covered(path, places)
		if !ok {
			return
		}
		for _, e := range covered {
			o.drop(e)
		}
	}
	for _, p := range places {
		p.set(value.Clone())
	}
}

func (o *overrider) sweep(path, group string, steps []step, values []*Node) {
	places, ok := o.places(path, o.root.Clone(), steps)
	if !ok {
		return
	}
	covered, ok := o.covered(path, places)
	if !ok {
		return
	}
	list := o.made(&Node{Kind: Seq, Items: values})
	if len(values) == 1 && (values[0].IsRange() || group != "" && values[0].Kind == Seq) {
		list = values[0]
	}
	key := joinSteps(steps)
	if len(covered) > 0 && (group == "" || group == covered[0].group) {
		e := covered[0]
		for _, other := range covered[1:] {
			o.drop(other)
		}
		i := e.in.find(e.key)
		e.in.Pairs[i] = Pair{Key: key, Value: list, Line: list.Line, Col: list.Col}
		return
	}
	for _, e := range covered {
		o.drop(e)
	}
	sweep := o.root.Get("sweep")
	if sweep.IsNull() {
		sweep = o.made(&Node{Kind: Map})
		o.root.Put("sweep", sweep)
	}
	if sweep.Kind != Map {
		o.problems.Add(sweep.Problem("sweep", "a map of `path: values`"))
		return
	}
	in := sweep
	switch {
	case group == "zip" || group == "product":
		if sweep.Get(group).IsNull() {
			sweep.Put(group, o.made(&Node{Kind: Map}))
		}
		in = sweep.Get(group)
	case sweep.Get("product") != nil && sweep.Get("product").Kind == Map:
		in = sweep.Get("product")
	}
	if in.Kind != Map {
		o.problems.Add(in.Problem(join("sweep", group), "a map of `path: values`"))
		return
	}
	in.Put(key, list)
}

// entry is one `path: values` of the spec's sweep.
type entry struct {
	in    *Node
	group string // "sweep", "product" or "zip"
	key   string
}

func (o *overrider) entries() []entry {
	var all []entry
	sweep := o.root.Get("sweep")
	for _, key := range sweep.Keys() {
		if inner := sweep.Get(key); key == "product" || key == "zip" {
			for _, k := range inner.Keys() {
				all = append(all, entry{inner, key, k})
			}
			continue
		}
		all = append(all, entry{sweep, "sweep", key})
	}
	return all
}

// drop removes an entry, and the map around it when that becomes empty.
func (o *overrider) drop(e entry) {
	e.in.Delete(e.key)
	sweep := o.root.Get("sweep")
	if e.group != "sweep" && len(e.in.Pairs) == 0 {
		sweep.Delete(e.group)
	}
	if len(sweep.Pairs) == 0 {
		o.root.Delete("sweep")
	}
}

// covered returns the entries of the sweep that set nothing but some of these places, to be replaced. An entry that
// would set them again after the override is a problem. Entries that set something inside a place stay: they apply to
// the new value.
func (o *overrider) covered(path string, places []Place) (replaced []entry, ok bool) {
	set := make(map[string]bool, len(places))
	for _, p := range places {
		set[p.Path] = true
	}
	for _, e := range o.entries() {
		steps, err := parsePath(e.key)
		if err != nil {
			continue // NewSweep reports it
		}
		base := o.root.Clone()
		prepare(base, steps)
		targets, _ := base.findSteps(steps, true)
		same, other, undone := 0, 0, ""
		for _, t := range targets {
			if set[t.Path] {
				same++
				undone = t.Path
				continue
			}
			other++
			for p := range set {
				if rest, below := strings.CutPrefix(p, t.Path); below && (rest[0] == '.' || rest[0] == '[') {
					undone = t.Path
				}
			}
		}
		switch {
		case same > 0 && other == 0:
			replaced = append(replaced, e)
		case undone != "":
			o.problem(path, "a setting that the sweep over "+e.key+" would set again", e.key+"=… to replace that sweep, or sweep=null to drop all of it")
			return nil, false
		}
	}
	return replaced, true
}
