package noise

import (
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
)

// TestProportional: σ(θ)ξ = θ ⊙ ξ, its derivative along v is v ⊙ ξ, and its scale is β under any law.
func TestProportional(t *testing.T) {
	c := ProportionalSettings{Amplitude: sgdlab.Constant(0.3)}
	if _, err := NewProportional(c, &sgdlab.Site{}); err == nil || !strings.Contains(err.Error(), "model") {
		t.Errorf("without a model: %v", err)
	}
	site := &sgdlab.Site{Model: hills{}}
	if _, err := NewProportional(ProportionalSettings{}, site); err == nil || !strings.Contains(err.Error(), "amplitude") {
		t.Errorf("without an amplitude: %v", err)
	}
	src, err := NewProportional(c, site)
	if err != nil {
		t.Fatal(err)
	}
	for _, alpha := range []float64{2, 1.5} {
		if s := src.Scale(alpha)(nil); s != lanes.Splat(0.3) {
			t.Errorf("scale %v at α = %g", s, alpha)
		}
	}
	theta, xi, v, dst := lanes.Of([]float64{2, -3}), lanes.Of([]float64{5, 7}), lanes.Of([]float64{-1, 4}), make(lanes.Pack, 2)
	src.Factor.Apply(dst, theta, xi, nil)
	if dst[0][1] != 10 || dst[1][6] != -21 {
		t.Errorf("σξ = %v", dst)
	}
	src.Factor.(sgdlab.Varying).ApplyAlong(dst, theta, v, xi, nil)
	if dst[0][1] != -5 || dst[1][6] != 28 {
		t.Errorf("Dσ[v]ξ = %v", dst)
	}
	src.Factor.(sgdlab.Transposed).ApplyT(dst, theta, v, nil)
	if dst[0][1] != -2 || dst[1][6] != -12 {
		t.Errorf("σᵀv = %v", dst)
	}
	if src.Factor.Width() != 2 || sgdlab.KindOf(src.Factor) != sgdlab.DiagonalNoise {
		t.Errorf("width %d, kind %v", src.Factor.Width(), sgdlab.KindOf(src.Factor))
	}
}

// hills is a landscape of two coordinates that nobody asks anything.
type hills struct{ sgdlab.Model }

func (hills) Dim() int { return 2 }
