package data

import (
	"fmt"
	"math"

	"sgdlab/lanes"
	"sgdlab/rng"
)

// SparseTruthSettings are the settings of NewSparseTruth.
type SparseTruthSettings struct {
	Inputs          int       `doc:"d, the number of inputs" check:">=1"`
	Samples         int       `doc:"n, the number of samples" check:">=1"`
	Nonzeros        int       `doc:"k, the number of coordinates that are not 0; as many as values where missing" optional:"true" check:">=1"`
	Support         string    `doc:"which coordinates these are: the first, or random ones by the data seed" default:"first" oneof:"first|random"`
	Magnitudes      string    `doc:"their absolute values: equal, or those of normal numbers" default:"equal" oneof:"equal|gaussian"`
	Magnitude       float64   `doc:"absolute value of every one, or standard deviation of the normal numbers" default:"1" check:">0"`
	Signs           string    `doc:"their signs: positive, alternating from + on, or random" default:"positive" oneof:"positive|alternating|random"`
	Values          []float64 `doc:"instead of magnitudes and signs: the numbers themselves, in the order of the support" optional:"true"`
	LabelNoise      float64   `doc:"standard deviation of the Gaussian noise fixed in the targets" default:"0" check:">=0"`
	Whiten          bool      `doc:"make the sample covariance exact: XᵀX/n = I" default:"false"`
	InputCovariance []float64 `doc:"variance of each input; 1 each where missing" optional:"true" check:">=0"`
	Design
}

// NewSparseTruth draws Gaussian inputs and labels them by a linear teacher of few coordinates,
//
//	y = ⟨β, x⟩ + σz,  βⱼ ≠ 0 for j in the support only, z standard normal,
//
// with X (n, d), y (n, 1) and k coordinates in the support. It is the set of sparse regression with diagonal networks, which find sparse β where samples are fewer than inputs. X, the
// support, the magnitudes, the signs and z each have their own random numbers, and a support of k + 1 holds that of k, so that
// points of a sweep share what they can. The teacher is known, so that distances to it and its modes can be read.
func NewSparseTruth(c SparseTruthSettings, e *Env) (*Set, error) {
	k := c.Nonzeros
	if k == 0 {
		k = len(c.Values)
	}
	switch {
	case c.Values != nil && k != len(c.Values):
		return nil, fmt.Errorf("values holds %d numbers, but nonzeros is %d; leave out nonzeros, or give as many", len(c.Values), k)
	case k < 1:
		return nil, fmt.Errorf("neither nonzeros nor values is given; give one, such as nonzeros: 3")
	case k > c.Inputs:
		return nil, fmt.Errorf("%d coordinates of %d are to be nonzero; use at most %d", k, c.Inputs, c.Inputs)
	case !(c.Magnitude > 0) || math.IsInf(c.Magnitude, 0):
		return nil, fmt.Errorf("magnitude is %g; want a finite number > 0", c.Magnitude)
	}
	for _, v := range c.Values {
		if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("values holds %g; want finite numbers that are not 0", v)
		}
	}
	if err := checkDeviation(c.LabelNoise); err != nil {
		return nil, err
	}
	s := &Set{Name: "sparse-truth"}
	var err error
	if s.X, s.TestX, err = c.draw(e.Seed, c.Samples, c.Inputs, c.InputCovariance, c.Whiten); err != nil {
		return nil, err
	}
	at := &rng.Lanes{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = e.Seed, uint64(l)
	}
	support := make([]int32, c.Inputs)
	for j := range support {
		support[j] = int32(j)
	}
	switch c.Support {
	case "first":
	case "random":
		rng.New("data/support").Permutation(support, at, 0)
	default:
		return nil, fmt.Errorf("support is %q; want first or random", c.Support)
	}
	value := make([]float64, k)
	switch {
	case c.Values != nil:
		copy(value, c.Values)
	case c.Magnitudes == "equal":
		for i := range value {
			value[i] = c.Magnitude
		}
	case c.Magnitudes == "gaussian":
		for i, z := range normals("data/magnitudes", e.Seed, k) {
			value[i] = c.Magnitude * math.Abs(z)
		}
	default:
		return nil, fmt.Errorf("magnitudes is %q; want equal or gaussian", c.Magnitudes)
	}
	if c.Values == nil {
		signs := make(lanes.Pack, k)
		switch c.Signs {
		case "positive":
			for i := range signs {
				signs[i][0] = 1
			}
		case "alternating":
			for i := range signs {
				signs[i][0] = 1 - 2*float64(i%2)
			}
		case "random":
			rng.New("data/signs").Signs(signs, at)
		default:
			return nil, fmt.Errorf("signs is %q; want positive, alternating or random", c.Signs)
		}
		for i := range value {
			value[i] *= signs[i][0]
		}
	}
	s.Teacher = lanes.NewMat(1, c.Inputs)
	for i, v := range value {
		s.Teacher.Set(0, int(support[i]), v)
	}
	return s.taught(s.Teacher, c.LabelNoise, e.Seed)
}
