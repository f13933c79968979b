package model

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

func diagonalOn(t *testing.T, set *data.Set, depth int, parametrisation string) *Linear {
	t.Helper()
	return must[sgdlab.Model](t)(NewDiagonal(DiagonalSettings{Parametrisation: parametrisation, Depth: depth}, set)).(*Linear)
}

func gradient(m sgdlab.Model, theta []float64) float64 {
	g := make(lanes.Pack, m.Dim())
	m.Grad(g, lanes.Of(theta), &lanes.Arena{})
	return lanes.MaxAbs(g)[0]
}

// subsets lists all sets of the numbers 1 to n.
func subsets(n int) [][]int {
	var all [][]int
	for mask := range 1 << n {
		s := []int{}
		for k := range n {
			if mask>>k&1 != 0 {
				s = append(s, k+1)
			}
		}
		all = append(all, s)
	}
	return all
}

// The least eigenvalue of ∇²L at every critical point of every set of modes: with two layers all but the minimum are
// strict; with three and more the k strongest have none below 0 and all others have one; of diagonal networks the depth alone
// decides. Widths, data and losses vary.
func TestWhichSaddlesAreStrict(t *testing.T) {
	correlated := must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 4, Outputs: 3, Samples: 40, LabelNoise: 0.3,
		SingularValues: []float64{3, 2, 1}, InputCovariance: []float64{4, 1, 0.1, 2}}, &data.Env{Seed: 5}))
	white := must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 3, Outputs: 1, Samples: 40, LabelNoise: 0.3,
		SingularValues: []float64{2}, Whiten: true}, &data.Env{Seed: 5}))
	square := matrix(t, 3, 3, true, 5, 3, 1)
	for _, tc := range []struct {
		what string
		m    *Linear
		most int // modes that fit
		want func(leading bool) (strict bool)
	}{
		{"two layers", deepOn(t, square, 3, 4, 3), 3, func(bool) bool { return true }},
		{"two layers, bottleneck", deepOn(t, square, 3, 2, 3), 2, func(bool) bool { return true }},
		{"two layers, correlated", deepOn(t, correlated, 4, 5, 3), 3, func(bool) bool { return true }},
		{"three layers", deepOn(t, square, 3, 4, 5, 3), 3, func(leading bool) bool { return !leading }},
		{"three layers, bottleneck", deepOn(t, square, 3, 2, 4, 3), 2, func(leading bool) bool { return !leading }},
		{"three layers, correlated", deepOn(t, correlated, 4, 3, 4, 3), 3, func(leading bool) bool { return !leading }},
		{"four layers", deepOn(t, square, 3, 3, 3, 3, 3), 3, func(leading bool) bool { return !leading }},
		{"pairs", diagonalOn(t, white, 2, "product"), 3, func(bool) bool { return true }},
		{"three vectors", diagonalOn(t, white, 3, "product"), 3, func(bool) bool { return false }},
		{"squares", diagonalOn(t, white, 2, "difference-of-powers"), 3, func(bool) bool { return true }},
		{"cubes", diagonalOn(t, white, 3, "difference-of-powers"), 3, func(bool) bool { return false }},
	} {
		seen := 0
		for _, modes := range subsets(len(tc.m.Modes())) {
			if len(modes) > tc.most {
				continue
			}
			theta, _, err := tc.m.Critical(modes)
			if err != nil {
				t.Fatalf("%s, modes %v: %v", tc.what, modes, err)
			}
			seen++
			least := eigenvalues(tc.m, theta)[0]
			leading := len(modes) == 0 || modes[len(modes)-1] == len(modes)
			strict := tc.want(leading)
			if leading && len(modes) == tc.most { // the minimum
				strict = false
			}
			if strict && !(least < -1e-2) || !strict && !(least > -1e-9) {
				t.Errorf("%s, modes %v: least eigenvalue %.3g; strict is to be %t", tc.what, modes, least, strict)
			}
		}
		if seen < 4 {
			t.Errorf("%s: only %d sets of modes", tc.what, seen)
		}
	}
}

// Saddles without balance are critical at every imbalance and idle weight, with the map and the loss of the balanced one; the
// layers have the ratio that is asked for; and idle weights make the saddle of the strongest modes strict, by −S_{k+1} x^{L−2}.
func TestUnbalancedSaddles(t *testing.T) {
	square := matrix(t, 3, 3, true, 5, 3, 1)
	white := must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 4, Outputs: 3, Samples: 40, LabelNoise: 0.3,
		SingularValues: []float64{3, 2, 1}, Whiten: true}, &data.Env{Seed: 5}))
	correlated := must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 4, Outputs: 3, Samples: 40, LabelNoise: 0.3,
		SingularValues: []float64{3, 2, 1}, InputCovariance: []float64{4, 1, 0.1, 2}}, &data.Env{Seed: 5}))
	sum := func(p []float64) float64 {
		s := 0.0
		for _, x := range p {
			s += x * x
		}
		return math.Sqrt(s)
	}
	for _, tc := range []struct {
		set    *data.Set
		widths []int
		exact  bool // L = ½‖W − M‖², or white inputs with the loss mean-half
	}{{square, []int{3, 6, 3}, true}, {square, []int{3, 4, 5, 3}, true}, {white, []int{4, 4, 5, 4, 3}, true}, {correlated, []int{4, 4, 5, 3}, false}} {
		m := deepOn(t, tc.set, tc.widths...)
		depth := len(tc.widths) - 1
		for _, modes := range subsets(len(m.Modes())) {
			balanced, want, err := m.Critical(modes)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []float64{1, 0.25, 3} {
				for _, idle := range []float64{0, 0.7} {
					if depth < 3 && idle > 0 || c != 1 && len(modes) == 0 {
						continue
					}
					theta, err := m.Unbalanced(modes, c, idle)
					if err != nil {
						t.Fatalf("widths %v, modes %v, imbalance %g, idle %g: %v", tc.widths, modes, c, idle, err)
					}
					if g := gradient(m, theta); !(g <= 1e-12*25) {
						t.Errorf("widths %v, modes %v, imbalance %g, idle %g: ‖∇L‖∞ = %.3g", tc.widths, modes, c, idle, g)
					}
					if loss := m.Regression.Loss(lanes.Of(theta), &lanes.Arena{})[0]; math.Abs(loss-want) > 1e-13*25 {
						t.Errorf("widths %v, modes %v, imbalance %g, idle %g: loss %.15g, want %.15g", tc.widths, modes, c, idle, loss, want)
					}
					for l, w := range m.lin.(*DeepLinear).layers {
						if idle > 0 {
							break
						}
						to, from := sum(theta[w.Offset:w.Offset+w.Rows*w.Cols]), sum(balanced[w.Offset:w.Offset+w.Rows*w.Cols])
						if ratio := math.Pow(c, float64(l)-float64(depth-1)/2); math.Abs(to-ratio*from) > 1e-13*(1+to) {
							t.Errorf("widths %v, modes %v, imbalance %g: ‖W%d‖ = %.15g, want %.15g", tc.widths, modes, c, l+1, to, ratio*from)
						}
					}
					if leading := len(modes) == 0 || modes[len(modes)-1] == len(modes); !leading || len(modes) == len(m.Modes()) || depth < 3 {
						continue
					}
					least := eigenvalues(m, theta)[0]
					expect := 0.0
					if idle > 0 {
						expect = -m.Modes()[len(modes)] * math.Pow(idle, float64(depth-2))
					}
					if tc.exact && math.Abs(least-expect) > 1e-9 || !tc.exact && (least < -1e-2) != (idle > 0) {
						t.Errorf("widths %v, modes %v, imbalance %g, idle %g: least eigenvalue %.12g, want %.12g", tc.widths, modes, c, idle, least, expect)
					}
				}
			}
		}
	}
}

// The same of a product of vectors, whose coordinates do not mix: the least eigenvalue is −max |∂L/∂βⱼ| x^{L−2} over those that
// are not learnt.
func TestUnbalancedDiagonal(t *testing.T) {
	set := must[*data.Set](t)(data.NewSparseTruth(data.SparseTruthSettings{Inputs: 4, Samples: 30, Values: []float64{3, -2, 1}, Support: "first",
		Magnitudes: "equal", Magnitude: 1, Signs: "positive", LabelNoise: 0.2, InputCovariance: []float64{1, 4, 0.25, 2}, Design: data.Design{Exact: true}}, &data.Env{Seed: 2}))
	for _, depth := range []int{2, 3, 5} {
		m := diagonalOn(t, set, depth, "product")
		mo := set.Moments()
		for _, modes := range subsets(len(m.Modes())) {
			_, want, err := m.Critical(modes)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []float64{1, 0.5, 4} {
				for _, idle := range []float64{0, 0.6} {
					if depth < 3 && idle > 0 || c != 1 && len(modes) == 0 {
						continue
					}
					theta, err := m.Unbalanced(modes, c, idle)
					if err != nil {
						t.Fatal(err)
					}
					if g := gradient(m, theta); !(g <= 1e-12*20) {
						t.Errorf("depth %d, modes %v, imbalance %g, idle %g: ‖∇L‖∞ = %.3g", depth, modes, c, idle, g)
					}
					if loss := m.Regression.Loss(lanes.Of(theta), &lanes.Arena{})[0]; math.Abs(loss-want) > 1e-13*20 {
						t.Errorf("depth %d, modes %v, imbalance %g, idle %g: loss %.15g, want %.15g", depth, modes, c, idle, loss, want)
					}
					steepest := 0.0
					for j := range 4 {
						if theta[j] == 0 {
							steepest = max(steepest, math.Abs(mo.YX.At(0, j)))
						} else if ratio := theta[4*(depth-1)+j] / math.Abs(theta[j]); math.Abs(ratio/math.Pow(c, float64(depth-1))-1) > 1e-13 {
							t.Errorf("depth %d, modes %v, imbalance %g: coordinate %d has the ratio %g between its ends", depth, modes, c, j, ratio)
						}
					}
					expect := -steepest * math.Pow(idle, float64(depth-2))
					if depth > 2 && idle == 0 {
						expect = 0
					}
					if least := min(0, eigenvalues(m, theta)[0]); math.Abs(least-expect) > 1e-9 {
						t.Errorf("depth %d, modes %v, imbalance %g, idle %g: least eigenvalue %.12g, want %.12g", depth, modes, c, idle, least, expect)
					}
				}
			}
		}
	}
}

func TestUnbalancedErrors(t *testing.T) {
	square := matrix(t, 3, 3, true, 5, 3, 1)
	one := matrix(t, 1, 3, true, 5)
	for _, tc := range []struct {
		m               *Linear
		modes           []int
		imbalance, idle float64
		want            []string
	}{
		{deepOn(t, square, 3, 4, 3), []int{1}, 0, 0, []string{"imbalance is 0"}},
		{deepOn(t, square, 3, 4, 3), []int{1}, math.NaN(), 0, []string{"imbalance is NaN"}},
		{deepOn(t, square, 3, 4, 3), []int{1}, 1, -1, []string{"idle is -1"}},
		{deepOn(t, square, 3, 4, 3), []int{}, 2, 0, []string{"at the origin", "leave out imbalance"}},
		{deepOn(t, square, 3, 4, 3), []int{1}, 1, 1, []string{"2 layers", "three layers"}},
		{deepOn(t, square, 3, 2, 4, 3), []int{1, 2}, 1, 1, []string{"[3 2 4 3]", "widen"}},
		{deepOn(t, square, 3, 4, 3), []int{7}, 2, 0, []string{"mode 7"}},
		{diagonalOn(t, one, 2, "product"), []int{1}, 1, 1, []string{"depth: 3"}},
		{diagonalOn(t, one, 3, "difference-of-powers"), []int{1}, 2, 0, []string{"no layers to unbalance", "product"}},
	} {
		_, err := tc.m.Unbalanced(tc.modes, tc.imbalance, tc.idle)
		if err == nil || slices.ContainsFunc(tc.want, func(w string) bool { return !strings.Contains(err.Error(), w) }) {
			t.Errorf("modes %v, imbalance %g, idle %g: error %v; want one with %q", tc.modes, tc.imbalance, tc.idle, err, tc.want)
		}
	}
}
