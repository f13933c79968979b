package estimate

import (
	"fmt"
	"math"

	"sgdlab/elementary"
)

// Level is the confidence level of intervals where nothing else is asked for.
const Level = 0.95

// Estimate is a measured number.
//
// SE is the standard error; where an interval is not made from a standard error (quantiles), SE is its half-width over
// the normal quantile, and NaN where the interval is unbounded. [Lo, Hi] is the confidence interval, which need not be
// symmetric. N counts the independent observations (replicas, as a rule) on which the estimate rests.
type Estimate struct {
	Value, SE float64
	Lo, Hi    float64
	N         int64
	Unit      string
}

// Exact is a quantity known without error, such as a result of a deterministic dynamics from a deterministic start.
func Exact(value float64) Estimate { return Estimate{Value: value, Lo: value, Hi: value, N: 1} }

// Missing is the estimate that n observations do not give: value, standard error and interval are NaN.
func Missing(n int64) Estimate {
	nan := math.NaN()
	return Estimate{Value: nan, SE: nan, Lo: nan, Hi: nan, N: n}
}

// Known reports whether there is a value.
func (e Estimate) Known() bool { return !math.IsNaN(e.Value) }

// In is the same estimate with its unit set.
func (e Estimate) In(unit string) Estimate {
	e.Unit = unit
	return e
}

// Scaled is c·e, for a change of units; the unit is cleared.
func (e Estimate) Scaled(c float64) Estimate {
	s := Estimate{Value: c * e.Value, SE: math.Abs(c) * e.SE, Lo: c * e.Lo, Hi: c * e.Hi, N: e.N}
	if c < 0 {
		s.Lo, s.Hi = s.Hi, s.Lo
	}
	return s
}

// Log is the natural logarithm of a positive quantity. The interval is carried over exactly, the standard error by the
// delta method,
//
//	se(log m) = se(m)/m,
//
// good where se(m) ≪ m. A value ≤ 0 has no logarithm: the result is missing.
func (e Estimate) Log() Estimate {
	if !(e.Value > 0) {
		return Missing(e.N)
	}
	return Estimate{Value: elementary.Log(e.Value), SE: e.SE / e.Value, Lo: elementary.Log(math.Max(e.Lo, 0)), Hi: elementary.Log(e.Hi), N: e.N}
}

// Inverse is 1/e for a positive quantity (a mean time from a rate). The interval is carried over exactly, the standard
// error by the delta method, se(1/m) = se(m)/m². A value ≤ 0 gives a value of +∞ at 0 and a missing one below.
func (e Estimate) Inverse() Estimate {
	if !(e.Value >= 0) {
		return Missing(e.N)
	}
	inv := Estimate{Value: 1 / e.Value, SE: e.SE / e.Value / e.Value, Lo: 1 / e.Hi, Hi: math.Inf(1), N: e.N}
	if e.Value == 0 {
		inv.SE = math.NaN()
	}
	if e.Lo > 0 {
		inv.Hi = 1 / e.Lo
	}
	return inv
}

// Test is the outcome of a test of a hypothesis: its statistic, and the probability P under the hypothesis of a
// statistic at least as extreme. N counts the rows used. Where the data allow no test both are NaN.
type Test struct {
	Statistic, P float64
	N            int64
}

// around is value ± q·se. A standard error that is NaN (nothing to estimate it from) bounds nothing.
func around(value, se, q float64, n int64) Estimate {
	e := Estimate{Value: value, SE: se, Lo: value, Hi: value, N: n}
	switch {
	case math.IsNaN(value):
		return Missing(n)
	case math.IsNaN(se) || math.IsInf(se, 1):
		e.Lo, e.Hi = math.Inf(-1), math.Inf(1)
	case se > 0: // at 0, q may be infinite
		e.Lo, e.Hi = math.FMA(-q, se, value), math.FMA(q, se, value)
	}
	return e
}

// within cuts the interval to the range that the quantity has.
func (e Estimate) within(lo, hi float64) Estimate {
	e.Lo, e.Hi = math.Max(e.Lo, lo), math.Min(e.Hi, hi)
	return e
}

// tail is (1 − level)/2. A level outside (0, 1) is a mistake of the caller: specs are checked before anything runs.
func tail(level float64) float64 {
	if !(level > 0 && level < 1) {
		panic(fmt.Sprintf("estimate: confidence level: got %v; want one between 0 and 1", level))
	}
	return (1 - level) / 2
}
