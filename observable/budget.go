package observable

import (
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// LogDetProduct is what the steps predict of the observable log-det-gram, ln det ΘᵀΘ with Θ = [W₁ W₂ᵀ]. A step down a gradient moves
// Θ′ = Θ(I + A), A symmetric with the block −ηG off the diagonal and G = ∂L/∂(W₂W₁), shape (k, d), as the step used it, so that
//
//	ln det Θ′ᵀΘ′ = ln det ΘᵀΘ + 2 Σᵢ ln|1 − sᵢ²|,  sᵢ the singular values of ηG,
//
// exactly, whatever made G: GD, SGD, label noise on either. Its columns are sums over the steps of
//
//	log-det-product    2 Σᵢ ln|1 − sᵢ²|
//	log-det-drift      the same of the gradient of the loss at that θ, about −2η²‖∂L/∂(W₂W₁)‖²
//	log-det-noise      the product without the drift: what the noise of the gradients did, on average downwards
//	log-det-residual   what ln det ΘᵀΘ changed by without the product: 0 to rounding, unless a step adds something else to θ
//
// The drift is of the order η per unit of time, the noise of SGD of the order 1 where ηC is held. Noise of covariance 2D dt that is added
// to every entry of θ shows in the residual, as 2D(h − d − k − 1) ∫tr (ΘᵀΘ)⁻¹dt on average. Descent that rescales its
// gradients has the law too; the drift is then that of ∇L itself. The product is NaN for dynamics whose steps report no gradient: SDEs and flows.
//
// Source: after Varre, Sagitova & Flammarion 2024; the law of a step derived here.
type LogDetProduct struct {
	gram    LogDetGram
	of      mapGradient
	Model   sgdlab.Mapped
	scratch linalg.Scratch

	last  lanes.Pack // where the last step ended: most steps begin there
	ended lanes.Vec  // ln det ΘᵀΘ there
}

// LogDetProductSettings are those of NewLogDetProduct: none.
type LogDetProductSettings struct{}

// NewLogDetProduct needs what log-det-gram needs, and samples. A step costs one forward pass over all rows and a QR decomposition of Θ.
func NewLogDetProduct(_ LogDetProductSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	gram, err := newLogDetGram(s, "log-det-product")
	if err != nil {
		return nil, err
	}
	a := &LogDetProduct{gram: *gram}
	if a.Model, err = sgdlab.As[sgdlab.Mapped](s.Model); err != nil {
		return nil, err
	}
	if a.of, err = newMapGradient(s); err != nil {
		return nil, err
	}
	return a, nil
}

// Columns is log-det-product, -drift, -noise and -residual.
func (a *LogDetProduct) Columns() []sgdlab.Column {
	return named("log-det-product", "log-det-drift", "log-det-noise", "log-det-residual")
}

// Add takes one step into acc.
func (a *LogDetProduct) Add(acc, before, after lanes.Pack, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	full, used := ws.Pack(a.of.k*a.of.d), ws.Pack(a.of.k*a.of.d)
	a.of.full(full, before, ws)
	known := a.of.used(used, before, full, a.Model, rec, ws)
	drift, product := a.shrink(full, rec.Dt, ws), a.shrink(used, rec.Dt, ws)
	if !slices.Equal(a.last, before) {
		a.ended = a.gram.read(before, ws)
	}
	start := a.ended
	a.last, a.ended = append(a.last[:0], after...), a.gram.read(after, ws)
	for l := range lanes.W {
		if !rec.Live.Has(l) {
			continue
		}
		p := product[l]
		if !known.Has(l) {
			p = math.NaN()
		}
		acc[0][l] += p
		acc[1][l] += drift[l]
		acc[2][l] += p - drift[l]
		acc[3][l] += a.ended[l] - start[l] - p
	}
}

// shrink is 2 Σ ln|1 − sᵢ²| over the singular values of ηG.
func (a *LogDetProduct) shrink(g lanes.Pack, eta lanes.Vec, ws *lanes.Arena) (sum lanes.Vec) {
	defer ws.Release(ws.Mark())
	s := ws.Pack(min(a.of.k, a.of.d))
	a.scratch.Singular(s, lanes.View{}, lanes.View{}, lanes.ByRows(g, a.of.k, a.of.d), len(s))
	for i := range s {
		for l, x := range s[i] {
			sum[l] += 2 * logLess(eta[l]*x)
		}
	}
	return sum
}

// mapGradient is the gradient of the loss in the end-to-end map of a network that is linear in its inputs, G = ∂L/∂W of shape (k, d): that
// of the loss, and that of a step.
type mapGradient struct {
	of   sgdlab.Sampled
	x    *lanes.Mat
	k, d int
}

func newMapGradient(s *sgdlab.Site) (g mapGradient, err error) {
	if g.of, err = sgdlab.As[sgdlab.Sampled](s.Model); err != nil {
		return g, err
	}
	m, err := sgdlab.As[interface {
		sgdlab.EndToEnd
		Inputs() *lanes.Mat
	}](s.Model)
	if err != nil {
		return g, fmt.Errorf("needs a network of data that is linear in its inputs; use deep-linear")
	}
	g.x = m.Inputs()
	g.k, g.d = m.EffectiveShape()
	return g, nil
}

// full is dst = (1/n) Σ cᵢxᵢᵀ, c the slopes of all rows.
func (g *mapGradient) full(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := g.of.Samples()
	c := ws.Pack(n * g.k)
	g.of.Slope(c, theta, sgdlab.AllRows(n), ws)
	g.weigh(dst, c, sgdlab.AllRows(n), ws)
	lanes.Scale(dst, 1/float64(n))
}

// weigh is dst = Σ cᵢxᵢᵀ over the rows.
func (g *mapGradient) weigh(dst, c lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	to, by := lanes.ByRows(dst, g.k, g.d), lanes.ByRows(c, rows.Len(), g.k)
	if rows.Index == nil {
		lanes.SharedMul(to.T(), g.x.T(), by)
		return
	}
	defer ws.Release(ws.Mark())
	x := lanes.ByRows(ws.Pack(rows.Len()*g.d), rows.Len(), g.d)
	lanes.Gather(x, g.x, rows.Index)
	lanes.MatMul(to, by.T(), x)
}

// used is dst = G of a step: from its rows and weights, or full where it has none, times what the gradient that it followed is of
// theirs. It returns the lanes in which it is known.
func (g *mapGradient) used(dst, theta, full lanes.Pack, m sgdlab.Mapped, rec *sgdlab.StepRecord, ws *lanes.Arena) (known lanes.Mask) {
	if rec.Weights != nil {
		g.weigh(dst, rec.Weights, rec.Rows, ws)
	} else {
		lanes.Copy(dst, full)
	}
	if rec.Gradient == nil {
		return lanes.None
	}
	defer ws.Release(ws.Mark())
	grad, off := ws.Pack(len(theta)), ws.Pack(len(theta))
	m.PullMap(grad, theta, dst, nil, ws)
	size, most := lanes.MaxAbs(rec.Gradient), lanes.MaxAbs(theta)
	agree := func() {
		lanes.Sub(off, rec.Gradient, grad)
		for l, x := range lanes.MaxAbs(off) {
			if x <= 1e-9*size[l] || rec.Dt[l]*x <= 1e-14*most[l] { // near a minimum what differs is rounding, and moves nothing
				known = known.With(l)
			}
		}
	}
	if agree(); known|^rec.Live == lanes.All {
		return known
	}
	times := lanes.Splat(1)
	square, along := lanes.Dot(grad, grad), lanes.Dot(grad, rec.Gradient)
	for l := range times {
		if !known.Has(l) && square[l] > 0 {
			times[l] = along[l] / square[l]
		}
	}
	lanes.ScaleLanes(grad, times)
	lanes.ScaleLanes(dst, times)
	agree()
	return known
}

// Imbalance is the budget of the imbalance of neighbouring layers of a linear network, Q = W_lW_lᵀ − W_{l+1}ᵀW_{l+1}, which gradient flow
// conserves. With ∂_l the gradient in W_l that a step used, W_{l+1}ᵀ∂_{l+1} = ∂_lW_lᵀ, so that the first order of a step cancels in
//
//	Q′ = Q + η²(∂_l∂_lᵀ − ∂_{l+1}ᵀ∂_{l+1}),
//
// exactly, whatever made the gradient: GD, SGD, label noise on either. Its columns are sums over the steps, for each l from 1 to L − 1, in
// units of θ²:
//
//	imbalance-change[l]    η²(‖∂_l‖² − ‖∂_{l+1}‖²): what tr Q = ‖W_l‖² − ‖W_{l+1}‖² has to change by
//	imbalance-drift[l]     the same of the gradient of the loss at that θ
//	imbalance-noise[l]     the change without the drift: what the noise of the gradients did
//	imbalance-residual[l]  what tr Q changed by without imbalance-change
//	imbalance-gap[l]       ‖Q′ − Q − η²(∂_l∂_lᵀ − ∂_{l+1}ᵀ∂_{l+1})‖: of the whole matrix
//
// The last two are 0 to rounding, unless a step adds something else to θ. The change is NaN for dynamics whose steps report no gradient.
//
// Source: derived here; the law of gradient flow is that of Arora, Cohen, Golowich & Hu 2018.
type Imbalance struct {
	Model  sgdlab.Model
	Layers []sgdlab.Shape
}

// ImbalanceSettings are those of NewImbalance: none.
type ImbalanceSettings struct{}

// NewImbalance needs a linear network of two or more layers. A step costs one gradient of the loss and a few products of layers.
func NewImbalance(_ ImbalanceSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	l, err := chained(s)
	if err != nil {
		return nil, err
	}
	if len(l) < 2 {
		return nil, fmt.Errorf("imbalance is between neighbouring layers, and the model has %d; use at least 2", len(l))
	}
	return &Imbalance{Model: s.Model, Layers: l}, nil
}

// chained returns the layers of a network whose end-to-end map is their product.
func chained(s *sgdlab.Site) ([]sgdlab.Shape, error) {
	m, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err != nil {
		return nil, err
	}
	e, err := sgdlab.As[sgdlab.EndToEnd](s.Model)
	if err != nil {
		return nil, err
	}
	l := m.Layers()
	k, d := e.EffectiveShape()
	product := l[0].Cols == d && l[len(l)-1].Rows == k
	for i, w := range l {
		product = product && w.Biases == 0 && (i == 0 || w.Cols == l[i-1].Rows)
	}
	if !product {
		return nil, fmt.Errorf("the map of the model is not the product of its weight matrices, as the laws of linear networks ask; use deep-linear")
	}
	return l, nil
}

// Columns is imbalance-change[1], …, and the others in the same order.
func (a *Imbalance) Columns() []sgdlab.Column {
	var c []sgdlab.Column
	for _, part := range []string{"change", "drift", "noise", "residual", "gap"} {
		c = append(c, numbered("imbalance-"+part, len(a.Layers)-1)...)
	}
	return c
}

// Add takes one step into acc.
func (a *Imbalance) Add(acc, before, after lanes.Pack, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	grad := ws.Pack(len(before))
	a.Model.Grad(grad, before, ws)
	pairs := len(a.Layers) - 1
	for i := range pairs {
		below, above := a.Layers[i], a.Layers[i+1]
		drift := squared(grad, below, above)
		change := lanes.Splat(math.NaN())
		if rec.Gradient != nil {
			change = squared(rec.Gradient, below, above)
		}
		trace, gap := a.residual(before, after, below, above, rec, ws)
		for l := range lanes.W {
			if !rec.Live.Has(l) {
				continue
			}
			square := rec.Dt[l] * rec.Dt[l]
			acc[i][l] += float64(square * change[l])
			acc[pairs+i][l] += float64(square * drift[l])
			acc[2*pairs+i][l] += float64(square * (change[l] - drift[l]))
			acc[3*pairs+i][l] += trace[l]
			acc[4*pairs+i][l] += gap[l]
		}
	}
}

// squared is ‖∂_l‖² − ‖∂_{l+1}‖² of a gradient.
func squared(g lanes.Pack, below, above sgdlab.Shape) lanes.Vec {
	b, a := layer(g, below).P, layer(g, above).P
	s, t := lanes.Dot(b, b), lanes.Dot(a, a)
	for l := range s {
		s[l] -= t[l]
	}
	return s
}

// residual is the trace and the Frobenius norm of Q′ − Q − η²(∂_l∂_lᵀ − ∂_{l+1}ᵀ∂_{l+1}).
func (a *Imbalance) residual(before, after lanes.Pack, below, above sgdlab.Shape, rec *sgdlab.StepRecord, ws *lanes.Arena) (trace, gap lanes.Vec) {
	if rec.Gradient == nil {
		return lanes.Splat(math.NaN()), lanes.Splat(math.NaN())
	}
	defer ws.Release(ws.Mark())
	h := below.Rows
	q, r := ws.Pack(h*h), ws.Pack(h*h)
	imbalanced(r, rec.Gradient, below, above, ws)
	var minus lanes.Vec
	for l, eta := range rec.Dt {
		minus[l] = -eta * eta
	}
	lanes.ScaleLanes(r, minus)
	imbalanced(q, after, below, above, ws)
	lanes.Add(r, r, q)
	imbalanced(q, before, below, above, ws)
	lanes.Sub(r, r, q)
	for i := range h {
		for l, x := range r[i*h+i] {
			trace[l] += x
		}
	}
	return trace, root(lanes.Dot(r, r))
}

// imbalanced is q = PPᵀ − SᵀS of the parts P and S of a pack in two neighbouring layers, shape (h, h).
func imbalanced(q, p lanes.Pack, below, above sgdlab.Shape, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	h := below.Rows
	b, a := layer(p, below), layer(p, above)
	s := ws.Pack(h * h)
	lanes.MatMul(lanes.ByRows(q, h, h), b, b.T())
	lanes.MatMul(lanes.ByRows(s, h, h), a.T(), a)
	lanes.Sub(q, q, s)
}
