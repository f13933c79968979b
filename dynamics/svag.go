package dynamics

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/noise"
)

// SVAG is the gradient of the stochastic variance amplified gradient,
//
//	g = c₊g₁ + c₋g₂,  c_± = (1 ± √(2l − 1))/2,
//
// g₁ and g₂ stochastic gradients of two independent batches. c₊ + c₋ = 1 and c₊² + c₋² = l: the mean of g is that of one, and its
// covariance l times as large. It is one pullback over the rows of both.
//
// Source: Li, Malladi & Arora 2021.
type SVAG struct {
	Of    [2]*Stochastic
	Share [2]float64 // c₊, c₋
	rows  sgdlab.Rows
	all   [][lanes.W]int32 // every row of the data, for a batch that is all of them
}

// amplified is SVAG of two gradients.
func amplified(first, second *Stochastic, l int) *SVAG {
	s := &SVAG{Of: [2]*Stochastic{first, second}}
	root := math.Sqrt(float64(2*l - 1))
	s.Share = [2]float64{(1 + root) / 2, (1 - root) / 2}
	s.all = make([][lanes.W]int32, first.Model.Samples())
	for i := range s.all {
		for j := range s.all[i] {
			s.all[i][j] = int32(i)
		}
	}
	return s
}

// Gradient is dst = g.
func (s *SVAG) Gradient(dst, theta lanes.Pack, at *sgdlab.Clock, rec *sgdlab.StepRecord, ws *lanes.Arena) {
	s.rows = sgdlab.Rows{N: s.Of[0].Model.Samples(), Index: s.rows.Index[:0]}
	for _, of := range s.Of {
		of.Sample.Draw(&of.rows, at)
		if of.rows.Index == nil {
			of.rows.Index = s.all
		}
		s.rows.Index = append(s.rows.Index, of.rows.Index...)
	}
	m := s.Of[0].Model
	c := ws.Pack(s.rows.Len() * m.Outputs())
	tape := m.Slope(c, theta, s.rows, ws)
	from := 0
	for i, of := range s.Of {
		part := c[from : from+of.rows.Len()*m.Outputs()]
		for _, w := range of.Weigh {
			w.Weigh(part, of.rows, at, ws)
		}
		lanes.Scale(part, s.Share[i]/float64(of.rows.Len()))
		from += len(part)
	}
	m.Pullback(dst, theta, c, s.rows, tape, ws)
	rec.Used(s.rows, c, dst)
}

// Random reports whether a batch is.
func (s *SVAG) Random() bool { return s.Of[0].Random() }

// Altered says that its noise is another.
func (s *SVAG) Altered() string { return "on amplified gradients (svag)" }

// newSVAG is SGD at the rate η/l on amplified gradients.
func newSVAG(c SGDSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	l := float64(c.Svag)
	switch {
	case c.Momentum != nil:
		return nil, errors.New("svag amplifies the noise of plain steps, and momentum would have it amplified again; leave one of them out")
	case c.Rate == nil:
		return nil, errors.New("descent needs a `rate`, the learning rate η > 0")
	case varies(c.Rate) || c.LabelNoise != nil && varies(c.LabelNoise.Amplitude):
		return nil, errors.New("a schedule in steps counts calls, of which svag makes l to a step; count the lengths of the schedule in time (in: time)")
	}
	var of [2]*Stochastic
	var at *sgdlab.Site
	var all []noise.Drawn
	for i, prefix := range []string{"", "svag-"} {
		g, inside, drawn, err := onBatchFrom(prefix, c.Rate, c.Batch, c.Draw, c.LabelNoise, s)
		if err != nil {
			return nil, err
		}
		if _, ok := inside.Draws.(*noise.Reshuffled); ok {
			return nil, errors.New("svag needs batches that are independent from step to step, and reshuffled ones are not; use draw: with-replacement or without-replacement")
		}
		if i == 0 {
			at = inside
		}
		of[i], all = g, append(all, drawn...)
	}
	if err := noise.Distinct(all...); err != nil {
		return nil, fmt.Errorf("svag draws two independent batches: %w", err)
	}
	kicks, err := noise.Build(c.Noise, at, all...)
	if err != nil {
		return nil, err
	}
	for i, n := range kicks {
		if varies(n.Scale) {
			return nil, fmt.Errorf("noise[%d]: a schedule in steps counts calls, of which svag makes l to a step; count the lengths of the schedule in time (in: time)", i)
		}
	}
	part := func(at *sgdlab.Clock) lanes.Vec {
		v := c.Rate(at)
		for j := range v {
			v[j] /= l
		}
		return v
	}
	plain := &Descent{Of: amplified(of[0], of[1], c.Svag), Rate: part, Unit: c.Rate, Dim: s.Model.Dim()}
	if len(kicks) > 0 {
		return &Kicked{Descent: plain, Noise: kicks}, nil
	}
	return plain, nil
}

func varies(s sgdlab.Setting) bool {
	bySteps, _ := s.Varies()
	return bySteps
}
