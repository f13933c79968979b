package theory

import (
	"math"
	"testing"

	"sgdlab"
)

// Gradient descent on ½Sx² shrinks just below the threshold and grows just above.
func TestStabilityThreshold(t *testing.T) {
	const eta = 0.3
	s := one(t, NewStabilityThreshold, StabilityThreshold{Rate: eta}, nil)
	for _, tc := range []struct {
		sharp float64
		grows bool
	}{{s * 0.999, false}, {s * 1.001, true}} {
		x := 1.0
		for range 100 {
			x -= eta * tc.sharp * x
		}
		if grows := math.Abs(x) > 1; grows != tc.grows {
			t.Errorf("at S = %g, │x│ = %g after 100 steps", tc.sharp, math.Abs(x))
		}
	}
	r := learning([]float64{5, 3, 1}, []float64{0.2, 0.1, 0.3}, 2, 1, eta)
	close(t, "from a run", one(t, NewStabilityThreshold, StabilityThreshold{Rate: nan, Momentum: nan}, r), s, 0)
	refused(t, NewStabilityThreshold, StabilityThreshold{Rate: nan, Momentum: nan}, nil, "give rate")
	refused(t, NewStabilityThreshold, StabilityThreshold{Rate: nan, Momentum: nan}, langevin(doubleWell, []float64{-1}, 0.1, nil), "no number rate")
	refused(t, NewStabilityThreshold, StabilityThreshold{Rate: -0.1}, nil, "rate is -0.1")
}

// heavy is descent with momentum, or by no gradient of L where beta is nil.
type heavy struct {
	stepper
	beta     sgdlab.Setting
	nesterov bool
}

func (heavy) Altered() string                   { return "by another rule" }
func (h heavy) Inertia() (sgdlab.Setting, bool) { return h.beta, h.nesterov }

// With momentum the multipliers of the linear map of (x, v) have modulus 1 at the threshold: 2(1+β)/η, and of Nesterov 2(1+β)/((1+2β)η). Laws
// of plain descent are not read from such runs.
func TestMomentumThreshold(t *testing.T) {
	r := learning([]float64{5, 3, 1}, []float64{0.2, 0.1, 0.3}, 2, 1, 0.3)
	for _, beta := range []float64{0, 0.5, 0.9} {
		for _, nesterov := range []bool{false, true} {
			r.Dynamic = heavy{stepper{step: 0.3}, sgdlab.Constant(beta), nesterov}
			s := one(t, NewStabilityThreshold, StabilityThreshold{Rate: nan, Momentum: nan}, r)
			close(t, "given", one(t, NewStabilityThreshold, StabilityThreshold{Rate: 0.3, Momentum: beta, Nesterov: nesterov}, nil), s, 0)
			x, v := 1.0, 0.3*s/(1+beta) // the eigenvector of −1, which a step turns round
			v1 := beta*v - 0.3*s*x
			x1 := x + v1
			if nesterov {
				x1 = x + beta*v1 - 0.3*s*x
			}
			close(t, "x after a step", x1, -x, 1e-14)
			close(t, "v after a step", v1, -v, 1e-14)
		}
	}
	refused(t, NewSaxeSigmoid, SaxeSigmoid{Strength: nan, Start: nan, Scale: nan, Rate: nan, Mode: 1}, r, "plain descent")
	refused(t, NewOUVarianceDiscrete, OUVarianceDiscrete{Curvature: 1, Rate: nan, Variance: 1}, r, "plain descent")
	r.Dynamic = heavy{stepper: stepper{step: 0.3}}
	refused(t, NewStabilityThreshold, StabilityThreshold{Rate: nan, Momentum: nan}, r, "no threshold")
}

// The Hessian of ½c(Πw − σ)² at w = σ^(1/L) has one non-zero eigenvalue, along (1,…,1)/√L: a second difference finds it.
func TestBalancedSharpness(t *testing.T) {
	for _, tc := range []struct {
		depth    int
		sigma, c float64
	}{{1, 5, 1}, {2, 5, 1}, {2, 0.3, 1.5}, {3, 5, 1}, {4, 2, 0.7}, {6, 0.4, 1}} {
		l := float64(tc.depth)
		w := math.Pow(tc.sigma, 1/l)
		loss := func(e float64) float64 {
			miss := math.Pow(w+e/math.Sqrt(l), l) - tc.sigma
			return tc.c / 2 * miss * miss
		}
		h := 1e-3 * w
		d := func(h float64) float64 { return (loss(h) + loss(-h) - 2*loss(0)) / (h * h) }
		want := (4*d(h/2) - d(h)) / 3
		close(t, "sharpness", one(t, NewBalancedSharpness, BalancedSharpness{Strength: tc.sigma, Depth: tc.depth, Scale: tc.c}, nil), want, 1e-7)

		r := learning([]float64{tc.sigma, tc.sigma / 2}, []float64{0.1, 0.1}, tc.depth, tc.c, 0.1)
		close(t, "from a run", one(t, NewBalancedSharpness, BalancedSharpness{Strength: nan, Scale: nan}, r), want, 1e-7)
	}
	close(t, "σ = 5, L = 3", one(t, NewBalancedSharpness, BalancedSharpness{Strength: 5, Depth: 3, Scale: nan}, nil), 25.6496, 2e-6)
	refused(t, NewBalancedSharpness, BalancedSharpness{Strength: nan, Scale: nan}, nil, "give strength")
	refused(t, NewBalancedSharpness, BalancedSharpness{Strength: 0, Scale: nan}, nil, "strength is 0")
}

func TestScalarTwoCycle(t *testing.T) {
	cycle := func(kappa, sigma float64, of string) float64 {
		return one(t, NewScalarTwoCycle, ScalarTwoCycle{Kappa: kappa, Strength: sigma, Of: of}, nil)
	}
	for _, tc := range []struct{ kappa, sigma float64 }{{1.05, 5}, {1.1, 1}, {1.2, 1}, {1.23, 0.01}} {
		// Descent on two balanced layers, ρ ← ρ + η(σ − ρ²)ρ.
		eta, rho := tc.kappa/tc.sigma, 0.9*math.Sqrt(tc.sigma)
		for range 100000 {
			rho += eta * (tc.sigma - rho*rho) * rho
		}
		a := rho * rho
		rho += eta * (tc.sigma - rho*rho) * rho
		b := rho * rho
		close(t, "upper", cycle(tc.kappa, tc.sigma, "upper"), max(a, b), 1e-11)
		close(t, "lower", cycle(tc.kappa, tc.sigma, "lower"), min(a, b), 1e-11)
		close(t, "peak-to-peak", cycle(tc.kappa, tc.sigma, "peak-to-peak"), math.Abs(a-b), 1e-10)
	}
	// Another lab's numbers: diag(5,…), η = 0.21 and 0.24; κ = 1.2, σ = 1.
	close(t, "κ = 1.05", cycle(1.05, 5, "peak-to-peak"), 2.142857, 2e-7)
	close(t, "κ = 1.2, σ = 5", cycle(1.2, 5, "peak-to-peak"), 3.81881, 2e-6)
	close(t, "ρ₋", math.Sqrt(cycle(1.2, 1, "lower")), 0.73129020, 1e-8)
	close(t, "ρ₊", math.Sqrt(cycle(1.2, 1, "upper")), 1.13953849, 1e-8)

	none := ScalarTwoCycle{Kappa: nan, Strength: nan, Of: "peak-to-peak"}
	run := func(modes []float64, depth int, eta float64) *sgdlab.Run {
		return learning(modes, make([]float64, len(modes)), depth, 1, eta)
	}
	close(t, "from a run", one(t, NewScalarTwoCycle, none, run([]float64{5, 3}, 2, 0.21)), 2.142857, 2e-7)
	refused(t, NewScalarTwoCycle, none, run([]float64{5, 3}, 2, 0.19), "settles at the minimum")
	refused(t, NewScalarTwoCycle, none, run([]float64{5, 3}, 2, 0.249), "period 4")
	refused(t, NewScalarTwoCycle, none, run([]float64{5, 4.8}, 2, 0.215), "unstable against the second")
	refused(t, NewScalarTwoCycle, none, run([]float64{5, 3}, 3, 0.21), "depth 3")
	refused(t, NewScalarTwoCycle, none, nil, "give kappa, strength")
	refused(t, NewScalarTwoCycle, ScalarTwoCycle{Kappa: 1.1, Strength: 1, Of: "x"}, nil, "peak-to-peak, upper or lower")
	refused(t, NewScalarTwoCycle, ScalarTwoCycle{Kappa: 1.1, Strength: -1, Of: "upper"}, nil, "strength is -1")
}
