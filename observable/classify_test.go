package observable

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

func classifier(t *testing.T, y lanes.Mat, x [][]float64, widths []int, loss model.Loss) *sgdlab.Site {
	t.Helper()
	set := &data.Set{Name: "classes", X: lanes.MatOf(x), Y: y}
	m, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: widths, Loss: loss}, set)
	if err != nil {
		t.Fatal(err)
	}
	return &sgdlab.Site{Data: set, Model: m}
}

func read(t *testing.T, o sgdlab.Observable, err error, theta []float64) []float64 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	dst := make(lanes.Pack, len(o.Columns()))
	o.Observe(dst, lanes.Of(theta), &sgdlab.Clock{}, &lanes.Arena{})
	out := make([]float64, len(dst))
	for i := range dst {
		out[i] = dst[i][3]
	}
	return out
}

// Margins by hand, of one output over each norm, and of several; a tie is wrong.
func TestMarginsByHand(t *testing.T) {
	y := lanes.NewMat(3, 1)
	copy(y.Data, []float64{1, -1, 1})
	s := classifier(t, y, [][]float64{{1, 0}, {0, 1}, {2, 2}}, []int{2, 1, 1}, model.Logistic())
	theta := []float64{3, -4, 0.5} // W = (1.5, −2): margins 1.5, 2, −1
	for over, want := range map[string]float64{"nothing": -1, "map": -1 / 2.5, "parameters": -1 / 25.25} {
		o, err := NewMargin(MarginSettings{Over: over}, s)
		if got := read(t, o, err, theta)[0]; math.Abs(got-want) > 1e-15 {
			t.Errorf("over %s: %g, want %g", over, got, want)
		}
	}
	o, err := NewAccuracy(AccuracySettings{Rows: "training"}, s)
	if got := read(t, o, err, theta)[0]; got != 2./3 {
		t.Errorf("accuracy %g, want 2/3", got)
	}
	hot := lanes.NewMat(3, 3)
	hot.Set(0, 0, 1)
	hot.Set(1, 2, 1)
	hot.Set(2, 1, 1)
	s = classifier(t, hot, [][]float64{{1}, {2}, {-1}}, []int{1, 3}, model.CrossEntropy())
	theta = []float64{1, 1, 3} // outputs (1, 1, 3), (2, 2, 6), (−1, −1, −3): margins −2, 4, 0
	if o, err = NewMargin(MarginSettings{Over: "nothing"}, s); read(t, o, err, theta)[0] != -2 {
		t.Errorf("margin %g, want −2", read(t, o, err, theta)[0])
	}
	if o, err = NewAccuracy(AccuracySettings{Rows: "training"}, s); read(t, o, err, theta)[0] != 1./3 {
		t.Errorf("accuracy %g, want 1/3: a tie is wrong", read(t, o, err, theta)[0])
	}
}

// Of a network whose output is a + b·x·(…) nothing is learnt at θ = 0, and the error of each frequency is that of the difference.
func TestFourierErrorByHand(t *testing.T) {
	set, err := data.NewFourier(data.FourierSettings{Frequencies: []int{1, 3}, Amplitudes: []float64{2, 0.5}, Samples: 16}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewMLP(model.MLPSettings{Widths: []int{1, 2, 1}, Activation: "tanh", Biases: true}, set)
	if err != nil {
		t.Fatal(err)
	}
	s := &sgdlab.Site{Data: set, Model: m}
	o, err := NewFourierError(FourierErrorSettings{Frequencies: []int{3, 1}}, s)
	for i, x := range read(t, o, err, make([]float64, m.Dim())) {
		if math.Abs(x-1) > 1e-14 {
			t.Errorf("column %d at 0: %g, want 1", i, x)
		}
	}
	theta := []float64{0.7, -1.1, 0.2, 0.4, 1.5, 0.3, -0.6}
	h := func(x float64) float64 { return 1.5*math.Tanh(0.7*x+0.2) + 0.3*math.Tanh(-1.1*x+0.4) - 0.6 }
	for i, got := range read(t, o, nil, theta) {
		k := []float64{3, 1}[i]
		var re, im, yre, yim float64
		for j := range 16 {
			x, y := set.X.At(j, 0), set.Y.At(j, 0)
			re, im = re+(h(x)-y)*math.Cos(k*x), im+(h(x)-y)*math.Sin(k*x)
			yre, yim = yre+y*math.Cos(k*x), yim+y*math.Sin(k*x)
		}
		if want := math.Hypot(re, im) / math.Hypot(yre, yim); math.Abs(got-want) > 1e-13 {
			t.Errorf("frequency %g: %.15g, want %.15g", k, got, want)
		}
	}
	if name := o.Columns()[0].Name; name != "fourier-error[3]" {
		t.Errorf("column %s", name)
	}
	if _, err := NewFourierError(FourierErrorSettings{Frequencies: []int{2}}, s); err == nil || !strings.Contains(err.Error(), "no frequency 2") {
		t.Errorf("error %v", err)
	}
}

func TestClassErrors(t *testing.T) {
	y := lanes.NewMat(2, 1)
	copy(y.Data, []float64{1, 0.5})
	s := classifier(t, y, [][]float64{{1}, {2}}, []int{1, 1}, model.MeanHalf())
	good := lanes.NewMat(2, 1)
	copy(good.Data, []float64{1, -1})
	g := classifier(t, good, [][]float64{{1}, {2}}, []int{1, 1}, model.MeanHalf())
	m, err := model.NewMLP(model.MLPSettings{Widths: []int{1, 2, 1}, Activation: "relu", Biases: true}, g.Data)
	if err != nil {
		t.Fatal(err)
	}
	biased := &sgdlab.Site{Data: g.Data, Model: m}
	for want, f := range map[string]func() error{
		"row 2 is neither":      func() error { _, err := NewMargin(MarginSettings{}, s); return err },
		"biases are in the way": func() error { _, err := NewMargin(MarginSettings{Over: "parameters"}, biased); return err },
		"over: map needs":       func() error { _, err := NewMargin(MarginSettings{Over: "map"}, biased); return err },
		"no test rows":          func() error { _, err := NewAccuracy(AccuracySettings{Rows: "test"}, g); return err },
		"frequencies is empty":  func() error { _, err := NewFourierError(FourierErrorSettings{}, g); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want it to say %q", err, want)
		}
	}
}
