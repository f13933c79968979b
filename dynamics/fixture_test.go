package dynamics_test

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/rng"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func normals(purpose string, n int) []float64 {
	p := make(lanes.Pack, n)
	rng.New(purpose).Normals(p, &rng.Lanes{})
	return p.Lane(nil, 0)
}

// set is a small regression with residuals, (n, d) inputs and (n, k) targets.
func set(n, d, k int) *data.Set {
	s := &data.Set{X: lanes.NewMat(n, d), Y: lanes.NewMat(n, k), Name: "test"}
	copy(s.X.Data, normals("x", n*d))
	copy(s.Y.Data, normals("y", n*k))
	return s
}

var losses = []any{"mean-half", "sum-half", "mean", map[string]any{"prefactor": "1/(4*n)"}}

func loss(value any) model.Loss {
	var l model.Loss
	if err := l.Decode(value); err != nil {
		panic(err)
	}
	return l
}

func deepLinear(s *data.Set, l any, widths ...int) sgdlab.Model {
	return must(model.NewDeepLinear(model.DeepLinearSettings{Widths: widths, Loss: loss(l)}, s))
}

func diagonal(s *data.Set, l any) sgdlab.Model {
	return must(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2, Loss: loss(l)}, s))
}

// networks are those of the battery under each loss: 4 samples, 1 or 2 outputs.
func networks() map[string]*sgdlab.Site {
	out := map[string]*sgdlab.Site{}
	for _, l := range losses {
		a, b := set(4, 3, 2), set(4, 3, 1)
		out[fmt.Sprintf("deep-linear under %v", l)] = &sgdlab.Site{Data: a, Model: deepLinear(a, l, 3, 2, 2)}
		out[fmt.Sprintf("diagonal under %v", l)] = &sgdlab.Site{Data: b, Model: diagonal(b, l)}
	}
	return out
}

func clock(seed, first uint64) *sgdlab.Clock {
	at := new(sgdlab.Clock)
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = seed, first+uint64(l)
	}
	return at
}

// sampled is the site's model with its samples.
func sampled(s *sgdlab.Site) sgdlab.Sampled { return must(sgdlab.As[sgdlab.Sampled](s.Model)) }

// listed draws the rows it is told, in place of a sampler; with it all draws can be enumerated.
type listed struct {
	n     int
	index [][lanes.W]int32
}

func (d *listed) Draw(rows *sgdlab.Rows, _ *sgdlab.Clock) {
	*rows = sgdlab.Rows{N: d.n, Index: d.index}
}
func (d *listed) Batch() int { return len(d.index) }

// told draws the ξ it is told, in place of a law.
type told struct{ xi lanes.Pack }

func (t *told) Draw(xi lanes.Pack, _ *sgdlab.Clock) { lanes.Copy(xi, t.xi) }
func (t *told) Index() float64                      { return 2 }

// moments are the mean and covariance of steps that are all equally likely.
type moments struct {
	n    float64
	sum  []float64
	prod lanes.Mat
}

func (m *moments) add(x []float64) {
	if m.sum == nil {
		m.sum, m.prod = make([]float64, len(x)), lanes.NewMat(len(x), len(x))
	}
	m.n++
	for i := range x {
		m.sum[i] += x[i]
		for j := range x {
			m.prod.Set(i, j, m.prod.At(i, j)+x[i]*x[j])
		}
	}
}

func (m *moments) mean() []float64 {
	out := make([]float64, len(m.sum))
	for i := range out {
		out[i] = m.sum[i] / m.n
	}
	return out
}

func (m *moments) covariance() lanes.Mat {
	c := m.prod.Clone()
	for i := range m.sum {
		for j := range m.sum {
			c.Set(i, j, c.At(i, j)/m.n-m.sum[i]*m.sum[j]/m.n/m.n)
		}
	}
	return c
}

// kick is the covariance of an SDE's kick over a step h, scale²hσσᵀ, a column of σ at a time.
func kick(src sgdlab.Source, theta []float64, h float64) lanes.Mat {
	var ws lanes.Arena
	w, d := src.Factor.Width(), len(theta)
	scale := src.Scale(2)(clock(1, 0))[0] * math.Sqrt(h)
	out, xi, dst := lanes.NewMat(d, w), make(lanes.Pack, w), make(lanes.Pack, d)
	for j := range w {
		lanes.Zero(xi)
		xi[j] = lanes.Splat(scale)
		src.Factor.Apply(dst, lanes.Of(theta), xi, &ws)
		for i := range dst {
			out.Set(i, j, dst[i][0])
		}
	}
	return lanes.MulMat(out, out.T())
}

// apart is the largest difference, relative to the largest entry of b.
func apart(a, b lanes.Mat) float64 {
	worst, size := 0.0, 0.0
	for i := range b.Rows {
		for j := range b.Cols {
			worst, size = max(worst, math.Abs(a.At(i, j)-b.At(i, j))), max(size, math.Abs(b.At(i, j)))
		}
	}
	return worst / size
}

func plus(a, b lanes.Mat, x float64) lanes.Mat {
	c := a.Clone()
	for i := range a.Rows {
		for j := range a.Cols {
			c.Set(i, j, a.At(i, j)+x*b.At(i, j))
		}
	}
	return c
}

// labels is label noise of amplitude ζ with a law of the test's own, nil for Gaussian.
func labels(zeta float64, law sgdlab.Law) *noise.LabelNoiseSettings {
	c := &noise.LabelNoiseSettings{Amplitude: sgdlab.Constant(zeta)}
	if law != nil {
		c.Law = func(*sgdlab.Site) (sgdlab.Law, error) { return law, nil }
	}
	return c
}
