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
	rng.New(purpose).FullNormals(z, at)
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

// label returns Y = XWᵀ + deviation·Z with standard normals Z of a purpose.
func label(x, w lanes.Mat, deviation float64, purpose string, seed uint64) lanes.Mat {
	y := lanes.MulMat(x, w.T())
	z := gaussian(purpose, seed, y.Rows, y.Cols)
	for i := range y.Data {
		y.Data[i] = math.FMA(deviation, z.Data[i], y.Data[i])
	}
	return y
}

// taught makes the targets of a set whose inputs stand, with the map W.
func (s *Set) taught(w lanes.Mat, deviation float64, seed uint64) (*Set, error) {
	s.Y = label(s.X, w, deviation, "data/labels", seed)
	if !s.TestX.Empty() {
		s.TestY = label(s.TestX, w, deviation, "data/test-labels", seed)
	}
	return s.finish()
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
	SingularValues  []float64 `doc:"singular values of the teacher, at most min(d, k) of them; the rest are 0" optional:"true" check:">=0"`
	Spectrum        *Spectrum `doc:"instead of singular-values: how the min(d, k) singular values of the teacher fall off" optional:"true"`
	Whiten          bool      `doc:"make the sample covariance exact: XᵀX/n = I" default:"false"`
	LabelNoise      float64   `doc:"standard deviation of the Gaussian noise fixed in the targets" default:"0" check:">=0"`
	InputCovariance []float64 `doc:"variance of each input; 1 each where missing" optional:"true" check:">=0"`
	Design
}

// NewTeacherStudent draws Gaussian inputs and labels them by a linear teacher,
//
//	Y = X Wᵀ + σZ,  W = U diag(s) Vᵀ,
//
// with X (n, d), Y (n, k), standard normal Z, and Haar distributed U (k, r) and V (d, r), r = min(d, k). X, U, V and Z each have their own random numbers, so that
// points of a sweep over σ or s share them. With whiten X is √n times an orthonormal set, and XᵀX/n = I to rounding. The
// empirical map differs from W by the part of σZ along the inputs. s is in units of targets over inputs, σ in those of the targets.
func NewTeacherStudent(c TeacherStudentSettings, e *Env) (*Set, error) {
	if err := fits("targets", c.Samples, c.Outputs); err != nil {
		return nil, err
	}
	if err := fits("the teacher", c.Outputs, c.Inputs); err != nil {
		return nil, err
	}
	r := min(c.Inputs, c.Outputs)
	singular, err := chosen(c.SingularValues, c.Spectrum, r)
	if err != nil {
		return nil, err
	}
	if err := checkSpectrum(singular, c.Outputs, c.Inputs); err != nil {
		return nil, err
	}
	if err := checkDeviation(c.LabelNoise); err != nil {
		return nil, err
	}
	s := &Set{Name: "teacher-student"}
	if s.X, s.TestX, err = c.draw(e.Seed, c.Samples, c.Inputs, c.InputCovariance, c.Whiten); err != nil {
		return nil, err
	}
	s.Teacher = assemble(Haar("data/teacher-left", e.Seed, c.Outputs, r), singular, Haar("data/teacher-right", e.Seed, c.Inputs, r))
	return s.taught(s.Teacher, c.LabelNoise, e.Seed)
}

// GaussianSettings are the settings of NewGaussian.
type GaussianSettings struct {
	Samples         int       `doc:"n, the number of samples" check:">=1"`
	Inputs          int       `doc:"d, the number of inputs" check:">=1"`
	Outputs         int       `doc:"k, the number of targets" default:"1" check:">=1"`
	Teacher         string    `doc:"the map behind the targets: none, or entries drawn from N(0, 1/d)" default:"none" oneof:"none|gaussian"`
	Rank            int       `doc:"rank of the gaussian teacher, a product of two Gaussian factors; full where missing" optional:"true" check:">=1"`
	LabelNoise      float64   `doc:"standard deviation of the Gaussian noise fixed in the targets; without a teacher it is all they are" default:"1" check:">=0"`
	Whiten          bool      `doc:"make the sample covariance exact: XᵀX/n = I" default:"false"`
	InputCovariance []float64 `doc:"variance of each input; 1 each where missing" optional:"true" check:">=0"`
	Design
}

// NewGaussian draws Gaussian inputs and targets,
//
//	Y = X Wᵀ + σZ,  W = 0 or Wᵢⱼ ~ N(0, 1/d), or W = ABᵀ/√(rd) with standard normal A (k, r) and B (d, r),
//
// with X (n, d), Y (n, k) and standard normal Z. Entries of either teacher have the variance 1/d, so that on inputs of variance 1
// targets have the variance 1 + σ². X, W and Z each have their own random numbers. σ is in units of the targets.
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
	s := &Set{Name: "gaussian"}
	var err error
	if s.X, s.TestX, err = c.draw(e.Seed, c.Samples, c.Inputs, c.InputCovariance, c.Whiten); err != nil {
		return nil, err
	}
	w := lanes.NewMat(c.Outputs, c.Inputs)
	switch c.Teacher {
	case "none":
		if c.Rank != 0 {
			return nil, fmt.Errorf("rank is that of a teacher, and teacher is none; leave out rank, or use teacher: gaussian")
		}
	case "gaussian":
		unit := math.Sqrt(float64(c.Inputs))
		switch most := min(c.Inputs, c.Outputs); {
		case c.Rank == 0:
			w = gaussian("data/teacher", e.Seed, c.Outputs, c.Inputs)
		case c.Rank < 0 || c.Rank > most:
			return nil, fmt.Errorf("rank is %d; a %d × %d teacher has a rank from 1 to %d", c.Rank, c.Outputs, c.Inputs, most)
		default:
			w = lanes.MulMat(gaussian("data/teacher-left", e.Seed, c.Outputs, c.Rank), gaussian("data/teacher-right", e.Seed, c.Inputs, c.Rank).T())
			unit = math.Sqrt(float64(c.Rank) * float64(c.Inputs))
		}
		for i := range w.Data {
			w.Data[i] /= unit
		}
		s.Teacher = w
	default:
		return nil, fmt.Errorf("teacher is %q; want none or gaussian", c.Teacher)
	}
	return s.taught(w, c.LabelNoise, e.Seed)
}

// TargetMatrixSettings are the settings of NewTargetMatrix.
type TargetMatrixSettings struct {
	SingularValues []float64   `doc:"singular values of M; give these, spectrum or matrix" optional:"true" check:">=0"`
	Spectrum       *Spectrum   `doc:"how the singular values of M fall off, as many as rows and cols allow" optional:"true"`
	Rows           int         `doc:"rows of M; as many as singular values where missing" optional:"true" check:">=1"`
	Cols           int         `doc:"columns of M; as many as singular values where missing" optional:"true" check:">=1"`
	Rotate         bool        `doc:"turn M by Haar distributed rotations of the data seed; false keeps it diagonal" default:"true"`
	Matrix         [][]float64 `doc:"M itself, by rows" optional:"true"`
}

// NewTargetMatrix stands for the matrix loss ½‖W − M‖²: its inputs are the unit vectors and its targets the columns of M,
//
//	X = I,  Y = Mᵀ,
//
// with M of shape (k, d), so that n = d, under the loss sum-half, the default on this set: L = ½‖W − M‖²_F. M is given, or drawn as
// U diag(s) Vᵀ with Haar distributed U and V. There are no test rows.
func NewTargetMatrix(c TargetMatrixSettings, e *Env) (*Set, error) {
	if c.Matrix == nil && c.Spectrum != nil {
		if c.Rows < 1 || c.Cols < 1 {
			return nil, fmt.Errorf("spectrum says how singular values fall off, and not how many there are; give rows and cols")
		}
		if err := fits("the target matrix", c.Rows, c.Cols); err != nil {
			return nil, err
		}
		var err error
		if c.SingularValues, err = chosen(c.SingularValues, c.Spectrum, min(c.Rows, c.Cols)); err != nil {
			return nil, err
		}
	}
	var m lanes.Mat
	switch {
	case c.Matrix != nil && (c.SingularValues != nil || c.Spectrum != nil):
		return nil, fmt.Errorf("both matrix and singular-values or spectrum are given; leave out one")
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
		return nil, fmt.Errorf("neither matrix nor singular-values is given; give one, or spectrum")
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
