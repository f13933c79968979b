package noise

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Basis is the eigenbasis of ∇²L(θ) in each lane, by an eigendecomposition at each θ. It holds scratch, and serves one worker.
type Basis struct {
	Values  lanes.Pack // λ, largest first
	Vectors lanes.View // eigenvectors in columns
	of      sgdlab.Curved
	work    linalg.Scratch
}

// NewBasis prepares the eigenbasis for a model that multiplies by its Hessian, of at most 64 parameters; what it is for names it in errors.
func NewBasis(what string, m sgdlab.Model) (*Basis, error) {
	c, err := sgdlab.As[sgdlab.Curved](m)
	if err != nil {
		return nil, fmt.Errorf("%s %w", what, err)
	}
	d := m.Dim()
	if d > maxUnfrozen {
		return nil, fmt.Errorf("%s takes an eigendecomposition per replica and step, for at most %d parameters; the model has %d", what, maxUnfrozen, d)
	}
	return &Basis{Values: make(lanes.Pack, d), Vectors: lanes.ByRows(make(lanes.Pack, d*d), d, d), of: c}, nil
}

// At finds λ and the eigenvectors at θ; NaN in lanes where the Hessian is not finite.
func (b *Basis) At(theta lanes.Pack, ws *lanes.Arena) {
	mark := ws.Mark()
	d := len(theta)
	h := ws.Pack(d * d)
	hessian(h, theta, b.of, ws)
	b.work.Eigen(b.Values, b.Vectors, lanes.ByRows(h, d, d))
	ws.Release(mark)
}

// hessian is h = ∇²L(θ), shape (d, d) by rows.
func hessian(h, theta lanes.Pack, m sgdlab.Curved, ws *lanes.Arena) {
	if f, ok := m.(sgdlab.Formed); ok {
		f.Hessian(h, theta, ws)
		return
	}
	d := len(theta)
	linalg.Form(lanes.ByRows(h, d, d), func(hv, v lanes.Pack) { m.HessVec(hv, theta, v, ws) }, ws)
}
