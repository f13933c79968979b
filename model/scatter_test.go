package model

import (
	"fmt"
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// agree reports the first number in which two packs differ by more than a part of the largest.
func agree(t *testing.T, what string, got, want lanes.Pack, part float64) {
	t.Helper()
	size := lanes.MaxAbs(want)
	for j := range want {
		for l := range want[j] {
			if e := math.Abs(got[j][l] - want[j][l]); !(e <= part*size[l]) {
				t.Errorf("%s: number %d of lane %d is %.17g, not %.17g", what, j, l, got[j][l], want[j][l])
				return
			}
		}
	}
}

// linearOn is a model on a set.
type linearOn struct {
	*Linear
	set *data.Set
}

// linears are models on every road to W, with inputs white and correlated, fewer and more of them than outputs.
func linears(t *testing.T) map[string]linearOn {
	out := map[string]linearOn{}
	for _, white := range []bool{true, false} {
		for name, set := range map[string]*data.Set{"5 to 3": teacher(t, 5, 3, 90, white, 0.5, 2, 1), "3 to 4": teacher(t, 3, 4, 90, white, 0.5, 2, 1)} {
			d, k := set.Inputs(), set.Outputs()
			for _, widths := range [][]int{{d, k}, {d, 4, k}, {d, 2, 6, k}, {d, 5, 4, 6, k}} {
				out[fmt.Sprintf("%s, white %v, widths %v", name, white, widths)] = linearOn{deepOn(t, set, widths...), set}
			}
		}
		single := teacher(t, 4, 1, 40, white, 0.5, 2)
		for _, c := range []DiagonalSettings{{Parametrisation: "product", Depth: 2}, {Parametrisation: "product", Depth: 3}, {Parametrisation: "difference-of-powers", Depth: 3}} {
			out[fmt.Sprintf("%s of %d, white %v", c.Parametrisation, c.Depth, white)] = linearOn{must[sgdlab.Model](t)(NewDiagonal(c, single)).(*Linear), single}
		}
	}
	return out
}

// PullMap is the transpose of PushMap, which is the derivative of Map; a tape changes nothing, to the last bit.
func TestMapped(t *testing.T) {
	for name, m := range linears(t) {
		net := must[sgdlab.Mapped](t)(sgdlab.As[sgdlab.Mapped](m.Linear))
		k, d := net.EffectiveShape()
		dim := m.Dim()
		theta, v, g := random(1, dim), random(2, dim), random(3, k*d)
		ws := &lanes.Arena{}
		w, plain := make(lanes.Pack, k*d), make(lanes.Pack, k*d)
		tape := net.Map(w, theta, ws)
		net.Effective(plain, theta, ws)
		agree(t, name+": Map", w, plain, 0)

		pulled, again, pushed, anew := make(lanes.Pack, dim), make(lanes.Pack, dim), make(lanes.Pack, k*d), make(lanes.Pack, k*d)
		net.PullMap(pulled, theta, g, tape, ws)
		net.PullMap(again, theta, g, nil, ws)
		agree(t, name+": PullMap without a tape", again, pulled, 0)
		net.PushMap(pushed, theta, v, tape, ws)
		net.PushMap(anew, theta, v, nil, ws)
		agree(t, name+": PushMap without a tape", anew, pushed, 0)
		agree(t, name+": ⟨G, DWv⟩", lanes.Pack{lanes.Dot(g, pushed)}, lanes.Pack{lanes.Dot(pulled, v)}, 1e-12)

		const h = 1e-5
		up, down := append(lanes.Pack{}, theta...), append(lanes.Pack{}, theta...)
		lanes.AddScaled(up, lanes.Splat(h), v)
		lanes.AddScaled(down, lanes.Splat(-h), v)
		net.Map(w, up, ws)
		net.Map(plain, down, ws)
		lanes.Sub(w, w, plain)
		lanes.Scale(w, 1/(2*h))
		agree(t, name+": DWv by differences", pushed, w, 1e-7)
	}
}

// The Hessian in closed form is that of the products along each coordinate, and symmetric.
func TestHessianForms(t *testing.T) {
	sum := teacher(t, 4, 3, 30, false, 0.5, 2, 1)
	few := teacher(t, 7, 3, 5, false, 0.5, 2, 1) // sums over rows
	models := linears(t)
	models["sum-half"] = linearOn{must[sgdlab.Model](t)(NewDeepLinear(DeepLinearSettings{Widths: []int{4, 5, 3}, Loss: SumHalf()}, sum)).(*Linear), sum}
	models["n < d"] = linearOn{deepOn(t, few, 7, 4, 3), few}
	for name, m := range models {
		dim := m.Dim()
		theta := random(1, dim)
		ws := &lanes.Arena{}
		got, want := make(lanes.Pack, dim*dim), make(lanes.Pack, dim*dim)
		m.Hessian(got, theta, ws)
		linalg.Form(lanes.ByRows(want, dim, dim), func(hv, v lanes.Pack) { m.HessVec(hv, theta, v, ws) }, ws)
		agree(t, name+": H", got, want, 1e-13)
	}
}

// The scatter by moments is the covariance of the samples' gradients in W, formed from them one by one: at any θ, and close
// to the empirical map on targets without noise, where nothing is left of it.
func TestScatter(t *testing.T) {
	models := linears(t)
	exact := teacher(t, 4, 3, 60, false, 0, 2, 1)
	models["targets without noise"] = linearOn{deepOn(t, exact, 4, 3), exact}
	flat := teacher(t, 4, 3, 60, false, 0.5, 2, 1) // inputs that span three dimensions of four
	for i := range 60 {
		flat.X.Set(i, 3, -2*flat.X.At(i, 1))
	}
	models["dependent inputs"] = linearOn{deepOn(t, flat, 4, 5, 3), flat}
	models["targets without noise, sum-half"] = linearOn{must[sgdlab.Model](t)(NewDeepLinear(DeepLinearSettings{Widths: []int{4, 3}, Loss: SumHalf()}, exact)).(*Linear), exact}
	for name, m := range models {
		r := m.Scattering()
		if r == 0 {
			t.Errorf("%s: sums over rows are thought cheaper", name)
			continue
		}
		k, d := m.lin.EffectiveShape()
		q := k * d
		for _, size := range []float64{1, 1e-6} {
			w := random(5, q)
			lanes.Scale(w, size)
			lanes.Add(w, w, m.centre)
			got, want := make(lanes.Pack, q*q), samplewise(m, w)
			ws := &lanes.Arena{}
			s, unit := make(lanes.Pack, r*q), make(lanes.Pack, r)
			for j := range r {
				unit[j] = lanes.Splat(1)
				m.Scatter(s[j*q:(j+1)*q], w, unit, ws)
				unit[j] = lanes.Vec{}
			}
			lanes.MatMul(lanes.ByRows(got, q, q), lanes.ByRows(s, r, q).T(), lanes.ByRows(s, r, q))
			tol := 1e-12
			if m.set == exact {
				tol += 1e-15 / size // gradients are no better than their residuals
			}
			agree(t, fmt.Sprintf("%s, %g off: SSᵀ", name, size), got, want, tol)

			xi, g := random(6, r), random(7, q)
			there, back := make(lanes.Pack, q), make(lanes.Pack, r)
			m.Scatter(there, w, xi, ws)
			m.ScatterT(back, w, g, ws)
			scale := root2(lanes.Dot(there, there), lanes.Dot(g, g))
			for l, x := range lanes.Dot(there, g) {
				if e := math.Abs(x - lanes.Dot(xi, back)[l]); !(e <= 1e-12*scale[l]) {
					t.Errorf("%s: ⟨Sξ, g⟩ and ⟨ξ, Sᵀg⟩ differ by %.2g in lane %d", name, e, l)
				}
			}
		}
	}
	if r := deepOn(t, teacher(t, 5, 3, 20, false, 0.5, 2, 1), 5, 3).Scattering(); r != 0 {
		t.Errorf("20 samples of 30 moments scatter by %d columns; want 0", r)
	}
}

// root2 is √(ab) in each lane.
func root2(a, b lanes.Vec) lanes.Vec {
	for l := range a {
		a[l] = math.Sqrt(a[l] * b[l])
	}
	return a
}

// samplewise is (1/n) Σ vec(Gᵢ − Ḡ) vec(Gᵢ − Ḡ)ᵀ, Gᵢ = s(Wxᵢ − yᵢ)xᵢᵀ.
func samplewise(m linearOn, w lanes.Pack) lanes.Pack {
	set := m.set
	n, k, d := set.N(), set.Outputs(), set.Inputs()
	q := k * d
	g := make(lanes.Pack, n*q)
	for i := range n {
		for o := range k {
			for l := range lanes.W {
				r := -set.Y.At(i, o)
				for j := range d {
					r = math.FMA(w[o*d+j][l], set.X.At(i, j), r)
				}
				for j := range d {
					g[i*q+o*d+j][l] = m.PerLabel() * r * set.X.At(i, j) / math.Sqrt(float64(n))
				}
			}
		}
	}
	for p := range q {
		var mean lanes.Vec
		for i := range n {
			for l := range mean {
				mean[l] += g[i*q+p][l] / float64(n)
			}
		}
		for i := range n {
			for l := range mean {
				g[i*q+p][l] -= mean[l]
			}
		}
	}
	out := make(lanes.Pack, q*q)
	lanes.MatMul(lanes.ByRows(out, q, q), lanes.ByRows(g, n, q).T(), lanes.ByRows(g, n, q))
	return out
}
