package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sgdlab/spec"
)

// Loss is what is made of the outputs h of a network beside the targets y, and the prefactor p that it has,
//
//	L = p(n) Σᵢ ρ(h(xᵢ), yᵢ),  n the number of samples,
//
//	square:         ρ = ‖h − y‖²
//	logistic:       ρ = Σⱼ log(1 + exp(−yⱼhⱼ)),  y = ±1
//	exponential:    ρ = Σⱼ exp(−yⱼhⱼ),  y = ±1
//	cross-entropy:  ρ = log Σⱼ exp(hⱼ) − ⟨y, h⟩,  y one-hot.
//
// The zero Loss is the default of the data: mean-half, or sum-half for a target matrix.
type Loss struct {
	name      string
	of        string // of what: "" and square are the square
	prefactor func(n float64) (float64, error)
}

// MeanHalf, SumHalf and Mean are the square losses with a name: p = 1/2n, 1/2 and 1/n.
func MeanHalf() Loss { return Loss{"mean-half", "", half} }

func half(n float64) (float64, error) { return 0.5 / n, nil }

// SumHalf is the square loss with p = ½.
func SumHalf() Loss {
	return Loss{"sum-half", "", func(float64) (float64, error) { return 0.5, nil }}
}

// Mean is the square loss with p = 1/n.
func Mean() Loss { return Loss{"mean", "", mean} }

func mean(n float64) (float64, error) { return 1 / n, nil }

// Logistic, Exponential and CrossEntropy are losses of classification, p = 1/n.
func Logistic() Loss { return Loss{"logistic", "logistic", mean} }

// Exponential is the exponential loss with p = 1/n.
func Exponential() Loss { return Loss{"exponential", "exponential", mean} }

// CrossEntropy is the cross-entropy of the softmax of the outputs with p = 1/n.
func CrossEntropy() Loss { return Loss{"cross-entropy", "cross-entropy", mean} }

// String returns the loss as a spec would write it, "mean-half" or "{prefactor: 1/(4*n)}"; "" for the zero Loss.
func (l Loss) String() string { return l.name }

// Squared reports whether it is a square loss.
func (l Loss) Squared() bool { return l.of == "" || l.of == "square" }

// At returns the prefactor p for n samples, which is finite and positive.
func (l Loss) At(n int) (float64, error) {
	if l.prefactor == nil {
		return 0, errors.New("the loss has no prefactor; " + wantLoss)
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

const wantLoss = "want mean-half, sum-half or mean (of squares), logistic, exponential, cross-entropy, or {of: …, prefactor: EXPRESSION in n}, such as {prefactor: 1/(4*n)}"

// Decode reads the name of a loss, or {of: square, logistic, exponential or cross-entropy, prefactor: EXPRESSION in n}.
func (l *Loss) Decode(value any) error {
	switch v := value.(type) {
	case string:
		var names []string
		for _, known := range []Loss{MeanHalf(), SumHalf(), Mean(), Logistic(), Exponential(), CrossEntropy()} {
			if v == known.name {
				*l = known
				return nil
			}
			names = append(names, known.name)
		}
		return fmt.Errorf("got %s; %s%s", v, wantLoss, spec.DidYouMean(v, names))
	case map[string]any:
		for key := range v {
			if key != "of" && key != "prefactor" {
				return fmt.Errorf("got a map with other keys than of and prefactor; %s", wantLoss)
			}
		}
		x, ok := v["prefactor"]
		if !ok {
			return fmt.Errorf("got a map without prefactor; %s", wantLoss)
		}
		of, named := "square", ""
		if given, ok := v["of"]; ok {
			of, ok = given.(string)
			if kinds := []string{"square", "logistic", "exponential", "cross-entropy"}; !ok || !slices.Contains(kinds, of) {
				return fmt.Errorf("of: got %v; want %s%s", given, strings.Join(kinds, ", "), spec.DidYouMean(of, kinds))
			}
			named = fmt.Sprintf("of: %s, ", of)
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
		*l = Loss{fmt.Sprintf("{%sprefactor: %s}", named, text), of, func(n float64) (float64, error) {
			return e.Eval(func(string) (float64, error) { return n, nil })
		}}
		return nil
	}
	return fmt.Errorf("got %v; %s", value, wantLoss)
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
