package spec

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Expr is an arithmetic expression, parsed:
//
//	sum     = product { ("+"|"-") product }
//	product = unary { ("*"|"/") unary }
//	unary   = ("+"|"-") unary | power
//	power   = atom [ "^" unary ]                      // 2^3^2 = 2^9, −2^2 = −4
//	atom    = NUMBER | NAME | "$" PATH | FUNCTION "(" sum { "," sum } ")" | "(" sum ")"
//
// Functions are sqrt, exp, log (natural), abs of one argument, min and max of one or more. Names are letters, digits and
// underscores; in a `$path` a hyphen before a letter belongs to the key (`$data.label-noise`), before anything else it
// is a minus (`$data.samples-1`).
type Expr struct {
	text string
	top  term
	refs []string
}

// ParseExpr parses an expression. Errors give the column, from 1.
func ParseExpr(text string) (*Expr, error) {
	p := &exprParser{text: text}
	if len(text) > 1<<14 {
		return nil, fmt.Errorf("got an expression of %d bytes; want a shorter one", len(text))
	}
	p.advance()
	top, err := p.sum(0)
	if err != nil {
		return nil, err
	}
	if p.kind != endToken {
		return nil, p.wrong("an operator (+ - * / ^) or the end")
	}
	return &Expr{text: text, top: top, refs: p.refs}, nil
}

// Refs returns what the expression asks for, each once, in order of appearance: names as they are, paths with their `$`.
func (e *Expr) Refs() []string { return slices.Clone(e.refs) }

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// Eval computes the expression. lookup gives the value of a name (`n`) and of a path, which keeps its `$`
// (`$dynamics.sgd.rate`); with a nil lookup only numbers and functions of them are allowed. A result that is not a
// number, or infinite from finite operands (division by zero, overflow), is an error.
func (e *Expr) Eval(lookup func(ref string) (float64, error)) (float64, error) {
	return e.top.eval(lookup)
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

// term is one operation of an expression.
type term interface {
	eval(lookup func(string) (float64, error)) (float64, error)
}

type (
	constant  float64
	reference struct {
		name string
		col  int
	}
	operation struct {
		name string // an operator or a function
		args []term
		col  int
	}
)

func (c constant) eval(func(string) (float64, error)) (float64, error) { return float64(c), nil }

func (r reference) eval(lookup func(string) (float64, error)) (float64, error) {
	if lookup == nil {
		return 0, fmt.Errorf("column %d: got %s; want numbers only", r.col, r.name)
	}
	v, err := lookup(r.name)
	if err != nil {
		return 0, fmt.Errorf("column %d: %w", r.col, err)
	}
	if math.IsNaN(v) {
		return 0, fmt.Errorf("column %d: %s is not a number", r.col, r.name)
	}
	return v, nil
}

func (o operation) eval(lookup func(string) (float64, error)) (float64, error) {
	finite := true
	var buffer [4]float64
	x := buffer[:0]
	for _, a := range o.args {
		v, err := a.eval(lookup)
		if err != nil {
			return 0, err
		}
		finite = finite && !math.IsInf(v, 0)
		x = append(x, v)
	}
	var v float64
	switch o.name {
	case "+":
		v = x[0] + x[1]
	case "-":
		v = x[0] - x[1]
	case "*":
		v = x[0] * x[1]
	case "/":
		if x[1] == 0 {
			return 0, fmt.Errorf("column %d: division by zero", o.col)
		}
		v = x[0] / x[1]
	case "^":
		v = math.Pow(x[0], x[1])
	case "negative":
		v = -x[0]
	case "sqrt":
		v = math.Sqrt(x[0])
	case "exp":
		v = math.Exp(x[0])
	case "log":
		v = math.Log(x[0])
	case "abs":
		v = math.Abs(x[0])
	case "min":
		v = slices.Min(x)
	case "max":
		v = slices.Max(x)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) && finite {
		args := make([]string, len(x))
		for i := range x {
			args[i] = formatFloat(x[i])
		}
		if len(o.name) == 1 && len(args) == 2 {
			return 0, fmt.Errorf("column %d: %s %s %s has no finite value", o.col, args[0], o.name, args[1])
		}
		return 0, fmt.Errorf("column %d: %s(%s) has no finite value", o.col, o.name, strings.Join(args, ", "))
	}
	return v, nil
}

// arity is how many arguments a function takes, at least and at most.
func arity(name string) (least, most int, ok bool) {
	switch name {
	case "sqrt", "exp", "log", "abs":
		return 1, 1, true
	case "min", "max":
		return 1, math.MaxInt, true
	}
	return 0, 0, false
}

type tokenKind uint8

const (
	endToken tokenKind = iota
	numberToken
	nameToken
	pathToken
	signToken
	badToken
)

type exprParser struct {
	text  string
	next  int // where the next token is looked for
	kind  tokenKind
	start int // of the current token
	token string
	value float64
	refs  []string
}

// advance reads the next token.
func (p *exprParser) advance() {
	for p.next < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.next]) >= 0 {
		p.next++
	}
	p.start = p.next
	rest := p.text[p.start:]
	take := func(kind tokenKind, n int) {
		p.kind, p.token = kind, rest[:n]
		p.next = p.start + n
	}
	if rest == "" {
		take(endToken, 0)
		return
	}
	c, size := utf8.DecodeRuneInString(rest)
	switch {
	case isDigit(rest[0]) || rest[0] == '.':
		n := 0
		for n < len(rest) {
			d := rest[n]
			signed := (d == '+' || d == '-') && (rest[n-1] == 'e' || rest[n-1] == 'E') && !strings.HasPrefix(rest, "0x")
			if !(isDigit(d) || d == '.' || d == '_' || 'a' <= d && d <= 'z' || 'A' <= d && d <= 'Z' || signed) {
				break
			}
			n++
		}
		take(numberToken, n)
		num, ok := parseNumber(p.token)
		if !ok {
			p.kind = badToken
		}
		p.value = num.float
	case rest[0] == '$':
		take(pathToken, 1+pathLen(rest[1:]))
		if len(p.token) == 1 {
			p.kind = badToken
		}
	case isNameStart(c):
		n := size
		for n < len(rest) {
			c, size := utf8.DecodeRuneInString(rest[n:])
			if !isNameStart(c) && !unicode.IsDigit(c) {
				break
			}
			n += size
		}
		take(nameToken, n)
	case strings.IndexByte("+-*/^(),", rest[0]) >= 0:
		take(signToken, 1)
	default:
		take(badToken, size)
	}
}

func isNameStart(c rune) bool { return c == '_' || unicode.IsLetter(c) && c != utf8.RuneError }

// pathLen returns how much of text, which follows a `$`, is a path.
func pathLen(text string) int {
	n := 0
	for n < len(text) {
		c, size := utf8.DecodeRuneInString(text[n:])
		after, _ := utf8.DecodeRuneInString(text[n+size:])
		switch {
		case isNameStart(c) || unicode.IsDigit(c):
		case c == '-' && n > 0 && isNameStart(after):
		case c == '.' && n > 0 && (isNameStart(after) || unicode.IsDigit(after)):
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

func (p *exprParser) col() int { return 1 + utf8.RuneCountInString(p.text[:p.start]) }

func (p *exprParser) wrong(want string) error {
	found := p.token
	if p.kind == endToken {
		found = "the end"
	}
	return fmt.Errorf("column %d: got %s; want %s", p.col(), shorten(found), want)
}

func (p *exprParser) is(sign string) bool { return p.kind == signToken && p.token == sign }

func (p *exprParser) sum(depth int) (term, error) {
	return p.chain(depth, "+", "-", p.product)
}

func (p *exprParser) product(depth int) (term, error) {
	return p.chain(depth, "*", "/", p.unary)
}

// chain parses operands joined by either sign, grouped from the left.
func (p *exprParser) chain(depth int, one, other string, operand func(int) (term, error)) (term, error) {
	left, err := operand(depth)
	if err != nil {
		return nil, err
	}
	for links := 0; p.is(one) || p.is(other); links++ {
		if depth+links > 1000 {
			return nil, p.wrong("a shorter expression")
		}
		name, col := p.token, p.col()
		p.advance()
		right, err := operand(depth)
		if err != nil {
			return nil, err
		}
		left = operation{name, []term{left, right}, col}
	}
	return left, nil
}

func (p *exprParser) unary(depth int) (term, error) {
	if depth > 100 {
		return nil, p.wrong("fewer parentheses and signs in each other")
	}
	switch {
	case p.is("-"):
		col := p.col()
		p.advance()
		x, err := p.unary(depth + 1)
		return operation{"negative", []term{x}, col}, err
	case p.is("+"):
		p.advance()
		return p.unary(depth + 1)
	}
	base, err := p.atom(depth)
	if err != nil || !p.is("^") {
		return base, err
	}
	col := p.col()
	p.advance()
	exponent, err := p.unary(depth + 1)
	return operation{"^", []term{base, exponent}, col}, err
}

func (p *exprParser) atom(depth int) (term, error) {
	const want = "a number, a name, a $path or ("
	token, col := p.token, p.col()
	switch {
	case p.kind == numberToken:
		v := p.value
		p.advance()
		return constant(v), nil
	case p.kind == pathToken:
		p.ask(token)
		p.advance()
		return reference{token, col}, nil
	case p.kind == nameToken:
		p.advance()
		if p.is("(") {
			return p.callOf(token, col, depth)
		}
		if token == "inf" {
			return constant(math.Inf(1)), nil
		}
		p.ask(token)
		return reference{token, col}, nil
	case p.is("("):
		p.advance()
		x, err := p.sum(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.is(")") {
			return nil, p.wrong("an operator or )")
		}
		p.advance()
		return x, nil
	}
	return nil, p.wrong(want)
}

func (p *exprParser) ask(ref string) {
	if !slices.Contains(p.refs, ref) {
		p.refs = append(p.refs, ref)
	}
}

// callOf parses the arguments of a function; the current token is the opening parenthesis.
func (p *exprParser) callOf(name string, col, depth int) (term, error) {
	least, most, ok := arity(name)
	if !ok {
		functions := []string{"sqrt", "exp", "log", "abs", "min", "max"}
		return nil, fmt.Errorf("column %d: got the function %s; want one of %s%s", col, name, listed(functions), DidYouMean(name, functions))
	}
	o := operation{name: name, col: col}
	for more := true; more; more = p.is(",") {
		p.advance()
		x, err := p.sum(depth + 1)
		if err != nil {
			return nil, err
		}
		o.args = append(o.args, x)
	}
	if !p.is(")") {
		return nil, p.wrong("an operator, a comma or )")
	}
	if len(o.args) < least || len(o.args) > most {
		return nil, fmt.Errorf("column %d: got %d arguments of %s; want 1", col, len(o.args), name)
	}
	p.advance()
	return o, nil
}
