// Package start places replicas: where training begins.
//
// A start is a centre, which all replicas share, and a Gaussian deviation around it, which each draws for itself under the
// seed of the starts.
//
// What belongs here: points, clouds of points, and starts read off a model's modes. What does not: the critical points
// themselves (package model), and anything after step 0.
package start

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/rng"
)

// cloud is the start θ = centre + δz, z standard normal in every coordinate. The stream is keyed by purpose, seed and
// replica.
type cloud struct {
	centre    []float64 // nil: 0
	deviation sgdlab.Setting
	stream    *rng.Stream
	z         lanes.Pack
}

func newCloud(centre []float64, deviation sgdlab.Setting, s *sgdlab.Site) *cloud {
	if deviation == nil {
		deviation = sgdlab.Constant(0)
	}
	for j, x := range centre {
		if x == 0 {
			centre[j] = 0 // not −0, which a kick of size 0 would change
		}
	}
	return &cloud{centre: centre, deviation: deviation, stream: rng.New(s.Place), z: make(lanes.Pack, s.Model.Dim())}
}

// Centre returns the start without its random part.
func (c *cloud) Centre() []float64 {
	if c.centre == nil {
		return nil
	}
	return append([]float64(nil), c.centre...)
}

// Draw fills θ. Every replica of a seed draws one z, whatever the deviation, so that points of a sweep over deviations
// pair.
func (c *cloud) Draw(theta lanes.Pack, at *sgdlab.Clock) {
	if c.centre == nil {
		lanes.Zero(theta)
	} else {
		lanes.Fill(theta, c.centre)
	}
	deviation := c.deviation(at)
	if deviation == (lanes.Vec{}) {
		return
	}
	who := at.Lanes
	who.Branch, who.Step = [lanes.W]uint64{}, [lanes.W]uint64{}
	c.stream.Normals(c.z, &who)
	lanes.AddScaled(theta, deviation, c.z)
}

// Deterministic reports whether the deviation is 0 at the point.
func (c *cloud) Deterministic(point int32) bool {
	at := &sgdlab.Clock{}
	for l := range at.Point {
		at.Point[l] = point
	}
	return c.deviation(at) == lanes.Vec{}
}

// standing refuses to start without a model.
func standing(s *sgdlab.Site) error {
	if s == nil || s.Model == nil {
		return errors.New("a start needs a model; give model")
	}
	return nil
}

// Coordinates are a list, one number for each coordinate, or a single number for all of them.
type Coordinates struct {
	List  []float64
	Every float64
}

// Decode reads a number or a list of numbers.
func (c *Coordinates) Decode(value any) error {
	if x, ok := number(value); ok {
		*c = Coordinates{Every: x}
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		return fmt.Errorf("got %v; want a list with one number for each coordinate, or a single number for all", value)
	}
	c.List = make([]float64, len(list))
	for i, v := range list {
		x, ok := number(v)
		if !ok {
			return fmt.Errorf("entry %d is %v; want a number", i+1, v)
		}
		c.List[i] = x
	}
	return nil
}

func number(value any) (float64, bool) {
	switch x := value.(type) {
	case float64:
		return x, true
	case int:
		return float64(x), true
	}
	return 0, false
}

// PointSettings are the settings of NewPoint.
type PointSettings struct {
	At Coordinates `doc:"θ: a list with one number for each coordinate, or a single number for all of them"`
}

// NewPoint starts every replica at one place.
func NewPoint(c PointSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	d := s.Model.Dim()
	theta := make([]float64, d)
	if c.At.List != nil && len(c.At.List) != d {
		return nil, fmt.Errorf("at has %d coordinates, but the model has %d; give %d numbers, or a single one for all", len(c.At.List), d, d)
	}
	for j := range theta {
		theta[j] = c.At.Every
		if c.At.List != nil {
			theta[j] = c.At.List[j]
		}
		if math.IsNaN(theta[j]) || math.IsInf(theta[j], 0) {
			return nil, fmt.Errorf("at: coordinate %d is %g; want finite numbers", j, theta[j])
		}
	}
	return newCloud(theta, nil, s), nil
}

// GaussianSettings are the settings of NewGaussian.
type GaussianSettings struct {
	Deviation sgdlab.Setting `doc:"standard deviation of every coordinate" check:">=0"`
}

// NewGaussian starts at θ = δz with standard normal z.
func NewGaussian(c GaussianSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	if c.Deviation == nil {
		return nil, errors.New("deviation is missing; give the standard deviation of every coordinate")
	}
	return newCloud(nil, c.Deviation, s), nil
}

// Balanced models can place themselves with some modes at a given strength and with balanced layers,
// W_{l+1}ᵀW_{l+1} = W_lW_lᵀ; nil stands for all modes.
type Balanced interface {
	Balanced(modes []int, strength float64) ([]float64, error)
}

// BalancedSettings are the settings of NewBalanced.
type BalancedSettings struct {
	Strength  float64        `doc:"u₀, the strength of every mode: the singular value of the end-to-end map" check:">0"`
	Modes     []int          `doc:"which modes of the empirical map, 1 the strongest; all where missing" optional:"true" check:">=1"`
	Deviation sgdlab.Setting `doc:"standard deviation of a Gaussian kick, in every coordinate" default:"0" check:">=0"`
}

// NewBalanced starts with balanced layers along the modes of the empirical map, each at one strength: the decoupled start
// of Saxe, McClelland & Ganguli 2013. Of a diagonal network the modes are the coordinates.
func NewBalanced(c BalancedSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	b, err := sgdlab.As[Balanced](s.Model)
	if err != nil {
		return nil, err
	}
	centre, err := b.Balanced(c.Modes, c.Strength)
	if err != nil {
		return nil, err
	}
	return newCloud(centre, c.Deviation, s), nil
}

// SaddleSettings are the settings of NewSaddle.
type SaddleSettings struct {
	Modes     []int          `doc:"the modes of the empirical map that are learnt, 1 the strongest" optional:"true" check:">=1"`
	Rank      int            `doc:"instead of modes: the k strongest; 0, the origin, where both are missing" optional:"true" check:">=0"`
	Deviation sgdlab.Setting `doc:"standard deviation of a Gaussian kick, in every coordinate" default:"0" check:">=0"`
}

// NewSaddle starts at the critical point where just these modes are learnt, balanced between the layers, kicked.
func NewSaddle(c SaddleSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	m, err := sgdlab.As[sgdlab.Saddled](s.Model)
	if err != nil {
		return nil, err
	}
	modes := c.Modes
	if modes != nil && c.Rank != 0 {
		return nil, fmt.Errorf("both modes %v and rank %d are given; leave out one", modes, c.Rank)
	}
	if c.Rank < 0 {
		return nil, fmt.Errorf("rank is %d; want a number of modes ≥ 0", c.Rank)
	}
	if have := len(m.Modes()); c.Rank > have {
		return nil, fmt.Errorf("rank is %d, but the empirical map has %d modes; use at most %d", c.Rank, have, have)
	}
	for k := range c.Rank {
		modes = append(modes, k+1)
	}
	centre, _, err := m.Critical(modes)
	if err != nil {
		return nil, err
	}
	return &saddle{cloud: newCloud(centre, c.Deviation, s), modes: modes}, nil
}

// saddle is a cloud around a critical point.
type saddle struct {
	*cloud
	modes []int
}

// Modes returns which modes are learnt at the centre.
func (s *saddle) Modes() []int { return append([]int(nil), s.modes...) }
