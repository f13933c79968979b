package noise

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// LabelNoise moves the labels of the rows drawn, a fresh ξ for every row and output:
//
//	c ← c + sζξ,
//
// as if each label were y − ζξ for this step only. Where it is shared, all rows of the step have the ξ of their output.
type LabelNoise struct {
	Amplitude sgdlab.Setting // ζ
	Law       sgdlab.Law
	PerLabel  float64 // s
	Shared    int     // the number of outputs, whose ξ the rows share; 0 where each row has its own
}

// Weigh changes c, shape (rows, outputs), which holds ∂ℓ/∂h.
func (n LabelNoise) Weigh(c lanes.Pack, _ sgdlab.Rows, at *sgdlab.Clock, ws *lanes.Arena) {
	mark := ws.Mark()
	each := len(c)
	if n.Shared > 0 {
		each = n.Shared
	}
	xi := ws.Pack(each)
	n.Law.Draw(xi, at)
	v := n.Amplitude(at)
	for l := range v {
		v[l] *= n.PerLabel
	}
	for i := 0; i < len(c); i += each {
		lanes.AddScaled(c[i:i+each], v, xi)
	}
	ws.Release(mark)
}

func (n LabelNoise) drawsFrom() string {
	if d, ok := n.Law.(streamed); ok {
		return d.drawsFrom()
	}
	return ""
}

// LabelNoiseSettings are those of `label-noise`.
type LabelNoiseSettings struct {
	Amplitude sgdlab.Setting          `spec:"amplitude,zeta" check:">=0" doc:"ζ, the standard deviation of the noise on one label, in units of the targets"`
	Law       sgdlab.Part[sgdlab.Law] `default:"gaussian" doc:"what is drawn"`
	Per       string                  `optional:"true" oneof:"datum|step" doc:"a draw for every label of every step (datum), or one for each output that all labels of the step share (step); datum where missing"`
}

// NewLabelNoise is noise on labels, drawn from the stream of s.Place.
func NewLabelNoise(c LabelNoiseSettings, s *sgdlab.Site) (sgdlab.Weigher, error) {
	m, err := sgdlab.As[sgdlab.Squared](s.Model)
	if err != nil {
		return nil, fmt.Errorf("label noise moves the targets of a square loss, and %w; for a landscape without data use an sde with identity noise", err)
	}
	if c.Amplitude == nil {
		return nil, fmt.Errorf("label noise needs an `amplitude`")
	}
	law := c.Law
	if law == nil {
		law = func(s *sgdlab.Site) (sgdlab.Law, error) { return NewGaussian(GaussianSettings{}, s) }
	}
	drawn, err := law(s)
	if err != nil {
		return nil, err
	}
	if err := Drives(drawn, Output{Model: m, Each: m.PerLabel()}); err != nil {
		return nil, err
	}
	n := LabelNoise{Amplitude: c.Amplitude, Law: drawn, PerLabel: m.PerLabel()}
	switch c.Per {
	case "", "datum":
	case "step":
		n.Shared = m.Outputs()
	default:
		return nil, fmt.Errorf("per is %q; want datum or step", c.Per)
	}
	return n, nil
}
