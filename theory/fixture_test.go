package theory

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

var nan = math.NaN()

// curve is a landscape of one coordinate given by V, V′ and V″.
type curve struct{ v, dv, ddv func(float64) float64 }

func (c curve) Dim() int { return 1 }
func (c curve) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for l, x := range theta[0] {
		v[l] = c.v(x)
	}
	return v
}
func (c curve) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l, x := range theta[0] {
		dst[0][l] = c.dv(x)
	}
}
func (c curve) HessVec(dst, theta, v lanes.Pack, _ *lanes.Arena) {
	for l, x := range theta[0] {
		dst[0][l] = c.ddv(x) * v[0][l]
	}
}

// polynomial is c₀ + c₁x + c₂x² + …
func polynomial(c ...float64) curve {
	at := func(d int) func(float64) float64 {
		return func(x float64) (sum float64) {
			for k := len(c) - 1; k >= d; k-- {
				f := c[k]
				for j := range d {
					f *= float64(k - j)
				}
				sum = sum*x + f
			}
			return sum
		}
	}
	return curve{at(0), at(1), at(2)}
}

var doubleWell = polynomial(0, 0, -0.5, 0, 0.25)

// ellipsoid is ½ Σ hᵢⱼθᵢθⱼ.
type ellipsoid struct{ h lanes.Mat }

func (e ellipsoid) Dim() int { return e.h.Rows }
func (e ellipsoid) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	g := ws.Pack(e.Dim())
	e.Grad(g, theta, ws)
	v := lanes.Dot(g, theta)
	for l := range v {
		v[l] /= 2
	}
	return v
}
func (e ellipsoid) Grad(dst, theta lanes.Pack, _ *lanes.Arena)   { lanes.MatVec(dst, e.h, theta) }
func (e ellipsoid) HessVec(dst, _, v lanes.Pack, _ *lanes.Arena) { lanes.MatVec(dst, e.h, v) }

// square is the matrix [[a, b], [c, d]].
func square(a, b, c, d float64) lanes.Mat { return lanes.MatOf([][]float64{{a, b}, {c, d}}) }

// constant is the factor ξ ↦ Aξ; state is ξ ↦ θξ.
type constant struct{ a lanes.Mat }

func (c constant) Width() int                                  { return c.a.Cols }
func (c constant) Apply(dst, _, xi lanes.Pack, _ *lanes.Arena) { lanes.MatVec(dst, c.a, xi) }
func (c constant) Kind() sgdlab.NoiseKind                      { return sgdlab.AdditiveNoise }

type state struct{}

func (state) Width() int                                      { return 1 }
func (state) Apply(dst, theta, xi lanes.Pack, _ *lanes.Arena) { lanes.Mul(dst, theta, xi) }

// law is never drawn from here.
type law float64

func (law) Draw(lanes.Pack, *sgdlab.Clock) { panic("theories draw nothing") }
func (l law) Index() float64               { return float64(l) }

type stepper struct {
	sde  *sgdlab.SDE
	step float64
}

func (s stepper) Pace() (unit, step sgdlab.Setting) {
	return sgdlab.Constant(2 * s.step), sgdlab.Constant(s.step)
}

func (stepper) Blocks() []sgdlab.Block                              { return nil }
func (stepper) Init(_, _ lanes.Pack, _ *sgdlab.Clock, _ lanes.Mask) {}
func (stepper) Random() bool                                        { return true }
func (stepper) Step(lanes.Pack, *sgdlab.Clock, lanes.Mask, *sgdlab.StepRecord) (dt lanes.Vec) {
	return dt
}

type diffusive struct{ stepper }

func (d diffusive) SDE() *sgdlab.SDE { return d.sde }

type flowing struct{ stepper }

func (flowing) Keep()                        {}
func (flowing) Nodes() []lanes.Vec           { return nil }
func (flowing) Inside(lanes.Pack, lanes.Vec) {}

// place is a fixed start; random where kicked.
type place struct {
	theta  []float64
	kicked bool
}

func (p place) Centre() []float64                      { return p.theta }
func (p place) Draw(theta lanes.Pack, _ *sgdlab.Clock) { lanes.Fill(theta, p.theta) }
func (p place) Deterministic(int32) bool               { return !p.kicked }

// reads is an observable of the first coordinate.
type reads func(float64) float64

func (reads) Columns() []sgdlab.Column { return []sgdlab.Column{{Name: "x"}} }
func (f reads) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	for l, x := range theta[0] {
		dst[0][l] = f(x)
	}
}

func itself(x float64) float64 { return x }

func waitFor(f reads, level float64, d sgdlab.Direction) *sgdlab.Event {
	return &sgdlab.Event{Name: "exit", Of: f, Direction: d, Level: func(lanes.Vec, *sgdlab.Clock) lanes.Vec { return lanes.Splat(level) }}
}

func numbers(m map[string]float64) func(string) (float64, bool) {
	return func(path string) (float64, bool) { x, ok := m[path]; return x, ok }
}

// langevin is a run of dθ = −∇L dt + √(2T)dW, built of two noises that share T.
func langevin(m sgdlab.Model, start []float64, temp float64, e *sgdlab.Event) *sgdlab.Run {
	d := m.Dim()
	eye := lanes.NewMat(d, d)
	for i := range d {
		eye.Set(i, i, 1)
	}
	part := func(t float64) sgdlab.Noise {
		return sgdlab.Noise{Factor: constant{eye}, Law: law(2), Scale: sgdlab.Constant(math.Sqrt(2 * t))}
	}
	sde := &sgdlab.SDE{Drift: sgdlab.Downhill{Model: m}, Noise: []sgdlab.Noise{part(temp / 4), part(3 * temp / 4)}}
	return &sgdlab.Run{
		Site:    &sgdlab.Site{Model: m, Start: place{theta: start}},
		Clock:   &sgdlab.Clock{},
		Dynamic: diffusive{stepper{sde: sde}},
		Event:   e,
		Number:  numbers(nil),
	}
}

// chain is the linear network W_L⋯W₁ with (c/2)‖W − M‖² in diagonal coordinates: L layers of d numbers, one product per
// mode. It knows its modes, and looks like a regression on the inputs √n·I.
type chain struct {
	modes []float64
	depth int
	label float64 // s
	n     int
	scale float64 // c
}

func (c chain) Dim() int { return c.depth * len(c.modes) }
func (c chain) product(theta lanes.Pack, j int, skip int) lanes.Vec {
	v := lanes.Splat(1)
	for l := range c.depth {
		if l == skip {
			continue
		}
		for k := range v {
			v[k] *= theta[l*len(c.modes)+j][k]
		}
	}
	return v
}
func (c chain) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for j, s := range c.modes {
		u := c.product(theta, j, -1)
		for k := range v {
			v[k] += c.scale / 2 * (s - u[k]) * (s - u[k])
		}
	}
	return v
}
func (c chain) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for j, s := range c.modes {
		u := c.product(theta, j, -1)
		for l := range c.depth {
			rest := c.product(theta, j, l)
			for k := range rest {
				dst[l*len(c.modes)+j][k] = c.scale * (u[k] - s) * rest[k]
			}
		}
	}
}
func (c chain) Modes() []float64 { return c.modes }
func (c chain) Critical(modes []int) ([]float64, float64, error) {
	theta := make([]float64, c.Dim())
	for _, m := range modes {
		for l := range c.depth {
			theta[l*len(c.modes)+m-1] = math.Pow(c.modes[m-1], 1/float64(c.depth))
		}
	}
	return theta, 0, nil
}
func (c chain) EffectiveShape() (int, int) { return len(c.modes), len(c.modes) }
func (c chain) Effective(dst, theta lanes.Pack, _ *lanes.Arena) {
	lanes.Zero(dst)
	for j := range c.modes {
		dst[j*len(c.modes)+j] = c.product(theta, j, -1)
	}
}
func (c chain) Layers() []sgdlab.Shape {
	shapes := make([]sgdlab.Shape, c.depth)
	for l := range shapes {
		shapes[l] = sgdlab.Shape{Offset: l * len(c.modes), Rows: len(c.modes), Cols: 1}
	}
	return shapes
}
func (c chain) Samples() int       { return c.n }
func (c chain) Outputs() int       { return len(c.modes) }
func (c chain) PerLabel() float64  { return c.label }
func (c chain) PerOutput() float64 { return c.label }
func (c chain) Slope(lanes.Pack, lanes.Pack, sgdlab.Rows, *lanes.Arena) lanes.Pack {
	panic("not asked")
}
func (c chain) Pullback(_, _, _ lanes.Pack, _ sgdlab.Rows, _ lanes.Pack, _ *lanes.Arena) {
	panic("not asked")
}

// learning is a run of gradient descent on a chain from u₀ in each mode, its loss ½ of the mean of squares times twist.
func learning(modes, start []float64, depth int, twist, rate float64) *sgdlab.Run {
	d, n := len(modes), 2*len(modes)
	x := lanes.NewMat(n, d)
	for i := range d {
		x.Set(i, i, math.Sqrt(float64(d)))
		x.Set(i+d, i, -math.Sqrt(float64(d)))
	}
	m := chain{modes: modes, depth: depth, label: twist, n: n, scale: twist} // XᵀX/n = I
	theta := make([]float64, m.Dim())
	for j, u := range start {
		for l := range depth {
			theta[l*d+j] = math.Pow(u, 1/float64(depth))
		}
	}
	return &sgdlab.Run{
		Site:    &sgdlab.Site{Model: m, Start: place{theta: theta}, Data: &data.Set{X: x, Y: lanes.NewMat(n, d)}, Batch: n},
		Clock:   &sgdlab.Clock{},
		Dynamic: stepper{step: rate},
		Number:  numbers(map[string]float64{"rate": rate}),
	}
}

// one is the single value of a theory that must be made.
func one[C any](t *testing.T, build func(C, *sgdlab.Run) (sgdlab.Theory, error), c C, r *sgdlab.Run) float64 {
	t.Helper()
	return predicted(t, build, c, r).Values[0]
}

func predicted[C any](t *testing.T, build func(C, *sgdlab.Run) (sgdlab.Theory, error), c C, r *sgdlab.Run) sgdlab.Prediction {
	t.Helper()
	th, err := build(c, r)
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	return th.Predict(nil)
}

// refused demands an error that contains word.
func refused[C any](t *testing.T, build func(C, *sgdlab.Run) (sgdlab.Theory, error), c C, r *sgdlab.Run, word string) {
	t.Helper()
	th, err := build(c, r)
	switch {
	case err == nil:
		t.Errorf("%+v was accepted and predicts %g; want an error about %q", c, th.Predict(nil).Values, word)
	case !strings.Contains(err.Error(), word):
		t.Errorf("%+v: error %q does not speak of %q", c, err, word)
	}
}

func close(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s = %.10g, want %.10g to %.1g", what, got, want, relative)
	}
}

// exitTime is ∫_a^b dy e^(V(y)/T) ∫_from^y dz e^(−V(z)/T)/T, by the trapezoidal rule for the inner integral and
// Simpson's for the outer, on n panels: another road than package quadrature's.
func exitTime(v func(float64) float64, from, a, b, temp float64, n int) float64 {
	h := (b - from) / float64(n)
	inner, sum := 0.0, 0.0
	low := math.Inf(1)
	for i := range n + 1 {
		low = min(low, v(from+float64(i)*h))
	}
	weight := func(z float64) float64 { return math.Exp((low - v(z)) / temp) }
	for i := range n {
		// Simpson in both: the inner integral at the middle and at the end of the panel.
		l, m, r := from+float64(i)*h, from+(float64(i)+0.5)*h, from+float64(i+1)*h
		half := (weight(l) + 4*weight((l+m)/2) + weight(m)) * h / 12
		full := (weight(l) + 4*weight(m) + weight(r)) * h / 6
		if m > a {
			g := func(y, in float64) float64 { return math.Exp((v(y)-low)/temp) * in }
			sum += (g(l, inner) + 4*g(m, inner+half) + g(r, inner+full)) * h / 6
		}
		inner += full
	}
	return sum / temp
}
