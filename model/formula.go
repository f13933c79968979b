package model

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/spec"
)

// Formula is a landscape that a spec writes out,
//
//	L(θ) = the expression, with θ = the variables,
//
// such as x⁴/4 − x²/2 + a·y². States have the shape (d), d the number of variables, one to three. L and temperatures are
// in units of θ² over time.
type Formula struct {
	variables                  []string
	loss, grad, hessian, third *formula.Program
}

// ChartedFormula is a Formula with critical points.
type ChartedFormula struct {
	*Formula
	points []sgdlab.CriticalPoint // in the order of their names
}

// FormulaSettings are the settings of NewFormula.
type FormulaSettings struct {
	Loss string `doc:"L as an expression of the variables and parameters, such as x^4/4 - x^2/2"`
	formula.Settings
	Critical Positions `optional:"true" doc:"names and approximate places of zeros of ∇L, such as {left: [-1, 0], top: [0, 0]}; each is refined by Newton's method"`
}

// Positions are points of a landscape by name.
type Positions map[string][]float64

// Decode reads a map of lists of numbers; a number is a list of one.
func (p *Positions) Decode(value any) error {
	m, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("got %v; want names and places, such as {left: [-1, 0], top: [0, 0]}", value)
	}
	*p = Positions{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list, ok := m[name].([]any)
		if !ok {
			list = []any{m[name]}
		}
		for _, v := range list {
			x, ok := number(v)
			if !ok || math.IsInf(x, 0) {
				return fmt.Errorf("%s: got %v; want a number for each variable", name, v)
			}
			(*p)[name] = append((*p)[name], x)
		}
	}
	return nil
}

// NewFormula builds the landscape; the language has + − * / ^, parentheses, numbers, pi, and the functions sqrt, exp,
// expm1, log, log1p, sin, cos, tan, sinh, cosh, tanh, atan, erf, abs, sign, step, relu, pow(x, y), min, max and where(c,
// a, b), which is a where c > 0, b where c < 0, and their mean at c = 0. Derivatives to the third order are exact, without
// differences. At a kink, such as that of abs at 0, a derivative is the mean of those on both sides, and the pulse in the
// next one is left out.
//
// Critical points are what `critical` names: from each place Newton's method, damped so that |∇L| falls, goes on to the
// limit of rounding (of degenerate points, to some seven digits along the flat directions). Index and nullity count the
// eigenvalues of ∇²L below and at 0, to 10⁻¹⁰ of the largest second derivative nearby. A saddle of index 1 joins those of
// the named minima to which steepest descent leads from it on either side. It is a mistake where the method does not
// converge and where two names lead to one point.
func NewFormula(c FormulaSettings, set *data.Set) (sgdlab.Model, error) {
	if err := noData("formula", set); err != nil {
		return nil, err
	}
	g, err := c.Graph(spec.DidYouMean)
	if err != nil {
		return nil, err
	}
	l, err := g.Parse(c.Loss)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	if err := g.Done(); err != nil {
		return nil, err
	}
	m := &Formula{variables: g.Variables()}
	for _, p := range []struct {
		program **formula.Program
		of      []formula.Ref
	}{{&m.loss, []formula.Ref{l}}, {&m.grad, g.Gradient(l)}, {&m.hessian, g.Hessian(l)}, {&m.third, g.Third(l)}} {
		if *p.program, err = g.Compile(p.of...); err != nil {
			return nil, fmt.Errorf("loss: %w", err)
		}
	}
	if len(c.Critical) == 0 {
		return m, nil
	}
	charted, err := m.chart(c.Critical)
	if err != nil {
		return nil, err
	}
	return charted, nil
}

// Dim returns the number of variables.
func (m *Formula) Dim() int { return len(m.variables) }

// Loss is L(θ).
func (m *Formula) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	mark := ws.Mark()
	v := ws.Pack(1)
	m.loss.Run(v, theta, ws)
	ws.Release(mark)
	return v[0]
}

// Grad is dst = ∇L(θ).
func (m *Formula) Grad(dst, theta lanes.Pack, ws *lanes.Arena) { m.grad.Run(dst, theta, ws) }

// HessVec is dst = ∇²L(θ)v.
func (m *Formula) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	h := ws.Pack(m.hessian.Outputs())
	m.hessian.Run(h, theta, ws)
	for i := range dst {
		for l := range lanes.W {
			s := 0.0
			for j := range v {
				s = math.FMA(h[formula.Pair(i, j)][l], v[j][l], s)
			}
			dst[i][l] = s
		}
	}
	ws.Release(mark)
}

// Hessian is dst = ∇²L(θ), by rows.
func (m *Formula) Hessian(dst, theta lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	h := ws.Pack(m.hessian.Outputs())
	m.hessian.Run(h, theta, ws)
	d := len(theta)
	for i := range d {
		for j := range d {
			dst[i*d+j] = h[formula.Pair(i, j)]
		}
	}
	ws.Release(mark)
}

// ThirdVec is dst = D³L(θ)[u, v].
func (m *Formula) ThirdVec(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	t := ws.Pack(m.third.Outputs())
	m.third.Run(t, theta, ws)
	for i := range dst {
		for l := range lanes.W {
			s := 0.0
			for j := range u {
				for k := range v {
					s = math.FMA(t[formula.Triple(i, j, k)][l], u[j][l]*v[k][l], s)
				}
			}
			dst[i][l] = s
		}
	}
	ws.Release(mark)
}

// CriticalPoints returns those that were named, in alphabetical order.
func (m *ChartedFormula) CriticalPoints() []sgdlab.CriticalPoint { return copied(m.points) }

// chart finds the critical points beside the places given.
func (m *Formula) chart(places Positions) (*ChartedFormula, error) {
	s := &survey{ChartedFormula: &ChartedFormula{Formula: m}}
	for _, name := range slices.Sorted(maps.Keys(places)) {
		if len(places[name]) != m.Dim() {
			return nil, fmt.Errorf("critical: %s: got %d numbers; want one for each of %s", name, len(places[name]), strings.Join(m.variables, ", "))
		}
		at, err := s.refine(places[name])
		if err != nil {
			return nil, fmt.Errorf("critical: %s: %w", name, err)
		}
		for _, p := range s.points {
			if apart(p.At, at) <= 1e-6*(1+size(at)) {
				return nil, fmt.Errorf("critical: %s and %s are both at %v; want places that are nearer to different zeros of ∇L", p.Name, name, at)
			}
		}
		p := sgdlab.CriticalPoint{Name: name, At: at, Value: s.run(m.loss, at)[0]}
		values, _ := s.eigen(at)
		for _, x := range values {
			switch {
			case math.Abs(x) <= 1e-10*s.scale(m.hessian, at):
				p.Nullity++
			case x < 0:
				p.Index++
			}
		}
		s.points = append(s.points, p)
	}
	for i := range s.points {
		p := &s.points[i]
		if p.Index != 1 {
			continue
		}
		_, vectors := s.eigen(p.At)
		down := vectors[m.Dim()-1]
		for _, side := range []float64{-1, 1} {
			from := moved(p.At, side*1e-3*(1+size(p.At)), down)
			if to := s.descend(from); to != "" && !slices.Contains(p.Joins, to) {
				p.Joins = append(p.Joins, to)
			}
		}
		slices.Sort(p.Joins)
	}
	return s.ChartedFormula, nil
}

// survey is scratch for looking over a landscape.
type survey struct {
	*ChartedFormula
	ws   lanes.Arena
	work linalg.Scratch
}

// run computes a program at a point.
func (s *survey) run(p *formula.Program, x []float64) []float64 {
	s.ws.Reset()
	dst := s.ws.Pack(p.Outputs())
	p.Run(dst, lanes.Of(x), &s.ws)
	return dst.Lane(nil, 0)
}

// eigen returns the eigenvalues of ∇²L, largest first, and its eigenvectors.
func (s *survey) eigen(x []float64) (values []float64, vectors [][]float64) {
	d := s.Dim()
	h, val, vec := make(lanes.Pack, d*d), make(lanes.Pack, d), make(lanes.Pack, d*d)
	s.Hessian(h, lanes.Of(x), &s.ws)
	s.work.Eigen(val, lanes.ByRows(vec, d, d), lanes.ByRows(h, d, d))
	for j := range d {
		v := make([]float64, d)
		for i := range v {
			v[i] = vec[i*d+j][0]
		}
		vectors = append(vectors, v)
	}
	return val.Lane(nil, 0), vectors
}

// scale is the largest entry of a program at x and a tenth of 1 + |x| away along each axis.
func (s *survey) scale(p *formula.Program, x []float64) float64 {
	big := 0.0
	at := func(x []float64) {
		for _, v := range s.run(p, x) {
			if v = math.Abs(v); v > big && !math.IsInf(v, 0) {
				big = v
			}
		}
	}
	at(x)
	for j := range x {
		for _, side := range []float64{-0.1, 0.1} {
			y := slices.Clone(x)
			y[j] += side * (1 + size(x))
			at(y)
		}
	}
	return big
}

// refine is Newton's method for ∇L = 0, with steps halved until |∇L| falls.
func (s *survey) refine(x []float64) ([]float64, error) {
	start := x
	g := s.run(s.grad, x)
	step := math.Inf(1)
	for range 300 {
		if !(size(g) < math.Inf(1)) {
			return nil, fmt.Errorf("∇L is %v at %v; want a place where it is finite", g, x)
		}
		if size(g) == 0 {
			step = 0
			break
		}
		values, vectors := s.eigen(x)
		delta := make([]float64, len(x))
		largest := max(math.Abs(values[0]), math.Abs(values[len(values)-1]))
		for i, lambda := range values {
			if math.Abs(lambda) > 1e-14*largest {
				delta = moved(delta, -inner(vectors[i], g)/lambda, vectors[i])
			}
		}
		step = size(delta)
		found := false
		for t := 1.0; t > 1e-6; t /= 2 {
			next := moved(x, t, delta)
			if now := s.run(s.grad, next); size(now) < size(g) {
				x, g, found = next, now, true
				break
			}
		}
		if !found {
			break
		}
	}
	scale := s.scale(s.grad, x)
	if !(step <= 1e-10*(1+size(x))) || !(size(g) <= 1e-10*scale) {
		return nil, fmt.Errorf("no critical point is found from %v: Newton's method ends at %.6g, where |∇L| is %.3g; want a place nearer to a zero of ∇L", start, x, size(g))
	}
	for j, v := range x { // a coordinate that is 0 but for rounding
		y := slices.Clone(x)
		y[j] = 0
		if math.Abs(v) <= 1e-6*(1+size(x)) && size(s.run(s.grad, y)) <= max(size(g), 1e-15*scale) {
			x = y
		}
	}
	return x, nil
}

// descend follows −∇L by short steps and returns the name of the minimum where it ends; "" where that has none.
func (s *survey) descend(x []float64) string {
	t, value := 1.0, s.run(s.loss, x)[0]
	for range 5000 {
		for _, p := range s.points {
			if p.Index == 0 && apart(p.At, x) <= 1e-3*(1+size(x)) {
				return p.Name
			}
		}
		g := s.run(s.grad, x)
		n := size(g)
		if !(n > 0) {
			return ""
		}
		t = min(2*t, 0.05*(1+size(x))/n)
		for {
			next := moved(x, -t, g)
			if v := s.run(s.loss, next)[0]; v <= value-float64(0.3*t*n*n) {
				x, value = next, v
				break
			}
			if t /= 2; t*n < 1e-12*(1+size(x)) {
				return ""
			}
		}
	}
	return ""
}

func inner(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s = math.FMA(a[i], b[i], s)
	}
	return s
}

func size(a []float64) float64 { return math.Sqrt(inner(a, a)) }

func apart(a, b []float64) float64 { return size(moved(a, -1, b)) }

// moved is a + tv.
func moved(a []float64, t float64, v []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = math.FMA(t, v[i], a[i])
	}
	return out
}
