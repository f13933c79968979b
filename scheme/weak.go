package scheme

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/rng"
)

// RungeKuttaWeak2 is a derivative-free scheme of weak order 2 for general noise (Milstein–Talay's):
//
//	θ₁ = θ + a(θ)h,  θ₂ = θ₁ + σ(θ)ΔW,  θ± = ½(θ + θ₁) ± √(h/2) σ(θ)χ,
//	θ ← θ + ½(a(θ) + a(θ₂))h + ½(σ(θ₊) + σ(θ₋))ΔW + Σⱼₖ Lⱼσₖ Iⱼₖ,
//
// over the columns σⱼ of all noises, each times its scale, with Lⱼ = Σᵢ σᵢⱼ∂ᵢ and Iⱼₖ = ½(ΔWⱼΔWₖ − δⱼₖh + Vⱼₖh). The χⱼ and the
// Vⱼₖ = −Vₖⱼ are fair signs, independent of all else, from a stream of their own, signs: they stand for what the double
// integrals have beyond the increments. Lⱼσₖ is taken from the factor where it knows its derivative, else by central
// differences. It converges in the sense of Itô, and costs, beyond Heun's scheme, three products with σ for every
// channel that depends on θ.
//
// Weak order 2 for all noise; strong order 1 where the noise commutes, else ½. It needs a law that has the first five
// moments of the normal one: the others are refused, and laws that jump.
//
// Sources: Kloeden & Platen 1992, §14.2; Abdulle, Vilmart & Zygalakis 2013.
type RungeKuttaWeak2 struct {
	Areas Areas
	signs func(dst lanes.Pack, at *sgdlab.Clock) // χ
	areas lanes.Pack
	dw    lanes.Pack
	chi   lanes.Pack
}

// NewRungeKuttaWeak2 is the Runge–Kutta scheme of weak order 2.
func NewRungeKuttaWeak2(_ struct{}, s *sgdlab.Site) (sgdlab.Scheme, error) {
	chi := twoPoint{rng.New(stream(s, "signs:support"))}
	return &RungeKuttaWeak2{
		Areas: twoPoint{rng.New(stream(s, "signs"))},
		signs: func(dst lanes.Pack, at *sgdlab.Clock) { chi.stream.Signs(dst, &at.Lanes) },
	}, nil
}

// Sense is Itô.
func (*RungeKuttaWeak2) Sense() sgdlab.Sense { return sgdlab.Ito }

// Order is (1, 2) where the noise commutes, else (½, 2).
func (*RungeKuttaWeak2) Order(kind sgdlab.NoiseKind) (strong, weak float64) {
	if kind == sgdlab.GeneralNoise {
		return 0.5, 2
	}
	return 1, 2
}

// Fits refuses laws that are too far from the normal one.
func (*RungeKuttaWeak2) Fits(sde *sgdlab.SDE) error {
	const name = "runge-kutta-weak-2"
	for _, n := range sde.Noise {
		if n.Law.Index() == 2 && !sgdlab.IsGaussian(n.Law) {
			return fmt.Errorf("%s has weak order 2 for laws with the first five moments of the normal one; use law: gaussian, or scheme: euler-maruyama", name)
		}
	}
	if m := width(sde); sde.Kind() != sgdlab.AdditiveNoise && m > maxChannels {
		return fmt.Errorf("%s takes three products with σ for every channel and keeps every pair of them, for at most %d channels; the noise has %d; use scheme: euler-maruyama", name, maxChannels, m)
	}
	return continuous(name, sde)
}

// Draw draws the signs of a step.
func (s *RungeKuttaWeak2) Draw(sde *sgdlab.SDE, h lanes.Vec, inc sgdlab.Increments, at *sgdlab.Clock) {
	if sde.Additive() {
		return
	}
	m := width(sde)
	if len(s.areas) != pairs(m) || len(s.chi) != m {
		s.areas, s.dw, s.chi = make(lanes.Pack, pairs(m)), make(lanes.Pack, m), make(lanes.Pack, m)
	}
	abreast(s.dw, inc)
	s.Areas.Draw(s.areas, s.dw, h, at)
	s.signs(s.chi, at)
}

// Step moves the live lanes.
func (s *RungeKuttaWeak2) Step(sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	mark := ws.Mark()
	d, m := len(theta), width(sde)
	next, a, kick, there, dw := ws.Pack(d), ws.Pack(d), ws.Pack(d), ws.Pack(d), ws.Pack(m)
	abreast(dw, inc)
	c := channels{sde: sde, scale: inc.Scale, ws: ws}
	half := times(h, 0.5)
	lanes.Copy(next, theta)
	sde.Drift.Drift(a, theta, ws)
	lanes.AddScaled(next, half, a)
	c.times(kick, theta, dw)
	lanes.Copy(there, theta)
	lanes.AddScaled(there, h, a)
	lanes.Add(there, there, kick)
	if sde.Additive() {
		lanes.Add(next, next, kick)
	} else {
		middle, side := ws.Pack(d), ws.Pack(d)
		lanes.Copy(middle, theta)
		lanes.AddScaled(middle, half, a)
		c.times(side, theta, s.chi)
		root := half
		for l := range root {
			root[l] = math.Sqrt(half[l])
		}
		lanes.ScaleLanes(side, root)
		lanes.Add(a, middle, side)
		c.times(kick, a, dw)
		lanes.AddScaled(next, lanes.Splat(0.5), kick)
		lanes.Sub(a, middle, side)
		c.times(kick, a, dw)
		lanes.AddScaled(next, lanes.Splat(0.5), kick)
		c.cross(next, theta, dw, s.areas, h)
	}
	sde.Drift.Drift(a, there, ws)
	lanes.AddScaled(next, half, a)
	lanes.CopyLanes(theta, next, live)
	ws.Release(mark)
}
