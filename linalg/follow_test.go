package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sgdlab/lanes"
)

// symmetricOf returns QᵀΛQ with a random Q.
func symmetricOf(r *rand.Rand, values []float64) *mat.Dense {
	d := len(values)
	a := mat.NewDense(d, d, nil)
	for i := range d {
		for j := range d {
			a.Set(i, j, r.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(a)
	var q, h mat.Dense
	qr.QTo(&q)
	h.Mul(&q, mat.NewDiagDense(d, values))
	h.Mul(&h, q.T())
	return &h
}

// by multiplies all lanes by one matrix, and counts.
func by(h *mat.Dense, calls *int) Operator {
	d, _ := h.Dims()
	shared := lanes.Mat{Rows: d, Cols: d, RowStride: d, ColStride: 1, Data: h.RawMatrix().Data}
	return func(dst, v lanes.Pack) {
		*calls++
		lanes.MatVec(dst, shared, v)
	}
}

func spread(r *rand.Rand, d int) []float64 {
	values := make([]float64, d)
	for i := range values {
		values[i] = r.NormFloat64()
	}
	return values
}

// From nothing it finds the largest eigenvalues in the algebraic sense, with the residuals that it says: isolated ones, equal ones, all below 0.
func TestFollowFromNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const d = 150
	for name, top := range map[string][]float64{"isolated": {9, 7, -30}, "a pair": {5, 5, 4.5}, "in a bulk": {}, "many equal": {4, 4, 4, 4, 4, 4, 4, 4, 4, 4}} {
		values := spread(r, d)
		copy(values, top)
		if name == "in a bulk" {
			for i := range values {
				values[i] -= 10
			}
		}
		h := symmetricOf(r, values)
		var s Scratch
		var ws lanes.Arena
		descending(values, nil)
		got, residuals, kept, calls := make([]float64, 3), make([]float64, 3), make(lanes.Pack, d), 0
		if !s.Follow(got, residuals, kept, by(h, &calls), Search{Tolerance: 1e-8}, &ws) {
			t.Errorf("%s: not found in %d products", name, calls)
		}
		for i := range got {
			if !(math.Abs(got[i]-values[i]) <= 1e-8*math.Abs(values[i])) || !(residuals[i] <= 1e-8) {
				t.Errorf("%s: value %d is %.12g with residual %.2g, want %.12g", name, i, got[i], residuals[i], values[i])
			}
			// The residual is that of the vector that is kept.
			v := mat.NewVecDense(d, nil)
			for j := range d {
				v.SetVec(j, kept[j][i])
			}
			var hv mat.VecDense
			hv.MulVec(h, v)
			hv.AddScaledVec(&hv, -got[i], v)
			if e := math.Abs(mat.Norm(&hv, 2)/math.Abs(got[i]) - residuals[i]); !(e <= 1e-11) || math.Abs(mat.Norm(v, 2)-1) > 1e-12 {
				t.Errorf("%s: value %d has the residual %.3g, and says %.3g", name, i, mat.Norm(&hv, 2)/got[i], residuals[i])
			}
		}
	}
}

// Along a path the values stay right, for a few products each, while one eigenvalue comes up from the middle of the spectrum and overtakes all.
func TestFollowAlongAPath(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const d, steps = 120, 1000
	a, b := symmetricOf(r, spread(r, d)), symmetricOf(r, spread(r, d))
	u := mat.NewVecDense(d, nil)
	for i := range d {
		u.SetVec(i, r.NormFloat64()/math.Sqrt(d))
	}
	var s Scratch
	var ws lanes.Arena
	kept, total, anew := make(lanes.Pack, d), 0, 0
	for k := range steps {
		x := float64(k) / steps
		var h, rise mat.Dense
		h.Scale(math.Cos(x), a)
		rise.Scale(math.Sin(x), b)
		h.Add(&h, &rise)
		rise.Outer(12*x-4, u, u) // from −4 to 8, through a bulk that ends near 2.5
		h.Add(&h, &rise)
		for i := range d {
			for j := range i {
				h.Set(i, j, h.At(j, i))
			}
		}
		var eig mat.EigenSym
		eig.Factorize(mat.NewSymDense(d, append([]float64(nil), h.RawMatrix().Data...)), false)
		want := eig.Values(nil)
		got, residuals, calls := make([]float64, 2), make([]float64, 2), 0
		if !s.Follow(got, residuals, kept, by(&h, &calls), Search{Tolerance: 1e-7}, &ws) {
			t.Errorf("step %d: not found in %d products", k, calls)
		}
		for i := range got {
			if w := want[d-1-i]; !(math.Abs(got[i]-w) <= 1e-7*math.Abs(w)) {
				t.Errorf("step %d: value %d is %.10g, want %.10g", k, i, got[i], w)
			}
		}
		total += calls
		s.Follow(got, residuals, make(lanes.Pack, d), by(&h, &anew), Search{Tolerance: 1e-7}, &ws)
	}
	if 2*total > anew {
		t.Errorf("%d blocks of products in %d steps, and %d by searches from nothing", total, steps, anew)
	}
}

// No curvature, and none of a number: values of 0 with no residual, and NaN, after which it starts anew.
func TestFollowAtTheLimits(t *testing.T) {
	const d = 64
	var s Scratch
	var ws lanes.Arena
	kept := make(lanes.Pack, d)
	got, residuals := make([]float64, 2), make([]float64, 2)
	if !s.Follow(got, residuals, kept, func(dst, _ lanes.Pack) { lanes.Zero(dst) }, Search{Tolerance: 1e-6}, &ws) || got[0] != 0 || residuals[0] != 0 {
		t.Errorf("of H = 0: %v with residuals %v", got, residuals)
	}
	ill := func(dst, _ lanes.Pack) {
		for i := range dst {
			dst[i] = lanes.Splat(math.NaN())
		}
	}
	if s.Follow(got, residuals, kept, ill, Search{Tolerance: 1e-6}, &ws) || !math.IsNaN(got[0]) {
		t.Errorf("of NaN: %v", got)
	}
	for _, row := range kept {
		if row != (lanes.Vec{}) {
			t.Fatal("NaN is kept")
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	values := spread(r, d)
	values[0] = 1e100
	calls := 0
	if !s.Follow(got, residuals, kept, by(symmetricOf(r, values), &calls), Search{Tolerance: 1e-6}, &ws) || !(math.Abs(got[0]/1e100-1) < 1e-12) {
		t.Errorf("of a large H: %v with residuals %v", got, residuals)
	}
}
