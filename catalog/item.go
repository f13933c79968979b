// Package catalog is the lists: every name that a spec may use, what it builds, and the decoder from spec nodes into the
// settings of its constructor.
//
// Registration is a slice literal: what exists is what the lists say, in the order that the help shows. An entry infers
// the settings type of a constructor, so a spec decodes straight into it and unknown keys are errors. The lists drive
// `sgdlab list` and `explain`, and the tests run their batteries over them.
//
// What belongs here: lists, entries, decoding. What does not: anything that computes, and the meaning of a spec beyond
// its items (package study).
package catalog

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"sgdlab"
	"sgdlab/data"
)

// Item is an entry of a list: a name, and how to build an Out from settings and what stands already.
type Item[In, Out any] struct {
	Name, Doc string
	Aliases   []string // other names that a spec may use
	settings  reflect.Type
	from      string // the constructor's name
	build     func(settings any, in In) (Out, error)
}

// Also returns the item with other names besides.
func (it Item[In, Out]) Also(aliases ...string) Item[In, Out] {
	it.Aliases = aliases
	return it
}

// Entry makes an item of a constructor.
func Entry[C, In, Out any](name, doc string, build func(C, In) (Out, error)) Item[In, Out] {
	return Item[In, Out]{
		Name: name, Doc: doc, settings: reflect.TypeFor[C](), from: runtime.FuncForPC(reflect.ValueOf(build).Pointer()).Name(),
		build: func(settings any, in In) (Out, error) { return build(settings.(C), in) },
	}
}

// Kind is one list with its types erased.
type Kind struct {
	Name    string // as in `sgdlab list models`
	Doc     string
	Key     string // the key of a map that names the entry
	Entries []Erased

	out reflect.Type
}

// Erased is an item with its types erased.
type Erased struct {
	Name, Doc string
	Aliases   []string
	Settings  reflect.Type

	// Constructor is the name of the function that builds it, as in sgdlab/model.NewQuadratic: its comment is what package
	// reference shows.
	Constructor string

	fields []Field
	build  func(settings, in any) (any, error)
}

func kind[In, Out any](name, key, doc string, items []Item[In, Out]) *Kind {
	k := &Kind{Name: name, Key: key, Doc: doc, out: reflect.TypeFor[Out]()}
	for _, it := range items {
		k.Entries = append(k.Entries, Erased{
			Name: it.Name, Doc: it.Doc, Aliases: it.Aliases, Settings: it.settings, Constructor: it.from, fields: Fields(it.settings),
			build: func(settings, in any) (any, error) { return it.build(settings, in.(In)) },
		})
	}
	return k
}

// Find returns an entry by its name or an alias.
func (k *Kind) Find(name string) (Erased, bool) {
	for _, e := range k.Entries {
		if e.Name == name || slices.Contains(e.Aliases, name) {
			return e, true
		}
	}
	return Erased{}, false
}

// Names returns the names of the entries.
func (k *Kind) Names() []string {
	names := make([]string, len(k.Entries))
	for i, e := range k.Entries {
		names[i] = e.Name
	}
	return names
}

// spellings returns the names of the entries and their aliases.
func (k *Kind) spellings() []string {
	names := k.Names()
	for _, e := range k.Entries {
		names = append(names, e.Aliases...)
	}
	return names
}

// Kinds returns all lists, in the order of the reference page. They are shared: read only.
func Kinds() []*Kind { return kinds() }

var kinds = sync.OnceValue(func() []*Kind {
	return []*Kind{
		kind[*data.Env, *data.Set]("data", "name", "inputs and targets", Data),
		kind[*data.Set, sgdlab.Model]("models", "name", "loss landscapes", Models),
		kind[*sgdlab.Site, sgdlab.Start]("starts", "name", "where replicas start", Starts),
		kind[*sgdlab.Site, sgdlab.Stepper]("dynamics", "name", "how replicas move", Dynamics),
		kind[*sgdlab.Site, sgdlab.Drift]("drifts", "drift", "the systematic part of an SDE", Drifts),
		kind[*sgdlab.Site, sgdlab.Source]("factors", "factor", "how randomness enters an SDE", Factors),
		kind[*sgdlab.Site, sgdlab.Law]("laws", "law", "what randomness is drawn", Laws),
		kind[*sgdlab.Site, sgdlab.Sampler]("samplers", "draw", "how a mini-batch is drawn", Samplers),
		kind[*sgdlab.Site, sgdlab.Scheme]("schemes", "scheme", "how an SDE is stepped", Schemes),
		kind[*sgdlab.Site, sgdlab.Observable]("observables", "name", "what is read off a replica", Observables),
		kind[*sgdlab.Site, sgdlab.Accumulator]("accumulators", "name", "what is summed along a path", Accumulators),
		kind[*sgdlab.Run, sgdlab.Theory]("theories", "name", "what is predicted", Theories),
	}
})

// Field describes one key of an entry's settings.
type Field struct {
	Key      string
	Aliases  []string
	Type     string
	Doc      string
	Default  string
	Optional bool
	Check    string
	Fields   []Field // of a nested map

	index []int
	typ   reflect.Type
	words []string // oneof or words
	still bool     // a Setting that takes no schedule
}

// Fields describes the keys of a settings type.
func Fields(t reflect.Type) []Field {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var fields []Field
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			for _, g := range Fields(f.Type) {
				g.index = append([]int{i}, g.index...)
				fields = append(fields, g)
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		names := []string{kebab(f.Name)}
		if tag := f.Tag.Get("spec"); tag != "" {
			names = strings.Split(tag, ",")
		}
		g := Field{
			Key: names[0], Aliases: names[1:], Doc: f.Tag.Get("doc"), Default: f.Tag.Get("default"),
			Optional: f.Tag.Get("optional") == "true", Check: f.Tag.Get("check"),
			index: []int{i}, typ: f.Type,
		}
		if w := f.Tag.Get("oneof") + f.Tag.Get("words"); w != "" {
			g.words = strings.Split(w, "|")
		}
		g.Type = typeName(f.Type, g.words)
		if inner := structIn(f.Type); inner != nil {
			g.Fields = Fields(inner)
		}
		fields = append(fields, g)
	}
	return fields
}

var decodable = reflect.TypeFor[sgdlab.Decodable]()

// kebab turns SingularValues into singular-values.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 && !(name[i-1] >= 'A' && name[i-1] <= 'Z') {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// structIn is the settings struct that a field of type t holds, by itself, by a pointer or in a list; nil where it holds none.
func structIn(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if _, named := namedOf(t); named || t.Kind() != reflect.Struct || t == reflect.TypeFor[sgdlab.Quantity]() || reflect.PointerTo(t).Implements(decodable) {
		return nil
	}
	return t
}

// typeName says in a few words what a value of the field looks like.
func typeName(t reflect.Type, words []string) string {
	if t.Kind() == reflect.Slice {
		if out, ok := namedOf(t.Elem()); ok {
			return "map from your names to " + strings.TrimSuffix(strings.TrimPrefix(parts[out], "a "), ", by name or as a map") + ", each by name or as a map"
		}
	}
	if t.Kind() == reflect.Slice {
		if t.Elem() == reflect.TypeFor[sgdlab.Part[sgdlab.Noise]]() {
			return "a noise, or a list of noises"
		}
		one := typeName(t.Elem(), words)
		if p, ok := plurals[one]; ok {
			return "list of " + p
		}
		return "list, each " + one
	}
	or := strings.Join(words, " or ")
	switch t {
	case reflect.TypeFor[sgdlab.Setting]():
		return "number, may be swept within packs"
	case reflect.TypeFor[sgdlab.Quantity]():
		return "number, may be swept within packs, or " + or
	case reflect.TypeFor[sgdlab.Sense]():
		return "ito or stratonovich"
	case reflect.TypeFor[sgdlab.Part[sgdlab.Noise]]():
		return "a noise: factor and law"
	}
	if reflect.PointerTo(t).Implements(decodable) {
		return "value"
	}
	if out, ok := partOf(t); ok {
		return parts[out]
	}
	switch t.Kind() {
	case reflect.Float64:
		return "number"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		if len(words) > 0 {
			return or
		}
		return "text"
	case reflect.Struct:
		return "map"
	case reflect.Pointer:
		return typeName(t.Elem(), words)
	}
	return t.String()
}

var plurals = map[string]string{
	"number": "numbers", "whole number": "whole numbers", "text": "texts", "map": "maps", "value": "values",
	"list of numbers": "lists of numbers", "list of whole numbers": "lists of whole numbers",
}

// parts says what an item of a kind looks like as a field. The lists themselves would be an initialisation cycle.
var parts = map[reflect.Type]string{
	reflect.TypeFor[sgdlab.Drift]():      "a drift, by name or as a map",
	reflect.TypeFor[sgdlab.Source]():     "a factor, by name or as a map",
	reflect.TypeFor[sgdlab.Law]():        "a law, by name or as a map",
	reflect.TypeFor[sgdlab.Sampler]():    "a sampler, by name or as a map",
	reflect.TypeFor[sgdlab.Scheme]():     "a scheme, by name or as a map",
	reflect.TypeFor[sgdlab.Stepper]():    "a dynamics, by name or as a map",
	reflect.TypeFor[sgdlab.Observable](): "an observable, by name or as a map",
}

// namedOf reports the T of a NamedPart[T].
func namedOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct || t.NumField() != 2 || t.Field(0).Name != "Name" || t.Field(1).Name != "Part" {
		return nil, false
	}
	return partOf(t.Field(1).Type)
}

// partOf reports the T of a Part[T].
func partOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Func || t.NumIn() != 1 || t.NumOut() != 2 || t.In(0) != reflect.TypeFor[*sgdlab.Site]() {
		return nil, false
	}
	return t.Out(0), true
}
