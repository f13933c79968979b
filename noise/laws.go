package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/rng"
)

// Gaussian draws independent standard normals.
type Gaussian struct{ stream *rng.Stream }

// NewGaussian is the law N(0, 1).
func NewGaussian(_ struct{}, s *sgdlab.Site) (sgdlab.Law, error) {
	return Gaussian{rng.New(s.Place)}, nil
}

// Draw fills ξ.
func (g Gaussian) Draw(xi lanes.Pack, at *sgdlab.Clock) { g.stream.Normals(xi, &at.Lanes) }

// Index is 2.
func (g Gaussian) Index() float64 { return 2 }

// Rademacher draws independent fair ±1.
type Rademacher struct{ stream *rng.Stream }

// NewRademacher is the law of fair signs.
func NewRademacher(_ struct{}, s *sgdlab.Site) (sgdlab.Law, error) {
	return Rademacher{rng.New(s.Place)}, nil
}

// Draw fills ξ.
func (r Rademacher) Draw(xi lanes.Pack, at *sgdlab.Clock) { r.stream.Signs(xi, &at.Lanes) }

// Index is 2.
func (r Rademacher) Index() float64 { return 2 }

// Uniform draws independent uniforms on (−√3, √3), of variance 1.
type Uniform struct{ stream *rng.Stream }

// NewUniform is the uniform law of mean 0 and variance 1.
func NewUniform(_ struct{}, s *sgdlab.Site) (sgdlab.Law, error) {
	return Uniform{rng.New(s.Place)}, nil
}

// Draw fills ξ = √12(u − ½).
func (u Uniform) Draw(xi lanes.Pack, at *sgdlab.Clock) {
	u.stream.Uniforms(xi, &at.Lanes)
	for j := range xi {
		for l := range xi[j] {
			xi[j][l] = 2 * math.Sqrt(3) * (xi[j][l] - 0.5)
		}
	}
}

// Index is 2.
func (u Uniform) Index() float64 { return 2 }

// Multinomial draws what SGD draws,
//
//	ξᵢ = √(nB)·(1/n − countsᵢ/B),
//
// for the B rows of a mini-batch; the sign is descent's. Under it an Euler–Maruyama step h = η of per-sample noise is an SGD
// step. On what per-sample noise sees, ξ ⊥ 1, its covariance is I for draws with replacement and (n−B)/(n−1)·I without.
type Multinomial struct {
	Draws sgdlab.Sampler
	N     int // samples
	rows  sgdlab.Rows
}

// MultinomialSettings are those of `multinomial`.
type MultinomialSettings struct {
	Draw  sgdlab.Part[sgdlab.Sampler] `default:"with-replacement" doc:"how the rows are drawn"`
	Batch int                         `optional:"true" check:">=1" doc:"B; the dynamics' batch, or n, where missing"`
}

// NewMultinomial is the law of mini-batches.
func NewMultinomial(c MultinomialSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	if s.Data == nil {
		return nil, noRows()
	}
	in := *s
	if c.Batch != 0 {
		in.Batch = c.Batch
	}
	if in.Batch == 0 {
		in.Batch = s.Data.N()
	}
	draws, err := BuildSampler(c.Draw, &in)
	if err != nil {
		return nil, err
	}
	return &Multinomial{Draws: draws, N: s.Data.N()}, nil
}

// Draw fills ξ, which has one row per sample.
func (m *Multinomial) Draw(xi lanes.Pack, at *sgdlab.Clock) {
	if len(xi) != m.N {
		panic(fmt.Sprintf("noise.Multinomial: %d rows of ξ for %d samples", len(xi), m.N))
	}
	m.Draws.Draw(&m.rows, at)
	n, b := float64(m.N), float64(m.rows.Len())
	lanes.Zero(xi) // counts first
	if m.rows.Index == nil {
		return // every sample once: ξ = 0
	}
	for i := range m.rows.Index {
		for l, r := range m.rows.Index[i] {
			xi[r][l]++
		}
	}
	root := math.Sqrt(n * b)
	for i := range xi {
		for l := range xi[i] {
			xi[i][l] = root * (1/n - xi[i][l]/b)
		}
	}
}

// Index is 2.
func (m *Multinomial) Index() float64 { return 2 }

func (m *Multinomial) drives(f sgdlab.Factor) error {
	switch f.(type) {
	case PerSample, perSampleT:
		return nil
	}
	return fmt.Errorf("the multinomial law is that of drawing samples, and drives per-sample noise only; use factor: per-sample, or law: gaussian")
}

// Stable draws independent symmetric α-stable numbers, with the characteristic function
//
//	E exp(itξ) = exp(−|t|^α/2):
//
// the unit Gaussian at α = 2, half a Cauchy variable at α = 1, infinite variance below 2. (With S the law of scale 1, whose
// characteristic function is exp(−|t|^α), ξ = 2^(−1/α)S.)
//
// By the method of Chambers, Mallows & Stuck 1976, with U uniform on (−π/2, π/2) and E exponential,
//
//	ξ = 2^(−1/α) sin αU / (cos U)^(1/α) · (cos((1−α)U)/E)^((1−α)/α).
type Stable struct {
	Alpha  float64
	stream *rng.Stream
	two    lanes.Pack // pairs of uniforms
}

// StableSettings are those of `stable`.
type StableSettings struct {
	Alpha float64 `check:">0" doc:"the index α of the law, at most 2: P(|ξ| > x) falls as x^−α"`
}

// NewStable is the symmetric stable (Lévy) law.
func NewStable(c StableSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	if !(c.Alpha > 0 && c.Alpha <= 2) {
		return nil, fmt.Errorf("got alpha %v; want an index above 0 and at most 2, where the law is Gaussian", c.Alpha)
	}
	return &Stable{Alpha: c.Alpha, stream: rng.New(s.Place)}, nil
}

// Draw fills ξ.
func (s *Stable) Draw(xi lanes.Pack, at *sgdlab.Clock) {
	if len(s.two) < 2*len(xi) {
		s.two = make(lanes.Pack, 2*len(xi))
	}
	u := s.two[:2*len(xi)]
	s.stream.Uniforms(u, &at.Lanes)
	for j := range xi {
		for l := range xi[j] {
			xi[j][l] = stable(s.Alpha, u[2*j][l]-0.5, -linalg.Log(u[2*j+1][l]))
		}
	}
}

// stable is ξ at U = πt, by logarithms, so that no factor overflows before the product does.
func stable(alpha, t, e float64) float64 { // conversions keep products from being fused into sums
	p := (1 - alpha) / alpha
	log := (linalg.Log(cosPi(t)) + math.Ln2) / -alpha
	if p != 0 {
		log = math.FMA(p, linalg.Log(cosPi(float64((1-alpha)*t)))-linalg.Log(e), log)
	}
	return sinPi(float64(alpha*t)) * linalg.Exp(log)
}

// Index is α.
func (s *Stable) Index() float64 { return s.Alpha }

// Coarse draws the sum of M successive draws of a law, divided by M^(1/α): at step k those of steps kM … kM+M−1. A scheme
// that takes steps Mh on it walks on the same path of the noise as one that takes steps h on the law itself, which is how
// orders of convergence are measured.
type Coarse struct {
	Of  sgdlab.Law
	M   int
	one lanes.Pack
}

// Draw fills ξ.
func (c *Coarse) Draw(xi lanes.Pack, at *sgdlab.Clock) {
	if len(c.one) != len(xi) {
		c.one = make(lanes.Pack, len(xi))
	}
	fine := *at
	lanes.Zero(xi)
	for j := range uint64(c.M) {
		for l := range fine.Step {
			fine.Step[l] = at.Step[l]*uint64(c.M) + j
		}
		c.Of.Draw(c.one, &fine)
		lanes.Add(xi, xi, c.one)
	}
	Grow(xi, lanes.Splat(1/float64(c.M)), c.Index())
}

// Index is that of the law.
func (c *Coarse) Index() float64 { return c.Of.Index() }

func (c *Coarse) drives(f sgdlab.Factor) error { return Drives(c.Of, f) }
