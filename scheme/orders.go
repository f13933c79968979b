package scheme

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// Problem is an SDE from a fixed start over the time 1, whose answers are known: in law, on the path, or by refining the
// path. It is stated in the sense of Itô; schemes of Stratonovich's are given the drift that makes the solution the same.
type Problem struct {
	Name  string
	Text  string // the equation
	Kind  sgdlab.NoiseKind
	Dim   int
	Width int // channels of noise
	Start []float64

	drift   func(dst, x lanes.Pack)
	sigma   func(dst, x, xi lanes.Pack)
	correct func(dst, x lanes.Pack)               // ½Σⱼ Lⱼσⱼ; nil where σ is constant
	exact   func(dst, w, x []float64)             // the solution at time 1 of W(1); nil where it is not a function of it
	affine  *affine                               // of equations that are
	circle  func() (a, s func(x float64) float64) // of equations in one dimension of period 2π
}

// affine is dx = (Ax + a)dt + Σⱼ (Bⱼx + bⱼ)dWⱼ, by rows of matrices one larger that act on (x, 1).
type affine struct {
	drift   [][]float64
	columns [][][]float64
}

// Problems returns the test problems: of every kind of noise, linear and not, one and more of a state, more channels of noise
// than states.
func Problems() []*Problem {
	sin, cos := elementary.Sin, elementary.Cos
	bend := func(x float64) float64 { return sin(x) + float64(0.5*cos(2*x)) }
	flat := func(float64) float64 { return 0.8 }
	wavy := func(x float64) float64 { return 0.8 + float64(0.4*sin(x)) }
	slope := func(x float64) float64 { return 0.4 * cos(x) }
	const mu, beta = 0.5, 1.0
	geometric := linear([][]float64{{mu, 0}}, [][]float64{{beta, 0}})
	geometric.Name, geometric.Kind, geometric.Start = "geometric", sgdlab.DiagonalNoise, []float64{1}
	geometric.Text = "dx = x/2 dt + x dW"
	geometric.exact = func(dst, w, x []float64) { dst[0] = x[0] * elementary.Exp(mu-0.5*beta*beta+float64(beta*w[0])) }

	ou := linear([][]float64{{-1, 0.5, 0}, {0.5, -2, 0}}, [][]float64{{0, 0, 0.6}, {0, 0, 0.2}}, [][]float64{{0, 0, 0}, {0, 0, 0.5}}, [][]float64{{0, 0, 0.3}, {0, 0, -0.4}})
	ou.Name, ou.Kind, ou.Start = "ornstein-uhlenbeck", sgdlab.AdditiveNoise, []float64{1, -1}
	ou.Text = "dθ = −Hθ dt + S dW, 2 states, 3 channels"

	coupled := linear([][]float64{{-1, 0.5, 0}, {0.7, -0.5, 0}}, [][]float64{{0.8, 0, 0}, {0, 0, 0}}, [][]float64{{0, 0, 0}, {0, 0.6, 0}})
	coupled.Name, coupled.Kind, coupled.Start = "coupled", sgdlab.DiagonalNoise, []float64{1, 2}
	coupled.Text = "dθᵢ = (Aθ)ᵢ dt + βᵢθᵢ dWᵢ, 2 states, 2 channels"

	// Multiplication by complex numbers: l = −0.2 + i, p = 0.5 + 0.6i, q = 0.3 − 0.4i.
	spiral := linear([][]float64{{-0.2, -1, 0}, {1, -0.2, 0}}, [][]float64{{0.5, -0.6, 0}, {0.6, 0.5, 0}}, [][]float64{{0.3, 0.4, 0}, {-0.4, 0.3, 0}})
	spiral.Name, spiral.Kind, spiral.Start = "spiral", sgdlab.CommutativeNoise, []float64{1, 0}
	spiral.Text = "dz = lz dt + pz dW₁ + qz dW₂ in complex numbers, 2 states, 2 channels"
	spiral.exact = func(dst, w, x []float64) { // z·exp(l − ½(p² + q²) + pW₁ + qW₂)
		re := -0.2 - 0.5*(0.25-0.36+0.09-0.16) + float64(0.5*w[0]) + float64(0.3*w[1])
		im := 1 - 0.5*(2*0.5*0.6-2*0.3*0.4) + float64(0.6*w[0]) - float64(0.4*w[1])
		size, c, s := elementary.Exp(re), cos(im), sin(im)
		dst[0], dst[1] = size*(float64(c*x[0])-float64(s*x[1])), size*(float64(s*x[0])+float64(c*x[1]))
	}

	triad := linear([][]float64{{-0.5, 0.3, 0}, {-0.2, -0.8, 0}},
		[][]float64{{0.3, 0.7, 0.2}, {-0.1, 0.2, 0}}, [][]float64{{-0.2, 0, 0}, {0.6, 0.4, 0.1}}, [][]float64{{0.1, -0.4, 0.3}, {0.5, 0, 0.4}})
	triad.Name, triad.Kind, triad.Start = "triad", sgdlab.GeneralNoise, []float64{1, 1}
	triad.Text = "dθ = Aθ dt + Σ (Bⱼθ + bⱼ)dWⱼ, 2 states, 3 channels that do not commute"

	well := scalar(func(x float64) float64 { return x - float64(x*x*x) }, func(float64) float64 { return 0.7 }, nil)
	well.Name, well.Kind, well.Start = "double-well", sgdlab.AdditiveNoise, []float64{1}
	well.Text = "dx = (x − x³)dt + 0.7 dW"

	ring := scalar(bend, flat, nil)
	ring.Name, ring.Kind, ring.Start = "ring", sgdlab.AdditiveNoise, []float64{1}
	ring.Text = "dx = (sin x + ½cos 2x)dt + 0.8 dW"
	ring.circle = func() (a, s func(float64) float64) { return bend, flat }

	wave := scalar(bend, wavy, slope)
	wave.Name, wave.Kind, wave.Start = "wave", sgdlab.DiagonalNoise, []float64{1}
	wave.Text = "dx = (sin x + ½cos 2x)dt + (0.8 + 0.4 sin x)dW"
	wave.circle = func() (a, s func(float64) float64) { return bend, wavy }
	return []*Problem{ou, well, ring, geometric, wave, coupled, spiral, triad}
}

// linear is an affine problem by its matrices over (x, 1).
func linear(drift [][]float64, columns ...[][]float64) *Problem {
	d := len(drift)
	act := func(dst, x lanes.Pack, m [][]float64, add bool, by *lanes.Vec) {
		for i := range dst {
			for l := range lanes.W {
				sum := m[i][d]
				for j := range x {
					sum = math.FMA(m[i][j], x[j][l], sum)
				}
				if by != nil {
					sum *= by[l]
				}
				if add {
					sum += dst[i][l]
				}
				dst[i][l] = sum
			}
		}
	}
	still := true // the noise is the same everywhere
	square := make([][]float64, d)
	for i := range square {
		square[i] = make([]float64, d+1)
	}
	for _, b := range columns {
		for i := range d {
			for k := range d {
				still = still && b[i][k] == 0
				for j := range d + 1 {
					square[i][j] += 0.5 * b[i][k] * b[k][j]
				}
			}
		}
	}
	p := &Problem{Dim: d, Width: len(columns), affine: &affine{drift: drift, columns: columns}}
	p.drift = func(dst, x lanes.Pack) { act(dst, x, drift, false, nil) }
	p.sigma = func(dst, x, xi lanes.Pack) {
		lanes.Zero(dst)
		for j, b := range columns {
			act(dst, x, b, true, &xi[j])
		}
	}
	if !still {
		p.correct = func(dst, x lanes.Pack) { act(dst, x, square, false, nil) }
	}
	return p
}

// scalar is a problem in one dimension, dx = a(x)dt + b(x)dW; a nil slope, b′, says that b is constant.
func scalar(a, b, slope func(float64) float64) *Problem {
	p := &Problem{Dim: 1, Width: 1}
	p.drift = func(dst, x lanes.Pack) {
		for l := range lanes.W {
			dst[0][l] = a(x[0][l])
		}
	}
	p.sigma = func(dst, x, xi lanes.Pack) {
		for l := range lanes.W {
			dst[0][l] = b(x[0][l]) * xi[0][l]
		}
	}
	if slope != nil {
		p.correct = func(dst, x lanes.Pack) {
			for l := range lanes.W {
				dst[0][l] = 0.5 * b(x[0][l]) * slope(x[0][l])
			}
		}
	}
	return p
}

// face is a problem in the sense of a scheme, as a drift, a factor and a landscape.
type face struct {
	*Problem
	sense sgdlab.Sense
}

func (f face) Dim() int               { return f.Problem.Dim }
func (f face) Width() int             { return f.Problem.Width }
func (f face) Kind() sgdlab.NoiseKind { return f.Problem.Kind }
func (f face) Drift(dst, theta lanes.Pack, ws *lanes.Arena) {
	f.drift(dst, theta)
	if f.sense == sgdlab.Stratonovich && f.correct != nil {
		mark := ws.Mark()
		part := ws.Pack(len(dst))
		f.correct(part, theta)
		lanes.Sub(dst, dst, part)
		ws.Release(mark)
	}
}
func (f face) Apply(dst, theta, xi lanes.Pack, _ *lanes.Arena) { f.sigma(dst, theta, xi) }

// Loss is not known, and not asked for: a scheme reads the curvature only.
func (f face) Loss(lanes.Pack, *lanes.Arena) lanes.Vec { return lanes.Splat(math.NaN()) }
func (f face) Grad(dst, theta lanes.Pack, ws *lanes.Arena) {
	f.Drift(dst, theta, ws)
	lanes.Scale(dst, -1)
}

// HessVec is the central difference of the drift, exact where it is linear.
func (f face) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	const eps = 0x1p-10
	mark := ws.Mark()
	there, part := ws.Pack(len(dst)), ws.Pack(len(dst))
	lanes.Copy(there, theta)
	lanes.AddScaled(there, lanes.Splat(eps), v)
	f.Grad(dst, there, ws)
	lanes.AddScaled(there, lanes.Splat(-2*eps), v)
	f.Grad(part, there, ws)
	lanes.Sub(dst, dst, part)
	lanes.Scale(dst, 0.5/eps)
	ws.Release(mark)
}

// Centre, Draw and Deterministic make it a start.
func (f face) Centre() []float64                      { return slices.Clone(f.Start) }
func (f face) Draw(theta lanes.Pack, _ *sgdlab.Clock) { lanes.Fill(theta, f.Start) }
func (f face) Deterministic(int32) bool               { return true }

func (f face) sde(law sgdlab.Law) *sgdlab.SDE {
	return &sgdlab.SDE{Drift: f, Noise: []sgdlab.Noise{{Factor: f, Law: law, Scale: sgdlab.Constant(1)}}, Sense: f.sense}
}

// Order is a measured order of convergence: that of the errors at several steps.
type Order struct {
	Declared float64
	Measured float64   // NaN where it was not measured
	Error    float64   // its standard error over paths; 0 where no paths were drawn
	Exact    bool      // the errors are rounding at every step
	Steps    []float64 // from the longest to the shortest
	Errors   []float64
}

// Agrees reports whether the measured order is the declared one, within 0.08 and four standard errors. Errors that are rounding
// at every step agree with any, and so does an order that was not measured.
func (o *Order) Agrees() bool {
	return o.Exact || math.IsNaN(o.Measured) || math.Abs(o.Measured-o.Declared) <= 0.08+4*o.Error
}

// Measurement is what one scheme does on one problem.
type Measurement struct {
	Problem      *Problem
	Strong, Weak Order
	Refused      string // why the scheme does not fit the problem; empty where it does
	PathAreas    bool   // the Lévy areas were those of the path, in place of the scheme's own
}

// Measure measures the strong and weak orders of a scheme on a problem.
//
// Strong: the mean distance at time 1 from the exact solution on the same path of the noise where that is known, else from
// the same scheme at half the step, over paths (a multiple of 80) and steps 2⁻⁵ … 2⁻⁹.
//
// Weak: without sampling. For affine problems the first and second moments at time 1, by the expectation of one step over its
// random numbers (Gauss–Hermite in the increments, all signs), against those of the equation. On the circle E f(x(1)) from
// every point, by the transition operator of a step, against Kolmogorov's backward equation.
func Measure(build sgdlab.Part[sgdlab.Scheme], p *Problem, paths int) (*Measurement, error) {
	out := &Measurement{Problem: p, Strong: Order{Measured: math.NaN()}, Weak: Order{Measured: math.NaN()}}
	fresh := func() (sgdlab.Scheme, face, error) {
		s, err := build(&sgdlab.Site{Model: face{Problem: p}, Start: face{Problem: p}, Place: "scheme"})
		if err != nil {
			return nil, face{}, err
		}
		return s, face{Problem: p, sense: s.Sense()}, nil
	}
	s, f, err := fresh()
	if err != nil {
		return nil, err
	}
	if m, ok := s.(*Milstein); ok && p.Kind == sgdlab.GeneralNoise {
		m.Areas, m.exact, out.PathAreas = &pathAreas{}, true, true
	}
	law, err := noise.NewGaussian(noise.GaussianSettings{}, &sgdlab.Site{Place: "noise[0]"})
	if err != nil {
		return nil, err
	}
	if fit, ok := s.(Fitting); ok {
		if err := fit.Fits(f.sde(law)); err != nil {
			out.Refused = err.Error()
			return out, nil
		}
	}
	out.Strong.Declared, out.Weak.Declared = s.Order(p.Kind)
	if err := out.strong(fresh, law, paths); err != nil {
		return nil, err
	}
	if err := out.weak(s, f, law); err != nil {
		return nil, err
	}
	return out, nil
}

const (
	finest, coarsest = 10, 5 // steps 2⁻ᵏ of the strong errors; the finest is only compared with
	groups           = 10    // of paths, whose orders scatter
)

func (m *Measurement) strong(fresh func() (sgdlab.Scheme, face, error), law sgdlab.Law, paths int) error {
	p := m.Problem
	packs := paths / lanes.W / groups * groups
	if packs == 0 {
		return fmt.Errorf("got %d paths; want at least %d", paths, lanes.W*groups)
	}
	const levels = finest - coarsest + 1
	fine := &replay{}
	var steppers [levels]*Stepper
	for i := range steppers {
		s, f, err := fresh()
		if err != nil {
			return err
		}
		if mil, ok := s.(*Milstein); ok && m.PathAreas {
			mil.Areas = &pathAreas{of: fine, m: 1 << i}
		}
		if steppers[i], err = New(f.sde(&noise.Coarse{Of: fine, M: 1 << i}), s, sgdlab.Constant(math.Ldexp(1, i-finest))); err != nil {
			return err
		}
	}
	first := 1 // the finest level has nothing finer to compare with
	if p.exact != nil {
		first = 0
	}
	var sums [groups][levels]float64
	var ends [levels]lanes.Pack
	for i := range ends {
		ends[i] = make(lanes.Pack, p.Dim)
	}
	x, want, w1 := make([]float64, p.Dim), make([]float64, p.Dim), make([]float64, p.Width)
	w := make(lanes.Pack, p.Width)
	for pack := range packs {
		at := &sgdlab.Clock{}
		for l := range lanes.W {
			at.Seed[l], at.Replica[l] = 1, uint64(pack*lanes.W+l)
		}
		fine.record(law, at, p.Width, 1<<finest)
		if p.exact != nil {
			(&noise.Coarse{Of: fine, M: 1 << finest}).Draw(w, at)
		}
		for i, s := range steppers {
			lanes.Fill(ends[i], p.Start)
			c := *at
			for k := range uint64(1 << (finest - i)) {
				for l := range c.Step {
					c.Step[l] = k
				}
				s.Step(ends[i], &c, lanes.All, nil)
			}
		}
		for l := range lanes.W {
			if p.exact != nil {
				p.exact(want, w.Lane(w1, l), p.Start)
			}
			for i := first; i < levels; i++ {
				if p.exact == nil {
					ends[i-1].Lane(want, l)
				}
				ends[i].Lane(x, l)
				square := 0.0
				for j := range x {
					square = math.FMA(x[j]-want[j], x[j]-want[j], square)
				}
				sums[pack%groups][i] += math.Sqrt(square)
			}
		}
	}
	var all [levels]float64
	var each []float64
	var hs []float64
	for i := levels - 1; i >= 1; i-- {
		hs = append(hs, math.Ldexp(1, i-finest))
	}
	errs := func(sum *[levels]float64, n int) []float64 {
		var e []float64
		for i := levels - 1; i >= 1; i-- {
			e = append(e, sum[i]/float64(n))
		}
		return e
	}
	for g := range sums {
		for i, e := range sums[g] {
			all[i] += e
		}
		each = append(each, slopeOf(hs, errs(&sums[g], packs*lanes.W/groups)))
	}
	o := &m.Strong
	o.Steps, o.Errors = hs, errs(&all, packs*lanes.W)
	o.conclude(hs, o.Errors)
	mean, square := 0.0, 0.0
	for _, e := range each {
		mean += e / groups
	}
	for _, e := range each {
		square += (e - mean) * (e - mean)
	}
	if !o.Exact {
		o.Error = math.Sqrt(square / (groups * (groups - 1)))
	}
	return nil
}

// conclude reads an order off errors.
func (o *Order) conclude(h, e []float64) {
	if o.Exact = slices.Max(e) < 1e-10; o.Exact {
		o.Measured = math.Inf(1)
		return
	}
	o.Measured = slopeOf(h, e)
}

// slopeOf is that of log e over log h, by least squares.
func slopeOf(h, e []float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for i := range h {
		x, y := elementary.Log(h[i]), elementary.Log(e[i])
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// replay is a law that was drawn once for the steps of one pack, and is then read many times.
type replay struct{ xi []lanes.Pack }

func (r *replay) record(law sgdlab.Law, at *sgdlab.Clock, width, steps int) {
	c := *at
	for len(r.xi) < steps {
		r.xi = append(r.xi, make(lanes.Pack, width))
	}
	for k := range uint64(steps) {
		for l := range c.Step {
			c.Step[l] = k
		}
		law.Draw(r.xi[k], &c)
	}
}

// Draw fills ξ with what was recorded at the first lane's step.
func (r *replay) Draw(xi lanes.Pack, at *sgdlab.Clock) { lanes.Copy(xi, r.xi[at.Step[0]]) }

// Index is 2.
func (r *replay) Index() float64 { return 2 }

// Gaussian is true: it is played with increments of Brownian motion.
func (r *replay) Gaussian() bool { return true }

// pathAreas are the Lévy areas of a recorded path whose substeps are straight, m to a step.
type pathAreas struct {
	of *replay
	m  int
	w  lanes.Pack
}

// Draw fills a.
func (p *pathAreas) Draw(a, dw lanes.Pack, h lanes.Vec, at *sgdlab.Clock) {
	if len(p.w) != len(dw) {
		p.w = make(lanes.Pack, len(dw))
	}
	lanes.Zero(p.w)
	lanes.Zero(a)
	for i := range p.m {
		xi := p.of.xi[at.Step[0]*uint64(p.m)+uint64(i)] // ΔW/√(h/m)
		for k := range xi {
			for j := range k {
				to := &a[pair(j, k)]
				for l := range to {
					to[l] += 0.5 * h[l] / float64(p.m) * (float64(p.w[j][l]*xi[k][l]) - float64(p.w[k][l]*xi[j][l]))
				}
			}
		}
		lanes.Add(p.w, p.w, xi)
	}
}

// chancy schemes say what random numbers a step draws beyond its increments, and take them as given: how expectations over a
// step are had without sampling.
type chancy interface {
	// chances returns the number of fair signs and of normals.
	chances(sde *sgdlab.SDE) (signs, normals int)
	// given sets them for the next step.
	given(sde *sgdlab.SDE, h lanes.Vec, signs, normals []float64)
}

func (m *Milstein) chances(sde *sgdlab.SDE) (signs, normals int) {
	if sde.Kind() != sgdlab.GeneralNoise {
		return 0, 0
	}
	return pairs(width(sde)), 0
}

func (m *Milstein) given(_ *sgdlab.SDE, h lanes.Vec, signs, _ []float64) {
	m.areas = fixedAreas(m.areas, signs, h)
}

func (s *RungeKuttaWeak2) chances(sde *sgdlab.SDE) (signs, normals int) {
	if sde.Additive() {
		return 0, 0
	}
	m := width(sde)
	return pairs(m) + m, 0
}

func (s *RungeKuttaWeak2) given(sde *sgdlab.SDE, h lanes.Vec, signs, _ []float64) {
	if sde.Additive() {
		return
	}
	m := width(sde)
	s.areas = fixedAreas(s.areas, signs[:pairs(m)], h)
	s.chi = lanes.Of(signs[pairs(m):])
}

func fixedAreas(a lanes.Pack, signs []float64, h lanes.Vec) lanes.Pack {
	if len(a) != len(signs) {
		a = make(lanes.Pack, len(signs))
	}
	for i, x := range signs {
		a[i] = times(h, 0.5*x)
	}
	return a
}

func (e *Exponential) chances(sde *sgdlab.SDE) (signs, normals int) {
	return 0, e.dim * len(sde.Noise)
}

func (e *Exponential) given(sde *sgdlab.SDE, _ lanes.Vec, _, normals []float64) {
	e.ready(sde)
	lanes.Fill(e.zeta, normals)
}

// expect calls f once for every outcome of the random numbers of a step, with its weight: Gauss–Hermite rules of q nodes for the
// increments and other normals, all signs. Before each call the scheme has what it draws.
func expect(s sgdlab.Scheme, sde *sgdlab.SDE, h float64, q int, f func(xi []float64, weight float64)) {
	m := width(sde)
	c, ok := s.(chancy)
	signs, normals := 0, 0
	if ok {
		signs, normals = c.chances(sde)
	}
	x, w := nodes(q)
	place := make([]int, m+normals)
	z, sign := make([]float64, m+normals), make([]float64, signs)
	for {
		weight := math.Ldexp(1, -signs)
		for i, k := range place {
			z[i] = x[k]
			weight *= w[k]
		}
		for bits := range 1 << signs {
			for i := range sign {
				sign[i] = float64(2*(bits>>i&1) - 1)
			}
			if ok {
				c.given(sde, lanes.Splat(h), sign, z[m:])
			}
			f(z[:m], weight)
		}
		i := 0
		for ; i < len(place); i++ {
			if place[i]++; place[i] < q {
				break
			}
			place[i] = 0
		}
		if i == len(place) {
			return
		}
	}
}

// nodes of the Gauss–Hermite rule for a standard normal, exact for polynomials to degree 2q − 1: zeros of He_q by bisection
// between those of He_{q−1}, weights (q−1)!/(q He_{q−1}²).
func nodes(q int) (x, w []float64) {
	he := func(n int, x float64) float64 {
		a, b := 1.0, x
		if n == 0 {
			return a
		}
		for k := 1; k < n; k++ {
			a, b = b, float64(x*b)-float64(k)*a
		}
		return b
	}
	for n := 1; n <= q; n++ {
		ends := append(append([]float64{-2*math.Sqrt(float64(n)) - 1}, x...), 2*math.Sqrt(float64(n))+1)
		next := make([]float64, n)
		for i := range next {
			lo, hi := ends[i], ends[i+1]
			for range 200 {
				mid := (lo + hi) / 2
				if (he(n, mid) > 0) == (he(n, hi) > 0) {
					hi = mid
				} else {
					lo = mid
				}
			}
			next[i] = (lo + hi) / 2
		}
		x = next
	}
	fact := 1.0
	for k := 2; k < q; k++ {
		fact *= float64(k)
	}
	w = make([]float64, q)
	for i := range x {
		h := he(q-1, x[i])
		w[i] = fact / (float64(q) * h * h)
	}
	return x, w
}

func (m *Measurement) weak(s sgdlab.Scheme, f face, law sgdlab.Law) error {
	var errs func(h float64) (float64, bool)
	var coarse, fine int
	sde := f.sde(law)
	switch {
	case m.Problem.affine != nil:
		coarse, fine = 4, 8
		errs = func(h float64) (float64, bool) { return m.Problem.moments(s, sde, h) }
	case m.Problem.circle != nil:
		coarse, fine = 4, 7
		exact := m.Problem.kolmogorov()
		errs = func(h float64) (float64, bool) {
			worst := 0.0
			for i, u := range transition(s, sde, h) {
				worst = max(worst, math.Abs(u-exact[i]))
			}
			return worst, true
		}
	default:
		return nil
	}
	o := &m.Weak
	for k := coarse; k <= fine; k++ {
		h := math.Ldexp(1, -k)
		e, ok := errs(h)
		if !ok {
			o.Steps, o.Errors = nil, nil
			return nil
		}
		if math.IsNaN(e) {
			return errors.New("a weak error is NaN")
		}
		o.Steps, o.Errors = append(o.Steps, h), append(o.Errors, e)
	}
	o.conclude(o.Steps, o.Errors)
	return nil
}

// moments returns the largest error of the first and second moments at time 1 of an affine problem; ok is false for schemes
// whose step is not affine in θ. With y = (x, 1), a step is y ← My, and E y⊗y ← E[M⊗M] E y⊗y; the equation's moments obey
// ṁ = (A⊗1 + 1⊗A + Σ Bⱼ⊗Bⱼ)m.
func (p *Problem) moments(s sgdlab.Scheme, sde *sgdlab.SDE, h float64) (worst float64, ok bool) {
	n := p.Dim + 1
	nn := n * n
	step, generator := square(nn), square(nn)
	q := 4
	if p.Width == 1 {
		q = 20 // steps that are not polynomials
	}
	var ws lanes.Arena
	theta, draw := make(lanes.Pack, p.Dim), make(lanes.Pack, p.Width)
	inc := sgdlab.Increments{Draw: []lanes.Pack{draw}, Grow: []lanes.Vec{noise.Growth(lanes.Splat(h), 2)}, Scale: []lanes.Vec{lanes.Splat(1)}}
	one := square(n)
	one[n-1][n-1] = 1
	ok = true
	expect(s, sde, h, q, func(xi []float64, weight float64) {
		ws.Reset()
		lanes.Zero(theta)
		for j := range theta { // lanes: 0, the unit vectors, and their sum less 3/2 of the first
			theta[j][j+1], theta[j][n] = 1, 1
		}
		theta[0][n] = -0.5
		lanes.Fill(draw, xi)
		s.Step(sde, theta, lanes.Splat(h), inc, lanes.All, &ws)
		for i := range theta {
			one[i][n-1] = theta[i][0]
			sum := theta[i][0]
			for j := range theta {
				one[i][j] = theta[i][j+1] - theta[i][0]
				c := 1.0
				if j == 0 {
					c = -0.5
				}
				sum += c * one[i][j]
			}
			ok = ok && math.Abs(sum-theta[i][n]) < 1e-10
		}
		kron(step, one, one, weight)
	})
	if !ok {
		return 0, false
	}
	id := square(n)
	for i := range id {
		id[i][i] = 1
	}
	whole := func(m [][]float64) [][]float64 { return append(slices.Clone(m), make([]float64, n)) }
	kron(generator, whole(p.affine.drift), id, 1)
	kron(generator, id, whole(p.affine.drift), 1)
	for _, b := range p.affine.columns {
		kron(generator, whole(b), whole(b), 1)
	}
	y := append(slices.Clone(p.Start), 1)
	m := make([]float64, nn)
	for i := range y {
		for j := range y {
			m[i*n+j] = y[i] * y[j]
		}
	}
	want := flow(generator, m)
	for range int(math.Round(1 / h)) {
		m = product(step, m)
	}
	for i := range m {
		worst = max(worst, math.Abs(m[i]-want[i]))
	}
	return worst, true
}

func square(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
	}
	return m
}

// kron is dst += weight·a⊗b.
func kron(dst, a, b [][]float64, weight float64) {
	n := len(a)
	for i := range n {
		for j := range n {
			for k := range n {
				for l := range n {
					dst[i*n+k][j*n+l] += weight * a[i][j] * b[k][l]
				}
			}
		}
	}
}

func product(m [][]float64, u []float64) []float64 {
	v := make([]float64, len(u))
	for i := range v {
		for j := range u {
			v[i] = math.FMA(m[i][j], u[j], v[i])
		}
	}
	return v
}

// flow is e^G u, by a thousand Taylor steps of fourth order.
func flow(g [][]float64, u []float64) []float64 {
	const steps = 1000
	u = slices.Clone(u)
	for range steps {
		term := slices.Clone(u)
		for k := 1; k <= 4; k++ {
			term = product(g, term)
			for i := range u {
				term[i] /= float64(k) * steps
				u[i] += term[i]
			}
		}
	}
	return u
}

const points = 48 // on the circle

func angle(i int) float64 { return 2 * math.Pi * float64(i) / points }

func payoff(x float64) float64 { return elementary.Cos(x) + float64(0.3*elementary.Sin(2*x)) }

// cardinal is the trigonometric polynomial that is 1 at 0 and 0 at the other points.
func cardinal(x float64) float64 {
	s := elementary.Sin(x / 2)
	if math.Abs(s) < 1e-14 {
		return 1
	}
	return elementary.Sin(points*x/2) * elementary.Cos(x/2) / (points * s)
}

// transition returns E f(x(1)) from each point under a scheme: the operator of a step by Gauss–Hermite quadrature over its
// increment and trigonometric interpolation over x.
func transition(s sgdlab.Scheme, sde *sgdlab.SDE, h float64) []float64 {
	var ws lanes.Arena
	p := square(points)
	theta, draw := make(lanes.Pack, 1), make(lanes.Pack, 1)
	inc := sgdlab.Increments{Draw: []lanes.Pack{draw}, Grow: []lanes.Vec{noise.Growth(lanes.Splat(h), 2)}, Scale: []lanes.Vec{lanes.Splat(1)}}
	q := 14
	if c, ok := s.(chancy); ok {
		if _, normals := c.chances(sde); normals > 0 {
			q = 8 // squared; these are small
		}
	}
	expect(s, sde, h, q, func(xi []float64, weight float64) {
		for i := 0; i < points; i += lanes.W {
			ws.Reset()
			for l := range lanes.W {
				theta[0][l] = angle(i + l)
			}
			lanes.Fill(draw, xi)
			s.Step(sde, theta, lanes.Splat(h), inc, lanes.All, &ws)
			for l := range lanes.W {
				for j := range points {
					p[i+l][j] += weight * cardinal(theta[0][l]-angle(j))
				}
			}
		}
	})
	u := make([]float64, points)
	for i := range u {
		u[i] = payoff(angle(i))
	}
	for range int(math.Round(1 / h)) {
		u = product(p, u)
	}
	return u
}

// kolmogorov returns E f(x(1)) from each point of dx = a dt + σdW: u_t = a u′ + ½σ²u″ by Fourier differentiation in x.
func (p *Problem) kolmogorov() []float64 {
	a, sigma := p.circle()
	g := square(points)
	for i := range g {
		x := angle(i)
		for j := range g[i] {
			d1, d2 := 0.0, -(points*points/12.0 + 1.0/6)
			if i != j {
				y, sign := (angle(i)-angle(j))/2, 1.0
				if (i-j)%2 != 0 {
					sign = -1
				}
				s := elementary.Sin(y)
				d1, d2 = sign/2/elementary.Tan(y), -sign/2/(s*s)
			}
			g[i][j] = float64(a(x)*d1) + 0.5*sigma(x)*sigma(x)*d2
		}
	}
	u := make([]float64, points)
	for i := range u {
		u[i] = payoff(angle(i))
	}
	return flow(g, u)
}
