package catalog_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// words is a Decodable.
type words struct{ got any }

func (w *words) Decode(value any) error {
	if value == "bad" {
		return errors.New("got bad; want good")
	}
	w.got = value
	return nil
}

type inner struct {
	Size  int     `doc:"how many" default:"3" check:">=1"`
	Width float64 `doc:"how wide" optional:"true"`
}

type shared struct {
	FromBelow float64 `doc:"embedded" default:"0.5"`
}

// every holds a field of each type that the decoder knows.
type every struct {
	shared
	Number    float64                     `doc:"x" check:">0 <=2"`
	Between   float64                     `doc:"y" check:"-1..1" default:"-0.5"`
	Maybe     float64                     `doc:"z" optional:"true" check:">0"`
	Whole     int                         `doc:"i" default:"2" check:">=0"`
	Seed      uint64                      `doc:"u" default:"18446744073709551615"`
	Flag      bool                        `doc:"b" default:"true"`
	Text      string                      `doc:"s" optional:"true"`
	Word      string                      `doc:"w" oneof:"left|right" default:"left"`
	Numbers   []float64                   `doc:"list" optional:"true" check:">=0"`
	Counts    []int                       `doc:"whole list" default:"[1, 2]"`
	Names     []string                    `doc:"names" optional:"true" oneof:"a|b"`
	Rows      [][]float64                 `doc:"matrix" optional:"true"`
	Rate      sgdlab.Setting              `spec:"rate,lr,learning-rate" doc:"η" optional:"true" check:">0"`
	Rates     []sgdlab.Setting            `doc:"ηs" optional:"true"`
	Heat      sgdlab.Quantity             `spec:"heat,T" doc:"T" words:"matched|none" optional:"true" check:">=0"`
	Sense     sgdlab.Sense                `doc:"sense" default:"stratonovich"`
	Own       words                       `doc:"own" optional:"true"`
	Nested    inner                       `doc:"a map" optional:"true"`
	Pointer   *inner                      `doc:"a map that may be missing" optional:"true"`
	List      []inner                     `doc:"maps" optional:"true"`
	Law       sgdlab.Part[sgdlab.Law]     `doc:"a law" optional:"true"`
	Other     sgdlab.Part[sgdlab.Law]     `doc:"another law" optional:"true"`
	Laws      []sgdlab.Part[sgdlab.Law]   `doc:"laws" optional:"true"`
	Noise     []sgdlab.Part[sgdlab.Noise] `doc:"noises" optional:"true"`
	unheard   int
	Draw      sgdlab.Part[sgdlab.Sampler]      `doc:"rows" default:"with-replacement"`
	Observers []sgdlab.Part[sgdlab.Observable] `doc:"observables" optional:"true"`
}

func fill(t *testing.T, text string) (every, *spec.Node, *catalog.Decoder, spec.Problems) {
	t.Helper()
	var v every
	var problems spec.Problems
	n := parse(t, text)
	d := catalog.Scanner(&problems)
	if ok := d.Struct(n, "item", &v); ok != (len(problems) == 0) {
		t.Errorf("%s: ok is %t with %v", text, ok, problems)
	}
	return v, n, d, problems
}

// Every type of field is filled, from its shorthands too.
func TestFieldTypes(t *testing.T) {
	v, _, d, problems := fill(t, `
number: 2
maybe: 1e-3
whole: 1e3
seed: 9223372036854775809
flag: false
text: some text
word: right
numbers: [0, range(1, 3), 0.5]
counts: 7
names: [a, b, a]
rows: [[1, 2], [3, 4]]
lr: 0.25
rates: [1, 2]
T: matched
sense: ito
own: {a: [1, true, "2", x], b: null}
nested: {size: 4, width: 2}
pointer: {}
list: [{size: 5}, {}]
law: stable
alpha: 1.5
other: {name: stable, alpha: 0.5}
laws: [gaussian, {law: rademacher}, {name: sign}]
noise: {factor: identity, temperature: 0.5}
draw: {draw: reshuffled}
observers: [loss, {name: coordinate, index: 0}]
from-below: 9
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	law := func(p sgdlab.Part[sgdlab.Law]) sgdlab.Law { return must[sgdlab.Law](t)(p(&sgdlab.Site{Place: "x"})) }
	at := &sgdlab.Clock{}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"number", v.Number, 2.0}, {"default with a sign", v.Between, -0.5}, {"maybe", v.Maybe, 1e-3}, {"whole", v.Whole, 1000},
		{"seed", v.Seed, uint64(1<<63 + 1)}, {"flag", v.Flag, false}, {"text", v.Text, "some text"}, {"word", v.Word, "right"},
		{"numbers", v.Numbers, []float64{0, 1, 2, 0.5}}, {"counts", v.Counts, []int{7}}, {"names", v.Names, []string{"a", "b", "a"}},
		{"rows", v.Rows, [][]float64{{1, 2}, {3, 4}}}, {"rate", v.Rate(at), lanes.Splat(0.25)}, {"rates", v.Rates[1](at), lanes.Splat(2)},
		{"heat", v.Heat.Word, "matched"}, {"sense", v.Sense, sgdlab.Ito},
		{"own", v.Own.got, map[string]any{"a": []any{1.0, true, "2", "x"}, "b": nil}},
		{"nested", v.Nested, inner{4, 2}}, {"pointer", v.Pointer.Size, 3}, {"pointer's missing float", math.IsNaN(v.Pointer.Width), true},
		{"list", []int{v.List[0].Size, v.List[1].Size}, []int{5, 3}}, {"law", law(v.Law).Index(), 1.5}, {"other", law(v.Other).Index(), 0.5},
		{"laws", fmt.Sprintf("%T %T %T", law(v.Laws[0]), law(v.Laws[1]), law(v.Laws[2])), "noise.Gaussian noise.Rademacher noise.Rademacher"},
		{"draw", fmt.Sprintf("%T", must[sgdlab.Sampler](t)(v.Draw(&sgdlab.Site{Data: set(t, "tall"), Batch: 2}))), "*noise.Reshuffled"},
		{"observers", len(v.Observers), 2}, {"embedded", v.FromBelow, 9.0}, {"values", d.Values, []float64{0.25, 1, 2, 0.5}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
	n := must[sgdlab.Noise](t)(v.Noise[0](site(t, 0)))
	if s := n.Scale(at)[0]; s != 1 || n.Law.Index() != 2 {
		t.Errorf("a noise of scale %g and index %g; want √(2T) = 1 and 2", s, n.Law.Index())
	}
}

// Missing fields take their defaults, which the tree then holds, or stay zero: NaN for a number.
func TestMissing(t *testing.T) {
	v, n, d, problems := fill(t, "{number: 1, maybe: null, nested: ~}")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if !math.IsNaN(v.Maybe) || v.Whole != 2 || v.Seed != math.MaxUint64 || !v.Flag || v.Word != "left" || !slices.Equal(v.Counts, []int{1, 2}) || v.Sense != sgdlab.Stratonovich || v.FromBelow != 0.5 {
		t.Errorf("defaults: %+v", v)
	}
	if v.Text != "" || v.Numbers != nil || v.Rate != nil || v.Pointer != nil || v.Nested != (inner{}) || v.Heat.Setting != nil || v.Law != nil || v.Noise != nil || v.Draw == nil {
		t.Errorf("missing: %+v", v)
	}
	if len(d.Values) != 0 {
		t.Errorf("values %v of settings that are missing", d.Values)
	}
	if got := spec.Inline(n); got != "{number: 1, maybe: null, nested: null, from-below: 0.5, between: -0.5, whole: 2, seed: 18446744073709551615, flag: true, word: left, counts: [1, 2], sense: stratonovich, draw: with-replacement}" {
		t.Errorf("resolved: %s", got)
	}
	before := spec.Inline(n)
	var again every
	d2 := catalog.Scanner(&problems)
	if !d2.Struct(n, "item", &again) || spec.Inline(n) != before || d2.Key() != d.Key() {
		t.Errorf("a resolved tree decodes to %s with the key %s, had %s", spec.Inline(n), d2.Key(), d.Key())
	}
}

// An item that was a bare name becomes a map where it has defaults, so that the tree shows them.
func TestShorthandResolves(t *testing.T) {
	for text, want := range map[string]string{
		"sharpness": "{name: sharpness, count: 1, tolerance: 1e-6}",
		"loss":      "loss",
	} {
		n := parse(t, "v: "+text).Get("v")
		decoded[*sgdlab.Site, sgdlab.Observable](t, n)
		if got := spec.Inline(n); got != want || n.Line != 1 {
			t.Errorf("%s resolves to %s at line %d, want %s", text, got, n.Line, want)
		}
	}
	n := parse(t, "{name: sde, calculus: ito, rate: 0.1, noise: hessian}")
	decoded[*sgdlab.Site, sgdlab.Stepper](t, n)
	if got := spec.Inline(n.Get("noise")); got != "{factor: hessian, of: gauss-newton, frozen: false, law: gaussian, resolution: single}" {
		t.Errorf("noise resolves to %s", got)
	}
}

// Each mistake is reported once, at its line and path, with what would be right; and all of them.
func TestMistakes(t *testing.T) {
	for text, want := range map[string][]string{
		"{}":                            {"1: item.number: got nothing; want number: x"},
		"{number: 3}":                   {"1: item.number: got 3; want a number > 0 and ≤ 2: x"},
		"{number: -inf}":                {"1: item.number: got -inf; want a finite number > 0 and ≤ 2: x"},
		"{number: x}":                   {"1: item.number: got x; want a number > 0 and ≤ 2: x"},
		"{number: '1'}":                 {`1: item.number: got the text "1"; want a number > 0 and ≤ 2: x`},
		"{number: 1, between: 1.5}":     {"1: item.between: got 1.5; want a number from -1 to 1: y"},
		"{number: 1, whole: 1.5}":       {"1: item.whole: got 1.5; want a whole number ≥ 0: i"},
		"{number: 1, whole: -1}":        {"1: item.whole: got -1; want a whole number ≥ 0: i"},
		"{number: 1, seed: -1}":         {"1: item.seed: got -1; want a whole number ≥ 0: u"},
		"{number: 1, flag: yes}":        {"1: item.flag: got yes; want true or false: b"},
		"{number: 1, text: [1]}":        {"1: item.text: got a list of 1; want text: s"},
		"{number: 1, word: lefr}":       {"1: item.word: got lefr; want left or right; did you mean left?: w"},
		"{number: 1, names: [a, c]}":    {"1: item.names[1]: got c; want a or b: names"},
		"{number: 1, numbers: [1, -1]}": {"1: item.numbers[1]: got -1; want a number ≥ 0: list"},
		"{number: 1, numbers: {a: 1}}":  {"1: item.numbers: got a map; want a number ≥ 0: list"},
		"{number: 1, numbers: 'range(1)'}": {
			"1: item.numbers: got range(1); want range(a, b) or range(a, b, step)"},
		"{number: 1, rows: [1, 2]}":           {"1: item.rows[0]: got 1; want list of numbers: matrix", "1: item.rows[1]: got 2; want list of numbers: matrix"},
		"{number: 1, rows: 3}":                {"1: item.rows: got 3; want list of lists of numbers: matrix"},
		"{number: 1, heat: matchd}":           {"1: item.heat: got matchd; want a number ≥ 0, or matched or none; did you mean matched?: T"},
		"{number: 1, sense: both}":            {"1: item.sense: got both; want ito or stratonovich"},
		"{number: 1, own: bad}":               {"1: item.own: got bad; want good"},
		"{number: 1, nested: 3}":              {"1: item.nested: got 3; want a map with size, width"},
		"{number: 1, nested: {sise: 1}}":      {"1: item.nested.sise: got the unknown key sise; want a known key; did you mean size?"},
		"{number: 1, list: [{size: 0}, [1]]}": {"1: item.list[0].size: got 0; want a whole number ≥ 1: how many", "1: item.list[1]: got a list of 1; want a map with size, width"},
		"{number: 1, lr: 0.1, rate: 0.2}":     {"1: item.lr: got both rate and lr; want one of them"},
		"{number: 1, lr: 0.1, learning-rate: 0.2}": {
			"1: item.learning-rate: got both lr and learning-rate; want one of them"},
		"{number: 1, learning_rate: 0.1}":   {"1: item.learning_rate: got the unknown key learning_rate; want a known key; did you mean learning-rate?"},
		"{numbr: 1}":                        {"1: item.numbr: got the unknown key numbr; want a known key; did you mean number?"},
		"{number: 1, law: stabl, alpha: 1}": {"1: item.law: got stabl; want a law; did you mean stable?"},
		"{number: 1, law: stable}":          {"1: item.alpha: got nothing; want number: the index α of the law, at most 2: P(|ξ| > x) falls as x^−α"},
		"{number: 1, law: stable, alpha: -1}": {
			"1: item.alpha: got -1; want a number > 0: the index α of the law, at most 2: P(|ξ| > x) falls as x^−α"},
		"{number: 1, law: gaussian, alpha: 1}":     {"1: item.alpha: got the unknown key alpha; want one of from-below, number, between, maybe, whole, seed, flag, text, word, numbers, counts, names, rows, rate, rates, heat, sense, own, nested, pointer, list, law, stream, substeps, resolution, other, laws, noise, draw, observers"},
		"{number: 1, other: {name: stable}}":       {"1: item.other.alpha: got nothing; want number: the index α of the law, at most 2: P(|ξ| > x) falls as x^−α"},
		"{number: 1, other: {alpha: 1}}":           {"1: item.other: got no name; want name: one of " + names("laws")},
		"{number: 1, other: [1]}":                  {"1: item.other: got a list of 1; want a law, as in {law: gaussian}"},
		"{number: 1, other: {name: [1]}}":          {"1: item.other.name: got a list of 1; want the name of a law: " + names("laws")},
		"{number: 1, draw: bootstrapping}":         {"1: item.draw: got bootstrapping; want a sampler: " + names("samplers")},
		"{number: 1, noise: [[]]}":                 {"1: item.noise[0]: got a list of 0; want a noise, as in {factor: per-sample, law: gaussian}"},
		"{number: 1, noise: {law: stable}}":        {"1: item.noise: got no factor; want factor: one of " + names("factors"), "1: item.noise.alpha: got nothing; want number: the index α of the law, at most 2: P(|ξ| > x) falls as x^−α"},
		"{number: 1, noise: {factor: identty}}":    {"1: item.noise.factor: got identty; want a factor; did you mean identity?"},
		"{number: 1, observers: [losss, {x: 1}]}":  {"1: item.observers[0]: got losss; want an observable; did you mean loss?", "1: item.observers[1]: got no name; want name: one of " + names("observables")},
		"number: 1\nwhole: x\nflag: 3\nunheard: 4": {"2: item.whole: got x; want a whole number ≥ 0: i", "3: item.flag: got 3; want true or false: b", "4: item.unheard: got the unknown key unheard; want a known key; did you mean number?"},
	} {
		_, _, _, problems := fill(t, text)
		var got []string
		for _, p := range problems.Sorted() {
			got = append(got, strings.TrimPrefix(p.String(), "test.yaml:"))
		}
		if text == "number: 1\nwhole: x\nflag: 3\nunheard: 4" { // what it suggests does not matter
			got[2], _, _ = strings.Cut(got[2], "; ")
			want[2], _, _ = strings.Cut(want[2], "; ")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot\n\t%s\nwant\n\t%s", text, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
	for text, want := range map[string]string{ // a misspelt alias of what is missing, an item of no known name, a sibling's schedule
		"{name: gd, learning_rate: 0.1}":         "item.learning_rate: got the unknown key learning_rate; want a known key; did you mean learning-rate?",
		"{name: gdd, learning_rate: 0.1}":        "item.name: got gdd; want a dynamics; did you mean gd?",
		"gdd":                                    "item: got gdd; want a dynamics; did you mean gd?",
		"{name: gd, rate: 0.1, evry: 2}":         "item.evry: got the unknown key evry; want a known key; did you mean every?",
		"{name: gd, rate: 0.1, every: [], n: 1}": "item.n: got the unknown key n; want one of every, name, rate, momentum, nesterov, label-noise, noise",
	} {
		var problems spec.Problems
		_, ok := catalog.DecodeExcept[*sgdlab.Site, sgdlab.Stepper](catalog.Scanner(&problems), parse(t, "v: "+text).Get("v"), "item", "every")
		if ok || len(problems) != 1 || problems[0].String() != "test.yaml:1: "+want {
			t.Errorf("%s: %v", text, problems)
		}
	}
	for _, text := range []string{"[1]", "7", "null"} {
		var v every
		var problems spec.Problems
		if catalog.Scanner(&problems).Struct(parse(t, "v: "+text).Get("v"), "item", &v) || len(problems) != 1 {
			t.Errorf("%s for a map: %v", text, problems)
		}
	}
	var problems spec.Problems
	if _, ok := catalog.Decode[*sgdlab.Site, sgdlab.Law](catalog.Scanner(&problems), nil, "item"); ok || len(problems) != 1 {
		t.Errorf("a missing node: %v", problems)
	}
}

func names(kind string) string {
	for _, k := range catalog.Kinds() {
		if k.Name == kind {
			return strings.Join(k.Names(), ", ")
		}
	}
	return ""
}

// A map of factor and law is strict as a whole: either reads its own keys, a key of both serves both, and no other is known.
func TestNoiseMaps(t *testing.T) {
	s := site(t, 2)
	for text, want := range map[string]string{
		"{factor: per-sample, batch: 2}":                                         "2",
		"per-sample":                                                             "2",
		"{factor: per-sample, law: stable, alpha: 1.5}":                          "1.5",
		"{factor: per-sample, law: {name: stable, alpha: 1.5}}":                  "1.5",
		"{factor: per-sample, law: {law: levy, alpha: 1.5}}":                     "1.5",
		"{factor: per-sample, law: multinomial, batch: 3, draw: reshuffled}":     "2",
		"{factor: per-sample, law: {name: multinomial, batch: 3}, batch: 2}":     "2",
		"{factor: identity, T: 0.1, law: sign}":                                  "2",
		"{factor: per-sample, alpha: 1.5}":                                       "item.noise.alpha: got the unknown key alpha; want one of factor, batch, law, stream, substeps, resolution",
		"{factor: per-sample, law: {name: stable, alpha: 1.5}, alpha: 1}":        "item.noise.alpha: got the unknown key alpha; want one of factor, batch, law",
		"{factor: per-sample, law: stable, alpha: 1.5, betch: 2}":                "item.noise.betch: got the unknown key betch; want a known key; did you mean batch?",
		"{factor: per-sample, law: {name: stable, alpha: 1.5, batch: 2}}":        "item.noise.law.batch: got the unknown key batch; want one of name, alpha, stream, substeps",
		"{factor: per-sample, batch: 0, law: stable, alpha: 0}":                  "item.noise.batch: got 0; want a whole number ≥ 1: B of the SGD whose noise this is; the dynamics' batch, or n, where missing|item.noise.alpha: got 0; want a number > 0: the index α of the law, at most 2: P(|ξ| > x) falls as x^−α",
		"{factor: identity, temperature: 0.1, law: multinomial, batch: 2}":       "item.noise: the multinomial law is that of drawing samples, and drives per-sample noise only; use factor: per-sample, or law: gaussian",
		"{factor: per-sample, law: stable, alpha: 3}":                            "item.noise.law: got alpha 3; want an index above 0 and at most 2, where the law is Gaussian",
		"{factor: per-sample, law: {name: stable, alpha: 3}}":                    "item.noise.law: got alpha 3; want an index above 0 and at most 2, where the law is Gaussian",
		"{factor: per-sample, batch: 11}":                                        "item.noise: batch 11 is larger than the 10 samples; use at most 10",
		"{factor: per-sample, law: multinomial, batch: 3, draw: {name: reshuf}}": "item.noise.draw.name: got reshuf; want a sampler: " + names("samplers"),
	} {
		n := parse(t, "name: sde\ncalculus: ito\nrate: 0.1\nnoise: "+text)
		var problems spec.Problems
		made, ok := catalog.Decode[*sgdlab.Site, sgdlab.Stepper](catalog.Scanner(&problems), n, "item")
		var got []string
		if !ok {
			for _, p := range problems {
				got = append(got, strings.TrimPrefix(p.String(), "test.yaml:4: "))
			}
		} else if stepper, err := made.Build(s); err != nil {
			got = append(got, strings.TrimPrefix(err.Error(), "test.yaml:4: "))
		} else {
			got = append(got, fmt.Sprint(stepper.(sgdlab.Diffusive).SDE().Noise[0].Law.Index()))
		}
		if g := strings.Join(got, "|"); g != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, g, want)
		}
	}
}

// A law on labels is written beside the amplitude or as a map.
func TestLabelNoise(t *testing.T) {
	for _, text := range []string{"{amplitude: 0.5, law: stable, alpha: 1.5}", "{zeta: 0.5, law: {name: stable, alpha: 1.5}}"} {
		n := parse(t, "{name: gd, rate: 0.1, label-noise: "+text+"}")
		stepper := must[sgdlab.Stepper](t)(decoded[*sgdlab.Site, sgdlab.Stepper](t, n).Build(site(t, 2)))
		if !stepper.Random() {
			t.Errorf("%s: no noise", text)
		}
	}
	var problems spec.Problems
	n := parse(t, "{name: gd, rate: 0.1, label-noise: {amplitude: 0.5, law: gaussian, alpha: 1.5}}")
	if _, ok := catalog.Decode[*sgdlab.Site, sgdlab.Stepper](catalog.Scanner(&problems), n, "item"); ok {
		t.Error("a Gaussian law reads alpha")
	}
}

// A constructor's error stands at the innermost item; what a wrapper adds to it is in the path.
func TestErrorsOfConstructors(t *testing.T) {
	s := site(t, 2)
	for text, want := range map[string]string{
		"name: sgd\nrate: 0.1\nbatch: 11":                                                                       "test.yaml:1: item: batch 11 is larger than the 10 samples; use at most 10",
		"name: sgd\nrate: 0.1\nbatch: 11\ndraw:\n  name: reshuffled":                                            "test.yaml:5: item.draw: batch 11 is larger than the 10 samples; use at most 10",
		"name: sgd\nrate: 0.1\nbatch: 1\nlabel-noise:\n  amplitude: 1\n  law: stable\n  alpha: 9":               "test.yaml:6: item.label-noise.law: got alpha 9; want an index above 0 and at most 2, where the law is Gaussian",
		"name: sde\ncalculus: ito\nstep: 1\nnoise:\n- {factor: identity, T: 1}\n- {factor: hessian, batch: 99}": "test.yaml:6: item.noise[1]: batch 99 is larger than the 10 samples; use at most 10",
		"name: sde\ncalculus: ito": "test.yaml:1: item: give a `rate` (η of the descent that is modelled), a `step` (h, the time of one step), or both",
	} {
		_, err := decoded[*sgdlab.Site, sgdlab.Stepper](t, parse(t, text)).Build(s)
		if err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
			continue
		}
		var placed *catalog.PlacedError
		if !errors.As(err, &placed) || placed.Line == 0 {
			t.Errorf("%v has no place", err)
		}
		var problems spec.Problems
		catalog.Scanner(&problems).Report(spec.New(1), "elsewhere", fmt.Errorf("noise[1]: %w", err))
		if len(problems) != 1 || problems[0] != placed.Problem {
			t.Errorf("%v is reported as %v", err, problems)
		}
	}
	n := parse(t, "v: 1").Get("v")
	if err := catalog.Place(n, "a.b", errors.Join(errors.New("one"), errors.New("two"))); err.Error() != "test.yaml:1: a.b: one; two" {
		t.Error(err)
	}
	if catalog.Place(n, "a", nil) != nil {
		t.Error("no error has a place")
	}
}

// Points that differ in settings share a key and are told apart by tables; any other difference, a missing field included,
// parts their keys.
func TestGroups(t *testing.T) {
	scan := func(text string) (string, []float64, *spec.Node) {
		t.Helper()
		var problems spec.Problems
		d, n := catalog.Scanner(&problems), parse(t, text)
		if _, ok := catalog.Decode[*sgdlab.Site, sgdlab.Stepper](d, n, "item"); !ok {
			t.Fatalf("%s: %v", text, problems)
		}
		return d.Key(), d.Values, n
	}
	points := []string{
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4}]}",
		"{noise: [{temperature: 3, factor: identity}, {zeta: 4, factor: output, law: gaussian}], dt: 2, calculus: ito, lr: 1, scheme: euler-maruyama, name: sde}",
		"{name: sde, calculus: ito, rate: 10, step: 20, noise: [{factor: identity, T: 30}, {factor: output, amplitude: 40}]}",
	}
	var tables [4][]float64
	key, _, first := scan(points[0])
	for _, p := range points {
		k, values, _ := scan(p)
		if k != key || len(values) != 4 {
			t.Fatalf("%s:\nkey  %s\nwant %s, values %v", p, k, key, values)
		}
		for i, x := range values {
			tables[i] = append(tables[i], x)
		}
	}
	if !reflect.DeepEqual(tables, [4][]float64{{0.1, 1, 10}, {0.2, 2, 20}, {0.3, 3, 30}, {0.4, 4, 40}}) {
		t.Errorf("tables %v", tables)
	}
	var problems spec.Problems
	d := catalog.Builder(&problems, tables[:])
	made, ok := catalog.Decode[*sgdlab.Site, sgdlab.Stepper](d, first, "item")
	if !ok || d.Key() != key {
		t.Fatalf("building: %v; the key is %s, was %s", problems, d.Key(), key)
	}
	at := &sgdlab.Clock{}
	for l := range at.Point {
		at.Point[l] = int32(l % 3)
	}
	stepper := must[sgdlab.Stepper](t)(made.Build(site(t, 2)))
	unit, step := stepper.Pace()
	ns := stepper.(sgdlab.Diffusive).SDE().Noise
	for l := range lanes.W {
		p := l % 3
		if unit(at)[l] != tables[0][p] || step(at)[l] != tables[1][p] {
			t.Errorf("lane %d: unit %g, step %g", l, unit(at)[l], step(at)[l])
		}
		if got, want := ns[0].Scale(at)[l], math.Sqrt(2*tables[2][p]); got != want {
			t.Errorf("lane %d: √(2T) = %g, want %g", l, got, want)
		}
		if got, want := ns[1].Scale(at)[l], tables[3][p]*math.Sqrt(tables[0][p]/10); math.Abs(got-want) > 1e-14*want {
			t.Errorf("lane %d: ζ√(η/n) = %g, want %g", l, got, want)
		}
	}

	apart := []string{
		points[0],
		"{name: sde, calculus: ito, rate: 0.1, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4}]}",
		"{name: sde, calculus: ito, step: 0.1, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4}]}",
		"{name: sde, calculus: stratonovich, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: matched}, {factor: output, amplitude: 0.4}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: output, amplitude: 0.4}, {factor: identity, temperature: 0.3}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3, batch: 2}, {factor: output, amplitude: 0.4}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4, batch: 2}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4, law: sign}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4, law: stable, alpha: 1.5}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4, law: stable, alpha: 1.6}]}",
		"{name: sde, calculus: ito, rate: 0.1, step: 0.2, scheme: heun, noise: [{factor: identity, temperature: 0.3}, {factor: output, amplitude: 0.4}]}",
		"{name: gd, rate: 0.1}",
		"{name: gd, rate: 0.1, label-noise: {amplitude: 0}}",
	}
	seen := map[string]string{}
	for _, p := range apart {
		k, _, _ := scan(p)
		if q, taken := seen[k]; taken {
			t.Errorf("one key for\n%s\n%s", p, q)
		}
		seen[k] = p
	}
	for _, pair := range [][2]string{ // the same in other words
		{"{name: sgd, rate: 0.1, batch: 4}", "{name: sgd, eta: 0.7, batch-size: 4, draw: {name: with-replacement}}"},
		{"{name: gd, rate: 0.1, label-noise: {zeta: 1, law: sign}}", "{name: gd, rate: 0.1, label-noise: {amplitude: 1, law: rademacher}}"},
	} {
		if a, _, _ := scan(pair[0]); true {
			if b, _, _ := scan(pair[1]); a != b {
				t.Errorf("%s and %s have the keys\n%s\n%s", pair[0], pair[1], a, b)
			}
		}
	}
}

// Numbers are found by the key that the settings have, however the spec spelled it.
func TestNumber(t *testing.T) {
	n := parse(t, "{name: sgd, lr: 0.1, batch-size: 4, label-noise: {zeta: 0.3}}")
	m := parse(t, "{name: sde, calculus: ito, step: 0.5, noise: [{factor: output, zeta: 0.3}, {factor: identity, temperature: 2}]}")
	for _, c := range []struct {
		n    *spec.Node
		path string
		want float64
	}{
		{n, "rate", 0.1}, {n, "batch", 4}, {n, "label-noise.amplitude", 0.3}, {n, "draw", math.NaN()}, {n, "nothing", math.NaN()},
		{m, "step", 0.5}, {m, "rate", math.NaN()}, {m, "noise[0].amplitude", 0.3}, {m, "noise[1].temperature", 2}, {nil, "rate", math.NaN()},
	} {
		x, ok := catalog.Number[*sgdlab.Site, sgdlab.Stepper](c.n, c.path)
		if ok == math.IsNaN(c.want) || ok && x != c.want {
			t.Errorf("%s of %s: %g, %t", c.path, spec.Inline(c.n), x, ok)
		}
	}
	if got := spec.Inline(n); got != "{name: sgd, lr: 0.1, batch-size: 4, label-noise: {zeta: 0.3}}" {
		t.Errorf("looking for a number left %s", got)
	}
}

// knowing is a model that knows what was left out.
type knowing struct{ sgdlab.Model }

func (knowing) Resolved() map[string]string {
	return map[string]string{"loss": "{prefactor: 1/(4*n)}", "depth": "2"}
}

// What only building could tell can be written into the tree, but over nothing that stands there.
func TestResolve(t *testing.T) {
	n := parse(t, "{name: diagonal, depth: 3}")
	made := decoded[*data.Set, sgdlab.Model](t, n)
	m := must[sgdlab.Model](t)(made.Build(set(t, "tall1")))
	made.Resolve(knowing{m})
	if got := spec.Inline(n); got != "{name: diagonal, depth: 3, parametrisation: product, loss: {prefactor: 1/(4*n)}}" {
		t.Errorf("resolved: %s", got)
	}
	made.Resolve(bowl{1}) // knows nothing
	again := must[sgdlab.Model](t)(decoded[*data.Set, sgdlab.Model](t, n).Build(set(t, "tall1")))
	if got := again.(interface{ LossName() string }).LossName(); got != "{prefactor: 1/(4*n)}" {
		t.Errorf("the loss is %s", got)
	}
}

// Fields describe embedded structs, maps, lists of maps and items in words.
func TestFields(t *testing.T) {
	want := []string{
		"from-below: number", "number: number", "between: number", "maybe: number", "whole: whole number", "seed: whole number",
		"flag: true or false", "text: text", "word: left or right", "numbers: list of numbers", "counts: list of whole numbers",
		"names: list, each a or b", "rows: list of lists of numbers", "rate: number, may be swept within packs",
		"rates: list, each number, may be swept within packs", "heat: number, may be swept within packs, or matched or none",
		"sense: ito or stratonovich", "own: value", "nested: map [size width]", "pointer: map [size width]", "list: list of maps [size width]",
		"law: a law, by name or as a map", "other: a law, by name or as a map", "laws: list, each a law, by name or as a map",
		"noise: a noise, or a list of noises", "draw: a sampler, by name or as a map", "observers: list, each an observable, by name or as a map",
	}
	var got []string
	for _, f := range catalog.Fields(reflect.TypeFor[every]()) {
		s := f.Key + ": " + f.Type
		if f.Fields != nil {
			var keys []string
			for _, g := range f.Fields {
				keys = append(keys, g.Key)
			}
			s += fmt.Sprintf(" %v", keys)
		}
		got = append(got, s)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	if f := catalog.Fields(reflect.TypeFor[*every]())[13]; f.Key != "rate" || !slices.Equal(f.Aliases, []string{"lr", "learning-rate"}) || f.Doc != "η" || !f.Optional || f.Check != ">0" {
		t.Errorf("%+v", f)
	}
	if got := catalog.Fields(reflect.TypeFor[int]()); got != nil {
		t.Errorf("an int has the fields %v", got)
	}
	var v every
	_ = v.unheard

}
