package observable

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// Orbit follows a replica on along the deterministic steps of its dynamics, F, and says what kind of orbit it is on,
//
//	θ₀ = F^settle(θ),  θ_{t+1} = F(θ_t),
//	period:  the least p with max|θ_p − θ₀| ≤ tolerance·max|θ₀|,  0 where there is none up to max-period,
//	low, high, range, mean:  of a column f(θ_t) of an observable over one period, or over 2·max-period steps where there is none,
//	orbit[1] … orbit[k]:  f(θ₀) … f(θ_{k−1}).
//
// A fixed point has the period 1; what still creeps towards an orbit may have period 0 until it has settled. The replica itself
// stays where it is, and velocities start from 0. It is in units of the column. Read at the end of a run whose sweep is over η
// it draws a bifurcation diagram.
type Orbit struct {
	of             sgdlab.Observable
	column         int
	stepper        sgdlab.Stepper
	settle, values int
	most           int
	tolerance      float64
	name           string
}

// OrbitSettings are those of NewOrbit.
type OrbitSettings struct {
	Of        sgdlab.Part[sgdlab.Observable] `doc:"the observable" default:"loss"`
	Column    string                         `doc:"which of its columns; the first where left out" optional:"true"`
	Settle    int                            `doc:"steps taken before the orbit is looked at" default:"0" check:">=0"`
	Values    int                            `doc:"how many values along the orbit are columns" default:"0" check:">=0"`
	MaxPeriod int                            `doc:"the longest period looked for" default:"64" check:">=1"`
	Tolerance float64                        `doc:"how near θ comes back, of the largest |θⱼ|" default:"1e-9" check:">0"`
	As        string                         `doc:"the word that its columns begin with" default:"orbit"`
}

// NewOrbit needs dynamics without randomness. A reading costs settle + 3·max-period steps or so.
func NewOrbit(c OrbitSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	if strings.ContainsAny(c.As, "[] \t,") || c.As == "" {
		return nil, fmt.Errorf("as: got %q; want a name of columns, without blanks, commas and brackets", c.As)
	}
	of, err := c.Of(s)
	if err != nil {
		return nil, fmt.Errorf("of: %w", err)
	}
	o := &Orbit{of: of, settle: c.Settle, values: c.Values, most: c.MaxPeriod, tolerance: c.Tolerance, name: c.As}
	if o.column, err = ColumnOf(of, c.Column); err != nil {
		return nil, fmt.Errorf("column: %w", err)
	}
	if o.stepper, err = deterministic(s); err != nil {
		return nil, err
	}
	return o, nil
}

// deterministic is another stepper of the site's dynamics, which has to draw nothing.
func deterministic(s *sgdlab.Site) (sgdlab.Stepper, error) {
	if s.Again == nil {
		return nil, errors.New("needs the steps of a dynamics, and there is none here")
	}
	stepper, err := s.Again()
	if err != nil {
		return nil, err
	}
	if stepper.Random() {
		return nil, errors.New("an orbit is one of deterministic steps, and this dynamics is random; use gd without noise")
	}
	return stepper, nil
}

// Columns is orbit-period, orbit-low, orbit-high, orbit-range, orbit-mean, orbit[1], …
func (o *Orbit) Columns() []sgdlab.Column {
	n := o.name
	return append(named(n+"-period", n+"-low", n+"-high", n+"-range", n+"-mean"), numbered(n, o.values)...)
}

// Observe follows the replica on.
func (o *Orbit) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d := len(theta)
	state, first, columns := ws.Pack(sgdlab.Size(o.stepper)), ws.Pack(d), ws.Pack(len(o.of.Columns()))
	o.stepper.Init(state, theta, at, lanes.All)
	clock := *at
	step := func() {
		dt := o.stepper.Step(state, &clock, lanes.All, nil)
		for l := range dt {
			clock.Step[l]++
			clock.Time[l] += dt[l]
		}
	}
	for range o.settle {
		step()
	}
	lanes.Copy(first, state[:d])
	bound := lanes.MaxAbs(first)
	var period, count, low, high, sum lanes.Vec
	low, high = lanes.Splat(math.Inf(1)), lanes.Splat(math.Inf(-1))
	ws.Idle = lanes.None
	for t := range max(2*o.most, o.values) {
		if t > 0 && t <= o.most {
			var apart lanes.Vec
			for j := range first {
				for l := range apart {
					if x := math.Abs(state[j][l] - first[j][l]); !(x <= apart[l]) {
						apart[l] = x
					}
				}
			}
			for l := range apart {
				if period[l] == 0 && apart[l] <= o.tolerance*bound[l] {
					period[l] = float64(t)
				}
			}
		}
		mark := ws.Mark()
		o.of.Observe(columns, state[:d], &clock, ws)
		ws.Release(mark)
		f := columns[o.column]
		if t < o.values {
			dst[5+t] = f
		}
		for l, x := range f {
			if period[l] == 0 && t < 2*o.most {
				low[l], high[l] = min(low[l], x), max(high[l], x)
				sum[l] += x
				count[l]++
			}
		}
		step()
	}
	for l := range sum {
		sum[l] /= count[l]
		dst[3][l] = high[l] - low[l]
		if math.IsNaN(bound[l]) || math.IsInf(bound[l], 0) || math.IsNaN(sum[l]) {
			period[l], low[l], high[l], sum[l], dst[3][l] = math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
		}
	}
	dst[0], dst[1], dst[2], dst[4] = period, low, high, sum
}

// Lyapunov is the largest Lyapunov exponent of the deterministic steps of a dynamics, F, by a tangent that is carried along,
//
//	Λ = (1/n) Σ_{t<n} ln(‖DF(θ_t)v_t‖/‖v_t‖),  v_{t+1} = DF(θ_t)v_t,
//
// per step. On a cycle of period p, pΛ is the logarithm of the modulus of its largest multiplier; above 0 the orbit is unstable, or
// chaotic where it is bounded. Directions along which minima form a manifold are neutral: there Λ is no less than 0. The
// error is of order 1/n, and of order 1/√n in chaos.
type Lyapunov struct {
	stepper       sgdlab.Stepper
	push          func(dst, state, v lanes.Pack, at *sgdlab.Clock)
	settle, steps int
	along         []float64
}

// LyapunovSettings are those of NewLyapunov.
type LyapunovSettings struct {
	Steps  int       `doc:"n, the number of steps that are averaged over" default:"10000" check:">=1"`
	Settle int       `doc:"steps taken first, by θ and the tangent alike" default:"1000" check:">=0"`
	Along  []float64 `doc:"the first tangent, a number for each coordinate; a fixed pseudo-random one where missing. Where it lies in an invariant subspace of the tangents, the exponent is that of the subspace" optional:"true"`
}

// NewLyapunov needs gd without noise, with or without momentum, and a model with Hessian–vector products. A reading costs settle +
// steps steps, and as many products.
func NewLyapunov(c LyapunovSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	stepper, err := deterministic(s)
	if err != nil {
		return nil, err
	}
	smooth, ok := stepper.(sgdlab.Smooth)
	if !ok {
		return nil, errors.New("needs the derivative of a step, which is known of gd alone")
	}
	o := &Lyapunov{stepper: stepper, settle: c.Settle, steps: c.Steps, along: c.Along}
	if o.push, err = smooth.Tangent(); err != nil {
		return nil, err
	}
	if d := s.Model.Dim(); c.Along != nil && len(c.Along) != d {
		return nil, fmt.Errorf("along: got %d numbers; want one for each of %d coordinates", len(c.Along), d)
	}
	return o, nil
}

// Columns is lyapunov.
func (o *Lyapunov) Columns() []sgdlab.Column { return named("lyapunov") }

// Observe carries a tangent along.
func (o *Lyapunov) Observe(dst, theta lanes.Pack, at *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	d, size := len(theta), sgdlab.Size(o.stepper)
	state, v, next := ws.Pack(size), ws.Zeroed(size), ws.Pack(size)
	o.stepper.Init(state, theta, at, lanes.All)
	for j := range d {
		x := uint64(j+1) * 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		v[j] = lanes.Splat(float64(int64(x^x>>31)) * 0x1p-63)
		if o.along != nil {
			v[j] = lanes.Splat(o.along[j])
		}
	}
	unit := func(p lanes.Pack) (square lanes.Vec) {
		square = lanes.Dot(p, p)
		shrink := square
		for l, x := range square {
			shrink[l] = 1 / math.Sqrt(x)
		}
		lanes.ScaleLanes(p, shrink)
		return square
	}
	unit(v)
	clock := *at
	var sum lanes.Vec
	for t := range o.settle + o.steps {
		o.push(next, state, v, &clock)
		for l, square := range unit(next) {
			if t >= o.settle {
				sum[l] += 0.5 * elementary.Log(square)
			}
		}
		v, next = next, v
		dt := o.stepper.Step(state, &clock, lanes.All, nil)
		for l := range dt {
			clock.Step[l]++
			clock.Time[l] += dt[l]
		}
	}
	for l := range sum {
		dst[0][l] = sum[l] / float64(o.steps)
		if math.IsInf(dst[0][l], 1) { // the orbit has diverged
			dst[0][l] = math.NaN()
		}
	}
}
