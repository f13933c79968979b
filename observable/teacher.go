package observable

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/elementary"
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
	e, teacher, err := taught(s)
	if err != nil {
		return nil, err
	}
	return &TeacherDistance{of: e, size: len(teacher), teacher: teacher}, nil
}

// taught is an end-to-end map and the teacher's entries, in its order.
func taught(s *sgdlab.Site) (sgdlab.EndToEnd, []float64, error) {
	e, err := sgdlab.As[sgdlab.EndToEnd](s.Model)
	if err != nil {
		return nil, nil, err
	}
	if s.Data == nil || s.Data.Teacher.Empty() {
		return nil, nil, errors.New("needs data with a teacher, and the map behind these targets is not known; use sparse-truth, teacher-student or gaussian with a teacher")
	}
	k, d := e.EffectiveShape()
	t := s.Data.Teacher
	if t.Rows != k || t.Cols != d {
		return nil, nil, fmt.Errorf("the teacher has the shape (%d, %d), and the end-to-end map (%d, %d)", t.Rows, t.Cols, k, d)
	}
	var teacher []float64
	for i := range k {
		for j := range d {
			teacher = append(teacher, t.At(i, j))
		}
	}
	return e, teacher, nil
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

// Support is how large the entries of the end-to-end map are where the teacher has some, and where it has none,
//
//	median over {j : W°ⱼ ≠ 0} of ln|Wⱼ|,  median over {j : W°ⱼ = 0} of ln|Wⱼ|:
//
// what is learnt, and what is left beside it. It is −∞ where half of the entries are 0. W is in units of the map.
type Support struct {
	of   sgdlab.EndToEnd
	on   []bool
	side [2][]float64
}

// SupportSettings are those of NewSupport: none.
type SupportSettings struct{}

// NewSupport needs a linear network, and data with a teacher that has some entries and not others.
func NewSupport(_ SupportSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, teacher, err := taught(s)
	if err != nil {
		return nil, err
	}
	o := &Support{of: e}
	for _, w := range teacher {
		k := side(w != 0)
		o.on = append(o.on, w != 0)
		o.side[k] = append(o.side[k], 0)
	}
	if len(o.side[0]) == 0 || len(o.side[1]) == 0 {
		return nil, fmt.Errorf("the teacher has %d of %d entries; want some and not all, as sparse-truth gives", len(o.side[0]), len(o.on))
	}
	return o, nil
}

// Columns is log-on-support and log-off-support.
func (o *Support) Columns() []sgdlab.Column { return named("log-on-support", "log-off-support") }

// Observe is dst = the two medians.
func (o *Support) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	w := ws.Pack(len(o.on))
	o.of.Effective(w, theta, ws)
	for l := range lanes.W {
		var n [2]int
		for j, on := range o.on {
			k := side(on)
			o.side[k][n[k]] = math.Abs(w[j][l])
			n[k]++
		}
		for k, x := range o.side {
			slices.Sort(x) // NaN first
			m := len(x) / 2
			mid := elementary.Log(x[m])
			if len(x)%2 == 0 {
				mid = (elementary.Log(x[m-1]) + mid) / 2
			}
			if math.IsNaN(x[0]) {
				mid = math.NaN()
			}
			dst[k][l] = mid
		}
	}
}
