package study

import (
	"regexp"
	"strings"

	"sgdlab/catalog"
	"sgdlab/spec"
)

// aliases maps the other spellings of keys that a dynamics may use, such as lr, to the key itself, rate. A spelling that
// means different keys in different places is left to the decoder.
func aliases() map[string]string {
	out, unclear := map[string]string{}, map[string]bool{}
	var add func(fields []catalog.Field)
	add = func(fields []catalog.Field) {
		for _, f := range fields {
			for _, a := range f.Aliases {
				if was, ok := out[a]; ok && was != f.Key {
					unclear[a] = true
				}
				out[a] = f.Key
			}
			add(f.Fields)
		}
	}
	for _, k := range catalog.Kinds() {
		switch k.Name {
		case "dynamics", "factors", "laws", "samplers", "schemes":
			for _, e := range k.Entries {
				add(catalog.Fields(e.Settings))
			}
		}
	}
	for a := range unclear {
		delete(out, a)
	}
	return out
}

var dynamicsPath = regexp.MustCompile(`\$dynamics\.[A-Za-z0-9_.\[\]*-]*`)

// respell gives the keys of dynamics their own names wherever they are spelt otherwise: in the dynamics themselves, in paths
// of the sweep and of `where`, in $references and in overrides. A sweep over dynamics.*.rate then takes in the arm that
// says lr.
func respell(root *spec.Node, overrides []string) []string {
	names := aliases()
	last := func(path string) string {
		i := strings.LastIndexByte(path, '.') + 1
		if key, ok := names[path[i:]]; ok {
			return path[:i] + key
		}
		return path
	}
	path := func(p string) string {
		if bare := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(p, "sweep."), "product."), "zip."); strings.HasPrefix(bare, "dynamics.") || !strings.Contains(bare, ".") {
			return last(p)
		}
		return p
	}
	var keys func(n *spec.Node)
	keys = func(n *spec.Node) {
		for i := range n.Pairs {
			p := &n.Pairs[i]
			if key, ok := names[p.Key]; ok && n.Get(key) == nil {
				p.Key = key
			}
			keys(p.Value)
		}
		for _, it := range n.Items {
			keys(it)
		}
	}
	var paths func(n *spec.Node, swept bool)
	paths = func(n *spec.Node, swept bool) {
		if n.Kind == spec.Scalar && !n.Quoted && strings.Contains(n.Value, "$dynamics.") {
			n.Value = dynamicsPath.ReplaceAllStringFunc(n.Value, last)
		}
		for i := range n.Pairs {
			p := &n.Pairs[i]
			if key := path(p.Key); swept && strings.HasPrefix(p.Key, "dynamics.") && n.Get(key) == nil {
				p.Key = key
			}
			if v := p.Value; p.Key == "over" && v.Kind == spec.Scalar && strings.HasPrefix(v.Value, "dynamics.") {
				v.Value = last(v.Value)
			}
			paths(p.Value, swept || p.Key == "where" || p.Key == "sweep")
		}
		for _, it := range n.Items {
			paths(it, swept)
		}
	}
	if d := root.Get("dynamics"); d != nil {
		for _, p := range d.Pairs {
			keys(p.Value)
		}
	}
	paths(root, false)
	out := make([]string, len(overrides))
	for i, o := range overrides {
		key, value, ok := strings.Cut(o, "=")
		if !ok {
			out[i] = o
			continue
		}
		out[i] = path(key) + "=" + value
	}
	return out
}
