package estimate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Longley's data (NIST StRD): a badly conditioned regression with certified results.
func longley() (y []float64, x []Regressor) {
	rows := [][7]float64{
		{60323, 83.0, 234289, 2356, 1590, 107608, 1947}, {61122, 88.5, 259426, 2325, 1456, 108632, 1948},
		{60171, 88.2, 258054, 3682, 1616, 109773, 1949}, {61187, 89.5, 284599, 3351, 1650, 110929, 1950},
		{63221, 96.2, 328975, 2099, 3099, 112075, 1951}, {63639, 98.1, 346999, 1932, 3594, 113270, 1952},
		{64989, 99.0, 365385, 1870, 3547, 115094, 1953}, {63761, 100.0, 363112, 3578, 3350, 116219, 1954},
		{66019, 101.2, 397469, 2904, 3048, 117388, 1955}, {67857, 104.6, 419180, 2822, 2857, 118734, 1956},
		{68169, 108.4, 442769, 2936, 2798, 120445, 1957}, {66513, 110.8, 444546, 4681, 2637, 121950, 1958},
		{68655, 112.6, 482704, 3813, 2552, 123366, 1959}, {69564, 114.2, 502601, 3931, 2514, 125368, 1960},
		{69331, 115.7, 518173, 4806, 2572, 127852, 1961}, {70551, 116.9, 554894, 4007, 2827, 130081, 1962},
	}
	for j := range 6 {
		x = append(x, Regressor{Name: fmt.Sprint("x", j+1)})
	}
	for _, r := range rows {
		y = append(y, r[0])
		for j := range x {
			x[j].Values = append(x[j].Values, r[j+1])
		}
	}
	return y, x
}

func TestLongley(t *testing.T) {
	y, x := longley()
	f, err := LeastSquares(y, nil, x, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for j, want := range [][2]float64{
		{-3482258.63459582, 890420.383607373}, {15.0618722713733, 84.9149257747669}, {-0.358191792925910e-01, 0.334910077722432e-01},
		{-2.02022980381683, 0.488399681651699}, {-1.03322686717359, 0.214274163161675}, {-0.511041056535807e-01, 0.226073200069370},
		{1829.15146461355, 455.478499142212},
	} {
		near(t, f.Names[j], f.Coefficients[j].Value, want[0], 1e-10)
		near(t, "se of "+f.Names[j], f.Coefficients[j].SE, want[1], 1e-10)
	}
	near(t, "R²", f.R2, 0.995479004577296, 1e-13)
	near(t, "residual sd", math.Sqrt(f.Chi2PerDof()), 304.854073561965, 1e-11)
	near(t, "t interval", f.Coefficients[3].Hi, -2.02022980381683+studentQuantile(0.025, 9)*0.488399681651699, 1e-9)
	// Variance inflation factors that textbooks print for these data.
	for j, want := range []float64{135.53, 1788.51, 33.62, 3.59, 399.15, 758.98} {
		close1(t, "VIF", f.VIF[j], want, 0.01)
	}
	near(t, "correlation of GNP and year", f.Correlation[1][5], 0.99527, 1e-5)
	// The condition number again, from the eigenvalues of the correlation matrix.
	c := mat.NewSymDense(6, nil)
	for j := range 6 {
		for k := range 6 {
			c.SetSym(j, k, f.Correlation[j][k])
		}
	}
	var e mat.EigenSym
	if !e.Factorize(c, false) {
		t.Fatal("no eigenvalues")
	}
	v := e.Values(nil)
	near(t, "condition", f.Condition, math.Sqrt(v[5]/v[0]), 1e-9)
	at := make([]float64, 6)
	for j := range at {
		at[j] = x[j].Values[4]
	}
	near(t, "prediction", f.Predict(at).Value, f.Predicted[4], 1e-10)
}

func TestWeightedFitAgainstNormalEquations(t *testing.T) {
	r := random(3)
	const n = 12
	var y, se []float64
	x := []Regressor{{Name: "a"}, {Name: "b"}}
	design := mat.NewDense(n, 3, nil)
	w := mat.NewDiagDense(n, nil)
	for i := range n {
		a, b := r.NormFloat64(), 5+r.NormFloat64()
		s := 0.1 + r.Float64()
		x[0].Values, x[1].Values = append(x[0].Values, a), append(x[1].Values, b)
		se = append(se, s)
		y = append(y, 1+2*a-3*b+s*r.NormFloat64())
		design.SetRow(i, []float64{1, a, b})
		w.SetDiag(i, 1/(s*s))
	}
	f, err := LeastSquares(y, se, x, FitOptions{Level: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	var xtw, xtwx, cov mat.Dense
	xtw.Mul(design.T(), w)
	xtwx.Mul(&xtw, design)
	if err := cov.Inverse(&xtwx); err != nil {
		t.Fatal(err)
	}
	var rhs, beta mat.VecDense
	rhs.MulVec(&xtw, mat.NewVecDense(n, y))
	beta.MulVec(&cov, &rhs)
	chi2, logs := 0.0, 0.0
	for i := range n {
		fit := beta.AtVec(0) + beta.AtVec(1)*x[0].Values[i] + beta.AtVec(2)*x[1].Values[i]
		close1(t, "predicted", f.Predicted[i], fit, 1e-11)
		close1(t, "residual", f.Residuals[i], y[i]-fit, 1e-11)
		chi2 += (y[i] - fit) * (y[i] - fit) / se[i] / se[i]
		logs += math.Log(2 * math.Pi * se[i] * se[i])
	}
	for j := range 3 {
		near(t, "coefficient", f.Coefficients[j].Value, beta.AtVec(j), 1e-11)
		near(t, "hi", f.Coefficients[j].Hi, beta.AtVec(j)+1.6448536269514722*math.Sqrt(cov.At(j, j)), 1e-10)
		for k := range 3 {
			close1(t, "covariance", f.Covariance[j][k], cov.At(j, k), 1e-11)
		}
	}
	near(t, "χ²", f.Chi2, chi2, 1e-11)
	near(t, "AICc", f.AICc, chi2+logs+6+24.0/8, 1e-11)
	near(t, "BIC", f.BIC, chi2+logs+3*math.Log(n), 1e-11)
	// The variance of a prediction is gᵀ·cov·g.
	g := []float64{1, 0.3, 7}
	want := 0.0
	for j := range g {
		for k := range g {
			want += g[j] * g[k] * cov.At(j, k)
		}
	}
	near(t, "prediction se", f.Predict(g[1:]).SE, math.Sqrt(want), 1e-10)
	wide, err := LeastSquares(y, se, x, FitOptions{Widen: true})
	if err != nil {
		t.Fatal(err)
	}
	factor := math.Sqrt(math.Max(1, chi2/9))
	near(t, "widened se", wide.Coefficients[1].SE, factor*math.Sqrt(cov.At(1, 1)), 1e-10)
	near(t, "widened hi", wide.Coefficients[1].Hi, beta.AtVec(1)+studentQuantile(0.025, 9)*factor*math.Sqrt(cov.At(1, 1)), 1e-10)
	for i := range se { // errors a third of the truth: χ²/dof near 9
		se[i] /= 3
	}
	wide, err = LeastSquares(y, se, x, FitOptions{Widen: true})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "widened by misfit", wide.Coefficients[1].SE, math.Sqrt(chi2*9/9)*math.Sqrt(cov.At(1, 1)/9), 1e-10)
}

// VIF and condition of two regressors with correlation ρ: 1/(1 − ρ²) and √((1+ρ)/(1−ρ)).
func TestCollinearity(t *testing.T) {
	x := []Regressor{{Name: "up", Values: []float64{1, -1, 1, -1}}, {Name: "mix", Values: []float64{1.6, -0.4, 0.4, -1.6}}}
	f, err := LeastSquares([]float64{1, 2, 3, 5}, nil, x, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rho := 1 / math.Sqrt(1.36)
	near(t, "ρ", f.Correlation[0][1], rho, 1e-14)
	near(t, "VIF", f.VIF[0], 1/(1-rho*rho), 1e-13)
	near(t, "condition", f.Condition, math.Sqrt((1+rho)/(1-rho)), 1e-13)
}

func TestFitRefuses(t *testing.T) {
	y := []float64{1, 2, 3, 4}
	good := []Regressor{{Name: "a", Values: []float64{1, 2, 4, 8}}}
	for _, c := range []struct {
		says  string
		y, se []float64
		x     []Regressor
		opts  FitOptions
	}{
		{"want at least 8", y, nil, good, FitOptions{MinPoints: 8}},
		{"want at least 2", y[:1], nil, []Regressor{{Name: "a", Values: []float64{1}}}, FitOptions{}},
		{"a has 3", y, nil, []Regressor{{Name: "a", Values: []float64{1, 2, 4}}}, FitOptions{}},
		{"y is NaN in row 2", []float64{1, 2, math.NaN(), 3}, nil, good, FitOptions{}},
		{"regressor a is +Inf in row 0", y, nil, []Regressor{{Name: "a", Values: []float64{math.Inf(1), 2, 4, 5}}}, FitOptions{}},
		{"se is 0 in row 3", y, []float64{1, 1, 1, 0}, good, FitOptions{}},
		{"se has 1", y, []float64{1}, good, FitOptions{}},
		{"regressor a is 0.1 at all 4 points", y, nil, []Regressor{{Name: "a", Values: []float64{0.1, 0.1, 0.1, 0.1}}}, FitOptions{}},
		{"a, b are linearly dependent", y, nil, []Regressor{good[0], {Name: "b", Values: []float64{-2, -4, -8, -16}}}, FitOptions{}},
	} {
		if _, err := LeastSquares(c.y, c.se, c.x, c.opts); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("want an error with %q, got %v", c.says, err)
		}
	}
	// As many points as coefficients: values, and no error bars unless the points have theirs.
	f, err := LeastSquares(y[:2], nil, []Regressor{{Name: "a", Values: []float64{0, 2}}}, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Coefficients[1]; math.Abs(c.Value-0.5) > 1e-15 || !math.IsNaN(f.BIC) || !math.IsNaN(c.SE) || !math.IsInf(c.Hi, 1) || !math.IsInf(f.AICc, 1) {
		t.Errorf("%+v", f)
	}
	f, err = LeastSquares(y[:2], []float64{0.3, 0.4}, []Regressor{{Name: "a", Values: []float64{0, 2}}}, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "se of two points", f.Coefficients[1].SE, 0.25, 1e-14)
	// No regressor at all: the weighted mean.
	f, err = LeastSquares([]float64{1, 4}, []float64{1, 0.5}, nil, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "weighted mean", f.Coefficients[0].Value, 17.0/5, 1e-15)
	near(t, "its se", f.Coefficients[0].SE, math.Sqrt(0.2), 1e-15)
	defer func() {
		if recover() == nil {
			t.Error("no panic for a prediction of the wrong shape")
		}
	}()
	f.Predict([]float64{1})
}

func TestLine(t *testing.T) {
	// Anscombe's first set: 3.0001 + 0.50009x, standard errors 1.1247 and 0.11791, R² 0.6665.
	x := []float64{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5}
	y := []float64{8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68}
	l, err := FitLine(x, y, nil, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	close1(t, "intercept", l.Intercept.Value, 3.0001, 5e-5)
	close1(t, "slope", l.Slope.Value, 0.50009, 5e-6)
	close1(t, "intercept se", l.Intercept.SE, 1.1247, 5e-5)
	close1(t, "slope se", l.Slope.SE, 0.11791, 5e-6)
	close1(t, "R²", l.R2, 0.6665, 5e-5)
	if l.Dof != 9 || l.Slope.N != 11 {
		t.Errorf("%+v", l)
	}
	c, err := SlopeWeights(x)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "streamed slope", dot(c, y), l.Slope.Value, 1e-13)
	for _, bad := range [][]float64{nil, {1}, {2, 2}, {1, math.NaN()}} {
		if _, err := SlopeWeights(bad); err == nil {
			t.Errorf("abscissae %v were accepted", bad)
		}
	}
}

func TestSlopeOfReplicas(t *testing.T) {
	x := []float64{0, 1, 3}
	s, bad, err := SlopeOfReplicas(x, [][]float64{{5, 7, 11}, {1, 4, 10}, {0, math.NaN(), 0}, {2, 3, 5}}, 0.95)
	if err != nil || bad != 1 || s.N != 3 {
		t.Fatalf("%+v %d %v", s, bad, err)
	}
	near(t, "slope", s.Value, 2, 1e-14)
	near(t, "se", s.SE, 1/math.Sqrt(3), 1e-13)
	if _, _, err := SlopeOfReplicas(x, [][]float64{{1, 2}}, 0.95); err == nil {
		t.Error("a short path was accepted")
	}
	if _, _, err := SlopeOfReplicas([]float64{1, 1}, nil, 0.95); err == nil {
		t.Error("a constant abscissa was accepted")
	}
	if s, _, err := SlopeOfReplicas(x, nil, 0.95); err != nil || s.Known() {
		t.Errorf("no replicas: %+v %v", s, err)
	}
}

func TestSlopesCover(t *testing.T) {
	x := []float64{1, 2, 3, 5, 8, 13}
	known := []float64{0.5, 0.2, 1, 0.3, 0.4, 2}
	line := func(se []float64, opts FitOptions, misfit float64) func(*rand.Rand) (Estimate, float64) {
		return func(r *rand.Rand) (Estimate, float64) {
			y := make([]float64, len(x))
			for i := range y {
				s := 0.7
				if se != nil {
					s = se[i] * misfit
				}
				y[i] = 4 - 0.3*x[i] + s*r.NormFloat64()
			}
			l, err := FitLine(x, y, se, opts)
			if err != nil {
				t.Fatal(err)
			}
			return l.Slope, -0.3
		}
	}
	covers(t, "slope, errors from residuals", 2000, 0.95, 0.95, line(nil, FitOptions{}, 1))
	covers(t, "slope, errors given", 2000, 0.95, 0.95, line(known, FitOptions{}, 1))
	covers(t, "slope, widened, right errors", 2000, 0.97, 1, line(known, FitOptions{Widen: true}, 1))
	covers(t, "slope, widened, errors three times too small", 2000, 0.95, 0.97, line(known, FitOptions{Widen: true}, 3))
	// Brownian paths with a drift: points of one path are anything but independent.
	covers(t, "slope of replicas", 2000, 0.95, 0.95, func(r *rand.Rand) (Estimate, float64) {
		paths := make([][]float64, 10)
		for i := range paths {
			b := 0.0
			paths[i] = make([]float64, len(x))
			for j := range x {
				b += r.NormFloat64()
				paths[i][j] = b + 2*x[j]
			}
		}
		s, _, err := SlopeOfReplicas(x, paths, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		return s, 2
	})
	covers(t, "prediction of a fit", 2000, 0.95, 0.95, func(r *rand.Rand) (Estimate, float64) {
		a, y := make([]float64, 12), make([]float64, 12)
		b := make([]float64, 12)
		for i := range y {
			a[i], b[i] = r.Float64(), r.Float64()
			y[i] = 1 + a[i] - 2*b[i] + 0.1*r.NormFloat64()
		}
		f, err := LeastSquares(y, nil, []Regressor{{"a", a}, {"b", b}}, FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return f.Predict([]float64{2, 2}), -1
	})
}
