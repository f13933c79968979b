package model

import (
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/model/modeltest"
)

func must[T any](t *testing.T) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func teacher(t *testing.T, d, k, n int, whiten bool, noise float64, s ...float64) *data.Set {
	return must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{
		Inputs: d, Outputs: k, Samples: n, Whiten: whiten, LabelNoise: noise, SingularValues: s}, &data.Env{Seed: 3}))
}

// The battery over every model, shape of data and road, and the views of each: a view that appears or vanishes is a change
// of the table.
func TestBattery(t *testing.T) {
	wide := teacher(t, 7, 3, 5, false, 0.5, 2, 1)
	tall := teacher(t, 4, 3, 30, false, 0.5, 2, 1)
	white := teacher(t, 5, 4, 30, true, 0.3, 3, 2, 1)
	single := teacher(t, 6, 1, 20, false, 0.5, 2)
	singleWide := teacher(t, 9, 1, 5, false, 0.5, 2)
	singleWhite := teacher(t, 6, 1, 20, true, 0.5, 2)
	matrix := must[*data.Set](t)(data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{3, 1}, Rows: 3, Cols: 4, Rotate: true}, &data.Env{Seed: 1}))
	flat := must[*data.Set](t)(data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 4, Outputs: 3, Samples: 30, LabelNoise: 0.5,
		SingularValues: []float64{2, 1}, InputCovariance: []float64{1, 0, 4, 0.25}}, &data.Env{Seed: 3}))

	deep := func(set *data.Set, loss Loss, hidden ...int) sgdlab.Model {
		w := append(append([]int{set.Inputs()}, hidden...), set.Outputs())
		return must[sgdlab.Model](t)(NewDeepLinear(DeepLinearSettings{Widths: w, Loss: loss}, set))
	}
	diagonal := func(set *data.Set, parametrisation string, depth int) sgdlab.Model {
		return must[sgdlab.Model](t)(NewDiagonal(DiagonalSettings{Parametrisation: parametrisation, Depth: depth}, set))
	}
	var quarter Loss
	if err := quarter.Decode(map[string]any{"prefactor": "1/(4*n)"}); err != nil {
		t.Fatal(err)
	}
	const (
		plain  = "Curved Model"
		deeper = "Curved EndToEnd Formed GaussNewton Layered Mapped Model Network Saddled Sampled Scattered Tangents"
		diag   = "Curved EndToEnd Formed GaussNewton Mapped Model Network Saddled Sampled Scattered Tangents"
		pair   = "Curved EndToEnd Formed GaussNewton Mapped Model Network Paired Saddled Sampled Scattered Tangents"
	)
	for _, tc := range []struct {
		name  string
		m     sgdlab.Model
		views string
	}{
		{"quadratic", must[sgdlab.Model](t)(NewQuadratic(QuadraticSettings{Spectrum: []float64{3, -1, 0.1, 0}}, nil)), plain},
		{"quadratic, rotated", must[sgdlab.Model](t)(NewQuadratic(QuadraticSettings{Spectrum: []float64{3, -1, 0.1, 0}, Rotate: true}, nil)), plain},
		{"double well", must[sgdlab.Model](t)(NewDoubleWell(DoubleWellSettings{Barrier: 0.25, Well: 1}, nil)), plain},
		{"double well, scaled", must[sgdlab.Model](t)(NewDoubleWell(DoubleWellSettings{Barrier: 0.7, Well: 1.3}, nil)), plain},
		{"linear", deep(tall, Loss{}), deeper},
		{"linear, n < d", deep(wide, SumHalf()), deeper},
		{"two layers", deep(tall, Mean(), 6), deeper},
		{"two layers, white", deep(white, Loss{}, 6), deeper},
		{"two layers, constant input", deep(flat, Loss{}, 6), deeper},
		{"three layers, n < d", deep(wide, Loss{}, 4, 6), deeper},
		{"four layers, bottleneck", deep(white, quarter, 6, 2, 5), deeper},
		{"three layers on a matrix", deep(matrix, Loss{}, 5, 4), deeper},
		{"three layers, one output", deep(single, Loss{}, 4, 3), deeper},
		{"product of 2", diagonal(single, "product", 2), pair},
		{"product of 2, n < d", diagonal(singleWide, "product", 2), pair},
		{"product of 2, white", diagonal(singleWhite, "product", 2), pair},
		{"product of 4", diagonal(single, "product", 4), diag},
		{"product of 3, white", diagonal(singleWhite, "product", 3), diag},
		{"difference of squares", diagonal(single, "difference-of-powers", 2), diag},
		{"difference of cubes, white", diagonal(singleWhite, "difference-of-powers", 3), diag},
		{"difference of fourth powers, n < d", diagonal(singleWide, "difference-of-powers", 4), diag},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := strings.Join(modeltest.Run(t, tc.m, 0.7), " "); got != tc.views {
				t.Errorf("views %s, want %s", got, tc.views)
			}
		})
	}
}
