// Package formula is the program's one language of expressions: what is written in a spec in place of a number, and what
// losses, drifts and noises are stated by.
//
//	sum     = product { ("+"|"-") product }
//	product = unary { ("*"|"/") unary }
//	unary   = ("+"|"-") unary | power
//	power   = atom [ "^" unary ]                      // 2^3^2 = 2^9, −2^2 = −4
//	atom    = NUMBER | NAME | "$" PATH | FUNCTION "(" sum { "," sum } ")" | "(" sum ")"
//
// Functions of one argument are sqrt, exp, expm1, log (natural), log1p, sin, cos, tan, sinh, cosh, tanh, atan, erf, abs,
// sign, step and relu; pow(x, y) is x^y; min and max take one or more; where(c, a, b) is a where c > 0 and b where c < 0.
// The names pi and inf are numbers. Names are letters, digits and underscores; a `$path` belongs to specs alone.
//
// A text becomes a Term, which a spec computes as it stands. A Graph gives its names a meaning, as variables and
// parameters, and keeps each subexpression once: it simplifies, differentiates exactly, and compiles many results into one
// Program that runs on packs and allocates nothing.
//
// At a kink every function is halfway between its sides: sign 0 = 0, step 0 = ½, where(0, a, b) = (a + b)/2, and so
// abs′(0) = 0, relu′(0) = ½, and the derivative of min(u, v) where u = v is (u′ + v′)/2. Derivatives of sign and step are 0:
// the pulse at the jump is left out. Simplification takes 0·u for 0 also where u is not finite.
//
// What belongs here: the grammar, numbers as text, expressions as graphs, their derivatives and their evaluation. What does
// not: functions of a number (package elementary), paths into a spec and what they lead to (package spec), and anything
// that knows a model or a noise.
package formula
