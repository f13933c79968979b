package report

import (
	"math"
	"slices"
)

// thin chooses at most limit ≥ 8 of the points of a curve, in order, the first and the last among them: a quarter of
// them geometrically spaced in index, so that a logarithmic axis has an early part too, the others by the largest
// triangle, which keeps spikes and bends.
//
// Source: Steinarsson 2013, Downsampling time series for visual representation.
func thin(x, y []float64, limit int) []int {
	n := len(x)
	if n <= limit {
		return every(n)
	}
	keep := largestTriangles(x, y, limit-limit/4)
	for k := range limit / 4 {
		keep = append(keep, int(math.Pow(float64(n-1), float64(k)/float64(limit/4))))
	}
	slices.Sort(keep)
	return slices.Compact(keep)
}

// thinTail chooses at most limit of n steps of a survival curve: half evenly, half evenly in the logarithm of how many
// are left.
func thinTail(n, limit int) []int {
	var keep []int
	half := limit / 2
	for k := range half {
		keep = append(keep, k*(n-1)/(half-1))
	}
	for k := range limit - half {
		keep = append(keep, n-int(math.Pow(float64(n), float64(k)/float64(limit-half))))
	}
	slices.Sort(keep)
	return slices.Compact(keep)
}

// largestTriangles is LTTB: one point of each of limit − 2 buckets, that which spans the largest triangle with the point
// kept before it and the mean of the bucket after it. A curve over decades is judged by its logarithm.
func largestTriangles(x, y []float64, limit int) []int {
	n := len(x)
	z := y
	if lo, hi := positive(y); lo > 0 && hi > 100*lo {
		z = make([]float64, n)
		for i, v := range y {
			z[i] = math.Log(v)
		}
	}
	keep := []int{0}
	edge := func(b int) int { return 1 + b*(n-2)/(limit-2) }
	for b := range limit - 2 {
		from, to := edge(b), edge(b+1)
		next := min(n, max(to+1, edge(b+2)))
		if b == limit-3 {
			next = n
		}
		var mx, mz, m float64
		for i := to; i < next; i++ {
			if !math.IsNaN(z[i]) {
				mx, mz, m = mx+x[i], mz+z[i], m+1
			}
		}
		mx, mz = mx/m, mz/m
		last, best, area := keep[len(keep)-1], from, -1.0
		for i := from; i < to; i++ {
			a := math.Abs((x[last]-mx)*(z[i]-z[last]) - (x[last]-x[i])*(mz-z[last]))
			if a > area {
				best, area = i, a
			}
		}
		keep = append(keep, best)
	}
	return append(keep, n-1)
}

// positive is the range of y; 0, 0 where a value is not positive.
func positive(y []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), 0
	for _, v := range y {
		if v <= 0 {
			return 0, 0
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			lo, hi = math.Min(lo, v), math.Max(hi, v)
		}
	}
	if hi == 0 {
		return 0, 0
	}
	return lo, hi
}

func every(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func pick(x []float64, keep []int) []float64 {
	if x == nil {
		return nil
	}
	out := make([]float64, len(keep))
	for i, k := range keep {
		out[i] = x[k]
	}
	return out
}
