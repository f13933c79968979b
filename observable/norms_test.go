package observable

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/start"
)

// explicit is J(θ) in one lane, a row for each sample and output, by pullbacks of one row each.
func explicit(s *sgdlab.Site, theta lanes.Pack, l int) *mat.Dense {
	m, _ := sgdlab.As[sgdlab.Sampled](s.Model)
	n, k, d := m.Samples(), m.Outputs(), m.Dim()
	j := mat.NewDense(n*k, d, nil)
	var ws lanes.Arena
	for i := range n {
		rows := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 1)}
		for l := range lanes.W {
			rows.Index[0][l] = int32(i)
		}
		for o := range k {
			c, g := make(lanes.Pack, k), make(lanes.Pack, d)
			c[o] = lanes.Splat(1)
			m.Pullback(g, theta, c, rows, nil, &ws)
			j.SetRow(i*k+o, g.Lane(nil, l))
		}
	}
	return j
}

func spectrum(a mat.Matrix) []float64 {
	var svd mat.SVD
	svd.Factorize(a, mat.SVDNone)
	return svd.Values(nil)
}

// TestJacobian holds rank and norms to an explicit J, also where the sums over rows are not taken through the map.
func TestJacobian(t *testing.T) {
	sites := map[string]*sgdlab.Site{
		"tall":     deep(t, teacher(t, 12, []float64{2, 1}, 3, 2, 0.5, false), 4),
		"wide":     deep(t, teacher(t, 4, []float64{2, 1}, 5, 2, 0.5, false), 3, 4),
		"target":   deep(t, target(t, 3, 2, 1), 3),
		"pairs":    diagonal(t, teacher(t, 12, []float64{2}, 3, 1, 0.5, false)),
		"pairs, d": diagonal(t, teacher(t, 3, []float64{2}, 6, 1, 0.5, false)),
	}
	for name, s := range sites {
		d := s.Model.Dim()
		theta := random(4, d, 0.8)
		for l := range lanes.W {
			theta[0][l], theta[d-1][l] = 0, 0 // so that the Jacobian of pairs has a column of 0, and another
		}
		ranks := func(c RankSettings) sgdlab.Observable {
			return built[sgdlab.Observable](t)(NewJacobianRank(c, s))
		}
		norms := built[sgdlab.Observable](t)(NewJacobianNorms(JacobianNormsSettings{Coordinates: []int{1, d - 1}}, s)).(*JacobianNorms)
		plain := &JacobianNorms{jacobian: &jacobian{of: norms.of}, Coordinates: norms.Coordinates}
		if norms.mapped == nil || norms.rows() > plain.rows() {
			t.Errorf("%s: %d rows, plain %d", name, norms.rows(), plain.rows())
		}
		got, slow := observe(norms, theta), observe(plain, theta)
		for _, l := range []int{0, 5} {
			j := explicit(s, theta, l)
			near(t, name+": ‖J‖", got[0][l], mat.Norm(j, 2), 1e-13)
			near(t, name+": ‖J‖ by rows", slow[0][l], mat.Norm(j, 2), 1e-13)
			logs := 0.0
			for c := range d {
				logs += math.Log(mat.Norm(j.ColView(c), 2)) / float64(d)
			}
			if math.IsInf(logs, -1) {
				if !math.IsInf(got[1][l], -1) {
					t.Errorf("%s: the mean logarithm is %g, and a column is 0", name, got[1][l])
				}
			} else {
				near(t, name+": mean ln‖J·ⱼ‖", got[1][l], logs, 1e-12)
			}
			near(t, name+": ‖J·₁‖", got[2][l], mat.Norm(j.ColView(1), 2), 1e-13)
			near(t, name+": ‖J·ⱼ‖ by rows", slow[3][l], mat.Norm(j.ColView(d-1), 2), 1e-12)

			sigma := spectrum(j)
			for _, c := range []RankSettings{{Relative: 0.3}, {Relative: 1e-9}, {Absolute: sigma[1] * 0.999}, {Relative: 0.5, Absolute: sigma[0] * 1.001}} {
				want := 0.0
				for _, x := range sigma {
					if x > max(c.Relative*sigma[0], c.Absolute) {
						want++
					}
				}
				if got := observe(ranks(c), theta)[0][l]; got != want {
					t.Errorf("%s: rank %g at %+v, want %g of %.3g", name, got, c, want, sigma)
				}
			}
		}
	}
}

func TestRanksAndNorms(t *testing.T) {
	s := deep(t, target(t, 5, 3, 1), 3)
	m, _ := sgdlab.As[sgdlab.Saddled](s.Model)
	for k := range 4 {
		modes := []int{1, 2, 3}[:k]
		theta, _, err := m.Critical(modes)
		if err != nil {
			t.Fatal(err)
		}
		at := lanes.Of(theta)
		near(t, "rank of so many modes", 1+observe(built[sgdlab.Observable](t)(NewRank(RankSettings{Relative: 1e-9}, s)), at)[0][2], 1+float64(k), 0)
		near(t, "rank above 2", observe(built[sgdlab.Observable](t)(NewRank(RankSettings{Absolute: 2}, s)), at)[0][2], float64(min(k, 2)), 0)
		for norm, of := range map[string]func(x []float64) float64{
			"frobenius": func(x []float64) float64 { return math.Sqrt(x[0]*x[0] + x[1]*x[1] + x[2]*x[2]) },
			"spectral":  func(x []float64) float64 { return x[0] },
			"nuclear":   func(x []float64) float64 { return x[0] + x[1] + x[2] },
		} {
			sigma := []float64{math.Sqrt(5), math.Sqrt(3), 1} // of each balanced layer
			clear(sigma[k:])
			for i, got := range observe(built[sgdlab.Observable](t)(NewLayerNorms(LayerNormsSettings{Norm: norm}, s)), at) {
				near(t, norm+" of a layer", 1+got[7], 1+of(sigma), 1e-13)
				if i > 1 {
					t.Errorf("%d norms of two layers", i+1)
				}
			}
		}
	}

	p := diagonal(t, teacher(t, 9, []float64{2}, 4, 1, 0, false))
	theta := lanes.Of([]float64{1, 2, -2, 0.1, 3, 0.5, 1, 0}) // β = 3, 1, −2, 0
	for what, want := range map[sgdlab.Observable]float64{
		built[sgdlab.Observable](t)(NewL1Norm(L1NormSettings{}, p)):               6,
		built[sgdlab.Observable](t)(NewL0Norm(RankSettings{}, p)):                 3,
		built[sgdlab.Observable](t)(NewL0Norm(RankSettings{Relative: 0.34}, p)):   2,
		built[sgdlab.Observable](t)(NewL0Norm(RankSettings{Absolute: 2}, p)):      1,
		built[sgdlab.Observable](t)(NewLayerNorms(LayerNormsSettings{}, p)):       math.Sqrt(9.01),
		built[sgdlab.Observable](t)(NewParameterNorm(ParameterNormSettings{}, p)): math.Sqrt(9.01 + 10.25),
	} {
		near(t, what.Columns()[0].Name, observe(what, theta)[0][3], want, 1e-15)
	}
	near(t, "‖v‖", observe(built[sgdlab.Observable](t)(NewLayerNorms(LayerNormsSettings{}, p)), theta)[1][3], math.Sqrt(10.25), 1e-15)
}

// TestActivations holds hidden units to the outputs that they make, and the sparsity of features to its definition.
func TestActivations(t *testing.T) {
	triple := teacher(t, 12, []float64{2}, 3, 1, 0.5, false)
	for name, s := range map[string]*sgdlab.Site{
		"three layers": deep(t, teacher(t, 12, []float64{2, 1}, 3, 2, 0.5, false), 4, 3),
		"pairs":        diagonal(t, teacher(t, 12, []float64{2}, 3, 1, 0.5, false)),
		"triples":      {Data: triple, Model: built[sgdlab.Model](t)(model.NewDiagonal(model.DiagonalSettings{Parametrisation: "product", Depth: 3}, triple))},
	} {
		f, _ := sgdlab.As[sgdlab.Featured](s.Model)
		net, _ := sgdlab.As[sgdlab.Network](s.Model)
		theta := random(8, s.Model.Dim(), 1)
		var ws lanes.Arena
		n, units := 12, f.Features()
		rows := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, 5)}
		for i := range rows.Index {
			for l := range lanes.W {
				rows.Index[i][l] = int32((3*i + l) % n)
			}
		}
		for _, rows := range []sgdlab.Rows{sgdlab.AllRows(n), rows} {
			last := len(units) - 1
			a := make(lanes.Pack, rows.Len()*units[last])
			f.Activations(a, theta, last, rows, &ws)
			h := make(lanes.Pack, rows.Len()*net.Outputs())
			net.Predict(h, theta, rows, &ws)
			out := theta[len(theta)-net.Outputs()*units[last]:]
			for l := range lanes.W {
				for i := range rows.Len() {
					for o := range net.Outputs() {
						sum := 0.0
						for j := range units[last] {
							sum += out[o*units[last]+j][l] * a[i*units[last]+j][l]
						}
						near(t, name+": output", sum, h[i*net.Outputs()+o][l], 1e-11)
					}
				}
			}
		}

		// One unit is another, doubled; one is dead.
		m, d := units[0], s.Data.Inputs()
		if name == "three layers" {
			for j := range d {
				for l := range lanes.W {
					theta[d+j][l] = 2 * theta[j][l]
					theta[2*d+j][l] = 0
				}
			}
		}
		a := make(lanes.Pack, n*m)
		f.Activations(a, theta, 0, sgdlab.AllRows(n), &ws)
		for _, c := range []FeatureSparsitySettings{{Correlation: 0.95}, {Tolerance: 0.3, Correlation: 0.95}, {Tolerance: 0.1, Correlation: 0.2}, {Correlation: 2}} {
			got := observe(built[sgdlab.Observable](t)(NewFeatureSparsity(c, s)), theta)
			for l := range lanes.W {
				var columns [][]float64
				top := 0.0
				for j := range m {
					x := make([]float64, n)
					for i := range x {
						x[i] = a[i*m+j][l]
						top = max(top, math.Abs(x[i]))
					}
					columns = append(columns, x)
				}
				var kept []int
				count := 0
				for j, x := range columns {
					if slices.ContainsFunc(kept, func(i int) bool { return stat.Correlation(columns[i], x, nil) >= c.Correlation }) {
						continue
					}
					kept = append(kept, j)
					for _, v := range x {
						if math.Abs(v) > c.Tolerance*top {
							count++
						}
					}
				}
				near(t, name+": feature sparsity", got[0][l], float64(count)/float64(n*m), 1e-15)
			}
		}
	}
	// Units at 0°, 30° and 60° on white inputs: the second is no other than the first, the third is none of the distinct.
	o := &FeatureSparsity{Of: fan{}, Samples: 4, Correlation: 0.8, units: []int{3}}
	if got := observe(o, make(lanes.Pack, 1))[0][4]; got != 2*4/12. {
		t.Errorf("feature sparsity %g of a fan, want %g", got, 2*4/12.)
	}
	// In the authors' code each goes that is like another that is left: the first for the second, the second for the third.
	o.Authors = true
	if got := observe(o, make(lanes.Pack, 1))[0][4]; got != 4/12. {
		t.Errorf("feature sparsity %g of a fan as the authors count it, want %g", got, 4/12.)
	}
	if _, err := NewFeatureSparsity(FeatureSparsitySettings{}, deep(t, target(t, 2, 1))); err == nil {
		t.Error("a network of one layer has features")
	}
}

// A model's minima are told apart by nearness, in its order; saddles are none.
func TestNearestMinimum(t *testing.T) {
	well := built[sgdlab.Model](t)(model.NewDoubleWell(model.DoubleWellSettings{Barrier: 0.25, Well: 2}, nil))
	o := built[sgdlab.Observable](t)(NewNearestMinimum(NearestMinimumSettings{}, &sgdlab.Site{Model: well}))
	theta := lanes.Pack{{-7, -1.9, -0.1, 0, 0.1, 1.9, 7, math.NaN()}}
	got := observe(o, theta)
	for l, want := range [][2]float64{{1, 5}, {1, 0.1}, {1, 1.9}, {1, 2}, {2, 1.9}, {2, 0.1}, {2, 5}} {
		near(t, "well", got[0][l], want[0], 0)
		near(t, "distance", got[1][l], want[1], 1e-14)
	}
	if !math.IsNaN(got[0][7]) || !math.IsNaN(got[1][7]) {
		t.Errorf("a diverged replica is in well %g", got[0][7])
	}
	hill := built[sgdlab.Model](t)(model.NewQuadratic(model.QuadraticSettings{Spectrum: []float64{1, -1}}, nil))
	if _, err := NewNearestMinimum(NearestMinimumSettings{}, &sgdlab.Site{Model: hill}); err == nil {
		t.Error("a saddle is a minimum")
	}
}

// fan are units at angles of 30°, of samples at the corners of a square.
type fan struct{}

func (fan) Features() []int { return []int{3} }
func (fan) Activations(dst, _ lanes.Pack, _ int, _ sgdlab.Rows, _ *lanes.Arena) {
	for i, x := range [][2]float64{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
		for j := range 3 {
			sin, cos := math.Sincos(math.Pi / 6 * float64(j))
			dst[3*i+j] = lanes.Splat(cos*x[0] + sin*x[1])
		}
	}
}

// TestDistanceToStart draws the starts anew from their addresses, with the seeds of the starts.
func TestDistanceToStart(t *testing.T) {
	s := deep(t, target(t, 2, 1), 2)
	s.Start = built[sgdlab.Start](t)(start.NewGaussian(start.GaussianSettings{Deviation: sgdlab.Constant(0.5)}, s.At("start")))
	d := s.Model.Dim()
	for _, seeded := range []bool{false, true} {
		if seeded {
			s.StartSeed = func(point int32) uint64 { return uint64(70 + point) }
		}
		o := built[sgdlab.Observable](t)(NewDistanceToStart(DistanceToStartSettings{From: "start"}, s))
		theta := random(2, d, 1)
		for round := range uint64(3) {
			at, first := &sgdlab.Clock{}, &sgdlab.Clock{}
			for l := range lanes.W {
				at.Point[l], at.Replica[l], at.Seed[l], at.Step[l], at.Branch[l] = int32(l%2), uint64(l)+round/2, 9+round, 40+round, 3
				first.Point[l], first.Replica[l], first.Seed[l] = at.Point[l], at.Replica[l], at.Seed[l]
				if seeded {
					first.Seed[l] = uint64(70 + l%2)
				}
			}
			want := make(lanes.Pack, d)
			s.Start.Draw(want, first)
			lanes.Sub(want, theta, want)
			dst, ws := make(lanes.Pack, 1), &lanes.Arena{}
			o.Observe(dst, theta, at, ws)
			for l, x := range root(lanes.Dot(want, want)) {
				near(t, "distance to the start", dst[0][l], x, 0)
			}
		}
	}
	if _, err := NewDistanceToStart(DistanceToStartSettings{From: "start"}, deep(t, target(t, 2, 1), 2)); err == nil {
		t.Error("no start, and a distance to it")
	}
}

// TestDistanceDerivatives holds gradient and Hessian of norms to differences.
func TestDistanceDerivatives(t *testing.T) {
	s := deep(t, target(t, 2, 1), 2)
	d := s.Model.Dim()
	centre := make([]float64, d)
	for i := range centre {
		centre[i] = 0.3 * float64(i)
	}
	s.Start = built[sgdlab.Start](t)(start.NewPoint(start.PointSettings{At: start.Coordinates{List: centre}}, s))
	for _, o := range []sgdlab.Observable{
		built[sgdlab.Observable](t)(NewParameterNorm(ParameterNormSettings{}, s)),
		built[sgdlab.Observable](t)(NewDistanceToStart(DistanceToStartSettings{From: "centre"}, s)),
	} {
		f := o.(sgdlab.TwiceDifferentiable)
		theta, v := random(3, d, 1), random(6, d, 1)
		g, hv := make(lanes.Pack, d), make(lanes.Pack, d)
		var ws lanes.Arena
		f.Gradient(g, theta, &ws)
		f.HessVec(hv, theta, v, &ws)
		const h = 1e-5
		up, down := make(lanes.Pack, d), make(lanes.Pack, d)
		lanes.Copy(up, theta)
		lanes.AddScaled(up, lanes.Splat(h), v)
		lanes.Copy(down, theta)
		lanes.AddScaled(down, lanes.Splat(-h), v)
		high, low := observe(o, up), observe(o, down)
		gu, gd := make(lanes.Pack, d), make(lanes.Pack, d)
		f.Gradient(gu, up, &ws)
		f.Gradient(gd, down, &ws)
		for l := range lanes.W {
			near(t, "⟨∇f, v⟩", lanes.Dot(g, v)[l], (high[0][l]-low[0][l])/(2*h), 1e-7)
			for j := range d {
				if want := (gu[j][l] - gd[j][l]) / (2 * h); !(math.Abs(hv[j][l]-want) <= 1e-8) {
					t.Errorf("∇²f v: %g, want %g", hv[j][l], want)
				}
			}
		}
		zero := make(lanes.Pack, d)
		if p, ok := o.(*DistanceToCentre); ok {
			lanes.Copy(zero, p.centre)
		}
		f.Gradient(g, zero, &ws)
		f.HessVec(hv, zero, v, &ws)
		if lanes.MaxAbs(g) != (lanes.Vec{}) || lanes.MaxAbs(hv) != (lanes.Vec{}) {
			t.Error("derivatives at the centre are not taken as 0")
		}
	}
}

// The growth of layers is what a short step of descent changes their squared norms by, to first order; of a linear network it is one number.
func TestLayerGrowth(t *testing.T) {
	s := deep(t, teacher(t, 30, []float64{2, 1}, 4, 2, 0.5, false), 5, 3)
	o, err := NewLayerGrowth(LayerGrowthSettings{}, s)
	if err != nil {
		t.Fatal(err)
	}
	theta, g, ws := random(6, s.Model.Dim(), 0.7), make(lanes.Pack, s.Model.Dim()), &lanes.Arena{}
	s.Model.Grad(g, theta, ws)
	dst := make(lanes.Pack, 3)
	o.Observe(dst, theta, &sgdlab.Clock{}, ws)
	for i, w := range o.(*LayerGrowth).Layers {
		for l := range lanes.W {
			const eta = 1e-6
			up, down := 0.0, 0.0
			for j := w.Offset; j < w.End(); j++ {
				x, y := theta[j][l]-eta*g[j][l], theta[j][l]+eta*g[j][l]
				up, down = up+x*x, down+y*y
			}
			if want := (up - down) / (2 * eta); math.Abs(dst[i][l]-want) > 1e-7*math.Abs(want) || math.Abs(dst[i][l]-dst[0][l]) > 1e-12*math.Abs(dst[0][l]) {
				t.Errorf("layer %d, lane %d: %.12g, want %.12g", i+1, l, dst[i][l], want)
			}
		}
	}
}
