package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// endToEnd is the end-to-end map W(θ), shape (k, d), and its spectrum.
type endToEnd struct {
	of      sgdlab.EndToEnd
	k, d    int
	rank    int // that W cannot exceed: the narrowest layer
	scratch linalg.Scratch
}

func newEndToEnd(s *sgdlab.Site) (*endToEnd, error) {
	of, err := sgdlab.As[sgdlab.EndToEnd](s.Model)
	if err != nil {
		return nil, err
	}
	e := &endToEnd{of: of}
	e.k, e.d = of.EffectiveShape()
	e.rank = min(e.k, e.d)
	if m, err := sgdlab.As[sgdlab.Layered](s.Model); err == nil {
		for _, l := range m.Layers() {
			e.rank = min(e.rank, l.Rows, l.Cols)
		}
	}
	return e, nil
}

func (e *endToEnd) effective(theta lanes.Pack, ws *lanes.Arena) lanes.View {
	w := ws.Pack(e.k * e.d)
	e.of.Effective(w, theta, ws)
	return lanes.ByRows(w, e.k, e.d)
}

func (e *endToEnd) singular(values, theta lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	e.scratch.Singular(values, lanes.View{}, lanes.View{}, e.effective(theta, ws), e.rank)
}

// SingularValues are those of the end-to-end map W, shape (k, d), largest first,
//
//	σ₁ ≥ σ₂ ≥ …,  W = Σᵢ σᵢ uᵢvᵢᵀ,
//
// min(k, d) of them, in units of targets over inputs. For a vector β there is one, ‖β‖₂.
type SingularValues struct {
	*endToEnd
	Count int
}

// SingularValuesSettings are those of NewSingularValues.
type SingularValuesSettings struct {
	Count int `doc:"how many, largest first; all where missing" optional:"true" check:">=1"`
}

// NewSingularValues builds the singular values of the end-to-end map; those beyond the width of the narrowest layer are 0.
// It needs a model with an end-to-end map.
func NewSingularValues(c SingularValuesSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	n, err := count(c.Count, min(e.k, e.d), fmt.Sprintf("singular values of a map from %d inputs to %d outputs", e.d, e.k))
	if err != nil {
		return nil, err
	}
	return &SingularValues{endToEnd: e, Count: n}, nil
}

// Columns is singular-value[1], singular-value[2], …
func (o *SingularValues) Columns() []sgdlab.Column { return numbered("singular-value", o.Count) }

// Observe is dst = σ₁ ≥ σ₂ ≥ …
func (o *SingularValues) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	o.singular(dst[:o.Count], theta, ws)
}

// EffectiveRank is the exponential of the entropy of the normalised singular values of the end-to-end map,
//
//	exp(−Σ pᵢ ln pᵢ),  pᵢ = σᵢ/Σσ:
//
// r for r equal values and no others, between 1 and min(k, d) for W of shape (k, d), NaN at W = 0.
//
// Source: Roy & Vetterli 2007.
type EffectiveRank struct{ *endToEnd }

// EffectiveRankSettings are those of NewEffectiveRank: none.
type EffectiveRankSettings struct{}

// NewEffectiveRank is the entropic rank of the end-to-end map. It needs a model with an end-to-end map.
func NewEffectiveRank(_ EffectiveRankSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	return &EffectiveRank{endToEnd: e}, nil
}

// Columns is effective-rank.
func (o *EffectiveRank) Columns() []sgdlab.Column { return named("effective-rank") }

// Observe is dst = exp H(σ/Σσ).
func (o *EffectiveRank) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	sigma := ws.Pack(o.rank)
	o.singular(sigma, theta, ws)
	total := lanes.Sum(sigma)
	for l := range lanes.W {
		h := 0.0
		for i := range sigma {
			if p := sigma[i][l] / total[l]; p != 0 { // 0·ln 0 = 0; NaN goes on
				h = math.FMA(-p, elementary.Log(p), h)
			}
		}
		dst[0][l] = elementary.Exp(h)
	}
}

// NuclearNorm is the nuclear norm of the end-to-end map W,
//
//	‖W‖* = Σσᵢ,
//
// the sum of its singular values, in units of W. Of the matrices that fit some entries, one of the least nuclear norm is often of low rank.
type NuclearNorm struct{ *endToEnd }

// NuclearNormSettings are those of NewNuclearNorm: none.
type NuclearNormSettings struct{}

// NewNuclearNorm is that sum. It needs a model with an end-to-end map.
func NewNuclearNorm(_ NuclearNormSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	return &NuclearNorm{endToEnd: e}, nil
}

// Columns is nuclear-norm.
func (o *NuclearNorm) Columns() []sgdlab.Column { return named("nuclear-norm") }

// Observe is dst = Σσᵢ.
func (o *NuclearNorm) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	sigma := ws.Pack(o.rank)
	o.singular(sigma, theta, ws)
	dst[0] = lanes.Sum(sigma)
}

// ParticipationRatio is the number of entries that carry the end-to-end map β,
//
//	(Σβⱼ²)² / Σβⱼ⁴:
//
// 1 for one entry, d for d equal ones, NaN at β = 0. It is meant for vectors, such as that of a diagonal network, and is the same in
// all units.
type ParticipationRatio struct{ *endToEnd }

// ParticipationRatioSettings are those of NewParticipationRatio: none.
type ParticipationRatioSettings struct{}

// NewParticipationRatio is that number. It needs a model with an end-to-end map.
func NewParticipationRatio(_ ParticipationRatioSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	return &ParticipationRatio{endToEnd: e}, nil
}

// Columns is participation-ratio.
func (o *ParticipationRatio) Columns() []sgdlab.Column { return named("participation-ratio") }

// Observe is dst = (Σβ²)²/Σβ⁴.
func (o *ParticipationRatio) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	w := o.effective(theta, ws).P
	top := lanes.MaxAbs(w) // the fourth power of a small β underflows
	for j := range w {
		for l := range w[j] {
			w[j][l] /= top[l]
		}
	}
	two := lanes.Dot(w, w)
	lanes.Mul(w, w, w)
	four := lanes.Dot(w, w)
	for l := range two {
		dst[0][l] = two[l] * two[l] / four[l]
	}
}

// ModeOverlap is how strongly the end-to-end map W, shape (k, d), acts along each mode of the data or of the teacher,
// signed:
//
//	data:     uₐᵀ W Σxx vₐ / c,  where the empirical map is Σ Sₐ uₐvₐᵀ,
//	                             uₐᵀu_b = δ_ab,  vₐᵀΣxx v_b = c δ_ab,  c = tr Σxx/d,
//	teacher:  uₐᵀ W vₐ,          where the teacher is Σ sₐ uₐvₐᵀ, its singular value decomposition.
//
// A mode that is learnt has the strength Sₐ or sₐ, one that is not has 0, whatever the others do. On whitened inputs the
// data's overlap is uₐᵀWvₐ too, and theory saxe-sigmoid says how it grows. It is in units of targets over inputs. Where strengths repeat,
// their modes are some that span the same space, as the decomposition has them.
type ModeOverlap struct {
	*endToEnd
	left, right lanes.Mat // rows uₐ, (count, k), and Σxx vₐ/c or vₐ, (count, d)
}

// ModeOverlapSettings are those of NewModeOverlap.
type ModeOverlapSettings struct {
	Of    string `doc:"whose modes: those of the empirical map Σyx Σxx⁻¹, or the singular vectors of the teacher" default:"data" oneof:"data|teacher"`
	Count int    `doc:"how many, strongest first; all where missing" optional:"true" check:">=1"`
}

// NewModeOverlap builds the overlaps; it needs a model with an end-to-end map, and of: teacher data whose teacher is
// known.
func NewModeOverlap(c ModeOverlapSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	e, err := newEndToEnd(s)
	if err != nil {
		return nil, err
	}
	if s.Data == nil {
		return nil, fmt.Errorf("overlap is with the modes of data, and there is none")
	}
	var u, right lanes.Mat
	switch c.Of {
	case "data", "":
		m := s.Data.Moments()
		u = m.U
		right = lanes.MulMat(m.XX, m.V)
		for i := range right.Data {
			right.Data[i] /= m.Spread
		}
	case "teacher":
		if s.Data.Teacher.Empty() {
			return nil, fmt.Errorf("of: teacher needs data with a known teacher, such as teacher-student; use of: data")
		}
		u, _, right = data.SVD(s.Data.Teacher)
	default:
		return nil, fmt.Errorf("got of: %s; want data or teacher", c.Of)
	}
	if u.Rows != e.k || right.Rows != e.d {
		return nil, fmt.Errorf("the modes map %d inputs to %d outputs, but the model maps %d to %d", right.Rows, u.Rows, e.d, e.k)
	}
	if u.Cols == 0 {
		return nil, fmt.Errorf("the map of the %s is 0 and has no modes; use singular-values, or data with a map", c.Of)
	}
	n, err := count(c.Count, u.Cols, "modes")
	if err != nil {
		return nil, err
	}
	o := &ModeOverlap{endToEnd: e, left: u.T().Clone(), right: right.T().Clone()}
	o.left.Rows, o.right.Rows = n, n
	return o, nil
}

// Columns is mode[1], mode[2], …
func (o *ModeOverlap) Columns() []sgdlab.Column { return numbered("mode", o.left.Rows) }

// Observe is dst = the strength along each mode.
func (o *ModeOverlap) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n := o.left.Rows
	uw := lanes.ByRows(ws.Pack(n*o.d), n, o.d)
	lanes.SharedMul(uw, o.left, o.effective(theta, ws))
	for a := range n {
		var s lanes.Vec
		for j := range o.d {
			x, r := uw.At(a, j), o.right.At(a, j)
			for l := range s {
				s[l] = math.FMA(x[l], r, s[l])
			}
		}
		dst[a] = s
	}
}
