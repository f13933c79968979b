package observable

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
)

// Root is the locator of flows: dynamics without noise whose path inside a step is known (sgdlab.Dense). It looks for the
// first place where the observable is beyond the level, from the beginning of the step to its end, at the ends of the smooth
// pieces of the path and at parts of them between; and where three such values dip towards the level and back, at the
// bottom of the parabola through them. So a step is searched that begins and ends on the near side. An excursion that is
// shorter than a part of a piece and does not show in its neighbours is not seen.
//
// The crossing is then dated by Chandrupatla's method, bisection and inverse quadratic interpolation by turns, to
// 2⁻⁴⁸ of the step: what is left is the error of the path between two nodes, which is that of the flow's tolerance.
//
// A path that begins beyond the level has crossed at once.
//
// Source: Chandrupatla 1997.
type Root struct {
	of     sgdlab.Observable
	column int
	path   sgdlab.Dense
	value  lanes.Pack
}

// NewRoot is the locator of an observable's column on the paths of a stepper, which it asks to keep them.
func NewRoot(of sgdlab.Observable, column int, path sgdlab.Dense) *Root {
	path.Keep()
	return &Root{of: of, column: column, path: path, value: make(lanes.Pack, len(of.Columns()))}
}

const parts = 4 // places in each piece of the path where the observable is read

// at returns how far the observable is from the level at a fraction of the step, negative beyond it.
func (r *Root) at(c *sgdlab.Crossing, fraction lanes.Vec, clock *sgdlab.Clock, ws *lanes.Arena) lanes.Vec {
	mark := ws.Mark()
	theta := ws.Pack(len(c.Before))
	r.path.Inside(theta, fraction)
	r.of.Observe(r.value, theta, clock, ws)
	ws.Release(mark)
	var g lanes.Vec
	for l := range g {
		g[l] = gap(c, r.value[r.column], l)
	}
	return g
}

// Locate returns the live lanes that crossed, and when.
func (r *Root) Locate(c *sgdlab.Crossing, at *sgdlab.Clock, ws *lanes.Arena) (hit lanes.Mask, fraction lanes.Vec) {
	looking := lanes.None
	var g lanes.Vec // at s, on the near side
	for l := range lanes.W {
		if !c.Live.Has(l) {
			continue
		}
		if g[l] = gap(c, c.F0, l); g[l] < 0 {
			hit = hit.With(l)
		} else if !math.IsNaN(g[l]) {
			looking = looking.With(l)
		}
	}
	var s, low, high lanes.Vec        // the crossing is in (low, high]
	var gLow, gHigh, before lanes.Vec // before is the value before g, infinite where there is none
	var early lanes.Vec               // where it was read
	before = lanes.Splat(math.Inf(1))
	found := lanes.None
	for _, end := range r.path.Nodes() {
		begin := s
		for part := 1; part <= parts && looking != lanes.None; part++ {
			next := end
			if part < parts {
				for l := range next {
					next[l] = math.FMA(float64(part)/parts, end[l]-begin[l], begin[l])
				}
			}
			value := r.at(c, next, at, ws)
			// A dip between three values: is its bottom beyond?
			dips := lanes.None
			bottom := s
			for l := range value {
				if looking.Has(l) && next[l] > s[l] && s[l] > early[l] && value[l] >= 0 && g[l] <= before[l] && g[l] <= value[l] {
					if x, y := parabola(early[l], s[l], next[l], before[l], g[l], value[l]); y < 0.5*g[l] {
						dips, bottom[l] = dips.With(l), x
					}
				}
			}
			if dips != lanes.None {
				low1 := r.at(c, bottom, at, ws)
				for l := range low1 {
					if dips.Has(l) && low1[l] < 0 {
						low[l], gLow[l], high[l], gHigh[l] = s[l], g[l], bottom[l], low1[l]
						if bottom[l] < s[l] {
							low[l], gLow[l] = early[l], before[l]
						}
						found, looking = found.With(l), looking.Without(l)
					}
				}
			}
			for l := range value {
				if !looking.Has(l) || !(next[l] > s[l]) {
					continue
				}
				switch {
				case value[l] < 0:
					low[l], gLow[l], high[l], gHigh[l] = s[l], g[l], next[l], value[l]
					found, looking = found.With(l), looking.Without(l)
				case math.IsNaN(value[l]):
					looking = looking.Without(l)
				default:
					early[l], before[l] = s[l], g[l]
					s[l], g[l] = next[l], value[l]
				}
			}
		}
		s = end
	}
	if found != lanes.None {
		fraction = r.date(c, found, low, high, gLow, gHigh, at, ws)
	}
	return hit | found, fraction
}

// parabola returns where the parabola through three points is lowest, and its value there.
func parabola(x0, x1, x2, y0, y1, y2 float64) (x, y float64) {
	a, b := (y0-y1)/(x1-x0), (y2-y1)/(x2-x1) // how steeply it rises to either side of the middle
	bend := (a + b) / (x2 - x0)
	if !(bend > 0) {
		return x1, y1
	}
	tilt := b - float64(bend*(x2-x1)) // the slope in the middle
	step := -tilt / (2 * bend)
	return x1 + step, math.FMA(0.5*tilt, step, y1)
}

const (
	datings   = 100 // more than bisection needs
	dateWidth = 0x1p-48
)

// date narrows brackets (low, high], the values at whose ends differ in sign, and returns their far ends.
func (r *Root) date(c *sgdlab.Crossing, found lanes.Mask, low, high, gLow, gHigh lanes.Vec, at *sgdlab.Clock, ws *lanes.Arena) lanes.Vec {
	// a and b enclose the root, b being the newest; third is the place before.
	a, fa, b, fb := low, gLow, high, gHigh
	third, fThird := a, fa
	best := high
	var t lanes.Vec
	for l := range t {
		t[l] = 0.5
	}
	for range datings {
		if found == lanes.None {
			break
		}
		x := best
		for l := range x {
			if found.Has(l) {
				x[l] = math.FMA(t[l], b[l]-a[l], a[l])
			}
		}
		fx := r.at(c, x, at, ws)
		for l := range x {
			if !found.Has(l) {
				continue
			}
			if (fx[l] < 0) == (fa[l] < 0) {
				third[l], fThird[l] = a[l], fa[l]
			} else {
				third[l], fThird[l] = b[l], fb[l]
				b[l], fb[l] = a[l], fa[l]
			}
			a[l], fa[l] = x[l], fx[l]
			best[l] = a[l] // the far end
			if fb[l] < 0 {
				best[l] = b[l]
			}
			width := math.Abs(b[l] - a[l])
			if width <= dateWidth || fx[l] == 0 || math.IsNaN(fx[l]) {
				if fx[l] == 0 {
					best[l] = x[l]
				}
				found = found.Without(l)
				continue
			}
			xi, phi := (a[l]-b[l])/(third[l]-b[l]), (fa[l]-fb[l])/(fThird[l]-fb[l])
			t[l] = 0.5
			if float64(phi*phi) < xi && float64((1-phi)*(1-phi)) < 1-xi {
				p := fa[l] / (fb[l] - fa[l]) * fThird[l] / (fb[l] - fThird[l])
				q := (third[l] - a[l]) / (b[l] - a[l]) * fa[l] / (fThird[l] - fa[l]) * fb[l] / (fThird[l] - fb[l])
				t[l] = p + q
			}
			least := 0.5 * dateWidth / width
			t[l] = math.Min(1-least, math.Max(least, t[l]))
		}
	}
	return best
}
