package model

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
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
	landscape := func(m sgdlab.Model, err error) sgdlab.Model { return must[sgdlab.Model](t)(m, err) }
	on := func(x, y []float64) *data.Set {
		s := &data.Set{Name: "pairs", X: lanes.NewMat(len(x), 1), Y: lanes.NewMat(len(x), 1)}
		copy(s.X.Data, x)
		copy(s.Y.Data, y)
		return s
	}
	noise := must[*data.Set](t)(data.NewGaussian(data.GaussianSettings{Inputs: 1, Outputs: 1, Samples: 50, Teacher: "none", LabelNoise: 1}, &data.Env{Seed: 3}))
	x := []float64{0.5, -1, 2, 0.3}
	zero, steep, falling := on(x, make([]float64, 4)), on(x, []float64{0.6, -0.7, 2.2, 0.1}), on(x, []float64{-0.6, 0.7, -2.2, -0.1})
	lone := on([]float64{1.5}, []float64{2})
	polynomial := func(form string, set *data.Set, powers ...int) sgdlab.Model {
		return landscape(NewPolynomial(PolynomialSettings{Form: form, Powers: powers, Zero: 1.1}, set))
	}
	var quarter Loss
	if err := quarter.Decode(map[string]any{"prefactor": "1/(4*n)"}); err != nil {
		t.Fatal(err)
	}
	const (
		chart  = "Charted Cubic Curved Formed Model"
		deeper = "Cubic Curved EndToEnd Featured Formed GaussNewton Layered Mapped Model Network Saddled Sampled Scattered Squared Tangents"
		diag   = "Cubic Curved EndToEnd Featured Formed GaussNewton Mapped Model Network Saddled Sampled Scattered Squared Tangents"
		pair   = "Cubic Curved EndToEnd Featured Formed GaussNewton Mapped Model Network Paired Saddled Sampled Scattered Squared Tangents"
		powers = "Cubic Curved EndToEnd Formed GaussNewton Mapped Model Network Saddled Sampled Scattered Squared Tangents"
		curved = "Charted Cubic Curved Model"
		poly   = "Charted Cubic Curved EndToEnd Formed GaussNewton Mapped Model Network Sampled Scattered Squared Tangents"
	)
	const regression = "Charted " + deeper
	for _, tc := range []struct {
		name  string
		m     sgdlab.Model
		views string
	}{
		{"quadratic", must[sgdlab.Model](t)(NewQuadratic(QuadraticSettings{Spectrum: []float64{3, -1, 0.1, 0}}, nil)), chart},
		{"quadratic, rotated", must[sgdlab.Model](t)(NewQuadratic(QuadraticSettings{Spectrum: []float64{3, -1, 0.1, 0}, Rotate: true}, nil)), chart},
		{"double well", must[sgdlab.Model](t)(NewDoubleWell(DoubleWellSettings{Barrier: 0.25, Well: 1}, nil)), chart},
		{"double well, scaled", must[sgdlab.Model](t)(NewDoubleWell(DoubleWellSettings{Barrier: 0.7, Well: 1.3}, nil)), chart},
		{"quartic saddle", landscape(NewQuarticSaddle(QuarticSaddleSettings{Barrier: 0.25, Well: 1, Coupling: 1, Quartic: 1}, nil)), chart},
		{"quartic saddle, wide", landscape(NewQuarticSaddle(QuarticSaddleSettings{Barrier: 0.6, Well: 1.4, Gate: 0.3, Coupling: 0.7, Quartic: 0.2}, nil)), chart},
		{"degenerate saddle", landscape(NewDegenerateSaddle(DegenerateSaddleSettings{Power: 4, Coefficient: 1, Well: math.NaN()}, nil)), chart},
		{"degenerate saddle with wells", landscape(NewDegenerateSaddle(DegenerateSaddleSettings{Power: 3, Coefficient: 1.3, Well: 1.2, Stable: []float64{2, 0.7}}, nil)), chart},
		{"Müller–Brown", landscape(NewMullerBrown(MullerBrownSettings{Scale: 1}, nil)), chart},
		{"Müller–Brown, scaled", landscape(NewMullerBrown(MullerBrownSettings{Scale: 0.05}, nil)), chart},
		{"Styblinski–Tang", landscape(NewStyblinskiTang(StyblinskiTangSettings{Dimension: 1}, nil)), chart},
		{"Styblinski–Tang in three", landscape(NewStyblinskiTang(StyblinskiTangSettings{Dimension: 3}, nil)), chart},
		{"Styblinski–Tang in seven", landscape(NewStyblinskiTang(StyblinskiTangSettings{Dimension: 7}, nil)), chart},
		{"valley", landscape(NewValley(ValleySettings{Powers: []int{2, 2}, Height: 1}, nil)), chart},
		{"valley, confined", landscape(NewValley(ValleySettings{Powers: []int{2, 4}, Height: 0.7, Confinement: 0.3}, nil)), chart},
		{"valley, uneven", landscape(NewValley(ValleySettings{Powers: []int{4, 2}, Height: 0.7}, nil)), chart},
		{"normal crossing", landscape(NewNormalCrossing(NormalCrossingSettings{Powers: []int{1, 2, 1}, Height: 1.5}, nil)), curved},
		{"normal crossing of one", landscape(NewNormalCrossing(NormalCrossingSettings{Powers: []int{1}, Height: 1.5}, nil)), curved},
		{"normal crossing of two", landscape(NewNormalCrossing(NormalCrossingSettings{Powers: []int{2, 1}, Height: 1.5}, nil)), curved},
		{"polynomial on noise", polynomial("line", noise, 1, 2), poly},
		{"polynomial on 0", polynomial("line", zero, 1, 2), poly},
		{"polynomial, regular", polynomial("line", noise, 1, 1), poly},
		{"polynomial on a line", polynomial("line", steep, 2, 3), poly},
		{"polynomial below a line", polynomial("line", falling, 1, 4), poly},
		{"polynomial of one sample", polynomial("line", lone, 3, 1), poly},
		{"polynomial on the plane, of 0", polynomial("plane", zero, 1, 1), poly},
		{"polynomial on the plane, of noise", polynomial("plane", noise, 2, 1), poly},
		{"polynomial on the plane", polynomial("plane", steep, 1, 2), poly},
		{"polynomial on the plane, falling", polynomial("plane", falling, 0, 3), poly},
		{"polynomial on the plane, straight", polynomial("plane", zero, 0, 1), poly},
		{"polynomial on the plane, round", polynomial("plane", steep, 1, 0), poly},
		{"linear regression", landscape(NewLinear(LinearSettings{}, tall)), regression},
		{"linear regression, n < d", landscape(NewLinear(LinearSettings{Loss: Mean()}, wide)), regression},
		{"linear regression, white", landscape(NewLinear(LinearSettings{}, white)), regression},
		{"linear", deep(tall, Loss{}), deeper},
		{"linear, n < d", deep(wide, SumHalf()), deeper},
		{"two layers", deep(tall, Mean(), 6), deeper},
		{"two layers, white", deep(white, Loss{}, 6), deeper},
		{"two layers, constant input", deep(flat, Loss{}, 6), deeper},
		{"three layers, n < d", deep(wide, Loss{}, 4, 6), deeper},
		{"four layers, bottleneck", deep(white, quarter, 6, 2, 5), deeper},
		{"three layers on a matrix", deep(matrix, Loss{}, 5, 4), deeper},
		{"three layers, one output", deep(single, Loss{}, 4, 3), deeper},
		{"chain of 5", landscape(NewChain(ChainSettings{Depth: 5}, single)), deeper},
		{"rank one", landscape(NewRankOne(RankOneSettings{Width: 3, Depth: 2}, single)), deeper},
		{"rank one, three layers, n < d", landscape(NewRankOne(RankOneSettings{Width: 3, Depth: 3}, singleWide)), deeper},
		{"product of 2", diagonal(single, "product", 2), pair},
		{"product of 2, n < d", diagonal(singleWide, "product", 2), pair},
		{"product of 2, white", diagonal(singleWhite, "product", 2), pair},
		{"product of 4", diagonal(single, "product", 4), diag},
		{"product of 3, white", diagonal(singleWhite, "product", 3), diag},
		{"difference of squares", diagonal(single, "difference-of-powers", 2), powers},
		{"difference of cubes, white", diagonal(singleWhite, "difference-of-powers", 3), powers},
		{"difference of fourth powers, n < d", diagonal(singleWide, "difference-of-powers", 4), powers},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := strings.Join(modeltest.Run(t, tc.m, 0.7), " "); got != tc.views {
				t.Errorf("views %s, want %s", got, tc.views)
			}
		})
	}
}
