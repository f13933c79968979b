package sgdlab

import (
	"errors"

	"sgdlab/lanes"
)

// DiagonalPairs are the coordinates of a diagonal network of two vectors in the form that steps multiply,
//
//	w± ← w±(1 ∓ ηρg),  g = ∂L/∂β:  w± = u ± v and ρ = 1 of β = u ⊙ v,  w₊ = u, w₋ = v and ρ = 2 of β = u² − v²,
//
// with any g, that of SGD and label noise included. The scale and the tilt of a coordinate,
//
//	cⱼ = ½│uⱼ² − vⱼ²│, or 2│uⱼvⱼ│,   sⱼ = ln│w₊/w₋│,   give  βⱼ = cⱼ sinh sⱼ.
type DiagonalPairs struct {
	U, V    []int // positions in θ
	Squares bool  // β = u² − v²
}

// PairsOf finds the pairs of a model.
func PairsOf(m Model) (*DiagonalPairs, error) {
	p := &DiagonalPairs{}
	if of, err := As[Paired](m); err == nil {
		p.U, p.V = of.Pairs()
		return p, nil
	}
	of, err := As[interface{ Power() int }](m)
	if err != nil || of.Power() != 2 {
		return nil, errors.New("is of a diagonal network of two vectors, u ⊙ v or u² − v²; use diagonal with depth: 2")
	}
	p.Squares = true
	for j := range m.Dim() / 2 {
		p.U, p.V = append(p.U, j), append(p.V, m.Dim()/2+j)
	}
	return p, nil
}

// Speed is ρ.
func (p *DiagonalPairs) Speed() float64 {
	if p.Squares {
		return 2
	}
	return 1
}

// W returns w₊ and w₋ of coordinate j in a lane.
func (p *DiagonalPairs) W(theta lanes.Pack, j, lane int) (plus, minus float64) {
	u, v := theta[p.U[j]][lane], theta[p.V[j]][lane]
	if p.Squares {
		return u, v
	}
	return u + v, u - v
}

// Scale returns cⱼ in a lane.
func (p *DiagonalPairs) Scale(theta lanes.Pack, j, lane int) float64 {
	plus, minus := p.W(theta, j, lane)
	c := plus * minus
	if c < 0 {
		c = -c
	}
	if p.Squares {
		return 2 * c
	}
	return c / 2
}
