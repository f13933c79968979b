package estimate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// draw is n points of independent normals about a mean.
func draw(r *rand.Rand, n int, mean ...float64) Cloud {
	c := Cloud{Dim: len(mean)}
	for range n {
		for _, m := range mean {
			c.Values = append(c.Values, m+r.NormFloat64())
		}
	}
	return c
}

func tested(t *testing.T, b Between, x, y Cloud, rounds int, seed uint64) Test {
	t.Helper()
	got, err := b.Test(x, y, rounds, seed)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The statistics against their definitions, point by point, and in one dimension against the distribution functions.
func TestDistancesBetweenClouds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x, y := draw(r, 7, 0, 1, 2), draw(r, 11, 0.5, 1, 1)
	at := func(c Cloud, i int) []float64 { return c.Values[i*c.Dim : (i+1)*c.Dim] }
	gap := func(a, b []float64) float64 {
		s := 0.0
		for i := range a {
			s += (a[i] - b[i]) * (a[i] - b[i])
		}
		return math.Sqrt(s)
	}
	mean := func(a, b Cloud, f func(d float64) float64) float64 {
		s := 0.0
		for i := range a.N() {
			for j := range b.N() {
				s += f(gap(at(a, i), at(b, j)))
			}
		}
		return s / float64(a.N()*b.N())
	}
	self := func(d float64) float64 { return d }
	want := 2*mean(x, y, self) - mean(x, x, self) - mean(y, y, self)
	if got := tested(t, EnergyDistance, x, y, 1, 1).Statistic; math.Abs(got-want) > 1e-13 {
		t.Errorf("energy distance %.15g, want %.15g", got, want)
	}
	all := Cloud{Values: slices.Concat(x.Values, y.Values), Dim: 3}
	var ds []float64
	for i := range all.N() {
		for j := range i {
			ds = append(ds, gap(at(all, i), at(all, j)))
		}
	}
	slices.Sort(ds)
	s := ds[len(ds)/2]
	kernel := func(d float64) float64 { return math.Exp(-d * d / (2 * s * s)) }
	want = math.Sqrt(mean(x, x, kernel) + mean(y, y, kernel) - 2*mean(x, y, kernel))
	if got := tested(t, MMD, x, y, 1, 1).Statistic; math.Abs(got-want) > 1e-13 {
		t.Errorf("MMD %.15g, want %.15g", got, want)
	}

	a, b := draw(r, 6, 0), draw(r, 9, 1)
	var places []float64
	places = append(append(places, a.Values...), b.Values...)
	slices.Sort(places)
	below := func(c Cloud, at float64) float64 {
		n := 0.0
		for _, v := range c.Values {
			if v <= at {
				n++
			}
		}
		return n / float64(c.N())
	}
	want = 0
	for i := 1; i < len(places); i++ {
		d := below(a, places[i-1]) - below(b, places[i-1])
		want += 2 * d * d * (places[i] - places[i-1])
	}
	if got := tested(t, EnergyDistance, a, b, 1, 1).Statistic; math.Abs(got-want) > 1e-13 {
		t.Errorf("in one dimension: energy distance %.15g, want 2∫(F − G)² = %.15g", got, want)
	}
	// W₂ by a fine quantile sum: exact where the grid holds all jumps.
	sa, sb := slices.Sorted(slices.Values(a.Values)), slices.Sorted(slices.Values(b.Values))
	want = 0
	for k := range 54 {
		d := sa[k*6/54] - sb[k*9/54]
		want += d * d / 54
	}
	if got := tested(t, SlicedWasserstein, a, b, 1, 1).Statistic; math.Abs(got-math.Sqrt(want)) > 1e-13 {
		t.Errorf("in one dimension: W₂ = %.15g, want %.15g", got, math.Sqrt(want))
	}
	// A shift by δ moves every projection by ⟨u, δ⟩, in the mean square |δ|²/d over all directions.
	p := draw(r, 40, 0, 0, 0)
	q := Cloud{Values: slices.Clone(p.Values), Dim: 3}
	for i := range q.Values {
		q.Values[i] += []float64{3, 4, 0}[i%3]
	}
	if got, want := tested(t, SlicedWasserstein, p, q, 1, 1).Statistic, 5/math.Sqrt(3); math.Abs(got/want-1) > 0.2 {
		t.Errorf("of a shift by 5: sliced Wasserstein distance %g, want about %g over 32 directions", got, want)
	}
	for _, b := range []Between{EnergyDistance, MMD, SlicedWasserstein} {
		if got := tested(t, b, p, p, 99, 1); got.Statistic > 1e-7 || got.P != 1 {
			t.Errorf("%s of a sample from itself: %+v", b.Name, got)
		}
	}
}

// Between Gaussian laws in one dimension, a shift μ and a spread τ apart, all three distances are known:
//
//	E = 2E|N(μ, 1 + τ²)| − E|N(0, 2)| − E|N(0, 2τ²)|,  W₂² = μ² + (τ − 1)²,
//	MMD² = g(2, 0) + g(2τ², 0) − 2g(1 + τ², μ),  g(v, μ) = s/√(s² + v)·e^(−μ²/2(s² + v)),
//
// the first and the last with what points add that are set beside themselves. Within five standard errors over data sets, of which one in 10⁶ would fail;
// the quantiles of finite samples add to W₂², by less than 0.02 here.
func TestDistancesOfGaussians(t *testing.T) {
	const n, sets, mu, tau = 400, 30, 0.7, 1.5
	folded := func(m, v float64) float64 { // E|N(m, v)|
		return math.Sqrt(2*v/math.Pi)*math.Exp(-m*m/(2*v)) + m*math.Erf(m/math.Sqrt(2*v))
	}
	var energy, mmd, transported Moments
	r := rand.New(rand.NewPCG(3, 4))
	for range sets {
		x, y := draw(r, n, 0), draw(r, n, 0)
		for i := range y.Values {
			y.Values[i] = mu + tau*y.Values[i]
		}
		energy.Add(tested(t, EnergyDistance, x, y, 1, 1).Statistic)
		w := tested(t, SlicedWasserstein, x, y, 1, 1).Statistic
		transported.Add(w * w)

		all := slices.Concat(x.Values, y.Values)
		var apart []float64
		for i := range all {
			for j := range i {
				apart = append(apart, math.Abs(all[i]-all[j]))
			}
		}
		slices.Sort(apart)
		s2 := apart[len(apart)/2] * apart[len(apart)/2]
		g := func(v, m float64) float64 { return math.Sqrt(s2/(s2+v)) * math.Exp(-m*m/(2*(s2+v))) }
		same := g(2, 0) + g(2*tau*tau, 0)
		m := tested(t, MMD, x, y, 1, 1).Statistic
		mmd.Add(m*m - (same - 2*g(1+tau*tau, mu) + (2-same)/n))
	}
	within := func(name string, m Moments, want, slack float64) {
		t.Helper()
		if e := m.Mean(Level); math.Abs(e.Value-want) > 5*e.SE+slack {
			t.Errorf("%s %g ± %g, want %g", name, e.Value, e.SE, want)
		}
	}
	same := folded(0, 2) + folded(0, 2*tau*tau)
	within("energy distance", energy, 2*folded(mu, 1+tau*tau)-same+same/n, 0)
	within("W₂²", transported, mu*mu+(tau-1)*(tau-1), 0.02)
	within("MMD² less its value", mmd, 0, 0)
}

// In one dimension the energy distance by distribution functions is that by pairs of points, which the plane has, also where points coincide: to the
// last digits, and with the same p.
func TestEnergyDistanceOnALine(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{1, 2, 30} {
		x, y := draw(r, n, 0), draw(r, n+3, 0.5)
		for i := range x.Values {
			if i%3 == 0 {
				x.Values[i], y.Values[i] = 1, 1
			}
		}
		flat := func(c Cloud) Cloud {
			p := Cloud{Dim: 2}
			for _, v := range c.Values {
				p.Values = append(p.Values, 0.6*v, 0.8*v)
			}
			return p
		}
		line, plane := tested(t, EnergyDistance, x, y, 199, 3), tested(t, EnergyDistance, flat(x), flat(y), 199, 3)
		if math.Abs(line.Statistic-plane.Statistic) > 1e-13 || line.P != plane.P {
			t.Errorf("%d points: %+v on a line, %+v in the plane", n, line, plane)
		}
	}
}

// Under one law p-values are uniform: 400 tests at 5 % reject 20; from 4 to 41 in all but one of 10⁴ cases, for each statistic, paired and not.
func TestPermutationOfCloudsIsValid(t *testing.T) {
	for _, paired := range []bool{false, true} {
		for _, b := range []Between{EnergyDistance, MMD, SlicedWasserstein} {
			r := rand.New(rand.NewPCG(5, 6))
			rejected := 0
			for k := range 400 {
				x, y := draw(r, 20, 0, 0), draw(r, 25, 0, 0)
				if paired {
					x, y = draw(r, 20, 0, 0), draw(r, 20, 0, 0)
					for i := range x.Values { // replicas have much in common
						common := 3 * r.NormFloat64()
						x.Values[i] += common
						y.Values[i] += common
					}
					for i := range 20 {
						x.Replica, y.Replica = append(x.Replica, int64(i)), append(y.Replica, int64(i))
					}
				}
				if tested(t, b, x, y, 99, uint64(k)).P <= 0.05 {
					rejected++
				}
			}
			if rejected < 4 || rejected > 41 {
				t.Errorf("%s, paired %v: %d of 400 rejected", b.Name, paired, rejected)
			}
		}
	}
}

// They see a shift, and a spread that a shift of the mean does not have; pairing sees a shift below the spread of what is common.
func TestPermutationOfCloudsHasPower(t *testing.T) {
	for _, b := range []Between{EnergyDistance, MMD, SlicedWasserstein} {
		r := rand.New(rand.NewPCG(7, 8))
		x, y := draw(r, 100, 0, 0), draw(r, 120, 0.8, 0)
		if p := tested(t, b, x, y, 199, 1).P; p > 0.01 {
			t.Errorf("%s: p = %g for a shift of 0.8", b.Name, p)
		}
		wide := draw(r, 120, 0, 0)
		for i := range wide.Values {
			wide.Values[i] *= 2
		}
		if p := tested(t, b, x, wide, 199, 1).P; p > 0.02 {
			t.Errorf("%s: p = %g for twice the spread", b.Name, p)
		}
		c, d := draw(r, 60, 0), draw(r, 60, 0)
		for i := range 60 {
			d.Values[i] = c.Values[i] + 0.1*d.Values[i] + 0.1
			c.Replica, d.Replica = append(c.Replica, int64(i)), append(d.Replica, int64(i))
		}
		if p := tested(t, b, c, d, 199, 1).P; p > 0.01 {
			t.Errorf("%s: p = %g for a shift of pairs", b.Name, p)
		}
		back := Cloud{Dim: 1}
		for i := range 60 {
			back.Values, back.Replica = append(back.Values, d.Values[59-i]), append(back.Replica, int64(59-i))
		}
		if one, two := tested(t, b, c, d, 199, 9), tested(t, b, c, back, 199, 9); one.P != two.P || math.Abs(one.Statistic/two.Statistic-1) > 1e-12 {
			t.Errorf("%s: %+v, and %+v where the second sample is listed backwards", b.Name, one, two)
		}
	}
}

func TestCloudsRefuse(t *testing.T) {
	x := Cloud{Values: []float64{1, 2, 3, 4}, Dim: 2}
	for _, tc := range []struct {
		x, y   Cloud
		rounds int
		want   string
	}{
		{x, x, 0, "0 rounds"},
		{x, Cloud{Values: []float64{1}, Dim: 1}, 9, "dimensions 2 and 1"},
		{x, Cloud{Values: []float64{1, 2, 3}, Dim: 2}, 9, "no points of dimension 2"},
		{x, Cloud{Values: []float64{1, math.NaN()}, Dim: 2}, 9, "finite"},
		{x, Cloud{Values: x.Values, Dim: 2, Replica: []int64{1, 2}}, 9, "both (paired)"},
		{Cloud{Values: x.Values, Dim: 2, Replica: []int64{1, 3}}, Cloud{Values: x.Values, Dim: 2, Replica: []int64{1, 2}}, 9, "one sample only"},
		{Cloud{Values: x.Values, Dim: 2, Replica: []int64{1}}, Cloud{Values: x.Values, Dim: 2, Replica: []int64{1, 2}}, 9, "2 points and 1"},
		{Cloud{Values: x.Values, Dim: 2, Replica: []int64{1, 1}}, Cloud{Values: x.Values, Dim: 2, Replica: []int64{1, 2}}, 9, "two rows"},
	} {
		if _, err := MMD.Test(tc.x, tc.y, tc.rounds, 1); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v, %+v: %v, want %q", tc.x, tc.y, err, tc.want)
		}
	}
	if got, err := MMD.Test(Cloud{Dim: 2}, x, 9, 1); err != nil || !math.IsNaN(got.P) {
		t.Errorf("no points: %+v, %v", got, err)
	}
}

func BenchmarkClouds(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{64, 512} {
		x, y := draw(r, n, 0, 0, 0, 0), draw(r, n, 0, 0, 0, 0)
		for _, d := range []Between{EnergyDistance, MMD, SlicedWasserstein} {
			b.Run(fmt.Sprintf("%s/%d", d.Name, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := d.Test(x, y, 99, 1); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// P is 0.05 just where the end of Welch's 95 % interval of the difference is 0.
func TestWelchTest(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	x, y := draw(r, 9, 0).Values, draw(r, 14, 0).Values
	for i := range y {
		y[i] *= 3
	}
	var a, b Moments
	for _, v := range x {
		a.Add(v)
	}
	for _, v := range y {
		b.Add(v)
	}
	d := Difference(a.Mean(Level), b.Mean(Level), Level)
	for i := range x {
		x[i] -= d.Lo
	}
	if got := WelchTest(x, y); math.Abs(got.P-0.05) > 1e-9 || got.Statistic <= 0 || got.N != 23 {
		t.Errorf("%+v, want P = 0.05", got)
	}
	for _, tc := range []struct {
		x, y []float64
		p    float64
	}{{[]float64{1, 1}, []float64{1, 1}, 1}, {[]float64{1, 1}, []float64{2, 2}, 0}, {[]float64{1}, []float64{1, 2}, math.NaN()}} {
		if got := WelchTest(tc.x, tc.y).P; got != tc.p && !(math.IsNaN(got) && math.IsNaN(tc.p)) {
			t.Errorf("%v against %v: P = %g, want %g", tc.x, tc.y, got, tc.p)
		}
	}
	if got := FromMedian([]float64{5, 1, 2}); !slices.Equal(got, []float64{3, 1, 0}) {
		t.Errorf("from the median: %v", got)
	}
	if got := FromMedian([]float64{4, 1, 2, 9}); !slices.Equal(got, []float64{1, 2, 1, 6}) {
		t.Errorf("from the median: %v", got)
	}
}
