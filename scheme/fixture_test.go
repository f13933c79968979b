package scheme

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// field is an SDE in closed form: a drift, and noise of one ξ per coordinate or more.
type field struct {
	dim, width int
	drift      func(dst, x []float64)
	sigma      func(dst, x, xi []float64) // dst = σ(x)ξ
	additive   bool
}

// each calls f for every lane, on one-lane copies.
func each(dst, a, b lanes.Pack, f func(dst, a, b []float64)) {
	var out, x, y [4]float64
	for l := range lanes.W {
		f(out[:len(dst)], a.Lane(x[:len(a)], l), b.Lane(y[:len(b)], l))
		dst.SetLane(l, out[:len(dst)])
	}
}

func (f *field) Dim() int   { return f.dim }
func (f *field) Width() int { return f.width }
func (f *field) Drift(dst, theta lanes.Pack, _ *lanes.Arena) {
	each(dst, theta, nil, func(dst, x, _ []float64) { f.drift(dst, x) })
}
func (f *field) Apply(dst, theta, xi lanes.Pack, _ *lanes.Arena) {
	each(dst, theta, xi, f.sigma)
}
func (f *field) Kind() sgdlab.NoiseKind {
	if f.additive {
		return sgdlab.AdditiveNoise
	}
	return sgdlab.GeneralNoise
}

func (f *field) sde(law sgdlab.Law, sense sgdlab.Sense) *sgdlab.SDE {
	return &sgdlab.SDE{Drift: f, Noise: []sgdlab.Noise{{Factor: f, Law: law, Scale: sgdlab.Constant(1)}}, Sense: sense}
}

// scalar is a one-dimensional field dx = a(x)dt + b(x)dW.
func scalar(a, b func(x float64) float64, additive bool) *field {
	return &field{
		dim: 1, width: 1, additive: additive,
		drift: func(dst, x []float64) { dst[0] = a(x[0]) },
		sigma: func(dst, x, xi []float64) { dst[0] = b(x[0]) * xi[0] },
	}
}

// geometric is dx = μx dt + σx dW.
func geometric(mu, sigma float64) *field {
	return scalar(func(x float64) float64 { return mu * x }, func(x float64) float64 { return sigma * x }, false)
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
			a, b = b, x*b-float64(k)*a
		}
		return b
	}
	x = []float64{}
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

// one takes one step of a scheme from x with the increments √h·ξ, outside any stepper.
func one(s sgdlab.Scheme, sde *sgdlab.SDE, x, xi []float64, h float64) []float64 {
	var ws lanes.Arena
	theta, draw := lanes.Of(x), lanes.Of(xi)
	noise.Grow(draw, lanes.Splat(h), 2)
	inc := sgdlab.Increments{Draw: []lanes.Pack{draw}, Scale: []lanes.Vec{lanes.Splat(1)}}
	s.Step(sde, theta, lanes.Splat(h), inc, lanes.All, &ws)
	return theta.Lane(nil, 3)
}

// slope is that of log err over log h, by least squares.
func slope(h, err []float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for i := range h {
		x, y := math.Log(h[i]), math.Log(err[i])
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

func clock(seed, first uint64) *sgdlab.Clock {
	at := new(sgdlab.Clock)
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = seed, first+uint64(l)
	}
	return at
}

func gaussian(place string) sgdlab.Law {
	law, err := noise.NewGaussian(struct{}{}, &sgdlab.Site{Place: place})
	if err != nil {
		panic(err)
	}
	return law
}

// replay is a law that was drawn once for the steps of one pack, and is then read many times.
type replay struct{ xi []lanes.Pack }

func (r *replay) record(law sgdlab.Law, at *sgdlab.Clock, width, steps int) {
	c := *at
	r.xi = r.xi[:0]
	for k := range uint64(steps) {
		for l := range c.Step {
			c.Step[l] = k
		}
		xi := make(lanes.Pack, width)
		law.Draw(xi, &c)
		r.xi = append(r.xi, xi)
	}
}

func (r *replay) Draw(xi lanes.Pack, at *sgdlab.Clock) { lanes.Copy(xi, r.xi[at.Step[0]]) }
func (r *replay) Index() float64                       { return 2 }
