package sgdlab

import "sgdlab/lanes"

// Factor is how randomness enters: it sends ξ to σ(θ)ξ. σ is never formed. ξ has covariance I on what σ sees, so that a
// law can be swapped alone.
type Factor interface {
	// Width is the length of ξ.
	Width() int
	// Apply is dst = σ(θ)ξ; shapes (Width) → (d).
	Apply(dst, theta, xi lanes.Pack, ws *lanes.Arena)
}

// Transposed factors also apply σᵀ: dst = σ(θ)ᵀv, shapes (d) → (Width). It gives σσᵀv, and the rate vᵀσσᵀv at which an
// observable with gradient v gains variance.
type Transposed interface {
	Factor
	ApplyT(dst, theta, v lanes.Pack, ws *lanes.Arena)
}

// Kinded factors say how σ depends on θ, which decides what it takes to integrate them; of others it is general.
type Kinded interface{ Kind() NoiseKind }

// Varying factors know the derivative of σ.
type Varying interface {
	Factor
	// ApplyAlong is dst = (Dσ(θ)[v])ξ, the derivative of σ(θ)ξ along v at a fixed ξ; shapes (d), (Width) → (d).
	ApplyAlong(dst, theta, v, xi lanes.Pack, ws *lanes.Arena)
}

// Law is what is drawn. It holds a stream, and serves one worker.
type Law interface {
	Draw(xi lanes.Pack, at *Clock)
	// Index is α of the stable law to which sums of ξ belong: 2 for laws with a variance.
	Index() float64
}

// Gaussian laws may be standard normal, ξ ~ N(0, I): then h^½ξ is a Brownian increment, whose path between two steps is known,
// and of σ only σσᵀ matters. A law of index 2 need not be one.
type Gaussian interface{ Gaussian() bool }

// IsGaussian returns what a law says of itself, and false where it says nothing.
func IsGaussian(l Law) bool {
	g, ok := l.(Gaussian)
	return ok && g.Gaussian()
}

// Noise is one source of randomness of an SDE: over a step h its kick is scale·σ(θ)·h^(1/α)ξ.
type Noise struct {
	Factor Factor
	Law    Law
	Scale  Setting
}

// Kicked steppers add noises to the steps of a discrete dynamics. They are no diffusions, and the noises are not all of theirs:
// the dynamics may have its own.
type Kicked interface {
	Stepper
	Kicks() []Noise
}

// Sense is how the stochastic integral ∫σ(θ)dW is meant where σ depends on θ.
type Sense int

const (
	Ito Sense = iota
	Stratonovich
)

func (s Sense) String() string { return [...]string{"ito", "stratonovich"}[s] }

// Drift is the systematic part of an SDE: −∇L, or anything else.
type Drift interface {
	Dim() int
	Drift(dst, theta lanes.Pack, ws *lanes.Arena)
}

// Clocked drifts and factors depend on settings, such as η. Who steps them has these read before every step, for the calls
// that follow; until then they are those of the first point of the sweep. Such a part serves one worker.
type Clocked interface{ ReadClock(at *Clock) }

// ReadClock has a drift or a factor read its settings, where it has any.
func ReadClock(part any, at *Clock) {
	if c, ok := part.(Clocked); ok {
		c.ReadClock(at)
	}
}

// Downhill is the drift −∇L of a model.
type Downhill struct{ Model }

// Drift is dst = −∇L(θ).
func (d Downhill) Drift(dst, theta lanes.Pack, ws *lanes.Arena) {
	d.Grad(dst, theta, ws)
	lanes.Scale(dst, -1)
}

// SDE is dθ = a(θ)dt + Σ scale·σ(θ)dW, in the stated sense. One value, two roads: a Scheme steps it, and package
// fokkerplanck solves for its densities and exit times.
type SDE struct {
	Drift Drift
	Noise []Noise
	Sense Sense
}

// NoiseKind sorts factors, and the SDEs that they drive, by what it takes to integrate them: each kind is among those after
// it. With the columns σⱼ and Lⱼ = Σᵢ σᵢⱼ∂ᵢ:
type NoiseKind int

const (
	AdditiveNoise    NoiseKind = iota // σ does not depend on θ: the noise has no sense
	DiagonalNoise                     // σᵢⱼ = δᵢⱼ bᵢ(θᵢ)
	CommutativeNoise                  // Lⱼσₖ = Lₖσⱼ for all j, k
	GeneralNoise
)

func (k NoiseKind) String() string {
	return [...]string{"additive", "diagonal", "commutative", "general"}[k]
}

// KindOf returns what a factor says of itself, and GeneralNoise where it says nothing.
func KindOf(f Factor) NoiseKind {
	if k, ok := f.(Kinded); ok {
		return k.Kind()
	}
	return GeneralNoise
}

// Kind returns the kind of all noises together: columns of different noises commute only where all are additive.
func (s *SDE) Kind() NoiseKind {
	kind := AdditiveNoise
	for _, n := range s.Noise {
		kind = max(kind, KindOf(n.Factor))
	}
	if kind != AdditiveNoise && len(s.Noise) > 1 {
		return GeneralNoise
	}
	return kind
}

// Additive reports whether no noise depends on θ, so that the senses agree.
func (s *SDE) Additive() bool { return s.Kind() == AdditiveNoise }

// Scheme advances an SDE by one step.
type Scheme interface {
	// Sense is that in which the scheme converges.
	Sense() Sense
	// Order returns the declared strong and weak orders; a test measures them.
	Order(kind NoiseKind) (strong, weak float64)
	// Step moves the live lanes of θ by a step h with the increments given.
	Step(sde *SDE, theta lanes.Pack, h lanes.Vec, inc Increments, live lanes.Mask, ws *lanes.Arena)
}

// Increments are a step's random numbers: for each noise ξ, and what it is multiplied by. The increment is ΔW = grow·ξ.
type Increments struct {
	Draw  []lanes.Pack // ξ
	Grow  []lanes.Vec  // h^(1/α)
	Scale []lanes.Vec
}

// Kick is scale·h^(1/α) of noise i, so that its kick is Kick·σ(θ)ξ.
func (inc Increments) Kick(i int) lanes.Vec {
	v := inc.Scale[i]
	for l, g := range inc.Grow[i] {
		v[l] *= g
	}
	return v
}
