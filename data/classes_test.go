package data

import (
	"math"
	"testing"
)

// T_k(cos φ) = cos kφ on the grid, to rounding that grows with k; ends are ±1.
func TestChebyshev(t *testing.T) {
	for _, k := range []int{0, 1, 2, 4, 5, 40} {
		s, err := NewChebyshev(ChebyshevSettings{Degree: k, Samples: 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.X.At(0, 0) != -1 || s.X.At(19, 0) != 1 {
			t.Errorf("the grid goes from %g to %g", s.X.At(0, 0), s.X.At(19, 0))
		}
		for i := range 20 {
			x := s.X.At(i, 0)
			if math.Abs(x-(-1+2*float64(i)/19)) > 1e-15 {
				t.Errorf("x%d = %g", i, x)
			}
			if want := math.Cos(float64(k) * math.Acos(x)); math.Abs(s.Y.At(i, 0)-want) > 1e-13 {
				t.Errorf("T_%d(%g) = %.17g, want %.17g", k, x, s.Y.At(i, 0), want)
			}
		}
	}
}

// The discrete Fourier transform has the frequencies that were asked for, and no others.
func TestFourier(t *testing.T) {
	const n = 32
	s, err := NewFourier(FourierSettings{Frequencies: []int{1, 5}, Amplitudes: []float64{2, -0.5}, Samples: n}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k := range n/2 + 1 {
		var re, im float64
		for i := range n {
			re += s.Y.At(i, 0) * math.Cos(float64(k)*s.X.At(i, 0)) * 2 / n
			im += s.Y.At(i, 0) * math.Sin(float64(k)*s.X.At(i, 0)) * 2 / n
		}
		if want := map[int]float64{1: 2, 5: -0.5}[k]; math.Abs(re) > 1e-14 || math.Abs(im-want) > 1e-14 {
			t.Errorf("frequency %d: %g and %g, want 0 and %g", k, re, im, want)
		}
	}
}

// Linear labels are separated by the teacher with the margin; the mean and the deviation are those asked for; random labels do
// not change the inputs.
func TestTwoClasses(t *testing.T) {
	const n, d = 4000, 5
	env := &Env{Seed: 4}
	s, err := NewTwoClasses(TwoClassesSettings{Samples: n, Inputs: d, Labels: "linear", Targets: "signs", Margin: 0.3, Deviation: 0.5, TestSamples: 50}, env)
	if err != nil {
		t.Fatal(err)
	}
	least := math.Inf(1)
	for i := range n + 50 {
		x, y, row := s.X, s.Y, i
		if i >= n {
			x, y, row = s.TestX, s.TestY, i-n
		}
		side := 0.0
		for j := range d {
			side += s.Teacher.At(0, j) * x.At(row, j)
		}
		least = min(least, side*y.At(row, 0))
	}
	if !(least > 0.3 && least < 0.301) {
		t.Errorf("least margin %g, want just above 0.3", least)
	}
	hot, err := NewTwoClasses(TwoClassesSettings{Samples: n, Inputs: d, Labels: "linear", Targets: "one-hot", Margin: 0.3, Deviation: 0.5}, env)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if y := s.Y.At(i, 0); hot.Y.At(i, 0) != (1-y)/2 || hot.Y.At(i, 1) != (1+y)/2 || hot.X.At(i, 2) != s.X.At(i, 2) {
			t.Fatalf("row %d: label %g, one-hot (%g, %g)", i, y, hot.Y.At(i, 0), hot.Y.At(i, 1))
		}
	}
	random, err := NewTwoClasses(TwoClassesSettings{Samples: n, Inputs: d, Labels: "random", Targets: "signs", Deviation: 0.5, Mean: 1.5}, env)
	if err != nil {
		t.Fatal(err)
	}
	length, square, plus := 0.0, 0.0, 0.0
	for j := range d {
		mean := 0.0
		for i := range n {
			mean += random.X.At(i, j) / n
		}
		length += mean * mean
		for i := range n {
			square += (random.X.At(i, j) - mean) * (random.X.At(i, j) - mean) / (n * d)
		}
	}
	for i := range n {
		plus += (1 + random.Y.At(i, 0)) / (2 * n)
	}
	if math.Abs(math.Sqrt(length)-1.5) > 0.05 || math.Abs(math.Sqrt(square)-0.5) > 0.01 || math.Abs(plus-0.5) > 0.04 {
		t.Errorf("a mean of length %g, a deviation of %g, %g of the labels are 1", math.Sqrt(length), math.Sqrt(square), plus)
	}
}

func TestCurveAndClassErrors(t *testing.T) {
	for what, f := range map[string]func() (*Set, error){
		"a degree below 0":      func() (*Set, error) { return NewChebyshev(ChebyshevSettings{Degree: -1, Samples: 20}, nil) },
		"one point":             func() (*Set, error) { return NewChebyshev(ChebyshevSettings{Degree: 1, Samples: 1}, nil) },
		"no frequencies":        func() (*Set, error) { return NewFourier(FourierSettings{Samples: 8}, nil) },
		"a frequency too large": func() (*Set, error) { return NewFourier(FourierSettings{Frequencies: []int{4}, Samples: 8}, nil) },
		"an amplitude too few": func() (*Set, error) {
			return NewFourier(FourierSettings{Frequencies: []int{1, 2}, Amplitudes: []float64{1}, Samples: 8}, nil)
		},
		"an amplitude of 0": func() (*Set, error) {
			return NewFourier(FourierSettings{Frequencies: []int{1}, Amplitudes: []float64{0}, Samples: 8}, nil)
		},
		"a margin of random labels": func() (*Set, error) {
			return NewTwoClasses(TwoClassesSettings{Samples: 3, Inputs: 2, Labels: "random", Targets: "signs", Margin: 1, Deviation: 1}, &Env{})
		},
		"no deviation": func() (*Set, error) {
			return NewTwoClasses(TwoClassesSettings{Samples: 3, Inputs: 2, Labels: "linear", Targets: "signs"}, &Env{})
		},
		"labels of no kind": func() (*Set, error) {
			return NewTwoClasses(TwoClassesSettings{Samples: 3, Inputs: 2, Labels: "odd", Targets: "signs", Deviation: 1}, &Env{})
		},
		"test rows below 0": func() (*Set, error) {
			return NewTwoClasses(TwoClassesSettings{Samples: 3, Inputs: 2, Labels: "linear", Targets: "signs", Deviation: 1, TestSamples: -1}, &Env{})
		},
		"no samples at all": func() (*Set, error) {
			return NewTwoClasses(TwoClassesSettings{Inputs: 2, Labels: "linear", Targets: "signs", Deviation: 1}, &Env{})
		},
		"a margin of NaN": func() (*Set, error) {
			return NewTwoClasses(TwoClassesSettings{Samples: 3, Inputs: 2, Labels: "linear", Targets: "signs", Deviation: 1, Margin: math.NaN()}, &Env{})
		},
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// With input-spectrum the inputs are those without it times the roots of the variances, and labels stay.
func TestTwoClassesSpectrum(t *testing.T) {
	c := TwoClassesSettings{Samples: 9, Inputs: 3, Labels: "random", Targets: "signs", Deviation: 0.5, TestSamples: 2}
	env := &Env{Seed: 4}
	plain, err := NewTwoClasses(c, env)
	if err != nil {
		t.Fatal(err)
	}
	c.InputSpectrum = &Spectrum{Decay: "geometric", Largest: 4, Exponent: math.NaN(), Condition: 16}
	s, err := NewTwoClasses(c, env)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		for j, root := range []float64{2, 1, 0.5} {
			if got, want := s.X.At(i, j), root*plain.X.At(i, j); math.Abs(got-want) > 1e-15 {
				t.Errorf("x[%d][%d] = %g, want %g", i, j, got, want)
			}
		}
		if s.Y.At(i, 0) != plain.Y.At(i, 0) {
			t.Errorf("label %d moved", i)
		}
	}
	c.InputSpectrum.Rank = 4
	if _, err := NewTwoClasses(c, env); err == nil {
		t.Error("a rank of 4 in 3 inputs was taken")
	}
}
