package data

import (
	"fmt"
	"math"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// curve is the set of one input and one target with y = f(x) at these places.
func curve(name string, x []float64, f func(x float64) float64) (*Set, error) {
	s := &Set{Name: name, X: lanes.NewMat(len(x), 1), Y: lanes.NewMat(len(x), 1)}
	for i, v := range x {
		s.X.Set(i, 0, v)
		s.Y.Set(i, 0, f(v))
	}
	return s.finish()
}

// ChebyshevSettings are the settings of NewChebyshev.
type ChebyshevSettings struct {
	Degree  int `doc:"k, the degree of the polynomial" check:">=0"`
	Samples int `doc:"n, the number of points" default:"20" check:">=2"`
}

// NewChebyshev is a Chebyshev polynomial on an even grid,
//
//	xᵢ = −1 + 2i/(n − 1),  i = 0 … n − 1,  yᵢ = T_k(xᵢ),  T_k(cos φ) = cos kφ,
//
// with X and Y of shape (n, 1). The higher the degree, the later a network learns it. An even polynomial is beyond a network of odd
// units without biases.
//
// Source: Cohen, Kaur, Li, Kolter & Talwalkar 2021 (20 points, degrees 3 to 5).
func NewChebyshev(c ChebyshevSettings, _ *Env) (*Set, error) {
	if c.Degree < 0 || c.Degree > 1000 {
		return nil, fmt.Errorf("degree is %d; want 0 to 1000", c.Degree)
	}
	if c.Samples < 2 {
		return nil, fmt.Errorf("samples is %d; both ends of the interval need a point, so at least 2", c.Samples)
	}
	if err := fits("inputs", c.Samples, 1); err != nil {
		return nil, err
	}
	x := make([]float64, c.Samples)
	for i := range x {
		x[i] = float64(2*i-(c.Samples-1)) / float64(c.Samples-1)
	}
	return curve("chebyshev", x, func(x float64) float64 { // T_{k+1} = 2xT_k − T_{k−1}
		last, t := x, 1.0
		for range c.Degree {
			last, t = t, math.FMA(2*x, t, -last)
		}
		return t
	})
}

// FourierSettings are the settings of NewFourier.
type FourierSettings struct {
	Frequencies []int     `doc:"k of each sine" check:">=1"`
	Amplitudes  []float64 `doc:"a_k of each sine; 1 each where missing" optional:"true"`
	Samples     int       `doc:"n, the number of points of a period; more than twice the largest frequency" default:"128" check:">=3"`
}

// NewFourier is a sum of sines on an even grid of one period,
//
//	xᵢ = −π + 2πi/n,  i = 0 … n − 1,  yᵢ = Σ_k a_k sin kxᵢ,
//
// with X and Y of shape (n, 1): its discrete Fourier transform has peaks at the frequencies k alone, and the observable fourier-error says
// how much of each is still to be learnt.
//
// Source: Xu, Zhang, Luo, Xiao & Ma 2019, of the set-up.
func NewFourier(c FourierSettings, _ *Env) (*Set, error) {
	if len(c.Frequencies) == 0 {
		return nil, fmt.Errorf("frequencies is empty; give at least one, such as [1, 3, 5]")
	}
	if c.Amplitudes != nil && len(c.Amplitudes) != len(c.Frequencies) {
		return nil, fmt.Errorf("amplitudes holds %d numbers for %d frequencies; give one for each, or leave it out", len(c.Amplitudes), len(c.Frequencies))
	}
	if err := fits("inputs", c.Samples, 1); err != nil {
		return nil, err
	}
	for i, k := range c.Frequencies {
		if k < 1 || 2*k >= c.Samples {
			return nil, fmt.Errorf("frequency %d on %d points; want 1 to less than half their number", k, c.Samples)
		}
		if c.Amplitudes != nil && (c.Amplitudes[i] == 0 || math.IsNaN(c.Amplitudes[i]) || math.IsInf(c.Amplitudes[i], 0)) {
			return nil, fmt.Errorf("amplitudes holds %g; want finite numbers that are not 0", c.Amplitudes[i])
		}
	}
	n := float64(c.Samples)
	x := make([]float64, c.Samples)
	for i := range x {
		x[i] = math.Pi * (2*float64(i)/n - 1)
	}
	at := 0
	return curve("fourier", x, func(float64) float64 {
		turn := 2*float64(at)/n - 1 // x/π: exact where n is a power of two
		at++
		y := 0.0
		for i, k := range c.Frequencies {
			a := 1.0
			if c.Amplitudes != nil {
				a = c.Amplitudes[i]
			}
			y = math.FMA(a, elementary.SinPi(float64(k)*turn), y)
		}
		return y
	})
}
