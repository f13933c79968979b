package observable

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// Loss is L(θ) of a model. As a Differentiable it knows ∇L.
type Loss struct {
	Of   sgdlab.Model
	Name string
}

// LossSettings are those of NewLoss: none.
type LossSettings struct{}

// NewLoss is the training loss.
func NewLoss(_ LossSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	return newLoss(m, "loss"), nil
}

func newLoss(m sgdlab.Model, name string) sgdlab.Observable {
	if h, err := sgdlab.As[sgdlab.Curved](m); err == nil {
		return curvedLoss{Loss: Loss{Of: m, Name: name}, Curved: h}
	}
	return Loss{Of: m, Name: name}
}

// curvedLoss is the Loss of a model that knows its Hessian: a TwiceDifferentiable.
type curvedLoss struct {
	Loss
	sgdlab.Curved
}

// TestLossSettings are those of NewTestLoss: none.
type TestLossSettings struct{}

// NewTestLoss is the loss of the same network on the test rows.
func NewTestLoss(_ TestLossSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	if _, err := standing(s); err != nil {
		return nil, err
	}
	if s.Test == nil {
		if s.Data == nil {
			return nil, fmt.Errorf("the model has no data, and so no test rows; observe loss instead")
		}
		return nil, fmt.Errorf("the data holds no test rows; hold some out, as a table does with train: 0.8, or observe loss instead")
	}
	return newLoss(s.Test, "test-loss"), nil
}

// Columns is the name.
func (o Loss) Columns() []sgdlab.Column { return named(o.Name) }

// Observe is dst = L(θ).
func (o Loss) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	dst[0] = o.Of.Loss(theta, ws)
}

// Gradient is dst = ∇L(θ).
func (o Loss) Gradient(dst, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	o.Of.Grad(dst, theta, ws)
}

// GradientNorm is ‖∇L(θ)‖₂.
type GradientNorm struct{ Of sgdlab.Model }

// GradientNormSettings are those of NewGradientNorm: none.
type GradientNormSettings struct{}

// NewGradientNorm is the norm of the exact gradient, whatever the dynamics follows.
func NewGradientNorm(_ GradientNormSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	return GradientNorm{Of: m}, nil
}

// Columns is gradient-norm.
func (o GradientNorm) Columns() []sgdlab.Column { return named("gradient-norm") }

// Observe is dst = ‖∇L(θ)‖.
func (o GradientNorm) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	g := ws.Pack(len(theta))
	o.Of.Grad(g, theta, ws)
	dst[0] = root(lanes.Dot(g, g))
}
