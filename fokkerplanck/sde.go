package fokkerplanck

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// OfSDE is the one-dimensional problem that an SDE poses on (lo, hi), at the settings of the clock. The diffusion is
//
//	D(x) = ½ Σ scale²·σ(x)σ(x)ᵀ
//
// over its noises, which need σᵀ. Only laws with a variance diffuse.
func OfSDE(sde *sgdlab.SDE, at *sgdlab.Clock, lo, hi float64) (*Problem, error) {
	if d := sde.Drift.Dim(); d != 1 {
		return nil, fmt.Errorf("solve answers one-dimensional questions; this SDE has %d dimensions", d)
	}
	sgdlab.ReadClock(sde.Drift, at)
	var factors []sgdlab.Transposed
	var scales []float64
	for i, n := range sde.Noise {
		if n.Law.Index() != 2 {
			return nil, fmt.Errorf("noise[%d] is driven by a law of index %g, which jumps; solve needs a law with a variance", i, n.Law.Index())
		}
		if !n.Scale.Fixed() {
			return nil, fmt.Errorf("noise[%d] is scheduled; solve needs noise that stays as strong", i)
		}
		f, ok := n.Factor.(sgdlab.Transposed)
		if !ok {
			return nil, fmt.Errorf("noise[%d]: %T cannot apply σᵀ, which solve needs", i, n.Factor)
		}
		sgdlab.ReadClock(f, at)
		factors = append(factors, f)
		scales = append(scales, n.Scale(at)[0])
	}
	p := &Problem{Lo: lo, Hi: hi}
	switch sde.Sense {
	case sgdlab.Ito:
		p.Sense = Ito
	case sgdlab.Stratonovich:
		p.Sense = Stratonovich
	}
	var ws lanes.Arena
	p.Drift = func(x float64) float64 {
		ws.Reset()
		theta, a := ws.Pack(1), ws.Pack(1)
		theta[0] = lanes.Splat(x)
		sde.Drift.Drift(a, theta, &ws)
		return a[0][0]
	}
	p.Diffusion = func(x float64) float64 {
		d := 0.0
		for i, f := range factors {
			ws.Reset()
			theta, v, t := ws.Pack(1), ws.Pack(1), ws.Pack(f.Width())
			theta[0], v[0] = lanes.Splat(x), lanes.Splat(1)
			f.ApplyT(t, theta, v, &ws)
			d += scales[i] * scales[i] * lanes.Dot(t, t)[0] / 2
		}
		return d
	}
	return p, nil
}
