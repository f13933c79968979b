package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// SaddleJumps is when a diagonal network that starts near 0 jumps from saddle to saddle, and between which. With L = (ℓ″/2n)‖Xβ − y‖² and a
// start of one scale α in all coordinates (u = √2α, v = 0 of β = u ⊙ v; u = v = α/√2 of β = u² − v²), in the limit of small α and in units of
// ln(1/α) a coordinate goes from −1 to 0 in ln│w₊│ or ln│w₋│ while β stays at the saddle βₖ,
//
//	d ln│w±│/dt = ln(1 ∓ ηρg)/η,  g = ∇L(βₖ)  (∓ρg of the flow; ρ = 1 of u ⊙ v, 2 of u² − v²),
//
// and as the first one is there β jumps to
//
//	βₖ₊₁ = argmin L(β) over βⱼ ≥ 0 where w₊ is at 0, βⱼ ≤ 0 where w₋ is, βⱼ = 0 elsewhere:
//
// coordinates may leave the support again. It ends where ∇L = 0, on data of fewer samples than inputs at the interpolator of least ℓ¹
// norm. The first jump of the flow is at 1/(ρ‖∇L(0)‖_∞). Time is ηk of descent. What is left out is of relative size 1/ln(1/α); noise of
// mean 0 enters at the order η²·Var g a step, which is small beside it.
//
// From a run: the data, the parametrisation, the scale of its start, and the rate, 0 for a flow.
//
// Source: after Pesme & Flammarion 2023; rederived, with the rate of descent.
type SaddleJumps struct {
	path *SaddlePath
	SaddleJumpsSettings
}

// SaddleJumpsSettings are those of NewSaddleJumps.
type SaddleJumpsSettings struct {
	Jump    int         `default:"1" check:">=1" doc:"k: which jump, 1 the first"`
	Of      string      `default:"time" oneof:"time|loss|l1-norm|loss-before" doc:"the time of the jump, the loss or ‖β‖₁ at the saddle that it leads to, or the loss at that which it leaves"`
	Last    bool        `default:"false" doc:"the last jump, whatever its number"`
	Inputs  [][]float64 `optional:"true" doc:"x of each sample; those of the run's data where missing"`
	Targets []float64   `optional:"true" doc:"y of each sample; those of the run's data where missing"`
	Scale   float64     `optional:"true" check:">0" doc:"α, below 1; that of the run's start where missing; without a run times are then in units of ln(1/α)"`
	Rate    float64     `optional:"true" check:">=0" doc:"η of descent; 0, the flow, where there is no run"`
}

// NewSaddleJumps makes the jump.
func NewSaddleJumps(c SaddleJumpsSettings, r *sgdlab.Run) (sgdlab.Theory, error) {
	o := walk{curvature: 1, speed: 1}
	switch {
	case (c.Inputs == nil) != (c.Targets == nil):
		return nil, errors.New("inputs and targets belong together; give both, or neither for those of the data")
	case c.Inputs != nil:
		if len(c.Inputs) != len(c.Targets) || len(c.Inputs) == 0 {
			return nil, fmt.Errorf("%d inputs and %d targets; give a target for each input", len(c.Inputs), len(c.Targets))
		}
		for i, row := range c.Inputs {
			if len(row) != len(c.Inputs[0]) || len(row) == 0 {
				return nil, fmt.Errorf("inputs: row %d has %d numbers, row 1 has %d; give rows of equal length", i+1, len(row), len(c.Inputs[0]))
			}
		}
		o.x, o.y = lanes.MatOf(c.Inputs), c.Targets
	case r == nil || r.Site == nil || r.Data == nil:
		return nil, errors.New("saddle-jumps is of data, and there is none; give inputs and targets")
	}
	unit := 1.0
	if r == nil || r.Site == nil {
		c.Rate = orElse(c.Rate, 0)
	} else {
		if err := o.read(r.Site); err != nil {
			return nil, err
		}
		if math.IsNaN(c.Scale) {
			var err error
			if c.Scale, err = smallStart(r.Site); err != nil {
				return nil, err
			}
		}
		if math.IsNaN(c.Rate) {
			c.Rate = 0
			if _, flow := r.Dynamic.(sgdlab.Dense); !flow {
				var err error
				if c.Rate, err = rate(r)(); err != nil {
					return nil, err
				}
			}
		}
	}
	if !math.IsNaN(c.Scale) {
		if !(c.Scale > 0 && c.Scale < 1) {
			return nil, fmt.Errorf("scale is %g; want a number between 0 and 1, far below 1", c.Scale)
		}
		unit = -elementary.Log(c.Scale)
	}
	o.rate = c.Rate
	path, err := o.run()
	if err != nil {
		return nil, err
	}
	if c.Last {
		c.Jump = len(path.Times)
	}
	if c.Jump < 1 || c.Jump > len(path.Times) {
		return nil, fmt.Errorf("jump is %d, and there are %d; use 1 to %d", c.Jump, len(path.Times), len(path.Times))
	}
	for k := range path.Times {
		path.Times[k] *= unit
	}
	return predict(SaddleJumps{path: path, SaddleJumpsSettings: c})
}

func (c SaddleJumps) Predict([]float64) sgdlab.Prediction {
	value := c.path.Times[c.Jump-1]
	switch c.Of {
	case "loss":
		value = c.path.Losses[c.Jump]
	case "loss-before":
		value = c.path.Losses[c.Jump-1]
	case "l1-norm":
		value = 0
		for _, b := range c.path.Maps[c.Jump] {
			value += math.Abs(b)
		}
	}
	neglects := 0.0
	if !math.IsNaN(c.Scale) {
		neglects = -1 / elementary.Log(c.Scale)
	}
	return sgdlab.One(sgdlab.Leading, value, neglects, "a start near 0 with one scale for all coordinates; leading order in 1/ln(1/α)", "pesme-flammarion-2023")
}

// SaddlePath is the way from saddle to saddle.
type SaddlePath struct {
	Times  []float64   // of the jumps, in units of ln(1/α)
	Losses []float64   // at the saddles: at 0, and after each jump
	Maps   [][]float64 // β there
}

// NewSaddlePath is that of gradient flow on the diagonal network of a site.
func NewSaddlePath(s *sgdlab.Site) (*SaddlePath, error) {
	var w walk
	if err := w.read(s); err != nil {
		return nil, err
	}
	return w.run()
}

// walk is what the way depends on.
type walk struct {
	x                      lanes.Mat
	y                      []float64
	curvature, speed, rate float64 // ℓ″, ρ, η
}

// read takes from a site what is not given: the data, ℓ″ and ρ.
func (w *walk) read(s *sgdlab.Site) error {
	p, err := sgdlab.PairsOf(s.Model)
	if err != nil {
		return fmt.Errorf("the way from saddle to saddle %w", err)
	}
	of, err := sgdlab.As[sgdlab.Squared](s.Model)
	if err != nil {
		return err
	}
	w.curvature, w.speed = of.PerOutput(), p.Speed()
	if w.y == nil {
		if s.Data == nil {
			return errors.New("the way from saddle to saddle is of data, and there is none")
		}
		w.x = s.Data.X
		for i := range s.Data.Y.Rows {
			w.y = append(w.y, s.Data.Y.At(i, 0))
		}
	}
	return nil
}

// smallStart is α of a start in which every w₊ and w₋ has one size: α² is the scale of sgdlab.DiagonalPairs.
func smallStart(s *sgdlab.Site) (float64, error) {
	if s.Start == nil || s.Start.Centre() == nil {
		return 0, errors.New("scale was left out and cannot be read from the run: its start has no centre")
	}
	p, err := sgdlab.PairsOf(s.Model)
	if err != nil {
		return 0, err
	}
	theta := lanes.Of(s.Start.Centre())
	first, _ := p.W(theta, 0, 0)
	first = math.Abs(first)
	for j := range p.U {
		plus, minus := p.W(theta, j, 0)
		for _, w := range []float64{math.Abs(plus), math.Abs(minus)} {
			if !(math.Abs(w-first) <= 1e-9*first) || w == 0 {
				return 0, fmt.Errorf("scale was left out and cannot be read from the run: its start has u ± v (of u ⊙ v), or u and v (of u² − v²), of the sizes %g and %g; use one for all, such as u = √2α, v = 0", first, w)
			}
		}
	}
	if p.Squares {
		return first * math.Sqrt2, nil
	}
	return first / math.Sqrt2, nil
}

// run walks until the gradient is 0.
func (w walk) run() (*SaddlePath, error) {
	n, d := w.x.Rows, w.x.Cols
	gram, moment := make([]float64, d*d), make([]float64, d)
	for i := range n {
		for j := range d {
			xj := w.x.At(i, j)
			moment[j] = math.FMA(xj, w.y[i], moment[j])
			for k := range d {
				gram[j*d+k] = math.FMA(xj, w.x.At(i, k), gram[j*d+k])
			}
		}
	}
	beta, g := make([]float64, d), make([]float64, d)
	// Where ln│w₊│ and ln│w₋│ are, from −1 to 0, and how fast they go.
	var at, slope [2][]float64
	for side := range at {
		at[side], slope[side] = make([]float64, d), make([]float64, d)
		for j := range d {
			at[side][j] = -1
		}
	}
	path := &SaddlePath{Maps: [][]float64{make([]float64, d)}, Losses: []float64{w.look(g, beta)}}
	floor := 0.0
	for _, x := range g {
		floor = max(floor, 1e-11*math.Abs(x))
	}
	signs := make([]float64, d)
	var scratch linalg.Scratch
	now := 0.0
	for range 100 * d {
		wait := math.Inf(1)
		for j, x := range g {
			if math.Abs(x) <= floor {
				x = 0
			}
			step := float64(w.rate*w.speed) * x
			if math.Abs(step) >= 1 {
				return nil, fmt.Errorf("rate %g times the gradient %g at a saddle is beyond 1, where w₊ and w₋ change sign; use a smaller rate", w.rate, x)
			}
			for side, sign := range []float64{-1, 1} {
				v := sign * w.speed * x
				if w.rate > 0 {
					v = elementary.Log1p(sign*step) / w.rate
				}
				slope[side][j] = v
				if v > 0 {
					wait = min(wait, -at[side][j]/v)
				}
			}
		}
		if math.IsInf(wait, 1) {
			return path, nil
		}
		now += wait
		clear(signs)
		for side, sign := range []float64{1, -1} {
			for j, v := range slope[side] {
				x := math.FMA(v, wait, at[side][j])
				if x > -1e-12 {
					x = 0
					signs[j] = sign
				}
				at[side][j] = x
			}
		}
		if !scratch.SignedLeast(beta, gram, moment, signs) {
			return nil, fmt.Errorf("the saddle after jump %d is not one point: the inputs that are learnt there are dependent", len(path.Times)+1)
		}
		path.Times = append(path.Times, now)
		path.Losses = append(path.Losses, w.look(g, beta))
		path.Maps = append(path.Maps, append([]float64(nil), beta...))
		// A coordinate that is learnt has no gradient but by rounding.
		for j, b := range beta {
			if b != 0 {
				g[j] = 0
			}
		}
	}
	return nil, fmt.Errorf("no end after %d jumps", len(path.Times))
}

// look returns L(β) and fills g = ∇L(β).
func (w walk) look(g, beta []float64) float64 {
	clear(g)
	n, loss := float64(w.x.Rows), 0.0
	for i, y := range w.y {
		r := -y
		for j, b := range beta {
			r = math.FMA(w.x.At(i, j), b, r)
		}
		loss = math.FMA(r, r, loss)
		for j := range g {
			g[j] = math.FMA(float64(w.curvature/n)*r, w.x.At(i, j), g[j])
		}
	}
	return w.curvature / (2 * n) * loss
}
