package theory

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/model"
)

func TestModeDiffusionPeak(t *testing.T) {
	for depth, part := range map[int]float64{2: 0.5, 3: 4.0 / 7, 4: 0.6, 7: 12.0 / 19} {
		peak := one(t, NewModeDiffusionPeak, ModeDiffusionPeak{Strength: 2.5, Depth: depth, Mode: 1}, nil)
		close(t, "peak", peak, 2.5*part, 1e-15)
		l := float64(depth)
		noise := func(s float64) float64 { return math.Pow(s, 2-2/l) * (2.5 - s) }
		if !(noise(peak) > noise(peak*1.001)) || !(noise(peak) > noise(peak*0.999)) {
			t.Errorf("depth %d: %g is no place of the largest noise", depth, peak)
		}
	}
	refused(t, NewModeDiffusionPeak, ModeDiffusionPeak{Strength: 1, Depth: 1, Mode: 1}, nil, "at least 2")
	refused(t, NewModeDiffusionPeak, ModeDiffusionPeak{Strength: nan, Mode: 1}, nil, "give strength")
}

// The stationary variance V = E a² V + E b² of the chain, over every draw of two of four rows and every sign of their noise.
func TestModeDeviation(t *testing.T) {
	x := []float64{0.5, -1.2, 2, 0.7}
	const eta, star, zeta = 0.03, 1.7, 0.4
	second, fourth := 0.0, 0.0
	for _, v := range x {
		second, fourth = second+v*v/4, fourth+v*v*v*v/4
	}
	for batch := 1; batch <= 2; batch++ {
		var a2, b2 float64
		for i := range x {
			for j := range x {
				for _, sign := range []float64{-1, 1} {
					mean, noise := x[i]*x[i], x[i]
					if batch == 2 {
						mean, noise = (x[i]*x[i]+x[j]*x[j])/2, (x[i]+sign*x[j])/2
					}
					a, b := 1-2*eta*star*mean, 2*eta*star*zeta*noise
					a2, b2 = a2+a*a/32, b2+b*b/32
				}
			}
		}
		got := one(t, NewModeDeviation, ModeDeviation{Rate: eta, Strength: star, Amplitude: zeta, Batch: float64(batch), Second: second, Fourth: fourth}, nil)
		close(t, "deviation", got, math.Sqrt(b2/(1-a2)), 1e-13)
	}
	none := ModeDeviation{nan, nan, nan, nan, nan, nan}
	fresh := none
	fresh.Rate, fresh.Strength, fresh.Amplitude, fresh.Batch = 0.02, 1, 0.3, 1
	close(t, "fresh inputs", one(t, NewModeDeviation, fresh, nil), 0.3*math.Sqrt(0.02/(1-0.06)), 1e-14)
	fresh.Rate = 0.4
	refused(t, NewModeDeviation, fresh, nil, "infinite")

	build := func(c data.TeacherStudentSettings, widths ...int) *sgdlab.Run {
		set, err := data.NewTeacherStudent(c, &data.Env{Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		var loss model.Loss
		if err := loss.Decode("mean"); err != nil {
			t.Fatal(err)
		}
		m, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: widths, Loss: loss}, set)
		if err != nil {
			t.Fatal(err)
		}
		return &sgdlab.Run{Site: &sgdlab.Site{Data: set, Model: m}, Clock: &sgdlab.Clock{}, Dynamic: stepper{},
			Number: numbers(map[string]float64{"rate": 0.01, "batch": 3, "label-noise.amplitude": 0.3})}
	}
	line := data.TeacherStudentSettings{Inputs: 1, Outputs: 1, Samples: 20, SingularValues: []float64{2}}
	r := build(line, 1, 1, 1)
	m2, m4 := 0.0, 0.0
	for i := range 20 {
		v := r.Data.X.At(i, 0)
		m2, m4 = m2+v*v/20, m4+v*v*v*v/20
	}
	s := r.Data.Moments().S[0]
	close(t, "from a run", predicted(t, NewModeDeviation, none, r).Values[0], 0.3*math.Sqrt(0.02*s/3/(1-0.02*s*(m2+(m4/m2-m2)/3))), 1e-12)
	refused(t, NewModeDeviation, none, build(line, 1, 1, 1, 1), "3 layers")
	line.LabelNoise = 0.1
	refused(t, NewModeDeviation, none, build(line, 1, 1, 1), "off any line")
	line.Inputs, line.LabelNoise = 2, 0
	refused(t, NewModeDeviation, none, build(line, 2, 1, 1), "inputs: 1")
}
