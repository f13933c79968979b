package model

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// UVSettings are the settings of NewUV.
type UVSettings struct {
	Width   int    `doc:"n, the number of hidden units" check:">=1"`
	Scaling string `doc:"what stands before the product: 1/√n (ntk), or nothing (none)" oneof:"ntk|none" default:"ntk"`
	Loss    Loss   `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewUV is the two-layer linear network with one output,
//
//	f(x) = n^(−½) vᵀUx,  U of shape (n, d), v of shape (n),
//
// with θ = (U, v), U by rows. It is deep-linear with the widths [d, n, 1] on the inputs x/√n, and has all of its views; its end-to-end
// map is that of x/√n. On one example (x, y) under mean-half, GD is a map of two numbers, the residual Δ = f − y and the
// tangent kernel λ = (‖Ux‖² + ‖v‖²‖x‖²)/n,
//
//	Δ′ = Δ(1 − ηλ + (η²‖x‖²/n)Δ(Δ + y)),  λ′ = λ + (η‖x‖²/n)Δ(ηλΔ − 4(Δ + y)).
//
// Source: Kalra, He & Barkeshli 2023.
func NewUV(c UVSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("uv needs data; give data, such as {name: table, …}")
	}
	if k := set.Outputs(); k != 1 {
		return nil, fmt.Errorf("uv has one output, and the data has %d; use deep-linear", k)
	}
	if c.Scaling == "ntk" {
		f := 1 / math.Sqrt(float64(c.Width))
		set = &data.Set{Name: set.Name, X: times(set.X, f), Y: set.Y, TestX: times(set.TestX, f), TestY: set.TestY, SumHalf: set.SumHalf, Hash: set.Hash}
	}
	return NewDeepLinear(DeepLinearSettings{Widths: []int{set.Inputs(), c.Width, 1}, Loss: c.Loss}, set)
}

func times(m lanes.Mat, f float64) lanes.Mat {
	out := m
	out.Data = make([]float64, len(m.Data))
	for i, x := range m.Data {
		out.Data[i] = x * f
	}
	return out
}

// ChainSettings are the settings of NewChain.
type ChainSettings struct {
	Depth int  `doc:"D, the number of layers: one vector and D − 1 numbers" check:">=1"`
	Loss  Loss `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewChain is the linear network with one neuron to a layer,
//
//	f(x) = (uᵀx) v₁ ⋯ v_{D−1},  θ = (u, v₁, …, v_{D−1}) of shape (d + D − 1):
//
// deep-linear with the widths [d, 1, …, 1], and all of its views. With the singular values σᵢ of X, its left singular vectors eᵢ and
// dᵢ = eᵢᵀy, what decides where its sharpness ends is the difficulty of the data, Q = Σ dᵢ²/σᵢ², the squared norm of the least squares
// map: at a balanced minimum every vᵢ² is Q^(1/D). Gradient flow conserves ‖Πu‖² − v₁², Π the projection on the row space of X.
//
// Source: Yoo, Song & Yun 2025.
func NewChain(c ChainSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("chain needs data; give data, such as {name: gaussian, …}")
	}
	if k := set.Outputs(); k != 1 {
		return nil, fmt.Errorf("chain has one output, and the data has %d; use deep-linear", k)
	}
	widths := []int{set.Inputs()}
	for range c.Depth {
		widths = append(widths, 1)
	}
	return NewDeepLinear(DeepLinearSettings{Widths: widths, Loss: c.Loss}, set)
}

// RankOneSettings are the settings of NewRankOne.
type RankOneSettings struct {
	Width int  `doc:"h, the number of units between two matrices" check:">=1"`
	Depth int  `doc:"L, the number of layers: L − 1 matrices of rank one, and a row" check:">=2" default:"2"`
	Loss  Loss `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewRankOne is the linear network whose matrices are outer products, W_l = v_l u_lᵀ, and whose last layer is a row wᵀ,
//
//	f(x) = wᵀ v_{L−1} (u_{L−1}ᵀ v_{L−2}) ⋯ (u₂ᵀ v₁) (u₁ᵀ x),
//	L = 2:  f(x) = ρ uᵀx,  ρ = w·v,
//
// with θ = (u₁, v₁, u₂, v₂, …, w), u₁ of shape (d), the others (h): deep-linear with the widths [d, 1, h, 1, h, …, 1], and all of its views,
// where u_l and v_l are layers of their own. Updates of u₁ lie in the span of the inputs, so that its part in their null space never changes
// (observable null-space), and all that steps decide of where an interpolating network ends is the number ρ.
//
// Source: Lyu & Zhu 2023, of the network; the rest derived here.
func NewRankOne(c RankOneSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("rank-one needs data; give data, such as {name: gaussian, …}")
	}
	if k := set.Outputs(); k != 1 {
		return nil, fmt.Errorf("rank-one has one output, and the data has %d; use deep-linear", k)
	}
	if c.Depth < 2 {
		return nil, fmt.Errorf("depth is %d; use at least 2, as one layer is linear", c.Depth)
	}
	widths := []int{set.Inputs()}
	for range c.Depth - 1 {
		widths = append(widths, 1, c.Width)
	}
	return NewDeepLinear(DeepLinearSettings{Widths: append(widths, 1), Loss: c.Loss}, set)
}
