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

// On a diagonal network β = u ⊙ v, by hand; targets without a teacher are refused.
func TestTeacherDistance(t *testing.T) {
	set, err := data.NewSparseTruth(data.SparseTruthSettings{Inputs: 3, Samples: 4, Values: []float64{2, -1}, Support: "first", Magnitude: 1, Magnitudes: "equal", Signs: "positive"}, &data.Env{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2}, set)
	if err != nil {
		t.Fatal(err)
	}
	o, err := observable.NewTeacherDistance(observable.TeacherDistanceSettings{}, &sgdlab.Site{Model: m, Data: set})
	if err != nil {
		t.Fatal(err)
	}
	dst := make(lanes.Pack, 1)
	o.Observe(dst, lanes.Of([]float64{1, 2, 3, 1, 0.5, -1}), nil, &lanes.Arena{}) // β = (1, 1, −3)
	if want := math.Sqrt(1 + 4 + 9); math.Abs(dst[0][0]-want) > 1e-15*want {
		t.Errorf("got %g, want %g", dst[0][0], want)
	}
	plain := &data.Set{X: set.X, Y: set.Y}
	if _, err := observable.NewTeacherDistance(observable.TeacherDistanceSettings{}, &sgdlab.Site{Model: m, Data: plain}); err == nil {
		t.Error("a distance to no teacher")
	}
}

// Medians of ln|β| by hand, of odd and even counts, with an entry that is 0.
func TestSupport(t *testing.T) {
	set, err := data.NewSparseTruth(data.SparseTruthSettings{Inputs: 5, Samples: 4, Values: []float64{2, -1}, Support: "first", Magnitude: 1, Magnitudes: "equal", Signs: "positive"}, &data.Env{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2}, set)
	if err != nil {
		t.Fatal(err)
	}
	o, err := observable.NewSupport(observable.SupportSettings{}, &sgdlab.Site{Model: m, Data: set})
	if err != nil {
		t.Fatal(err)
	}
	dst := make(lanes.Pack, 2)
	o.Observe(dst, lanes.Of([]float64{1, 2, 3, 0, 4, 1, -0.5, -1, 7, 2}), nil, &lanes.Arena{}) // β = (1, −1 | −3, 0, 8)
	if dst[0][0] != 0 || math.Abs(dst[1][0]-math.Log(3)) > 1e-15 {
		t.Errorf("got %v and %v, want 0 and ln 3", dst[0][0], dst[1][0])
	}
	o.Observe(dst, lanes.Of([]float64{4, 2, 0, 0, 4, 1, 4.5, -1, 7, 2}), nil, &lanes.Arena{}) // β = (4, 9 | 0, 0, 8)
	if math.Abs(dst[0][0]-math.Log(6)) > 1e-15 || !math.IsInf(dst[1][0], -1) {
		t.Errorf("got %v and %v, want ln 6 and −∞", dst[0][0], dst[1][0])
	}
	whole, err := data.NewSparseTruth(data.SparseTruthSettings{Inputs: 2, Samples: 4, Values: []float64{2, -1}, Support: "first", Magnitude: 1, Magnitudes: "equal", Signs: "positive"}, &data.Env{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if m, err = model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2}, whole); err != nil {
		t.Fatal(err)
	}
	if _, err := observable.NewSupport(observable.SupportSettings{}, &sgdlab.Site{Model: m, Data: whole}); err == nil {
		t.Error("a teacher that has every entry has no other side")
	}
}
