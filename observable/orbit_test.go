package observable_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
)

// On ¼(x² − 1)² descent at the rate κ is the cubic map: a fixed point below 1, a 2-cycle up to √5 − 1 with
// ρ² = (1 + κ ± √((κ + 3)(κ − 1)))/2κ and multiplier 9 − 2(1 + κ)², a 4-cycle above, chaos at 1.31 and Λ = ln 3 at 2.
func TestOrbits(t *testing.T) {
	m, err := model.NewFormula(model.FormulaSettings{Loss: "(x^2 - 1)^2/4", Settings: formula.Settings{Variables: []string{"x"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kappa := []float64{0.8, 1.05, 1.2, 1.245, 1.29, 1.31, 1.9999999, 2.5}
	site := &sgdlab.Site{Model: m}
	site.Stepper = func() (sgdlab.Stepper, error) {
		return dynamics.NewGD(dynamics.GDSettings{Rate: sgdlab.Table(kappa)}, site)
	}
	coordinate := func(s *sgdlab.Site) (sgdlab.Observable, error) {
		return observable.NewCoordinate(observable.CoordinateSettings{}, s)
	}
	settings := observable.OrbitSettings{Of: coordinate, Settle: 20000, Values: 3, MaxPeriod: 16, As: "o"}
	settings.Tolerance = 1e-9
	orbit, err := observable.NewOrbit(settings, site)
	if err != nil {
		t.Fatal(err)
	}
	lyapunov, err := observable.NewLyapunov(observable.LyapunovSettings{Steps: 100_000, Settle: 2000}, site)
	if err != nil {
		t.Fatal(err)
	}
	at, ws := &sgdlab.Clock{}, &lanes.Arena{}
	for l := range at.Point {
		at.Point[l] = int32(l)
	}
	dst, exponent := make(lanes.Pack, len(orbit.Columns())), make(lanes.Pack, 1)
	orbit.Observe(dst, lanes.Of([]float64{0.9}), at, ws)
	lyapunov.Observe(exponent, lanes.Of([]float64{0.9}), at, ws)
	for l, want := range []float64{1, 2, 2, 4, 8, 0, 0} {
		if dst[0][l] != want {
			t.Errorf("κ = %g: period %g, want %g", kappa[l], dst[0][l], want)
		}
	}
	if !math.IsNaN(dst[0][7]) || !math.IsNaN(dst[2][7]) {
		t.Errorf("an orbit that diverges has the period %g and the top %g", dst[0][7], dst[2][7])
	}
	for l := 1; l <= 2; l++ {
		k := kappa[l]
		root := math.Sqrt((k + 3) * (k - 1))
		low, high := math.Sqrt((1+k-root)/(2*k)), math.Sqrt((1+k+root)/(2*k))
		for i, want := range []float64{low, high, high - low, (low + high) / 2} {
			if math.Abs(dst[1+i][l]-want) > 1e-12 {
				t.Errorf("κ = %g, column %d: %.15g, want %.15g", k, 1+i, dst[1+i][l], want)
			}
		}
		if a, b := dst[5][l], dst[6][l]; math.Abs(a-b) < 0.1 || dst[7][l] != a && math.Abs(dst[7][l]-a) > 1e-12 {
			t.Errorf("κ = %g: values %g %g %g", k, a, b, dst[7][l])
		}
		if want := 0.5 * math.Log(math.Abs(9-2*(1+k)*(1+k))); math.Abs(exponent[0][l]-want) > 1e-4 {
			t.Errorf("κ = %g: exponent %g, want %g", k, exponent[0][l], want)
		}
	}
	if want := math.Log(1 - 2*0.8); !math.IsNaN(want) || math.Abs(exponent[0][0]-math.Log(0.6)) > 1e-9 {
		t.Errorf("κ = 0.8: exponent %g, want log|1 − 2κ|", exponent[0][0])
	}
	if exponent[0][5] < 0.05 || math.Abs(exponent[0][6]-math.Log(3)) > 0.02 {
		t.Errorf("chaos: exponents %g, %g", exponent[0][5], exponent[0][6])
	}
	random := &sgdlab.Site{Model: m, Stepper: func() (sgdlab.Stepper, error) { return noisy{}, nil }}
	if _, err := observable.NewOrbit(observable.OrbitSettings{Of: coordinate, MaxPeriod: 4, As: "o"}, random); err == nil {
		t.Error("an orbit of random steps")
	}
}

// noisy is a stepper that draws.
type noisy struct{ sgdlab.Stepper }

func (noisy) Random() bool { return true }
