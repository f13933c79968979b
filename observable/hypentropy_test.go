package observable

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/model"
	"sgdlab/rng"
	"sgdlab/start"
)

// The solution interpolates, and its potential's slope ½ arsinh(β/2a²) lies in the span of the inputs: what is left beside it is 0. As a grows it
// tends to the least norm, as it falls to the least ℓ¹ of two inputs.
func TestHypentropyDual(t *testing.T) {
	set, err := data.NewGaussian(data.GaussianSettings{Samples: 6, Inputs: 15, Outputs: 1, Teacher: "gaussian"}, &data.Env{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	n, d := 6, 15
	var random lanes.Pack = make(lanes.Pack, d)
	at := &rng.Lanes{}
	rng.New("a").Uniforms(random, at)
	q := newDual(n, d)
	for _, scale := range []float64{1e3, 1, 1e-2, 1e-6, 1e-16} {
		a2, beta := make([]float64, d), make([]float64, d)
		for j := range a2 {
			a2[j] = scale * (0.5 + random[j][0])
		}
		q.solve(beta, a2, &set.X, &set.Y)
		for i := range n {
			sum := 0.0
			for j := range d {
				sum += set.X.At(i, j) * beta[j]
			}
			if math.Abs(sum-set.Y.At(i, 0)) > 1e-9 {
				t.Errorf("scale %g: row %d is %g, want %g", scale, i, sum, set.Y.At(i, 0))
			}
		}
		// Least squares of the slope on the rows of X.
		gram, rhs := make([]float64, n*n), make([]float64, n)
		slope := make([]float64, d)
		for j := range d {
			slope[j] = math.Asinh(beta[j] / (2 * a2[j]))
		}
		for i := range n {
			for k := range n {
				for j := range d {
					gram[i*n+k] += set.X.At(i, j) * set.X.At(k, j)
				}
			}
			for j := range d {
				rhs[i] += set.X.At(i, j) * slope[j]
			}
		}
		if !linalg.Definite(gram, rhs) {
			t.Fatal("XXᵀ is not positive definite")
		}
		for j := range d {
			left := slope[j]
			for i := range n {
				left -= set.X.At(i, j) * rhs[i]
			}
			if math.Abs(left) > 1e-7*(1+math.Abs(slope[j])) {
				t.Errorf("scale %g: the slope leaves the span of the inputs by %g in coordinate %d", scale, left, j)
			}
		}
	}
	// One sample: (1, 2)·β = 2. The least norm is (0.4, 0.8), the least ℓ¹ (0, 1).
	x, y := lanes.MatOf([][]float64{{1, 2}}), lanes.MatOf([][]float64{{2}})
	two := newDual(1, 2)
	beta := make([]float64, 2)
	two.solve(beta, []float64{1e6, 1e6}, &x, &y)
	if math.Abs(beta[0]-0.4) > 1e-6 || math.Abs(beta[1]-0.8) > 1e-6 {
		t.Errorf("at a large scale %v, want (0.4, 0.8)", beta)
	}
	two.solve(beta, []float64{1e-40, 1e-40}, &x, &y)
	if math.Abs(beta[0]) > 1e-12 || math.Abs(beta[1]-1) > 1e-12 {
		t.Errorf("at a small scale %v, want (0, 1)", beta)
	}
	two.solve(beta, []float64{0, 1}, &x, &y)
	if !math.IsNaN(beta[0]) {
		t.Errorf("with a scale that is 0: %v", beta)
	}
}

// A network with ln(u/v) = λx and uv = a² is the hypentropy interpolator of its own targets at its own scale, in both parametrisations.
func TestHypentropyOfANetwork(t *testing.T) {
	x := lanes.MatOf([][]float64{{1, -2, 0.5}})
	scale, u, v := []float64{0.3, 0.02, 1}, make([]float64, 3), make([]float64, 3)
	sum := 0.0
	for j, a := range scale {
		e := math.Exp(0.7 * x.At(0, j) / 2)
		u[j], v[j] = math.Sqrt(a)*e, math.Sqrt(a)/e
		sum += x.At(0, j) * (u[j]*u[j] - v[j]*v[j])
	}
	set := &data.Set{X: x, Y: lanes.MatOf([][]float64{{sum}})}
	for _, squares := range []bool{true, false} {
		settings, theta := model.DiagonalSettings{Parametrisation: "difference-of-powers", Depth: 2}, append(append([]float64{}, u...), v...)
		if !squares {
			settings.Parametrisation = "product"
			for j := range u {
				theta[j], theta[3+j] = u[j]+v[j], u[j]-v[j] // of the same β
			}
		}
		m, err := model.NewDiagonal(settings, set)
		if err != nil {
			t.Fatal(err)
		}
		site := &sgdlab.Site{Model: m, Data: set}
		if site.Start, err = start.NewPoint(start.PointSettings{At: start.Coordinates{List: theta}}, site); err != nil {
			t.Fatal(err)
		}
		o, err := NewHypentropy(HypentropySettings{}, site)
		if err != nil {
			t.Fatal(err)
		}
		dst := make(lanes.Pack, 3)
		o.Observe(dst, lanes.Of(theta), &sgdlab.Clock{}, &lanes.Arena{})
		for k := range dst {
			if !(dst[k][0] < 1e-9) {
				t.Errorf("squares %v: column %d is %g, want 0", squares, k, dst[k][0])
			}
		}
	}
}
