package reference

import (
	"regexp"
	"slices"
	"strings"
)

// Find returns the topics of a name: all that are called so, whatever their kind; or else the parameter at a path, as in
// sde.noise or ensemble.until; or else the parameters of that name.
func (b *Book) Find(name string) []*Topic {
	var out []*Topic
	b.each(func(t *Topic) {
		if t.Name == name || slices.Contains(t.Aliases, name) {
			out = append(out, t.Complete())
		}
	})
	if len(out) == 0 {
		out = b.path(name)
	}
	if len(out) == 0 {
		b.each(func(t *Topic) {
			walk(t.Fields, "", func(path string, f Field) {
				if f.Key == name || slices.Contains(f.Aliases, name) {
					out = append(out, parameter(t, path, f))
				}
			})
		})
	}
	return out
}

// Names lists what Find knows: names, their aliases and those of parameters.
func (b *Book) Names() []string {
	var out []string
	add := func(names ...string) {
		for _, n := range names {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	b.each(func(t *Topic) { add(append([]string{t.Name}, t.Aliases...)...) })
	b.each(func(t *Topic) {
		walk(t.Fields, "", func(_ string, f Field) { add(append([]string{f.Key}, f.Aliases...)...) })
	})
	return out
}

func (b *Book) each(f func(*Topic)) {
	for _, s := range b.Sections {
		for _, t := range s.Topics {
			f(t)
		}
	}
}

// walk calls f on every field and the fields below it.
func walk(list []Field, above string, f func(path string, field Field)) {
	for _, g := range list {
		f(above+g.Key, g)
		walk(g.Fields, above+g.Key+".", f)
	}
}

// parameter is a parameter as a topic.
func parameter(t *Topic, path string, f Field) *Topic {
	p := &Topic{
		Kind: t.Kind, Name: t.Name + "." + path, Aliases: f.Aliases, Doc: f.Doc, parameter: true,
		Text: []Block{{Text: capital(form(f)) + "."}}, Fields: append([]Field{}, f.Fields...), Facts: []Fact{}, Tables: []Table{}, Examples: []string{}, Sources: []string{},
	}
	for _, s := range []struct{ what, see string }{
		{"a noise", "sgdlab list factors, sgdlab list laws"}, {"a law", "sgdlab list laws"}, {"a sampler", "sgdlab list samplers"}, {"a scheme", "sgdlab list schemes"},
		{"a drift", "sgdlab list drifts"}, {"an observable", "sgdlab list observables"}, {"a measure", "sgdlab list measures"}, {"an expectation", "sgdlab list expectations"},
	} {
		if strings.HasPrefix(f.Type, s.what) {
			p.fact("see", s.see)
		}
	}
	p.form = form(f)
	return p
}

// sections are the lists that stand under a key of a spec.
var sections = map[string]string{"data": "data", "model": "models", "start": "starts", "dynamics": "dynamics", "observe": "observables", "noise": "factors"}

// named are the keys under which names of the user's own stand.
var named = []string{"dynamics", "events"}

var index = regexp.MustCompile(`\[[^\]]*\]`)

// path finds parameters by a path: that of a key or an entry, as in ensemble.until or sde.noise; that of a section, as in
// model.widths; or that of a spec, with a name of the user's own, as in dynamics.mine.noise.temperature.
func (b *Book) path(path string) []*Topic {
	head, rest, ok := strings.Cut(index.ReplaceAllString(path, ""), ".")
	if !ok {
		return nil
	}
	look := func(is func(*Topic) bool, rest string) (out []*Topic) {
		b.each(func(t *Topic) {
			if is(t) {
				walk(t.Fields, "", func(path string, f Field) {
					last := path[:strings.LastIndexByte(path, '.')+1]
					if path == rest || slices.ContainsFunc(f.Aliases, func(a string) bool { return last+a == rest }) {
						out = append(out, parameter(t, path, f))
					}
				})
			}
		})
		return out
	}
	under := func(rest string) []*Topic {
		out := look(func(t *Topic) bool { return t.Name == head || slices.Contains(t.Aliases, head) }, rest)
		if kind := sections[head]; kind != "" && len(out) == 0 {
			out = look(func(t *Topic) bool { return t.Kind == kind }, rest)
		}
		return out
	}
	out := under(rest)
	if _, below, ok := strings.Cut(rest, "."); ok && len(out) == 0 && slices.Contains(named, head) {
		if out = under(below); len(out) == 0 {
			out = b.path(below)
		}
	}
	return out
}
