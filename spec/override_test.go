package spec

import (
	"strings"
	"testing"
)

func TestOverrides(t *testing.T) {
	for _, tc := range []struct {
		args   string // separated by |
		points int
		paths  string            // of the sweep
		want   map[string]string // path → text at the last point
	}{
		{"rate=0.05", 18, "data.singular-values data.label-noise start.deviation", map[string]string{"dynamics.gd.rate": "0.05", "dynamics.power-law.rate": "0.05"}},
		{"rate=0.01,0.02,0.03", 54, "data.singular-values data.label-noise dynamics.*.rate start.deviation", map[string]string{"dynamics.ald.rate": "0.03"}},
		{"seed=range(0,10)", 360, "data.singular-values data.label-noise dynamics.*.rate start.deviation seed", map[string]string{"seed": "9"}},
		{"sweep=null|model.widths=[5,5]", 1, "", map[string]string{"model.widths[1]": "5", "dynamics.gd.rate": "0.01"}},
		{"sweep=null|widths=[5,5],[5,7,5]", 2, "model.widths", map[string]string{"model.widths[1]": "7"}},
		{"sweep=null|observe[1].every=7|observe.0.every=8", 1, "", map[string]string{"observe[1].every": "7", "observe[0].every": "8", "observe[2].every": "250"}},
		{"sweep=null|every=7", 1, "", map[string]string{"observe[0].every": "7", "observe[4].every": "7"}},
		{"sweep=null|sgd.batch=8", 1, "", map[string]string{"dynamics.sgd.batch": "8", "dynamics.ald.noise.batch": "4"}},
		{"sweep=null|noise.batch=8", 1, "", map[string]string{"dynamics.sgd.batch": "4", "dynamics.ald.noise.batch": "8"}},
		{"sweep=null|at-most.steps=1e3", 1, "", map[string]string{"ensemble.until.at-most.steps": "1e3"}},
		{"sweep=null|dynamics.sgd.momentum=0.9", 1, "", map[string]string{"dynamics.sgd.momentum": "0.9"}},
		{"sweep=null|seed.noise=9", 1, "", map[string]string{"seed.noise": "9", "seed.init": "2"}},
		{"sweep=null|seed=5|seed.noise=9", 1, "", map[string]string{"seed.noise": "9", "seed.init": "5"}},
		{"sweep=null|split.walkers=10|plateaus={of: loss}", 1, "", map[string]string{"split.walkers": "10", "plateaus.of": "loss"}},
		{"sweep=null|title=Hello, world: a # b", 1, "", map[string]string{"title": "Hello, world: a # b"}},
		{"sweep=null|temperature=0.1", 1, "", map[string]string{"dynamics.langevin.noise.temperature": "0.1"}},
		{"sweep=null|dynamics.sgd={name: sgd, rate: .5}", 1, "", map[string]string{"dynamics.sgd.rate": ".5"}},
		{"sweep.zip.data.label-noise=1,2|sweep.zip.deviation=3,4", 12, "data.singular-values dynamics.*.rate data.label-noise start.deviation", map[string]string{"data.label-noise": "2", "start.deviation": "4"}},
		{"sweep.product.rate=[1,2]", 36, "data.singular-values data.label-noise dynamics.*.rate start.deviation", map[string]string{"dynamics.gd.rate": "2"}},
		{"sweep=null|sweep.rate=1", 1, "dynamics.*.rate", map[string]string{"dynamics.gd.rate": "1"}},
		{"data={name: gaussian, label-noise: 9, singular-values: [1]}", 36, "data.singular-values data.label-noise dynamics.*.rate start.deviation", map[string]string{"data.name": "gaussian", "data.label-noise": "1"}},
		{"sweep=null|rate='0.1,0.2'", 1, "", map[string]string{"dynamics.gd.rate": "0.1,0.2"}},
		{"sweep=null|rate=logspace(1e-3,1,4)", 4, "dynamics.*.rate", map[string]string{"dynamics.gd.rate": "1"}},
		{"sweep=null|rate=5,range(0,3)", 4, "dynamics.*.rate", map[string]string{"dynamics.gd.rate": "2"}},
	} {
		root := load(t, "saddle-escape.yaml")
		if problems := Override(root, strings.Split(tc.args, "|")); len(problems) > 0 {
			t.Errorf("%s: %v", tc.args, problems)
			continue
		}
		s, problems := NewSweep(root)
		if len(problems) > 0 {
			t.Errorf("%s: %v", tc.args, problems)
			continue
		}
		if s.Len() != tc.points || strings.Join(s.Paths(), " ") != tc.paths {
			t.Errorf("%s: %d points over %s; want %d over %s", tc.args, s.Len(), s.Paths(), tc.points, tc.paths)
		}
		p, problems := s.Point(s.Len() - 1)
		if len(problems) > 0 {
			t.Errorf("%s: %v", tc.args, problems)
		}
		for path, want := range tc.want {
			if n := p.Root.Lookup(path); n == nil || n.Value != want {
				t.Errorf("%s: %s is %s; want %s", tc.args, path, n.Describe(), want)
			}
		}
	}
	root := load(t, "double-well-exit.yaml")
	if problems := Override(root, []string{"temperature=0.5", "replicas=10"}); len(problems) > 0 {
		t.Fatal(problems)
	}
	if n := root.Lookup("ensemble.replicas"); n.File != CommandLine || n.Line != 2 || root.Get("sweep") != nil {
		t.Errorf("replicas at %s:%d, sweep %v; want command line:2, and no sweep left", n.File, n.Line, root.Get("sweep"))
	}
}

func TestOverrideRefusals(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"x", "command line:1: got x; want path=value, as in rate=0.01"},
		{"=3", "command line:1: got =3; want path=value"},
		{"rate=", "command line:1: rate: got no value; want path=value; null for none"},
		{"seed=1|batch=3", "command line:2: got batch, which may be any of 5; want one of dynamics.sgd.batch, dynamics.ald.noise.batch, "},
		{"ratee=1", "command line:1: got ratee; want a path into the spec, as dynamics.sgd.rate, or a key of it: "},
		{"ratee=1", "; did you mean rate?"},
		{"modle.widths=[1]", "; did you mean model?"},
		{"dynamics.sdg.rate=3", "command line:1: dynamics.sdg.rate: got a path that matches nothing; want a path into the spec: dynamics has gd, sgd, ald, langevin, hessian, power-law; did you mean dynamics.sgd.rate?"},
		{"observe.9.every=3", "observe is a list of 5"},
		{"dynamics.*.momentum=1", "command line:1: dynamics.*.momentum: got a path that matches nothing"},
		{"dynamics.sgd.label-noise.amplitude=1", "dynamics.sgd has name, rate, batch, draw"},
		{"dynamics.sgd.rate=0.1", "command line:1: dynamics.sgd.rate: got a setting that the sweep over dynamics.*.rate would set again; want dynamics.*.rate=… to replace that sweep, or sweep=null to drop all of it"},
		{"dynamics.sgd.rate=0.1,0.2", "would set again"},
		{"data.singular-values[0]=7", "got a setting that the sweep over data.singular-values would set again"},
		{"seed=1|seed=2", "command line:2: seed: got seed, which argument 1 sets too"},
		{"rate=1|dynamics.*.rate=2", "command line:2: dynamics.*.rate: got dynamics.*.rate, which argument 1 sets too"},
		{"rate=0.01,", "command line:1: rate: got 0.01,; want a value before and after each comma"},
		{"rate=[1", "command line:1: rate: got [1; want brackets and quotes that pair up"},
		{"rate=*x", "command line:1: rate: got the alias *x; want $path"},
		{"rate={a: 1, a: 2}", "command line:1: rate.a: got this key a second time"},
		{"rate=a #b", "command line:1: rate: got a #b; want quotes around text with a # in it"},
		{"a..b=1", `command line:1: got the path "a..b"; want keys joined by dots`},
		{"rate=\xff", "command line:1: got bytes that are not UTF-8"},
		{"sweep=1,2", "command line:1: sweep: got 1,2; want a map of `path: values`"},
		{"sweep.foo=1,2", "command line:1: got sweep.foo; want a path into the spec"},
		{"sweep=3|rate=1,2", "command line:1: sweep: got 3; want a map of `path: values`"},
	} {
		problems := Override(load(t, "saddle-escape.yaml"), strings.Split(tc.args, "|"))
		if len(problems) != 1 || !strings.Contains(problems[0].String(), tc.want) {
			t.Errorf("%s:\n%v\nwant\n%s", tc.args, problems, tc.want)
		}
	}
	problems := Override(yaml(t, "data: {p: {x: 1}}\nmodel: {q: {x: 2}}\n"), []string{"x=3"})
	if len(problems) != 1 || !strings.Contains(problems.Error(), "want one of data.p.x, model.q.x") {
		t.Errorf("two paths that differ in two keys:\n%v", problems)
	}
	if problems := Override(load(t, "saddle-escape.yaml"), []string{"x", "rate=", "foo=1"}); len(problems) != 3 {
		t.Errorf("three mistakes give %d problems:\n%v", len(problems), problems)
	}
}
