package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// jacobian is J(θ), the rows ∇hₐ(xᵢ)ᵀ of all samples and outputs, shape (nk, d), known by an A with AᵀA = JᵀJ of no more
// rows: the singular values and the norms of the columns of A are those of J.
type jacobian struct {
	of      sgdlab.Sampled
	mapped  sgdlab.Mapped // nil where sums over samples are not sums over a map
	input   lanes.Mat     // F with FFᵀ = Σxx
	scratch linalg.Scratch
}

func newJacobian(s *sgdlab.Site) (*jacobian, error) {
	m, err := sgdlab.As[sgdlab.Sampled](s.Model)
	if err != nil {
		return nil, fmt.Errorf("the Jacobian is that of the outputs of a network at samples: %w", err)
	}
	j := &jacobian{of: m}
	net, err := sgdlab.As[sgdlab.Mapped](s.Model)
	if err != nil {
		return j, nil
	}
	if by, err := sgdlab.As[sgdlab.Scattered](s.Model); err == nil {
		j.mapped, j.input = net, by.InputRoot()
	}
	return j, nil
}

// rows returns the number of rows of A.
func (j *jacobian) rows() int {
	if j.mapped != nil {
		return j.of.Outputs() * j.input.Cols
	}
	return j.of.Outputs() * j.of.Samples()
}

// fill is A, in ws. Of a network that is linear in its inputs, ∇hₐ(x) = Σⱼ xⱼ∇Wₐⱼ, so that XᵀX = nFFᵀ gives
// its rows √n Σⱼ Fⱼᵣ∇Wₐⱼ.
func (j *jacobian) fill(theta lanes.Pack, ws *lanes.Arena) lanes.View {
	n, k, d := j.of.Samples(), j.of.Outputs(), len(theta)
	a := lanes.ByRows(ws.Pack(j.rows()*d), j.rows(), d)
	defer ws.Release(ws.Mark())
	if j.mapped == nil {
		all := sgdlab.AllRows(n)
		c := ws.Zeroed(n * k)
		tape := j.of.Slope(ws.Pack(n*k), theta, all, ws)
		for i := range c {
			c[i] = lanes.Splat(1)
			j.of.Pullback(a.P[i*d:(i+1)*d], theta, c, all, tape, ws)
			c[i] = lanes.Vec{}
		}
		return a
	}
	inputs := j.input.Rows
	w, g := ws.Pack(k*inputs), ws.Zeroed(k*inputs)
	tape := j.mapped.Map(w, theta, ws)
	scale := math.Sqrt(float64(n))
	row := 0
	for o := range k {
		block := g[o*inputs : (o+1)*inputs]
		for r := range j.input.Cols {
			for i := range block {
				block[i] = lanes.Splat(scale * j.input.At(i, r))
			}
			j.mapped.PullMap(a.P[row*d:(row+1)*d], theta, g, tape, ws)
			row++
		}
		lanes.Zero(block)
	}
	return a
}

// RankSettings are those of `rank` and `jacobian-rank`: which singular values count.
type RankSettings struct {
	Relative float64 `default:"0.01" check:">=0" doc:"what is counted, singular values or entries, is above this part of the largest"`
	Absolute float64 `default:"0" check:">=0" doc:"and above this, in units of what is counted"`
}

// above counts the values, largest first, that pass both tolerances; NaN where one is NaN.
func (c RankSettings) above(sigma lanes.Pack) lanes.Vec {
	var count lanes.Vec
	if len(sigma) == 0 {
		return count
	}
	for l, top := range sigma[0] {
		floor := math.Max(c.Relative*top, c.Absolute)
		for i := range sigma {
			switch x := sigma[i][l]; {
			case math.IsNaN(x):
				count[l] = math.NaN()
			case x > floor:
				count[l]++
			}
		}
	}
	return count
}

// JacobianRank is the number of singular values of J(θ), the rows ∇hₐ(xᵢ)ᵀ of all n samples and k outputs, shape (nk, d),
// that are above a tolerance:
//
//	#{σᵢ : σᵢ > max(relative·σ₁, absolute)}.
//
// JᵀJ is n/ℓ″ times the Gauss–Newton Hessian, so that it is also the number of directions in which the loss is curved at an
// interpolator, by more than relative² of the most curved. Networks that are linear in their inputs cost k·rank Σxx
// pullbacks, others nk, and each a singular value decomposition.
type JacobianRank struct {
	*jacobian
	RankSettings
}

// NewJacobianRank is that rank. It needs a network on samples.
func NewJacobianRank(c RankSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	j, err := newJacobian(s)
	if err != nil {
		return nil, err
	}
	return &JacobianRank{jacobian: j, RankSettings: c}, nil
}

// Columns is jacobian-rank.
func (o *JacobianRank) Columns() []sgdlab.Column { return named("jacobian-rank") }

// Observe is dst = the rank at the tolerance.
func (o *JacobianRank) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	a := o.fill(theta, ws)
	most := min(a.Rows, a.Cols)
	sigma := ws.Pack(most)
	o.scratch.Singular(sigma, lanes.View{}, lanes.View{}, a, most)
	dst[0] = o.above(sigma)
}

// JacobianNorms are the norms of the columns of J(θ), one column for each parameter,
//
//	‖J·ⱼ‖ = √(Σᵢₐ (∂hₐ(xᵢ)/∂θⱼ)²):
//
// how strongly each parameter moves the outputs. First come ‖J‖_F = √Σⱼ‖J·ⱼ‖² and the mean over j of ln‖J·ⱼ‖, −∞ where a
// column is 0; then the norms of the coordinates asked for. They are in
// units of the targets over θ. Label noise of a small step drifts towards where they are small.
//
// Source: Andriushchenko, Varre, Pillaud-Vivien & Flammarion 2023.
type JacobianNorms struct {
	*jacobian
	Coordinates []int
}

// JacobianNormsSettings are those of NewJacobianNorms.
type JacobianNormsSettings struct {
	Coordinates []int `optional:"true" check:">=0" doc:"of which coordinates of θ, from 0, the norm is a column of its own; none where missing"`
}

// NewJacobianNorms needs a network on samples.
func NewJacobianNorms(c JacobianNormsSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	j, err := newJacobian(s)
	if err != nil {
		return nil, err
	}
	for _, i := range c.Coordinates {
		if d := j.of.Dim(); i < 0 || i >= d {
			return nil, fmt.Errorf("coordinate %d is not one of θ; use 0 to %d", i, d-1)
		}
	}
	return &JacobianNorms{jacobian: j, Coordinates: c.Coordinates}, nil
}

// Columns is jacobian-norm, jacobian-log-norm and jacobian-norm[j] of each coordinate asked for.
func (o *JacobianNorms) Columns() []sgdlab.Column {
	c := named("jacobian-norm", "jacobian-log-norm")
	for _, j := range o.Coordinates {
		c = append(c, sgdlab.Column{Name: fmt.Sprintf("jacobian-norm[%d]", j)})
	}
	return c
}

// Observe is dst = ‖J‖_F, the mean of ln‖J·ⱼ‖, and the norms asked for.
func (o *JacobianNorms) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	a := o.fill(theta, ws)
	square := ws.Zeroed(a.Cols)
	for i := range a.Rows {
		row := a.P[i*a.Cols : (i+1)*a.Cols]
		lanes.AddMul(square, row, row)
	}
	dst[0] = root(lanes.Sum(square))
	var logs lanes.Vec
	for j := range square {
		for l, x := range square[j] {
			logs[l] += elementary.Log(x)
		}
	}
	for l := range logs {
		dst[1][l] = logs[l] / float64(2*a.Cols)
	}
	for i, j := range o.Coordinates {
		dst[2+i] = root(square[j])
	}
}
