package fused

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/observable"
	"sgdlab/rng"
	"sgdlab/scheme"
)

// well is the double well under Euler and Maruyama's scheme with one Gaussian noise that does not depend on x,
//
//	x ← x + s√h ξ − hx(ax² + b),
//
// with at most one event, on x, seen at the ends of steps or by a bridge. A step is 14 cycles of latency long, and ξ comes from a
// quarter of a block of random bits: all of it stays in registers.
//
// A bridge between two ends at the distances d₀ and d₁ from the level has crossed where a uniform number U is below
// exp(−2d₀d₁/q), q = s²h. The kernel goes on where that is certain not to be so: U is at least 2⁻⁵³, and at least the power of two
// in it; where it is not certain, it stops before the step.
type well struct {
	of     *scheme.Stepper
	force  *model.DoubleWell
	noise  sgdlab.Noise
	stream *rng.Stream
	event  *sgdlab.Event // nil where there is none
	bridge *rng.Stream   // nil where crossings are seen at the ends of steps
	table  table
}

// table is what the kernel reads, a row of eight lanes each, and x, which it writes.
type table struct {
	x, k0, k1, counter, step, bk0, bk1 [lanes.W]uint64
	negH, s, level, guard, odds, a, b  lanes.Vec
	flip, bound, magnitude             [lanes.W]uint64
	_                                  [7 + 16 + 5][lanes.W]uint64 // the kernel's own: keys, normals, registers
}

func doubleWell(stepper sgdlab.Stepper, events []sgdlab.Event) (none Kernel, ok bool) {
	of, ok := stepper.(*scheme.Stepper)
	if !ok || !vectors() || len(of.Of.Noise) != 1 || len(events) > 1 {
		return none, false
	}
	_, euler := of.Scheme.(scheme.EulerMaruyama)
	down, _ := of.Of.Drift.(sgdlab.Downhill)
	force, isWell := down.Model.(*model.DoubleWell)
	_, identity := of.Of.Noise[0].Factor.(noise.Identity)
	law, gaussian := of.Of.Noise[0].Law.(noise.Gaussian)
	if !euler || !isWell || !identity || !gaussian || law.Singles() == nil {
		return none, false
	}
	if !of.Length.Fixed() || !of.Of.Noise[0].Scale.Fixed() { // a leap has one of each
		return none, false
	}
	w := &well{of: of, force: force, noise: of.Of.Noise[0], stream: law.Singles()}
	for i := range events {
		w.event = &events[i]
		if o, ok := w.event.Of.(observable.Coordinate); !ok || o.Index != 0 {
			return none, false
		}
		switch by := w.event.Locate.(type) {
		case nil, observable.AtEnd:
		case *observable.Bridge:
			if w.bridge = by.Meets(); w.bridge == nil {
				return none, false
			}
		default:
			return none, false
		}
	}
	return Kernel{Leap: w.leap}, true
}

// block is the number of steps that a block of random bits is enough for.
const block = 4

// margin is more than rounding can add to the products that decide whether a crossing is possible.
const margin = 0x1p-30

// leap takes steps until an event is possible. Lanes whose steps are at different places of a block wait for the stepper.
func (w *well) leap(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, watch *Watch, n int) (int, lanes.Vec) {
	h := w.of.Length(at)
	if n <= 0 || live == lanes.None {
		return 0, h
	}
	t := &w.table
	scale, grow := w.noise.Scale(at), noise.Growth(h, 2)
	a, b := w.force.Force()
	t.a, t.b = lanes.Splat(a), lanes.Splat(b)
	place, placed := uint64(0), false
	for l := range lanes.W {
		t.x[l] = math.Float64bits(theta[0][l])
		t.counter[l], t.step[l] = at.Step[l]/block, at.Step[l]
		if live.Has(l) {
			if p := at.Step[l] % block; placed && p != place {
				return 0, h
			} else {
				place, placed = p, true
			}
		}
		t.negH[l], t.s[l] = -h[l], float64(scale[l]*grow[l])
		t.guard[l], t.odds[l], t.flip[l] = math.Inf(-1), 0, 0
		t.bound[l], t.magnitude[l] = math.Float64bits(watch.Bound), 1<<63-1
		if w.event == nil || !watch.Armed.Has(l) {
			continue
		}
		t.level[l], t.guard[l] = watch.Level[l], math.SmallestNonzeroFloat64
		if w.event.Direction == sgdlab.FallsBelow {
			t.flip[l] = 1 << 63
		}
		if w.bridge != nil {
			t.odds[l] = 2 * math.Log2E / (scale[l] * scale[l] * h[l])
			t.guard[l] = max(53/t.odds[l]*(1+margin), t.guard[l])
			t.odds[l] *= 1 - margin
		}
	}
	k0, k1 := w.stream.Keys(&at.Lanes)
	t.k0, t.k1 = *k0, *k1
	if w.bridge != nil {
		k0, k1 := w.bridge.Keys(&at.Lanes)
		t.bk0, t.bk1 = *k0, *k1
	}
	taken := walk(t, int(place), n, live, w.bridge != nil)
	for l := range lanes.W {
		if live.Has(l) {
			theta[0][l] = math.Float64frombits(t.x[l])
		}
	}
	return taken, h
}
