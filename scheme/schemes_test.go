package scheme

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
	"sgdlab/rng"
)

func problem(name string) *Problem {
	for _, p := range Problems() {
		if p.Name == name {
			return p
		}
	}
	panic(name)
}

// derivative returns (Dσ(x)[v])ξ, by a central difference that is exact where σ is affine.
func (p *Problem) derivative(x, v, xi lanes.Pack) lanes.Pack {
	const eps = 0x1p-12
	up, down, there := make(lanes.Pack, p.Dim), make(lanes.Pack, p.Dim), make(lanes.Pack, p.Dim)
	lanes.Copy(there, x)
	lanes.AddScaled(there, lanes.Splat(eps), v)
	p.sigma(up, there, xi)
	lanes.AddScaled(there, lanes.Splat(-2*eps), v)
	p.sigma(down, there, xi)
	lanes.Sub(up, up, down)
	lanes.Scale(up, 0.5/eps)
	return up
}

func unit(n, j int) lanes.Pack {
	e := make(lanes.Pack, n)
	e[j] = lanes.Splat(1)
	return e
}

// commutes reports whether Lⱼσₖ = Lₖσⱼ at x.
func (p *Problem) commutes(x []float64) bool {
	at, a, b := lanes.Of(x), make(lanes.Pack, p.Dim), make(lanes.Pack, p.Dim)
	for j := range p.Width {
		for k := range p.Width {
			p.sigma(a, at, unit(p.Width, j))
			p.sigma(b, at, unit(p.Width, k))
			d := p.derivative(at, a, unit(p.Width, k))
			lanes.Sub(d, d, p.derivative(at, b, unit(p.Width, j)))
			if lanes.MaxAbs(d)[0] > 1e-9 {
				return false
			}
		}
	}
	return true
}

func normals(place string, n int) lanes.Pack {
	p := make(lanes.Pack, n)
	rng.New(place).Normals(p, &clock(3, 0).Lanes)
	return p
}

// taken takes a step of a scheme with the signs given.
func taken(s sgdlab.Scheme, sde *sgdlab.SDE, theta, dw lanes.Pack, scale lanes.Vec, h float64) lanes.Pack {
	var ws lanes.Arena
	theta = append(lanes.Pack{}, theta...)
	inc := sgdlab.Increments{}
	for at := 0; at < len(dw); {
		n := sde.Noise[len(inc.Draw)].Factor.Width()
		inc.Draw, inc.Grow, inc.Scale = append(inc.Draw, dw[at:at+n]), append(inc.Grow, lanes.Splat(1)), append(inc.Scale, scale)
		at += n
	}
	if d, ok := s.(Drawing); ok {
		d.Draw(sde, lanes.Splat(h), inc, clock(3, 0))
	}
	s.Step(sde, theta, lanes.Splat(h), inc, lanes.All, &ws)
	return theta
}

func same(t *testing.T, what string, got, want lanes.Pack, tol float64) {
	t.Helper()
	for j := range got {
		for l := range got[j] {
			if !(math.Abs(got[j][l]-want[j][l]) <= tol) {
				t.Errorf("%s: coordinate %d of lane %d is %.17g, want %.17g", what, j, l, got[j][l], want[j][l])
				return
			}
		}
	}
}

// part of the columns of a problem, times a number.
type columns struct {
	face
	from, to int
	by       float64
}

func (c columns) Width() int { return c.to - c.from }
func (c columns) Apply(dst, theta, xi lanes.Pack, _ *lanes.Arena) {
	all := make(lanes.Pack, c.Problem.Width)
	copy(all[c.from:c.to], xi)
	c.sigma(dst, theta, all)
	lanes.Scale(dst, c.by)
}

// known are columns that know their derivative.
type known struct{ columns }

func (k known) ApplyAlong(dst, theta, v, xi lanes.Pack, _ *lanes.Arena) {
	all := make(lanes.Pack, k.Problem.Width)
	copy(all[k.from:k.to], xi)
	lanes.Copy(dst, k.derivative(theta, v, all))
	lanes.Scale(dst, k.by)
}

// TestColumns: a step depends on the columns of all noises side by side, each times its scale, however they are cut into
// noises, and whether or not the factors know their derivatives.
func TestColumns(t *testing.T) {
	const h = 0.1
	for _, name := range []string{"triad", "spiral", "coupled", "ornstein-uhlenbeck"} {
		p := problem(name)
		f := face{Problem: p}
		theta, dw := normals("theta", p.Dim), normals("dw", p.Width)
		lanes.Scale(dw, math.Sqrt(h))
		for _, s := range schemes {
			if s.name == "exponential" || s.name == "log-euler" || s.name == "heun" {
				continue // exact or drawn otherwise; tested below
			}
			build := s.build
			if s.name == "milstein" {
				build = func(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewMilstein(MilsteinSettings{LevyAreas: 3}, s) }
			}
			sch := must(build(&sgdlab.Site{Place: "scheme"}))
			sde := func(fs ...sgdlab.Factor) *sgdlab.SDE {
				out := &sgdlab.SDE{Drift: f}
				for _, f := range fs {
					out.Noise = append(out.Noise, sgdlab.Noise{Factor: f, Law: gaussian("a")})
				}
				return out
			}
			want := taken(sch, sde(f), theta, dw, lanes.Splat(1), h)
			half := columns{face: f, to: p.Width, by: 0.25}
			same(t, name+", "+s.name+", a quarter of σ at scale 4", taken(sch, sde(half), theta, dw, lanes.Splat(4), h), want, 1e-14)
			same(t, name+", "+s.name+", knowing Dσ", taken(sch, sde(known{half}), theta, dw, lanes.Splat(4), h), want, 1e-11)
			if p.Kind == sgdlab.GeneralNoise || p.Kind == sgdlab.AdditiveNoise {
				a, b := columns{face: f, to: 1, by: 0.25}, columns{face: f, from: 1, to: p.Width, by: 0.25}
				same(t, name+", "+s.name+", in two noises", taken(sch, sde(a, b), theta, dw, lanes.Splat(4), h), want, 1e-14)
			}
		}
	}
}

// TestMilsteinStep is a step of general noise from its formula, term by term.
func TestMilsteinStep(t *testing.T) {
	const h = 0.07
	p := problem("triad")
	f := face{Problem: p}
	m := &Milstein{Areas: NewSeries(2, "x")}
	theta, dw := normals("theta", p.Dim), normals("dw", p.Width)
	got := taken(m, f.sde(gaussian("a")), theta, dw, lanes.Splat(1), h)
	want, part, col := append(lanes.Pack{}, theta...), make(lanes.Pack, p.Dim), make(lanes.Pack, p.Dim)
	p.drift(part, theta)
	lanes.AddScaled(want, lanes.Splat(h), part)
	p.sigma(part, theta, dw)
	lanes.Add(want, want, part)
	for j := range p.Width {
		for k := range p.Width {
			var integral lanes.Vec
			for l := range integral {
				integral[l] = dw[j][l] * dw[k][l] / 2
				switch {
				case j == k:
					integral[l] -= h / 2
				case j < k:
					integral[l] += m.areas[pair(j, k)][l]
				default:
					integral[l] -= m.areas[pair(k, j)][l]
				}
			}
			p.sigma(col, theta, unit(p.Width, j))
			lanes.AddScaled(want, integral, p.derivative(theta, col, unit(p.Width, k)))
		}
	}
	same(t, "a step", got, want, 1e-11)
}

// TestSeries: the areas have variance h²/4, those that share a channel do not correlate, given ΔW the variance is
// (h² + h(ΔWⱼ² + ΔWₖ²))/12, and E cos(uA/h) = 1/cosh(u/2), which the truncation changes by less than it takes to see. Within 5
// standard errors: a false alarm in 10⁵.
func TestSeries(t *testing.T) {
	const h, steps, m = 0.3, 6000, 3
	for _, terms := range []int{1, 8} {
		s := NewSeries(terms, "areas")
		a, dw := make(lanes.Pack, pairs(m)), normals("dw", m)
		lanes.Scale(dw, math.Sqrt(h))
		still := append(lanes.Pack{}, dw...)
		free := rng.New("increments")
		at := clock(4, 0)
		var n, square, both, mean, cos, given, fourth, want float64
		for k := range uint64(steps) {
			for l := range at.Step {
				at.Step[l] = k
			}
			s.Draw(a, still, lanes.Splat(h), at)
			for l := range lanes.W {
				x := a[pair(0, 2)][l]
				given += x * x
				fourth += x * x * x * x
				want += (h*h + h*(still[0][l]*still[0][l]+still[2][l]*still[2][l])) / 12
			}
			free.Normals(dw, &at.Lanes)
			lanes.Scale(dw, math.Sqrt(h))
			s.Draw(a, dw, lanes.Splat(h), at)
			for l := range lanes.W {
				x, y := a[pair(0, 1)][l]/h, a[pair(1, 2)][l]/h
				n, mean, square, both, cos = n+1, mean+x, square+x*x, both+x*y, cos+math.Cos(2*x)
			}
		}
		check := func(what string, got, want, se float64) {
			t.Helper()
			if !(math.Abs(got-want) <= 5*se) {
				t.Errorf("%d terms, %s: %.5g, want %.5g ± %.2g", terms, what, got, want, se)
			}
		}
		// E A⁴ = 5h⁴/16, E A₁₂²A₂₃² < h⁴/4, Var cos ≤ ½
		check("mean", mean/n, 0, math.Sqrt(0.25/n))
		check("variance", square/n, 0.25, math.Sqrt((5.0/16-1.0/16)/n))
		check("covariance", both/n, 0, math.Sqrt(0.25/n))
		check("E cos", cos/n, 1/math.Cosh(1), math.Sqrt(0.5/n))
		check("variance given ΔW", given/n, want/n, math.Sqrt(fourth/n/n))
	}
	// With no increments, and with none of the time.
	s, a := NewSeries(2, "areas"), make(lanes.Pack, 1)
	s.Draw(a, make(lanes.Pack, 2), lanes.Vec{}, clock(1, 0))
	if a[0] != (lanes.Vec{}) {
		t.Errorf("areas of no time: %v", a[0])
	}
}

// TestExponential: on a quadratic with any additive noise a step of any length has the mean and the covariance of the
// equation, which a Taylor series in time gives here: with m channels, fewer or more than states, in lanes of several steps.
func TestExponential(t *testing.T) {
	p := problem("ornstein-uhlenbeck")
	f := face{Problem: p}
	hs := lanes.Vec{0.01, 2, 0.3, 2, 0.3, 1e-4, 5, 0.01}
	for _, cut := range [][2]int{{0, 3}, {0, 1}, {1, 3}} {
		e := must(NewExponential(ExponentialSettings{}, &sgdlab.Site{Model: f, Start: f, Place: "scheme"})).(*Exponential)
		c := columns{face: f, from: cut[0], to: cut[1], by: 2}
		sde := &sgdlab.SDE{Drift: f, Noise: []sgdlab.Noise{{Factor: c, Law: gaussian("a")}}}
		e.ready(sde)
		var ws lanes.Arena
		step := func(theta, dw, zeta lanes.Pack, live lanes.Mask) lanes.Pack {
			theta = append(lanes.Pack{}, theta...)
			copy(e.zeta, zeta)
			e.Step(sde, theta, hs, sgdlab.Increments{Draw: []lanes.Pack{dw}, Grow: []lanes.Vec{lanes.Splat(1)}, Scale: []lanes.Vec{lanes.Splat(0.5)}}, live, &ws)
			return theta
		}
		d, m := p.Dim, c.Width()
		none, still, zero := make(lanes.Pack, m), make(lanes.Pack, d), make(lanes.Pack, d)
		cov := make(lanes.Pack, d*d)
		collect := func(v lanes.Pack, by lanes.Vec) {
			for i := range d {
				for j := range d {
					for l := range by {
						cov[i*d+j][l] += by[l] * v[i][l] * v[j][l]
					}
				}
			}
		}
		for j := range m { // ΔWⱼ has variance h
			collect(step(zero, unit(m, j), still, lanes.All), hs)
		}
		for j := range d {
			collect(step(zero, none, unit(d, j), lanes.All), lanes.Splat(1))
		}
		// Of the equation: ċ = −(H⊗1 + 1⊗H)c + ΣΣᵀ on (c, 1), and the mean.
		big := square(d*d + 1)
		h := p.affine.drift
		for i := range d {
			for j := range d {
				for k := range d {
					big[i*d+j][k*d+j] += h[i][k]
					big[i*d+j][i*d+k] += h[j][k]
				}
				for k := c.from; k < c.to; k++ {
					big[i*d+j][d*d] += p.affine.columns[k][i][d] * p.affine.columns[k][j][d]
				}
			}
		}
		mean := step(lanes.Pack{lanes.Splat(1), lanes.Splat(-2)}, none, still, lanes.All)
		for l, h := range hs {
			scaled := square(d*d + 1)
			for i := range scaled {
				for j := range scaled {
					scaled[i][j] = h * big[i][j]
				}
			}
			start := make([]float64, d*d+1)
			start[d*d] = 1
			want := flow(scaled, start)
			top := max(want[0], want[3])
			for i := range cov {
				if !(math.Abs(cov[i][l]-want[i]) <= 1e-12*top) {
					t.Errorf("channels %v, h = %g: covariance %d is %.15g, want %.15g", cut, h, i, cov[i][l], want[i])
				}
			}
			drift := square(d)
			for i := range drift {
				for j := range drift {
					drift[i][j] = h * p.affine.drift[i][j]
				}
			}
			for i, x := range flow(drift, []float64{1, -2}) {
				if math.Abs(mean[i][l]-x) > 2e-12 {
					t.Errorf("h = %g: mean %.15g, want %.15g", h, mean[i][l], x)
				}
			}
		}
		moved := step(lanes.Pack{lanes.Splat(1), lanes.Splat(-2)}, none, still, 0b0110)
		if moved[0][1] != mean[0][1] || moved[0][0] != 1 || moved[1][7] != -2 {
			t.Errorf("with lanes 1 and 2 alive a step leads to %v", moved)
		}
	}
	for _, tc := range []struct {
		c    ExponentialSettings
		site *sgdlab.Site
		want string
	}{
		{ExponentialSettings{}, &sgdlab.Site{}, "no model"},
		{ExponentialSettings{}, &sgdlab.Site{Model: f}, "unkicked start"},
		{ExponentialSettings{At: "top"}, &sgdlab.Site{Model: f}, "leave it out"},
	} {
		if _, err := NewExponential(tc.c, tc.site); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v; want it to say %q", err, tc.want)
		}
	}
}

// TestTamedEuler: where Euler–Maruyama explodes at once, tamed steps return to the wells, by at most 1 each.
func TestTamedEuler(t *testing.T) {
	f := face{Problem: problem("double-well")}
	for _, s := range []sgdlab.Scheme{TamedEuler{}, EulerMaruyama{}} {
		stepper := must(New(f.sde(gaussian("a")), s, sgdlab.Constant(0.1)))
		theta, at := lanes.Pack{lanes.Splat(30)}, clock(1, 0)
		for k := range uint64(100) {
			for l := range at.Step {
				at.Step[l] = k
			}
			before := theta[0]
			stepper.Step(theta, at, lanes.All, nil)
			if _, tamed := s.(TamedEuler); tamed && k < 20 {
				for l, x := range theta[0] {
					if d := before[l] - x; d > 1+5*0.7*math.Sqrt(0.1) {
						t.Errorf("step %d of lane %d goes %g down", k, l, d)
					}
				}
			}
		}
		_, tamed := s.(TamedEuler)
		if home := lanes.Within(theta, 3) == lanes.All; home != tamed {
			t.Errorf("%T: from 30 to %v", s, theta[0])
		}
	}
	if got := norm(lanes.Pack{{3e200, 0, math.Inf(1), math.NaN(), 3, 0, -3}, {4e200, 0, 1, 1, 4, 5e-300, 4}}); math.Abs(got[0]/5e200-1) > 1e-15 || got[1] != 0 || !math.IsInf(got[2], 1) || !math.IsNaN(got[3]) || got[4] != 5 || got[5] != 5e-300 || got[6] != 5 {
		t.Errorf("norms %v", got)
	}
}

// TestLogEuler: a coordinate keeps its sign however strong the noise, and one at 0 moves by the drift.
func TestLogEuler(t *testing.T) {
	p := problem("coupled")
	f := face{Problem: p}
	theta := lanes.Pack{lanes.Vec{1, -1, 0, 0, 2, -3, 1e-3, -1e-3}, lanes.Vec{1, -1, 2, -2, 2, -3, 1e-3, -1e-3}}
	dw := normals("dw", 2)
	lanes.Scale(dw, 5)
	got := taken(LogEuler{}, f.sde(gaussian("a")), theta, dw, lanes.Splat(1), 0.1)
	a := make(lanes.Pack, 2)
	p.drift(a, theta)
	for j := range theta {
		for l, x := range theta[j] {
			if x != 0 && !(x*got[j][l] > 0) || x == 0 && got[j][l] != 0.1*a[j][l] {
				t.Errorf("from %g to %g", x, got[j][l])
			}
		}
	}
}

// TestFits: schemes refuse what they cannot step, and name what can.
func TestFits(t *testing.T) {
	of := func(name string, laws ...sgdlab.Law) *sgdlab.SDE {
		f := face{Problem: problem(name)}
		out := &sgdlab.SDE{Drift: f}
		for _, l := range laws {
			out.Noise = append(out.Noise, sgdlab.Noise{Factor: f, Law: l, Scale: sgdlab.Constant(1)})
		}
		return out
	}
	site := &sgdlab.Site{Place: "x"}
	g, jump := gaussian("a"), must(noise.NewStable(noise.StableSettings{Alpha: 1.5}, site))
	sign, flat := must(noise.NewRademacher(noise.LawSettings{}, site)), must(noise.NewUniform(noise.LawSettings{}, site))
	areas := must(NewMilstein(MilsteinSettings{LevyAreas: 2}, site))
	wide := func(kind sgdlab.NoiseKind) *sgdlab.SDE {
		return &sgdlab.SDE{Drift: face{Problem: problem("geometric")}, Noise: []sgdlab.Noise{{Factor: many{kind}, Law: g}}}
	}
	for _, tc := range []struct {
		scheme sgdlab.Scheme
		sde    *sgdlab.SDE
		want   []string // nothing where it fits
	}{
		{must(NewMilstein(MilsteinSettings{}, site)), of("triad", g), []string{"levy-areas: 8", "euler-maruyama"}},
		{must(NewMilstein(MilsteinSettings{}, site)), of("geometric", g, g), []string{"several noises", "levy-areas"}},
		{must(NewMilstein(MilsteinSettings{}, site)), of("geometric", g), nil},
		{areas, of("triad", g), nil},
		{areas, of("triad", sign), nil},
		{areas, of("triad", jump), []string{"index 1.5", "euler-maruyama or tamed-euler"}},
		{areas, wide(sgdlab.GeneralNoise), []string{"512", "1000", "euler-maruyama"}},
		{areas, wide(sgdlab.CommutativeNoise), nil},
		{must(weak2(site)), of("triad", g), nil},
		{must(weak2(site)), of("triad", sign), []string{"five moments", "law: gaussian"}},
		{must(weak2(site)), of("ornstein-uhlenbeck", flat), []string{"five moments"}},
		{must(weak2(site)), of("triad", jump), []string{"index 1.5"}},
		{must(weak2(site)), wide(sgdlab.DiagonalNoise), []string{"512", "1000"}},
		{must(weak2(site)), wide(sgdlab.AdditiveNoise), nil},
		{&Exponential{}, of("geometric", g), []string{"additive noise", "milstein"}},
		{&Exponential{}, of("ornstein-uhlenbeck", jump), []string{"index 1.5"}},
		{&Exponential{}, of("ornstein-uhlenbeck", g, sign), nil},
		{LogEuler{}, of("wave", g), []string{"proportional", "milstein"}},
		{LogEuler{}, of("ring", g), []string{"proportional"}},
		{LogEuler{}, of("geometric", g, g), []string{"one noise"}},
		{LogEuler{}, of("geometric", jump), []string{"index 1.5"}},
		{LogEuler{}, of("geometric", g), nil},
		{LogEuler{}, of("geometric"), nil},
		{TamedEuler{}, of("ornstein-uhlenbeck", jump), nil},
	} {
		_, err := New(tc.sde, tc.scheme, sgdlab.Constant(0.1))
		if tc.want == nil && err != nil {
			t.Errorf("%T: %v", tc.scheme, err)
		}
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%T: error %v; want it to say %q", tc.scheme, err, want)
			}
		}
	}
}

// many is a factor of a thousand channels.
type many struct{ kind sgdlab.NoiseKind }

func (m many) Width() int                                 { return 1000 }
func (m many) Apply(dst, _, _ lanes.Pack, _ *lanes.Arena) { lanes.Zero(dst) }
func (m many) Kind() sgdlab.NoiseKind                     { return m.kind }

// TestStreams: what a scheme draws beyond increments is a stream of its own, other at every step and place.
func TestStreams(t *testing.T) {
	p := problem("triad")
	f := face{Problem: p}
	theta, dw := normals("theta", p.Dim), normals("dw", p.Width)
	for _, build := range []sgdlab.Part[sgdlab.Scheme]{weak2, func(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewMilstein(MilsteinSettings{LevyAreas: 2}, s) }} {
		var seen []lanes.Pack
		for _, place := range []string{"scheme", "scheme", "elsewhere"} {
			s := must(build(&sgdlab.Site{Place: place}))
			seen = append(seen, taken(s, f.sde(gaussian("a")), theta, dw, lanes.Splat(1), 0.1))
		}
		if seen[0][0] != seen[1][0] || seen[0][0] == seen[2][0] {
			t.Errorf("draws at one place differ: %t; at another they do not: %t", seen[0][0] != seen[1][0], seen[0][0] == seen[2][0])
		}
	}
}

// TestAllocations: a step allocates nothing, once its scratch has grown.
func TestAllocations(t *testing.T) {
	at := clock(1, 0)
	for _, s := range schemes {
		p := problem(strings.TrimSuffix(s.on[len(s.on)-1], "-"))
		f := face{Problem: p}
		build := s.build
		if s.name == "milstein" {
			build = func(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewMilstein(MilsteinSettings{LevyAreas: 3}, s) }
		}
		sch := must(build(&sgdlab.Site{Model: f, Start: f, Place: "scheme"}))
		f.sense = sch.Sense()
		stepper := must(New(f.sde(gaussian("a")), sch, sgdlab.Constant(0.01)))
		theta := lanes.Of(p.Start)
		if n := testing.AllocsPerRun(20, func() { stepper.Step(theta, at, lanes.All, nil) }); n > 0 {
			t.Errorf("%s on %s: %g allocations", s.name, p.Name, n)
		}
	}
	site := well(1)
	f := must(NewFlow(FlowSettings{Step: sgdlab.Constant(0.5), Tolerance: 1e-8, Absolute: 1e-12, Substeps: 100}, site)).(*Flow)
	f.Keep()
	state := begin(f, 1)
	if n := testing.AllocsPerRun(20, func() { f.Step(state, at, lanes.All, nil) }); n > 0 {
		t.Errorf("flow: %g allocations", n)
	}
}

// TestSigns: what the weak scheme draws are fair, independent ±h/2 for areas and ±1 beside them, other at every step. Sums of 800
// within 5 standard deviations.
func TestSigns(t *testing.T) {
	p := problem("triad")
	s := must(weak2(&sgdlab.Site{Place: "x"})).(*RungeKuttaWeak2)
	sde := face{Problem: p}.sde(gaussian("a"))
	dw := normals("dw", p.Width)
	h := lanes.Vec{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}
	sums := map[[2]int]float64{}
	const steps = 100
	at := clock(2, 0)
	for k := range uint64(steps) {
		for l := range at.Step {
			at.Step[l] = k
		}
		s.Draw(sde, h, sgdlab.Increments{Draw: []lanes.Pack{dw}, Grow: []lanes.Vec{lanes.Splat(1)}, Scale: []lanes.Vec{lanes.Splat(1)}}, at)
		for l := range lanes.W {
			var all []float64
			for _, a := range s.areas {
				all = append(all, a[l]/(0.5*h[l]))
			}
			for _, x := range s.chi {
				all = append(all, x[l])
			}
			for i, x := range all {
				if math.Abs(x) != 1 {
					t.Fatalf("sign %d is %g", i, x)
				}
				sums[[2]int{i, i}] += x
				for j := range i {
					sums[[2]int{i, j}] += x * all[j]
				}
			}
		}
	}
	if len(sums) != 6*7/2 {
		t.Errorf("%d sums", len(sums))
	}
	for ij, x := range sums {
		if math.Abs(x) > 5*math.Sqrt(steps*lanes.W) {
			t.Errorf("signs %v sum to %g", ij, x)
		}
	}
}
