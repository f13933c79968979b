package start_test

import (
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/start"
)

// Every layer is α on its diagonal, the last one what it is told; a model without layers is refused.
func TestIdentity(t *testing.T) {
	set, err := data.NewTargetMatrix(data.TargetMatrixSettings{Matrix: [][]float64{{2, 0, 0}, {0, 1, 0}}}, &data.Env{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{3, 2, 2}}, set)
	if err != nil {
		t.Fatal(err)
	}
	s, err := start.NewIdentity(start.IdentitySettings{Scale: 0.3, Last: 0.1}, &sgdlab.Site{Model: m})
	if err != nil {
		t.Fatal(err)
	}
	theta := make(lanes.Pack, m.Dim())
	s.Draw(theta, &sgdlab.Clock{})
	for j, want := range []float64{0.3, 0, 0, 0, 0.3, 0, 0.1, 0, 0, 0.1} {
		if theta[j] != lanes.Splat(want) {
			t.Errorf("coordinate %d is %g, want %g", j, theta[j][0], want)
		}
	}
	well, err := model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start.NewIdentity(start.IdentitySettings{Scale: 1}, &sgdlab.Site{Model: well}); err == nil {
		t.Error("an identity for a model without layers")
	}
}
