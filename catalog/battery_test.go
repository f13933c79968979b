package catalog_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sgdlab"
	"sgdlab/lanes"
	"sgdlab/spec"
)

// Starts: replicas share the centre, and draw the rest by seed, replica and place alone; a point is deterministic just where
// two replicas start together.
func TestStarts(t *testing.T) {
	battery(t, "starts", func(t *testing.T, name string, _ sample) {
		var points []*spec.Node
		for _, c := range samples["starts"][name] {
			points = append(points, node(t, name, c.settings))
		}
		if len(points) != 2 {
			t.Fatal("a start has two samples, the second without its random part")
		}
		made := swept[*sgdlab.Site, sgdlab.Start](t, points...)
		built := 0
		for i, st := range stages {
			s := site(t, i)
			d := s.Model.Dim()
			start, err := made.Build(s.At("start"))
			if err != nil {
				continue
			}
			built++
			draw := func(start sgdlab.Start, at *sgdlab.Clock) lanes.Pack {
				theta := blank(d)
				start.Draw(theta, at)
				return theta
			}
			at := clock() // lanes are at points 0 and 1, by turns
			theta := draw(start, at)
			if !start.Deterministic(1) {
				t.Errorf("%s: the second sample is random", st.name)
			}
			for p := range int32(2) {
				parts := !same(theta, theta, int(p), int(p)+2)
				if start.Deterministic(p) == parts {
					t.Errorf("%s: point %d is deterministic: %t; replicas part: %t", st.name, p, start.Deterministic(p), parts)
				}
				centre := make([]float64, d) // where there is none, all is random, and without that 0
				if c := start.Centre(); c != nil {
					copy(centre, c)
				}
				if !parts && !same(theta, lanes.Of(centre), int(p), 0) {
					t.Errorf("%s: point %d starts elsewhere than at its centre", st.name, p)
				}
			}
			if c := start.Centre(); c != nil {
				if len(c) != d {
					t.Errorf("%s: a centre of %d coordinates, of %d", st.name, len(c), d)
				}
				c[0] = math.NaN() // the caller's own
				equal(t, "a start whose centre was written to", draw(start, at), theta, lanes.All)
			}
			equal(t, "a start in other lanes", draw(start, turnedClock(at)), turned(theta), lanes.All)
			late := *at
			for l := range lanes.W {
				late.Step[l], late.Time[l], late.Branch[l] = 99, 3, 5
			}
			equal(t, "a start at another step, time and branch", draw(start, &late), theta, lanes.All)
			if !start.Deterministic(0) {
				for what, b := range map[string]func(*sgdlab.Clock){
					"seed":    func(b *sgdlab.Clock) { b.Seed[0]++ },
					"replica": func(b *sgdlab.Clock) { b.Replica[0]++ },
				} {
					other := *at
					b(&other)
					p := draw(start, &other)
					if same(p, theta, 0, 0) {
						t.Errorf("%s: another %s starts at the same place", st.name, what)
					}
					equal(t, "a start beside another "+what, p, theta, lanes.All.Without(0))
				}
				elsewhere := must[sgdlab.Start](t)(made.Build(s.At("another")))
				if same(draw(elsewhere, at), theta, 0, 0) {
					t.Errorf("%s: another stream draws the same start", st.name)
				}
			}
			if a, ok := start.(sgdlab.AtSaddle); ok {
				m := must[sgdlab.Saddled](t)(sgdlab.As[sgdlab.Saddled](s.Model))
				want, _, err := m.Critical(a.Modes())
				if err != nil || !same(lanes.Of(want), lanes.Of(start.Centre()), 0, 0) {
					t.Errorf("%s: the centre is not the critical point of modes %v (%v)", st.name, a.Modes(), err)
				}
			}
		}
		if built == 0 {
			t.Error("no stage accepts it")
		}
	})
}

// Dynamics: one step of a replica has the same bits alone, in a pack, in another lane, beside lanes that hold NaN, and by
// tools that stepped others before; lanes that are not live keep theirs.
func TestDynamics(t *testing.T) {
	staged(t, "dynamics", func(t *testing.T, s *sgdlab.Site, build func(*testing.T) sgdlab.Stepper) {
		stepper := build(t)
		d, size := s.Model.Dim(), 0
		for i, b := range stepper.Blocks() {
			if i == 0 && b.Size != d || b.Size < 1 || b.Name == "" {
				t.Errorf("block %d is %+v; the first is θ, of %d", i, b, d)
			}
			size += b.Size
		}
		if sgdlab.Size(stepper) != size {
			t.Errorf("a state of %d, in blocks of %d", sgdlab.Size(stepper), size)
		}
		at := clock()
		unit, step := stepper.Pace()
		h := step(at)
		for l, x := range unit(at) {
			if !(x > 0 && h[l] > 0) || math.IsInf(x+h[l], 0) {
				t.Errorf("lane %d: a step of %g, in units of %g", l, h[l], x)
			}
		}

		// The state of replicas that start at different places.
		theta := normals("theta", d)
		state := blank(size)
		stepper.Init(state, theta, at, lanes.All)
		fresh := lanes.Mask(0b1010)
		mixed := clone(state)
		other := normals("other", d)
		stepper.Init(mixed, other, at, fresh)
		whole := blank(size)
		stepper.Init(whole, other, at, lanes.All)
		equal(t, "Init of fresh lanes", mixed, whole, fresh)
		equal(t, "Init of fresh lanes, in the others", mixed, state, lanes.All&^fresh)
		equal(t, "Init", state[:d], theta, lanes.All)

		next := func(s sgdlab.Stepper, at *sgdlab.Clock, state lanes.Pack, live lanes.Mask) lanes.Pack {
			state = clone(state)
			var rec sgdlab.StepRecord
			dt := s.Step(state, at, live, &rec)
			if rec.Dt != dt || rec.Live != live {
				t.Errorf("the record holds dt %v, live %b; the step took %v, %b", rec.Dt, rec.Live, dt, live)
			}
			if rec.Gradient != nil && len(rec.Gradient) != d {
				t.Errorf("a gradient of %d rows in the record", len(rec.Gradient))
			}
			return append(state, dt)
		}
		want := next(stepper, at, state, lanes.All)
		for l := range lanes.W {
			if want[size][l] != h[l] {
				t.Errorf("lane %d: a step took %g, not the %g that Pace says", l, want[size][l], h[l])
			}
		}
		moved := false
		for j := range d {
			moved = moved || want[j] != theta[j]
			for l := range lanes.W {
				if math.IsNaN(want[j][l]) {
					t.Fatalf("coordinate %d of lane %d is NaN", j, l)
				}
			}
		}
		if !moved {
			t.Error("a step moves nothing")
		}
		bare := clone(state)
		stepper.Step(bare, at, lanes.All, nil)
		equal(t, "a step without a record", bare, want[:size], lanes.All)
		independent(t, "a step", func(at *sgdlab.Clock, p ...lanes.Pack) lanes.Pack { return next(build(t), at, p[0], lanes.All) }, state)
		later := *at
		for l := range lanes.W {
			later.Step[l] += 1000
			later.Replica[l] += 50
		}
		next(stepper, &later, state, lanes.All)
		equal(t, "a step after those of others", next(stepper, at, state, lanes.All), want, lanes.All)
		for l := range lanes.W {
			alone := blank(size)
			lanes.CopyLanes(alone, state, 1<<l)
			got := next(build(t), at, alone, 1<<l)
			equal(t, "a step alone", got, want, 1<<l)
			equal(t, "lanes that are not live", got[:size], alone, lanes.All.Without(l))
		}
		equal(t, "live lanes", next(stepper, at, state, 0b0110_0101), want, 0b0110_0101)
		equal(t, "lanes that are not live", next(stepper, at, state, 0b0110_0101)[:size], state, 0b1001_1010)

		// Two replicas in one state part just where the stepper is random.
		for l := range lanes.W {
			for j := range state {
				state[j][l] = state[j][0]
			}
		}
		together := *at
		together.Step, together.Time, together.Point = [lanes.W]uint64{}, lanes.Vec{}, [lanes.W]int32{}
		parted := false
		for k := range uint64(3) {
			for l := range lanes.W {
				together.Step[l] = k
			}
			stepper.Step(state, &together, lanes.All, nil)
			for l := range lanes.W {
				parted = parted || !same(state, state, 0, l)
			}
		}
		if stepper.Random() != parted {
			t.Errorf("random: %t; two replicas part: %t", stepper.Random(), parted)
		}
		if dif, ok := stepper.(sgdlab.Diffusive); ok && len(dif.SDE().Noise) > 0 != stepper.Random() {
			t.Errorf("an SDE with %d noises; random: %t", len(dif.SDE().Noise), stepper.Random())
		}
	})
}

// slow is a rate at which ηλ < 1 for every curvature at random points of the stages, as the Hessian-aware equation asks.
var slow = sgdlab.Constant(1e-4)

// Drifts move every coordinate of the model by a function of θ alone, lane by lane.
func TestDrifts(t *testing.T) {
	staged(t, "drifts", func(t *testing.T, s *sgdlab.Site, build func(*testing.T) sgdlab.Drift) {
		s.Rate = slow
		f := build(t)
		d := s.Model.Dim()
		if f.Dim() != d {
			t.Fatalf("a drift of %d coordinates on a model of %d", f.Dim(), d)
		}
		drift := func(f sgdlab.Drift, theta lanes.Pack) lanes.Pack {
			dst, ws := blank(d), arena()
			before := clone(theta)
			f.Drift(dst, theta, ws)
			if ws.Mark() != 0 {
				t.Fatalf("Drift leaves %d rows of scratch in use", ws.Mark())
			}
			equal(t, "θ after the drift", theta, before, lanes.All)
			return dst
		}
		theta := normals("theta", d)
		a := independent(t, "a(θ)", func(_ *sgdlab.Clock, p ...lanes.Pack) lanes.Pack { return drift(f, p[0]) }, theta)
		for j := range a {
			for l, x := range a[j] {
				if math.IsNaN(x) {
					t.Fatalf("coordinate %d of lane %d is NaN", j, l)
				}
			}
		}
		equal(t, "the drift of another tool", drift(build(t), theta), a, lanes.All)
		if same(a, drift(f, normals("other", d)), 0, 0) {
			t.Error("a drift that is the same at another θ")
		}
		var ws lanes.Arena
		dst := blank(d)
		f.Drift(dst, theta, &ws)
		if n := testing.AllocsPerRun(20, func() { ws.Reset(); f.Drift(dst, theta, &ws) }); n != 0 {
			t.Errorf("%g allocations", n)
		}
	})
}

// Factors are linear in ξ, know their transpose, and do not depend on θ where they say so; their scale is that of a noise.
func TestFactors(t *testing.T) {
	staged(t, "factors", func(t *testing.T, s *sgdlab.Site, build func(*testing.T) sgdlab.Source) {
		s.Rate = slow
		src := build(t)
		f := src.Factor
		d, w := s.Model.Dim(), f.Width()
		if w < 1 {
			t.Fatalf("width %d", w)
		}
		// Where the loss may be negative, noise that grows with it is not defined: stay where it is not.
		theta, other := normals("theta", d), normals("other", d)
		lanes.Scale(theta, 2)
		xi, v := normals("xi", w), normals("v", d)
		apply := func(_ *sgdlab.Clock, p ...lanes.Pack) lanes.Pack {
			dst, ws := blank(d), arena()
			f.Apply(dst, p[0], p[1], ws)
			if ws.Mark() != 0 {
				t.Fatalf("Apply leaves %d rows of scratch in use", ws.Mark())
			}
			return dst
		}
		sx := independent(t, "σξ", apply, theta, xi)
		defined := lanes.All // √(2L) is not, where L < 0
		for l := range lanes.W {
			if math.IsNaN(sx[0][l]) {
				defined = defined.Without(l)
			}
		}
		if defined.Count() < 3 {
			t.Fatalf("σξ is NaN but in the lanes %b", defined)
		}

		eta := normals("eta", w)
		sum := clone(xi)
		lanes.AddScaled(sum, lanes.Splat(-2), eta)
		want := clone(sx)
		lanes.AddScaled(want, lanes.Splat(-2), apply(nil, theta, eta))
		near(t, "σ(ξ − 2η) = σξ − 2ση", apply(nil, theta, sum), want, 1e-12, defined)

		if sgdlab.KindOf(f) == sgdlab.AdditiveNoise {
			equal(t, "additive noise at another θ", apply(nil, other, xi), sx, defined)
		}
		if tr, ok := f.(sgdlab.Transposed); ok {
			back := independent(t, "σᵀv", func(_ *sgdlab.Clock, p ...lanes.Pack) lanes.Pack {
				dst, ws := blank(w), arena()
				tr.ApplyT(dst, p[0], p[1], ws)
				if ws.Mark() != 0 {
					t.Fatalf("ApplyT leaves %d rows of scratch in use", ws.Mark())
				}
				return dst
			}, theta, v)
			a, b := lanes.Dot(sx, v), lanes.Dot(xi, back)
			var size lanes.Vec
			for j := range sx {
				for l := range size {
					size[l] += math.Abs(sx[j][l] * v[j][l])
				}
			}
			for l := range lanes.W {
				if defined.Has(l) && !(math.Abs(a[l]-b[l]) <= 1e-12*size[l]) {
					t.Errorf("⟨σξ, v⟩ = %.17g, ⟨ξ, σᵀv⟩ = %.17g", a[l], b[l])
				}
			}
		}
		for _, alpha := range []float64{2, 1.5} {
			for l, x := range src.Scale(alpha)(clock()) {
				if !(x > 0) || math.IsInf(x, 0) {
					t.Errorf("scale %g in lane %d, at α = %g", x, l, alpha)
				}
			}
		}
	})
}

// near demands |got − want| ≤ tol·max|want| in the lanes of m.
func near(t *testing.T, what string, got, want lanes.Pack, tol float64, m lanes.Mask) {
	t.Helper()
	size := lanes.MaxAbs(want)
	for j := range got {
		for l := range got[j] {
			if m.Has(l) && !(math.Abs(got[j][l]-want[j][l]) <= tol*size[l]) {
				t.Errorf("%s: row %d of lane %d is %.17g, want %.17g", what, j, l, got[j][l], want[j][l])
				return
			}
		}
	}
}

// z fails where a statistic is more than 5 standard errors off: 6 in 10⁷ for each, with fixed seeds.
func z(t *testing.T, what string, got, want, se float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 5*se) {
		t.Errorf("%s: %.5g, want %.5g ± %.2g", what, got, want, se)
	}
}

// Laws: along a unit vector ⊥ 1, which every law may fill, ξ has mean 0 and, where α = 2, variance 1; what they draw is a
// function of the clock and the place.
func TestLaws(t *testing.T) {
	battery(t, "laws", func(t *testing.T, name string, c sample) {
		s := site(t, 2)
		s.Batch = 3
		n := s.Data.N()
		made := decoded[*sgdlab.Site, sgdlab.Law](t, node(t, name, c.settings))
		law := must[sgdlab.Law](t)(made.Build(s))
		alpha := law.Index()
		if !(alpha > 0 && alpha <= 2) {
			t.Fatalf("α = %g", alpha)
		}
		replay(t, func(at *sgdlab.Clock) lanes.Pack {
			xi := blank(n)
			law.Draw(xi, at)
			return xi
		}, func(place string) func(at *sgdlab.Clock) lanes.Pack {
			law := must[sgdlab.Law](t)(made.Build(s.At(place)))
			return func(at *sgdlab.Clock) lanes.Pack {
				xi := blank(n)
				law.Draw(xi, at)
				return xi
			}
		})
		along := make([]float64, n) // unit, ⊥ 1
		mean, norm := 0.0, 0.0
		for j := range along {
			along[j] = math.Sin(float64(3*j + 1))
			mean += along[j] / float64(n)
		}
		for j := range along {
			along[j] -= mean
			norm += along[j] * along[j]
		}
		const steps = 4000
		xi := blank(n)
		var sum, square, fourth, cos, tail, count float64
		at := clock()
		for range steps {
			law.Draw(xi, at)
			for l := range lanes.W {
				at.Step[l]++
				y := 0.0
				for j := range xi {
					y += along[j] / math.Sqrt(norm) * xi[j][l]
				}
				sum, square, fourth, count = sum+y, square+y*y, fourth+y*y*y*y, count+1
				cos += math.Cos(xi[0][l])
				if y > 0 {
					tail++
				}
			}
		}
		if alpha == 2 {
			v := square / count
			z(t, "mean", sum/count, 0, math.Sqrt(v/count))
			z(t, "variance", v, 1, math.Sqrt((fourth/count-v*v)/count))
			return
		}
		z(t, "chance of a positive sum", tail/count, 0.5, 0.5/math.Sqrt(count))
		z(t, "E cos ξ = exp(−½)", cos/count, math.Exp(-0.5), 1/math.Sqrt(count))
	})
}

// replay tests that draws are a function of clock and place: in any order, in any lane, other for other steps and replicas.
func replay(t *testing.T, draw func(at *sgdlab.Clock) lanes.Pack, elsewhere func(place string) func(at *sgdlab.Clock) lanes.Pack) {
	t.Helper()
	at := clock()
	want := clone(draw(at))
	differs := func(what string, p lanes.Pack) {
		t.Helper()
		for l := range lanes.W {
			if !same(p, want, l, l) {
				return
			}
		}
		t.Errorf("%s draws the same", what)
	}
	for what, change := range map[string]func(b *sgdlab.Clock, l int){
		"another step":    func(b *sgdlab.Clock, l int) { b.Step[l] += 40 },
		"another replica": func(b *sgdlab.Clock, l int) { b.Replica[l] += 1000 },
		"another seed":    func(b *sgdlab.Clock, l int) { b.Seed[l]++ },
		"another branch":  func(b *sgdlab.Clock, l int) { b.Branch[l]++ },
	} {
		b := *at
		for l := range lanes.W {
			change(&b, l)
		}
		differs(what, draw(&b))
	}
	differs("another place", elsewhere("elsewhere")(at))
	b := *at
	for l := range lanes.W {
		b.Point[l], b.Time[l] = 1-b.Point[l], 77
	}
	equal(t, "draws at another point and time", draw(&b), want, lanes.All)
	equal(t, "draws in other lanes", draw(turnedClock(at)), turned(want), lanes.All)
	equal(t, "draws again", draw(at), want, lanes.All)
	equal(t, "draws by new tools", elsewhere("battery")(at), want, lanes.All)
}

// Samplers draw B rows of the data, all equally often, as a function of the clock.
func TestSamplers(t *testing.T) {
	battery(t, "samplers", func(t *testing.T, name string, c sample) {
		s := site(t, 2)
		n := s.Data.N()
		made := decoded[*sgdlab.Site, sgdlab.Sampler](t, node(t, name, c.settings))
		for _, b := range []int{1, 3, n} {
			s.Batch = b
			draws := func(at *sgdlab.Site) func(*sgdlab.Clock) lanes.Pack {
				sampler := must[sgdlab.Sampler](t)(made.Build(at))
				if sampler.Batch() != b {
					t.Fatalf("a batch of %d, for %d", sampler.Batch(), b)
				}
				return func(at *sgdlab.Clock) lanes.Pack {
					rows := sgdlab.Rows{N: -1}
					sampler.Draw(&rows, at)
					if rows.N != n || rows.Len() != b {
						t.Fatalf("%d of %d rows, want %d of %d", rows.Len(), rows.N, b, n)
					}
					p := make(lanes.Pack, b)
					for i := range p {
						for l := range p[i] {
							r := int32(i)
							if rows.Index != nil {
								r = rows.Index[i][l]
							}
							if r < 0 || int(r) >= n {
								t.Fatalf("row %d of %d", r, n)
							}
							p[i][l] = float64(r)
						}
					}
					return p
				}
			}
			draw := draws(s)
			replay(t, draw, func(place string) func(*sgdlab.Clock) lanes.Pack { return draws(s.At(place)) })
			at := clock()
			counts := make([]float64, n)
			const steps = 600
			for range steps {
				for _, rows := range draw(at) {
					for _, r := range rows {
						counts[int(r)]++
					}
				}
				for l := range lanes.W {
					at.Step[l]++
				}
			}
			mean := float64(steps*lanes.W*b) / float64(n)
			for i, x := range counts {
				z(t, fmt.Sprintf("row %d at batch %d", i, b), x, mean, math.Sqrt(mean)+float64(b)/5) // drawn without replacement: less
			}
		}
		for _, b := range []int{0, n + 1} {
			s.Batch = b
			if _, err := made.Build(s); err == nil {
				t.Errorf("a batch of %d of %d rows", b, n)
			}
		}
		if _, err := made.Build(site(t, 1)); err == nil {
			t.Error("rows are drawn of a landscape without data")
		}
	})
}

// bowl is L = ½‖θ‖².
type bowl struct{ dim int }

func (b bowl) Dim() int { return b.dim }
func (b bowl) Loss(theta lanes.Pack, _ *lanes.Arena) lanes.Vec {
	v := lanes.Dot(theta, theta)
	for l := range v {
		v[l] /= 2
	}
	return v
}
func (b bowl) Grad(dst, theta lanes.Pack, _ *lanes.Arena)   { lanes.Copy(dst, theta) }
func (b bowl) HessVec(dst, _, v lanes.Pack, _ *lanes.Arena) { lanes.Copy(dst, v) }
func (b bowl) Centre() []float64                            { return make([]float64, b.dim) }
func (b bowl) Draw(theta lanes.Pack, _ *sgdlab.Clock)       { lanes.Zero(theta) }
func (b bowl) Deterministic(int32) bool                     { return true }

// ahead is the factor 1, one ξ per coordinate.
type ahead struct{ dim int }

func (a ahead) Width() int                                  { return a.dim }
func (a ahead) Apply(dst, _, xi lanes.Pack, _ *lanes.Arena) { lanes.Copy(dst, xi) }
func (a ahead) Kind() sgdlab.NoiseKind                      { return sgdlab.AdditiveNoise }

// beside is the factor θ, one ξ per coordinate.
type beside struct{ ahead }

func (b beside) Apply(dst, theta, xi lanes.Pack, _ *lanes.Arena) { lanes.Mul(dst, theta, xi) }
func (b beside) Kind() sgdlab.NoiseKind                          { return sgdlab.DiagonalNoise }

// drawing schemes draw more than increments before a step.
type drawing interface {
	Draw(sde *sgdlab.SDE, h lanes.Vec, inc sgdlab.Increments, at *sgdlab.Clock)
}

// Schemes declare a sense and orders; they take the drift to first order and additive noise as it comes, and leave lanes that
// are not live. (Package scheme measures the orders.)
func TestSchemes(t *testing.T) {
	battery(t, "schemes", func(t *testing.T, name string, c sample) {
		const d = 3
		place := &sgdlab.Site{Model: bowl{d}, Start: bowl{d}, Place: "scheme"}
		scheme := must[sgdlab.Scheme](t)(decoded[*sgdlab.Site, sgdlab.Scheme](t, node(t, name, c.settings)).Build(place))
		if sense := scheme.Sense(); sense != sgdlab.Ito && sense != sgdlab.Stratonovich {
			t.Errorf("sense %d", sense)
		}
		for _, kind := range []sgdlab.NoiseKind{sgdlab.AdditiveNoise, sgdlab.DiagonalNoise, sgdlab.CommutativeNoise, sgdlab.GeneralNoise} {
			strong, weak := scheme.Order(kind)
			if _, some := scheme.(interface{ Fits(*sgdlab.SDE) error }); some && math.IsNaN(strong) && math.IsNaN(weak) {
				continue // of noise that it refuses
			}
			if !(strong >= 0.5 && weak >= strong) {
				t.Errorf("orders %g and %g for noise of kind %d", strong, weak, kind)
			}
		}
		sde := &sgdlab.SDE{Drift: sgdlab.Downhill{Model: bowl{d}}, Sense: scheme.Sense()}
		step := func(sde *sgdlab.SDE, h float64, theta lanes.Pack, live lanes.Mask, inc sgdlab.Increments) lanes.Pack {
			theta = clone(theta)
			ws := arena()
			if s, ok := scheme.(drawing); ok {
				s.Draw(sde, lanes.Splat(h), inc, clock())
			}
			scheme.Step(sde, theta, lanes.Splat(h), inc, live, ws)
			if ws.Mark() != 0 {
				t.Fatalf("Step leaves %d rows of scratch in use", ws.Mark())
			}
			return theta
		}
		theta := normals("theta", d)
		speed := lanes.Dot(theta, theta)
		for _, h := range []float64{0.1, 0.01} {
			got := step(sde, h, theta, lanes.All, sgdlab.Increments{})
			for j := range got {
				for l := range got[j] {
					if e := math.Abs(got[j][l] - theta[j][l]*math.Exp(-h)); !(e <= h*h*math.Abs(theta[j][l])*(1+math.Sqrt(speed[l]))) {
						t.Errorf("dθ = −θdt over %g: θ is off by %g", h, e)
					}
				}
			}
		}
		// Noise that the scheme is for: additive, else in proportion to θ, of which a small kick is met to first order.
		normal := must[sgdlab.Law](t)(decoded[*sgdlab.Site, sgdlab.Law](t, node(t, "gaussian", "{}")).Build(place))
		noisy := func(f sgdlab.Factor) *sgdlab.SDE {
			return &sgdlab.SDE{Drift: sde.Drift, Sense: sde.Sense, Noise: []sgdlab.Noise{{Factor: f, Law: normal, Scale: sgdlab.Constant(0.3)}}}
		}
		sde = noisy(ahead{d})
		if s, ok := scheme.(interface{ Fits(*sgdlab.SDE) error }); ok && s.Fits(sde) != nil {
			sde = noisy(beside{ahead{d}})
			must[bool](t)(true, s.Fits(sde))
			small := normals("xi", d)
			lanes.Scale(small, 1e-6)
			kick := clone(small)
			lanes.Mul(kick, kick, theta)
			inc := sgdlab.Increments{Draw: []lanes.Pack{small}, Grow: []lanes.Vec{lanes.Splat(1)}, Scale: []lanes.Vec{lanes.Splat(0.3)}}
			got, want := step(sde, 1e-13, theta, lanes.All, inc), clone(theta)
			lanes.AddScaled(want, lanes.Splat(0.3), kick)
			near(t, "θ + scale·θξ", got, want, 1e-11, lanes.All)
			return
		}
		xi := normals("xi", d)
		inc := sgdlab.Increments{Draw: []lanes.Pack{xi}, Grow: []lanes.Vec{lanes.Splat(1)}, Scale: []lanes.Vec{lanes.Splat(0.3)}}
		got, want := step(sde, 1e-9, theta, lanes.All, inc), clone(theta)
		lanes.AddScaled(want, lanes.Splat(0.3), xi)
		near(t, "θ + scale·ξ", got, want, 1e-8, lanes.All)
		got = step(sde, 0.1, ill(theta, 2, math.NaN()), 0b1011, inc)
		equal(t, "lanes that are not live", got, ill(theta, 2, math.NaN()), 0b11110100)
		equal(t, "live lanes", got, step(sde, 0.1, theta, lanes.All, inc), 0b1011)
	})
}

// Observables: columns have names of their own; values are finite or NaN, the same bits in any company, and NaN where θ is;
// gradients are those of the first column.
func TestObservables(t *testing.T) {
	owner := map[string]string{}
	staged(t, "observables", func(t *testing.T, s *sgdlab.Site, build func(*testing.T) sgdlab.Observable) {
		o := build(t)
		d, columns := s.Model.Dim(), o.Columns()
		if len(columns) == 0 {
			t.Fatal("no columns")
		}
		entry := strings.Fields(strings.Split(t.Name(), "/")[1])[0]
		entry, _, _ = strings.Cut(entry, "_")
		names := map[string]bool{}
		for _, c := range columns {
			if c.Name == "" || names[c.Name] {
				t.Errorf("columns %v", columns)
			}
			names[c.Name] = true
			if by, taken := owner[c.Name]; taken && by != entry {
				t.Errorf("%s is a column of %s and of %s", c.Name, by, entry)
			}
			owner[c.Name] = entry
		}
		const unset = 1.2345e-67
		look := func(o sgdlab.Observable, theta lanes.Pack, at *sgdlab.Clock) lanes.Pack {
			dst, ws := make(lanes.Pack, len(columns)), arena()
			for i := range dst {
				dst[i] = lanes.Splat(unset)
			}
			before := clone(theta)
			o.Observe(dst, theta, at, ws)
			if ws.Mark() != 0 {
				t.Fatalf("Observe leaves %d rows of scratch in use", ws.Mark())
			}
			equal(t, "θ after it was observed", theta, before, lanes.All)
			for i := range dst {
				for l := range dst[i] {
					if dst[i][l] == unset {
						t.Fatalf("%s is not filled in lane %d", columns[i].Name, l)
					}
				}
			}
			return dst
		}
		rows := d // of what it is handed
		if r, more := o.(sgdlab.Reading); more {
			hand := must[sgdlab.Hand](t)(sgdlab.NewHand(r, blocked(d)))
			rows = len(hand.Of(blank(sgdlab.Size(blocked(d))), arena()))
			if rows == d || len(r.Reads()) == 0 {
				t.Errorf("it reads %v, and is handed θ", r.Reads())
			}
		}
		theta := normals("theta", rows)
		want := independent(t, "its value", func(at *sgdlab.Clock, p ...lanes.Pack) lanes.Pack { return look(build(t), p[0], at) }, theta)
		// Where descent with the logistic loss has no fixed point, and where it has not come to one.
		// And where no eigenvalue is near the edge, or the noise has no direction.
		endless := entry == "edge-spectrum" || entry == "cycle" && (strings.HasSuffix(t.Name(), "two_classes") || strings.HasSuffix(t.Name(), "perceptron"))
		for i := range want {
			for l, x := range want[i] {
				if !endless && (math.IsNaN(x) || math.IsInf(x, 0)) {
					t.Errorf("%s is %g at a random point, in lane %d", columns[i].Name, x, l)
				}
			}
		}
		look(o, normals("other", rows), clock())
		equal(t, "its value after another", look(o, theta, clock()), want, lanes.All)
		for i, row := range look(o, ill(theta, 3, math.NaN()), clock()) {
			if !math.IsNaN(row[3]) && row[3] != want[i][3] { // unless it does not depend on θ
				t.Errorf("%s is %g where θ is NaN", columns[i].Name, row[3])
			}
		}
		for i, row := range look(o, ill(theta, 3, 0), clock()) {
			if math.IsInf(row[3], 1) {
				t.Errorf("%s is infinite at θ = 0", columns[i].Name)
			}
		}
		if g, ok := o.(sgdlab.Differentiable); ok {
			slope := independent(t, "its gradient", func(_ *sgdlab.Clock, p ...lanes.Pack) lanes.Pack {
				dst, ws := blank(d), arena()
				g.Gradient(dst, p[0], ws)
				if ws.Mark() != 0 {
					t.Fatalf("Gradient leaves %d rows of scratch in use", ws.Mark())
				}
				return dst
			}, theta)
			v := normals("v", d)
			const h = 1e-4
			plus, minus := clone(theta), clone(theta)
			lanes.AddScaled(plus, lanes.Splat(h), v)
			lanes.AddScaled(minus, lanes.Splat(-h), v)
			p, q, along := look(o, plus, clock())[0], look(o, minus, clock())[0], lanes.Dot(slope, v)
			size := lanes.Dot(slope, slope)
			for l := range lanes.W {
				got := (p[l] - q[l]) / (2 * h)
				if !(math.Abs(got-along[l]) <= 1e-5*(1+math.Abs(along[l])+math.Sqrt(size[l])+math.Abs(want[0][l]))) {
					t.Errorf("lane %d: the derivative along v is %.9g, by the gradient %.9g", l, got, along[l])
				}
			}
		}
	})
}

// blocked is a stepper with the blocks that observables read, on a model of so many coordinates.
type blocked int

func (d blocked) Blocks() []sgdlab.Block {
	return []sgdlab.Block{{Name: "theta", Size: int(d)}, {Name: "oscillation", Size: 2 * int(d)}, {Name: "a.theta", Size: int(d)}, {Name: "b.theta", Size: int(d)}, {Name: "b.oscillation", Size: 3 * int(d)}}
}
func (blocked) Init(_, _ lanes.Pack, _ *sgdlab.Clock, _ lanes.Mask) {}
func (blocked) Random() bool                                        { return false }
func (blocked) Pace() (unit, step sgdlab.Setting)                   { return nil, nil }
func (blocked) Step(lanes.Pack, *sgdlab.Clock, lanes.Mask, *sgdlab.StepRecord) (dt lanes.Vec) {
	return dt
}

// Accumulators add up steps: a path's sum is that of its parts, lanes are independent, and those not live keep theirs.
func TestAccumulators(t *testing.T) {
	staged(t, "accumulators", func(t *testing.T, s *sgdlab.Site, build func(*testing.T) sgdlab.Accumulator) {
		acc := build(t)
		columns := acc.Columns()
		names := map[string]bool{}
		for _, c := range columns {
			if c.Name == "" || names[c.Name] {
				t.Errorf("columns %v", columns)
			}
			names[c.Name] = true
		}
		if len(columns) == 0 {
			t.Fatal("no columns")
		}
		gd := must[sgdlab.Stepper](t)(decoded[*sgdlab.Site, sgdlab.Stepper](t, parse(t, "{name: gd, rate: 0.001}")).Build(s))
		d := s.Model.Dim()
		// sum adds up the steps of a path from θ, behind what start holds.
		sum := func(acc sgdlab.Accumulator, at *sgdlab.Clock, start, theta lanes.Pack, steps int, live lanes.Mask) (total, end lanes.Pack) {
			total, end = clone(start), clone(theta)
			ws := arena()
			for range steps {
				rec := sgdlab.StepRecord{At: at}
				before := clone(end)
				gd.Step(end, at, live, &rec)
				acc.Add(total, before, end, &rec, ws)
				if ws.Mark() != 0 {
					t.Fatalf("Add leaves %d rows of scratch in use", ws.Mark())
				}
			}
			return total, end
		}
		zero, theta := make(lanes.Pack, len(columns)), normals("theta", d)
		want := independent(t, "a sum", func(at *sgdlab.Clock, p ...lanes.Pack) lanes.Pack {
			total, _ := sum(build(t), at, zero, p[0], 5, lanes.All)
			return total
		}, theta)
		first, mid := sum(acc, clock(), zero, theta, 2, lanes.All)
		whole, _ := sum(build(t), clock(), first, mid, 3, lanes.All)
		equal(t, "a sum, continued by new tools", whole, want, lanes.All)
		part, _ := sum(acc, clock(), normals("acc", len(columns)), theta, 5, 0b0011_0101)
		equal(t, "lanes that are not live", part, normals("acc", len(columns)), 0b1100_1010)
		for i := range want {
			for l := range want[i] {
				still := strings.Contains(columns[i].Name, "-noise") || strings.Contains(columns[i].Name, "-residual") // budgets of descent: 0, or rounding
				if math.IsNaN(want[i][l]) || math.IsInf(want[i][l], 0) || want[i][l] == 0 && !still {
					t.Errorf("%s is %g in lane %d", columns[i].Name, want[i][l], l)
				}
			}
		}
	})
}
