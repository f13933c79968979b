package observable

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Sharpness is the largest eigenvalue of the Hessian, in the algebraic sense,
//
//	λ(θ) = max over ‖v‖ = 1 of vᵀ∇²L(θ)v:
//
// at a maximum of L it is negative. It is in units of L over θ², which are 1/time: gradient descent is stable below 2/η
// (theory stability-threshold). Its last column is the residual ‖∇²L v − λv‖/|λ|, the largest one where several
// eigenvalues are asked for: some eigenvalue lies within residual·|λ| of λ. A residual above the tolerance says that the
// search gave up.
//
// With `end: smallest` it is the least eigenvalue, the most negative curvature, in columns called least-curvature; `of` and `layer` ask for the same of a part of
// the Hessian or a block of it, and are the beginning of the columns' names.
type Sharpness struct {
	*curvature
	Count     int
	Tolerance float64
	Least     bool // the smallest
	Remember  bool
	scratch   linalg.Scratch
}

// SharpnessSettings are those of NewSharpness.
type SharpnessSettings struct {
	Count     int     `doc:"how many eigenvalues, largest first" default:"1" check:">=1"`
	Tolerance float64 `doc:"of the residual ‖Hv − λv‖/|λ|, at which the search stops" default:"1e-6" check:">0"`
	Follow    bool    `doc:"begin each search with the eigenvectors of the replica's last reading: much faster where readings are close, of at most 5 eigenvalues; false where missing" optional:"true"`
	End       string  `doc:"which end of the spectrum: the largest eigenvalues, or the smallest, the least first; largest where missing" optional:"true" oneof:"largest|smallest"`
	CurvatureSettings
}

// NewSharpness needs Hessian–vector products. Up to 32 parameters it forms ∇²L; beyond, it takes as many products as the
// search (Lanczos) needs: few where the eigenvalue stands apart. With `follow` the search begins with the eigenvectors of the last reading and
// of the one before, of which descent at the edge of stability swings about the mean, and takes eight products where they are good enough
// still; it adds directions until the residual is within the tolerance, so that the value is as good, but an eigenvalue that comes up from far below
// may be seen some readings late. Eigenvectors are part of a replica's state. Events and accumulators search anew each time.
func NewSharpness(c SharpnessSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	m, err := newCurvature(c.CurvatureSettings, s)
	if err != nil {
		return nil, err
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-6
	}
	if !(c.Tolerance >= 1e-13) {
		return nil, fmt.Errorf("tolerance is %g, below what rounding leaves; use at least 1e-13", c.Tolerance)
	}
	n, err := count(max(c.Count, 1), m.dim, "eigenvalues of the Hessian")
	if err != nil {
		return nil, err
	}
	o := &Sharpness{curvature: m, Count: n, Tolerance: c.Tolerance, Least: c.End == "smallest"}
	if c.Follow {
		if n > linalg.Followed {
			return nil, fmt.Errorf("follow: %d eigenvalues are more than the %d that can be followed; use count: %d, or follow: false", n, linalg.Followed, linalg.Followed)
		}
		o.Remember = o.dim > 2*lanes.W*linalg.Blocks // below, a search is as fast
	}
	return o, nil
}

// Columns is sharpness, or sharpness[1], sharpness[2], … where several are asked for, and sharpness-residual.
func (o *Sharpness) Columns() []sgdlab.Column {
	name := o.name + "sharpness"
	if o.Least {
		name = o.name + "least-curvature"
	}
	c := named(name)
	if o.Count > 1 {
		c = numbered(name, o.Count)
	}
	return append(c, named(name+"-residual")...)
}

// Observe is dst = λ₁ ≥ λ₂ ≥ … and the largest residual.
func (o *Sharpness) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	residual := ws.Pack(o.Count)
	o.scratch.Top(dst[:o.Count], residual, lanes.View{}, o.signed(theta, ws), o.dim, linalg.Search{Tolerance: o.Tolerance}, ws)
	dst[o.Count] = lanes.MaxAbs(residual)
	if o.Least {
		lanes.Scale(dst[:o.Count], -1)
	}
}

// signed is the operator whose largest eigenvalues are asked for.
func (o *Sharpness) signed(theta lanes.Pack, ws *lanes.Arena) linalg.Operator {
	h := o.at(theta, ws)
	if !o.Least {
		return h
	}
	return func(dst, v lanes.Pack) {
		h(dst, v)
		lanes.Scale(dst, -1)
	}
}

// Memory is the columns of linalg.Follow.
func (o *Sharpness) Memory() int {
	if !o.Remember {
		return 0
	}
	return o.dim * lanes.W
}

// Recall is Observe, of one replica after the other, each with its eigenvectors.
func (o *Sharpness) Recall(dst, memory, theta lanes.Pack, due lanes.Mask, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	idle := ws.Idle
	defer func() { ws.Idle = idle }()
	ws.Idle = lanes.All &^ due
	kept := ws.Pack(o.dim)
	var values, residuals [linalg.Followed]float64
	eachReplica(theta, ws, func(l int, alone lanes.Pack) {
		for c := range lanes.W { // along the memory: it is larger than the cache
			own := memory[c*o.dim : (c+1)*o.dim]
			for i := range own {
				kept[i][c] = own[i][l]
			}
		}
		o.scratch.Follow(values[:o.Count], residuals[:o.Count], kept, o.signed(alone, ws), linalg.Search{Tolerance: o.Tolerance}, ws)
		for c := range lanes.W {
			own := memory[c*o.dim : (c+1)*o.dim]
			for i := range own {
				own[i][l] = kept[i][c]
			}
		}
		worst := 0.0
		for i := range o.Count {
			if dst[i][l] = values[i]; o.Least {
				dst[i][l] = -values[i]
			}
			worst = max(worst, residuals[i])
		}
		dst[o.Count][l] = worst
	})
}
