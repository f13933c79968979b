package theory

import (
	"math"
	"math/rand/v2"
	"testing"

	"sgdlab/lanes"
	"sgdlab/linalg"
)

// One input: a jump at n/│xᵀy│. Orthogonal inputs: each at the inverse of its own gradient, in turn. An input that is
// learnt first and leaves again. By hand.
func TestSaddleJumpsByHand(t *testing.T) {
	jump := func(c SaddleJumpsSettings) float64 {
		t.Helper()
		th, err := NewSaddleJumps(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return th.Predict(nil).Values[0]
	}
	one := SaddleJumpsSettings{Jump: 1, Of: "time", Inputs: [][]float64{{2}, {1}}, Targets: []float64{3, 1}, Scale: nan, Rate: nan}
	close(t, "one input", jump(one), 2.0/7, 1e-15)
	one.Scale, one.Rate = 1e-10, 0.1
	close(t, "of descent", jump(one), 0.1*math.Log(1e10)/math.Log1p(0.35), 1e-14)
	one.Of = "loss"
	close(t, "its loss", jump(one), (10-49.0/5)/4, 1e-14)

	two := SaddleJumpsSettings{Jump: 1, Of: "time", Inputs: [][]float64{{1, 0}, {0, 1}}, Targets: []float64{1, -3}, Scale: nan, Rate: nan}
	close(t, "first of two", jump(two), 2.0/3, 1e-15)
	two.Jump = 2
	close(t, "second of two", jump(two), 2, 1e-15)
	two.Of, two.Jump, two.Last = "l1-norm", 1, true
	close(t, "their norm", jump(two), 4, 1e-15)
	two.Jump, two.Last = 3, false
	refused(t, NewSaddleJumps, two, nil, "there are 2")
	refused(t, NewSaddleJumps, SaddleJumpsSettings{Jump: 1, Of: "time", Inputs: [][]float64{{1}}, Scale: nan, Rate: nan}, nil, "belong together")
	one.Scale = 2
	refused(t, NewSaddleJumps, one, nil, "between 0 and 1")
	one.Scale, one.Rate = 0.1, 1
	refused(t, NewSaddleJumps, one, nil, "smaller rate")

	// The first input is learnt at first, as it is along the sum of the others; then these are, and it leaves, and comes back with the other sign:
	// the end is β = (−¼, 5/4, 5/4).
	left := walk{x: lanes.MatOf([][]float64{{1, 1, 0}, {1, 0, 1}, {0.4, 0, 0}}), y: []float64{1, 1, -0.1}, curvature: 1, speed: 1}
	path, err := left.run()
	if err != nil {
		t.Fatal(err)
	}
	if m := path.Maps; len(m) != 4 || !(m[1][0] > 0) || m[2][0] != 0 || math.Abs(m[3][0]+0.25) > 1e-13 || math.Abs(m[3][1]-1.25) > 1e-13 {
		t.Errorf("the first input, in, out and back: %v", m)
	}
}

// On random data: losses fall, times rise, every saddle meets the conditions of its signs, and where samples are fewer than inputs the end is
// the interpolator of least ℓ¹ norm, which linear programming finds.
func TestSaddlePath(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	leaving := 0
	for trial := range 60 {
		n, d := 6, 15
		if trial%2 == 1 {
			n, d = 30, 8
		}
		w := walk{x: lanes.NewMat(n, d), curvature: 1, speed: 1}
		for i := range w.x.Data {
			w.x.Data[i] = r.NormFloat64()
		}
		for range n {
			w.y = append(w.y, r.NormFloat64())
		}
		path, err := w.run()
		if err != nil {
			t.Fatal(err)
		}
		g := make([]float64, d)
		s := make([]float64, d) // −∫∇L
		before := 0.0
		for k, now := range path.Times {
			w.look(g, path.Maps[k])
			for j := range s {
				s[j] -= (now - before) * g[j]
				if math.Abs(s[j]) > 1+1e-9 {
					t.Errorf("trial %d, jump %d: │s│ = %g", trial, k+1, math.Abs(s[j]))
				}
				b, was := path.Maps[k+1][j], path.Maps[k][j]
				if b != 0 && math.Abs(s[j]-math.Copysign(1, b)) > 1e-9 {
					t.Errorf("trial %d, jump %d: β = %g where s = %g", trial, k+1, b, s[j])
				}
				if b == 0 && was != 0 {
					leaving++
				}
			}
			if !(path.Losses[k+1] < path.Losses[k]) || !(now > before) {
				t.Errorf("trial %d: losses %v at %v", trial, path.Losses, path.Times)
			}
			before = now
		}
		w.look(g, make([]float64, d))
		first := 0.0
		for _, x := range g {
			first = max(first, math.Abs(x))
		}
		close(t, "first jump", path.Times[0], 1/first, 1e-14)
		if n < d {
			x, y := make([]float64, d), make([]float64, n)
			var scratch linalg.Scratch
			if gap := scratch.LeastL1(x, y, w.x, w.y); !(gap < 1e-11) {
				t.Fatalf("trial %d: gap %g", trial, gap)
			}
			least, got := 0.0, 0.0
			for j := range x {
				least += math.Abs(x[j])
				got += math.Abs(path.Maps[len(path.Maps)-1][j])
			}
			close(t, "least norm", got, least, 1e-9)
		}
	}
	if leaving == 0 {
		t.Error("no coordinate left the support")
	}
}
