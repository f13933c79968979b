// Package noise holds how randomness enters a dynamics: factors σ(θ), the laws that drive them, the ways of drawing rows of
// a mini-batch, and noise on labels.
//
// A Source is a factor with the scale at which its noise is SGD's. Over a step h an SDE's kick is scale·σ(θ)·h^(1/α)ξ, and ξ
// has covariance I on what σ sees, so that a law can be swapped alone. With η the rate, B the batch, C the covariance of one
// sample's gradient and H_GN the Gauss–Newton Hessian:
//
//	source         σ(θ)ξ                    σσᵀ              scale
//	per-sample     Σ (ξᵢ − ξ̄)∇ℓᵢ/√n         C                (η/B)^(1−1/α)
//	output         s Σ ξᵢ∇hᵢ/√n             s·H_GN           ζ(η/B)^(1−1/α)
//	identity       ξ                        I                √(2T), or √δ·(η/B)^(1−1/α)
//	hessian        √ℓ″ Σ ξᵢ∇hᵢ/√n, |H|^½ξ   H_GN or |H|      (η/B)^(1−1/α)
//	loss-hessian   √(2L)·H^½ξ               2L·H             (η/B)^(1−1/α)
//	hessian-aware  S^½ξ                     S, near to C     that of another
//
// so that the scale is √(η/B) for every law with a variance. No factor ever forms σ but those frozen at the unkicked start.
//
// Under the Gaussian law only σσᵀ matters, so Join condenses a factor where it can: to another σ with the same σσᵀ at every θ
// and a shorter ξ, such as one normal for each entry of the end-to-end map instead of one for each sample. Other laws drive
// the factors above as they stand.
//
// What belongs here: factors, laws, samplers and weighers, and what they are matched to. What does not: the loop that uses
// them (packages dynamics and scheme), and the bits they are made of (package rng).
package noise

import (
	"fmt"

	"sgdlab"
	"sgdlab/lanes"
)

// Join makes a noise of a source and a law, condensed where the law is Gaussian. It fails where the law cannot drive the
// factor.
func Join(src sgdlab.Source, law sgdlab.Law) (sgdlab.Noise, error) {
	if err := Drives(law, src.Factor); err != nil {
		return sgdlab.Noise{}, err
	}
	f := src.Factor
	if normal(law) {
		f = condense(f)
	}
	return sgdlab.Noise{Factor: f, Law: law, Scale: src.Scale(law.Index())}, nil
}

// normal reports whether a law is gaussian, of however many substeps. Stable laws of index 2 are, too, but drive the factor as
// those of other indices do, so that a sweep of the index changes nothing else.
func normal(law sgdlab.Law) bool {
	if c, ok := law.(*Coarse); ok {
		law = c.Of
	}
	_, ok := law.(Gaussian)
	return ok
}

// Drives returns nil where a law may drive a factor, and says why not where it may not: the multinomial law has covariance I
// only on what per-sample noise sees.
func Drives(law sgdlab.Law, f sgdlab.Factor) error {
	c, ok := law.(interface{ drives(sgdlab.Factor) error })
	if !ok {
		return nil
	}
	return c.drives(f)
}

// Growth is h^(1/α): a law of index α has over a time h the increment h^(1/α)ξ.
func Growth(h lanes.Vec, alpha float64) lanes.Vec { return powers(h, 1/alpha) }

// overBatch is the scale amplitude·(η/B)^(1−1/α); a nil amplitude is 1.
func overBatch(rate sgdlab.Setting, batch int, amplitude sgdlab.Setting) func(alpha float64) sgdlab.Setting {
	return func(alpha float64) sgdlab.Setting {
		p := 1 - 1/alpha
		return func(at *sgdlab.Clock) lanes.Vec {
			v := rate(at)
			for l := range v {
				v[l] /= float64(batch)
			}
			v = powers(v, p)
			if amplitude != nil {
				a := amplitude(at)
				for l := range v {
					v[l] *= a[l]
				}
			}
			return v
		}
	}
}

// rateAndBatch finds η and B: the batch given, else the dynamics', else all n samples.
func rateAndBatch(batch int, s *sgdlab.Site) (sgdlab.Setting, int, error) {
	if s.Rate == nil {
		return nil, 0, fmt.Errorf("the scale of this noise is SGD's, and needs the rate η; give the dynamics a `rate`")
	}
	b := batch
	if b == 0 {
		b = s.Batch
	}
	if s.Data != nil {
		n := s.Data.N()
		if b == 0 {
			b = n
		}
		if b > n {
			return nil, 0, tooLarge(b, n)
		}
	}
	if b < 1 {
		if s.Data == nil && b == 0 {
			return nil, 0, fmt.Errorf("there are no samples to take the batch from; give the noise a `batch`")
		}
		return nil, 0, tooSmall(b)
	}
	return s.Rate, b, nil
}

func tooLarge(b, n int) error {
	return fmt.Errorf("batch %d is larger than the %d samples; use at most %d", b, n, n)
}

func tooSmall(b int) error { return fmt.Errorf("got batch %d; want at least 1", b) }

// centre is θ*, the start without its random part.
func centre(s *sgdlab.Site, why string) ([]float64, error) {
	if s.Start == nil {
		return nil, fmt.Errorf("%s is taken at the start, and there is none; give a `start`", why)
	}
	c := s.Start.Centre()
	if c == nil {
		return nil, fmt.Errorf("%s is taken at the start without its random part, and this start is all random; use a start with a centre, such as saddle or point", why)
	}
	return c, nil
}
