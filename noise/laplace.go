package noise

import (
	"math"

	"sgdlab"
	"sgdlab/elementary"
	"sgdlab/lanes"
)

// Laplace draws independent two-sided exponentials of variance 1.
type Laplace struct{ stream stream }

// NewLaplace is the Laplace law of mean 0 and variance 1,
//
//	p(ξ) = e^(−√2|ξ|)/√2:
//
// kurtosis 6, tails that fall exponentially and not as those of a Gaussian. Sums of many draws are Gaussian all the same: it
// belongs to the index α = 2.
func NewLaplace(c LawSettings, s *sgdlab.Site) (sgdlab.Law, error) {
	st, err := streamOf(c.StreamSettings, s)
	if err == nil {
		err = c.whole("laplace")
	}
	return Laplace{st}, err
}

// Draw fills ξ = −sgn(u − ½)·ln(1 − 2|u − ½|)/√2, u uniform on (0, 1).
func (n Laplace) Draw(xi lanes.Pack, at *sgdlab.Clock) {
	n.stream.Uniforms(xi, &at.Lanes)
	for j := range xi {
		for l, u := range xi[j] {
			xi[j][l] = math.Copysign(elementary.Log(2*min(u, 1-u)), u-0.5) / math.Sqrt2
		}
	}
}

// Index is 2.
func (n Laplace) Index() float64 { return 2 }

func (n Laplace) drawsFrom() string { return n.stream.name }
