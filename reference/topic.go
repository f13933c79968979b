package reference

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/papers"
	"sgdlab/spec"
	"sgdlab/study"
)

// Topic is one thing explained.
type Topic struct {
	Kind     string   `json:"kind"` // as in `sgdlab list models`, or verbs
	Name     string   `json:"name"`
	Aliases  []string `json:"aliases"`
	Doc      string   `json:"doc"`
	Text     []Block  `json:"text"`
	Fields   []Field  `json:"fields"`
	Facts    []Fact   `json:"facts"`
	Tables   []Table  `json:"tables"`
	Examples []string `json:"examples"` // as a spec or a command line would write it
	Sources  []string `json:"sources"`

	complete  func(*Topic) // adds what only building it can tell
	parameter bool
	form      string // of a parameter
}

// singular is what one topic of a kind is.
var singular = map[string]string{
	"verbs": "verb", "keys": "key of a spec", "data": "data set", "models": "model", "starts": "start", "dynamics": "dynamics", "drifts": "drift of an SDE",
	"factors": "factor of a noise", "laws": "law of a noise", "samplers": "sampler of mini-batches", "schemes": "scheme for SDEs", "observables": "observable",
	"accumulators": "accumulator", "theories": "theory", "asks": "ask", "measures": "measure of a claim", "expectations": "expectation of a claim",
}

// is says what a topic is, in a word or two.
func (t *Topic) is() string {
	if t.parameter {
		if of := singular[t.Kind]; strings.ContainsRune("aeo", rune(of[0])) {
			return "parameter of an " + of
		}
		return "parameter of a " + singular[t.Kind]
	}
	return singular[t.Kind]
}

// Fact is something to look up about a topic.
type Fact struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Table is a small table of a topic.
type Table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Field is one key of the parameters of a topic.
type Field struct {
	Key      string   `json:"key"`
	Aliases  []string `json:"aliases"`
	Type     string   `json:"type"`
	Doc      string   `json:"doc"`
	Default  string   `json:"default,omitempty"`
	Optional bool     `json:"optional"`
	Check    string   `json:"check,omitempty"`
	Fields   []Field  `json:"fields,omitempty"` // of a nested map
}

func fieldsOf(list []catalog.Field) []Field {
	out := []Field{}
	for _, f := range list {
		g := Field{Key: f.Key, Aliases: append([]string{}, f.Aliases...), Type: f.Type, Doc: f.Doc, Default: f.Default, Optional: f.Optional, Check: f.Check}
		if len(f.Fields) > 0 {
			g.Fields = fieldsOf(f.Fields)
		}
		out = append(out, g)
	}
	return out
}

// Section is the topics of one kind.
type Section struct {
	Kind, Doc string
	Topics    []*Topic
}

// Book is all topics.
type Book struct {
	Sections []Section
	bench    *bench
	bib      *papers.Bibliography
}

// New makes the book, with the topics of the verbs, which their program knows.
func New(verbs []*Topic) (*Book, error) {
	bib, err := papers.Sources()
	if err != nil {
		return nil, err
	}
	b := &Book{bench: standard(), bib: bib}
	b.Sections = append(b.Sections, Section{"verbs", "what sgdlab can be told to do", verbs},
		Section{"keys", "what a spec may have at its top", wordsOf("keys", study.Keys())})
	for _, k := range catalog.Kinds() {
		s := Section{Kind: k.Name, Doc: k.Doc}
		for _, e := range k.Entries {
			s.Topics = append(s.Topics, b.entry(k, e))
		}
		b.Sections = append(b.Sections, s)
	}
	b.Sections = append(b.Sections, Section{"asks", "analyses over all cells", wordsOf("asks", study.Asks())},
		Section{"measures", "what a claim may measure", wordsOf("measures", study.Measures())},
		Section{"expectations", "what a claim may expect", wordsOf("expectations", study.Expectations())})
	return b, nil
}

func wordsOf(kind string, list []study.Word) []*Topic {
	var out []*Topic
	for _, w := range list {
		t := &Topic{Kind: kind, Name: w.Name, Doc: w.Doc, Aliases: []string{}, Fields: fieldsOf(w.Fields), Facts: []Fact{}, Tables: []Table{}, Sources: []string{}, Examples: []string{}}
		t.Text, _ = blocks(w.Text)
		if w.Example != "" {
			t.Examples = append(t.Examples, w.Example)
		}
		out = append(out, t)
	}
	return out
}

// Complete returns the topic with what only building it can tell.
func (t *Topic) Complete() *Topic {
	if t.complete != nil {
		f := t.complete
		t.complete = nil
		f(t)
	}
	return t
}

// names is the entries of the package of a constructor by the X of their NewX.
func names(constructor string) map[string]string {
	path := constructor[:strings.LastIndexByte(constructor, '.')+1]
	out := map[string]string{}
	for _, k := range catalog.Kinds() {
		for _, e := range k.Entries {
			if base, ok := strings.CutPrefix(e.Constructor, path+"New"); ok {
				out[base] = e.Name
			}
		}
	}
	return out
}

func (b *Book) entry(k *catalog.Kind, e catalog.Erased) *Topic {
	t := &Topic{Kind: k.Name, Name: e.Name, Aliases: append([]string{}, e.Aliases...), Doc: e.Doc, Fields: fieldsOf(catalog.Fields(e.Settings)), Facts: []Fact{}, Tables: []Table{}, Sources: []string{}, Examples: []string{}}
	var sources []string
	t.Text, sources = prose(b.bench.comments.Entries[e.Constructor], e.Name, names(e.Constructor))
	t.Sources = append(t.Sources, sources...)
	t.complete = func(t *Topic) {
		samples := b.bench.samples(k.Name, e.Name)
		b.example(t, samples[0])
		switch k.Name {
		case "data":
			b.data(t, samples[0])
		case "models":
			b.model(t, samples)
		case "starts":
			_, models, needs := try[sgdlab.Start](b.bench, k.Name, e.Name)
			b.accepts(t, models, needs)
		case "dynamics":
			b.dynamics(t)
		case "drifts":
			_, models, needs := try[sgdlab.Drift](b.bench, k.Name, e.Name)
			b.accepts(t, models, needs)
		case "factors":
			got, models, needs := try[sgdlab.Source](b.bench, k.Name, e.Name)
			ask(b.bench, t, got, "noise", func(s sgdlab.Source) string {
				kind := sgdlab.KindOf(s.Factor).String()
				return kind + ": " + kinds[kind]
			})
			b.accepts(t, models, needs)
		case "laws":
			got, _, _ := try[sgdlab.Law](b.bench, k.Name, e.Name)
			ask(b.bench, t, got, "index α", func(l sgdlab.Law) string { return fmt.Sprintf("%g", l.Index()) })
		case "samplers":
			_, models, _ := try[sgdlab.Sampler](b.bench, k.Name, e.Name)
			b.accepts(t, models, nil)
		case "schemes":
			b.scheme(t)
		case "observables":
			b.observable(t)
		case "accumulators":
			got, models, needs := try[sgdlab.Accumulator](b.bench, k.Name, e.Name)
			if len(got) > 0 {
				t.columns(got[0].out.Columns(), got[0].on)
			}
			b.accepts(t, models, needs)
		case "theories":
			b.theory(t, samples[0])
		}
	}
	return t
}

// kinds says what the kinds of noise mean.
var kinds = map[string]string{
	sgdlab.AdditiveNoise.String():    "σ does not depend on θ",
	sgdlab.DiagonalNoise.String():    "σ is a diagonal matrix, and its entry i depends on θᵢ alone",
	sgdlab.CommutativeNoise.String(): "the columns of σ commute as vector fields",
	sgdlab.GeneralNoise.String():     "σ depends on θ, and its columns need not commute",
}

func (t *Topic) fact(name, text string) {
	if text != "" {
		t.Facts = append(t.Facts, Fact{name, text})
	}
}

// accepts tells on which models something can be built, and what it asks of them.
func (b *Book) accepts(t *Topic, models string, needs []string) {
	t.fact("models", models)
	for i, v := range needs {
		if text := b.view(v); text != "" {
			needs[i] += " (" + strings.TrimSuffix(text, ".") + ")"
		}
	}
	if models != "all" {
		t.fact("needs", strings.Join(needs, "; "))
	}
}

// view is what a view of a model answers, in a sentence about one model.
func (b *Book) view(name string) string {
	text, _ := blocks(b.bench.comments.Views[name])
	if len(text) == 0 {
		return ""
	}
	s := sentences(text[0].Text)[0]
	if !strings.HasSuffix(s, ".") { // it goes on after a formula
		s, _, _ = strings.Cut(s, ", with ")
	}
	s, _, _ = strings.Cut(strings.TrimSuffix(s, "."), ":")
	if rest, ok := strings.CutPrefix(s, name+" models "); ok {
		return one(rest)
	}
	for _, lead := range []string{name + " are ", name + " is "} {
		if rest, ok := strings.CutPrefix(s, lead); ok {
			return rest
		}
	}
	return s
}

// one turns what several do into what one does: "know their samples and see θ" into "knows its samples and sees θ".
func one(what string) string {
	words := strings.Fields(what)
	for i, w := range words {
		switch {
		case w == "their":
			words[i] = "its"
		case i == 0 || words[i-1] == "and" && slices.Contains([]string{"see", "know", "have", "are", "read", "form"}, w):
			words[i] = does(w)
		}
	}
	return strings.Join(words, " ")
}

func does(verb string) string {
	switch {
	case verb == "have":
		return "has"
	case verb == "are":
		return "is"
	case strings.HasSuffix(verb, "ply"):
		return strings.TrimSuffix(verb, "y") + "ies"
	}
	return verb + "s"
}

// folders are those in which the tests keep their files.
var folders = regexp.MustCompile(`(\.\./)+([\w-]+/)*`)

// example writes a sample as a spec or a command line would.
func (b *Book) example(t *Topic, s Sample) {
	inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s.Settings), "{"), "}")
	inner = folders.ReplaceAllString(inner, "")
	with := func(key string) string {
		if inner == "" {
			return fmt.Sprintf("{%s: %s}", key, t.Name)
		}
		return fmt.Sprintf("{%s: %s, %s}", key, t.Name, inner)
	}
	bare := with("name")
	if inner == "" {
		bare = t.Name
	}
	add := func(text string) { t.Examples = append(t.Examples, text) }
	switch t.Kind {
	case "data":
		add("data: " + bare)
	case "models":
		if s.On != "" {
			add("data: " + b.bench.comments.Sets[s.On] + "\nmodel: " + bare)
		} else {
			add("model: " + bare)
		}
	case "starts":
		add("start: " + bare)
	case "dynamics":
		add("dynamics:\n  mine: " + with("name"))
	case "drifts":
		add("dynamics:\n  mine: {name: sde, calculus: ito, step: 0.01, drift: " + bare + "}")
	case "factors":
		add("noise: " + with("factor"))
	case "laws":
		text := "law: " + t.Name
		if inner != "" {
			text += ", " + inner
		}
		add("noise: {factor: per-sample, " + text + "}")
	case "samplers":
		text := "draw: " + t.Name
		if inner != "" {
			text = "draw: " + with("name")
		}
		add("dynamics:\n  mine: {name: sgd, rate: 0.05, batch: 2, " + text + "}")
	case "observables", "accumulators":
		if inner != "" {
			inner += ", "
		}
		add("observe:\n  - {name: " + t.Name + ", " + inner + "every: 10}")
	}
}

func (b *Book) data(t *Topic, s Sample) {
	if s.reads() {
		return
	}
	set, err := build[*data.Env, *data.Set](t.Name, s.Settings, &data.Env{Folder: nowhere, Seed: 3})
	if err != nil {
		return
	}
	shapes := fmt.Sprintf("inputs (%d, %d), targets (%d, %d), a row for each sample", set.N(), set.Inputs(), set.N(), set.Outputs())
	if set.TestX.Rows > 0 {
		shapes += fmt.Sprintf("; %d test samples", set.TestX.Rows)
	}
	t.fact("in the example", shapes)
}

func (b *Book) model(t *Topic, samples []Sample) {
	var models []sgdlab.Model
	var of []Sample
	for _, st := range b.bench.stands() {
		if st.model == t.Name {
			models, of = append(models, st.site.Model), append(of, st.sample)
		}
	}
	if len(models) == 0 {
		return
	}
	var dims []string
	for _, m := range models {
		if d := fmt.Sprint(m.Dim()); !slices.Contains(dims, d) {
			dims = append(dims, d)
		}
	}
	if len(dims) == 1 && len(t.Fields) == 0 || samples[0].Settings == "{}" && samples[0].On == "" {
		t.fact("coordinates", fmt.Sprint(models[0].Dim()))
	} else {
		t.fact("in the example", fmt.Sprintf("%d coordinates", models[0].Dim()))
	}
	count := map[string]int{}
	for _, m := range models {
		for _, v := range sgdlab.Views(m) {
			count[v]++
		}
	}
	views := Table{Title: "What it can be asked", Columns: []string{"view", "", ""}}
	var seen []string
	for v := range count {
		seen = append(seen, v)
	}
	slices.Sort(seen)
	for _, v := range seen {
		if v == "Model" {
			continue
		}
		when := ""
		if count[v] < len(models) {
			when = "with some settings"
		}
		views.Rows = append(views.Rows, []string{v, b.view(v), when})
	}
	if len(views.Rows) > 0 {
		t.Tables = append(t.Tables, views)
	}
	var points Table // of the sample that has most
	for i, m := range models {
		if c, err := sgdlab.As[sgdlab.Charted](m); err == nil {
			if table := critical(c.CriticalPoints()); len(table.Rows) > len(points.Rows) {
				points = table
				points.Title = "Critical points of " + of[i].Settings
				if of[i].Settings == "{}" {
					points.Title = "Critical points"
				}
			}
		}
	}
	if len(points.Rows) > 0 {
		t.Tables = append(t.Tables, points)
	}
}

// critical is the table of critical points, with the barriers from the minima that each saddle joins.
func critical(points []sgdlab.CriticalPoint) Table {
	out := Table{Columns: []string{"point", "at", "L", "kind", "barrier"}}
	value := map[string]float64{}
	for _, p := range points {
		value[p.Name] = p.Value
	}
	for _, p := range points {
		at := make([]string, len(p.At))
		for i, x := range p.At {
			at[i] = fmt.Sprintf("%.6g", x)
		}
		if len(at) > 4 {
			at = append(at[:3], "…")
		}
		kind := "saddle"
		switch {
		case p.Index == 0:
			kind = "minimum"
		case p.Index == len(p.At):
			kind = "maximum"
		case p.Index > 1:
			kind = fmt.Sprintf("saddle, %d directions down", p.Index)
		}
		if p.Nullity > 0 {
			kind = fmt.Sprintf("degenerate: %d down, %d flat, %d up", p.Index, p.Nullity, len(p.At)-p.Index-p.Nullity)
		}
		var barriers []string
		for _, j := range p.Joins {
			barriers = append(barriers, fmt.Sprintf("%.6g from %s", p.Value-value[j], j))
		}
		out.Rows = append(out.Rows, []string{p.Name, "(" + strings.Join(at, ", ") + ")", fmt.Sprintf("%.6g", p.Value), kind, strings.Join(barriers, ", ")})
	}
	return out
}

func (b *Book) dynamics(t *Topic) {
	got, models, needs := try[sgdlab.Stepper](b.bench, t.Kind, t.Name)
	ask(b.bench, t, got, "state", func(s sgdlab.Stepper) string {
		var names []string
		for _, block := range s.Blocks() {
			name := block.Name
			if name == "theta" {
				name = "θ"
			}
			names = append(names, name)
		}
		return strings.Join(names, ", ")
	})
	b.accepts(t, models, needs)
}

func (b *Book) scheme(t *Topic) {
	got, _, _ := try[sgdlab.Scheme](b.bench, t.Kind, t.Name)
	if len(got) == 0 {
		return
	}
	s := got[0].out
	sense := map[sgdlab.Sense]string{sgdlab.Ito: "Itô", sgdlab.Stratonovich: "Stratonovich"}[s.Sense()]
	t.fact("converges in the sense of", sense)
	table := Table{Title: "Order of convergence", Columns: []string{"noise", "strong", "weak"}}
	order := func(x float64) string {
		if x == 0.5 {
			return "½"
		}
		if !(x > 0) {
			return "–"
		}
		return fmt.Sprintf("%g", x)
	}
	for k := sgdlab.AdditiveNoise; k <= sgdlab.GeneralNoise; k++ {
		strong, weak := s.Order(k)
		table.Rows = append(table.Rows, []string{k.String(), order(strong), order(weak)})
	}
	t.Tables = append(t.Tables, table)
	t.Examples = append(t.Examples, fmt.Sprintf("dynamics:\n  mine: {name: sde, calculus: %s, scheme: %s, step: 0.01, noise: {factor: identity, temperature: 0.1}}", s.Sense(), t.Name))
}

func (b *Book) observable(t *Topic) {
	got, models, needs := try[sgdlab.Observable](b.bench, t.Kind, t.Name)
	if len(got) > 0 {
		t.columns(got[0].out.Columns(), got[0].on)
		_, smooth := got[0].out.(sgdlab.Differentiable)
		_, twice := got[0].out.(sgdlab.TwiceDifferentiable)
		for _, g := range got {
			_, ok := g.out.(sgdlab.TwiceDifferentiable)
			twice = twice || ok
		}
		when := "at the ends of steps"
		if smooth || twice {
			when = "inside the steps of a diffusion, by a Brownian bridge"
		}
		t.fact("events on it are seen", when)
	}
	b.accepts(t, models, needs)
}

func (t *Topic) columns(list []sgdlab.Column, on *stand) {
	table := Table{Title: "Columns", Columns: []string{"column"}}
	units := slices.ContainsFunc(list, func(c sgdlab.Column) bool { return c.Unit != "" })
	if units {
		table.Columns = append(table.Columns, "unit")
	}
	if len(list) > 1 {
		table.Title += " on " + described(on)
	}
	for _, c := range list {
		row := []string{c.Name}
		if units {
			row = append(row, c.Unit)
		}
		table.Rows = append(table.Rows, row)
	}
	t.Tables = append(t.Tables, table)
}

func described(on *stand) string {
	if on.sample.Settings == "{}" {
		return on.model
	}
	return on.model + " " + on.sample.Settings
}

var comparable = map[sgdlab.Kind]string{
	sgdlab.Exact: "exact", sgdlab.Leading: "leading order in a small parameter", sgdlab.Scaling: "right up to a factor",
	sgdlab.Upper: "an upper bound", sgdlab.Lower: "a lower bound",
}

func (b *Book) theory(t *Topic, s Sample) {
	th, err := build[*sgdlab.Run, sgdlab.Theory](t.Name, s.Settings, nil)
	if err != nil {
		return
	}
	p, at := th.Predict(nil), ""
	if len(p.Values) == 0 {
		p, at = th.Predict([]float64{1}), " at=1"
	}
	t.fact("prediction", comparable[p.Kind])
	t.fact("regime", p.Regime)
	n, err := node(t.Name, s.Settings)
	if err == nil {
		line := "sgdlab theory " + t.Name
		for _, q := range n.Pairs[1:] {
			line += " " + q.Key + "=" + strings.ReplaceAll(spec.Inline(q.Value), " ", "")
		}
		line += at
		if len(p.Values) == 1 && !math.IsNaN(p.Values[0]) {
			line += fmt.Sprintf("   # %.6g", p.Values[0])
		}
		t.Examples = append(t.Examples, line)
	}
	if src, ok := b.bib.Get(p.Source); ok && (src.Standing() != papers.Own || len(t.Sources) == 0) {
		t.Sources = append(t.Sources, full(src))
	}
}

// full is a source as a list of references has it.
func full(s papers.Source) string {
	if s.Standing() == papers.Own {
		return "derived in this project"
	}
	authors := strings.Split(s.Field["author"], " and ")
	for i, a := range authors {
		if last, first, ok := strings.Cut(a, ", "); ok {
			authors[i] = first + " " + last
		}
	}
	who := authors[0]
	if n := len(authors); n > 1 {
		who = strings.Join(authors[:n-1], ", ") + " & " + authors[n-1]
	}
	out := fmt.Sprintf("%s: %s", who, s.Field["title"])
	for _, key := range []string{"journal", "booktitle", "publisher"} {
		if v := s.Field[key]; v != "" {
			out += ", " + v
		}
	}
	for _, key := range []string{"volume", "pages"} {
		if v := s.Field[key]; v != "" {
			out += map[string]string{"volume": " ", "pages": ", "}[key] + strings.ReplaceAll(v, "--", "–")
		}
	}
	out += " (" + s.Field["year"] + ")"
	if link := s.Link(); link != "" {
		out += ". " + link
	}
	switch s.Standing() {
	case papers.Restated:
		out += " (as restated by others)"
	case papers.Abstract:
		out += " (of which the abstract was read)"
	case papers.Memory:
		out += " (not opened: common knowledge, derived or computed here)"
	}
	return out + " [" + s.Key + "]"
}
