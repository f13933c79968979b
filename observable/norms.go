package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// L0Norm is the number of entries of the end-to-end map β that are above a tolerance,
//
//	#{j : |βⱼ| > max(relative·max|β|, absolute)},
//
// 0 at β = 0 and the number of inputs times outputs at most.
type L0Norm struct {
	*endToEnd
	RankSettings
}

// NewL0Norm is that number. It needs a model with an end-to-end map.
func NewL0Norm(c RankSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	return &L0Norm{endToEnd: e, RankSettings: c}, nil
}

// Columns is l0-norm.
func (o *L0Norm) Columns() []sgdlab.Column { return named("l0-norm") }

// Observe is dst = ‖β‖₀ at the tolerance.
func (o *L0Norm) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	w := o.effective(theta, ws).P
	top := lanes.MaxAbs(w)
	var count lanes.Vec
	for l := range top {
		floor := math.Max(o.Relative*top[l], o.Absolute)
		for j := range w {
			switch x := math.Abs(w[j][l]); {
			case math.IsNaN(x):
				count[l] = math.NaN()
			case x > floor:
				count[l]++
			}
		}
	}
	dst[0] = count
}

// L1Norm is the ℓ¹ norm of the end-to-end map β,
//
//	‖β‖₁ = Σⱼ |βⱼ|,
//
// over all its entries, in units of targets over inputs: what sparse interpolators minimise.
type L1Norm struct{ *endToEnd }

// L1NormSettings are those of NewL1Norm: none.
type L1NormSettings struct{}

// NewL1Norm is that norm. It needs a model with an end-to-end map.
func NewL1Norm(_ L1NormSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	return &L1Norm{endToEnd: e}, nil
}

// Columns is l1-norm.
func (o *L1Norm) Columns() []sgdlab.Column { return named("l1-norm") }

// Observe is dst = ‖β‖₁.
func (o *L1Norm) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	w := o.effective(theta, ws).P
	var sum lanes.Vec
	for j := range w {
		for l, x := range w[j] {
			sum[l] += math.Abs(x)
		}
	}
	dst[0] = sum
}

// Rank is the rank at a tolerance of the end-to-end map,
//
//	#{σᵢ : σᵢ > max(relative·σ₁, absolute)},
//
// σᵢ its singular values, largest first; 0 at W = 0. Unlike the entropic effective-rank it is a whole number, and jumps. It takes one
// singular value decomposition.
type Rank struct {
	*endToEnd
	RankSettings
}

// NewRank is that rank. It needs a model with an end-to-end map.
func NewRank(c RankSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	return &Rank{endToEnd: e, RankSettings: c}, nil
}

// Columns is rank.
func (o *Rank) Columns() []sgdlab.Column { return named("rank") }

// Observe is dst = the rank at the tolerance.
func (o *Rank) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	sigma := ws.Pack(o.rank)
	o.singular(sigma, theta, ws)
	dst[0] = o.above(sigma)
}

// LayerNorms are a norm of each weight matrix W₁ … W_L, first to last: with the singular values σᵢ of a layer
//
//	frobenius √Σσᵢ²,  spectral σ₁,  nuclear Σσᵢ,
//
// in units of θ. For a model of pairs (u, v) they are those of the vectors u and v, whose three norms are one.
type LayerNorms struct {
	Layers  []sgdlab.Shape
	U, V    []int
	Norm    string
	scratch linalg.Scratch
}

// LayerNormsSettings are those of NewLayerNorms.
type LayerNormsSettings struct {
	Norm string `default:"frobenius" oneof:"frobenius|spectral|nuclear" doc:"which norm"`
}

// NewLayerNorms needs weight matrices, or pairs.
func NewLayerNorms(c LayerNormsSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	o := &LayerNorms{Norm: c.Norm}
	m, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err == nil {
		o.Layers = m.Layers()
		return o, nil
	}
	p, notPaired := sgdlab.As[sgdlab.Paired](s.Model)
	if notPaired != nil {
		return nil, fmt.Errorf("%w; Paired would do too", err)
	}
	o.U, o.V = p.Pairs()
	return o, nil
}

// Columns is layer-norm[1], layer-norm[2], …
func (o *LayerNorms) Columns() []sgdlab.Column {
	return numbered("layer-norm", max(len(o.Layers), 2*min(1, len(o.U))))
}

// Observe is dst = the norm of each layer.
func (o *LayerNorms) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	if o.Layers == nil {
		for i, of := range [][]int{o.U, o.V} {
			var sum lanes.Vec
			for _, j := range of {
				for l, x := range theta[j] {
					sum[l] = math.FMA(x, x, sum[l])
				}
			}
			dst[i] = root(sum)
		}
		return
	}
	for i, shape := range o.Layers {
		w := layer(theta, shape)
		if o.Norm == "frobenius" {
			dst[i] = root(lanes.Dot(w.P, w.P))
			continue
		}
		mark := ws.Mark()
		most := min(shape.Rows, shape.Cols)
		sigma := ws.Pack(most)
		o.scratch.Singular(sigma, lanes.View{}, lanes.View{}, w, most)
		if dst[i] = sigma[0]; o.Norm == "nuclear" {
			dst[i] = lanes.Sum(sigma)
		}
		ws.Release(mark)
	}
}

// LayerGrowth is the rate at which gradient flow changes the squared norm of each layer, first to last,
//
//	d‖W_l‖²_F/dt = −2⟨W_l, ∂L/∂W_l⟩,
//
// in units of θ² over time. On a linear or a ReLU network without biases it is the same for all layers, −2(1/n) Σᵢ ⟨∂ℓᵢ/∂h, h(xᵢ)⟩: layers
// grow together while the outputs fall short, and shrink where they overshoot. A step of descent changes ‖W_l‖² by η times it and by η²‖∂L/∂W_l‖².
type LayerGrowth struct {
	of     sgdlab.Model
	Layers []sgdlab.Shape
}

// LayerGrowthSettings are those of NewLayerGrowth: none.
type LayerGrowthSettings struct{}

// NewLayerGrowth needs weight matrices; it takes one gradient over all rows.
func NewLayerGrowth(_ LayerGrowthSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err != nil {
		return nil, err
	}
	return &LayerGrowth{of: s.Model, Layers: m.Layers()}, nil
}

// Columns is layer-growth[1], layer-growth[2], …
func (o *LayerGrowth) Columns() []sgdlab.Column { return numbered("layer-growth", len(o.Layers)) }

// Observe is dst = −2⟨W_l, ∂L/∂W_l⟩.
func (o *LayerGrowth) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	g := ws.Pack(len(theta))
	o.of.Grad(g, theta, ws)
	for i, w := range o.Layers {
		dst[i] = lanes.Dot(layer(theta, w).P, layer(g, w).P)
	}
	lanes.Scale(dst, -2)
}

// norm is the Euclidean norm of θ − c as an observable with derivatives,
//
//	∇‖x‖ = x/‖x‖,  ∇²‖x‖v = (v − x⟨x, v⟩/‖x‖²)/‖x‖,
//
// taken as 0 at x = 0, where there are none.
type norm struct {
	name   string
	centre lanes.Pack // nil for 0
}

func (o *norm) Columns() []sgdlab.Column { return named(o.name) }

// from is x = θ − c.
func (o *norm) from(theta lanes.Pack, ws *lanes.Arena) lanes.Pack {
	if o.centre == nil {
		return theta
	}
	x := ws.Pack(len(theta))
	lanes.Sub(x, theta, o.centre)
	return x
}

// Observe is dst = ‖x‖.
func (o *norm) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	x := o.from(theta, ws)
	dst[0] = root(lanes.Dot(x, x))
}

// Gradient is dst = x/‖x‖.
func (o *norm) Gradient(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	x := o.from(theta, ws)
	lanes.Copy(dst, x)
	lanes.ScaleLanes(dst, inverse(root(lanes.Dot(x, x))))
}

// HessVec is dst = (v − x⟨x, v⟩/‖x‖²)/‖x‖.
func (o *norm) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	x := o.from(theta, ws)
	by, along := inverse(root(lanes.Dot(x, x))), lanes.Dot(x, v)
	for l := range along {
		along[l] *= -by[l] * by[l]
	}
	lanes.Copy(dst, v)
	lanes.AddScaled(dst, along, x)
	lanes.ScaleLanes(dst, by)
}

// inverse is 1/v, and 0 for 0.
func inverse(v lanes.Vec) lanes.Vec {
	for l, x := range v {
		if x != 0 {
			v[l] = 1 / x
		}
	}
	return v
}

// ParameterNorm is the Euclidean norm of all parameters,
//
//	‖θ‖₂ = √(Σⱼ θⱼ²),
//
// in units of θ. As a Differentiable it has a bridge: exits of diffusions
// from a ball about 0 are found between two steps.
type ParameterNorm struct{ norm }

// ParameterNormSettings are those of NewParameterNorm: none.
type ParameterNormSettings struct{}

// NewParameterNorm is the Euclidean norm of all parameters.
func NewParameterNorm(_ ParameterNormSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	if _, err := standing(s); err != nil {
		return nil, err
	}
	return &ParameterNorm{norm{name: "parameter-norm"}}, nil
}

// DistanceToStart is how far a replica is from where it started,
//
//	‖θ − θ₀‖₂,
//
// in units of θ, with θ₀ its own start, or the centre without the random part. θ₀ is drawn anew from its address (seed, replica):
// nothing is stored.
type DistanceToStart struct {
	origin func(theta lanes.Pack, at *sgdlab.Clock)
	theta0 lanes.Pack
	known  bool
	of     sgdlab.Clock // whose starts theta0 holds, where known
}

// DistanceToCentre is the distance ‖θ − c‖₂ from the centre c of the start, without its random part. As a Differentiable it
// has a bridge: exits of diffusions from a ball about c are found between two steps.
type DistanceToCentre struct{ norm }

// DistanceToStartSettings are those of NewDistanceToStart.
type DistanceToStartSettings struct {
	From string `default:"start" oneof:"start|centre" doc:"from each replica's own start, or from the centre of the start, without its random part"`
}

// NewDistanceToStart needs a start, and from: centre one that has a centre.
func NewDistanceToStart(c DistanceToStartSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	if s.Start == nil {
		return nil, fmt.Errorf("distance-to-start needs a start, and there is none")
	}
	if c.From != "centre" {
		return &DistanceToStart{origin: s.Origin(), theta0: make(lanes.Pack, m.Dim())}, nil
	}
	centre := s.Start.Centre()
	if centre == nil {
		return nil, fmt.Errorf("the start has no centre, only a random part; use from: start")
	}
	return &DistanceToCentre{norm{name: "distance-to-start", centre: lanes.Of(centre)}}, nil
}

// Columns is distance-to-start.
func (o *DistanceToStart) Columns() []sgdlab.Column { return named("distance-to-start") }

// Observe is dst = ‖θ − θ₀‖.
func (o *DistanceToStart) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	x := ws.Pack(len(theta))
	lanes.Sub(x, theta, o.from(at))
	dst[0] = root(lanes.Dot(x, x))
}

// from is θ₀ of the replicas of a clock, drawn where they are others than before.
func (o *DistanceToStart) from(at *sgdlab.Clock) lanes.Pack {
	if !o.known || o.of.Point != at.Point || o.of.Seed != at.Seed || o.of.Replica != at.Replica {
		o.known, o.of = true, *at
		o.origin(o.theta0, at)
	}
	return o.theta0
}
