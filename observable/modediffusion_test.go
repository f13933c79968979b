package observable_test

import (
	"math"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/observable"
)

// TestModeDiffusion: it is the deviation over the rows of ∇s·∇ℓᵢ, by differences of s along each sample's gradient, and that of the closed form where a
// mode is alone and balanced.
func TestModeDiffusion(t *testing.T) {
	set := made(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 4, Outputs: 3, Samples: 9, SingularValues: []float64{3, 2}, LabelNoise: 0.5}, &data.Env{Seed: 7}))
	site := &sgdlab.Site{Data: set, Model: made(model.NewDeepLinear(model.DeepLinearSettings{Widths: []int{4, 5, 6, 3}}, set))}
	overlap := made(observable.NewModeOverlap(observable.ModeOverlapSettings{}, site))
	theta := startOf(site.Model.Dim(), 0.5)
	got := read(made(observable.NewModeDiffusion(observable.ModeOverlapSettings{}, site)), theta, &sgdlab.Clock{})
	m := made(sgdlab.As[sgdlab.Sampled](site.Model))
	var sum, square [3]lanes.Vec
	for i := range 9 {
		rows := sgdlab.Rows{N: 9, Index: make([][lanes.W]int32, 1)}
		for l := range rows.Index[0] {
			rows.Index[0][l] = int32(i)
		}
		c, g := make(lanes.Pack, 3), make(lanes.Pack, len(theta))
		tape := m.Slope(c, theta, rows, &lanes.Arena{})
		m.Pullback(g, theta, c, rows, tape, &lanes.Arena{})
		const h = 1e-6
		up, down := make(lanes.Pack, len(theta)), make(lanes.Pack, len(theta))
		for j := range g {
			for l := range g[j] {
				up[j][l], down[j][l] = theta[j][l]+h*g[j][l], theta[j][l]-h*g[j][l]
			}
		}
		a, b := read(overlap, up, &sgdlab.Clock{}), read(overlap, down, &sgdlab.Clock{})
		for k := range 3 {
			for l := range a[k] {
				p := (a[k][l] - b[k][l]) / (2 * h)
				sum[k][l], square[k][l] = sum[k][l]+p/9, square[k][l]+p*p/9
			}
		}
	}
	for k := range 3 {
		for l := range sum[k] {
			if want := math.Sqrt(square[k][l] - sum[k][l]*sum[k][l]); math.Abs(got[k][l]/want-1) > 1e-6 {
				t.Errorf("mode %d: %.10g, want %.10g", k+1, got[k][l], want)
			}
		}
	}

	line := made(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 1, Outputs: 1, Samples: 50, SingularValues: []float64{1.5}}, &data.Env{Seed: 7}))
	second, fourth := 0.0, 0.0
	for i := range 50 {
		x := line.X.At(i, 0)
		second, fourth = second+x*x/50, fourth+x*x*x*x/50
	}
	for depth, widths := range map[float64][]int{2: {1, 1, 1}, 3: {1, 1, 1, 1}, 4: {1, 1, 1, 1, 1}} {
		site := &sgdlab.Site{Data: line, Model: made(model.NewDeepLinear(model.DeepLinearSettings{Widths: widths}, line))}
		const s = 0.7
		theta := make(lanes.Pack, int(depth))
		for j := range theta {
			theta[j] = lanes.Splat(math.Pow(s, 1/depth))
		}
		star := line.Moments().S[0]
		want := depth * math.Pow(s, 2-2/depth) * math.Abs(s-star) * math.Sqrt(fourth-second*second)
		if got := read(made(observable.NewModeDiffusion(observable.ModeOverlapSettings{}, site)), theta, &sgdlab.Clock{})[0][3]; math.Abs(got/want-1) > 1e-12 {
			t.Errorf("depth %g: %.15g, want %.15g", depth, got, want)
		}
	}
}
