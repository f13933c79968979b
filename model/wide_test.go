package model

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
)

// With one lane or two in use, wide networks go lane by lane, on one core or on several, to the bits of the pack: gradients, on all rows and
// on some, and Hessian–vector products.
func TestFewLanesOfWideNetworks(t *testing.T) {
	defer lanes.Cores.Store(lanes.Cores.Load())
	for _, widths := range [][]int{{30, 40, 35, 28}, {48, 48, 48, 48}, {100, 90, 110, 90}} {
		set := teacher(t, widths[0], widths[3], 40, false, 0.5, 2, 1)
		m := newDeepLinear(set.X, widths)
		theta, v := random(1, m.dim), random(2, m.dim)
		for j := range theta {
			for l := range theta[j] {
				theta[j][l] *= 0.1
			}
		}
		g := random(3, m.Outputs()*widths[0])
		rows := sgdlab.Rows{N: 40, Index: make([][lanes.W]int32, 30)}
		c := random(4, 30*m.Outputs())
		run := func(idle lanes.Mask) (out lanes.Pack) {
			ws := &lanes.Arena{Idle: idle}
			for _, n := range []int{m.dim, m.dim, m.dim} {
				out = append(out, make(lanes.Pack, n)...)
			}
			m.PullMap(out[:m.dim], theta, g, nil, ws)
			m.pullAlong(out[m.dim:2*m.dim], theta, v, g, g, nil, nil, ws)
			m.mapFrom = math.MaxInt
			h := ws.Pack(30 * m.Outputs())
			tape := m.Predict(h, theta, rows, ws)
			m.Pullback(out[2*m.dim:], theta, c, rows, tape, ws)
			return out
		}
		want := run(lanes.None)
		for cores := range 3 {
			lanes.Cores.Store(int32(cores))
			for _, live := range []lanes.Mask{1 << 5, 1<<2 | 1<<7} {
				got := run(lanes.All &^ live)
				for j := range want {
					for l := range lanes.W {
						if live.Has(l) && math.Float64bits(got[j][l]) != math.Float64bits(want[j][l]) {
							t.Fatalf("widths %v, %d cores: entry %d of lane %d is %v, want %v", widths, cores, j, l, got[j][l], want[j][l])
						}
					}
				}
			}
		}
	}
}
