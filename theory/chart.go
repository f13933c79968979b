package theory

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// chart is what a run's model knows of its critical points.
type chart struct {
	sgdlab.Charted
	curved sgdlab.Curved
	points []sgdlab.CriticalPoint
	place  map[string]int
	known  map[int]*modes
	ws     lanes.Arena
}

// modes are the eigenvalues of ∇²L at a point, smallest first, and its unit eigenvectors.
type modes struct {
	values  []float64
	vectors [][]float64
	soft    int // the one nearest to 0
}

func chartOf(r *sgdlab.Run) (*chart, error) {
	if r.Model == nil {
		return nil, errors.New("it has no model")
	}
	m, err := sgdlab.As[sgdlab.Charted](r.Model)
	if err != nil {
		return nil, err
	}
	c := &chart{Charted: m, points: m.CriticalPoints(), place: map[string]int{}, known: map[int]*modes{}}
	if c.curved, err = sgdlab.As[sgdlab.Curved](r.Model); err != nil {
		return nil, err
	}
	for i, p := range c.points {
		c.place[p.Name] = i
	}
	return c, nil
}

// named finds a critical point.
func (c *chart) named(name string) (int, error) {
	if i, ok := c.place[name]; ok {
		return i, nil
	}
	var names []string
	for _, p := range c.points {
		names = append(names, p.Name)
		if len(names) == 12 && len(c.points) > 12 {
			names = append(names, "…")
			break
		}
	}
	return 0, fmt.Errorf("the model has no critical point %s; it has %s", name, strings.Join(names, ", "))
}

// modes diagonalises the Hessian at a point.
func (c *chart) modes(i int) (*modes, error) {
	if m := c.known[i]; m != nil {
		return m, nil
	}
	const most = 512
	d := c.Dim()
	if d > most {
		return nil, fmt.Errorf("its model has %d coordinates; determinants are computed up to %d", d, most)
	}
	at := lanes.Of(c.points[i].At)
	h, values, vectors := make(lanes.Pack, d*d), make(lanes.Pack, d), make(lanes.Pack, d*d)
	linalg.Form(lanes.ByRows(h, d, d), func(hv, v lanes.Pack) { c.curved.HessVec(hv, at, v, &c.ws) }, &c.ws)
	var s linalg.Scratch
	s.Eigen(values, lanes.ByRows(vectors, d, d), lanes.ByRows(h, d, d))
	m := &modes{}
	for j := d - 1; j >= 0; j-- {
		m.values = append(m.values, values[j][0])
		v := make([]float64, d)
		for k := range v {
			v[k] = vectors[k*d+j][0]
		}
		m.vectors = append(m.vectors, v)
	}
	for j, x := range m.values {
		if math.Abs(x) < math.Abs(m.values[m.soft]) {
			m.soft = j
		}
	}
	c.known[i] = m
	return m, nil
}

// minimum reports whether a point is a minimum with a quadratic bottom.
func (c *chart) minimum(i int) error {
	switch p := c.points[i]; {
	case p.Index > 0:
		return fmt.Errorf("%s is no minimum: ∇²V has %d negative eigenvalues there", p.Name, p.Index)
	case p.Nullity > 0:
		return fmt.Errorf("%s is degenerate: ∇²V has %d zero eigenvalues there, and the law is for quadratic minima", p.Name, p.Nullity)
	}
	return nil
}

// passes are the saddles that join a minimum to others.
func (c *chart) passes(from int) (list []int) {
	for s, p := range c.points {
		for _, name := range p.Joins {
			if name == c.points[from].Name {
				list = append(list, s)
			}
		}
	}
	return list
}

// lowest is the lowest saddle that joins a minimum to another.
func (c *chart) lowest(from int) (int, error) {
	best := -1
	for _, s := range c.passes(from) {
		if best < 0 || c.points[s].Value < c.points[best].Value {
			best = s
		}
	}
	if best < 0 {
		return 0, fmt.Errorf("no saddle joins %s to another minimum", c.points[from].Name)
	}
	return best, nil
}

// home is the minimum that lies downhill from the start: along −∇V, in steps that are short beside the distances between
// minima.
func (c *chart) home(r *sgdlab.Run) (int, error) {
	if r.Start == nil || r.Start.Centre() == nil {
		return 0, errors.New("its start is random altogether; start at a place, or give from")
	}
	x := r.Start.Centre()
	d := c.Dim()
	apart := math.Inf(1)
	var minima []int
	for i, p := range c.points {
		if far := distance(p.At, x); p.Index > 0 && far < 1e-9 {
			return 0, fmt.Errorf("its start is at %s, which is no minimum; start in a well, or give from", p.Name)
		}
		if p.Index > 0 || p.Nullity > 0 && len(p.Joins) > 0 {
			continue
		}
		for _, j := range minima {
			apart = min(apart, distance(p.At, c.points[j].At))
		}
		minima = append(minima, i)
	}
	stride := 0.01 * apart
	if math.IsInf(apart, 1) {
		stride = 0.01
	}
	for range 1 << 16 {
		for _, i := range minima {
			if distance(c.points[i].At, x) <= 3*stride {
				return i, nil
			}
		}
		c.ws.Reset()
		at, g, hg := c.ws.Pack(d), c.ws.Pack(d), c.ws.Pack(d)
		lanes.Fill(at, x)
		c.Grad(g, at, &c.ws)
		c.curved.HessVec(hg, at, g, &c.ws)
		size, bend := math.Sqrt(lanes.Dot(g, g)[0]), math.Sqrt(lanes.Dot(hg, hg)[0])
		if !(size > 0) {
			break
		}
		step := min(stride/size, 0.5*size/bend)
		for j := range x {
			x[j] -= step * g[j][0]
		}
	}
	return 0, fmt.Errorf("no minimum of the model's chart was found downhill from the start; give from")
}

func distance(a, b []float64) float64 {
	s := 0.0
	for j := range a {
		s = math.Hypot(s, a[j]-b[j])
	}
	return s
}

// quartic returns C of the term Cy⁴ to which V is reduced at a saddle along its soft direction y, the others following,
//
//	C = V_yyyy/24 − Σⱼ V_yyj²/(8λⱼ),
//
// by third derivatives and a difference of them; an error where V is not even in y to that order.
func (c *chart) quartic(i int) (float64, error) {
	cubic, err := sgdlab.As[sgdlab.Cubic](c.Charted)
	if err != nil {
		return 0, err
	}
	m, err := c.modes(i)
	if err != nil {
		return 0, err
	}
	d, y := c.Dim(), lanes.Of(m.vectors[m.soft])
	third := func(h float64) lanes.Pack {
		at, t := lanes.Of(c.points[i].At), make(lanes.Pack, d)
		lanes.AddScaled(at, lanes.Splat(h), y)
		cubic.ThirdVec(t, at, y, y, &c.ws)
		return t
	}
	slope := func(h float64) float64 { return (lanes.Dot(third(h), y)[0] - lanes.Dot(third(-h), y)[0]) / (2 * h) }
	const h = 1e-2
	fourth := (4*slope(h/2) - slope(h)) / 3
	t := third(0)
	skew := lanes.Dot(t, y)[0]
	if math.Abs(skew) > 1e-9*(math.Abs(fourth)+1) {
		return 0, fmt.Errorf("%s is cubic along its flat direction, V_yyy = %g: no pass that the law knows", c.points[i].Name, skew)
	}
	sum := 0.0
	for j, x := range m.values {
		if j != m.soft {
			along := lanes.Dot(t, lanes.Of(m.vectors[j]))[0]
			sum += along * along / x
		}
	}
	return fourth/24 - sum/8, nil
}

// flatness is the relative size of what a quadratic pass neglects, 3T│C│/λ² with λ its least positive eigenvalue and C the
// quartic term along it; an error where that is no small part.
func (c *chart) flatness(i int, quartic, temp float64) (float64, error) {
	m, err := c.modes(i)
	if err != nil {
		return 0, err
	}
	x := m.values[m.soft]
	loose := 3 * temp * math.Abs(quartic) / (x * x)
	if !(loose < 1) {
		return 0, fmt.Errorf("%s is nearly flat across the way, with the curvature %.6g beside a quartic term of %.6g: the law is for T well below %.6g there, and T is %.6g; lower the temperature, or simulate",
			c.points[i].Name, x, quartic, x*x/(3*math.Abs(quartic)), temp)
	}
	return loose, nil
}
