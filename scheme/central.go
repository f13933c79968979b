package scheme

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Central is the central flow of gradient descent at the rate η: with Σ the covariance of its fast oscillation, over a while in time,
//
//	dθ/dt = −∇L(θ) − ½∇⟨∇²L(θ), Σ⟩,  0 ⪯ Σ ⟂ (2/η)·1 − ∇²L(θ) ⪰ 0 from there on:
//
// Σ is what keeps the largest eigenvalues of ∇²L from passing 2/η, and nothing more. It lives on the critical eigenvectors U, those
// with η·λ above a threshold: Σ = UXUᵀ, and X solves the complementarity problem of UᵀHU one substep ahead, to first order.
//
// Over a substep Σ stays as it is, and the flow in its force is taken by the classical Runge–Kutta scheme of order 4. Where no direction is
// critical, Σ = 0: then this is gradient flow.
//
// The stable flow is the same with the force of Σ only off the critical eigenvectors: (1 − UUᵀ)∇⟨∇²L, Σ⟩ in place of ∇⟨∇²L, Σ⟩, so that
// along these the flow is −∇L alone.
//
// The state of the central flow is θ, and oscillation: vectors yₖ of d numbers, one after the other, with Σ = Σ yₖyₖᵀ, that of the
// last substep; the stable flow's is θ. A replica for which there is no such Σ, as where nothing lowers an eigenvalue beyond 2/η, gets
// θ = NaN, and counts as diverged.
type Central struct {
	Of       sgdlab.Model
	Rate     sgdlab.Setting // η
	Substeps int
	Critical float64 // of ηλ
	Most     int     // critical eigenvectors
	Residual float64 // of these
	Stable   bool

	curved  sgdlab.Curved
	third   func(dst, theta, u, v lanes.Pack, ws *lanes.Arena)
	sought  int // eigenvectors that the last search was for; of it depends what a search costs, not what it finds
	scratch linalg.Scratch
	ws      lanes.Arena
}

// CentralSettings are those of `central-flow` and `stable-flow`.
type CentralSettings struct {
	Rate        sgdlab.Setting `spec:"rate,lr,eta,learning-rate" check:">0" doc:"η of the descent whose flow this is, and the time that counts as one step"`
	Substeps    int            `default:"4" check:">=1" doc:"substeps of one step; Σ is found anew for each"`
	Critical    float64        `default:"1.95" check:">0 <2" doc:"the η·λ above which an eigenvector of ∇²L may oscillate"`
	MaxCritical int            `default:"6" check:">=1 <=6" doc:"the most eigenvectors that may; beyond, those of the largest λ"`
	Tolerance   float64        `default:"1e-9" check:">0" doc:"of the residual ‖Hv − λv‖/|λ| of eigenvectors, where they are searched for (beyond 32 parameters)"`
}

// NewCentral needs Hessian–vector products, and takes third derivatives from a model that has them, else from central differences of
// such products. θ has the shape (d); time is in units of ηk, as descent's, and a call is one step. With n critical eigenvectors a substep
// costs those, n(n + 1)/2 third derivatives and four gradients.
//
// A start far beyond 2/η has no central flow: to come back in one substep takes a force that θ does not survive.
//
// It describes descent whose oscillation is there: descent that has settled far below the edge and meets it later
// overshoots first, unless noise keeps it from falling asleep. Observables of Σ are predicted-loss and oscillation-variance.
//
// Source: Cohen, Damian, Talwalkar, Kolter & Lee 2024.
func NewCentral(c CentralSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	return central(c, s, false)
}

// NewStable is the flow that descent at the rate η would follow without the part of the oscillation's force along itself: gradient flow
// that is turned aside, off the critical eigenvectors, where it would take the largest eigenvalues of ∇²L past 2/η,
//
//	dθ/dt = −∇L(θ) − ½(1 − UUᵀ)∇⟨∇²L(θ), Σ⟩,
//
// U and Σ as in central-flow. It never goes above 2/η, but for what is of second order in a substep, and ends along U where ∇L has no part there. Shapes,
// units and costs are those of central-flow.
//
// Source: after the constrained trajectory of Damian, Nichani & Lee 2023.
func NewStable(c CentralSettings, s *sgdlab.Site) (sgdlab.Stepper, error) {
	return central(c, s, true)
}

func central(c CentralSettings, s *sgdlab.Site, stable bool) (sgdlab.Stepper, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("a flow needs a model, and there is none")
	}
	curved, err := sgdlab.As[sgdlab.Curved](s.Model)
	if err != nil {
		return nil, err
	}
	if !(c.Tolerance >= 1e-13) {
		return nil, fmt.Errorf("got tolerance %g; want at least 1e-13: below it rounding is the error", c.Tolerance)
	}
	if c.Rate == nil {
		return nil, errors.New("give a `rate`, η of the descent whose flow this is")
	}
	f := &Central{
		Of: s.Model, Rate: c.Rate, Substeps: c.Substeps, Critical: c.Critical, Most: min(c.MaxCritical, s.Model.Dim()), Residual: c.Tolerance,
		Stable: stable, curved: curved, sought: 1,
	}
	if cubic, err := sgdlab.As[sgdlab.Cubic](s.Model); err == nil {
		f.third = cubic.ThirdVec
	} else {
		f.third = f.difference
	}
	return f, nil
}

// difference is dst = D³L[u, v] by the central difference of ∇²L u along v, which is at most a unit vector: off by h² and by ε/h.
func (f *Central) difference(dst, theta, u, v lanes.Pack, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	there, back := ws.Pack(len(theta)), ws.Pack(len(theta))
	var h, inverse lanes.Vec
	for l, top := range lanes.MaxAbs(theta) {
		_, e := math.Frexp(max(1, top))
		h[l] = math.Ldexp(1, min(e, 500)-17)
		inverse[l] = 0.5 / h[l]
	}
	lanes.Copy(there, theta)
	lanes.AddScaled(there, h, v)
	f.curved.HessVec(dst, there, u, ws)
	lanes.Copy(there, theta)
	lanes.AddScaled(there, times(h, -1), v)
	f.curved.HessVec(back, there, u, ws)
	lanes.Sub(dst, dst, back)
	lanes.ScaleLanes(dst, inverse)
}

// Blocks returns θ and, of the central flow, the oscillation.
func (f *Central) Blocks() []sgdlab.Block {
	d := f.Of.Dim()
	blocks := []sgdlab.Block{{Name: "theta", Size: d}}
	if !f.Stable {
		blocks = append(blocks, sgdlab.Block{Name: "oscillation", Size: f.Most * d})
	}
	return blocks
}

// Init copies θ into the fresh lanes, where nothing oscillates yet.
func (f *Central) Init(state, theta lanes.Pack, _ *sgdlab.Clock, fresh lanes.Mask) {
	d := f.Of.Dim()
	lanes.CopyLanes(state[:d], theta, fresh)
	for j := d; j < len(state); j++ {
		state[j] = lanes.Select(fresh, lanes.Vec{}, state[j])
	}
}

// Step advances the live lanes by η.
func (f *Central) Step(state lanes.Pack, at *sgdlab.Clock, live lanes.Mask, rec *sgdlab.StepRecord) lanes.Vec {
	ws := &f.ws
	ws.Reset()
	ws.Idle = at.Idle
	d := f.Of.Dim()
	theta := state[:d]
	eta := f.Rate(at)
	h := times(eta, 1/float64(f.Substeps))
	grad, force, next := ws.Pack(d), ws.Pack(d), ws.Pack(d)
	slope, sum := ws.Pack(d), ws.Pack(d)
	for range f.Substeps {
		f.Of.Grad(grad, theta, ws)
		mark := ws.Mark()
		f.force(force, state[d:], theta, grad, eta, h, live)
		ws.Release(mark)
		lanes.Copy(slope, force) // −∇L + force, at four places
		lanes.AddScaled(slope, lanes.Splat(-1), grad)
		lanes.Copy(sum, slope)
		for stage, part := range []float64{0.5, 0.5, 1} {
			lanes.Copy(next, theta)
			lanes.AddScaled(next, times(h, part), slope)
			f.Of.Grad(slope, next, ws)
			lanes.Scale(slope, -1)
			lanes.Add(slope, slope, force)
			lanes.AddScaled(sum, lanes.Splat([]float64{2, 2, 1}[stage]), slope)
		}
		lanes.AddScaledLanes(theta, times(h, 1.0/6), sum, live)
	}
	if rec != nil {
		rec.Used(sgdlab.Rows{}, nil, nil)
		rec.Dt, rec.Live = eta, live
	}
	return eta
}

// force is dst = −½∇⟨∇²L, Σ⟩ at θ, and root the vectors yₖ of Σ in the live lanes, unless it is nil.
func (f *Central) force(dst, root, theta, grad lanes.Pack, eta, h lanes.Vec, live lanes.Mask) {
	ws, d := &f.ws, len(theta)
	lanes.Zero(dst)
	values, vectors, count := f.critical(theta, eta, live)
	for j := range root {
		root[j] = lanes.Select(live, lanes.Vec{}, root[j])
	}
	n := 0
	for _, k := range count {
		n = max(n, k)
	}
	if n == 0 {
		return
	}
	for l, k := range count {
		for j := k; j < n; j++ {
			for i := range d {
				vectors[j*d+i][l] = 0
			}
		}
	}
	unit := func(i int) lanes.Pack { return vectors[i*d : (i+1)*d] }
	m := linalg.Packed(n)
	cubics, lift := ws.Pack(m*d), ws.Pack(m) // √2 off the diagonal, as packed matrices are
	gram := ws.Pack(m * m)
	c := 0
	for i := range n {
		for j := i; j < n; j++ {
			g := cubics[c*d : (c+1)*d]
			f.third(g, theta, unit(i), unit(j), ws)
			if i != j {
				lanes.Scale(g, math.Sqrt2)
			}
			lift[c] = lanes.Dot(g, grad)
			if f.Stable {
				for k := range n {
					lanes.AddScaled(g, times(lanes.Dot(unit(k), g), -1), unit(k))
				}
			}
			for e := range c + 1 {
				gram[c*m+e] = lanes.Dot(g, cubics[e*d:(e+1)*d])
				gram[e*m+c] = gram[c*m+e]
			}
			c++
		}
	}
	weight, full := ws.Zeroed(m), ws.Zeroed(n*n)
	var x, a [packedMost]float64
	var b [packedMost * packedMost]float64
	var whole [mostCritical * mostCritical]float64
	for l, k := range count {
		if k == 0 {
			continue
		}
		own := linalg.Packed(k)
		place := func(c int) int { return placeIn(c, k, n) }
		for c := range own {
			a[c] = float64(h[l] * lift[place(c)][l])
			for e := range own {
				b[c*own+e] = 0.5 * h[l] * gram[place(c)*m+place(e)][l]
			}
		}
		for i, c := 0, 0; i < k; i++ {
			a[c] += 2/eta[l] - values[i][l]
			c += k - i
		}
		if off := f.scratch.Complement(x[:own], a[:own], b[:own*own]); !(off <= 1e-8) {
			for c := range own {
				x[c] = math.NaN()
			}
		}
		for c := range own {
			weight[place(c)][l] = x[c]
		}
		linalg.Spread(whole[:k*k], x[:own], k)
		for i := range k {
			for j := range k {
				full[i*n+j][l] = whole[i*k+j]
			}
		}
	}
	for c := range m {
		lanes.AddScaled(dst, times(weight[c], -0.5), cubics[c*d:(c+1)*d])
	}
	if len(root) == 0 {
		return
	}
	size, turn := ws.Pack(n), lanes.ByRows(ws.Pack(n*n), n, n)
	f.scratch.Eigen(size, turn, lanes.ByRows(full, n, n))
	y := ws.Pack(d)
	for k := range n {
		var length lanes.Vec
		for l, v := range size[k] {
			length[l] = math.Sqrt(max(v, 0)) // what is negative is rounding; max keeps NaN
		}
		lanes.Zero(y)
		for i := range n {
			part := length
			for l := range part {
				part[l] *= turn.At(i, k)[l]
			}
			lanes.AddScaled(y, part, unit(i))
		}
		lanes.CopyLanes(root[k*d:(k+1)*d], y, live)
	}
}

const (
	mostCritical = 6
	packedMost   = mostCritical * (mostCritical + 1) / 2
)

// placeIn is where the entry c of a packed k×k matrix is in a packed n×n one that it is a corner of.
func placeIn(c, k, n int) int {
	for i := range k {
		if c < k-i {
			return i*n - i*(i-1)/2 + c
		}
		c -= k - i
	}
	panic("scheme: no such entry")
}

// critical finds the eigenvectors with ηλ above the threshold, as rows, largest λ first, and how many each live lane has.
func (f *Central) critical(theta lanes.Pack, eta lanes.Vec, live lanes.Mask) (values, vectors lanes.Pack, count [lanes.W]int) {
	ws, d := &f.ws, len(theta)
	product := func(dst, v lanes.Pack) { f.curved.HessVec(dst, theta, v, ws) }
	for k := min(f.sought, f.Most); ; k = min(2*k, f.Most) {
		mark := ws.Mark()
		values, vectors = ws.Pack(k), ws.Pack(k*d)
		f.scratch.Top(values, ws.Pack(k), lanes.ByRows(vectors, k, d).T(), product, d, linalg.Search{Tolerance: f.Residual, Products: 2000}, ws)
		all, most := true, 0
		for l := range lanes.W {
			count[l] = 0
			for j := 0; live.Has(l) && j < k && eta[l]*values[j][l] > f.Critical; j++ {
				count[l]++
			}
			all, most = all && count[l] < k, max(most, count[l])
		}
		if all || k == f.Most {
			f.sought = max(1, min(most+1, f.Most))
			return values, vectors, count
		}
		ws.Release(mark)
	}
}

// Edge is ηλ of the largest eigenvalue λ of ∇²L at θ. Beyond 2 a substep has to bring θ back.
func (f *Central) Edge(theta lanes.Pack, at *sgdlab.Clock) lanes.Vec {
	ws, d := &f.ws, len(theta)
	ws.Reset()
	value := ws.Pack(1)
	product := func(dst, v lanes.Pack) { f.curved.HessVec(dst, theta, v, ws) }
	f.scratch.Top(value, ws.Pack(1), lanes.ByRows(ws.Pack(d), 1, d).T(), product, d, linalg.Search{Tolerance: f.Residual, Products: 2000}, ws)
	lanes.ScaleLanes(value, f.Rate(at))
	return value[0]
}

// Random is false.
func (f *Central) Random() bool { return false }

// Pace is η, twice: a call is one step.
func (f *Central) Pace() (unit, step sgdlab.Setting) { return f.Rate, f.Rate }
