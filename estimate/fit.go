package estimate

import (
	"fmt"
	"math"
	"strings"

	"sgdlab/elementary"
)

// Regressor is a named column.
type Regressor struct {
	Name   string
	Values []float64
}

// FitOptions are the choices of LeastSquares.
//
// MinPoints refuses smaller data; 0 asks for no more than a solution needs. Widen multiplies all errors by √(χ²/dof)
// where that exceeds 1 and uses Student's interval: right where the points scatter about the law for reasons
// that their own errors do not know, as they do about an approximate law.
type FitOptions struct {
	Level     float64 // 0: Level
	MinPoints int
	Widen     bool
}

// Fit is a weighted least-squares fit of y on an intercept and p regressors, with all that is needed to doubt it.
//
// Coefficients, Covariance and Names start with the intercept; VIF and Correlation are over the regressors alone.
type Fit struct {
	Names        []string
	Coefficients []Estimate
	Covariance   [][]float64
	Predicted    []float64
	Residuals    []float64 // y − predicted, in the unit of y
	N, Dof       int64     // dof = n − p − 1
	Chi2         float64   // Σ(residual/se)²; without se, Σ residual²
	R2           float64   // 1 − weighted residual over weighted total sum of squares
	AICc, BIC    float64
	Condition    float64     // of the centred regressors at unit length: √(largest/smallest eigenvalue of Correlation)
	VIF          []float64   // variance inflation: 1/(1 − R² of a regressor on the others)
	Correlation  [][]float64 // weighted, between regressors
	quantile     float64
	weight       float64 // Σw
	scale        float64 // of the covariance
	centre       []float64
	slopes       [][]float64 // covariance of the slopes, unscaled
}

// Chi2PerDof is χ²/dof, near 1 for a law that holds and errors that are right; NaN with no degree of freedom.
func (f *Fit) Chi2PerDof() float64 {
	if f.Dof < 1 {
		return math.NaN()
	}
	return f.Chi2 / float64(f.Dof)
}

// singular is the ratio of singular values below which regressors count as linearly dependent: no digit of their
// separate coefficients would mean anything.
const singular = 1e-10

// LeastSquares fits
//
//	yᵢ = b₀ + Σⱼ bⱼxⱼᵢ + errorᵢ,   minimising Σ(errorᵢ/seᵢ)².
//
// With se given, errors of the coefficients follow from se, intervals are the normal's, and AICc and BIC take the errors as known,
// −2 log L = χ² + Σ log(2π seᵢ²). With se nil the weights are equal, the error is estimated from the residuals, intervals are
// Student's, and −2 log L = n(log(2πχ²/n) + 1) with one more parameter. AICc is +∞ where n ≤ parameters + 1.
//
// Regressors are centred and scaled before the decomposition (one-sided Jacobi), so Condition and VIF speak of their collinearity and not
// of their units: a condition number above about 30, or a VIF above 10, says that the data do not tell the regressors
// apart. Errors: too few points, rows that are not finite, se ≤ 0, a constant regressor, linear dependence.
func LeastSquares(y, se []float64, x []Regressor, opts FitOptions) (*Fit, error) {
	level := opts.Level
	if level == 0 {
		level = Level
	}
	alpha := tail(level)
	n, p := len(y), len(x)
	if err := checkFit(y, se, x, opts.MinPoints); err != nil {
		return nil, err
	}
	w := make([]float64, n)
	f := &Fit{Names: []string{"intercept"}, N: int64(n), Dof: int64(n - p - 1), scale: 1}
	for i := range w {
		w[i] = 1
		if se != nil {
			w[i] = 1 / se[i] / se[i]
		}
		f.weight += w[i]
	}
	mean := func(v []float64) float64 {
		first := v[0] // from the first value, so that equal values have exactly that mean
		s := 0.0
		for i := range v {
			s = math.FMA(w[i], v[i]-first, s)
		}
		return first + s/f.weight
	}
	// a: columns √w(x − x̄)/length; r: √w(y − ȳ).
	my := mean(y)
	r := make([]float64, n)
	for i := range r {
		r[i] = math.Sqrt(w[i]) * (y[i] - my)
	}
	total := dot(r, r)
	a := make([][]float64, p)
	length := make([]float64, p)
	f.centre = make([]float64, p)
	for j, c := range x {
		f.Names = append(f.Names, c.Name)
		f.centre[j] = mean(c.Values)
		a[j] = make([]float64, n)
		size := 0.0
		for i, v := range c.Values {
			a[j][i] = math.Sqrt(w[i]) * (v - f.centre[j])
			size = math.Max(size, math.Abs(v))
		}
		length[j] = math.Sqrt(dot(a[j], a[j]))
		if length[j] <= 1e-12*size*math.Sqrt(f.weight) {
			return nil, fmt.Errorf("estimate: regressor %s is %v at all %d points; want one that varies, or leave it out", c.Name, c.Values[0], n)
		}
		for i := range a[j] {
			a[j][i] /= length[j]
		}
	}
	f.Correlation = square(p)
	for j := range a {
		for k := range a {
			f.Correlation[j][k] = dot(a[j], a[k])
		}
		f.Correlation[j][j] = 1
	}
	sigma, v := jacobi(a) // a becomes U·diag(σ)
	top, bottom := 0.0, math.Inf(1)
	for _, s := range sigma {
		top, bottom = math.Max(top, s), math.Min(bottom, s)
	}
	f.Condition = 1
	if p > 0 {
		f.Condition = top / bottom
	}
	if p > 0 && bottom <= singular*top {
		return nil, fmt.Errorf("estimate: regressors %s are linearly dependent over these %d points; leave one out, or sweep something that separates them", strings.Join(f.Names[1:], ", "), n)
	}
	slope := make([]float64, p)
	for k := range a {
		c := dot(a[k], r) / sigma[k] / sigma[k]
		for j := range slope {
			slope[j] = math.FMA(v[j][k], c, slope[j])
		}
	}
	f.slopes = square(p)
	f.VIF = make([]float64, p)
	for j := range p {
		for k := range p {
			inv := 0.0 // (AᵀA)⁻¹
			for l := range p {
				inv = math.FMA(v[j][l]/sigma[l], v[k][l]/sigma[l], inv)
			}
			if j == k {
				f.VIF[j] = inv
			}
			f.slopes[j][k] = inv / length[j] / length[k]
		}
	}
	intercept := my
	for j := range slope {
		slope[j] /= length[j]
		intercept = math.FMA(-slope[j], f.centre[j], intercept)
	}
	f.Predicted, f.Residuals = make([]float64, n), make([]float64, n)
	for i := range y {
		f.Predicted[i] = my // from the centre: the intercept may be far away
		for j, c := range x {
			f.Predicted[i] = math.FMA(slope[j], c.Values[i]-f.centre[j], f.Predicted[i])
		}
		f.Residuals[i] = y[i] - f.Predicted[i]
		f.Chi2 = math.FMA(w[i]*f.Residuals[i], f.Residuals[i], f.Chi2)
	}
	f.R2 = 1 - f.Chi2/total
	if total == 0 {
		f.R2 = math.NaN()
	}
	f.quantile = normalQuantile(alpha)
	switch ratio := f.Chi2PerDof(); {
	case se == nil:
		f.scale, f.quantile = ratio, studentQuantile(alpha, float64(f.Dof))
	case opts.Widen:
		f.scale, f.quantile = math.Max(1, ratio), studentQuantile(alpha, float64(f.Dof))
	}
	f.criteria(se)
	f.Covariance = square(p + 1)
	f.Covariance[0][0] = f.spread(make([]float64, p))
	f.Coefficients = []Estimate{around(intercept, math.Sqrt(f.Covariance[0][0]), f.quantile, f.N)}
	for j := range p {
		cross := 0.0
		for k := range p {
			f.Covariance[j+1][k+1] = f.scale * f.slopes[j][k]
			cross = math.FMA(-f.slopes[j][k], f.centre[k], cross)
		}
		f.Covariance[0][j+1], f.Covariance[j+1][0] = f.scale*cross, f.scale*cross
		f.Coefficients = append(f.Coefficients, around(slope[j], math.Sqrt(f.Covariance[j+1][j+1]), f.quantile, f.N))
	}
	return f, nil
}

// Predict is the mean of y at a point, with its interval (of the mean, not of a new measurement).
func (f *Fit) Predict(at []float64) Estimate {
	if len(at) != len(f.centre) {
		panic(fmt.Sprintf("estimate: prediction at %d coordinates of a fit with %d regressors", len(at), len(f.centre)))
	}
	value := f.Coefficients[0].Value
	for j, v := range at {
		value = math.FMA(f.Coefficients[j+1].Value, v, value)
	}
	return around(value, math.Sqrt(f.spread(at)), f.quantile, f.N)
}

// spread is the variance of the prediction at a point.
func (f *Fit) spread(at []float64) float64 {
	s := 1 / f.weight
	for j := range at {
		for k := range at {
			s = math.FMA(f.slopes[j][k]*(at[j]-f.centre[j]), at[k]-f.centre[k], s)
		}
	}
	return f.scale * s
}

func (f *Fit) criteria(se []float64) {
	n, k := float64(f.N), float64(len(f.Names))
	deviance := f.Chi2
	if se == nil {
		k++
		deviance = n * (elementary.Log(2*math.Pi*f.Chi2/n) + 1)
	}
	for _, s := range se {
		deviance += elementary.Log(2*math.Pi*s) + elementary.Log(s)
	}
	f.AICc, f.BIC = math.Inf(1), math.FMA(k, elementary.Log(n), deviance)
	if se == nil && f.Dof < 1 {
		f.BIC = math.NaN() // a likelihood without bound
	}
	if n > k+1 {
		f.AICc = deviance + float64(2*k) + float64(2*k*(k+1))/(n-k-1)
	}
}

func checkFit(y, se []float64, x []Regressor, points int) error {
	if want := max(points, len(x)+1); len(y) < want {
		return fmt.Errorf("estimate: fit of %d regressors to %d points; want at least %d", len(x), len(y), want)
	}
	names, columns := []string{"y"}, [][]float64{y}
	if se != nil {
		names, columns = append(names, "se"), append(columns, se)
	}
	for _, c := range x {
		names, columns = append(names, "regressor "+c.Name), append(columns, c.Values)
	}
	if err := checkColumns(names, columns...); err != nil {
		return err
	}
	for i, s := range se {
		if !(s > 0) {
			return fmt.Errorf("estimate: se is %v in row %d; want a standard error > 0 (or none at all, for equal weights)", s, i)
		}
	}
	return nil
}

// jacobi makes the columns of a orthogonal by rotations, a·v = u·diag(σ), and returns σ and v; a is overwritten.
//
// Source: Hestenes 1958 (one-sided Jacobi).
func jacobi(a [][]float64) (sigma []float64, v [][]float64) {
	p := len(a)
	v = square(p)
	for j := range v {
		v[j][j] = 1
	}
	for range 60 {
		rotated := false
		for j := range p {
			for k := j + 1; k < p; k++ {
				jj, kk, jk := dot(a[j], a[j]), dot(a[k], a[k]), dot(a[j], a[k])
				if math.Abs(jk) <= 1e-15*math.Sqrt(jj)*math.Sqrt(kk) {
					continue
				}
				rotated = true
				zeta := (kk - jj) / (2 * jk)
				t := math.Copysign(1, zeta) / (math.Abs(zeta) + math.Sqrt(math.FMA(zeta, zeta, 1)))
				c := 1 / math.Sqrt(math.FMA(t, t, 1))
				s := c * t
				for i := range a[j] {
					a[j][i], a[k][i] = math.FMA(c, a[j][i], -float64(s*a[k][i])), math.FMA(s, a[j][i], float64(c*a[k][i]))
				}
				for i := range v {
					v[i][j], v[i][k] = math.FMA(c, v[i][j], -float64(s*v[i][k])), math.FMA(s, v[i][j], float64(c*v[i][k]))
				}
			}
		}
		if !rotated {
			break
		}
	}
	sigma = make([]float64, p)
	for j := range sigma {
		sigma[j] = math.Sqrt(dot(a[j], a[j]))
	}
	return sigma, v
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s = math.FMA(a[i], b[i], s)
	}
	return s
}

func square(p int) [][]float64 {
	m := make([][]float64, p)
	for i := range m {
		m[i] = make([]float64, p)
	}
	return m
}

// checkColumns refuses columns of unequal length, and rows that are not finite.
func checkColumns(names []string, columns ...[]float64) error {
	for i, c := range columns {
		if len(c) != len(columns[0]) {
			return fmt.Errorf("estimate: %s has %d rows and %s has %d; want as many", names[0], len(columns[0]), names[i], len(c))
		}
		for j, v := range c {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("estimate: %s is %v in row %d; want a finite number (leave the row out)", names[i], v, j)
			}
		}
	}
	return nil
}
