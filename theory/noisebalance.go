package theory

import (
	"errors"
	"fmt"
	"math"

	"sgdlab"
)

// NoiseBalance is where label noise leads the layers of a two-layer linear network,
//
//	‖W₁‖²/‖W₂‖² → d/k,
//
// for W₁ (h, d) and W₂ (k, h) and whitened inputs, XᵀX = cI. Gradient flow conserves Q = W₁W₁ᵀ − W₂ᵀW₂; with label noise of variance δ it obeys
//
//	dQ/dt = ηδ (s/n)² [tr(XᵀX) W₂ᵀW₂ − k W₁XᵀXW₁ᵀ],
//
// on each path, at the rate η and s the slope's change with a unit of label: the trace of the right side is 0 at that ratio, for any
// direction of noise. It is a time average, once Q has forgotten the start; descent adds η(∂₁∂₁ᵀ − ∂₂ᵀ∂₂) of the full gradient, which is as
// small as the loss is.
//
// From a run: two layers on whitened inputs, label noise on gd, or as the only noise of an Itô SDE.
//
// Source: after Varre, Sagitova & Flammarion 2024; derived here. Ziyin, Li & Ueda 2023 have the same idea.
type NoiseBalance struct {
	Inputs  float64 `optional:"true" check:">=1" doc:"d"`
	Outputs float64 `optional:"true" check:">=1" doc:"k"`
}

// NewNoiseBalance makes that ratio.
func NewNoiseBalance(c NoiseBalance, r *sgdlab.Run) (sgdlab.Theory, error) {
	if r != nil {
		if _, err := twoLayers(r, "noise-balance"); err != nil {
			return nil, err
		}
		if _, err := labelNoiseAlone(r, "noise-balance"); err != nil {
			return nil, err
		}
		if _, err := setting(r, "label-noise.amplitude", "noise.amplitude", "noise[0].amplitude")(); err != nil {
			return nil, fmt.Errorf("noise-balance is where label noise leads: %w", err)
		}
		if r.Data.Moments().Scalar == 0 {
			return nil, errors.New("the inputs are not white, and then the ratio depends on the layers' directions; use data with whiten: true")
		}
	}
	err := complete(r,
		want{"inputs", &c.Inputs, func() (float64, error) { return float64(r.Data.Inputs()), nil }},
		want{"outputs", &c.Outputs, func() (float64, error) { return float64(r.Data.Outputs()), nil }},
	)
	if err == nil {
		err = errors.Join(positive("inputs", c.Inputs), positive("outputs", c.Outputs))
	}
	if err != nil {
		return nil, err
	}
	return predict(c)
}

func (c NoiseBalance) Predict([]float64) sgdlab.Prediction {
	return sgdlab.One(sgdlab.Leading, c.Inputs/c.Outputs, math.NaN(),
		"two layers on whitened inputs, label noise alone, full batch, in the mean over times after the start is forgotten; leaves out the full gradient", "varre-2024")
}
