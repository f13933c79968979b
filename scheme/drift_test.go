package scheme

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/fokkerplanck"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/noise"
)

func writtenDrift(t *testing.T, variables []string, parameters formula.Parameters, components ...string) sgdlab.Drift {
	t.Helper()
	f, err := NewFormula(FormulaSettings{Components: components, Settings: formula.Settings{Variables: variables, Parameters: parameters}}, &sgdlab.Site{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A written drift takes the steps of the same drift in Go, to rounding: damped rotation θ′ = (y, −x − cy).
func TestFormulaDriftTurns(t *testing.T) {
	f := writtenDrift(t, []string{"x", "y"}, formula.Parameters{"c": 0.5}, "y", "-x - c*y")
	stepper, err := New(&sgdlab.SDE{Drift: f}, EulerMaruyama{}, sgdlab.Constant(0.25))
	if err != nil {
		t.Fatal(err)
	}
	theta := lanes.Of([]float64{1, 0})
	x, y := 1.0, 0.0
	at := &sgdlab.Clock{}
	for range 50 {
		stepper.Step(theta, at, lanes.All, nil)
		x, y = x+0.25*y, y+0.25*(-x-0.5*y)
	}
	if math.Abs(theta[0][3]-x) > 1e-13 || math.Abs(theta[1][3]-y) > 1e-13 {
		t.Errorf("after 50 steps (%.15g, %.15g), want (%.15g, %.15g)", theta[0][3], theta[1][3], x, y)
	}
}

// In one dimension the exit problem of an SDE that a spec writes out, drift and noise, is solved: for ds = μs dt + σs dW
// (Itô) between 1 and 4, from 2, where log s is a Brownian motion with drift.
func TestFormulaSDEIsSolved(t *testing.T) {
	const mu, sigma = 0.3, 0.4
	drift := writtenDrift(t, []string{"s"}, formula.Parameters{"mu": mu}, "mu*s")
	src, err := noise.NewFormula(noise.FormulaSettings{Sigma: [][]string{{"s/2", "s*sqrt(3)/2"}}, Settings: formula.Settings{Variables: []string{"s"}}, Scale: sgdlab.Constant(sigma)}, &sgdlab.Site{})
	if err != nil {
		t.Fatal(err)
	}
	law, err := noise.NewGaussian(noise.GaussianSettings{}, &sgdlab.Site{Place: "noise[0]"})
	if err != nil {
		t.Fatal(err)
	}
	n, err := noise.Join(src, law)
	if err != nil {
		t.Fatal(err)
	}
	problem, err := fokkerplanck.OfSDE(&sgdlab.SDE{Drift: drift, Noise: []sgdlab.Noise{n}, Sense: sgdlab.Ito}, &sgdlab.Clock{}, 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	if d := problem.Diffusion(3); math.Abs(d-sigma*sigma*9/2) > 1e-14 {
		t.Errorf("D(3) = %.17g, want %.17g", d, sigma*sigma*9/2)
	}
	if a := problem.Drift(3); math.Abs(a-mu*3) > 1e-15 {
		t.Errorf("a(3) = %g", a)
	}
	// log x is a Brownian motion with drift ν = μ − σ²/2 between 0 and log 4.
	nu, up, x := mu-sigma*sigma/2, math.Log(4), math.Log(2)
	k := 2 * nu / (sigma * sigma)
	high := (1 - math.Exp(-k*x)) / (1 - math.Exp(-k*up))
	want := (up*high - x) / nu
	exit, err := problem.MeanExitTime(2, 1e-10)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(exit.Value-want) > 1e-9*want {
		t.Errorf("mean exit time %.12g, want %.12g", exit.Value, want)
	}
}

func TestFormulaDriftErrors(t *testing.T) {
	for _, c := range []struct {
		variables  string
		components []string
		want       string
	}{
		{"x y", []string{"y"}, "components: got 1 expressions for 2 variables; want one for each"},
		{"x y", []string{"y", "x + q"}, "components[1]: column 5: got the name q; want one of x, y"},
		{"x y z w", []string{"1", "1", "1", "1"}, "variables: got 4; want 1 to 3"},
		{"x y", []string{"y", "x/0"}, "components[1]: column 2: division by zero"},
	} {
		_, err := NewFormula(FormulaSettings{Components: c.components, Settings: formula.Settings{Variables: strings.Fields(c.variables)}}, &sgdlab.Site{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want … %s …", c.components, err, c.want)
		}
	}
	if _, err := NewDownhill(struct{}{}, &sgdlab.Site{}); err == nil || !strings.Contains(err.Error(), "no model") {
		t.Errorf("downhill of nothing: %v", err)
	}
}
