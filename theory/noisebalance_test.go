package theory

import (
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

func TestNoiseBalance(t *testing.T) {
	white := lanes.MatOf([][]float64{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}})
	none := NoiseBalance{nan, nan}
	build := func(change func(*sgdlab.Run, *twoLayer)) *sgdlab.Run {
		m := twoLayer{chain{modes: []float64{1}, depth: 2, label: 1, n: 4}, []sgdlab.Shape{{Rows: 3, Cols: 2}, {Rows: 5, Cols: 3}}}
		r := &sgdlab.Run{
			Site: &sgdlab.Site{Data: &data.Set{X: white, Y: lanes.NewMat(4, 5)}}, Clock: &sgdlab.Clock{}, Dynamic: stepper{},
			Number: numbers(map[string]float64{"rate": 0.05, "label-noise.amplitude": 0.7}),
		}
		if change != nil {
			change(r, &m)
		}
		r.Model = m
		return r
	}
	close(t, "given", one(t, NewNoiseBalance, NoiseBalance{5, 2}, nil), 2.5, 1e-15)
	close(t, "from a run", predicted(t, NewNoiseBalance, none, build(nil)).Values[0], 0.4, 1e-15)
	for _, tc := range []struct {
		name, word string
		change     func(*sgdlab.Run, *twoLayer)
	}{
		{"coloured inputs", "whiten: true", func(r *sgdlab.Run, _ *twoLayer) {
			r.Data = &data.Set{X: lanes.MatOf([][]float64{{1, 2}, {3, 4}, {0, 1}}), Y: lanes.NewMat(3, 5)}
		}},
		{"three layers", "3 layers", func(_ *sgdlab.Run, m *twoLayer) { m.shapes = append(m.shapes, m.shapes[1]) }},
		{"no label noise", "label noise leads", func(r *sgdlab.Run, _ *twoLayer) { r.Number = numbers(map[string]float64{"rate": 0.05}) }},
		{"a mini-batch", "full batch", func(r *sgdlab.Run, _ *twoLayer) {
			r.Number = numbers(map[string]float64{"rate": 0.05, "label-noise.amplitude": 0.7, "batch": 2})
		}},
		{"no data", "no data", func(r *sgdlab.Run, _ *twoLayer) { r.Data = nil }},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, NewNoiseBalance, none, build(tc.change), tc.word) })
	}
	refused(t, NewNoiseBalance, none, nil, "give inputs, outputs")
}
