package observable

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Along descent followed eigenvalues are those of searches from nothing, to the tolerance; a replica's are the same bits in any lane and beside any
// others, and its memory is its own.
func TestFollowedSharpness(t *testing.T) {
	s := deep(t, teacher(t, 40, []float64{3, 2, 1}, 8, 6, 0.3, true), 7, 7)
	made := func(follow bool) *Sharpness {
		o, err := NewSharpness(SharpnessSettings{Count: 2, Tolerance: 1e-8, Follow: follow}, s)
		if err != nil {
			t.Fatal(err)
		}
		return o.(*Sharpness)
	}
	o, anew := made(true), made(false)
	d := s.Model.Dim()
	if o.Memory() != d*lanes.W || anew.Memory() != 0 {
		t.Fatalf("memories of %d and %d rows", o.Memory(), anew.Memory())
	}
	turn := func(l int) int { return (3*l + 2) % lanes.W }
	theta, g, ws := random(4, d, 0.4), make(lanes.Pack, d), &lanes.Arena{}
	memory, other := make(lanes.Pack, o.Memory()), make(lanes.Pack, o.Memory())
	for step := range 60 {
		dst, want, permuted := make(lanes.Pack, 3), make(lanes.Pack, 3), make(lanes.Pack, 3)
		o.Recall(dst, memory, theta, lanes.All, nil, ws)
		anew.Observe(want, theta, nil, ws)
		for l := range lanes.W {
			for i := range 2 {
				if !(math.Abs(dst[i][l]-want[i][l]) <= 2e-8*math.Abs(want[i][l])) || !(dst[2][l] <= 1e-8) {
					t.Fatalf("step %d, lane %d: eigenvalue %d is %.12g with residual %.2g, want %.12g", step, l, i, dst[i][l], dst[2][l], want[i][l])
				}
			}
		}
		moved := make(lanes.Pack, d)
		for j := range moved {
			for l := range lanes.W {
				moved[j][turn(l)] = theta[j][l]
			}
		}
		half := lanes.First(3) // read in two calls, those that are not due beside numbers of no use
		made(true).Recall(permuted, other, moved, half, nil, ws)
		for j := range moved {
			for l := range lanes.W {
				if half.Has(l) {
					moved[j][l] = math.NaN()
				}
			}
		}
		o.Recall(permuted, other, moved, lanes.All&^half, nil, ws)
		for l := range lanes.W {
			for i := range dst {
				if permuted[i][turn(l)] != dst[i][l] {
					t.Fatalf("step %d: column %d of lane %d is %.17g, and %.17g in another lane", step, i, l, dst[i][l], permuted[i][turn(l)])
				}
			}
		}
		s.Model.Grad(g, theta, ws)
		lanes.AddScaled(theta, lanes.Splat(-0.02), g)
	}
	if ws.Mark() != 0 {
		t.Errorf("%d rows of scratch in use", ws.Mark())
	}
	e, err := NewExpression(ExpressionSettings{Value: "2*S", As: "twice", Terms: []ExpressionOf{{As: "S", Of: func(*sgdlab.Site) (sgdlab.Observable, error) { return made(true), nil }}}}, s)
	if err != nil {
		t.Fatal(err)
	}
	twice, own := make(lanes.Pack, 1), make(lanes.Pack, sgdlab.MemoryOf(e))
	dst := make(lanes.Pack, 3)
	made(true).Recall(dst, make(lanes.Pack, d*lanes.W), theta, lanes.All, nil, ws)
	sgdlab.ReadWith(e, twice, own, theta, lanes.All, &sgdlab.Clock{}, ws)
	if len(own) != d*lanes.W || own[5] == (lanes.Vec{}) || twice[0][3] != 2*dst[0][3] {
		t.Errorf("an expression has %d rows of memory, and reads %g where its term is %g", len(own), twice[0][3], dst[0][3])
	}
	if _, err := NewSharpness(SharpnessSettings{Count: linalg.Followed + 1, Follow: true}, s); err == nil {
		t.Error("six eigenvalues are followed")
	}
}
