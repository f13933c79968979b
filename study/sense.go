package study

import (
	"fmt"
	"strings"

	"sgdlab"
)

// Senses says of every dynamics whose sense counts what the other one would add to its drift: with the columns σⱼ of all noises, scales included,
//
//	a_Itô = a_Stratonovich + ½ Σⱼ (∂σⱼ)σⱼ,
//
// term by term where the noise is written out, and as a whole elsewhere. The dynamics of the first cell of each are looked at.
func (s *Study) Senses() ([]string, error) {
	seen := map[string]bool{}
	var out []string
	for _, g := range s.Groups {
		name := g.Arm
		if seen[name] {
			continue
		}
		seen[name] = true
		rig, err := g.Rig()
		if err != nil {
			return nil, err
		}
		d, ok := rig.Stepper.(sgdlab.Diffusive)
		if !ok || d.SDE().Additive() {
			continue
		}
		sde := d.SDE()
		other, sign := sgdlab.Stratonovich, "-"
		if sde.Sense == sgdlab.Stratonovich {
			other, sign = sgdlab.Ito, "+"
		}
		var terms []string
		for i, n := range sde.Noise {
			if sgdlab.KindOf(n.Factor) == sgdlab.AdditiveNoise {
				continue
			}
			scale := "scale^2"
			if len(sde.Noise) > 1 {
				scale = fmt.Sprintf("scale[%d]^2", i)
			}
			if x, one := fixed(n.Scale, g); one {
				scale = fmt.Sprint(x * x)
			}
			what := "sum (d sigma) sigma/2"
			if w, ok := n.Factor.(interface{ Induced() []string }); ok {
				what = "[" + strings.Join(w.Induced(), ", ") + "]"
			}
			terms = append(terms, fmt.Sprintf("%s %s*%s", sign, scale, what))
		}
		out = append(out, fmt.Sprintf("%s: its noise depends on θ, so that its sense counts: calculus: %s with the drift a is the same equation as calculus: %s with the drift a %s", name, sde.Sense, other, strings.Join(terms, " ")))
	}
	return out, nil
}

// fixed returns a setting that neither a schedule nor the sweep changes.
func fixed(of sgdlab.Setting, g *Group) (x float64, one bool) {
	if !of.Fixed() {
		return 0, false
	}
	x = of(g.Clock(0))[0]
	for i := range g.Cells {
		if of(g.Clock(i))[0] != x {
			return 0, false
		}
	}
	return x, true
}
