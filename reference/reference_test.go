package reference_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"sgdlab/catalog"
	"sgdlab/internal/comments"
	"sgdlab/reference"
	"sgdlab/spec"
)

// made is the book of the tests; topics once complete stay so.
var made = sync.OnceValues(fresh)

func fresh() (*reference.Book, error) {
	return reference.New([]*reference.Topic{{Kind: "verbs", Name: "run", Doc: "run an experiment", Examples: []string{"sgdlab run SPEC"}}})
}

func book(t *testing.T) *reference.Book {
	t.Helper()
	b, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// each runs a test on every topic, complete.
func each(t *testing.T, f func(t *testing.T, topic *reference.Topic)) {
	t.Helper()
	for _, s := range book(t).Sections {
		for _, topic := range s.Topics {
			t.Run(s.Kind+"/"+topic.Name, func(t *testing.T) { f(t, topic.Complete()) })
		}
	}
}

// What the reference says is what the source says.
func TestCommentsAreFresh(t *testing.T) {
	c, err := comments.Read("..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if text == reference.Embedded() {
		return
	}
	was := strings.Split(reference.Embedded(), "\n")
	for i, line := range strings.Split(text, "\n") {
		if i >= len(was) || was[i] != line {
			t.Fatalf("comments.json is not what the source says, from line %d on; run `go generate ./reference`", i+1)
		}
	}
	t.Fatal("comments.json says more than the source; run `go generate ./reference`")
}

// Every entry is told from its source, with an equation on a line of its own, in words for people who do not know Go.
func TestEntriesSayWhatTheyAre(t *testing.T) {
	lists := map[string]bool{}
	for _, k := range catalog.Kinds() {
		lists[k.Name] = true
	}
	each(t, func(t *testing.T, topic *reference.Topic) {
		said, text := false, topic.Doc
		for _, b := range topic.Text {
			said = said || b.Formula != ""
			text += " " + b.Text + " " + strings.Join(b.List, " ")
			if (b.Text == "") == (b.Formula == "" && len(b.List) == 0) || b.Text != strings.TrimSpace(b.Text) {
				t.Errorf("a block that holds %+v", b)
			}
		}
		if lists[topic.Kind] {
			if len(topic.Text) == 0 {
				t.Error("the comments of its constructor and type say nothing to a reader; write what it is in that of the type or of NewX")
			}
			if !said {
				t.Error("there is no equation on a line of its own; write one, indented by a tab, in the comment of its type or of NewX")
			}
		}
		if bad := regexp.MustCompile(`\bnil\b|\bNew[A-Z]\w*|\bsgdlab\.[A-Z]|Settings\b|\[\]|\bfunc\b|\b(Step|Varying|Dense|Neglects)\b`).FindString(text); bad != "" {
			t.Errorf("speaks Go (%s): %s", bad, text)
		}
		for _, f := range topic.Fields {
			if f.Doc == "" || f.Type == "" {
				t.Errorf("the parameter %s has no doc or type", f.Key)
			}
		}
	})
}

// fact looks one up.
func fact(topic *reference.Topic, name string) string {
	for _, f := range topic.Facts {
		if f.Name == name {
			return f.Text
		}
	}
	return ""
}

// What only building an entry can tell is told of all.
func TestEntriesAreBuilt(t *testing.T) {
	each(t, func(t *testing.T, topic *reference.Topic) {
		table := func(title string) bool {
			return slices.ContainsFunc(topic.Tables, func(t reference.Table) bool { return strings.HasPrefix(t.Title, title) && len(t.Rows) > 0 })
		}
		switch topic.Kind {
		case "models":
			if fact(topic, "coordinates")+fact(topic, "in the example") == "" || !table("What it can be asked") {
				t.Errorf("%+v %+v", topic.Facts, topic.Tables)
			}
		case "starts", "dynamics", "drifts", "factors", "samplers", "observables", "accumulators":
			if reads := strings.Contains(topic.Examples[0], "path: "); (fact(topic, "models") == "") != reads {
				t.Errorf("models: %q; it reads a file: %t", fact(topic, "models"), reads)
			}
		case "laws":
			if (fact(topic, "index α") == "") == !table("Index α") {
				t.Error("no index")
			}
		case "schemes":
			if fact(topic, "converges in the sense of") == "" || !table("Order") {
				t.Errorf("%+v", topic.Tables)
			}
		case "theories":
			if fact(topic, "prediction") == "" || fact(topic, "regime") == "" || len(topic.Sources) == 0 {
				t.Errorf("%+v, sources %v", topic.Facts, topic.Sources)
			}
		}
		if (topic.Kind == "observables" || topic.Kind == "accumulators") != table("Columns") {
			t.Errorf("columns: %+v", topic.Tables)
		}
		if topic.Kind == "factors" && (fact(topic, "noise") == "") == !table("Noise") {
			t.Error("no kind of noise")
		}
		for _, row := range topic.Tables {
			for _, r := range row.Rows {
				if len(r) != len(row.Columns) {
					t.Errorf("%s: a row of %d under %d columns", row.Title, len(r), len(row.Columns))
				}
			}
		}
	})
}

// Examples are YAML under the key that they stand for, and name what they are examples of.
func TestExamples(t *testing.T) {
	each(t, func(t *testing.T, topic *reference.Topic) {
		if len(topic.Examples) == 0 {
			t.Fatal("no example")
		}
		for _, e := range topic.Examples {
			if !strings.Contains(e, topic.Name) {
				t.Errorf("%q does not name it", e)
			}
			if strings.HasPrefix(e, "sgdlab ") {
				continue
			}
			n, problems := spec.Parse("example", []byte(e))
			if len(problems) > 0 {
				t.Fatalf("%s: %v", e, problems)
			}
			if topic.Kind == "keys" && n.Get(topic.Name).IsNull() {
				t.Errorf("%s has no %s", e, topic.Name)
			}
			for kind, key := range map[string]string{"measures": "measure", "expectations": "expect"} {
				if topic.Kind == kind && n.Get(key).Get(topic.Name).IsNull() {
					t.Errorf("%s has no %s of %s", e, topic.Name, key)
				}
			}
		}
	})
}

// Names, aliases, paths and parameters are found.
func TestFind(t *testing.T) {
	b := book(t)
	for name, want := range map[string][]string{
		"run":                                {"verbs run"},
		"quadratic":                          {"models quadratic"},
		"levy":                               {"laws stable"},
		"gaussian":                           {"data gaussian", "starts gaussian", "laws gaussian"},
		"sde.noise":                          {"dynamics sde.noise"},
		"sde.dt":                             {"dynamics sde.step"},
		"sgd.label-noise.zeta":               {"dynamics sgd.label-noise.amplitude"},
		"ensemble.until":                     {"keys ensemble.until"},
		"ensemble.until.at-most.time":        {"keys ensemble.until.at-most.time"},
		"model.widths":                       {"models deep-linear.widths"},
		"start.modes":                        {"starts saddle.modes"},
		"dynamics.mine.batch":                {"dynamics sgd.batch"},
		"dynamics.mine.noise.temperature":    {"factors identity.temperature"},
		"mode-overlap.count":                 {"observables mode-overlap.count"},
		"escape-law":                         {"asks escape-law"},
		"mean-time":                          {"measures mean-time"},
		"same-law.distance":                  {"expectations same-law.distance"},
		"zeta":                               {"dynamics gd.label-noise.amplitude", "dynamics sgd.label-noise.amplitude", "factors output.amplitude"},
		"nothing":                            nil,
		"sde.nothing":                        nil,
		"model.nothing":                      nil,
		"dynamics.mine.noise.of.temperature": nil,
		"observe[0].every":                   {"keys observe.every"},
		"events.exit.rises-above":            {"keys events.rises-above"},
		"dynamics.mine.noise[1].batch":       {"factors per-sample.batch", "factors output.batch"},
	} {
		var got []string
		for _, topic := range b.Find(name) {
			got = append(got, topic.Kind+" "+topic.Name)
		}
		if kind := strings.Join(want, ", "); !contains(got, want) || len(want) == 0 && len(got) > 0 {
			t.Errorf("%s finds %v; want %s", name, got, kind)
		}
	}
	for _, name := range []string{"run", "quadratic", "levy", "escape-law", "temperature", "zeta", "replicas"} {
		if !slices.Contains(b.Names(), name) {
			t.Errorf("Names lacks %s", name)
		}
	}
}

func contains(list, part []string) bool {
	for _, x := range part {
		if !slices.Contains(list, x) {
			return false
		}
	}
	return true
}

// Text fits the terminal, but for what keeps its lines: formulas and examples.
func TestTextFits(t *testing.T) {
	each(t, func(t *testing.T, topic *reference.Topic) {
		kept := strings.Join(topic.Examples, "\n")
		for _, b := range topic.Text {
			kept += "\n" + b.Formula
		}
		for _, columns := range []int{60, 80, 100} {
			var b strings.Builder
			topic.WriteText(&b, columns)
			text := b.String()
			if !strings.HasPrefix(text, topic.Name+" (") || strings.Contains(text, "\n\n\n") || !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
				t.Errorf("in %d columns:\n%s", columns, text)
			}
			for _, line := range strings.Split(text, "\n") {
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%q ends in a space", line)
				}
				if n := wide(line); n > columns && !strings.Contains(kept, strings.TrimSpace(line)) && strings.Contains(strings.TrimSpace(line), " ") && columns >= 80 {
					t.Errorf("%d columns in %d: %s", n, columns, line)
				}
			}
		}
	})
}

func wide(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.Is(unicode.Mn, r) {
			n++
		}
	}
	return n
}

// The page has every topic, under an anchor of its own, and tables whose rows have as many cells as their heads.
func TestMarkdown(t *testing.T) {
	b := book(t)
	page := b.Markdown()
	again, err := fresh()
	if err != nil || page != again.Markdown() {
		t.Errorf("two pages of one book differ (%v)", err)
	}
	for _, s := range b.Sections {
		for _, topic := range s.Topics {
			id := topic.Kind + "-" + topic.Name
			if strings.Count(page, `<a id="`+id+`"></a>`) != 1 || !strings.Contains(page, "](#"+id+")") {
				t.Errorf("the page has no place %s, or several, or no link to it", id)
			}
		}
	}
	fenced, cells := false, 0
	for i, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells != 0 && n != cells {
			t.Errorf("line %d has %d cells, those above it %d: %s", i+1, n-1, cells-1, line)
		}
		cells = n
	}
	if fenced {
		t.Error("a fence does not end")
	}
}
