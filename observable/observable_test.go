package observable

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
)

func built[T any](t *testing.T) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func teacher(t *testing.T, n int, singular []float64, d, k int, noise float64, whiten bool) *data.Set {
	t.Helper()
	return built[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{
		Inputs: d, Outputs: k, Samples: n, SingularValues: singular, LabelNoise: noise, Whiten: whiten,
	}, &data.Env{Seed: 7}))
}

func target(t *testing.T, singular ...float64) *data.Set {
	t.Helper()
	return built[*data.Set](t)(data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: singular, Rotate: true}, &data.Env{Seed: 3}))
}

func deep(t *testing.T, set *data.Set, hidden ...int) *sgdlab.Site {
	t.Helper()
	widths := append(append([]int{set.Inputs()}, hidden...), set.Outputs())
	return &sgdlab.Site{Data: set, Model: built[sgdlab.Model](t)(model.NewDeepLinear(model.DeepLinearSettings{Widths: widths}, set))}
}

func diagonal(t *testing.T, set *data.Set) *sgdlab.Site {
	t.Helper()
	return &sgdlab.Site{Data: set, Model: built[sgdlab.Model](t)(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 2}, set))}
}

// random fills a pack with different normals in each lane.
func random(seed uint64, d int, scale float64) lanes.Pack {
	r := rand.New(rand.NewPCG(seed, 1))
	p := make(lanes.Pack, d)
	for i := range p {
		for l := range p[i] {
			p[i][l] = scale * r.NormFloat64()
		}
	}
	return p
}

func observe(o sgdlab.Observable, theta lanes.Pack) lanes.Pack {
	var ws lanes.Arena
	dst := make(lanes.Pack, len(o.Columns()))
	o.Observe(dst, theta, &sgdlab.Clock{}, &ws)
	return dst
}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s = %.15g, want %.15g: relative error %.1g exceeds %.1g", what, got, want, math.Abs(got/want-1), relative)
	}
}

// TestBalancedMinimum holds a dozen observables to closed forms at the balanced minimum of ½‖W_L⋯W₁ − M‖², whose Hessian has
// the eigenvalues λᵢⱼ = Σ_m (σᵢ^(1−(m+1)/L) σⱼ^(m/L))², one for each ordered pair of modes.
func TestBalancedMinimum(t *testing.T) {
	sigma := []float64{5, 3, 1}
	for _, hidden := range [][]int{{3}, {3, 3}, {8, 8}, {7, 5, 6}} {
		depth := len(hidden) + 1
		set := target(t, sigma...)
		s := deep(t, set, hidden...)
		m, err := sgdlab.As[sgdlab.Saddled](s.Model)
		if err != nil {
			t.Fatal(err)
		}
		theta, loss, err := m.Critical([]int{1, 2, 3})
		if err != nil || loss > 1e-20 {
			t.Fatal(loss, err)
		}
		at := lanes.Of(theta)

		var want []float64
		for _, a := range sigma {
			for _, b := range sigma {
				sum, l := 0.0, float64(depth)
				for k := range depth {
					x := math.Pow(a, 1-float64(k+1)/l) * math.Pow(b, float64(k)/l)
					sum += x * x
				}
				want = append(want, sum)
			}
		}
		slices.Sort(want)
		slices.Reverse(want)
		near(t, "the formula's λ₁₁", want[0], float64(depth)*math.Pow(5, 2-2/float64(depth)), 1e-14)

		sharp := built[sgdlab.Observable](t)(NewSharpness(SharpnessSettings{Count: 9}, s))
		got := observe(sharp, at)
		for i, w := range want {
			near(t, sharp.Columns()[i].Name, got[i][0], w, 1e-9)
		}
		if r := got[9][0]; !(r <= 1e-6) {
			t.Errorf("widths %v: residual %g", hidden, r)
		}

		values := observe(built[sgdlab.Observable](t)(NewSingularValues(SingularValuesSettings{}, s)), at)
		overlap := observe(built[sgdlab.Observable](t)(NewModeOverlap(ModeOverlapSettings{}, s)), at)
		entropy := 0.0
		for i, x := range sigma {
			near(t, "singular value", values[i][2], x, 1e-13)
			near(t, "overlap", overlap[i][2], x, 1e-13)
			entropy -= x / 9 * math.Log(x/9)
		}
		near(t, "effective rank", observe(built[sgdlab.Observable](t)(NewEffectiveRank(EffectiveRankSettings{}, s)), at)[0][1], math.Exp(entropy), 1e-13)
		for i, c := range observe(built[sgdlab.Observable](t)(NewAlignment(AlignmentSettings{}, s)), at) {
			near(t, "alignment "+string(rune('1'+i)), c[3], 1, 1e-13)
		}
		if b := observe(built[sgdlab.Observable](t)(NewBalancedness(BalancednessSettings{}, s)), at)[0][0]; b > 1e-13 {
			t.Errorf("imbalance %g at a balanced point", b)
		}
		if g := observe(built[sgdlab.Observable](t)(NewGradientNorm(GradientNormSettings{}, s)), at)[0][0]; g > 1e-12 {
			t.Errorf("gradient norm %g at a minimum", g)
		}
		norm := 0.0
		for _, x := range sigma {
			norm += float64(depth) * math.Pow(x, 2/float64(depth))
		}
		near(t, "parameter norm", observe(built[sgdlab.Observable](t)(NewParameterNorm(ParameterNormSettings{}, s)), at)[0][0], math.Sqrt(norm), 1e-13)

		// No noise at all where every sample is fitted.
		rank := observe(built[sgdlab.Observable](t)(NewNoiseRank(NoiseRankSettings{}, s)), at)
		if trace := observe(built[sgdlab.Observable](t)(NewNoiseTrace(NoiseTraceSettings{}, s)), at)[0][0]; trace > 1e-24 {
			t.Errorf("noise trace %g where every sample is fitted", trace)
		}
		if rank[0][0] > 9 {
			t.Errorf("rank %g", rank[0][0])
		}
	}
}

func TestSaddle(t *testing.T) {
	s := deep(t, target(t, 5, 3, 1), 4, 4)
	m, _ := sgdlab.As[sgdlab.Saddled](s.Model)
	theta, _, err := m.Critical([]int{2})
	if err != nil {
		t.Fatal(err)
	}
	at := lanes.Of(theta)
	overlap := observe(built[sgdlab.Observable](t)(NewModeOverlap(ModeOverlapSettings{}, s)), at)
	for i, want := range []float64{0, 3, 0} {
		if math.Abs(overlap[i][0]-want) > 1e-13 {
			t.Errorf("mode[%d] = %g with mode 2 alone; want %g", i+1, overlap[i][0], want)
		}
	}
	near(t, "effective rank of one value", observe(built[sgdlab.Observable](t)(NewEffectiveRank(EffectiveRankSettings{}, s)), at)[0][0], 1, 1e-13)
	values := observe(built[sgdlab.Observable](t)(NewSingularValues(SingularValuesSettings{Count: 2}, s)), at)
	near(t, "σ₁", values[0][0], 3, 1e-13)
	if values[1][0] > 1e-13 {
		t.Errorf("σ₂ = %g", values[1][0])
	}
}

// TestAtZero says what ratios are where there is nothing.
func TestAtZero(t *testing.T) {
	s := deep(t, target(t, 2, 1), 5)
	zero := make(lanes.Pack, s.Model.Dim())
	for name, o := range map[string]sgdlab.Observable{
		"effective-rank":      built[sgdlab.Observable](t)(NewEffectiveRank(EffectiveRankSettings{}, s)),
		"participation-ratio": built[sgdlab.Observable](t)(NewParticipationRatio(ParticipationRatioSettings{}, s)),
		"alignment":           built[sgdlab.Observable](t)(NewAlignment(AlignmentSettings{}, s)),
		"noise-alignment":     built[sgdlab.Observable](t)(NewNoiseHessianAlignment(NoiseHessianAlignmentSettings{}, s)),
	} {
		if got := observe(o, zero)[0][4]; !math.IsNaN(got) {
			t.Errorf("%s at θ = 0 is %g, want NaN", name, got)
		}
	}
	if got := observe(built[sgdlab.Observable](t)(NewLogDetGram(LogDetGramSettings{}, s)), zero)[0][0]; !math.IsInf(got, -1) {
		t.Errorf("log-det-gram at θ = 0 is %g, want −∞", got)
	}
	// At θ = 0 the Hessian of a two-layer net has the eigenvalues ±σ.
	sharp := observe(built[sgdlab.Observable](t)(NewSharpness(SharpnessSettings{Count: 1}, s)), zero)
	near(t, "sharpness at 0", sharp[0][0], 2, 1e-12)
	// That of a three-layer net is 0.
	flat := observe(built[sgdlab.Observable](t)(NewSharpness(SharpnessSettings{Count: 1}, deep(t, target(t, 2, 1), 5, 5))), make(lanes.Pack, 45))
	if flat[0][0] != 0 || flat[1][0] != 0 {
		t.Errorf("sharpness of a flat point: %g, residual %g", flat[0][0], flat[1][0])
	}
}

func TestEqualValues(t *testing.T) {
	s := deep(t, target(t, 2, 2, 2, 2), 4)
	m, _ := sgdlab.As[sgdlab.Saddled](s.Model)
	theta, _, err := m.Critical([]int{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "effective rank of three equal values", observe(built[sgdlab.Observable](t)(NewEffectiveRank(EffectiveRankSettings{}, s)), lanes.Of(theta))[0][0], 3, 1e-12)

	d := diagonal(t, teacher(t, 20, []float64{1}, 6, 1, 0, false))
	u := []float64{2, -2, 2, 0, 0, 0, 1e-90, 1e-90, -1e-90, 0, 1, 0}
	near(t, "participation of three equal entries", observe(built[sgdlab.Observable](t)(NewParticipationRatio(ParticipationRatioSettings{}, d)), lanes.Of(u))[0][0], 3, 1e-14)
}

// TestTeacherOverlap takes a net that is its teacher plus something orthogonal to the teacher's modes.
func TestTeacherOverlap(t *testing.T) {
	set := teacher(t, 40, []float64{3, 2}, 4, 3, 0, false)
	s := deep(t, set)
	o := built[sgdlab.Observable](t)(NewModeOverlap(ModeOverlapSettings{Of: "teacher"}, s))
	if n := len(o.Columns()); n != 2 {
		t.Fatalf("%d modes of a teacher of rank 2", n)
	}
	var at lanes.Pack
	for i := range 3 {
		for j := range 4 {
			at = append(at, lanes.Splat(0.5*set.Teacher.At(i, j)))
		}
	}
	got := observe(o, at)
	near(t, "mode[1]", got[0][0], 1.5, 1e-13)
	near(t, "mode[2]", got[1][0], 1, 1e-13)
}

// TestDataOverlapUnwhitened: on correlated inputs the strengths of the data's modes are still additive.
func TestDataOverlapUnwhitened(t *testing.T) {
	set := teacher(t, 60, []float64{3, 2, 1}, 4, 3, 0.2, false)
	s := deep(t, set, 3)
	m, _ := sgdlab.As[sgdlab.Saddled](s.Model)
	theta, _, err := m.Critical([]int{1, 3})
	if err != nil {
		t.Fatal(err)
	}
	got := observe(built[sgdlab.Observable](t)(NewModeOverlap(ModeOverlapSettings{}, s)), lanes.Of(theta))
	near(t, "mode[1]", got[0][0], m.Modes()[0], 1e-12)
	near(t, "mode[3]", got[2][0], m.Modes()[2], 1e-12)
	if math.Abs(got[1][0]) > 1e-12 {
		t.Errorf("mode[2] = %g, not learnt", got[1][0])
	}
}

// dense64 is one lane of some matrix.
func dense64(p lanes.Pack, rows, cols, l int) *mat.Dense {
	return mat.NewDense(rows, cols, p.Lane(nil, l))
}

// TestLogDetStep is the exact law of a discrete step: Θ′ = Θ(1 + A) with A = −η(0 Gᵀ; G 0), G = ∂L/∂W, so that
//
//	ln det Θ′ᵀΘ′ − ln det ΘᵀΘ = 2 Σ ln(1 − sᵢ²),  sᵢ the singular values of ηG.
func TestLogDetStep(t *testing.T) {
	const eta, d, h, k, n = 0.3, 5, 10, 2, 50
	set := teacher(t, n, []float64{2, 1}, d, k, 0.5, false)
	s := deep(t, set, h)
	o := built[sgdlab.Observable](t)(NewLogDetGram(LogDetGramSettings{}, s))
	theta := random(5, s.Model.Dim(), 0.3)
	var ws lanes.Arena
	g := make(lanes.Pack, len(theta))
	s.Model.Grad(g, theta, &ws)
	next := append(lanes.Pack(nil), theta...)
	lanes.Descend(next, lanes.Splat(eta), g, lanes.All)
	before, after := observe(o, theta)[0], observe(o, next)[0]
	x, y := mat.NewDense(n, d, set.X.Clone().Data), mat.NewDense(n, k, set.Y.Clone().Data)
	for l := range lanes.W {
		w1, w2 := dense64(theta[:h*d], h, d, l), dense64(theta[h*d:], k, h, l)
		full := mat.NewDense(h, d+k, nil)
		full.Augment(w1, w2.T())
		var gramian mat.Dense
		gramian.Mul(full.T(), full)
		want, _ := mat.LogDet(&gramian)
		near(t, "log det ΘᵀΘ", before[l], want, 1e-11)

		var w, r, grad mat.Dense
		w.Mul(w2, w1)
		r.Mul(x, w.T())
		r.Sub(&r, y)
		grad.Mul(r.T(), x)
		grad.Scale(eta/n, &grad)
		var svd mat.SVD
		svd.Factorize(&grad, mat.SVDNone)
		law := 0.0
		for _, s := range svd.Values(nil) {
			law += 2 * math.Log1p(-s*s)
		}
		if math.Abs(after[l]-before[l]-law) > 1e-12 {
			t.Errorf("lane %d: log det moves by %.15g, the law says %.15g", l, after[l]-before[l], law)
		}
	}
}

// measured are C, its eigenvalues and H at lane l of θ, by gradients of one-sample models and differences of nothing.
func measured(t *testing.T, s *sgdlab.Site, one func(set *data.Set) *sgdlab.Site, theta lanes.Pack, l int) (c, h *mat.Dense, eigen []float64) {
	t.Helper()
	n, d := s.Data.N(), s.Model.Dim()
	at := lanes.Of(theta.Lane(nil, l))
	var ws lanes.Arena
	g := mat.NewDense(n, d, nil)
	for i := range n {
		x, y := lanes.NewMat(1, s.Data.Inputs()), lanes.NewMat(1, s.Data.Outputs())
		for j := range x.Cols {
			x.Set(0, j, s.Data.X.At(i, j))
		}
		for j := range y.Cols {
			y.Set(0, j, s.Data.Y.At(i, j))
		}
		p := make(lanes.Pack, d)
		one(&data.Set{Name: "one", X: x, Y: y}).Model.Grad(p, at, &ws)
		g.SetRow(i, p.Lane(nil, 0))
	}
	for j := range d {
		mean := 0.0
		for i := range n {
			mean += g.At(i, j) / float64(n)
		}
		for i := range n {
			g.Set(i, j, g.At(i, j)-mean)
		}
	}
	c = mat.NewDense(d, d, nil)
	c.Mul(g.T(), g)
	c.Scale(1/float64(n), c)
	sym := mat.NewSymDense(d, c.RawMatrix().Data)
	var e mat.EigenSym
	e.Factorize(sym, false)
	eigen = e.Values(nil)
	slices.Reverse(eigen)

	// H by differences of the gradient, Richardson-extrapolated: ∇L is a polynomial of low degree.
	h = mat.NewDense(d, d, nil)
	for j := range d {
		diff := func(step float64) []float64 {
			a, b := append(lanes.Pack(nil), at...), append(lanes.Pack(nil), at...)
			up, down := make(lanes.Pack, d), make(lanes.Pack, d)
			for k := range lanes.W {
				a[j][k] += step
				b[j][k] -= step
			}
			s.Model.Grad(up, a, &ws)
			s.Model.Grad(down, b, &ws)
			out := make([]float64, d)
			for i := range out {
				out[i] = (up[i][0] - down[i][0]) / (2 * step)
			}
			return out
		}
		x, y, z := diff(0.25), diff(0.5), diff(1)
		for i := range d {
			// Exact for polynomials of degree 6 in the step.
			h.Set(i, j, (64*x[i]-20*y[i]+z[i])/45)
		}
	}
	return c, h, eigen
}

// TestNoise holds the three noise observables to a dense covariance of gradients of one-sample models, on every road to C.
func TestNoise(t *testing.T) {
	doubled := teacher(t, 30, []float64{2, 1}, 3, 2, 0.5, false)
	for i := range 30 {
		doubled.X.Set(i, 2, doubled.X.At(i, 1)) // inputs that span two dimensions of three
	}
	for _, tc := range []struct {
		name            string
		set             *data.Set
		hidden          []int
		mapped, moments bool
	}{
		{"by moments", teacher(t, 60, []float64{3, 2, 1}, 4, 3, 0.3, true), []int{4, 4}, true, true},
		{"by moments, narrow net", teacher(t, 60, []float64{3, 2, 1}, 4, 3, 0.3, false), []int{1}, true, true},
		{"by moments, dependent inputs", doubled, []int{2}, true, true},
		{"through the map", teacher(t, 14, []float64{2, 1}, 3, 3, 0.3, false), []int{4, 4}, true, false},
		{"few samples", teacher(t, 7, []float64{2, 1}, 3, 3, 0.3, false), []int{4, 4}, false, false},
		{"few parameters", teacher(t, 30, []float64{2, 1}, 6, 6, 0.3, false), []int{2}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			one := func(set *data.Set) *sgdlab.Site { return deep(t, set, tc.hidden...) }
			s := one(tc.set)
			theta := random(11, s.Model.Dim(), 0.5)
			c := built[*covariance](t)(newCovariance(s))
			if got := c.inner != nil; got != tc.mapped {
				t.Fatalf("through the map: %v", got)
			}
			if c.inner != nil && (c.inner.by != nil) != tc.moments {
				t.Fatalf("by moments: %v", c.inner.by != nil)
			}
			trace := observe(built[sgdlab.Observable](t)(NewNoiseTrace(NoiseTraceSettings{}, s)), theta)
			rank := observe(built[sgdlab.Observable](t)(NewNoiseRank(NoiseRankSettings{}, s)), theta)
			align := observe(built[sgdlab.Observable](t)(NewNoiseHessianAlignment(NoiseHessianAlignmentSettings{}, s)), theta)
			for _, l := range []int{0, 5} {
				c, h, eigen := measured(t, s, one, theta, l)
				near(t, "trace", trace[0][l], mat.Trace(c), 1e-12)
				want := 0.0
				for _, e := range eigen {
					if e > 1e-8*eigen[0] {
						want++
					}
				}
				if rank[0][l] != want {
					t.Errorf("rank %g, want %g; eigenvalues %.3g", rank[0][l], want, eigen)
				}
				frobenius := mat.Norm(c, 2)
				near(t, "participation rank", rank[1][l], math.Pow(mat.Trace(c)/frobenius, 2), 1e-11)
				var ch mat.Dense
				ch.Mul(c, h)
				near(t, "alignment", align[0][l], mat.Trace(&ch)/(frobenius*mat.Norm(h, 2)), 1e-10)
			}
		})
	}
}

// TestNoiseIsHessian: samples in pairs (x, ±1) around W = 0 have C = Σxx = H exactly.
func TestNoiseIsHessian(t *testing.T) {
	const n, d = 12, 4
	set := teacher(t, n, []float64{1}, d, 1, 1, false)
	for i := range n {
		for j := range d {
			set.X.Set(i, j, set.X.At(i-i%2, j))
		}
		set.Y.Set(i, 0, float64(1-2*(i%2)))
	}
	s := deep(t, set)
	zero := make(lanes.Pack, d)
	near(t, "alignment", observe(built[sgdlab.Observable](t)(NewNoiseHessianAlignment(NoiseHessianAlignmentSettings{}, s)), zero)[0][0], 1, 1e-14)
	if got := observe(built[sgdlab.Observable](t)(NewNoiseRank(NoiseRankSettings{}, s)), zero)[0][0]; got != d {
		t.Errorf("rank %g, want %d", got, d)
	}
	trace := 0.0
	for _, x := range set.X.Data {
		trace += x * x / n
	}
	near(t, "trace", observe(built[sgdlab.Observable](t)(NewNoiseTrace(NoiseTraceSettings{}, s)), zero)[0][0], trace, 1e-13)
}

// TestNoiseOfEqualSamples: what rounding leaves of the covariance of equal gradients is not noise.
func TestNoiseOfEqualSamples(t *testing.T) {
	set := teacher(t, 9, []float64{1}, 3, 2, 1, false)
	for i := range 9 {
		for j := range 3 {
			set.X.Set(i, j, set.X.At(0, j))
		}
		for j := range 2 {
			set.Y.Set(i, j, set.Y.At(0, j))
		}
	}
	s := deep(t, set, 4)
	theta := random(3, s.Model.Dim(), 0.7)
	rank := observe(built[sgdlab.Observable](t)(NewNoiseRank(NoiseRankSettings{}, s)), theta)
	align := observe(built[sgdlab.Observable](t)(NewNoiseHessianAlignment(NoiseHessianAlignmentSettings{}, s)), theta)
	for l := range lanes.W {
		if rank[0][l] != 0 || !math.IsNaN(rank[1][l]) || !math.IsNaN(align[0][l]) {
			t.Errorf("lane %d: rank %g, participation %g, alignment %g; want 0, NaN, NaN", l, rank[0][l], rank[1][l], align[0][l])
		}
	}
}

func every(t *testing.T, s *sgdlab.Site) []sgdlab.Observable {
	t.Helper()
	var out []sgdlab.Observable
	add := func(o sgdlab.Observable, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	add(NewLoss(LossSettings{}, s))
	add(NewTestLoss(TestLossSettings{}, s))
	add(NewCoordinate(CoordinateSettings{Index: 3}, s))
	add(NewGradientNorm(GradientNormSettings{}, s))
	add(NewParameterNorm(ParameterNormSettings{}, s))
	add(NewSingularValues(SingularValuesSettings{}, s))
	add(NewEffectiveRank(EffectiveRankSettings{}, s))
	add(NewParticipationRatio(ParticipationRatioSettings{}, s))
	add(NewModeOverlap(ModeOverlapSettings{}, s))
	add(NewModeOverlap(ModeOverlapSettings{Of: "teacher"}, s))
	add(NewAlignment(AlignmentSettings{}, s))
	add(NewBalancedness(BalancednessSettings{}, s))
	add(NewLogDetGram(LogDetGramSettings{}, s))
	add(NewNoiseTrace(NoiseTraceSettings{}, s))
	add(NewNoiseRank(NoiseRankSettings{}, s))
	add(NewNoiseHessianAlignment(NoiseHessianAlignmentSettings{}, s))
	add(NewNoiseToDrift(NoiseToDriftSettings{Batch: 4}, s))
	add(NewGradientNoiseKurtosis(GradientNoiseKurtosisSettings{}, s))
	add(NewSharpness(SharpnessSettings{Count: 2}, s))
	return out
}

// TestLanesAreAlone: what a lane reads does not depend on its neighbours, nor on its place, to the bit; and a diverged
// lane reads NaN.
func TestLanesAreAlone(t *testing.T) {
	s := deep(t, teacher(t, 40, []float64{3, 2}, 4, 3, 0.3, false), 8)
	s.Test = deep(t, teacher(t, 15, []float64{3, 2}, 4, 3, 0.3, false), 8).Model
	theta := random(17, s.Model.Dim(), 0.4)
	other := random(19, s.Model.Dim(), 4)
	for i := range other {
		other[i][2] = theta[i][6]
		other[i][5] = theta[i][5]
		other[i][0] = math.NaN()
		other[i][1] = math.Inf(1)
		other[i][3] = 0
		other[i][4] *= 1e200
	}
	for _, o := range every(t, s) {
		a, b := observe(o, theta), observe(o, other)
		for i, c := range o.Columns() {
			if math.IsNaN(a[i][5]) {
				t.Errorf("%s is NaN at an ordinary θ", c.Name)
			}
			if math.Float64bits(a[i][5]) != math.Float64bits(b[i][5]) {
				t.Errorf("%s of lane 5 is %.17g beside some lanes and %.17g beside others", c.Name, a[i][5], b[i][5])
			}
			if math.Float64bits(a[i][6]) != math.Float64bits(b[i][2]) {
				t.Errorf("%s is %.17g in lane 6 and %.17g in lane 2", c.Name, a[i][6], b[i][2])
			}
			if !math.IsNaN(b[i][0]) {
				t.Errorf("%s at θ = NaN is %g", c.Name, b[i][0])
			}
			if strings.HasPrefix(c.Name, "noise") || strings.HasPrefix(c.Name, "sharp") || strings.HasPrefix(c.Name, "singular") {
				if !math.IsNaN(b[i][1]) {
					t.Errorf("%s at θ = ∞ is %g", c.Name, b[i][1])
				}
			}
		}
	}
}

// TestGradients holds Differentiable observables to differences.
func TestGradients(t *testing.T) {
	s := deep(t, teacher(t, 40, []float64{3, 2}, 4, 3, 0.3, false), 8)
	s.Test = deep(t, teacher(t, 15, []float64{3, 2}, 4, 3, 0.3, false), 8).Model
	theta := random(23, s.Model.Dim(), 0.4)
	v := random(29, s.Model.Dim(), 1)
	const step = 1e-3
	var ws lanes.Arena
	differentiable := 0
	for _, o := range every(t, s) {
		f, ok := o.(sgdlab.Differentiable)
		if !ok {
			continue
		}
		differentiable++
		g := make(lanes.Pack, len(theta))
		f.Gradient(g, theta, &ws)
		up, down := append(lanes.Pack(nil), theta...), append(lanes.Pack(nil), theta...)
		lanes.AddScaled(up, lanes.Splat(step), v)
		lanes.AddScaled(down, lanes.Splat(-step), v)
		a, b, slope := observe(o, up), observe(o, down), lanes.Dot(g, v)
		for l := range lanes.W {
			if d := (a[0][l] - b[0][l]) / (2 * step); math.Abs(d-slope[l]) > 1e-4*(1+math.Abs(d)) {
				t.Errorf("%s: slope %g along v, differences say %g", o.Columns()[0].Name, slope[l], d)
			}
		}
	}
	if differentiable != 4 {
		t.Errorf("%d observables are differentiable; want loss, test-loss, coordinate and parameter-norm", differentiable)
	}
}

func TestPairs(t *testing.T) {
	s := diagonal(t, teacher(t, 12, []float64{1}, 5, 1, 0.3, false))
	p, err := sgdlab.As[sgdlab.Paired](s.Model)
	if err != nil {
		t.Fatal(err)
	}
	u, v := p.Pairs()
	theta := random(31, s.Model.Dim(), 1)
	theta[u[2]], theta[v[2]] = lanes.Splat(1e-9), lanes.Splat(2e-9)
	theta[u[3]], theta[v[4]] = lanes.Vec{}, lanes.Vec{} // g is read off the other of the pair
	product := built[sgdlab.Accumulator](t)(NewHyperbolicProduct(HyperbolicProductSettings{}, s))
	integral := built[sgdlab.Accumulator](t)(NewLossIntegral(LossIntegralSettings{}, s))
	invariant := built[sgdlab.Observable](t)(NewHyperbolicInvariant(HyperbolicInvariantSettings{}, s))
	start := observe(invariant, theta)[0]
	acc, sum := make(lanes.Pack, 1), make(lanes.Pack, 1)
	var want lanes.Vec
	var ws lanes.Arena
	g := make(lanes.Pack, len(theta))
	live := lanes.All.Without(3)
	for k := range 60 {
		eta := 0.05
		s.Model.Grad(g, theta, &ws)
		if k%5 == 0 { // the law holds for any multiplier, also a large one
			lanes.Scale(g, -3)
		}
		loss := s.Model.Loss(theta, &ws)
		next := append(lanes.Pack(nil), theta...)
		lanes.Descend(next, lanes.Splat(eta), g, live)
		rec := &sgdlab.StepRecord{Dt: lanes.Splat(eta), Live: live, Gradient: g}
		product.Add(acc, theta, next, rec, &ws)
		integral.Add(sum, theta, next, rec, &ws)
		for l := range want {
			want[l] += eta * loss[l]
		}
		theta = next
	}
	end := observe(invariant, theta)[0]
	for l := range lanes.W {
		if l == 3 {
			if acc[0][l] != 0 || sum[0][l] != 0 {
				t.Errorf("a lane that is not live gained %g and %g", acc[0][l], sum[0][l])
			}
			continue
		}
		if math.Abs(end[l]-start[l]-acc[0][l]) > 1e-11 || math.Abs(acc[0][l]) < 1e-3 {
			t.Errorf("lane %d: mean ln|u² − v²| moved by %.15g, the factors say %.15g", l, end[l]-start[l], acc[0][l])
		}
		near(t, "∫L dt", sum[0][l], want[l], 1e-13)
	}
	gap := 0.0
	for i := range u {
		x := theta[u[i]][0]*theta[u[i]][0] - theta[v[i]][0]*theta[v[i]][0]
		gap += x * x
	}
	near(t, "balancedness", observe(built[sgdlab.Observable](t)(NewBalancedness(BalancednessSettings{}, s)), theta)[0][0], math.Sqrt(gap), 1e-12)

	product.Add(acc, theta, theta, &sgdlab.StepRecord{Live: lanes.All}, &ws)
	if !math.IsNaN(acc[0][0]) {
		t.Errorf("a step without a gradient added %g", acc[0][0])
	}
	for _, x := range []float64{1e-12, 1e-5, 0.3, 0.8, 1.5, 40} {
		near(t, "ln|1 − x²|", logLess(x), map[bool]float64{true: math.Log1p(-x * x), false: math.Log(math.Abs(1 - x*x))}[x < 1], 1e-14)
	}
}

func TestBalancednessOffBalance(t *testing.T) {
	s := deep(t, target(t, 1, 1), 3, 2)
	theta := random(37, s.Model.Dim(), 1)
	got := observe(built[sgdlab.Observable](t)(NewBalancedness(BalancednessSettings{}, s)), theta)[0]
	for l := range lanes.W {
		w := []*mat.Dense{dense64(theta[:6], 3, 2, l), dense64(theta[6:12], 2, 3, l), dense64(theta[12:], 2, 2, l)}
		worst := 0.0
		for i := range 2 {
			var a, b mat.Dense
			a.Mul(w[i+1].T(), w[i+1])
			b.Mul(w[i], w[i].T())
			a.Sub(&a, &b)
			worst = max(worst, mat.Norm(&a, 2))
		}
		near(t, "balancedness", got[l], worst, 1e-13)
	}
	align := observe(built[sgdlab.Observable](t)(NewAlignment(AlignmentSettings{}, s)), theta)
	for l := range lanes.W {
		var low, high mat.SVD
		low.Factorize(dense64(theta[:6], 3, 2, l), mat.SVDThin)
		high.Factorize(dense64(theta[6:12], 2, 3, l), mat.SVDThin)
		var u, v mat.Dense
		low.UTo(&u)
		high.VTo(&v)
		near(t, "alignment[1]", align[0][l], math.Abs(mat.Dot(u.ColView(0), v.ColView(0))), 1e-12)
	}
}

// TestRefusals: what cannot be read is refused with a remedy.
func TestRefusals(t *testing.T) {
	set := teacher(t, 40, []float64{3, 2}, 4, 3, 0.3, false)
	net := deep(t, set, 6)
	well := &sgdlab.Site{Model: built[sgdlab.Model](t)(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil))}
	none := &sgdlab.Site{}
	fail := func(name, want string) func(o any, err error) {
		return func(o any, err error) {
			t.Helper()
			if err == nil {
				t.Errorf("%s: no error; want one with %q", name, want)
			} else if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q; want %q in it", name, err, want)
			}
		}
	}
	check := func(name, want string, err error) { t.Helper(); fail(name, want)(nil, err) }
	_, err := NewLoss(LossSettings{}, none)
	check("loss without model", "there is none", err)
	_, err = NewTestLoss(TestLossSettings{}, net)
	check("test-loss", "train: 0.8", err)
	_, err = NewTestLoss(TestLossSettings{}, well)
	check("test-loss", "no data", err)
	_, err = NewCoordinate(CoordinateSettings{Index: 1}, well)
	check("coordinate", "use 0 to 0", err)
	_, err = NewSingularValues(SingularValuesSettings{}, well)
	check("singular-values", "EndToEnd", err)
	_, err = NewSingularValues(SingularValuesSettings{Count: 4}, net)
	check("singular-values", "use at most 3", err)
	anonymous := built[*data.Set](t)(data.NewGaussian(data.GaussianSettings{Samples: 9, Inputs: 2, Outputs: 1, LabelNoise: 1, Teacher: "none"}, &data.Env{}))
	_, err = NewModeOverlap(ModeOverlapSettings{Of: "teacher"}, deep(t, anonymous))
	check("mode-overlap", "known teacher", err)
	_, err = NewModeOverlap(ModeOverlapSettings{Count: 9}, net)
	check("mode-overlap", "use at most 3", err)
	_, err = NewAlignment(AlignmentSettings{}, deep(t, set))
	check("alignment", "at least 2", err)
	_, err = NewBalancedness(BalancednessSettings{}, well)
	check("balancedness", "Paired", err)
	_, err = NewLogDetGram(LogDetGramSettings{}, net)
	check("log-det-gram", "width of at least 7", err)
	_, err = NewLogDetGram(LogDetGramSettings{}, deep(t, set, 9, 9))
	check("log-det-gram", "two layers", err)
	_, err = NewNoiseTrace(NoiseTraceSettings{}, well)
	check("noise-trace", "Sampled", err)
	_, err = NewNoiseRank(NoiseRankSettings{Tolerance: 1e-20}, net)
	check("noise-rank", "rounding", err)
	wide := deep(t, teacher(t, 1500, []float64{1}, 40, 40, 0.1, false))
	_, err = NewNoiseRank(NoiseRankSettings{}, wide)
	check("noise-rank", "size 1500", err)
	_, err = NewNoiseHessianAlignment(NoiseHessianAlignmentSettings{}, wide)
	check("noise-hessian-alignment", "too large", err)
	_, err = NewSharpness(SharpnessSettings{Count: 2}, well)
	check("sharpness", "at most 1", err)
	_, err = NewHyperbolicProduct(HyperbolicProductSettings{}, net)
	check("hyperbolic-product", "two vectors", err)
}

func TestColumns(t *testing.T) {
	s := deep(t, teacher(t, 40, []float64{3, 2}, 4, 3, 0.3, false), 8)
	s.Test = s.Model
	var names []string
	for _, o := range every(t, s) {
		for _, c := range o.Columns() {
			names = append(names, c.Name)
		}
	}
	const want = "loss test-loss coordinate[3] gradient-norm parameter-norm singular-value[1] singular-value[2] singular-value[3] " +
		"effective-rank participation-ratio mode[1] mode[2] mode[3] mode[1] mode[2] alignment[1] balancedness log-det-gram " +
		"noise-trace noise-rank noise-participation-rank noise-hessian-alignment noise-to-drift gradient-noise-kurtosis gradient-noise-kurtosis-top gradient-noise-kurtosis-whitened sharpness[1] sharpness[2] sharpness-residual"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("columns\n%s\nwant\n%s", got, want)
	}
}

func BenchmarkObservables(b *testing.B) {
	set, err := data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 5, Outputs: 5, Samples: 200, SingularValues: []float64{3, 2, 1}, LabelNoise: 0.3, Whiten: true}, &data.Env{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	m, err := model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{5, 5, 5, 5}}, set)
	if err != nil {
		b.Fatal(err)
	}
	s := &sgdlab.Site{Data: set, Model: m}
	theta := random(1, m.Dim(), 0.4)
	trace, _ := NewNoiseTrace(NoiseTraceSettings{}, s)
	rank, _ := NewNoiseRank(NoiseRankSettings{}, s)
	align, _ := NewNoiseHessianAlignment(NoiseHessianAlignmentSettings{}, s)
	sharp, _ := NewSharpness(SharpnessSettings{}, s)
	values, _ := NewSingularValues(SingularValuesSettings{}, s)
	for _, o := range []sgdlab.Observable{trace, rank, align, sharp, values} {
		b.Run(o.Columns()[0].Name, func(b *testing.B) {
			var ws lanes.Arena
			dst := make(lanes.Pack, len(o.Columns()))
			for b.Loop() {
				ws.Reset()
				o.Observe(dst, theta, &sgdlab.Clock{}, &ws)
			}
		})
	}
}
