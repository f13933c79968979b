package theory

import (
	"fmt"
	"math"
	"strings"

	"sgdlab"
)

// want is a field that may be left out (NaN), and how a run fills it; fill is nil where no run can.
type want struct {
	name string
	at   *float64
	fill func() (float64, error)
}

// complete fills the fields left out. Without a run all that are missing are named at once.
func complete(r *sgdlab.Run, fields ...want) error {
	var missing []string
	for _, f := range fields {
		if math.IsNaN(*f.at) && (r == nil || f.fill == nil) {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("give %s", strings.Join(missing, ", "))
	}
	for _, f := range fields {
		if !math.IsNaN(*f.at) {
			continue
		}
		x, err := f.fill()
		if err != nil {
			return fmt.Errorf("%s was left out and cannot be read from the run: %w", f.name, err)
		}
		*f.at = x
	}
	return nil
}

// orElse is x where it was given, else fallback.
func orElse(x, fallback float64) float64 {
	if math.IsNaN(x) {
		return fallback
	}
	return x
}

// setting reads a number of the arm's settings: the first of the paths that holds one.
func setting(r *sgdlab.Run, paths ...string) func() (float64, error) {
	return func() (float64, error) {
		for _, p := range paths {
			if x, ok := r.Number(p); ok {
				return x, nil
			}
		}
		return 0, fmt.Errorf("its dynamics has no number %s", strings.Join(paths, " or "))
	}
}

// rate reads η of a run whose steps are those of plain descent, or no steps of descent at all.
func rate(r *sgdlab.Run) func() (float64, error) {
	return func() (float64, error) {
		if a, ok := r.Dynamic.(sgdlab.Altered); ok && a.Altered() != "" {
			return 0, fmt.Errorf("its dynamics is descent %s, and the law is of plain descent", a.Altered())
		}
		return setting(r, "rate")()
	}
}

// batch reads B of mini-batches, or of the noise that stands for them.
func batch(r *sgdlab.Run) func() (float64, error) { return setting(r, "batch", "noise.batch") }

// positive refuses all but finite numbers > 0.
func positive(name string, x float64) error {
	if x > 0 && !math.IsInf(x, 1) {
		return nil
	}
	return fmt.Errorf("%s is %g; want a number > 0", name, x)
}

// negative refuses all but finite numbers < 0.
func negative(name string, x float64) error {
	if x < 0 && !math.IsInf(x, -1) {
		return nil
	}
	return fmt.Errorf("%s is %g; want a number < 0", name, x)
}

// finite refuses a prediction that overflows.
func finite(p sgdlab.Prediction) error {
	for _, x := range p.Values {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return fmt.Errorf("the prediction, %g, is beyond the largest number that can be held", x)
		}
	}
	return nil
}

// predict makes the theory t, or refuses it where its one value overflows.
func predict(t sgdlab.Theory) (sgdlab.Theory, error) {
	if err := finite(t.Predict(nil)); err != nil {
		return nil, err
	}
	return t, nil
}
