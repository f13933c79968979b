package spec

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// load parses one of the specs under testdata, which must have no problem.
func load(t testing.TB, name string) *Node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	root, problems := Parse(name, text)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return root
}

// yaml parses text that must have no problem.
func yaml(t testing.TB, text string) *Node {
	t.Helper()
	root, problems := Parse("k.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, text)
	}
	return root
}

// value parses the value of one key.
func value(t testing.TB, text string) *Node {
	t.Helper()
	return yaml(t, "x: "+text+"\n").Get("x")
}

// TestPlaces holds every key and every scalar of the specs to its place in the file: the text there is the value.
func TestPlaces(t *testing.T) {
	for _, name := range []string{"saddle-escape.yaml", "double-well-exit.yaml", "digits-saddle-to-saddle.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		at := func(line, col int) string {
			if line < 1 || line > len(lines) {
				t.Fatalf("%s: line %d of %d", name, line, len(lines))
			}
			r := []rune(lines[line-1])
			if col < 1 || col > len(r) {
				t.Fatalf("%s:%d: column %d of %d", name, line, col, len(r))
			}
			return string(r[col-1:])
		}
		count := 0
		walk(load(t, name), func(n *Node) {
			if n.Kind == Scalar {
				count++
				if got := at(n.Line, n.Col); !strings.HasPrefix(got, n.Value) {
					t.Errorf("%s:%d:%d: text %q, value %q", name, n.Line, n.Col, got, n.Value)
				}
			}
			for _, p := range n.Pairs {
				if got := at(p.Line, p.Col); !strings.HasPrefix(got, p.Key+":") {
					t.Errorf("%s:%d:%d: text %q, key %q", name, p.Line, p.Col, got, p.Key)
				}
			}
			if n.Kind == Seq {
				if got := at(n.Line, n.Col); got[0] != '[' && got[0] != '-' {
					t.Errorf("%s:%d:%d: text %q, a list", name, n.Line, n.Col, got)
				}
			}
		})
		if count < 25 {
			t.Errorf("%s: only %d scalars", name, count)
		}
	}
	root := load(t, "saddle-escape.yaml")
	for path, line := range map[string]int{"dynamics.power-law.noise.frozen": 28, "observe[4].every": 34, "sweep.product": 42, "ask[1].reference": 48} {
		if n := root.Lookup(path); n == nil || n.Line != line {
			t.Errorf("%s is %+v; want line %d", path, n, line)
		}
	}
}

func TestPlacesAfterBlocksAndBreaks(t *testing.T) {
	n := yaml(t, "a: |\n  x\n  y\nb: >-\n  u\n  v\nc: one\n  two\nd: \"p\n  q\"\ne:\n\n# c\nf: 1\n")
	for key, want := range map[string]struct {
		line int
		text string
	}{"a": {1, "x\ny\n"}, "b": {4, "u v"}, "c": {7, "one two"}, "d": {9, "p q"}, "f": {14, "1"}} {
		if got := n.Get(key); got.Line != want.line || got.Value != want.text {
			t.Errorf("%s: line %d, %q; want line %d, %q", key, got.Line, got.Value, want.line, want.text)
		}
	}
	if e := n.Get("e"); e.Kind != Null || e.Line != 11 {
		t.Errorf("e: %+v; want nothing on line 11", e)
	}
	n = yaml(t, "\ufeffa: 1\r\nb:\r\n  - é: 'x'  # c\r\n")
	if p := n.Lookup("b[0].é"); n.Pairs[0].Key != "a" || p.Line != 3 || p.Col != 8 {
		t.Errorf("after a byte order mark and CRLF: key %q, place %d:%d; want a, 3:8", n.Pairs[0].Key, p.Line, p.Col)
	}
}

func TestKindsOfScalar(t *testing.T) {
	for _, tc := range []struct {
		text   string
		float  float64
		number bool
		truth  string // of Bool: true, false or none
		kind   Kind
	}{
		{"1e-4", 1e-4, true, "", Scalar},
		{"1E5", 1e5, true, "", Scalar},
		{"1_000", 1000, true, "", Scalar},
		{".5", 0.5, true, "", Scalar},
		{"-.5e+1", -5, true, "", Scalar},
		{"+3", 3, true, "", Scalar},
		{"007", 7, true, "", Scalar},
		{"0x1F", 31, true, "", Scalar},
		{"0o17", 15, true, "", Scalar},
		{"1__0", 0, false, "", Scalar},
		{"_1", 0, false, "", Scalar},
		{"1_", 0, false, "", Scalar},
		{"1._5", 0, false, "", Scalar},
		{"1_.5", 0, false, "", Scalar},
		{"1e", 0, false, "", Scalar},
		{".", 0, false, "", Scalar},
		{"1.2.3", 0, false, "", Scalar},
		{"1e999", 0, false, "", Scalar},
		{".nan", 0, false, "", Scalar},
		{"nan", 0, false, "", Scalar},
		{"0x", 0, false, "", Scalar},
		{"1p3", 0, false, "", Scalar},
		{"yes", 0, false, "", Scalar},
		{"no", 0, false, "", Scalar},
		{"on", 0, false, "", Scalar},
		{"off", 0, false, "", Scalar},
		{"True", 0, false, "", Scalar},
		{"true", 0, false, "true", Scalar},
		{"false", 0, false, "false", Scalar},
		{"'true'", 0, false, "", Scalar},
		{"'1'", 0, false, "", Scalar},
		{"\"1e3\"", 0, false, "", Scalar},
		{"null", 0, false, "", Null},
		{"~", 0, false, "", Null},
		{"", 0, false, "", Null},
		{"'null'", 0, false, "", Scalar},
		{"p00..p77", 0, false, "", Scalar},
		{"2001-01-01", 0, false, "", Scalar},
	} {
		n := value(t, tc.text)
		f, isNumber := n.Float()
		if f != tc.float || isNumber != tc.number {
			t.Errorf("%s: Float is %v, %v; want %v, %v", tc.text, f, isNumber, tc.float, tc.number)
		}
		truth := ""
		if b, ok := n.Bool(); ok {
			truth = strconv.FormatBool(b)
		}
		if truth != tc.truth {
			t.Errorf("%s: Bool is %q; want %q", tc.text, truth, tc.truth)
		}
		if n.Kind != tc.kind {
			t.Errorf("%s: kind %d; want %d", tc.text, n.Kind, tc.kind)
		}
		if text, ok := n.Text(); ok != (tc.kind == Scalar) || ok && text != strings.Trim(tc.text, `'"`) {
			t.Errorf("%s: Text is %q, %v", tc.text, text, ok)
		}
	}
	for text, want := range map[string]float64{"inf": 1, "-inf": -1, ".inf": 1, "-.Inf": -1, "+inf": 1, "'inf'": 1} {
		if f, ok := value(t, text).Float(); !ok || f*0 == 0 || f*want < 0 {
			t.Errorf("%s: Float is %v, %v; want %v × inf", text, f, ok, want)
		}
	}
	if n := yaml(t, "{on: 1, yes: 2, null: 3, 1: 4, 1.5: 5, true: 6}\n"); strings.Join(n.Keys(), " ") != "on yes null 1 1.5 true" {
		t.Errorf("keys %q; want them as text", n.Keys())
	}
}

func TestWholeNumbers(t *testing.T) {
	for _, tc := range []struct {
		text  string
		i     int64
		isInt bool
		u     uint64
		isU   bool
	}{
		{"20_000", 20000, true, 20000, true},
		{"1e5", 100000, true, 100000, true},
		{"3.0", 3, true, 3, true},
		{"0.5", 0, false, 0, false},
		{"-3", -3, true, 0, false},
		{"-0", 0, true, 0, true},
		{"9223372036854775807", 1<<63 - 1, true, 1<<63 - 1, true},
		{"9007199254740993", 1<<53 + 1, true, 1<<53 + 1, true},
		{"-9223372036854775808", -1 << 63, true, 0, false},
		{"18446744073709551615", 0, false, 1<<64 - 1, true},
		{"18446744073709551616", 0, false, 0, false},
		{"1e17", 0, false, 0, false},
		{"inf", 0, false, 0, false},
		{"0xffffffffffffffff", 0, false, 1<<64 - 1, true},
	} {
		n := value(t, tc.text)
		if i, ok := n.Int(); ok != tc.isInt || ok && i != tc.i {
			t.Errorf("%s: Int is %d, %v; want %d, %v", tc.text, i, ok, tc.i, tc.isInt)
		}
		if u, ok := n.Uint(); ok != tc.isU || ok && u != tc.u {
			t.Errorf("%s: Uint is %d, %v; want %d, %v", tc.text, u, ok, tc.u, tc.isU)
		}
	}
}

func TestCallsInBrackets(t *testing.T) {
	n := yaml(t, "a: {b: range(0,3), c: [1, linspace(0, 1, 3), range(2,4)], d: logspace(1e-3,1,4), e: x}\n")
	for path, want := range map[string]string{"a.b": "range(0, 3)", "a.c[1]": "linspace(0, 1, 3)", "a.c[2]": "range(2, 4)", "a.d": "logspace(1e-3, 1, 4)", "a.e": "x"} {
		if got := n.Lookup(path); got == nil || got.Value != want {
			t.Errorf("%s: %s; want %s", path, got.Describe(), want)
		}
	}
	if c := n.Lookup("a.c"); len(c.Items) != 3 {
		t.Errorf("a.c holds %d; want 3", len(c.Items))
	}
}

// TestRefusals: each text is refused on the line named, for the reason named.
func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string // the beginning of each problem
	}{
		{"", []string{"k.yaml:1: got an empty spec; want `key: value` lines"}},
		{"# only\n", []string{"k.yaml:1: got an empty spec"}},
		{"- a\n", []string{"k.yaml:1: got a list of 1; want `key: value`"}},
		{"a: 1\nb: 2\na: 3\nb: 4\nc: {d: 1, d: 2, d: 3}\n", []string{
			"k.yaml:3: a: got this key a second time; want it once; it is on line 1 too",
			"k.yaml:4: b: got this key a second time; want it once; it is on line 2 too",
			"k.yaml:5: c.d: got this key a second time; want it once; it is on line 5 too"}},
		{"a: &x 1\nb: *x\nc: !!str 3\nd:\n  <<: {e: 1}\n? f\n: 1\n", []string{
			"k.yaml:1: got the anchor &x; want no anchor: $path",
			"k.yaml:2: got the alias *x; want $path",
			"k.yaml:3: got the tag !!str; want no tag",
			"k.yaml:5: got the merge key <<; want the keys",
			"k.yaml:6: got a `? ` key; want `key: value`"}},
		{"a:\n\tb: 1\n\tc: 2\n", []string{"k.yaml:2: got a tab in the indentation; want spaces", "k.yaml:3: got a tab in the indentation"}},
		{"a: 1\n---\nb: 2\n", []string{"k.yaml:2: got a second document after ---; want one spec per file"}},
		{"a: 1\n...\nb: 2\n", []string{"k.yaml:2: got more text after the end"}},
		{"%YAML 1.2\n---\na: 1\n", []string{"k.yaml:1: got the directive %YAML"}},
		{"a: 1\n b: 2\n", []string{"k.yaml:2: got b; want one `key: value`"}},
		{"title: Foo: bar\n", []string{"k.yaml:1: got Foo; want one `key: value`; text with a colon and a space in it needs quotes"}},
		{"a: 1\nb 2\nc: 3\n", []string{"k.yaml:2: got b 2; want `key: value`"}},
		{"a:\n    b: 1\n  c: 2\n", []string{"k.yaml:3: got c; want a line that fits its indentation"}},
		{"a: [1, 2\nb: 3\n", []string{"k.yaml:2: got b; want `,` or `]` before it: a list is not closed"}},
		{"a: {b: 1\nc: 2\n", []string{"k.yaml:2: got c; want `,` or `}` before it: a map is not closed"}},
		{"a: [1,,2]\n", []string{"k.yaml:1: got ,; want a value on either side of each comma"}},
		{"a: 1\nb: }\n", []string{"k.yaml:2: got }; want quotes around text that begins with }"}},
		{"a: {b: $c[1]}\n", []string{"k.yaml:1: got [; want quotes around it, or `.1` for `[1]` in a path"}},
		{"a: {b, c: 1}\n", []string{"k.yaml:1: a: got b with no value; want b: VALUE"}},
		{"a: {b: range(0}\n", []string{"k.yaml:1: a.b: got range(0; want the ) that closes the ("}},
		{"a: \"x\nb: 1\n", []string{`k.yaml:1: got an open "; want the " that closes`}},
		{"a: 1\nb: @x\n", []string{"k.yaml:2: got @; want quotes"}},
		{"a: 1\nb: \x01\n", []string{"k.yaml:2: got the control character U+0001"}},
		{"a: 1\nb: \xff\n", []string{"k.yaml:2: got bytes that are not UTF-8"}},
		{"a: " + strings.Repeat("[", 100), []string{"k.yaml:1: got more than 64 lists and maps in each other"}},
		{strings.Repeat("- ", 70) + "a\n", []string{"k.yaml:1: got more than 64 lists and maps in each other"}},
		{strings.Repeat("a: 1\n", 5_001), []string{"k.yaml:5001: got more than 5000 keys"}},
		{strings.Repeat(" ", MaxBytes+1), []string{"k.yaml: got a file of 1048577 bytes; want at most 1048576"}},
		{"a: \"" + strings.Repeat("\t", 5000) + "\"\n", []string{"k.yaml: got too many tabs"}},
	} {
		_, problems := Parse("k.yaml", []byte(tc.text))
		got := problems.Sorted()
		if len(got) != len(tc.want) {
			t.Errorf("%.60q: %d problems; want %d:\n%v", tc.text, len(got), len(tc.want), problems)
			continue
		}
		for i, p := range got {
			if !strings.HasPrefix(p.String(), tc.want[i]) {
				t.Errorf("%.60q: problem %d is\n%s\nwant\n%s …", tc.text, i, p, tc.want[i])
			}
		}
	}
}

// TestLargeText: texts at the limits are answered, whatever they repeat. The time limit is that of the test binary.
func TestLargeText(t *testing.T) {
	for _, unit := range []string{"[", "- ", "a: ", "? ", "!a ", "&a ", "%a\n", "---\n", "a: 1\n---\n", "\"\n", "'", "{a: ", "a\n", "#\n", " ", "\n", ",", "\\", "  a:\n", "- a: |\n  x\n"} {
		text := strings.Repeat(unit, (1<<15)/len(unit))
		if _, problems := Parse("k.yaml", []byte(text)); len(problems) == 0 && unit != "#\n" {
			t.Errorf("%q × %d: no problem", unit, len(text)/len(unit))
		}
	}
	long := yaml(t, "x: ["+strings.Repeat("1, ", 50_000)+"1]\n")
	if n := len(long.Get("x").Items); n != 50_001 {
		t.Errorf("a list of %d; want 50001", n)
	}
}
