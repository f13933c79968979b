package formula

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Term is an expression, or a part of one, as it was written.
type Term struct {
	Op     Op
	Value  float64 // of a Constant
	Name   string  // of a Name; a path keeps its $
	Args   []*Term
	Column int // of the operator, function or name, from 1
}

// Language is what differs between the places where expressions stand. The zero Language has no paths, and makes no
// suggestions.
type Language struct {
	// Path returns how much of a text, which follows a $, is a path.
	Path func(text string) int
	// Suggest is the end of a message about an unknown word, such as "; did you mean sqrt?".
	Suggest func(word string, known []string) string
}

// MaxLength bounds the text of an expression, in bytes; the depth of its parentheses and the number of its operands are
// bounded too.
const MaxLength = 1 << 14

// Parse reads an expression. Errors give the column, from 1.
func (l Language) Parse(text string) (*Term, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("got an expression of %d bytes; want a shorter one", len(text))
	}
	p := &parser{text: text, language: l}
	p.advance()
	top, err := p.sum(0)
	if err != nil {
		return nil, err
	}
	if p.kind != endToken {
		return nil, p.wrong("an operator (+ - * / ^) or the end")
	}
	return top, nil
}

// Names returns what the expression asks for, each once, in order of appearance.
func (t *Term) Names() []string {
	var names []string
	var walk func(*Term)
	walk = func(t *Term) {
		if t.Op == Name && !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
		for _, a := range t.Args {
			walk(a)
		}
	}
	walk(t)
	return names
}

// numbers are the names that stand for numbers.
func numbers(name string) (float64, bool) {
	switch name {
	case "pi":
		return math.Pi, true
	case "inf":
		return math.Inf(1), true
	}
	return 0, false
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

type parser struct {
	text     string
	language Language
	next     int // where the next token is looked for
	kind     tokenKind
	start    int // of the current token
	token    string
	value    float64
}

// advance reads the next token.
func (p *parser) advance() {
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
		num, ok := ParseNumber(p.token)
		if !ok {
			p.kind = badToken
		}
		p.value = num.Float
	case rest[0] == '$' && p.language.Path != nil:
		take(pathToken, 1+p.language.Path(rest[1:]))
		if len(p.token) == 1 {
			p.kind = badToken
		}
	case IsNameStart(c):
		take(nameToken, nameLen(rest))
	case strings.IndexByte("+-*/^(),", rest[0]) >= 0:
		take(signToken, 1)
	default:
		take(badToken, size)
	}
}

// IsNameStart reports whether a name may begin with c.
func IsNameStart(c rune) bool { return c == '_' || unicode.IsLetter(c) && c != utf8.RuneError }

// nameLen returns how much of a text is a name: letters, digits and underscores.
func nameLen(text string) int {
	n := 0
	for n < len(text) {
		c, size := utf8.DecodeRuneInString(text[n:])
		if !IsNameStart(c) && (n == 0 || !unicode.IsDigit(c)) {
			break
		}
		n += size
	}
	return n
}

func (p *parser) col() int { return 1 + utf8.RuneCountInString(p.text[:p.start]) }

func (p *parser) wrong(want string) error {
	found := p.token
	if p.kind == endToken {
		found = "the end"
	}
	return fmt.Errorf("column %d: got %s; want %s", p.col(), shorten(found), want)
}

// shorten cuts long text for a message.
func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

func (p *parser) is(sign string) bool { return p.kind == signToken && p.token == sign }

func (p *parser) sum(depth int) (*Term, error) {
	return p.chain(depth, "+", "-", Add, Subtract, p.product)
}

func (p *parser) product(depth int) (*Term, error) {
	return p.chain(depth, "*", "/", Multiply, Divide, p.unary)
}

// chain parses operands joined by either sign, grouped from the left.
func (p *parser) chain(depth int, one, other string, oneOp, otherOp Op, operand func(int) (*Term, error)) (*Term, error) {
	left, err := operand(depth)
	if err != nil {
		return nil, err
	}
	for links := 0; p.is(one) || p.is(other); links++ {
		if depth+links > 1000 {
			return nil, p.wrong("a shorter expression")
		}
		op, col := oneOp, p.col()
		if p.is(other) {
			op = otherOp
		}
		p.advance()
		right, err := operand(depth)
		if err != nil {
			return nil, err
		}
		left = &Term{Op: op, Args: []*Term{left, right}, Column: col}
	}
	return left, nil
}

func (p *parser) unary(depth int) (*Term, error) {
	if depth > 100 {
		return nil, p.wrong("fewer parentheses and signs in each other")
	}
	switch {
	case p.is("-"):
		col := p.col()
		p.advance()
		x, err := p.unary(depth + 1)
		return &Term{Op: Negate, Args: []*Term{x}, Column: col}, err
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
	return &Term{Op: Power, Args: []*Term{base, exponent}, Column: col}, err
}

func (p *parser) atom(depth int) (*Term, error) {
	token, col := p.token, p.col()
	switch {
	case p.kind == numberToken:
		v := p.value
		p.advance()
		return &Term{Op: Constant, Value: v, Column: col}, nil
	case p.kind == pathToken:
		p.advance()
		return &Term{Op: Name, Name: token, Column: col}, nil
	case p.kind == nameToken:
		p.advance()
		if p.is("(") {
			return p.call(token, col, depth)
		}
		if v, ok := numbers(token); ok {
			return &Term{Op: Constant, Value: v, Column: col}, nil
		}
		return &Term{Op: Name, Name: token, Column: col}, nil
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
	if p.language.Path != nil {
		return nil, p.wrong("a number, a name, a $path or (")
	}
	return nil, p.wrong("a number, a name or (")
}

// call parses the arguments of a function; the current token is the opening parenthesis.
func (p *parser) call(name string, col, depth int) (*Term, error) {
	op, ok := function(name)
	if !ok {
		suggestion := ""
		if p.language.Suggest != nil {
			suggestion = p.language.Suggest(name, Functions())
		}
		return nil, fmt.Errorf("column %d: got the function %s; want one of %s%s", col, name, strings.Join(Functions(), ", "), suggestion)
	}
	t := &Term{Op: op, Column: col}
	for more := true; more; more = p.is(",") {
		p.advance()
		x, err := p.sum(depth + 1)
		if err != nil {
			return nil, err
		}
		t.Args = append(t.Args, x)
	}
	if !p.is(")") {
		return nil, p.wrong("an operator, a comma or )")
	}
	if n := len(t.Args); n < ops[op].least || n > ops[op].most {
		return nil, fmt.Errorf("column %d: got %d arguments of %s; want %d", col, n, name, ops[op].least)
	}
	p.advance()
	return t, nil
}

// Finite returns an error that says where a result is not a number, or infinite from finite operands.
func (t *Term) Finite(v float64, of []float64) error {
	finite := true
	for _, x := range of {
		finite = finite && !math.IsInf(x, 0)
	}
	switch {
	case t.Op == Divide && of[1] == 0:
		return fmt.Errorf("column %d: division by zero", t.Column)
	case !math.IsNaN(v) && !(math.IsInf(v, 0) && finite):
		return nil
	}
	args := make([]string, len(of))
	for i := range of {
		args[i] = format(of[i])
	}
	if len(t.Op.String()) == 1 && len(args) == 2 {
		return fmt.Errorf("column %d: %s %s %s has no finite value", t.Column, args[0], t.Op, args[1])
	}
	return fmt.Errorf("column %d: %s(%s) has no finite value", t.Column, t.Op, strings.Join(args, ", "))
}
