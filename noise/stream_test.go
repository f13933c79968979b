package noise

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// drawers build everything that draws, on a stream of that name, at the place of a site with 7 samples; each fills a pack.
var drawers = map[string]func(stream string, s *sgdlab.Site) (func(xi lanes.Pack, at *sgdlab.Clock), streamed, error){
	"gaussian": lawOn(func(c StreamSettings, s *sgdlab.Site) (sgdlab.Law, error) {
		return NewGaussian(GaussianSettings{LawSettings: LawSettings{StreamSettings: c}}, s)
	}),
	"gaussian of double resolution": lawOn(func(c StreamSettings, s *sgdlab.Site) (sgdlab.Law, error) {
		return NewGaussian(GaussianSettings{LawSettings: LawSettings{StreamSettings: c}, Resolution: "double"}, s)
	}),
	"gaussian of 4 substeps": lawOn(func(c StreamSettings, s *sgdlab.Site) (sgdlab.Law, error) {
		return NewGaussian(GaussianSettings{LawSettings: LawSettings{c, 4}}, s)
	}),
	"rademacher": lawOn(func(c StreamSettings, s *sgdlab.Site) (sgdlab.Law, error) { return NewRademacher(LawSettings{c, 1}, s) }),
	"uniform":    lawOn(func(c StreamSettings, s *sgdlab.Site) (sgdlab.Law, error) { return NewUniform(LawSettings{c, 0}, s) }),
	"stable": lawOn(func(c StreamSettings, s *sgdlab.Site) (sgdlab.Law, error) {
		return NewStable(StableSettings{1.5, LawSettings{c, 0}}, s)
	}),
	"multinomial": lawOn(func(c StreamSettings, s *sgdlab.Site) (sgdlab.Law, error) {
		part := func(s *sgdlab.Site) (sgdlab.Sampler, error) { return NewWithReplacement(SamplerSettings{c}, s) }
		return NewMultinomial(MultinomialSettings{Draw: part, Batch: 3}, s)
	}),
	"with-replacement":    rowsOn(NewWithReplacement),
	"without-replacement": rowsOn(NewWithoutReplacement),
	"reshuffled":          rowsOn(NewReshuffled),
	"label noise": func(stream string, s *sgdlab.Site) (func(xi lanes.Pack, at *sgdlab.Clock), streamed, error) {
		law, err := NewUniform(LawSettings{StreamSettings{stream}, 0}, s)
		l := LabelNoise{Amplitude: sgdlab.Constant(1), Law: law, PerLabel: 1}
		return func(xi lanes.Pack, at *sgdlab.Clock) {
			lanes.Zero(xi)
			l.Weigh(xi, sgdlab.Rows{}, at, new(lanes.Arena))
		}, l, err
	},
}

func lawOn(build func(StreamSettings, *sgdlab.Site) (sgdlab.Law, error)) func(string, *sgdlab.Site) (func(lanes.Pack, *sgdlab.Clock), streamed, error) {
	return func(stream string, s *sgdlab.Site) (func(lanes.Pack, *sgdlab.Clock), streamed, error) {
		law, err := build(StreamSettings{stream}, s)
		if err != nil {
			return nil, nil, err
		}
		return law.Draw, law.(streamed), nil
	}
}

func rowsOn(build func(SamplerSettings, *sgdlab.Site) (sgdlab.Sampler, error)) func(string, *sgdlab.Site) (func(lanes.Pack, *sgdlab.Clock), streamed, error) {
	return func(stream string, s *sgdlab.Site) (func(lanes.Pack, *sgdlab.Clock), streamed, error) {
		sampler, err := build(SamplerSettings{StreamSettings{stream}}, s)
		if err != nil {
			return nil, nil, err
		}
		return func(xi lanes.Pack, at *sgdlab.Clock) {
			var rows sgdlab.Rows
			sampler.Draw(&rows, at)
			for j := range xi {
				for l := range xi[j] {
					xi[j][l] = float64(rows.Index[j%rows.Len()][l])
				}
			}
		}, sampler.(streamed), nil
	}
}

func sevenSamples(place string) *sgdlab.Site {
	return &sgdlab.Site{Data: &data.Set{X: lanes.NewMat(7, 1)}, Batch: 3, Place: place}
}

// TestStreams: what draws from a named stream draws what it would draw without a name at the place of that name, and not what it
// draws at its own; and it says from which stream it draws.
func TestStreams(t *testing.T) {
	for name, build := range drawers {
		own, a := must2(build("", sevenSamples("noise[0]")))
		named, b := must2(build("rows", sevenSamples("noise[0]")))
		there, c := must2(build("", sevenSamples("rows")))
		if a.drawsFrom() != "noise[0]" || b.drawsFrom() != "rows" || c.drawsFrom() != "rows" {
			t.Errorf("%s draws from %s, %s and %s", name, a.drawsFrom(), b.drawsFrom(), c.drawsFrom())
		}
		x, y, z := make(lanes.Pack, 7), make(lanes.Pack, 7), make(lanes.Pack, 7)
		other := false
		for k := range uint64(4) {
			own(x, step(clock(1, 0), k))
			named(y, step(clock(1, 0), k))
			there(z, step(clock(1, 0), k))
			for j := range x {
				if y[j] != z[j] {
					t.Fatalf("%s: on the stream rows it draws %v, at the place rows %v", name, y[j], z[j])
				}
				other = other || x[j] != y[j]
			}
		}
		if !other {
			t.Errorf("%s: a name changes nothing", name)
		}
		for word, want := range map[string]string{"start": "where replicas start", "bridge:exit": "a word of letters", "data/x": "a word of letters", "a b": "a word"} {
			if _, _, err := build(word, sevenSamples("noise[0]")); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s on the stream %q: error %v", name, word, err)
			}
		}
	}
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

// TestSubsteps: a draw of k substeps at step j is the sum of the fine draws kj … kj+k−1 over k^(1/α), and the law of one; laws whose
// sums are another law refuse by name.
func TestSubsteps(t *testing.T) {
	build := map[string]func(k int) (sgdlab.Law, error){
		"gaussian": func(k int) (sgdlab.Law, error) {
			return NewGaussian(GaussianSettings{LawSettings: LawSettings{StreamSettings{"w"}, k}}, place("noise[3]"))
		},
		"stable": func(k int) (sgdlab.Law, error) {
			return NewStable(StableSettings{1.25, LawSettings{StreamSettings{"w"}, k}}, place("noise[3]"))
		},
	}
	for name, law := range build {
		fine := must(law(0))
		for _, k := range []int{1, 2, 4, 5} {
			coarse := must(law(k))
			if coarse.Index() != fine.Index() || sgdlab.IsGaussian(coarse) != (name == "gaussian") {
				t.Errorf("%s of %d substeps: index %g, Gaussian %v", name, k, coarse.Index(), sgdlab.IsGaussian(coarse))
			}
			one, sum, got := make(lanes.Pack, 3), make(lanes.Pack, 3), make(lanes.Pack, 3)
			for i := range uint64(k) {
				fine.Draw(one, step(clock(1, 0), 7*uint64(k)+i))
				lanes.Add(sum, sum, one)
			}
			coarse.Draw(got, step(clock(1, 0), 7))
			for j := range got {
				for l := range got[j] {
					if want := sum[j][l] / math.Pow(float64(k), 1/fine.Index()); relative(got[j][l], want) > 1e-13 {
						t.Errorf("%s of %d substeps: %.15g, want %.15g", name, k, got[j][l], want)
					}
				}
			}
		}
	}
	for name, err := range map[string]error{
		"rademacher":  second(NewRademacher(LawSettings{Substeps: 2}, place("x"))),
		"uniform":     second(NewUniform(LawSettings{Substeps: 2}, place("x"))),
		"multinomial": second(NewMultinomial(MultinomialSettings{Substeps: 2}, sevenSamples("x"))),
	} {
		if err == nil || !strings.Contains(err.Error(), "the sum of 2 draws of the "+name+" law is not a draw of it; use law: gaussian or stable") {
			t.Errorf("%s of 2 substeps: error %v", name, err)
		}
	}
	must(NewMultinomial(MultinomialSettings{Substeps: 1}, sevenSamples("x")))
}

func second(_ sgdlab.Law, err error) error { return err }

// TestSubstepsCondense: an arm of fewer steps has the factor of the finer one, so that the numbers of its ξ are the same.
func TestSubstepsCondense(t *testing.T) {
	for name, s := range manySites() {
		for what, src := range sources(t, s) {
			fine := must(Join(src, must(NewGaussian(GaussianSettings{}, s))))
			coarse := must(Join(src, must(NewGaussian(GaussianSettings{LawSettings: LawSettings{Substeps: 4}}, s))))
			if a, b := fine.Factor.Width(), coarse.Factor.Width(); a != b {
				t.Errorf("%s: %s: ξ of %d numbers, of %d with substeps", name, what, a, b)
			}
		}
	}
}

func TestDistinct(t *testing.T) {
	on := func(stream, place string) sgdlab.Law {
		return must(NewGaussian(GaussianSettings{LawSettings: LawSettings{StreamSettings{stream}, 0}}, &sgdlab.Site{Place: place}))
	}
	rows := must(NewReshuffled(SamplerSettings{}, sevenSamples("rows")))
	batches := &Multinomial{Draws: rows, N: 7}
	for _, c := range []struct {
		all  []Drawn
		want string
	}{
		{[]Drawn{{"draw", rows}, {"label-noise", on("", "label-noise")}, {"noise[0]", on("", "noise[0]")}, {"noise[1]", on("w", "noise[1]")}}, ""},
		{[]Drawn{{"a", FullBatch{N: 3}}, {"b", FullBatch{N: 3}}, {"c", 1}, {"d", 1}, {"e", &Multinomial{Draws: FullBatch{3}, N: 3}}, {"f", &Coarse{Of: &Multinomial{Draws: FullBatch{3}, N: 3}, M: 1}}}, ""},
		{[]Drawn{{"noise[0]", on("w", "noise[0]")}, {"noise[1]", on("", "noise[1]")}, {"noise[2]", on("w", "noise[2]")}}, "noise[0] and noise[2] draw from one stream, w"},
		{[]Drawn{{"noise[0]", on("noise[1]", "noise[0]")}, {"noise[1]", on("", "noise[1]")}}, "noise[0] and noise[1] draw from one stream, noise[1]"},
		{[]Drawn{{"draw", rows}, {"noise[0]", batches}}, "draw and noise[0] draw from one stream, rows"},
		{[]Drawn{{"label-noise", LabelNoise{Law: on("", "label-noise")}}, {"noise[0]", &Coarse{Of: on("label-noise", "x"), M: 2}}}, "label-noise and noise[0] draw from one stream, label-noise"},
	} {
		err := Distinct(c.all...)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// TestSumsOfNoises: the noises of a list draw from streams of their own, condensed Gaussian ones too, so that covariances add: of
// two kicks over 10⁵ draws the products of every pair of coordinates have mean 0, and those of their sum the mean C₁ + C₂, within
// five standard errors: a false alarm in one of 6000 new seeds.
func TestSumsOfNoises(t *testing.T) {
	s := manySites()["product under mean-half"]
	d := s.Model.Dim()
	theta := lanes.Of(point(d))
	part := func(src func(s *sgdlab.Site) (sgdlab.Source, error), c LawSettings) sgdlab.Part[sgdlab.Noise] {
		return func(s *sgdlab.Site) (sgdlab.Noise, error) {
			return Join(must(src(s)), must(NewGaussian(GaussianSettings{LawSettings: c}, s)))
		}
	}
	perSample := func(s *sgdlab.Site) (sgdlab.Source, error) { return NewPerSample(PerSampleSettings{}, s) }
	output := func(s *sgdlab.Site) (sgdlab.Source, error) {
		return NewOutput(OutputSettings{Amplitude: sgdlab.Constant(1)}, s)
	}
	noises := must(Build([]sgdlab.Part[sgdlab.Noise]{part(perSample, LawSettings{}), part(perSample, LawSettings{Substeps: 2}), part(output, LawSettings{})}, s))
	if _, err := Build([]sgdlab.Part[sgdlab.Noise]{part(perSample, LawSettings{}), part(perSample, LawSettings{StreamSettings{"noise[0]"}, 0})}, s); err == nil || !strings.Contains(err.Error(), "would not be independent") {
		t.Errorf("two noises on one stream: %v", err)
	}
	var ws lanes.Arena
	kick := make([]lanes.Pack, len(noises))
	var own []lanes.Mat
	for i, n := range noises {
		if n.Factor.Width() >= s.Data.N() {
			t.Fatalf("noise %d is not condensed", i)
		}
		kick[i] = make(lanes.Pack, d)
		own = append(own, square(dense(n.Factor, point(d))))
	}
	const rounds = 12500
	const draws = rounds * lanes.W
	cross, total := make([]float64, d*d*3), make([]float64, d*d)
	for k := range rounds {
		for i, n := range noises {
			xi := make(lanes.Pack, n.Factor.Width())
			n.Law.Draw(xi, step(clock(3, 0), uint64(k)))
			n.Factor.Apply(kick[i], theta, xi, &ws)
		}
		for a := range d {
			for b := range d {
				for l := range lanes.W {
					for i := range 3 {
						cross[(i*d+a)*d+b] += kick[i][a][l] * kick[(i+1)%3][b][l]
					}
					total[a*d+b] += (kick[0][a][l] + kick[1][a][l] + kick[2][a][l]) * (kick[0][b][l] + kick[1][b][l] + kick[2][b][l])
				}
			}
		}
	}
	sum := lanes.NewMat(d, d)
	for _, m := range own {
		for i := range sum.Data {
			sum.Data[i] += m.Data[i]
		}
	}
	for a := range d {
		for b := range d {
			for i := range 3 {
				se := math.Sqrt(own[i].At(a, a) * own[(i+1)%3].At(b, b) / draws)
				if got := cross[(i*d+a)*d+b] / draws; math.Abs(got) > 5*se {
					t.Errorf("noises %d and %d, coordinates %d and %d: covariance %.3g, want 0 ± %.2g", i, (i+1)%3, a, b, got, se)
				}
			}
			want, se := sum.At(a, b), math.Sqrt((sum.At(a, a)*sum.At(b, b)+sum.At(a, b)*sum.At(a, b))/draws)
			if got := total[a*d+b] / draws; math.Abs(got-want) > 5*se {
				t.Errorf("coordinates %d and %d: covariance of the sum %.5g, want %.5g ± %.2g", a, b, got, want, se)
			}
		}
	}
}
