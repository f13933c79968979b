package catalog

import (
	"sgdlab"
	"sgdlab/data"
	"sgdlab/dynamics"
	"sgdlab/model"
	"sgdlab/noise"
	"sgdlab/observable"
	"sgdlab/scheme"
	"sgdlab/start"
	"sgdlab/theory"
)

// Data lists inputs and targets.
var Data = []Item[*data.Env, *data.Set]{
	Entry("teacher-student", "Gaussian inputs, targets of a linear teacher with chosen singular values, plus fixed label noise", data.NewTeacherStudent),
	Entry("gaussian", "Gaussian inputs; Gaussian targets, or those of a Gaussian linear teacher", data.NewGaussian),
	Entry("target-matrix", "no samples: the matrix loss ½‖W − M‖²", data.NewTargetMatrix),
	Entry("table", "columns of a CSV file, plain or gzipped", data.NewTable),
}

// Models lists loss landscapes.
var Models = []Item[*data.Set, sgdlab.Model]{
	Entry("quadratic", "½θᵀHθ with a chosen spectrum", model.NewQuadratic),
	Entry("double-well", "x⁴/4 − x²/2: wells at ±1, barrier 1/4 at 0", model.NewDoubleWell),
	Entry("deep-linear", "deep linear network W_L ⋯ W₁x, any depth and widths", model.NewDeepLinear),
	Entry("diagonal", "diagonal linear network ⟨β(θ), x⟩: a product of vectors, or a difference of powers", model.NewDiagonal),
}

// Starts lists where replicas start.
var Starts = []Item[*sgdlab.Site, sgdlab.Start]{
	Entry("point", "a given point", start.NewPoint),
	Entry("gaussian", "independent Gaussian coordinates", start.NewGaussian),
	Entry("balanced", "layers exactly balanced, aligned with the modes of the data", start.NewBalanced),
	Entry("saddle", "a saddle of a linear network, where chosen modes are learnt, with a Gaussian kick", start.NewSaddle),
}

// Dynamics lists how replicas move.
var Dynamics = []Item[*sgdlab.Site, sgdlab.Stepper]{
	Entry("gd", "gradient descent θ ← θ − η∇L, with or without label noise", dynamics.NewGD),
	Entry("sgd", "mini-batch stochastic gradient descent, with or without label noise", dynamics.NewSGD),
	Entry("sde", "a stochastic differential equation dθ = −∇L dt + Σ scale·σ(θ)dW", scheme.NewSDE),
}

// Drifts lists the systematic part of an SDE.
var Drifts = []Item[*sgdlab.Site, sgdlab.Drift]{
	Entry("downhill", "−∇L of the model", scheme.NewDownhill),
}

// Factors lists how randomness enters an SDE.
var Factors = []Item[*sgdlab.Site, sgdlab.Source]{
	Entry("per-sample", "Σ (ξᵢ − ξ̄)∇ℓᵢ/√n at √(η/B): the covariance of SGD with replacement (ALD)", noise.NewPerSample),
	Entry("output", "s Σ ξᵢ∇hᵢ/√n at ζ√(η/B): label noise", noise.NewOutput),
	Entry("identity", "ξ at √(2T): Langevin", noise.NewIdentity),
	Entry("hessian", "H^½ξ at √(η/B), with the Gauss–Newton or the absolute Hessian", noise.NewHessian),
	Entry("loss-hessian", "√(2L)·H*^½ξ at √(η/B): noise that grows with the loss, and escape by a power law", noise.NewLossHessian),
}

// Laws lists what randomness is drawn.
var Laws = []Item[*sgdlab.Site, sgdlab.Law]{
	Entry("gaussian", "standard normal", noise.NewGaussian),
	Entry("rademacher", "±1 with equal chances", noise.NewRademacher).Also("sign"),
	Entry("uniform", "uniform with variance 1", noise.NewUniform),
	Entry("multinomial", "√(nB)(1/n − counts/B): with per-sample noise an Euler–Maruyama step is an SGD step", noise.NewMultinomial),
	Entry("stable", "symmetric α-stable, the unit Gaussian at α = 2 (Lévy)", noise.NewStable).Also("levy"),
}

// Samplers lists how a mini-batch is drawn.
var Samplers = []Item[*sgdlab.Site, sgdlab.Sampler]{
	Entry("with-replacement", "B independent rows", noise.NewWithReplacement),
	Entry("without-replacement", "B different rows, afresh at every step", noise.NewWithoutReplacement),
	Entry("reshuffled", "every row once an epoch, in an order drawn for each epoch", noise.NewReshuffled),
}

// Schemes lists how an SDE is stepped.
var Schemes = []Item[*sgdlab.Site, sgdlab.Scheme]{
	Entry("euler-maruyama", "θ + ah + σ√h ξ; converges in Itô's sense", scheme.NewEulerMaruyama),
	Entry("heun", "stochastic Heun, a predictor and a corrector; converges in Stratonovich's sense", scheme.NewHeun),
}

// Observables lists what is read off a replica.
var Observables = []Item[*sgdlab.Site, sgdlab.Observable]{
	Entry("loss", "L(θ) on the training rows", observable.NewLoss),
	Entry("test-loss", "the same loss on the rows held out", observable.NewTestLoss),
	Entry("coordinate", "one coordinate of θ", observable.NewCoordinate),
	Entry("gradient-norm", "‖∇L(θ)‖", observable.NewGradientNorm),
	Entry("parameter-norm", "‖θ‖", observable.NewParameterNorm),
	Entry("singular-values", "of the end-to-end map, largest first", observable.NewSingularValues),
	Entry("mode-overlap", "uₐᵀWvₐ: how much of each mode of the data or the teacher is learnt", observable.NewModeOverlap),
	Entry("effective-rank", "exp of the entropy of the normalised singular values", observable.NewEffectiveRank),
	Entry("participation-ratio", "(Σβ²)²/Σβ⁴: the number of coordinates that carry the end-to-end vector", observable.NewParticipationRatio),
	Entry("alignment", "of a layer's top right singular vector with the top left one of the layer below", observable.NewAlignment),
	Entry("balancedness", "‖W_{l+1}ᵀW_{l+1} − W_lW_lᵀ‖: how far neighbouring layers are from balance", observable.NewBalancedness),
	Entry("hyperbolic-invariant", "mean log|u² − v²| over the pairs of a paired model", observable.NewHyperbolicInvariant),
	Entry("log-det-gram", "log det ΘᵀΘ of a two-layer linear network", observable.NewLogDetGram),
	Entry("noise-trace", "tr C(θ), C the covariance of one sample's gradient", observable.NewNoiseTrace),
	Entry("noise-rank", "numerical rank of C(θ)", observable.NewNoiseRank),
	Entry("noise-hessian-alignment", "tr(CH)/(‖C‖‖H‖)", observable.NewNoiseHessianAlignment),
	Entry("sharpness", "largest (algebraic) eigenvalues of ∇²L, with their residuals", observable.NewSharpness),
}

// Accumulators lists what is summed along a path.
var Accumulators = []Item[*sgdlab.Site, sgdlab.Accumulator]{
	Entry("loss-integral", "∫L dt", observable.NewLossIntegral),
	Entry("hyperbolic-product", "mean Σ log|1 − η²g²| over the pairs of a paired model: what the steps predict of hyperbolic-invariant", observable.NewHyperbolicProduct),
}

// Theories lists what is predicted.
var Theories = []Item[*sgdlab.Run, sgdlab.Theory]{
	Entry("kramers", "mean time from one well to the next, at leading order in temperature", theory.NewKramers),
	Entry("kramers-next", "Kramers' time with its next order", theory.NewKramersNext),
	Entry("eyring-kramers", "Kramers' time in several dimensions", theory.NewEyringKramers),
	Entry("mori-rate", "escape rate under noise that grows with the loss: a power law", theory.NewMoriRate),
	Entry("log-loss-exit", "exact mean exit time under noise that grows with the loss, in two dimensions", theory.NewLogLossExit),
	Entry("strict-saddle", "mean time to leave a strict saddle under additive noise", theory.NewStrictSaddle),
	Entry("degenerate-saddle", "mean time to leave a degenerate saddle −a|x|^p/p under additive noise", theory.NewDegenerateSaddle),
	Entry("mean-exit-brownian", "mean exit time of Brownian motion from a ball", theory.NewMeanExitBrownian),
	Entry("geometric-exit", "exit of a geometric Brownian motion", theory.NewGeometricExit),
	Entry("ou-variance", "stationary variance of the Ornstein–Uhlenbeck process", theory.NewOUVariance),
	Entry("ou-variance-discrete", "stationary variance of SGD on a quadratic", theory.NewOUVarianceDiscrete),
	Entry("ou-variance-euler", "stationary variance of the Euler–Maruyama chain", theory.NewOUVarianceEuler),
	Entry("log-det-decay", "rate at which label noise makes log det ΘᵀΘ fall", theory.NewLogDetDecay),
	Entry("saxe-sigmoid", "strength of a mode in time under gradient flow from a balanced start", theory.NewSaxeSigmoid),
	Entry("depth-transit-time", "time from one mode strength to another at any depth", theory.NewDepthTransitTime),
	Entry("stability-threshold", "2/η", theory.NewStabilityThreshold),
	Entry("balanced-sharpness", "sharpness of a balanced minimum", theory.NewBalancedSharpness),
	Entry("scalar-two-cycle", "two-cycle of gradient descent on a scalar factorisation", theory.NewScalarTwoCycle),
}
