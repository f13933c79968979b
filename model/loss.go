package model

import (
	"errors"
	"fmt"
	"math"

	"sgdlab/spec"
)

// Loss is the prefactor p of the square loss,
//
//	L = p(n) Σᵢ ‖h(xᵢ) − yᵢ‖²,  n the number of samples.
//
// The zero Loss is the default of the data: mean-half, or sum-half for a target matrix.
type Loss struct {
	name      string
	prefactor func(n float64) (float64, error)
}

// MeanHalf, SumHalf and Mean are the losses with a name: p = 1/2n, 1/2 and 1/n.
func MeanHalf() Loss {
	return Loss{"mean-half", func(n float64) (float64, error) { return 0.5 / n, nil }}
}

// SumHalf is the loss with p = ½.
func SumHalf() Loss {
	return Loss{"sum-half", func(float64) (float64, error) { return 0.5, nil }}
}

// Mean is the loss with p = 1/n.
func Mean() Loss {
	return Loss{"mean", func(n float64) (float64, error) { return 1 / n, nil }}
}

// String returns the loss as a spec would write it, "mean-half" or "{prefactor: 1/(4*n)}"; "" for the zero Loss.
func (l Loss) String() string { return l.name }

// At returns the prefactor p for n samples, which is finite and positive.
func (l Loss) At(n int) (float64, error) {
	if l.prefactor == nil {
		return 0, errors.New("the loss has no prefactor; want mean-half, sum-half, mean or {prefactor: EXPRESSION in n}")
	}
	p, err := l.prefactor(float64(n))
	if err != nil {
		return 0, fmt.Errorf("loss: %w", err)
	}
	if !(p > 0) || math.IsInf(p, 0) {
		return 0, fmt.Errorf("loss: prefactor is %g at n = %d; want a finite number > 0", p, n)
	}
	return p, nil
}

// Decode reads mean-half, sum-half, mean, or {prefactor: EXPRESSION in n}.
func (l *Loss) Decode(value any) error {
	const want = "want mean-half, sum-half, mean or {prefactor: EXPRESSION in n}, such as {prefactor: 1/(4*n)}"
	switch v := value.(type) {
	case string:
		for _, known := range []Loss{MeanHalf(), SumHalf(), Mean()} {
			if v == known.name {
				*l = known
				return nil
			}
		}
		return fmt.Errorf("got %s; %s%s", v, want, spec.DidYouMean(v, []string{"mean-half", "sum-half", "mean"}))
	case map[string]any:
		x, ok := v["prefactor"]
		if !ok || len(v) != 1 {
			return fmt.Errorf("got a map with other keys than prefactor; %s", want)
		}
		if p, ok := number(x); ok {
			x = fmt.Sprint(p)
		}
		text, ok := x.(string)
		if !ok {
			return fmt.Errorf("prefactor: got %v; want a number or an expression in n, such as 1/(4*n)", x)
		}
		e, err := spec.ParseExpr(text)
		if err != nil {
			return fmt.Errorf("prefactor: %w", err)
		}
		for _, name := range e.Refs() {
			if name != "n" {
				return fmt.Errorf("prefactor: got %s; the only name here is n, the number of samples", name)
			}
		}
		*l = Loss{fmt.Sprintf("{prefactor: %s}", text), func(n float64) (float64, error) {
			return e.Eval(func(string) (float64, error) { return n, nil })
		}}
		return nil
	}
	return fmt.Errorf("got %v; %s", value, want)
}

func number(x any) (float64, bool) {
	switch v := x.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}
