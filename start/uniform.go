package start

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// UniformSettings are the settings of NewUniform.
type UniformSettings struct {
	HalfWidth sgdlab.Setting `doc:"a, half the width of the interval; give this, or between" optional:"true" check:">=0"`
	Centre    Coordinates    `spec:"centre,center" doc:"c, the middle: a list with one number for each coordinate, or a single number for all; 0 where missing" optional:"true"`
	Between   []float64      `doc:"the ends of the interval, [low, high], the same for every coordinate" optional:"true"`
	Scale     string         `doc:"what the half width is multiplied by: 1 (equal), 1/√(inputs of the layer) (fan-in), or √2/√(inputs + outputs of the layer) (fan-average)" default:"equal" oneof:"equal|fan-in|fan-average"`
}

// NewUniform starts with independent uniform coordinates,
//
//	θⱼ = cⱼ + a fⱼ U(−1, 1),
//
// j = 1 … d, of variance a²fⱼ²/3; a and c are in units of θ. All factors f are 1 but with scale: fan-in or fan-average, which take them of the layer of the
// coordinate and want a model of layers: half-width: 1 with scale: fan-in is U(−1/√inputs, 1/√inputs), the usual start of a
// linear layer and its biases. Every replica of a seed draws one U, whatever the half width, so that points of a sweep
// over it pair.
func NewUniform(c UniformSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	factor, err := factors(c.Scale, s.Model)
	if err != nil {
		return nil, err
	}
	var centre []float64
	given := c.Centre.List != nil || c.Centre.Every != 0
	switch {
	case c.HalfWidth != nil && c.Between != nil:
		return nil, errors.New("both half-width and between are given; leave out one")
	case c.HalfWidth != nil:
		if given {
			if centre, err = c.Centre.point("centre", s.Model.Dim()); err != nil {
				return nil, err
			}
		}
	case c.Between == nil:
		return nil, errors.New("the interval is missing; give half-width, or between: [low, high]")
	case given:
		return nil, errors.New("between says where the interval is; leave out centre, or give half-width in its place")
	case len(c.Between) != 2:
		return nil, fmt.Errorf("between is %v; want two numbers, [low, high]", c.Between)
	default:
		low, width := c.Between[0], c.Between[1]-c.Between[0]
		if !(width >= 0) || math.IsInf(width, 0) || math.IsInf(low, 0) {
			return nil, fmt.Errorf("between is %v; want finite numbers, low ≤ high", c.Between)
		}
		c.HalfWidth = sgdlab.Constant(width / 2)
		middle := Coordinates{Every: low + width/2}
		if centre, err = middle.point("between", s.Model.Dim()); err != nil {
			return nil, err
		}
	}
	return &uniform{newCloud(centre, c.HalfWidth, factor, s)}, nil
}

// uniform is a cloud of uniform coordinates.
type uniform struct{ *cloud }

// Draw fills θ.
func (u *uniform) Draw(theta lanes.Pack, at *sgdlab.Clock) {
	u.draw(theta, at, uniforms)
}

// factors returns what the deviation of each coordinate is multiplied by, nil for 1.
func factors(scale string, m sgdlab.Model) ([]float64, error) {
	if scale == "equal" || scale == "" {
		return nil, nil
	}
	layered, err := sgdlab.As[sgdlab.Layered](m)
	if err != nil {
		return nil, fmt.Errorf("scale: %s %w; use scale: equal", scale, err)
	}
	f := make([]float64, m.Dim())
	for j := range f {
		f[j] = 1
	}
	for _, w := range layered.Layers() {
		var x float64
		switch scale {
		case "fan-in":
			x = 1 / math.Sqrt(float64(w.Cols))
		case "fan-average":
			x = math.Sqrt(2 / float64(w.Rows+w.Cols))
		default:
			return nil, fmt.Errorf("scale is %q; want equal, fan-in or fan-average", scale)
		}
		for j := w.Offset; j < w.End(); j++ {
			f[j] = x
		}
	}
	return f, nil
}
