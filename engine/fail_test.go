package engine

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/store"
)

// fragile is a double well whose gradient fails beyond a limit, while broken.
type fragile struct {
	*model.DoubleWell
	limit float64
}

var broken atomic.Bool

type fragileSettings struct {
	Limit float64 `doc:"where it breaks" default:"3"`
}

func newFragile(c fragileSettings, set *data.Set) (sgdlab.Model, error) {
	m, err := model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, set)
	if err != nil {
		return nil, err
	}
	return &fragile{m.(*model.DoubleWell), c.Limit}, nil
}

func (m *fragile) Grad(dst, theta lanes.Pack, ws *lanes.Arena) {
	for _, x := range theta[0] {
		if x > m.limit && broken.Load() {
			panic(fmt.Sprintf("broken at %.3g", x))
		}
	}
	m.DoubleWell.Grad(dst, theta, ws)
}

func plantFragile() {
	catalog.Models = append(catalog.Models, catalog.Entry("fragile", "a double well whose gradient fails", newFragile))
}

const breaking = `title: Breaking
seed: 4
model: {name: fragile}
start: {name: point, at: 1}
dynamics:
  sde: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.01}, scheme: euler-maruyama, step: 0.01}
observe: [{name: loss, every: 100}]
events:
  down: {of: {name: coordinate, index: 0}, falls-below: -1.2}
ensemble: {replicas: 20, until: {event: down, at-most: {time: 20}}}
sweep: {dynamics.sde.noise.temperature: [0.01, 40, 0.02]}
claims:
  - {id: sooner, says: the hotter the sooner, measure: {rate: down}, expect: {at-least: 0}}
  - {id: order, says: the hotter the sooner, measure: {rate: down}, expect: {ordered: increasing}}
ask:
  - {name: compare-laws, event: down, reference: sde}
`

// A cell that fails takes no other with it, also none that shares its packs; it is named with its reason, claims about it are
// undecided, and a later run tries it again, and it alone.
func TestFailedCells(t *testing.T) {
	_, st := load(t, breaking)
	_, calm := load(t, breaking, "sweep.dynamics.sde.noise.temperature=[0.01,0.02]")
	shared := false
	for _, sh := range st.Shards {
		shared = shared || len(sh.Blocks) > 1
	}
	if !shared {
		t.Fatal("no shard has two cells: hardly a test")
	}
	want := do(t, &Lab{Out: t.TempDir()}, st)
	alone := do(t, &Lab{Out: t.TempDir()}, calm)

	broken.Store(true)
	defer broken.Store(false)
	l := &Lab{Out: t.TempDir(), Workers: 2}
	got := do(t, l, st)
	if got.Cells[1].Failed == "" || !strings.Contains(got.Cells[1].Failed, "broken at ") || !strings.Contains(got.Cells[1].Failed, "fail_test.go") || got.Cells[1].Replicas != 0 {
		t.Errorf("the cell that fails: %+v", got.Cells[1])
	}
	for i, k := range map[int]int{0: 0, 2: 1} {
		if fmt.Sprint(got.Cells[i].Estimates) != fmt.Sprint(alone.Cells[k].Estimates) || got.Cells[i].Failed != "" {
			t.Errorf("cell %d suffers: %+v", i, got.Cells[i])
		}
	}
	m := got.Manifest
	if len(m.Failed) != 1 || m.Failed[0].Cell != 1 || !strings.Contains(m.Failed[0].Name, "temperature=40") || m.Failed[0].Why != got.Cells[1].Failed {
		t.Errorf("manifest: %+v", m.Failed)
	}
	var verdicts []store.Judgement
	for _, v := range got.Verdicts {
		verdicts = append(verdicts, v.Verdict)
		if v.Verdict == store.Undecided && !strings.Contains(v.Expectation, "broken at") {
			t.Errorf("%s [%s]: %s", v.ID, v.Cell, v.Expectation)
		}
	}
	if want := []store.Judgement{store.Holds, store.Undecided, store.Holds, store.Undecided}; !reflect.DeepEqual(verdicts, want) {
		t.Errorf("verdicts %v; want %v", verdicts, want)
	}
	if cells, err := store.ReadCells(got.Dir + "/" + store.CellsFile); err != nil || cells[1].Failed != m.Failed[0].Why {
		t.Errorf("%v: the table of cells: %+v", err, cells)
	}

	again := do(t, l, st) // it fails again
	if again.Manifest.Result != m.Result || !again.Fresh {
		t.Errorf("tried again: %+v", again.Manifest)
	}
	broken.Store(false)
	taken := steps(l)
	mended := do(t, l, st)
	equal(t, "mended", mended, want)
	if len(mended.Manifest.Failed) > 0 || taken.Load() == 0 || taken.Load() != want.Manifest.ReplicaSteps-alone.Manifest.ReplicaSteps {
		t.Errorf("%d steps taken of %d, %d of other cells; %+v", taken.Load(), want.Manifest.ReplicaSteps, alone.Manifest.ReplicaSteps, mended.Manifest.Failed)
	}
}
