// Package sgdlab is the vocabulary of a laboratory for the dynamics of gradient descent: interfaces and small structs, no
// algorithms. A ten-minute read.
//
//   - A state is a pack: W replicas side by side, each a vector; a Clock says who is in each lane and when.
//   - A Model is a loss landscape: it answers L(θ) and ∇L(θ). What else it can answer are its views; ask with As.
//   - A Gradient is exact or stochastic; a stochastic one puts weights on rows of the data: which rows (Sampler), how
//     much of each (the slope of the loss, and Weighers).
//   - A Noise is a Factor σ(θ) (how randomness enters) driven by a Law of ξ (what is drawn) at a scale.
//   - A Stepper advances a pack by one step: descent on any gradient, or an SDE under a Scheme.
//   - An SDE is a drift and some noises, in a stated Sense.
//   - An Observable reads named numbers off a pack and changes nothing; an Accumulator sums along a path.
//   - An Event is an observable crossing a level; it stops a replica and dates the crossing.
//   - A Theory predicts numbers and says how they may be compared: exact, leading order, scaling, bound.
//
// Every gradient of a network with outputs h is one pullback, Σ cᵢ∇hᵢ(θ), over some rows with some weights c:
//
//	dynamics                        rows           weights c
//	GD, gradient flow               all n          slope/n
//	mini-batch SGD                  the B drawn    slope/B
//	label noise, on GD or on SGD    as above       (slope + sζξ), the same
//
// The loss L is the mean of ℓᵢ over the n rows whatever its prefactor; slope is ∂ℓ/∂h and carries the prefactor, and
// s = −∂slope/∂y is what a unit of label moves it by: 1 for ½ of the mean square, n for ½ of the sum, 2 for the mean.
//
// What belongs here: words that several rooms share. What does not: anything that computes.
package sgdlab
