package model

import (
	"math"
	"slices"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/rng"
)

func matrix(t *testing.T, rows, cols int, rotate bool, s ...float64) *data.Set {
	t.Helper()
	return must[*data.Set](t)(data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: s, Rows: rows, Cols: cols, Rotate: rotate}, &data.Env{Seed: 1}))
}

func deepOn(t *testing.T, set *data.Set, widths ...int) *Linear {
	t.Helper()
	return must[sgdlab.Model](t)(NewDeepLinear(DeepLinearSettings{Widths: widths}, set)).(*Linear)
}

func random(seed uint64, n int) lanes.Pack {
	at := &rng.Lanes{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l] = seed, uint64(l)
	}
	p := make(lanes.Pack, n)
	rng.New("test").Normals(p, at)
	return p
}

// eigenvalues returns those of ∇²L at θ, smallest first.
func eigenvalues(m interface {
	sgdlab.Model
	sgdlab.Curved
}, theta []float64) []float64 {
	d := m.Dim()
	h := lanes.NewMat(d, d)
	at, v, hv := lanes.Of(theta), make(lanes.Pack, d), make(lanes.Pack, d)
	for from := 0; from < d; from += lanes.W {
		lanes.Zero(v)
		for l := 0; l < lanes.W && from+l < d; l++ {
			v[from+l][l] = 1
		}
		m.HessVec(hv, at, v, &lanes.Arena{})
		for l := 0; l < lanes.W && from+l < d; l++ {
			for j := range hv {
				h.Set(j, from+l, hv[j][l])
			}
		}
	}
	shift := 1.0 // makes H + shift I positive, so that its singular values are eigenvalues
	for _, x := range h.Data {
		shift = max(shift, math.Abs(x)*float64(d))
	}
	for j := range d {
		h.Set(j, j, h.At(j, j)+shift)
	}
	_, s, _ := data.SVD(h)
	for j := range s {
		s[j] -= shift
	}
	slices.Sort(s)
	return s
}

// The spectrum at the balanced minimum of ½‖W_L⋯W₁ − M‖²: for every output i and input j
//
//	λᵢⱼ = Σ_k (σᵢ^{1−(k+1)/L} σⱼ^{k/L})²,
//
// and zeros. Those of square M, σ = (5, 3, 1), are in the literature; a singular value of 0 belongs to every output or
// input without a mode.
func TestBalancedMinimumSpectrum(t *testing.T) {
	for _, tc := range []struct {
		widths []int
		sigma  []float64
		top    []float64 // as printed
	}{
		{[]int{3, 3, 3}, []float64{5, 3, 1}, []float64{10, 8, 8, 6, 6, 6, 4, 4, 2}},
		{[]int{3, 3, 3, 3}, []float64{5, 3, 1}, []float64{25.6496, 18.9588, 18.9588, 12.9802, 12.4739, 12.4739, 7.4068, 7.4068, 3}},
		{[]int{4, 5, 3}, []float64{2, 1}, nil},
		{[]int{2, 3, 4, 3}, []float64{2, 1}, nil},
	} {
		depth := len(tc.widths) - 1
		k, d := tc.widths[depth], tc.widths[0]
		m := deepOn(t, matrix(t, k, d, true, tc.sigma...), tc.widths...)
		modes := make([]int, len(tc.sigma))
		for i := range modes {
			modes[i] = i + 1
		}
		theta, loss, err := m.Critical(modes)
		if err != nil {
			t.Fatal(err)
		}
		if loss > 1e-28 {
			t.Errorf("widths %v: loss %g at the minimum", tc.widths, loss)
		}
		sigma := func(i int) float64 {
			if i < len(tc.sigma) {
				return tc.sigma[i]
			}
			return 0
		}
		var want []float64
		for i := range k {
			for j := range d {
				sum := 0.0
				for s := range depth {
					x := math.Pow(sigma(i), 1-float64(s+1)/float64(depth)) * math.Pow(sigma(j), float64(s)/float64(depth))
					sum += x * x
				}
				want = append(want, sum)
			}
		}
		slices.Sort(want)
		for range m.Dim() - k*d {
			want = slices.Insert(want, 0, 0)
		}
		got := eigenvalues(m, theta)
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-9 {
				t.Errorf("widths %v: eigenvalue %d is %.12g, want %.12g", tc.widths, i, got[i], want[i])
			}
		}
		for i, x := range tc.top {
			if math.Abs(got[len(got)-1-i]-x) > 5e-5 {
				t.Errorf("widths %v: eigenvalue %d from the top is %.5g, printed %.6g", tc.widths, i, got[len(got)-1-i], x)
			}
		}
	}
}

// Negative eigenvalues at saddles. With two layers of h hidden units, each of the h − r free units can start each unlearnt
// mode (eigenvalues ±s), and each learnt mode can turn to a stronger unlearnt one (σ − s < 0). With three layers the first
// kind is of third order: a saddle whose modes are the strongest has no negative eigenvalue at all.
func TestSaddleIndex(t *testing.T) {
	set := matrix(t, 3, 3, true, 5, 3, 1)
	two, three := deepOn(t, set, 3, 5, 3), deepOn(t, set, 3, 5, 4, 3)
	for _, tc := range []struct {
		m     *Linear
		modes []int
		index int
		least float64
	}{
		{two, []int{}, 5 * 3, -5},
		{two, []int{1}, 4 * 2, -3},
		{two, []int{2}, 4*2 + 1, -5},
		{two, []int{3}, 4*2 + 2, -5},
		{two, []int{1, 2}, 3 * 1, -1},
		{two, []int{1, 3}, 3*1 + 1, -3},
		{two, []int{1, 2, 3}, 0, 0},
		{three, []int{}, 0, 0},
		{three, []int{1}, 0, 0},
		{three, []int{2}, 1, math.Cbrt(3) * (3 - 5)},
		{three, []int{1, 3}, 1, 1 - 3},
	} {
		theta, _, err := tc.m.Critical(tc.modes)
		if err != nil {
			t.Fatal(err)
		}
		lambda := eigenvalues(tc.m, theta)
		index := 0
		for _, x := range lambda {
			if x < -1e-9 {
				index++
			}
		}
		if index != tc.index || math.Abs(lambda[0]-tc.least) > 1e-9 {
			t.Errorf("%d layers, modes %v: %d negative eigenvalues, least %.10g; want %d, %.10g", len(tc.m.lin.(*DeepLinear).layers), tc.modes, index, lambda[0], tc.index, tc.least)
		}
	}
}

// On inputs that are not white, saddles are critical too, and their losses fall by c S².
func TestSaddlesOfCorrelatedInputs(t *testing.T) {
	set := must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 4, Outputs: 3, Samples: 40, LabelNoise: 0.3,
		SingularValues: []float64{3, 2, 1}, InputCovariance: []float64{4, 1, 0.1, 2}}, &data.Env{Seed: 5}))
	m := deepOn(t, set, 4, 6, 5, 3)
	mo := set.Moments()
	for _, modes := range [][]int{{}, {1}, {3}, {1, 3}, {1, 2, 3}} {
		theta, loss, err := m.Critical(modes)
		if err != nil {
			t.Fatal(err)
		}
		at, g := lanes.Of(theta), make(lanes.Pack, m.Dim())
		m.Regression.Grad(g, at, &lanes.Arena{}) // over the rows, to share no road with the moments
		if x := lanes.MaxAbs(g)[0]; x > 1e-12*m.Loss(make(lanes.Pack, m.Dim()), &lanes.Arena{})[0] {
			t.Errorf("modes %v: ‖∇L‖∞ = %g", modes, x)
		}
		want := mo.Floor
		for j, s := range mo.S {
			if !slices.Contains(modes, j+1) {
				want += mo.Spread * s * s
			}
		}
		rows := m.Regression.Loss(at, &lanes.Arena{})[0]
		if math.Abs(rows-want/2) > 1e-13*want || math.Abs(loss-want/2) > 1e-14*want {
			t.Errorf("modes %v: loss %.15g over the rows, %.15g by Critical, want %.15g", modes, rows, loss, want/2)
		}
	}
}

// A bottleneck of two holds two modes, and any two.
func TestBottleneck(t *testing.T) {
	m := deepOn(t, teacher(t, 5, 4, 30, true, 0.3, 3, 2, 1), 5, 6, 2, 4)
	if _, _, err := m.Critical([]int{1, 2, 3}); err == nil {
		t.Error("three modes passed a layer of two")
	}
	theta, want, err := m.Critical([]int{2, 4})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Regression.Loss(lanes.Of(theta), &lanes.Arena{})[0]; math.Abs(got-want) > 1e-13 {
		t.Errorf("loss %.16g, want %.16g", got, want)
	}
}

// The road through moments and that over rows are one function: to 1e-12 off the minimum, and near a loss of 10⁻²⁰ to
// what rounding leaves of residuals of 10⁻¹⁰, where cancelling moments would give 10⁻¹⁶ for the loss.
func TestMomentsAgreeWithRows(t *testing.T) {
	white := teacher(t, 5, 4, 200, true, 0, 3, 2, 1)
	double := &data.Set{Name: "teacher-student of twice the inputs", X: white.X.Clone(), Y: white.Y} // Σxx = 4I
	for i := range double.X.Data {
		double.X.Data[i] *= 2
	}
	if m := deepOn(t, teacher(t, 5, 4, 5, false, 0, 3), 5, 4); !m.rows {
		t.Error("as many rows as inputs, and moments are used")
	}
	for _, set := range []*data.Set{white, double, teacher(t, 5, 4, 60, false, 0, 3, 2, 1), teacher(t, 5, 4, 60, false, 0.5, 3, 2, 1), matrix(t, 4, 5, true, 3, 2, 1)} {
		m := deepOn(t, set, 5, 6, 6, 4)
		if m.rows {
			t.Fatal("moments are not used")
		}
		minimum, floor, err := m.Critical([]int{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		z, v := random(1, m.Dim()), random(2, m.Dim())
		for _, size := range []float64{1, 1e-3, 1e-10} {
			theta := lanes.Of(minimum)
			lanes.AddScaled(theta, lanes.Splat(size), z)
			a, b := m.Loss(theta, &lanes.Arena{}), m.Regression.Loss(theta, &lanes.Arena{})
			tol := 1e-12 + 1e-14/size
			if floor > 1e-3 {
				tol = 1e-12
			}
			for l := range a {
				if e := math.Abs(a[l]/b[l] - 1); !(e <= tol) {
					t.Errorf("%s, θ off by %g, floor %.2g: loss %.17g from moments, %.17g from rows: relative difference %.2g exceeds %.2g", set.Name, size, floor, a[l], b[l], e, tol)
					break
				}
			}
			for _, f := range []struct {
				what string
				of   func(m sgdlab.Model, dst lanes.Pack)
			}{
				{"∇L", func(m sgdlab.Model, dst lanes.Pack) { m.Grad(dst, theta, &lanes.Arena{}) }},
				{"Hv", func(m sgdlab.Model, dst lanes.Pack) {
					m.(sgdlab.Curved).HessVec(dst, theta, v, &lanes.Arena{})
				}},
				{"H_GN v", func(m sgdlab.Model, dst lanes.Pack) {
					m.(sgdlab.GaussNewton).GaussNewtonVec(dst, theta, v, &lanes.Arena{})
				}},
			} {
				p, q := make(lanes.Pack, m.Dim()), make(lanes.Pack, m.Dim())
				f.of(m, p)
				f.of(m.Regression, q)
				lanes.Sub(p, p, q)
				off, scale := lanes.MaxAbs(p), lanes.MaxAbs(q)
				for l := range off {
					if !(off[l] <= 1e-12*scale[l]+1e-14) {
						t.Errorf("%s, θ off by %g: %s differs by %.2g of %.2g", set.Name, size, f.what, off[l], scale[l])
						break
					}
				}
			}
		}
	}
}

// Rows through the layers, and through maps formed from either side, are one function.
func TestRoadsAgree(t *testing.T) {
	set := teacher(t, 5, 3, 12, false, 0.5, 2, 1)
	for _, widths := range [][]int{{5, 3}, {5, 4, 3}, {5, 2, 6, 3}, {5, 6, 4, 5, 3}} {
		base := newDeepLinear(set.X, widths)
		theta, v := random(1, base.dim), random(2, base.dim)
		for _, rows := range []sgdlab.Rows{sgdlab.AllRows(12), {N: 12, Index: [][lanes.W]int32{{0, 1, 2, 3, 4, 5, 6, 7}, {11, 10, 9, 8, 7, 6, 5, 4}, {0, 1, 2, 3, 4, 5, 6, 7}}}} {
			c := random(3, rows.Len()*3)
			var first lanes.Pack
			for road := range 4 {
				m := newDeepLinear(set.X, widths)
				m.whole = m.newChain(road%2 == 1, 0)
				m.mapFrom = []int{0, math.MaxInt}[road/2]
				var all lanes.Pack
				for _, n := range []int{rows.Len() * 3, m.dim, rows.Len() * 3, m.dim, 15} {
					all = append(all, make(lanes.Pack, n)...)
				}
				at, ws := all, &lanes.Arena{}
				next := func(n int) lanes.Pack { p := at[:n]; at = at[n:]; return p }
				tape := m.Predict(next(rows.Len()*3), theta, rows, ws)
				m.Pullback(next(m.dim), theta, c, rows, tape, ws)
				m.Push(next(rows.Len()*3), theta, v, rows, ws)
				m.PullbackAlong(next(m.dim), theta, v, c, rows, ws)
				m.Effective(next(15), theta, ws)
				if first == nil {
					first = all
					continue
				}
				for j := range all {
					for l := range all[j] {
						if e := math.Abs(all[j][l] - first[j][l]); !(e <= 1e-12*max(1, math.Abs(first[j][l]))) {
							t.Fatalf("widths %v, %d rows, road %d: number %d of lane %d is %.17g, not %.17g", widths, rows.Len(), road, j, l, all[j][l], first[j][l])
						}
					}
				}
			}
		}
	}
}

// The predictions are XWᵀ, and the loss is p Σ‖h − y‖² with the prefactor that the settings name.
func TestPredictionAndPrefactor(t *testing.T) {
	set := teacher(t, 4, 3, 30, false, 0.5, 2, 1)
	decode := func(v any) Loss {
		var l Loss
		if err := l.Decode(v); err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, tc := range []struct {
		loss Loss
		want float64
	}{
		{Loss{}, 0.5 / 30}, {decode("mean-half"), 0.5 / 30}, {decode("sum-half"), 0.5}, {decode("mean"), 1.0 / 30},
		{decode(map[string]any{"prefactor": "1/(4*n)"}), 0.25 / 30}, {decode(map[string]any{"prefactor": 2.0}), 2},
	} {
		m := must[sgdlab.Model](t)(NewDeepLinear(DeepLinearSettings{Widths: []int{4, 5, 3}, Loss: tc.loss}, set)).(*Linear)
		theta, ws := random(4, m.Dim()), &lanes.Arena{}
		w, h, slope := make(lanes.Pack, 12), make(lanes.Pack, 90), make(lanes.Pack, 90)
		m.lin.Effective(w, theta, ws)
		m.Predict(h, theta, sgdlab.AllRows(30), ws)
		m.Slope(slope, theta, sgdlab.AllRows(30), ws)
		sum := 0.0
		for i := range 30 {
			for k := range 3 {
				want := 0.0
				for j := range 4 {
					want += w[4*k+j][2] * set.X.At(i, j)
				}
				if e := math.Abs(h[3*i+k][2] - want); !(e <= 1e-12) {
					t.Fatalf("h(%d, %d) = %g, want %g", i, k, h[3*i+k][2], want)
				}
				r := want - set.Y.At(i, k)
				sum += r * r
				if e := math.Abs(slope[3*i+k][2] - 60*tc.want*r); !(e <= 1e-10) {
					t.Fatalf("loss %s: slope %g, want 2np·r = %g", m.LossName(), slope[3*i+k][2], 60*tc.want*r)
				}
			}
		}
		if got, want := m.Loss(theta, ws)[2], tc.want*sum; math.Abs(got/want-1) > 1e-12 {
			t.Errorf("loss %s: %g, want %g", m.LossName(), got, want)
		}
		if s := m.PerLabel(); math.Abs(s/(60*tc.want)-1) > 1e-15 || m.PerOutput() != s {
			t.Errorf("loss %s: s = %g, ℓ″ = %g, want 2np = %g", m.LossName(), s, m.PerOutput(), 60*tc.want)
		}
	}
}

// GD and SGD on two layers multiply det ΘᵀΘ, Θ = (W₁, W₂ᵀ), by Π(1 − sᵢ²)², sᵢ the singular values of ηG, and the weights
// may be any noise.
func TestDeterminantStep(t *testing.T) {
	set := teacher(t, 4, 3, 20, false, 0.5, 2, 1)
	m := deepOn(t, set, 4, 9, 3)
	const eta = 0.05
	theta, ws := random(7, m.Dim()), &lanes.Arena{}
	logDet := func(theta lanes.Pack, l int) float64 {
		big := lanes.NewMat(9, 7)
		for i := range 9 {
			for j := range 4 {
				big.Set(i, j, theta[4*i+j][l])
			}
			for j := range 3 {
				big.Set(i, 4+j, theta[36+9*j+i][l])
			}
		}
		_, s, _ := data.SVD(big)
		sum := 0.0
		for _, x := range s {
			sum += 2 * math.Log(x)
		}
		return sum
	}
	step := func(what string, g lanes.Pack, weights func(l int) lanes.Mat) {
		after := make(lanes.Pack, m.Dim())
		lanes.Copy(after, theta)
		lanes.Descend(after, lanes.Splat(eta), g, lanes.All)
		for l := range lanes.W {
			_, s, _ := data.SVD(weights(l))
			want := 0.0
			for _, x := range s {
				want += 2 * math.Log(math.Abs(1-eta*eta*x*x))
			}
			if got := logDet(after, l) - logDet(theta, l); math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
				t.Errorf("%s, lane %d: log det ΘᵀΘ moves by %.15g, want %.15g", what, l, got, want)
			}
		}
	}
	g := make(lanes.Pack, m.Dim())
	m.Grad(g, theta, ws)
	step("GD", g, func(l int) lanes.Mat {
		w, mat, mo := make(lanes.Pack, 12), lanes.NewMat(3, 4), set.Moments()
		m.lin.Effective(w, theta, ws)
		for i := range 12 {
			mat.Data[i] = w[i][l] - mo.Map.Data[i]
		}
		return lanes.MulMat(mat, mo.XX)
	})
	rows := sgdlab.Rows{N: 20, Index: [][lanes.W]int32{{1, 2, 3, 4, 5, 6, 7, 8}, {0, 0, 9, 9, 3, 3, 4, 4}}}
	c := random(8, 6)
	m.Pullback(g, theta, c, rows, nil, ws)
	step("two rows with noise for weights", g, func(l int) lanes.Mat {
		mat := lanes.NewMat(3, 4)
		for i := range rows.Index {
			for k := range 3 {
				for j := range 4 {
					mat.Set(k, j, mat.At(k, j)+c[3*i+k][l]*set.X.At(int(rows.Index[i][l]), j))
				}
			}
		}
		return mat
	})
}

// A step of β = u² − v² multiplies uv by 1 − (2ηg)², g = ∂L/∂β.
func TestDifferenceOfSquaresStep(t *testing.T) {
	set := teacher(t, 6, 1, 20, false, 0.5, 2)
	m := must[sgdlab.Model](t)(NewDiagonal(DiagonalSettings{Parametrisation: "difference-of-powers", Depth: 2}, set))
	theta, g := random(9, 12), make(lanes.Pack, 12)
	m.Grad(g, theta, &lanes.Arena{})
	const eta = 0.1
	for j := range 6 {
		for l := range lanes.W {
			u, v := theta[j][l], theta[6+j][l]
			slope := g[j][l] / (2 * u)
			got := (u - eta*g[j][l]) * (v - eta*g[6+j][l])
			if want := u * v * (1 - 4*eta*eta*slope*slope); math.Abs(got-want) > 1e-12*(u*u+v*v) {
				t.Fatalf("uv of coordinate %d, lane %d: %.15g, want %.15g", j, l, got, want)
			}
		}
	}
}

// Saxe, McClelland & Ganguli 2013: balanced, decoupled modes follow u(t) = s e^{2st}/(e^{2st} − 1 + s/u₀), with an error of
// O(ηs) for GD. The number is measured by an independent script, for s = (5, 3, 1), u₀ = 10⁻³, η = 10⁻³: 4.0·10⁻³.
func TestSaxeSigmoid(t *testing.T) {
	const eta, u0, steps = 1e-3, 1e-3, 6000
	s := []float64{5, 3, 1}
	set := matrix(t, 3, 3, true, s...)
	m := deepOn(t, set, 3, 3, 3)
	start, err := m.Balanced(nil, u0)
	if err != nil {
		t.Fatal(err)
	}
	theta, g, w, ws := lanes.Of(start), make(lanes.Pack, m.Dim()), make(lanes.Pack, 9), &lanes.Arena{}
	mo := set.Moments()
	worst, mixed := 0.0, 0.0
	for k := range steps + 1 {
		m.lin.Effective(w, theta, ws)
		for a := range 3 {
			for b := range 3 {
				u := 0.0
				for i := range 3 {
					for j := range 3 {
						u += mo.U.At(i, a) * w[3*i+j][0] * mo.V.At(j, b)
					}
				}
				if a != b {
					mixed = max(mixed, math.Abs(u))
					continue
				}
				grown := math.Exp(2 * s[a] * eta * float64(k))
				worst = max(worst, math.Abs(u-s[a]*grown/(grown-1+s[a]/u0))/s[a])
			}
		}
		m.Grad(g, theta, ws)
		lanes.Descend(theta, lanes.Splat(eta), g, lanes.All)
	}
	if math.Abs(worst-4.0e-3) > 0.05e-3 {
		t.Errorf("largest error of a sigmoid %.4g, want 4.0e-3", worst)
	}
	if mixed > 1e-13 {
		t.Errorf("decoupled modes mix by %.2g", mixed)
	}
}

// Saxe's conservation law under GD: (a² − b²)′ = (a² − b²)(1 − η²e²), e = s − ab, to rounding in every step. Over the whole
// run −0.089999 becomes −0.0899237, as measured by an independent script.
func TestConservationLaw(t *testing.T) {
	const eta, s = 1e-4, 4.0
	m := deepOn(t, matrix(t, 1, 1, false, s), 1, 1, 1)
	theta, g, ws := lanes.Of([]float64{1e-3, 0.3}), make(lanes.Pack, 2), &lanes.Arena{}
	for k := range 60000 {
		a, b := theta[0][0], theta[1][0]
		m.Grad(g, theta, ws)
		lanes.Descend(theta, lanes.Splat(eta), g, lanes.All)
		c, d := theta[0][0], theta[1][0]
		e := s - a*b
		want := (a - b) * (a + b) * (1 - eta*eta*e*e)
		if got := (c - d) * (c + d); math.Abs(got-want) > 1e-15*(c*c+d*d) {
			t.Fatalf("step %d: a² − b² = %.17g, want %.17g", k, got, want)
		}
	}
	a, b := theta[0][0], theta[1][0]
	if got := a*a - b*b; math.Abs(got+0.0899237) > 5e-8 {
		t.Errorf("a² − b² ends at %.8g, want -0.0899237", got)
	}
}

// Balanced starts are balanced, and each mode has the strength asked for.
func TestBalanced(t *testing.T) {
	set := teacher(t, 5, 4, 30, true, 0.3, 3, 2, 1)
	m := deepOn(t, set, 5, 6, 7, 4)
	theta, err := m.Balanced([]int{1, 3}, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	layers := m.lin.(*DeepLinear).layers
	at := func(l, i, j int) float64 { return theta[layers[l].Offset+i*layers[l].Cols+j] }
	for l := range 2 {
		for i := range layers[l].Rows {
			for j := range layers[l].Rows {
				a, b := 0.0, 0.0
				for k := range layers[l+1].Rows {
					a += at(l+1, k, i) * at(l+1, k, j)
				}
				for k := range layers[l].Cols {
					b += at(l, i, k) * at(l, j, k)
				}
				if math.Abs(a-b) > 1e-15 {
					t.Errorf("W%d and W%d: (W′ᵀW′ − WWᵀ)(%d, %d) = %g", l+2, l+1, i, j, a-b)
				}
			}
		}
	}
	w := make(lanes.Pack, 20)
	m.lin.Effective(w, lanes.Of(theta), &lanes.Arena{})
	mo := set.Moments()
	for i := range 4 {
		for j := range 5 {
			want := 0.2 * (mo.U.At(i, 0)*mo.V.At(j, 0) + mo.U.At(i, 2)*mo.V.At(j, 2))
			if math.Abs(w[5*i+j][0]-want) > 1e-15 {
				t.Errorf("W(%d, %d) = %g, want %g", i, j, w[5*i+j][0], want)
			}
		}
	}
	single := teacher(t, 6, 1, 20, true, 0.5, 2)
	for _, c := range []DiagonalSettings{{Parametrisation: "product", Depth: 3}, {Parametrisation: "difference-of-powers", Depth: 2}} {
		d := must[sgdlab.Model](t)(NewDiagonal(c, single)).(*Linear)
		theta, err := d.Balanced(nil, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		beta := make(lanes.Pack, 6)
		d.lin.Effective(beta, lanes.Of(theta), &lanes.Arena{})
		for j := range beta {
			if want := math.Copysign(0.1, single.Moments().Map.At(0, j)); math.Abs(beta[j][0]-want) > 1e-16 {
				t.Errorf("%s: β(%d) = %g, want %g", c.Parametrisation, j, beta[j][0], want)
			}
		}
	}
}

func TestQuadraticSpectrum(t *testing.T) {
	want := []float64{-2, 0.5, 1, 30}
	m := must[sgdlab.Model](t)(NewQuadratic(QuadraticSettings{Spectrum: []float64{1, 30, -2, 0.5}, Rotate: true, RotationSeed: 4}, nil)).(*Quadratic)
	got := eigenvalues(m, make([]float64, 4))
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("eigenvalues %v, want %v", got, want)
			break
		}
	}
}

// x⁴/4 − x²/2, and a well twice as high and three times as wide.
func TestDoubleWell(t *testing.T) {
	for _, tc := range []struct{ barrier, well, x, v, slope, bend float64 }{
		{0.25, 1, 0, 0, 0, -1}, {0.25, 1, 1, -0.25, 0, 2}, {0.25, 1, -1, -0.25, 0, 2}, {0.25, 1, 2, 2, 6, 11},
		{0.5, 3, -3, -0.5, 0, 8 * 0.5 / 9}, {0.5, 3, 0, 0, 0, -4 * 0.5 / 9}, {0.5, 3, 6, 4, 2 * 6 / 3.0, 2 * 11 / 9.0},
	} {
		m := must[sgdlab.Model](t)(NewDoubleWell(DoubleWellSettings{Barrier: tc.barrier, Well: tc.well}, nil)).(*DoubleWell)
		x, g, h := lanes.Of([]float64{tc.x}), make(lanes.Pack, 1), make(lanes.Pack, 1)
		m.Grad(g, x, nil)
		m.HessVec(h, x, lanes.Of([]float64{1}), nil)
		for _, e := range []float64{m.Loss(x, nil)[0] - tc.v, g[0][0] - tc.slope, h[0][0] - tc.bend} {
			if math.Abs(e) > 1e-15 {
				t.Errorf("%+v: V = %g, V′ = %g, V″ = %g", tc, m.Loss(x, nil)[0], g[0][0], h[0][0])
				break
			}
		}
	}
}

// The model on the held-out rows has their loss, and n of the prefactor is their number.
func TestTestModel(t *testing.T) {
	whole := teacher(t, 4, 3, 30, false, 0.5, 2, 1)
	cut := func(m lanes.Mat, from, to int) lanes.Mat {
		return lanes.Mat{Rows: to - from, Cols: m.Cols, RowStride: m.RowStride, ColStride: 1, Data: m.Data[from*m.RowStride:]}
	}
	for _, held := range []int{3, 10} { // fewer rows than inputs, and more
		set := &data.Set{X: cut(whole.X, 0, 20), Y: cut(whole.Y, 0, 20), TestX: cut(whole.X, 20, 20+held), TestY: cut(whole.Y, 20, 20+held)}
		m := deepOn(t, set, 4, 5, 3)
		test := must[sgdlab.Model](t)(TestModel(m, set))
		theta, h, ws := random(4, m.Dim()), make(lanes.Pack, 90), &lanes.Arena{}
		newDeepLinear(whole.X, []int{4, 5, 3}).Predict(h, theta, sgdlab.AllRows(30), ws)
		want := 0.0
		for i := 20; i < 20+held; i++ {
			for k := range 3 {
				r := h[3*i+k][1] - whole.Y.At(i, k)
				want += r * r / (2 * float64(held))
			}
		}
		if got := test.Loss(theta, ws)[1]; math.Abs(got/want-1) > 1e-12 {
			t.Errorf("%d rows held out: loss %.15g, want %.15g", held, got, want)
		}
	}
	m := deepOn(t, whole, 4, 5, 3)
	if test, err := TestModel(m, whole); test != nil || err != nil {
		t.Errorf("without held-out rows: %v, %v", test, err)
	}
	if test, err := TestModel(&DoubleWell{Barrier: 1, Well: 1}, nil); test != nil || err != nil {
		t.Errorf("without data: %v, %v", test, err)
	}
}

func TestRoot(t *testing.T) {
	for _, x := range []float64{1e-300, 1e-9, 0.3, 1, 2, 7, 8, 27, 1e12, 1e300} {
		for k := 1; k < 12; k++ {
			// (1 + δ)ᵏ amplifies one rounding of the root k times, and the products add k more.
			if got := root(x, k); !(math.Abs(power(got, k)/x-1) <= float64(2*k)*0x1p-53) {
				t.Errorf("%g^(1/%d) = %.17g, whose power is %.17g", x, k, got, power(got, k))
			}
		}
	}
	if root(0, 5) != 0 {
		t.Errorf("root of 0 is %g", root(0, 5))
	}
}
