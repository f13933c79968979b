package model

import (
	"fmt"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// ConvLinear is the linear network of convolutions in one dimension,
//
//	h = T(w_L) ⋯ T(w₁) x,  (T(w)x)_o,s = Σ_i Σ_a w_o,i,a x_i,s+a−⌊k/2⌋,
//
// over positions s = 1 … n and channels i to o, with a = 0 … k − 1 and k the size of the filter. Positions beyond the ends wrap around (circular) or count as 0
// (zero). θ = (w₁, …, w_L), each filter by channels out, channels in and a. Inputs and outputs are channel by channel, n numbers each.
//
// It is the deep linear network whose layers share weights, and is computed as that. Circular convolutions of one channel with filters as long as n are
// diagonal in the Fourier modes of n points, which then learn independently: under ½‖T − M‖² with a circulant M of Fourier coefficients m̂ each is a product of L
// numbers, and the balanced minimum has the eigenvalues nL|m̂|^(2−2/L).
type ConvLinear struct {
	mapped
	full   *DeepLinear
	c      ConvLinearSettings
	length int
	dim    int
	index  []int32 // which weight of a filter an entry of the layers is; −1 for 0
}

// ConvLinearSettings are the settings of NewConvLinear.
type ConvLinearSettings struct {
	Channels []int  `doc:"channels c₀ … c_L of the layers, those of the input first; one more than there are filters" check:">=1"`
	Filter   int    `doc:"k, the number of weights of a filter between two channels; as many as positions where missing" optional:"true" check:">=1"`
	Padding  string `doc:"what is beyond the ends: the other end (circular), or 0 (zero)" default:"circular" oneof:"circular|zero"`
	Loss     Loss   `doc:"the loss: squares as mean-half (1/2n), sum-half (1/2), mean (1/n) or {prefactor: EXPRESSION in n}; or logistic, exponential, cross-entropy (1/n), or {of: logistic, prefactor: …}; mean-half where missing, sum-half on target-matrix" optional:"true"`
}

// NewConvLinear builds the network on a set, whose inputs and targets are channels of one length.
func NewConvLinear(c ConvLinearSettings, set *data.Set) (sgdlab.Model, error) {
	if set == nil {
		return nil, fmt.Errorf("conv-linear needs data; give data, such as {name: target-matrix, …}")
	}
	if len(c.Channels) < 2 {
		return nil, fmt.Errorf("channels %v have no filter between them; give at least two numbers, such as [1, 1]", c.Channels)
	}
	for _, n := range c.Channels {
		if n < 1 {
			return nil, fmt.Errorf("channels %v hold %d; every layer has at least 1", c.Channels, n)
		}
	}
	first, last := c.Channels[0], c.Channels[len(c.Channels)-1]
	length := set.Inputs() / first
	if length*first != set.Inputs() || length*last != set.Outputs() {
		return nil, fmt.Errorf("channels %v on %d inputs and %d outputs: both must be channels of one length", c.Channels, set.Inputs(), set.Outputs())
	}
	if c.Filter == 0 {
		c.Filter = length
	}
	if c.Filter > length {
		return nil, fmt.Errorf("filter is %d, longer than the %d positions; use at most %d", c.Filter, length, length)
	}
	if c.Padding != "circular" && c.Padding != "zero" {
		return nil, fmt.Errorf("padding is %q; want circular or zero", c.Padding)
	}
	widths := make([]int, len(c.Channels))
	for i, n := range c.Channels {
		widths[i] = n * length
	}
	if err := checkWidths(widths, set); err != nil {
		return nil, fmt.Errorf("of the layers as matrices the %w", err)
	}
	return newLinearModel(newConvLinear(set.X, c, length), set, c.Loss)
}

func newConvLinear(x lanes.Mat, c ConvLinearSettings, length int) *ConvLinear {
	m := &ConvLinear{c: c, length: length}
	m.mapped = mapped{x: x, of: m}
	widths := make([]int, len(c.Channels))
	for i, n := range c.Channels {
		widths[i] = n * length
	}
	m.full = newDeepLinear(x, widths)
	m.index = make([]int32, m.full.dim)
	for i := range m.index {
		m.index[i] = -1
	}
	for l, shape := range m.full.layers {
		for o := range c.Channels[l+1] {
			for i := range c.Channels[l] {
				for a := range c.Filter {
					for s := range length {
						y := s + a - c.Filter/2
						if c.Padding == "circular" {
							y = (y + length) % length
						} else if y < 0 || y >= length {
							continue
						}
						m.index[shape.Offset+(o*length+s)*shape.Cols+i*length+y] = int32(m.dim + a)
					}
				}
				m.dim += c.Filter
			}
		}
	}
	return m
}

func (m *ConvLinear) on(x lanes.Mat) network { return newConvLinear(x, m.c, m.length) }

// Dim returns the number of weights of all filters.
func (m *ConvLinear) Dim() int { return m.dim }

// Outputs returns the number of outputs.
func (m *ConvLinear) Outputs() int { return m.full.Outputs() }

// EffectiveShape returns (outputs, inputs).
func (m *ConvLinear) EffectiveShape() (outputs, inputs int) { return m.full.EffectiveShape() }

// spread is the layers as matrices.
func (m *ConvLinear) spread(theta lanes.Pack, ws *lanes.Arena) lanes.Pack {
	p := ws.Pack(len(m.index))
	for i, k := range m.index {
		if k >= 0 {
			p[i] = theta[k]
		} else {
			p[i] = lanes.Vec{}
		}
	}
	return p
}

// gather sums over the entries that share a weight.
func (m *ConvLinear) gather(dst, p lanes.Pack) {
	lanes.Zero(dst)
	for i, k := range m.index {
		if k >= 0 {
			for l, x := range p[i] {
				dst[k][l] += x
			}
		}
	}
}

// Effective is dst = T(w_L)⋯T(w₁).
func (m *ConvLinear) Effective(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.full.Map(dst, m.spread(theta, ws), ws)
}

// Map is Effective with a tape: the layers as matrices, and the tape of the deep linear network.
func (m *ConvLinear) Map(w, theta lanes.Pack, ws *lanes.Arena) (tape lanes.Pack) {
	tape = ws.Pack(len(m.index) + m.full.whole.size)
	mark := ws.Mark()
	lanes.Copy(tape[:len(m.index)], m.spread(theta, ws))
	ws.Release(mark)
	m.full.whole.forward(tape[len(m.index):], w, tape[:len(m.index)], nil, ws.Idle)
	return tape
}

// parts are the two of a tape, computed anew where it is nil.
func (m *ConvLinear) parts(theta, tape lanes.Pack, ws *lanes.Arena) (layers, inner lanes.Pack) {
	if tape == nil {
		return m.spread(theta, ws), nil
	}
	return tape[:len(m.index)], tape[len(m.index):]
}

// PullMap is dst = Σ Gᵢⱼ∇Wᵢⱼ(θ).
func (m *ConvLinear) PullMap(dst, theta, g, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	layers, inner := m.parts(theta, tape, ws)
	p := ws.Pack(len(m.index))
	m.full.PullMap(p, layers, g, inner, ws)
	m.gather(dst, p)
}

// PushMap is dst = DW(θ)v.
func (m *ConvLinear) PushMap(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.push(dst, theta, v, tape, ws)
}

func (m *ConvLinear) push(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) lanes.Pack {
	layers, inner := m.parts(theta, tape, ws)
	return m.full.push(dst, layers, m.spread(v, ws), inner, ws)
}

func (m *ConvLinear) pullAlong(dst, theta, v, g, e, tape, tangent lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	layers, inner := m.parts(theta, tape, ws)
	p := ws.Pack(len(m.index))
	m.full.pullAlong(p, layers, m.spread(v, ws), g, e, inner, tangent, ws)
	m.gather(dst, p)
}

func (m *ConvLinear) bend(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.full.bend(dst, m.spread(theta, ws), m.spread(u, ws), m.spread(v, ws), ws)
}

func (m *ConvLinear) pullBent(dst, theta, u, v lanes.Pack, g jet, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	p := ws.Pack(len(m.index))
	m.full.pullBent(p, m.spread(theta, ws), m.spread(u, ws), m.spread(v, ws), g, ws)
	m.gather(dst, p)
}

func (m *ConvLinear) modes(d *data.Moments) []float64 { return append([]float64(nil), d.S...) }

func (m *ConvLinear) critical(*data.Moments, []int) ([]float64, float64, error) {
	return nil, 0, fmt.Errorf("conv-linear does not know its critical points: a filter that learns one mode need not leave the others alone; start at a point, or at random")
}

func (m *ConvLinear) balanced(*data.Moments, []int, float64) ([]float64, error) {
	return nil, fmt.Errorf("conv-linear does not know its balanced points; start at a point, or at random")
}
