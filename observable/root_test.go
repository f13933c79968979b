package observable

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
)

// path is a path in closed form: lane l is at f(s, l) after the part s of a step. Its pieces end at the nodes.
type path struct {
	sgdlab.Stepper
	f     func(s float64, l int) float64
	nodes []float64
	kept  bool
	asked int
}

func (p *path) Keep() { p.kept = true }
func (p *path) Nodes() []lanes.Vec {
	var out []lanes.Vec
	for _, n := range p.nodes {
		out = append(out, lanes.Splat(n))
	}
	return out
}
func (p *path) Inside(dst lanes.Pack, fraction lanes.Vec) {
	p.asked++
	for l, s := range fraction {
		dst[0][l] = p.f(s, l)
	}
}

// first reads θ₀ in its second column.
type second struct{}

func (second) Columns() []sgdlab.Column { return []sgdlab.Column{{Name: "none"}, {Name: "x"}} }
func (second) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, _ *lanes.Arena) {
	dst[0], dst[1] = lanes.Splat(math.NaN()), theta[0]
}

// TestRoot: the first crossing of a path is found, to rounding, wherever in the step it is and whatever the path does
// later; lanes that are not live, that do not cross or that are not finite do not.
func TestRoot(t *testing.T) {
	paths := []struct {
		f    func(s float64) float64
		want float64 // NaN: no crossing
	}{
		{func(s float64) float64 { return 1 - s }, 0.9},
		{func(s float64) float64 { return math.Exp(-20*s) + 0.01*s }, math.Log(1/0.09) / 20}, // nearly: solved below
		{func(s float64) float64 { return 4 * (s - 0.53) * (s - 0.53) }, 0.53 - math.Sqrt(0.025)},
		{func(s float64) float64 { return 0.1001 + 40*(s-0.31)*(s-0.31) }, math.NaN()},
		{func(s float64) float64 { return 0.0999 + 40*(s-0.31)*(s-0.31) }, 0.31 - math.Sqrt(0.0001/40)},
		{func(s float64) float64 { return 0.05 - s }, 0},
		{func(s float64) float64 { return math.NaN() }, math.NaN()},
		{func(s float64) float64 { return 1 - s }, math.NaN()}, // not live
	}
	g := paths[1].f
	lo, hi := 0.0, 0.5
	for range 100 {
		if mid := (lo + hi) / 2; g(mid) < 0.1 {
			hi = mid
		} else {
			lo = mid
		}
	}
	paths[1].want = hi
	for _, nodes := range [][]float64{{1}, {0.3, 0.7, 1}, {0.25, 0.25, 0.5, 1, 1}} {
		for _, dir := range []sgdlab.Direction{sgdlab.FallsBelow, sgdlab.RisesAbove} {
			sign := 1.0
			if dir == sgdlab.RisesAbove {
				sign = -1
			}
			p := &path{nodes: nodes, f: func(s float64, l int) float64 { return sign * paths[l].f(s) }}
			locate := NewRoot(second{}, 1, p)
			if !p.kept {
				t.Error("the path is not kept")
			}
			var ws lanes.Arena
			c := &sgdlab.Crossing{Level: lanes.Splat(sign * 0.1), Dt: lanes.Splat(3), Direction: dir, Before: make(lanes.Pack, 1), After: make(lanes.Pack, 1), Live: 0b0111_1111}
			for l := range lanes.W {
				c.F0[l], c.F1[l] = p.f(0, l), p.f(1, l)
			}
			hit, fraction := locate.Locate(c, &sgdlab.Clock{}, &ws)
			if ws.Mark() != 0 {
				t.Errorf("%d rows of scratch in use", ws.Mark())
			}
			for l, q := range paths {
				if hit.Has(l) == math.IsNaN(q.want) {
					t.Errorf("nodes %v, %v: lane %d crossed: %t", nodes, dir, l, hit.Has(l))
				} else if hit.Has(l) && !(math.Abs(fraction[l]-q.want) <= 1e-13) {
					t.Errorf("nodes %v, %v: lane %d at %.16g, want %.16g", nodes, dir, l, fraction[l], q.want)
				}
			}
			if most := len(nodes)*(parts+1) + 25; p.asked > most {
				t.Errorf("nodes %v: the path was read %d times, more than %d", nodes, p.asked, most)
			}
		}
	}
}
