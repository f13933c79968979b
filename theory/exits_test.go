package theory

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
)

// second iterates the second moment of x′ = ax + ξ to its fixed point.
func second(a, noise float64) float64 {
	m := 0.0
	for range 200000 {
		m = a*a*m + noise
	}
	return m
}

func TestOUVariances(t *testing.T) {
	const lambda, temp, h = 1.7, 0.3, 0.2
	euler := one(t, NewOUVarianceEuler, OUVarianceEuler{Curvature: lambda, Temperature: temp, Step: h}, nil)
	close(t, "Euler–Maruyama", euler, second(1-h*lambda, 2*temp*h), 1e-12)
	// The exact transition of the process over any time.
	e := math.Exp(-lambda * 0.7)
	ou := one(t, NewOUVariance, OUVariance{Curvature: lambda, Temperature: temp}, nil)
	close(t, "stationarity under the exact transition", ou, e*e*ou+temp/lambda*(1-e*e), 1e-14)
	close(t, "limit of small steps", one(t, NewOUVarianceEuler, OUVarianceEuler{Curvature: lambda, Temperature: temp, Step: 1e-9}, nil), ou, 1e-8)
	chain := one(t, NewOUVarianceDiscrete, OUVarianceDiscrete{Curvature: lambda, Rate: h, Variance: 0.9}, nil)
	close(t, "chain", chain, second(1-h*lambda, h*h*0.9), 1e-12)
	close(t, "chain at σ² = 2T/h", one(t, NewOUVarianceDiscrete, OUVarianceDiscrete{Curvature: lambda, Rate: h, Variance: 2 * temp / h}, nil), euler, 1e-14)
	// Another lab's chain: η = 0.8, unit noise and curvature.
	close(t, "η = 0.8", one(t, NewOUVarianceDiscrete, OUVarianceDiscrete{Curvature: 1, Rate: 0.8, Variance: 1}, nil), 0.6667, 1e-4)

	// H has the eigenvectors e₂ (curvature 3) and a rotated pair; D couples the coordinates.
	bowl := ellipsoid{lanes.MatOf([][]float64{{2, 0.5, 0}, {0.5, 1, 0}, {0, 0, 3}})}
	r := langevin(bowl, []float64{0, 0, 0}, 0.1, nil)
	s := r.Dynamic.(diffusive).sde
	s.Noise = s.Noise[:1]
	s.Noise[0] = sgdlab.Noise{Factor: constant{lanes.MatOf([][]float64{{1, 0, 0, 0, 0, 0, 0, 0, 0, 2}, {0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {0.3, 0, 0, 0, 0, 0, 0, 0, 0, 0.4}})}, Law: law(2), Scale: sgdlab.Constant(0.6)}
	d := 0.36 / 2 * (0.3*0.3 + 0.4*0.4)
	close(t, "D along e₂", one(t, NewOUVariance, OUVariance{Curvature: nan, Temperature: nan, Index: 2}, r), d/3, 1e-13)
	r.Dynamic = diffusive{stepper{sde: s, step: 0.1}}
	close(t, "Euler–Maruyama from a run", one(t, NewOUVarianceEuler, OUVarianceEuler{Curvature: nan, Temperature: nan, Step: nan, Index: 2}, r), d/(3*(1-0.15)), 1e-13)
	r.Number = numbers(map[string]float64{"rate": 0.2})
	close(t, "chain from a run", one(t, NewOUVarianceDiscrete, OUVarianceDiscrete{Curvature: nan, Rate: nan, Variance: 2, Index: 2}, r), 0.4/(3*1.4), 1e-13)

	refused(t, NewOUVariance, OUVariance{Curvature: nan, Temperature: nan, Index: 0}, r, "no eigenvector")
	refused(t, NewOUVariance, OUVariance{Curvature: nan, Temperature: nan, Index: 3}, r, "no coordinate 3")
	refused(t, NewOUVariance, OUVariance{Curvature: 1, Temperature: nan, Index: 3}, r, "no coordinate 3")
	refused(t, NewOUVariance, OUVariance{Curvature: nan, Temperature: nan}, langevin(doubleWell, []float64{-1}, 0.1, nil), "constant Hessian")
	refused(t, NewOUVariance, OUVariance{Curvature: nan, Temperature: 1}, nil, "give curvature")
	refused(t, NewOUVariance, OUVariance{Curvature: -1, Temperature: 1}, nil, "curvature is -1")
	refused(t, NewOUVarianceDiscrete, OUVarianceDiscrete{Curvature: 2, Rate: 1, Variance: 1}, nil, "below 1")
	refused(t, NewOUVarianceEuler, OUVarianceEuler{Curvature: 2, Temperature: 1, Step: 1.5}, nil, "below 1")
}

// Exact exit times from 0 of │x│ = 1 in the inverted parabola and the inverted quartic, from quadrature elsewhere; the
// test's own double integral gives them too, as the time from 0 to 1 reflected at 0.
func TestSaddles(t *testing.T) {
	hill, quartic := polynomial(0, 0, -0.5).v, polynomial(0, 0, 0, 0, -0.25).v
	for _, e := range []struct{ temp, strict, degenerate float64 }{{1e-1, 1.72414, 3.06524}, {1e-2, 2.93269, 11.1135}, {1e-3, 4.08856, 36.2410}, {1e-4, 5.24030, 115.687}, {1e-6, 7.54294, 0}} {
		strict := predicted(t, NewStrictSaddle, StrictSaddle{Growth: 1, Temperature: e.temp, Radius: 1}, nil)
		if miss := math.Abs(strict.Values[0]/e.strict - 1); miss > strict.Neglects[0]+1e-6 {
			t.Errorf("strict, T=%g: %.6g, exact %.6g", e.temp, strict.Values[0], e.strict)
		}
		if e.degenerate == 0 {
			continue
		}
		if e.temp > 1e-3 { // below, the test's rule needs too many panels
			close(t, "the test's own integral", exitTime(hill, 0, 0, 1, e.temp, 20000), e.strict, 3e-6)
			close(t, "the test's own integral", exitTime(quartic, 0, 0, 1, e.temp, 20000), e.degenerate, 5e-6)
		}
		p := predicted(t, NewDegenerateSaddle, DegenerateSaddle{Power: 4, Coefficient: 1, Temperature: e.temp, Radius: 1}, nil)
		if miss := math.Abs(p.Values[0]/e.degenerate - 1); miss > p.Neglects[0]+5e-6 {
			t.Errorf("degenerate, T=%g: %.6g, exact %.6g", e.temp, p.Values[0], e.degenerate)
		}
	}
	// Other rates, coefficients and radii, against the test's own integral.
	strict := StrictSaddle{Growth: 2.5, Temperature: 0.01, Radius: 1.4}
	p := predicted(t, NewStrictSaddle, strict, nil)
	close(t, "λ = 2.5, R = 1.4", p.Values[0], exitTime(polynomial(0, 0, -1.25).v, 0, 0, 1.4, 0.01, 20000), p.Neglects[0])
	for _, d := range []DegenerateSaddle{{3, 2, 0.01, 0.9}, {4, 1, 0.003, 0.8}, {6, 0.7, 0.01, 1.3}} {
		v := func(x float64) float64 { return -d.Coefficient / d.Power * math.Pow(math.Abs(x), d.Power) }
		p := predicted(t, NewDegenerateSaddle, d, nil)
		exact := exitTime(v, 0, 0, d.Radius, d.Temperature, 20000)
		// Beyond R the drift is not quite alone: the next order is T/(2a²R^(2p−2)).
		next := p.Values[0] - d.Temperature/(2*d.Coefficient*d.Coefficient*math.Pow(d.Radius, 2*d.Power-2))
		if m0, m1 := math.Abs(p.Values[0]/exact-1), math.Abs(next/exact-1); m0 > p.Neglects[0] || m1 > 0.25*m0 {
			t.Errorf("%+v: %.7g, with the next order %.7g, exact %.7g", d, p.Values[0], next, exact)
		}
	}
	for p, want := range map[float64]float64{3: 1.65868, 4: 1.16187, 5: 0.991849, 6: 0.902935, 8: 0.807220} {
		q := predicted(t, NewDegenerateSaddle, DegenerateSaddle{Power: p, Coefficient: 1, Temperature: 1, Radius: nan}, nil)
		close(t, "K", q.Values[0], want, 1e-5)
		if q.Kind != sgdlab.Exact {
			t.Errorf("the time to infinity is %v", q.Kind)
		}
	}
	close(t, "V = −x⁴", one(t, NewDegenerateSaddle, DegenerateSaddle{Power: 4, Coefficient: 4, Temperature: 0.01, Radius: nan}, nil), 0.580934/0.1, 1e-5)

	flat := langevin(polynomial(0, 0, -0.5), []float64{0}, 0.02, nil)
	strict.Temperature = nan
	close(t, "T from a run", one(t, NewStrictSaddle, strict, flat), one(t, NewStrictSaddle, StrictSaddle{Growth: 2.5, Temperature: 0.02, Radius: 1.4}, nil), 1e-13)
	close(t, "T from a run", one(t, NewDegenerateSaddle, DegenerateSaddle{Power: 4, Coefficient: 1, Temperature: nan, Radius: nan}, flat), one(t, NewDegenerateSaddle, DegenerateSaddle{Power: 4, Coefficient: 1, Temperature: 0.02, Radius: nan}, nil), 1e-13)
	refused(t, NewStrictSaddle, strict, nil, "give temperature")
	refused(t, NewStrictSaddle, StrictSaddle{Growth: 1, Temperature: 1.1, Radius: 1}, nil, "not below")
	refused(t, NewStrictSaddle, StrictSaddle{Growth: -1, Temperature: 0.1, Radius: 1}, nil, "growth is -1")
	refused(t, NewDegenerateSaddle, DegenerateSaddle{Power: 2, Coefficient: 1, Temperature: 0.1, Radius: nan}, nil, "strict-saddle")
	refused(t, NewDegenerateSaddle, DegenerateSaddle{Power: 4, Coefficient: 1, Temperature: 0.1, Radius: 0.5}, nil, "noise still matters")
	refused(t, NewDegenerateSaddle, DegenerateSaddle{Power: 4, Coefficient: 1, Temperature: 0.1, Radius: -1}, nil, "radius is -1")
}

// radial solves D(u″ + (d−1)u′/r) = −1 on (0, R), u′(0) = 0, u(R) = 0, by finite volumes, and reads u at r.
func radial(d int, diff, radius, r float64, n int) float64 {
	// r^(d−1) u′ = −∫₀^r x^(d−1)/D dx, integrated again from R down to r, both by the midpoint rule.
	h := radius / float64(n)
	var mass, u float64
	for i := range n {
		x := (float64(i) + 0.5) * h
		mid := mass + math.Pow(x-h/4, float64(d-1))*h/2
		if x > r {
			u += mid / math.Pow(x, float64(d-1)) * h / diff
		}
		mass += math.Pow(x, float64(d-1)) * h
	}
	return u
}

func TestMeanExitBrownian(t *testing.T) {
	for _, c := range []MeanExitBrownian{{2, 0, 1, 0.5}, {2, 1, 2, 0.5}, {1.5, 0.75, 5, 2}} {
		close(t, "exit time", one(t, NewMeanExitBrownian, c, nil), radial(c.Dimension, c.Diffusion, c.Radius, c.Start, 20000), 1e-4)
	}
	refused(t, NewMeanExitBrownian, MeanExitBrownian{1, 1.2, 1, 1}, nil, "start is 1.2")
	refused(t, NewMeanExitBrownian, MeanExitBrownian{1, 0, 0, 1}, nil, "dimension is 0")
	refused(t, NewMeanExitBrownian, MeanExitBrownian{1, 0, 1, -1}, nil, "diffusion is -1")
}

// scaleFunction integrates exit laws of y = log x, dy = ν dt + s dW, from (a, b), by Simpson's rule on Green's function.
func scaleFunction(nu, s, a, y, b float64) (up, mean float64) {
	k := 2 * nu / (s * s)
	simpson := func(f func(float64) float64, lo, hi float64) float64 {
		const n = 300
		h, sum := (hi-lo)/n, f(lo)+f(hi)
		for i := 1; i < n; i++ {
			sum += float64(2+2*(i%2)) * f(lo+float64(i)*h)
		}
		return sum * h / 3
	}
	scale := func(lo, hi float64) float64 {
		return simpson(func(z float64) float64 { return math.Exp(-k * z) }, lo, hi)
	}
	up = scale(a, y) / scale(a, b)
	speed := func(z float64) float64 { return 2 / (s * s) * math.Exp(k*z) }
	mean = (1-up)*simpson(func(z float64) float64 { return scale(a, z) * speed(z) }, a, y) + up*simpson(func(z float64) float64 { return scale(z, b) * speed(z) }, y, b)
	return up, mean
}

func TestGeometricExit(t *testing.T) {
	ito := sgdlab.Ito
	close(t, "R10, mean time", one(t, NewGeometricExit, GeometricExit{1, 0.5, 0.01, 1, nan, ito, "mean-time"}, nil), 5.26305, 2e-6)
	close(t, "R10, ever", one(t, NewGeometricExit, GeometricExit{0.1, 0.8, 0.1, 1, nan, ito, "probability"}, nil), 0.205353, 3e-6)
	close(t, "R10, up", one(t, NewGeometricExit, GeometricExit{0.3, 0.8, 0.1, 1, 0.01, ito, "probability"}, nil), 0.464084, 2e-6)
	close(t, "R10, mean time of either", one(t, NewGeometricExit, GeometricExit{0.3, 0.8, 0.1, 1, 0.01, ito, "mean-time"}, nil), 8.26995, 2e-6)
	close(t, "growth under noise", one(t, NewGeometricExit, GeometricExit{2, 1, 1e-4, 1e-2, nan, ito, "mean-time"}, nil), 3.07011, 2e-6) // ν = 3/2
	for _, c := range []GeometricExit{
		{0.3, 0.8, 0.1, 1, 0.01, ito, ""}, {0.9, 0.8, 0.3, 2, 0.05, ito, ""}, {-0.5, 0.8, 0.3, 2, 0.05, ito, ""},
		{0.32, 0.8, 0.3, 2, 0.05, ito, ""}, {0.32 + 1e-7, 0.8, 0.3, 2, 0.05, ito, ""}, {0.32 - 1e-5, 0.8, 0.3, 2, 0.05, ito, ""},
		{0.3, 0.8, 0.1, 1, 0.01, sgdlab.Stratonovich, ""},
	} {
		nu := c.Drift
		if c.Calculus == ito {
			nu -= c.Noise * c.Noise / 2
		}
		up, mean := scaleFunction(nu, c.Noise, math.Log(c.Lower), math.Log(c.Start), math.Log(c.Upper))
		c.Of = "probability"
		close(t, "up", one(t, NewGeometricExit, c, nil), up, 1e-8)
		c.Of = "mean-time"
		close(t, "mean time", one(t, NewGeometricExit, c, nil), mean, 1e-7)
	}
	// A lower level far below is none, also where exponents are large.
	far := one(t, NewGeometricExit, GeometricExit{0.1, 0.8, 0.1, 1, 1e-300, ito, "probability"}, nil)
	close(t, "a lower level far below", far, 0.205353, 3e-6)
	close(t, "noise without drift in log x", one(t, NewGeometricExit, GeometricExit{0.1, 0.1, 0.1, 1, nan, ito, "probability"}, nil), 1, 0)
	refused(t, NewGeometricExit, GeometricExit{0.1, 0.8, 0.1, 1, nan, ito, "mean-time"}, nil, "infinite")
	refused(t, NewGeometricExit, GeometricExit{0.1, 0.8, 2, 1, nan, ito, "probability"}, nil, "not below")
	refused(t, NewGeometricExit, GeometricExit{0.1, 0.8, 0.5, 1, 0.6, ito, "probability"}, nil, "lower is 0.6")
	refused(t, NewGeometricExit, GeometricExit{nan, 0.8, 0.5, 1, 0.1, ito, "probability"}, nil, "drift")
	refused(t, NewGeometricExit, GeometricExit{1, 0, 0.5, 1, 0.1, ito, "probability"}, nil, "noise is 0")
	refused(t, NewGeometricExit, GeometricExit{1, 1, 0.5, 1, 0.1, ito, "x"}, nil, "probability")
}
