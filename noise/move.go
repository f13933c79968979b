package noise

import (
	"sgdlab"
	"sgdlab/lanes"
)

// Draw draws the increments of some noises over a step of length h, into scratch, and has factors read their settings.
func Draw(inc *sgdlab.Increments, noises []sgdlab.Noise, h lanes.Vec, at *sgdlab.Clock, ws *lanes.Arena) {
	inc.Draw, inc.Grow, inc.Scale = inc.Draw[:0], inc.Grow[:0], inc.Scale[:0]
	for _, n := range noises {
		sgdlab.ReadClock(n.Factor, at)
		xi := ws.Pack(n.Factor.Width())
		n.Law.Draw(xi, at)
		inc.Draw = append(inc.Draw, xi)
		inc.Grow = append(inc.Grow, Growth(h, n.Law.Index()))
		inc.Scale = append(inc.Scale, n.Scale(at))
	}
}

// Move is
//
//	θ ← θ + Σ scale·σ(θ)·h^(1/α)ξ − ηg
//
// on the live lanes, every σ at the θ before: the sum in the order of the noises, then the gradient. It is a step of descent on
// g with noises, and of Euler and Maruyama's scheme with the drift −g at h = η.
func Move(theta lanes.Pack, eta lanes.Vec, g lanes.Pack, noises []sgdlab.Noise, inc *sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	Push(theta, theta, eta, g, noises, inc, live, ws)
}

// Push is what Move adds to θ, added to something else: dst ← dst + Σ scale·σ(θ)·h^(1/α)ξ − ηg.
func Push(dst, theta lanes.Pack, eta lanes.Vec, g lanes.Pack, noises []sgdlab.Noise, inc *sgdlab.Increments, live lanes.Mask, ws *lanes.Arena) {
	last := len(noises) - 1
	if last < 0 {
		lanes.Descend(dst, eta, g, live)
		return
	}
	defer ws.Release(ws.Mark())
	kick := inc.Draw[last]
	if last == 0 {
		kick = apply(noises[0].Factor, theta, kick, ws)
	} else {
		kicks := make([]lanes.Pack, 0, 4)
		for i, n := range noises {
			kicks = append(kicks, apply(n.Factor, theta, inc.Draw[i], ws))
		}
		for i, k := range kicks[:last] {
			lanes.AddScaledLanes(dst, inc.Kick(i), k, live)
		}
		kick = kicks[last]
	}
	lanes.DescendAdd(dst, eta, g, inc.Kick(last), kick, live)
}

// apply is σ(θ)ξ, which is ξ itself where σ = I.
func apply(f sgdlab.Factor, theta, xi lanes.Pack, ws *lanes.Arena) lanes.Pack {
	if _, ok := f.(Identity); ok {
		return xi
	}
	dst := ws.Pack(len(theta))
	f.Apply(dst, theta, xi, ws)
	return dst
}
