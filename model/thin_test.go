package model_test

import (
	"math"
	"testing"

	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

// uv on one example is the map of two numbers of its comment: 50 steps of descent beside 50 of the map.
func TestUVMap(t *testing.T) {
	const n, d, y, eta = 5, 3, 3.0, 0.21
	x := []float64{0.6, -0.8, 0.3}
	set := &data.Set{X: byRows(1, d, x...), Y: byRows(1, 1, y)}
	m, err := model.NewUV(model.UVSettings{Width: n, Scaling: "ntk"}, set)
	if err != nil {
		t.Fatal(err)
	}
	theta, g, ws := make(lanes.Pack, m.Dim()), make(lanes.Pack, m.Dim()), &lanes.Arena{}
	for j := range theta {
		for l := range theta[j] {
			theta[j][l] = 0.5 * math.Sin(float64(3*j+l))
		}
	}
	xx := x[0]*x[0] + x[1]*x[1] + x[2]*x[2]
	measured := func(l int) (gap, lambda float64) {
		ux, f, vv := make([]float64, n), 0.0, 0.0
		for i := range n {
			for j := range d {
				ux[i] += theta[i*d+j][l] * x[j]
			}
			v := theta[n*d+i][l]
			f += v * ux[i] / math.Sqrt(n)
			lambda += ux[i] * ux[i] / n
			vv += v * v
		}
		return f - y, lambda + vv*xx/n
	}
	var gap, lambda [lanes.W]float64
	for l := range lanes.W {
		gap[l], lambda[l] = measured(l)
	}
	for range 50 {
		m.Grad(g, theta, ws)
		lanes.Descend(theta, lanes.Splat(eta), g, lanes.All)
		for l := range lanes.W {
			p, q := gap[l], lambda[l]
			gap[l] = p * (1 - eta*q + eta*eta*xx/n*p*(p+y))
			lambda[l] = q + eta*xx/n*p*(eta*q*p-4*(p+y))
			if a, b := measured(l); math.Abs(a-gap[l]) > 1e-12 || math.Abs(b-lambda[l]) > 1e-12 {
				t.Fatalf("lane %d: residual %g and kernel %g, by the map %g and %g", l, a, b, gap[l], lambda[l])
			}
		}
	}
}

// The least loss of a chain at its balanced minimum: every vᵢ² is Q^(1/D), and the product is the least squares map.
func TestChainMinimum(t *testing.T) {
	set := &data.Set{X: byRows(2, 3, 1, 2, 0.5, -1, 0.3, 2), Y: byRows(2, 1, 1, -2)}
	w := set.Moments().Map.Data
	q := w[0]*w[0] + w[1]*w[1] + w[2]*w[2]
	for _, depth := range []int{1, 2, 4} {
		m, err := model.NewChain(model.ChainSettings{Depth: depth}, set)
		if err != nil {
			t.Fatal(err)
		}
		if m.Dim() != 3+depth-1 {
			t.Fatalf("depth %d: %d coordinates", depth, m.Dim())
		}
		v := math.Pow(q, 0.5/float64(depth))
		theta := make(lanes.Pack, m.Dim())
		for j := range theta {
			theta[j] = lanes.Splat(v)
			if j < 3 {
				theta[j] = lanes.Splat(w[j] / math.Pow(v, float64(depth-1)))
			}
		}
		u := lanes.Dot(theta[:3], theta[:3])[0]
		if loss := m.Loss(theta, &lanes.Arena{})[0]; loss > 1e-28 || math.Abs(u-v*v) > 1e-12 {
			t.Errorf("depth %d: loss %g, ‖u‖² − v² = %g", depth, loss, u-v*v)
		}
	}
}

func byRows(rows, cols int, x ...float64) lanes.Mat {
	m := lanes.NewMat(rows, cols)
	copy(m.Data, x)
	return m
}
