package model

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/model/modeltest"
)

func written(t *testing.T, loss string, variables []string, parameters formula.Parameters, critical Positions) sgdlab.Model {
	t.Helper()
	return must[sgdlab.Model](t)(NewFormula(FormulaSettings{Loss: loss, Settings: formula.Settings{Variables: variables, Parameters: parameters}, Critical: critical}, nil))
}

// A formula has the values and derivatives of the model that it spells.
func TestFormulaIsTheModelItSpells(t *testing.T) {
	var ws lanes.Arena
	near := func(what string, got, want lanes.Pack) {
		t.Helper()
		for j := range want {
			for l := range want[j] {
				if math.Abs(got[j][l]-want[j][l]) > 1e-13*(1+math.Abs(want[j][l])) {
					t.Errorf("%s: %.17g, want %.17g", what, got[j][l], want[j][l])
				}
			}
		}
	}
	for _, c := range []struct {
		formula, model sgdlab.Model
		from           float64
	}{
		{written(t, "4*b*((x/a)^4/4 - (x/a)^2/2)", []string{"x"}, formula.Parameters{"a": 1.3, "b": 0.7}, nil), &DoubleWell{Barrier: 0.7, Well: 1.3}, -2},
		{written(t, "(3*u^2 - w^2/10 + 0*v)/2", []string{"u", "v", "w"}, nil, nil), must[sgdlab.Model](t)(NewQuadratic(QuadraticSettings{Spectrum: []float64{3, 0, -0.1}}, nil)), -3},
	} {
		d := c.model.Dim()
		theta, u, v := make(lanes.Pack, d), make(lanes.Pack, d), make(lanes.Pack, d)
		for j := range theta {
			for l := range theta[j] {
				theta[j][l], u[j][l], v[j][l] = c.from+0.5*float64(l)+0.3*float64(j), 1+0.1*float64(l), float64(j)-0.4
			}
		}
		got, want := make(lanes.Pack, d), make(lanes.Pack, d)
		near("L", lanes.Pack{c.formula.Loss(theta, &ws)}, lanes.Pack{c.model.Loss(theta, &ws)})
		c.formula.Grad(got, theta, &ws)
		c.model.Grad(want, theta, &ws)
		near("∇L", got, want)
		c.formula.(sgdlab.Curved).HessVec(got, theta, v, &ws)
		c.model.(sgdlab.Curved).HessVec(want, theta, v, &ws)
		near("∇²Lv", got, want)
		c.formula.(sgdlab.Cubic).ThirdVec(got, theta, u, v, &ws)
		c.model.(sgdlab.Cubic).ThirdVec(want, theta, u, v, &ws)
		near("D³L[u, v]", got, want)
	}
}

// Critical points of
//
//	L = x⁴/4 − x²/2 + x/10 + (y − x²)²,
//
// on y = x², where x³ − x + 1/10 = 0; and of landscapes whose saddle joins three minima two by two, or is degenerate.
func TestFormulaCriticalPoints(t *testing.T) {
	m := written(t, "x^4/4 - x^2/2 + x/10 + (y - x^2)^2", []string{"x", "y"}, nil, Positions{"left": {-1, 0.7}, "right": {1, 1}, "top": {0.2, -0.1}})
	points := m.(sgdlab.Charted).CriticalPoints()
	if len(points) != 3 {
		t.Fatalf("%d points", len(points))
	}
	for i, name := range []string{"left", "right", "top"} {
		p := points[i]
		x := p.At[0]
		if p.Name != name || p.Nullity != 0 || (p.Index == 1) != (name == "top") || p.Index > 1 {
			t.Errorf("%+v", p)
		}
		if math.Abs(x*x*x-x+0.1) > 4e-16 || math.Abs(p.At[1]-x*x) > 4e-16 {
			t.Errorf("%s at %v is no zero: off by %g", name, p.At, x*x*x-x+0.1)
		}
		if want := x*x*x*x/4 - x*x/2 + x/10; math.Abs(p.Value-want) > 1e-15 {
			t.Errorf("L = %g at %s, want %g", p.Value, name, want)
		}
	}
	if j := strings.Join(points[2].Joins, " "); j != "left right" {
		t.Errorf("the pass joins %s", j)
	}
	points[0].At[0] = 99 // the caller's own
	if m.(sgdlab.Charted).CriticalPoints()[0].At[0] == 99 {
		t.Error("points share memory with the model's")
	}

	// Wells at the corners of a triangle: −log Σ exp of three bowls, and one of its passes.
	three := written(t, "-log(exp(-8*((x-1)^2 + y^2)) + exp(-8*((x+1)^2 + y^2)) + exp(-8*(x^2 + (y-1.7)^2)))", []string{"x", "y"}, nil,
		Positions{"east": {1, 0}, "west": {-1, 0}, "north": {0, 1.7}, "south-pass": {0, 0.02}, "east-pass": {0.5, 0.85}})
	for _, p := range three.(sgdlab.Charted).CriticalPoints() {
		want := map[string]string{"south-pass": "east west", "east-pass": "east north"}[p.Name]
		if got := strings.Join(p.Joins, " "); got != want || (p.Index == 1) != (want != "") {
			t.Errorf("%s of index %d joins %q, want %q", p.Name, p.Index, got, want)
		}
	}

	// A degenerate saddle is found to all its digits though Newton's method only creeps up to it.
	m = written(t, "-x^4/4 + y^2", []string{"x", "y"}, nil, Positions{"origin": {0.3, 0.4}})
	if p := m.(sgdlab.Charted).CriticalPoints()[0]; p.At[0] != 0 || p.At[1] != 0 || p.Index != 0 || p.Nullity != 1 || p.Joins != nil {
		t.Errorf("%+v", p)
	}

	// A pass that is quartic across the way joins as well.
	m = written(t, "(x^2 - 1)^2/4 + x^2*y^2/2 + y^4", []string{"x", "y"}, nil, Positions{"left": {-1, 0}, "gate": {0.01, 0.01}, "right": {1, 0}})
	for _, p := range m.(sgdlab.Charted).CriticalPoints() {
		if got := strings.Join(p.Joins, " "); p.Name == "gate" && (p.Index != 1 || p.Nullity != 1 || got != "left right") {
			t.Errorf("a quartic pass: %+v", p)
		}
	}
	m = written(t, "exp((x + y)^2) + (x - 0.7*y - 0.3)^4", []string{"x", "y"}, nil, Positions{"bottom": {0.3, 0}})
	if p := m.(sgdlab.Charted).CriticalPoints()[0]; math.Abs(p.At[0]-0.3/1.7) > 1e-6 || math.Abs(p.At[0]+p.At[1]) > 1e-12 || p.Index != 0 || p.Nullity != 1 {
		t.Errorf("%+v", p)
	}
	flat := written(t, "0*x + 3", []string{"x"}, nil, Positions{"anywhere": {0.3}})
	if p := flat.(sgdlab.Charted).CriticalPoints()[0]; p.At[0] != 0.3 || p.Nullity != 1 || p.Value != 3 {
		t.Errorf("%+v", p)
	}
}

func TestFormulaErrors(t *testing.T) {
	xy := []string{"x", "y"}
	for _, c := range []struct {
		loss       string
		variables  []string
		parameters formula.Parameters
		critical   Positions
		want       []string
	}{
		{"x^2 + z", xy, nil, nil, []string{"loss: column 7: got the name z; want one of x, y, or a number"}},
		{"x^2 + alpa", xy, formula.Parameters{"alpha": 1}, nil, []string{"column 7: got the name alpa", "did you mean alpha?"}},
		{"cosine(x)", xy, nil, nil, []string{"loss: column 1: got the function cosine; want one of"}},
		{"x^2 +", xy, nil, nil, []string{"loss: column 6: got the end"}},
		{"x", []string{"x", "y", "z", "w"}, nil, nil, []string{"variables: got 4; want 1 to 3", "cube"}},
		{"1", nil, nil, nil, []string{"variables: got 0"}},
		{"x^2", []string{"x"}, formula.Parameters{"a": 1}, nil, []string{"parameters: a is in no expression"}},
		{"x^2", []string{"x"}, nil, Positions{"bottom": {0, 0}}, []string{"critical: bottom: got 2 numbers; want one for each of x"}},
		{"x + y^2", xy, nil, Positions{"bottom": {0, 0}}, []string{"critical: bottom: no critical point is found from [0 0]", "want a place nearer"}},
		{"exp(x)", []string{"x"}, nil, Positions{"bottom": {0}}, []string{"no critical point is found"}},
		{"log(x)", []string{"x"}, nil, Positions{"bottom": {0}}, []string{"∇L is [+Inf] at [0]; want a place where it is finite"}},
		{"x^4/4 - x^2/2", []string{"x"}, nil, Positions{"left": {0.9}, "right": {1.1}}, []string{"critical: left and right are both at [1]"}},
	} {
		m, err := NewFormula(FormulaSettings{Loss: c.loss, Settings: formula.Settings{Variables: c.variables, Parameters: c.parameters}, Critical: c.critical}, nil)
		if err == nil {
			t.Errorf("%s is accepted: %v", c.loss, m)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q; want … %s …", c.loss, err, want)
			}
		}
	}
	var p Positions
	if err := p.Decode(map[string]any{"left": -1.0, "pass": []any{0.0, 1.0}}); err != nil || p["left"][0] != -1 || len(p["pass"]) != 2 {
		t.Errorf("%v, %v", p, err)
	}
	for _, bad := range []any{3.0, map[string]any{"left": "west"}, map[string]any{"left": []any{math.Inf(1)}}} {
		if err := p.Decode(bad); err == nil || !strings.Contains(err.Error(), "want ") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := NewFormula(FormulaSettings{Loss: "x", Settings: formula.Settings{Variables: []string{"x"}}}, teacher(t, 3, 1, 5, false, 0, 1)); err == nil || !strings.Contains(err.Error(), "leave out data") {
		t.Errorf("with data: %v", err)
	}
}

// The battery of models, on formulas with every kind of operation, and what they cost.
func TestFormulaBattery(t *testing.T) {
	for loss, variables := range map[string]string{
		"x^4/4 - x^2/2": "x",
		"exp(-(x^2 + y^2)/3)*(1 + sin(x*y)) + sqrt(1 + x^2 + y^4)": "x y",
		"log(1 + x^2*y^2) + tanh(z - x)^2 + atan(y*z)":             "x y z",
		"erf(x)^2 + cosh(y/2)*(2 + cos(z)) + (2 + tanh(x))^y":      "x y z",
	} {
		m := written(t, loss, strings.Fields(variables), nil, nil)
		if got := strings.Join(modeltest.Run(t, m, 0.7), " "); got != "Cubic Curved Formed Model" {
			t.Errorf("%s offers %s", loss, got)
		}
		d := m.Dim()
		var ws lanes.Arena
		theta, dst, h := make(lanes.Pack, d), make(lanes.Pack, d), make(lanes.Pack, d*d)
		if n := testing.AllocsPerRun(50, func() {
			m.Loss(theta, &ws)
			m.Grad(dst, theta, &ws)
			m.(sgdlab.Formed).Hessian(h, theta, &ws)
			m.(sgdlab.Curved).HessVec(dst, theta, theta, &ws)
			m.(sgdlab.Cubic).ThirdVec(dst, theta, theta, theta, &ws)
		}); n != 0 || ws.Mark() != 0 {
			t.Errorf("%s: %g allocations, %d rows in use", loss, n, ws.Mark())
		}
	}
	m := written(t, "x^4/4 - x^2/2", []string{"x"}, nil, Positions{"left": {-1}, "right": {1}, "top": {0}})
	if got := strings.Join(modeltest.Run(t, m, 0.7), " "); got != "Charted Cubic Curved Formed Model" {
		t.Errorf("with critical points it offers %s", got)
	}
}

func BenchmarkFormulaGrad(b *testing.B) {
	for name, m := range map[string]func() (sgdlab.Model, error){
		"formula": func() (sgdlab.Model, error) {
			return NewFormula(FormulaSettings{Loss: "x^4/4 - x^2/2", Settings: formula.Settings{Variables: []string{"x"}}}, nil)
		},
		"double-well": func() (sgdlab.Model, error) { return NewDoubleWell(DoubleWellSettings{Barrier: 0.25, Well: 1}, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			m, err := m()
			if err != nil {
				b.Fatal(err)
			}
			var ws lanes.Arena
			theta, dst := lanes.Of([]float64{0.3}), make(lanes.Pack, 1)
			for b.Loop() {
				m.Grad(dst, theta, &ws)
			}
		})
	}
}
