package data

import (
	"fmt"
	"math"

	"sgdlab/lanes"
	"sgdlab/rng"
)

// TwoClassesSettings are the settings of NewTwoClasses.
type TwoClassesSettings struct {
	Samples     int     `doc:"n, the number of samples" check:">=1"`
	Inputs      int     `doc:"d, the number of inputs" check:">=1"`
	Labels      string  `doc:"y: the side of a hyperplane through 0 (linear), or signs that have nothing to do with the inputs (random)" default:"linear" oneof:"linear|random"`
	Margin      float64 `doc:"γ, by how much linear labels push a sample away from the hyperplane" default:"0" check:">=0"`
	Deviation   float64 `doc:"s, the standard deviation of each input" default:"1" check:">0"`
	Targets     string  `doc:"what stands for a label: −1 or 1 (signs), or (1, 0) for −1 and (0, 1) for 1 (one-hot)" default:"signs" oneof:"signs|one-hot"`
	Mean        float64 `doc:"m, the length of the mean that all inputs share" default:"0" check:">=0"`
	TestSamples int     `doc:"number of test rows, drawn as the others" default:"0" check:">=0"`

	InputSpectrum *Spectrum `doc:"how the variances of the inputs fall off, in units of s²; 1 each where missing" optional:"true"`
}

// NewTwoClasses draws Gaussian inputs with labels of −1 and 1,
//
//	xᵢ = sΛ^½zᵢ + mu + γyᵢw,  yᵢ = sign⟨w, sΛ^½zᵢ + mu⟩, or a random sign, and then γ = 0,
//
// with z standard normal, Λ diagonal, I but for input-spectrum, u and w unit vectors, uniform and independent, X of shape (n, d) and Y of shape (n, 1), or (n, 2) where targets are one-hot. Linear labels are
// separable, by the teacher w, with a margin yᵢ⟨w, xᵢ⟩ > γ. z, u, w and random labels each have their own random numbers. Test rows share u and w.
func NewTwoClasses(c TwoClassesSettings, e *Env) (*Set, error) {
	if err := fits("inputs", c.Samples, c.Inputs); err != nil {
		return nil, err
	}
	for key, x := range map[string]float64{"margin": c.Margin, "mean": c.Mean, "deviation": c.Deviation} {
		if !(x >= 0) || math.IsInf(x, 0) || key == "deviation" && x == 0 {
			return nil, fmt.Errorf("%s is %g; want a finite number ≥ 0, and a deviation above 0", key, x)
		}
	}
	random := c.Labels == "random"
	if !random && c.Labels != "linear" {
		return nil, fmt.Errorf("labels is %q; want linear or random", c.Labels)
	}
	if random && c.Margin != 0 {
		return nil, fmt.Errorf("margin is %g, but random labels are on no side of a hyperplane; leave out margin, or use labels: linear", c.Margin)
	}
	if c.Targets != "signs" && c.Targets != "one-hot" {
		return nil, fmt.Errorf("targets is %q; want signs or one-hot", c.Targets)
	}
	if c.TestSamples < 0 || c.TestSamples > 0 && fits("test inputs", c.TestSamples, c.Inputs) != nil {
		return nil, fmt.Errorf("test-samples is %d; want a number from 0 to %d", c.TestSamples, most/c.Inputs)
	}
	scale := make([]float64, c.Inputs)
	for j := range scale {
		scale[j] = c.Deviation
	}
	if c.InputSpectrum != nil {
		variances, err := c.InputSpectrum.values(c.Inputs)
		if err != nil {
			return nil, fmt.Errorf("input-spectrum: %w", err)
		}
		for j, v := range variances {
			scale[j] *= math.Sqrt(v)
		}
	}
	u := Haar("data/mean", e.Seed, c.Inputs, 1)
	s := &Set{Name: "two-classes"}
	w := Haar("data/teacher", e.Seed, c.Inputs, 1)
	if !random && c.Targets == "signs" {
		s.Teacher = w.T().Clone()
	}
	draw := func(inputs, labels string, n int) (x, y lanes.Mat) {
		x, y = gaussian(inputs, e.Seed, n, c.Inputs), lanes.NewMat(n, map[string]int{"signs": 1, "one-hot": 2}[c.Targets])
		sign := make(lanes.Pack, n)
		if random {
			at := &rng.Lanes{}
			for l := range lanes.W {
				at.Seed[l], at.Replica[l] = e.Seed, uint64(l)
			}
			rng.New(labels).Signs(sign, at)
		}
		for i := range n {
			side := 0.0
			for j := range c.Inputs {
				v := math.FMA(scale[j], x.At(i, j), float64(c.Mean*u.At(j, 0)))
				x.Set(i, j, v)
				side = math.FMA(v, w.At(j, 0), side)
			}
			label := sign[i][0]
			if !random {
				label = math.Copysign(1, side)
			}
			switch {
			case c.Targets == "signs":
				y.Set(i, 0, label)
			case label < 0:
				y.Set(i, 0, 1)
			default:
				y.Set(i, 1, 1)
			}
			for j := range c.Inputs {
				x.Set(i, j, math.FMA(float64(c.Margin*label), w.At(j, 0), x.At(i, j)))
			}
		}
		return x, y
	}
	s.X, s.Y = draw("data/inputs", "data/labels", c.Samples)
	if c.TestSamples > 0 {
		s.TestX, s.TestY = draw("data/test-inputs", "data/test-labels", c.TestSamples)
	}
	return s.finish()
}
