package formula

import "fmt"

// Settings are what every formula of a spec states beside its expressions.
type Settings struct {
	Variables  []string   `default:"[x]" doc:"the names of θ's coordinates in the formulas, one to three, such as [x, y]"`
	Parameters Parameters `optional:"true" doc:"names of numbers that the formulas use, such as {a: 2}; they may be swept"`
}

// MaxVariables is how many variables formulas of a spec may have: their derivatives are kept entry by entry.
const MaxVariables = 3

// Graph returns a graph of the variables and parameters.
func (s Settings) Graph(suggest func(word string, known []string) string) (*Graph, error) {
	if n := len(s.Variables); n < 1 || n > MaxVariables {
		return nil, fmt.Errorf("variables: got %d; want 1 to %d: each derivative of a formula, to the third, is an expression of its own, and their number grows with the cube of the variables", n, MaxVariables)
	}
	return NewGraph(s.Variables, s.Parameters, suggest)
}

// Done returns an error where a parameter is in no expression.
func (g *Graph) Done() error {
	if name := g.Unused(); name != "" {
		return fmt.Errorf("parameters: %s is in no expression; use it, or leave it out", name)
	}
	return nil
}

// Pair is the place of the second derivative by i and j in Hessian.
func Pair(i, j int) int {
	if i < j {
		i, j = j, i
	}
	return i*(i+1)/2 + j
}

// Triple is the place of the third derivative by i, j and k in Third.
func Triple(i, j, k int) int {
	if i < j {
		i, j = j, i
	}
	if i < k {
		i, k = k, i
	}
	return i*(i+1)*(i+2)/6 + Pair(j, k)
}
