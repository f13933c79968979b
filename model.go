package sgdlab

import "sgdlab/lanes"

// Model is a loss landscape. Models are immutable and safe for concurrent use; scratch comes from ws.
type Model interface {
	Dim() int
	// Loss returns L(θ) in each lane.
	Loss(theta lanes.Pack, ws *lanes.Arena) lanes.Vec
	// Grad is dst = ∇L(θ); shapes (d) → (d).
	Grad(dst, theta lanes.Pack, ws *lanes.Arena)
}

// Rows chooses data in each lane: all N samples where Index is nil, else len(Index) of them, Index[i][l] for lane l.
// Weights are not here: they are in the c of a pullback.
type Rows struct {
	N     int
	Index [][lanes.W]int32
}

// Len returns the number of rows chosen: n, or the batch size.
func (r Rows) Len() int {
	if r.Index == nil {
		return r.N
	}
	return len(r.Index)
}

// AllRows chooses every sample.
func AllRows(n int) Rows { return Rows{N: n} }

// Network is a function h_θ of the inputs. With targets and a loss it makes a Sampled (package model).
type Network interface {
	Dim() int
	Outputs() int
	// Predict is h = h_θ(x_i) over the rows, shape (rows, outputs). It may return a tape, in ws, that spares Pullback the
	// forward pass.
	Predict(h, theta lanes.Pack, rows Rows, ws *lanes.Arena) (tape lanes.Pack)
	// Pullback is dst = Σ cᵢ∇hᵢ(θ) over rows × outputs; a nil tape is computed anew.
	Pullback(dst, theta, c lanes.Pack, rows Rows, tape lanes.Pack, ws *lanes.Arena)
}

// Views: optional questions that a Model or a Network may also answer. Ask with As.

// Sampled is a model that is a mean over samples, L = (1/n) Σ ℓᵢ.
type Sampled interface {
	Model
	Samples() int
	Outputs() int
	// Slope is dst = ∂ℓ/∂h at h_θ over the rows, shape (rows, outputs), with the tape of the forward pass.
	Slope(dst, theta lanes.Pack, rows Rows, ws *lanes.Arena) (tape lanes.Pack)
	Pullback(dst, theta, c lanes.Pack, rows Rows, tape lanes.Pack, ws *lanes.Arena)
}

// Squared models have a loss that is quadratic in each output.
type Squared interface {
	Sampled
	// PerLabel is s = −∂slope/∂y.
	PerLabel() float64
	// PerOutput is ℓ″ = ∂²ℓ/∂h².
	PerOutput() float64
}

// Tangents are the directional derivatives of a network: they give a regression its Hessian–vector product, split into a
// Gauss–Newton and a residual part.
type Tangents interface {
	// Push is dst = Jv, the derivative of the outputs along v; shape (rows, outputs).
	Push(dst, theta, v lanes.Pack, rows Rows, ws *lanes.Arena)
	// PullbackAlong is dst = Σ cᵢ∇²hᵢ(θ)v.
	PullbackAlong(dst, theta, v, c lanes.Pack, rows Rows, ws *lanes.Arena)
}

// Curved models multiply by their Hessian.
type Curved interface {
	// HessVec is dst = ∇²L(θ)v. Lanes are independent, so they may hold several directions at one θ.
	HessVec(dst, theta, v lanes.Pack, ws *lanes.Arena)
}

// Cubic models know their third derivatives.
type Cubic interface {
	// ThirdVec is dst = D³L(θ)[u, v], the derivative of ∇²L(θ)u along v: with u = v the gradient of ⟨u, ∇²L u⟩ at fixed u.
	ThirdVec(dst, theta, u, v lanes.Pack, ws *lanes.Arena)
}

// Formed models form their Hessian for less than a product per coordinate.
type Formed interface {
	// Hessian is dst = ∇²L(θ), shape (d, d) by rows.
	Hessian(dst, theta lanes.Pack, ws *lanes.Arena)
}

// GaussNewton models multiply by the Gauss–Newton part of their Hessian, H_GN = (1/n) Σ ∇h ℓ″ ∇hᵀ.
type GaussNewton interface {
	GaussNewtonVec(dst, theta, v lanes.Pack, ws *lanes.Arena)
}

// Featured models have hidden units.
type Featured interface {
	// Features returns the number of units of each hidden layer, first to last.
	Features() []int
	// Activations is dst = what the units of a hidden layer, from 0, send on; shape (rows, units).
	Activations(dst, theta lanes.Pack, layer int, rows Rows, ws *lanes.Arena)
}

// Shape is a weight matrix inside θ: Rows × Cols numbers from Offset on, by rows. Its biases, as many as rows or none, follow.
type Shape struct{ Offset, Rows, Cols, Biases int }

// End returns where the next layer begins.
func (s Shape) End() int { return s.Offset + s.Rows*s.Cols + s.Biases }

// Layered models read θ as weight matrices, the first one applied first.
type Layered interface{ Layers() []Shape }

// EndToEnd models have an end-to-end map, linear in the inputs: a matrix of shape (outputs, inputs), by rows.
type EndToEnd interface {
	EffectiveShape() (outputs, inputs int)
	Effective(dst, theta lanes.Pack, ws *lanes.Arena)
}

// Mapped models are linear in their inputs, h = W(θ)x, and see θ through their end-to-end map alone. Sums of gradients over
// rows are pullbacks of one matrix, Σ cᵢ∇h(xᵢ) = Σ Gₐⱼ∇Wₐⱼ(θ) with G = Σ cᵢxᵢᵀ. Matrices are by rows.
type Mapped interface {
	EndToEnd
	// Map is w = W(θ). Its tape, in ws, spares PullMap and PushMap the forward pass; they compute a nil one anew.
	Map(w, theta lanes.Pack, ws *lanes.Arena) (tape lanes.Pack)
	// PullMap is dst = Σ Gₐⱼ∇Wₐⱼ(θ); shapes (outputs·inputs) → (d).
	PullMap(dst, theta, g, tape lanes.Pack, ws *lanes.Arena)
	// PushMap is dst = DW(θ)v, the derivative of W along v; shapes (d) → (outputs·inputs).
	PushMap(dst, theta, v, tape lanes.Pack, ws *lanes.Arena)
}

// Scattered models know from moments of the data how their samples' gradients scatter, with Gᵢ = ∂ℓᵢ/∂W of the end-to-end
// map W,
//
//	(1/n) Σᵢ vec(Gᵢ − Ḡ) vec(Gᵢ − Ḡ)ᵀ = S(W)S(W)ᵀ,
//
// in a number of columns that does not grow with n.
type Scattered interface {
	// InputRoot is F with FFᵀ = Σxx = (1/n) Σ xᵢxᵢᵀ, shape (inputs, rank of Σxx).
	InputRoot() lanes.Mat
	// Scattering returns the number of columns of S; 0 where sums over the rows are cheaper.
	Scattering() int
	// Scatter is g = S(W)ξ; shapes (Scattering) → (outputs·inputs).
	Scatter(g, w, xi lanes.Pack, ws *lanes.Arena)
	// ScatterT is dst = S(W)ᵀg.
	ScatterT(dst, w, g lanes.Pack, ws *lanes.Arena)
}

// Paired models are built of pairs (u, v) that one multiplier rotates hyperbolically, u′ = u − ηg·v, v′ = v − ηg·u: GD,
// SGD and label noise all multiply u² − v² by exactly 1 − η²g².
type Paired interface {
	// Pairs returns the positions in θ of each pair.
	Pairs() (u, v []int)
}

// Saddled models know their critical points by the modes of the end-to-end map that are learnt.
type Saddled interface {
	Model
	// Modes returns the strengths of the modes, largest first: the singular values of the empirical map.
	Modes() []float64
	// Critical returns θ at the critical point where just these modes (1 is the strongest) are learnt, and the loss there.
	Critical(modes []int) (theta []float64, loss float64, err error)
}

// Charted models know where their critical points are.
type Charted interface {
	Model
	CriticalPoints() []CriticalPoint
}

// CriticalPoint is a zero of ∇L.
type CriticalPoint struct {
	Name    string    // such as "left", "top"; unique in its model
	At      []float64 // θ
	Value   float64   // L(θ)
	Index   int       // the number of negative eigenvalues of ∇²L
	Nullity int       // the number of zero eigenvalues of ∇²L; more than 0 is degenerate
	Joins   []string  // of a saddle: the minima between which it is the pass
}

// Start places replicas.
type Start interface {
	// Centre is the start without its random part; nil where there is none but the random part.
	Centre() []float64
	// Draw fills θ; at.Seed holds the seeds of the start.
	Draw(theta lanes.Pack, at *Clock)
	// Deterministic reports whether every replica of this point of the sweep starts at the same place.
	Deterministic(point int32) bool
}

// AtSaddle is a start around a critical point.
type AtSaddle interface {
	Start
	// Modes returns which modes are learnt there.
	Modes() []int
}
