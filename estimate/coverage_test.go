package estimate

import (
	"math"
	"math/rand/v2"
	"testing"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) }

// covers runs a draw many times and demands that the fraction of intervals that hold the truth is p, or between p and
// most where the interval is conservative or only asymptotic. Slack of 4 binomial standard deviations: each
// call has a false-alarm probability below 1e-4.
func covers(t *testing.T, name string, sets int, p, most float64, draw func(r *rand.Rand) (Estimate, float64)) {
	t.Helper()
	r := random(uint64(len(name))*1000003 + uint64(name[0]))
	hits := 0
	for range sets {
		e, truth := draw(r)
		if e.Lo > e.Hi {
			t.Fatalf("%s: interval [%v, %v]", name, e.Lo, e.Hi)
		}
		if e.Lo <= truth && truth <= e.Hi {
			hits++
		}
	}
	got := float64(hits) / float64(sets)
	slack := 4 * math.Sqrt(p*(1-p)/float64(sets))
	t.Logf("%s: %.4f of %d", name, got, sets)
	if got < p-slack || got > most+slack {
		t.Errorf("%s: %.4f of %d intervals hold the truth; want %.4f to %.4f, ± %.4f", name, got, sets, p, most, slack)
	}
}

func near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if got == want || (math.IsNaN(got) && math.IsNaN(want)) {
		return
	}
	if !(math.Abs(got-want) <= rel*math.Max(math.Abs(want), 1e-300)) {
		t.Errorf("%s = %.17g, want %.17g: relative error %.2g exceeds %.2g", what, got, want, math.Abs(got/want-1), rel)
	}
}

func close1(t *testing.T, what string, got, want, abs float64) {
	t.Helper()
	if !(math.Abs(got-want) <= abs) && got != want {
		t.Errorf("%s = %.17g, want %.17g ± %.2g", what, got, want, abs)
	}
}
