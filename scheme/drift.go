package scheme

import (
	"fmt"

	"sgdlab"
	"sgdlab/formula"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// NewDownhill is the drift of gradient flow,
//
//	a(θ) = −∇L(θ),
//
// L the loss of the model over all rows; shape (d), in units of θ over time. It costs one gradient over all rows.
func NewDownhill(_ struct{}, s *sgdlab.Site) (sgdlab.Drift, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("the drift of an sde is −∇L, and there is no model")
	}
	return sgdlab.Downhill{Model: s.Model}, nil
}

// Formula is a drift that a spec writes out, of one to three variables,
//
//	a(θ) = (a₁(θ), …, a_d(θ)),
//
// shape (d), in units of θ over time. It need not be a gradient: rotation, growth, predators and prey. The language is
// that of the model `formula`.
type Formula struct {
	dim int
	of  *formula.Program
}

// FormulaSettings are those of the drift `formula`.
type FormulaSettings struct {
	Components []string `doc:"a(θ), one expression of the variables and parameters for each variable, such as [y, -x - y]"`
	formula.Settings
}

// NewFormula builds the drift; the model beside it gives the loss that observables read, and must have as many
// coordinates: the drift does not use it.
func NewFormula(c FormulaSettings, s *sgdlab.Site) (sgdlab.Drift, error) {
	g, err := c.Graph(spec.DidYouMean)
	if err != nil {
		return nil, err
	}
	d := len(c.Variables)
	if len(c.Components) != d {
		return nil, fmt.Errorf("components: got %d expressions for %d variables; want one for each", len(c.Components), d)
	}
	if s.Model != nil && s.Model.Dim() != d {
		return nil, fmt.Errorf("variables: got %d for a model of %d coordinates; want as many", d, s.Model.Dim())
	}
	of := make([]formula.Ref, d)
	for i, text := range c.Components {
		if of[i], err = g.Parse(text); err != nil {
			return nil, fmt.Errorf("components[%d]: %w", i, err)
		}
	}
	if err := g.Done(); err != nil {
		return nil, err
	}
	f := &Formula{dim: d}
	if f.of, err = g.Compile(of...); err != nil {
		return nil, fmt.Errorf("components: %w", err)
	}
	return f, nil
}

// Dim returns the number of variables.
func (f *Formula) Dim() int { return f.dim }

// Drift is dst = a(θ).
func (f *Formula) Drift(dst, theta lanes.Pack, ws *lanes.Arena) { f.of.Run(dst, theta, ws) }
