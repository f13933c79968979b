package observable_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
)

// One step by hand on ½(3x² + y²) from (1, 2) to (0.6, 1.9) in a time 0.1, and a second one, averaged by time; what is before settle is left out.
func TestFluctuationDissipation(t *testing.T) {
	m, err := model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{3, 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct{ x, y, u, v, dt float64 }{{1, 2, 0.6, 1.9, 0.1}, {0.6, 1.9, 0.7, 1.5, 0.3}}
	for _, settle := range []float64{0, 0.1} {
		a, err := observable.NewFluctuationDissipation(observable.FluctuationDissipationSettings{Settle: settle}, &sgdlab.Site{Model: m})
		if err != nil {
			t.Fatal(err)
		}
		acc := make(lanes.Pack, len(a.Columns()))
		at := &sgdlab.Clock{}
		var want [4]float64
		span := 0.0
		for k, s := range steps {
			var ws lanes.Arena
			rec := &sgdlab.StepRecord{At: at, Dt: lanes.Splat(s.dt), Live: lanes.All &^ (1 << 5)}
			a.Add(acc, lanes.Of([]float64{s.x, s.y}), lanes.Of([]float64{s.u, s.v}), rec, &ws)
			g, h := (s.x-s.u)/s.dt, (s.y-s.v)/s.dt
			if float64(k) >= 10*settle {
				span += s.dt
				for i, v := range []float64{3*s.x*s.x + s.y*s.y, s.dt / 2 * (g*g + h*h), 9*s.x*s.x + s.y*s.y, s.dt / 2 * (3*g*g + h*h)} {
					want[i] += v * s.dt
				}
			}
			for l := range at.Time {
				at.Time[l] += s.dt
			}
		}
		for i, w := range want {
			if got := acc[3*(i/2)+1+i%2][0]; math.Abs(got/(w/span)-1) > 1e-13 {
				t.Errorf("settle %g, side %d: %g, want %g", settle, i, got, w/span)
			}
		}
		if got := acc[0][0]; math.Abs(got/(want[0]/want[1])-1) > 1e-13 {
			t.Errorf("fdr1 = %g, want %g", got, want[0]/want[1])
		}
		if acc[1][5] != 0 {
			t.Error("a lane that was not live moved")
		}
	}
}
