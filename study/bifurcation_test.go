package study

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

const road = `
model: {name: formula, loss: (x^2-1)^2/4}
start: {name: point, at: [0.9]}
dynamics: {gd: {name: gd, rate: 1}}
ensemble: {replicas: 1, until: {steps: 3000}}
observe:
  - {name: orbit, of: coordinate, values: 8, max-period: 32, "on": end}
  - {name: lyapunov, steps: 2000, "on": end}
  - {name: cycle, "on": end}
`

// TestBifurcation: the doublings of the cubic map, 1, √5 − 1, 1.288032 and 1.299228, from a sweep of 16 rates, each within its
// bracket as wide as asked; their ratio; the onset of chaos, 1.3022835, in one as wide too.
func TestBifurcation(t *testing.T) {
	st := load(t, road+`
sweep: {dynamics.gd.rate: [0.955, 0.98, 1.02, 1.1, 1.2, 1.22, 1.25, 1.27, 1.285, 1.291, 1.297, 1.3, 1.301, 1.306, 1.32, 1.35]}
ask: [{name: bifurcation, bisect: true, tolerance: 1e-4}]
`)
	all := simulated(t, st)
	analyses, err := st.Analyse(all)
	if err != nil {
		t.Fatal(err)
	}
	a := analyses[0]
	changes := a.Tables[0]
	for i, want := range []struct{ from, to, at float64 }{{1, 2, 1}, {2, 4, math.Sqrt(5) - 1}, {4, 8, 1.288032}, {8, 16, 1.299228}} {
		row := changes.Numbers[i]
		if float64(row[0]) != want.from || float64(row[1]) != want.to || !(float64(row[2]) <= want.at && want.at <= float64(row[3])) || !(float64(row[3]-row[2]) < 3e-4) {
			t.Errorf("change %d: %v, want %g → %g at %.7g", i, row, want.from, want.to, want.at)
		}
	}
	if r := changes.Numbers[3][4:]; math.Abs(float64(r[0])-4.6412) > 0.1 || !(r[1] < r[0] && r[1] <= 4.6412 && 4.6412 <= r[2] && r[0] < r[2]) {
		t.Errorf("ratio %g, want 4.6412 within its bounds", r)
	}
	text := strings.Join(a.Text, "\n")
	_, begins, _ := strings.Cut(text, "chaos (λ > 0.005) begins in ")
	var lower, upper float64
	if _, err := fmt.Sscanf(begins, "[%g, %g]", &lower, &upper); err != nil || !(lower <= 1.3022835 && 1.3022835 <= upper && upper-lower <= 1.32e-4) || !strings.Contains(text, "1 → 2") {
		t.Errorf("%v: %s", err, text)
	}
	titles := map[string]int{}
	for _, p := range a.Plots {
		titles[p.Title] = len(p.Dots) + len(p.Lines)
	}
	if titles["Values along the orbit"] != 1 || titles["Lyapunov exponent"] != 1 || titles["Floquet multipliers"] != 2 {
		t.Errorf("plots %v", titles)
	}
	// A minimum is one dot, a two-cycle two, and chaos as many as there are values.
	count := map[float64]int{}
	for _, x := range a.Plots[0].Dots[0].X {
		count[float64(x)]++
	}
	for _, o := range all {
		p, _ := o.end("orbit-period")
		x, _ := st.Points[o.Cell.Point].Params[0].Value.Float()
		want := 8
		if p > 0 {
			want = min(8, int(p))
		}
		if count[x] != want {
			t.Errorf("%d dots at %g, of period %g", count[x], x, p)
		}
	}
}

// TestBrackets: a bracket is printed to three digits of its width, and never narrower than it is.
func TestBrackets(t *testing.T) {
	for want, c := range map[string]bracket{
		"[1.236000, 1.236834]": {lower: 1.236, upper: 1.2368333333}, "[0.999833, 1.000000]": {lower: 0.9998333333, upper: 1}, "[1.5, 49.6]": {lower: 1.5, upper: 49.51},
		"[0.0199, 0.0301]": {lower: 0.01995, upper: 0.03001}, "[1.3, 1.3]": {lower: 1.3, upper: 1.3},
	} {
		if got := c.String(); got != want {
			t.Errorf("[%v, %v] is printed as %s, want %s", c.lower, c.upper, got, want)
		}
	}
}

// TestBifurcationOfSeveral: one line for each dynamics and each value of what else is swept; without bisect brackets are between
// neighbours; a replica that diverges has no period.
func TestBifurcationOfSeveral(t *testing.T) {
	st := load(t, strings.Replace(road, "loss: (x^2-1)^2/4}", "loss: (x^2-a)^2/4, parameters: {a: 1}}", 1)+`
sweep: {product: {model.parameters.a: [1, 2], dynamics.gd.rate: [0.4, 0.55, 0.9, 1.1, 1.25, 2.4]}}
ask: [{name: bifurcation, over: dynamics.gd.rate}]
`)
	analyses, err := st.Analyse(simulated(t, st))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, row := range analyses[0].Tables[0].Numbers {
		words := analyses[0].Tables[0].Words[i]
		if float64(row[0]) == 1 && float64(row[1]) == 2 {
			seen[words[0]] = true
			want := [2]float64{0.9, 1.1}
			if strings.HasSuffix(words[0], "=2") {
				want = [2]float64{0.4, 0.55}
			}
			if float64(row[2]) != want[0] || float64(row[3]) != want[1] {
				t.Errorf("%s doubles in %v, want %v", words[0], row[2:4], want)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("lines %v", seen)
	}
}

// TestBifurcationOfNothing: where every replica diverges that is what is said, and claims say it too; without an exponent what to observe is.
func TestBifurcationOfNothing(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{road + "sweep: {dynamics.gd.rate: [3, 4]}\nask: [{name: bifurcation, bisect: true}]\nclaims: [{id: a, says: b, measure: {value: lyapunov}, expect: {at-least: 0}}]\n", "no chaos: every replica diverged"},
		{strings.Replace(road, "  - {name: lyapunov, steps: 2000, \"on\": end}\n", "", 1) + "sweep: {dynamics.gd.rate: [1.2, 3]}\nask: [{name: bifurcation}]\n", "observe {name: lyapunov, "},
	} {
		found, err := load(t, tc.text).Conclude("", simulated(t, load(t, tc.text)))
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(found.Analyses[0].Text, "\n"); !strings.Contains(text, tc.want) {
			t.Errorf("%q; want it to say %q", text, tc.want)
		}
		for _, v := range found.Verdicts {
			if !strings.Contains(v.Expectation, "1 of 1 replicas diverged, and there is nothing to measure it from") {
				t.Errorf("%+v", v)
			}
		}
	}
}

func TestBifurcationMistakes(t *testing.T) {
	for what, tc := range map[string]struct{ text, want string }{
		"no sweep":      {road + "ask: [{name: bifurcation}]\n", "over"},
		"another path":  {road + "sweep: {dynamics.gd.rate: [1, 1.1]}\nask: [{name: bifurcation, over: dynamics.gd.rat}]\n", "dynamics.gd.rate"},
		"no orbit":      {strings.Replace(road, "name: orbit, of: coordinate, values: 8, max-period: 32", "name: loss", 1) + "sweep: {dynamics.gd.rate: [1, 1.1]}\nask: [{name: bifurcation}]\n", "no column orbit-period"},
		"another orbit": {road + "sweep: {dynamics.gd.rate: [1, 1.1]}\nask: [{name: bifurcation, orbit: first}]\n", "first-period"},
		"replicas": {strings.Replace(strings.Replace(road, "replicas: 1", "replicas: 3", 1), "{name: point, at: [0.9]}", "{name: gaussian, deviation: 0.1}", 1) +
			"sweep: {dynamics.gd.rate: [1, 1.1]}\nask: [{name: bifurcation}]\n", "replicas: 1"},
	} {
		_, err := LoadText("t.yaml", []byte(tc.text), ".", Options{})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
