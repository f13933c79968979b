package study

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// bowls is three Ornstein–Uhlenbeck processes, two of one law and one with more noise, and one about another place.
const bowls = `
seed: 1
model: {name: quadratic, spectrum: [1, 2]}
start: {name: point, at: [1, 0]}
dynamics:
  one:   {name: sde, calculus: ito, step: 0.1, noise: {factor: identity, temperature: 0.1}}
  other: {name: sde, calculus: ito, step: 0.1, noise: {factor: identity, temperature: 0.1}}
  warm:  {name: sde, calculus: ito, step: 0.1, noise: {factor: identity, temperature: 0.3}}
  slow:  {name: sde, calculus: ito, step: 0.1, drift: {name: formula, variables: [x, y], components: ["1 - x", "-2*y"]}, noise: {factor: identity, temperature: 0.1}}
observe: [{name: coordinate, on: end}, {name: coordinate, index: 1, on: end}, {name: loss, on: end}]
ensemble: {replicas: 512, keep: 512, independent: true, until: {steps: 60}}
ask: [{name: compare-models, reference: one, n: 32}]
`

func compared(t *testing.T, text string) Analysis {
	t.Helper()
	st := load(t, text)
	got, err := st.Analyse(simulated(t, st))
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %d analyses", err, len(got))
	}
	return got[0]
}

// Equal laws are not told apart, a shift and a spread are, each by the statistic that looks at it.
func TestCompareModels(t *testing.T) {
	got := compared(t, bowls)
	far, best := got.Tables[0], got.Tables[2]
	for i, words := range far.Words {
		for k, d := range between {
			p := float64(far.Numbers[i][2*k+1])
			if same := words[0] == "other"; same != (p > 0.01) {
				t.Errorf("%s: p = %g of %s", words[0], p, d.Name)
			}
		}
	}
	if len(far.Words) != 3 || len(best.Words) != 6 {
		t.Fatalf("%d arms and %d pairs", len(far.Words), len(best.Words))
	}
	find := func(a, b string) int {
		return slices.IndexFunc(best.Words, func(w []string) bool { return w[0] == a && w[1] == b })
	}
	for _, tc := range []struct {
		a, b, what string
		least      float64
		most       float64
	}{
		{"one", "other", "", 0, 0.3},
		{"one", "slow", "mean of coordinate[0]", 0.95, 1},
		{"other", "slow", "mean of coordinate[0]", 0.95, 1},
		{"one", "warm", "", 0.8, 1},
	} {
		i := find(tc.a, tc.b)
		power := float64(best.Numbers[i][0])
		if power < tc.least || power > tc.most || tc.what != "" && best.Words[i][2] != tc.what {
			t.Errorf("%s and %s: %q with power %g", tc.a, tc.b, best.Words[i][2], power)
		}
	}
	if i := find("one", "warm"); !strings.Contains(best.Words[i][2], "spread") && !strings.Contains(best.Words[i][2], "loss") && !strings.Contains(best.Words[i][2], "law") {
		t.Errorf("three times the noise is told by %q", best.Words[i][2])
	}
	text := strings.Join(got.Text, "\n")
	for _, want := range []string{"other: its law is told apart from that of one in 0 of 1 cells", "warm: its law is told apart from that of one in 1 of 1", "the best statistic of a pair"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
	again := compared(t, bowls)
	if !slices.Equal(got.Text, again.Text) {
		t.Error("a second look says something else")
	}
}

// Arms that share random numbers are compared by replica, and not asked what to track.
func TestCompareModelsPaired(t *testing.T) {
	got := compared(t, strings.Replace(bowls, "independent: true, ", "", 1))
	if len(got.Tables) != 2 || !strings.Contains(got.Text[len(got.Text)-1], "independent: true") {
		t.Errorf("%d tables, and %q", len(got.Tables), got.Text)
	}
	for i, words := range got.Tables[0].Words {
		if p := float64(got.Tables[0].Numbers[i][1]); words[0] == "other" && p != 1 {
			t.Errorf("the same path twice: p = %g", p)
		}
	}
	few := compared(t, strings.NewReplacer("replicas: 512, keep: 512", "replicas: 100, keep: 100").Replace(bowls))
	if last := few.Text[len(few.Text)-1]; !strings.Contains(last, "256 kept replicas") {
		t.Errorf("of 100 replicas it says %q", last)
	}
}

func TestCompareModelsRefuses(t *testing.T) {
	for _, tc := range []struct{ old, new, want string }{
		{"reference: one", "reference: two", "one of the dynamics"},
		{"n: 32", "columns: [loss, los]", "los"},
		{"n: 32", "n: 3", "n"},
		{"keep: 512, ", "", "ensemble.keep"},
		{"keep: 512, ", "keep: 100, ", "100 of 512 replicas kept"},
	} {
		_, err := LoadText("t.yaml", []byte(strings.Replace(bowls, tc.old, tc.new, 1)), ".", Options{})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.new, err, tc.want)
		}
	}
}

// A statistic is chosen on the first half of the replicas and its power told from the second: of two dynamics that differ in x in the first half
// and in y in the second it is that of x, without power.
func TestDuelHoldsOut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var a, b bundle
	for i := range 400 {
		x, y := r.NormFloat64(), r.NormFloat64()
		a.rows = append(a.rows, []float64{r.NormFloat64(), r.NormFloat64()})
		if i < 200 {
			x += 2
		} else {
			y += 2
		}
		b.rows = append(b.rows, []float64{x, y})
	}
	looks := statistics([]string{"x", "y"}, 1)
	d := newDuel(len(looks))
	if enough, err := d.add(a, b, 25, looks, []int{0, 1}); err != nil || !enough {
		t.Fatal(enough, err)
	}
	at := func(name string) int {
		return slices.IndexFunc(looks, func(s statistic) bool { return s.name == name })
	}
	x, y := at("mean of x"), at("mean of y")
	if d.of != 8 || d.chosen[x] != 8 || d.told[x] > 3 || d.chosen[y] > 3 || d.told[y] != 8 {
		t.Errorf("of %d samples x is chosen in %d and told in %d, y in %d and %d", d.of, d.chosen[x], d.told[x], d.chosen[y], d.told[y])
	}
	if enough, _ := d.add(a, b, 100, looks, []int{0, 1}); enough {
		t.Error("two samples in each half are enough")
	}
}
