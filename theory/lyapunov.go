package theory

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
)

// Lyapunov is the stationary covariance Σ of SGD about the minimum of a quadratic, ∇²L = A, where the covariance C of one sample's gradient
// is the same everywhere,
//
//	continuous: AΣ + ΣA = (η/B)C            of the SDE dθ = −Aθ dt + √(η/B)·C^½dW,
//	discrete:   AΣ + ΣA − ηAΣA = (η/B)C     of the chain θ′ = θ − η(Aθ + ξ), Cov ξ = C/B, exact for any η < 2/λmax.
//
// Along an eigenvector of both the discrete one is 1/(1 − ηλ/2) times the other. In units of θ².
//
// From a run: A and the noise are those at the unkicked start, which has to be the minimum: the covariance of mini-batches, label noise and
// added noise, or of the noises of an SDE; and η is the time of one call, η/l of svag. Of a real network C depends on θ, and this is the
// law near the minimum.
//
// Source: after Mandt, Hoffman & Blei 2017; rederived from the chain.
type Lyapunov struct {
	Hessian    [][]float64 `optional:"true" doc:"A, by rows"`
	Covariance [][]float64 `optional:"true" doc:"C, by rows"`
	Rate       float64     `optional:"true" check:">0" doc:"η"`
	Batch      float64     `optional:"true" check:">=1" doc:"B; 1 where there is no run"`
	Equation   string      `default:"discrete" oneof:"discrete|continuous" doc:"that of the chain, or of its SDE"`
	Of         string      `default:"entry" oneof:"entry|trace|norm" doc:"an entry of Σ, tr Σ, or its Frobenius norm"`
	Entry      []int       `default:"[0, 0]" check:">=0" doc:"which entry"`

	value float64
}

// NewLyapunov solves the equation.
func NewLyapunov(c Lyapunov, r *sgdlab.Run) (sgdlab.Theory, error) {
	q, err := quadraticOf(r, c.Hessian, c.Covariance, c.Rate, c.Batch)
	if err != nil {
		return nil, err
	}
	d := q.a.Rows
	if len(c.Entry) == 0 {
		c.Entry = []int{0, 0}
	}
	if c.Of == "entry" && (len(c.Entry) != 2 || max(c.Entry[0], c.Entry[1]) >= d || min(c.Entry[0], c.Entry[1]) < 0) {
		return nil, fmt.Errorf("entry is %v; want two numbers from 0 to %d", c.Entry, d-1)
	}
	h := q.rate
	if c.Equation == "continuous" {
		h = 0
	}
	sigma, err := q.covariance(h)
	if err != nil {
		return nil, err
	}
	switch c.Of {
	case "trace":
		for i := range d {
			c.value += sigma.At(i, i)
		}
	case "norm":
		for i := range d {
			for j := range d {
				c.value = math.FMA(sigma.At(i, j), sigma.At(i, j), c.value)
			}
		}
		c.value = math.Sqrt(c.value)
	default:
		c.value = sigma.At(c.Entry[0], c.Entry[1])
	}
	return predict(c)
}

func (c Lyapunov) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Exact, c.value, 0, "stationary, quadratic loss, noise that is the same everywhere", "mandt-2017")
}

// quadraticRun is a quadratic with constant noise: A, the covariance Q of the noise over a unit of time, and the length of a step.
type quadraticRun struct {
	a, q  lanes.Mat
	rate  float64 // of a step
	batch float64 // NaN where it is not known
}

// quadraticOf is the quadratic that is given, and read from a run where it is not.
func quadraticOf(r *sgdlab.Run, hessian, covariance [][]float64, rate, batch float64) (*quadraticRun, error) {
	q := &quadraticRun{rate: rate, batch: batch}
	var missing []string
	if hessian == nil && r == nil {
		missing = append(missing, "hessian")
	}
	if covariance == nil && r == nil {
		missing = append(missing, "covariance")
	}
	if math.IsNaN(rate) && r == nil {
		missing = append(missing, "rate")
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("give %s", strings.Join(missing, ", "))
	}
	var near *about
	if r != nil && (hessian == nil || covariance == nil || math.IsNaN(rate)) {
		var err error
		if near, err = aboutStart(r); err != nil {
			return nil, err
		}
	}
	if math.IsNaN(q.rate) {
		q.rate = near.step
	}
	if math.IsNaN(q.batch) {
		q.batch = 1
		if r != nil {
			if b, err := setting(r, "batch", "noise.batch")(); err == nil {
				q.batch = b
			} else if covariance != nil {
				return nil, fmt.Errorf("batch was left out and cannot be read from the run: %w", err)
			}
		}
	}
	if err := errors.Join(positive("rate", q.rate), positive("batch", q.batch)); err != nil {
		return nil, err
	}
	var err error
	if hessian != nil {
		q.a, err = symmetric("hessian", hessian)
	} else {
		q.a, err = near.hessian()
	}
	if err != nil {
		return nil, err
	}
	if covariance != nil {
		if q.q, err = symmetric("covariance", covariance); err == nil {
			scaleMat(q.q, q.rate/q.batch)
		}
	} else {
		q.q, err = near.noise()
	}
	if err != nil {
		return nil, err
	}
	if q.q.Rows != q.a.Rows {
		return nil, fmt.Errorf("hessian is of %d directions, covariance of %d; give as many", q.a.Rows, q.q.Rows)
	}
	return q, nil
}

// covariance solves AΣ + ΣA − hAΣA = Q.
func (q *quadraticRun) covariance(h float64) (lanes.Mat, error) {
	sigma, values, err := linalg.Lyapunov(q.a, q.q, h)
	if err != nil {
		return lanes.Mat{}, err
	}
	least, most := values[len(values)-1], values[0]
	switch {
	case !(least > 0):
		return lanes.Mat{}, fmt.Errorf("the least eigenvalue of the Hessian is %g; there is a stationary law where all are above 0", least)
	case h*most >= 2:
		return lanes.Mat{}, fmt.Errorf("ηλ = %g at the largest eigenvalue; from 2 on the chain has no stationary law: take a rate below %g", h*most, 2/most)
	}
	return sigma, nil
}

// about is what a run does about its unkicked start.
type about struct {
	run   *sgdlab.Run
	theta []float64
	step  float64
}

func aboutStart(r *sgdlab.Run) (*about, error) {
	if r.Model == nil {
		return nil, errors.New("it has no model")
	}
	if a, ok := r.Dynamic.(sgdlab.Altered); ok && a.Altered() != "" {
		if _, amplified := r.Number("svag"); !amplified {
			return nil, fmt.Errorf("its dynamics is descent %s, and the law is of plain descent", a.Altered())
		}
	}
	_, step := r.Dynamic.Pace()
	if !step.Fixed() {
		return nil, errors.New("its rate is scheduled; the law is of one rate")
	}
	return &about{run: r, step: step(r.Clock)[0]}, nil
}

// place finds the unkicked start.
func (b *about) place() error {
	if b.run.Start != nil {
		b.theta = b.run.Start.Centre()
	}
	if b.theta == nil {
		return errors.New("the matrices A and C are those at the unkicked start, and there is none; start at a point, or give hessian and covariance")
	}
	return nil
}

// hessian is ∇²L at the start.
func (b *about) hessian() (lanes.Mat, error) {
	m, err := sgdlab.As[sgdlab.Curved](b.run.Model)
	if err != nil {
		return lanes.Mat{}, err
	}
	if err := b.place(); err != nil {
		return lanes.Mat{}, err
	}
	d := b.run.Model.Dim()
	if d > maxLyapunov {
		return lanes.Mat{}, fmt.Errorf("its model has %d parameters; this theory keeps dense matrices, for at most %d", d, maxLyapunov)
	}
	var ws lanes.Arena
	theta, h := lanes.Of(b.theta), ws.Pack(d*d)
	linalg.Form(lanes.ByRows(h, d, d), func(hv, v lanes.Pack) { m.HessVec(hv, theta, v, &ws) }, &ws)
	a := lanes.NewMat(d, d)
	h.Lane(a.Data, 0)
	return a, nil
}

const maxLyapunov = 512

// noise is the covariance of all noise over a unit of time.
func (b *about) noise() (lanes.Mat, error) {
	r, d := b.run, b.run.Model.Dim()
	q := lanes.NewMat(d, d)
	if err := b.place(); err != nil {
		return q, err
	}
	var noises []sgdlab.Noise
	switch s := r.Dynamic.(type) {
	case sgdlab.Diffusive:
		noises = s.SDE().Noise
	case sgdlab.Kicked:
		noises = s.Kicks()
	}
	for i, n := range noises {
		if n.Law.Index() != 2 {
			return q, fmt.Errorf("its noise[%d] has infinite variance (α = %g)", i, n.Law.Index())
		}
		if !n.Scale.Fixed() {
			return q, errors.New("its noise is scheduled; the law is of noise that stays as strong")
		}
		sgdlab.ReadClock(n.Factor, r.Clock)
		addGram(q, n.Factor, b.theta, n.Scale(r.Clock)[0])
	}
	if _, ok := r.Dynamic.(sgdlab.Diffusive); ok {
		return q, nil
	}
	if err := b.labels(q); err != nil {
		return q, err
	}
	if _, ok := r.Number("batch"); ok {
		c, share, err := b.batches()
		if err != nil {
			return q, err
		}
		rate, err := setting(r, "rate")()
		if err != nil {
			return q, err
		}
		scaleMat(c, rate*share)
		for i := range q.Data {
			q.Data[i] += c.Data[i]
		}
	}
	return q, nil
}

// labels adds the noise on labels, (ηζ²/B)·s²E∇h∇hᵀ, B = n on the full batch.
func (b *about) labels(q lanes.Mat) error {
	r, d := b.run, len(b.theta)
	zeta, ok := r.Number("label-noise.amplitude")
	switch {
	case r.Word("label-noise.amplitude.schedule") != "":
		return errors.New("its label noise is scheduled; the law is of noise that stays as strong")
	case !ok || zeta == 0:
		return nil
	}
	if err := ordinaryLabels(r, "the law"); err != nil {
		return err
	}
	m, err := sgdlab.As[sgdlab.Squared](r.Model)
	if err != nil {
		return err
	}
	h, err := sgdlab.As[sgdlab.GaussNewton](r.Model)
	if err != nil {
		return err
	}
	rate, err := setting(r, "rate")()
	if err != nil {
		return err
	}
	size, ok := r.Number("batch")
	if !ok {
		size = float64(m.Samples())
	}
	var ws lanes.Arena
	theta, gn := lanes.Of(b.theta), ws.Pack(d*d)
	linalg.Form(lanes.ByRows(gn, d, d), func(hv, v lanes.Pack) { h.GaussNewtonVec(hv, theta, v, &ws) }, &ws)
	scale := rate * zeta * zeta / size * m.PerLabel() * m.PerLabel() / m.PerOutput()
	for i := range q.Data {
		q.Data[i] = math.FMA(scale, gn[i][0], q.Data[i])
	}
	return nil
}

// batches is C, and the part of it that is the covariance of a mini-batch.
func (b *about) batches() (c lanes.Mat, share float64, err error) {
	m, err := sgdlab.As[sgdlab.Sampled](b.run.Model)
	if err != nil {
		return lanes.Mat{}, 0, err
	}
	size, _ := b.run.Number("batch")
	share, err = shareOf(b.run, size, float64(m.Samples()))
	if err != nil {
		return lanes.Mat{}, 0, err
	}
	var ws lanes.Arena
	d, n := m.Dim(), m.Samples()
	theta, mean, g := lanes.Of(b.theta), ws.Pack(d), ws.Pack(d)
	m.Grad(mean, theta, &ws)
	slopes := ws.Pack(m.Outputs())
	c = lanes.NewMat(d, d)
	rows := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 1)}
	for i := 0; i < n; i += lanes.W {
		mark := ws.Mark()
		for l := range lanes.W {
			rows.Index[0][l] = int32(min(i+l, n-1))
		}
		tape := m.Slope(slopes, theta, rows, &ws)
		m.Pullback(g, theta, slopes, rows, tape, &ws)
		lanes.Sub(g, g, mean)
		for j := range d {
			for k := range d {
				sum := 0.0
				for l := range min(lanes.W, n-i) {
					sum = math.FMA(g[j][l], g[k][l], sum)
				}
				c.Set(j, k, c.At(j, k)+sum/float64(n))
			}
		}
		ws.Release(mark)
	}
	return c, share, nil
}

// shareOf is the part of C that is the covariance of the gradient of B rows of n.
func shareOf(r *sgdlab.Run, batch, n float64) (float64, error) {
	draw := r.Word("draw")
	if draw == "" {
		draw = r.Word("draw.name")
	}
	switch draw {
	case "", "with-replacement":
		return 1 / batch, nil
	case "without-replacement":
		if n <= 1 {
			return 0, nil
		}
		return (n - batch) / ((n - 1) * batch), nil
	}
	return 0, fmt.Errorf("its rows are drawn as %s, and steps are not independent; the law is for draw: with-replacement or without-replacement", draw)
}

// addGram is q += scale²·σσᵀ at θ.
func addGram(q lanes.Mat, f sgdlab.Factor, theta []float64, scale float64) {
	var ws lanes.Arena
	n, width, at := len(theta), f.Width(), lanes.Of(theta)
	for first := 0; first < width; first += lanes.W {
		mark := ws.Mark()
		xi, kick := ws.Zeroed(width), ws.Pack(n)
		columns := min(lanes.W, width-first)
		for l := range columns {
			xi[first+l][l] = scale
		}
		f.Apply(kick, at, xi, &ws)
		for i := range n {
			for j := range n {
				sum := q.At(i, j)
				for l := range columns {
					sum = math.FMA(kick[i][l], kick[j][l], sum)
				}
				q.Set(i, j, sum)
			}
		}
		ws.Release(mark)
	}
}

func scaleMat(m lanes.Mat, x float64) {
	for i := range m.Data {
		m.Data[i] *= x
	}
}

// symmetric is a matrix that a spec gives by rows.
func symmetric(name string, rows [][]float64) (lanes.Mat, error) {
	d := len(rows)
	if d == 0 {
		return lanes.Mat{}, fmt.Errorf("%s is empty; give its rows", name)
	}
	for i, row := range rows {
		if len(row) != d {
			return lanes.Mat{}, fmt.Errorf("%s: row %d has %d numbers; want %d, as many as rows", name, i+1, len(row), d)
		}
		for j, x := range row {
			if math.IsNaN(x) || math.IsInf(x, 0) || len(rows[j]) == d && math.Abs(x-rows[j][i]) > 1e-12*math.Abs(x) {
				return lanes.Mat{}, fmt.Errorf("%s: %g at (%d, %d); want a symmetric matrix of finite numbers", name, x, i, j)
			}
		}
	}
	return lanes.MatOf(rows), nil
}
