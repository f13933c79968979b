package model

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model/modeltest"
)

func mlpOn(t *testing.T, set *data.Set, c MLPSettings) sgdlab.Model {
	t.Helper()
	return must[sgdlab.Model](t)(NewMLP(c, set))
}

// A network of identity units without biases is the deep linear network: loss, gradient, both parts of the Hessian and third
// derivatives, whose derivations share nothing.
func TestIdentityUnitsAreLinear(t *testing.T) {
	for _, set := range []*data.Set{teacher(t, 4, 3, 30, false, 0.5, 2, 1), teacher(t, 7, 3, 5, false, 0.5, 2, 1)} {
		widths := []int{set.Inputs(), 5, 4, 3}
		a := mlpOn(t, set, MLPSettings{Widths: widths, Activation: "identity"})
		b := must[sgdlab.Model](t)(NewDeepLinear(DeepLinearSettings{Widths: widths}, set))
		same(t, a, b)
	}
}

// same demands the same answers of two models to rounding.
func same(t *testing.T, a, b sgdlab.Model) {
	t.Helper()
	d := a.Dim()
	theta, u, v, ws := random(3, d), random(4, d), random(5, d), &lanes.Arena{}
	near := func(what string, x, y lanes.Pack) {
		t.Helper()
		top := lanes.MaxAbs(y)
		for j := range x {
			for l := range x[j] {
				if !(math.Abs(x[j][l]-y[j][l]) <= 1e-12*top[l]) {
					t.Fatalf("%s: entry %d, lane %d is %.17g, want %.17g", what, j, l, x[j][l], y[j][l])
				}
			}
		}
	}
	near("L", lanes.Pack{a.Loss(theta, ws)}, lanes.Pack{b.Loss(theta, ws)})
	x, y := make(lanes.Pack, d), make(lanes.Pack, d)
	a.Grad(x, theta, ws)
	b.Grad(y, theta, ws)
	near("∇L", x, y)
	a.(sgdlab.Curved).HessVec(x, theta, v, ws)
	b.(sgdlab.Curved).HessVec(y, theta, v, ws)
	near("∇²Lv", x, y)
	a.(sgdlab.GaussNewton).GaussNewtonVec(x, theta, v, ws)
	b.(sgdlab.GaussNewton).GaussNewtonVec(y, theta, v, ws)
	near("H_GN v", x, y)
	a.(sgdlab.Cubic).ThirdVec(x, theta, u, v, ws)
	b.(sgdlab.Cubic).ThirdVec(y, theta, u, v, ws)
	near("D³L[u, v]", x, y)
}

// The same under losses that are not square, for which the two have other roads to each answer.
func TestIdentityUnitsUnderOtherLosses(t *testing.T) {
	signs := must[*data.Set](t)(data.NewTwoClasses(data.TwoClassesSettings{Inputs: 4, Samples: 12, Labels: "linear", Targets: "signs", Deviation: 1}, &data.Env{Seed: 2}))
	classes := &data.Set{Name: "classes", X: signs.X, Y: lanes.NewMat(12, 3)}
	for i := range 12 {
		classes.Y.Set(i, (i*i)%3, 1)
	}
	for _, tc := range []struct {
		set  *data.Set
		loss Loss
	}{{signs, Logistic()}, {signs, Exponential()}, {classes, CrossEntropy()}} {
		widths := []int{4, 5, tc.set.Outputs()}
		same(t, mlpOn(t, tc.set, MLPSettings{Widths: widths, Activation: "identity", Loss: tc.loss}), must[sgdlab.Model](t)(NewDeepLinear(DeepLinearSettings{Widths: widths, Loss: tc.loss}, tc.set)))
	}
}

// Outputs of a small network written out, with biases; and of a set of its own for test rows.
func TestMLPByHand(t *testing.T) {
	set := &data.Set{Name: "by hand", X: lanes.NewMat(3, 2), Y: lanes.NewMat(3, 1), TestX: lanes.NewMat(1, 2), TestY: lanes.NewMat(1, 1)}
	copy(set.X.Data, []float64{0.5, -1, 2, 0.3, -0.7, 0.1})
	copy(set.TestX.Data, []float64{1, -2})
	copy(set.TestY.Data, []float64{0.25})
	at := []float64{0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9} // W₁ (2, 2), b₁, W₂ (1, 2), b₂
	for name, phi := range map[string]func(float64) float64{
		"tanh": math.Tanh, "relu": func(z float64) float64 { return math.Max(z, 0) }, "erf": math.Erf, "identity": func(z float64) float64 { return z },
		"gelu": func(z float64) float64 { return z / 2 * math.Erfc(-z/math.Sqrt2) },
	} {
		m := mlpOn(t, set, MLPSettings{Widths: []int{2, 2, 1}, Activation: name, Biases: true})
		by := func(x, y float64) float64 {
			return 0.7*phi(0.1*x-0.2*y+0.5) + 0.8*phi(0.3*x+0.4*y-0.6) - 0.9
		}
		h, ws := make(lanes.Pack, 3), &lanes.Arena{}
		m.(sgdlab.Network).Predict(h, lanes.Of(at), sgdlab.AllRows(3), ws)
		for i := range h {
			if want := by(set.X.At(i, 0), set.X.At(i, 1)); !(math.Abs(h[i][3]-want) <= 1e-15) {
				t.Errorf("%s: h(x%d) = %.17g, want %.17g", name, i, h[i][3], want)
			}
		}
		test := must[sgdlab.Model](t)(TestModel(m, set))
		if got, want := test.Loss(lanes.Of(at), ws)[0], 0.5*math.Pow(by(1, -2)-0.25, 2); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("%s: test loss %.17g, want %.17g", name, got, want)
		}
	}
}

// Losses of classification by their formulas in big steps: margins of either sign and far out, where differences would be 0.
func TestLossesOfClasses(t *testing.T) {
	y := lanes.NewMat(2, 1)
	copy(y.Data, []float64{1, -1})
	rows := sgdlab.AllRows(2)
	for _, z := range []float64{0, 0.3, -2, 20, -20, 45, -700, 800} {
		h := func() jet { return jet{lanes.Pack{lanes.Splat(z), lanes.Splat(1e3)}} }
		for _, tc := range []struct {
			loss         Loss
			value, slope float64 // of the first row
		}{
			{Logistic(), math.Log1p(math.Exp(-math.Abs(z))) + math.Max(-z, 0), -1 / (1 + math.Exp(z))},
			{Exponential(), math.Exp(-z), -math.Exp(-z)},
		} {
			rho := must[criterion](t)(newCriterion(tc.loss, y))
			g := h()
			rho.slope(g, 1, 1, rows)
			if !(math.Abs(g[0][0][5]-tc.slope) <= 4e-16*math.Abs(tc.slope)) && g[0][0][5] != tc.slope {
				t.Errorf("%s at %g: slope %g, want %g", tc.loss, z, g[0][0][5], tc.slope)
			}
			first := sgdlab.Rows{N: 2, Index: make([][lanes.W]int32, 1)}
			if v := rho.total(h()[0][:1], first)[5]; !(math.Abs(v-tc.value) <= 4e-16*tc.value) && v != tc.value {
				t.Errorf("%s at %g: %g, want %g", tc.loss, z, v, tc.value)
			}
		}
		// Two classes under the cross-entropy are the logistic loss of their difference.
		one := lanes.NewMat(1, 2)
		one.Set(0, 1, 1)
		rho := must[criterion](t)(newCriterion(CrossEntropy(), one))
		pair := func() jet { return jet{lanes.Pack{lanes.Splat(5 - z), lanes.Splat(5)}} }
		g := pair()
		rho.slope(g, 1, 1, sgdlab.AllRows(1))
		if want := 1 / (1 + math.Exp(z)); !(math.Abs(g[0][0][1]-want) <= 1e-14*want && g[0][1][1] == -g[0][0][1]) && want > 1e-300 {
			t.Errorf("cross-entropy at %g: slopes %g and %g, want ±%g", z, g[0][0][1], g[0][1][1], want)
		}
		if v, want := rho.total(pair()[0], sgdlab.AllRows(1))[1], math.Log1p(math.Exp(-math.Abs(z)))+math.Max(-z, 0); !(math.Abs(v-want) <= 1e-14*want) && want > 1e-300 {
			t.Errorf("cross-entropy at %g: %g, want %g", z, v, want)
		}
	}
}

// A gradient and a product with the Hessian allocate nothing.
func TestMLPAllocatesNothing(t *testing.T) {
	m := mlpOn(t, teacher(t, 3, 2, 10, false, 0.5, 2, 1), MLPSettings{Widths: []int{3, 8, 8, 2}, Activation: "gelu", Biases: true})
	theta, v, ws := random(1, m.Dim()), random(2, m.Dim()), &lanes.Arena{}
	dst := make(lanes.Pack, m.Dim())
	for what, f := range map[string]func(){
		"Grad":     func() { m.Grad(dst, theta, ws) },
		"HessVec":  func() { m.(sgdlab.Curved).HessVec(dst, theta, v, ws) },
		"ThirdVec": func() { m.(sgdlab.Cubic).ThirdVec(dst, theta, v, v, ws) },
	} {
		f()
		if n := testing.AllocsPerRun(20, f); n != 0 {
			t.Errorf("%s allocates %g times", what, n)
		}
	}
}

func TestMLPErrors(t *testing.T) {
	set := teacher(t, 3, 2, 10, false, 0.5, 2, 1)
	one := teacher(t, 3, 1, 10, false, 0.5, 2)
	for _, tc := range []struct {
		c    MLPSettings
		on   *data.Set
		want []string
	}{
		{MLPSettings{Widths: []int{3, 4, 2}, Activation: "tanh"}, nil, []string{"needs data"}},
		{MLPSettings{Widths: []int{3}, Activation: "tanh"}, set, []string{"no weight matrix", "[3, 2]"}},
		{MLPSettings{Widths: []int{4, 2}, Activation: "tanh"}, set, []string{"begin with 3"}},
		{MLPSettings{Widths: []int{3, 4}, Activation: "tanh"}, set, []string{"end with 2"}},
		{MLPSettings{Widths: []int{3, 4, 2}, Activation: "swish"}, set, []string{"swish", "gelu"}},
		{MLPSettings{Widths: []int{3, 4, 1}, Activation: "tanh", Loss: Logistic()}, one, []string{"targets of −1 and 1", "row 1"}},
		{MLPSettings{Widths: []int{3, 4, 1}, Activation: "tanh", Loss: CrossEntropy()}, one, []string{"two classes", "use logistic"}},
		{MLPSettings{Widths: []int{3, 4, 2}, Activation: "tanh", Loss: CrossEntropy()}, set, []string{"one-hot", "row 1"}},
	} {
		_, err := NewMLP(tc.c, tc.on)
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: error %v; want it to say %q", tc.c, err, want)
			}
		}
	}
	if _, err := NewPolynomial(PolynomialSettings{Form: "line", Powers: []int{1, 2}, Zero: 1.8, Loss: Logistic()}, teacher(t, 1, 1, 4, false, 0.5, 1)); err == nil || !strings.Contains(err.Error(), "regression") {
		t.Errorf("polynomial under the logistic loss: %v", err)
	}
	var l Loss
	for _, tc := range []struct {
		value any
		want  string
	}{
		{"logistc", "logistic"}, {map[string]any{"of": "logistic"}, "without prefactor"}, {map[string]any{"of": "hinge", "prefactor": 1.0}, "hinge"},
		{map[string]any{"of": "logistic", "prefactor": 1.0, "x": 1.0}, "other keys"},
	} {
		if err := l.Decode(tc.value); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("loss %v: error %v; want it to say %q", tc.value, err, tc.want)
		}
	}
	if err := l.Decode(map[string]any{"of": "exponential", "prefactor": "1/(4*n)"}); err != nil || l.String() != "{of: exponential, prefactor: 1/(4*n)}" || l.Squared() {
		t.Errorf("%v, %s", err, l)
	}
	if p, err := l.At(5); err != nil || p != 0.05 {
		t.Errorf("prefactor %g, %v", p, err)
	}
}

// The battery over activations and losses, in which derivatives to third order are those of differences.
func TestBatteryOfPerceptrons(t *testing.T) {
	tall := teacher(t, 3, 2, 12, false, 0.5, 2, 1)
	signs := must[*data.Set](t)(data.NewTwoClasses(data.TwoClassesSettings{Inputs: 3, Samples: 10, Labels: "linear", Targets: "signs", Deviation: 1}, &data.Env{Seed: 2}))
	hot := must[*data.Set](t)(data.NewTwoClasses(data.TwoClassesSettings{Inputs: 3, Samples: 10, Labels: "linear", Targets: "one-hot", Deviation: 1}, &data.Env{Seed: 2}))
	for _, phi := range []string{"tanh", "gelu", "erf", "identity"} {
		for _, tc := range []struct {
			set  *data.Set
			loss Loss
		}{{tall, MeanHalf()}, {signs, Logistic()}, {signs, Exponential()}, {hot, CrossEntropy()}} {
			t.Run(phi+" "+tc.loss.String(), func(t *testing.T) {
				modeltest.Run(t, mlpOn(t, tc.set, MLPSettings{Widths: []int{3, 4, 3, tc.set.Outputs()}, Activation: phi, Biases: true, Loss: tc.loss}), 0.6)
			})
		}
	}
}
