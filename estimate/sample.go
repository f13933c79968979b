package estimate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Sample is a set of values, some perhaps right-censored: then the true value is larger than the one given.
//
// Censored nil means that none is. Replica names the replica of each row, and pairs the rows of two arms that share
// their random numbers; nil means that the rows of two samples are independent of each other.
type Sample struct {
	Values   []float64
	Censored []bool
	Replica  []int64
}

func (s Sample) censored(i int) bool { return s.Censored != nil && s.Censored[i] }

// check refuses columns of different lengths and values that are not finite.
func (s Sample) check() error {
	n := len(s.Values)
	if s.Censored != nil && len(s.Censored) != n {
		return fmt.Errorf("estimate: sample has %d values and %d censoring marks; want one mark for each value", n, len(s.Censored))
	}
	if s.Replica != nil && len(s.Replica) != n {
		return fmt.Errorf("estimate: sample has %d values and %d replica indices; want one index for each value", n, len(s.Replica))
	}
	for i, x := range s.Values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("estimate: sample row %d is %v; want a finite value (what did not happen is censored at the horizon)", i, x)
		}
	}
	return nil
}

// row is one value of a sample, with the arm that it belongs to and the pair.
type row struct {
	value    float64
	censored bool
	arm      int
	pair     int
}

// byValue orders rows by value. Rows of equal value are always taken together, so their order among themselves does not
// matter.
func byValue(rows []row) {
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.value, b.value) })
}
