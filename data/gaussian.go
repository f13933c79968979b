package data

import (
	"fmt"
	"math"

	"sgdlab/lanes"
	"sgdlab/rng"
)

// normals returns count independent standard normals of a purpose under the data seed. Each has its own address, so a
// longer list begins with the shorter one.
func normals(purpose string, seed uint64, count int) []float64 {
	at := &rng.Lanes{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = seed, uint64(l)
	}
	z := make(lanes.Pack, (count+lanes.W-1)/lanes.W)
	rng.New(purpose).Normals(z, at)
	out := make([]float64, count)
	for i := range out {
		out[i] = z[i/lanes.W][i%lanes.W]
	}
	return out
}

// gaussian returns a matrix of independent standard normals.
func gaussian(purpose string, seed uint64, rows, cols int) lanes.Mat {
	return lanes.Mat{Rows: rows, Cols: cols, RowStride: cols, ColStride: 1, Data: normals(purpose, seed, rows*cols)}
}

// Haar returns cols ≤ rows orthonormal columns, uniform among all such, from the random numbers of a purpose and seed.
func Haar(purpose string, seed uint64, rows, cols int) lanes.Mat {
	q := lanes.NewMat(cols, rows).T()
	copy(q.Data, normals(purpose, seed, rows*cols))
	orthonormalise(q)
	return q
}

// assemble returns U diag(s) Vᵀ, where s may be shorter than the columns of U and V.
func assemble(u lanes.Mat, s []float64, v lanes.Mat) lanes.Mat {
	w := lanes.NewMat(u.Rows, v.Rows)
	for i := range u.Rows {
		for j := range v.Rows {
			sum := 0.0
			for m, x := range s {
				sum = math.FMA(float64(u.At(i, m)*x), v.At(j, m), sum)
			}
			w.Set(i, j, sum)
		}
	}
	return w
}

// inputs draws X with the covariance diag(variances), I where there are none.
func inputs(seed uint64, samples, dim int, variances []float64) (lanes.Mat, error) {
	if err := fits("inputs", samples, dim); err != nil {
		return lanes.Mat{}, err
	}
	if variances != nil && len(variances) != dim {
		return lanes.Mat{}, fmt.Errorf("input-covariance has %d variances for %d inputs; give one for each input", len(variances), dim)
	}
	for _, v := range variances {
		if !(v >= 0) || math.IsInf(v, 0) {
			return lanes.Mat{}, fmt.Errorf("input-covariance holds %g; variances are finite numbers ≥ 0", v)
		}
	}
	x := gaussian("data/inputs", seed, samples, dim)
	for j, v := range variances {
		for i := range samples {
			x.Set(i, j, x.At(i, j)*math.Sqrt(v))
		}
	}
	return x, nil
}

// label returns Y = XWᵀ + deviation·Z with standard normals Z.
func label(x, w lanes.Mat, deviation float64, seed uint64) lanes.Mat {
	y := lanes.MulMat(x, w.T())
	z := gaussian("data/labels", seed, y.Rows, y.Cols)
	for i := range y.Data {
		y.Data[i] = math.FMA(deviation, z.Data[i], y.Data[i])
	}
	return y
}

// checkSpectrum refuses singular values that no rows × cols matrix has.
func checkSpectrum(s []float64, rows, cols int) error {
	if len(s) > min(rows, cols) {
		return fmt.Errorf("singular-values has %d entries, but a %d × %d map has only %d; leave out the smallest or make the map larger", len(s), rows, cols, min(rows, cols))
	}
	for _, x := range s {
		if !(x >= 0) || math.IsInf(x, 0) {
			return fmt.Errorf("singular-values holds %g; singular values are finite numbers ≥ 0", x)
		}
	}
	return nil
}

func checkDeviation(x float64) error {
	if !(x >= 0) || math.IsInf(x, 0) {
		return fmt.Errorf("label-noise is %g; it is a standard deviation, a finite number ≥ 0", x)
	}
	return nil
}

// TeacherStudentSettings are the settings of NewTeacherStudent.
type TeacherStudentSettings struct {
	Inputs          int       `doc:"d, the number of inputs" check:">=1"`
	Outputs         int       `doc:"k, the number of targets" default:"1" check:">=1"`
	Samples         int       `doc:"n, the number of samples" check:">=1"`
	SingularValues  []float64 `doc:"singular values of the teacher, at most min(d, k) of them; the rest are 0" check:">=0"`
	Whiten          bool      `doc:"make the sample covariance exact: XᵀX/n = I" default:"false"`
	LabelNoise      float64   `doc:"standard deviation of the Gaussian noise fixed in the targets" default:"0" check:">=0"`
	InputCovariance []float64 `doc:"variance of each input; 1 each where missing" optional:"true" check:">=0"`
}

// NewTeacherStudent draws Gaussian inputs and labels them by a linear teacher,
//
//	Y = X Wᵀ + σZ,  W = U diag(s) Vᵀ,
//
// with Haar distributed U (k, r) and V (d, r), r = min(d, k). X, U, V and Z each have their own random numbers, so that
// points of a sweep over σ or s share them. With whiten X is √n times an orthonormal set, and XᵀX/n = I to rounding. The
// empirical map differs from W by the part of σZ along the inputs.
func NewTeacherStudent(c TeacherStudentSettings, e *Env) (*Set, error) {
	if err := fits("targets", c.Samples, c.Outputs); err != nil {
		return nil, err
	}
	if err := fits("the teacher", c.Outputs, c.Inputs); err != nil {
		return nil, err
	}
	if err := checkSpectrum(c.SingularValues, c.Outputs, c.Inputs); err != nil {
		return nil, err
	}
	if err := checkDeviation(c.LabelNoise); err != nil {
		return nil, err
	}
	if c.Whiten && c.InputCovariance != nil {
		return nil, fmt.Errorf("whiten makes the covariance of the inputs I; leave out whiten or input-covariance")
	}
	if c.Whiten && c.Samples < c.Inputs {
		return nil, fmt.Errorf("%d samples cannot be white in %d inputs; use at least %d samples, or whiten: false", c.Samples, c.Inputs, c.Inputs)
	}
	x, err := inputs(e.Seed, c.Samples, c.Inputs, c.InputCovariance)
	if err != nil {
		return nil, err
	}
	if c.Whiten {
		q := byColumns(x)
		orthonormalise(q)
		root := math.Sqrt(float64(c.Samples))
		for i := range q.Data {
			q.Data[i] *= root
		}
		x = q.Clone()
	}
	r := min(c.Inputs, c.Outputs)
	w := assemble(Haar("data/teacher-left", e.Seed, c.Outputs, r), c.SingularValues, Haar("data/teacher-right", e.Seed, c.Inputs, r))
	s := &Set{Name: "teacher-student", X: x, Y: label(x, w, c.LabelNoise, e.Seed), Teacher: w}
	return s.finish()
}

// GaussianSettings are the settings of NewGaussian.
type GaussianSettings struct {
	Samples         int       `doc:"n, the number of samples" check:">=1"`
	Inputs          int       `doc:"d, the number of inputs" check:">=1"`
	Outputs         int       `doc:"k, the number of targets" default:"1" check:">=1"`
	Teacher         string    `doc:"the map behind the targets: none, or entries drawn from N(0, 1/d)" default:"none" oneof:"none|gaussian"`
	LabelNoise      float64   `doc:"standard deviation of the Gaussian noise fixed in the targets; without a teacher it is all they are" default:"1" check:">=0"`
	InputCovariance []float64 `doc:"variance of each input; 1 each where missing" optional:"true" check:">=0"`
}

// NewGaussian draws Gaussian inputs and targets,
//
//	Y = X Wᵀ + σZ,  W = 0 or Wᵢⱼ ~ N(0, 1/d).
//
// X, W and Z each have their own random numbers.
func NewGaussian(c GaussianSettings, e *Env) (*Set, error) {
	if err := fits("targets", c.Samples, c.Outputs); err != nil {
		return nil, err
	}
	if err := fits("the teacher", c.Outputs, c.Inputs); err != nil {
		return nil, err
	}
	if err := checkDeviation(c.LabelNoise); err != nil {
		return nil, err
	}
	x, err := inputs(e.Seed, c.Samples, c.Inputs, c.InputCovariance)
	if err != nil {
		return nil, err
	}
	s := &Set{Name: "gaussian", X: x}
	switch c.Teacher {
	case "none":
		s.Y = label(x, lanes.NewMat(c.Outputs, c.Inputs), c.LabelNoise, e.Seed)
	case "gaussian":
		s.Teacher = gaussian("data/teacher", e.Seed, c.Outputs, c.Inputs)
		root := math.Sqrt(float64(c.Inputs))
		for i := range s.Teacher.Data {
			s.Teacher.Data[i] /= root
		}
		s.Y = label(x, s.Teacher, c.LabelNoise, e.Seed)
	default:
		return nil, fmt.Errorf("teacher is %q; want none or gaussian", c.Teacher)
	}
	return s.finish()
}

// TargetMatrixSettings are the settings of NewTargetMatrix.
type TargetMatrixSettings struct {
	SingularValues []float64   `doc:"singular values of M; give these or matrix" optional:"true" check:">=0"`
	Rows           int         `doc:"rows of M; as many as singular values where missing" optional:"true" check:">=1"`
	Cols           int         `doc:"columns of M; as many as singular values where missing" optional:"true" check:">=1"`
	Rotate         bool        `doc:"turn M by Haar distributed rotations of the data seed; false keeps it diagonal" default:"true"`
	Matrix         [][]float64 `doc:"M itself, by rows" optional:"true"`
}

// NewTargetMatrix stands for the matrix loss ½‖W − M‖²: its inputs are the unit vectors and its targets the columns of M,
//
//	X = I,  Y = Mᵀ,
//
// under the loss sum-half. M is given, or drawn as U diag(s) Vᵀ.
func NewTargetMatrix(c TargetMatrixSettings, e *Env) (*Set, error) {
	var m lanes.Mat
	switch {
	case c.Matrix != nil && c.SingularValues != nil:
		return nil, fmt.Errorf("both matrix and singular-values are given; leave out one")
	case c.Matrix != nil:
		if len(c.Matrix) == 0 || len(c.Matrix[0]) == 0 {
			return nil, fmt.Errorf("matrix is empty; give at least one row of one number")
		}
		rows, cols := len(c.Matrix), len(c.Matrix[0])
		for i, r := range c.Matrix {
			if len(r) != cols {
				return nil, fmt.Errorf("matrix: row %d has %d numbers, row 1 has %d; give rows of equal length", i+1, len(r), cols)
			}
		}
		if c.Rows != 0 && c.Rows != rows || c.Cols != 0 && c.Cols != cols {
			return nil, fmt.Errorf("matrix is %d × %d; leave out rows and cols", rows, cols)
		}
		m = lanes.MatOf(c.Matrix)
	case c.SingularValues != nil:
		rows, cols := c.Rows, c.Cols
		if rows == 0 {
			rows = len(c.SingularValues)
		}
		if cols == 0 {
			cols = len(c.SingularValues)
		}
		if err := fits("the target matrix", rows, cols); err != nil {
			return nil, err
		}
		if err := checkSpectrum(c.SingularValues, rows, cols); err != nil {
			return nil, err
		}
		if c.Rotate {
			r := min(rows, cols)
			m = assemble(Haar("data/teacher-left", e.Seed, rows, r), c.SingularValues, Haar("data/teacher-right", e.Seed, cols, r))
			break
		}
		m = lanes.NewMat(rows, cols)
		for j, s := range c.SingularValues {
			m.Set(j, j, s)
		}
	default:
		return nil, fmt.Errorf("neither matrix nor singular-values is given; give one")
	}
	if err := fits("the inputs of the target matrix", m.Cols, m.Cols); err != nil {
		return nil, err
	}
	x := lanes.NewMat(m.Cols, m.Cols)
	for j := range m.Cols {
		x.Set(j, j, 1)
	}
	s := &Set{Name: "target-matrix", X: x, Y: m.T().Clone(), Teacher: m, SumHalf: true}
	return s.finish()
}
