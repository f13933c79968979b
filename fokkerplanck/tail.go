package fokkerplanck

import (
	"math"

	"sgdlab/elementary"
	"sgdlab/quadrature"
)

// density is the form d·e^(±Ψ)·D^β·d^γ of an integrand in the logarithm of the distance d: from the start for an
// infinite end, from the end for a finite one.
type density struct{ psi, beta, gamma float64 }

// The densities whose integrals up to an end decide what that end does; c of the package comment is in β.
func (s Sense) speed() density { c := s.c(); return density{-1, c - 1, 0} } // m
func (s Sense) scale() density { return density{1, -s.c(), 0} }             // s′

// green is S·m with S from the end: finite if an end that can be reached is reached in finite mean time.
func green() density { return density{0, -1, 1} }

// second is m·D·(u′)² with u the mean exit time: finite if its variance is.
func (s Sense) second() density { c := s.c(); return density{-1, c - 2, 2} }

// moment is m·│x│ⁿ.
func (s Sense) moment(n int) density { c := s.c(); return density{-1, c - 1, float64(n)} }

func (s Sense) c() float64 {
	switch s {
	case Stratonovich:
		return 0.5
	case Fick:
		return 1
	}
	return 0
}

// verdict of a tail: where to cut it; or which density has no finite integral; or neither could be decided.
type verdict struct {
	cut      float64
	diverges int // index, or −1
	unsure   bool
}

const (
	// depth is how far below its maximum, in logarithm, a density must be where its tail is cut: e^−42 = 6e−19.
	depth = 42
	// flat octaves of distance without decay make an integral infinite; a decay that starts after 10²⁴ goes unseen.
	flat = 80
)

// lowTail walks from x0 towards Lo in octaves of the distance, and finds the point beyond which every density is
// negligible. What it certifies: each density is e^−42 of its maximum there, falls, and goes on doing so for at least
// four more octaves and, for an infinite end, to 64 times the scale. The trend beyond is taken on trust.
func (c coefficients) lowTail(x0, scale float64, densities ...density) verdict {
	p := c.p
	infinite := math.IsInf(p.Lo, -1)
	d := x0 - p.Lo
	step, place := 0.5, func(d float64) float64 { return p.Lo + d }
	if infinite {
		d = scale / 1024
		step, place = 2, func(d float64) float64 { return x0 - d }
	}
	gl := quadrature.Legendre(order)
	// pull is ∫a/D over distances between d and e; NaN where the coefficients are none, and then wrong is where.
	wrong := math.NaN()
	pull := func(d, e float64) float64 {
		var sum float64
		for j, t := range gl.Nodes {
			x := place(d + float64((e-d)*t))
			*c.n++
			a, d := p.Drift(x), p.Diffusion(x)
			if !valid(a, d) {
				wrong = x
				return math.NaN()
			}
			sum += float64(gl.Weights[j] * a / d)
		}
		return sum * math.Abs(e-d)
	}
	var psi float64
	if infinite {
		psi += pull(0, d)
	}
	top := make([]float64, len(densities))
	old := make([]float64, len(densities))
	still := make([]int, len(densities)) // octaves without decay, up to now
	log := func(f density, d float64) float64 {
		*c.n++
		v := elementary.Log(d) + float64(f.psi*psi)
		if f.beta != 0 {
			v += float64(f.beta * elementary.Log(p.Diffusion(place(d))))
		}
		return v + float64(f.gamma*elementary.Log(d))
	}
	for i, f := range densities {
		top[i] = log(f, d)
		old[i] = top[i]
	}
	out := verdict{diverges: -1}
	confirmed := 0
	for range 2100 {
		e := d * step
		if x := place(e); math.IsInf(x, 0) || e < 1e-300 || !infinite && e < 1e-13*math.Abs(p.Lo) {
			break
		}
		mid := (d + e) / 2
		psi += pull(d, mid)
		for i, f := range densities {
			if v := log(f, mid); v > top[i] { // not math.Max: a NaN must not stick
				top[i] = v
			}
		}
		psi += pull(mid, e)
		d = e
		all, broken := true, false
		for i, f := range densities {
			v := log(f, d)
			if math.IsNaN(v) {
				broken = true
				break
			}
			if math.IsInf(v, 1) {
				out.diverges = i
				return out
			}
			kappa := (old[i] - v) / math.Ln2
			if i == 0 && confirmed == 0 {
				out.cut = d
			}
			if !(kappa > 1e-9) && !math.IsInf(v, -1) {
				if still[i]++; still[i] >= flat {
					out.diverges = i
					return out
				}
			} else {
				still[i] = 0
			}
			top[i] = math.Max(top[i], v)
			all = all && (v <= top[i]-depth && kappa > 0 || math.IsInf(v, -1))
			old[i] = v
		}
		if broken {
			break
		}
		if !all {
			confirmed = 0
			continue
		}
		if confirmed++; confirmed > 4 && (!infinite || d > 64*scale) {
			out.cut = place(out.cut)
			return out
		}
	}
	// The coefficients, or the floats, end here.
	if confirmed > 0 {
		out.cut = place(out.cut)
		return out
	}
	for i, n := range still {
		if n >= 10 {
			out.diverges = i
			return out
		}
	}
	if !math.IsNaN(wrong) {
		c.at(wrong) // complains
	}
	out.unsure = true
	return out
}

// mesh is a first mesh from lo up to x0 for a problem whose end is Lo: even where the end is ordinary; in octaves
// towards a singular or a distant end.
func (p *Problem) mesh(lo, x0, scale float64, parent int) []span {
	const even = 12
	var breaks []float64
	switch {
	case lo >= x0:
		return nil
	case math.IsInf(p.Lo, -1):
		near := math.Min(scale, x0-lo)
		for i := range even {
			breaks = append(breaks, x0-near*float64(i)/even)
		}
		for d := near; d < x0-lo; d *= 2 {
			breaks = append(breaks, x0-d)
		}
	case lo > p.Lo:
		d := x0 - p.Lo
		for i := range even / 2 {
			breaks = append(breaks, x0-d*float64(i)/even)
		}
		for d /= 2; d > lo-p.Lo; d /= 2 {
			breaks = append(breaks, p.Lo+d)
		}
	default:
		for i := range even {
			breaks = append(breaks, x0-(x0-lo)*float64(i)/even)
		}
	}
	mesh := make([]span, 0, len(breaks))
	for i := len(breaks) - 1; i >= 0; i-- {
		if breaks[i] > lo {
			mesh = append(mesh, span{lo, breaks[i], parent, 0, 1})
			lo = breaks[i]
		}
	}
	return mesh
}
