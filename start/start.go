// Package start places replicas: where training begins.
//
// A start is a centre, which all replicas share, and a Gaussian or uniform deviation around it, which each draws for itself
// under the seed of the starts; or a file says where each is.
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

// cloud is the start θ = centre + δf⊙z, z standard normal in every coordinate. The stream is keyed by purpose, seed and
// replica.
type cloud struct {
	centre    []float64 // nil: 0
	deviation sgdlab.Setting
	factor    []float64 // f, nil: 1
	stream    *rng.Stream
	z         lanes.Pack
}

func newCloud(centre []float64, deviation sgdlab.Setting, factor []float64, s *sgdlab.Site) *cloud {
	if deviation == nil {
		deviation = sgdlab.Constant(0)
	}
	for j, x := range centre {
		if x == 0 {
			centre[j] = 0 // not −0, which a kick of size 0 would change
		}
	}
	return &cloud{centre: centre, deviation: deviation, factor: factor, stream: rng.New(s.Place), z: make(lanes.Pack, s.Model.Dim())}
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
	c.draw(theta, at, func(z lanes.Pack, stream *rng.Stream, who *rng.Lanes) { stream.FullNormals(z, who) })
}

// draw fills θ with random numbers of a law.
func (c *cloud) draw(theta lanes.Pack, at *sgdlab.Clock, fill func(z lanes.Pack, stream *rng.Stream, who *rng.Lanes)) {
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
	fill(c.z, c.stream, &who)
	for j, f := range c.factor {
		for l := range c.z[j] {
			c.z[j][l] *= f
		}
	}
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

// point returns the d coordinates; key is what errors call them.
func (c *Coordinates) point(key string, d int) ([]float64, error) {
	theta := make([]float64, d)
	if c.List != nil && len(c.List) != d {
		return nil, fmt.Errorf("%s has %d coordinates, but the model has %d; give %d numbers, or a single one for all", key, len(c.List), d, d)
	}
	for j := range theta {
		theta[j] = c.Every
		if c.List != nil {
			theta[j] = c.List[j]
		}
		if math.IsNaN(theta[j]) || math.IsInf(theta[j], 0) {
			return nil, fmt.Errorf("%s: coordinate %d is %g; want finite numbers", key, j, theta[j])
		}
	}
	return theta, nil
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

// NewPoint starts every replica at one place,
//
//	θ = at,  shape (d),
//
// in the order of the model's coordinates: layers first to last and each matrix by rows. It serves every model.
func NewPoint(c PointSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	theta, err := c.At.point("at", s.Model.Dim())
	if err != nil {
		return nil, err
	}
	return newCloud(theta, nil, nil, s), nil
}

// GaussianSettings are the settings of NewGaussian.
type GaussianSettings struct {
	Deviation sgdlab.Setting `doc:"δ, standard deviation of every coordinate" check:">=0"`
	Scale     string         `doc:"what the deviation is multiplied by: 1 (equal), 1/√(inputs of the layer) (fan-in), or √2/√(inputs + outputs of the layer) (fan-average)" default:"equal" oneof:"equal|fan-in|fan-average"`
}

// NewGaussian starts with independent Gaussian coordinates,
//
//	θⱼ = δ fⱼ zⱼ,  z standard normal,  j = 1 … d.
//
// δ is in units of θ. All factors f are 1 but with scale: fan-in or fan-average, which take them of the layer of the coordinate and want a model
// of layers: with fan-in and δ = 1 a layer keeps the mean square of its inputs on average, and fan-average with δ = 1 has the variance
// 2/(inputs + outputs) of Glorot and Bengio. Every replica of a seed draws one z, whatever the deviation, so
// that points of a sweep over it pair.
func NewGaussian(c GaussianSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	if c.Deviation == nil {
		return nil, errors.New("deviation is missing; give the standard deviation of every coordinate")
	}
	factor, err := factors(c.Scale, s.Model)
	if err != nil {
		return nil, err
	}
	return newCloud(nil, c.Deviation, factor, s), nil
}

// Balanced models can place themselves with some modes at a given strength and with balanced layers,
// W_{l+1}ᵀW_{l+1} = W_lW_lᵀ; nil stands for all modes.
type Balanced interface {
	Balanced(modes []int, strength float64) ([]float64, error)
}

// BalancedSettings are the settings of NewBalanced.
type BalancedSettings struct {
	Strength  float64        `doc:"u₀, the strength of every mode: on white inputs, the singular values of the end-to-end map" check:">0"`
	Modes     []int          `doc:"which modes of the empirical map, 1 the strongest; all where missing" optional:"true" check:">=1"`
	Deviation sgdlab.Setting `doc:"standard deviation of a Gaussian kick, in every coordinate" default:"0" check:">=0"`
}

// NewBalanced starts with balanced layers along the modes of the empirical map, each at one strength, kicked,
//
//	W_L⋯W₁ = u₀ Σ_{m ∈ modes} u_m v_mᵀ,  W_{l+1}ᵀW_{l+1} = W_lW_lᵀ,
//	θ ← θ + δz,  z standard normal,
//
// with the modes of the empirical map in the metric of Σxx (on white inputs: its singular vectors, and u₀ the singular
// value of each). On white inputs gradient flow from here keeps the modes apart: theory saxe-sigmoid. Of a diagonal
// network the modes are the coordinates, β = ±u₀ in each with the sign of the empirical map.
//
// It serves linear networks; so many modes must fit through the narrowest layer. u₀ is in units of the map, targets over
// inputs; δ in those of θ.
//
// Source: Saxe, McClelland & Ganguli 2013.
func NewBalanced(c BalancedSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	b, err := sgdlab.As[Balanced](s.Model)
	if err != nil {
		return nil, err
	}
	if err := hasModes(s.Model); err != nil {
		return nil, err
	}
	centre, err := b.Balanced(c.Modes, c.Strength)
	if err != nil {
		return nil, err
	}
	return newCloud(centre, c.Deviation, nil, s), nil
}

// hasModes refuses data whose empirical map is 0, along whose modes nothing starts.
func hasModes(m sgdlab.Model) error {
	if s, err := sgdlab.As[sgdlab.Saddled](m); err == nil && len(s.Modes()) == 0 {
		return errors.New("the map of the data is 0 and has no modes; give data with a map, or another start")
	}
	return nil
}

// SaddleSettings are the settings of NewSaddle.
type SaddleSettings struct {
	Modes     []int          `doc:"the modes of the empirical map that are learnt, 1 the strongest; any set, [] is the origin" optional:"true" check:">=1"`
	Rank      int            `doc:"instead of modes: the k strongest; 0, the origin, where both are missing" optional:"true" check:">=0"`
	Imbalance float64        `doc:"size of each layer over that of the layer below; 1 is balanced" default:"1" check:">0"`
	Idle      float64        `doc:"size of the weights between hidden units that carry no mode; 0 is balanced" default:"0" check:">=0"`
	Deviation sgdlab.Setting `doc:"standard deviation of a Gaussian kick, in every coordinate" default:"0" check:">=0"`
}

// Unbalanced models know critical points whose layers are not balanced: θ where just these modes are learnt, each layer's
// part of them imbalance times as large as that of the layer below, and with weights idle where nothing passes.
type Unbalanced interface {
	Unbalanced(modes []int, imbalance, idle float64) (theta []float64, err error)
}

// NewSaddle starts at the critical point where just these modes are learnt, kicked,
//
//	W_L⋯W₁ = Σ_{m ∈ modes} S_m u_m v_mᵀ,  ∇L = 0 to 1e-12 of its size,
//
// with the modes of the empirical map in the metric of Σxx (on white inputs: its singular vectors). Of a diagonal network
// they are the coordinates, and Σxx must be diagonal.
//
// Layers are balanced, W_{l+1}ᵀW_{l+1} = W_lW_lᵀ, unless imbalance or idle say otherwise. Both leave the end-to-end map, the
// loss and ∇L = 0 alone. imbalance c multiplies W_l by c^(l − (L+1)/2). idle x, for three layers and more, joins hidden units
// that carry no mode: x on the diagonal of what W₂ … W_{L−1} do between them. In a product of L vectors it is the value
// of all vectors but two in every coordinate that is not learnt.
//
// Whether the Hessian has a negative eigenvalue (a strict saddle) depends on depth and on the modes. Let the modes have
// different strengths, and let some that would fit through the layers not be learnt:
//
//	deep-linear, two layers:            strict, for every set of modes
//	deep-linear, three layers or more:  the k strongest: no negative eigenvalue; with idle x > 0 strict, and the least
//	                                    eigenvalue is −S_{k+1} xᴸ⁻² on white inputs with the loss mean-half
//	                                    every other set: strict, as a learnt mode can turn towards a stronger one
//	diagonal, two layers:               strict, for every set of modes
//	diagonal, three layers or more:     no negative eigenvalue, for every set of modes; with idle > 0 strict
//
// The kick is θ ← θ + δz with standard normal z, δ the deviation, in units of θ. Saddles without a negative eigenvalue are left in a time that is a power of the kick, strict ones in its logarithm.
//
// Source: Baldi and Hornik 1989, Neural Networks 2 (critical points); Achour, Malgouyres and Gerchinovitz, Global minimizers,
// strict and non-strict saddle points, and implicit regularization for deep linear neural networks (which saddles are strict).
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
	if have := len(m.Modes()); c.Rank > have && have > 0 {
		return nil, fmt.Errorf("rank is %d, but the empirical map has %d modes; use at most %d", c.Rank, have, have)
	}
	for k := range c.Rank {
		modes = append(modes, k+1)
	}
	if len(modes) > 0 {
		if err := hasModes(m); err != nil {
			return nil, err
		}
	}
	centre, _, err := m.Critical(modes)
	if err != nil {
		return nil, err
	}
	if c.Imbalance == 0 {
		c.Imbalance = 1
	}
	if c.Imbalance != 1 || c.Idle != 0 {
		u, err := sgdlab.As[Unbalanced](s.Model)
		if err != nil {
			return nil, err
		}
		if centre, err = u.Unbalanced(modes, c.Imbalance, c.Idle); err != nil {
			return nil, err
		}
	}
	return &saddle{cloud: newCloud(centre, c.Deviation, nil, s), modes: modes}, nil
}

// saddle is a cloud around a critical point.
type saddle struct {
	*cloud
	modes []int
}

// Modes returns which modes are learnt at the centre.
func (s *saddle) Modes() []int { return append([]int(nil), s.modes...) }
