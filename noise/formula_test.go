package noise

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/formula"
	"sgdlab/lanes"
)

func writtenFactor(t *testing.T, variables string, sigma ...[]string) *Formula {
	t.Helper()
	src, err := NewFormula(FormulaSettings{Sigma: sigma, Settings: formula.Settings{Variables: strings.Fields(variables)}, Scale: sgdlab.Constant(0.5)}, &sgdlab.Site{})
	if err != nil {
		t.Fatal(err)
	}
	if s := src.Scale(2)(&sgdlab.Clock{})[0]; s != 0.5 {
		t.Errorf("scale %g", s)
	}
	return src.Factor.(*Formula)
}

// What kind of noise a matrix is, by hand.
func TestFormulaKinds(t *testing.T) {
	for _, c := range []struct {
		what, variables string
		sigma           [][]string
		want            sgdlab.NoiseKind
	}{
		{"constants", "x y", [][]string{{"1", "2*pi"}, {"0", "x - x"}}, sgdlab.AdditiveNoise},
		{"one coordinate", "x", [][]string{{"sqrt(1 + x^2)"}}, sgdlab.DiagonalNoise},
		{"each its own", "x y", [][]string{{"x", "0"}, {"0", "sin(y)"}}, sgdlab.DiagonalNoise},
		{"one channel", "x y", [][]string{{"y"}, {"x^2"}}, sgdlab.CommutativeNoise},
		{"two channels on one coordinate, in proportion", "x", [][]string{{"x", "2*x"}}, sgdlab.CommutativeNoise},
		{"commuting linear fields", "x y", [][]string{{"x", "y"}, {"y", "x"}}, sgdlab.CommutativeNoise},
		{"rotation and growth", "x y", [][]string{{"x", "-y"}, {"y", "x"}}, sgdlab.CommutativeNoise},
		{"by an identity that simplification does not know", "x y", [][]string{{"1", "sin(x + y)^2 + cos(x + y)^2"}, {"0", "y"}}, sgdlab.CommutativeNoise},
		{"additive beside diagonal", "x y", [][]string{{"1", "0"}, {"0", "y"}}, sgdlab.DiagonalNoise},
		{"a shear and a shift", "x y", [][]string{{"1", "0"}, {"0", "x"}}, sgdlab.GeneralNoise},
		{"off the diagonal, each its own", "x y", [][]string{{"0", "x"}, {"y", "0"}}, sgdlab.CommutativeNoise},
		{"affine and linear on one coordinate", "x", [][]string{{"x", "1"}}, sgdlab.GeneralNoise},
		{"depends on the other", "x y", [][]string{{"y", "0"}, {"0", "x"}}, sgdlab.GeneralNoise},
		{"undefined at most points", "x y", [][]string{{"1", "log(x - 2.9)"}, {"0", "x"}}, sgdlab.GeneralNoise},
	} {
		if got := writtenFactor(t, c.variables, c.sigma...).Kind(); got != c.want {
			t.Errorf("%s: %v is %s, want %s", c.what, c.sigma, got, c.want)
		}
	}
}

// σξ, σᵀv and (Dσ[v])ξ of a matrix with more noises than coordinates, by hand.
func TestFormulaFactor(t *testing.T) {
	f := writtenFactor(t, "x y", []string{"x*y", "0", "exp(x)"}, []string{"1", "y^2", "sin(x - y)"})
	if f.Width() != 3 {
		t.Fatalf("width %d", f.Width())
	}
	x, y := 0.3, -0.7
	sigma := [2][3]float64{{x * y, 0, math.Exp(x)}, {1, y * y, math.Sin(x - y)}}
	along := [2][2][3]float64{ // by variable
		{{y, 0, math.Exp(x)}, {0, 0, math.Cos(x - y)}},
		{{x, 0, 0}, {0, 2 * y, -math.Cos(x - y)}},
	}
	theta, v, xi := lanes.Of([]float64{x, y}), lanes.Of([]float64{0.4, 1.5}), lanes.Of([]float64{-1, 0.8, 0.25})
	var ws lanes.Arena
	dst, back, da := make(lanes.Pack, 2), make(lanes.Pack, 3), make(lanes.Pack, 2)
	f.Apply(dst, theta, xi, &ws)
	f.ApplyT(back, theta, v, &ws)
	f.ApplyAlong(da, theta, v, xi, &ws)
	for i := range 2 {
		want, slope := 0.0, 0.0
		for j := range 3 {
			want += sigma[i][j] * xi[j][0]
			for k := range 2 {
				slope += along[k][i][j] * v[k][0] * xi[j][0]
			}
		}
		if math.Abs(dst[i][5]-want) > 1e-15 || math.Abs(da[i][5]-slope) > 1e-15 {
			t.Errorf("row %d: σξ %g, want %g; (Dσ[v])ξ %g, want %g", i, dst[i][5], want, da[i][5], slope)
		}
	}
	for j := range 3 {
		if want := sigma[0][j]*v[0][0] + sigma[1][j]*v[1][0]; math.Abs(back[j][2]-want) > 1e-15 {
			t.Errorf("column %d: σᵀv %g, want %g", j, back[j][2], want)
		}
	}
	if n := testing.AllocsPerRun(50, func() {
		f.Apply(dst, theta, xi, &ws)
		f.ApplyT(back, theta, v, &ws)
		f.ApplyAlong(da, theta, v, xi, &ws)
	}); n != 0 || ws.Mark() != 0 {
		t.Errorf("%g allocations, %d rows in use", n, ws.Mark())
	}
	none := writtenFactor(t, "x", []string{"0", "x - x"})
	none.Apply(dst[:1], theta[:1], xi[:2], &ws)
	none.ApplyAlong(da[:1], theta[:1], v[:1], xi[:2], &ws)
	if dst[0] != (lanes.Vec{}) || da[0] != (lanes.Vec{}) || none.Kind() != sgdlab.AdditiveNoise {
		t.Errorf("σ = 0: %v, %v", dst[0], da[0])
	}
}

func TestFormulaFactorErrors(t *testing.T) {
	for _, c := range []struct {
		variables  string
		parameters formula.Parameters
		sigma      [][]string
		want       string
	}{
		{"x y", nil, [][]string{{"x"}}, "sigma: got 1 rows for 2 variables; want one for each"},
		{"x y", nil, [][]string{{"x", "1"}, {"y"}}, "sigma[1]: got 1 entries, and 2 in sigma[0]; want rows of one length"},
		{"x", nil, [][]string{{}}, "sigma: got rows without entries"},
		{"x y", nil, [][]string{{"x", "1"}, {"y", "2*z"}}, "sigma[1][1]: column 3: got the name z; want one of x, y"},
		{"x", formula.Parameters{"s": 1}, [][]string{{"x"}}, "parameters: s is in no expression"},
		{"a b c d", nil, [][]string{{"1"}}, "variables: got 4; want 1 to 3"},
	} {
		_, err := NewFormula(FormulaSettings{Sigma: c.sigma, Settings: formula.Settings{Variables: strings.Fields(c.variables), Parameters: c.parameters}, Scale: sgdlab.Constant(1)}, &sgdlab.Site{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want … %s …", c.sigma, err, c.want)
		}
	}
	if _, err := NewFormula(FormulaSettings{Sigma: [][]string{{"x"}}, Settings: formula.Settings{Variables: []string{"x"}}}, &sgdlab.Site{Model: plane{}}); err == nil || !strings.Contains(err.Error(), "variables: got 1 for a model of 2 coordinates") {
		t.Errorf("on a model of two coordinates: %v", err)
	}
}

// plane is a model of two coordinates.
type plane struct{}

func (plane) Dim() int                                { return 2 }
func (plane) Loss(lanes.Pack, *lanes.Arena) lanes.Vec { return lanes.Vec{} }
func (plane) Grad(dst, _ lanes.Pack, _ *lanes.Arena)  { lanes.Zero(dst) }

// ½Σ(∂σ)σ as it is printed, by hand.
func TestInduced(t *testing.T) {
	for _, c := range []struct {
		variables []string
		sigma     [][]string
		want      []string // expressions of the same value
	}{
		{[]string{"x"}, [][]string{{"x"}}, []string{"x/2"}},
		{[]string{"x"}, [][]string{{"x^2"}}, []string{"x^3"}},
		{[]string{"u", "v"}, [][]string{{"v"}, {"u"}}, []string{"u/2", "v/2"}},
		{[]string{"x", "y"}, [][]string{{"1", "y"}, {"0", "x*y"}}, []string{"x*y/2", "(y^2 + x^2*y)/2"}},
	} {
		s := formula.Settings{Variables: c.variables}
		src, err := NewFormula(FormulaSettings{Sigma: c.sigma, Settings: s, Scale: sgdlab.Constant(1)}, &sgdlab.Site{})
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range src.Factor.(*Formula).Induced() {
			g, err := s.Graph(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := g.Parse(text)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			want, err := g.Parse(c.want[i])
			if err != nil {
				t.Fatal(err)
			}
			x := []float64{0.7, -1.3}[:len(c.variables)]
			if a, b := g.Eval(got, x), g.Eval(want, x); math.Abs(a-b) > 1e-14 {
				t.Errorf("½Σ(∂σ)σ of %v is %s, %.15g; want %s, %.15g", c.sigma, text, a, c.want[i], b)
			}
		}
	}
}
