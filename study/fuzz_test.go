package study

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"sgdlab/spec"
)

// specimens are whole specs that say most of what specs say: those of the examples and of the papers, on small data.
func specimens(t testing.TB) (specs []*spec.Node) {
	add := func(name, text string) {
		root, problems := spec.Parse(name, []byte(text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		specs = append(specs, root)
	}
	files, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		add(name, strings.NewReplacer("data/digits.csv.gz", "table.csv", "p00..p77", "a..d", "[64, 16, 16, 64]", "[4, 3, 4]", "count: 8", "count: 3").Replace(string(text)))
	}
	papers, err := filepath.Glob("../papers/*.yaml")
	if err != nil || len(papers) < 2 {
		t.Fatal(papers, err)
	}
	for _, name := range papers {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		root, problems := spec.Parse(name, text)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, r := range root.Get("runs").Pairs {
			run := r.Value.Clone()
			claims := &spec.Node{Kind: spec.Seq}
			for _, c := range root.Get("claims").Items {
				if of, _ := c.Get("run").Text(); of == r.Key || c.Get("run").IsNull() {
					claims.Items = append(claims.Items, c.Clone())
				}
			}
			run.Put("claims", claims)
			specs = append(specs, run)
		}
	}
	add("more.yaml", `
title: More
model: {name: formula, variables: [x, y], loss: a*x^4/4 - x^2/2 + y^2, parameters: {a: 1}, critical: {left: [-1, 0], top: [0, 0]}}
start: {name: critical, point: left, deviation: 0.1}
dynamics:
  one: {name: sde, calculus: ito, drift: {name: formula, variables: [x, y], components: [x - x^3, -y]}, noise: [{factor: identity, temperature: 0.2}, {factor: formula, variables: [x, y], sigma: [[0.1], [x]]}], scheme: milstein, step: 0.01}
  two: {name: sde, calculus: stratonovich, noise: {factor: identity, temperature: 0.4, law: {name: uniform}}, scheme: {name: heun}, step: $dynamics.one.step}
  three: {name: flow}
  four: {name: gd, rate: 0.01, noise: {factor: identity, temperature: 0.01}}
observe:
  - {name: loss, every: 50}
  - {name: coordinate, index: 0, log-spaced: 5}
  - {name: coordinate, index: 1, at: [1, 2, 3]}
  - {name: loss-integral, on: end}
events:
  up: {of: {name: coordinate, index: 0}, rises-above: 1}
  down: {of: {name: coordinate, index: 0}, falls-below: {from: start, fraction: 0.5}}
ensemble: {replicas: 16, until: {event: [up, down], at-most: {time: 4}}, keep: 2}
sweep: {product: {dynamics.*.noise.temperature: "linspace(0.1, 0.4, 2)", ensemble.replicas: [8, 16]}}
plateaus: {of: loss}
`)
	return specs
}

// odd scalars, near what a spec holds and not quite.
var odd = []string{
	"0", "1", "-1", "2", "3", "0.5", "1e-3", "1e9", "1e18", "1e300", "1e400", "5e-324", "-0", "inf", "-inf", ".nan", "18446744073709551615", "0x10", "1_000", "",
	"true", "null", "~", "x", "$seed", "$a.b", "$dynamics.*.rate", "1/$ensemble.replicas", "2*$model.loss", "sqrt(-1)", "range(0, 5)", "range(0, 1e9)", "linspace(0, 1, 3)", "logspace(1, 1e-3, 4)",
	"a..b", "a, b", "*", "é", "loss", "mode[1]", "mode[99]", "start", "end", "saddle", "mean", "up", "matched", "every", "x^2/2", "where(x, 1, y)", "x + ", "file.csv", "table.csv", "../table.csv", "[1, 2]", "{a: 1}",
}

// editor alters specs as the bytes of a fuzzer say.
type editor struct {
	bytes []byte
	pool  []*spec.Node
}

func (e *editor) pick(n int) int {
	if len(e.bytes) == 0 || n < 1 {
		return 0
	}
	b := int(e.bytes[0])
	e.bytes = e.bytes[1:]
	if n > 256 && len(e.bytes) > 0 {
		b = b<<8 | int(e.bytes[0])
		e.bytes = e.bytes[1:]
	}
	return b % n
}

// nodes lists a tree, parents first.
func nodes(n *spec.Node) (all []*spec.Node) {
	all = append(all, n)
	for _, p := range n.Pairs {
		all = append(all, nodes(p.Value)...)
	}
	for _, it := range n.Items {
		all = append(all, nodes(it)...)
	}
	return all
}

// some is a part of some spec.
func (e *editor) some() *spec.Node {
	all := nodes(e.pool[e.pick(len(e.pool))])
	return all[e.pick(len(all))].Clone()
}

func (e *editor) edit(root *spec.Node) {
	all := nodes(root)
	n := all[e.pick(len(all))]
	scalar := func() spec.Node { return spec.Node{Kind: spec.Scalar, Value: odd[e.pick(len(odd))]} }
	switch what := e.pick(12); {
	case what < 2:
		*n = scalar()
	case what == 2:
		*n = *e.some()
	case what == 3:
		*n = *all[e.pick(len(all))].Clone()
	case what == 4:
		*n = spec.Node{}
	case what == 5 && n.Kind == spec.Map && len(n.Pairs) > 0:
		n.Delete(n.Pairs[e.pick(len(n.Pairs))].Key)
	case what == 5 && n.Kind == spec.Seq && len(n.Items) > 0:
		i := e.pick(len(n.Items))
		n.Items = slices.Delete(n.Items, i, i+1)
	case what == 6 && n.Kind == spec.Map && len(n.Pairs) > 0:
		if of := e.some(); of.Kind == spec.Map && len(of.Pairs) > 0 {
			p := of.Pairs[e.pick(len(of.Pairs))]
			n.Put(p.Key, p.Value)
		}
	case what == 7 && n.Kind == spec.Map && len(n.Pairs) > 0:
		p := n.Pairs[e.pick(len(n.Pairs))]
		n.Delete(p.Key)
		n.Put(odd[e.pick(len(odd))], p.Value)
	case what == 8:
		*n = spec.Node{Kind: spec.Seq, Items: []*spec.Node{n.Clone(), n.Clone()}}
	case what == 9:
		m := spec.Node{Kind: spec.Map}
		m.Put(odd[e.pick(len(odd))], n.Clone())
		*n = m
	case what == 10 && n.Kind == spec.Scalar:
		n.Quoted = !n.Quoted
	case what == 11 && root.Kind == spec.Map: // a sweep of some scalar
		values := spec.Node{Kind: spec.Seq}
		for range 1 + e.pick(3) {
			v := scalar()
			values.Items = append(values.Items, &v)
		}
		if sweep := root.Get("sweep"); sweep == nil || sweep.Kind != spec.Map {
			root.Put("sweep", &spec.Node{Kind: spec.Map})
		}
		paths := []string{"dynamics.*.rate", "start.deviation", "ensemble.replicas", "model.widths", "dynamics.*.noise.temperature", "seed", "data.label-noise", "observe[0].every", "model", "events.exit.rises-above"}
		root.Get("sweep").Put(paths[e.pick(len(paths))], &values)
	}
}

// overrides are arguments of a command line, out of what is in the spec and what is not.
func (e *editor) overrides() (args []string) {
	paths := []string{"seed", "ensemble.replicas", "dynamics.*.rate", "dynamics.*.noise.temperature", "model", "model.widths", "sweep", "observe[0].every", "observe.1", "start.deviation", "ask", "a.b", "*", "claims[0].expect", "ensemble.until.at-most.time"}
	for range e.pick(3) {
		args = append(args, paths[e.pick(len(paths))]+"="+odd[e.pick(len(odd))])
	}
	return args
}

// understand loads a spec: it is refused by mistakes, each with its finding, or understood, and then what was understood is
// a spec of the same question. Neither takes long, or much memory.
func understand(t *testing.T, text []byte, folder string, o Options) {
	made := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(made)
	before := made[0].Value.Uint64()
	begin := time.Now()
	st, err := LoadText("f.yaml", text, folder, o)
	took := time.Since(begin)
	metrics.Read(made)
	if took > 20*time.Second || made[0].Value.Uint64()-before > 4<<30 {
		t.Fatalf("%v and %d MB for\n%s\n%q", took, (made[0].Value.Uint64()-before)>>20, text, o.Overrides)
	}
	if err != nil {
		var problems spec.Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("refused, but not by mistakes: %v\n%s", err, text)
		}
		for _, p := range problems {
			if p.Found == "" || p.File != "" && p.File != "f.yaml" && p.File != spec.CommandLine || p.Line < 0 || p.Line > 2+strings.Count(string(text), "\n") {
				t.Fatalf("%+v\n%s\n%q", p, text, o.Overrides)
			}
		}
		return
	}
	if len(st.Cells) == 0 || len(st.Shards) == 0 && !o.KeepGoing {
		t.Fatalf("%d cells and %d shards of\n%s", len(st.Cells), len(st.Shards), text)
	}
	resolved := spec.Marshal(st.Root)
	again, err := LoadText("again.yaml", resolved, folder, Options{Thinned: o.Quick, KeepGoing: o.KeepGoing})
	if err != nil {
		t.Fatalf("%v\nis what is understood of\n%s\n%q, resolved:\n%s", err, text, o.Overrides, resolved)
	}
	if again.Hash() != st.Hash() {
		t.Fatalf("another question:\n%s\nresolved, and resolved again:\n%s\n%s", text, resolved, spec.Marshal(again.Root))
	}
}

// FuzzLoad: whole specs with a few edits, of their trees and then of their text, with overrides.
func FuzzLoad(f *testing.F) {
	specs := specimens(f)
	for i := range specs {
		f.Add(uint8(i), uint8(0), []byte{}, uint32(0))
		for j := range 4 {
			k := byte(j*3 + i%3)
			f.Add(uint8(i), uint8(1), []byte{37 * k, 11 * k, k, 5 * k, 3 * k, 7 * k, k}, uint32(0))
			f.Add(uint8(i), uint8(2+16*k), []byte{17 * k, k, 7 * k, 5 * k, 13 * k, 7 * k, k, 2, k, 9 * k, k, 3 * k}, uint32(k)*7919*uint32(k%2))
		}
	}
	folder := f.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "table.csv"), []byte("a,b,c,d\n1,2,3,4\n2,3,4,4\n3,1,2,0\n0,1,2,1\n1,1,0,2\n5,1,2,3\n"), 0o666); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which, how uint8, bytes []byte, at uint32) {
		e := &editor{bytes: bytes, pool: specs}
		root := specs[int(which)%len(specs)].Clone()
		for range how % 5 {
			e.edit(root)
		}
		if len(nodes(root)) > 2000 {
			return
		}
		o := Options{Quick: how&32 != 0, KeepGoing: how&64 != 0}
		if how&16 != 0 {
			o.Overrides = e.overrides()
		}
		text := spec.Marshal(root)
		if at > 0 && len(text) > 0 {
			i := int(at>>8) % len(text)
			switch at % 4 {
			case 0:
				text[i] ^= 1 << (at >> 2 & 7)
			case 1:
				text = text[:i]
			case 2:
				text = slices.Delete(text, i, min(len(text), i+1+int(at>>2&15)))
			case 3:
				text = slices.Insert(text, i, "\n \t:-[]{}*&#\"'$,"[at>>2&15])
			}
		}
		understand(t, text, folder, o)
	})
}
