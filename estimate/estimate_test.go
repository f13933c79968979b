package estimate

import (
	"math"
	"testing"
)

func TestTransformedEstimates(t *testing.T) {
	e := Estimate{Value: 2, SE: 0.1, Lo: 1.8, Hi: 2.2, N: 7, Unit: "steps"}
	l := e.Log()
	near(t, "log", l.Value, math.Log(2), 1e-15)
	near(t, "log se", l.SE, 0.05, 1e-15)
	near(t, "log lo", l.Lo, math.Log(1.8), 1e-15)
	near(t, "log hi", l.Hi, math.Log(2.2), 1e-15)
	i := e.Inverse()
	near(t, "inverse se", i.SE, 0.025, 1e-15)
	if i.Value != 0.5 || i.Lo != 1/2.2 || i.Hi != 1/1.8 || i.N != 7 {
		t.Errorf("inverse %+v", i)
	}
	if s := e.Scaled(-2); s.Value != -4 || s.SE != 0.2 || s.Lo != -4.4 || s.Hi != -3.6 || s.Unit != "" {
		t.Errorf("scaled %+v", s)
	}
	if (Estimate{Value: -1}).Log().Known() || Missing(3).Log().Known() || (Estimate{Value: -1}).Inverse().Known() {
		t.Error("a negative number has a logarithm or a mean time")
	}
	if l := (Estimate{Value: 1, SE: 2, Lo: -3, Hi: 5}).Log(); !math.IsInf(l.Lo, -1) {
		t.Errorf("log over zero %+v", l)
	}
	// No event in exposure 10: the mean time is unbounded above and has a lower limit.
	if i := (Estimate{Value: 0, Lo: 0, Hi: 0.25}).Inverse(); !math.IsInf(i.Value, 1) || i.Lo != 4 || !math.IsInf(i.Hi, 1) {
		t.Errorf("inverse of no rate %+v", i)
	}
	if e.In("time").Unit != "time" || Exact(3) != (Estimate{Value: 3, Lo: 3, Hi: 3, N: 1}) {
		t.Error("unit or exact")
	}
}

func TestDecide(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	e := func(lo, v, hi float64) Estimate { return Estimate{Value: v, Lo: lo, Hi: hi, N: 100} }
	for _, c := range []struct {
		name   string
		e      Estimate
		lo, hi float64
		want   Decision
	}{
		{"inside", e(1, 2, 3), 0, 4, Decision{Holds, 0}},
		{"inside, touching", e(1, 2, 3), 1, 3, Decision{Holds, 0}},
		{"above", e(5, 6, 7), 0, 4, Decision{Fails, 0}},
		{"below", e(5, 6, 7), 8, 9, Decision{Fails, 0}},
		{"value inside, needs both sides in", e(1, 2, 4), 1.5, 5, Decision{Undecided, 400}},
		{"value inside, the other side", e(1, 2, 4), 0, 3, Decision{Undecided, 400}},
		{"value above the band", e(1, 3, 5), -inf, 2, Decision{Undecided, 400}},
		{"value below the band", e(1, 3, 5), 4, inf, Decision{Undecided, 400}},
		{"at least, straddling", e(1, 3, 9), 2, inf, Decision{Undecided, 400}},
		{"band inside the interval", e(0, 2, 4), 1, 3, Decision{Undecided, 400}},
		{"on the edge", e(1, 2, 3), 2, 5, Decision{Undecided, 0}},
		{"almost there", e(1, 2, 3), 1.0000001, 5, Decision{Undecided, 101}},
		{"unbounded", e(-inf, 2, inf), 0, 5, Decision{Undecided, 0}},
		{"unbounded, but all", e(-inf, 2, inf), -inf, inf, Decision{Holds, 0}},
		{"missing", Missing(0), 0, 5, Decision{Undecided, 0}},
		{"value unknown, end known", e(7, nan, inf), 5, inf, Decision{Holds, 0}},
		{"value unknown, straddling", e(7, nan, inf), 8, inf, Decision{Undecided, 0}},
		{"empty band", e(1, 2, 3), 5, 0, Decision{Fails, 0}},
		{"exact", Exact(2), 2, 2, Decision{Holds, 0}},
		{"exact, wrong", Exact(2), 3, 3, Decision{Fails, 0}},
	} {
		if got := Decide(c.e, c.lo, c.hi); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// The n that Decide names does decide, when the interval shrinks as it supposes; one tenth less does not.
func TestNeedsDecides(t *testing.T) {
	r := random(5)
	for range 5000 {
		v, w1, w2 := r.Float64(), r.Float64(), r.Float64()
		e := Estimate{Value: v, Lo: v - w1, Hi: v + w2, N: 1000}
		lo := r.Float64()
		hi := lo + r.Float64()
		d := Decide(e, lo, hi)
		if d.Verdict != Undecided || d.Needs == 0 {
			continue
		}
		at := func(n float64) Verdict {
			s := math.Sqrt(1000 / n)
			return Decide(Estimate{Value: v, Lo: v - s*w1, Hi: v + s*w2, N: int64(n)}, lo, hi).Verdict
		}
		if got := at(float64(d.Needs) * (1 + 1e-9)); got == Undecided {
			t.Fatalf("%+v in [%v, %v]: still undecided at n = %d", e, lo, hi, d.Needs)
		}
		if d.Needs > 1200 && at(0.9*float64(d.Needs)) != Undecided {
			t.Fatalf("%+v in [%v, %v]: decided before n = %d", e, lo, hi, d.Needs)
		}
	}
}
