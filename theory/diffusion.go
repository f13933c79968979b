package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// diffusion is the SDE of a run whose noise does not depend on θ and whose drift is −∇L.
type diffusion struct {
	sde   *sgdlab.SDE
	clock *sgdlab.Clock
	model sgdlab.Model
	ws    lanes.Arena
}

// additive reads the run's SDE, or says why it is not dθ = −∇L dt + σdW with a constant σ.
func additive(r *sgdlab.Run) (*diffusion, error) {
	d, ok := r.Dynamic.(sgdlab.Diffusive)
	if !ok {
		return nil, errors.New("its dynamics is not an SDE")
	}
	if r.Model == nil {
		return nil, errors.New("it has no model")
	}
	f := &diffusion{sde: d.SDE(), clock: r.Clock, model: r.Model}
	if !f.sde.Additive() {
		return nil, errors.New("its noise depends on θ; this theory is for additive noise")
	}
	for _, n := range f.sde.Noise {
		if n.Law.Index() != 2 {
			return nil, fmt.Errorf("its noise has infinite variance (α = %g); this theory is for Gaussian noise", n.Law.Index())
		}
		if !n.Scale.Fixed() {
			return nil, errors.New("its noise is scheduled; this theory is for noise that stays as strong")
		}
	}
	return f, f.downhill()
}

// downhill checks that the drift is −∇L, at eight places without symmetry.
func (f *diffusion) downhill() error {
	n := f.model.Dim()
	f.ws.Reset()
	theta, drift, grad := f.ws.Pack(n), f.ws.Pack(n), f.ws.Pack(n)
	for j := range theta {
		for l := range theta[j] {
			theta[j][l] = elementary.Sin(float64(1 + j + 3*l*l))
		}
	}
	sgdlab.ReadClock(f.sde.Drift, f.clock)
	f.sde.Drift.Drift(drift, theta, &f.ws)
	f.model.Grad(grad, theta, &f.ws)
	for j := range grad {
		for l, g := range grad[j] {
			if math.Abs(drift[j][l]+g) > 1e-9*(math.Abs(g)+1e-3) {
				return fmt.Errorf("its drift is not −∇L: at coordinate %d it is %g where −∇L = %g", j, drift[j][l], -g)
			}
		}
	}
	return nil
}

// matrix is D = ½ Σ scale²σσᵀ over all noises, by rows.
func (f *diffusion) matrix() []float64 {
	n := f.model.Dim()
	d := make([]float64, n*n)
	for _, noise := range f.sde.Noise {
		scale := noise.Scale(f.clock)[0]
		sgdlab.ReadClock(noise.Factor, f.clock)
		width := noise.Factor.Width()
		for first := 0; first < width; first += lanes.W {
			f.ws.Reset()
			theta, xi, kick := f.ws.Zeroed(n), f.ws.Zeroed(width), f.ws.Zeroed(n)
			columns := min(lanes.W, width-first)
			for l := range columns {
				xi[first+l][l] = scale // one column of scale·σ in each lane
			}
			noise.Factor.Apply(kick, theta, xi, &f.ws)
			for i := range n {
				for j := range n {
					for l := range columns {
						d[i*n+j] += kick[i][l] * kick[j][l] / 2
					}
				}
			}
		}
	}
	return d
}

// temperature fills T of an SDE with D = T·I.
func temperature(r *sgdlab.Run) func() (float64, error) {
	return func() (float64, error) {
		f, err := additive(r)
		if err != nil {
			return 0, err
		}
		n, d := f.model.Dim(), f.matrix()
		for i := range n {
			for j := range n {
				want := 0.0
				if i == j {
					want = d[0]
				}
				if math.Abs(d[i*n+j]-want) > 1e-12*d[0] {
					return 0, fmt.Errorf("its noise is not isotropic: D(%d,%d) = %g beside D(0,0) = %g", i, j, d[i*n+j], d[0])
				}
			}
		}
		return d[0], nil
	}
}
