package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Seven mistakes, at every stage at which a spec can be wrong, are reported together, and nothing is run.
func TestMistakesAreReportedTogether(t *testing.T) {
	for _, verb := range []string{"run", "check"} {
		status, out, log := lab(verb, filepath.Join("testdata", "mistakes.yaml"))
		if status != exitRequest || out != "" {
			t.Errorf("%s: status %d, output %q; want %d and nothing on standard output", verb, status, out, exitRequest)
		}
		golden(t, "mistakes.txt", log)
	}
	if _, err := os.Stat(filepath.Join("testdata", "runs")); err == nil {
		t.Error("a run folder was made")
	}
}

// fault is a spec, an edit that spoils it, and what must be said of it: by line, what was found, what would be right.
type fault struct {
	name     string
	base     string
	old, new string
	line     string // place and path
	found    string
	remedy   string
}

var faults = []fault{
	{"no replicas", langevin, "replicas: 32", "replicas: 0", "12: ensemble.replicas", "got 0", "whole number ≥ 1"},
	{"negative replicas", langevin, "replicas: 32", "replicas: -3", "12: ensemble.replicas", "got -3", "whole number ≥ 1"},
	{"words for replicas", langevin, "replicas: 32", "replicas: many", "12: ensemble.replicas", "got many", "whole number"},
	{"a million million replicas", langevin, "replicas: 32", "replicas: 1e12", "12: ensemble.replicas", "got 2e+12 replicas in 2 cells, whose passages would fill about 120 TB", "at most 1e8"},
	{"more replicas than integers", langevin, "replicas: 32", "replicas: 1e19", "12: ensemble.replicas", "got 1e19", "whole number"},
	{"no horizon", langevin, ", at-most: {time: 30}", "", "12: ensemble.until", "an event without a horizon", "at-most"},
	{"no end", langevin, ", until: {event: exit, at-most: {time: 30}}", "", "12: ensemble.until", "nothing", "when a replica stops"},
	{"two horizons", langevin, "event: exit, at-most: {time: 30}", "steps: 3, time: 30", "12: ensemble.until", "more than one", "one of them"},
	{"endless horizon", langevin, "time: 30", "time: 1e300", "12: ensemble.until", "a horizon of 1e+302 steps", "below 2⁵³"},
	{"unknown event of until", langevin, "event: exit,", "event: exot,", "12: ensemble.until.event", "got exot", "the name of an event: exit"},
	{"negative step", langevin, "step: 0.01}\n  hot", "step: -0.01}\n  hot", "6: dynamics.warm.step", "got -0.01", "> 0"},
	{"NaN step", langevin, "step: 0.01}\n  hot", "step: .nan}\n  hot", "6: dynamics.warm.step", "got .nan", "number"},
	{"infinite step", langevin, "step: 0.01}\n  hot", "step: .inf}\n  hot", "6: dynamics.warm.step", "got .inf", "finite number"},
	{"infinite temperature", langevin, "temperature: 0.2", "temperature: inf", "6: dynamics.warm.noise.temperature", "got inf", "finite number"},
	{"negative temperature", langevin, "temperature: 0.2", "temperature: -0.2", "6: dynamics.warm.noise.temperature", "got -0.2", "≥ 0"},
	{"negative seed", langevin, "seed: 1", "seed: -1", "2: seed", "got -1", "whole number ≥ 0"},
	{"half a seed", langevin, "seed: 1", "seed: 1.5", "2: seed", "got 1.5", "whole number ≥ 0"},
	{"list of seeds", langevin, "seed: 1", "seed: [1, 2]", "2: seed", "got a list of 2", "{data, init, noise}"},
	{"unknown seed", langevin, "seed: 1", "seed: {data: 1, nois: 2}", "2: seed.nois", "unknown key nois", "did you mean noise?"},
	{"duplicate key", langevin, "seed: 1", "seed: 1\nseed: 2", "3: seed", "a second time", "once"},
	{"unknown key", langevin, "observe:", "obsreve:", "8: obsreve", "unknown key obsreve", "did you mean observe?"},
	{"map for a title", langevin, "title: Small", "title: {a: 1}", "1: title", "got a map", "words"},
	{"unknown dynamics", langevin, "warm: {name: sde", "warm: {name: sdf", "6: dynamics.warm.name", "got sdf", "did you mean sde?"},
	{"no dynamics", langevin, "dynamics:\n", "dynamics: {}\nquestion:\n", "5: dynamics", "an empty map", "a map from your name to a dynamics"},
	{"dynamics without a name", langevin, "dynamics:\n", "dynamics: {name: sgd}\nquestion:\n", "5: dynamics", "without a name of yours", "a map from your name to a dynamics"},
	{"name with a dot", langevin, "  warm:", "  wa.rm:", "6: dynamics", `the name "wa.rm"`, "letters, digits, - and _"},
	{"name with a space", langevin, "  warm:", "  \"wa rm\":", "6: dynamics", `the name "wa rm"`, "letters, digits, - and _"},
	{"star for a name", langevin, "  warm:", "  \"*\":", "6: dynamics", `the name "*"`, "letters, digits, - and _"},
	{"empty name", langevin, "  warm:", "  \"\":", "6: dynamics", `the name ""`, "letters, digits, - and _"},
	{"event with a colon", langevin, "  exit:", "  \"ex:it\":", "11: events", `the name "ex:it"`, "letters, digits, - and _"},
	{"reserved event", langevin, "  exit:", "  diverged:", "11: events", "the name diverged", "another name"},
	{"coordinate out of range", langevin, "index: 0", "index: 3", "11: events.exit.of", "index 3 is not a coordinate", "use 0 to 0"},
	{"two levels", langevin, "rises-above: 1", "rises-above: 1, falls-below: 2", "11: events.exit", "not one level", "rises-above: LEVEL or falls-below: LEVEL"},
	{"infinite level", langevin, "rises-above: 1", "rises-above: inf", "11: events.exit.rises-above", "got inf", "finite number"},
	{"level below the wells", langevin, "{name: coordinate, index: 0}, rises-above: 1", "{name: loss}, falls-below: -0.3", "11: events.exit.falls-below", "a level of -0.3", "above -0.25, the least loss there is"},
	{"from a saddle without one", langevin, "{name: coordinate, index: 0}, rises-above: 1", "{name: loss}, falls-below: {from: saddle, by: 0.1}", "11: events.exit.falls-below", "do not start at a saddle", "start: {name: saddle"},
	{"start of another size", langevin, "at: [-1]", "at: [-1, 2]", "4: start", "2 coordinates, but the model has 1", "give"},
	{"a reading each billionth of a step", langevin, "every: 100", "every: 1e-9", "9: observe[0].every", "which is 3e+12 readings", "at most 1e6"},
	{"negative schedule", langevin, "every: 100", "every: -1", "9: observe[0].every", "got -1", "number of steps > 0"},
	{"unknown observable", langevin, "name: loss, every", "name: los, every", "9: observe[0].name", "got los", "did you mean loss?"},
	{"an observable twice", langevin, "  - {name: loss, every: 100}", "  - {name: loss, every: 100}\n  - {name: loss, every: 10}", "10: observe[1]", "a second column loss", "once"},
	{"keep more than memory", langevin, "replicas: 32, until: {event: exit, at-most: {time: 30}}, keep: 2", "replicas: 100000, until: {time: 1e4}, keep: 100000", "12: ensemble.keep", "paths of", "keep fewer replicas"},
	{"sweep of nothing", langevin, "seed: 1", "sweep: {dynamics.cold.step: [1, 2]}", "2: sweep.dynamics.cold.step", "matches nothing", "dynamics has warm, hot"},
	{"sweep of a billion points", langevin, "seed: 1", "sweep: {seed: range(0, 1e5), dynamics.*.step: linspace(0.1, 1, 1e5)}", "2: sweep", "100000 × 100000 points", "at most 1000000"},
	{"bad value within a sweep", langevin, "seed: 1", "sweep: {dynamics.hot.step: [0.1, -1]}", "2: dynamics.hot.step", "got -1", "> 0"},
	{"unequal zip", langevin, "seed: 1", "sweep: {zip: {dynamics.hot.step: [0.1, 0.2], seed: [1, 2, 3]}}", "2: sweep.zip", "2 of dynamics.hot.step, 3 of seed", "equally many"},
	{"answer to no question", langevin, "answer: {exit:", "answer: {exot:", "13: answer.exot", "the question exot", "the name of an event: exit"},
	{"unknown road", langevin, "[theory, solve, simulate]", "[sove]", "13: answer.exit", "got sove", "did you mean solve?"},
	{"no road", langevin, "[theory, solve, simulate]", "[]", "13: answer.exit", "got a list of 0", "a list of theory, solve, simulate"},
	{"unknown event of an ask", langevin, "answer: {exit: [theory, solve, simulate]}", "ask: [{name: compare-laws, event: exot, reference: hot}]", "13: ask[0].event", "got exot", "the name of an event: exit"},
	{"unknown ask", langevin, "answer: {exit: [theory, solve, simulate]}", "ask: [{name: compare-lows, event: exit, reference: hot}]", "13: ask[0].name", "compare-lows", "did you mean compare-laws?"},
	{"escape law without a saddle", langevin, "answer: {exit: [theory, solve, simulate]}", "ask: [{name: escape-law, event: exit}]", "13: ask[0]", "replicas do not start at a saddle", "start: {name: saddle"},
	{"unknown event of a claim", langevin, "answer: {exit: [theory, solve, simulate]}", "claims: [{id: a, says: b, measure: {mean-time: exot}, expect: {at-least: 1}}]", "13: claims[0].measure.mean-time", "got exot", "the name of an event: exit"},
	{"split", langevin, "answer: {exit: [theory, solve, simulate]}", "split: {method: ams}", "13: split", "splitting", "no split here"},

	{"batch larger than the data", learning, "batch: 4", "batch: 300", "8: dynamics.sgd", "batch 300 is larger than the 20 samples", "use at most 20"},
	{"empty batch", learning, "batch: 4", "batch: 0", "8: dynamics.sgd.batch", "got 0", "≥ 1"},
	{"negative rate", learning, "rate: 0.05, batch", "rate: -0.05, batch", "8: dynamics.sgd.rate", "got -0.05", "> 0"},
	{"widths that do not chain", learning, "[3, 2, 2]", "[3, 2, 5]", "4: model", "end with 5, but the data has 2 outputs", "end with 2"},
	{"widths of a continent", learning, "[3, 2, 2]", "[3, 100000, 100000, 2]", "4: model", "1e+10 parameters", "use smaller widths"},
	{"more samples than memory", learning, "samples: 20", "samples: 1e12", "3: data", "1000000000000 × 2", "use fewer"},
	{"a mode that is not there", learning, "modes: [1]", "modes: [7]", "5: start", "mode 7 does not exist", "modes 1 to 2"},
	{"modes of nothing", learning, "[2, 1], label-noise: 0.3", "[0, 0], label-noise: 0", "5: start", "the map of the data is 0 and has no modes", "another start"},
	{"a saddle of one layer", learning, "[3, 2, 2]", "[3, 2]", "5: start", "a network of one layer has no saddles", "at least two layers"},
	{"more eigenvalues than coordinates", learning, "name: loss, every", "name: sharpness, count: 11, every", "10: observe[0]", "only 10 eigenvalues of the Hessian", "at most 10"},
	{"more singular values than there are", learning, "name: loss, every", "name: singular-values, count: 3, every", "10: observe[0]", "only 2 singular values", "at most 2"},
	{"more modes than there are", learning, "name: loss, every", "name: mode-overlap, count: 3, every", "10: observe[0]", "only 2 modes", "at most 2"},
	{"a coordinate that is not there", learning, "name: loss, every", "name: coordinate, index: 10, every", "10: observe[0]", "index 10 is not a coordinate", "use 0 to 9"},
	{"a saddle above nothing", learning, "modes: [1]", "modes: [1, 2]", "12: events.escape.falls-below", "every mode is learnt", "nothing is below"},
	{"a depth below the floor", learning, "fraction: 0.1", "by: 100", "12: events.escape.falls-below", "a level of -", "the least loss there is"},
	{"a level below the floor", learning, "{from: saddle, fraction: 0.1}", "1e-9", "12: events.escape.falls-below", "a level of 1e-09", "the least loss there is"},
	{"a level below nothing", learning, "{from: saddle, fraction: 0.1}", "{start: -1}", "12: events.escape.falls-below", "a level of -", "the least loss there is"},
	{"a rise from a saddle", learning, "falls-below", "rises-above", "12: events.escape.rises-above", "a level below a saddle for rises-above", "want falls-below of loss"},
	{"test loss without test rows", learning, "name: loss, every", "name: test-loss, every", "10: observe[0]", "no test rows", "hold some out"},

	{"fits split by what is not swept", learning, "title: Learning", "ask: [{name: escape-law, event: escape, by: [data.label-noise]}]", "1: ask[0].by[0]", "got data.label-noise", "there is no sweep"},
	{"fits on nothing", learning, "title: Learning", "ask: [{name: escape-law, event: escape, regressors: []}]", "1: ask[0].regressors", "an empty list", "some of drop-over-temperature"},

	{"missing data", reading, "table.csv", "tabel.csv", "3: data", "tabel.csv does not exist", "relative to the folder of the spec"},
	{"ragged rows", reading, "table.csv", "ragged.csv", "3: data", "ragged.csv:3: 2 cells, but the header has 3", "as many cells"},
	{"empty cell", reading, "table.csv", "empty.csv", "3: data", "empty.csv:3: column b: found an empty cell", "missing: drop"},
	{"NaN cell", reading, "table.csv", "nan.csv", "3: data", "nan.csv:3: column a", "missing: drop"},
	{"word in a cell", reading, "table.csv", "word.csv", "3: data", `word.csv:3: column b: found "x"`, "finite number"},
	{"no rows", reading, "table.csv", "header.csv", "3: data", "no rows", ""},
	{"unknown column", reading, "[a, b]", "[a, q]", "3: data", `no column "q"`, "its header is a, b, y"},
	{"truncated gzip", reading, "table.csv", "cut.csv.gz", "3: data", "truncated", "copy it anew"},
}

// Every bad input is a clear error with file, line, finding and remedy; nothing is run and nothing is made.
func TestBadInput(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(table))
	z.Close()
	files := map[string]string{
		"table.csv":  table,
		"ragged.csv": "a,b,y\n1,2,3\n2,3\n",
		"empty.csv":  "a,b,y\n1,2,3\n2,,4\n",
		"nan.csv":    "a,b,y\n1,2,3\nnan,2,4\n",
		"word.csv":   "a,b,y\n1,2,3\n2,x,4\n",
		"header.csv": "a,b,y\n",
		"cut.csv.gz": packed.String()[:packed.Len()-10],
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			text := strings.Replace(f.base, f.old, f.new, 1)
			if text == f.base {
				t.Fatalf("%q is not in the spec", f.old)
			}
			path := write(t, text)
			dir := filepath.Dir(path)
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			status, out, log := lab("run", path)
			if status != exitRequest || out != "" {
				t.Errorf("status %d, output %q; want %d and none", status, out, exitRequest)
			}
			found := false
			for _, line := range strings.Split(log, "\n") {
				found = found || strings.HasPrefix(line, path+":"+f.line) && strings.Contains(line, f.found) && strings.Contains(line, f.remedy)
			}
			if !found {
				t.Errorf("got:\n%swant a line of %s with %q and %q", log, f.line, f.found, f.remedy)
			}
			if strings.Contains(log, "goroutine") || !strings.HasSuffix(log, "nothing was run\n") {
				t.Errorf("got:\n%s", log)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1+len(files) {
				t.Errorf("%v: %v; want nothing made", entries, err)
			}
		})
	}
}

// What cannot be told before a run is an outcome that is counted and reported, never a silent NaN.
func TestOutcomesOfBadLuck(t *testing.T) {
	path := write(t, strings.ReplaceAll(learning, "rate: 0.05", "rate: 1e9"))
	out, _ := done(t, "run", path)
	if !regexp.MustCompile(`sgd +16 \(16 diverged\)`).MatchString(out) || strings.Contains(out, "NaN") {
		t.Errorf("a rate far too large:\n%s", out)
	}
	path = write(t, strings.Replace(langevin, "rises-above: 1", "rises-above: -2", 1))
	_, log := done(t, "run", path)
	if !strings.Contains(log, "note: events.exit: replicas of warm and 1 more cell start beyond its level: for them it happens at time 0") {
		t.Errorf("a level beyond the start:\n%s", log)
	}
}

// Requests that are wrong in themselves say what would be right, with exit status 2.
func TestBadRequests(t *testing.T) {
	spec := write(t, langevin)
	file := write(t, langevin)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"ruin"}, "got ruin; want one of bench, check, "},
		{[]string{"run"}, "got 0 arguments; want a spec file"},
		{[]string{"run", "no.yaml"}, "no.yaml does not exist"},
		{[]string{"run", "."}, ". cannot be read: is a directory"},
		{[]string{"run", os.DevNull}, "empty spec"},
		{[]string{"run", spec, "--bogus"}, "unknown flag: --bogus"},
		{[]string{"run", spec, "--workers", "x"}, `invalid argument "x" for "--workers" flag; want a whole number`},
		{[]string{"run", spec, "--workers", "-1"}, "want a number of cores ≥ 1"},
		{[]string{"run", spec, "--engine", "abacus"}, `engine "abacus"; want local`},
		{[]string{"run", spec, "rate"}, "want path=value"},
		{[]string{"run", spec, "foo=1"}, "want a path into the spec"},
		{[]string{"run", spec, "--out", file}, "not a directory; choose another place with --out DIR"},
		{[]string{"check", spec, "replicas=0"}, "command line:1: ensemble.replicas: got 0"},
		{[]string{"list", "model"}, "did you mean models?"},
		{[]string{"explain", "sdee"}, "want a name that `sgdlab list` shows"},
		{[]string{"theory"}, "want the name of a theory"},
		{[]string{"theory", "kramer"}, "did you mean kramers?"},
		{[]string{"theory", "kramers", "temperature=-1"}, "theory.temperature: got -1"},
		{[]string{"theory", "kramers", "temperature"}, "want key=value"},
		{[]string{"theory", "kramers"}, "give"},
		{[]string{"reproduce"}, "want --all, or some of"},
		{[]string{"reproduce", "kramer-1940"}, "did you mean kramers-1940?"},
		{[]string{"ls", "--out", file}, "is no folder"},
		{[]string{"ls", "x"}, "want none"},
		{[]string{"show", "nothing", "--out", t.TempDir()}, `run "nothing": there are no runs in`},
		{[]string{"report", "nothing", "--out", t.TempDir()}, `run "nothing": there are no runs in`},
		{[]string{"resume", "nothing", "--out", t.TempDir()}, `run "nothing": there are no runs in`},
		{[]string{"resume", "nothing", "rate=1"}, "want nothing but data.path=FILE"},
	} {
		status, out, log := lab(tc.args...)
		if status != exitRequest || !strings.Contains(log, tc.want) || out != "" {
			t.Errorf("sgdlab %s: status %d\n%s%swant %d and %q", strings.Join(tc.args, " "), status, out, log, exitRequest, tc.want)
		}
	}
}
