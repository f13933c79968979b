package catalog_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"sgdlab"
	"sgdlab/catalog"
	"sgdlab/data"
	"sgdlab/lanes"
	"sgdlab/model"
	"sgdlab/rng"
	"sgdlab/spec"
)

var update = flag.Bool("update", false, "rewrite the golden tables")

// sample is how a battery asks for an entry: its settings as YAML, and for a model the set that it is built on.
type sample struct{ settings, on string }

func each(settings ...string) []sample {
	out := make([]sample, len(settings))
	for i, s := range settings {
		out[i] = sample{settings: s}
	}
	return out
}

// samples says, for every entry of every list, with which settings the batteries run. An entry that is missing fails.
var samples = map[string]map[string][]sample{
	"data": {
		"teacher-student": each(
			"{inputs: 3, outputs: 2, samples: 12, singular-values: [2, 1], label-noise: 0.5}",
			"{inputs: 4, samples: 9, singular-values: [2], whiten: true}",
			"{inputs: 4, outputs: 3, samples: 9, spectrum: {decay: power, exponent: 1, rank: 2}, input-spectrum: {decay: geometric, condition: 10}, rotate-inputs: true, exact: true, test-samples: 5}"),
		"gaussian": each("{inputs: 3, outputs: 2, samples: 8}", "{inputs: 3, samples: 8, teacher: gaussian, label-noise: 0.1, input-covariance: [1, 4, 0.25]}",
			"{inputs: 4, outputs: 3, samples: 8, teacher: gaussian, rank: 2, whiten: true}"),
		"target-matrix": each("{singular-values: [3, 1]}", "{singular-values: [2], rows: 1, cols: 4}", "{matrix: [[1, 2, 0], [0, 1, -1]]}", "{rows: 3, cols: 4, spectrum: {decay: equal, largest: 2, rank: 2}}"),
		"sparse-truth": each("{inputs: 6, samples: 4, nonzeros: 2}", "{inputs: 6, samples: 9, nonzeros: 3, support: random, magnitudes: gaussian, signs: random, label-noise: 0.1, whiten: true}",
			"{inputs: 5, samples: 9, values: [2, -1], input-covariance: [1, 2, 3, 4, 5], exact: true}"),
		"two-classes": each("{inputs: 3, samples: 9}", "{inputs: 4, samples: 7, margin: 0.5, deviation: 0.5, mean: 1.5, test-samples: 5}", "{inputs: 3, samples: 10, labels: random, mean: 1, targets: one-hot}",
			"{inputs: 4, samples: 8, labels: random, input-spectrum: {decay: power, exponent: 1}}"),
		"chebyshev": each("{degree: 4}", "{degree: 0, samples: 3}"),
		"fourier":   each("{frequencies: [1, 3, 5]}", "{frequencies: [2], amplitudes: [-0.5], samples: 7}"),
		"table": each("{path: iris.csv, inputs: [sepal_length..petal_length], targets: petal_width, train: 100, scale: {standardise: true}}",
			"{path: iris.csv, inputs: [sepal_length..petal_width], targets: sepal_width, samples: 60, train: 0.5, components: 3, whiten: true}"),
		"array": each("{inputs: ../../data/testdata/images.idx.gz, targets: ../../data/testdata/labels.idx, labels: one-hot, classes: [1, 0], samples: 6, train: 4}",
			"{path: ../../data/testdata/set.npz, inputs: x, targets: y, train: 0.5, scale: {center: true}}"),
	},
	"models": {
		"quadratic":         each("{spectrum: [3, -1, 0.1, 0]}", "{spectrum: [3, -1, 0.1], rotate: true, rotation-seed: 4}"),
		"double-well":       each("{}", "{barrier: 0.7, well: 1.3}"),
		"quartic-saddle":    each("{}", "{barrier: 0.6, well: 1.4, gate: 0.3, coupling: 0.7, quartic: 0.2}"),
		"degenerate-saddle": each("{}", "{power: 3, coefficient: 1.3, well: 1.2, stable: [2, 0.7]}"),
		"valley":            each("{}", "{powers: [2, 4], height: 0.7, confinement: 0.3}"),
		"normal-crossing":   each("{}", "{powers: [1, 2, 1], height: 1.5}"),
		"rosenbrock":        each("{steepness: 5}", "{steepness: 0.3}"),
		"muller-brown":      each("{}", "{scale: 0.1}"),
		"styblinski-tang":   each("{}", "{dimension: 1}", "{dimension: 7}"),
		"linear":            {{"{loss: logistic}", "signs"}, {"{}", "tall"}, {"{loss: mean}", "wide"}, {"{}", "white"}, {"{}", "matrix"}},
		"polynomial": {
			{"{}", "tall11"}, {"{powers: [2, 1], zero: 1.1, loss: mean}", "white11"}, {"{form: plane, powers: [1, 2]}", "tall11"},
			{"{zero: 1.1}", "wide11"}, {"{form: plane, powers: [2, 1]}", "matrix11"},
		},
		"formula": each("{loss: x^4/4 - x^2/2, critical: {left: -1, top: 0, right: 0.9}}",
			"{loss: exp(-x^2 - y^2)*(1 + a*x*y) + sqrt(1 + x^2), variables: [x, y], parameters: {a: 0.5}}",
			"{loss: \"where(u, u^5*v, 0) + sin(v) + tanh(u*w)^2 + atan(v - w)^2\", variables: [u, v, w]}"),
		"deep-linear": {
			{"{widths: [3, 2]}", "tall"}, {"{widths: [3, 4, 2], loss: mean}", "tall"}, {"{widths: [5, 3, 4, 2]}", "wide"},
			{"{widths: [4, 2, 5, 3], loss: {prefactor: 1/(4*n)}}", "white"}, {"{widths: [4, 3, 3]}", "matrix"}, {"{widths: [3, 3, 1], loss: sum-half}", "tall1"},
			{"{widths: [2, 4, 1], loss: exponential}", "signs"}, {"{widths: [2, 5, 4, 2], loss: cross-entropy}", "classes"},
		},
		"uv":       {{"{width: 3}", "tall1"}, {"{width: 4, scaling: none, loss: mean}", "wide1"}, {"{width: 2}", "white1"}, {"{width: 2}", "matrix1"}},
		"chain":    {{"{depth: 3}", "wide1"}, {"{depth: 2, loss: mean}", "white1"}, {"{depth: 2}", "tall1"}, {"{depth: 3}", "matrix1"}},
		"rank-one": {{"{width: 3}", "wide1"}, {"{width: 2, depth: 3, loss: mean}", "white1"}, {"{width: 2}", "tall1"}, {"{width: 2}", "matrix1"}},
		"conv-linear": {
			{"{channels: [3, 2, 2], filter: 1}", "tall"}, {"{channels: [1, 2, 1], filter: 3}", "fourier4"}, {"{channels: [1, 1, 1, 1], padding: zero, loss: mean}", "fourier4"},
			{"{channels: [4, 2, 3], filter: 1}", "white"}, {"{channels: [5, 2], filter: 1}", "wide"}, {"{channels: [4, 3, 3], filter: 1, padding: zero}", "matrix"},
		},
		"mlp": {
			{"{widths: [3, 4, 2]}", "tall"}, {"{widths: [5, 4, 3, 2], activation: gelu, loss: mean}", "wide"}, {"{widths: [3, 5, 1], activation: erf, biases: false}", "tall1"},
			{"{widths: [2, 4, 1], activation: tanh, loss: logistic}", "signs"}, {"{widths: [2, 3, 1], activation: erf, loss: exponential}", "signs"},
			{"{widths: [2, 4, 2], activation: gelu, loss: {of: cross-entropy, prefactor: 1}}", "classes"}, {"{widths: [2, 2], activation: relu, loss: cross-entropy}", "classes"},
			{"{widths: [1, 1, 1], biases: false}", "tall11"}, {"{widths: [4, 3, 3], activation: identity}", "matrix"}, {"{widths: [4, 3, 1], activation: gelu}", "white1"}, {"{widths: [3, 4, 1], activation: relu}", "tall1"},
		},
		"completion": {{"{widths: [4, 3], observed: 0.5}", "matrix"}, {"{widths: [4, 2, 3, 3], observed: 0.7, mask-seed: 3}", "matrix"}},
		"diagonal": {
			{"{loss: logistic}", "signs"}, {"{}", "tall1"}, {"{depth: 3, loss: sum-half}", "tall1"}, {"{}", "wide1"}, {"{depth: 4}", "white1"}, {"{}", "matrix1"},
			{"{parametrisation: difference-of-powers}", "tall1"}, {"{parametrisation: difference-of-powers, depth: 3}", "wide1"},
			{"{parametrization: difference-of-powers, depth: 4}", "white1"}, {"{parametrisation: difference-of-powers}", "matrix1"},
		},
	},
	// Starts have two samples that share packs, the second without its random part.
	"starts": {
		"point":    each("{at: 0.3}", "{at: 0.3}"),
		"gaussian": each("{deviation: 0.4}", "{deviation: 0}"),
		"uniform":  each("{half-width: 0.4, centre: 0.1}", "{half-width: 0, centre: 0.1}"),
		"file":     each("{path: ../start/testdata/quadratic.csv, deviation: 0.2}", "{path: ../start/testdata/quadratic.csv}"),
		"balanced": each("{strength: 0.5, deviation: 0.1}", "{strength: 0.5}"),
		"identity": each("{scale: 0.3, last: 0.1, deviation: 0.1}", "{scale: 0.3, last: 0.1}"),
		"layers":   each("{weights: 0.5, law: uniform, scale: fan-in, multiplier: 1.5}", "{weights: 0.5, law: uniform, scale: fan-in, multiplier: 0}"),
		"saddle":   each("{modes: [1], deviation: 0.1}", "{modes: [1], deviation: 0}"),
		"critical": each("{point: left, deviation: 0.1}", "{point: left}"),
	},
	"dynamics": {
		"gd": each("{rate: 0.05}", "{rate: 0.05, momentum: 0.9}", "{rate: 0.05, momentum: 0.7, nesterov: true, noise: {factor: identity, temperature: 0.1}}", "{rate: 0.05, label-noise: {amplitude: 0.3, law: rademacher}}",
			"{rate: 0.05, noise: {factor: identity, temperature: 0.1}}", "{rate: 0.05, label-noise: {amplitude: 0.3}, noise: [{factor: identity, variance: 0.1}, {factor: per-sample, batch: 2, law: stable, alpha: 1.5}]}"),
		"normalised-gd":   each("{rate: 0.05}", "{rate: 0.05, momentum: 0.5}", "{rate: 0.05, batch: 2, label-noise: {amplitude: 0.3}}", "{rate: 0.05, noise: {factor: identity, temperature: 0.1}}"),
		"gd-on-log-loss":  each("{rate: 0.05, minimum: -100}", "{rate: 0.05, minimum: -100, momentum: 0.5}"),
		"gd-on-root-loss": each("{rate: 0.05, minimum: -100}", "{rate: 0.05, minimum: -100, momentum: 0.5, noise: {factor: identity, temperature: 0.1}}"),
		"sgd": each("{rate: 0.05, batch: 2}", "{rate: 0.05, batch: 2, svag: 3, label-noise: {amplitude: 0.3}, noise: {factor: identity, variance: 0.2}}", "{rate: 0.05, batch: 2, momentum: 0.9, label-noise: {amplitude: 0.3}}", "{rate: 0.05, batch: 3, draw: without-replacement, label-noise: {amplitude: 0.3}}",
			"{rate: 0.05, batch: 2, draw: reshuffled, label-noise: {amplitude: 0.3, law: stable, alpha: 1.5}}", "{rate: 0.05, batch: 2, label-noise: {amplitude: 0.3, per: step}}",
			"{rate: 0.05, batch: 2, draw: {name: without-replacement, stream: w}, label-noise: {amplitude: 0.3, law: uniform, stream: v}, noise: {factor: identity, variance: 0.2}}"),
		"online-sgd": each("{rate: 0.05}", "{rate: 0.05, batch: 3, label-noise: {amplitude: 0.5}}", "{rate: 0.02, batch: 2, label-noise: {amplitude: 0.5, law: rademacher, stream: v}}"),
		"sde": each("{calculus: ito, step: 0.02}", "{calculus: ito, rate: 0.05, noise: {factor: per-sample, batch: 2}}",
			"{calculus: ito, rate: 0.05, noise: {factor: per-sample, batch: 2, law: multinomial}}",
			"{calculus: stratonovich, scheme: heun, rate: 0.05, step: 0.02, noise: {factor: hessian, of: absolute, batch: 2}}",
			"{calculus: ito, rate: 0.05, noise: [{factor: identity, temperature: 0.1}, {factor: output, amplitude: 0.2, law: uniform}]}",
			"{calculus: stratonovich, scheme: heun, rate: 0.05, noise: {factor: identity, temperature: 0.1, law: stable, alpha: 1.5}}",
			"{calculus: ito, scheme: milstein, rate: 0.05, step: 0.02, noise: {factor: proportional, amplitude: 0.3}}",
			"{calculus: ito, scheme: {name: milstein, levy-areas: 2}, rate: 0.05, noise: [{factor: per-sample, batch: 2}, {factor: identity, temperature: 0.1}]}",
			"{calculus: ito, scheme: runge-kutta-weak-2, rate: 0.05, noise: {factor: per-sample, batch: 2}}",
			"{calculus: ito, scheme: exponential, rate: 0.05, step: 0.1, noise: [{factor: identity, temperature: 0.1}, {factor: hessian, of: absolute, frozen: true, batch: 2}]}",
			"{calculus: ito, scheme: log-euler, rate: 0.05, noise: {factor: proportional, amplitude: 0.3}}",
			"{calculus: ito, rate: 0.05, step: 0.025, drift: modified, noise: {factor: per-sample, batch: 2}}",
			"{calculus: ito, rate: 1e-4, drift: hessian-aware, noise: {factor: hessian-aware, of: {name: identity, temperature: 0.1}}}",
			"{calculus: ito, scheme: tamed-euler, rate: 0.05, noise: {factor: identity, temperature: 0.1, law: stable, alpha: 1.5}}"),
		"flow":         each("{rate: 0.05}", "{rate: 0.05, step: 0.3, tolerance: 1e-10, absolute: 1e-14}", "{rate: 0.005, drift: modified}"),
		"central-flow": each("{rate: 0.01}", "{rate: 0.03, substeps: 8, max-critical: 3, critical: 0.1}"),
		"joint": each("{of: {a: {name: gd, rate: 0.01, momentum: 0.5}, b: {name: flow, rate: 0.02, step: 0.005}}}",
			"{of: {a: {name: sde, calculus: ito, rate: 0.01, step: 0.005, noise: {factor: identity, temperature: 0.1}}, b: {name: central-flow, rate: 0.01}, c: {name: gd, rate: 0.03}}}"),
		"underdamped": each("{step: 0.1, friction: 0.5, temperature: 0.1}", "{rate: 0.2, step: 0.1, friction: 0.5}", "{rate: 0.2, friction: 1, temperature: 0.1, noise: [{factor: per-sample, batch: 2}, {factor: identity, temperature: 0.1, law: uniform}]}"),
		"stable-flow": each("{rate: 0.01}", "{rate: 0.005, substeps: 2, max-critical: 3, critical: 0.02}"),
	},
	"drifts": {
		"downhill":      each("{}"),
		"modified":      each("{}"),
		"hessian-aware": each("{}"),
		"formula":       each("{components: [-x^3]}", "{components: [y, -x - c*y], variables: [x, y], parameters: {c: 0.3}}"),
	},
	"factors": {
		"per-sample":   each("{}", "{batch: 3}"),
		"output":       each("{amplitude: 0.5}", "{amplitude: 0.5, per: step}"),
		"proportional": each("{amplitude: 0.4}"),
		"identity":     each("{temperature: 0.1}", "{temperature: matched, batch: 2}", "{variance: 0.3, batch: 2}"),
		"hessian":      each("{batch: 2}", "{batch: 2, of: absolute}", "{batch: 2, frozen: true}", "{batch: 2, of: absolute, frozen: true}"),
		"loss-hessian": each("{batch: 2}", "{batch: 2, frozen: false}", "{batch: 2, of: absolute, frozen: false}"),
		"formula": each("{sigma: [[0.1 + x^2]]}", "{sigma: [[\"cos(x)\", b, x*y], [0, \"log(1 + y^2)\", \"1 - x\"]], variables: [x, y], parameters: {b: 0.1}, scale: 0.3}",
			"{sigma: [[x, 0], [0, sin(y)]], variables: [x, y]}", "{sigma: [[1, 2], [0, 1]], variables: [x, y]}", "{sigma: [[x, x], [y, 2*y]], variables: [x, y]}"),
		"hessian-aware": each("{of: {name: per-sample, batch: 2}}", "{of: {name: identity, temperature: 0.1}}", "{of: {name: hessian, of: absolute, frozen: true, batch: 2}}"),
	},
	"laws": {
		"gaussian": each("{}", "{substeps: 3}"), "rademacher": each("{}"), "uniform": each("{}"), "laplace": each("{}"),
		"multinomial": each("{batch: 3}", "{batch: 3, draw: with-replacement}"),
		"stable":      each("{alpha: 1.5}", "{alpha: 2}", "{alpha: 0.8}", "{alpha: 1.5, substeps: 2}"),
	},
	"samplers": {"with-replacement": each("{}"), "without-replacement": each("{}"), "reshuffled": each("{}")},
	"schemes": {"euler-maruyama": each("{}"), "heun": each("{}"), "milstein": each("{}", "{levy-areas: 3}"), "runge-kutta-weak-2": each("{}"),
		"exponential": each("{}"), "log-euler": each("{}"), "tamed-euler": each("{}")},
	"observables": {
		"margin": each("{}", "{over: map}", "{over: parameters}"), "accuracy": each("{}", "{rows: test}"), "fourier-error": each("{frequencies: [1]}", "{frequencies: [3, 1]}"),
		"loss": each("{}"), "test-loss": each("{}"), "coordinate": each("{}", "{index: 1}"), "gradient-norm": each("{}"), "parameter-norm": each("{}"),
		"singular-values": each("{}", "{count: 1}"), "mode-overlap": each("{}", "{of: teacher, count: 1}"), "effective-rank": each("{}"),
		"layer-growth": each("{}"), "distance-to-start": each("{}", "{from: centre}"), "nearest-minimum": each("{}"), "layer-norms": each("{}", "{norm: spectral}", "{norm: nuclear}"), "rank": each("{}", "{relative: 0.3, absolute: 0.2}"),
		"teacher-distance": each("{}"), "support": each("{}"), "hypentropy": each("{}"), "l0-norm": each("{}", "{relative: 0.5}"), "l1-norm": each("{}"), "jacobian-rank": each("{}", "{relative: 0.2}"),
		"jacobian-norms": each("{}", "{coordinates: [0, 2]}"), "feature-sparsity": each("{}", "{tolerance: 0.3, correlation: 0.5}"),
		"participation-ratio": each("{}"), "nuclear-norm": each("{}"), "alignment": each("{}"), "balancedness": each("{}"), "hyperbolic-invariant": each("{}", "{each: true}"),
		"interpolator-distance": each("{}", "{to: min-l2}", "{to: teacher}"), "saddles-passed": each("{}"),
		"noise-to-drift": each("{batch: 2}", "{batch: 2, draw: without-replacement}"), "gradient-noise-kurtosis": each("{}", "{of: coordinates}"), "gradient-tail-index": each("{block: 2}"),
		"log-det-gram": each("{}"), "minors": each("{}", "{size: 2}", "{sets: [[1, 3], [2]]}"), "parameter-rank": each("{}", "{relative: 0.2}"), "null-space": each("{}"), "mode-diffusion": each("{}", "{of: teacher, count: 1}"), "effective-scale": each("{}"), "noise-trace": each("{}"), "noise-rank": each("{}"), "noise-hessian-alignment": each("{}"),
		"process": each("{process: a, of: loss}", "{process: b, of: {name: predicted-loss}}"), "process-distance": each("{between: [a, b]}", "{between: [b, a], of: loss}"),
		"sharpness": each("{}", "{count: 2}", "{end: smallest, follow: true}", "{of: gauss-newton}", "{of: residual, layer: 2}"), "edge-spectrum": each("{most: 3}"), "morse-index": each("{}"),
		"spectral-density": each("{bounds: [-1, 0, 2]}"), "hessian-trace": each("{}", "{of: gauss-newton, layer: 1}"), "noise-hessian-overlap": each("{}"), "predicted-loss": each("{}"), "oscillation-variance": each("{}"),
		"invariant-set-distance": each("{}", "{set: permutation}", "{units: [1]}", "{set: permutation, units: [2, 0]}", "{set: reflection, coordinates: [0]}"),
		"orbit":                  each("{of: loss, max-period: 4}", "{of: {name: coordinate}, settle: 3, values: 3, max-period: 2, as: o}"), "lyapunov": each("{steps: 50}", "{steps: 40, settle: 0, blocks: 4}"), "cycle": each("{period: 1, settle: 20000}"),
		"expression": each("{value: rate*S/2, as: edge, terms: [{as: S, of: {name: sharpness}}]}",
			"{value: x^2 - l*s, terms: [{as: x, of: {name: coordinate}}, {as: l, of: {name: loss}}, {as: s, of: {name: sharpness}, column: sharpness-residual}]}"),
	},
	"accumulators": {"loss-integral": each("{}"), "hyperbolic-product": each("{}", "{each: true}"), "mirror-gap": each("{}"), "fluctuation-dissipation": each("{}"), "log-det-product": each("{}"), "imbalance": each("{}"),
		"path-integral": each("{of: {name: coordinate}}", "{of: {name: sharpness}, column: sharpness, per: time, as: mean-sharpness}")},
	"theories": {
		"kramers":              each("{well: 2, saddle: -1, barrier: 0.25, temperature: 0.05}", "{well: 2, saddle: -1, barrier: 0.25, temperature: 0.05, to: top}"),
		"kramers-next":         each("{well: 2, saddle: -1, barrier: 0.25, temperature: 0.02, well-third: 6, well-fourth: 6, saddle-third: 0, saddle-fourth: 6}"),
		"eyring-kramers":       each("{well: [2, 1], saddle: [-1, 1], barrier: 0.25, temperature: 0.05}", "{well: [2, 1], saddle: [-1, 0], barrier: 0.25, temperature: 0.05, quartic: 1}"),
		"learning-coefficient": each("{powers: [1, 2]}", "{powers: [2, 2], of: multiplicity}", "{powers: [1], jacobian: [2]}"),
		"gibbs-mass":           each("{loss: x^2, temperature: 0.1, to: 0.5, low: -2, high: 2}", "{loss: a*x^4, parameters: {a: 2}, temperature: 0.1, from: 0, to: 0.5, low: -2, high: 2, of: odds}"),
		"mori-rate":            each("{curvature: 1, saddle: -1, minimum-loss: 0.1, saddle-loss: 1, rate: 0.01, batch: 1}", "{curvature: 1, saddle: -1, minimum-loss: 0.1, saddle-loss: 1, rate: 0.01, batch: 1, of: mean-time}"),
		"log-loss-exit":        each("{curvature: 1, rate: 0.1, batch: 1, dimension: 2, ratio: 3}"),
		"strict-saddle":        each("{growth: 1, temperature: 1e-4, radius: 1}"),
		"degenerate-saddle":    each("{power: 4, coefficient: 1, temperature: 0.01}", "{power: 4, coefficient: 1, temperature: 0.01, radius: 1}"),
		"mean-exit-brownian":   each("{radius: 1, diffusion: 0.5}"),
		"geometric-exit":       each("{drift: 0.5, noise: 0.3, start: 1, upper: 2, lower: 0.5}", "{drift: 0.5, noise: 0.3, start: 1, upper: 2, lower: 0.5, of: probability}"),
		"max-margin":           each("{inputs: [[1, 2], [-1, -1], [3, 0]], targets: [1, -1, 1]}"),
		"ou-variance":          each("{curvature: 1, temperature: 0.1}"),
		"ou-variance-discrete": each("{curvature: 1, rate: 0.1, variance: 1}"),
		"ou-variance-euler":    each("{curvature: 1, temperature: 0.1, step: 0.1}"),
		"flatness-rate":        each("{rate: 0.1, amplitude: 0.05, sharpness: 2}"),
		"online-variance":      each("{rate: 0.1, batch: 2, label-noise: 0.5, curvature: 1, dimension: 3}"),
		"scaling-breakdown":    each("{rate: 0.05, batch: 2, dimension: 4}"),
		"kesten-index":         each("{rate: 0.6, batch: 1, curvature: 1}"),
		"lyapunov":             each("{hessian: [[2, 0.3], [0.3, 0.5]], covariance: [[1, 0.4], [0.4, 0.8]], rate: 0.5, batch: 5}", "{hessian: [[2]], covariance: [[1]], rate: 0.5, equation: continuous, of: trace}"),
		"optimal-step":         each("{hessian: [[2, 0.3], [0.3, 0.5]], covariance: [[1, 0.4], [0.4, 0.8]], samples: 100, batch: 5}", "{hessian: [[2]], covariance: [[1]], samples: 100, batch: 5, equation: discrete, of: divergence}"),
		"modified-equation":    each("{curvature: 2, rate: 0.1, variance: 4, by: second, of: variance, at: [1, 2]}", "{curvature: 2, rate: 0.1, variance: 4, by: first, of: stationary}", "{curvature: 2, rate: 0.1, by: sgd, at: [1]}"),
		"svag":                 each("{curvature: 1, rate: 0.8, parts: 4, variance: 1, kurtosis: 1, of: kurtosis}"),
		"rank-one-balance":     each("{fitted: 1, inputs: 5}", "{fitted: 1, inputs: 5, depth: 3}"),
		"mode-diffusion-peak":  each("{strength: 2}", "{strength: 2, depth: 3}"),
		"mode-deviation":       each("{rate: 0.01, strength: 2, amplitude: 0.3, batch: 1}"),
		"noise-balance":        each("{inputs: 5, outputs: 2}"),
		"log-det-decay":        each("{rate: 0.01, variance: 0.1, outputs: 1, trace: 10, samples: 10, per-label: 1}"),
		"saxe-sigmoid":         each("{strength: 2, start: 0.01, at: [1, 2]}"),
		"depth-transit-time":   each("{strength: 2, start: 0.01}", "{strength: 2, start: 0.01, depth: 3}"),
		"saddle-jumps":         each("{inputs: [[1, 0.5], [0, 1]], targets: [1, 3]}", "{inputs: [[1, 0.5], [0, 1]], targets: [1, 3], jump: 2, of: loss, scale: 1e-8, rate: 0.01}", "{inputs: [[1, 0.5], [0, 1]], targets: [1, 3], last: true, of: l1-norm}"),
		"stability-threshold":  each("{rate: 0.1}", "{rate: 0.1, momentum: 0.9, nesterov: true}"),
		"balanced-sharpness":   each("{strength: 2}"),
		"chain-sharpness":      each("{variances: [2, 1], overlaps: [0.5, 1]}", "{variances: [2, 1], overlaps: [0.5, 1], depth: 3, imbalance: [0.3, -0.2], of: strength}"),
		"imbalance-step":       each("{rate: 0.1, gain: 1, full: 2, scatter: 3, samples: 10, batch: 2}", "{rate: 0.1, gain: 1, full: 2, scatter: 3, samples: 10, batch: 2, draw: without-replacement, of: batch}"),
		"collapse-threshold":   each("{growth: 1.5, noise: 4}", "{growth: 1.5, noise: 4, step: 0.01}", "{growth: 1.5, spread: 0.5, of: threshold}", "{growth: 1.5, noise: 4, calculus: stratonovich}"),
		"soft-threshold":       each("{target: 1.2, temperature: 0.4}", "{target: 1.2, temperature: 0.4, of: variance}", "{targets: [1.2, 0.3, 0.1], temperature: 0.4, of: survivors}"),
		"scalar-two-cycle":     each("{kappa: 1.1, strength: 2}"),

		"least-squares-covariance": each("{inputs: [[1, 2], [-1, -1], [3, 0]], targets: [1, -1, 1], rate: 0.05, batch: 2}"),
	},
}

// sets are the data of the batteries, one or (with a 1 behind the name) a single target.
var sets = map[string]string{
	"tall":     "{name: teacher-student, inputs: 3, outputs: 2, samples: 10, singular-values: [2, 1], label-noise: 0.5}",
	"white":    "{name: teacher-student, inputs: 4, outputs: 3, samples: 12, singular-values: [3, 2, 1], label-noise: 0.3, whiten: true}",
	"wide":     "{name: teacher-student, inputs: 5, outputs: 2, samples: 4, singular-values: [2, 1], label-noise: 0.5}",
	"matrix":   "{name: target-matrix, singular-values: [3, 1], rows: 3, cols: 4}",
	"tall1":    "{name: teacher-student, inputs: 3, outputs: 1, samples: 10, singular-values: [2], label-noise: 0.5}",
	"white1":   "{name: teacher-student, inputs: 4, outputs: 1, samples: 12, singular-values: [2], label-noise: 0.3, whiten: true}",
	"wide1":    "{name: teacher-student, inputs: 5, outputs: 1, samples: 4, singular-values: [2], label-noise: 0.5}",
	"sparse1":  "{name: sparse-truth, inputs: 5, samples: 4, nonzeros: 2, label-noise: 0.3}",
	"matrix1":  "{name: target-matrix, singular-values: [2], rows: 1, cols: 4}",
	"tall11":   "{name: teacher-student, inputs: 1, outputs: 1, samples: 10, singular-values: [0.5], label-noise: 0.5}",
	"white11":  "{name: teacher-student, inputs: 1, outputs: 1, samples: 8, singular-values: [0.5], label-noise: 0.3, whiten: true}",
	"wide11":   "{name: teacher-student, inputs: 1, outputs: 1, samples: 1, singular-values: [0.5]}",
	"signs":    "{name: two-classes, inputs: 2, samples: 9, margin: 0.3, test-samples: 5}",
	"classes":  "{name: two-classes, inputs: 2, samples: 9, targets: one-hot}",
	"fourier4": "{name: gaussian, inputs: 4, outputs: 4, samples: 9, teacher: gaussian, label-noise: 0.3}",
	"wave":     "{name: fourier, frequencies: [1, 3], samples: 16}",
	"matrix11": "{name: target-matrix, singular-values: [0.6], rows: 1, cols: 1}",
}

// stages are the sites on which dynamics, noises and observables are tried: a model, a set or none.
var stages = []struct{ name, model, on string }{
	{"quadratic", "{name: quadratic, spectrum: [3, 1, 0.5, -0.2], rotate: true}", ""},
	{"double-well", "{name: double-well}", ""},
	{"two layers", "{name: deep-linear, widths: [3, 6, 2]}", "tall"},
	{"three layers, white", "{name: deep-linear, widths: [4, 3, 5, 3]}", "white"},
	{"two layers, n < d", "{name: deep-linear, widths: [5, 3, 2], loss: sum-half}", "wide"},
	{"two layers, matrix", "{name: deep-linear, widths: [4, 7, 3]}", "matrix"},
	{"pairs", "{name: diagonal, loss: mean}", "tall1"},
	{"powers, n < d", "{name: diagonal, parametrisation: difference-of-powers, depth: 3}", "wide1"},
	{"two classes", "{name: deep-linear, widths: [2, 3, 1], loss: logistic}", "signs"},
	{"perceptron", "{name: mlp, widths: [1, 4, 1]}", "wave"},
	{"squares, sparse", "{name: diagonal, parametrisation: difference-of-powers}", "sparse1"},
	{"plane", "{name: formula, variables: [x, y], loss: \"(x^4 - 2*x^2 + 3)*(1 + y^2)\", critical: {left: [-1, 0], right: [1, 0], pass: [0, 0]}}", ""},
	{"bowl", "{name: quadratic, spectrum: [2, 0.5]}", ""},
}

func must[T any](t testing.TB) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func parse(t testing.TB, text string) *spec.Node {
	t.Helper()
	root, problems := spec.Parse("test.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("%s: %v", text, problems)
	}
	return root
}

// node is a sample as a spec would write it.
func node(t testing.TB, name, settings string) *spec.Node {
	t.Helper()
	n := parse(t, settings)
	n.Pairs = append([]spec.Pair{{Key: "name", Value: spec.New(name)}}, n.Pairs...)
	return n
}

// decoded scans an item; mistakes fail the test.
func decoded[In, Out any](t testing.TB, n *spec.Node) *catalog.Made[In, Out] {
	t.Helper()
	var problems spec.Problems
	made, ok := catalog.Decode[In, Out](catalog.Scanner(&problems), n, "item")
	if !ok {
		t.Fatalf("%s: %v", spec.Inline(n), problems)
	}
	return made
}

// swept decodes items that differ in settings as one, each at its point of the clock.
func swept[In, Out any](t testing.TB, points ...*spec.Node) *catalog.Made[In, Out] {
	t.Helper()
	var problems spec.Problems
	var tables [][]float64
	key := ""
	for i, n := range points {
		d := catalog.Scanner(&problems)
		if _, ok := catalog.Decode[In, Out](d, n, "item"); !ok {
			t.Fatalf("%s: %v", spec.Inline(n), problems)
		}
		if i > 0 && d.Key() != key {
			t.Fatalf("%s has the key %s, %s has %s", spec.Inline(points[0]), key, spec.Inline(n), d.Key())
		}
		key = d.Key()
		if i == 0 {
			tables = make([][]float64, len(d.Values))
		}
		for j, x := range d.Values {
			tables[j] = append(tables[j], x)
		}
	}
	made, ok := catalog.Decode[In, Out](catalog.Builder(&problems, tables), points[0], "item")
	if !ok {
		t.Fatal(problems)
	}
	return made
}

func set(t testing.TB, name string) *data.Set {
	t.Helper()
	if name == "" {
		return nil
	}
	return must[*data.Set](t)(decoded[*data.Env, *data.Set](t, parse(t, sets[name])).Build(&data.Env{Seed: 3}))
}

// site builds a stage. Every fifth sample also serves as a test row, and training starts at a point.
func site(t testing.TB, i int) *sgdlab.Site {
	t.Helper()
	st := stages[i]
	s := &sgdlab.Site{Data: set(t, st.on), Rate: sgdlab.Constant(0.05), Batch: 2, Place: "battery"}
	made := decoded[*data.Set, sgdlab.Model](t, parse(t, st.model))
	s.Model = must[sgdlab.Model](t)(made.Build(s.Data))
	if s.Data != nil {
		s.Test = s.Model
		if test := must[sgdlab.Model](t)(model.TestModel(s.Model, s.Data)); test != nil {
			s.Test = test
		}
	}
	start := decoded[*sgdlab.Site, sgdlab.Start](t, parse(t, "{name: point, at: 0.4}"))
	s.Start = must[sgdlab.Start](t)(start.Build(s.At("start")))
	gd := decoded[*sgdlab.Site, sgdlab.Stepper](t, parse(t, "{name: gd, rate: 0.005}"))
	s.Stepper = func() (sgdlab.Stepper, error) { return gd.Build(s) }
	return s
}

// battery runs a test over every sample of a list, and fails for an entry without samples and for samples without an entry.
func battery(t *testing.T, kind string, run func(t *testing.T, name string, s sample)) {
	t.Helper()
	seen := map[string]bool{}
	for _, k := range catalog.Kinds() {
		if k.Name != kind {
			continue
		}
		for _, e := range k.Entries {
			seen[e.Name] = true
			if len(samples[kind][e.Name]) == 0 {
				t.Errorf("%s of %s has no samples: say in the table of samples with which settings to test it", e.Name, kind)
			}
			for _, s := range samples[kind][e.Name] {
				t.Run(strings.TrimSpace(e.Name+" "+s.on+" "+s.settings), func(t *testing.T) { run(t, e.Name, s) })
			}
		}
	}
	for name := range samples[kind] {
		if !seen[name] {
			t.Errorf("%s is no entry of %s", name, kind)
		}
	}
	if len(seen) == 0 {
		t.Errorf("there is no list %s", kind)
	}
}

// staged runs a test on every stage that a constructor accepts, and holds the table of who accepts what to a golden file.
func staged[Out any](t *testing.T, kind string, run func(t *testing.T, s *sgdlab.Site, build func(t *testing.T) Out)) {
	t.Helper()
	var names []string
	for _, st := range stages {
		names = append(names, st.name)
	}
	table := newGrid(kind, names)
	battery(t, kind, func(t *testing.T, name string, c sample) {
		made := decoded[*sgdlab.Site, Out](t, node(t, name, c.settings))
		var on []string
		for i, st := range stages {
			s := site(t, i)
			if _, err := made.Build(s); err != nil {
				if len(err.Error()) < 20 {
					t.Errorf("%s: %q is no explanation", st.name, err)
				}
				continue
			}
			on = append(on, st.name)
			t.Run(st.name, func(t *testing.T) {
				run(t, s, func(t *testing.T) Out { t.Helper(); return must[Out](t)(made.Build(s)) })
			})
		}
		if len(on) == 0 {
			t.Errorf("no stage accepts it")
		}
		table.row(name+" "+c.settings, on)
	})
	golden(t, kind+".txt", table.String())
}

// grid is a table of who has what, as text.
type grid struct {
	columns []string
	w       *tabwriter.Writer
	strings.Builder
}

func newGrid(corner string, columns []string) *grid {
	g := &grid{columns: columns}
	g.w = tabwriter.NewWriter(&g.Builder, 0, 4, 2, ' ', 0)
	fmt.Fprintf(g.w, "%s\t%s\n", corner, strings.Join(columns, "\t"))
	return g
}

func (g *grid) row(name string, has []string) {
	fmt.Fprintf(g.w, "%s", strings.TrimSuffix(name, " {}"))
	for _, c := range g.columns {
		mark := "-"
		if slices.Contains(has, c) {
			mark = "yes"
		}
		fmt.Fprintf(g.w, "\t%s", mark)
	}
	fmt.Fprintln(g.w)
}

func (g *grid) String() string {
	g.w.Flush()
	return g.Builder.String()
}

// golden compares a text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if f := flag.Lookup("test.run"); f != nil && strings.Contains(f.Value.String(), "/") {
		return // a part of the table
	}
	path := filepath.Join("testdata", name)
	if t.Failed() {
		return // the table may lack a row
	}
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run with -update.\ngot\n%swant\n%s", path, got, want)
	}
}

// clock has another replica in each lane, in mid-flight.
func clock() *sgdlab.Clock {
	at := &sgdlab.Clock{}
	for l := range lanes.W {
		at.Seed[l], at.Replica[l], at.Step[l] = 7, uint64(10+3*l), uint64(4+l)
		at.Time[l], at.Point[l] = 0.1*float64(l), int32(l%2)
	}
	return at
}

// turned is what p holds after the lanes of turn moved.
func turned(p lanes.Pack) lanes.Pack {
	q := make(lanes.Pack, len(p))
	for j := range p {
		for l := range p[j] {
			q[j][l] = p[j][from(l)]
		}
	}
	return q
}

// from is the lane that moves to l.
func from(l int) int { return (3*l + 1) % lanes.W }

func turnedClock(at *sgdlab.Clock) *sgdlab.Clock {
	b := *at
	for l := range lanes.W {
		k := from(l)
		b.Seed[l], b.Replica[l], b.Branch[l], b.Step[l] = at.Seed[k], at.Replica[k], at.Branch[k], at.Step[k]
		b.Point[l], b.Time[l] = at.Point[k], at.Time[k]
	}
	return &b
}

// normals returns standard normals, others for each purpose.
func normals(purpose string, n int) lanes.Pack {
	p := make(lanes.Pack, n)
	rng.New(purpose).Normals(p, &clock().Lanes)
	return p
}

// blank is a pack of NaN, for answers.
func blank(n int) lanes.Pack {
	p := make(lanes.Pack, n)
	for j := range p {
		p[j] = lanes.Splat(math.NaN())
	}
	return p
}

func clone(p lanes.Pack) lanes.Pack {
	q := make(lanes.Pack, len(p))
	copy(q, p)
	return q
}

// ill is p with lane l at x.
func ill(p lanes.Pack, l int, x float64) lanes.Pack {
	q := clone(p)
	for j := range q {
		q[j][l] = x
	}
	return q
}

// arena is scratch full of NaN.
func arena() *lanes.Arena {
	var ws lanes.Arena
	p := ws.Pack(1 << 11)
	for j := range p {
		p[j] = lanes.Splat(math.NaN())
	}
	ws.Reset()
	return &ws
}

// equal demands the same bits in the lanes of m.
func equal(t *testing.T, what string, got, want lanes.Pack, m lanes.Mask) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for j := range got {
		for l := range got[j] {
			if m.Has(l) && math.Float64bits(got[j][l]) != math.Float64bits(want[j][l]) {
				t.Errorf("%s: row %d of lane %d is %.17g, want %.17g", what, j, l, got[j][l], want[j][l])
				return
			}
		}
	}
}

func same(p, q lanes.Pack, a, b int) bool {
	for j := range p {
		if math.Float64bits(p[j][a]) != math.Float64bits(q[j][b]) {
			return false
		}
	}
	return true
}

// independent tests that f, a function of packs, treats lanes alike and apart: lanes moved move its values, and a lane of NaN
// or of infinities leaves the others alone. It returns f of the packs.
func independent(t *testing.T, what string, f func(at *sgdlab.Clock, packs ...lanes.Pack) lanes.Pack, packs ...lanes.Pack) lanes.Pack {
	t.Helper()
	at := clock()
	want := f(at, packs...)
	equal(t, what+" again", f(at, packs...), want, lanes.All)
	moved := make([]lanes.Pack, len(packs))
	for i, p := range packs {
		moved[i] = turned(p)
	}
	equal(t, what+" in other lanes", f(turnedClock(at), moved...), turned(want), lanes.All)
	for l, x := range map[int]float64{2: math.NaN(), 5: math.Inf(1), 7: -1e200} {
		beside := make([]lanes.Pack, len(packs))
		for i, p := range packs {
			beside[i] = ill(p, l, x)
		}
		equal(t, fmt.Sprintf("%s beside a lane of %g", what, x), f(at, beside...), want, lanes.All.Without(l))
	}
	return want
}
