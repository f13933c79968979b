package model

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// DiagonalSettings are the settings of NewDiagonal.
type DiagonalSettings struct {
	Parametrisation string `spec:"parametrisation,parametrization" doc:"β as the entrywise product of the vectors u¹ … u^L, or as u^L − v^L" default:"product" oneof:"product|difference-of-powers"`
	Depth           int    `doc:"L ≥ 2: the number of vectors of a product, the power of a difference" default:"2" check:">=2"`
	Loss            Loss   `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewDiagonal builds the regression of a diagonal linear network on a set; it needs data with one target, and has at most
// 2²⁴ parameters. See [DiagonalPair] and [DiagonalPowers].
func NewDiagonal(c DiagonalSettings, set *data.Set) (sgdlab.Model, error) {
	switch {
	case set == nil:
		return nil, errors.New("diagonal needs data; give data, such as {name: gaussian, …}")
	case set.Outputs() != 1:
		return nil, fmt.Errorf("diagonal has one output, but the data has %d; use data with outputs: 1", set.Outputs())
	case c.Depth < 2:
		return nil, fmt.Errorf("depth is %d; use at least 2 (a deep-linear with widths [%d, 1] is the plain linear model)", c.Depth, set.Inputs())
	case float64(c.Depth)*float64(set.Inputs()) > 1<<24:
		return nil, fmt.Errorf("depth %d on %d inputs makes more than %d parameters; use fewer", c.Depth, set.Inputs(), 1<<24)
	}
	var net linear
	switch c.Parametrisation {
	case "product":
		net = newDiagonal(set.X, c.Depth)
	case "difference-of-powers":
		net = newPowers(set.X, c.Depth)
	default:
		return nil, fmt.Errorf("parametrisation is %q; want product or difference-of-powers", c.Parametrisation)
	}
	return newLinearModel(net, set, c.Loss)
}

// Diagonal is the diagonal linear network
//
//	h(x) = ⟨β, x⟩,  β = u¹ ⊙ ⋯ ⊙ u^L,  L(θ) = p Σᵢ (h(xᵢ) − yᵢ)²,
//	∂L/∂u^l = g ⊙ Π_{m≠l} u^m,  g = 2pn (Σxx β − Σyxᵀ),
//
// with θ = (u¹, …, u^L) of shape (Ld) for inputs X of shape (n, d) and one target; ⊙ is the entrywise product, p the
// prefactor of the loss, Σxx = XᵀX/n and Σyx = YᵀX/n. L is in units of the target squared. The price of a gradient over
// all rows is free of n where there are more samples than inputs.
//
// Source: Pesme, Pillaud-Vivien & Flammarion 2021, of two vectors; Labarrière, Molinari, Rosasco, Vega & Villa 2024, of
// more.
type Diagonal struct {
	mapped
	depth int
}

// DiagonalPair is the product of two vectors, β = u ⊙ v. Every gradient is (g ⊙ v, g ⊙ u) with one g per coordinate,
// whatever the rows and labels, so that each step rotates the pairs (u, v) hyperbolically,
//
//	u² − v² ← (u² − v²)(1 − η²g²).
//
// The observables hyperbolic-invariant and hyperbolic-product read this law.
type DiagonalPair struct{ *Diagonal }

func newDiagonal(x lanes.Mat, depth int) linear {
	m := &Diagonal{depth: depth}
	m.mapped = mapped{x: x, of: m}
	if depth == 2 {
		return DiagonalPair{m}
	}
	return m
}

// Pairs returns the positions of u and of v.
func (m DiagonalPair) Pairs() (u, v []int) { return twoHalves(m.x.Cols) }

func twoHalves(d int) (first, second []int) {
	for j := range d {
		first, second = append(first, j), append(second, d+j)
	}
	return first, second
}

func (m *Diagonal) on(x lanes.Mat) network { return newDiagonal(x, m.depth) }

// Dim returns Ld.
func (m *Diagonal) Dim() int { return m.depth * m.x.Cols }

// Outputs returns 1.
func (m *Diagonal) Outputs() int { return 1 }

// EffectiveShape returns (1, d).
func (m *Diagonal) EffectiveShape() (outputs, inputs int) { return 1, m.x.Cols }

// vector is u^l of a pack, l from 0.
func (m *Diagonal) vector(p lanes.Pack, l int) lanes.Pack {
	d := m.x.Cols
	return p[l*d : (l+1)*d]
}

// Effective is dst = β.
func (m *Diagonal) Effective(dst, theta lanes.Pack, _ *lanes.Arena) {
	lanes.Copy(dst, m.vector(theta, 0))
	for l := 1; l < m.depth; l++ {
		lanes.Mul(dst, dst, m.vector(theta, l))
	}
}

// Map is w = β; see sgdlab.Mapped.
func (m *Diagonal) Map(w, theta lanes.Pack, ws *lanes.Arena) lanes.Pack {
	m.Effective(w, theta, ws)
	return nil
}

// PullMap is dst = Σ gⱼ∇βⱼ(θ).
func (m *Diagonal) PullMap(dst, theta, g, _ lanes.Pack, ws *lanes.Arena) {
	if m.depth == 2 {
		lanes.Mul(m.vector(dst, 0), g, m.vector(theta, 1))
		lanes.Mul(m.vector(dst, 1), g, m.vector(theta, 0))
		return
	}
	defer ws.Release(ws.Mark())
	// dst holds the products of the vectors before l; those behind l gather in s on the way back.
	fillOnes(m.vector(dst, 0))
	for l := 1; l < m.depth; l++ {
		lanes.Mul(m.vector(dst, l), m.vector(dst, l-1), m.vector(theta, l-1))
	}
	s := ws.Pack(m.x.Cols)
	lanes.Copy(s, g)
	for l := m.depth - 1; l >= 0; l-- {
		lanes.Mul(m.vector(dst, l), m.vector(dst, l), s)
		lanes.Mul(s, s, m.vector(theta, l))
	}
}

// PushMap is dst = Dβ(θ)v.
func (m *Diagonal) PushMap(dst, theta, v, _ lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	p := ws.Pack(m.x.Cols)
	lanes.Copy(p, m.vector(theta, 0))
	lanes.Copy(dst, m.vector(v, 0))
	for l := 1; l < m.depth; l++ {
		lanes.Mul(dst, dst, m.vector(theta, l))
		lanes.AddMul(dst, p, m.vector(v, l))
		lanes.Mul(p, p, m.vector(theta, l))
	}
}

func (m *Diagonal) push(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) lanes.Pack {
	m.PushMap(dst, theta, v, tape, ws)
	return nil
}

func (m *Diagonal) pullAlong(dst, theta, v, g, e, _, _ lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d := m.x.Cols
	before := ws.Pack(m.depth * d) // Π_{m<l} u^m
	along := ws.Zeroed(d)          // its derivative along v
	fillOnes(m.vector(before, 0))
	lanes.Zero(m.vector(dst, 0))
	for l := 1; l < m.depth; l++ {
		lanes.Mul(along, along, m.vector(theta, l-1))
		lanes.AddMul(along, m.vector(before, l-1), m.vector(v, l-1))
		lanes.Copy(m.vector(dst, l), along)
		lanes.Mul(m.vector(before, l), m.vector(before, l-1), m.vector(theta, l-1))
	}
	s, t := ws.Pack(d), ws.Zeroed(d) // g ⊙ Π_{m>l} u^m and its derivative
	lanes.Copy(s, g)
	if e != nil {
		lanes.Copy(t, e)
	}
	for l := m.depth - 1; l >= 0; l-- {
		lanes.Mul(m.vector(dst, l), m.vector(dst, l), s)
		lanes.AddMul(m.vector(dst, l), m.vector(before, l), t)
		lanes.Mul(t, t, m.vector(theta, l))
		lanes.AddMul(t, s, m.vector(v, l))
		lanes.Mul(s, s, m.vector(theta, l))
	}
}

func fillOnes(p lanes.Pack) {
	for j := range p {
		p[j] = lanes.Splat(1)
	}
}

func (m *Diagonal) modes(d *data.Moments) []float64 { return coordinateModes(d).strength }

func (m *Diagonal) critical(d *data.Moments, modes []int) ([]float64, float64, error) {
	return coordinateModes(d).critical(d, modes, m.place)
}

func (m *Diagonal) balanced(d *data.Moments, modes []int, strength float64) ([]float64, error) {
	return m.place(coordinateModes(d).at(d, modes, strength)), nil
}

// place returns the balanced θ of β: every |u^l| = |β|^{1/L}, the sign on u¹.
func (m *Diagonal) place(beta []float64) []float64 {
	theta := make([]float64, m.Dim())
	for j, b := range beta {
		r := root(math.Abs(b), m.depth)
		for l := range m.depth {
			theta[l*len(beta)+j] = r
		}
		theta[j] = math.Copysign(r, b)
	}
	return theta
}

func (m *Diagonal) unbalance(theta []float64, _ int, imbalance, idle float64) error {
	if idle != 0 && m.depth < 3 {
		return fmt.Errorf("idle is %g, but in a product of %d vectors both are 0 where nothing is learnt; use depth: 3 or more, or leave out idle", idle, m.depth)
	}
	d := m.x.Cols
	f := steps(imbalance, m.depth)
	for j := range d {
		learnt := theta[j] != 0
		for l := range m.depth {
			switch {
			case learnt:
				theta[l*d+j] *= f[l]
			case l > 1:
				theta[l*d+j] = idle
			}
		}
	}
	return nil
}

// DiagonalPowers is what `parametrisation: difference-of-powers` gives,
//
//	h(x) = ⟨β, x⟩,  β = u^L − v^L (entrywise powers),
//	∂L/∂u = L g ⊙ u^(L−1),  ∂L/∂v = −L g ⊙ v^(L−1),
//
// with θ = (u, v) of shape (2d), and g as above. At L = 2 a step multiplies uv by exactly 1 − (2ηg)²: the pairs that it
// rotates are (u + v, u − v), which are not entries of θ.
type DiagonalPowers struct {
	mapped
	power int
}

func newPowers(x lanes.Mat, power int) *DiagonalPowers {
	m := &DiagonalPowers{power: power}
	m.mapped = mapped{x: x, of: m}
	return m
}

// Power returns L.
func (m *DiagonalPowers) Power() int { return m.power }

func (m *DiagonalPowers) on(x lanes.Mat) network { return newPowers(x, m.power) }

// Dim returns 2d.
func (m *DiagonalPowers) Dim() int { return 2 * m.x.Cols }

// Outputs returns 1.
func (m *DiagonalPowers) Outputs() int { return 1 }

// EffectiveShape returns (1, d).
func (m *DiagonalPowers) EffectiveShape() (outputs, inputs int) { return 1, m.x.Cols }

// Effective is dst = u^L − v^L.
func (m *DiagonalPowers) Effective(dst, theta lanes.Pack, _ *lanes.Arena) {
	d := m.x.Cols
	if m.power == 2 {
		lanes.Squares(dst, theta[:d], theta[d:])
		return
	}
	for j := range dst {
		for l := range dst[j] {
			dst[j][l] = power(theta[j][l], m.power) - power(theta[d+j][l], m.power)
		}
	}
}

// power is xᵏ.
func power(x float64, k int) float64 {
	p := 1.0
	for range k {
		p = float64(p * x)
	}
	return p
}

// Map is w = u^L − v^L; see sgdlab.Mapped.
func (m *DiagonalPowers) Map(w, theta lanes.Pack, ws *lanes.Arena) lanes.Pack {
	m.Effective(w, theta, ws)
	return nil
}

// PullMap is dst = (Lu^{L−1} ⊙ g, −Lv^{L−1} ⊙ g).
func (m *DiagonalPowers) PullMap(dst, theta, g, _ lanes.Pack, ws *lanes.Arena) {
	d := m.x.Cols
	if m.power == 2 {
		mark := ws.Mark()
		twice := ws.Pack(d)
		lanes.Add(twice, g, g)
		lanes.Mul(dst[:d], twice, theta[:d])
		lanes.Scale(twice, -1)
		lanes.Mul(dst[d:], twice, theta[d:])
		ws.Release(mark)
		return
	}
	f := float64(m.power)
	for j := range g {
		for l, x := range g[j] {
			dst[j][l] = f * x * power(theta[j][l], m.power-1)
			dst[d+j][l] = -f * x * power(theta[d+j][l], m.power-1)
		}
	}
}

// PushMap is dst = Dβ(θ)v.
func (m *DiagonalPowers) PushMap(dst, theta, v, _ lanes.Pack, _ *lanes.Arena) {
	d := m.x.Cols
	f := float64(m.power)
	for j := range dst {
		for l := range dst[j] {
			down := float64(power(theta[d+j][l], m.power-1) * v[d+j][l])
			dst[j][l] = f * math.FMA(power(theta[j][l], m.power-1), v[j][l], -down)
		}
	}
}

func (m *DiagonalPowers) push(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) lanes.Pack {
	m.PushMap(dst, theta, v, tape, ws)
	return nil
}

// pullAlong is (L(L−1)u^{L−2} ⊙ g ⊙ v_u, −L(L−1)v^{L−2} ⊙ g ⊙ v_v), and PullMap of e.
func (m *DiagonalPowers) pullAlong(dst, theta, v, g, e, _, _ lanes.Pack, ws *lanes.Arena) {
	d := m.x.Cols
	f := float64(m.power * (m.power - 1))
	for j := range g {
		for l, x := range g[j] {
			dst[j][l] = f * x * power(theta[j][l], m.power-2) * v[j][l]
			dst[d+j][l] = -f * x * power(theta[d+j][l], m.power-2) * v[d+j][l]
		}
	}
	if e != nil {
		defer ws.Release(ws.Mark())
		more := ws.Pack(len(dst))
		m.PullMap(more, theta, e, nil, ws)
		lanes.Add(dst, dst, more)
	}
}

func (m *DiagonalPowers) modes(d *data.Moments) []float64 { return coordinateModes(d).strength }

func (m *DiagonalPowers) critical(d *data.Moments, modes []int) ([]float64, float64, error) {
	return coordinateModes(d).critical(d, modes, m.place)
}

func (m *DiagonalPowers) balanced(d *data.Moments, modes []int, strength float64) ([]float64, error) {
	return m.place(coordinateModes(d).at(d, modes, strength)), nil
}

// place returns θ of β with one of u and v zero in every coordinate, and neither negative.
func (m *DiagonalPowers) place(beta []float64) []float64 {
	theta := make([]float64, 2*len(beta))
	for j, b := range beta {
		if b > 0 {
			theta[j] = root(b, m.power)
		} else {
			theta[len(beta)+j] = root(math.Abs(b), m.power)
		}
	}
	return theta
}

// coordinates are the modes of a diagonal network: its coordinates, by how much of the loss each explains.
type coordinates struct {
	order    []int     // coordinate of each mode
	strength []float64 // |βⱼ| √(Σxxⱼⱼ/c), c the mean variance of an input
}

func coordinateModes(d *data.Moments) coordinates {
	var c coordinates
	size := make([]float64, d.XX.Rows)
	largest := 0.0
	for j := range size {
		size[j] = math.Abs(d.Map.At(0, j)) * math.Sqrt(d.XX.At(j, j)/d.Spread)
		largest = max(largest, size[j])
		c.order = append(c.order, j)
	}
	slices.SortStableFunc(c.order, func(i, j int) int { return cmp.Compare(size[j], size[i]) })
	for _, j := range c.order {
		if size[j] > float64(len(size))*0x1p-52*largest {
			c.strength = append(c.strength, size[j])
		}
	}
	c.order = c.order[:len(c.strength)]
	return c
}

// at returns β with the modes at one strength, each with the sign of its own.
func (c coordinates) at(d *data.Moments, modes []int, strength float64) []float64 {
	beta := make([]float64, d.XX.Rows)
	for _, m := range modes {
		j := c.order[m-1]
		beta[j] = math.Copysign(strength, d.Map.At(0, j))
	}
	return beta
}

func (c coordinates) critical(d *data.Moments, modes []int, place func(beta []float64) []float64) ([]float64, float64, error) {
	for i := range d.XX.Rows {
		for j := range i {
			if x := d.XX.At(i, j); math.Abs(x) > d.Rounding()*math.Sqrt(d.XX.At(i, i)*d.XX.At(j, j)) {
				return nil, 0, fmt.Errorf("inputs %d and %d are correlated, Σxx = %.3g, and the coordinates of a diagonal network are its modes only where Σxx is diagonal; use data with whiten: true", j+1, i+1, x)
			}
		}
	}
	beta := make([]float64, d.XX.Rows)
	learnt := make([]bool, len(beta))
	for _, m := range modes {
		j := c.order[m-1]
		beta[j], learnt[j] = d.Map.At(0, j), true
	}
	excess := 0.0
	for j := range beta {
		if b := d.Map.At(0, j); !learnt[j] {
			excess = math.FMA(float64(d.XX.At(j, j)*b), b, excess)
		}
	}
	return place(beta), excess, nil
}
