package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
)

// eulerGamma is Euler's constant γ.
const eulerGamma = 0.57721566490153286060651209008240243

// StrictSaddle is the mean time to leave a saddle with a negative eigenvalue −λ, for dx = λx dt + √(2T)dW from x = 0 until
// │x│ = R along its direction,
//
//	τ = (log(2λR²/T) + γ) / 2λ,
//
// as T → 0: no barrier, no power of T. Other directions with smaller rates do not matter, flat ones included.
// λ is in units of 1/time, T in those of R² over time, τ in time.
//
// From a run: the temperature of an SDE with additive isotropic noise.
//
// Source: after Kifer 1981; rederived, and compared here with the exact time.
type StrictSaddle struct {
	Growth      float64 `check:">0" doc:"λ, the growth rate along the unstable direction: minus the Hessian's most negative eigenvalue"`
	Temperature float64 `optional:"true" check:">0" doc:"T of the noise √(2T)dW"`
	Radius      float64 `check:">0" doc:"R, the distance along the unstable direction at which the saddle is left"`
}

// NewStrictSaddle makes the logarithmic law.
func NewStrictSaddle(c StrictSaddle, r *sgdlab.Run) (sgdlab.Theory, error) {
	err := complete(r, want{"growth", &c.Growth, nil}, want{"temperature", &c.Temperature, temperature(r)}, want{"radius", &c.Radius, nil})
	if err == nil {
		err = errors.Join(positive("growth", c.Growth), positive("temperature", c.Temperature), positive("radius", c.Radius))
	}
	if err == nil && c.small() >= 1 {
		err = fmt.Errorf("temperature is %g, not below λR² = %g, and the law is for T ≪ λR²: noise alone carries the path out", c.Temperature, c.Growth*c.Radius*c.Radius)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c StrictSaddle) small() float64 { return c.Temperature / (c.Growth * c.Radius * c.Radius) }

func (c StrictSaddle) Predict([]float64) sgdlab.Prediction {
	tau := (elementary.Log(2/c.small()) + eulerGamma) / (2 * c.Growth)
	return sgdlab.One(sgdlab.Leading, tau, c.small(), fmt.Sprintf("T ≪ λR², here T/λR² = %.3g; from the saddle itself, quadratic up to R", c.small()), "kifer-1981")
}

// DegenerateSaddle is the mean time to leave a saddle without a negative eigenvalue, V = −(a/p)│x│^p with p > 2, for
// dx = −V′dt + √(2T)dW from x = 0 to infinity, or until │x│ = R,
//
//	τ = K a^(−2/p) T^(−(1−2/p)) [− 1/(a(p−2)R^(p−2))],   K = p^(2/p−2) Γ(2/p)Γ(1/p)Γ(1−2/p)/Γ(1−1/p),
//
// the part in brackets where there is R. To infinity it is exact: the drift gets there in finite time. To R it leaves out what noise
// does from R on. τ is in units of 1/(aR^(p−2)): time.
//
// From a run: the temperature of an SDE with additive isotropic noise, and p and a of the model degenerate-saddle. Its wells, if
// it has them, are to lie well beyond R.
//
// Source: derived here, from the double integral of the exit time.
type DegenerateSaddle struct {
	Power       float64 `optional:"true" check:">2" doc:"p"`
	Coefficient float64 `optional:"true" check:">0" doc:"a"`
	Temperature float64 `optional:"true" check:">0" doc:"T of the noise √(2T)dW"`
	Radius      float64 `optional:"true" check:">0" doc:"R, the distance at which the saddle is left; infinity where left out"`
}

// NewDegenerateSaddle makes the power law.
func NewDegenerateSaddle(c DegenerateSaddle, r *sgdlab.Run) (sgdlab.Theory, error) {
	c.Radius = orElse(c.Radius, math.Inf(1))
	err := complete(r, want{"power", &c.Power, degeneracy(r, true)}, want{"coefficient", &c.Coefficient, degeneracy(r, false)}, want{"temperature", &c.Temperature, temperature(r)})
	if err == nil {
		err = errors.Join(positive("power", c.Power), positive("coefficient", c.Coefficient), positive("temperature", c.Temperature))
	}
	switch {
	case err != nil:
	case c.Power <= 2:
		err = fmt.Errorf("power is %g; want p > 2: at p = 2 the saddle is strict and the law logarithmic (strict-saddle)", c.Power)
	case !(c.Radius > 0):
		err = fmt.Errorf("radius is %g; want a number > 0", c.Radius)
	case c.small() >= 1:
		err = fmt.Errorf("temperature is %g, not below aR^p = %g: noise still matters at R, and the law is for exits that the drift completes", c.Temperature, c.Coefficient*elementary.Pow(c.Radius, c.Power))
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

// degeneracy reads p, or a, off a model that knows them.
func degeneracy(r *sgdlab.Run, power bool) func() (float64, error) {
	return func() (float64, error) {
		if r.Model == nil {
			return 0, errors.New("it has no model")
		}
		m, err := sgdlab.As[interface {
			Degeneracy() (power, coefficient float64)
		}](r.Model)
		if err != nil {
			return 0, errors.New("its model is not degenerate-saddle")
		}
		p, a := m.Degeneracy()
		if power {
			return p, nil
		}
		return a, nil
	}
}

func (c DegenerateSaddle) small() float64 {
	return c.Temperature / (c.Coefficient * elementary.Pow(c.Radius, c.Power))
}

func (c DegenerateSaddle) Predict([]float64) sgdlab.Prediction {
	p := c.Power
	k := elementary.Pow(p, 2/p-2) * math.Gamma(2/p) * math.Gamma(1/p) * math.Gamma(1-2/p) / math.Gamma(1-1/p)
	tau := k * elementary.Pow(c.Coefficient, -2/p) * elementary.Pow(c.Temperature, -(1-2/p))
	if math.IsInf(c.Radius, 1) {
		return sgdlab.One(sgdlab.Exact, tau, 0, "time to infinity, V = −(a/p)│x│^p throughout", "derived-here")
	}
	tau -= 1 / (c.Coefficient * (p - 2) * elementary.Pow(c.Radius, p-2))
	return sgdlab.One(sgdlab.Leading, tau, c.small(), fmt.Sprintf("T ≪ aR^p, here T/aR^p = %.3g; V = −(a/p)│x│^p up to R", c.small()), "derived-here")
}
