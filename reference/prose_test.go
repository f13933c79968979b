package reference

import (
	"reflect"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/papers"
)

// Comments for programmers become words for physicists.
func TestProse(t *testing.T) {
	names := map[string]string{"PerSample": "per-sample", "DoubleWell": "double-well", "Gaussian": "gaussian", "MoriRate": "mori-rate", "LogLossExit": "log-loss-exit"}
	typ := func(name, text string) []TypeComment { return []TypeComment{{name, text}} }
	for _, tc := range []struct {
		what, own string
		c         Comment
		want      []Block
		sources   []string
	}{
		{"names of entries for those of Go", "per-sample",
			Comment{"NewPerSample is the noise of SGD itself, C at scale √(η/B).\n", typ("PerSample", "PerSample sends ξ to\n\n\tσξ = x,\n\nso that σσᵀ = C.\n")},
			[]Block{{Text: "per-sample sends ξ to"}, {Formula: "σξ = x,"}, {Text: "so that σσᵀ = C."}, {Text: "per-sample is the noise of SGD itself, C at scale √(η/B)."}}, nil},
		{"what only says that it is built", "double-well",
			Comment{"NewDoubleWell builds the potential; set is nil, as it has no data.\n", typ("DoubleWell", "DoubleWell is a potential.\n")},
			[]Block{{Text: "double-well is a potential."}}, nil},
		{"the rest of what says that it is built", "mori-rate",
			Comment{"NewMoriRate makes the power law; a run gives rate and batch.\n", typ("MoriRate", "MoriRate is a rate.\n")},
			[]Block{{Text: "mori-rate is a rate."}, {Text: "A run gives rate and batch."}}, nil},
		{"a constructor alone", "gaussian",
			Comment{"NewGaussian draws X.\n\nX has rows.\n", nil}, []Block{{Text: "gaussian draws X."}, {Text: "X has rows."}}, nil},
		{"sentences about Go, and other entries", "log-loss-exit",
			Comment{"NewLogLossExit makes it.\n", typ("LogLossExit", "LogLossExit is exact, as MoriRate is not. It holds a stream, and serves one worker. As a Differentiable it knows ∇L.\n\nSources: derived here.\n\nSource: A 1999.\n")},
			[]Block{{Text: "log-loss-exit is exact, as `mori-rate` is not."}}, []string{"derived here.", "A 1999."}},
		{"another type", "gd",
			Comment{"NewGD is gradient descent. See [PlainDescent].\n", typ("PlainDescent", "PlainDescent is\n\n\tθ ← θ − ηg.\n")},
			[]Block{{Text: "Plain descent is"}, {Formula: "θ ← θ − ηg."}}, nil},
		{"a word that is not a name", "gaussian",
			Comment{"NewGaussian is the law N(0, 1), Gaussian as it is.\n", nil}, []Block{{Text: "gaussian is the law N(0, 1), Gaussian as it is."}}, nil},
		{"a list", "gaussian", Comment{"NewGaussian has\n\n  - one\n  - two, and\n    more\n", nil}, []Block{{Text: "gaussian has"}, {List: []string{"one", "two, and more"}}}, nil},
	} {
		got, sources := prose(tc.c, tc.own, names)
		if !reflect.DeepEqual(got, tc.want) || !reflect.DeepEqual(sources, tc.sources) {
			t.Errorf("%s:\n%+v %v\nwant\n%+v %v", tc.what, got, sources, tc.want, tc.sources)
		}
	}
}

// Views are told of one model, whatever the comment's grammar.
func TestView(t *testing.T) {
	b := &Book{bench: newBench(&Comments{Views: map[string]string{
		"Curved": "Curved models multiply by their Hessian.\n", "Mapped": "Mapped models are linear, and see θ through their map alone. More.\n",
		"Sampled": "Sampled is a model that is a mean, L = Σ ℓᵢ.\n", "Scattered": "Scattered models know how they scatter, with G = 1,\n\n\tx\n",
		"Tangents": "Tangents are the derivatives of a network: they give more.\n",
	}})}
	for name, want := range map[string]string{
		"Curved": "multiplies by its Hessian", "Mapped": "is linear, and sees θ through its map alone", "Sampled": "a model that is a mean, L = Σ ℓᵢ",
		"Scattered": "knows how they scatter", "Tangents": "the derivatives of a network", "Unknown": "",
	} {
		if got := b.view(name); got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
}

// Critical points have their kind, and saddles the barriers from the minima that they join.
func TestCritical(t *testing.T) {
	got := critical([]sgdlab.CriticalPoint{
		{Name: "left", At: []float64{-1, 0}, Value: -1},
		{Name: "right", At: []float64{1, 0}, Value: -0.5},
		{Name: "pass", At: []float64{0, 0}, Value: 0.25, Index: 1, Joins: []string{"left", "right"}},
		{Name: "top", At: []float64{0, 5}, Value: 2, Index: 2},
		{Name: "flat", At: []float64{0, 0, 0, 0, 9}, Value: 0, Index: 1, Nullity: 3},
	})
	want := [][]string{
		{"left", "(-1, 0)", "-1", "minimum", ""},
		{"right", "(1, 0)", "-0.5", "minimum", ""},
		{"pass", "(0, 0)", "0.25", "saddle", "1.25 from left, 0.75 from right"},
		{"top", "(0, 5)", "2", "maximum", ""},
		{"flat", "(0, 0, 0, …)", "0", "degenerate: 1 down, 3 flat, 1 up", ""},
	}
	if !reflect.DeepEqual(got.Rows, want) {
		t.Errorf("%v\nwant\n%v", got.Rows, want)
	}
}

// A parameter's form says its type, check, default and other spellings.
func TestForm(t *testing.T) {
	for want, f := range map[string]Field{
		"number > 0; required; also lr, eta":    {Type: "number, may be swept within packs", Check: ">0", Aliases: []string{"lr", "eta"}},
		"number ≥ 0, or matched; optional":      {Type: "number, may be swept within packs, or matched", Check: ">=0", Optional: true},
		"number > 0 and ≤ 1e3; default 0.5":     {Type: "number", Check: ">0 <=1e3", Default: "0.5"},
		"list of numbers from 0 to 1; required": {Type: "list of numbers", Check: "0..1"},
	} {
		if got := form(f); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}

// Lines break between words, and not within a short formula; what combines takes no room.
func TestWrap(t *testing.T) {
	for _, tc := range []struct {
		text    string
		columns int
		want    string
	}{
		{"one two three", 7, "one two|three"},
		{"at V = 2 it is", 6, "at|V = 2|it is"},
		{"ξ̄ξ̄ξ̄ ab", 6, "ξ̄ξ̄ξ̄ ab"},
		{"incomprehensible is", 5, "incomprehensible|is"},
		{"", 5, ""},
	} {
		if got := strings.Join(wrap(tc.text, tc.columns), "|"); got != tc.want {
			t.Errorf("%q in %d: %q; want %q", tc.text, tc.columns, got, tc.want)
		}
	}
}

// Sentences begin with a capital, formulas as they do.
func TestCapital(t *testing.T) {
	for text, want := range map[string]string{
		"a point": "A point", "mean time": "Mean time", "x⁴/4": "x⁴/4", "tr C(θ)": "tr C(θ)", "dθ = 0": "dθ = 0", "uₐᵀWvₐ": "uₐᵀWvₐ", "": "", "½θᵀHθ": "½θᵀHθ", "no samples": "No samples",
	} {
		if got := capital(text); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}

// Tables that are too wide are wrapped in their widest columns.
func TestAligned(t *testing.T) {
	var b strings.Builder
	aligned(&b, "  ", [][]string{{"key", "a long text of words", "another long text of words"}, {"k", "short", "w"}}, 40)
	const want = "  key  a long text of   another long\n       words            text of words\n  k    short            w\n"
	if b.String() != want {
		t.Errorf("%q; want\n%q", b.String(), want)
	}
}

// A source is told whole, and how far it was read.
func TestFull(t *testing.T) {
	s := papers.Source{Key: "k", Field: map[string]string{
		"author": "Kramers, H. A. and Smith, B. and C, D", "title": "On noise", "journal": "Physica", "volume": "7", "pages": "284--304", "year": "1940", "doi": "10.1/x", "standing": "abstract",
	}}
	const want = "H. A. Kramers, B. Smith & D C: On noise, Physica 7, 284–304 (1940). https://doi.org/10.1/x (of which the abstract was read) [k]"
	if got := full(s); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
