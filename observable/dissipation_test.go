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

// Both relations are exact at any rate on quadratics. Steps θ′ = (1 − ηλ)θ − ησε with signs ε, one for each coordinate, and θ drawn from the signs times the
// stationary deviations, s = ησ²/(λ(2 − ηλ)): all draws together have the stationary means, and no sampling error. With a θ three times as
// large neither holds.
func TestFluctuationDissipationIsExact(t *testing.T) {
	const sigma = 0.6
	spectrum := []float64{3, 0.5}
	m, err := model.NewQuadratic(model.QuadraticSettings{Spectrum: spectrum}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, eta := range []float64{0.01, 0.3, 0.6} {
		for _, wider := range []float64{1, 9} {
			a, err := observable.NewFluctuationDissipation(observable.FluctuationDissipationSettings{}, &sgdlab.Site{Model: m})
			if err != nil {
				t.Fatal(err)
			}
			acc := make(lanes.Pack, len(a.Columns()))
			at := &sgdlab.Clock{}
			sign := func(bits, j int) float64 { return float64(2*(bits>>j&1) - 1) }
			for bits := range 1 << 4 {
				var ws lanes.Arena
				before, after := make([]float64, 2), make([]float64, 2)
				for j, lambda := range spectrum {
					before[j] = sign(bits, j) * math.Sqrt(wider*eta*sigma*sigma/(lambda*(2-eta*lambda)))
					after[j] = (1-eta*lambda)*before[j] - eta*sigma*sign(bits, 2+j)
				}
				a.Add(acc, lanes.Of(before), lanes.Of(after), &sgdlab.StepRecord{At: at, Dt: lanes.Splat(eta), Live: lanes.All}, &ws)
				for l := range at.Time {
					at.Time[l] += eta
				}
			}
			var sides [2][2]float64 // their means, of each relation left and right
			for _, lambda := range spectrum {
				square := wider * eta * sigma * sigma / (lambda * (2 - eta*lambda))
				g := lambda*lambda*square + sigma*sigma
				for k, by := range []float64{1, lambda} {
					sides[k][0] += by * lambda * square
					sides[k][1] += eta / 2 * by * g
				}
			}
			for k, side := range sides {
				got, want := acc[3*k][0], side[0]/side[1]
				if math.Abs(got/want-1) > 1e-12 {
					t.Errorf("η = %g, θ² %g times the stationary: relation %d has the ratio %.15g, want %.15g", eta, wider, k+1, got, want)
				}
				if stationary := math.Abs(got-1) < 1e-12; stationary != (wider == 1) {
					t.Errorf("η = %g, θ² %g times the stationary: relation %d has the ratio %.15g", eta, wider, k+1, got)
				}
			}
		}
	}
}
