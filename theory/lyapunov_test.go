package theory

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/model"
)

var tilted, spread = [][]float64{{2, 0.3}, {0.3, 0.5}}, [][]float64{{1, 0.4}, {0.4, 0.8}}

// The discrete covariance is the fixed point of the chain's, the continuous one its limit; along common eigenvectors their ratio is 1/(1 −
// ηλ/2).
func TestLyapunovCovariance(t *testing.T) {
	const eta, batch = 0.8, 5
	entry := func(equation string, i, j int) float64 {
		return one(t, NewLyapunov, Lyapunov{Hessian: tilted, Covariance: spread, Rate: eta, Batch: batch, Equation: equation, Of: "entry", Entry: []int{i, j}}, nil)
	}
	s := [2][2]float64{}
	for range 2000 {
		var next [2][2]float64
		for i := range 2 {
			for j := range 2 {
				next[i][j] = eta * eta / batch * spread[i][j]
				for k := range 2 {
					for l := range 2 {
						next[i][j] += (unit(i, k) - eta*tilted[i][k]) * s[k][l] * (unit(l, j) - eta*tilted[l][j])
					}
				}
			}
		}
		s = next
	}
	trace, square := 0.0, 0.0
	for i := range 2 {
		trace += s[i][i]
		for j := range 2 {
			square += s[i][j] * s[i][j]
			close(t, "an entry of the chain's covariance", entry("discrete", i, j), s[i][j], 1e-13)
		}
	}
	c := Lyapunov{Hessian: tilted, Covariance: spread, Rate: eta, Batch: batch, Equation: "discrete"}
	c.Of = "trace"
	close(t, "trace", one(t, NewLyapunov, c, nil), trace, 1e-13)
	c.Of = "norm"
	close(t, "norm", one(t, NewLyapunov, c, nil), math.Sqrt(square), 1e-13)
	axes := Lyapunov{Hessian: [][]float64{{2, 0}, {0, 0.5}}, Covariance: [][]float64{{3, 0}, {0, 1}}, Rate: eta, Batch: 1, Of: "entry", Entry: []int{0, 0}, Equation: "continuous"}
	close(t, "continuous", one(t, NewLyapunov, axes, nil), eta*3/4, 1e-14)
	axes.Equation = "discrete"
	close(t, "discrete", one(t, NewLyapunov, axes, nil), eta*3/4/(1-eta), 1e-14)
}

func unit(i, j int) float64 {
	if i == j {
		return 1
	}
	return 0
}

// The rate of least divergence is the closed form with the continuous covariance, and in one direction a closed form with the discrete one.
func TestOptimalStep(t *testing.T) {
	const n, batch = 50.0, 4
	c := OptimalStep{Hessian: tilted, Covariance: spread, Samples: n, Batch: batch, Equation: "continuous", Of: "step"}
	step := one(t, NewOptimalStep, c, nil)
	close(t, "2SD/(N tr C)", step, 2*batch*2/(n*1.8), 1e-14)
	// Of one direction with the discrete covariance: N λΣ = κu/(2 − u), u = ελ, κ = Nc/(Sλ), is 1 where KL is least.
	line := OptimalStep{Hessian: [][]float64{{2}}, Covariance: [][]float64{{3}}, Samples: n, Batch: batch, Equation: "discrete", Of: "step"}
	kappa := n * 3 / (batch * 2)
	close(t, "discrete", one(t, NewOptimalStep, line, nil), 2/(1+kappa)/2, 1e-7)
	line.Of = "divergence"
	if kl := one(t, NewOptimalStep, line, nil); math.Abs(kl) > 1e-12 {
		t.Errorf("in one direction the posterior is reached, not missed by %g", kl)
	}
	c.Equation = "discrete"
	discrete := one(t, NewOptimalStep, c, nil)
	if !(discrete < step) {
		t.Errorf("the discrete optimum %g is not below the continuous one, %g", discrete, step)
	}
	// Divergences on either side are larger.
	kl := func(eps float64) float64 {
		at := func(i, j int) float64 {
			return one(t, NewLyapunov, Lyapunov{Hessian: tilted, Covariance: spread, Rate: eps, Batch: batch, Equation: "discrete", Of: "entry", Entry: []int{i, j}}, nil)
		}
		a, b, d := at(0, 0), at(0, 1), at(1, 1)
		return (n*(2*a+0.6*b+0.5*d) - 2 - elementary.Log(n*n*(a*d-b*b)*(2*0.5-0.09))) / 2
	}
	c.Of = "divergence"
	least := one(t, NewOptimalStep, c, nil)
	close(t, "the least divergence", least, kl(discrete), 1e-12)
	if kl(discrete*1.01) <= least || kl(discrete*0.99) <= least {
		t.Error("the divergence is not least there")
	}
}

// The covariance of mini-batch SGD on a set is the fixed point of its recursion, worked out row by row.
func TestLeastSquaresCovariance(t *testing.T) {
	x := [][]float64{{1, 0.2}, {-0.3, 1.1}, {0.7, -0.8}, {0.4, 0.5}}
	y := []float64{0.3, -1, 0.8, 0.1}
	const eta, batch, scale, n = 0.3, 2, 2, 4
	// The minimum, by the normal equations.
	var a [2][2]float64
	var b, w [2]float64
	for k := range x {
		for i := range 2 {
			b[i] += scale * x[k][i] * y[k] / n
			for j := range 2 {
				a[i][j] += scale * x[k][i] * x[k][j] / n
			}
		}
	}
	det := a[0][0]*a[1][1] - a[0][1]*a[0][1]
	w[0], w[1] = (b[0]*a[1][1]-b[1]*a[0][1])/det, (b[1]*a[0][0]-b[0]*a[0][1])/det
	for _, draw := range []string{"with-replacement", "without-replacement"} {
		share := 1.0 / batch
		if draw == "without-replacement" {
			share *= (n - batch) / (n - 1.0)
		}
		s := [2][2]float64{}
		for range 5000 {
			// E of (1 − ηxxᵀc)Σ(1 − …)ᵀ over single rows, less its part in the mean, times the share.
			var single, mean [2][2]float64
			for k := range x {
				r := y[k] - x[k][0]*w[0] - x[k][1]*w[1]
				quad := 0.0
				for i := range 2 {
					for j := range 2 {
						quad += x[k][i] * s[i][j] * x[k][j]
					}
				}
				for i := range 2 {
					for j := range 2 {
						single[i][j] += scale * scale * x[k][i] * x[k][j] * (quad + r*r) / n
					}
				}
			}
			var next [2][2]float64
			for i := range 2 {
				for j := range 2 {
					for k := range 2 {
						for l := range 2 {
							mean[i][j] += a[i][k] * s[k][l] * a[l][j]
							next[i][j] += (unit(i, k) - eta*a[i][k]) * s[k][l] * (unit(l, j) - eta*a[l][j])
						}
					}
					next[i][j] += eta * eta * share * (single[i][j] - mean[i][j])
				}
			}
			s = next
		}
		for i := range 2 {
			for j := range 2 {
				c := LeastSquaresCovariance{Inputs: x, Targets: y, Scale: scale, Rate: eta, Batch: batch, Parts: nan, Draw: draw, Of: "entry", Entry: []int{i, j}}
				close(t, draw, one(t, NewLeastSquaresCovariance, c, nil), s[i][j], 1e-12)
			}
		}
	}
	// Of SVAG, in one direction, h = η/l: (2A − hA² − (η/B)(M − A²))Σ = (η/B)C.
	for _, l := range []float64{1, 3, math.Inf(1)} {
		xs, ys := [][]float64{{1}, {-0.4}, {0.9}}, []float64{0.5, 1, -0.7}
		var a, m, cov, xy float64
		for k := range xs {
			a, xy = a+xs[k][0]*xs[k][0]/3, xy+xs[k][0]*ys[k]/3
		}
		for k := range xs {
			u := xs[k][0] * xs[k][0]
			r := ys[k] - xs[k][0]*xy/a
			m, cov = m+u*u/3, cov+u*r*r/3
		}
		c := LeastSquaresCovariance{Inputs: xs, Targets: ys, Scale: 1, Rate: eta, Batch: batch, Parts: l}
		close(t, "svag", one(t, NewLeastSquaresCovariance, c, nil), eta/batch*cov/(2*a-eta/l*a*a-eta/batch*(m-a*a)), 1e-13)
	}
	if _, err := NewLeastSquaresCovariance(LeastSquaresCovariance{Inputs: x, Targets: y, Scale: 1, Rate: 2, Batch: 1, Parts: 1}, nil); err == nil {
		t.Error("a rate beyond the edge of the mean square has a covariance")
	}
}

// Laws in time are those of the recursions, and of linear equations by small steps; and SVAG's moments those of its chain.
func TestModifiedEquation(t *testing.T) {
	const lambda, eta, variance, x0 = 2, 0.1, 4, 1.5
	mean, second := x0, x0*x0
	for range 10 {
		mean *= 1 - eta*lambda
		second = (1-eta*lambda)*(1-eta*lambda)*second + eta*eta*variance
	}
	at := func(by, of string) float64 {
		return one(t, NewModifiedEquation, ModifiedEquation{Curvature: lambda, Rate: eta, Variance: variance, Start: x0, By: by, Of: of, At: []float64{1}}, nil)
	}
	close(t, "mean", at("sgd", "mean"), mean, 1e-14)
	close(t, "second moment", at("sgd", "second-moment"), second, 1e-14)
	close(t, "variance", at("sgd", "variance"), second-mean*mean, 1e-13)
	for by, rate := range map[string]float64{"first": lambda, "second": lambda * (1 + eta*lambda/2)} {
		x, v := x0*math.Exp(-rate), 0.0
		const steps = 4000
		for range steps { // the midpoint rule on v̇ = −2·rate·v + ησ²
			mid := v + 0.5/steps*(-2*rate*v+eta*variance)
			v += 1.0 / steps * (-2*rate*mid + eta*variance)
		}
		close(t, by, at(by, "mean"), x, 1e-14)
		close(t, by, at(by, "variance"), v, 1e-6)
		close(t, by, at(by, "stationary"), eta*variance/(2*rate), 1e-14)
	}
}

func TestSVAGMoments(t *testing.T) {
	// The sheet: a = s = 1, η = 0.8, noise of ±1.
	for l, want := range map[float64][2]float64{1: {0.6667, 1.1538}, 2: {0.5, 2.1765}, 4: {0.4444, 2.6845}, 16: {0.4103, 2.9425}} {
		c := SVAG{Curvature: 1, Rate: 0.8, Parts: l, Variance: 1, Kurtosis: 1, Of: "variance"}
		close(t, "variance", one(t, NewSVAG, c, nil), want[0], 3e-4)
		c.Of = "kurtosis"
		close(t, "kurtosis", one(t, NewSVAG, c, nil), want[1], 3e-4)
		// Fourth moments of x ← qx − hξ with ξ = c₊s₁ + c₋s₂, s = ±1 independent.
		root := math.Sqrt(2*l - 1)
		p, m, h := (1+root)/2, (1-root)/2, 0.8/l
		q := 1 - h
		e2, e4 := p*p+m*m, p*p*p*p+m*m*m*m+6*p*p*m*m
		x2 := h * h * e2 / (1 - q*q)
		x4 := (6*q*q*h*h*e2*x2 + h*h*h*h*e4) / (1 - q*q*q*q)
		close(t, "kurtosis of the chain", one(t, NewSVAG, c, nil), x4/x2/x2, 1e-13)
	}
}

// kicked is descent with noises on its steps.
type kicked struct {
	stepper
	noises []sgdlab.Noise
}

func (k kicked) Kicks() []sgdlab.Noise { return k.noises }

// A and the noise are those of the run: of an SDE, of kicks, and of mini-batches at the unkicked start.
func TestLyapunovReadsARun(t *testing.T) {
	root := square(0.6, 0.1, -0.2, 0.5)
	part := sgdlab.Noise{Factor: constant{root}, Law: law(2), Scale: sgdlab.Constant(0.7)}
	q := lanes.MulMat(root, root.T())
	r := &sgdlab.Run{
		Site:  &sgdlab.Site{Model: ellipsoid{lanes.MatOf(tilted)}, Start: place{theta: []float64{0, 0}}},
		Clock: &sgdlab.Clock{}, Number: numbers(nil), Word: func(string) string { return "" },
	}
	of := func(equation string, cov [][]float64, rate float64) Lyapunov {
		c := Lyapunov{Hessian: tilted, Covariance: cov, Rate: rate, Batch: 1, Equation: equation, Of: "norm"}
		if cov == nil {
			c.Hessian, c.Rate, c.Batch = nil, nan, nan
		}
		return c
	}
	scaled := func(x float64) [][]float64 {
		return [][]float64{{x * q.At(0, 0), x * q.At(0, 1)}, {x * q.At(1, 0), x * q.At(1, 1)}}
	}
	for _, d := range []sgdlab.Stepper{diffusive{stepper{sde: &sgdlab.SDE{Drift: sgdlab.Downhill{Model: r.Model}, Noise: []sgdlab.Noise{part}}, step: 0.3}}, kicked{stepper{step: 0.3}, []sgdlab.Noise{part}}} {
		r.Dynamic = d
		for _, equation := range []string{"discrete", "continuous"} {
			// scale²σσᵀ is what a unit of time adds: (η/B)C.
			close(t, equation, one(t, NewLyapunov, of(equation, nil, 0), r), one(t, NewLyapunov, of(equation, scaled(0.49/0.3), 0.3), nil), 1e-13)
		}
	}
	set := &data.Set{X: lanes.MatOf([][]float64{{1, 0.2}, {-0.3, 1.1}, {0.7, -0.8}, {0.4, 0.5}}), Y: lanes.MatOf([][]float64{{0.3}, {-1}, {0.8}, {0.1}}), Name: "test"}
	m, err := model.NewLinear(model.LinearSettings{Loss: model.MeanHalf()}, set)
	if err != nil {
		t.Fatal(err)
	}
	w := []float64{0.3, -0.6}
	var a, c lanes.Mat = lanes.NewMat(2, 2), lanes.NewMat(2, 2)
	var mean [2]float64
	for k := range 4 {
		rest := set.X.At(k, 0)*w[0] + set.X.At(k, 1)*w[1] - set.Y.At(k, 0)
		for i := range 2 {
			mean[i] += rest * set.X.At(k, i) / 4
			for j := range 2 {
				a.Set(i, j, a.At(i, j)+set.X.At(k, i)*set.X.At(k, j)/4)
				c.Set(i, j, c.At(i, j)+rest*rest*set.X.At(k, i)*set.X.At(k, j)/4)
			}
		}
	}
	rows := func(m lanes.Mat, less float64) [][]float64 {
		out := [][]float64{{0, 0}, {0, 0}}
		for i := range 2 {
			for j := range 2 {
				out[i][j] = m.At(i, j) - less*mean[i]*mean[j]
			}
		}
		return out
	}
	for draw, share := range map[string]float64{"": 0.5, "without-replacement": 1.0 / 3} {
		r = &sgdlab.Run{
			Site:  &sgdlab.Site{Model: m, Data: set, Start: place{theta: w}},
			Clock: &sgdlab.Clock{}, Dynamic: stepper{step: 0.4}, Number: numbers(map[string]float64{"rate": 0.4, "batch": 2}), Word: func(path string) string { return map[string]string{"draw": draw}[path] },
		}
		want := Lyapunov{Hessian: rows(a, 0), Covariance: rows(c, 1), Rate: 0.4, Batch: 1 / share, Of: "norm", Equation: "discrete"}
		close(t, "batches", one(t, NewLyapunov, Lyapunov{Rate: nan, Batch: nan, Of: "norm", Equation: "discrete"}, r), one(t, NewLyapunov, want, nil), 1e-13)
	}
	// Label noise on the full batch has the covariance (η²ζ²/n)·A here.
	r = &sgdlab.Run{
		Site:  &sgdlab.Site{Model: m, Data: set, Start: place{theta: w}},
		Clock: &sgdlab.Clock{}, Dynamic: stepper{step: 0.4}, Number: numbers(map[string]float64{"rate": 0.4, "label-noise.amplitude": 0.3}), Word: func(string) string { return "" },
	}
	want := Lyapunov{Hessian: rows(a, 0), Covariance: rows(a, 0), Rate: 0.4, Batch: 4 / 0.09, Of: "norm", Equation: "discrete"}
	close(t, "label noise", one(t, NewLyapunov, Lyapunov{Rate: nan, Batch: nan, Of: "norm", Equation: "discrete"}, r), one(t, NewLyapunov, want, nil), 1e-13)
}
