package theory

import (
	"errors"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/linalg"
)

// OptimalStep is the rate ε at which constant-rate SGD is nearest to the posterior of a model, N(0, (NA)⁻¹) with L = (1/N)·(negative log
// posterior), by the divergence of its stationary law q = N(0, Σ),
//
//	KL(q‖posterior) = ½[N tr(AΣ) − D − log det(NAΣ)].
//
// With the continuous covariance, AΣ + ΣA = (ε/S)C, the minimum is at
//
//	ε* = 2SD/(N tr C);
//
// with the discrete one, which is that of SGD, at a smaller rate, found numerically. S is the mini-batch, D the number of parameters, N
// that of samples. ε* is in units of time, θ² over L.
//
// From a run: A and C as in lyapunov; N and S from the data and the batch.
//
// Source: after Mandt, Hoffman & Blei 2017; rederived here.
type OptimalStep struct {
	Hessian    [][]float64 `optional:"true" doc:"A, by rows"`
	Covariance [][]float64 `optional:"true" doc:"C, by rows"`
	Samples    float64     `optional:"true" check:">=1" doc:"N"`
	Batch      float64     `optional:"true" check:">=1" doc:"S"`
	Equation   string      `default:"continuous" oneof:"discrete|continuous" doc:"the covariance of the chain, or of its SDE"`
	Of         string      `default:"step" oneof:"step|divergence" doc:"ε*, or the divergence there"`

	step, divergence float64
}

// NewOptimalStep finds the rate.
func NewOptimalStep(c OptimalStep, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r, want{"samples", &c.Samples, func() (float64, error) {
		if r.Data == nil {
			return 0, errors.New("it has no data")
		}
		return float64(r.Data.N()), nil
	}})
	if err != nil {
		return nil, err
	}
	rate := math.NaN() // that of the run
	if r != nil {
		if _, amplified := r.Number("svag"); amplified {
			return nil, errors.New("its dynamics is SVAG; the rate is that of plain descent")
		}
	} else {
		if rate = 1; math.IsNaN(c.Batch) {
			return nil, errors.New("give batch")
		}
	}
	q, err := quadraticOf(r, c.Hessian, c.Covariance, rate, c.Batch)
	if err != nil {
		return nil, err
	}
	scaleMat(q.q, 1/q.rate) // C/S: what a unit of rate adds
	d, trace := q.a.Rows, 0.0
	for i := range d {
		trace += q.q.At(i, i)
	}
	if err := positive("tr C", trace); err != nil {
		return nil, err
	}
	values, _, err := linalg.SymmetricEigen(q.a)
	if err != nil {
		return nil, err
	}
	divergence := func(eps float64) float64 {
		h := 0.0
		if c.Equation == "discrete" {
			h = eps
		}
		of := &quadraticRun{a: q.a, q: q.q.Clone()}
		scaleMat(of.q, eps)
		sigma, e := of.covariance(h)
		if e != nil {
			err = e
			return math.Inf(1)
		}
		spread, _, e := linalg.SymmetricEigen(sigma)
		if e != nil {
			err = e
			return math.Inf(1)
		}
		sum := -float64(d)
		for i := range d {
			for j := range d {
				sum = math.FMA(c.Samples*q.a.At(i, j), sigma.At(i, j), sum)
			}
			sum -= elementary.Log(c.Samples*spread[i]) + elementary.Log(values[i])
		}
		return sum / 2
	}
	c.step = 2 * float64(d) / (c.Samples * trace)
	if c.Equation == "discrete" {
		c.step = lowest(divergence, 0, math.Min(2/values[0], 2*c.step)) // it is below the other
	}
	if c.divergence = divergence(c.step); err != nil {
		return nil, err
	}
	return predict(c)
}

// lowest is where f is least between two places, by golden sections.
func lowest(f func(float64) float64, lo, hi float64) float64 {
	const golden = 0.6180339887498949
	a, b := hi-float64(golden*(hi-lo)), lo+float64(golden*(hi-lo))
	fa, fb := f(a), f(b)
	for range 60 { // to rounding, 10⁻⁸ of the place
		if fa < fb {
			hi, b, fb = b, a, fa
			a = hi - float64(golden*(hi-lo))
			fa = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + float64(golden*(hi-lo))
			fb = f(b)
		}
	}
	return lo + (hi-lo)/2
}

func (c OptimalStep) Predict([]float64) sgdlab.Prediction {
	value := c.step
	if c.Of == "divergence" {
		value = c.divergence
	}
	return sgdlab.One(sgdlab.Exact, value, 0, "stationary, quadratic loss, noise that is the same everywhere", "mandt-2017")
}
