package model

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
)

// Bad requests are refused with what was found and what would be right.
func TestErrors(t *testing.T) {
	set := teacher(t, 5, 4, 30, true, 0.3, 3, 2, 1)
	single := teacher(t, 5, 1, 30, false, 0.3, 3)
	target := matrix(t, 4, 5, true, 3, 1)
	deep := func(set *data.Set, loss Loss, widths ...int) error {
		_, err := NewDeepLinear(DeepLinearSettings{Widths: widths, Loss: loss}, set)
		return err
	}
	diagonal := func(set *data.Set, p string, depth int) error {
		_, err := NewDiagonal(DiagonalSettings{Parametrisation: p, Depth: depth}, set)
		return err
	}
	quadratic := func(set *data.Set, s ...float64) error {
		_, err := NewQuadratic(QuadraticSettings{Spectrum: s}, set)
		return err
	}
	well := func(set *data.Set, b, w float64) error {
		_, err := NewDoubleWell(DoubleWellSettings{Barrier: b, Well: w}, set)
		return err
	}
	critical := func(m sgdlab.Model, modes ...int) error {
		_, _, err := m.(sgdlab.Saddled).Critical(modes)
		return err
	}
	decode := func(v any) error { var l Loss; return l.Decode(v) }
	prefactor := func(expression string) error {
		var l Loss
		if err := l.Decode(map[string]any{"prefactor": expression}); err != nil {
			return err
		}
		return deep(set, l, 5, 4)
	}
	balanced := func(m sgdlab.Model, modes []int, u float64) error {
		_, err := m.(*Linear).Balanced(modes, u)
		return err
	}
	correlated := must[sgdlab.Model](t)(NewDiagonal(DiagonalSettings{Parametrisation: "product", Depth: 2}, single))
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{deep(nil, Loss{}, 5, 4), []string{"needs data"}},
		{deep(set, Loss{}, 5), []string{"[5]", "[5, 4]"}},
		{deep(set, Loss{}, 6, 3, 4), []string{"begin with 6", "begin with 5"}},
		{deep(set, Loss{}, 5, 3, 3), []string{"end with 3", "end with 4"}},
		{deep(set, Loss{}, 5, 0, 4), []string{"hold 0", "at least 1"}},
		{deep(set, Loss{}, 5, 1<<31-1, 1<<31-1, 4), []string{"parameters", "smaller"}},
		{deep(target, MeanHalf(), 5, 4), []string{"mean-half", "sum-half", "leave out"}},
		{diagonal(nil, "product", 2), []string{"needs data"}},
		{diagonal(set, "product", 2), []string{"4", "outputs: 1"}},
		{diagonal(single, "product", 1), []string{"depth is 1", "at least 2"}},
		{diagonal(single, "powers", 2), []string{"powers", "product or difference-of-powers"}},
		{quadratic(set, 1), []string{"leave out data"}},
		{quadratic(nil), []string{"empty"}},
		{quadratic(nil, 1, math.NaN()), []string{"NaN", "finite"}},
		{well(nil, 0, 1), []string{"barrier is 0", "> 0"}},
		{well(nil, 1, math.NaN()), []string{"well is NaN"}},
		{well(set, 1, 1), []string{"leave out data"}},
		{critical(deepOn(t, set, 5, 3, 4), 5), []string{"mode 5", "1 to 4"}},
		{critical(deepOn(t, set, 5, 3, 4), 0), []string{"mode 0", "1 to 4"}},
		{critical(deepOn(t, set, 5, 3, 4), 2, 2), []string{"mode 2", "once"}},
		{critical(deepOn(t, set, 5, 2, 4), 1, 2, 3), []string{"3 modes", "at most 2"}},
		{critical(deepOn(t, set, 5, 4), 1), []string{"no saddles", "two layers"}},
		{critical(correlated, 1), []string{"correlated", "whiten"}},
		{balanced(deepOn(t, set, 5, 3, 4), []int{1}, 0), []string{"strength is 0", "> 0"}},
		{balanced(deepOn(t, set, 5, 3, 4), nil, 1), []string{"4 modes", "at most 3"}},
		{balanced(correlated, []int{9}, 1), []string{"mode 9", "1 to 5"}},
		{decode("mean-halve"), []string{"mean-halve", "did you mean mean-half?"}},
		{decode(3.0), []string{"3", "mean-half, sum-half"}},
		{decode(map[string]any{"factor": 1.0}), []string{"prefactor"}},
		{decode(map[string]any{"prefactor": true}), []string{"true", "1/(4*n)"}},
		{prefactor("1/(4*m)"), []string{"m", "n, the number of samples"}},
		{prefactor("1/(4*"), []string{"prefactor", "column"}},
		{prefactor("-1/n"), []string{"-0.0333", "n = 30", "> 0"}},
		{prefactor("1/(n-30)"), []string{"division by zero"}},
	} {
		if tc.err == nil {
			t.Errorf("no error; want one with %q", tc.want)
			continue
		}
		for _, w := range tc.want {
			if !strings.Contains(tc.err.Error(), w) {
				t.Errorf("error %q lacks %q", tc.err, w)
			}
		}
	}
}
