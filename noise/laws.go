package noise

import (
	"fmt"
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
	"sgdlab/rng"
)

// LawSettings are those of laws without parameters.
type LawSettings struct {
	StreamSettings
	Substeps int `optional:"true" check:">=1" doc:"k: each draw is the sum of k successive draws of the stream, divided by k^(1/α), so that an arm of steps k times as long follows the path of a finer arm on the same stream; 1 where missing, and always for laws whose sums are another law (all but gaussian and stable)"`
}

// draws is the law that takes k steps of its stream to one of the dynamics.
func (c LawSettings) draws(fine sgdlab.Law) sgdlab.Law {
	if c.Substeps > 1 {
		return &Coarse{Of: fine, M: c.Substeps}
	}
	return fine
}

// whole refuses substeps of a law whose sums are another law.
func (c LawSettings) whole(law string) error {
	if c.Substeps > 1 {
		return fmt.Errorf("substeps: the sum of %d draws of the %s law is not a draw of it; use law: gaussian or stable, or leave substeps out", c.Substeps, law)
	}
	return nil
}

// Gaussian draws independent standard normals.
type Gaussian struct {
	stream stream
	double bool
}

// GaussianSettings are those of `gaussian`.
type GaussianSettings struct {
	LawSettings
	Resolution string `default:"single" oneof:"single|double" doc:"that of the normals: single, of 24 bits, which reach |ξ| = 6.7; double, of 53 bits, which reach 8.5, for events that hang on draws of probability below 1e-8, at some three times the price"`
}

// NewGaussian is the law N(0, 1), whose h^½ξ is the increment of a Brownian motion over a step h,
//
//	ξ ~ N(0, 1), independent for each number that the factor takes.
//
// Under it only σσᵀ matters: a factor may be replaced by another with the same σσᵀ and fewer numbers. With `substeps: k`
// ξ = (ξ₁ + … + ξₖ)/√k of the k successive draws kj, …, kj + k − 1 at step j: an arm with the step h on it follows the Brownian
// path of an arm with the step h/k on the same stream.
func NewGaussian(c GaussianSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	st, err := streamOf(c.StreamSettings, s)
	return c.draws(Gaussian{st, c.Resolution == "double"}), err
}

// Draw fills ξ.
func (g Gaussian) Draw(xi lanes.Pack, at *sgdlab.Clock) {
	if g.double {
		g.stream.FullNormals(xi, &at.Lanes)
		return
	}
	g.stream.Normals(xi, &at.Lanes)
}

// Index is 2.
func (g Gaussian) Index() float64 { return 2 }

// Gaussian is true.
func (g Gaussian) Gaussian() bool { return true }

// Singles is where ξ comes from, by rng.Stream.Normals; nil where it comes from FullNormals.
func (g Gaussian) Singles() *rng.Stream {
	if g.double {
		return nil
	}
	return g.stream.Stream
}

func (g Gaussian) drawsFrom() string { return g.stream.name }

// Rademacher draws independent fair ±1.
type Rademacher struct{ stream stream }

// NewRademacher is the law of fair signs,
//
//	P(ξ = 1) = P(ξ = −1) = ½:
//
// mean 0, variance 1, kurtosis 1, the least that a law can have. Of paths of such noise nothing is known between two steps:
// crossings are seen at the ends of steps.
func NewRademacher(c LawSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	st, err := streamOf(c.StreamSettings, s)
	if err == nil {
		err = c.whole("rademacher")
	}
	return Rademacher{st}, err
}

// Draw fills ξ.
func (r Rademacher) Draw(xi lanes.Pack, at *sgdlab.Clock) { r.stream.Signs(xi, &at.Lanes) }

// Index is 2.
func (r Rademacher) Index() float64 { return 2 }

func (r Rademacher) drawsFrom() string { return r.stream.name }

// Uniform draws independent uniforms on (−√3, √3), of variance 1.
type Uniform struct{ stream stream }

// NewUniform is the uniform law of mean 0 and variance 1,
//
//	ξ = √12·(u − ½),  u uniform on (0, 1):
//
// kurtosis 9/5, and |ξ| < √3.
func NewUniform(c LawSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	st, err := streamOf(c.StreamSettings, s)
	if err == nil {
		err = c.whole("uniform")
	}
	return Uniform{st}, err
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

func (u Uniform) drawsFrom() string { return u.stream.name }

// Multinomial draws what SGD draws: B rows, counted; the sign is descent's.
type Multinomial struct {
	Draws sgdlab.Sampler
	N     int // samples
	rows  sgdlab.Rows
}

// MultinomialSettings are those of `multinomial`.
type MultinomialSettings struct {
	Draw     sgdlab.Part[sgdlab.Sampler] `default:"with-replacement" doc:"how the rows are drawn; with stream: rows beside it, the rows are those of an arm of sgd with this batch and draw"`
	Batch    int                         `optional:"true" check:">=1" doc:"B; the dynamics' batch, or n, where missing"`
	Substeps int                         `optional:"true" check:">=1" doc:"1, or left out: a sum of mini-batches is not a mini-batch"`
}

// NewMultinomial is the law of mini-batches,
//
//	ξᵢ = √(nB)·(1/n − countsᵢ/B),
//
// where counts says how often each of the n rows was drawn, shape (n). It drives per-sample noise alone, on which (ξ ⊥ 1)
// its covariance is I for draws with replacement, and (n−B)/(n−1)·I for those without and, at one step, for reshuffled
// ones, whose steps of one epoch are not independent: over an epoch that B divides they sum to 0. At h = η an
// Euler–Maruyama step of per-sample noise under it is an SGD step; with `stream: rows` the step of an arm of sgd. It needs
// a model with samples.
func NewMultinomial(c MultinomialSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	if err := (LawSettings{Substeps: c.Substeps}).whole("multinomial"); err != nil {
		return nil, err
	}
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

func (m *Multinomial) drawsFrom() string {
	if d, ok := m.Draws.(streamed); ok {
		return d.drawsFrom()
	}
	return ""
}

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
	stream stream
	two    lanes.Pack // pairs of uniforms
}

// StableSettings are those of `stable`.
type StableSettings struct {
	Alpha float64 `check:">0" doc:"the index α of the law, at most 2: P(|ξ| > x) falls as x^−α"`
	LawSettings
}

// NewStable is the symmetric stable (Lévy) law of index α,
//
//	E exp(itξ) = exp(−|t|^α/2):
//
// the unit Gaussian at α = 2, half a Cauchy variable at α = 1, and below 2 a law of infinite variance, whose paths jump: over a
// step h the noise is scale·σ(θ)·h^(1/α)ξ. Crossings of an event are seen at the ends of steps. With `substeps: k`
// ξ = (ξ₁ + … + ξₖ)/k^(1/α) of k successive draws.
//
// Source: Chambers, Mallows & Stuck 1976, by whose method it is drawn.
func NewStable(c StableSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	if !(c.Alpha > 0 && c.Alpha <= 2) {
		return nil, fmt.Errorf("got alpha %v; want an index above 0 and at most 2, where the law is Gaussian", c.Alpha)
	}
	st, err := streamOf(c.StreamSettings, s)
	return c.draws(&Stable{Alpha: c.Alpha, stream: st}), err
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
			xi[j][l] = stable(s.Alpha, u[2*j][l]-0.5, -elementary.Log(u[2*j+1][l]))
		}
	}
}

// stable is ξ at U = πt, by logarithms, so that no factor overflows before the product does.
func stable(alpha, t, e float64) float64 { // conversions keep products from being fused into sums
	p := (1 - alpha) / alpha
	log := (elementary.Log(elementary.CosPi(t)) + math.Ln2) / -alpha
	if p != 0 {
		log = math.FMA(p, elementary.Log(elementary.CosPi(float64((1-alpha)*t)))-elementary.Log(e), log)
	}
	return elementary.SinPi(float64(alpha*t)) * elementary.Exp(log)
}

// Index is α.
func (s *Stable) Index() float64 { return s.Alpha }

// Gaussian is whether α is 2.
func (s *Stable) Gaussian() bool { return s.Alpha == 2 }

func (s *Stable) drawsFrom() string { return s.stream.name }

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
	lanes.ScaleLanes(xi, Growth(lanes.Splat(1/float64(c.M)), c.Index()))
}

// Index is that of the law.
func (c *Coarse) Index() float64 { return c.Of.Index() }

// Gaussian reports whether the law is: a sum of normals is one.
func (c *Coarse) Gaussian() bool { return sgdlab.IsGaussian(c.Of) }

func (c *Coarse) drawsFrom() string {
	if d, ok := c.Of.(streamed); ok {
		return d.drawsFrom()
	}
	return ""
}

func (c *Coarse) drives(f sgdlab.Factor) error { return Drives(c.Of, f) }
