package spec

import (
	"strings"
	"testing"
)

func TestPaths(t *testing.T) {
	root := yaml(t, "a: {b: [{c: 1}, {c: 2, d: 3}], '1': x}\ne: [[1, 2], [3]]\n")
	for path, want := range map[string]string{
		"a.b[0].c": "a.b[0].c", "a.b.1.c": "a.b[1].c", "a.b.*.c": "a.b[0].c a.b[1].c", "a.b.*.d": "a.b[1].d", "a.1": "a.1", "a[1]": "",
		"e[1][0]": "e[1][0]", "e.0.1": "e[0][1]", "e.*.*": "e[0][0] e[0][1] e[1][0]", "a.b[2].c": "", "a.x": "", "a.b.c": "", "*": "a e", "a.b[0].c.d": "",
	} {
		places, err := root.Find(path)
		var got []string
		for _, p := range places {
			got = append(got, p.Path)
			if root.Lookup(p.Path) != p.Node {
				t.Errorf("%s: the place %s names another node", path, p.Path)
			}
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
	for _, path := range []string{"", ".", "a.", ".a", "a..b", "[0]", "a[", "a[]", "a[-1]", "a[+1]", "a[x]", "a[0]b", "a b", "a]", "$a", "a.(b)"} {
		if places, err := root.Find(path); err == nil {
			t.Errorf("%q: %v; want an error", path, places)
		}
	}
	if n := root.Lookup("a.b[5]"); n != nil {
		t.Errorf("Lookup found %+v", n)
	}
}

func TestSet(t *testing.T) {
	root := yaml(t, "a: {b: [{c: 1}, {c: 2, d: 3}]}\n")
	nine := New(9)
	for _, path := range []string{"a.b.*.d", "a.new", "a.b[0].e"} {
		if err := root.Set(path, nine); err != nil {
			t.Error(err)
		}
	}
	nine.Value = "8" // Set cloned it
	const want = "a:\n  b: [{c: 1, e: 9}, {c: 2, d: 9}]\n  new: 9\n"
	if !Equal(yaml(t, want), root) {
		t.Errorf("got\n%s\nwant\n%s", Marshal(root), want)
	}
	for path, want := range map[string]string{"x.y": "matches nothing", "a.b.*.f": "matches nothing", "a.b[7]": "a.b is a list of 2", "a.b[0].c.d": "a.b[0].c is 1", "a.b.0.cc.d": "did you mean a.b.0.c.d?"} {
		if err := root.Set(path, nine); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want … %s …", path, err, want)
		}
	}
}

func TestNodes(t *testing.T) {
	root := yaml(t, "a: 1\nb: [1, {c: x}]\n")
	c := root.Clone()
	c.Lookup("b[1]").Put("c", New("y"))
	c.Put("a", New(2))
	if root.Lookup("b[1].c").Value != "x" || root.Get("a").Value != "1" || Equal(root, c) {
		t.Error("a clone shares nodes")
	}
	if !c.Delete("a") || c.Delete("a") || len(c.Keys()) != 1 {
		t.Errorf("Delete left %q", c.Keys())
	}
	var none *Node
	if none.Get("a") != nil || none.Clone() != nil || !none.IsNull() || none.Keys() != nil || none.Describe() != "nothing" {
		t.Error("a nil node is not absent")
	}
	if _, ok := none.Float(); ok {
		t.Error("a nil node is a number")
	}
	for text, want := range map[string]string{"[1, 2]": "a list of 2", "{a: 1}": "a map", "~": "nothing", "''": "empty text", "x": "x", "'1'": `the text "1"`, "'true'": `the text "true"`, "'x'": "x", strings.Repeat("ab ", 50): strings.Repeat("ab ", 19) + "ab…"} {
		if got := value(t, text).Describe(); got != want {
			t.Errorf("%.20s: %q; want %q", text, got, want)
		}
	}
}
