package formula

import "math"

// Derivative adds the derivative of an expression by a variable.
func (g *Graph) Derivative(r Ref, variable int) Ref {
	key := [2]Ref{r, Ref(variable)}
	if d, ok := g.derivatives[key]; ok {
		return d
	}
	d := g.derive(g.nodes[r], r, variable)
	g.derivatives[key] = d
	return d
}

func (g *Graph) derive(n node, r Ref, variable int) Ref {
	zero, one := g.constant(0), g.constant(1)
	switch n.op {
	case Constant, Sign, Step:
		return zero
	case Name:
		if int(n.n) == variable {
			return one
		}
		return zero
	}
	u := n.a
	du := g.Derivative(u, variable)
	times := func(x Ref) Ref { return g.multiply(x, du) }
	number := func(x float64) Ref { return g.constant(x) }
	square := func(x Ref) Ref { return g.wholePower(x, 2) }
	switch n.op {
	case Negate:
		return g.negate(du)
	case wholePower:
		return times(g.multiply(number(float64(n.n)), g.wholePower(u, n.n-1)))
	case Sqrt:
		return g.divide(du, g.multiply(number(2), r))
	case Exp:
		return times(r)
	case Expm1:
		return times(g.Make(Exp, u))
	case Log:
		return g.divide(du, u)
	case Log1p:
		return g.divide(du, g.add(one, u))
	case Sin:
		return times(g.Make(Cos, u))
	case Cos:
		return g.negate(times(g.Make(Sin, u)))
	case Tan:
		return times(g.add(one, square(r)))
	case Sinh:
		return times(g.Make(Cosh, u))
	case Cosh:
		return times(g.Make(Sinh, u))
	case Tanh:
		return times(g.subtract(one, square(r)))
	case Atan:
		return g.divide(du, g.add(one, square(u)))
	case Erf:
		return times(g.multiply(number(2/math.Sqrt(math.Pi)), g.Make(Exp, g.negate(square(u)))))
	case Abs:
		return times(g.Make(Sign, u))
	case Relu:
		return times(g.Make(Step, u))
	}
	v := n.b
	dv := g.Derivative(v, variable)
	switch n.op {
	case Add:
		return g.add(du, dv)
	case Subtract:
		return g.subtract(du, dv)
	case Multiply:
		return g.add(g.multiply(du, v), g.multiply(u, dv))
	case Divide: // (u/v)′ = (u′ − (u/v)v′)/v
		return g.divide(g.subtract(du, g.multiply(r, dv)), v)
	case Power: // (uᵛ)′ = v·uᵛ⁻¹u′ + uᵛ log u·v′
		by := g.multiply(v, g.multiply(g.Make(Power, u, g.Make(Subtract, v, one)), du))
		if g.is(dv, 0) {
			return by
		}
		return g.add(by, g.multiply(g.multiply(r, g.Make(Log, u)), dv))
	case Min:
		return g.where(g.Make(Subtract, v, u), du, dv)
	case Max:
		return g.where(g.Make(Subtract, u, v), du, dv)
	case Where:
		return g.where(u, dv, g.Derivative(n.c, variable))
	}
	panic("formula: no derivative of " + n.op.String())
}

// Gradient adds the derivatives by all variables.
func (g *Graph) Gradient(r Ref) []Ref {
	d := make([]Ref, len(g.variables))
	for i := range d {
		d[i] = g.Derivative(r, i)
	}
	return d
}

// Hessian adds the second derivatives: those by i and j for i ≥ j, each once, in the order (0,0), (1,0), (1,1), (2,0) …
func (g *Graph) Hessian(r Ref) []Ref {
	var h []Ref
	for i, d := range g.Gradient(r) {
		for j := range i + 1 {
			h = append(h, g.Derivative(d, j))
		}
	}
	return h
}

// Third adds the third derivatives: those by i, j and k for i ≥ j ≥ k, each once, in the order of Hessian with k running
// fastest.
func (g *Graph) Third(r Ref) []Ref {
	var t []Ref
	for i, d := range g.Gradient(r) {
		for j := range i + 1 {
			for k := range j + 1 {
				t = append(t, g.Derivative(g.Derivative(d, j), k))
			}
		}
	}
	return t
}
