package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// NoiseToDrift says where SGD is led by its noise, and where by its drift.
type NoiseToDrift struct {
	*covariance
	Share float64 // of C that is a batch's covariance: 1/B, and less without replacement
}

// NoiseToDriftSettings are those of `noise-to-drift`.
type NoiseToDriftSettings struct {
	Batch int    `spec:"batch,batch-size" check:">=1" doc:"B of the SGD that is meant; $dynamics.NAME.batch is that of a dynamics of the spec"`
	Draw  string `oneof:"with-replacement|without-replacement" default:"with-replacement" doc:"how its rows are drawn; a step of reshuffled rows has the noise of one without replacement"`
}

// NewNoiseToDrift is the size of the noise of one step of SGD at θ over that of its drift,
//
//	ν(θ) = √(f·tr C(θ)/B) / ‖∇L(θ)‖,  f = 1 with replacement, (n − B)/(n − 1) without:
//
// a step −ηg has the mean −η∇L and the mean square η²(‖∇L‖² + f·tr C/B), so that the noise is the smaller part of a step just where ν < 1. C is the
// covariance of one sample's gradient over the n rows. The rate cancels. For the SDE of SGD (per-sample noise of batch B) it is the
// same of an Euler–Maruyama step h = η, f = 1; noise on labels and isotropic noise are not in it. It is a function of θ: on any dynamics it says what
// SGD of batch B would do there.
//
// It is NaN where ∇L = 0, such as exactly at a saddle; near one it grows as the distance falls. An event on it (rises-above: 1,
// falls-below: 1) dates the step at which noise takes over from drift, or drift from noise. It needs a model with samples. A reading costs n
// pullbacks, and less where C is known from moments of the data.
func NewNoiseToDrift(c NoiseToDriftSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	cov, err := newCovariance(s)
	if err != nil {
		return nil, err
	}
	n := cov.of.Samples()
	switch {
	case c.Batch < 1:
		return nil, fmt.Errorf("got batch %d; want at least 1, such as the batch of the sgd whose noise is meant", c.Batch)
	case c.Batch > n:
		return nil, fmt.Errorf("batch %d is larger than the %d samples; use at most %d", c.Batch, n, n)
	}
	o := &NoiseToDrift{covariance: cov, Share: 1 / float64(c.Batch)}
	if c.Draw == "without-replacement" {
		o.Share = 0
		if n > 1 {
			o.Share = float64(n-c.Batch) / float64(n-1) / float64(c.Batch)
		}
	}
	return o, nil
}

// Columns is noise-to-drift.
func (o *NoiseToDrift) Columns() []sgdlab.Column { return named("noise-to-drift") }

// Observe is dst = ν.
func (o *NoiseToDrift) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	g := ws.Pack(len(theta))
	o.of.Grad(g, theta, ws)
	drift := lanes.Dot(g, g)
	for l, t := range o.trace(theta, ws) {
		dst[0][l] = math.Sqrt(o.Share*t) / math.Sqrt(drift[l])
		if drift[l] == 0 {
			dst[0][l] = math.NaN()
		}
	}
}

// GradientNoiseKurtosis is how heavy the tails of one sample's gradient noise are.
type GradientNoiseKurtosis struct {
	*covariance
	Tolerance float64
	All       bool
	work      linalg.Scratch
}

// GradientNoiseKurtosisSettings are those of `gradient-noise-kurtosis`.
type GradientNoiseKurtosisSettings struct {
	Of        string  `oneof:"coordinates|all" default:"all" doc:"coordinates: the first column alone, which is cheap; all: also along the directions of C, by an eigenvalue problem at every reading"`
	Tolerance float64 `doc:"directions with less than this part of the largest variance count as without noise" default:"1e-8" check:">0"`
}

// NewGradientNoiseKurtosis is the kurtosis of the noise of one sample's gradient at θ, zᵢ = ∇ℓᵢ(θ) − ∇L(θ) over the n rows, in three
// readings, each of which is 3 for Gaussian noise whatever its covariance C = (1/n) Σ zᵢzᵢᵀ:
//
//	gradient-noise-kurtosis          Σⱼ (1/n) Σᵢ zᵢⱼ⁴ / Σⱼ Cⱼⱼ²
//	gradient-noise-kurtosis-top      (1/n) Σᵢ ⟨zᵢ, v⟩⁴ / λ²,  λ the largest eigenvalue of C, v its eigenvector
//	gradient-noise-kurtosis-whitened 3/(r(r + 2)) · (1/n) Σᵢ (zᵢᵀC⁺zᵢ)²,  r the rank of C
//
// that is over the coordinates of θ, weighted by the squares of their variances; along the noisiest direction; and over all directions
// after whitening, Mardia's multivariate kurtosis over a third of its Gaussian value r(r + 2). Where r = 1 the three agree. The least
// value is 1 (of the last 3r/(r + 2), where all zᵢ are equally long); the largest for n rows (n² − 3n + 3)/(n − 1), where one row differs from all
// others. Of n rows in general position with fewer rows than parameters r = n − 1, and the last is 3(n − 1)/(n + 1) whatever the law: it says
// something where n is several times r. The mean of B rows drawn with replacement has the kurtosis 3 + (κ − 3)/B in the first two.
//
// NaN where C = 0 to rounding. Where several directions are the noisiest, `top` is along one of them. It needs a model with samples; `of: all` refuses
// where the smaller of rows and parameters is above 1000.
//
// Source: Mardia 1970, of the whitened one.
func NewGradientNoiseKurtosis(c GradientNoiseKurtosisSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	cov, err := newCovariance(s)
	if err != nil {
		return nil, err
	}
	if c.Tolerance, err = tolerance(c.Tolerance); err != nil {
		return nil, err
	}
	all := c.Of != "coordinates"
	if all && cov.inner == nil && cov.rows > largest {
		return nil, fmt.Errorf("the covariance of %d gradients of %d parameters is an eigenvalue problem of size %d for every replica; use of: coordinates, or fewer than %d samples",
			cov.of.Samples(), s.Model.Dim(), cov.rows, largest)
	}
	return &GradientNoiseKurtosis{covariance: cov, Tolerance: c.Tolerance, All: all}, nil
}

// Columns is the kurtosis over coordinates, along the noisiest direction, and whitened.
func (o *GradientNoiseKurtosis) Columns() []sgdlab.Column {
	if !o.All {
		return named("gradient-noise-kurtosis")
	}
	return named("gradient-noise-kurtosis", "gradient-noise-kurtosis-top", "gradient-noise-kurtosis-whitened")
}

// Observe is dst = the kurtoses.
func (o *GradientNoiseKurtosis) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n, d := o.of.Samples(), len(theta)
	mean, z := ws.Pack(d), ws.Pack(d)
	o.of.Grad(mean, theta, ws)
	second, fourth := ws.Zeroed(d), ws.Zeroed(d)

	// A row of frame takes z to its part along a direction of C, in units of its standard deviation.
	var frame lanes.View
	var rank lanes.Vec
	var part, length, top lanes.Pack
	if o.All {
		frame, rank = o.frame(theta, ws)
		part, length, top = ws.Pack(frame.Rows), ws.Zeroed(1), ws.Zeroed(1)
	}
	for i := range n {
		o.sample(z, i, theta, ws)
		lanes.Sub(z, z, mean)
		for j := range z {
			for l, x := range z[j] {
				x *= x
				second[j][l] += x
				fourth[j][l] = math.FMA(x, x, fourth[j][l])
			}
		}
		if !o.All {
			continue
		}
		lanes.MatMul(lanes.ByRows(part, frame.Rows, 1), frame, lanes.ByRows(z, d, 1))
		square := lanes.Dot(part, part)
		for l := range lanes.W {
			length[0][l] = math.FMA(square[l], square[l], length[0][l])
			x := float64(part[0][l] * part[0][l])
			top[0][l] = math.FMA(x, x, top[0][l])
		}
	}
	count := float64(n)
	var trace lanes.Vec
	for l := range lanes.W {
		up, down, shift := 0.0, 0.0, 0.0
		for j := range d {
			up += fourth[j][l]
			down = math.FMA(second[j][l], second[j][l], down)
			trace[l] += second[j][l]
			shift = math.FMA(mean[j][l], mean[j][l], shift)
		}
		dst[0][l] = count * up / down
		quiet := !(trace[l]/count > 0x1p-92*(trace[l]/count+shift)) // as in covariance.root
		if quiet {
			dst[0][l] = math.NaN()
		}
		if o.All {
			dst[1][l], dst[2][l] = top[0][l]/count, 3*length[0][l]/count/(rank[l]*(rank[l]+2))
			if quiet || rank[l] == 0 {
				dst[1][l], dst[2][l] = math.NaN(), math.NaN()
			}
		}
	}
}

// frame is Λ^−½Vᵀ over the directions of C with noise, the noisiest first, and rows of 0 behind them; and their number. With a root
// C = AᵀA and AAᵀ = UΛUᵀ it is Λ⁻¹UᵀA.
func (o *GradientNoiseKurtosis) frame(theta lanes.Pack, ws *lanes.Arena) (frame lanes.View, rank lanes.Vec) {
	a, gram, floor := o.root(theta, ws)
	rows := a.Rows
	frame = lanes.ByRows(ws.Pack(rows*a.Cols), rows, a.Cols)
	defer ws.Release(ws.Mark())
	values, vectors := ws.Pack(rows), lanes.ByRows(ws.Pack(rows*rows), rows, rows)
	o.work.Eigen(values, vectors, gram)
	lanes.MatMul(frame, vectors.T(), a)
	for i := range rows {
		var scale lanes.Vec
		for l, x := range values[i] {
			if x > floor[l] && x > o.Tolerance*values[0][l] {
				scale[l] = 1 / x
				rank[l]++
			}
		}
		for j := range a.Cols {
			for l := range scale {
				x := frame.At(i, j)
				if scale[l] == 0 {
					x[l] = 0
				} else {
					x[l] *= scale[l]
				}
			}
		}
	}
	return frame, rank
}
