package scheme

import (
	"math"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/rng"
)

// Areas draw the Lévy areas of a step,
//
//	Aⱼₖ = ½∫(Wⱼ dWₖ − Wₖ dWⱼ),
//
// given its increments ΔW, shape (m): of mean 0 and variance h²/4, or (h² + h(ΔWⱼ² + ΔWₖ²))/12 given ΔW. They hold streams
// and scratch, and serve one worker.
type Areas interface {
	// Draw fills a with Aⱼₖ, j < k, in the order of k, then j; shape (m(m−1)/2).
	Draw(a, dw lanes.Pack, h lanes.Vec, at *sgdlab.Clock)
}

// Series is the Fourier series of the Lévy areas, cut after some terms,
//
//	Aⱼₖ = (h/2π) Σᵣ (1/r)(ζⱼᵣ(√2 ξₖ + ηₖᵣ) − ζₖᵣ(√2 ξⱼ + ηⱼᵣ)) + remainder,  ξ = ΔW/√h,
//
// with independent normals ζ, η. The part of the remainder that is linear in ξ has its exact law, h√ρ(μⱼξₖ − μₖξⱼ) with
// ρ = 1/12 − Σ 1/(2π²r²); the other part is replaced by a normal number of its variance, h²ρ. So the areas have their exact
// mean and covariance, given ΔW, with any number of terms; their law is off by O(1/terms).
//
// Sources: Kloeden & Platen 1992, §5.8; Wiktorsson 2001.
type Series struct {
	Terms  int
	rho    float64
	stream *rng.Stream
	draw   lanes.Pack
}

// NewSeries is the series with a number of terms, on a stream of its own.
func NewSeries(terms int, place string) *Series {
	sum := 0.0
	for r := terms; r >= 1; r-- {
		sum += 1 / float64(r*r)
	}
	return &Series{Terms: terms, rho: 1.0/12 - sum/(2*math.Pi*math.Pi), stream: rng.New(place)}
}

// Draw fills a.
func (s *Series) Draw(a, dw lanes.Pack, h lanes.Vec, at *sgdlab.Clock) {
	m, n := len(dw), s.Terms
	if need := m*(2*n+1) + pairs(m); len(s.draw) < need {
		s.draw = make(lanes.Pack, need)
	}
	z := s.draw[:m*(2*n+1)+pairs(m)]
	s.stream.Normals(z, &at.Lanes)
	mu, rest := z[2*n*m:(2*n+1)*m], z[(2*n+1)*m:]
	root := math.Sqrt(s.rho)
	for k := range m {
		for j := range k {
			to := &a[pair(j, k)]
			for l := range to {
				side := math.Sqrt(h[l])
				x, y := 0.0, 0.0 // ΔWⱼ/√h, ΔWₖ/√h
				if side > 0 {
					x, y = dw[j][l]/side, dw[k][l]/side
				}
				sum := 0.0
				for r := n; r >= 1; r-- {
					zeta, eta := z[(2*r-2)*m:(2*r-1)*m], z[(2*r-1)*m:2*r*m]
					term := math.FMA(zeta[j][l], math.FMA(math.Sqrt2, y, eta[k][l]), float64(-zeta[k][l]*math.FMA(math.Sqrt2, x, eta[j][l])))
					sum = math.FMA(1/float64(r), term, sum)
				}
				tail := math.FMA(mu[j][l], y, float64(-mu[k][l]*x)) + rest[pair(j, k)][l]
				to[l] = float64(h[l] * math.FMA(root, tail, sum/(2*math.Pi)))
			}
		}
	}
}

// twoPoint are ±h/2 in place of the areas: independent of ΔW, with the mean and variance that a weak scheme of order 2 needs.
type twoPoint struct {
	stream *rng.Stream
}

// Draw fills a.
func (t twoPoint) Draw(a, _ lanes.Pack, h lanes.Vec, at *sgdlab.Clock) {
	t.stream.Signs(a, &at.Lanes)
	for i := range a {
		for l := range a[i] {
			a[i][l] *= 0.5 * h[l]
		}
	}
}
