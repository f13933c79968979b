package model

import (
	"fmt"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// network is what a risk is made of.
type network interface {
	sgdlab.Network
	sgdlab.Tangents
	// on returns the same function on other inputs.
	on(x lanes.Mat) network
}

// jetted networks carry jets along θ + su + tv from the parameters to the outputs and back. Of a jet they have so many parts: the
// value; with the derivative along u; or all four.
type jetted interface {
	network
	// lift fills h with the jet of the outputs where p is that of the parameters, (θ, u, v, nil).
	lift(h, p jet, parts int, rows sgdlab.Rows, ws *lanes.Arena) (tape lanes.Pack)
	// drop is the last part of the jet of Σ cᵢ∇hᵢ, with c a jet of which it may overwrite all.
	drop(dst lanes.Pack, p, c jet, parts int, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena)
}

// Risk is the empirical risk of a network on n samples,
//
//	L(θ) = p Σᵢ ρ(h(xᵢ), yᵢ),  ℓᵢ = np ρ(h(xᵢ), yᵢ),
//	∇²L v = p Jᵀρ″Jv + p Σ ∂ρ/∂hᵢ ∇²hᵢ v,
//
// the Gauss–Newton and the residual part of the Hessian; ρ and its prefactor p are those of the loss.
type Risk struct {
	net     network
	rho     criterion
	n       int
	loss    Loss
	p       float64
	outputs int
}

func newRisk(net network, set *data.Set, loss Loss) (*Risk, error) {
	loss, err := lossOn(set, loss)
	if err != nil {
		return nil, err
	}
	return riskOn(net, set.Y, loss)
}

// riskOn is the risk under a loss that is known.
func riskOn(net network, y lanes.Mat, loss Loss) (*Risk, error) {
	p, err := loss.At(y.Rows)
	if err != nil {
		return nil, err
	}
	rho, err := newCriterion(loss, y)
	if err != nil {
		return nil, err
	}
	return &Risk{net: net, rho: rho, n: y.Rows, outputs: y.Cols, loss: loss, p: p}, nil
}

// newModel is the risk of a network on a set, a regression where the loss is a square.
func newModel(net network, set *data.Set, loss Loss) (sgdlab.Model, error) {
	if !loss.Squared() {
		return newRisk(net, set, loss)
	}
	loss, err := lossOn(set, loss)
	if err != nil {
		return nil, err
	}
	return newRegression(net, set.Y, loss)
}

// Unwrap returns the network.
func (r *Risk) Unwrap() any { return r.net }

// LossName returns the loss as a spec would write it.
func (r *Risk) LossName() string { return r.loss.String() }

// Resolved returns what a spec may leave out, since it depends on the data: the loss.
func (r *Risk) Resolved() map[string]string { return map[string]string{"loss": r.LossName()} }

// Prefactor returns p.
func (r *Risk) Prefactor() float64 { return r.p }

// Dim returns the number of parameters.
func (r *Risk) Dim() int { return r.net.Dim() }

// Samples returns n.
func (r *Risk) Samples() int { return r.n }

// Outputs returns k.
func (r *Risk) Outputs() int { return r.outputs }

// Predict is h over the rows; see sgdlab.Network.
func (r *Risk) Predict(h, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	return r.net.Predict(h, theta, rows, ws)
}

// Slope is dst = np ∂ρ/∂h.
func (r *Risk) Slope(dst, theta lanes.Pack, rows sgdlab.Rows, ws *lanes.Arena) lanes.Pack {
	tape := r.net.Predict(dst, theta, rows, ws)
	r.rho.slope(jet{dst}, 1, float64(r.n)*r.p, rows)
	return tape
}

// Pullback is dst = Σ cᵢ∇hᵢ(θ).
func (r *Risk) Pullback(dst, theta, c lanes.Pack, rows sgdlab.Rows, tape lanes.Pack, ws *lanes.Arena) {
	r.net.Pullback(dst, theta, c, rows, tape, ws)
}

// Loss is L(θ), summed over the rows.
func (r *Risk) Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec {
	defer ws.Release(ws.Mark())
	all := sgdlab.AllRows(r.n)
	h := ws.Pack(r.n * r.outputs)
	r.net.Predict(h, theta, all, ws)
	s := r.rho.total(h, all)
	for l := range s {
		s[l] *= r.p
	}
	return s
}

// Grad is dst = ∇L(θ), summed over the rows.
func (r *Risk) Grad(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	r.GradTape(dst, theta, ws)
}

// GradTape is Grad that leaves its tape, in ws, to other pullbacks over all rows at the same θ.
func (r *Risk) GradTape(dst, theta lanes.Pack, ws *lanes.Arena) (tape lanes.Pack) {
	all := sgdlab.AllRows(r.n)
	c := ws.Pack(r.n * r.outputs)
	tape = r.net.Predict(c, theta, all, ws)
	r.rho.slope(jet{c}, 1, r.p, all)
	r.net.Pullback(dst, theta, c, all, tape, ws)
	return tape
}

// GaussNewtonVec is dst = p Jᵀρ″Jv.
func (r *Risk) GaussNewtonVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	all, size := sgdlab.AllRows(r.n), r.n*r.outputs
	h := jet{ws.Pack(size), ws.Pack(size)}
	var tape lanes.Pack
	if r.rho.bent() {
		tape = r.net.Predict(h[0], theta, all, ws)
	}
	r.net.Push(h[1], theta, v, all, ws)
	r.rho.slope(h, 2, r.p, all)
	r.net.Pullback(dst, theta, h[1], all, tape, ws)
}

// HessVec is dst = ∇²L(θ)v.
func (r *Risk) HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	all, size := sgdlab.AllRows(r.n), r.n*r.outputs
	h := jet{ws.Pack(size), ws.Pack(size)}
	if net, ok := r.net.(jetted); ok {
		p := jet{theta, v}
		tape := net.lift(h, p, 2, all, ws)
		r.rho.slope(h, 2, r.p, all)
		net.drop(dst, p, h, 2, all, tape, ws)
		return
	}
	r.net.Predict(h[0], theta, all, ws)
	r.rho.slope(h, 1, r.p, all)
	bend := ws.Pack(len(dst))
	r.net.PullbackAlong(bend, theta, v, h[0], all, ws)
	r.GaussNewtonVec(dst, theta, v, ws)
	lanes.Add(dst, dst, bend)
}

// ThirdVec is dst = D³L(θ)[u, v].
func (r *Risk) ThirdVec(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	net, ok := r.net.(jetted)
	if !ok {
		thirdVec(dst, theta, u, v, r.net.(linear), byRows{r}, ws)
		return
	}
	defer ws.Release(ws.Mark())
	all, p := sgdlab.AllRows(r.n), jet{theta, u, v}
	h := newJet(r.n*r.outputs, ws)
	tape := net.lift(h, p, 4, all, ws)
	r.rho.slope(h, 4, r.p, all)
	net.drop(dst, p, h, 4, all, tape, ws)
}

func (r *Risk) onTest(set *data.Set) (sgdlab.Model, error) {
	return newModel(r.net.on(set.X), set, r.loss)
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
