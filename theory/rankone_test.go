package theory

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

// trace is tr ∇²L at θ.
func trace(m sgdlab.Model, theta []float64) (sum float64) {
	h, _ := sgdlab.As[sgdlab.Curved](m)
	at, v, hv := lanes.Of(theta), make(lanes.Pack, len(theta)), make(lanes.Pack, len(theta))
	for j := range v {
		lanes.Zero(v)
		v[j] = lanes.Splat(1)
		h.HessVec(hv, at, v, &lanes.Arena{})
		sum += hv[j][0]
	}
	return sum
}

// The trace of the Hessian itself, of a network that fits its targets with each strength and each ratio of its vectors, is least at the
// prediction: to 1e-6 by where its slope is 0, and it rises with imbalance and with a v that is not along w.
func TestRankOneBalance(t *testing.T) {
	set, err := data.NewGaussian(data.GaussianSettings{Samples: 3, Inputs: 6, Outputs: 1, Teacher: "none", LabelNoise: 1}, &data.Env{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, depth := range []int{2, 3} {
		m, err := model.NewRankOne(model.RankOneSettings{Width: 3, Depth: depth}, set)
		if err != nil {
			t.Fatal(err)
		}
		r := &sgdlab.Run{Site: &sgdlab.Site{Data: set, Model: m}, Clock: &sgdlab.Clock{}, Dynamic: stepper{},
			Number: numbers(map[string]float64{"rate": 0.01, "label-noise.amplitude": 1})}
		star := predicted(t, NewRankOneBalance, RankOneBalance{nan, nan, nan}, r).Values[0]
		pairs := depth - 1
		// at is a network that fits, of strength ρ, each pair (v, w) with ‖v‖/‖w‖ = c² and at an angle of cosine a.
		at := func(rho, c, a float64) []float64 {
			var theta []float64
			for _, b := range set.Moments().Map.Data {
				theta = append(theta, b/rho)
			}
			each := math.Sqrt(math.Pow(rho, 1/float64(pairs)) / a)
			for range pairs {
				theta = append(theta, each*c, 0, 0, each/c*a, each/c*math.Sqrt(1-a*a), 0)
			}
			return theta
		}
		if loss := m.Loss(lanes.Of(at(star, 1.3, 0.8)), &lanes.Arena{})[0]; loss > 1e-25 {
			t.Fatalf("depth %d: the loss is %g", depth, loss)
		}
		least := trace(m, at(star, 1, 1))
		const h = 1e-4
		up, down := trace(m, at(star*(1+h), 1, 1)), trace(m, at(star*(1-h), 1, 1))
		if slope := (up - down) / (2 * h) / least; math.Abs(slope) > 1e-6 || up+down-2*least <= 0 {
			t.Errorf("depth %d: at ρ* = %g the slope of log tr ∇²L is %g", depth, star, slope)
		}
		for _, off := range [][]float64{at(2*star, 1, 1), at(star/2, 1, 1), at(star, 1.2, 1), at(star, 1, 0.9)} {
			if x := trace(m, off); x < least*1.01 {
				t.Errorf("depth %d: a trace of %g, and the least is %g", depth, x, least)
			}
		}
		refused(t, NewRankOneBalance, RankOneBalance{nan, nan, 2.5}, r, "whole number")
	}
	close(t, "given", one(t, NewRankOneBalance, RankOneBalance{8, 1, nan}, nil), 2, 1e-15)
	refused(t, NewRankOneBalance, RankOneBalance{nan, nan, nan}, nil, "give fitted, inputs")
	deep, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{6, 2, 1}}, set)
	if err != nil {
		t.Fatal(err)
	}
	r := &sgdlab.Run{Site: &sgdlab.Site{Data: set, Model: deep}, Clock: &sgdlab.Clock{}, Dynamic: stepper{}, Number: numbers(map[string]float64{"label-noise.amplitude": 1})}
	refused(t, NewRankOneBalance, RankOneBalance{nan, nan, nan}, r, "use rank-one")
}
