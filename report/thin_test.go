package report

import (
	"math"
	"slices"
	"testing"

	"sgdlab/store"
)

func TestThin(t *testing.T) {
	n := 10_000
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i], y[i] = float64(i), math.Sin(float64(i)/500)
	}
	y[7_123] = 50 // a spike
	for k := 3_000; k < 3_100; k++ {
		y[k] = math.NaN()
	}
	for _, limit := range []int{40, 200, 2000} {
		keep := thin(x, y, limit)
		if len(keep) > limit || len(keep) < limit*3/4 {
			t.Errorf("limit %d: %d points", limit, len(keep))
		}
		if keep[0] != 0 || keep[len(keep)-1] != n-1 || !slices.IsSorted(keep) || len(slices.Compact(slices.Clone(keep))) != len(keep) {
			t.Errorf("limit %d: first %d, last %d, or not ascending", limit, keep[0], keep[len(keep)-1])
		}
		if !slices.Contains(keep, 7_123) {
			t.Errorf("limit %d: the spike is gone", limit)
		}
		early := 0
		for _, k := range keep {
			if k < n/100 {
				early++
			}
		}
		if early < min(limit/12, 80) {
			t.Errorf("limit %d: %d points in the first hundredth, which a logarithmic axis spreads over half of it", limit, early)
		}
	}
	if keep := thin(x[:5], y[:5], 8); len(keep) != 5 {
		t.Errorf("short series: %v", keep)
	}
	// A step of five decades down lies where the logarithm has it.
	for i := range y {
		y[i] = 1
		if i >= 5_000 {
			y[i] = 1e-5
		}
		if i >= 8_000 {
			y[i] = 1e-10
		}
	}
	keep := thin(x, y, 40)
	if !slices.ContainsFunc(keep, func(k int) bool { return k > 7_700 && k < 8_000 }) || !slices.ContainsFunc(keep, func(k int) bool { return k >= 8_000 && k < 8_300 }) {
		t.Errorf("the second step is lost: %v", keep)
	}
}

func TestThinTail(t *testing.T) {
	keep := thinTail(20_000, 300)
	if len(keep) > 300 || keep[0] != 0 || keep[len(keep)-1] != 19_999 || !slices.IsSorted(keep) {
		t.Fatalf("%d points from %d to %d", len(keep), keep[0], keep[len(keep)-1])
	}
	if !slices.Contains(keep, 19_998) || !slices.Contains(keep, 19_997) {
		t.Error("the last steps, the longest, are not all kept")
	}
	for i := 1; i < len(keep); i++ {
		if keep[i]-keep[i-1] > 20_000/140 {
			t.Fatalf("a gap from %d to %d", keep[i-1], keep[i])
		}
	}
}

func TestWords(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct{ got, want string }{
		{short(64.16418), "64.16"}, {short(-0.5), "−0.5"}, {short(0), "0"}, {short(nan), "–"}, {short(inf), "∞"}, {short(-inf), "−∞"},
		{short(1.5e-5), "1.5×10⁻⁵"}, {short(2.5e12), "2.5×10¹²"}, {short(123456), "123500"}, {short(999999.9), "1000000"}, {short(1e-300), "1×10⁻³⁰⁰"},
		{digits(12340, 3), "12300"},
		{uncertain(store.Estimate{Value: 64.16418, SE: 2.4361}), "64.2 ± 2.4"},
		{uncertain(store.Estimate{Value: 0.99012, SE: 0.0271}), "0.990 ± 0.027"},
		{uncertain(store.Estimate{Value: 3, SE: 0}), "3"},
		{uncertain(store.Estimate{Value: nan, SE: 1}), "–"},
		{uncertain(store.Estimate{Value: 1234.5, SE: 210}), "1234 ± 210"},
		{interval(59.380067, 68.948298), "[59.4, 68.9]"}, {interval(nan, nan), ""}, {interval(2, 2), ""}, {interval(1.5, inf), "[1.5, ∞]"},
		{count(1234567), "1\u202f234\u202f567"}, {count(-1234), "-1\u202f234"}, {count(12), "12"},
		{plural(1, "cell"), "1 cell"}, {plural(4, "cell"), "4 cells"},
		{duration(9.3), "9.3 s"}, {duration(187), "3 min 7 s"}, {duration(7500), "2 h 5 min"},
		{shell([]string{"sgdlab", "run", "a b.yaml", "x='1'", ""}), `sgdlab run 'a b.yaml' 'x='\''1'\''' ''`},
		{setting("[\n  3,\n  1.5\n]"), "[3, 1.5]"},
		{clean("a\x00b\nc\xff"), "a\ufffdb c\ufffd"},
		{compactNumber(1e-5, 4), "1e-5"}, {compactNumber(123456, 4), "1.235e5"}, {compactNumber(nan, 4), "null"}, {compactNumber(inf, 4), "null"},
		{list([]float64{0.123456, nan}, 4), "[0.1235,null]"},
	} {
		if c.got != c.want {
			t.Errorf("got %q; want %q", c.got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	if got := ticks(0, 10, 5); !slices.Equal(got, []float64{0, 2, 4, 6, 8, 10}) {
		t.Errorf("%v", got)
	}
	if got := ticks(-0.1, 0.32, 4); !slices.Equal(got, []float64{0, 0.2}) || math.Signbit(got[0]) {
		t.Errorf("%v", got)
	}
	if got := ticks(1, 1, 4); len(got) != 1 {
		t.Errorf("%v", got)
	}
	decades := 0
	for _, tick := range logTicks(1e-9, 1e9, 6) {
		if tick.Label != "" {
			decades++
		}
	}
	if decades < 4 || decades > 8 {
		t.Errorf("%d labels over 18 decades", decades)
	}
}
