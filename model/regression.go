package model

import (
	"sgdlab/lanes"
)

// Regression is the risk of a network under the square loss,
//
//	L(θ) = p Σᵢ ‖h(xᵢ) − yᵢ‖²,  p = p(n) the prefactor of the loss,
//	ℓᵢ = np‖h(xᵢ) − yᵢ‖²,  ∂ℓᵢ/∂h = 2np (h − yᵢ),  ∂²ℓᵢ/∂h² = 2np,
//	∇²L v = 2p Jᵀ(Jv) + Σ 2p(h − y)ᵢ ∇²hᵢ v.
type Regression struct {
	*Risk
	y lanes.Mat // (n, k)
}

// newRegression is the regression under a square loss that is known.
func newRegression(net network, y lanes.Mat, loss Loss) (*Regression, error) {
	r, err := riskOn(net, y, loss)
	if err != nil {
		return nil, err
	}
	return &Regression{Risk: r, y: y}, nil
}

// Targets returns Y, shape (n, k).
func (r *Regression) Targets() *lanes.Mat { return &r.y }

// PerLabel returns s = 2np.
func (r *Regression) PerLabel() float64 { return 2 * float64(r.n) * r.p }

// PerOutput returns ℓ″ = 2np.
func (r *Regression) PerOutput() float64 { return r.PerLabel() }
