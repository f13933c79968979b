package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestBenchOrders: the table shows declared and measured orders, what is exact and what is refused; --json the same numbers.
func TestBenchOrders(t *testing.T) {
	out, _ := done(t, "bench", "orders", "--scheme", "log-euler", "--paths", "80")
	for _, want := range []string{"log-euler", "geometric", "exact", "coupled", "refused", "dx = x/2 dt + x dW", "every order is the one declared", "(80 paths, "} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	out, _ = done(t, "bench", "orders", "--scheme", "log-euler", "--paths", "80", "--json")
	var doc struct {
		Paths  int
		Off    []string
		Orders []struct {
			Scheme, Problem, Noise, Refused string
			Strong, Weak                    *struct {
				Declared, Measured *float64
				Exact              bool
				Steps, Errors      []float64
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, o := range doc.Orders {
		switch {
		case o.Refused != "":
			seen["refused"] = o.Strong == nil
		case o.Problem == "geometric":
			seen["exact"] = o.Strong.Exact && o.Weak.Exact && o.Strong.Measured == nil && len(o.Weak.Errors) == 5
		case o.Problem == "coupled":
			seen["measured"] = o.Weak == nil && *o.Strong.Declared == 1 && *o.Strong.Measured > 0.8 && *o.Strong.Measured < 1.2
		}
	}
	if doc.Paths != 80 || len(doc.Off) != 0 || !seen["refused"] || !seen["exact"] || !seen["measured"] {
		t.Errorf("seen %v in %s", seen, out)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"bench", "W9"}, "did you mean W1?"},
		{[]string{"bench", "W1", "--threads", "0"}, "at least 1"},
		{[]string{"bench", "order"}, "did you mean orders?"},
		{[]string{"bench", "orders", "heun"}, "--scheme NAME"},
		{[]string{"bench", "orders", "--scheme", "huen"}, "did you mean heun?"},
		{[]string{"bench", "orders", "--paths", "7"}, "at least 80"},
	} {
		if status, _, log := lab(tc.args...); status != exitRequest || !strings.Contains(log, tc.want) {
			t.Errorf("%v: status %d, %s; want it to say %q", tc.args, status, log, tc.want)
		}
	}
}
