package observable_test

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/observable"
)

// TestMinors: each is the determinant of that part of ΘᵀΘ, by elimination; the last is log-det-gram, and a column that is a sum of others has
// minors of −∞ and a rank less.
func TestMinors(t *testing.T) {
	const d, h, k = 2, 4, 2
	site := deepLinear("mean-half", d, h, k)
	theta := startOf(site.Model.Dim(), 1)
	o := made(observable.NewMinors(observable.MinorsSettings{}, site))
	rank := made(observable.NewParameterRank(observable.RankSettings{Relative: 1e-9}, site))
	columns := o.Columns()
	read := func(o sgdlab.Observable) lanes.Pack {
		dst := make(lanes.Pack, len(o.Columns()))
		o.Observe(dst, theta, &sgdlab.Clock{}, &lanes.Arena{})
		return dst
	}
	if len(columns) != 15 || columns[0].Name != "minor[1]" || columns[5].Name != "minor[1,3]" || columns[14].Name != "minor[1,2,3,4]" {
		t.Fatalf("columns %v", columns)
	}
	column := func(j, l int) (c [h]float64) {
		for i := range h {
			if j < d {
				c[i] = theta[d*i+j][l]
			} else {
				c[i] = theta[d*h+h*(j-d)+i][l]
			}
		}
		return c
	}
	det := func(set []int, l int) float64 {
		m := make([][]float64, len(set))
		for a, i := range set {
			for _, j := range set {
				x, y, sum := column(i, l), column(j, l), 0.0
				for r := range h {
					sum += x[r] * y[r]
				}
				m[a] = append(m[a], sum)
			}
		}
		p := 1.0
		for a := range m {
			p *= m[a][a]
			for b := a + 1; b < len(m); b++ {
				f := m[b][a] / m[a][a]
				for c := range m {
					m[b][c] -= f * m[a][c]
				}
			}
		}
		return p
	}
	got := read(o)
	whole := read(made(observable.NewLogDetGram(observable.LogDetGramSettings{}, site)))
	for i, c := range columns {
		var set []int
		for _, w := range strings.Split(c.Name[len("minor["):len(c.Name)-1], ",") {
			set = append(set, int(w[0]-'1'))
		}
		for l := range lanes.W {
			if want := math.Log(det(set, l)); math.Abs(got[i][l]-want) > 1e-10 {
				t.Errorf("%s = %.15g, want %.15g", c.Name, got[i][l], want)
			}
		}
	}
	if got[14] != whole[0] {
		t.Errorf("all columns: %v, log-det-gram %v", got[14], whole[0])
	}
	if r := read(rank); r[0] != lanes.Splat(4) {
		t.Errorf("rank %v, want 4", r[0])
	}
	// The second row of W₂ becomes the first column of W₁.
	for i := range h {
		theta[d*h+h+i] = theta[d*i]
	}
	got = read(o)
	if r := read(rank); r[0] != lanes.Splat(3) || !(r[4][0] < 1e-12) {
		t.Errorf("rank %v, want 3, with the values %v", r[0], r[1:])
	}
	for i, c := range columns {
		both := strings.Contains(c.Name, "1") && strings.Contains(c.Name, "4")
		if lost := got[i][0] < -50; lost != both {
			t.Errorf("%s = %g", c.Name, got[i][0])
		}
	}
	for want, c := range map[string]observable.MinorsSettings{
		"one of them": {Sets: [][]int{{1}}, Size: 2}, "columns 1 to 4": {Sets: [][]int{{5}}}, "twice; its": {Sets: [][]int{{2, 2}}},
		"give each once": {Sets: [][]int{{1, 2}, {2, 1}}}, "up to 4": {Size: 5},
	} {
		if _, err := observable.NewMinors(c, site); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	narrow := deepLinear("mean-half", 3, 2, 2)
	if n := len(made(observable.NewMinors(observable.MinorsSettings{}, narrow)).Columns()); n != 5+10 {
		t.Errorf("%d minors of a Θ of two rows, want 15", n)
	}
	if _, err := observable.NewMinors(observable.MinorsSettings{Sets: [][]int{{1, 2, 3}}}, narrow); err == nil {
		t.Error("three columns of two rows were taken")
	}
}

// TestSubDeterminantsDoNotClose: of the rates of the minors under label noise only that of the whole determinant is the same at every θ and
// in every draw. A step ξ ↦ Θ(I + √h Aξ) changes the logarithm of a minor at first order in ξ, by an amount that depends on the
// columns outside: the minor of W₁ by one in proportion to W₂.
func TestSubDeterminantsDoNotClose(t *testing.T) {
	site := deepLinear("mean-half", 2, 5, 2)
	o := made(observable.NewMinors(observable.MinorsSettings{}, site))
	stepper := descents(1e-3)["label noise on gd"]
	whole, first := 14, 4 // {1, 2, 3, 4} and {1, 2}
	var mean, spread [2][2]float64
	for i, scale := range []float64{1, 3} {
		const packs = 200
		at := make(lanes.Pack, site.Model.Dim())
		for j, v := range startOf(site.Model.Dim(), 0.5) {
			at[j] = lanes.Splat(v[0])
			if j >= 10 {
				at[j] = lanes.Splat(scale * v[0])
			}
		}
		before, after := make(lanes.Pack, 15), make(lanes.Pack, 15)
		o.Observe(before, at, &sgdlab.Clock{}, &lanes.Arena{})
		for pack := range packs {
			end, acc := walked(&offset{stepper(site), uint64(8 * pack)}, at, 1, nil, made(observable.NewLogDetProduct(observable.LogDetProductSettings{}, site)))
			o.Observe(after, end, &sgdlab.Clock{}, &lanes.Arena{})
			for k, m := range []int{whole, first} {
				for l := range lanes.W {
					x := after[m][l] - before[m][l]
					if k == 0 && math.Abs(x-acc[0][0][l]) > 1e-12 {
						t.Fatalf("the whole determinant changes by %g, its law says %g", x, acc[0][0][l])
					}
					mean[k][i] += x / (8 * packs)
					spread[k][i] += x * x / (8 * packs)
				}
			}
		}
	}
	deviation := func(k, i int) float64 { return math.Sqrt(spread[k][i] - mean[k][i]*mean[k][i]) }
	for i := range 2 {
		if w, s := deviation(0, i), deviation(1, i); !(s > 100*w) {
			t.Errorf("the noise of a step moves the whole by %.2g, the minor of W₁ by %.2g", w, s)
		}
	}
	if r := deviation(1, 1) / deviation(1, 0); !(math.Abs(r-3) < 0.1) {
		t.Errorf("a W₂ three times as large multiplies the noise of the minor of W₁ by %.3g, want 3", r)
	}
}
