package formula

import (
	"math"
	"slices"

	"sgdlab/elementary"
)

// Op is what a term or a node does to its arguments.
type Op uint8

const (
	Constant Op = iota
	Name        // a name or, in a Term, a $path; in a Graph a variable
	Add
	Subtract
	Multiply
	Divide
	Power
	Negate
	Sqrt
	Exp
	Expm1
	Log
	Log1p
	Sin
	Cos
	Tan
	Sinh
	Cosh
	Tanh
	Atan
	Erf
	Abs
	Sign
	Step
	Relu
	Min
	Max
	Where

	wholePower // x^n for a whole n, by multiplications; in a Graph only
	opCount
)

// ops says of each operation its name and how many arguments it takes; of functions of one argument, what they are.
var ops = [opCount]struct {
	name        string
	least, most int
	of          func(float64) float64
}{
	Add: {name: "+"}, Subtract: {name: "-"}, Multiply: {name: "*"}, Divide: {name: "/"}, Negate: {name: "negative"},
	Power: {"pow", 2, 2, nil},
	Sqrt:  {"sqrt", 1, 1, math.Sqrt},
	Exp:   {"exp", 1, 1, elementary.Exp},
	Expm1: {"expm1", 1, 1, elementary.Expm1},
	Log:   {"log", 1, 1, elementary.Log},
	Log1p: {"log1p", 1, 1, elementary.Log1p},
	Sin:   {"sin", 1, 1, elementary.Sin},
	Cos:   {"cos", 1, 1, elementary.Cos},
	Tan:   {"tan", 1, 1, elementary.Tan},
	Sinh:  {"sinh", 1, 1, elementary.Sinh},
	Cosh:  {"cosh", 1, 1, elementary.Cosh},
	Tanh:  {"tanh", 1, 1, elementary.Tanh},
	Atan:  {"atan", 1, 1, elementary.Atan},
	Erf:   {"erf", 1, 1, elementary.Erf},
	Abs:   {"abs", 1, 1, math.Abs},
	Sign:  {"sign", 1, 1, sign},
	Step:  {"step", 1, 1, step},
	Relu:  {"relu", 1, 1, relu},
	Min:   {"min", 1, math.MaxInt, nil},
	Max:   {"max", 1, math.MaxInt, nil},
	Where: {"where", 3, 3, nil},
}

// Functions returns the names of all functions, in the order of the reference.
func Functions() []string {
	var names []string
	for _, o := range ops {
		if o.least > 0 {
			names = append(names, o.name)
		}
	}
	return names
}

// function finds an operation by the name of its function.
func function(name string) (Op, bool) {
	for o, f := range ops {
		if f.least > 0 && f.name == name {
			return Op(o), true
		}
	}
	return 0, false
}

// String returns the operator or the name of the function; of a power, ^.
func (o Op) String() string {
	if o == Power {
		return "^"
	}
	return ops[o].name
}

// Of computes the operation, which is no constant or name, of as many numbers as it takes.
func (o Op) Of(x ...float64) float64 {
	switch o {
	case Add:
		return x[0] + x[1]
	case Subtract:
		return x[0] - x[1]
	case Multiply:
		return x[0] * x[1]
	case Divide:
		return x[0] / x[1]
	case Power:
		return elementary.Pow(x[0], x[1])
	case Negate:
		return -x[0]
	case Min:
		return slices.Min(x) // NaN where there is one
	case Max:
		return slices.Max(x)
	case Where:
		return where(x[0], x[1], x[2])
	}
	return ops[o].of(x[0])
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 or NaN
}

func step(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return 0
	case x == 0:
		return 0.5
	}
	return x
}

func relu(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x
}

func where(c, a, b float64) float64 {
	switch {
	case c > 0:
		return a
	case c < 0:
		return b
	case c == 0:
		return 0.5 * (a + b)
	}
	return c
}

// whole is xⁿ by multiplications, in the order of compiled programs.
func whole(x float64, n int) float64 {
	switch {
	case n < 0:
		return 1 / whole(x, -n)
	case n == 1:
		return x
	case n%2 == 0:
		y := whole(x, n/2)
		return y * y
	}
	return whole(x, n-1) * x
}
