package ensemble

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/estimate"
	"sgdlab/lanes"
)

// replay is an observable that reads one of Saxe's sigmoids off the time, whatever θ is.
type replay struct{ values func(t float64) []float64 }

func (o replay) Columns() []sgdlab.Column {
	var out []sgdlab.Column
	for range o.values(0) {
		out = append(out, sgdlab.Column{Name: "x"})
	}
	return out
}

func (o replay) Observe(dst, _ lanes.Pack, at *sgdlab.Clock, _ *lanes.Arena) {
	for l := range lanes.W {
		for c, x := range o.values(at.Time[l]) {
			dst[c][l] = x
		}
	}
}

// Modes of strengths 4, 2 and 1 are learnt one after the other: two plateaus of the loss between, each ended by the next
// mode; the last is not observed, and is not mistaken for one that is.
func TestPlateausNameTheModeThatJumps(t *testing.T) {
	strengths := []float64{4, 2, 1}
	u := func(s, t float64) float64 {
		e := math.Exp(2 * s * t)
		return s * e / (e - 1 + s/1e-10)
	}
	modes := func(n int) func(float64) []float64 {
		return func(t float64) []float64 {
			out := make([]float64, n)
			for a := range out {
				out[a] = u(strengths[a], t)
			}
			return out
		}
	}
	loss := func(t float64) []float64 {
		sum := 1e-2
		for _, s := range strengths {
			sum += (s - u(s, t)) * (s - u(s, t)) / 2
		}
		return []float64{sum}
	}
	rig := langevin(0.1, 0.1)
	rig.Events, rig.Slopes = nil, nil
	for _, tc := range []struct {
		observed int
		want     []int
	}{{3, []int{0, 1, 2, -1}}, {2, []int{0, 1, -1, -1}}} {
		rig.Watches = []Watch{
			{Observable: replay{loss}, Schedule: Schedule{Every: 5}, Plateaus: &estimate.PlateauOptions{}},
			{Observable: replay{modes(tc.observed)}, Schedule: Schedule{Every: 25}, Jumps: true},
		}
		cs := []Cell{{Replicas: 1, Horizon: 1000}}
		r := must(NewRunner(rig, cs, whole(cs)))
		r.Run(nil)
		rows := r.Result().Whole(0).Plateaus
		if len(rows) != len(tc.want) {
			t.Fatalf("%d modes observed: %d plateaus %+v, want %d", tc.observed, len(rows), rows, len(tc.want))
		}
		for i, p := range rows {
			if p.Jumped != tc.want[i] {
				t.Errorf("%d modes observed, plateau %d (%.1f to %.1f at %.3g): column %d jumped, want %d", tc.observed, i, p.Start, p.End, p.Height, p.Jumped, tc.want[i])
			}
		}
	}
}

// Whole is all that the i-th of the result's cells has measured.
func (r *Result) Whole(i int) *CellResult {
	out := &CellResult{Cell: r.Cells[i].Cell}
	out.Merge(&r.Cells[i])
	out.Merge(&r.Tails[i])
	return out
}
