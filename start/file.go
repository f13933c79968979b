package start

import (
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// FileSettings are the settings of NewFile.
type FileSettings struct {
	Path      string         `doc:"file with θ: NPY, NPZ, IDX, CSV with a header, or Parquet; one row for all replicas, or one for each"`
	Array     string         `doc:"which array of an NPZ file; may be left out where it holds one" optional:"true"`
	Columns   []string       `doc:"which columns of a CSV or Parquet file, in the order of the coordinates: names, or a..b; all where missing" optional:"true"`
	Deviation sgdlab.Setting `doc:"standard deviation of a Gaussian kick, in every coordinate" default:"0" check:">=0"`
}

// NewFile starts at points read from a file,
//
//	θ = row_r + δz,  z standard normal,
//
// r the index of the replica, from 0; a file of one row holds the start of all replicas, and so does an array with one axis.
// Rows have one number for each coordinate of the model, layers in their order and each matrix by rows. A file of several
// rows places so many replicas and no more: those beyond it start at NaN, and count as diverged.
// δ is in units of θ.
func NewFile(c FileSettings, s *sgdlab.Site) (sgdlab.Start, error) {
	if err := standing(s); err != nil {
		return nil, err
	}
	m, file, err := data.Matrix(s.Folder, c.Path, c.Array, c.Columns)
	if err != nil {
		return nil, err
	}
	d := s.Model.Dim()
	if m.Cols != d && m.Cols == 1 && m.Rows == d && len(c.Columns) <= 1 { // an array with one axis, or one column
		m = m.T().Clone()
	}
	switch {
	case m.Empty():
		return nil, fmt.Errorf("%s holds no numbers; write one row of %d", c.Path, d)
	case m.Cols != d:
		return nil, fmt.Errorf("%s has %d rows of %d numbers, but the model has %d coordinates; write %d in each row", c.Path, m.Rows, m.Cols, d, d)
	}
	for i := range m.Rows {
		for j := range m.Cols {
			if x := m.At(i, j); math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("%s: row %d, coordinate %d is %g; want finite numbers", c.Path, i+1, j, x)
			}
		}
	}
	if m.Rows == 1 {
		return &filed{cloud: newCloud(slices.Clone(m.Data), c.Deviation, nil, s), file: file}, nil
	}
	for i, x := range m.Data {
		if x == 0 {
			m.Data[i] = 0 // not −0, which a kick of size 0 would change
		}
	}
	return &filed{cloud: newCloud(nil, c.Deviation, nil, s), file: file, rows: m}, nil
}

// filed is a cloud around points of a file.
type filed struct {
	*cloud
	file data.File
	rows lanes.Mat // empty where all replicas have one, the centre
}

// Replicas returns how many replicas can start, 0 for any number.
func (f *filed) Replicas() int { return f.rows.Rows }

// Files returns what was read.
func (f *filed) Files() []data.File { return []data.File{f.file} }

// Deterministic reports whether all replicas start at one place: not where each has its own.
func (f *filed) Deterministic(point int32) bool {
	return f.rows.Empty() && f.cloud.Deterministic(point)
}

// Draw fills θ.
func (f *filed) Draw(theta lanes.Pack, at *sgdlab.Clock) {
	f.cloud.Draw(theta, at)
	if f.rows.Empty() {
		return
	}
	for l, r := range at.Replica {
		for j := range theta {
			if r >= uint64(f.rows.Rows) {
				theta[j][l] = math.NaN()
				continue
			}
			theta[j][l] += f.rows.At(int(r), j)
		}
	}
}
