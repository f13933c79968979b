package model

import (
	"math"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// activation is φ of a hidden unit, entry by entry.
type activation interface {
	// value is a = φ(z).
	value(a, z lanes.Pack)
	// slopes fills φ′, φ″ and φ‴ at z, where a = φ(z); a third or a second and a third that are nil are not asked for.
	slopes(first, second, third, z, a lanes.Pack)
}

var activations = map[string]activation{"tanh": tanh{}, "relu": relu{}, "gelu": gelu{}, "erf": erf{}, "identity": unit{}}

// chunk is how many rows are taken at a time, and ones as many of them.
const chunk = 32

var ones = func() lanes.Pack {
	p := make(lanes.Pack, chunk)
	fillOnes(p)
	return p
}()

// tanh has φ′ = 1 − φ², φ″ = −2φφ′, φ‴ = −2φ′(1 − 3φ²).
type tanh struct{}

func (tanh) value(a, z lanes.Pack) {
	for j := range a {
		elementary.Tanhs(a[j][:], z[j][:])
	}
}

func (tanh) slopes(first, second, third, z, a lanes.Pack) {
	if second == nil && third == nil {
		var up [chunk]lanes.Vec
		for len(first) > 0 {
			n := min(len(first), chunk)
			lanes.Add(up[:n], ones[:n], a[:n])
			lanes.Sub(first[:n], ones[:n], a[:n])
			lanes.Mul(first[:n], first[:n], up[:n])
			first, a = first[n:], a[n:]
		}
		return
	}
	for j := range z {
		for l, x := range a[j] {
			one := float64((1 - x) * (1 + x))
			first[j][l] = one
			if second != nil {
				second[j][l] = -2 * x * one
			}
			if third != nil {
				third[j][l] = -2 * one * math.FMA(-3*x, x, 1)
			}
		}
	}
}

// relu is max(z, 0), with φ′ = 0 at 0.
type relu struct{}

func (relu) value(a, z lanes.Pack) {
	for j := range a {
		for l, x := range z[j] {
			a[j][l] = max(x, 0)
		}
	}
}

func (relu) slopes(first, second, third, z, _ lanes.Pack) {
	for j := range z {
		for l, x := range z[j] {
			switch {
			case x > 0:
				first[j][l] = 1
			case x <= 0:
				first[j][l] = 0
			default:
				first[j][l] = x // NaN
			}
		}
	}
	lanes.Zero(second)
	lanes.Zero(third)
}

// normal returns the density g of the standard normal law, and its distribution.
func normal(z lanes.Vec) (density, below lanes.Vec) {
	for l, x := range z {
		density[l], below[l] = -0.5*float64(x*x), x*math.Sqrt2/2
	}
	elementary.Exps(density[:], density[:])
	elementary.Erfs(below[:], below[:])
	for l := range z {
		density[l] *= 1 / math.Sqrt(2*math.Pi)
		below[l] = 0.5 + 0.5*below[l]
	}
	return density, below
}

// gelu is zΦ(z), with Φ and g the distribution and the density of the standard normal law: φ′ = Φ + zg, φ″ = (2 − z²)g, φ‴ =
// z(z² − 4)g.
type gelu struct{}

func (gelu) value(a, z lanes.Pack) {
	for j := range a {
		_, below := normal(z[j])
		for l, x := range z[j] {
			a[j][l] = x * below[l]
		}
	}
}

func (gelu) slopes(first, second, third, z, _ lanes.Pack) {
	for j := range z {
		g, below := normal(z[j])
		for l, x := range z[j] {
			first[j][l] = math.FMA(x, g[l], below[l])
			if second != nil {
				second[j][l] = g[l] * math.FMA(-x, x, 2)
			}
			if third != nil {
				third[j][l] = g[l] * x * math.FMA(x, x, -4)
			}
		}
	}
}

// erf has φ′ = (2/√π) e^−z², φ″ = −2zφ′, φ‴ = (4z² − 2)φ′.
type erf struct{}

func (erf) value(a, z lanes.Pack) {
	for j := range a {
		elementary.Erfs(a[j][:], z[j][:])
	}
}

func (erf) slopes(first, second, third, z, _ lanes.Pack) {
	for j := range z {
		var g lanes.Vec
		for l, x := range z[j] {
			g[l] = -float64(x * x)
		}
		elementary.Exps(g[:], g[:])
		for l, x := range z[j] {
			g := 2 / math.Sqrt(math.Pi) * g[l]
			first[j][l] = g
			if second != nil {
				second[j][l] = -2 * x * g
			}
			if third != nil {
				third[j][l] = g * math.FMA(4*x, x, -2)
			}
		}
	}
}

// unit is φ = z.
type unit struct{}

func (unit) value(a, z lanes.Pack) { lanes.Copy(a, z) }

func (unit) slopes(first, second, third, _, _ lanes.Pack) {
	fillOnes(first)
	lanes.Zero(second)
	lanes.Zero(third)
}
