package dynamics_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

// TestOnlineStep: over the nodes of a Gauss–Hermite rule of three points, exact to degree 5, a step has the mean −ηHθ and the covariance
// (η²/B)(HθθᵀH + θᵀHθ·H + σ²H), on the axes and turned.
func TestOnlineStep(t *testing.T) {
	const sigma = 0.6
	for _, settings := range []model.QuadraticSettings{{Spectrum: []float64{2, 0.5}}, {Spectrum: []float64{2, 0.5}, Rotate: true, RotationSeed: 3}} {
		q := must(model.NewQuadratic(settings, nil)).(*model.Quadratic)
		theta := []float64{0.7, -1.1}
		for _, batch := range []int{1, 2} {
			d := len(theta)
			inputs, signs := &told{xi: make(lanes.Pack, batch*d)}, &told{xi: make(lanes.Pack, batch)}
			f := &dynamics.Fresh{Roots: []float64{math.Sqrt2, math.Sqrt(0.5)}, Turn: q.Turn, Batch: batch, Inputs: inputs, Labels: signs, Sigma: sgdlab.Constant(sigma)}
			step := &dynamics.Descent{Of: f, Rate: sgdlab.Constant(eta), Dim: d}
			mean, second := make([]float64, d), lanes.NewMat(d, d)
			nodes := int(math.Pow(3, float64(batch*d)))
			for k := range nodes {
				weight := 1.0
				for j, r := 0, k; j < batch*d; j, r = j+1, r/3 {
					inputs.xi[j] = lanes.Splat(float64(r%3-1) * math.Sqrt(3))
					weight *= []float64{1. / 6, 2. / 3, 1. / 6}[r%3]
				}
				for bits := range 1 << batch {
					for j := range signs.xi {
						signs.xi[j] = lanes.Splat(float64(2*(bits>>j&1) - 1))
					}
					w := weight / float64(int(1)<<batch)
					got := stepOf(step, theta).Lane(nil, 3)
					for i := range got {
						mean[i] += w * got[i]
						for j := range got {
							second.Set(i, j, second.At(i, j)+w*got[i]*got[j])
						}
					}
				}
			}
			var ws lanes.Arena
			hessian, grad := lanes.NewMat(d, d), make(lanes.Pack, d)
			for j := range d {
				e, h := make(lanes.Pack, d), make(lanes.Pack, d)
				e[j] = lanes.Splat(1)
				q.HessVec(h, lanes.Of(theta), e, &ws)
				for i := range d {
					hessian.Set(i, j, h[i][0])
				}
			}
			q.Grad(grad, lanes.Of(theta), &ws)
			loss := q.Loss(lanes.Of(theta), &ws)[0]
			for i := range d {
				if math.Abs(mean[i]+eta*grad[i][0]) > 1e-13 {
					t.Errorf("B = %d: mean step %g, want %g", batch, mean[i], -eta*grad[i][0])
				}
				for j := range d {
					want := eta * eta / float64(batch) * (grad[i][0]*grad[j][0] + (2*loss+sigma*sigma)*hessian.At(i, j))
					if got := second.At(i, j) - mean[i]*mean[j]; math.Abs(got-want) > 1e-13 {
						t.Errorf("B = %d: covariance %g, want %g", batch, got, want)
					}
				}
			}
		}
	}
}

func TestOnlineRefuses(t *testing.T) {
	site := func(spectrum ...float64) *sgdlab.Site {
		return &sgdlab.Site{Model: must(model.NewQuadratic(model.QuadraticSettings{Spectrum: spectrum}, nil))}
	}
	multinomial := func(s *sgdlab.Site) (sgdlab.Law, error) { return noise.NewMultinomial(noise.MultinomialSettings{}, s) }
	for _, tc := range []struct {
		site *sgdlab.Site
		c    dynamics.OnlineSettings
		want string
	}{
		{&sgdlab.Site{}, dynamics.OnlineSettings{Rate: sgdlab.Constant(0.1), Batch: 1}, "model: quadratic"},
		{site(1, -1), dynamics.OnlineSettings{Rate: sgdlab.Constant(0.1), Batch: 1}, "eigenvalue -1"},
		{site(1), dynamics.OnlineSettings{Rate: sgdlab.Constant(0.1), Batch: 1 << 21}, "batch of at most"},
		{site(1), dynamics.OnlineSettings{Batch: 1}, "rate"},
		{site(1), dynamics.OnlineSettings{Rate: sgdlab.Constant(0.1), Batch: 1, LabelNoise: &dynamics.FreshLabels{}}, "amplitude"},
		{site(1), dynamics.OnlineSettings{Rate: sgdlab.Constant(0.1), Batch: 1, LabelNoise: &dynamics.FreshLabels{Amplitude: sgdlab.Constant(1), Law: multinomial}}, "label-noise"},
	} {
		if _, err := dynamics.NewOnline(tc.c, tc.site); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %q", tc.c, err, tc.want)
		}
	}
}
