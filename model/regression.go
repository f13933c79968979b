package model

import (
	"fmt"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// network is what a regression is made of.
type network interface {
	sgdlab.Network
	sgdlab.Tangents
	// on returns the same function on other inputs.
	on(x lanes.Mat) network
}

// Regression is the square loss of a network on n samples,
//
//	L(θ) = p Σᵢ ‖h(xᵢ) − yᵢ‖²,  p = p(n) the prefactor of the loss,
//	ℓᵢ = np‖h(xᵢ) − yᵢ‖²,  ∂ℓᵢ/∂h = 2np (h − yᵢ),  ∂²ℓᵢ/∂h² = 2np,
//	∇²L v = 2p Jᵀ(Jv) + Σ 2p(h − y)ᵢ ∇²hᵢ v,
//
// the Gauss–Newton and the residual part of the Hessian.
type Regression struct {
	net  network
	y    lanes.Mat  // (n, k)
	wide lanes.Pack // y in every lane, for whole batches; nil where it is large
	loss Loss
	p    float64
}

// widen copies a small matrix, by rows, to every lane.
func widen(y lanes.Mat) lanes.Pack {
	if y.Rows*y.Cols > 1<<14 {
		return nil
	}
	p := make(lanes.Pack, 0, y.Rows*y.Cols)
	for i := range y.Rows {
		for j := range y.Cols {
			p = append(p, lanes.Splat(y.At(i, j)))
		}
	}
	return p
}

func newRegression(net network, y lanes.Mat, loss Loss) (*Regression, error) {
	p, err := loss.At(y.Rows)
	if err != nil {
		return nil, err
	}
	return &Regression{net: net, y: y, wide: widen(y), loss: loss, p: p}, nil
}

// Unwrap returns the network.
func (r *Regression) Unwrap() any { return r.net }

// LossName returns the loss as a spec would write it.
func (r *Regression) LossName() string { return r.loss.String() }

// Resolved returns what a spec may leave out, since it depends on the data: the loss.
func (r *Regression) Resolved() map[string]string { return map[string]string{"loss": r.LossName()} }

// Prefactor returns p.
func (r *Regression) Prefactor() float64 { return r.p }

// Dim returns the number of parameters.
func (r *Regression) Dim() int { return r.net.Dim() }

// Samples returns n.
func (r *Regression) Samples() int { return r.y.Rows }

// Targets returns Y, shape (n, k).
func (r *Regression) Targets() *lanes.Mat { return &r.y }

// Outputs returns k.
func (r *Regression) Outputs() int { return r.y.Cols }

// PerLabel returns s = 2np.
func (r *Regression) PerLabel() float64 { return 2 * float64(r.y.Rows) * r.p }

// PerOutput returns ℓ″ = 2np.
func (r *Regression) PerOutput() float64 { return r.PerLabel() }

// Predict is h over the rows; see sgdlab.Network.
func (r *Regression) Predict(h, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	return r.net.Predict(h, theta, rows, ws)
}

// residuals turns h into h − y.
func (r *Regression) residuals(h lanes.Pack, rows sgdlab.Rows) {
	k := r.y.Cols
	if rows.Index != nil {
		lanes.SubGathered(lanes.ByRows(h, rows.Len(), k), &r.y, rows.Index)
		return
	}
	if r.wide != nil {
		lanes.Sub(h, h, r.wide)
		return
	}
	for i := range rows.N {
		for j := range k {
			y, x := r.y.At(i, j), &h[i*k+j]
			for l := range x {
				x[l] -= y
			}
		}
	}
}

// Slope is dst = 2np(h − y).
func (r *Regression) Slope(dst, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	tape := r.net.Predict(dst, theta, rows, ws)
	r.residuals(dst, rows)
	if s := r.PerLabel(); s != 1 {
		lanes.Scale(dst, s)
	}
	return tape
}

// Pullback is dst = Σ cᵢ∇hᵢ(θ).
func (r *Regression) Pullback(dst, theta, c lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) {
	r.net.Pullback(dst, theta, c, rows, tape, ws)
}

// Loss is L(θ), summed over the rows.
func (r *Regression) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	defer ws.Release(ws.Mark())
	all := sgdlab.AllRows(r.y.Rows)
	h := ws.Pack(r.y.Rows * r.y.Cols)
	r.net.Predict(h, theta, all, ws)
	r.residuals(h, all)
	s := lanes.Dot(h, h)
	for l := range s {
		s[l] *= r.p
	}
	return s
}

// Grad is dst = ∇L(θ), summed over the rows.
func (r *Regression) Grad(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	all := sgdlab.AllRows(r.y.Rows)
	c := ws.Pack(r.y.Rows * r.y.Cols)
	tape := r.net.Predict(c, theta, all, ws)
	r.residuals(c, all)
	lanes.Scale(c, 2*r.p)
	r.net.Pullback(dst, theta, c, all, tape, ws)
}

// GaussNewtonVec is dst = 2p JᵀJv.
func (r *Regression) GaussNewtonVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	all := sgdlab.AllRows(r.y.Rows)
	c := ws.Pack(r.y.Rows * r.y.Cols)
	r.net.Push(c, theta, v, all, ws)
	lanes.Scale(c, 2*r.p)
	r.net.Pullback(dst, theta, c, all, nil, ws)
}

// HessVec is dst = ∇²L(θ)v.
func (r *Regression) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	all := sgdlab.AllRows(r.y.Rows)
	c := ws.Pack(r.y.Rows * r.y.Cols)
	r.net.Predict(c, theta, all, ws)
	r.residuals(c, all)
	lanes.Scale(c, 2*r.p)
	bend := ws.Pack(len(dst))
	r.net.PullbackAlong(bend, theta, v, c, all, ws)
	r.GaussNewtonVec(dst, theta, v, ws)
	lanes.Add(dst, dst, bend)
}

// TestModel returns the model on the held-out rows of its set, under the same loss with the number of test rows for n: nil
// where the set holds nothing out or the model is not made of samples.
func TestModel(m sgdlab.Model, set *data.Set) (sgdlab.Model, error) {
	type testable interface {
		onTest(set *data.Set) (sgdlab.Model, error)
	}
	t, ok := m.(testable)
	if !ok || set == nil || set.TestX.Empty() {
		return nil, nil
	}
	test, err := t.onTest(&data.Set{Name: set.Name + " (test)", X: set.TestX, Y: set.TestY, SumHalf: set.SumHalf})
	if err != nil {
		return nil, fmt.Errorf("on the test rows: %w", err)
	}
	return test, nil
}

// lossOn returns the loss that the settings ask for on a set, its default where they leave it open.
func lossOn(set *data.Set, l Loss) (Loss, error) {
	switch {
	case l.name == "" && set.SumHalf:
		return SumHalf(), nil
	case l.name == "":
		return MeanHalf(), nil
	case set.SumHalf && l.name != SumHalf().name:
		return Loss{}, fmt.Errorf("loss is %s, but %s stands for ½‖W − M‖², which is the loss sum-half; leave out loss", l, set.Name)
	}
	return l, nil
}
