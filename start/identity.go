package start

import (
	"fmt"

	"sgdlab"
)

// IdentitySettings are the settings of NewIdentity.
type IdentitySettings struct {
	Scale     float64        `doc:"α, what every layer but the last is of the identity"`
	Last      float64        `doc:"what the last layer is of it" default:"0"`
	Deviation sgdlab.Setting `doc:"standard deviation of a Gaussian kick, in every coordinate" default:"0" check:">=0"`
}

// NewIdentity starts with layers in proportion to the identity, the last one by itself, kicked,
//
//	W_l = αI for l < L,  W_L = α′I,  θ ← θ + δz,  z standard normal,
//
// I of a layer that is not square having ones where row and column agree. With α′ = 0 the end-to-end map is 0, and is learnt along
// the singular vectors of a diagonal target: its modes do not mix. It needs a model of layers; α, α′ and δ are in units of θ.
//
// Source: Ghosh, Kwon, Wang, Ravishankar & Qu 2025.
func NewIdentity(c IdentitySettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	m, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err != nil {
		return nil, err
	}
	layers := m.Layers()
	size := 0
	for _, l := range layers {
		size += l.Rows * l.Cols
	}
	if d := s.Model.Dim(); size != d {
		return nil, fmt.Errorf("the layers have %d of the model's %d coordinates; want a model of weight matrices alone", size, d)
	}
	centre := make([]float64, s.Model.Dim())
	for i, l := range layers {
		x := c.Scale
		if i == len(layers)-1 {
			x = c.Last
		}
		for j := range min(l.Rows, l.Cols) {
			centre[l.Offset+j*l.Cols+j] = x
		}
	}
	return newCloud(centre, c.Deviation, nil, s), nil
}
