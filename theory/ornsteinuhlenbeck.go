package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// OUVariance is the stationary variance of dx = −λx dt + √(2T)dW,
//
//	Var x = T/λ,
//
// in units of x². It is reached in a few times 1/2λ.
//
// From a run: a quadratic model with additive noise, along a coordinate that is an eigenvector of its Hessian.
//
// Source: Uhlenbeck & Ornstein 1930.
type OUVariance struct {
	Curvature   float64 `optional:"true" check:">0" doc:"λ"`
	Temperature float64 `optional:"true" check:">0" doc:"T of the noise √(2T)dW along the coordinate"`
	Index       int     `default:"0" check:">=0" doc:"which coordinate to read from the run"`
}

// NewOUVariance makes the variance of an Ornstein–Uhlenbeck process.
func NewOUVariance(c OUVariance, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r,
		want{"curvature", &c.Curvature, bowl(r, c.Index)},
		want{"temperature", &c.Temperature, along(r, c.Index)},
	)
	if err == nil {
		err = errors.Join(positive("curvature", c.Curvature), positive("temperature", c.Temperature))
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c OUVariance) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, c.Temperature/c.Curvature, 0, "stationary, quadratic loss, additive noise", "uhlenbeck-ornstein-1930")
}

// OUVarianceDiscrete is the stationary variance of the chain x′ = x − η(λx + ξ), with Var ξ = σ²,
//
//	Var x = ησ² / (λ(2 − ηλ)),
//
// in units of x²; σ² is in those of ∇L squared. For ηλ → 0 it is that of the SDE with 2T = ησ².
//
// From a run: the rate, and the curvature of a quadratic model along a coordinate that is an eigenvector of its Hessian.
//
// Source: after Mandt, Hoffman & Blei 2017; rederived from the chain.
type OUVarianceDiscrete struct {
	Curvature float64 `optional:"true" check:">0" doc:"λ"`
	Rate      float64 `optional:"true" check:">0" doc:"η; below 2/λ"`
	Variance  float64 `check:">0" doc:"σ², the variance of the gradient of one step along the coordinate"`
	Index     int     `default:"0" check:">=0" doc:"which coordinate to read from the run"`
}

// NewOUVarianceDiscrete makes the variance of the discrete chain.
func NewOUVarianceDiscrete(c OUVarianceDiscrete, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r,
		want{"curvature", &c.Curvature, bowl(r, c.Index)},
		want{"rate", &c.Rate, rate(r)},
		want{"variance", &c.Variance, nil},
	)
	if err == nil {
		err = errors.Join(positive("curvature", c.Curvature), positive("rate", c.Rate), positive("variance", c.Variance))
	}
	if err == nil && c.Rate*c.Curvature >= 2 {
		err = fmt.Errorf("ηλ = %g; from 2 on the chain has no stationary law: take a rate below %g", c.Rate*c.Curvature, 2/c.Curvature)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c OUVarianceDiscrete) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, c.Rate*c.Variance/(c.Curvature*(2-c.Rate*c.Curvature)), 0,
		"stationary, quadratic loss, additive noise, ηλ < 2", "mandt-2017")
}

// OUVarianceEuler is the stationary variance of dx = −λx dt + √(2T)dW stepped by Euler–Maruyama,
//
//	Var x = T / (λ(1 − hλ/2)),
//
// in units of x²: larger than that of the process by the factor 1/(1 − hλ/2). At h ≥ 2/λ there is none, and it is refused.
//
// From a run: as OUVariance, and the step h of its scheme, which is taken to be Euler–Maruyama.
//
// Source: after Leimkuhler & Matthews 2013; the discrete chain's law at σ² = 2T/h.
type OUVarianceEuler struct {
	Curvature   float64 `optional:"true" check:">0" doc:"λ"`
	Temperature float64 `optional:"true" check:">0" doc:"T of the noise √(2T)dW along the coordinate"`
	Step        float64 `optional:"true" check:">0" doc:"h; below 2/λ"`
	Index       int     `default:"0" check:">=0" doc:"which coordinate to read from the run"`
}

// NewOUVarianceEuler makes the variance of Euler–Maruyama's chain.
func NewOUVarianceEuler(c OUVarianceEuler, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r,
		want{"curvature", &c.Curvature, bowl(r, c.Index)},
		want{"temperature", &c.Temperature, along(r, c.Index)},
		want{"step", &c.Step, func() (float64, error) {
			_, step := r.Dynamic.Pace()
			if !step.Fixed() {
				return 0, errors.New("its step is scheduled")
			}
			return step(r.Clock)[0], nil
		}},
	)
	if err == nil {
		err = errors.Join(positive("curvature", c.Curvature), positive("temperature", c.Temperature), positive("step", c.Step))
	}
	if err == nil && c.Step*c.Curvature >= 2 {
		err = fmt.Errorf("hλ = %g; from 2 on the chain has no stationary law: take a step below %g", c.Step*c.Curvature, 2/c.Curvature)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c OUVarianceEuler) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, c.Temperature/(c.Curvature*(1-c.Step*c.Curvature/2)), 0,
		"stationary, quadratic loss, additive noise, Euler–Maruyama, hλ < 2", "leimkuhler-matthews-2013")
}

// bowl fills λ of a quadratic model, along a coordinate that is an eigenvector of its Hessian.
func bowl(r *sgdlab.Run, index int) func() (float64, error) {
	return func() (float64, error) {
		if r.Model == nil {
			return 0, errors.New("it has no model")
		}
		c, err := sgdlab.As[sgdlab.Curved](r.Model)
		if err != nil {
			return 0, err
		}
		n := r.Model.Dim()
		if index < 0 || index >= n {
			return 0, fmt.Errorf("there is no coordinate %d of %d", index, n)
		}
		var ws lanes.Arena
		theta, v, h := ws.Pack(n), ws.Zeroed(n), ws.Pack(n)
		for j := range theta {
			for l := range theta[j] {
				theta[j][l] = 2 * elementary.Sin(float64(1+j+3*l*l)) // eight places without symmetry
			}
		}
		v[index] = lanes.Splat(1)
		c.HessVec(h, theta, v, &ws)
		lambda := h[index][0]
		for j := range h {
			for _, x := range h[j] {
				want := 0.0
				if j == index {
					want = lambda
				}
				if math.Abs(x-want) > 1e-9*math.Abs(lambda) {
					return 0, fmt.Errorf("coordinate %d is no eigenvector of a constant Hessian: ∇²L sends it to %g along coordinate %d, where %g is its own curvature", index, x, j, lambda)
				}
			}
		}
		return lambda, nil
	}
}

// along fills T = Dᵢᵢ of additive noise along coordinate i.
func along(r *sgdlab.Run, index int) func() (float64, error) {
	return func() (float64, error) {
		f, err := additive(r)
		if err != nil {
			return 0, err
		}
		n := f.model.Dim()
		if index < 0 || index >= n {
			return 0, fmt.Errorf("there is no coordinate %d of %d", index, n)
		}
		return f.matrix()[index*n+index], nil
	}
}
