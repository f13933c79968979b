package study

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/ensemble"
	"sgdlab/lanes"
	"sgdlab/store"
)

// rows keeps the long tables.
type rows struct {
	samples  []store.Sample
	passages []store.Passage
	plateaus []store.Plateau
	loaded   map[int]int
}

func (r *rows) Samples(s ...store.Sample) error   { r.samples = append(r.samples, s...); return nil }
func (r *rows) Passages(p ...store.Passage) error { r.passages = append(r.passages, p...); return nil }
func (r *rows) Plateaus(p ...store.Plateau) error { r.plateaus = append(r.plateaus, p...); return nil }

// tabled runs a study and returns what goes into its tables.
func tabled(t *testing.T, st *Study) ([]*Outcome, *rows) {
	t.Helper()
	r := &rows{loaded: map[int]int{}}
	defer askAll(st)()
	out, err := st.Gather(func(i int) (*ensemble.Result, error) {
		r.loaded[i]++
		g := st.Groups[st.Shards[i].Group]
		rig, err := g.Rig()
		if err != nil {
			return nil, err
		}
		run, err := ensemble.NewRunner(rig, g.Cells, st.Shards[i])
		if err != nil {
			return nil, err
		}
		run.Run(nil)
		return run.Result(), nil
	}, r)
	if err != nil {
		t.Fatal(err)
	}
	return out, r
}

// of are the paths and passages of a cell, as if it were the first.
func (r *rows) of(cell int32) (paths []store.Sample, passages []store.Passage) {
	for _, s := range r.samples {
		if s.Cell == cell && s.Replica != store.Statistics {
			s.Cell = 0
			paths = append(paths, s)
		}
	}
	for _, p := range r.passages {
		if p.Cell == cell {
			p.Cell = 0
			passages = append(passages, p)
		}
	}
	return paths, passages
}

// Points that share packs read their own settings, seeds, levels and horizons: a sweep of them all equals separate runs,
// bit for bit and replica by replica.
func TestSweepEqualsSeparateRuns(t *testing.T) {
	const text = `
seed: {data: 1, init: 2, noise: 3}
data: {name: teacher-student, inputs: 3, outputs: 2, samples: 20, singular-values: [2, 1], label-noise: 0.3}
model: {name: deep-linear, widths: [3, 2, 2]}
start: {name: saddle, modes: [1], deviation: 0.02}
dynamics:
  sgd:      {name: sgd, rate: 0.05, batch: 2, label-noise: {amplitude: 0.1}}
  langevin: {name: sde, calculus: ito, rate: 0.05, step: 0.05, noise: {factor: identity, temperature: 0.001}}
observe: [{name: loss, every: 5}, {name: loss-integral, every: 20}]
events:
  down: {of: {name: loss}, falls-below: {from: saddle, fraction: 0.1}}
  half: {of: {name: loss}, falls-below: {start: 0.9}}
ensemble: {replicas: 9, keep: 9, until: {event: down, at-most: {steps: 150}}}
`
	settings := []struct {
		path   string
		values [3]string
	}{
		{"seed.init", [3]string{"2", "2", "5"}},
		{"seed.noise", [3]string{"3", "7", "3"}},
		{"start.deviation", [3]string{"0.02", "0", "0.01"}},
		{"dynamics.*.rate", [3]string{"0.05", "0.1", "0.03"}},
		{"dynamics.sgd.label-noise.amplitude", [3]string{"0.1", "0", "0.5"}},
		{"dynamics.langevin.step", [3]string{"0.05", "0.02", "0.03"}},
		{"dynamics.langevin.noise.temperature", [3]string{"0.001", "0.003", "0"}},
		{"events.down.falls-below.fraction", [3]string{"0.1", "0.3", "0.2"}},
		{"events.half.falls-below.start", [3]string{"0.9", "0.8", "1.1"}},
		{"ensemble.until.at-most.steps", [3]string{"150", "40", "90"}},
	}
	sweep := "sweep: {zip: {"
	for _, s := range settings {
		sweep += s.path + ": [" + strings.Join(s.values[:], ", ") + "], "
	}
	swept, err := LoadText("t.yaml", []byte(text+sweep+"}}\n"), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(swept.Groups) != 2 || len(swept.Shards) != 8 || swept.Shards[1].Blocks[0].Cell == swept.Shards[1].Blocks[len(swept.Shards[1].Blocks)-1].Cell {
		t.Fatalf("%d groups, shards %+v; want one group for each dynamics, and cells that share packs", len(swept.Groups), swept.Shards)
	}
	_, together := tabled(t, swept)
	for id := range swept.Shards {
		if together.loaded[id] != 1 {
			t.Errorf("shard %d, which holds several cells, is loaded %d times", id, together.loaded[id])
		}
	}
	for i := range 3 {
		var o Options
		for _, s := range settings {
			if s.path == "dynamics.*.rate" {
				o.Overrides = append(o.Overrides, "dynamics.sgd.rate="+s.values[i], "dynamics.langevin.rate="+s.values[i])
				continue
			}
			o.Overrides = append(o.Overrides, s.path+"="+s.values[i])
		}
		alone, err := LoadText("t.yaml", []byte(text), ".", o)
		if err != nil {
			t.Fatal(err)
		}
		_, apart := tabled(t, alone)
		for a, arm := range alone.Arms {
			paths, passages := together.of(int32(2*i + a))
			wantPaths, wantPassages := apart.of(int32(a))
			if len(wantPaths) < 9*9 || len(wantPassages) != 18 {
				t.Fatalf("%s, point %d: %d rows of paths, %d passages", arm, i, len(wantPaths), len(wantPassages))
			}
			if !reflect.DeepEqual(paths, wantPaths) || !reflect.DeepEqual(passages, wantPassages) {
				t.Errorf("%s, point %d: a sweep and a run of its own differ", arm, i)
			}
		}
	}
}

// Levels by hand on ½‖W − M‖² with the modes 3, 2, 1: the loss where modes are not learnt is half the sum of their squares.
func TestLevels(t *testing.T) {
	for _, tc := range []struct {
		start, level string
		at, want     [2]float64 // of two points of the sweep, the value at the start and the level
	}{
		{"saddle, modes: [1]", "falls-below: {from: saddle, fraction: [0.1, 0.5]}", [2]float64{}, [2]float64{2.5 - 0.1*2, 2.5 - 0.5*2}},
		{"saddle, modes: [2]", "falls-below: {from: saddle, fraction: [0.1, 0.9]}", [2]float64{}, [2]float64{5 - 0.1*4.5, 5 - 0.9*4.5}},
		{"saddle, modes: [1, 3]", "falls-below: {from: saddle, fraction: [0.25, 0.5]}", [2]float64{}, [2]float64{2 - 0.25*2, 2 - 0.5*2}},
		{"saddle", "falls-below: {from: saddle, fraction: [0.25, 0.5]}", [2]float64{}, [2]float64{7 - 0.25*4.5, 7 - 0.5*4.5}},
		{"saddle, rank: 1", "falls-below: {from: saddle, by: [0.7, 0.1]}", [2]float64{}, [2]float64{1.8, 2.4}},
		{"gaussian, deviation: 0.1", "falls-below: {start: [0.25, 0.5]}", [2]float64{8, 6}, [2]float64{2, 3}},
		{"gaussian, deviation: 0.1", "rises-above: {start: [2, 10]}", [2]float64{8, 6}, [2]float64{16, 60}},
		{"gaussian, deviation: 0.1", "rises-above: [0.3, 70]", [2]float64{8, 6}, [2]float64{0.3, 70}},
	} {
		// The level's list is swept.
		i, j := strings.Index(tc.level, "["), strings.Index(tc.level, "]")
		path := "events.e." + strings.NewReplacer(": {from: saddle, ", ".", ": {", ".", ": ", "", "[", "", " ", "").Replace(tc.level[:i])
		path = strings.TrimSuffix(path, ":")
		level := tc.level[:i] + "0.5" + tc.level[j+1:]
		st, err := LoadText("t.yaml", []byte(`
data: {name: target-matrix, singular-values: [3, 2, 1]}
model: {name: deep-linear, widths: [3, 3, 3]}
start: {name: `+tc.start+`}
dynamics: {gd: {name: gd, rate: 0.01}}
events: {e: {of: {name: loss}, `+level+`}}
ensemble: {replicas: 8, until: {steps: 10}}
sweep: {`+path+`: `+tc.level[i:j+1]+`}
`), ".", Options{})
		if err != nil {
			t.Errorf("%s %s: %v", tc.start, path, err)
			continue
		}
		if len(st.Groups) != 1 || len(st.Groups[0].Cells) != 2 {
			t.Fatalf("%s: %d groups", tc.level, len(st.Groups))
		}
		rig, err := st.Groups[0].Rig()
		if err != nil {
			t.Fatal(err)
		}
		at := &sgdlab.Clock{}
		var start lanes.Vec
		for l := range at.Point {
			at.Point[l], start[l] = int32(l%2), tc.at[l%2]
		}
		got := rig.Events[0].Level(start, at)
		for l := range got {
			if math.Abs(got[l]-tc.want[l%2]) > 1e-12 {
				t.Errorf("%s, %s: level %.15g in lane %d, want %.15g", tc.start, tc.level, got[l], l, tc.want[l%2])
			}
		}
		if want := map[bool]sgdlab.Direction{true: sgdlab.FallsBelow, false: sgdlab.RisesAbove}[strings.HasPrefix(tc.level, "falls")]; rig.Events[0].Direction != want {
			t.Errorf("%s: direction %v", tc.level, rig.Events[0].Direction)
		}
		if rig.Events[0].Locate != nil {
			t.Errorf("%s: the steps of GD have no inside, but a locator looks there", tc.level)
		}
	}
}

// A level below a saddle is of a falling loss, from a saddle that has something below it.
func TestLevelsBelowNoSaddle(t *testing.T) {
	for _, tc := range []struct{ start, event, want string }{
		{"saddle, modes: [1]", "{of: {name: loss}, rises-above: {from: saddle, by: 1}}", "want falls-below of loss"},
		{"saddle, modes: [1]", "{of: {name: gradient-norm}, falls-below: {from: saddle, by: 1}}", "want falls-below of loss"},
		{"gaussian, deviation: 0.1", "{of: {name: loss}, falls-below: {from: saddle, by: 1}}", "do not start at a saddle"},
		{"saddle, modes: [1, 2, 3]", "{of: {name: loss}, falls-below: {from: saddle, by: 1}}", "every mode is learnt"},
	} {
		_, err := LoadText("t.yaml", []byte(`
data: {name: target-matrix, singular-values: [3, 2, 1]}
model: {name: deep-linear, widths: [3, 3, 3]}
start: {name: `+tc.start+`}
dynamics: {gd: {name: gd, rate: 0.01}}
events: {e: `+tc.event+`}
ensemble: {replicas: 8, until: {steps: 10}}
`), ".", Options{})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v; want %q", tc.start, tc.event, err, tc.want)
		}
	}
}

// Horizons and what stops replicas arrive in the cells; what chance does not touch runs once.
func TestCells(t *testing.T) {
	const text = `
seed: {data: 1, init: 2, noise: 3}
model: {name: quadratic, spectrum: [1, 2]}
start: {name: gaussian, deviation: 1}
dynamics: {gd: {name: gd, rate: 0.1}, em: {name: sde, calculus: ito, step: 0.1, noise: {factor: identity, temperature: 0.1}}}
events: {a: {of: {name: loss}, rises-above: 100}, b: {of: {name: loss}, falls-below: 0.01}}
ensemble: {replicas: 40, keep: 3, UNTIL}
sweep: {product: {start.deviation: [1, 0], seed.noise: [3, 4]}}
`
	for _, tc := range []struct {
		until           string
		horizon, atMost float64
		stops           []int
	}{
		{"until: {steps: 12}", 12, 0, nil},
		{"until: {time: 12}", 0, 12, nil},
		{"until: {event: b, at-most: {steps: 7}}", 7, 0, []int{1}},
		{"until: {event: [b, a], at-most: {time: 7}}", 0, 7, []int{1, 0}},
		{"until: {event: a, at-most: {time: 7}}, independent: true", 0, 7, []int{0}},
	} {
		st, err := LoadText("t.yaml", []byte(strings.Replace(text, "UNTIL", tc.until, 1)), ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(st.Cells) != 8 || len(st.Groups) != 2 {
			t.Fatalf("%d cells in %d groups", len(st.Cells), len(st.Groups))
		}
		noise := map[string]map[uint64]bool{}
		for i, c := range st.Cells {
			g := st.Groups[c.Group]
			got := g.Cells[c.Index]
			if got.ID != i || g.Arm != c.Arm || g.Points[c.Index] != c.Point || int(got.Point) != c.Index || got.Keep != 3 {
				t.Errorf("%s: cell %d is %+v", tc.until, i, got)
			}
			if got.Horizon != tc.horizon || got.AtMost != tc.atMost || !reflect.DeepEqual(got.Until, tc.stops) {
				t.Errorf("%s: %+v", tc.until, got)
			}
			want := 40
			if c.Arm == "gd" && c.Point >= 2 { // a deviation of 0
				want = 1
			}
			if got.Replicas != want {
				t.Errorf("%s: %s has %d replicas, want %d", tc.until, st.Label(&c), got.Replicas, want)
			}
			seed := fmt.Sprint(3 + c.Point%2)
			if noise[seed] == nil {
				noise[seed] = map[uint64]bool{}
			}
			noise[seed][got.NoiseSeed] = true
			if !strings.Contains(tc.until, "independent") && fmt.Sprint(got.NoiseSeed) != seed {
				t.Errorf("%s: cell %d has the noise seed %d, want %s", tc.until, i, got.NoiseSeed, seed)
			}
		}
		if want := map[bool]int{true: 2, false: 1}[strings.Contains(tc.until, "independent")]; len(noise["3"]) != want || len(noise["4"]) != want {
			t.Errorf("%s: noise seeds %v; want %d for each seed of the spec", tc.until, noise, want)
		}
	}
}

// The start and the first step draw from different streams, also where their seeds are the same: with no force a step of
// identity noise at T = ½, h = 1 adds standard normals to standard normals.
func TestStartAndNoiseDrawApart(t *testing.T) {
	st, err := LoadText("t.yaml", []byte(`
seed: 5
model: {name: quadratic, spectrum: [1e-12, 1e-12, 1e-12]}
start: {name: gaussian, deviation: 1}
dynamics: {em: {name: sde, calculus: ito, step: 1, noise: {factor: identity, temperature: 0.5}}}
observe: [{name: coordinate, index: 0, every: 1}, {name: coordinate, index: 2, every: 1}]
ensemble: {replicas: 2000, keep: 2000, until: {steps: 2}}
`), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, r := tabled(t, st)
	path := map[string][]float64{}
	for _, s := range r.samples {
		if s.Replica != store.Statistics && len(path[fmt.Sprint(s.Replica, s.Column)]) < 3 {
			key := fmt.Sprint(s.Replica, s.Column)
			path[key] = append(path[key], s.Value)
		}
	}
	draws := make([][]float64, 6) // of the start and two steps, in two coordinates
	for i := range 2000 {
		for c, column := range []string{"coordinate[0]", "coordinate[2]"} {
			p := path[fmt.Sprint(int64(i), column)]
			if len(p) != 3 {
				t.Fatalf("replica %d has %v", i, p)
			}
			draws[3*c], draws[3*c+1], draws[3*c+2] = append(draws[3*c], p[0]), append(draws[3*c+1], p[1]-p[0]), append(draws[3*c+2], p[2]-p[1])
		}
	}
	// 15 pairs, each beyond 4/√2000 for one seed in 16 000.
	for i := range draws {
		for j := range i {
			if r := correlation(draws[i], draws[j]); math.Abs(r) > 4/math.Sqrt(2000) {
				t.Errorf("draws %d and %d correlate: %.3f", i, j, r)
			}
		}
		v := 0.0
		for _, x := range draws[i] {
			v += x * x / 2000
		}
		if math.Abs(v-1) > 4*math.Sqrt(2./2000) {
			t.Errorf("draw %d has the variance %.3f", i, v)
		}
	}
}
