// Package estimate turns samples into numbers with error bars.
//
// What belongs here: moments and quantiles that stream and merge, survival with right censoring, slopes and fits,
// ratios, differences, proportions, two-sample tests, autocorrelation times, plateaus of a series, and the verdict of
// an interval on a band. Every result is an [Estimate]: value, standard error, interval, n, unit.
//
// What does not: running replicas, reading tables, knowing what a loss or a saddle is, closed theory (package theory),
// and choosing which estimate answers which question (package study).
//
// # Conventions
//
// An interval is two-sided at an explicit confidence level; [Level] is the default of the laboratory. An estimate that
// cannot be made has a NaN value; an interval that the data do not bound is infinite on that side. So one observation
// of a random quantity has a value, no standard error, and the interval (−∞, ∞): it decides nothing, and nothing here
// pretends otherwise. A quantity known without error is [Exact].
//
// Values that are not finite never enter a mean: they are counted beside it (Bad), since a diverged replica is an event
// and not a number.
//
// # The same bits everywhere
//
// Estimates are stored and hashed, so they must have the same bits on every CPU. Go's math.Log and math.Exp do not
// (their code differs between architectures, and math.Exp even between CPUs that have FMA and CPUs that lack it), nor
// do libraries that let the compiler fuse x*y + z. Hence the logarithm, exponential and distribution functions of this package are its
// own, written with explicit math.FMA or explicit rounding; tests compare them with the standard library and with
// gonum. Sums run in the order given: whoever merges partial results merges them in the order that the plan fixes. Only
// [Sketch] is free of order.
//
// # The quantile sketch
//
// [Sketch] is our own and not a library's. The DDSketch libraries put a value in its bucket through a floating-point
// logarithm (which bucket an edge case takes then depends on the CPU), keep counts in floats, refuse NaN, do not count ±∞,
// and encode the same sketch in several ways. Here a bucket is read off the bits of the float64: integer arithmetic
// only, so equal multisets of values give equal bytes, in whatever order they were added and merged.
package estimate
