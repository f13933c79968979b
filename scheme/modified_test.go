package scheme

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

func quadratic(t *testing.T, rotate bool, spectrum ...float64) sgdlab.Model {
	t.Helper()
	m, err := model.NewQuadratic(model.QuadraticSettings{Spectrum: spectrum, Rotate: rotate, RotationSeed: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func drifted(t *testing.T, make func(struct{}, *sgdlab.Site) (sgdlab.Drift, error), m sgdlab.Model, eta float64) sgdlab.Drift {
	t.Helper()
	d, err := make(struct{}{}, &sgdlab.Site{Model: m, Rate: sgdlab.Constant(eta)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// flowed is the flow of a drift from x over a time.
func flowed(d sgdlab.Drift, time float64, x ...float64) lanes.Pack {
	f := flowOf(d, time, 1e-13)
	state := begin(f, x...)
	f.Step(state, clock(1, 0), lanes.All, nil)
	return state[:d.Dim()]
}

// The test bed of Li, Tai & E: f_γ(x) = (x − γ)² − 1, γ = ±1 with equal chances, f(x) = x². SGD at T = 1 from x = 1 has
// E x = (1 − 2η)^k; the equation of first order has e^{−2T}, that of second order e^{−2(1+η)T}. Both equations are linear with the
// noise √η·2dW, so that their second moments follow from the drift too.
func TestModifiedIsOfSecondOrder(t *testing.T) {
	const T = 1.0
	m := quadratic(t, false, 2)
	var etas, mean1, mean2, second2 []float64
	for _, eta := range []float64{0.1, 0.05, 0.025, 0.0125} {
		k := math.Round(T / eta)
		mean := math.Pow(1-2*eta, k)
		second := mean*mean + eta/(1-eta)*(1-mean*mean)
		d := drifted(t, NewModified, m, eta)
		first, modified := flowed(sgdlab.Downhill{Model: m}, T, 1)[0][0], flowed(d, T, 1)[0][0]
		unit := make(lanes.Pack, 1)
		var ws lanes.Arena
		d.Drift(unit, lanes.Of([]float64{1}), &ws)
		rate := -unit[0][0]
		if want := 2 * (1 + eta); math.Abs(rate-want) > 1e-14 {
			t.Errorf("η = %g: rate %.15g, want %.15g", eta, rate, want)
		}
		etas, mean1, mean2 = append(etas, eta), append(mean1, math.Abs(first-mean)), append(mean2, math.Abs(modified-mean))
		second2 = append(second2, math.Abs(modified*modified+4*eta/(2*rate)*(1-modified*modified)-second))
	}
	for _, e := range []struct {
		what string
		errs []float64
		want float64
	}{{"E x of the equation of first order", mean1, 1}, {"E x of second order", mean2, 2}, {"E x² of second order", second2, 2}} {
		if got := slopeOf(etas, e.errs); math.Abs(got-e.want) > 0.05*e.want {
			t.Errorf("%s: order %.3f, want %g: %.3g", e.what, got, e.want, e.errs)
		}
	}
	// The leading constants of the sheet: 2Tηe^{−2T} and (8/3)Tη²e^{−2T}.
	for _, c := range []struct{ got, want float64 }{{mean1[2], 2 * T * 0.025 * math.Exp(-2*T)}, {mean2[2], 8.0 / 3 * T * 0.025 * 0.025 * math.Exp(-2*T)}} {
		if math.Abs(c.got/c.want-1) > 0.05 {
			t.Errorf("error %.4g at η = 0.025, want %.4g", c.got, c.want)
		}
	}
}

// Where ∇³L ≠ 0 too, the flow of the modified drift is descent's to second order, and that of −∇L to first; and the drift is the gradient
// of L + (η/4)‖∇L‖².
func TestModifiedOnAWell(t *testing.T) {
	well, err := model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var etas, plain, modified []float64
	for _, eta := range []float64{0.04, 0.02, 0.01} {
		x := 0.3
		for range int(math.Round(2 / eta)) {
			x -= eta * (x*x*x - x)
		}
		etas = append(etas, eta)
		plain = append(plain, math.Abs(flowed(sgdlab.Downhill{Model: well}, 2, 0.3)[0][0]-x))
		modified = append(modified, math.Abs(flowed(drifted(t, NewModified, well, eta), 2, 0.3)[0][0]-x))
	}
	if p, m := slopeOf(etas, plain), slopeOf(etas, modified); math.Abs(p-1) > 0.1 || math.Abs(m-2) > 0.1 {
		t.Errorf("orders %.3f and %.3f, want 1 and 2: %.3g, %.3g", p, m, plain, modified)
	}
	const eta, x, h = 0.3, 0.7, 1e-4
	potential := func(x float64) float64 {
		g := x*x*x - x
		return x*x*x*x/4 - x*x/2 + eta/4*g*g
	}
	dst := make(lanes.Pack, 1)
	var ws lanes.Arena
	drifted(t, NewModified, well, eta).Drift(dst, lanes.Of([]float64{x}), &ws)
	if want := -(potential(x+h) - potential(x-h)) / (2 * h); math.Abs(dst[0][0]-want) > 1e-7 {
		t.Errorf("a = %.10g, want %.10g", dst[0][0], want)
	}
}

// On a quadratic with ηλ < 1, negative curvature included, the Hessian-aware flow over a time η is a step of descent.
func TestHessianAwareFlowIsDescent(t *testing.T) {
	const eta = 0.2
	m := quadratic(t, true, 4.5, 3, 0, -1)
	d := drifted(t, NewHessianAware, m, eta)
	x := []float64{0.3, -0.5, 0.7, 0.2}
	g := make(lanes.Pack, 4)
	var ws lanes.Arena
	want := lanes.Of(x)
	for k := 1; k <= 5; k++ {
		m.Grad(g, want, &ws)
		lanes.Descend(want, lanes.Splat(eta), g, lanes.All)
		same(t, "θ", flowed(d, float64(k)*eta, x...), want, 2e-12)
	}
	a := make(lanes.Pack, 1)
	over := drifted(t, NewHessianAware, quadratic(t, false, 5), eta)
	over.Drift(a, lanes.Of([]float64{1}), &ws)
	if !math.IsNaN(a[0][0]) {
		t.Errorf("the drift at ηλ = 1 is %g, want NaN", a[0][0])
	}
}

// Drift and noise of the Hessian-aware equation solve ∫₀^η e^{−As}De^{−As}ds = η·scale²·C, with σσᵀ = C of the noise of one step: the
// covariance of a step.
func TestHessianAwareCovariance(t *testing.T) {
	const eta, temp = 0.2, 0.3
	m := quadratic(t, true, 4, 1.5, -0.5)
	site := &sgdlab.Site{Model: m, Rate: sgdlab.Constant(eta), Batch: 1, Place: "noise[0]"}
	drift := drifted(t, NewHessianAware, m, eta)
	for name, of := range map[string]sgdlab.Part[sgdlab.Source]{
		"isotropic": func(s *sgdlab.Site) (sgdlab.Source, error) {
			return noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(temp)}}, s)
		},
		"general": func(*sgdlab.Site) (sgdlab.Source, error) { // near enough to isotropic that S is positive
			return sgdlab.Source{Factor: noise.Dense{Root: lanes.MatOf([][]float64{{1, 0.1, 0}, {-0.05, 0.8, 0.1}, {0.1, 0, 0.9}})},
				Scale: func(float64) sgdlab.Setting { return sgdlab.Constant(0.7) }}, nil
		},
	} {
		src, err := noise.NewHessianAware(noise.HessianAwareSettings{Of: of}, site)
		if err != nil {
			t.Fatal(err)
		}
		base, err := of(site)
		if err != nil {
			t.Fatal(err)
		}
		theta := lanes.Of([]float64{0.1, 0.2, 0.3})
		scale := src.Scale(2)(clock(1, 0))[0]
		want := gram(base.Factor, theta, eta*scale*scale)
		s := gram(src.Factor, theta, scale*scale)
		// M = ∫₀^η e^{−As}Se^{−As}ds is the root of AM + MA = S − ESE, with E = e^{−Aη} = 1 − ηH.
		a, e := lanes.NewMat(3, 3), lanes.NewMat(3, 3)
		var ws lanes.Arena
		col := make(lanes.Pack, 3)
		for j := range 3 {
			unit := make([]float64, 3)
			unit[j] = 1
			drift.Drift(col, lanes.Of(unit), &ws)
			for i := range 3 {
				a.Set(i, j, -col[i][0])
			}
			m.Grad(col, lanes.Of(unit), &ws)
			for i := range 3 {
				e.Set(i, j, unit[i]-eta*col[i][0])
			}
		}
		cov, rate := lanes.Mat{Data: want, Rows: 3, Cols: 3, RowStride: 3, ColStride: 1}, lanes.Mat{Data: s, Rows: 3, Cols: 3, RowStride: 3, ColStride: 1}
		left, right, ese := lanes.MulMat(a, cov), lanes.MulMat(cov, a), lanes.MulMat(e, lanes.MulMat(rate, e))
		for i := range 3 {
			for j := range 3 {
				if got, want := left.At(i, j)+right.At(i, j), rate.At(i, j)-ese.At(i, j); math.Abs(got-want) > 1e-13 {
					t.Errorf("%s: entry (%d, %d) of AM + MA is %.15g, want %.15g", name, i, j, got, want)
				}
			}
		}
	}
}

// gram is scale·σσᵀ at θ, by rows.
func gram(f sgdlab.Factor, theta lanes.Pack, scale float64) []float64 {
	var ws lanes.Arena
	d := len(theta)
	out, col := make([]float64, d*d), make(lanes.Pack, d)
	for k := range f.Width() {
		xi := make(lanes.Pack, f.Width())
		xi[k] = lanes.Splat(1)
		f.Apply(col, theta, xi, &ws)
		for i := range d {
			for j := range d {
				out[i*d+j] += scale * col[i][0] * col[j][0]
			}
		}
	}
	return out
}

// Drifts read the rate of each lane's point, step by step.
func TestModifiedReadsTheRate(t *testing.T) {
	m := quadratic(t, false, 1)
	d, err := NewModified(struct{}{}, &sgdlab.Site{Model: m, Rate: sgdlab.Table([]float64{0.1, 0.4})})
	if err != nil {
		t.Fatal(err)
	}
	at := clock(1, 0)
	for l := range at.Point {
		at.Point[l] = int32(l % 2)
	}
	stepper, err := New(&sgdlab.SDE{Drift: d}, EulerMaruyama{}, sgdlab.Constant(0.01))
	if err != nil {
		t.Fatal(err)
	}
	theta := lanes.Of([]float64{1})
	stepper.Step(theta, at, lanes.All, nil)
	for l, x := range theta[0] {
		if want := 1 - 0.01*(1+[]float64{0.05, 0.2}[l%2]); math.Abs(x-want) > 1e-15 {
			t.Errorf("lane %d: %.15g, want %.15g", l, x, want)
		}
	}
	for what, s := range map[string]*sgdlab.Site{"no model": {Rate: sgdlab.Constant(1)}, "rate": {Model: m}} {
		if _, err := NewModified(struct{}{}, s); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v; want … %s …", err, what)
		}
	}
	scheduled := sgdlab.Scheduled(false, func(x lanes.Vec, _ *sgdlab.Clock) lanes.Vec { return lanes.Splat(0.1) })
	part := func(s *sgdlab.Site) (sgdlab.Drift, error) { return NewModified(struct{}{}, s) }
	if _, err := NewFlow(FlowSettings{Rate: scheduled, Drift: part, Tolerance: 1e-8, Absolute: 1e-12, Substeps: 10}, &sgdlab.Site{Model: m}); err == nil || !strings.Contains(err.Error(), "scheduled") {
		t.Errorf("a flow at a scheduled rate: %v", err)
	}
}

// Noise of one direction across two curvatures, as of a batch along one gradient, is the noise of no diffusion over a step: Sᵢᵢ·Sⱼⱼ < Sᵢⱼ².
// The factor is the positive part of S, and its covariance off by a relative part of the order of (ηλ)².
func TestHessianAwareIsNotAlwaysPositive(t *testing.T) {
	const big, small = 4.0, 0.5
	stretch := func(u float64) float64 { return u / (1 - math.Exp(-u)) }
	var etas, off []float64
	for _, eta := range []float64{0.02, 0.01, 0.005} {
		a, b := -math.Log(1-eta*big), -math.Log(1-eta*small)
		s := [3]float64{stretch(2 * a), stretch(a + b), stretch(2 * b)} // of C = (1, 1)(1, 1)ᵀ
		if s[0]*s[2] >= s[1]*s[1] {
			t.Fatalf("S is positive at η = %g", eta)
		}
		src, err := noise.NewHessianAware(noise.HessianAwareSettings{Of: func(*sgdlab.Site) (sgdlab.Source, error) {
			return sgdlab.Source{Factor: noise.Dense{Root: lanes.MatOf([][]float64{{1}, {1}})}, Scale: func(float64) sgdlab.Setting { return sgdlab.Constant(1) }}, nil
		}}, &sgdlab.Site{Model: quadratic(t, false, big, small), Rate: sgdlab.Constant(eta), Place: "noise[0]"})
		if err != nil {
			t.Fatal(err)
		}
		got := gram(src.Factor, lanes.Of([]float64{0, 0}), 1)
		etas = append(etas, eta)
		off = append(off, math.Hypot(got[0]-s[0], math.Hypot(got[1]-s[1], got[3]-s[2])))
	}
	if got := slopeOf(etas, off); math.Abs(got-2) > 0.2 {
		t.Errorf("S is off by order %.2f in η, want 2: %.3g", got, off)
	}
}

// With noise that depends on θ too, mini-batches of a regression on one input: drift and noise are read from the equation, whose first two
// moments solve linear equations, and those of SGD are its recursion over the rows.
func TestModifiedWithMultiplicativeNoise(t *testing.T) {
	const T = 1.0
	set := &data.Set{X: lanes.MatOf([][]float64{{1.2}, {-0.4}, {0.9}}), Y: lanes.MatOf([][]float64{{0.5}, {1}, {-0.7}}), Name: "test"}
	m, err := model.NewLinear(model.LinearSettings{Loss: model.Mean()}, set)
	if err != nil {
		t.Fatal(err)
	}
	var etas, first, second []float64
	for _, eta := range []float64{0.0125, 0.00625, 0.003125} {
		site := &sgdlab.Site{Model: m, Data: set, Rate: sgdlab.Constant(eta), Batch: 1, Place: "noise[0]"}
		src, err := noise.NewPerSample(noise.PerSampleSettings{}, site)
		if err != nil {
			t.Fatal(err)
		}
		scale := src.Scale(2)(clock(1, 0))[0]
		at := func(x float64) float64 { return gram(src.Factor, lanes.Of([]float64{x}), scale*scale)[0] }
		q := [3]float64{at(0), (at(1) - at(-1)) / 2, (at(1)+at(-1))/2 - at(0)} // the covariance of the noise is a quadratic in θ
		// E θ and E θ² from 3: of the equation with the drift b₀ + b₁θ, by RK4, and of SGD.
		of := func(d sgdlab.Drift) float64 {
			a := lanes.Of([]float64{0})
			var ws lanes.Arena
			d.Drift(a, lanes.Of([]float64{0}), &ws)
			b0 := a[0][0]
			d.Drift(a, lanes.Of([]float64{1}), &ws)
			b1 := a[0][0] - b0
			x := [2]float64{3, 9}
			rates := func(x [2]float64) [2]float64 {
				return [2]float64{b0 + b1*x[0], 2*b0*x[0] + 2*b1*x[1] + q[0] + q[1]*x[0] + q[2]*x[1]}
			}
			const n = 1000
			for range n {
				var k [4][2]float64
				for s := range k {
					y := x
					for i := range y {
						if s > 0 {
							y[i] += []float64{0, 0.5, 0.5, 1}[s] * T / n * k[s-1][i]
						}
					}
					k[s] = rates(y)
				}
				for i := range x {
					x[i] += T / n / 6 * (k[0][i] + 2*k[1][i] + 2*k[2][i] + k[3][i])
				}
			}
			return x[1]
		}
		sgd := [2]float64{3, 9}
		for range int(math.Round(T / eta)) {
			var next [2]float64
			for i := range 3 { // θ ← pθ + r
				x, y := set.X.At(i, 0), set.Y.At(i, 0)
				p, r := 1-2*eta*x*x, 2*eta*x*y
				next[0] += (p*sgd[0] + r) / 3
				next[1] += (p*p*sgd[1] + 2*p*r*sgd[0] + r*r) / 3
			}
			sgd = next
		}
		etas = append(etas, eta)
		first = append(first, math.Abs(of(sgdlab.Downhill{Model: m})-sgd[1]))
		second = append(second, math.Abs(of(drifted(t, NewModified, m, eta))-sgd[1]))
	}
	if a, b := slopeOf(etas, first), slopeOf(etas, second); math.Abs(a-1) > 0.1 || math.Abs(b-2) > 0.1 {
		t.Errorf("E θ² is off by orders %.3f and %.3f, want 1 and 2: %.3g, %.3g", a, b, first, second)
	}
}
