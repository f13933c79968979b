package noise

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// FullBatch draws all N rows, always.
type FullBatch struct{ N int }

// Draw chooses every row.
func (f FullBatch) Draw(rows *sgdlab.Rows, _ *sgdlab.Clock) { *rows = sgdlab.AllRows(f.N) }

// Batch is n.
func (f FullBatch) Batch() int { return f.N }

// SamplerSettings are those of samplers.
type SamplerSettings struct{ StreamSettings }

// WithReplacement draws B independent uniform rows.
type WithReplacement struct {
	n      int
	index  [][lanes.W]int32
	stream stream
}

// NewWithReplacement draws the B rows of a batch independently and uniformly from the n: a row may come twice. With gᵢ the
// gradients of single samples and C their covariance, the batch's gradient has
//
//	E g = ∇L,  Cov g = C/B.
//
// B is the dynamics' batch, at most n.
func NewWithReplacement(c SamplerSettings, s *sgdlab.Site) (sgdlab.Sampler, error) {
	n, b, err := samplesAndBatch(s)
	if err != nil {
		return nil, err
	}
	st, err := streamOf(c.StreamSettings, s)
	if err != nil {
		return nil, err
	}
	return &WithReplacement{n: n, index: make([][lanes.W]int32, b), stream: st}, nil
}

// Draw chooses rows.
func (w *WithReplacement) Draw(rows *sgdlab.Rows, at *sgdlab.Clock) {
	w.stream.Indices(w.index, w.n, &at.Lanes)
	*rows = sgdlab.Rows{N: w.n, Index: w.index}
}

// Batch is B.
func (w *WithReplacement) Batch() int { return len(w.index) }

func (w *WithReplacement) drawsFrom() string { return w.stream.name }

// WithoutReplacement draws a uniform set of B different rows, afresh at every step, in random order.
type WithoutReplacement struct {
	index  [][lanes.W]int32
	order  []int32
	stream stream
}

// NewWithoutReplacement draws a uniform set of B different rows, afresh at every step,
//
//	E g = ∇L,  Cov g = (n − B)/(n − 1) · C/B:
//
// none at B = n. Steps are independent. B is the dynamics' batch, at most n.
func NewWithoutReplacement(c SamplerSettings, s *sgdlab.Site) (sgdlab.Sampler, error) {
	n, b, err := samplesAndBatch(s)
	if err != nil {
		return nil, err
	}
	st, err := streamOf(c.StreamSettings, s)
	if err != nil {
		return nil, err
	}
	return &WithoutReplacement{index: make([][lanes.W]int32, b), order: make([]int32, n), stream: st}, nil
}

// Draw chooses rows.
func (w *WithoutReplacement) Draw(rows *sgdlab.Rows, at *sgdlab.Clock) {
	for l := range lanes.W {
		w.stream.Choose(w.order, len(w.index), &at.Lanes, l)
		for i := range w.index {
			w.index[i][l] = w.order[i]
		}
	}
	*rows = sgdlab.Rows{N: len(w.order), Index: w.index}
}

// Batch is B.
func (w *WithoutReplacement) Batch() int { return len(w.index) }

func (w *WithoutReplacement) drawsFrom() string { return w.stream.name }

// Reshuffled goes through the rows in an order that is drawn afresh for every epoch of ⌊n/B⌋ steps. Where B does not divide
// n, the n mod B rows that would make a short batch are left out of that epoch: others in each.
//
// The order is a pure function of (seed, replica, branch, epoch); what is kept of it is scratch.
type Reshuffled struct {
	index  [][lanes.W]int32
	epochs [lanes.W]epoch
	n      int
	stream stream
}

type epoch struct {
	seed, replica, branch, number uint64
	order                         []int32 // nil before the first draw
}

// NewReshuffled goes through the rows in an order drawn afresh for each epoch of ⌊n/B⌋ steps, B rows at a time (random
// reshuffling). One step has the law of one without replacement; two steps of an epoch are correlated, and steps of different
// epochs are independent:
//
//	Cov gₖ = (n − B)/(n − 1) · C/B,  Cov(gₖ, gₗ) = −C/(n − 1) at one θ, so that
//	Cov Σ gₖ over m steps of an epoch = m(n − mB)/(n − 1) · C/B:
//
// 0 over an epoch that B divides. Where B does not divide n, the n mod B rows that would make a short batch are left out of the epoch:
// others in each. B is the dynamics' batch, at most n.
func NewReshuffled(c SamplerSettings, s *sgdlab.Site) (sgdlab.Sampler, error) {
	n, b, err := samplesAndBatch(s)
	if err != nil {
		return nil, err
	}
	st, err := streamOf(c.StreamSettings, s)
	if err != nil {
		return nil, err
	}
	return &Reshuffled{index: make([][lanes.W]int32, b), n: n, stream: st}, nil
}

// Draw chooses rows.
func (r *Reshuffled) Draw(rows *sgdlab.Rows, at *sgdlab.Clock) {
	b := len(r.index)
	steps := uint64(r.n / b)
	key := at.Lanes
	for l := range lanes.W {
		e, number := &r.epochs[l], at.Step[l]/steps
		if e.order == nil || e.seed != at.Seed[l] || e.replica != at.Replica[l] || e.branch != at.Branch[l] || e.number != number {
			if e.order == nil {
				e.order = make([]int32, r.n)
			}
			e.seed, e.replica, e.branch, e.number = at.Seed[l], at.Replica[l], at.Branch[l], number
			key.Step[l] = number
			r.stream.Permutation(e.order, &key, l)
		}
		from := int(at.Step[l]%steps) * b
		for i := range r.index {
			r.index[i][l] = e.order[from+i]
		}
	}
	*rows = sgdlab.Rows{N: r.n, Index: r.index}
}

// Batch is B.
func (r *Reshuffled) Batch() int { return len(r.index) }

func (r *Reshuffled) drawsFrom() string { return r.stream.name }

// BuildSampler builds the sampler that a setting asks for, with replacement where it is nil.
func BuildSampler(part sgdlab.Part[sgdlab.Sampler], s *sgdlab.Site) (sgdlab.Sampler, error) {
	if part == nil {
		return NewWithReplacement(SamplerSettings{}, s)
	}
	return part(s)
}

func samplesAndBatch(s *sgdlab.Site) (n, b int, err error) {
	if s.Data == nil {
		return 0, 0, noRows()
	}
	n, b = s.Data.N(), s.Batch
	switch {
	case b < 1:
		return 0, 0, tooSmall(b)
	case b > n:
		return 0, 0, tooLarge(b, n)
	}
	return n, b, nil
}

func noRows() error {
	return fmt.Errorf("there is no data to draw rows from; add `data`, or use a dynamics without mini-batches, such as gd or sde")
}
