package model

import (
	"testing"

	"sgdlab"
	"sgdlab/data"
	"sgdlab/lanes"
)

// The two workloads that decide how long studies take: the exact gradient of a small deep network, and one of a batch.
func BenchmarkDeepLinear(b *testing.B) {
	set, err := data.NewTeacherStudent(data.TeacherStudentSettings{Inputs: 5, Outputs: 5, Samples: 200, Whiten: true, SingularValues: []float64{3, 2, 1}}, &data.Env{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	built, err := NewDeepLinear(DeepLinearSettings{Widths: []int{5, 5, 5, 5}}, set)
	if err != nil {
		b.Fatal(err)
	}
	m := built.(*Linear)
	theta, dst, ws := random(1, m.Dim()), make(lanes.Pack, m.Dim()), &lanes.Arena{}
	perStep := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lanes.W), "ns/replica")
	}
	b.Run("gradient", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ws.Reset()
			m.Grad(dst, theta, ws)
		}
		perStep(b)
	})
	b.Run("loss", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ws.Reset()
			m.Loss(theta, ws)
		}
		perStep(b)
	})
	rows := sgdlab.Rows{N: 200, Index: make([][lanes.W]int32, 4)}
	b.Run("batch of 4", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ws.Reset()
			c := ws.Pack(20)
			tape := m.Slope(c, theta, rows, ws)
			m.Pullback(dst, theta, c, rows, tape, ws)
		}
		perStep(b)
	})
	b.Run("all rows", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ws.Reset()
			m.Regression.Grad(dst, theta, ws)
		}
		perStep(b)
	})
}

// What products with the Hessian and third derivatives of a perceptron cost beside its gradient.
func BenchmarkMLP(b *testing.B) {
	set, err := data.NewChebyshev(data.ChebyshevSettings{Degree: 4, Samples: 20}, nil)
	if err != nil {
		b.Fatal(err)
	}
	m, err := NewMLP(MLPSettings{Widths: []int{1, 40, 40, 1}, Activation: "tanh", Biases: true}, set)
	if err != nil {
		b.Fatal(err)
	}
	theta, v, ws := random(1, m.Dim()), random(2, m.Dim()), &lanes.Arena{}
	dst := make(lanes.Pack, m.Dim())
	b.Run("gradient", func(b *testing.B) {
		for b.Loop() {
			m.Grad(dst, theta, ws)
		}
	})
	b.Run("hessian product", func(b *testing.B) {
		for b.Loop() {
			m.(sgdlab.Curved).HessVec(dst, theta, v, ws)
		}
	})
	b.Run("third derivative", func(b *testing.B) {
		for b.Loop() {
			m.(sgdlab.Cubic).ThirdVec(dst, theta, v, v, ws)
		}
	})
}

// A product with the Hessian of four layers of 32 × 32, eight directions at once.
func BenchmarkHessVec4096(b *testing.B) {
	set, err := data.NewTargetMatrix(data.TargetMatrixSettings{SingularValues: []float64{5, 3, 1}, Rows: 32, Cols: 32}, &data.Env{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := NewDeepLinear(DeepLinearSettings{Widths: []int{32, 32, 32, 32, 32}}, set)
	if err != nil {
		b.Fatal(err)
	}
	theta, v, dst, ws := random(1, m.Dim()), random(2, m.Dim()), make(lanes.Pack, m.Dim()), &lanes.Arena{}
	for b.Loop() {
		m.(sgdlab.Curved).HessVec(dst, theta, v, ws)
	}
}
