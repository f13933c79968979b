package formula

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Graph holds expressions in the same variables, each subexpression once. It is not safe for concurrent use; the programs
// compiled from it are.
type Graph struct {
	variables []string
	names     map[string]Ref // of variables and parameters
	used      map[string]bool
	language  Language

	nodes       []node
	index       map[node]Ref
	derivatives map[[2]Ref]Ref // by expression and variable
	full        bool           // a node was wanted beyond maxNodes
}

// Ref is an expression of a Graph. Equal refs are equal expressions; those of arguments are less than those of what is done
// to them.
type Ref int32

const none Ref = -1

// node is an operation on earlier nodes.
type node struct {
	op      Op
	n       int32 // of a variable its position, of a whole power the exponent
	a, b, c Ref
	bits    uint64 // of a constant
}

// maxNodes bounds a graph. The third derivatives of expressions that a person writes take some hundreds.
const maxNodes = 1 << 17

// NewGraph returns a graph of expressions in the variables; parameters are names of constants. Suggest is that of a Language,
// or nil.
func NewGraph(variables []string, parameters Parameters, suggest func(word string, known []string) string) (*Graph, error) {
	g := &Graph{
		variables: slices.Clone(variables), names: map[string]Ref{}, used: map[string]bool{}, language: Language{Suggest: suggest},
		index: map[node]Ref{}, derivatives: map[[2]Ref]Ref{},
	}
	g.constant(0) // node 0, which stands for what a full graph cannot hold
	add := func(kind, name string, r func() Ref) error {
		if err := goodName(name); err != nil {
			return fmt.Errorf("%s %w", kind, err)
		}
		if _, twice := g.names[name]; twice {
			return fmt.Errorf("%s %q has the name of another; want different names", kind, name)
		}
		g.names[name] = r()
		return nil
	}
	for i, name := range variables {
		if err := add("variable", name, func() Ref { return g.intern(node{op: Name, n: int32(i), a: none, b: none, c: none}) }); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		v := parameters[name]
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("parameter %s is %g; want a finite number", name, v)
		}
		if err := add("parameter", name, func() Ref { return g.constant(v) }); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func goodName(name string) error {
	_, number := numbers(name)
	_, f := function(name)
	switch {
	case name == "" || nameLen(name) != len(name):
		return fmt.Errorf("%q is no name; want letters, digits and underscores, the first no digit", name)
	case number:
		return fmt.Errorf("%q is the name of a number; choose another", name)
	case f:
		return fmt.Errorf("%q is the name of a function; choose another", name)
	}
	return nil
}

// Variables returns the names of the variables.
func (g *Graph) Variables() []string { return slices.Clone(g.variables) }

// Unused returns the first parameter, in alphabetical order, that no expression parsed so far has used; "" where there is none.
func (g *Graph) Unused() string {
	for _, name := range slices.Sorted(maps.Keys(g.names)) {
		if !g.used[name] && !slices.Contains(g.variables, name) {
			return name
		}
	}
	return ""
}

// Parse adds an expression. Errors give the column, from 1.
func (g *Graph) Parse(text string) (Ref, error) {
	t, err := g.language.Parse(text)
	if err != nil {
		return none, err
	}
	r, err := g.bind(t)
	if err == nil && g.full {
		return none, g.tooLarge()
	}
	return r, err
}

func (g *Graph) tooLarge() error {
	return fmt.Errorf("got expressions that take more than %d operations with their derivatives; want shorter ones", maxNodes)
}

// bind turns a term into nodes.
func (g *Graph) bind(t *Term) (Ref, error) {
	switch t.Op {
	case Constant:
		if math.IsInf(t.Value, 0) {
			return none, fmt.Errorf("column %d: got inf; want a finite number", t.Column)
		}
		return g.constant(t.Value), nil
	case Name:
		r, ok := g.names[t.Name]
		if !ok {
			known := append(slices.Clone(g.variables), slices.DeleteFunc(slices.Sorted(maps.Keys(g.names)), func(name string) bool {
				return slices.Contains(g.variables, name)
			})...)
			suggestion := ""
			if g.language.Suggest != nil {
				suggestion = g.language.Suggest(t.Name, known)
			}
			return none, fmt.Errorf("column %d: got the name %s; want one of %s, or a number%s", t.Column, t.Name, strings.Join(known, ", "), suggestion)
		}
		g.used[t.Name] = true
		return r, nil
	}
	args := make([]Ref, len(t.Args))
	values := make([]float64, len(t.Args))
	constant := true
	for i, a := range t.Args {
		r, err := g.bind(a)
		if err != nil {
			return none, err
		}
		args[i] = r
		v, ok := g.Constant(r)
		values[i], constant = v, constant && ok
	}
	if v, ok := g.Constant(args[len(args)-1]); t.Op == Divide && ok && v == 0 {
		return none, t.Finite(math.NaN(), []float64{math.NaN(), 0})
	}
	if constant {
		v := t.Op.Of(values...)
		if err := t.Finite(v, values); err != nil {
			return none, err
		}
		return g.constant(v), nil
	}
	r := args[0]
	if t.Op == Min || t.Op == Max {
		for _, a := range args[1:] {
			r = g.Make(t.Op, r, a)
		}
		return r, nil
	}
	return g.Make(t.Op, args...), nil
}

// Constant returns the value of an expression that is a number.
func (g *Graph) Constant(r Ref) (float64, bool) {
	n := g.nodes[r]
	return math.Float64frombits(n.bits), n.op == Constant
}

// Depends reports whether a variable appears in an expression.
func (g *Graph) Depends(r Ref, variable int) bool {
	for i := range g.reach(r) {
		if g.nodes[i].op == Name && int(g.nodes[i].n) == variable {
			return true
		}
	}
	return false
}

// reach yields the nodes that the roots are made of, arguments first.
func (g *Graph) reach(roots ...Ref) func(yield func(Ref) bool) {
	return func(yield func(Ref) bool) {
		if len(roots) == 0 {
			return
		}
		top := slices.Max(roots)
		need := make([]bool, top+1)
		for _, r := range roots {
			need[r] = true
		}
		for i := top; i >= 0; i-- {
			if n := g.nodes[i]; need[i] {
				for _, a := range [3]Ref{n.a, n.b, n.c} {
					if a != none {
						need[a] = true
					}
				}
			}
		}
		for i, ok := range need {
			if ok && !yield(Ref(i)) {
				return
			}
		}
	}
}

// Eval computes an expression at a point, one operation after the other.
func (g *Graph) Eval(r Ref, x []float64) float64 {
	if len(x) != len(g.variables) {
		panic(fmt.Sprintf("formula: %d values for %d variables", len(x), len(g.variables)))
	}
	values := make([]float64, r+1)
	for i := range g.reach(r) {
		n := g.nodes[i]
		switch {
		case n.op == Constant:
			values[i] = math.Float64frombits(n.bits)
		case n.op == Name:
			values[i] = x[n.n]
		case n.op == wholePower:
			values[i] = whole(values[n.a], int(n.n))
		case n.c != none:
			values[i] = n.op.Of(values[n.a], values[n.b], values[n.c])
		case n.b != none:
			values[i] = n.op.Of(values[n.a], values[n.b])
		default:
			values[i] = n.op.Of(values[n.a])
		}
	}
	return values[r]
}

// String spells an expression so that parsing it gives it again.
func (g *Graph) String(r Ref) string {
	var b strings.Builder
	g.write(&b, r, 0)
	return b.String()
}

// Levels of the grammar: an operand of a level binds at least as tightly.
const (
	inSum = iota
	inProduct
	inUnary
	inPower
	inAtom
)

func (g *Graph) write(b *strings.Builder, r Ref, level int) {
	n := g.nodes[r]
	open := func(own int) func() {
		if own >= level {
			return func() {}
		}
		b.WriteByte('(')
		return func() { b.WriteByte(')') }
	}
	binary := func(own int, sign string, right int) {
		defer open(own)()
		g.write(b, n.a, own)
		b.WriteString(sign)
		g.write(b, n.b, right)
	}
	switch n.op {
	case Constant:
		v := math.Float64frombits(n.bits)
		if math.Signbit(v) {
			defer open(inUnary)()
		}
		b.WriteString(format(v))
	case Name:
		b.WriteString(g.variables[n.n])
	case Add:
		binary(inSum, " + ", inProduct)
	case Subtract:
		binary(inSum, " - ", inProduct)
	case Multiply:
		binary(inProduct, "*", inUnary)
	case Divide:
		binary(inProduct, "/", inUnary)
	case Negate:
		defer open(inUnary)()
		b.WriteByte('-')
		g.write(b, n.a, inUnary)
	case Power, wholePower:
		defer open(inPower)()
		g.write(b, n.a, inAtom)
		b.WriteByte('^')
		if n.op == wholePower {
			fmt.Fprint(b, n.n)
		} else {
			g.write(b, n.b, inUnary)
		}
	default:
		b.WriteString(n.op.String())
		b.WriteByte('(')
		for i, a := range [3]Ref{n.a, n.b, n.c} {
			if a == none {
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			g.write(b, a, inSum)
		}
		b.WriteByte(')')
	}
}

// intern returns the node, which is new or was there.
func (g *Graph) intern(n node) Ref {
	if r, ok := g.index[n]; ok {
		return r
	}
	if len(g.nodes) >= maxNodes {
		g.full = true
		return 0
	}
	r := Ref(len(g.nodes))
	g.nodes = append(g.nodes, n)
	g.index[n] = r
	return r
}

// Number adds a finite number.
func (g *Graph) Number(v float64) Ref { return g.constant(v) }

func (g *Graph) constant(v float64) Ref {
	if v == 0 {
		v = 0 // not −0, whose sign simplification does not keep
	}
	return g.intern(node{op: Constant, a: none, b: none, c: none, bits: math.Float64bits(v)})
}

// Parameters are names of constants. They read themselves from a map of numbers, or of expressions of numbers.
type Parameters map[string]float64

// Decode reads a map of numbers.
func (p *Parameters) Decode(value any) error {
	m, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("got %v; want names and numbers, such as {a: 2}", value)
	}
	*p = Parameters{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		x, err := decodeNumber(m[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		(*p)[name] = x
	}
	return nil
}

// decodeNumber reads a number, or an expression of numbers.
func decodeNumber(value any) (float64, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case string:
		if !utf8.ValidString(v) {
			break
		}
		g, err := NewGraph(nil, nil, nil)
		if err != nil {
			return 0, err
		}
		t, err := g.language.Parse(v)
		if err != nil {
			return 0, err
		}
		if names := t.Names(); len(names) > 0 {
			return 0, fmt.Errorf("got the name %s; want a number", names[0])
		}
		r, err := g.bind(t)
		if err != nil {
			return 0, err
		}
		x, _ := g.Constant(r)
		return x, nil
	}
	return 0, fmt.Errorf("got %v; want a number", value)
}
