package ensemble

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"testing"

	"sgdlab"
	"sgdlab/estimate"
	"sgdlab/lanes"
)

// A dynamics that is a table of paths, so that what the runner makes of it can be worked out by a plain loop over one
// replica at a time.
const (
	bookDim  = 4 // x; a loss with plateaus; what jumps at the end of the first and of the second
	bookLast = 200
)

type book struct {
	path  [][][][]float64 // by point, replica, step
	steps sgdlab.Setting
	stale bool // a step was handed the record of another
}

// newBook writes the paths: random walks, of which a few leave every bound.
func newBook(points, replicas int, step sgdlab.Setting) *book {
	b := &book{steps: step}
	for p := range points {
		var all [][][]float64
		for r := range replicas {
			rnd := rand.New(rand.NewPCG(uint64(p), uint64(r)))
			first, second := 12+rnd.IntN(5), 38+rnd.IntN(5)
			path := make([][]float64, bookLast)
			x := rnd.NormFloat64()
			for k := range path {
				at := []float64{x, 4, 0, 0}
				if k >= first {
					at[1], at[2] = 1, 0.9
				}
				if k >= second {
					at[1], at[2], at[3] = 0.1, 1.75, 0.8 // the first rises by more, but does not double
				}
				path[k] = at
				x += 0.25 * rnd.NormFloat64()
			}
			switch {
			case r == 5: // beyond the bound where it starts
				path[0][0] = 1e11
			case r == 7: // beyond every level and the bound in one step
				path[3][0] = 1e12
			case r == 8:
				path[3][0] = -1e12
			case r == 9:
				path[11][0] = math.NaN()
			case r == 11:
				path[17][1] = -1.0000001e10 // another coordinate
			}
			all = append(all, path)
		}
		b.path = append(b.path, all)
	}
	return b
}

// at is θ, shifted by the seed that was used to get there, so that a seed in the wrong place shows.
func (b *book) at(point, replica, step int, seed uint64) []float64 {
	x := slices.Clone(b.path[point][replica][step])
	x[0] += float64(seed) / 1024
	return x
}

func (b *book) Centre() []float64                                   { return nil }
func (b *book) Deterministic(int32) bool                            { return false }
func (b *book) Blocks() []sgdlab.Block                              { return []sgdlab.Block{{Name: "theta", Size: bookDim}} }
func (b *book) Random() bool                                        { return true }
func (b *book) Pace() (unit, step sgdlab.Setting)                   { return b.steps, b.steps }
func (b *book) Init(s, t lanes.Pack, _ *sgdlab.Clock, m lanes.Mask) { lanes.CopyLanes(s, t, m) }

func (b *book) Draw(theta lanes.Pack, at *sgdlab.Clock) {
	for l := range lanes.W {
		theta.SetLane(l, b.at(int(at.Point[l]), int(at.Replica[l]), 0, at.Seed[l]))
	}
}

func (b *book) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	for l := range lanes.W {
		if live.Has(l) {
			state.SetLane(l, b.at(int(at.Point[l]), int(at.Replica[l]), int(at.Step[l])+1, at.Seed[l]))
		}
	}
	dt := b.steps(at)
	if rec != nil {
		b.stale = b.stale || rec.Dt != lanes.Vec{}
		rec.Dt, rec.Live = dt, live
	}
	return dt
}

// reads are columns that are coordinates.
type reads []int

func (c reads) Columns() []sgdlab.Column { return make([]sgdlab.Column, len(c)) }

func (c reads) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	for i, j := range c {
		dst[i] = theta[j]
	}
}

// area is Σ x·dt, with x before the step, and the number of steps.
type area struct{}

func (area) Columns() []sgdlab.Column { return make([]sgdlab.Column, 2) }

func (area) Add(acc, before, _ lanes.Pack, rec *sgdlab.StepRecord, _ *lanes.Arena) {
	for l := range lanes.W {
		if rec.Live.Has(l) {
			acc[0][l] += before[0][l] * rec.Dt[l]
			acc[1][l]++
		}
	}
}

// early dates crossings a quarter into the step, and sees those after which a path is at least ½ beyond the level. Of lanes
// in which nobody lives it says anything.
type early struct{}

func (early) Locate(c *sgdlab.Crossing, _ *sgdlab.Clock, _ *lanes.Arena) (hit lanes.Mask, fraction lanes.Vec) {
	for l := range lanes.W {
		if !c.Live.Has(l) || c.F1[l] > c.Level[l]+0.5 && c.F1[l] == c.After[0][l] && c.F0[l] == c.Before[0][l] {
			hit = hit.With(l)
		}
	}
	return hit, lanes.Splat(0.25)
}

var (
	bookUnits = []float64{1, 0.5, 0.3, 0.25}
	bookSteps = []float64{1, 0.125, 0.3, 0.625} // 1, 4, 1 and 0.4 calls to a step of the spec
	bookCalls = []int{60, 122, 134, 21}
	bookUntil = [][]int{{0}, {1}, {0, 1}, nil}
	bookSlope = []Slope{
		{Watch: 1, Column: 0, From: 2, To: 30, LogY: true},
		{Watch: 0, Column: 1, From: math.Inf(-1), To: math.Inf(1), LogX: true},
		{Watch: -1},
	}
)

// library is the rig of a book and its cells: four points that differ in pace, horizon and what stops them.
func library(replicas int) (*Rig, []Cell, *book) {
	b := newBook(4, replicas, sgdlab.Table(bookSteps))
	level := func(x float64) sgdlab.Level {
		return func(lanes.Vec, *sgdlab.Clock) lanes.Vec { return lanes.Splat(x) }
	}
	below := func(start lanes.Vec, _ *sgdlab.Clock) lanes.Vec {
		for l := range start {
			start[l]--
		}
		return start
	}
	rig := &Rig{
		Dim: bookDim, Start: b, Stepper: b, Unit: sgdlab.Table(bookUnits), Step: b.steps,
		Watches: []Watch{
			{Observable: reads{1, 0}, Schedule: Schedule{PerDecade: 6}, Slopes: true, End: true},
			{Observable: reads{1}, Schedule: Schedule{Every: 1}, Plateaus: &estimate.PlateauOptions{}, Slopes: true},
			{Accumulate: area{}, Schedule: Schedule{Every: 6}, End: true},
			{Observable: reads{2, 3}, Schedule: Schedule{End: true}, Jumps: true}, // never while they last
			{Observable: reads{2, 3}, Schedule: Schedule{Every: 2}, Jumps: true},
			{Observable: reads{0}, Schedule: Schedule{Start: true, End: true}, End: true},
		},
		Events: []sgdlab.Event{
			{Of: reads{0}, Level: level(1.5), Direction: sgdlab.RisesAbove, Locate: early{}},
			{Of: reads{1, 0}, Column: 1, Level: level(-1.5), Direction: sgdlab.FallsBelow},
			{Of: reads{0}, Level: below, Direction: sgdlab.FallsBelow},
		},
		Slopes: bookSlope,
	}
	var cs []Cell
	for p := range 4 {
		c := Cell{ID: p, Point: int32(p), InitSeed: uint64(10 + p), NoiseSeed: uint64(20 + p), Replicas: replicas, Keep: p, Until: bookUntil[p]}
		switch p {
		case 2:
			c.AtMost = 40 // 133⅓ calls
		default:
			c.Horizon = []float64{60, 30.3, 0, 52.1}[p] // 121.2 calls and 20.84
		}
		cs = append(cs, c)
	}
	return rig, cs, b
}

// told is what a plain loop says of a cell.
type told struct {
	replicas, diverged, steps int64
	series                    []map[int][][]float64 // by watch, by call: the values of each replica that was there
	end                       map[int][][]float64   // by watch
	slopes                    [3]estimate.Moments
	passages                  []Passage
	plateaus                  []Plateau
	paths                     []Path
}

// tell goes through one cell, a replica at a time.
func tell(rig *Rig, cell *Cell, b *book) *told {
	p := int(cell.Point)
	unit, step, horizon := bookUnits[p], bookSteps[p], bookCalls[p]
	out := &told{end: map[int][][]float64{}}
	due := make([]map[int]float64, len(rig.Watches)) // call → time
	for w := range rig.Watches {
		out.series = append(out.series, map[int][][]float64{})
		due[w] = map[int]float64{}
		s := rig.Watches[w].Schedule
		for k := range 10 * bookLast { // in steps of the spec
			regular := s.Every > 0 && k%int(s.Every) == 0
			logarithmic := false
			for j := range 20 {
				logarithmic = logarithmic || s.PerDecade > 0 && k == int(math.Round(math.Pow(10, float64(j)/float64(s.PerDecade))))
			}
			if k == 0 && (s.Start || s.PerDecade > 0) || regular || logarithmic {
				due[w][int(math.Round(float64(k)*unit/step))] = 0
			}
		}
		for c := range due[w] {
			due[w][c] = float64(c) * step
		}
	}
	for r := range cell.Replicas {
		x := b.at(p, r, 0, cell.InitSeed)
		sum, k, now := 0.0, 0, 0.0
		fired := make([]bool, len(rig.Events))
		level2 := x[0] - 1
		crossed := func(e int) bool {
			return [...]bool{x[0] > 1.5, x[0] < -1.5, x[0] < level2}[e]
		}
		values := func(w int) []float64 {
			return [...][]float64{{x[1], x[0]}, {x[1]}, {sum, float64(k)}, {x[2], x[3]}, {x[2], x[3]}, {x[0]}}[w]
		}
		outside := func() bool {
			for _, v := range x {
				if !(math.Abs(v) <= 1e10) {
					return true
				}
			}
			return false
		}
		kept := make([]struct {
			time   []float64
			values [][]float64
		}, len(rig.Watches))
		stopped, blown := false, false
		meet := func(e int, at float64) {
			fired[e] = true
			out.passages = append(out.passages, Passage{Replica: int64(r), Event: e, Time: at})
			stopped = stopped || slices.Contains(cell.Until, e)
		}
		for e := range rig.Events {
			if crossed(e) {
				meet(e, 0)
			}
		}
		blown = outside()
		for !stopped && !blown {
			for w := range rig.Watches {
				t, ok := due[w][k]
				if !ok {
					continue
				}
				v := values(w)
				out.series[w][k] = append(out.series[w][k], v)
				kept[w].time, kept[w].values = append(kept[w].time, t), append(kept[w].values, v)
				if r < cell.Keep {
					out.paths = append(out.paths, Path{Replica: int64(r), Watch: w, Reading: len(kept[w].time) - 1, Call: uint64(k), Time: now, Values: v})
				}
			}
			if k == horizon {
				break
			}
			sum += x[0] * step
			x = b.at(p, r, k+1, cell.NoiseSeed)
			for e := range rig.Events {
				switch {
				case fired[e]:
				case e == 0 && x[0] > 1.5+0.5:
					meet(e, now+0.25*step)
				case e > 0 && crossed(e):
					meet(e, now+step)
				}
			}
			k++
			now = float64(k) * step
			out.steps++
			blown = outside()
		}
		out.replicas++
		if blown {
			out.diverged++
			out.passages = append(out.passages, Passage{Replica: int64(r), Event: Diverged, Time: now})
		} else {
			for _, w := range []int{0, 2, 5} {
				out.end[w] = append(out.end[w], values(w))
				if r < cell.Keep {
					out.paths = append(out.paths, Path{Replica: int64(r), Watch: w, Reading: -1, Call: uint64(k), Time: now, Values: values(w)})
				}
			}
		}
		for e := range rig.Events {
			if !fired[e] {
				out.passages = append(out.passages, Passage{Replica: int64(r), Event: e, Time: now, Censored: true})
			}
		}
		for i, s := range bookSlope {
			if s.Watch < 0 || blown {
				continue
			}
			out.slopes[i].Add(slope(s, kept[s.Watch].time, kept[s.Watch].values))
		}
		loss := make([]float64, len(kept[1].values))
		for i, v := range kept[1].values {
			loss[i] = v[0]
		}
		found, err := estimate.Plateaus(kept[1].time, loss, estimate.PlateauOptions{})
		if err != nil {
			continue
		}
		for i, f := range found {
			row := Plateau{Replica: int64(r), Index: i, Start: f.Start, End: f.End, Height: f.Height, Duration: f.Duration, Jumped: -1}
			if i+1 < len(found) {
				before, after := kept[4].values[0], kept[4].values[len(kept[4].values)-1]
				for j, t := range kept[4].time {
					if t <= (f.Start+f.End)/2 {
						before = kept[4].values[j]
					}
				}
				for j := len(kept[4].time) - 1; j >= 0 && kept[4].time[j] >= (found[i+1].Start+found[i+1].End)/2; j-- {
					after = kept[4].values[j]
				}
				rise := 0.0
				for c := range after {
					if up := after[c] - before[c]; up > rise && 2*before[c] <= after[c] {
						row.Jumped, rise = c, up
					}
				}
			}
			out.plateaus = append(out.plateaus, row)
		}
	}
	return out
}

// slope is that of the least-squares line through the points of a path, NaN where there is none.
func slope(s Slope, times []float64, values [][]float64) float64 {
	var x, y []float64
	for i, t := range times {
		v := values[i][s.Column]
		if s.LogX {
			if t == 0 {
				continue
			}
			t = math.Log(t)
		}
		if s.LogY {
			v = math.Log(v)
		}
		if times[i] >= s.From && times[i] <= s.To {
			x, y = append(x, t), append(y, v)
		}
	}
	if len(x) < 2 {
		return math.NaN()
	}
	var mx, my, xx, xy float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(x))
	}
	for i := range x {
		xx, xy = xx+(x[i]-mx)*(x[i]-mx), xy+(x[i]-mx)*(y[i]-my)
	}
	return xy / xx
}

func alike(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(1+math.Abs(b)) }

// agree compares statistics with the values that they are of.
func agree(t *testing.T, what string, got *Stat, values [][]float64, column int) {
	t.Helper()
	var want Stat
	for _, v := range values {
		want.Add(v[column])
	}
	g, w := got.Moments(), want.Moments()
	if g.N != w.N || g.Bad != w.Bad || !alike(g.M, w.M) || !alike(g.M2, w.M2) || g.N > 0 && (g.Min != w.Min || g.Max != w.Max) {
		t.Errorf("%s: %+v, want %+v", what, g, w)
	}
	if g, w := fmt.Sprint(got.Sketch().Quantile(0.3, estimate.Level)), fmt.Sprint(want.Sketch().Quantile(0.3, estimate.Level)); g != w {
		t.Errorf("%s: quantile %s, want %s", what, g, w)
	}
}

// compareCell demands of a result what a plain loop says.
func compareCell(t *testing.T, rig *Rig, cell *Cell, b *book, got *CellResult) {
	t.Helper()
	want := tell(rig, cell, b)
	id := string(rune('0' + cell.ID))
	if got.Replicas != want.replicas || got.Diverged != want.diverged {
		t.Errorf("cell %s: %d replicas, %d diverged; want %d, %d", id, got.Replicas, got.Diverged, want.replicas, want.diverged)
	}
	first := 0
	for w := range rig.Watches {
		n := len(rig.Watches[w].Columns())
		var calls []int
		for c := range want.series[w] {
			calls = append(calls, c)
		}
		sort.Ints(calls)
		if len(got.Series[w].Stats) != n*len(calls) {
			t.Errorf("cell %s, watch %d: %d statistics, want those of %d readings", id, w, len(got.Series[w].Stats), len(calls))
			continue
		}
		for c := range n {
			for k, call := range calls {
				agree(t, "cell "+id+", a reading", &got.Series[w].Stats[k*n+c], want.series[w][call], c)
			}
			agree(t, "cell "+id+", the end", &got.End[first+c], want.end[w], c)
		}
		first += n
	}
	for i := range bookSlope {
		if g, w := got.Slopes[i].Moments(), want.slopes[i]; g.N != w.N || g.Bad != w.Bad || !alike(g.M, w.M) {
			t.Errorf("cell %s, slope %d: %+v, want %+v", id, i, g, w)
		}
	}
	sort.SliceStable(got.Passages, func(i, j int) bool { return order(&got.Passages[i], &got.Passages[j]) })
	sort.SliceStable(want.passages, func(i, j int) bool { return order(&want.passages[i], &want.passages[j]) })
	if !reflect.DeepEqual(got.Passages, want.passages) {
		for i := range min(len(got.Passages), len(want.passages)) {
			if got.Passages[i] != want.passages[i] {
				t.Errorf("cell %s: passage %+v, want %+v", id, got.Passages[i], want.passages[i])
				break
			}
		}
		t.Errorf("cell %s: %d passages, want %d", id, len(got.Passages), len(want.passages))
	}
	sort.SliceStable(got.Plateaus, func(i, j int) bool { return got.Plateaus[i].Replica < got.Plateaus[j].Replica })
	if len(got.Plateaus) != len(want.plateaus) {
		t.Fatalf("cell %s: %d plateaus, want %d", id, len(got.Plateaus), len(want.plateaus))
	}
	for i, p := range got.Plateaus {
		q := want.plateaus[i]
		if p.Replica != q.Replica || p.Index != q.Index || p.Jumped != q.Jumped || !alike(p.Start, q.Start) || !alike(p.End, q.End) || p.Height != q.Height || !alike(p.Duration, q.Duration) {
			t.Errorf("cell %s: plateau %+v, want %+v", id, p, q)
		}
	}
	byWhen := func(p []Path) {
		sort.SliceStable(p, func(i, j int) bool {
			a, b := &p[i], &p[j]
			switch {
			case a.Replica != b.Replica:
				return a.Replica < b.Replica
			case a.Watch != b.Watch:
				return a.Watch < b.Watch
			}
			return uint(a.Reading) < uint(b.Reading)
		})
	}
	byWhen(got.Paths)
	byWhen(want.paths)
	if len(got.Paths) != len(want.paths) {
		t.Fatalf("cell %s: %d kept readings, want %d", id, len(got.Paths), len(want.paths))
	}
	for i := range got.Paths {
		if !reflect.DeepEqual(got.Paths[i], want.paths[i]) {
			t.Errorf("cell %s: kept %+v, want %+v", id, got.Paths[i], want.paths[i])
		}
	}
}

func order(a, b *Passage) bool {
	if a.Replica != b.Replica {
		return a.Replica < b.Replica
	}
	return a.Event < b.Event
}

// The runner agrees with a plain loop over one replica at a time in all that it yields, with cells of four paces and
// horizons in its packs; with events at the start, several in one step, divergence in the step of an event.
func TestPlainLoop(t *testing.T) {
	rig, cs, b := library(45)
	r := must(NewRunner(rig, cs, whole(cs)))
	r.Run(nil)
	steps, stops, plateaus, jumps := int64(0), 0, 0, [3]int{}
	for c := range cs {
		got := r.Result().Whole(c)
		compareCell(t, rig, &cs[c], b, got)
		steps += tell(rig, &cs[c], b).steps
		for _, p := range got.Passages {
			if p.Event != Diverged && !p.Censored && slices.Contains(cs[c].Until, p.Event) {
				stops++
			}
		}
		for _, p := range got.Plateaus {
			jumps[p.Jumped+1]++
		}
		plateaus += len(got.Plateaus)
	}
	if b.stale {
		t.Error("a step is handed what another used")
	}
	if r.Steps() != steps {
		t.Errorf("%d replica-steps, want %d", r.Steps(), steps)
	}
	if stops < 40 || plateaus < 50 || jumps[1] < 10 || jumps[2] < 10 {
		t.Errorf("%d stops, %d plateaus and jumps %v: hardly a test", stops, plateaus, jumps)
	}
}

// The same, stopped and continued by a new runner from what was saved, after every fourth stretch of steps.
func TestPlainLoopResumed(t *testing.T) {
	rig, cs, _ := library(12)
	plain := must(NewRunner(rig, cs, whole(cs)))
	plain.Run(nil)
	want := encoded(t, plain.Result())
	r := must(NewRunner(rig, cs, whole(cs)))
	for n := 0; ; n++ {
		asked := 0
		if r.Run(func() bool { asked++; return asked > 4 }) {
			break
		}
		saved := must(r.Save())
		rig, cs, _ = library(12)
		r = must(NewRunner(rig, cs, whole(cs)))
		if err := r.Restore(saved); err != nil {
			t.Fatal(err)
		}
		if n > 10000 {
			t.Fatal("no end")
		}
	}
	if !bytes.Equal(encoded(t, r.Result()), want) {
		t.Error("the result differs")
	}
}

// Where no event stops a replica, progress is steps over horizon.
func TestProgress(t *testing.T) {
	rig, cs, _ := library(5) // none of which diverges
	cs = cs[3:]
	r := must(NewRunner(rig, cs, whole(cs)))
	asked := 0
	r.Run(func() bool {
		asked++
		if got, want := r.Progress(), float64(r.Steps())/21; !alike(got, want) {
			t.Errorf("progress %g after %d steps, want %g", got, r.Steps(), want)
		}
		return false
	})
	if r.Progress() != 5 || asked < 3 {
		t.Errorf("progress %g at the end, asked %d times", r.Progress(), asked)
	}
	// Where one may, only those that stopped count.
	rig, cs, _ = library(5)
	cs = cs[:1]
	r = must(NewRunner(rig, cs, whole(cs)))
	r.Run(func() bool {
		if r.Progress() != float64(r.Finished()) {
			t.Errorf("progress %g, %d finished", r.Progress(), r.Finished())
		}
		return false
	})
}

// A checkpoint of another run, or none, is refused; so are a pace and a horizon that no run has.
func TestRunnerRefuses(t *testing.T) {
	rig, cs, _ := library(5)
	r := must(NewRunner(rig, cs, whole(cs)))
	other := must(NewRunner(langevin(0.1, 0.3), cells(5, 10), whole(cells(5, 10))))
	if r.Restore(must(other.Save())) == nil || r.Restore([]byte("nonsense")) == nil || r.Restore(nil) == nil {
		t.Error("a checkpoint of another run is accepted")
	}
	for _, c := range []Cell{{Replicas: 1}, {Replicas: 1, Horizon: math.Inf(1)}, {Replicas: 1, Horizon: 1e16}} {
		if _, err := NewRunner(rig, []Cell{c}, whole([]Cell{c})); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	for _, bad := range []float64{0, -1, math.NaN()} {
		rig.Unit = sgdlab.Constant(bad)
		if _, err := NewRunner(rig, cs, whole(cs)); err == nil {
			t.Errorf("a rate of %g is accepted", bad)
		}
	}
}

// What rounding adds to a number of calls costs no call, however many there are.
func TestHorizonInCalls(t *testing.T) {
	for _, tc := range []struct{ x, want float64 }{
		{0, 0}, {0.3, 1}, {1, 1}, {3 + 1e-12, 3}, {3.0001, 4}, {100 * (1.1 / 0.1), 1100}, {1e8 * (1.1 / 0.1), 1.1e9}, {1e12 + 0.25, 1e12 + 1},
	} {
		if got := covering(tc.x); got != tc.want {
			t.Errorf("%.17g calls: %g, want %g", tc.x, got, tc.want)
		}
	}
}

// The period of readings is the least number of calls that all of them divide, if a free lane may wait for it.
func TestPeriod(t *testing.T) {
	for _, tc := range []struct {
		every   []float64
		perStep float64
		want    uint64
	}{
		{[]float64{6, 4, 0}, 1, 12}, {[]float64{0.5}, 4, 2}, {[]float64{600, 400}, 1, 0}, {[]float64{512, 1024}, 1, 1024}, {[]float64{3}, 0.5, 0}, {[]float64{0.1}, 1, 0}, {nil, 1, 0},
	} {
		rig := &Rig{}
		for _, e := range tc.every {
			rig.Watches = append(rig.Watches, Watch{Schedule: Schedule{Every: e}})
		}
		if got := (&Runner{rig: rig}).period(tc.perStep); got != tc.want {
			t.Errorf("every %v steps of %g calls: period %d, want %d", tc.every, tc.perStep, got, tc.want)
		}
	}
}
