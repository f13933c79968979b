package scheme

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// channels are the columns of all noises of an SDE side by side, each times its scale: one σ(θ), of shape (d, m).
type channels struct {
	sde   *sgdlab.SDE
	scale []lanes.Vec
	ws    *lanes.Arena
}

// width is m, the number of columns of all noises together.
func width(sde *sgdlab.SDE) int {
	m := 0
	for _, n := range sde.Noise {
		m += n.Factor.Width()
	}
	return m
}

// abreast copies the increments ΔW of all noises into one pack of m rows, without their scales.
func abreast(dst lanes.Pack, inc sgdlab.Increments) {
	for i, xi := range inc.Draw {
		n := copy(dst, xi)
		lanes.ScaleLanes(dst[:n], inc.Grow[i])
		dst = dst[n:]
	}
}

// times is dst = σ(θ)ξ.
func (c *channels) times(dst, theta, xi lanes.Pack) {
	mark := c.ws.Mark()
	part := c.ws.Pack(len(dst))
	lanes.Zero(dst)
	at := 0
	for i, n := range c.sde.Noise {
		m := n.Factor.Width()
		n.Factor.Apply(part, theta, xi[at:at+m], c.ws)
		lanes.AddScaled(dst, c.scale[i], part)
		at += m
	}
	c.ws.Release(mark)
}

// along is dst += weight·(Dσ(θ)[v])ξ, exactly for factors that know the derivative, else by the central difference
//
//	½(σ(θ+v) − σ(θ−v))ξ,
//
// which is off by D³σ[v, v, v]ξ/6. Noises before first, and those behind last, are left out.
func (c *channels) along(dst lanes.Pack, weight float64, theta, v, xi lanes.Pack, first, last int) {
	mark := c.ws.Mark()
	part, there := c.ws.Pack(len(dst)), c.ws.Pack(len(dst))
	at := 0
	for i, n := range c.sde.Noise {
		f := n.Factor
		own := xi[at : at+f.Width()]
		at += f.Width()
		if i < first || i > last || sgdlab.KindOf(f) == sgdlab.AdditiveNoise {
			continue
		}
		if d, ok := f.(sgdlab.Varying); ok {
			d.ApplyAlong(part, theta, v, own, c.ws)
			lanes.AddScaled(dst, times(c.scale[i], weight), part)
			continue
		}
		lanes.Add(there, theta, v)
		f.Apply(part, there, own, c.ws)
		lanes.AddScaled(dst, times(c.scale[i], weight/2), part)
		lanes.Sub(there, theta, v)
		f.Apply(part, there, own, c.ws)
		lanes.AddScaled(dst, times(c.scale[i], -weight/2), part)
	}
	c.ws.Release(mark)
}

// cross is dst += Σₖ (Dσ(θ)[Σⱼ σⱼIⱼₖ])eₖ = Σⱼₖ Lⱼσₖ Iⱼₖ, with the double integrals
//
//	Iⱼₖ = ½(ΔWⱼΔWₖ − δⱼₖh) + Aⱼₖ,  Aₖⱼ = −Aⱼₖ,
//
// of increments ΔW and areas A, those of pair. It costs three products with σ for each column that depends on θ.
func (c *channels) cross(dst, theta, dw, areas lanes.Pack, h lanes.Vec) {
	mark := c.ws.Mark()
	m := len(dw)
	v, to, unit := c.ws.Pack(len(dst)), c.ws.Pack(m), c.ws.Zeroed(m)
	k := 0
	for i, n := range c.sde.Noise {
		for range n.Factor.Width() {
			if sgdlab.KindOf(n.Factor) != sgdlab.AdditiveNoise {
				for j := range to {
					half := &to[j]
					for l := range half {
						half[l] = float64(0.5 * dw[j][l] * dw[k][l])
						switch {
						case j == k:
							half[l] = math.FMA(-0.5, h[l], half[l])
						case j < k:
							half[l] += areas[pair(j, k)][l]
						default:
							half[l] -= areas[pair(k, j)][l]
						}
					}
				}
				c.times(v, theta, to)
				unit[k] = lanes.Splat(1)
				c.along(dst, 1, theta, v, unit, i, i)
				unit[k] = lanes.Vec{}
			}
			k++
		}
	}
	c.ws.Release(mark)
}

// pair is the place of the area Aⱼₖ, j < k, among the m(m−1)/2 of m channels.
func pair(j, k int) int { return k*(k-1)/2 + j }

// pairs is the number of areas of m channels.
func pairs(m int) int { return m * (m - 1) / 2 }
