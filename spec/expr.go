package spec

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sgdlab/formula"
)

// Expr is an arithmetic expression, parsed, in the language of package formula. In a `$path` a hyphen before a letter
// belongs to the key (`$data.label-noise`), before anything else it is a minus (`$data.samples-1`).
type Expr struct {
	text string
	top  *formula.Term
}

// ParseExpr parses an expression. Errors give the column, from 1.
func ParseExpr(text string) (*Expr, error) {
	top, err := formula.Language{Path: pathLen, Suggest: DidYouMean}.Parse(text)
	if err != nil {
		return nil, err
	}
	return &Expr{text, top}, nil
}

// Refs returns what the expression asks for, each once, in order of appearance: names as they are, paths with their `$`.
func (e *Expr) Refs() []string { return e.top.Names() }

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// Eval computes the expression. lookup gives the value of a name (`n`) and of a path, which keeps its `$`
// (`$dynamics.sgd.rate`); with a nil lookup only numbers and functions of them are allowed. A result that is not a
// number, or infinite from finite operands (division by zero, overflow), is an error.
func (e *Expr) Eval(lookup func(ref string) (float64, error)) (float64, error) {
	return eval(e.top, lookup)
}

func eval(t *formula.Term, lookup func(ref string) (float64, error)) (float64, error) {
	switch t.Op {
	case formula.Constant:
		return t.Value, nil
	case formula.Name:
		if lookup == nil {
			return 0, fmt.Errorf("column %d: got %s; want numbers only", t.Column, t.Name)
		}
		v, err := lookup(t.Name)
		if err != nil {
			return 0, fmt.Errorf("column %d: %w", t.Column, err)
		}
		if math.IsNaN(v) {
			return 0, fmt.Errorf("column %d: %s is not a number", t.Column, t.Name)
		}
		return v, nil
	}
	var buffer [4]float64
	x := buffer[:0]
	for _, a := range t.Args {
		v, err := eval(a, lookup)
		if err != nil {
			return 0, err
		}
		x = append(x, v)
	}
	v := t.Op.Of(x...)
	if err := t.Finite(v, x); err != nil {
		return 0, err
	}
	return v, nil
}

// EvalExpr parses and computes an expression.
func EvalExpr(text string, lookup func(ref string) (float64, error)) (float64, error) {
	e, err := ParseExpr(text)
	if err != nil {
		return 0, err
	}
	return e.Eval(lookup)
}

// Numbers returns a lookup for Eval: names from the given table, `$paths` from the tree, where a value that is itself
// an expression is computed in turn.
func Numbers(root *Node, names map[string]float64) func(ref string) (float64, error) {
	return numbersWithin(root, names, 0)
}

func numbersWithin(root *Node, names map[string]float64, depth int) func(ref string) (float64, error) {
	return func(ref string) (float64, error) {
		path, isPath := strings.CutPrefix(ref, "$")
		if !isPath {
			if v, ok := names[ref]; ok {
				return v, nil
			}
			known := make([]string, 0, len(names))
			for name := range names {
				known = append(known, name)
			}
			slices.Sort(known)
			if len(known) == 0 {
				return 0, fmt.Errorf("got the name %s; want a number, or a $path", ref)
			}
			return 0, fmt.Errorf("got the name %s; want one of %s, or a $path%s", ref, listed(known), DidYouMean(ref, known))
		}
		steps, err := parsePath(path)
		if err != nil {
			return 0, err
		}
		places, m := root.findSteps(steps, false)
		if len(places) != 1 {
			if len(places) > 1 {
				return 0, fmt.Errorf("got %s, which names %d values; want one", ref, len(places))
			}
			return 0, fmt.Errorf("got %s, which matches nothing; want %s", ref, m.want())
		}
		n := places[0].Node
		if v, ok := n.Float(); ok {
			return v, nil
		}
		if text, ok := n.Text(); ok && strings.Contains(text, "$") {
			if depth >= 32 {
				return 0, fmt.Errorf("got %s, which leads back to itself; want a number", ref)
			}
			return EvalExpr(text, numbersWithin(root, names, depth+1))
		}
		return 0, fmt.Errorf("got %s, which is %s; want a number", ref, n.Describe())
	}
}

// pathLen returns how much of text, which follows a `$`, is a path.
func pathLen(text string) int {
	n := 0
	for n < len(text) {
		c, size := utf8.DecodeRuneInString(text[n:])
		after, _ := utf8.DecodeRuneInString(text[n+size:])
		switch {
		case formula.IsNameStart(c) || unicode.IsDigit(c):
		case c == '-' && n > 0 && formula.IsNameStart(after):
		case c == '.' && n > 0 && (formula.IsNameStart(after) || unicode.IsDigit(after)):
		case c == '[' && n > 0:
			digits, _, closed := strings.Cut(text[n+1:], "]")
			if !closed || digits == "" || strings.Trim(digits, "0123456789") != "" {
				return n
			}
			size = len(digits) + 2
		default:
			return n
		}
		n += size
	}
	return n
}
