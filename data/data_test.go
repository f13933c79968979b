package data

import (
	"math"
	"strings"
	"testing"

	"sgdlab/lanes"
)

func must[T any](t *testing.T) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

// distance is the largest |a − b|, NaN where the shapes differ.
func distance(a, b lanes.Mat) float64 {
	if a.Rows != b.Rows || a.Cols != b.Cols {
		return math.NaN()
	}
	worst := 0.0
	for i := range a.Rows {
		for j := range a.Cols {
			if e := math.Abs(a.At(i, j) - b.At(i, j)); !(e <= worst) {
				worst = e
			}
		}
	}
	return worst
}

func identity(n int) lanes.Mat {
	m := lanes.NewMat(n, n)
	for i := range n {
		m.Set(i, i, 1)
	}
	return m
}

func diag(s []float64) lanes.Mat {
	m := lanes.NewMat(len(s), len(s))
	for i, x := range s {
		m.Set(i, i, x)
	}
	return m
}

func near(t *testing.T, what string, got, want lanes.Mat, tol float64) {
	t.Helper()
	if e := distance(got, want); !(e <= tol) {
		t.Errorf("%s: off by %.2g, more than %.2g", what, e, tol)
	}
}

func TestSVD(t *testing.T) {
	for _, tc := range []struct {
		what       string
		rows, cols int
		s          []float64
	}{
		{"square", 5, 5, []float64{5, 4, 3, 2, 1}},
		{"tall", 9, 4, []float64{5, 3, 3, 3}},
		{"wide", 3, 8, []float64{7, 1, 1e-9}},
		{"rank two of six", 6, 7, []float64{2, 1}},
		{"graded", 5, 5, []float64{1e8, 1e4, 1, 1e-4, 1e-6}},
		{"zero", 3, 4, nil},
		{"one", 1, 1, []float64{3}},
	} {
		r := min(tc.rows, tc.cols)
		a := assemble(Haar("u", 1, tc.rows, r), tc.s, Haar("v", 1, tc.cols, r))
		u, s, v := SVD(a)
		if len(s) != len(tc.s) {
			t.Errorf("%s: rank %d, want %d: %v", tc.what, len(s), len(tc.s), s)
			continue
		}
		top := 1.0
		if len(s) > 0 {
			top = s[0]
		}
		for j := range s {
			if math.Abs(s[j]-tc.s[j]) > 4e-15*top {
				t.Errorf("%s: singular value %d is %.17g, want %g", tc.what, j, s[j], tc.s[j])
			}
		}
		near(t, tc.what+": UᵀU", lanes.MulMat(u.T(), u), identity(len(s)), 1e-14*math.Max(1, top/1e3))
		near(t, tc.what+": VᵀV", lanes.MulMat(v.T(), v), identity(len(s)), 1e-14*math.Max(1, top/1e3))
		near(t, tc.what+": U diag(s) Vᵀ", assemble(u, s, v), a, 1e-14*top)
	}
	nan := lanes.MatOf([][]float64{{1, math.NaN()}, {2, 3}})
	if _, s, _ := SVD(nan); len(s) != 0 {
		t.Errorf("singular values %v of a matrix with NaN", s)
	}
}

// X = Q T Zᵀ for full rank, deficient rank and more columns than rows.
func TestOrthogonalDecomposition(t *testing.T) {
	for _, tc := range []struct{ n, d, rank int }{{9, 4, 4}, {9, 5, 3}, {4, 7, 4}, {4, 7, 2}, {1, 3, 1}, {3, 3, 0}} {
		r := min(tc.n, tc.d)
		s := []float64{5, 2, 1, 0.3}[:tc.rank]
		x := assemble(Haar("u", 1, tc.n, r), s, Haar("v", 1, tc.d, r))
		o := decompose(x)
		if o.rank != tc.rank {
			t.Errorf("%+v: rank %d", tc, o.rank)
			continue
		}
		near(t, "QᵀQ", lanes.MulMat(o.q.T(), o.q), identity(o.rank), 1e-14)
		near(t, "ZᵀZ", lanes.MulMat(o.z.T(), o.z), identity(o.rank), 1e-14)
		near(t, "QTZᵀ", lanes.MulMat(lanes.MulMat(o.q, o.t), o.z.T()), x, 1e-14)
		pinv := o.pinv(lanes.MulMat(o.q.T(), identity(tc.n)))
		near(t, "X X⁺ X", lanes.MulMat(lanes.MulMat(x, pinv), x), x, 1e-13)
		near(t, "X⁺ X X⁺", lanes.MulMat(lanes.MulMat(pinv, x), pinv), pinv, 1e-13)
		xp := lanes.MulMat(pinv, x)
		near(t, "X⁺X is symmetric", xp, xp.T(), 1e-14)
	}
}

// A whitened set is exactly white, its teacher has the spectrum asked for, and its empirical map is the teacher's plus the
// part of the noise that the inputs span.
func TestTeacherStudent(t *testing.T) {
	c := TeacherStudentSettings{Inputs: 5, Outputs: 4, Samples: 200, Whiten: true, SingularValues: []float64{3, 2, 1}, LabelNoise: 0.3}
	s := must[*Set](t)(NewTeacherStudent(c, &Env{Seed: 1}))
	m := s.Moments()
	near(t, "XᵀX/n", m.XX, identity(5), 1e-13)
	if m.Scalar == 0 || math.Abs(m.Scalar-1) > 1e-14 || math.Abs(m.Spread-1) > 1e-14 {
		t.Errorf("scalar %g, spread %g of white inputs", m.Scalar, m.Spread)
	}
	_, sv, _ := SVD(s.Teacher)
	near(t, "spectrum of the teacher", diag(sv), diag([]float64{3, 2, 1}), 1e-14)
	noise := lanes.NewMat(200, 4)
	clean := lanes.MulMat(s.X, s.Teacher.T())
	for i := range noise.Data {
		noise.Data[i] = s.Y.Data[i] - clean.Data[i]
	}
	along := lanes.MulMat(noise.T(), s.X)
	for i := range along.Data {
		along.Data[i] = s.Teacher.Data[i] + along.Data[i]/200
	}
	near(t, "empirical map", m.Map, along, 1e-13)
	// The residual is χ² with (n − d)k degrees of freedom: within 4.5 standard errors of 0.09(1 − d/n)k.
	if want, se := 0.09*195.0/200*4, 0.09*4*math.Sqrt(2/(195.0*4)); math.Abs(m.Floor-want) > 4.5*se {
		t.Errorf("floor %g, want %g ± %g", m.Floor, want, se)
	}

	same := func(what string, change func(c *TeacherStudentSettings), x, teacher, unit bool) {
		d := c
		change(&d)
		o := must[*Set](t)(NewTeacherStudent(d, &Env{Seed: 1}))
		if got := distance(o.X, s.X) == 0; got != x {
			t.Errorf("%s: X the same is %t", what, got)
		}
		if got := distance(o.Teacher, s.Teacher) == 0; got != teacher {
			t.Errorf("%s: teacher the same is %t", what, got)
		}
		clean := lanes.MulMat(o.X, o.Teacher.T())
		worst := 0.0
		for i := range noise.Data {
			worst = max(worst, math.Abs((o.Y.Data[i]-clean.Data[i])/d.LabelNoise-noise.Data[i]/c.LabelNoise))
		}
		if got := worst < 1e-13; got != unit {
			t.Errorf("%s: unit noise the same is %t, off by %g", what, got, worst)
		}
		if o.Hash == s.Hash {
			t.Errorf("%s: the same hash", what)
		}
	}
	same("label noise", func(c *TeacherStudentSettings) { c.LabelNoise = 1 }, true, true, true)
	same("singular values", func(c *TeacherStudentSettings) { c.SingularValues = []float64{3, 1.5} }, true, false, true)
	same("whiten", func(c *TeacherStudentSettings) { c.Whiten = false }, false, true, true)
	other := must[*Set](t)(NewTeacherStudent(c, &Env{Seed: 2}))
	if distance(other.X, s.X) < 1e-3 || distance(other.Teacher, s.Teacher) < 1e-3 {
		t.Error("another seed draws the same set")
	}
	again := must[*Set](t)(NewTeacherStudent(c, &Env{Seed: 1}))
	if again.Hash != s.Hash {
		t.Errorf("hashes %s and %s of one set", again.Hash, s.Hash)
	}
	// U and V do not depend on the spectrum: the teachers of (3, 0, 0), (0, 2, 0) and (0, 0, 1) add up to the teacher.
	sum := lanes.NewMat(4, 5)
	for j := range 3 {
		d := c
		d.SingularValues = make([]float64, 3)
		d.SingularValues[j] = c.SingularValues[j]
		for i, x := range must[*Set](t)(NewTeacherStudent(d, &Env{Seed: 1})).Teacher.Data {
			sum.Data[i] += x
		}
	}
	near(t, "sum of modes", sum, s.Teacher, 1e-15)
}

// Haar columns: the mean of qᵢⱼ² over seeds is 1/rows, of qᵢⱼ 0, within 4.5 standard errors; the seeds are fixed.
func TestHaar(t *testing.T) {
	const seeds, rows = 2000, 4
	var mean, square, corner float64
	for s := range seeds {
		q := Haar("test", uint64(s), rows, 3)
		mean += q.At(1, 2)
		square += q.At(1, 2) * q.At(1, 2)
		corner += q.At(0, 0)
	}
	root := math.Sqrt(seeds)
	for _, c := range []struct {
		what          string
		got, want, se float64
	}{
		{"mean", mean / seeds, 0, 0.5 / root},
		{"square", square / seeds, 0.25, math.Sqrt(2.0/(rows*rows*(rows+2))*(rows-1)) / root},
		{"mean of a corner", corner / seeds, 0, 0.5 / root},
	} {
		if math.Abs(c.got-c.want) > 4.5*c.se {
			t.Errorf("%s: %g, want %g ± %g", c.what, c.got, c.want, c.se)
		}
	}
}

func TestGaussian(t *testing.T) {
	c := GaussianSettings{Samples: 4000, Inputs: 3, Outputs: 2, Teacher: "none", LabelNoise: 2, InputCovariance: []float64{4, 1, 0.25}}
	s := must[*Set](t)(NewGaussian(c, &Env{Seed: 1}))
	m := s.Moments()
	for j, v := range c.InputCovariance { // χ²: 4.5 standard errors
		if math.Abs(m.XX.At(j, j)/v-1) > 4.5*math.Sqrt(2.0/4000) {
			t.Errorf("variance of input %d is %g, want %g", j, m.XX.At(j, j), v)
		}
	}
	for j := range 2 {
		if math.Abs(m.YY.At(j, j)/4-1) > 4.5*math.Sqrt(2.0/4000) {
			t.Errorf("variance of target %d is %g, want 4", j, m.YY.At(j, j))
		}
	}
	if m.Scalar != 0 {
		t.Errorf("scalar %g of unequal variances", m.Scalar)
	}
	c.Teacher, c.LabelNoise = "gaussian", 0
	s = must[*Set](t)(NewGaussian(c, &Env{Seed: 1}))
	near(t, "empirical map without noise", s.Moments().Map, s.Teacher, 1e-13)
	if s.Moments().Floor > 1e-28 {
		t.Errorf("floor %g without noise", s.Moments().Floor)
	}
	longer := c
	longer.Samples = 4100
	l := must[*Set](t)(NewGaussian(longer, &Env{Seed: 1}))
	if e := distance(lanes.Mat{Rows: 4000, Cols: 3, RowStride: 3, ColStride: 1, Data: l.X.Data}, s.X); e != 0 {
		t.Errorf("a longer set does not begin with the shorter one: %g", e)
	}
}

func TestTargetMatrix(t *testing.T) {
	s := must[*Set](t)(NewTargetMatrix(TargetMatrixSettings{SingularValues: []float64{3, 1}, Rows: 2, Cols: 4}, &Env{Seed: 1}))
	near(t, "diagonal M", s.Teacher, lanes.MatOf([][]float64{{3, 0, 0, 0}, {0, 1, 0, 0}}), 0)
	near(t, "X", s.X, identity(4), 0)
	near(t, "Y", s.Y, s.Teacher.T(), 0)
	m := s.Moments()
	near(t, "empirical map", m.Map, s.Teacher, 0)
	if !s.SumHalf || m.Floor != 0 || m.Scalar != 0.25 {
		t.Errorf("sum-half %t, floor %g, scalar %g", s.SumHalf, m.Floor, m.Scalar)
	}
	near(t, "modes", diag(m.S), diag([]float64{3, 1}), 1e-15)
	s = must[*Set](t)(NewTargetMatrix(TargetMatrixSettings{SingularValues: []float64{3, 2, 1}, Rotate: true}, &Env{Seed: 1}))
	near(t, "rotated spectrum", diag(s.Moments().S), diag([]float64{3, 2, 1}), 1e-14)
	if s.Teacher.At(0, 1) == 0 {
		t.Error("not rotated")
	}
	s = must[*Set](t)(NewTargetMatrix(TargetMatrixSettings{Matrix: [][]float64{{1, 2, 3}, {4, 5, 6}}, Rotate: true}, &Env{Seed: 1}))
	near(t, "given M", s.Moments().Map, lanes.MatOf([][]float64{{1, 2, 3}, {4, 5, 6}}), 0)
}

// The moments of a set with correlated, of which one is constant, inputs: Map is the least squares map of least norm, the
// modes rebuild it, and Factor is a root of Σxx.
func TestMoments(t *testing.T) {
	for _, tc := range []struct {
		samples int
		cov     []float64
	}{{50, []float64{4, 1, 0.01, 2}}, {50, []float64{4, 0, 0.25, 2}}, {3, nil}} {
		s := must[*Set](t)(NewTeacherStudent(TeacherStudentSettings{Inputs: 4, Outputs: 3, Samples: tc.samples, LabelNoise: 0.5,
			SingularValues: []float64{2, 1}, InputCovariance: tc.cov}, &Env{Seed: 1}))
		m := s.Moments()
		near(t, "Σxx", m.XX, gram(s.X, s.X), 0)
		near(t, "FFᵀ", lanes.MulMat(m.Factor, m.Factor.T()), m.XX, 1e-14*m.XX.At(0, 0))
		near(t, "normal equations", lanes.MulMat(m.Map, m.XX), m.YX, 1e-13)
		near(t, "U diag(S) Vᵀ", assemble(m.U, m.S, m.V), m.Map, 1e-12)
		near(t, "UᵀU", lanes.MulMat(m.U.T(), m.U), identity(len(m.S)), 1e-14)
		vv := lanes.MulMat(lanes.MulMat(m.V.T(), m.XX), m.V)
		for i := range vv.Data {
			vv.Data[i] /= m.Spread
		}
		near(t, "VᵀΣxxV/c", vv, identity(len(m.S)), 1e-12)
		// tr Σyy = floor + c Σ S².
		total := m.Floor
		for _, x := range m.S {
			total += m.Spread * x * x
		}
		if want := m.YY.At(0, 0) + m.YY.At(1, 1) + m.YY.At(2, 2); math.Abs(total-want) > 1e-13*want {
			t.Errorf("floor and modes explain %g of %g", total, want)
		}
		if len(m.S) != min(3, tc.samples) || !(m.S[0] > m.S[len(m.S)-1]) {
			t.Errorf("modes %v", m.S)
		}
		if tc.cov != nil && tc.cov[1] == 0 {
			for i := range 3 {
				if m.Map.At(i, 1) != 0 {
					t.Errorf("the map of least norm reads a constant input: %g", m.Map.At(i, 1))
				}
			}
		}
	}
}

func TestErrors(t *testing.T) {
	teacher := func(c TeacherStudentSettings) error {
		if c.SingularValues == nil {
			c.SingularValues = []float64{}
		}
		_, err := NewTeacherStudent(c, &Env{})
		return err
	}
	gauss := func(c GaussianSettings) error { _, err := NewGaussian(c, &Env{}); return err }
	target := func(c TargetMatrixSettings) error { _, err := NewTargetMatrix(c, &Env{}); return err }
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{teacher(TeacherStudentSettings{Inputs: 5, Outputs: 2, Samples: 4, Whiten: true}), []string{"4 samples", "at least 5", "whiten: false"}},
		{teacher(TeacherStudentSettings{Inputs: 5, Outputs: 2, Samples: 9, SingularValues: []float64{1, 1, 1}}), []string{"3 entries", "only 2"}},
		{teacher(TeacherStudentSettings{Inputs: 5, Outputs: 2, Samples: 9, SingularValues: []float64{-1}}), []string{"-1", "≥ 0"}},
		{teacher(TeacherStudentSettings{Inputs: 5, Outputs: 2, Samples: 9, SingularValues: []float64{math.NaN()}}), []string{"NaN"}},
		{teacher(TeacherStudentSettings{Inputs: 5, Outputs: 2, Samples: 9, LabelNoise: math.Inf(1)}), []string{"label-noise is +Inf"}},
		{teacher(TeacherStudentSettings{Inputs: 5, Outputs: 2, Samples: 9, SingularValues: []float64{1e308, 1e308}, LabelNoise: 1e308}), []string{"1e150"}},
		{teacher(TeacherStudentSettings{Inputs: 2, Outputs: 2, Samples: 9, Whiten: true, InputCovariance: []float64{1, 1}}), []string{"leave out"}},
		{teacher(TeacherStudentSettings{Inputs: 2, Outputs: 2, Samples: 0}), []string{"at least 1"}},
		{teacher(TeacherStudentSettings{Inputs: 1 << 20, Outputs: 1, Samples: 1 << 20}), []string{"1048576 × 1048576", "fewer"}},
		{teacher(TeacherStudentSettings{Inputs: math.MaxInt, Outputs: math.MaxInt, Samples: math.MaxInt}), []string{"fewer"}},
		{gauss(GaussianSettings{Samples: 5, Inputs: 2, Outputs: 1, Teacher: "none", InputCovariance: []float64{1}}), []string{"1 variances for 2 inputs"}},
		{gauss(GaussianSettings{Samples: 5, Inputs: 2, Outputs: 1, Teacher: "none", InputCovariance: []float64{1, -2}}), []string{"-2", "≥ 0"}},
		{gauss(GaussianSettings{Samples: 5, Inputs: 2, Outputs: 1, Teacher: "sparse"}), []string{"sparse", "none or gaussian"}},
		{target(TargetMatrixSettings{}), []string{"neither", "give one"}},
		{target(TargetMatrixSettings{Matrix: [][]float64{{1}}, SingularValues: []float64{1}}), []string{"leave out one"}},
		{target(TargetMatrixSettings{Matrix: [][]float64{{1, 2}, {3}}}), []string{"row 2 has 1", "equal length"}},
		{target(TargetMatrixSettings{Matrix: [][]float64{}}), []string{"empty"}},
		{target(TargetMatrixSettings{Matrix: [][]float64{{1, math.NaN()}}}), []string{"NaN"}},
		{target(TargetMatrixSettings{Matrix: [][]float64{{1, 2}}, Rows: 3}), []string{"1 × 2", "leave out"}},
		{target(TargetMatrixSettings{SingularValues: []float64{1, 2, 3}, Rows: 2}), []string{"3 entries"}},
	} {
		if tc.err == nil {
			t.Errorf("no error; want one with %q", tc.want)
			continue
		}
		for _, w := range tc.want {
			if !strings.Contains(tc.err.Error(), w) {
				t.Errorf("error %q lacks %q", tc.err, w)
			}
		}
	}
}

// The bits of a set are part of every result on it: a change here changes all results. They are the same on every CPU.
func TestBits(t *testing.T) {
	e := &Env{Seed: 1}
	for _, tc := range []struct {
		set              *Set
		values, function string
	}{
		{must[*Set](t)(NewTeacherStudent(TeacherStudentSettings{Inputs: 5, Outputs: 4, Samples: 50, Whiten: true, SingularValues: []float64{3, 2, 1}, LabelNoise: 0.3}, e)), "11c088cf2518ff19", "0c4540d3bb95bde5"},
		{must[*Set](t)(NewGaussian(GaussianSettings{Samples: 6, Inputs: 9, Outputs: 2, Teacher: "gaussian", LabelNoise: 1}, e)), "f742f611604fa29b", "62fd27058abee70b"},
		{must[*Set](t)(NewTargetMatrix(TargetMatrixSettings{SingularValues: []float64{3, 2, 1}, Rows: 3, Cols: 4, Rotate: true}, e)), "0d26d3749792a3e7", "6b5d715073fe2d30"},
	} {
		m := tc.set.Moments()
		f := must[*Set](t)((&Set{X: m.Map, Y: m.U, TestX: m.V, TestY: m.Factor}).finish())
		if got := tc.set.Hash[:16]; got != tc.values {
			t.Errorf("%s: values %s, want %s", tc.set.Name, got, tc.values)
		}
		if got := f.Hash[:16]; got != tc.function {
			t.Errorf("%s: empirical map and modes %s, want %s", tc.set.Name, got, tc.function)
		}
	}
}
