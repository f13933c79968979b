// Package modeltest is the battery that every model must pass: its derivatives against differences, its views against each
// other, its lanes against permutations.
//
// What belongs here: laws that hold for every model, at points where errors cannot hide. What does not: the laws of one
// model (beside it).
package modeltest

import (
	"math"
	"slices"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/linalg"
	"sgdlab/rng"
)

// Run tests m at one random point in each lane, every coordinate normal with the deviation given: of the order of 1, so
// that no term is negligible. All questions that m answers are asked; it reports the views that it found.
func Run(t *testing.T, m sgdlab.Model, deviation float64) (views []string) {
	t.Helper()
	b := &bench{T: t, m: m, d: m.Dim()}
	for l := range lanes.W {
		b.at.Seed[l], b.at.Replica[l] = 20, uint64(l)
	}
	b.theta = b.normals(b.d)
	lanes.Scale(b.theta, deviation)

	b.gradient()
	b.lanes()
	if c, err := sgdlab.As[sgdlab.Curved](m); err == nil {
		b.hessian(c)
	}
	if c, err := sgdlab.As[sgdlab.Formed](m); err == nil {
		b.formed(c)
	}
	if c, err := sgdlab.As[sgdlab.Cubic](m); err == nil {
		b.cubic(c)
	}
	if c, err := sgdlab.As[sgdlab.Charted](m); err == nil {
		b.charted(c)
	}
	if s, err := sgdlab.As[sgdlab.Sampled](m); err == nil {
		b.sampled(s)
	}
	if s, err := sgdlab.As[sgdlab.Layered](m); err == nil {
		b.layered(s)
	}
	if p, err := sgdlab.As[sgdlab.Paired](m); err == nil {
		b.paired(p)
	}
	if s, err := sgdlab.As[sgdlab.Saddled](m); err == nil {
		b.saddled(s)
	}
	return sgdlab.Views(m)
}

type bench struct {
	*testing.T
	m     sgdlab.Model
	d     int
	theta lanes.Pack
	at    rng.Lanes
	ws    lanes.Arena
}

// normals returns fresh standard normals.
func (b *bench) normals(n int) lanes.Pack {
	p := make(lanes.Pack, n)
	rng.New("modeltest").FullNormals(p, &b.at)
	for l := range lanes.W {
		b.at.Step[l]++
	}
	return p
}

// scratch returns an arena full of NaN, so that nothing can rely on what it finds there.
func (b *bench) scratch() *lanes.Arena {
	b.ws.Reset()
	p := b.ws.Pack(1 << 12)
	for j := range p {
		p[j] = lanes.Splat(math.NaN())
	}
	b.ws.Reset()
	return &b.ws
}

// pack returns n rows of NaN for an answer.
func pack(n int) lanes.Pack {
	p := make(lanes.Pack, n)
	for j := range p {
		p[j] = lanes.Splat(math.NaN())
	}
	return p
}

func (b *bench) loss(theta lanes.Pack) lanes.Vec {
	ws := b.scratch()
	mark := ws.Mark()
	v := b.m.Loss(theta, ws)
	if ws.Mark() != mark {
		b.Fatalf("Loss leaves %d rows of scratch in use", ws.Mark()-mark)
	}
	return v
}

func (b *bench) grad(theta lanes.Pack) lanes.Pack {
	g, ws := pack(b.d), b.scratch()
	mark := ws.Mark()
	b.m.Grad(g, theta, ws)
	if ws.Mark() != mark {
		b.Fatalf("Grad leaves %d rows of scratch in use", ws.Mark()-mark)
	}
	return g
}

// along returns θ + hv.
func along(theta lanes.Pack, h float64, v lanes.Pack) lanes.Pack {
	p := make(lanes.Pack, len(theta))
	lanes.Copy(p, theta)
	lanes.AddScaled(p, lanes.Splat(h), v)
	return p
}

// derivative is the derivative of f along v by central differences at three steps, extrapolated twice: its error is O(h⁶).
func (b *bench) derivative(f func(theta lanes.Pack) lanes.Pack, v lanes.Pack) lanes.Pack {
	const h = 1e-3
	slope := func(h float64) lanes.Pack {
		p, q := f(along(b.theta, h, v)), f(along(b.theta, -h, v))
		d := make(lanes.Pack, len(p))
		lanes.Sub(d, p, q)
		lanes.Scale(d, 0.5/h)
		return d
	}
	fine, middle, coarse := slope(h/4), slope(h/2), slope(h)
	for j := range fine {
		for l := range fine[j] {
			a := fine[j][l] + (fine[j][l]-middle[j][l])/3
			b := middle[j][l] + (middle[j][l]-coarse[j][l])/3
			fine[j][l] = a + (a-b)/15
		}
	}
	return fine
}

// near demands |got − want| ≤ tol · the largest magnitude among want and scale, in each lane.
func (b *bench) near(what string, got, want lanes.Pack, tol float64, scale lanes.Vec) {
	b.Helper()
	if len(got) != len(want) {
		b.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	size := lanes.MaxAbs(want)
	for j := range got {
		for l := range got[j] {
			if e := math.Abs(got[j][l] - want[j][l]); !(e <= tol*max(size[l], scale[l])) {
				b.Errorf("%s: entry %d of lane %d is %.17g, want %.17g: off by %.2g of %.2g", what, j, l, got[j][l], want[j][l], e, max(size[l], scale[l]))
				return
			}
		}
	}
}

// equal demands the same bits in the lanes of m.
func (b *bench) equal(what string, got, want lanes.Pack, m lanes.Mask) {
	b.Helper()
	for j := range got {
		for l := range got[j] {
			if m.Has(l) && math.Float64bits(got[j][l]) != math.Float64bits(want[j][l]) {
				b.Errorf("%s: entry %d of lane %d is %.17g, want %.17g", what, j, l, got[j][l], want[j][l])
				return
			}
		}
	}
}

// gradient tests ∇L against differences of L, along the axes and along random directions.
func (b *bench) gradient() {
	g := b.grad(b.theta)
	lossOf := func(theta lanes.Pack) lanes.Pack { return lanes.Pack{b.loss(theta)} }
	scale := b.loss(b.theta)
	for l, x := range lanes.MaxAbs(g) {
		scale[l] = max(math.Abs(scale[l]), x)
	}
	for j := range min(b.d, 40) {
		e := make(lanes.Pack, b.d)
		e[j*b.d/min(b.d, 40)] = lanes.Splat(1)
		b.near("∇L along an axis", lanes.Pack{lanes.Dot(g, e)}, b.derivative(lossOf, e), 3e-9, scale)
	}
	for range 3 {
		v := b.normals(b.d)
		b.near("∇L along a direction", lanes.Pack{lanes.Dot(g, v)}, b.derivative(lossOf, v), 1e-8, scale)
	}
}

// lanes tests that lanes do not see each other: they may be permuted, and one may hold NaN.
func (b *bench) lanes() {
	turn := func(p lanes.Pack) lanes.Pack {
		q := make(lanes.Pack, len(p))
		for j := range p {
			for l := range p[j] {
				q[j][l] = p[j][(3*l+1)%lanes.W]
			}
		}
		return q
	}
	ill := make(lanes.Pack, b.d)
	lanes.Copy(ill, b.theta)
	for j := range ill {
		ill[j][5] = math.NaN()
	}
	v := b.normals(b.d)
	curved, err := sgdlab.As[sgdlab.Curved](b.m)
	for _, f := range []struct {
		what string
		of   func(theta, v lanes.Pack) lanes.Pack
	}{
		{"L", func(theta, _ lanes.Pack) lanes.Pack { return lanes.Pack{b.loss(theta)} }},
		{"∇L", func(theta, _ lanes.Pack) lanes.Pack { return b.grad(theta) }},
		{"Hv", func(theta, v lanes.Pack) lanes.Pack {
			if err != nil {
				return nil
			}
			h := pack(b.d)
			curved.HessVec(h, theta, v, b.scratch())
			return h
		}},
	} {
		want := f.of(b.theta, v)
		b.equal(f.what+" of permuted lanes", f.of(turn(b.theta), turn(v)), turn(want), lanes.All)
		b.equal(f.what+" beside a lane of NaN", f.of(ill, v), want, lanes.All.Without(5))
	}
}

// hessian tests Hv against differences of ∇L, and the symmetry of H.
func (b *bench) hessian(c sgdlab.Curved) {
	mul := func(theta, v lanes.Pack) lanes.Pack {
		h, ws := pack(b.d), b.scratch()
		mark := ws.Mark()
		c.HessVec(h, theta, v, ws)
		if ws.Mark() != mark {
			b.Fatalf("HessVec leaves %d rows of scratch in use", ws.Mark()-mark)
		}
		return h
	}
	scale := lanes.MaxAbs(b.grad(b.theta))
	for range 3 {
		u, v := b.normals(b.d), b.normals(b.d)
		hu, hv := mul(b.theta, u), mul(b.theta, v)
		b.near("Hv", hv, b.derivative(b.grad, v), 3e-9, scale)
		b.near("⟨u, Hv⟩ = ⟨v, Hu⟩", lanes.Pack{lanes.Dot(u, hv)}, lanes.Pack{lanes.Dot(v, hu)}, 1e-12*math.Sqrt(float64(b.d)), lanes.MaxAbs(hv))
	}
}

// product is Hv.
func (b *bench) product(theta, v lanes.Pack) lanes.Pack {
	c, err := sgdlab.As[sgdlab.Curved](b.m)
	if err != nil {
		b.Fatal(err)
	}
	h := pack(b.d)
	c.HessVec(h, theta, v, b.scratch())
	return h
}

// formed tests the Hessian against products with it.
func (b *bench) formed(f sgdlab.Formed) {
	h, ws := pack(b.d*b.d), b.scratch()
	mark := ws.Mark()
	f.Hessian(h, b.theta, ws)
	if ws.Mark() != mark {
		b.Fatalf("Hessian leaves %d rows of scratch in use", ws.Mark()-mark)
	}
	v, hv := b.normals(b.d), pack(b.d)
	lanes.MatMul(lanes.ByRows(hv, b.d, 1), lanes.ByRows(h, b.d, b.d), lanes.ByRows(v, b.d, 1))
	b.near("∇²L v by the Hessian", hv, b.product(b.theta, v), 1e-11, lanes.MaxAbs(h))
}

// cubic tests D³L[u, v] against differences of ∇²L u along v, and that u and v may be swapped.
func (b *bench) cubic(c sgdlab.Cubic) {
	third := func(theta, u, v lanes.Pack) lanes.Pack {
		dst, ws := pack(b.d), b.scratch()
		mark := ws.Mark()
		c.ThirdVec(dst, theta, u, v, ws)
		if ws.Mark() != mark {
			b.Fatalf("ThirdVec leaves %d rows of scratch in use", ws.Mark()-mark)
		}
		return dst
	}
	for range 3 {
		u, v, w := b.normals(b.d), b.normals(b.d), b.normals(b.d)
		t := third(b.theta, u, v)
		scale := lanes.MaxAbs(b.product(b.theta, u))
		b.near("D³L[u, v]", t, b.derivative(func(theta lanes.Pack) lanes.Pack { return b.product(theta, u) }, v), 3e-9, scale)
		b.near("D³L[u, v] = D³L[v, u]", third(b.theta, v, u), t, 1e-12, lanes.MaxAbs(t))
		b.near("⟨w, D³L[u, v]⟩ = ⟨v, D³L[u, w]⟩", lanes.Pack{lanes.Dot(w, t)}, lanes.Pack{lanes.Dot(v, third(b.theta, u, w))}, 1e-11*math.Sqrt(float64(b.d)), lanes.MaxAbs(t))
	}
}

// charted tests critical points: ∇L = 0 there, L and the signs of the Hessian's eigenvalues are what the chart says, and a
// path downhill from a saddle ends on its two sides in the minima that it joins.
func (b *bench) charted(c sgdlab.Charted) {
	points := c.CriticalPoints()
	if len(points) == 0 {
		b.Fatal("a chart without points")
	}
	points[0].At[0] = math.NaN() // the caller's own
	points = c.CriticalPoints()
	byName := map[string]sgdlab.CriticalPoint{}
	steepest := 0.0
	down := map[string][]float64{}
	for _, p := range points {
		if _, taken := byName[p.Name]; taken || p.Name == "" || len(p.At) != b.d {
			b.Fatalf("critical point %+v, of %d coordinates: the name is taken or a length is wrong", p, b.d)
		}
		byName[p.Name] = p
		at := lanes.Of(p.At)
		h := make(lanes.Pack, b.d*b.d)
		linalg.Form(lanes.ByRows(h, b.d, b.d), func(hv, v lanes.Pack) { lanes.Copy(hv, b.product(at, v)) }, &lanes.Arena{})
		var s linalg.Scratch
		values, vectors := pack(b.d), pack(b.d*b.d)
		s.Eigen(values, lanes.ByRows(vectors, b.d, b.d), lanes.ByRows(h, b.d, b.d))
		largest := max(math.Abs(values[0][0]), math.Abs(values[b.d-1][0]))
		steepest = max(steepest, largest)
		size := 1.0
		for _, x := range p.At {
			size = max(size, math.Abs(x))
		}
		if g := lanes.MaxAbs(b.grad(at))[0]; !(g <= 1e-12*size*max(1, largest)) {
			b.Errorf("%s: ‖∇L‖∞ = %.2g, beside curvatures up to %.2g", p.Name, g, largest)
		}
		if loss := b.loss(at)[0]; !(math.Abs(loss-p.Value) <= 1e-12*max(1, math.Abs(loss))) {
			b.Errorf("%s: L = %.17g, the chart says %.17g", p.Name, loss, p.Value)
		}
		index, nullity := 0, 0
		for j := range values {
			switch x := values[j][0]; {
			case math.Abs(x) <= 1e-11*max(1, largest):
				nullity++
			case x < 0:
				index++
			}
		}
		if index != p.Index || nullity != p.Nullity {
			b.Errorf("%s: %d negative and %d zero eigenvalues, the chart says %d and %d", p.Name, index, nullity, p.Index, p.Nullity)
		}
		if p.Index == 1 && p.Nullity == 0 && len(p.Joins) == 2 {
			for i := range b.d {
				down[p.Name] = append(down[p.Name], vectors[i*b.d+b.d-1][0])
			}
		}
	}
	for _, p := range points {
		for _, name := range p.Joins {
			if q, ok := byName[name]; !ok || q.Index != 0 || !(q.Value < p.Value) {
				b.Errorf("%s joins %s, which is no lower minimum of the chart", p.Name, name)
			}
		}
		if v := down[p.Name]; v != nil {
			b.descend(p, v, 0.3/steepest, byName)
		}
	}
}

// descend follows −∇L from both sides of a saddle until it no longer moves.
func (b *bench) descend(p sgdlab.CriticalPoint, v []float64, rate float64, byName map[string]sgdlab.CriticalPoint) {
	theta := lanes.Of(p.At)
	for j := range theta {
		for l := range lanes.W {
			theta[j][l] += float64(1-2*(l%2)) * 1e-3 * v[j]
		}
	}
	distance := func(l int, name string) float64 {
		d := 0.0
		for j, x := range byName[name].At {
			d = max(d, math.Abs(theta[j][l]-x))
		}
		return d
	}
	apart := map[string]float64{} // degenerate minima are approached by a power of time only
	for _, name := range p.Joins {
		apart[name] = distance(0, name)
	}
	var at [2]string
	for range 1 << 17 {
		lanes.AddScaled(theta, lanes.Splat(-rate), b.grad(theta))
		for l := range at {
			for _, name := range p.Joins {
				if distance(l, name) < 0.03*apart[name] {
					at[l] = name
				}
			}
		}
		if at[0] != "" && at[1] != "" {
			break
		}
	}
	if at[0] == "" || at[0] == at[1] || at[1] == "" {
		b.Errorf("downhill from %s lie %q and %q; it joins %v", p.Name, at[0], at[1], p.Joins)
	}
}

// someRows are different rows in each lane, some of them twice.
func someRows(n, batch int) sgdlab.Rows {
	r := sgdlab.Rows{N: n, Index: make([][lanes.W]int32, batch)}
	for i := range r.Index {
		for l := range lanes.W {
			r.Index[i][l] = int32((7*i*(l+1) + 3*l + i/2) % n)
		}
	}
	if batch > 1 {
		r.Index[1] = r.Index[0]
	}
	return r
}

// sampled tests rows, slopes, pullbacks and tangents.
func (b *bench) sampled(s sgdlab.Sampled) {
	n, k := s.Samples(), s.Outputs()
	all := sgdlab.AllRows(n)
	g, loss := b.grad(b.theta), b.loss(b.theta)

	// L and ∇L are means over the rows.
	slope := pack(n * k)
	ws := b.scratch()
	tape := s.Slope(slope, b.theta, all, ws)
	sum := pack(b.d)
	s.Pullback(sum, b.theta, slope, all, tape, ws)
	lanes.Scale(sum, 1/float64(n))
	scale := lanes.MaxAbs(sum)
	b.near("∇L as the mean of pullbacks", sum, g, 1e-12, scale)
	square, err := sgdlab.As[sgdlab.Squared](b.m)
	if err == nil {
		mean := lanes.Dot(slope, slope)
		for l := range mean {
			mean[l] /= 2 * square.PerOutput() * float64(n)
		}
		b.near("L as the mean of squared slopes", lanes.Pack{mean}, lanes.Pack{loss}, 1e-12, loss)
		if square.PerLabel() != square.PerOutput() {
			b.Errorf("s = %g, ℓ″ = %g: a square loss has the two equal", square.PerLabel(), square.PerOutput())
		}
	}

	// Row by row, the same in any grouping.
	sizes := []int{1, 2, min(5, n), n, 2*n + 1}
	for _, batch := range sizes {
		rows := someRows(n, batch)
		part, ws := pack(batch*k), b.scratch()
		tape := s.Slope(part, b.theta, rows, ws)
		picked := pack(batch * k)
		for i := range rows.Index {
			for l, row := range rows.Index[i] {
				for j := range k {
					picked[i*k+j][l] = slope[int(row)*k+j][l]
				}
			}
		}
		size := lanes.MaxAbs(slope)
		b.near("slopes of a batch", part, picked, 1e-12, size)

		c := b.normals(batch * k)
		withTape, without := pack(b.d), pack(b.d)
		s.Pullback(withTape, b.theta, c, rows, tape, ws)
		s.Pullback(without, b.theta, c, rows, nil, b.scratch())
		b.equal("a pullback with and without its tape", withTape, without, lanes.All)
		one, total := pack(b.d), make(lanes.Pack, b.d)
		for i := range rows.Index {
			s.Pullback(one, b.theta, c[i*k:(i+1)*k], sgdlab.Rows{N: n, Index: rows.Index[i : i+1]}, nil, b.scratch())
			lanes.Add(total, total, one)
		}
		b.near("a pullback as the sum of those of its rows", withTape, total, 1e-12*math.Sqrt(float64(batch)), lanes.MaxAbs(total))
	}

	gn, err := sgdlab.As[sgdlab.GaussNewton](b.m)
	tan, err2 := sgdlab.As[sgdlab.Tangents](b.m)
	net, err3 := sgdlab.As[sgdlab.Network](b.m)
	if err2 != nil || err3 != nil {
		return
	}
	for _, rows := range []sgdlab.Rows{all, someRows(n, 3), someRows(n, 2*n+1)} {
		v, c := b.normals(b.d), b.normals(rows.Len()*k)
		jv, jc := pack(rows.Len()*k), pack(b.d)
		tan.Push(jv, b.theta, v, rows, b.scratch())
		net.Pullback(jc, b.theta, c, rows, nil, b.scratch())
		var size lanes.Vec
		for j := range jv {
			for l := range size {
				size[l] += math.Abs(c[j][l] * jv[j][l])
			}
		}
		b.near("⟨c, Jv⟩ = ⟨Jᵀc, v⟩", lanes.Pack{lanes.Dot(c, jv)}, lanes.Pack{lanes.Dot(jc, v)}, 1e-12, size)
		b.near("Jv", jv, b.derivative(func(theta lanes.Pack) lanes.Pack {
			h := pack(rows.Len() * k)
			net.Predict(h, theta, rows, b.scratch())
			return h
		}, v), 3e-9, lanes.Splat(0))
		bend := pack(b.d)
		tan.PullbackAlong(bend, b.theta, v, c, rows, b.scratch())
		b.near("Σ cᵢ∇²hᵢv", bend, b.derivative(func(theta lanes.Pack) lanes.Pack {
			p := pack(b.d)
			net.Pullback(p, theta, c, rows, nil, b.scratch())
			return p
		}, v), 3e-9, lanes.MaxAbs(jc))
	}
	if err != nil {
		return
	}
	v := b.normals(b.d)
	jv, want, got := pack(n*k), pack(b.d), pack(b.d)
	tan.Push(jv, b.theta, v, all, b.scratch())
	gn.GaussNewtonVec(got, b.theta, v, b.scratch())
	if square != nil {
		lanes.Scale(jv, square.PerOutput()/float64(n))
		net.Pullback(want, b.theta, jv, all, nil, b.scratch())
		b.near("H_GN v = (1/n) ℓ″ JᵀJv", got, want, 1e-12, lanes.Splat(0))
	}
	if c, err := sgdlab.As[sgdlab.Curved](b.m); err == nil {
		bend, full := pack(b.d), pack(b.d)
		lanes.Scale(slope, 1/float64(n))
		tan.PullbackAlong(bend, b.theta, v, slope, all, b.scratch())
		lanes.Add(bend, bend, got)
		c.HessVec(full, b.theta, v, b.scratch())
		b.near("Hv = H_GN v + Σ (slopeᵢ/n) ∇²hᵢv", full, bend, 1e-11, lanes.MaxAbs(got))
	}
}

// layered tests that the layers tile θ and fit each other.
func (b *bench) layered(s sgdlab.Layered) {
	at, width := 0, 0
	for l, w := range s.Layers() {
		if w.Offset != at || w.Rows < 1 || w.Cols < 1 || l > 0 && w.Cols != width || w.Biases != 0 && w.Biases != w.Rows {
			b.Errorf("layer %d is %+v; want offset %d and %d columns", l+1, w, at, width)
		}
		at, width = w.End(), w.Rows
	}
	if at != b.d {
		b.Errorf("layers hold %d of %d parameters", at, b.d)
	}
}

// paired tests that gradients, of all rows and of one, are (gv, gu) on every pair, so that steps multiply u² − v² by
// 1 − η²g².
func (b *bench) paired(p sgdlab.Paired) {
	u, v := p.Pairs()
	s, err := sgdlab.As[sgdlab.Sampled](b.m)
	if err != nil {
		b.Errorf("%v", err)
		return
	}
	step := func(what string, g lanes.Pack) {
		const eta = 0.1
		after := along(b.theta, -eta, g)
		for i := range u {
			for l := range lanes.W {
				x, y := b.theta[u[i]][l], b.theta[v[i]][l]
				f := g[u[i]][l] / y
				p, q := after[u[i]][l], after[v[i]][l]
				want := (x - y) * (x + y) * (1 - eta*eta*f*f)
				if e := math.Abs((p-q)*(p+q) - want); !(e <= 1e-12*(p*p+q*q+x*x+y*y)) {
					b.Errorf("%s: u² − v² of pair %d, lane %d: %.17g, want %.17g", what, i, l, (p-q)*(p+q), want)
					return
				}
			}
		}
	}
	step("∇L", b.grad(b.theta))
	one, g := someRows(s.Samples(), 1), pack(b.d)
	s.Pullback(g, b.theta, b.normals(s.Outputs()), one, nil, b.scratch())
	step("a noisy row", g)
}

// saddled tests that critical points are critical, and that their losses are what Critical says and fall with every mode.
func (b *bench) saddled(s sgdlab.Saddled) {
	modes := s.Modes()
	if !slices.IsSortedFunc(modes, func(x, y float64) int {
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	}) {
		b.Errorf("modes %v are not sorted, largest first", modes)
	}
	if _, _, err := s.Critical([]int{len(modes) + 1}); err == nil {
		b.Errorf("Critical knows a mode %d of %d", len(modes)+1, len(modes))
	}
	if _, _, err := s.Critical([]int{1, 1}); err == nil {
		b.Errorf("Critical learns mode 1 twice")
	}
	last := math.Inf(1)
	for k := 0; k <= len(modes); k++ {
		learnt := make([]int, k)
		for i := range learnt {
			learnt[i] = i + 1
		}
		theta, want, err := s.Critical(learnt)
		if err != nil {
			b.Logf("no critical point with modes %v: %v", learnt, err)
			continue
		}
		at := lanes.Of(theta)
		loss, g := b.loss(at)[0], lanes.MaxAbs(b.grad(at))[0]
		zero := b.loss(make(lanes.Pack, b.d))[0]
		scale := max(1, zero)
		if !(g <= 1e-12*scale) {
			b.Errorf("modes %v: ‖∇L‖∞ = %.2g at a critical point, of a loss %.2g at 0", learnt, g, scale)
		}
		if !(math.Abs(loss-want) <= 1e-13*scale) {
			b.Errorf("modes %v: loss %.17g, Critical says %.17g", learnt, loss, want)
		}
		if !(want < last) {
			b.Errorf("modes %v: loss %g is not below %g, without the last one", learnt, want, last)
		}
		last = want
	}
}
