package start

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/rng"
)

// LayersSettings are the settings of NewLayers.
type LayersSettings struct {
	Weights    Coordinates    `doc:"size of the weights of each layer, first to last: a list, or a single number for all of them"`
	Law        string         `doc:"what the size is: a standard deviation (gaussian), or half the width of an interval about 0 (uniform)" default:"gaussian" oneof:"gaussian|uniform"`
	Scale      string         `doc:"what the sizes of weights and biases are multiplied by: 1 (equal), 1/√(inputs of the layer) (fan-in), or √2/√(inputs + outputs of the layer) (fan-average)" default:"equal" oneof:"equal|fan-in|fan-average"`
	Biases     Coordinates    `doc:"size of the biases of each layer: a list, or a single number for all of them" default:"0"`
	BiasLaw    string         `doc:"law of the biases, that of the weights where missing" optional:"true" oneof:"gaussian|uniform"`
	Multiplier sgdlab.Setting `doc:"what all of it is multiplied by" default:"1" check:">=0"`
}

// NewLayers starts with weights and biases that are independent and of a size that is chosen by layer,
//
//	W_l = c ω_l f_l Z,  b_l = c β_l f_l Z′,  Z and Z′ standard normal, or uniform on (−1, 1),
//
// with the sizes ω_l of weights and β_l of biases and the multiplier c, and f_l = 1, or by the scale of the layer's w_{l−1} inputs and w_l outputs. Sizes are in units
// of θ. The usual start of linear layers with biases is law: uniform, scale: fan-in, weights: 1, biases: 1; weights: 1 alone has them start at 0. Weights
// and biases have streams of their own, so that starts that differ in their biases share the weights. It serves models of layers.
func NewLayers(c LayersSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	layered, err := sgdlab.As[sgdlab.Layered](s.Model)
	if err != nil {
		return nil, err
	}
	shapes := layered.Layers()
	scale, err := factors(c.Scale, s.Model)
	if err != nil {
		return nil, err
	}
	size := func(key string, by *Coordinates) ([]float64, error) {
		if by.List != nil && len(by.List) != len(shapes) {
			return nil, fmt.Errorf("%s has %d sizes, but the model has %d layers; give one for each, or a single one for all", key, len(by.List), len(shapes))
		}
		sizes, err := by.point(key, len(shapes))
		for _, x := range sizes {
			if x < 0 {
				return nil, fmt.Errorf("%s holds %g; sizes are at least 0", key, x)
			}
		}
		return sizes, err
	}
	weights, err := size("weights", &c.Weights)
	if err != nil {
		return nil, err
	}
	biases, err := size("biases", &c.Biases)
	if err != nil {
		return nil, err
	}
	if c.BiasLaw == "" {
		c.BiasLaw = c.Law
	}
	factor := make([]float64, s.Model.Dim())
	isBias := make([]bool, len(factor))
	some := false
	for l, w := range shapes {
		for j := w.Offset; j < w.End(); j++ {
			if isBias[j] = j >= w.End()-w.Biases; isBias[j] {
				some, factor[j] = true, biases[l]
			} else {
				factor[j] = weights[l]
			}
			if scale != nil {
				factor[j] *= scale[w.Offset]
			}
		}
	}
	if c.Biases.List == nil && c.Biases.Every != 0 && !some {
		return nil, fmt.Errorf("biases are %g, and the model has none; leave out biases, or use a model with biases", c.Biases.Every)
	}
	o := &byLayer{cloud: newCloud(nil, c.Multiplier, factor, s), isBias: isBias, law: law(c.Law)}
	if some {
		o.biases, o.biasLaw, o.z = rng.New(s.Place+"/biases"), law(c.BiasLaw), make(lanes.Pack, len(factor))
	}
	return o, nil
}

// byLayer is a cloud with biases that have a stream of their own.
type byLayer struct {
	*cloud
	law     func(z lanes.Pack, stream *rng.Stream, who *rng.Lanes)
	isBias  []bool
	biases  *rng.Stream // nil where there are none
	biasLaw func(z lanes.Pack, stream *rng.Stream, who *rng.Lanes)
	z       lanes.Pack
}

// law is how numbers of size 1 are drawn.
func law(name string) func(z lanes.Pack, stream *rng.Stream, who *rng.Lanes) {
	if name == "uniform" {
		return uniforms
	}
	return func(z lanes.Pack, stream *rng.Stream, who *rng.Lanes) { stream.FullNormals(z, who) }
}

// uniforms are uniform on (−1, 1).
func uniforms(z lanes.Pack, stream *rng.Stream, who *rng.Lanes) {
	stream.Uniforms(z, who)
	for j := range z {
		for l := range z[j] {
			z[j][l] = math.FMA(2, z[j][l], -1)
		}
	}
}

// Draw fills θ.
func (o *byLayer) Draw(theta lanes.Pack, at *sgdlab.Clock) {
	o.draw(theta, at, func(z lanes.Pack, stream *rng.Stream, who *rng.Lanes) {
		o.law(z, stream, who)
		if o.biases == nil {
			return
		}
		o.biasLaw(o.z, o.biases, who)
		for j, is := range o.isBias {
			if is {
				z[j] = o.z[j]
			}
		}
	})
}
