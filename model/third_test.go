package model

import (
	"testing"

	"sgdlab"
	"sgdlab/lanes"
)

// D³L by rows is that by moments, and takes no memory.
func TestThirdByRowsAndMoments(t *testing.T) {
	set, one := teacher(t, 5, 4, 30, false, 0.3, 3, 2, 1), teacher(t, 5, 1, 30, false, 0.3, 3)
	for name, m := range map[string]*Linear{
		"deep":    deepOn(t, set, 5, 3, 6, 2, 4),
		"product": must[sgdlab.Model](t)(NewDiagonal(DiagonalSettings{Parametrisation: "product", Depth: 4}, one)).(*Linear),
		"powers":  must[sgdlab.Model](t)(NewDiagonal(DiagonalSettings{Parametrisation: "difference-of-powers", Depth: 2}, one)).(*Linear),
	} {
		rows := *m
		rows.rows = true
		n := m.Dim()
		theta, u, v := random(1, n), random(2, n), random(3, n)
		a, b := make(lanes.Pack, n), make(lanes.Pack, n)
		var ws lanes.Arena
		m.ThirdVec(a, theta, u, v, &ws)
		rows.ThirdVec(b, theta, u, v, &ws)
		scale := lanes.MaxAbs(a)
		lanes.Sub(b, b, a)
		for l, e := range lanes.MaxAbs(b) {
			if !(e <= 1e-12*scale[l]) {
				t.Errorf("%s: by rows and by moments differ by %g of %g", name, e, scale[l])
			}
		}
		for _, m := range []*Linear{m, &rows} {
			if k := testing.AllocsPerRun(10, func() { ws.Reset(); m.ThirdVec(a, theta, u, v, &ws) }); k != 0 {
				t.Errorf("%s: %g allocations", name, k)
			}
		}
	}
}
