package study

import (
	"testing"

	"sgdlab/ensemble"
	"sgdlab/store"
)

// nothing is a sink that drops its rows.
type nothing struct{}

func (nothing) Samples(...store.Sample) error   { return nil }
func (nothing) Passages(...store.Passage) error { return nil }
func (nothing) Plateaus(...store.Plateau) error { return nil }

// Where nothing is left to chance the one replica's times and rates are exact.
func TestCertainTimesAreExact(t *testing.T) {
	st, err := LoadText("t.yaml", []byte(`
model: {name: quadratic, spectrum: [1]}
start: {name: point, at: [1]}
dynamics: {gd: {name: gd, rate: 0.1}}
events: {low: {of: {name: loss}, falls-below: 0.01}, never: {of: {name: loss}, rises-above: 5}}
ensemble: {replicas: 5, until: {time: 10}}
`), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := st.Gather(func(id int) (*ensemble.Result, error) {
		rig, err := st.Groups[0].Rig()
		if err != nil {
			return nil, err
		}
		r, err := ensemble.NewRunner(rig, st.Groups[0].Cells, st.Shards[id])
		if err != nil {
			return nil, err
		}
		r.Run(nil)
		return r.Result(), nil
	}, nothing{})
	if err != nil {
		t.Fatal(err)
	}
	row := st.Row(all[0])
	// ½·0.9²ᵏ < 0.01 first at k = 19, time 1.9.
	for name, want := range map[string]float64{"mean-time:low": 1.9, "rate:low": 1 / 1.9, "censored:low": 0, "rate:never": 0, "censored:never": 1, "restricted-mean-time:never": 10} {
		e, ok := row.Estimate(name)
		if !ok || e.Value-want > 1e-12 || want-e.Value > 1e-12 || e.Lo != e.Value || e.Hi != e.Value || e.SE != 0 {
			t.Errorf("%s: %+v, want exactly %g", name, e, want)
		}
	}
	if e, _ := row.Estimate("mean-time:never"); e.Value == e.Value {
		t.Errorf("mean-time:never is %g; it is not known", e.Value)
	}
}
