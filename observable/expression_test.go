package observable_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
)

// Values by hand on ½(3x² + y²), and what is refused.
func TestExpression(t *testing.T) {
	m, err := model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{3, 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &sgdlab.Site{Model: m, Rate: sgdlab.Table([]float64{0.25, 0.5})}
	coordinate := func(i int) sgdlab.Part[sgdlab.Observable] {
		return func(s *sgdlab.Site) (sgdlab.Observable, error) {
			return observable.NewCoordinate(observable.CoordinateSettings{Index: i}, s)
		}
	}
	sharpness := func(s *sgdlab.Site) (sgdlab.Observable, error) {
		return observable.NewSharpness(observable.SharpnessSettings{Count: 1, Tolerance: 1e-9}, s)
	}
	o, err := observable.NewExpression(observable.ExpressionSettings{Value: "x^2 - y^2 + rate*S/2", As: "f", Terms: []observable.ExpressionOf{
		{As: "x", Of: coordinate(0)}, {As: "y", Of: coordinate(1)}, {As: "S", Of: sharpness, Column: "sharpness"}}}, s)
	if err != nil {
		t.Fatal(err)
	}
	at := &sgdlab.Clock{}
	at.Point[3] = 1
	dst, theta, ws := make(lanes.Pack, 1), lanes.Of([]float64{2, 1}), &lanes.Arena{}
	o.Observe(dst, theta, at, ws)
	for l := range dst[0] {
		want := 4 - 1 + 0.25*3/2
		if l == 3 {
			want = 4 - 1 + 0.5*3/2
		}
		if math.Abs(dst[0][l]-want) > 1e-14 {
			t.Errorf("lane %d: got %g, want %g", l, dst[0][l], want)
		}
	}

	for want, c := range map[string]observable.ExpressionSettings{
		"y is not in value":      {Value: "x", As: "f", Terms: []observable.ExpressionOf{{As: "x", Of: coordinate(0)}, {As: "y", Of: coordinate(1)}}},
		"choose another":         {Value: "rate", As: "f", Terms: []observable.ExpressionOf{{As: "rate", Of: coordinate(0)}}},
		"did you mean sharpness": {Value: "x", As: "f", Terms: []observable.ExpressionOf{{As: "x", Of: sharpness, Column: "sharpnes"}}},
		"without blanks":         {Value: "x", As: "a b", Terms: []observable.ExpressionOf{{As: "x", Of: coordinate(0)}}},
		"value":                  {Value: "x + z", As: "f", Terms: []observable.ExpressionOf{{As: "x", Of: coordinate(0)}}},
	} {
		if _, err := observable.NewExpression(c, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", c.Value, err, want)
		}
	}
	reads := func(*sgdlab.Site) (sgdlab.Observable, error) { return reading{}, nil }
	if _, err := observable.NewExpression(observable.ExpressionSettings{Value: "x", As: "f", Terms: []observable.ExpressionOf{{As: "x", Of: reads}}}, s); err == nil || !strings.Contains(err.Error(), "reads velocity") {
		t.Errorf("an observable of the velocity: %v", err)
	}
	if _, err := observable.NewPathIntegral(observable.PathIntegralSettings{Of: reads, As: "a"}, s); err == nil {
		t.Error("an integral of the velocity")
	}
	if _, err := observable.NewExpression(observable.ExpressionSettings{Value: "rate", As: "f"}, &sgdlab.Site{Model: m}); err == nil {
		t.Error("a rate where there is none")
	}
}

// The integral and the average of x along a path of steps that differ by lane.
func TestPathIntegral(t *testing.T) {
	m, err := model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{3, 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &sgdlab.Site{Model: m}
	of := func(s *sgdlab.Site) (sgdlab.Observable, error) {
		return observable.NewCoordinate(observable.CoordinateSettings{Index: 0}, s)
	}
	for _, per := range []string{"path", "time"} {
		a, err := observable.NewPathIntegral(observable.PathIntegralSettings{Of: of, Per: per, As: "a"}, s)
		if err != nil {
			t.Fatal(err)
		}
		acc, ws, at := make(lanes.Pack, 1), &lanes.Arena{}, &sgdlab.Clock{}
		var dt, sum lanes.Vec
		for l := range dt {
			dt[l] = 0.1 * float64(l+1)
		}
		for k := range 5 {
			x := float64(k*k) - 2
			a.Add(acc, lanes.Of([]float64{x, 0}), nil, &sgdlab.StepRecord{At: at, Dt: dt, Live: lanes.All.Without(2)}, ws)
			for l := range dt {
				at.Time[l] += dt[l]
				sum[l] += x * dt[l]
			}
		}
		for l := range sum {
			want := sum[l]
			if per == "time" {
				want /= at.Time[l]
			}
			if l == 2 {
				want = 0
			}
			if math.Abs(acc[0][l]-want) > 1e-14 {
				t.Errorf("%s, lane %d: got %g, want %g", per, l, acc[0][l], want)
			}
		}
	}
}

// reading is an observable of more than θ.
type reading struct{ sgdlab.Observable }

func (reading) Reads() []string { return []string{"velocity"} }
