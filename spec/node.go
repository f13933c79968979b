// Package spec turns the text of a spec file into a tree of nodes that know where they were written, and works on
// that tree: command-line overrides, sweeps, references, expressions, and the YAML and JSON that go into a run folder.
// It collects every mistake it meets, each with its place and its remedy, and stops at none that it can step over.
//
// What belongs here is the grammar that all specs share: YAML's strict subset, numbers, paths, ranges, `sweep`,
// `$path`, and the names of the top-level keys. What a model, a dynamics or a claim may contain does not: this package
// knows no name of the catalog, and of the laboratory it imports the language of expressions alone (package formula).
package spec

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sgdlab/formula"
)

// CommandLine is the File of nodes and problems that come from a command-line override; their Line is the argument's
// place, counted from 1.
const CommandLine = "command line"

// TopKeys are the keys that a spec may have at its top, in the order of the reference page.
func TopKeys() []string {
	return []string{"title", "question", "seed", "data", "model", "start", "dynamics", "observe", "events", "plateaus",
		"ensemble", "sweep", "answer", "split", "ask", "claims"}
}

// Kind says which of Node's fields hold its content.
type Kind uint8

// The kinds of node. The zero Node is Null.
const (
	Null   Kind = iota // nothing: `null`, `~`, or no value after a key
	Scalar             // Value, Quoted
	Seq                // Items
	Map                // Pairs
)

// Node is one value of a spec and the place where it was written.
//
// A scalar keeps its text: whether `1e-4` is a number is asked with Float, and answered by the same grammar
// everywhere. Quoted text is never a number or a boolean, with one exception: "inf", which JSON has no other way to
// write. Helpers that read are safe on a nil Node, which answers as an absent value.
type Node struct {
	Kind   Kind
	Quoted bool // a Scalar written in quotes or as a block, or that needs them: text, whatever it looks like
	Value  string
	Pairs  []Pair // in the order written; keys are unique
	Items  []*Node

	File      string
	Line, Col int // from 1; 0 where the node was made by the program
}

// Pair is one entry of a Map. Keys are always text: `on:` and `1:` are "on" and "1".
type Pair struct {
	Key       string
	Value     *Node // never nil; an absent value is a Null
	Line, Col int   // of the key
}

// Get returns the value at key of a Map, and nil where there is none.
func (n *Node) Get(key string) *Node {
	if i := n.find(key); i >= 0 {
		return n.Pairs[i].Value
	}
	return nil
}

// find returns the index of key among the pairs, or −1.
func (n *Node) find(key string) int {
	if n == nil || n.Kind != Map {
		return -1
	}
	return slices.IndexFunc(n.Pairs, func(p Pair) bool { return p.Key == key })
}

// Keys returns the keys of a Map in their order, nil of anything else.
func (n *Node) Keys() []string {
	if n == nil || n.Kind != Map {
		return nil
	}
	keys := make([]string, len(n.Pairs))
	for i, p := range n.Pairs {
		keys[i] = p.Key
	}
	return keys
}

// Put sets one entry of a Map, in place where the key exists, else at the end. A new key takes its place from value.
// It panics on a node that is not a Map.
func (n *Node) Put(key string, value *Node) {
	if n.Kind != Map {
		panic("spec: Put on a node that is not a Map")
	}
	if i := n.find(key); i >= 0 {
		n.Pairs[i].Value = value
		return
	}
	n.Pairs = append(n.Pairs, Pair{Key: key, Value: value, Line: value.Line, Col: value.Col})
}

// Delete removes one entry of a Map and says whether it was there.
func (n *Node) Delete(key string) bool {
	i := n.find(key)
	if i < 0 {
		return false
	}
	n.Pairs = slices.Delete(n.Pairs, i, i+1)
	return true
}

// IsNull says whether the node is absent or Null.
func (n *Node) IsNull() bool { return n == nil || n.Kind == Null }

// Text returns a scalar's text as written, without quotes.
func (n *Node) Text() (string, bool) {
	if n == nil || n.Kind != Scalar {
		return "", false
	}
	return n.Value, true
}

// Float returns the number that a scalar spells: `2`, `1e-4`, `1E5`, `1_000`, `.5`, `0x1F`, `-inf`. What overflows and
// what is not a number, `.nan` included, is refused.
func (n *Node) Float() (float64, bool) {
	num, ok := n.number()
	return num.Float, ok
}

// Int returns the whole number that a scalar spells; `1e5` and `20_000` are whole, `0.5` is not. Where the text is not
// plain digits it must be at most 2⁵³ in size, so that nothing is rounded.
func (n *Node) Int() (int64, bool) {
	num, ok := n.number()
	switch {
	case !ok:
		return 0, false
	case num.Exact && num.Negative:
		if num.Size > 1<<63 {
			return 0, false
		}
		return -int64(num.Size-1) - 1, true // −2⁶³ has no positive counterpart; size ≥ 1, as −0 is not exact
	case num.Exact:
		return int64(num.Size), num.Size <= math.MaxInt64
	case num.Float != math.Trunc(num.Float) || math.Abs(num.Float) > 1<<53:
		return 0, false
	}
	return int64(num.Float), true
}

// Uint is Int for 0 … 2⁶⁴ − 1, the range of seeds.
func (n *Node) Uint() (uint64, bool) {
	num, ok := n.number()
	switch {
	case !ok || num.Float < 0:
		return 0, false
	case num.Exact:
		return num.Size, true
	case num.Float != math.Trunc(num.Float) || num.Float > 1<<53:
		return 0, false
	}
	return uint64(num.Float), true
}

// Bool returns the truth that a scalar spells, `true` or `false` and nothing else: yes, no, on and off are text.
func (n *Node) Bool() (value, ok bool) {
	if n == nil || n.Kind != Scalar || n.Quoted || n.Value != "true" && n.Value != "false" {
		return false, false
	}
	return n.Value == "true", true
}

// Strings returns the texts of a list of scalars, ranges expanded.
func (n *Node) Strings() ([]string, error) {
	items, err := n.List()
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(items))
	for i, it := range items {
		var ok bool
		if texts[i], ok = it.Text(); !ok {
			return nil, fmt.Errorf("got %s at place %d of the list; want text", it.Describe(), i)
		}
	}
	return texts, nil
}

// Floats returns the numbers of a list, ranges expanded: `[0, 1]`, `linspace(0, 1, 5)`, `[0, logspace(1e-3, 1, 4)]`.
func (n *Node) Floats() ([]float64, error) {
	return numbers(n, (*Node).Float, "a number")
}

// Ints returns the whole numbers of a list, ranges expanded.
func (n *Node) Ints() ([]int64, error) {
	return numbers(n, (*Node).Int, "a whole number")
}

func numbers[T any](n *Node, read func(*Node) (T, bool), want string) ([]T, error) {
	items, err := n.List()
	if err != nil {
		return nil, err
	}
	values := make([]T, len(items))
	for i, it := range items {
		var ok bool
		if values[i], ok = read(it); !ok {
			return nil, fmt.Errorf("got %s at place %d of the list; want %s", it.Describe(), i, want)
		}
	}
	return values, nil
}

// Describe says what the node is, as the finding of an error: its text, or "a list of 3", "a map", "nothing".
func (n *Node) Describe() string {
	switch {
	case n == nil || n.Kind == Null:
		return "nothing"
	case n.Kind == Seq:
		return fmt.Sprintf("a list of %d", len(n.Items))
	case n.Kind == Map:
		return "a map"
	case n.Value == "":
		return "empty text"
	case n.Quoted && looksLikeMore(n.Value):
		return "the text " + strconv.Quote(shorten(n.Value))
	}
	return shorten(n.Value)
}

// looksLikeMore says whether text without its quotes would be something other than text.
func looksLikeMore(text string) bool {
	_, num := formula.ParseNumber(text)
	return num || isWord(text)
}

// shorten keeps an error on one line and in one glance.
func shorten(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// Clone returns a copy that shares nothing with n.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	if n.Pairs != nil {
		c.Pairs = make([]Pair, len(n.Pairs))
		for i, p := range n.Pairs {
			p.Value = p.Value.Clone()
			c.Pairs[i] = p
		}
	}
	if n.Items != nil {
		c.Items = make([]*Node, len(n.Items))
		for i, it := range n.Items {
			c.Items[i] = it.Clone()
		}
	}
	return &c
}

// Equal says whether two trees hold the same content in the same order, wherever they were written.
func Equal(a, b *Node) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	return a.Kind == b.Kind && a.Value == b.Value && a.Quoted == b.Quoted &&
		slices.EqualFunc(a.Pairs, b.Pairs, func(p, q Pair) bool { return p.Key == q.Key && Equal(p.Value, q.Value) }) &&
		slices.EqualFunc(a.Items, b.Items, Equal)
}

// At gives every node of the tree the place of another, and returns it.
func (n *Node) At(place *Node) *Node {
	n.File, n.Line, n.Col = place.File, place.Line, place.Col
	for i := range n.Pairs {
		n.Pairs[i].Line, n.Pairs[i].Col = place.Line, place.Col
		n.Pairs[i].Value.At(place)
	}
	for _, it := range n.Items {
		it.At(place)
	}
	return n
}

// New makes a tree of Go values: nil, booleans, numbers, text, slices, []Pair (a Map in that order), maps with string
// keys (sorted), and Nodes, which are taken as they are. NaN is missing, hence Null. Text that would read as something
// else is Quoted. It panics on any other type.
func New(value any) *Node {
	switch v := value.(type) {
	case nil:
		return &Node{}
	case *Node:
		if v == nil {
			return &Node{}
		}
		return v
	case []Pair:
		m := &Node{Kind: Map, Pairs: make([]Pair, 0, len(v))}
		for _, p := range v {
			m.Put(p.Key, New(p.Value))
		}
		return m
	case string:
		v = strings.ToValidUTF8(v, "\ufffd")
		return &Node{Kind: Scalar, Value: v, Quoted: looksLikeMore(v) || !plain(v, false)}
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.String:
		return New(v.String())
	case reflect.Bool:
		return &Node{Kind: Scalar, Value: strconv.FormatBool(v.Bool())}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &Node{Kind: Scalar, Value: strconv.FormatInt(v.Int(), 10)}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &Node{Kind: Scalar, Value: strconv.FormatUint(v.Uint(), 10)}
	case reflect.Float32, reflect.Float64:
		return newFloat(v.Float())
	case reflect.Slice, reflect.Array:
		s := &Node{Kind: Seq, Items: make([]*Node, v.Len())}
		for i := range s.Items {
			s.Items[i] = New(v.Index(i).Interface())
		}
		return s
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String {
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			m := &Node{Kind: Map, Pairs: make([]Pair, len(keys))}
			for i, k := range keys {
				m.Pairs[i] = Pair{Key: k.String(), Value: New(v.MapIndex(k).Interface())}
			}
			return m
		}
	}
	panic(fmt.Sprintf("spec: New cannot make a node of %T", value))
}

// newFloat spells v so that it reads back to the same bits.
func newFloat(v float64) *Node {
	switch {
	case math.IsNaN(v):
		return &Node{}
	case math.IsInf(v, 1):
		return &Node{Kind: Scalar, Value: "inf"}
	case math.IsInf(v, -1):
		return &Node{Kind: Scalar, Value: "-inf"}
	}
	return &Node{Kind: Scalar, Value: formatFloat(v)}
}
