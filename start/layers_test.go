package start

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

func perceptron(t *testing.T, biases bool) *sgdlab.Site {
	t.Helper()
	set, err := data.NewChebyshev(data.ChebyshevSettings{Degree: 3, Samples: 5}, &data.Env{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewMLP(model.MLPSettings{Widths: []int{1, 400, 9, 1}, Activation: "tanh", Biases: biases}, set)
	if err != nil {
		t.Fatal(err)
	}
	return &sgdlab.Site{Data: set, Model: m, Place: "start"}
}

func drawn(t *testing.T, c LayersSettings, s *sgdlab.Site) lanes.Pack {
	t.Helper()
	st, err := NewLayers(c, s)
	if err != nil {
		t.Fatal(err)
	}
	theta, at := make(lanes.Pack, s.Model.Dim()), &sgdlab.Clock{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = 7, uint64(l)
	}
	st.Draw(theta, at)
	return theta
}

// Each layer has its size and its law, weights and biases apart; biases do not disturb the weights.
func TestLayersHaveTheirSizes(t *testing.T) {
	s := perceptron(t, true)
	c := LayersSettings{Weights: Coordinates{List: []float64{2, 3, 0.5}}, Law: "gaussian", Scale: "fan-in",
		Biases: Coordinates{List: []float64{4, 0, 1}}, BiasLaw: "uniform", Multiplier: sgdlab.Constant(0.5)}
	theta := drawn(t, c, s)
	// moments of the numbers from..to, over all lanes: root of the mean square, and the largest.
	size := func(from, to int) (rms, top float64) {
		n := 0.0
		for _, row := range theta[from:to] {
			for _, x := range row {
				rms += x * x
				top = max(top, math.Abs(x))
				n++
			}
		}
		return math.Sqrt(rms / n), top
	}
	for _, tc := range []struct {
		what     string
		from, to int
		rms      float64
		most     float64
	}{
		{"W₁", 0, 400, 1, math.Inf(1)},
		{"b₁", 400, 800, 2 / math.Sqrt(3), 2},
		{"W₂", 800, 4400, 1.5 / 20, math.Inf(1)},
		{"b₂", 4400, 4409, 0, 0},
	} {
		n := float64((tc.to - tc.from) * lanes.W)
		if rms, top := size(tc.from, tc.to); math.Abs(rms-tc.rms) > 4*tc.rms/math.Sqrt(n) || top > tc.most {
			t.Errorf("%s: root mean square %g, largest %g; want %g and at most %g", tc.what, rms, top, tc.rms, tc.most)
		}
	}
	c.Biases = Coordinates{}
	plain := drawn(t, c, s)
	for j := range 400 {
		if plain[j] != theta[j] || plain[400+j] != (lanes.Vec{}) {
			t.Fatalf("coordinate %d: other biases change the weights", j)
		}
	}
}

func TestLayersErrors(t *testing.T) {
	s, bare := perceptron(t, true), perceptron(t, false)
	well := &sgdlab.Site{Model: must[sgdlab.Model](t)(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil)), Place: "start"}
	one := Coordinates{Every: 1}
	for want, f := range map[string]func() (sgdlab.Start, error){
		"2 sizes": func() (sgdlab.Start, error) {
			return NewLayers(LayersSettings{Weights: Coordinates{List: []float64{1, 2}}}, s)
		},
		"at least 0": func() (sgdlab.Start, error) {
			return NewLayers(LayersSettings{Weights: Coordinates{Every: -1}}, s)
		},
		"the model has none": func() (sgdlab.Start, error) {
			return NewLayers(LayersSettings{Weights: one, Biases: one}, bare)
		},
		"Layered": func() (sgdlab.Start, error) { return NewLayers(LayersSettings{Weights: one}, well) },
		"fan-out": func() (sgdlab.Start, error) {
			return NewLayers(LayersSettings{Weights: one, Scale: "fan-out"}, s)
		},
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want it to say %q", err, want)
		}
	}
}

// A scale by layers is that of the biases too.
func TestScalesOfBiases(t *testing.T) {
	s := perceptron(t, true)
	f, err := factors("fan-in", s.Model)
	if err != nil {
		t.Fatal(err)
	}
	for j, want := range map[int]float64{0: 1, 400: 1, 800: 1. / 20, 4400: 1. / 20, 4409: 1. / 3, 4418: 1. / 3} { // W₁, b₁, W₂, b₂, W₃, b₃
		if f[j] != want {
			t.Errorf("coordinate %d has the factor %g, want %g", j, f[j], want)
		}
	}
}
