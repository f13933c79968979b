package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func sum256(b []byte) [32]byte { return sha256.Sum256(b) }

// The definition of the hash, written out by hand for a row of each table: it shares nothing with the code.
func TestHashDefinition(t *testing.T) {
	i := func(x int64) string { return string(binary.LittleEndian.AppendUint64(nil, uint64(x))) }
	f := func(x float64) string { return i(int64(math.Float64bits(x))) }
	s := func(x string) string { return i(int64(len(x))) + x }
	nan := "\x01\x00\x00\x00\x00\x00\xf8\x7f"
	other := math.Float64frombits(0xfff8000000abcdef) // another NaN, as processors make them

	sums := Sums{
		Samples:  Sum([]Sample{{Cell: 1, Replica: -1, Statistic: "mean", Time: 0.5, Step: 2, Column: "loss", Value: other}}),
		Passages: Sum([]Passage{{Cell: 1, Replica: 2, Event: "exit", Time: math.Copysign(0, -1), Censored: true, Kind: "event"}, {Cell: 3}}),
		Plateaus: Sum([]Plateau{{Cell: 1, Replica: 2, Index: 3, Start: 4, End: 5, Height: 6, Duration: 7, Jumped: -1}}),
	}
	var err error
	sums.Cells, err = SumCells([]Cell{{
		ID: 1, Point: 2, Dynamics: "gd", Replicas: 3, Diverged: 4, Failed: "no",
		Params:    []Param{{"b", "saddle", math.NaN()}, {"a", "1e-4", 1e-4}, {"c", "9007199254740993", 9007199254740992}},
		Estimates: []Named{{"y", Estimate{1, 2, 3, 4, 5, "time"}}, {"x", Estimate{N: 6}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := Sums{
		Samples: sum256([]byte(s("samples") + i(1) + i(-1) + s("mean") + f(0.5) + i(2) + s("loss") + nan + i(1))),
		Passages: sum256([]byte(s("passages") + i(1) + i(2) + s("exit") + i(math.MinInt64) + "\x01" + s("event") +
			i(3) + i(0) + s("") + f(0) + "\x00" + s("") + i(2))),
		Plateaus: sum256([]byte(s("plateaus") + i(1) + i(2) + i(3) + f(4) + f(5) + f(6) + f(7) + i(-1) + i(1))),
		Cells: sum256([]byte(s("cells") + i(1) + i(2) + s("gd") + i(3) + i(4) + s("no") +
			i(3) + s("a") + "\x01" + f(1e-4) + s("b") + "\x00" + s("saddle") + s("c") + "\x00" + s("9007199254740993") +
			i(2) + s("x") + f(0) + f(0) + f(0) + f(0) + i(6) + s("") + s("y") + f(1) + f(2) + f(3) + f(4) + i(5) + s("time") + i(1))),
	}
	if sums != want {
		t.Errorf("got  %v\nwant %v", sums, want)
	}
	all := s("sgdlab tables 1") + string(want.Cells[:]) + string(want.Samples[:]) + string(want.Passages[:]) + string(want.Plateaus[:])
	if got, want := sums.Hash(), Digest(sum256([]byte(all))); got != want {
		t.Errorf("the hash of the run is %v; want %v", got, want)
	}
}

// The hash of a folder is that of the values, not of the files.
func TestHashOfFolder(t *testing.T) {
	hash := func(group int64, plateauFile bool, change func([]Cell, []Sample)) Digest {
		t.Helper()
		dir := t.TempDir()
		cs, ss := cells(), samples(3000)
		if change != nil {
			change(cs, ss)
		}
		sums := Sums{Plateaus: Sum[Plateau](nil), Passages: write(t, TablePath[Passage](dir), passages(50))}
		var err error
		if sums.Cells, err = (disk{}).writeCells(filepath.Join(dir, CellsFile), cs, group); err != nil {
			t.Fatal(err)
		}
		w, err := create[Sample](disk{}, TablePath[Sample](dir), group)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(ss...), w.Close()); err != nil {
			t.Fatal(err)
		}
		sums.Samples = w.Sum()
		if plateauFile {
			sums.Plateaus = write[Plateau](t, TablePath[Plateau](dir), nil)
		}
		got, err := Hash(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got != sums.Hash() {
			t.Errorf("of the folder %s, of the writers' sums %s", got.Short(), sums.Hash().Short())
		}
		return got
	}
	base := hash(rowGroup, true, nil)
	for name, same := range map[string]Digest{
		"row groups of 7":            hash(7, true, nil),
		"no file for an empty table": hash(rowGroup, false, nil),
		"another order of names": hash(rowGroup, true, func(c []Cell, _ []Sample) {
			slices.Reverse(c[0].Params)
			slices.Reverse(c[0].Estimates)
		}),
		"another spelling of a number": hash(rowGroup, true, func(c []Cell, _ []Sample) { c[0].Params[0].Text = "0.0001" }),
	} {
		if same != base {
			t.Errorf("%s: the hash changed", name)
		}
	}
	for name, other := range map[string]Digest{
		"the last bit of a value": hash(rowGroup, true, func(_ []Cell, s []Sample) { s[2000].Value = math.Nextafter(s[2000].Value, 9) }),
		"the sign of a zero": hash(rowGroup, true, func(_ []Cell, s []Sample) {
			i := slices.IndexFunc(s, func(s Sample) bool { return s.Value == 0 })
			s[i].Value = -s[i].Value
		}),
		"two rows the other way":     hash(rowGroup, true, func(_ []Cell, s []Sample) { s[1], s[2] = s[2], s[1] }),
		"a unit":                     hash(rowGroup, true, func(c []Cell, _ []Sample) { c[0].Estimates[0].Unit = "steps" }),
		"a large seed":               hash(rowGroup, true, func(c []Cell, _ []Sample) { c[0].Params[1].Text = "9007199254740992" }),
		"a parameter that is a text": hash(rowGroup, true, func(c []Cell, _ []Sample) { c[0].Params[4].Text = "balanced" }),
	} {
		if other == base {
			t.Errorf("%s: the hash did not change", name)
		}
	}
	if _, err := Hash(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder without cells: %v", err)
	}
	dir := t.TempDir()
	if _, err := WriteCells(filepath.Join(dir, CellsFile), cells()); err != nil {
		t.Fatal(err)
	}
	put(t, TablePath[Passage](dir), []byte("PAR1"))
	var damaged *DamagedError
	if _, err := Hash(dir); !errors.As(err, &damaged) {
		t.Errorf("a damaged table was hashed: %v", err)
	}
}

func manifest() *Manifest {
	return &Manifest{
		Format: 1, Run: "exit-0123abcd", Title: "Exit <from> a double well", Status: Done, Quick: true, Spec: Digest{1}, Plan: Digest{2}, Program: "v0.1.0",
		Machine: Machine{Go: "go1.26", OS: "linux", Arch: "arm64", CPU: "A CPU", Cores: 2}, Data: map[string]Digest{"digits": {3}},
		Seeds: Seeds{1, 2, math.MaxUint64}, Command: []string{"sgdlab", "run", "x.yaml"}, Workers: 2,
		Started: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Ended: time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC),
		WallSeconds: 60.5, CPUSeconds: 120, ReplicaSteps: 1 << 60, Shards: Progress{4, 4}, Rows: map[string]int64{"cells": 3},
		Result: Digest{4}, Warnings: []string{"2 replicas diverged"},
	}
}

func TestManifestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, m := range []*Manifest{manifest(), {Format: 1, Run: "r", Status: Running}} {
		if err := WriteManifest(dir, m); err != nil {
			t.Fatal(err)
		}
		got, err := ReadManifest(dir)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(m)
		if !bytes.Equal(a, b) || !got.Started.Equal(m.Started) || got.Seeds != m.Seeds || got.Machine != m.Machine || got.Shards != m.Shards {
			t.Errorf("got  %s\nwant %s", a, b)
		}
	}
	holds(t, dir, ManifestFile)
}

func TestManifestRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ManifestFile)
	if err := WriteManifest(dir, manifest()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(data, want string) {
		t.Helper()
		put(t, path, []byte(data))
		m, err := ReadManifest(dir)
		var damaged *DamagedError
		if !errors.As(err, &damaged) || m != nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%.40q…: got %v; want %q", data, err, want)
		}
	}
	for n := 1; n < len(whole)-1; n += 3 { // the last byte is a line feed
		refused(string(whole[:n]), "cut short after")
	}
	edit := func(old, new string) string {
		t.Helper()
		if !bytes.Contains(whole, []byte(old)) {
			t.Fatalf("the manifest lacks %s", old)
		}
		return strings.Replace(string(whole), old, new, 1)
	}
	refused("", "empty")
	refused(edit(`"run"`, `"ran"`), `unknown field "ran"`)
	refused(edit(`"format": 1`, `"format": 2`), "format: got 2; this program reads 1")
	refused(edit(`"done",`, `"dun",`), `status: got "dun"; want running, interrupted, done or failed`)
	refused(edit(`"done": 4`, `"done": 5`), "shards: got 5 done of 4")
	refused(edit(`60.5`, `-1`), "wall_seconds, cpu_seconds: got -1, 120")
	refused(edit(`"exit-0123abcd"`, `""`), "run: got nothing")
	refused(edit(Digest{4}.String(), ""), "result: got none")
	refused(edit(Digest{4}.String(), "04"), "2 digits; want 64")
	refused(edit(Digest{4}.String(), "zz"+Digest{4}.String()[2:]), "want hexadecimal digits")
	refused(string(whole)+"{}", "more than one JSON document")
	bad := manifest()
	bad.Status = ""
	if err := WriteManifest(dir, bad); err == nil {
		t.Error("wrote a manifest that it would not read")
	}
	if _, err := ReadManifest(t.TempDir()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "want a run folder") {
		t.Errorf("no manifest: %v", err)
	}
}

func TestManifestDoesNotTellOfTheHost(t *testing.T) {
	m := manifest()
	m.Machine = ThisMachine()
	if m.Machine.Cores < 1 || m.Machine.Go == "" || m.Machine.Arch == "" {
		t.Errorf("%+v", m.Machine)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if host, err := os.Hostname(); err == nil && len(host) > 3 && bytes.Contains(text, []byte(host)) {
		t.Errorf("the manifest names the host %s", host)
	}
}

func TestCPUModel(t *testing.T) {
	for text, want := range map[string]string{
		"processor\t: 0\nmodel\t\t: 6\nmodel name\t: A  CPU @ 2GHz\nflags: x\n": "A CPU @ 2GHz",
		"processor\t: 0\nModel\t: A board\n":                                    "A board",
		"processor\t: 0\n":                                                      "",
	} {
		if got := scanModel(strings.NewReader(text)); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"Exit from a double well":           "exit-from-a-double-well",
		"  Kramers' law: τ ∝ exp(ΔV/T)!  ":  "kramers-law-tau-exp-deltav-t",
		"Lévy flights, η = 0.1":             "levy-flights-eta-0-1",
		"":                                  "run",
		"???":                               "run",
		"../../etc/passwd":                  "etc-passwd",
		"日本":                                "run",
		strings.Repeat("long ", 20):         "long-long-long-long-long-long-long-long-long",
		strings.Repeat("x", 60):             strings.Repeat("x", 48),
		"a " + strings.Repeat("x", 60):      "a-" + strings.Repeat("x", 46),
		strings.Repeat("x", 48) + " follow": strings.Repeat("x", 48),
	} {
		if got := Slug(title); got != want {
			t.Errorf("%q: got %q; want %q", title, got, want)
		}
	}
	if got := Folder("runs", "exit", "0123abcd"); got != filepath.Join("runs", "exit-0123abcd") {
		t.Error(got)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"exit-aaaa1111", "exit-bbbb2222", "saddle-escape-aaaa3333"} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o777); err != nil {
			t.Fatal(err)
		}
		m := manifest()
		m.Run, m.Spec, m.Plan = name, Digest{byte(0xc0 + i)}, Digest{byte(0xd0 + i)}
		if err := WriteManifest(path, m); err != nil {
			t.Fatal(err)
		}
	}
	broken := filepath.Join(dir, "broken-cccc4444")
	if err := errors.Join(os.Mkdir(broken, 0o777), os.Mkdir(filepath.Join(dir, "no-run"), 0o777)); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(broken, ManifestFile), []byte("{"))
	put(t, filepath.Join(dir, "a-file"), nil)

	runs, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range runs {
		names = append(names, r.Name)
		if (r.Manifest == nil) != (r.Name == "broken-cccc4444") || (r.Err == nil) != (r.Manifest != nil) {
			t.Errorf("%s: manifest %v, error %v", r.Name, r.Manifest, r.Err)
		}
	}
	if want := []string{"broken-cccc4444", "exit-aaaa1111", "exit-bbbb2222", "saddle-escape-aaaa3333"}; !slices.Equal(names, want) {
		t.Errorf("got %v; want %v", names, want)
	}
	if runs, err := List(filepath.Join(dir, "gone")); err != nil || runs != nil {
		t.Errorf("no folder: %v, %v", runs, err)
	}

	for arg, want := range map[string]string{
		"exit-aaaa1111": "exit-aaaa1111", "saddle": "saddle-escape-aaaa3333", "exit-b": "exit-bbbb2222", "aaaa1": "exit-aaaa1111",
		"bbbb2222": "exit-bbbb2222", "c2": "saddle-escape-aaaa3333", "d1": "exit-bbbb2222", "broken": "broken-cccc4444",
		filepath.Join(dir, "exit-aaaa1111"): "exit-aaaa1111", filepath.Join(dir, "exit-aaaa1111") + "/": "exit-aaaa1111",
	} {
		if got, err := Find(dir, arg); err != nil || got != filepath.Join(dir, want) {
			t.Errorf("%s: got %s, %v; want %s", arg, got, err, want)
		}
	}
	for arg, want := range map[string]string{
		"exit":   `run "exit": got the start of 2 runs; want one of exit-aaaa1111, exit-bbbb2222`,
		"aaaa":   "want one of exit-aaaa1111, saddle-escape-aaaa3333",
		"xit":    fmt.Sprintf(`run "xit": no such run in %s; want a path, or the start of a name or hash of broken-cccc4444, exit-aaaa1111`, dir),
		"no-run": "no such run",
	} {
		got, err := Find(dir, arg)
		var failed *FindError
		if !errors.As(err, &failed) || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %s, %v; want %s", arg, got, err, want)
		}
	}
	if _, err := Find(t.TempDir(), "x"); err == nil || !strings.Contains(err.Error(), "there are no runs in") {
		t.Errorf("got %v", err)
	}
	if got := few(strings.Split(strings.Repeat("r ", 12), " ")[:12]); !strings.HasSuffix(got, "r, r and 2 more") {
		t.Error(got)
	}
}

func TestVerdictsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	nan := Number(math.NaN())
	v := Verdicts{Claims: []Verdict{
		{Paper: "saxe-2013", ID: "sigmoid", Cell: "gd, rate=0.1", Says: "a < b & c", Measured: 0.1, Interval: [2]Number{0.05, 0.15}, Predicted: 0.11, Expectation: "equals 0.11 within 3 %", N: 7, Verdict: Holds},
		{ID: "order", Measured: nan, Interval: [2]Number{nan, Number(math.Inf(1))}, Predicted: nan, Verdict: Undecided, Needs: 40000},
	}}
	if err := WriteVerdicts(dir, v); err != nil {
		t.Fatal(err)
	}
	got, err := ReadVerdicts(dir)
	if err != nil {
		t.Fatal(err)
	}
	v.Claims[1].Interval[1] = nan // JSON has no infinity
	if fmt.Sprint(got) != fmt.Sprint(v) {
		t.Errorf("got  %v\nwant %v", got, v)
	}
	text, err := os.ReadFile(filepath.Join(dir, VerdictsFile))
	if err != nil {
		t.Fatal(err)
	}
	const want = `    {
      "paper": "",
      "id": "order",
      "cell": "",
      "says": "",
      "measured": null,
      "interval": [
        null,
        null
      ],
      "predicted": null,
      "expectation": "",
      "n": 0,
      "verdict": "undecided",
      "needs": 40000
    }
  ]
}
`
	if !strings.HasSuffix(string(text), want) || !strings.Contains(string(text), `"says": "a < b & c"`) {
		t.Errorf("%s", text)
	}
	for data, want := range map[string]string{
		"": "empty", `{"claims": [`: "cut short", `{"claims": [{"id": "x", "verdict": "maybe"}]}`: `claims[0].verdict: got "maybe"; want holds, fails or undecided`,
		`{"claims": [{"verdict": "holds"}]}`:                          "claims[0].id: got nothing",
		`{"claims": [{"id": "x", "verdict": "fails", "needs": 3}]}`:   "claims[0].needs: got 3 for a claim that fails",
		`{"claims": [{"id": "x", "verdict": "holds", "measure": 3}]}`: `unknown field "measure"`,
		`{"claims": [{"id": "x", "measured": "3"}]}`:                  "cannot unmarshal string",
	} {
		put(t, filepath.Join(dir, VerdictsFile), []byte(data))
		var damaged *DamagedError
		if _, err := ReadVerdicts(dir); !errors.As(err, &damaged) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "judges the claims anew") {
			t.Errorf("%s: got %v; want %q", data, err, want)
		}
	}
	if err := WriteVerdicts(dir, Verdicts{}); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, VerdictsFile)); string(text) != "{\n  \"claims\": []\n}\n" {
		t.Errorf("no claims: %s", text)
	}
	if err := WriteVerdicts(dir, Verdicts{Claims: []Verdict{{ID: "x"}}}); err == nil {
		t.Error("wrote a verdict without a verdict")
	}
}

func TestNumber(t *testing.T) {
	for _, x := range odd {
		text, err := json.Marshal(Number(x))
		if err != nil {
			t.Fatal(err)
		}
		var back Number
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			if string(text) != "null" || !math.IsNaN(float64(back)) {
				t.Errorf("%g: %s, back as %g", x, text, back)
			}
		case math.Float64bits(float64(back)) != math.Float64bits(x):
			t.Errorf("%g: %s, back as %g", x, text, back)
		}
	}
}

func TestDocument(t *testing.T) {
	nan := math.NaN()
	d := Show(&Manifest{Run: "exit-0123abcd", Status: Interrupted}, []Cell{
		{
			ID: 3, Dynamics: "sgd", Replicas: 8, Diverged: 1,
			Params: []Param{
				{"z", "1e-4", 1e-4}, {"a", "[1, [2]]", nan}, {"name", "a<b", nan}, {"flag", "true", nan}, {"m", "{\"k\": 1}", nan}, {"list", "[a, b]", nan},
				{"inf", ".inf", math.Inf(1)}, {"nan", "NaN", nan}, {"seed", "9007199254740993", 9007199254740992}, {"odd", "+9007199254740993", 9007199254740992},
			},
			Estimates: []Named{{"rate:exit", Estimate{0.5, nan, math.Inf(-1), 1, 8, "1/time"}}, {"mean-time:exit", Estimate{nan, nan, nan, nan, 0, "time"}}},
		},
		{ID: 4, Failed: "diverged"},
	})
	var b bytes.Buffer
	if err := Encode(&b, d); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Compact(&got, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	want := `{"run":"exit-0123abcd","status":"interrupted","hash":"","cells":[{"cell":3,"dynamics":"sgd","replicas":8,"diverged":1,` +
		`"parameters":{"z":0.0001,"a":[1,[2]],"name":"a<b","flag":true,"m":{"k":1},"list":"[a, b]","inf":null,"nan":null,"seed":9007199254740993,"odd":9007199254740992},` +
		`"estimates":{"rate:exit":{"value":0.5,"se":null,"interval":[null,1],"n":8,"unit":"1/time"},` +
		`"mean-time:exit":{"value":null,"se":null,"interval":[null,null],"n":0,"unit":"time"}}},` +
		`{"cell":4,"dynamics":"","replicas":0,"diverged":0,"failed":"diverged","parameters":{},"estimates":{}}],"claims":[]}`
	if got.String() != want {
		t.Errorf("got  %s\nwant %s", got.String(), want)
	}
	b.Reset()
	if err := Encode(&b, Show(manifest(), nil)); err != nil || !strings.Contains(b.String(), `"cells": []`) || !strings.Contains(b.String(), Digest{4}.String()) {
		t.Errorf("%s, %v", b.String(), err)
	}
}

// The list has a line for every file but itself, the lock and what is half written; what is altered or gone is named, and so
// is a list that is damaged.
func TestSums(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, FigureDir), 0o777); err != nil {
		t.Fatal(err)
	}
	all := func(string) bool { return true }
	if bad, err := CheckSums(dir, all); err != nil || len(bad) > 0 {
		t.Errorf("a folder without a list: %v, %v", bad, err)
	}
	figure := filepath.Join(FigureDir, "a b.svg")
	for name, text := range map[string]string{ReportFile: "page", figure: "", lockFile: "x", filepath.Base(temporaryName(ReportFile)): "y"} {
		put(t, filepath.Join(dir, name), []byte(text))
	}
	if err := WriteSums(dir); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, SumsFile))
	want := fmt.Sprintf("%x  figures/a b.svg\n%x  report.html\n", sum256(nil), sum256([]byte("page")))
	if err != nil || string(list) != want {
		t.Fatalf("%v\n%s\nwant\n%s", err, list, want)
	}
	check := func(want func(string) bool, file, finding string) {
		t.Helper()
		bad, err := CheckSums(dir, want)
		if err != nil || file == "" && len(bad) > 0 || file != "" && (len(bad) != 1 || bad[0].File != file || !strings.Contains(bad[0].Finding, finding)) {
			t.Errorf("%v, %v; want %s %s", bad, err, file, finding)
		}
	}
	check(all, "", "")
	put(t, filepath.Join(dir, ReportFile), []byte("pagf"))
	check(all, ReportFile, "altered")
	check(func(name string) bool { return name != ReportFile }, "", "")
	os.Remove(filepath.Join(dir, figure))
	check(func(name string) bool { return name != ReportFile }, "figures/a b.svg", "no such file")
	none := func(string) bool { return false }
	for _, text := range []string{"", "x", string(list[:len(list)-1]), string(list[:90]), "../" + string(list), strings.Replace(string(list), "figures", "../..", 1)} {
		put(t, filepath.Join(dir, SumsFile), []byte(text))
		check(none, SumsFile, "")
	}
	put(t, filepath.Join(dir, SumsFile), []byte("?\n"+want))
	if bad, err := CheckSums(dir, all); err != nil || len(bad) != 3 {
		t.Errorf("beyond a line that is none: %v, %v", bad, err)
	}
}
