package model

import (
	"fmt"
	"math"
	"slices"

	"sgdlab"
	"sgdlab/lanes"
)

// point makes a critical point where the eigenvalues of the Hessian are known, to their signs.
func point(name string, at []float64, value float64, eigenvalues []float64, joins ...string) sgdlab.CriticalPoint {
	p := sgdlab.CriticalPoint{Name: name, At: at, Value: value, Joins: joins}
	for _, x := range eigenvalues {
		switch {
		case x < 0:
			p.Index++
		case x == 0:
			p.Nullity++
		}
	}
	return p
}

// copied returns points that share no memory with those kept.
func copied(points []sgdlab.CriticalPoint) []sgdlab.CriticalPoint {
	points = slices.Clone(points)
	for i := range points {
		points[i].At, points[i].Joins = slices.Clone(points[i].At), slices.Clone(points[i].Joins)
	}
	return points
}

// separate is a potential that is a sum over coordinates, V(x) = Σ fⱼ(xⱼ): from f″ and f‴ follow HessVec, Hessian and
// ThirdVec.
type separate struct {
	dim int
	of  interface {
		second(j int, x float64) float64
		third(j int, x float64) float64
	}
}

// Dim returns d.
func (s *separate) Dim() int { return s.dim }

// HessVec is dst = fⱼ″vⱼ.
func (s *separate) HessVec(dst, theta, v lanes.Pack, _ *lanes.Arena) {
	for j := range dst {
		for l, x := range theta[j] {
			dst[j][l] = s.of.second(j, x) * v[j][l]
		}
	}
}

// Hessian is dst = diag(f″), by rows.
func (s *separate) Hessian(dst, theta lanes.Pack, _ *lanes.Arena) {
	lanes.Zero(dst)
	for j := range theta {
		for l, x := range theta[j] {
			dst[j*s.dim+j][l] = s.of.second(j, x)
		}
	}
}

// ThirdVec is dst = fⱼ‴uⱼvⱼ.
func (s *separate) ThirdVec(dst, theta, u, v lanes.Pack, _ *lanes.Arena) {
	for j := range dst {
		for l, x := range theta[j] {
			dst[j][l] = s.of.third(j, x) * (u[j][l] * v[j][l])
		}
	}
}

// planar is a potential of two coordinates: from its partial derivatives follow HessVec, Hessian and ThirdVec.
type planar struct {
	of interface {
		second(x, y float64) (xx, xy, yy float64)
		third(x, y float64) (xxx, xxy, xyy, yyy float64)
	}
}

// Dim returns 2.
func (planar) Dim() int { return 2 }

// HessVec is dst = ∇²V v.
func (p planar) HessVec(dst, theta, v lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		xx, xy, yy := p.of.second(theta[0][l], theta[1][l])
		a, b := v[0][l], v[1][l]
		dst[0][l] = math.FMA(xx, a, float64(xy*b))
		dst[1][l] = math.FMA(xy, a, float64(yy*b))
	}
}

// Hessian is dst = ∇²V, by rows.
func (p planar) Hessian(dst, theta lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		xx, xy, yy := p.of.second(theta[0][l], theta[1][l])
		dst[0][l], dst[1][l], dst[2][l], dst[3][l] = xx, xy, xy, yy
	}
}

// ThirdVec is dst = D³V[u, v].
func (p planar) ThirdVec(dst, theta, u, v lanes.Pack, _ *lanes.Arena) {
	for l := range lanes.W {
		xxx, xxy, xyy, yyy := p.of.third(theta[0][l], theta[1][l])
		aa, bb := u[0][l]*v[0][l], u[1][l]*v[1][l]
		ab := math.FMA(u[0][l], v[1][l], float64(u[1][l]*v[0][l]))
		dst[0][l] = math.FMA(xxx, aa, math.FMA(xxy, ab, float64(xyy*bb)))
		dst[1][l] = math.FMA(xxy, aa, math.FMA(xyy, ab, float64(yyy*bb)))
	}
}

// finite refuses settings that are no finite numbers > 0, or ≥ 0 where zero may be.
func finite(name string, x float64, zero bool) error {
	if x > 0 && !math.IsInf(x, 1) || zero && x == 0 {
		return nil
	}
	if zero {
		return fmt.Errorf("%s is %g; want a finite number ≥ 0", name, x)
	}
	return fmt.Errorf("%s is %g; want a finite number > 0", name, x)
}

// polish is Newton's method in one coordinate from a place beside a simple root of f, until it no longer gets nearer to 0.
func polish(x float64, f, df func(float64) float64) float64 {
	best := math.Abs(f(x))
	for {
		next := x - f(x)/df(x)
		now := math.Abs(f(next))
		if !(now < best) {
			return x
		}
		x, best = next, now
	}
}
