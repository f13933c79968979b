package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// line is a landscape of one coordinate, V(x).
type line struct {
	model  sgdlab.Model
	curved sgdlab.Curved
	ws     lanes.Arena
}

func lineOf(r *sgdlab.Run) (*line, error) {
	if r.Model == nil {
		return nil, errors.New("it has no model")
	}
	if d := r.Model.Dim(); d != 1 {
		return nil, fmt.Errorf("its model has %d coordinates; want a landscape of one", d)
	}
	c, err := sgdlab.As[sgdlab.Curved](r.Model)
	if err != nil {
		return nil, err
	}
	return &line{model: r.Model, curved: c}, nil
}

func (l *line) at(x float64) lanes.Pack {
	l.ws.Reset()
	theta := l.ws.Pack(1)
	theta[0] = lanes.Splat(x)
	return theta
}

func (l *line) value(x float64) float64 { return l.model.Loss(l.at(x), &l.ws)[0] }

func (l *line) slope(x float64) float64 {
	theta := l.at(x)
	g := l.ws.Pack(1)
	l.model.Grad(g, theta, &l.ws)
	return g[0][0]
}

func (l *line) curvature(x float64) float64 {
	theta := l.at(x)
	h, v := l.ws.Pack(1), l.ws.Pack(1)
	v[0] = lanes.Splat(1)
	l.curved.HessVec(h, theta, v, &l.ws)
	return h[0][0]
}

// higher returns V‴ and V⁗ at x by differences of V″ at steps h and h/2, extrapolated: the error is O(h⁴) times the
// seventh and eighth derivative, and none for a polynomial of degree six.
func (l *line) higher(x, h float64) (third, fourth float64) {
	var t, f [2]float64
	mid := l.curvature(x)
	for i := range t {
		lo, hi := l.curvature(x-h), l.curvature(x+h)
		t[i] = (hi - lo) / (2 * h)
		f[i] = (hi - 2*mid + lo) / (h * h)
		h /= 2
	}
	return (4*t[1] - t[0]) / 3, (4*f[1] - f[0]) / 3
}

func (l *line) start(r *sgdlab.Run) (float64, error) {
	if r.Start == nil || len(r.Start.Centre()) != 1 {
		return 0, errors.New("its start is random altogether; want one place")
	}
	return r.Start.Centre()[0], nil
}

// root bisects the slope between two places where it has opposite signs, down to rounding.
func (l *line) root(a, b float64) float64 {
	low := l.slope(a) < 0
	for {
		m := a + (b-a)/2
		if m == a || m == b {
			return m
		}
		s := l.slope(m)
		switch {
		case s == 0:
			return m
		case (s < 0) == low:
			a = m
		default:
			b = m
		}
	}
}

// crossing is the way from a well over one barrier.
type crossing struct {
	well, top float64
	onTop     bool // the event waits at the top, else beyond it
}

// coordinate is the place that the event waits for, for an event on the coordinate.
func (l *line) coordinate(r *sgdlab.Run, start float64) (float64, error) {
	e := r.Event
	if e == nil {
		return 0, errors.New("it has no event")
	}
	probe := l.at(start)
	for k := range probe[0] {
		probe[0][k] += float64(0.17 * float64(k))
	}
	places := probe[0]
	seen := l.ws.Zeroed(len(e.Of.Columns()))
	e.Of.Observe(seen, probe, r.Clock, &l.ws)
	for k, x := range seen[e.Column] {
		if x != places[k] {
			return 0, fmt.Errorf("event %s is not on the coordinate: at %g it reads %.6g", e.Name, places[k], x)
		}
	}
	level := e.Level(lanes.Splat(start), r.Clock)[0]
	if ahead := level > start; level == start || ahead != (e.Direction == sgdlab.RisesAbove) {
		return 0, fmt.Errorf("event %s has happened at the start: coordinate %g %v %g", e.Name, start, e.Direction, level)
	}
	return level, nil
}

// scan is the number of places looked at on the way to the level, and per such length behind the well: features
// narrower than a thousandth of the way are not seen.
const scan = 1024

// cross finds the well that holds start and the one barrier between it and level, in the noise of temperature temp.
func (l *line) cross(start, level, temp float64) (crossing, error) {
	var c crossing
	h := (level - start) / scan
	up := func(x float64) float64 { return l.slope(x) * h } // > 0: uphill towards the level
	switch s := up(start); {
	case s == 0 && l.curvature(start) > 0:
		c.well = start
	case s == 0:
		return c, fmt.Errorf("the start %g is not in a well: V′ = 0 and V″ = %g there", start, l.curvature(start))
	default:
		step := -h // the bottom is behind
		if s < 0 {
			step = h
		}
		from, x := start, start+step
		for n := 0; (up(x) > 0) == (s > 0) && up(x) != 0; n++ {
			if s < 0 && n >= scan {
				return c, fmt.Errorf("the landscape falls all the way from the start %g to the level %g", start, level)
			}
			if n >= 64*scan {
				return c, fmt.Errorf("no bottom of a well was found on the way down from the start %g", start)
			}
			from, x = x, x+step
		}
		c.well = l.root(from, x)
	}

	// Two steps past the level, so that a level at the top sees it.
	h = (level - c.well) / scan
	tops := 0
	for k := 1; k < scan+2; k++ {
		x := c.well + float64(k)*h
		if up(x) > 0 && up(x+h) <= 0 {
			tops++
			c.top = l.root(x, x+h)
		}
	}
	switch {
	case tops == 0:
		return c, fmt.Errorf("the level %g is on the near side of the barrier: V still rises there; put it at the top or beyond", level)
	case tops > 1:
		return c, fmt.Errorf("there are %d barriers between the well at %g and the level %g; the law is for one", tops, c.well, level)
	}
	bottom, peak := l.value(c.well), l.value(c.top)
	c.onTop = math.Abs(level-c.top) <= 1e-6*math.Abs(c.top-c.well)
	if !c.onTop && math.Abs(level-c.well) < math.Abs(c.top-c.well) {
		return c, fmt.Errorf("the level %g is on the near side of the top at %g; put it there or beyond", level, c.top)
	}
	if end := l.value(level); !c.onTop && end >= peak {
		return c, fmt.Errorf("the level %g is uphill again, above the top at %g: V = %g there and %g at the top", level, c.top, end, peak)
	}
	barrier := peak - bottom
	// Near the top the share of paths that turn back is ½erfc(√(depth below the top/T)); beside T/ΔV it must not count.
	near := func(x float64) bool {
		return 0.5*elementary.Erfc(math.Sqrt(max(0, peak-l.value(x))/temp)) > temp/barrier
	}
	if temp < barrier && !c.onTop && near(level) {
		return c, fmt.Errorf("the level %g lies only %g below the top at %g, too little at T = %g: from there many fall back; put it deeper in the next well, or at the top",
			level, peak-l.value(level), c.top, temp)
	}
	if temp < barrier && near(start) {
		return c, fmt.Errorf("the start %g lies only %g below the top at %g, too little at T = %g: from there many go straight over; start in the well",
			start, peak-l.value(start), c.top, temp)
	}
	// Behind the well the landscape must close: all that lies there adds to the time.
	for k := 1; ; k++ {
		x := c.well - float64(k)*h
		if l.value(x) > peak+barrier {
			return c, nil
		}
		if k > 1 && up(x) >= 0 {
			return c, fmt.Errorf("behind the well at %g the landscape turns down again at %g, below twice the barrier; the law is for one well", c.well, x)
		}
		if k >= 64*scan {
			return c, fmt.Errorf("behind the well at %g the landscape does not close", c.well)
		}
	}
}

// passageOf finds the crossing of a run's event. Where temp is not below the barrier the caller refuses.
func passageOf(r *sgdlab.Run, temp float64) (*line, crossing, error) {
	l, err := lineOf(r)
	if err != nil {
		return nil, crossing{}, err
	}
	start, err := l.start(r)
	if err != nil {
		return nil, crossing{}, err
	}
	level, err := l.coordinate(r, start)
	if err != nil {
		return nil, crossing{}, err
	}
	c, err := l.cross(start, level, temp)
	return l, c, err
}
