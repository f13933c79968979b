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
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/observable"
	"sgdlab/scheme"
	"sgdlab/start"
)

// must unwraps a constructor.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// langevin is the rig of a double well at two temperatures, with everything a rig can have: readings that are and are
// not in step, an accumulator, a bridge, a slope, plateaus.
func langevin(temps ...float64) *Rig {
	m := must(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil))
	site := &sgdlab.Site{Model: m}
	site.Start = must(start.NewGaussian(start.GaussianSettings{Deviation: sgdlab.Constant(0.1)}, site.At("start")))
	t := sgdlab.Table(temps)
	h := sgdlab.Constant(0.02)
	var part sgdlab.Part[sgdlab.Noise] = func(s *sgdlab.Site) (sgdlab.Noise, error) {
		source, err := noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: t}}, s)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		return noise.Join(source, must(noise.NewGaussian(noise.GaussianSettings{}, s)))
	}
	s := must(scheme.NewSDE(scheme.SDESettings{Step: h, Noise: []sgdlab.Part[sgdlab.Noise]{part}}, site))
	x := must(observable.NewCoordinate(observable.CoordinateSettings{Index: 0}, site))
	bridge := must(observable.NewBridge("up", x.(sgdlab.Differentiable), s.(sgdlab.Diffusive).SDE()))
	unit, step := s.Pace()
	level := func(x float64) sgdlab.Level {
		return func(lanes.Vec, *sgdlab.Clock) lanes.Vec { return lanes.Splat(x) }
	}
	return &Rig{
		Dim: 1, Start: site.Start, Stepper: s, Unit: unit, Step: step,
		Watches: []Watch{
			{Name: "loss", Observable: must(observable.NewLoss(struct{}{}, site)), Schedule: Schedule{Every: 10}, End: true},
			{Name: "coordinate", Observable: x, Schedule: Schedule{PerDecade: 3}, Slopes: true, End: true},
			{Name: "loss-integral", Accumulate: must(observable.NewLossIntegral(struct{}{}, site)), Schedule: Schedule{Every: 15}},
		},
		Events: []sgdlab.Event{
			{Name: "up", Of: x, Level: level(0.9), Direction: sgdlab.RisesAbove, Locate: bridge},
			{Name: "down", Of: x, Level: level(-0.9), Direction: sgdlab.FallsBelow},
		},
		Slopes: []Slope{{Watch: 1, Column: 0, From: 0, To: 1}},
	}
}

func cells(n int, horizon float64) []Cell {
	var out []Cell
	for i := range 2 {
		out = append(out, Cell{ID: i, Point: int32(i), InitSeed: 3, NoiseSeed: uint64(7 + i), Replicas: n, Keep: 2, Horizon: horizon, Until: []int{0}})
	}
	return out
}

func whole(cs []Cell) Shard {
	s := Shard{}
	for i, c := range cs {
		s.Blocks = append(s.Blocks, Block{Cell: i, From: 0, To: c.Replicas})
	}
	return s
}

func encoded(t *testing.T, r *Result) []byte {
	t.Helper()
	b, err := r.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A run that is stopped at random instants, saved, and continued by a new runner on a new rig gives the same bytes.
func TestResumeIsUninterrupted(t *testing.T) {
	cs := cells(37, 400)
	plain := must(NewRunner(langevin(0.1, 0.3), cs, whole(cs)))
	if !plain.Run(nil) {
		t.Fatal("not done")
	}
	want := encoded(t, plain.Result())
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r := must(NewRunner(langevin(0.1, 0.3), cs, whole(cs)))
		stops := 0
		for {
			left := rnd.IntN(40)
			if r.Run(func() bool { left--; return left < 0 }) {
				break
			}
			saved := must(r.Save())
			r = must(NewRunner(langevin(0.1, 0.3), cs, whole(cs)))
			if err := r.Restore(saved); err != nil {
				t.Fatal(err)
			}
			stops++
		}
		if !bytes.Equal(encoded(t, r.Result()), want) {
			t.Fatalf("after %d interruptions the result differs", stops)
		}
	}
}

// paths collects what each replica did, whatever shared its packs.
func paths(t *testing.T, rig *Rig, cs []Cell, shards ...Shard) map[string][]Passage {
	t.Helper()
	out := map[string][]Passage{}
	for _, sh := range shards {
		r := must(NewRunner(rig, cs, sh))
		r.Run(nil)
		for _, c := range r.Result().Cells {
			for _, p := range c.Passages {
				key := fmt.Sprintf("%d/%d", c.Cell, p.Replica)
				out[key] = append(out[key], p)
			}
		}
	}
	return out
}

// A replica's path does not depend on its lane, its neighbours, the shard it is in, or when it entered.
func TestPathsAreBlindToPacking(t *testing.T) {
	cs := cells(29, 300)
	want := paths(t, langevin(0.1, 0.3), cs, whole(cs))
	var alone, reversed []Shard
	for c := range cs {
		for i := range 29 {
			alone = append(alone, Shard{Blocks: []Block{{c, i, i + 1}}})
		}
	}
	for i := 28; i >= 0; i -= 4 {
		reversed = append(reversed, Shard{Blocks: []Block{{1, max(0, i-3), i + 1}, {0, max(0, i-3), i + 1}}})
	}
	swapped := []Shard{{Blocks: []Block{{1, 0, 29}, {0, 0, 29}}}}
	for name, shards := range map[string][]Shard{"alone": alone, "reversed": reversed, "swapped": swapped} {
		if got := paths(t, langevin(0.1, 0.3), cs, shards...); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: paths differ", name)
		}
	}
}

// Every replica is counted once, at every reading that it lived to see, and no other.
func TestAccounts(t *testing.T) {
	cs := cells(53, 200)
	r := must(NewRunner(langevin(0.1, 0.5), cs, whole(cs)))
	r.Run(nil)
	steps := int64(0)
	for i := range r.Result().Cells {
		c := r.Result().Whole(i)
		if c.Replicas != 53 {
			t.Fatalf("cell %d: %d replicas", c.Cell, c.Replicas)
		}
		stopped := map[int64]float64{} // when each replica stopped
		horizon := map[int64]bool{}
		for _, p := range c.Passages {
			if p.Event == 0 {
				stopped[p.Replica], horizon[p.Replica] = p.Time, p.Censored
			}
		}
		for _, x := range stopped {
			steps += int64(math.Ceil(x/0.02 - 1e-6))
		}
		for k := 0; k < len(c.Series[0].Stats); k++ {
			alive := int64(0)
			for id, x := range stopped {
				if at := float64(10*k) * 0.02; x > at || horizon[id] && x > at-1e-9 {
					alive++
				}
			}
			if got := c.Series[0].Stats[k].Moments().N; got != alive {
				t.Errorf("cell %d reading %d: n = %d, %d replicas were alive", c.Cell, k, got, alive)
			}
		}
		if n := c.End[0].Moments().N; n != 53 {
			t.Errorf("end: n = %d", n)
		}
		kept := map[int64]int{}
		for _, p := range c.Paths {
			kept[p.Replica]++
		}
		if len(kept) != 2 {
			t.Errorf("kept %v; want the first two replicas", kept)
		}
	}
	if got := r.Steps(); got != steps {
		t.Errorf("%d replica-steps; the passages say %d", got, steps)
	}
}

// A diverged replica is an event with a time, never a NaN in a mean.
func TestDivergence(t *testing.T) {
	m := must(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{1}}, nil))
	site := &sgdlab.Site{Model: m}
	st := must(start.NewPoint(start.PointSettings{At: start.Coordinates{Every: 1}}, site.At("start")))
	site.Start = st
	gd := must(dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Table([]float64{0.5, 3})}, site)) // 3 > 2/λ
	unit, step := gd.Pace()
	rig := &Rig{Dim: 1, Start: st, Stepper: gd, Unit: unit, Step: step, Watches: []Watch{{Observable: must(observable.NewLoss(struct{}{}, site)), Schedule: Schedule{Every: 1}, End: true}}}
	cs := []Cell{{Point: 0, Replicas: 1, Horizon: 50}, {ID: 1, Point: 1, Replicas: 1, Horizon: 50}}
	r := must(NewRunner(rig, cs, whole(cs)))
	r.Run(nil)
	calm, wild := r.Result().Whole(0), r.Result().Whole(1)
	if calm.Diverged != 0 || len(calm.Passages) != 0 || calm.End[0].Moments().N != 1 {
		t.Errorf("the stable replica: %+v", calm.Passages)
	}
	// |θ| doubles at every step: 2³³ < 10¹⁰ < 2³⁴.
	if wild.Diverged != 1 || len(wild.Passages) != 1 || wild.Passages[0].Event != Diverged || wild.Passages[0].Time != 34*3 {
		t.Errorf("the unstable replica: %+v", wild.Passages)
	}
	if wild.End[0].Moments().N != 0 {
		t.Errorf("a diverged replica is in the end's statistics")
	}
	for k, s := range wild.Series[0].Stats {
		if s.Moments().Bad != 0 || s.Moments().N != 1 || k > 34 {
			t.Errorf("reading %d: %+v", k, s.Moments())
		}
	}
}

// However the replicas are cut into shards, and in whatever order these are merged, the sum is the same to the bit.
func TestCutDoesNotShow(t *testing.T) {
	cs := cells(203, 100)
	one := must(NewRunner(langevin(0.1, 0.3), cs, whole(cs)))
	one.Run(nil)
	want := canonical(t, one.Result())
	for name, shards := range map[string][]Shard{
		"by the plan": Divide([][]Cell{cs}),
		"odd and backwards": {{Blocks: []Block{{1, 100, 203}, {0, 150, 203}}}, {Blocks: []Block{{0, 3, 150}}}, {Blocks: []Block{{1, 7, 100}, {0, 0, 3}}},
			{Blocks: []Block{{1, 0, 7}}}},
	} {
		if len(shards) < 4 {
			t.Fatalf("%d shards", len(shards))
		}
		var parts []*Result
		for _, sh := range shards {
			r := must(NewRunner(langevin(0.1, 0.3), cs, sh))
			r.Run(nil)
			parts = append(parts, r.Result())
		}
		if canonical(t, parts...) != want {
			t.Errorf("%s: the merged result differs", name)
		}
	}
}

// canonical is what results say of their cells in sum, in bytes: lists of rows in the order of replicas.
func canonical(t *testing.T, parts ...*Result) string {
	t.Helper()
	sums := map[int]*CellResult{}
	var ids []int
	for _, r := range parts {
		for i := range r.Cells {
			c := r.Cells[i].Cell
			if sums[c] == nil {
				sums[c] = &CellResult{Cell: c}
				ids = append(ids, c)
			}
			sums[c].Merge(r.Whole(i))
		}
	}
	slices.Sort(ids)
	out := ""
	for _, c := range ids {
		sum := sums[c]
		sort.SliceStable(sum.Passages, func(i, j int) bool { return order(&sum.Passages[i], &sum.Passages[j]) })
		sort.SliceStable(sum.Plateaus, func(i, j int) bool { return sum.Plateaus[i].Replica < sum.Plateaus[j].Replica })
		sort.SliceStable(sum.Paths, func(i, j int) bool {
			a, b := &sum.Paths[i], &sum.Paths[j]
			return a.Replica < b.Replica || a.Replica == b.Replica && a.Call < b.Call
		})
		out += string(encoded(t, &Result{Cells: []CellResult{*sum}}))
	}
	return out
}

// Replicas that reached a horizon go on from there, on other lanes and in other shards, to the bits of a run that was as long
// from the start; new replicas join them. No step is taken twice.
func TestContinue(t *testing.T) {
	type set struct {
		name string
		rig  func() *Rig
		of   func(n, long int) []Cell
	}
	for _, tc := range []set{
		{"langevin", func() *Rig { return langevin(0.1, 0.3) }, func(n, long int) []Cell { return cells(n, float64(40*long)) }},
		{"library", func() *Rig { rig, _, _ := library(31); return rig }, func(n, long int) []Cell {
			_, cs, _ := library(31)
			for i := range cs {
				cs[i].Replicas = n
				if long == 1 { // a horizon that some replicas meet on the way
					cs[i].Horizon /= 3
					cs[i].AtMost /= 3
				}
			}
			return cs
		}},
	} {
		longer := tc.of(31, 3)
		fresh := must(NewRunner(tc.rig(), longer, whole(longer)))
		fresh.Run(nil)
		want := canonical(t, fresh.Result())

		short := tc.of(20, 1)
		first := must(NewRunner(tc.rig(), short, whole(short)))
		first.Run(nil)
		b := encoded(t, first.Result())
		var old Result
		if err := old.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		if len(old.Parked) < 10 {
			t.Fatalf("%s: %d parked: hardly a test", tc.name, len(old.Parked))
		}
		sum := []*Result{{Cells: old.Cells, Tails: make([]CellResult, len(old.Cells))}}
		steps := old.Steps
		// The parked go on in two shards, one of them with new replicas, and interrupted once.
		half := len(old.Parked) / 2
		var none, more Shard
		for i, c := range longer {
			none.Blocks = append(none.Blocks, Block{i, 20, 20})
			more.Blocks = append(more.Blocks, Block{i, min(20, c.Replicas), c.Replicas})
		}
		for i, sh := range []Shard{none, more} {
			parked := [][]Parked{old.Parked[half:], old.Parked[:half]}[i]
			r := must(NewRunner(tc.rig(), longer, sh))
			if err := r.Continue(parked); err != nil {
				t.Fatal(err)
			}
			asked := 0
			if r.Run(func() bool { asked++; return asked > 2 }) {
				t.Errorf("%s: too short to interrupt", tc.name)
			}
			saved := must(r.Save())
			r = must(NewRunner(tc.rig(), longer, sh))
			if err := r.Restore(saved); err != nil {
				t.Fatal(err)
			}
			r.Run(nil)
			sum = append(sum, r.Result())
			steps += r.Steps()
		}
		if canonical(t, sum...) != want {
			t.Errorf("%s: the continued run differs", tc.name)
		}
		if steps != fresh.Steps() {
			t.Errorf("%s: %d steps in all, %d from the start", tc.name, steps, fresh.Steps())
		}
	}
	r := must(NewRunner(langevin(0.1, 0.3), cells(2, 10), whole(cells(2, 10))))
	if r.Continue([]Parked{{Cell: 5}}) == nil || r.Continue([]Parked{{Cell: 0}}) == nil {
		t.Error("a replica of another run may continue")
	}
}

// Divide covers every replica once, in whole packs where it can.
func TestDivide(t *testing.T) {
	groups := [][]Cell{{{Replicas: 1}, {Replicas: 1000}, {Replicas: 7}}, {{Replicas: 20000}}, {{Replicas: 3}}}
	seen := map[[3]int]bool{}
	for i, s := range Divide(groups) {
		if s.ID != i || s.Replicas() > 512 {
			t.Errorf("shard %d: id %d, %d replicas", i, s.ID, s.Replicas())
		}
		named := map[int]bool{}
		for _, b := range s.Blocks {
			if named[b.Cell] {
				t.Errorf("shard %d names cell %d twice", i, b.Cell)
			}
			named[b.Cell] = true
			for r := b.From; r < b.To; r++ {
				if key := [3]int{s.Group, b.Cell, r}; seen[key] {
					t.Fatalf("replica %v twice", key)
				} else {
					seen[key] = true
				}
			}
		}
	}
	if len(seen) != 1+1000+7+20000+3 {
		t.Errorf("%d replicas", len(seen))
	}
}

func TestSchedule(t *testing.T) {
	for _, tc := range []struct {
		s       Schedule
		perStep float64
		horizon uint64
		steps   []float64
		calls   []uint64
	}{
		{Schedule{Every: 25}, 1, 100, []float64{0, 25, 50, 75, 100}, []uint64{0, 25, 50, 75, 100}},
		{Schedule{Every: 0.5}, 10, 20, []float64{0, 0.5, 1, 1.5, 2}, []uint64{0, 5, 10, 15, 20}},
		{Schedule{Every: 1}, 0.5, 3, []float64{0, 2, 4, 6}, []uint64{0, 1, 2, 3}}, // readings on one call are one, at the call's step; halves round away from 0
		{Schedule{Every: 1}, 2.5, 11, []float64{0, 1.2, 2, 3.2, 4}, []uint64{0, 3, 5, 8, 10}},
		{Schedule{PerDecade: 2}, 1, 100, []float64{0, 1, 3, 10, 32, 100}, []uint64{0, 1, 3, 10, 32, 100}},
		{Schedule{Start: true}, 1, 100, []float64{0}, []uint64{0}},
		{Schedule{End: true}, 1, 100, nil, nil},
	} {
		got := tc.s.tabulate(tc.perStep, tc.horizon)
		if !reflect.DeepEqual(got.steps, tc.steps) || !reflect.DeepEqual(got.calls, tc.calls) {
			t.Errorf("%+v: steps %v calls %v, want %v %v", tc.s, got.steps, got.calls, tc.steps, tc.calls)
		}
	}
}
