package formula

import "math"

// maxWhole is the largest exponent whose power is multiplications.
const maxWhole = 64

// Make adds an operation on expressions (of Min and Max, on two), in its simplest form: constants are computed, 0 and 1 fall away, signs move outwards,
// constants to the front of products and the end of sums, and equal factors become powers.
func (g *Graph) Make(op Op, args ...Ref) Ref {
	switch op { // those that fold by themselves
	case Add:
		return g.add(args[0], args[1])
	case Subtract:
		return g.subtract(args[0], args[1])
	case Multiply:
		return g.multiply(args[0], args[1])
	case Divide:
		return g.divide(args[0], args[1])
	}
	if r, ok := g.fold(op, args...); ok {
		return r
	}
	switch op {
	case Power:
		return g.power(args[0], args[1])
	case Negate:
		return g.negate(args[0])
	case Min, Max:
		if args[0] == args[1] {
			return args[0]
		}
		return g.binary(op, min(args[0], args[1]), max(args[0], args[1]))
	case Where:
		return g.where(args[0], args[1], args[2])
	}
	a := args[0]
	if x, ok := g.negated(a); ok {
		switch op {
		case Sin, Tan, Sinh, Tanh, Atan, Erf, Sign:
			return g.negate(g.Make(op, x))
		case Cos, Cosh, Abs:
			return g.Make(op, x)
		}
	}
	if op == Abs && g.nodes[a].op == Abs {
		return a
	}
	return g.unary(op, a)
}

// fold computes an operation on constants, where the result is finite.
func (g *Graph) fold(op Op, args ...Ref) (Ref, bool) {
	var values [3]float64
	for i, a := range args {
		v, ok := g.Constant(a)
		if !ok {
			return none, false
		}
		values[i] = v
	}
	v := op.Of(values[:len(args)]...)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none, false
	}
	return g.constant(v), true
}

func (g *Graph) unary(op Op, a Ref) Ref { return g.intern(node{op: op, a: a, b: none, c: none}) }

func (g *Graph) binary(op Op, a, b Ref) Ref { return g.intern(node{op: op, a: a, b: b, c: none}) }

// is reports whether a node is a constant of this value.
func (g *Graph) is(r Ref, v float64) bool {
	x, ok := g.Constant(r)
	return ok && x == v
}

// negated returns x where a node is −x: its sign, or that of the constant before or over it.
func (g *Graph) negated(r Ref) (Ref, bool) {
	n := g.nodes[r]
	switch n.op {
	case Constant:
		if v := math.Float64frombits(n.bits); v < 0 {
			return g.constant(-v), true
		}
	case Negate:
		return n.a, true
	case Multiply, Divide:
		if v, ok := g.Constant(n.a); ok && v < 0 {
			return g.Make(n.op, g.constant(-v), n.b), true
		}
	}
	return none, false
}

func (g *Graph) add(a, b Ref) Ref {
	if r, ok := g.fold(Add, a, b); ok {
		return r
	}
	if g.is(a, 0) {
		return b
	}
	if g.is(b, 0) {
		return a
	}
	if x, ok := g.negated(b); ok {
		return g.subtract(a, x)
	}
	if x, ok := g.negated(a); ok {
		return g.subtract(b, x)
	}
	if a == b {
		return g.multiply(g.constant(2), a)
	}
	if _, ok := g.Constant(a); ok || a > b {
		a, b = b, a
	}
	if _, ok := g.Constant(a); ok {
		a, b = b, a
	}
	return g.binary(Add, a, b)
}

func (g *Graph) subtract(a, b Ref) Ref {
	if r, ok := g.fold(Subtract, a, b); ok {
		return r
	}
	switch {
	case g.is(b, 0):
		return a
	case g.is(a, 0):
		return g.negate(b)
	case a == b:
		return g.constant(0)
	}
	if x, ok := g.negated(b); ok {
		return g.add(a, x)
	}
	return g.binary(Subtract, a, b)
}

func (g *Graph) negate(a Ref) Ref {
	n := g.nodes[a]
	switch n.op {
	case Constant:
		return g.constant(-math.Float64frombits(n.bits))
	case Negate:
		return n.a
	case Subtract:
		return g.subtract(n.b, n.a)
	case Multiply, Divide:
		if v, ok := g.Constant(n.a); ok {
			return g.Make(n.op, g.constant(-v), n.b)
		}
	}
	return g.unary(Negate, a)
}

// factor is a node as xⁿ.
func (g *Graph) factor(r Ref) (x Ref, n int32) {
	if p := g.nodes[r]; p.op == wholePower {
		return p.a, p.n
	}
	return r, 1
}

func (g *Graph) multiply(a, b Ref) Ref {
	if r, ok := g.fold(Multiply, a, b); ok {
		return r
	}
	if _, ok := g.Constant(b); ok {
		a, b = b, a
	}
	if v, ok := g.Constant(a); ok {
		switch v {
		case 0:
			return a
		case 1:
			return b
		case -1:
			return g.negate(b)
		}
		n := g.nodes[b]
		switch n.op {
		case Negate:
			return g.multiply(g.constant(-v), n.a)
		case Multiply, Divide:
			if w, ok := g.Constant(n.a); ok && normal(v*w) {
				return g.Make(n.op, g.constant(v*w), n.b)
			}
			if w, ok := g.Constant(n.b); n.op == Divide && ok && normal(v/w) {
				return g.multiply(g.constant(v/w), n.a)
			}
		}
		return g.binary(Multiply, a, b)
	}
	if n := g.nodes[a]; n.op == Negate {
		return g.negate(g.multiply(n.a, b))
	}
	if n := g.nodes[b]; n.op == Negate {
		return g.negate(g.multiply(a, n.a))
	}
	// Constants of factors move to the front.
	if n := g.nodes[a]; n.op == Multiply {
		if _, ok := g.Constant(n.a); ok {
			return g.multiply(n.a, g.multiply(n.b, b))
		}
	}
	if n := g.nodes[b]; n.op == Multiply {
		if _, ok := g.Constant(n.a); ok {
			return g.multiply(n.a, g.multiply(a, n.b))
		}
	}
	x, n := g.factor(a)
	if y, m := g.factor(b); x == y && n > 0 && m > 0 && n+m <= maxWhole {
		return g.wholePower(x, n+m)
	}
	return g.binary(Multiply, min(a, b), max(a, b))
}

// normal reports whether a product of constants lost nothing to the ends of the range.
func normal(v float64) bool { return math.Abs(v) >= 0x1p-1022 && math.Abs(v) <= math.MaxFloat64 }

func (g *Graph) divide(a, b Ref) Ref {
	if r, ok := g.fold(Divide, a, b); ok {
		return r
	}
	switch {
	case g.is(a, 0):
		return a
	case g.is(b, 1):
		return a
	}
	if v, ok := g.Constant(b); ok && v != 0 {
		if v < 0 {
			return g.negate(g.divide(a, g.constant(-v)))
		}
		if f, _ := math.Frexp(v); f == 0.5 && normal(1/v) { // exact
			return g.multiply(g.constant(1/v), a)
		}
		if n := g.nodes[a]; n.op == Multiply {
			if w, ok := g.Constant(n.a); ok && normal(w/v) {
				return g.multiply(g.constant(w/v), n.b)
			}
		}
	}
	if n := g.nodes[a]; n.op == Negate {
		return g.negate(g.divide(n.a, b))
	}
	if n := g.nodes[b]; n.op == Negate {
		return g.negate(g.divide(a, n.a))
	}
	return g.binary(Divide, a, b)
}

func (g *Graph) power(a, b Ref) Ref {
	if v, ok := g.Constant(b); ok {
		switch {
		case v == 0.5:
			return g.Make(Sqrt, a)
		case v == math.Trunc(v) && math.Abs(v) <= maxWhole:
			return g.wholePower(a, int32(v))
		}
	}
	if g.is(a, 1) {
		return a
	}
	return g.binary(Power, a, b)
}

func (g *Graph) wholePower(a Ref, n int32) Ref {
	switch n {
	case 0:
		return g.constant(1)
	case 1:
		return a
	}
	p := g.nodes[a]
	switch p.op {
	case Constant:
		if v := whole(math.Float64frombits(p.bits), int(n)); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return g.constant(v)
		}
	case Negate:
		x := g.wholePower(p.a, n)
		if n%2 != 0 {
			x = g.negate(x)
		}
		return x
	case Abs:
		if n%2 == 0 {
			return g.wholePower(p.a, n)
		}
	case wholePower:
		if m := p.n * n; p.n > 0 && n > 0 && m <= maxWhole {
			return g.wholePower(p.a, m)
		}
	}
	return g.intern(node{op: wholePower, n: n, a: a, b: none, c: none})
}

func (g *Graph) where(c, a, b Ref) Ref {
	if a == b {
		return a
	}
	if v, ok := g.Constant(c); ok {
		switch {
		case v > 0:
			return a
		case v < 0:
			return b
		}
		return g.multiply(g.constant(0.5), g.add(a, b))
	}
	return g.intern(node{op: Where, a: c, b: a, c: b})
}
