package estimate

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

func moments(x ...float64) Moments {
	var m Moments
	for _, v := range x {
		m.Add(v)
	}
	return m
}

func TestMomentsByHand(t *testing.T) {
	// x̄ = 4, deviations −3 −2 0 0 5.
	m := moments(1, 2, math.NaN(), 4, 4, 9, math.Inf(1))
	if m.N != 5 || m.Bad != 2 || m.Min != 1 || m.Max != 9 {
		t.Fatalf("%+v", m)
	}
	near(t, "mean", m.M, 4, 1e-15)
	near(t, "M2", m.M2, 38, 1e-15)
	near(t, "M3", m.M3, 90, 1e-14)
	near(t, "M4", m.M4, 722, 1e-15)
	e := m.Mean(0.95)
	near(t, "se", e.SE, math.Sqrt(9.5/5), 1e-15)
	near(t, "hi", e.Hi, 4+2.776445105197793*math.Sqrt(9.5/5), 1e-14)
	near(t, "lo", e.Lo, 4-2.776445105197793*math.Sqrt(9.5/5), 1e-13)
	// Bonett's interval, written out again.
	root := math.Sqrt((5*722/(38.0*38) - 2.0/5) / 4)
	c := 5 / (5 - 1.959963984540054)
	v := m.Variance(0.95)
	near(t, "variance", v.Value, 9.5, 1e-15)
	near(t, "variance se", v.SE, 9.5*root, 1e-14)
	near(t, "variance lo", v.Lo, 9.5*c*math.Exp(-1.959963984540054*c*root), 1e-13)
	near(t, "variance hi", v.Hi, 9.5*c*math.Exp(1.959963984540054*c*root), 1e-13)
}

func TestMomentsOfFew(t *testing.T) {
	var none Moments
	if e := none.Mean(Level); e.Known() || e.N != 0 {
		t.Errorf("n=0: %+v", e)
	}
	if e := none.Variance(Level); e.Known() {
		t.Errorf("n=0: %+v", e)
	}
	one := moments(3)
	if e := one.Mean(Level); e.Value != 3 || !math.IsNaN(e.SE) || !math.IsInf(e.Lo, -1) || !math.IsInf(e.Hi, 1) || e.N != 1 {
		t.Errorf("n=1: %+v", e)
	}
	if e := one.Variance(Level); e.Known() || e.Lo != 0 || !math.IsInf(e.Hi, 1) {
		t.Errorf("n=1: %+v", e)
	}
	equal := moments(3, 3, 3)
	if e := equal.Mean(Level); e != (Estimate{Value: 3, Lo: 3, Hi: 3, N: 3}) {
		t.Errorf("equal: %+v", e)
	}
	if e := equal.Variance(Level); e != (Estimate{N: 3}) {
		t.Errorf("equal: %+v", e)
	}
	bad := moments(math.NaN())
	bad.Merge(moments(math.NaN(), 1))
	if bad.N != 1 || bad.Bad != 2 || bad.M != 1 {
		t.Errorf("%+v", bad)
	}
	// Deviations whose fourth power overflows: the mean stays, the variance is unbounded above.
	huge := moments(1e120, -1e120, 3e119)
	if e := huge.Mean(Level); math.IsInf(e.Lo, 0) || math.IsNaN(e.Lo) {
		t.Errorf("huge: %+v", e)
	}
	if e := huge.Variance(Level); !(e.Value > 0) || e.Lo != 0 || !math.IsInf(e.Hi, 1) {
		t.Errorf("huge: %+v", e)
	}
}

func TestMomentsMerge(t *testing.T) {
	r := random(3)
	var x []float64
	for range 1000 {
		x = append(x, 1e3+r.ExpFloat64())
	}
	whole := moments(x...)
	for _, cut := range [][2]int{{0, 0}, {1, 2}, {10, 990}, {333, 700}, {1000, 1000}} {
		a, b, c := moments(x[:cut[0]]...), moments(x[cut[0]:cut[1]]...), moments(x[cut[1]:]...)
		left := a
		left.Merge(b)
		left.Merge(c)
		bc := b
		bc.Merge(c)
		right := a
		right.Merge(bc)
		for _, got := range []Moments{left, right} {
			near(t, "M", got.M, whole.M, 1e-14)
			near(t, "M2", got.M2, whole.M2, 1e-10) // 1e3 with deviations of 1: values carry 1e-13 of a deviation
			near(t, "M3", got.M3, whole.M3, 1e-10)
			near(t, "M4", got.M4, whole.M4, 1e-10)
			if got.N != whole.N || got.Min != whole.Min || got.Max != whole.Max {
				t.Errorf("cut %v: %+v, want %+v", cut, got, whole)
			}
		}
	}
	var buf bytes.Buffer
	var back Moments
	if err := binary.Write(&buf, binary.LittleEndian, whole); err != nil {
		t.Fatal(err)
	}
	if err := binary.Read(&buf, binary.LittleEndian, &back); err != nil || back != whole {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestMomentsCover(t *testing.T) {
	draw := func(n int, next func(r *rand.Rand) float64, pick func(Moments) Estimate, truth float64) func(*rand.Rand) (Estimate, float64) {
		return func(r *rand.Rand) (Estimate, float64) {
			var m Moments
			for range n {
				m.Add(next(r))
			}
			return pick(m), truth
		}
	}
	mean := func(m Moments) Estimate { return m.Mean(0.95) }
	variance := func(m Moments) Estimate { return m.Variance(0.95) }
	normal, expo, unif := (*rand.Rand).NormFloat64, (*rand.Rand).ExpFloat64, (*rand.Rand).Float64
	covers(t, "mean of 3 normals", 4000, 0.95, 0.95, draw(3, normal, mean, 0))
	covers(t, "mean of 20 normals, 80 %", 4000, 0.80, 0.80, draw(20, normal, func(m Moments) Estimate { return m.Mean(0.8) }, 0))
	covers(t, "mean of 50 exponentials", 4000, 0.93, 0.95, draw(50, expo, mean, 1))
	covers(t, "variance of 100 normals", 2000, 0.94, 0.96, draw(100, normal, variance, 1))
	covers(t, "variance of 100 uniforms", 2000, 0.94, 0.98, draw(100, unif, variance, 1.0/12))
	covers(t, "variance of 300 exponentials", 2000, 0.90, 0.95, draw(300, expo, variance, 1))
}

func TestLevelOutsideItsRangePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic at level 95")
		}
	}()
	moments(1, 2).Mean(95)
}
