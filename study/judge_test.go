package study

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sgdlab/ensemble"
	"sgdlab/estimate"
	"sgdlab/store"
)

// wells is a study of exits at two temperatures with two dynamics that share their noise; claims are put behind it.
const wells = `
model:    {name: double-well}
start:    {name: point, at: [-1]}
dynamics:
  em:   {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.1}, scheme: euler-maruyama, step: 0.01}
  heun: {name: sde, calculus: ito, noise: {factor: identity, temperature: 0.1}, scheme: heun, step: 0.01}
observe:  [{name: coordinate, index: 0, every: 100}, {name: loss, every: 100}]
events:
  exit: {of: {name: coordinate, index: 0}, rises-above: 1}
  top:  {of: {name: coordinate, index: 0}, rises-above: 0}
ensemble: {replicas: 100, until: {event: exit, at-most: {time: 1000}}}
sweep:    {dynamics.*.noise.temperature: [0.1, 0.05]}
`

// bowl is GD on ½(x² + 4y²) from (1, 1) at three rates: one certain replica a cell, xₖ = (1 − η)ᵏ.
const bowl = `
model:    {name: quadratic, spectrum: [1, 4]}
start:    {name: point, at: [1, 1]}
dynamics: {gd: {name: gd, rate: 0.1}}
observe:  [{name: coordinate, index: 0, every: 1}, {name: loss, every: 1}]
events:   {near: {of: {name: loss}, falls-below: 0.001}, far: {of: {name: loss}, rises-above: 100}}
ensemble: {replicas: 50, until: {time: 4}}
sweep:    {dynamics.gd.rate: [0.1, 0.2, 0.05]}
`

func read(t *testing.T, spec, claims string) *Study {
	t.Helper()
	st, err := LoadText("t.yaml", []byte(spec+"claims:\n"+claims), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

type nowhere struct{}

func (nowhere) Samples(...store.Sample) error   { return nil }
func (nowhere) Passages(...store.Passage) error { return nil }
func (nowhere) Plateaus(...store.Plateau) error { return nil }

// askAll has the study keep the readings of all its columns, until the returned function is called.
func askAll(st *Study) func() {
	claims := st.Claims
	for _, g := range st.Groups {
		for _, cols := range g.Columns {
			for _, c := range cols {
				st.Claims = append(st.Claims[:len(st.Claims):len(st.Claims)], Claim{measure: &measure{kind: "value", column: c.Name}})
			}
		}
	}
	return func() { st.Claims = claims }
}

// simulated runs a study.
func simulated(t *testing.T, st *Study) []*Outcome {
	t.Helper()
	restore := askAll(st)
	all, err := st.Gather(func(i int) (*ensemble.Result, error) {
		g := st.Groups[st.Shards[i].Group]
		rig, err := g.Rig()
		if err != nil {
			return nil, err
		}
		r, err := ensemble.NewRunner(rig, g.Cells, st.Shards[i])
		if err != nil {
			return nil, err
		}
		r.Run(nil)
		return r.Result(), nil
	}, nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	restore()
	st.answer(all)
	return all
}

// made has one outcome for each cell, empty but for what fill puts in.
func made(st *Study, fill func(o *Outcome, temperature float64)) []*Outcome {
	var all []*Outcome
	for i := range st.Cells {
		c := &st.Cells[i]
		o := &Outcome{
			Cell: c, Replicas: int64(st.Groups[c.Group].Cells[c.Index].Replicas), Series: map[string]*Series{}, End: map[string]estimate.Moments{},
			Passages: map[string]*estimate.Sample{}, Survival: map[string]*estimate.Survival{}, Last: map[string]map[int64]float64{},
		}
		x, _ := st.Points[c.Point].Params[0].Value.Float()
		fill(o, x)
		all = append(all, o)
	}
	return all
}

// times gives an outcome n times of an event, f of the replica; NaN is censored at 1000.
func (o *Outcome) times(event string, n int, f func(i int) float64) {
	s := &estimate.Sample{}
	for i := range n {
		x := f(i)
		c := math.IsNaN(x)
		if c {
			x = 1000
		}
		s.Values, s.Censored, s.Replica = append(s.Values, x), append(s.Censored, c), append(s.Replica, int64(i))
	}
	o.Passages[event] = s
	var err error
	if o.Survival[event], err = estimate.NewSurvival(*s); err != nil {
		panic(err)
	}
}

// column gives an outcome the readings of a column, at 0, 1, 2, …: the same n values at each, shifted; and the last at the end.
func (o *Outcome) column(name string, n int, f func(i int) float64, shifts ...float64) {
	s := &Series{}
	for k, shift := range shifts {
		var m estimate.Moments
		sk := &estimate.Sketch{}
		for i := range n {
			m.Add(f(i) + shift)
			sk.Add(f(i) + shift)
		}
		s.Time, s.Step = append(s.Time, float64(k)), append(s.Step, float64(k))
		s.Moments, s.Sketches = append(s.Moments, m), append(s.Sketches, sk)
		o.End[name], s.EndSketch = m, sk
	}
	o.Series[name] = s
}

// plusMinus is symmetric about 0 with the standard deviation sd, for n even.
func plusMinus(n int, sd float64) func(i int) float64 {
	return func(i int) float64 {
		if i%2 == 0 {
			return sd
		}
		return -sd
	}
}

// near is false of NaN.
func near(got store.Number, want, tol float64) bool { return math.Abs(float64(got)-want) <= tol }

func show(vs []store.Verdict) string {
	var b strings.Builder
	for _, v := range vs {
		fmt.Fprintf(&b, "\n  %s [%s] %.9g [%.9g, %.9g] n=%d needs=%d predicted %.6g: %s", v.Verdict, v.Cell, float64(v.Measured), float64(v.Interval[0]), float64(v.Interval[1]), v.N, v.Needs, float64(v.Predicted), v.Expectation)
	}
	return b.String()
}
