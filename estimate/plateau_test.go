package estimate

import (
	"math"
	"testing"
)

// sigmoids is Saxe's loss ½Σ(s − u(t))², u = s·e^{2st}/(e^{2st} − 1 + s/u₀), at n times up to end.
func sigmoids(s []float64, u0, end float64, n int) (times, loss []float64) {
	for i := range n {
		t := end * float64(i) / float64(n-1)
		l := 0.0
		for _, s := range s {
			e := math.Exp(-2 * s * t)
			u := s / (1 - e + s/u0*e)
			l += (s - u) * (s - u) / 2
		}
		times, loss = append(times, t), append(loss, l)
	}
	return times, loss
}

func plateaus(t *testing.T, times, loss []float64) []Plateau {
	t.Helper()
	p, err := Plateaus(times, loss, PlateauOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// saxe demands the plateaus of singular values s, 2, 1: losses (s² + 5)/2, 5/2, ½ while modes 1, 2, 3 wait, then the end.
// Mode s rises at ln(s/u₀)/2s, within a few 1/2s.
func saxe(t *testing.T, name string, p []Plateau, s, u0, end, rel float64) {
	t.Helper()
	if len(p) != 4 {
		t.Errorf("%s: %d plateaus, want 4: %+v", name, len(p), p)
		return
	}
	slack := 2.0 // in units of the width of a rise; noise that is correlated can hide a little more
	if name == "correlated noise" {
		slack = 3
	}
	rise := func(s float64) float64 { return math.Log(s/u0) / (2 * s) }
	for i, want := range []struct{ height, from, to, width float64 }{
		{(s*s + 5) / 2, 0, rise(s), 1 / s}, {2.5, rise(s), rise(2), 1.0 / 2}, {0.5, rise(2), rise(1), 1},
	} {
		if math.Abs(p[i].Height/want.height-1) > rel {
			t.Errorf("%s: height %d is %v, want %v", name, i, p[i].Height, want.height)
		}
		if p[i].Start < want.from-0.01 || p[i].Start > want.from+slack*want.width || p[i].End > want.to || p[i].End < want.to-slack*want.width {
			t.Errorf("%s: plateau %d is [%v, %v], want about [%v, %v]", name, i, p[i].Start, p[i].End, want.from, want.to)
		}
		if p[i].Open || math.Abs(p[i].Duration-(p[i].End-p[i].Start)) > 1e-12 {
			t.Errorf("%s: plateau %d: %+v", name, i, p[i])
		}
	}
	if last := p[3]; !last.Open || last.End != end || last.Start < rise(1) || last.Start > rise(1)+3 {
		t.Errorf("%s: the end is %+v", name, last)
	}
}

func TestPlateausOfSaxe(t *testing.T) {
	const u0, end = 1e-8, 16.0
	times, loss := sigmoids([]float64{3, 2, 1}, 1e-12, 22, 2000)
	saxe(t, "3, 2, 1", plateaus(t, times, loss), 3, 1e-12, 22, 0.01)
	times, loss = sigmoids([]float64{4, 2, 1}, u0, end, 2000)
	clean := plateaus(t, times, loss)
	saxe(t, "clean", clean, 4, u0, end, 0.01)
	// Multiplicative noise: independent of 5 and 20 %, correlated (τ = 9 samples) of a third of that; forty seeds of each.
	for _, sigma := range []float64{0.05, 0.2} {
		for seed := range uint64(40) {
			r := random(seed)
			white, slow := make([]float64, len(loss)), make([]float64, len(loss))
			v := r.NormFloat64()
			for i, l := range loss {
				white[i] = l * math.Exp(sigma*r.NormFloat64())
				slow[i] = l * math.Exp(sigma/3*v)
				v = 0.8*v + 0.6*r.NormFloat64()
			}
			saxe(t, "white noise", plateaus(t, times, white), 4, u0, end, sigma)
			saxe(t, "correlated noise", plateaus(t, times, slow), 4, u0, end, sigma)
		}
	}
	// Powers of two scale every number exactly.
	scaledT, scaledL := make([]float64, len(times)), make([]float64, len(loss))
	for i := range times {
		scaledT[i], scaledL[i] = 1024*times[i], loss[i]/1048576
	}
	for i, p := range plateaus(t, scaledT, scaledL) {
		q := clean[i]
		if p.Start != 1024*q.Start || p.End != 1024*q.End || p.Height != q.Height/1048576 {
			t.Errorf("scaled: %+v, want %+v", p, q)
		}
	}
	// Ten times the samples change nothing but the rounding of times to samples.
	times, loss = sigmoids([]float64{4, 2, 1}, u0, end, 20000)
	for i, p := range plateaus(t, times, loss) {
		if math.Abs(p.Start-clean[i].Start) > 0.02 || math.Abs(p.End-clean[i].End) > 0.02 {
			t.Errorf("denser: %+v, want %+v", p, clean[i])
		}
	}
}

func TestPlateausOfPlainSeries(t *testing.T) {
	n := 1000
	times, decay, flat, zero := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	r := random(3)
	noisy := make([]float64, n)
	for i := range times {
		times[i] = float64(i)
		decay[i] = math.Exp(-0.004 * float64(i))
		flat[i] = 0.3
		noisy[i] = 0.3 * math.Exp(0.1*r.NormFloat64())
	}
	if p := plateaus(t, times, decay); len(p) != 0 {
		t.Errorf("an even decay has plateaus %+v", p)
	}
	whole := Plateau{Start: 0, End: 999, Height: 0.3, Duration: 999, Open: true}
	for seed := range uint64(40) {
		r, rough := random(seed), make([]float64, n)
		for i := range rough {
			rough[i] = decay[i] * math.Exp(0.1*r.NormFloat64())
		}
		if p := plateaus(t, times, rough); len(p) != 0 {
			t.Errorf("a noisy even decay has plateaus %+v", p)
		}
	}
	if p := plateaus(t, times, flat); len(p) != 1 || p[0] != whole {
		t.Errorf("a flat series has %+v", p)
	}
	if p := plateaus(t, times, zero); len(p) != 1 || p[0].Height != 0 || p[0].Duration != 999 {
		t.Errorf("a series of zeros has %+v", p)
	}
	if p := plateaus(t, times, noisy); len(p) != 1 || p[0].Duration < 900 || math.Abs(p[0].Height/0.3-1) > 0.02 {
		t.Errorf("noise about a constant has %+v", p)
	}
	// A step, by hand: z = 0, 0, 0, 0, −1, … in log-loss, no noise; windows on either side.
	p := plateaus(t, []float64{0, 1, 2, 3, 4, 5, 6, 7}, []float64{1, 1, 1, 1, 0.4, 0.4, 0.4, 0.4})
	if len(p) != 2 || p[0] != (Plateau{0, 3, 1, 3, false}) || p[1] != (Plateau{4, 7, 0.4, 3, true}) {
		t.Errorf("a step has %+v", p)
	}
	for _, few := range [][]float64{nil, {1}} {
		if p, err := Plateaus(few, few, PlateauOptions{}); err != nil || p != nil {
			t.Errorf("%v: %+v %v", few, p, err)
		}
	}
	for name, c := range map[string]struct {
		times, loss []float64
		opts        PlateauOptions
	}{
		"lengths":      {[]float64{1, 2}, []float64{1}, PlateauOptions{}},
		"equal times":  {[]float64{1, 1}, []float64{1, 1}, PlateauOptions{}},
		"negative":     {[]float64{1, 2}, []float64{1, -1}, PlateauOptions{}},
		"diverged":     {[]float64{1, 2}, []float64{1, math.NaN()}, PlateauOptions{}},
		"slope of 2":   {[]float64{1, 2}, []float64{1, 1}, PlateauOptions{Slope: 2}},
		"NaN duration": {[]float64{1, 2}, []float64{1, 1}, PlateauOptions{Duration: math.NaN()}},
	} {
		if _, err := Plateaus(c.times, c.loss, c.opts); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFalling(t *testing.T) {
	for _, c := range [][2][]float64{
		{{3, 2, 1}, {3, 2, 1}},
		{{1, 2, 3}, {2, 2, 2}},
		{{4, 5, 1, 3, 0, -1, 2}, {4.5, 4.5, 2, 2, 1.0 / 3, 1.0 / 3, 1.0 / 3}},
	} {
		for i, v := range falling(c[0]) {
			near(t, "falling", v, c[1][i], 1e-15)
		}
	}
}

// In log time plateaus of durations from 5 to 5000 are all found in one record, with noise too, wherever it begins; in
// linear time those below 3 % of it are not. Another unit of time changes no plateau.
func TestPlateausInLogTime(t *testing.T) {
	s := []float64{4, 1, 0.2, 0.02, 0.003} // rises at ln(s/u₀)/2s
	const u0 = 1e-8
	times, loss := sigmoids(s, u0, 6000, 60001)
	linear := plateaus(t, times, loss)
	for _, unit := range []float64{1, 1000} {
		at := make([]float64, len(times))
		for i := range at {
			at[i] = unit * times[i]
		}
		p, err := Plateaus(at, loss, PlateauOptions{LogTime: true, Floor: 1e-7})
		if err != nil {
			t.Fatal(err)
		}
		if len(p) != 6 {
			t.Fatalf("%d plateaus in log time, want one before each of 5 rises and one after: %+v", len(p), p)
		}
		for i, s := range s {
			rise, width := unit*math.Log(s/u0)/(2*s), unit/s
			height := 0.0
			for _, left := range []float64{4, 1, 0.2, 0.02, 0.003}[i:] {
				height += left * left / 2
			}
			if p[i].End > rise || p[i].End < rise-4*width || math.Abs(p[i].Height/height-1) > 0.01 || p[i].Duration != p[i].End-p[i].Start {
				t.Errorf("plateau %d is %+v, want the end before %g, at height %g", i, p[i], rise, height)
			}
			if i > 0 && (p[i].Start < p[i-1].End || p[i].Start > p[i-1].End+8*unit/[]float64{4, 1, 0.2, 0.02, 0.003}[i-1]) {
				t.Errorf("plateau %d starts at %g, after the end of the last at %g", i, p[i].Start, p[i-1].End)
			}
		}
	}
	// The first lasts 3 e-folds of the record's 11, the others one to two.
	if p, err := Plateaus(times, loss, PlateauOptions{LogTime: true, Floor: 1e-7, Duration: 0.2}); err != nil || len(p) != 1 || p[0].End > 2.5 {
		t.Errorf("plateaus of at least a fifth of the record in log time: %+v, %v", p, err)
	}
	if len(linear) > 3 {
		t.Errorf("%d plateaus in linear time: %+v", len(linear), linear)
	}
	if p, err := Plateaus([]float64{0, 0}, []float64{1, 1}, PlateauOptions{LogTime: true}); err == nil {
		t.Errorf("times that do not rise: %+v", p)
	}
	if p, err := Plateaus([]float64{0, 1}, []float64{1, 1}, PlateauOptions{LogTime: true}); err != nil || len(p) != 0 {
		t.Errorf("one time above 0: %+v, %v", p, err)
	}
}
