package scheme

import (
	"errors"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// LogEuler is the Euler–Maruyama scheme of log|θᵢ|,
//
//	θᵢ ← θᵢ exp((aᵢ(θ)/θᵢ − ½βᵢ²)h + βᵢΔWᵢ),  βᵢ = scale·σᵢᵢ(θ)/θᵢ,
//
// for noise that is diagonal and proportional to θᵢ on each side of 0. It keeps signs, and is exact for geometric Brownian
// motion, dθᵢ = μᵢθᵢdt + βᵢθᵢdWᵢ, at any h: in law and on the path. It converges in the sense of Itô, with strong and weak
// order 1 for other drifts, as long as these do not push θᵢ through 0. A coordinate at 0 moves by aᵢ(θ)h.
//
// Other noise is refused, and laws that jump; under laws other than gaussian no step is exact.
//
// Source: Kloeden & Platen 1992, §4.4, for the exact solution.
type LogEuler struct{}

// NewLogEuler is the Euler–Maruyama scheme of the logarithms.
func NewLogEuler(struct{}, *sgdlab.Site) (sgdlab.Scheme, error) { return LogEuler{}, nil }

// Sense is Itô.
func (LogEuler) Sense() sgdlab.Sense { return sgdlab.Ito }

// Order is (1, 1); NaN for noise that it refuses.
func (LogEuler) Order(kind sgdlab.NoiseKind) (strong, weak float64) {
	if kind != sgdlab.DiagonalNoise {
		return math.NaN(), math.NaN()
	}
	return 1, 1
}

var errNotProportional = errors.New("log-euler is for one noise that is diagonal and proportional to θ, as in dθᵢ = aᵢdt + βᵢθᵢdWᵢ; use scheme: milstein, or euler-maruyama")

// Fits refuses noise that is not proportional to θ, coordinate by coordinate. A factor that says it is diagonal is asked at
// θ and at multiples of it.
func (LogEuler) Fits(sde *sgdlab.SDE) error {
	for _, n := range sde.Noise {
		if len(sde.Noise) > 1 || sgdlab.KindOf(n.Factor) != sgdlab.DiagonalNoise || !proportional(n.Factor, sde.Drift.Dim()) {
			return errNotProportional
		}
	}
	return continuous("log-euler", sde)
}

// proportional reports whether diagonal noise is: bᵢ(cθᵢ) = c·bᵢ(θᵢ) for several c > 0, on either side of 0.
func proportional(f sgdlab.Factor, d int) bool {
	var ws lanes.Arena
	theta, one, b := ws.Pack(d), ws.Pack(f.Width()), ws.Pack(d)
	for j := range theta {
		theta[j] = lanes.Vec{1, 2, 0.25, 7, -1, -3, -0.5, -1.25}
	}
	for j := range one {
		one[j] = lanes.Splat(1)
	}
	f.Apply(b, theta, one, &ws)
	for j := range b {
		for l := range lanes.W {
			like := l / 4 * 4 // lanes 0 and 4 are at ±1
			if c := math.Abs(theta[j][l]); !(math.Abs(b[j][l]-c*b[j][like]) <= 1e-12*c*math.Abs(b[j][like])) {
				return false
			}
		}
	}
	return true
}

// Step moves the live lanes.
func (LogEuler) Step(sde *sgdlab.SDE, theta lanes.Pack, h lanes.Vec, inc sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	mark := ws.Mark()
	d := len(theta)
	next, a, kick, b := ws.Pack(d), ws.Pack(d), ws.Zeroed(d), ws.Zeroed(d)
	sde.Drift.Drift(a, theta, ws)
	for i, n := range sde.Noise {
		one := ws.Pack(n.Factor.Width())
		for j := range one {
			one[j] = lanes.Splat(1)
		}
		n.Factor.Apply(b, theta, one, ws)
		lanes.ScaleLanes(b, inc.Scale[i])
		n.Factor.Apply(kick, theta, inc.Draw[i], ws)
		lanes.ScaleLanes(kick, inc.Kick(i))
	}
	for j := range next {
		for l := range lanes.W {
			x := theta[j][l]
			if x == 0 {
				next[j][l] = a[j][l] * h[l]
				continue
			}
			beta := b[j][l] / x
			next[j][l] = x * elementary.Exp(math.FMA(math.FMA(-0.5*beta, beta, a[j][l]/x), h[l], kick[j][l]/x))
		}
	}
	lanes.CopyLanes(theta, next, live)
	ws.Release(mark)
}
