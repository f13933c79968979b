package observable

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Hypentropy is how far a diagonal network is from the interpolator that its scale selects,
//
//	‖β(θ) − β_a‖,  β_a = argmin over Xβ = y of ¼ Σⱼ [βⱼ arsinh(βⱼ/2aⱼ²) − √(βⱼ² + 4aⱼ⁴)],
//
// with aⱼ² = |uⱼvⱼ| for β = u² − v² and ¼|uⱼ² − vⱼ²| for β = u ⊙ v: as it is now (hypentropy-distance), and as it was at the start
// (hypentropy-start-distance). Gradient flow ends at β_a of its start; SGD at that of the scale it has left, exactly for its SDE. The last column is
// the distance between the two.
//
// β_a is 2aⱼ² sinh((Xᵀλ)ⱼ), λ the minimum of the dual Σⱼ 2aⱼ² cosh((Xᵀλ)ⱼ) − ⟨y, λ⟩, found by Newton's method from larger scales down to a. NaN
// where it is not found to 1e-9 of |y|, as where no β interpolates, or where an a is 0. In units of β.
//
// Source: Pesme, Pillaud-Vivien & Flammarion 2021, rederived.
type Hypentropy struct {
	pairs
	x, y   lanes.Mat
	origin func(theta lanes.Pack, at *sgdlab.Clock)
	theta0 lanes.Pack
	of0    sgdlab.Clock
	known  bool
	first  [lanes.W][]float64
	a2     []float64
	dual   dual
}

// HypentropySettings are those of NewHypentropy: none.
type HypentropySettings struct{}

// mostDual bounds the dense system of the dual.
const mostDual = 512

// NewHypentropy builds the distances; it needs a diagonal network of two vectors on at most 512 samples, fewer than there are coordinates. A reading solves one dual for each
// replica, and at its first another, at n²d and n³ operations an iteration.
func NewHypentropy(_ HypentropySettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	p, err := pairsOf(s.Model, "hypentropy")
	if err != nil {
		return nil, err
	}
	if s.Start == nil {
		return nil, errors.New("hypentropy sets the end beside the start, and there is none")
	}
	if s.Data == nil || s.Data.Outputs() != 1 || s.Data.Inputs() != len(p.U) {
		return nil, errors.New("hypentropy is of a diagonal network on data with one target")
	}
	n, d := s.Data.N(), len(p.U)
	if n > mostDual || n >= d {
		return nil, fmt.Errorf("%d samples of %d inputs: want fewer samples than inputs, so that many β interpolate, and at most %d", n, d, mostDual)
	}
	o := &Hypentropy{pairs: p, x: s.Data.X, y: s.Data.Y, origin: s.Origin(), theta0: make(lanes.Pack, s.Model.Dim()), a2: make([]float64, d)}
	for l := range o.first {
		o.first[l] = make([]float64, d)
	}
	o.dual = newDual(n, d)
	return o, nil
}

// Columns is hypentropy-distance, hypentropy-start-distance and hypentropy-shift.
func (o *Hypentropy) Columns() []sgdlab.Column {
	return named("hypentropy-distance", "hypentropy-start-distance", "hypentropy-shift")
}

// scale fills a² in a lane, as ¼ of what the pairs keep.
func (o *Hypentropy) scale(theta lanes.Pack, l int) {
	for j := range o.a2 {
		o.a2[j] = math.Abs(o.of(theta, j, l)) / 4
	}
}

// Observe is dst = the distances.
func (o *Hypentropy) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, _ *lanes.Arena) {
	fresh := !o.known || o.of0.Point != at.Point || o.of0.Seed != at.Seed || o.of0.Replica != at.Replica
	if fresh {
		o.known, o.of0 = true, *at
		o.origin(o.theta0, at)
	}
	for l := range lanes.W {
		if fresh {
			o.scale(o.theta0, l)
			o.dual.solve(o.first[l], o.a2, &o.x, &o.y)
		}
		o.scale(theta, l)
		now := o.dual.beta
		o.dual.solve(now, o.a2, &o.x, &o.y)
		var sums [3]float64
		for j := range now {
			u, v := theta[o.U[j]][l], theta[o.V[j]][l]
			beta := u * v
			if o.Squares {
				beta = (u - v) * (u + v)
			}
			for k, e := range [...]float64{beta - now[j], beta - o.first[l][j], now[j] - o.first[l][j]} {
				sums[k] = math.FMA(e, e, sums[k])
			}
		}
		for k := range sums {
			dst[k][l] = math.Sqrt(sums[k])
		}
	}
}

// dual is the scratch of Newton's method.
type dual struct {
	lambda, step, s, slope, curve, trial, at, beta []float64
	gram                                           []float64 // (n, n)
}

func newDual(n, d int) dual {
	v := func(n int) []float64 { return make([]float64, n) }
	return dual{lambda: v(n), step: v(n), slope: v(n), trial: v(n), s: v(d), curve: v(d), at: v(d), beta: v(d), gram: v(n * n)}
}

// solve fills beta, with NaN where it is not found.
func (q *dual) solve(beta, a2 []float64, x, y *lanes.Mat) {
	n := len(q.lambda)
	size, least := 0.0, math.Inf(1)
	for i := range n {
		size = max(size, math.Abs(y.At(i, 0)))
		q.lambda[i] = 0
	}
	for _, a := range a2 {
		least = min(least, a)
	}
	ok := least > 0 && size > 0
	if size == 0 && least > 0 { // β = 0 interpolates
		for j := range beta {
			beta[j] = 0
		}
		return
	}
	// From scales at which the first step is good.
	factor := 1.0
	for ok && factor*least < size {
		factor *= 16
	}
	for ok {
		ok = q.newton(a2, factor, size, x, y)
		if factor == 1 {
			break
		}
		factor = max(1, factor/16)
	}
	for j := range beta {
		beta[j] = math.NaN()
		if ok {
			beta[j] = a2[j] * (elementary.Exp(q.s[j]) - elementary.Exp(-q.s[j]))
		}
	}
}

// value is the dual at λ, and Xᵀλ in s.
func (q *dual) value(lambda, a2 []float64, factor float64, x, y *lanes.Mat) float64 {
	n := len(lambda)
	sum := 0.0
	for j := range q.s {
		s := 0.0
		for i := range n {
			s = math.FMA(x.At(i, j), lambda[i], s)
		}
		q.s[j] = s
		sum = math.FMA(factor*a2[j], elementary.Exp(s)+elementary.Exp(-s), sum)
	}
	for i := range n {
		sum = math.FMA(-y.At(i, 0), lambda[i], sum)
	}
	return sum
}

// newton minimises the dual at the scale factor·a² from λ on, until the constraints hold to 1e-12 of the largest target where that is possible.
func (q *dual) newton(a2 []float64, factor, size float64, x, y *lanes.Mat) bool {
	n := len(q.lambda)
	value := q.value(q.lambda, a2, factor, x, y)
	last := math.Inf(1)
	for range 200 {
		for j, s := range q.s {
			up, down := elementary.Exp(s), elementary.Exp(-s)
			q.curve[j] = factor * a2[j] * (up + down)
			q.at[j] = factor * a2[j] * (up - down)
		}
		worst := 0.0
		for i := range n {
			g := -y.At(i, 0)
			for j := range q.s {
				g = math.FMA(x.At(i, j), q.at[j], g)
			}
			q.slope[i] = g
			worst = max(worst, math.Abs(g))
			for k := range i + 1 {
				h := 0.0
				for j, c := range q.curve {
					h = math.FMA(float64(x.At(i, j)*c), x.At(k, j), h)
				}
				q.gram[i*n+k] = h
			}
		}
		if !(worst < math.Inf(1)) {
			return false
		}
		if worst <= 1e-12*size || worst >= last && worst <= 1e-9*size {
			return true
		}
		last = worst
		copy(q.step, q.slope)
		if !linalg.Definite(q.gram, q.step) {
			return false
		}
		down := 0.0
		for i := range n {
			down = math.FMA(q.slope[i], q.step[i], down)
		}
		t := 1.0
		for {
			for i := range n {
				q.trial[i] = math.FMA(-t, q.step[i], q.lambda[i])
			}
			next := q.value(q.trial, a2, factor, x, y)
			if next <= value-float64(1e-4*t*down)+float64(1e-13*math.Abs(value)) { // or nothing is left of it but rounding
				value = next
				break
			}
			if t /= 2; t < 1e-12 {
				q.value(q.lambda, a2, factor, x, y)
				return worst <= 1e-9*size
			}
		}
		copy(q.lambda, q.trial)
	}
	return false
}
