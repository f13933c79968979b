package model

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// linear networks are linear in the inputs, h(x) = W(θ)x, W of shape (k, d).
type linear interface {
	network
	sgdlab.Mapped
	bent
	Inputs() *lanes.Mat // X
	// push is PushMap, with a tangent in ws that spares pullAlong its part of the work.
	push(dst, theta, v, tape lanes.Pack, ws *lanes.Arena) (tangent lanes.Pack)
	// pullAlong is the derivative of PullMap along v where G moves along E, dst = Σ Gᵢⱼ∇²Wᵢⱼ(θ)v + Σ Eᵢⱼ∇Wᵢⱼ(θ). A nil E is
	// 0; a nil tape or tangent is computed anew.
	pullAlong(dst, theta, v, g, e, tape, tangent lanes.Pack, ws *lanes.Arena)

	// modes returns the strengths of what the network can learn one by one, strongest first.
	modes(m *data.Moments) []float64
	// critical returns θ at the critical point with just these modes (of 1, 2, …, valid and distinct), and
	// Σ‖W − Map‖² there in the metric of Σxx.
	critical(m *data.Moments, modes []int) (theta []float64, excess float64, err error)
	// balanced returns balanced θ with these modes, each at one strength.
	balanced(m *data.Moments, modes []int, strength float64) ([]float64, error)
}

// balanceable networks can leave the balance of their layers.
type balanceable interface {
	// unbalance moves θ of a balanced critical point with so many modes to one without balance; see Linear.Unbalanced.
	unbalance(theta []float64, modes int, imbalance, idle float64) error
}

// Linear is a network that is linear in its inputs, h(x) = W(θ)x, under the square loss,
//
//	L(θ) = p Σᵢ ‖Wxᵢ − yᵢ‖² = L_min + pn tr((W − W*) Σxx (W − W*)ᵀ),  ∂L/∂W = 2pn (W − W*) Σxx,
//
// with p the prefactor of the loss, W* the least squares map of least norm and Σxx = (1/n) Σ xᵢxᵢᵀ the second moment of
// the inputs. Where there are more samples than inputs, or Σxx = cI, it answers L and its derivatives to third order from
// these, at a price free of n; the trace is summed as squares, so that a small loss is as accurate as W itself. Elsewhere it sums over rows.
type Linear struct {
	*Regression
	lin     linear
	moments *data.Moments
	centre  lanes.Pack // W* in every lane
	rows    bool       // sums over rows are cheaper
	scatter func() *scatter
}

// newLinearModel is the risk of a linear network on a set: a Linear where the loss is a square.
func newLinearModel(net linear, set *data.Set, loss Loss) (sgdlab.Model, error) {
	if !loss.Squared() {
		return newRisk(net, set, loss)
	}
	return newLinear(net, set, loss)
}

func newLinear(net linear, set *data.Set, loss Loss) (*Linear, error) {
	loss, err := lossOn(set, loss)
	if err != nil {
		return nil, err
	}
	r, err := newRegression(net, set.Y, loss)
	if err != nil {
		return nil, err
	}
	m := set.Moments()
	return &Linear{
		Regression: r, lin: net, moments: m, centre: lanes.Of(m.Map.Data), rows: m.Scalar == 0 && set.N() <= set.Inputs(),
		scatter: sync.OnceValue(func() *scatter { return newScatter(set, m, r.PerLabel()) }),
	}, nil
}

func (r *Linear) onTest(set *data.Set) (sgdlab.Model, error) {
	return newLinear(r.lin.on(set.X).(linear), set, r.loss)
}

// gap is e = W(θ) − W*, with the tape of the forward pass.
func (r *Linear) gap(theta lanes.Pack, ws *lanes.Arena) (e, tape lanes.Pack) {
	e = ws.Pack(len(r.moments.Map.Data))
	tape = r.lin.Map(e, theta, ws)
	lanes.Sub(e, e, r.centre)
	return e, tape
}

// metric returns 2pn EΣxx, which may be e itself.
func (r *Linear) metric(e lanes.Pack, ws *lanes.Arena) lanes.Pack {
	s := r.PerLabel()
	if c := r.moments.Scalar; c != 0 {
		if s*c != 1 {
			lanes.Scale(e, s*c)
		}
		return e
	}
	k, d := r.moments.Map.Rows, r.moments.Map.Cols
	g := ws.Pack(len(e))
	lanes.SharedMul(lanes.ByRows(g, k, d).T(), r.moments.XX, lanes.ByRows(e, k, d).T())
	if s != 1 {
		lanes.Scale(g, s)
	}
	return g
}

// Loss is L(θ).
func (r *Linear) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	if r.rows {
		return r.Regression.Loss(theta, ws)
	}
	defer ws.Release(ws.Mark())
	e, _ := r.gap(theta, ws)
	m, pn := r.moments, 0.5*r.PerLabel()
	floor, unit := pn*m.Floor, pn*m.Scalar
	if m.Scalar == 0 {
		f := ws.Pack(m.Map.Rows * m.Factor.Cols)
		lanes.SharedMul(lanes.ByRows(f, m.Map.Rows, m.Factor.Cols).T(), m.Factor.T(), lanes.ByRows(e, m.Map.Rows, m.Map.Cols).T())
		e, unit = f, pn
	}
	s := lanes.Dot(e, e)
	for l := range s {
		s[l] = math.FMA(unit, s[l], floor)
	}
	return s
}

// Grad is dst = ∇L(θ).
func (r *Linear) Grad(dst, theta lanes.Pack, ws *lanes.Arena) {
	if r.rows {
		r.Regression.Grad(dst, theta, ws)
		return
	}
	defer ws.Release(ws.Mark())
	e, tape := r.gap(theta, ws)
	r.lin.PullMap(dst, theta, r.metric(e, ws), tape, ws)
}

// GaussNewtonVec is dst = 2p JᵀJv.
func (r *Linear) GaussNewtonVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	if r.rows {
		r.Regression.GaussNewtonVec(dst, theta, v, ws)
		return
	}
	defer ws.Release(ws.Mark())
	w := ws.Pack(len(r.moments.Map.Data))
	r.lin.PushMap(w, theta, v, nil, ws)
	r.lin.PullMap(dst, theta, r.metric(w, ws), nil, ws)
}

// HessVec is dst = ∇²L(θ)v.
func (r *Linear) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	if r.rows {
		r.Regression.HessVec(dst, theta, v, ws)
		return
	}
	defer ws.Release(ws.Mark())
	e, tape := r.gap(theta, ws)
	w := ws.Pack(len(r.moments.Map.Data))
	tangent := r.lin.push(w, theta, v, tape, ws)
	r.lin.pullAlong(dst, theta, v, r.metric(e, ws), r.metric(w, ws), tape, tangent, ws)
}

// Modes returns the strengths of the modes of the empirical map, largest first; see data.Moments. Those of a diagonal
// network are the magnitudes of its coordinates.
func (r *Linear) Modes() []float64 { return r.lin.modes(r.moments) }

// Critical returns θ at the critical point where just these modes are learnt, balanced between the layers, and the loss
// there.
func (r *Linear) Critical(modes []int) ([]float64, float64, error) {
	if err := r.checkModes(modes); err != nil {
		return nil, 0, err
	}
	theta, excess, err := r.lin.critical(r.moments, modes)
	if err != nil {
		return nil, 0, err
	}
	return theta, 0.5 * r.PerLabel() * (r.moments.Floor + excess), nil
}

// Balanced returns θ with these modes of the empirical map, nil for all of them, each at the given strength, and with
// balanced layers: W_{l+1}ᵀW_{l+1} = W_lW_lᵀ. On whitened inputs the modes then grow independently of each other.
func (r *Linear) Balanced(modes []int, strength float64) ([]float64, error) {
	if modes == nil {
		for m := range r.Modes() {
			modes = append(modes, m+1)
		}
	}
	if err := r.checkModes(modes); err != nil {
		return nil, err
	}
	if !(strength > 0) || math.IsInf(strength, 0) {
		return nil, fmt.Errorf("strength is %g; want a finite number > 0", strength)
	}
	return r.lin.balanced(r.moments, modes, strength)
}

// Unbalanced returns θ at a critical point where just these modes are learnt and whose layers are not balanced. The
// end-to-end map and the loss are those of Critical. Each layer's part of the modes is imbalance times as large as that of
// the layer below, and idle is the size of weights that nothing passes: between hidden units that carry no mode, or in a
// product of vectors in every coordinate that is not learnt, in all vectors but two.
func (r *Linear) Unbalanced(modes []int, imbalance, idle float64) ([]float64, error) {
	net, ok := r.lin.(balanceable)
	if !ok {
		return nil, fmt.Errorf("%T has no layers to unbalance; leave out imbalance and idle, or use deep-linear or diagonal with parametrisation: product", r.lin)
	}
	theta, _, err := r.Critical(modes)
	switch {
	case err != nil:
		return nil, err
	case !(imbalance > 0) || math.IsInf(imbalance, 0):
		return nil, fmt.Errorf("imbalance is %g; want a finite number > 0, the size of a layer over that of the layer below", imbalance)
	case !(idle >= 0) || math.IsInf(idle, 0):
		return nil, fmt.Errorf("idle is %g; want a finite number ≥ 0", idle)
	case imbalance != 1 && len(modes) == 0:
		return nil, fmt.Errorf("imbalance is %g, but at the origin every layer is 0; learn a mode, or leave out imbalance", imbalance)
	}
	return theta, net.unbalance(theta, len(modes), imbalance, idle)
}

// steps returns c^(l − (L−1)/2) for l = 0 … L−1: neighbours have the ratio c, and the product is 1.
func steps(c float64, depth int) []float64 {
	f := make([]float64, depth)
	half := math.Sqrt(c)
	for l := range f {
		if e := 2*l - (depth - 1); e >= 0 {
			f[l] = power(half, e)
		} else {
			f[l] = 1 / power(half, -e)
		}
	}
	return f
}

func (r *Linear) checkModes(modes []int) error {
	have := len(r.Modes())
	for i, m := range modes {
		if m < 1 || m > have {
			return fmt.Errorf("mode %d does not exist; the empirical map has modes 1 to %d, 1 the strongest", m, have)
		}
		if slices.Contains(modes[:i], m) {
			return fmt.Errorf("mode %d is named twice; name each once", m)
		}
	}
	return nil
}

// mapped gives a linear network its rows through its end-to-end map: h = XWᵀ, and G = cᵀX for a pullback. The tape is the
// gathered rows.
type mapped struct {
	x  lanes.Mat // (n, d)
	of linear
}

// chosen are the rows that an answer is about: shared by the lanes, or gathered for each.
type chosen struct {
	all *lanes.Mat
	own lanes.Pack // by rows; nil where they are shared
}

// choose gathers the rows in each lane, into tape where there is one already.
func choose(x *lanes.Mat, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) chosen {
	switch size := len(rows.Index) * x.Cols; {
	case rows.Index == nil:
		return chosen{all: x}
	case tape != nil:
		return chosen{x, tape[:size]}
	default:
		tape = ws.Pack(size)
		return chosen{x, gathered(tape, x, rows)}
	}
}

// gathered fills a pack with the rows, in each lane its own.
func gathered(own lanes.Pack, x *lanes.Mat, rows sgdlab.Rows) lanes.Pack {
	lanes.Gather(lanes.ByRows(own, len(rows.Index), x.Cols), x, rows.Index)
	return own
}

// mul is dst = Xb over the chosen rows.
func (c chosen) mul(dst, b lanes.View) {
	switch {
	case c.own == nil:
		lanes.SharedMul(dst, *c.all, b)
	case b.Cols == 1 && b.RowStride == 1: // sums that are not one long chain
		for i := range dst.Rows {
			*dst.At(i, 0) = lanes.Dot(c.own[i*c.all.Cols:(i+1)*c.all.Cols], b.P)
		}
	default:
		lanes.MatMul(dst, lanes.ByRows(c.own, dst.Rows, c.all.Cols), b)
	}
}

// mulT is dst = Xᵀb over the chosen rows.
func (c chosen) mulT(dst, b lanes.View) {
	if c.own == nil {
		lanes.SharedMul(dst, c.all.T(), b)
		return
	}
	lanes.MatMul(dst, lanes.ByRows(c.own, b.Rows, c.all.Cols).T(), b)
}

// Inputs returns X, shape (n, d).
func (m *mapped) Inputs() *lanes.Mat { return &m.x }

func (m *mapped) Predict(h, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	x := choose(&m.x, rows, nil, ws)
	defer ws.Release(ws.Mark())
	k, d := m.of.EffectiveShape()
	w := ws.Pack(k * d)
	m.of.Map(w, theta, ws)
	x.mul(lanes.ByRows(h, rows.Len(), k), lanes.ByRows(w, k, d).T())
	return x.own
}

func (m *mapped) Pullback(dst, theta, c lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.of.PullMap(dst, theta, m.weigh(c, rows, tape, ws), nil, ws)
}

func (m *mapped) Push(dst, theta, v lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	x := choose(&m.x, rows, nil, ws)
	k, d := m.of.EffectiveShape()
	w := ws.Pack(k * d)
	m.of.PushMap(w, theta, v, nil, ws)
	x.mul(lanes.ByRows(dst, rows.Len(), k), lanes.ByRows(w, k, d).T())
}

func (m *mapped) PullbackAlong(dst, theta, v, c lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	m.of.pullAlong(dst, theta, v, m.weigh(c, rows, nil, ws), nil, nil, nil, ws)
}

// weigh returns G = cᵀX.
func (m *mapped) weigh(c lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) lanes.Pack {
	x := choose(&m.x, rows, tape, ws)
	k, d := m.of.EffectiveShape()
	g := ws.Pack(k * d)
	x.mulT(lanes.ByRows(g, k, d).T(), lanes.ByRows(c, rows.Len(), k))
	return g
}

// root is x^(1/k) for x ≥ 0, by Newton's method from above: IEEE operations only, as math.Pow need not have the same bits
// on every CPU.
func root(x float64, k int) float64 {
	if x == 0 || k == 1 {
		return x
	}
	if k == 2 {
		return math.Sqrt(x)
	}
	_, e := math.Frexp(x) // x < 2ᵉ
	y := math.Ldexp(1, int(math.Ceil(float64(e)/float64(k))))
	for {
		p := y
		for range k - 2 {
			p *= y
		}
		next := y - (y-x/p)/float64(k)
		if !(next < y) {
			return y
		}
		y = next
	}
}
