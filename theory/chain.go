package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/elementary"
)

// ChainSharpness is the sharpness of the global minimum at which gradient flow leaves a chain f(x) = (uᵀx)v₁⋯v_{D−1}. The inputs have the
// second moment Σxx with the eigenvalues λᵢ, largest first, and the eigenvectors wᵢ; the least squares map of least norm has the overlaps
// ωᵢ with them, and δᵢ = √λᵢ·ωᵢ. Gradient flow keeps Cⱼ = ‖Πu‖² − vⱼ², Π the projection on the inputs' span, so that it ends where
//
//	a ∏ⱼ(a − Cⱼ) = Q = Σωᵢ²,   a = ‖Πu‖²,   vⱼ² = a − Cⱼ,
//
// Q being the difficulty of the data. The Hessian's eigenvalues there, 0 apart, are those of s(p·diag(λ) + q·δδᵀ) with p = ∏vⱼ² and
// q = Σ1/vⱼ², whatever the loss leaves over; S is the largest, the root of 1 = q Σδᵢ²/(S/s − pλᵢ) above pλ₁. It is
//
//	s(pλ₁ + qδ₁²)  ≤  S  ≤  s(pλ₁ + q Σδᵢ²),   s·pλ₁ the leading term.
//
// Balanced, p = Q^(1−1/D) and q = (D − 1)Q^(−1/D); two layers have v² = (√(C² + 4Q) − C)/2. Descent moves the Cⱼ by O(η). S is in units of
// ∇²L, as the observable sharpness; λ in those of the inputs squared, Q in those of the map squared.
//
// From a run: the data, the loss and the depth of a chain, and the Cⱼ of its start where that is a fixed place.
//
// Source: Yoo, Song & Yun 2025, for the bounds; the sharpness itself and unequal Cⱼ derived here.
type ChainSharpness struct {
	Variances []float64 `optional:"true" check:">=0" doc:"λ, the eigenvalues of Σxx, largest first"`
	Overlaps  []float64 `optional:"true" doc:"ω, the overlaps of the least squares map with their eigenvectors"`
	Depth     int       `optional:"true" check:">=1" doc:"D, the number of layers; 2 where there is no run"`
	Imbalance []float64 `optional:"true" doc:"C₁ … C_{D−1}; 0 each where there is no run"`
	Scale     float64   `optional:"true" check:">0" doc:"s: 1 (mean-half), n (sum-half) or 2 (mean); 1 where there is no run"`
	Of        string    `default:"sharpness" oneof:"sharpness|lower|upper|leading|difficulty|strength" doc:"S, its bounds, its leading term, Q, or v₁²"`
}

// NewChainSharpness makes the sharpness of a chain's minimum.
func NewChainSharpness(c ChainSharpness, r *sgdlab.Run) (sgdlab.Theory, error) {
	switch {
	case (c.Variances == nil) != (c.Overlaps == nil):
		return nil, errors.New("variances and overlaps come together; give both")
	case c.Variances == nil && r == nil:
		return nil, errors.New("give variances, overlaps")
	case len(c.Variances) != len(c.Overlaps):
		return nil, fmt.Errorf("variances has %d entries and overlaps %d; want as many", len(c.Variances), len(c.Overlaps))
	}
	if c.Variances == nil || c.Depth == 0 && r != nil {
		n, err := chainOf(r)
		if err != nil {
			return nil, fmt.Errorf("variances was left out and cannot be read from the run: %w", err)
		}
		if c.Depth == 0 {
			c.Depth = n.depth
		}
		if c.Variances == nil {
			c.Variances, c.Overlaps = n.variances, n.overlaps
			c.Scale = orElse(c.Scale, n.scale)
			if c.Imbalance == nil && c.Of != "difficulty" {
				if c.Imbalance, err = n.imbalance(r); err != nil {
					return nil, fmt.Errorf("imbalance was left out and cannot be read from the run: %w", err)
				}
			}
		}
	}
	c.Scale = orElse(c.Scale, 1)
	if c.Depth == 0 {
		c.Depth = 2
	}
	if c.Imbalance == nil {
		c.Imbalance = make([]float64, max(c.Depth-1, 0))
	}
	top, q := 0.0, 0.0
	for i, x := range c.Variances {
		if !(x >= 0) || i > 0 && x > c.Variances[i-1] {
			return nil, fmt.Errorf("variances[%d] is %g; want numbers ≥ 0, largest first", i, x)
		}
		top = max(top, x)
		q = math.FMA(c.Overlaps[i], c.Overlaps[i], q)
	}
	switch {
	case c.Depth < 1:
		return nil, fmt.Errorf("depth is %d; want at least 1", c.Depth)
	case len(c.Imbalance) != c.Depth-1:
		return nil, fmt.Errorf("imbalance has %d entries; a chain of depth %d has %d", len(c.Imbalance), c.Depth, c.Depth-1)
	case !(top > 0):
		return nil, errors.New("variances are all 0; want inputs that vary")
	case !(q > 0):
		return nil, errors.New("overlaps are all 0; the minimum of a chain is at the origin, and degenerate")
	case c.Of == "strength" && c.Depth < 2:
		return nil, errors.New("v₁² is asked for, and a chain of depth 1 has no v")
	}
	if err := positive("scale", c.Scale); err != nil {
		return nil, err
	}
	return predict(c)
}

// ends solves a∏(a − Cⱼ) = Q for x = a − max(0, Cⱼ), and returns the vⱼ², free of cancellation.
func (c ChainSharpness) ends(q float64) (squares []float64) {
	least := 0.0
	for _, x := range c.Imbalance {
		least = max(least, x)
	}
	log := elementary.Log(q)
	at := func(x float64) float64 {
		sum := elementary.Log(x + least)
		for _, y := range c.Imbalance {
			sum += elementary.Log(x + (least - y))
		}
		return sum
	}
	x := bisect(0, elementary.Exp(log/float64(c.Depth))*(1+1e-14), func(x float64) bool { return at(x) < log })
	for _, y := range c.Imbalance {
		squares = append(squares, x+(least-y))
	}
	return squares
}

// bisect is where a condition that holds on the left of [a, b] ends, to the last digit.
func bisect(a, b float64, left func(float64) bool) float64 {
	for {
		mid := a + (b-a)/2
		if mid <= a || mid >= b {
			return b
		}
		if left(mid) {
			a = mid
		} else {
			b = mid
		}
	}
}

func (c ChainSharpness) Predict([]float64) sgdlab.Prediction {
	q, deltas := 0.0, make([]float64, len(c.Overlaps))
	all := 0.0
	for i, x := range c.Overlaps {
		q = math.FMA(x, x, q)
		deltas[i] = c.Variances[i] * float64(x*x)
		all += deltas[i]
	}
	squares := c.ends(q)
	gain, pull := 1.0, 0.0
	for _, v := range squares {
		gain *= v
		pull += 1 / v
	}
	lead := gain * c.Variances[0]
	lower, upper := lead+float64(pull*deltas[0]), lead+float64(pull*all)
	kind, value, neglects := sgdlab.Exact, 0.0, 0.0
	switch c.Of {
	case "difficulty":
		value = q
	case "strength":
		value = squares[0]
	case "leading":
		kind, value, neglects = sgdlab.Leading, c.Scale*lead, (upper-lead)/lead
	case "lower":
		kind, value = sgdlab.Lower, c.Scale*lower
	case "upper":
		kind, value = sgdlab.Upper, c.Scale*upper
	default:
		value = c.Scale * bisect(lower, upper, func(s float64) bool {
			sum := 0.0
			for i, d := range deltas {
				if gap := s - float64(gain*c.Variances[i]); d > 0 {
					sum += float64(pull*d) / gap
				}
			}
			return sum > 1
		})
	}
	return sgdlab.One(kind, value, neglects, fmt.Sprintf("gradient flow, at the global minimum; one neuron to a layer, here Q = %.4g", q), "yoo-2025")
}

// neurons is what the theories of chains read from a run.
type neurons struct {
	depth               int
	layers              []sgdlab.Shape
	x, y, span          [][]float64 // inputs and targets by rows, and the eigenvectors wᵢ
	variances, overlaps []float64
	scale               float64
}

// chainOf reads a chain.
func chainOf(r *sgdlab.Run) (*neurons, error) {
	m, err := sgdlab.As[sgdlab.Layered](r.Model)
	if err != nil {
		return nil, err
	}
	s, err := sgdlab.As[sgdlab.Squared](r.Model)
	if err != nil {
		return nil, err
	}
	n := &neurons{layers: m.Layers(), scale: s.PerOutput()}
	n.depth = len(n.layers)
	for i, l := range n.layers {
		if l.Rows != 1 || i > 0 && l.Cols != 1 {
			return nil, fmt.Errorf("layer %d of its model has the shape (%d, %d); the law is of chains, with one neuron to a layer", i+1, l.Rows, l.Cols)
		}
	}
	set := r.Data
	if set == nil || set.Inputs() != n.layers[0].Cols {
		return nil, errors.New("it has no data")
	}
	u, sigma, w := data.SVD(set.X)
	rows := float64(set.N())
	for i, x := range sigma {
		along, axis := 0.0, make([]float64, w.Rows)
		for k := range set.N() {
			along = math.FMA(u.At(k, i), set.Y.At(k, 0), along)
		}
		for j := range axis {
			axis[j] = w.At(j, i)
		}
		n.variances, n.overlaps, n.span = append(n.variances, x*x/rows), append(n.overlaps, along/x), append(n.span, axis)
	}
	for k := range set.N() {
		row := make([]float64, set.Inputs())
		for j := range row {
			row[j] = set.X.At(k, j)
		}
		n.x, n.y = append(n.x, row), append(n.y, []float64{set.Y.At(k, 0)})
	}
	return n, nil
}

// start is u and v of a start that is a fixed place.
func (n *neurons) start(r *sgdlab.Run) (u, v []float64, err error) {
	if r.Start == nil || r.Start.Centre() == nil || !r.Start.Deterministic(r.Clock.Point[0]) {
		return nil, nil, errors.New("its start is random")
	}
	theta := r.Start.Centre()
	u = theta[n.layers[0].Offset:][:n.layers[0].Cols]
	for _, l := range n.layers[1:] {
		v = append(v, theta[l.Offset])
	}
	return u, v, nil
}

// imbalance is the Cⱼ at the start.
func (n *neurons) imbalance(r *sgdlab.Run) (c []float64, err error) {
	u, v, err := n.start(r)
	if err != nil {
		return nil, err
	}
	in := 0.0
	for _, w := range n.span {
		a := inner(w, u)
		in = math.FMA(a, a, in)
	}
	c = []float64{}
	for _, x := range v {
		c = append(c, in-float64(x*x))
	}
	return c, nil
}

// inner is aᵀb.
func inner(a, b []float64) (sum float64) {
	for i, x := range a {
		sum = math.FMA(x, b[i], sum)
	}
	return sum
}

// ImbalanceStep is the mean over mini-batches of what one step of SGD adds to the imbalance C = ‖Πu‖² − v₁² of a chain, which gradient
// flow conserves. With gᵢ = sxᵢ(f(xᵢ) − yᵢ), their mean ḡ and covariance Γ over the n samples, and p = ∏vⱼ²,
//
//	E ΔC = η²p [‖ḡ‖² − (uᵀḡ)²/v₁²  +  φ(tr Γ − uᵀΓu/v₁²)],
//	φ = 1/B with replacement,  (n − B)/(B(n − 1)) without,  0 of the full batch:
//
// exact for every η. The first part is that of GD, the second what mini-batches add. In units of θ².
//
// From a run: the data, the loss, and a start that is a fixed place, of a chain; the rate, the batch and the draw.
//
// Source: derived here, after Yoo, Song & Yun 2025.
type ImbalanceStep struct {
	Rate    float64 `optional:"true" check:">0" doc:"η"`
	Gain    float64 `optional:"true" check:">=0" doc:"p = ∏vⱼ²"`
	Full    float64 `optional:"true" doc:"‖ḡ‖² − (uᵀḡ)²/v₁²"`
	Scatter float64 `optional:"true" doc:"tr Γ − uᵀΓu/v₁²"`
	Samples float64 `optional:"true" check:">=1" doc:"n"`
	Batch   float64 `optional:"true" check:">=1" doc:"B; n where the run has none"`
	Draw    string  `optional:"true" oneof:"with-replacement|without-replacement" doc:"how the rows are drawn; with-replacement where there is no run"`
	Of      string  `default:"step" oneof:"step|batch" doc:"E ΔC, or only what mini-batches add to it"`
}

// NewImbalanceStep makes the mean step of the imbalance.
func NewImbalanceStep(c ImbalanceStep, r *sgdlab.Run) (sgdlab.Theory, error) {
	var n *neurons
	var gain, full, scatter float64
	read := func(value *float64) func() (float64, error) {
		return func() (float64, error) {
			if n == nil {
				var err error
				if n, err = chainOf(r); err != nil {
					return 0, err
				}
				if gain, full, scatter, err = n.moments(r); err != nil {
					return 0, err
				}
			}
			return *value, nil
		}
	}
	err := complete(r,
		want{"rate", &c.Rate, rate(r)},
		want{"gain", &c.Gain, read(&gain)},
		want{"full", &c.Full, read(&full)},
		want{"scatter", &c.Scatter, read(&scatter)},
		want{"samples", &c.Samples, func() (float64, error) {
			if r.Data == nil {
				return 0, errors.New("it has no data")
			}
			return float64(r.Data.N()), nil
		}},
		want{"batch", &c.Batch, func() (float64, error) {
			if b, ok := r.Number("batch"); ok {
				return b, nil
			}
			return c.Samples, nil
		}},
	)
	if err == nil {
		err = errors.Join(positive("rate", c.Rate), positive("samples", c.Samples), positive("batch", c.Batch))
	}
	if err != nil {
		return nil, err
	}
	if c.Draw == "" && r != nil {
		for _, path := range []string{"draw", "draw.name"} {
			if w := r.Word(path); w != "" {
				c.Draw = w
			}
		}
		if _, ok := r.Number("batch"); !ok {
			c.Draw = "without-replacement" // the full batch
		}
	}
	switch c.Draw {
	case "":
		c.Draw = "with-replacement"
	case "with-replacement":
	case "without-replacement", "reshuffled": // the first batch of an epoch
		c.Draw = "without-replacement"
		if c.Batch > c.Samples {
			return nil, fmt.Errorf("batch is %g of %g samples; without replacement it is at most all", c.Batch, c.Samples)
		}
	default:
		return nil, fmt.Errorf("draw is %q; want with-replacement or without-replacement", c.Draw)
	}
	return predict(c)
}

// moments are p, ‖ḡ‖² − (uᵀḡ)²/v₁² and tr Γ − uᵀΓu/v₁² at the start.
func (n *neurons) moments(r *sgdlab.Run) (gain, full, scatter float64, err error) {
	u, v, err := n.start(r)
	if err != nil {
		return 0, 0, 0, err
	}
	if len(v) == 0 {
		return 0, 0, 0, errors.New("its chain has depth 1, and no v")
	}
	product := 1.0
	for _, x := range v {
		product *= x
	}
	mean := make([]float64, len(u))
	rows := float64(len(n.x))
	form := func(g []float64) float64 { // ‖g‖² − (uᵀg)²/v₁²
		along := inner(u, g) / v[0]
		return inner(g, g) - float64(along*along)
	}
	for i, x := range n.x {
		g, slope := make([]float64, len(u)), n.scale*(product*inner(u, x)-n.y[i][0])
		for j := range g {
			g[j] = slope * x[j]
			mean[j] += g[j] / rows
		}
		scatter += form(g) / rows
	}
	full = form(mean)
	return product * product, full, scatter - full, nil
}

func (c ImbalanceStep) Predict([]float64) sgdlab.Prediction {
	part := 1 / c.Batch
	if c.Draw == "without-replacement" {
		part = 0
		if c.Batch < c.Samples {
			part = (c.Samples - c.Batch) / (c.Batch * (c.Samples - 1))
		}
	}
	value := float64(part * c.Scatter)
	if c.Of != "batch" {
		value += c.Full
	}
	return sgdlab.One(sgdlab.Exact, c.Rate*c.Rate*c.Gain*value, 0, "one step of a chain, the mean over mini-batches; any η", "yoo-2025")
}
