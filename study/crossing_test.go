package study

import (
	"math"
	"strings"
	"testing"
)

const cascade = `
model: {name: formula, loss: (x^2-1)^2/4}
start: {name: point, at: [0.9]}
dynamics: {gd: {name: gd, rate: 1}}
ensemble: {replicas: 1, until: {steps: 2000}}
observe:
  - {name: orbit, of: coordinate, "on": end}
  - {name: cycle, period: 2, "on": end}
  - {name: lyapunov, "on": end}
sweep: {dynamics.gd.rate: "linspace(1.05, 1.4, 36)"}
`

// TestCrossings: from 36 rates the doubling of the two-cycle to 1e-8, and the onset of chaos, 1.3023, between two of them.
func TestCrossings(t *testing.T) {
	st := read(t, cascade, `
  - {id: doubling, says: x, measure: {crossing: {of: {value: flip-multiplier}, level: -1, over: dynamics.gd.rate}}, expect: {equals: 1.2360679774997898, absolute: 1e-7}}
  - {id: in-another-axis, says: x, measure: {crossing: {of: {value: flip-multiplier}, level: -1, over: 1/$dynamics.gd.rate, which: last}}, expect: {equals: 0.80901699437494745, absolute: 1e-6}}
  - {id: chaos, says: x, measure: {crossing: {of: {value: lyapunov}, level: 0.01, over: dynamics.gd.rate, linear: true}}, expect: {between: [1.299, 1.311]}}
  - {id: never, says: x, measure: {crossing: {of: {value: flip-multiplier}, level: 2, over: dynamics.gd.rate}}, expect: {equals: 1, absolute: 1}}
`)
	verdicts := st.Judge("", simulated(t, st))
	if len(verdicts) != 4 {
		t.Fatal(show(verdicts))
	}
	for i, want := range []string{"holds", "holds", "holds", "undecided"} {
		if string(verdicts[i].Verdict) != want {
			t.Errorf("claim %d: %s", i, show(verdicts[i:i+1]))
		}
	}
	if !near(verdicts[0].Measured, math.Sqrt(5)-1, 1e-8) || !near(verdicts[2].Interval[0], 1.3, 1e-12) || !near(verdicts[2].Interval[1], 1.31, 1e-12) {
		t.Error(show(verdicts))
	}
	if s := show(verdicts[3:]); !strings.Contains(s, "no crossing of 2") {
		t.Errorf("no reason: %s", s)
	}
}

func TestCrossingMistakes(t *testing.T) {
	for body, want := range map[string]string{
		"{of: {value: period}, level: 2}":                                        "over",
		"{of: {value: period}, over: dynamics.gd.rate}":                          "level",
		"{of: {value: period}, level: 2, over: dynamics.gd.rate, which: middle}": "first or last",
		"{of: {value: period}, level: 2, over: dynamics.gd.rate, linear: 3}":     "true or false",
		"{of: {value: periods}, level: 2, over: dynamics.gd.rate}":               "period",
		"{of: {value: period}, level: 2, over: dynamics.gd.rate, at: 3}":         "unknown key at",
	} {
		_, err := LoadText("t.yaml", []byte(cascade+"claims:\n  - {id: a, says: x, measure: {crossing: "+body+"}, expect: {at-least: 0}}\n"), ".", Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestMapsOfNoisyArms: an arm whose step is random is refused where the observable stands, and one that cannot be built is
// told once.
func TestMapsOfNoisyArms(t *testing.T) {
	noisy := strings.Replace(cascade, "rate: 1}", "rate: 1, noise: {factor: identity, temperature: 0.1}}", 1)
	_, err := LoadText("t.yaml", []byte(noisy), ".", Options{})
	if err == nil || !strings.Contains(err.Error(), "observe[0]") || !strings.Contains(err.Error(), "random") {
		t.Errorf("got %v", err)
	}
	broken := strings.Replace(cascade, "rate: 1}", "rate: 1, label-noise: {amplitude: 1}}", 1)
	_, err = LoadText("t.yaml", []byte(broken), ".", Options{})
	if err == nil || !strings.Contains(err.Error(), "dynamics.gd") || strings.Contains(err.Error(), "cannot be built") {
		t.Errorf("got %v", err)
	}
}
