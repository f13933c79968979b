package spec

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func TestRanges(t *testing.T) {
	for text, want := range map[string][]float64{
		"range(0, 3)":                     {0, 1, 2},
		"range(2,10,3)":                   {2, 5, 8},
		"range(0, 9, 3)":                  {0, 3, 6},
		"range(3, 0, -1)":                 {3, 2, 1},
		"range(0, 0.5, 0.1)":              {0, 0.1, 0.2, 0.3, 0.4}, // in floating point 3 × 0.1 is not 0.3
		"range(0, 0.35, 0.1)":             {0, 0.1, 0.2, 0.3},
		"linspace(0, 1, 5)":               {0, 0.25, 0.5, 0.75, 1},
		"linspace(1, 0.7, 4)":             {1, 0.9, 0.8, 0.7},
		"linspace(0, 1/3, 2)":             {0, 1.0 / 3},
		"logspace(1e-3, 1, 4)":            {1e-3, 1e-2, 0.1, 1},
		"logspace(1, 1_024, 11)":          {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024},
		"logspace(100, 0.01, 3)":          {100, 1, 0.01},
		"logspace(2, 2, 2)":               {2, 2},
		"[0, logspace(1e-3, 1, 4), 7]":    {0, 1e-3, 1e-2, 0.1, 1, 7},
		"[5]":                             {5},
		"[]":                              {},
		"'range(0, 2)'":                   {0, 1}, // as JSON writes it
		"logspace(1e-300, 1e300, 3)":      {1e-300, 1, 1e300},
		"range(-2, 1)":                    {-2, -1, 0},
		"[range(0, 2), range(5, 6), -.5]": {0, 1, 5, -0.5},
	} {
		got, err := value(t, text).Floats()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	if got, err := value(t, "range(0, 3)").Strings(); err != nil || !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("a range of seeds is spelled %q, %v", got, err)
	}
	if got, err := value(t, "[1, 2e3]").Ints(); err != nil || !slices.Equal(got, []int64{1, 2000}) {
		t.Errorf("Ints: %v, %v", got, err)
	}
	if got, err := value(t, "[a, 'b c', p00..p77]").Strings(); err != nil || !slices.Equal(got, []string{"a", "b c", "p00..p77"}) {
		t.Errorf("Strings: %v, %v", got, err)
	}
}

// TestArithmeticIsCorrectlyRounded compares both ways of computing with exact fractions.
func TestArithmeticIsCorrectlyRounded(t *testing.T) {
	for _, tc := range [][2]string{{"0", "0.1"}, {"-7.3", "0.007"}, {"1e-30", "1e-31"}, {"0.1", "1/3"}, {"5", "-1"}, {"9007199254740990", "1"}, {"1e17", "0.3"}, {"262518335482027.47", "0.7"}, {"9005424027877.883", "123456789.1"}} {
		first, _ := EvalExpr(tc[0], nil)
		step, _ := EvalExpr(tc[1], nil)
		a, _ := new(big.Rat).SetString(formatFloat(first))
		h, _ := new(big.Rat).SetString(formatFloat(step))
		for i, got := range arithmetic(a, h, 100) {
			want, _ := new(big.Rat).Add(a, new(big.Rat).Mul(h, big.NewRat(int64(i), 1))).Float64()
			if got != want {
				t.Errorf("%s + %d·%s = %v; want %v", tc[0], i, tc[1], got, want)
			}
		}
	}
}

// TestGeometricIsCorrectlyRounded compares with powers known exactly, 2^(i/1000) at whole i/1000, and with the
// defining property elsewhere: neighbours have one ratio, to an ulp.
func TestGeometricIsCorrectlyRounded(t *testing.T) {
	got, err := value(t, "logspace(1, 1048576, 20001)").Floats()
	if err != nil || len(got) != 20001 {
		t.Fatal(len(got), err)
	}
	for i := 0; i <= 20; i++ {
		if got[1000*i] != math.Ldexp(1, i) {
			t.Errorf("value %d is %v; want 2^%d", 1000*i, got[1000*i], i)
		}
	}
	for i := 1; i < len(got); i++ {
		if r := math.Log2(got[i]/got[i-1]) * 1000; math.Abs(r-1) > 1e-12 {
			t.Fatalf("ratio %d is 2^(%v/1000)", i, r)
		}
	}
}

// TestRoot: r^k is x again, to the k roundings that 256 bits leave.
func TestRoot(t *testing.T) {
	for _, k := range []int{1, 2, 3, 1000, 999_999} {
		for _, text := range []string{"1", "3", "1e-600", "7e599"} {
			x, _, err := big.ParseFloat(text, 10, 256, big.ToNearestEven)
			if err != nil {
				t.Fatal(err)
			}
			q := new(big.Float).Quo(power(root(x, k), k), x)
			if e, _ := q.Sub(q, big.NewFloat(1)).Float64(); math.Abs(e) > float64(k)*math.Ldexp(1, -252) {
				t.Errorf("root %d of %s: relative error %g", k, text, e)
			}
		}
	}
}

func TestRangeRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"range(3)":                       "range(a, b) or range(a, b, step)",
		"range(0, 1, 0)":                 "a step that is not 0",
		"range(5, 5)":                    "holds something",
		"range(0, 5, -1)":                "holds something",
		"range(0, 1e7)":                  "at most 1000000 values",
		"range(0, 1, 1e-300)":            "at most 1000000 values",
		"range(0, x)":                    "numbers",
		"range(0, inf)":                  "finite numbers",
		"linspace(0, 1)":                 "linspace(a, b, n)",
		"linspace(0, 1, 2.5)":            "a whole number of values",
		"linspace(0, 1, 1)":              "a whole number of values from 2",
		"logspace(-3, 0, 4)":             "end values > 0",
		"logspace(0, 1, 4)":              "end values > 0",
		"5":                              "a list",
		"text":                           "a list",
		"{a: 1}":                         "got a map; want a list",
		"[1, x]":                         "got x at place 1 of the list; want a number",
		"[1, '2']":                       `got the text "2" at place 1`,
		"[1, [2]]":                       "got a list of 1 at place 1",
		"[1, range(0)]":                  "range(a, b)",
		"range(0, (1)":                   "range(a, b)",
		"[range(0, 6e5), range(0, 6e5)]": "more than 1000000 values",
	} {
		if _, err := value(t, text).Floats(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want … %s …", text, err, want)
		}
	}
	var none *Node
	if _, err := none.Floats(); err == nil {
		t.Error("an absent node is a list")
	}
}

func TestNameRange(t *testing.T) {
	for text, want := range map[string][2]string{"p00..p77": {"p00", "p77"}, "a..b": {"a", "b"}, "x": {}, "p00...p77": {}, "..b": {}, "a..": {}, "a..b..c": {}, "../data/x.csv": {}, "1..5": {}, "a .. b": {}} {
		from, to, ok := NameRange(text)
		if ok != (want[0] != "") || ok && (from != want[0] || to != want[1]) {
			t.Errorf("%s: %q, %q, %v; want %q", text, from, to, ok, want)
		}
	}
}
