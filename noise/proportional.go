package noise

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// Proportional sends ξ to θ ⊙ ξ, the entrywise product: noise of geometric Brownian motion; shapes (d) → (d).
type Proportional struct{ Dim int }

// Width is d.
func (f Proportional) Width() int { return f.Dim }

// Apply is dst = θ ⊙ ξ.
func (f Proportional) Apply(dst, theta, xi lanes.Pack, _ *lanes.Arena) { lanes.Mul(dst, theta, xi) }

// ApplyT is dst = θ ⊙ v.
func (f Proportional) ApplyT(dst, theta, v lanes.Pack, _ *lanes.Arena) { lanes.Mul(dst, theta, v) }

// ApplyAlong is dst = v ⊙ ξ.
func (f Proportional) ApplyAlong(dst, _, v, xi lanes.Pack, _ *lanes.Arena) { lanes.Mul(dst, v, xi) }

// Induced is ½Σ(∂σ)σ, of each coordinate.
func (f Proportional) Induced() []string { return []string{"theta/2"} }

// Kind is diagonal.
func (f Proportional) Kind() sgdlab.NoiseKind { return sgdlab.DiagonalNoise }

// ProportionalSettings are those of `proportional`.
type ProportionalSettings struct {
	Amplitude sgdlab.Setting `spec:"amplitude,beta" check:">=0" doc:"β in βθᵢdWᵢ, in units of 1/√time"`
}

// NewProportional is noise in proportion to each coordinate,
//
//	dθᵢ = … + βθᵢ dWᵢ,
//
// independent for each, at scale β for any law. On ½μ‖θ‖² in the sense of Itô it is geometric Brownian motion, which
// scheme: log-euler steps exactly. It keeps the signs of θ in continuous time, and vanishes at 0.
func NewProportional(c ProportionalSettings, s *sgdlab.Site) (sgdlab.Source, error) {
	if s.Model == nil {
		return sgdlab.Source{}, fmt.Errorf("proportional noise has the dimension of the model, and there is none")
	}
	if c.Amplitude == nil {
		return sgdlab.Source{}, fmt.Errorf("proportional noise needs an `amplitude`, β of βθᵢdWᵢ")
	}
	return sgdlab.Source{Factor: Proportional{Dim: s.Model.Dim()}, Scale: func(float64) sgdlab.Setting { return c.Amplitude }}, nil
}
