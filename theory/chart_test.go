package theory

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/fokkerplanck"
	"sgdlab/lanes"
	"sgdlab/model"
)

func landscape(t *testing.T) func(m sgdlab.Model, err error) sgdlab.Model {
	return func(m sgdlab.Model, err error) sgdlab.Model {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

// slopeOf is V′ of a model of one coordinate.
func slopeOf(m sgdlab.Model) func(x float64) float64 {
	var ws lanes.Arena
	return func(x float64) float64 {
		g := make(lanes.Pack, 1)
		m.Grad(g, lanes.Pack{lanes.Splat(x)}, &ws)
		return g[0][0]
	}
}

// exactExit is the mean time from x to whatever absorbs, by package fokkerplanck.
func exactExit(t *testing.T, drift func(float64) float64, temp, x, lo, hi float64) float64 {
	t.Helper()
	p := fokkerplanck.Problem{Drift: drift, Diffusion: func(float64) float64 { return temp }, Lo: lo, Hi: hi}
	r, err := p.MeanExitTime(x, 1e-9)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value
}

// reads2 is an observable of all coordinates.
type reads2 func(x []float64) float64

func (reads2) Columns() []sgdlab.Column { return []sgdlab.Column{{Name: "f"}} }
func (f reads2) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	for l := range dst[0] {
		dst[0][l] = f(theta.Lane(nil, l))
	}
}

func until(f reads2, level float64, d sgdlab.Direction) *sgdlab.Event {
	return &sgdlab.Event{Name: "exit", Of: f, Direction: d, Level: func(lanes.Vec, *sgdlab.Clock) lanes.Vec { return lanes.Splat(level) }}
}

var (
	blankKramers = Kramers{Well: nan, Saddle: nan, Barrier: nan, Temperature: nan}
	blankEyring  = EyringKramers{Barrier: nan, Temperature: nan, Quartic: nan}
)

// Styblinski–Tang in one dimension: the laws read off the chart are the limit of the exact time, whose values at T = 3 and 2 are
// from escape-time quadrature elsewhere. In two dimensions coordinates are independent, so that a chain over four wells gives the same
// time for one coordinate, and the sum of the rates for either.
func TestPassesOfStyblinskiTang(t *testing.T) {
	one1 := landscape(t)(model.NewStyblinskiTang(model.StyblinskiTangSettings{Dimension: 1}, nil))
	slope := slopeOf(one1)
	drift := func(x float64) float64 { return -slope(x) }
	for _, e := range []struct{ temp, exact float64 }{{3, 1370.49}, {2, 90197.2}} {
		exact := exactExit(t, drift, e.temp, 2.746803, -2.903534, math.Inf(1))
		close(t, "fokkerplanck", exact, e.exact, 5e-5)
		r := langevin(one1, []float64{2.5}, e.temp, nil)
		p := predicted(t, NewEyringKramers, blankEyring, r)
		if miss := math.Abs(p.Values[0]/exact - 1); miss > p.Neglects[0] {
			t.Errorf("T = %g: τ = %.6g, exact %.6g", e.temp, p.Values[0], exact)
		}
		close(t, "kramers, without an event", one(t, NewKramers, blankKramers, r), p.Values[0], 1e-12)
		named := blankKramers
		named.From, named.Over = "right", "top"
		close(t, "kramers, by names", one(t, NewKramers, named, langevin(one1, []float64{-1}, e.temp, nil)), p.Values[0], 1e-12)
		r.Event = waitFor(itself, -2.9, sgdlab.FallsBelow)
		close(t, "kramers, by the event", one(t, NewKramers, blankKramers, r), p.Values[0], 1e-9)
		close(t, "eyring-kramers, by the event", one(t, NewEyringKramers, blankEyring, r), p.Values[0], 1e-12)
		next := KramersNext{Well: nan, Saddle: nan, Barrier: nan, Temperature: nan, WellThird: nan, WellFourth: nan, SaddleThird: nan, SaddleFourth: nan, From: "right"}
		q := predicted(t, NewKramersNext, next, r)
		if m0, m1 := math.Abs(p.Values[0]/exact-1), math.Abs(q.Values[0]/exact-1); m1 > 0.3*m0 {
			t.Errorf("T = %g: the next order is wrong by %.3g, the first by %.3g", e.temp, m1, m0)
		}
	}

	const temp = 2
	tau := one(t, NewEyringKramers, blankEyring, langevin(one1, []float64{2.7}, temp, nil))
	two := landscape(t)(model.NewStyblinskiTang(model.StyblinskiTangSettings{Dimension: 2}, nil))
	r := langevin(two, []float64{2.6, 2.9}, temp, nil)
	close(t, "either coordinate", one(t, NewEyringKramers, blankEyring, r), tau/2, 1e-12)
	r.Event = until(func(x []float64) float64 { return x[0] }, -2.9, sgdlab.FallsBelow)
	close(t, "the first coordinate, through four wells", one(t, NewEyringKramers, blankEyring, r), tau, 1e-10)
	r.Event = until(func(x []float64) float64 { return max(x[0], x[1]) }, -2.9, sgdlab.FallsBelow)
	// Both independent times, of which one way back is e^(-14/2) times less likely: the mean of the larger of two.
	close(t, "both coordinates", one(t, NewEyringKramers, blankEyring, r), 1.5*tau, 2e-3)
	r.Event = until(func(x []float64) float64 { return math.Hypot(x[0]-2.6, x[1]-2.9) }, 4, sgdlab.RisesAbove)
	close(t, "a distance", one(t, NewEyringKramers, blankEyring, r), tau/2, 1e-12)

	ten := landscape(t)(model.NewStyblinskiTang(model.StyblinskiTangSettings{Dimension: 10}, nil))
	start := make([]float64, 10)
	for j := range start {
		start[j] = 2.5
	}
	r = langevin(ten, start, temp, until(func(x []float64) float64 {
		s := 0.0
		for _, y := range x {
			s = math.Hypot(s, y-2.7)
		}
		return s
	}, 5, sgdlab.RisesAbove))
	close(t, "any of ten", one(t, NewEyringKramers, blankEyring, r), tau/10, 1e-11)
	r.Event = until(func(x []float64) float64 { return x[0] }, -2.5, sgdlab.FallsBelow)
	refused(t, NewEyringKramers, blankEyring, r, "give from and over")
	named := blankEyring
	named.Over = "all-right-but-top-0"
	close(t, "one of ten, by name", one(t, NewEyringKramers, named, r), tau, 1e-11)
}

// In the quartic saddle the time divided by e^(ΔV/T) grows like T^¼; exact times in the plane are from a finite-volume solution
// elsewhere.
func TestQuarticPass(t *testing.T) {
	m := landscape(t)(model.NewQuarticSaddle(model.QuarticSaddleSettings{Barrier: 0.25, Well: 1, Coupling: 1, Quartic: 1}, nil))
	last := math.Inf(1)
	for _, e := range []struct{ temp, exact, ratio float64 }{{0.1, 49.974, 1.187}, {0.05, 474.31, 1.100}, {0.03, 11167, 1.050}, {0.02, 6.396e5, 1.032}} {
		p := predicted(t, NewEyringKramers, blankEyring, langevin(m, []float64{-1.1, 0.2}, e.temp, nil))
		close(t, "ratio to the exact time", e.exact/p.Values[0], e.ratio, 1e-3)
		if miss := math.Abs(p.Values[0]/e.exact - 1); miss > p.Neglects[0] || miss > last {
			t.Errorf("T = %g: off by %.3g, neglects %.3g", e.temp, miss, p.Neglects[0])
		} else {
			last = miss
		}
		typed := EyringKramers{Well: []float64{2, 1}, Saddle: []float64{-1, 0}, Barrier: 0.25, Temperature: e.temp, Quartic: 1}
		close(t, "typed", one(t, NewEyringKramers, typed, nil), p.Values[0], 1e-10)
		part := blankEyring
		part.Barrier, part.Over = 0.3, "saddle"
		close(t, "a barrier that was given", one(t, NewEyringKramers, part, langevin(m, []float64{1, 0}, e.temp, nil)), p.Values[0]*math.Exp(0.05/e.temp), 1e-9)
	}
	at := func(temp float64) float64 {
		return math.Log(one(t, NewEyringKramers, blankEyring, langevin(m, []float64{-1, 0}, temp, nil))) - 0.25/temp
	}
	close(t, "power of T", (at(0.01)-at(0.001))/math.Log(10), 0.25, 1e-9)

	// With y integrated out, x moves in U = V(x, 0) − T log ∫e^(−(V(x, y) − V(x, 0))/T)dy as T → 0.
	for _, gate := range []float64{0, 0.5} {
		m := landscape(t)(model.NewQuarticSaddle(model.QuarticSaddleSettings{Barrier: 0.25, Well: 1, Gate: gate, Coupling: 1, Quartic: 1}, nil))
		const temp = 0.004
		width := func(x float64) float64 {
			a, sum := gate+x*x, 0.0
			const n, reach = 200, 1.2
			for i := range n {
				y := reach * (float64(i) + 0.5) / n
				sum += math.Exp(-(0.5*a*y*y + y*y*y*y) / temp)
			}
			return sum * reach / n
		}
		u := func(x float64) float64 { return doubleWell.v(x) - temp*math.Log(width(x)) }
		p := predicted(t, NewEyringKramers, blankEyring, langevin(m, []float64{-1, 0}, temp, nil))
		if exact := exitTime(u, -2.2, -1, 1, temp, 3000); math.Abs(p.Values[0]/exact-1) > p.Neglects[0] {
			t.Errorf("g = %g: %.6g, with y integrated out %.6g", gate, p.Values[0], exact)
		}
	}

	// Between the two laws, λ² < 3CT, neither holds; above, the named saddle neglects as much as the chain.
	between := func(gate float64) *sgdlab.Run {
		m := landscape(t)(model.NewQuarticSaddle(model.QuarticSaddleSettings{Barrier: 0.25, Well: 1, Gate: gate, Coupling: 1, Quartic: 1}, nil))
		return langevin(m, []float64{-1, 0}, 0.02, nil)
	}
	over := blankEyring
	over.Over = "saddle"
	for _, gate := range []float64{1e-8, 0.24} {
		refused(t, NewEyringKramers, blankEyring, between(gate), "nearly flat")
		refused(t, NewEyringKramers, over, between(gate), "nearly flat")
	}
	chain, named := predicted(t, NewEyringKramers, blankEyring, between(0.3)), predicted(t, NewEyringKramers, over, between(0.3))
	close(t, "what the chain neglects", chain.Neglects[0], 0.08+0.06/0.09, 1e-3)
	close(t, "what the named saddle neglects", named.Neglects[0], chain.Neglects[0], 1e-12)

	cubic := EyringKramers{Well: []float64{2, 1}, Saddle: []float64{-1, 0}, Barrier: 0.25, Temperature: 0.05, Quartic: nan}
	refused(t, NewEyringKramers, cubic, nil, "an eigenvalue in saddle is 0")
	cubic.Saddle, cubic.Quartic = []float64{-1, 1}, 1
	refused(t, NewEyringKramers, cubic, nil, "0 zero eigenvalues")
}

// On the surface of Müller and Brown the way from the product to the reactant leads through the intermediate well. The chain's time
// is the sum over both barriers, and at low temperature that of the higher saddle over the product's well alone.
func TestPassesOfMullerBrown(t *testing.T) {
	m := landscape(t)(model.NewMullerBrown(model.MullerBrownSettings{Scale: 1}, nil))
	up := until(func(x []float64) float64 { return x[1] }, 1.4, sgdlab.RisesAbove)
	single := func(from, over string, temp float64) float64 {
		c := blankEyring
		c.From, c.Over = from, over
		return one(t, NewEyringKramers, c, langevin(m, []float64{0, 0}, temp, nil))
	}
	for _, temp := range []float64{2, 6} {
		tau := one(t, NewEyringKramers, blankEyring, langevin(m, []float64{0.6, 0.1}, temp, up))
		first, back, on := single("product", "lower-saddle", temp), single("intermediate", "lower-saddle", temp), single("intermediate", "upper-saddle", temp)
		rate := 1/back + 1/on
		close(t, "in series", tau, (first+1/rate)/(1/on/rate), 1e-12)
	}
	// exp(ΔV/T) of both wells' weights: at T = 2 the product's well alone.
	c := EyringKramers{Well: nil, Barrier: nan, Temperature: nan, Quartic: nan, From: "product", Over: "upper-saddle"}
	r := langevin(m, []float64{0.6, 0.1}, 2, up)
	close(t, "at low temperature", one(t, NewEyringKramers, blankEyring, r), one(t, NewEyringKramers, c, r), 1e-4)

	refused(t, NewEyringKramers, blankEyring, langevin(m, []float64{0.6, 0.1}, 70, up), "not below the barrier")
	refused(t, NewEyringKramers, blankEyring, langevin(m, []float64{0.6, 0.1}, 5, until(func(x []float64) float64 { return x[1] }, 0.2, sgdlab.RisesAbove)), "at or before the pass")
	refused(t, NewEyringKramers, blankEyring, langevin(m, []float64{0.6, 0.1}, 5, until(func(x []float64) float64 { return x[1] }, 3, sgdlab.RisesAbove)), "in none of the minima")
	refused(t, NewEyringKramers, blankEyring, langevin(m, []float64{0.6, 0.1}, 5, until(func(x []float64) float64 { return x[1] }, -1, sgdlab.RisesAbove)), "has happened")
	points := m.(sgdlab.Charted).CriticalPoints()
	refused(t, NewEyringKramers, blankEyring, langevin(m, points[4].At, 5, up), "lower-saddle, which is no minimum")
	wrong := blankEyring
	wrong.From = "educt"
	refused(t, NewEyringKramers, wrong, r, "no critical point educt; it has reactant")
	wrong.From = "upper-saddle"
	refused(t, NewEyringKramers, wrong, r, "no minimum")
	refused(t, NewEyringKramers, wrong, nil, "give well, saddle, barrier, temperature")
	wrong = EyringKramers{Well: []float64{2, 0.5}, Saddle: []float64{-1, 3}, Barrier: 0.25, Temperature: 0.1, Quartic: nan, From: "product"}
	refused(t, NewEyringKramers, wrong, nil, "here is no run")
	refused(t, NewEyringKramers, blankEyring, langevin(doubleWell, []float64{-1}, 0.1, nil), "Charted")
	flat := landscape(t)(model.NewDegenerateSaddle(model.DegenerateSaddleSettings{Power: 4, Coefficient: 1, Well: 1, Stable: []float64{1}}, nil))
	refused(t, NewEyringKramers, blankEyring, langevin(flat, []float64{0.9, 0}, 0.01, nil), "negative")
	named := blankKramers
	named.Over = "top"
	refused(t, NewKramers, named, nil, "here is no run")
	refused(t, NewKramers, named, langevin(m, []float64{0, 0}, 1, nil), "one")
}

// The time to leave a degenerate saddle, read off the model, is the exact one of package fokkerplanck, to infinity; with wells far
// away it is its limit.
func TestDegenerateSaddleOfAModel(t *testing.T) {
	for _, e := range []struct {
		power       int
		coefficient float64
	}{{3, 1}, {4, 1}, {4, 2.5}, {6, 0.7}} {
		m := landscape(t)(model.NewDegenerateSaddle(model.DegenerateSaddleSettings{Power: e.power, Coefficient: e.coefficient, Well: nan}, nil))
		slope := slopeOf(m)
		drift := func(x float64) float64 { return -slope(x) }
		const temp, radius = 0.01, 1.5
		r := langevin(m, []float64{0}, temp, nil)
		c := DegenerateSaddle{Power: nan, Coefficient: nan, Temperature: nan, Radius: radius}
		p := predicted(t, NewDegenerateSaddle, c, r)
		if exact := exactExit(t, drift, temp, 0, -radius, radius); math.Abs(p.Values[0]/exact-1) > p.Neglects[0] {
			t.Errorf("p = %d, a = %g: %.7g, exact %.7g", e.power, e.coefficient, p.Values[0], exact)
		}
	}
	refused(t, NewDegenerateSaddle, DegenerateSaddle{Power: nan, Coefficient: nan, Temperature: nan, Radius: nan}, langevin(doubleWell, []float64{0}, 0.1, nil), "not degenerate-saddle")
	refused(t, NewDegenerateSaddle, DegenerateSaddle{Power: nan, Coefficient: nan, Temperature: 1, Radius: nan}, nil, "give power, coefficient")
}

// sheared is −½(x + by²)² + y⁴, whose flat direction bends: along the bent line it is y⁴ for every b.
type sheared float64

func (sheared) Dim() int { return 2 }
func (b sheared) Loss(theta lanes.Pack, _ *lanes.Arena) (v lanes.Vec) {
	for l := range v {
		x, y := theta[0][l], theta[1][l]
		s := x + float64(b)*y*y
		v[l] = y*y*y*y - s*s/2
	}
	return v
}
func (b sheared) Grad(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		x, y := theta[0][l], theta[1][l]
		s := x + float64(b)*y*y
		dst[0][l], dst[1][l] = -s, 4*y*y*y-2*float64(b)*y*s
	}
}
func (b sheared) HessVec(dst, theta, v lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		x, y, c := theta[0][l], theta[1][l], float64(b)
		xy, yy := -2*c*y, -2*c*x+(12-6*c*c)*y*y
		dst[0][l], dst[1][l] = -v[0][l]+xy*v[1][l], xy*v[0][l]+yy*v[1][l]
	}
}
func (b sheared) ThirdVec(dst, theta, u, v lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		y, c := theta[1][l], float64(b)
		xyy, yyy := -2*c, (24-12*c*c)*y
		dst[0][l] = xyy * u[1][l] * v[1][l]
		dst[1][l] = xyy*(u[0][l]*v[1][l]+u[1][l]*v[0][l]) + yyy*u[1][l]*v[1][l]
	}
}
func (sheared) CriticalPoints() []sgdlab.CriticalPoint {
	return []sgdlab.CriticalPoint{{Name: "saddle", At: []float64{0, 0}, Index: 1, Nullity: 1}}
}

func TestQuarticAlongABentLine(t *testing.T) {
	for _, b := range []float64{0, 0.8, -2} {
		c, err := chartOf(&sgdlab.Run{Site: &sgdlab.Site{Model: sheared(b)}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.quartic(0)
		if err != nil {
			t.Fatal(err)
		}
		close(t, "C", got, 1, 1e-9)
	}
}
