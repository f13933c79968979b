package observable

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/dynamics"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
)

// symmetry is Q of a set: what it exchanges, or whose sign it changes.
func symmetry(o *InvariantSetDistance, theta lanes.Pack) lanes.Pack {
	out := append(lanes.Pack(nil), theta...)
	for _, i := range o.Zero {
		for l := range out[i] {
			out[i][l] = -out[i][l]
		}
	}
	for _, g := range o.Groups { // a cycle; an exchange of two
		for k, i := range g {
			out[i] = theta[g[(k+1)%len(g)]]
		}
	}
	return out
}

type setCase struct {
	name string
	site *sgdlab.Site
	c    InvariantSetDistanceSettings
	odd  bool // Q is a symmetry
}

func setCases(t *testing.T) []setCase {
	t.Helper()
	set := teacher(t, 9, []float64{2, 1}, 3, 2, 0.3, false)
	one := teacher(t, 9, []float64{2}, 4, 1, 0.3, false)
	mlp := func(activation string, biases bool, widths ...int) *sgdlab.Site {
		return &sgdlab.Site{Data: set, Model: built[sgdlab.Model](t)(model.NewMLP(model.MLPSettings{Widths: widths, Activation: activation, Biases: biases}, set))}
	}
	powers := func(depth int) *sgdlab.Site {
		return &sgdlab.Site{Data: one, Model: built[sgdlab.Model](t)(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "difference-of-powers", Depth: depth}, one))}
	}
	well := &sgdlab.Site{Model: built[sgdlab.Model](t)(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil))}
	sign := func(units ...int) InvariantSetDistanceSettings {
		return InvariantSetDistanceSettings{Set: "sign", Layer: 1, Units: units}
	}
	equal := func(layer int, units ...int) InvariantSetDistanceSettings {
		return InvariantSetDistanceSettings{Set: "permutation", Layer: layer, Units: units}
	}
	return []setCase{
		{"deep-linear, sign", deep(t, set, 4, 3), sign(2), true},
		{"deep-linear, two signs", deep(t, set, 4, 3), sign(2, 0), true},
		{"deep-linear, second layer", deep(t, set, 4, 3), equal(2, 0, 2), true},
		{"tanh, sign", mlp("tanh", false, 3, 4, 2), sign(1), true},
		{"tanh with biases, sign", mlp("tanh", true, 3, 4, 2), sign(1), true},
		{"tanh with biases, all", mlp("tanh", true, 3, 4, 2), sign(), true},
		{"erf, two equal", mlp("erf", true, 3, 4, 3, 2), equal(2, 1, 0), true},
		{"gelu, three equal", mlp("gelu", true, 3, 4, 2), equal(1, 0, 3, 1), true},
		{"gelu, sign", mlp("gelu", true, 3, 4, 2), sign(3), false},
		{"relu, sign", mlp("relu", false, 3, 4, 2), sign(0), false},
		{"relu, two equal", mlp("relu", false, 3, 4, 2), equal(1, 0, 3), true},
		{"u⊙v, sign", diagonal(t, one), sign(1, 3), true},
		{"u⊙v, equal", diagonal(t, one), equal(1, 2), true},
		{"u² − v², sign", powers(2), sign(2), true},
		{"u³ − v³, sign", powers(3), sign(2), false},
		{"double well", well, InvariantSetDistanceSettings{Set: "reflection", Layer: 1}, true},
	}
}

// The distance is that to the nearest point of the set, ½‖θ − Qθ‖ where Q² = 1, and Q is a symmetry of the loss.
func TestInvariantSets(t *testing.T) {
	var ws lanes.Arena
	for _, c := range setCases(t) {
		t.Run(c.name, func(t *testing.T) {
			o := built[sgdlab.Observable](t)(NewInvariantSetDistance(c.c, c.site)).(*InvariantSetDistance)
			d := c.site.Model.Dim()
			theta := random(11, d, 0.7)
			q := symmetry(o, theta)
			cycle := len(o.Groups) > 0 && len(o.Groups[0]) > 2
			got := observe(o, theta)
			on := onSet(o, theta)
			for l := range lanes.W {
				want, half := 0.0, 0.0
				for i := range d {
					want += (theta[i][l] - on[i][l]) * (theta[i][l] - on[i][l])
					half += (theta[i][l] - q[i][l]) * (theta[i][l] - q[i][l]) / 4
				}
				near(t, "distance", got[0][l], math.Sqrt(want), 1e-14)
				near(t, "its logarithm", got[1][l], math.Log(want)/2, 1e-13)
				if !cycle {
					near(t, "½‖θ − Qθ‖", got[0][l], math.Sqrt(half), 1e-14)
				}
			}
			at := observe(o, on)
			if at[0] != (lanes.Vec{}) || !math.IsInf(at[1][0], -1) {
				t.Errorf("on the set the distance is %v, its logarithm %v; want 0 and −∞", at[0], at[1])
			}
			g, gq := make(lanes.Pack, d), make(lanes.Pack, d)
			c.site.Model.Grad(g, theta, &ws)
			c.site.Model.Grad(gq, q, &ws)
			most := 0.0
			for i, v := range symmetry(o, g) {
				for l := range v {
					most = max(most, math.Abs(v[l]-gq[i][l]))
				}
			}
			if size := lanes.MaxAbs(g); c.odd && most > 1e-13*(1+size[0]) {
				t.Errorf("∇L(Qθ) is off Q∇L(θ) by %.3g", most)
			} else if !c.odd && most < 1e-3 {
				t.Errorf("Q is a symmetry of the loss, to %.3g", most)
			}
			if c.site.Model.Grad(g, on, &ws); observe(o, g)[0] != (lanes.Vec{}) {
				t.Errorf("∇L on the set is off it by %v", observe(o, g)[0])
			}
		})
	}
}

// onSet is the nearest point of the set.
func onSet(o *InvariantSetDistance, theta lanes.Pack) lanes.Pack {
	on := append(lanes.Pack(nil), theta...)
	for _, i := range o.Zero {
		on[i] = lanes.Vec{}
	}
	for _, g := range o.Groups {
		var mean lanes.Vec
		for _, i := range g {
			for l, x := range theta[i] {
				mean[l] += x / float64(len(g))
			}
		}
		for _, i := range g {
			on[i] = mean
		}
	}
	return on
}

// Distances whose squares underflow or overflow are known as well as others.
func TestInvariantSetFar(t *testing.T) {
	o := &InvariantSetDistance{Zero: []int{0}, Groups: [][]int{{1, 2}}}
	for _, scale := range []float64{1e-320, 1e-300, 1e-160, 1, 1e200, 1e280} {
		theta := lanes.Pack{lanes.Splat(3 * scale), lanes.Splat(4 * scale), lanes.Splat(-4 * scale)}
		got := observe(o, theta)
		tolerance := 1e-14
		if scale < 1e-310 {
			tolerance = 1e-3
		}
		near(t, "distance", got[0][3], math.Sqrt(41)*scale, tolerance)
		near(t, "its logarithm", got[1][3], math.Log(41)/2+math.Log(scale*0x1p60)-60*math.Ln2, tolerance)
	}
	theta := lanes.Pack{lanes.Splat(1), lanes.Splat(math.NaN()), lanes.Splat(2)}
	if got := observe(o, theta); !math.IsNaN(got[0][0]) || !math.IsNaN(got[1][0]) {
		t.Errorf("the distance of NaN is %v", got)
	}
}

// What is no invariant set is refused.
func TestInvariantSetRefuses(t *testing.T) {
	set := teacher(t, 9, []float64{2, 1}, 3, 2, 0.3, false)
	tilted := &sgdlab.Site{Model: built[sgdlab.Model](t)(model.NewRosenbrock(model.RosenbrockSettings{Steepness: 5}, nil))}
	powers := &sgdlab.Site{Data: set, Model: built[sgdlab.Model](t)(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "difference-of-powers", Depth: 2}, teacher(t, 9, []float64{2}, 3, 1, 0.3, false)))}
	for _, c := range []setCase{
		{name: "rosenbrock", site: tilted, c: InvariantSetDistanceSettings{Set: "reflection", Layer: 1, Coordinates: []int{0}}},
		{name: "no hidden units", site: tilted, c: InvariantSetDistanceSettings{Set: "sign", Layer: 1}},
		{name: "no such layer", site: deep(t, set, 4), c: InvariantSetDistanceSettings{Set: "sign", Layer: 2}},
		{name: "no such unit", site: deep(t, set, 4), c: InvariantSetDistanceSettings{Set: "sign", Layer: 1, Units: []int{4}}},
		{name: "twice", site: deep(t, set, 4), c: InvariantSetDistanceSettings{Set: "sign", Layer: 1, Units: []int{1, 1}}},
		{name: "one unit", site: deep(t, set, 4), c: InvariantSetDistanceSettings{Set: "permutation", Layer: 1, Units: []int{1}}},
		{name: "u² − v²", site: powers, c: InvariantSetDistanceSettings{Set: "permutation", Layer: 1}},
		{name: "both", site: deep(t, set, 4), c: InvariantSetDistanceSettings{Set: "sign", Layer: 1, Coordinates: []int{1}}},
	} {
		if _, err := NewInvariantSetDistance(c.c, c.site); err == nil || len(err.Error()) < 20 {
			t.Errorf("%s: the error is %v", c.name, err)
		}
	}
}

// Paths that start on a set stay on it to the bit, under GD, SGD and label noise.
func TestInvariantSetsAreKept(t *testing.T) {
	for _, c := range setCases(t) {
		o := built[sgdlab.Observable](t)(NewInvariantSetDistance(c.c, c.site)).(*InvariantSetDistance)
		site := *c.site
		site.Place = "kept"
		rate := sgdlab.Constant(0.02)
		label := &noise.LabelNoiseSettings{Amplitude: sgdlab.Constant(0.5)}
		steppers := map[string]sgdlab.Stepper{"gd": built[sgdlab.Stepper](t)(dynamics.NewGD(dynamics.GDSettings{Rate: rate}, &site))}
		if site.Data != nil {
			draw := func(s *sgdlab.Site) (sgdlab.Sampler, error) {
				return noise.NewWithReplacement(noise.SamplerSettings{}, s)
			}
			steppers["gd, label noise"] = built[sgdlab.Stepper](t)(dynamics.NewGD(dynamics.GDSettings{Rate: rate, LabelNoise: label}, &site))
			for _, batch := range []int{1, 3} {
				name := map[int]string{1: "sgd", 3: "sgd, batch 3"}[batch]
				steppers[name] = built[sgdlab.Stepper](t)(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: batch, Draw: draw}, &site))
				steppers[name+", label noise"] = built[sgdlab.Stepper](t)(dynamics.NewSGD(dynamics.SGDSettings{Rate: rate, Batch: batch, Draw: draw, LabelNoise: label}, &site))
			}
		}
		for name, s := range steppers {
			theta := onSet(o, random(5, c.site.Model.Dim(), 0.6))
			first := append(lanes.Pack(nil), theta...)
			at := &sgdlab.Clock{}
			for l := range lanes.W {
				at.Replica[l] = uint64(l)
			}
			state := make(lanes.Pack, sgdlab.Size(s))
			s.Init(state, theta, at, lanes.All)
			for k := range 200 {
				for l := range lanes.W {
					at.Step[l] = uint64(k)
				}
				s.Step(state, at, lanes.All, nil)
			}
			if d := observe(o, state[:len(theta)]); d[0] != (lanes.Vec{}) {
				t.Errorf("%s, %s: after 200 steps the distance is %v", c.name, name, d[0])
			}
			moved := 0.0
			for i := range theta {
				moved = max(moved, math.Abs(state[i][0]-first[i][0]))
			}
			if all := len(o.Zero) == len(theta); !(moved > 1e-3) && !all {
				t.Errorf("%s, %s: nothing moved on the set", c.name, name)
			}
		}
	}
}
