package data

import (
	"math"
	"slices"
	"testing"

	"sgdlab/lanes"
)

func TestSpectrum(t *testing.T) {
	for _, tc := range []struct {
		s    Spectrum
		n    int
		want []float64
	}{
		{Spectrum{Decay: "equal", Largest: 3}, 3, []float64{3, 3, 3}},
		{Spectrum{Decay: "equal", Largest: 3, Rank: 2}, 3, []float64{3, 3, 0}},
		{Spectrum{Decay: "power", Largest: 4, Exponent: 2}, 4, []float64{4, 1, 4.0 / 9, 0.25}},
		{Spectrum{Decay: "power", Largest: 4, Exponent: 2, Rank: 1}, 3, []float64{4, 0, 0}},
		{Spectrum{Decay: "geometric", Largest: 8, Condition: 64}, 3, []float64{8, 1, 0.125}},
		{Spectrum{Decay: "geometric", Largest: 8, Condition: 16, Rank: 3}, 5, []float64{8, 2, 0.5, 0, 0}},
		{Spectrum{Decay: "geometric", Largest: 8, Condition: 16, Exponent: math.NaN()}, 1, []float64{8}},
	} {
		got := must[[]float64](t)(tc.s.values(tc.n))
		for k := range got {
			if math.Abs(got[k]-tc.want[k]) > 1e-15*tc.want[0] || (got[k] == 0) != (tc.want[k] == 0) {
				t.Errorf("%+v: %v, want %v", tc.s, got, tc.want)
				break
			}
		}
	}
	for _, tc := range []struct {
		s    Spectrum
		want []string
	}{
		{Spectrum{Decay: "equal", Largest: 1, Rank: 4}, []string{"rank is 4", "1 to 3"}},
		{Spectrum{Decay: "equal", Largest: 1, Exponent: 1}, []string{"exponent belongs to decay: power"}},
		{Spectrum{Decay: "power", Largest: 1, Exponent: math.NaN()}, []string{"needs exponent"}},
		{Spectrum{Decay: "power", Largest: 1, Exponent: 1, Condition: 3}, []string{"condition belongs to decay: geometric"}},
		{Spectrum{Decay: "geometric", Largest: 1, Condition: 0.5}, []string{"condition is 0.5"}},
		{Spectrum{Decay: "geometric", Largest: 1, Condition: math.Inf(1)}, []string{"needs condition"}},
		{Spectrum{Decay: "linear", Largest: 1}, []string{"linear", "equal, power or geometric"}},
		{Spectrum{Decay: "equal", Largest: math.NaN()}, []string{"largest is NaN"}},
	} {
		_, err := tc.s.values(3)
		wants(t, tc.s.Decay, err, tc.want...)
	}
}

// Exact inputs have the covariance that is asked for, turned or not, whatever the set; test rows have it on average.
func TestDesign(t *testing.T) {
	const n, d, m = 60, 5, 4000
	want := []float64{4, 1, 4.0 / 9, 0.25, 0}
	power := &Spectrum{Decay: "power", Largest: 4, Exponent: 2, Rank: 4}
	for _, turn := range []bool{false, true} {
		design := Design{InputSpectrum: power, Exact: true, RotateInputs: turn, TestSamples: m}
		sets := []*Set{
			must[*Set](t)(NewGaussian(GaussianSettings{Samples: n, Inputs: d, Outputs: 2, Teacher: "gaussian", LabelNoise: 0.1, Design: design}, &Env{Seed: 1})),
			must[*Set](t)(NewTeacherStudent(TeacherStudentSettings{Samples: n, Inputs: d, Outputs: 2, SingularValues: []float64{1}, LabelNoise: 0.1, Design: design}, &Env{Seed: 1})),
			must[*Set](t)(NewSparseTruth(SparseTruthSettings{Samples: n, Inputs: d, Nonzeros: 2, Support: "first", Magnitudes: "equal", Magnitude: 1, Signs: "positive", LabelNoise: 0.1, Design: design}, &Env{Seed: 1})),
		}
		axes := identity(d)
		if turn {
			axes = Haar("data/input-axes", 1, d, d)
		}
		sigma := assemble(axes, want, axes)
		for _, s := range sets {
			near(t, s.Name+": Σxx", gram(s.X, s.X), sigma, 1e-14*16)
			near(t, s.Name+": Σxx of the test rows", gram(s.TestX, s.TestX), sigma, 4.5*4*math.Sqrt(2.0/m))
			for i, part := range []struct{ x, y lanes.Mat }{{s.X, s.Y}, {s.TestX, s.TestY}} {
				clean := lanes.MulMat(part.x, s.Teacher.T())
				sum := 0.0
				for j := range clean.Data {
					r := part.y.Data[j] - clean.Data[j]
					sum += r * r
				}
				if k := float64(len(clean.Data)); math.Abs(sum/k/0.01-1) > 4.5*math.Sqrt(2/k) {
					t.Errorf("%s, part %d: label noise of variance %g, want 0.01", s.Name, i, sum/k)
				}
			}
			near(t, s.Name+": inputs of all sets", s.X, sets[0].X, 0)
		}
	}
	short := must[*Set](t)(NewGaussian(GaussianSettings{Samples: n, Inputs: d, Outputs: 2, Teacher: "none", LabelNoise: 1, Design: Design{TestSamples: 3}}, &Env{Seed: 1}))
	plain := must[*Set](t)(NewGaussian(GaussianSettings{Samples: n, Inputs: d, Outputs: 2, Teacher: "none", LabelNoise: 1}, &Env{Seed: 1}))
	near(t, "training rows beside test rows", short.X, plain.X, 0)
	near(t, "targets beside test rows", short.Y, plain.Y, 0)
	if short.TestX.Rows != 3 || short.TestX.At(0, 0) == short.X.At(0, 0) || short.Hash == plain.Hash {
		t.Error("test rows are training rows, or not in the hash")
	}
	for _, tc := range []struct {
		change func(c *GaussianSettings)
		want   []string
	}{
		{func(c *GaussianSettings) { c.InputSpectrum, c.InputCovariance = power, []float64{1} }, []string{"both input-covariance and input-spectrum"}},
		{func(c *GaussianSettings) { c.InputSpectrum, c.Whiten = power, true }, []string{"leave out whiten or input-spectrum", "exact: true"}},
		{func(c *GaussianSettings) {
			c.InputSpectrum = &Spectrum{Decay: "power", Largest: 1, Exponent: 1, Rank: 9}
		}, []string{"input-spectrum: rank is 9"}},
		{func(c *GaussianSettings) { c.Exact, c.Samples = true, 3 }, []string{"exact", "3 samples", "at least 5"}},
		{func(c *GaussianSettings) { c.TestSamples = -1 }, []string{"test-samples is -1"}},
		{func(c *GaussianSettings) { c.TestSamples = math.MaxInt }, []string{"fewer"}},
		{func(c *GaussianSettings) { c.Rank = 2 }, []string{"teacher is none"}},
		{func(c *GaussianSettings) { c.Teacher, c.Rank = "gaussian", 3 }, []string{"rank is 3", "from 1 to 2"}},
	} {
		c := GaussianSettings{Samples: n, Inputs: d, Outputs: 2, Teacher: "none", LabelNoise: 1}
		tc.change(&c)
		_, err := NewGaussian(c, &Env{})
		wants(t, "gaussian", err, tc.want...)
	}
}

// Teachers of a chosen rank and spectrum.
func TestTeachers(t *testing.T) {
	c := GaussianSettings{Samples: 20, Inputs: 40, Outputs: 30, Teacher: "gaussian", Rank: 3}
	mean := 0.0
	for seed := range 20 {
		s := must[*Set](t)(NewGaussian(c, &Env{Seed: uint64(seed)}))
		if _, sv, _ := SVD(s.Teacher); len(sv) != 3 {
			t.Fatalf("a teacher of rank %d", len(sv))
		}
		for _, x := range s.Teacher.Data {
			mean += x * x / (20 * 30)
		}
	}
	// ‖ABᵀ‖²/(rdk) of r = 3 has the variance (2/r)(1/k + 1/d + …) ≈ 0.043; 20 of them, 4.5 standard errors.
	if math.Abs(mean-1) > 4.5*math.Sqrt(0.043/20) {
		t.Errorf("entries of variance %g/d", mean)
	}
	s := must[*Set](t)(NewTeacherStudent(TeacherStudentSettings{Inputs: 6, Outputs: 4, Samples: 9, Spectrum: &Spectrum{Decay: "geometric", Largest: 8, Condition: 8}}, &Env{Seed: 1}))
	_, sv, _ := SVD(s.Teacher)
	near(t, "spectrum of the teacher", diag(sv), diag([]float64{8, 4, 2, 1}), 1e-14*8)
	s = must[*Set](t)(NewTargetMatrix(TargetMatrixSettings{Rows: 3, Cols: 5, Spectrum: &Spectrum{Decay: "equal", Largest: 2, Rank: 2}, Rotate: true}, &Env{Seed: 1}))
	_, sv, _ = SVD(s.Teacher)
	near(t, "spectrum of the target", diag(sv), diag([]float64{2, 2}), 1e-14*2)
	for _, tc := range []struct {
		c    TargetMatrixSettings
		want []string
	}{
		{TargetMatrixSettings{Spectrum: &Spectrum{}}, []string{"give rows and cols"}},
		{TargetMatrixSettings{Spectrum: &Spectrum{}, Rows: 2, Cols: 2, SingularValues: []float64{1}}, []string{"leave out one"}},
		{TargetMatrixSettings{Spectrum: &Spectrum{}, Matrix: [][]float64{{1}}}, []string{"leave out one"}},
	} {
		_, err := NewTargetMatrix(tc.c, &Env{})
		wants(t, "target", err, tc.want...)
	}
	_, err := NewTeacherStudent(TeacherStudentSettings{Inputs: 6, Outputs: 4, Samples: 9}, &Env{})
	wants(t, "no teacher", err, "neither singular-values nor spectrum")
}

func TestSparseTruth(t *testing.T) {
	c := SparseTruthSettings{Inputs: 30, Samples: 50, Nonzeros: 4, Support: "first", Magnitudes: "equal", Magnitude: 0.5, Signs: "alternating"}
	get := func(change func(c *SparseTruthSettings)) *Set {
		t.Helper()
		c := c
		change(&c)
		return must[*Set](t)(NewSparseTruth(c, &Env{Seed: 3}))
	}
	beta := func(s *Set) []float64 { return s.Teacher.Data }
	s := get(func(*SparseTruthSettings) {})
	if want := append([]float64{0.5, -0.5, 0.5, -0.5}, make([]float64, 26)...); !slices.Equal(beta(s), want) {
		t.Errorf("β = %v, want %v", beta(s), want)
	}
	near(t, "y = ⟨β, x⟩", s.Y, lanes.MulMat(s.X, s.Teacher.T()), 0)
	near(t, "β is the empirical map", s.Moments().Map, s.Teacher, 1e-14)

	// Random supports nest, are not the first ones, and depend on the data seed.
	four, five := get(func(c *SparseTruthSettings) { c.Support = "random" }), get(func(c *SparseTruthSettings) { c.Support, c.Nonzeros = "random", 5 })
	count := func(b []float64) (n int) {
		for _, x := range b {
			if x != 0 {
				n++
			}
		}
		return n
	}
	if count(beta(four)) != 4 || count(beta(five)) != 5 || slices.Equal(beta(four), beta(s)) {
		t.Errorf("supports %v and %v", beta(four), beta(five))
	}
	for j := range beta(four) {
		if beta(four)[j] != 0 && beta(five)[j] != beta(four)[j] {
			t.Errorf("coordinate %d: %g of four, %g of five", j, beta(four)[j], beta(five)[j])
		}
	}
	near(t, "X beside another support", four.X, s.X, 0)

	// Values are as given; normal magnitudes scale with their deviation; positive and random signs.
	if got := beta(get(func(c *SparseTruthSettings) { c.Nonzeros, c.Values = 0, []float64{3, -2} })); got[0] != 3 || got[1] != -2 || count(got) != 2 {
		t.Errorf("β = %v of the values 3, −2", got)
	}
	all := func(c *SparseTruthSettings) { c.Nonzeros, c.Magnitudes, c.Inputs = 2000, "gaussian", 2000 }
	one := beta(get(func(c *SparseTruthSettings) { all(c); c.Signs = "positive" }))
	two := beta(get(func(c *SparseTruthSettings) { all(c); c.Signs, c.Magnitude = "random", 1 }))
	square, plus := 0.0, 0.0
	for j := range one {
		if one[j] <= 0 || math.Abs(two[j]) != 2*one[j] {
			t.Fatalf("magnitude %g with deviation ½ and %g with 1", one[j], two[j])
		}
		square += two[j] * two[j] / 2000
		if two[j] > 0 {
			plus++
		}
	}
	if math.Abs(square-1) > 4.5*math.Sqrt(2.0/2000) || math.Abs(plus-1000) > 4.5*math.Sqrt(500) {
		t.Errorf("mean square %g of standard normal magnitudes, %g of 2000 positive", square, plus)
	}
	for _, tc := range []struct {
		change func(c *SparseTruthSettings)
		want   []string
	}{
		{func(c *SparseTruthSettings) { c.Nonzeros = 0 }, []string{"neither nonzeros nor values"}},
		{func(c *SparseTruthSettings) { c.Nonzeros = 31 }, []string{"31 coordinates of 30"}},
		{func(c *SparseTruthSettings) { c.Values = []float64{1} }, []string{"1 numbers", "nonzeros is 4"}},
		{func(c *SparseTruthSettings) { c.Nonzeros, c.Values = 0, []float64{1, 0} }, []string{"values holds 0"}},
		{func(c *SparseTruthSettings) { c.Magnitude = math.NaN() }, []string{"magnitude is NaN"}},
		{func(c *SparseTruthSettings) { c.LabelNoise = -1 }, []string{"label-noise is -1"}},
		{func(c *SparseTruthSettings) { c.Support = "last" }, []string{`"last"`}},
		{func(c *SparseTruthSettings) { c.Signs = "negative" }, []string{`"negative"`}},
		{func(c *SparseTruthSettings) { c.Magnitudes = "flat" }, []string{`"flat"`}},
		{func(c *SparseTruthSettings) { c.Samples, c.Whiten = 10, true }, []string{"10 samples"}},
	} {
		c := c
		tc.change(&c)
		_, err := NewSparseTruth(c, &Env{})
		wants(t, "sparse truth", err, tc.want...)
	}
}
