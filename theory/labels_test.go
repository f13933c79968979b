package theory

import (
	"testing"

	"sgdlab"
)

// Laws of label noise that is fresh for every label and has a variance refuse that of one draw, and that of a stable law.
func TestOrdinaryLabels(t *testing.T) {
	run := func(words map[string]string, numbers map[string]float64) *sgdlab.Run {
		return &sgdlab.Run{
			Word:   func(path string) string { return words[path] },
			Number: func(path string) (float64, bool) { x, ok := numbers[path]; return x, ok },
		}
	}
	if err := ordinaryLabels(run(nil, nil), "it"); err != nil {
		t.Error(err)
	}
	for _, r := range []*sgdlab.Run{
		run(map[string]string{"label-noise.per": "step"}, nil), run(map[string]string{"noise[0].per": "step"}, nil),
		run(nil, map[string]float64{"label-noise.alpha": 1.5}), run(nil, map[string]float64{"label-noise.law.alpha": 1.5}),
	} {
		if ordinaryLabels(r, "it") == nil {
			t.Errorf("%+v is not refused", r)
		}
	}
}
