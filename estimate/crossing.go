package estimate

import (
	"fmt"
	"math"
)

// CrossingOptions say which crossing is looked for, and how it is placed.
type CrossingOptions struct {
	Level  float64
	Last   bool // the last along x; else the first
	Linear bool // between the two neighbours alone: of values that are not smooth, such as a Lyapunov exponent
}

// Crossing is where values y at rising x pass a level, in either direction. It is between two neighbours on different sides
// of it, and there on the polynomial x(y) through the two and the two beside them (inverse interpolation): of points h apart it is off
// by a term in h⁴. The interval holds what three of the four points would say, each way, and what the errors of the values
// do to it, added up as cells may share their random numbers. Where the four points do not rise or fall together, at the end of a row of
// fewer, and with Linear, the crossing is on the straight line and its interval is from the one neighbour to the other.
//
// Points with an unknown value are a gap, across which nothing crosses.
func Crossing(x []float64, y []Estimate, opts CrossingOptions) (Estimate, error) {
	if len(x) != len(y) {
		panic(fmt.Sprintf("estimate.Crossing: %d places for %d values", len(x), len(y)))
	}
	n, known := int64(math.MaxInt64), 0
	for i := range x {
		if i > 0 && !(x[i] > x[i-1]) {
			return Missing(0), fmt.Errorf("estimate: places %g and %g; want them rising", x[i-1], x[i])
		}
		if usable(y[i]) {
			known++
			n = min(n, y[i].N)
		}
	}
	if known == 0 {
		return Missing(0), fmt.Errorf("none of %d values is known", len(y))
	}
	at, found := 0, false
	for i := range x {
		here := usable(y[i]) && (y[i].Value == opts.Level || i+1 < len(x) && usable(y[i+1]) && (y[i].Value < opts.Level) != (y[i+1].Value < opts.Level) && y[i+1].Value != opts.Level)
		if here && (!found || opts.Last) {
			at, found = i, true
		}
	}
	if !found {
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, e := range y {
			if usable(e) {
				lo, hi = math.Min(lo, e.Value), math.Max(hi, e.Value)
			}
		}
		return Missing(n), fmt.Errorf("no crossing of %g: %d known values are between %g and %g, and no two neighbours are on different sides", opts.Level, known, lo, hi)
	}
	if y[at].Value == opts.Level && y[at].SE == 0 {
		return Estimate{Value: x[at], Lo: x[at], Hi: x[at], N: n}, nil
	}
	if at+1 == len(x) || !usable(y[at+1]) { // on the level, with an error, at the end of a row
		at--
		if at < 0 || !usable(y[at]) {
			return Missing(n), fmt.Errorf("the value at %g is on the level, and has no neighbour to tell how far its error carries", x[at+1])
		}
	}

	first, last := at, at+1 // of the points used
	if !opts.Linear {
		first, last = beside(x, y, at)
	}
	place := func(skip, moved int, by float64) float64 {
		var u, v []float64
		for i := first; i <= last; i++ {
			if i == skip {
				continue
			}
			value := y[i].Value - opts.Level
			if i == moved {
				value += by
			}
			u, v = append(u, value), append(v, x[i])
		}
		return neville(u, v)
	}
	e := Estimate{Value: place(-1, -1, 0), N: n}
	wide := 0.0
	switch {
	case last-first == 3:
		wide = math.Max(math.Abs(place(first, -1, 0)-e.Value), math.Abs(place(last, -1, 0)-e.Value))
	default:
		wide = math.NaN()
	}
	if !(wide <= x[at+1]-x[at]) || !(e.Value >= x[at] && e.Value <= x[at+1]) {
		first, last = at, at+1
		e.Value = place(-1, -1, 0)
		e.Lo, e.Hi = x[at], x[at+1]
	} else {
		e.Lo, e.Hi = e.Value-wide, e.Value+wide
	}
	below, above := 0.0, 0.0
	for i := first; i <= last; i++ {
		if y[i].SE == 0 {
			continue
		}
		for _, to := range []float64{y[i].Lo, y[i].Hi} {
			shift := place(-1, i, to-y[i].Value) - e.Value
			if math.IsNaN(shift) {
				return Missing(n), fmt.Errorf("the error of the value at %g is not known", x[i])
			}
			below, above = below+math.Max(0, -shift), above+math.Max(0, shift)
		}
		e.SE += math.Abs(place(-1, i, y[i].SE)-place(-1, i, -y[i].SE)) / 2
	}
	e.Lo -= below
	e.Hi += above
	return e, nil
}

func usable(e Estimate) bool { return !math.IsNaN(e.Value) && !math.IsInf(e.Value, 0) }

// beside returns the four points about the gap behind at, or the first or last four of its row; the two ends of the gap where there
// are fewer, or where they do not rise or fall together.
func beside(x []float64, y []Estimate, at int) (first, last int) {
	lo, hi := at, at+1
	for lo > 0 && at-lo < 2 && usable(y[lo-1]) {
		lo--
	}
	for hi+1 < len(x) && hi-at-1 < 2 && usable(y[hi+1]) {
		hi++
	}
	for hi-lo > 3 { // up to six: the four in the middle
		if at-lo >= hi-at-1 {
			lo++
		} else {
			hi--
		}
	}
	if hi-lo < 3 {
		return at, at + 1
	}
	rises := y[lo+1].Value > y[lo].Value
	for i := lo; i < hi; i++ {
		if y[i].Value == y[i+1].Value || (y[i+1].Value > y[i].Value) != rises {
			return at, at + 1
		}
	}
	return lo, hi
}

// neville is the polynomial v(u) through the points, at u = 0.
func neville(u, v []float64) float64 {
	p := append([]float64(nil), v...)
	for k := 1; k < len(p); k++ {
		for i := 0; i+k < len(p); i++ {
			p[i] += u[i] * (p[i+1] - p[i]) / (u[i] - u[i+k])
		}
	}
	return p[0]
}
