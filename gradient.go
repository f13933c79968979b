package sgdlab

import "sgdlab/lanes"

// Sampler draws the rows of a mini-batch; Rows.Index is its own memory, valid until the next draw.
type Sampler interface {
	Draw(rows *Rows, at *Clock)
	// Batch returns B; n for the full batch.
	Batch() int
}

// Weigher changes the weights of rows before the pullback: label noise and the like.
type Weigher interface {
	// Weigh changes c, shape (rows, outputs), which holds ∂ℓ/∂h.
	Weigh(c lanes.Pack, rows Rows, at *Clock, ws *lanes.Arena)
}

// Gradient is an exact or a stochastic gradient. It holds scratch, and serves one worker.
type Gradient interface {
	// Gradient is dst = g; what it used goes to rec, which is nil where nobody asks.
	Gradient(dst, theta lanes.Pack, at *Clock, rec *StepRecord, ws *lanes.Arena)
	// Random reports whether two replicas at one θ may get different gradients.
	Random() bool
}

// StepRecord is what one step used, for accumulators, valid until the next step.
type StepRecord struct {
	At       *Clock // before the step
	Dt       lanes.Vec
	Live     lanes.Mask
	Rows     Rows       // the rows of a stochastic gradient
	Weights  lanes.Pack // c, shape (rows, outputs); nil where the gradient was not a pullback
	Gradient lanes.Pack
}

// Used notes the rows, weights and gradient of a step; it does nothing on nil.
func (r *StepRecord) Used(rows Rows, weights, gradient lanes.Pack) {
	if r == nil {
		return
	}
	r.Rows, r.Weights, r.Gradient = rows, weights, gradient
}
