// Package fokkerplanck solves a diffusion instead of simulating it. In one dimension everything is a nested integral:
// the mean and the variance of the time to leave an interval, which end it leaves by, and the stationary law, each in
// any sense of the stochastic integral, each with an estimate of its error.
//
// It takes coefficients, not landscapes, and draws no random numbers. Formulas that hold only in a limit (Kramers,
// power laws) belong in theory, averages over simulated replicas in estimate.
//
// # How the integrals are done
//
// Let Ψ′ = −a/D, with a the drift in the problem's own sense, and c = 0, ½, 1 in the sense of Itô, of Stratonovich and of
// Fick. The densities of scale and speed are
//
//	s′ = e^Ψ D^(−c),  m = e^(−Ψ) D^(c−1),
//
// so that D is never differentiated in any sense. The nested integrals are never formed from e^(±Ψ), which overflow, but
// from solutions of y′ = gy + r with r ≥ 0, each swept in the direction in which it is built from positive terms: for the
// exit through b from x, with nothing to leave by on the left,
//
//	y′ = Ψ′y + D^(c−1)  (y = e^Ψ ∫ m),  E τ = ∫ₓᵇ D^(−c) y;
//
// for the exit from (a, b), with L = e^(−Ψ)∫ₐ s′ swept from a up to a pivot, and R likewise from b down to it,
//
//	L′ = −Ψ′L + D^(−c),  P(b before a) = L/(L + R),  D^c u′ = (∫D^(c−1)R − ∫D^(c−1)L)/(L + R),  u = E τ.
//
// The two meet where u′ = 0, which is as good as a reflecting end: from there to x and on to b the first case holds. (A
// pivot at x would do on paper; where the drift carries X away, L would grow by e^ΔΨ for nothing.)
//
// Nothing is subtracted that is nearly equal, hence no digit is lost at any barrier. y is carried with a binary exponent
// of its own, hence nothing overflows. Collocation is at Radau nodes and L-stable, hence a stretch where the drift beats
// the noise by 10⁸ costs no more than a smooth one: there y is D^(c−1)/│Ψ′│ and the panels may be long.
package fokkerplanck
