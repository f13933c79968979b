package catalog_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/spec"
)

// writer makes trees of the bytes of a fuzzer: near what an entry wants, and not quite.
type writer struct{ bytes []byte }

func (w *writer) pick(n int) int {
	if len(w.bytes) == 0 {
		return 0
	}
	b := w.bytes[0]
	w.bytes = w.bytes[1:]
	return int(b) % n
}

func (w *writer) of(list ...string) string { return list[w.pick(len(list))] }

func (w *writer) number() string {
	if w.pick(3) > 0 {
		return w.of("1", "2", "0.5", "3")
	}
	return w.of("1", "2", "0", "3", "0.5", "-1", "1e-3", "10", "-0", "0x3", "inf", "-inf", "1e400", ".nan", "1_0", "18446744073709551615", "1e300", "5e-324")
}

// tree is any value.
func (w *writer) tree(keys []string, depth int) *spec.Node {
	kind := w.pick(10)
	if depth > 3 {
		kind %= 6
	}
	switch kind {
	case 0:
		return &spec.Node{}
	case 1, 2:
		return &spec.Node{Kind: spec.Scalar, Value: w.number()}
	case 3:
		return &spec.Node{Kind: spec.Scalar, Value: w.number(), Quoted: true}
	case 4:
		return &spec.Node{Kind: spec.Scalar, Value: w.of(keys...)}
	case 5:
		return &spec.Node{Kind: spec.Scalar, Value: w.of("", "true", "range(0, 3)", "linspace(1,2", "logspace(1, 4, 3)", "a..b", "µ\x00", "matched", "gaussian", "stable", "multinomial", "identity")}
	case 6, 7:
		s := &spec.Node{Kind: spec.Seq}
		for range w.pick(4) {
			s.Items = append(s.Items, w.tree(keys, depth+1))
		}
		return s
	}
	m := &spec.Node{Kind: spec.Map}
	for range w.pick(4) {
		m.Put(w.of(append([]string{"name", "law", "factor", "draw", "alpha"}, keys...)...), w.tree(keys, depth+1))
	}
	return m
}

// settings is a map for an entry: of each of its keys something that fits, something else, or nothing.
func (w *writer) settings(fields []catalog.Field, depth int) *spec.Node {
	m := &spec.Node{Kind: spec.Map}
	var keys []string
	for _, f := range fields {
		keys = append(append(keys, f.Key), f.Aliases...)
	}
	keys = append(keys, "stranger")
	for _, f := range fields {
		key := w.of(append([]string{f.Key, f.Key}, f.Aliases...)...)
		switch w.pick(8) {
		case 0:
		case 1:
			m.Put(key, w.tree(keys, depth+1))
		default:
			m.Put(key, w.fitting(f, depth))
		}
	}
	if w.pick(8) == 7 {
		m.Put(w.of(keys...), w.tree(keys, depth+1))
	}
	return m
}

// expression is what formulas are made of, and what they are not.
func (w *writer) expression() string {
	return w.of("x", "y", "-x", "x^4/4 - x^2/2", "a*x*y", "exp(-x^2)", "where(x, y, 1)", "sqrt(x)", "1/x", "x^y", "1/0", "x +", "z", "abs(x)", "0", "inf", "step(x)*y", "\"", "x^99999", "((x))")
}

// entriesOf are the names of a list.
func entriesOf(list string) (names []string) {
	for _, k := range catalog.Kinds() {
		if k.Name == list {
			for _, e := range k.Entries {
				names = append(names, e.Name)
			}
		}
	}
	return names
}

// part is an entry of a list, by its name alone or with settings.
func (w *writer) part(list string, depth int) *spec.Node {
	for _, k := range catalog.Kinds() {
		if k.Name != list {
			continue
		}
		e := k.Entries[w.pick(len(k.Entries))]
		if depth > 2 || w.pick(3) == 0 {
			return &spec.Node{Kind: spec.Scalar, Value: e.Name}
		}
		n := w.settings(catalog.Fields(e.Settings), depth+1)
		n.Put("name", spec.New(e.Name))
		return n
	}
	panic("no list " + list)
}

func (w *writer) fitting(f catalog.Field, depth int) *spec.Node {
	scalar := func(text string) *spec.Node { return &spec.Node{Kind: spec.Scalar, Value: text} }
	switch {
	case len(f.Fields) > 0 && depth < 3:
		return w.settings(f.Fields, depth+1)
	case strings.Contains(f.Type, "law"):
		if w.pick(2) == 0 {
			return scalar(w.of(entriesOf("laws")...))
		}
		return spec.New(map[string]any{"name": "stable", "alpha": scalar(w.number())})
	case strings.Contains(f.Type, "noise"):
		n := &spec.Node{Kind: spec.Map}
		n.Put("factor", scalar(w.of(entriesOf("factors")...)))
		for range w.pick(5) {
			n.Put(w.of("temperature", "law", "alpha", "batch", "amplitude", "of", "frozen", "draw", "strength", "variables", "sigma"), scalar(w.of("1", "2", "0.5", "stable", "multinomial", "matched", "absolute", "true", "reshuffled", w.expression(), w.number())))
		}
		if w.pick(3) == 2 {
			return &spec.Node{Kind: spec.Seq, Items: []*spec.Node{n, n.Clone()}}
		}
		return n
	case strings.HasPrefix(f.Type, "list"):
		entry := w.number
		if strings.Contains(f.Type, "texts") {
			entry = w.expression
			if f.Key == "variables" {
				entry = func() string { return w.of("x", "y", "z", "x", "é", "pi", "exp", "") }
			}
		}
		s := &spec.Node{Kind: spec.Seq}
		for range 1 + w.pick(3) {
			if strings.Contains(f.Type, "lists") || strings.Contains(f.Type, "each") {
				s.Items = append(s.Items, &spec.Node{Kind: spec.Seq, Items: []*spec.Node{scalar(entry()), scalar(entry())}})
			} else {
				s.Items = append(s.Items, scalar(entry()))
			}
		}
		return s
	case strings.Contains(f.Type, "number"):
		return scalar(w.number())
	case strings.Contains(f.Type, "sampler"):
		return scalar(w.of(entriesOf("samplers")...))
	case strings.Contains(f.Type, " or "):
		return scalar(w.of(strings.Split(f.Type, " or ")...))
	case strings.Contains(f.Type, "scheme"):
		return w.part("schemes", depth)
	case strings.Contains(f.Type, "drift"):
		return w.part("drifts", depth)
	}
	return scalar(w.of("text", "mean-half", "sum-half", w.expression(), w.number()))
}

// trial decodes a tree as an item and, where that goes well, builds it: nothing panics, there is a mistake just where the
// decoder says so, with a place, and a tree once decoded decodes to the same.
func trial[In, Out any](t *testing.T, n *spec.Node, ins ...In) {
	t.Helper()
	text := spec.Inline(n)
	n.At(&spec.Node{File: "fuzz.yaml", Line: 3, Col: 5})
	var problems spec.Problems
	d := catalog.Scanner(&problems)
	_, ok := catalog.Decode[In, Out](d, n, "item")
	if ok != (len(problems) == 0) {
		t.Fatalf("%s: ok is %t with %v", text, ok, problems)
	}
	for _, p := range problems {
		if p.File != "fuzz.yaml" || p.Line != 3 || !strings.HasPrefix(p.Path, "item") || p.Found == "" {
			t.Fatalf("%s: %+v", text, p)
		}
	}
	if !ok {
		return
	}
	resolved := spec.Inline(n)
	tables := make([][]float64, len(d.Values))
	for i, x := range d.Values {
		tables[i] = []float64{x}
	}
	b := catalog.Builder(&problems, tables)
	made, ok := catalog.Decode[In, Out](b, n, "item")
	if !ok || b.Key() != d.Key() || spec.Inline(n) != resolved {
		t.Fatalf("%s: resolved to %s and decoded to %s, key %s, was %s: %v", text, resolved, spec.Inline(n), b.Key(), d.Key(), problems)
	}
	for _, in := range ins {
		_, err := made.Build(in)
		if placed, is := err.(*catalog.PlacedError); err != nil && (!is || placed.Found == "") {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// trials runs every entry of every list on trees of the bytes.
func trials(t *testing.T, bytes []byte, sites []*sgdlab.Site) {
	for _, k := range catalog.Kinds() {
		for i, e := range k.Entries {
			w := &writer{bytes: append(binary.LittleEndian.AppendUint16(nil, uint16(i)), bytes...)}
			w.pick(1)
			w.pick(1)
			n := w.settings(catalog.Fields(e.Settings), 0)
			switch w.pick(10) {
			case 8:
				n = w.tree([]string{e.Name, "name"}, 0)
			case 9:
				n = &spec.Node{Kind: spec.Scalar, Value: e.Name}
			default:
				n.Put("name", spec.New(e.Name))
			}
			switch k.Name {
			case "data":
				trial[*data.Env, *data.Set](t, n, &data.Env{Folder: "testdata", Seed: 1})
			case "models":
				trial[*data.Set, sgdlab.Model](t, n, nil, sites[0].Data, sites[1].Data)
			case "starts":
				trial[*sgdlab.Site, sgdlab.Start](t, n, sites...)
			case "dynamics":
				trial[*sgdlab.Site, sgdlab.Stepper](t, n, sites...)
			case "drifts":
				trial[*sgdlab.Site, sgdlab.Drift](t, n, sites...)
			case "factors":
				trial[*sgdlab.Site, sgdlab.Source](t, n, sites...)
			case "laws":
				trial[*sgdlab.Site, sgdlab.Law](t, n, sites...)
			case "samplers":
				trial[*sgdlab.Site, sgdlab.Sampler](t, n, sites...)
			case "schemes":
				trial[*sgdlab.Site, sgdlab.Scheme](t, n, sites...)
			case "observables":
				trial[*sgdlab.Site, sgdlab.Observable](t, n, sites...)
			case "accumulators":
				trial[*sgdlab.Site, sgdlab.Accumulator](t, n, sites...)
			case "theories":
				trial[*sgdlab.Run, sgdlab.Theory](t, n, nil)
			default:
				t.Fatalf("list %s has no trial", k.Name)
			}
		}
	}
}

func fuzzSites(t testing.TB) []*sgdlab.Site {
	return []*sgdlab.Site{site(t, 2), site(t, 6), site(t, 1), {Place: "nowhere"}}
}

func FuzzDecode(f *testing.F) {
	sites := fuzzSites(f)
	f.Add([]byte{})
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := make([]byte, 60)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { trials(t, b, sites) })
}

// A few hundred trees for every entry at every run of the tests; the fuzzer looks further.
func TestRandomTrees(t *testing.T) {
	sites := fuzzSites(t)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 150 {
		b := make([]byte, 80)
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) { trials(t, b, sites) })
		if t.Failed() {
			return
		}
	}
}
