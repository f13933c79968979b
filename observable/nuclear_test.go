package observable_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
)

// Of two inputs and two outputs it is √(‖W‖² + 2|det W|).
func TestNuclearNorm(t *testing.T) {
	set := &data.Set{X: lanes.MatOf([][]float64{{1, 0}, {0, 1}}), Y: lanes.MatOf([][]float64{{1, 0}, {0, 1}})}
	m, err := model.NewLinear(model.LinearSettings{}, set)
	if err != nil {
		t.Fatal(err)
	}
	o, err := observable.NewNuclearNorm(observable.NuclearNormSettings{}, &sgdlab.Site{Model: m, Data: set})
	if err != nil {
		t.Fatal(err)
	}
	dst := make(lanes.Pack, 1)
	o.Observe(dst, lanes.Of([]float64{1, 2, -0.5, 3}), nil, &lanes.Arena{})
	if want := math.Sqrt(1 + 4 + 0.25 + 9 + 2*4); math.Abs(dst[0][0]/want-1) > 1e-14 {
		t.Errorf("Σσ = %.17g, want %.17g", dst[0][0], want)
	}
}
