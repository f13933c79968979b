package estimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWelch(t *testing.T) {
	// Variances 4/10 and 9/5: ν = 2.2²/(0.16/9 + 3.24/4) by hand.
	a := Estimate{Value: 7, SE: math.Sqrt(0.4), N: 10}
	b := Estimate{Value: 5, SE: math.Sqrt(1.8), N: 5}
	d := Difference(a, b, 0.95)
	nu := 2.2 * 2.2 / (0.16/9 + 3.24/4)
	near(t, "se", d.SE, math.Sqrt(2.2), 1e-14)
	near(t, "hi", d.Hi, 2+studentQuantile(0.025, nu)*math.Sqrt(2.2), 1e-13)
	if d.N != 5 || d.Value != 2 {
		t.Errorf("%+v", d)
	}
	// An exact number neither limits n nor adds error.
	d = Difference(a, Exact(5), 0.95)
	near(t, "hi against an exact number", d.Hi, 2+studentQuantile(0.025, 9)*math.Sqrt(0.4), 1e-13)
	if d.N != 10 {
		t.Errorf("%+v", d)
	}
	if d := Difference(Exact(3), Exact(1), 0.95); d.Lo != 2 || d.Hi != 2 || d.SE != 0 {
		t.Errorf("exact: %+v", d)
	}
	if r := Ratio(Exact(3), Exact(2), 0.95); r.Lo != 1.5 || r.Hi != 1.5 || r.SE != 0 {
		t.Errorf("exact ratio: %+v", r)
	}
	one := moments(3).Mean(0.95)
	if d := Difference(one, a, 0.95); d.Value != -4 || !math.IsInf(d.Lo, -1) || !math.IsInf(d.Hi, 1) {
		t.Errorf("n = 1: %+v", d)
	}
	if r := Ratio(a, one, 0.95); !math.IsInf(r.Lo, -1) || !math.IsNaN(r.SE) {
		t.Errorf("n = 1: %+v", r)
	}
	if Difference(Missing(0), a, 0.95).Known() || Ratio(a, Missing(0), 0.95).Known() || Ratio(a, Exact(0), 0.95).Known() {
		t.Error("something came out of nothing")
	}
}

func TestFieller(t *testing.T) {
	a := Estimate{Value: 6, SE: 0.5, N: 1e9}
	b := Estimate{Value: 3, SE: 0.4, N: 1e9}
	r := Ratio(a, b, 0.95)
	// At both ends |a − ρb| is exactly z standard errors.
	for _, rho := range []float64{r.Lo, r.Hi} {
		near(t, "z at an end", math.Abs(6-rho*3)/math.Sqrt(0.25+rho*rho*0.16), 1.959963984540054, 1e-8)
	}
	near(t, "se", r.SE, math.Sqrt(0.25+4*0.16)/3, 1e-14)
	if r.Hi-2 < 2-r.Lo {
		t.Errorf("not skewed upwards: %+v", r)
	}
	if r := Ratio(a, Estimate{Value: 0.5, SE: 0.4, N: 1e9}, 0.95); !math.IsInf(r.Lo, -1) || !math.IsInf(r.Hi, 1) {
		t.Errorf("a denominator that may be 0: %+v", r)
	}
	if r := Ratio(a, Estimate{Value: -3, SE: 0.4, N: 1e9}, 0.95); !(r.Lo < -2 && -2 < r.Hi) {
		t.Errorf("a negative denominator: %+v", r)
	}
}

func TestPairs(t *testing.T) {
	r := random(8)
	var whole, left, right Pairs
	var a, b, diff Moments
	for i := range 500 {
		common := r.NormFloat64()
		x, y := 1e3+common+0.1*r.NormFloat64(), 5+common
		whole.Add(x, y)
		a.Add(x)
		b.Add(y)
		diff.Add(x - y)
		if i < 123 {
			left.Add(x, y)
		} else {
			right.Add(x, y)
		}
	}
	left.Merge(right)
	left.Merge(Pairs{})
	for _, p := range []Pairs{whole, left} {
		near(t, "A", p.A, a.M, 1e-14)
		near(t, "AA", p.AA, a.M2, 1e-11)
		near(t, "BB", p.BB, b.M2, 1e-11)
		near(t, "difference", p.Difference(0.95).Value, diff.Mean(0.95).Value, 1e-13)
		near(t, "difference se", p.Difference(0.95).SE, diff.Mean(0.95).SE, 1e-8)
		near(t, "difference hi", p.Difference(0.95).Hi, diff.Mean(0.95).Hi, 1e-11)
	}
	var bad Pairs
	bad.Add(1, math.NaN())
	bad.Add(math.Inf(1), 1)
	if bad.Difference(0.95).Known() || bad.Ratio(0.95).Known() || bad.Correlation(0.95).Known() {
		t.Errorf("%+v", bad)
	}
	bad.Merge(whole)
	if bad.Bad != 2 || bad.N != 500 {
		t.Errorf("%+v", bad)
	}
	var one Pairs
	one.Add(2, 4)
	if d := one.Difference(0.95); d.Value != -2 || !math.IsInf(d.Lo, -1) {
		t.Errorf("%+v", d)
	}
	if q := one.Ratio(0.95); q.Value != 0.5 || !math.IsInf(q.Lo, -1) || !math.IsNaN(q.SE) {
		t.Errorf("%+v", q)
	}
	// ρ = 2 and mean b = 3: se = √(vₐₐ + 4v_bb − 4v_ab)/3 with v = sums/(4·5).
	near(t, "paired ratio se", Pairs{N: 5, A: 6, B: 3, AA: 5, BB: 1, AB: 1.5, D: 3, DD: 3, DB: 0.5}.Ratio(0.95).SE, math.Sqrt((5+4-6)/20.0)/3, 1e-14)
	// r = ½ at n = 28: Fisher's interval, atanh ½ ± 1.96/5.
	c := Pairs{N: 28, AA: 4, BB: 1, AB: 1}.Correlation(0.95)
	near(t, "r", c.Value, 0.5, 1e-15)
	near(t, "lo", c.Lo, math.Tanh(math.Atanh(0.5)-1.959963984540054/5), 1e-13)
	near(t, "hi", c.Hi, math.Tanh(math.Atanh(0.5)+1.959963984540054/5), 1e-13)
	if c := (Pairs{N: 28, AA: 1, BB: 1, AB: 1}).Correlation(0.95); c.Value != 1 || c.Lo != 1 || c.Hi != 1 || c.SE != 0 {
		t.Errorf("perfect correlation: %+v", c)
	}
}

func TestTwoSampleCovers(t *testing.T) {
	covers(t, "difference of unequal arms", 2000, 0.95, 0.95, func(r *rand.Rand) (Estimate, float64) {
		var a, b Moments
		for range 8 {
			a.Add(3 + 4*r.NormFloat64())
		}
		for range 25 {
			b.Add(1 + r.NormFloat64())
		}
		return Difference(a.Mean(0.95), b.Mean(0.95), 0.95), 2
	})
	covers(t, "ratio of exponential means", 2000, 0.93, 0.96, func(r *rand.Rand) (Estimate, float64) {
		var a, b Moments
		for range 60 {
			a.Add(3 * r.ExpFloat64())
			b.Add(r.ExpFloat64())
		}
		return Ratio(a.Mean(0.95), b.Mean(0.95), 0.95), 3
	})
	paired := func(pick func(Pairs) Estimate, truth float64) func(*rand.Rand) (Estimate, float64) {
		return func(r *rand.Rand) (Estimate, float64) {
			var p Pairs
			for range 12 {
				common := r.NormFloat64()
				p.Add(12+2*common+0.3*r.NormFloat64(), 6+common+0.3*r.NormFloat64())
			}
			return pick(p), truth
		}
	}
	covers(t, "paired difference", 2000, 0.95, 0.95, paired(func(p Pairs) Estimate { return p.Difference(0.95) }, 6))
	covers(t, "paired ratio", 2000, 0.95, 0.95, paired(func(p Pairs) Estimate { return p.Ratio(0.95) }, 2))
	covers(t, "correlation", 2000, 0.95, 0.95, paired(func(p Pairs) Estimate { return p.Correlation(0.95) }, 2/math.Sqrt(4.09*1.09)))
}

func TestKolmogorovDistance(t *testing.T) {
	ks := func(a, b Sample) float64 {
		t.Helper()
		e, err := KolmogorovSmirnov(a, b, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		return e.Value
	}
	plain := func(x ...float64) Sample { return Sample{Values: x} }
	for _, c := range []struct {
		name string
		a, b Sample
		want float64
	}{
		{"apart", plain(-3, -2), plain(1, 2, 3), 1},
		{"equal", plain(1, 2, 2), plain(2, 1, 2), 0},
		{"interleaved", plain(1, 3, 5, 7), plain(2, 4, 6, 8), 0.25},
		{"shifted", plain(1, 2, 3, 4), plain(3, 4, 5, 6), 0.5},
		{"common horizon 3", Sample{Values: []float64{1, 2, 3, 3}, Censored: []bool{false, false, true, true}},
			Sample{Values: []float64{2, 3, 3, 3}, Censored: []bool{false, true, true, true}}, 0.25},
		{"horizons 2 and 9: beyond 2 nothing is compared", Sample{Values: []float64{1, 2, 2, 2}, Censored: []bool{false, true, true, true}},
			plain(1, 9, 9, 9), 0},
		{"one arm ends by events: the other is compared on", plain(1, 2), plain(1, 5), 0.5},
	} {
		if got := ks(c.a, c.b); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: D = %v, want %v", c.name, got, c.want)
		}
		if got := ks(c.b, c.a); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s, swapped: D = %v, want %v", c.name, got, c.want)
		}
	}
	if e, err := KolmogorovSmirnov(plain(), plain(1), 0.95); err != nil || e.Known() {
		t.Errorf("empty arm: %+v %v", e, err)
	}
	if _, err := KolmogorovSmirnov(plain(math.NaN()), plain(1), 0.95); err == nil {
		t.Error("NaN was accepted")
	}
	if !math.IsNaN(KolmogorovP(0.5, 0, 3)) || !math.IsNaN(KolmogorovP(math.NaN(), 3, 3)) {
		t.Error("p of nothing")
	}
	// P(D ≥ 10/20) for 20 and 20 is 2C(40, 10)/C(40, 20) but for 1e-11; the asymptotic form is close and larger.
	close1(t, "p", KolmogorovP(0.5, 20, 20), 2*847660528.0/137846528820, 0.0013)
}

// share of 5 % tests that reject.
func share(sets int, seed uint64, p func(r *rand.Rand) float64) float64 {
	r := random(seed)
	n := 0
	for range sets {
		if p(r) <= 0.05 {
			n++
		}
	}
	return float64(n) / float64(sets)
}

func TestKolmogorovP(t *testing.T) {
	// 2000 sets at 5 %: standard deviation 0.005; within ±0.02 the false-alarm probability is below 1e-4.
	for _, shift := range []float64{0, 0.8} {
		got := share(2000, 21, func(r *rand.Rand) float64 {
			var a, b Sample
			for range 60 {
				a.Values = append(a.Values, r.NormFloat64())
			}
			for range 90 {
				b.Values = append(b.Values, shift+r.NormFloat64())
			}
			e, err := KolmogorovSmirnov(a, b, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if truth := math.Erf(shift / 2 / math.Sqrt2); truth < e.Lo || truth > e.Hi {
				t.Logf("shift %v: distance %v is outside [%v, %v]", shift, truth, e.Lo, e.Hi)
				return 2 // counted below: the interval is for any law, and hardly ever fails
			}
			return KolmogorovP(e.Value, 60, 90)
		})
		t.Logf("shift %v: rejected %.4f", shift, got)
		if (shift == 0 && math.Abs(got-0.05) > 0.02) || (shift > 0 && got < 0.95) {
			t.Errorf("shift %v: rejected %.4f", shift, got)
		}
	}
}

func TestPermutationKS(t *testing.T) {
	// Arms share most of their noise and a common horizon; the unpaired test would nearly never reject.
	arms := func(r *rand.Rand, n int, scale float64) (a, b Sample) {
		for i := range n {
			common := r.NormFloat64()
			for j, s := range []*Sample{&a, &b} {
				x := math.Exp(common + 0.4*r.NormFloat64())
				if j == 1 {
					x *= scale
				}
				x = math.Ceil(x*20) / 20
				s.Values = append(s.Values, math.Min(x, 2))
				s.Censored = append(s.Censored, x > 2)
				s.Replica = append(s.Replica, int64(i))
			}
		}
		return a, b
	}
	p := func(a, b Sample, rounds int, seed uint64) Test {
		t.Helper()
		test, err := PermutationKS(a, b, rounds, seed)
		if err != nil {
			t.Fatal(err)
		}
		return test
	}
	seed := uint64(0)
	paired := func(scale float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			a, b := arms(r, 40, scale)
			seed++
			return p(a, b, 99, seed).P
		}
	}
	unpaired := func(scale float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			a, b := escapes(r, 30, 1), escapes(r, 50, 1)
			for i := range b.Values {
				b.Values[i] *= scale
			}
			seed++
			return p(a, b, 99, seed).P
		}
	}
	// The p-value is valid: never above 5 % of rejections but by chance (2000 sets, 4 standard deviations: 0.0195,
	// false-alarm probability below 1e-4). Ties make it conservative.
	for _, c := range []struct {
		name   string
		sets   int
		draw   func(*rand.Rand) float64
		lo, hi float64
	}{
		{"paired null", 2000, paired(1), 0.015, 0.0695},
		{"unpaired null", 2000, unpaired(1), 0.025, 0.0695},
		{"paired, scale 2", 300, paired(2), 0.8, 1},
		{"unpaired, scale 0.2", 300, unpaired(0.2), 0.8, 1},
	} {
		got := share(c.sets, 31, c.draw)
		t.Logf("%s: rejected %.4f", c.name, got)
		if got < c.lo || got > c.hi {
			t.Errorf("%s: rejected %.4f, want %.3f to %.3f", c.name, got, c.lo, c.hi)
		}
	}

	a, b := arms(random(1), 200, 1.3)
	first := p(a, b, 500, 7)
	if again := p(a, b, 500, 7); again != first {
		t.Errorf("the same seed gave %+v and %+v", first, again)
	}
	if e, err := KolmogorovSmirnov(a, b, 0.95); err != nil || e.Value != first.Statistic {
		t.Errorf("D = %v and %v", e.Value, first.Statistic)
	}
	// Pairs are by replica, not by place.
	perm := random(2).Perm(200)
	var c Sample
	for _, i := range perm {
		c.Values, c.Censored, c.Replica = append(c.Values, b.Values[i]), append(c.Censored, b.Censored[i]), append(c.Replica, b.Replica[i])
	}
	if got := p(a, c, 500, 7); got != first {
		t.Errorf("shuffled rows gave %+v, want %+v", got, first)
	}
	// Two replicas that always differ: of the 4 swaps, 2 give distance 1.
	small := p(Sample{Values: []float64{1, 2}, Replica: []int64{0, 1}}, Sample{Values: []float64{3, 4}, Replica: []int64{0, 1}}, 40000, 1)
	close1(t, "p of two replicas", small.P, 0.5, 0.01) // standard deviation 0.0025: false alarm 6e-5
	// Independent arms of 2 and 2: of the 6 deals, 2.
	small = p(Sample{Values: []float64{1, 2}}, Sample{Values: []float64{3, 4}}, 40000, 1)
	close1(t, "p of two and two", small.P, 1.0/3, 0.0095)

	for name, bad := range map[string][2]Sample{
		"one names replicas":  {a, {Values: []float64{1}}},
		"first only":          {{Values: []float64{1, 2}, Replica: []int64{1, 2}}, {Values: []float64{1}, Replica: []int64{2}}},
		"second only":         {{Values: []float64{1}, Replica: []int64{2}}, {Values: []float64{1, 2}, Replica: []int64{2, 5}}},
		"second only, inside": {{Values: []float64{1}, Replica: []int64{5}}, {Values: []float64{1, 2}, Replica: []int64{2, 5}}},
		"twice":               {{Values: []float64{1, 2}, Replica: []int64{2, 2}}, {Values: []float64{1, 2}, Replica: []int64{2, 2}}},
	} {
		if _, err := PermutationKS(bad[0], bad[1], 10, 1); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := PermutationKS(a, b, 0, 1); err == nil {
		t.Error("0 rounds were accepted")
	}
	if test, err := PermutationKS(Sample{}, Sample{}, 5, 1); err != nil || !math.IsNaN(test.P) {
		t.Errorf("empty arms: %+v %v", test, err)
	}
}

func TestCounterIsSplitMix64(t *testing.T) {
	// The published generator from state 1234567.
	c := counter{seed: 1234567}
	for _, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431} {
		if got := c.next(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	var hits [3]int
	for range 30000 {
		hits[c.below(3)]++
	}
	for _, h := range hits {
		if math.Abs(float64(h)-10000) > 330 { // 4 standard deviations: false alarm 2e-4 for the three
			t.Errorf("below(3): %v", hits)
		}
	}
}

// Pairs that nearly agree: the scatter of their difference is not lost in that of each.
func TestPairsThatNearlyAgree(t *testing.T) {
	const tiny = 0x1p-40
	var p, q Pairs
	for i := range 20 {
		add := p.Add
		if i%3 == 0 {
			add = q.Add
		}
		add(float64(i)+tiny*float64(i%2), float64(i))
	}
	p.Merge(q)
	d := p.Difference(0.95)
	near(t, "difference of near pairs", d.Value, tiny/2, 1e-14)
	near(t, "its se", d.SE, tiny/2/math.Sqrt(19), 1e-14)
	if q := p.Ratio(0.95); !(q.Hi-q.Lo < 4*tiny/9.5/math.Sqrt(19)) || !(q.Lo < q.Value && q.Value < q.Hi) {
		t.Errorf("ratio of near pairs: %+v", q)
	}
}
