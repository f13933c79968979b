package estimate

import "math"

// Verdict is what an interval says of a claim.
type Verdict string

// The three verdicts.
const (
	Holds     Verdict = "holds"
	Fails     Verdict = "fails"
	Undecided Verdict = "undecided"
)

// Decision is a verdict and, where it is Undecided, the n that would decide; 0 where no n can be named.
type Decision struct {
	Verdict Verdict
	Needs   int64
}

// Decide compares an estimate with the closed band [lo, hi]; an end may be infinite. The whole interval inside the band:
// Holds. No point of it inside: Fails. Otherwise, or where an end of the interval is NaN: Undecided.
//
// Needs supposes that the value stays where it is and that each side of the interval shrinks as 1/√n. If the value is
// inside the band, the interval must come to lie inside:
//
//	n·max( (value − Lo)/(value − lo), (Hi − value)/(hi − value) )²;
//
// if it is outside, the side towards the band must come to end before it: n·((value − Lo)/(value − hi))² above the
// band, and correspondingly below. It is rounded up, and larger than n. A value on the very edge, an unknown value, an
// unbounded interval, or a need beyond 10¹⁵, give 0: more of the same will not decide. A band lo > hi is empty: the claim fails.
func Decide(e Estimate, lo, hi float64) Decision {
	switch {
	case math.IsNaN(lo) || math.IsNaN(hi) || math.IsNaN(e.Lo) || math.IsNaN(e.Hi):
		return Decision{Verdict: Undecided}
	case e.Hi < lo || e.Lo > hi || lo > hi:
		return Decision{Verdict: Fails}
	case e.Lo >= lo && e.Hi <= hi:
		return Decision{Verdict: Holds}
	}
	factor := 0.0
	switch v := e.Value; {
	case v > hi:
		factor = (v - e.Lo) / (v - hi)
	case v < lo:
		factor = (e.Hi - v) / (lo - v)
	default:
		if !math.IsInf(lo, -1) {
			factor = (v - e.Lo) / (v - lo)
		}
		if !math.IsInf(hi, 1) {
			factor = math.Max(factor, (e.Hi-v)/(hi-v))
		}
	}
	needs := math.Ceil(float64(e.N) * factor * factor)
	if !(needs <= 1e15) { // NaN too
		return Decision{Verdict: Undecided}
	}
	if e.N == 0 {
		return Decision{Verdict: Undecided}
	}
	return Decision{Verdict: Undecided, Needs: max(int64(needs), e.N+1)}
}
