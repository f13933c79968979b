// Package compare sets two runs side by side: which settings differ, which cells are the same cell, whether their numbers
// are the same numbers, and whether they are estimates of the same thing.
//
//	Settings   two specs     → the paths at which they differ
//	Match      two tables    → pairs of cells, and the cells that have no partner
//	Values     pairs, tables → where the numbers of the tables differ, and by how much
//	Runs       pairs, tables → tests of every estimate and every law, with one false-alarm probability for all
//
// What belongs here: questions about two runs that their stored tables answer. What does not: estimates of one run
// (package estimate), comparisons of the arms of one run (package study), printing.
package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sgdlab/spec"
	"sgdlab/store"
)

// Side is one of the two runs.
type Side struct {
	Dir      string
	Manifest *store.Manifest
	Cells    []store.Cell
	Spec     *spec.Node // resolved
}

// Pair is a cell of one run and its partner in the other: indices into Cells.
type Pair struct{ A, B int }

// Matching is which cells of two runs are the same cell.
type Matching struct {
	Pairs        []Pair
	OnlyA, OnlyB []int
	Notes        []string
}

// Match pairs cells of the same dynamics and settings. A setting that only one run sweeps is looked up in the spec of the
// other: the cell at 0.1 of a sweep over temperatures is the one cell of a run at 0.1. Where each run has one dynamics, they
// are partners whatever their names. Seeds count as settings only where both runs sweep over the same.
func Match(a, b *Side) Matching {
	var m Matching
	one := func(s *Side) (string, bool) {
		name := ""
		for i, c := range s.Cells {
			if i > 0 && c.Dynamics != name {
				return "", false
			}
			name = c.Dynamics
		}
		return name, len(s.Cells) > 0
	}
	rename := map[string]string{}
	if na, ok := one(a); ok {
		if nb, ok := one(b); ok && na != nb {
			rename[nb] = na
			m.Notes = append(m.Notes, fmt.Sprintf("the only dynamics of the one run, %s, is compared with the only one of the other, %s", na, nb))
		}
	}
	var paths []string
	for _, s := range []*Side{a, b} {
		for _, c := range s.Cells {
			for _, p := range c.Params {
				if !slices.Contains(paths, p.Path) {
					paths = append(paths, p.Path)
				}
			}
		}
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return isSeed(p) && !(swept(a, p) && swept(b, p)) })
	key := func(s *Side, c *store.Cell) string {
		name := c.Dynamics
		if n, ok := rename[name]; ok && s == b {
			name = n
		}
		parts := []string{name}
		for _, p := range paths {
			parts = append(parts, setting(s, c, p))
		}
		return strings.Join(parts, "\x00")
	}
	index := map[string][]int{}
	for i := range b.Cells {
		k := key(b, &b.Cells[i])
		index[k] = append(index[k], i)
	}
	taken := map[int]bool{}
	for i := range a.Cells {
		k := key(a, &a.Cells[i])
		if list := index[k]; len(list) > 0 {
			m.Pairs = append(m.Pairs, Pair{i, list[0]})
			taken[list[0]] = true
			index[k] = list[1:]
			continue
		}
		m.OnlyA = append(m.OnlyA, i)
	}
	for i := range b.Cells {
		if !taken[i] {
			m.OnlyB = append(m.OnlyB, i)
		}
	}
	return m
}

func isSeed(path string) bool { return path == "seed" || strings.HasPrefix(path, "seed.") }

// swept: some cell has the setting.
func swept(s *Side, path string) bool {
	for i := range s.Cells {
		if _, ok := s.Cells[i].Param(path); ok {
			return true
		}
	}
	return false
}

// setting is the canonical text of a cell's setting: from the table, or from the spec, where a `*` below dynamics is the
// cell's own. A setting of another dynamics is none of the cell's.
func setting(s *Side, c *store.Cell, path string) string {
	if rest, ok := strings.CutPrefix(path, "dynamics."); ok {
		name, _, _ := strings.Cut(rest, ".")
		if name != "*" && name != c.Dynamics {
			if only := keysOf(s.Spec.Get("dynamics")); len(only) != 1 {
				return ""
			}
		}
	}
	if p, ok := c.Param(path); ok {
		if !math.IsNaN(p.Number) {
			return fmt.Sprint(p.Number)
		}
		return p.Text
	}
	at := path
	if rest, ok := strings.CutPrefix(path, "dynamics."); ok {
		_, inner, _ := strings.Cut(rest, ".")
		at = "dynamics." + c.Dynamics + "." + inner
		for _, p := range c.Params { // the other run may name the same setting with a `*`, or without
			if p.Path == at || p.Path == "dynamics.*."+inner {
				return setting(s, c, p.Path)
			}
		}
	}
	if s.Spec == nil {
		return ""
	}
	n := s.Spec.Lookup(at)
	if x, ok := n.Float(); ok {
		return fmt.Sprint(x)
	}
	if n.IsNull() {
		return ""
	}
	return spec.Inline(n)
}

func keysOf(n *spec.Node) []string {
	if n == nil {
		return nil
	}
	return n.Keys()
}

// Label names a cell: its dynamics and settings.
func Label(c *store.Cell) string {
	parts := []string{c.Dynamics}
	for _, p := range c.Params {
		if name, ok := strings.CutPrefix(p.Path, "dynamics."); ok {
			if name, _, _ = strings.Cut(name, "."); name != "*" && name != c.Dynamics {
				continue // another dynamics' setting
			}
		}
		path := strings.Split(p.Path, ".")
		parts = append(parts, strings.TrimPrefix(strings.Join(path[max(0, len(path)-2):], "."), "*.")+"="+p.Text)
	}
	return strings.Join(parts, ", ")
}

// Change is a path of the specs whose values differ; the text of an absent value is empty.
type Change struct {
	Path string `json:"path"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// Settings lists the paths at which two specs differ, in the order of the first. Numbers are compared as numbers: 1e-4 is
// 0.0001. Items of lists are matched by their name or id where they have one.
func Settings(a, b *spec.Node) []Change {
	var out []Change
	changes(a, b, "", &out)
	return out
}

func changes(a, b *spec.Node, path string, out *[]Change) {
	switch {
	case a.IsNull() && b.IsNull():
		return
	case !a.IsNull() && !b.IsNull() && a.Kind == spec.Map && b.Kind == spec.Map:
		for _, p := range a.Pairs {
			changes(p.Value, b.Get(p.Key), join(path, p.Key), out)
		}
		for _, p := range b.Pairs {
			if a.Get(p.Key) == nil {
				changes(nil, p.Value, join(path, p.Key), out)
			}
		}
		return
	case !a.IsNull() && !b.IsNull() && a.Kind == spec.Seq && b.Kind == spec.Seq && (maps(a) || maps(b)):
		items(a, b, path, out)
		return
	}
	if !a.IsNull() && !b.IsNull() && string(spec.JSON(a)) == string(spec.JSON(b)) {
		return
	}
	*out = append(*out, Change{path, text(a), text(b)})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func text(n *spec.Node) string {
	if n.IsNull() {
		return ""
	}
	return spec.Inline(n)
}

// maps: the list holds maps, as observe and claims do.
func maps(n *spec.Node) bool {
	return slices.ContainsFunc(n.Items, func(it *spec.Node) bool { return it.Kind == spec.Map })
}

// items compares lists of maps. An item's partner is the first free one of its name.
func items(a, b *spec.Node, path string, out *[]Change) {
	name := func(n *spec.Node) string {
		for _, k := range []string{"id", "name"} {
			if t, ok := n.Get(k).Text(); ok {
				return t
			}
		}
		return ""
	}
	taken := make([]bool, len(b.Items))
	for i, x := range a.Items {
		partner := -1
		for j, y := range b.Items {
			if !taken[j] && name(x) == name(y) {
				partner = j
				break
			}
		}
		var y *spec.Node
		if partner >= 0 {
			taken[partner] = true
			y = b.Items[partner]
		}
		changes(x, y, fmt.Sprintf("%s[%d]", path, i), out)
	}
	for j, y := range b.Items {
		if !taken[j] {
			changes(nil, y, fmt.Sprintf("%s[%d]", path, j), out)
		}
	}
}
