package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sgdlab/store"
	"sgdlab/study"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// content is what a test puts into a run folder.
type content struct {
	manifest store.Manifest
	spec     string
	question string
	cells    []store.Cell
	samples  []store.Sample
	passages []store.Passage
	plateaus []store.Plateau
	verdicts []store.Verdict
	analyses []study.Analysis
}

func write[T store.Row](t *testing.T, dir string, rows []T) {
	t.Helper()
	w, err := store.Create[T](store.TablePath[T](dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// folder makes a run folder.
func (c *content) folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	m := c.manifest
	m.Run, m.Status, m.Program = "run-0badcafe", store.Done, "sgdlab test"
	m.Result[0], m.Spec[0], m.Plan[0] = 1, 2, 3
	m.Machine = store.Machine{Go: "go1.26", OS: "linux", Arch: "amd64", CPU: "a CPU", Cores: 2}
	m.Started = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m.Ended = m.Started.Add(time.Minute)
	m.WallSeconds, m.CPUSeconds, m.Workers = 60, 110, 2
	for _, err := range []error{
		store.WriteManifest(dir, &m),
		os.WriteFile(filepath.Join(dir, store.SpecYAML), []byte(c.spec), 0o666),
		os.WriteFile(filepath.Join(dir, store.SpecJSON), []byte(encodeJSON(map[string]string{"question": c.question})), 0o666),
		store.WriteVerdicts(dir, store.Verdicts{Claims: c.verdicts}),
		os.WriteFile(filepath.Join(dir, analysesFile), []byte(encodeJSON(append([]study.Analysis{}, c.analyses...))), 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.WriteCells(filepath.Join(dir, store.CellsFile), c.cells); err != nil {
		t.Fatal(err)
	}
	write(t, dir, c.samples)
	write(t, dir, c.passages)
	write(t, dir, c.plateaus)
	return dir
}

func estimated(name string, value, se, lo, hi float64, n int64, unit string) store.Named {
	return store.Named{Name: name, Estimate: store.Estimate{Value: value, SE: se, Lo: lo, Hi: hi, N: n, Unit: unit}}
}

const temperature = "dynamics.langevin.noise.temperature"

// doubleWell has three temperatures, all roads, and claims of every verdict.
func doubleWell() *content {
	c := &content{
		manifest: store.Manifest{Title: "Exit from a double well", Quick: true, Command: []string{"sgdlab", "run", "double well.yaml"}, ReplicaSteps: 1234567, Warnings: []string{"quick: 4 replicas of each cell, not 20000"}},
		spec:     "title: Exit from a double well\n# a comment\nseed: 1\nevents:\n  exit: {of: {name: coordinate, index: 0}, rises-above: 1}\n",
		question: "How long does it stay?",
	}
	nan := math.NaN()
	for i, at := range []float64{0.1, 0.08, 0.06} {
		scale := []float64{64, 120, 320}[i]
		cell := store.Cell{ID: i, Point: i, Dynamics: "langevin", Replicas: 4, Params: []store.Param{{Path: temperature, Text: fmt.Sprint(at), Number: at}}}
		mean := scale * 1.02
		cell.Estimates = []store.Named{
			estimated("mean-time:exit", mean, mean/10, mean*0.8, mean*1.2, 4, "time"),
			estimated("rate:exit", 1/mean, 0.1/mean, 0.8/mean, 1.2/mean, 4, "1/time"),
			estimated("censored:exit", 0, 0, 0, 0.4, 4, ""),
			estimated("theory:exit", scale*0.85, 0, scale*0.7, scale, 1, "time"),
			estimated("solve:exit", scale, 0, scale, scale, 1, "time"),
		}
		if i == 2 { // one of four is censored
			cell.Estimates[0] = estimated("mean-time:exit", nan, nan, nan, nan, 4, "time")
		}
		c.cells = append(c.cells, cell)
		for k := range 4 {
			c.passages = append(c.passages, store.Passage{Cell: int32(i), Replica: int64(k), Event: "exit", Time: float64(k+1) * scale / 2, Censored: i == 2 && k == 3, Kind: "event"})
		}
	}
	for i, w := range []store.Judgement{store.Holds, store.Undecided, store.Fails} {
		v := store.Verdict{ID: "quadrature", Cell: temperature + "=" + c.cells[i].Params[0].Text, Says: "the simulated mean is the exact one",
			Measured: 65, Interval: [2]store.Number{60, 70}, Predicted: 64, Expectation: "equals solve 64 within 3 %", N: 4, Verdict: w}
		if w == store.Undecided {
			v.Needs = 12345
		}
		c.verdicts = append(c.verdicts, v)
	}
	return c
}

// series has two dynamics, an observable of one column and one of three, a kept path, plateaus and an analysis.
func timeSeries(readings int) *content {
	c := &content{manifest: store.Manifest{Title: "Digits, one mode at a time"}}
	for i, arm := range []string{"sgd", "gd"} {
		n := []float64{16, 1}[i]
		c.cells = append(c.cells, store.Cell{ID: i, Dynamics: arm, Replicas: int64(n), Estimates: []store.Named{estimated("end:loss", 1.25, 0.03, 1.2, 1.3, int64(n), ""), estimated("plateaus", 3.5, 0.2, 3, 4, int64(n), "")}})
		for k := range readings {
			at := float64(k)
			for _, col := range []string{"loss", "singular-value[1]", "singular-value[2]", "singular-value[3]"} {
				row := func(stat string, x float64) {
					c.samples = append(c.samples, store.Sample{Cell: int32(i), Replica: store.Statistics, Statistic: stat, Time: at, Step: int64(k), Column: col, Value: x})
				}
				y := 1 / (1 + at)
				row("mean", y)
				row("n", n)
				if n > 1 {
					row("se", y/10)
					row("q05", y*0.9)
					row("q95", y*1.1)
				}
			}
		}
		if i == 0 {
			for k := range readings {
				c.samples = append(c.samples, store.Sample{Cell: 0, Replica: 0, Statistic: store.Path, Time: float64(k), Step: int64(k), Column: "loss", Value: 1.05 / (1 + float64(k))})
			}
		}
	}
	for r := range int64(3) {
		for k := range int32(3) {
			c.plateaus = append(c.plateaus, store.Plateau{Replica: r, Index: k, Start: float64(k) * 10, End: float64(k)*10 + 7, Height: 1 / float64(k+1), Duration: 7, Jumped: k - 1})
		}
	}
	c.analyses = []study.Analysis{{
		Name: "escape-law", Title: "What sets the time", Text: []string{"sgd: ΔL/T describes the mean times best"},
		Tables: []study.Table{{Title: "Joint fit", Columns: []string{"dynamics", "slope"}, Words: [][]string{{"sgd"}}, Numbers: [][]store.Number{{1.5}}}},
		Plots: []study.Plot{{Title: "log mean time", X: "ΔL/T", Y: "log τ", Points: []study.Curve{{Name: "sgd", X: []store.Number{2, 1, 3}, Y: []store.Number{2, 1, store.Number(math.NaN())}, Lo: []store.Number{1, 0, 0}, Hi: []store.Number{3, 2, 1}}},
			Lines: []study.Curve{{Name: "sgd", X: []store.Number{1, 3}, Y: []store.Number{1, 3}}}}},
	}}
	return c
}

const hostileText = `<script>alert("1")</script>&'"` + "`${x}`" + ` ]]> \u0007` + "\a\x00" + ` </style> É ∇²L 💥`

// hostile has markup, quotes and control characters wherever a user can put words, and numbers that no axis has room for.
func hostile() *content {
	c := timeSeries(3)
	c.manifest = store.Manifest{Title: hostileText, Error: hostileText, Warnings: []string{hostileText}, Command: []string{"sgdlab", hostileText}, Data: map[string]store.Digest{hostileText: {1}}}
	c.spec, c.question = "title: "+hostileText+"\n", hostileText
	for i := range c.cells {
		c.cells[i].Dynamics = hostileText
		c.cells[i].Point = i
		c.cells[i].Failed = hostileText
		c.cells[i].Params = []store.Param{{Path: hostileText, Text: hostileText, Number: math.NaN()}, {Path: "x.temperature", Text: fmt.Sprint(i), Number: float64(i)}}
		c.cells[i].Estimates = append(c.cells[i].Estimates, estimated("rate:"+hostileText, math.Inf(1), math.NaN(), math.NaN(), 0, 1, hostileText), estimated("rate:e", math.SmallestNonzeroFloat64, 1, 0, math.MaxFloat64, 1, ""))
	}
	for i := range c.samples {
		c.samples[i].Column = strings.Replace(c.samples[i].Column, "loss", hostileText, 1)
		c.samples[i].Value = []float64{math.NaN(), math.Inf(1), -math.MaxFloat64, math.MaxFloat64, 0, math.SmallestNonzeroFloat64, -1}[i%7]
	}
	c.passages = []store.Passage{{Event: hostileText, Time: 0, Kind: "event"}, {Event: "e", Replica: 1, Time: 1e300, Censored: true, Kind: "event"}}
	c.plateaus = append(c.plateaus, store.Plateau{Cell: 1, Start: math.NaN(), End: math.Inf(1), Height: math.NaN(), Jumped: 1 << 30})
	c.verdicts = []store.Verdict{{Paper: hostileText, ID: hostileText, Cell: hostileText, Says: hostileText, Expectation: hostileText, Measured: store.Number(math.NaN()), Verdict: store.Undecided}}
	a := &c.analyses[0]
	a.Name, a.Title, a.Text[0], a.Tables[0].Title, a.Tables[0].Words[0][0], a.Plots[0].Title, a.Plots[0].X = hostileText, hostileText, hostileText, hostileText, hostileText, hostileText, hostileText
	a.Plots[0].Points[0].Name, a.Plots[0].LogX, a.Plots[0].LogY = hostileText, true, true
	return c
}

func fixtures() map[string]*content {
	one := timeSeries(1)
	one.cells, one.samples = one.cells[1:], slices.DeleteFunc(one.samples, func(s store.Sample) bool { return s.Cell == 0 })
	one.plateaus, one.analyses = nil, nil
	return map[string]*content{
		"double-well": doubleWell(), "series": timeSeries(50), "hostile": hostile(), "one replica, one reading": one,
		"empty": {}, "cells only": {cells: []store.Cell{{Dynamics: "gd"}}},
	}
}

// urls are addresses in a page or figure other than the names of the W3C's formats.
func urls(text []byte) []string {
	var out []string
	for _, u := range regexp.MustCompile(`(https?:)?//[a-zA-Z0-9][a-zA-Z0-9.-]*\.[a-z]{2,}\S*`).FindAll(text, -1) {
		if !bytes.HasPrefix(u, []byte("http://www.w3.org/2000/svg")) && !bytes.HasPrefix(u, []byte("http://www.w3.org/1999/xlink")) {
			out = append(out, string(u))
		}
	}
	return out
}

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// wellFormed parses XML to its end and counts its elements.
func wellFormed(text []byte) (elements map[string]int, err error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	elements = map[string]int{}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return elements, nil
		}
		if err != nil {
			return nil, err
		}
		if s, ok := tok.(xml.StartElement); ok {
			elements[s.Name.Local]++
		}
	}
}

func TestEveryFixtureGivesAPage(t *testing.T) {
	for name, c := range fixtures() {
		t.Run(name, func(t *testing.T) {
			dir := c.folder(t)
			if err := Write(dir); err != nil {
				t.Fatal(err)
			}
			page := read(t, dir, store.ReportFile)
			if u := urls(page); len(u) > 0 {
				t.Errorf("the page names addresses: %q", u)
			}
			for _, tag := range []string{"src=", "href="} {
				for _, m := range regexp.MustCompile(tag+`"([^"]*)"`).FindAllSubmatch(page, -1) {
					if !regexp.MustCompile(`^(#[a-z]+|data:,|figures/[a-z0-9-]+\.(svg|csv))$`).Match(m[1]) {
						t.Errorf("the page asks for %s%q", tag, m[1])
					}
				}
			}
			figures, err := filepath.Glob(filepath.Join(dir, store.FigureDir, "*.svg"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range figures {
				svg := read(t, f)
				if _, err := wellFormed(svg); err != nil {
					t.Errorf("%s: %v", filepath.Base(f), err)
				}
				if u := urls(svg); len(u) > 0 {
					t.Errorf("%s names addresses: %q", filepath.Base(f), u)
				}
				if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
					t.Errorf("%s has coordinates that are no numbers", filepath.Base(f))
				}
				id := strings.TrimSuffix(filepath.Base(f), ".svg")
				table := read(t, dir, store.FigureDir, id+".csv")
				rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll() // all of one length
				if err != nil || len(rows) == 0 {
					t.Errorf("%s.csv: %d rows, %v", id, len(rows), err)
				}
				if !bytes.Contains(page, []byte(`<figure id="`+id+`"`)) {
					t.Errorf("the page does not show %s", id)
				}
			}
			data := regexp.MustCompile(`(?s)id="data">(.*?)</script>`).FindSubmatch(page)
			if data == nil || !json.Valid(data[1]) {
				t.Error("the page's data is no JSON")
			}
			again := func(where string) {
				for _, f := range append(figures, filepath.Join(dir, store.ReportFile)) {
					rel, _ := filepath.Rel(dir, f)
					if !bytes.Equal(read(t, f), read(t, where, rel)) {
						t.Errorf("%s differs when made again", rel)
					}
				}
			}
			other := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if err := Write(other); err != nil {
				t.Fatal(err)
			}
			again(other)
		})
	}
}

func TestFiguresFollowTheTables(t *testing.T) {
	for name, want := range map[string][]string{
		"double-well": {"mean-time-exit-temperature-inverse", "mean-time-exit-temperature", "survival-exit"},
		"series":      {"escape-law-1", "plateaus", "series-loss", "series-singular-value"},
		"empty":       nil,
	} {
		dir := fixtures()[name].folder(t)
		if err := Write(dir); err != nil {
			t.Fatal(err)
		}
		var got []string
		files, _ := filepath.Glob(filepath.Join(dir, store.FigureDir, "*.svg")) // sorted
		for _, f := range files {
			got = append(got, strings.TrimSuffix(filepath.Base(f), ".svg"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: figures %q; want %q", name, got, want)
		}
	}
}

// What was read once, as by on: end, is in the tables and has no figure of a course.
func TestOneReadingIsNoCourse(t *testing.T) {
	c := timeSeries(1)
	dir := c.folder(t)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	if got, _ := filepath.Glob(filepath.Join(dir, store.FigureDir, "series-*")); len(got) > 0 {
		t.Errorf("figures %q of a single reading", got)
	}
}

// TestGolden holds the page of the double well, without the assets, and the CSV of its figures.
func TestGolden(t *testing.T) {
	dir := doubleWell().folder(t)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>`).ReplaceAll(read(t, dir, store.ReportFile), nil)
	for name, got := range map[string][]byte{
		"double-well.html": page,
		"survival.csv":     read(t, dir, store.FigureDir, "survival-exit.csv"),
		"inverse.csv":      read(t, dir, store.FigureDir, "mean-time-exit-temperature-inverse.csv"),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll("testdata", 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, got, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want := read(t, path)
		if !bytes.Equal(got, want) {
			a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Errorf("%s:%d differs; `go test ./report -update` accepts\n got %.300s\nwant %.300s", path, i+1, a[i], b[i])
					break
				}
			}
			if len(a) != len(b) {
				t.Errorf("%s: %d lines; want %d", path, len(a), len(b))
			}
		}
	}
}

func TestNoMarkupOfTheUserGetsThrough(t *testing.T) {
	dir := hostile().folder(t)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	page := string(read(t, dir, store.ReportFile))
	if n := strings.Count(page, "alert("); n == 0 {
		t.Fatal("the hostile words are not on the page at all")
	}
	if strings.Contains(page, "<script>alert") {
		t.Error("a script of the user's is on the page")
	}
	if got := strings.Count(page, "<script"); got != 3 {
		t.Errorf("%d scripts on the page; want data, library and ours", got)
	}
	if got := strings.Count(page, "</style>"); got != 1 {
		t.Errorf("%d ends of style; want 1", got)
	}
	files, _ := filepath.Glob(filepath.Join(dir, store.FigureDir, "*.svg"))
	if len(files) < 4 {
		t.Errorf("%d figures; want those of series, analysis and plateaus", len(files))
	}
	for _, f := range files {
		if el, err := wellFormed(read(t, f)); err != nil || el["script"] > 0 {
			t.Errorf("%s: %d scripts, %v", f, el["script"], err)
		}
	}
}

// TestSurvivalCurve: of four replicas that leave at 32, 64, 96, 128, S falls by quarters; the exponential has the rate
// that cells.parquet states.
func TestSurvivalCurve(t *testing.T) {
	r, err := load(doubleWell().folder(t))
	if err != nil {
		t.Fatal(err)
	}
	f := r.lawFigures()[0]
	km, law := f.Curves[0], f.Curves[1]
	if want := []float64{0, 32, 64, 96, 128}; !slices.Equal(km.X, want) {
		t.Errorf("times %v; want %v", km.X, want)
	}
	if want := []float64{1, 0.75, 0.5, 0.25, 0}; !slices.Equal(km.Y, want) {
		t.Errorf("S %v; want %v", km.Y, want)
	}
	for i, x := range law.X {
		if want := math.Exp(-x / (64 * 1.02)); math.Abs(law.Y[i]-want) > 1e-12 {
			t.Errorf("exponential at %g: %g; want %g", x, law.Y[i], want)
		}
	}
	// The third cell is censored at its horizon: the curve ends there, above 0.
	last := f.Curves[4]
	if got := last.Y[len(last.Y)-1]; got != 0.25 {
		t.Errorf("censored curve ends at %g; want 0.25", got)
	}
}

func TestMeanTimeOfCensored(t *testing.T) {
	c := doubleWell().cells[2]
	e, how := meanTime(&c, "exit")
	mean := 320 * 1.02
	if how != "exposure/events" || math.Abs(e.Value-mean) > 1e-9 || math.Abs(e.SE-mean/10) > 1e-9 || math.Abs(e.Lo-mean/1.2) > 1e-9 || math.Abs(e.Hi-mean/0.8) > 1e-9 {
		t.Errorf("got %+v by %q", e, how)
	}
	if e, how := meanTime(&store.Cell{}, "exit"); how != "" || !math.IsNaN(e.Value) {
		t.Errorf("of nothing: %+v by %q", e, how)
	}
}

func TestSweepIsSortedAndInverted(t *testing.T) {
	r, err := load(doubleWell().folder(t))
	if err != nil {
		t.Fatal(err)
	}
	f := r.timeFigure("exit", 0, true)
	var solve *curve
	for i := range f.Curves {
		if k := f.Curves[i].Keys; k[len(k)-1] == "solve" {
			solve = &f.Curves[i]
		}
	}
	if want := []float64{1 / 0.1, 1 / 0.08, 1 / 0.06}; !slices.Equal(solve.X, want) || !slices.Equal(solve.Y, []float64{64, 120, 320}) {
		t.Errorf("solve over 1/T: %v, %v", solve.X, solve.Y)
	}
	if f := r.timeFigure("exit", 0, false); !slices.IsSorted(f.Curves[0].X) || !slices.IsSorted(f.Curves[len(f.Curves)-1].X) {
		t.Error("abscissae do not ascend")
	}
}

// TestHeadline: the first sentence is the tally; the ratio to solve is 1.02 everywhere, inside every interval.
func TestHeadline(t *testing.T) {
	r, err := load(doubleWell().folder(t))
	if err != nil {
		t.Fatal(err)
	}
	h := r.headline()
	if want := "Of 3 claims 1 holds, 1 fails, 1 is undecided."; h[0] != want {
		t.Errorf("got %q; want %q", h[0], want)
	}
	if want := "The simulated mean time to exit is 1.02 times the exact one (solve), which lies inside the 95 % interval in 3 of 3 cells."; h[1] != want {
		t.Errorf("got %q; want %q", h[1], want)
	}
}

// TestManyCells: 216 cells of 7 columns stay below 3 MB, and the page says that it thinned them.
func TestManyCells(t *testing.T) {
	c := &content{}
	const readings = 120
	for i := range 216 {
		c.cells = append(c.cells, store.Cell{ID: i, Point: i / 6, Dynamics: fmt.Sprint("arm", i%6), Replicas: 512,
			Params:    []store.Param{{Path: "a.x", Text: fmt.Sprint(i / 6 % 6), Number: float64(i / 6 % 6)}, {Path: "b.x", Text: fmt.Sprint(i / 36), Number: float64(i / 36)}},
			Estimates: []store.Named{estimated("mean-time:escape", 12.345678+float64(i), 0.123, 12, 13+float64(i), 512, "time"), estimated("rate:escape", 0.08, 0.01, 0.07, 0.09, 512, "1/time")}})
		for k := range readings {
			for col := range 7 {
				for s, stat := range []string{"mean", "n", "q05", "q95"} {
					c.samples = append(c.samples, store.Sample{Cell: int32(i), Replica: store.Statistics, Statistic: stat, Time: float64(k) * 0.25, Step: int64(25 * k), Column: fmt.Sprint("column", col),
						Value: math.Sin(float64(i*7+col)+float64(k)/10) + float64(s)})
				}
			}
		}
	}
	dir := c.folder(t)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	page := read(t, dir, store.ReportFile)
	if len(page) > 3_000_000 {
		t.Errorf("the page has %d bytes; want at most 3 MB", len(page))
	}
	if !bytes.Contains(page, []byte("thinned")) {
		t.Error("the page does not say that it is thinned")
	}
	if got := bytes.Count(page, []byte(`["a.x",["0","1","2","3","4","5"]]`)); got < 7 {
		t.Errorf("%d figures let their readers choose a.x; want 7 at least", got)
	}
	total := 0
	files, _ := filepath.Glob(filepath.Join(dir, store.FigureDir, "*"))
	for _, f := range files {
		total += len(read(t, f))
	}
	if total > 30_000_000 {
		t.Errorf("figures take %d bytes; want at most 30 MB", total)
	}
}

func TestErrors(t *testing.T) {
	var missing *store.MissingError
	var damaged *store.DamagedError
	if err := Write(t.TempDir()); !errors.As(err, &missing) {
		t.Errorf("no run folder: %v", err)
	}
	dir := doubleWell().folder(t)
	if err := os.WriteFile(filepath.Join(dir, analysesFile), []byte("[{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir); !errors.As(err, &damaged) || !strings.Contains(err.Error(), analysesFile) {
		t.Errorf("cut analyses: %v", err)
	}
	dir = timeSeries(5).folder(t)
	path := filepath.Join(dir, store.SamplesFile)
	text := read(t, path)
	text[len(text)/2] ^= 1
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir); !errors.As(err, &damaged) || !strings.Contains(err.Error(), store.SamplesFile) {
		t.Errorf("altered samples: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, store.ReportFile)); err == nil {
		t.Error("a page was made of damaged tables")
	}
	for _, f := range []string{store.SamplesFile, store.PassagesFile, store.PlateausFile, store.VerdictsFile, analysesFile, store.SpecYAML, store.SpecJSON} {
		os.Remove(filepath.Join(dir, f))
	}
	if err := Write(dir); err != nil {
		t.Errorf("with cells only: %v", err)
	}
	if !bytes.Contains(read(t, dir, store.ReportFile), []byte("samples.parquet is not in the run folder")) {
		t.Error("the page does not say which files it misses")
	}
}

// The page says that nothing answers a question where neither an estimate nor an analysis does, and that every replica diverged.
func TestSilence(t *testing.T) {
	for text, silent := range map[string]bool{"": true, "lost": false, "gd: the period doubles": false} {
		c := timeSeries(1)
		c.plateaus = nil
		for i := range c.cells {
			c.cells[i].Estimates = nil
			if text == "lost" {
				c.cells[i].Diverged = c.cells[i].Replicas
			}
		}
		a := study.Analysis{Name: "bifurcation", Title: "Orbits"}
		if text == "lost" {
			text = "Every replica diverged"
		} else if text != "" {
			a.Text = []string{text}
		}
		c.analyses = []study.Analysis{a}
		dir := c.folder(t)
		if err := Write(dir); err != nil {
			t.Fatal(err)
		}
		page := string(read(t, dir, store.ReportFile))
		if strings.Contains(page, "The tables hold no estimate") != silent || !strings.Contains(page, text) {
			t.Errorf("with the finding %q the page says that it is silent: %t", text, !silent)
		}
	}
}

// TestManyDots: a thousand orbits of 64 values are one path of the SVG and one curve of the page, light, and all are in the CSV. Of the
// numbered columns the page shows the first.
func TestManyDots(t *testing.T) {
	c := timeSeries(2)
	var dots study.Curve
	dots.Name = "sgd"
	x := 0.5
	for i := range 1000 {
		for range 64 {
			x = 3.99 * x * (1 - x)
			dots.X, dots.Y = append(dots.X, store.Number(i)), append(dots.Y, store.Number(x))
		}
	}
	dots.Y[7] = store.Number(math.NaN())
	c.analyses = []study.Analysis{{Name: "bifurcation", Title: "Orbits", Plots: []study.Plot{{Title: "Values", X: "rate", Y: "value", Dots: []study.Curve{dots}, Note: "Dots: values."}}}}
	for i := range c.cells {
		c.cells[i].Params = []store.Param{{Path: "rate", Number: float64(i), Text: fmt.Sprint(i)}}
		c.cells[i].Point = i
		for k := range 40 {
			c.cells[i].Estimates = append(c.cells[i].Estimates, estimated(fmt.Sprintf("end:settled[%d]", k+1), 1, 0, 1, 1, 1, ""))
		}
	}
	dir := c.folder(t)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	page := string(read(t, dir, store.ReportFile))
	if !strings.Contains(page, `["dot",`) || !strings.Contains(page, "Dots: values.") {
		t.Error("no dots on the page")
	}
	if !strings.Contains(page, "settled[16]") || strings.Contains(page, "settled[17]") || !strings.Contains(page, "Of numbered columns the first 16") {
		t.Error("the page does not stop at the sixteenth of numbered columns")
	}
	svg := read(t, dir, store.FigureDir, "bifurcation-1.svg")
	elements, err := wellFormed(svg)
	if err != nil || len(svg) > 1_500_000 || elements["path"] > 100 {
		t.Errorf("an SVG of %d bytes with %d paths (%v)", len(svg), elements["path"], err)
	}
	if rows := strings.Count(string(read(t, dir, store.FigureDir, "bifurcation-1.csv")), "\n"); rows != 64_001 {
		t.Errorf("%d rows in the CSV", rows)
	}
}
