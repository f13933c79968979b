package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sgdlab/spec"
	"sgdlab/store"
)

var nan = math.NaN()

func near(a, b, relative float64) bool { return math.Abs(a-b) <= relative*math.Abs(b) }

// The tests against numbers from elsewhere.
func TestKnownValues(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
		relative  float64
	}{
		{"a lady tasting tea: 3 of 4 cups against 1 of 4 (Fisher 1935)", fisher(3, 4, 1, 4), 34.0 / 70, 1e-12},
		{"10 of 10 against 0 of 10", fisher(10, 10, 0, 10), 2.0 / 184756, 1e-11},
		{"equal counts", fisher(2, 7, 2, 7), 1, 1e-12},
		{"nothing at all", fisher(0, 5, 0, 9), 1, 1e-12},
		{"McNemar, 1 against 8", mcnemar(1, 8), 20.0 / 512, 1e-12},
		{"McNemar, 4 against 4", mcnemar(4, 4), 1, 1e-12},
		{"McNemar, none", mcnemar(0, 0), 1, 1e-12},
		{"Student's t, 10 degrees of freedom, 97.5 %", twoSided(2.228138851964939, 10), 0.05, 1e-10},
		{"Cauchy", twoSided(-1, 1), 0.5, 1e-12},
		{"normal", twoSided(1.959963984540054, math.Inf(1)), 0.05, 1e-12},
		{"normal, far out", twoSided(8, math.Inf(1)), 1.244192114854357e-15, 1e-9},
	} {
		if !near(c.got, c.want, c.relative) {
			t.Errorf("%s: %v; want %v", c.name, c.got, c.want)
		}
	}
	// 56 of 70 against 48 of 80 (Newcombe 1998, method 10): 0.2, 0.0524 to 0.3339.
	q := &pair{cell: &Cell{}}
	set := func(k, n int64) map[int64]bool {
		out := map[int64]bool{}
		for r := range n {
			out[r] = r < k
		}
		return out
	}
	newcombe := &Test{}
	q.proportion(newcombe, set(56, 70), set(48, 80))
	if !near(float64(newcombe.Difference), 0.2, 1e-12) || !near(float64(newcombe.Lo), 0.0524, 1e-3) || !near(float64(newcombe.Hi), 0.3339, 1e-3) {
		t.Errorf("a difference of proportions: %v [%v, %v]; want 0.2 [0.0524, 0.3339]", newcombe.Difference, newcombe.Lo, newcombe.Hi)
	}
	ps := []float64{0.01, 0.04, 0.03, 0.005}
	var tests []*Test
	for _, p := range ps {
		tests = append(tests, &Test{P: store.Number(p)})
	}
	Holm(tests)
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if !near(float64(tests[i].Adjusted), want, 1e-12) {
			t.Errorf("Holm: %v becomes %v; want %v", ps[i], tests[i].Adjusted, want)
		}
	}
}

// events spells times, those censored with a +.
func events(text string) map[int64]record {
	out := map[int64]record{}
	for i, s := range strings.Fields(text) {
		s, censored := strings.CutSuffix(s, "+")
		var x float64
		fmt.Sscan(s, &x)
		out[int64(i)] = record{x, censored}
	}
	return out
}

// Remission of leukaemia under 6-MP and placebo (Freireich et al. 1963): the log-rank test of every textbook.
func TestLogRank(t *testing.T) {
	drug := events("6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+")
	placebo := events("1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23")
	a, b := sample(drug, all(drug)), sample(placebo, all(placebo))
	r := logRank(a, b, false)
	if chi2 := r.z * r.z; !near(chi2, 16.793, 1e-4) || !(r.z < 0) || !near(r.p, 4.17e-5, 2e-3) {
		t.Errorf("χ² %v, z %v, p %v; want 16.793, negative, 4.17e-5", chi2, r.z, r.p)
	}
	if u := r.logHazard / (r.se * r.se); !near(u, 9-19.2505, 1e-4) {
		t.Errorf("observed − expected %v; want −10.2505", u)
	}
	back := logRank(b, a, false)
	if !near(back.z, -r.z, 1e-12) || !near(back.p, r.p, 1e-12) {
		t.Errorf("the other way round: %+v", back)
	}
	// Scores sum to observed − expected, so that pairs differ in the variance alone. Here each pair's scores by hand.
	x, y := events("1 3 5+"), events("2 4 5")
	p := logRank(sample(x, all(x)), sample(y, all(y)), true)
	h := []float64{1.0 / 6, 1.0/6 + 1.0/5, 1.0/6 + 1.0/5 + 1.0/4, 1.0/6 + 1.0/5 + 1.0/4 + 1.0/3, 1.0/6 + 1.0/5 + 1.0/4 + 1.0/3 + 1.0/2}
	d := []float64{(1 - h[0]) - (1 - h[1]), (1 - h[2]) - (1 - h[3]), -h[4] - (1 - h[4])}
	z := (d[0] + d[1] + d[2]) / math.Sqrt(d[0]*d[0]+d[1]*d[1]+d[2]*d[2])
	if !near(p.z, z, 1e-12) || !near(p.p, twoSided(z, 2), 1e-12) {
		t.Errorf("pairs: %+v; want z = %v", p, z)
	}
	none := events("5+ 5+")
	if r := logRank(sample(none, all(none)), sample(none, all(none)), false); !math.IsNaN(r.p) {
		t.Errorf("no events: %+v", r)
	}
}

func cell(id int, dynamics string, estimates []store.Named, params ...store.Param) store.Cell {
	return store.Cell{ID: id, Dynamics: dynamics, Replicas: 10, Params: params, Estimates: estimates}
}

func number(path string, x float64) store.Param {
	return store.Param{Path: path, Text: fmt.Sprint(x), Number: x}
}

func root(t *testing.T, text string) *spec.Node {
	t.Helper()
	n, problems := spec.Parse("spec.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return n
}

func TestMatch(t *testing.T) {
	const two = "dynamics: {sgd: {name: sgd, rate: 0.1, step: 1}, gd: {name: gd, rate: 0.1}}"
	const one = "dynamics: {other: {name: sgd, rate: 1e-1, step: 1}}"
	for _, c := range []struct {
		name         string
		a, b         []store.Cell
		specA, specB string
		pairs        []Pair
		onlyA, onlyB []int
		notes        int
	}{
		{"the same sweep", []store.Cell{cell(0, "sgd", nil, number("rate", 1)), cell(1, "gd", nil, number("rate", 1))}, []store.Cell{cell(0, "gd", nil, number("rate", 1)), cell(1, "sgd", nil, number("rate", 1))}, two, two, []Pair{{0, 1}, {1, 0}}, nil, nil, 0},
		{"another value", []store.Cell{cell(0, "sgd", nil, number("dynamics.*.rate", 1)), cell(1, "sgd", nil, number("dynamics.*.rate", 2))}, []store.Cell{cell(0, "sgd", nil, number("dynamics.*.rate", 2)), cell(1, "sgd", nil, number("dynamics.*.rate", 3))}, two, two, []Pair{{1, 0}}, []int{0}, []int{1}, 0},
		{"a sweep against one value of it", []store.Cell{cell(0, "sgd", nil, number("dynamics.*.rate", 1)), cell(1, "sgd", nil, number("dynamics.*.rate", 0.1))}, []store.Cell{cell(0, "sgd", nil)}, two, two, []Pair{{1, 0}}, []int{0}, nil, 0},
		{"one dynamics of each, by other names", []store.Cell{cell(0, "sgd", nil, number("dynamics.*.rate", 1)), cell(1, "sgd", nil, number("dynamics.*.rate", 0.1))}, []store.Cell{cell(0, "other", nil)}, two, one, []Pair{{1, 0}}, []int{0}, nil, 1},
		{"star against name", []store.Cell{cell(0, "sgd", nil, number("dynamics.*.rate", 1))}, []store.Cell{cell(0, "sgd", nil, number("dynamics.sgd.rate", 2)), cell(1, "sgd", nil, number("dynamics.sgd.rate", 1))}, two, two, []Pair{{0, 1}}, nil, []int{0}, 0},
		{"seeds that only one run sweeps", []store.Cell{cell(0, "sgd", nil, number("seed", 1)), cell(1, "sgd", nil, number("seed", 2))}, []store.Cell{cell(0, "sgd", nil)}, "seed: 1\n" + two, "seed: 7\n" + two, []Pair{{0, 0}}, []int{1}, nil, 0},
		{"seeds that both sweep", []store.Cell{cell(0, "sgd", nil, number("seed", 1)), cell(1, "sgd", nil, number("seed", 2))}, []store.Cell{cell(0, "sgd", nil, number("seed", 2))}, two, two, []Pair{{1, 0}}, []int{0}, nil, 0},
		{"lists", []store.Cell{cell(0, "sgd", nil, store.Param{Path: "model.widths", Text: "[5, 9]", Number: nan})}, []store.Cell{cell(0, "sgd", nil)}, two, "model: {widths: [5, 9]}\n" + two, []Pair{{0, 0}}, nil, nil, 0},
	} {
		m := Match(&Side{Cells: c.a, Spec: root(t, c.specA)}, &Side{Cells: c.b, Spec: root(t, c.specB)})
		if !slices.Equal(m.Pairs, c.pairs) || !slices.Equal(m.OnlyA, c.onlyA) || !slices.Equal(m.OnlyB, c.onlyB) || len(m.Notes) != c.notes {
			t.Errorf("%s: %+v; want %v, %v, %v, %d notes", c.name, m, c.pairs, c.onlyA, c.onlyB, c.notes)
		}
	}
	c := cell(0, "sgd", nil, number("dynamics.*.noise.temperature", 0.1), number("dynamics.gd.rate", 3), number("seed", 4))
	if l := Label(&c); l != "sgd, noise.temperature=0.1, seed=4" {
		t.Errorf("label %q", l)
	}
}

func TestSettings(t *testing.T) {
	a := root(t, "seed: 1\nrate: 1e-4\nwidths: [3, 2]\nobserve:\n  - {name: loss, every: 10}\n  - {name: sharpness}\ngone: {x: 1, y: two}\n")
	b := root(t, "rate: 0.0001\nseed: 2\nwidths: [3, 2, 1]\nobserve:\n  - {name: rank}\n  - {name: loss, every: 20}\n  - {name: sharpness}\nfresh: yes\n")
	got := Settings(a, b)
	want := []Change{{"seed", "1", "2"}, {"widths", "[3, 2]", "[3, 2, 1]"}, {"observe[0].every", "10", "20"}, {"observe[0]", "", "{name: rank}"}, {"gone", "{x: 1, y: two}", ""}, {"fresh", "", "yes"}}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	if same := Settings(a, a); len(same) != 0 {
		t.Errorf("a spec differs from itself: %q", same)
	}
}

// folder writes the tables of a run.
func folder(t *testing.T, cells []store.Cell, samples []store.Sample, passages []store.Passage, plateaus []store.Plateau) *Side {
	t.Helper()
	dir := t.TempDir()
	if _, err := store.WriteCells(filepath.Join(dir, store.CellsFile), cells); err != nil {
		t.Fatal(err)
	}
	put(t, dir, samples)
	put(t, dir, passages)
	put(t, dir, plateaus)
	return &Side{Dir: dir, Cells: cells, Manifest: &store.Manifest{}, Spec: root(t, "start: {name: gaussian}\ndynamics: {sgd: {name: sgd}, gd: {name: gd}}")}
}

func put[T store.Row](t *testing.T, dir string, rows []T) {
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

func estimates(value float64, n int64) []store.Named {
	return []store.Named{{Name: "end:loss", Estimate: store.Estimate{Value: value, SE: 0.1, Lo: value - 0.2, Hi: value + 0.2, N: n}}}
}

// Values finds every number that was changed, and where, also where the second run has its cells in another order.
func TestValues(t *testing.T) {
	build := func(first, second string, change func(samples []store.Sample, passages []store.Passage, plateaus []store.Plateau)) *Side {
		var samples []store.Sample
		var passages []store.Passage
		var plateaus []store.Plateau
		for id, d := range []string{first, second} {
			x := map[string]float64{"sgd": 1, "gd": 2}[d]
			for k := range int64(3) {
				samples = append(samples, store.Sample{Cell: int32(id), Replica: -1, Statistic: "mean", Time: float64(k), Step: k, Column: "loss", Value: x * float64(k+1)})
			}
			for k := range 2 {
				samples = append(samples, store.Sample{Cell: int32(id), Replica: 1, Statistic: "path", Time: 2.5 + float64(k), Step: -1, Column: "loss", Value: nan})
			}
			for r := range int64(2) {
				passages = append(passages, store.Passage{Cell: int32(id), Replica: r, Event: "exit", Time: x + float64(r), Kind: "event"})
			}
			plateaus = append(plateaus, store.Plateau{Cell: int32(id), Start: x, End: 2 * x, Height: 1, Duration: x, Jumped: 1})
		}
		if change != nil {
			change(samples, passages, plateaus)
		}
		return folder(t, []store.Cell{cell(0, first, estimates(1, 10)), cell(1, second, estimates(1, 10))}, samples, passages, plateaus)
	}
	a := build("sgd", "gd", nil)
	for _, second := range []*Side{build("sgd", "gd", nil), build("gd", "sgd", nil)} {
		list, err := Values(a, second, Match(a, second))
		if err != nil {
			t.Fatal(err)
		}
		compared := int64(0)
		for _, d := range list {
			if !d.Same() {
				t.Errorf("equal runs: %+v", d)
			}
			compared += d.Compared
		}
		if compared != 2*(2+5)+2*5*2+4*2+2*5 {
			t.Errorf("%d numbers were compared", compared)
		}
	}
	b := build("gd", "sgd", func(samples []store.Sample, passages []store.Passage, plateaus []store.Plateau) {
		samples[6].Value = 2.5             // sgd at time 1, where it was 2
		samples[7].Value *= 1 + 0x1p-52    // one bit
		samples[8].Value = 3               // a value where there was none
		passages[1].Censored = true        // replica 1 of gd
		passages[3].Replica = 7            // of sgd
		plateaus[0].End = math.Inf(1)      // of gd
		plateaus[1].Start *= 1 + 0x1p-50   // of sgd
		plateaus[1].Duration *= 1 - 0x1p-3 // of sgd
	})
	list, err := Values(a, b, Match(a, b))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*Difference{}
	for _, d := range list {
		got[d.Quantity] = d
	}
	inf := store.Number(math.Inf(1))
	loss, exit, plateau := got["loss"], got["exit"], got["plateau"]
	if loss.Differ != 3 || loss.OnlyA+loss.OnlyB != 0 || loss.Absolute != inf || loss.Relative != inf || loss.Where != "sgd: replica 1 at time 2.5" || loss.B != 3 {
		t.Errorf("loss: %+v", loss)
	}
	if exit.Differ != 1 || exit.OnlyA != 1 || exit.OnlyB != 1 || exit.Absolute != 1 || exit.Where != "gd: replica 1, censored (1) or not (0)" {
		t.Errorf("exit: %+v", exit)
	}
	if plateau.Differ != 3 || plateau.Absolute != inf || !strings.HasPrefix(plateau.Where, "gd: end of plateau 0") {
		t.Errorf("plateau: %+v", plateau)
	}
	if d := got["end:loss"]; !d.Same() || d.Compared != 10 {
		t.Errorf("an estimate: %+v", d)
	}
	c := build("sgd", "gd", nil)
	c.Cells[1].Estimates = []store.Named{{Name: "end:loss", Estimate: store.Estimate{Value: 1.25, SE: 0.1, Lo: 0.8, Hi: 1.2, N: 10}}, {Name: "new"}}
	list, err = Values(a, c, Match(a, c))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		switch d.Quantity {
		case "end:loss":
			if d.Differ != 1 || d.Absolute != 0.25 || d.Relative != 0.2 || d.Where != "gd" || d.A != 1 || d.B != 1.25 {
				t.Errorf("an estimate: %+v", d)
			}
		case "new":
			if d.OnlyB != 1 || d.Compared != 0 {
				t.Errorf("an estimate of the second run: %+v", d)
			}
		default:
			if !d.Same() {
				t.Errorf("%+v", d)
			}
		}
	}
	// Cells of the second run that have rows where the first has none.
	empty := folder(t, a.Cells, nil, nil, nil)
	list, err = Values(empty, a, Match(empty, a))
	if err != nil {
		t.Fatal(err)
	}
	only := int64(0)
	for _, d := range list {
		only += d.OnlyB
	}
	if only != 10+4+2 {
		t.Errorf("%d rows are only in the second; want 16", only)
	}
}

// draw makes the passages of a cell with a horizon, and the estimates that a run has of them.
func draw(times []float64, horizon float64) (map[int64]record, []store.Named) {
	x := map[int64]record{}
	censored, sum := 0, 0.0
	for r, t := range times {
		p := record{t, false}
		if t > horizon {
			p = record{horizon, true}
			censored++
		}
		x[int64(r)] = p
		sum += p.time
	}
	n := len(times)
	mean := sum / float64(n)
	if censored > 0 {
		mean = nan
	}
	k := float64(n - censored)
	return x, []store.Named{{Name: "mean-time:exit", Estimate: store.Estimate{Value: mean, SE: 1, N: int64(n)}}, {Name: "restricted-mean-time:exit", Estimate: store.Estimate{Value: sum / float64(n), SE: 1, N: int64(n)}},
		{Name: "rate:exit", Estimate: store.Estimate{Value: k / sum, SE: math.Sqrt(k) / sum, N: int64(n)}}, {Name: "censored:exit", Estimate: store.Estimate{Value: float64(censored) / float64(n), SE: 0.1, N: int64(n)}}, {Name: "exponential-p:exit", Estimate: store.Estimate{Value: 0.5, N: int64(n)}}}
}

// trial compares runs of three cells.
func trial(t *testing.T, shared bool, o Options, horizon float64, sample func() (a, b []float64)) *Comparison {
	t.Helper()
	c := &Comparison{}
	for range 3 {
		ta, tb := sample()
		x, ea := draw(ta, horizon)
		y, eb := draw(tb, horizon)
		a, b := cell(0, "sgd", ea), cell(0, "sgd", eb)
		q := &pair{o: o, a: &a, b: &b, cell: &Cell{Shared: shared}, events: []string{"exit"}, x: map[string]map[int64]record{"exit": x}, y: map[string]map[int64]record{"exit": y}}
		if err := q.compare(); err != nil {
			t.Fatal(err)
		}
		c.Cells = append(c.Cells, q.cell)
	}
	if err := c.judge(o); err != nil {
		t.Fatal(err)
	}
	return c
}

// Of 100 comparisons of equal runs at a false-alarm probability of 10 % at most 10 are expected to find a difference; a
// sound test finds 21 or more, and 15 or more of 60, with a probability below 1e-3 each. Runs that share random numbers are as safe, also where what
// is good for one is bad for the other, and Welch's test would be wrong.
func TestFalseAlarms(t *testing.T) {
	o := Options{FalseAlarm: 0.1, Within: 0.1}
	rng := rand.New(rand.NewPCG(1, 2))
	independent := func() (a, b []float64) {
		for range 40 {
			a, b = append(a, rng.ExpFloat64()), append(b, rng.ExpFloat64())
		}
		return a, b
	}
	opposed := func() (a, b []float64) {
		for range 40 {
			u := rng.Float64()
			a, b = append(a, -math.Log(u)), append(b, -math.Log(1-u))
		}
		return a, b
	}
	alike := func() (a, b []float64) {
		for range 40 {
			x := rng.ExpFloat64()
			a, b = append(a, x*(1+0.1*rng.Float64())), append(b, x*(1+0.1*rng.Float64()))
		}
		return a, b
	}
	for _, c := range []struct {
		name    string
		shared  bool
		horizon float64
		sample  func() (a, b []float64)
		trials  int
		most    int
	}{
		{"independent", false, 1.5, independent, 100, 20}, {"independent, nothing censored", false, 1e9, independent, 100, 20},
		{"opposed", true, 1.5, opposed, 60, 14}, {"alike", true, 1e9, alike, 60, 14},
	} {
		alarms := 0
		for range c.trials {
			found := trial(t, c.shared, o, c.horizon, c.sample)
			if slices.ContainsFunc(found.Cells, func(c *Cell) bool { return c.Verdict == Differ }) {
				alarms++
			}
		}
		t.Logf("%s: %d of %d", c.name, alarms, c.trials)
		if alarms > c.most {
			t.Errorf("%s: %d of %d comparisons of equal runs find a difference; want %d at most", c.name, alarms, c.trials, c.most)
		}
	}
}

// What differs is found, and sharing random numbers makes it easier; what agrees is called so once there are enough
// replicas, and not before.
func TestPower(t *testing.T) {
	o := Options{FalseAlarm: 0.01, Within: 0.1}
	rng := rand.New(rand.NewPCG(3, 4))
	sampler := func(n int, factor float64, shared bool) func() (a, b []float64) {
		return func() (a, b []float64) {
			for range n {
				x, y := rng.ExpFloat64(), rng.ExpFloat64()
				if shared {
					y = x
				}
				a, b = append(a, x), append(b, factor*y*(1+0.01*rng.Float64()))
			}
			return a, b
		}
	}
	methods := func(c *Comparison) (list []string) {
		for _, t := range c.Cells[0].Tests {
			list = append(list, t.Quantity+" "+t.Method)
		}
		return list
	}
	c := trial(t, false, o, 3, sampler(400, 1.5, false))
	for _, cell := range c.Cells {
		if cell.Verdict != Differ {
			t.Errorf("half as slow again: %s", cell.Verdict)
		}
	}
	if want := []string{"restricted-mean-time:exit Welch", "rate:exit Welch", "censored:exit Fisher", "law:exit log-rank", "law:exit Kolmogorov–Smirnov"}; !slices.Equal(methods(c), want) {
		t.Errorf("methods %q; want %q", methods(c), want)
	}
	if first := c.Cells[0].Tests[3]; first.Method != "log-rank" || !(first.Difference > 0) || !(first.Statistic > 3) {
		t.Errorf("the first run's events come sooner: %+v", first)
	}
	for _, n := range []int{400, 40} { // a twentieth, seen through shared numbers with a tenth of the replicas
		c = trial(t, true, o, 1e9, sampler(n, 1.05, true))
		for _, cell := range c.Cells {
			if cell.Verdict != Differ {
				t.Errorf("paired, n = %d: %s", n, cell.Verdict)
			}
		}
	}
	if c = trial(t, false, o, 1e9, sampler(40, 1.05, false)); c.Cells[0].Verdict != Undecided {
		t.Errorf("a twentieth without pairing: %s", c.Cells[0].Verdict)
	}
	if tt := c.Cells[0].Tests[0]; tt.Verdict != Undecided || tt.Needs < 100 || tt.Needs > 1e9 && tt.Needs != 0 {
		t.Errorf("what would decide: %+v", tt)
	}
	agree := trial(t, false, o, 1e9, sampler(20000, 1, false))
	for _, cell := range agree.Cells {
		for _, tt := range cell.Tests {
			if tt.Verdict == Differ || tt.Verdict == Undecided {
				t.Errorf("20,000 replicas of one law: %+v", tt)
			}
		}
	}
}

// Numbers without chance, predictions, what is missing in one run, one observation, and numbers that are the same.
func TestEstimates(t *testing.T) {
	o := Options{FalseAlarm: 0.01, Within: 0.1}
	e := func(value, se, lo, hi float64, n int64) store.Estimate {
		return store.Estimate{Value: value, SE: se, Lo: lo, Hi: hi, N: n}
	}
	for _, c := range []struct {
		name    string
		of      string
		a, b    store.Estimate
		shared  bool
		verdict Verdict // "": no test
		method  string
	}{
		{"exact and equal", "end:loss", e(2, 0, 2, 2, 1), e(2, 0, 2, 2, 1), false, Agree, "no chance"},
		{"exact but for rounding", "end:loss", e(2, 0, 2, 2, 1), e(2+1e-11, 0, 2, 2, 1), false, Agree, "no chance"},
		{"exact and different", "end:loss", e(2, 0, 2, 2, 1), e(2.001, 0, 2.001, 2.001, 1), false, Differ, "no chance"},
		{"exact against measured", "end:loss", e(2, 0, 2, 2, 1), e(2.4, 0.05, 2.3, 2.5, 100), false, Differ, "Welch"},
		{"exact against measured, near", "end:loss", e(2, 0, 2, 2, 1), e(2.01, 0.02, 2, 2.1, 100), false, Agree, "Welch"},
		{"predictions within what they neglect", "theory:exit", e(10, 0, 9, 11, 1), e(10.5, 0, 10, 11, 1), false, Agree, "no chance"},
		{"other predictions", "solve:exit", e(10, 0, 10, 10, 1), e(10.5, 0, 10.5, 10.5, 1), false, Differ, "no chance"},
		{"a prediction that only one has", "theory:exit", e(10, 0, 9, 11, 1), e(nan, nan, nan, nan, 0), false, Differ, "none"},
		{"a mean that only one has", "mean-time:exit", e(10, 1, 8, 12, 9), e(nan, nan, nan, nan, 9), false, Undecided, "none"},
		{"neither has it", "mean-time:exit", e(nan, nan, nan, nan, 9), e(nan, nan, nan, nan, 9), false, "", ""},
		{"p-values", "exponential-p:exit", e(0.5, 0, 0.5, 0.5, 9), e(0.001, 0, 0.001, 0.001, 9), false, "", ""},
		{"one observation", "end:loss", e(10, nan, math.Inf(-1), math.Inf(1), 1), e(12, 0.1, 11.8, 12.2, 100), false, Undecided, "none"},
		{"far apart", "end:loss", e(10, 0.1, 9.8, 10.2, 100), e(12, 0.1, 11.8, 12.2, 100), false, Differ, "Welch"},
		{"shared, the same numbers", "end:loss", e(10, 0.1, 9.8, 10.2, 100), e(10, 0.1, 9.8, 10.2, 100), true, Agree, "identical"},
		{"independent, the same numbers", "end:loss", e(10, 3, 4, 16, 10), e(10, 3, 4, 16, 10), false, Undecided, "Welch"},
		// z = 3.54 if independent, 2.5 if correlated in the worst way: p = 0.0006 and 0.014.
		{"apart if independent", "end:loss", e(10, 0.1, 9.8, 10.2, 100), e(10.5, 0.1, 10.3, 10.7, 100), false, Differ, "Welch"},
		{"not apart if correlated", "end:loss", e(10, 0.1, 9.8, 10.2, 100), e(10.5, 0.1, 10.3, 10.7, 100), true, Agree, "worst correlation"},
		// All 20 of one kind and all 20 of another: 2/C(40, 20).
		{"no scatter at all", "plateaus", e(2, 0, 2, 2, 20), e(3, 0, 3, 3, 20), false, Differ, "Welch"},
		{"no scatter, too few", "plateaus", e(2, 0, 2, 2, 3), e(3, 0, 3, 3, 3), false, Undecided, "Welch"},
		{"wide", "end:loss", e(10, 3, 4, 16, 10), e(11, 3, 5, 17, 10), false, Undecided, "Welch"},
	} {
		a, b := cell(0, "sgd", []store.Named{{Name: c.of, Estimate: c.a}}), cell(0, "sgd", []store.Named{{Name: c.of, Estimate: c.b}})
		q := &pair{o: o, a: &a, b: &b, cell: &Cell{Shared: c.shared}}
		if err := q.compare(); err != nil {
			t.Fatal(err)
		}
		if err := (&Comparison{Cells: []*Cell{q.cell}}).judge(o); err != nil {
			t.Fatal(err)
		}
		switch {
		case c.verdict == "":
			if len(q.cell.Tests) != 0 {
				t.Errorf("%s: %+v", c.name, q.cell.Tests[0])
			}
		case len(q.cell.Tests) != 1 || q.cell.Tests[0].Verdict != c.verdict || q.cell.Tests[0].Method != c.method || q.cell.Verdict != c.verdict:
			t.Errorf("%s: %+v; want %s by %s", c.name, q.cell.Tests[0], c.verdict, c.method)
		}
	}
}

// Runs reads the tables: who shares random numbers with whom, ends of kept replicas by replica, divergence by count.
func TestRuns(t *testing.T) {
	build := func(seeds store.Seeds, shift float64, diverged int64) *Side {
		c := cell(0, "sgd", []store.Named{{Name: "end:loss", Estimate: store.Estimate{Value: 5.5 + shift, SE: 1, N: 10}}})
		c.Diverged = diverged
		var samples []store.Sample
		var passages []store.Passage
		for r := range int64(10) {
			for k := range int64(2) {
				samples = append(samples, store.Sample{Replica: r, Statistic: store.Path, Time: float64(k), Step: k, Column: "loss", Value: float64(k) * (float64(r+1) + shift + 0.001*float64(r%3)*shift)})
			}
			if r < diverged {
				passages = append(passages, store.Passage{Replica: r, Event: "diverged", Time: 1, Kind: "diverged"})
			}
		}
		s := folder(t, []store.Cell{c}, samples, passages, nil)
		s.Manifest.Seeds = seeds
		return s
	}
	o := Options{FalseAlarm: 0.01, Within: 0.1}
	a := build(store.Seeds{Data: 1, Init: 1, Noise: 1}, 0, 0)
	for _, c := range []struct {
		name     string
		seeds    store.Seeds
		start    string
		shared   bool
		verdict  Verdict
		methods  []string
		diverged int64
	}{
		{"the same seeds", store.Seeds{Data: 1, Init: 1, Noise: 1}, "gaussian", true, Differ, []string{"McNemar", "by replica"}, 9},
		{"other noise, the same starts", store.Seeds{Data: 1, Init: 1, Noise: 2}, "gaussian", true, Differ, []string{"by replica"}, 0},
		{"other noise, one start", store.Seeds{Data: 1, Init: 1, Noise: 2}, "point", false, Undecided, []string{"Welch"}, 0},
		{"other seeds", store.Seeds{Data: 1, Init: 2, Noise: 2}, "gaussian", false, Differ, []string{"Fisher", "Welch"}, 9},
	} {
		b := build(c.seeds, 0.5, c.diverged)
		a.Spec, b.Spec = root(t, "start: {name: "+c.start+"}\ndynamics: {sgd: {name: sgd}}"), root(t, "start: {name: "+c.start+"}\ndynamics: {sgd: {name: sgd}}")
		got, err := Runs(a, b, o)
		if err != nil {
			t.Fatal(err)
		}
		one := got.Cells[0]
		var methods []string
		for _, tt := range one.Tests {
			methods = append(methods, tt.Method)
		}
		if one.Shared != c.shared || one.Verdict != c.verdict || !slices.Equal(methods, c.methods) || got.Tests != len(methods) || (len(got.Notes) > 0) != c.shared {
			t.Errorf("%s: shared %v, %s by %q, notes %q", c.name, one.Shared, one.Verdict, methods, got.Notes)
		}
	}
	// A sweep over seeds says which a cell has.
	b := build(store.Seeds{Data: 1, Init: 1, Noise: 1}, 0.5, 0)
	b.Cells[0].Params = []store.Param{number("seed", 9)}
	if got := seeds(b, &b.Cells[0]); got != (store.Seeds{Data: 9, Init: 9, Noise: 9}) {
		t.Errorf("seeds %v", got)
	}
	b.Cells[0].Params = []store.Param{{Path: "seed.noise", Text: "18446744073709551615", Number: 1.8446744073709552e19}}
	if got := seeds(b, &b.Cells[0]); got != (store.Seeds{Data: 1, Init: 1, Noise: math.MaxUint64}) {
		t.Errorf("seeds %v", got)
	}
}
