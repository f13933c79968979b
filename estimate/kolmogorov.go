package estimate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab/elementary"
)

// KolmogorovSmirnov is the distance of two laws,
//
//	D = sup_{t ≤ h} |F_a(t) − F_b(t)|,
//
// with F one minus the Kaplan–Meier curve and h the earlier of the times up to which each arm is known: with a common
// horizon it compares the laws up to there, and with nothing censored it is the usual distance. Its standard
// error is NaN. Its interval is D ± (εₐ + ε_b), ε = √(log(4/(1 − level))/2n), from the inequality of Dvoretzky, Kiefer,
// Wolfowitz and Massart: valid for any laws and any n, continuous or not, arms paired or not, and therefore wide. In n,
// rows censored before h are not counted; where there are many of those the interval is approximate.
func KolmogorovSmirnov(a, b Sample, level float64) (Estimate, error) {
	alpha := tail(level)
	rows, err := pooled(a, b)
	if err != nil {
		return Missing(0), err
	}
	n := min(len(a.Values), len(b.Values))
	if n == 0 {
		return Missing(0), nil
	}
	d, h := distance(rows, len(a.Values), len(b.Values))
	eff := [2]float64{float64(len(a.Values)), float64(len(b.Values))}
	for _, r := range rows {
		if r.censored && r.value < h {
			eff[r.arm]--
		}
	}
	e := Estimate{Value: d, SE: math.NaN(), Lo: 0, Hi: 1, N: int64(n)}
	if eff[0] > 0 && eff[1] > 0 {
		l := elementary.Log(2 / alpha) // half of 1 − level for each arm
		w := math.Sqrt(l/(2*eff[0])) + math.Sqrt(l/(2*eff[1]))
		e.Lo, e.Hi = math.Max(d-w, 0), math.Min(d+w, 1)
	}
	return e, nil
}

// KolmogorovP is the probability of a distance of at least d between independent samples of sizes n and m from one
// continuous law, asymptotically:
//
//	P(K > d√N),   N = nm/(n + m).
//
// For small samples, with ties, or with a common horizon, it is conservative. For arms that share their random numbers it is wrong: use
// PermutationKS.
func KolmogorovP(d float64, n, m int64) float64 {
	if n < 1 || m < 1 || math.IsNaN(d) {
		return math.NaN()
	}
	root := math.Sqrt(float64(n) / float64(n+m) * float64(m))
	return kolmogorovTail(d * root)
}

// PermutationKS tests whether two arms have one law, with the distance of KolmogorovSmirnov as its statistic and the
// law of that distance under the hypothesis found by permutation:
//
//	P = (1 + #{rounds with a distance ≥ the one observed}) / (1 + rounds),
//
// which is a valid p-value for any n, ties and censoring included. If both samples name their replicas, the arms are
// paired: each round swaps the two rows of a replica with probability ½, independently over replicas, which is
// right for arms that share random numbers (and are alike under the hypothesis in how they are censored). Otherwise
// each round deals all rows anew. A replica that only one arm has is an error. The same seed gives the same P.
//
// N is the number of rows of both arms. Cost: O(rounds·n).
func PermutationKS(a, b Sample, rounds int, seed uint64) (Test, error) {
	missing := Test{Statistic: math.NaN(), P: math.NaN()}
	if rounds < 1 {
		return missing, fmt.Errorf("estimate: permutation test of %d rounds; want at least 1 (999 resolve p = 0.001)", rounds)
	}
	if (a.Replica == nil) != (b.Replica == nil) {
		return missing, errors.New("estimate: one sample names its replicas and the other does not; want both (paired) or neither (independent)")
	}
	rows, err := pooled(a, b)
	if err != nil {
		return missing, err
	}
	na, nb := len(a.Values), len(b.Values)
	if na == 0 || nb == 0 {
		return missing, nil
	}
	observed, _ := distance(rows, na, nb)
	paired := a.Replica != nil
	bits := counter{seed: mix(seed)}
	// Pooled order depends on neither arm's labels, except within ties, which distance treats as one.
	order := make([]int, len(rows)) // the row that sits at place i of (pair, arm), for swaps; rows by place, for deals
	if paired {
		for i, r := range rows {
			order[2*r.pair+r.arm] = i
		}
	} else {
		for i := range order {
			order[i] = i
		}
	}
	extreme := 0
	for range rounds {
		if paired {
			for p := 0; p < len(order); p += 128 {
				word := bits.next()
				for q := p; q < min(p+128, len(order)); q += 2 {
					flip := int(word & 1)
					word >>= 1
					rows[order[q]].arm = flip
					rows[order[q+1]].arm = 1 - flip
				}
			}
		} else {
			for i := range na { // the first na of a Fisher–Yates shuffle are arm a
				j := i + int(bits.below(uint64(len(order)-i)))
				order[i], order[j] = order[j], order[i]
				rows[order[i]].arm = 0
			}
			for _, i := range order[na:] {
				rows[i].arm = 1
			}
		}
		// Equal distances come out of different roundings.
		if d, _ := distance(rows, na, nb); d >= observed-1e-12 {
			extreme++
		}
	}
	return Test{Statistic: observed, P: float64(1+extreme) / float64(1+rounds), N: int64(na + nb)}, nil
}

// pooled is the rows of both arms by value; where both name their replicas, with the place of their pair.
func pooled(a, b Sample) ([]row, error) {
	var rows []row
	for arm, s := range []Sample{a, b} {
		if err := s.check(); err != nil {
			return nil, err
		}
		for i, x := range s.Values {
			rows = append(rows, row{value: x, censored: s.censored(i), arm: arm})
		}
	}
	if a.Replica != nil && b.Replica != nil {
		pa, err := places(a.Replica)
		if err != nil {
			return nil, err
		}
		pb, err := places(b.Replica)
		if err != nil {
			return nil, err
		}
		for i := range max(len(pa), len(pb)) {
			switch {
			case i >= len(pb) || (i < len(pa) && a.Replica[pa[i]] < b.Replica[pb[i]]):
				return nil, fmt.Errorf("estimate: replica %d is in the first sample only; want the same replicas in both", a.Replica[pa[i]])
			case i >= len(pa) || a.Replica[pa[i]] > b.Replica[pb[i]]:
				return nil, fmt.Errorf("estimate: replica %d is in the second sample only; want the same replicas in both", b.Replica[pb[i]])
			}
			rows[pa[i]].pair, rows[len(pa)+pb[i]].pair = i, i
		}
	}
	byValue(rows)
	return rows, nil
}

// places is the order of the rows by replica.
func places(replica []int64) ([]int, error) {
	p := make([]int, len(replica))
	for i := range p {
		p[i] = i
	}
	slices.SortFunc(p, func(i, j int) int { return cmp.Compare(replica[i], replica[j]) })
	for k := 1; k < len(p); k++ {
		if replica[p[k]] == replica[p[k-1]] {
			return nil, fmt.Errorf("estimate: replica %d has two rows in one sample; want one", replica[p[k]])
		}
	}
	return p, nil
}

// distance is D and h of KolmogorovSmirnov for pooled rows in order of value.
func distance(rows []row, na, nb int) (d, h float64) {
	risk := [2]int{na, nb}
	s := [2]float64{1, 1}
	for i := 0; i < len(rows); {
		var died, left [2]int
		x := rows[i].value
		for ; i < len(rows) && rows[i].value == x; i++ {
			if r := rows[i]; r.censored {
				left[r.arm]++
			} else {
				died[r.arm]++
			}
		}
		for arm := range s {
			if died[arm] > 0 {
				s[arm] *= float64(risk[arm]-died[arm]) / float64(risk[arm])
			}
			risk[arm] -= died[arm] + left[arm]
		}
		d, h = math.Max(d, math.Abs(s[0]-s[1])), x
		if (risk[0] == 0 && s[0] > 0) || (risk[1] == 0 && s[1] > 0) {
			break // beyond, this arm is not known
		}
	}
	return d, h
}

// counter is SplitMix64: the mixed values of a counter, a generator small enough to be fixed here for good.
//
// Source: Steele, Lea & Flood 2014.
type counter struct{ seed, count uint64 }

func (c *counter) next() uint64 {
	c.count++
	return mix(c.seed + c.count*0x9e3779b97f4a7c15)
}

// below is uniform on 0 … n−1, by rejection.
func (c *counter) below(n uint64) uint64 {
	limit := -n % n // 2⁶⁴ mod n
	for {
		if v := c.next(); v >= limit {
			return v % n
		}
	}
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
