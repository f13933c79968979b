package noise

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/model"
	"sgdlab/rng"
)

// set is a small regression with residuals, (n, d) inputs and (n, k) targets.
func set(n, d, k int) *data.Set {
	draw := func(rows, cols int, purpose string) lanes.Mat {
		p := make(lanes.Pack, rows*cols)
		rng.New(purpose).Normals(p, &rng.Lanes{})
		m := lanes.NewMat(rows, cols)
		p.Lane(m.Data, 0)
		return m
	}
	return &data.Set{X: draw(n, d, "x"), Y: draw(n, k, "y"), Name: "test"}
}

func loss(value any) model.Loss {
	var l model.Loss
	if err := l.Decode(value); err != nil {
		panic(err)
	}
	return l
}

var losses = []any{"mean-half", "sum-half", "mean", map[string]any{"prefactor": "1/(4*n)"}}

// at is a start whose centre is a point.
type at []float64

func (a at) Centre() []float64                      { return a }
func (a at) Draw(theta lanes.Pack, _ *sgdlab.Clock) { lanes.Fill(theta, a) }
func (a at) Deterministic(int32) bool               { return true }

// point is a place off every minimum.
func point(d int) []float64 {
	p := make(lanes.Pack, d)
	rng.New("theta").Normals(p, &rng.Lanes{})
	return p.Lane(nil, 0)
}

const (
	eta   = 0.05
	batch = 2
)

// sites are the networks of the battery, under each loss.
func sites() map[string]*sgdlab.Site {
	out := map[string]*sgdlab.Site{}
	for _, l := range losses {
		for name, build := range map[string]func() (*data.Set, sgdlab.Model){
			"deep-linear": func() (*data.Set, sgdlab.Model) {
				s := set(5, 3, 2)
				return s, must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{3, 4, 2}, Loss: loss(l)}, s))
			},
			"diagonal": func() (*data.Set, sgdlab.Model) {
				s := set(5, 4, 1)
				return s, must(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2, Loss: loss(l)}, s))
			},
			"powers": func() (*data.Set, sgdlab.Model) {
				s := set(3, 4, 1) // fewer samples than inputs
				return s, must(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "difference-of-powers", Depth: 3, Loss: loss(l)}, s))
			},
		} {
			d, m := build()
			out[fmt.Sprintf("%s under %v", name, l)] = &sgdlab.Site{
				Data: d, Model: m, Start: at(point(m.Dim())), Rate: sgdlab.Constant(eta), Batch: batch, Place: "noise[0]",
			}
		}
	}
	return out
}

// dense is σ(θ), a column per unit ξ.
func dense(f sgdlab.Factor, theta []float64) lanes.Mat {
	var ws lanes.Arena
	w, d := f.Width(), len(theta)
	m, xi, dst := lanes.NewMat(d, w), make(lanes.Pack, w), make(lanes.Pack, d)
	for j := range w {
		lanes.Zero(xi)
		xi[j] = lanes.Splat(1)
		f.Apply(dst, lanes.Of(theta), xi, &ws)
		for i := range dst {
			m.Set(i, j, dst[i][5])
		}
	}
	return m
}

func square(m lanes.Mat) lanes.Mat { return lanes.MulMat(m, m.T()) }

// apart is the largest difference between two matrices, relative to the largest entry of the second.
func apart(a, b lanes.Mat) float64 {
	worst, size := 0.0, 0.0
	for i := range b.Rows {
		for j := range b.Cols {
			worst, size = max(worst, math.Abs(a.At(i, j)-b.At(i, j))), max(size, math.Abs(b.At(i, j)))
		}
	}
	return worst / size
}

func scaled(a lanes.Mat, x float64) lanes.Mat {
	c := a.Clone()
	for i := range c.Data {
		c.Data[i] *= x
	}
	return c
}

// covariance is C(θ) from the gradients of single samples.
func covariance(m sgdlab.Sampled, theta []float64) lanes.Mat {
	var ws lanes.Arena
	n, d := m.Samples(), m.Dim()
	g, dst := lanes.NewMat(d, n), make(lanes.Pack, d)
	for i := range n {
		rows := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 1)}
		for l := range lanes.W {
			rows.Index[0][l] = int32(i)
		}
		c := make(lanes.Pack, m.Outputs())
		m.Slope(c, lanes.Of(theta), rows, &ws)
		m.Pullback(dst, lanes.Of(theta), c, rows, nil, &ws)
		for j := range d {
			g.Set(j, i, dst[j][0])
		}
	}
	for j := range d {
		mean := 0.0
		for i := range n {
			mean += g.At(j, i) / float64(n)
		}
		for i := range n {
			g.Set(j, i, g.At(j, i)-mean)
		}
	}
	return scaled(square(g), 1/float64(n))
}

func matrixOf(times product, theta []float64) lanes.Mat {
	var ws lanes.Arena
	d := len(theta)
	m, v, dst := lanes.NewMat(d, d), make(lanes.Pack, d), make(lanes.Pack, d)
	for j := range d {
		lanes.Zero(v)
		v[j] = lanes.Splat(1)
		times(dst, lanes.Of(theta), v, &ws)
		for i := range d {
			m.Set(i, j, dst[i][0])
		}
	}
	return m
}

func trace(m lanes.Mat) float64 {
	t := 0.0
	for i := range m.Rows {
		t += m.At(i, i)
	}
	return t
}

// TestCovariances is the table of the package comment, σσᵀ against matrices formed in another way, at a θ that is not the
// start.
func TestCovariances(t *testing.T) {
	const tol = 1e-12
	for name, s := range sites() {
		m := must(sgdlab.As[sgdlab.Sampled](s.Model))
		gn, curved := s.Model.(sgdlab.GaussNewton), s.Model.(sgdlab.Curved)
		start := s.Start.Centre()
		theta := append([]float64{}, start...)
		for j := range theta {
			theta[j] = 0.3*theta[j] - 0.2 + 0.1*float64(j%3)
		}
		var ws lanes.Arena
		twice := 2 * m.Loss(lanes.Of(theta), &ws)[0]
		hgn := matrixOf(gn.GaussNewtonVec, theta)
		for what, tc := range map[string]struct {
			src  sgdlab.Source
			want lanes.Mat
			err  error
		}{
			"per-sample": {src: must(NewPerSample(PerSampleSettings{}, s)), want: covariance(m, theta)},
			"output":     {src: must(NewOutput(OutputSettings{Amplitude: sgdlab.Constant(0.7)}, s)), want: scaled(hgn, m.(sgdlab.Squared).PerLabel())},
			"hessian":    {src: must(NewHessian(HessianSettings{Of: "gauss-newton"}, s)), want: hgn},
			"hessian, frozen": {src: must(NewHessian(HessianSettings{Of: "gauss-newton", Frozen: true}, s)),
				want: matrixOf(gn.GaussNewtonVec, start)},
			"loss-hessian": {src: must(NewLossHessian(LossHessianSettings{Of: "gauss-newton"}, s)), want: scaled(hgn, twice)},
			"loss-hessian, frozen": {src: must(NewLossHessian(LossHessianSettings{Of: "gauss-newton", Frozen: true}, s)),
				want: scaled(matrixOf(gn.GaussNewtonVec, start), twice)},
		} {
			if e := apart(square(dense(tc.src.Factor, theta)), tc.want); !(e < tol) {
				t.Errorf("%s: %s: σσᵀ is off by %.2g of itself", name, what, e)
			}
		}
		// |H| is the positive matrix whose square is H².
		for what, tc := range map[string]struct {
			src   sgdlab.Source
			h     lanes.Mat
			scale float64
		}{
			"hessian, absolute":              {must(NewHessian(HessianSettings{Of: "absolute"}, s)), matrixOf(curved.HessVec, theta), 1},
			"hessian, absolute, frozen":      {must(NewHessian(HessianSettings{Of: "absolute", Frozen: true}, s)), matrixOf(curved.HessVec, start), 1},
			"loss-hessian, absolute":         {must(NewLossHessian(LossHessianSettings{Of: "absolute"}, s)), matrixOf(curved.HessVec, theta), twice},
			"loss-hessian, absolute, frozen": {must(NewLossHessian(LossHessianSettings{Of: "absolute", Frozen: true}, s)), matrixOf(curved.HessVec, start), twice},
		} {
			abs := scaled(square(dense(tc.src.Factor, theta)), 1/tc.scale)
			if e := apart(lanes.MulMat(abs, abs), lanes.MulMat(tc.h, tc.h)); !(e < tol) {
				t.Errorf("%s: %s: (σσᵀ)² is off from H² by %.2g of itself", name, what, e)
			}
			if trace(abs) < math.Abs(trace(tc.h)) {
				t.Errorf("%s: %s: tr|H| = %g is below tr H = %g", name, what, trace(abs), trace(tc.h))
			}
		}
	}
}

// TestNullDirectionsAreQuiet: where H has no curvature a frozen root has no noise; the root of a rounding error would be 10⁻⁸.
func TestNullDirectionsAreQuiet(t *testing.T) {
	var ws lanes.Arena
	for name, s := range sites() {
		d := s.Model.Dim()
		h := matrixOf(s.Model.(sgdlab.GaussNewton).GaussNewtonVec, s.Start.Centre())
		values, vectors := make(lanes.Pack, d), lanes.ByRows(make(lanes.Pack, d*d), d, d)
		new(linalg.Scratch).Eigen(values, vectors, lanes.ByRows(lanes.Of(h.Data), d, d))
		f := must(NewHessian(HessianSettings{Of: "gauss-newton", Frozen: true}, s)).Factor
		if w := s.Data.N() * s.Data.Outputs(); w >= d {
			t.Fatalf("%s: %d rows and outputs leave no null direction in %d", name, w, d)
		}
		v, dst := make(lanes.Pack, d), make(lanes.Pack, d)
		for i := range d {
			v[i] = *vectors.At(i, d-1)
		}
		f.Apply(dst, nil, v, &ws)
		if got, most := lanes.MaxAbs(dst)[0], math.Sqrt(values[0][0]); got > 1e-12*most {
			t.Errorf("%s: σ has %g along a null direction, and %g along the steepest", name, got, most)
		}
	}
}

// TestTransposes: ⟨σξ, v⟩ = ⟨ξ, σᵀv⟩, in each lane at its own θ.
func TestTransposes(t *testing.T) {
	for name, s := range sites() {
		for what, src := range sources(t, s) {
			f, ok := src.Factor.(sgdlab.Transposed)
			if !ok {
				t.Errorf("%s: %s has no transpose", name, what)
				continue
			}
			transposes(t, name+": "+what, f, s.Model.Dim())
			additive := what == "identity" || strings.Contains(what, "frozen") && !strings.Contains(what, "loss")
			if additive != (sgdlab.KindOf(f) == sgdlab.AdditiveNoise) {
				t.Errorf("%s: %s: additive is %v", name, what, !additive)
			}
		}
	}
}

func sources(t *testing.T, s *sgdlab.Site) map[string]sgdlab.Source {
	t.Helper()
	out := map[string]sgdlab.Source{
		"per-sample": must(NewPerSample(PerSampleSettings{}, s)),
		"output":     must(NewOutput(OutputSettings{Amplitude: sgdlab.Constant(0.7)}, s)),
		"identity":   must(NewIdentity(IdentitySettings{Temperature: sgdlab.Quantity{Word: "matched"}}, s)),
	}
	for _, of := range []string{"gauss-newton", "absolute"} {
		for _, frozen := range []bool{false, true} {
			what := of
			if frozen {
				what += ", frozen"
			}
			out["hessian, "+what] = must(NewHessian(HessianSettings{Of: of, Frozen: frozen}, s))
			out["loss-hessian, "+what] = must(NewLossHessian(LossHessianSettings{Of: of, Frozen: frozen}, s))
		}
	}
	return out
}

// TestScales: amplitude·(η/B)^(1−1/α), by lane where the rate differs; √(2T) for a temperature.
func TestScales(t *testing.T) {
	s := sites()["deep-linear under mean-half"]
	rates := []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1}
	at := clock(1, 0)
	for l := range at.Point {
		at.Point[l] = int32(lanes.W - 1 - l)
	}
	s.Rate = sgdlab.Table(rates)
	m := must(sgdlab.As[sgdlab.Sampled](s.Model))
	spread := math.Sqrt(trace(covariance(m, s.Start.Centre())) / float64(m.Dim()))
	five := 5 // overrides the site's batch
	for what, tc := range map[string]struct {
		src       sgdlab.Source
		amplitude float64
		batch     int
	}{
		"per-sample":    {must(NewPerSample(PerSampleSettings{}, s)), 1, batch},
		"per-sample, 5": {must(NewPerSample(PerSampleSettings{Batch: five}, s)), 1, five},
		"output":        {must(NewOutput(OutputSettings{Amplitude: sgdlab.Constant(0.7), Batch: 3}, s)), 0.7, 3},
		"hessian":       {must(NewHessian(HessianSettings{Of: "gauss-newton"}, s)), 1, batch},
		"loss-hessian":  {must(NewLossHessian(LossHessianSettings{Of: "absolute", Batch: 1}, s)), 1, 1},
		"matched":       {must(NewIdentity(IdentitySettings{Temperature: sgdlab.Quantity{Word: "matched"}, Batch: 4}, s)), spread, 4},
	} {
		for _, alpha := range []float64{2, 1.5, 1, 0.7} {
			got := tc.src.Scale(alpha)(at)
			for l := range got {
				rate := rates[lanes.W-1-l]
				if want := tc.amplitude * math.Pow(rate/float64(tc.batch), 1-1/alpha); relative(got[l], want) > 1e-13 {
					t.Errorf("%s, α = %g, η = %g: scale %.15g, want %.15g", what, alpha, rate, got[l], want)
				}
			}
		}
	}
	temps := must(NewIdentity(IdentitySettings{Temperature: sgdlab.Quantity{Setting: sgdlab.Table(rates)}}, &sgdlab.Site{Model: s.Model}))
	for l, got := range temps.Scale(1.5)(at) {
		if want := math.Sqrt(2 * rates[lanes.W-1-l]); got != want {
			t.Errorf("T = %g: scale %g, want %g", rates[lanes.W-1-l], got, want)
		}
	}
}

// TestMatchedTemperature: isotropic noise of temperature T has SGD's trace, 2Td = (η/B)tr C(θ*).
func TestMatchedTemperature(t *testing.T) {
	for name, s := range sites() {
		m := must(sgdlab.As[sgdlab.Sampled](s.Model))
		c := trace(covariance(m, s.Start.Centre()))
		if got := CovarianceTrace(m, s.Start.Centre()); relative(got, c) > 1e-12 {
			t.Errorf("%s: tr C = %.15g, want %.15g", name, got, c)
		}
		for _, b := range []int{0, 1, 3} {
			temp := must(MatchedTemperature(s, b))
			if b == 0 {
				b = batch
			}
			for _, rate := range []float64{0.01, 0.3} {
				if want := rate / float64(b) * c / 2 / float64(m.Dim()); relative(temp(rate), want) > 1e-12 {
					t.Errorf("%s: B = %d, η = %g: T = %.15g, want %.15g", name, b, rate, temp(rate), want)
				}
			}
		}
	}
	s := *sites()["deep-linear under mean"]
	s.Batch = 0
	c := CovarianceTrace(must(sgdlab.As[sgdlab.Sampled](s.Model)), s.Start.Centre())
	if got, want := must(MatchedTemperature(&s, 0))(1), c/2/5/20; relative(got, want) > 1e-12 {
		t.Errorf("without any batch T = %g, want that of the full batch, %g", got, want)
	}
}

// TestLabelNoiseWeighs: c + sζξ, ζ by lane.
func TestLabelNoiseWeighs(t *testing.T) {
	var ws lanes.Arena
	for name, s := range sites() {
		zeta := sgdlab.Table([]float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7})
		w := must(NewLabelNoise(LabelNoiseSettings{Amplitude: zeta}, s.At("label-noise")))
		at := clock(1, 0)
		for l := range at.Point {
			at.Point[l] = int32(l)
		}
		c, xi := make(lanes.Pack, 6), make(lanes.Pack, 6)
		rng.New("c").Normals(c, &at.Lanes)
		rng.New("label-noise").Normals(xi, &at.Lanes)
		before := append(lanes.Pack{}, c...)
		w.Weigh(c, sgdlab.AllRows(3), at, &ws)
		slope := must(sgdlab.As[sgdlab.Squared](s.Model)).PerLabel()
		for j := range c {
			for l := range c[j] {
				if want := before[j][l] + slope*0.1*float64(l)*xi[j][l]; math.Abs(c[j][l]-want) > 1e-13 {
					t.Errorf("%s: weight %g, want %g", name, c[j][l], want)
				}
			}
		}
	}
}

// TestLanesAreIndependent: NaN in one lane leaves the others as they are, to the last bit.
func TestLanesAreIndependent(t *testing.T) {
	for name, s := range sites() {
		for what, src := range sources(t, s) {
			var ws lanes.Arena
			f, d := src.Factor, s.Model.Dim()
			theta, xi := make(lanes.Pack, d), make(lanes.Pack, f.Width())
			rng.New("t").Normals(theta, &clock(1, 0).Lanes)
			rng.New("xi").Normals(xi, &clock(1, 0).Lanes)
			clean, dirty := make(lanes.Pack, d), make(lanes.Pack, d)
			f.Apply(clean, theta, xi, &ws)
			theta[d-1][2], theta[0][3] = math.NaN(), math.Inf(1)
			f.Apply(dirty, theta, xi, &ws)
			for j := range clean {
				for l := range clean[j] {
					if l != 2 && l != 3 && clean[j][l] != dirty[j][l] {
						t.Fatalf("%s: %s: NaN in lane 2 or 3 changed lane %d", name, what, l)
					}
				}
			}
		}
	}
}

func TestErrors(t *testing.T) {
	net := sites()["deep-linear under mean-half"]
	well := &sgdlab.Site{Model: must(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 1, Well: 1}, nil)), Start: at{1}, Rate: sgdlab.Constant(eta)}
	change := func(s *sgdlab.Site, f func(*sgdlab.Site)) *sgdlab.Site {
		c := *s
		f(&c)
		return &c
	}
	wide := change(net, func(s *sgdlab.Site) {
		s.Data = set(5, 40, 30)
		s.Model = must(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{40, 30}, Loss: model.MeanHalf()}, s.Data))
	})
	matched := IdentitySettings{Temperature: sgdlab.Quantity{Word: "matched"}}
	output := OutputSettings{Amplitude: sgdlab.Constant(1)}
	of := func(_ any, err error) error { return err }
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{of(NewPerSample(PerSampleSettings{}, well)), []string{"Sampled; DoubleWell offers"}},
		{of(NewPerSample(PerSampleSettings{Batch: 6}, net)), []string{"batch 6 is larger than the 5 samples; use at most 5"}},
		{of(NewPerSample(PerSampleSettings{Batch: -1}, net)), []string{"got batch -1; want at least 1"}},
		{of(NewPerSample(PerSampleSettings{}, change(net, func(s *sgdlab.Site) { s.Rate = nil }))), []string{"rate"}},
		{of(NewOutput(output, well)), []string{"Squared"}},
		{of(NewOutput(OutputSettings{}, net)), []string{"amplitude"}},
		{of(NewIdentity(IdentitySettings{}, net)), []string{"temperature", "matched"}},
		{of(NewIdentity(IdentitySettings{Temperature: sgdlab.Quantity{Word: "hot"}}, net)), []string{`"hot"`, "matched"}},
		{of(NewIdentity(matched, change(well, func(s *sgdlab.Site) { s.Batch = 1 }))), []string{"matched", "Sampled", "give a number"}},
		{of(NewIdentity(matched, well)), []string{"no samples to take the batch from"}},
		{of(NewIdentity(matched, change(net, func(s *sgdlab.Site) { s.Start = nil }))), []string{"give a `start`"}},
		{of(NewIdentity(matched, change(net, func(s *sgdlab.Site) { s.Start = at(nil) }))), []string{"start is all random"}},
		{of(MatchedTemperature(net, 6)), []string{"matched", "batch 6 is larger than the 5 samples"}},
		{of(NewHessian(HessianSettings{Of: "absolute"}, well)), []string{"give the noise a `batch`"}},
		{of(NewHessian(HessianSettings{Of: "all", Batch: 1}, net)), []string{`"all"`, "gauss-newton or absolute"}},
		{of(NewHessian(HessianSettings{Of: "gauss-newton", Batch: 1}, well)), []string{"Squared"}},
		{of(NewHessian(HessianSettings{Of: "gauss-newton", Frozen: true, Batch: 1}, well)), []string{"GaussNewton"}},
		{of(NewHessian(HessianSettings{Of: "gauss-newton", Frozen: true}, wide)), []string{"at most 1024", "has 1200", "frozen: false"}},
		{of(NewHessian(HessianSettings{Of: "absolute"}, wide)), []string{"at most 64", "has 1200", "frozen: true"}},
		{of(NewHessian(HessianSettings{Of: "absolute", Frozen: true}, change(net, func(s *sgdlab.Site) { s.Start = at(nil) }))), []string{"start is all random"}},
		{of(NewHessian(HessianSettings{Of: "absolute", Frozen: true}, change(net, func(s *sgdlab.Site) {
			p := point(s.Model.Dim())
			p[3] = math.Inf(1)
			s.Start = at(p)
		}))), []string{"not finite"}},
		{of(NewLossHessian(LossHessianSettings{Of: "x"}, net)), []string{`"x"`}},
		{of(NewLabelNoise(LabelNoiseSettings{Amplitude: sgdlab.Constant(1)}, well)), []string{"Squared", "identity noise"}},
		{of(NewLabelNoise(LabelNoiseSettings{}, net)), []string{"amplitude"}},
		{of(NewLabelNoise(LabelNoiseSettings{Amplitude: sgdlab.Constant(1), Law: multinomial}, net)), []string{"per-sample noise only"}},
		{of(NewMultinomial(MultinomialSettings{}, well)), []string{"no data to draw rows from"}},
		{of(NewStable(StableSettings{Alpha: 2.5}, net)), []string{"2.5", "at most 2"}},
		{of(NewStable(StableSettings{Alpha: math.NaN()}, net)), []string{"at most 2"}},
		{of(NewStable(StableSettings{}, net)), []string{"above 0"}},
		{of(Join(must(NewOutput(output, net)), must(multinomial(net)))), []string{"per-sample noise only", "law: gaussian"}},
		{of(Join(must(NewOutput(output, net)), &Coarse{Of: must(multinomial(net)), M: 2})), []string{"per-sample noise only"}},
	} {
		for _, want := range tc.want {
			if tc.err == nil || !strings.Contains(tc.err.Error(), want) {
				t.Errorf("error %v; want it to say %q", tc.err, want)
			}
		}
	}
	n := must(Join(must(NewPerSample(PerSampleSettings{}, net)), must(multinomial(net))))
	if got, want := n.Scale(clock(1, 0))[0], math.Sqrt(eta/batch); got != want {
		t.Errorf("scale %g, want %g", got, want)
	}
	// A landscape without data may have a noise of Hessians, with a batch of its own.
	root := must(NewHessian(HessianSettings{Of: "absolute", Batch: 1}, well)).Factor
	if got, want := dense(root, []float64{0}).At(0, 0), 2.0; got != want { // V″(0) = −4
		t.Errorf("|V″|^½ = %g at the barrier, want %g", got, want)
	}
}

func multinomial(s *sgdlab.Site) (sgdlab.Law, error) {
	return NewMultinomial(MultinomialSettings{}, s)
}
