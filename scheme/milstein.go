package scheme

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// Milstein is
//
//	θ ← θ + a(θ)h + Σⱼ σⱼΔWⱼ + Σⱼₖ Lⱼσₖ Iⱼₖ,  Lⱼ = Σᵢ σᵢⱼ∂ᵢ,
//
// over the columns σⱼ of all noises, each times its scale, with the double integrals Iⱼₖ = ½(ΔWⱼΔWₖ − δⱼₖh) + Aⱼₖ. It
// converges in the sense of Itô.
//
// Where the noise commutes, Lⱼσₖ = Lₖσⱼ, the Lévy areas A cancel, and the scheme has strong and weak order 1. Diagonal noise
// costs four products with σ beyond Euler–Maruyama's, other noise that commutes two and then three for every channel.
//
// Noise that does not commute, and several noises of which one depends on θ, need the areas: levy-areas is the number of
// terms of their Fourier series, the remainder of which is replaced by normal numbers of its covariance; a step costs three
// products with σ for every channel. With exact areas the strong order is 1. With n terms the areas of a step are off by O(h/n) in the mean square, and θ by O(√h/n): as long as
// n ≥ 1/√h, in units of the time in which σ changes along itself, the error falls as h; below that as √h, which is the order
// that is declared for general noise. The weak order is 1.
//
// Derivatives of σ are those of the factor where it knows them, else central differences over the length of a kick,
// θ ± σΔW and θ ± σⱼ√h, which leaves the orders as they are.
//
// Additive noise makes it Euler–Maruyama. It is for continuous noise: laws that jump are refused, and so is noise that does
// not commute without levy-areas.
//
// Sources: Milstein 1974; Kloeden & Platen 1992, §10.3 and §11.1.
type Milstein struct {
	Areas Areas // nil where there are none
	exact bool  // the areas are those of the path
	areas lanes.Pack
	dw    lanes.Pack
}

// MilsteinSettings are those of `milstein`.
type MilsteinSettings struct {
	LevyAreas int `optional:"true" check:">=1" doc:"the number of terms of the Fourier series of the Lévy areas, which noise that does not commute needs; none where missing"`
}

// NewMilstein is Milstein's scheme. The areas are drawn from a stream of their own, areas, which is not that of the increments.
func NewMilstein(c MilsteinSettings, s *sgdlab.Site) (sgdlab.Scheme, error) {
	m := &Milstein{}
	if c.LevyAreas > 0 {
		m.Areas = NewSeries(c.LevyAreas, stream(s, "areas"))
	}
	return m, nil
}

// stream is the purpose of random numbers that a scheme draws beyond the increments of the noises.
func stream(s *sgdlab.Site, what string) string {
	if s.Place == "" {
		return what
	}
	return s.Place + ":" + what
}

// Sense is Itô.
func (*Milstein) Sense() sgdlab.Sense { return sgdlab.Ito }

// Order is (1, 1), but (½, 1) for general noise with truncated areas.
func (m *Milstein) Order(kind sgdlab.NoiseKind) (strong, weak float64) {
	if kind == sgdlab.GeneralNoise && !m.exact {
		return 0.5, 1
	}
	return 1, 1
}

// Fits refuses jumps, and noise that does not commute where there are no areas.
func (m *Milstein) Fits(sde *sgdlab.SDE) error {
	if sde.Kind() == sgdlab.GeneralNoise && m.Areas == nil {
		return errors.New("milstein without Lévy areas is for noise that commutes, and this noise need not (several noises of which one depends on θ do not, nor do " +
			"factors that do not say that they do); give scheme: {name: milstein, levy-areas: 8}, or use scheme: euler-maruyama")
	}
	return errors.Join(continuous("milstein", sde), bounded("milstein", sde))
}

// continuous refuses laws that jump.
func continuous(scheme string, sde *sgdlab.SDE) error {
	for _, n := range sde.Noise {
		if a := n.Law.Index(); a < 2 {
			return fmt.Errorf("%s is for continuous noise, and a stable law of index %g jumps; use scheme: euler-maruyama or tamed-euler", scheme, a)
		}
	}
	return nil
}

const maxChannels = 512 // their squares are kept: 16 MiB, and a step takes 1500 products with σ

// bounded refuses more channels than a scheme can keep the pairs of, where it needs them.
func bounded(scheme string, sde *sgdlab.SDE) error {
	if m := width(sde); sde.Kind() == sgdlab.GeneralNoise && m > maxChannels {
		return fmt.Errorf("%s takes three products with σ for every channel and keeps every pair of them, for at most %d channels; the noise has %d; use scheme: euler-maruyama", scheme, maxChannels, m)
	}
	return nil
}

// Draw draws the areas of a step, where the noise needs them.
func (m *Milstein) Draw(sde *sgdlab.SDE, h lanes.Vec, inc sgdlab.Increments, at *sgdlab.Clock) {
	if sde.Kind() != sgdlab.GeneralNoise {
		return
	}
	n := width(sde)
	if len(m.areas) != pairs(n) || len(m.dw) != n {
		m.areas, m.dw = make(lanes.Pack, pairs(n)), make(lanes.Pack, n)
	}
	abreast(m.dw, inc)
	m.Areas.Draw(m.areas, m.dw, h, at)
}

// Step moves the live lanes.
func (m *Milstein) Step(sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	mark := ws.Mark()
	d := len(theta)
	next, part := ws.Pack(d), ws.Pack(d)
	lanes.Copy(next, theta)
	advance(next, sde, theta, h, inc, 1, part, ws)
	c := channels{sde: sde, scale: inc.Scale, ws: ws}
	kind, last := sde.Kind(), len(sde.Noise)-1
	if kind != sgdlab.AdditiveNoise {
		n := width(sde)
		dw := ws.Pack(n)
		abreast(dw, inc)
		switch kind {
		case sgdlab.GeneralNoise:
			c.cross(next, theta, dw, m.areas, h)
		default:
			c.times(part, theta, dw)
			c.along(next, 0.5, theta, part, dw, 0, last)
			c.compensate(next, theta, h, kind)
		}
	}
	lanes.CopyLanes(theta, next, live)
	ws.Release(mark)
}

// compensate is dst −= ½h Σⱼ Lⱼσⱼ: of diagonal noise at once, since its channels do not meet.
func (c *channels) compensate(dst, theta lanes.Pack, h lanes.Vec, kind sgdlab.NoiseKind) {
	mark := c.ws.Mark()
	n, last := width(c.sde), len(c.sde.Noise)-1
	v, unit := c.ws.Pack(len(dst)), c.ws.Zeroed(n)
	root := h
	for l := range root {
		root[l] = math.Sqrt(h[l])
	}
	if kind == sgdlab.DiagonalNoise {
		for j := range unit {
			unit[j] = root
		}
		c.times(v, theta, unit)
		c.along(dst, -0.5, theta, v, unit, 0, last)
	} else {
		for j := range unit {
			unit[j] = root
			c.times(v, theta, unit)
			c.along(dst, -0.5, theta, v, unit, 0, last)
			unit[j] = lanes.Vec{}
		}
	}
	c.ws.Release(mark)
}
