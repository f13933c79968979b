package theory

import (
	"math"
	"math/rand/v2"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// logDet is log det A of a positive definite matrix, by Gaussian elimination.
func logDet(a lanes.Mat) float64 {
	a = a.Clone()
	var sum float64
	for k := range a.Rows {
		sum += math.Log(a.At(k, k))
		for i := k + 1; i < a.Rows; i++ {
			f := a.At(i, k) / a.At(k, k)
			for j := k; j < a.Cols; j++ {
				a.Set(i, j, a.At(i, j)-f*a.At(k, j))
			}
		}
	}
	return sum
}

// Descent with label noise on W₁ and W₂ themselves, with residuals kept at 0 by targets that follow the network, so that
// nothing but the noise moves the determinant: the mean fall per unit of time is the law, up to O(η). The tolerance is
// five standard errors of 400 steps of about 100 noise entries, 3 %, and the O(η) below 1 %.
func TestLogDetDecay(t *testing.T) {
	const n, p, k, l = 12, 3, 2, 8
	random := rand.New(rand.NewPCG(1, 2))
	normal := func(rows, cols int) lanes.Mat {
		m := lanes.NewMat(rows, cols)
		for i := range m.Data {
			m.Data[i] = random.NormFloat64()
		}
		return m
	}
	x := normal(n, p)
	trace := 0.0
	for _, v := range x.Data {
		trace += v * v
	}
	for _, tc := range []struct {
		name      string
		label     float64 // s: the slope moves by this per unit of label
		eta, zeta float64
	}{{"sum-half", n, 2e-5, 3}, {"mean-half", 1, 3e-3, 3}, {"mean", 2, 1e-3, 3}} {
		w1, w2 := normal(l, p), normal(k, l) // h = W₂W₁x
		gram := func() lanes.Mat {
			theta := lanes.NewMat(l, p+k)
			for i := range l {
				for j := range p {
					theta.Set(i, j, w1.At(i, j))
				}
				for j := range k {
					theta.Set(i, p+j, w2.At(j, i))
				}
			}
			return lanes.MulMat(theta.T(), theta)
		}
		before := logDet(gram())
		const steps = 400
		for range steps {
			// ∂ℓ/∂h = −sζξ for each sample, ∇L the mean over samples.
			c := normal(n, k)
			for i := range c.Data {
				c.Data[i] *= -tc.label * tc.zeta / n
			}
			cx := lanes.MulMat(c.T(), x) // (k, p)
			g1, g2 := lanes.MulMat(w2.T(), cx), lanes.MulMat(cx, w1.T())
			for i := range g1.Data {
				w1.Data[i] -= tc.eta * g1.Data[i]
			}
			for i := range g2.Data {
				w2.Data[i] -= tc.eta * g2.Data[i]
			}
		}
		got := (logDet(gram()) - before) / (steps * tc.eta)
		want := one(t, NewLogDetDecay, LogDetDecay{Rate: tc.eta, Variance: tc.zeta * tc.zeta, Outputs: k, Trace: trace, Samples: n, PerLabel: tc.label}, nil)
		close(t, tc.name, got, want, 0.04)
	}
}

// twoLayer is a chain that answers for two layers of a width and a loss.
type twoLayer struct {
	chain
	shapes []sgdlab.Shape
}

func (m twoLayer) Layers() []sgdlab.Shape { return m.shapes }

func TestLogDetDecayReadsTheRun(t *testing.T) {
	x := lanes.MatOf([][]float64{{1, 2}, {3, 4}, {0, 1}})
	want := -2 * 0.05 * 0.49 * 3 * 31 * (2 * 2) / 9.0 // η δ k tr s²/n²
	none := LogDetDecay{Rate: nan, Variance: nan, Outputs: nan, Trace: nan, Samples: nan, PerLabel: nan}
	build := func(amplitude string, change func(*sgdlab.Run, *sgdlab.SDE, *twoLayer)) *sgdlab.Run {
		m := twoLayer{chain{modes: []float64{1}, depth: 2, label: 2, n: 3}, []sgdlab.Shape{{Rows: 5, Cols: 2}, {Rows: 3, Cols: 5}}}
		sde := &sgdlab.SDE{Noise: []sgdlab.Noise{{Factor: state{}, Law: law(2)}}}
		r := &sgdlab.Run{
			Site:    &sgdlab.Site{Data: &data.Set{X: x, Y: lanes.NewMat(3, 3)}},
			Clock:   &sgdlab.Clock{},
			Dynamic: diffusive{stepper{sde: sde}},
			Number:  numbers(map[string]float64{"rate": 0.05, amplitude: 0.7}),
		}
		if change != nil {
			change(r, sde, &m)
		}
		r.Model = m
		return r
	}
	type run = sgdlab.Run
	type sde = sgdlab.SDE
	for _, path := range []string{"noise.amplitude", "noise[0].amplitude"} {
		p := predicted(t, NewLogDetDecay, none, build(path, nil))
		close(t, path, p.Values[0], want, 1e-14)
		if p.Kind != sgdlab.Exact {
			t.Errorf("the SDE's law is %v", p.Kind)
		}
	}
	p := predicted(t, NewLogDetDecay, none, build("label-noise.amplitude", func(r *run, _ *sde, _ *twoLayer) { r.Dynamic = stepper{} }))
	close(t, "descent", p.Values[0], want, 1e-14)
	if p.Kind != sgdlab.Leading {
		t.Errorf("the law of descent is %v", p.Kind)
	}
	for _, tc := range []struct {
		name, word string
		change     func(*run, *sde, *twoLayer)
	}{
		{"a mini-batch", "full batch", func(r *run, _ *sde, _ *twoLayer) {
			r.Number = numbers(map[string]float64{"rate": 0.05, "noise.amplitude": 0.7, "batch": 2})
		}},
		{"Stratonovich", "calculus: ito", func(_ *run, s *sde, _ *twoLayer) { s.Sense = sgdlab.Stratonovich }},
		{"two noises", "2 noises", func(_ *run, s *sde, _ *twoLayer) { s.Noise = append(s.Noise, s.Noise[0]) }},
		{"Lévy noise", "infinite variance", func(_ *run, s *sde, _ *twoLayer) { s.Noise[0].Law = law(1.5) }},
		{"one draw for all labels", "share one draw", func(r *run, _ *sde, _ *twoLayer) {
			r.Word = func(path string) string { return map[string]string{"noise.per": "step"}[path] }
		}},
		{"a bottleneck", "width 4", func(_ *run, _ *sde, m *twoLayer) { m.shapes = []sgdlab.Shape{{Rows: 4, Cols: 2}, {Rows: 3, Cols: 4}} }},
		{"three layers", "3 layers", func(_ *run, _ *sde, m *twoLayer) { m.shapes = append(m.shapes, m.shapes[1]) }},
		{"no amplitude", "noise.amplitude", func(r *run, _ *sde, _ *twoLayer) { r.Number = numbers(map[string]float64{"rate": 0.05}) }},
		{"no data", "no data", func(r *run, _ *sde, _ *twoLayer) { r.Data = nil }},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, NewLogDetDecay, none, build("noise.amplitude", tc.change), tc.word) })
	}
	refused(t, NewLogDetDecay, none, langevin(doubleWell, []float64{-1}, 0.1, nil), "no data")
	refused(t, NewLogDetDecay, none, nil, "give rate, variance, outputs, trace, samples, per-label")
}
