package estimate

import (
	"bytes"
	"encoding/gob"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func sketch(x ...float64) *Sketch {
	s := new(Sketch)
	for _, v := range x {
		s.Add(v)
	}
	return s
}

func encoded(t *testing.T, s *Sketch) []byte {
	t.Helper()
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wild draws values over all magnitudes and signs, with zeros and infinities.
func wild(r *rand.Rand) float64 {
	switch r.IntN(12) {
	case 0:
		return 0
	case 1:
		return math.Copysign(0, -1)
	case 2:
		return math.Inf(1 - 2*r.IntN(2))
	case 3:
		return math.NaN()
	case 4:
		return 5e-324 * float64(r.IntN(100))
	case 5:
		return math.MaxFloat64 * r.Float64()
	}
	return (2*r.Float64() - 1) * math.Exp(1400*(r.Float64()-0.5))
}

func TestSketchBuckets(t *testing.T) {
	r := random(1)
	last, lastKey := math.Inf(-1), bucket(math.Inf(-1))
	var x []float64
	for range 100000 {
		if v := wild(r); !math.IsNaN(v) {
			x = append(x, v)
		}
	}
	slices.Sort(x)
	for _, v := range x {
		k := bucket(v)
		if k < lastKey {
			t.Fatalf("bucket(%v) = %d < bucket(%v) = %d", v, k, last, lastKey)
		}
		last, lastKey = v, k
		lo, hi, rep := edges(k)
		if v < lo || v > hi || rep < lo || rep > hi {
			t.Fatalf("%v is not in its bucket [%v, %v], or its stand-in %v is not", v, lo, hi, rep)
		}
		if math.Abs(v) >= 2.3e-308 && !math.IsInf(v, 0) && math.Abs(rep/v-1) > 0.0078 {
			t.Fatalf("%v stands for %v: off by %.3g", rep, v, rep/v-1)
		}
		if bucket(rep) != k {
			t.Fatalf("stand-in %v of bucket %d is in bucket %d", rep, k, bucket(rep))
		}
	}
}

func TestSketchQuantiles(t *testing.T) {
	r := random(2)
	var x []float64
	for range 20001 {
		x = append(x, 5*r.NormFloat64())
	}
	s := sketch(x...)
	slices.Sort(x)
	for _, q := range []float64{0.001, 0.01, 0.25, 0.4999, 0.5, 0.9, 0.999} {
		want := x[int(math.Ceil(q*20001))-1]
		near(t, "quantile", s.Quantile(q, Level).Value, want, 0.01)
	}
	if s.Quantile(0, Level).Value != x[0] || s.Quantile(1, Level).Value != x[20000] {
		t.Error("extremes are not exact")
	}
	if s.Quantile(1.5, Level).Known() || s.Quantile(math.NaN(), Level).Known() {
		t.Error("a quantile outside [0, 1]")
	}
	var total int64
	for i, b := range s.Bins() {
		total += b.Count
		if i > 0 && b.Lo < s.Bins()[i-1].Hi {
			t.Error("bins overlap")
		}
	}
	if total != s.N() {
		t.Errorf("bins hold %d of %d", total, s.N())
	}
}

func TestSketchOfFew(t *testing.T) {
	if e := sketch(math.NaN()).Quantile(0.5, Level); e.Known() || e.N != 0 {
		t.Errorf("no values: %+v", e)
	}
	if e := sketch(2).Quantile(0.5, Level); e.Value != 2 || !math.IsInf(e.Lo, -1) || !math.IsInf(e.Hi, 1) || !math.IsNaN(e.SE) {
		t.Errorf("one value: %+v", e)
	}
	// The median of 6 lies between the extremes with probability 1 − 2/2⁶ = 0.969; of 5 with 0.9375 only.
	if e := sketch(1, 2, 3, 4, 5, 6).Quantile(0.5, Level); e.Lo != 1 || e.Hi != 6 {
		t.Errorf("six values: %+v", e)
	}
	if e := sketch(1, 2, 3, 4, 5).Quantile(0.5, Level); !math.IsInf(e.Lo, -1) || !math.IsInf(e.Hi, 1) {
		t.Errorf("five values: %+v", e)
	}
	s := sketch(math.Inf(-1), -1, math.Copysign(0, -1), 0, 1, math.Inf(1), math.NaN())
	if s.N() != 6 || s.Bad() != 1 || len(s.Bins()) != 5 {
		t.Errorf("n %d, bad %d, bins %v", s.N(), s.Bad(), s.Bins())
	}
	if !math.IsInf(s.Quantile(0, Level).Value, -1) || !math.IsInf(s.Quantile(1, Level).Value, 1) || s.Quantile(0.5, Level).Value != 0 {
		t.Error("infinities or zeros lost")
	}
	if !bytes.Equal(encoded(t, sketch(0)), encoded(t, sketch(math.Copysign(0, -1)))) {
		t.Error("−0 and 0 give different bytes")
	}
}

// Any split, any order of adding and of merging: the same bytes.
func TestSketchMergeIsFreeOfOrder(t *testing.T) {
	r := random(4)
	for round := range 50 {
		var x []float64
		for range 1 + r.IntN(400) {
			x = append(x, wild(r))
		}
		want := encoded(t, sketch(x...))
		parts := make([]*Sketch, 1+r.IntN(6))
		for i := range parts {
			parts[i] = new(Sketch)
		}
		for _, i := range r.Perm(len(x)) {
			parts[r.IntN(len(parts))].Add(x[i])
		}
		for len(parts) > 1 { // a random tree
			i := r.IntN(len(parts) - 1)
			parts[i].Merge(parts[i+1])
			parts = slices.Delete(parts, i+1, i+2)
		}
		got := encoded(t, parts[0])
		if !bytes.Equal(got, want) {
			t.Fatalf("round %d: merged bytes differ", round)
		}
		var back Sketch
		if err := back.UnmarshalBinary(got); err != nil || !bytes.Equal(encoded(t, &back), want) {
			t.Fatalf("round %d: decoded %v", round, err)
		}
	}
	double := sketch(1, 2, -3)
	double.Merge(double)
	if !bytes.Equal(encoded(t, double), encoded(t, sketch(1, 1, 2, 2, -3, -3))) {
		t.Error("a sketch merged with itself")
	}
}

func TestSketchEncoding(t *testing.T) {
	// Pinned: stored sketches must stay readable.
	b := encoded(t, sketch(1, 1, -2, math.NaN()))
	want := []byte{1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x81, 0x80, 0x08, 1, 0x84, 0xff, 0x0f, 2}
	if !bytes.Equal(b, want) {
		t.Errorf("bytes %#v", b)
	}
	for cut := range b {
		if err := new(Sketch).UnmarshalBinary(b[:cut]); err == nil {
			t.Errorf("%d of %d bytes were accepted", cut, len(b))
		}
	}
	if new(Sketch).UnmarshalBinary(append(slices.Clone(b), 0)) == nil {
		t.Error("a byte too many was accepted")
	}
	r := random(9)
	for range 20000 { // damage never panics, and what is accepted is canonical
		d := slices.Clone(b)
		d[r.IntN(len(d))] ^= 1 << r.IntN(8)
		var s Sketch
		if s.UnmarshalBinary(d) == nil {
			again := encoded(t, &s)
			var twice Sketch
			if err := twice.UnmarshalBinary(again); err != nil {
				t.Fatalf("%v became %v: %v", d, again, err)
			}
		}
	}
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(sketch(1, 2)); err != nil {
		t.Fatal(err)
	}
	var back Sketch
	if err := gob.NewDecoder(&buf).Decode(&back); err != nil || back.N() != 2 {
		t.Errorf("gob: %v, n = %d", err, back.N())
	}
}

func TestSketchCovers(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		q    float64
	}{{"median of 40", 40, 0.5}, {"upper decile of 200", 200, 0.9}} {
		truth := -math.Log(1 - c.q)
		// Order statistics are discrete and buckets are 1.5 % wide: conservative, up to 98 %.
		covers(t, c.name, 2000, 0.95, 0.98, func(r *rand.Rand) (Estimate, float64) {
			var s Sketch
			for range c.n {
				s.Add(r.ExpFloat64())
			}
			return s.Quantile(c.q, 0.95), truth
		})
	}
}
