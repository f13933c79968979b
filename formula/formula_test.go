package formula

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sgdlab/lanes"
)

func graph(t testing.TB, variables ...string) *Graph {
	t.Helper()
	g, err := NewGraph(variables, Parameters{"a": 2, "b": -0.5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func parsed(t testing.TB, g *Graph, text string) Ref {
	t.Helper()
	r, err := g.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// Values at x = 0.7, y = −1.3 are those of the standard library.
func TestValues(t *testing.T) {
	x, y := 0.7, -1.3
	for text, want := range map[string]float64{
		"x":                             x,
		"a*x + b":                       2*x - 0.5,
		"-2^2 + 2^3^2":                  508,
		"x^4/4 - x^2/2 + a*y^2":         math.Pow(x, 4)/4 - x*x/2 + 2*y*y,
		"x^-3":                          math.Pow(x, -3),
		"x^2.5 + pow(x, y)":             math.Pow(x, 2.5) + math.Pow(x, y),
		"sqrt(x) + x^0.5":               2 * math.Sqrt(x),
		"exp(x) + expm1(y)":             math.Exp(x) + math.Expm1(y),
		"log(x) - log1p(x)":             math.Log(x) - math.Log1p(x),
		"sin(x) + cos(y) + tan(x)":      math.Sin(x) + math.Cos(y) + math.Tan(x),
		"sinh(x)*cosh(y)/tanh(x)":       math.Sinh(x) * math.Cosh(y) / math.Tanh(x),
		"atan(y) + erf(x)":              math.Atan(y) + math.Erf(x),
		"abs(y) + sign(y) + step(x)":    1.3 - 1 + 1,
		"relu(y) + relu(x)":             x,
		"min(x, y, 3) + max(x, y, -4)":  y + x,
		"where(x, 5, 7) + where(y,1,2)": 7,
		"2*pi":                          2 * math.Pi,
	} {
		g := graph(t, "x", "y")
		if got := g.Eval(parsed(t, g, text), []float64{x, y}); !(math.Abs(got-want) <= 1e-14*math.Max(1, math.Abs(want))) {
			t.Errorf("%s = %.17g, want %.17g", text, got, want)
		}
	}
}

// Simplified forms, as they print.
func TestSimplification(t *testing.T) {
	for text, want := range map[string]string{
		"0*exp(x) + x*1 - 0":   "x",
		"x*x*x":                "x^3",
		"x + 2 + 0*y":          "x + 2",
		"-(x - y)":             "y - x",
		"x - -2":               "x + 2",
		"x + -2*y":             "x - 2*y",
		"2*(3*x)*y":            "6*(x*y)",
		"(2*x)/4":              "0.5*x",
		"x/3":                  "x/3",
		"6*x/3":                "2*x",
		"sin(-x)*cos(-y)":      "-(sin(x)*cos(y))",
		"abs(-x)^2":            "x^2",
		"x - x":                "0",
		"x + x":                "2*x",
		"min(x, x)":            "x",
		"x^1 + x^0":            "x + 1",
		"(x^2)^3":              "x^6",
		"(-x)^3":               "-x^3",
		"y*x - x*y":            "0",
		"where(1, x, y)":       "x",
		"where(x, y, y)":       "y",
		"sqrt(4)*x^0.5":        "2*sqrt(x)",
		"(x - y)/-2":           "-0.5*(x - y)",
		"(-2)^x":               "(-2)^x",
		"x^(-y)":               "x^-y",
		"(x^2)^0.3":            "(x^2)^0.3",
		"x - (y - 1)":          "x - (y - 1)",
		"x/(y/2)":              "x/(0.5*y)",
		"max(min(x, 1), -1e3)": "max(min(x, 1), -1000)",
	} {
		g := graph(t, "x", "y")
		if got := g.String(parsed(t, g, text)); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestDerivativesPrint(t *testing.T) {
	for text, want := range map[string]string{
		"x^4/4 - x^2/2 + a*y^2": "x^3 - x",
		"exp(-x^2)":             "-2*(x*exp(-x^2))",
		"abs(x)":                "sign(x)",
		"relu(x)":               "step(x)",
		"sign(x) + step(x)":     "0",
		"min(x, y)":             "where(y - x, 1, 0)",
		"max(x^2, y)":           "where(y - x^2, 0, 2*x)",
		"where(x, x^2, y)":      "where(x, 2*x, 0)",
		"sqrt(x)":               "1/(2*sqrt(x))",
		"log(x)":                "1/x",
		"x^y":                   "y*x^(y - 1)",
	} {
		g := graph(t, "x", "y")
		if got := g.String(g.Derivative(parsed(t, g, text), 0)); got != want {
			t.Errorf("∂/∂x of %s is %s, want %s", text, got, want)
		}
	}
}

// At kinks everything is halfway between the sides.
func TestKinks(t *testing.T) {
	g := graph(t, "x", "y")
	for text, want := range map[string][2]float64{ // value and ∂/∂x at x = y = 0
		"abs(x)": {0, 0}, "sign(x)": {0, 0}, "step(x)": {0.5, 0}, "relu(x)": {0, 0.5}, "min(x, y)": {0, 0.5}, "max(3*x, y)": {0, 1.5}, "where(x, 1, 2)": {1.5, 0},
	} {
		r := parsed(t, g, text)
		if v, d := g.Eval(r, []float64{0, 0}), g.Eval(g.Derivative(r, 0), []float64{0, 0}); v != want[0] || d != want[1] {
			t.Errorf("%s: value %g, slope %g; want %g", text, v, d, want)
		}
	}
	for _, text := range []string{"sign(x)", "step(x)", "relu(x)", "where(x, 1, 2)", "min(x, 1)", "max(x, 1)", "0.5*abs(x)"} {
		if v := g.Eval(parsed(t, g, text), []float64{math.NaN(), 0}); !math.IsNaN(v) {
			t.Errorf("%s of NaN is %g", text, v)
		}
	}
}

func TestRefusals(t *testing.T) {
	suggest := func(word string, known []string) string {
		return fmt.Sprintf("; did you mean %s of %d?", known[0], len(known))
	}
	g, err := NewGraph([]string{"x", "y"}, Parameters{"a": 2}, suggest)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"x + z":                          "column 5: got the name z; want one of x, y, a, or a number; did you mean x of 3?",
		"x + $a":                         "column 5: got $; want a number, a name or (",
		"sgn(x)":                         "column 1: got the function sgn; want one of pow, sqrt",
		"x/0":                            "column 2: division by zero",
		"x/(a - 2)":                      "column 2: division by zero",
		"log(0)*x":                       "column 1: log(0) has no finite value",
		"inf*x":                          "column 1: got inf; want a finite number",
		"atan(x, y)":                     "column 1: got 2 arguments of atan; want 1",
		"pow(x)":                         "column 1: got 1 arguments of pow; want 2",
		"where(x, y)":                    "want 3",
		"x y":                            "column 3: got y; want an operator",
		"":                               "column 1: got the end",
		"2x":                             "column 1: got 2x",
		strings.Repeat("-", 200) + "x":   "fewer parentheses",
		strings.Repeat("x+", 8000) + "x": "a shorter expression",
		strings.Repeat("x", MaxLength+1): "a shorter one",
		"1e999":                          "got 1e999",
		"x = 2":                          "column 3: got =",
		"\xff":                           "column 1",
	} {
		if _, err := g.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want … %s …", text, err, want)
		}
	}
	if u := g.Unused(); u != "" { // used in an expression that was refused for another reason
		t.Errorf("unused: %q", u)
	}
	for want, build := range map[string]func() error{
		`variable "2x" is no name`:                   func() error { _, err := NewGraph([]string{"2x"}, nil, nil); return err },
		`variable "a-b" is no name`:                  func() error { _, err := NewGraph([]string{"a-b"}, nil, nil); return err },
		`variable "exp" is the name of a function`:   func() error { _, err := NewGraph([]string{"exp"}, nil, nil); return err },
		`parameter "pi" is the name of a number`:     func() error { _, err := NewGraph(nil, Parameters{"pi": 3}, nil); return err },
		`variable "x" has the name of another`:       func() error { _, err := NewGraph([]string{"x", "x"}, nil, nil); return err },
		`parameter "x" has the name of another`:      func() error { _, err := NewGraph([]string{"x"}, Parameters{"x": 1}, nil); return err },
		`parameter a is NaN; want a finite number`:   func() error { _, err := NewGraph(nil, Parameters{"a": math.NaN()}, nil); return err },
		`got 3; want names and numbers`:              func() error { return new(Parameters).Decode(3.0) },
		`a: got [1]; want a number`:                  func() error { return new(Parameters).Decode(map[string]any{"a": []any{1.0}}) },
		`a: got the name b; want a number`:           func() error { return new(Parameters).Decode(map[string]any{"a": "2*b"}) },
		`a: column 2: division by zero`:              func() error { return new(Parameters).Decode(map[string]any{"a": "1/0"}) },
		`a: column 1: got inf; want a finite number`: func() error { return new(Parameters).Decode(map[string]any{"a": "inf"}) },
	} {
		if err := build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want … %s …", err, want)
		}
	}
	var p Parameters
	if err := p.Decode(map[string]any{"a": 2.5, "b": "sqrt(2)/2"}); err != nil || p["a"] != 2.5 || p["b"] != math.Sqrt2/2 {
		t.Errorf("%v, %v", p, err)
	}
	h, _ := NewGraph([]string{"x"}, Parameters{"a": 1, "c": 1}, nil)
	parsed(t, h, "a*x")
	if u := h.Unused(); u != "c" {
		t.Errorf("unused: %q", u)
	}
}

// draw makes a random expression that is smooth where its variables are.
func draw(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(7) == 0 {
		switch r.IntN(4) {
		case 0:
			return format(math.Round(100*(4*r.Float64()-2)) / 100)
		case 1:
			return "a"
		default:
			return []string{"x", "y", "z"}[r.IntN(3)]
		}
	}
	sub := func() string { return "(" + draw(r, depth-1) + ")" }
	switch r.IntN(26) {
	case 0, 1, 2:
		return sub() + "+" + sub()
	case 3, 4, 5:
		return sub() + "-" + sub()
	case 6, 7, 8, 9:
		return sub() + "*" + sub()
	case 10:
		return sub() + "/(1 + " + sub() + "^2)"
	case 11:
		return "-" + sub()
	case 12, 13:
		return sub() + "^" + fmt.Sprint(r.IntN(6))
	case 14:
		return "(1.5 + sin" + sub() + ")^" + sub()
	case 15:
		return "sqrt(2 + cos" + sub() + ")"
	case 16:
		return "log(1.1 + " + sub() + "^2)"
	case 17:
		return "where(" + draw(r, depth-1) + "," + draw(r, depth-1) + "," + draw(r, depth-1) + ")"
	case 18:
		return []string{"min", "max"}[r.IntN(2)] + "(" + draw(r, depth-1) + "," + draw(r, depth-1) + ")"
	case 19:
		return "(2 + tanh" + sub() + ")^-" + fmt.Sprint(1+r.IntN(5))
	default:
		f := []string{"sin", "cos", "tanh", "atan", "erf", "abs", "relu", "sign", "step", "exp", "sinh", "cosh", "tan", "expm1"}[r.IntN(14)]
		if f == "exp" || f == "sinh" || f == "cosh" || f == "expm1" {
			return f + "(sin" + sub() + ")"
		}
		return f + sub()
	}
}

// TestRandomExpressions: compiled programs equal the evaluation node by node bit for bit, printing and parsing returns the
// same expression, and derivatives of all orders are the limits of differences.
func TestRandomExpressions(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var ws lanes.Arena
	compared := 0
	for trial := range 600 {
		g := graph(t, "x", "y", "z")
		text := draw(r, 1+r.IntN(4))
		top, err := g.Parse(text)
		if err != nil {
			if !strings.Contains(err.Error(), "no finite value") {
				t.Fatalf("%s: %v", text, err)
			}
			continue
		}
		all := append([]Ref{top}, g.Gradient(top)...)
		all = append(append(all, g.Hessian(top)...), g.Third(top)...)
		if len(all) != 1+3+6+10 {
			t.Fatalf("%d results", len(all))
		}
		for _, e := range all {
			if s := g.String(e); len(s) < MaxLength {
				back, err := g.Parse(s)
				if strings.Contains(fmt.Sprint(err), "in each other") || strings.Contains(fmt.Sprint(err), "shorter") || strings.Contains(fmt.Sprint(err), "no finite value") {
					continue
				}
				if err != nil || back != e {
					t.Fatalf("%s: %s reads back as %s, %v", text, s, g.String(max(back, 0)), err)
				}
			}
		}
		p, err := g.Compile(all...)
		if err != nil {
			t.Fatal(err)
		}
		x := make(lanes.Pack, 3)
		for j := range x {
			for l := range x[j] {
				x[j][l] = 3*r.Float64() - 1.5
			}
		}
		x[0][3], x[1][4], x[2][5], x[0][6] = 0, 0, 0, math.NaN()
		dst := make(lanes.Pack, len(all))
		p.Run(dst, x, &ws)
		if ws.Mark() != 0 {
			t.Fatalf("%d rows of scratch in use", ws.Mark())
		}
		for l := range lanes.W {
			at := x.Lane(nil, l)
			for i, e := range all {
				want := g.Eval(e, at)
				if got := dst[i][l]; math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Fatalf("%s: result %d at %v is %.17g compiled, %.17g node by node: %s", text, i, at, got, want, g.String(e))
				}
			}
		}
		if slices.ContainsFunc([]string{"sign", "step", "abs", "relu", "where", "min", "max("}, func(f string) bool { return strings.Contains(text, f) }) {
			continue // differences across a kink mean nothing; TestKinks has those
		}
		// Each derivative against differences of the order below.
		at := x.Lane(nil, trial%3)
		below := func(e Ref, variable int) (slope, scale float64) {
			const h = 1e-3
			f := func(s float64) float64 {
				q := append([]float64(nil), at...)
				q[variable] += s * h
				return g.Eval(e, q)
			}
			a, b, c := (f(1)-f(-1))/(2*h), (f(2)-f(-2))/(4*h), (f(3)-f(-3))/(6*h)
			return (15*a - 6*b + c) / 10, math.Abs(a-b) + math.Abs(f(0))*1e-3 + math.Abs(f(2))*1e-3 + math.Abs(f(-2))*1e-3
		}
		check := func(e Ref, variable int, d Ref) {
			got := g.Eval(d, at)
			want, scale := below(e, variable)
			if !(scale < 1) {
				return // too steep for steps of 1e-3
			}
			compared++
			if !(math.Abs(got-want) <= 1e-7*(1+math.Abs(want))+1e-5*scale) {
				t.Errorf("%s: ∂%d of %s at %v is %.12g, differences say %.12g", text, variable, g.String(e), at, got, want)
			}
		}
		h, third := 4, 10
		for i := range 3 {
			check(top, i, all[1+i])
			for j := range i + 1 {
				check(all[1+i], j, all[h])
				check(all[1+j], i, all[h])
				for k := range j + 1 {
					check(all[h], k, all[third])
					third++
				}
				h++
			}
		}
	}
	if compared < 3000 {
		t.Errorf("only %d derivatives were compared", compared)
	}
	t.Logf("%d derivatives compared", compared)
}

// Every function's derivative, at places on both sides of 0.
func TestFunctionDerivatives(t *testing.T) {
	for _, name := range Functions() {
		if n := map[string]int{"pow": 2, "min": 2, "max": 2, "where": 3}[name]; n > 0 {
			continue // TestDerivativesPrint, TestKinks
		}
		g := graph(t, "x")
		f := parsed(t, g, name+"(x)")
		d := g.Derivative(f, 0)
		for _, x := range []float64{-0.8, -0.3, 0.2, 0.6, 1.7} {
			if x < 0 && (name == "sqrt" || name == "log") {
				continue
			}
			e := func(s float64) float64 { return g.Eval(f, []float64{x + s*1e-3}) }
			want := (45*(e(1)-e(-1)) - 9*(e(2)-e(-2)) + e(3) - e(-3)) / 60e-3
			if got := g.Eval(d, []float64{x}); !(math.Abs(got-want) < 1e-9*(1+math.Abs(want))) {
				t.Errorf("%s′(%g) = %.12g, differences say %.12g", name, x, got, want)
			}
		}
	}
}

// A whole landscape is one program without duplicates, and running it allocates nothing.
func TestProgram(t *testing.T) {
	g := graph(t, "x", "y")
	f := parsed(t, g, "exp(-x^2 - y^2)*(1 + x*y)")
	all := append(append([]Ref{f}, g.Gradient(f)...), g.Hessian(f)...)
	p, err := g.Compile(all...)
	if err != nil {
		t.Fatal(err)
	}
	exps := 0
	for _, in := range p.code {
		if in.op == Exp {
			exps++
		}
	}
	if exps != 1 {
		t.Errorf("%d exponentials for one", exps)
	}
	if p.registers >= len(p.code) {
		t.Errorf("%d registers for %d instructions: none is used again", p.registers, len(p.code))
	}
	var ws lanes.Arena
	x, dst := lanes.Of([]float64{0.3, -0.2}), make(lanes.Pack, len(all))
	if n := testing.AllocsPerRun(100, func() { p.Run(dst, x, &ws) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
	// An operand that is used twice gives its register back once.
	twice := parsed(t, g, "where(sin(x), sin(x), y)*exp(y) + (1 + y^2)^(1 + y^2)*cos(x)/(sin(x) - exp(x*y))")
	q, err := g.Compile(twice)
	if err != nil {
		t.Fatal(err)
	}
	if q.Run(dst[:1], x, &ws); dst[0][4] != g.Eval(twice, []float64{0.3, -0.2}) {
		t.Errorf("%g compiled, %g node by node", dst[0][4], g.Eval(twice, []float64{0.3, -0.2}))
	}
	// Results may take the place of the variables.
	swap, err := g.Compile(parsed(t, g, "y"), parsed(t, g, "x"))
	if err != nil {
		t.Fatal(err)
	}
	swap.Run(x, x, &ws)
	if x[0][0] != -0.2 || x[1][0] != 0.3 {
		t.Errorf("(y, x) in place is %g, %g", x[0][0], x[1][0])
	}
	constant, err := g.Compile(g.constant(3), f)
	if err != nil {
		t.Fatal(err)
	}
	if constant.Run(dst[:2], lanes.Of([]float64{0, 0}), &ws); dst[0][7] != 3 || dst[1][7] != 1 {
		t.Errorf("%g, %g", dst[0][7], dst[1][7])
	}
}

// A graph that grows beyond bounds says so.
func TestTooLarge(t *testing.T) {
	g := graph(t, "x", "y", "z")
	var b strings.Builder
	for i := range 900 {
		fmt.Fprintf(&b, "*sin(%d*x+y*z)", i+1)
	}
	f := parsed(t, g, "1"+b.String())
	if _, err := g.Compile(g.Third(f)...); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("%d nodes: %v", len(g.nodes), err)
	}
}

// FuzzParse: no text makes parsing, differentiation, to the third derivatives, or compilation panic or stall; what was read
// prints so that it reads back the same; programs equal evaluation, at points that kinks and poles are at too.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"x^4/4 - x^2/2 + a*y^2", "sin(x) + cos(y)*tan(x) - sinh(y) + cosh(x)", "tanh(y)*atan(x) + erf(y) - expm1(x)", "log1p(y^2) + sqrt(1 + x^2)*log(2 + x^2)", "where(x, min(y, 2), max(1, a))^-3", "--x^y^2/3e-2", "exp(-(x*y)^0.5)", "abs(sign(step(relu(x))))", "((((1", "x^64*x^-64", "1/(x-x)", "0x1F*x", "1_0.5e3*pi", "é", "$x", "(-2)^x", "0^y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 400 {
			return
		}
		begin := time.Now()
		g := graph(t, "x", "y")
		r, err := g.Parse(text)
		if err != nil {
			if !strings.Contains(err.Error(), "; want ") && !strings.Contains(err.Error(), "division by zero") && !strings.Contains(err.Error(), "no finite value") {
				t.Fatalf("%q: an error without a remedy: %v", text, err)
			}
			return
		}
		spelt := g.String(r)
		if back, err := g.Parse(spelt); (err != nil || back != r) && !strings.Contains(fmt.Sprint(err), "in each other") && !strings.Contains(fmt.Sprint(err), "no finite value") {
			t.Fatalf("%q is %s, which reads back as %v, %v", text, spelt, back, err)
		}
		all := slices.Concat([]Ref{r}, g.Gradient(r), g.Hessian(r))
		if len(text) <= 60 {
			all = append(all, g.Third(r)...)
		}
		p, err := g.Compile(all...)
		if err != nil && !strings.Contains(err.Error(), "want shorter ones") {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil {
			var ws lanes.Arena
			dst := make(lanes.Pack, len(all))
			for _, at := range [][]float64{{0.4, -1.2}, {0, 0}, {-1, 1}, {1e200, -1e-200}} {
				p.Run(dst, lanes.Of(at), &ws)
				for i, e := range all {
					want := g.Eval(e, at)
					if math.Float64bits(dst[i][3]) != math.Float64bits(want) && !(math.IsNaN(want) && math.IsNaN(dst[i][3])) {
						t.Fatalf("%q at %v: result %d is %g compiled, %g node by node", text, at, i, dst[i][3], want)
					}
				}
			}
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Fatalf("%q took %v", text, took)
		}
	})
}
