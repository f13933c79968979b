package estimate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"sgdlab/elementary"
	"sgdlab/lanes"
)

// Cloud is a sample of a law in several dimensions: n points, one after the other, each of Dim numbers. Replica names the replica of each
// point, and pairs the points of two arms that share their random numbers; nil means that they are independent.
type Cloud struct {
	Values  []float64
	Dim     int
	Replica []int64
}

// N is the number of points.
func (c Cloud) N() int {
	if c.Dim < 1 {
		return 0
	}
	return len(c.Values) / c.Dim
}

func (c Cloud) check() error {
	if c.Dim < 1 || len(c.Values)%c.Dim != 0 {
		return fmt.Errorf("estimate: %d numbers are no points of dimension %d", len(c.Values), c.Dim)
	}
	if c.Replica != nil && len(c.Replica) != c.N() {
		return fmt.Errorf("estimate: %d points and %d replica indices; want one index for each point", c.N(), len(c.Replica))
	}
	for i, x := range c.Values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("estimate: point %d has the coordinate %v; want finite numbers", i/c.Dim, x)
		}
	}
	return nil
}

// Between says how far two laws are from each other, by samples of both.
type Between struct {
	Name string
	// prepare makes the statistic of the pooled points, as a function of which are whose: for each of the columns of 8 labellings, weights
	// 1/n on the points of the one and −1/m on those of the other.
	prepare func(points []float64, dim int) func(dst lanes.Pack, weights lanes.View)
}

// EnergyDistance is that of Székely and Rizzo,
//
//	E = 2E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖ ≥ 0,
//
// 0 only between equal laws with a mean; each point is also set beside itself, so that it is above 0 between samples of one law. In units of x.
//
// Source: Székely & Rizzo 2013.
var EnergyDistance = Between{"energy distance", func(points []float64, dim int) func(lanes.Pack, lanes.View) {
	if dim == 1 {
		return cramer(points)
	}
	d := distances(points, dim)
	for i := range d.Data {
		d.Data[i] = -d.Data[i]
	}
	return quadratic(d, false)
}}

// cramer is the energy distance in one dimension, 2∫(F − G)² dx, by the distribution functions: one sort, and a pass for each labelling.
func cramer(points []float64) func(lanes.Pack, lanes.View) {
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(points[i], points[j]) })
	return func(dst lanes.Pack, weights lanes.View) {
		for c := range dst {
			var sum, apart lanes.Vec // apart is F − G between two points
			for k, i := range order[:len(order)-1] {
				gap := points[order[k+1]] - points[i]
				own := weights.At(i, c)
				for w, x := range own {
					apart[w] += x
					sum[w] = math.FMA(float64(apart[w]*apart[w]), gap, sum[w])
				}
			}
			for w, x := range sum {
				dst[c][w] = 2 * x
			}
		}
	}
}

// MMD is the maximum mean discrepancy under a Gaussian kernel,
//
//	MMD = ‖E k(X, ·) − E k(Y, ·)‖,  k(x, y) = e^(−‖x − y‖²/2s²),
//
// its width s the median of the distances between all points. A pure number, at most √2.
//
// Source: Gretton et al. 2012.
var MMD = Between{"MMD", func(points []float64, dim int) func(lanes.Pack, lanes.View) {
	d := distances(points, dim)
	var all []float64
	for i := range d.Rows {
		for j := range i {
			all = append(all, d.At(i, j))
		}
	}
	slices.Sort(all)
	s := 0.0
	if len(all) > 0 {
		s = all[len(all)/2]
	}
	if s == 0 {
		s = 1
	}
	for i := range d.Rows {
		for j := range i {
			x := d.At(i, j) / s
			k := elementary.Exp(-x * x / 2)
			d.Set(i, j, k)
			d.Set(j, i, k)
		}
		d.Set(i, i, 1)
	}
	return quadratic(d, true)
}}

// directions is along how many lines SlicedWasserstein looks.
const directions = 32

// SlicedWasserstein is the Wasserstein distance of order 2 of the projections on a line, in the mean over lines,
//
//	SW² = E_u ∫₀¹ (F_u⁻¹(q) − G_u⁻¹(q))² dq,
//
// F_u and G_u the laws of ⟨u, X⟩ and ⟨u, Y⟩, over 32 directions u that are always the same; in one dimension it is W₂ itself. In units of x.
//
// Source: Bonneel, Rabin, Peyré & Pfister 2015.
var SlicedWasserstein = Between{"sliced Wasserstein", func(points []float64, dim int) func(lanes.Pack, lanes.View) {
	n := len(points) / dim
	type line struct {
		at    []float64
		order []int
	}
	lines := make([]line, directions)
	if dim == 1 {
		lines = lines[:1]
	}
	bits := counter{seed: mix(7)}
	for k := range lines {
		u := make([]float64, dim)
		norm := 0.0
		for i := range u {
			u[i] = bits.normal()
			norm += float64(u[i] * u[i])
		}
		l := line{at: make([]float64, n), order: make([]int, n)}
		for i := range n {
			sum := 0.0
			for j, x := range points[i*dim : (i+1)*dim] {
				sum = math.FMA(u[j], x, sum)
			}
			l.at[i], l.order[i] = sum/math.Sqrt(norm), i
		}
		slices.SortStableFunc(l.order, func(i, j int) int { return cmp.Compare(l.at[i], l.at[j]) })
		lines[k] = l
	}
	a, b, side := make([]float64, n+1), make([]float64, n+1), make([]int, n)
	return func(dst lanes.Pack, weights lanes.View) {
		for c := range dst {
			for w := range lanes.W {
				for i := range side {
					side[i] = 0
					if weights.At(i, c)[w] > 0 {
						side[i] = 1
					}
				}
				total := 0.0
				for _, l := range lines {
					na := 0
					for k, i := range l.order { // the one that it does not belong to is overwritten
						a[na], b[k-na] = l.at[i], l.at[i]
						na += side[i]
					}
					total += transport(a[:na], b[:n-na])
				}
				dst[c][w] = math.Sqrt(total / float64(len(lines)))
			}
		}
	}
}}

// transport is ∫(F⁻¹ − G⁻¹)² of two sorted samples.
func transport(a, b []float64) float64 {
	n, m := len(a), len(b)
	sum := 0.0
	for i, j, at := 0, 0, 0; i < n && j < m; { // at, in units of 1/nm
		to := min((i+1)*m, (j+1)*n)
		d := a[i] - b[j]
		sum = math.FMA(float64(d*d), float64(to-at), sum)
		if at = to; at == (i+1)*m {
			i++
		}
		if at == (j+1)*n {
			j++
		}
	}
	return sum / float64(n) / float64(m)
}

// normal is a standard normal, by Marsaglia's polar method.
func (c *counter) normal() float64 {
	for {
		u, v := float64(int64(c.next())>>10)*0x1p-53, float64(int64(c.next())>>10)*0x1p-53
		s := math.FMA(u, u, float64(v*v))
		if s > 0 && s < 1 {
			return u * math.Sqrt(-2*elementary.Log(s)/s)
		}
	}
}

// distances is ‖xᵢ − xⱼ‖.
func distances(points []float64, dim int) lanes.Mat {
	n := len(points) / dim
	d := lanes.NewMat(n, n)
	for i := range n {
		for j := range i {
			sum := 0.0
			for k := range dim {
				x := points[i*dim+k] - points[j*dim+k]
				sum = math.FMA(x, x, sum)
			}
			x := math.Sqrt(sum)
			d.Set(i, j, x)
			d.Set(j, i, x)
		}
	}
	return d
}

// quadratic is zᵀAz, or its root.
func quadratic(a lanes.Mat, root bool) func(lanes.Pack, lanes.View) {
	return func(dst lanes.Pack, z lanes.View) {
		az := lanes.ByRows(make(lanes.Pack, a.Rows*len(dst)), a.Rows, len(dst))
		lanes.SharedMul(az, a, z)
		lanes.Zero(dst)
		for i := range a.Rows {
			for c := range dst {
				x, y := z.At(i, c), az.At(i, c)
				for w := range x {
					dst[c][w] = math.FMA(x[w], y[w], dst[c][w])
				}
			}
		}
		for c := range dst {
			for w, x := range dst[c] {
				if x = max(x, 0); root {
					x = math.Sqrt(x)
				}
				dst[c][w] = x
			}
		}
	}
}

// Test is the distance of two samples, and the probability under one law of a distance at least as large, by permutation: as in
// PermutationKS each round swaps the two points of a replica, where both samples name theirs, and else deals all points anew. The same seed
// gives the same P. Of n points in all it takes memory of n² numbers and rounds·n² operations; in one dimension
// the energy distance and the sliced Wasserstein distance take rounds·n, and no such memory.
func (b Between) Test(x, y Cloud, rounds int, seed uint64) (Test, error) {
	missing := Test{Statistic: math.NaN(), P: math.NaN()}
	switch {
	case rounds < 1:
		return missing, fmt.Errorf("estimate: permutation test of %d rounds; want at least 1 (999 resolve p = 0.001)", rounds)
	case x.Dim != y.Dim:
		return missing, fmt.Errorf("estimate: points of dimensions %d and %d", x.Dim, y.Dim)
	case (x.Replica == nil) != (y.Replica == nil):
		return missing, errors.New("estimate: one sample names its replicas and the other does not; want both (paired) or neither (independent)")
	}
	for _, c := range []Cloud{x, y} {
		if err := c.check(); err != nil {
			return missing, err
		}
	}
	nx, ny := x.N(), y.N()
	if nx == 0 || ny == 0 {
		return missing, nil
	}
	partner := make([]int, 0, nx) // the row of y that is paired with each of x
	if x.Replica != nil {
		px, err := places(x.Replica)
		if err != nil {
			return missing, err
		}
		py, err := places(y.Replica)
		if err != nil {
			return missing, err
		}
		if nx != ny {
			return missing, fmt.Errorf("estimate: %d replicas in one sample and %d in the other; want the same", nx, ny)
		}
		partner = partner[:nx]
		for k := range px {
			if x.Replica[px[k]] != y.Replica[py[k]] {
				return missing, fmt.Errorf("estimate: replica %d or %d is in one sample only; want the same replicas in both", x.Replica[px[k]], y.Replica[py[k]])
			}
			partner[px[k]] = py[k]
		}
	}
	n := nx + ny
	statistic := b.prepare(slices.Concat(x.Values, y.Values), x.Dim)
	packs := (1 + rounds + lanes.W - 1) / lanes.W
	const most = 16 // packs at once
	z := make(lanes.Pack, n*min(packs, most))
	dst := make(lanes.Pack, min(packs, most))
	bits := counter{seed: mix(seed)}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	one, other := 1/float64(nx), -1/float64(ny)
	label := func(at lanes.View, c, w int, own bool) {
		if x.Replica == nil {
			if !own {
				for i := range nx { // the first nx of a Fisher–Yates shuffle
					j := i + int(bits.below(uint64(n-i)))
					order[i], order[j] = order[j], order[i]
				}
			}
			for i, row := range order {
				if i < nx {
					at.At(row, c)[w] = one
				} else {
					at.At(row, c)[w] = other
				}
			}
			return
		}
		var word uint64
		for i, j := range partner {
			if i%64 == 0 && !own {
				word = bits.next()
			}
			p, q := one, other
			if word&1 == 1 {
				p, q = q, p
			}
			word >>= 1
			at.At(i, c)[w], at.At(nx+j, c)[w] = p, q
		}
	}
	observed, extreme := math.NaN(), 0
	for from, k := 0, 0; from < packs; from += most {
		c := min(most, packs-from)
		at := lanes.ByRows(z[:n*c], n, c)
		for p := range c {
			for w := range lanes.W {
				label(at, p, w, from+p+w == 0)
			}
		}
		statistic(dst[:c], at)
		for p := range c {
			for w := range lanes.W {
				switch {
				case k == 0:
					observed = dst[p][w]
				case k <= rounds && dst[p][w] >= observed-1e-12*math.Abs(observed): // equal distances come out of different roundings
					extreme++
				}
				k++
			}
		}
	}
	return Test{Statistic: observed, P: float64(1+extreme) / float64(1+rounds), N: int64(n)}, nil
}
