package observable

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/model"
)

// matrixOf is a curvature in one lane, by products with the unit vectors.
func matrixOf(t *testing.T, s *sgdlab.Site, of string, theta lanes.Pack, l int) *mat.SymDense {
	t.Helper()
	m, err := newCurvature(CurvatureSettings{Of: of}, s)
	if err != nil {
		t.Fatal(err)
	}
	h := mat.NewSymDense(m.dim, nil)
	e, he, ws := make(lanes.Pack, m.dim), make(lanes.Pack, m.dim), &lanes.Arena{}
	op := m.at(theta, ws)
	for j := range m.dim {
		e[j] = lanes.Splat(1)
		op(he, e)
		e[j] = lanes.Vec{}
		for i := range j + 1 {
			h.SetSym(i, j, he[i][l])
		}
	}
	return h
}

func eigenvalues(h mat.Symmetric) []float64 {
	var e mat.EigenSym
	e.Factorize(h, false)
	v := e.Values(nil)
	slices.Reverse(v)
	return v
}

func observed(t *testing.T, o sgdlab.Observable, err error, theta lanes.Pack) lanes.Pack {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	at := &sgdlab.Clock{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = 3, uint64(l)
	}
	dst, ws := make(lanes.Pack, len(o.Columns())), &lanes.Arena{}
	o.Observe(dst, theta, at, ws)
	if ws.Mark() != 0 {
		t.Errorf("%d rows of scratch in use", ws.Mark())
	}
	return dst
}

func isNear(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

// Both ends of the spectrum, of the Hessian, of its parts and of the block of a layer, small and by search, against all eigenvalues.
func TestEndsOfTheSpectrum(t *testing.T) {
	for _, hidden := range []int{2, 9} { // of 18 and of 81 parameters
		s := deep(t, teacher(t, 30, []float64{2, 1}, 5, 4, 0.5, false), hidden)
		theta := random(8, s.Model.Dim(), 0.5)
		parts := map[string]*mat.SymDense{}
		for _, of := range []string{"hessian", "gauss-newton", "residual"} {
			h := matrixOf(t, s, of, theta, 2)
			parts[of] = h
			all := eigenvalues(h)
			for _, end := range []string{"largest", "smallest"} {
				for _, layer := range []int{0, 2} {
					want := all
					if layer > 0 {
						from := 5 * hidden
						want = eigenvalues(h.SliceSym(from, from+4*hidden))
					}
					if end == "smallest" {
						want = slices.Clone(want)
						slices.Reverse(want)
					}
					o, err := NewSharpness(SharpnessSettings{Count: 2, Tolerance: 1e-9, End: end, CurvatureSettings: CurvatureSettings{Of: of, Layer: layer}}, s)
					got := observed(t, o, err, theta)
					for i := range 2 {
						isNear(t, of+" "+end+" "+o.Columns()[i].Name, got[i][2], want[i], 1e-8*max(1, math.Abs(all[0])))
					}
				}
			}
		}
		var sum mat.SymDense
		sum.AddSym(parts["gauss-newton"], parts["residual"])
		if !mat.EqualApprox(&sum, parts["hessian"], 1e-12*mat.Norm(parts["hessian"], 2)) {
			t.Error("the parts do not add up")
		}
		if all := eigenvalues(parts["gauss-newton"]); all[len(all)-1] < -1e-10 {
			t.Errorf("the Gauss–Newton part has the eigenvalue %g", all[len(all)-1])
		}
	}
}

// Indices and nullities of named critical points are those of the chart.
func TestMorseIndexOfCharts(t *testing.T) {
	made := func(m sgdlab.Model, err error) sgdlab.Model {
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, m := range map[string]sgdlab.Model{
		"double well":       made(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 1}, nil)),
		"Müller–Brown":      made(model.NewMullerBrown(model.MullerBrownSettings{Scale: 1}, nil)),
		"Styblinski–Tang":   made(model.NewStyblinskiTang(model.StyblinskiTangSettings{Dimension: 2}, nil)),
		"degenerate saddle": made(model.NewDegenerateSaddle(model.DegenerateSaddleSettings{Power: 4, Coefficient: 1, Well: math.NaN()}, nil)),
	} {
		o, err := NewMorseIndex(MorseIndexSettings{Tolerance: 1e-8}, &sgdlab.Site{Model: m})
		for _, p := range m.(sgdlab.Charted).CriticalPoints() {
			got := observed(t, o, err, lanes.Of(p.At))
			if got[0][4] != float64(p.Index) || got[1][4] != float64(p.Nullity) {
				t.Errorf("%s, %s: index %g and nullity %g, want %d and %d", name, p.Name, got[0][4], got[1][4], p.Index, p.Nullity)
			}
		}
	}
	// Of W₂W₁ at the origin: ± singular values of the slope, each as often as there are hidden units; and no curvature is all nullity.
	s := deep(t, target(t, 3, 1), 2)
	o, err := NewMorseIndex(MorseIndexSettings{Tolerance: 1e-8}, s)
	if got := observed(t, o, err, make(lanes.Pack, s.Model.Dim())); got[0][0] != 4 || got[1][0] != 0 {
		t.Errorf("at the origin: index %g and nullity %g, want 4 and 0", got[0][0], got[1][0])
	}
	s = deep(t, target(t, 3, 1), 2, 2)
	o, err = NewMorseIndex(MorseIndexSettings{Tolerance: 1e-8}, s)
	if got := observed(t, o, err, make(lanes.Pack, s.Model.Dim())); got[0][0] != 0 || got[1][0] != 12 {
		t.Errorf("at the origin of three layers: index %g and nullity %g, want 0 and 12", got[0][0], got[1][0])
	}
	big := deep(t, teacher(t, 30, []float64{2, 1}, 30, 30, 0.5, false), 30)
	if _, err := NewMorseIndex(MorseIndexSettings{}, big); err == nil {
		t.Error("1800 eigenvalues are counted")
	}
}

// wishart is linear regression, whose Hessian XᵀX/n is a Wishart matrix.
func wishart(t *testing.T, n, d int) *sgdlab.Site {
	t.Helper()
	set, err := data.NewGaussian(data.GaussianSettings{Inputs: d, Outputs: 1, Samples: n, Teacher: "none", LabelNoise: 1}, &data.Env{Seed: 11})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewLinear(model.LinearSettings{}, set)
	if err != nil {
		t.Fatal(err)
	}
	return &sgdlab.Site{Data: set, Model: m, Place: "observe[0]"}
}

// The density of a Wishart matrix, exact and by quadrature, is that of its eigenvalues and of Marchenko and Pastur; its trace is that of Σxx.
func TestWishart(t *testing.T) {
	bounds := []float64{0.2, 0.5, 1, 1.5, 2, 2.8}
	for _, d := range []int{200, 400} { // exact, and by probes
		n := 2 * d
		s := wishart(t, n, d)
		theta := make(lanes.Pack, d)
		all := eigenvalues(matrixOf(t, s, "hessian", theta, 0))
		o, err := NewSpectralDensity(SpectralDensitySettings{Bounds: bounds, Probes: 32, Steps: 60}, s)
		got := observed(t, o, err, theta)
		bins := len(bounds) + 1
		total := 0.0
		for j := range bins {
			low, high := math.Inf(-1), math.Inf(1)
			if j > 0 {
				low = bounds[j-1]
			}
			if j < bins-1 {
				high = bounds[j]
			}
			exact := 0.0
			for _, x := range all {
				if x > low && x <= high {
					exact += 1 / float64(d)
				}
			}
			value, e := got[j][6], got[bins+j][6]
			total += value
			if d <= dense {
				isNear(t, "an exact density", value, exact, 1e-12)
				isNear(t, "its error", e, 0, 0)
			} else if !(math.Abs(value-exact) <= 5*e+0.004) || e > 0.02 {
				t.Errorf("between %g and %g: %.4f ± %.4f, want %.4f", low, high, value, e, exact)
			}
			// Marchenko–Pastur with ratio ½, by the midpoint rule.
			a, b := math.Pow(1-math.Sqrt(0.5), 2), math.Pow(1+math.Sqrt(0.5), 2)
			law := 0.0
			const steps = 20000
			from, to := max(low, a), min(high, b)
			for i := range steps {
				if to <= from {
					break
				}
				x := from + (to-from)*(float64(i)+0.5)/steps
				law += math.Sqrt((b-x)*(x-a)) / (2 * math.Pi * 0.5 * x) * (to - from) / steps
			}
			if !(math.Abs(value-law) <= 5*e+0.02) {
				t.Errorf("d = %d, between %g and %g: %.4f ± %.4f, Marchenko–Pastur says %.4f", d, low, high, value, e, law)
			}
		}
		isNear(t, "all of the density", total, 1, 1e-12)

		sum := 0.0
		for _, x := range all {
			sum += x
		}
		trace, err := NewHessianTrace(HessianTraceSettings{Probes: 64}, s)
		tr := observed(t, trace, err, theta)
		if d <= dense {
			isNear(t, "an exact trace", tr[0][1], sum, 1e-10)
		} else if e := tr[1][1]; !(math.Abs(tr[0][1]-sum) <= 5*e) || !(e > 0 && e < 0.02*sum) {
			t.Errorf("trace %.4f ± %.4f, want %.4f", tr[0][1], e, sum)
		}
		if d > dense && tr[0][1] == tr[0][2] {
			t.Error("two replicas have the same probes")
		}
	}
}

// Hutch++ is exact for a matrix of rank eight, whatever its probes.
func TestTraceOfLowRank(t *testing.T) {
	set, err := data.NewGaussian(data.GaussianSettings{Inputs: 300, Outputs: 1, Samples: 7, Teacher: "none", LabelNoise: 1}, &data.Env{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.NewLinear(model.LinearSettings{}, set)
	if err != nil {
		t.Fatal(err)
	}
	s := &sgdlab.Site{Data: set, Model: m, Place: "observe[0]"}
	want := 0.0
	for i := range 7 {
		for j := range 300 {
			want += set.X.At(i, j) * set.X.At(i, j) / 7
		}
	}
	o, err := NewHessianTrace(HessianTraceSettings{Probes: 8}, s)
	got := observed(t, o, err, make(lanes.Pack, 300))
	isNear(t, "the trace", got[0][3], want, 1e-9*want)
	isNear(t, "its error", got[1][3], 0, 1e-9*want)
}

// On a quadratic the edge spectrum is ηλ/2 of the eigenvalues above the bound, also where that takes more of them than the first look, and no more than
// `most`.
func TestEdgeSpectrum(t *testing.T) {
	spectrum := make([]float64, 60)
	for i := range spectrum {
		spectrum[i] = 0.1
	}
	copy(spectrum, []float64{10, 9, 8, 7.9, 7.5, 4})
	m, err := model.NewQuadratic(model.QuadraticSettings{Spectrum: spectrum, Rotate: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &sgdlab.Site{Model: m, Rate: sgdlab.Constant(0.21)}
	o, err := NewEdgeSpectrum(EdgeSpectrumSettings{Above: 1.5, Most: 8, Tolerance: 1e-9}, s)
	got := observed(t, o, err, random(3, 60, 1))
	isNear(t, "the count", got[0][5], 5, 0)
	for i, x := range []float64{10, 9, 8, 7.9, 7.5} {
		isNear(t, "an eigenvalue", got[1+i][5], 0.105*x, 1e-8)
	}
	if !math.IsNaN(got[6][5]) {
		t.Errorf("the sixth is %g", got[6][5])
	}
	o, err = NewEdgeSpectrum(EdgeSpectrumSettings{Above: 1.5, Most: 3, Tolerance: 1e-9}, s)
	if got := observed(t, o, err, random(3, 60, 1)); got[0][0] != 3 {
		t.Errorf("%g of at most 3", got[0][0])
	}
	if _, err := NewEdgeSpectrum(EdgeSpectrumSettings{Above: 1.5, Most: 61, Tolerance: 1e-9}, s); err == nil {
		t.Error("61 eigenvalues of 60")
	}
	if _, err := NewEdgeSpectrum(EdgeSpectrumSettings{Above: 1.5, Most: 3, Tolerance: 1e-9}, &sgdlab.Site{Model: m}); err == nil {
		t.Error("an edge without a rate")
	}
}

// Eigenvalues of the noise and the overlap against dense matrices, with more samples than parameters and with fewer.
func TestNoiseHessianOverlap(t *testing.T) {
	for _, n := range []int{9, 60} {
		s := deep(t, teacher(t, n, []float64{2, 1}, 4, 3, 0.5, false), 3)
		theta := random(5, s.Model.Dim(), 0.6)
		o, err := NewNoiseHessianOverlap(NoiseHessianOverlapSettings{Count: 3}, s)
		got := observed(t, o, err, theta)
		j := explicitSamples(s, theta, 1)
		var c mat.Dense
		c.Mul(j.T(), j)
		d := s.Model.Dim()
		sym := mat.NewSymDense(d, nil)
		for a := range d {
			for b := range a + 1 {
				sym.SetSym(a, b, c.At(a, b))
			}
		}
		var noise, curve mat.EigenSym
		noise.Factorize(sym, true)
		curve.Factorize(matrixOf(t, s, "hessian", theta, 1), true)
		var u, v mat.Dense
		noise.VectorsTo(&u)
		curve.VectorsTo(&v)
		values := noise.Values(nil)
		overlap := 0.0
		for a := range 3 {
			isNear(t, "an eigenvalue of the noise", got[a][1], values[d-1-a], 1e-9*values[d-1])
			for b := range 3 {
				x := mat.Dot(u.ColView(d-1-a), v.ColView(d-1-b))
				overlap += x * x / 3
			}
		}
		isNear(t, "the overlap", got[3][1], overlap, 1e-6)
	}
}

// explicitSamples are the centred gradients of the samples over √n, a row for each.
func explicitSamples(s *sgdlab.Site, theta lanes.Pack, l int) *mat.Dense {
	m, _ := sgdlab.As[sgdlab.Sampled](s.Model)
	n, d := m.Samples(), m.Dim()
	j := mat.NewDense(n, d, nil)
	var ws lanes.Arena
	mean := make([]float64, d)
	for i := range n {
		rows := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 1)}
		for c := range lanes.W {
			rows.Index[0][c] = int32(i)
		}
		slope, g := make(lanes.Pack, m.Outputs()), make(lanes.Pack, d)
		tape := m.Slope(slope, theta, rows, &ws)
		m.Pullback(g, theta, slope, rows, tape, &ws)
		for k := range d {
			j.Set(i, k, g[k][l])
			mean[k] += g[k][l] / float64(n)
		}
		ws.Reset()
	}
	for i := range n {
		for k := range d {
			j.Set(i, k, (j.At(i, k)-mean[k])/math.Sqrt(float64(n)))
		}
	}
	return j
}

// The quadrature of Lanczos is exact for moments up to its order, and for everything where the Krylov space ends.
func TestQuadrature(t *testing.T) {
	const d = 40
	h := func(dst, v lanes.Pack) {
		for i := range dst {
			for l, x := range v[i] {
				dst[i][l] = (float64(i%9) - 2) * x // nine eigenvalues
			}
		}
	}
	v, ws := random(6, d, 1), &lanes.Arena{}
	var s linalg.Scratch
	for _, m := range []int{4, 20} {
		nodes, weights := make(lanes.Pack, m), make(lanes.Pack, m)
		s.Quadrature(nodes, weights, v, h, ws)
		for l := range lanes.W {
			norm := 0.0
			for i := range v {
				norm += v[i][l] * v[i][l]
			}
			most := 2*m - 1
			if m > 9 {
				most = 12
			}
			for k := range most + 1 {
				want, got := 0.0, 0.0
				for i := range v {
					want += v[i][l] * v[i][l] / norm * math.Pow(float64(i%9)-2, float64(k))
				}
				for i := range nodes {
					got += weights[i][l] * math.Pow(nodes[i][l], float64(k))
				}
				isNear(t, "a moment", got, want, 1e-11*math.Pow(6, float64(k)))
			}
		}
	}
}
