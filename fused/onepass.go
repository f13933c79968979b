package fused

import (
	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/scheme"
)

// labels is Euler and Maruyama's scheme on a network that follows its samples through the layers, under the noise of labels alone,
//
//	θ ← θ + scale·√h Σ (aξᵢ/√n)∇hᵢ − h Σ cᵢ∇hᵢ:
//
// both sums are over all rows at one θ, and take one forward pass where the stepper takes two.
type labels struct {
	of  *scheme.Stepper
	net *model.Regression
	by  noise.Output
	inc sgdlab.Increments
	ws  lanes.Arena
}

func onePass(stepper sgdlab.Stepper, _ []sgdlab.Event) (none Kernel, ok bool) {
	of, ok := stepper.(*scheme.Stepper)
	if !ok || len(of.Of.Noise) != 1 {
		return none, false
	}
	if _, euler := of.Scheme.(scheme.EulerMaruyama); !euler {
		return none, false
	}
	down, ok := of.Of.Drift.(sgdlab.Downhill)
	if !ok {
		return none, false
	}
	net, ok := down.Model.(*model.Regression)
	if !ok {
		return none, false
	}
	by, ok := noise.OfOutputs(of.Of.Noise[0].Factor)
	if !ok || by.Model != sgdlab.Sampled(net) {
		return none, false
	}
	s := &labels{of: of, net: net, by: by}
	return Kernel{Step: s.step}, true
}

func (s *labels) step(theta lanes.Pack, at *sgdlab.Clock, live lanes.Mask, bound float64) (lanes.Vec, lanes.Mask) {
	s.ws.Reset()
	s.ws.Idle = at.Idle
	h := s.of.Length(at)
	noise.Draw(&s.inc, s.of.Of.Noise, h, at, &s.ws)
	g, kick, c := s.ws.Pack(len(theta)), s.ws.Pack(len(theta)), s.ws.Pack(len(s.inc.Draw[0]))
	tape := s.net.GradTape(g, theta, &s.ws)
	s.by.Weights(c, s.inc.Draw[0])
	s.net.Pullback(kick, theta, c, sgdlab.AllRows(s.net.Samples()), tape, &s.ws)
	lanes.DescendAdd(theta, h, g, s.inc.Kick(0), kick, live)
	return h, live &^ lanes.Within(theta, bound)
}
