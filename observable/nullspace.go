package observable

import (
	"fmt"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// NullSpace is what a linear network W = W_L⋯W₁ is in the null space of its inputs. Sums of gradients over rows move W₁ within the span of the
// inputs alone, whatever the rows, labels and weights, so that with P = I − X⁺X the part W₁P is where it started, and a network
// that fits its targets is known but for the layers above:
//
//	null-norm     ‖WP‖, what of the map no sample sees
//	null-drift    ‖(W₁ − W₁(0))P‖: 0 to rounding under GD, SGD and label noise on either
//	solution-gap  ‖W − W* − W_L⋯W₂ W₁(0)P‖, W* the least squares map of least norm: 0 at interpolation
//
// in units of θ, and of targets over inputs the others. W₁(0) is drawn anew from its address. Noise that is added to θ moves W₁P; with W₁(0) → 0 the
// end is W*, the least in norm.
//
// Source: derived here.
type NullSpace struct {
	of     sgdlab.EndToEnd
	first  sgdlab.Shape
	basis  lanes.Mat // the span of the inputs, (d, r)
	centre lanes.Pack
	start  DistanceToStart
}

// NullSpaceSettings are those of NewNullSpace: none.
type NullSpaceSettings struct{}

// NewNullSpace needs a linear network of weight matrices, a start, and inputs that do not span all of their space, such as fewer samples than inputs.
func NewNullSpace(_ NullSpaceSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	l, err := chained(s)
	if err != nil {
		return nil, err
	}
	e, err := sgdlab.As[sgdlab.EndToEnd](s.Model)
	switch {
	case err != nil:
		return nil, err
	case s.Data == nil:
		return nil, fmt.Errorf("null-space is that of the inputs, and there is no data")
	case s.Start == nil:
		return nil, fmt.Errorf("null-space compares with the start, and there is none")
	}
	_, _, basis := data.SVD(s.Data.X)
	if basis.Cols == s.Data.Inputs() {
		return nil, fmt.Errorf("the %d samples span all %d inputs, and their null space is 0; use fewer samples than inputs", s.Data.N(), s.Data.Inputs())
	}
	return &NullSpace{
		of: e, first: l[0], basis: basis, centre: lanes.Of(s.Data.Moments().Map.Data),
		start: DistanceToStart{origin: s.Origin(), theta0: make(lanes.Pack, s.Model.Dim())},
	}, nil
}

// Columns is null-norm, null-drift and solution-gap.
func (o *NullSpace) Columns() []sgdlab.Column {
	return named("null-norm", "null-drift", "solution-gap")
}

// Observe is dst = the three norms.
func (o *NullSpace) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	w, kept := ws.Pack(len(o.centre)), ws.Pack(len(o.centre))
	o.of.Effective(w, theta, ws)

	begun := o.start.from(at)
	other := ws.Pack(len(theta))
	lanes.Copy(other, theta)
	first := layer(other, o.first)
	lanes.Copy(first.P, layer(begun, o.first).P)
	o.project(first, ws)
	o.of.Effective(kept, other, ws)

	lanes.Sub(kept, kept, w)
	lanes.Add(kept, kept, o.centre)
	dst[2] = root(lanes.Dot(kept, kept))

	lanes.Sub(first.P, layer(theta, o.first).P, layer(begun, o.first).P)
	o.project(first, ws)
	dst[1] = root(lanes.Dot(first.P, first.P))

	o.project(lanes.ByRows(w, len(w)/o.basis.Rows, o.basis.Rows), ws)
	dst[0] = root(lanes.Dot(w, w))
}

// project is a ← aP = a − aBBᵀ.
func (o *NullSpace) project(a lanes.View, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	r := o.basis.Cols
	b := lanes.ByRows(ws.Pack(a.Rows*r), a.Rows, r)
	lanes.SharedMul(b.T(), o.basis.T(), a.T())
	lanes.Scale(b.P, -1)
	lanes.SharedMulAdd(a.T(), o.basis, b.T())
}
