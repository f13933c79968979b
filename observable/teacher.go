package observable

import (
	"errors"
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// TeacherDistance is how far the end-to-end map is from the map behind the targets,
//
//	‖W(θ) − W°‖_F,
//
// in units of the map: what is left to recover. On Gaussian inputs of variance 1 half its square is the mean loss on fresh rows without
// label noise.
type TeacherDistance struct {
	of      sgdlab.EndToEnd
	teacher []float64
	size    int
}

// TeacherDistanceSettings are those of NewTeacherDistance: none.
type TeacherDistanceSettings struct{}

// NewTeacherDistance needs a linear network, and data whose teacher is known, such as sparse-truth.
func NewTeacherDistance(_ TeacherDistanceSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := sgdlab.As[sgdlab.EndToEnd](s.Model)
	if err != nil {
		return nil, err
	}
	if s.Data == nil || s.Data.Teacher.Empty() {
		return nil, errors.New("needs data with a teacher, and the map behind these targets is not known; use sparse-truth, teacher-student or gaussian with a teacher")
	}
	k, d := e.EffectiveShape()
	t := s.Data.Teacher
	if t.Rows != k || t.Cols != d {
		return nil, fmt.Errorf("the teacher has the shape (%d, %d), and the end-to-end map (%d, %d)", t.Rows, t.Cols, k, d)
	}
	o := &TeacherDistance{of: e, size: k * d}
	for i := range k {
		for j := range d {
			o.teacher = append(o.teacher, t.At(i, j))
		}
	}
	return o, nil
}

// Columns is teacher-distance.
func (o *TeacherDistance) Columns() []sgdlab.Column { return named("teacher-distance") }

// Observe is dst = ‖W − W°‖.
func (o *TeacherDistance) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	w := ws.Pack(o.size)
	o.of.Effective(w, theta, ws)
	for j := range w {
		for l := range w[j] {
			w[j][l] -= o.teacher[j]
		}
	}
	dst[0] = root(lanes.Dot(w, w))
}
