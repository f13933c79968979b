package reference

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/spec"
)

// bench builds entries under the settings of their samples and asks them what they are.
type bench struct {
	comments *Comments
	stands   func() []*stand // the models under their samples and on the stages, each with a start at a point
}

// stand is a model under one of its samples, as a site.
type stand struct {
	model  string
	sample Sample
	site   *sgdlab.Site
}

// samples of an entry; of one that has none and needs no settings, as it stands.
func (b *bench) samples(kind, name string) []Sample {
	if s := b.comments.Samples[kind][name]; len(s) > 0 {
		return s
	}
	return []Sample{{Settings: "{}"}}
}

// reads reports whether a sample reads a file: then it is not built, as what the reference says depends on no file.
func (s Sample) reads() bool {
	return strings.Contains(s.Settings, "path:") || strings.Contains(s.Settings, "../")
}

// standard is the bench of the embedded comments. What it builds is shared: models and data sets do not change.
var standard = sync.OnceValue(func() *bench { return newBench(comments()) })

func newBench(c *Comments) *bench {
	b := &bench{comments: c}
	b.stands = sync.OnceValue(b.build)
	return b
}

// node is an entry with settings as a spec would write it.
func node(name, settings string) (*spec.Node, error) {
	n, problems := spec.Parse("sample", []byte(settings))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	n = n.Clone()
	n.Pairs = append([]spec.Pair{{Key: "name", Value: spec.New(name)}}, n.Pairs...)
	return n, nil
}

func decode[In, Out any](name, settings string) (*catalog.Made[In, Out], error) {
	n, err := node(name, settings)
	if err != nil {
		return nil, err
	}
	var problems spec.Problems
	made, ok := catalog.DecodeExcept[In, Out](catalog.Scanner(&problems), n, "sample", "at")
	if !ok {
		return nil, problems.Err()
	}
	return made, nil
}

func build[In, Out any](name, settings string, in In) (Out, error) {
	made, err := decode[In, Out](name, settings)
	if err != nil {
		var none Out
		return none, err
	}
	return made.Build(in)
}

// nowhere is no folder: no file is read.
const nowhere = "\x00"

func (b *bench) build() []*stand {
	var out []*stand
	sets := map[string]*data.Set{"": nil}
	add := func(n *spec.Node, s Sample) {
		if _, ok := sets[s.On]; !ok {
			sets[s.On] = b.set(s.On)
		}
		if st := newStand(n, s, sets[s.On]); st != nil {
			out = append(out, st)
		}
	}
	for _, m := range catalog.Models {
		for _, s := range b.samples("models", m.Name) {
			if n, err := node(m.Name, s.Settings); err == nil && !s.reads() {
				add(n, s)
			}
		}
	}
	for _, st := range b.comments.Stages {
		if n, problems := spec.Parse("stage", []byte(st.Model)); len(problems) == 0 {
			rest := n.Clone()
			rest.Delete("name")
			add(n, Sample{spec.Inline(rest), st.On})
		}
	}
	return out
}

// set builds a set of the samples by its name; nil where it cannot be built.
func (b *bench) set(name string) *data.Set {
	n, problems := spec.Parse("set", []byte(b.comments.Sets[name]))
	if len(problems) > 0 {
		return nil
	}
	made, ok := catalog.Decode[*data.Env, *data.Set](catalog.Scanner(&problems), n, "set")
	if !ok {
		return nil
	}
	s, err := made.Build(&data.Env{Folder: nowhere, Seed: 3})
	if err != nil {
		return nil
	}
	return s
}

// newStand builds a model on a set, or on none; nil where it cannot be built.
func newStand(n *spec.Node, s Sample, set *data.Set) *stand {
	var problems spec.Problems
	made, ok := catalog.Decode[*data.Set, sgdlab.Model](catalog.Scanner(&problems), n, "model")
	if !ok {
		return nil
	}
	model, err := made.Build(set)
	if err != nil {
		return nil
	}
	site := &sgdlab.Site{Data: set, Model: model, Rate: sgdlab.Constant(0.05), Batch: 2, Place: "reference"}
	if set != nil {
		site.Test = model
	}
	if site.Start, err = build[*sgdlab.Site, sgdlab.Start]("point", "{at: 0.4}", site.At("start")); err != nil {
		return nil
	}
	site.Stepper = func() (sgdlab.Stepper, error) {
		return build[*sgdlab.Site, sgdlab.Stepper]("gd", "{rate: 0.005}", site.At(""))
	}
	return &stand{made.Name, s, site}
}

// tried is an entry built under each of its samples on each stand that accepts it.
type tried[Out any] struct {
	sample Sample
	on     *stand
	out    Out
}

var needed = regexp.MustCompile(`needs a model with (\w+)`)

// try builds an entry of a list on all stands. models says on which of them it could be built, needs which views it asked for.
func try[Out any](b *bench, kind, name string) (got []tried[Out], models string, needs []string) {
	type tally struct{ all, good int }
	counts := map[string]*tally{}
	asked := map[string]bool{}
	for _, st := range b.stands() {
		if counts[st.model] == nil {
			counts[st.model] = &tally{}
		}
		counts[st.model].all++
		good := false
		for _, s := range b.samples(kind, name) {
			if s.reads() {
				continue
			}
			out, err := build[*sgdlab.Site, Out](name, s.Settings, st.site)
			if err == nil {
				got = append(got, tried[Out]{s, st, out})
				good = true
			} else if m := needed.FindStringSubmatch(err.Error()); m != nil {
				asked[m[1]] = true
			}
		}
		if good {
			counts[st.model].good++
		}
	}
	var always, sometimes, ofData, refused []string
	for _, m := range catalog.Models {
		c := counts[m.Name]
		switch {
		case c == nil:
			continue
		case c.good == c.all:
			always = append(always, m.Name)
		case c.good > 0:
			sometimes = append(sometimes, m.Name)
		default:
			refused = append(refused, m.Name)
		}
		if b.samples("models", m.Name)[0].On != "" {
			ofData = append(ofData, m.Name)
		}
	}
	switch {
	case len(got) == 0:
	case len(sometimes)+len(refused) == 0:
		models = "all"
	case len(ofData) > 1 && len(sometimes) == 0 && slices.Equal(always, ofData):
		models = "all models of data: " + strings.Join(always, ", ")
	case len(always) > 8:
		models = "all but " + strings.Join(refused, ", ")
		if len(refused) == 0 {
			models = "all"
		}
		always = nil
	default:
		models = strings.Join(always, ", ")
	}
	if len(sometimes) > 0 {
		if models != "" {
			models += "; and, "
		}
		models += "with some of their settings, " + strings.Join(sometimes, ", ")
	}
	return got, models, slices.Sorted(maps.Keys(asked))
}

// ask tells what is asked of an entry under each of its samples: a fact where they agree, else a table.
func ask[Out any](b *bench, t *Topic, got []tried[Out], what string, say func(Out) string) {
	table := Table{Title: capital(what) + ", by settings", Columns: []string{"settings", what}}
	var all []string
	for _, s := range b.samples(t.Kind, t.Name) {
		var answers []string
		for _, g := range got {
			if g.sample != s {
				continue
			}
			if a := say(g.out); !slices.Contains(answers, a) {
				answers = append(answers, a)
			}
		}
		if len(answers) == 0 {
			continue
		}
		answer := strings.Join(answers, " or ")
		if !slices.Contains(all, answer) {
			all = append(all, answer)
		}
		table.Rows = append(table.Rows, []string{s.Settings, answer})
	}
	switch len(all) {
	case 0:
	case 1:
		t.fact(what, all[0])
	default:
		t.Tables = append(t.Tables, table)
	}
}
