package spec

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func corpus(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 3 {
		f.Fatalf("specs to start from: %v, %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{
		"", "a", "a: 1\nb: [1, {c: d}]\n", "a:\n  - b: 1\n    c: 2\n  - - 3\n", "\ta: 1", "a: {b: range(0,3), c: [linspace(0,1,2)]}\n",
		"a: |\n  x\n  y\n", "a: >-\n  x\n  y\nb: 1\n", "a: \"\\u00e9\\n\"\nb: 'it''s'\n", "a: &x 1\nb: *x\n", "a: $b\nb: 1/$a\n", "---\na: 1\n...\n",
		"? a\n: b\n", "a: ~\nb:\nc: null\n", "{a: 1, a: 2}", "\xef\xbb\xbfa: 1\r\nb: 2\r", "a: !!x [", "k: ''\n\"\": 1\n", "a: -\n", "- - - -", "8<<:", "{b: f(0,\x7f1)}", "a: 0x1F\nb: 1_0\nc: .5e-3\n",
	} {
		f.Add([]byte(text))
	}
}

// FuzzParse: no bytes make Parse panic or stall; places lie inside the file; and what was read is written so that it
// reads back the same, as YAML and as JSON.
func FuzzParse(f *testing.F) {
	corpus(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		begin := time.Now()
		root, problems := Parse("f.yaml", text)
		if took := time.Since(begin); took > 10*time.Second {
			t.Fatalf("took %v", took)
		}
		lines := 1 + bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r"))
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines {
				t.Fatalf("a problem on line %d of %d: %v", p.Line, lines, p)
			}
		}
		if len(problems) > 0 {
			if s := problems.Error(); !strings.HasSuffix(s, "nothing was run") {
				t.Fatalf("Error() = %q", s)
			}
			return
		}
		walk(root, func(n *Node) {
			if n.Line < 1 || n.Line > lines || n.File != "f.yaml" {
				t.Fatalf("a node at %s:%d of %d lines: %s", n.File, n.Line, lines, n.Describe())
			}
		})
		roundTrip(t, root)
		if points, problems := Expand(small(root)); len(problems) == 0 {
			for _, p := range points[:min(len(points), 3)] {
				roundTrip(t, p.Root)
			}
		}
	})
}

// small returns a spec whose sweep is not too large for a fuzz target.
func small(root *Node) *Node {
	if s, problems := NewSweep(root); len(problems) == 0 && s.Len() > 1000 {
		root = root.Clone()
		root.Delete("sweep")
	}
	return root
}

func walk(n *Node, visit func(*Node)) {
	visit(n)
	for _, p := range n.Pairs {
		walk(p.Value, visit)
	}
	for _, it := range n.Items {
		walk(it, visit)
	}
}

func roundTrip(t *testing.T, n *Node) {
	t.Helper()
	text := Marshal(n)
	again, problems := parse("f.yaml", text)
	if len(problems) > 0 {
		t.Fatalf("Marshal wrote what Parse refuses: %v\n%s", problems, text)
	}
	if !Equal(n, again) {
		t.Fatalf("read back differently: wrote\n%s\nread\n%s", text, Marshal(again))
	}
	if second := Marshal(again); !bytes.Equal(text, second) {
		t.Fatalf("written differently the second time:\n%s\n%s", text, second)
	}
	js := JSON(n)
	if !json.Valid(js) {
		t.Fatalf("not JSON: %s", js)
	}
	again, problems = parse("f.json", js)
	if len(problems) > 0 {
		t.Fatalf("JSON wrote what Parse refuses: %v\n%s", problems, js)
	}
	if Hash(n) != Hash(again) {
		t.Fatalf("JSON reads back differently:\n%s\n%s", Canonical(n), Canonical(again))
	}
}

// FuzzExpr: no text makes the parser panic or stall, and a result is a number.
func FuzzExpr(f *testing.F) {
	for _, text := range []string{"1/n", "1/$a.b[1]", "sqrt(2)^-1", "-2^2", "min(1, max(2,3))", "1e-4*1_000", "(((", "$a-1", "$a-b", "2^3^2", "inf-inf", "0x1F", "--1", "$", "1..2", "exp(1000)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := EvalExpr(text, func(ref string) (float64, error) { return float64(len(ref)), nil })
		if err == nil && v != v {
			t.Fatalf("%q is NaN without an error", text)
		}
		if e, err := ParseExpr(text); err == nil {
			for _, ref := range e.Refs() {
				if !strings.Contains(text, ref) {
					t.Fatalf("%q asks for %q", text, ref)
				}
			}
		}
	})
}

// FuzzOverride: no argument makes Override panic or stall, and what it accepts leaves a spec that can be written.
func FuzzOverride(f *testing.F) {
	text, err := os.ReadFile("testdata/saddle-escape.yaml")
	if err != nil {
		f.Fatal(err)
	}
	root, problems := Parse("saddle-escape.yaml", text)
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	for _, arg := range []string{
		"rate=0.01,0.02", "seed=range(0,100)", "model.widths=[5,5]", "sweep.zip.seed.noise=1,2", "sweep=null", "observe[1].every=10", "observe.1.every=1", "*=1", "a.b.c=1",
		"title=x, y", "seed.noise=3", "x", "=", "rate=", "rate=[1", "dynamics.*.rate=1", "noise.temperature='a,b'", "data={a: 1, b: [2]}", "sweep.product.rate=logspace(1e-3,1,4)", "ask.0.name=z", "ensemble=$seed",
	} {
		f.Add(arg, "rate=1")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		spec := root.Clone()
		if problems := Override(spec, []string{one, two}); len(problems) > 0 {
			for _, p := range problems {
				if p.File == CommandLine && (p.Line < 1 || p.Line > 2) {
					t.Fatalf("a problem of argument %d of 2: %v", p.Line, p)
				}
			}
			return
		}
		roundTrip(t, spec)
		if points, problems := Expand(small(spec)); len(problems) == 0 {
			roundTrip(t, points[len(points)-1].Root)
		}
	})
}
