package quadrature

import (
	"fmt"
	"math"

	"sgdlab/elementary"
)

// Rule is a quadrature rule on the unit interval, ∫₀¹ f ≈ Σ Weights[j]·f(Nodes[j]), nodes ascending.
type Rule struct {
	Nodes, Weights []float64
}

// Legendre returns the Gauss–Legendre rule of n ≥ 1 nodes, exact for polynomials of degree 2n−1.
func Legendre(n int) Rule {
	if n < 1 {
		panic(fmt.Sprintf("quadrature: Legendre(%d): want at least one node", n))
	}
	r := Rule{make([]float64, n), make([]float64, n)}
	for i := range n {
		x := -elementary.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		for range 50 {
			p, q := legendrePair(n, x)
			dx := p / slope(n, x, p, q)
			x -= dx
			if math.Abs(dx) < 1e-15 {
				break
			}
		}
		p, q := legendrePair(n, x)
		d := slope(n, x, p, q)
		r.Nodes[i] = (1 + x) / 2
		r.Weights[i] = 1 / ((1 - x) * (1 + x) * d * d)
	}
	return r
}

// Radau returns the right Radau rule of n ≥ 1 nodes: the last node is 1, and it is exact for polynomials of degree
// 2n−2. Collocation at these nodes is the method Radau IIA, which is L-stable: a solution that decays far faster than
// the panel is long is damped, never amplified.
func Radau(n int) Rule {
	if n < 1 {
		panic(fmt.Sprintf("quadrature: Radau(%d): want at least one node", n))
	}
	f := func(x float64) float64 { p, q := legendrePair(n, x); return p - q }
	r := Rule{Nodes: make([]float64, 0, n)}
	// Sign changes on a grid uniform in angle: the zeros of P_n − P_{n−1} are spaced by about π/n there.
	grid := 20 * n
	lo := -1.0
	for i := 1; i < grid && len(r.Nodes) < n-1; i++ {
		hi := -elementary.Cos(math.Pi * float64(i) / float64(grid))
		if f(lo)*f(hi) < 0 {
			a, b, rising := lo, hi, f(lo) < 0
			for range 80 {
				if m := a + (b-a)/2; (f(m) < 0) == rising {
					a = m
				} else {
					b = m
				}
			}
			r.Nodes = append(r.Nodes, a+(b-a)/2)
		}
		lo = hi
	}
	r.Nodes = append(r.Nodes, 1)
	for i, x := range r.Nodes {
		r.Nodes[i] = (1 + x) / 2
	}
	r.Weights = Cumulative(r.Nodes)[n-1] // the formula with P_{n−1}² loses a digit to the rounding of the nodes
	return r
}

// Barycentric returns the weights of Lagrange interpolation on the given distinct points, scaled to largest modulus 1.
func Barycentric(points []float64) []float64 {
	w := make([]float64, len(points))
	var top float64
	for j := range points {
		w[j] = 1
		for k := range points {
			if k != j {
				w[j] /= 4 * (points[j] - points[k]) // 4: the capacity of a unit interval is 1/4
			}
		}
		top = math.Max(top, math.Abs(w[j]))
	}
	for j := range w {
		w[j] /= top
	}
	return w
}

// Cardinals writes to dst the values at t of the Lagrange polynomials on points, whose barycentric weights are bary:
// Σ dst[j]·f(points[j]) interpolates f at t.
func Cardinals(dst, points, bary []float64, t float64) {
	var sum float64
	for j, p := range points {
		if t == p {
			clear(dst)
			dst[j] = 1
			return
		}
		dst[j] = bary[j] / (t - p)
		sum += dst[j]
	}
	for j := range dst {
		dst[j] /= sum
	}
}

// Cumulative returns the matrix of indefinite integration on the points, A[i][j] = ∫₀^points[i] ℓⱼ with ℓⱼ the
// Lagrange polynomials: Σⱼ A[i][j]·f(points[j]) is the integral of f from 0 to points[i].
func Cumulative(points []float64) [][]float64 {
	n := len(points)
	bary, g := Barycentric(points), Legendre(n/2+1)
	l := make([]float64, n)
	a := make([][]float64, n)
	for i, c := range points {
		a[i] = make([]float64, n)
		for q, t := range g.Nodes {
			Cardinals(l, points, bary, c*t)
			for j := range l {
				a[i][j] += float64(c * g.Weights[q] * l[j])
			}
		}
	}
	return a
}

// Coefficient returns the functional that takes values on the points to the coefficient of the shifted Legendre
// polynomial P_k(2t−1) in their interpolant; k < len(points).
func Coefficient(points []float64, k int) []float64 {
	n := len(points)
	bary, g := Barycentric(points), Legendre(n)
	l, c := make([]float64, n), make([]float64, n)
	for q, t := range g.Nodes {
		Cardinals(l, points, bary, t)
		p, _ := legendrePair(k, 2*t-1)
		for j := range l {
			c[j] += float64(float64(2*k+1) * g.Weights[q] * p * l[j])
		}
	}
	return c
}

// legendrePair returns P_n(x) and P_{n−1}(x); P₋₁ = 0.
func legendrePair(n int, x float64) (p, q float64) {
	p, q = 1, 0
	for k := 1; k <= n; k++ {
		m := float64(k)
		p, q = (float64((2*m-1)*x*p)-float64((m-1)*q))/m, p
	}
	return p, q
}

// slope is P_n′ from P_n and P_{n−1}, inside (−1, 1).
func slope(n int, x, p, q float64) float64 {
	return float64(n) * (q - float64(x*p)) / ((1 - x) * (1 + x))
}
