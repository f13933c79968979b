package observable

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/estimate"
	"sgdlab/lanes"
)

// GradientTailIndex is the index α of the stable law that the block estimator sees in the noise of one sample's gradient at θ,
// zᵢ = ∇ℓᵢ(θ) − ∇L(θ) over the n rows: with sums Y of K successive numbers X
//
//	1/α = (mean ln|Y| − mean ln|X|)/ln K.
//
// `gradient-tail-index` takes blocks within a coordinate, K rows each, and the mean of 1/α over the coordinates that have noise; `gradient-tail-index-pooled` takes all
// numbers in one line, coordinate after coordinate of each row, as the measurements do from which SGD was said to have heavy tails. Coordinates
// of different scales make the latter small whatever the law: below 1 for Gaussian noise. NaN where there are fewer than two blocks.
//
// Source: Şimşekli, Sagun & Gürbüzbalaban 2019, of the pooled one.
type GradientTailIndex struct {
	*covariance
	Block  int
	line   []float64
	column []float64
}

// GradientTailIndexSettings are those of NewGradientTailIndex.
type GradientTailIndexSettings struct {
	Block int `default:"20" check:">=2" doc:"K, how many numbers a block has"`
}

// NewGradientTailIndex needs a model with samples: at least 2K of them. A reading costs n pullbacks and nd numbers of memory for each replica.
func NewGradientTailIndex(c GradientTailIndexSettings, s *sgdlab.Site) (sgdlab.Observable, error) {
	cov, err := newCovariance(s)
	if err != nil {
		return nil, err
	}
	n, d := cov.of.Samples(), s.Model.Dim()
	if c.Block < 2 || n < 2*c.Block {
		return nil, fmt.Errorf("%d samples are fewer than two blocks of %d; use a smaller block, of at least 2", n, c.Block)
	}
	if float64(n)*float64(d) > 1<<24 {
		return nil, fmt.Errorf("%d gradients of %d parameters are too many numbers for a reading, at most 2²⁴; use fewer samples", n, d)
	}
	return &GradientTailIndex{covariance: cov, Block: c.Block, line: make([]float64, n*d), column: make([]float64, n)}, nil
}

// Columns is the index within coordinates, and pooled.
func (o *GradientTailIndex) Columns() []sgdlab.Column {
	return named("gradient-tail-index", "gradient-tail-index-pooled")
}

// Observe is dst = the two indices.
func (o *GradientTailIndex) Observe(dst, theta lanes.Pack, _ *sgdlab.Clock, ws *lanes.Arena) {
	defer ws.Release(ws.Mark())
	n, d := len(o.column), len(theta)
	mean, z := ws.Pack(d), ws.Pack(n*d)
	o.of.Grad(mean, theta, ws)
	for i := range n {
		o.sample(z[i*d:(i+1)*d], i, theta, ws)
		lanes.Sub(z[i*d:(i+1)*d], z[i*d:(i+1)*d], mean)
	}
	for l := range lanes.W {
		for i := range z {
			o.line[i] = z[i][l]
		}
		dst[1][l] = estimate.Blocks(o.line, o.Block)
		sum, noisy := 0.0, 0
		for j := range d {
			for i := range n {
				o.column[i] = o.line[i*d+j]
			}
			if x := estimate.Blocks(o.column, o.Block); !math.IsNaN(x) {
				sum, noisy = sum+1/x, noisy+1
			}
		}
		dst[0][l] = math.NaN()
		if noisy > 0 && !math.IsNaN(dst[1][l]) {
			dst[0][l] = float64(noisy) / sum
		}
	}
}
