package observable

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// Coordinate is one coordinate of θ, shape (d),
//
//	θᵢ,  i from 0 to d − 1:
//
// the parameters of the model in its own order, layers first to last and each matrix by rows. As a Differentiable its
// gradient is the unit vector.
type Coordinate struct{ Index int }

// CoordinateSettings are those of NewCoordinate.
type CoordinateSettings struct {
	Index int `doc:"which coordinate of θ, from 0" default:"0" check:">=0"`
}

// NewCoordinate is one coordinate of θ.
func NewCoordinate(c CoordinateSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	if d := m.Dim(); c.Index < 0 || c.Index >= d {
		return nil, fmt.Errorf("index %d is not a coordinate of θ; use 0 to %d", c.Index, d-1)
	}
	return Coordinate(c), nil
}

// Columns is coordinate[i].
func (o Coordinate) Columns() []sgdlab.Column { return named(fmt.Sprintf("coordinate[%d]", o.Index)) }

// Observe is dst = θᵢ.
func (o Coordinate) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	dst[0] = theta[o.Index]
}

// Gradient is dst = eᵢ.
func (o Coordinate) Gradient(dst, _ lanes.Pack, _ *lanes.Arena) {
	lanes.Zero(dst)
	dst[o.Index] = lanes.Splat(1)
}
