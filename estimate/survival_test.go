package estimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

func survival(t *testing.T, times []float64, censored []bool) *Survival {
	t.Helper()
	s, err := NewSurvival(Sample{Values: times, Censored: censored})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The 6-MP arm of Freireich's leukaemia trial (Gehan 1965), with the table that every textbook prints.
func freireich(t *testing.T) *Survival {
	times := []float64{6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35}
	cens := []bool{false, false, false, true, false, true, false, true, true, false, false, true, true, true, false, false, true, true, true, true, true}
	return survival(t, times, cens)
}

func TestKaplanMeierTable(t *testing.T) {
	s := freireich(t)
	if s.N != 21 || s.Events != 9 || s.Censored() != 12 || s.Exposure != 359 || s.Last != 35 {
		t.Fatalf("%+v", s)
	}
	for _, c := range []struct{ time, s, se float64 }{
		{6, 0.8571, 0.0764}, {7, 0.8067, 0.0869}, {10, 0.7529, 0.0963}, {13, 0.6902, 0.1068},
		{16, 0.6275, 0.1141}, {22, 0.5378, 0.1282}, {23, 0.4482, 0.1346}, {35, 0.4482, 0.1346},
	} {
		e := s.At(c.time, Level)
		close1(t, "S", e.Value, c.s, 5e-5)
		close1(t, "se", e.SE, c.se, 5e-5)
	}
	// Log-log limits of R's survfit(conf.type = "log-log") at 6 and 23.
	e := s.At(6, Level)
	close1(t, "lo", e.Lo, 0.620, 5e-4)
	close1(t, "hi", e.Hi, 0.952, 5e-4)
	e = s.At(23, Level)
	close1(t, "lo", e.Lo, 0.188, 5e-4)
	close1(t, "hi", e.Hi, 0.680, 5e-4)
	// median 23, limits 13 and unbounded.
	if m := s.Median(Level); m.Value != 23 || m.Lo != 13 || !math.IsInf(m.Hi, 1) || !math.IsNaN(m.SE) {
		t.Errorf("median %+v", m)
	}
	if e := s.At(36, Level); e.Known() || e.Lo != 0 || !(e.Hi < 0.7) {
		t.Errorf("beyond the record: %+v", e)
	}
	if m := s.Mean(Level); m.Known() {
		t.Errorf("mean with censoring: %+v", m)
	}
	rate := s.Rate(Level)
	near(t, "rate", rate.Value, 9.0/359, 1e-15)
	near(t, "rate se", rate.SE, 3.0/359, 1e-15)
	near(t, "rate lo", rate.Lo, 4.115373/359, 1e-6) // exact Poisson limits of 9
	near(t, "rate hi", rate.Hi, 17.084803/359, 1e-6)
	curve := s.Curve(Level)
	if len(curve) != 9 || curve[0].Time != 0 || curve[0].S.Value != 1 || curve[1].AtRisk != 21 || curve[8].Time != 35 {
		t.Errorf("curve %+v", curve)
	}
	// ∫₀³⁵ S by hand from the table's fractions.
	area := 6 + 1*6.0/7 + 3*(6.0/7*16/17)
	k := 6.0 / 7 * 16 / 17 * 14 / 15
	area += 3 * k
	k *= 11.0 / 12
	area += 3 * k
	k *= 10.0 / 11
	area += 6 * k
	k *= 6.0 / 7
	area += k
	k *= 5.0 / 6
	area += 12 * k
	near(t, "restricted mean", s.RestrictedMean(35, Level).Value, area, 1e-14)
	if s.RestrictedMean(36, Level).Known() || s.RestrictedMean(0, Level).Known() || s.RestrictedMean(math.NaN(), Level).Known() {
		t.Error("a restricted mean beyond the record")
	}
}

// Without censoring before the horizon everything reduces to the sample of min(T, h).
func TestSurvivalWithoutCensoringIsTheSample(t *testing.T) {
	r := random(6)
	var times []float64
	var full, cut Moments
	const h = 1.3
	for range 301 {
		x := math.Ceil(10*r.ExpFloat64()) / 10 // ties
		times = append(times, x)
		full.Add(x)
		cut.Add(math.Min(x, h))
	}
	s := survival(t, times, nil)
	a, b := s.Mean(Level), full.Mean(Level)
	near(t, "mean", a.Value, b.Value, 1e-14)
	near(t, "hi", a.Hi, b.Hi, 1e-14)
	for _, c := range []struct {
		h float64
		m Moments
	}{{h, cut}, {1e3, full}} {
		a, b := s.RestrictedMean(c.h, Level), c.m.Mean(Level)
		near(t, "restricted mean", a.Value, b.Value, 1e-13)
		near(t, "restricted se", a.SE, b.SE, 1e-12)
		near(t, "restricted lo", a.Lo, b.Lo, 1e-12)
	}
	below := 0
	for _, x := range times {
		if x <= 0.7 {
			below++
		}
	}
	e := s.At(0.7, Level)
	p := 1 - float64(below)/301
	near(t, "S", e.Value, p, 1e-13)
	near(t, "binomial se", e.SE, math.Sqrt(p*(1-p)/301), 1e-12)
	if e := s.At(1e9, Level); e.Value != 0 || e.Lo != 0 || !(e.Hi > 0 && e.Hi < 0.1) {
		t.Errorf("after all: %+v", e)
	}
	// S is a product of fractions; the median of 1 … 10 is still the fifth.
	if m := survival(t, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, nil).Median(Level); m.Value != 5 {
		t.Errorf("median %v", m.Value)
	}
}

func TestSurvivalEdges(t *testing.T) {
	empty := survival(t, nil, nil)
	for _, e := range []Estimate{empty.At(1, Level), empty.Median(Level), empty.Mean(Level), empty.RestrictedMean(1, Level), empty.Rate(Level)} {
		if e.Known() || e.N != 0 {
			t.Errorf("no rows: %+v", e)
		}
	}
	if empty.Curve(Level) != nil {
		t.Error("a curve of nothing")
	}
	// All censored at 10, n = 8.
	times, cens := make([]float64, 8), make([]bool, 8)
	for i := range times {
		times[i], cens[i] = 10, true
	}
	s := survival(t, times, cens)
	low := math.Pow(0.025, 1.0/8)
	if e := s.At(10, Level); e.Value != 1 || e.Hi != 1 || math.Abs(e.Lo-low) > 1e-14 {
		t.Errorf("S(10) %+v", e)
	}
	if m := s.Median(Level); m.Known() || m.Lo != 10 || !math.IsInf(m.Hi, 1) {
		t.Errorf("median %+v", m)
	}
	if e := s.RestrictedMean(10, Level); e.Value != 10 || e.Hi != 10 || math.Abs(e.Lo-10*low) > 1e-12 {
		t.Errorf("restricted mean %+v", e)
	}
	if e := s.Rate(Level); e.Value != 0 || e.Lo != 0 || math.Abs(e.Hi+math.Log(0.025)/80) > 1e-14 {
		t.Errorf("rate %+v", e)
	}
	if test, err := s.Exponentiality(0, 0); err != nil || !math.IsNaN(test.P) || test.N != 8 {
		t.Errorf("exponentiality %+v %v", test, err)
	}
	// One and two rows.
	one := survival(t, []float64{3}, nil)
	if e := one.Mean(Level); e.Value != 3 || !math.IsInf(e.Hi, 1) {
		t.Errorf("mean of one %+v", e)
	}
	if e := one.RestrictedMean(5, Level); e.Value != 3 || !math.IsNaN(e.SE) || e.Lo != 0 || e.Hi != 5 {
		t.Errorf("restricted mean of one %+v", e)
	}
	if m := one.Median(Level); m.Value != 3 || m.Lo != 0 || !math.IsInf(m.Hi, 1) {
		t.Errorf("median of one %+v", m)
	}
	two := survival(t, []float64{3, 3}, []bool{true, false}) // the event comes first: both at risk
	if e := two.At(3, Level); e.Value != 0.5 {
		t.Errorf("tie of event and censoring: %+v", e)
	}
	// At the start already.
	zero := survival(t, []float64{0, 0, 1, 2}, nil)
	if e := zero.At(0, Level); e.Value != 0.5 || zero.Curve(Level)[0].Events != 2 {
		t.Errorf("events at 0: %+v", e)
	}
	if test, err := zero.Exponentiality(0, 0); err != nil || math.IsNaN(test.P) || math.IsInf(test.Statistic, 0) || test.N != 2 {
		t.Errorf("exponentiality with events at 0: %+v %v", test, err)
	}
	for _, bad := range []Sample{
		{Values: []float64{1, math.NaN()}},
		{Values: []float64{math.Inf(1)}},
		{Values: []float64{-1}},
		{Values: []float64{1, 2}, Censored: []bool{true}},
		{Values: []float64{1, 2}, Replica: []int64{1}},
	} {
		if _, err := NewSurvival(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestHazard(t *testing.T) {
	s := survival(t, []float64{1, 2, 3, 5}, []bool{false, true, false, false})
	bins, err := s.Hazard([]float64{0, 2, 4, 5, 9}, Level)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		events   int64
		exposure float64
		n        int64
	}{{1, 7, 4}, {1, 3, 2}, {1, 1, 1}, {0, 0, 0}} {
		b := bins[i]
		if b.Events != want.events || b.Exposure != want.exposure || b.Rate.N != want.n {
			t.Errorf("bin %d: %+v, want %+v", i, b, want)
		}
	}
	near(t, "hazard", bins[1].Rate.Value, 1.0/3, 1e-15)
	if bins[3].Rate.Known() {
		t.Error("a hazard where nobody is at risk")
	}
	for _, edges := range [][]float64{{1}, {1, 1}, {2, 1}, {0, math.NaN()}} {
		if _, err := s.Hazard(edges, Level); err == nil {
			t.Errorf("edges %v were accepted", edges)
		}
	}
}

// escapes draws n exponential times of mean 1, censored at h.
func escapes(r *rand.Rand, n int, h float64) Sample {
	s := Sample{Values: make([]float64, n), Censored: make([]bool, n)}
	for i := range n {
		x := r.ExpFloat64()
		s.Values[i], s.Censored[i] = math.Min(x, h), x > h
	}
	return s
}

func TestSurvivalCovers(t *testing.T) {
	draw := func(n int, h float64, pick func(*Survival) Estimate, truth float64) func(*rand.Rand) (Estimate, float64) {
		return func(r *rand.Rand) (Estimate, float64) {
			s, err := NewSurvival(escapes(r, n, h))
			if err != nil {
				t.Fatal(err)
			}
			return pick(s), truth
		}
	}
	covers(t, "S(1) of 60", 2000, 0.94, 0.96, draw(60, 1.5, func(s *Survival) Estimate { return s.At(1, 0.95) }, math.Exp(-1)))
	covers(t, "median of 80", 2000, 0.94, 0.97, draw(80, 1.5, func(s *Survival) Estimate { return s.Median(0.95) }, math.Ln2))
	covers(t, "restricted mean of 60", 2000, 0.93, 0.96, draw(60, 1, func(s *Survival) Estimate { return s.RestrictedMean(1, 0.95) }, 1-math.Exp(-1)))
	covers(t, "rate, few events", 2000, 0.95, 0.98, draw(20, 0.3, func(s *Survival) Estimate { return s.Rate(0.95) }, 1))
	covers(t, "rate, all events", 2000, 0.95, 0.97, draw(40, 1e9, func(s *Survival) Estimate { return s.Rate(0.95) }, 1))
	// Random censoring, independent of the events.
	covers(t, "restricted mean, random censoring", 2000, 0.93, 0.96, func(r *rand.Rand) (Estimate, float64) {
		s := escapes(r, 100, 5)
		for i := range s.Values {
			if c := 1 + 4*r.Float64(); c < s.Values[i] {
				s.Values[i], s.Censored[i] = c, true
			}
		}
		k, err := NewSurvival(s)
		if err != nil {
			t.Fatal(err)
		}
		return k.RestrictedMean(1, 0.95), 1 - math.Exp(-1)
	})
}

// rejects is the fraction of data sets whose exponentiality is rejected at 5 %, and the mean of z.
func rejects(t *testing.T, sets int, from, step float64, draw func(r *rand.Rand) Sample) (share, mean float64) {
	t.Helper()
	r := random(12)
	n := 0
	var z Moments
	for range sets {
		s, err := NewSurvival(draw(r))
		if err != nil {
			t.Fatal(err)
		}
		test, err := s.Exponentiality(from, step)
		if err != nil {
			t.Fatal(err)
		}
		if test.P < 0.05 {
			n++
		}
		z.Add(test.Statistic)
	}
	return float64(n) / float64(sets), z.M
}

func TestExponentiality(t *testing.T) {
	onLattice := func(s Sample, h float64) Sample {
		for i, x := range s.Values {
			if s.Censored[i] {
				s.Values[i] = h * math.Floor(x/h+1e-9)
			} else {
				s.Values[i] = h * math.Ceil(x/h)
			}
		}
		return s
	}
	weibull := func(r *rand.Rand, shape float64) Sample {
		s := escapes(r, 100, 1e9)
		for i, x := range s.Values {
			s.Values[i] = math.Min(math.Pow(x, 1/shape), 1)
			s.Censored[i] = math.Pow(x, 1/shape) > 1
		}
		return s
	}
	// 2000 sets at 5 % have a standard deviation of 0.0049: ±0.02 is a false alarm with probability below 1e-4.
	for _, c := range []struct {
		name       string
		from, step float64
		draw       func(r *rand.Rand) Sample
		lo, hi     float64
	}{
		{"null, nothing censored", 0, 0, func(r *rand.Rand) Sample { return escapes(r, 100, 1e9) }, 0.03, 0.07},
		{"null, 63 % have the event", 0, 0, func(r *rand.Rand) Sample { return escapes(r, 100, 1) }, 0.03, 0.07},
		{"null, few events", 0, 0, func(r *rand.Rand) Sample { return escapes(r, 100, 0.22) }, 0.03, 0.07},
		{"null, travels first", 0.7, 0, func(r *rand.Rand) Sample {
			s := escapes(r, 100, 1)
			for i := range s.Values {
				s.Values[i] += 0.7
			}
			return s
		}, 0.03, 0.07},
		{"null, later half", 0.5, 0, func(r *rand.Rand) Sample { return escapes(r, 100, 1e9) }, 0.03, 0.07},
		{"null, coarse steps", 0, 0.5, func(r *rand.Rand) Sample { return onLattice(escapes(r, 100, 2), 0.5) }, 0.03, 0.07},
		{"null, fine steps", 0, 1e-4, func(r *rand.Rand) Sample { return onLattice(escapes(r, 100, 2), 1e-4) }, 0.03, 0.07},
		{"travels first, not told", 0, 0, func(r *rand.Rand) Sample {
			s := escapes(r, 100, 1e9)
			for i := range s.Values {
				s.Values[i] += 0.7
			}
			return s
		}, 0.99, 1},
		{"rising hazard", 0, 0, func(r *rand.Rand) Sample { return weibull(r, 1.6) }, 0.9, 1},
		{"falling hazard", 0, 0, func(r *rand.Rand) Sample { return weibull(r, 0.65) }, 0.9, 1},
		{"falling hazard, steps", 0, 0.01, func(r *rand.Rand) Sample { return onLattice(weibull(r, 0.65), 0.01) }, 0.9, 1},
	} {
		got, z := rejects(t, 2000, c.from, c.step, c.draw)
		t.Logf("%s: rejected %.4f, mean z %.2f", c.name, got, z)
		if got < c.lo || got > c.hi {
			t.Errorf("%s: rejected %.4f, want %.2f to %.2f", c.name, got, c.lo, c.hi)
		}
		if (c.name == "rising hazard" && z < 2) || (c.name == "falling hazard" && z > -2) {
			t.Errorf("%s: mean z = %.2f has the wrong sign", c.name, z)
		}
	}
}

func TestExponentialityByHand(t *testing.T) {
	times := []float64{0.3, 0.9, 1.1, 2.5, 4, 4}
	cens := []bool{false, false, false, false, true, true}
	s := survival(t, times, cens)
	test, err := s.Exponentiality(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	// The score by differences of Weibull's profile log-likelihood, the information by second differences.
	profile := func(k float64) float64 {
		sum, logs := 0.0, 0.0
		for i, x := range times {
			sum += math.Pow(x, k)
			if !cens[i] {
				logs += math.Log(x)
			}
		}
		return 4*math.Log(4/sum) + 4*math.Log(k) + (k-1)*logs - 4
	}
	const h = 1e-4
	u := (profile(1+h) - profile(1-h)) / (2 * h)
	v := -(profile(1+h) - 2*profile(1) + profile(1-h)) / (h * h)
	near(t, "z", test.Statistic, u/math.Sqrt(v), 1e-5)
	// The lattice form tends to it, and sums beyond the exact steps agree with sums one by one.
	fine, err := s.Exponentiality(0, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	close1(t, "z on a fine lattice", fine.Statistic, test.Statistic, 5e-5)
	var sum float64
	for k := 1; k <= 400000; k++ {
		sum += math.Log(float64(k) - 0.5)
	}
	steps := []row{{value: 400000}}
	_, _, d := latticeScore(steps, 0, 1)
	u, _, _ = latticeScore(steps, 0, 1)
	if d != 1 {
		t.Fatal(d)
	}
	near(t, "U", u, math.Log(400000-0.5)-sum/400000, 1e-7)
	for _, bad := range [][2]float64{{-1, 0}, {0, -1}, {math.NaN(), 0}, {math.Inf(1), 0}} {
		if _, err := s.Exponentiality(bad[0], bad[1]); err == nil {
			t.Errorf("from, step = %v was accepted", bad)
		}
	}
}

func TestProportions(t *testing.T) {
	// Newcombe 1998, table 1: 81 of 263, 15 of 148, 0 of 20.
	e := Proportion(81, 263, 0.95)
	close1(t, "lo", e.Lo, 0.2553, 5e-5)
	close1(t, "hi", e.Hi, 0.3662, 5e-5)
	e = Proportion(15, 148, 0.95)
	close1(t, "lo", e.Lo, 0.0624, 5e-5)
	close1(t, "hi", e.Hi, 0.1605, 5e-5)
	e = Proportion(0, 20, 0.95)
	close1(t, "hi", e.Hi, 0.1611, 5e-5)
	if e.Lo != 0 {
		t.Errorf("lo %v", e.Lo)
	}
	e = ClopperPearson(81, 263, 0.95)
	close1(t, "lo", e.Lo, 0.2527, 5e-5)
	close1(t, "hi", e.Hi, 0.3676, 5e-5)
	e = ClopperPearson(0, 20, 0.95)
	near(t, "hi", e.Hi, 1-math.Pow(0.025, 1.0/20), 1e-13)
	e = ClopperPearson(20, 20, 0.95)
	near(t, "lo", e.Lo, math.Pow(0.025, 1.0/20), 1e-13)
	for _, e := range []Estimate{Proportion(0, 0, 0.95), ClopperPearson(0, 0, 0.95)} {
		if e.Known() || e.Lo != 0 || e.Hi != 1 {
			t.Errorf("of none: %+v", e)
		}
	}
	// Coverage by exact enumeration, no sampling: Wilson's mean over p near the level, Clopper–Pearson's never below.
	for _, n := range []int64{5, 30} {
		mean := 0.0
		for i := range 200 {
			p := (float64(i) + 0.5) / 200
			wilson, exact := 0.0, 0.0
			for k := range n + 1 {
				prob := binomialAtMost(k, n, p) - binomialAtMost(k-1, n, p)
				if e := Proportion(k, n, 0.95); e.Lo <= p && p <= e.Hi {
					wilson += prob
				}
				if e := ClopperPearson(k, n, 0.95); e.Lo <= p && p <= e.Hi {
					exact += prob
				}
			}
			mean += wilson / 200
			if exact < 0.95 {
				t.Errorf("n = %d, p = %v: Clopper–Pearson covers %.4f", n, p, exact)
			}
		}
		if mean < 0.945 || mean > 0.965 {
			t.Errorf("n = %d: Wilson covers %.4f on average over p", n, mean)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic for 3 of 2")
		}
	}()
	Proportion(3, 2, 0.95)
}
