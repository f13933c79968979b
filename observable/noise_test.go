package observable

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

// gradients are those of single samples in lane l, (n, d), by pullbacks of one row each.
func gradients(t *testing.T, m sgdlab.Model, theta lanes.Pack, l int) *mat.Dense {
	t.Helper()
	var ws lanes.Arena
	s := built[sgdlab.Sampled](t)(sgdlab.As[sgdlab.Sampled](m))
	n, d := s.Samples(), s.Dim()
	out := mat.NewDense(n, d, nil)
	g, c := make(lanes.Pack, d), make(lanes.Pack, s.Outputs())
	for i := range n {
		rows := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 1)}
		rows.Index[0][l] = int32(i)
		s.Slope(c, theta, rows, &ws)
		s.Pullback(g, theta, c, rows, nil, &ws)
		for j := range d {
			out.Set(i, j, g[j][l])
		}
	}
	return out
}

// noisyStages are networks with few and with many samples, so that C comes by samples, by parameters and by moments.
func noisyStages(t *testing.T) map[string]*sgdlab.Site {
	return map[string]*sgdlab.Site{
		"few samples":           deep(t, teacher(t, 5, []float64{3, 2}, 3, 2, 0.4, false), 4),
		"more than inputs":      deep(t, teacher(t, 30, []float64{3, 2}, 3, 2, 0.4, false), 4),
		"more than parameters":  deep(t, teacher(t, 40, []float64{2}, 3, 1, 0.4, false)),
		"diagonal":              diagonal(t, teacher(t, 25, []float64{2}, 4, 1, 0.4, false)),
		"a matrix":              deep(t, target(t, 3, 2, 1), 4),
		"fewer samples than in": diagonal(t, teacher(t, 3, []float64{2}, 4, 1, 0.4, false)),
	}
}

// TestNoiseToDrift: ν² is what the mean square of a mini-batch's gradient exceeds ‖∇L‖² by, over it: over all pairs of rows, with and
// without repetition, and by C for other batches.
func TestNoiseToDrift(t *testing.T) {
	for name, s := range noisyStages(t) {
		theta := random(17, s.Model.Dim(), 0.7)
		n := built[sgdlab.Sampled](t)(sgdlab.As[sgdlab.Sampled](s.Model)).Samples()
		nu := func(batch int, draw string) lanes.Vec {
			return observe(built[sgdlab.Observable](t)(NewNoiseToDrift(NoiseToDriftSettings{Batch: batch, Draw: draw}, s)), theta)[0]
		}
		for _, l := range []int{0, 5} {
			g := gradients(t, s.Model, theta, l)
			_, d := g.Dims()
			mean := make([]float64, d)
			for i := range n {
				for j := range d {
					mean[j] += g.At(i, j) / float64(n)
				}
			}
			drift := 0.0
			for _, x := range mean {
				drift += x * x
			}
			excess := func(different bool) float64 {
				sum, count := 0.0, 0.0
				for i := range n {
					for k := range n {
						if different && i == k {
							continue
						}
						count++
						for j := range d {
							x := (g.At(i, j) + g.At(k, j)) / 2
							sum += x * x
						}
					}
				}
				return (sum/count - drift) / drift
			}
			for draw, different := range map[string]bool{"with-replacement": false, "without-replacement": true} {
				if got := nu(2, draw)[l]; math.Abs(got*got-excess(different)) > 1e-11*(1+excess(different)) {
					t.Errorf("%s, two rows %s: ν² = %.15g, want %.15g", name, draw, got*got, excess(different))
				}
			}
			one := nu(1, "with-replacement")[l]
			near(t, name+": ν at batch n", nu(n, "with-replacement")[l], one/math.Sqrt(float64(n)), 1e-13)
			near(t, name+": ν at batch 1 without replacement", nu(1, "without-replacement")[l], one, 1e-14)
			if got := nu(n, "without-replacement")[l]; got != 0 {
				t.Errorf("%s: the full batch has the noise %g", name, got)
			}
		}
		zero := observe(built[sgdlab.Observable](t)(NewNoiseToDrift(NoiseToDriftSettings{Batch: 1}, s)), make(lanes.Pack, s.Model.Dim()))
		if _, multi := s.Model.(sgdlab.Layered); name != "more than parameters" && !math.IsNaN(zero[0][0]) {
			t.Errorf("%s: ν = %g at θ = 0, a critical point (%v)", name, zero[0][0], multi)
		}
	}
	s := noisyStages(t)["few samples"]
	for batch, want := range map[int]string{0: "at least 1", 6: "batch 6 is larger than the 5 samples; use at most 5"} {
		if _, err := NewNoiseToDrift(NoiseToDriftSettings{Batch: batch}, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("batch %d: %v", batch, err)
		}
	}
	well := &sgdlab.Site{Model: built[sgdlab.Model](t)(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 1, Well: 1}, nil))}
	if _, err := NewNoiseToDrift(NoiseToDriftSettings{Batch: 1}, well); err == nil || !strings.Contains(err.Error(), "samples") {
		t.Errorf("a landscape: %v", err)
	}
}

// kurtoses are the three columns from their definitions, with an eigendecomposition of another make.
func kurtoses(g *mat.Dense) (pooled, top, whitened float64, rank int) {
	n, d := g.Dims()
	z := mat.DenseCopyOf(g)
	for j := range d {
		mean := 0.0
		for i := range n {
			mean += g.At(i, j) / float64(n)
		}
		for i := range n {
			z.Set(i, j, g.At(i, j)-mean)
		}
	}
	c := mat.NewSymDense(d, nil)
	c.SymOuterK(1/float64(n), z.T())
	up, down := 0.0, 0.0
	for j := range d {
		down += c.At(j, j) * c.At(j, j)
		for i := range n {
			up += math.Pow(z.At(i, j), 4) / float64(n)
		}
	}
	var eig mat.EigenSym
	eig.Factorize(c, true)
	values := eig.Values(nil)
	var v mat.Dense
	eig.VectorsTo(&v)
	for i := range n {
		length := 0.0
		for k := range d {
			if values[k] <= 1e-8*values[d-1] {
				continue
			}
			p := 0.0
			for j := range d {
				p += z.At(i, j) * v.At(j, k)
			}
			length += p * p / values[k]
			if k == d-1 {
				top += math.Pow(p, 4) / values[k] / values[k] / float64(n)
			}
		}
		whitened += length * length / float64(n)
	}
	for _, x := range values {
		if x > 1e-8*values[d-1] {
			rank++
		}
	}
	r := float64(rank)
	return up / down, top, 3 * whitened / (r * (r + 2)), rank
}

func TestGradientNoiseKurtosis(t *testing.T) {
	for name, s := range noisyStages(t) {
		theta := random(19, s.Model.Dim(), 0.7)
		got := observe(built[sgdlab.Observable](t)(NewGradientNoiseKurtosis(GradientNoiseKurtosisSettings{}, s)), theta)
		first := observe(built[sgdlab.Observable](t)(NewGradientNoiseKurtosis(GradientNoiseKurtosisSettings{Of: "coordinates"}, s)), theta)
		if len(got) != 3 || len(first) != 1 || first[0] != got[0] {
			t.Errorf("%s: columns %v and %v", name, got, first)
		}
		n := built[sgdlab.Sampled](t)(sgdlab.As[sgdlab.Sampled](s.Model)).Samples()
		for _, l := range []int{0, 3, 7} {
			pooled, top, whitened, rank := kurtoses(gradients(t, s.Model, theta, l))
			near(t, name+": over coordinates", got[0][l], pooled, 1e-11)
			near(t, name+": along the top", got[1][l], top, 1e-9)
			near(t, name+": whitened", got[2][l], whitened, 1e-8)
			if rank == n-1 { // so far apart are n rows in general position
				near(t, name+": whitened, of as many directions as rows", got[2][l], 3*float64(n-1)/float64(n+1), 1e-8)
			}
		}
	}
}

// TestKurtosisOfOneWeight: with h = wx and x = 1 the noise of a sample is that of its target, and the three columns agree: 1 for ±1, the largest
// (n² − 3n + 3)/(n − 1) for one target beside equal others, (3/5)(3n² − 7)/(n² − 1) for n equally spaced ones, 3 for Gaussian ones, and NaN for equal ones.
func TestKurtosisOfOneWeight(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	const n = 4000
	for _, c := range []struct {
		name           string
		n              int
		target         func(i int) float64
		want, relative float64
	}{
		{"±1", 6, func(i int) float64 { return float64(2*(i%2) - 1) }, 1, 1e-13},
		{"one beside six", 7, func(i int) float64 { return float64(i / 6) }, (49.0 - 21 + 3) / 6, 1e-13},
		{"equally spaced", 10, func(i int) float64 { return float64(i) }, 0.6 * 293 / 99, 1e-13},
		{"gaussian", n, func(int) float64 { return r.NormFloat64() }, 3, 5 * math.Sqrt(24.0/n) / 3},
		{"equal", 5, func(int) float64 { return 2 }, math.NaN(), 0},
	} {
		set := &data.Set{X: lanes.NewMat(c.n, 1), Y: lanes.NewMat(c.n, 1)}
		for i := range c.n {
			set.X.Set(i, 0, 1)
			set.Y.Set(i, 0, c.target(i))
		}
		o := built[sgdlab.Observable](t)(NewGradientNoiseKurtosis(GradientNoiseKurtosisSettings{}, deep(t, set)))
		for i, row := range observe(o, random(3, 1, 1)) {
			if math.IsNaN(c.want) {
				if !math.IsNaN(row[2]) {
					t.Errorf("%s: column %d is %g, want NaN", c.name, i, row[2])
				}
				continue
			}
			near(t, c.name, row[2], c.want, c.relative)
		}
	}
}

// huge is a model that only says how large it is.
type huge struct{ sgdlab.Sampled }

func (huge) Samples() int { return 1001 }
func (huge) Dim() int     { return 1001 }

func TestKurtosisErrors(t *testing.T) {
	s := noisyStages(t)["few samples"]
	if _, err := NewGradientNoiseKurtosis(GradientNoiseKurtosisSettings{Tolerance: 1e-15}, s); err == nil || !strings.Contains(err.Error(), "1e-13") {
		t.Errorf("a tolerance below rounding: %v", err)
	}
	big := &sgdlab.Site{Model: huge{}}
	if _, err := NewGradientNoiseKurtosis(GradientNoiseKurtosisSettings{Of: "all"}, big); err == nil || !strings.Contains(err.Error(), "use of: coordinates") {
		t.Errorf("a large problem: %v", err)
	}
	built[sgdlab.Observable](t)(NewGradientNoiseKurtosis(GradientNoiseKurtosisSettings{Of: "coordinates"}, big))
}

// BenchmarkNoiseToDrift is a reading of a pack of 5-5-5-5 networks of 200 samples.
func BenchmarkNoiseToDrift(b *testing.B) {
	set := must(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 5, Outputs: 5, Samples: 200, SingularValues: []float64{3, 2, 1}, LabelNoise: 0.3}, &data.Env{Seed: 7}))
	s := &sgdlab.Site{Data: set, Model: must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{5, 5, 5, 5}}, set))}
	o := must(NewNoiseToDrift(NoiseToDriftSettings{Batch: 4}, s))
	var ws lanes.Arena
	theta, dst := random(3, s.Model.Dim(), 0.5), make(lanes.Pack, 1)
	for b.Loop() {
		theta[0][0] += 1e-9
		o.Observe(dst, theta, &sgdlab.Clock{}, &ws)
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
