package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/quadrature"
)

// CollapseThreshold says whether noise draws a replica to a set that descent does not leave. Near the set the distance D to it obeys the Itô
// equation dD = gD dt + bD dB, with g = −v·∇²L v the growth that the loss alone gives along v and b² = sν the square of the noise, so that
//
//	d E ln D/dt = g − b²/2 (rate);   0 at ν = 2g/s (threshold), above which the set attracts.
//
// In Stratonovich's sense the rate is g whatever the noise. Euler–Maruyama's chain with the step h has the rate E ln|1 + gh + b√h z|/h, z a
// standard normal number, which is g − b²/2 + h(gb² − ¾b⁴ − g²/2) + O(h²): with step > 0 it is that, by quadrature. Rates are per time.
//
// From a run: an SDE with one noise that vanishes at θ = 0, in one coordinate, where ν = b² and s = 1, or with a perceptron of one unit
// between one input and one output, w₂φ(w₁x) without biases, and label noise of batch B, where v is along w₂ = ±w₁ and
//
//	g = φ′(0)│Σxy│/n,   s = φ′(0)²Σx²/n,   ν = ηζ²/B   (loss mean-half).
//
// A run's step is that of its scheme where that is euler-maruyama.
//
// Source: after Chen, Kunin, Yamamura & Ganguli 2023; rederived.
type CollapseThreshold struct {
	Growth float64 `optional:"true" doc:"g"`
	Spread float64 `optional:"true" check:">0" doc:"s, what b² is over ν; 1 where missing"`
	Noise  float64 `optional:"true" check:">=0" doc:"ν; of: threshold does without"`
	Step   float64 `optional:"true" check:">=0" doc:"h of Euler–Maruyama's chain; 0, or missing without a run, for the equation itself"`
	Sense  string  `spec:"calculus" optional:"true" oneof:"ito|stratonovich" doc:"the sense of the equation; ito where missing"`
	Of     string  `default:"rate" oneof:"rate|threshold" doc:"rate, d E ln D/dt; threshold, the ν where it is 0"`
}

// NewCollapseThreshold makes the law of collapse.
func NewCollapseThreshold(c CollapseThreshold, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r == nil {
		c.Spread, c.Step = orElse(c.Spread, 1), orElse(c.Step, 0)
		if c.Of == "threshold" {
			c.Noise = orElse(c.Noise, 0)
		}
	}
	var near nearSet
	read := func(x func() float64) func() (float64, error) {
		return func() (float64, error) {
			if !near.known {
				var err error
				if near, err = newNearSet(r); err != nil {
					return 0, err
				}
			}
			return x(), nil
		}
	}
	err := complete(r,
		want{"growth", &c.Growth, read(func() float64 { return near.growth })},
		want{"spread", &c.Spread, read(func() float64 { return near.spread })},
		want{"noise", &c.Noise, read(func() float64 { return near.noise })},
		want{"step", &c.Step, read(func() float64 { return near.step })},
	)
	if err != nil {
		return nil, err
	}
	if c.Sense == "" {
		c.Sense = sgdlab.Ito.String()
		if near.known {
			c.Sense = near.sense.String()
		}
	}
	switch {
	case math.IsNaN(c.Growth) || math.IsInf(c.Growth, 0):
		err = fmt.Errorf("growth is %g; want a number", c.Growth)
	case !(c.Noise >= 0) || math.IsInf(c.Noise, 1):
		err = fmt.Errorf("noise is %g; want a number >= 0", c.Noise)
	case !(c.Step >= 0) || math.IsInf(c.Step, 1):
		err = fmt.Errorf("step is %g; want a number >= 0", c.Step)
	case c.Of == "threshold" && !(c.Growth > 0):
		err = fmt.Errorf("growth is %g; where the loss alone does not lead away from the set, it attracts at any noise", c.Growth)
	case c.Of == "threshold" && c.Sense != sgdlab.Ito.String():
		err = errors.New("there is no threshold in Stratonovich's sense: the rate is the growth, whatever the noise; want calculus: ito, or of: rate")
	case c.Step > 0 && c.Sense != sgdlab.Ito.String():
		err = errors.New("Euler–Maruyama's chain, of which the step is, is of Itô's sense; want calculus: ito, or step: 0")
	}
	if err := errors.Join(err, positive("spread", c.Spread)); err != nil {
		return nil, err
	}
	return predict(c)
}

func (c CollapseThreshold) Predict([]float64) sgdlab.Prediction {
	x, regime := c.Growth, "near the set, where drift and noise are linear in the distance"
	switch {
	case c.Of == "threshold":
		x = 2 * c.Growth / c.Spread
	case c.Sense != sgdlab.Ito.String():
		regime += ", in Stratonovich's sense"
	case c.Step > 0:
		x = chainRate(c.Growth, math.Sqrt(float64(c.Spread*c.Noise)), c.Step)
		regime += ", of Euler–Maruyama's chain"
	default:
		x -= c.Spread * c.Noise / 2
	}
	return sgdlab.One(sgdlab.Exact, x, 0, regime, "chen-2023")
}

// chainRate is E ln|1 + gh + b√h z|/h.
func chainRate(g, b, h float64) float64 {
	c, s := math.FMA(g, h, 1), float64(b*math.Sqrt(h))
	switch {
	case s == 0:
		return elementary.Log(math.Abs(c)) / h
	case math.Abs(c) > 12*s: // no zero that counts
		return gaussMean(func(z float64) float64 { return elementary.Log(math.Abs(math.FMA(s, z, c))) }, -12, 12) / h
	}
	zero := -c / s // the logarithm's singularity, at an end; it is s·t away
	side := func(sign float64) float64 {
		f := func(t float64) float64 {
			z := zero + sign*t
			return elementary.Log(float64(s*t)) * density(z)
		}
		far := -sign * zero // where the density is largest
		if far > 0 {
			return integral(f, 0, far) + integral(f, far, far+12)
		}
		return integral(f, 0, 12)
	}
	return (side(1) + side(-1)) / h
}

func density(z float64) float64 {
	return elementary.Exp(-float64(z*z)/2) / math.Sqrt(2*math.Pi)
}

func gaussMean(f func(z float64) float64, a, b float64) float64 {
	of := func(z float64) float64 { return f(z) * density(z) }
	return integral(of, a, 0) + integral(of, 0, b)
}

// integral is ∫f, NaN where it cannot be had.
func integral(f func(float64) float64, a, b float64) float64 {
	x, err := quadrature.Integrate(f, a, b, 1e-13)
	if err != nil {
		return math.NaN()
	}
	return x.Value
}

// nearSet is an SDE near θ = 0, along the direction that grows most.
type nearSet struct {
	known                       bool
	growth, spread, noise, step float64
	sense                       sgdlab.Sense
}

func newNearSet(r *sgdlab.Run) (n nearSet, err error) {
	d, ok := r.Dynamic.(sgdlab.Diffusive)
	if !ok {
		return n, errors.New("its dynamics is no sde")
	}
	sde := d.SDE()
	if len(sde.Noise) != 1 {
		return n, fmt.Errorf("the SDE has %d noises; want one", len(sde.Noise))
	}
	if _, ok := sde.Drift.(sgdlab.Downhill); !ok {
		return n, errors.New("its drift is written out; give growth")
	}
	curved, err := sgdlab.As[sgdlab.Curved](r.Model)
	if err != nil {
		return n, err
	}
	noise := sde.Noise[0]
	if noise.Law.Index() != 2 {
		return n, fmt.Errorf("the noise has infinite variance (α = %g)", noise.Law.Index())
	}
	dim := r.Model.Dim()
	var ways [][]float64
	switch dim {
	case 1:
		ways = [][]float64{{1}}
	case 2:
		ways = [][]float64{{math.Sqrt2 / 2, math.Sqrt2 / 2}, {math.Sqrt2 / 2, -math.Sqrt2 / 2}}
	default:
		return n, fmt.Errorf("the model has %d coordinates; the law is read from a run of one, or of a perceptron of one unit", dim)
	}
	var ws lanes.Arena
	zero := ws.Zeroed(dim)
	width := noise.Factor.Width()
	kick := func(theta lanes.Pack, v []float64) (along, across float64) {
		xi, out := ws.Zeroed(width), ws.Pack(dim)
		for i := range width {
			xi[i] = lanes.Splat(1)
			noise.Factor.Apply(out, theta, xi, &ws)
			xi[i] = lanes.Vec{}
			dot, norm := 0.0, 0.0
			for j := range v {
				dot += v[j] * out[j][0]
				norm += out[j][0] * out[j][0]
			}
			along += dot * dot
			across += math.Max(norm-dot*dot, 0)
		}
		return along, across
	}
	if a, b := kick(zero, ways[0]); a+b != 0 {
		return n, errors.New("the noise does not vanish at θ = 0")
	}
	scale := noise.Scale(r.Clock)[0]
	n.growth = math.Inf(-1)
	for _, v := range ways {
		x, h := lanes.Of(v), ws.Pack(dim)
		curved.HessVec(h, zero, x, &ws)
		lambda := 0.0
		for j := range v {
			lambda += v[j] * h[j][0]
		}
		for j := range v {
			if math.Abs(h[j][0]-lambda*v[j]) > 1e-9*math.Abs(lambda) {
				return n, errors.New("∇²L(0) does not keep the directions w₂ = ±w₁")
			}
		}
		if -lambda <= n.growth {
			continue
		}
		const small = 0x1p-30
		lanes.Scale(x, small)
		along, across := kick(x, v)
		if across > 1e-9*along {
			return n, errors.New("the noise leads out of the directions w₂ = ±w₁")
		}
		n.growth, n.spread = -lambda, along/(small*small)
	}
	n.noise = scale * scale
	if dim == 1 {
		n.noise, n.spread = n.noise*n.spread, 1
	} else if zeta, err := setting(r, "noise.amplitude", "noise[0].amplitude")(); err != nil || !(zeta > 0) {
		return n, errors.New("its noise is not that of labels; want factor: output")
	}
	n.sense, n.known = sde.Sense, true
	if n.sense == sgdlab.Ito && (r.Word("scheme") == "euler-maruyama" || r.Word("scheme.name") == "euler-maruyama") {
		if _, step := r.Dynamic.Pace(); step.Fixed() {
			n.step = step(r.Clock)[0]
		}
	}
	return n, nil
}

// SoftThreshold is the stationary law of the strength s = uv of a mode of a diagonal network under label noise,
//
//	ds = 2s(b + T/2 − as)dt + 2√T s dB (Itô),   d ln s = 2(b − T/2 − as)dt + 2√T dB,
//
// from s > 0 and u = v, with b = Σxy·p and a = Σx²·p of its column of inputs, p the prefactor's 1/n or 1, and T = ηδ, δ the variance of the
// noise on the gradient in s: ζ² on target-matrix, where a = 1 and b is the target. Where b > T/2, as has the Gamma law with the shape b/T − ½ and
// the scale T,
//
//	mean s = max(0, b − T/2)/a,   variance T·max(0, b − T/2)/a²,   P(s > level) = Q(b/T − ½, a·level/T),
//
// and where not, s → 0: every mode is shrunk by as much, and the weak ones die. Q is the upper incomplete gamma function, regularised; survivors
// is its sum over all modes, the expected number above the level. It is far from #{b > T/2}, as just above the threshold nearly all of the law is
// next to 0.
//
// From a run: a diagonal network u ⊙ v on inputs whose columns are orthogonal, and label noise on gd at a fixed rate, where it leaves out O(η), or
// as the only noise of an Itô SDE.
//
// Source: after Chen, Kunin, Yamamura & Ganguli 2023; rederived.
type SoftThreshold struct {
	Target      float64   `optional:"true" doc:"b, of the coordinate"`
	Targets     []float64 `optional:"true" doc:"of: survivors, b of every mode"`
	Curvature   float64   `optional:"true" check:">0" doc:"a, the same of all modes; 1 where missing and not read from a run"`
	Temperature float64   `optional:"true" check:">=0" doc:"T = ηδ; δ = ζ² on target-matrix"`
	Of          string    `default:"mean" oneof:"mean|variance|survivors" doc:"of s, or how many modes are above the level"`
	Level       float64   `default:"0.001" check:">0" doc:"of: survivors, the level"`
	Index       int       `default:"0" check:">=0" doc:"which coordinate to read from the run"`

	Discrete bool `default:"false" doc:"true for descent rather than the SDE; set from a run"`
}

// NewSoftThreshold makes the law of the modes.
func NewSoftThreshold(c SoftThreshold, r *sgdlab.Run) (sgdlab.Theory, error) {
	all := c.Of == "survivors"
	if r == nil {
		c.Curvature = orElse(c.Curvature, 1)
	}
	if all {
		c.Target = orElse(c.Target, 0)
	}
	var m labelled
	read := func(x func() float64) func() (float64, error) {
		return func() (float64, error) {
			if m.target == nil {
				var err error
				if m, err = newLabelled(r); err != nil {
					return 0, err
				}
				if c.Index >= len(m.target) {
					return 0, fmt.Errorf("there is no coordinate %d of %d", c.Index, len(m.target))
				}
			}
			return x(), nil
		}
	}
	err := complete(r,
		want{"target", &c.Target, read(func() float64 { return m.target[c.Index] })},
		want{"curvature", &c.Curvature, read(func() float64 { return m.curvature[c.Index] })},
		want{"temperature", &c.Temperature, read(func() float64 { return m.temperature[c.Index] })},
	)
	if err == nil && all && c.Targets == nil {
		if r == nil {
			err = errors.New("give targets")
		} else if _, err = read(func() float64 { return 0 })(); err == nil {
			c.Targets = m.target
			for j := range m.target {
				if math.Abs(m.curvature[j]-c.Curvature) > 1e-9*c.Curvature {
					err = errors.New("its modes differ in curvature, so that survivors cannot be read from it; want inputs that are white, or target-matrix")
				}
			}
		}
	}
	if err == nil {
		c.Discrete = m.discrete
		err = errors.Join(positive("curvature", c.Curvature), positive("level", c.Level))
		if math.IsNaN(c.Target) || math.IsInf(c.Target, 0) {
			err = errors.Join(err, fmt.Errorf("target is %g; want a number", c.Target))
		}
		if !(c.Temperature >= 0) || math.IsInf(c.Temperature, 1) {
			err = errors.Join(err, fmt.Errorf("temperature is %g; want a number >= 0", c.Temperature))
		}
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c SoftThreshold) Predict([]float64) sgdlab.Prediction {
	t := c.Temperature
	mean := func(b float64) float64 { return math.Max(0, b-t/2) / c.Curvature }
	var x float64
	switch c.Of {
	case "mean":
		x = mean(c.Target)
	case "variance":
		x = t * mean(c.Target) / c.Curvature
	default:
		for _, b := range c.Targets {
			switch {
			case mean(b) == 0:
			case t == 0:
				if mean(b) > c.Level {
					x++
				}
			default:
				x += gammaTail(b/t-0.5, c.Curvature*c.Level/t)
			}
		}
	}
	p := sgdlab.One(sgdlab.Exact, x, 0, "stationary, label noise alone, orthogonal inputs, u = v, s > 0", "chen-2023")
	if c.Discrete {
		p.Kind, p.Neglects[0] = sgdlab.Leading, math.NaN()
		p.Regime += ", at a small rate"
	}
	return p
}

// gammaTail is Q(a, x) = Γ(a, x)/Γ(a), for a and x > 0: the tail by quadrature in ln t, what is below x by its series.
func gammaTail(a, x float64) float64 {
	tail := integral(func(y float64) float64 { return elementary.Exp(a*y - elementary.Exp(y)) }, elementary.Log(x), elementary.Log(x+a+60+12*math.Sqrt(a)))
	term := elementary.Exp(a*elementary.Log(x)-x) / a
	below := term
	for n := a + 1; term > 1e-17*below; n++ {
		term *= x / n
		below += term
	}
	return tail / (tail + below)
}

// labelled is what label noise does to each coordinate of a diagonal network.
type labelled struct {
	target, curvature, temperature []float64
	discrete                       bool
}

func newLabelled(r *sgdlab.Run) (m labelled, err error) {
	if _, err = sgdlab.As[sgdlab.Paired](r.Model); err != nil {
		return m, err
	}
	net, err := sgdlab.As[sgdlab.Squared](r.Model)
	if err != nil {
		return m, err
	}
	if r.Data == nil {
		return m, errors.New("it has no data")
	}
	if m.discrete, err = labelNoiseAlone(r, "the law of modes"); err != nil {
		return m, err
	}
	eta, err := rate(r)()
	if err != nil {
		return m, err
	}
	zeta, err := setting(r, "label-noise.amplitude", "noise.amplitude", "noise[0].amplitude")()
	if err != nil {
		zeta = 0 // none
	}
	x, y := r.Data.X, r.Data.Y
	p := net.PerLabel() / float64(x.Rows)
	for j := range x.Cols {
		square, overlap := 0.0, 0.0
		for i := range x.Rows {
			square += x.At(i, j) * x.At(i, j)
			overlap += x.At(i, j) * y.At(i, 0)
		}
		for k := range j {
			dot := 0.0
			for i := range x.Rows {
				dot += x.At(i, j) * x.At(i, k)
			}
			if math.Abs(dot) > 1e-9*square {
				return m, fmt.Errorf("columns %d and %d of the inputs are not orthogonal; the law is of modes that do not see each other", k, j)
			}
		}
		if square == 0 {
			return m, fmt.Errorf("column %d of the inputs is 0", j)
		}
		m.target = append(m.target, p*overlap)
		m.curvature = append(m.curvature, p*square)
		m.temperature = append(m.temperature, eta*zeta*zeta*p*p*square)
	}
	return m, nil
}
