package fused

import (
	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
)

// row is SGD on one row at a time of the diagonal network β = u ⊙ u − v ⊙ v, or u ⊙ v,
//
//	u ← u − η·2cx ⊙ u,  v ← v + η·2cx ⊙ v,   or   u ← u − η·cx ⊙ v,  v ← v − η·cx ⊙ u,
//
// with c = s(⟨β, x⟩ − y) + what weighs it: the row, the map and its product in two passes over θ and x, the gradient and the step in one.
type row struct {
	of   *dynamics.Descent
	by   *dynamics.Stochastic
	x, y *lanes.Mat
	each float64 // s
	rows sgdlab.Rows
	own  lanes.Pack
	c    lanes.Pack // one row
	ws   lanes.Arena

	dot     func(x, u, v lanes.Pack) lanes.Vec // ⟨β, x⟩
	descend func(u, v lanes.Pack, eta, c lanes.Vec, x lanes.Pack, live lanes.Mask, bound float64) lanes.Mask
}

func diagonalRow(stepper sgdlab.Stepper, _ []sgdlab.Event) (none Kernel, ok bool) {
	of, ok := stepper.(*dynamics.Descent)
	if !ok {
		return none, false
	}
	by, ok := of.Of.(*dynamics.Stochastic)
	if !ok || by.Sample.Batch() != 1 {
		return none, false
	}
	net, ok := by.Model.(*model.Linear)
	if !ok {
		return none, false
	}
	if net.Samples() == 1 { // the batch is the set, and rows are shared
		return none, false
	}
	s := &row{of: of, by: by, y: net.Targets(), each: net.PerLabel(), c: make(lanes.Pack, 1)}
	switch net := net.Unwrap().(type) {
	case *model.DiagonalPowers:
		if net.Power() != 2 {
			return none, false
		}
		s.x, s.dot, s.descend = net.Inputs(), lanes.SquaresDot, lanes.DescendSquares
	case model.DiagonalPair:
		s.x, s.dot, s.descend = net.Inputs(), lanes.ProductDot, lanes.DescendProduct
	default:
		return none, false
	}
	s.own = make(lanes.Pack, s.x.Cols)
	return Kernel{Step: s.step}, true
}

func (s *row) step(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, bound float64) (lanes.Vec, lanes.Mask) {
	s.by.Sample.Draw(&s.rows, at)
	d := len(s.own)
	u, v := theta[:d], theta[d:2*d]
	lanes.Gather(lanes.ByRows(s.own, 1, d), s.x, s.rows.Index)
	s.c[0] = s.dot(s.own, u, v)
	lanes.SubGathered(lanes.ByRows(s.c, 1, 1), s.y, s.rows.Index)
	if s.each != 1 {
		lanes.Scale(s.c, s.each)
	}
	s.ws.Reset()
	for _, w := range s.by.Weigh {
		w.Weigh(s.c, s.rows, at, &s.ws)
	}
	eta := s.of.Rate(at)
	return eta, s.descend(u, v, eta, s.c[0], s.own, live, bound)
}
