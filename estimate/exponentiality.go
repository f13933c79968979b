package estimate

import (
	"fmt"
	"math"
	"sort"

	"sgdlab/elementary"
)

// Exponentiality tests whether the time T, given T > from, is exponential: whether the hazard is constant beyond from.
// It is the score test of shape 1 in Weibull's family (Cox and Oakes), with the rate estimated,
//
//	z = U/√V,   U = Σ_events log tᵢ + d − d·a,   V = d·(Σtᵢ log²tᵢ/Σtᵢ − a² + 1),   a = Σtᵢ log tᵢ / Σtᵢ,
//
// with t counted from `from`, d events, and sums without a subscript over all replicas at risk, censored ones included:
// it holds under censoring at a horizon. Under the hypothesis z is standard normal (for d ≥ 20 its two-sided 5 % test
// rejects 4 to 6 %); P is two-sided. z > 0: the hazard rises; z < 0: it falls.
//
// Starts: a replica that must first travel to the saddle has no hazard before it gets there. An exponential law
// forgets, so the replicas that are left at `from` are a sample of it, and the test is valid for any `from`
// chosen before looking at the times. Those with T ≤ from take no part; N counts the others.
//
// Discrete time: where events can happen only at from + step, from + 2·step, …, the hypothesis is a geometric law, and
// the sums over time become sums over steps k with log(k − ½) for log t:
//
//	U = Σ_events xₖ − d·x̄,   V = d(1 − p)(mean of x² − x̄²) over all steps at risk, p = d/steps;
//
// as step → 0 this is the form above. Step 0 means continuous time; censoring times are rounded down to whole steps.
//
// Without two events, or where nothing varies, the test is missing.
//
// Source: Cox & Oakes 1984, §3.7.
func (s *Survival) Exponentiality(from, step float64) (Test, error) {
	if !(from >= 0) || !(step >= 0) || math.IsInf(from, 1) || math.IsInf(step, 1) {
		return Test{}, fmt.Errorf("estimate: exponentiality from %v in steps of %v; want finite numbers ≥ 0", from, step)
	}
	rows := s.rows[sort.Search(len(s.rows), func(i int) bool { return s.rows[i].value > from }):]
	out := Test{Statistic: math.NaN(), P: math.NaN(), N: int64(len(rows))}
	var u, v, d float64
	if step == 0 {
		u, v, d = continuousScore(rows, from)
	} else {
		u, v, d = latticeScore(rows, from, step)
	}
	if d < 2 || !(v > 0) {
		return out, nil
	}
	out.Statistic = u / math.Sqrt(v)
	out.P = 2 * normalTail(math.Abs(out.Statistic))
	return out, nil
}

func continuousScore(rows []row, from float64) (u, v, d float64) {
	var events, total, first, second float64
	for _, r := range rows {
		t := r.value - from
		l := elementary.Log(t)
		if !r.censored {
			events += l
			d++
		}
		total += t
		first = math.FMA(t, l, first)
		second = math.FMA(float64(t*l), l, second)
	}
	a := first / total
	u = events + d - float64(d*a)
	v = d * (math.FMA(-a, a, second/total) + 1)
	return u, v, d
}

// exactSteps of a lattice are summed one by one; beyond, between two rows, the midpoint rule of the integral is good to
// 1/(24·exactSteps²) in each step.
const exactSteps = 4096

func latticeScore(rows []row, from, step float64) (u, v, d float64) {
	var events, total, first, second float64 // over rows
	var sum, sum2 float64                    // Σₖ xₖ, Σₖ xₖ² up to the steps done
	done := 0.0
	for _, r := range rows { // by time
		k := math.Round((r.value - from) / step)
		if r.censored {
			k = math.Floor(math.FMA((r.value-from)/step, 1, 1e-9))
		}
		for ; done < k && done < exactSteps; done++ {
			x := elementary.Log(done + 0.5)
			sum += x
			sum2 = math.FMA(x, x, sum2)
		}
		if done < k {
			// ∫ log = t log t − t, ∫ log² = t log²t − 2t log t + 2t.
			a, b := elementary.Log(done), elementary.Log(k)
			sum += math.FMA(k, b-1, -float64(done*(a-1)))
			sum2 += math.FMA(k, math.FMA(b, b-2, 2), -float64(done*math.FMA(a, a-2, 2)))
			done = k
		}
		if k < 1 {
			continue
		}
		if !r.censored {
			events += elementary.Log(k - 0.5)
			d++
		}
		total += k
		first += sum
		second += sum2
	}
	mean := first / total
	u = math.FMA(-d, mean, events)
	v = d * (1 - d/total) * math.FMA(-mean, mean, second/total)
	return u, v, d
}
