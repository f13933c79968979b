package observable

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// Loss is the loss of a model at θ,
//
//	L(θ),  of a model of data p Σᵢ ‖h_θ(xᵢ) − yᵢ‖²,
//
// p the prefactor of the loss. As a Differentiable it knows ∇L.
//
// It is in units of the targets squared on data, and as dθ = −∇L dt in those of θ² over time in general. No units are kept
// with numbers: they are in those of the data and of θ, and time is ηk.
type Loss struct {
	Of   sgdlab.Model
	Name string
}

// LossSettings are those of NewLoss: none.
type LossSettings struct{}

// NewLoss builds the training loss; it takes one loss, which for a linear network with more samples than inputs is free of
// n.
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

// NewTestLoss is the loss of the same network on the m rows held out,
//
//	L_test(θ) = p(m) Σᵢ ‖h_θ(xᵢ) − yᵢ‖² over the test rows,
//
// with the prefactor of the training loss for their own number: 1/2m for mean-half. It needs data with test rows, as those
// of a table with train: 0.8 or of gaussian with test-samples. It is in units of the targets squared.
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

// GradientNorm is the Euclidean norm of the gradient over all rows,
//
//	‖∇L(θ)‖₂ = √(Σⱼ (∂L/∂θⱼ)²),
//
// in units of L over θ.
type GradientNorm struct{ Of sgdlab.Model }

// GradientNormSettings are those of NewGradientNorm: none.
type GradientNormSettings struct{}

// NewGradientNorm builds the norm of the exact gradient, whatever the dynamics follows; it takes one gradient over all
// rows.
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
