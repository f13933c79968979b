package spec

import (
	"math"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"saddle-escape.yaml", "double-well-exit.yaml", "digits-saddle-to-saddle.yaml"} {
		roundTrip(t, load(t, name))
	}
	texts := []string{"", " ", "a", "true", "null", "~", "1", "1e-4", "inf", "it's", `a "b"`, `back\slash`, "a: b", "a #b", "#a", "a:", "- a", "-", "-a", "--- a", "...", "a, b", "[a]", "{a}", "a]",
		"*", "&a", "!a", "|", ">", "%a", "@a", "`a", "?", "? a", ":", ":a", "=", "<<", "a\nb", "a\n", "\ta", "a\tb", " a", "a ", "é", "∇L", "😀", "\u0000", "\u007f", "\u0085", "\u2028", "\ufeff", "range(0, 3)", "f(x", "x)", "$a.b", "1/$a[0]", "0x", "yes", "on", "2001-01-01", "12:30", "a - b", "a -"}
	for _, text := range texts {
		n := New([]Pair{{Key: "value", Value: New(text)}, {Key: "list", Value: New([]string{text, "x", text})}, {Key: "map", Value: New(map[string]any{text: text, "k": []any{text, 1}})}})
		roundTrip(t, n)
		again := yaml(t, string(Marshal(n)))
		if got, _ := again.Get("value").Text(); got != text {
			t.Errorf("%q reads back as %q", text, got)
		}
		if again.Get("map").Get(text) == nil {
			t.Errorf("the key %q does not read back: %q", text, again.Get("map").Keys())
		}
		if _, isNumber := again.Get("value").Float(); isNumber && text != "inf" {
			t.Errorf("the text %q reads back as a number", text)
		}
	}
	deep := New([]any{[]any{[]any{1, []any{2, map[string]any{"a": []any{}}}}}, map[string]any{}, nil, []any{nil}})
	roundTrip(t, New(map[string]any{"x": deep, "long": strings.Split(strings.Repeat("word ", 60), " ")}))
}

// TestHandmade: text that only quotes can save gets them.
func TestHandmade(t *testing.T) {
	for text, want := range map[string]string{"null": "\"null\"\n", "a: b": "\"a: b\"\n", "true": "true\n", "1e5": "1e5\n"} {
		if got := string(Marshal(&Node{Kind: Scalar, Value: text})); got != want {
			t.Errorf("%s is written %s; want %s", text, got, want)
		}
	}
}

func TestNew(t *testing.T) {
	n := New(map[string]any{"b": true, "a": []int{1, -2}, "f": 0.1, "u": uint64(math.MaxUint64), "nan": math.NaN(), "inf": math.Inf(-1), "s": "1", "nil": nil, "big": 1e300, "node": New("x")})
	const want = "a: [1, -2]\nb: true\nbig: 1e+300\nf: 0.1\ninf: -inf\nnan: null\nnil: null\nnode: x\ns: \"1\"\nu: 18446744073709551615\n"
	if got := string(Marshal(n)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, v := range []float64{0.1, 1.0 / 3, 1e-310, math.MaxFloat64, math.Copysign(0, -1), 123456789.123} {
		if got, ok := value(t, New(v).Value).Float(); !ok || math.Float64bits(got) != math.Float64bits(v) {
			t.Errorf("%v reads back as %v, %v", v, got, ok)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("New took a channel")
		}
	}()
	New(make(chan int))
}

func TestJSON(t *testing.T) {
	n := yaml(t, "b: 1e-4\na: [1_000, 0x1F, -0, 1e21, 1.50, true, 'true', yes, ~, inf, '1', 18446744073709551615, \"<é>\"]\n")
	const want = `{"b":0.0001,"a":[1000,31,0,1e+21,1.5,true,"true","yes",null,"inf","1",18446744073709551615,"<é>"]}`
	if got := strings.Join(strings.Fields(string(JSON(n))), ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// SHA-256 of the two bytes {}, from FIPS 180-4 implementations everywhere.
	if got := Hash(yaml(t, "{}")); got != "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" {
		t.Errorf("hash of {}: %s", got)
	}
}

// TestHash: what asks the same question hashes the same, and nothing else does.
func TestHash(t *testing.T) {
	const spec = "seed: 1\nmodel: {name: m, widths: [5, 5]}\ndynamics: {gd: {name: gd, rate: 0.0001}, sgd: {name: sgd}}\nsweep: {seed: [1, 2], model.widths: [[5], [6]]}\n"
	hash := Hash(yaml(t, spec))
	for _, same := range []struct{ old, new string }{
		{"seed: 1\n", "# words\nseed:   1.0\n"},
		{"0.0001", "1e-4"},
		{"{name: m, widths: [5, 5]}", "{widths: [5, 5], name: 'm'}"},
		{"{name: gd, rate: 0.0001}", "{rate: 0.0001, name: gd}"},
		{"widths: [5, 5]", "widths: [5.0, 0x5]"},
	} {
		if text := strings.Replace(spec, same.old, same.new, 1); text == spec || Hash(yaml(t, text)) != hash {
			t.Errorf("%s for %s changes the hash", same.new, same.old)
		}
	}
	moved := yaml(t, spec)
	moved.Pairs[0], moved.Pairs[1] = moved.Pairs[1], moved.Pairs[0]
	if Hash(moved) != hash {
		t.Error("the order of the top-level keys changes the hash")
	}
	for _, other := range []struct{ old, new string }{
		{"seed: 1\n", "seed: 2\n"},
		{"seed: 1\n", "seed: '1'\n"},
		{"0.0001", "0.00010000000000000002"},
		{"[5, 5]", "[5, 6]"},
		{"{gd: {name: gd, rate: 0.0001}, sgd: {name: sgd}}", "{sgd: {name: sgd}, gd: {name: gd, rate: 0.0001}}"}, // the order of results
		{"{seed: [1, 2], model.widths: [[5], [6]]}", "{model.widths: [[5], [6]], seed: [1, 2]}"},
	} {
		if text := strings.Replace(spec, other.old, other.new, 1); text == spec || Hash(yaml(t, text)) == hash {
			t.Errorf("%s for %s does not change the hash", other.new, other.old)
		}
	}
}
