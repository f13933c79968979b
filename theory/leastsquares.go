package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// LeastSquaresCovariance is the stationary covariance Σ of mini-batch SGD on linear regression with one output, whose noise depends on θ.
// With ℓᵢ = (c/2)(xᵢᵀθ − yᵢ)², rᵢ = yᵢ − xᵢᵀθ* at the minimum, A = cE xxᵀ over the rows and f = 1 with replacement, (n − B)/(n − 1)
// without,
//
//	AΣ + ΣA − hAΣA = (ηf/B)(c²E[xxᵀΣxxᵀ] − AΣA + c²E[r²xxᵀ]),
//
// h = η, η/l of SVAG, 0 of the SDE with per-sample noise,
//
// exact for the finite set at any η at which it is positive; at larger ones there is no stationary covariance. Over Gaussian inputs of
// variance a in d directions, fresh at each step, it would be Σ = s·1 with
//
//	s = ηcσ²/(B(2 − ηca(1 + (d+1)/B))).
//
// Where the noise is taken to be that at the minimum everywhere (the theory lyapunov) the first two terms of the noise are missing. In
// units of θ².
//
// From a run: the data, the loss, the rate, the batch and the draw of sgd on a linear model, of at most 16 inputs.
//
// Source: derived here; in content that of Liu, Ziyin, Mori & Ueda 2022.
type LeastSquaresCovariance struct {
	Inputs  [][]float64 `optional:"true" doc:"x of each sample; those of the run's data where missing"`
	Targets []float64   `optional:"true" doc:"y of each sample; those of the run's data where missing"`
	Scale   float64     `optional:"true" check:">0" doc:"c of the loss of a sample, (c/2)(xᵀθ − y)²: 1 (mean-half), n (sum-half) or 2 (mean); 1 where there is no run"`
	Rate    float64     `optional:"true" check:">0" doc:"η"`
	Batch   float64     `optional:"true" check:">=1" doc:"B"`
	Parts   float64     `optional:"true" check:">=1" doc:"l of SVAG, h = η/l; 1 where there is no run"`
	Draw    string      `optional:"true" oneof:"with-replacement|without-replacement" doc:"how the rows are drawn; with-replacement where there is no run"`
	Of      string      `default:"entry" oneof:"entry|trace" doc:"an entry of Σ, or tr Σ"`
	Entry   []int       `default:"[0, 0]" check:">=0" doc:"which entry"`

	value float64
}

const mostInputs = 16 // n·d⁴ products, and as many unknowns as pairs of inputs

// NewLeastSquaresCovariance solves for the covariance.
func NewLeastSquaresCovariance(c LeastSquaresCovariance, r *sgdlab.Run) (sgdlab.Theory, error) {
	if (c.Inputs == nil) != (c.Targets == nil) {
		return nil, errors.New("inputs and targets belong together; give both, or neither for those of the data")
	}
	var x lanes.Mat
	var y []float64
	switch {
	case c.Inputs != nil:
		if len(c.Inputs) != len(c.Targets) || len(c.Inputs) == 0 {
			return nil, fmt.Errorf("%d inputs and %d targets; give a target for each input", len(c.Inputs), len(c.Targets))
		}
		for i, row := range c.Inputs {
			if len(row) != len(c.Inputs[0]) || len(row) == 0 {
				return nil, fmt.Errorf("inputs: row %d has %d numbers, row 1 has %d; give rows of equal length", i+1, len(row), len(c.Inputs[0]))
			}
		}
		x, y = lanes.MatOf(c.Inputs), c.Targets
	case r == nil || r.Data == nil:
		return nil, errors.New("it is the covariance on data, and there is none; give inputs and targets")
	default:
		m, err := sgdlab.As[sgdlab.Squared](r.Model)
		if err != nil {
			return nil, err
		}
		if m.Dim() != r.Data.Inputs() || r.Data.Outputs() != 1 {
			return nil, fmt.Errorf("its model has %d parameters for %d inputs and %d outputs; the law is of linear regression with one output", m.Dim(), r.Data.Inputs(), r.Data.Outputs())
		}
		if math.IsNaN(c.Scale) {
			c.Scale = m.PerOutput()
		}
		x = r.Data.X
		for i := range r.Data.N() {
			y = append(y, r.Data.Y.At(i, 0))
		}
	}
	c.Scale = orElse(c.Scale, 1)
	if r == nil {
		c.Parts = orElse(c.Parts, 1)
	}
	err := complete(r, want{"rate", &c.Rate, setting(r, "rate")}, want{"batch", &c.Batch, batch(r)}, want{"parts", &c.Parts, parts(r)})
	if err == nil {
		err = errors.Join(positive("rate", c.Rate), positive("batch", c.Batch), positive("scale", c.Scale))
	}
	if err != nil {
		return nil, err
	}
	n, d := x.Rows, x.Cols
	if d > mostInputs {
		return nil, fmt.Errorf("there are %d inputs; this theory solves for all pairs of them, and takes at most %d", d, mostInputs)
	}
	share := 1 / c.Batch
	switch {
	case c.Draw == "without-replacement":
		if c.Batch > float64(n) {
			return nil, fmt.Errorf("batch is %g of %d samples; without replacement it is at most all", c.Batch, n)
		}
		share = 0
		if n > 1 {
			share = (float64(n) - c.Batch) / (float64(n-1) * c.Batch)
		}
	case c.Draw == "" && r != nil:
		if share, err = shareOf(r, c.Batch, float64(n)); err != nil {
			return nil, err
		}
	}
	if len(c.Entry) == 0 {
		c.Entry = []int{0, 0}
	}
	if c.Of == "entry" && (len(c.Entry) != 2 || max(c.Entry[0], c.Entry[1]) >= d) {
		return nil, fmt.Errorf("entry is %v; want two numbers from 0 to %d", c.Entry, d-1)
	}
	sigma, err := c.solve(x, y, share)
	if err != nil {
		return nil, err
	}
	if c.Of == "trace" {
		for i := range d {
			c.value += sigma.At(i, i)
		}
	} else {
		c.value = sigma.At(c.Entry[0], c.Entry[1])
	}
	return predict(c)
}

// parts reads l of a run: 1 of plain descent, ∞ of an SDE.
func parts(r *sgdlab.Run) func() (float64, error) {
	return func() (float64, error) {
		if l, ok := r.Number("svag"); ok {
			return l, nil
		}
		if d, ok := r.Dynamic.(sgdlab.Diffusive); ok {
			if len(d.SDE().Noise) != 1 || r.Word("noise.factor") != "per-sample" {
				return 0, errors.New("its noise is not per-sample noise alone, as that of mini-batches")
			}
			return math.Inf(1), nil
		}
		_, err := rate(r)()
		return 1, err
	}
}

// solve finds Σ from one linear equation for each of its entries on and below the diagonal.
func (c LeastSquaresCovariance) solve(x lanes.Mat, y []float64, share float64) (lanes.Mat, error) {
	n, d := x.Rows, x.Cols
	least, err := minimiser(x, y)
	if err != nil {
		return lanes.Mat{}, err
	}
	packed := func(i, j int) int { return max(i, j)*(max(i, j)+1)/2 + min(i, j) }
	m := d * (d + 1) / 2
	a, target := lanes.NewMat(d, d), make([]float64, m) // A, and c²E r²xxᵀ
	fourth := lanes.NewMat(m, m)                        // c²E xᵢxⱼxₖxₗ
	product := make([]float64, m)
	for k := range n {
		rest := y[k]
		for i := range d {
			rest = math.FMA(-least[i], x.At(k, i), rest)
		}
		for i := range d {
			for j := range i + 1 {
				product[packed(i, j)] = c.Scale * x.At(k, i) * x.At(k, j)
			}
		}
		weight := rest * rest * c.Scale / float64(n)
		for p, u := range product {
			target[p] = math.FMA(weight, u, target[p])
			u /= float64(n)
			row := fourth.Data[p*m : p*m+p+1] // the rest is symmetric
			for q, v := range product[:p+1] {
				row[q] = math.FMA(u, v, row[q])
			}
		}
		for i := range d {
			for j := range d {
				a.Set(i, j, a.At(i, j)+product[packed(i, j)]/float64(n))
			}
		}
	}
	// AΣ + ΣA − hAΣA − (ηf/B)(c²E[xxᵀΣxxᵀ] − AΣA) = (ηf/B)c²E[r²xxᵀ].
	noise := c.Rate * share
	system, right := make(lanes.Pack, m*m), make(lanes.Pack, m)
	for i := range system {
		system[i] = lanes.Splat(math.NaN()) // lanes that cost nothing
	}
	for i := range d {
		for j := range i + 1 {
			row := packed(i, j)
			right[row][0] = noise * target[row]
			for k := range d {
				for l := range k + 1 { // the part of Σₖₗ = Σₗₖ
					part := func(k, l int) float64 {
						t := float64((noise-c.Rate/c.Parts)*a.At(i, k)) * a.At(l, j)
						if l == j {
							t += a.At(i, k)
						}
						if i == k {
							t += a.At(l, j)
						}
						return t
					}
					t := part(k, l)
					if k != l {
						t += part(l, k)
					}
					// E xᵢxⱼ(xᵀΣx) = Σ E xᵢxⱼxₖxₗ Σₖₗ, both orders of k and l.
					p, q := row, packed(k, l)
					f := fourth.At(max(p, q), min(p, q))
					if k != l {
						f *= 2
					}
					system[row*m+packed(k, l)][0] = t - float64(noise*f)
				}
			}
		}
	}
	got := make(lanes.Pack, m)
	new(linalg.Scratch).Solve(got, lanes.ByRows(system, m, m), right, lanes.Splat(1e-14))
	sigma := lanes.NewMat(d, d)
	for i := range d {
		for j := range d {
			sigma.Set(i, j, got[packed(i, j)][0])
		}
	}
	values, _, err := linalg.SymmetricEigen(sigma)
	if err != nil || !(values[len(values)-1] > 0) {
		return lanes.Mat{}, fmt.Errorf("at the rate %g and the batch %g the mean square distance from the minimum grows without bound, or stays 0; take a smaller rate, and noisy targets", c.Rate, c.Batch)
	}
	return sigma, nil
}

// minimiser is the least-squares solution.
func minimiser(x lanes.Mat, y []float64) ([]float64, error) {
	n, d := x.Rows, x.Cols
	if n < d {
		return nil, fmt.Errorf("%d samples have no one minimum in %d directions", n, d)
	}
	a, b, w := make(lanes.Pack, n*d), make(lanes.Pack, n), make(lanes.Pack, d)
	for i := range n {
		b[i][0] = y[i]
		for j := range d {
			a[i*d+j] = lanes.Splat(math.NaN())
			a[i*d+j][0] = x.At(i, j)
		}
	}
	new(linalg.Scratch).Solve(w, lanes.ByRows(a, n, d), b, lanes.Splat(1e-12))
	return w.Lane(nil, 0), nil
}

func (c LeastSquaresCovariance) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, c.value, 0, "stationary, linear regression, mini-batches that are independent", "derived-here")
}
