package spec

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"sgdlab/formula"
)

// MaxPoints is the most values that one range, and the most points that one sweep, may hold.
const MaxPoints = 1_000_000

// List returns the values of a list, with every range in it expanded in its place:
//
//	range(a, b[, step])   a, a + step, … , as long as they are below b (above b for a negative step): half open, as in Python
//	linspace(a, b, n)     n values from a to b, both included, equally spaced
//	logspace(a, b, n)     n values from a to b, both included, equal ratios; a and b are the values, not their exponents
//
// A range may be a whole list or one item of it: `range(0, 3)` and `[0, logspace(1e-3, 1, 4)]`. Only the outermost
// list is looked at, so `[[3, 2], [3, 1]]` is a list of two lists. The values are the exact ones of the decimals
// written, each rounded once: range(0, 1, 0.1) holds 0.3, and logspace(1e-3, 1, 4) holds 0.01. The items of the result
// belong to the caller only where they come from a range.
func (n *Node) List() ([]*Node, error) {
	switch {
	case n == nil || n.Kind == Null || n.Kind == Map:
		return nil, fmt.Errorf("got %s; want a list", n.Describe())
	case n.Kind == Scalar:
		values, is, err := n.expand()
		if !is {
			return nil, fmt.Errorf("got %s; want a list, as in [1, 2], or a range", n.Describe())
		}
		return values, err
	}
	items := make([]*Node, 0, len(n.Items))
	for _, it := range n.Items {
		values, is, err := it.expand()
		switch {
		case err != nil:
			return nil, err
		case is:
			items = append(items, values...)
		default:
			items = append(items, it)
		}
		if len(items) > MaxPoints {
			return nil, fmt.Errorf("got more than %d values; want fewer", MaxPoints)
		}
	}
	return items, nil
}

// IsRange says whether the node is a call of range, linspace or logspace, well formed or not.
func (n *Node) IsRange() bool {
	_, _, is := n.call()
	return is
}

// call splits a scalar `name(a, b)` of one of the ranges' names.
func (n *Node) call() (name string, args []string, is bool) {
	if n == nil || n.Kind != Scalar {
		return "", nil, false
	}
	text := strings.TrimSpace(n.Value)
	name, rest, found := strings.Cut(text, "(")
	name = strings.TrimSpace(name)
	if !found || !strings.HasSuffix(rest, ")") {
		return "", nil, false
	}
	switch name {
	case "range", "linspace", "logspace":
	default:
		return "", nil, false
	}
	args, ok := splitTop(strings.TrimSuffix(rest, ")"))
	if !ok {
		args = nil
	}
	return name, args, true
}

// expand returns the values of a range; is says whether the node was one.
func (n *Node) expand() (values []*Node, is bool, err error) {
	name, args, is := n.call()
	if !is {
		return nil, false, nil
	}
	fail := func(format string, a ...any) ([]*Node, bool, error) {
		return nil, true, fmt.Errorf("got %s; want %w", shorten(n.Value), fmt.Errorf(format, a...))
	}
	if len(args) != 3 && (name != "range" || len(args) != 2) {
		if name == "range" {
			return fail("range(a, b) or range(a, b, step)")
		}
		return fail("%s(a, b, n): first value, last value, how many", name)
	}
	at := make([]float64, len(args))
	exact := make([]*big.Rat, len(args))
	for i, a := range args {
		v, err := EvalExpr(a, nil)
		if err != nil {
			return fail("numbers: in %s: %w", shorten(a), err)
		}
		if math.IsInf(v, 0) {
			return fail("finite numbers")
		}
		at[i] = v
		exact[i], _ = new(big.Rat).SetString(formatFloat(v)) // the decimal that was written, not its nearest binary
	}
	var floats []float64
	switch name {
	case "range":
		step := big.NewRat(1, 1)
		if len(exact) == 3 {
			step = exact[2]
		}
		if step.Sign() == 0 {
			return fail("a step that is not 0")
		}
		// ⌈(b − a)/step⌉ values
		span := new(big.Rat).Sub(exact[1], exact[0])
		span.Quo(span, step)
		if span.Sign() <= 0 {
			return fail("a range that holds something: it runs from %s and stops before %s", args[0], args[1])
		}
		if span.Cmp(big.NewRat(MaxPoints, 1)) > 0 {
			return fail("at most %d values", MaxPoints)
		}
		count, rest := new(big.Int).DivMod(span.Num(), span.Denom(), new(big.Int))
		if rest.Sign() > 0 {
			count.Add(count, big.NewInt(1))
		}
		floats = arithmetic(exact[0], step, int(count.Int64()))
	default:
		if at[2] != math.Trunc(at[2]) || at[2] < 2 || at[2] > MaxPoints {
			return fail("a whole number of values from 2 to %d, the third in brackets", MaxPoints)
		}
		count := int(at[2])
		if name == "linspace" {
			step := new(big.Rat).Sub(exact[1], exact[0])
			step.Quo(step, big.NewRat(int64(count-1), 1))
			floats = arithmetic(exact[0], step, count)
			break
		}
		if at[0] <= 0 || at[1] <= 0 {
			return fail("end values > 0: they are the values themselves, as in logspace(1e-3, 1, 4)")
		}
		floats = geometric(exact[0], exact[1], count)
	}
	values = make([]*Node, len(floats))
	for i, v := range floats {
		values[i] = &Node{Kind: Scalar, Value: spell(v), File: n.File, Line: n.Line, Col: n.Col}
	}
	return values, true, nil
}

// arithmetic returns a + i·step for i < count, each correctly rounded.
func arithmetic(a, step *big.Rat, count int) []float64 {
	floats := make([]float64, count)
	// Over a common denominator q the values are (p + i·r)/q. Where these are whole numbers that float64 holds exactly,
	// its division is correctly rounded, and much faster.
	q := new(big.Int).Mul(a.Denom(), step.Denom())
	q.Quo(q, new(big.Int).GCD(nil, nil, a.Denom(), step.Denom()))
	scale := new(big.Rat).SetInt(q)
	p := new(big.Rat).Mul(a, scale).Num()
	r := new(big.Rat).Mul(step, scale).Num()
	last := new(big.Int).Mul(r, big.NewInt(int64(count-1)))
	last.Add(last, p)
	if q.BitLen() <= 53 && p.BitLen() <= 53 && last.BitLen() <= 53 {
		for i := range floats {
			floats[i] = float64(p.Int64()+int64(i)*r.Int64()) / float64(q.Int64())
		}
		return floats
	}
	v := new(big.Rat)
	for i := range floats {
		v.SetInt64(int64(i))
		v.Mul(v, step)
		v.Add(v, a)
		floats[i], _ = v.Float64()
	}
	return floats
}

// geometric returns a·(b/a)^(i/(count−1)), computed to 256 bits so that the rounding is right and the same everywhere.
// The ends are exact.
func geometric(a, b *big.Rat, count int) []float64 {
	const bits = 256
	ratio := new(big.Float).SetPrec(bits).SetRat(new(big.Rat).Quo(b, a))
	r := root(ratio, count-1)
	v := new(big.Float).SetPrec(bits).SetRat(a)
	floats := make([]float64, count)
	for i := range floats {
		floats[i], _ = v.Float64()
		v.Mul(v, r)
	}
	floats[count-1], _ = b.Float64()
	return floats
}

// root returns the k-th root of x > 0 by Newton's method on r ↦ r^k − x,
//
//	r ← ((k − 1)r + x/r^(k−1))/k,
//
// from a start good to 13 digits or more.
func root(x *big.Float, k int) *big.Float {
	if k == 1 {
		return new(big.Float).Copy(x)
	}
	prec := x.Prec()
	mantissa := new(big.Float)
	exponent := x.MantExp(mantissa) // x may lie outside the range of float64
	m, _ := mantissa.Float64()
	guess := math.Exp2((math.Log2(m) + float64(exponent)) / float64(k))
	r := new(big.Float).SetPrec(prec).SetFloat64(guess)
	kf := new(big.Float).SetPrec(prec).SetInt64(int64(k))
	k1 := new(big.Float).SetPrec(prec).SetInt64(int64(k - 1))
	for range 6 { // relative errors e ← ke²/2: from 1e-13 at k = 10⁶ by 1e-20, 1e-34, 1e-62 to 256 bits, with two to spare
		t := new(big.Float).SetPrec(prec).Quo(x, power(r, k-1))
		r.Mul(r, k1)
		r.Add(r, t)
		r.Quo(r, kf)
	}
	return r
}

// power returns x^k by repeated squaring.
func power(x *big.Float, k int) *big.Float {
	result := new(big.Float).SetPrec(x.Prec()).SetInt64(1)
	square := new(big.Float).Copy(x)
	for ; k > 0; k >>= 1 {
		if k&1 == 1 {
			result.Mul(result, square)
		}
		square.Mul(square, square)
	}
	return result
}

// spell writes whole numbers below 10¹⁵ as digits, so that a range of seeds reads as seeds.
func spell(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatInt(int64(v), 10)
	}
	return formatFloat(v)
}

// splitTop splits text at the commas outside brackets, braces, parentheses and quotes; ok is false where these do not
// pair up.
func splitTop(text string) (parts []string, ok bool) {
	var open []byte
	var quote byte
	start := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == '\\' && quote == '"' {
				i++
			} else if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && strings.TrimSpace(text[start:i]) == "",
			(c == '"' || c == '\'') && len(open) > 0 && strings.IndexByte("[{,: (", lastByte(text[start:i])) >= 0:
			quote = c // a quote in the middle of a word is an apostrophe
		case c == '[' || c == '{' || c == '(':
			open = append(open, c)
		case c == ']' || c == '}' || c == ')':
			if len(open) == 0 || strings.IndexByte("[{(", open[len(open)-1]) != strings.IndexByte("]})", c) {
				return nil, false
			}
			open = open[:len(open)-1]
		case c == ',' && len(open) == 0:
			parts = append(parts, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	if len(open) > 0 || quote != 0 {
		return nil, false
	}
	return append(parts, strings.TrimSpace(text[start:])), true
}

func lastByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}

// NameRange splits a range of names, as `p00..p77`, into its ends. What lies between them is decided by the table whose
// columns are named; this package cannot know it.
func NameRange(text string) (from, to string, ok bool) {
	from, to, ok = strings.Cut(text, "..")
	if !ok || from == "" || to == "" || strings.ContainsAny(text, " \t\n()[]{}$/") ||
		strings.HasPrefix(to, ".") || strings.Contains(to, "..") {
		return "", "", false
	}
	if _, isNumber := formula.ParseNumber(from); isNumber {
		return "", "", false // 1..5 is nobody's pair of columns
	}
	return from, to, true
}
