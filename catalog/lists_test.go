package catalog_test

import (
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/model/modeltest"
	"sgdlab/papers"
	"sgdlab/spec"
)

var kebab = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Names are unique, also against aliases, and kebab-case; what exists is documented; every settings field says what it is,
// and its default stands to its own check.
func TestLists(t *testing.T) {
	kinds := map[string]bool{}
	for _, k := range catalog.Kinds() {
		if kinds[k.Name] || !kebab.MatchString(k.Name) || k.Doc == "" || k.Key == "" || len(k.Entries) == 0 {
			t.Errorf("list %+v", k)
		}
		kinds[k.Name] = true
		names := map[string]bool{}
		for _, e := range k.Entries {
			for _, name := range append([]string{e.Name}, e.Aliases...) {
				if names[name] || !kebab.MatchString(name) {
					t.Errorf("%s: the name %s is taken, or not in kebab-case", k.Name, name)
				}
				names[name] = true
				if found, ok := k.Find(name); !ok || found.Name != e.Name {
					t.Errorf("%s: %s finds %s", k.Name, name, found.Name)
				}
			}
			sentence(t, k.Name+"/"+e.Name, e.Doc)
			fields(t, k.Name+"/"+e.Name, e.Settings)
		}
	}
}

func sentence(t *testing.T, what, doc string) {
	t.Helper()
	if doc == "" || doc != strings.TrimSpace(doc) || strings.HasSuffix(doc, ".") && !strings.HasSuffix(doc, "..") {
		t.Errorf("%s: doc %q is empty, or ends in a space or period", what, doc)
	}
}

func fields(t *testing.T, what string, settings reflect.Type) {
	t.Helper()
	keys := map[string]bool{}
	for _, f := range catalog.Fields(settings) {
		at := what + "." + f.Key
		for i, key := range append([]string{f.Key}, f.Aliases...) {
			if keys[key] || i == 0 && !kebab.MatchString(key) {
				t.Errorf("%s: the key %s is taken, or not in kebab-case", at, key)
			}
			keys[key] = true
		}
		sentence(t, at, f.Doc)
		if f.Default != "" && f.Optional {
			t.Errorf("%s has a default and is optional", at)
		}
		if f.Type == "" || strings.ContainsAny(f.Type, "*.[") || strings.Contains(f.Type, "func") {
			t.Errorf("%s: type %q", at, f.Type)
		}
		if strings.Contains(f.Type, " or ") && strings.Contains(f.Type, " or  or ") {
			t.Errorf("%s: type %q has an empty word", at, f.Type)
		}
		if len(f.Fields) > 0 && len(f.Aliases) > 0 {
			t.Errorf("%s: a map with aliases is not found by the keys below it", at)
		}
	}
	// Tags, as the decoder reads them.
	for i := range settings.NumField() {
		f := settings.Field(i)
		for _, tag := range []string{"oneof", "words"} {
			words, ok := f.Tag.Lookup(tag)
			if !ok {
				continue
			}
			for _, w := range strings.Split(words, "|") {
				if w == "" || strings.Count("|"+words+"|", "|"+w+"|") != 1 {
					t.Errorf("%s.%s: %s:%q", what, f.Name, tag, words)
				}
			}
			if tag == "oneof" != (f.Type.Kind() == reflect.String || f.Type == reflect.TypeFor[[]string]()) {
				t.Errorf("%s.%s: %s on a %s", what, f.Name, tag, f.Type)
			}
		}
	}
	for _, f := range reflect.VisibleFields(settings) {
		for _, tag := range regexp.MustCompile(`([a-z]+):"`).FindAllStringSubmatch(string(f.Tag), -1) {
			if !slices.Contains([]string{"spec", "doc", "default", "optional", "check", "oneof", "words"}, tag[1]) {
				t.Errorf("%s.%s: nobody reads the tag %s", what, f.Name, tag[1])
			}
		}
	}
}

// Defaults and checks hold for each entry: with every field at its default there is no mistake about a field that has one.
// (A check or default that does not parse panics here.)
func TestDefaults(t *testing.T) {
	for _, k := range catalog.Kinds() {
		for _, e := range k.Entries {
			settings := reflect.New(e.Settings)
			var problems spec.Problems
			n := parse(t, "{}")
			catalog.Scanner(&problems).Struct(n, "x", settings.Interface())
			for _, p := range problems {
				f := fieldAt(e.Settings, strings.TrimPrefix(p.Path, "x."))
				if f == nil || f.Default != "" || f.Optional || p.Found != "nothing" {
					t.Errorf("%s/%s: %s", k.Name, e.Name, p)
				}
			}
			for _, f := range catalog.Fields(e.Settings) {
				if (f.Default != "") != (n.Get(f.Key) != nil) {
					t.Errorf("%s/%s: %s has the default %q, and the tree holds %v", k.Name, e.Name, f.Key, f.Default, n.Get(f.Key))
				} else if f.Default != "" && !spec.Equal(n.Get(f.Key), parse(t, "v: "+f.Default).Get("v")) {
					t.Errorf("%s/%s: %s has the default %q, and the tree holds %s", k.Name, e.Name, f.Key, f.Default, spec.Inline(n.Get(f.Key)))
				}
				if f.Check != "" { // something breaks it
					breaks := false
					for _, x := range []string{"-1e300", "0", "1e300", "-1", "0.5"} {
						var problems spec.Problems
						_, ok := catalog.Scanner(&problems).Setting(spec.New(parse(t, "v: "+x).Get("v")), "x", "", f.Check)
						breaks = breaks || !ok
					}
					if !breaks {
						t.Errorf("%s/%s: nothing breaks the check %s of %s", k.Name, e.Name, f.Check, f.Key)
					}
				}
			}
		}
	}
}

func fieldAt(t reflect.Type, key string) *catalog.Field {
	for _, f := range catalog.Fields(t) {
		if f.Key == key {
			return &f
		}
	}
	return nil
}

// Theories predict without a run: finite values, each with what it neglects, in a regime, from a source that the
// bibliography has.
func TestTheories(t *testing.T) {
	bib, err := papers.Sources()
	if err != nil {
		t.Fatal(err)
	}
	battery(t, "theories", func(t *testing.T, name string, c sample) {
		theory := must[sgdlab.Theory](t)(decoded[*sgdlab.Run, sgdlab.Theory](t, node(t, name, c.settings)).Build(nil))
		at := []float64{0.5, 1, 2}
		p := theory.Predict(at)
		if len(p.Values) != 1 && len(p.Values) != len(at) {
			t.Errorf("%d values at %d abscissae", len(p.Values), len(at))
		}
		if len(p.Neglects) != 0 && len(p.Neglects) != len(p.Values) {
			t.Errorf("%d values neglect %d parts", len(p.Values), len(p.Neglects))
		}
		for i, x := range p.Values {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("value %d is %g", i, x)
			}
		}
		for i, x := range p.Neglects {
			if x < 0 || p.Kind == sgdlab.Exact && x != 0 {
				t.Errorf("value %d neglects %g, and is %v", i, x, p.Kind)
			}
		}
		if again := theory.Predict(at); !reflect.DeepEqual(p.Values, again.Values) {
			t.Errorf("%v, then %v", p.Values, again.Values)
		}
		_ = p.Kind.String() // or it panics
		if p.Regime == "" {
			t.Error("no regime")
		}
		if _, ok := bib.Get(p.Source); !ok {
			t.Errorf("sources.bib has no %q", p.Source)
		}
	})
}

// Data sets are a function of their settings and the data seed.
func TestData(t *testing.T) {
	battery(t, "data", func(t *testing.T, name string, c sample) {
		made := decoded[*data.Env, *data.Set](t, node(t, name, c.settings))
		build := func(seed uint64) *data.Set {
			t.Helper()
			return must[*data.Set](t)(made.Build(&data.Env{Folder: "../examples/data", Seed: seed}))
		}
		a, b, other := build(1), build(1), build(2)
		if a.Hash == "" || a.Hash != b.Hash || !reflect.DeepEqual(a.X, b.X) || !reflect.DeepEqual(a.Y, b.Y) {
			t.Error("one seed gives two data sets")
		}
		if random := !strings.Contains(c.settings, "matrix:") && name != "chebyshev" && name != "fourier"; random == (a.Hash == other.Hash) {
			t.Error("two seeds give one data set")
		}
		if a.Name == "" || a.N() < 1 || a.Inputs() < 1 || a.Outputs() < 1 || a.Y.Rows != a.N() {
			t.Errorf("%s of %d rows, %d inputs, %d outputs, %d rows of targets", a.Name, a.N(), a.Inputs(), a.Outputs(), a.Y.Rows)
		}
		if a.TestX.Rows > 0 && (a.TestX.Cols != a.Inputs() || a.TestY.Cols != a.Outputs() || a.TestX.Rows != a.TestY.Rows) {
			t.Error("test rows of another shape")
		}
		for _, x := range append(append([]float64(nil), a.X.Data...), a.Y.Data...) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("the set holds %g", x)
			}
		}
	})
}

// The battery of package modeltest over every model, and the table of its views: a view that vanishes is a change of the
// table. A model of data shows itself on every shape of it, or refuses that by its name.
func TestModels(t *testing.T) {
	views := []string{"Charted", "Cubic", "Curved", "EndToEnd", "Featured", "Formed", "GaussNewton", "Layered", "Mapped", "Model", "Network", "Paired", "Saddled", "Sampled", "Scattered", "Squared", "Tangents"}
	table := newGrid("models", views)
	shapes := map[string][]string{}
	first := map[string]*catalog.Made[*data.Set, sgdlab.Model]{}
	battery(t, "models", func(t *testing.T, name string, c sample) {
		made := decoded[*data.Set, sgdlab.Model](t, node(t, name, c.settings))
		if first[name] == nil {
			first[name] = made
		}
		m := must[sgdlab.Model](t)(made.Build(set(t, c.on)))
		if c.on != "" {
			shapes[name] = append(shapes[name], strings.TrimRight(c.on, "1"))
		}
		got := modeltest.Run(t, m, 0.7)
		for _, v := range got {
			if !slices.Contains(views, v) {
				t.Errorf("view %s is not in the table", v)
			}
		}
		on := ""
		if c.on != "" {
			on = " on " + c.on
		}
		table.row(name+" "+c.settings+on, got)
		var none *data.Set
		if c.on == "" {
			none = set(t, "tall")
		}
		if m, err := made.Build(none); err == nil {
			t.Errorf("%T is a landscape and a model of data", m)
		}
	})
	for name, on := range shapes {
		for _, want := range []string{"tall", "white", "wide", "matrix"} {
			if slices.Contains(on, want) {
				continue
			}
			if _, err := first[name].Build(set(t, want)); err == nil || !strings.Contains(err.Error(), name+" is of a matrix") {
				t.Errorf("%s has no sample on %s or %s1", name, want, want)
			}
		}
	}
	golden(t, "views.txt", table.String())
}
