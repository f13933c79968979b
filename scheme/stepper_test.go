package scheme

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// well is a landscape of one dimension, ½λx² for λ > 0.
func well(lambda float64) *sgdlab.Site {
	return &sgdlab.Site{Model: must(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{lambda}}, nil))}
}

func part(build func(s *sgdlab.Site) (sgdlab.Source, error), law sgdlab.Part[sgdlab.Law]) sgdlab.Part[sgdlab.Noise] {
	return func(s *sgdlab.Site) (sgdlab.Noise, error) {
		src, err := build(s)
		if err != nil {
			return sgdlab.Noise{}, err
		}
		return noise.Join(src, must(law(s)))
	}
}

func langevin(temperature sgdlab.Setting) func(*sgdlab.Site) (sgdlab.Source, error) {
	return func(s *sgdlab.Site) (sgdlab.Source, error) {
		return noise.NewIdentity(noise.IdentitySettings{Temperature: sgdlab.Quantity{Setting: temperature}}, s)
	}
}

func root(s *sgdlab.Site) (sgdlab.Source, error) {
	return noise.NewHessian(noise.HessianSettings{Of: "absolute", Batch: 1}, s)
}

func normal(s *sgdlab.Site) (sgdlab.Law, error) {
	return noise.NewGaussian(noise.GaussianSettings{}, s)
}
func stable(alpha float64) sgdlab.Part[sgdlab.Law] {
	return func(s *sgdlab.Site) (sgdlab.Law, error) {
		return noise.NewStable(noise.StableSettings{Alpha: alpha}, s)
	}
}
func heun(s *sgdlab.Site) (sgdlab.Scheme, error)  { return NewHeun(struct{}{}, s) }
func euler(s *sgdlab.Site) (sgdlab.Scheme, error) { return NewEulerMaruyama(struct{}{}, s) }

func list(p ...sgdlab.Part[sgdlab.Noise]) []sgdlab.Part[sgdlab.Noise] { return p }

func TestErrors(t *testing.T) {
	h, site := sgdlab.Constant(0.1), well(1)
	for _, tc := range []struct {
		settings SDESettings
		site     *sgdlab.Site
		want     []string
	}{
		{SDESettings{Calculus: sgdlab.Stratonovich, Rate: h, Noise: list(part(root, normal))}, site, []string{"calculus: stratonovich", "use scheme: heun"}},
		{SDESettings{Calculus: sgdlab.Stratonovich, Rate: h, Noise: list(part(langevin(h), normal), part(root, normal)), Scheme: euler}, site, []string{"calculus: stratonovich", "use scheme: heun"}},
		{SDESettings{Calculus: sgdlab.Ito, Rate: h, Noise: list(part(root, normal)), Scheme: heun}, site, []string{"calculus: ito", "use scheme: euler-maruyama"}},
		{SDESettings{Calculus: sgdlab.Stratonovich, Rate: h, Noise: list(part(root, stable(1.5))), Scheme: heun}, site, []string{"index 1.5", "use calculus: ito with scheme: euler-maruyama"}},
		{SDESettings{Noise: list(part(langevin(h), normal))}, site, []string{"`rate`", "`step`"}},
		{SDESettings{Rate: h}, &sgdlab.Site{}, []string{"needs a model"}},
		{SDESettings{Rate: h, Noise: list(part(langevin(h), normal), part(root, normal), part(langevin(nil), normal))}, site, []string{"noise[2]: ", "temperature"}},
		{SDESettings{Rate: h, Noise: list(func(*sgdlab.Site) (sgdlab.Noise, error) {
			return sgdlab.Noise{Factor: noise.Identity{Dim: 1}, Law: &noise.Multinomial{Draws: noise.FullBatch{N: 1}, N: 1}, Scale: h}, nil
		})}, site, []string{"noise[0]: ", "per-sample noise only"}},
	} {
		_, err := NewSDE(tc.settings, tc.site)
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v; want it to say %q", err, want)
			}
		}
	}
	for _, c := range []SDESettings{ // additive noise has no sense
		{Calculus: sgdlab.Stratonovich, Rate: h, Noise: list(part(langevin(h), normal))},
		{Calculus: sgdlab.Ito, Rate: h, Noise: list(part(langevin(h), stable(1.5))), Scheme: heun},
		{Calculus: sgdlab.Stratonovich, Rate: h, Noise: list(part(root, normal)), Scheme: heun},
	} {
		must(NewSDE(c, site))
	}
}

func TestPace(t *testing.T) {
	rate, step := sgdlab.Constant(0.1), sgdlab.Constant(0.02)
	for _, tc := range []struct {
		c    SDESettings
		u, h float64
	}{
		{SDESettings{Rate: rate}, 0.1, 0.1}, {SDESettings{Step: step}, 0.02, 0.02}, {SDESettings{Rate: rate, Step: step}, 0.1, 0.02},
	} {
		tc.c.Noise = list(part(func(s *sgdlab.Site) (sgdlab.Source, error) {
			if got := s.Rate(nil)[0]; got != tc.u {
				t.Errorf("the noise sees the rate %g, want %g", got, tc.u)
			}
			if s.Place != "noise[0]" {
				t.Errorf("the noise is at %s", s.Place)
			}
			return langevin(rate)(s)
		}, normal))
		s := must(NewSDE(tc.c, well(1)))
		at := clock(1, 0)
		var rec sgdlab.StepRecord
		rec.Gradient = make(lanes.Pack, 1)
		unit, h := s.Pace()
		dt := s.Step(lanes.Pack{{}}, at, lanes.First(3), &rec)
		if unit(at)[0] != tc.u || h(at)[0] != tc.h || dt[0] != tc.h || rec.Dt != dt || rec.Live != lanes.First(3) || rec.Gradient != nil {
			t.Errorf("pace %g, %g, dt %g, want %g, %g", unit(at)[0], h(at)[0], dt[0], tc.u, tc.h)
		}
		if d, ok := s.(sgdlab.Diffusive); !ok || len(d.SDE().Noise) != 1 || !s.Random() {
			t.Error("the stepper of an SDE with noise is not diffusive and random")
		}
		if b := s.Blocks(); len(b) != 1 || b[0] != (sgdlab.Block{Name: "theta", Size: 1}) {
			t.Errorf("blocks %v", b)
		}
	}
	if s := must(NewSDE(SDESettings{Rate: rate}, well(1))); s.Random() {
		t.Error("an SDE without noise is random")
	}
}

// TestOrnsteinUhlenbeck: on ½λx² with temperature T a step is x′ = ax + bξ. Under Euler–Maruyama a = 1 − λh, b² = 2Th, so
// that the chain has the variance 2T/(λ(2 − λh)), by lane; under Heun a = 1 − λh + ½λ²h², b² = 2Th(1 − ½λh)².
func TestOrnsteinUhlenbeck(t *testing.T) {
	const lambda = 0.7
	temps := []float64{0.1, 0.3, 0.5, 1, 2, 3, 4, 5}
	hs := []float64{0.01, 0.1, 0.5, 1, 2, 0.3, 0.2, 0.05}
	at := clock(1, 0)
	for l := range at.Point {
		at.Point[l] = int32(l)
	}
	unit := func(*sgdlab.Site) (sgdlab.Law, error) { return &replay{xi: []lanes.Pack{{lanes.Splat(1)}}}, nil }
	for name, tc := range map[string]struct {
		scheme   sgdlab.Part[sgdlab.Scheme]
		a, b2    func(x float64) float64 // of λh; b² in units of 2Th
		variance func(x float64) float64 // in units of T/λ
	}{
		"euler-maruyama": {euler, func(x float64) float64 { return 1 - x }, func(float64) float64 { return 1 }, func(x float64) float64 { return 2 / (2 - x) }},
		"heun": {heun, func(x float64) float64 { return 1 - x + x*x/2 }, func(x float64) float64 { return (1 - x/2) * (1 - x/2) },
			func(x float64) float64 { a := 1 - x + x*x/2; return 2 * x * (1 - x/2) * (1 - x/2) / (1 - a*a) }},
	} {
		s := must(NewSDE(SDESettings{Step: sgdlab.Table(hs), Noise: list(part(langevin(sgdlab.Table(temps)), unit)), Scheme: tc.scheme}, well(lambda)))
		zero, one := lanes.Pack{{}}, lanes.Pack{lanes.Splat(1)}
		s.Step(zero, at, lanes.All, nil)
		s.Step(one, at, lanes.All, nil)
		for l := range hs {
			x := lambda * hs[l]
			a, b := one[0][l]-zero[0][l], zero[0][l]
			if math.Abs(a-tc.a(x)) > 1e-14 || math.Abs(b*b/(2*temps[l]*hs[l])-tc.b2(x)) > 1e-13 {
				t.Errorf("%s, h = %g, T = %g: a step is %g x + %g ξ", name, hs[l], temps[l], a, b)
			}
			if got, want := b*b/(1-a*a), temps[l]/lambda*tc.variance(x); math.Abs(got/want-1) > 1e-12 {
				t.Errorf("%s, h = %g: stationary variance %.15g, want %.15g", name, hs[l], got, want)
			}
		}
	}
}

// TestOrnsteinUhlenbeckVariance is the same by simulation: 256 replicas, 500 steps of λh = ½, whose coefficient is ½. Within
// 5.3 standard errors, a false alarm in 10⁷; the variance of the SDE itself, T/λ, is 25% lower and would be seen.
func TestOrnsteinUhlenbeckVariance(t *testing.T) {
	const lambda, temp, packs, burn, steps, rho = 2, 0.3, 32, 50, 500, 0.5
	s := must(NewSDE(SDESettings{Step: sgdlab.Constant(0.25), Noise: list(part(langevin(sgdlab.Constant(temp)), normal))}, well(lambda)))
	square, count := 0.0, 0.0
	for p := range packs {
		theta, at := lanes.Pack{{}}, clock(4, uint64(p*lanes.W))
		for k := range burn + steps {
			for l := range at.Step {
				at.Step[l] = uint64(k)
			}
			s.Step(theta, at, lanes.All, nil)
			if k >= burn {
				for _, x := range theta[0] {
					square += x * x
					count++
				}
			}
		}
	}
	want := temp / lambda * 2 / (2 - 0.5)
	se := want * math.Sqrt(2/count*(1+rho*rho)/(1-rho*rho))
	if got := square / count; math.Abs(got-want) > 5.3*se {
		t.Errorf("variance %.5f, want %.5f within %.2g", got, want, 5.3*se)
	}
}

// TestStableMotion: without drift, x(1) of a stable motion has the law of scale·ξ however many steps it took, which holds
// for increments h^(1/α)ξ only. By the characteristic function, within 5.3 standard errors.
func TestStableMotion(t *testing.T) {
	const alpha, temp, steps, packs, u = 1.3, 0.5, 8, 1500, 0.8 // √(2T) = 1
	s := must(NewSDE(SDESettings{Step: sgdlab.Constant(1.0 / steps), Noise: list(part(langevin(sgdlab.Constant(temp)), stable(alpha)))}, well(0)))
	sum := 0.0
	for p := range packs {
		theta, at := lanes.Pack{{}}, clock(5, uint64(p*lanes.W))
		for k := range uint64(steps) {
			for l := range at.Step {
				at.Step[l] = k
			}
			s.Step(theta, at, lanes.All, nil)
		}
		for _, x := range theta[0] {
			sum += math.Cos(u * x)
		}
	}
	phi := func(u float64) float64 { return math.Exp(-math.Pow(u, alpha) / 2) }
	n := float64(packs * lanes.W)
	se := math.Sqrt(((1+phi(2*u))/2 - phi(u)*phi(u)) / n)
	if got := sum / n; math.Abs(got-phi(u)) > 5.3*se {
		t.Errorf("E cos(ux) = %.4f, want %.4f within %.2g", got, phi(u), 5.3*se)
	}
}
