package formula

import (
	"math"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// Program computes several expressions of the same variables at once, in each lane. It is immutable and safe for concurrent
// use.
type Program struct {
	variables int
	code      []instruction
	registers int
	outputs   []int32 // registers
}

// Instructions with a constant beside those of Op.
const (
	load        = opCount + iota // k
	addNumber                    // a + k
	fromNumber                   // k − a
	timesNumber                  // k·a
	overNumber                   // a/k
	numberOver                   // k/a
	square                       // a·a
)

// instruction is dst = op(a, b, c, k), where all but k are registers.
type instruction struct {
	op           Op
	dst, a, b, c int32
	k            float64
}

// Compile makes the program of some expressions. It fails where their graph has grown beyond bounds.
func (g *Graph) Compile(of ...Ref) (*Program, error) {
	if g.full {
		return nil, g.tooLarge()
	}
	b := &builder{seen: map[instruction]int32{}, next: int32(len(g.variables))}
	value := make([]int32, len(g.nodes)) // of each node needed
	operand := func(r Ref) int32 {
		if v, ok := g.Constant(r); ok {
			return b.emit(instruction{op: load, k: v})
		}
		return value[r]
	}
	for r := range g.reach(of...) {
		n := g.nodes[r]
		var x instruction
		ka, constA := 0.0, false
		kb, constB := 0.0, false
		if n.a != none {
			ka, constA = g.Constant(n.a)
		}
		if n.b != none {
			kb, constB = g.Constant(n.b)
		}
		switch {
		case n.op == Constant:
			continue
		case n.op == Name:
			value[r] = n.n
			continue
		case n.op == wholePower:
			value[r] = b.whole(operand(n.a), int(n.n))
			continue
		case n.op == Add && constB && !constA:
			x = instruction{op: addNumber, a: value[n.a], k: kb}
		case n.op == Subtract && constB && !constA:
			x = instruction{op: addNumber, a: value[n.a], k: -kb}
		case n.op == Subtract && constA && !constB:
			x = instruction{op: fromNumber, a: value[n.b], k: ka}
		case n.op == Multiply && constA && !constB:
			x = instruction{op: timesNumber, a: value[n.b], k: ka}
		case n.op == Divide && constB && !constA:
			x = instruction{op: overNumber, a: value[n.a], k: kb}
		case n.op == Divide && constA && !constB:
			x = instruction{op: numberOver, a: value[n.b], k: ka}
		default:
			x = instruction{op: n.op, a: operand(n.a)}
			if n.b != none {
				x.b = operand(n.b)
			}
			if n.c != none {
				x.c = operand(n.c)
			}
		}
		value[r] = b.emit(x)
	}
	outputs := make([]int32, len(of))
	for i, r := range of {
		outputs[i] = operand(r)
	}
	return b.allocate(len(g.variables), outputs), nil
}

// builder collects instructions, each dst a value of its own; values below the number of variables are those.
type builder struct {
	code []instruction
	seen map[instruction]int32
	next int32
}

// emit adds an instruction, or finds it.
func (b *builder) emit(x instruction) int32 {
	x.dst = 0
	key := x
	if v, ok := b.seen[key]; ok {
		return v
	}
	x.dst = b.next
	b.next++
	b.code = append(b.code, x)
	b.seen[key] = x.dst
	return x.dst
}

// whole is xⁿ in the order of the function whole.
func (b *builder) whole(x int32, n int) int32 {
	switch {
	case n < 0:
		return b.emit(instruction{op: numberOver, a: b.whole(x, -n), k: 1})
	case n == 1:
		return x
	case n%2 == 0:
		return b.emit(instruction{op: square, a: b.whole(x, n/2)})
	}
	return b.emit(instruction{op: Multiply, a: b.whole(x, n-1), b: x})
}

// operands returns the registers that an instruction reads.
func (x *instruction) operands() []*int32 {
	switch {
	case x.op == load:
		return nil
	case x.op == Where:
		return []*int32{&x.a, &x.b, &x.c}
	case x.op >= Add && x.op <= Power, x.op == Min, x.op == Max:
		return []*int32{&x.a, &x.b}
	}
	return []*int32{&x.a}
}

// allocate gives values registers, each free again after its last use.
func (b *builder) allocate(variables int, outputs []int32) *Program {
	last := make([]int, b.next)
	for i := range b.code {
		for _, o := range b.code[i].operands() {
			last[*o] = i
		}
	}
	for _, o := range outputs {
		last[o] = len(b.code)
	}
	p := &Program{variables: variables, registers: variables}
	register := make([]int32, b.next)
	for v := range variables {
		register[v] = int32(v)
	}
	var free []int32
	for i, x := range b.code {
		value := x.dst
		for _, o := range x.operands() {
			v := *o
			*o = register[v]
			if last[v] == i && int(v) >= variables {
				free = append(free, register[v])
				last[v] = len(b.code) + 1 // once, where it is used twice
			}
		}
		if n := len(free); n > 0 {
			x.dst, free = free[n-1], free[:n-1]
		} else {
			x.dst = int32(p.registers)
			p.registers++
		}
		register[value] = x.dst
		p.code = append(p.code, x)
	}
	for _, o := range outputs {
		p.outputs = append(p.outputs, register[o])
	}
	return p
}

// Outputs returns the number of expressions.
func (p *Program) Outputs() int { return len(p.outputs) }

// Run computes the expressions at x, shape (variables), into dst, shape (expressions), which may be x.
func (p *Program) Run(dst, x lanes.Pack, ws *lanes.Arena) {
	if len(dst) != len(p.outputs) || len(x) != p.variables {
		panic("formula: a pack of another length")
	}
	mark := ws.Mark()
	r := ws.Pack(p.registers)
	copy(r, x)
	for i := range p.code {
		in := &p.code[i]
		d, a, b, k := &r[in.dst], &r[in.a], &r[in.b], in.k
		switch in.op {
		case load:
			for l := range d {
				d[l] = k
			}
		case addNumber:
			for l := range d {
				d[l] = a[l] + k
			}
		case fromNumber:
			for l := range d {
				d[l] = k - a[l]
			}
		case timesNumber:
			for l := range d {
				d[l] = k * a[l]
			}
		case overNumber:
			for l := range d {
				d[l] = a[l] / k
			}
		case numberOver:
			for l := range d {
				d[l] = k / a[l]
			}
		case square:
			for l := range d {
				d[l] = a[l] * a[l]
			}
		case Add:
			for l := range d {
				d[l] = a[l] + b[l]
			}
		case Subtract:
			for l := range d {
				d[l] = a[l] - b[l]
			}
		case Multiply:
			for l := range d {
				d[l] = a[l] * b[l]
			}
		case Divide:
			for l := range d {
				d[l] = a[l] / b[l]
			}
		case Negate:
			for l := range d {
				d[l] = -a[l]
			}
		case Sqrt:
			for l := range d {
				d[l] = math.Sqrt(a[l])
			}
		case Exp:
			elementary.Exps(d[:], a[:])
		case Log:
			elementary.Logs(d[:], a[:])
		case Tanh:
			elementary.Tanhs(d[:], a[:])
		case Erf:
			elementary.Erfs(d[:], a[:])
		case Power:
			for l := range d {
				d[l] = elementary.Pow(a[l], b[l])
			}
		case Min:
			for l := range d {
				d[l] = min(a[l], b[l])
			}
		case Max:
			for l := range d {
				d[l] = max(a[l], b[l])
			}
		case Where:
			c := &r[in.c]
			for l := range d {
				d[l] = where(a[l], b[l], c[l])
			}
		default:
			f := ops[in.op].of
			for l := range d {
				d[l] = f(a[l])
			}
		}
	}
	for i, o := range p.outputs {
		dst[i] = r[o]
	}
	ws.Release(mark)
}
