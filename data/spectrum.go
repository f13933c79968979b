package data

import (
	"fmt"
	"math"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// Spectrum is how numbers fall off, largest first,
//
//	equal:      λ_k = λ₁
//	power:      λ_k = λ₁ k^−a
//	geometric:  λ_k = λ₁ κ^−(k−1)/(r−1)
//
// for k up to the rank r, and 0 beyond.
type Spectrum struct {
	Decay     string  `doc:"equal, power: λ₁k^−exponent, or geometric: from λ₁ down to λ₁/condition in equal ratios" oneof:"equal|power|geometric"`
	Largest   float64 `doc:"λ₁, the first" default:"1" check:">0"`
	Exponent  float64 `doc:"a of a power" optional:"true" check:">=0"`
	Condition float64 `doc:"κ of a geometric decay, the first over the last that is not 0" optional:"true" check:">=1"`
	Rank      int     `doc:"how many are not 0; all where missing" optional:"true" check:">=1"`
}

// values returns the first n.
func (s *Spectrum) values(n int) ([]float64, error) {
	rank := n
	if s.Rank != 0 {
		if rank = s.Rank; rank < 1 || rank > n {
			return nil, fmt.Errorf("rank is %d, but there are %d; want 1 to %d", rank, n, n)
		}
	}
	if !(s.Largest > 0) || math.IsInf(s.Largest, 0) {
		return nil, fmt.Errorf("largest is %g; want a finite number > 0", s.Largest)
	}
	given := func(key string, x float64, when string) error {
		switch is := s.Decay == when; {
		case is && !(x >= 0 && x <= math.MaxFloat64):
			return fmt.Errorf("decay: %s needs %s; give a finite number", when, key)
		case !is && !math.IsNaN(x) && x != 0:
			return fmt.Errorf("%s belongs to decay: %s, and decay is %s; leave it out", key, when, s.Decay)
		}
		return nil
	}
	if err := given("exponent", s.Exponent, "power"); err != nil {
		return nil, err
	}
	if err := given("condition", s.Condition, "geometric"); err != nil {
		return nil, err
	}
	out := make([]float64, n)
	for k := range rank {
		out[k] = s.Largest
		switch s.Decay {
		case "equal":
		case "power":
			out[k] *= elementary.Pow(float64(k+1), -s.Exponent)
		case "geometric":
			if s.Condition < 1 {
				return nil, fmt.Errorf("condition is %g; it is the first over the last, and at least 1", s.Condition)
			}
			if k > 0 {
				out[k] *= elementary.Pow(s.Condition, -float64(k)/float64(rank-1))
			}
		default:
			return nil, fmt.Errorf("decay is %q; want equal, power or geometric", s.Decay)
		}
	}
	return out, nil
}

// chosen returns singular values that are listed, or the n of a spectrum.
func chosen(list []float64, s *Spectrum, n int) ([]float64, error) {
	switch {
	case s == nil && list == nil:
		return nil, fmt.Errorf("neither singular-values nor spectrum is given; give one, such as singular-values: [3, 2, 1]")
	case s == nil:
		return list, nil
	case list != nil:
		return nil, fmt.Errorf("both singular-values and spectrum are given; leave out one")
	}
	values, err := s.values(n)
	if err != nil {
		return nil, fmt.Errorf("spectrum: %w", err)
	}
	return values, nil
}

// Design is how Gaussian inputs are drawn, of all sets that draw them,
//
//	X = Z Λ^½ Rᵀ,  Σ = RΛRᵀ,
//
// with standard normal Z (n, d), variances Λ and a rotation R that is I but for rotate-inputs. With exact, Z is √n times an
// orthonormal set, and XᵀX/n = Σ to rounding.
type Design struct {
	InputSpectrum *Spectrum `doc:"instead of input-covariance: how the variances Λ of the inputs fall off" optional:"true"`
	RotateInputs  bool      `doc:"turn the axes of the covariance by a Haar distributed rotation of the data seed" default:"false"`
	Exact         bool      `doc:"make XᵀX/n the covariance that is asked for, to rounding" default:"false"`
	TestSamples   int       `doc:"number of test rows, drawn as the others but not made exact" default:"0" check:">=0"`
}

// draw draws training and test inputs with these variances, 1 each where there are none.
func (c *Design) draw(seed uint64, samples, dim int, variances []float64, white bool) (x, test lanes.Mat, err error) {
	none := lanes.Mat{}
	if err := fits("inputs", samples, dim); err != nil {
		return none, none, err
	}
	if c.TestSamples < 0 {
		return none, none, fmt.Errorf("test-samples is %d; want a number ≥ 0", c.TestSamples)
	}
	if c.TestSamples > 0 {
		if err := fits("test inputs", c.TestSamples, dim); err != nil {
			return none, none, err
		}
	}
	key := "input-covariance"
	if c.InputSpectrum != nil {
		if variances != nil {
			return none, none, fmt.Errorf("both input-covariance and input-spectrum are given; leave out one")
		}
		key = "input-spectrum"
		if variances, err = c.InputSpectrum.values(dim); err != nil {
			return none, none, fmt.Errorf("input-spectrum: %w", err)
		}
	}
	if white && variances != nil {
		return none, none, fmt.Errorf("whiten makes the covariance of the inputs I; leave out whiten or %s, or ask for that covariance with exact: true", key)
	}
	if exact := map[bool]string{true: "whiten", false: "exact"}[white]; (white || c.Exact) && samples < dim {
		return none, none, fmt.Errorf("%s: %d samples cannot be white in %d inputs; use at least %d samples, or %s: false", exact, samples, dim, dim, exact)
	}
	if variances != nil && len(variances) != dim {
		return none, none, fmt.Errorf("input-covariance has %d variances for %d inputs; give one for each input", len(variances), dim)
	}
	for _, v := range variances {
		if !(v >= 0) || math.IsInf(v, 0) {
			return none, none, fmt.Errorf("input-covariance holds %g; variances are finite numbers ≥ 0", v)
		}
	}
	x = gaussian("data/inputs", seed, samples, dim)
	if white || c.Exact {
		q := byColumns(x)
		orthonormalise(q)
		root := math.Sqrt(float64(samples))
		for i := range q.Data {
			q.Data[i] *= root
		}
		x = q.Clone()
	}
	if c.TestSamples > 0 {
		test = gaussian("data/test-inputs", seed, c.TestSamples, dim)
	}
	for j, v := range variances {
		for _, m := range []lanes.Mat{x, test} {
			for i := range m.Rows {
				m.Set(i, j, m.At(i, j)*math.Sqrt(v))
			}
		}
	}
	if c.RotateInputs {
		if err := fits("a rotation of the inputs", dim, dim); err != nil {
			return none, none, err
		}
		r := Haar("data/input-axes", seed, dim, dim)
		x = lanes.MulMat(x, r.T())
		if c.TestSamples > 0 {
			test = lanes.MulMat(test, r.T())
		}
	}
	return x, test, nil
}
