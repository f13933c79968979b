package catalog

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"sgdlab"
	"sgdlab/noise"
	"sgdlab/spec"
)

// Decoder fills settings from spec nodes and notes every mistake. Missing keys get their defaults, which it writes into
// the nodes, so that a tree once decoded is resolved; an item that was a bare name becomes a map where it has defaults.
//
// It works in two passes. Scanning a point notes the values of its settings of type Setting, in the order met, and
// everything else in Key: points with equal keys may share packs. Building then takes one point's nodes and hands out
// settings that look up each point's value in the tables gathered by scanning.
type Decoder struct {
	Problems *spec.Problems
	Values   []float64   // scanning: of each Setting that is given or has a default
	Tables   [][]float64 // building: of each Setting, by point of the group

	key      strings.Builder
	building bool
	next     int
	still    bool                  // of what does not move: no schedules
	spelt    map[string]*spec.Node // values written under an alias, by the path with the key itself
}

// Scanner returns a decoder for the first pass.
func Scanner(problems *spec.Problems) *Decoder {
	return &Decoder{Problems: problems}
}

// Builder returns a decoder for the second pass.
func Builder(problems *spec.Problems, tables [][]float64) *Decoder {
	return &Decoder{Problems: problems, Tables: tables, building: true}
}

// Key identifies what was scanned, but for the values of settings.
func (d *Decoder) Key() string { return d.key.String() }

// Note adds to the key.
func (d *Decoder) Note(format string, args ...any) { fmt.Fprintf(&d.key, format, args...) }

// PlacedError is a constructor's error with its place in the spec.
type PlacedError struct{ spec.Problem }

func (e *PlacedError) Error() string { return e.String() }

// Place gives an error of the item at a node its place. One that has a place already keeps it, without what was wrapped
// around it on the way: the path says that.
func Place(n *spec.Node, path string, err error) error {
	if err == nil {
		return nil
	}
	var placed *PlacedError
	if errors.As(err, &placed) {
		return placed
	}
	return &PlacedError{n.Mistake(path, strings.ReplaceAll(err.Error(), "\n", "; "), "")} // errors.Join puts one on each line
}

// Report adds an error to the problems, at its own place or else at the node's.
func (d *Decoder) Report(n *spec.Node, path string, err error) {
	var placed *PlacedError
	if errors.As(Place(n, path, err), &placed) {
		d.Problems.Add(placed.Problem)
	}
}

// Made is an item decoded, ready to be built as often as workers need it.
type Made[In, Out any] struct {
	Name  string // of the entry, also where the spec gave an alias
	Node  *spec.Node
	Path  string
	build func(In) (Out, error)
}

// Build makes one. Its error says where in the spec the mistake is.
func (m *Made[In, Out]) Build(in In) (Out, error) {
	out, err := m.build(in)
	return out, Place(m.Node, m.Path, err)
}

// Resolved things know settings that were left out and that only building them could tell, as a spec would write them, such
// as the loss that a data set stands for. Keys are those of the settings.
type Resolved interface{ Resolved() map[string]string }

// Resolve writes into the item's node what was left out and a built Resolved knows. As it changes what a decoder reads, it
// is for a tree that is to be kept and no longer decoded together with others of its kind.
func (m *Made[In, Out]) Resolve(built Out) {
	r, err := sgdlab.As[Resolved](built)
	if err != nil {
		return
	}
	for key, text := range sorted(r.Resolved()) {
		n := m.Node
		if n.Kind == spec.Map && !n.Get(key).IsNull() {
			continue
		}
		value, problems := spec.Parse("resolved", []byte("value: "+text))
		if len(problems) > 0 {
			panic(fmt.Sprintf("catalog: resolved %s: %v", key, problems))
		}
		whole(n, "name")
		n.Put(key, value.Get("value").At(n))
	}
}

// Decode reads an item of the list of Outs. ok is false where there was a mistake.
func Decode[In, Out any](d *Decoder, n *spec.Node, path string) (made *Made[In, Out], ok bool) {
	return DecodeExcept[In, Out](d, n, path)
}

// DecodeExcept is Decode of a map in which somebody else reads some keys.
func DecodeExcept[In, Out any](d *Decoder, n *spec.Node, path string, except ...string) (made *Made[In, Out], ok bool) {
	it, ok := d.item(of(reflect.TypeFor[Out]()), n, path, except...)
	if !ok {
		return nil, false
	}
	return &Made[In, Out]{Name: it.entry.Name, Node: n, Path: path, build: func(in In) (Out, error) {
		out, err := it.build(in)
		if err != nil {
			var none Out
			return none, err
		}
		return out.(Out), nil
	}}, true
}

// Number looks up a number below the node of an item of the list of Outs, by the keys of its settings: where the spec writes
// lr for rate, "rate" finds it too.
func Number[In, Out any](n *spec.Node, path string) (float64, bool) {
	if n == nil {
		return 0, false
	}
	var problems spec.Problems
	d := Scanner(&problems)
	n = n.Clone()
	Decode[In, Out](d, n, "")
	if c, ok := d.spelt[path]; ok {
		return c.Float()
	}
	return n.Lookup(path).Float()
}

// Struct fills a plain settings struct from a map; the keys named in except belong to somebody else.
func (d *Decoder) Struct(n *spec.Node, path string, into any, except ...string) bool {
	v := reflect.ValueOf(into).Elem()
	return d.nested(n, path, v, Fields(v.Type()), except...)
}

func of(out reflect.Type) *Kind {
	for _, k := range Kinds() {
		if k.out == out {
			return k
		}
	}
	panic(fmt.Sprintf("catalog: no list of %s", out))
}

// reading is a map being read, by one constructor's settings or by several's and by others besides.
type reading struct {
	node  *spec.Node
	path  string
	used  map[string]bool // keys that somebody reads
	known []string        // keys to offer for one that nobody reads
	alias map[string]string
	lacks []Field // required and not there
	open  bool    // an item beside is not known, and so not its keys
}

func read(n *spec.Node, path string, except ...string) *reading {
	r := &reading{node: n, path: path, used: map[string]bool{}, alias: map[string]string{}}
	r.use(except...)
	return r
}

func (r *reading) use(keys ...string) {
	for _, k := range keys {
		if !r.used[k] {
			r.used[k] = true
			r.known = append(r.known, k)
		}
	}
}

func (r *reading) at(key string) string { return join(r.path, key) }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// finish reports keys that nobody read and keys that are required and not there; one that is merely misspelt is reported
// once.
func (d *Decoder) finish(r *reading) bool {
	ok := true
	meant := map[string]bool{}
	spellings := append([]string(nil), r.known...)
	for a := range sorted(r.alias) {
		spellings = append(spellings, a)
	}
	for _, p := range r.node.Pairs {
		if r.used[p.Key] || r.open {
			continue
		}
		ok = false
		want := "one of " + strings.Join(r.known, ", ")
		if len(r.known) == 0 {
			want = "no key here"
		}
		if s := spec.Suggest(p.Key, spellings); s != "" {
			want = "a known key; did you mean " + s + "?"
			if key := r.alias[s]; key != "" {
				s = key
			}
			meant[s] = true
		}
		d.Problems.Add(p.Value.Mistake(r.at(p.Key), "the unknown key "+p.Key, want).AtKey(p))
	}
	for _, f := range r.lacks {
		ok = false
		if !meant[f.Key] {
			d.Problems.Add(r.node.Mistake(r.at(f.Key), "nothing", f.Type+": "+f.Doc))
		}
	}
	return ok
}

// item is an entry with its settings decoded.
type item struct {
	entry    Erased
	settings any
	node     *spec.Node
	path     string
}

// build calls the constructor. Its error has the item's place.
func (it item) build(in any) (any, error) {
	out, err := it.entry.build(it.settings, in)
	return out, Place(it.node, it.path, err)
}

// whole turns a bare name into a map that holds it at key.
func whole(n *spec.Node, key string) {
	if n.Kind == spec.Map {
		return
	}
	name := *n
	*n = spec.Node{Kind: spec.Map, File: n.File, Line: n.Line, Col: n.Col,
		Pairs: []spec.Pair{{Key: key, Value: &name, Line: n.Line, Col: n.Col}}}
}

// item reads an item from its name alone, or from a map that names it at `name` or at the kind's own key.
func (d *Decoder) item(k *Kind, n *spec.Node, path string, except ...string) (item, bool) {
	defer func(still bool) { d.still = still }(d.still)
	d.still = d.still || k.out == reflect.TypeFor[sgdlab.Start]()
	if _, bare := n.Text(); bare {
		m := *n
		whole(&m, "name")
		r := read(&m, path, append(except, "name")...)
		entry, ok := d.find(k, n, path)
		if !ok {
			return item{}, false
		}
		settings, ok := d.settings(entry, r)
		ok = d.finish(r) && ok
		if len(m.Pairs) > 1 {
			*n = m
		}
		return item{entry, settings, n, path}, ok
	}
	if n == nil || n.Kind != spec.Map {
		d.Problems.Add(n.Problem(path, fmt.Sprintf("%s, as in {%s: %s}", article(k), k.Key, k.Entries[0].Name)))
		return item{}, false
	}
	key := "name"
	if n.Get("name").IsNull() && !n.Get(k.Key).IsNull() {
		key = k.Key
	}
	r := read(n, path, append(except, key)...)
	entry, ok := d.named(k, key, r)
	if !ok {
		return item{}, false
	}
	settings, ok := d.settings(entry, r)
	return item{entry, settings, n, path}, d.finish(r) && ok
}

// named finds the entry that a map names at key.
func (d *Decoder) named(k *Kind, key string, r *reading) (Erased, bool) {
	c := r.node.Get(key)
	if c.IsNull() {
		d.Problems.Add(r.node.Mistake(r.path, "no "+key, fmt.Sprintf("%s: one of %s", key, strings.Join(k.Names(), ", "))))
		return Erased{}, false
	}
	return d.find(k, c, r.at(key))
}

// find finds the entry that a scalar names.
func (d *Decoder) find(k *Kind, n *spec.Node, path string) (Erased, bool) {
	name, ok := n.Text()
	if !ok {
		d.Problems.Add(n.Problem(path, "the name of "+article(k)+": "+strings.Join(k.Names(), ", ")))
		return Erased{}, false
	}
	entry, ok := k.Find(name)
	if !ok {
		want := article(k)
		if s := spec.Suggest(name, k.spellings()); s != "" {
			want += "; did you mean " + s + "?"
		} else {
			want += ": " + strings.Join(k.Names(), ", ")
		}
		d.Problems.Add(n.Mistake(path, n.Describe(), want))
	}
	return entry, ok
}

// settings fills the settings of an entry from a map.
func (d *Decoder) settings(e Erased, r *reading) (any, bool) {
	v := reflect.New(e.Settings).Elem()
	d.Note("%s{", e.Name)
	ok := d.fields(r, v, e.fields)
	d.Note("}")
	return v.Interface(), ok
}

// beside reads the item that a map names at key. Where it is a bare name its settings stand in the same map.
func (d *Decoder) beside(k *Kind, key string, r *reading) (item, bool) {
	r.use(key)
	c := r.node.Get(key)
	if c.Kind == spec.Map {
		return d.item(k, c, r.at(key))
	}
	entry, ok := d.named(k, key, r)
	if !ok {
		r.open = true
		return item{}, false
	}
	settings, ok := d.settings(entry, r)
	it := item{entry, settings, c, r.at(key)}
	if c.File == r.node.File && c.Line == r.node.Line && c.Col == r.node.Col { // a default, which has the map's place
		it.node, it.path = r.node, r.path
	}
	return it, ok
}

// noise decodes a factor and the law that drives it from one map, which is strict as a whole; either may read any of its
// keys, and a key of both serves both.
func (d *Decoder) noise(n *spec.Node, path string) (reflect.Value, bool) {
	factors, laws := of(reflect.TypeFor[sgdlab.Source]()), of(reflect.TypeFor[sgdlab.Law]())
	switch {
	case n.Kind == spec.Scalar:
		whole(n, factors.Key)
	case n.Kind != spec.Map:
		d.Problems.Add(n.Problem(path, fmt.Sprintf("a noise, as in {factor: %s, law: %s}", factors.Entries[0].Name, laws.Entries[0].Name)))
		return reflect.Value{}, false
	}
	r := read(n, path, factors.Key)
	factor := item{node: n, path: path}
	var good bool
	if factor.entry, good = d.named(factors, factors.Key, r); good {
		factor.settings, good = d.settings(factor.entry, r)
	} else {
		r.open = true
	}
	if n.Get(laws.Key).IsNull() {
		n.Put(laws.Key, spec.New(laws.Entries[0].Name).At(n))
	}
	law, ok := d.beside(laws, laws.Key, r)
	if good = d.finish(r) && ok && good; !good {
		return reflect.Value{}, false
	}
	var p sgdlab.Part[sgdlab.Noise] = func(site *sgdlab.Site) (sgdlab.Noise, error) {
		source, err := factor.build(site)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		drawn, err := law.build(site)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		joined, err := noise.Join(source.(sgdlab.Source), drawn.(sgdlab.Law))
		return joined, Place(n, path, err)
	}
	return reflect.ValueOf(p), true
}

func article(k *Kind) string {
	s := strings.TrimSuffix(k.Name, "s")
	switch k.Name {
	case "data":
		return "a data set"
	case "dynamics":
		return "a dynamics"
	case "theories":
		s = "theory"
	}
	if strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}
