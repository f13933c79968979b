package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
)

// MeanExitBrownian is the mean time for Brownian motion dX = √(2D)dW in d dimensions to leave a ball of radius R from the
// distance r of its centre,
//
//	τ = (R² − r²) / (2dD),
//
// in the units of R²/D: time. Paths that are looked at only every step h leave later, by O(√h).
//
// Source: Øksendal 2003.
type MeanExitBrownian struct {
	Radius    float64 `check:">0" doc:"R"`
	Start     float64 `default:"0" check:">=0" doc:"r, the distance of the start from the centre; at most R"`
	Dimension int     `default:"1" check:">=1" doc:"d"`
	Diffusion float64 `check:">0" doc:"D of the noise √(2D)dW"`
}

// NewMeanExitBrownian makes the exit time of Brownian motion from a ball; nothing is read from a run.
func NewMeanExitBrownian(c MeanExitBrownian, _ *sgdlab.Run) (sgdlab.Theory, error) {
	err := errors.Join(positive("radius", c.Radius), positive("diffusion", c.Diffusion), positive("dimension", float64(c.Dimension)))
	if err == nil && !(c.Start >= 0 && c.Start <= c.Radius) {
		err = fmt.Errorf("start is %g; want a distance from 0 to the radius %g", c.Start, c.Radius)
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c MeanExitBrownian) Predict([]float64) sgdlab.Prediction {
	tau := (c.Radius - c.Start) * (c.Radius + c.Start) / (2 * float64(c.Dimension) * c.Diffusion)
	return sgdlab.One(sgdlab.Exact, tau, 0, "no drift, isotropic noise, continuous monitoring", "oksendal-2003")
}

// GeometricExit is about dX = μX dt + sX dW, the model of a saddle where the noise vanishes. With ν = μ − s²/2 (Itô; ν = μ
// in the Stratonovich sense), from x to an upper level b,
//
//	without a lower level:  mean time log(b/x)/ν for ν > 0;  probability ever to get there (x/b)^(−2ν/s²) for ν < 0, else 1;
//	with a lower level a:   p = (1 − (x/a)^(−2ν/s²)) / (1 − (b/a)^(−2ν/s²)) to reach b first,
//	                        mean time (p·log(b/x) − (1 − p)·log(x/a)) / ν to reach either.
//
// μ and ν are in units of 1/time, s in 1/√time; x, a and b in one unit, which does not matter. Without a lower level ν ≤ 0 has no
// mean time: that is refused.
//
// Source: after Borodin & Salminen 2002; log X is a Brownian motion with drift ν.
type GeometricExit struct {
	Drift    float64      `doc:"μ"`
	Noise    float64      `check:">0" doc:"s"`
	Start    float64      `check:">0" doc:"x"`
	Upper    float64      `check:">0" doc:"b, above x"`
	Lower    float64      `optional:"true" check:">0" doc:"a, below x; none where left out"`
	Calculus sgdlab.Sense `default:"ito" doc:"ito or stratonovich"`
	Of       string       `default:"mean-time" oneof:"mean-time|probability" doc:"the mean time of the exit, or the probability that it is at the upper level"`
}

// NewGeometricExit makes an exit law of geometric Brownian motion; nothing is read from a run.
func NewGeometricExit(c GeometricExit, _ *sgdlab.Run) (sgdlab.Theory, error) {
	err := errors.Join(positive("noise", c.Noise), positive("start", c.Start), positive("upper", c.Upper))
	c.Lower = orElse(c.Lower, 0)
	switch {
	case err != nil:
	case math.IsNaN(c.Drift) || math.IsInf(c.Drift, 0):
		err = fmt.Errorf("drift is %g; want a number", c.Drift)
	case c.Start >= c.Upper:
		err = fmt.Errorf("start is %g, not below the upper level %g", c.Start, c.Upper)
	case !(c.Lower >= 0 && c.Lower < c.Start):
		err = fmt.Errorf("lower is %g; want a level between 0 and the start %g", c.Lower, c.Start)
	case c.Of != "mean-time" && c.Of != "probability":
		err = fmt.Errorf("of is %q; want mean-time or probability", c.Of)
	case c.Of == "mean-time" && c.Lower == 0 && c.nu() <= 0:
		err = fmt.Errorf("ν = %g is not above 0: the mean time to the upper level is infinite; ask for the probability, or give a lower level", c.nu())
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c GeometricExit) nu() float64 {
	if c.Calculus == sgdlab.Stratonovich {
		return c.Drift
	}
	return c.Drift - c.Noise*c.Noise/2
}

func (c GeometricExit) Predict([]float64) sgdlab.Prediction {
	up, nu := elementary.Log(c.Upper/c.Start), c.nu()
	k := 2 * nu / (c.Noise * c.Noise)
	var value float64
	switch {
	case c.Lower == 0 && c.Of == "mean-time":
		value = up / nu
	case c.Lower == 0:
		value = elementary.Exp(min(0, k*up))
	default:
		down := elementary.Log(c.Start / c.Lower)
		p := first(k, down, up)
		value = p
		if c.Of == "mean-time" {
			if value = (p*up - (1-p)*down) / nu; math.Abs(k)*(up+down) < 1e-5 {
				// The difference cancels; its limit and the next order in k.
				value = up * down / (c.Noise * c.Noise) * (1 + k*(up-down)/6)
			}
		}
	}
	return sgdlab.One(sgdlab.Exact, value, 0, fmt.Sprintf("noise proportional to X, %v, ν = %.4g", c.Calculus, nu), "borodin-salminen-2002")
}

// first is (1 − e^(−k·down))/(1 − e^(−k(down+up))), the probability to go up first.
func first(k, down, up float64) float64 {
	switch {
	case k == 0:
		return down / (down + up)
	case k > 0:
		return elementary.Expm1(-k*down) / elementary.Expm1(-k*(down+up))
	default: // the same, with exponents that cannot overflow
		return elementary.Exp(k*up) * elementary.Expm1(k*down) / elementary.Expm1(k*(down+up))
	}
}
