package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// MirrorGap is how far the steps are from the mirror flow that training a diagonal network β = u ⊙ v is in the limit of small rates. With
// the potential Q whose slope is
//
//	Q′(βⱼ) = ½ arsinh(2βⱼ/cⱼ) = ½ ln|(uⱼ + vⱼ)/(uⱼ − vⱼ)|,  cⱼ = uⱼ² − vⱼ²,
//
// gradient flow has d∇Q(β)/dt = −∇_β L, so that this is 0:
//
//	max over j of │Q′(βⱼ(t)) − Q′(βⱼ(0)) + ∫gⱼ dt│,  gⱼ = ∂L/∂βⱼ as the steps took it.
//
// A step of GD or SGD changes Q′ by exactly −artanh(ηg) and cⱼ by the factor 1 − η²g²: with cⱼ as it is the gap is Σ(ηg)³/3, of the order
// η². Behind it stand the gaps of the d coordinates. ∫g lies in the span of the inputs, so that where the gap is 0 and L is 0 too, β is
// the Bregman projection of its start on the interpolators. NaN for dynamics whose steps report no gradient: SDEs and flows.
//
// Source: Labarrière, Molinari, Rosasco, Vega & Villa 2024, of the flow; its steps derived here.
type MirrorGap struct{ U, V []int }

// MirrorGapSettings are those of NewMirrorGap: none.
type MirrorGapSettings struct{}

// NewMirrorGap needs pairs: a diagonal network of two vectors.
func NewMirrorGap(_ MirrorGapSettings, s *sgdlab.Site) (sgdlab.Accumulator, error) {
	p, err := sgdlab.As[sgdlab.Paired](s.Model)
	if err != nil {
		return nil, err
	}
	a := &MirrorGap{}
	a.U, a.V = p.Pairs()
	return a, nil
}

// Columns is mirror-gap, and mirror-gap[1] … of the coordinates.
func (a *MirrorGap) Columns() []sgdlab.Column {
	return append(named("mirror-gap"), numbered("mirror-gap", len(a.U))...)
}

// Add takes one step's gaps into acc.
func (a *MirrorGap) Add(acc, before, after lanes.Pack, rec *sgdlab.StepRecord, _ *lanes.Arena) {
	for l := range lanes.W {
		if !rec.Live.Has(l) {
			continue
		}
		most := 0.0
		for i := range a.U {
			gap := math.NaN()
			if rec.Gradient != nil {
				u, v := before[a.U[i]][l], before[a.V[i]][l]
				step := rec.Dt[l] * multiplier(u, v, rec.Gradient[a.U[i]][l], rec.Gradient[a.V[i]][l])
				gap = acc[1+i][l] + (mirror(after[a.U[i]][l], after[a.V[i]][l]) - mirror(u, v) + step)
			}
			acc[1+i][l] = gap
			if x := math.Abs(gap); x > most || math.IsNaN(x) {
				most = x
			}
		}
		acc[0][l] = most
	}
}

// mirror is Q′ of a pair.
func mirror(u, v float64) float64 { return elementary.Log(math.Abs((u+v)/(u-v))) / 2 }

// multiplier is g of the gradient (gv, gu) of a pair (u, v), by its larger entry; 0 where the pair is 0 and stays there.
func multiplier(u, v, du, dv float64) float64 {
	switch {
	case math.Abs(u) > math.Abs(v):
		return dv / u
	case v == 0:
		return 0
	}
	return du / v
}

// EffectiveScale is the scale that the start of a diagonal network has left, as the steps shrink it,
//
//	αⱼ² = ½│uⱼ² − vⱼ²│ of β = u ⊙ v,   2│uⱼvⱼ│ of β = u² − v²,
//
// in the mean over the coordinates that the teacher has, and over the others: what stands for the scale of the start in the potential that
// the end minimises. A step multiplies it by │1 − η²g²│, or │1 − 4η²g²│, with g the gradient in βⱼ. In units of β.
//
// Source: Even, Pesme, Gunasekar & Flammarion 2023.
type EffectiveScale struct {
	of     *sgdlab.DiagonalPairs
	on     []bool
	counts [2]float64
}

// EffectiveScaleSettings are those of NewEffectiveScale: none.
type EffectiveScaleSettings struct{}

// NewEffectiveScale needs a diagonal network of two vectors, and data with a teacher that some coordinates have and some have not.
func NewEffectiveScale(_ EffectiveScaleSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := standing(s)
	if err != nil {
		return nil, err
	}
	pairs, err := sgdlab.PairsOf(m)
	if err != nil {
		return nil, fmt.Errorf("effective-scale %w", err)
	}
	o := &EffectiveScale{of: pairs}
	if s.Data == nil || s.Data.Teacher.Empty() || s.Data.Teacher.Cols != len(pairs.U) {
		return nil, fmt.Errorf("effective-scale asks which coordinates the teacher has, and the data has none; use sparse-truth")
	}
	for j := range pairs.U {
		on := s.Data.Teacher.At(0, j) != 0
		o.on = append(o.on, on)
		o.counts[side(on)]++
	}
	if o.counts[0] == 0 || o.counts[1] == 0 {
		return nil, fmt.Errorf("the teacher has %g of %d coordinates; want some and not all, as sparse-truth gives", o.counts[0], len(o.on))
	}
	return o, nil
}

func side(on bool) int {
	if on {
		return 0
	}
	return 1
}

// Columns is scale-on-support and scale-off-support.
func (o *EffectiveScale) Columns() []sgdlab.Column {
	return append(named("scale-on-support"), named("scale-off-support")...)
}

// Observe is dst = the two means of α².
func (o *EffectiveScale) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	var sums [2]lanes.Vec
	for j, on := range o.on {
		sum := &sums[side(on)]
		for l := range sum {
			sum[l] += o.of.Scale(theta, j, l)
		}
	}
	for k := range sums {
		for l := range sums[k] {
			dst[k][l] = sums[k][l] / o.counts[k]
		}
	}
}
