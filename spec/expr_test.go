package spec

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestExpressions(t *testing.T) {
	root := yaml(t, "a: {b: [4, 0.5], label-noise: 3, text: x}\nsamples: 10\nhalf: $samples/2\nloop: 1+$loop\n")
	lookup := Numbers(root, map[string]float64{"n": 200, "x_1": 7})
	for text, want := range map[string]float64{
		"1":                    1,
		" 1_000 ":              1000,
		"1e-4*1E4":             1,
		".5":                   0.5,
		"0x10":                 16,
		"1+2*3":                7,
		"(1+2)*3":              9,
		"7-2-1":                4,
		"16/4/2":               2,
		"2^3^2":                512,
		"-2^2":                 -4,
		"2^-1":                 0.5,
		"--2":                  2,
		"2*-3":                 -6,
		"+3":                   3,
		"1/n":                  0.005,
		"1/(n-1)":              1.0 / 199,
		"x_1":                  7,
		"sqrt(16) + abs(-2)":   6,
		"exp(0) + log(exp(1))": 2,
		"min(3, 1, 2)":         1,
		"max(3)":               3,
		"max(1, min(5, 2^2))":  4,
		"2*sin(pi/2)":          2,
		"pow(2, -3)":           0.125,
		"where(-1, 2, n)":      200,
		"1/$a.b[1]":            2,
		"$a.b[0]^2":            16,
		"$a.b.0":               4,
		"$a.label-noise":       3,
		"$samples-1":           9,
		"$samples -1":          9,
		"$half*2":              10,
		"-inf":                 math.Inf(-1),
		"1/inf":                0,
	} {
		got, err := EvalExpr(text, lookup)
		if err != nil || math.Abs(got-want) > 1e-15*math.Abs(want) && got != want {
			t.Errorf("%s = %v, %v; want %v", text, got, err, want)
		}
	}
	e, err := ParseExpr("n + 1/$a.b[1] - n*$samples-1")
	if err != nil || !slices.Equal(e.Refs(), []string{"n", "$a.b[1]", "$samples"}) {
		t.Errorf("Refs: %v, %v", e.Refs(), err)
	}
}

func TestExpressionRefusals(t *testing.T) {
	root := yaml(t, "a: {b: [4, 0.5], text: x}\nloop: 1+$loop\n")
	for text, want := range map[string]string{
		"":                                "column 1: got the end; want a number",
		"1+":                              "column 3: got the end; want a number",
		"1 2":                             "column 3: got 2; want an operator",
		"(1":                              "column 3: got the end; want an operator or )",
		"1)":                              "column 2: got ); want an operator",
		"é + ^":                           "column 5: got ^; want a number",
		"2n":                              "column 1: got 2n; want a number",
		"1..2":                            "column 1: got 1..2",
		"1 % 2":                           "column 3: got %",
		"$":                               "column 1: got $",
		"sinc(1)":                         "column 1: got the function sinc; want one of pow, sqrt, exp, expm1, log,",
		"sqr(1)":                          "did you mean sqrt?",
		"sqrt(1, 2)":                      "column 1: got 2 arguments of sqrt; want 1",
		"min()":                           "column 5: got )",
		"1/0":                             "column 2: division by zero",
		"1/(2-2)":                         "column 2: division by zero",
		"sqrt(-1)":                        "column 1: sqrt(-1) has no finite value",
		"log(0)":                          "column 1: log(0) has no finite value",
		"exp(1000)":                       "column 1: exp(1000) has no finite value",
		"(-8)^0.5":                        "column 5: -8 ^ 0.5 has no finite value",
		"inf-inf":                         "column 4: ",
		"m":                               "column 1: got the name m; want one of n, or a $path",
		"1+$a.c":                          "column 3: got $a.c, which matches nothing; want a path into the spec: a has b, text",
		"$a.text":                         "got $a.text, which is x; want a number",
		"$a.b":                            "got $a.b, which is a list of 2; want a number",
		"$loop":                           "leads back to itself",
		strings.Repeat("(", 10_000):       "fewer parentheses",
		strings.Repeat("-", 10_000):       "fewer parentheses and signs",
		strings.Repeat("1^", 5_000) + "1": "fewer parentheses and signs",
		strings.Repeat("1+", 5_000) + "1": "a shorter expression",
		strings.Repeat("1", 20_000):       "want a shorter one",
	} {
		_, err := EvalExpr(text, Numbers(root, map[string]float64{"n": 1}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v; want … %s …", text, err, want)
		}
	}
	if _, err := EvalExpr("n", nil); err == nil || !strings.Contains(err.Error(), "numbers only") {
		t.Errorf("a name without a lookup: %v", err)
	}
	mine := errors.New("mine")
	if _, err := EvalExpr("n", func(string) (float64, error) { return 0, mine }); !errors.Is(err, mine) {
		t.Errorf("the lookup's error is lost: %v", err)
	}
	if _, err := EvalExpr("n", func(string) (float64, error) { return math.NaN(), nil }); err == nil {
		t.Error("NaN passes")
	}
}
