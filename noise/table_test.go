package noise

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
)

// row is a row of the table of noises: a factor with its settings, the covariance per unit of time that it is to have under a law of
// variance 1, and its scale under one of index α.
type row struct {
	name    string
	build   func(s *sgdlab.Site, batch int) (sgdlab.Source, error)
	want    func(c *curves, eta, b float64) lanes.Mat
	scale   func(c *curves, eta, b, alpha float64) float64
	samples bool // whether it needs a model with samples
}

const (
	amplitude = 0.7  // ζ
	heat      = 0.03 // T
	delta     = 0.4  // δ
)

// curves are the matrices of a model at a θ and at its unkicked start, formed without any factor.
type curves struct {
	c, hgn, hgn0, abs, abs0 lanes.Mat
	s, loss, trace0         float64
}

func curvesOf(s *sgdlab.Site, theta []float64) *curves {
	m := must(sgdlab.As[sgdlab.Sampled](s.Model))
	gn, h, start := s.Model.(sgdlab.GaussNewton).GaussNewtonVec, s.Model.(sgdlab.Curved).HessVec, s.Start.Centre()
	var ws lanes.Arena
	// |H| is the square of its root, which TestCovariances holds to (|H|)² = H².
	abs := func(at []float64) lanes.Mat { root, _ := absoluteRoot(matrixOf(h, at)); return square(root) }
	return &curves{
		c: covariance(m, theta), hgn: matrixOf(gn, theta), hgn0: matrixOf(gn, start), abs: abs(theta), abs0: abs(start),
		s: m.(sgdlab.Squared).PerLabel(), loss: m.Loss(lanes.Of(theta), &ws)[0], trace0: trace(covariance(m, start)),
	}
}

func eye(d int, x float64) lanes.Mat {
	m := lanes.NewMat(d, d)
	for i := range d {
		m.Set(i, i, x)
	}
	return m
}

func rows() []row {
	over := func(amplitude func(c *curves) float64) func(c *curves, eta, b, alpha float64) float64 {
		return func(c *curves, eta, b, alpha float64) float64 {
			return amplitude(c) * math.Pow(eta/b, 1-1/alpha)
		}
	}
	one := over(func(*curves) float64 { return 1 })
	dim := func(c *curves) int { return c.c.Rows }
	out := []row{
		{"per-sample", func(s *sgdlab.Site, b int) (sgdlab.Source, error) {
			return NewPerSample(PerSampleSettings{Batch: b}, s)
		},
			func(c *curves, eta, b float64) lanes.Mat { return scaled(c.c, eta/b) }, one, true},
		{"output", func(s *sgdlab.Site, b int) (sgdlab.Source, error) {
			return NewOutput(OutputSettings{Amplitude: sgdlab.Constant(amplitude), Batch: b}, s)
		}, func(c *curves, eta, b float64) lanes.Mat { return scaled(c.hgn, amplitude*amplitude*eta/b*c.s) },
			over(func(*curves) float64 { return amplitude }), true},
		{"identity, a temperature", func(s *sgdlab.Site, b int) (sgdlab.Source, error) {
			return NewIdentity(IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Constant(heat)}, Batch: b}, s)
		}, func(c *curves, eta, b float64) lanes.Mat { return eye(dim(c), 2*heat) },
			func(*curves, float64, float64, float64) float64 { return math.Sqrt(2 * heat) }, false},
		{"identity, matched", func(s *sgdlab.Site, b int) (sgdlab.Source, error) {
			return NewIdentity(IdentitySettings{Temperature: sgdlab.Quantity{Word: "matched"}, Batch: b}, s)
		}, func(c *curves, eta, b float64) lanes.Mat { return eye(dim(c), eta/b*c.trace0/float64(dim(c))) },
			over(func(c *curves) float64 { return math.Sqrt(c.trace0 / float64(dim(c))) }), true},
		{"identity, a variance", func(s *sgdlab.Site, b int) (sgdlab.Source, error) {
			return NewIdentity(IdentitySettings{Variance: sgdlab.Constant(delta), Batch: b}, s)
		}, func(c *curves, eta, b float64) lanes.Mat { return eye(dim(c), eta/b*delta) },
			over(func(c *curves) float64 { return math.Sqrt(delta) }), false},
	}
	for _, of := range []string{"gauss-newton", "absolute"} {
		for _, frozen := range []bool{false, true} {
			h := func(c *curves) lanes.Mat {
				switch {
				case of == "absolute" && frozen:
					return c.abs0
				case of == "absolute":
					return c.abs
				case frozen:
					return c.hgn0
				}
				return c.hgn
			}
			what := fmt.Sprintf(" of %s, frozen %v", of, frozen)
			out = append(out,
				row{"hessian" + what, func(s *sgdlab.Site, b int) (sgdlab.Source, error) {
					return NewHessian(HessianSettings{Of: of, Frozen: frozen, Batch: b}, s)
				}, func(c *curves, eta, b float64) lanes.Mat { return scaled(h(c), eta/b) }, one, of != "absolute"},
				row{"loss-hessian" + what, func(s *sgdlab.Site, b int) (sgdlab.Source, error) {
					return NewLossHessian(LossHessianSettings{Of: of, Frozen: frozen, Batch: b}, s)
				}, func(c *curves, eta, b float64) lanes.Mat { return scaled(h(c), 2*c.loss*eta/b) }, one, of != "absolute"})
		}
	}
	return out
}

// column is a law of the table: how it is built, and what its covariance is on what a factor sees, in units of I.
type column struct {
	name     string
	build    func(s *sgdlab.Site) (sgdlab.Law, error)
	alpha    float64
	variance func(n, b float64) float64
	drawn    string // with or without, for mini-batches
	signs    bool
}

func columns() []column {
	unit := func(n, b float64) float64 { return 1 }
	less := func(n, b float64) float64 { return (n - b) / (n - 1) }
	batches := func(build func(SamplerSettings, *sgdlab.Site) (sgdlab.Sampler, error)) func(s *sgdlab.Site) (sgdlab.Law, error) {
		return func(s *sgdlab.Site) (sgdlab.Law, error) {
			part := func(s *sgdlab.Site) (sgdlab.Sampler, error) { return build(SamplerSettings{}, s) }
			return NewMultinomial(MultinomialSettings{Draw: part}, s)
		}
	}
	plain := func(build func(LawSettings, *sgdlab.Site) (sgdlab.Law, error), c LawSettings) func(s *sgdlab.Site) (sgdlab.Law, error) {
		return func(s *sgdlab.Site) (sgdlab.Law, error) { return build(c, s) }
	}
	gauss := func(c GaussianSettings) func(s *sgdlab.Site) (sgdlab.Law, error) {
		return func(s *sgdlab.Site) (sgdlab.Law, error) { return NewGaussian(c, s) }
	}
	stable := func(alpha float64) func(s *sgdlab.Site) (sgdlab.Law, error) {
		return func(s *sgdlab.Site) (sgdlab.Law, error) { return NewStable(StableSettings{Alpha: alpha}, s) }
	}
	return []column{
		{"gaussian", gauss(GaussianSettings{}), 2, unit, "", false},
		{"gaussian of 3 substeps", gauss(GaussianSettings{LawSettings: LawSettings{Substeps: 3}}), 2, unit, "", false},
		{"gaussian of double resolution", gauss(GaussianSettings{Resolution: "double"}), 2, unit, "", false},
		{"rademacher", plain(NewRademacher, LawSettings{}), 2, unit, "", true},
		{"uniform", plain(NewUniform, LawSettings{}), 2, unit, "", false},
		{"laplace", plain(NewLaplace, LawSettings{}), 2, unit, "", false},
		{"stable of index 2", stable(2), 2, unit, "", false},
		{"stable of index 1.5", stable(1.5), 1.5, unit, "", false},
		{"stable of index 0.8", stable(0.8), 0.8, unit, "", false},
		{"multinomial", batches(NewWithReplacement), 2, unit, "with", false},
		{"multinomial without replacement", batches(NewWithoutReplacement), 2, less, "without", false},
		{"multinomial, reshuffled", batches(NewReshuffled), 2, less, "without", false},
	}
}

// listed draws the rows it is told.
type listed struct {
	n     int
	index [][lanes.W]int32
}

func (d *listed) Draw(rows *sgdlab.Rows, _ *sgdlab.Clock) {
	*rows = sgdlab.Rows{N: d.n, Index: d.index}
}
func (d *listed) Batch() int { return len(d.index) }

// choices calls f with every sequence of b rows of n, those that repeat a row left out where different is set.
func choices(n, b int, different bool, f func(rows []int32)) {
	if b == 0 {
		f(nil)
		return
	}
	choices(n, b-1, different, func(rows []int32) {
	next:
		for r := range int32(n) {
			for _, q := range rows {
				if different && q == r {
					continue next
				}
			}
			f(append(rows[:len(rows):len(rows)], r))
		}
	})
}

// over is the covariance of dst = σξ over values of ξ that are all equally likely.
func over(f sgdlab.Factor, theta []float64, values [][]float64) lanes.Mat {
	var ws lanes.Arena
	d, w := len(theta), f.Width()
	at, xi, dst := lanes.Of(theta), make(lanes.Pack, w), make(lanes.Pack, d)
	sum, mean := lanes.NewMat(d, d), make([]float64, d)
	for first := 0; first < len(values); first += lanes.W {
		count := min(lanes.W, len(values)-first)
		for l := range count {
			xi.SetLane(l, values[first+l])
		}
		f.Apply(dst, at, xi, &ws)
		for l := range count {
			for i := range d {
				mean[i] += dst[i][l] / float64(len(values))
				for j := range d {
					sum.Set(i, j, sum.At(i, j)+dst[i][l]*dst[j][l]/float64(len(values)))
				}
			}
		}
	}
	for i := range d {
		for j := range d {
			sum.Set(i, j, sum.At(i, j)-mean[i]*mean[j])
		}
	}
	return sum
}

// TestTable is the table of noises with every law, under each prefactor of the loss and each batch: a combination has the covariance
// per unit of time that its row says (times the law's own, where rows are drawn without replacement) and the scale of its row at the
// index of its law; or it is refused, by a sentence that says what to use. Covariances are exact: those of ±1 over all signs,
// those of mini-batches over all draws, the others by the columns of σ, as the laws have covariance I.
func TestTable(t *testing.T) {
	const tol = 1e-12
	tried, refused := 0, 0
	for name, s := range sites() {
		n := s.Data.N()
		theta := append([]float64{}, s.Start.Centre()...)
		for j := range theta {
			theta[j] = 0.3*theta[j] - 0.2 + 0.1*float64(j%3)
		}
		c := curvesOf(s, theta)
		for _, r := range rows() {
			kept := map[string]lanes.Mat{} // σσᵀ does not depend on the batch
			for _, b := range []int{1, 2, n} {
				for _, l := range columns() {
					what := fmt.Sprintf("%s: %s, B = %d, %s", name, r.name, b, l.name)
					at := *s
					at.Batch = b
					src, err := r.build(&at, 0)
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					law := must(l.build(at.At("noise[0]")))
					tried++
					joined, err := Join(src, law)
					if l.drawn != "" && r.name != "per-sample" {
						refused++
						if err == nil || !strings.Contains(err.Error(), "drives per-sample noise only; use factor: per-sample, or law: gaussian") {
							t.Errorf("%s: error %v", what, err)
						}
						continue
					}
					if err != nil {
						t.Errorf("%s: %v", what, err)
						continue
					}
					scale := joined.Scale(clock(1, 0))[3]
					if want := r.scale(c, eta, float64(b), l.alpha); relative(scale, want) > tol {
						t.Errorf("%s: scale %.15g, want %.15g", what, scale, want)
					}
					var got lanes.Mat // σ Cov(ξ) σᵀ
					width := joined.Factor.Width()
					switch key := fmt.Sprintf("%T %t", joined.Factor, l.signs); {
					case l.drawn != "":
						draws := &listed{n: n, index: make([][lanes.W]int32, b)}
						told := &Multinomial{Draws: draws, N: n}
						var values [][]float64
						choices(n, b, l.drawn == "without", func(rows []int32) {
							for i, r := range rows {
								draws.index[i] = [lanes.W]int32{r, r, r, r, r, r, r, r}
							}
							xi := make(lanes.Pack, n)
							told.Draw(xi, nil)
							values = append(values, xi.Lane(nil, 0))
						})
						got = over(joined.Factor, theta, values)
						if g := law.(*Multinomial); g.Draws.Batch() != b {
							t.Errorf("%s: draws %d rows", what, g.Draws.Batch())
						}
					case kept[key].Data != nil:
						got = kept[key]
					case l.signs && width <= 10:
						var values [][]float64
						for bits := range 1 << width {
							xi := make([]float64, width)
							for j := range xi {
								xi[j] = float64(2*(bits>>j&1) - 1)
							}
							values = append(values, xi)
						}
						got = over(joined.Factor, theta, values)
						kept[key] = got
					default:
						got = square(dense(joined.Factor, theta))
						kept[key] = got
					}
					if l.alpha != 2 { // of infinite variance: the directions are the row's
						scale = r.scale(c, eta, float64(b), 2)
					}
					want := scaled(r.want(c, eta, float64(b)), l.variance(float64(n), float64(b)))
					size := r.want(c, eta, float64(b))
					for i := range want.Data {
						if d := math.Abs(got.Data[i]*scale*scale - want.Data[i]); !(d <= tol*largest(size)) {
							t.Errorf("%s: entry %d of the covariance is %.15g, want %.15g", what, i, got.Data[i]*scale*scale, want.Data[i])
							break
						}
					}
				}
			}
		}
	}
	if tried != 12*13*3*len(columns()) || refused != 12*12*3*3 {
		t.Errorf("%d combinations of which %d are refused", tried, refused)
	}
}

func largest(a lanes.Mat) float64 {
	m := 0.0
	for _, x := range a.Data {
		m = max(m, math.Abs(x))
	}
	return m
}

// TestTableOnLandscapes: without samples a row is built, where it means something, or the error says what to use.
func TestTableOnLandscapes(t *testing.T) {
	well := &sgdlab.Site{Model: must(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 1, Well: 1}, nil)), Start: at{0.9}, Rate: sgdlab.Constant(eta)}
	for _, r := range rows() {
		_, err := r.build(well, 3)
		if (err != nil) != r.samples {
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		if err != nil && (!strings.Contains(err.Error(), "needs a model with") || !strings.Contains(err.Error(), "use ") && !strings.Contains(err.Error(), "give ")) {
			t.Errorf("%s: %q does not say what to use", r.name, err)
		}
		if _, err := r.build(well, 0); r.name != "identity, a temperature" && !r.samples && (err == nil || !strings.Contains(err.Error(), "give the noise a `batch`")) {
			t.Errorf("%s without a batch: %v", r.name, err)
		}
		for _, l := range columns()[:8] {
			if src, err := r.build(well, 3); err == nil {
				if _, err := Join(src, must(l.build(well.At("noise[0]")))); err != nil {
					t.Errorf("%s, %s: %v", r.name, l.name, err)
				}
			}
		}
	}
}
