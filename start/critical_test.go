package start

import (
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
)

// A critical start is at the named point, kicked by what a start elsewhere would be kicked by; an unknown name is answered
// with those that there are.
func TestCritical(t *testing.T) {
	s := &sgdlab.Site{Model: must[sgdlab.Model](t)(model.NewMullerBrown(model.MullerBrownSettings{Scale: 1}, nil)), Place: "start"}
	at := must[sgdlab.Start](t)(NewCritical(CriticalSettings{Point: "lower-saddle"}, s))
	c := at.Centre()
	if math.Abs(c[0]-0.2125) > 1e-4 || math.Abs(c[1]-0.2930) > 1e-4 || !at.Deterministic(0) {
		t.Errorf("centre %v, deterministic %t", c, at.Deterministic(0))
	}
	kicked := must[sgdlab.Start](t)(NewCritical(CriticalSettings{Point: "lower-saddle", Deviation: sgdlab.Constant(0.1)}, s))
	cloud := must[sgdlab.Start](t)(NewGaussian(GaussianSettings{Deviation: sgdlab.Constant(0.1)}, s))
	p, z := draw(kicked, 2, clock(1)), draw(cloud, 2, clock(1))
	for j := range p {
		for l := range lanes.W {
			if math.Abs(p[j][l]-c[j]-z[j][l]) > 1e-15 {
				t.Errorf("coordinate %d of lane %d: %g, want %g + %g", j, l, p[j][l], c[j], z[j][l])
			}
		}
	}
	for _, e := range []struct {
		point string
		s     *sgdlab.Site
		want  []string
	}{
		{"lower-sadle", s, []string{"reactant, intermediate, product, upper-saddle, lower-saddle", "did you mean lower-saddle?"}},
		{"left", site(t, true, 4, 5, 3), []string{"Charted"}},
		{"left", nil, []string{"needs a model"}},
		{"right", &sgdlab.Site{Model: must[sgdlab.Model](t)(model.NewStyblinskiTang(model.StyblinskiTangSettings{Dimension: 3}, nil))}, []string{"left-left-left", "and 15 more"}},
	} {
		_, err := NewCritical(CriticalSettings{Point: e.point}, e.s)
		if err == nil {
			t.Errorf("%s was accepted", e.point)
			continue
		}
		for _, w := range e.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not speak of %q", e.point, err, w)
			}
		}
	}
}
