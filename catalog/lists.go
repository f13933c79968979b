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
	Entry("sparse-truth", "Gaussian inputs, targets of a linear teacher of few coordinates, plus fixed label noise", data.NewSparseTruth),
	Entry("two-classes", "Gaussian inputs with labels of −1 and 1: the sides of a hyperplane, or random", data.NewTwoClasses),
	Entry("chebyshev", "a Chebyshev polynomial on an even grid of one input", data.NewChebyshev),
	Entry("fourier", "a sum of sines on an even grid of one input", data.NewFourier),
	Entry("table", "columns of a CSV file, plain or gzipped, or of a Parquet file", data.NewTable),
	Entry("array", "arrays of NPY, NPZ or IDX files, such as images and their labels", data.NewArray),
}

// Models lists loss landscapes.
var Models = []Item[*data.Set, sgdlab.Model]{
	Entry("quadratic", "½θᵀHθ with a chosen spectrum", model.NewQuadratic),
	Entry("double-well", "x⁴/4 − x²/2: wells at ±1, barrier 1/4 at 0", model.NewDoubleWell),
	Entry("quartic-saddle", "two wells in the plane, the pass between them quartic across the way", model.NewQuarticSaddle),
	Entry("degenerate-saddle", "−(a/p)|x|^p beside stable directions, with or without wells", model.NewDegenerateSaddle),
	Entry("valley", "x^p y^q: two valleys of minima that cross", model.NewValley),
	Entry("rosenbrock", "(1 − x)² + b(y − x²)²: a curved valley with a flat floor", model.NewRosenbrock),
	Entry("normal-crossing", "Π x^(2k): what a loss looks like near its most degenerate minima", model.NewNormalCrossing),
	Entry("muller-brown", "a curved way between two wells with a shallow one on it, in the plane", model.NewMullerBrown),
	Entry("styblinski-tang", "½ Σ (x⁴ − 16x² + 5x): a deep and a shallow well in each coordinate", model.NewStyblinskiTang),
	Entry("formula", "any landscape of one to three variables, written out, such as x^4/4 - x^2/2", model.NewFormula),
	Entry("deep-linear", "deep linear network W_L ⋯ W₁x, any depth and widths", model.NewDeepLinear),
	Entry("completion", "a deep linear network W_L ⋯ W₁ that completes a matrix of which some entries are seen", model.NewCompletion),
	Entry("uv", "two-layer linear network vᵀUx/√n with one output", model.NewUV),
	Entry("chain", "linear network with one neuron to a layer, (uᵀx)v₁⋯v_{D−1}", model.NewChain),
	Entry("rank-one", "linear network of matrices of rank one, and one output: (w·v)(u·x) where it has two layers", model.NewRankOne),
	Entry("conv-linear", "linear network of convolutions in one dimension, circular or zero-padded, any depth and channels", model.NewConvLinear),
	Entry("mlp", "multilayer perceptron, any depth: tanh, ReLU, GELU or erf, with or without biases", model.NewMLP),
	Entry("diagonal", "diagonal linear network ⟨β(θ), x⟩: a product of vectors, or a difference of powers", model.NewDiagonal),
	Entry("linear", "linear regression Wx", model.NewLinear),
	Entry("polynomial", "regression on q(w)x with degenerate zeros: q = (w + w₀)^a (w − w₀)^b, or (w₁² + w₂²)^c w₁^d", model.NewPolynomial),
}

// Starts lists where replicas start.
var Starts = []Item[*sgdlab.Site, sgdlab.Start]{
	Entry("point", "a given point", start.NewPoint),
	Entry("gaussian", "independent Gaussian coordinates", start.NewGaussian),
	Entry("uniform", "independent uniform coordinates", start.NewUniform),
	Entry("layers", "independent weights and biases of a size chosen for each layer", start.NewLayers),
	Entry("file", "points read from a file: one for all replicas, or one for each", start.NewFile),
	Entry("balanced", "layers exactly balanced, aligned with the modes of the data", start.NewBalanced),
	Entry("identity", "layers in proportion to the identity, the last one by itself", start.NewIdentity),
	Entry("saddle", "a saddle of a linear network, where any chosen modes are learnt, balanced or not, with a Gaussian kick", start.NewSaddle),
	Entry("critical", "a critical point that the model names, with a Gaussian kick", start.NewCritical),
}

// Dynamics lists how replicas move.
var Dynamics = []Item[*sgdlab.Site, sgdlab.Stepper]{
	Entry("gd", "gradient descent θ ← θ − η∇L, with or without momentum, label noise and added noise", dynamics.NewGD),
	Entry("normalised-gd", "steps of length η downhill, θ ← θ − η∇L/‖∇L‖", dynamics.NewNormalised).Also("normalized-gd"),
	Entry("gd-on-root-loss", "gradient descent on √(L − min L)", dynamics.NewRootLoss),
	Entry("gd-on-log-loss", "gradient descent on log(L − min L): steps of η/(L − min L)", dynamics.NewLogLoss),
	Entry("sgd", "mini-batch stochastic gradient descent, with or without momentum, label noise and added noise", dynamics.NewSGD),
	Entry("online-sgd", "SGD on fresh samples of least squares with Gaussian inputs, each seen once", dynamics.NewOnline),
	Entry("sde", "a stochastic differential equation dθ = −∇L dt + Σ scale·σ(θ)dW", scheme.NewSDE),
	Entry("underdamped", "kinetic Langevin dynamics dθ = v dt, dv = −(∇L + γv)dt + noise: the limit of SGD with momentum", scheme.NewUnderdamped),
	Entry("flow", "gradient flow dθ = −∇L dt to a tolerance, by adaptive Dormand–Prince", scheme.NewFlow),
	Entry("central-flow", "the central flow of gradient descent: its path in the mean over its oscillation at the edge of stability", scheme.NewCentral),
	Entry("stable-flow", "gradient flow turned aside where it would take the sharpness past 2/η", scheme.NewStable),
	Entry("joint", "several dynamics in lock step from one start, so that they can be compared replica by replica", dynamics.NewJoint),
}

// Drifts lists the systematic part of an SDE.
var Drifts = []Item[*sgdlab.Site, sgdlab.Drift]{
	Entry("downhill", "−∇L of the model", scheme.NewDownhill),
	Entry("modified", "−∇(L + (η/4)‖∇L‖²): SGD's stochastic modified equation of second order (SME-2)", scheme.NewModified),
	Entry("hessian-aware", "log(1 − ηH)H⁻¹∇L/η: the flow that passes through the steps of gradient descent on a quadratic", scheme.NewHessianAware),
	Entry("formula", "any drift of one to three variables, written out, such as [y, -x - y]", scheme.NewFormula),
}

// Factors lists how randomness enters an SDE.
var Factors = []Item[*sgdlab.Site, sgdlab.Source]{
	Entry("per-sample", "Σ (ξᵢ − ξ̄)∇ℓᵢ/√n at √(η/B): the covariance of SGD with replacement (ALD)", noise.NewPerSample),
	Entry("output", "s Σ ξᵢ∇hᵢ/√n at ζ√(η/B): label noise", noise.NewOutput),
	Entry("identity", "ξ at √(2T): Langevin; or of the variance δ that C + δI adds", noise.NewIdentity),
	Entry("proportional", "θᵢξᵢ at β: geometric Brownian motion", noise.NewProportional),
	Entry("hessian", "H^½ξ at √(η/B), with the Gauss–Newton or the absolute Hessian", noise.NewHessian),
	Entry("loss-hessian", "√(2L)·H*^½ξ at √(η/B): noise that grows with the loss, and escape by a power law", noise.NewLossHessian),
	Entry("hessian-aware", "another's noise, reshaped so that with the drift hessian-aware an SDE has SGD's covariance on quadratics", noise.NewHessianAware),
	Entry("formula", "σ(θ) as a matrix of expressions of one to three variables, such as [[x, 0.1], [0, y]]", noise.NewFormula),
}

// Laws lists what randomness is drawn.
var Laws = []Item[*sgdlab.Site, sgdlab.Law]{
	Entry("gaussian", "standard normal", noise.NewGaussian),
	Entry("rademacher", "±1 with equal chances", noise.NewRademacher).Also("sign"),
	Entry("uniform", "uniform with variance 1", noise.NewUniform),
	Entry("laplace", "two-sided exponential with variance 1: kurtosis 6", noise.NewLaplace),
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
	Entry("milstein", "strong order 1 in Itô's sense where the noise commutes; elsewhere by Lévy areas", scheme.NewMilstein),
	Entry("runge-kutta-weak-2", "weak order 2 in Itô's sense for all continuous noise, without derivatives", scheme.NewRungeKuttaWeak2),
	Entry("exponential", "exact in law for Ornstein–Uhlenbeck processes at any step; additive noise", scheme.NewExponential),
	Entry("log-euler", "exact for geometric Brownian motion at any step; noise in proportion to θ", scheme.NewLogEuler),
	Entry("tamed-euler", "Euler–Maruyama with a drift of at most 1 in a step: steep landscapes do no harm", scheme.NewTamedEuler),
}

// Observables lists what is read off a replica.
var Observables = []Item[*sgdlab.Site, sgdlab.Observable]{
	Entry("loss", "L(θ) on the training rows", observable.NewLoss),
	Entry("test-loss", "the same loss on the rows held out", observable.NewTestLoss),
	Entry("coordinate", "one coordinate of θ", observable.NewCoordinate),
	Entry("orbit", "period and extent of the orbit that deterministic steps settle on", observable.NewOrbit),
	Entry("lyapunov", "largest Lyapunov exponent of deterministic steps", observable.NewLyapunov),
	Entry("cycle", "the cycle of deterministic steps nearby, by Newton's method, and its Floquet multipliers", observable.NewCycle),
	Entry("expression", "arithmetic on columns of other observables, such as rate*S/2", observable.NewExpression),
	Entry("margin", "least margin of the training samples, as it is or over a norm of the network", observable.NewMargin),
	Entry("accuracy", "fraction of the training or the test rows that are classified rightly", observable.NewAccuracy),
	Entry("fourier-error", "how much of each frequency of the targets is still to be learnt", observable.NewFourierError),
	Entry("gradient-norm", "‖∇L(θ)‖", observable.NewGradientNorm),
	Entry("parameter-norm", "‖θ‖", observable.NewParameterNorm),
	Entry("distance-to-start", "‖θ − θ₀‖: how far a replica is from where it started, or from the centre of the start", observable.NewDistanceToStart),
	Entry("nearest-minimum", "which of the model's minima is nearest, and how far it is", observable.NewNearestMinimum),
	Entry("layer-norms", "of each weight matrix: Frobenius, spectral or nuclear", observable.NewLayerNorms),
	Entry("layer-growth", "d‖W‖²/dt of each weight matrix under gradient flow", observable.NewLayerGrowth),
	Entry("singular-values", "of the end-to-end map, largest first", observable.NewSingularValues),
	Entry("mode-overlap", "uₐᵀWvₐ: how much of each mode of the data or the teacher is learnt", observable.NewModeOverlap),
	Entry("mode-diffusion", "how noisily SGD moves each mode of the data or the teacher", observable.NewModeDiffusion),
	Entry("effective-rank", "exp of the entropy of the normalised singular values", observable.NewEffectiveRank),
	Entry("rank", "number of singular values of the end-to-end map above a tolerance", observable.NewRank),
	Entry("teacher-distance", "‖W − W°‖: how far the end-to-end map is from the map behind the targets", observable.NewTeacherDistance),
	Entry("hypentropy", "distance to the interpolator that a diagonal network's scale selects, now and at the start", observable.NewHypentropy),
	Entry("support", "medians of ln|W| where the teacher has entries, and where it has none", observable.NewSupport),
	Entry("l0-norm", "number of entries of the end-to-end map above a tolerance", observable.NewL0Norm),
	Entry("l1-norm", "Σ|β| over the entries of the end-to-end map", observable.NewL1Norm),
	Entry("nuclear-norm", "Σσ: the sum of the singular values of the end-to-end map", observable.NewNuclearNorm),
	Entry("participation-ratio", "(Σβ²)²/Σβ⁴: the number of coordinates that carry the end-to-end vector", observable.NewParticipationRatio),
	Entry("alignment", "of a layer's top right singular vector with the top left one of the layer below", observable.NewAlignment),
	Entry("balancedness", "‖W_{l+1}ᵀW_{l+1} − W_lW_lᵀ‖: how far neighbouring layers are from balance", observable.NewBalancedness),
	Entry("invariant-set-distance", "how far θ is from a set that no step leaves: weights of hidden units that are 0, or equal; a reflection", observable.NewInvariantSetDistance),
	Entry("hyperbolic-invariant", "mean log|u² − v²| over the pairs of a paired model", observable.NewHyperbolicInvariant),
	Entry("interpolator-distance", "‖β − β°‖: how far a linear network is from the interpolator of least ℓ¹ or ℓ² norm, or from the teacher", observable.NewInterpolatorDistance),
	Entry("saddles-passed", "how many of the jumps from saddle to saddle a diagonal network has taken", observable.NewSaddlesPassed),
	Entry("effective-scale", "what the steps leave of the scale of a diagonal network's start, on and off the teacher's support", observable.NewEffectiveScale),
	Entry("log-det-gram", "log det ΘᵀΘ of a two-layer linear network", observable.NewLogDetGram),
	Entry("minors", "logs of principal minors of ΘᵀΘ of a two-layer linear network", observable.NewMinors),
	Entry("parameter-rank", "rank at a tolerance and singular values of Θ = [W₁ W₂ᵀ] of a two-layer linear network", observable.NewParameterRank),
	Entry("null-space", "what a linear network is in the null space of the inputs, which steps leave alone, and where that has it end", observable.NewNullSpace),
	Entry("jacobian-rank", "rank at a tolerance of the Jacobian of the outputs at the samples", observable.NewJacobianRank),
	Entry("jacobian-norms", "norms of the columns of the Jacobian: how strongly each parameter moves the outputs", observable.NewJacobianNorms),
	Entry("feature-sparsity", "fraction of the hidden units that are active and distinct", observable.NewFeatureSparsity),
	Entry("noise-trace", "tr C(θ), C the covariance of one sample's gradient", observable.NewNoiseTrace),
	Entry("noise-rank", "numerical rank of C(θ)", observable.NewNoiseRank),
	Entry("noise-hessian-alignment", "tr(CH)/(‖C‖‖H‖)", observable.NewNoiseHessianAlignment),
	Entry("noise-to-drift", "√(tr C/B)/‖∇L‖: the noise of a step of SGD over its drift", observable.NewNoiseToDrift),
	Entry("gradient-noise-kurtosis", "of one sample's gradient noise, 3 for a Gaussian: over coordinates, along the noisiest direction, whitened", observable.NewGradientNoiseKurtosis),
	Entry("gradient-tail-index", "of one sample's gradient noise, the index of a stable law by blocks: within coordinates, and pooled", observable.NewGradientTailIndex),
	Entry("process", "another observable, of a process of the dynamics joint", observable.NewOfProcess),
	Entry("process-distance", "how far two processes of the dynamics joint are from each other, in θ or in another observable", observable.NewProcessDistance),
	Entry("predicted-loss", "L + ½⟨∇²L, Σ⟩: the loss in the mean that a central flow predicts", observable.NewPredictedLoss),
	Entry("oscillation-variance", "tr Σ: the variance of the oscillation that a central flow predicts", observable.NewOscillationVariance),
	Entry("sharpness", "largest (algebraic) eigenvalues of ∇²L, or the smallest, of it or of a part of it, with their residuals", observable.NewSharpness),
	Entry("edge-spectrum", "which eigenvalues of ∇²L are at the edge of stability or near it, and how many", observable.NewEdgeSpectrum),
	Entry("morse-index", "number of negative eigenvalues of ∇²L, and of those that are 0", observable.NewMorseIndex),
	Entry("spectral-density", "how the eigenvalues of ∇²L are distributed between bounds", observable.NewSpectralDensity),
	Entry("hessian-trace", "tr ∇²L, exact or by probes", observable.NewHessianTrace),
	Entry("noise-hessian-overlap", "largest eigenvalues of the noise, and whether their directions are those of curvature", observable.NewNoiseHessianOverlap),
}

// Accumulators lists what is summed along a path.
var Accumulators = []Item[*sgdlab.Site, sgdlab.Accumulator]{
	Entry("loss-integral", "∫L dt", observable.NewLossIntegral),
	Entry("path-integral", "∫f dt of any column, or its average over time", observable.NewPathIntegral),
	Entry("hyperbolic-product", "mean Σ log|1 − η²g²| over the pairs of a paired model: what the steps predict of hyperbolic-invariant", observable.NewHyperbolicProduct),
	Entry("fluctuation-dissipation", "both sides of Yaida's relations as averages over time, ⟨θ·∇L⟩ = (η/2)⟨‖g‖²⟩ and ⟨‖∇L‖²⟩ = (η/2)⟨gᵀHg⟩", observable.NewFluctuationDissipation),
	Entry("log-det-product", "2 Σ log|1 − s²| over the singular values of ηG: what the steps predict of log-det-gram, in parts", observable.NewLogDetProduct),
	Entry("imbalance", "what the steps predict of the imbalance of neighbouring layers, in parts", observable.NewImbalance),
	Entry("mirror-gap", "how far the steps of a paired model are from a mirror flow, max│ΔQ′ + ∫g dt│", observable.NewMirrorGap),
}

// Theories lists what is predicted.
var Theories = []Item[*sgdlab.Run, sgdlab.Theory]{
	Entry("kramers", "mean time from one well to the next, at leading order in temperature", theory.NewKramers),
	Entry("kramers-next", "Kramers' time with its next order", theory.NewKramersNext),
	Entry("eyring-kramers", "Kramers' time in several dimensions", theory.NewEyringKramers),
	Entry("learning-coefficient", "λ and m of a singular loss: the volume below ε is ~ ε^λ (log 1/ε)^(m−1)", theory.NewLearningCoefficient),
	Entry("gibbs-mass", "what the Gibbs law, or a posterior, gives to an interval of a landscape of one coordinate", theory.NewGibbsMass),
	Entry("mori-rate", "escape rate under noise that grows with the loss: a power law", theory.NewMoriRate),
	Entry("log-loss-exit", "exact mean exit time under noise that grows with the loss, about a quadratic minimum", theory.NewLogLossExit),
	Entry("strict-saddle", "mean time to leave a strict saddle under additive noise", theory.NewStrictSaddle),
	Entry("degenerate-saddle", "mean time to leave a degenerate saddle −a|x|^p/p under additive noise", theory.NewDegenerateSaddle),
	Entry("mean-exit-brownian", "mean exit time of Brownian motion from a ball", theory.NewMeanExitBrownian),
	Entry("geometric-exit", "exit of a geometric Brownian motion", theory.NewGeometricExit),
	Entry("max-margin", "largest margin of data of two classes, where gradient flow on linear networks ends", theory.NewMaxMargin),
	Entry("ou-variance", "stationary variance of the Ornstein–Uhlenbeck process", theory.NewOUVariance),
	Entry("ou-variance-discrete", "stationary variance of SGD on a quadratic", theory.NewOUVarianceDiscrete),
	Entry("ou-variance-euler", "stationary variance of the Euler–Maruyama chain", theory.NewOUVarianceEuler),
	Entry("flatness-rate", "rate at which label noise goes to flatter minima of ½(uv − y)²", theory.NewFlatnessRate),
	Entry("online-variance", "stationary variance of SGD on fresh samples", theory.NewOnlineVariance),
	Entry("scaling-breakdown", "where the linear scaling rule ends", theory.NewScalingBreakdown),
	Entry("kesten-index", "tail index of the stationary law of SGD on fresh samples", theory.NewKestenIndex),
	Entry("lyapunov", "stationary covariance of SGD, or of its SDE, on a quadratic with constant noise", theory.NewLyapunov),
	Entry("least-squares-covariance", "exact stationary covariance of mini-batch SGD on linear regression", theory.NewLeastSquaresCovariance),
	Entry("optimal-step", "the rate at which constant-rate SGD is nearest to the posterior: 2SD/(N tr C)", theory.NewOptimalStep),
	Entry("modified-equation", "law in time of SGD on a quadratic, and of the modified equations of first and second order", theory.NewModifiedEquation),
	Entry("svag", "stationary variance and kurtosis of SVAG on a quadratic", theory.NewSVAG),
	Entry("log-det-decay", "rate at which label noise makes log det ΘᵀΘ fall", theory.NewLogDetDecay),
	Entry("noise-balance", "d/k: the ratio of the squared norms of two layers to which label noise leads", theory.NewNoiseBalance),
	Entry("rank-one-balance", "the strength at which label noise leaves a rank-one linear network", theory.NewRankOneBalance),
	Entry("mode-diffusion-peak", "how far a mode is learnt where SGD moves it most noisily", theory.NewModeDiffusionPeak),
	Entry("mode-deviation", "stationary deviation of a mode of two layers under SGD with label noise", theory.NewModeDeviation),
	Entry("saxe-sigmoid", "strength of a mode in time under gradient flow from a balanced start", theory.NewSaxeSigmoid),
	Entry("depth-transit-time", "time from one mode strength to another at any depth", theory.NewDepthTransitTime),
	Entry("saddle-jumps", "when a diagonal network that starts near 0 jumps from saddle to saddle, and the loss there", theory.NewSaddleJumps),
	Entry("stability-threshold", "2/η", theory.NewStabilityThreshold),
	Entry("balanced-sharpness", "sharpness of a balanced minimum", theory.NewBalancedSharpness),
	Entry("chain-sharpness", "sharpness of a chain's minimum, its bounds, and the difficulty of the data", theory.NewChainSharpness),
	Entry("imbalance-step", "what a step of SGD adds to the imbalance of a chain", theory.NewImbalanceStep),
	Entry("collapse-threshold", "rate at which noise draws a replica to an invariant set, and the noise from which it does", theory.NewCollapseThreshold),
	Entry("soft-threshold", "strengths of the modes of a diagonal network under label noise: all shrunk alike, the weak ones dead", theory.NewSoftThreshold),
	Entry("scalar-two-cycle", "two-cycle of gradient descent on a scalar factorisation", theory.NewScalarTwoCycle),
}
