package estimate

import (
	"fmt"
	"math"
)

// Line is a fit of y = intercept + slope·x. Logarithmic axes are the caller's: see [Estimate.Log] for their errors.
type Line struct {
	Slope, Intercept Estimate
	Chi2             float64 // as in Fit
	Dof              int64
	R2               float64
}

// FitLine is LeastSquares on one regressor: weighted by 1/se² with errors that follow from se, or, with se nil, equal
// weights and errors from the residuals. It asks for two points, and without se for three if there is to be an interval.
func FitLine(x, y, se []float64, opts FitOptions) (Line, error) {
	f, err := LeastSquares(y, se, []Regressor{{Name: "x", Values: x}}, opts)
	if err != nil {
		return Line{}, err
	}
	return Line{Slope: f.Coefficients[1], Intercept: f.Coefficients[0], Chi2: f.Chi2, Dof: f.Dof, R2: f.R2}, nil
}

// SlopeWeights are the c for which Σcⱼyⱼ is the least-squares slope of y on x with equal weights,
//
//	cⱼ = (xⱼ − x̄)/Σ(x − x̄)²,
//
// so that a slope can be streamed along a path. Fewer than two different x are an error.
func SlopeWeights(x []float64) ([]float64, error) {
	if err := checkColumns([]string{"x"}, x); err != nil {
		return nil, err
	}
	var m Moments
	for _, v := range x {
		m.Add(v)
	}
	if m.N < 2 || m.Min == m.Max {
		return nil, fmt.Errorf("estimate: slope over %d points with the same abscissa; want at least 2 different ones", m.N)
	}
	c := make([]float64, len(x))
	for j, v := range x {
		c[j] = (v - m.M) / m.M2
	}
	return c, nil
}

// SlopeOfReplicas is the slope of a mean path over x. The points of a path are correlated, so that a line
// through the mean path has no honest error bar; replicas are independent, so each gives one slope, and the result is the mean
// of the slopes with Student's interval over replicas. By linearity it is the slope of the mean path. A path with a value that is not finite
// is left out and counted in bad; one of another length than x is an error.
func SlopeOfReplicas(x []float64, paths [][]float64, level float64) (slope Estimate, bad int64, err error) {
	c, err := SlopeWeights(x)
	if err != nil {
		return Missing(0), 0, err
	}
	var m Moments
	for i, path := range paths {
		if len(path) != len(x) {
			return Missing(0), 0, fmt.Errorf("estimate: path of replica %d has %d points; want one for each of the %d abscissae", i, len(path), len(x))
		}
		s := 0.0
		for j, y := range path {
			s = math.FMA(c[j], y-path[0], s)
		}
		m.Add(s)
	}
	return m.Mean(level), m.Bad, nil
}
